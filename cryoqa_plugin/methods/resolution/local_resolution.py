"""What every measure of local resolution says of its mask."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ...results import Result, metric


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
