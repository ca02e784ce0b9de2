"""The optimal map and the difference from a model."""
from __future__ import annotations

from typing import List

from ..before_after import before_after_cards, sharpening_blocks, sharpening_cards
from ..blocks import Block, Card
from ..section import Results, Section


def render(results: Results) -> List[Block]:
    """Curves, peaks of the difference map, values."""
    first = ("bfactor_signal", "bfactor_left", "ends_at", "fsc_average", "fsc_average_model", "peaks_positive", "peaks_negative",
             "highest_peak", "deepest_hole")
    return sharpening_blocks(results, "optimal_map", first)


def cards(results: Results) -> List[Card]:
    """The map beside the given one, the Guinier plot, and the difference from the model."""
    return (sharpening_cards(results, "optimal_map", 39, "sharpened", "optimal")
            + before_after_cards(results, "optimal_map", 41, "difference", "difference from the model"))


SECTION = Section(
    id="optimal_map", title="Optimal map", order=96, asks="map",
    capability="optimal_map",
    how_to_read="The difference map should look like noise: a few peaks of 4 to 5 standard deviations are chance. A high peak away from "
                "all atoms is density that is not built; a deep hole at an atom is an atom that the map does not show.",
    render=render, cards=cards)
