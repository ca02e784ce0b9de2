"""B-factor of a map by its Guinier plot, alone or against a reference map or a model."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, ClassVar, Dict, Optional

from ...io.inputs import Inputs
from ...io.maps import Map
from ...params import param
from ...results import Curve, Result, curve, map_output, metric
from . import guinier_steps as steps

Progress = Optional[Callable[[float, str], None]]


@dataclass(frozen=True)
class GuinierParams:
    """Parameters of :func:`compute_guinier`."""

    rules: str = param("cryoqa", "cryoqa: in the mask, amplitudes weighted by the corrected FSC of the half-maps, from 10 Å (1.5 times "
                       "the resolution where that is coarser) to the resolution: the B-factor of the signal. relion: without the mask, "
                       "weighted by the FSC in it, from 10 Å to the last shell that has a weight. xmipp: no mask and no weights, from "
                       "15 Å to the resolution.",
                       label="Rules", choices=("cryoqa", "relion", "xmipp"))
    fit_from: Optional[float] = param(None, "Lowest resolution of the fit; that of the rules when empty.", label="Fit from", unit="Å",
                                      min=2, max=100)
    fit_to: Optional[float] = param(None, "Highest resolution of the fit; that of the rules when empty.", label="Fit to", unit="Å",
                                    min=0.1, max=100)
    weighting: str = param("auto", "auto: what the rules say, when there are half-maps or a file with their FSC. fsc: weight the shells by "
                           "sqrt(2 FSC / (1 + FSC)). none: amplitudes as they are, noise included.", label="Weighting",
                           choices=("auto", "fsc", "none"), expert=True)
    fsc_file: Optional[str] = param(None, "File with an FSC of the half-maps to weight by, in place of one computed here: the STAR file of "
                                    "RELION's post-processing, or EMDB's XML.", label="FSC file", expert=True)
    write: str = param("nothing", "Map to write. bfactor: the map (and the half-maps) with the B-factor taken away; reference, model: with "
                       "the amplitudes of the reference map, or of the model with its own B-factors, shell by shell.", label="Map to write",
                       choices=("nothing", "bfactor", "reference", "model"))
    bfactor: Optional[float] = param(None, "B-factor to apply; negative sharpens. The fitted one when empty.", label="B-factor", unit="Å²",
                                     min=-2000, max=2000, only_if=("write", ("bfactor",)))


def _curve(meaning: str) -> Any:
    return curve(meaning, x_label="Frequency squared", x_unit="1/Å²", y_label="ln mean amplitude")


def _b(meaning: str, better: str = "none") -> Any:
    return metric("Å²", meaning, better)


@dataclass(frozen=True)
class GuinierResult(Result):
    """Result of :func:`compute_guinier`."""

    schema: ClassVar[str] = "cryoqa/guinier/1"
    bfactor: Optional[float] = _b("4 times the slope of the Guinier plot; negative for a decay, positive when oversharpened")
    bfactor_error: Optional[float] = _b("standard error of the B-factor", "lower")
    r_squared: Optional[float] = metric("", "squared correlation of the plot with its line", "higher")
    slope: Optional[float] = _b("slope of the line, B / 4")
    intercept: Optional[float] = metric("", "value of the line at zero frequency", "none")
    fall: Optional[float] = metric("", "times by which the amplitudes fall from zero frequency to the end d of the fit: exp(-B / 4 d^2)",
                                   "none")
    oversharpened: Optional[bool] = metric("", "amplitudes rise with resolution: the B-factor is above 0", "none")
    weighted: Optional[bool] = metric("", "the plot was weighted by an FSC, so that it is that of the signal", "none")
    fit_from: Optional[float] = metric("Å", "lowest resolution of the fit", "none")
    fit_to: Optional[float] = metric("Å", "highest resolution of the fit", "none")
    shells: Optional[int] = metric("", "shells that the fit went through", "none")
    bfactor_reference: Optional[float] = _b("B-factor of the map less that of the reference map; negative: the reference is sharper")
    bfactor_reference_error: Optional[float] = _b("its standard error", "lower")
    correlation_reference: Optional[float] = metric("", "correlation of the plots of map and reference map", "higher")
    bfactor_model: Optional[float] = _b("B-factor of the map less that of the atoms as points: minus the mean B-factor of atoms in it")
    bfactor_model_error: Optional[float] = _b("its standard error", "lower")
    correlation_model: Optional[float] = metric("", "correlation of the plots of the map and of the model with its own B-factors", "higher")
    bfactor_applied: Optional[float] = _b("B-factor that the map was sharpened by")
    model_zscore: Optional[float] = metric("", "mean of the map at the atoms, in standard deviations above its mean", "higher")
    atoms_outside: Optional[float] = metric("", "part of the atoms outside of the box", "lower")
    half_maps_identical: Optional[bool] = metric("", "the half-maps are copies of each other, up to a factor", "none")
    zero_fraction: Optional[float] = metric("", "part of the voxels of a half-map that are exactly 0", "lower")
    guinier_map: Optional[Curve] = _curve("the map as it is")
    guinier_weighted: Optional[Curve] = _curve("the plot that was fitted")
    guinier_fit: Optional[Curve] = _curve("line fitted")
    guinier_reference: Optional[Curve] = _curve("reference map")
    guinier_model: Optional[Curve] = _curve("model with its B-factors, on the scale of the map")
    fsc_weight: Optional[Curve] = curve("weight of the shells", x_label="Frequency", x_unit="1/Å", y_label="weight")
    sharpened: Optional[Map] = map_output("", "the map with the B-factor applied, or with other amplitudes")
    sharpened_half1: Optional[Map] = map_output("", "half-map 1 treated alike")
    sharpened_half2: Optional[Map] = map_output("", "half-map 2 treated alike")


def compute_guinier(inputs: Inputs, params: GuinierParams, *, progress: Progress = None) -> GuinierResult:
    """B-factor of ``full_map`` (or the mean of ``half1`` and ``half2``), float32 [z, y, x], from ``ln(mean abs(F)) = c + B s^2 / 4``.

    Rosenthal & Henderson (2003), https://doi.org/10.1016/j.jmb.2003.07.013; Wilson (1942), https://doi.org/10.1038/150152a0.
    """
    say = progress or (lambda fraction, message: None)
    say(0.05, "checking the inputs")
    work = steps.prepare(inputs, params)
    say(0.4, "Guinier plot")
    plots = steps.plots(work)
    values: Dict[str, Any] = dict(work.values)
    fit = steps.fit_map(work, plots, values)
    for kind in ("reference", "model"):
        steps.compare(work, plots, kind, values)
    say(0.7, "writing" if params.write != "nothing" else "done with the fit")
    steps.write(work, plots, fit, values)
    say(1.0, "done")
    return GuinierResult(summary=steps.summary(work, values), warnings=tuple(work.warnings), **values)
