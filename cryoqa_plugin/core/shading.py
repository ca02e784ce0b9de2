"""Pictures of meshes: the first view of a molecule, lit from the upper left."""
from __future__ import annotations

from typing import Tuple

import numpy as np

from . import raster

_LIGHT = np.array([-0.38, 0.52, 0.765])          # towards the light, in the frame of the viewer: right, up, towards him


def first_view() -> np.ndarray:
    """Rotation to the frame of the viewer (right, up, towards him): along z, then a little from the side and from above.

    Returns
    -------
    ndarray
        float64 [3, 3].
    """
    view = np.diag([1.0, -1.0, -1.0])
    for axis, angle in ((1, 0.35), (0, 0.3)):
        a, b = (axis + 1) % 3, (axis + 2) % 3
        turn = np.eye(3)
        turn[[a, a, b, b], [a, b, a, b]] = np.cos(angle), -np.sin(angle), np.sin(angle), np.cos(angle)
        view = turn @ view
    return view


def draw(p: np.ndarray, quads: np.ndarray, values: np.ndarray, scale: float, shape: Tuple[int, int]) -> Tuple[np.ndarray, np.ndarray]:
    """A mesh as the viewer sees it.

    Parameters
    ----------
    p
        Vertices in the frame of the viewer, about the middle of the picture, float64 [n, 3].
    quads
        Quadrilaterals, int [m, 4], anticlockwise seen from outside.
    values
        Of the vertices, float64 [n, k].
    scale
        Pixels a unit of ``p``.
    shape
        Rows and columns of the picture.

    Returns
    -------
    seen
        bool [rows, columns].
    drawn
        float32 [rows, columns, 1 + k]: how bright the surface is, from about 0.4 to 1.1, then the values; 0 where nothing is seen.
    """
    triangles = np.concatenate([quads[:, :3], quads[:, [0, 2, 3]]])
    lit = np.maximum(_normals(p, triangles) @ _LIGHT, 0.0)
    radius = float(np.linalg.norm(p, axis=1).max())
    shade = (0.42 + 0.62 * lit) * (0.9 + 0.18 * p[:, 2] / radius)
    rows, columns = shape
    points = np.stack([columns / 2 + scale * p[:, 0], rows / 2 - scale * p[:, 1], scale * p[:, 2]], axis=1)
    heights, drawn = raster.draw_triangles(points, triangles, np.column_stack([shade, values]), shape)
    return np.isfinite(heights), drawn


def _normals(p: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Unit normals of the vertices, float64 [n, 3]: the mean over the triangles around, by area."""
    a, b, c = (p[triangles[:, k]] for k in range(3))
    face = np.cross(b - a, c - a)
    total = np.stack([sum(np.bincount(triangles[:, k], face[:, d], len(p)) for k in range(3)) for d in range(3)], axis=1)
    return total / np.maximum(np.linalg.norm(total, axis=1), 1e-30)[:, None]
