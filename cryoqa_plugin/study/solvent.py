"""The solvent: where a map was cut off, so that nothing there tells its noise, its level, and its noise far from the middle."""
from __future__ import annotations

import numpy as np
import scipy.ndimage

from ..core import masks
from ..io.maps import Map

_FLAT = 1e-3                                      # of the standard deviation: a map that varies less is cut off there
_NEAR = 8.0                                       # Å around it, where what cut the map off may have an edge
_LEAST = 0.01                                     # part of the box; fewer single voxels near the value of a corner are chance


def flat_region(data: np.ndarray) -> np.ndarray:
    """Where a map has one value: that of a corner, within 0.001 standard deviations, in all voxels around.

    Parameters
    ----------
    data
        Map, float32 [z, y, x].

    Returns
    -------
    ndarray
        bool [z, y, x]; nowhere when that is less than 1 % of the box.
    """
    corners = [float(data[i, j, k]) for i in (0, -1) for j in (0, -1) for k in (0, -1)]
    away = np.abs(data - np.float32(np.median(corners)))
    limit = _FLAT * float(data.std(dtype=np.float64))
    if np.count_nonzero(away < limit) < _LEAST * data.size:
        return np.zeros(data.shape, dtype=bool)
    return scipy.ndimage.maximum_filter(away, 3, mode="wrap") < limit


def around_flat(flat: np.ndarray, map_: Map) -> np.ndarray:
    """Where a map was cut off, and 8 Å or four voxels around it, where what cut it off may have an edge.

    Parameters
    ----------
    flat
        Made by :func:`flat_region`, bool [z, y, x].
    map_
        The map.

    Returns
    -------
    ndarray
        bool [z, y, x].
    """
    return masks.extend(flat, max(_NEAR, 4 * map_.voxel), map_.voxel_size) if flat.any() else flat


def solvent_noise_ratio(half1: np.ndarray, half2: np.ndarray) -> float:
    """Variance of the noise near the faces of the box over that at its centre; near 0 after masking.

    Parameters
    ----------
    half1, half2
        Half-maps, float32 [z, y, x]; their difference is the noise.

    Returns
    -------
    float
        Median over six blocks that lie on the axes at 0.36 to 0.44 of the box from the centre, against a central block; each is a
        quarter of the box wide. NaN when there is no noise at the centre.
    """
    def variance(centre: np.ndarray, half_size: np.ndarray) -> float:
        size = np.array(half1.shape)
        low = np.floor((centre - half_size) * size).astype(int)
        high = np.maximum(np.ceil((centre + half_size) * size).astype(int), low + 1)
        block = tuple(slice(max(a, 0), b) for a, b in zip(low, high))
        return float(np.var(half1[block].astype(np.float64) - half2[block]))

    outer = []
    for axis in range(3):
        for side in (-0.4, 0.4):
            centre, half_size = np.full(3, 0.5), np.full(3, 0.125)
            centre[axis] += side
            half_size[axis] = 0.04
            outer.append(variance(centre, half_size))
    inner = variance(np.full(3, 0.5), np.full(3, 0.125))
    return float(np.median(outer) / inner) if inner > 0 else float("nan")


def without_level(data: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """A map whose solvent has the mean 0, to be laid under a mask.

    A constant times a mask has the transform of the mask, which both half-maps share: laid under a mask with it, they correlate by it.

    Parameters
    ----------
    data
        Map, float32 [z, y, x].
    mask
        Mask, 0 to 1, float32 [z, y, x].

    Returns
    -------
    ndarray
        float32 [z, y, x], the map less its mean weighted by ``1 - mask``; ``data`` itself where the mask leaves no solvent.
    """
    total = np.zeros(2)
    for section, inside in zip(data, mask):
        outside = 1 - inside.ravel().astype(np.float64)
        total += (outside.sum(), outside @ section.ravel())
    return data - np.float32(total[1] / total[0]) if total[0] > 0 else data
