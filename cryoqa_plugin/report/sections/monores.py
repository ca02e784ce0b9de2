"""The local resolution by MonoRes."""
from __future__ import annotations

import os
from typing import List, Optional, Tuple

import numpy as np

from ...io.maps import read_map
from ..blocks import Block, Picture, Pictures
from ..draw import curves, split_values, tables
from ..overlay import coloured_slices
from ..section import Results, Section

_FIRST = ("median_resolution", "resolution_p2_5", "resolution_p97_5", "spread", "global_resolution", "median_over_global", "unresolved",
          "beyond_sweep", "mask_source", "noise_source")


def render(results: Results) -> List[Block]:
    """Coloured slices, histogram, values and the table of the sweep."""
    document = results["monores"]
    return (_slices(results) + curves(document, ["histogram"], filled=True) + split_values(document, _FIRST)
            + curves(document, ["cumulative"]) + tables(document))


def _slices(results: Results) -> List[Block]:
    path, metrics = results.map_file("monores", "local_resolution"), results["monores"]["metrics"]
    low, high = (metrics[n]["value"] for n in ("resolution_p2_5", "resolution_p97_5"))
    if not path or low is None:
        return []
    values = read_map(path).data
    high = max(high, 1.02 * low)
    behind, words = _background(results, values.shape)
    made = tuple(Picture(picture, f"Local resolution in the slice at {label}", label)
                 for label, picture in coloured_slices(values, (low, high), behind))
    return [Pictures("Local resolution (MonoRes), middle slices", made,
                     f"Blue is {low:.2f} Å or better and red {high:.2f} Å or worse, as the bar below each slice.{words}")]


def _background(results: Results, shape: Tuple[int, ...]) -> Tuple[Optional[np.ndarray], str]:
    inputs = results["monores"].get("inputs", {})
    paths = [inputs[k]["path"] for k in ("half1", "half2") if k in inputs] or [inputs[k]["path"] for k in ("full_map",) if k in inputs]
    if not paths or not all(os.path.isfile(p) for p in paths):
        return None, ""
    maps = [read_map(p).data for p in paths]
    if any(m.shape != shape for m in maps):
        return None, ""
    return sum(maps) / np.float32(len(maps)), " Grey, and the shade of the colours, are the map."


SECTION = Section(
    id="monores", title="Local resolution (MonoRes)", order=75,
    question="Up to which detail does each part of the map stand out of the noise?", capability="monores",
    how_to_read="The core of a rigid molecule is better than its surface and its loose ends. The median should lie near the resolution of "
                "the FSC; with Xmipp's rules it lies some tenths of an Å above it. A map that is good up to the last frequency looked at "
                "has no noise to compare with: the half-maps are not independent, or the solvent was masked.",
    render=render)
