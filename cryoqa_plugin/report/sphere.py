"""Hemispheres coloured by a value of each direction on a scale of the page, as PNG."""
from __future__ import annotations

from typing import Any, List, Mapping, Optional, Sequence, Tuple

import numpy as np

from .pictures import png
from .scale import Scale, ramp

EDGE = 150                                       # pixels along the edge of a picture
REACH = 20.0                                     # degrees over which values are averaged, the near ones counting more
_LEVELS = 128                                    # colours of the palette
_UNKNOWN, _OUTSIDE = _LEVELS, _LEVELS + 1
VIEWS = (("along z: x right, y down", (0, 0, 1), (1, 0, 0), (0, 1, 0)),
         ("along y: x right, z down", (0, 1, 0), (1, 0, 0), (0, 0, 1)),
         ("along x: y right, z down", (1, 0, 0), (0, 1, 0), (0, 0, 1)))


def directions(document: Mapping[str, Any], column: int = 3) -> Optional[Tuple[np.ndarray, np.ndarray]]:
    """Directions (x, y, z), float64 [n, 3], and a value of each, float64 [n], NaN where there is none, of a saved result.

    They are the first three columns of the table ``directions`` and the given one, the resolution in Å when none is given; None when
    fewer than twelve are known.
    """
    rows = document["tables"].get("directions", {}).get("rows", [])
    values = np.array([np.nan if row[column] is None else row[column] for row in rows], dtype=float)
    if np.count_nonzero(np.isfinite(values)) < 12:
        return None
    return np.array([row[:3] for row in rows], dtype=float), values


def hemispheres(axes: np.ndarray, values: np.ndarray, scale: Scale) -> List[Tuple[str, bytes]]:
    """A label and a PNG for the views along z, y and x.

    ``axes`` float64 [n, 3] are directions (x, y, z), opposite ones being the same; ``values`` float64 [n], NaN where not known, which is
    grey. The centre of a disc is the axis of the view, its rim the directions across it; areas are kept (Lambert's projection).
    """
    return [(label, _disc(axes, values, scale, *frame)) for label, *frame in VIEWS]


def _disc(axes: np.ndarray, values: np.ndarray, scale: Scale, centre: Sequence[float], right: Sequence[float],
          down: Sequence[float]) -> bytes:
    vectors, r2 = disc_vectors(EDGE, centre, right, down)
    inside = r2 <= 1
    level = scale.fraction(smooth(vectors[inside], axes, values))
    picture = np.full(r2.shape, _OUTSIDE, dtype=np.uint8)
    picture[inside] = np.where(np.isfinite(level), np.round(np.nan_to_num(level) * (_LEVELS - 1)), _UNKNOWN).astype(np.uint8)
    palette = np.vstack([np.round(ramp(np.linspace(0, 1, _LEVELS))), (150, 156, 164), (255, 255, 255)]).astype(np.uint8)
    return png(picture, palette, clear=_OUTSIDE)


def disc_vectors(edge: int, centre: Sequence[float], right: Sequence[float], down: Sequence[float]) -> Tuple[np.ndarray, np.ndarray]:
    """Directions (x, y, z) at the pixels of a disc, float64 [edge, edge, 3], and squared distances from its middle, 1 on the rim."""
    at = (np.arange(edge) + 0.5) * 2 / edge - 1
    u, v = np.meshgrid(at, at)
    r2 = u * u + v * v
    stretch = np.sqrt(np.maximum(2 - r2, 0))
    return np.stack([1 - r2, u * stretch, v * stretch], axis=-1) @ np.array([centre, right, down], dtype=float), r2


def smooth(vectors: np.ndarray, axes: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Mean of the values near each vector, with a weight that falls to 0 at the reach; NaN where most of what is near has no value."""
    known = np.isfinite(values)
    weight = np.maximum(np.abs(vectors @ axes.T) - np.cos(np.deg2rad(REACH)), 0) ** 2
    total, every, sums = (weight @ np.stack([known, np.ones(len(known)), np.where(known, values, 0.0)], axis=1)).T
    there = (total > 0) & (total >= 0.5 * every)
    return np.divide(sums, total, out=np.full(len(vectors), np.nan), where=there)
