"""Slices of a map before and after it was filtered or sharpened, and what the sections of sharpening methods share."""
from __future__ import annotations

import os
from typing import Any, List, Mapping, Optional, Sequence

import numpy as np

from ..io.maps import Map, read_map
from . import pictures
from .blocks import Block, Card, Picture, Pictures
from .draw import curves, resolution_marks, split_values, tables
from .overlay import window, window_slices
from .section import Results

_FIRST = ("resolution", "bfactor_before", "bfactor_after")
_SEEN = 3.0                                      # standard deviations of the given map: what is shown has such voxels
_UNSEEN = ("rms amplitude",)                     # spans decades; the Guinier plot shows it, and a table has the numbers


def sharpening_blocks(results: Results, capability: str, first: Sequence[str] = ()) -> List[Block]:
    """Curves, tables and values of a sharpening that its cards do not show; ``first`` are the values to show unfolded."""
    document = results[capability]
    others = [n for n, c in document["curves"].items() if c["x_unit"] != "1/Å²" and c["y_label"] not in _UNSEEN]
    out: List[Block] = []
    for of_frequency in (True, False):
        names = [n for n in others if (document["curves"][n]["x_unit"] == "1/Å") is of_frequency]
        out += curves(document, names, marks=resolution_marks(document, "resolution") if of_frequency else ())
    return out + tables(document) + split_values(document, tuple(first) + _FIRST)


def sharpening_cards(results: Results, capability: str, rank: int, name: str = "sharpened", made: str = "sharpened") -> List[Card]:
    """The given map beside the one that was made from it, and the Guinier plot."""
    document = results[capability]
    out = before_after_cards(results, capability, rank, name, made)
    of_s2 = [n for n, c in document["curves"].items() if c["x_unit"] == "1/Å²"]
    plots = curves(document, of_s2, title="Guinier plot")
    return out + ([Card("Guinier plot", tuple(plots), 5, rank + 1)] if plots else [])


def before_after_cards(results: Results, capability: str, rank: int, name: str, made: str, matched: bool = True, before_name: str = "",
                       given: str = "given") -> List[Card]:
    """Two middle slices of the input map, each with the same slice of the output map ``name``, which is called ``made``.

    With ``before_name`` another output map, called ``given``, stands for the input map. Each map is shown in grey levels of its own when it
    is ``matched``, because sharpening changes the scale; else both in one scale.
    """
    path = results.map_file(capability, name)
    after = read_map(path) if path else None
    path_before = results.map_file(capability, before_name) if before_name else None
    before = read_map(path_before) if path_before else input_map(results[capability]["inputs"]) if not before_name else None
    if after is None:
        return []
    shown = [(m, words) for m, words in ((before, f"{given} map"), (after, made)) if m is not None and m.shape == after.shape]
    part = window(np.abs(shown[0][0].data) > _SEEN * float(shown[0][0].data.std(dtype=np.float64)))
    images = [window_slices(map_.data, part)[:2] for map_, _ in shown]
    groups = [[image for _, image in group] for group in images]
    limits = [pictures.grey_limits(group if matched else sum(groups, [])) for group in groups]
    pairs = tuple(Picture(pictures.grey_png(group[k][1], limit), f"Slice of the {words} at {group[k][0]}",
                          f"{words}, {group[k][0].split(':')[0]}")
                  for k in (0, 1) for group, limit, (_, words) in zip(images, limits, shown))
    scale = "each map in its own grey, from the 0.5 to the 99.8 percentile" if matched else "one scale of grey for both"
    words = f"Same slices, {scale}. File: {capability}/{os.path.basename(str(path))}."
    return [Card(f"{given.capitalize()} and {made}, same slices", (Pictures("", pairs, words),), 7, rank)]


def input_map(inputs: Mapping[str, Any]) -> Optional[Map]:
    """The map that went in, or the mean of the half-maps; None where a file is gone."""
    kinds = ["full_map"] if "full_map" in inputs else ["half1", "half2"]
    paths = [inputs[k]["path"] for k in kinds if k in inputs]
    if not paths or not all(os.path.isfile(p) for p in paths):
        return None
    maps = [read_map(p, voxel_size_known=True) for p in paths]
    return maps[0].with_data(sum(m.data for m in maps) / np.float32(len(maps)))
