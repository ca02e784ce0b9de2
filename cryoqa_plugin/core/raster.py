"""Triangles drawn into a picture with a buffer of depths: no graphics card, no other program."""
from __future__ import annotations

from typing import Tuple

import numpy as np

from .jit import njit


def draw_triangles(points: np.ndarray, triangles: np.ndarray, values: np.ndarray, shape: Tuple[int, int]) -> Tuple[np.ndarray, np.ndarray]:
    """Values at the corners of triangles, linear in between, in the pixels of a picture; the nearest triangle hides the others.

    Parameters
    ----------
    points
        Corners, float32 [n, 3]: column, row (downwards) and height towards the viewer, in pixels; the middle of the first pixel is at
        (0.5, 0.5).
    triangles
        Three corners of each, int32 [m, 3].
    values
        float32 [n, k].
    shape
        Rows and columns of the picture.

    Returns
    -------
    heights
        float32 [rows, columns]: height of what is seen; -infinity where there is nothing.
    picture
        float32 [rows, columns, k]; 0 where there is nothing.
    """
    heights = np.full(shape, -np.inf, dtype=np.float32)
    picture = np.zeros((*shape, values.shape[1]), dtype=np.float32)
    _draw_kernel(np.ascontiguousarray(points, dtype=np.float32), np.ascontiguousarray(triangles, dtype=np.int32),
                 np.ascontiguousarray(values, dtype=np.float32), heights, picture)
    return heights, picture


@njit
def _draw_kernel(points, triangles, values, heights, picture):
    rows, columns = heights.shape
    for t in range(triangles.shape[0]):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        xa, ya, xb, yb, xc, yc = points[a, 0], points[a, 1], points[b, 0], points[b, 1], points[c, 0], points[c, 1]
        area = (xb - xa) * (yc - ya) - (xc - xa) * (yb - ya)
        if area == 0.0:
            continue
        first_x, last_x = max(0, int(np.ceil(min(xa, xb, xc) - 0.5))), min(columns - 1, int(np.floor(max(xa, xb, xc) - 0.5)))
        first_y, last_y = max(0, int(np.ceil(min(ya, yb, yc) - 0.5))), min(rows - 1, int(np.floor(max(ya, yb, yc) - 0.5)))
        for y in range(first_y, last_y + 1):
            for x in range(first_x, last_x + 1):
                px, py = x + 0.5, y + 0.5
                u = ((xb - px) * (yc - py) - (xc - px) * (yb - py)) / area
                v = ((xc - px) * (ya - py) - (xa - px) * (yc - py)) / area
                w = 1.0 - u - v
                # A little beyond the edges, so that rounding leaves no holes between neighbours.
                if u < -1e-5 or v < -1e-5 or w < -1e-5:
                    continue
                height = u * points[a, 2] + v * points[b, 2] + w * points[c, 2]
                if height <= heights[y, x]:
                    continue
                heights[y, x] = height
                for k in range(values.shape[1]):
                    picture[y, x, k] = u * values[a, k] + v * values[b, k] + w * values[c, k]
