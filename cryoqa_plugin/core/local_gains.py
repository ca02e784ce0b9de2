"""Bands of a map multiplied by gains that vary from place to place, and added up again.

Band images are made on grids that are just fine enough for them; gains are known at the points of :mod:`.local` and carried to
every voxel by cubic B-splines, which are smooth, never negative and add up to 1: there are no seams.
"""
from __future__ import annotations

from typing import Dict, Sequence, Tuple

import numpy as np

from .fourier import Geometry, forward, inverse
from .jit import njit
from .local import Points, cropped_shape, window_matrix
from .threads import over_slabs, slabs

FINE = 8                              # samples of a radial profile per shell
_GRIDS = 4                            # different grids at most


def hann_band(centre: float, width: float, n: int) -> np.ndarray:
    """Band ``cos(pi (r - centre) / (2 width))^2`` up to ``width`` from ``centre`` (shell units), float64 [n] at ``r = i / 8``.

    Bands spaced by ``width`` add up to 1; the first, of centre 0, holds what is below ``width``.
    """
    offset = np.minimum(np.abs(np.arange(n) / FINE - centre) / width, 1)
    return np.cos(0.5 * np.pi * offset) ** 2


def band_shapes(geo: Geometry, outer: Sequence[float], sigma_parts: Sequence[float]) -> Tuple[Tuple[int, int, int], ...]:
    """For bands that end at ``outer`` (shell units), the grid (mz, my, mx) of each: at most four different ones."""
    top = max(outer)
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
    """Radially filtered map on a grid of ``shape`` (z, y, x) over the same cell, float32; its values are those of the map.

    ``ft`` complex64 [nz, ny, nx // 2 + 1]; ``profile`` float64 [n], the factor at the radii ``i / 8`` (shell units), linear in between
    and 0 beyond.
    """
    out = np.empty((shape[0], shape[1], shape[2] // 2 + 1), dtype=np.complex64)
    steps = np.array(geo.steps)
    scale = float(np.prod(shape, dtype=np.float64) / np.prod(geo.shape, dtype=np.float64))

    def work(start: int, stop: int) -> None:
        _crop_kernel(ft, start, stop, np.array(shape), steps, profile, float(FINE), scale, out)

    over_slabs(work, shape[0])
    return inverse(out, shape)


def local_square(image: np.ndarray, grid: Points) -> np.ndarray:
    """Local average of the square of an image, float32 [mz, my, mx], in the window of ``grid``."""
    nz, ny, nx = image.shape
    along = [window_matrix(m, n, part) for m, n, part in zip(grid.shape, image.shape, grid.sigma)]
    planes = np.empty((nz, grid.shape[1], grid.shape[2]), dtype=np.float32)
    for start, stop in slabs(nz):                            # not side by side: the matrix products have threads of their own
        square = image[start:stop] ** 2
        np.matmul(along[1], (square.reshape(-1, nx) @ along[2].T).reshape(stop - start, ny, -1), out=planes[start:stop])
    return (along[0] @ planes.reshape(nz, -1)).reshape(grid.shape)


def spline_matrix(count: int, n: int) -> np.ndarray:
    """Periodic cubic B-splines, float32 [n, count]: row ``i`` weights ``count`` evenly spread points at ``i / n`` of the axis."""
    distance = np.arange(n)[:, None] * (count / n) - np.arange(count)[None, :]
    total = np.zeros((n, count))
    for turn in range(-3, 4):
        d = np.abs(distance + turn * count)
        total += np.where(d < 1, (4 - 6 * d ** 2 + 3 * d ** 3) / 6, np.where(d < 2, (2 - d) ** 3 / 6, 0))
    return (total / total.sum(axis=1, keepdims=True)).astype(np.float32)


def add_scaled(out: np.ndarray, image: np.ndarray, gains: np.ndarray) -> None:
    """``out += image * gains``, float32 [z, y, x] the first two; ``gains`` float32 [mz, my, mx] at points over the same cell."""
    along = [spline_matrix(m, n) for m, n in zip(gains.shape, image.shape)]
    flat = np.ascontiguousarray(gains, dtype=np.float32).reshape(gains.shape[0], -1)
    for start, stop in slabs(image.shape[0]):
        part = (along[0][start:stop] @ flat).reshape(stop - start, gains.shape[1], gains.shape[2])
        part = np.matmul(along[1], part) @ along[2].T
        part *= image[start:stop]
        out[start:stop] += part


def carry(values: np.ndarray, shape: Sequence[int]) -> np.ndarray:
    """Values at points, [mz, my, mx], at every voxel of a grid of ``shape``, float32 [z, y, x]."""
    out = np.zeros(tuple(shape), dtype=np.float32)
    add_scaled(out, np.ones(tuple(shape), dtype=np.float32), values)
    return out


def join(parts: Dict[Tuple[int, int, int], np.ndarray], geo: Geometry) -> np.ndarray:
    """Sum of images on different grids over one cell, float32 [z, y, x] on the grid of ``geo``; ``parts`` by shape, emptied on the way."""
    whole = parts.pop(geo.shape, None)
    if not parts:
        return whole if whole is not None else np.zeros(geo.shape, dtype=np.float32)
    ft = np.zeros((geo.shape[0], geo.shape[1], geo.shape[2] // 2 + 1), dtype=np.complex64)
    size = float(np.prod(geo.shape, dtype=np.float64))
    for shape in list(parts):
        small = forward(parts.pop(shape))
        small *= np.float32(size / np.prod(shape, dtype=np.float64))
        rows, cols = (_shared(m, n) for m, n in zip(shape[:2], geo.shape[:2]))
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
