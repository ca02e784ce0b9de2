"""The local B-factor."""
from __future__ import annotations

from typing import List

from ..blocks import Block
from ..draw import curves, split_values, tables
from ..overlay import value_slices
from ..section import Results, Section

_FIRST = ("median", "p5", "p95", "spread", "bfactor_map", "median_error", "spread_over_error", "noise_source")


def render(results: Results) -> List[Block]:
    """Coloured slices, histogram, values and the table of the bands."""
    document = results["locbfactor"]
    return _slices(results) + curves(document, ["histogram"], filled=True) + split_values(document, _FIRST) + tables(document)


def _slices(results: Results) -> List[Block]:
    low, high = (results["locbfactor"]["metrics"][n]["value"] for n in ("p5", "p95"))
    if low is None or low <= 0:                  # by the original's rules they are negative, and the colours begin at 0
        return []
    words = f"Blue is {low:.0f} Å² or less and red {high:.0f} Å² or more, as the bar below each slice."
    return value_slices(results, "locbfactor", "local_bfactor", "Local B-factor, middle slices", (low, max(high, 1.02 * low)), "the map",
                        "Local B-factor", words)


SECTION = Section(
    id="locbfactor", title="Local B-factor", order=88, asks="even",
    capability="locbfactor",
    how_to_read="What the whole map has lost by alignment, motion and optics raises all values alike; what is higher than the rest is "
                "mobile. Differences smaller than a few times the error mean nothing. A single B-factor sharpens such a map too much in "
                "one place and too little in another when the values spread by 100 Å² and more at 3 Å, by 400 Å² at 6 Å.",
    render=render)
