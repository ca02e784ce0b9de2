"""What methods on half-maps or on a map alone share: inputs checked, half sum and half difference, what is odd about half-maps."""
from __future__ import annotations

from typing import Any, List, NamedTuple

import numpy as np

from ...core import fourier
from ...errors import InputError, MissingInputError
from ...io.inputs import Inputs, require, require_same_grid
from ..common import check_data, check_mask
from ..map_info.halves import is_masked
from ..map_info.halves_position import position_notes

_COPY = 1e-6
_SMALLEST = 16


class Halves(NamedTuple):
    """Whether half-maps are copies, whether one is masked, and the larger of their standard deviations over the smaller."""

    identical: bool
    masked: bool
    scale: float


def check(inputs: Inputs) -> bool:
    """Whether half-maps are there; one sentence when something is wrong with them, the map or the mask."""
    halves = inputs.half1 is not None or inputs.half2 is not None
    if halves:
        require(inputs, "half1", "half2")
    elif inputs.full_map is None:
        raise MissingInputError("Two half-maps or a map are needed and none was given; give the files of both half-maps, or that of the "
                                "map.")
    used = {n: m for n, m in inputs.maps().items() if n in ("half1", "half2", "full_map", "mask")}
    require_same_grid(used)
    for kind, map_ in used.items():
        (check_mask if kind == "mask" else check_data)(map_, kind)
    grid = inputs.half1 if halves else inputs.full_map
    if min(grid.shape) < _SMALLEST:
        box = " x ".join(str(n) for n in grid.shape[::-1])
        raise InputError(f"The map is {box} voxels ({grid.path}); local resolution needs at least {_SMALLEST} along each axis. Give the "
                         "whole map.")
    return halves


def check_halves(inputs: Inputs, fewest: int, what: str) -> fourier.Geometry:
    """The shells of two half-maps, after checks of them and of the mask; ``what`` needs ``fewest`` voxels along each axis."""
    require(inputs, "half1", "half2")
    used = {n: m for n, m in inputs.maps().items() if n in ("half1", "half2", "mask")}
    require_same_grid(used)
    for kind, map_ in used.items():
        (check_mask if kind == "mask" else check_data)(map_, kind)
    geo = fourier.geometry(inputs.half1.shape, inputs.half1.voxel_size)
    if geo.n_shells <= fewest // 2:
        box = " x ".join(str(n) for n in geo.shape[::-1])
        raise InputError(f"The half-maps are {box} voxels ({inputs.half1.path}, {inputs.half2.path}); {what} at least {fewest} along "
                         "each axis. Give the whole maps.")
    return geo


def combined(inputs: Inputs, how: Any) -> np.ndarray:
    """Half of ``half1`` plus (``np.add``) or minus (``np.subtract``) ``half2``, float32 [z, y, x]."""
    out = how(inputs.half1.data, inputs.half2.data)
    out *= np.float32(0.5)
    return out


def about_halves(inputs: Inputs, warnings: List[str]) -> Halves:
    """What is odd about two half-maps; sentences on it are added to ``warnings``."""
    one, two = inputs.half1, inputs.half2
    mean1, mean2 = (float(m.data.mean(dtype=np.float64)) for m in (one, two))
    sums = np.zeros(3)
    for p, q in zip(one.data, two.data):
        a, b = p.ravel() - mean1, q.ravel() - mean2
        sums += (a @ a, b @ b, a @ b)
    sd1, sd2 = np.sqrt(sums[:2] / one.data.size)
    identical = bool(sums[2] > (1 - _COPY) * np.sqrt(sums[0] * sums[1]))
    masked = is_masked(one.data) or is_masked(two.data)
    if identical:
        warnings.append(f"Half-map 1 ({one.path}) and half-map 2 ({two.path}) are copies of each other: there is no noise to compare with; "
                        "give the two independent ones.")
    elif masked:
        warnings.append(f"A half-map is masked ({one.path}, {two.path}); where its mask cuts, the resolution means nothing.")
    warnings += position_notes(one, two)
    return Halves(identical, masked, float(max(sd1, sd2) / min(sd1, sd2)))
