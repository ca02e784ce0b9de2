"""Axes, groups and verdicts on made-up molecules whose symmetry is known; names and subgroups of all groups."""
from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from cryoqa_plugin.core import pose_bands, symmetry_axes, symmetry_groups, symmetry_verdict
from cryoqa_plugin.io.symmetry import point_group
from symmetric import TURN, axis_error, symmetric

NAMES = ["C1", "C2", "C7", "C12", "D2", "D3", "D7", "T", "O", "I1", "I3"]


def group(name):
    return point_group(name).operators[:, :, :3]


def prepared(made):
    return pose_bands.prepare(made.half1.data, made.half2.data, made.mask.data, made.half1.voxel_size)


@pytest.mark.parametrize("name", NAMES)
def test_a_group_is_named_whatever_way_it_lies(name):
    assert symmetry_groups.group_name(TURN @ group(name) @ TURN.T) == name.rstrip("0123456789" if name[0] == "I" else "")


@pytest.mark.parametrize("name, axes", [("C5", {5: 1}), ("D3", {3: 1, 2: 3}), ("D4", {4: 1, 2: 4}), ("T", {3: 4, 2: 3}),
                                        ("O", {4: 3, 3: 4, 2: 6}), ("I", {5: 6, 3: 10, 2: 15})])
def test_axes_of_a_group(name, axes):
    found = symmetry_groups.axes_of(TURN @ group(name) @ TURN.T)
    assert {fold: sum(a.fold == fold for a in found) for fold in {a.fold for a in found}} == axes


def test_axis_and_angle_of_a_rotation():
    for angle in (-170.0, -31.0, 12.0, 180.0):
        axis = np.array([0.36, 0.48, 0.8])
        found, turned = symmetry_groups.axis_of(Rotation.from_rotvec(np.radians(angle) * axis).as_matrix())
        np.testing.assert_allclose(found, axis, atol=1e-6)
        assert turned == pytest.approx(angle, abs=1e-4)
    assert symmetry_groups.axis_of(np.eye(3))[1] == 0


def test_turns_are_those_of_scipy():
    axis = np.array([0.6, 0.0, 0.8])
    angles = np.array([0.3, -1.2, 3.1])
    np.testing.assert_allclose(symmetry_axes.turns(axis, angles), Rotation.from_rotvec(angles[:, None] * axis).as_matrix(), atol=1e-12)


def test_the_largest_subgroup_of_some_operators():
    rotations = group("D4")
    names = {symmetry_groups.group_name(rotations[symmetry_groups.subgroup(rotations, kept)])
             for kept in (np.ones(8, bool), np.eye(8, dtype=bool)[0])}
    assert names == {"D4", "C1"}
    around_z = np.abs(rotations[:, 2, 2] - 1) < 1e-9
    assert symmetry_groups.group_name(rotations[symmetry_groups.subgroup(rotations, around_z)]) == "C4"
    one = around_z.copy()
    one[np.flatnonzero(around_z)[[1]]] = False               # without a quarter turn the half turn is left
    kept = symmetry_groups.subgroup(rotations, one)
    assert len(kept) == 2 and all(one[i] for i in kept)


def test_directions_cover_half_of_the_sphere():
    grid = symmetry_axes.half_sphere(5.0)
    assert grid[:, 2].min() > 0 and np.allclose(np.linalg.norm(grid, axis=1), 1)
    any_axis = Rotation.random(200, random_state=1).as_matrix()[:, 0]
    nearest = np.degrees(np.arccos(np.clip(np.abs(any_axis @ grid.T).max(axis=1), 0, 1)))
    assert nearest.max() < 5.0


def test_a_simplex_finds_the_lowest_place():
    best, value = symmetry_axes.simplex(lambda x: float(((x - [0.3, -0.2]) ** 2).sum()), 2, 0.2, 150)
    np.testing.assert_allclose(best, [0.3, -0.2], atol=1e-3)
    assert value < 1e-6


@pytest.mark.heavy
@pytest.mark.parametrize("name, more", [("C5", dict(offset=(4.0, 3.0, -2.0))), ("D2", dict(shape=(38, 46, 43), voxel=(2.6, 2.4, 2.8)))])
def test_axes_are_found_where_they_are(name, more):
    made = symmetric(name, **more)
    found = symmetry_axes.search(prepared(made))
    assert len(found.axes) >= len(symmetry_groups.axes_of(made.rotations))
    best = found.axes[0]
    assert axis_error(best.direction, made.rotations, best.turn) < 0.6 and best.correlation > 0.98 * found.whole
    away = best.point - made.centre
    assert np.linalg.norm(away - (away @ best.direction) * best.direction) < 0.4
    assert found.highest > symmetry_axes.APART and found.tried >= len(found.axes) + len(found.false)


@pytest.mark.parametrize("seed", range(2, 8))
def test_a_molecule_without_symmetry_has_no_axis(seed):
    found = symmetry_axes.search(prepared(symmetric("C1", seed=seed)))
    assert found.axes == () and found.tried == len(found.false)


@pytest.mark.heavy
@pytest.mark.parametrize("name, more", [("C2", {}), ("D3", {}), ("T", dict(away=(14.0, 7.0, 24.0)))])
def test_a_group_is_exact(name, more):
    made = symmetric(name, **more)
    ready = prepared(made)
    found = symmetry_axes.search(ready)
    test = symmetry_axes.AxisTest(found.band, pose_bands.points(ready, 4000, 1), ready.radius)
    likely = [pose for pose, value in symmetry_groups.candidates(found.axes, test, group) if value > symmetry_groups.EXACT * found.whole]
    assert likely[0].name == name
    verdict = symmetry_verdict.judged(likely[0], symmetry_verdict.Bands(ready, found))
    assert verdict.kind == "exact" and verdict.sure and verdict.mean.min() > symmetry_verdict.EXACT
    assert verdict.chance(found.tried) < 1e-3 and verdict.holds_to == pytest.approx(verdict.ends[-1])
    assert max(axis_error(a.direction, made.rotations, a.fold) for a in symmetry_groups.axes_of(verdict.pose.rotations)) < 0.15
    assert symmetry_verdict.exact_part(verdict).order == len(made.rotations)


@pytest.mark.heavy
def test_a_copy_that_is_turned_breaks_a_group_and_leaves_what_it_does_not_touch():
    made = symmetric("C4", away=(22.0, 6.0, 0.0), bent={1: 35.0, 3: 35.0})
    ready = prepared(made)
    found = symmetry_axes.search(ready)
    bands = symmetry_verdict.Bands(ready, found)
    verdict = symmetry_verdict.judged(symmetry_groups.Pose("C4", made.rotations, made.centre), bands)
    angles = np.array([abs(symmetry_groups.axis_of(r)[1]) for r in made.rotations[1:]])
    assert np.all(verdict.mean[angles < 100] < 0.9) and verdict.mean[angles > 100].min() > symmetry_verdict.EXACT
    assert symmetry_verdict.exact_part(verdict).name == "C2" and verdict.kind != "exact"
    assert len(verdict.by_band) == len(verdict.ends) and verdict.by_band[-1] < verdict.by_band[0]
