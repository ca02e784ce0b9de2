"""Fourier shell correlation of two half-maps, corrected for the mask, with the sharpening that RELION's post-processing does."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Dict, List, Mapping, Optional

import numpy as np

from ...core import guinier
from ...io.maps import Map
from ...params import param
from ...progress import Progress, silent
from ...results import Curve, Table, curve, map_output, metric, table
from ...study import Study
from ...study import fsc_criteria as criteria
from ...study import reported
from ...study.fsc_curves import FscCurve, FscSettings
from ...study.halves import HalfMapFacts
from ...study.independence import Independence
from . import fsc_sharpen as sharpen
from .fsc_words import FscReadings, mask_warnings, read_curves, summary

_FIELDS = {"unmasked": "fsc_unmasked", "masked": "fsc_masked", "corrected": "fsc_true", "random": "fsc_phase_randomised",
           "spherical": "fsc_spherical", "loose": "fsc_loose", "volume": "fsc_volume", "widened": "fsc_widened", "bounded": "fsc_bounded"}
_READ = [(name, key) for name in ("unmasked", "masked", "corrected") for key in criteria.CRITERIA]
_REPORTED = {"unmasked_0143": "the FSC without a mask", "corrected_0143": "the FSC in the mask, corrected",
             "masked_0143": "the FSC in the mask, not corrected", "widened_0143": "the FSC in the mask with a wider edge",
             "volume_0143": "the FSC without a mask, corrected for noise that is missing", "unmasked_05": "FSC 0.5 without a mask",
             "corrected_05": "FSC 0.5 in the mask, corrected", "masked_05": "FSC 0.5 in the mask, not corrected",
             "spherical_0143": "the FSC in a spherical mask", "loose_0143": "the FSC in a loose mask"}
_READ += [("volume", "0143"), ("widened", "0143")]


@dataclass(frozen=True)
class FscParams:
    """Parameters of the ``fsc`` capability."""

    rules: str = param("cryoqa", "cryoqa: phases randomised from FSC 0.8 with a soft onset, so that the correction does not cost "
                       "resolution where the mask cuts nothing. relion: the same with RELION's sharp onset. cryosparc: its no mask, "
                       "spherical, loose and tight masks, made from the half-maps (a mask you give takes the place of the tight one), "
                       "phases randomised sharply from FSC 0.143.", label="Rules", choices=("cryoqa", "relion", "cryosparc"))
    threshold: float = param(0.143, "FSC at which the resolution in the headline is read; 0.143 is the usual one for half-maps.",
                             label="Threshold", min=0.01, max=0.99)
    confidence: float = param(0.95, "Probability that the true value lies inside the bands and intervals.", label="Confidence",
                              min=0.5, max=0.999, expert=True)
    randomise_from: Optional[float] = param(None, "Resolution from which phases are randomised; decided from the unmasked FSC when "
                                            "empty.", label="Randomise phases from", unit="Å", min=0.1, expert=True)
    seed: int = param(0, "Seed of the random phases; the same seed gives the same curve.", label="Seed", min=0, max=2 ** 31,
                      expert=True)
    repeats: int = param(2, "How many times phases are randomised; the curve is the mean, which scatters less.", label="Repeats",
                         min=1, max=50, expert=True)
    sharpen: bool = param(True, "Write the mean of the half-maps, weighted by the FSC and sharpened by the B-factor.",
                          label="Sharpen")
    bfactor: Optional[float] = param(None, "B-factor to apply; negative sharpens. Fitted to the Guinier plot when empty.",
                                     label="B-factor", unit="Å²", min=-2000, max=2000)
    fit_from: float = param(10.0, "Lowest resolution of the Guinier fit.", label="Fit from", unit="Å", min=2, max=100, expert=True)
    fit_to: float = param(0.0, "Highest resolution of the Guinier fit; 0 for all shells that have a weight.", label="Fit to",
                          unit="Å", min=0, max=50, expert=True)
    low_pass: float = param(0.0, "Low-pass of the sharpened map; 0 for none, -1 for the resolution found.", label="Low-pass",
                            unit="Å", min=-1, max=200, expert=True)
    fsc_weighting: bool = param(True, "Weight the shells of the sharpened map by sqrt(2 FSC / (1 + FSC)).", label="FSC weighting",
                                expert=True)
    mtf_voxel_size: Optional[float] = param(None, "Pixel size of the detector that the MTF is of; that of the maps when empty.",
                                            label="MTF pixel size", unit="Å", min=0.01, max=50, expert=True)
    reported: Optional[float] = param(None, "Resolution that was reported, to compare with the one measured here; not compared when empty.",
                                      label="Reported resolution", unit="Å", min=0.5, max=200)
    relion_counting: bool = param(False, "Count both Friedel mates on the plane kx = 0 as RELION does: only to compare curves with "
                                  "RELION's to the last digit.", label="Count as RELION", expert=True)


def _res(meaning: str) -> Any:
    return metric("Å", meaning, "lower")


def _fsc_curve(meaning: str, output: str = "outputFSCs") -> Any:
    return curve(meaning, x_label="Frequency", x_unit="1/Å", y_label="FSC", output=output)


def _guinier_curve(meaning: str) -> Any:
    return curve(meaning, x_label="Frequency squared", x_unit="1/Å²", y_label="ln mean amplitude")


@dataclass(frozen=True)
class FscResult(HalfMapFacts):
    """Result of the ``fsc`` capability."""

    schema: ClassVar[str] = "cryoqa/fsc/1"
    resolution: Optional[float] = _res("resolution: where the FSC in the mask, corrected (without a mask the unmasked one), crosses the "
                                       "threshold; none for half-maps that are not independent")
    resolution_worse: Optional[float] = _res("coarser end of the confidence interval of the resolution")
    resolution_better: Optional[float] = _res("finer end of the confidence interval of the resolution")
    resolution_bound: Optional[float] = _res("resolution without the noise that the half-maps share, where they do")
    resolution_bound_worse: Optional[float] = _res("coarser end of the confidence interval of resolution_bound")
    resolution_bound_better: Optional[float] = _res("finer end of the confidence interval of resolution_bound")
    resolution_curve: Optional[str] = metric("", "curve that the resolution is read from: unmasked, corrected, volume (unmasked, "
                                                 "corrected for noise that is missing around the molecule), or widened (corrected, in the "
                                                 "mask with a wider edge)", "none")
    resolution_relion: Optional[float] = _res("last shell before the first one whose FSC is below the threshold, as RELION gives it")
    reported: Optional[float] = metric("Å", "resolution that was reported", "none")
    reported_difference: Optional[float] = metric("%", "by how much the reported resolution is coarser than the measured one, or than "
                                                       "that without shared noise; negative for a finer one", "target:0")
    reported_deviation: Optional[float] = metric("%", "difference of the reported from the measured resolution, without its sign",
                                                 "target:0")
    reported_equals: Optional[str] = metric("", "curve and criterion that give the reported resolution within 1 %, where it is more than "
                                            "5 % off", "none")
    reported_words: Optional[str] = metric("", "the reported resolution against the measured one, in words", "none")
    resolution_unmasked_0143: Optional[float] = _res("unmasked FSC at 0.143")
    resolution_unmasked_05: Optional[float] = _res("unmasked FSC at 0.5")
    resolution_unmasked_half_bit: Optional[float] = _res("unmasked FSC at the half-bit curve")
    resolution_unmasked_one_bit: Optional[float] = _res("unmasked FSC at the one-bit curve")
    resolution_unmasked_three_sigma: Optional[float] = _res("unmasked FSC at the three-sigma curve")
    resolution_masked_0143: Optional[float] = _res("masked FSC, not corrected, at 0.143")
    resolution_masked_05: Optional[float] = _res("masked FSC, not corrected, at 0.5")
    resolution_masked_half_bit: Optional[float] = _res("masked FSC, not corrected, at the half-bit curve")
    resolution_masked_one_bit: Optional[float] = _res("masked FSC, not corrected, at the one-bit curve")
    resolution_masked_three_sigma: Optional[float] = _res("masked FSC, not corrected, at the three-sigma curve")
    resolution_corrected_0143: Optional[float] = _res("corrected FSC at 0.143")
    resolution_corrected_05: Optional[float] = _res("corrected FSC at 0.5")
    resolution_corrected_half_bit: Optional[float] = _res("corrected FSC at the half-bit curve")
    resolution_corrected_one_bit: Optional[float] = _res("corrected FSC at the one-bit curve")
    resolution_corrected_three_sigma: Optional[float] = _res("corrected FSC at the three-sigma curve")
    resolution_volume_0143: Optional[float] = _res("unmasked FSC at 0.143, corrected for noise that is missing around the molecule")
    resolution_widened_0143: Optional[float] = _res("corrected FSC at 0.143 in the mask with a wider edge, where its own is too sharp")
    resolution_spherical_0143: Optional[float] = _res("FSC in cryoSPARC's spherical mask at 0.143, not corrected")
    resolution_loose_0143: Optional[float] = _res("FSC in cryoSPARC's loose mask at 0.143, not corrected")
    nyquist: Optional[float] = _res("resolution of the last shell")
    reaches_nyquist: Optional[bool] = metric("", "the FSC stays above the threshold to Nyquist", "none")
    returns_above: Optional[int] = metric("", "times the FSC climbs above the threshold again after its first fall", "lower")
    randomised_from: Optional[float] = metric("Å", "resolution from which phases were randomised", "none")
    random_fsc_at_resolution: Optional[float] = metric("", "phase-randomised FSC at the resolution", "lower")
    widened_edge: Optional[float] = metric("Å", "soft edge that a mask needs that is too sharp for these data", "none")
    unmasked_reaches_further: Optional[bool] = metric("", "the unmasked curve crosses beyond the better end of the interval",
                                                      "none")
    mask_fraction: Optional[float] = metric("", "mean of the mask: part of the box inside", "none")
    shared_in_mask: Optional[float] = metric("", "part of the noise in the mask that the half-maps share, by the shape of the corrected "
                                             "FSC", "target:0")
    shared_in_mask_error: Optional[float] = metric("", "its standard error", "lower")
    shares_in_mask: Optional[bool] = metric("", "the half-maps share noise in the molecule that they do not share in the solvent", "none")
    tail_fsc: Optional[float] = metric("", "mean unmasked FSC over the last tenth of the shells", "target:0")
    rise_at_end: Optional[float] = metric("", "unmasked FSC at the end less its lowest value before", "lower")
    bfactor: Optional[float] = metric("Å²", "B-factor applied, or fitted when no map is written; negative for a fall-off", "none")
    bfactor_error: Optional[float] = metric("Å²", "standard error of the fitted B-factor", "lower")
    guinier_slope: Optional[float] = metric("Å²", "slope of the Guinier fit, B / 4", "none")
    guinier_intercept: Optional[float] = metric("", "intercept of the Guinier fit", "none")
    guinier_r_squared: Optional[float] = metric("", "squared correlation of the Guinier fit", "higher")
    fsc_unmasked: Optional[Curve] = _fsc_curve("FSC of the half-maps as they are")
    fsc_spherical: Optional[Curve] = _fsc_curve("FSC in cryoSPARC's spherical mask")
    fsc_loose: Optional[Curve] = _fsc_curve("FSC in cryoSPARC's loose mask")
    fsc_masked: Optional[Curve] = _fsc_curve("FSC in the mask (cryoSPARC: tight), not corrected")
    fsc_phase_randomised: Optional[Curve] = _fsc_curve("FSC in the mask after randomising phases")
    fsc_true: Optional[Curve] = _fsc_curve("FSC in the mask, corrected for what the mask adds")
    fsc_volume: Optional[Curve] = _fsc_curve("unmasked FSC, corrected for noise that is missing around the molecule")
    fsc_widened: Optional[Curve] = _fsc_curve("FSC in the mask with a wider edge, corrected for what the mask adds")
    fsc_bounded: Optional[Curve] = _fsc_curve("FSC without the noise that the half-maps share")
    half_bit: Optional[Curve] = _fsc_curve("half-bit threshold", output="")
    one_bit: Optional[Curve] = _fsc_curve("one-bit threshold", output="")
    three_sigma: Optional[Curve] = _fsc_curve("three-sigma threshold", output="")
    fsc_weight: Optional[Curve] = curve("weight of the shells in the sharpened map", x_label="Frequency", x_unit="1/Å", y_label="weight")
    guinier_original: Optional[Curve] = _guinier_curve("mean of the half-maps")
    guinier_weighted: Optional[Curve] = _guinier_curve("after MTF and FSC weights")
    guinier_sharpened: Optional[Curve] = _guinier_curve("after the B-factor")
    guinier_fit: Optional[Curve] = _guinier_curve("line fitted to the weighted plot")
    resolutions: Optional[Table] = table("resolution (Å) of each curve by each criterion, with its confidence interval")
    sharpened: Optional[Map] = map_output("", "mean of the half-maps, weighted and sharpened", output="outputVolume", halves="input")
    sharpened_masked: Optional[Map] = map_output("", "the sharpened map times the mask")


def compute_fsc(study: Study, params: FscParams, *, progress: Progress = silent) -> FscResult:
    """Fourier shell correlation of two half-maps, in a mask when there is one, and their sharpened mean.

    Parameters
    ----------
    study
        ``half1`` and ``half2``, float32 [z, y, x], and ``mask``, 0 to 1, when there is one.
    params
        Rules, threshold and what to do with the map.
    progress
        Called with the fraction done and what is being done.

    Raises
    ------
    MissingInputError
        A half-map is not there.
    InputError
        The inputs do not fit together, or a box of fewer than 8 voxels.

    References
    ----------
    Chen et al. (2013), https://doi.org/10.1016/j.ultramic.2013.06.004 (correction for the mask); Rosenthal & Henderson (2003),
    https://doi.org/10.1016/j.jmb.2003.07.013 (0.143, weights, B-factor); van Heel & Schatz (2005),
    https://doi.org/10.1016/j.jsb.2005.05.009 (half-bit, one-bit, three-sigma).
    """
    study.check("half1", "half2", "mask", least=8, what="an FSC needs")
    progress(0.05, "FSC curves")
    curves = study.fsc_curves(FscSettings(params.rules, params.relion_counting, params.confidence, params.randomise_from, params.seed,
                                          params.repeats))
    readings = read_curves(study.frequencies, curves, params.threshold, study.independence.end)
    warnings = mask_warnings(readings, study.independence)
    if curves.masked is not None and curves.corrected is None and study.independence.void is None:
        level = FscSettings(params.rules).resolved().level
        warnings.append(f"The FSC without a mask does not fall below {level:g}, so that no phases were randomised and the masked FSC is "
                        f"not "
                        "corrected.")
    progress(0.7, "B-factor and sharpening")
    values = study.half_map_values()
    if study.independence.void is None:
        values.update(sharpening_values(study, params, readings, warnings))
    values.update(resolution_values(readings, study.independence), tail_fsc=tail_fsc(curves.unmasked),
                  rise_at_end=rise_at_end(curves.unmasked), **curve_values(readings))
    values.update(reported_values(params.reported, values))
    progress(1.0, "done")
    return FscResult(summary=summary(study, readings, params.threshold, params.confidence), warnings=tuple(warnings), **values)


def sharpening_values(study: Study, params: FscParams, readings: FscReadings, warnings: List[str]) -> Dict[str, Any]:
    """Guinier plot and fit, and the sharpened maps.

    Parameters
    ----------
    study, params
        The Study of the half-maps; how to sharpen.
    readings
        The curves that weight the shells, and the resolution.
    warnings
        A sentence is added when the fit cannot be made.

    Returns
    -------
    dict
        By result field.
    """
    geo, freq = study.geometry, readings.freq
    ft = study.transform("half1") + study.transform("half2")           # of the mean, without another transform
    ft *= np.float32(0.5)
    weights = sharpen.fsc_weights(readings.headline.fsc) if params.fsc_weighting else np.ones(geo.n_shells)
    detector = sharpen.DetectorMtf(study.mtf, params.mtf_voxel_size or float(np.mean(study.half1.voxel_size)))
    plot = sharpen.guinier_plot(ft, geo, weights, sharpen.mtf_profile(detector, freq))
    fit = guinier.fit(freq, plot.weighted, params.fit_from, params.fit_to)
    bfactor = params.bfactor if params.bfactor is not None else fit.bfactor if fit else None
    out: Dict[str, Any] = dict(bfactor=bfactor, fsc_weight=Curve(freq, weights), guinier_original=Curve(plot.s2, plot.original),
                               guinier_weighted=Curve(plot.s2, plot.weighted))
    if fit:
        # 1e-9: a shell that lies at the limit of the fit to the last bit belongs to it.
        line = np.where(freq * params.fit_from >= 1 - 1e-9, fit.intercept + fit.slope * plot.s2, np.nan)
        out.update(bfactor_error=fit.bfactor_error, guinier_slope=fit.slope, guinier_intercept=fit.intercept,
                   guinier_r_squared=fit.r_squared, guinier_fit=Curve(plot.s2, line))
    if bfactor is None:
        warnings.append(f"Fewer than three shells lie between {params.fit_from:g} Å and the end of the FSC, so that no B-factor could be "
                        "fitted and no sharpened map was made; give a B-factor, or fit from a lower resolution.")
        return out
    out["guinier_sharpened"] = Curve(plot.s2, plot.weighted - bfactor * plot.s2 / 4)
    if params.sharpen:
        low_pass = None if params.low_pass == 0 else params.low_pass if params.low_pass > 0 else readings.head.resolution
        data, mask = sharpen.apply_filter(ft, geo, weights, bfactor, low_pass, detector), readings.curves.mask
        out["sharpened"] = study.half1.with_data(data)
        if mask is not None:
            out["sharpened_masked"] = study.half1.with_data(data * mask)
    return out


def resolution_values(readings: FscReadings, independence: Independence) -> Dict[str, Any]:
    """The resolutions, what the mask and the random phases show, and the table of all resolutions.

    Parameters
    ----------
    readings
        The curves and what was read from them.
    independence
        What stands between them and a resolution.

    Returns
    -------
    dict
        By result field; no resolution where there is none.
    """
    freq, curves, head, plain = readings.freq, readings.curves, readings.head, readings.plain
    out: Dict[str, Any] = dict(nyquist=float(1 / freq[-1]), resolution_curve=curves.headline,
                               mask_fraction=None if curves.mask is None else float(curves.mask.mean(dtype=np.float64)))
    if independence.void is not None:
        return out
    out.update({f"resolution_{c}_{k}": e.resolution for (c, k), e in readings.estimates.items() if (c, k) in _READ})
    for kind in ("spherical", "loose"):
        found = getattr(curves, kind)
        if found is not None:
            out[f"resolution_{kind}_0143"] = criteria.estimate(freq, found, 0.143).resolution
    if independence.holds and readings.bound is None:
        out.update(resolution=head.resolution, resolution_worse=head.worse, resolution_better=head.better,
                   resolution_relion=head.last_shell)
    if readings.bound is not None:
        out.update(resolution_bound=readings.bound.resolution, resolution_bound_worse=readings.bound.worse,
                   resolution_bound_better=readings.bound.better)
    if curves.in_mask is not None:
        out.update(shared_in_mask=curves.in_mask.share, shared_in_mask_error=curves.in_mask.error, shares_in_mask=curves.in_mask.found)
    out.update(reaches_nyquist=head.state == "never", returns_above=head.returns, widened_edge=curves.edge)
    if curves.random is not None:
        out["randomised_from"] = float(1 / freq[curves.first_random])
        own = criteria.estimate(freq, curves.corrected, 0.143) if curves.corrected is not None else None
        if own is not None and own.resolution is not None:
            out["random_fsc_at_resolution"] = float(np.interp(1 / own.resolution, freq, curves.random.fsc))
        # A mask that is right only helps. Where the unmasked FSC crosses beyond the better end of the interval, the mask or the correction
        # took signal away, or the half-maps share their solvent.
        out["unmasked_reaches_further"] = plain.resolution is not None and (
            head.resolution is None or plain.resolution < (head.better or head.resolution))
    out["resolutions"] = Table(("curve", "criterion", "resolution", "worse", "better", "last shell", "remark"),
                               criteria.rows(readings.estimates))
    return out


def reported_values(given: Optional[float], values: Mapping[str, Any]) -> Dict[str, Any]:
    """The reported resolution against what was measured.

    Parameters
    ----------
    given
        The reported resolution in Å, None where none was.
    values
        What was measured, by result field.

    Returns
    -------
    dict
        By result field; no comparison where half-maps have no resolution.
    """
    measured = values.get("resolution") or values.get("resolution_bound")
    if given is None or not measured:
        return dict(reported=given)
    found = reported.compare(given, measured, {words: values.get(f"resolution_{name}") for name, words in _REPORTED.items()})
    return dict(reported=given, reported_difference=found.difference, reported_deviation=abs(found.difference),
                reported_equals=found.equals, reported_words=found.words)


def tail_fsc(curve_: FscCurve) -> float:
    """Mean correlation over the last tenth of the shells, weighted by their coefficients.

    Parameters
    ----------
    curve_
        FSC without a mask.

    Returns
    -------
    float
        Of at least three shells; about 0 when the half-maps share nothing but the molecule.
    """
    n = max(3, curve_.fsc.size // 10)
    return float(np.average(curve_.fsc[-n:], weights=np.maximum(curve_.count[-n:], 1e-9)))


def rise_at_end(curve_: FscCurve) -> float:
    """Mean of the last three shells less the lowest running mean of three shells.

    Parameters
    ----------
    curve_
        FSC without a mask.

    Returns
    -------
    float
        0 for a curve that only falls, and for one of fewer than five shells.
    """
    if curve_.fsc.size < 5:
        return 0.0
    running = np.convolve(curve_.fsc[1:], np.full(3, 1 / 3), mode="valid")
    return float(running[-1] - running.min())


def curve_values(readings: FscReadings) -> Dict[str, Curve]:
    """The FSC curves, and the thresholds that depend on the shell.

    Parameters
    ----------
    readings
        The curves.

    Returns
    -------
    dict of Curve
        By result field.
    """
    made = {field: getattr(readings.curves, name) for name, field in _FIELDS.items()}
    out = {field: Curve(readings.freq, c.fsc, c.lower, c.upper) for field, c in made.items() if c is not None}
    count = readings.headline.count
    for key in ("half_bit", "one_bit", "three_sigma"):
        out[key] = Curve(readings.freq, criteria.CRITERIA[key][1](count) + np.zeros_like(count))
    return out
