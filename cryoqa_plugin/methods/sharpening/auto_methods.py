"""The methods of ``auto_sharpen``: what each of them tries in the box."""
from __future__ import annotations

from typing import Any, Dict, List, NamedTuple, Optional

import numpy as np

from . import auto_gains as gains
from . import auto_targets, auto_trials
from .auto_gains import Cut, Gain
from .auto_plan import Plan
from .auto_trials import Box, Search, Trial

_WEIGHTED_RATIO, _PLAIN_RATIO = 8.0, 5.9
_EVALUATIONS = 60
_B_TOP = 300.0
_ALL = ("target_b_iso_to_d_cut", "b_iso_to_d_cut", "b_iso", "resolution_dependent")
SEARCHED = ("b_iso_to_d_cut", "b_iso", "resolution_dependent")


class Tried(NamedTuple):
    """Trials of a method, the best of them, the signal-to-noise ratio of the search (None without), and further fields of the result."""

    trials: List[Trial]
    best: Trial
    signal: Optional[float]
    values: Dict[str, Any]


def target_b(plan: Plan, weighted: bool) -> float:
    """``b_iso`` (Å²) to aim at: the one given, else the ratio times the squared resolution."""
    p = plan.params
    b_before = plan.b_signal if weighted else plan.b_whole
    if p.bfactor is not None:
        return b_before + p.bfactor
    if p.b_iso is not None:
        return p.b_iso
    ratio = p.target_b_ratio if p.target_b_ratio is not None else _WEIGHTED_RATIO if weighted else _PLAIN_RATIO
    return ratio * plan.work.resolution ** 2


def cut_of(plan: Plan) -> Cut:
    """Where sharpening ends."""
    return Cut(plan.params.d_cut or plan.work.resolution, plan.params.k_sharpen, plan.params.b_blur_hires)


def search_of(plan: Plan) -> Search:
    """The range of a search."""
    p = plan.params
    high = p.search_b_max if p.search_b_max is not None else max(_B_TOP, plan.b_whole, p.search_b_min + 100)
    return Search(plan.b_whole, p.search_b_min, high, p.search_b_n, cut_of(plan))


def maker(plan: Plan, method: str) -> "tuple[float, Any]":
    """Fall-off before (Å²), and the function from a ``b_iso`` to the filter of a method that goes by B-factors."""
    if method in ("half_map", "solvent"):
        weight = gains.shells_gain(plan.weights, plan.geo)
        return plan.b_signal, lambda b: gains.product(gains.bfactor_gain(b - plan.b_signal), weight)
    cut = None if method == "b_iso" else cut_of(plan)
    return plan.b_whole, lambda b: gains.bfactor_gain(b - plan.b_whole, cut)


def run(plan: Plan, box: Box, method: str) -> Tried:
    """Try what a method tries."""
    if method == "no_sharpening":
        trial = box.try_gain(method, gains.one, plan.b_whole, 0.0)
    elif method in ("half_map", "solvent"):
        b = target_b(plan, weighted=True)
        trial = box.try_gain(method, maker(plan, method)[1](b), b, b - plan.b_signal)
    elif method == "target_b_iso_to_d_cut" or method in ("b_iso", "b_iso_to_d_cut") and _fixed(plan):
        trial = auto_trials.b_trial(box, method, search_of(plan), target_b(plan, weighted=False))
    elif method in ("b_iso", "b_iso_to_d_cut"):
        return _search(plan, box, method)
    elif method == "resolution_dependent":
        return _resolution_dependent(plan, box)
    else:
        return _to_a_target(plan, box, method)
    return Tried([trial], trial, None, {})


def _fixed(plan: Plan) -> bool:
    return plan.params.bfactor is not None or plan.params.b_iso is not None


def _search(plan: Plan, box: Box, method: str) -> Tried:
    search = search_of(plan)
    trials = auto_trials.search_b(box, method, search)
    scores = [t.score(box.scoring) for t in trials]
    best, steps = trials[int(np.argmax(scores))], []
    if plan.params.optimise_d_cut:
        steps.append(("d_cut", 0.25 * plan.work.resolution))
    if plan.params.optimise_b_blur_hires and plan.params.b_blur_hires is not None:
        steps.append(("b_blur", 100.0))
    if steps and method != "b_iso":
        steps.append(("b_iso", (search.high - search.low) / (search.n - 1)))
        found = auto_trials.refine(box, best, search, steps)
        best, trials = found[-1], trials + found[:0:-1]
    curve = dict(search_x=np.linspace(search.low, search.high, search.n), search_y=np.array(scores))
    return Tried(trials, best, auto_trials.signal(scores), curve)


def _resolution_dependent(plan: Plan, box: Box) -> Tried:
    d = plan.work.resolution
    first: List[Gain] = []
    if plan.params.normalise_amplitudes:
        inverse = 1 / np.sqrt(np.maximum(plan.whole, 1e-12 * plan.whole.max()))
        first.append(gains.shells_gain(inverse / inverse[1], plan.geo))
    if plan.params.resolution_dependent_b is not None:
        b = gains.three_numbers(plan.params.resolution_dependent_b, "Resolution-dependent factors")
        trial = box.try_gain("resolution_dependent", gains.product(*first, gains.piecewise_gain(b, d, plan.d_min)))
        return Tried([trial], trial, None, {})
    tried = auto_trials.optimise_piecewise(box, lambda b: gains.product(*first, gains.piecewise_gain(b, d, plan.d_min)), (0.0, 0.0, 0.0),
                                           _EVALUATIONS)
    return Tried(tried, tried[-1], None, {})


def _to_a_target(plan: Plan, box: Box, method: str) -> Tried:
    p, work = plan.params, plan.work
    if method == "external":
        trial = box.try_gain(method, auto_targets.external(plan.whole, plan.inputs.reference_map, plan.geo, plan.d_min))
        return Tried([trial], trial, None, {})
    rmsd = p.rmsd if p.rmsd is not None else 0.25 * work.resolution
    found = auto_targets.model(work.mean, plan.inputs.model, plan.geo, work.resolution, radius=p.atom_radius, rmsd=rmsd,
                               completeness=p.fraction_complete, b_zero=p.model_b_zero, warnings=work.warnings)
    trial = box.try_gain(method, found.gain)
    return Tried([trial], trial, None, dict(model_completeness=found.completeness))


def available(plan: Plan) -> List[str]:
    """The methods that the inputs allow, for ``best``."""
    out = list(_ALL)
    out += {"half-maps": ["half_map"], "solvent": ["solvent"]}.get(plan.spectra.source, [])
    out += ["model"] if plan.inputs.model is not None else []
    return out + (["external"] if plan.inputs.reference_map is not None else [])
