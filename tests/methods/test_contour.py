"""A map at its contour level: the figures of a report of the service, bodies of known size and place, noise of known kind."""
from __future__ import annotations

import json

import gemmi
import numpy as np
import pytest
import scipy.ndimage

from cryoqa_plugin.core import masks
from cryoqa_plugin.errors import InputError
from cryoqa_plugin.io.maps import Map, read_map
from cryoqa_plugin.methods.map_info import contour_background, contour_steps as steps
from cryoqa_plugin.methods.map_info.contour import ContourParams, compute_contour
from cryoqa_plugin.study import Study

A3 = 1.12 ** 3                                               # the voxels of EMD-4701


def _ball(shape, centre, radius):
    z, y, x = np.ogrid[:shape[0], :shape[1], :shape[2]]
    return ((z - centre[0]) ** 2 + (y - centre[1]) ** 2 + (x - centre[2]) ** 2 <= radius ** 2)


def _noisy(shape=(40, 40, 40), centre=(20, 20, 20), radius=9, noise=0.05, voxel=(1.5, 1.5, 1.5), seed=3):
    inside = _ball(shape, centre, radius)
    data = inside + noise * np.random.default_rng(seed).standard_normal(shape)
    return Map(data.astype(np.float32), voxel, (3.0, -4.5, 6.0)), inside


def _run(map_, **values):
    return compute_contour(Study(full_map=map_), ContourParams(**values))


# ---------------------------------- the figures of seed 004 ----------------------------------
def test_mass_and_residues_of_the_report_of_emd_4701():
    kda, residues = steps.mass(382523, A3)
    assert (round(kda, 2), round(residues, 2)) == (445.25, 4047.73)
    kda, residues = steps.mass(24, A3)
    assert (round(kda, 2), round(residues, 2)) == (0.03, 0.25)


def test_components_of_the_report_of_emd_4701():
    sizes = np.array([99864] + [2] * 1529 + [212])           # 1530 beyond the largest, 3270 voxels
    found = steps.describe(np.sort(sizes)[::-1], A3)
    assert sizes.sum() == 103134 and round(sizes.sum() * A3, 2) == 144895.84
    assert found.rows[0][0] == 99864 and round(found.rows[0][1], 2) == 140301.73 and round(found.rows[0][2], 2) == 96.83
    assert (found.to_95, found.remaining) == (1, 1530) and round(found.mean_voxels, 2) == 2.14
    assert round(A3, 2) == 1.40                              # what the report prints as their mean volume
    assert round(found.mean_voxels * A3, 2) == 3.00          # what it is


def test_background_of_the_report_of_emd_4701():
    assert round(contour_background.outlier_share(3848, 4923125), 2) == 1363.36
    t = contour_background.t_value(-0.000982, 0.007455, 4923125)
    assert t == pytest.approx(-292.27, abs=0.01) and contour_background.probability(t, 4923125) == 0


def test_spaces_and_centre_of_the_report_of_emd_4701():
    binary = np.zeros((176, 176, 176), bool)
    binary[34:143, 34:143, 34:143] = True
    found = steps.spaces(binary, (1.12,) * 3)
    assert [round(v, 2) for v in found.rows[0][1:3]] == [38.08, 38.08] and found.decentring == 0
    assert round(found.space_min, 2) == 38.08 and found.space_min_percent == pytest.approx(100 * 33 / 176)
    assert round(100 * abs(89.95 - 88) / 176, 2) == 1.11


def test_the_thresholds_are_twenty_five_parts_of_the_maximum():
    data = np.linspace(-1, 0.3106, 27000, dtype=np.float32).reshape(30, 30, 30)
    rows = steps.mass_rows(data, A3)
    assert len(rows) == 24 and rows[0][0] == pytest.approx(0.0124, abs=5e-5) and rows[-1][0] == pytest.approx(0.2982, abs=1e-4)
    for threshold, voxels, kda, residues in rows:
        assert voxels == np.count_nonzero(data > np.float32(threshold))
        assert kda == pytest.approx(voxels * A3 / 1207) and residues == pytest.approx(voxels * A3 / (110 * 1.207))


# ---------------------------------- bodies of known size and place ----------------------------------
@pytest.mark.parametrize("shape", [(40, 40, 40), (39, 44, 47)])
def test_a_ball_is_measured(shape):
    centre = tuple(n // 2 for n in shape)
    map_, inside = _noisy(shape, centre)
    result = _run(map_, contour=0.5)
    assert result.volume == pytest.approx(inside.sum() * 1.5 ** 3) and result.mass == pytest.approx(result.volume / 1207)
    assert (result.n_components, result.components_95, result.remaining) == (1, 1, 0)
    assert result.remaining_mean is None and result.remaining_percent == 0 and result.mask_overlap == 1
    assert result.decentring == 0 and result.mass_offset < 0.5
    assert result.space_min_percent == pytest.approx(min(100 * (n - 1 - (n // 2 + 9 + 2)) / n for n in shape))
    assert result.hard_mask.origin == map_.origin and np.array_equal(result.raw_mask.data > 0, inside)
    assert np.array_equal(result.hard_mask.data > 0, steps.dilate(inside, 2))        # 2 Å of 1.5 Å voxels are two steps
    assert result.masses.rows[12][1] == inside.sum()


def test_a_focused_map_off_centre_is_found_off_centre():
    map_, _ = _noisy(centre=(20, 20, 29), radius=8)
    result = _run(map_, contour=0.5)
    assert result.decentring == pytest.approx(100 * 2 * 9 / 40, abs=0.1) and result.mass_offset == pytest.approx(100 * 9 / 40, abs=0.1)
    x, y, z = result.spaces.rows
    assert x[0] == "x" and x[1] == pytest.approx(19 * 1.5) and x[2] == pytest.approx(1.5) and y[5] == z[5] == 0
    assert result.space_min == pytest.approx(1.5) and result.space_min_percent == 0


def test_pieces_and_specks():
    shape = (40, 44, 48)
    data = np.zeros(shape, np.float32)
    for x in (8, 24, 40):
        data[_ball(shape, (20, 22, x), 6)] = 1
    big = int((data > 0).sum()) // 3
    data[2, 2, 2:40:2] = 1                                   # 19 single voxels
    data[0, 40, 40] = data[1, 41, 41] = 1                    # joined by a corner
    result = _run(Map(data, (2.0, 2.0, 2.0)), contour=1.0)
    assert result.n_components == 3 + 19 + 1 and result.components_95 == 3 and result.remaining == 20
    assert [row[0] for row in result.components.rows] == [big] * 3
    assert result.remaining_mean == pytest.approx(21 / 20) and result.remaining_volume == pytest.approx(8 * 21 / 20)
    assert result.voxel_volume == 8 and result.remaining_percent == pytest.approx(100 * 21 / (3 * big + 21))
    assert result.mask_overlap == pytest.approx(big / (3 * big + 21))


@pytest.mark.parametrize("steps_", [1, 2, 3])
def test_dilation_by_eighteen_neighbours(steps_):
    binary = np.random.default_rng(1).random((13, 12, 15)) > 0.995
    binary[0, 0, 0] = True
    slow = scipy.ndimage.binary_dilation(binary, scipy.ndimage.generate_binary_structure(3, 2), iterations=steps_)
    assert np.array_equal(steps.dilate(binary, steps_), slow)


def test_unequal_voxels():
    map_, inside = _noisy(voxel=(1.0, 1.5, 2.0))
    result = _run(map_, contour=0.5)
    assert result.voxel_volume == pytest.approx(3.0) and result.volume == pytest.approx(3 * inside.sum())
    assert [row[1] for row in result.spaces.rows] == pytest.approx([9.0, 13.5, 18.0])


# ---------------------------------- options ----------------------------------
def test_every_option_does_something():
    map_, inside = _noisy(noise=0.1)
    base = _run(map_, contour=0.5)
    assert _run(map_, contour=0.7).contour == 0.7
    sizes = [_run(map_, contour=0.5, dilate=d).mask_voxels for d in (0, 4.0)]
    assert sizes[0] == inside.sum() < base.mask_voxels < sizes[1]
    assert np.array_equal(_run(map_, contour=0.5, soft_edge=0).soft_mask.data, base.hard_mask.data)
    wide = _run(map_, contour=0.5, soft_edge=12.0).soft_mask.data
    assert wide.sum() > base.soft_mask.data.sum() > base.hard_mask.data.sum()
    assert np.array_equal(base.soft_mask.data, masks.soft_edge(base.hard_mask.data > 0, 6.0, map_.voxel_size))
    assert _run(map_, contour=0.5, sigmas=3.0).outliers > base.outliers
    assert _run(map_, contour=0.5, sigmas=3.0).outliers_robust > base.outliers_robust
    halo, _ = _noisy(noise=0.01)
    halo.data[_ball(halo.shape, (20, 20, 20), 12)] += 0.3
    assert _run(halo, contour=0.7, margin=0.0).outliers_robust > 100 > 5 > _run(halo, contour=0.7, margin=6.0).outliers_robust
    assert _run(map_, lowpass=40.0).contour_suggested != base.contour_suggested


def test_the_level_is_suggested_and_said():
    map_, inside = _noisy(noise=0.2)
    result = _run(map_)
    assert result.contour == result.contour_suggested and "suggested contour level" in result.summary
    assert 0.45 < result.contour < 1 and result.largest_percent > 90
    given = _run(map_, contour=0.5)
    assert given.contour_suggested == result.contour and "suggested" not in given.summary


# ---------------------------------- the background ----------------------------------
def test_noise_that_varies_with_the_radius_is_no_outlier():
    map_, _ = _noisy((64, 64, 64), (32, 32, 32), 10, noise=0.0, voxel=(2.0, 2.0, 2.0))
    rng = np.random.default_rng(5)
    z, y, x = np.ogrid[:64, :64, :64]
    scale = 0.02 * np.exp(-((z - 32) ** 2 + (y - 32) ** 2 + (x - 32) ** 2) / (2 * 16.0 ** 2)) + 0.001
    map_.data[...] += (scale * rng.standard_normal(map_.shape)).astype(np.float32)
    result = _run(map_, contour=0.5)
    assert result.outlier_ratio > 20 and result.outlier_ratio_robust < 200
    assert result.background_p > 1e-3 and result.background_mean < 0.01
    map_.data[_ball(map_.shape, (52, 52, 52), 3)] += 0.2     # what the mask leaves out
    assert _run(map_, contour=0.5).outlier_ratio_robust > 500


def test_other_pieces_of_the_molecule_are_no_outliers():
    map_, _ = _noisy((64, 64, 64), (20, 20, 20), 10, noise=0.02)
    alone = _run(map_, contour=0.5)
    map_.data[_ball(map_.shape, (48, 48, 48), 8)] += 1.0     # half as large
    both = _run(map_, contour=0.5)
    assert both.n_components == alone.n_components + 1 and both.outliers > 1000
    assert both.outliers_percent < 1e-3 and both.outlier_ratio_robust < 20
    speck, _ = _noisy((64, 64, 64), (20, 20, 20), 10, noise=0.02)
    speck.data[_ball(map_.shape, (48, 48, 48), 2)] += 1.0
    assert _run(speck, contour=0.5).outliers_robust == pytest.approx(_ball(map_.shape, (48, 48, 48), 2).sum(), abs=3)


def test_a_background_away_from_zero_is_compared_with_the_density():
    map_, _ = _noisy((64, 64, 64), (32, 32, 32), 16, noise=0.01)
    map_.data[...] += np.float32(0.002)
    slight = _run(map_, contour=0.5)
    assert slight.background_p < 1e-3 and slight.background_mean < 0.01 and slight.background_raw_mean == pytest.approx(0.002, rel=0.1)
    map_.data[...] += np.float32(0.2)
    assert _run(map_, contour=0.5).background_mean > 0.3
    assert slight.mass_offset_raw is not None


def test_the_histogram_follows_the_gaussian():
    result = _run(_noisy((64, 64, 64), (32, 32, 32), 16)[0], contour=0.5)
    both = np.isin(result.background.x, result.gaussian.x)
    likely = result.gaussian.y > 500
    assert result.background.y[both][likely] == pytest.approx(result.gaussian.y[likely], rel=0.25)
    assert result.background.y.sum() == pytest.approx(64 ** 3 - (masks.extend(result.hard_mask.data > 0, 5.0, (1.5,) * 3)).sum(), abs=5)


# ---------------------------------- what goes wrong ----------------------------------
def test_no_density_above_the_contour_is_one_sentence():
    map_, _ = _noisy()
    with pytest.raises(InputError, match=r"No voxel reaches the contour level 9: the map goes from -.* to 1\..*Lower the level"):
        _run(map_, contour=9.0)
    with pytest.raises(InputError, match="Every voxel lies above the contour level -9.*Raise"):
        _run(map_, contour=-9.0)


def test_a_masked_map_has_no_background_and_says_so():
    data = _ball((32, 32, 32), (16, 16, 16), 8).astype(np.float32)
    result = _run(Map(data, (2.0, 2.0, 2.0)))
    assert result.outlier_ratio is None and result.outlier_ratio_robust is None and result.background_zeros == 100
    assert any("masked" in w for w in result.warnings)


def test_a_map_without_positive_values_and_a_mask_that_fills_the_box():
    map_, _ = _noisy()
    below = _run(map_.with_data(map_.data - np.float32(5)))
    assert below.masses is None and any("no positive value" in w for w in below.warnings) and below.largest_percent > 90
    full = _run(map_, contour=0.5, dilate=60.0)
    assert full.background_voxels == 0 and full.background_p is None and any("fills the box" in w for w in full.warnings)


def test_noise_alone_gives_an_answer():
    noise = np.random.default_rng(2).standard_normal((33, 36, 30)).astype(np.float32)
    assert _run(Map(noise, (1.2,) * 3)).components_95 > 5


# ---------------------------------- simulated and real maps ----------------------------------
@pytest.mark.parametrize("name", ["p96", "low96"])
def test_the_suggested_level_encloses_the_molecule(sim_case, name):
    folder = sim_case(name)
    map_ = read_map(str(folder / f"{name}_full.mrc"))
    result = _run(map_)
    atoms = gemmi.read_structure(str(folder / f"{name}_model.pdb"))
    weight = sum(a.element.weight * 1.07 for a in (cra.atom for cra in atoms[0].all())) / 1000        # with the hydrogens
    assert 0.5 < result.mass / weight < 1.6
    assert result.largest_percent > 95 and result.outliers_percent < 0.05
    assert result.n_components == masks.components(map_.data >= np.float32(result.contour))[1].size
    json.dumps([list(map(float, row)) for row in result.masses.rows])


@pytest.mark.heavy
@pytest.mark.realdata
def test_real_maps(shared):
    paths = sorted(p for p in (shared / "data" / "maps").glob("*/*") if p.suffix in (".mrc", ".map", ".ccp4"))
    assert len(paths) > 15
    for path in paths:
        map_ = read_map(str(path))
        result = _run(map_)
        assert map_.data.min() < result.contour <= map_.data.max() and 0 < result.mask_overlap <= 1
        assert result.components_95 <= result.n_components and 0 <= result.space_min_percent < 50
    whole = _run(read_map(str(shared / "data" / "maps" / "emd1080_groel_imp" / "groel-11.5A.mrc")))
    assert whole.components_95 == 1 and 500 < whole.mass < 1100          # GroEL: 800 kDa
