"""The local B-factor."""
from __future__ import annotations

from typing import List

from ..blocks import Bar, Block, Card
from ..draw import split_values, tables
from ..local import b_scale, bar, value
from ..overlay import value_slices
from ..section import Results, Section
from .lococcupancy import occupancy_bar

_FIRST = ("median", "p5", "p95", "spread", "bfactor_map", "median_error", "spread_over_error", "noise_source")


def cards(results: Results) -> List[Card]:
    """The scale with the histogram, and that of the occupancy below it where there is one; the slices."""
    document = results["locbfactor"]
    if value(document, "median") is None:
        return []
    block = _bar(results)
    beside = (occupancy_bar(results),) if "lococcupancy" in results.documents else ()
    out = [Card(block.title, (block, *beside), 4, 20)]
    if (value(document, "p5") or 0.0) > 0:       # by the original's rules they are negative, and the colours begin at 0
        slices = value_slices(results, "locbfactor", "local_bfactor", "Local B-factor on middle slices", b_scale(results), "the map",
                              "Local B-factor")
        out += [Card("Local B-factor on middle slices", tuple(slices), 8, 65)] if slices else []
    return out


def _bar(results: Results) -> Bar:
    document = results["locbfactor"]
    median, low, high, error, uneven, at = (value(document, n) for n in ("median", "p5", "p95", "median_error", "unevenness", "resolution"))
    words = f"{low:.0f}–{high:.0f} Å² over 5–95 % of the mask" if low is not None and high is not None else ""
    words += f", each ± {error:.0f}" if words and error is not None else ""
    words += f": amplitudes at {at:.2f} Å differ by a factor of {uneven:.2g}. " if words and uneven and at else ". "
    return bar(document, b_scale(results), f"Local B-factor, median {median:.0f} Å²", "Å²",
               words + "The scale spans a factor of 4 in amplitude to each side.")


def render(results: Results) -> List[Block]:
    """Values and the table of the bands."""
    document = results["locbfactor"]
    return split_values(document, _FIRST) + tables(document)


SECTION = Section(
    id="locbfactor", title="Local B-factor", order=88, asks="even", capability="locbfactor",
    how_to_read="What the whole map has lost by alignment, motion and optics raises all values alike; what is higher than the rest is "
                "mobile. Differences smaller than a few times the error mean nothing. A single B-factor sharpens such a map too much in "
                "one place and too little in another when the values spread by 100 Å² and more at 3 Å, by 400 Å² at 6 Å.",
    render=render, cards=cards)
