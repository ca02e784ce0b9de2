"""What a model leaves of its map, low-passed: small enough to be looked at in pieces."""
from __future__ import annotations

from typing import Callable, NamedTuple, Tuple

import numpy as np
import scipy.fft

from ..core import alignment, atom_grid
from ..core.fourier import Geometry

_FINER = 1.5                          # points of the grid per coefficient


class CoarseRest(NamedTuple):
    """Map less model, and the model, float32 [z, y, x] on a coarse grid over the same box; ``voxel`` (x, y, z) of that in Å."""

    rest: np.ndarray
    own: np.ndarray
    voxel: np.ndarray


def coarse_rest(transforms: Tuple[np.ndarray, np.ndarray], weights: Tuple[np.ndarray, np.ndarray], geo: Geometry, edges: np.ndarray,
                reach: int, fall: Callable[[np.ndarray], np.ndarray]) -> CoarseRest:
    """The map less the model on a coarse grid.

    Parameters
    ----------
    transforms
        Of map and model, complex64 [nz, ny, nx // 2 + 1] each.
    weights
        What their shells are multiplied by, float64 [n_shells] each.
    geo
        Shells of the box.
    edges
        Of the box (x, y, z) in Å, float64 [3].
    reach
        Highest Fourier index that is used.
    fall
        Gives the low-pass at radii in shells.

    Returns
    -------
    CoarseRest
        On the scale of the weighted map.
    """
    cubes = [alignment.centred(ft, geo.shape, reach) for ft in transforms]
    radius = alignment.centred_radius(cubes[0].shape, geo)
    shells, window = np.arange(geo.n_shells), fall(radius)
    shape = [int(scipy.fft.next_fast_len(int(_FINER * m), real=True)) for m in cubes[0].shape]
    whole, own = (atom_grid.coarse_map(cube * (np.interp(radius, shells, w) * window).astype(np.float32), shape, int(np.prod(geo.shape)))
                  for cube, w in zip(cubes, weights))
    return CoarseRest(whole - own, own, edges / shape[::-1])
