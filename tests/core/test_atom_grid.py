"""Coefficients of points beside direct summation, and coarse maps beside low-passed ones."""
import numpy as np
import pytest

from cryoqa_plugin.core import alignment, fourier
from cryoqa_plugin.core.atom_grid import coarse_map, point_coefficients

CELL, SIZES = (40.0, 36.0, 44.0), (15, 13, 17)


def direct(position, weight, sizes):
    """Sum over the points for each coefficient."""
    out = np.zeros(sizes, complex)
    for z, y, x in np.ndindex(*sizes):
        h = np.array((x - sizes[2] // 2, y - sizes[1] // 2, z - sizes[0] // 2)) / CELL
        out[z, y, x] = (weight * np.exp(-2j * np.pi * (position @ h))).sum()
    return out


def test_coefficients_are_those_of_direct_summation():
    rng = np.random.default_rng(1)
    position, weight = rng.random((25, 3)) * CELL, rng.random(25) + 0.5
    found, wanted = point_coefficients(position, weight, CELL, SIZES), direct(position, weight, SIZES)
    error = np.abs(found - wanted) / weight.sum()
    assert found.shape == SIZES and found.dtype == np.complex64 and error.max() < 0.05
    inner = tuple(slice(n // 2 - n // 4, n // 2 + n // 4 + 1) for n in SIZES)
    assert error[inner].max() < 0.004
    assert found[7, 6, 8] == pytest.approx(weight.sum(), rel=1e-5)


def test_a_point_outside_wraps_round():
    inside = point_coefficients(np.array([[1.0, 2.0, 3.0]]), np.ones(1), CELL, SIZES)
    outside = point_coefficients(np.array([[1.0 - CELL[0], 2.0 + CELL[1], 3.0]]), np.ones(1), CELL, SIZES)
    np.testing.assert_allclose(inside, outside, atol=1e-5)


def test_a_coarse_map_is_the_map_at_its_points():
    rng = np.random.default_rng(2)
    shape, coarse = (24, 30, 36), (12, 15, 18)
    k = [np.fft.fftfreq(n) * n for n in shape]
    low = (np.abs(k[0])[:, None, None] <= 4) & (np.abs(k[1])[None, :, None] <= 4) & (np.abs(k[2])[None, None, :19] <= 4)
    data = fourier.inverse(fourier.forward(rng.standard_normal(shape).astype(np.float32)) * low, shape)
    cube = alignment.centred(fourier.forward(data), shape, 5)
    np.testing.assert_allclose(coarse_map(cube, coarse, data.size), data[::2, ::2, ::2], atol=1e-5)
