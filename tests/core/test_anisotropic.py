"""The filter with tensors against its naive twin."""
from __future__ import annotations

import numpy as np
import pytest
from naive_anisotropic import apply_wiener

from cryoqa_plugin.core import anisotropic, fourier

GROW, DECAY = np.array([0.3, -0.1, 0.4, 0.05, -0.2, 0.1]), np.array([-0.2, 0.3, 0.1, 0.15, 0.02, -0.1])


@pytest.mark.parametrize("shape, voxel", [((16, 16, 16), (1.0, 1.0, 1.0)), ((15, 18, 13), (1.1, 0.9, 1.3)), ((12, 17, 20), (2.0,) * 3)])
@pytest.mark.parametrize("at", [np.arange(7.0), np.array([0.0, 1.2, 2.5, 6.1])])
def test_equals_the_naive_version(shape, voxel, at):
    rng = np.random.default_rng(3)
    ft = fourier.forward(rng.standard_normal(shape))
    geo = fourier.geometry(shape, voxel)
    amplitude, ratio = rng.random(at.size) + 0.5, rng.random(at.size) * 3
    found = anisotropic.apply_wiener(ft, geo, at, amplitude, ratio, GROW, DECAY)
    expected = apply_wiener(ft, shape, voxel, at, amplitude, ratio, GROW, DECAY)
    np.testing.assert_allclose(found, expected, rtol=2e-5, atol=1e-4)
    in_place = ft.copy()
    anisotropic.apply_wiener(in_place, geo, at, amplitude, ratio, GROW, DECAY, out=in_place)
    np.testing.assert_array_equal(in_place, found)


def test_exponents_of_a_round_tensor_are_the_same_in_every_direction():
    freq = np.array([0.0, 0.1, 0.3])
    found = anisotropic.exponents(np.array([0.5, 0.5, 0.5, 0, 0, 0]), freq)
    np.testing.assert_allclose(found, np.repeat(4 * np.pi ** 2 * 0.5 * freq[:, None] ** 2, 321, axis=1), rtol=1e-9)
    assert np.abs(anisotropic.exponents(np.array([1.0, 0, -1.0, 0, 0, 0]), freq).mean(axis=1)).max() < 0.03
