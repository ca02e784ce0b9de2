"""Atoms on springs in a density, against a naive twin and truth."""
from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import map_coordinates, spline_filter

from cryoqa_plugin.core import atom_grid, elastic_fit

VOXEL = (1.0, 1.2, 0.9)


def atoms(n=60, seed=3):
    """A chain that winds about, 1.5 Å from atom to atom, in a box of 28 x 24 x 30 voxels."""
    rng = np.random.default_rng(seed)
    x = np.cumsum(rng.standard_normal((n, 3)), axis=0)
    for i in range(1, n):
        x[i] = x[i - 1] + 1.5 * (x[i] - x[i - 1]) / np.linalg.norm(x[i] - x[i - 1]) + 0.05 * rng.standard_normal(3)
    return (x - x.mean(axis=0)) * 0.8 + np.array([13.0, 14.0, 12.0])


def naive_energy(data, position, weight, held):
    """The energy one atom and one spring at a time, by scipy's splines."""
    smooth = spline_filter(data.astype(np.float64), 3, mode="grid-wrap")
    total = 0.0
    for x, w in zip(position, weight):
        total -= w * map_coordinates(smooth, (x / VOXEL)[::-1, None], order=3, mode="grid-wrap", prefilter=False)[0]
    for i, j, length, k in zip(*held):
        total += k / 2 * (np.sqrt(sum((position[i] - position[j]) ** 2)) - length) ** 2
    return total


@pytest.fixture(scope="module")
def world():
    rng = np.random.default_rng(1)
    position = atoms()
    data = rng.standard_normal((28, 24, 30)).astype(np.float32)
    return position, data, rng.uniform(0.5, 2, len(position))


def test_energy_and_slope_are_those_of_the_twin(world):
    position, data, weight = world
    held = elastic_fit.springs(position, position + 0.1 * np.random.default_rng(2).standard_normal(position.shape))
    coefficients = elastic_fit.spline(data)
    total, slope = elastic_fit.energy(coefficients, VOXEL, position, weight, held)
    assert total == pytest.approx(naive_energy(data, position, weight, held), rel=1e-5)
    step = 1e-4
    for i, axis in ((0, 0), (7, 1), (23, 2), (59, 1)):
        ends = []
        for sign in (-1, 1):
            shifted = position.copy()
            shifted[i, axis] += sign * step
            ends.append(elastic_fit.energy(coefficients, VOXEL, shifted, weight, held)[0])
        assert slope[i, axis] == pytest.approx((ends[1] - ends[0]) / (2 * step), rel=1e-3, abs=1e-3)


def test_the_density_repeats_beyond_the_box(world):
    position, data, weight = world
    coefficients = elastic_fit.spline(data)
    far = position + np.array(data.shape[::-1]) * VOXEL
    np.testing.assert_allclose(elastic_fit.values(coefficients, VOXEL, far), elastic_fit.values(coefficients, VOXEL, position), atol=1e-5)
    held = elastic_fit.springs(position, position)
    assert elastic_fit.energy(coefficients, VOXEL, far, weight, held)[0] == pytest.approx(
        elastic_fit.energy(coefficients, VOXEL, position, weight, held)[0], abs=1e-3)


def test_springs_hold_neighbours(world):
    position, _, _ = world
    other = position * 1.1
    held = elastic_fit.springs(position, other)
    apart = np.linalg.norm(position[held.first] - position[held.second], axis=1)
    assert apart.max() <= 4.5 and (held.first != held.second).all()
    near = apart <= 2.65
    np.testing.assert_allclose(held.length, np.where(near, apart, 1.1 * apart))
    np.testing.assert_allclose(held.stiffness, np.where(near, 60, 0.5))
    every = np.linalg.norm(position[:, None] - position[None], axis=2)
    assert len(apart) == np.count_nonzero(every[np.triu_indices(len(position), 1)] <= 4.5)


def test_shaking_is_smooth_and_as_strong_as_asked(world):
    position, _, _ = world
    moves = elastic_fit.shaken(position, 0.7, np.random.default_rng(5)) - position
    assert np.sqrt(np.mean(np.sum(moves ** 2, axis=1))) == pytest.approx(0.7, rel=1e-6)
    along = np.linalg.norm(np.diff(moves, axis=0), axis=1)
    assert np.sqrt(np.mean(along ** 2)) < 0.4


@pytest.mark.parametrize("noise", [0.0, 0.5])
def test_a_shaken_model_finds_its_density(world, noise):
    position, _, _ = world
    rng = np.random.default_rng(9)
    data = atom_grid.gaussians(position, np.ones(len(position)), (28, 24, 30), VOXEL, 0.9)
    data = (data / data.std() + noise * rng.standard_normal(data.shape)).astype(np.float32)
    start = elastic_fit.shaken(position, 0.7, rng)
    maps = elastic_fit.prepared(data, VOXEL, float(data.std()))
    found = elastic_fit.moved(maps, VOXEL, start, np.ones(len(position)), elastic_fit.springs(position, start))
    off = [np.sqrt(np.mean(np.sum((x - position) ** 2, axis=1))) for x in (start, found)]
    assert off[0] == pytest.approx(0.7) and off[1] < 0.35
    again = elastic_fit.moved(maps, VOXEL, start, np.ones(len(position)), elastic_fit.springs(position, start))
    np.testing.assert_array_equal(found, again)
