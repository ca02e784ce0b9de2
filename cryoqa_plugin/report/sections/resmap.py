"""The local resolution by ResMap."""
from __future__ import annotations

import os
from typing import List, Optional, Tuple

import numpy as np

from ...io.maps import read_map
from ..blocks import Block, Picture, Pictures
from ..draw import curves, split_values, tables
from ..overlay import coloured_slices
from ..section import Results, Section

_FIRST = ("median", "p5", "p95", "assigned_fraction", "finest_fraction", "mask_source", "noise_source")


def render(results: Results) -> List[Block]:
    """Coloured slices, histogram, values and the table of the tests."""
    document = results["resmap"]
    return (_slices(results) + curves(document, ["histogram"], filled=True) + split_values(document, _FIRST)
            + curves(document, ["spectra"]) + tables(document))


def _slices(results: Results) -> List[Block]:
    path, metrics = results.map_file("resmap", "resolution_map"), results["resmap"]["metrics"]
    low, high = (metrics[n]["value"] for n in ("p5", "p95"))
    if not path or low is None:
        return []
    values = read_map(path).data
    high = max(high, 1.02 * low)
    behind, words = _background(results, values.shape)
    made = tuple(Picture(picture, f"Local resolution in the slice at {label}", label)
                 for label, picture in coloured_slices(values, (low, high), behind))
    return [Pictures("Local resolution (ResMap), middle slices", made,
                     f"Blue is {low:.2f} Å or better and red {high:.2f} Å or worse, as the bar below each slice.{words}")]


def _background(results: Results, shape: Tuple[int, ...]) -> Tuple[Optional[np.ndarray], str]:
    inputs = results["resmap"].get("inputs", {})
    paths = [inputs[k]["path"] for k in ("half1", "half2") if k in inputs] or [inputs[k]["path"] for k in ("full_map",) if k in inputs]
    if not paths or not all(os.path.isfile(p) for p in paths):
        return None, ""
    maps = [read_map(p).data for p in paths]
    if any(m.shape != shape for m in maps):
        return None, ""
    return sum(maps) / np.float32(len(maps)), " Grey, and the shade of the colours, are the map."


SECTION = Section(
    id="resmap", title="Local resolution (ResMap)", order=77, question="Up to which detail is there more than noise in each part?",
    capability="resmap",
    how_to_read="The core of a rigid molecule is better than its surface and its loose ends. Detail that is significant need not be well "
                "resolved, and nothing finer than 2.3 voxels is tested: where many voxels stand at that number, use smaller voxels. "
                "Compare maps with each other, and trust the local resolution by FSC for the number.",
    render=render)
