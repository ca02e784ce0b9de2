"""Surface and connected regions of a contour that encloses a given volume: how much detail a map shows, in how many pieces."""
from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .jit import njit
from .threads import over_slabs


class Surface(NamedTuple):
    """A contour: ``area`` voxels that growing its largest regions by one voxel adds, over their voxels; the number of ``regions``,
    and ``regions_per_voxel`` over the voxels enclosed; its ``threshold``."""

    area: float
    regions: int
    regions_per_voxel: float
    threshold: float


def threshold_for(data: np.ndarray, n_voxels: int) -> float:
    """The value that a number of voxels reach.

    Parameters
    ----------
    data
        Map, float32 [z, y, x].
    n_voxels
        How many voxels.

    Returns
    -------
    float
        In the unit of the map.
    """
    flat = data.ravel()
    n = min(max(int(n_voxels), 1), flat.size)
    return float(np.partition(flat, flat.size - n)[flat.size - n])


@njit
def _root(parent, i):
    while parent[i] != i:
        parent[i] = parent[parent[i]]
        i = parent[i]
    return i


@njit
def _label_kernel(data, threshold, labels, parent):
    """Regions of voxels that share a face: ``labels`` int32 [z, y, x], 0 outside, else an index of ``parent``; the labels used."""
    nz, ny, nx = data.shape
    n = 0
    for z in range(nz):
        for y in range(ny):
            for x in range(nx):
                if data[z, y, x] < threshold:
                    labels[z, y, x] = 0
                    continue
                a = labels[z - 1, y, x] if z > 0 else 0
                b = labels[z, y - 1, x] if y > 0 else 0
                c = labels[z, y, x - 1] if x > 0 else 0
                if a == 0 and b == 0 and c == 0:
                    n += 1
                    parent[n] = n
                    labels[z, y, x] = n
                    continue
                # Regions that meet here are one from now on: their roots get the smallest label.
                least = 0
                for near in (a, b, c):
                    if near > 0:
                        r = _root(parent, near)
                        least = r if least == 0 or r < least else least
                for near in (a, b, c):
                    if near > 0:
                        parent[_root(parent, near)] = least
                labels[z, y, x] = least
    for i in range(1, n + 1):                               # a parent is never larger than its child
        parent[i] = parent[parent[i]]
    return n


@njit
def _sizes_kernel(labels, parent, sizes):
    nz, ny, nx = labels.shape
    for z in range(nz):
        for y in range(ny):
            for x in range(nx):
                if labels[z, y, x] > 0:
                    sizes[parent[labels[z, y, x]]] += 1


@njit
def _added_kernel(labels, chosen, z0, z1):
    """Voxels of the planes ``z0`` .. ``z1`` outside the chosen regions with one of their voxels among the 26 neighbours."""
    nz, ny, nx = labels.shape
    added = 0
    for z in range(z0, z1):
        for y in range(ny):
            for x in range(nx):
                if chosen[labels[z, y, x]]:
                    continue
                found = False
                for i in range(max(z - 1, 0), min(z + 2, nz)):
                    for j in range(max(y - 1, 0), min(y + 2, ny)):
                        for k in range(max(x - 1, 0), min(x + 2, nx)):
                            if chosen[labels[i, j, k]]:
                                found = True
                                break
                        if found:
                            break
                    if found:
                        break
                if found:
                    added += 1
    return added


def surface(data: np.ndarray, n_voxels: int, part: float = 0.3, most: int = 31) -> Surface:
    """The contour of a map that encloses a number of voxels: how much surface it has, in how many regions.

    Regions are joined through faces. The largest are looked at; their surface is what growing them by one voxel in all 26 directions adds.
    The box does not wrap round.

    Parameters
    ----------
    data
        Map, float32 [z, y, x].
    n_voxels
        Voxels that the contour encloses.
    part
        The largest regions are looked at until they hold this part of the voxels.
    most
        And at most this many of them.

    Returns
    -------
    Surface
        Its numbers do not depend on the scale of the map.

    References
    ----------
    Terwilliger et al. (2018), https://doi.org/10.1107/S2059798318004655.
    """
    threshold = threshold_for(data, n_voxels)
    enclosed = int(np.count_nonzero(data >= np.float32(threshold)))
    labels = np.empty(data.shape, dtype=np.int32)
    # There cannot be more labels than voxels enclosed.
    parent = np.zeros(enclosed + 2, dtype=np.int32)
    n = _label_kernel(data, np.float32(threshold), labels, parent)
    sizes = np.zeros(n + 1, dtype=np.int64)
    _sizes_kernel(labels, parent, sizes)
    order = np.argsort(-sizes, kind="stable")[:np.count_nonzero(sizes)]
    enough = int(np.searchsorted(np.cumsum(sizes[order]), part * enclosed)) + 1
    picked = order[:min(enough, most)]
    chosen = np.isin(parent[:n + 1], picked)
    # 0 is what lies outside of the contour
    chosen[0] = False
    added = sum(over_slabs(lambda a, b: _added_kernel(labels, chosen, a, b), data.shape[0]))
    return Surface(added / float(sizes[picked].sum()), int(order.size), order.size / enclosed, threshold)


def adjusted(contour: Surface, region_weight: float) -> float:
    """Adjusted surface area: the surface less a penalty for pieces.

    Parameters
    ----------
    contour
        Of :func:`surface`.
    region_weight
        Penalty of one region per voxel.

    Returns
    -------
    float
        Higher is clearer.
    """
    return contour.area - region_weight * contour.regions_per_voxel


def kurtosis(data: np.ndarray) -> float:
    """Kurtosis of a map.

    Parameters
    ----------
    data
        float32 [z, y, x].

    Returns
    -------
    float
        ``mean((rho - mean)^4) / sd^4``; 3 for Gaussian noise, NaN for a flat map.
    """
    mean, n = float(data.mean(dtype=np.float64)), data.size

    def work(start: int, stop: int) -> np.ndarray:
        square = (data[start:stop].astype(np.float64) - mean) ** 2
        return np.array([square.sum(), np.einsum("i,i", square.ravel(), square.ravel())])

    two, four = sum(over_slabs(work, data.shape[0]))
    return float(four / n / (two / n) ** 2) if two > 0 else float("nan")
