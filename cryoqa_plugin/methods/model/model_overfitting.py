"""Is a model fitted to the noise of a half-map: its FSC with both, and the gap between them."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Dict, List, Optional, Tuple

import numpy as np

from ...params import param
from ...progress import Progress, silent
from ...results import Curve, curve, metric
from ...study import Study
from ...study.halves import HalfMapFacts
from ...study.model_halves import Gap, ModelHalves
from ...study.model_place import ModelPlaceFacts
from ...study.noise import bounded_fsc
from .residue_scores import AtomCounts, atom_counts, check_model_and_map, place_values

SURE = 3.0                            # standard errors that make a gap one
_AGREES = 0.2                         # mean FSC below which a model is not that of these half-maps


@dataclass(frozen=True)
class ModelOverfittingParams:
    """Parameters of :func:`compute_model_overfitting`."""

    work_half: str = param("unknown", "Half-map that the model was refined against. Unknown: the gap is looked for both ways round; take "
                           "that also for a model refined against the full map.", label="Refined against", choices=("unknown", "1", "2"))


def _fsc(meaning: str) -> Any:
    return curve(meaning, x_label="Frequency", x_unit="1/Å", y_label="FSC", output="outputFSCs")


def _mean(meaning: str) -> Any:
    return metric("", "mean FSC of the model with the " + meaning, "higher")


@dataclass(frozen=True)
class ModelOverfittingResult(ModelPlaceFacts, AtomCounts, HalfMapFacts):
    """Result of :func:`compute_model_overfitting`. ``work``: the half-map that the model was refined against, ``free``: the other one."""

    schema: ClassVar[str] = "cryoqa/model_overfitting/1"
    work: Optional[str] = metric("", "number of the work half-map: the one given, else the one that the model agrees better with", "none")
    gap: Optional[float] = metric("", "mean FSC of the model with the work half-map less that with the free one, for half-maps of equal "
                                  "noise", "target:0")
    gap_error: Optional[float] = metric("", "standard error of the gap, of a model that follows neither noise", "lower")
    gap_sigma: Optional[float] = metric("", "gap over its standard error", "target:0")
    fsc_average_work: Optional[float] = _mean("work half-map, from 10 Å to the resolution of the half-maps, by number of coefficients")
    fsc_average_free: Optional[float] = _mean("free half-map, over the same range")
    d_fsc_work_05: Optional[float] = metric("Å", "FSC of the model with the work half-map at 0.5", "lower")
    d_fsc_free_05: Optional[float] = metric("Å", "FSC of the model with the free half-map at 0.5", "lower")
    gap_beyond: Optional[float] = metric("", "the gap beyond the resolution, to 1.5 times its frequency or Nyquist", "target:0")
    gap_beyond_error: Optional[float] = metric("", "standard error of the gap beyond the resolution", "lower")
    fsc_work_beyond: Optional[float] = metric("", "mean FSC of the model with the work half-map beyond the resolution", "none")
    fsc_free_beyond: Optional[float] = metric("", "mean FSC of the model with the free half-map beyond the resolution", "none")
    resolution: Optional[float] = metric("Å", "half-map FSC at 0.143 in the mask around the model, where the mean FSC ends", "none")
    gap_from: Optional[float] = metric("Å", "where the mean FSC begins", "none")
    noise_ratio: Optional[float] = metric("", "noise power of half-map 2 over that of half-map 1, on one scale of the signal", "target:1")
    model_mask_fraction: Optional[float] = metric("", "mean of the mask around the model", "none")
    fsc_work: Optional[Curve] = _fsc("FSC of the model with the work half-map")
    fsc_free: Optional[Curve] = _fsc("FSC of the model with the free half-map")
    fsc_full: Optional[Curve] = _fsc("FSC of the model with the map, or with the mean of the half-maps")
    fsc_half: Optional[Curve] = _fsc("FSC of the half-maps in the mask around the model")
    fsc_perfect: Optional[Curve] = _fsc("FSC of a perfect model with one half-map, the root of that of the half-maps")


def compute_model_overfitting(study: Study, params: ModelOverfittingParams, *, progress: Progress = silent) -> ModelOverfittingResult:
    """Whether a model agrees better with one half-map than with the other, as one does that was fitted to its noise.

    Parameters
    ----------
    study
        ``model``, ``half1`` and ``half2``, float32 [z, y, x]; ``full_map``, else their mean stands for it.
    params
        Which half-map the model was refined against.
    progress
        Called with the fraction done and what is being done.

    Returns
    -------
    ModelOverfittingResult
        The gap with its error, and the curves; without values where the half-maps are no two measurements.

    Raises
    ------
    MissingInputError
        No model, or not both half-maps.
    InputError
        The inputs do not fit together, or no atom lies in the box.

    References
    ----------
    DiMaio et al. (2013), https://doi.org/10.1002/pro.2267; Brown et al. (2015), https://doi.org/10.1107/S1399004714021683 (work and free
    half-map); Rosenthal & Henderson (2003), https://doi.org/10.1016/j.jmb.2003.07.013 (the FSC of a perfect model).
    """
    check_model_and_map(study, least=8)
    warnings: List[str] = []
    progress(0.05, "place of the model")
    counts = atom_counts(study, warnings)
    values = dict(study.half_map_values(), **place_values(study, warnings), **counts)
    progress(0.4, "model and half-maps")
    found = study.model_halves
    values["model_mask_fraction"] = float(study.model_mask.data.mean(dtype=np.float64))
    if found is not None:
        values.update(_values(found, params.work_half))
        values.update(_curves(study, found, values["work"] == "1"))
        if found.inside is None:
            warnings.append(f"There are too few shells between {found.resolution:.3g} Å, the resolution of the half-maps around the model, "
                            "and coarse detail to compare two mean FSCs; use a larger box.")
        elif params.work_half != "unknown" and (values["gap_sigma"] or 0.0) < -SURE:
            warnings.append(f"The model agrees better with the half-map that is free than with half-map {params.work_half}; check against "
                            "which one it was refined.")
    progress(1.0, "done")
    return ModelOverfittingResult(summary=_summary(values, study.independence.void), warnings=tuple(warnings), **values)


def _values(found: ModelHalves, chosen: str) -> Dict[str, Any]:
    """The numbers, by result field."""
    inside, beyond = found.inside, found.beyond
    first = chosen == "1" if chosen != "unknown" else (inside is None or inside.difference >= 0)
    out: Dict[str, Any] = dict(work="1" if first else "2", resolution=found.resolution, noise_ratio=found.noise_ratio)
    out["d_fsc_work_05"], out["d_fsc_free_05"] = _in_order(found.fall1, found.fall2, first)
    if inside is not None:
        sign = 1 if first else -1
        out.update(gap=sign * inside.difference, gap_error=inside.error, gap_from=1 / inside.low,
                   gap_sigma=sign * inside.difference / inside.error if inside.error > 0 else None)
        out["fsc_average_work"], out["fsc_average_free"] = _in_order(inside.mean1, inside.mean2, first)
    if beyond is not None:
        out.update(_beyond(beyond, first))
    return out


def _beyond(gap: Gap, first: bool) -> Dict[str, Any]:
    work, free = _in_order(gap.mean1, gap.mean2, first)
    return dict(gap_beyond=gap.difference if first else -gap.difference, gap_beyond_error=gap.error, fsc_work_beyond=work,
                fsc_free_beyond=free)


def _in_order(one: Any, two: Any, first: bool) -> Tuple[Any, Any]:
    return (one, two) if first else (two, one)


def _curves(study: Study, found: ModelHalves, first: bool) -> Dict[str, Any]:
    """The curves, by result field."""
    work, free = _in_order(found.with1, found.with2, first)
    shown = slice(1, None)
    share = study.independence.share or 0.0
    perfect = np.sqrt(np.clip(bounded_fsc(found.halves, share), 0.0, 1.0))
    named = dict(fsc_work=work, fsc_free=free, fsc_full=found.with_map, fsc_half=found.halves, fsc_perfect=perfect)
    return {name: Curve(found.freq[shown], y[shown]) for name, y in named.items()}


def _summary(values: Dict[str, Any], void: Optional[str]) -> str:
    """One plain sentence."""
    if void is not None:
        return f"Whether the model is fitted to noise cannot be measured: {void}."
    if values.get("gap_sigma") is None:
        return "The FSCs of the model with the two half-maps could not be compared."
    work, free, gap, error = (f"{values[n]:.3f}" for n in ("fsc_average_work", "fsc_average_free", "gap", "gap_error"))
    other = "2" if values["work"] == "1" else "1"
    numbers = f"(mean FSC {work} and {free}, gap {gap} ± {error})"
    if max(values["fsc_average_work"], values["fsc_average_free"]) < _AGREES:
        return f"The model agrees with neither half-map {numbers}."
    if values["gap_sigma"] > SURE:
        return f"The model agrees better with half-map {values['work']} than with half-map {other} {numbers}: it is fitted to noise."
    return f"The model agrees equally well with both half-maps {numbers}: it does not follow the noise of one of them."
