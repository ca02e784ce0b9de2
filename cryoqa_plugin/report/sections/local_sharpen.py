"""Local sharpening."""
from __future__ import annotations

from typing import List

from ..before_after import sharpening_blocks, sharpening_cards
from ..blocks import Block, Card
from ..section import Results, Section

_FIRST = ("fall_off", "fall_off_p5", "fall_off_median", "fall_off_p95", "bfactor_left", "median", "anisotropy_removed")


def render(results: Results) -> List[Block]:
    """Curves, values."""
    return sharpening_blocks(results, "local_sharpen", _FIRST)


def cards(results: Results) -> List[Card]:
    """The map beside the given one, and the Guinier plot."""
    return sharpening_cards(results, "local_sharpen", 10)


SECTION = Section(
    id="local_sharpen", title="Local sharpening", order=89, capability="local_sharpen",
    asks="map",
    how_to_read="Detail should be there wherever the half-maps agree, and the solvent be flat, without seams between them. Where the "
                "fall-off varies a lot from place to place one B-factor for the whole map cannot be right. A part that is mobile "
                "stays weaker than the rest; take the target b0 to see it as strong.",
    render=render, cards=cards)
