"""The locally filtered map."""
from __future__ import annotations

from typing import List

from ..before_after import before_after_cards
from ..blocks import Block, Card
from ..draw import curves, values
from ..section import Results, Section


def render(results: Results) -> List[Block]:
    """The values."""
    return values(results["local_filter"])


def cards(results: Results) -> List[Card]:
    """The map beside the given one with one scale of grey, and the histogram of the resolution."""
    plots = curves(results["local_filter"], filled=True)
    return (before_after_cards(results, "local_filter", 60, "filtered", "filtered", matched=False)
            + ([Card("Resolution it was filtered to", tuple(plots), 5, 61)] if plots else []))


SECTION = Section(
    id="local_filter", title="Local filter", order=85, asks="map",
    capability="local_filter",
    how_to_read="Noise should be gone where the resolution is coarse, and detail be there where it is fine, without steps between them. "
                "The map before and after should agree in everything that you build into.",
    render=render, cards=cards)
