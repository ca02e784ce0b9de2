"""Whitened bands and correlations of turned maps: naive twins on boxes of any shape, and what must not change them."""
from __future__ import annotations

import numpy as np
import pytest
import scipy.ndimage
from scipy.spatial.transform import Rotation

from cryoqa_plugin.core import fourier, pose_bands
from symmetric import symmetric

SHAPES = [((24, 24, 24), (1.5, 1.5, 1.5)), ((21, 26, 23), (1.3, 1.1, 1.6))]


def volume(shape, voxel, origin=(2.0, -3.0, 5.0)):
    data = np.random.default_rng(3).standard_normal(shape).astype(np.float32)
    from cryoqa_plugin.core.symmetry_copies import coefficients
    return pose_bands.Volume(data, coefficients(data), np.array(voxel), np.array(origin))


def naive_values(v, at, cubic):
    """Values at places (x, y, z in Å) by scipy; 0 outside."""
    index = (at - v.origin) / v.voxel
    inside = np.all((index >= 0) & (index <= np.array(v.data.shape[::-1]) - 1), axis=1)
    found = scipy.ndimage.map_coordinates(v.data.astype(float), index[:, ::-1].T, order=3 if cubic else 1, mode="grid-wrap")
    return np.where(inside, found, 0)


@pytest.mark.parametrize("cubic", [True, False])
@pytest.mark.parametrize("shape, voxel", SHAPES)
def test_values_are_those_of_scipy(shape, voxel, cubic):
    v = volume(shape, voxel)
    rng = np.random.default_rng(1)
    at = v.origin + rng.uniform(-0.1, 1.1, (400, 3)) * np.array(shape[::-1]) * v.voxel
    operator = pose_bands.about(Rotation.random(random_state=2).as_matrix(), v.origin + 15.0, (1.0, 2.0, -3.0))
    np.testing.assert_allclose(pose_bands.values_at(v, at, cubic=cubic), naive_values(v, at, cubic), atol=2e-4)
    moved = at @ operator[:, :3].T + operator[:, 3]
    np.testing.assert_allclose(pose_bands.values_at(v, at, operator, cubic=cubic), naive_values(v, moved, cubic), atol=2e-4)


@pytest.mark.parametrize("cubic", [True, False])
def test_correlations_are_those_of_numpy(cubic):
    shape, voxel = SHAPES[1]
    v = volume(shape, voxel)
    at = v.origin + np.random.default_rng(4).uniform(0.1, 0.9, (300, 3)) * np.array(shape[::-1]) * v.voxel
    first = pose_bands.values_at(v, at, cubic=cubic)
    operators = pose_bands.about(Rotation.random(6, random_state=5).as_matrix(), v.origin + 14.0)
    found = pose_bands.correlations(first, v, at, operators, cubic=cubic)
    for operator, value in zip(operators, found):
        moved = naive_values(v, at @ operator[:, :3].T + operator[:, 3], cubic)
        assert value == pytest.approx(np.corrcoef(first, moved)[0, 1], abs=1e-4)
    assert pose_bands.correlations(first, v, at, np.eye(3, 4), cubic=cubic)[0] == pytest.approx(1, abs=1e-6)


def test_a_map_of_one_value_correlates_with_nothing():
    v = volume(*SHAPES[0])
    flat = v._replace(data=np.ones_like(v.data), splines=np.ones_like(v.data))
    at = v.origin + np.random.default_rng(4).uniform(5, 20, (50, 3))
    assert pose_bands.correlations(np.arange(50.0), flat, at, np.eye(3, 4))[0] == 0


def test_about_leaves_the_centre_in_place_and_shifts():
    turns, centre = Rotation.random(5, random_state=1).as_matrix(), np.array([3.0, 4.0, 5.0])
    operators = pose_bands.about(turns, centre, (1.0, 0.0, 2.0))
    np.testing.assert_allclose(operators[:, :, :3] @ centre + operators[:, :, 3], np.tile(centre + (1, 0, 2), (5, 1)), atol=1e-12)


def test_scale_and_offset_of_a_map_do_not_matter():
    made = symmetric("C2", noise=0.4)
    first = pose_bands.prepare(made.half1.data, made.half2.data, made.mask.data, made.half1.voxel_size)
    other = pose_bands.prepare(30 * made.half1.data + 500, 7 * made.half2.data - 90, made.mask.data, made.half1.voxel_size)
    assert other.resolution == first.resolution and other.radius == pytest.approx(first.radius, rel=1e-4)
    np.testing.assert_allclose(other.fsc, first.fsc, atol=2e-3)
    one, two = pose_bands.band(first, 50, 9), pose_bands.band(other, 50, 9)
    np.testing.assert_allclose(two.one.data, one.one.data, atol=0.01 * one.one.data.std())


def test_a_band_has_even_shells_within_its_ends_and_keeps_the_place():
    made = symmetric("C2", noise=0.4)
    ready = pose_bands.prepare(made.half1.data, made.half2.data, made.mask.data, made.half1.voxel_size)
    found = pose_bands.band(ready, 40, 10).one
    geo = fourier.geometry(found.data.shape, tuple(found.voxel))
    k = [np.fft.fftfreq(n, 1 / n) * s for n, s in zip(geo.shape[:2], geo.steps)] + [np.fft.rfftfreq(geo.shape[2], 1 / geo.shape[2])
                                                                                   * geo.steps[2]]
    shell = np.rint(np.sqrt(k[0][:, None, None] ** 2 + k[1][None, :, None] ** 2 + k[2][None, None, :] ** 2)).astype(int)
    power = np.bincount(shell.ravel(), (np.abs(fourier.forward(found.data)) ** 2).ravel()) / np.bincount(shell.ravel())
    at = np.arange(len(power)) / geo.length
    within, beyond = power[(at > 1 / 30) & (at < 1 / 11)], power[(at > 1 / 8.5) & (at < 1 / 7)]
    assert beyond.max() < 0.01 * within.mean() and within.std() < 0.1 * within.mean()
    places = pose_bands.points(ready, 500)
    whole = pose_bands.Volume(made.half1.data, made.half1.data, np.array(made.half1.voxel_size), np.zeros(3))
    assert np.corrcoef(pose_bands.values_at(found, places), pose_bands.values_at(whole, places, cubic=False))[0, 1] > 0.3
    assert np.all(pose_bands.values_at(whole._replace(data=made.mask.data), places, cubic=False) > 0.5)


def test_noise_is_the_difference_and_holds_no_signal():
    made = symmetric("C1", noise=0.0)
    ready = pose_bands.prepare(made.half1.data, made.half2.data, made.mask.data, made.half1.voxel_size)
    assert not pose_bands.noise(ready, 20, 7).data.any()
    noisy = symmetric("C1", noise=0.5)
    ready = pose_bands.prepare(noisy.half1.data, noisy.half2.data, noisy.mask.data, noisy.half1.voxel_size)
    assert pose_bands.noise(ready, 20, 7).data.std() > 0


def test_a_map_alone_has_its_resolution_from_the_voxels():
    made = symmetric("C2", noise=0.1)
    ready = pose_bands.prepare(made.half1.data, None, made.mask.data, made.half1.voxel_size)
    assert ready.resolution == pytest.approx(3 * made.half1.voxel_size[0]) and ready.transforms[0] is ready.transforms[1]
    assert pose_bands.prepare(made.half1.data, None, made.mask.data, made.half1.voxel_size, 12.0).resolution == 12.0
