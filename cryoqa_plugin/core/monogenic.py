"""Monogenic amplitude of a map: how strong its detail beyond some frequency is at each voxel.

Of a map ``f`` and its three Riesz transforms ``f_j`` (multiplication by ``-i k_j / |k|``) the amplitude is
``sqrt(f^2 + f_x^2 + f_y^2 + f_z^2)``. Felsberg & Sommer (2001), https://doi.org/10.1109/78.969520.

A high-pass is the map less its low-pass, and a low-pass has few coefficients: all four components are transformed once,
and what lies below a frequency is taken away by transforms of the small cube of coefficients that hold it.
"""
from __future__ import annotations

from typing import Any, Callable, List, Optional, Sequence, Tuple

import numpy as np
import scipy.fft

from .fourier import forward, inverse
from .jit import njit
from .threads import get_threads, over_slabs

WIDTH = 0.02                          # of the raised cosines, cycles a voxel
_SMALL = 1_000_000                      # coefficients or voxels
_AXES = (3, 2, 1, 0)                  # the map itself, then along x, y, z


@njit
def _riesz_kernel(ft, z0, z1, indices_z, indices_y, steps, axis, low, high, out):
    """``ft`` times 1 (axis 3) or ``-i k_axis / |k|`` (axis 0, 1, 2 for z, y, x), times a raised cosine: 1 to low, 0 from high."""
    ny, nk = ft.shape[1], ft.shape[2]
    for z in range(z0, z1):
        kz = indices_z[z] * steps[0]
        for y in range(ny):
            ky = indices_y[y] * steps[1]
            base = kz * kz + ky * ky
            if base >= high * high:
                out[z, y, :] = 0
                continue
            for x in range(nk):
                kx = x * steps[2]
                u = np.sqrt(base + kx * kx)
                if u >= high:
                    factor = 0.0
                elif u > low:
                    factor = 0.5 + 0.5 * np.cos(np.pi * (u - low) / (high - low))
                else:
                    factor = 1.0
                value = ft[z, y, x]
                if axis == 3:
                    out[z, y, x] = value * np.float32(factor)
                else:
                    k = kz if axis == 0 else (ky if axis == 1 else kx)
                    factor = factor * k / u if u > 0 else 0.0
                    out[z, y, x] = np.complex64(complex(value.imag * factor, -value.real * factor))


@njit
def _over_frequency(cube, indices_z, indices_y, steps):
    """Divide each coefficient by its frequency, in place; the one at 0 becomes 0."""
    for z in range(cube.shape[0]):
        kz = indices_z[z] * steps[0]
        for y in range(cube.shape[1]):
            ky = indices_y[y] * steps[1]
            base = kz * kz + ky * ky
            for x in range(cube.shape[2]):
                kx = x * steps[2]
                u = np.sqrt(base + kx * kx)
                cube[z, y, x] *= np.float32(1.0 / u if u > 0 else 0.0)


@njit
def _along_kernel(cube, indices_z, indices_y, steps, axis, out):
    """``cube`` times ``-i k_axis``."""
    for z in range(cube.shape[0]):
        kz = np.float32(indices_z[z] * steps[0])
        for y in range(cube.shape[1]):
            ky = np.float32(indices_y[y] * steps[1])
            for x in range(cube.shape[2]):
                k = kz if axis == 0 else (ky if axis == 1 else np.float32(x * steps[2]))
                value = cube[z, y, x]
                out[z, y, x] = np.complex64(complex(value.imag * k, -value.real * k))


@njit
def _take_square(whole, low, z0, x0, first, out):
    """``out = (whole - low)^2``, or added to it, in the sections from ``z0`` on; ``low`` float32 [sections, ny, nx] begins at x0."""
    for z in range(low.shape[0]):
        for y in range(whole.shape[1]):
            for x in range(whole.shape[2]):
                value = whole[z0 + z, y, x] - low[z, y, x + x0]
                out[z0 + z, y, x] = value * value if first else out[z0 + z, y, x] + value * value


def _clear_below(ft: np.ndarray, steps: np.ndarray, f: float) -> None:
    """Set the coefficients with a frequency below ``f`` to 0, in place."""
    kz, ky = (_signed(n) * step for n, step in zip(ft.shape[:2], steps))
    kx = np.arange(ft.shape[2]) * steps[2]
    plane = ky[:, None] ** 2 + kx[None, :] ** 2
    for section, k in zip(ft, kz):
        section[plane + k * k < max(f, 0.0) ** 2] = 0


def _signed(n: int) -> np.ndarray:
    """Fourier index of each place of an axis of ``n``; the index n / 2 counts as positive."""
    k = np.arange(n)
    return np.where(k <= n // 2, k, k - n)


Region = Tuple[slice, slice, slice]


class Monogenic:
    """The amplitude of one map beyond any frequency.

    Frequencies are in cycles a voxel; where voxels have three edges, a voxel of the longest edge is meant.
    """

    def __init__(self, data: np.ndarray, voxel_size: Sequence[float] = (1.0, 1.0, 1.0), region: Optional[Region] = None) -> None:
        """``data`` is float32 [z, y, x]; ``voxel_size`` (x, y, z); ``region`` the part of the box where the amplitude is wanted."""
        self.shape: Tuple[int, ...] = tuple(data.shape)
        self.steps = frequency_steps(self.shape, voxel_size)
        self.region: Region = region or tuple(slice(0, n) for n in self.shape)
        self._ft = forward(data)
        del data                                             # a map that was made for this call is not needed any more
        self._parts = [self._component(axis) for axis in _AXES]

    def forget_below(self, f: float, width: float = WIDTH) -> None:
        """Make the amplitudes beyond ``f`` and higher frequencies more exact: what they do not hold is left out from now on."""
        _clear_below(self._ft, self.steps, f - width)
        for i, axis in enumerate(_AXES):
            self._parts[i] = self._component(axis)

    def _component(self, axis: int) -> np.ndarray:
        """The map (axis 3) or one of its Riesz transforms, float32 [z, y, x] of the region."""
        signed = [_signed(n) for n in self.shape[:2]]
        out = np.empty_like(self._ft)
        over_slabs(lambda a, b: _riesz_kernel(self._ft, a, b, signed[0], signed[1], self.steps, axis, 9.0, 10.0, out), self.shape[0])
        return np.ascontiguousarray(inverse(out, self.shape)[self.region])

    def squared(self, f: float, width: float = WIDTH) -> np.ndarray:
        """Squared amplitude beyond ``f``, float32 [z, y, x] of the region; the raised cosine is 0 at ``f - width`` and 1 at ``f``."""
        total = np.empty(self._parts[0].shape, np.float32)
        reach = reach_of(f, self.shape, self.steps)
        iz, iy, _ = reach
        cube = self._ft[np.ix_(*reach)]
        edge = max(f - width, 0.0), f
        if f > 0:
            _spread(lambda a, b: _riesz_kernel(cube, a, b, iz, iy, self.steps, 3, *edge, cube), len(iz), cube.size)
        else:
            cube[:] = 0
        self._add(0, cube, reach, total)
        _spread(lambda a, b: _over_frequency(cube[a:b], iz[a:b], iy, self.steps), len(iz), cube.size)
        low = np.empty_like(cube)
        for i, axis in list(enumerate(_AXES))[1:]:
            _spread(lambda a, b, axis=axis: _along_kernel(cube[a:b], iz[a:b], iy, self.steps, axis, low[a:b]), len(iz), cube.size)
            self._add(i, low, reach, total)
        return total

    def _add(self, number: int, low: np.ndarray, reach: Sequence[np.ndarray], total: np.ndarray) -> None:
        """Add the square of a component less its part ``low`` to ``total``, which the first one begins; ``low`` holds coefficients."""
        places_z, places_y, places_x = self.region
        iz, iy, _ = reach
        columns = _along_z(low, iz, self.shape[0])[places_z]

        def work(a: int, b: int) -> None:
            planes = _plane(columns[a:b], iy, self.shape, places_y)
            _take_square(self._parts[number], planes, a, places_x.start, number == 0, total)

        _spread(work, len(total), total.size)


def _spread(work: Callable[[int, int], Any], n: int, size: int) -> List[Any]:
    """``work`` over the slabs of an axis of ``n``; at one go where there is so little that threads cost more than they bring."""
    return over_slabs(work, n) if size > _SMALL else [work(0, n)]


def frequency_steps(shape: Sequence[int], voxel_size: Sequence[float]) -> np.ndarray:
    """Frequency of index 1 along z, y, x, in cycles a voxel of the longest edge, float64 [3]; ``voxel_size`` is (x, y, z)."""
    return np.array([max(voxel_size) / (n * v) for n, v in zip(shape, list(voxel_size)[::-1])])


def reach_of(f: float, shape: Sequence[int], steps: np.ndarray) -> List[np.ndarray]:
    """Fourier indices up to ``f`` of each axis: z and y signed (0, 1, ... -1), x from 0 on; never the index n / 2."""
    tops = [min(int(np.floor(f / s + 1e-9)), (n - 1) // 2) for n, s in zip(shape, steps)]
    both = [np.concatenate([np.arange(t + 1), np.arange(-t, 0)]) for t in tops[:2]]
    return [both[0], both[1], np.arange(tops[2] + 1)]


def _along_z(cube: np.ndarray, iz: np.ndarray, nz: int) -> np.ndarray:
    """The inverse transform along z of a cube of coefficients, complex64 [nz, len(iy), len(ix)]."""
    columns = np.zeros((nz,) + cube.shape[1:], np.complex64)
    columns[iz] = cube
    return scipy.fft.ifft(columns, axis=0, overwrite_x=True, workers=get_threads())


def _plane(columns: np.ndarray, iy: np.ndarray, shape: Sequence[int], rows: slice) -> np.ndarray:
    """Inverse transform along y and x of some sections, float32 [sections, ny, nx], of which ``rows`` along y are kept."""
    wide = np.zeros((len(columns), shape[1], shape[2] // 2 + 1), np.complex64)           # as wide as irfft would make it
    held = wide[:, :, :columns.shape[2]]
    top = len(iy) // 2 + 1
    held[:, :top] = columns[:, :top]
    if top < len(iy):
        held[:, top - len(iy):] = columns[:, top:]
    back = scipy.fft.ifft(held, axis=1, overwrite_x=True)
    if not np.shares_memory(back, wide):
        held[:] = back
    return scipy.fft.irfft(wide[:, rows], n=shape[2], axis=2, overwrite_x=True)


def low_pass_at(data: np.ndarray, steps: np.ndarray, edge: Tuple[float, float],
                where: np.ndarray) -> np.ndarray:
    """Low-passed map at some voxels, float32 [n], in the order of ``data[where]``.

    ``data`` is float32 and ``where`` bool [z, y, x]; ``steps`` the frequency of index 1 of each axis (cycles a voxel); the raised
    cosine is 1 up to the first and 0 from the second number of ``edge`` on.
    """
    iz, iy, ix = reach_of(edge[1], data.shape, steps)
    columns = np.empty((data.shape[0], len(iy), len(ix)), np.complex64)

    def down(a: int, b: int) -> None:
        rows = np.ascontiguousarray(scipy.fft.rfft(data[a:b], axis=2)[:, :, :len(ix)])
        columns[a:b] = scipy.fft.fft(rows, axis=1, overwrite_x=True)[:, iy]

    _spread(down, data.shape[0], data.size)
    columns = scipy.fft.fft(columns, axis=0, overwrite_x=True, workers=get_threads())
    cube = columns[iz]
    _spread(lambda a, b: _riesz_kernel(cube, a, b, iz, iy, steps, 3, edge[0], edge[1], cube), len(iz), cube.size)
    columns = _along_z(cube, iz, data.shape[0])

    def up(a: int, b: int) -> np.ndarray:
        chosen = where[a:b]
        if not chosen.any():
            return np.empty(0, np.float32)
        places = np.flatnonzero(chosen.any(axis=(0, 2)))
        rows = slice(int(places[0]), int(places[-1]) + 1)
        return _plane(columns[a:b], iy, data.shape, rows)[chosen[:, rows]]

    return np.concatenate(_spread(up, data.shape[0], data.size))
