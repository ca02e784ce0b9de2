"""A local filter taken from the map that it made, and applied to another map: what was done to a full map, done to a half-map."""
from __future__ import annotations

from typing import Dict, List, Sequence, Tuple

import numpy as np

from . import local, local_gains
from .fourier import Geometry

_RIDGE = 1e-6                         # of the mean power, so that empty places have a gain of 0 and not 0 / 0


def replay(filtered: np.ndarray, source: np.ndarray, onto: Sequence[np.ndarray], geo: Geometry, sigma: float, width: float,
           last: float) -> List[np.ndarray]:
    """Maps filtered by the local filter that makes one map of another.

    In each band of frequencies the gain at a point is ``<filtered source> / <source^2>``, averaged under a Gaussian; the bands add up to 1,
    so that what was not filtered comes back as it was.

    Parameters
    ----------
    filtered, source
        Transforms of the map after and before the filter, complex64 [nz, ny, nx // 2 + 1].
    onto
        Transforms of the maps to filter, likewise.
    geo
        Shells of the box.
    sigma
        Standard deviation of the Gaussian, in the unit of the voxel size.
    width, last
        Spacing of the bands and the centre of the last, in shell units.

    Returns
    -------
    list of ndarray
        float32 [z, y, x] for each of ``onto``.
    """
    voxel = [geo.length / s / n for s, n in zip(geo.steps, geo.shape)]
    grid = local.points(geo.shape, voxel[::-1], sigma)
    centres = np.arange(0, last + width / 2, width)
    shapes = local_gains.band_shapes(geo, centres + width, grid.sigma)
    parts: List[Dict[Tuple[int, ...], np.ndarray]] = [{} for _ in onto]
    for centre, shape in zip(centres, shapes):
        profile = local_gains.hann_band(centre, width, int(np.ceil((centre + width) * local_gains.FINE)) + 2)
        gain = _gain(*(local_gains.band_image(ft, geo, profile, shape) for ft in (filtered, source)), grid)
        for ft, sums in zip(onto, parts):
            # Bands on grids of one shape are added there, so that each shape is taken to the whole box once.
            total = sums.setdefault(shape, np.zeros(shape, dtype=np.float32))
            local_gains.add_scaled(total, local_gains.band_image(ft, geo, profile, shape), gain)
    return [local_gains.join(sums, geo) for sums in parts]


def _gain(a: np.ndarray, b: np.ndarray, grid: local.Points) -> np.ndarray:
    # ((a + b) / 2)^2 - ((a - b) / 2)^2 = a b
    plus, minus = local.local_powers(a, b, grid)
    power = local_gains.local_square(b, grid)
    return (plus - minus) / (power + _RIDGE * float(power.mean()) + 1e-30)
