"""Transforms between a map and the few Fourier coefficients near the origin, as sums of cosines and sines.

Around the centre of a box, a coefficient and its three mirror images along z and y turn into products of cosines (even) and
sines (odd): ``f(c + s d) = sum_k even_k cos(2 pi k d / n) + s odd_k sin(2 pi k d / n)`` with s = 1 or -1, along each axis. All
numbers are real, half of the waves give both halves of the axis, and nothing is transformed that is 0 or is not asked for. While
waves are few, this takes less time than fast transforms of whole axes.

Folded coefficients are float32 [2, 2 (ty + 1), tz + 1, 2 (tx + 1)]: even and odd along z; even, then odd indices along y; indices
along z; even, then odd indices along x; indices run from 0 to the tops tz, ty and tx.
"""
from __future__ import annotations

from typing import Iterable, List, NamedTuple, Sequence

import numpy as np

from .jit import njit
from .threads import over_slabs

_ROWS = 16                            # lines along x that are made at a time


@njit
def _product(a, b, out, m, n):
    """``out[i, :n] = sum_k a[i, k] b[k, :n]`` for i < m; float32, four lines and four terms at a time."""
    # Four lines share each load of b and four terms each store: the loop is bound by memory otherwise.
    for i in range(0, m, 4):
        whole = a.shape[1] - a.shape[1] % 4 if i + 4 <= m else 0
        top = min(i + 4, m)
        for h in range(i, top):
            p = out[h]
            for j in range(n):
                p[j] = 0
        for k in range(0, whole, 4):
            p, q, r, s = out[i], out[i + 1], out[i + 2], out[i + 3]
            p0, p1, p2, p3 = a[i, k], a[i, k + 1], a[i, k + 2], a[i, k + 3]
            q0, q1, q2, q3 = a[i + 1, k], a[i + 1, k + 1], a[i + 1, k + 2], a[i + 1, k + 3]
            r0, r1, r2, r3 = a[i + 2, k], a[i + 2, k + 1], a[i + 2, k + 2], a[i + 2, k + 3]
            s0, s1, s2, s3 = a[i + 3, k], a[i + 3, k + 1], a[i + 3, k + 2], a[i + 3, k + 3]
            for j in range(n):
                b0, b1, b2, b3 = b[k, j], b[k + 1, j], b[k + 2, j], b[k + 3, j]
                p[j] += p0 * b0 + p1 * b1 + p2 * b2 + p3 * b3
                q[j] += q0 * b0 + q1 * b1 + q2 * b2 + q3 * b3
                r[j] += r0 * b0 + r1 * b1 + r2 * b2 + r3 * b3
                s[j] += s0 * b0 + s1 * b1 + s2 * b2 + s3 * b3
        # The last terms of four lines, or all terms of the last lines.
        for k in range(whole, a.shape[1]):
            for h in range(i, top):
                p, factor = out[h], a[h, k]
                for j in range(n):
                    p[j] += factor * b[k, j]


# The kernels go over the cosines (side 0) and sines (side 1) in loops: what is called once is compiled into its caller once.


@njit
def _unfold_z_kernel(folded, r0, r1, waves, out):
    """Rows r0 to r1 of folded coefficients at all sections: ``out`` float32 [nz, rows, 2 (tx + 1)]; the waves are [2, half, tz + 1]."""
    nz, half, n = out.shape[0], waves.shape[1], out.shape[2]
    sums = np.empty((2, half, n), np.float32)
    for r in range(r0, r1):
        for side in range(2):
            _product(waves[side], folded[side, r], sums[side], half, n)
        for i in range(half):
            even, odd = sums[0, i], sums[1, i]
            low, high = out[nz - 1 - nz // 2 - i, r], out[nz // 2 + i, r]
            for j in range(n):                              # the middle of an odd axis is in both: ``high`` is right and comes last
                low[j] = even[j] - odd[j]
                high[j] = even[j] + odd[j]


@njit
def _sections_kernel(columns, z0, z1, waves_y, waves_x, limits, whole, out):
    """Sections z0 to z1 of the sums of waves, from ``columns`` [parts, nz, 2 (ty + 1), 2 (tx + 1)].

    Without ``whole``, ``out`` is the sum of the only part; with it, [parts, nz, ny, nx], ``out = sqrt(sum_c (whole_c - sum_c)^2)``. Of each
    section, ``limits`` [nz, 2] offsets along y and x. Waves are [2, half, ty + 1] and [2, tx + 1, half].
    """
    parts, ty, tx = columns.shape[0], columns.shape[2] // 2, columns.shape[3] // 2
    ny, nx, apart = out.shape[1], out.shape[2], whole.shape[0] > 0
    sums, held = np.empty((2, waves_y.shape[1], 2 * tx), np.float32), np.empty((2, _ROWS, waves_x.shape[2]), np.float32)
    lines, total = np.empty((parts, 2, ny, tx), np.float32), np.empty((_ROWS + 1, nx), np.float32)
    for z in range(z0, z1):
        half, wide = limits[z, 0], limits[z, 1]
        if half == 0:
            continue
        for c in range(parts):
            for side in range(2):
                _product(waves_y[side], columns[c, z, side * ty:(side + 1) * ty], sums[side], half, 2 * tx)
            for k in range(2 * half):                       # real and imaginary part
                even, odd = sums[0, k // 2, k % 2 * tx:], sums[1, k // 2, k % 2 * tx:]
                low, high = lines[c, k % 2, ny - 1 - ny // 2 - k // 2], lines[c, k % 2, ny // 2 + k // 2]
                for j in range(tx):
                    low[j] = even[j] - odd[j]
                    high[j] = even[j] + odd[j]
        end, left, right = ny // 2 + half, nx - nx // 2 - wide, nx // 2 + wide
        for y in range(ny - end, end, _ROWS):
            count = min(_ROWS, end - y)
            for c in range(parts):
                for side in range(2):
                    _product(lines[c, side, y:y + count], waves_x[side], held[side], count, wide)
                for i in range(count):
                    value, even, odd = total[_ROWS] if apart else out[z, y + i], held[0, i], held[1, i]
                    low, high = value[:nx - nx // 2], value[nx // 2:]
                    for j in range(wide):
                        low[-1 - j] = even[j] - odd[j]
                    for j in range(wide):
                        high[j] = even[j] + odd[j]
                    if apart:
                        # Slices count from 0: an index that may be negative is looked at for each voxel.
                        line, squares, low = whole[c, z, y + i, left:right], total[i, left:right], value[left:right]
                        for x in range(right - left):
                            before = np.float32(0) if c == 0 else squares[x]
                            squares[x] = before + (line[x] - low[x]) * (line[x] - low[x])
            if apart:
                for i in range(count):
                    line, squares = out[z, y + i, left:right], total[i, left:right]
                    for x in range(right - left):
                        line[x] = np.sqrt(squares[x])


@njit
def _fold_sections_kernel(data, z0, z1, waves_y, waves_x, out):
    """Transform sections z0 to z1 along y and x: ``out`` float32 [nz, 2 (ty + 1), 2 (tx + 1)]; the waves are [2, t + 1, half] for y and
    [2, half, t + 1] for x."""
    ny, nx, ty, tx = data.shape[1], data.shape[2], waves_y.shape[1], waves_x.shape[2]
    hy, hx = waves_y.shape[2], waves_x.shape[1]
    parts, rows = np.empty((2, hy, nx), np.float32), np.empty((2 * ty, nx), np.float32)
    lines, sums = np.empty((2, 2 * ty, hx), np.float32), np.empty((2, 2 * ty, tx), np.float32)
    for z in range(z0, z1):
        for i in range(hy):
            # the middle of an odd axis is its own mirror and must count once
            scale = np.float32(0.5 if ny % 2 and i == 0 else 1.0)
            up, down, even, odd = data[z, ny // 2 + i], data[z, ny - 1 - ny // 2 - i], parts[0, i], parts[1, i]
            for j in range(nx):
                even[j] = scale * (up[j] + down[j])
                odd[j] = up[j] - down[j]
        for side in range(2):
            _product(waves_y[side], parts[side], rows[side * ty:(side + 1) * ty], ty, nx)
        for k in range(2 * ty):
            for i in range(hx):
                scale = np.float32(0.5 if nx % 2 and i == 0 else 1.0)
                a, b = rows[k, nx // 2 + i], rows[k, nx - 1 - nx // 2 - i]
                lines[0, k, i] = scale * (a + b)
                lines[1, k, i] = a - b
        for side in range(2):
            _product(lines[side], waves_x[side], sums[side], 2 * ty, tx)
            for k in range(2 * ty):
                for j in range(tx):
                    out[z, k, side * tx + j] = sums[side, k, j]


@njit
def _fold_z_kernel(columns, r0, r1, waves, out):
    """Transform rows r0 to r1 of ``columns`` [nz, rows, n] along z: ``out`` [2, rows, tz + 1, n]; the waves are [2, tz + 1, half]."""
    nz, n, half = columns.shape[0], columns.shape[2], waves.shape[2]
    parts = np.empty((2, half, n), np.float32)
    for r in range(r0, r1):
        for i in range(half):
            scale = np.float32(0.5 if nz % 2 and i == 0 else 1.0)
            up, down, even, odd = columns[nz // 2 + i, r], columns[nz - 1 - nz // 2 - i, r], parts[0, i], parts[1, i]
            for j in range(n):
                even[j] = scale * (up[j] + down[j])
                odd[j] = up[j] - down[j]
        for side in range(2):
            _product(waves[side], parts[side], out[side, r], waves.shape[1], n)


@njit
def _fold_cube_kernel(cube, r0, r1, out):
    """Folded coefficients, for the indices r0 to r1 along y, of a cube of complex ones."""
    nz, ny, tz, ty, tx = cube.shape[0], cube.shape[1], out.shape[2], out.shape[1] // 2, out.shape[3] // 2
    for y in range(r0, r1):
        for z in range(tz):
            # Index 0 along z or y is its own mirror: the places of the other one count as 0.
            fz, fy = np.float32(1 if z else 0), np.float32(1 if y else 0)
            one, two, three, four = cube[z, y], cube[(nz - z) % nz, y], cube[z, (ny - y) % ny], cube[(nz - z) % nz, (ny - y) % ny]
            ee, eo, oe, oo = out[0, y, z], out[0, ty + y, z], out[1, y, z], out[1, ty + y, z]          # even, odd along z and y
            for x in range(tx):
                pr, pi, qr, qi = one[x].real, one[x].imag, fz * two[x].real, fz * two[x].imag
                rr, ri, sr, si = fy * three[x].real, fy * three[x].imag, fy * fz * four[x].real, fy * fz * four[x].imag
                ee[x], ee[tx + x] = pr + qr + rr + sr, -(pi + qi + ri + si)
                eo[x], eo[tx + x] = fy * (ri + si - pi - qi), fy * (rr + sr - pr - qr)
                oe[x], oe[tx + x] = fz * (qi + si - pi - ri), fz * (qr + sr - pr - rr)
                oo[x], oo[tx + x] = fy * fz * (qr + rr - pr - sr), fy * fz * (pi + si - qi - ri)


class Waves(NamedTuple):
    """Waves at the offsets of a stretch of an axis from its middle.

    ``cos`` and ``sin`` are float32 [half, top + 1]; ``phase`` is that of each index at the middle, complex128 [top + 1].
    """

    cos: np.ndarray
    sin: np.ndarray
    phase: np.ndarray


def waves(n: int, stretch: slice, top: int) -> Waves:
    """Waves along an axis, in some of its voxels.

    Parameters
    ----------
    n
        Voxels of the axis.
    stretch
        The voxels that are wanted.
    top
        Highest Fourier index.

    Returns
    -------
    Waves
        Of the indices 0 to ``top``, at the offsets from the middle of the stretch.
    """
    start, stop = stretch.start, stretch.stop
    # The middle of an even stretch lies between two voxels.
    offsets = np.arange((stop - start + 1) // 2) + (0.0 if (stop - start) % 2 else 0.5)
    k = np.arange(top + 1)
    angle = 2 * np.pi * offsets[:, None] * k[None, :] / n
    return Waves(np.cos(angle).astype(np.float32), np.sin(angle).astype(np.float32), np.exp(1j * np.pi * k * (start + stop - 1) / n))


def limits_of(where: np.ndarray) -> np.ndarray:
    """Offsets from the middle of y and x that hold the wanted voxels of each section.

    Parameters
    ----------
    where
        bool [nz, ny, nx].

    Returns
    -------
    ndarray
        int64 [nz, 2] along y and x; 0 where a section holds none.
    """
    out = np.zeros((where.shape[0], 2), np.int64)
    for z, section in enumerate(where):
        for axis in range(2):
            places = np.flatnonzero(section.any(axis=1 - axis))
            if places.size:
                n = where.shape[1 + axis]
                out[z, axis] = max(places[-1], n - 1 - places[0]) - n // 2 + 1
    return out


def shift(reach: Sequence[np.ndarray], axes: Sequence[Waves]) -> List[np.ndarray]:
    """Factors that move coefficients to the middle of a stretch, and count those along x for their mirrors.

    Parameters
    ----------
    reach
        Indices of each axis, along z and y in the order 0, 1, ... -1.
    axes
        Waves along z, y, x.

    Returns
    -------
    list of ndarray
        complex64 along z, y, x.
    """
    z, y, x = (np.where(k < 0, np.conj(a.phase[np.abs(k)]), a.phase[np.abs(k)]) for k, a in zip(reach, axes))
    return [z.astype(np.complex64), y.astype(np.complex64), (x * np.where(reach[2] > 0, 2.0, 1.0)).astype(np.complex64)]


def fold_cube(cube: np.ndarray) -> np.ndarray:
    """Folded coefficients of a cube of complex ones.

    Parameters
    ----------
    cube
        complex64 [2 tz + 1, 2 ty + 1, tx + 1] in the order 0, 1, ... -1, times the factors of :func:`shift`.

    Returns
    -------
    ndarray
        float32 [2, 2 (ty + 1), tz + 1, 2 (tx + 1)].
    """
    tz, ty, tx = cube.shape[0] // 2 + 1, cube.shape[1] // 2 + 1, cube.shape[2]
    out = np.empty((2, 2 * ty, tz, 2 * tx), np.float32)
    over_slabs(lambda a, b: _fold_cube_kernel(cube, a, b, out), ty)
    return out


def fold_map(data: np.ndarray, axes: Sequence[Waves]) -> np.ndarray:
    """Folded sums over a map, around its middle.

    Parameters
    ----------
    data
        Map, float32 [nz, ny, nx].
    axes
        Waves of the whole box along z, y, x.

    Returns
    -------
    ndarray
        float32 [2, 2 (ty + 1), tz + 1, 2 (tx + 1)].
    """
    z, y, x = axes
    columns = np.empty((data.shape[0], 2 * y.phase.size, 2 * x.phase.size), np.float32)
    waves_y, waves_x, waves_z = _both(y, True), _both(x, False), _both(z, True)
    over_slabs(lambda a, b: _fold_sections_kernel(data, a, b, waves_y, waves_x, columns), data.shape[0])
    out = np.empty((2, columns.shape[1], z.phase.size, columns.shape[2]), np.float32)
    over_slabs(lambda a, b: _fold_z_kernel(columns, a, b, waves_z, out), columns.shape[1])
    return out


def _both(axis: Waves, turned: bool) -> np.ndarray:
    """Cosines and sines in one array, float32 [2, half, top + 1], or [2, top + 1, half] when turned."""
    return np.ascontiguousarray(np.stack([axis.cos.T, axis.sin.T] if turned else [axis.cos, axis.sin]))


def _columns(folded: np.ndarray, z: Waves, out: np.ndarray) -> None:
    """Transform along z, float32 [nz, 2 (ty + 1), 2 (tx + 1)]."""
    waves_z = _both(z, False)
    over_slabs(lambda a, b: _unfold_z_kernel(folded, a, b, waves_z, out), folded.shape[1])


def unfold(folded: np.ndarray, axes: Sequence[Waves], limits: np.ndarray, out: np.ndarray) -> None:
    """Sum of the waves with folded coefficients, written into a map.

    Parameters
    ----------
    folded
        Coefficients, float32 [2, 2 (ty + 1), tz + 1, 2 (tx + 1)].
    axes
        Waves along z, y, x.
    limits
        int64 [nz, 2] of :func:`limits_of`.
    out
        float32 [nz, ny, nx]; what lies beyond the limits is left as it is.
    """
    columns = np.empty((1, out.shape[0], folded.shape[1], folded.shape[3]), np.float32)
    _columns(folded, axes[0], columns[0])
    waves_y, waves_x, nothing = _both(axes[1], False), _both(axes[2], True), np.empty((0, 1, 1, 1), np.float32)
    over_slabs(lambda a, b: _sections_kernel(columns, a, b, waves_y, waves_x, limits, nothing, out), out.shape[0])


def amplitude(folded: Iterable[np.ndarray], axes: Sequence[Waves], limits: np.ndarray, whole: np.ndarray, out: np.ndarray) -> None:
    """Root of the sum of squares of maps less their low-passed parts.

    Parameters
    ----------
    folded
        Coefficients of the low-passed part of each map, float32 [2, 2 (ty + 1), tz + 1, 2 (tx + 1)]; taken one after the other.
    axes
        Waves along z, y, x.
    limits
        int64 [nz, 2] of :func:`limits_of`.
    whole
        The maps, float32 [n, nz, ny, nx].
    out
        float32 [nz, ny, nx]; what lies beyond the limits is left as it is.
    """
    rows, n = 2 * axes[1].phase.size, 2 * axes[2].phase.size
    columns = np.empty((len(whole), out.shape[0], rows, n), np.float32)
    parts = iter(folded)
    for one in columns:
        _columns(next(parts), axes[0], one)                  # named nowhere, so that it is gone before the next one is made
    waves_y, waves_x = _both(axes[1], False), _both(axes[2], True)
    over_slabs(lambda a, b: _sections_kernel(columns, a, b, waves_y, waves_x, limits, whole, out), out.shape[0])


def full_limits(shape: Sequence[int]) -> np.ndarray:
    """Limits that hold the whole of a box.

    Parameters
    ----------
    shape
        Voxels (nz, ny, nx).

    Returns
    -------
    ndarray
        int64 [nz, 2].
    """
    return np.tile(np.array([(n + 1) // 2 for n in shape[1:]], np.int64), (shape[0], 1))
