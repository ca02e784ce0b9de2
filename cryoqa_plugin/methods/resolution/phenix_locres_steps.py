"""The steps of the correlation in balls: bins, sweep, reading, smoothing, sentences."""
from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Dict, List, NamedTuple, Optional, Tuple

import numpy as np

from ...core import crossing, fourier, shells, tophat
from ...core.fourier import Geometry
from ...errors import InputError
from ...io.inputs import Inputs
from ...results import Curve
from .blocres_steps import LEVEL
from .local_resolution import mask_notes, where

if TYPE_CHECKING:
    from .phenix_locres import PhenixLocresParams

Say = Callable[[float, str], None]
_FINEST = 0.833                       # highest resolution over the overall one
_GRID = 0.75                          # highest frequency of the grid of the correlations, times the radius of the balls


class Plan(NamedTuple):
    """Transforms of the half-maps, bins (edges float64 [bins + 1] in shells) and lengths (Å); the correlations are kept on ``grid``
    (z, y, x), of whose points ``inside`` bool lie in the mask."""

    params: PhenixLocresParams
    geo: Geometry
    f1: np.ndarray
    f2: np.ndarray
    edges: np.ndarray
    resolution: float
    radius: float
    smooth: float
    grid: Tuple[int, int, int]
    inside: np.ndarray


class Found(NamedTuple):
    """Resolution (Å), and bool: a finer bin above, no bin below, no bin above; each [z, y, x] of the grid; mean correlation per bin."""

    resolution: np.ndarray
    inverted: np.ndarray
    never: np.ndarray
    none: np.ndarray
    mean: np.ndarray


def make_plan(inputs: Inputs, params: PhenixLocresParams, mask: np.ndarray) -> Plan:
    """Bins, balls and grid; one sentence when they do not fit the maps."""
    map_ = inputs.half1
    geo = fourier.geometry(map_.shape, map_.voxel_size)
    f1, f2 = fourier.forward(map_.data), fourier.forward(inputs.half2.data)
    resolution = params.resolution or _overall(f1, f2, geo)
    nyquist = 2 * max(map_.voxel_size)
    highest = max(params.highest_resolution or _FINEST * resolution, nyquist)
    edges = tophat.equal_bins(geo, 1 / highest, params.bins)
    if edges[1] < 1.5:
        raise InputError(f"The first of {params.bins} bins up to {highest:.3g} Å holds less than a shell of the map, whose edge is "
                         f"{geo.length:.4g} Å ({map_.path}); give fewer bins, or a finer resolution.")
    radius = params.radius or resolution
    smooth = resolution if params.smooth is None else params.smooth
    finest = min(radius, smooth) if smooth > 0 else 0.0
    grid = tophat.grid_for(geo, _GRID * geo.length / finest) if finest > 0 else geo.shape
    at = np.ix_(*(np.minimum(np.floor(np.arange(m) * n / m + 0.5).astype(int), n - 1) for m, n in zip(grid, geo.shape)))
    inside = mask[at] >= LEVEL
    if not inside.any():                                     # a mask of a few voxels
        inside = np.ones(grid, dtype=bool)
    return Plan(params, geo, f1, f2, edges, resolution, radius, smooth, grid, inside)


def _overall(f1: np.ndarray, f2: np.ndarray, geo: Geometry) -> float:
    """Where the FSC of the whole half-maps first falls below 0.143 (Å): Nyquist when it never does, 8 times Nyquist at the most, and 4
    times where they do not even agree in the first eighth of the shells, as for ``local_fsc``."""
    fsc = shells.fsc(shells.cross_sums(f1, f2, geo))
    nyquist = (geo.n_shells - 1) / geo.length
    first = crossing.find_crossings(fourier.frequencies(geo), fsc, 0.143).first
    if fsc[1:max(4, fsc.size // 8)].mean() < 0.143:          # what crosses is noise
        first = nyquist / 4
    return float(1 / max(first if np.isfinite(first) else nyquist, nyquist / 8))


def centres(plan: Plan) -> np.ndarray:
    """Resolution (Å) of each bin, float64 [bins]: the middle of its limits; of the first, which begins at infinity, the mean frequency."""
    edges = plan.edges / plan.geo.length
    out = np.empty(edges.size - 1)
    out[1:] = (1 / edges[1:-1] + 1 / edges[2:]) / 2
    out[0] = 1 / (0.75 * edges[1])
    return out


def sweep(plan: Plan, say: Say) -> Found:
    """Correlations of all bins, from coarse to fine, and the resolution that they give at each point."""
    at, cut = centres(plan), plan.params.threshold
    above, cc_above = np.zeros(plan.grid, dtype=np.int16) - 1, np.zeros(plan.grid, dtype=np.float32)
    below, cc_below = np.zeros(plan.grid, dtype=np.int16) - 1, np.zeros(plan.grid, dtype=np.float32)
    last = np.zeros(plan.grid, dtype=np.float32)
    before = np.zeros(plan.grid, dtype=np.float32)           # correlation of the bin before the first one below
    mean = []
    for i in range(at.size):
        say(0.1 + 0.8 * i / at.size, f"bin at {at[i]:.2f} Å")
        cc = tophat.local_correlation(plan.f1, plan.f2, plan.geo, plan.edges[i], plan.edges[i + 1], plan.radius, plan.grid)
        mean.append(float(cc[plan.inside].mean(dtype=np.float64)))
        high = cc >= cut
        above[high], cc_above[high] = i, cc[high]
        first = ~high & (below < 0)
        below[first], cc_below[first], before[first] = i, cc[first], last[first]
        last = cc
    inverted, never, none = (below >= 0) & (above > below), below < 0, above < 0
    if plan.params.rules == "first_fall":
        above, cc_above = np.where(never, at.size - 1, below - 1), before
        inverted_now = np.zeros_like(inverted)
    else:
        inverted_now = inverted
    return Found(_resolution(at, (above, cc_above), (below, cc_below), inverted_now, cut), inverted, never, none, np.array(mean))


def _resolution(at: np.ndarray, upper: Tuple[np.ndarray, np.ndarray], lower: Tuple[np.ndarray, np.ndarray], inverted: np.ndarray,
                cut: float) -> np.ndarray:
    """Resolution (Å), float32, from the bins above and below (index, -1 for none; correlation): linear in between, or their mean."""
    (above, cc_above), (below, cc_below) = upper, lower
    d_above, d_below = at[np.maximum(above, 0)], at[np.maximum(below, 0)]
    part = (cc_above - cut) / np.maximum(cc_above - cc_below, 1e-6)
    out = np.where(inverted, (d_above + d_below) / 2, d_above + np.clip(part, 0, 1) * (d_below - d_above))
    out = np.where(below < 0, d_above, np.where(above < 0, d_below, out))
    return out.astype(np.float32)


def smoothed(plan: Plan, found: Found) -> np.ndarray:
    """The resolution at every voxel, float32 [z, y, x], smoothed."""
    if plan.smooth == 0:
        return found.resolution.copy()
    grid = tophat.geometry_on(plan.geo, plan.grid)
    return tophat.resample(fourier.forward(found.resolution), grid, plan.geo.shape, tophat.gaussian_profile(plan.geo, plan.smooth))


def median_of(values: np.ndarray) -> Optional[float]:
    """Median, None of nothing."""
    return float(np.median(values)) if values.size else None


def numbers(plan: Plan, found: Found) -> Dict[str, Any]:
    """Values about bins and balls."""
    inside = plan.inside
    edges = plan.edges / plan.geo.length
    return dict(inverted_fraction=float(found.inverted[inside].mean()), nyquist_fraction=float(found.never[inside].mean()),
                unresolved_fraction=float(found.none[inside].mean()), resolution=plan.resolution, threshold=plan.params.threshold,
                coefficients=4 / 3 * np.pi * plan.radius ** 3 * 2 / 3 * np.pi * edges[-1] ** 3 / plan.params.bins,
                radius=plan.radius, smooth=plan.smooth, highest_resolution=float(1 / edges[-1]), bins=plan.params.bins,
                rules=plan.params.rules, correlation=Curve(1 / centres(plan), found.mean))


def summary(v: Dict[str, Any]) -> str:
    """One sentence."""
    if v["half_maps_identical"]:
        return "The half-maps are copies of each other: their correlation is 1 everywhere and says nothing about resolution."
    return (f"The local resolution at a correlation of {v['threshold']:g} is {v['median']:.2f} Å in the median and from {v['p5']:.2f} to "
            f"{v['p95']:.2f} Å for nine tenths of the voxels, {where(v['mask_source'])} (balls of {v['radius']:.3g} Å radius).")


def warnings(v: Dict[str, Any]) -> List[str]:
    """What is odd about the mask."""
    return mask_notes(v["mask_source"])
