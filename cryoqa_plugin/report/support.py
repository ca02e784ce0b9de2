"""Pictures and words of the support of a map by its half-maps: for the audit, and for maps that were made and audited at once."""
from __future__ import annotations

import os
from typing import List, Optional

import numpy as np

from ..io.maps import read_map
from .blocks import Block, Card, Picture, Pictures, Text
from .overlay import coloured_slices, window, window_slices
from .scale import SUPPORT
from .section import Results

TITLE = "Support by the half-maps on middle slices"
SEEN = 2.0                                       # standard deviations of the map: what is coloured
_CONCLUDED = ("What may be concluded: where support is near 1 the half-maps know the density, and it may be shown and built. What may not: "
              "that density is right because both half-maps have it, as errors of alignment, symmetry or reference are in both; and that "
              "what is missing here is absent, as it may only be weak.")


def support_slices(made: Optional[str], support: Optional[str]) -> List[Block]:
    """Middle slices of a map, coloured by support where it is strong; nothing where a file is gone or the boxes differ.

    Parameters
    ----------
    made, support
        Files of the map and of its support.
    """
    if not support or not made or not os.path.isfile(made):
        return []
    values, map_ = read_map(support).data, read_map(made, voxel_size_known=True).data
    if values.shape != map_.shape:
        return []
    strong = map_ > map_.mean() + SEEN * map_.std()
    part = window(strong)
    background = [image for _, image in window_slices(map_, part)]
    pictures = tuple(Picture(picture, f"Support of the map in the slice at {label}", label) for label, picture in coloured_slices(
        np.where(strong, values, 0).astype(np.float32), SUPPORT, background, part))
    return [Pictures(TITLE, pictures, f"Blue: supported; yellow: half; red: not in the half-maps. Coloured above {SEEN:g} standard "
                     "deviations of the map; below, the map in grey.")]


def support_cards(results: Results, capability: str, name: str, rank: int) -> List[Card]:
    """The card of :func:`support_slices` for the map ``name`` that a capability made, where it was audited."""
    slices = support_slices(results.map_file(capability, name), results.map_file(capability, "support_map"))
    return [Card(TITLE, tuple(slices), 8, rank)] if slices else []


def support_words(results: Results, capability: str) -> List[Block]:
    """What may be concluded of a map that was audited when it was made, and what not."""
    share = results[capability]["metrics"].get("supported_share")
    return [] if share is None or share["value"] is None else [Text(_CONCLUDED)]
