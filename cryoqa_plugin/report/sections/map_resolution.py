"""The local resolution of the map alone."""
from __future__ import annotations

from typing import List, Tuple

from ..blocks import Block
from ..draw import curves, resolution_marks, split_values, tables
from ..overlay import resolution_slices
from ..section import Results, Section

_FIRST = ("median", "p5", "p95", "overall", "noise_source", "finer_percent", "standard_error", "significant_fraction",
          "unresolved_fraction", "nyquist_fraction", "solvent_part", "noise_level", "mask_source")


def render(results: Results) -> List[Block]:
    """Coloured slices, histogram, mean correlation, percentiles and values."""
    document = results["map_resolution"]
    slices = resolution_slices(results, "map_resolution", "resolution_map", "Local resolution, middle slices", _scale(results), "the map")
    return (slices + curves(document, ["histogram"], filled=True) + tables(document)
            + curves(document, ["correlation"], marks=resolution_marks(document, "median")) + split_values(document, _FIRST))


def _scale(results: Results) -> Tuple[float, float]:
    metrics = results["map_resolution"]["metrics"]
    low, high = metrics["p5"]["value"], metrics["p95"]["value"]
    margin = max(0.0, 0.02 * low - (high - low)) / 2
    return low - margin, high + margin


SECTION = Section(
    id="map_resolution", title="Local resolution of the map alone", order=69,
    question="What does the map itself say about its local resolution?", capability="map_resolution",
    how_to_read="The noise is that of the solvent, so that this asks for no half-maps. It should agree with the local resolution from "
                "half-maps where there are any. Overfitted noise, which half-maps show, looks like signal here. When the noise was taken "
                "from the resolution given, only the differences between places mean something.",
    render=render)
