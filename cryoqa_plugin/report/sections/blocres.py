"""The local resolution by the FSC of boxes."""
from __future__ import annotations

import os
from typing import List, Optional, Tuple

import numpy as np

from ...io.maps import read_map
from ..blocks import Block, Picture, Pictures
from ..draw import curves, resolution_marks, split_values, tables
from ..overlay import coloured_slices
from ..section import Results, Section

_FIRST = ("median", "p5", "p95", "unresolved_fraction", "several_fraction", "box_over_resolution", "coefficients", "box_edge", "spacing",
          "threshold", "rules", "mask_source")


def render(results: Results) -> List[Block]:
    """Coloured slices, histogram, percentiles, mean FSC of the boxes and values."""
    document = results["blocres"]
    return (_slices(results) + curves(document, ["histogram"], filled=True) + tables(document)
            + curves(document, ["fsc_boxes"], marks=resolution_marks(document, "median")) + split_values(document, _FIRST))


def _slices(results: Results) -> List[Block]:
    path, metrics = results.map_file("blocres", "resolution_map"), results["blocres"]["metrics"]
    if not path:
        return []
    values = read_map(path).data
    low, high = metrics["p5"]["value"], metrics["p95"]["value"]
    high = max(high, 1.02 * low)
    behind, words = _background(results, values.shape)
    made = tuple(Picture(picture, f"Local resolution in the slice at {label}", label)
                 for label, picture in coloured_slices(values, (low, high), behind))
    return [Pictures("Local resolution (blocres), middle slices", made,
                     f"Blue is {low:.2f} Å or better and red {high:.2f} Å or worse, as the bar below each slice.{words}")]


def _background(results: Results, shape: Tuple[int, ...]) -> Tuple[Optional[np.ndarray], str]:
    inputs = results["blocres"].get("inputs", {})
    paths = [inputs[k]["path"] for k in ("half1", "half2") if k in inputs]
    if len(paths) != 2 or not all(os.path.isfile(p) for p in paths):
        return None, ""
    one, two = (read_map(p).data for p in paths)
    return ((one + two) / 2, " Grey, and the shade of the colours, are the mean half-map.") if one.shape == shape else (None, "")


SECTION = Section(
    id="blocres", title="Local resolution (blocres)", order=72, question="What does the FSC of boxes say of each part of the map?",
    capability="blocres",
    how_to_read="The core of a rigid molecule is better than its surface, where the boxes hold solvent. Boxes blur the resolutions over "
                "their own size, and their few coefficients scatter: differences of a tenth of an Å between neighbours mean little. "
                "Compare with maps of Bsoft; the local resolution by the filter bank is the surer one.",
    render=render)
