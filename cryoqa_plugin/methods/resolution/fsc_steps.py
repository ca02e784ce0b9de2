"""The steps of the ``fsc`` capability."""
from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Optional, Tuple

import numpy as np

from ...core import crossing, fourier, guinier
from ...core.fourier import Geometry
from ...io.inputs import Inputs
from ...results import Curve, Table
from ..map_info import halves_position
from . import fsc_criteria as criteria
from . import fsc_curves as curves
from . import fsc_halves as halves
from . import fsc_sharpen as sharpen
from .fsc_curves import FscCurve, Rules
from .map_or_halves import check_halves

if TYPE_CHECKING:
    from .fsc import FscParams

Say = Callable[[float, str], None]


@dataclass
class Work:
    """What the steps hand to each other: ``freq`` is the frequency of the shells (1/Å), ``mask`` float32 [z, y, x] or None."""

    inputs: Inputs
    params: FscParams
    geo: Geometry
    freq: np.ndarray
    rules: Rules
    mask: Optional[np.ndarray]
    warnings: List[str]


@dataclass
class Found:
    """Curves with criteria (``unmasked``, ``masked``, ``corrected``), the others (``random``, ``spherical``, ``loose``), the
    shell from which phases were randomised, the name of the headline curve, its estimate at the threshold of the parameters, and
    how the half-maps lie on each other."""

    curves: Dict[str, FscCurve]
    others: Dict[str, FscCurve]
    first_random: Optional[int]
    name: str
    head: criteria.Estimate
    estimates: Dict[Tuple[str, str], criteria.Estimate]
    position: halves_position.Position


def prepare(inputs: Inputs, params: FscParams) -> Work:
    """Check the inputs; raises :class:`MissingInputError` or :class:`InputError`."""
    geo = check_halves(inputs, 8, "an FSC needs")
    if params.mtf:
        sharpen.read_mtf(params.mtf)
    rules = curves.RULES[params.rules]
    if params.relion_counting:
        rules = replace(rules, mate_weight=1.0)
    mask = None if inputs.mask is None else inputs.mask.data
    if mask is None and params.rules == "cryosparc":
        mask = _cryosparc_mask(inputs, "tight")
    return Work(inputs, params, geo, fourier.frequencies(geo), rules, mask, halves_position.name_notes(inputs.half1, inputs.half2))


def _cryosparc_mask(inputs: Inputs, kind: str) -> np.ndarray:
    from ..masks.common import cryosparc_mask
    return cryosparc_mask(inputs.half1, inputs.half2, kind)


def compare(work: Work, say: Say) -> Found:
    """All curves, and the resolutions read from them."""
    say(0.05, "FSC without a mask")
    f1, f2 = (fourier.forward(m.data) for m in (work.inputs.half1, work.inputs.half2))
    found = {"unmasked": curves.correlate(f1, f2, work.geo, work.params.confidence, work.rules)}
    position = halves_position.compare_position(f1, f2, work.geo)
    del f1, f2
    others, first = _masked_curves(work, found, say)
    name = "corrected" if "corrected" in found else "unmasked"
    head = criteria.estimate(work.freq, found[name], work.params.threshold)
    return Found(found, others, first, name, head, criteria.all_estimates(work.freq, found), position)


def _masked_curves(work: Work, found: Dict[str, FscCurve], say: Say) -> Tuple[Dict[str, FscCurve], Optional[int]]:
    """Add the masked and the corrected curve to ``found``; the other curves, and the shell from which phases were randomised."""
    a, b, p, geo = work.inputs.half1.data, work.inputs.half2.data, work.params, work.geo
    others: Dict[str, FscCurve] = {}
    for kind in ("spherical", "loose") if p.rules == "cryosparc" else ():
        say(0.15, f"FSC in the {kind} mask")
        mask = _cryosparc_mask(work.inputs, kind)
        fraction = crossing.independent_fraction(mask, geo)
        others[kind] = curves.correlate_masked(a, b, mask, geo, p.confidence, work.rules, fraction)
    if work.mask is None:
        return others, None
    say(0.25, "FSC in the mask")
    fraction = crossing.independent_fraction(work.mask, geo)
    found["masked"] = curves.correlate_masked(a, b, work.mask, geo, p.confidence, work.rules, fraction)
    first = curves.first_random_shell(found["unmasked"].fsc, geo, work.rules.level, p.randomise_from)
    if first is None:
        work.warnings.append(f"The unmasked FSC never falls below {work.rules.level:g}, so that no phases were randomised and the "
                             "masked FSC is not corrected.")
        return others, None
    say(0.45, "FSC in the mask with random phases")
    seeds = range(p.seed * p.repeats, (p.seed + 1) * p.repeats)
    width = curves.onset_width(found["masked"], geo, first, work.rules)
    others["random"] = curves.randomised(a, b, work.mask, geo, (first, width), seeds, p.confidence, work.rules, fraction)
    begin = first + int(np.ceil(width)) + work.rules.guard
    found["corrected"] = curves.corrected(found["masked"], others["random"], begin)
    return others, first


def sharpening(work: Work, found: Found) -> Dict[str, Any]:
    """Guinier plot and fit, and the sharpened maps, by result field."""
    p, geo = work.params, work.geo
    ft = fourier.forward(work.inputs.half1.data + work.inputs.half2.data)
    ft *= np.float32(0.5)
    weights = sharpen.fsc_weights(found.curves[found.name].fsc) if p.fsc_weighting else np.ones(geo.n_shells)
    mtf = sharpen.Mtf(p.mtf, p.mtf_voxel_size or float(np.mean(work.inputs.half1.voxel_size)))
    plot = sharpen.guinier_plot(ft, geo, weights, sharpen.mtf_profile(mtf, work.freq))
    fit = guinier.fit(work.freq, plot.weighted, p.fit_from, p.fit_to)
    bfactor = p.bfactor if p.bfactor is not None else fit.bfactor if fit else None
    out: Dict[str, Any] = dict(bfactor=bfactor, fsc_weight=Curve(work.freq, weights),
                               guinier_original=Curve(plot.s2, plot.original), guinier_weighted=Curve(plot.s2, plot.weighted))
    if fit:
        line = np.where(work.freq * p.fit_from >= 1 - 1e-9, fit.intercept + fit.slope * plot.s2, np.nan)
        out.update(bfactor_error=fit.bfactor_error, guinier_slope=fit.slope, guinier_intercept=fit.intercept,
                   guinier_r_squared=fit.r_squared, guinier_fit=Curve(plot.s2, line))
    if bfactor is None:
        work.warnings.append(f"Fewer than three shells lie between {p.fit_from:g} Å and the end of the FSC, so that no B-factor could "
                             "be fitted and no sharpened map was made; give a B-factor, or fit from a lower resolution.")
        return out
    out["guinier_sharpened"] = Curve(plot.s2, plot.weighted - bfactor * plot.s2 / 4)
    if p.sharpen:
        low_pass = None if p.low_pass == 0 else p.low_pass if p.low_pass > 0 else found.head.resolution
        data = sharpen.apply_filter(ft, geo, weights, bfactor, low_pass, mtf)
        del ft
        out["sharpened"] = work.inputs.half1.with_data(data)
        if work.mask is not None:
            out["sharpened_masked"] = work.inputs.half1.with_data(data * work.mask)
    return out


def numbers(work: Work, found: Found) -> Dict[str, Any]:
    """The metrics by name, those of the sharpening apart, and the table of resolutions."""
    head = found.head
    out: Dict[str, Any] = {f"resolution_{c}_{k}": e.resolution for (c, k), e in found.estimates.items()}
    for kind in ("spherical", "loose"):
        if kind in found.others:
            out[f"resolution_{kind}_0143"] = criteria.estimate(work.freq, found.others[kind], 0.143).resolution
    out.update(resolution=head.resolution, resolution_worse=head.worse, resolution_better=head.better,
               resolution_relion=head.last_shell, nyquist=float(1 / work.freq[-1]), reaches_nyquist=head.state == "never",
               returns_above=head.returns)
    out.update(halves.signs(work.inputs.half1.data, work.inputs.half2.data, found.curves["unmasked"]))
    out.update(halves_position.fields(found.position, "half_maps_"))
    if work.mask is not None:
        out["mask_fraction"] = float(work.mask.mean(dtype=np.float64))
    if found.first_random is not None:
        out["randomised_from"] = float(1 / work.freq[found.first_random])
        plain = criteria.estimate(work.freq, found.curves["unmasked"], work.params.threshold).resolution
        if head.resolution is not None:
            out["random_fsc_at_resolution"] = float(np.interp(1 / head.resolution, work.freq, found.others["random"].fsc))
        out["unmasked_reaches_further"] = plain is not None and (head.resolution is None or plain < (head.better or head.resolution))
    out["resolutions"] = Table(("curve", "criterion", "resolution", "worse", "better", "last shell", "remark"),
                               criteria.rows(found.estimates))
    return out


_FIELDS = {"unmasked": "fsc_unmasked", "masked": "fsc_masked", "corrected": "fsc_true", "random": "fsc_phase_randomised",
           "spherical": "fsc_spherical", "loose": "fsc_loose"}


def drawings(work: Work, found: Found) -> Dict[str, Curve]:
    """The FSC curves and the thresholds that depend on the shell, by result field."""
    everything = dict(found.curves, **found.others)
    out = {_FIELDS[n]: Curve(work.freq, c.fsc, c.lower, c.upper) for n, c in everything.items()}
    count = found.curves[found.name].count
    for key in ("half_bit", "one_bit", "three_sigma"):
        out[key] = Curve(work.freq, criteria.CRITERIA[key][1](count) + np.zeros_like(count))
    return out


def summary(work: Work, found: Found, identical: bool) -> str:
    """One sentence for the user."""
    if identical:
        return "The two half-maps are copies of each other, so that their FSC says nothing about the resolution."
    head, t = found.head, f"{work.params.threshold:g}"
    where = " in the mask (corrected for it)" if found.name == "corrected" else ""
    if head.state == "below":
        return f"The FSC of the half-maps{where} is nowhere above {t}: they do not agree at any resolution."
    plain = criteria.estimate(work.freq, found.curves["unmasked"], work.params.threshold)
    beside = f", and to {plain.resolution:.2f} Å without it" if where and plain.state == "crosses" else ""
    if head.state == "never":
        return (f"The FSC of the half-maps{where} stays above {t} up to the last shell, {head.resolution:.2f} Å{beside}: "
                "the sampling or the half-maps, not the data, set this limit.")
    worse = f"{head.worse:.2f}" if head.worse is not None else "?"
    better = f"{head.better:.2f}" if head.better is not None else "?"
    return (f"The half-maps agree to {head.resolution:.2f} Å{where} at FSC = {t} "
            f"({100 * work.params.confidence:g} % interval {better} to {worse} Å){beside}.")
