"""Colours of values: which scale a quantity has, the colour maps to choose from, and the scale drawn with its histogram."""
from __future__ import annotations

import re
from types import MappingProxyType
from typing import Any, Optional, Tuple

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import Colormap, LinearSegmentedColormap

from cryoqa_plugin.report.scale import CONFIDENCE, FAR, OCCUPANCY, RAMP, SUPPORT, Scale, amplitude_scale, resolution_scale

DENSITY, RESOLUTION, BFACTOR, OCCUPANCIES, OTHER = "density", "resolution", "B-factor", "occupancy", "other"
SUPPORTED, CONFIDENT = "support", "confidence"
WEIGHT, DISAGREEMENT, MOTION, LIKENESS, CHANGE = "weight", "disagreement", "motion", "local correlation", "difference of two maps"
COPIES, UNLIKE, NOISE_SHARE = "copies", "difference of copies", "share of noise"
# What the windows call the values; others are local values.
WORDS = MappingProxyType({
    RESOLUTION: "local resolution", SUPPORTED: "support by the half-maps", CONFIDENT: "confidence", BFACTOR: "local B-factor",
    OCCUPANCIES: "local occupancy", WEIGHT: "weight of a map", DISAGREEMENT: "disagreement of the maps", MOTION: "motion between the maps",
    LIKENESS: "local correlation of two maps", CHANGE: "difference of two maps", COPIES: "number of the copy",
    UNLIKE: "difference of the copies", NOISE_SHARE: "local share of noise"})
OF_THE_RESULT = (WEIGHT, DISAGREEMENT, MOTION, SUPPORTED, NOISE_SHARE)     # what is told of the map that the run made
SURE = 0.99                                                  # confidence that the windows draw a line at: a false discovery rate of 1 %
UNITS = {RESOLUTION: "Å", BFACTOR: "Å²", MOTION: "Å"}
FIRST = "blue to red"
COLOURS = (FIRST, "red to blue", "viridis", "cividis", "turbo", "jet", "grey")
STEPS, MOST_COPIES = 7, 12                                   # colours of a key in ChimeraX, and of one that has each copy
_BINS = 60
_RESOLUTIONS = ("locres", "blocres", "monores", "deepres", "resmap", "resolution_map", "resolution_volume")
_BY_NAME = {FIRST: FIRST, "grey": "gray"}
_FIELDS = MappingProxyType({                                 # of results; their outputs and files are called so, too
    "weight_maps": WEIGHT, "outputweights": WEIGHT, "disagreement": DISAGREEMENT, "outputdisagreement": DISAGREEMENT, "motion": MOTION,
    "outputmotion": MOTION, "local_correlation_map": LIKENESS, "outputlocalcorrelation": LIKENESS, "copy_numbers": COPIES,
    "outputcopies": COPIES, "compare_maps/difference_map": CHANGE, "map_symmetry/difference_map": UNLIKE,
    "denoise/noise_map": NOISE_SHARE, "noise2noise/noise_map": NOISE_SHARE, "outputnoiseshare": NOISE_SHARE})
# Difference of copies from the last colour on: four times what is marked at least. Disagreement of 0.5 is that of two different things.
_UNLIKE, _DISAGREE = 0.02, 0.5


def colour_map(name: str) -> Colormap:
    """The colour map of a name in ``COLOURS``; the first is that of the report, blue for fine and red for coarse."""
    if name in (FIRST, "red to blue"):
        made = LinearSegmentedColormap.from_list(FIRST, np.array(RAMP) / 255, N=253)    # 42 steps a colour: hits them
        return made if name == FIRST else made.reversed()
    return colormaps[_BY_NAME.get(name, name)]


def quantity_of(unit: str, name: str, capability: str = "") -> str:
    """What the values of a map are, from their unit, the name of its field, its output or its file, and the capability that gave it."""
    name = name.lower()
    stem = re.sub(r"(_\d+)?(\.(mrc|map|ccp4)(\.gz)?)?$", "", name)
    known = _FIELDS.get(f"{capability}/{stem}") or _FIELDS.get(stem)
    if known:
        return known
    if "filtered" in name or "fsc3d" in name:
        return DENSITY
    if any(word in name for word in ("doa", "difference", "correlation", "error", "noise_map", "outputnoise", "motion", "agreement",
                                   "weight")):
        return OTHER
    if "confidence" in name and "mask" not in name:
        return CONFIDENT
    if unit == "Å" or any(word in name for word in _RESOLUTIONS) or re.search(r"^output\w*resolution$", name):
        return RESOLUTION
    if unit == "Å²" or "bfactor" in name or "fall_off" in name:
        return BFACTOR
    if "support" in name and "unsupported" not in name:
        return SUPPORTED
    return OCCUPANCIES if "occupancy" in name else DENSITY


def scale_of(quantity: str, values: np.ndarray, resolution: Optional[float] = None) -> Scale:
    """The colour scale of a quantity by the rules of the report; ``values`` are those shown, ``resolution`` that of the map in Å.

    What has no rule, and a B-factor where the resolution is not known, goes from the 2 to the 98 percentile of its values.
    """
    fixed = _fixed(quantity, values, resolution)
    if fixed is not None:
        return fixed
    if quantity == RESOLUTION:
        return resolution_scale(resolution, values)
    if quantity == BFACTOR and resolution and values.size:
        return amplitude_scale(values, resolution)
    low, high = (float(v) for v in np.quantile(values, (0.02, 0.98))) if values.size else (0.0, 1.0)
    return Scale(low, high if high > low else low + 1.0)


def _fixed(quantity: str, values: np.ndarray, resolution: Optional[float]) -> Optional[Scale]:
    """The range of what means the same in every map, None for what has none."""
    found = {OCCUPANCIES: OCCUPANCY, SUPPORTED: SUPPORT, CONFIDENT: CONFIDENCE, WEIGHT: Scale(0.0, 1.0), NOISE_SHARE: Scale(0.0, 1.0),
             DISAGREEMENT: Scale(0.0, _DISAGREE), LIKENESS: Scale(1.0, 0.0), UNLIKE: Scale(0.0, _UNLIKE)}.get(quantity)
    if quantity == MOTION and resolution:
        return Scale(0.0, FAR * resolution)
    if quantity == COPIES and values.size:
        return Scale(1.0, max(2.0, float(values.max())))
    if quantity == CHANGE and values.size:                   # 0 in the middle: more in the one map, more in the other
        reach = float(np.quantile(np.abs(values), 0.98)) or 1.0
        return Scale(-reach, reach)
    return found


def is_range(chosen: Scale, rule: Scale) -> bool:
    """Whether a scale runs the way of that of the rule: to larger values, or to smaller ones where large values are the good ones."""
    return (chosen.high - chosen.low) * (rule.high - rule.low) > 0 and not (rule.log and chosen.low <= 0)


def order_of(rule: Scale) -> str:
    """Which way a scale runs, in words."""
    return "lower to a higher" if rule.high > rule.low else "higher to a lower"


def steps_of(quantity: str, scale: Scale) -> int:
    """Colours of a key: one for each of a few copies, and as many as of everything else for many."""
    count = int(scale.high - scale.low) + 1
    return count if quantity == COPIES and count <= MOST_COPIES else STEPS


def stops(scale: Scale, colours: str, steps: int = STEPS) -> Tuple[Tuple[float, str], ...]:
    """Values at even steps of the scale, each with its colour as #rrggbb."""
    at = np.linspace(0, 1, steps)
    values = scale.low * (scale.high / scale.low) ** at if scale.log else scale.low + (scale.high - scale.low) * at
    pixels = (np.round(255 * np.asarray(colour_map(colours)(at))[:, :3])).astype(int)
    return tuple((float(v), "#" + "".join(f"{c:02x}" for c in pixel)) for v, pixel in zip(values, pixels))


def draw_scale(ax: Any, scale: Scale, colours: str, values: np.ndarray, unit: str = "") -> None:
    """Draw into ``ax`` the histogram of the values over the bar of the colours, and below it the bracket of the 5–95 %.

    The axis runs along the scale from 0 to 1: even in the logarithm where the scale is. What lies beyond an end is in its last step.
    """
    ax.set_xlim(0, 1)
    ax.set_ylim(-0.62, 1.04)
    counts = np.asarray(scale.counts(values, _BINS))
    if counts.max(initial=0) > 0:
        ax.bar((np.arange(_BINS) + 0.5) / _BINS, counts / counts.max(), 1 / _BINS, color="0.72")
    ax.imshow(np.linspace(0, 1, 256)[None, :], cmap=colour_map(colours), vmin=0, vmax=1, extent=(0, 1, -0.3, -0.04), aspect="auto")
    ax.axhline(0, color="0.4", linewidth=0.6)
    if values.size:
        ends = scale.fraction(np.quantile(values, (0.05, 0.95)))
        ax.plot([ends[0], ends[0], ends[1], ends[1]], [-0.38, -0.48, -0.48, -0.38], color="0.15", linewidth=1.1, clip_on=False)
        ax.plot([float(scale.fraction(np.median(values)))] * 2, [-0.56, -0.4], color="0.15", linewidth=1.4)
    ticks = scale.ticks()
    ax.set_xticks(scale.fraction(np.array([v for v, _ in ticks])))
    ax.set_xticklabels([text + (f" {unit}" if i == 0 and unit else "") for i, (_, text) in enumerate(ticks)], fontsize=7.5)
    ax.set_yticks([])
    for side in ("left", "right", "top", "bottom"):
        ax.spines[side].set_visible(False)
    ax.tick_params(axis="x", length=2, pad=1)


def scale_words(values: np.ndarray, unit: str = "") -> str:
    """Median and 5–95 % of the values, in one line."""
    if not values.size:
        return "no values here"
    low, middle, high = np.quantile(values, (0.05, 0.5, 0.95))
    digits = ".2f" if unit == "Å" else ".3g"
    return f"median {middle:{digits}}, 5–95 %: {low:{digits}}–{high:{digits}} {unit}".rstrip()
