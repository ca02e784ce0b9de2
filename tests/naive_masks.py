"""Plain numpy versions of the mask kernels, by looking at every pair of voxels."""
from __future__ import annotations

import numpy as np


def squared_distance(binary, spacing=(1.0, 1.0, 1.0)):
    step = np.array(spacing[::-1])
    points = np.argwhere(binary) * step
    grid = np.indices(binary.shape).reshape(3, -1).T * step
    best = np.full(len(grid), np.inf)
    for p in points:
        best = np.minimum(best, ((grid - p) ** 2).sum(axis=1))
    return best.reshape(binary.shape)


def balls(shape, voxel_size, origin, xyz, radii):
    grid = np.indices(shape).reshape(3, -1).T[:, ::-1] * np.array(voxel_size) + np.array(origin)
    inside = np.zeros(len(grid), bool)
    for p, r in zip(xyz, radii):
        inside |= ((grid - p) ** 2).sum(axis=1) <= r * r
    return inside.reshape(shape)
