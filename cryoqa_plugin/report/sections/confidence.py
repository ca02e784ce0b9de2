"""The confidence map: what stands out of the noise, and where the noise was taken from."""
from __future__ import annotations

from typing import Any, List, Mapping, Optional

from ...io.maps import read_map
from ...rounding import show_value
from .. import pictures
from ..blocks import Bar, Block, Card, KeyRow, KeyRows, Picture, Pictures, Text, show
from ..draw import curves, split_values, tables
from ..overlay import background_slices, value_slices, window, window_slices
from ..scale import Scale
from ..section import Results, Section

Metrics = Mapping[str, Any]
_FIRST = ("threshold_1_percent", "confident_share", "confident_volume", "pieces", "largest_share", "other_pieces", "outside_mask",
          "noise_source", "noise_sd", "noise_unevenness", "distribution_used", "weighting_used", "tested_share")
_NOISE = "Where the noise was taken from"
_CONCLUDED = ("What lies inside the orange line is there; it may be built where its shape says what it is. Not concluded: that it is "
              "processed well, its resolution, what it is, and that what is outside is empty. Errors that both half-maps share count as "
              "signal.")


def cards(results: Results) -> List[Card]:
    """The map with an outline of what is sure above the noise it was tested with, and what may be concluded."""
    found = _outlined(results)
    if not found:
        return []
    rows = tuple(row for row in (make(results["confidence"]["metrics"], results) for make in _FACTS) if row is not None)
    return [Card("Density that is more than noise", (*found, *_noise(results)), 7, 65),
            Card("What may be concluded", (KeyRows("", rows), Text(_CONCLUDED)), 5, 66)]


def _level(metrics: Metrics, results: Results) -> Optional[KeyRow]:
    level = metrics["threshold_1_percent"]["value"]
    return None if level is None else KeyRow("ok", "Draw it at", show(float(level)), "above it at most 1 % of the voxels are noise; " + (
        "of the map that was tested" if results.map_file("confidence", "tested_map") else "of the mean of the half-maps"
        if metrics["noise_source"]["value"] == "difference" else "of the map"))


def _found(metrics: Metrics, results: Results) -> Optional[KeyRow]:
    share, volume = (metrics[n]["value"] for n in ("confident_share", "confident_volume"))
    return KeyRow(results.state("nothing_found"), "More than noise", show_value(100 * share, "%"),
                  f"of the voxels tested, {show_value(volume, 'Å³')}")


def _pieces(metrics: Metrics, results: Results) -> Optional[KeyRow]:
    count, other = (metrics[n]["value"] for n in ("pieces", "other_pieces"))
    if not count:
        return None
    beside = "nothing beside the largest"
    if count > 1:
        beside = f"beside the largest {other or 'none'} of density and {count - 1 - other or 'none'} as noise makes them"
    return KeyRow(results.state("largest_share"), "Pieces", str(count), beside)


def _fits(metrics: Metrics, results: Results) -> Optional[KeyRow]:
    used, uneven = (metrics[n]["value"] for n in ("distribution_used", "noise_unevenness"))
    words = {"normal": "normal distribution", "empirical": "distribution of the noise itself"}[used]
    return KeyRow(results.state("noise_fits"), "Noise", words, f"{uneven:.2f} times as strong at some places as at others")


_FACTS = (_level, _found, _pieces, _fits)


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
    slices = value_slices(results, "confidence", "noise_map", _NOISE, Scale(0.5 * middle, 2 * middle, True), "the map",
                          "Standard deviation of the noise")
    return slices + [Bar("", "", 0.5, 2.0, True, caption=f"Standard deviation of the noise over its median, {show(middle)}. Where there is "
                                                         "no colour none was taken.")]


def render(results: Results) -> List[Block]:
    """Values, the connected pieces, and how much is found at other rates."""
    document = results["confidence"]
    return split_values(document, _FIRST) + tables(document) + curves(document)


SECTION = Section(
    id="confidence", title="Signal or noise", order=74, asks="map", capability="confidence",
    how_to_read="Inside the orange line at most 1 % of the voxels are noise. That says that something is there, not what it is, and not "
                "that its shape is right: low frequencies make the line wide and smooth, and next to strong density a voxel may be sure "
                "by its neighbour. Outside the line nothing is proven; weak density may still be real. Noise is coloured from half "
                "its median (blue) to twice that (red). Of a difference it is known in the molecule, too; where it is that of the solvent "
                "or of boxes, no part of these may be the molecule.",
    render=render, cards=cards)
