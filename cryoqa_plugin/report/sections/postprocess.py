"""Post-processing as by RELION and cryoSPARC."""
from __future__ import annotations

from typing import List

from ..before_after import slices_before_after
from ..blocks import Block
from ..draw import curves, resolution_marks, split_values
from ..section import Results, Section

_KEY = ("resolution", "bfactor", "bfactor_left", "bfactor_error", "guinier_r_squared", "low_pass", "local_resolution_median",
        "bfactor_before", "bfactor_after")


def render(results: Results) -> List[Block]:
    """Slices before and after, also of the local filter, FSC and Guinier plot, values."""
    document = results["postprocess"]
    fsc = [n for n in document["curves"] if n.startswith("fsc_") and n != "fsc_weight"]
    guinier = [n for n in document["curves"] if n.startswith("guinier")]
    out = slices_before_after(results, "postprocess", "sharpened", "sharpening")
    out += slices_before_after(results, "postprocess", "locally_filtered", "sharpening and the local filter")[1:]
    out += curves(document, fsc, title="Fourier shell correlation of the half-maps", marks=resolution_marks(document, "resolution"))
    out += curves(document, guinier, title="Guinier plot") + split_values(document, _KEY)
    return out + curves(document, ["fsc_weight"])


SECTION = Section(
    id="postprocess", title="Post-processing", order=90, asks="map",
    capability="postprocess",
    how_to_read="After sharpening, side chains should show where the resolution allows it and the solvent should stay flat. Grain all "
                "over the map, also outside of the molecule, is noise that was sharpened: take a smaller B-factor or the low-pass.",
    render=render)
