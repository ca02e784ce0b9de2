"""Masks from maps, models and other masks."""
from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cryoqa_plugin.errors import InputError, MissingInputError
from cryoqa_plugin.io.maps import Map, read_map
from cryoqa_plugin.io.models import read_model
from cryoqa_plugin.methods.masks.mask import METHODS, MaskParams, compute_mask
from cryoqa_plugin.study import Study
from cryoqa_plugin.study.mask import contour, cryosparc_mask

PDB = "ATOM      1  C   GLY A   1    {:8.3f}{:8.3f}{:8.3f}  1.00 30.00           C\nEND\n"


def _model(tmp_path: Path, xyz):
    path = tmp_path / "one.pdb"
    path.write_text(PDB.format(*xyz))
    return read_model(str(path))


def _mask(**kwargs) -> Map:
    data = np.zeros((16, 16, 16), np.float32)
    data[kwargs["z"], 4:12, 4:12] = 1
    return Map(data, (1.0, 1.0, 1.0))


def test_relion_steps_by_hand(tiny_halves):
    from cryoqa_plugin.core import masks
    full = tiny_halves["full_map"]
    result = compute_mask(Study(full_map=full), MaskParams("relion", lowpass=0, threshold=1.0, extend=2, soft_edge=3))
    expected = masks.soft_edge(masks.extend(full.data >= 1.0, 2), 3)
    np.testing.assert_array_equal(result.mask.data, expected)
    assert result.mask.origin == full.origin and result.mask.voxel_size == full.voxel_size
    inside = expected >= 0.5
    assert result.volume == pytest.approx(inside.sum() * 1.5 ** 3)
    assert result.mass == pytest.approx(result.volume * 0.81e-3)
    assert result.box_fraction == pytest.approx(inside.mean())
    assert result.soft_edge_width == pytest.approx(4.5)
    assert result.method == "relion" and "kDa" in result.summary
    assert "threshold 1)" in result.summary
    assert "chosen from the data" in compute_mask(Study(full_map=full), MaskParams()).summary


def test_the_chosen_contour_finds_the_molecule(tiny_halves):
    result = compute_mask(Study(full_map=tiny_halves["full_map"]), MaskParams(lowpass=9, extend=0, soft_edge=0))
    truth = tiny_halves["mask"].data >= 0.5
    found = result.mask.data > 0
    assert np.count_nonzero(found & truth) > 0.75 * np.count_nonzero(found)
    assert np.count_nonzero(found & truth) > 0.5 * truth.sum()


def test_the_contour_scales_with_the_map(tiny_halves):
    data = tiny_halves["full_map"].data
    assert contour(10 * data + 3) == pytest.approx(10 * contour(data) + 3, rel=1e-4)


def test_a_map_without_solvent_still_has_a_contour():
    full = Map(np.random.default_rng(2).standard_normal((14, 14, 14)).astype(np.float32), (1.0, 1.0, 1.0))
    assert contour(full.data) == pytest.approx(0.5 * (np.median(full.data) + np.quantile(full.data, 0.999)), rel=1e-5)
    assert compute_mask(Study(full_map=full), MaskParams(lowpass=3)).box_fraction > 0


@pytest.mark.parametrize("method", METHODS)
def test_every_method_gives_a_mask(method, tiny_halves, tmp_path):
    halves = {name: tiny_halves[name] for name in ("half1", "half2")} if method == "confident" else {}
    inputs = Study(full_map=tiny_halves["full_map"], **halves, model=_model(tmp_path, (27, 28, 30)),
                    mask=tiny_halves["mask"] if method == "given" else None)
    result = compute_mask(inputs, MaskParams(method=method))
    assert result.mask.data.min() >= 0 and result.mask.data.max() == pytest.approx(1, abs=1e-6)
    assert result.method == method and 0 < result.box_fraction < 1


def test_around_one_atom_in_a_shifted_box(tmp_path):
    grid = Map(np.random.default_rng(0).standard_normal((20, 22, 24)).astype(np.float32), (0.5, 0.5, 0.5), (10.0, 20.0, 30.0))
    model = _model(tmp_path, (16.0, 25.5, 35.0))
    result = compute_mask(Study(full_map=grid, model=model), MaskParams(method="model", radius=0.5, soft_edge=0))
    z, y, x = np.nonzero(result.mask.data)
    assert (x.mean() * 0.5 + 10, y.mean() * 0.5 + 20, z.mean() * 0.5 + 30) == pytest.approx((16.0, 25.5, 35.0), abs=0.05)
    assert result.volume == pytest.approx(4 / 3 * np.pi * (1.7 + 0.5 + 1.1 - 0.9) ** 3, rel=0.2)       # a grid of 0.5 Å


@pytest.mark.parametrize("how, expected", [("and", 2), ("or", 10), ("xor", 8), ("and_not", 4), ("or_not", 12)])
def test_boolean_combinations(how, expected):
    inputs = Study(mask=_mask(z=slice(2, 8)), mask2=_mask(z=slice(6, 12)))
    result = compute_mask(inputs, MaskParams(method="given", combine=how, soft_edge=0))
    planes = result.mask.data[:, 5, 5].sum()
    assert planes == expected


def test_units_of_the_edge():
    mask = Map(_mask(z=slice(6, 10)).data, (2.0, 2.0, 2.0))
    in_voxels = compute_mask(Study(mask=mask), MaskParams(extend=1.5, soft_edge=3, edge_unit="voxels"))
    in_angstrom = compute_mask(Study(mask=mask), MaskParams(extend=3, soft_edge=6, edge_unit="angstrom"))
    np.testing.assert_allclose(in_voxels.mask.data, in_angstrom.mask.data, atol=1e-6)
    assert in_voxels.soft_edge_width == in_angstrom.soft_edge_width == 6.0


def test_small_parts_cavities_and_inversion():
    data = np.zeros((24, 24, 24), np.float32)
    data[4:16, 4:16, 4:16] = 1
    data[8:11, 8:11, 8:11] = 0
    data[20, 20, 20] = 1
    plain = dict(method="given", extend=0, soft_edge=0)
    mask = Map(data, (1.0, 1.0, 1.0))
    assert compute_mask(Study(mask=mask), MaskParams(**plain)).n_components == 2
    done = compute_mask(Study(mask=mask), MaskParams(drop_below=0.1, fill=True, **plain))
    assert done.n_components == 1 and done.volume == 12 ** 3
    inverted = compute_mask(Study(mask=mask), MaskParams(invert=True, **plain))
    np.testing.assert_array_equal(inverted.mask.data, 1 - data)


def test_one_width_of_a_preset_may_be_changed(tiny_halves):
    inputs = Study(full_map=tiny_halves["full_map"])
    preset = compute_mask(inputs, MaskParams(method="cryosparc_loose"))
    same = compute_mask(inputs, MaskParams(method="cryosparc_loose", soft_edge=10))                  # voxels of 1.5 Å
    np.testing.assert_allclose(same.mask.data, preset.mask.data, atol=1e-5)
    narrow = compute_mask(inputs, MaskParams(method="cryosparc_loose", soft_edge=6, edge_unit="angstrom"))
    tight = compute_mask(inputs, MaskParams(method="cryosparc_tight"))
    np.testing.assert_array_equal(narrow.mask.data, tight.mask.data)


def test_parts_are_placed_in_the_map():
    data = np.zeros((20, 24, 28), np.float32)
    data[2:5, 3:6, 20:25] = 1
    data[10:16, 8:16, 4:12] = 1
    result = compute_mask(Study(mask=Map(data, (2.0, 1.0, 1.5), (10.0, -5.0, 0.0))), MaskParams(extend=0, soft_edge=0))
    rows = result.components.rows
    assert [row[:2] for row in rows] == [(1, 384), (2, 45)]
    assert rows[0][4:] == pytest.approx((10 + 2 * 7.5, -5 + 11.5, 1.5 * 12.5))
    assert rows[1][4:] == pytest.approx((10 + 2 * 22, -5 + 4, 1.5 * 3))
    assert result.largest_component == pytest.approx(384 / 429) and result.edge_margin == 3.0
    assert result.centre_offset > 0


def test_a_fifth_of_the_maximum_for_the_dynamic_mask(tiny_halves):
    from cryoqa_plugin.core import masks
    full = tiny_halves["full_map"]
    result = compute_mask(Study(full_map=full), MaskParams(method="cryosparc_dynamic", drop_below=0))
    filtered = masks.lowpass(full.data, full.voxel_size, 12.0)
    assert result.threshold == pytest.approx(0.2 * filtered.max(), rel=1e-6)
    assert result.soft_edge_width == 8.0
    inside = filtered >= 0.2 * filtered.max()
    assert (result.mask.data[masks.extend(inside, 6, full.voxel_size)] == 1).all()
    assert (result.mask.data[~masks.extend(inside, 14.01 + 1.5 * 3 ** 0.5, full.voxel_size)] == 0).all()


def test_cryosparc_kinds_nest(tiny_halves):
    tight, loose, ball = (cryosparc_mask(tiny_halves["full_map"], k) for k in ("tight", "loose", "spherical"))
    assert (loose >= tight - 1e-6).all() and loose.mean() > tight.mean() > 0
    assert ball[16, 16, 16] == 1 and ball[0, 0, 0] == 0


def test_sentences(tiny_halves, tmp_path):
    full = tiny_halves["full_map"]
    with pytest.raises(InputError, match="threshold 1e\\+06: the low-passed map goes from"):
        compute_mask(Study(full_map=full), MaskParams(threshold=1e6))
    with pytest.raises(InputError, match="threshold 1e\\+06: the map goes from"):
        compute_mask(Study(full_map=full), MaskParams(threshold=1e6, lowpass=0))
    with pytest.raises(InputError, match="no voxel of at least 0.5"):
        compute_mask(Study(mask=full.with_data(0.4 * tiny_halves["mask"].data)), MaskParams())
    with pytest.raises(InputError, match="outside the box.*one.pdb"):
        compute_mask(Study(full_map=full, model=_model(tmp_path, (500, 500, 500))), MaskParams(method="model"))
    with pytest.raises(MissingInputError, match="'model' needs an atomic model"):
        compute_mask(Study(full_map=full), MaskParams(method="model"))
    for top in (0.0, 1e-38, 0.005):
        with pytest.raises(InputError, match=f"Mask is empty: its largest value is {top:g}"):
            compute_mask(Study(mask=full.with_data(top * tiny_halves["mask"].data)), MaskParams())
    with pytest.raises(InputError, match=r"empty after the combination 'and' \(not from a file, not from a file\)"):
        compute_mask(Study(mask=_mask(z=slice(1, 3)), mask2=_mask(z=slice(8, 9))), MaskParams())
    with pytest.raises(InputError, match="32 x 32 x 32.*16 x 16 x 16"):
        compute_mask(Study(full_map=full, mask=_mask(z=slice(1, 3))), MaskParams())
    with pytest.raises(InputError, match="inverted mask is empty"):
        compute_mask(Study(mask=full.with_data(np.ones_like(full.data))), MaskParams(invert=True))
    with pytest.raises(InputError, match="shrunk by 30"):
        compute_mask(Study(mask=_mask(z=slice(4, 8))), MaskParams(extend=-30))


def test_what_is_more_than_noise_is_the_confidence_mask_made_wider(tiny_halves):
    from cryoqa_plugin.core import masks
    from cryoqa_plugin.methods.map_info.confidence import ConfidenceParams, compute_confidence
    pair = {name: tiny_halves[name] for name in ("half1", "half2")}
    found = compute_confidence(Study(**pair), ConfidenceParams()).confidence_mask.data > 0
    result = compute_mask(Study(**pair), MaskParams("confident"))
    labels, sizes = masks.components(found)
    kept = (labels > 0) & (labels <= np.count_nonzero(sizes >= 0.05 * sizes[0]))
    voxel_size = pair["half1"].voxel_size
    np.testing.assert_array_equal(result.mask.data, masks.soft_edge(masks.extend(kept, 2.0, voxel_size), 6.0, voxel_size))
    assert result.threshold is None and "more than noise" in result.summary and result.half_maps_identical is False
    every = compute_mask(Study(**pair), MaskParams("confident", drop_below=0, extend=0, soft_edge=0))
    np.testing.assert_array_equal(every.mask.data > 0, found)
    molecule = compute_mask(Study(**pair), MaskParams())                                   # of their mean, as of the map
    np.testing.assert_array_equal(molecule.mask.data, compute_mask(Study(full_map=tiny_halves["full_map"]), MaskParams()).mask.data)


def test_no_mask_of_what_is_more_than_noise_where_the_noise_is_not_known(tiny_halves):
    one, rng = tiny_halves["half1"], np.random.default_rng(1)
    with pytest.raises(InputError, match="copies of each other"):
        compute_mask(Study(half1=one, half2=one), MaskParams("confident"))
    noise = [one.with_data(rng.standard_normal(one.shape).astype(np.float32)) for _ in range(2)]
    with pytest.raises(InputError, match="Nothing is more than the noise"):
        compute_mask(Study(half1=noise[0], half2=noise[1]), MaskParams("confident"))
    with pytest.raises(MissingInputError, match="Half-map 1"):
        compute_mask(Study(full_map=one), MaskParams("confident"))


@pytest.mark.realdata
@pytest.mark.parametrize("case, least", [("p96", 0.93), pytest.param("low96", 0.9, marks=pytest.mark.heavy),
                                         pytest.param("odd97", 0.9, marks=pytest.mark.heavy),
                                         pytest.param("rna128", 0.86, marks=pytest.mark.heavy)])
def test_what_is_more_than_noise_is_the_molecule(case, least, sim_case):
    folder = sim_case(case)
    maps = [read_map(str(folder / f"{case}_{name}.mrc")) for name in ("half1", "half2", "mask")]
    result = compute_mask(Study(half1=maps[0], half2=maps[1]), MaskParams("confident"))
    truth, found = maps[2].data >= 0.5, result.mask.data >= 0.5
    assert np.count_nonzero(truth & found) > least * np.count_nonzero(truth | found) and result.n_components == 1
    assert np.count_nonzero(truth & found) > 0.99 * np.count_nonzero(truth)


@pytest.mark.realdata
def test_equals_relion(shared, sim_case):
    full = read_map(str(sim_case("p96") / "p96_full.mrc"))
    reference = read_map(str(shared / "reference" / "p96" / "relion_mask.mrc.gz"))
    result = compute_mask(Study(full_map=full), MaskParams(lowpass=15, threshold=0.02, extend=3, soft_edge=6))
    assert np.abs(result.mask.data - reference.data).max() <= 1e-5


@pytest.mark.realdata
@pytest.mark.heavy
@pytest.mark.parametrize("case", ["p96", "odd97", "low96", "fine128", "t160", "rna128"])
def test_the_chosen_mask_covers_the_molecule(case, sim_case):
    folder = sim_case(case)
    truth = read_map(str(folder / f"{case}_mask.mrc")).data >= 0.99
    result = compute_mask(Study(full_map=read_map(str(folder / f"{case}_full.mrc"))), MaskParams())
    inside = result.mask.data >= 0.5
    assert np.count_nonzero(inside & truth) > 0.95 * truth.sum()
    assert np.count_nonzero(inside) < 2.9 * truth.sum()


@pytest.mark.parametrize("origin", [(0.0, 0.0, 0.0), (-30.0, 12.0, 7.5)])
def test_a_focus_mask_is_a_ball_about_a_point_in_the_frame_of_the_model(tmp_path, origin):
    """The ball lies around the atom that its centre is the position of, whatever the origin of the map."""
    data = np.random.default_rng(2).standard_normal((30, 34, 40)).astype(np.float32)
    map_, place = Map(data, (1.5, 1.5, 1.5), origin), np.array([24.3, 21.1, 18.6]) + origin
    result = compute_mask(Study(full_map=map_), MaskParams(centre=", ".join(f"{v:.1f}" for v in place), radius=9.0, soft_edge=0))
    z, y, x = np.meshgrid(*(o + 1.5 * np.arange(n) for o, n in zip(origin[::-1], data.shape)), indexing="ij")
    wanted = (x - place[0]) ** 2 + (y - place[1]) ** 2 + (z - place[2]) ** 2 <= 81
    assert result.method == "spherical" and np.array_equal(result.mask.data > 0.5, wanted)
    at = np.rint((_model(tmp_path, place).xyz[0] - origin) / 1.5).astype(int)
    assert result.mask.data[at[2], at[1], at[0]] == 1
    np.testing.assert_allclose(result.components.rows[0][4:], place, atol=0.15)
    assert result.volume == pytest.approx(4 / 3 * np.pi * 9 ** 3, rel=0.05)


def test_a_focus_mask_outside_of_the_box_and_a_centre_that_is_none_are_refused(tiny_halves):
    study = Study(full_map=tiny_halves["full_map"])
    with pytest.raises(InputError, match="lies outside the box, which goes from \\(3.0, 4.5, 6.0\\)"):
        compute_mask(study, MaskParams(centre="0, 0, 0"))
    with pytest.raises(InputError, match="three numbers"):
        compute_mask(study, MaskParams("spherical", centre="somewhere"))
