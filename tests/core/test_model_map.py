"""Map against model density: correlations and values at atoms against numpy alone."""
from __future__ import annotations

import naive_model_map as naive
import numpy as np
import pytest

from cryoqa_plugin.core import model_map

SHAPES = [((12, 12, 12), (1.0, 1.0, 1.0)), ((11, 14, 9), (1.1, 0.9, 1.3))]


def _maps(shape, seed=4):
    rng = np.random.default_rng(seed)
    a = rng.standard_normal(shape)
    return (100 + a).astype(np.float32), (0.5 * a + rng.standard_normal(shape)).astype(np.float32)


@pytest.mark.parametrize("shape, voxel_size", SHAPES)
def test_correlations_are_those_of_numpy(shape, voxel_size):
    a, b = _maps(shape)
    where = a > 100
    everywhere = np.ones(shape, dtype=bool)
    assert model_map.correlation(a, b) == pytest.approx(naive.correlation(a.astype(float), b.astype(float), everywhere), abs=1e-9)
    assert model_map.correlation(a, b, where) == pytest.approx(naive.correlation(a.astype(float), b.astype(float), where), abs=1e-9)
    np.testing.assert_array_equal(model_map.highest(a, 50), naive.highest(a, 50))
    assert not model_map.highest(a, 0).any() and model_map.highest(a, a.size + 5).all()
    assert np.isnan(model_map.correlation(a, b, np.zeros(shape, dtype=bool)))
    assert np.isnan(model_map.correlation(a, np.ones_like(b)))


@pytest.mark.parametrize("shape, voxel_size", SHAPES)
def test_correlations_around_atoms_are_those_of_numpy(shape, voxel_size):
    a, b = _maps(shape)
    rng = np.random.default_rng(5)
    edge = np.array(voxel_size) * shape[::-1]
    position = rng.uniform(-0.5, 1, (15, 3)) * 0.1 * edge + rng.uniform(0, 1, (15, 3)) * edge * 0.95
    group = np.array([2, 0, 0, 1, 2, 2, 0, 1, 0, 4, 2, 1, 0, 4, 4])
    made = model_map.correlation_around(a, b, position, group, 5, 2.3, voxel_size)
    at = naive.positions(shape, voxel_size, (0, 0, 0))
    for g in (0, 1, 2, 4):
        where = naive.near(at, position[group == g], 2.3).reshape(shape)
        assert made.voxels[g] == where.sum()
        assert made.correlation[g] == pytest.approx(naive.correlation(a.astype(float), b.astype(float), where), abs=1e-6)
    assert made.voxels[3] == 0 and np.isnan(made.correlation[3])


@pytest.mark.parametrize("shape, voxel_size", SHAPES)
def test_variances_in_windows_are_those_of_numpy(shape, voxel_size):
    a, b = _maps(shape)
    difference = np.random.default_rng(6).standard_normal(shape).astype(np.float32)
    position = np.random.default_rng(7).uniform(-0.2, 1.1, (9, 3)) * np.array(voxel_size) * shape[::-1]
    made = model_map.local_variances(a - 100, difference, b, position, voxel_size, 1.7)
    np.testing.assert_allclose(np.stack(made, axis=1), naive.local_variances(a - 100, difference, b, position, voxel_size, 1.7), rtol=1e-4)
    far = model_map.local_variances(a, difference, b, np.array([[500.0, 0, 0]]), voxel_size, 1.7)
    assert all(v[0] == 0 for v in far)


@pytest.mark.parametrize("shape, voxel_size", SHAPES)
def test_sums_around_atoms_are_those_of_numpy(shape, voxel_size):
    a, b = _maps(shape)
    position, group = np.array([[3.0, 4, 5], [4, 4, 5], [7, 7, 6]]), np.array([1, 1, 0])
    made = model_map.sums_around(a, b, (99.0, -1.0), position, group, 3, 2.3, voxel_size)
    at = naive.positions(shape, voxel_size, (0, 0, 0))
    for g in (0, 1):
        where = naive.near(at, position[group == g], 2.3).reshape(shape)
        p, q = a[where].astype(float) - 99, b[where].astype(float) + 1
        np.testing.assert_allclose([s[g] for s in made], [p.size, p.sum(), q.sum(), (p * p).sum(), (q * q).sum(), (p * q).sum()], rtol=1e-6)
    assert all(s[2] == 0 for s in made)


def test_a_map_without_contrast_around_an_atom_has_no_correlation():
    a, b = _maps((12, 12, 12))
    b[:] = 3
    assert np.isnan(model_map.correlation_around(a, b, np.array([[5.0, 5, 5]]), np.array([0]), 1, 2.0, (1, 1, 1)).correlation[0])


def test_values_at_atoms_are_linear_in_between_and_said_to_be_outside():
    z, y, x = np.indices((7, 8, 9)).astype(np.float32)
    data = 2 * x - 3 * y + 5 * z
    position = np.array([[0.0, 0, 0], [1.25, 2.5, 3.75], [8.0, 7, 6], [8.4, 7, 6], [8.6, 7, 6], [-0.51, 3, 3], [3, 3, 6.6]])
    made = model_map.values_at(data, position * (1.5, 1.2, 1.1), (1.5, 1.2, 1.1), outside=-99)
    assert made[:3] == pytest.approx([0, 2.5 - 7.5 + 18.75, 16 - 21 + 30])
    assert made[3] == pytest.approx(25)                     # the face
    assert list(made[4:]) == [-99, -99, -99]


def test_the_image_of_an_atom_widens_with_resolution_and_b():
    radii = [model_map.image_radius("C", b, d) for b, d in ((20, 2), (20, 4), (200, 4), (20, 8))]
    assert radii[0] < radii[1] < radii[2] and radii[1] < radii[3] < 8
    assert model_map.image_radius("C", 37.4, 2.6) == pytest.approx(2.2, abs=0.25)
