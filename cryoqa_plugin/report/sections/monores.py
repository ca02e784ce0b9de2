"""The local resolution by MonoRes."""
from __future__ import annotations

from typing import List

from ..blocks import Block
from ..draw import curves, split_values, tables
from ..overlay import resolution_slices
from ..section import Results, Section

_FIRST = ("median_resolution", "resolution_p2_5", "resolution_p97_5", "spread", "global_resolution", "median_over_global", "unresolved",
          "beyond_sweep", "mask_source", "noise_source")


def render(results: Results) -> List[Block]:
    """Coloured slices, histogram, values and the table of the sweep."""
    document = results["monores"]
    return (_slices(results) + curves(document, ["histogram"], filled=True) + split_values(document, _FIRST)
            + curves(document, ["cumulative"]) + tables(document))


def _slices(results: Results) -> List[Block]:
    low, high = (results["monores"]["metrics"][n]["value"] for n in ("resolution_p2_5", "resolution_p97_5"))
    if low is None:
        return []
    return resolution_slices(results, "monores", "local_resolution", "Local resolution (MonoRes), middle slices",
                             (low, max(high, 1.02 * low)), "the map")


SECTION = Section(
    id="monores", title="Local resolution (MonoRes)", order=75,
    question="Up to which detail does each part of the map stand out of the noise?", capability="monores",
    how_to_read="The core of a rigid molecule is better than its surface and its loose ends. The median should lie near the resolution of "
                "the FSC; with Xmipp's rules it lies some tenths of an Å above it. A map that is good up to the last frequency looked at "
                "has no noise to compare with: the half-maps are not independent, or the solvent was masked.",
    render=render)
