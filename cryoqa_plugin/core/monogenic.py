"""Monogenic amplitude of a map: how strong its detail beyond some frequency is at each voxel.

Of a map ``f`` and its three Riesz transforms ``f_j`` (multiplication by ``-i k_j / |k|``) the amplitude is
``sqrt(f^2 + f_x^2 + f_y^2 + f_z^2)``. Felsberg & Sommer (2001), https://doi.org/10.1109/78.969520.

A high-pass is the map less its low-pass, and a low-pass has few coefficients: all four components are transformed once,
and what lies below a frequency is taken away by transforms of the small cube of coefficients that hold it: sums of waves
(:mod:`pruned`) where they are few, fast transforms where they are many.
"""
from __future__ import annotations

from typing import Any, Callable, Iterator, List, Optional, Sequence, Tuple

import numpy as np
import scipy.fft

from . import pruned
from .filters import raised_cosine
from .fourier import forward
from .jit import njit
from .threads import get_threads, over_slabs

WIDTH = 0.02                          # of the raised cosines, cycles a voxel
_SMALL = 1_000_000                    # coefficients or voxels below which one thread is faster than many
_SUMS, _SUMS_BOTH = 64, 96            # waves up to which sums are faster than transforms of a whole axis, one way, and both ways
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
                for x in range(nk):
                    out[z, y, x] = 0
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
                    # -i (a + i b) = b - i a
                    out[z, y, x] = np.complex64(complex(value.imag * factor, -value.real * factor))


@njit
def _part_kernel(ft, z0, z1, indices_z, indices_y, steps, axis, out):
    """``ft`` itself (axis 3) or times ``-i k_axis / |k|``; the coefficient at 0 becomes 0 then."""
    ny, nk = ft.shape[1], ft.shape[2]
    for z in range(z0, z1):
        kz = indices_z[z] * steps[0]
        for y in range(ny):
            if axis == 3:
                for x in range(nk):
                    out[z, y, x] = ft[z, y, x]
                continue
            ky = indices_y[y] * steps[1]
            # 1e-30 in place of 0 makes the coefficient at 0 vanish without a branch in the inner loop.
            base = max(kz * kz + ky * ky, 1e-30)
            # k is ``fixed`` along z and y, and grows with x along x.
            fixed, grows = (kz if axis == 0 else ky, 0.0) if axis != 2 else (0.0, steps[2])
            for x in range(nk):
                kx = x * steps[2]
                weight = np.float32((fixed + x * grows) / np.sqrt(base + kx * kx))
                value = ft[z, y, x]
                out[z, y, x] = np.complex64(complex(value.imag * weight, -value.real * weight))


@njit
def _scale_kernel(cube, along_z, along_y, along_x):
    """``cube`` times a factor of each axis, in place; all complex64."""
    for z in range(cube.shape[0]):
        for y in range(cube.shape[1]):
            factor = along_z[z] * along_y[y]
            for x in range(cube.shape[2]):
                cube[z, y, x] *= factor * along_x[x]


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

    Parameters
    ----------
    data
        Map, float32 [z, y, x].
    voxel_size
        Edges of a voxel (x, y, z).
    region
        The part of the box where the amplitude is wanted; all of it when None.
    """

    def __init__(self, data: np.ndarray, voxel_size: Sequence[float] = (1.0, 1.0, 1.0), region: Optional[Region] = None) -> None:
        """Transform the map and its three Riesz transforms once."""
        self.shape: Tuple[int, ...] = tuple(data.shape)
        self.steps = frequency_steps(self.shape, voxel_size)
        self.region: Region = region or tuple(slice(0, n) for n in self.shape)
        self._ft = forward(data)
        del data                                             # a map that was made for this call is not needed any more
        self._parts = np.empty((len(_AXES),) + tuple(s.stop - s.start for s in self.region), np.float32)
        self._fill()

    def forget_below(self, f: float, width: float = WIDTH) -> None:
        """Make the amplitudes beyond a frequency more exact: what they do not hold is left out from now on.

        Parameters
        ----------
        f
            Lowest frequency that will be asked for, cycles a voxel.
        width
            Of the raised cosines, cycles a voxel.
        """
        _clear_below(self._ft, self.steps, f - width)
        self._fill()

    def _fill(self) -> None:
        """The map (axis 3) and its Riesz transforms in the region."""
        iz, iy = (_signed(n) for n in self.shape[:2])
        z, y, x = self.region
        buffer = np.empty_like(self._ft)
        for part, axis in zip(self._parts, _AXES):
            over_slabs(lambda a, b, axis=axis: _part_kernel(self._ft, a, b, iz, iy, self.steps, axis, buffer), len(iz))
            columns = scipy.fft.ifft(buffer, axis=0, overwrite_x=True, workers=get_threads())[z]

            def work(a: int, b: int, columns: np.ndarray = columns, part: np.ndarray = part) -> None:
                rows = scipy.fft.ifft(columns[a:b], axis=1, overwrite_x=True)[:, y]
                part[a:b] = scipy.fft.irfft(rows, n=self.shape[2], axis=2)[:, :, x]

            over_slabs(work, len(part))

    def amplitude(self, f: float, width: float = WIDTH, limits: Optional[np.ndarray] = None,
                  out: Optional[np.ndarray] = None) -> np.ndarray:
        """Amplitude of the map beyond a frequency.

        Parameters
        ----------
        f, width
            The raised cosine is 0 at ``f - width`` and 1 at ``f``, cycles a voxel.
        limits
            Offsets along y and x from the middle that are wanted of each section, int64 [nz, 2] of :func:`.pruned.limits_of`; what lies
            beyond them means nothing.
        out
            Where to write, float32 [z, y, x] of the region; a new array when not given.

        Returns
        -------
        ndarray
            float32 [z, y, x] of the region.
        """
        total = np.empty(self._parts.shape[1:], np.float32) if out is None else out
        reach = reach_of(f, self.shape, self.steps)
        tops = [len(reach[0]) // 2, len(reach[1]) // 2, len(reach[2]) - 1]
        # Where few waves are left, and the region is small, sums of waves cost less than transforms of whole axes.
        if max(tops) <= min(_SUMS / (total.size / np.prod(self.shape)) ** (1 / 3), _SUMS_BOTH):
            axes = [pruned.waves(*a) for a in zip(self.shape, self.region, tops)]
            folded = (pruned.fold_cube(cube) for cube in self._low(f, width, reach, pruned.shift(reach, axes)))
            pruned.amplitude(folded, axes, pruned.full_limits(total.shape) if limits is None else limits, self._parts, total)
            return total
        for i, cube in enumerate(self._low(f, width, reach)):
            self._add(i, cube, reach, total)
        return np.sqrt(total, out=total)

    def _low(self, f: float, width: float, reach: Sequence[np.ndarray],
             shift: Optional[Sequence[np.ndarray]] = None) -> Iterator[np.ndarray]:
        """Coefficients of each component less what lies beyond ``f``, of which each overwrites the one before.

        With ``shift`` (:func:`pruned.shift`) they are times its factors and over the number of voxels.
        """
        iz, iy, _ = reach
        cube = self._ft[np.ix_(*reach)]
        edge = max(f - width, 0.0), f
        if f > 0:
            _spread(lambda a, b: _riesz_kernel(cube, a, b, iz, iy, self.steps, 3, *edge, cube), len(iz), cube.size)
        else:
            cube[:] = 0
        if shift is not None:
            along_z, scale = shift[0], np.float32(1 / np.prod(self.shape))
            _spread(lambda a, b: _scale_kernel(cube[a:b], along_z[a:b] * scale, shift[1], shift[2]), len(iz), cube.size)
        # One buffer for all four: who takes a component is done with it before the next one is made.
        low = cube.copy()
        yield low
        _spread(lambda a, b: _over_frequency(cube[a:b], iz[a:b], iy, self.steps), len(iz), cube.size)
        for axis in _AXES[1:]:
            _spread(lambda a, b, axis=axis: _along_kernel(cube[a:b], iz[a:b], iy, self.steps, axis, low[a:b]), len(iz), cube.size)
            yield low

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
    """Frequency of index 1 of each axis.

    Parameters
    ----------
    shape
        Voxels of the map (nz, ny, nx).
    voxel_size
        Edges of a voxel (x, y, z).

    Returns
    -------
    ndarray
        float64 [3] along z, y, x, in cycles a voxel of the longest edge.
    """
    return np.array([max(voxel_size) / (n * v) for n, v in zip(shape, list(voxel_size)[::-1])])


def reach_of(f: float, shape: Sequence[int], steps: np.ndarray) -> List[np.ndarray]:
    """Fourier indices up to a frequency.

    Parameters
    ----------
    f
        Cycles a voxel.
    shape
        Voxels of the map (nz, ny, nx).
    steps
        Frequency of index 1 of each axis, of :func:`frequency_steps`.

    Returns
    -------
    list of ndarray
        int64 along z and y: 0, 1, ... -1; along x: from 0 on. Never the index n / 2, which has no sign.
    """
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
    # overwrite_x is a wish: scipy may have made a new array.
    if not np.shares_memory(back, wide):
        held[:] = back
    return scipy.fft.irfft(wide[:, rows], n=shape[2], axis=2, overwrite_x=True)


def low_pass_at(data: np.ndarray, steps: np.ndarray, edge: Tuple[float, float], where: np.ndarray,
                limits: Optional[np.ndarray] = None) -> np.ndarray:
    """Low-passed map at some voxels.

    Parameters
    ----------
    data
        Map, float32 [z, y, x]; may be overwritten.
    steps
        Frequency of index 1 of each axis, of :func:`frequency_steps`.
    edge
        The raised cosine is 1 up to the first and 0 from the second number on, cycles a voxel.
    where
        Voxels that are wanted, bool [z, y, x].
    limits
        Those of ``where`` by :func:`.pruned.limits_of`, for who has them already.

    Returns
    -------
    ndarray
        float32 [n], in the order of ``data[where]``.
    """
    reach = reach_of(edge[1], data.shape, steps)
    limits = pruned.limits_of(where) if limits is None else limits
    tops = [len(reach[0]) // 2, len(reach[1]) // 2, len(reach[2]) - 1]
    if max(tops) > _SUMS_BOTH:
        return _low_pass_by_transforms(data, steps, edge, reach, where)
    axes = [pruned.waves(n, slice(0, n), top) for n, top in zip(data.shape, tops)]
    folded = pruned.fold_map(data, axes)
    _low_pass_folded(folded, data.shape, steps, edge)
    pruned.unfold(folded, axes, limits, data)
    return np.concatenate(over_slabs(lambda a, b: data[a:b][where[a:b]], data.shape[0]))


def _low_pass_folded(folded: np.ndarray, shape: Sequence[int], steps: np.ndarray, edge: Tuple[float, float]) -> None:
    """Multiply folded sums by the raised cosine, and by what makes coefficients of them, in place."""
    ty, tz, tx = folded.shape[1] // 2, folded.shape[2], folded.shape[3] // 2
    y, z, x = np.ix_(*(np.arange(t) for t in (ty, tz, tx)))
    u = np.sqrt((z * steps[0]) ** 2 + (y * steps[1]) ** 2 + (x * steps[2]) ** 2)
    weights = raised_cosine(u, *edge) / np.prod(shape)
    # An index and its mirror share one folded sum, but for index 0, which is its own.
    for k in (z, y, x):
        weights *= np.where(k > 0, 2.0, 1.0)
    parts = folded.reshape(2, 2, ty, tz, 2, tx)
    parts *= weights.astype(np.float32)[:, :, None]


def _low_pass_by_transforms(data: np.ndarray, steps: np.ndarray, edge: Tuple[float, float], reach: Sequence[np.ndarray],
                            where: np.ndarray) -> np.ndarray:
    iz, iy, ix = reach
    columns = np.empty((data.shape[0], len(iy), len(ix)), np.complex64)

    def down(a: int, b: int) -> None:
        rows = np.ascontiguousarray(scipy.fft.rfft(data[a:b], axis=2)[:, :, :len(ix)])
        columns[a:b] = scipy.fft.fft(rows, axis=1, overwrite_x=True)[:, iy]

    _spread(down, data.shape[0], data.size)
    columns = scipy.fft.fft(columns, axis=0, overwrite_x=True, workers=get_threads())
    cube, columns = columns[iz], columns[:0].copy()          # the place of what went down is needed for the way back
    _spread(lambda a, b: _riesz_kernel(cube, a, b, iz, iy, steps, 3, edge[0], edge[1], cube), len(iz), cube.size)
    lines = _along_z(cube, iz, data.shape[0])

    def up(a: int, b: int) -> np.ndarray:
        chosen = where[a:b]
        if not chosen.any():
            return np.empty(0, np.float32)
        # Only the rows that hold a wanted voxel are transformed along x.
        places = np.flatnonzero(chosen.any(axis=(0, 2)))
        rows = slice(int(places[0]), int(places[-1]) + 1)
        return _plane(lines[a:b], iy, data.shape, rows)[chosen[:, rows]]

    return np.concatenate(_spread(up, data.shape[0], data.size))
