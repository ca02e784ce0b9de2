"""The map at its contour level."""
from __future__ import annotations

import os
from typing import Any, List, Mapping, Optional, Sequence, Tuple

import numpy as np

from ...io.maps import Map, read_map
from .. import pictures
from ..blocks import Block, Card, Picture, Pictures, Text, show
from ..draw import curves, split_values, tables
from ..section import Results, Section

_FIRST = ("contour", "contour_suggested", "contour_lowest", "contour_highest", "contour_confident", "noise_above", "level_verdict", "mass",
          "residues", "model_mass", "model_mass_percent", "model_ratio", "sequence_mass", "mask_ratio", "through", "decentring", "margin",
          "margin_axis", "space_min",
          "space_min_percent", "mass_offset", "components_95", "remaining_percent", "mask_overlap", "background_mean", "outlier_ratio",
          "outliers_percent")
Images = Sequence[Tuple[str, np.ndarray]]


def render(results: Results) -> List[Block]:
    """Values and tables, pictures of what is above the level and of the outliers."""
    document = results["contour"]
    return split_values(document, _FIRST) + tables(document) + _drawn(results, document)


def cards(results: Results) -> List[Card]:
    """Mass above a threshold; the histogram of the background stands below the projections."""
    document = results["contour"]
    level = document["metrics"]["contour"]["value"]
    mass = curves(document, ["mass_by_threshold"], marks=[(level, f"contour {show(float(level))}")])
    return [Card("Mass above a threshold", tuple(mass), 5, 56)]


def _drawn(results: Results, document: Mapping[str, Any]) -> List[Block]:
    path = document["inputs"]["full_map"]["path"]
    masks = {name: results.map_file("contour", name) for name in ("raw_mask", "hard_mask")}
    if not os.path.isfile(path) or not all(masks.values()):
        named = f"The map {path}" if path else "The map, which was given in memory,"
        return [Text(f"{named} or the masks made of it are no longer there, so that they cannot be drawn.")]
    map_ = read_map(path)
    hard = read_map(masks["hard_mask"]).data
    raw = pictures.widest_slices(read_map(masks["raw_mask"]).data)
    return [_pictures("What is above the contour level", raw, "Slice of the raw mask", (0.0, 1.0), _at(hard, raw),
                      "White is at or above the level; slices of largest variance; the orange line is the mask: the large components, "
                      "dilated."), *_outliers(map_, hard, document)]


def _pictures(title: str, images: Images, words: str, limits: Optional[Tuple[float, float]], outlines: Optional[Sequence[np.ndarray]],
              caption: str) -> Pictures:
    limits = pictures.grey_limits([i for _, i in images]) if limits is None else limits
    made = tuple(Picture(pictures.grey_png(image, limits, outlines[i] if outlines else None), f"{words}, {label}", label)
                 for i, (label, image) in enumerate(images))
    return Pictures(title, made, caption)


def _at(data: np.ndarray, images: Images) -> List[np.ndarray]:
    """The same slices of another map."""
    z, y, x = (int(label.rpartition(" ")[2]) for label, _ in images)
    return [data[z], data[:, y], data[:, :, x]]


def _outliers(map_: Map, hard: np.ndarray, document: Mapping[str, Any]) -> List[Block]:
    sd = document["metrics"]["background_sd"]["value"]
    sigmas = document["parameters"].get("sigmas", 5.0)
    if not sd:
        return []
    flags = ((hard < 0.5) & (np.abs(map_.data) > sigmas * sd)).astype(np.float32)
    return [_pictures("Background outliers", pictures.maxima(flags), "Outliers of the background", (0.0, 1.0), None,
                      f"White where, along the axis, a voxel outside of the mask lies beyond {show(float(sigmas))} standard deviations. "
                      "They should be few and scattered; a rim around the molecule is density below the contour level.")]


SECTION = Section(
    id="contour", title="Contour level: mass, components, background", order=35,
    asks="file", capability="contour",
    how_to_read="The molecule should lie at the box centre with room around it (30 Å and more, so that the CTF could be corrected), in one "
                "piece or a few. Thousands of tiny blobs are noise and harmless while they hold a few percent of "
                "the mass. The masses of contour, mask, model and sequence should agree; the level is judged by them and by the noise. The "
                "background should be noise about zero without structure. Focused and local refinements are off centre: there, warnings "
                "are no mistakes.",
    render=render, cards=cards)
