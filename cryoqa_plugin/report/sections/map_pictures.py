"""Pictures of the map: projections, and slices with the outline of the mask."""
from __future__ import annotations

import os
from dataclasses import replace
from typing import List, Optional, Tuple

from ...io.maps import Map, read_map
from .. import pictures
from ..blocks import Block, Card, Picture, Pictures, Plot, Text
from ..draw import curves
from ..section import Results, Section


def cards(results: Results) -> List[Card]:
    """Projections of the whole box, with the histogram of the background below; middle slices with the mask."""
    map_, words = the_map(results)
    if map_ is None:
        return []
    background = curves(results.documents.get("contour", {"curves": {}}), ("background", "gaussian"), title="Background")
    lower = tuple(replace(plot, height=200.0, y_label="voxels") for plot in background if isinstance(plot, Plot))
    slices = _slices(map_, _the_mask(results, map_), words)
    return [Card("Projections of the whole box", (_projections(map_), *lower), 7, 10), Card(slices.title, (slices,), 8, 60)]


def render(results: Results) -> List[Block]:
    """Why there is no picture, where there is none; the pictures stand on cards."""
    map_, words = the_map(results)
    return [Text(words)] if map_ is None else []


def the_map(results: Results) -> Tuple[Optional[Map], str]:
    """The map of a run, or the mean of its half-maps, with its name; None and why where there is none."""
    inputs = results.inputs()
    if "full_map" in inputs:
        path = inputs["full_map"]["path"]
        if os.path.isfile(path):
            return read_map(path, voxel_size_known=True), os.path.basename(path)
        return None, (f"The map {path} is no longer there, so that it cannot be drawn; put it back and draw the report again." if path else
                      "The map was given in memory and is in no file, so that it cannot be drawn.")
    halves = [inputs[k]["path"] for k in ("half1", "half2") if k in inputs]
    if len(halves) == 2 and all(os.path.isfile(p) for p in halves):
        one, two = (read_map(p, voxel_size_known=True) for p in halves)
        return one.with_data((one.data + two.data) / 2), "mean of the two half-maps"
    return None, "There is no map to draw; give a map or two half-maps that are still in their place."


def _the_mask(results: Results, map_: Map) -> Optional[Map]:
    path = results.map_file("mask", "mask") or results.inputs().get("mask", {}).get("path")
    if not path or not os.path.isfile(path):
        return None
    mask = read_map(path, voxel_size_known=True)
    return mask if mask.shape == map_.shape else None


def _slices(map_: Map, mask: Optional[Map], words: str) -> Pictures:
    images = pictures.slices(map_.data)
    outlines = [m for _, m in pictures.slices(mask.data)] if mask else [None] * 3
    limits = pictures.grey_limits([i for _, i in images])
    made = tuple(Picture(pictures.grey_png(image, limits, outline), f"Slice of the map at {label}", label)
                 for (label, image), outline in zip(images, outlines))
    tail = " The orange line is the mask at 0.5." if mask else ""
    return Pictures("Middle slices", made, f"Slices through the box centre ({words}); rows grow downwards.{tail}")


def _projections(map_: Map) -> Pictures:
    images = pictures.projections(map_.data)
    limits = pictures.grey_limits([i for _, i in images])
    made = tuple(Picture(pictures.grey_png(image, limits), f"Projection {label}", f"{label} ({sides})")
                 for (label, image), sides in zip(images, ("x right, y down", "x right, z down", "y right, z down")))
    return Pictures("Projections of the whole box", made)


SECTION = Section(
    id="map_pictures", title="Pictures of the map", order=20, asks="file",
    how_to_read="Around the molecule, slices should show noise without structure: rays, rings, a hard edge or a flat background mean "
                "that something was masked, filtered or went wrong in the reconstruction. Stripes in projections come from "
                "orientations that are missing or weighted too much; a dark halo from a wrong CTF correction.",
    render=render, cards=cards)
