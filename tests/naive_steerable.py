"""What a polynomial explains in a Gaussian window, by solving the weighted least squares in real space."""
from __future__ import annotations

import itertools

import numpy as np


def explained_at(data, place, voxel, sigma):
    """Weighted squares that degrees 2 and 3 take away beyond a plane, at the voxel ``place`` of ``data`` float64 [z, y, x].

    The weights ``exp(-r^2 / (2 sigma^2))`` are scaled like the filters: their integral in voxels over the squared normalisation.
    """
    axes = [(np.arange(n) - p) * v for n, p, v in zip(data.shape, place, voxel)]
    z, y, x = np.meshgrid(*axes, indexing="ij")
    r2 = (z * z + y * y + x * x) / sigma ** 2
    near = r2 < 60
    points = np.stack([c[near] / sigma for c in (z, y, x)])
    weight = np.exp(-r2[near] / 2)
    weight /= weight.sum()
    values = data[near]

    def residual(degree):
        columns = [np.ones(points.shape[1])]
        for power in range(1, degree + 1):
            columns += [np.prod(points[list(c)], axis=0) for c in itertools.combinations_with_replacement(range(3), power)]
        basis = np.stack(columns, axis=1) * np.sqrt(weight)[:, None]
        target = values * np.sqrt(weight)
        return ((target - basis @ np.linalg.lstsq(basis, target, rcond=None)[0]) ** 2).sum()

    # the second-degree terms are taken about the constant and the third-degree ones about the slope, so that degrees add up
    return residual(1) - residual(3)
