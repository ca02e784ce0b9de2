"""One map brought onto another: the numbers against known truth, and all that moves with the map."""
from __future__ import annotations

import gemmi
import numpy as np
import pytest

from cryoqa_plugin import runner
from cryoqa_plugin.core import pose_fit, pose_resample, pose_search
from cryoqa_plugin.errors import InputError, MissingInputError
from cryoqa_plugin.io.maps import Map, read_map, write_map
from cryoqa_plugin.io.models import Model
from cryoqa_plugin.io.symmetry import Symmetry, point_group, read_symmetry
from cryoqa_plugin.methods.maps.align_axes import conventional
from cryoqa_plugin.methods.maps.map_align import MapAlignParams, compute_map_align
from cryoqa_plugin.study import Study

VOXEL, ORIGIN = (1.9, 1.9, 1.9), (4.0, -7.0, 11.0)
SHAPE = (44, 46, 48)
TARGET = ((50, 52, 54), (2.0, 2.0, 2.0), (-20.0, 15.0, 3.0))
TURN = pose_fit.turn_by(np.array([0.7, -1.1, 0.4]))
SHIFT = np.array([3.0, -2.5, 4.0])
NAMES = [f"{what}_{axis}" for what in ("rotation", "shift") for axis in "xyz"]


def walk(seed=1, n=60):
    """Atoms (x, y, z in Å about 0) along a random walk."""
    places = np.cumsum(np.random.default_rng(seed).standard_normal((n, 3)) * 4, axis=0)
    return (places - places.mean(axis=0)) / places.std() * 10.5


def middle(shape, voxel, origin):
    return np.array(origin) + np.array(shape[::-1]) / 2 * np.array(voxel)


def drawn(atoms, shape, voxel, origin, seed=None, noise=0.15):
    """A map of atoms, with noise."""
    lines = [o + v * np.arange(n) for n, v, o in zip(shape, voxel[::-1], origin[::-1])]
    out = np.zeros(shape)
    for x, y, z in atoms:
        a, b, c = (np.exp(-(line - at) ** 2 / 9.7) for line, at in zip(lines, (z, y, x)))
        out += a[:, None, None] * b[None, :, None] * c[None, None, :]
    if seed is not None:
        out += noise * np.random.default_rng(seed).standard_normal(shape)
    return Map(out.astype(np.float32), voxel, origin)


def model_of(atoms):
    structure, chain = gemmi.Structure(), gemmi.Chain("A")
    for i, xyz in enumerate(atoms, 1):
        residue, atom = gemmi.Residue(), gemmi.Atom()
        residue.name, residue.seqid = "ALA", gemmi.SeqId(str(i))
        atom.name, atom.element, atom.pos, atom.b_iso = "CA", gemmi.Element("C"), gemmi.Position(*xyz), 30.0
        residue.add_atom(atom)
        chain.add_residue(residue)
    made = gemmi.Model(1)
    made.add_chain(chain)
    structure.add_model(made)
    return Model(structure)


ATOMS = walk() + middle(SHAPE, VOXEL, ORIGIN)
OPERATOR = np.concatenate([TURN, (middle(*TARGET) + SHIFT - TURN @ middle(SHAPE, VOXEL, ORIGIN))[:, None]], axis=1)
THERE = ATOMS @ TURN.T + OPERATOR[:, 3]


def given(**more):
    """Half-maps and model of a molecule, and another map of it that lies elsewhere, in another box with other voxels."""
    inputs = dict(half1=drawn(ATOMS, SHAPE, VOXEL, ORIGIN, 1), half2=drawn(ATOMS, SHAPE, VOXEL, ORIGIN, 2), model=model_of(ATOMS),
                  target_map=drawn(THERE, *TARGET, seed=3))
    return Study(**{k: v for k, v in dict(inputs, **more).items() if v is not None})


@pytest.fixture(scope="module")
def aligned():
    return compute_map_align(given(), MapAlignParams())


def vector(result, what):
    return np.array([getattr(result, f"{what}_{axis}") for axis in "xyz"])


def test_the_six_numbers_are_those_of_the_move(aligned):
    turn = pose_fit.turn_by(np.radians(vector(aligned, "rotation")))
    off_turn = np.degrees(pose_fit.vector_of(turn @ TURN.T))
    assert aligned.aligned and np.linalg.norm(off_turn) < 1.2
    centre = np.array([float(v) for v in aligned.centre.split(",")])
    off = centre + vector(aligned, "shift") - (TURN @ centre + OPERATOR[:, 3])
    assert np.linalg.norm(off) < 0.1
    errors = [getattr(aligned, f"{name}_error") for name in NAMES]
    assert all(0.01 < e < 0.8 for e in errors) and np.all(np.abs(off) < 4 * np.array(errors[3:]))
    assert np.linalg.norm(off_turn) < 4 * np.linalg.norm(errors[:3])
    assert aligned.rotation_angle == pytest.approx(np.degrees(np.linalg.norm(pose_fit.vector_of(TURN))), abs=1.2)
    assert aligned.n_placements == 1 and aligned.mirror_fits is None and aligned.cut_off == 0


def test_all_that_belongs_to_the_map_moves_with_it(aligned):
    target, truth = given().target_map, drawn(THERE, *TARGET)
    for name in ("aligned_map", "aligned_map_half1", "aligned_map_half2"):
        made = getattr(aligned, name)
        assert (made.shape, made.voxel_size, made.origin) == (target.shape, target.voxel_size, target.origin)
    assert np.corrcoef(aligned.aligned_map.data.ravel(), truth.data.ravel())[0, 1] > 0.9
    mean = (aligned.aligned_map_half1.data + aligned.aligned_map_half2.data) / 2
    np.testing.assert_allclose(mean, aligned.aligned_map.data, atol=1e-2)
    np.testing.assert_allclose(aligned.aligned_model.xyz, THERE, atol=0.6)
    assert aligned.aligned_mask is None                              # none was given


def test_a_mask_moves_too_and_stays_within_0_and_1():
    mask = drawn(ATOMS, SHAPE, VOXEL, ORIGIN)
    study = given(mask=mask.with_data(np.clip(mask.data / 0.3, 0, 1)), model=None)
    moved = compute_map_align(study, MapAlignParams()).aligned_mask
    assert moved.data.min() >= 0 and moved.data.max() <= 1
    wanted = np.clip(drawn(THERE, *TARGET).data / 0.3, 0, 1)
    assert np.corrcoef(moved.data.ravel(), wanted.ravel())[0, 1] > 0.97


def test_the_operators_are_read_back(aligned, tmp_path):
    path = tmp_path / "placements.txt"
    path.write_text(aligned.operators, encoding="utf-8")
    found = read_symmetry(str(path)).operators[-1]
    np.testing.assert_allclose(ATOMS @ found[:, :3].T + found[:, 3], THERE, atol=0.6)
    np.testing.assert_allclose(aligned.aligned_model.xyz, ATOMS @ found[:, :3].T + found[:, 3], atol=2e-3)


@pytest.mark.heavy
def test_the_other_way_round_is_the_inverse(aligned):
    there = compute_map_align(Study(full_map=given().target_map, target_map=given().half1), MapAlignParams())
    back = pose_fit.turn_by(np.radians(vector(there, "rotation")))
    assert pose_search.angles_between(TURN.T, back[None])[0] < 2
    centre = np.array([float(v) for v in there.centre.split(",")])
    undone = pose_resample.inverse_of(OPERATOR)
    assert np.linalg.norm(centre + vector(there, "shift") - (undone[:, :3] @ centre + undone[:, 3])) < 0.15


@pytest.mark.heavy
def test_the_mirror_image_is_recognised():
    flip = np.array([-1.0, 1.0, 1.0])
    image = (ATOMS - middle(SHAPE, VOXEL, ORIGIN)) * flip + middle(SHAPE, VOXEL, ORIGIN)
    halves = dict(half1=drawn(image, SHAPE, VOXEL, ORIGIN, 1), half2=drawn(image, SHAPE, VOXEL, ORIGIN, 2), model=model_of(image))
    found = compute_map_align(given(**halves), MapAlignParams(mirror=True))
    assert found.aligned and found.mirror_fits is True and found.hand_margin > 0.15
    assert np.corrcoef(found.aligned_map.data.ravel(), drawn(THERE, *TARGET).data.ravel())[0, 1] > 0.9
    np.testing.assert_allclose(found.aligned_model.xyz, THERE, atol=0.6)
    assert "wrong hand" in " ".join(found.warnings) and "mirror image" in found.summary
    right = compute_map_align(given(model=None), MapAlignParams(mirror=True))
    assert right.mirror_fits is False and right.hand_margin > 0.15


@pytest.mark.heavy
def test_other_molecules_have_no_alignment_and_no_number():
    other = walk(9) + middle(SHAPE, VOXEL, ORIGIN)
    study = given(half1=drawn(other, SHAPE, VOXEL, ORIGIN, 1), half2=drawn(other, SHAPE, VOXEL, ORIGIN, 2))
    found = compute_map_align(study, MapAlignParams())
    assert found.aligned is False and found.summary.startswith("No alignment")
    assert all(getattr(found, name) is None and getattr(found, f"{name}_error") is None for name in NAMES)
    assert found.placements is None and not found.maps and found.aligned_model is None and found.z_score < 6


def _group(name, turn, at):
    """Operators of a point group whose axes are turned and meet at a point."""
    rotations = turn @ point_group(name).operators[:, :, :3] @ turn.T
    return Symmetry(np.concatenate([rotations, (at - rotations @ at)[:, :, None]], axis=2))


def test_axes_of_a_symmetry_are_brought_to_those_of_the_box():
    at = middle(SHAPE, VOXEL, ORIGIN) + np.array([3.0, 4.0, -2.0])
    symmetry = _group("D3", TURN, at)
    atoms = np.concatenate([(walk(4, 25) * 0.5 + at + [9, 5, 4]) @ o[:, :3].T + o[:, 3] for o in symmetry.operators])
    study = Study(full_map=drawn(atoms, SHAPE, VOXEL, ORIGIN, 1), model=model_of(atoms), symmetry=symmetry)
    found = compute_map_align(study, MapAlignParams())
    assert found.aligned and found.point_group == "D3" and found.symmetry_correlation > 0.9
    assert found.rotation_x_error is None and found.n_placements is None
    made = found.aligned_map
    assert (made.shape, made.voxel_size, made.origin) == (SHAPE, VOXEL, ORIGIN)
    # in the new box it is its own copy under the group of that name, about voxel n // 2
    centre = np.array(ORIGIN) + np.array(SHAPE[::-1]) // 2 * np.array(VOXEL)
    moved = found.aligned_model.xyz
    for rotation in point_group("D3").operators[:, :, :3]:
        copy = (moved - centre) @ rotation.T + centre
        assert np.linalg.norm(copy[:, None] - moved[None], axis=2).min(axis=1).max() < 5e-3
    assert np.corrcoef(made.data.ravel(), drawn(moved, SHAPE, VOXEL, ORIGIN).data.ravel())[0, 1] > 0.9
    wrong = compute_map_align(study.with_(symmetry=_group("C4", TURN, at), model=None), MapAlignParams())
    assert wrong.point_group == "C4" and wrong.symmetry_correlation < 0.5


@pytest.mark.parametrize("name", ["C2", "C7", "D2", "D5", "T", "O", "I2", "I1"])
def test_the_smallest_turn_brings_any_group_to_its_frame(name):
    rotations = TURN @ point_group(name).operators[:, :, :3] @ TURN.T
    known, turn = conventional(rotations)
    assert known == name.replace("I1", "I2")
    ideal, found = point_group(known).operators[:, :, :3], turn @ rotations @ turn.T
    assert np.abs(found[:, None] - ideal[None]).max(axis=(2, 3)).min(axis=1).max() < 1e-6
    assert np.linalg.norm(pose_fit.vector_of(turn)) <= np.linalg.norm(pose_fit.vector_of(TURN)) + (1.0 if name == "I1" else 1e-9)


@pytest.mark.parametrize("more, words", [
    (dict(symmetry=Symmetry(np.eye(3, 4)[None])), "Both a target map and a symmetry"),
    (dict(target_map=None, symmetry=Symmetry(np.eye(3, 4)[None])), "The symmetry is C1"),
    (dict(target_map=None, symmetry=Symmetry(np.stack([np.eye(3, 4), np.c_[TURN, np.zeros(3)]]))), "no point group of rotations")])
def test_a_symmetry_that_is_none_gets_a_sentence(more, words):
    with pytest.raises(InputError, match=words):
        compute_map_align(given(model=None, **more), MapAlignParams())


@pytest.mark.heavy
def test_a_placement_that_is_not_there_is_refused():
    with pytest.raises(InputError, match=r"Placement 2 was asked for and there is 1; take one of the table\."):
        compute_map_align(given(), MapAlignParams(placement=2))


@pytest.mark.heavy
def test_a_target_box_that_is_too_small_is_said():
    shape, voxel, origin = TARGET
    full = drawn(THERE, *TARGET, seed=3)
    cut = Map(np.ascontiguousarray(full.data[:, :, 22:]), voxel, (origin[0] + 22 * voxel[0], origin[1], origin[2]))
    found = compute_map_align(given(target_map=cut), MapAlignParams())
    assert found.aligned and 0.02 < found.cut_off < 0.5
    at = np.array([float(v) for v in found.centre.split(",")])
    assert np.linalg.norm(at + vector(found, "shift") - (TURN @ at + OPERATOR[:, 3])) < 0.5


@pytest.mark.parametrize("more, error, words", [
    (dict(target_map=None), MissingInputError, "nothing to align to"),
    (dict(half1=None, half2=None), MissingInputError, "none was given"),
    (dict(target_map=Map(np.ones((20, 20, 20), np.float32), VOXEL)), InputError, "the same value"),
    (dict(target_map=Map(np.ones((1, 1, 1), np.float32), VOXEL)), InputError, ""),
    (dict(mask=Map(np.zeros(SHAPE, np.float32), VOXEL, ORIGIN)), InputError, "mask")])
def test_bad_inputs_get_a_sentence(more, error, words):
    with pytest.raises(error) as caught:
        compute_map_align(given(**more), MapAlignParams())
    assert words in str(caught.value).lower() and str(caught.value).endswith(".")


@pytest.mark.heavy
def test_files_and_checks(tmp_path):
    study = given()
    paths = {name: str(tmp_path / f"{name}.mrc") for name in ("half1", "half2", "target_map")}
    for name, path in paths.items():
        write_map(path, getattr(study.inputs, name))
    document = runner.execute("map_align", paths, {}, str(tmp_path / "out"))
    checks = {c["metric"]: c["status"] for c in document["checks"]}
    assert checks["aligned"] == "ok" and checks["test_correlation"] == "ok" and checks["cut_off"] == "ok"
    moved = read_map(str(tmp_path / "out" / document["maps"]["aligned_map"]["path"]))
    assert moved.origin == pytest.approx(TARGET[2]) and moved.shape == TARGET[0]
    other = drawn(walk(9) + middle(SHAPE, VOXEL, ORIGIN), SHAPE, VOXEL, ORIGIN, 5)
    write_map(str(tmp_path / "other.mrc"), other)
    wrong = runner.execute("map_align", {"full_map": str(tmp_path / "other.mrc"), "target_map": paths["target_map"]}, {})
    assert {c["metric"]: c["status"] for c in wrong["checks"]}["aligned"] == "warn" and not wrong.get("maps")
