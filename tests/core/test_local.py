"""Bands, windows and local averages against naive twins; the local fit against a general minimiser and against known truth."""
from __future__ import annotations

import naive_local
import numpy as np
import pytest

from cryoqa_plugin.core import local, local_fit
from cryoqa_plugin.core.fourier import forward, geometry
from cryoqa_plugin.core.local_gains import local_square
from cryoqa_plugin.core.threads import set_threads

BOXES = [((12, 12, 12), (1.0, 1.0, 1.0)), ((11, 11, 11), (1.3, 1.3, 1.3)), ((10, 13, 15), (1.5, 1.0, 1.2))]
on_boxes = pytest.mark.parametrize("box", BOXES, ids=["even", "odd", "non-cubic"])


@on_boxes
@pytest.mark.parametrize("centre", [1.5, 2.5, 4.0])
def test_band_on_a_cropped_grid(box, centre):
    shape, voxel = box
    geo = geometry(shape, voxel)
    ft = forward(np.random.default_rng(1).standard_normal(shape).astype(np.float32))
    amplitude = np.random.default_rng(2).uniform(1, 2, geo.n_shells)
    small = local.cropped_shape(geo, centre + 1, (0.3, 0.3, 0.3))
    assert all(m <= n for m, n in zip(small, shape))
    for grid in (shape, small):
        got = local.band(ft, geo, centre, 1.0, amplitude, grid)
        want = naive_local.band(ft, geo, centre, 1.0, amplitude, grid)
        if not (centre == 4.0 and any(n % 2 == 0 for n in shape)):       # else the band holds Nyquist planes that lack their mates
            np.testing.assert_allclose(got, want, atol=1e-5)


def test_local_power_does_not_depend_on_the_crop():
    shape, voxel, sigma = (40, 44, 36), (1.0, 1.0, 1.2), 4.0
    geo, grid = geometry(shape, voxel), local.points(shape, voxel, sigma)
    rng = np.random.default_rng(3)
    f1, f2 = (forward(rng.standard_normal(shape).astype(np.float32)) for _ in range(2))
    flat, centre = np.ones(geo.n_shells), 6.0
    small = local.cropped_shape(geo, centre + 2, grid.sigma)
    assert np.prod(small) < 0.6 * np.prod(shape)
    full, crop = (local.local_powers(local.band(f1, geo, centre, 2.0, flat, s), local.band(f2, geo, centre, 2.0, flat, s), grid)
                  for s in (shape, small))
    scale = (np.prod(small) / np.prod(shape)) ** 2
    np.testing.assert_allclose(crop * scale, full, rtol=2e-2, atol=2e-3 * full.max())


@on_boxes
def test_power_of_a_band_is_that_of_its_image(box):
    shape, voxel = box
    geo = geometry(shape, voxel)
    ft = forward(np.random.default_rng(9).standard_normal(shape).astype(np.float32))
    amplitude = np.random.default_rng(2).uniform(1, 2, geo.n_shells)
    for centre in (1.5, 3.0):
        for grid in (shape, local.cropped_shape(geo, centre + 1, (0.3, 0.3, 0.3), local.OF_POWERS)):
            image = naive_local.band(ft, geo, centre, 1.0, amplitude, grid)
            assert local.band_power(ft, geo, centre, 1.0, amplitude, grid) == pytest.approx((image ** 2).mean(), rel=1e-5)


def test_half_the_margin_hardly_changes_powers():
    shape, voxel = (48, 50, 54), (1.0, 1.0, 1.0)
    geo, grid = geometry(shape, voxel), local.points(shape, voxel, 6.0)
    ft, flat = forward(np.random.default_rng(10).standard_normal(shape).astype(np.float32)), np.ones(54)
    for centre in (5.0, 12.0):
        sizes = [local.cropped_shape(geo, centre + 2, grid.sigma, m) for m in (0.6, local.OF_POWERS)]
        powers = [local_square(local.band(ft, geo, centre, 2.0, flat, s), grid) for s in sizes]
        assert np.prod(sizes[1]) < np.prod(sizes[0])
        np.testing.assert_allclose(powers[1] / powers[1].mean(), powers[0] / powers[0].mean(), rtol=0.01)


@on_boxes
def test_local_powers_are_averages_in_the_window(box):
    shape, voxel = box
    sigma = 2.5
    rng = np.random.default_rng(4)
    a, b = (rng.standard_normal(shape).astype(np.float32) for _ in range(2))
    grid = local.points(shape, voxel, sigma)
    got = local.local_powers(a, b, grid)
    for place in [(0, 0, 0), (1, 2, 1), tuple(n - 1 for n in grid.shape)]:
        at = [i * n / m for i, n, m in zip(place, shape, grid.shape)]
        window = naive_local.window(shape, voxel, at, sigma)
        assert got[0][place] == pytest.approx((window * ((a + b) / 2) ** 2).sum(), rel=1e-5)
        assert got[1][place] == pytest.approx((window * ((a - b) / 2) ** 2).sum(), rel=1e-5)


def test_widening_is_a_wider_window():
    shape, voxel = (48, 50, 54), (1.0, 1.0, 1.0)
    a = np.random.default_rng(5).standard_normal(shape).astype(np.float32)
    zero = np.zeros_like(a)
    narrow, wide = (local.points(shape, voxel, s) for s in (3.0, 9.0))
    got = local.widen(local.local_powers(a, zero, narrow)[0], narrow, 3.0)
    window = naive_local.window(shape, voxel, (0, 0, 0), 9.0)
    assert got[0, 0, 0] == pytest.approx((window * a.astype(float) ** 2).sum() / 4, rel=1e-3)
    assert wide.shape < narrow.shape
    assert local.widen(got, narrow, 1.0) is got


@on_boxes
def test_spread_and_the_points_it_needs(box):
    shape, voxel = box
    rng = np.random.default_rng(6)
    grid = local.points(shape, voxel, 4.0)
    mask = (rng.uniform(size=shape) > 0.97).astype(np.float32)
    cells, corners = local.needed(mask, 0.5, grid)
    assert cells.sum() <= corners.sum()
    frequency = rng.uniform(0.1, 0.5, grid.shape)
    want = naive_local.spread(frequency, mask, 0.5)
    np.testing.assert_allclose(local.spread(np.where(corners, frequency, np.nan), grid, mask, 0.5), want, rtol=1e-5)


def _powers(n_points, seed, gain=0.4, tilt=-1.5):
    """Band powers of a known exponential SNR with a gain and slope of their own, chi-squared about their means."""
    rng = np.random.default_rng(seed)
    at = np.arange(4, 28) * 0.016
    signal = 2 * 300 * np.exp(-50 * at ** 2)
    truth = signal * np.exp(gain + tilt * (at / 0.4 - 1))
    count = 4e4 * at ** 2 * 0.016 * 20
    mean = np.repeat((truth + 1)[:, None], n_points, axis=1)
    total = mean * rng.gamma(count[:, None], 1 / count[:, None], mean.shape)
    noise = np.ones_like(total)
    return at, signal, truth, count, total.astype(np.float32), noise.astype(np.float32)


def test_fit_agrees_with_a_general_minimiser():
    at, signal, _, count, total, noise = _powers(3, 7)
    width = np.maximum(0.15 * at, 0.032)
    got = local_fit.local_crossings(total, noise, at, signal, count, np.array([0.143, 0.5]), width)
    for v in range(3):
        for c, cut in enumerate((0.143, 0.5)):
            frequency, state = naive_local.crossing(total[:, v], noise[:, v], at, signal, count, cut, width)
            assert got.state[c, v] == state
            assert got.first[c, v] == pytest.approx(frequency, abs=2e-5)


def test_a_factor_on_the_noise_is_another_threshold():
    """Held against c times the noise, the FSC falls below t where it falls below ``c s / (1 + c s)`` else, with ``s = t / (1 - t)``."""
    at, signal, _, count, total, noise = _powers(50, 11)
    width, odds = np.maximum(0.15 * at, 0.032), 0.143 / 0.857
    factor = np.full(50, 1.7, np.float32)
    got = local_fit.local_crossings(total, noise, at, signal, count, np.array([0.143]), width, factor)
    want = local_fit.local_crossings(total, noise, at, signal, count, np.array([1.7 * odds / (1 + 1.7 * odds)]), width)
    plain = local_fit.local_crossings(total, noise, at, signal, count, np.array([0.143]), width)
    np.testing.assert_allclose(got.first, want.first, rtol=0.01)
    assert np.all(got.first < plain.first)


def test_fit_finds_the_truth_within_its_standard_error():
    at, signal, truth, count, total, noise = _powers(2000, 8)
    got = local_fit.local_crossings(total, noise, at, signal, count, np.array([0.143]), np.maximum(0.15 * at, 0.032))
    snr = truth / 2
    want = at[np.argmax(snr / (1 + snr) < 0.143) - 1:][:2]
    level = np.log(np.interp(want, at, snr))
    exact = want[0] + (level[0] - np.log(0.143 / 0.857)) / (level[0] - level[1]) * (want[1] - want[0])
    assert np.all(got.state == 0)
    assert np.median(got.first[0]) == pytest.approx(exact, abs=0.003)
    assert np.std(got.first[0]) == pytest.approx(np.median(got.error), rel=0.4)
    assert np.all(got.log_error > 0)


def test_states_of_noise_and_of_signal_without_end():
    at, signal, _, count, total, noise = _powers(4, 9)
    cuts, width = np.array([0.143, 0.5]), np.maximum(0.15 * at, 0.032)
    nothing = local_fit.local_crossings(noise.copy(), noise, at, np.full(at.size, 1e-4), count, cuts, width)
    assert np.all(nothing.state == -1) and np.all(nothing.first == at[0]) and np.all(np.isnan(nothing.error))
    silent = noise.copy()
    silent[:4] = 0                                             # bands without noise are above any threshold, and raise nothing
    held = local_fit.local_crossings(noise * 1000, silent, at, np.full(at.size, 999.0), count, cuts, width)
    assert (held.state == 1).all() and np.isfinite(held.first).all()
    with np.errstate(over="raise"):                          # a signal beyond float32 is above any threshold too
        assert (local_fit.local_crossings(noise, noise, at, np.full(at.size, 1e60), count, cuts, width).state == 1).all()
    endless = local_fit.local_crossings(noise * 1000, noise, at, np.full(at.size, 999.0), count, cuts, width)
    assert np.all(endless.state == 1) and np.all(endless.first == at[-1])


def test_the_answer_does_not_depend_on_threads():
    at, signal, _, count, total, noise = _powers(100, 10)
    runs = []
    for threads in (1, 3):
        set_threads(threads)
        runs.append(local_fit.local_crossings(total, noise, at, signal, count, np.array([0.143]), np.maximum(0.15 * at, 0.032)).first)
    set_threads(0)
    np.testing.assert_array_equal(*runs)
