"""Where a map that was cut out of a larger box, or padded, lies in the box of its half-maps."""
from __future__ import annotations

from typing import NamedTuple, Optional, Tuple

import numpy as np

from ..core import alignment, fourier, masks
from ..io.maps import Map

SAME_VOXEL = 0.2                                 # %: what headers of one grid may differ by
_EDGE = 6.0                                      # Å inside of the faces of a box, over which what it knows fades
_ROUNDS = 3                                      # of moving the box to where its density lies


class BoxPlace(NamedTuple):
    """A map in the box of another one.

    ``offset`` (x, y, z): voxel of the other box that the first voxel of the map lies on, by its density; None where no place was found.
    ``map``: the map on the grid of the other one, its origin moved along; None likewise.
    """

    offset: Optional[Tuple[int, int, int]]
    map: Optional[Map]


def voxel_difference(one: Map, other: Map) -> float:
    """How far the voxel sizes of two maps differ.

    Parameters
    ----------
    one, other
        The maps.

    Returns
    -------
    float
        Percent of that of ``other``, of the axis that differs most.
    """
    return float(100 * max(abs(a / b - 1) for a, b in zip(one.voxel_size, other.voxel_size)))


def header_offset(map_: Map, grid: Map) -> np.ndarray:
    """Where the first voxel of a map lies in another box by both headers.

    Parameters
    ----------
    map_, grid
        The map, and the one with the box.

    Returns
    -------
    ndarray
        x, y, z in voxels of ``grid``, float64 [3].
    """
    return (np.asarray(map_.origin) - np.asarray(grid.origin)) / np.asarray(grid.voxel_size)


def laid_in(data: np.ndarray, shape: Tuple[int, int, int], offset: Tuple[int, int, int]) -> np.ndarray:
    """A map put into another box, cut off where it goes beyond it.

    Parameters
    ----------
    data
        float32 [z, y, x].
    shape
        Of the box (nz, ny, nx).
    offset
        Voxel (x, y, z) of the box that the first voxel lies on.

    Returns
    -------
    ndarray
        float32 [z, y, x]; what is not known has the mean of the faces of the map.
    """
    faces = [data[0], data[-1], data[:, 0], data[:, -1], data[:, :, 0], data[:, :, -1]]
    fill = sum(float(f.sum(dtype=np.float64)) for f in faces) / sum(f.size for f in faces)
    out = np.full(shape, fill, dtype=np.float32)
    into, of = [], []
    for start, n, size in zip(offset[::-1], data.shape, shape):
        low, high = max(start, 0), min(start + n, size)
        if low >= high:
            return out
        into.append(slice(low, high))
        of.append(slice(low - start, high - start))
    out[tuple(into)] = data[tuple(of)]
    return out


def known_part(map_: Map, grid: Map, offset: Tuple[int, int, int], edge: float = _EDGE) -> np.ndarray:
    """Mask of what a map knows of another box.

    Parameters
    ----------
    map_, grid
        The map that was cut out, and one of the box.
    offset
        As of :func:`laid_in`.
    edge
        Fall-off inside of its faces, in Å.

    Returns
    -------
    ndarray
        float32 [z, y, x], from 0 to 1.
    """
    rim = [int(np.ceil(edge / v)) for v in grid.voxel_size[::-1]]
    inner = tuple(slice(max(o + r, 0), max(o + n - r, 0)) for o, n, r in zip(offset[::-1], map_.shape, rim))
    inside = np.zeros(grid.shape, dtype=bool)
    inside[inner] = True
    return masks.soft_edge(inside, edge, grid.voxel_size)


def place_of_box(map_: Map, grid: Map, reference: np.ndarray) -> BoxPlace:
    """Where a map lies in the box of its half-maps.

    Parameters
    ----------
    map_
        The map; its voxels are taken to be those of ``grid``.
    grid
        A half-map.
    reference
        Transform of the mean of the half-maps, complex64 [nz, ny, nx // 2 + 1].

    Returns
    -------
    BoxPlace
        Of a map with as many voxels that of its own box, whatever its density. Else the place that its header gives is tried, then the
        middle of the box: the peak of the correlation tells what is left, in whole voxels.
    """
    if map_.shape == grid.shape:
        return BoxPlace((0, 0, 0), Map(map_.data, grid.voxel_size, map_.origin, map_.path, map_.header))
    geo = fourier.geometry(grid.shape, grid.voxel_size)
    middle = tuple(int(n // 2 - m // 2) for n, m in zip(grid.shape[::-1], map_.shape[::-1]))
    told = tuple(int(v) for v in np.rint(header_offset(map_, grid)))
    for start in dict.fromkeys((told, middle)):
        offset = start
        for _ in range(_ROUNDS):
            found = alignment.place(reference, fourier.forward(laid_in(map_.data, grid.shape, offset)), geo, turned=False)
            if not found.found:
                break
            step = tuple(-int(round(t)) for t in found.shift[::-1])
            if not any(step):
                return _placed(map_, grid, offset)
            offset = _inside(tuple(o + s for o, s in zip(offset, step)), map_.shape, grid.shape)
    return BoxPlace(None, None)


def _inside(offset: Tuple[int, ...], shape: Tuple[int, ...], box: Tuple[int, ...]) -> Tuple[int, int, int]:
    """The offset of the copy that lies in the box: correlations go round it."""
    out = []
    for o, n, size in zip(offset, shape[::-1], box[::-1]):
        others = (o, o + size, o - size)
        out.append(max(others, key=lambda v: min(v + n, size) - max(v, 0)))
    return out[0], out[1], out[2]


def _placed(map_: Map, grid: Map, offset: Tuple[int, int, int]) -> BoxPlace:
    origin = tuple(float(o - n * v) for o, n, v in zip(map_.origin, offset, grid.voxel_size))
    return BoxPlace(offset, Map(laid_in(map_.data, grid.shape, offset), grid.voxel_size, origin))
