"""Post-processing as by RELION and cryoSPARC."""
from __future__ import annotations

from typing import List

from ..before_after import before_after_cards
from ..blocks import Block, Card
from ..draw import curves, resolution_marks, split_values
from ..section import Results, Section

_KEY = ("resolution", "bfactor", "bfactor_left", "bfactor_error", "guinier_r_squared", "low_pass", "local_resolution_median",
        "bfactor_before", "bfactor_after")


def render(results: Results) -> List[Block]:
    """FSC, values, weights."""
    document = results["postprocess"]
    fsc = [n for n in document["curves"] if n.startswith("fsc_") and n != "fsc_weight"]
    out = curves(document, fsc, title="Fourier shell correlation of the half-maps", marks=resolution_marks(document, "resolution"))
    return out + split_values(document, _KEY) + curves(document, ["fsc_weight"])


def cards(results: Results) -> List[Card]:
    """The map beside the given one, also after the local filter, and the Guinier plot."""
    document = results["postprocess"]
    plot = curves(document, [n for n in document["curves"] if n.startswith("guinier")], title="Guinier plot")
    return (before_after_cards(results, "postprocess", 12, "sharpened", "post-processed")
            + ([Card("Guinier plot", tuple(plot), 5, 13)] if plot else [])
            + before_after_cards(results, "postprocess", 14, "locally_filtered", "locally filtered"))


SECTION = Section(
    id="postprocess", title="Post-processing", order=90, asks="map",
    capability="postprocess",
    how_to_read="After sharpening, side chains should show where the resolution allows it and the solvent should stay flat. Grain all "
                "over the map, also outside of the molecule, is noise that was sharpened: take a smaller B-factor or the low-pass.",
    render=render, cards=cards)
