"""The connected pieces of a confidence mask: where each lies, how strong it is, and whether noise makes such pieces."""
from __future__ import annotations

from typing import Any, List, NamedTuple, Tuple

import numpy as np
from scipy.spatial import cKDTree

from ...core import masks
from ...io.maps import Map
from ...results import Table
from ...study.confident import Tail
from ..masks import common

NOISE, DENSITY = "as noise", "density"
_COLUMNS = ("piece", "volume (Å³)", "share (%)", "peak (sd)", "x (Å)", "y (Å)", "z (Å)", "from the largest (Å)", "voxels so high in noise",
            "judged")
_MOST = 20                                       # pieces in the table
_LOW = 3.0                                       # sd: the noise above this is in larger pieces than that above any threshold of the rate
_RARE = 0.05                                     # voxels as high that noise brings to the whole map


class Blobs(NamedTuple):
    """``table`` of at most 20 pieces, largest first; ``density``: pieces beside the largest that noise does not make."""

    table: Table
    density: int


def blobs_of(mask: np.ndarray, heights: np.ndarray, tail: Tail, tested: int, noise_size: int, grid: Map) -> Tuple[np.ndarray, Blobs]:
    """Look at each connected piece.

    Parameters
    ----------
    mask
        The confident voxels, bool [z, y, x].
    heights
        Their density over the standard deviation of its noise, as it was tested, float32 [n].
    tail
        How often noise is as high.
    tested
        Voxels that were tested.
    noise_size
        Voxels of the largest piece of noise, of :func:`largest_of_noise`.
    grid
        Any map of the grid.

    Returns
    -------
    sizes : ndarray
        Voxels of the pieces, largest first.
    found : Blobs
        A piece is as noise where it is no larger than those of noise and its peak is no higher than noise brings to the map.
    """
    labels, sizes = masks.components(mask)
    peaks = np.full(sizes.size, 1e-30, np.float32)
    np.maximum.at(peaks, labels[mask] - 1, heights)
    expected = np.minimum(tail(peaks) * tested, tested)
    noise = (sizes <= noise_size) & (expected >= _RARE)
    edges, volume, tree = np.asarray(grid.voxel_size)[::-1], float(np.prod(grid.voxel_size)), None
    rows: List[Tuple[Any, ...]] = []
    for i, (place, centre) in enumerate(common.parts(labels, sizes, grid, _MOST)):
        away = None
        if sizes.size > 1:
            own = (_surface(labels[place] == i + 1) + np.array([s.start for s in place])) * edges
            away = None if tree is None else float(tree.query(own)[0].min())
            tree = cKDTree(own) if tree is None else tree                    # of the largest
        rows.append((i + 1, float(sizes[i]) * volume, 100 * float(sizes[i]) / float(sizes.sum()), float(peaks[i]), *centre, away,
                     float(expected[i]), NOISE if noise[i] else DENSITY))
    return sizes, Blobs(Table(_COLUMNS, tuple(rows)), int(np.count_nonzero(~noise[1:])))


def largest_of_noise(sample: np.ndarray, region: np.ndarray) -> int:
    """How large pieces of noise are.

    Parameters
    ----------
    sample
        Noise in standard deviations, float32 [n].
    region
        Where it is, bool [z, y, x].

    Returns
    -------
    int
        Voxels of the largest connected piece beyond 3 standard deviations.
    """
    beyond = np.zeros(region.shape, bool)
    beyond[region] = np.abs(sample) >= _LOW
    sizes = masks.components(beyond)[1]
    return int(sizes[0]) if sizes.size else 0


def _surface(inside: np.ndarray) -> np.ndarray:
    """Voxels of a body that have a neighbour outside of it or lie at a face, float32 [n, 3] (z, y, x)."""
    deep = inside.copy()
    for axis in range(3):
        ahead = [slice(None)] * 3
        behind = [slice(None)] * 3
        ahead[axis], behind[axis] = slice(1, None), slice(None, -1)
        deep[tuple(behind)] &= inside[tuple(ahead)]
        deep[tuple(ahead)] &= inside[tuple(behind)]
        for end in (0, -1):
            face = [slice(None)] * 3
            face[axis] = slice(end, None) if end else slice(0, 1)
            deep[tuple(face)] = False
    return np.argwhere(inside & ~deep).astype(np.float32)
