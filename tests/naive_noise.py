"""Plain numpy versions of the kernels on the noise of half-maps."""
from __future__ import annotations

import numpy as np


def _radius(shape, voxel_size):
    axes = [(np.arange(n) - n // 2) * v for n, v in zip(shape, voxel_size[::-1])]
    return np.sqrt(sum(g ** 2 for g in np.meshgrid(*axes, indexing="ij")))


def noise_by_radius(a, b, square, voxel_size, width, far):
    """Six rows: voxels and noise power of all, of the region, and far from it."""
    index = np.floor(_radius(a.shape, voxel_size) / width).astype(int)
    power = (a.astype(np.float64) - b) ** 2 / 2
    rows = []
    for where in (np.ones(a.shape, bool), square == 0, square > far ** 2):
        rows += [np.bincount(index[where], minlength=index.max() + 1),
                 np.bincount(index[where], power[where], minlength=index.max() + 1)]
    return rows


def solvent_weight(square, voxel_size, gap, ramp, reach, edge):
    away = np.clip((np.sqrt(square) - gap) / ramp, 0, 1)
    within = np.clip((reach - _radius(square.shape, voxel_size)) / edge, 0, 1)
    return (0.5 - 0.5 * np.cos(np.pi * away)) * (0.5 - 0.5 * np.cos(np.pi * within))


def noise_power(f1, f2, shell, n_shells):
    """Half the mean of ``abs(F1 - k F2)^2`` over the coefficients of full transforms in each shell."""
    out = np.zeros(n_shells)
    for i in range(n_shells):
        a, b = f1[shell == i], f2[shell == i]
        k = np.sqrt((abs(a) ** 2).sum() / (abs(b) ** 2).sum())
        out[i] = (abs(a - k * b) ** 2).mean() / 2
    return out


def region(a, b, blur, voxel_size):
    """Where the local mean of the product of the blurred half-maps is above 3 %, and 30 %, of its 99.5th percentile; at full size."""
    k = [np.fft.fftfreq(n, v) for n, v in zip(a.shape, voxel_size[::-1])]
    s2 = sum(g ** 2 for g in np.meshgrid(*k, indexing="ij"))
    images = [np.fft.ifftn(np.fft.fftn(m) * np.exp(-s2 * blur ** 2 / 2)).real for m in (a, b)]
    product = np.prod([i - np.median(i) for i in images], axis=0)
    mean = np.fft.ifftn(np.fft.fftn(product) * np.exp(-2 * np.pi ** 2 * (blur / 2) ** 2 * s2)).real
    return tuple(mean > part * np.percentile(mean, 99.5) for part in (0.03, 0.3))
