"""The local resolution by ResMap."""
from __future__ import annotations

from typing import List

from ..blocks import Block
from ..draw import curves, split_values, tables
from ..overlay import resolution_slices
from ..section import Results, Section

_FIRST = ("median", "p5", "p95", "assigned_fraction", "finest_fraction", "mask_source", "noise_source")


def render(results: Results) -> List[Block]:
    """Coloured slices, histogram, values and the table of the tests."""
    document = results["resmap"]
    return (_slices(results) + curves(document, ["histogram"], filled=True) + split_values(document, _FIRST)
            + curves(document, ["spectra"]) + tables(document))


def _slices(results: Results) -> List[Block]:
    low, high = (results["resmap"]["metrics"][n]["value"] for n in ("p5", "p95"))
    if low is None:
        return []
    return resolution_slices(results, "resmap", "resolution_map", "Local resolution (ResMap), middle slices", (low, max(high, 1.02 * low)),
                             "the map")


SECTION = Section(
    id="resmap", title="Local resolution (ResMap)", order=77, question="Up to which detail is there more than noise in each part?",
    capability="resmap",
    how_to_read="The core of a rigid molecule is better than its surface and its loose ends. Detail that is significant need not be well "
                "resolved, and nothing finer than 2.3 voxels is tested: where many voxels stand at that number, use smaller voxels. "
                "Compare maps with each other, and trust the local resolution by FSC for the number.",
    render=render)
