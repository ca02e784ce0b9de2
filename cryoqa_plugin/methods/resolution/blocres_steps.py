"""The steps of the FSC in boxes: cutting, reading the curves, numbers and sentences."""
from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from ...core import blocks, filters, shells
from ...core.fourier import forward, geometry, inverse
from ...errors import InputError
from ...io.inputs import Inputs
from ...results import Curve, Table
from ..map_info.halves import is_masked
from .local_fsc_steps import LEVEL
from .local_resolution import mask_notes, where

if TYPE_CHECKING:
    from .blocres import BlocresParams

PERCENTILES = (5, 25, 50, 75, 95)
NAMES = ("p5", "p25", "median", "p75", "p95")
_COARSEST = 200.0                     # Å, of Bsoft
_CUTS = (0.5, 0.143)                  # of the table, besides the one asked for
_FEW = 5.0                            # boxes should have this many times the resolution


class Work(NamedTuple):
    """Curves of the boxes, float32 [v, shells], around the points ``at`` bool [mz, my, mx]; ``hats`` spread them over the voxels."""

    how: blocks.Plan
    hats: Sequence[np.ndarray]
    at: np.ndarray
    curves: np.ndarray
    box: float
    step: float
    highest: float


class Read(NamedTuple):
    """Frequencies (1/Å) [v] where the curves fall below ``cut``; bool [v]: below it from the start, and never."""

    cut: float
    frequency: np.ndarray
    unresolved: np.ndarray
    never: np.ndarray


def check_box(inputs: Inputs, params: BlocresParams) -> None:
    """One sentence when the boxes do not fit into the maps, or the curves would end before they begin."""
    map_ = inputs.half1
    if params.box > min(map_.shape):
        raise InputError(f"The boxes of {params.box} voxels do not fit into the map, whose shortest edge has {min(map_.shape)} "
                         f"({map_.path}); give a smaller box.")
    edge = params.box * max(map_.voxel_size)
    if params.highest_resolution is not None and params.highest_resolution > edge / 3:
        raise InputError(f"The highest resolution, {params.highest_resolution:g} Å, leaves no curve in boxes of {edge:g} Å "
                         f"({map_.path}); give less than {edge / 3:.3g} Å or a larger box.")


def facts(inputs: Inputs) -> Dict[str, bool]:
    """Whether the half-maps are copies of each other, and whether one is masked."""
    a, b = inputs.half1.data.ravel(), inputs.half2.data.ravel()
    means = a.mean(dtype=np.float64), b.mean(dtype=np.float64)
    a, b = a - np.float32(means[0]), b - np.float32(means[1])
    alike = float(np.dot(a, b)) / max(np.sqrt(float(np.dot(a, a)) * float(np.dot(b, b))), 1e-30)
    return dict(half_maps_identical=abs(alike) > 0.99999, half_maps_masked=is_masked(inputs.half1.data) or is_masked(inputs.half2.data))


def whitened(data: np.ndarray, voxel_size: Sequence[float]) -> np.ndarray:
    """The map, float32 [z, y, x], with the mean power of each shell made 1."""
    geo = geometry(data.shape, voxel_size)
    ft = forward(data)
    power, _, count = shells.power_sums(ft, geo)
    level = np.sqrt(power / np.maximum(count, 0.5))
    profile = np.where(level > 0, 1 / np.where(level > 0, level, 1), 0)
    profile[0] = 0
    return inverse(filters.apply_radial(ft, geo, profile, beyond=float(profile[-1]), out=ft), geo.shape)


def cut(inputs: Inputs, params: BlocresParams, mask: np.ndarray) -> Work:
    """FSC of all the boxes that the voxels of the mask are interpolated from."""
    half1, half2 = inputs.half1, inputs.half2
    voxel = half1.voxel_size
    maps = [whitened(m.data, voxel) if params.whiten else np.ascontiguousarray(m.data) for m in (half1, half2)]
    highest = max(params.highest_resolution or 0.0, 2 * max(voxel))
    how = blocks.plan(params.box, params.pad, params.taper, voxel, highest, mates=params.rules == "cryoqa")
    step = params.step or max(1, params.box // 5)
    along = [blocks.centres_along(n, params.box, step) for n in half1.shape]
    hats = [blocks.hat_weights(n, c) for n, c in zip(half1.shape, along)]
    at = blocks.needed(mask, LEVEL, hats)
    centres = np.stack([c[i] for c, i in zip(along, np.nonzero(at))], axis=1)
    fills = tuple(float(m.mean(dtype=np.float64)) for m in maps)
    curves = blocks.box_curves(maps[0], maps[1], (fills[0], fills[1]), centres, how)
    return Work(how, hats, at, curves, params.box * max(voxel), step * max(voxel), highest)


def crossings(work: Work, params: BlocresParams) -> List[Read]:
    """Where the curves fall below the threshold asked for, and below those of the table."""
    cuts = [params.threshold] + [c for c in _CUTS if c != params.threshold]
    return [_read(work, c, params.rules) for c in cuts]


def _read(work: Work, cut_: float, rules: str) -> Read:
    frequency, falls = blocks.first_falls(work.curves, work.how.length, cut_)
    if rules == "bsoft":
        frequency, coarsest = blocks.last_falls(work.curves, work.how.length, cut_), _COARSEST
    else:
        frequency, coarsest = np.where(falls, frequency, 1 / work.highest), work.box
    unresolved, never = falls & (frequency <= 1 / work.box), ~falls | (frequency >= 1 / work.highest)
    return Read(cut_, np.clip(frequency, 1 / coarsest, 1 / work.highest), unresolved, never)


def voxels(work: Work, frequency: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Resolution (Å) at the voxels of the mask, 0 outside, float32 [z, y, x]: frequencies are interpolated between the points."""
    at_points = np.ones(work.at.shape)
    at_points[work.at] = frequency
    return blocks.spread(at_points, work.hats, mask, LEVEL)


def numbers(work: Work, params: BlocresParams, read: Read, median: float) -> Dict[str, Any]:
    """Values about the boxes and their curves."""
    falls = np.count_nonzero((work.curves[:, :-1] >= read.cut) & (work.curves[:, 1:] < read.cut), axis=1)
    shown = slice(1, min(work.curves.shape[1], work.how.padded // 2 + 1))
    at = np.arange(work.curves.shape[1])[shown] / work.how.length
    return dict(unresolved_fraction=float(read.unresolved.mean()), nyquist_fraction=float(read.never.mean()),
                several_fraction=float(np.mean(falls > 1)), box_over_resolution=work.box / median,
                coefficients=blocks.independent(work.how, 1 / median), threshold=params.threshold, box_edge=work.box, spacing=work.step,
                boxes=len(work.curves), rules=params.rules,
                fsc_boxes=Curve(at, work.curves[:, shown].mean(axis=0, dtype=np.float64)))


def percentile_table(reads: Sequence[Read], inside: Sequence[np.ndarray]) -> Table:
    """Percentiles at each threshold."""
    rows: List[Tuple[Any, ...]] = [(r.cut, *(float(v) for v in np.percentile(i, PERCENTILES))) for r, i in zip(reads, inside)]
    return Table(("FSC", *(f"{p} %" for p in PERCENTILES)), tuple(rows))


def summary(v: Dict[str, Any]) -> str:
    """One sentence."""
    if v["half_maps_identical"]:
        return "The half-maps are copies of each other: the FSC of their boxes is 1 everywhere and says nothing about resolution."
    return (f"The local resolution at FSC {v['threshold']:g} is {v['median']:.2f} Å in the median and from {v['p5']:.2f} to "
            f"{v['p95']:.2f} Å for nine tenths of the voxels, {where(v['mask_source'])} (boxes of {v['box_edge']:.1f} Å).")


def warnings(v: Dict[str, Any]) -> List[str]:
    """What is odd about mask, half-maps and boxes."""
    out: List[Optional[str]] = [
        *mask_notes(v["mask_source"]),
        "The half-maps are masked: near the edge of that mask the boxes hold what it left." if v["half_maps_masked"] else None,
        f"The boxes have an edge of {v['box_edge']:.1f} Å, only {v['box_over_resolution']:.1f} times the median resolution of "
        f"{v['median']:.2f} Å; give larger ones." if v["box_over_resolution"] < _FEW else None,
        "Rules of bsoft: a curve that falls below the threshold several times counts at its last fall."
        if v["rules"] == "bsoft" else None]
    return [w for w in out if w]
