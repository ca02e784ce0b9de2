"""Transforms between a map and the few Fourier coefficients near the origin, as sums of cosines and sines.

Around the centre of a box, a coefficient and its three mirror images along z and y turn into products of cosines (even) and
sines (odd): ``f(c + s d) = sum_k even_k cos(2 pi k d / n) + s odd_k sin(2 pi k d / n)`` with s = 1 or -1, along each axis. All
numbers are real, half of the waves give both halves of the axis, and nothing is transformed that is 0 or is not asked for. Up to
``LIMIT`` waves an axis this takes less time than a fast transform of the whole axis.

Folded coefficients are float32 [2, 2 (ty + 1), tz + 1, 2 (tx + 1)]: even and odd along z; even, then odd indices along y; indices
along z; even, then odd indices along x; indices run from 0 to the tops tz, ty and tx.
"""
from __future__ import annotations

from typing import Any, NamedTuple, Sequence, Tuple

import numpy as np

from .jit import njit
from .threads import over_slabs

LIMIT = 64                            # highest index along an axis
_ROWS = 16                            # lines along x that are made at a time


@njit
def _product(a, b, out, place, m, n, k0, k1):
    """``out[i, place, :n] = sum_k a[i, k] b[k, :n]`` for i < m, k0 <= k < k1; float32, four lines and four terms at a time."""
    last, whole = m - m % 4, k1 - (k1 - k0) % 4
    for i in range(0, last, 4):
        p, q, r, s = out[i, place], out[i + 1, place], out[i + 2, place], out[i + 3, place]
        for j in range(n):
            p[j] = q[j] = r[j] = s[j] = np.float32(0)
        for k in range(k0, whole, 4):
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
        for k in range(whole, k1):
            for j in range(n):
                p[j] += a[i, k] * b[k, j]
                q[j] += a[i + 1, k] * b[k, j]
                r[j] += a[i + 2, k] * b[k, j]
                s[j] += a[i + 3, k] * b[k, j]
    for i in range(last, m):
        p = out[i, place]
        p[:n] = 0
        for k in range(k0, k1):
            for j in range(n):
                p[j] += a[i, k] * b[k, j]


@njit
def _series(wave, b, split, sign, m, p, q):
    """``p[i, 0] = sum_k wave[i, k] b[k]`` for offsets i < m; with ``split`` the far quarters come from the near ones."""
    half, n = wave.shape[0], b.shape[1]
    if split == 0:
        _product(wave, b, p, 0, m, n, 0, wave.shape[1])
        return
    near = min(m, (half + 1) // 2)
    _product(wave, b, p, 0, near, n, 0, split)
    _product(wave, b, q, 0, near, n, split, wave.shape[1])
    for i in range(near):
        e, o, far = p[i, 0], q[i, 0], p[half - 1 - i, 0]
        if half - 1 - i != i:
            for j in range(n):
                far[j] = sign * (e[j] - o[j])
        for j in range(n):
            e[j] += o[j]


@njit
def _series_x(a, wave, split, sign, count, wide, p, q):
    """``p[i, 0, :wide] = sum_k a[i, k] wave[k, :wide]`` for ``count`` lines, as in ``_series``."""
    half = wave.shape[1]
    if split == 0:
        _product(a, wave, p, 0, count, wide, 0, wave.shape[0])
        return
    near = min(wide, (half + 1) // 2)
    _product(a, wave, p, 0, count, near, 0, split)
    _product(a, wave, q, 0, count, near, split, wave.shape[0])
    for i in range(count):
        e, o, far = p[i, 0], q[i, 0], p[i, 0][::-1]
        for j in range(min(near, half // 2)):
            far[j] = sign * (e[j] - o[j])
        for j in range(near):
            e[j] += o[j]


@njit
def _unfold_z_kernel(folded, r0, r1, cos, sin, split, out):
    """Rows r0 to r1 of folded coefficients at all sections: ``out`` float32 [nz, rows, 2 (tx + 1)]."""
    nz, half, n = out.shape[0], cos.shape[0], out.shape[2]
    even, odd, spare = np.empty((half, 1, n), np.float32), np.empty((half, 1, n), np.float32), np.empty((half, 1, n), np.float32)
    for r in range(r0, r1):
        _series(cos, folded[0, r], split, np.float32(1), half, even, spare)
        _series(sin, folded[1, r], split, np.float32(-1), half, odd, spare)
        for i in range(half):
            up, down = out[nz // 2 + i, r], out[nz - 1 - nz // 2 - i, r]
            p, q = even[i, 0], odd[i, 0]
            for j in range(n):
                down[j] = p[j] - q[j]
            for j in range(n):
                up[j] = p[j] + q[j]


@njit
def _lines(rows, cos, sin, split, half, even, odd, spare, re, im):
    """One section before its transform along x: ``re`` and ``im`` float32 [ny, tx + 1], of ``half`` offsets along y."""
    ny, ty, tx = re.shape[0], rows.shape[0] // 2, re.shape[1]
    _series(cos, rows[:ty], split, np.float32(1), half, even, spare)
    _series(sin, rows[ty:], split, np.float32(-1), half, odd, spare)
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
    up, down = out[out.size // 2:], out[:out.size - out.size // 2][::-1]
    for i in range(n):
        down[i] = even[i] - odd[i]
    for i in range(n):
        up[i] = even[i] + odd[i]


@njit
def _sections_kernel(columns, z0, z1, cos_y, sin_y, cos_x, sin_x, splits, limits, out):
    """Sections z0 to z1 from ``columns`` [nz, 2 (ty + 1), 2 (tx + 1)]; of each, ``limits`` [nz, 2] offsets along y and x."""
    ny, n = out.shape[1], columns.shape[2]
    even, odd, spare = np.empty((3, cos_y.shape[0], 1, n), np.float32)
    re, im = np.empty((2, ny, n // 2), np.float32)
    p, q, held = np.empty((3, _ROWS, 1, cos_x.shape[1]), np.float32)
    for z in range(z0, z1):
        half, wide = limits[z, 0], limits[z, 1]
        if half == 0:
            continue
        _lines(columns[z], cos_y, sin_y, splits[1], half, even, odd, spare, re, im)
        end = ny // 2 + half
        for y in range(ny - end, end, _ROWS):
            count = min(_ROWS, end - y)
            _series_x(re[y:y + count], cos_x, splits[2], np.float32(1), count, wide, p, held)
            _series_x(im[y:y + count], sin_x, splits[2], np.float32(-1), count, wide, q, held)
            for i in range(count):
                _both_sides(p[i, 0], q[i, 0], wide, out[z, y + i])


@njit
def _amplitude_kernel(columns, z0, z1, cos_y, sin_y, cos_x, sin_x, splits, limits, whole, out):
    """``out = sqrt(sum_c (whole_c - value_c)^2)``, values as in ``_sections_kernel``; ``columns`` and ``whole`` [parts, ...]."""
    parts, ny, nx, n = columns.shape[0], out.shape[1], out.shape[2], columns.shape[3]
    even, odd, spare = np.empty((3, cos_y.shape[0], 1, n), np.float32)
    lines = np.empty((parts, 2, ny, n // 2), np.float32)
    p, q, held = np.empty((3, _ROWS, 1, cos_x.shape[1]), np.float32)
    value, total = np.empty(nx, np.float32), np.empty((_ROWS, nx), np.float32)
    for z in range(z0, z1):
        half, wide = limits[z, 0], limits[z, 1]
        if half == 0:
            continue
        for c in range(parts):
            _lines(columns[c, z], cos_y, sin_y, splits[1], half, even, odd, spare, lines[c, 0], lines[c, 1])
        end, right = ny // 2 + half, nx // 2 + wide
        for y in range(ny - end, end, _ROWS):
            count = min(_ROWS, end - y)
            total[:] = 0
            for c in range(parts):
                _series_x(lines[c, 0, y:y + count], cos_x, splits[2], np.float32(1), count, wide, p, held)
                _series_x(lines[c, 1, y:y + count], sin_x, splits[2], np.float32(-1), count, wide, q, held)
                for i in range(count):
                    _both_sides(p[i, 0], q[i, 0], wide, value)
                    line, sums = whole[c, z, y + i], total[i]
                    for x in range(nx - right, right):
                        sums[x] += (line[x] - value[x]) * (line[x] - value[x])
            for i in range(count):
                for x in range(nx - right, right):
                    out[z, y + i, x] = np.sqrt(total[i, x])


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
            up, down = data[z, ny // 2 + i], data[z, ny - 1 - ny // 2 - i]
            scale = np.float32(0.5 if ny % 2 and i == 0 else 1.0)
            for j in range(nx):
                even[i, j], odd[i, j] = scale * (up[j] + down[j]), up[j] - down[j]
        _product(cos_y, even, rows[:ty], 0, ty, nx, 0, hy)
        _product(sin_y, odd, rows[ty:], 0, ty, nx, 0, hy)
        for k in range(2 * ty):
            for i in range(hx):
                scale = np.float32(0.5 if nx % 2 and i == 0 else 1.0)
                a, b = rows[k, 0, nx // 2 + i], rows[k, 0, nx - 1 - nx // 2 - i]
                p[k, i], q[k, i] = scale * (a + b), a - b
        _product(p, cos_x, left, 0, 2 * ty, tx, 0, hx)
        _product(q, sin_x, right, 0, 2 * ty, tx, 0, hx)
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
        _product(cos, even, held, 0, cos.shape[0], n, 0, half)
        out[0, r] = held[:, 0]
        _product(sin, odd, held, 0, cos.shape[0], n, 0, half)
        out[1, r] = held[:, 0]


@njit
def _fold_cube_kernel(cube, r0, r1, phases, orders, out):
    """Folded coefficients, at the places r0 to r1 along y, of a cube of complex ones times a phase along each axis."""
    tz, ty, tx = out.shape[2], out.shape[1] // 2, out.shape[3] // 2
    for row in range(r0, r1):
        y = orders[1][row]
        for section in range(tz):
            z = orders[0][section]
            for column in range(tx):
                x = orders[2][column]
                shift = phases[1][y] * phases[2][x]
                one = cube[z, y, x] * shift * phases[0][z]
                two = cube[-z, y, x] * shift * np.conj(phases[0][z]) if z else 0j
                shift = np.conj(phases[1][y]) * phases[2][x]
                three = cube[z, -y, x] * shift * phases[0][z] if y else 0j
                four = cube[-z, -y, x] * shift * np.conj(phases[0][z]) if y and z else 0j
                for part in range(2):                         # even, odd along z
                    a = one + two if part == 0 else 1j * (one - two)
                    b = three + four if part == 0 else 1j * (three - four)
                    if part and z == 0:
                        a = b = 0j
                    even, odd = a + b, 1j * (a - b) if y else 0j
                    out[part, row, section, column], out[part, row, section, tx + column] = even.real, -even.imag
                    out[part, ty + row, section, column], out[part, ty + row, section, tx + column] = odd.real, -odd.imag


class Waves(NamedTuple):
    """Waves at the offsets of a stretch of an axis from its middle.

    ``cos`` and ``sin`` are float32 [half, top + 1]; ``phase`` is that of each index at the middle, complex128 [top + 1];
    ``order`` int64 [top + 1] the index of each column. The first ``split`` are even, where the stretch is an even axis as a
    whole: there the sums over even and odd indices give its quarters. Otherwise ``split`` is 0.
    """

    cos: np.ndarray
    sin: np.ndarray
    phase: np.ndarray
    order: np.ndarray
    split: int


def waves(n: int, stretch: slice, top: int) -> Waves:
    """Waves of indices 0 to ``top`` of an axis of ``n``, in the voxels of ``stretch``."""
    start, stop = stretch.start, stretch.stop
    offsets = np.arange((stop - start + 1) // 2) + (0.0 if (stop - start) % 2 else 0.5)
    k = np.arange(top + 1)
    whole = n % 2 == 0 and stop - start == n and top > 0
    order = np.concatenate([k[::2], k[1::2]]) if whole else k
    angle = 2 * np.pi * offsets[:, None] * order[None, :] / n
    phase = np.exp(1j * np.pi * k * (start + stop - 1) / n)
    return Waves(np.cos(angle).astype(np.float32), np.sin(angle).astype(np.float32), phase, order, top // 2 + 1 if whole else 0)


def limits_of(where: np.ndarray) -> np.ndarray:
    """Offsets from the middle of y and x that hold the voxels of each section, int64 [nz, 2]; ``where`` is bool [nz, ny, nx]."""
    out = np.zeros((where.shape[0], 2), np.int64)
    for z, section in enumerate(where):
        for axis in range(2):
            places = np.flatnonzero(section.any(axis=1 - axis))
            if places.size:
                n = where.shape[1 + axis]
                out[z, axis] = max(places[-1], n - 1 - places[0]) - n // 2 + 1
    return out


def fold_cube(cube: np.ndarray, axes: Sequence[Waves]) -> np.ndarray:
    """Folded coefficients of a cube, complex64 [2 tz + 1, 2 ty + 1, tx + 1] in the order 0, 1, ... -1, around the middle of ``axes``."""
    tops = [a.order.size for a in axes]
    out = np.empty((2, 2 * tops[1], tops[0], 2 * tops[2]), np.float32)
    phases, orders = tuple(a.phase for a in axes), tuple(a.order for a in axes)
    over_slabs(lambda a, b: _fold_cube_kernel(cube, a, b, phases, orders, out), tops[1])
    return out


def fold_map(data: np.ndarray, axes: Sequence[Waves]) -> np.ndarray:
    """Folded sums over a map, float32 [nz, ny, nx], around its middle; ``axes`` are waves of the whole box."""
    z, y, x = axes
    columns = np.empty((data.shape[0], 2 * y.order.size, 2 * x.order.size), np.float32)
    cos, sin = np.ascontiguousarray(y.cos.T), np.ascontiguousarray(y.sin.T)
    over_slabs(lambda a, b: _fold_sections_kernel(data, a, b, cos, sin, x.cos, x.sin, columns), data.shape[0])
    out = np.empty((2, columns.shape[1], z.order.size, columns.shape[2]), np.float32)
    up, down = np.ascontiguousarray(z.cos.T), np.ascontiguousarray(z.sin.T)
    over_slabs(lambda a, b: _fold_z_kernel(columns, a, b, up, down, out), columns.shape[1])
    return out


def _columns(folded: np.ndarray, z: Waves, out: np.ndarray) -> None:
    """Transform along z, float32 [nz, 2 (ty + 1), 2 (tx + 1)]."""
    over_slabs(lambda a, b: _unfold_z_kernel(folded, a, b, z.cos, z.sin, z.split, out), folded.shape[1])


def _planes(axes: Sequence[Waves]) -> Tuple[Any, ...]:
    """What the kernels need for the axes y and x."""
    x = axes[2]
    return axes[1].cos, axes[1].sin, np.ascontiguousarray(x.cos.T), np.ascontiguousarray(x.sin.T), tuple(a.split for a in axes)


def unfold(folded: np.ndarray, axes: Sequence[Waves], limits: np.ndarray, out: np.ndarray) -> None:
    """Sum of the waves with folded coefficients into ``out``, float32 [nz, ny, nx].

    ``limits`` is int64 [nz, 2], see :func:`limits_of`; what lies beyond is left as it is.
    """
    columns = np.empty((out.shape[0], folded.shape[1], folded.shape[3]), np.float32)
    _columns(folded, axes[0], columns)
    planes = _planes(axes)
    over_slabs(lambda a, b: _sections_kernel(columns, a, b, *planes, limits, out), out.shape[0])


def amplitude(folded: Sequence[np.ndarray], axes: Sequence[Waves], limits: np.ndarray, whole: np.ndarray, out: np.ndarray) -> None:
    """Root of the sum of squares of maps less their low-passed parts into ``out``, float32 [nz, ny, nx].

    ``whole`` is float32 [n, nz, ny, nx], and ``folded`` has the coefficients of the low-passed part of each; ``limits`` as in
    :func:`unfold`.
    """
    columns = np.empty((len(whole), out.shape[0], folded[0].shape[1], folded[0].shape[3]), np.float32)
    for one, part in zip(columns, folded):
        _columns(part, axes[0], one)
    planes = _planes(axes)
    over_slabs(lambda a, b: _amplitude_kernel(columns, a, b, *planes, limits, whole, out), out.shape[0])


def full_limits(shape: Sequence[int]) -> np.ndarray:
    """Limits that hold the whole of a box of ``shape``, int64 [nz, 2]."""
    return np.tile(np.array([(n + 1) // 2 for n in shape[1:]], np.int64), (shape[0], 1))
