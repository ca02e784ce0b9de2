"""Power along a direction, and what the directions of a point say, against naive twins and by invariants."""
from __future__ import annotations

import naive_monodir as naive
import numpy as np
import pytest

from cryoqa_plugin.core import local, monodir
from cryoqa_plugin.core.directions import half_directions
from cryoqa_plugin.core.fourier import forward

AXES = half_directions(2)


@pytest.mark.parametrize("shape,voxel", [((24, 24, 24), (1.0, 1.0, 1.0)), ((25, 20, 27), (1.0, 1.3, 0.9))])
@pytest.mark.parametrize("axis", [(0, 0, 1), (1, 0, 0), (0, -1, 0), (0.48, -0.64, 0.6)])
def test_power_along_a_direction_is_that_of_the_whole_grid(shape, voxel, axis):
    data = np.random.default_rng(2).standard_normal(shape).astype(np.float32)
    edges, sigma = [n * v for n, v in zip(shape, voxel[::-1])], 3.0
    grid = local.points(shape, voxel, sigma)
    for centre in (0.12, 0.3):
        ours = monodir.local_power([forward(data)], shape[2], edges, np.array(axis, float), 0.4, centre, 0.06, grid)[0]
        theirs = naive.local_power(data, edges, axis, 0.4, centre, 0.06, grid.shape, sigma)
        np.testing.assert_allclose(ours / ours.mean(), theirs / theirs.mean(), atol=0.02)


def test_a_wave_has_power_along_its_own_direction_alone():
    x = np.arange(32)
    data = np.broadcast_to(np.cos(2 * np.pi * 8 * x / 32), (32, 32, 32)).astype(np.float32)
    grid = local.points(data.shape, (1, 1, 1), 4.0)
    powers = [monodir.local_power([forward(data)], 32, [32.0] * 3, a, 0.35, 0.25, 0.05, grid)[0] for a in np.eye(3)]
    assert np.ptp(powers[0]) < 1e-3 * powers[0].mean()          # the amplitude of a wave is the same everywhere
    assert powers[1].max() < 1e-6 * powers[0].mean() and powers[2].max() < 1e-6 * powers[0].mean()


@pytest.mark.parametrize("outliers", [0.0, 2.0])
def test_summary_against_its_twin(outliers):
    rng = np.random.default_rng(4)
    resolution = (3 + rng.random((81, 40)) + (rng.random((81, 40)) > 0.95) * 5).astype(np.float32)
    radius = rng.standard_normal((40, 3)) * 20
    ours = monodir.summarise(resolution, AXES, radius, outliers)
    rows, best, kept = naive.summarise(resolution, AXES, radius, outliers)
    np.testing.assert_allclose(ours[:6], rows, rtol=1e-6)
    np.testing.assert_allclose(ours.best, best, atol=1e-12)
    assert ours.kept == pytest.approx(kept) and (kept < 1) == (outliers > 0)
    assert ours.best.sum() == pytest.approx(1)


@pytest.mark.parametrize("place", range(3))
def test_radial_and_tangential_know_x_from_y(place):
    """Fine along one axis of the box: radial there, tangential elsewhere."""
    resolution = np.where(np.abs(AXES[:, place]) > np.cos(np.deg2rad(45)), 2.0, 3.0).astype(np.float32)
    out = monodir.summarise(np.repeat(resolution[:, None], 3, axis=1), AXES, 10 * np.eye(3), 0.0)
    assert out.radial[place] == pytest.approx(2) and out.tangential[place] == pytest.approx(3)
    assert all(out.radial[i] > 2.8 and out.tangential[i] < 2.9 for i in range(3) if i != place)


def test_swapping_axes_swaps_nothing_else():
    rng = np.random.default_rng(5)
    resolution, radius = (3 + rng.random((81, 20))).astype(np.float32), rng.standard_normal((20, 3))
    one = monodir.summarise(resolution, AXES, radius, 2.5)
    two = monodir.summarise(resolution, np.ascontiguousarray(AXES[:, [1, 0, 2]]), np.ascontiguousarray(radius[:, [1, 0, 2]]), 2.5)
    for a, b in zip(one, two):
        np.testing.assert_allclose(a, b, rtol=1e-9)


def test_distance_over_caps():
    n = len(AXES)
    assert monodir.cap_distance(np.full(n, 1 / n), AXES) < 1e-12
    cap = np.abs(AXES[:, 2]) > np.cos(np.deg2rad(40))
    assert monodir.cap_distance(cap / cap.sum(), AXES) == pytest.approx(1 - cap.mean())
    assert monodir.cap_distance(~cap / (~cap).sum(), AXES) == pytest.approx(cap.mean())
