"""Atoms without names that fill the density of a map as real ones would."""
from __future__ import annotations

from typing import Sequence

import numpy as np
import scipy.ndimage
import scipy.spatial

from .jit import njit

_NEAREST = 1.6                        # Å between two atoms when they are placed
_APART = 2.0                          # Å below which two atoms push each other away
_STEP = 0.15                          # Å, the longest step of one relaxation
_ROUNDS = 8                           # steps of the relaxation
_CLOSER = 0.8                         # what the distance is multiplied by where there is no room left


@njit
def _place_kernel(blocked, order, counts, reach, offsets, start, wanted, out):
    """Take places of the fine grid in ``order`` unless an atom is near; the number of atoms so far."""
    nz, ny, nx = counts
    n = start
    for i in range(order.size):
        if n >= wanted:
            break
        place = order[i]
        if blocked[place]:
            continue
        z, y, x = place // (ny * nx), (place // nx) % ny, place % nx
        out[n, 0], out[n, 1], out[n, 2] = z, y, x
        n += 1
        for j in range(reach):
            a, b, c = z + offsets[j, 0], y + offsets[j, 1], x + offsets[j, 2]
            if 0 <= a < nz and 0 <= b < ny and 0 <= c < nx:
                blocked[(a * ny + b) * nx + c] = 1
    return n


def place(density: np.ndarray, inside: np.ndarray, voxel_size: Sequence[float], n_atoms: int, seed: int) -> np.ndarray:
    """Positions of atoms that fill the density of a map.

    The highest density gets an atom first, the next one at least 1.6 Å away, and so on; where all places are taken before the last atom,
    the distance shrinks. Then :func:`relax`.

    Parameters
    ----------
    density
        Map, float32 [z, y, x].
    inside
        Where atoms may be, bool [z, y, x].
    voxel_size
        Edges of a voxel (x, y, z) in Å.
    n_atoms
        How many at the most.
    seed
        Decides between places of the same density.

    Returns
    -------
    ndarray
        (x, y, z) in Å from the first voxel, float64 [n, 3].
    """
    rng = np.random.default_rng(seed)
    # Voxels larger than 1.2 Å are divided: atoms 1.6 Å apart need places that close.
    steps = np.array([max(1, int(np.ceil(v / 1.2))) for v in list(voxel_size)[::-1]])
    z, y, x = (np.flatnonzero(inside.any(axis=tuple(a for a in range(3) if a != axis))) for axis in range(3))
    low = np.array([z[0], y[0], x[0]])
    box = tuple(slice(k[0], k[-1] + 1) for k in (z, y, x))
    near, values = inside[box], density[box]
    for axis, k in enumerate(steps):
        near, values = np.repeat(near, k, axis=axis), np.repeat(values, k, axis=axis)
    counts = np.array(near.shape)
    places = np.flatnonzero(near)
    # A thousandth of the range at random breaks ties, which would give rows of atoms in the order of the voxels.
    order = places[np.argsort(-values.ravel()[places] + rng.random(places.size) * 1e-3 * float(np.ptp(values)), kind="stable")]
    fine = np.array(list(voxel_size)[::-1]) / steps
    wanted = min(n_atoms, places.size)
    out, n, distance = np.zeros((wanted, 3)), 0, _NEAREST
    taken = np.zeros(near.size, dtype=np.uint8)
    while n < wanted:
        offsets = _ball(fine, distance)
        # With a shorter distance places become free again: what the atoms block is marked anew.
        blocked = np.zeros(near.size, dtype=np.uint8) if n else taken
        for atom in out[:n].astype(np.int64):
            at = atom + offsets
            at = at[np.all((at >= 0) & (at < counts), axis=1)]
            blocked[(at[:, 0] * counts[1] + at[:, 1]) * counts[2] + at[:, 2]] = 1
        n = _place_kernel(blocked, order, counts, len(offsets), offsets, n, wanted, out)
        distance *= _CLOSER
    position = (low + (out + 0.5) / steps - 0.5) * np.array(list(voxel_size)[::-1])
    return relax(position, density, voxel_size, rng)[:, ::-1].copy()


def _ball(spacing: np.ndarray, radius: float) -> np.ndarray:
    """Steps of a grid nearer than ``radius``, int64 [n, 3]."""
    reach = np.floor(radius / spacing).astype(int)
    grid = np.stack(np.meshgrid(*(np.arange(-k, k + 1) for k in reach), indexing="ij"), axis=-1).reshape(-1, 3)
    return grid[np.sum((grid * spacing) ** 2, axis=1) < radius ** 2].astype(np.int64)


def relax(position: np.ndarray, density: np.ndarray, voxel_size: Sequence[float], rng: np.random.Generator) -> np.ndarray:
    """Positions after eight short steps up the density and away from atoms nearer than 2 Å.

    Parameters
    ----------
    position
        (z, y, x) in Å, float64 [n, 3].
    density
        Map, float32 [z, y, x].
    voxel_size
        Edges of a voxel (x, y, z) in Å.
    rng
        Shakes the atoms off the grid first.

    Returns
    -------
    ndarray
        (z, y, x) in Å, float64 [n, 3].
    """
    voxel = np.array(list(voxel_size)[::-1])
    position = position + rng.uniform(-0.1, 0.1, position.shape)
    limit = (np.array(density.shape) - 1) * voxel
    for _ in range(_ROUNDS):
        climb = np.stack([_slope(density, position / voxel, axis) / voxel[axis] for axis in range(3)], axis=1)
        scale = float(np.sqrt((climb ** 2).sum(axis=1).mean()))
        move = climb * (_STEP / 2 / scale) if scale > 0 else np.zeros_like(position)
        move += _push(position)
        length = np.sqrt((move ** 2).sum(axis=1, keepdims=True))
        position = np.clip(position + move * (_STEP / np.maximum(length, _STEP)), 0, limit)
    return position


def _slope(density: np.ndarray, at: np.ndarray, axis: int) -> np.ndarray:
    step = np.zeros(3)
    step[axis] = 0.5
    high, low = (scipy.ndimage.map_coordinates(density, (at + s).T, order=1, mode="nearest") for s in (step, -step))
    return (high - low).astype(np.float64)


def _push(position: np.ndarray) -> np.ndarray:
    """Away from neighbours: half of what is missing to 2 Å, along the line between the two."""
    out = np.zeros_like(position)
    pairs = scipy.spatial.cKDTree(position).query_pairs(_APART, output_type="ndarray")
    if len(pairs):
        apart = position[pairs[:, 0]] - position[pairs[:, 1]]
        # Two atoms at one place have no direction between them; the slope of the density will part them.
        length = np.maximum(np.sqrt((apart ** 2).sum(axis=1)), 1e-3)
        force = apart * ((_APART - length) / 2 / length)[:, None]
        for axis in range(3):
            out[:, axis] += np.bincount(pairs[:, 0], force[:, axis], len(position))
            out[:, axis] -= np.bincount(pairs[:, 1], force[:, axis], len(position))
    return out
