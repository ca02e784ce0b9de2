"""The local occupancy."""
from __future__ import annotations

from typing import List

from ..blocks import Block
from ..draw import curves, split_values, tables
from ..overlay import value_slices
from ..section import Results, Section

_FIRST = ("median", "p5", "p95", "fraction_low", "noise_source")


def render(results: Results) -> List[Block]:
    """Coloured slices, histogram, values and the table of the bands."""
    document = results["lococcupancy"]
    words = "Blue is 0 and red 1 or more, as the bar below each slice."
    pictures = value_slices(results, "lococcupancy", "local_occupancy", "Local occupancy, middle slices", (0.0, 1.0), "the map",
                            "Local occupancy", words)
    return pictures + curves(document, ["histogram"], filled=True) + split_values(document, _FIRST) + tables(document)


SECTION = Section(
    id="lococcupancy", title="Local occupancy", order=89, asks="even",
    capability="lococcupancy",
    how_to_read="Near 1 where the molecule is as complete as elsewhere. A domain that is clearly lower than the rest is missing, or "
                "flexible, in a part of the particles. The outer voxels of a wide mask, and loosely packed or unusual parts (nucleic acid, "
                "detergent), differ by some tenths without that.",
    render=render)
