"""The new box of a map: what happened to each input, and how it looks."""
from __future__ import annotations

from typing import List

from ...io.maps import read_map
from .. import pictures
from ..blocks import Block, Card, Picture, Pictures
from ..draw import curves, split_values, tables
from ..section import Results, Section

_FIRST = ("around", "box", "first_voxel", "voxel_size", "origin", "moved_by", "cut_off", "cut_off_of", "beyond_share", "detail_to",
          "flipped", "inverted")


def render(results: Results) -> List[Block]:
    """The values, and the FSC where one was given."""
    document = results["map_box"]
    return split_values(document, _FIRST) + curves(document)


def cards(results: Results) -> List[Card]:
    """Slices of the map in its new box, and what happened to each input."""
    happened = [Card("What happened to each input", tuple(tables(results["map_box"])), 12, 71)]
    path = results.map_file("map_box", "boxed_map")
    if not path:
        return happened
    slices = pictures.slices(read_map(path).data)
    limits = pictures.grey_limits([image for _, image in slices])
    made = tuple(Picture(pictures.grey_png(image, limits), f"Slice of the new box at {label}", label)
                 for label, image in slices)
    return [Card("Middle slices of the new box", (Pictures("Middle slices of the new box", made, "Dense is white."),), 7, 70), *happened]


SECTION = Section(
    id="map_box", title="New box", order=42, asks="map", capability="map_box",
    how_to_read="The table says of each input what was done to it. Where the place is kept, models of the map fit the box as they are; "
                "where it was moved, take the model that was moved along. A part of the molecule outside of the box is gone from all that "
                "is computed on it.",
    render=render, cards=cards)
