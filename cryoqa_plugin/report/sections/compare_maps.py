"""The scoreboard of maps of the same data."""
from __future__ import annotations

from typing import List

from ...io.maps import read_map
from .. import pictures
from ..blocks import Block, Card, Picture, Pictures
from ..draw import curves, tables, values
from ..section import Results, Section


def render(results: Results) -> List[Block]:
    """The spectra and profiles, the values, where the first two maps differ."""
    document = results["compare_maps"]
    return curves(document) + values(document) + tables(document, skip=("scoreboard",))


def cards(results: Results) -> List[Card]:
    """The table of the maps, and one slice of each side by side with one spectrum."""
    board = tables(results["compare_maps"], skip=("differences",))
    return ([Card("Maps, the best first", tuple(board), 12, 64)] if board else []) + _side_by_side(results) + _pair(results)


def _pair(results: Results) -> List[Card]:
    """Slices of the difference and of the local correlation of the first two maps."""
    names = results["compare_maps"]["metrics"]["pair"]["value"]
    images = []
    for field, words, limits in (("difference_map", "difference", None), ("local_correlation_map", "local correlation", (0.0, 1.0))):
        path = results.map_file("compare_maps", field)
        if path:
            label, image = pictures.slices(read_map(path).data)[0]
            images.append((words, label, image, limits or pictures.grey_limits([image])))
    if not images:
        return []
    made = tuple(Picture(pictures.grey_png(image, limits), f"{words} at {label}", words) for words, label, image, limits in images)
    return [Card(f"{names}: difference and local correlation", (Pictures("", made, "Difference: white where the first map is denser. Local "
                                                                         "correlation: white is 1, black is 0 or outside of the mask."),),
                 8, 66)]


def _side_by_side(results: Results) -> List[Card]:
    names = [row[0] for row in results["compare_maps"]["tables"]["scoreboard"]["rows"]]
    files = [(name, results.map_file("compare_maps", f"matched_{i}")) for i, name in enumerate(names, 1)]
    images = [(name, *pictures.slices(read_map(path).data)[0]) for name, path in files if path]
    if not images:
        return []
    limits = pictures.grey_limits([image for _, _, image in images])
    made = tuple(Picture(pictures.grey_png(image, limits), f"{name}, slice at {label}", name) for name, label, image in images)
    title = f"One slice of each map ({images[0][1]}), the best first"
    return [Card(title, (Pictures("", made, "All have one spectrum and one scale of grey, so that what differs is not the overall "
                                  "sharpening."),), 12, 65)]


SECTION = Section(
    id="compare_maps", title="Maps compared", order=93, asks="map",
    capability="compare_maps",
    how_to_read="The table is sorted by its first score: the correlation with the map without noise, from independent half-maps, or "
                "else with the model. A difference of less than about 0.005 means nothing. Overall sharpening is a matter of taste and "
                "taken out before maps are compared. 'Filter explained' well below 1 means that a map is more than a filter of "
                "the mean of the half-maps, and what is more counts as error.",
    render=render, cards=cards)
