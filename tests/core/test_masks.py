"""Masks and distances against plain versions and against what is known."""
from __future__ import annotations

import naive_masks as naive
import numpy as np
import pytest

from cryoqa_plugin.core import distance, masks

SHAPES = [((7, 8, 9), (1.0, 1.0, 1.0)), ((10, 5, 6), (1.0, 1.5, 0.7)), ((4, 11, 4), (2.0, 1.0, 1.0))]


@pytest.mark.parametrize("shape, spacing", SHAPES)
@pytest.mark.parametrize("density", [0.01, 0.2, 0.9])
def test_distance_is_exact(shape, spacing, density):
    binary = np.random.default_rng(3).random(shape) < density
    binary[1, 2, 3] = True
    expected = naive.squared_distance(binary, spacing)
    np.testing.assert_allclose(distance.squared_distance(binary, spacing), expected, rtol=1e-6, atol=0)
    near = expected < 9
    limited = distance.squared_distance(binary, spacing, 3.0)
    np.testing.assert_allclose(limited[near], expected[near], rtol=1e-6)
    assert (limited[~near] >= 9 * (1 - 1e-6)).all()


def test_distance_of_nothing_and_of_everything():
    empty = np.zeros((4, 5, 6), bool)
    assert (distance.squared_distance(empty) > 1e30).all()
    assert (distance.squared_distance(~empty) == 0).all()


def test_distance_does_not_depend_on_threads():
    from cryoqa_plugin.core.threads import set_threads
    binary = np.random.default_rng(5).random((40, 17, 21)) < 0.02
    try:
        set_threads(1)
        one = distance.distance_to(binary)
        set_threads(3)
        np.testing.assert_array_equal(one, distance.distance_to(binary))
    finally:
        set_threads(0)


def test_extension_and_edge_of_a_point():
    binary = np.zeros((21, 21, 21), bool)
    binary[10, 10, 10] = True
    grown = masks.extend(binary, 3)
    r2 = sum((np.indices(binary.shape)[i] - 10) ** 2 for i in range(3))
    np.testing.assert_array_equal(grown, r2 < 9)                       # strict, as RELION
    np.testing.assert_array_equal(masks.extend(grown, 0), grown)
    soft = masks.soft_edge(binary, 4)
    r = np.sqrt(r2)
    expected = np.where(r < 4, 0.5 + 0.5 * np.cos(np.pi * r / 4), 0)
    np.testing.assert_allclose(soft, expected, atol=1e-6)


def test_shrinking_undoes_growing_of_a_ball():
    ball = masks.ball((31, 31, 31), (1, 1, 1), 9.0)
    back = masks.extend(masks.extend(ball, 3), -3)
    assert np.count_nonzero(back ^ ball) < 0.08 * ball.sum()
    assert not masks.extend(ball, -12).any()


def test_components_are_ordered_by_size_and_touch_at_corners():
    binary = np.zeros((12, 12, 12), bool)
    binary[1, 1, 1] = True
    binary[5:8, 5:8, 5:8] = True
    binary[8, 8, 8] = True                                             # touches by a corner
    labels, sizes = masks.components(binary)
    assert sizes.tolist() == [28, 1]
    assert labels[8, 8, 8] == 1 and labels[1, 1, 1] == 2 and labels[0, 0, 0] == 0


def test_components_partition_the_mask():
    binary = np.random.default_rng(6).random((37, 18, 23)) < 0.08
    labels, sizes = masks.components(binary)
    np.testing.assert_array_equal(labels > 0, binary)
    np.testing.assert_array_equal(np.bincount(labels.ravel())[1:], sizes)
    assert (np.diff(sizes) <= 0).all()


def test_cavities_are_filled_and_bays_are_not():
    binary = masks.ball((15, 15, 15), (1, 1, 1), 6.0)
    hollow = binary & ~masks.ball((15, 15, 15), (1, 1, 1), 2.0)
    np.testing.assert_array_equal(masks.fill_cavities(hollow), binary)
    open_ = hollow.copy()
    open_[7, 7, 7:] = False
    np.testing.assert_array_equal(masks.fill_cavities(open_), open_)


@pytest.mark.parametrize("shape, voxel", SHAPES)
def test_balls_around_atoms(shape, voxel):
    rng = np.random.default_rng(8)
    xyz = rng.random((4, 3)) * np.array(shape[::-1]) * np.array(voxel) + 5
    radii = np.array([0.5, 1.1, 2.0, 3.0])
    got = masks.atoms_mask(shape, voxel, (5, 5, 5), xyz, radii, probe=0.4, shrink=0)
    np.testing.assert_array_equal(got, naive.balls(shape, voxel, (5, 5, 5), xyz, radii + 0.4))


def test_shrinking_of_the_molecular_surface_fills_crevices():
    xyz = np.array([[10.0, 10, 10], [14.0, 10, 10]])
    voxel = (0.5, 0.5, 0.5)
    surface = masks.atoms_mask((40, 40, 40), voxel, (0, 0, 0), xyz, np.array([1.7, 1.7]), probe=1.4, shrink=1.4)
    hard = masks.atoms_mask((40, 40, 40), voxel, (0, 0, 0), xyz, np.array([1.7, 1.7]), probe=0, shrink=0)
    assert surface[20, 20, 24] and not hard[20, 20, 24]                # the neck between the atoms
    assert not surface[20, 20, 12]


def test_gaussian_softening_keeps_the_volume_and_has_the_width():
    binary = np.zeros((32, 30, 28), bool)
    binary[16, 15, 14] = True
    voxel, sigma = (1.2, 1.2, 1.2), 3.0
    soft = masks.gaussian_soften(binary, voxel, sigma)
    assert soft.sum() == pytest.approx(1, abs=2e-3)
    profile = soft.sum(axis=(1, 2))
    z = (np.arange(32) - 16) * 1.2
    assert np.sqrt((profile * z * z).sum() / profile.sum()) == pytest.approx(sigma, rel=0.02)
    assert soft.min() >= 0


def test_local_variance_finds_the_rough_part():
    rng = np.random.default_rng(4)
    z, y, x = np.mgrid[:48, :48, :48] - 24
    inside = x * x + y * y + z * z < 10 ** 2
    data = (inside * rng.standard_normal(inside.shape)).astype(np.float32)
    found = masks.local_variance_mask(data, (1, 1, 1), 3.0, fraction=0.3)
    assert np.count_nonzero(found & inside) > 0.9 * inside.sum()
    assert np.count_nonzero(found) < 2.2 * inside.sum()


def test_lowpass_removes_what_is_finer_and_keeps_what_is_coarser():
    x = np.arange(48)
    coarse, fine = np.cos(2 * np.pi * 3 * x / 48), np.cos(2 * np.pi * 12 * x / 48)
    data = np.broadcast_to(coarse + fine, (48, 48, 48)).astype(np.float32)
    out = masks.lowpass(data, (1, 1, 1), 8.0)
    np.testing.assert_allclose(out[0, 0], coarse, atol=1e-4)
