"""A tube along points: on the line, closed, outside outwards."""
from __future__ import annotations

import numpy as np
import pytest

from cryoqa_plugin.core.tube import tube


def _helix(n):
    t = np.arange(n) * 1.7
    return np.stack([2.3 * np.cos(t), 2.3 * np.sin(t), 1.5 * np.arange(n)], axis=1)


@pytest.mark.parametrize("points, sides, between", [(_helix(12), 6, 3), (np.array([[0.0, 0, 0], [0, 0, 4]]), 4, 1), (_helix(30), 3, 1)])
def test_a_tube_is_closed_and_lies_about_its_line(points, sides, between):
    vertices, quads, at = tube(points, 0.5, sides, between)
    lines = (len(points) - 1) * between + 1
    assert len(vertices) == len(at) == lines * sides + 2 and quads.max() == len(vertices) - 1
    for i, p in enumerate(points):
        ring = vertices[:-2][at[:-2] == i]
        np.testing.assert_allclose(np.linalg.norm(ring - p, axis=1), 0.5, atol=1e-12)
        np.testing.assert_allclose(ring.mean(axis=0), p, atol=1e-12)
    triangles = np.concatenate([quads[:, :3], quads[:, [0, 2, 3]]])
    triangles = triangles[(triangles[:, 0] != triangles[:, 1]) & (triangles[:, 1] != triangles[:, 2])]
    edges = {}
    for a, b, c in triangles:
        for edge in ((a, b), (b, c), (c, a)):
            edges[edge] = edges.get(edge, 0) + 1
    assert all(edges.get((b, a)) == n == 1 for (a, b), n in edges.items()), "each edge once in each sense: closed, and oriented alike"
    a, b, c = (vertices[triangles[:, k]] for k in range(3))
    volume = float(np.einsum("ij,ij->", a, np.cross(b, c)) / 6)
    assert volume > 0, "seen from outside the corners run anticlockwise"
    if between > 1:
        length = np.linalg.norm(np.diff(points, axis=0), axis=1).sum()
        assert volume == pytest.approx(length * sides / 2 * np.sin(2 * np.pi / sides) * 0.25, rel=0.2)


def test_a_line_that_turns_back_keeps_its_width():
    vertices, _, at = tube(np.array([[0.0, 0, 0], [3, 0, 0], [3, 3, 0], [0, 3, 0], [0, 3, 3]]), 0.4, 5, 4)
    assert np.isfinite(vertices).all() and at[-1] == 4
