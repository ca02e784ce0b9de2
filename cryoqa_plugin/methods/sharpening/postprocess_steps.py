"""The steps of the ``postprocess`` capability."""
from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Callable, Dict, List, NamedTuple, Optional, Tuple

import numpy as np

from ...core import fourier, guinier
from ...errors import MissingInputError
from ...io.inputs import Inputs
from ...results import Curve
from ..filtering.local_filter import LocalFilterParams, compute_local_filter
from ..resolution import fsc_criteria, fsc_curves, fsc_sharpen, fsc_steps
from ..resolution.fsc import FscParams
from ..resolution.local_fsc import LocalFscParams, compute_local_fsc
from . import common
from .guinier_steps import read_fsc

if TYPE_CHECKING:
    from .postprocess import PostprocessParams

Say = Callable[[float, str], None]
_PARTICLE = 0.476                                # of a mask or of the mass's volume, what RELION and cisTEM count as particle
_DENSITY = 0.81                                  # Da for each Å³ of protein
_LEVEL = 0.143
_LEFT = 4.5                                      # B-factor left over the squared resolution


class Rules(NamedTuple):
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


RULES: Dict[str, Rules] = {"cryoqa": Rules(2, False, 0, False, False, False, 0.5, _LEFT),
                           "relion": Rules(1, False, 0, False, False, True, 1.0, 0),
                           "cryosparc": Rules(1, True, -1, True, True, False, 0.5, 0)}


@dataclass
class Work:
    """What the steps hand to each other: ``name`` is the FSC curve that counts, ``part`` the FSC of the particle alone.

    Its ``weighting`` is the FSC to weight by, float64 [n_shells], or None for no weights.
    """

    inputs: Inputs
    params: "PostprocessParams"
    rules: Rules
    base: common.Work
    fsc: fsc_steps.Work
    found: fsc_steps.Found
    name: str
    resolution: float
    part: Optional[np.ndarray]
    given: Optional[np.ndarray]
    values: Dict[str, Any]
    warnings: List[str]

    def weighting(self) -> Optional[np.ndarray]:
        """The FSC that weights the shells, float64 [n_shells]; None for no weights."""
        if self.params.weighting == "none":
            return None
        if self.params.weighting == "part":
            return self.part
        return self.found.curves[self.name].fsc if self.given is None else self.given


class Profile(NamedTuple):
    """The filter: weights float64 [n_shells], B-factor (Å²), low-pass (Å) or None, MTF."""

    weights: np.ndarray
    bfactor: float
    low_pass: Optional[float]
    mtf: fsc_sharpen.Mtf


def prepare(inputs: Inputs, params: "PostprocessParams", say: Say) -> Work:
    """Checked inputs, the FSC curves, and which of them counts."""
    rules = RULES[params.rules]
    nyquist = 1.0 if inputs.half1 is None else _nyquist(inputs)
    base = common.prepare(inputs, nyquist, need_halves=True)
    fsc = fsc_steps.prepare(inputs, FscParams(rules=params.rules, randomise_from=params.randomise_from, seed=params.seed,
                                              relion_counting=rules.mate_weight == 1, mtf=params.mtf))
    found = fsc_steps.compare(fsc, lambda fraction, message: say(0.05 + 0.4 * fraction, message))
    fsc.warnings.extend(w for w in base.warnings if w not in fsc.warnings)
    plain = fsc_criteria.estimate(fsc.freq, found.curves["unmasked"], _LEVEL)
    skipped = (params.rules == "relion" and not params.force_mask and found.name == "corrected"
               and (plain.last_shell or np.inf) < (found.head.last_shell or np.inf))
    head = plain if skipped else found.head
    given = None
    if params.fsc_file:
        given = _given(params.fsc_file, base.geo)
        head = fsc_criteria.estimate(fsc.freq, fsc_curves.FscCurve(given, given, given, np.ones_like(given)), _LEVEL)
    resolution = (head.last_shell if rules.last_shell else head.resolution) or float(base.geo.length)
    values = dict(base.values, resolution=resolution, resolution_unmasked=plain.resolution, mask_skipped=bool(skipped))
    if head.resolution is None:
        fsc.warnings.append("The FSC is nowhere above 0.143, so that the maps hold nothing to sharpen; only the coarsest shells are left.")
    if skipped:
        fsc.warnings.append(f"The unmasked FSC reaches {plain.last_shell:.2f} Å and the one in the mask {found.head.last_shell:.2f} Å, so "
                            "that the mask was not used, as RELION does; force the mask, or make a wider one.")
    work = Work(inputs, params, rules, base, fsc, found, "unmasked" if skipped else found.name, resolution, None, given, values,
                fsc.warnings)
    _about_curves(work)
    return work


def _given(path: str, geo: fourier.Geometry) -> np.ndarray:
    """The FSC of a file at the shells of the maps, float64 [n_shells]; 0 beyond its end."""
    curve = read_fsc(path)
    return np.interp(fourier.frequencies(geo), curve.x, curve.y, right=0.0)


def _nyquist(inputs: Inputs) -> float:
    geo = fourier.geometry(inputs.half1.shape, inputs.half1.voxel_size)
    return geo.length / max(geo.n_shells - 1, 1)


def _about_curves(work: Work) -> None:
    """The curves, the mass and what the random phases say, into the values."""
    found, v = work.found, work.values
    mask, voxel = work.fsc.mask, float(np.prod(work.base.mean.voxel_size))
    if work.params.mass or mask is not None:
        volume = np.count_nonzero(mask > 0.5) * voxel if mask is not None else 0.0
        if mask is not None:
            v["mass_in_mask"] = _DENSITY * volume / 1000
        particle = 1000 * work.params.mass / _DENSITY if work.params.mass else volume
        f = v["box_over_particle"] = _PARTICLE * work.base.mean.data.size * voxel / particle if particle else None
        if f:
            plain = found.curves["unmasked"].fsc
            work.part = f * plain / np.maximum(1 + (f - 1) * plain, 1e-6)
    elif work.params.weighting == "part":
        raise MissingInputError("The FSC of the particle alone needs its mass or a mask and neither was given; give one of them.")
    if found.first_random is not None:
        v["randomised_from"] = float(1 / work.fsc.freq[found.first_random])
        v["random_fsc_at_resolution"] = float(np.interp(1 / work.resolution, work.fsc.freq, found.others["random"].fsc))
    curves = dict(fsc_unmasked=found.curves["unmasked"], fsc_masked=found.curves.get("masked"),
                  fsc_phase_randomised=found.others.get("random"), fsc_true=found.curves.get("corrected"))
    v.update({n: Curve(work.fsc.freq, c.fsc, c.lower, c.upper) for n, c in curves.items() if c is not None})
    if work.given is not None:
        v["fsc_given"] = Curve(work.fsc.freq, work.given)
    if work.part is not None:
        v["fsc_part"] = Curve(work.fsc.freq, work.part)


def filter_of(work: Work) -> Tuple[Profile, Dict[str, Any]]:
    """The filter, and all values known so far."""
    p, rules, geo = work.params, work.rules, work.base.geo
    values = dict(work.values)
    weighting = work.weighting()
    weights = np.ones(geo.n_shells) if weighting is None else fsc_sharpen.fsc_weights(weighting)
    if weighting is not None:
        values["fsc_weight"] = Curve(work.fsc.freq, weights ** rules.power)
    mtf = fsc_sharpen.Mtf(p.mtf, p.mtf_voxel_size or float(np.mean(work.base.mean.voxel_size)))
    plot = fsc_sharpen.guinier_plot(fourier.forward(work.base.mean.data), geo, weights, fsc_sharpen.mtf_profile(mtf, work.fsc.freq),
                                    rules.mate_weight)
    end = p.fit_to if p.fit_to is not None else work.resolution if rules.to_resolution else 0.0
    fit = guinier.fit(work.fsc.freq, plot.weighted, p.fit_from, end)
    values["guinier_weighted"] = Curve(plot.s2[1:], plot.weighted[1:])
    if fit:
        line = np.where(work.fsc.freq * p.fit_from >= 1 - 1e-9, fit.intercept + fit.slope * plot.s2, np.nan)
        values.update(bfactor_fitted=fit.bfactor, bfactor_error=fit.bfactor_error, guinier_r_squared=fit.r_squared,
                      guinier_fit=Curve(plot.s2[1:], line[1:]))
    elif p.bfactor is None:
        work.warnings.append(f"Fewer than three shells lie between {p.fit_from:g} Å and the end of the fit, so that no B-factor could be "
                             "fitted and none was applied; give a B-factor, or fit from a lower resolution.")
    bfactor = p.bfactor
    if bfactor is None:
        left = values["bfactor_left"] = _left(work, fit.bfactor if fit else 0.0)
        bfactor = (fit.bfactor if fit else 0.0) + left
    asked = rules.low_pass if p.low_pass is None else p.low_pass
    low_pass = None if asked == 0 else asked if asked > 0 else work.resolution
    values.update(bfactor=bfactor, low_pass=low_pass)
    return Profile(weights ** rules.power, bfactor, low_pass, mtf), values


def _left(work: Work, fitted: float) -> float:
    """Fall-off that the map keeps (Å^2, positive): never more than it has, which is minus the ``fitted`` B-factor."""
    asked = work.params.bfactor_left
    return float(np.clip(work.rules.left * work.resolution ** 2 if asked is None else asked, 0, max(-fitted, 0)))


def sharpen(work: Work, profile: Profile) -> Dict[str, Any]:
    """The maps and the Guinier plots before and after, by result field."""
    geo, done = work.base.geo, {}
    for name, map_ in work.base.maps.items():
        done[name] = _apply(map_.data, geo, profile)
    out = common.finish(replace_resolution(work), done)
    if work.rules.filtered:
        out["filtered"] = work.base.mean.with_data(_apply(work.base.mean.data, geo, profile._replace(bfactor=0.0)))
    if work.params.write_masked and work.fsc.mask is not None:
        out["sharpened_masked"] = work.base.mean.with_data(done["sharpened"] * work.fsc.mask)
    return out


def _apply(data: np.ndarray, geo: Any, profile: Profile) -> np.ndarray:
    return fsc_sharpen.apply_filter(fourier.forward(data), geo, *profile)


def replace_resolution(work: Work) -> common.Work:
    """The shared part of the work with the resolution that was found."""
    return work.base._replace(resolution=work.resolution, values=dict(work.base.values, resolution=work.resolution))


def filters_locally(work: Work) -> bool:
    """Whether the local filter follows."""
    asked = work.params.local
    if work.found.head.resolution is None:
        return False                                         # nothing but a constant is left
    return asked == "yes" or (asked == "auto" and (work.rules.local or work.inputs.resolution_map is not None))


def filter_locally(work: Work, values: Dict[str, Any], say: Say) -> Dict[str, Any]:
    """The sharpened maps low-passed at the local resolution, which is computed when none is given."""
    out: Dict[str, Any] = {}
    grid = work.inputs.resolution_map
    if grid is None:
        mask = work.inputs.mask if work.inputs.mask is not None else None
        made = compute_local_fsc(Inputs(half1=work.inputs.half1, half2=work.inputs.half2, mask=mask), LocalFscParams(),
                                 progress=lambda f, m: say(0.6 * f, m))
        grid = out["local_resolution"] = made.resolution_map
        work.warnings.extend(w for w in made.warnings if w not in work.warnings)
    done = compute_local_filter(Inputs(full_map=values["sharpened"], half1=values["sharpened_half1"], half2=values["sharpened_half2"],
                                       resolution_map=grid), LocalFilterParams(), progress=lambda f, m: say(0.6 + 0.4 * f, m))
    work.warnings.extend(w for w in done.warnings if w not in work.warnings)
    out.update(locally_filtered=done.filtered, locally_filtered_half1=done.filtered_half1, locally_filtered_half2=done.filtered_half2,
               local_resolution_median=done.resolution_median)
    return out


def summary(work: Work, values: Dict[str, Any]) -> str:
    """One sentence."""
    if values.get("half_maps_identical"):
        return "The two half-maps are copies of each other, so that their FSC says nothing about what to sharpen."
    how = "fitted" if work.params.bfactor is None else "given"
    where = "in the mask" if work.name == "corrected" else "without a mask"
    words = f"The map was sharpened by a {how} B-factor of {values['bfactor']:.1f} Å²"
    if values.get("bfactor_left"):
        words += f", which leaves a fall-off of {values['bfactor_left']:.0f} Å² as of atoms"
    if work.params.weighting != "none":
        words += f", its shells weighted by their FSC {'of the particle alone' if work.params.weighting == 'part' else where}"
    if values["low_pass"]:
        words += f", low-passed at {values['low_pass']:.2f} Å"
    if "locally_filtered" in values:
        words += f", and filtered at its local resolution (median {values['local_resolution_median']:.2f} Å)"
    return f"{words}; the half-maps agree to {work.resolution:.2f} Å {where}."
