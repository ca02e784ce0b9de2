"""Waves and amplitudes of bands against complex transforms; running lines."""
import numpy as np
import pytest

import naive_spiral as naive
from cryoqa_plugin.core import fourier, spiral

CASES = [((16, 16, 16), (1.0, 1.0, 1.0)), ((17, 15, 19), (1.3, 1.3, 1.3)), ((16, 18, 21), (1.5, 1.0, 1.2))]


@pytest.mark.parametrize("shape,voxel", CASES)
@pytest.mark.parametrize("centre", [3.0, 7.5])
def test_wave_and_amplitude(shape, voxel, centre):
    data = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    geo = fourier.geometry(shape, voxel)
    even, m = spiral.amplitude(fourier.forward(data), geo, centre, 1.4)
    wave, wanted = naive.amplitude(data, centre, 1.4, voxel)
    np.testing.assert_allclose(even, wave, atol=1e-5)
    np.testing.assert_allclose(m, wanted, atol=1e-5)
    assert spiral.band_norm(geo, centre, 1.4) == pytest.approx(naive.band(data, centre, 1.4, voxel)[3], rel=1e-6)


def test_the_eco_spiral_is_an_approximation_with_less_transforms():
    data = np.random.default_rng(1).standard_normal((17, 19, 21)).astype(np.float32)
    geo = fourier.geometry(data.shape)
    ft = fourier.forward(data)
    even, m = spiral.amplitude(ft, geo, 4.0, 1.5, eco=True)
    np.testing.assert_allclose(m, naive.amplitude(data, 4.0, 1.5, eco=True)[1], atol=1e-5)
    exact = spiral.amplitude(ft, geo, 4.0, 1.5)[1]
    assert np.corrcoef(m.ravel(), exact.ravel())[0, 1] > 0.7 and np.all(m >= abs(even) - 1e-6)


def test_the_amplitude_of_a_wave_is_constant():
    z, y, x = np.meshgrid(*(np.arange(24),) * 3, indexing="ij")
    data = np.cos(2 * np.pi * (3 * x + 2 * y - 4 * z) / 24).astype(np.float32)
    geo = fourier.geometry(data.shape)
    _, m = spiral.amplitude(fourier.forward(data), geo, np.sqrt(29), 1.0)
    np.testing.assert_allclose(m, 1, atol=1e-4)


@pytest.mark.parametrize("above", [False, True])
def test_lines(above):
    rng = np.random.default_rng(2)
    maps = rng.uniform(0.1, 5, (5, 4, 3, 6)).astype(np.float32)
    maps[0, 0, 0, 0] = 0
    sums = spiral.LineSums(maps.shape[1:])
    x = np.linspace(0.1, 1, 5)
    for at, m in zip(x, maps):
        sums.add(at, m, 1.0, above)
    found = sums.slope()
    for place in np.ndindex(*maps.shape[1:]):
        m = maps[(slice(None),) + place].astype(float)
        used = m > 0
        y = np.log(m[used] ** 2 / (m[used] + 1))
        keep = y > 0 if above else np.isfinite(y)
        if keep.sum() > 2:
            assert found[place] == pytest.approx(np.polyfit(x[used][keep], y[keep], 1)[0], rel=1e-3, abs=1e-4)
        else:
            assert np.isnan(found[place])


def test_a_sphere():
    inside = spiral.inside_sphere((8, 8, 8))
    assert inside[4, 4, 4] and inside[4, 4, 7] and not inside[4, 4, 0] and not inside[0, 0, 0]
