"""The picture of an entry: the surface of a map at its contour level, 500 x 500 pixels."""
from __future__ import annotations

from typing import Optional

import numpy as np

from ...core import isosurface, mesh, shading
from ...io.maps import Map
from ...io.png import rgb_png

EDGE = 500                                       # pixels
_MOST = 160                                      # voxels along an edge of the map that is drawn: finer is not seen
_ROOM = 1.06                                     # of the molecule, that the picture shows
_COLOUR = (164, 184, 206)


def picture(map_: Map, level: float) -> Optional[bytes]:
    """The surface of a map as the report shows it first, on white.

    Parameters
    ----------
    map_
        The map; one of many voxels is averaged over blocks of them, at the level that encloses the same part of it.
    level
        Contour level, in the unit of the map.

    Returns
    -------
    bytes or None
        PNG of 500 x 500 pixels; None where there is no surface.
    """
    data, step = isosurface.shrink(map_.data, _MOST)
    if step > 1:
        level = _same_volume(map_.data, level, data)
    vertices, quads = mesh.surface_net(data, level)
    if not len(quads):
        return None
    points = vertices.astype(np.float64) * (step * np.asarray(map_.voxel_size))
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    p = (points - middle) @ shading.first_view().T
    scale = EDGE / (2 * _ROOM * float(np.abs(p[:, :2]).max()))
    seen, drawn = shading.draw(p, quads, np.zeros((len(p), 0)), scale, (EDGE, EDGE))
    image = np.clip(drawn[:, :, :1] * np.asarray(_COLOUR, dtype=np.float32), 0, 255)
    return rgb_png(np.where(seen[:, :, None], np.round(image), 255).astype(np.uint8))


def _same_volume(data: np.ndarray, level: float, small: np.ndarray) -> float:
    """The level at which a smaller map, which is flatter, encloses the same part of the box."""
    count = int(round(float(np.count_nonzero(data >= np.float32(level))) / data.size * small.size))
    return float(np.partition(small, small.size - count, axis=None)[small.size - count]) if 0 < count < small.size else level
