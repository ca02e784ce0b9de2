"""Triangles in a picture: the nearest one is seen, its values are linear, and the naive twin agrees."""
from __future__ import annotations

import numpy as np
import pytest

from cryoqa_plugin.core import raster


def naive(points, triangles, values, shape):
    """Every pixel looks at every triangle in barycentric coordinates of numpy."""
    heights, picture = np.full(shape, -np.inf), np.zeros((*shape, values.shape[1]))
    for y in range(shape[0]):
        for x in range(shape[1]):
            for corners in triangles:
                p = points[corners].astype(float)
                matrix = np.vstack([p[:, :2].T, np.ones(3)])
                if abs(np.linalg.det(matrix)) < 1e-9:
                    continue
                share = np.linalg.solve(matrix, [x + 0.5, y + 0.5, 1.0])
                if share.min() >= 0 and share @ p[:, 2] > heights[y, x]:
                    heights[y, x] = share @ p[:, 2]
                    picture[y, x] = share @ values[corners]
    return heights, picture


def test_the_naive_twin_agrees():
    rng = np.random.default_rng(7)
    points = rng.uniform(-4, 24, (18, 3)).astype(np.float32)
    triangles = rng.integers(0, 18, (14, 3)).astype(np.int32)           # some are no triangles, some leave the picture
    values = rng.standard_normal((18, 2)).astype(np.float32)
    found, expected = (f(points, triangles, values, (18, 21)) for f in (raster.draw_triangles, naive))
    same = np.isclose(found[0], expected[0], atol=1e-3)
    assert same.mean() > 0.99, "but for pixels on an edge"
    np.testing.assert_allclose(found[1][same], expected[1][same], atol=2e-3)
    assert np.isinf(found[0]).any() and np.isfinite(found[0]).any()


def test_the_nearest_is_seen_and_neighbours_leave_no_hole():
    corners = np.array([[0, 0, 1], [8, 0, 1], [8, 8, 1], [0, 8, 1], [2, 2, 5], [6, 2, 5], [2, 6, 5]], np.float32)
    triangles = np.array([[4, 5, 6], [0, 1, 2], [0, 2, 3]])
    values = np.array([[0], [0], [0], [0], [9], [9], [9]], np.float32)
    heights, picture = raster.draw_triangles(corners, triangles, values, (8, 8))
    assert np.isfinite(heights).all() and heights[0, 7] == 1
    assert heights[3, 3] == pytest.approx(5) and picture[3, 3, 0] == pytest.approx(9) and picture[7, 7, 0] == 0
