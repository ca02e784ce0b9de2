"""Naive twins of the search for poses: maps read by scipy, sums written out."""
from __future__ import annotations

import numpy as np
import scipy.ndimage


def inside(at, shape):
    """Which places (x, y, z in voxels) lie within the box."""
    return np.all((at >= 0) & (at <= np.array(shape[::-1]) - 1), axis=-1)


def read(data, at, order=3):
    """A map at places (x, y, z in voxels), 0 outside of the box."""
    values = scipy.ndimage.map_coordinates(data.astype(float), at[..., ::-1].T, order=order, mode="grid-wrap")
    return np.where(inside(at, data.shape), values, 0)


def slopes(data, at, step=1e-4):
    """Slopes along x, y, z per voxel by differences."""
    return np.stack([(read(data, at + step * e) - read(data, at - step * e)) / (2 * step) for e in np.eye(3)], axis=1)


def best_shift(turned, fixed):
    """Shift (z, y, x in voxels) of the highest circular correlation, and its height, all shifts one after the other."""
    best = (-np.inf, None)
    for shift in np.ndindex(*fixed.shape):
        height = float((turned * np.roll(fixed, [-s for s in shift], axis=(0, 1, 2))).sum())
        best = max(best, (height, shift))
    return best


def resampled(data, voxel_size, operator, shape, new_size, level):
    """A map of few waves on another grid, as the sum of its waves."""
    z, y, x = np.meshgrid(*(np.arange(n) for n in shape), indexing="ij")
    at = np.stack([x, y, z], axis=-1) * np.asarray(new_size)
    back = (at - operator[:, 3]) @ np.linalg.inv(operator[:, :3]).T / np.asarray(voxel_size)
    ft = np.fft.fftn(data.astype(float) - level) / data.size
    out = np.zeros(shape, complex)
    for i, j, k in zip(*np.nonzero(np.abs(ft) > 1e-9)):
        wave = [np.fft.fftfreq(n)[m] for n, m in zip(data.shape, (i, j, k))]
        out += ft[i, j, k] * np.exp(2j * np.pi * (back[..., 2] * wave[0] + back[..., 1] * wave[1] + back[..., 0] * wave[2]))
    return np.where(inside(back, data.shape), out.real, 0) + level
