"""A map sharpened by its local resolution (LocalDeblur)."""
from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Dict, List, NamedTuple, Optional, Tuple

import numpy as np

from ...core import deblur
from ...core.deblur import Bank, Deblurred
from ...io.inputs import require
from ...io.maps import Map
from ...params import param
from ...progress import Progress, silent
from ...results import Table, map_output, metric, table
from ...study import Study
from ..local_resolution.monores import MonoresParams, compute_monores
from .common import SharpenedResult, SharpeningInputs, finish, sharpening_inputs
from .local_filter import resolved

_FLAT = 0.75                                     # Å, coarsest less finest local resolution at which further rounds end
_SAME_STEP = 0.2                                 # change of the step size at which further rounds end
_MONORES_STEP = 0.25                             # Å
_MOST_ROUNDS = 10


@dataclass(frozen=True)
class LocaldeblurParams:
    """Parameters of the ``localdeblur`` capability."""

    strength: float = param(0.025, "How fast the weight of a band falls with its distance from the local resolution: the weight is "
                            "exp(-K (d - R)^2). Larger keeps to the local resolution more strictly.", label="K", unit="1/Å²", min=0.001,
                            max=10)
    rounds: int = param(1, "How often it is done. From the second time on the local resolution is that of the sharpened map, by MonoRes. 0 "
                        "goes on until the step size or the local resolution no longer changes, ten times at most.", label="Rounds",
                        min=0, max=_MOST_ROUNDS)
    max_steps: int = param(50, "Steps of a round at most; it ends before when the map no longer changes much.", label="Most steps", min=1,
                           max=500, expert=True)
    step_size: Optional[float] = param(None, "Factor of what a step adds to the map; from the map when empty.", label="Step size",
                                       min=0.01, max=1000, expert=True)


@dataclass(frozen=True)
class LocaldeblurResult(SharpenedResult):
    """Result of the ``localdeblur`` capability."""

    schema: ClassVar[str] = "cryoqa/localdeblur/1"
    steps: Optional[int] = metric("", "steps of the last round", "none")
    step_size: Optional[float] = metric("", "factor of what a step added, in the last round", "none")
    last_change: Optional[float] = metric("%", "how much the weighted map grew in the last step", "lower")
    rounds_done: Optional[int] = metric("", "rounds that were done", "none")
    n_bands: Optional[int] = metric("", "bands of frequency between the finest and the coarsest local resolution", "none")
    resolution_finest: Optional[float] = metric("Å", "finest local resolution used", "none")
    resolution_coarsest: Optional[float] = metric("Å", "coarsest local resolution used", "none")
    fraction_outside: Optional[float] = metric("", "part of the voxels without a local resolution, which stay as they are", "none")
    fraction_finer: Optional[float] = metric("", "part of the voxels whose resolution is finer than the voxels allow", "lower")
    rounds: Optional[Table] = table("What each round did")
    resolution_used: Optional[Map] = map_output("Å", "local resolution of the last round, when there were several; 0 where there is none")


class _UsedResolution(NamedTuple):
    """Local resolution float32 [z, y, x] (Å, raised to what the voxels allow), where there is one, and the finest allowed (Å)."""

    resolution: np.ndarray
    inside: np.ndarray
    finest: float
    fraction_finer: float


def compute_localdeblur(study: Study, params: LocaldeblurParams, *, progress: Progress = silent) -> LocaldeblurResult:
    """A map sharpened by its local resolution: steepest descent towards the map whose bands, weighted by it, give this one.

    Parameters
    ----------
    study
        ``resolution_map`` (Å) and ``full_map``, or ``half1`` and ``half2``, or all three.
    params
        See :class:`LocaldeblurParams`.
    progress
        Told how far it is.

    Returns
    -------
    LocaldeblurResult
        The sharpened maps; the half-maps went through the same number of steps of the same size.

    Raises
    ------
    MissingInputError
        There is no resolution map, or no map to sharpen.
    InputError
        The inputs do not fit together, or the resolution map tells nothing.

    References
    ----------
    Ramírez-Aportela et al. (2020), https://doi.org/10.1093/bioinformatics/btz671.
    """
    require(study.inputs, "resolution_map")
    local = _used_resolution(study.resolution_map)
    # The median stands for the map where one resolution is asked for: in the Guinier plots and for MonoRes.
    inputs = sharpening_inputs(study, float(np.median(local.resolution[local.inside])))
    unknown = int(np.count_nonzero(~np.isfinite(study.resolution_map.data)))
    if unknown:                                  # another program may mark so what it does not know
        inputs.warnings.append(f"{unknown} voxels of the resolution map hold no number ({study.resolution_map.place}); they count as "
                               "having no resolution.")
    maps = {name: map_.data for name, map_ in inputs.maps.items()}
    rows: List[Tuple[float, ...]] = []
    while True:
        bank = deblur.make_bank(inputs.geo, local.resolution, local.inside, local.finest, params.strength)
        maps, done = _round(maps, bank, params, progress, len(rows))
        rows.append(_row(len(rows) + 1, local, bank, done))
        if _ended(rows, params):
            break
        del bank
        local = _resolution_of_sharpened(inputs, maps["sharpened"])
    return _result(inputs, maps, rows, local, study, params)


def _used_resolution(grid: Map) -> _UsedResolution:
    """The resolution map as it is used; raises :class:`InputError` when it says nothing anywhere."""
    finest = 2 * max(grid.voxel_size)
    inside = resolved(grid)
    finer = np.count_nonzero(inside & (grid.data < finest * (1 - 1e-3))) / inside.sum()
    resolution = np.where(inside, np.maximum(grid.data, np.float32(finest)), 0).astype(np.float32)
    return _UsedResolution(resolution, inside, finest, float(finer))


def _round(maps: Dict[str, np.ndarray], bank: Bank, params: LocaldeblurParams, progress: Progress, number: int
           ) -> Tuple[Dict[str, np.ndarray], Deblurred]:
    """Each map deblurred: ``sharpened`` decides on steps and step size, and the half-maps follow."""
    progress(0.1, f"round {number + 1}, map 1 of {len(maps)}")
    done = deblur.deblur(bank, maps["sharpened"], params.max_steps, params.step_size or 0.0)
    out = dict(sharpened=done.data)
    # The same steps for all: half-maps of different treatment could no longer be compared.
    for name in [n for n in maps if n != "sharpened"]:
        progress(0.1 + 0.8 * len(out) / len(maps), f"round {number + 1}, map {len(out) + 1} of {len(maps)}")
        out[name] = deblur.deblur(bank, maps[name], params.max_steps, done.step, done.steps).data
    return out, done


def _row(number: int, local: _UsedResolution, bank: Bank, done: Deblurred) -> Tuple[float, ...]:
    used = local.resolution[local.inside]
    return (number, float(used.min()), float(np.median(used)), float(used.max()), bank.n_bands, done.steps, done.step,
            100 - done.changes[-1] if done.changes else float("nan"))


def _ended(rows: List[Tuple[float, ...]], params: LocaldeblurParams) -> bool:
    if params.rounds:
        return len(rows) >= params.rounds
    # Once the sharpened map is equally resolved everywhere a further round has nothing to even out.
    flat = rows[-1][3] - rows[-1][1] < _FLAT
    same = len(rows) > 1 and abs(rows[-1][6] - rows[-2][6]) <= _SAME_STEP
    return flat or same or len(rows) >= _MOST_ROUNDS


def _resolution_of_sharpened(inputs: SharpeningInputs, data: np.ndarray) -> _UsedResolution:
    """Local resolution of the sharpened map alone."""
    result = compute_monores(Study(full_map=inputs.mean.with_data(data)),
                             MonoresParams(rules="xmipp", step=_MONORES_STEP, resolution=inputs.resolution))
    return _used_resolution(result.resolution_map)


def _result(inputs: SharpeningInputs, maps: Dict[str, np.ndarray], rows: List[Tuple[float, ...]], local: _UsedResolution, study: Study,
            params: LocaldeblurParams) -> LocaldeblurResult:
    last, warnings = rows[-1], list(inputs.warnings)
    if params.rounds == 0 and len(rows) >= _MOST_ROUNDS:
        warnings.append(f"The rounds did not settle within {_MOST_ROUNDS}; the last one is given.")
    if local.fraction_finer > 0:
        warnings.append(f"{100 * local.fraction_finer:.3g} % of the local resolutions are finer than {local.finest:.4g} Å, which the "
                        "voxels do not allow; they count as that.")
    values = dict(finish(inputs, maps), steps=int(last[5]), step_size=float(last[6]),
                  last_change=float(last[7]) if np.isfinite(last[7]) else None,
                  rounds_done=len(rows), n_bands=int(last[4]), resolution_finest=last[1], resolution_coarsest=last[3],
                  fraction_outside=float(1 - local.inside.mean()), fraction_finer=local.fraction_finer)
    if len(rows) > 1:
        values["resolution_used"] = study.resolution_map.with_data(local.resolution)
    summary = (f"The map was sharpened by its local resolution, {last[1]:.2f} to {last[3]:.2f} Å, in {int(last[5])} steps"
               + (f" of the last of {len(rows)} rounds" if len(rows) > 1 else "") + f"; {100 * values['fraction_outside']:.3g} % of the "
               "box has none and stays as it is.")
    columns = ("Round", "Finest Å", "Median Å", "Coarsest Å", "Bands", "Steps", "Step size", "Last change %")
    return LocaldeblurResult(summary=summary, warnings=tuple(warnings), rounds=Table(columns, [tuple(r) for r in rows]), **values)
