"""The unique part of a symmetric map: one copy, as compact as it can be chosen, divided from the others where density is low."""
from __future__ import annotations

from typing import NamedTuple, Tuple

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

from ...core import boxes, symmetry_copies
from ...core.boxes import LINEAR, Places
from ...errors import InputError
from ...study import Study
from ...study.symmetry_place import PlacedSymmetry, placed

_VOXEL = 3.0                                     # Å, of the grid on which copies are told apart
_STARTS, _ROUNDS, _POINTS = 8, 12, 4000          # places that a copy is begun at, rounds, and voxels that are looked at
_SURE = 0.3                                      # of the distance between neighbouring copies: nearer to one by so much is its core
_MOVED = 2.0                                     # voxels that a place must be moved by to tell whether the copies are alike
_STEPS = [(dz, dy, dx) for dz in (-1, 0, 1) for dy in (-1, 0, 1) for dx in (-1, 0, 1) if (dz, dy, dx) > (0, 0, 0)]


class UniquePart(NamedTuple):
    """One copy: where it is, bool [z, y, x]; the least correlation of the map with its copies at 6 Å; how many copies; and which point
    of the box, or which origin, the operators were taken about (empty for the usual one)."""

    inside: np.ndarray
    likeness: float
    copies: int
    place: str


def unique_part(study: Study) -> UniquePart:
    """One copy of a symmetric molecule.

    Parameters
    ----------
    study
        The map to look at, and ``symmetry``.

    Returns
    -------
    UniquePart
        Of the places of the axes that may be meant, the one where map and copies are most alike.

    Raises
    ------
    InputError
        The symmetry has one operator only, or no molecule is seen.

    Notes
    -----
    A copy is begun at a point ``s`` of the molecule: each voxel belongs to the copy whose ``g s`` is nearest, and ``s`` moves to the mean
    of all voxels taken back by ``g^-1``, until it rests; of eight beginnings the most compact copy counts. Voxels that are clearly nearest
    to one copy are its core; the others go to the core with the shortest way through density.
    """
    map_, symmetry = study.density, study.symmetry
    if symmetry.order < 2:
        raise InputError(f"The symmetry {symmetry.name or symmetry.path} has one operator only, so that all of the map is unique. Give "
                         "that of the map, such as C4 or D2.")
    step = [max(1.0, _VOXEL / v) for v in map_.voxel_size]
    grid = [Places(np.arange(max(int(n / s), 4)) * s, s) for n, s in zip(map_.shape[::-1], step)]
    coarse, _ = boxes.sampled(map_.data, grid, 0.0)
    inside = boxes.sampled(study.molecule.astype(np.float32), grid, 0.0, LINEAR)[0]
    if not (inside >= 0.5).any():
        raise InputError(f"No molecule is seen in the map ({map_.place}), so that it has no unique part. Check the map.")
    size = np.array([v * s for v, s in zip(map_.voxel_size, step)])
    place, likeness = _best_place(study, coarse, inside, size)
    label = _copies(coarse, inside >= 0.5, place.operators, size)
    back = [Places(np.arange(n) / s, 1 / s) for n, s in zip(map_.shape[::-1], step)]
    one = boxes.sampled((label == 1).astype(np.float32), back, 0.0, LINEAR)[0] >= 0.5
    return UniquePart(one & study.molecule, likeness, symmetry.order, place.name)


def _best_place(study: Study, coarse: np.ndarray, inside: np.ndarray, size: np.ndarray) -> Tuple[PlacedSymmetry, float]:
    """The place of the operators at which the map is most like its copies, and the least of these correlations."""
    found = []
    for place in placed(study.symmetry, study.density):
        operators = symmetry_copies.in_voxels(place.operators[1:], size)
        alike = symmetry_copies.likeness((coarse, coarse), operators, inside, _MOVED).cross
        known = alike[np.isfinite(alike)]
        found.append((float(known.min()) if known.size else -1.0, place))
    best = max(found, key=lambda f: f[0])
    return best[1], best[0]


def _copies(density: np.ndarray, binary: np.ndarray, operators: np.ndarray, size: np.ndarray) -> np.ndarray:
    """The copy that each voxel of a molecule belongs to, from 1; 0 outside, int64 [z, y, x]."""
    places = np.argwhere(binary)
    at = places[:, ::-1] * size
    orbit = operators[:, :, :3] @ _seed(at, operators) + operators[:, :, 3]
    first, second, nearest = _two_nearest(at, orbit)
    apart = np.linalg.norm(orbit[1:] - orbit[0], axis=1).min()
    out = np.zeros(density.shape, dtype=np.int64)
    out[binary] = _grown(density, binary, second - first >= _SURE * apart, nearest, size) + 1
    return out


def _grown(density: np.ndarray, binary: np.ndarray, sure: np.ndarray, nearest: np.ndarray, size: np.ndarray) -> np.ndarray:
    """The copy of each voxel of a molecule, int64 [n]: of those that are not sure that of the core with the shortest way through density.

    A step costs its length times the square of how far the density at its ends lies below the highest.
    """
    number = np.full(binary.shape, -1, dtype=np.int64)
    number[binary] = np.arange(len(sure))
    values = density[binary].astype(np.float64)
    low, high = np.quantile(values, (0.01, 0.99))
    depth = np.clip((high - values) / max(high - low, 1e-30), 0.05, 1)
    starts, ends, costs = [], [], []
    for dz, dy, dx in _STEPS:
        here = tuple(slice(max(0, -d), n - max(0, d)) for d, n in zip((dz, dy, dx), binary.shape))
        there = tuple(slice(max(0, d), n - max(0, -d)) for d, n in zip((dz, dy, dx), binary.shape))
        i, j = number[here].ravel(), number[there].ravel()
        both = (i >= 0) & (j >= 0)
        i, j = i[both], j[both]
        starts.append(i)
        ends.append(j)
        costs.append(np.linalg.norm(np.array([dx, dy, dz]) * size) * ((depth[i] + depth[j]) / 2) ** 2)
    graph = csr_matrix((np.concatenate(costs), (np.concatenate(starts), np.concatenate(ends))), shape=(len(sure), len(sure)))
    cores = np.flatnonzero(sure)
    if not cores.size:
        return nearest
    _, _, source = dijkstra(graph, directed=False, indices=cores, return_predecessors=True, min_only=True)
    return np.where(source >= 0, nearest[np.maximum(source, 0)], nearest)                # parts without a core: the nearest copy


def _two_nearest(at: np.ndarray, orbit: np.ndarray) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Distance of points to the nearest and to the second of some places, float64 [n] each, and which is the nearest, int64 [n]."""
    first, second = np.full(len(at), np.inf), np.full(len(at), np.inf)
    nearest = np.zeros(len(at), dtype=np.int64)
    for k, place in enumerate(orbit):
        d = np.linalg.norm(at - place, axis=1)
        closer = d < first
        second = np.where(closer, first, np.minimum(second, d))
        nearest[closer], first = k, np.minimum(first, d)
    return first, second, nearest


def _seed(at: np.ndarray, operators: np.ndarray) -> np.ndarray:
    """The middle of the most compact copy, (x, y, z) in Å from the first voxel."""
    rng = np.random.default_rng(0)
    points = at if len(at) <= _POINTS else at[np.sort(rng.choice(len(at), _POINTS, replace=False))]
    turns, shifts = operators[:, :, :3], operators[:, :, 3]
    best, least = points[0], np.inf
    for start in points[rng.choice(len(points), min(_STARTS, len(points)), replace=False)]:
        seed, spread = start, np.inf
        for _ in range(_ROUNDS):
            nearest = _two_nearest(points, turns @ seed + shifts)[2]
            # Operators are orthogonal: g^-1 p = R^T (p - t).
            back = np.einsum("nji,nj->ni", turns[nearest], points - shifts[nearest])
            seed = back.mean(axis=0)
            spread = float(np.mean((back - seed) ** 2))
        if spread < least:
            best, least = seed, spread
    return best
