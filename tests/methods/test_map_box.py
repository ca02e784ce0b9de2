"""Boxes with all that belongs to a map: nothing changes that should not, and what changes does so for maps, masks and model alike."""
from __future__ import annotations

import gemmi
import numpy as np
import pytest

from cryoqa_plugin import runner
from cryoqa_plugin.core.boxes import LINEAR, WAVES, Places, sampled, wave_weights
from cryoqa_plugin.core.masks import lowpass
from cryoqa_plugin.errors import InputError, MissingInputError
from cryoqa_plugin.io.curves import GivenFsc
from cryoqa_plugin.io.maps import Map, read_map, write_map
from cryoqa_plugin.io.models import Model, read_model, write_model
from cryoqa_plugin.methods.maps.map_box import MapBoxParams, compute_map_box
from cryoqa_plugin.study import Study

VOXEL, ORIGIN, SHAPE = (1.5, 1.5, 1.5), (3.0, -4.5, 6.0), (30, 33, 36)
ATOMS = np.array([[20.0, 15.0, 30.0], [28.2, 21.9, 27.5], [35.1, 12.0, 22.4]])


def model_of(positions=ATOMS):
    """A chain of alanines, CA only, with an assembly of two copies."""
    structure, chain = gemmi.Structure(), gemmi.Chain("A")
    for i, xyz in enumerate(positions, 1):
        residue = gemmi.Residue()
        residue.name, residue.seqid = "ALA", gemmi.SeqId(str(i))
        atom = gemmi.Atom()
        atom.name, atom.element, atom.pos, atom.b_iso = "CA", gemmi.Element("C"), gemmi.Position(*xyz), 30.0
        residue.add_atom(atom)
        chain.add_residue(residue)
    made = gemmi.Model(1)
    made.add_chain(chain)
    structure.add_model(made)
    return Model(structure, "model.pdb")


def given(seed=1, **more):
    """Half-maps of blobs at the atoms, their mean, a mask, a local resolution and the model."""
    rng = np.random.default_rng(seed)
    z, y, x = np.meshgrid(*(o + v * np.arange(n) for o, v, n in zip(ORIGIN[::-1], VOXEL, SHAPE)), indexing="ij")
    truth = sum(np.exp(-((x - a) ** 2 + (y - b) ** 2 + (z - c) ** 2) / 18) for a, b, c in ATOMS)
    one, two = (Map((truth + 0.1 * rng.standard_normal(SHAPE)).astype(np.float32), VOXEL, ORIGIN) for _ in range(2))
    mask = np.clip(truth / 0.3, 0, 1).astype(np.float32)
    inputs = dict(half1=one, half2=two, full_map=one.with_data((one.data + two.data) / 2), mask=one.with_data(mask),
                  resolution_map=one.with_data(np.where(mask > 0.5, 4 + truth, 0)), model=model_of(),
                  fsc_curve=GivenFsc(np.linspace(0.01, 1 / 3, 30), np.linspace(1, 0, 30)))
    return Study(**dict(inputs, **more))


def box(study=None, **values):
    return compute_map_box(given() if study is None else study, MapBoxParams(**values))


def nearest(map_, positions):
    """Values of a map at the voxels nearest to positions (x, y, z) in Å."""
    at = np.rint((positions - np.array(map_.origin)) / np.array(map_.voxel_size)).astype(int)
    return map_.data[at[:, 2], at[:, 1], at[:, 0]]


MAPS = ("boxed_map", "boxed_map_half1", "boxed_map_half2", "boxed_mask", "boxed_resolution_map")


def test_a_box_around_the_model_keeps_every_value_and_place():
    study = given()
    found = box(study, margin=4.0)
    at = (ATOMS - np.array(ORIGIN)) / 1.5
    low, high = np.floor(at.min(axis=0) - 4 / 1.5), np.ceil(at.max(axis=0) + 4 / 1.5)
    assert found.around == "model" and found.box == ", ".join(f"{v:g}" for v in high - low + 1)
    np.testing.assert_allclose(found.boxed_map.origin, np.array(ORIGIN) + 1.5 * low)
    part = tuple(slice(int(a), int(b) + 1) for a, b in zip(low[::-1], high[::-1]))
    for name, kind in zip(MAPS, ("full_map", "half1", "half2", "mask", "resolution_map")):
        map_ = getattr(found, name)
        assert np.array_equal(map_.data, getattr(study, kind).data[part]), name
        assert map_.origin == found.boxed_map.origin and map_.voxel_size == VOXEL
    np.testing.assert_array_equal(nearest(found.boxed_map, ATOMS), nearest(study.full_map, ATOMS))
    np.testing.assert_allclose(found.boxed_model.xyz, ATOMS, atol=1e-9)
    assert found.cut_off == 0 and found.beyond_share == 0 and found.resampled is False and found.moved_by == "0, 0, 0"
    assert [row[0] for row in found.what_happened.rows] == [*MAPS, "boxed_model", "fsc_boxed"]
    assert all("value for value" in row[2] for row in found.what_happened.rows[:5])


@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize("place", ["keep", "zero", "centre"])
def test_the_model_stays_in_its_density(place, flip):
    study = given()
    found = box(study, around="model", place=place, flip=flip, invert=True)
    moved = found.boxed_model.xyz
    np.testing.assert_array_equal(-nearest(found.boxed_map, moved), nearest(study.full_map, ATOMS))
    np.testing.assert_array_equal(nearest(found.boxed_mask, moved), nearest(study.mask, ATOMS))
    shape = np.array(found.boxed_map.shape[::-1])
    wanted = {"zero": np.zeros(3), "centre": -(shape // 2) * 1.5}.get(place)
    if wanted is not None:
        np.testing.assert_allclose(found.boxed_map.origin, wanted, atol=1e-9)
    volume = np.linalg.det(moved - moved.mean(axis=0) + np.eye(3)), np.linalg.det(ATOMS - ATOMS.mean(axis=0) + np.eye(3))
    assert flip or volume[0] == pytest.approx(volume[1])
    assert found.boxed_model.cell == pytest.approx(tuple(shape * 1.5))


@pytest.mark.parametrize("shape", [SHAPE, (31, 32, 35)])
def test_a_flip_undoes_itself(shape):
    rng = np.random.default_rng(4)
    maps = {kind: Map(rng.standard_normal(shape).astype(np.float32), VOXEL, ORIGIN) for kind in ("full_map", "half1", "half2")}
    mask = Map((rng.random(shape) > 0.5).astype(np.float32), VOXEL, ORIGIN)
    once = box(Study(mask=mask, model=model_of(), **maps), around="whole", flip=True)
    twice = box(Study(full_map=once.boxed_map, half1=once.boxed_map_half1, half2=once.boxed_map_half2, mask=once.boxed_mask,
                      model=once.boxed_model), around="whole", flip=True)
    for name, map_ in (("boxed_map", maps["full_map"]), ("boxed_map_half1", maps["half1"]), ("boxed_map_half2", maps["half2"]),
                       ("boxed_mask", mask)):
        assert not np.array_equal(getattr(once, name).data, map_.data)
        assert np.array_equal(getattr(twice, name).data, map_.data) and getattr(twice, name).origin == ORIGIN
    np.testing.assert_allclose(twice.boxed_model.xyz, ATOMS, atol=1e-9)
    assert any("wrong hand" in text for text in once.warnings)


def test_a_box_comes_back_to_where_it_was():
    study = given()
    part = box(study, around="bounds", lower="5, 6, 7", upper="20, 25, 22")
    assert part.boxed_map.shape == (16, 20, 16)
    back = box(Study(full_map=part.boxed_map, target_map=study.full_map))
    assert back.around == "other_grid" and back.boxed_map.shape == SHAPE and back.boxed_map.origin == ORIGIN
    where = np.zeros(SHAPE, bool)
    where[7:23, 6:26, 5:21] = True
    assert np.array_equal(back.boxed_map.data[where], study.full_map.data[where])
    assert np.all(back.boxed_map.data[~where] == np.float32(back.solvent_value))
    assert back.beyond_share == pytest.approx(1 - where.mean())
    again = box(Study(full_map=study.full_map, target_map=part.boxed_map), around="other_box")
    assert np.array_equal(again.boxed_map.data, part.boxed_map.data) and again.boxed_map.origin == part.boxed_map.origin


def test_bounds_of_a_flipped_map_are_those_of_the_map_as_it_was_given():
    study = given()
    part = box(study, around="bounds", lower="5, 6, 7", upper="20, 25, 22", flip=True)
    assert np.array_equal(part.boxed_map.data, study.full_map.data[7:23, 6:26, 5:21][:, :, ::-1])


@pytest.mark.parametrize("size", [24, 40, 31])
def test_padding_and_cropping_keep_the_centre_voxel(size):
    study = given()
    found = box(study, around="whole", size=str(size))
    assert found.boxed_map.shape == (size,) * 3
    middle, old = size // 2, [n // 2 for n in SHAPE]
    assert found.boxed_map.data[middle, middle, middle] == study.full_map.data[tuple(old)]
    np.testing.assert_allclose(np.array(found.boxed_map.origin) + 1.5 * middle, np.array(ORIGIN) + 1.5 * np.array(old[::-1]))
    assert found.beyond_share == pytest.approx(1 - np.prod([min(size, n) for n in SHAPE]) / size ** 3, abs=0.04)


def test_edges_can_be_equal_and_transform_fast():
    found = box(around="model", cubic=True, fft_sizes="larger")
    n = found.boxed_map.shape[0]
    assert found.boxed_map.shape == (n,) * 3 and n in (2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 24, 28, 30, 32)
    inside = np.array(found.boxed_map.origin) - np.array(ORIGIN)
    assert np.all(inside >= 0) and np.all(inside / 1.5 + n <= np.array(SHAPE[::-1])) and found.beyond_share == 0
    free = box(around="model", margin=30.0, inside=False)
    assert free.beyond_share > 0 and min(free.boxed_map.shape) > 20


def test_a_mask_or_the_density_sets_the_box():
    study = given()
    by_mask = box(study, around="mask", margin=0)
    there = np.argwhere(study.mask.data >= 0.01)
    assert by_mask.boxed_map.shape == tuple(np.ptp(there, axis=0) + 1) and by_mask.cut_off < 0.01
    by_density = box(study, around="density", margin=0, threshold=0.6)
    low = np.argwhere(by_density.boxed_map.data >= 0.6)
    assert tuple(low.min(axis=0)) == (0, 0, 0) and tuple(low.max(axis=0) + 1) == by_density.boxed_map.shape


def test_a_box_about_a_point_in_the_frame_of_the_model():
    study = given()
    found = box(study, around="point", centre="28.2 21.9 27.5", size="9")
    place = np.array(found.boxed_map.origin) + 4 * 1.5
    assert found.boxed_map.shape == (9, 9, 9) and np.abs(place - ATOMS[1]).max() <= 0.75


def test_a_box_that_cuts_the_molecule_is_warned_about():
    checks = {c["metric"]: c for c in _document(dict(around="bounds", lower="0", upper="9")).get("checks")}
    assert checks["cut_off"]["status"] == "warn" and "of the model lies outside the new box" in checks["cut_off"]["sentence"]
    checks = {c["metric"]: c for c in _document(dict(around="model", calibrated=1.52)).get("checks")}
    assert checks["cut_off"]["status"] == "ok" and checks["voxel_change"]["status"] == "ok"
    checks = {c["metric"]: c for c in _document(dict(around="model", calibrated=3.0)).get("checks")}
    assert checks["voxel_change"]["status"] == "warn"


def _document(values):
    from cryoqa_plugin.registry import find
    return runner.answer(find("map_box"), given(), values)[1]


def test_a_calibrated_voxel_size_moves_all_that_has_a_length():
    study = given()
    found = box(study, around="whole", calibrated=1.53)
    scale = 1.02
    assert np.array_equal(found.boxed_map.data, study.full_map.data) and found.boxed_map.voxel_size == pytest.approx((1.53,) * 3)
    np.testing.assert_allclose(found.boxed_map.origin, np.array(ORIGIN) * scale)
    np.testing.assert_allclose(found.boxed_model.xyz, ATOMS * scale)
    np.testing.assert_array_equal(nearest(found.boxed_map, found.boxed_model.xyz), nearest(study.full_map, ATOMS))
    np.testing.assert_allclose(found.boxed_resolution_map.data, study.resolution_map.data * scale, rtol=1e-6)
    np.testing.assert_allclose(found.fsc_boxed.x, study.fsc_curve.frequency / scale)
    np.testing.assert_allclose(found.boxed_model.b_iso, 30 * scale ** 2)
    assert found.voxel_scale == pytest.approx(scale) and any("refine it" in text for text in found.warnings)


def test_larger_voxels_end_what_lies_beyond_them():
    study = given()
    found = box(study, around="whole", resample_to=2.5)
    assert found.detail_to == 5.0 and found.boxed_map.voxel_size == (2.5, 2.5, 2.5) and found.resampled
    assert found.boxed_resolution_map.data[found.boxed_resolution_map.data > 0].min() >= 5.0
    assert found.fsc_boxed.x[-1] <= 0.2 and 0 <= found.boxed_mask.data.min() and found.boxed_mask.data.max() <= 1
    centre = [n // 2 for n in SHAPE[::-1]]
    new = [n // 2 for n in found.boxed_map.shape[::-1]]
    np.testing.assert_allclose(np.array(found.boxed_map.origin) + 2.5 * np.array(new), np.array(ORIGIN) + 1.5 * np.array(centre))


def test_dust_goes_and_the_molecule_and_the_half_maps_stay():
    study = given()
    data = study.full_map.data.copy()
    data[2:4, 2:4, 2:4] = 1.0
    dusty = study.with_(full_map=study.full_map.with_data(data))
    found = box(dusty, around="whole", dust=60.0, threshold=0.5)
    assert found.dust_parts == 1 and found.dust_volume == pytest.approx(8 * 1.5 ** 3)
    assert found.boxed_map.data[1:5, 1:5, 1:5].max() < 0.5
    big = data >= 0.5
    big[2:4, 2:4, 2:4] = False
    assert np.array_equal(found.boxed_map.data[big], data[big]) and np.array_equal(found.boxed_map_half1.data, study.half1.data)
    assert box(dusty, around="whole", dust=20.0, threshold=0.5).dust_parts == 0


def test_what_fades_ends_in_solvent_and_half_maps_do_not_fade():
    study = given()
    faces = box(study, around="whole", fade="faces", soft_edge=9.0)
    middle = (slice(10, 20),) * 3
    assert np.allclose(faces.boxed_map.data[middle], study.full_map.data[middle], atol=1e-6)
    assert np.abs(faces.boxed_map.data[0] - faces.solvent_value).max() < 0.1 * np.abs(study.full_map.data[0] - faces.solvent_value).max()
    outside = box(study, around="mask", fade="outside")
    inside = outside.boxed_mask.data == 1
    assert np.allclose(outside.boxed_map.data[outside.boxed_mask.data == 0], outside.solvent_value)
    part = box(study, around="mask").boxed_map.data
    assert np.allclose(outside.boxed_map.data[inside], part[inside], atol=1e-6)
    near = box(study, around="model", fade="outside", soft_edge=3.0)
    assert np.allclose(nearest(near.boxed_map, ATOMS), nearest(study.full_map, ATOMS), atol=1e-6)
    assert np.mean(near.boxed_map.data == np.float32(near.solvent_value)) > 0.3
    for found in (faces, outside, near):
        assert np.array_equal(found.boxed_map_half1.data, box(study, around=found.around).boxed_map_half1.data)


def test_half_maps_alone_give_a_box_of_their_mean_and_dependent_ones_stay_marked(tmp_path):
    study = given()
    found = box(study.with_(full_map=None), around="whole")
    assert np.allclose(found.boxed_map.data, study.full_map.data, atol=1e-6)
    assert "mean of the half-maps" in found.what_happened.rows[0][1]
    paths = {}
    for kind in ("half1", "half2"):
        paths[kind] = str(tmp_path / f"{kind}.mrc")
        write_map(paths[kind], getattr(study, kind), (f"cryoqa denoise: denoised_{kind}, dependent",))
    runner.execute("map_box", paths, dict(around="whole", size="28"), str(tmp_path / "out"))
    assert read_map(str(tmp_path / "out" / "boxed_map.mrc")).header.labels[0].startswith("cryoqa map_box: boxed_map; 28 x 28 x 28 voxels")
    again = runner.execute("fsc", {kind: str(tmp_path / "out" / f"boxed_map_{kind}.mrc") for kind in paths})
    assert again["metrics"]["half_maps_denoised"]["value"] == "dependent"


def test_operators_of_an_assembly_move_along():
    model = model_of()
    turn = gemmi.Transform(gemmi.Mat33([[-1, 0, 0], [0, -1, 0], [0, 0, 1]]), gemmi.Vec3(60, 40, 0))
    assembly, generator, operator = gemmi.Assembly("1"), gemmi.Assembly.Gen(), gemmi.Assembly.Operator()
    operator.transform = turn
    generator.operators.append(operator)
    assembly.generators.append(generator)
    model.structure.assemblies.append(assembly)
    found = box(given(model=model), around="model", place="zero", flip=True).boxed_model
    moved = found.structure.assemblies[0].generators[0].operators[0].transform
    for old, new in zip(ATOMS, found.xyz):
        copy = np.array(turn.apply(gemmi.Vec3(*old)).tolist())
        mate = np.array(moved.apply(gemmi.Vec3(*new)).tolist())
        shift = new - old * [-1, 1, 1]
        np.testing.assert_allclose(mate, copy * [-1, 1, 1] + shift, atol=1e-9)


@pytest.mark.parametrize("suffix", [".pdb", ".cif"])
def test_the_model_is_written_where_it_was_moved(tmp_path, suffix):
    found = box(place="zero").boxed_model
    write_model(str(tmp_path / ("m" + suffix)), found)
    np.testing.assert_allclose(read_model(str(tmp_path / ("m" + suffix))).xyz, found.xyz, atol=1e-3)


BAD = [
    (dict(around="bounds"), "give both"), (dict(around="bounds", lower="1, 2", upper="9"), "three whole numbers"),
    (dict(around="bounds", lower="1, 2, x9", upper="nonsense"), "three whole numbers"),
    (dict(around="bounds", lower="9", upper="3"), "comes before the first"),
    (dict(around="bounds", lower="90", upper="99"), "beyond the map of 36 x 33 x 30"),
    (dict(around="bounds", lower="3", upper="3"), "from 2 to"), (dict(around="point", centre="1, 2, 3"), "give both"),
    (dict(around="point", centre="900, 2, 3", size="9"), "lies outside the box"), (dict(around="density", threshold=99.0), "No voxel"),
    (dict(around="whole", size="1"), "from 2 to"), (dict(around="whole", size="1e9"), "numbers"),
    (dict(around="whole", size="2.5"), "whole"), (dict(around="whole", size="60000"), "GB of memory"),
    (dict(around="whole", resample_to=0.05, size="40000"), "GB of memory"),
]


@pytest.mark.parametrize("values, words", BAD, ids=lambda v: "-".join(f"{k}={x}" for k, x in v.items()) if isinstance(v, dict) else "")
def test_boxes_that_cannot_be_get_one_sentence(values, words):
    with pytest.raises(InputError, match=words) as caught:
        box(**values)
    assert str(caught.value).endswith(".") or ")" in str(caught.value)


@pytest.mark.parametrize("around, lacking", [("model", "model"), ("mask", "mask"), ("other_grid", "target_map"),
                                             ("other_box", "target_map")])
def test_what_the_box_goes_around_is_needed(around, lacking):
    study = Study(**{n: m for n, m in given().given().items() if n not in (lacking, "target_map")})
    with pytest.raises(MissingInputError, match=f"'{around}' needs"):
        box(study, around=around)


def test_a_model_or_another_map_that_is_elsewhere_is_refused():
    with pytest.raises(InputError, match="The model lies outside the box"):
        box(given(model=model_of(ATOMS + 500)), around="model")
    far = Map(np.ones((8, 8, 8), np.float32), VOXEL, (900.0, 0.0, 0.0))
    with pytest.raises(InputError, match="do not overlap"):
        box(given(target_map=far))


@pytest.mark.realdata
@pytest.mark.parametrize("name", ["1jzv.ccp4", "D7.ccp4", "EMD-3197.map", "ccp4_20_21_22_to_30_40_50.ccp4", "emd_3197.map.gz",
                                  "h2o-elf-nstart-origin.mrc", "non_zero_origin_map.ccp4"])
def test_real_headers_in_and_out(shared, tmp_path, name):
    """Any order of axes, NSTART, origins and voxels of three sizes: a box and back is the map, at its place."""
    path = str(shared / "data" / "headers" / name)
    map_ = read_map(path)
    n = map_.shape[::-1]
    lower, upper = ", ".join(str(k // 5) for k in n), ", ".join(str(k - 2) for k in n)
    runner.execute("map_box", dict(full_map=path), dict(around="bounds", lower=lower, upper=upper), str(tmp_path / "part"))
    part = read_map(str(tmp_path / "part" / "boxed_map.mrc"))
    cut = tuple(slice(k // 5, k - 1) for k in map_.shape)
    assert np.array_equal(part.data, map_.data[cut])
    np.testing.assert_allclose(part.voxel_size, map_.voxel_size, rtol=1e-6)
    np.testing.assert_allclose(part.origin, [o + k // 5 * v for o, k, v in zip(map_.origin, n, map_.voxel_size)], rtol=1e-5, atol=1e-4)
    runner.execute("map_box", dict(full_map=str(tmp_path / "part" / "boxed_map.mrc"), target_map=path), {}, str(tmp_path / "back"))
    back = read_map(str(tmp_path / "back" / "boxed_map.mrc"))
    assert back.shape == map_.shape and np.array_equal(back.data[cut], map_.data[cut])
    np.testing.assert_allclose(back.origin, map_.origin, rtol=1e-6, atol=1e-5)


@pytest.mark.heavy
@pytest.mark.realdata
def test_values_at_atoms_after_resampling(sim_case):
    """Within 1 % of the standard deviation of the map, where its detail is coarser than two new voxels."""
    folder = sim_case("p96")
    map_ = read_map(str(folder / "p96_full.mrc"))
    smooth = map_.with_data(lowpass(map_.data, map_.voxel_size, 4.0))
    model = read_model(str(folder / "p96_model.pdb"))
    found = box(Study(full_map=smooth, model=model), around="model", resample_to=1.3)
    error = at_points(found.boxed_map, model.xyz) - at_points(smooth, model.xyz)
    assert np.abs(error).max() < 0.05 * smooth.data.std() and error.std() < 0.01 * smooth.data.std()


def at_points(map_, xyz):
    """Values of a map at positions, by the waves of a part around each (direct sums along the axes)."""
    at = (xyz - np.array(map_.origin)) / np.array(map_.voxel_size)
    wx, wy, wz = (wave_weights(Places(at[:, i], 1.0), n).astype(float) for i, n in enumerate(map_.shape[::-1]))
    out = np.empty(len(xyz))
    for i in range(len(xyz)):
        out[i] = wz[i] @ (map_.data.astype(float) @ wx[i] @ wy[i])
    return out


@pytest.mark.realdata
def test_a_map_resampled_elsewhere(shared):
    """DAQ's map of 1 Å voxels is linear between those of the entry: so read, our places give it; waves do not smooth, and correlate."""
    folder = shared / "data" / "maps" / "emd2566_3j6b_daq"
    theirs, map_ = (read_map(str(folder / name)) for name in ("2566_3J6B_9_new_resampled1A.mrc", "2566_3J6B_9.mrc"))
    ours = box(Study(full_map=map_, target_map=theirs)).boxed_map
    assert ours.shape == theirs.shape and ours.origin == theirs.origin and ours.voxel_size == theirs.voxel_size
    at = [Places((o - p) / v + np.arange(n) * w / v, w / v) for o, p, v, w, n in zip(
        ours.origin, map_.origin, map_.voxel_size, ours.voxel_size, ours.shape[::-1])]
    np.testing.assert_allclose(sampled(map_.data, at, 0.0, LINEAR)[0], theirs.data, atol=2e-6)
    np.testing.assert_allclose(sampled(map_.data, at, 0.0, WAVES)[0], ours.data, atol=1e-6)
    assert np.corrcoef(ours.data.ravel(), theirs.data.ravel())[0, 1] > 0.97
