"""The map scaled by LocScale."""
from __future__ import annotations

from typing import List

from ..before_after import sharpening_blocks, sharpening_cards
from ..blocks import Block, Card
from ..section import Results, Section
from ..support import support_cards, support_words


def render(results: Results) -> List[Block]:
    """What may be concluded, gains and weights over the bands, Guinier plots, values."""
    return support_words(results, "locscale") + sharpening_blocks(results, "locscale", (
        "reference_used", "bfactor_removed", "missing_fraction", "weight_median", "supported_share", "unsupported_power", "kept_noise",
        "data_to"))


def cards(results: Results) -> List[Card]:
    """The map beside the given one, the Guinier plot, and its support by the half-maps."""
    return sharpening_cards(results, "locscale", 30, "sharpened", "scaled") + support_cards(results, "locscale", "sharpened", 33)


SECTION = Section(
    id="locscale", title="Local amplitude scaling (LocScale)", order=92, capability="locscale",
    asks="map",
    how_to_read="Detail should come out alike in rigid and in mobile parts. Gains rise with frequency as long as there is signal; past it "
                "the weights take them to 0. Scaled to a model, a map has the amplitudes of that model: what the model does not hold "
                "fades, and no score against it means anything any more.",
    render=render, cards=cards)
