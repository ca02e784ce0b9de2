"""The local occupancy."""
from __future__ import annotations

from typing import List

from ..blocks import Bar, Block, Card
from ..draw import split_values, tables
from ..local import bar, value
from ..overlay import value_slices
from ..scale import OCCUPANCY
from ..section import Results, Section

_FIRST = ("median", "p5", "p95", "fraction_low", "noise_source")


def cards(results: Results) -> List[Card]:
    """The scale with the histogram, which stands with that of the local B-factor where there is one, and the slices."""
    block = occupancy_bar(results)
    alone = [] if "locbfactor" in results.documents else [Card(block.title, (block,), 4, 22)]
    slices = value_slices(results, "lococcupancy", "local_occupancy", "Local occupancy on middle slices", OCCUPANCY, "the map",
                          "Local occupancy")
    return alone + ([Card("Local occupancy on middle slices", tuple(slices), 8, 66)] if slices else [])


def occupancy_bar(results: Results) -> Bar:
    """The fixed scale of occupancies with the histogram of a run."""
    document = results["lococcupancy"]
    median, low, high, part = (value(document, n) for n in ("median", "p5", "p95", "fraction_low"))
    words = f"{low:.2f}–{high:.2f} over 5–95 % of the mask; " if low is not None and high is not None else ""
    words += f"{100 * part:.1f} % lies below 0.5. " if part is not None else ""
    return bar(document, OCCUPANCY, f"Local occupancy, median {median:.2f}" if median is not None else "Local occupancy", "",
               words + "The scale is fixed, 0 to 1.25.")


def render(results: Results) -> List[Block]:
    """Values and the table of the bands."""
    document = results["lococcupancy"]
    return split_values(document, _FIRST) + tables(document)


SECTION = Section(
    id="lococcupancy", title="Local occupancy", order=89, asks="even", capability="lococcupancy",
    how_to_read="Near 1 where the molecule is as complete as elsewhere. A domain that is clearly lower than the rest is missing, or "
                "flexible, in a part of the particles. The outer voxels of a wide mask, and loosely packed or unusual parts (nucleic acid, "
                "detergent), differ by some tenths without that.",
    render=render, cards=cards)
