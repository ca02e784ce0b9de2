"""Naive twin of core.isosurface: one ray at a time through a fine march of scipy's trilinear interpolation."""
from __future__ import annotations

import numpy as np
from scipy import ndimage


def hit_depths(data, level, spacing, starts, ahead, far, step):
    """Distance along each ray (from ``starts`` [n, 3] as x, y, z) at which the density first exceeds the level; inf where never."""
    out = np.full(len(starts), np.inf)
    distances = np.arange(0, far, step)
    for i, start in enumerate(starts):
        points = (start + distances[:, None] * ahead) / spacing
        values = ndimage.map_coordinates(data, points[:, ::-1].T, order=1, mode="grid-constant", cval=0.0)
        inside = np.flatnonzero(values > level)
        if inside.size:
            out[i] = distances[inside[0]]
    return out
