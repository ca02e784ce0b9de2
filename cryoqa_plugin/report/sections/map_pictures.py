"""Pictures of the map: slices with the outline of the mask, projections, isosurface."""
from __future__ import annotations

import os
from typing import List, Optional, Tuple

from ...io.maps import Map, read_map
from .. import pictures
from ..blocks import Block, Picture, Pictures, Text, show
from ..section import Results, Section


def render(results: Results) -> List[Block]:
    """Three slices, three projections, three views of the isosurface, and the isosurface to turn."""
    map_, words = the_map(results)
    if map_ is None:
        return [Text(words)]
    mask = _the_mask(results, map_)
    out: List[Block] = [_slices(map_, mask, words), _projections(map_)]
    out.append(_isosurface(map_, results.contour()))
    return out


def the_map(results: Results) -> Tuple[Optional[Map], str]:
    """The map of a run, or the mean of its half-maps, with its name; None and why where there is none."""
    inputs = results.inputs()
    if "full_map" in inputs:
        path = inputs["full_map"]["path"]
        if os.path.isfile(path):
            return read_map(path), os.path.basename(path)
        return None, (f"The map {path} is no longer there, so that it cannot be drawn; put it back and draw the report again." if path else
                      "The map was given in memory and is in no file, so that it cannot be drawn.")
    halves = [inputs[k]["path"] for k in ("half1", "half2") if k in inputs]
    if len(halves) == 2 and all(os.path.isfile(p) for p in halves):
        one, two = (read_map(p) for p in halves)
        return one.with_data((one.data + two.data) / 2), "mean of the two half-maps"
    return None, "There is no map to draw; give a map or two half-maps that are still in their place."


def _the_mask(results: Results, map_: Map) -> Optional[Map]:
    path = results.map_file("mask", "mask") or results.inputs().get("mask", {}).get("path")
    if not path or not os.path.isfile(path):
        return None
    mask = read_map(path)
    return mask if mask.shape == map_.shape else None


def _isosurface(map_: Map, given: Optional[float]) -> Pictures:
    level, views = pictures.surface_pngs(map_, given)
    words = f"Level {show(float(level))}, "
    if given is None:
        words += ("chosen from the map: half the mean density of the strongest third of the voxels that rise above the median by four "
                  "times the noise. The map is shrunk to at most 128 voxels an edge and smoothed a little for this picture only.")
    else:
        words += ("the contour level. Small blobs beside the molecule are noise, or something that the level cuts off. The map is shrunk "
                  "to at most 128 voxels an edge for this picture.")
    return Pictures("Isosurface", tuple(Picture(p, f"Isosurface seen {label}", f"seen {label}") for label, p in views), words)


def _slices(map_: Map, mask: Optional[Map], words: str) -> Pictures:
    images = pictures.slices(map_.data)
    outlines = [m for _, m in pictures.slices(mask.data)] if mask else [None] * 3
    limits = pictures.grey_limits([i for _, i in images])
    made = tuple(Picture(pictures.grey_png(image, limits, outline), f"Slice of the map at {label}", label)
                 for (label, image), outline in zip(images, outlines))
    tail = " The orange line is the mask at 0.5." if mask else ""
    return Pictures("Middle slices", made, f"Slices through the middle of the box ({words}); rows grow downwards.{tail}")


def _projections(map_: Map) -> Pictures:
    images = pictures.projections(map_.data)
    limits = pictures.grey_limits([i for _, i in images])
    made = tuple(Picture(pictures.grey_png(image, limits), f"Projection {label}", label) for label, image in images)
    return Pictures("Projections", made, "Sums of the map along the three axes.")


SECTION = Section(
    id="map_pictures", title="Pictures of the map", order=20, asks="file",
    how_to_read="Around the molecule, slices should show noise without structure: rays, rings, a hard edge or a flat background mean "
                "that something was masked, filtered or went wrong in the reconstruction. Stripes in projections come from "
                "orientations that are missing or weighted too much; a dark halo from a wrong CTF correction.",
    render=render)
