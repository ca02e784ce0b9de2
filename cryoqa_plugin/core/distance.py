"""Exact Euclidean distances on a grid."""
from __future__ import annotations

from typing import Sequence

import numpy as np

from .jit import njit
from .threads import over_slabs

_FAR = np.float32(3e38)               # no voxel in this row; its square would overflow
_BLOCK = 16                           # columns handled together: 16 float32 fill a cache line


@njit
def _rows_kernel(binary, z0, z1, step, out):
    _, ny, nx = binary.shape
    for z in range(z0, z1):
        for y in range(ny):
            last = -1
            for x in range(nx):
                if binary[z, y, x]:
                    last = x
                    out[z, y, x] = 0
                elif last >= 0:
                    out[z, y, x] = np.float32(((x - last) * step) ** 2)
                else:
                    out[z, y, x] = _FAR
            last = -1
            for x in range(nx - 1, -1, -1):
                if binary[z, y, x]:
                    last = x
                elif last >= 0:
                    square = np.float32(((last - x) * step) ** 2)
                    if square < out[z, y, x]:
                        out[z, y, x] = square


@njit
def _envelope(f, g, step, cap, at, start):
    """Replace f by its lower envelope of parabolas; squares at or above ``cap`` throw none and may stay. The rest is scratch."""
    n, top, w = f.size, -1, step * step
    near, all_set = False, True
    for q in range(n):
        g[q] = f[q]
        if f[q] < cap:
            near = True
        if f[q] > 0:
            all_set = False
    # Nothing near enough to matter, or everything set: the squares stay as they are.
    if all_set or not near:
        return
    for q in range(n):
        if g[q] >= cap:
            continue
        s = -1e30
        while top >= 0:
            p = at[top]
            s = ((g[q] - g[p]) / w + (q * q - p * p)) / (2.0 * (q - p))
            if s > start[top]:
                break
            top -= 1
        if top < 0:
            s = -1e30
        top += 1
        at[top], start[top] = q, s
    k = 0
    for q in range(n):
        while k < top and start[k + 1] < q:
            k += 1
        f[q] = g[at[k]] + w * (q - at[k]) * (q - at[k])


@njit
def _columns_kernel(squares, a0, a1, step, cap):
    """Envelope along the last axis of a (strided) view; blocks of columns are copied so that cache lines are used up."""
    _, n_columns, n = squares.shape
    block, at = np.empty((_BLOCK + 2, n), np.float64), np.empty(n, np.int64)
    for a in range(a0, a1):
        for first in range(0, n_columns, _BLOCK):
            width = min(_BLOCK, n_columns - first)
            for i in range(n):
                for j in range(width):
                    block[j, i] = squares[a, first + j, i]
            for j in range(width):
                _envelope(block[j], block[_BLOCK], step, cap, at, block[_BLOCK + 1])
            for i in range(n):
                for j in range(width):
                    squares[a, first + j, i] = np.float32(block[j, i])


def squared_distance(binary: np.ndarray, spacing: Sequence[float] = (1.0, 1.0, 1.0), limit: float = np.inf) -> np.ndarray:
    """Squared distance of each voxel to the nearest one that is set.

    Parameters
    ----------
    binary
        Mask, bool [z, y, x].
    spacing
        Distance between voxels along (x, y, z).
    limit
        Distances of ``limit`` and more need not be exact, only not smaller than ``limit``; saves time.

    Returns
    -------
    ndarray
        float32 [z, y, x] in the squared unit of ``spacing``; integers for unit spacing.

    References
    ----------
    Felzenszwalb & Huttenlocher (2012), https://doi.org/10.4086/toc.2012.v008a019.
    """
    sx, sy, sz = (float(s) for s in spacing)
    flags = np.ascontiguousarray(binary, dtype=np.uint8)
    out = np.empty(flags.shape, np.float32)
    # Squares up to here are compared in float32, whose largest number is 3e38.
    cap = float(min(limit * limit, 1e37))
    nz, ny, _ = flags.shape
    over_slabs(lambda a, b: _rows_kernel(flags, a, b, sx, out), nz)
    # Distances separate: squares along x first, then envelopes along y and z of what is there already.
    along_y, along_z = out.transpose(0, 2, 1), out.transpose(1, 2, 0)
    over_slabs(lambda a, b: _columns_kernel(along_y, a, b, sy, cap), nz)
    over_slabs(lambda a, b: _columns_kernel(along_z, a, b, sz, cap), ny)
    return out


def distance_to(binary: np.ndarray, spacing: Sequence[float] = (1.0, 1.0, 1.0), limit: float = np.inf) -> np.ndarray:
    """Distance of each voxel to the nearest one that is set.

    Parameters
    ----------
    binary, spacing, limit
        As in :func:`squared_distance`.

    Returns
    -------
    ndarray
        float32 [z, y, x] in the unit of ``spacing``.
    """
    out = squared_distance(binary, spacing, limit)
    return np.sqrt(out, out=out)
