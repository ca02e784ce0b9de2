"""Slices of a map coloured by local values on a scale of the page, as PNG."""
from __future__ import annotations

import os
from functools import lru_cache
from typing import Any, List, Mapping, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from ..io.maps import read_map
from .blocks import Block, Picture, Pictures
from .pictures import grey_limits, png, resize
from .scale import Scale, ramp
from .section import Results

EDGE = 220                                       # pixels along the longest edge of a slice
_HUES, _SHADES, _GREYS = 20, 8, 32               # of the palette of a slice: 20 x 8 colours and the greys
_MARGIN = 4                                      # voxels about what has a value
Triple = Tuple[int, int, int]


class Window(NamedTuple):
    """Part of a box that is shown: its middle and its half edges in voxels, both (z, y, x)."""

    centre: Triple
    reach: Triple


def window(known: np.ndarray) -> Window:
    """Window about the voxels that have a value, bool [z, y, x]; the whole box where none has."""
    edges = []
    for axis in range(3):
        line = np.flatnonzero(known.any(axis=tuple(a for a in range(3) if a != axis)))
        edges.append((int(line[0]), int(line[-1])) if line.size else (0, known.shape[axis] - 1))
    return Window(tuple((a + b + 1) // 2 for a, b in edges),             # type: ignore[arg-type]  # three of them
                  tuple((b - a) // 2 + 1 + _MARGIN for a, b in edges))   # type: ignore[arg-type]


def window_slices(data: np.ndarray, part: Window) -> List[Tuple[str, np.ndarray]]:
    """The slices through the middle of a window, normal to z [y, x], to y [z, x] and to x [z, y], all of one size; 0 beyond the box."""
    z, y, x = part.centre
    across, along = max(part.reach[1:]), max(part.reach[0], part.reach[1])
    views = ((f"z = {z}: x right, y down", data[z], (y, x)), (f"y = {y}: x right, z down", data[:, y], (z, x)),
             (f"x = {x}: y right, z down", data[:, :, x], (z, y)))
    return [(label, _cut(image, middle, (along, across))) for label, image, middle in views]


def _cut(image: np.ndarray, middle: Tuple[int, int], reach: Tuple[int, int]) -> np.ndarray:
    out = np.zeros(tuple(2 * r + 1 for r in reach), dtype=np.float32)
    source, target = [], []
    for m, r, n in zip(middle, reach, image.shape):
        first, last = max(0, m - r), min(n, m + r + 1)
        source.append(slice(first, last))
        target.append(slice(first - m + r, last - m + r))
    out[tuple(target)] = image[tuple(source)]
    return out


def coloured_slices(values: np.ndarray, scale: Scale, background: Optional[Sequence[np.ndarray]] = None,
                    part: Optional[Window] = None) -> List[Tuple[str, bytes]]:
    """A label and a PNG for the middle slices of ``values``, float32 [z, y, x], coloured where they are above 0.

    ``scale`` gives the place of a value among the colours. ``background`` has the same slices of the map below (:func:`window_slices`),
    which are shown in grey, and lighten or darken the colours; ``part`` is what is shown, by default all about the values.
    """
    part = part or window(values > 0)
    images = window_slices(values, part)
    behind = [np.zeros_like(image) for _, image in images] if background is None else background
    grey = (-1.0, 0.0) if background is None else grey_limits(behind)
    shown = [_levels(image, scale, under, grey) for (_, image), under in zip(images, behind)]
    places = np.concatenate([place[known] for place, known, _ in shown])
    ends = (float(places.min()), float(places.max())) if places.size else (0.0, 1.0)
    return [(label, _picture(*one, ends, background is None)) for (label, _), one in zip(images, shown)]


def _levels(image: np.ndarray, scale: Scale, under: np.ndarray, grey: Tuple[float, float]) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Places on the scale, which pixels have a value, and the lightness of the map below, each [rows, columns]."""
    factor = EDGE / max(image.shape)
    has = (image > 0).astype(np.float32)
    share = resize(has, factor)                  # values are averaged over the known ones alone
    place = scale.fraction(resize(image * has, factor) / np.maximum(share, 1e-6))
    light = np.clip((resize(under, factor) - grey[0]) / max(grey[1] - grey[0], 1e-30), 0, 1)
    return place, share >= 0.5, light


def _picture(place: np.ndarray, known: np.ndarray, light: np.ndarray, ends: Tuple[float, float], plain: bool) -> bytes:
    """PNG with a palette whose colours go only over what is shown: few bytes, and no steps in an even map."""
    low, high = ends
    hues = ramp(np.linspace(low, high, _HUES))
    lights = 0.28 + 0.72 * np.linspace(0, 1, _SHADES)
    greys = np.repeat(12 + 150 * np.linspace(0, 1, _GREYS)[:, None], 3, axis=1)
    palette = np.vstack([(hues[:, None] * lights[None, :, None]).reshape(-1, 3), greys])
    hue = np.round((place - low) / max(high - low, 1e-9) * (_HUES - 1))
    inside = hue * _SHADES + np.round(light * (_SHADES - 1))
    outside = _HUES * _SHADES + (0 if plain else np.round(light * (_GREYS - 1)))
    return png(np.where(known, np.clip(inside, 0, _HUES * _SHADES - 1), outside).astype(np.uint8), np.round(palette).astype(np.uint8))


def value_slices(results: Results, capability: str, name: str, title: str, scale: Scale, behind: str, what: str) -> List[Block]:
    """The middle slices of the map ``name`` of a capability, coloured by ``scale`` where it is above 0, over its input map.

    ``behind`` names the input map and ``what`` the value.
    """
    path = results.map_file(capability, name)
    if not path:
        return []
    values = read_map(path).data
    part = window(values > 0)
    background = background_slices(results[capability].get("inputs", {}), values.shape, part)
    made = tuple(Picture(picture, f"{what} in the slice at {label}", label)
                 for label, picture in coloured_slices(values, scale, background, part))
    shade = "" if background is None else f"Grey, and the shade of the colours: {behind}."
    return [Pictures(title, made, shade)]


def background_slices(inputs: Mapping[str, Any], shape: Tuple[int, ...], part: Window) -> Optional[Sequence[np.ndarray]]:
    """Slices of the mean of the half-maps, or of the map when there are none; None when a file is gone or of another shape."""
    paths = [inputs[k]["path"] for k in ("half1", "half2") if k in inputs] or [inputs[k]["path"] for k in ("full_map",) if k in inputs]
    if not paths or not all(os.path.isfile(p) for p in paths):
        return None
    return _slices_of(tuple((p, os.stat(p).st_mtime_ns) for p in paths), tuple(shape), part)


@lru_cache(maxsize=8)
def _slices_of(files: Tuple[Tuple[str, int], ...], shape: Tuple[int, ...], part: Window) -> Optional[Sequence[np.ndarray]]:
    """Slices of the mean of some maps; kept, because every local method asks for the same ones."""
    total: Optional[List[np.ndarray]] = None
    for path, _ in files:
        data = read_map(path, voxel_size_known=True).data
        if data.shape != shape:
            return None
        found = [image / np.float32(len(files)) for _, image in window_slices(data, part)]
        total = found if total is None else [a + b for a, b in zip(total, found)]
    return total
