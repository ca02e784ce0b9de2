"""The map with its local amplitudes evened out."""
from __future__ import annotations

from typing import List

from ..before_after import sharpening_blocks, sharpening_cards
from ..blocks import Block, Card
from ..section import Results, Section

_FIRST = ("lowest_used", "n_bands", "fraction_above", "fraction_above_finest", "mask_source")


def render(results: Results) -> List[Block]:
    """Guinier plot, bands, values."""
    return sharpening_blocks(results, "locspiral", _FIRST)


def cards(results: Results) -> List[Card]:
    """The map beside the given one, and the Guinier plot."""
    return sharpening_cards(results, "locspiral", 33, "sharpened", "evened out")


SECTION = Section(
    id="locspiral", title="Local amplitudes evened out (LocSpiral, LocBSharpen)", order=94, capability="locspiral",
    asks="map",
    how_to_read="Weak and mobile parts should come up to the strength of the rest at one contour level. That level is in standard "
                "deviations of the solvent. How strong a place was can no longer be seen, and heavy atoms or missing parts do not stand "
                "out: use it to trace, not to judge. Single voxels and grain around the molecule are noise that passed.",
    render=render, cards=cards)
