"""The local resolution."""
from __future__ import annotations

from typing import List, Tuple

from ..blocks import Block
from ..draw import curves, resolution_marks, split_values, tables
from ..overlay import resolution_slices
from ..section import Results, Section

_FIRST = ("median", "p5", "p95", "median_05", "overall", "standard_error", "significant_fraction", "unresolved_fraction", "window",
          "threshold", "mask_source")


def render(results: Results) -> List[Block]:
    """Coloured slices, histogram, mean local FSC, percentiles and values."""
    document = results["local_fsc"]
    return (_slices(results) + curves(document, ["histogram"], filled=True) + tables(document)
            + curves(document, ["fsc_local"], marks=resolution_marks(document, "median")) + split_values(document, _FIRST))


def _slices(results: Results) -> List[Block]:
    return resolution_slices(results, "local_fsc", "resolution_map", "Local resolution, middle slices", _scale(results),
                             "the mean of the half-maps")


def _scale(results: Results) -> Tuple[float, float]:
    metrics = results["local_fsc"]["metrics"]
    low, high = metrics["p5"]["value"], metrics["p95"]["value"]
    margin = max(0.0, 0.02 * low - (high - low)) / 2
    return low - margin, high + margin


SECTION = Section(
    id="local_fsc", title="Local resolution", order=70, question="How does the resolution vary over the molecule?", capability="local_fsc",
    how_to_read="The core of a rigid molecule is better by some tenths of an Å than its surface, where the window holds solvent too. "
                "Parts that move, are partly there or were aligned less well stand out in red. A map that is uniform to the last digit, or "
                "solvent as good as the molecule, means that the half-maps are not independent.",
    render=render)
