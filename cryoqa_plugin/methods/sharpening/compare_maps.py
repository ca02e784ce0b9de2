"""Which of several maps of the same data is the better one: one table of scores, and the maps with one spectrum side by side."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, ClassVar, Optional

from ...io.inputs import Inputs
from ...io.maps import Map
from ...params import param
from ...results import Curve, Result, Table, curve, map_output, metric, table
from . import compare_maps_steps as steps

Progress = Optional[Callable[[float, str], None]]


@dataclass(frozen=True)
class CompareMapsParams:
    """Parameters of the ``compare_maps`` capability."""

    resolution: Optional[float] = param(None, "Resolution to compare the maps to; from the half-maps, or from the noise around the "
                                        "molecule, when empty.", label="Resolution", unit="Å", min=0.5, max=100)
    window: Optional[float] = param(None, "Standard deviation of the Gaussian in which the filter that made each map is found again; 2.5 "
                                    "times the resolution when empty.", label="Window", unit="Å", min=1, max=200, expert=True)
    region_weight: float = param(40.0, "Weight of the number of regions in the adjusted surface area, as in Phenix.",
                                 label="Region weight", min=0, max=1000, expert=True)
    volume: float = param(0.2, "Part of the molecule's volume that the contour of the adjusted surface area encloses.",
                          label="Volume in the contour", min=0.01, max=1, expert=True)


@dataclass(frozen=True)
class CompareMapsResult(Result):
    """Result of the ``compare_maps`` capability."""

    schema: ClassVar[str] = "cryoqa/compare_maps/1"
    best: Optional[str] = metric("", "the map with the highest score: full_map, others_1, ..., or mean of the half-maps", "none")
    judged_by: Optional[str] = metric("", "what the score is: model, half-maps or surface", "none")
    best_score: Optional[float] = metric("", "score of that map", "higher")
    margin: Optional[float] = metric("", "score of the best map less that of the second", "none")
    n_maps: Optional[int] = metric("", "maps compared", "none")
    resolution: Optional[float] = metric("Å", "resolution to which the maps were compared", "none")
    half_maps_identical: Optional[bool] = metric("", "the half-maps are copies of each other, up to a factor", "none")
    zero_fraction: Optional[float] = metric("", "part of the voxels of a half-map that are exactly 0", "lower")
    scoreboard: Optional[Table] = table("scores of each map, the best first")
    common_spectrum: Optional[Curve] = curve("amplitude that every map is given before it is compared", x_label="Frequency", x_unit="1/Å",
                                             y_label="amplitude")
    matched_1: Optional[Map] = map_output("", "the first map of the table with the common spectrum")
    matched_2: Optional[Map] = map_output("", "the second")
    matched_3: Optional[Map] = map_output("", "the third")
    matched_4: Optional[Map] = map_output("", "the fourth")
    matched_5: Optional[Map] = map_output("", "the fifth")
    matched_6: Optional[Map] = map_output("", "the sixth")
    matched_7: Optional[Map] = map_output("", "the seventh")
    matched_8: Optional[Map] = map_output("", "the eighth")


def compute_compare_maps(inputs: Inputs, params: CompareMapsParams, *, progress: Progress = None) -> CompareMapsResult:
    """Scores of ``full_map`` and of the ``others``, float32 [z, y, x], all made from the same data.

    With ``half1`` and ``half2`` the filter that made each map is found again, band by band and point by point, as its gain over the mean
    of the half-maps; it is applied to one half-map, and the outcome is correlated with the other half-map, whose noise is independent:
    ``score = CC(filtered half 1, half 2) / sqrt(CC(half 1, half 2))``, all with the common spectrum, inside the mask. It estimates the
    correlation with the map without noise, of half the data; higher is better. With ``model`` the maps are correlated with its density,
    in the common spectrum too. Terwilliger et al. (2018), https://doi.org/10.1107/S2059798318004655 (adjusted surface area, kurtosis).
    """
    say = progress or (lambda fraction, message: None)
    work = steps.prepare(inputs, params)
    rows = steps.scores(work, inputs, params, say)
    fields: Any = steps.numbers(work, rows)
    say(1.0, "done")
    return CompareMapsResult(summary=steps.summary(fields), warnings=tuple(work.warnings), **fields)
