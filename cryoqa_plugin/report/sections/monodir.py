"""The local-directional resolution."""
from __future__ import annotations

import os
from typing import Any, List, Mapping, Optional, Tuple

import numpy as np

from ...io.maps import read_map
from .. import sphere
from ..blocks import Block, Picture, Pictures
from ..draw import curves, split_values, tables
from ..overlay import coloured_slices
from ..section import Results, Section

_FIRST = ("median", "highest_median", "lowest_median", "radial_median", "tangential_median", "tangential_over_radial", "doa_median",
          "scatter", "resolution_x", "resolution_y", "resolution_z", "regional_ratio", "preference", "preferred")
_COURSES = tuple("course_" + n for n in ("highest", "radial", "tangential", "lowest"))
_HISTOGRAMS = ("histogram", *("histogram_" + n for n in ("highest", "radial", "tangential", "lowest")))
_SHOWN = (("highest", "the best directions"), ("lowest", "the worst directions"))


def render(results: Results) -> List[Block]:
    """Coloured slices, spheres of the directions, histograms, courses over distance, and values."""
    document = results["monodir"]
    return (_slices(results) + _spheres(document) + curves(document, _HISTOGRAMS, title="Resolution in the mask")
            + curves(document, _COURSES, title="Resolution by distance from the middle of the box") + split_values(document, _FIRST)
            + tables(document, skip=("directions",)))


def _slices(results: Results) -> List[Block]:
    rows = {row[0]: row for row in results["monodir"]["tables"].get("percentiles", {}).get("rows", [])}
    if not rows:
        return []
    low, high = rows["highest"][1], max(rows["lowest"][5], 1.02 * rows["highest"][1])
    out: List[Block] = []
    for name, words in _SHOWN:
        path = results.map_file("monodir", name)
        if path:
            values = read_map(path).data
            behind = _background(results, values.shape)
            made = tuple(Picture(picture, f"Resolution of {words} in the slice at {label}", label)
                         for label, picture in coloured_slices(values, (low, high), behind))
            out.append(Pictures(f"Resolution of {words}, middle slices", made,
                                f"Blue is {low:.2f} Å or better and red {high:.2f} Å or worse, as the bar below each slice."))
    return out


def _background(results: Results, shape: Tuple[int, ...]) -> Optional[np.ndarray]:
    inputs = results["monodir"].get("inputs", {})
    paths = [inputs[k]["path"] for k in ("half1", "half2") if k in inputs] or [inputs[k]["path"] for k in ("full_map",) if k in inputs]
    if not paths or not all(os.path.isfile(p) for p in paths):
        return None
    maps = [read_map(p).data for p in paths]
    return sum(maps) / np.float32(len(maps)) if all(m.shape == shape for m in maps) else None


def _spheres(document: Mapping[str, Any]) -> List[Block]:
    found = sphere.directions(document)
    if found is None:
        return []
    axes, values = found
    scale = sphere.limits(values)
    pictures = tuple(Picture(data, f"Resolution of the directions seen {label}", label)
                     for label, data in sphere.hemispheres(axes, values, scale))
    return [Pictures("Resolution by direction, median over the mask", pictures,
                     f"Half a sphere of directions in each disc: the axis in the middle, the directions across it on the rim. The bar runs "
                     f"from {scale[0]:.2f} Å (dark, fine) to {scale[1]:.2f} Å (bright, coarse).")]


SECTION = Section(
    id="monodir", title="Local resolution by direction", order=78,
    asks="dirs", capability="monodir",
    how_to_read="Best and worst directions of a voxel always differ, by noise alone by some three times the scatter. A map whose worst "
                "directions are the same all over has too few views across them. Where tangential resolution gets worse than radial with "
                "the distance from the middle, orientations are in error; a few per cent are due to the surface of the molecule, an edge "
                "that is sharp along the radius.",
    render=render)
