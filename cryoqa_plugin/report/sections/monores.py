"""The local resolution by MonoRes."""
from __future__ import annotations

from typing import List

from ..blocks import Block
from ..draw import curves
from ..local_resolution import blocks
from ..section import Results, Section

_FIRST = ("median", "p5", "p95", "spread", "overall", "median_over_overall", "unresolved_fraction", "nyquist_fraction", "mask_source",
          "noise_source")


def render(results: Results) -> List[Block]:
    """Coloured slices, histogram, percentiles and the table of the sweep, values, and how much is at least as good."""
    return blocks(results, "monores", [], _FIRST, by="MonoRes", behind="the map") + curves(results["monores"], ["cumulative"])


SECTION = Section(
    id="monores", title="Local resolution (MonoRes)", order=75,
    question="Up to which detail does each part of the map stand out of the noise?", capability="monores",
    how_to_read="The core of a rigid molecule is better than its surface and its loose ends. The median should lie near the resolution of "
                "the FSC; with Xmipp's rules it lies some tenths of an Å above it. A map that is good up to the last frequency looked at "
                "has no noise to compare with: the half-maps are not independent, or the solvent was masked.",
    render=render)
