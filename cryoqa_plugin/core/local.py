"""Filter banks: a band of two transforms on a grid just fine enough for it, and the local power of their sum and difference."""
from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple, Sequence, Tuple

import numpy as np
import scipy.fft

from .fourier import Geometry, inverse
from .jit import njit
from .threads import over_slabs, slabs

_REACH = 4.0                          # of the Gaussian window, in standard deviations
_SPACING = 0.6                        # of the points where local power is kept, in standard deviations
_KEPT = 128                           # window matrices, which the bands and directions of a map ask for again and again
_ALIAS = 0.6                          # frequency, times the standard deviation, past which the window passes 0.1 %
OF_POWERS = 0.3                       # margin of grids that local powers alone are wanted of: see :func:`cropped_shape`


class Points(NamedTuple):
    """The periodic grid on which local averages are kept: ``shape`` (mz, my, mx) over the same cell as the map.

    ``sigma`` (z, y, x) is the standard deviation of the window as a part of each edge of the cell.
    """

    shape: Tuple[int, int, int]
    sigma: Tuple[float, float, float]


def points(shape: Sequence[int], voxel_size: Sequence[float], sigma: float, spacing: float = _SPACING) -> Points:
    """Grid of local averages for a map and a Gaussian window.

    Averages vary no faster than the window, whose transform is 1e-3 at ``0.6 / sigma``.

    Parameters
    ----------
    shape
        Voxels of the map (nz, ny, nx).
    voxel_size
        Edges of a voxel (x, y, z) in Å.
    sigma
        Standard deviation of the window in Å.
    spacing
        Points are at most this far apart, in standard deviations.

    Returns
    -------
    Points
        Never finer than the map.
    """
    edges = [n * v for n, v in zip(shape, list(voxel_size)[::-1])]
    counts = tuple(min(n, max(1, int(np.ceil(e / (spacing * sigma))))) for n, e in zip(shape, edges))
    return Points(counts, tuple(sigma / e for e in edges))


def cropped_shape(geo: Geometry, outer: float, sigma_parts: Sequence[float], margin: float = _ALIAS) -> Tuple[int, int, int]:
    """Shape of the smallest grid on which the local power of a band is not aliased.

    The square of a band-limited image reaches twice its frequency; what folds back must lie past the reach of the window. But next to
    nothing of it lies at its end, where few coefficients meet their opposites: half the margin changes local powers by 1e-4.

    Parameters
    ----------
    geo
        Shells of the box.
    outer
        Where the band ends, in shell units.
    sigma_parts
        Standard deviation of the window along (z, y, x) as parts of the edges of the cell; :attr:`Points.sigma`.
    margin
        In frequency, times the standard deviation: :data:`OF_POWERS` where the image itself is not wanted.

    Returns
    -------
    tuple of int
        (mz, my, mx), quickly transformed, at most the map's.
    """
    out = []
    for n, step, part in zip(geo.shape, geo.steps, sigma_parts):
        need = scipy.fft.next_fast_len(int(np.ceil(2 * outer / step + margin / part)) + 1, real=True)
        out.append(min(n, need))
    return tuple(out)


@njit
def _band_kernel(ft, z0, z1, shape, steps, centre, width, amplitude, out):
    nz, ny = ft.shape[0], ft.shape[1]
    mz, my, mk = out.shape
    top = amplitude.size - 1
    outer2, inner2 = (centre + width) ** 2, max(centre - width, 0.0) ** 2
    for z in range(z0, z1):
        # A cropped even axis has an index m / 2 without a mate, which is read as negative; an axis that is not cropped keeps the map's
        # order of signs.
        kz = z if z <= (mz - 1) // 2 or (mz == nz and z <= mz // 2) else z - mz
        for y in range(my):
            ky = y if y <= (my - 1) // 2 or (my == ny and y <= my // 2) else y - my
            base = (kz * steps[0]) ** 2 + (ky * steps[1]) ** 2
            for x in range(mk):
                r2 = base + (x * steps[2]) ** 2
                if r2 >= outer2 or r2 <= inner2:
                    out[z, y, x] = 0
                    continue
                r = np.sqrt(r2)
                i = min(int(r), top)
                t = min(r - i, 1.0) if i < top else 0.0
                level = amplitude[i] + t * (amplitude[min(i + 1, top)] - amplitude[i])
                weight = np.cos((r - centre) / width * (np.pi / 2)) / level if level > 0 else 0.0
                out[z, y, x] = ft[kz % nz, ky % ny, x] * np.float32(weight)


def band(ft: np.ndarray, geo: Geometry, centre: float, width: float, amplitude: np.ndarray, shape: Sequence[int]) -> np.ndarray:
    """Whitened band of a map on a coarser grid over the same cell.

    Parameters
    ----------
    ft
        Transform of the map, complex64 [nz, ny, nx // 2 + 1].
    geo
        Shells of its box.
    centre, width
        Of the band, in shell units. The weight is ``cos(pi (r - centre) / (2 width))`` up to ``width`` from ``centre``: bands spaced by
        ``width`` have powers that add up to 1.
    amplitude
        What each shell is divided by, float64 [n_shells].
    shape
        Voxels of the grid (mz, my, mx).

    Returns
    -------
    ndarray
        float32 [mz, my, mx]. The scale depends on ``shape``: only ratios within a band have a meaning.
    """
    return inverse(band_transform(ft, geo, centre, width, amplitude, shape), shape)


def band_transform(ft: np.ndarray, geo: Geometry, centre: float, width: float, amplitude: np.ndarray, shape: Sequence[int]) -> np.ndarray:
    """Transform of a whitened band; see :func:`band`.

    Parameters
    ----------
    ft, geo, centre, width, amplitude, shape
        As for :func:`band`.

    Returns
    -------
    ndarray
        complex64 [mz, my, mx // 2 + 1].
    """
    # half-complex, like the transform of the map: indices along x from 0 on
    out = np.empty((shape[0], shape[1], shape[2] // 2 + 1), dtype=np.complex64)
    steps = np.array(geo.steps)

    def work(start: int, stop: int) -> None:
        _band_kernel(ft, start, stop, np.array(shape), steps, float(centre), float(width), amplitude, out)

    over_slabs(work, shape[0])
    return out


def band_power(ft: np.ndarray, geo: Geometry, centre: float, width: float, amplitude: np.ndarray, shape: Sequence[int]) -> float:
    """Mean square of a whitened band; see :func:`band`.

    Parameters
    ----------
    ft, geo, centre, width, amplitude, shape
        As for :func:`band`.

    Returns
    -------
    float
        That of the image which :func:`band` would make, by Parseval's theorem.
    """
    power = np.square(np.abs(band_transform(ft, geo, centre, width, amplitude, shape)), dtype=np.float64).sum(axis=(0, 1))
    # Coefficients between the first and the last plane along x stand for their mates as well; of an odd axis the last one does too.
    total = 2 * power.sum() - power[0] - (power[-1] if shape[2] % 2 == 0 else 0.0)
    return float(total) / float(np.prod(shape, dtype=np.float64)) ** 2


@lru_cache(maxsize=_KEPT)
def window_matrix(count: int, n: int, part: float) -> np.ndarray:
    """Periodic Gaussian windows along an axis, as a matrix that averages; made once and kept.

    Parameters
    ----------
    count
        Number of windows, evenly spread: row ``i`` has its centre at ``i n / count``.
    n
        Voxels of the axis.
    part
        Standard deviation as a part of the edge: ``part * n`` voxels.

    Returns
    -------
    ndarray
        float32 [count, n], not to be written to; each row has the sum 1.
    """
    distance = np.arange(n)[None, :] - np.arange(count)[:, None] * (n / count)
    total = np.zeros((count, n))
    # A window wider than the cell goes round it more than once.
    turns = int(np.ceil(_REACH * part)) + 1
    for turn in range(-turns, turns + 1):
        d = (distance + turn * n) / (part * n)
        total += np.where(np.abs(d) <= _REACH, np.exp(-0.5 * d * d), 0)
    out = (total / total.sum(axis=1, keepdims=True)).astype(np.float32)
    out.flags.writeable = False
    return out


def along_axes(values: np.ndarray, matrices: Sequence[np.ndarray]) -> np.ndarray:
    """Images times a matrix along each axis.

    Parameters
    ----------
    values
        Images, float32 [..., z, y, x].
    matrices
        float32 [mz, z], [my, y] and [mx, x].

    Returns
    -------
    ndarray
        float32 [..., mz, my, mx].
    """
    *many, nz, ny, nx = values.shape
    (mz, my, mx), (along_z, along_y, along_x) = (len(m) for m in matrices), matrices
    rows = (values.reshape(-1, nx) @ along_x.T).reshape(-1, ny, mx)
    planes = np.matmul(along_y, rows).reshape(-1, nz, my * mx)
    return np.matmul(along_z, planes).reshape((*many, mz, my, mx))


def local_powers(a: np.ndarray, b: np.ndarray, grid: Points) -> np.ndarray:
    """Local averages of the squares of half the sum and half the difference of two images.

    Parameters
    ----------
    a, b
        Images on one grid, float32 [z, y, x].
    grid
        Points where the averages are kept, and their window.

    Returns
    -------
    ndarray
        float32 [2, mz, my, mx]: the averages of ``((a + b) / 2)^2`` and ``((a - b) / 2)^2``. With ``a = S + N1`` and ``b = S + N2`` the
        first is ``S^2 + N^2 / 2`` and the second ``N^2 / 2``.
    """
    nz, ny, nx = a.shape
    along = [window_matrix(m, n, part) for m, n, part in zip(grid.shape, a.shape, grid.sigma)]
    planes = np.empty((2, nz, grid.shape[1], grid.shape[2]), dtype=np.float32)

    for start, stop in slabs(nz):                            # not side by side: the matrix products have threads of their own
        p, q = a[start:stop], b[start:stop]
        for out, image in ((planes[0], p + q), (planes[1], p - q)):
            image *= 0.5
            image *= image
            rows = (image.reshape(-1, nx) @ along[2].T).reshape(stop - start, ny, -1)
            np.matmul(along[1], rows, out=out[start:stop])
    return np.stack([(along[0] @ p.reshape(nz, -1)).reshape(grid.shape) for p in planes])


def widen(values: np.ndarray, grid: Points, factor: float) -> np.ndarray:
    """Local averages as a wider window would have given them.

    Parameters
    ----------
    values
        Averages at the points, float32 [mz, my, mx].
    grid
        The points and the window behind ``values``.
    factor
        How many times as wide, at least 1.

    Returns
    -------
    ndarray
        float32 [mz, my, mx].
    """
    # Variances of Gaussians add up: sigma^2 + (extra sigma)^2 = (factor sigma)^2.
    extra = np.sqrt(factor ** 2 - 1)
    if extra == 0:
        return values
    along = [window_matrix(n, n, extra * part) for n, part in zip(grid.shape, grid.sigma)]
    planes = np.matmul(along[1], values @ along[2].T)
    return (along[0] @ planes.reshape(grid.shape[0], -1)).reshape(grid.shape)


@njit
def _corner_kernel(mask, level, counts, marks):
    nz, ny, nx = mask.shape
    for z in range(nz):
        i = int(z * counts[0] / nz)
        for y in range(ny):
            j = int(y * counts[1] / ny)
            for x in range(nx):
                if mask[z, y, x] >= level:
                    k = int(x * counts[2] / nx)
                    marks[i, j, k] = True


def needed(mask: np.ndarray, level: float, grid: Points) -> Tuple[np.ndarray, np.ndarray]:
    """Points that the voxels of a mask are interpolated from.

    Parameters
    ----------
    mask
        float32 [z, y, x].
    level
        Voxels of at least this count.
    grid
        The points.

    Returns
    -------
    cells
        bool [mz, my, mx]: the points in whose cell such a voxel lies.
    corners
        bool [mz, my, mx]: all corners of these cells.
    """
    cells = np.zeros(grid.shape, dtype=np.bool_)
    _corner_kernel(mask, float(level), np.array(grid.shape), cells)
    corners = cells.copy()
    for axis in range(3):
        # The grid is periodic, so that the last cell of an axis ends at its first point.
        corners |= np.roll(corners, 1, axis=axis)
    return cells, corners


def at_points(values: np.ndarray, shape: Sequence[int]) -> np.ndarray:
    """Values of the voxels nearest to the points of a coarser grid over the same cell.

    Parameters
    ----------
    values
        [z, y, x].
    shape
        Points (mz, my, mx) of that grid.

    Returns
    -------
    ndarray
        [mz, my, mx], of the type of ``values``.
    """
    for axis, (n, m) in enumerate(zip(values.shape, shape)):
        if m != n:
            values = np.take(values, np.minimum(np.round(np.arange(m) * (n / m)).astype(int), n - 1), axis=axis)
    return values


@njit
def _spread_kernel(values, mask, level, z0, z1, counts, out):
    _, ny, nx = mask.shape
    nz = out.shape[0]
    for z in range(z0, z1):
        fz = z * counts[0] / nz
        i = int(fz)
        tz, i2 = fz - i, (i + 1) % counts[0]
        for y in range(ny):
            fy = y * counts[1] / ny
            j = int(fy)
            ty, j2 = fy - j, (j + 1) % counts[1]
            for x in range(nx):
                if mask[z, y, x] < level:
                    continue
                fx = x * counts[2] / nx
                k = int(fx)
                tx, k2 = fx - k, (k + 1) % counts[2]
                low = ((values[i, j, k] * (1 - tx) + values[i, j, k2] * tx) * (1 - ty)
                       + (values[i, j2, k] * (1 - tx) + values[i, j2, k2] * tx) * ty)
                high = ((values[i2, j, k] * (1 - tx) + values[i2, j, k2] * tx) * (1 - ty)
                        + (values[i2, j2, k] * (1 - tx) + values[i2, j2, k2] * tx) * ty)
                out[z, y, x] = 1 / (low * (1 - tz) + high * tz)


def spread(frequency: np.ndarray, grid: Points, mask: np.ndarray, level: float) -> np.ndarray:
    """Resolution at every voxel of a mask, from frequencies at the points.

    Parameters
    ----------
    frequency
        float64 [mz, my, mx], set wherever the corners of :func:`needed` are.
    grid
        The points.
    mask
        float32 [z, y, x].
    level
        Voxels of at least this get a value.

    Returns
    -------
    ndarray
        One over the trilinear interpolation of ``frequency``, float32 [z, y, x]; 0 elsewhere.
    """
    out = np.zeros(mask.shape, dtype=np.float32)
    counts = np.array(grid.shape)

    def work(start: int, stop: int) -> None:
        _spread_kernel(frequency, mask, float(level), start, stop, counts, out)

    over_slabs(work, mask.shape[0])
    return out
