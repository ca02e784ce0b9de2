"""The symmetry of a map: axes over its projections, what each operator holds to, and where copies differ."""
from __future__ import annotations

import os
from typing import Any, List, Mapping, Optional, Sequence

import numpy as np

from ...io.maps import Map, read_map
from ...io.png import rgb_png
from ..blocks import Block, Card, Picture, Pictures
from ..draw import curves, split_values, tables
from ..pictures import grey_limits, maxima, resize
from ..section import Results, Section

_FIRST = ("point_group", "relative", "holds_to", "chance", "approximate_group", "approximate_kind", "approximate_to", "imposed", "helix",
          "rise", "rise_error", "twist", "twist_error", "differs", "scipion_name")
_EDGE = 128                                      # pixels along the longest edge of a picture
_COLOURS = {"exact": (40, 120, 220), "approximate": (230, 140, 30), "pseudo": (150, 150, 150)}


def render(results: Results) -> List[Block]:
    """Values, correlation by band, and the tables of axes, operators, copies and places."""
    document = results["map_symmetry"]
    return split_values(document, _FIRST) + curves(document) + tables(document)


def cards(results: Results) -> List[Card]:
    """Where the axes are."""
    blocks = _where(results["map_symmetry"])
    return [Card("Where the axes are", tuple(blocks), 7, 57)] if blocks else []


def _where(document: Mapping[str, Any]) -> List[Block]:
    rows = document.get("tables", {}).get("axes", {}).get("rows", [])
    map_ = _map(document.get("inputs", {}))
    if map_ is None or not rows:
        return []
    images = maxima(map_.data)
    limits = grey_limits([image for _, image in images])
    made = tuple(Picture(_marked(image, limits, map_, rows, axis), f"Maximum of the map {label} with the axes of its symmetry", label)
                 for axis, (label, image) in enumerate(images))
    return [Pictures("Where the axes are", made, "Axes of symmetry over the maximum of the map along each axis of the box: blue ones are "
                     "exact, orange ones approximate, grey ones those of a pseudo-symmetry. A dot is an axis seen from its end.")]


def _map(inputs: Mapping[str, Any]) -> Optional[Map]:
    for kind in ("full_map", "half1"):
        if kind in inputs and os.path.isfile(inputs[kind]["path"]):
            return read_map(inputs[kind]["path"], voxel_size_known=True)
    return None


def _marked(image: np.ndarray, limits: Sequence[float], map_: Map, rows: Sequence[Sequence[Any]], axis: int) -> bytes:
    """PNG of the maximum along ``axis`` (z, y, x) in grey with the axes drawn on it, those that are exact on top."""
    scale = _EDGE / max(image.shape)
    light = np.clip((resize(image, scale) - limits[0]) / max(limits[1] - limits[0], 1e-30), 0, 1)
    picture = np.repeat((255 * light ** 1.5 * 0.8)[..., None], 3, axis=2)
    right, down = ((0, 1), (0, 2), (1, 2))[axis]                         # of x, y, z
    voxel = np.array(map_.voxel_size)
    length = 0.45 * min(n * v for n, v in zip(map_.shape[::-1], voxel))
    for row in sorted(rows, key=lambda r: r[8] == "exact"):
        middle, arm = (np.array(row[4:7]) - map_.origin) / voxel, np.array(row[1:4]) * length / voxel
        line = middle + np.linspace(-1, 1, 4 * _EDGE)[:, None] * arm
        r, c = (np.round((line[:, i] + 0.5) * scale - 0.5).astype(int) for i in (down, right))
        for dr, dc in ((0, 0), (0, 1), (1, 0), (1, 1)):
            ok = (r + dr >= 0) & (r + dr < picture.shape[0]) & (c + dc >= 0) & (c + dc < picture.shape[1])
            picture[(r + dr)[ok], (c + dc)[ok]] = _COLOURS[row[8]]
    return rgb_png(np.round(picture).astype(np.uint8))


SECTION = Section(
    id="map_symmetry", title="Symmetry", order=38, capability="map_symmetry", asks="file",
    how_to_read="A symmetry is exact when half-map 1 correlates with the turned half-map 2 as well as with half-map 2 unturned, in all "
                "bands of resolution. An approximate one fades towards fine detail: its copies are alike, but not the same, or not quite "
                "where the axes would have them. A pseudo-symmetry is one of the outline. Where the noise of the half-maps repeats by "
                "an operator, the reconstruction imposed it, and the map would show it whatever the molecule is.",
    render=render, cards=cards)
