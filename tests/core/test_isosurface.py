"""The isosurface pictures: a sphere has the outline, the shading and the place of a sphere."""
from __future__ import annotations

import numpy as np
import pytest

from cryoqa_plugin.core import isosurface
from naive_isosurface import hit_depths

X, Y, Z = (1, 0, 0), (0, 1, 0), (0, 0, 1)


def ball(shape, centre, radius, spacing=(1.0, 1.0, 1.0)):
    z, y, x = np.indices(shape)
    d = np.sqrt(sum(((a - c) * s) ** 2 for a, c, s in zip((x, y, z), centre, spacing)))
    return (radius - d).astype(np.float32)


@pytest.mark.parametrize("shape, spacing", [((24, 24, 24), (1, 1, 1)), ((21, 26, 25), (1, 1, 1)), ((31, 24, 18), (1.5, 1.2, 0.9))])
@pytest.mark.parametrize("right, down", [(X, Y), (X, Z), (Y, Z)])
def test_outline_of_a_sphere(shape, spacing, right, down):
    radius, size = 7.0, 64
    data = ball(shape, tuple((n - 1) / 2 for n in shape[::-1]), radius, spacing)
    picture = isosurface.render(data, 0.0, right, down, voxel_size=spacing, size=size)
    rows, columns = np.nonzero(picture >= 0)
    area = len(rows)
    extents = [np.ptp(np.nonzero((data > 0).any(axis=a))[0]) for a in ((0, 1), (0, 2), (1, 2))]
    pixel = max((e + 2) * s for e, s in zip(extents, spacing)) / (0.94 * size)
    assert area * pixel ** 2 == pytest.approx(np.pi * radius ** 2, rel=0.03)
    assert rows.mean() == pytest.approx((size - 1) / 2, abs=0.6) and columns.mean() == pytest.approx((size - 1) / 2, abs=0.6)
    assert picture.max() <= 1 and set(np.unique(picture[picture < 0])) <= {isosurface.BACKGROUND}


def test_brightness_follows_the_normal():
    size, radius = 81, 12.0
    data = ball((32, 32, 32), (15.5, 15.5, 15.5), radius)
    picture = isosurface.render(data, 0.0, X, Y, size=size)
    light = np.array([-0.35, -0.55, 0.76]) / np.linalg.norm([-0.35, -0.55, 0.76])
    extent = np.ptp(np.nonzero((data > 0).any(axis=(0, 1)))[0]) + 2
    pixel = extent / (0.94 * size)
    v, u = (np.mgrid[:size, :size] - (size - 1) / 2) * pixel
    inside = u ** 2 + v ** 2 < (0.9 * radius) ** 2
    w = np.sqrt(np.where(inside, radius ** 2 - u ** 2 - v ** 2, 0))
    lambert = np.maximum(0, (u * light[0] + v * light[1] + w * light[2]) / radius)
    expected = (0.22 + 0.78 * lambert) * (1 - 0.35 * np.clip(0.5 - w / (pixel * size), 0, 1))
    assert np.abs(picture - expected)[inside].max() < 0.05


def test_depth_agrees_with_the_naive_twin():
    rng = np.random.default_rng(3)
    data = isosurface.smooth(rng.standard_normal((14, 17, 15)).astype(np.float32), 1.5)
    level, size, spacing = 0.05, 12, np.array([1.0, 1.3, 0.8])
    right, down, ahead = (np.asarray(v, float) for v in (X, Z, (0, -1, 0)))
    picture = isosurface.render(data, level, right, down, voxel_size=spacing, size=size)
    low, high = isosurface._bounds(data, level)
    low, high = (low - 1) * spacing, (high + 1) * spacing
    pixel = float(np.max(high - low)) / (0.94 * size)
    offsets = [((c - 0.5 * (size - 1)) * pixel, (r - 0.5 * (size - 1)) * pixel) for r in range(size) for c in range(size)]
    starts = np.array([(low + high) / 2 + u * right + v * down - 30 * ahead for u, v in offsets])
    depth = hit_depths(data, level, spacing, starts, ahead, 60, 0.02).reshape(size, size)
    same = (picture >= 0) == np.isfinite(depth)
    assert same.mean() > 0.97                    # a ray that grazes the surface may be missed by the coarser march


def test_empty_and_full_maps_do_not_fail():
    flat = np.zeros((8, 8, 8), dtype=np.float32)
    assert (isosurface.render(flat, 0.5, X, Y, size=16) < 0).all()
    assert (isosurface.render(flat + 1, 0.5, X, Y, size=16) >= 0).any()
    assert isosurface.contour_level(flat) == 0.0
    assert np.isfinite(isosurface.contour_level(flat + 1))


def test_shrinking_keeps_the_mean():
    rng = np.random.default_rng(5)
    data = rng.standard_normal((12, 10, 9)).astype(np.float32)
    small, step = isosurface.shrink(data, max_edge=4)
    assert step == 3 and small.shape == (4, 3, 3)
    assert small[1, 2, 0] == pytest.approx(data[3:6, 6:9, 0:3].mean(), abs=1e-5)
    assert isosurface.shrink(data, max_edge=12)[1] == 1


def test_the_level_lies_between_noise_and_molecule():
    rng = np.random.default_rng(6)
    data = np.where(ball((40, 40, 40), (20, 20, 20), 10) > 0, 1.0, 0.0) + 0.05 * rng.standard_normal((40, 40, 40))
    assert 0.25 < isosurface.contour_level(data.astype(np.float32)) < 0.75
