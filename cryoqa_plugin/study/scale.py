"""Densities in a scale that single precision can square: the scale of a map means nothing, its overflow does.

Powers are sums of squares, and float32 ends at 3e38 and 1e-38: maps of 1e30 or 1e-30 would lose their shells without a word. Maps that
reach so far are multiplied by one power of two, which changes no digit, all of them by the same, so that they keep their ratios. Where that
would carry another map out of reach, each is multiplied by its own; the two half-maps stay together, as their ratio is reported.
"""
from __future__ import annotations

import math
from dataclasses import replace
from typing import Callable, Dict, Optional, Tuple

import numpy as np

from ..io.inputs import KINDS, Inputs, base_kind
from ..io.maps import Map

_SAFE = (1e-12, 1e12)                            # largest density of a map: its square, and sums of 1e9 squares, stay within float32
_NO_DENSITY = ("mask", "mask2", "focused_masks", "resolution_map")


def largest_density(map_: Map) -> float:
    """Largest absolute value of a map.

    Parameters
    ----------
    map_
        The map.

    Returns
    -------
    float
        NaN or infinity where a voxel is.
    """
    return max(float(map_.data.max()), -float(map_.data.min())) if map_.data.size else 0.0


def in_safe_scale(inputs: Inputs, largest: Callable[[Map], float] = largest_density) -> Tuple[Inputs, Optional[str]]:
    """Inputs whose densities are within reach of single precision.

    Parameters
    ----------
    inputs
        Any inputs.
    largest
        Gives the largest density of a map.

    Returns
    -------
    inputs : Inputs
        The same when their largest density lies between 1e-12 and 1e12, as that of every program does.
    note : str or None
        What was done, else None.
    """
    maps = {n: m for n, m in inputs.maps().items() if base_kind(n) not in _NO_DENSITY}
    tops = {n: largest(m) for n, m in maps.items()}
    groups: Dict[str, float] = {}
    for name, top in tops.items():
        group = _group(name)
        if math.isfinite(top) and top > 0:
            groups[group] = max(top, groups.get(group, 0.0))
    if all(_SAFE[0] <= top <= _SAFE[1] for top in groups.values()):
        return inputs, None
    common = -math.frexp(max(groups.values()))[1]            # the largest density becomes 0.5 to 1
    alone = math.ldexp(min(groups.values()), common) < _SAFE[0]
    powers = {g: -math.frexp(top)[1] if alone else common for g, top in groups.items()}
    made: Dict[Tuple[int, int], Map] = {}                    # one map may be given as two kinds
    for name, map_ in maps.items():
        power = powers.get(_group(name), 0)
        key = id(map_.data), power
        if key not in made:
            made[key] = _scaled(map_, power) if power else map_
        inputs = inputs.changed(name, data=made[key].data, header=made[key].header)
    return inputs, _note(maps, tops, None if alone else common)


def _group(name: str) -> str:
    """The maps that keep their ratio in any case: a pair of half-maps has one name, each other map its own."""
    return name.replace("half2", "half1")


def _scaled(map_: Map, power: int) -> Map:
    header = map_.header
    if header is not None and header.header_stats[0] <= header.header_stats[1]:              # else it says that they are not known
        header = replace(header, header_stats=tuple(math.ldexp(s, power) for s in header.header_stats))
    return replace(map_, data=np.ldexp(map_.data, power), header=header)


def _note(maps: Dict[str, Map], tops: Dict[str, float], power: Optional[int]) -> str:
    """What was done; ``power`` is None when each map has its own."""
    far = {n: top for n, top in tops.items() if math.isfinite(top) and top > 0 and not _SAFE[0] <= top <= _SAFE[1]}
    name = max(far, key=lambda n: abs(math.log(far[n])))
    file = f" ({maps[name].path})" if maps[name].path else ""
    what = "so large that their squares are beyond" if far[name] > 1 else "so small that their squares are nothing in"
    taken = "each map is taken on a scale of its own" if power is None else f"all maps are taken {math.ldexp(1.0, power):.4g} times as high"
    return (f"The densities of {KINDS[name].label.lower()}{file} reach {far[name]:.2g}, {what} single precision; {taken}. Density levels, "
            "and maps that are written, are in these units.")
