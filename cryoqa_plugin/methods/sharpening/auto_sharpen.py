"""B-factor sharpening: one smooth filter for the whole map, or one that varies smoothly from place to place (Phenix's auto_sharpen)."""
from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Dict, List, NamedTuple, Optional

import numpy as np
import scipy.ndimage

from ...core import banks, fourier
from ...progress import Progress, silent
from ...results import Curve, Table, curve, metric, table
from ...study import Study
from ...study.mask import INSIDE
from . import auto_anisotropy as anisotropy
from . import auto_gains as gains
from . import auto_local, auto_methods, auto_trials
from .auto_inputs import METHODS, AutoSharpenInputs, AutoSharpenParams, auto_inputs, scored_box
from .auto_local import Local
from .auto_methods import MethodTrials
from .auto_trials import Box, Trial
from .common import OUTPUTS, SharpenedResult, finish

__all__ = ["METHODS", "AutoSharpenParams", "AutoSharpenResult", "compute_auto_sharpen"]

_BY_B = ("half_map", "solvent", "target_b_iso_to_d_cut", "b_iso_to_d_cut", "b_iso")
_WINDOW, _LOCAL_VALUES = 12.0, 11
_COLUMNS = ("method", "b_iso", "bfactor", "d_cut", "b_blur", "surface", "regions per voxel", "adjusted surface", "kurtosis", "applied")


def _value(unit: str, meaning: str, better: str = "none") -> Any:
    return metric(unit, meaning, better)


@dataclass(frozen=True)
class AutoSharpenResult(SharpenedResult):
    """Result of the ``auto_sharpen`` capability."""

    schema: ClassVar[str] = "cryoqa/auto_sharpen/1"
    method: Optional[str] = _value("", "method whose filter was applied")
    b_iso_before: Optional[float] = _value("Å²", "fall-off of the map, or with weights of its signal; positive")
    b_iso_after: Optional[float] = _value("Å²", "fall-off that was aimed at")
    bfactor: Optional[float] = _value("Å²", "B-factor applied up to d_cut; negative sharpens")
    d_cut: Optional[float] = _value("Å", "resolution at which sharpening ended")
    b_blur_hires: Optional[float] = _value("Å²", "B-factor added beyond d_cut")
    area_before: Optional[float] = _value("", "surface of the contour, voxels over voxels enclosed, before")
    area_after: Optional[float] = _value("", "surface of the contour, voxels over voxels enclosed, after", "higher")
    adjusted_before: Optional[float] = _value("", "adjusted surface area before")
    adjusted_after: Optional[float] = _value("", "adjusted surface area after", "higher")
    kurtosis_before: Optional[float] = _value("", "kurtosis of the density in the box before")
    kurtosis_after: Optional[float] = _value("", "kurtosis of the density in the box after", "higher")
    region_weight: Optional[float] = _value("", "weight of the pieces of a contour in the adjusted surface area")
    search_signal: Optional[float] = _value("", "how far the best value of a search lies above the ends of its range, over its scatter",
                                            "higher")
    improved: Optional[bool] = _value("", "the target of searches is higher afterwards than before")
    n_trials: Optional[int] = _value("", "filters tried")
    solvent_fraction: Optional[float] = _value("", "part of the map that is solvent")
    noise_from: Optional[str] = _value("", "where the noise was taken from: half-maps, solvent or unknown")
    anisotropy_removed: Optional[bool] = _value("", "an anisotropic fall-off was taken out")
    u_range: Optional[float] = _value("Å²", "largest less smallest principal value of the displacement tensor of the signal", "lower")
    u_error: Optional[float] = _value("Å²", "standard error of a component of the tensor, mean of the six", "lower")
    model_completeness: Optional[float] = _value("", "part of the molecule's scattering that the model holds")
    local_b_low: Optional[float] = _value("Å²", "fall-off aimed at locally, that 5 % of the molecule stay below")
    local_b_median: Optional[float] = _value("Å²", "fall-off aimed at locally, median over the molecule")
    local_b_high: Optional[float] = _value("Å²", "fall-off aimed at locally, that 5 % of the molecule exceed")
    trials: Optional[Table] = table("filters tried, best of each method first; b_iso, bfactor, b_blur in Å², d_cut in Å")
    anisotropy: Optional[Table] = table("displacement tensor of the signal less its mean, and its standard errors (Å²)")
    search: Optional[Curve] = curve("score of a search", x_label="b_iso", x_unit="Å²", y_label="Score")
    filter: Optional[Curve] = curve("factor of the amplitudes", x_label="Frequency", x_unit="1/Å", y_label="Factor")
    weight: Optional[Curve] = curve("weight of the frequencies, by their signal-to-noise ratio", x_label="Frequency", x_unit="1/Å",
                                    y_label="Weight")


def compute_auto_sharpen(study: Study, params: AutoSharpenParams, *, progress: Progress = silent) -> AutoSharpenResult:
    """A map sharpened by a B-factor, or by what stands for one, and its half-maps alike.

    Parameters
    ----------
    study
        ``full_map``, or ``half1`` and ``half2``, or all three (float32 [z, y, x]); ``mask``, ``model`` and ``reference_map`` when they are
        there.
    params
        Choices of the user.
    progress
        Called as ``progress(fraction, message)``.

    Returns
    -------
    AutoSharpenResult
        The sharpened maps, what was tried and what was applied.

    Raises
    ------
    MissingInputError
        An input is not there that the choices need.
    InputError
        The choices or the inputs do not fit together.

    Notes
    -----
    The amplitude at frequency ``s`` is multiplied by ``exp(-b(s) s^2 / 4)``.

    References
    ----------
    Terwilliger et al. (2018), https://doi.org/10.1107/S2059798318004655; Rosenthal & Henderson (2003),
    https://doi.org/10.1016/j.jmb.2003.07.013 (weights).
    """
    progress(0.02, "signal and noise")
    inputs = auto_inputs(study, params)
    progress(0.3, "trials")
    filter_ = _choose_filter(inputs, progress)
    progress(0.75, "applying the filter")
    maps = _sharpened_maps(inputs, filter_)
    values = dict(finish(inputs.given, maps), **_metrics(inputs, filter_))
    progress(1.0, "done")
    return AutoSharpenResult(summary=_summary(values), warnings=tuple(inputs.base.warnings), **values)


class ChosenFilter(NamedTuple):
    """The filter to apply, what was tried, and further fields of the result."""

    chosen: Trial
    before: Trial
    trials: List[Trial]
    box: Box
    values: Dict[str, Any]
    local: Optional[Local]


def _choose_filter(inputs: AutoSharpenInputs, progress: Progress) -> ChosenFilter:
    """Try the method asked for, or all of them, and choose the filter."""
    box = scored_box(inputs)
    box.scoring = replace(box.scoring, region_weight=_weight(inputs, box))
    before = auto_methods.run(inputs, box, "no_sharpening")
    names = auto_methods.available(inputs) if inputs.method == "best" else [inputs.method]
    tried: Dict[str, MethodTrials] = {"no_sharpening": before}
    for i, name in enumerate(names):
        progress(0.3 + 0.35 * i / len(names), f"trying {name}")
        if name != "no_sharpening":
            tried[name] = auto_methods.run(inputs, box, name)
    name = _best_method(inputs, box, tried)
    values: Dict[str, Any] = dict(region_weight=box.scoring.region_weight if box.scoring.target == "adjusted_sa" else None)
    for one in tried.values():
        values.update({k: v for k, v in one.values.items() if not k.startswith("search_")})
    searched = tried[name] if tried[name].signal is not None else next((t for t in tried.values() if t.signal is not None), None)
    if searched is not None:
        values.update(search_signal=searched.signal, search=Curve(searched.values["search_x"], searched.values["search_y"]))
    local = _local_bfactors(inputs, box, tried[name].best, values, progress) if inputs.params.local else None
    return ChosenFilter(tried[name].best, before.best, _ordered(box, tried, name), box, values, local)


def _weight(inputs: AutoSharpenInputs, box: Box) -> float:
    """Weight of the regions in the score: the one given, else what the map says."""
    p = inputs.params
    if p.region_weight is not None or p.target == "kurtosis":
        return p.region_weight or 0.0
    search = auto_methods.search_of(inputs)
    if p.region_weight_method == "b_iso":                      # the weight that makes the usual B-factor as good as its neighbours
        b, step = auto_methods.target_b(inputs, weighted=False), (search.high - search.low) / 8
        low, high = (auto_trials.b_trial(box, "b_iso_to_d_cut", search, b + side * step) for side in (-1, 1))
        d_area, d_regions = low.area - high.area, low.regions - high.regions
        found = (p.region_weight_factor * d_area / d_regions, True) if d_area > 0 and d_regions > 0 else (30.0, False)
    else:
        found = auto_trials.region_weight(box, search, p.region_weight_method, p.region_weight_factor, p.region_weight_buffer)
    if not found[1] and inputs.method in auto_methods.SEARCHED + ("best",):
        inputs.base.warnings.append("Surface and pieces of the contour do not both rise with sharpening: their balance is a guess, "
                                    "and the search may go too far.")
    return found[0]


def _best_method(inputs: AutoSharpenInputs, box: Box, tried: Dict[str, MethodTrials]) -> str:
    p = inputs.params
    if inputs.method != "best":
        name = inputs.method
    else:
        strong = {n: t for n, t in tried.items() if n != "no_sharpening" and (t.signal is None or t.signal >= p.signal_min)}
        name = max(strong, key=lambda n: strong[n].best.score(box.scoring))
    searched = inputs.method in auto_methods.SEARCHED + ("best",) and len(tried[name].trials) > 1 or inputs.method == "best"
    if searched and p.require_improvement and tried[name].best.score(box.scoring) <= tried["no_sharpening"].best.score(box.scoring):
        inputs.base.warnings.append(f"No filter of the method {inputs.method} makes the map clearer than it is; it was left so.")
        return "no_sharpening"
    return name


def _ordered(box: Box, tried: Dict[str, MethodTrials], chosen: str) -> List[Trial]:
    """All trials, those of the method chosen first, the best of each method before the others."""
    out: List[Trial] = []
    for name in sorted(tried, key=lambda n: n != chosen):
        rest = [t for t in tried[name].trials if t is not tried[name].best]
        out += [tried[name].best] + rest
    return out


def _local_bfactors(inputs: AutoSharpenInputs, box: Box, chosen: Trial, values: Dict[str, Any], progress: Progress) -> Optional[Local]:
    """B-factors by place, that of the whole map where a place cannot tell; their quantiles go to ``values``.

    None, with a warning, when the method has no B-factor that could vary.
    """
    p, name = inputs.params, chosen.method
    if name not in _BY_B or chosen.b_iso is None:
        inputs.base.warnings.append(f"The method {name} has no B-factor that could vary from place to place; the whole map got one filter.")
        return None
    progress(0.65, "local B-factors")
    grid = inputs.base.mean
    search, make = auto_methods.search_of(inputs), auto_methods.gain_by_bfactor(inputs, name)
    half = (search.high - search.low) / 4
    b_values = np.linspace(chosen.b_iso - half, chosen.b_iso + half, _LOCAL_VALUES)
    window = p.local_window or _WINDOW * inputs.base.resolution
    coarse = box.geo
    step = coarse.length / max(coarse.shape) if len(set(coarse.shape)) == 1 else grid.voxel * grid.shape[0] / coarse.shape[0]
    found = auto_local.choose(box, b_values, make, max(8, int(round(window / step))), p.local_smoothing or window / 3, chosen.b_iso)
    scale = [m / n for m, n in zip(found.shape, grid.shape)]
    field = scipy.ndimage.affine_transform(found, np.diag(scale), output_shape=grid.shape, order=1, mode="nearest")
    values.update(auto_local.statistics(field, inputs.mask >= INSIDE))
    return Local(banks.positions(np.clip(field, b_values[0], b_values[-1]), b_values), b_values)


def _sharpened_maps(inputs: AutoSharpenInputs, filter_: ChosenFilter) -> Dict[str, np.ndarray]:
    """The sharpened maps, float32 [z, y, x], by the name of their output."""
    out: Dict[str, np.ndarray] = {}
    gain, make = _whole_gain(inputs, filter_), auto_methods.gain_by_bfactor(inputs, filter_.chosen.method)
    for kind, name in OUTPUTS.items():
        map_ = getattr(inputs.study, kind)
        if map_ is None:
            continue
        if filter_.local is not None:
            out[name] = auto_local.blend(inputs.study.transform(kind), inputs.geo, filter_.local,
                                         lambda b: gains.product(make(b), gains.lowpass_gain(inputs.d_min)))
        elif filter_.chosen.method == "no_sharpening":
            out[name] = map_.data.copy()
        else:
            out[name] = fourier.inverse(gains.apply(inputs.study.transform(kind), inputs.geo, gain), map_.shape)
    if "sharpened" not in out:
        out["sharpened"] = (out["sharpened_half1"] + out["sharpened_half2"]) * np.float32(0.5)
    if inputs.params.output_sd is not None:
        mean, sd = (float(f(out["sharpened"], dtype=np.float64)) for f in (np.mean, np.std))
        for data in out.values():
            data -= np.float32(mean)
            data *= np.float32(inputs.params.output_sd / sd)
    return out


def _whole_gain(inputs: AutoSharpenInputs, filter_: ChosenFilter) -> gains.Gain:
    if filter_.chosen.method == "no_sharpening":
        return gains.one
    return gains.product(filter_.chosen.gain, gains.lowpass_gain(inputs.d_min))


def _metrics(inputs: AutoSharpenInputs, filter_: ChosenFilter) -> Dict[str, Any]:
    """Fields of the result, the maps and what all sharpening gives aside."""
    chosen, before, scoring = filter_.chosen, filter_.before, filter_.box.scoring
    weighted = chosen.method in ("half_map", "solvent")
    freq = fourier.frequencies(inputs.geo)
    out: Dict[str, Any] = dict(
        method=chosen.method, b_iso_before=inputs.b_signal if weighted else inputs.b_whole, b_iso_after=chosen.b_iso,
        bfactor=chosen.bfactor, d_cut=chosen.d_cut, b_blur_hires=chosen.b_blur, area_before=before.area, area_after=chosen.area,
        adjusted_before=before.area - scoring.region_weight * before.regions,
        adjusted_after=chosen.area - scoring.region_weight * chosen.regions, kurtosis_before=before.kurtosis,
        kurtosis_after=chosen.kurtosis, improved=chosen.score(scoring) > before.score(scoring), n_trials=filter_.box.n_trials,
        solvent_fraction=inputs.solvent, noise_from=inputs.spectra.source, anisotropy_removed=inputs.corrected, trials=_table(filter_),
        filter=Curve(freq, _whole_gain(inputs, filter_)(freq)))
    if inputs.spectra.snr is not None:
        out["weight"] = Curve(freq, inputs.weights)
    tensor = inputs.tensor
    if tensor is not None:
        rows = tuple((n, float(u), float(e)) for n, u, e in zip(anisotropy.COMPONENTS, tensor.components, tensor.errors))
        out.update(u_range=float(np.ptp(tensor.axes.values)), u_error=float(tensor.errors.mean()),
                   anisotropy=Table(("component", "U", "standard error"), rows))
    return dict(out, **filter_.values)


def _table(filter_: ChosenFilter) -> Table:
    weight = filter_.box.scoring.region_weight
    return Table(_COLUMNS, tuple((t.method, t.b_iso, t.bfactor, t.d_cut, t.b_blur, t.area, t.regions, t.area - weight * t.regions,
                                  t.kurtosis, "yes" if t is filter_.chosen else "") for t in filter_.trials))


def _summary(values: Dict[str, Any]) -> str:
    method, after, before = values["method"], values["b_iso_after"], values["b_iso_before"]
    if method == "no_sharpening":
        return f"The map was left as it is; its fall-off is {before:.0f} Å²."
    if after is None:
        how = {"model": "towards the spectrum of the model", "external": "to the spectrum of the reference map",
               "resolution_dependent": "by three resolution-dependent factors"}[method]
        return f"The map was sharpened {how}, at a resolution of {values['resolution']:.2f} Å."
    word = "sharpened" if values["bfactor"] < 0 else "blurred"
    end = f", up to {values['d_cut']:.2f} Å" if values["d_cut"] else ""
    weights = {"half_map": ", every frequency weighted by its noise in the half-maps",
               "solvent": ", every frequency weighted by the noise of the solvent"}.get(method, "")
    local = f" (locally {values['local_b_low']:.0f} to {values['local_b_high']:.0f} Å²)" if "local_b_low" in values else ""
    return f"The map was {word} from a fall-off of {before:.0f} to {after:.0f} Å²{local}{end}{weights}."
