"""Kernels on the noise of half-maps against plain versions."""
from __future__ import annotations

import naive_noise as naive
import numpy as np
import pytest

from cryoqa_plugin.core import fourier, masks, noise, shells
from cryoqa_plugin.core.distance import squared_distance
from cryoqa_plugin.core.threads import set_threads

BOXES = [((12, 13, 14), (1.0, 1.0, 1.0)), ((15, 12, 16), (1.2, 0.9, 1.5))]


def _halves(shape, seed=3):
    rng = np.random.default_rng(seed)
    return [rng.standard_normal(shape).astype(np.float32) for _ in range(2)]


def _square(shape, voxel):
    return squared_distance(masks.ball(shape, voxel, 3.0), voxel, 8.0)


@pytest.mark.parametrize("shape, voxel", BOXES)
def test_noise_by_radius_is_that_of_the_plain_version(shape, voxel):
    a, b = _halves(shape)
    square = _square(shape, voxel)
    got = noise.noise_by_radius(a, b, square, voxel, 1.1, 4.0)
    for ours, theirs in zip(got, naive.noise_by_radius(a, b, square, voxel, 1.1, 4.0)):
        np.testing.assert_allclose(ours, theirs, rtol=1e-10)
    assert got.voxels.sum() == a.size and 0 < got.voxels_in.sum() < got.voxels_out.sum()


@pytest.mark.parametrize("shape, voxel", BOXES)
@pytest.mark.parametrize("reach", [7.0, np.inf])
def test_solvent_weight_is_that_of_the_plain_version(shape, voxel, reach):
    a, b = _halves(shape)
    square = _square(shape, voxel)
    weight = naive.solvent_weight(square, voxel, 1.0, 3.0, min(reach, 1e9), 2.0)
    expected = [m * weight for m in (a, b)]
    sums = noise.keep_solvent(a, b, square, voxel, 1.0, 3.0, reach, 2.0)
    for ours, theirs in zip((a, b), expected):
        np.testing.assert_allclose(ours, theirs, atol=2e-6)
    np.testing.assert_allclose(sums, [(weight ** 2).sum(), (weight ** 4).sum()], rtol=1e-6)


def test_sums_do_not_depend_on_threads():
    shape, voxel = (40, 11, 13), (1.0, 1.0, 1.0)
    square, found = _square(shape, voxel), []
    try:
        for threads in (1, 3):
            set_threads(threads)
            a, b = _halves(shape)
            radial = noise.noise_by_radius(a, b, square, voxel, 1.0, 4.0)
            found.append(np.concatenate([*radial, noise.keep_solvent(a, b, square, voxel, 1.0, 3.0), a.ravel()]))
    finally:
        set_threads(0)
    np.testing.assert_array_equal(*found)


def test_noise_power_is_that_of_the_scaled_difference():
    n = 13
    geo, (a, b) = fourier.geometry((n,) * 3), _halves((n,) * 3)
    b += 0.7 * a
    sums = shells.cross_sums(fourier.forward(a), fourier.forward(b), geo)
    k = np.fft.fftfreq(n) * n
    shell = np.rint(np.sqrt(k[:, None, None] ** 2 + k[None, :, None] ** 2 + k[None, None, :] ** 2)).astype(int)
    expected = naive.noise_power(np.fft.fftn(a), np.fft.fftn(b), shell, geo.n_shells)
    np.testing.assert_allclose(noise.noise_power(sums), expected, rtol=1e-4)


def test_whitened_noise_has_variance_one_at_each_kept_frequency():
    shape, voxel = (36, 36, 36), (2.0, 2.0, 2.0)
    geo = fourier.geometry(shape, voxel)
    f1, f2 = (fourier.forward(m * s) for m, s in zip(_halves(shape), (1.0, 250.0)))
    kept = f1.copy()
    a, b = noise.whitened(f1, f2, shells.cross_sums(f1, f2, geo), geo, 0.2)
    np.testing.assert_array_equal(f1, kept)
    power, _, count = shells.power_sums(fourier.forward((a - b) / np.sqrt(2)), geo)
    power /= count * a.size
    freq = fourier.frequencies(geo)
    inside = (freq > 1 / noise.COARSEST + 1 / geo.length) & (freq < 0.2 - 1 / geo.length)
    np.testing.assert_allclose(power[inside], 1, atol=0.02)
    assert power[freq > 0.2 + 1 / geo.length].max() < 1e-10


@pytest.mark.parametrize("shape, voxel", [((44, 44, 44), (1.5, 1.5, 1.5)), ((40, 36, 45), (2.5, 2.2, 2.0))])
def test_molecule_is_that_of_the_plain_version(shape, voxel):
    rng = np.random.default_rng(4)
    inside = masks.ball(shape, voxel, 0.28 * min(n * v for n, v in zip(shape, voxel[::-1])))
    signal = masks.gaussian_soften(inside, voxel, 2.0) * (3 + rng.standard_normal(shape).astype(np.float32))
    a, b = (signal + rng.standard_normal(shape).astype(np.float32) + 5 for _ in range(2))
    geo = fourier.geometry(shape, voxel)
    found, core = noise.find_molecule(fourier.forward(a), fourier.forward(b), geo, voxel)
    expected, expected_core = naive.region(a, b, max(12.0, 6 * max(voxel)), voxel)
    assert np.count_nonzero(found ^ expected) < 0.02 * expected.sum()
    assert np.count_nonzero(core ^ expected_core) < 0.02 * expected_core.sum() and not np.any(core & ~found)
    assert np.count_nonzero(found & inside) > 0.99 * inside.sum()


def test_mean_within_is_that_of_the_region():
    rng = np.random.default_rng(3)
    a, b = rng.standard_normal((2, 9, 10, 11)).astype(np.float32)
    region = rng.random(a.shape) < 0.3
    assert noise.mean_within(a, b, region) == pytest.approx(((a.astype(float) - b)[region] ** 2).mean() / 2, rel=1e-12)
    assert noise.mean_within(a, b, np.zeros(a.shape, bool)) == 0.0
