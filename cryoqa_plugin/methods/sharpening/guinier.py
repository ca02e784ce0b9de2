"""B-factor of a map by its Guinier plot, alone or against a reference map or a model."""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Dict, NamedTuple, Optional, Tuple

import numpy as np

from ...core import filters, fourier, guinier, shells
from ...core.fourier import Geometry
from ...core.guinier import GuinierFit
from ...errors import InputError, MissingInputError
from ...io.maps import Map
from ...params import param
from ...progress import Progress, silent
from ...results import Curve, curve, map_output, metric
from ...rounding import show_error, show_value
from ...study import Study
from ...study.fsc_criteria import estimate
from ...study.halves import HalfMapFacts
from ...study.resolution import THRESHOLD
from ..resolution import fsc_sharpen, mtriage_model
from .common import SharpeningInputs, sharpening_inputs
from .fsc_weighting import finest, half_map_curves, transform_of

_FINE = 16                                       # points per shell of the filter applied
_REACH = 1.5                                     # by cryoqa's rules the fit begins at least this many times coarser than it ends


class FitRules(NamedTuple):
    """Lowest resolution of the fit (Å), whether it ends at the resolution, weights by default, the mask, weight of a stored mate."""

    fit_from: float
    to_resolution: bool
    weights: bool
    in_mask: bool
    mate_weight: float


_RULES: Dict[str, FitRules] = {"cryoqa": FitRules(10.0, True, True, True, 0.5), "relion": FitRules(10.0, False, True, False, 1.0),
                               "xmipp": FitRules(15.0, True, False, False, 1.0)}  # both programs count both mates on the plane kx = 0


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
    weighting: str = param("auto", "auto: what the rules say, when there are half-maps or an FSC curve of them. fsc: weight the shells by "
                           "sqrt(2 FSC / (1 + FSC)). none: amplitudes as they are, noise included.", label="Weighting",
                           choices=("auto", "fsc", "none"), expert=True)
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
class GuinierResult(HalfMapFacts):
    """Result of :func:`compute_guinier`."""

    schema: ClassVar[str] = "cryoqa/guinier/1"
    bfactor: Optional[float] = _b("4 times the slope of the Guinier plot; negative for a fall-off, positive when over-sharpened")
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
    model_zscore: Optional[float] = metric("SD", "mean density at the atoms above that of the map, in its standard deviations", "higher")
    atoms_outside: Optional[float] = metric("", "part of the atoms outside of the box", "lower")
    guinier_map: Optional[Curve] = _curve("the map as it is")
    guinier_weighted: Optional[Curve] = _curve("the plot that was fitted")
    guinier_fit: Optional[Curve] = _curve("line fitted")
    guinier_reference: Optional[Curve] = _curve("reference map")
    guinier_model: Optional[Curve] = _curve("model with its B-factors, on the scale of the map")
    fsc_weight: Optional[Curve] = curve("weight of the shells", x_label="Frequency", x_unit="1/Å", y_label="weight")
    sharpened: Optional[Map] = map_output("", "the map with the B-factor applied, or with other amplitudes", output="outputVolume",
                                          halves="input")
    sharpened_half1: Optional[Map] = map_output("", "half-map 1 treated alike")
    sharpened_half2: Optional[Map] = map_output("", "half-map 2 treated alike")


@dataclass(frozen=True)
class FitSettings:
    """What the fit goes by.

    ``weights`` of the shells are float64 [n_shells] or None; ``fit_from`` and ``fit_to`` in Å (0: no limit); ``mask`` is float32
    [z, y, x] or None.
    """

    inputs: SharpeningInputs
    params: GuinierParams
    rules: FitRules
    weights: Optional[np.ndarray]
    fit_from: float
    fit_to: float
    mask: Optional[np.ndarray]


@dataclass
class GuinierPlots:
    """Frequencies of the shells (1/Å) and ln of the mean amplitudes by ``map``, ``weighted``, ``reference``, ``model`` and ``points``."""

    freq: np.ndarray
    log: Dict[str, np.ndarray] = field(default_factory=dict)


def compute_guinier(study: Study, params: GuinierParams, *, progress: Progress = silent) -> GuinierResult:
    """B-factor of a map from its Guinier plot, ``ln(mean abs(F)) = c + B s^2 / 4``.

    Parameters
    ----------
    study
        ``full_map``, or ``half1`` and ``half2``, or all three; with ``mask``, ``reference_map`` and ``model`` or without;
        ``fsc_curve`` in place of the FSC of the half-maps.
    params
        See :class:`GuinierParams`.
    progress
        Told how far it is.

    Returns
    -------
    GuinierResult
        The B-factor, those against the reference map and the model, and the maps that were asked for.

    Raises
    ------
    MissingInputError
        What the parameters ask for was not given.
    InputError
        The inputs do not fit together.

    References
    ----------
    Rosenthal & Henderson (2003), https://doi.org/10.1016/j.jmb.2003.07.013; Wilson (1942), https://doi.org/10.1038/150152a0.
    """
    progress(0.05, "checking the inputs")
    settings, values = _fit_settings(study, params)
    progress(0.4, "Guinier plot")
    plots = _plots(settings, values)
    fit = _fit_map(settings, plots, values)
    for kind in ("reference", "model"):
        _compare(settings, plots, kind, values)
    progress(0.7, "writing" if params.write != "nothing" else "done with the fit")
    _write(settings, plots, fit, values)
    progress(1.0, "done")
    return GuinierResult(summary=_summary(settings, values), warnings=tuple(settings.inputs.warnings), **values)


def _fit_settings(study: Study, params: GuinierParams) -> Tuple[FitSettings, Dict[str, Any]]:
    """Checked inputs, the range of the fit and the weights; and the fields of the result that are known by then."""
    rules = _RULES[params.rules]
    if params.write in ("reference", "model"):
        kind = "reference_map" if params.write == "reference" else "model"
        if getattr(study, kind) is None:
            raise MissingInputError(f"The amplitudes of the {kind.replace('_', ' ')} are asked for but none was given; give its file.")
    halves = study.half1 is not None or study.half2 is not None
    if params.weighting == "fsc" and study.fsc_curve is None and not halves:
        raise MissingInputError("Weights by the FSC are asked for but there are no half-maps; give both, or an FSC curve of them.")
    by_noise = params.fit_to is None and rules.to_resolution and not halves       # else the FSC or the parameters tell where it ends
    inputs = sharpening_inputs(study, None if by_noise else params.fit_to or finest(study))
    fsc, resolution, in_mask = _weighting_fsc(params, rules, inputs)
    weights = None if fsc is None else _weights(fsc, params.rules)
    fit_to = params.fit_to or (resolution if rules.to_resolution else 0.0)
    coarse = _REACH * fit_to if params.rules == "cryoqa" else 0.0
    fit_from = params.fit_from or max(rules.fit_from, coarse)
    # a weight of the whole box does not fit the amplitudes inside a mask
    mask = study.mask.data if rules.in_mask and study.mask is not None and (weights is None or in_mask) else None
    values = dict(study.half_map_values(), weighted=weights is not None, fit_from=fit_from)
    return FitSettings(inputs, params, rules, weights, fit_from, fit_to, mask), values


def _weighting_fsc(params: GuinierParams, rules: FitRules, inputs: SharpeningInputs) -> Tuple[Optional[np.ndarray], float, bool]:
    """The FSC to weight by (float64 [n_shells]) or None, the resolution of the data (Å), whether the FSC is one in the mask."""
    use = params.weighting == "fsc" or (params.weighting == "auto" and rules.weights)
    freq = fourier.frequencies(inputs.geo)
    given = inputs.study.fsc_curve
    if given is not None:
        found = given.at(freq)
        below = np.flatnonzero(found < THRESHOLD)
        # A curve from a file is read at its last shell above, as RELION reports it.
        resolution = float(1 / freq[max(int(below[0]) - 1, 1)]) if below.size else inputs.resolution
        return (found if use else None), resolution, True
    if not inputs.halves:
        return None, inputs.resolution, False
    curves = half_map_curves(inputs, "relion" if params.rules == "relion" else "cryoqa")
    headline = curves.judged()[curves.headline]
    resolution = estimate(freq, headline, THRESHOLD).resolution or inputs.resolution
    return (headline.fsc if use else None), resolution, curves.corrected is not None


def _weights(fsc: np.ndarray, rules: str) -> np.ndarray:
    if rules == "xmipp":
        return np.sqrt(np.maximum(2 * fsc / np.maximum(1 + fsc, 1e-6), 0))
    return fsc_sharpen.fsc_weights(fsc)


def edges(geo: Geometry, nx: int, rules: str) -> np.ndarray:
    """Outer radii of the shells of a Guinier plot.

    Parameters
    ----------
    geo
        The shells.
    nx
        Voxels of the map along x.
    rules
        ``xmipp``: shells are steps of the x edge, up to half a cycle per voxel; else those of ``geo``.

    Returns
    -------
    ndarray
        In steps of ``1 / geo.length``, float64 [n].
    """
    if rules != "xmipp":
        return shells.shell_edges(geo)
    voxel = geo.length / max(geo.shape)
    at = (np.arange(int(np.floor(nx / 2 + 0.5)) + 1) + 0.5) * geo.length / (nx * voxel)
    # 1e-6: coefficients at half a cycle per voxel, to the last bit, belong to the last shell.
    at[-1] = min(at[-1], 0.5 * geo.length / voxel * (1 + 1e-6))
    return at


def _plots(settings: FitSettings, values: Dict[str, Any]) -> GuinierPlots:
    """Guinier plots of the map, of the reference and of the model; what there is to say of the model goes to ``values``."""
    inputs, mask, study = settings.inputs, settings.mask, settings.inputs.study
    geo, data = inputs.geo, inputs.mean.data
    nx = data.shape[2]
    at = edges(geo, nx, settings.params.rules)
    step = inputs.mean.voxel_size[0] * nx if settings.params.rules == "xmipp" else geo.length
    out = GuinierPlots(np.arange(at.size) / step)

    def logs(ft: np.ndarray) -> np.ndarray:
        _, amplitude, count = shells.power_sums(ft, geo, at, settings.rules.mate_weight)
        return guinier.log_amplitudes(amplitude, count, data.size)

    out.log["map"] = logs(inputs.mean_transform() if mask is None else fourier.forward(data * mask))
    out.log["weighted"] = out.log["map"] + _log(settings.weights, at.size)
    if study.reference_map is not None:
        out.log["reference"] = logs(study.transform("reference_map") if mask is None else fourier.forward(study.reference_map.data * mask))
    if study.model is not None:
        placed = mtriage_model.place(study.model, inputs.mean, "electron", inputs.warnings)
        out.log["model"], out.log["points"] = logs(placed.ft), logs(placed.ft_b0)
        values.update(model_zscore=placed.values["model_zscore"], atoms_outside=placed.values["atoms_outside"])
    return out


def _log(weights: Optional[np.ndarray], n: int) -> np.ndarray:
    """ln of the weights, float64 [n]; NaN where there is none."""
    if weights is None:
        return np.zeros(n)
    known = np.zeros(n)
    known[:min(n, weights.size)] = weights[:n]
    return np.log(np.where(known > 0, known, np.nan))


def _fit_map(settings: FitSettings, plots: GuinierPlots, values: Dict[str, Any]) -> Optional[GuinierFit]:
    """The line through the weighted plot; its numbers and the curves go to ``values``."""
    s2, end = plots.freq ** 2, settings.fit_to
    fit = guinier.fit(plots.freq, plots.log["weighted"], settings.fit_from, end)
    for name in ("map", "weighted", "reference"):
        if name in plots.log:
            values["guinier_" + name] = Curve(s2[1:], plots.log[name][1:])
    if settings.weights is not None:
        values["fsc_weight"] = Curve(fourier.frequencies(settings.inputs.geo), settings.weights)
    values["fit_to"] = end or float(1 / plots.freq[np.flatnonzero(np.isfinite(plots.log["weighted"]))[-1]])
    if fit is None:
        settings.inputs.warnings.append(f"Fewer than three shells lie between {settings.fit_from:g} Å and {values['fit_to']:.4g} Å, so "
                                        "that no B-factor could be fitted; fit from a lower resolution.")
        return None
    line = np.where(plots.freq * settings.fit_from >= 1 - 1e-9, fit.intercept + fit.slope * s2, np.nan)
    values.update(bfactor=fit.bfactor, bfactor_error=fit.bfactor_error, r_squared=fit.r_squared, slope=fit.slope, intercept=fit.intercept,
                  shells=fit.n_shells, oversharpened=fit.bfactor > 0,
                  fall=float(np.exp(min(-fit.bfactor / (4 * values["fit_to"] ** 2), 50.0))), guinier_fit=Curve(s2[1:], line[1:]))
    return fit


def _compare(settings: FitSettings, plots: GuinierPlots, kind: str, values: Dict[str, Any]) -> None:
    """B-factor of the map less that of the reference map, or of the atoms as points, and the correlation of the plots."""
    if kind not in plots.log:
        return
    weighted = plots.log["weighted"]
    use = np.isfinite(weighted) & (plots.freq * settings.fit_from >= 1) & (plots.freq * values["fit_to"] <= 1 + 1e-9)
    use &= np.isfinite(plots.log[kind])
    if np.count_nonzero(use) < 3:
        return
    base = plots.log["points" if kind == "model" else kind]
    fit = guinier.fit(plots.freq, weighted - base, settings.fit_from, settings.fit_to)
    if fit:
        values.update({f"bfactor_{kind}": fit.bfactor, f"bfactor_{kind}_error": fit.bfactor_error})
    values["correlation_" + kind] = float(np.corrcoef(weighted[use], plots.log[kind][use])[0, 1])
    if kind == "model":
        scale = float(np.mean((weighted - plots.log["model"])[use]))
        values["guinier_model"] = Curve(plots.freq[1:] ** 2, plots.log["model"][1:] + scale)


def _write(settings: FitSettings, plots: GuinierPlots, fit: Optional[GuinierFit], values: Dict[str, Any]) -> None:
    """The maps that were asked for, by result field."""
    params, inputs, geo = settings.params, settings.inputs, settings.inputs.geo
    if params.write == "nothing":
        return
    bfactor = params.bfactor if params.bfactor is not None else fit.bfactor if fit else None
    if params.write == "bfactor" and bfactor is None:
        inputs.warnings.append("There is no B-factor to apply, so that no map was written; give one.")
        return
    reach = 1 / values["fit_to"]
    at = np.arange(int(np.floor(reach * geo.length * _FINE)) + 1) / _FINE
    freq = at / geo.length
    if params.write == "bfactor" and bfactor is not None:
        gain = np.exp(-bfactor * freq ** 2 / 4)
        values["bfactor_applied"] = bfactor
    else:
        gain = _matched(plots, params.write, freq)
    if settings.weights is not None:
        gain = gain * np.interp(freq, fourier.frequencies(geo), settings.weights)
    at, gain, beyond = _ending(at, gain, reach, geo, params.rules == "xmipp")
    for name, map_ in inputs.maps.items():
        ft = filters.apply_radial(transform_of(inputs, name), geo, gain, at=at, beyond=beyond)
        values[name] = map_.with_data(fourier.inverse(ft, geo.shape))


def _matched(plots: GuinierPlots, kind: str, freq: np.ndarray) -> np.ndarray:
    """Gain at ``freq`` (1/Å) that gives the weighted map the amplitudes of another, linear in the logarithm between shells."""
    log = plots.log[kind] - plots.log["weighted"]
    known = np.isfinite(log)
    if not known.any():
        raise InputError("No shell has both a map and amplitudes to match; give another reference.")
    return np.exp(np.interp(freq, plots.freq[known], log[known]))


def _ending(at: np.ndarray, gain: np.ndarray, reach: float, geo: Geometry, untouched: bool) -> Tuple[np.ndarray, np.ndarray, float]:
    """Radii, gain and the gain beyond: Xmipp leaves what is finer as it is, else it goes to 0 within two shells."""
    end = reach * geo.length
    if untouched:
        return np.append(at, (end + 1e-6, end + 2e-6)), np.append(gain, (gain[-1], 1.0)), 1.0
    edge = np.linspace(0, 2, 33)[1:]
    return np.append(at, at[-1] + edge), np.append(gain, gain[-1] * filters.raised_cosine(edge, 0, 2)), 0.0


def _summary(settings: FitSettings, values: Dict[str, Any]) -> str:
    """One sentence."""
    if values.get("bfactor") is None:
        return "No B-factor could be fitted: too few shells lie in the range of the fit."
    b, error = values["bfactor"], values["bfactor_error"]
    what = "the signal of the map" if values["weighted"] else "the map"
    verdict = "amplitudes rise with resolution: it is over-sharpened" if b > 0 else "amplitudes fall with resolution"
    out = (f"Fall-off B of {what}: {show_error(-b, error, 'Å²')} from {settings.fit_from:g} to {values['fit_to']:.2f} Å "
           f"(r² {values['r_squared']:.3f}); {verdict}")
    if values.get("bfactor_model") is not None:
        out += f"; against the model as points {show_value(-values['bfactor_model'], 'Å²')}"
    if values.get("bfactor_reference") is not None:
        out += f"; against the reference map {show_value(-values['bfactor_reference'], 'Å²')}"
    return out + "."
