"""The methods of ``auto_sharpen``: what each of them tries in the box."""
from __future__ import annotations

from typing import Any, Callable, Dict, List, NamedTuple, Optional

import numpy as np

from . import auto_gains as gains
from . import auto_targets, auto_trials
from .auto_gains import Cut, Gain
from .auto_inputs import AutoSharpenInputs
from .auto_trials import Box, Search, Trial

_WEIGHTED_RATIO, _PLAIN_RATIO = 8.0, 5.9  # b_iso over the squared resolution, with weights and without
_EVALUATIONS = 60                         # of the search for three numbers
_B_TOP = 300.0
_ALL = ("target_b_iso_to_d_cut", "b_iso_to_d_cut", "b_iso", "resolution_dependent")
SEARCHED = ("b_iso_to_d_cut", "b_iso", "resolution_dependent")


class MethodTrials(NamedTuple):
    """Trials of a method, the best of them, the signal-to-noise ratio of the search (None without), and further fields of the result."""

    trials: List[Trial]
    best: Trial
    signal: Optional[float]
    values: Dict[str, Any]


def target_b(inputs: AutoSharpenInputs, weighted: bool) -> float:
    """``b_iso`` to aim at: the one given, else the ratio times the squared resolution.

    Parameters
    ----------
    inputs
        What is known of the map.
    weighted
        Whether shells are weighted by their signal, so that the fall-off of the signal counts.

    Returns
    -------
    float
        In Å².
    """
    p = inputs.params
    b_before = inputs.b_signal if weighted else inputs.b_whole
    if p.bfactor is not None:
        return b_before + p.bfactor
    if p.b_iso is not None:
        return p.b_iso
    ratio = p.target_b_ratio if p.target_b_ratio is not None else _WEIGHTED_RATIO if weighted else _PLAIN_RATIO
    return ratio * inputs.base.resolution ** 2


def cut_of(inputs: AutoSharpenInputs) -> Cut:
    """Where sharpening ends.

    Parameters
    ----------
    inputs
        What is known of the map.
    """
    return Cut(inputs.params.d_cut or inputs.base.resolution, inputs.params.k_sharpen, inputs.params.b_blur_hires)


def search_of(inputs: AutoSharpenInputs) -> Search:
    """The range of a search.

    Parameters
    ----------
    inputs
        What is known of the map.
    """
    p = inputs.params
    high = p.search_b_max if p.search_b_max is not None else max(_B_TOP, inputs.b_whole, p.search_b_min + 100)
    return Search(inputs.b_whole, p.search_b_min, high, p.search_b_n, cut_of(inputs))


def gain_by_bfactor(inputs: AutoSharpenInputs, method: str) -> Callable[[float], Gain]:
    """The function from a ``b_iso`` (Å²) to the filter of a method that goes by B-factors.

    Parameters
    ----------
    inputs
        What is known of the map.
    method
        Name of the method.

    Returns
    -------
    callable
        From a ``b_iso`` to a filter.
    """
    if method in ("half_map", "solvent"):
        weight = gains.shells_gain(inputs.weights, inputs.geo)
        return lambda b: gains.product(gains.bfactor_gain(b - inputs.b_signal), weight)
    cut = None if method == "b_iso" else cut_of(inputs)
    return lambda b: gains.bfactor_gain(b - inputs.b_whole, cut)


def run(inputs: AutoSharpenInputs, box: Box, method: str) -> MethodTrials:
    """Try what a method tries.

    Parameters
    ----------
    inputs
        What is known of the map.
    box
        The box of the trials.
    method
        Name of the method.

    Returns
    -------
    MethodTrials
        What was tried, and the best of it.
    """
    if method == "no_sharpening":
        trial = box.try_gain(method, gains.one, inputs.b_whole, 0.0)
    elif method in ("half_map", "solvent"):
        b = target_b(inputs, weighted=True)
        trial = box.try_gain(method, gain_by_bfactor(inputs, method)(b), b, b - inputs.b_signal)
    elif method == "target_b_iso_to_d_cut" or method in ("b_iso", "b_iso_to_d_cut") and _fixed(inputs):
        trial = auto_trials.b_trial(box, method, search_of(inputs), target_b(inputs, weighted=False))
    elif method in ("b_iso", "b_iso_to_d_cut"):
        return _search(inputs, box, method)
    elif method == "resolution_dependent":
        return _resolution_dependent(inputs, box)
    else:
        return _to_a_target(inputs, box, method)
    return MethodTrials([trial], trial, None, {})


def _fixed(inputs: AutoSharpenInputs) -> bool:
    return inputs.params.bfactor is not None or inputs.params.b_iso is not None


def _search(inputs: AutoSharpenInputs, box: Box, method: str) -> MethodTrials:
    search = search_of(inputs)
    trials = auto_trials.search_b(box, method, search)
    scores = [t.score(box.scoring) for t in trials]
    best, steps = trials[int(np.argmax(scores))], []
    if inputs.params.optimise_d_cut:
        steps.append(("d_cut", 0.25 * inputs.base.resolution))
    if inputs.params.optimise_b_blur_hires and inputs.params.b_blur_hires is not None:
        steps.append(("b_blur", 100.0))
    if steps and method != "b_iso":
        steps.append(("b_iso", (search.high - search.low) / (search.n - 1)))
        found = auto_trials.refine(box, best, search, steps)
        best, trials = found[-1], trials + found[:0:-1]
    curve = dict(search_x=np.linspace(search.low, search.high, search.n), search_y=np.array(scores))
    return MethodTrials(trials, best, auto_trials.signal(scores), curve)


def _resolution_dependent(inputs: AutoSharpenInputs, box: Box) -> MethodTrials:
    d = inputs.base.resolution
    first: List[Gain] = []
    if inputs.params.normalise_amplitudes:
        inverse = 1 / np.sqrt(np.maximum(inputs.whole, 1e-12 * inputs.whole.max()))
        first.append(gains.shells_gain(inverse / inverse[1], inputs.geo))
    if inputs.params.resolution_dependent_b is not None:
        b = gains.three_numbers(inputs.params.resolution_dependent_b, "Resolution-dependent factors")
        trial = box.try_gain("resolution_dependent", gains.product(*first, gains.piecewise_gain(b, d, inputs.d_min)))
        return MethodTrials([trial], trial, None, {})
    tried = auto_trials.optimise_piecewise(box, lambda b: gains.product(*first, gains.piecewise_gain(b, d, inputs.d_min)), (0.0, 0.0, 0.0),
                                           _EVALUATIONS)
    return MethodTrials(tried, tried[-1], None, {})


def _to_a_target(inputs: AutoSharpenInputs, box: Box, method: str) -> MethodTrials:
    p, base = inputs.params, inputs.base
    if method == "external":
        trial = box.try_gain(method, auto_targets.external(inputs.whole, inputs.study.transform("reference_map"), inputs.geo, inputs.d_min))
        return MethodTrials([trial], trial, None, {})
    rmsd = p.rmsd if p.rmsd is not None else 0.25 * base.resolution
    found = auto_targets.model(base.mean, base.mean_transform(), inputs.study.model, inputs.geo, base.resolution, radius=p.atom_radius,
                               rmsd=rmsd, completeness=p.fraction_complete, b_zero=p.model_b_zero, warnings=base.warnings)
    trial = box.try_gain(method, found.gain)
    return MethodTrials([trial], trial, None, dict(model_completeness=found.completeness))


def available(inputs: AutoSharpenInputs) -> List[str]:
    """Names of the methods that the inputs allow.

    Parameters
    ----------
    inputs
        What is known of the map.

    Returns
    -------
    list of str
        What ``best`` tries.
    """
    out = list(_ALL)
    out += {"half-maps": ["half_map"], "solvent": ["solvent"]}.get(inputs.spectra.source, [])
    out += ["model"] if inputs.study.model is not None else []
    return out + (["external"] if inputs.study.reference_map is not None else [])
