"""LocScale as published, window by window, and the bands of core.local_gains coefficient by coefficient."""
from __future__ import annotations

import numpy as np


def window_by_window(data, reference, centres, width):
    """The scaled value at each of ``centres`` (z, y, x): radial mean amplitudes of cubes of ``width`` voxels, factors interpolated.

    All coefficients of a cube count, by their true frequency; the original has only those of one octant.
    """
    k = np.fft.fftfreq(width) * width
    radius = np.sqrt(k[:, None, None] ** 2 + k[None, :, None] ** 2 + np.arange(width // 2 + 1)[None, None, :] ** 2)
    ring = np.minimum(np.rint(radius).astype(int), width // 2)
    half = width // 2
    out = []
    for z, y, x in centres:
        cut = tuple(slice(c - half, c - half + width) for c in (z, y, x))
        ft, wanted = np.fft.rfftn(data[cut]), np.fft.rfftn(reference[cut])
        sums = [np.bincount(ring.ravel(), np.abs(f).ravel()) for f in (ft, wanted)]
        with np.errstate(divide="ignore", invalid="ignore"):
            factor = np.nan_to_num(sums[1] / sums[0], posinf=0, neginf=0)
        scaled = np.fft.irfftn(ft * np.interp(radius, np.arange(factor.size), factor), (width,) * 3)
        out.append(scaled[half, half, half])
    return np.array(out)


def filtered(data, voxel, profile, fine):
    """A map filtered by ``profile`` at radii ``i / fine`` (shell units), 0 beyond."""
    edges = [n * v for n, v in zip(data.shape, voxel[::-1])]
    axes = [np.fft.fftfreq(n) * n * max(edges) / e for n, e in zip(data.shape, edges)]
    radius = np.sqrt(axes[0][:, None, None] ** 2 + axes[1][None, :, None] ** 2 + axes[2][None, None, :] ** 2)
    factor = np.interp(radius, np.arange(profile.size) / fine, profile, right=0)
    return np.fft.ifftn(np.fft.fftn(data) * factor).real


def carried(values, shape):
    """Values at points, by cubic B-splines along each axis in turn, point by point."""
    out = np.asarray(values, float)
    for axis, n in enumerate(shape):
        count = out.shape[axis]
        rows = []
        for i in range(n):
            place = i * count / n
            row = 0
            for j in range(int(np.floor(place)) - 2, int(np.floor(place)) + 4):
                d = abs(place - j)
                weight = (4 - 6 * d * d + 3 * d ** 3) / 6 if d < 1 else (2 - d) ** 3 / 6 if d < 2 else 0.0
                row = row + weight * np.take(out, j % count, axis=axis)
            rows.append(row)
        out = np.stack(rows, axis=axis)
    return out


def placed_by_hand(density, inside, nearest):
    """Voxels of the highest density, none nearer than ``nearest`` (voxels) to one before it, all of them; (z, y, x)."""
    taken = []
    for place in sorted(map(tuple, np.argwhere(inside)), key=lambda p: -density[p]):
        if all(sum((a - b) ** 2 for a, b in zip(place, other)) >= nearest ** 2 for other in taken):
            taken.append(place)
    return np.array(taken)
