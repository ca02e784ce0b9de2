"""LocalDeblur with one transform for every band, float64, as a twin of core.deblur."""
from __future__ import annotations

import numpy as np


def bands_of(finest, coarsest, edge):
    """Resolutions of the bands."""
    seen, out = None, []
    for n in range(10000):
        resolution = finest + 0.2 * n
        if resolution >= coarsest + 2:
            return out
        if round(edge / resolution) != seen:
            seen = round(edge / resolution)
            out.append(resolution)


def frequency(shape, voxel):
    """Frequency (1/Å) of every coefficient of the full transform; ``voxel`` is (x, y, z)."""
    axes = [np.fft.fftfreq(n, v) for n, v in zip(shape, voxel[::-1])]
    return np.sqrt(sum(k ** 2 for k in np.meshgrid(*axes, indexing="ij")))


def weighted(data, resolution, voxel, finest, strength=0.025):
    """``W[data]``; there is no resolution where ``resolution`` is 0."""
    ft, freq = np.fft.fftn(data), frequency(data.shape, voxel)
    total, weights = np.zeros(data.shape), np.zeros(data.shape)
    for d in bands_of(finest, resolution.max(), data.shape[0] * voxel[2]):
        half = 1 / (d - 0.2) - 1 / d
        gain = np.where(abs(freq - 1 / d) <= half, 0.5 + 0.5 * np.cos(np.pi * (freq - 1 / d) / half), 0)
        weight = np.exp(-strength * (d - resolution) ** 2)
        total += weight * np.fft.ifftn(ft * gain).real
        weights += weight
    return np.where(resolution > 0, total / weights, 0)


def deblur(data, resolution, voxel, finest, most=50):
    """The map and the number of steps."""
    floor = -4 * data[resolution <= 0].std(ddof=1)
    x, norms, ratios, step = data.astype(float), [], [], None
    for n in range(1, most + 1):
        y = weighted(x, resolution, voxel, finest)
        norms.append(np.linalg.norm(y))
        step = step or np.linalg.norm(data) / norms[0] / 12
        x = np.maximum(x + step * weighted(data - y, resolution, voxel, finest), floor)
        if n > 1:
            ratios.append(100 * norms[-2] / norms[-1])
        if n > 2 and ratios[-1] - ratios[-2] < 1:
            break
    return x, n
