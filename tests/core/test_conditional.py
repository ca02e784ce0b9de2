"""Conditional means: running means and weights against plain loops, noise and masks, and a truth that is found better than by a filter."""
from __future__ import annotations

import numpy as np
import pytest

from cryoqa_plugin.core import conditional, fourier, shells

VOXEL = (1.0, 1.0, 1.0)


def made(seed=3, n=48, noise=1.5, part=0.1):
    """Half-maps of sharp rods in a ball; the truth; where the ball is."""
    rng = np.random.default_rng(seed)
    k2 = sum(k ** 2 for k in np.meshgrid(*(np.fft.fftfreq(n),) * 3, indexing="ij", sparse=True))
    z, y, x = np.meshgrid(*(np.arange(n) - n // 2,) * 3, indexing="ij")
    ball = np.sqrt(x * x + y * y + z * z) < n * (3 * part / 4 / np.pi) ** (1 / 3)
    points = (rng.random((n, n, n)) > 0.97) * ball
    truth = np.fft.ifftn(np.fft.fftn(points) * np.exp(-40 * k2)).real
    truth /= truth[ball].std()
    halves = [(truth + noise * rng.standard_normal(truth.shape)).astype(np.float32) for _ in range(2)]
    return halves, truth.astype(np.float32), ball


def run(halves, **how):
    geo = fourier.geometry(halves[0].shape, VOXEL)
    found = conditional.conditional_means(*(fourier.forward(h) for h in halves), geo, VOXEL, 3.5, 0.1, **how)
    return found, conditional.combined(found, geo), geo


def agreement(one, two, geo, upto=16):
    sums = shells.cross_sums(fourier.forward(one), fourier.forward(two), geo)
    return float(np.mean(shells.fsc(sums)[3:upto]))


def test_weights_solve_their_equations_and_stay_where_nothing_is_known():
    rng = np.random.default_rng(1)
    base = rng.standard_normal((5, 4, 9))
    products = base @ base.transpose(0, 2, 1) * 1e4
    wanted = rng.standard_normal((5, 4))
    cross = np.einsum("kij,kj->ki", products, wanted)
    np.testing.assert_allclose(conditional.weights(cross, products, np.full(5, 1e-6)), wanted, atol=1e-3)
    none = conditional.weights(np.zeros((2, 4)), np.zeros((2, 4, 4)), np.zeros(2))
    np.testing.assert_array_equal(none, np.tile([0, 0, 0.4, 0.6], (2, 1)))
    held = conditional.weights(cross, products, np.full(5, 1e12))
    np.testing.assert_allclose(held, np.tile([0, 0, 0.4, 0.6], (5, 1)), atol=1e-3)


def test_the_truth_is_nearer_than_to_the_mean_and_each_step_helps():
    halves, truth, _ = made()
    found, denoised, geo = run(halves)
    values = [agreement(m, truth, geo) for m in ((halves[0] + halves[1]) / 2, *((a + b) / 2 for a, b in found.bases))]
    best = agreement((denoised[0] + denoised[1]) / 2, truth, geo)
    assert values[1] == pytest.approx(values[0], abs=5e-3)                # R is a filter
    assert values[2] > values[0] + 0.05 and min(values[3:]) > values[2] - 0.02
    assert best > values[0] + 0.1 and best > max(values) - 0.02


def test_the_spectrum_is_that_of_the_signal():
    halves, truth, _ = made(noise=0.3)
    _, denoised, geo = run(halves)
    sums = shells.cross_sums(fourier.forward((denoised[0] + denoised[1]) / 2), fourier.forward(truth), geo)
    slope = (sums.cross / sums.power2)[3:10]
    np.testing.assert_allclose(slope, 1, atol=0.05)
    assert denoised[0].mean() == pytest.approx(halves[0].mean(), abs=1e-4)


def test_scale_does_not_matter_and_half_maps_may_be_swapped():
    halves, _, _ = made(n=32)
    _, plain, _ = run(halves)
    _, scaled, _ = run([h * 1000 for h in halves])
    np.testing.assert_allclose(scaled[0] / 1000, plain[0], atol=2e-3 * plain[0].std())
    _, swapped, _ = run(halves[::-1])
    np.testing.assert_allclose(swapped[1], plain[0], atol=2e-3 * plain[0].std())


def test_noise_alone_becomes_next_to_nothing():
    rng = np.random.default_rng(5)
    halves = [rng.standard_normal((40, 40, 40)).astype(np.float32) for _ in range(2)]
    mask = np.ones((40, 40, 40), np.float32)
    _, denoised, _ = run(halves, mask=mask)
    mean = (denoised[0] + denoised[1]) / 2
    assert mean.std() < 0.15 * ((halves[0] + halves[1]) / 2).std()


def test_the_own_mask_has_the_volume_and_the_place():
    halves, _, ball = made(noise=0.5)
    mask = conditional.own_mask((halves[0] + halves[1]) / 2, VOXEL, float(ball.mean()))
    assert (mask > 0.5).mean() == pytest.approx(1.3 * ball.mean(), rel=0.15)
    assert mask[ball].mean() > 0.8 and 0 <= mask.min() and mask.max() <= 1.0001
