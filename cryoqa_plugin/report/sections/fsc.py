"""Fourier shell correlation of the half-maps."""
from __future__ import annotations

from typing import List

from ..blocks import Block
from ..draw import curves, resolution_marks, split_values, tables
from ..section import Results, Section

_KEY = ("resolution", "resolution_worse", "resolution_better", "resolution_bound", "resolution_bound_worse", "resolution_bound_better",
        "resolution_curve", "half_maps_shared_noise", "resolution_unmasked_0143", "resolution_volume_0143", "resolution_masked_0143",
        "resolution_corrected_0143", "resolution_corrected_05", "nyquist", "random_fsc_at_resolution", "bfactor", "bfactor_error")


def render(results: Results) -> List[Block]:
    """The FSC curves, the Guinier plot, the resolutions by curve and criterion."""
    document = results["fsc"]
    names = list(document["curves"])
    fsc = [n for n in names if n.startswith("fsc_") and n != "fsc_weight" or n in ("half_bit", "one_bit", "three_sigma")]
    guinier = [n for n in names if n.startswith("guinier")]
    rest = [n for n in names if n not in fsc + guinier]
    out = curves(document, fsc, title="Fourier shell correlation of the half-maps", marks=resolution_marks(document, "resolution"))
    out += tables(document) + split_values(document, _KEY)
    return out + curves(document, guinier, title="Guinier plot") + curves(document, rest)


SECTION = Section(
    id="fsc", title="Resolution by FSC", order=50, asks="fine", capability="fsc",
    how_to_read="The corrected curve should stay near 1, fall once and end near 0; the resolution is where it crosses 0.143. The "
                "phase-randomised curve should be near 0 at that point, or the mask is too tight. A curve that does not come down to 0, "
                "rises at its end, or dips and returns means that the half-maps share more than the molecule.",
    render=render)
