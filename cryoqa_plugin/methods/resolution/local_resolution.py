"""What every measure of local resolution says of its mask, and how."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, List

import numpy as np

from ...results import Curve, Result, metric

BINS = 60


def resolution(meaning: str) -> Any:
    """A resolution in Å: lower is better."""
    return metric("Å", meaning, "lower")


@dataclass(frozen=True)
class LocalResolution(Result):
    """Median and percentiles of the local resolution over the voxels of the mask."""

    median: float = resolution("median local resolution in the mask")
    p5: float = resolution("local resolution that 5 % of the mask is better than")
    p25: float = resolution("local resolution that 25 % of the mask is better than")
    p75: float = resolution("local resolution that 75 % of the mask is better than")
    p95: float = resolution("local resolution that 95 % of the mask is better than")


def histogram(values: np.ndarray, total: float = 100.0) -> Curve:
    """Histogram of local resolutions (Å), float [n], in 60 bins that reach a little beyond them; it adds up to ``total``."""
    low, high = float(values.min()), float(values.max())
    margin = max(0.05 * (high - low), 0.01 * low)
    counts, edges = np.histogram(values, bins=BINS, range=(low - margin, high + margin))
    return Curve((edges[1:] + edges[:-1]) / 2, total * counts / values.size)


def where(mask_source: str, made_from: str = "the half-maps") -> str:
    """Words for the place that the numbers are from."""
    return {"given": "in the mask given", "made": f"in a mask made from {made_from}", "none": "in the whole box"}[mask_source]


def mask_notes(mask_source: str) -> List[str]:
    """What to know of a mask that was not given."""
    return {"made": ["No mask was given: one was made from the mean of the half-maps, low-passed at 12 Å; look at it, or give a mask."],
            "none": ["No mask was given and none could be made: the numbers are those of the whole box."]}.get(mask_source, [])
