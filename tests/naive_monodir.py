"""Naive twins of the kernels of the local-directional resolution, in float64 numpy."""
from __future__ import annotations

import numpy as np


def local_power(data, edges, axis, cone, centre, width, counts, sigma):
    """Local mean of the squared modulus of the waves along ``axis``, on the grid of the map, at ``counts`` points of each edge."""
    ft = np.fft.fftn(data)
    indices = [np.fft.fftfreq(n, 1 / n).round().astype(int) for n in data.shape]
    kept = np.ones(data.shape, bool)
    for a, (n, k) in enumerate(zip(data.shape, indices)):
        if n % 2 == 0:
            kept &= np.moveaxis(np.broadcast_to(k != -n // 2, data.shape[:a] + data.shape[a + 1:] + (n,)), -1, a)
    sz, sy, sx = np.meshgrid(*(k / e for k, e in zip(indices, edges)), indexing="ij")
    r = np.sqrt(sz ** 2 + sy ** 2 + sx ** 2)
    cosine = (sx * axis[0] + sy * axis[1] + sz * axis[2]) / np.where(r > 0, r, 1)
    kept &= (cosine > np.cos(cone)) & (np.abs(r - centre) < width)
    weight = np.cos(np.pi / 2 * (r - centre) / width) * np.cos(np.pi / 2 * (1 - cosine) / (1 - np.cos(cone)))
    power = np.abs(np.fft.ifftn(np.where(kept, ft * weight, 0))) ** 2
    for a, (m, n, edge) in enumerate(zip(counts, data.shape, edges)):
        distance = np.arange(n)[None, :] * edge / n - np.arange(m)[:, None] * edge / m
        window = sum(np.exp(-0.5 * ((distance + t * edge) / sigma) ** 2) for t in range(-3, 4))
        power = np.moveaxis(np.tensordot(window / window.sum(axis=1, keepdims=True), power, (1, a)), 0, a)
    return power


def summarise(resolution, axes, radius, outliers, near=45.0, far=70.0, neighbours=25.0):
    """Percentiles over the directions, means along and across the radius, and shares among the best, point by point."""
    angles = np.rad2deg(np.arccos(np.clip(np.abs(axes @ axes.T), 0, 1)))
    rows, best, left = [], np.zeros(len(axes)), 0
    for v in range(resolution.shape[1]):
        values = resolution[:, v].astype(float)
        kept = np.ones(len(axes), bool)
        if outliers > 0:
            apart = np.zeros(len(axes))
            for i in range(len(axes)):
                close = [values[j] for j in range(len(axes)) if j != i and angles[i, j] <= neighbours]
                apart[i] = abs(values[i] - np.mean(close)) if close else 0
            kept = apart <= apart.mean() + outliers * apart.std()
        chosen = values[kept]
        tilt = np.rad2deg(np.arccos(np.clip(np.abs(axes @ radius[v]) / np.linalg.norm(radius[v]), 0, 1)))
        row = list(np.quantile(chosen, (0.05, 0.17, 0.83, 0.95)))
        row += [values[kept & (tilt <= near)].mean(), values[kept & (tilt >= far)].mean()]
        winners = kept & (values <= row[0])
        best += winners / winners.sum()
        left += kept.sum()
        rows.append(row)
    return np.array(rows).T, best / resolution.shape[1], left / resolution.size
