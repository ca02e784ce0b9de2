"""B-factor sharpening."""
from __future__ import annotations

from typing import List

from ..before_after import sharpening_blocks, sharpening_cards
from ..blocks import Block, Card
from ..section import Results, Section


def render(results: Results) -> List[Block]:
    """Guinier plot, filter, score of the search, table of trials, values."""
    return sharpening_blocks(results, "auto_sharpen", ("method", "b_iso_before", "b_iso_after", "bfactor", "adjusted_before",
                                                       "adjusted_after", "search_signal", "u_range"))


def cards(results: Results) -> List[Card]:
    """The map beside the given one, and the Guinier plot."""
    return sharpening_cards(results, "auto_sharpen", 24)


SECTION = Section(
    id="auto_sharpen", title="B-factor sharpening", order=81, asks="map",
    capability="auto_sharpen",
    how_to_read="Side chains should be visible and the solvent should stay quiet. The filter should fall where the map holds only noise; "
                "one that rises to its end sharpens noise. In the table of trials, trust a search whose best score is clearly above the "
                "others.",
    render=render, cards=cards)
