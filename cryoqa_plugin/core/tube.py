"""A tube along a line of points, as a mesh of quadrilaterals."""
from __future__ import annotations

from typing import Tuple

import numpy as np


def tube(points: np.ndarray, radius: float, sides: int, between: int) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A closed tube along a smooth line through points.

    Parameters
    ----------
    points
        The points in their order, float64 [n, 3], n >= 2.
    radius
        Of the tube, in the unit of the points.
    sides
        Vertices around it, at least 3.
    between
        Steps of the line from one point to the next, at least 1; the line is a Catmull-Rom spline.

    Returns
    -------
    tuple
        Vertices, float64 [m, 3]; quadrilaterals, int64 [k, 4], whose corners run anticlockwise seen from outside; and the place of each
        vertex along the line, float64 [m], 0 at the first and n - 1 at the last point.
    """
    line, at = _spline(np.asarray(points, dtype=np.float64), between)
    along = _unit(np.gradient(line, axis=0))
    across = _frames(along)
    turn = 2 * np.pi * np.arange(sides) / sides
    ring = np.cos(turn)[None, :, None] * across[:, None] + np.sin(turn)[None, :, None] * np.cross(along, across)[:, None]
    vertices = np.concatenate([(line[:, None] + radius * ring).reshape(-1, 3), line[[0, -1]]])
    m = len(line)
    here, side = np.meshgrid(np.arange(m - 1) * sides, np.arange(sides), indexing="ij")
    after = (side + 1) % sides
    walls = np.stack([here + side, here + after, here + sides + after, here + sides + side], axis=-1).reshape(-1, 4)
    first, last, s, t = m * sides, m * sides + 1, np.arange(sides), (np.arange(sides) + 1) % sides
    end = (m - 1) * sides
    caps = np.concatenate([np.stack([t, s, np.full(sides, first), np.full(sides, first)], axis=1),
                           np.stack([end + s, end + t, np.full(sides, last), np.full(sides, last)], axis=1)])
    return vertices, np.concatenate([walls, caps]), np.concatenate([np.repeat(at, sides), at[[0, -1]]])


def _spline(points: np.ndarray, between: int) -> Tuple[np.ndarray, np.ndarray]:
    """Catmull-Rom spline through the points, and the place of each of its points among them."""
    n = len(points)
    at = np.linspace(0, n - 1, (n - 1) * between + 1)
    i = np.minimum(at.astype(np.int64), n - 2)
    t = (at - i)[:, None]
    p = [points[np.clip(i + k, 0, n - 1)] for k in (-1, 0, 1, 2)]
    line = 0.5 * (2 * p[1] + (p[2] - p[0]) * t + (2 * p[0] - 5 * p[1] + 4 * p[2] - p[3]) * t ** 2
                  + (3 * p[1] - p[0] - 3 * p[2] + p[3]) * t ** 3)
    return line, at


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)


def _frames(along: np.ndarray) -> np.ndarray:
    """A direction across the line at each of its points, which turns as little as it can from one to the next."""
    out = np.empty_like(along)
    start = np.eye(3)[np.argmin(np.abs(along[0]))]
    for i, axis in enumerate(along):
        start = start - axis * (start @ axis)
        size = np.linalg.norm(start)
        if size < 1e-6:                                      # the line turns back by a right angle
            start = np.eye(3)[np.argmin(np.abs(axis))]
            start = start - axis * (start @ axis)
            size = np.linalg.norm(start)
        start = start / size
        out[i] = start
    return out
