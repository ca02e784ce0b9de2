"""Density on shells around each atom, at points that are nearer to it than to other atoms: what the Q-score is made of."""
from __future__ import annotations

from typing import NamedTuple, Sequence, Tuple

import numpy as np
from scipy.spatial import cKDTree

from .jit import njit
from .threads import over_slabs

RADII = np.arange(21) / 10            # Å, of the shells; the first is the atom's own place
LEAST = 8                             # points of a shell
_TRIES = 50                           # 8, 10, ... 106 points
_NEAR = 0.9                           # of the radius: a point with another atom nearer than that is that atom's
_REACH = (1 + _NEAR) * RADII[-1]      # Å, from where another atom can take a point away


class ShellSums(NamedTuple):
    """Sums over the points around atoms.

    ``count`` int64 and ``total`` float64 [n, 21] are the number of points on each shell of ``RADII`` and the sum of their densities, less
    that at the atom; ``squares`` float64 [n] is the sum of the squares of these differences over all shells; ``middle`` float64 [n] the
    density at the atom.
    """

    count: np.ndarray
    total: np.ndarray
    squares: np.ndarray
    middle: np.ndarray


def spiral(n: int) -> np.ndarray:
    """Points spread over a sphere along a spiral.

    Parameters
    ----------
    n
        How many, 2 at the least.

    Returns
    -------
    ndarray
        Unit vectors (x, y, z), float64 [n, 3], from pole to pole.

    Notes
    -----
    ``z_k = -1 + 2 (k - 1) / (n - 1)``; the angle grows by ``3.6 / sqrt(n (1 - z_k^2))`` from one to the next and is 0 at both poles.

    References
    ----------
    Saff & Kuijlaars (1997), https://doi.org/10.1007/BF03024331.
    """
    z = -1 + 2 * np.arange(n) / (n - 1)
    across = np.sqrt(np.maximum(1 - z * z, 0))
    steps = np.zeros(n)
    steps[1:-1] = 3.6 / (np.sqrt(n) * across[1:-1])
    angle = np.cumsum(steps)
    angle[-1] = 0
    return np.stack((across * np.cos(angle), across * np.sin(angle), z), axis=1)


def neighbours(xyz: np.ndarray, middle: np.ndarray, reach: float) -> Tuple[np.ndarray, np.ndarray]:
    """Which points lie near some of them.

    Parameters
    ----------
    xyz
        Points, float64 [n, 3].
    middle
        Whose neighbours are asked for, int64 [m].
    reach
        Largest distance, in the unit of ``xyz``.

    Returns
    -------
    start
        int64 [m + 1]: the neighbours of ``middle[i]`` are ``other[start[i]:start[i + 1]]``.
    other
        int64, nearest first; a point is no neighbour of itself.
    """
    pairs = cKDTree(xyz).query_pairs(reach, output_type="ndarray").astype(np.int64)
    rank = np.full(len(xyz), -1, dtype=np.int64)
    rank[middle] = np.arange(len(middle))
    one, other = np.concatenate((pairs[:, 0], pairs[:, 1])), np.concatenate((pairs[:, 1], pairs[:, 0]))
    asked = rank[one] >= 0
    one, other = one[asked], other[asked]
    order = np.lexsort((other, ((xyz[one] - xyz[other]) ** 2).sum(axis=1), rank[one]))
    start = np.concatenate(([0], np.cumsum(np.bincount(rank[one], minlength=len(middle))))).astype(np.int64)
    return start, np.ascontiguousarray(other[order])


@njit
def _density_at(data, x, y, z):
    """Trilinear density at a place in voxels, NaN outside of the box."""
    nz, ny, nx = data.shape
    if not (x >= 0 and y >= 0 and z >= 0 and x <= nx - 1 and y <= ny - 1 and z <= nz - 1):
        return np.nan
    ix, iy, iz = min(int(x), nx - 2), min(int(y), ny - 2), min(int(z), nz - 2)
    tx, ty, tz = x - ix, y - iy, z - iz
    low = ((data[iz, iy, ix] * (1 - tx) + data[iz, iy, ix + 1] * tx) * (1 - ty)
           + (data[iz, iy + 1, ix] * (1 - tx) + data[iz, iy + 1, ix + 1] * tx) * ty)
    high = ((data[iz + 1, iy, ix] * (1 - tx) + data[iz + 1, iy, ix + 1] * tx) * (1 - ty)
            + (data[iz + 1, iy + 1, ix] * (1 - tx) + data[iz + 1, iy + 1, ix + 1] * tx) * ty)
    return low * (1 - tz) + high * tz


@njit
def _shell_kernel(data, spacing, xyz, middle, start, other, points, tries, near, radii, least, count, total, squares, at_atom):
    away, limit, value = np.empty((other.size + 1, 3)), np.empty(other.size + 1), np.empty(points.shape[0])
    for a in range(middle.size):
        ax, ay, az = xyz[middle[a], 0], xyz[middle[a], 1], xyz[middle[a], 2]
        own = _density_at(data, ax / spacing[0], ay / spacing[1], az / spacing[2])
        at_atom[a], count[a, 0], n_others = own, least, start[a + 1] - start[a]
        for j in range(n_others):
            o = other[start[a] + j]
            away[j, 0], away[j, 1], away[j, 2] = xyz[o, 0] - ax, xyz[o, 1] - ay, xyz[o, 2] - az
        for s in range(1, radii.size):
            r, m = radii[s], 0
            # A point at r in direction u is nearer than near * r to an atom at d when u.d > (d^2 + (1 - near^2) r^2) / 2r.
            while m < n_others:
                square = away[m, 0] ** 2 + away[m, 1] ** 2 + away[m, 2] ** 2
                if square >= ((1 + near) * r) ** 2:
                    break
                limit[m] = (square + (1 - near * near) * r * r) / (2 * r)
                m += 1
            last = 0
            for t in range(tries.size - 1):
                kept = 0
                for p in range(tries[t], tries[t + 1]):
                    x, y, z = points[p, 0], points[p, 1], points[p, 2]
                    # Neighbours of a point on the spiral are mostly taken by the same atom.
                    free = m == 0 or not x * away[last, 0] + y * away[last, 1] + z * away[last, 2] > limit[last]
                    j = 0
                    while free and j < m:
                        if x * away[j, 0] + y * away[j, 1] + z * away[j, 2] > limit[j]:
                            free, last = False, j
                        j += 1
                    if free:
                        v = _density_at(data, (ax + r * x) / spacing[0], (ay + r * y) / spacing[1], (az + r * z) / spacing[2])
                        if v == v:
                            value[kept] = v
                            kept += 1
                if kept >= least:
                    count[a, s] = kept
                    for p in range(kept):
                        total[a, s] += value[p] - own
                        squares[a] += (value[p] - own) ** 2
                    break


def shell_sums(data: np.ndarray, voxel_size: Sequence[float], xyz: np.ndarray, middle: np.ndarray) -> ShellSums:
    """Densities on shells around atoms.

    Parameters
    ----------
    data
        Map, float32 [z, y, x].
    voxel_size
        (x, y, z) in Å.
    xyz
        All atoms, (x, y, z) in Å from the middle of voxel [0, 0, 0], float64 [n_atoms, 3].
    middle
        Those around which is looked, int64 [n]; inside the box.

    Returns
    -------
    ShellSums
        The atom's own place counts 8 times. A shell has the first of 8, 10, ... 106 points on a spiral of which 8 or more lie inside the
        box and have no other atom within 0.9 of the radius, and has no points if none of these numbers is enough.

    References
    ----------
    Pintilie et al. (2020), https://doi.org/10.1038/s41592-020-0731-1.
    """
    numbers = LEAST + 2 * np.arange(_TRIES)
    points = np.concatenate([spiral(n) for n in numbers])
    tries = np.concatenate(([0], np.cumsum(numbers))).astype(np.int64)
    spacing, xyz = np.asarray(voxel_size, dtype=np.float64), np.ascontiguousarray(xyz, dtype=np.float64)
    start, other = neighbours(xyz, middle, _REACH)
    n = len(middle)
    out = ShellSums(np.zeros((n, len(RADII)), np.int64), np.zeros((n, len(RADII))), np.zeros(n), np.zeros(n))

    def work(a: int, b: int) -> None:
        mine = other[start[a]:start[b]]
        _shell_kernel(data, spacing, xyz, middle[a:b], start[a:b + 1] - start[a], mine, points, tries, _NEAR, RADII, LEAST,
                      out.count[a:b], out.total[a:b], out.squares[a:b], out.middle[a:b])

    over_slabs(work, n)
    return out


def q_scores(sums: ShellSums, sigma: float) -> np.ndarray:
    """Correlation of the density around each atom with a Gaussian.

    Parameters
    ----------
    sums
        Of the atoms.
    sigma
        Standard deviation of the Gaussian in Å.

    Returns
    -------
    ndarray
        float64 [n], at the most 1; NaN where the density does not vary.

    Notes
    -----
    With ``v`` the densities at the points and ``g = A exp(-r^2 / 2 sigma^2) + B`` at their distances ``r``,
    ``Q = cov(v, g) / sqrt(var(v) var(g))``.
    ``A`` and ``B``, published as ten standard deviations above and one below the mean of the map, cancel.

    References
    ----------
    Pintilie et al. (2020), https://doi.org/10.1038/s41592-020-0731-1.
    """
    wave = np.exp(-RADII ** 2 / (2 * sigma ** 2))
    n = sums.count.sum(axis=1)
    v, g = sums.total.sum(axis=1) / n, sums.count @ wave / n
    cross = sums.total @ wave / n - v * g
    vary, fall = sums.squares / n - v * v, sums.count @ wave ** 2 / n - g * g
    # Rounding leaves a little of a constant.
    known = (vary > 1e-12 * np.maximum(sums.middle ** 2, 1e-30)) & (fall > 0)
    return np.divide(cross, np.sqrt(np.where(known, vary * fall, 1)), out=np.full(len(n), np.nan), where=known)
