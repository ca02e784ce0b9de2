"""Steerable filters: against least squares, white noise, turned maps, Monte Carlo."""
from __future__ import annotations

import naive_steerable as naive
import numpy as np
import pytest

from cryoqa_plugin.core import fourier, steerable

WIDE = steerable.Window(2.6, 0.49)


def _noise(shape, seed=2):
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


@pytest.mark.parametrize("shape, voxel", [((32, 32, 32), (1.0, 1.0, 1.0)), ((33, 30, 35), (1.0, 1.0, 1.0)),
                                          ((32, 36, 40), (1.1, 1.0, 0.9))])
def test_energy_is_that_of_least_squares(shape, voxel):
    data = _noise(shape)
    geo = fourier.geometry(shape, voxel)
    window = steerable.Window(2.6, 0.5 / max(voxel))
    found = steerable.explained(fourier.forward(data), geo, window)
    places = np.array([(16, 12, 20), (8, 12, 20)])                      # on the grid, also where that is coarser along an axis
    for place, value in zip(places, steerable.sample(found, places, shape)):
        assert value == pytest.approx(naive.explained_at(data.astype(float), place, voxel[::-1], 2.6), rel=0.02)


def test_a_plane_explains_itself():
    z, y, x = np.meshgrid(*(np.arange(48.0),) * 3, indexing="ij")
    ramp = (3 + 0.1 * z - 0.2 * y + 0.05 * x).astype(np.float32)
    found = steerable.explained(fourier.forward(ramp), fourier.geometry(ramp.shape), WIDE)
    assert found[24, 24, 24] < 1e-4 * found.max()


def test_turned_maps_have_turned_energy():
    data = _noise((32, 32, 32))
    geo = fourier.geometry(data.shape)
    one = steerable.explained(fourier.forward(data), geo, WIDE)
    other = steerable.explained(fourier.forward(np.ascontiguousarray(data.transpose(2, 0, 1))), geo, WIDE)
    np.testing.assert_allclose(other, one.transpose(2, 0, 1), rtol=2e-3, atol=1e-6)


@pytest.mark.compiled
def test_any_direction_of_a_wave_has_the_same_energy():
    z, y, x = np.meshgrid(*(np.arange(48) - 24.0,) * 3, indexing="ij")
    energies = []
    for direction in ((0, 0, 1), (0, 1, 0), (1, 1, 0), (1, 2, 3), (1, 1, 1)):
        u = np.array(direction) / np.linalg.norm(direction)
        wave = np.cos(2 * np.pi * (u[0] * z + u[1] * y + u[2] * x) / 10).astype(np.float32)
        energies.append(steerable.explained(fourier.forward(wave), fourier.geometry(wave.shape), WIDE)[24, 24, 24])
    np.testing.assert_allclose(energies, energies[0], rtol=0.02)


def test_coarse_grids_say_the_same():
    data = _noise((48, 48, 48))
    geo = fourier.geometry(data.shape)
    coarse = steerable.explained(fourier.forward(data), geo, steerable.Window(4.0, 4.6 / (2 * np.pi * 4.0)))
    fine = steerable.explained(fourier.forward(data), geo, steerable.Window(4.0, 0.49))
    assert coarse.shape[0] < 24 < fine.shape[0]
    index = np.array([[2 * i, 2 * i, 2 * i] for i in range(20)])
    place = index * coarse.shape[0] // 48
    exact = np.array([fine[tuple(np.round(p * 48 / coarse.shape[0]).astype(int))] for p in place])
    at = np.round(place * 48 / coarse.shape[0]).astype(int)
    np.testing.assert_allclose(steerable.sample(coarse, at, data.shape), exact, rtol=0.1, atol=0.02 * exact.max())


def test_most_sensitive_at_the_resolution():
    nyquist = 0.5
    window = steerable.window_for(8.0, 1.0, nyquist)
    q = 2 * np.pi * window.sigma / 8.0
    assert q ** 2 == pytest.approx(2.5) and window.cut <= nyquist
    assert steerable.window_for(8.0, 2.0, nyquist).sigma == pytest.approx(window.sigma / 2)


@pytest.mark.compiled
def test_null_distribution_of_white_noise():
    data = _noise((64, 64, 64))
    window = steerable.window_for(5.0, 1.0, 0.5)
    found = steerable.explained(fourier.forward(data), fourier.geometry(data.shape), window)
    weights = steerable.null_weights(window, np.array([0.0, 1.0]), np.ones(2), 1.0)
    values = steerable.sample(found, np.argwhere(np.ones(data.shape, bool)), data.shape)
    assert values.mean() == pytest.approx(weights.sum(), rel=0.01)
    for p in (0.3, 0.05, 0.005):
        cut = np.quantile(values, 1 - p)
        assert steerable.tail(weights, np.array([cut]))[0] == pytest.approx(p, rel=0.1 if p > 0.01 else 0.3)


def test_tail_of_weighted_chi_squares():
    from scipy.stats import chi2
    x = np.array([0.5, 3.0, 12.0, 30.0])
    np.testing.assert_allclose(steerable.tail([1.0] * 4, x), chi2.sf(x, 4), rtol=1e-8)
    rng = np.random.default_rng(1)
    weights = np.array([0.2, 0.5, 1.0, 2.0])
    sums = (rng.standard_normal((400000, 4)) ** 2) @ weights
    for cut in (2.0, 6.0, 12.0):
        assert steerable.tail(weights, np.array([cut]))[0] == pytest.approx(np.mean(sums > cut), rel=0.05)


@pytest.mark.heavy
@pytest.mark.compiled
def test_centred_windows():
    data = _noise((48, 48, 48))
    s = np.sqrt(sum(k ** 2 for k in np.meshgrid(*(np.fft.fftfreq(48),) * 3, indexing="ij", sparse=True)))
    for d in (2.6, 4.0, 7.0):
        window = steerable.window_centred(d, 0.5)
        total = [steerable.explained(fourier.forward(np.fft.ifftn(np.fft.fftn(data) * (np.abs(s - f) < 0.02)).real.astype(np.float32)),
                                     fourier.geometry(data.shape), window).mean() for f in np.arange(0.02, 0.5, 0.04)]
        assert np.average(np.arange(0.02, 0.5, 0.04), weights=total) == pytest.approx(1 / d, rel=0.05)
