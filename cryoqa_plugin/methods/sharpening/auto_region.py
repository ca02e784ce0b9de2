"""Where a trial is scored, and how much of the box is solvent."""
from __future__ import annotations

from typing import NamedTuple, Sequence, Tuple

import numpy as np
import scipy.fft

from ...core import fourier, masks
from ...core.filters import raised_cosine
from ...core.fourier import Geometry
from ...errors import InputError
from ...io.maps import Map
from .auto_gains import Gain, apply

_A3_PER_DALTON = 1.23                            # volume of protein
_STEP = 3.0                                      # voxels of a trial to the resolution: what it holds ends at d_min = 0.833 of it
_LOW, _HIGH = 0.02, 0.99                         # limits of a solvent fraction


class Bounds(NamedTuple):
    """First voxel and length of a box along z, y, x."""

    start: Tuple[int, ...]
    shape: Tuple[int, ...]


def solvent_of_mass(mass: float, grid: Map, what: str) -> float:
    """Part of the box that is solvent when a protein has a mass: ``1 - 1.23 mass / volume``.

    Parameters
    ----------
    mass
        In Da.
    grid
        The map.
    what
        What the mass is of, the beginning of the sentence.

    Returns
    -------
    float
        At most 0.99.

    Raises
    ------
    InputError
        The molecule does not fit into the box.
    """
    volume = float(np.prod(grid.shape)) * float(np.prod(grid.voxel_size))
    fraction = 1 - _A3_PER_DALTON * mass / volume
    if fraction < _LOW:
        raise InputError(f"{what} comes to {mass / 1e3:.4g} kDa, {_A3_PER_DALTON * mass:.4g} Å³, but the box holds {volume:.4g} Å³"
                         f"{f' ({grid.path})' if grid.path else ''}; correct it, or give the whole map.")
    return min(fraction, _HIGH)


def solvent_of_map(grid: Map, resolution: float) -> float:
    """Part of the box where the local variance is below 5 % of its maximum.

    Parameters
    ----------
    grid
        The map.
    resolution
        Resolution in Å.

    Returns
    -------
    float
        0.02 to 0.99.
    """
    inside = masks.local_variance_mask(grid.data, grid.voxel_size, resolution)
    return float(np.clip(1 - np.count_nonzero(inside) / inside.size, _LOW, _HIGH))


def density_bounds(data: np.ndarray, threshold: float, margin: int) -> Bounds:
    """Box of the slabs that hold density.

    Parameters
    ----------
    data
        Map, float32 [z, y, x].
    threshold
        Slabs hold density whose maximum exceeds this part of the range of these maxima.
    margin
        Voxels that the box is made wider.

    Returns
    -------
    Bounds
        Within the map.
    """
    start, shape = [], []
    for axis in range(3):
        most = data.max(axis=tuple(a for a in range(3) if a != axis)).astype(np.float64)
        low, high = float(most.min()), float(most.max())
        there = np.flatnonzero(most >= low + threshold * (high - low))
        first, last = max(0, int(there[0]) - margin), min(data.shape[axis], int(there[-1]) + 1 + margin)
        start.append(first)
        shape.append(last - first)
    return Bounds(tuple(start), tuple(shape))


def box_around(centre: Sequence[float], edge: int, shape: Sequence[int]) -> Bounds:
    """Box around a voxel, pushed back into the map.

    Parameters
    ----------
    centre
        The voxel (z, y, x).
    edge
        Edge of the box in voxels.
    shape
        Voxels of the map (nz, ny, nx).

    Returns
    -------
    Bounds
        Within the map.
    """
    size = tuple(min(int(edge), n) for n in shape)
    start = tuple(int(np.clip(np.floor(c - e / 2 + 0.5), 0, n - e)) for c, e, n in zip(centre, size, shape))
    return Bounds(start, size)


def representative(grid: Map, inside: np.ndarray, resolution: float, weak: bool) -> Tuple[int, ...]:
    """Voxel around which the density varies most, or least of nine in ten.

    Parameters
    ----------
    grid
        The map.
    inside
        Where to look, bool [z, y, x]; everywhere when that is nowhere.
    resolution
        Resolution in Å.
    weak
        Whether the density of the molecule should be weak there.

    Returns
    -------
    tuple of int
        The voxel (z, y, x).
    """
    variance = masks.local_variance(grid.data, grid.voxel_size, resolution)
    place = np.flatnonzero(inside.ravel()) if inside.any() else np.arange(inside.size)
    values = variance.ravel()[place]
    at = np.argsort(values, kind="stable")[values.size // 10] if weak else int(np.argmax(values))
    return tuple(int(i) for i in np.unravel_index(place[at], inside.shape))


def edge_mask(shape: Sequence[int], voxel_size: Sequence[float], width: float) -> np.ndarray:
    """Soft mask that falls to 0 at every face as a raised cosine.

    Parameters
    ----------
    shape
        Voxels (nz, ny, nx).
    voxel_size
        Edges of a voxel (x, y, z) in Å.
    width
        Width of the fall in Å, at most a quarter of the edge.

    Returns
    -------
    ndarray
        float32 [z, y, x].
    """
    out = np.ones(tuple(shape), dtype=np.float32)
    for axis, (n, v) in enumerate(zip(shape, list(voxel_size)[::-1])):
        i = np.arange(n)
        wide = min(width / v, n / 4)
        ramp = raised_cosine(-(np.minimum(i, n - 1 - i) + 0.5), -wide, 0).astype(np.float32)
        out *= ramp.reshape([-1 if a == axis else 1 for a in range(3)])
    return out


def coarse(data: np.ndarray, voxel_size: Sequence[float], resolution: float, gain: Gain) -> Tuple[np.ndarray, Geometry, Tuple[float, ...]]:
    """Transform of a box on a grid no finer than a third of the resolution.

    Parameters
    ----------
    data
        Box of the map, float32 [z, y, x].
    voxel_size
        Edges of its voxels (x, y, z) in Å.
    resolution
        Resolution in Å.
    gain
        Filter that is applied.

    Returns
    -------
    tuple
        Transform, complex64 [mz, my, mx // 2 + 1], of the coefficients that the coarse grid holds; its shells; its voxel size (x, y, z) in
        Å.
    """
    edges = [n * v for n, v in zip(data.shape, list(voxel_size)[::-1])]
    shape = tuple(min(n, scipy.fft.next_fast_len(max(int(np.ceil(_STEP * e / resolution)), 16), real=True))
                  for n, e in zip(data.shape, edges))
    ft = fourier.forward(data)
    for axis, (n, m) in enumerate(zip(data.shape, shape)):
        if m == n:
            continue
        if axis == 2:
            ft = ft[:, :, :m // 2 + 1]
        else:
            keep = np.fft.fftfreq(m, 1 / m).round().astype(int) % n
            ft = np.take(ft, keep, axis=axis)
    ft = np.ascontiguousarray(ft)
    # Transforms are not normalised: the factor keeps the values of the map on the coarse grid.
    ft *= np.float32(np.prod(shape) / data.size)
    size = tuple(e / m for e, m in zip(edges, shape))[::-1]
    geo = fourier.geometry(shape, size)
    return apply(ft, geo, gain, out=ft), geo, size
