"""Map and model density compared: correlation over voxels, around groups of atoms, map values at atoms."""
from __future__ import annotations

from typing import NamedTuple, Optional, Sequence

import numpy as np

from .jit import njit
from .threads import over_slabs

_IMAGE_STEP = 0.02                    # Å, of the image of an atom
_IMAGE_REACH = 15.0                   # Å
_IMAGE_POINTS = 400                   # of the integral over frequencies


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
        out[g, 0] = n
        out[g, 1] = np.nan
        if n > 1:
            va, vb = saa - sa * sa / n, sbb - sb * sb / n
            # A flat map has a variance of rounding alone, which correlates with nothing.
            if va > 1e-12 * saa and vb > 1e-12 * sbb:
                out[g, 1] = (sab - sa * sb / n) / np.sqrt(va * vb)


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
    # Atoms of a group lie together then, so that one array of marks serves all groups in turn.
    order = np.argsort(group, kind="stable")
    starts = np.searchsorted(group[order], np.arange(n_groups + 1))
    out = np.zeros((n_groups, 2))
    means = [float(m.mean(dtype=np.float64)) for m in (a, b)]
    _group_kernel(a, b, means[0], means[1], np.ascontiguousarray(position, dtype=np.float64), order, starts, float(radius),
                  np.asarray(voxel_size, dtype=np.float64), np.zeros(a.shape, dtype=np.int32), out)
    return GroupCorrelation(out[:, 0].astype(np.int64), out[:, 1])


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
