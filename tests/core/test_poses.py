"""Poses of one map on another: rotations, the search, the fit with its errors, and maps moved, against naive twins and known truth."""
from __future__ import annotations

import naive_poses
import numpy as np
import pytest
import scipy.ndimage

from cryoqa_plugin.core import pose_bands, pose_fit, pose_place, pose_resample, pose_search
from cryoqa_plugin.core.pose_fit import Pose

VOXEL = (1.8, 1.9, 2.0)
TURN = pose_fit.turn_by(np.array([0.9, -0.4, 1.3]))


def molecule(seed=1, n=60, spread=11.0):
    """Places (x, y, z in Å about 0) and widths of blobs along a random walk."""
    rng = np.random.default_rng(seed)
    walk = np.cumsum(rng.standard_normal((n, 3)) * 4, axis=0)
    return (walk - walk.mean(axis=0)) / walk.std() * spread


def blobs(places, shape, voxel, sigma=2.2):
    """Blobs at places (x, y, z in Å from the first voxel), float32 [z, y, x]."""
    lines = [np.arange(n) * v for n, v in zip(shape, voxel[::-1])]
    out = np.zeros(shape)
    for x, y, z in places:
        one = [np.exp(-(line - c) ** 2 / (2 * sigma ** 2)) for line, c in zip(lines, (z, y, x))]
        out += one[0][:, None, None] * one[1][None, :, None] * one[2][None, None, :]
    return out.astype(np.float32)


def noisy(signal, seed, level=0.15):
    return signal + np.float32(level) * np.random.default_rng(seed).standard_normal(signal.shape).astype(np.float32)


def mask_of(signal):
    near = scipy.ndimage.maximum_filter(signal, 5) > 0.15
    return np.clip(scipy.ndimage.gaussian_filter(near.astype(float), 1), 0, 1).astype(np.float32)


def prepared(places, shape, voxel, seed=None, level=0.15):
    signal = blobs(places, shape, voxel)
    return pose_bands.prepare(signal if seed is None else noisy(signal, seed, level), None, mask_of(signal), voxel)


def moved_by(rotation, shift, seed_a=1, seed_b=2, blob_seed=1):
    """A map and the same molecule turned and moved in another box with other voxels; the operator between their frames."""
    places = molecule(blob_seed)
    shape, other, size = (46, 48, 50), (56, 52, 54), (2.0, 2.0, 2.0)
    middle, target = (np.array(s[::-1]) / 2 * np.array(v) for s, v in ((shape, VOXEL), (other, size)))
    operator = np.concatenate([rotation, (target + shift - rotation @ middle)[:, None]], axis=1)
    there = (places + middle) @ rotation.T + operator[:, 3]
    return prepared(places + middle, shape, VOXEL, seed_a), prepared(there, other, size, seed_b), operator


# -------------------------- rotations --------------------------

def test_rotations_are_rotations_and_cover_all_orientations():
    found = pose_search.rotations(3000)
    np.testing.assert_allclose(found @ found.transpose(0, 2, 1), np.broadcast_to(np.eye(3), found.shape), atol=1e-12)
    np.testing.assert_allclose(np.linalg.det(found), 1)
    # 3000 balls that fill three quarters of the space have a radius of 8.6 degrees; no orientation is further than 1.7 of it
    rng = np.random.default_rng(3)
    four = rng.standard_normal((100, 4))
    for one in pose_search.of_quaternions(four / np.linalg.norm(four, axis=1)[:, None]):
        assert pose_search.angles_between(one, found).min() < 15


@pytest.mark.parametrize("vector", [(0.0, 0.0, 0.0), (1e-9, 0, 0), (0.3, -0.2, 0.9), (0, np.pi - 1e-7, 0), (2.0, 1.0, -1.5), (np.pi, 0, 0)])
def test_a_rotation_vector_comes_back(vector):
    turn = pose_fit.turn_by(np.array(vector))
    back = pose_fit.vector_of(turn)
    np.testing.assert_allclose(pose_fit.turn_by(back), turn, atol=1e-9)
    assert np.linalg.norm(back) <= np.pi + 1e-12
    assert pose_search.angles_between(np.eye(3), turn[None])[0] == pytest.approx(np.degrees(np.linalg.norm(vector)), abs=1e-6)


@pytest.mark.parametrize("vector", [(0.0, 0.0, 0.0), (0.4, -0.8, 0.3), (1.5, 1.2, 2.2)])
def test_errors_of_the_rotation_vector_are_those_of_small_turns_after_it(vector):
    rng = np.random.default_rng(5)
    covariance = np.diag([1.0, 4.0, 9.0]) * 1e-6
    covariance[0, 1] = covariance[1, 0] = 1.5e-6
    turn = pose_fit.turn_by(np.array(vector))
    draws = rng.multivariate_normal(np.zeros(3), covariance, 4000)
    made = np.array([pose_fit.vector_of(pose_fit.turn_by(w) @ turn) for w in draws])
    found, errors = pose_fit.angle_errors(turn, covariance)
    np.testing.assert_allclose(found, np.degrees(vector), atol=1e-9)
    np.testing.assert_allclose(errors, np.degrees(made.std(axis=0)), rtol=0.05)


def test_the_inverse_of_a_pose_undoes_it_with_its_errors():
    rng = np.random.default_rng(6)
    factor = rng.standard_normal((6, 6)) * 1e-3
    pose = Pose(TURN, np.array([3.0, -2.0, 7.0]), np.array([10.0, 4.0, -6.0]), 0.9, factor @ factor.T)
    back = pose.inverse()
    at = rng.standard_normal((5, 3)) * 20
    there = at @ pose.operator[:, :3].T + pose.operator[:, 3]
    np.testing.assert_allclose(there @ back.operator[:, :3].T + back.operator[:, 3], at, atol=1e-9)
    # the inverse of poses that scatter as the covariance says scatters as its own covariance says
    steps = rng.multivariate_normal(np.zeros(6), pose.covariance, 4000)
    found = []
    for step in steps:
        one = np.linalg.inv(pose_fit.moved(pose, step).operator[:, :3])
        moved = pose_fit.moved(pose, step).operator
        lands = one @ (back.pivot - moved[:, 3])
        found.append(np.r_[pose_fit.vector_of(one @ back.rotation.T), lands - back.at])
    np.testing.assert_allclose(np.cov(np.array(found).T), back.covariance, atol=0.08 * np.abs(back.covariance).max())


# -------------------------- kernels --------------------------

def test_values_and_slopes_are_those_of_their_naive_twin():
    one = prepared(molecule() + 45, (46, 48, 50), VOXEL, seed=3)
    volume = pose_bands.band(one, 60.0, 8.0).one
    rng = np.random.default_rng(1)
    xyz = rng.uniform(20, 70, (200, 3))
    operator = pose_bands.about(pose_fit.turn_by(np.array([0.2, 0.1, -0.3])), np.full(3, 45.0), (1.0, -2.0, 0.5))
    at = (xyz @ operator[:, :3].T + operator[:, 3] - volume.origin) / volume.voxel
    found = pose_fit.values_and_slopes(volume, xyz, operator)
    scale = volume.data.std()
    kept = naive_poses.inside(at, volume.data.shape)
    assert kept.sum() > 100
    np.testing.assert_allclose(found[:, 0], naive_poses.read(volume.data, at), atol=2e-5 * scale)
    np.testing.assert_allclose(found[kept, 1:] * volume.voxel, naive_poses.slopes(volume.data, at)[kept], atol=2e-4 * scale)
    assert not found[~kept].any()


def test_the_search_finds_the_shift_of_its_naive_twin():
    small, large, _ = moved_by(np.eye(3), np.zeros(3))
    coarse, fine = pose_search.search_band(small, 6.0)
    one, other = pose_bands.band(small, coarse, fine).one, pose_bands.band(large, coarse, fine).one
    found = pose_search.coarse_poses(small, large, one, other, fine)
    best = found[0]
    # the same turn of the map on the same grid, all shifts one after the other
    step = fine / 2.6
    n = 12
    axis = (np.arange(n) - n // 2) * step
    grid = np.stack([a.ravel() for a in np.meshgrid(axis, axis, axis, indexing="ij")][::-1], axis=1)
    back = grid @ best.rotation + small.centre
    turned = naive_poses.read(one.data, (back - one.origin) / one.voxel, order=1) * (np.linalg.norm(grid, axis=1) <= small.reach + step)
    fixed = naive_poses.read(other.data, (grid + large.centre - other.origin) / other.voxel)
    _, shift = naive_poses.best_shift(turned.reshape(n, n, n), fixed.reshape(n, n, n))
    wanted = [(s if s <= n // 2 else s - n) * step for s in shift[::-1]]
    np.testing.assert_allclose(best.at - large.centre, wanted, atol=1e-6)


def test_a_map_moved_is_that_of_its_naive_twin():
    shape, voxel, new = (14, 15, 16), (1.5, 1.4, 1.6), (1.35, 1.4, 1.3)
    rng = np.random.default_rng(2)
    data = np.full(shape, 0.7)
    z, y, x = np.meshgrid(*(np.arange(n) for n in shape), indexing="ij")
    for kz, ky, kx in ((1, 2, 0), (0, -3, 4), (5, 1, -2), (-4, 5, 6)):             # to three quarters of Nyquist
        data += rng.uniform(0.5, 2) * np.cos(2 * np.pi * (kz * z / 14 + ky * y / 15 + kx * x / 16) + rng.uniform(0, 6))
    operator = np.concatenate([TURN, np.array([[9.0], [11.0], [4.0]])], axis=1)
    found = pose_resample.resampled(data.astype(np.float32), voxel, operator, (15, 13, 17), new, level=0.7)
    wanted = naive_poses.resampled(data, voxel, operator, (15, 13, 17), new, 0.7)
    edge = np.abs(wanted - 0.7) > 0
    assert found.dtype == np.float32 and 0.1 < edge.mean() < 0.9
    assert np.sqrt(((found - wanted)[edge] ** 2).mean()) < 0.03 * wanted[edge].std()
    np.testing.assert_allclose(found[~edge], 0.7, atol=1e-6)


def test_larger_voxels_hold_no_detail_that_they_cannot():
    rng = np.random.default_rng(4)
    data = rng.standard_normal((40, 40, 40)).astype(np.float32)
    out = pose_resample.resampled(data, (1.0,) * 3, np.eye(3, 4), (20, 20, 20), (2.0,) * 3)
    assert out.var() == pytest.approx(np.pi / 6 / 8 * 0.86, rel=0.15)               # the ball to Nyquist less its edge, of unit noise
    same = pose_resample.resampled(data, (1.0,) * 3, np.eye(3, 4), (40, 40, 40), (1.0,) * 3)
    assert np.corrcoef(same[1:-1].ravel(), data[1:-1].ravel())[0, 1] > 0.95


# -------------------------- poses --------------------------

@pytest.mark.parametrize("rotation, shift", [
    (TURN, (5.0, -4.0, 6.5)), pytest.param(np.eye(3), (0.0, 0.0, 0.0), marks=pytest.mark.heavy),
    pytest.param(pose_fit.turn_by(np.array([0.0, np.pi, 0.0])), (-3.0, 2.0, 1.0), marks=pytest.mark.heavy)])
def test_a_map_is_found_where_it_lies(rotation, shift):
    moving, target, operator = moved_by(rotation, np.array(shift))
    for one, other, true in ((moving, target, operator), (target, moving, pose_resample.inverse_of(operator))):
        found = pose_place.place(one, other)
        assert found.z >= pose_place.SURE and found.poses
        pose = found.poses[0].pose
        error = np.r_[pose_fit.vector_of(pose.rotation @ true[:, :3].T), pose.at - true[:, :3] @ pose.pivot - true[:, 3]]
        assert np.degrees(np.linalg.norm(error[:3])) < 0.5 and np.linalg.norm(error[3:]) < 0.15
        assert np.all(np.abs(error) < 5 * np.sqrt(np.diag(pose.covariance)))


@pytest.mark.heavy
def test_another_molecule_and_noise_are_not_found():
    moving, target, _ = moved_by(TURN, np.zeros(3))
    other = prepared(molecule(9) + 45, (46, 48, 50), VOXEL, seed=4)
    inside = mask_of(blobs(molecule() + 45, (46, 48, 50), VOXEL))
    noise = pose_bands.prepare(np.random.default_rng(5).standard_normal(inside.shape).astype(np.float32), None, inside, VOXEL)
    for one in (other, noise):
        found = pose_place.place(one, target)
        assert not found.poses and found.z < pose_place.SURE
    assert pose_place.place(moving, target).poses


@pytest.mark.heavy
def test_the_copies_of_a_symmetric_target_are_all_listed():
    places = molecule(2, spread=10.0)
    middle = np.full(3, 72.0)
    offset = np.array([24.0, 0, 5.0])
    turns = [pose_fit.turn_by(np.array([0, 0, 2 * np.pi * k / 3])) for k in range(3)]
    target = prepared(np.concatenate([(places + offset) @ t.T + middle for t in turns]), (72, 72, 72), (2.0,) * 3, seed=1)
    moving = prepared(places + 45, (50, 50, 50), VOXEL, seed=2)
    found = pose_place.place(moving, target)
    assert len(found.poses) == 3
    for turn in turns:
        assert min(pose_search.angles_between(turn, np.array([p.pose.rotation for p in found.poses]))) < 1


@pytest.mark.heavy
def test_errors_are_as_large_as_they_are_said_to_be():
    scores = []
    for seed in range(16):
        rng = np.random.default_rng(seed)
        moving, target, true = moved_by(pose_fit.turn_by(rng.uniform(-1.5, 1.5, 3)), rng.uniform(-4, 4, 3), 100 + seed, 200 + seed)
        pose = pose_place.place(moving, target).poses[0].pose
        error = np.r_[pose_fit.vector_of(pose.rotation @ true[:, :3].T), pose.at - true[:, :3] @ pose.pivot - true[:, 3]]
        scores.append(error / np.sqrt(np.diag(pose.covariance)))
    assert 0.75 < np.sqrt(np.mean(np.square(scores))) < 1.3


@pytest.mark.heavy
def test_a_weak_pose_must_hold_in_the_next_finer_band(monkeypatch):
    """Without a strong correlation the next band decides: there a true pose keeps its correlation."""
    moving, target, _ = moved_by(TURN, np.zeros(3))
    monkeypatch.setattr(pose_place, "_STRONG", 2.0)                          # no correlation is strong
    found = pose_place.place(moving, target)
    assert found.poses and found.beyond > 0.8 * found.alike
    monkeypatch.setattr(pose_place, "HOLDS", 1.2)                            # more than a true pose can keep
    lost = pose_place.place(moving, target)
    assert not lost.poses and lost.beyond == found.beyond and lost.alike == found.alike
