"""The mask."""
from __future__ import annotations

from typing import List

from ...io.maps import read_map
from .. import pictures
from ..blocks import Block, Picture, Pictures
from ..draw import curves, tables, values
from ..section import Results, Section


def render(results: Results) -> List[Block]:
    """Slices of the mask, its values, parts and the mass enclosed against the threshold."""
    document = results["mask"]
    out: List[Block] = []
    path = results.map_file("mask", "mask")
    if path:
        made = tuple(Picture(pictures.grey_png(image, (0.0, 1.0)), f"Slice of the mask at {label}", label)
                     for label, image in pictures.slices(read_map(path).data))
        out.append(Pictures("Middle slices of the mask", made, "White is 1, black is 0."))
    return out + curves(document, filled=True) + values(document) + tables(document)


SECTION = Section(
    id="mask", title="Mask", order=40, asks="file", capability="mask",
    how_to_read="A good mask is in one piece, clear of the edge of the box, a few voxels wider than the molecule, and falls off softly. "
                "A tight or hard mask correlates the half-maps and makes the resolution look better than it is.",
    render=render)
