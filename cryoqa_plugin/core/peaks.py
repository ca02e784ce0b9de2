"""Local maxima of a map."""
from __future__ import annotations

from typing import Tuple

import numpy as np

_AROUND = [(i, j, k) for i in (-1, 0, 1) for j in (-1, 0, 1) for k in (-1, 0, 1) if (i, j, k) != (0, 0, 0)]


def find_peaks(data: np.ndarray, threshold: float, inside: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """Places and heights of the local maxima of a map, highest first.

    A maximum is no lower than its 26 neighbours; of equal ones the first counts. Voxels at the faces of the box are left out.

    Parameters
    ----------
    data
        Map, float32 [z, y, x].
    threshold
        Least height, above 0.
    inside
        Where to look, bool [z, y, x].

    Returns
    -------
    places
        (z, y, x) in voxels, float64 [n, 3], refined by a parabola along each axis.
    heights
        Values of the voxels, float64 [n].
    """
    look = (data >= np.float32(threshold)) & inside
    for axis in range(3):
        np.moveaxis(look, axis, 0)[[0, -1]] = False
    at = np.argwhere(look)
    del look
    value = data[tuple(at.T)]
    best = np.ones(len(at), dtype=bool)
    for step in _AROUND:
        near = data[tuple((at + step).T)]
        # Higher than those before it, no lower than those after it: of equal neighbours one is left.
        best &= (value > near) if step < (0, 0, 0) else (value >= near)
    at, value = at[best], value[best].astype(np.float64)
    place = at.astype(np.float64)
    for axis in range(3):
        step = np.eye(3, dtype=int)[axis]
        low, high = (data[tuple((at + s * step).T)].astype(np.float64) for s in (-1, 1))
        bend = low - 2 * value + high
        # The top of a parabola through three voxels of a maximum is never farther than half a voxel.
        place[:, axis] += np.clip(np.divide(low - high, 2 * bend, out=np.zeros_like(bend), where=bend < 0), -0.5, 0.5)
    order = np.argsort(-value, kind="stable")
    return place[order], value[order]
