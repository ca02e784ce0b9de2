"""Bands of a map multiplied by gains that vary from place to place, and added up again.

Band images are made on grids that are just fine enough for them; gains are known at the points of :mod:`.local` and carried to
every voxel by cubic B-splines, which are smooth, never negative and add up to 1: there are no seams.
"""
from __future__ import annotations

from functools import lru_cache
from typing import Dict, Sequence, Tuple

import numpy as np

from .fourier import Geometry, forward, inverse
from .jit import njit
from .local import Points, cropped_shape, window_matrix
from .threads import over_slabs, slabs

FINE = 8                              # samples of a radial profile per shell
_GRIDS = 4                            # different grids at most


def hann_band(centre: float, width: float, n: int) -> np.ndarray:
    """Radial profile of a band that adds up to 1 with its neighbours.

    Parameters
    ----------
    centre, width
        In shell units; bands spaced by ``width`` add up to 1. The first, of centre 0, holds what is below ``width``.
    n
        Number of radii.

    Returns
    -------
    ndarray
        ``cos(pi (r - centre) / (2 width))^2`` up to ``width`` from ``centre``, 0 beyond, float64 [n] at ``r = i / 8`` (shell units).
    """
    offset = np.minimum(np.abs(np.arange(n) / FINE - centre) / width, 1)
    return np.cos(0.5 * np.pi * offset) ** 2


def band_shapes(geo: Geometry, outer: Sequence[float], sigma_parts: Sequence[float]) -> Tuple[Tuple[int, int, int], ...]:
    """Grids for the images of some bands: at most four different ones.

    Parameters
    ----------
    geo
        Shells of the box.
    outer
        Where each band ends, in shell units.
    sigma_parts
        As in :func:`.local.cropped_shape`.

    Returns
    -------
    tuple of tuple of int
        (mz, my, mx) for each band.
    """
    top = max(outer)
    # Few grids, so that bands can be summed on them before one transform takes each sum to the whole box.
    return tuple(cropped_shape(geo, top * np.ceil(_GRIDS * o / top - 1e-9) / _GRIDS, sigma_parts) for o in outer)


@njit
def _crop_kernel(ft, z0, z1, shape, steps, profile, fine, scale, out):
    nz, ny = ft.shape[0], ft.shape[1]
    mz, my, mk = out.shape
    end = (profile.size - 1) / fine
    for z in range(z0, z1):
        kz = z if z <= (mz - 1) // 2 or (mz == nz and z <= mz // 2) else z - mz
        for y in range(my):
            ky = y if y <= (my - 1) // 2 or (my == ny and y <= my // 2) else y - my
            base = (kz * steps[0]) ** 2 + (ky * steps[1]) ** 2
            for x in range(mk):
                r = np.sqrt(base + (x * steps[2]) ** 2)
                if r >= end:
                    out[z, y, x] = 0
                    continue
                i = int(r * fine)
                t = r * fine - i
                out[z, y, x] = ft[kz % nz, ky % ny, x] * np.float32(scale * (profile[i] + t * (profile[i + 1] - profile[i])))


def band_image(ft: np.ndarray, geo: Geometry, profile: np.ndarray, shape: Sequence[int]) -> np.ndarray:
    """Radially filtered map on a coarser grid over the same cell.

    Parameters
    ----------
    ft
        Transform of the map, complex64 [nz, ny, nx // 2 + 1].
    geo
        Shells of its box.
    profile
        The factor at the radii ``i / 8`` (shell units), float64 [n], linear in between and 0 beyond.
    shape
        Voxels of the grid (mz, my, mx).

    Returns
    -------
    ndarray
        float32 [mz, my, mx]; its values are those of the map.
    """
    out = np.empty((shape[0], shape[1], shape[2] // 2 + 1), dtype=np.complex64)
    steps = np.array(geo.steps)
    scale = float(np.prod(shape, dtype=np.float64) / np.prod(geo.shape, dtype=np.float64))

    def work(start: int, stop: int) -> None:
        _crop_kernel(ft, start, stop, np.array(shape), steps, profile, float(FINE), scale, out)

    over_slabs(work, shape[0])
    return inverse(out, shape)


def local_square(image: np.ndarray, grid: Points) -> np.ndarray:
    """Local average of the square of an image.

    Parameters
    ----------
    image
        float32 [z, y, x].
    grid
        Points where the averages are kept, and their window.

    Returns
    -------
    ndarray
        float32 [mz, my, mx].
    """
    return local_product(image, image, grid)


def local_product(one: np.ndarray, two: np.ndarray, grid: Points) -> np.ndarray:
    """Local average of the product of two images.

    Parameters
    ----------
    one, two
        float32 [z, y, x], on one grid.
    grid
        Points where the averages are kept, and their window.

    Returns
    -------
    ndarray
        float32 [mz, my, mx].
    """
    nz, ny, nx = one.shape
    along = [window_matrix(m, n, part) for m, n, part in zip(grid.shape, one.shape, grid.sigma)]
    planes = np.empty((nz, grid.shape[1], grid.shape[2]), dtype=np.float32)
    for start, stop in slabs(nz):                            # not side by side: the matrix products have threads of their own
        product = one[start:stop] * two[start:stop]
        np.matmul(along[1], (product.reshape(-1, nx) @ along[2].T).reshape(stop - start, ny, -1), out=planes[start:stop])
    return (along[0] @ planes.reshape(nz, -1)).reshape(grid.shape)


@lru_cache(maxsize=64)                                       # the same few grids are asked for at every band
def spline_matrix(count: int, n: int) -> np.ndarray:
    """Periodic cubic B-splines along an axis, as a matrix that carries values of points to voxels.

    Parameters
    ----------
    count
        Number of points, evenly spread.
    n
        Voxels of the axis.

    Returns
    -------
    ndarray
        float32 [n, count]: row ``i`` weights the points for the place ``i / n`` of the axis; its sum is 1. Shared, not to be changed.
    """
    distance = np.arange(n)[:, None] * (count / n) - np.arange(count)[None, :]
    total = np.zeros((n, count))
    # A spline reaches two points to each side; with few points it goes round the axis.
    for turn in range(-3, 4):
        d = np.abs(distance + turn * count)
        total += np.where(d < 1, (4 - 6 * d ** 2 + 3 * d ** 3) / 6, np.where(d < 2, (2 - d) ** 3 / 6, 0))
    matrix = (total / total.sum(axis=1, keepdims=True)).astype(np.float32)
    matrix.flags.writeable = False
    return matrix


def add_scaled(out: np.ndarray, image: np.ndarray, gains: np.ndarray) -> None:
    """Add an image times gains that vary from place to place: ``out += image * gains``.

    Parameters
    ----------
    out
        The sum, float32 [z, y, x], changed in place.
    image
        float32 [z, y, x].
    gains
        float32 [mz, my, mx], at points over the same cell.
    """
    along = [spline_matrix(m, n) for m, n in zip(gains.shape, image.shape)]
    flat = np.ascontiguousarray(gains, dtype=np.float32).reshape(gains.shape[0], -1)
    for start, stop in slabs(image.shape[0]):
        part = (along[0][start:stop] @ flat).reshape(stop - start, gains.shape[1], gains.shape[2])
        part = np.matmul(along[1], part) @ along[2].T
        part *= image[start:stop]
        out[start:stop] += part


def carry(values: np.ndarray, shape: Sequence[int]) -> np.ndarray:
    """Values of points at every voxel of a grid.

    Parameters
    ----------
    values
        [mz, my, mx], at points over the cell.
    shape
        Voxels of the grid (nz, ny, nx).

    Returns
    -------
    ndarray
        float32 [z, y, x].
    """
    out = np.zeros(tuple(shape), dtype=np.float32)
    add_scaled(out, np.ones(tuple(shape), dtype=np.float32), values)
    return out


def join(parts: Dict[Tuple[int, int, int], np.ndarray], geo: Geometry) -> np.ndarray:
    """Sum of images on different grids over one cell.

    Parameters
    ----------
    parts
        Images by their shape, float32 [mz, my, mx]; the dictionary is emptied on the way, to give memory back.
    geo
        Shells of the box that the sum is wanted for.

    Returns
    -------
    ndarray
        float32 [z, y, x] on the grid of ``geo``.
    """
    whole = parts.pop(geo.shape, None)
    if not parts:
        return whole if whole is not None else np.zeros(geo.shape, dtype=np.float32)
    ft = np.zeros((geo.shape[0], geo.shape[1], geo.shape[2] // 2 + 1), dtype=np.complex64)
    size = float(np.prod(geo.shape, dtype=np.float64))
    for shape in list(parts):
        small = forward(parts.pop(shape))
        small *= np.float32(size / np.prod(shape, dtype=np.float64))
        rows, cols = (_shared(m, n) for m, n in zip(shape[:2], geo.shape[:2]))
        # The index m / 2 of a coarser even axis is left out, as in _shared.
        depth = geo.shape[2] // 2 + 1 if shape[2] == geo.shape[2] else (shape[2] - 1) // 2 + 1
        for k in rows:
            ft[k % geo.shape[0], cols % geo.shape[1], :depth] += small[k % shape[0], cols % shape[1], :depth]
    out = inverse(ft, geo.shape)
    if whole is not None:
        out += whole
    return out


def _shared(m: int, n: int) -> np.ndarray:
    """Fourier indices that an axis of ``m`` and one of ``n >= m`` share, without the Nyquist index of the former."""
    k = np.arange(-((m - 1) // 2), (m - 1) // 2 + 1)
    return k if m < n else np.arange(n)
