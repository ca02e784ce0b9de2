"""Directions on the sphere: icosahedral grids, and a table that finds the directions near a given one.

Fourier coefficients come in Friedel pairs, so that a direction and its opposite are the same here: grids hold one of each pair.
"""
from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple, Tuple

import numpy as np

_BLOCK = 256                          # vertices whose opposites are looked for at a time


class Sphere(NamedTuple):
    """A triangulated unit sphere: ``vertices`` float64 [n, 3] (x, y, z), ``faces`` int [m, 3], ``half`` int [n / 2] the vertices that are
    kept of each pair of opposite ones, ``of_half`` int [n] the index in ``half`` of every vertex or its opposite."""

    vertices: np.ndarray
    faces: np.ndarray
    half: np.ndarray
    of_half: np.ndarray


class Lookup(NamedTuple):
    """Which of some directions lie near a cell of the cube map: those of cell ``c`` are ``members[starts[c]:starts[c + 1]]``.

    ``edge`` is the number of cells along the edge of a face; ``axes`` float64 [n, 3] the directions. The first ``inner[c]`` of a cell are
    within ``reach`` degrees of all of it, the others of some of it at most.
    """

    edge: int
    starts: np.ndarray
    members: np.ndarray
    axes: np.ndarray
    inner: np.ndarray
    reach: float


@lru_cache(maxsize=None)
def icosphere(bisections: int) -> Sphere:
    """Icosahedron with a vertex on +z, its edges bisected and the new vertices pushed to the sphere.

    Parameters
    ----------
    bisections
        How often each edge is bisected.

    Returns
    -------
    Sphere
        ``10 * 4^bisections + 2`` vertices: 642 for 3, 2562 for 4. Shared by all who ask, and not to be changed.
    """
    vertices, faces = _icosahedron()
    for _ in range(bisections):
        vertices, faces = _bisect(vertices, faces)
    opposite = np.concatenate([np.argmin(vertices[i:i + _BLOCK] @ vertices.T, axis=1) for i in range(0, len(vertices), _BLOCK)])
    # Rounded, so that vertices on the equator are told apart by exact zeros.
    x, y, z = np.round(vertices, 9).T
    kept = (z > 0) | ((z == 0) & ((y > 0) | ((y == 0) & (x > 0))))
    half = np.flatnonzero(kept)
    place = np.full(len(vertices), -1)
    place[half] = np.arange(half.size)
    return Sphere(*map(_kept, (vertices, faces, half, np.where(kept, place, place[opposite]))))


def _kept(array: np.ndarray) -> np.ndarray:
    """An array that is kept between calls, and that nobody can change."""
    array.flags.writeable = False
    return array


@lru_cache(maxsize=None)
def half_directions(bisections: int) -> np.ndarray:
    """One of each pair of opposite vertices of an :func:`icosphere`.

    Parameters
    ----------
    bisections
        How often each edge is bisected.

    Returns
    -------
    ndarray
        Unit vectors (x, y, z), float64 [n, 3]: 321 for 3 bisections, 1281 for 4. Shared by all who ask, and not to be changed.
    """
    sphere = icosphere(bisections)
    return _kept(sphere.vertices[sphere.half])


def _icosahedron() -> Tuple[np.ndarray, np.ndarray]:
    tilt = np.arctan(2.0)
    ring = np.deg2rad(36 + 72 * np.arange(5))
    upper = np.c_[np.sin(tilt) * np.cos(ring), np.sin(tilt) * np.sin(ring), np.full(5, np.cos(tilt))]
    vertices = np.vstack([[0, 0, 1], upper, -upper, [0, 0, -1]])
    # Neighbours of an icosahedron are 63.4 degrees apart.
    near = vertices @ vertices.T > np.cos(np.deg2rad(64))
    faces = [(i, j, k) for i in range(12) for j in range(i + 1, 12) for k in range(j + 1, 12) if near[i, j] and near[j, k] and near[i, k]]
    return vertices, np.array(faces)


def _bisect(vertices: np.ndarray, faces: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    edges = np.sort(np.vstack([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), axis=1)
    pairs, index = np.unique(edges, axis=0, return_inverse=True)
    middle = vertices[pairs].sum(axis=1)
    middle /= np.linalg.norm(middle, axis=1, keepdims=True)
    ab, bc, ca = len(vertices) + np.asarray(index).reshape(3, -1)
    a, b, c = faces.T
    new = [np.c_[a, ab, ca], np.c_[b, bc, ab], np.c_[c, ca, bc], np.c_[ab, bc, ca]]
    return np.vstack([vertices, middle]), np.vstack(new)


@lru_cache(maxsize=None)
def cell_centres(edge: int) -> np.ndarray:
    """Centres of the cells of the cube map.

    The cells divide three faces of a cube; a direction belongs to the face of its largest component, and its sign does not matter.

    Parameters
    ----------
    edge
        Cells along the edge of a face.

    Returns
    -------
    ndarray
        Unit vectors (x, y, z), float64 [3 edge^2, 3]. Shared by all who ask, and not to be changed.
    """
    at = (np.arange(edge) + 0.5) * 2 / edge - 1
    return _kept(np.vstack([_on_faces(*np.meshgrid(at, at, indexing="ij"), face) for face in range(3)]))


def _on_faces(u: np.ndarray, v: np.ndarray, face: int) -> np.ndarray:
    out = np.empty((u.size, 3))
    out[:, face], out[:, (face + 1) % 3], out[:, (face + 2) % 3] = 1, u.ravel(), v.ravel()
    return out / np.linalg.norm(out, axis=1, keepdims=True)


def lookup(axes: np.ndarray, reach: float, edge: int = 32) -> Lookup:
    """Table of the directions near each cell of the cube map.

    Parameters
    ----------
    axes
        The directions, unit vectors (x, y, z), float64 [n, 3].
    reach
        A direction is listed with a cell when it lies within so many degrees of some point of it.
    edge
        Cells along the edge of a face.

    Returns
    -------
    Lookup
        The cells as in :func:`cell_centres`. Shared by all who ask, and not to be changed.
    """
    axes = np.ascontiguousarray(axes, dtype=np.float64)
    return _lookup(axes.tobytes(), float(reach), int(edge))


@lru_cache(maxsize=8)
def _lookup(raw: bytes, reach: float, edge: int) -> Lookup:
    """:func:`lookup` of directions by their bytes: most runs ask for the same few tables."""
    # Not made read-only as the others: kernels are compiled once more for such arrays, which takes longer than they run.
    axes = np.frombuffer(raw).reshape(-1, 3).copy()
    centres = cell_centres(edge)
    half = 1 / edge
    at = (np.arange(edge) + 0.5) * 2 / edge - 1
    u, v = np.meshgrid(at, at, indexing="ij")
    corners = [_on_faces(u + a * half, v + b * half, 0) for a in (-1, 1) for b in (-1, 1)]
    # The farthest point of a cell from its centre is one of its corners: that angle is added to the reach.
    closest = np.min([np.sum(c * centres[:edge * edge], axis=1) for c in corners], axis=0)
    radius = np.tile(np.arccos(np.clip(closest, -1, 1)), 3)
    limit = np.cos(np.minimum(radius + np.deg2rad(reach) + 1e-6, np.pi / 2))
    cosines = np.abs(centres @ axes.T)
    cell, member = np.nonzero(cosines >= limit[:, None])
    # A cosine of at least 1 + radius is nowhere: smaller cones than the cell hold no whole cell.
    all_of_it = np.where(radius + 1e-6 < np.deg2rad(reach), np.cos(np.maximum(np.deg2rad(reach) - radius - 1e-6, 0)), 2.0)
    within = cosines[cell, member] >= all_of_it[cell]
    order = np.lexsort((~within, cell))
    starts = np.r_[0, np.cumsum(np.bincount(cell, minlength=len(centres)))].astype(np.int64)
    inner = np.bincount(cell[within], minlength=len(centres)).astype(np.int64)
    return Lookup(edge, starts, member[order].astype(np.int64), axes, inner, reach)


def without(table: Lookup, dropped: np.ndarray) -> Lookup:
    """A table that finds no direction near some cells, so that what lies there is in no cone.

    Parameters
    ----------
    table
        Made by :func:`lookup`.
    dropped
        The cells to leave out, bool [3 e^2], of a cube map with ``e`` cells along the edge of a face; ``table.edge`` is a multiple of
        ``e``.

    Returns
    -------
    Lookup
        The same table when nothing is dropped.

    Raises
    ------
    ValueError
        The cells of the table are no parts of those that are dropped.
    """
    if not dropped.any():
        return table
    coarse = int(round(np.sqrt(dropped.size / 3)))
    parts, rest = divmod(table.edge, coarse)
    if rest:
        raise ValueError(f"{table.edge} cells along an edge are no parts of {coarse}")
    fine = dropped.reshape(3, coarse, coarse).repeat(parts, axis=1).repeat(parts, axis=2).ravel()
    sizes = np.diff(table.starts)
    kept = np.where(fine, 0, sizes)
    return table._replace(starts=np.r_[0, np.cumsum(kept)].astype(np.int64), members=table.members[np.repeat(~fine, sizes)],
                          inner=np.where(fine, 0, table.inner))
