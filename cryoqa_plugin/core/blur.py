"""Gaussian blur of a map whose box repeats, one axis after the other."""
from __future__ import annotations

from typing import Sequence

import numpy as np

from .jit import njit
from .threads import over_slabs

_CUT = 3.0                            # standard deviations at which the Gaussian ends


@njit
def _across_kernel(data, y0, y1, taps, along_z, out):
    # whole rows are added, so that the processor works on many voxels at once
    nz, ny, nx = data.shape
    reach = taps.size // 2
    for z in range(nz):
        for y in range(y0, y1):
            for x in range(nx):
                out[z, y, x] = taps[reach] * data[z, y, x]
            for k in range(1, reach + 1):
                w = taps[reach + k]
                if along_z:
                    z1, y1_, z2, y2_ = (z + k) % nz, y, (z - k) % nz, y
                else:
                    z1, y1_, z2, y2_ = z, (y + k) % ny, z, (y - k) % ny
                for x in range(nx):
                    out[z, y, x] += w * (data[z1, y1_, x] + data[z2, y2_, x])


@njit
def _along_kernel(data, z0, z1, taps, out):
    _, ny, nx = data.shape
    reach = taps.size // 2
    row = np.empty(nx + 2 * reach, np.float32)
    for z in range(z0, z1):
        for y in range(ny):
            for x in range(nx):
                row[reach + x] = data[z, y, x]
            for x in range(reach):
                row[x] = data[z, y, (x - reach) % nx]
                row[reach + nx + x] = data[z, y, x % nx]
            for x in range(nx):
                out[z, y, x] = taps[reach] * row[x + reach]
            for k in range(1, reach + 1):
                w = taps[reach + k]
                for x in range(nx):
                    out[z, y, x] += w * (row[x + reach - k] + row[x + reach + k])


def gaussian(data: np.ndarray, voxel_size: Sequence[float], sigma: float) -> np.ndarray:
    """A map times a Gaussian window around every voxel, over the faces of the box.

    Parameters
    ----------
    data
        Map, float32 [z, y, x].
    voxel_size
        Edges of a voxel (x, y, z) in Å.
    sigma
        Standard deviation in Å; the window ends at three of them, to the next voxel.

    Returns
    -------
    ndarray
        float32 [z, y, x]; as ``scipy.ndimage.gaussian_filter(mode="wrap", truncate=3)``.
    """
    source = np.ascontiguousarray(data, np.float32)
    sx, sy, sz = (_taps(sigma / v) for v in voxel_size)
    spare, out = np.empty_like(source), np.empty_like(source)
    over_slabs(lambda a, b: _along_kernel(source, a, b, sx, out), source.shape[0])
    over_slabs(lambda a, b: _across_kernel(out, a, b, sz, True, spare), source.shape[1])
    over_slabs(lambda a, b: _across_kernel(spare, a, b, sy, False, out), source.shape[1])
    return out


def _taps(sigma: float) -> np.ndarray:
    """Weights of a Gaussian of a standard deviation in voxels, float32 of odd length, their sum 1."""
    reach = int(_CUT * sigma + 0.5)
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / max(sigma, 1e-9)) ** 2)
    return (weights / weights.sum()).astype(np.float32)
