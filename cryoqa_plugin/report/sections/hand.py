"""The hand of the map."""
from __future__ import annotations

import os
from typing import Any, Dict, List, Mapping, Optional, Sequence

import numpy as np

from ...io.maps import Map, read_map
from ...io.png import rgb_png
from ..blocks import Block, Card, Picture, Pictures
from ..draw import curves, split_values, tables
from ..pictures import grey_limits, maxima, resize
from ..section import Results, Section

_FIRST = ("hand", "wrong_probability", "z_score", "top_fraction", "n_helices", "n_pieces", "helical_share")
_EDGE = 128                                      # pixels along the longest edge of a picture
_RIGHT, _LEFT = (40, 120, 220), (220, 50, 40)


def render(results: Results) -> List[Block]:
    """Values, how the pieces of helices wind, and the table of helices."""
    document = results["hand"]
    return split_values(document, _FIRST) + curves(document, ["histogram"], filled=True) + tables(document)


def cards(results: Results) -> List[Card]:
    """Where the helices are, and how they wind."""
    return [Card("Where the helices are", tuple(_where(results["hand"])), 7, 58)]


def _where(document: Mapping[str, Any]) -> List[Block]:
    rows = document["tables"]["helices"]["rows"]
    map_ = _map(document.get("inputs", {}))
    if map_ is None or not rows:
        return []
    images = maxima(map_.data)
    limits = grey_limits([image for _, image in images])
    made = tuple(Picture(_marked(image, limits, map_, rows, axis), f"Maximum of the map {label} with the axes of the helices", label)
                 for axis, (label, image) in enumerate(images))
    return [Pictures("Where the helices are", made, f"The {len(rows)} longest helices over the maximum of the map along each axis: blue "
                     "ones wind to the right, red ones to the left.")]


def _map(inputs: Dict[str, Any]) -> Optional[Map]:
    for kind in ("full_map", "half1"):
        if kind in inputs and os.path.isfile(inputs[kind]["path"]):
            return read_map(inputs[kind]["path"], voxel_size_known=True)
    return None


def _marked(image: np.ndarray, limits: Sequence[float], map_: Map, rows: Sequence[Sequence[float]], axis: int) -> bytes:
    """PNG of the maximum along ``axis`` (z, y, x) in grey with the helices drawn on it."""
    scale = _EDGE / max(image.shape)
    light = np.clip((resize(image, scale) - limits[0]) / max(limits[1] - limits[0], 1e-30), 0, 1)
    picture = np.repeat((255 * light ** 1.5 * 0.8)[..., None], 3, axis=2)
    right, down = ((0, 1), (0, 2), (1, 2))[axis]                         # of x, y, z
    for row in rows:
        middle = (np.array(row[:3]) - map_.origin) / map_.voxel_size
        arm = np.array(row[3:6]) * row[6] / 2 / np.array(map_.voxel_size)
        line = middle + np.linspace(-1, 1, 4 * _EDGE)[:, None] * arm
        r, c = (np.round((line[:, i] + 0.5) * scale - 0.5).astype(int) for i in (down, right))
        for dr, dc in ((0, 0), (0, 1), (1, 0), (1, 1)):
            ok = (r + dr >= 0) & (r + dr < picture.shape[0]) & (c + dc >= 0) & (c + dc < picture.shape[1])
            picture[(r + dr)[ok], (c + dc)[ok]] = _RIGHT if row[7] > row[8] else _LEFT
    return rgb_png(np.round(picture).astype(np.uint8))


SECTION = Section(
    id="hand", title="Hand", order=37, capability="hand", asks="file",
    how_to_read="Alpha helices of proteins wind to the right. In a map of the right hand the rods whose winding can be seen agree on "
                "that; in a mirror image they agree on the opposite. Where there are few helices, where the molecule is nucleic acid or "
                "mostly sheets, or where the resolution is worse than about 5 Å, the map does not show its hand, and nothing is claimed.",
    render=render, cards=cards)
