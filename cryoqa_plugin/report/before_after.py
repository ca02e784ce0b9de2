"""Middle slices of a map before and after it was filtered or sharpened, and the section that sharpening methods share."""
from __future__ import annotations

import os
from typing import Any, List, Mapping, Optional, Sequence, Tuple

import numpy as np

from ..io.maps import Map, read_map
from . import pictures
from .blocks import Block, Picture, Pictures
from .draw import curves, resolution_marks, split_values, tables
from .section import Results

_FIRST = ("resolution", "bfactor_before", "bfactor_after")
_UNSEEN = ("rms amplitude",)                     # spans decades; the Guinier plot shows it, and a table has the numbers


def sharpening_blocks(results: Results, capability: str, first: Sequence[str] = ()) -> List[Block]:
    """Slices before and after, curves, tables and values of a sharpening; ``first`` are the values to show unfolded."""
    document = results[capability]
    of_s2 = [n for n, c in document["curves"].items() if c["x_unit"] == "1/Å²"]
    others = [n for n, c in document["curves"].items() if n not in of_s2 and c["y_label"] not in _UNSEEN]
    out = slices_before_after(results, capability, "sharpened", "sharpening") + curves(document, of_s2, title="Guinier plot")
    for of_frequency in (True, False):
        names = [n for n in others if (document["curves"][n]["x_unit"] == "1/Å") is of_frequency]
        out += curves(document, names, marks=resolution_marks(document, "resolution") if of_frequency else ())
    return out + tables(document) + split_values(document, tuple(first) + _FIRST)


def slices_before_after(results: Results, capability: str, name: str, step: str, matched: bool = True) -> List[Block]:
    """Middle slices of the input map and of the output map ``name``; ``step`` is what was done, for the titles.

    Each is shown in grey levels of its own when it is ``matched``, because sharpening changes the scale; else both in one scale.
    """
    path = results.map_file(capability, name)
    if not path:
        return []
    after, before = read_map(path), input_map(results[capability]["inputs"])
    shown = [] if before is None else [(before, f"Middle slices before the {step}")]
    shown.append((after, f"Middle slices after the {step}"))
    images = [[image for _, image in pictures.slices(map_.data)] for map_, _ in shown]
    together = pictures.grey_limits([image for group in images for image in group])
    words = "Each row has its own scale of grey." if matched else "One scale of grey before and after."
    return [_row(map_, pictures.grey_limits(group) if matched else together, title, words)
            for (map_, title), group in zip(shown, images)]


def input_map(inputs: Mapping[str, Any]) -> Optional[Map]:
    """The map that went in, or the mean of the half-maps; None where a file is gone."""
    kinds = ["full_map"] if "full_map" in inputs else ["half1", "half2"]
    paths = [inputs[k]["path"] for k in kinds if k in inputs]
    if not paths or not all(os.path.isfile(p) for p in paths):
        return None
    maps = [read_map(p) for p in paths]
    return maps[0].with_data(sum(m.data for m in maps) / np.float32(len(maps)))


def _row(map_: Map, limits: Tuple[float, float], title: str, words: str) -> Pictures:
    made = tuple(Picture(pictures.grey_png(image, limits), f"{title}, {label}", label) for label, image in pictures.slices(map_.data))
    return Pictures(title, made, words)
