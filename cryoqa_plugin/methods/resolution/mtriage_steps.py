"""The steps of mtriage: check, count, transform, mask, measure."""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

import numpy as np

from ...core import fourier, masks, spectra
from ...errors import InputError, MissingInputError
from ...io.inputs import Inputs, require, require_same_grid
from ...io.maps import Map
from ...results import Curve, Table
from ..common import check_data, check_mask
from . import mtriage_model as placing

_BINS = 20                            # of the histograms
_STANDARD_CUTS = ((0.143, "0143"), (0.5, "05"))


@dataclass
class Work:
    """What the steps share. ``grid`` is the map that stands for the grid; ``warnings`` grows on the way."""

    inputs: Inputs
    params: Any
    grid: Map
    geo: fourier.Geometry
    warnings: List[str] = field(default_factory=list)
    model: Optional[placing.Placed] = None

    @property
    def has_halves(self) -> bool:
        """Both half-maps are there."""
        return self.inputs.half1 is not None

    def map_data(self) -> np.ndarray:
        """The map, float32 [z, y, x]: the full map, else the mean of the half-maps made anew."""
        if self.inputs.full_map is not None:
            return self.inputs.full_map.data
        return (self.inputs.half1.data + self.inputs.half2.data) * np.float32(0.5)


class Measured(NamedTuple):
    """Numbers and curves of one pass by name, the correlation of the fitted model, and how often the half-map FSC falls below 0.143."""

    values: Dict[str, Any]
    correlation: Optional[float]
    falls: Optional[int]


def prepare(inputs: Inputs, params: Any) -> Work:
    """Check the inputs against each other; one sentence when something is wrong."""
    if inputs.half1 is not None or inputs.half2 is not None:
        require(inputs, "half1", "half2")
    elif inputs.full_map is None:
        raise MissingInputError("A map or two half-maps are needed and none was given; give the file of the map, or those of both "
                                "half-maps.")
    maps = inputs.maps()
    require_same_grid(maps)
    for kind, map_ in maps.items():
        (check_mask if kind == "mask" else check_data)(map_, kind)
    _check_choices(inputs, params)
    grid = inputs.full_map if inputs.full_map is not None else inputs.half1
    work = Work(inputs, params, grid, fourier.geometry(grid.shape, grid.voxel_size))
    for kind, map_ in maps.items():
        if map_ is not grid and any(abs(p - q) > 0.5 * v for p, q, v in zip(map_.origin, grid.origin, grid.voxel_size)):
            work.warnings.append(f"The origin of {kind} is {_triple(map_.origin)} Å but that of the first map is {_triple(grid.origin)} Å; "
                                 "the boxes are taken to lie on each other.")
    return work


def _check_choices(inputs: Inputs, params: Any) -> None:
    if params.low_resolution and params.high_resolution and params.low_resolution <= params.high_resolution:
        raise InputError(f"The low-resolution limit is {params.low_resolution:g} Å and the high-resolution limit "
                         f"{params.high_resolution:g} Å; the first must be the larger number.")
    if params.masking == "unmasked":
        return
    if params.mask_from == "given":
        require(inputs, "mask")
    if params.mask_from == "model":
        require(inputs, "model")
    if params.masking == "masked" and params.mask_from == "automatic" and inputs.mask is None and inputs.model is None:
        raise MissingInputError("Only masked maps are asked for, but there is neither a mask nor a model to make one from; "
                                "give one of them or take the mask from the variance of the map.")


def _triple(values: Tuple[float, float, float]) -> str:
    return ", ".join(f"{v:.4g}" for v in values)


def counts(work: Work) -> Dict[str, Any]:
    """Table of the maps, histograms, and the correlation of the histograms of the half-maps."""
    named = {"map": work.map_data()}
    if work.has_halves:
        named.update(half1=work.inputs.half1.data, half2=work.inputs.half2.data)
    rows, ranges = [], {}
    corner = 1 / np.sqrt(sum((0.5 / v) ** 2 for v in work.grid.voxel_size))
    for name, data in named.items():
        ranges[name] = (float(data.min()), float(data.max()))
        mean, sd = _moments(data)
        rows.append((name, *data.shape[::-1], *map(float, work.grid.origin), *ranges[name], mean, sd, float(corner)))
    columns = ("map", "nx", "ny", "nz", "origin_x", "origin_y", "origin_z", "min", "max", "mean", "sd", "d_min_corner")
    values: Dict[str, Any] = {"map_counts": Table(columns, tuple(rows)), "nyquist": 2 * float(max(work.grid.voxel_size))}
    if work.has_halves:
        both = (min(ranges["half1"][0], ranges["half2"][0]), max(ranges["half1"][1], ranges["half2"][1]))
        ranges.update(half1=both, half2=both)
    for name, data in named.items():
        values[f"histogram_{name}"] = _histogram(data, *ranges[name])
    if work.has_halves:
        values["histogram_correlation"] = float(np.corrcoef(values["histogram_half1"].y, values["histogram_half2"].y)[0, 1])
    return values


def _moments(data: np.ndarray) -> Tuple[float, float]:
    """Mean and standard deviation, with float64 sums over one section at a time."""
    mean = sum(float(section.sum(dtype=np.float64)) for section in data) / data.size
    square = sum(float(np.square(section - np.float64(mean)).sum()) for section in data)
    return mean, float(np.sqrt(square / data.size))


def _histogram(data: np.ndarray, low: float, high: float) -> Curve:
    scale, total = np.float32(_BINS / (high - low)), np.zeros(_BINS, dtype=np.int64)
    for section in data:
        index = ((section - np.float32(low)) * scale).astype(np.int32)
        total += np.bincount(np.clip(index, 0, _BINS - 1).ravel(), minlength=_BINS)
    width = (high - low) / _BINS
    return Curve(low + width * (np.arange(_BINS) + 0.5), total.astype(np.float64))


def place_model(work: Work) -> Dict[str, Any]:
    """Put the model on the grid; numbers about its atoms, nothing without a model."""
    if work.inputs.model is None:
        return {}
    work.model = placing.place(work.inputs.model, work.grid, work.params.scattering_table, work.map_data, work.warnings)
    return work.model.values


def measure(work: Work, mask: Optional[np.ndarray]) -> Measured:
    """All numbers and curves of the maps, times ``mask`` (float32 [z, y, x]) when there is one."""
    values: Dict[str, Any] = {}
    halves, full_ft, full = _sums(work, mask)
    as_phenix = work.params.phenix_d99
    values["d99_map"] = spectra.d99(full, 1, as_phenix)
    falls, correlation = None, None
    if halves is not None:
        values.update(d99_half1=spectra.d99(halves, 1, as_phenix), d99_half2=spectra.d99(halves, 2, as_phenix))
        smooth = spectra.smooth_curve(halves)
        values["d_fsc"], _ = spectra.crossing(*smooth, 0.143)
        before = smooth[0] <= 0.5 / max(work.grid.voxel_size)        # in the last corners a few coefficients make noise
        _, falls = spectra.crossing(smooth[0][before], smooth[1][before], 0.143)
        values["d_fsc_05"], _ = spectra.crossing(*smooth, 0.5)
        values["fsc_half"] = Curve(*spectra.shell_curve(halves))
    if work.model is not None:
        correlation = _measure_model(work, full_ft, values)
    return Measured({n: None if isinstance(v, float) and v != v else v for n, v in values.items()}, correlation, falls)


def _limits(work: Work) -> Tuple[Optional[float], Optional[float]]:
    return work.params.low_resolution, work.params.high_resolution


def _sums(work: Work, mask: Optional[np.ndarray]) -> Tuple[Optional[spectra.Spectra], Optional[np.ndarray], spectra.Spectra]:
    """Sums of the half-maps, the transform of the map when a model needs it, and the sums of the map with itself."""
    def transform(data: np.ndarray) -> np.ndarray:
        return fourier.forward(data if mask is None else data * mask)

    halves, full_ft = None, None
    if work.has_halves:
        f1, f2 = transform(work.inputs.half1.data), transform(work.inputs.half2.data)
        halves = spectra.spectra(f1, f2, work.geo, *_limits(work))
        if work.inputs.full_map is None:
            if work.model is not None:
                f1 += f2
                f1 *= np.float32(0.5)
                full_ft = f1
            return halves, full_ft, spectra.mean_of(halves)
        del f1, f2
    full_ft = transform(work.inputs.full_map.data)
    return halves, full_ft, spectra.spectra(full_ft, full_ft, work.geo, *_limits(work))


def _measure_model(work: Work, full_ft: np.ndarray, values: Dict[str, Any]) -> Optional[float]:
    """Adds the map-model numbers to ``values``; the correlation of the best fit, None when there is none."""
    pair = spectra.spectra(full_ft, work.model.ft, work.geo, *_limits(work))
    values["d_fsc_model_0"], _ = spectra.crossing(*spectra.fine_curve(pair), 0.0)
    smooth = spectra.smooth_curve(pair)
    for cut, name in _STANDARD_CUTS:
        values[f"d_fsc_model_{name}"], _ = spectra.crossing(*smooth, cut)
    values["fsc_model"] = Curve(*spectra.shell_curve(pair))
    fit = spectra.fit_model(spectra.spectra(full_ft, work.model.ft_b0, work.geo, *_limits(work)), values["d_fsc_model_0"])
    if fit is None:
        return None
    values.update(d_model=fit.d_model, d_model_b0=fit.d_model_b0, b_iso_overall=fit.b_iso)
    return fit.correlation


def named(measured: Measured, suffix: str) -> Dict[str, Any]:
    """The values of a pass under the names of the result."""
    return {f"{name}_{suffix}": value for name, value in measured.values.items()}


def make_mask(work: Work, unmasked: Measured) -> Optional[Map]:
    """The mask of the masked pass, None when there is none to use."""
    source = mask_source(work)
    if source is None:
        return None
    if source == "given":
        return work.inputs.mask
    radius = smoothing_radius(work, unmasked)
    if source == "model":
        binary = placing.around(work.model, work.grid, radius)
    else:
        binary = masks.local_variance_mask(work.map_data(), work.grid.voxel_size, _resolution(work, unmasked))
    soft = masks.gaussian_soften(binary, work.grid.voxel_size, radius)
    del binary
    top = float(soft.max())
    if source == "variance" or top > 1:
        soft /= np.float32(top)
    return work.grid.with_data(soft)


def mask_source(work: Work) -> Optional[str]:
    """``given``, ``model``, ``variance``, or None without a masked pass."""
    if work.params.masking == "unmasked":
        return None
    if work.params.mask_from != "automatic":
        return work.params.mask_from
    if work.inputs.mask is not None:
        return "given"
    return "model" if work.inputs.model is not None else None


def _resolution(work: Work, unmasked: Measured) -> float:
    return work.params.resolution or unmasked.values.get("d_fsc") or unmasked.values["d99_map"]


def smoothing_radius(work: Work, unmasked: Measured) -> float:
    """Smoothing radius of the mask in Å."""
    if work.params.radius_smooth is not None:
        return work.params.radius_smooth
    return work.params.radius_smooth_ratio * _resolution(work, unmasked)
