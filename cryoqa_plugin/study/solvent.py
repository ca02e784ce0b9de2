"""The solvent: where a map was cut off, so that nothing there tells its noise, and the level that it is at."""
from __future__ import annotations

import numpy as np
import scipy.ndimage

from ..core import masks
from ..io.maps import Map

_FLAT = 1e-3                                      # of the standard deviation: a map that varies less is cut off there
_NEAR = 8.0                                       # Å around it, where what cut the map off may have an edge
_SAMPLE = 2_000_000                               # voxels that tell the median
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


def median_level(data: np.ndarray) -> float:
    """Level of the solvent of a map that is solvent for the most part, whatever lies in it.

    Parameters
    ----------
    data
        Map, float32 [z, y, x].

    Returns
    -------
    float
        Median of two million of its voxels, evenly spaced.
    """
    return float(np.median(data.ravel()[::max(1, data.size // _SAMPLE)]))


def solvent_level(data: np.ndarray, mask: np.ndarray) -> float:
    """Mean of a map outside a mask.

    Parameters
    ----------
    data
        Map, float32 [z, y, x].
    mask
        0 to 1, float32 [z, y, x].

    Returns
    -------
    float
        Weighted by ``1 - mask``; the mean of the map where the mask leaves less than 1 % of the box. Summed section by section.
    """
    total = weight = 0.0
    for values, inside in zip(data, mask):
        outside = 1 - inside.ravel().astype(np.float64)
        total, weight = total + float(values.ravel() @ outside), weight + float(outside.sum())
    return total / weight if weight >= _LEAST * data.size else float(data.mean(dtype=np.float64))


def without_level(data: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """A map whose solvent has the mean 0, to be laid under a mask.

    A constant times a mask has the transform of the mask, which both half-maps share: laid under a mask with it, they correlate by it.

    Parameters
    ----------
    data, mask
        As of :func:`solvent_level`.

    Returns
    -------
    ndarray
        float32 [z, y, x], the map less the level of its solvent.
    """
    return data - np.float32(solvent_level(data, mask))
