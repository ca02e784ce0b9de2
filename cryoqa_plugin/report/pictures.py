"""Pictures of maps as PNG: slices, projections."""
from __future__ import annotations

from typing import List, Optional, Sequence, Tuple

import numpy as np
from scipy import ndimage

from ..io.png import png

EDGE = 240                                      # pixels along the longest edge of a slice or projection
_CONTOUR = (230, 120, 0)
_GREYS = 64                                     # shades of a picture: more are not told apart, and cost bytes


def grey_png(image: np.ndarray, limits: Tuple[float, float], outline: Optional[np.ndarray] = None) -> bytes:
    """An image (float [rows, columns]) in grey, black at ``limits[0]`` and white at ``limits[1]``, its longest edge at most ``EDGE``
    pixels; ``outline`` (same shape) is drawn where it passes through 0.5, in a picture of that size.

    Without an outline a small image keeps its pixels: the reader's program makes it large.
    """
    low, high = limits
    scale = EDGE / max(image.shape)
    scaled = resize(image, scale if outline is not None else min(scale, 1.0))
    part = np.clip((scaled - low) / (high - low if high > low else 1.0), 0, 1)
    indices = np.round(part * (_GREYS - 1)).astype(np.uint8)
    ramp = np.repeat(np.round(np.linspace(0, 255, _GREYS))[:, None], 3, axis=1)
    if outline is not None:
        inside = resize(outline, scale) >= 0.5
        indices[inside & ~ndimage.binary_erosion(inside, iterations=2, border_value=1)] = _GREYS
    return png(indices, np.vstack([ramp, _CONTOUR]).astype(np.uint8))


def resize(image: np.ndarray, scale: float) -> np.ndarray:
    """An image (float [rows, columns]) made ``scale`` times as large, linear in between."""
    if scale < 1:                                # the mean over the area that a pixel covers, about
        image = ndimage.uniform_filter(image, max(1, int(round(1 / scale))))
    factors = [max(scale, 1 / n) for n in image.shape]
    return ndimage.zoom(image.astype(np.float32), factors, order=1, mode="nearest", grid_mode=True)


def slices(data: np.ndarray) -> List[Tuple[str, np.ndarray]]:
    """The middle slices: normal to z [y, x], to y [z, x] and to x [z, y]."""
    nz, ny, nx = data.shape
    return [(f"z = {nz // 2}", data[nz // 2]), (f"y = {ny // 2}", data[:, ny // 2]), (f"x = {nx // 2}", data[:, :, nx // 2])]


def projections(data: np.ndarray) -> List[Tuple[str, np.ndarray]]:
    """Sums along z [y, x], y [z, x] and x [z, y]."""
    return [("along z", data.sum(axis=0)), ("along y", data.sum(axis=1)), ("along x", data.sum(axis=2))]


def widest_slices(data: np.ndarray) -> List[Tuple[str, np.ndarray]]:
    """The slices of largest variance normal to z [y, x], to y [z, x] and to x [z, y]."""
    first, second = (np.stack([(p.astype(np.float64) ** k).sum(axis=0) for p in data.swapaxes(0, 1)]) for k in (1, 2))   # [y, x]
    by_z = [float(plane.var(dtype=np.float64)) for plane in data]
    by_y = second.sum(axis=1) / data.shape[0] / data.shape[2] - (first.sum(axis=1) / data.shape[0] / data.shape[2]) ** 2
    by_x = second.sum(axis=0) / data.shape[0] / data.shape[1] - (first.sum(axis=0) / data.shape[0] / data.shape[1]) ** 2
    z, y, x = (int(np.argmax(v)) for v in (by_z, by_y, by_x))
    return [(f"z = {z}", data[z]), (f"y = {y}", data[:, y]), (f"x = {x}", data[:, :, x])]


def maxima(data: np.ndarray) -> List[Tuple[str, np.ndarray]]:
    """Maxima along z [y, x], y [z, x] and x [z, y]."""
    return [(f"along {name}", data.max(axis=axis)) for axis, name in enumerate("zyx")]


def grey_limits(images: Sequence[np.ndarray]) -> Tuple[float, float]:
    """Common black and white levels of some images: their 0.5 and 99.8 percentiles."""
    values = np.concatenate([i.ravel() for i in images])
    low, high = np.quantile(values[np.isfinite(values)], [0.005, 0.998])
    return float(low), float(high)
