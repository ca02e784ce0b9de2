"""Local resolution from two half-maps: the FSC in a window around every voxel, by a filter bank."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, ClassVar, Dict, List, Optional

import numpy as np

from ...core import local
from ...io.inputs import Inputs
from ...io.maps import Map
from ...params import param
from ...results import Curve, Table, curve, map_output, metric, table
from ..map_info.halves_position import position_notes
from . import local_fsc_steps as steps
from .local_resolution import LocalResolution, histogram, mask_notes, where
from .local_resolution import resolution as _res

Progress = Optional[Callable[[float, str], None]]
_PERCENTILES = (5, 25, 50, 75, 95)
_STRICT = 0.5
_NAMES = ("p5", "p25", "median", "p75", "p95")


@dataclass(frozen=True)
class LocalFscParams:
    """Parameters of :func:`compute_local_fsc`."""

    threshold: float = param(0.143, "Local half-map FSC at which the resolution of a voxel is read. The table gives 0.5 as well.",
                             label="Threshold", min=0.05, max=0.9)
    window: Optional[float] = param(None, "Standard deviation of the Gaussian window. A wide one is surer and blurs the resolutions. "
                                    "From the data: 5 Å, or the overall resolution where that is more.",
                                    label="Window", unit="Å", min=1, max=200)
    lowest_resolution: Optional[float] = param(None, "Coarsest resolution looked for; voxels worse than it are unresolved. From the data: "
                                               "5 times the overall resolution.", label="Lowest resolution", unit="Å", min=2, max=1000,
                                               expert=True)


@dataclass(frozen=True)
class LocalFscResult(LocalResolution):
    """Result of :func:`compute_local_fsc`; percentiles are over the voxels of the mask, unresolved ones at the lowest resolution."""

    schema: ClassVar[str] = "cryoqa/local_fsc/1"
    median_05: float = _res("median in the mask at a local FSC of 0.5")
    overall: float = _res("resolution of the unmasked half-maps at FSC 0.143, from which window and bands are chosen")
    standard_error: Optional[float] = metric("Å", "median standard error of the local resolution, from the noise of the half-maps", "lower")
    coefficients: Optional[float] = metric("", "independent coefficients behind the local FSC at the median resolution", "higher")
    significant_fraction: float = metric("", "part of the mask where the signal at its resolution is 3 standard errors above 0", "higher")
    unresolved_fraction: float = metric("", "part of the mask where the local FSC is below the threshold from the first band", "lower")
    nyquist_fraction: float = metric("", "part of the mask where the local FSC is above the threshold up to the last band", "lower")
    threshold: float = metric("", "local FSC at which the resolution is read", "none")
    window: float = metric("Å", "standard deviation of the Gaussian window", "none")
    lowest_resolution: float = metric("Å", "resolution of the first band", "none")
    bands: int = metric("", "bands that were looked at", "none")
    mask_source: str = metric("", "where the mask comes from: given, made from the half-maps, or none", "none")
    mask_fraction: float = metric("", "part of the box where the mask is at least 0.5", "none")
    half_maps_identical: bool = metric("", "the half-maps are copies of each other, up to a factor", "none")
    half_maps_masked: bool = metric("", "a half-map was multiplied by a mask before it came here", "none")
    histogram: Optional[Curve] = curve("voxels of the mask by their local resolution", x_label="Local resolution", x_unit="Å",
                                       y_label="Part of the mask", y_unit="%")
    fsc_local: Optional[Curve] = curve("FSC of the half-maps inside the mask, from the local averages", x_label="Frequency", x_unit="1/Å",
                                       y_label="FSC")
    percentiles: Optional[Table] = table("percentiles of the local resolution in the mask, in Å")
    resolution_map: Optional[Map] = map_output("Å", "local resolution in Å inside the mask, 0 outside")
    mask_used: Optional[Map] = map_output("", "the mask, when it was made here")


def compute_local_fsc(inputs: Inputs, params: LocalFscParams, *, progress: Progress = None) -> LocalFscResult:
    """Local resolution of ``half1`` and ``half2`` (float32 [z, y, x]) at every voxel of ``mask``, one of at least 0.5.

    Both half-maps are whitened and split into bands. In each band the averages of ``((a + b) / 2)^2`` and ``((a - b) / 2)^2`` in a
    Gaussian window give ``FSC = (P - D) / (P + D)``, that is ``SNR / (1 + SNR)``; the first fall below ``threshold``, linear between
    bands, is the resolution. Definition: Cardone, Heymann & Steven (2013), https://doi.org/10.1016/j.jsb.2013.08.002.
    """
    say = progress or (lambda fraction, message: None)
    steps.check(inputs)
    say(0.02, "mask")
    mask, source = steps.make_mask(inputs)
    say(0.05, "Fourier transforms")
    begun = steps.start(inputs)
    sigma = steps.choose_window(params.window, begun.overall)
    bank = steps.measure_bands(begun, mask, sigma, params.lowest_resolution, min(params.threshold, _STRICT), say)
    overall, facts = begun.overall, dict(half_maps_identical=begun.identical, half_maps_masked=begun.masked)
    del begun
    say(0.85, "local FSC")
    found, mean_fsc, behind = steps.fit(bank, sigma, (params.threshold, _STRICT))
    maps = [_voxels(bank, f, mask) for f in found.first]
    inside = [m[m > 0] for m in maps]
    values: Dict[str, Any] = dict(zip(_NAMES, (float(v) for v in np.percentile(inside[0], _PERCENTILES))))
    values.update(facts, overall=overall, window=sigma, threshold=params.threshold, median_05=float(np.median(inside[1])),
                  bands=bank.at.size, lowest_resolution=float(1 / bank.at[0]), mask_source=source,
                  mask_fraction=inside[0].size / mask.size, **steps.certainty(bank, found),
                  coefficients=float(np.interp(1 / values["median"], bank.at, behind)), histogram=histogram(inside[0]),
                  fsc_local=Curve(bank.at, mean_fsc), percentiles=_table(params.threshold, inside),
                  resolution_map=inputs.half1.with_data(maps[0]))
    if source == "made":
        values["mask_used"] = inputs.half1.with_data(mask)
    say(1.0, "done")
    return LocalFscResult(summary=_summary(values), warnings=tuple(_warnings(values, inputs)), **values)


def _voxels(bank: steps.Bank, first: np.ndarray, mask: np.ndarray) -> np.ndarray:
    at_points = np.ones(bank.grid.shape)
    at_points[bank.corners] = first
    return local.spread(at_points, bank.grid, mask, steps.LEVEL)


def _table(threshold: float, inside: List[np.ndarray]) -> Table:
    rows = [(cut, *(float(v) for v in np.percentile(values, _PERCENTILES))) for cut, values in zip((threshold, _STRICT), inside)]
    return Table(("FSC", *(f"{p} %" for p in _PERCENTILES)), tuple(rows))


def _summary(v: Dict[str, Any]) -> str:
    if v["half_maps_identical"]:
        return "The half-maps are copies of each other: their local FSC is 1 everywhere and says nothing about resolution."
    return (f"The local resolution at FSC {v['threshold']:g} is {v['median']:.2f} Å in the median and from {v['p5']:.2f} to "
            f"{v['p95']:.2f} Å for nine tenths of the voxels, {where(v['mask_source'])} (window of {v['window']:.1f} Å).")


def _warnings(v: Dict[str, Any], inputs: Inputs) -> List[str]:
    out = mask_notes(v["mask_source"])
    if v["half_maps_masked"]:
        out.append("The half-maps are masked: near the edge of that mask the local FSC is that of what it left.")
    out += position_notes(inputs.half1, inputs.half2)
    smallest = 2 * max(inputs.half1.voxel_size)
    if v["window"] < smallest:
        out.append(f"The window of {v['window']:.2f} Å is narrower than two voxels ({smallest:.2f} Å); the local FSC is mostly noise.")
    return out
