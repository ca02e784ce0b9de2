"""The map sharpened by its local resolution."""
from __future__ import annotations

from typing import List

from ..before_after import sharpening_blocks, sharpening_cards
from ..blocks import Block, Card
from ..section import Results, Section

_FIRST = ("resolution_finest", "resolution_coarsest", "steps", "rounds_done", "fraction_outside")


def render(results: Results) -> List[Block]:
    """Guinier plot, rounds, values."""
    return sharpening_blocks(results, "localdeblur", _FIRST)


def cards(results: Results) -> List[Card]:
    """The map beside the given one, and the Guinier plot."""
    return sharpening_cards(results, "localdeblur", 36)


SECTION = Section(
    id="localdeblur", title="Sharpened by local resolution (LocalDeblur)", order=87,
    asks="map", capability="localdeblur",
    how_to_read="Side chains should be visible where the resolution is good, and no grain should appear where it is poor. The method has "
                "no estimate of the noise but the local resolution: where that is too fine, noise is sharpened too. Around the region "
                "that has a resolution the map stays as it was, in another scale.",
    render=render, cards=cards)
