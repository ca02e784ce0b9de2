"""The local resolution by ResMap."""
from __future__ import annotations

from typing import List

from ..blocks import Block
from ..local_resolution import blocks
from ..section import Results, Section

_FIRST = ("median", "p5", "p95", "unresolved_fraction", "nyquist_fraction", "mask_source", "noise_source")


def render(results: Results) -> List[Block]:
    """Coloured slices, histogram, percentiles and the table of the tests, the spectra and values."""
    return blocks(results, "resmap", ["spectra"], _FIRST, by="ResMap", behind="the map")


SECTION = Section(
    id="resmap", title="Local resolution (ResMap)", order=77, question="Up to which detail is there more than noise in each part?",
    capability="resmap",
    how_to_read="The core of a rigid molecule is better than its surface and its loose ends. Detail that is significant need not be well "
                "resolved, and nothing finer than 2.3 voxels is tested: where many voxels stand at that number, use smaller voxels. "
                "Compare maps with each other, and trust the local resolution by FSC for the number.",
    render=render)
