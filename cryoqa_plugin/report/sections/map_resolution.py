"""The local resolution of the map alone."""
from __future__ import annotations

from typing import List

from ..blocks import Block
from ..local_resolution import blocks
from ..section import Results, Section

_FIRST = ("median", "p5", "p95", "overall", "noise_source", "finer_percent", "standard_error", "significant_fraction",
          "unresolved_fraction", "nyquist_fraction", "solvent_part", "noise_level", "mask_source")


def render(results: Results) -> List[Block]:
    """Coloured slices, histogram, mean correlation, percentiles and values."""
    return blocks(results, "map_resolution", ["correlation"], _FIRST, behind="the map", even=True)


SECTION = Section(
    id="map_resolution", title="Local resolution of the map alone", order=69,
    question="What does the map itself say about its local resolution?", capability="map_resolution",
    how_to_read="The noise is that of the solvent, so that this asks for no half-maps. It should agree with the local resolution from "
                "half-maps where there are any. Overfitted noise, which half-maps show, looks like signal here. When the noise was taken "
                "from the resolution given, only the differences between places mean something.",
    render=render)
