"""The mesh of a sphere has the place, area, volume and orientation of a sphere; values on it are those of the map."""
from __future__ import annotations

import numpy as np
import pytest

import naive_mesh
from cryoqa_plugin.core import mesh
from test_isosurface import ball


def measures(vertices, quads):
    """Area and enclosed volume, positive when the faces look outwards."""
    a, b, c, d = (vertices[quads[:, i]].astype(float) for i in range(4))
    normals = [np.cross(b - a, c - a) / 2, np.cross(c - a, d - a) / 2]
    volume = sum((n * (a + b + c) / 3).sum() / 3 for n, b, c in ((normals[0], b, c), (normals[1], c, d)))
    return sum(np.linalg.norm(n, axis=1).sum() for n in normals), volume


@pytest.mark.parametrize("shape, radius", [((24, 26, 25), 8.0), ((31, 18, 33), 7.5)])
def test_a_sphere(shape, radius):
    centre = tuple((n - 1) / 2 for n in shape[::-1])
    vertices, quads = mesh.surface_net(ball(shape, centre, radius), 0.0)
    assert np.linalg.norm(vertices - centre, axis=1) == pytest.approx(radius, abs=0.08)
    area, volume = measures(vertices - np.float32(centre), quads)
    assert area == pytest.approx(4 * np.pi * radius ** 2, rel=0.025) and volume == pytest.approx(4 / 3 * np.pi * radius ** 3, rel=0.03)
    assert len(vertices) - len(quads) == 2                   # Euler: v - e + f = 2 with e = 2 f


def test_vertices_agree_with_the_naive_twin_and_every_edge_has_two_sides():
    data = np.random.default_rng(4).standard_normal((6, 7, 5)).astype(np.float32)
    vertices, quads = mesh.surface_net(data, 0.3)
    expected = naive_mesh.vertices(data, np.float32(0.3))
    assert len(expected) == len(vertices) and set(quads.ravel()) == set(range(len(vertices)))
    cubes = sorted(expected, key=lambda c: c[::-1])
    assert vertices == pytest.approx(np.array([expected[c] for c in cubes]), abs=1e-5)
    edges = {}
    for q in quads:
        for a, b in zip(q, np.roll(q, -1)):
            edges[a, b] = edges.get((a, b), 0) + 1
    assert all(n == edges.get((b, a), 0) for (a, b), n in edges.items())      # closed, and all faces look the same way


def test_a_surface_that_leaves_the_box_is_closed_there_and_nothing_gives_nothing():
    vertices, quads = mesh.surface_net(np.ones((4, 4, 4), np.float32), 0.5)
    assert len(vertices) == 2 * 25 + 2 * 15 + 2 * 9 and measures(vertices - 1.5, quads)[1] > 27
    assert [len(a) for a in mesh.surface_net(np.zeros((4, 4, 4), np.float32), 0.5)] == [0, 0]
    assert [len(a) for a in mesh.surface_net(np.zeros((4, 4, 4), np.float32), 0.0)] == [0, 0]


def test_values_agree_with_the_naive_twin():
    rng = np.random.default_rng(5)
    data = rng.standard_normal((5, 6, 7)).astype(np.float32)
    data[rng.random(data.shape) < 0.4] = 0
    data[0, 0, 0] = np.nan
    points = rng.uniform(-1.5, 7, (200, 3))
    found, expected = mesh.values_at(data, points), naive_mesh.values_at(data, points)
    assert np.isnan(expected).any() and found == pytest.approx(expected, abs=2e-5, nan_ok=True)
    assert mesh.values_at(data, points / 2, (2, 2, 2)) == pytest.approx(found, abs=1e-5, nan_ok=True)
