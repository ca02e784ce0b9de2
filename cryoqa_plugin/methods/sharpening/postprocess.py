"""Post-processing of two half-maps as RELION and cryoSPARC do it: FSC, weights, B-factor, low-pass, local filter."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Dict, NamedTuple, Optional, Tuple

import numpy as np

from ...core import guinier
from ...core.fourier import Geometry
from ...errors import MissingInputError
from ...io.maps import Map
from ...params import param
from ...progress import Progress, part, silent
from ...results import Curve, curve, map_output, metric
from ...rounding import show_value
from ...study import Study
from ...study.fsc_criteria import Estimate, estimate
from ...study.fsc_curves import FscCurve, FscCurves
from ...study.resolution import THRESHOLD
from ..local_resolution.local_fsc import LocalFscParams, compute_local_fsc
from ..resolution import fsc_sharpen
from .common import SharpenedResult, SharpeningInputs, finish, sharpening_inputs
from .fsc_weighting import finest, half_map_curves, transform_of
from .local_filter import LocalFilterParams, filter_maps

_PARTICLE = 0.476                                # of a mask or of the mass's volume, what RELION and cisTEM count as particle
_DENSITY = 0.81                                  # Da for each Å³ of protein
_LEFT = 4.5                                      # B-factor left over the squared resolution


class PostprocessRules(NamedTuple):
    """The power of RELION's weights, whether the Guinier fit ends at the resolution, the low-pass, the local filter, whether the
    unsharpened map is given too, the resolution of the last shell in place of the crossing, the weight of stored mates, and the
    B-factor left over the squared resolution."""

    power: int
    to_resolution: bool
    low_pass: float
    local: bool
    filtered: bool
    last_shell: bool
    mate_weight: float
    left: float


_RULES: Dict[str, PostprocessRules] = {"cryoqa": PostprocessRules(2, False, 0, False, False, False, 0.5, _LEFT),
                                       "relion": PostprocessRules(1, False, 0, False, False, True, 1.0, 0),
                                       "cryosparc": PostprocessRules(1, True, -1, True, True, False, 0.5, 0)}


@dataclass(frozen=True)
class PostprocessParams:
    """Parameters of :func:`compute_postprocess`."""

    rules: str = param("cryoqa", "cryoqa: weights 2 FSC / (1 + FSC), which leave the least error, and RELION's B-factor. relion: "
                       "relion_postprocess, with the square root of these weights. cryosparc: the same, the B-factor fitted down to the "
                       "resolution, low-passed there, and then a local filter.", label="Rules",
                       choices=("cryoqa", "relion", "cryosparc"))
    bfactor: Optional[float] = param(None, "B-factor to apply; negative sharpens. Fitted to the Guinier plot when empty, less what "
                                     "is left.", label="B-factor", unit="Å²", min=-2000, max=2000)
    bfactor_left: Optional[float] = param(None, "Fall-off that the sharpened map keeps when the B-factor is fitted; 0 makes the Guinier "
                                          "plot flat, as RELION does. When empty, by the rules of cryoqa 4.5 times the squared resolution, "
                                          "about what atoms have, and never more than there is; else 0.", label="B-factor left",
                                          unit="Å²", min=0, max=1000)
    low_pass: Optional[float] = param(None, "Low-pass of the sharpened map; 0 for none, -1 for the resolution found. When empty, what the "
                                      "rules say: -1 for cryosparc, else none, because the weights end the map.", label="Low-pass",
                                      unit="Å", min=-1, max=200)
    local: str = param("auto", "Low-pass the sharpened map in every voxel at its local resolution too. auto: by the rules of cryosparc, "
                       "and when a map of the local resolution is given; else it is computed here.", label="Local filter",
                       choices=("auto", "yes", "no"))
    mtf_voxel_size: Optional[float] = param(None, "Pixel size of the detector that the MTF is of; that of the maps when empty.",
                                            label="MTF pixel size", unit="Å", min=0.01, max=50)
    weighting: str = param("fsc", "FSC that the shells are weighted by. fsc: that in the mask, corrected. part: the one that "
                           "the particle alone would have, from the unmasked FSC and the mass or the mask. none: no weights.",
                           label="Weighting", choices=("fsc", "part", "none"))
    mass: Optional[float] = param(None, "Molecular mass of the particle, for the FSC of the particle alone; from the mask when empty.",
                                  label="Molecular mass", unit="kDa", min=1, max=1e6)
    fit_from: float = param(10.0, "Lowest resolution of the Guinier fit.", label="Fit from", unit="Å", min=2, max=100, expert=True)
    fit_to: Optional[float] = param(None, "Highest resolution of the Guinier fit; 0 for all shells that have a weight. When empty, 0, or "
                                    "the resolution by the rules of cryosparc.", label="Fit to", unit="Å", min=0, max=50,
                                    expert=True)
    randomise_from: Optional[float] = param(None, "Resolution from which phases are randomised; decided from the unmasked FSC when "
                                            "empty.", label="Randomise phases from", unit="Å", min=0.1, expert=True)
    force_mask: bool = param(False, "By the rules of relion: use the FSC in the mask even where the unmasked one reaches further.",
                             label="Force the mask", expert=True)
    seed: int = param(0, "Seed of the random phases; the same seed gives the same curve.", label="Seed", min=0, max=2 ** 31, expert=True)
    write_masked: bool = param(False, "Write the sharpened map times the mask as well.", label="Write the masked map", expert=True)


def _fsc_curve(meaning: str) -> Any:
    return curve(meaning, x_label="Frequency", x_unit="1/Å", y_label="FSC", output="outputFSCs")


def _guinier_curve(meaning: str) -> Any:
    return curve(meaning, x_label="Frequency squared", x_unit="1/Å²", y_label="ln mean amplitude")


@dataclass(frozen=True)
class PostprocessResult(SharpenedResult):
    """Result of :func:`compute_postprocess`."""

    schema: ClassVar[str] = "cryoqa/postprocess/1"
    bfactor: Optional[float] = metric("Å²", "B-factor applied; negative sharpens", "none")
    bfactor_fitted: Optional[float] = metric("Å²", "B-factor of the Guinier fit, whether it was applied or not", "none")
    bfactor_error: Optional[float] = metric("Å²", "standard error of the fitted B-factor", "lower")
    bfactor_left: Optional[float] = metric("Å²", "fall-off that was left when the B-factor was fitted; positive", "none")
    guinier_r_squared: Optional[float] = metric("", "squared correlation of the Guinier fit", "higher")
    low_pass: Optional[float] = metric("Å", "low-pass applied", "none")
    resolution_unmasked: Optional[float] = metric("Å", "where the unmasked FSC falls below 0.143", "lower")
    randomised_from: Optional[float] = metric("Å", "resolution from which phases were randomised", "none")
    random_fsc_at_resolution: Optional[float] = metric("", "phase-randomised FSC at the resolution", "lower")
    mask_skipped: Optional[bool] = metric("", "the unmasked FSC reaches further, so that the FSC in the mask was not used", "none")
    mass_in_mask: Optional[float] = metric("kDa", "protein that the mask has room for, 0.81 Da for each cubic ångström", "none")
    box_over_particle: Optional[float] = metric("", "by how much noise power of the box exceeds that around the particle", "none")
    local_resolution_median: Optional[float] = metric("Å", "median of the local resolution that the local filter went by", "lower")
    fsc_unmasked: Optional[Curve] = _fsc_curve("FSC of the half-maps as they are")
    fsc_masked: Optional[Curve] = _fsc_curve("FSC in the mask, not corrected")
    fsc_phase_randomised: Optional[Curve] = _fsc_curve("FSC in the mask after randomising phases")
    fsc_true: Optional[Curve] = _fsc_curve("FSC in the mask, corrected for what the mask adds")
    fsc_given: Optional[Curve] = _fsc_curve("FSC that was given, by which shells were weighted")
    fsc_part: Optional[Curve] = _fsc_curve("FSC that the particle alone would have")
    fsc_weight: Optional[Curve] = curve("weight of the shells", x_label="Frequency", x_unit="1/Å", y_label="weight")
    guinier_weighted: Optional[Curve] = _guinier_curve("the plot that was fitted, after MTF and weights")
    guinier_fit: Optional[Curve] = _guinier_curve("line fitted")
    filtered: Optional[Map] = map_output("", "the map with weights and low-pass, not sharpened (rules of cryosparc)")
    sharpened_masked: Optional[Map] = map_output("", "the sharpened map times the mask")
    locally_filtered: Optional[Map] = map_output("", "the sharpened map, low-passed at its local resolution", output="outputLocal",
                                                 halves="input")
    locally_filtered_half1: Optional[Map] = map_output("", "half-map 1, sharpened and filtered alike")
    locally_filtered_half2: Optional[Map] = map_output("", "half-map 2, sharpened and filtered alike")
    resolution_map: Optional[Map] = map_output("Å", "local resolution that was computed for the local filter", output="outputResolution")


@dataclass(frozen=True)
class ChosenFsc:
    """The FSC that counts and what it says.

    ``curves`` are those of the half-maps and ``name`` the one of them that counts. ``part``, the FSC of the particle alone, and ``given``,
    that of a file, are float64 [n_shells] or None. ``head`` is the estimate at 0.143 of the one that counts, and ``inputs`` go by its
    resolution.
    """

    inputs: SharpeningInputs
    params: PostprocessParams
    rules: PostprocessRules
    curves: FscCurves
    name: str
    head: Estimate
    part: Optional[np.ndarray]
    given: Optional[np.ndarray]

    @property
    def freq(self) -> np.ndarray:
        """Frequency of the shells in 1/Å, float64 [n_shells]."""
        return self.inputs.study.frequencies

    def weighting(self) -> Optional[np.ndarray]:
        """The FSC that weights the shells.

        Returns
        -------
        ndarray or None
            float64 [n_shells]; None for no weights.
        """
        if self.params.weighting == "none":
            return None
        if self.params.weighting == "part":
            return self.part
        return self.curves.judged()[self.name].fsc if self.given is None else self.given


class SharpeningFilter(NamedTuple):
    """The filter: weights float64 [n_shells], B-factor (Å²), low-pass (Å) or None, MTF."""

    weights: np.ndarray
    bfactor: float
    low_pass: Optional[float]
    detector: fsc_sharpen.DetectorMtf


def compute_postprocess(study: Study, params: PostprocessParams, *, progress: Progress = silent) -> PostprocessResult:
    """A map and its half-maps, sharpened by what the FSC says.

    Parameters
    ----------
    study
        ``half1`` and ``half2``; ``full_map`` when it is not their mean; ``mask``; ``resolution_map`` for the local filter;
        ``mtf``; ``fsc_curve`` in place of the FSC computed here.
    params
        See :class:`PostprocessParams`.
    progress
        Told how far it is.

    Returns
    -------
    PostprocessResult
        The maps, the FSC curves and the Guinier plots.

    Raises
    ------
    MissingInputError
        A half-map, or what the parameters ask for, was not given.
    InputError
        The inputs do not fit together.

    References
    ----------
    Rosenthal & Henderson (2003), https://doi.org/10.1016/j.jmb.2003.07.013 (weights, B-factor); Chen et al. (2013),
    https://doi.org/10.1016/j.ultramic.2013.06.004 (correction for the mask); Scheres (2012), https://doi.org/10.1016/j.jsb.2012.09.006;
    Punjani et al. (2017), https://doi.org/10.1038/nmeth.4169.
    """
    progress(0.05, "FSC curves")
    fsc, values = _choose_fsc(study, params)
    progress(0.5, "B-factor")
    filter_ = _filter(fsc, values)
    progress(0.55, "sharpening")
    values.update(_sharpen(fsc, filter_))
    if _filters_locally(fsc):
        progress(0.65, "local filter")
        values.update(_filter_locally(fsc, values, part(progress, 0.65, 0.33)))
    progress(1.0, "done")
    return PostprocessResult(summary=_summary(fsc, values), warnings=tuple(fsc.inputs.warnings), **values)


def _choose_fsc(study: Study, params: PostprocessParams) -> Tuple[ChosenFsc, Dict[str, Any]]:
    """Checked inputs, the FSC curves, and which of them counts; and the fields of the result that are known by then."""
    rules = _RULES[params.rules]
    inputs = sharpening_inputs(study, finest(study), need_halves=True)
    curves, freq = half_map_curves(inputs, params.rules, randomise_from=params.randomise_from, seed=params.seed), study.frequencies
    plain, found = (estimate(freq, curves.judged()[name], THRESHOLD) for name in ("unmasked", curves.headline))
    # relion_postprocess: a mask that lowers the resolution cuts the molecule, or the correction went wrong.
    skipped = (params.rules == "relion" and not params.force_mask and curves.corrected is not None
               and (plain.last_shell or np.inf) < (found.last_shell or np.inf))
    head, given = plain if skipped else found, None
    if study.fsc_curve is not None:
        # A curve from a file has no band: its ends are the curve itself.
        given = study.fsc_curve.at(freq)
        head = estimate(freq, FscCurve(given, given, given, np.ones_like(given)), THRESHOLD)
    resolution = (head.last_shell if rules.last_shell else head.resolution) or float(inputs.geo.length)
    if head.resolution is None:
        inputs.warnings.append("The FSC is nowhere above 0.143, so that the maps hold nothing to sharpen; only the coarsest shells are "
                               "left.")
    if skipped:
        inputs.warnings.append(f"The unmasked FSC reaches {plain.last_shell:.2f} Å and the one in the mask {found.last_shell:.2f} Å, so "
                               "that the mask was not used, as RELION does; force the mask, or make a wider one.")
    values = dict(inputs.values, resolution=resolution, mask_skipped=bool(skipped),
                  resolution_unmasked=plain.resolution if study.independence.void is None else None)
    inputs = inputs._replace(resolution=resolution, values=dict(inputs.values, resolution=resolution))
    alone = _part_alone(inputs, params, curves, values)
    fsc = ChosenFsc(inputs, params, rules, curves, "unmasked" if skipped else curves.headline, head, alone, given)
    values.update(_curve_values(fsc))
    return fsc, values


def _part_alone(inputs: SharpeningInputs, params: PostprocessParams, curves: FscCurves, values: Dict[str, Any]) -> Optional[np.ndarray]:
    """FSC that the particle alone would have, float64 [n_shells]; None when nothing tells its size. The sizes go to ``values``.

    Raises :class:`MissingInputError` when shells are to be weighted by it and it is not known.
    """
    mask, voxel = curves.mask, float(np.prod(inputs.mean.voxel_size))
    if not params.mass and mask is None:
        if params.weighting == "part":
            raise MissingInputError("The FSC of the particle alone needs its mass or a mask and neither was given; give one of them.")
        return None
    volume = np.count_nonzero(mask > 0.5) * voxel if mask is not None else 0.0
    if mask is not None:
        values["mass_in_mask"] = _DENSITY * volume / 1000
    particle = 1000 * params.mass / _DENSITY if params.mass else volume
    if not particle:
        return None
    # Noise fills the box, signal the particle: without the noise around it the odds of the FSC rise by f.
    f = values["box_over_particle"] = _PARTICLE * inputs.mean.data.size * voxel / particle
    plain = curves.unmasked.fsc
    return f * plain / np.maximum(1 + (f - 1) * plain, 1e-6)


def _curve_values(fsc: ChosenFsc) -> Dict[str, Any]:
    """The FSC curves and what the random phases say, by result field."""
    curves, freq = fsc.curves, fsc.freq
    out: Dict[str, Any] = {}
    if curves.random is not None:
        out["randomised_from"] = float(1 / freq[curves.first_random])
        out["random_fsc_at_resolution"] = float(np.interp(1 / fsc.inputs.resolution, freq, curves.random.fsc))
    drawn = dict(fsc_unmasked=curves.unmasked, fsc_masked=curves.masked, fsc_phase_randomised=curves.random, fsc_true=curves.corrected)
    out.update({n: Curve(freq, c.fsc, c.lower, c.upper) for n, c in drawn.items() if c is not None})
    out.update({n: Curve(freq, c) for n, c in (("fsc_given", fsc.given), ("fsc_part", fsc.part)) if c is not None})
    return out


def _filter(fsc: ChosenFsc, values: Dict[str, Any]) -> SharpeningFilter:
    """The filter; what it was made of goes to ``values``."""
    params, rules, inputs, freq = fsc.params, fsc.rules, fsc.inputs, fsc.freq
    weighting = fsc.weighting()
    weights = np.ones(inputs.geo.n_shells) if weighting is None else fsc_sharpen.fsc_weights(weighting)
    if weighting is not None:
        values["fsc_weight"] = Curve(freq, weights ** rules.power)
    detector = fsc_sharpen.DetectorMtf(inputs.study.mtf, params.mtf_voxel_size or float(np.mean(inputs.mean.voxel_size)))
    mtf = fsc_sharpen.mtf_profile(detector, freq)
    plot = fsc_sharpen.guinier_plot(inputs.mean_transform(), inputs.geo, weights, mtf, rules.mate_weight)
    end = params.fit_to if params.fit_to is not None else inputs.resolution if rules.to_resolution else 0.0
    fit = guinier.fit(freq, plot.weighted, params.fit_from, end)
    values["guinier_weighted"] = Curve(plot.s2[1:], plot.weighted[1:])
    if fit:
        line = np.where(freq * params.fit_from >= 1 - 1e-9, fit.intercept + fit.slope * plot.s2, np.nan)
        values.update(bfactor_fitted=fit.bfactor, bfactor_error=fit.bfactor_error, guinier_r_squared=fit.r_squared,
                      guinier_fit=Curve(plot.s2[1:], line[1:]))
    elif params.bfactor is None:
        inputs.warnings.append(f"Fewer than three shells lie between {params.fit_from:g} Å and the end of the fit, so that no B-factor "
                               "could be fitted and none was applied; give a B-factor, or fit from a lower resolution.")
    bfactor = params.bfactor
    if bfactor is None:
        fitted = fit.bfactor if fit else 0.0
        left = values["bfactor_left"] = _left(fsc, fitted)
        bfactor = fitted + left
    asked = rules.low_pass if params.low_pass is None else params.low_pass
    # 0 is none, -1 the resolution that was found.
    low_pass = None if asked == 0 else asked if asked > 0 else inputs.resolution
    values.update(bfactor=bfactor, low_pass=low_pass)
    return SharpeningFilter(weights ** rules.power, bfactor, low_pass, detector)


def _left(fsc: ChosenFsc, fitted: float) -> float:
    """Fall-off that the map keeps (Å^2, positive): never more than it has, which is minus the ``fitted`` B-factor."""
    asked = fsc.params.bfactor_left
    return float(np.clip(fsc.rules.left * fsc.inputs.resolution ** 2 if asked is None else asked, 0, max(-fitted, 0)))


def _sharpen(fsc: ChosenFsc, filter_: SharpeningFilter) -> Dict[str, Any]:
    """The maps and the Guinier plots before and after, by result field."""
    inputs, mask = fsc.inputs, fsc.curves.mask
    done = {name: _applied(transform_of(inputs, name), inputs.geo, filter_) for name in inputs.maps}
    out = finish(inputs, done)
    if fsc.rules.filtered:
        out["filtered"] = inputs.mean.with_data(_applied(inputs.mean_transform(), inputs.geo, filter_._replace(bfactor=0.0)))
    if fsc.params.write_masked and mask is not None:
        out["sharpened_masked"] = inputs.mean.with_data(done["sharpened"] * mask)
    return out


def _applied(ft: np.ndarray, geo: Geometry, filter_: SharpeningFilter) -> np.ndarray:
    """The filtered map of a transform, which stays as it is."""
    return fsc_sharpen.apply_filter(ft.copy(), geo, *filter_)


def _filters_locally(fsc: ChosenFsc) -> bool:
    """Whether the local filter follows."""
    asked = fsc.params.local
    if fsc.head.resolution is None:
        return False                                         # nothing but a constant is left
    return asked == "yes" or (asked == "auto" and (fsc.rules.local or fsc.inputs.study.resolution_map is not None))


def _filter_locally(fsc: ChosenFsc, values: Dict[str, Any], progress: Progress) -> Dict[str, Any]:
    """The sharpened maps low-passed at the local resolution, which is computed when none is given; by result field."""
    out: Dict[str, Any] = {}
    study, warnings = fsc.inputs.study, fsc.inputs.warnings
    grid = study.resolution_map
    if grid is None:
        made = compute_local_fsc(study.only(("half1", "half2", "mask")), LocalFscParams(), progress=part(progress, 0.0, 0.6))
        grid = out["resolution_map"] = made.resolution_map
        warnings.extend(w for w in made.warnings if w not in warnings)
    sharpened = {name.replace("sharpened", "locally_filtered"): values[name] for name in fsc.inputs.maps}
    done = filter_maps(sharpened, grid, LocalFilterParams(), part(progress, 0.6, 0.4))
    warnings.extend(w for w in done.warnings if w not in warnings)
    out.update({name: map_.with_data(done.data[name]) for name, map_ in sharpened.items()})
    out["local_resolution_median"] = done.values["median"]
    return out


def _summary(fsc: ChosenFsc, values: Dict[str, Any]) -> str:
    """One sentence."""
    if values.get("half_maps_identical"):
        return "The two half-maps are copies of each other, so that their FSC does not show what to sharpen."
    reason = fsc.inputs.study.independence.void
    if reason is not None and fsc.given is None:
        return f"The map was sharpened, but the FSC that it was weighted by shows no resolution: {reason}. Do not use it."
    how = "fitted" if fsc.params.bfactor is None else "given"
    where = "in the mask" if fsc.name == "corrected" else "without a mask"
    words = f"The map was sharpened by a {how} B-factor of {show_value(values['bfactor'], 'Å²')}"
    if values.get("bfactor_left"):
        words += f", which leaves a fall-off of {values['bfactor_left']:.0f} Å² as of atoms"
    if fsc.params.weighting != "none":
        words += f", its shells weighted by their FSC {'of the particle alone' if fsc.params.weighting == 'part' else where}"
    if values["low_pass"]:
        words += f", low-passed at {values['low_pass']:.2f} Å"
    if "locally_filtered" in values:
        words += f", and filtered at its local resolution (median {values['local_resolution_median']:.2f} Å)"
    return f"{words}; the half-maps agree to {fsc.inputs.resolution:.2f} Å {where}."
