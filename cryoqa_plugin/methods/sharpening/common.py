"""What all sharpening shares: the maps that go in, the resolution, and the values that every result gives."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, List, NamedTuple, Optional

import numpy as np

from ...core import crossing, fourier, guinier, shells
from ...core.fourier import Geometry
from ...errors import InputError, MissingInputError
from ...io.inputs import Inputs, require, require_same_grid
from ...io.maps import Map
from ...results import Curve, Result, curve, map_output, metric
from ..common import check_data, check_mask
from ..map_info.halves import is_masked
from ..masks.common import molecule
from ..resolution.fsc_halves import zero_fraction
from ..resolution.map_or_halves import about_halves

_FIT_FROM = 10.0                                 # Å, lowest resolution of the Guinier fits
_SMALLEST = 16
_SNR = 1 / 3                                     # of a full map whose half-maps correlate by 0.143
_OUTPUTS = {"full_map": "sharpened", "half1": "sharpened_half1", "half2": "sharpened_half2"}


def _guinier_curve(meaning: str) -> Any:
    return curve(meaning, x_label="Frequency squared", x_unit="1/Å²", y_label="ln mean amplitude")


@dataclass(frozen=True)
class SharpenedResult(Result):
    """What every sharpening gives."""

    resolution: Optional[float] = metric("Å", "resolution that the sharpening went by", "none")
    bfactor_before: Optional[float] = metric("Å²", "B-factor of the Guinier plot before, from 10 Å on; negative for a decay", "none")
    bfactor_after: Optional[float] = metric("Å²", "B-factor of the Guinier plot after, over the same range", "none")
    half_maps_identical: Optional[bool] = metric("", "the half-maps are copies of each other, up to a factor", "none")
    zero_fraction: Optional[float] = metric("", "part of the voxels of a half-map that are exactly 0", "lower")
    guinier_before: Optional[Curve] = _guinier_curve("Guinier plot before")
    guinier_after: Optional[Curve] = _guinier_curve("Guinier plot after")
    sharpened: Optional[Map] = map_output("", "the sharpened map")
    sharpened_half1: Optional[Map] = map_output("", "half-map 1 sharpened alike")
    sharpened_half2: Optional[Map] = map_output("", "half-map 2 sharpened alike")


class Work(NamedTuple):
    """The maps to sharpen by the name of their output, and what is known of them.

    ``maps`` holds ``sharpened`` and, when half-maps are there, ``sharpened_half1`` and ``sharpened_half2``; ``mean`` is the first, the
    full map or the mean of the half-maps. ``values`` are fields of the result that are known already; ``warnings`` is filled on the way.
    """

    mean: Map
    maps: Dict[str, Map]
    halves: bool
    geo: Geometry
    resolution: float
    values: Dict[str, Any]
    warnings: List[str]


def prepare(inputs: Inputs, resolution: Optional[float] = None, *, need_halves: bool = False) -> Work:
    """Checked inputs of a sharpening: a map, two half-maps or both, with ``mask``, ``model`` and ``reference_map`` left to the caller.

    ``resolution`` (Å) is estimated when it is None: the FSC of the half-maps at 0.143, in the mask when there is one, else what the
    solvent around the molecule says (:func:`resolution_of_map`).
    """
    halves = need_halves or inputs.half1 is not None or inputs.half2 is not None
    if halves:
        require(inputs, "half1", "half2")
    elif inputs.full_map is None:
        raise MissingInputError("There is no map to sharpen; give a map, or both half-maps.")
    maps = _checked(inputs)
    warnings: List[str] = []
    values: Dict[str, Any] = {}
    mean = inputs.full_map
    if halves:
        values = dict(half_maps_identical=about_halves(inputs, warnings).identical,
                      zero_fraction=zero_fraction(inputs.half1.data, inputs.half2.data))
        if mean is None:
            mean = inputs.half1.with_data((inputs.half1.data + inputs.half2.data) * np.float32(0.5))
    geo = fourier.geometry(mean.shape, mean.voxel_size)
    finest = geo.length / (geo.n_shells - 1)
    if resolution is None:
        resolution = resolution_of_halves(inputs, geo) if halves else resolution_of_map(mean)
    elif resolution < finest * (1 - 1e-3):
        raise InputError(f"The resolution is {resolution:.4g} Å but voxels of {mean.voxel:.4g} Å ({mean.path}) hold nothing finer than "
                         f"{finest:.4g} Å; give a resolution of at least that.")
    values["resolution"] = resolution
    return Work(mean, dict(sharpened=mean, **maps), halves, geo, resolution, values, warnings)


def _checked(inputs: Inputs) -> Dict[str, Map]:
    used = inputs.maps()
    require_same_grid(used)
    for kind, map_ in used.items():
        if kind in ("mask", "mask2"):
            check_mask(map_, kind)
        elif kind != "resolution_map":
            check_data(map_, kind)
    first = next(iter(used.values()))
    if min(first.shape) < _SMALLEST:
        box = " x ".join(str(n) for n in first.shape[::-1])
        raise InputError(f"The map is {box} voxels ({first.path}); sharpening needs at least {_SMALLEST} along each axis. Give the whole "
                         "map.")
    return {_OUTPUTS[k]: m for k, m in used.items() if k in ("half1", "half2")}


def resolution_of_halves(inputs: Inputs, geo: Geometry) -> float:
    """Where the FSC of the half-maps, in the mask when there is one, first falls below 0.143 (Å); Nyquist when it never does."""
    one, two = inputs.half1.data, inputs.half2.data
    if inputs.mask is not None:
        one, two = one * inputs.mask.data, two * inputs.mask.data
    curve_ = shells.fsc(shells.cross_sums(fourier.forward(one), fourier.forward(two), geo))
    return _as_resolution(crossing.find_crossings(fourier.frequencies(geo), curve_, 0.143).first, geo)


def resolution_of_map(map_: Map) -> float:
    """Resolution (Å) of a map without half-maps, from the noise of the solvent around the molecule.

    A soft mask ``m`` of the molecule is made from the map. Where the solvent is not masked off, the power of ``(1 - m) rho`` per voxel
    is that of the noise, and that of ``m rho`` is noise and signal; the resolution is where signal over noise falls below 1/3, which
    is what two half-maps with a correlation of 0.143 come to.
    """
    if is_masked(map_.data):
        raise InputError(f"The resolution cannot be told from this map, whose solvent is masked ({map_.path}); give the resolution.")
    geo = fourier.geometry(map_.shape, map_.voxel_size)
    mask = molecule(map_)
    power = []
    for weight in (mask, 1 - mask):
        total, _, count = shells.power_sums(fourier.forward(map_.data * weight), geo)
        power.append(total / np.maximum(count, 1) / max(float((weight.astype(np.float64) ** 2).sum()), 1.0))
    ratio = power[0] / np.maximum(power[1], 1e-12 * power[0].max()) - 1
    return _as_resolution(crossing.find_crossings(fourier.frequencies(geo), ratio, _SNR, start=2).first, geo)


def _as_resolution(freq: float, geo: Geometry) -> float:
    if np.isfinite(freq) and freq > 0:
        return float(1 / freq)
    return float(geo.length / (geo.n_shells - 1))


def guinier_of(data: np.ndarray, geo: Geometry) -> Curve:
    """Guinier plot of a map, float32 [z, y, x]: ln of the mean amplitude over the square of the frequency (1/Å²)."""
    _, amplitude, count = shells.power_sums(fourier.forward(data), geo)
    return Curve(fourier.frequencies(geo)[1:] ** 2, guinier.log_amplitudes(amplitude, count, data.size)[1:])


def finish(work: Work, maps: Dict[str, np.ndarray]) -> Dict[str, Any]:
    """Fields of :class:`SharpenedResult` from the sharpened arrays, float32 [z, y, x], by the name of their output."""
    before, after = guinier_of(work.mean.data, work.geo), guinier_of(maps["sharpened"], work.geo)
    out = dict(work.values, guinier_before=before, guinier_after=after)
    for name, plot in (("bfactor_before", before), ("bfactor_after", after)):
        fit = guinier.fit(np.sqrt(plot.x), plot.y, _FIT_FROM, work.resolution)
        out[name] = fit.bfactor if fit else None
    out.update({name: work.mean.with_data(data) for name, data in maps.items()})
    return out
