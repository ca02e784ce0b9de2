"""Local resolution by the test for a local sinusoid (ResMap)."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, ClassVar, Dict, Optional

import numpy as np

from ...io.inputs import Inputs
from ...io.maps import Map
from ...params import param
from ...results import Curve, Table, curve, map_output, metric, table
from . import resmap_steps as steps
from .local_resolution import LocalResolution, histogram, where
from .resmap_sweep import Found, sweep

Progress = Optional[Callable[[float, str], None]]
_PERCENTILES = (5, 25, 50, 75, 95)
_NAMES = ("p5", "p25", "median", "p75", "p95")
_COLUMNS = ("resolution (Å)", "signal over noise", "least that passes", "p-value that passes", "part that passes", "part left")


@dataclass(frozen=True)
class ResmapParams:
    """Parameters of the ``resmap`` capability."""

    rules: str = param("cryoqa", "cryoqa: the map is whitened by its own spectrum and the statistic averaged over a window before it is "
                       "tested. resmap: whitened by the spectrum of the noise and tested voxel by voxel, with the filters of the original "
                       "program.", label="Rules", choices=("cryoqa", "resmap"))
    finest: Optional[float] = param(None, "Finest resolution tested; when empty 2.3 voxels (resmap: 2.2).", label="Finest resolution",
                                    unit="Å", min=0.2, max=100)
    coarsest: Optional[float] = param(None, "Coarsest resolution tested; when empty ten voxels.", label="Coarsest resolution", unit="Å",
                                      min=1, max=500)
    step: Optional[float] = param(None, "Step between resolutions; when empty half a voxel.", label="Step", unit="Å", min=0.05, max=50)
    significance: float = param(0.05, "False-discovery rate: part of the voxels that pass a test although there is noise alone.",
                                label="False-discovery rate", min=0.0001, max=0.5)
    least_signal: float = param(1 / 3, "Signal over noise that a voxel must have as well as being significant; 1/3 is an FSC of "
                                "half-maps of 0.143. With 0 all that is significant counts.", label="Least signal", min=0, max=20,
                                only_if=("rules", ("cryoqa",)))
    window: float = param(1.0, "Standard deviation of the Gaussian over which the statistic is averaged, times the resolution tested.",
                          label="Window", min=0.1, max=5, only_if=("rules", ("cryoqa",)), expert=True)


@dataclass(frozen=True)
class ResmapResult(LocalResolution):
    """Result of the ``resmap`` capability; percentiles are over the voxels of the mask, unresolved ones at the coarsest resolution."""

    schema: ClassVar[str] = "cryoqa/resmap/1"
    assigned_fraction: float = metric("", "part of the mask that passes at one of the resolutions", "higher")
    finest_fraction: float = metric("", "part of the mask that passes at the finest resolution tested", "lower")
    finest_used: float = metric("Å", "finest resolution tested", "none")
    coarsest_used: float = metric("Å", "coarsest resolution in the range", "none")
    step_used: float = metric("Å", "step between resolutions", "none")
    n_voxels: int = metric("", "voxels of the mask (at least 0.5)", "none")
    mask_source: str = metric("", "where the mask comes from: given, made, or none", "none")
    noise_source: str = metric("", "where the noise is taken from", "none")
    half_maps_identical: Optional[bool] = metric("", "the half-maps are copies of each other, up to a factor", "none")
    half_maps_masked: Optional[bool] = metric("", "a half-map was multiplied by a mask before it came here", "none")
    histogram: Optional[Curve] = curve("voxels of the mask by their local resolution", x_label="Local resolution", x_unit="Å",
                                       y_label="Part of the mask", y_unit="%")
    spectra: Optional[Curve] = curve("power of the signal and noise over that of the noise alone, in the mask", x_label="Frequency",
                                     x_unit="1/Å", y_label="Power over noise")
    tests: Optional[Table] = table("The test at each resolution, over the voxels that did not pass before")
    resolution_map: Optional[Map] = map_output("Å", "local resolution in Å inside the mask, 0 outside")


def compute_resmap(inputs: Inputs, params: ResmapParams, *, progress: Progress = None) -> ResmapResult:
    """Finest resolution at which a sinusoid is significant in a Gaussian window around each voxel of ``mask``.

    ``half1`` and ``half2``, with the noise from half their difference, or ``full_map`` with that of its solvent; all float32
    [z, y, x]. Likelihood-ratio test: Kucukelbir, Sigworth & Tagare (2014), https://doi.org/10.1038/nmeth.2727.
    """
    say = progress or (lambda fraction, message: None)
    work = steps.prepare(inputs, params)
    say(0.1, "tests")
    found = sweep(work, say)
    say(0.95, "statistics")
    values = _values(work, found)
    say(1.0, "done")
    return ResmapResult(summary=_summary(values), warnings=tuple(work.warnings), **values)


def _values(work: steps.Work, found: Found) -> Dict[str, Any]:
    n = found.resolution.size
    values: Dict[str, Any] = dict(zip(_NAMES, (float(v) for v in np.percentile(found.resolution, _PERCENTILES))))
    data = np.zeros(work.grid.shape, np.float32)
    data[work.inside] = found.resolution
    assigned = 1 - found.unresolved / n
    if assigned < 0.5 and not work.facts.get("half_maps_identical"):
        work.warnings.append(f"Only {100 * assigned:.0f} % of the mask stand out of the noise at {work.levels[-1]:g} Å or finer "
                             f"({work.grid.path}); the others stand at that number. Check the mask, or test coarser resolutions.")
    values.update(
        work.facts, assigned_fraction=assigned, finest_fraction=found.at_once / n, finest_used=float(work.levels[0]),
        coarsest_used=float(work.levels[-1]), step_used=work.step, n_voxels=n, mask_source=work.mask_source,
        noise_source="half-maps" if work.halves else "solvent of the map", histogram=histogram(found.resolution),
        spectra=Curve(work.at[1:], (work.power / work.noise)[1:]), tests=Table(_COLUMNS, tuple(found.rows)),
        resolution_map=work.grid.with_data(data))
    return values


def _summary(v: Dict[str, Any]) -> str:
    if v.get("half_maps_identical"):
        return "The half-maps are copies of each other and say nothing about the local resolution."
    return (f"A local sinusoid is significant up to {v['median']:.2f} Å in the median and from {v['p5']:.2f} to {v['p95']:.2f} Å for nine "
            f"tenths of the voxels, {where(v['mask_source'], 'the map')} (noise from the {v['noise_source']}).")
