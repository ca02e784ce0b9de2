"""Slices of a map coloured by another one, with the scale of the colours below, as PNG."""
from __future__ import annotations

from typing import List, Optional, Tuple

import numpy as np

from .pictures import EDGE, grey_limits, resize, rgb_png, slices

_STOPS = ((49, 54, 149), (69, 160, 210), (150, 215, 150), (250, 215, 70), (200, 30, 40))
_BAR, _GAP = 10, 4                               # height of the bar and of the white above it, in pixels


def ramp(level: np.ndarray) -> np.ndarray:
    """Colours, float64 [..., 3] in 0..255, of levels from 0 (blue) to 1 (red)."""
    at = np.clip(level, 0, 1) * (len(_STOPS) - 1)
    return np.stack([np.interp(at, np.arange(len(_STOPS)), channel) for channel in np.array(_STOPS, dtype=float).T], axis=-1)


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
