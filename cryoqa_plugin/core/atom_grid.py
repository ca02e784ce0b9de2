"""Atoms as simple shapes: Fourier coefficients of points, fast enough to be made for many scales, and Gaussians on a grid."""
from __future__ import annotations

from typing import Sequence

import numpy as np
import scipy.fft

from .fourier import forward, inverse
from .jit import njit

_OVERSAMPLING = 1.5                   # of the grid: 6 % of a coefficient at the last index folds back, 0.4 % at half of it
_REACH = 4.0                          # of Gaussians, in standard deviations


@njit
def _spread_kernel(at, weight, grid):
    nz, ny, nx = grid.shape
    w = np.empty((3, 4))
    for i in range(at.shape[0]):
        iz, iy, ix = int(np.floor(at[i, 0])), int(np.floor(at[i, 1])), int(np.floor(at[i, 2]))
        for axis in range(3):
            t = at[i, axis] - np.floor(at[i, axis])
            w[axis, 0] = (1 - t) ** 3 / 6
            w[axis, 1] = (3 * t ** 3 - 6 * t ** 2 + 4) / 6
            w[axis, 2] = (-3 * t ** 3 + 3 * t ** 2 + 3 * t + 1) / 6
            w[axis, 3] = t ** 3 / 6
        for a in range(4):
            for b in range(4):
                part = weight[i] * w[0, a] * w[1, b]
                for c in range(4):
                    grid[(iz - 1 + a) % nz, (iy - 1 + b) % ny, (ix - 1 + c) % nx] += part * w[2, c]


def point_coefficients(position: np.ndarray, weight: np.ndarray, cell: Sequence[float], sizes: Sequence[int]) -> np.ndarray:
    """Fourier coefficients of points, near the origin.

    The points are spread on a coarse grid by cubic B-splines, whose transform is divided out again.

    Parameters
    ----------
    position
        (x, y, z) in Å from the centre of the first voxel, float [n, 3]; points outside of the box wrap round.
    weight
        Of each point, float [n].
    cell
        Edges (x, y, z) of the box in Å.
    sizes
        Coefficients along z, y, x, odd.

    Returns
    -------
    ndarray
        ``sum_j w_j exp(-2 pi i h . x_j / cell)``, complex64 of shape ``sizes`` with index 0 in the middle.

    References
    ----------
    Essmann et al. (1995), https://doi.org/10.1063/1.470117 (B-splines).
    """
    shape = tuple(int(scipy.fft.next_fast_len(int(np.ceil(_OVERSAMPLING * m)), real=True)) for m in sizes)
    grid = np.zeros(shape)
    at = (np.asarray(position, dtype=np.float64) / np.asarray(cell, dtype=np.float64))[:, ::-1] * shape
    _spread_kernel(np.ascontiguousarray(at), np.asarray(weight, dtype=np.float64), grid)
    ft = forward(grid)
    kz, ky, kx = (np.arange(m) - m // 2 for m in sizes)
    kx = kx[kx.size // 2:]
    part = ft[np.ix_(kz % shape[0], ky % shape[1], kx)]
    for axis, (k, n) in enumerate(zip((kz, ky, kx), shape)):
        part *= (np.sinc(k / n) ** -4.0).astype(np.float32).reshape([-1 if i == axis else 1 for i in range(3)])
    # Friedel's law gives the half with kx < 0, which is not stored.
    return np.concatenate((np.conj(part[::-1, ::-1, :0:-1]), part), axis=2)


def coarse_map(coefficients: np.ndarray, shape: Sequence[int], size: int) -> np.ndarray:
    """Map on a coarse grid from coefficients near the origin.

    Parameters
    ----------
    coefficients
        With index 0 in the middle, complex64, odd along each axis; those of a map of ``size`` voxels.
    shape
        Voxels of the coarse grid (nz, ny, nx), at least as many as there are coefficients; it spans the same box.
    size
        Voxels of the map that was transformed.

    Returns
    -------
    ndarray
        float32 [z, y, x], on the scale of the map.
    """
    kz, ky, kx = (np.arange(m) - m // 2 for m in coefficients.shape)
    half = kx.size // 2
    grid = np.zeros((shape[0], shape[1], shape[2] // 2 + 1), dtype=np.complex64)
    grid[np.ix_(kz, ky, kx[half:])] = coefficients[:, :, half:]
    out = inverse(grid, shape)
    return out * np.float32(out.size / size)


@njit
def _gaussian_kernel(position, weight, spacing, sigma, reach, out):
    nz, ny, nx = out.shape
    longest = 1
    for axis in range(3):
        longest = max(longest, 2 * int(reach / spacing[axis]) + 3)
    heights = np.empty((3, longest))
    low, high = np.empty(3, np.int64), np.empty(3, np.int64)
    for i in range(position.shape[0]):
        for axis in range(3):
            centre, size = position[i, axis] / spacing[axis], (nx, ny, nz)[axis]
            low[axis] = max(0, int(np.ceil(centre - reach / spacing[axis])))
            high[axis] = min(size, int(np.floor(centre + reach / spacing[axis])) + 1)
            for k in range(low[axis], high[axis]):
                heights[axis, k - low[axis]] = np.exp(-0.5 * ((k - centre) * spacing[axis] / sigma) ** 2)
        for z in range(low[2], high[2]):
            for y in range(low[1], high[1]):
                height = weight[i] * heights[2, z - low[2]] * heights[1, y - low[1]]
                for x in range(low[0], high[0]):
                    out[z, y, x] += height * heights[0, x - low[0]]


def gaussians(position: np.ndarray, weight: np.ndarray, shape: Sequence[int], voxel_size: Sequence[float], sigma: float) -> np.ndarray:
    """A map of atoms that are Gaussians of one width.

    Parameters
    ----------
    position
        (x, y, z) in Å from the centre of the first voxel, float [n, 3]; what reaches out of the box is cut off.
    weight
        Height of each, float [n].
    shape
        Voxels of the map (nz, ny, nx).
    voxel_size
        Edges of a voxel (x, y, z) in Å.
    sigma
        Standard deviation in Å; Gaussians end at four of them along each axis.

    Returns
    -------
    ndarray
        float32 [z, y, x]; 0 where no atom reaches.
    """
    out = np.zeros(tuple(shape), dtype=np.float32)
    _gaussian_kernel(np.ascontiguousarray(position, dtype=np.float64), np.asarray(weight, dtype=np.float64),
                     np.asarray(voxel_size, dtype=np.float64), float(sigma), _REACH * float(sigma), out)
    return out
