"""Slices of a map coloured by another one, with the scale of the colours below, as PNG."""
from __future__ import annotations

import os
from typing import Any, List, Mapping, Optional, Tuple

import numpy as np

from ..io.maps import read_map
from .blocks import Block, Picture, Pictures
from .pictures import EDGE, grey_limits, resize, rgb_png, slices
from .scale import ramp
from .section import Results

_BAR, _GAP = 10, 4                               # height of the bar and of the white above it, in pixels


def coloured_slices(values: np.ndarray, scale: Tuple[float, float], background: Optional[np.ndarray] = None) -> List[Tuple[str, bytes]]:
    """A label and a PNG for the middle slices of ``values``, float32 [z, y, x], coloured where they are above 0.

    ``scale`` gives the values of the first and the last colour. ``background`` (same shape) is shown in grey, and lightens or darkens
    the colours. A bar of the colours, from low to high, is drawn below each slice.
    """
    images = slices(values)
    behind = [image for _, image in slices(background)] if background is not None else [np.zeros(i.shape) for _, i in images]
    grey = grey_limits(behind) if background is not None else (-1.0, 1.0)
    return [(label, _one(image, scale, under, grey)) for (label, image), under in zip(images, behind)]


def _one(image: np.ndarray, scale: Tuple[float, float], under: np.ndarray, grey: Tuple[float, float]) -> bytes:
    factor = EDGE / max(image.shape)
    known = (image > 0).astype(np.float32)
    share = resize(known, factor)                # values are averaged over the known ones alone
    level = (resize(image, factor) / np.maximum(share, 1e-6) - scale[0]) / max(scale[1] - scale[0], 1e-9)
    light = np.clip((resize(under, factor) - grey[0]) / max(grey[1] - grey[0], 1e-30), 0, 1)[..., None]
    picture = np.where(share[..., None] >= 0.5, ramp(level) * (0.55 + 0.45 * light) + 40 * light, 255 * light)
    bar = np.broadcast_to(ramp(np.linspace(0, 1, picture.shape[1])), (_BAR, picture.shape[1], 3))
    white = np.full((_GAP, picture.shape[1], 3), 255.0)
    return rgb_png(np.clip(np.round(np.concatenate([picture, white, bar])), 0, 255).astype(np.uint8))


def resolution_slices(results: Results, capability: str, name: str, title: str, scale: Tuple[float, float],
                      behind: str) -> List[Block]:
    """The middle slices of the local-resolution map ``name`` of a capability, over its input map, which ``behind`` names."""
    words = f"Blue is {scale[0]:.2f} Å or better and red {scale[1]:.2f} Å or worse, as the bar below each slice."
    return value_slices(results, capability, name, title, scale, behind, "Local resolution", words)


def value_slices(results: Results, capability: str, name: str, title: str, scale: Tuple[float, float], behind: str, what: str,
                 words: str) -> List[Block]:
    """The middle slices of the map ``name`` of a capability, coloured by ``scale`` where it is above 0, over its input map.

    ``behind`` names the input map, ``what`` the value, and ``words`` tell what the colours mean.
    """
    path = results.map_file(capability, name)
    if not path:
        return []
    values = read_map(path).data
    background = _background(results[capability].get("inputs", {}), values.shape)
    made = tuple(Picture(picture, f"{what} in the slice at {label}", label)
                 for label, picture in coloured_slices(values, scale, background))
    shade = "" if background is None else f" Grey, and the shade of the colours, are {behind}."
    return [Pictures(title, made, words + shade)]


def _background(inputs: Mapping[str, Any], shape: Tuple[int, ...]) -> Optional[np.ndarray]:
    """The mean of the half-maps, or the map when there are none; None when a file is gone or of another shape."""
    paths = [inputs[k]["path"] for k in ("half1", "half2") if k in inputs] or [inputs[k]["path"] for k in ("full_map",) if k in inputs]
    if not paths or not all(os.path.isfile(p) for p in paths):
        return None
    maps = [read_map(p).data for p in paths]
    return None if any(m.shape != shape for m in maps) else sum(maps) / np.float32(len(maps))
