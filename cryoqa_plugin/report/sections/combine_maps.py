"""Composite of focused maps: its weights, and the seams."""
from __future__ import annotations

import os
from typing import List, Optional, Tuple

import numpy as np

from ...io.maps import Map, read_map
from .. import pictures
from ..blocks import Block, Card, Picture, Pictures
from ..draw import split_values, tables
from ..overlay import window, window_slices
from ..scale import FAR
from ..section import Results, Section

_FIRST = ("n_maps", "weighted_by", "resolution", "moved_part", "seam_moved_part", "moved_by", "moved_at", "moved_maps", "largest_step")
_MOST = 6                                        # weights that are shown; a table has the numbers of all


def render(results: Results) -> List[Block]:
    """The maps, the seams, and values."""
    return tables(results["combine_maps"]) + split_values(results["combine_maps"], _FIRST)


def cards(results: Results) -> List[Card]:
    """A slice of the composite, of the weights and of what moved."""
    path = results.map_file("combine_maps", "composite_map")
    if path is None:
        return []
    made = read_map(path)
    part = window(np.abs(made.data) > 3 * float(made.data.std(dtype=np.float64)))
    shown: List[Tuple[str, Map, Optional[Tuple[float, float]]]] = [("composite", made, None)]
    document = results["combine_maps"]
    names = [row[0] for row in document["tables"]["map_table"]["rows"]]
    for name, file in list(zip(names, document.get("lists", {}).get("weight_maps", {}).get("paths", [])))[:_MOST]:
        file = os.path.join(results.folders["combine_maps"], file)
        if os.path.isfile(file):
            shown.append((f"weight of the {name}", read_map(file), (0.0, 1.0)))
    moved = results.map_file("combine_maps", "motion")
    if moved:
        shown.append(("motion", read_map(moved), (0.0, FAR * document["metrics"]["resolution"]["value"])))
    images = []
    for words, map_, limits in shown:
        at, image = window_slices(map_.data, part)[0]
        images.append(Picture(pictures.grey_png(image, limits or pictures.grey_limits([image])), f"Slice of the {words} at {at}", words))
    words = ("One slice. Weights are black at 0 and white at 1. Motion is how far what one map shows lies from what another shows: white "
             f"is {FAR:g} times the resolution or more. File: combine_maps/{os.path.basename(path)}.")
    return [Card("Composite, weights and motion", (Pictures("", tuple(images), words),), 8, 20)]


SECTION = Section(
    id="combine_maps", title="Composite of focused maps", order=92, capability="combine_maps", asks="map",
    how_to_read="Each map counts where it shows most, band by band, and the weights change slowly, so that there is no edge where one map "
                "follows on another. What no weight can mend is a part that moved between the maps: there the composite shows a mean of "
                "both places, or a joint that no particle has. The half-maps of a composite shared their weights: they are not for an FSC.",
    render=render, cards=cards)
