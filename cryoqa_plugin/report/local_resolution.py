"""What the sections of the local resolutions by correlation draw alike: coloured slices, histogram, percentiles, mean curves, values."""
from __future__ import annotations

from typing import List, Sequence, Tuple

from .blocks import Block
from .draw import curves, resolution_marks, split_values, tables
from .overlay import resolution_slices
from .section import Results


def blocks(results: Results, capability: str, means: Sequence[str], first: Sequence[str], *, by: str = "",
           behind: str = "the mean half-map", even: bool = False) -> List[Block]:
    """Everything of one capability: ``means`` names its mean curves, ``first`` the values that come first, ``by`` its program.

    ``even`` widens a scale of colours that is too narrow on both sides, and not at the worse end alone.
    """
    document = results[capability]
    title = f"Local resolution ({by}), middle slices" if by else "Local resolution, middle slices"
    slices: List[Block] = []
    if document["metrics"]["median"]["value"] is not None:   # else no voxel has a resolution, and there is nothing to colour
        slices = resolution_slices(results, capability, "resolution_map", title, _scale(results, capability, even), behind)
    return (slices + curves(document, ["histogram"], filled=True) + tables(document)
            + curves(document, means, marks=resolution_marks(document, "median")) + split_values(document, first))


def _scale(results: Results, capability: str, even: bool) -> Tuple[float, float]:
    """The 5 and 95 percentiles, at least 2 % apart."""
    low, high = (results[capability]["metrics"][n]["value"] for n in ("p5", "p95"))
    if not even:
        return low, max(high, 1.02 * low)
    margin = max(0.0, 0.02 * low - (high - low)) / 2
    return low - margin, high + margin
