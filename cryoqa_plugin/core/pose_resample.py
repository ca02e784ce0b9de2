"""A map turned and moved onto another grid."""
from __future__ import annotations

from typing import Sequence, Tuple

import numpy as np
import scipy.fft

from .filters import raised_cosine
from .fourier import forward, inverse
from .jit import njit
from .pose_bands import _cubic_at
from .symmetry_copies import _moved, inverse_of
from .threads import over_slabs

_FINER = 1.5                          # voxels in which a map is read, per voxel of it
_EDGE = 0.1                           # of Nyquist: edge of the low-pass before larger voxels


@njit
def _resample_kernel(splines, operator, z0, z1, level, out):
    """A spline at the voxels of another grid; ``level`` outside of its box."""
    nz, ny, nx = splines.shape
    for z in range(z0, z1):
        for y in range(out.shape[1]):
            for x in range(out.shape[2]):
                u, v, w = _moved(operator, x, y, z)
                if u >= 0 and v >= 0 and w >= 0 and u <= nx - 1 and v <= ny - 1 and w <= nz - 1:
                    out[z, y, x] = _cubic_at(splines, u, v, w) + level
                else:
                    out[z, y, x] = level


def resampled(data: np.ndarray, voxel_size: Sequence[float], operator: np.ndarray, shape: Tuple[int, int, int],
              new_size: Sequence[float], level: float = 0.0) -> np.ndarray:
    """A map turned and moved onto another grid.

    Parameters
    ----------
    data
        Map, float32 [z, y, x].
    voxel_size
        Edges of its voxels (x, y, z) in Å.
    operator
        ``x' = A x + t``, from its frame to that of the new grid, each in Å from the centre of the first voxel, float64 [3, 4].
    shape
        Voxels of the new grid (nz, ny, nx).
    new_size
        Edges of those voxels (x, y, z) in Å.
    level
        Value beyond the box of the map.

    Returns
    -------
    ndarray
        float32 [nz, ny, nx]. Read by cubic B-splines on a grid 1.5 times as fine, whose coefficients are the transform of the map over
        that of the spline, so that every wave keeps its amplitude; what is finer than two of the new voxels is taken away first.
    """
    old, new = np.asarray(voxel_size, dtype=np.float64), np.asarray(new_size, dtype=np.float64)
    sizes = [int(scipy.fft.next_fast_len(int(np.ceil(_FINER * n)), real=True)) for n in data.shape]
    splines = _splines(data - np.float32(level), old, sizes, float(new.max()))
    back = inverse_of(operator)
    back[:, :3] *= new
    back /= (old * np.array([n / m for n, m in zip(data.shape, sizes)])[::-1])[:, None]
    out = np.empty(shape, dtype=np.float32)
    back, value = np.ascontiguousarray(back), np.float32(level)
    over_slabs(lambda a, b: _resample_kernel(splines, back, a, b, value, out), shape[0])
    return out


def _splines(data: np.ndarray, voxel_size: np.ndarray, sizes: Sequence[int], largest: float) -> np.ndarray:
    """Coefficients of cubic B-splines that give all waves of a map on a finer grid their amplitude, float32 of ``sizes``."""
    ft = forward(data)
    shape = data.shape
    waves = [np.fft.fftfreq(shape[0]), np.fft.fftfreq(shape[1]), np.fft.rfftfreq(shape[2])]
    radius2: np.ndarray = np.zeros((1, 1, 1))
    for axis, (n, m) in enumerate(zip(shape, sizes)):
        line = [-1 if a == axis else 1 for a in range(3)]
        # the last wave of an even axis stands for two, of which a finer grid would keep one
        ft *= (np.where(2 * np.abs(waves[axis]) >= 1, 0, 1) / np.sinc(waves[axis] * n / m) ** 4 * (m / n)).astype(np.float32).reshape(line)
        radius2 = radius2 + ((waves[axis] / voxel_size[2 - axis]) ** 2).reshape(line)
    if largest > 1.001 * voxel_size.min():
        top = 0.5 / largest
        ft *= raised_cosine(np.sqrt(radius2), (1 - _EDGE) * top, top).astype(np.float32)
    padded = np.zeros((sizes[0], sizes[1], sizes[2] // 2 + 1), dtype=np.complex64)
    kept = [np.arange(-((n - 1) // 2), (n - 1) // 2 + 1) for n in shape[:2]] + [np.arange((shape[2] - 1) // 2 + 1)]
    padded[np.ix_(*kept)] = ft[np.ix_(*kept)]
    return inverse(padded, sizes)
