"""The confidence map: what stands out of the noise, and where the noise was taken from."""
from __future__ import annotations

from typing import List

from ...io.maps import read_map
from .. import pictures
from ..blocks import Block, Card, Picture, Pictures
from ..draw import curves, split_values
from ..overlay import background_slices, value_slices, window, window_slices
from ..scale import Scale
from ..section import Results, Section

_FIRST = ("threshold_1_percent", "confident_share", "confident_volume", "pieces", "largest_share", "outside_mask", "noise_source",
          "noise_sd", "noise_unevenness", "distribution_used", "weighting_used", "tested_share")
_NOISE = "Where the noise was taken from"


def cards(results: Results) -> List[Card]:
    """The map with an outline of what is sure, and the slices of the noise."""
    found, noise = _outlined(results), _noise(results)
    return ([Card("Density that is more than noise", tuple(found), 6, 66)] if found else []) \
        + ([Card(_NOISE, tuple(noise), 7, 66)] if noise else [])


def _outlined(results: Results) -> List[Block]:
    mask, tested = (results.map_file("confidence", name) for name in ("confidence_mask", "tested_map"))
    if not mask:
        return []
    data = read_map(mask).data
    part = window(data > 0)
    lines = window_slices(data, part)
    if tested:
        images = [image for _, image in window_slices(read_map(tested).data, part)]
    else:
        shown = background_slices(results["confidence"].get("inputs", {}), data.shape, part)
        images = [image for _, image in lines] if shown is None else list(shown)
    limits = pictures.grey_limits(images)
    made = tuple(Picture(pictures.grey_png(image, limits, line), f"Slice with an outline of the sure density at {label}", label)
                 for image, (label, line) in zip(images, lines))
    return [Pictures("Density that is more than noise", made, "The orange line is the false discovery rate of 1 %.")]


def _noise(results: Results) -> List[Block]:
    path = results.map_file("confidence", "noise_map")
    if not path:
        return []
    middle = results["confidence"]["metrics"]["noise_sd"]["value"] or 1.0
    return value_slices(results, "confidence", "noise_map", _NOISE, Scale(0.5 * middle, 2 * middle, True), "the map",
                        "Standard deviation of the noise")


def render(results: Results) -> List[Block]:
    """Values, and how much is found at other rates."""
    document = results["confidence"]
    return split_values(document, _FIRST) + curves(document)


SECTION = Section(
    id="confidence", title="Signal or noise", order=74, asks="map", capability="confidence",
    how_to_read="Inside the orange line at most 1 % of the voxels are noise. That says that something is there, not what it is, and not "
                "that its shape is right: low frequencies make the line wide and smooth, and next to strong density a voxel may be sure "
                "by its neighbour. Outside the line nothing is proven; weak density may still be real. Noise is coloured from half "
                "its median (blue) to twice that (red). Of a difference it is known in the molecule, too; where it is that of the solvent "
                "or of boxes, no part of these may be the molecule.",
    render=render, cards=cards)
