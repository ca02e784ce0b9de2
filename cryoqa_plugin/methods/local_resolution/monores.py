"""Local resolution by the monogenic amplitude (MonoRes)."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Dict, List, Optional

import numpy as np

from ...progress import Progress, silent
from ...results import Curve, Table, curve, metric, table
from ...study import Study
from ...study.halves import HalfMapFacts
from .local_resolution import LocalResolution, limits_of_halves, local_resolution_values, resolution as _resolution
from .monores_inputs import MonoresInputs, MonoresParams, MonoresSweep, monores_inputs
from .monores_sweep import sweep
from .monores_xmipp import sweep_xmipp
from .noise_source import copies_words, unknown_notes

_COLUMNS = ("resolution (Å)", "threshold", "mean signal", "mean noise", "part looked at", "part above")


@dataclass(frozen=True)
class MonoresResult(LocalResolution, HalfMapFacts):
    """Result of the ``monores`` capability."""

    schema: ClassVar[str] = "cryoqa/monores/1"
    mean: Optional[float] = _resolution("mean local resolution in the mask")
    spread: Optional[float] = metric("Å", "95th less 5th percentile: how much the resolution varies over the map", "none")
    overall: Optional[float] = metric("Å", "resolution of the whole map, given, or from the unmasked FSC of the half-maps (0.143), or of a "
                                      "single map from the noise of its solvent", "none")
    median_over_overall: Optional[float] = metric("", "median local resolution over that of the whole map", "target:1")
    noise_source: Optional[str] = metric("", "where the noise is taken from", "none")
    window: Optional[float] = metric("Å", "standard deviation of the window the amplitude was averaged over", "none")
    lowest_resolution: Optional[float] = metric("Å", "coarsest resolution looked at", "none")
    finest_resolution: Optional[float] = metric("Å", "finest resolution looked at", "none")
    cumulative: Optional[Curve] = curve("part of the mask that is at least as good", x_label="Resolution", x_unit="Å",
                                        y_label="Part of the mask up to here", y_unit="%")
    sweep: Optional[Table] = table("Signal and noise at each frequency looked at")


def compute_monores(study: Study, params: MonoresParams, *, progress: Progress = silent) -> MonoresResult:
    """Local resolution by MonoRes: the finest detail whose amplitude stands out of that of the noise.

    A voxel has the finest resolution at which the monogenic amplitude of the map beyond it exceeds that of the noise: half the difference
    of the half-maps, or the solvent of a single map.

    Parameters
    ----------
    study
        ``half1`` and ``half2``, or ``full_map``; ``mask``, made when not given. All float32 [z, y, x].
    params
        Parameters of the capability.
    progress
        Called with the part that is done and what is being done.

    Returns
    -------
    MonoresResult
        Resolutions in Å.

    Raises
    ------
    InputError
        The inputs do not fit together, a single map has no solvent, or the voxels hold nothing where the sweep begins.

    References
    ----------
    Vilas et al. (2018), https://doi.org/10.1016/j.str.2017.12.018.
    """
    inputs = monores_inputs(study, params)
    progress(0.1, "sweep over the frequencies")
    found = (sweep_xmipp if params.rules == "xmipp" else sweep)(inputs, progress)
    progress(0.95, "statistics")
    values = _metrics(inputs, found)
    progress(1.0, "done")
    return MonoresResult(summary=_summary(study, values), warnings=tuple(_warnings(inputs, values)), **values)


def _metrics(inputs: MonoresInputs, found: MonoresSweep) -> Dict[str, Any]:
    """Everything the result holds, by name."""
    study, n = inputs.study, int(np.count_nonzero(inputs.inside))
    out = local_resolution_values(study, inputs.used, found.resolution, unresolved=found.unresolved / n, nyquist=found.beyond / n)
    out.update(study.half_map_values(), overall=inputs.overall, noise_source=_noise_words(inputs),
               window=inputs.window if inputs.params.rules == "cryoqa" else None, lowest_resolution=inputs.start,
               finest_resolution=found.levels[-1].resolution if found.levels else None,
               sweep=Table(_COLUMNS, tuple(tuple(float(v) for v in level) for level in found.levels)))
    if "median" in out:
        there = out["resolution_map"].data[out["resolution_map"].data > 0]
        out.update(mean=float(there.mean(dtype=np.float64)), spread=out["p95"] - out["p5"],
                   median_over_overall=out["median"] / inputs.overall, cumulative=_cumulative(out["histogram"], there.size / n))
    return out


def _cumulative(histogram: Curve, part: float) -> Curve:
    """Running sum of a histogram in %, of which the ``part`` of the mask is that has a resolution."""
    return Curve(histogram.x + (histogram.x[1] - histogram.x[0]) / 2, part * np.cumsum(histogram.y))


def _noise_words(inputs: MonoresInputs) -> str:
    if not inputs.halves:
        return "solvent of the map"
    return "half-maps, in the mask" if inputs.params.noise_inside else "half-maps, whole box"


def _warnings(inputs: MonoresInputs, out: Dict[str, Any]) -> List[str]:
    notes = inputs.used.notes() + unknown_notes(inputs.study, inputs.params.resolution) + limits_of_halves(inputs.study, out)
    if "median" not in out:
        notes.append(f"The whole mask is at the noise level ({inputs.study.grid.place}); check that the maps are not masked and "
                     "that the mask lies on the molecule.")
    return notes


def _summary(study: Study, out: Dict[str, Any]) -> str:
    """One plain sentence."""
    copies = copies_words(study)
    if copies:
        return f"{copies} the local resolution."
    if "median" not in out:
        return "The whole mask is at the noise level, so that there is no local resolution."
    return (f"Local resolution (MonoRes): median {out['median']:.2f} Å, {out['p5']:.2f}–{out['p95']:.2f} Å over 5–95 % of the mask "
            f"(noise from the {out['noise_source']}).")
