"""The locally filtered map."""
from __future__ import annotations

import os
from typing import List, Optional

from ...io.maps import Map, read_map
from .. import pictures
from ..blocks import Block, Picture, Pictures
from ..draw import curves, values
from ..section import Results, Section


def render(results: Results) -> List[Block]:
    """Slices before and after with one scale of grey, the histogram of the resolution, the values."""
    document = results["local_filter"]
    path = results.map_file("local_filter", "filtered")
    out: List[Block] = []
    if path:
        after, before = read_map(path), _before(document["inputs"])
        images = pictures.slices(after.data) + (pictures.slices(before.data) if before else [])
        limits = pictures.grey_limits([image for _, image in images])
        if before:
            out.append(_slices(before, limits, "Middle slices before the filter"))
        out.append(_slices(after, limits, "Middle slices after the filter"))
    return out + curves(document, filled=True) + values(document)


def _before(inputs: dict) -> Optional[Map]:
    """The map that was filtered, None where a file is gone."""
    paths = [inputs[k]["path"] for k in ("full_map", "half1", "half2") if k in inputs]
    if "full_map" in inputs:
        paths = paths[:1]
    if not all(os.path.isfile(p) for p in paths):
        return None
    maps = [read_map(p) for p in paths]
    return maps[0].with_data(sum(m.data for m in maps) / len(maps))


def _slices(map_: Map, limits: tuple, title: str) -> Pictures:
    made = tuple(Picture(pictures.grey_png(image, limits), f"{title}, {label}", label) for label, image in pictures.slices(map_.data))
    return Pictures(title, made, "One scale of grey before and after.")


SECTION = Section(
    id="local_filter", title="Local filter", order=85, question="What is left of the map at its local resolution?",
    capability="local_filter",
    how_to_read="Noise should be gone where the resolution is coarse, and detail be there where it is fine, without steps between them. "
                "The map before and after should agree in everything that you build into.",
    render=render)
