"""The local resolution."""
from __future__ import annotations

import os
from typing import List, Optional, Tuple

import numpy as np

from ...io.maps import read_map
from ..blocks import Block, Picture, Pictures
from ..draw import curves, resolution_marks, split_values, tables
from ..overlay import coloured_slices
from ..section import Results, Section

_FIRST = ("median", "p5", "p95", "median_05", "overall", "standard_error", "significant_fraction", "unresolved_fraction", "window",
          "threshold", "mask_source")


def render(results: Results) -> List[Block]:
    """Coloured slices, histogram, mean local FSC, percentiles and values."""
    document = results["local_fsc"]
    return (_slices(results) + curves(document, ["histogram"], filled=True) + tables(document)
            + curves(document, ["fsc_local"], marks=resolution_marks(document, "median")) + split_values(document, _FIRST))


def _slices(results: Results) -> List[Block]:
    path = results.map_file("local_fsc", "resolution_map")
    if not path:
        return []
    values = read_map(path).data
    low, high = _scale(results)
    behind, words = _background(results, values.shape)
    made = tuple(Picture(picture, f"Local resolution in the slice at {label}", label)
                 for label, picture in coloured_slices(values, (low, high), behind))
    return [Pictures("Local resolution, middle slices", made,
                     f"Blue is {low:.2f} Å or better and red {high:.2f} Å or worse, as the bar below each slice.{words}")]


def _scale(results: Results) -> Tuple[float, float]:
    metrics = results["local_fsc"]["metrics"]
    low, high = metrics["p5"]["value"], metrics["p95"]["value"]
    margin = max(0.0, 0.02 * low - (high - low)) / 2
    return low - margin, high + margin


def _background(results: Results, shape: Tuple[int, ...]) -> Tuple[Optional[np.ndarray], str]:
    inputs = results["local_fsc"].get("inputs", {})
    paths = [inputs[k]["path"] for k in ("half1", "half2") if k in inputs]
    if len(paths) != 2 or not all(os.path.isfile(p) for p in paths):
        return None, ""
    one, two = (read_map(p).data for p in paths)
    return ((one + two) / 2, " Grey, and the shade of the colours, are the mean of the half-maps.") if one.shape == shape else (None, "")


SECTION = Section(
    id="local_fsc", title="Local resolution", order=70, question="How does the resolution vary over the molecule?", capability="local_fsc",
    how_to_read="The core of a rigid molecule is better by some tenths of an Å than its surface, where the window holds solvent too. "
                "Parts that move, are partly there or were aligned less well stand out in red. A map that is uniform to the last digit, or "
                "solvent as good as the molecule, means that the half-maps are not independent.",
    render=render)
