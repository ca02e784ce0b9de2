"""The map with the least error at even amplitudes, and with a model the weighted difference map: servalcat's weights."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, ClassVar, Dict, Optional

from ...io.inputs import Inputs
from ...io.maps import Map
from ...params import param
from ...results import Curve, Table, curve, map_output, metric, table
from . import optimal_map_model as with_model
from . import optimal_map_steps as steps
from .common import SharpenedResult, finish

Progress = Optional[Callable[[float, str], None]]


@dataclass(frozen=True)
class OptimalMapParams:
    """Parameters of :func:`compute_optimal_map`."""

    rules: str = param("cryoqa", "How signal and noise are told apart. cryoqa: in the mask, by the FSC corrected for it, up to where it is "
                       "surely above 0. servalcat: half-maps are multiplied by the mask first, up to where their FSC is 0.", label="Rules",
                       choices=("cryoqa", "servalcat"))
    amplitudes: str = param("auto", "Amplitudes that the signal gets. density: those of the molecule with the B-factor usual at the "
                            "resolution, its own spectrum with that fall-off in place of the map's. protein: the same at B = 0, sharper. "
                            "even: alike in all shells. auto: density by the rules of cryoqa, even by those of servalcat.",
                            label="Amplitudes", choices=("auto", "density", "protein", "even"))
    local_bfactor: float = param(0.0, "Make the map for a part whose B-factor differs from the average by this much: a positive one for a "
                                 "blurred part, which is sharpened more and weighted down earlier.", label="Local B-factor", unit="Å²",
                                 min=-1000, max=1000)
    bfactor: float = param(0.0, "B-factor applied on top; a positive one makes the amplitudes fall off.",
                           label="B-factor on top", unit="Å²", min=-1000, max=1000)
    half1_only: bool = param(False, "Make the map of half-map 1 alone, with the weights that it needs, to keep half-map 2 for a test.",
                             label="Half-map 1 only", expert=True)
    peak_height: float = param(4.0, "Lowest height of the peaks of the difference map in the table, in its standard deviations inside the "
                               "mask.", label="Height of peaks", min=2, max=50, expert=True)
    model_b_zero: bool = param(False, "Compare with the model's atoms at B = 0 instead of their own B-factors.", label="Model at B = 0",
                               expert=True)


@dataclass(frozen=True)
class OptimalMapResult(SharpenedResult):
    """Result of :func:`compute_optimal_map`."""

    schema: ClassVar[str] = "cryoqa/optimal_map/1"
    shells_used: Optional[int] = metric("", "shells that have a weight", "higher")
    bfactor_signal: Optional[float] = metric("Å²", "B-factor of the signal against protein at B = 0, which was taken out", "none")
    bfactor_left: Optional[float] = metric("Å²", "fall-off that the signal was given; positive, like that of atoms", "none")
    ends_at: Optional[float] = metric("Å", "resolution of the last shell that has a weight", "lower")
    fsc_average: Optional[float] = metric("", "mean of the FSC of the full map with the truth over all coefficients used", "higher")
    fsc_average_model: Optional[float] = metric("", "mean FSC of map and model over the same coefficients", "higher")
    peaks_positive: Optional[int] = metric("", "peaks of the difference map: density without atoms", "lower")
    peaks_negative: Optional[int] = metric("", "holes of the difference map: atoms without density", "lower")
    highest_peak: Optional[float] = metric("sd", "highest peak of the difference map", "lower")
    deepest_hole: Optional[float] = metric("sd", "deepest hole of the difference map, as a positive number", "lower")
    model_zscore: Optional[float] = metric("", "mean of the map at the atoms, in standard deviations above its mean", "higher")
    atoms_outside: Optional[float] = metric("", "part of the atoms outside of the box", "lower")
    fsc_full: Optional[Curve] = curve("FSC of the full map with the truth, 2 FSC / (1 + FSC)", x_label="Frequency", x_unit="1/Å",
                                      y_label="FSC")
    fsc_model: Optional[Curve] = curve("FSC of map and model", x_label="Frequency", x_unit="1/Å", y_label="FSC")
    weight: Optional[Curve] = curve("weight of the map against the model", x_label="Frequency", x_unit="1/Å", y_label="weight")
    peaks: Optional[Table] = table("peaks and holes of the difference map, highest first, with the atom next to each")
    difference: Optional[Map] = map_output("sd", "weighted difference map, map less model (Fo - D Fc)")
    updated: Optional[Map] = map_output("", "map with what the model adds (2 w Fo + (1 - 2 w) D Fc)")


def compute_optimal_map(inputs: Inputs, params: OptimalMapParams, *, progress: Progress = None) -> OptimalMapResult:
    """Mean of ``half1`` and ``half2``, float32 [z, y, x], with the gain ``sqrt(FSC_full) / sd(F)`` in each shell.

    That is the estimate of least error, ``FSC_full F``, over the standard deviation of the signal. With a model, the maps that show
    what it lacks. Yamashita et al. (2021), https://doi.org/10.1107/S2059798321009475.
    """
    say = progress or (lambda fraction, message: None)
    work = steps.prepare(inputs, params, lambda f, m: say(0.5 * f, m))
    say(0.55, "optimal map")
    values: Dict[str, Any] = finish(work.base, steps.sharpen(work))
    values.update(work.values)
    if inputs.model is not None:
        say(0.7, "difference map")
        values.update(with_model.compare(work))
    say(1.0, "done")
    return OptimalMapResult(summary=steps.summary(work, values), warnings=tuple(work.warnings), **values)
