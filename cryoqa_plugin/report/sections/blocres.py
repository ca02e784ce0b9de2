"""The local resolution by the FSC of boxes."""
from __future__ import annotations

from typing import List

from ..blocks import Block
from ..local_resolution import blocks
from ..section import Results, Section

_FIRST = ("median", "p5", "p95", "unresolved_fraction", "several_fraction", "box_over_resolution", "coefficients", "box_edge", "spacing",
          "threshold", "rules", "mask_source")


def render(results: Results) -> List[Block]:
    """Coloured slices, histogram, percentiles, mean FSC of the boxes and values."""
    return blocks(results, "blocres", ["fsc_boxes"], _FIRST, by="blocres")


SECTION = Section(
    id="blocres", title="Local resolution (blocres)", order=72, question="What does the FSC of boxes say of each part of the map?",
    capability="blocres",
    how_to_read="The core of a rigid molecule is better than its surface, where the boxes hold solvent. Boxes blur the resolutions over "
                "their own size, and their few coefficients scatter: differences of a tenth of an Å between neighbours mean little. "
                "Compare with maps of Bsoft; the local resolution by the filter bank is the surer one.",
    render=render)
