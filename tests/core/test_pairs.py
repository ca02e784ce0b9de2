"""All sums over pairs of coefficients, and the local correlation, against plain numpy."""
import numpy as np
import pytest

import naive_pairs as naive
import naive_shells
from cryoqa_plugin.core import pairs, shells, threads
from cryoqa_plugin.core.fourier import forward, geometry

CASES = [((8, 8, 8), (1, 1, 1)), ((9, 9, 9), (1.3, 1.3, 1.3)), ((6, 9, 12), (1, 1, 1)), ((12, 7, 10), (1.0, 1.2, 0.8))]


def halves(shape, seed=0, noise=1.0):
    rng = np.random.default_rng(seed)
    a = rng.standard_normal(shape).astype(np.float32)
    return a, (a + noise * rng.standard_normal(shape)).astype(np.float32)


@pytest.mark.parametrize("shape, voxel", CASES)
def test_sums_equal_the_naive_ones(shape, voxel):
    geo = geometry(shape, voxel)
    f1, f2 = (forward(h) for h in halves(shape))
    got = pairs.pair_sums(f1, f2, geo)
    for a, b in zip(got.sums, shells.cross_sums(f1, f2, geo)):
        np.testing.assert_allclose(a, b, rtol=1e-9)
    r, weight = naive_shells.radius(shape, voxel)
    wanted = naive.dpr(f1, f2, np.floor(r + 0.5 + 1e-9).astype(int), weight, geo.n_shells)
    np.testing.assert_allclose(got.dpr, wanted, rtol=1e-5)
    np.testing.assert_allclose(got.shared.sum(axis=1), got.sums.cross, rtol=1e-9)
    if len(set(voxel)) == 1:                     # else ties between directions fall either way by rounding
        np.testing.assert_allclose(got.shared, naive.shared(f1, f2, shape, voxel, geo.n_shells), atol=1e-5 * abs(got.shared).max())


def test_every_direction_is_nearest_to_itself():
    for i, d in enumerate(pairs.DIRECTIONS):
        assert np.linalg.norm(d) == pytest.approx(1)
        for jitter in np.random.default_rng(i).normal(0, 0.05, (20, 3)):
            assert pairs._nearest_direction(*(d + jitter)) == i == pairs._nearest_direction(*(-d - jitter))


def test_phase_residual_of_copies_and_of_noise():
    a, _ = halves((32, 32, 32))
    geo, f = geometry(a.shape), forward(a)
    assert pairs.pair_sums(f, 3 * f, geo).dpr.max() < 1e-3
    other = forward(np.random.default_rng(5).standard_normal(a.shape))
    assert np.mean(pairs.pair_sums(f, other, geo).dpr[8:]) == pytest.approx(180 / 3 ** 0.5, rel=0.01)


def test_the_number_of_threads_changes_nothing():
    f1, f2 = (forward(h) for h in halves((20, 20, 20)))
    geo, before = geometry((20, 20, 20)), threads.get_threads()
    try:
        results = []
        for n in (1, 2):
            threads.set_threads(n)
            results.append(pairs.pair_sums(f1, f2, geo))
    finally:
        threads.set_threads(before)
    assert all(np.array_equal(a, b, equal_nan=True) for a, b in zip(results[0][1:], results[1][1:]))


def test_whitened_halves_have_equally_strong_shells():
    shape, geo = (24, 24, 24), geometry((24, 24, 24))
    f1, f2 = (forward(h) for h in halves(shape))
    sums = pairs.pair_sums(f1, f2, geo).sums
    white = [forward(pairs.filtered(f.copy(), geo, pairs.whitening(sums, 7))) for f in (f1, f2)]
    after = shells.cross_sums(*white, geo)
    power = (after.power1 + after.power2)[1:] / (2 * after.count[1:])
    np.testing.assert_allclose(power[:6], 1, rtol=0.1)
    assert power[8:].max() < 1e-9 and after.power1[0] < 1e-9


@pytest.mark.parametrize("shape", [(16, 16, 16), (15, 18, 16)])
def test_local_correlation_equals_sums_in_real_space(shape):
    a, b = halves(shape, noise=0.7)
    got = pairs.local_correlation(a, b, pairs.soft_ball(shape, (1.0, 1.0, 1.0), 5.0, 2.0))
    axis = np.arange(-5, 6)
    r = np.sqrt(axis[:, None, None] ** 2 + axis[None, :, None] ** 2 + axis[None, None, :] ** 2)
    kernel = np.where(r <= 3, 1, np.where(r < 5, 0.5 + 0.5 * np.cos(np.pi * (r - 3) / 2), 0))
    np.testing.assert_allclose(got, naive.local_correlation(a, b, kernel), atol=2e-5)


def test_local_correlation_finds_where_the_signal_is():
    rng = np.random.default_rng(2)
    signal = rng.standard_normal((32, 32, 32))
    signal[:, :, 16:] = 0
    a, b = (np.float32(signal + 0.5 * rng.standard_normal(signal.shape)) for _ in range(2))
    got = pairs.local_correlation(a, b, pairs.soft_ball(a.shape, (1.0, 1.0, 1.0), 5.0, 2.0))
    assert np.mean(got[:, :, 6:10]) == pytest.approx(0.8, abs=0.02)                   # 1 / (1 + 0.25)
    assert np.mean(got[:, :, 22:26]) == pytest.approx(0.0, abs=0.02)
