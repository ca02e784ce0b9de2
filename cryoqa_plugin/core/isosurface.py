"""The level of a surface of a map that no one named, and the smaller map that it is chosen from."""
from __future__ import annotations

from typing import Tuple

import numpy as np
from scipy import ndimage

from .robust import robust_sd


def shrink(data: np.ndarray, max_edge: int = 128) -> Tuple[np.ndarray, int]:
    """Map averaged over blocks of voxels so that no edge is too long.

    Parameters
    ----------
    data
        Map [z, y, x].
    max_edge
        Voxels of the longest edge afterwards.

    Returns
    -------
    data
        The smaller map, float32 [z, y, x]; voxels that fill no block are dropped.
    step
        Edge of a block in voxels.
    """
    step = -(-max(data.shape) // max_edge)
    if step == 1:
        return np.ascontiguousarray(data, dtype=np.float32), 1
    nz, ny, nx = (max(1, n // step) for n in data.shape)
    out = np.zeros((nz, ny, nx), dtype=np.float32)
    for i in range(step):
        for j in range(step):
            for k in range(step):
                part = data[i::step, j::step, k::step][:nz, :ny, :nx]
                out[:part.shape[0], :part.shape[1], :part.shape[2]] += part
    return out / np.float32(step ** 3), step


def smooth(data: np.ndarray, sigma: float = 1.0) -> np.ndarray:
    """Map smoothed by a Gaussian; beyond the box it is 0.

    Parameters
    ----------
    data
        Map, float32 [z, y, x].
    sigma
        Standard deviation in voxels.

    Returns
    -------
    ndarray
        float32 [z, y, x].
    """
    return ndimage.gaussian_filter(data, sigma, mode="constant", truncate=3.0)


def contour_level(data: np.ndarray) -> float:
    """A level for a picture of a map.

    The noise is 1.4826 times the median absolute deviation of the voxels that are not 0, about their median. The level is half the mean
    density of the strongest third of those voxels that exceed the median by four times the noise; where none does, it is a fifth of the way
    from the median to the maximum.

    Parameters
    ----------
    data
        Map, float32 [z, y, x].

    Returns
    -------
    float
        In the unit of the map; 0 for an empty one.
    """
    some = data.ravel()
    # Voxels that a mask set to 0 are not noise.
    some = some[some != 0]
    if some.size == 0:
        return 0.0
    middle = float(np.median(some))
    noise = robust_sd(some, middle)
    inside = some[some > middle + 4 * noise]
    highest = float(some.max())
    if inside.size < 8 or highest <= middle:
        return middle + 0.2 * (highest - middle)
    strong = inside[inside >= np.quantile(inside, 2 / 3)]
    return max(middle + 4 * noise, middle + 0.5 * (float(strong.mean(dtype=np.float64)) - middle))
