"""Transforms between a map and the few Fourier coefficients near the origin, as sums of cosines and sines.

Around the centre of a box, a coefficient and its three mirror images along z and y turn into products of cosines (even) and
sines (odd): ``f(c + s d) = sum_k even_k cos(2 pi k d / n) + s odd_k sin(2 pi k d / n)`` with s = 1 or -1, along each axis. All
numbers are real, half of the waves give both halves of the axis, and nothing is transformed that is 0 or is not asked for. While
waves are few, this takes less time than fast transforms of whole axes.

Folded coefficients are float32 [2, 2 (ty + 1), tz + 1, 2 (tx + 1)]: even and odd along z; even, then odd indices along y; indices
along z; even, then odd indices along x; indices run from 0 to the tops tz, ty and tx.
"""
from __future__ import annotations

from typing import Any, Iterable, List, NamedTuple, Sequence, Tuple

import numpy as np

from .jit import njit
from .threads import over_slabs

_ROWS = 16                            # lines along x that are made at a time


@njit
def _product(a, b, out, place, m, n):
    """``out[i, place, :n] = sum_k a[i, k] b[k, :n]`` for i < m; float32, four lines and four terms at a time."""
    # Four lines share each load of b and four terms each store: the loop is bound by memory otherwise.
    last, whole = m - m % 4, a.shape[1] - a.shape[1] % 4
    for i in range(0, last, 4):
        p, q, r, s = out[i, place], out[i + 1, place], out[i + 2, place], out[i + 3, place]
        for j in range(n):
            p[j] = q[j] = r[j] = s[j] = np.float32(0)
        for k in range(0, whole, 4):
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
        for k in range(whole, a.shape[1]):
            for j in range(n):
                p[j] += a[i, k] * b[k, j]
                q[j] += a[i + 1, k] * b[k, j]
                r[j] += a[i + 2, k] * b[k, j]
                s[j] += a[i + 3, k] * b[k, j]
    for i in range(last, m):
        p = out[i, place]
        p[:n] = 0
        for k in range(a.shape[1]):
            for j in range(n):
                p[j] += a[i, k] * b[k, j]


@njit
def _unfold_z_kernel(folded, r0, r1, cos, sin, out):
    """Rows r0 to r1 of folded coefficients at all sections: ``out`` float32 [nz, rows, 2 (tx + 1)]."""
    nz, half, n = out.shape[0], cos.shape[0], out.shape[2]
    even, odd = np.empty((half, 1, n), np.float32), np.empty((half, 1, n), np.float32)
    for r in range(r0, r1):
        _product(cos, folded[0, r], even, 0, half, n)
        _product(sin, folded[1, r], odd, 0, half, n)
        for i in range(half):
            up, down = out[nz // 2 + i, r], out[nz - 1 - nz // 2 - i, r]
            p, q = even[i, 0], odd[i, 0]
            for j in range(n):                              # the middle of an odd axis is in both: ``up`` is right and comes last
                down[j] = p[j] - q[j]
            for j in range(n):
                up[j] = p[j] + q[j]


@njit
def _lines(rows, cos, sin, half, even, odd, re, im):
    """One section before its transform along x: ``re`` and ``im`` float32 [ny, tx + 1], of ``half`` offsets along y."""
    ny, ty, tx = re.shape[0], rows.shape[0] // 2, re.shape[1]
    _product(cos, rows[:ty], even, 0, half, 2 * tx)
    _product(sin, rows[ty:], odd, 0, half, 2 * tx)
    for i in range(half):
        up, down = ny // 2 + i, ny - 1 - ny // 2 - i
        p, q = even[i, 0], odd[i, 0]
        for j in range(tx):
            re[down, j], im[down, j] = p[j] - q[j], p[tx + j] - q[tx + j]
        for j in range(tx):
            re[up, j], im[up, j] = p[j] + q[j], p[tx + j] + q[tx + j]


@njit
def _both_sides(even, odd, n, out):
    """A line from its even and odd part, ``n`` voxels to either side of its middle."""
    up, down = out[out.size // 2:], out[:out.size - out.size // 2]
    for i in range(n):
        down[-1 - i] = even[i] - odd[i]
    for i in range(n):
        up[i] = even[i] + odd[i]


@njit
def _sections_kernel(columns, z0, z1, cos_y, sin_y, cos_x, sin_x, limits, out):
    """Sections z0 to z1 from ``columns`` [nz, 2 (ty + 1), 2 (tx + 1)]; of each, ``limits`` [nz, 2] offsets along y and x."""
    ny, n = out.shape[1], columns.shape[2]
    even, odd = np.empty((cos_y.shape[0], 1, n), np.float32), np.empty((cos_y.shape[0], 1, n), np.float32)
    p, q = np.empty((_ROWS, 1, cos_x.shape[1]), np.float32), np.empty((_ROWS, 1, cos_x.shape[1]), np.float32)
    re, im = np.empty((ny, n // 2), np.float32), np.empty((ny, n // 2), np.float32)
    for z in range(z0, z1):
        half, wide = limits[z, 0], limits[z, 1]
        if half == 0:
            continue
        _lines(columns[z], cos_y, sin_y, half, even, odd, re, im)
        end = ny // 2 + half
        for y in range(ny - end, end, _ROWS):
            count = min(_ROWS, end - y)
            _product(re[y:y + count], cos_x, p, 0, count, wide)
            _product(im[y:y + count], sin_x, q, 0, count, wide)
            for i in range(count):
                _both_sides(p[i, 0], q[i, 0], wide, out[z, y + i])


@njit
def _amplitude_kernel(columns, z0, z1, cos_y, sin_y, cos_x, sin_x, limits, whole, out):
    """``out = sqrt(sum_c (whole_c - value_c)^2)``, values as in ``_sections_kernel``; ``columns`` and ``whole`` [parts, ...]."""
    parts, ny, nx, n = columns.shape[0], out.shape[1], out.shape[2], columns.shape[3]
    even, odd = np.empty((cos_y.shape[0], 1, n), np.float32), np.empty((cos_y.shape[0], 1, n), np.float32)
    p, q = np.empty((_ROWS, 1, cos_x.shape[1]), np.float32), np.empty((_ROWS, 1, cos_x.shape[1]), np.float32)
    lines = np.empty((parts, 2, ny, n // 2), np.float32)
    value, total = np.empty(nx, np.float32), np.empty((_ROWS, nx), np.float32)
    for z in range(z0, z1):
        half, wide = limits[z, 0], limits[z, 1]
        if half == 0:
            continue
        for c in range(parts):
            _lines(columns[c, z], cos_y, sin_y, half, even, odd, lines[c, 0], lines[c, 1])
        end, right = ny // 2 + half, nx // 2 + wide
        left = nx - right
        for y in range(ny - end, end, _ROWS):
            count = min(_ROWS, end - y)
            total[:] = 0
            for c in range(parts):
                _product(lines[c, 0, y:y + count], cos_x, p, 0, count, wide)
                _product(lines[c, 1, y:y + count], sin_x, q, 0, count, wide)
                for i in range(count):
                    _both_sides(p[i, 0], q[i, 0], wide, value)
                    line, sums, low = whole[c, z, y + i, left:right], total[i, left:right], value[left:right]
                    for x in range(right - left):
                        sums[x] += (line[x] - low[x]) * (line[x] - low[x])
            for i in range(count):
                line, sums = out[z, y + i, left:right], total[i, left:right]
                for x in range(right - left):
                    line[x] = np.sqrt(sums[x])


@njit
def _fold_sections_kernel(data, z0, z1, cos_y, sin_y, cos_x, sin_x, out):
    """Transform sections z0 to z1 along y and x: ``out`` float32 [nz, 2 (ty + 1), 2 (tx + 1)]; the waves are [t + 1, half]."""
    ny, nx, ty, tx = data.shape[1], data.shape[2], cos_y.shape[0], cos_x.shape[1]
    hy, hx = cos_y.shape[1], cos_x.shape[0]
    even, odd = np.empty((hy, nx), np.float32), np.empty((hy, nx), np.float32)
    rows = np.empty((2 * ty, 1, nx), np.float32)
    p, q = np.empty((2 * ty, hx), np.float32), np.empty((2 * ty, hx), np.float32)
    left, right = np.empty((2 * ty, 1, tx), np.float32), np.empty((2 * ty, 1, tx), np.float32)
    for z in range(z0, z1):
        for i in range(hy):
            # the middle of an odd axis is its own mirror and must count once
            up, down = data[z, ny // 2 + i], data[z, ny - 1 - ny // 2 - i]
            scale = np.float32(0.5 if ny % 2 and i == 0 else 1.0)
            for j in range(nx):
                even[i, j], odd[i, j] = scale * (up[j] + down[j]), up[j] - down[j]
        _product(cos_y, even, rows[:ty], 0, ty, nx)
        _product(sin_y, odd, rows[ty:], 0, ty, nx)
        for k in range(2 * ty):
            for i in range(hx):
                scale = np.float32(0.5 if nx % 2 and i == 0 else 1.0)
                a, b = rows[k, 0, nx // 2 + i], rows[k, 0, nx - 1 - nx // 2 - i]
                p[k, i], q[k, i] = scale * (a + b), a - b
        _product(p, cos_x, left, 0, 2 * ty, tx)
        _product(q, sin_x, right, 0, 2 * ty, tx)
        out[z, :, :tx], out[z, :, tx:] = left[:, 0], right[:, 0]


@njit
def _fold_z_kernel(columns, r0, r1, cos, sin, out):
    """Transform rows r0 to r1 of ``columns`` [nz, rows, n] along z: ``out`` [2, rows, tz + 1, n]; the waves are [tz + 1, half]."""
    nz, n, half = columns.shape[0], columns.shape[2], cos.shape[1]
    even, odd = np.empty((half, n), np.float32), np.empty((half, n), np.float32)
    held = np.empty((cos.shape[0], 1, n), np.float32)
    for r in range(r0, r1):
        for i in range(half):
            up, down = columns[nz // 2 + i, r], columns[nz - 1 - nz // 2 - i, r]
            scale = np.float32(0.5 if nz % 2 and i == 0 else 1.0)
            for j in range(n):
                even[i, j], odd[i, j] = scale * (up[j] + down[j]), up[j] - down[j]
        _product(cos, even, held, 0, cos.shape[0], n)
        out[0, r] = held[:, 0]
        _product(sin, odd, held, 0, cos.shape[0], n)
        out[1, r] = held[:, 0]


@njit
def _fold_cube_kernel(cube, r0, r1, out):
    """Folded coefficients, for the indices r0 to r1 along y, of a cube of complex ones."""
    tz, ty, tx = out.shape[2], out.shape[1] // 2, out.shape[3] // 2
    # Index 0 along z or y is its own mirror: the places of the other one count as 0.
    nothing = np.zeros(tx, cube.dtype)
    for y in range(r0, r1):
        for z in range(tz):
            one, two = cube[z, y], cube[cube.shape[0] - z, y] if z else nothing
            three, four = cube[z, cube.shape[1] - y] if y else nothing, cube[cube.shape[0] - z, cube.shape[1] - y] if y and z else nothing
            ee, eo, oe, oo = out[0, y, z], out[0, ty + y, z], out[1, y, z], out[1, ty + y, z]          # even, odd along z and y
            for x in range(tx):
                p, q, r, s = one[x], two[x], three[x], four[x]
                ee[x], ee[tx + x] = p.real + q.real + r.real + s.real, -(p.imag + q.imag + r.imag + s.imag)
                eo[x], eo[tx + x] = r.imag + s.imag - p.imag - q.imag, r.real + s.real - p.real - q.real
                oe[x], oe[tx + x] = q.imag + s.imag - p.imag - r.imag, q.real + s.real - p.real - r.real
                oo[x], oo[tx + x] = q.real + r.real - p.real - s.real, p.imag + s.imag - q.imag - r.imag
            if y == 0:
                eo[:], oo[:] = 0, 0
            if z == 0:
                oe[:], oo[:] = 0, 0


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
    cos, sin = np.ascontiguousarray(y.cos.T), np.ascontiguousarray(y.sin.T)
    over_slabs(lambda a, b: _fold_sections_kernel(data, a, b, cos, sin, x.cos, x.sin, columns), data.shape[0])
    out = np.empty((2, columns.shape[1], z.phase.size, columns.shape[2]), np.float32)
    up, down = np.ascontiguousarray(z.cos.T), np.ascontiguousarray(z.sin.T)
    over_slabs(lambda a, b: _fold_z_kernel(columns, a, b, up, down, out), columns.shape[1])
    return out


def _columns(folded: np.ndarray, z: Waves, out: np.ndarray) -> None:
    """Transform along z, float32 [nz, 2 (ty + 1), 2 (tx + 1)]."""
    over_slabs(lambda a, b: _unfold_z_kernel(folded, a, b, z.cos, z.sin, out), folded.shape[1])


def _planes(axes: Sequence[Waves]) -> Tuple[Any, ...]:
    """What the kernels need for the axes y and x."""
    x = axes[2]
    return axes[1].cos, axes[1].sin, np.ascontiguousarray(x.cos.T), np.ascontiguousarray(x.sin.T)


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
    columns = np.empty((out.shape[0], folded.shape[1], folded.shape[3]), np.float32)
    _columns(folded, axes[0], columns)
    planes = _planes(axes)
    over_slabs(lambda a, b: _sections_kernel(columns, a, b, *planes, limits, out), out.shape[0])


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
    planes = _planes(axes)
    over_slabs(lambda a, b: _amplitude_kernel(columns, a, b, *planes, limits, whole, out), out.shape[0])


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
