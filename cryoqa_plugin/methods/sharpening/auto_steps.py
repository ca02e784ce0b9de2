"""The steps of the ``auto_sharpen`` capability."""
from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Callable, Dict, List, Optional

import numpy as np
import scipy.ndimage

from ...core import banks, fourier
from ...results import Curve, Table
from . import auto_anisotropy as anisotropy
from . import auto_gains as gains
from . import auto_local, auto_methods, auto_plan, auto_trials
from .auto_local import Local
from .auto_methods import Tried
from .auto_plan import Plan
from .auto_trials import Box, Trial

Say = Callable[[float, str], None]
prepare = auto_plan.prepare
_BY_B = ("half_map", "solvent", "target_b_iso_to_d_cut", "b_iso_to_d_cut", "b_iso")
_WINDOW, _LOCAL_VALUES = 12.0, 11
_COLUMNS = ("method", "b_iso", "bfactor", "d_cut", "b_blur", "surface", "regions per voxel", "adjusted surface", "kurtosis", "applied")


@dataclass
class Found:
    """The filter to apply, what was tried, and further values of the result."""

    chosen: Trial
    before: Trial
    trials: List[Trial]
    box: Box
    values: Dict[str, Any]
    local: Optional[Local] = None


def decide(plan: Plan, say: Say) -> Found:
    """Try the method asked for, or all of them, and choose the filter."""
    box = auto_plan.box(plan)
    box.scoring = replace(box.scoring, region_weight=_weight(plan, box))
    before = auto_methods.run(plan, box, "no_sharpening")
    names = auto_methods.available(plan) if plan.method == "best" else [plan.method]
    tried: Dict[str, Tried] = {"no_sharpening": before}
    for i, name in enumerate(names):
        say(0.3 + 0.35 * i / len(names), f"trying {name}")
        if name != "no_sharpening":
            tried[name] = auto_methods.run(plan, box, name)
    name = _choose(plan, box, tried)
    out = Found(tried[name].best, before.best, _ordered(box, tried, name), box,
                dict(region_weight=box.scoring.region_weight if box.scoring.target == "adjusted_sa" else None))
    for one in tried.values():
        out.values.update({k: v for k, v in one.values.items() if not k.startswith("search_")})
    searched = tried[name] if tried[name].signal is not None else next((t for t in tried.values() if t.signal is not None), None)
    if searched is not None:
        out.values.update(search_signal=searched.signal, search=Curve(searched.values["search_x"], searched.values["search_y"]))
    if plan.params.local:
        _decide_locally(plan, out, say)
    return out


def _weight(plan: Plan, box: Box) -> float:
    """Weight of the regions in the score: the one given, else what the map says."""
    p = plan.params
    if p.region_weight is not None or p.target == "kurtosis":
        return p.region_weight or 0.0
    search = auto_methods.search_of(plan)
    if p.region_weight_method == "b_iso":                      # the weight that makes the usual B-factor as good as its neighbours
        b, step = auto_methods.target_b(plan, weighted=False), (search.high - search.low) / 8
        low, high = (auto_trials.b_trial(box, "b_iso_to_d_cut", search, b + side * step) for side in (-1, 1))
        d_area, d_regions = low.area - high.area, low.regions - high.regions
        found = (p.region_weight_factor * d_area / d_regions, True) if d_area > 0 and d_regions > 0 else (30.0, False)
    else:
        found = auto_trials.region_weight(box, search, p.region_weight_method, p.region_weight_factor, p.region_weight_buffer)
    if not found[1] and plan.method in auto_methods.SEARCHED + ("best",):
        plan.work.warnings.append("Surface and pieces of the contour do not both rise with sharpening: their balance is a guess, "
                                  "and the search may go too far.")
    return found[0]


def _choose(plan: Plan, box: Box, tried: Dict[str, Tried]) -> str:
    p = plan.params
    if plan.method != "best":
        name = plan.method
    else:
        strong = {n: t for n, t in tried.items() if n != "no_sharpening" and (t.signal is None or t.signal >= p.signal_min)}
        name = max(strong, key=lambda n: strong[n].best.score(box.scoring))
    searched = plan.method in auto_methods.SEARCHED + ("best",) and len(tried[name].trials) > 1 or plan.method == "best"
    if searched and p.require_improvement and tried[name].best.score(box.scoring) <= tried["no_sharpening"].best.score(box.scoring):
        plan.work.warnings.append(f"No filter of the method {plan.method} makes the map clearer than it is; it was left so.")
        return "no_sharpening"
    return name


def _ordered(box: Box, tried: Dict[str, Tried], chosen: str) -> List[Trial]:
    """All trials, those of the method chosen first, the best of each method before the others."""
    out: List[Trial] = []
    for name in sorted(tried, key=lambda n: n != chosen):
        rest = [t for t in tried[name].trials if t is not tried[name].best]
        out += [tried[name].best] + rest
    return out


def _decide_locally(plan: Plan, out: Found, say: Say) -> None:
    """B-factors by place; the one of the whole map where a place cannot tell."""
    p, name = plan.params, out.chosen.method
    if name not in _BY_B:
        plan.work.warnings.append(f"The method {name} has no B-factor that could vary from place to place; the whole map got one filter.")
        return
    say(0.65, "local B-factors")
    grid = plan.work.mean
    search, make = auto_methods.search_of(plan), auto_methods.maker(plan, name)[1]
    half = (search.high - search.low) / 4
    b_values = np.linspace(out.chosen.b_iso - half, out.chosen.b_iso + half, _LOCAL_VALUES)
    window = p.local_window or _WINDOW * plan.work.resolution
    coarse = out.box.geo
    step = coarse.length / max(coarse.shape) if len(set(coarse.shape)) == 1 else grid.voxel * grid.shape[0] / coarse.shape[0]
    chosen, decided = auto_local.choose(out.box, b_values, make, max(8, int(round(window / step))), p.local_smoothing or window / 3,
                                        out.chosen.b_iso)
    scale = [m / n for m, n in zip(chosen.shape, grid.shape)]
    field = scipy.ndimage.affine_transform(chosen, np.diag(scale), output_shape=grid.shape, order=1, mode="nearest")
    out.local = Local(banks.positions(np.clip(field, b_values[0], b_values[-1]), b_values), b_values, decided)
    out.values.update(auto_local.statistics(field, plan.mask >= 0.5))


def apply(plan: Plan, found: Found) -> Dict[str, np.ndarray]:
    """The sharpened maps, float32 [z, y, x], by the name of their output."""
    gain, out = _whole_gain(plan, found), {}

    def bank(b_iso: float) -> gains.Gain:
        return gains.product(auto_methods.maker(plan, found.chosen.method)[1](b_iso), gains.lowpass_gain(plan.d_min))

    for name, map_ in plan.work.maps.items():
        if found.chosen.method == "no_sharpening" and found.local is None:
            out[name] = map_.data.copy()
            continue
        ft = fourier.forward(map_.data)
        if found.local is None:
            out[name] = fourier.inverse(gains.apply(ft, plan.geo, gain, out=ft), map_.shape)
        else:
            out[name] = auto_local.blend(ft, plan.geo, found.local, bank)
    if plan.params.output_sd is not None:
        mean, sd = (float(f(out["sharpened"], dtype=np.float64)) for f in (np.mean, np.std))
        for data in out.values():
            data -= np.float32(mean)
            data *= np.float32(plan.params.output_sd / sd)
    return out


def _whole_gain(plan: Plan, found: Found) -> gains.Gain:
    if found.chosen.method == "no_sharpening":
        return gains.one
    return gains.product(found.chosen.gain, gains.lowpass_gain(plan.d_min))


def numbers(plan: Plan, found: Found) -> Dict[str, Any]:
    """Fields of the result, the maps and what all sharpening gives aside."""
    chosen, before, scoring = found.chosen, found.before, found.box.scoring
    weighted = chosen.method in ("half_map", "solvent")
    freq = fourier.frequencies(plan.geo)
    out: Dict[str, Any] = dict(
        method=chosen.method, b_iso_before=plan.b_signal if weighted else plan.b_whole, b_iso_after=chosen.b_iso, bfactor=chosen.bfactor,
        d_cut=chosen.d_cut, b_blur_hires=chosen.b_blur, area_before=before.area, area_after=chosen.area,
        adjusted_before=before.area - scoring.region_weight * before.regions,
        adjusted_after=chosen.area - scoring.region_weight * chosen.regions, kurtosis_before=before.kurtosis,
        kurtosis_after=chosen.kurtosis, improved=chosen.score(scoring) > before.score(scoring), n_trials=found.box.n_trials,
        solvent_fraction=plan.solvent, noise_from=plan.spectra.source, anisotropy_removed=plan.corrected, trials=_table(found),
        filter=Curve(freq, _whole_gain(plan, found)(freq)))
    if plan.spectra.snr is not None:
        out["weight"] = Curve(freq, plan.weights)
    if plan.tensor is not None:
        rows = tuple((n, float(u), float(e)) for n, u, e in zip(anisotropy.COMPONENTS, plan.tensor.components, plan.tensor.errors))
        out.update(u_range=float(np.ptp(plan.tensor.axes.values)), u_error=float(plan.tensor.errors.mean()),
                   anisotropy=Table(("component", "U", "standard error"), rows))
    return dict(out, **found.values)


def _table(found: Found) -> Table:
    weight = found.box.scoring.region_weight
    return Table(_COLUMNS, tuple((t.method, t.b_iso, t.bfactor, t.d_cut, t.b_blur, t.area, t.regions, t.area - weight * t.regions,
                                  t.kurtosis, "yes" if t is found.chosen else "") for t in found.trials))


def summary(values: Dict[str, Any]) -> str:
    """One sentence."""
    method, after, before = values["method"], values["b_iso_after"], values["b_iso_before"]
    if method == "no_sharpening":
        return f"The map was left as it is; its fall-off is {before:.0f} Å²."
    if after is None:
        how = {"model": "towards the spectrum of the model", "external": "to the spectrum of the reference map",
               "resolution_dependent": "by three resolution-dependent factors"}[method]
        return f"The map was sharpened {how}, at a resolution of {values['resolution']:.2f} Å."
    word = "sharpened" if values["bfactor"] < 0 else "blurred"
    end = f", up to {values['d_cut']:.2f} Å" if values["d_cut"] else ""
    weights = {"half_map": ", every frequency weighted by what the half-maps say of its noise",
               "solvent": ", every frequency weighted by what the solvent says of its noise"}.get(method, "")
    local = f" (locally {values['local_b_low']:.0f} to {values['local_b_high']:.0f} Å²)" if "local_b_low" in values else ""
    return f"The map was {word} from a fall-off of {before:.0f} to {after:.0f} Å²{local}{end}{weights}."
