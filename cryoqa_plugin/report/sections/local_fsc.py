"""The local resolution."""
from __future__ import annotations

from typing import List

from ..blocks import Block
from ..local_resolution import blocks
from ..section import Results, Section

_FIRST = ("median", "p5", "p95", "median_05", "overall", "standard_error", "significant_fraction", "unresolved_fraction", "window",
          "threshold", "mask_source")


def render(results: Results) -> List[Block]:
    """Coloured slices, histogram, mean local FSC, percentiles and values."""
    return blocks(results, "local_fsc", ["fsc_local"], _FIRST, behind="the mean of the half-maps", even=True)


SECTION = Section(
    id="local_fsc", title="Local resolution", order=70, question="How does the resolution vary over the molecule?", capability="local_fsc",
    how_to_read="The core of a rigid molecule is better by some tenths of an Å than its surface, where the window holds solvent too. "
                "Parts that move, are partly there or were aligned less well stand out in red. A map that is uniform to the last digit, or "
                "solvent as good as the molecule, means that the half-maps are not independent.",
    render=render)
