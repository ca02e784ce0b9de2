"""Local resolution of a single map: its power in a window around every voxel against the noise of its solvent."""
from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Callable, ClassVar, Dict, List, Optional

import numpy as np

from ...core import local
from ...io.inputs import Inputs
from ...io.maps import Map
from ...params import param
from ...results import Curve, Table, curve, map_output, metric, table
from ..resolution import local_fsc_steps
from ..resolution.local_resolution import LocalResolution, histogram
from ..resolution.local_resolution import resolution as _res
from . import map_resolution_steps as steps

Progress = Optional[Callable[[float, str], None]]
_PERCENTILES = (5, 25, 50, 75, 95)
_NAMES = ("p5", "p25", "median", "p75", "p95")
_CUT = 0.143
_FILTERED = 0.5                       # part of the mask above the noise up to the last band: the solvent does not tell the noise
_NOISE = ("auto", "solvent", "resolution")


@dataclass(frozen=True)
class MapResolutionParams:
    """Parameters of :func:`compute_map_resolution`."""

    resolution: Optional[float] = param(None, "Reported resolution. A map whose solvent was masked off needs it: it says where the noise "
                                        "is. Else the local resolutions are only compared with it.", label="Resolution", unit="Å",
                                        min=0.5, max=200)
    noise: str = param("auto", "Where the noise is from: the solvent around the molecule, or the assumption that the molecule has the "
                       "resolution given. Auto takes the solvent, unless there is too little of it or it was weakened and a "
                       "resolution is given.", label="Noise from", choices=_NOISE)
    window: Optional[float] = param(None, "Standard deviation of the Gaussian window. A wide one is surer and blurs the resolutions. "
                                    "From the data: 5 Å, or the overall resolution where that is more.",
                                    label="Window", unit="Å", min=1, max=200, expert=True)


def _part(meaning: str, better: str = "lower") -> Any:
    return metric("", meaning, better)


@dataclass(frozen=True)
class MapResolutionResult(LocalResolution):
    """Result of :func:`compute_map_resolution`; percentiles are over the voxels of the mask, unresolved ones at the first band."""

    schema: ClassVar[str] = "cryoqa/map_resolution/1"
    overall: float = _res("resolution that window and bands are chosen by: that of the mask as a whole, or the one given")
    finer_percent: Optional[float] = metric("%", "part of the mask with a local resolution finer than the one given", "higher")
    standard_error: Optional[float] = metric("Å", "median standard error of the local resolution, if the noise is right", "lower")
    significant_fraction: float = _part("part of the mask where the signal at its resolution is 3 standard errors above 0", "higher")
    unresolved_fraction: float = _part("part of the mask that is below the threshold from the first band")
    nyquist_fraction: float = _part("part of the mask that is above the threshold up to the last band")
    noise_source: str = _part("where the noise comes from: the solvent, or the resolution given", "none")
    noise_trend: Optional[float] = _part("noise at the middle of the box over that of the solvent, by its course along the radius", "none")
    noise_level: Optional[float] = _part("noise inside the mask over that of the solvent, as it was used", "none")
    noise_spread: Optional[float] = _part("relative standard deviation of the noise over the solvent, its trend taken off")
    solvent_part: float = _part("part of the box that is solvent outside mask and molecule and not cut off", "higher")
    cut_off_part: float = _part("part of the box where the map was cut off, so that it has one value")
    window: float = metric("Å", "standard deviation of the Gaussian window", "none")
    lowest_resolution: float = metric("Å", "resolution of the first band", "none")
    finest_resolution: float = metric("Å", "resolution of the last band", "none")
    bands: int = _part("bands that were looked at", "none")
    mask_source: str = _part("where the mask comes from: given, or made from the map", "none")
    mask_fraction: float = _part("part of the box where the mask is at least 0.5", "none")
    histogram: Optional[Curve] = curve("voxels of the mask by their local resolution", x_label="Local resolution", x_unit="Å",
                                       y_label="Voxels")
    correlation: Optional[Curve] = curve("correlation that half-maps would have inside the mask", x_label="Frequency", x_unit="1/Å",
                                         y_label="FSC")
    percentiles: Optional[Table] = table("percentiles of the local resolution in the mask, in Å")
    resolution_map: Optional[Map] = map_output("Å", "local resolution in Å inside the mask, 0 outside")
    mask_used: Optional[Map] = map_output("", "the mask, when it was made here")


def compute_map_resolution(inputs: Inputs, params: MapResolutionParams, *, progress: Progress = None) -> MapResolutionResult:
    """Local resolution of ``full_map`` (float32 [z, y, x]) alone, at every voxel of ``mask``, one of at least 0.5.

    The map is whitened and split into bands. In each band the average ``P`` of the square in a Gaussian window is signal and noise; the
    noise ``N`` is that of the solvent. Half-maps would have ``FSC = SNR / (SNR + 2)`` with ``SNR = (P - N) / N``; the first fall below
    0.143, linear between bands, is the resolution. SNR and FSC: Rosenthal & Henderson (2003), https://doi.org/10.1016/j.jmb.2003.07.013.
    """
    say = progress or (lambda fraction, message: None)
    steps.check(inputs)
    say(0.02, "mask")
    mask, source = steps.make_mask(inputs)
    say(0.08, "noise")
    begun = steps.start(inputs, mask, params.resolution, params.window, params.noise)
    bank = steps.measure_bands(begun, mask, say)
    overall, sigma, facts = begun.overall, begun.sigma, begun.facts
    del begun
    say(0.85, "local resolution")
    found, mean_fsc, _ = local_fsc_steps.fit(bank, sigma, (_CUT,))
    certainty = local_fsc_steps.certainty(bank, found)
    if params.noise == "auto" and params.resolution and facts["noise_source"] == "solvent" and certainty["nyquist_fraction"] > _FILTERED:
        del bank, found                                      # the solvent is weaker than the noise of the molecule
        return compute_map_resolution(inputs, replace(params, noise="resolution"), progress=progress)
    at_points = np.ones(bank.grid.shape)
    at_points[bank.corners] = found.first[0]
    out = local.spread(at_points, bank.grid, mask, local_fsc_steps.LEVEL)
    inside = out[out > 0]
    values: Dict[str, Any] = dict(zip(_NAMES, (float(v) for v in np.percentile(inside, _PERCENTILES))))
    values.update(facts, overall=overall, window=sigma, bands=bank.at.size, lowest_resolution=float(1 / bank.at[0]),
                  finest_resolution=float(1 / bank.at[-1]), mask_source=source, mask_fraction=inside.size / mask.size,
                  **certainty, histogram=histogram(inside, inside.size), correlation=Curve(bank.at, mean_fsc),
                  percentiles=Table(tuple(f"{p} %" for p in _PERCENTILES), (tuple(values[n] for n in _NAMES),)),
                  resolution_map=inputs.full_map.with_data(out))
    if params.resolution is not None:
        values["finer_percent"] = 100 * float(np.mean(inside < params.resolution))
    if source == "made":
        values["mask_used"] = inputs.full_map.with_data(mask)
    say(1.0, "done")
    return MapResolutionResult(summary=_summary(values), warnings=tuple(_warnings(values, inputs)), **values)


def _summary(v: Dict[str, Any]) -> str:
    how = ("against the noise of its solvent" if v["noise_source"] == "solvent"
           else f"if the molecule as a whole has the {v['overall']:.2f} Å given")
    return (f"The map alone has a local resolution of {v['median']:.2f} Å in the median and from {v['p5']:.2f} to {v['p95']:.2f} Å for "
            f"nine tenths of the mask, {how} (window of {v['window']:.1f} Å).")


def _warnings(v: Dict[str, Any], inputs: Inputs) -> List[str]:
    out = []
    if v["mask_source"] == "made":
        out.append("No mask was given: one was made from the map; look at it, or give a mask.")
    if v["noise_source"] == "resolution":
        out.append("The noise was not measured but taken from the resolution given: the local resolutions are right relative to each "
                   "other at best.")
    if v["nyquist_fraction"] > _FILTERED:
        out.append(f"{100 * v['nyquist_fraction']:.0f} % of the mask is above the noise up to {v['finest_resolution']:.2f} Å, where the "
                   "bands end: the map is filtered, its solvent is weakened, or its voxels are too large.")
    smallest = 2 * max(inputs.full_map.voxel_size)
    if v["window"] < smallest:
        out.append(f"The window of {v['window']:.2f} Å is narrower than two voxels ({smallest:.2f} Å); the local power is mostly noise.")
    return out
