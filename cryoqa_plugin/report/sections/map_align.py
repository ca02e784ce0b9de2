"""The alignment of two maps: the numbers, the placements, and slices of both."""
from __future__ import annotations

from typing import List, Optional

from ...io.maps import read_map
from .. import pictures
from ..blocks import Block, Card, Picture, Pictures
from ..draw import split_values, tables
from ..section import Results, Section

_FIRST = ("aligned", "rotation_x", "rotation_y", "rotation_z", "shift_x", "shift_y", "shift_z", "rotation_angle", "shift", "centre",
          "mirror_fits", "point_group", "symmetry_correlation", "n_placements", "z_score", "test_correlation", "correlation", "shared_to",
          "cut_off")


def render(results: Results) -> List[Block]:
    """The placements, and the values."""
    document = results["map_align"]
    return tables(document) + split_values(document, _FIRST)


def cards(results: Results) -> List[Card]:
    """Slices of the map where it lies now, beside those of the target."""
    made: List[Picture] = []
    moved = results.map_file("map_align", "aligned_map")
    if not moved:
        return []
    for what, path in (("moved map", moved), ("target", _target(results))):
        if path:
            slices = pictures.slices(read_map(path).data)
            limits = pictures.grey_limits([image for _, image in slices])
            made += [Picture(pictures.grey_png(image, limits), f"Slice of the {what} at {label}", f"{what}, {label}")
                     for label, image in slices]
    title = "Middle slices of the moved map" + (" and of the target" if _target(results) else "")
    return [Card(title, (Pictures(title, tuple(made), "Dense is white; the same places in both rows."),), 7, 71)]


def _target(results: Results) -> Optional[str]:
    return results["map_align"]["inputs"].get("target_map", {}).get("path")


SECTION = Section(
    id="map_align", title="Alignment onto another map", order=43, asks="file", capability="map_align",
    how_to_read="A placement is believed only when it stands out in a band of detail that the search did not use. Copies of a symmetric "
                "target are placements that fit equally well; their order is then chance. The errors are standard errors of the six "
                "numbers, from the maps themselves.",
    render=render, cards=cards)
