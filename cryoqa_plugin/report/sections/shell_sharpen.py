"""Sharpening in shells."""
from __future__ import annotations

from typing import List

from ..before_after import sharpening_blocks, sharpening_cards
from ..blocks import Block, Card
from ..section import Results, Section

_FIRST = ("d_min", "target_bfactor", "bfactor_signal", "bfactor_effective", "spectrum_used", "weights_used", "anisotropy_corrected",
          "u_range", "u_error")


def render(results: Results) -> List[Block]:
    """Curves, the tensors and shells, values."""
    return sharpening_blocks(results, "shell_sharpen", _FIRST)


def cards(results: Results) -> List[Card]:
    """The map beside the given one, and the Guinier plot."""
    return sharpening_cards(results, "shell_sharpen", 27)


SECTION = Section(
    id="shell_sharpen", title="Shell sharpening", order=88, asks="map",
    capability="shell_sharpen",
    how_to_read="Side chains should show and the solvent stay flat. Where the correlation with the true map (CC*) is low, amplitudes are "
                "weighted down; the scale factors rise with frequency and turn down there. A tensor beyond its error and well above 0.1 Å² "
                "means that the map is blurred in one direction.",
    render=render, cards=cards)
