"""Maps resampled in Fourier space by a radial profile, equal-count bins of frequency, and local averages over balls."""
from __future__ import annotations

from typing import Sequence, Tuple

import numpy as np
import scipy.fft

from .filters import sphere_transform
from .fourier import Geometry, geometry, inverse
from .jit import njit
from .threads import get_threads, over_slabs

Shape = Tuple[int, int, int]
_FINE = 16                                       # points per shell of smooth profiles


@njit
def _resample_kernel(ft, z0, z1, counts, steps, inner, profile, fine, scale, out):
    nz, ny = counts[0], counts[1]
    mz, my, mk = out.shape
    lz, ly, lx = min(nz, mz), min(ny, my), min(counts[2], counts[5])
    outer2, inner2 = ((profile.size - 1) / fine) ** 2, inner ** 2
    for z in range(z0, z1):
        kz = z if z <= mz // 2 else z - mz
        # The index n / 2 of the coarser grid stands for both signs: it is kept only where both grids are the same.
        out_z = 2 * abs(kz) > lz or (2 * abs(kz) == lz and nz != mz)
        for y in range(my):
            ky = y if y <= my // 2 else y - my
            gone = out_z or 2 * abs(ky) > ly or (2 * abs(ky) == ly and ny != my)
            base = (kz * steps[0]) ** 2 + (ky * steps[1]) ** 2
            for x in range(mk):
                r2 = base + (x * steps[2]) ** 2
                if gone or r2 < inner2 or r2 >= outer2 or 2 * x > lx or (2 * x == lx and counts[2] != counts[5]):
                    out[z, y, x] = 0
                    continue
                r = np.sqrt(r2) * fine
                i = int(r)
                t = r - i
                out[z, y, x] = ft[kz % nz, ky % ny, x] * np.float32(scale * (profile[i] + t * (profile[i + 1] - profile[i])))


def resample(ft: np.ndarray, geo: Geometry, shape: Sequence[int], profile: np.ndarray, *, inner: float = 0.0,
             fine: float = float(_FINE)) -> np.ndarray:
    """Radially filtered map on another grid over the same cell.

    What the coarser of both grids holds no mate of is left out.

    Parameters
    ----------
    ft
        Transform of the map, complex64 [nz, ny, nx // 2 + 1].
    geo
        Shells of its box.
    shape
        Voxels of the grid (mz, my, mx).
    profile
        The factor at the radii ``i / fine`` (shell units), float64 [n], linear in between and 0 from the last one on.
    inner
        Radius in shell units below which the factor is 0.
    fine
        Points of the profile per shell.

    Returns
    -------
    ndarray
        float32 [mz, my, mx]; its values are those of the map.
    """
    out = np.empty((shape[0], shape[1], shape[2] // 2 + 1), dtype=np.complex64)
    counts, steps = np.array(tuple(geo.shape) + tuple(shape)), np.array(geo.steps)
    scale = float(np.prod(shape, dtype=np.float64) / np.prod(geo.shape, dtype=np.float64))

    def work(start: int, stop: int) -> None:
        _resample_kernel(ft, start, stop, counts, steps, float(inner), profile, fine, scale, out)

    over_slabs(work, shape[0])
    return inverse(out, shape)


def shell_of_band(ft: np.ndarray, geo: Geometry, inner: float, outer: float, shape: Sequence[int]) -> np.ndarray:
    """Map of the coefficients of a band, on another grid over the same cell.

    Parameters
    ----------
    ft
        Transform of the map, complex64 [nz, ny, nx // 2 + 1].
    geo
        Shells of its box.
    inner, outer
        From ``inner`` up to, not with, ``outer``, in shell units.
    shape
        Voxels of the grid (mz, my, mx).

    Returns
    -------
    ndarray
        float32 [mz, my, mx].
    """
    return resample(ft, geo, shape, np.ones(2), inner=inner, fine=1 / outer)


def grid_for(geo: Geometry, reach: float) -> Shape:
    """Smallest quickly transformed grid over the cell that holds frequencies up to a reach.

    Parameters
    ----------
    geo
        Shells of the box.
    reach
        Shells.

    Returns
    -------
    tuple of int
        (mz, my, mx), at most the map's.
    """
    z, y, x = (min(scipy.fft.next_fast_len(int(2 * np.floor(reach / s)) + 2, real=True), n) for n, s in zip(geo.shape, geo.steps))
    return z, y, x


def ball_profile(geo: Geometry, radius: float, reach: float) -> np.ndarray:
    """Transform of the average over a ball.

    Parameters
    ----------
    geo
        Shells of the box.
    radius
        Of the ball, in the unit of the voxel size.
    reach
        Where the profile ends, in shells.

    Returns
    -------
    ndarray
        float64 [n], at the radii ``i / 16`` (shell units).
    """
    return sphere_transform(2 * np.pi * radius * np.arange(int(reach * _FINE) + 2) / _FINE / geo.length)


def gaussian_profile(geo: Geometry, sigma: float) -> np.ndarray:
    """Transform of a Gaussian, up to where it is 1e-5.

    Parameters
    ----------
    geo
        Shells of the box.
    sigma
        Standard deviation in real space, in the unit of the voxel size.

    Returns
    -------
    ndarray
        float64 [n], at the radii ``i / 16`` (shell units).
    """
    end = np.sqrt(2 * np.log(1e5)) / (2 * np.pi * sigma) * geo.length
    return np.exp(-2 * (np.pi * sigma * np.arange(int(end * _FINE) + 2) / _FINE / geo.length) ** 2)


def equal_bins(geo: Geometry, highest: float, count: int) -> np.ndarray:
    """Radii between bins of as many coefficients each.

    Parameters
    ----------
    geo
        Shells of the box.
    highest
        Frequency at the end of the last bin.
    count
        Number of bins.

    Returns
    -------
    ndarray
        Shell units, float64 [count + 1], from 0 on.
    """
    return highest * geo.length * (np.arange(count + 1) / count) ** (1 / 3)


def local_correlation(f1: np.ndarray, f2: np.ndarray, geo: Geometry, inner: float, outer: float, radius: float,
                      grid: Sequence[int]) -> np.ndarray:
    """Correlation of two maps in a bin of frequency, in a ball around each point of a grid.

    Averages hold the frequencies that the grid holds.

    Parameters
    ----------
    f1, f2
        Transforms of the maps, complex64 [nz, ny, nx // 2 + 1].
    geo
        Shells of the box.
    inner, outer
        The bin, in shell units.
    radius
        Of the ball, in the unit of the voxel size.
    grid
        Points (mz, my, mx) over the cell.

    Returns
    -------
    ndarray
        ``(<ab> - <a><b>) / sqrt((<aa> - <a>^2)(<bb> - <b>^2))`` with ``<>`` the average over a ball, float32 [mz, my, mx], between 0 and 1;
        0 where a variance is not above 0.
    """
    along = [(n // 2) * s for n, s in zip(grid, geo.steps)]
    reach = max(along)
    # A product reaches twice the band; what folds back must lie past the frequencies that the averages hold.
    shape = grid_for(geo, 2 * outer + reach)
    profile = ball_profile(geo, radius, float(np.sqrt(sum(k * k for k in along))))
    coarse = geometry_on(geo, grid)

    def average(image: np.ndarray) -> np.ndarray:
        return resample(forward_cut(image, grid), coarse, grid, profile)
    a, b = (_near_one(shell_of_band(f, geo, inner, outer, shape)) for f in (f1, f2))
    # A band beyond the reach of the ball averages to 0: two transforms less.
    means = [average(i) for i in (a, b)] if inner < reach else [np.float32(0), np.float32(0)]
    product = average(a * b)
    product -= means[0] * means[1]
    # Squares in place and arrays dropped early: at 256^3 each is 64 MB.
    a *= a
    power = average(a)
    del a
    power -= means[0] ** 2
    np.maximum(power, 0, out=power)
    b *= b
    other = average(b)
    other -= means[1] ** 2
    power *= np.maximum(other, 0, out=other)
    np.sqrt(power, out=power)
    return np.clip(np.divide(product, power, out=np.zeros_like(product), where=power > 0), 0, 1)


def _near_one(image: np.ndarray) -> np.ndarray:
    """A map times the power of two, in place, with which its fourth power stays in single precision; no digit changes."""
    top = float(np.abs(image).max(initial=0.0))
    image *= np.float32(2.0 ** np.clip(-np.frexp(top)[1], -120, 120))
    return image


def forward_cut(data: np.ndarray, shape: Sequence[int]) -> np.ndarray:
    """Coefficients of a map that a coarser grid holds; what is not needed is dropped after each axis.

    Parameters
    ----------
    data
        Map, float32 [z, y, x].
    shape
        Voxels of the grid (mz, my, mx).

    Returns
    -------
    ndarray
        Those of a map with the same values, complex64 [mz, my, mx // 2 + 1]. A frequency of which ``shape`` holds no mate is 0.
    """
    workers = get_threads()
    out = scipy.fft.rfft(data, axis=2, workers=workers)
    nx, mx = data.shape[2], shape[2]
    if mx < nx:
        out = out[..., :mx // 2 + 1]
        if mx % 2 == 0:
            out[..., -1] = 0
    for axis in (1, 0):
        out = _cut_axis(scipy.fft.fft(out, axis=axis, workers=workers), axis, shape[axis])
    out *= np.float32(np.prod(shape, dtype=np.float64) / data.size)
    return out


def _cut_axis(ft: np.ndarray, axis: int, m: int) -> np.ndarray:
    n = ft.shape[axis]
    if m >= n:
        return ft
    keep = np.concatenate([np.arange((m + 1) // 2 + (m % 2 == 0)), np.arange(n - (m - 1) // 2, n)])
    out = np.take(ft, keep, axis=axis)
    if m % 2 == 0:
        out[(slice(None),) * axis + (m // 2,)] = 0
    return out


def geometry_on(geo: Geometry, shape: Sequence[int]) -> Geometry:
    """Shells of another grid over the same cell.

    Parameters
    ----------
    geo
        Shells of the box.
    shape
        Voxels of the grid (mz, my, mx).

    Returns
    -------
    Geometry
        With the same length.
    """
    edges = [geo.length / s for s in geo.steps]
    return geometry(shape, tuple(e / n for e, n in zip(edges, shape))[::-1])
