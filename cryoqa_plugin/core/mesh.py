"""The surface of a map as a mesh of quadrilaterals (surface nets), and the values of other maps on it."""
from __future__ import annotations

from typing import Sequence, Tuple

import numpy as np

from .jit import njit


def surface_net(data: np.ndarray, level: float) -> Tuple[np.ndarray, np.ndarray]:
    """Mesh of the surface of a map at a level.

    A vertex lies in each cube of 2 x 2 x 2 voxels that the surface passes, at the mean of the points where it crosses the edges of the
    cube; each edge between two voxels that it crosses gives a quadrilateral of the four cubes around.

    Parameters
    ----------
    data
        Map, float32 [z, y, x].
    level
        What is above it is inside; what is beyond the box is outside.

    Returns
    -------
    vertices
        Index (x, y, z) in the map, float32 [n, 3].
    quads
        Vertices of each quadrilateral, int32 [m, 4], anticlockwise seen from outside.

    References
    ----------
    Gibson (1998), https://doi.org/10.1007/BFb0056277.
    """
    # Two layers of what is outside close the surface where the molecule reaches the edge of the box.
    padded = np.pad(np.asarray(data, dtype=np.float32), 2, constant_values=min(float(data.min()), float(level)))
    inside = padded > np.float32(level)
    crossed = sum(int(np.count_nonzero(np.diff(inside.view(np.int8), axis=axis))) for axis in range(3))
    cubes = np.full(tuple(n - 1 for n in padded.shape), -1, dtype=np.int32)
    vertices = np.empty((4 * crossed, 3), dtype=np.float32)   # every crossed edge is in four cubes
    n = _vertices_kernel(padded, np.float32(level), cubes, vertices)
    quads = np.empty((crossed, 4), dtype=np.int32)
    m = _quads_kernel(padded, np.float32(level), cubes, quads)
    return vertices[:n] - np.float32(2), quads[:m]


@njit
def _vertices_kernel(data, level, cubes, vertices):
    """Number the cubes that the surface passes, and place their vertices; the number of vertices."""
    nz, ny, nx = data.shape
    n = 0
    for z in range(nz - 1):
        for y in range(ny - 1):
            for x in range(nx - 1):
                count = 0
                for k in range(8):
                    if data[z + (k >> 2), y + (k >> 1 & 1), x + (k & 1)] > level:
                        count += 1
                if count == 0 or count == 8:
                    continue
                cubes[z, y, x] = n
                _place(data, level, z, y, x, vertices[n])
                n += 1
    return n


@njit
def _place(data, level, z, y, x, vertex):
    """Mean (x, y, z) of the points where the surface crosses the twelve edges of the cube at (z, y, x)."""
    sx, sy, sz, count = 0.0, 0.0, 0.0, 0
    for k in range(8):
        i, j, h = k & 1, k >> 1 & 1, k >> 2
        a = data[z + h, y + j, x + i]
        for axis in range(3):
            if k >> axis & 1:                               # edges go up from their lower end
                continue
            b = data[z + h + (axis == 2), y + j + (axis == 1), x + i + (axis == 0)]
            if (a > level) == (b > level):
                continue
            t = (level - a) / (b - a)
            sx += x + i + (t if axis == 0 else 0.0)
            sy += y + j + (t if axis == 1 else 0.0)
            sz += z + h + (t if axis == 2 else 0.0)
            count += 1
    vertex[0], vertex[1], vertex[2] = sx / count, sy / count, sz / count


@njit
def _quads_kernel(data, level, cubes, quads):
    """The quadrilateral of every crossed edge; their number."""
    nz, ny, nx = data.shape
    m = 0
    for z in range(1, nz - 1):
        for y in range(1, ny - 1):
            for x in range(1, nx - 1):
                here = data[z, y, x] > level
                for axis in range(3):
                    if (data[z + (axis == 2), y + (axis == 1), x + (axis == 0)] > level) == here:
                        continue
                    if axis == 0:
                        a, b, c, d = cubes[z - 1, y - 1, x], cubes[z - 1, y, x], cubes[z, y, x], cubes[z, y - 1, x]
                    elif axis == 1:
                        a, b, c, d = cubes[z - 1, y, x - 1], cubes[z, y, x - 1], cubes[z, y, x], cubes[z - 1, y, x]
                    else:
                        a, b, c, d = cubes[z, y - 1, x - 1], cubes[z, y - 1, x], cubes[z, y, x], cubes[z, y, x - 1]
                    quads[m, 0], quads[m, 2] = a, c
                    quads[m, 1], quads[m, 3] = (b, d) if here else (d, b)
                    m += 1
    return m


def values_at(data: np.ndarray, points: np.ndarray, scale: Sequence[float] = (1.0, 1.0, 1.0)) -> np.ndarray:
    """Values of a map of which only some voxels have one, linear between those.

    Parameters
    ----------
    data
        Map, float32 [z, y, x], 0 where it has no value.
    points
        float [n, 3] (x, y, z).
    scale
        Voxels per unit of ``points`` along (x, y, z).

    Returns
    -------
    ndarray
        float32 [n]; NaN where none of the eight voxels around has a value.
    """
    out = np.empty(len(points), dtype=np.float32)
    _values_kernel(np.ascontiguousarray(data, dtype=np.float32), points.astype(np.float64) * np.asarray(scale, dtype=np.float64), out)
    return out


@njit
def _values_kernel(data, points, out):
    nz, ny, nx = data.shape
    for p in range(points.shape[0]):
        x, y, z = points[p, 0], points[p, 1], points[p, 2]
        i, j, h = int(np.floor(x)), int(np.floor(y)), int(np.floor(z))
        total, weights = 0.0, 0.0
        for k in range(8):
            a, b, c = i + (k & 1), j + (k >> 1 & 1), h + (k >> 2)
            if a < 0 or b < 0 or c < 0 or a >= nx or b >= ny or c >= nz:
                continue
            value = data[c, b, a]
            # Voxels without a value would pull the mean towards 0: the others share their weight.
            if value == 0 or not np.isfinite(value):
                continue
            w = (1.0 - abs(x - a)) * (1.0 - abs(y - b)) * (1.0 - abs(z - c))
            total += w * value
            weights += w
        out[p] = total / weights if weights > 1e-6 else np.nan
