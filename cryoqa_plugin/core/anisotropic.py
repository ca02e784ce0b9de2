"""Filters of Fourier space that depend on direction through tensors."""
from __future__ import annotations

from typing import Optional

import numpy as np

from .directions import half_directions
from .fourier import Geometry
from .jit import njit
from .threads import over_slabs

_MOST = 30.0                          # largest exponent: its exponential, 1e13, fits into float32


@njit
def _tensor_kernel(ft, z0, z1, steps, at, amplitude, ratio, grow, decay, out):
    nz, ny, nk = ft.shape
    n, first = at.size, 0
    for z in range(z0, z1):
        dz = (z if z <= nz // 2 else z - nz) * steps[0]
        for y in range(ny):
            dy = (y if y <= ny // 2 else y - ny) * steps[1]
            base = dz * dz + dy * dy
            # Neighbouring lines begin near each other in the table.
            r = np.sqrt(base)
            while first > 0 and at[first] >= r:
                first -= 1
            while first < n - 1 and at[first + 1] < r:
                first += 1
            i = first
            for x in range(nk):
                dx = x * steps[2]
                r = np.sqrt(base + dx * dx)
                if r > at[n - 1]:
                    out[z, y, x] = 0
                    continue
                # The radius only grows along x, so that the place in the table is searched for once a line.
                while i < n - 2 and at[i + 1] < r:
                    i += 1
                t = max(0.0, (r - at[i]) / (at[i + 1] - at[i]))
                a = amplitude[i] + t * (amplitude[i + 1] - amplitude[i])
                q = ratio[i] + t * (ratio[i + 1] - ratio[i])
                g = (grow[0] * dx * dx + grow[1] * dy * dy + grow[2] * dz * dz
                     + 2 * (grow[3] * dx * dy + grow[4] * dx * dz + grow[5] * dy * dz))
                d = (decay[0] * dx * dx + decay[1] * dy * dy + decay[2] * dz * dz
                     + 2 * (decay[3] * dx * dy + decay[4] * dx * dz + decay[5] * dy * dz))
                q = q * np.exp(min(max(d, -30.0), 30.0))
                out[z, y, x] = ft[z, y, x] * np.float32(a * np.exp(min(max(g, -30.0), 30.0)) * q / (1 + q))


def apply_wiener(ft: np.ndarray, geo: Geometry, at: np.ndarray, amplitude: np.ndarray, ratio: np.ndarray, grow: np.ndarray,
                 decay: np.ndarray, *, out: Optional[np.ndarray] = None) -> np.ndarray:
    """Multiply a transform by ``a g q / (1 + q)``: amplitudes put right, and weighted by their signal-to-noise ratio.

    ``a`` is ``amplitude`` and ``q`` is ``ratio`` times ``exp(-4 pi^2 s^T decay s)``, ``g`` is ``exp(2 pi^2 s^T grow s)``.

    Parameters
    ----------
    ft
        Transform, complex64 [nz, ny, nx // 2 + 1].
    geo
        Shells of the box.
    at
        Radii in shell units, rising float [n]; coefficients past the last become 0.
    amplitude, ratio
        At these radii, float [n], linear in between.
    grow, decay
        Tensors in the squared unit of the voxel size, float [6]: xx, yy, zz, xy, xz, yz.
    out
        Where to write, ``ft`` itself allowed; a new array when not given.

    Returns
    -------
    ndarray
        complex64 [nz, ny, nx // 2 + 1].
    """
    result = np.empty_like(ft) if out is None else out
    steps, unit = np.array(geo.steps), 2 * np.pi ** 2 / geo.length ** 2
    # An infinite ratio (copies, no noise) would make q / (1 + q) no number; 1e12 gives 1.
    arrays = [np.asarray(v, dtype=np.float64) for v in (at, amplitude, np.minimum(ratio, 1e12))]
    grow, decay = unit * np.asarray(grow, dtype=np.float64), -2 * unit * np.asarray(decay, dtype=np.float64)

    def work(start: int, stop: int) -> None:
        _tensor_kernel(ft, start, stop, steps, arrays[0], arrays[1], arrays[2], grow, decay, result)

    over_slabs(work, geo.shape[0])
    return result


def exponents(tensor: np.ndarray, freq: np.ndarray) -> np.ndarray:
    """``4 pi^2 s^T U s`` in all directions.

    Parameters
    ----------
    tensor
        U, float [6] as in :func:`apply_wiener`.
    freq
        Lengths of ``s``, float [n], in the reciprocal unit of the voxel size.

    Returns
    -------
    ndarray
        float64 [n, 321], at most 30 in size; the directions are those of ``half_directions(3)``.
    """
    x, y, z = half_directions(3).T
    form = np.stack([x * x, y * y, z * z, 2 * x * y, 2 * x * z, 2 * y * z]).T @ np.asarray(tensor, dtype=np.float64)
    return np.clip(4 * np.pi ** 2 * np.asarray(freq, dtype=np.float64)[:, None] ** 2 * form, -_MOST, _MOST)
