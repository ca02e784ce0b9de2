"""Icosahedral grids of directions and the table of neighbours."""
from __future__ import annotations

import numpy as np
import pytest

from cryoqa_plugin.core import directions


@pytest.mark.parametrize("bisections, vertices", [(0, 12), (1, 42), (2, 162), (3, 642), (4, 2562)])
def test_grid(bisections, vertices):
    sphere = directions.icosphere(bisections)
    assert len(sphere.vertices) == vertices and sphere.half.size == vertices // 2 and len(sphere.faces) == 2 * (vertices - 2)
    np.testing.assert_allclose(np.linalg.norm(sphere.vertices, axis=1), 1)
    assert np.allclose(sphere.vertices[0], (0, 0, 1))
    kept = sphere.vertices[sphere.half][sphere.of_half]
    np.testing.assert_allclose(np.abs(np.sum(kept * sphere.vertices, axis=1)), 1)
    assert np.abs(kept @ kept.T).max() < 1 + 1e-12
    np.testing.assert_allclose(kept.T @ kept / vertices, np.eye(3) / 3, atol=1e-12)


def test_first_ring_stands_where_xmipp_has_it():
    ring = directions.half_directions(0)[1:]
    assert np.degrees(np.arccos(ring[:, 2])) == pytest.approx(63.435, abs=1e-3)
    azimuth = np.sort(np.degrees(np.arctan2(ring[:, 1], ring[:, 0])) % 72)
    assert azimuth == pytest.approx(36)


@pytest.mark.parametrize("reach, edge", [(7.0, 8), (17.0, 32), (40.0, 5)])
def test_lookup_holds_every_direction_within_reach(reach, edge):
    axes = directions.half_directions(2)
    table = directions.lookup(axes, reach, edge)
    centres = directions.cell_centres(edge)
    assert table.starts[-1] == table.members.size and len(table.starts) == 3 * edge * edge + 1
    rng = np.random.default_rng(3)
    from cryoqa_plugin.core.cones import _cell
    for v in rng.standard_normal((500, 3)):
        v /= np.linalg.norm(v)
        cell = _cell(*v, edge)
        inside = set(np.flatnonzero(np.abs(axes @ v) >= np.cos(np.deg2rad(reach))))
        assert inside <= set(table.members[table.starts[cell]:table.starts[cell + 1]])
        assert inside >= set(table.members[table.starts[cell]:table.starts[cell] + table.inner[cell]])
        assert np.argmax(np.abs(centres @ v)) == cell or np.abs(centres[cell] @ v) > np.cos(2 / edge)
    assert table.inner.sum() > (0.2 if reach > 10 else -1) * table.members.size, "most of a cone is whole cells"
    fewest = np.diff(table.starts).mean()
    assert fewest < len(axes) * (1 - np.cos(np.deg2rad(reach) + 2 / edge)) + 2, "the table is no help when it holds everything"


def test_cells_cover_the_half_sphere_once():
    from cryoqa_plugin.core.cones import _cell
    edge = 12
    for i, centre in enumerate(directions.cell_centres(edge)):
        assert _cell(*centre, edge) == i and _cell(*-centre, edge) == i


def test_nothing_is_found_near_cells_that_are_left_out():
    axes = directions.half_directions(2)
    table = directions.lookup(axes, 17.0, 12)
    dropped = np.random.default_rng(1).random(3 * 4 * 4) < 0.3
    less = directions.without(table, dropped)
    centres = directions.cell_centres(12)
    coarse = directions.cell_centres(4)
    for c in range(3 * 12 * 12):
        assert less.inner[c] in (table.inner[c], 0)
        gone = dropped[int(np.argmin([_cell_distance(centres[c], d) for d in coarse]))]
        here = less.members[less.starts[c]:less.starts[c + 1]]
        np.testing.assert_array_equal(here, [] if gone else table.members[table.starts[c]:table.starts[c + 1]])
    assert directions.without(table, np.zeros(48, bool)) is table
    with pytest.raises(ValueError, match="are no parts of 5"):
        directions.without(table, np.ones(75, bool))


def _cell_distance(a, b):
    """Largest distance along the face, after both are pushed to the cube; another face is far."""
    face = int(np.argmax(np.abs(a)))
    return np.abs(a / a[face] - b / b[face]).max() if face == int(np.argmax(np.abs(b))) else np.inf
