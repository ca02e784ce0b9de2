"""A map at its contour level: the figures of a report of the service, bodies of known size and place, noise of known kind."""
from __future__ import annotations

import json

import gemmi
import numpy as np
import pytest
import scipy.ndimage

from cryoqa_plugin.core import masks
from cryoqa_plugin.checks import causes_first, evaluate
from cryoqa_plugin.errors import InputError
from cryoqa_plugin.io.maps import Map, read_map
from cryoqa_plugin.io.models import Model, read_model
from cryoqa_plugin.io.sequences import Sequences
from cryoqa_plugin.limits import CHECKS, EXPLAINED
from cryoqa_plugin.methods.map_info import contour_background, contour_steps as steps
from cryoqa_plugin.methods.map_info.contour import ContourParams, compute_contour
from cryoqa_plugin.results import to_document
from cryoqa_plugin.study import Study
from cryoqa_plugin.study.masses import mass_of_model, mass_of_sequences

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
    assert result.overlap_largest == pytest.approx(big / (3 * big + 21)) and result.mask_overlap == pytest.approx(3 * big / (3 * big + 21))
    assert result.decentring < 10 < 30 < result.decentring_largest       # three copies side by side are in the middle


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
    assert _run(halo, contour=0.7, margin=0.0).outliers_robust > 50 > 5 > _run(halo, contour=0.7, margin=6.0).outliers_robust
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


def test_a_component_whose_density_is_the_level_has_a_centre():
    data = np.zeros((24, 24, 24), np.float32)
    data[12, 12, 6] = -1.0                                   # all else lies at the level suggested, 0
    with np.errstate(all="raise"):
        out = compute_contour(Study(full_map=Map(data, (2.0, 2.0, 2.0))), ContourParams(contour=0.0))
    farthest = (np.arange(24).sum() * 24 * 24 - 12) / (24 ** 3 - 1)          # along z and y, of all voxels but that one
    assert out.mass_offset == pytest.approx(100 * (12 - farthest) / 24, abs=1e-4)


@pytest.mark.parametrize("seed", [2, 3])
def test_noise_alone_is_no_molecule(seed):
    noise = np.random.default_rng(seed).standard_normal((63, 66, 60)).astype(np.float32)
    result = _run(Map(noise, (1.2,) * 3))
    assert result.level_verdict == "drowned in noise" and "No contour level shows a molecule" in " ".join(result.warnings)
    assert result.mass < 0.1


# ---------------------------------- the level, its interval and the masses ----------------------------------
def _checked(result):
    return {c["metric"]: c for c in causes_first(evaluate(CHECKS["contour"], to_document(result)["metrics"]), EXPLAINED)}


def _run_with(map_, given, **values):
    return compute_contour(Study(full_map=map_, **given), ContourParams(**values))


@pytest.mark.heavy
@pytest.mark.parametrize("name", ["p96", "low96", "g4_100"])
def test_levels_too_high_and_too_low_are_named(sim_case, name):
    folder = sim_case(name)
    map_, model = read_map(str(folder / f"{name}_full.mrc")), read_model(str(folder / f"{name}_model.pdb"))
    mass = mass_of_model(model)
    voxels = np.sort(map_.data.ravel())[::-1]
    right = float(voxels[int(mass.volume / float(np.prod(map_.voxel_size)))])       # encloses the volume of the model
    for given in ({}, {"model": model}):
        suggested = _run_with(map_, given)
        assert suggested.level_verdict == "fits" and not suggested.warnings and 0.8 < suggested.mass / (mass.total / 1000) < 1.1
        checked = _checked(suggested)
        assert {c["status"] for n, c in checked.items() if n != "margin"} <= {"ok", "skipped"}
        assert (checked["margin"]["status"] == "warn") is (suggested.margin < 20)              # some boxes are small on purpose
        for level in (right, 0.8 * right, 1.2 * right):
            assert _run_with(map_, given, contour=level).level_verdict == "fits"
        low, high = _run_with(map_, given, contour=right / 3), _run_with(map_, given, contour=min(3 * right, float(voxels[60])))
        assert (low.level_verdict, high.level_verdict) == ("too low", "too high")
        assert "The contour level is too low, " in low.warnings[-1] and "The contour level is too high, " in high.warnings[-1]
        assert _checked(high)["level_verdict"]["status"] == "warn"
    assert f"of the {mass.total / 1000:.3g} kDa of the model" in high.warnings[-1]
    assert suggested.contour == pytest.approx(right, rel=0.05) and suggested.model_ratio == pytest.approx(1, abs=0.02)


@pytest.mark.heavy
@pytest.mark.parametrize("name", ["rna128", "fine128", "g1_120", "f2_128", "d2_160"])
def test_levels_of_other_molecules(sim_case, name):
    folder = sim_case(name)
    map_, model = read_map(str(folder / f"{name}_full.mrc")), read_model(str(folder / f"{name}_model.pdb"))
    for given in ({}, {"model": model}):
        level = _run_with(map_, given).contour
        found = [_run_with(map_, given, contour=f * level).level_verdict for f in (1 / 3, 1.0, 2.9)]
        assert found == ["too low", "fits", "too high"]


@pytest.mark.heavy
def test_masses_stand_beside_each_other(sim_case):
    folder = sim_case("p96")
    map_, model, mask = (read(str(folder / f"p96_{n}")) for read, n in ((read_map, "full.mrc"), (read_model, "model.pdb"),
                                                                        (read_map, "mask.mrc")))
    chain = Sequences(("".join(gemmi.find_tabulated_residue(r.name).one_letter_code.upper() for r in model.structure[0][0]
                               if gemmi.find_tabulated_residue(r.name).is_amino_acid()),))
    result = _run_with(map_, {"model": model, "mask": mask, "sequence": chain})
    rows = {row[0]: row for row in result.beside.rows}
    assert rows["model"][2] == pytest.approx(result.model_mass) and rows["model"][4] == model.n_atoms
    assert rows["sequence"][2] == pytest.approx(result.model_mass, rel=0.03) and rows["sequence"][3] == len(chain.chains[0])
    volume = float(np.count_nonzero(mask.data >= 0.5)) * map_.voxel ** 3
    assert rows["mask"][1] == pytest.approx(volume) and result.mask_ratio == pytest.approx(volume / mass_of_model(model).volume)
    assert rows["mask"][5] == pytest.approx(volume / result.volume) and _checked(result)["mask_ratio"]["status"] == "ok"
    small = mask.with_data((map_.data > 3 * result.contour).astype(np.float32))
    assert _checked(_run_with(map_, {"model": model, "mask": small}))["mask_ratio"]["status"] == "warn"
    known = _run_with(map_, {}, molecular_mass=result.model_mass)
    assert known.contour == pytest.approx(result.contour, rel=0.01) and known.contour_bound == "expected volume"
    assert _run_with(map_, {"model": model}, molecular_mass=30.0).mass == pytest.approx(30.0, rel=0.02)
    two = _run_with(map_, {"sequence": Sequences((chain.chains[0][:len(chain.chains[0]) // 2],))})
    assert two.level_verdict == "fits" and two.contour_bound == "expected volume" and two.mass / result.mass == pytest.approx(1, abs=0.1)
    assert _run_with(map_.with_data(map_.data), {"sequence": chain}).contour == pytest.approx(result.contour, rel=0.1)


def _model(atoms):
    structure, residue = gemmi.Structure(), gemmi.Residue()
    for name, element, occupancy in atoms:
        atom = gemmi.Atom()
        atom.name, atom.element, atom.occ = name, gemmi.Element(element), occupancy
        residue.add_atom(atom)
    return structure, residue


@pytest.mark.parametrize("name, nucleic", [("ALA", False), ("A", True)])
def test_mass_of_a_model(name, nucleic):
    structure, residue = _model([("C1", "C", 1.0), ("C2", "C", 0.5), ("N1", "N", 1.0)])
    residue.name, residue.seqid = name, gemmi.SeqId("1")
    water = gemmi.Residue()
    water.name, water.seqid = "HOH", gemmi.SeqId("2")
    water.add_atom(residue[0])
    chain, model = gemmi.Chain("A"), gemmi.Model(1)
    chain.add_residue(residue)
    chain.add_residue(water)
    model.add_chain(chain)
    structure.add_model(model)
    heavy = 1.5 * 12.011 + 14.007
    mass = mass_of_model(Model(structure))
    assert mass.total == pytest.approx(heavy * (1.036 if nucleic else 1.076), rel=1e-4) and (mass.residues, mass.atoms) == (1, 3)
    assert mass.volume == pytest.approx(mass.total * (0.91 if nucleic else 1.207))
    hydrogen = gemmi.Atom()
    hydrogen.name, hydrogen.element, hydrogen.occ = "H", gemmi.Element("H"), 1.0
    structure[0][0][0].add_atom(hydrogen)
    assert mass_of_model(Model(structure)).total == pytest.approx(heavy + 1.008, rel=1e-4)          # it has its own


def test_mass_of_sequences():
    both = mass_of_sequences(Sequences(("GW", "ACGU")))
    assert both.protein == pytest.approx(57.05 + 186.21 + 18.02) and both.nucleic == pytest.approx(329.2 + 305.2 + 345.2 + 306.2 + 18.02)
    assert both.residues == 6 and both.atoms is None


def _filament(axis, noise=0.05, seed=0):
    z, y, x = np.ogrid[:48, :48, :48]
    a, b = [c for i, c in enumerate((z, y, x)) if i != axis]
    data = ((a - 26) ** 2 + (b - 24) ** 2 <= 49) + 0 * (x + y + z)
    return Map((data + noise * np.random.default_rng(seed).standard_normal((48,) * 3)).astype(np.float32), (2.0,) * 3)


@pytest.mark.parametrize("axis, name", [(0, "z"), (1, "y"), (2, "x")])
def test_a_filament_is_neither_off_centre_nor_too_near_to_the_faces(axis, name):
    result = _run(_filament(axis))
    assert result.through == name and f"a filament through the box along {name}" in result.summary
    assert result.decentring == pytest.approx(100 * 4 / 48, abs=0.5) and result.space_min_percent > 20
    assert {c["status"] for c in _checked(result).values()} <= {"ok", "skipped"}
    assert result.space_min == pytest.approx(0, abs=2.1)     # the service looks at all axes


def test_atoms_beyond_the_faces_that_a_filament_runs_through_are_expected():
    map_ = _filament(0)                                      # along z, 96 Å long
    structure, residue = _model([("C", "C", 1.0)] * 4)
    for atom, z in zip(residue, (-30.0, 20.0, 60.0, 130.0)):
        atom.pos = gemmi.Position(48.0, 52.0, z)
    residue[1].pos = gemmi.Position(-5.0, 52.0, 20.0)        # beyond a face along x
    residue.name, residue.seqid = "ALA", gemmi.SeqId("1")
    chain, model = gemmi.Chain("A"), gemmi.Model(1)
    chain.add_residue(residue)
    model.add_chain(chain)
    structure.add_model(model)
    assert Study(full_map=map_, model=Model(structure)).atoms_outside == pytest.approx(0.25)
    ball, _ = _noisy((48,) * 3, (24,) * 3, 9, voxel=(2.0,) * 3)
    assert Study(full_map=Map(ball.data, ball.voxel_size), model=Model(structure)).atoms_outside == pytest.approx(0.75)


def test_a_box_cut_out_of_a_larger_map():
    rng = np.random.default_rng(4)
    atoms = (rng.random((56,) * 3) > 0.99).astype(np.float32)
    data = scipy.ndimage.gaussian_filter(atoms, 1.2)[4:-4, 4:-4, 4:-4]
    result = _run(Map((data + 0.1 * data.std() * rng.standard_normal(data.shape)).astype(np.float32), (1.0,) * 3))
    assert result.through == "xyz" and result.decentring is None and "a box cut out of a larger map" in result.summary
    assert 0.1 < result.volume / 48 ** 3 < 0.5
    assert not {"decentring", "space_min_percent", "mass_offset"} & {m for m, c in _checked(result).items() if c["status"] == "warn"}


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
        assert result.components_95 <= result.n_components and 0 <= (result.space_min_percent or 0) < 50
        assert result.contour_lowest <= result.contour <= result.contour_highest and result.level_verdict == "fits"
    whole = _run(read_map(str(shared / "data" / "maps" / "emd1080_groel_imp" / "groel-11.5A.mrc")))
    assert whole.components_95 == 1 and 500 < whole.mass < 1100          # GroEL: 800 kDa


def test_margin_is_the_empty_space_in_angstroms_with_its_face():
    """A box of 40 voxels of 1, 2 and 3 Å: the nearest face by voxels is not the nearest by Å."""
    binary = np.zeros((40, 40, 40), bool)
    binary[12:30, 11:30, 13:30] = True                       # z, y, x
    found = steps.spaces(binary, (1.0, 2.0, 3.0))
    space, where = steps.margin(found.rows, binary.shape, (1.0, 2.0, 3.0), "")
    assert space == pytest.approx(10.0) and where == "x, right"              # voxels 30 to 39 are empty
    space, where = steps.margin(found.rows, binary.shape, (1.0, 2.0, 3.0), "x")
    assert space == pytest.approx(20.0) and where == "y, right"
    assert steps.margin(found.rows, binary.shape, (1.0, 2.0, 3.0), "xyz") is None


def test_margin_of_a_ball_and_the_limit_of_20_angstroms():
    map_, inside = _noisy(centre=(20, 20, 14), radius=9, noise=0.01)
    result = _run(map_, contour=0.5, dilate=0)
    first = np.flatnonzero(inside.any(axis=(0, 1)))[0]
    assert result.margin == pytest.approx(1.5 * first) and result.margin_axis == "x, left"
    assert _checked(result)["margin"]["status"] == "warn"


def test_mass_above_the_contour_is_held_against_the_model(sim_case):
    model = read_model(str(sim_case("p96") / "p96_model.pdb"))
    map_ = read_map(str(sim_case("p96") / "p96_full.mrc"))
    result = compute_contour(Study(full_map=map_, model=model), ContourParams())
    assert result.model_mass_percent == pytest.approx(100 * result.mass / result.model_mass)
    assert result.model_mass == pytest.approx(mass_of_model(model).total / 1000) and 60 < result.model_mass_percent < 120
