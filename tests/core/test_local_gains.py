"""Bands with gains from place to place, against twins; unit gains give the map back, and a constant gain is seamless."""
from __future__ import annotations

import naive_locscale as naive
import numpy as np
import pytest

from cryoqa_plugin.core import local, local_gains
from cryoqa_plugin.core.fourier import forward, geometry

BOXES = [((24, 24, 24), (1.0, 1.0, 1.0)), ((25, 25, 25), (1.3, 1.3, 1.3)), ((20, 27, 24), (1.5, 1.0, 1.2))]
on_boxes = pytest.mark.parametrize("box", BOXES, ids=["even", "odd", "non-cubic"])


def _noise(shape, seed=1):
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def _bands(geo, width):
    size = (geo.n_shells - 1) * local_gains.FINE + 1
    count = int(np.ceil((geo.n_shells - 1) / width)) + 1
    return [local_gains.hann_band(i * width, width, size) for i in range(count)]


def test_bands_add_up_to_1():
    geo = geometry((32, 32, 32))
    np.testing.assert_allclose(sum(_bands(geo, 3.0)), 1, atol=1e-12)


@on_boxes
def test_a_band_has_the_values_of_the_filtered_map(box):
    shape, voxel = box
    geo, data = geometry(shape, voxel), _noise(shape)
    profile = local_gains.hann_band(4.0, 2.0, 8 * local_gains.FINE)
    want = naive.filtered(data, voxel, profile, local_gains.FINE)
    np.testing.assert_allclose(local_gains.band_image(forward(data), geo, profile, shape), want, atol=2e-5)
    small = local_gains.band_image(forward(data), geo, profile, tuple(min(n, 16) for n in shape))
    assert small.std() == pytest.approx(want.std(), rel=0.02)


@on_boxes
def test_unit_gains_give_the_low_passed_map_back(box):
    shape, voxel = box
    geo, data = geometry(shape, voxel), _noise(shape)
    whole = np.ones((geo.n_shells - 1) * local_gains.FINE + 1)
    whole[-1] = 0
    profiles = [whole * b for b in _bands(geo, 3.0)]
    shapes = local_gains.band_shapes(geo, [min((i + 1) * 3.0, geo.n_shells) for i in range(len(profiles))], (0.15, 0.15, 0.15))
    parts = {}
    for profile, grid in zip(profiles, shapes):
        parts.setdefault(grid, np.zeros(grid, np.float32))
        local_gains.add_scaled(parts[grid], local_gains.band_image(forward(data), geo, profile, grid), np.ones((5, 6, 4)))
    assert len(parts) > 1
    np.testing.assert_allclose(local_gains.join(parts, geo), naive.filtered(data, voxel, whole, local_gains.FINE), atol=1e-4)
    assert parts == {}


@pytest.mark.parametrize("shape", [(12, 12, 12), (13, 10, 17)])
def test_gains_are_carried_smoothly(shape):
    values = np.random.default_rng(2).uniform(0, 1, (5, 4, 7)).astype(np.float32)
    got = local_gains.carry(values, shape)
    np.testing.assert_allclose(got, naive.carried(values, shape), atol=1e-5)
    assert got.min() >= 0 and got.max() <= 1
    np.testing.assert_allclose(local_gains.carry(np.full((5, 4, 7), 2.5), shape), 2.5, rtol=1e-6)


def test_local_squares_are_those_of_the_half_map_kernel():
    data, grid = _noise((20, 22, 24)), local.points((20, 22, 24), (1.0, 1.0, 1.0), 4.0)
    np.testing.assert_allclose(local_gains.local_square(data, grid), local.local_powers(data, data, grid)[0], rtol=1e-4)
    np.testing.assert_allclose(local_gains.local_square(np.full((20, 22, 24), 3, np.float32), grid), 9, rtol=1e-5)
