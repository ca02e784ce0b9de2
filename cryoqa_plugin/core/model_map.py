"""Map and model density compared: correlation over voxels, around groups of atoms, map values at atoms."""
from __future__ import annotations

from typing import NamedTuple, Optional, Sequence

import numpy as np

from .jit import njit
from .threads import over_slabs

_IMAGE_STEP = 0.02                    # Å, of the image of an atom
_IMAGE_REACH = 15.0                   # Å
_IMAGE_POINTS = 400                   # of the integral over frequencies
_WINDOW = 3.0                         # where Gaussian windows end, in standard deviations


def correlation(a: np.ndarray, b: np.ndarray, where: Optional[np.ndarray] = None) -> float:
    """Pearson's correlation of two maps.

    Parameters
    ----------
    a, b
        Maps, float32 [z, y, x].
    where
        Voxels that take part, bool [z, y, x]; all when not given.

    Returns
    -------
    float
        From -1 to 1; NaN without two voxels or where a map is flat.
    """
    def total(start: int, stop: int) -> np.ndarray:
        sums = np.zeros(3)
        for z in range(start, stop):
            p, q = (v[z].ravel() if where is None else v[z][where[z]] for v in (a, b))
            sums += (p.size, p.sum(dtype=np.float64), q.sum(dtype=np.float64))
        return sums

    # Means first, products of what is left after: in one pass, a map with a large mean would lose its digits.
    n, sum_a, sum_b = sum(over_slabs(total, len(a)))
    if n < 2:
        return float("nan")

    def products(start: int, stop: int) -> np.ndarray:
        sums = np.zeros(3)
        for z in range(start, stop):
            p, q = (v[z].ravel() if where is None else v[z][where[z]] for v in (a, b))
            p, q = np.subtract(p, sum_a / n, dtype=np.float64), np.subtract(q, sum_b / n, dtype=np.float64)
            sums += (p @ p, q @ q, p @ q)
        return sums

    aa, bb, ab = sum(over_slabs(products, len(a)))
    return float(ab / np.sqrt(aa * bb)) if aa > 0 and bb > 0 else float("nan")


def highest(data: np.ndarray, count: int) -> np.ndarray:
    """The highest voxels of a map.

    Parameters
    ----------
    data
        Map [z, y, x].
    count
        How many.

    Returns
    -------
    ndarray
        bool [z, y, x]; more than ``count`` where several share the lowest value of them.
    """
    if count <= 0:
        return np.zeros(data.shape, dtype=bool)
    at = data.size - min(count, data.size)
    return data >= np.partition(data, at, axis=None)[at]


@njit
def _group_kernel(a, b, mean_a, mean_b, centres, order, starts, radius, spacing, marks, out):
    nz, ny, nx = a.shape
    for g in range(starts.size - 1):
        n, sa, sb, saa, sbb, sab = 0, 0.0, 0.0, 0.0, 0.0, 0.0
        for j in range(starts[g], starts[g + 1]):
            i = order[j]
            cx, cy, cz = centres[i, 0] / spacing[0], centres[i, 1] / spacing[1], centres[i, 2] / spacing[2]
            rx, ry, rz = radius / spacing[0], radius / spacing[1], radius / spacing[2]
            for z in range(max(0, int(np.ceil(cz - rz))), min(nz - 1, int(np.floor(cz + rz))) + 1):
                dz = ((z - cz) * spacing[2]) ** 2
                for y in range(max(0, int(np.ceil(cy - ry))), min(ny - 1, int(np.floor(cy + ry))) + 1):
                    dy = dz + ((y - cy) * spacing[1]) ** 2
                    if dy > radius * radius:
                        continue
                    for x in range(max(0, int(np.ceil(cx - rx))), min(nx - 1, int(np.floor(cx + rx))) + 1):
                        if dy + ((x - cx) * spacing[0]) ** 2 > radius * radius or marks[z, y, x] == g + 1:
                            continue
                        marks[z, y, x] = g + 1
                        p, q = a[z, y, x] - mean_a, b[z, y, x] - mean_b
                        n += 1
                        sa += p
                        sb += q
                        saa += p * p
                        sbb += q * q
                        sab += p * q
        out[g, 0], out[g, 1], out[g, 2], out[g, 3], out[g, 4], out[g, 5] = n, sa, sb, saa, sbb, sab


class GroupSums(NamedTuple):
    """Sums over the voxels around each group, float64 [n] each: how many, the values of both maps, their squares and their product."""

    voxels: np.ndarray
    a: np.ndarray
    b: np.ndarray
    aa: np.ndarray
    bb: np.ndarray
    ab: np.ndarray


def sums_around(a: np.ndarray, b: np.ndarray, zeros: Sequence[float], position: np.ndarray, group: np.ndarray, n_groups: int,
                radius: float, voxel_size: Sequence[float]) -> GroupSums:
    """Sums of two maps and their products around the atoms of each group.

    Parameters
    ----------
    a, b
        Maps, float32 [z, y, x].
    zeros
        What is taken off the values of each.
    position, group, n_groups, radius, voxel_size
        As of :func:`correlation_around`.

    Returns
    -------
    GroupSums
        A voxel near several atoms of a group counts once.
    """
    # Atoms of a group lie together then, so that one array of marks serves all groups in turn.
    order = np.argsort(group, kind="stable")
    starts = np.searchsorted(group[order], np.arange(n_groups + 1))
    out = np.zeros((n_groups, 6))
    _group_kernel(a, b, float(zeros[0]), float(zeros[1]), np.ascontiguousarray(position, dtype=np.float64), order, starts, float(radius),
                  np.asarray(voxel_size, dtype=np.float64), np.zeros(a.shape, dtype=np.int32), out)
    return GroupSums(*(np.ascontiguousarray(column) for column in out.T))


def correlation_of(sums: GroupSums) -> np.ndarray:
    """Pearson's correlation from sums.

    Parameters
    ----------
    sums
        Of two maps around groups.

    Returns
    -------
    ndarray
        float64 [n]; NaN without two voxels, and where a map is flat: its variance is of rounding alone, which correlates with nothing.
    """
    n = np.maximum(sums.voxels, 1)
    va, vb = sums.aa - sums.a * sums.a / n, sums.bb - sums.b * sums.b / n
    known = (sums.voxels > 1) & (va > 1e-12 * sums.aa) & (vb > 1e-12 * sums.bb)
    return np.divide(sums.ab - sums.a * sums.b / n, np.sqrt(np.where(known, va * vb, 1.0)), out=np.full(n.shape, np.nan), where=known)


class GroupCorrelation(NamedTuple):
    """Voxels within the radius of a group's atoms, int64 [n], and the correlation over them, float64 [n], NaN where there is none."""

    voxels: np.ndarray
    correlation: np.ndarray


def correlation_around(a: np.ndarray, b: np.ndarray, position: np.ndarray, group: np.ndarray, n_groups: int, radius: float,
                       voxel_size: Sequence[float]) -> GroupCorrelation:
    """Correlation of two maps around the atoms of each group.

    Parameters
    ----------
    a, b
        Maps, float32 [z, y, x].
    position
        Atoms (x, y, z) in Å from the centre of the first voxel, float [n_atoms, 3]; what reaches out of the box is cut off.
    group
        Group of each atom, int [n_atoms], from 0 to ``n_groups - 1``.
    n_groups
        Number of groups.
    radius
        Å; a voxel within it of several atoms of a group counts once.
    voxel_size
        Edges of a voxel (x, y, z) in Å.

    Returns
    -------
    GroupCorrelation
        One number for each group.
    """
    means = [float(m.mean(dtype=np.float64)) for m in (a, b)]
    found = sums_around(a, b, means, position, group, n_groups, radius, voxel_size)
    return GroupCorrelation(found.voxels.astype(np.int64), correlation_of(found))


@njit
def _window_kernel(average, difference, model, position, first, last, spacing, sigma, reach, out):
    nz, ny, nx = average.shape
    longest = 1
    for axis in range(3):
        longest = max(longest, 2 * int(reach / spacing[axis]) + 3)
    weights = np.empty((3, longest))
    low, high = np.empty(3, np.int64), np.empty(3, np.int64)
    for i in range(first, last):
        for axis in range(3):
            centre, size = position[i, axis] / spacing[axis], (nx, ny, nz)[axis]
            low[axis] = max(0, int(np.ceil(centre - reach / spacing[axis])))
            high[axis] = min(size, int(np.floor(centre + reach / spacing[axis])) + 1)
            for k in range(low[axis], high[axis]):
                weights[axis, k - low[axis]] = np.exp(-0.5 * ((k - centre) * spacing[axis] / sigma) ** 2)
        n, sa, sd, sm, saa, sdd, smm, sam = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
        for z in range(low[2], high[2]):
            for y in range(low[1], high[1]):
                plane = weights[2, z - low[2]] * weights[1, y - low[1]]
                for x in range(low[0], high[0]):
                    w = plane * weights[0, x - low[0]]
                    a, d, m = np.float64(average[z, y, x]), np.float64(difference[z, y, x]), np.float64(model[z, y, x])
                    n += w
                    sa += w * a
                    sd += w * d
                    sm += w * m
                    saa += w * a * a
                    sdd += w * d * d
                    smm += w * m * m
                    sam += w * a * m
        for j in range(4):
            out[i, j] = 0.0
        if n > 0:
            out[i, 0] = saa / n - (sa / n) ** 2
            out[i, 1] = sdd / n - (sd / n) ** 2
            out[i, 2] = smm / n - (sm / n) ** 2
            out[i, 3] = sam / n - sa * sm / (n * n)


class LocalVariances(NamedTuple):
    """Variances of three images and the covariance of the first and the last in windows around positions, float64 [n] each."""

    average: np.ndarray
    difference: np.ndarray
    model: np.ndarray
    covariance: np.ndarray


def local_variances(average: np.ndarray, difference: np.ndarray, model: np.ndarray, position: np.ndarray, voxel_size: Sequence[float],
                    sigma: float) -> LocalVariances:
    """Variances and covariance of images in Gaussian windows around positions.

    Parameters
    ----------
    average, difference, model
        Images on one grid, float32 [z, y, x], whose means are about 0.
    position
        (x, y, z) in Å from the centre of the first voxel, float [n, 3].
    voxel_size
        Edges of a voxel (x, y, z) in Å.
    sigma
        Standard deviation of the window in Å; it ends at three of them along each axis, and at the faces of the box.

    Returns
    -------
    LocalVariances
        ``sum w a b / sum w - sum w a sum w b / (sum w)^2``; 0 where a window holds no voxel.
    """
    out = np.empty((len(position), 4))
    place, spacing = np.ascontiguousarray(position, dtype=np.float64), np.asarray(voxel_size, dtype=np.float64)

    def work(start: int, stop: int) -> None:
        _window_kernel(average, difference, model, place, start, stop, spacing, float(sigma), _WINDOW * float(sigma), out)

    over_slabs(work, len(out))
    return LocalVariances(*(np.ascontiguousarray(column) for column in out.T))


def values_at(data: np.ndarray, position: np.ndarray, voxel_size: Sequence[float], outside: float) -> np.ndarray:
    """Values of a map at positions, by trilinear interpolation.

    Parameters
    ----------
    data
        Map, float32 [z, y, x].
    position
        (x, y, z) in Å from the centre of its first voxel, float [n, 3].
    voxel_size
        Edges of a voxel (x, y, z) in Å.
    outside
        Value of positions more than half a voxel beyond the outer voxel centres; up to there it is that of the face.

    Returns
    -------
    ndarray
        float64 [n].
    """
    at = (np.asarray(position, dtype=np.float64) / np.asarray(voxel_size))[:, ::-1]
    last = np.array(data.shape) - 1
    inside = np.all((at >= -0.5) & (at <= last + 0.5), axis=1)
    at = np.clip(at, 0, last)
    low = np.minimum(at.astype(np.int64), np.maximum(last - 1, 0))
    high, part = np.minimum(low + 1, last), at - low
    out = np.zeros(len(at))
    for corner in np.ndindex(2, 2, 2):
        index = [np.where(c, h, lo) for c, h, lo in zip(corner, high.T, low.T)]
        weight = np.prod([np.where(c, t, 1 - t) for c, t in zip(corner, part.T)], axis=0)
        out += weight * data[index[0], index[1], index[2]]
    return np.where(inside, out, outside)


def image_radius(element: str, b_iso: float, resolution: float) -> float:
    """Radius of the image of an atom at a resolution: twice the distance at which its slope is steepest.

    Parameters
    ----------
    element
        Symbol.
    b_iso
        B-factor in Å².
    resolution
        Å.

    Returns
    -------
    float
        Å.

    Notes
    -----
    The image is ``integral over s up to 1 / resolution of f(s) exp(-b s^2 / 4) sin(2 pi s r) / (2 pi s r) s^2`` with the electron
    scattering factor ``f`` of the International Tables. Afonine et al. (2018), https://doi.org/10.1107/S2059798318009324.
    """
    import gemmi
    s = (np.arange(_IMAGE_POINTS) + 0.5) / _IMAGE_POINTS / resolution
    table = gemmi.Element(element).c4322
    weight = np.array([table.calculate_sf(v * v / 4) for v in s]) * np.exp(-b_iso * s * s / 4) * s * s
    r = np.arange(0, max(_IMAGE_REACH, resolution), _IMAGE_STEP)
    image = np.sinc(2 * np.outer(r, s)) @ weight
    # The slope is steepest where the second derivative changes sign.
    rising = np.flatnonzero(np.diff(image, 2) > 0)
    return float(2 * r[rising[0] + 1]) if rising.size else float(r[-1])
