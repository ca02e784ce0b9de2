"""A map low-passed in every voxel at its local resolution."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Dict, NamedTuple, Optional, Tuple

import numpy as np

from ...core import banks, fourier
from ...core.fourier import Geometry
from ...errors import InputError, MissingInputError
from ...io.inputs import require
from ...io.maps import Map
from ...params import param
from ...progress import Progress, silent
from ...results import Curve, curve, map_output, metric
from ...study import Study
from ...study.halves import HalfMapFacts

_LEAST = 0.5                                     # of the finest that the voxels allow: a resolution in nm, or a mask, is below
_COARSE_LIMIT = 100.0                            # Å; other programs write 100 and more for "no resolution here"
_SPACING = 0.25                                  # of the edge, from one filter of the bank to the next
_OUTPUTS = {"full_map": "filtered", "half1": "filtered_half1", "half2": "filtered_half2"}
_FILL_VOXELS = 3.0                               # standard deviation of the Gaussian that carries frequencies outside


@dataclass(frozen=True)
class LocalFilterParams:
    """Parameters of the ``local_filter`` capability."""

    outside: str = param("coarsest", "What happens where the resolution map says nothing (0, 100 and more, not a number). coarsest: "
                         "low-passed at the coarsest resolution of the map; zero: set to 0, with a soft edge.", label="Outside",
                         choices=("coarsest", "zero"))
    bfactor: float = param(0.0, "B-factor applied together with the low-pass; negative sharpens.", label="B-factor", unit="Å²", min=-1000,
                           max=1000)
    smooth: Optional[float] = param(None, "Standard deviation of the Gaussian that smooths the local frequencies before they are used, "
                                    "so that steps do not show; 0 for none, two voxels when empty.", label="Smooth the resolution map",
                                    unit="Å", min=0, max=50, expert=True)
    edge: float = param(0.2, "Width of the edge of the low-pass, as part of its frequency.", label="Edge of the filters", min=0.02, max=1,
                        expert=True)


def _res(meaning: str) -> Any:
    return metric("Å", meaning, "none")


@dataclass(frozen=True)
class LocalFilterResult(HalfMapFacts):
    """Result of the ``local_filter`` capability."""

    schema: ClassVar[str] = "cryoqa/local_filter/1"
    resolution_finest: Optional[float] = _res("finest local resolution")
    median: Optional[float] = _res("median of the local resolution")
    resolution_coarsest: Optional[float] = _res("coarsest local resolution, of 99 % of the voxels that have one")
    fraction_outside: Optional[float] = metric("", "part of the voxels without a resolution: 0, 100 Å or more, not a number", "none")
    fraction_finer: Optional[float] = metric("", "part of the voxels whose resolution is finer than the voxels allow", "lower")
    variance_kept: Optional[float] = metric("", "variance after over before the filter, where there is a resolution", "none")
    n_filters: Optional[int] = metric("", "filters of the bank that were used", "none")
    histogram: Optional[Curve] = curve("local resolution", x_label="Local resolution", x_unit="Å", y_label="voxels")
    filtered: Optional[Map] = map_output("", "the map, low-passed at its local resolution", output="outputVolume", halves="input")
    filtered_half1: Optional[Map] = map_output("", "half-map 1 filtered alike")
    filtered_half2: Optional[Map] = map_output("", "half-map 2 filtered alike")


class LocallyFiltered(NamedTuple):
    """Filtered maps, float32 [z, y, x], by name; where there is a resolution, bool [z, y, x]; fields of the result and what to say."""

    data: Dict[str, np.ndarray]
    inside: np.ndarray
    values: Dict[str, Any]
    warnings: Tuple[str, ...]


class Bank(NamedTuple):
    """The filters, and the place of each voxel among them; ``mask`` float32 [z, y, x] that multiplies the output, or None."""

    cutoffs: np.ndarray
    position: np.ndarray
    mask: Optional[np.ndarray]


class ResolutionBank(NamedTuple):
    """The filters for a resolution map; where it has a value, bool [z, y, x]; fields of the result and what to say."""

    bank: Bank
    inside: np.ndarray
    values: Dict[str, Any]
    warnings: Tuple[str, ...]


def compute_local_filter(study: Study, params: LocalFilterParams, *, progress: Progress = silent) -> LocalFilterResult:
    """A map low-passed in every voxel at its local resolution, by a bank of low-pass filters with linear interpolation between neighbours.

    Parameters
    ----------
    study
        ``resolution_map`` (Å) and ``full_map``, or ``half1`` and ``half2``, or all three.
    params
        See :class:`LocalFilterParams`.
    progress
        Told how far it is.

    Returns
    -------
    LocalFilterResult
        The filtered maps; without ``full_map`` the mean of the filtered half-maps.

    Raises
    ------
    MissingInputError
        There is no resolution map, or no map to filter.
    InputError
        The inputs do not fit together, or the resolution map tells nothing.

    References
    ----------
    Cardone, Heymann & Steven (2013), https://doi.org/10.1016/j.jsb.2013.08.002.
    """
    maps = _maps_to_filter(study)
    done = filter_maps(maps, study.resolution_map, params, progress)
    out = {name: map_.with_data(done.data[name]) for name, map_ in maps.items()}
    if "filtered" not in out:
        out["filtered"] = study.half1.with_data((done.data["filtered_half1"] + done.data["filtered_half2"]) / 2)
    kept = _ratio(out["filtered"].data[done.inside], study.density.data[done.inside])
    values = dict(done.values, variance_kept=kept, **study.half_map_values())
    progress(1.0, "done")
    return LocalFilterResult(summary=_summary(values, params), warnings=done.warnings, **values, **out)


def _maps_to_filter(study: Study) -> Dict[str, Map]:
    """The maps to filter by the name of their output; raises :class:`MissingInputError` or :class:`InputError`."""
    require(study.inputs, "resolution_map")
    if study.full_map is None and study.half1 is None and study.half2 is None:
        raise MissingInputError("There is no map to filter; give a map, or both half-maps.")
    study.check("full_map", "half1", "half2", "resolution_map", least=1)
    return {_OUTPUTS[name]: map_ for name, map_ in study.maps().items() if name in _OUTPUTS}


def filter_maps(maps: Dict[str, Map], grid: Map, params: LocalFilterParams, progress: Progress = silent) -> LocallyFiltered:
    """Maps low-passed in every voxel at its local resolution.

    Parameters
    ----------
    maps
        Maps on one grid, by name.
    grid
        Local resolution in Å on that grid.
    params
        See :class:`LocalFilterParams`.
    progress
        Told how far it is.

    Returns
    -------
    LocallyFiltered
        The filtered maps by the same names.

    Raises
    ------
    InputError
        The resolution map tells nothing.
    """
    geo = fourier.geometry(grid.shape, grid.voxel_size)
    progress(0.05, "resolution map")
    found = resolution_bank(grid, params)
    out = {}
    for i, (name, map_) in enumerate(maps.items()):
        progress(0.1 + 0.85 * i / len(maps), f"filtering map {i + 1} of {len(maps)}")
        out[name] = _filtered(map_.data, found.bank, geo, params)
    found.values["n_filters"] = int(np.count_nonzero(banks.used(found.bank.position, found.bank.cutoffs.size)))
    return LocallyFiltered(out, found.inside, found.values, found.warnings)


def resolution_bank(grid: Map, params: LocalFilterParams) -> ResolutionBank:
    """The filters that a resolution map asks for.

    Parameters
    ----------
    grid
        Local resolution in Å.
    params
        See :class:`LocalFilterParams`.

    Returns
    -------
    ResolutionBank
        With what is to be said of the resolution map.

    Raises
    ------
    InputError
        The resolution map tells nothing.
    """
    geo, inside = fourier.geometry(grid.shape, grid.voxel_size), resolved(grid)
    values, warnings = _statistics(grid, inside, geo)
    return ResolutionBank(_bank(grid, inside, geo, params, values["resolution_coarsest"]), inside, values, warnings)


def resolved(grid: Map) -> np.ndarray:
    """Where a resolution map tells a resolution.

    Parameters
    ----------
    grid
        Local resolution in Å; 0, 100 and more, and what is not a number tell nothing.

    Returns
    -------
    ndarray
        bool [z, y, x].

    Raises
    ------
    InputError
        It tells a resolution nowhere, or one that these voxels cannot hold everywhere.
    """
    with np.errstate(invalid="ignore"):
        inside = (grid.data > 0) & (grid.data < _COARSE_LIMIT)
    if not inside.any():
        finite = grid.data[np.isfinite(grid.data)]
        low, high = (float(finite.min()), float(finite.max())) if finite.size else (np.nan, np.nan)
        raise InputError(f"The local-resolution map has no voxel between 0 and {_COARSE_LIMIT:g} Å: its values go from {low:g} to {high:g}"
                         f"{f' ({grid.path})' if grid.path else ''}. Give a map of the resolution in Å.")
    coarsest, voxel = float(np.quantile(grid.data[inside], 0.99)), min(grid.voxel_size)
    if coarsest < voxel:                                     # a mask, another unit, or another voxel size
        raise InputError(f"The local-resolution map says {coarsest:.3g} Å and finer nearly everywhere, but voxels of {voxel:.4g} Å hold "
                         f"nothing finer than {2 * voxel:.4g} Å{f' ({grid.path})' if grid.path else ''}. Give a map of the resolution "
                         "in Å.")
    return inside


def _statistics(grid: Map, inside: np.ndarray, geo: Geometry) -> Tuple[Dict[str, Any], Tuple[str, ...]]:
    """Metrics and histogram of the resolution map, by result field, and what is to be said about it."""
    known = grid.data[inside]
    nyquist = geo.length / (geo.n_shells - 1)
    finer = int(np.count_nonzero(known < nyquist * (1 - 1e-3)))
    if float(np.median(known)) < _LEAST * nyquist:
        file = f" ({grid.path})" if grid.path else ""
        raise InputError(f"The local-resolution map{file} has the median {float(np.median(known)):.3g}, finer than one voxel of "
                         f"{nyquist / 2:.3g} Å: it is no map of the resolution in Å. Give one that is, and no mask.")
    known = np.maximum(known, np.float32(nyquist)) if finer else known
    # A few stray voxels would stretch the bank of filters and the histogram.
    coarsest = float(np.quantile(known, 0.99))
    edges = np.linspace(0.999 * float(known.min()), 1.001 * coarsest, 41)
    count, _ = np.histogram(np.minimum(known, np.float32(coarsest)), edges)
    bad, strange = int(np.count_nonzero(~np.isfinite(grid.data))), int(np.count_nonzero(grid.data < 0))
    warnings = []
    if bad or strange:
        warnings.append(f"The local-resolution map has {bad} voxels that are NaN or infinite and {strange} below 0 out of "
                        f"{grid.data.size}; they count as outside.")
    if finer:
        warnings.append(f"{finer} voxels have a resolution finer than {nyquist:.3g} Å, the finest that the voxels allow; it is used there.")
    values = dict(resolution_finest=float(known.min()), median=float(np.median(known)), resolution_coarsest=coarsest,
                  fraction_outside=1 - known.size / grid.data.size, fraction_finer=finer / grid.data.size,
                  histogram=Curve((edges[1:] + edges[:-1]) / 2, count.astype(float)))
    return values, tuple(warnings)


def _bank(grid: Map, inside: np.ndarray, geo: Geometry, params: LocalFilterParams, coarsest: float) -> Bank:
    """The filters that the resolution map asks for."""
    voxel, limit = float(np.mean(grid.voxel_size)), (geo.n_shells - 1) / geo.length
    frequency = np.zeros(grid.shape, dtype=np.float32)
    np.divide(1, grid.data, out=frequency, where=inside)
    # Finer than the voxels allow there is nothing to filter.
    np.minimum(frequency, np.float32(limit), out=frequency)
    mask = None
    if not inside.all():
        frequency, mask = banks.fill_outside(frequency, inside, geo, _FILL_VOXELS * voxel, min(1 / coarsest, limit))
    sigma = 2 * voxel if params.smooth is None else params.smooth
    low, high = float(frequency.min()), float(frequency.max())
    # Frequencies are smoothed and not resolutions: 1 / d is what a filter is linear in.
    if sigma > 0 and high > low:
        frequency = np.clip(banks.gaussian(frequency, geo, sigma), low, high)
    cutoffs = banks.bank(low, high, _SPACING * params.edge)
    return Bank(cutoffs, banks.positions(frequency, cutoffs), mask if params.outside == "zero" else None)


def _filtered(data: np.ndarray, bank: Bank, geo: Geometry, params: LocalFilterParams) -> np.ndarray:
    out = banks.filter_locally(data, geo, bank.position, bank.cutoffs, params.edge, params.bfactor)
    if bank.mask is not None:
        out *= bank.mask
    return out


def _ratio(after: np.ndarray, before: np.ndarray) -> Optional[float]:
    variance = float(before.var(dtype=np.float64))
    return float(after.var(dtype=np.float64)) / variance if variance > 0 else None


def _summary(values: Dict[str, Any], params: LocalFilterParams) -> str:
    kept = ""
    if values["variance_kept"] is not None and not params.bfactor:
        kept = f", which keeps {100 * values['variance_kept']:.3g} % of the variance there"
    return (f"Every voxel was low-passed at its own resolution, {values['resolution_finest']:.2f} to {values['resolution_coarsest']:.2f} Å "
            f"(median {values['median']:.2f} Å){kept}; {100 * values['fraction_outside']:.3g} % of the box has none.")
