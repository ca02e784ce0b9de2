"""The mask."""
from __future__ import annotations

from typing import List

from ...io.maps import read_map
from .. import pictures
from ..blocks import Block, Card, Picture, Pictures
from ..draw import curves, tables, values
from ..section import Results, Section


def render(results: Results) -> List[Block]:
    """Values and parts of the mask, and the mass enclosed against the threshold."""
    document = results["mask"]
    return values(document) + tables(document) + curves(document, filled=True)


def cards(results: Results) -> List[Card]:
    """Slices of the mask."""
    path = results.map_file("mask", "mask")
    if not path:
        return []
    made = tuple(Picture(pictures.grey_png(image, (0.0, 1.0)), f"Slice of the mask at {label}", label)
                 for label, image in pictures.slices(read_map(path).data))
    return [Card("Middle slices of the mask", (Pictures("Middle slices of the mask", made, "White is 1, black is 0."),), 7, 70)]


SECTION = Section(
    id="mask", title="Mask", order=40, asks="file", capability="mask",
    how_to_read="A good mask is in one piece, clear of the edge of the box, a few voxels wider than the molecule, and falls off softly. "
                "A tight or hard mask correlates the half-maps and makes the resolution look better than it is.",
    render=render, cards=cards)
