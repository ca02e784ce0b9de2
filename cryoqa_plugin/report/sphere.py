"""Hemispheres coloured by a value of each direction, as PNG."""
from __future__ import annotations

from typing import Any, List, Mapping, Optional, Sequence, Tuple

import numpy as np

from .pictures import png

EDGE = 240                                       # pixels along the edge of a picture
_REACH = 12.0                                    # degrees over which values are averaged
_STOPS = ((68, 1, 84), (59, 82, 139), (33, 145, 140), (94, 201, 98), (253, 231, 37))
_WHITE, _BLACK, _UNKNOWN = 253, 254, 255
VIEWS = (("along z: x to the right, y down", (0, 0, 1), (1, 0, 0), (0, 1, 0)),
         ("along y: x to the right, z down", (0, 1, 0), (1, 0, 0), (0, 0, 1)),
         ("along x: y to the right, z down", (1, 0, 0), (0, 1, 0), (0, 0, 1)))


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


def limits(values: np.ndarray, least: float = 0.05) -> Tuple[float, float]:
    """Ends of the colour scale: the 2.5 and 97.5 percentiles, but at least ``least`` of the median to either side of it."""
    low, middle, high = np.quantile(values[np.isfinite(values)], (0.025, 0.5, 0.975))
    return float(min(low, middle * (1 - least))), float(max(high, middle * (1 + least)))


def fixed_limits(values: np.ndarray, low: float, high: float) -> Tuple[float, float]:
    """Ends of a colour scale that are the same for all maps, so that scatter does not look like a finding: wider where the 2.5 and 97.5
    percentiles of the values lie beyond, never narrower."""
    ends = np.quantile(values[np.isfinite(values)], (0.025, 0.975))
    return float(min(ends[0], low)), float(max(ends[1], high))


def hemispheres(axes: np.ndarray, values: np.ndarray, scale: Tuple[float, float]) -> List[Tuple[str, bytes]]:
    """A label and a PNG for the views along z, y and x.

    ``axes`` float64 [n, 3] are directions (x, y, z), opposite ones being the same; ``values`` float64 [n], NaN where not known.
    The centre of a disc is the axis of the view, its rim the directions across it; areas are kept (Lambert's projection). The bar below
    runs from ``scale[0]`` (dark) to ``scale[1]`` (bright).
    """
    return [(label, _disc(axes, values, scale, *frame)) for label, *frame in VIEWS]


def _disc(axes: np.ndarray, values: np.ndarray, scale: Tuple[float, float], centre: Sequence[float], right: Sequence[float],
          down: Sequence[float]) -> bytes:
    disc = EDGE - 20
    vectors, r2 = disc_vectors(disc, centre, right, down)
    inside = r2 <= 1
    found = np.full(r2.shape, np.nan)
    found[inside] = smooth(vectors[inside], axes, values)
    picture = np.full((EDGE, EDGE), _WHITE, dtype=np.uint8)
    level = np.clip((found - scale[0]) / (scale[1] - scale[0]), 0, 1)
    colours = np.where(np.isfinite(level), np.round(np.nan_to_num(level) * 252), _UNKNOWN)
    picture[:disc, 10:10 + disc][inside] = colours[inside].astype(np.uint8)
    rim = (r2 <= 1) & (r2 > (1 - 2 / disc) ** 2)
    picture[:disc, 10:10 + disc][rim] = _BLACK
    middle = disc // 2
    picture[middle, 5 + middle:16 + middle] = picture[middle - 5:middle + 6, 10 + middle] = _BLACK
    picture[-14:-4, 10:-10] = np.round(np.linspace(0, 252, EDGE - 20)).astype(np.uint8)
    return png(picture, _palette())


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
    weight = np.maximum(np.abs(vectors @ axes.T) - np.cos(np.deg2rad(_REACH)), 0) ** 2
    total = weight @ known
    there = (total > 0) & (total >= 0.5 * weight.sum(axis=1))
    return np.divide(weight @ np.where(known, values, 0.0), total, out=np.full(len(vectors), np.nan), where=there)


def _palette() -> np.ndarray:
    at = np.linspace(0, len(_STOPS) - 1, 253)
    ramp = np.stack([np.interp(at, np.arange(len(_STOPS)), channel) for channel in np.array(_STOPS, dtype=float).T], axis=1)
    return np.vstack([np.round(ramp), (255, 255, 255), (0, 0, 0), (190, 190, 190)]).astype(np.uint8)
