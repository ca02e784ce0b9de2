"""Local resolution of a single map: its power in a window around every voxel against the noise of its solvent."""
from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Dict, List, NamedTuple, Optional, Tuple

import numpy as np

from ...core import local, shells
from ...core.filters import apply_radial
from ...core.fourier import Geometry, forward, inverse
from ...core.local_gains import local_square
from ...errors import InputError
from ...io.inputs import require
from ...params import param
from ...progress import Progress, silent
from ...results import Curve, curve, metric
from ...study import Study
from ...study.mask import INSIDE, UsedMask
from ...study.noise import Damping
from ...study.notes import of_mask
from . import map_resolution_noise as noises
from .local_fsc import BANDS, BandPowers, certainty, local_falls, resolution_at_voxels
from .local_resolution import LocalResolution, local_resolution_values, usable_mask
from .local_resolution import resolution as _resolution

_CUT = 0.143
_FILTERED = 0.25                      # part of the mask above the noise up to the last band: the solvent does not tell the noise
_UNLIKE = 1.5                         # noise of the molecule over what the solvent and its trend say, from which it does not either
_NOISE = ("auto", "solvent", "resolution")
_NARROWEST = 5.0                      # window in Å, unless the overall resolution is coarser
_COARSEST = 5.0                       # the first band, times the overall resolution
_FINEST = 2.0                         # the overall resolution over that of the last band, at most
_FLOOR = 1e-7                         # noise over power, at the least
_DUST = 1e-15                         # part of the largest power of a shell that rounding leaves in float32


@dataclass(frozen=True)
class MapResolutionParams:
    """Parameters of :func:`compute_map_resolution`."""

    resolution: Optional[float] = param(None, "Reported resolution. A map whose solvent was masked off needs it for the level of the "
                                        "noise. Else the local resolutions are only compared with it.", label="Resolution", unit="Å",
                                        min=0.5, max=200)
    noise: str = param("auto", "Where the noise is from: the solvent around the molecule, or the assumption that the molecule has the "
                       "resolution given. Auto takes the solvent, unless there is too little of it or it was weakened and a "
                       "resolution is given.", label="Noise from", choices=_NOISE)
    window: Optional[float] = param(None, "Standard deviation of the Gaussian window. A wide one is more certain and blurs the "
                                          "resolutions. "
                                    "From the data: 5 Å, or the overall resolution where that is more.",
                                    label="Window", unit="Å", min=1, max=200, expert=True)


@dataclass(frozen=True)
class MapResolutionResult(LocalResolution):
    """Result of :func:`compute_map_resolution`; voxels of the mask without a resolution count at the first band."""

    schema: ClassVar[str] = "cryoqa/map_resolution/1"
    overall: Optional[float] = _resolution("resolution that window and bands are chosen by: that of the mask as a whole, or the one given")
    finer_percent: Optional[float] = metric("%", "part of the mask with a local resolution finer than the one given", "higher")
    standard_error: Optional[float] = metric("Å", "median standard error of the local resolution, if the noise is right", "lower")
    significant_fraction: Optional[float] = metric("", "part of the mask whose resolution has a standard error below 5 %",
                                                   "higher")
    representative: Optional[bool] = metric("", "the solvent has the noise of the molecule, as far as the map shows; no local resolution "
                                                "is "
                                            "given where it has not", "none")
    noise_source: Optional[str] = metric("", "where the noise comes from: the solvent, or the resolution given", "none")
    noise_trend: Optional[float] = metric("", "noise at the box centre over that of the solvent, by its course along the radius",
                                          "none")
    noise_level: Optional[float] = metric("", "noise inside the mask over that of the solvent, as it was used", "none")
    noise_spread: Optional[float] = metric("", "relative standard deviation of the noise over the solvent, its trend taken off", "lower")
    solvent_part: Optional[float] = metric("", "part of the box that is solvent outside mask and molecule and not cut off", "higher")
    cut_off_part: Optional[float] = metric("", "part of the box where the map was cut off, so that it has one value", "lower")
    window: Optional[float] = metric("Å", "standard deviation of the Gaussian window", "none")
    lowest_resolution: Optional[float] = metric("Å", "resolution of the first band", "none")
    finest_resolution: Optional[float] = metric("Å", "resolution of the last band", "none")
    bands: Optional[int] = metric("", "bands that were looked at", "none")
    correlation: Optional[Curve] = curve("correlation that half-maps would have inside the mask", x_label="Frequency", x_unit="1/Å",
                                         y_label="FSC")


class FlatSolvent(NamedTuple):
    """The solvent once its spectrum was made flat, for without that the edge of its weight would carry the strong noise of coarse shells
    into the weak one of fine shells.

    ``transform`` complex64; ``weight`` float32 [z, y, x]; ``level`` float64 [n_shells], what the spectrum was divided by; ``overall``
    resolution of the mask against it (Å); course of the noise along the radius.
    """

    transform: np.ndarray
    weight: np.ndarray
    level: np.ndarray
    overall: float
    trend: noises.Trend


@dataclass(frozen=True)
class MapSpectrum:
    """What the bands need: the transform of the map, root mean squares of its shells (float64 [n_shells]), the frequency (1/Å) where it
    ends, its solvent where that tells the noise, overall resolution and window (Å), and the ``parts`` of the box by name of the metric."""

    geo: Geometry
    transform: np.ndarray
    amplitude: np.ndarray
    last: float
    solvent: Optional[FlatSolvent]
    overall: float
    window: float
    parts: Dict[str, float]


def compute_map_resolution(study: Study, params: MapResolutionParams, *, progress: Progress = silent) -> MapResolutionResult:
    """Local resolution of a map alone, at every voxel of a mask.

    Parameters
    ----------
    study
        ``full_map``, float32 [z, y, x]; ``mask`` if there is one, else one is made.
    params
        The resolution given, where the noise is from, and the window.
    progress
        Called with the part that is done and what is being done.

    Returns
    -------
    MapResolutionResult
        Resolutions in Å where the mask is at least 0.5; none where the solvent does not have the noise of the molecule, unless the noise is
        asked for from there.

    Raises
    ------
    InputError
        Inputs that do not fit together, or a map without solvent when its resolution is not given.

    Notes
    -----
    The map is whitened and split into bands. In each band the average ``P`` of the square in a Gaussian window is signal and noise; the
    noise ``N`` is that of the solvent. Half-maps would have ``FSC = SNR / (SNR + 2)`` with ``SNR = (P - N) / N``; the first fall below
    0.143, linear between bands, is the resolution.

    References
    ----------
    SNR and FSC: Rosenthal & Henderson (2003), https://doi.org/10.1016/j.jmb.2003.07.013.
    """
    require(study.inputs, "full_map")
    damping = _damping(study)
    study = study.only(("full_map", "mask"))                 # local resolution by half-maps would be another question
    study.check(least=16, what="local resolution needs")
    progress(0.02, "mask")
    used = usable_mask(study)
    progress(0.08, "noise")
    spectrum = _map_spectrum(study, used.data, params)
    powers, noise = _measure_bands(spectrum, used.data, progress)
    progress(0.85, "local resolution")
    found, mean_fsc, _ = local_falls(powers, spectrum.window, (_CUT,))
    sure = certainty(powers, found)
    doubt = _doubt(sure, noise, 1 / powers.at[-1], damping) if spectrum.solvent else None
    if doubt and params.noise == "auto":
        if not params.resolution:
            return _withheld(doubt, study, used, spectrum, noise)
        del powers, found, spectrum
        return compute_map_resolution(study, replace(params, noise="resolution"), progress=progress)
    at_voxels = resolution_at_voxels(powers, found.first[0], used.data)
    values: Dict[str, Any] = dict(sure, **noise, **spectrum.parts)
    values.update(local_resolution_values(study, used, at_voxels, unresolved=sure["unresolved_fraction"], nyquist=sure["nyquist_fraction"]))
    values.update(overall=spectrum.overall, window=spectrum.window, noise_source="solvent" if spectrum.solvent else "resolution",
                  representative=doubt is None if spectrum.solvent else None,
                  bands=powers.at.size, lowest_resolution=float(1 / powers.at[0]), finest_resolution=float(1 / powers.at[-1]),
                  correlation=Curve(powers.at, mean_fsc))
    if params.resolution is not None:
        values["finer_percent"] = 100 * float(np.mean(at_voxels[at_voxels > 0] < params.resolution))
    progress(1.0, "done")
    return MapResolutionResult(summary=_summary(values), warnings=tuple(_warnings(values, study, used, doubt)), **values)


def _damping(study: Study) -> Optional[Damping]:
    """What half-maps of the same box tell about the solvent, when they are there too."""
    known = study.noise if study.has_halves and study.half1.shape == study.full_map.shape else None
    return None if known is None else known.damping


def _doubt(sure: Dict[str, Any], noise: Dict[str, Optional[float]], finest: float,
           damping: Optional[Damping]) -> Optional[str]:
    """Why the solvent does not have the noise of the molecule, the end of a sentence; None where nothing says so."""
    beyond, level = noise.pop("beyond_trend") or 1.0, sure["nyquist_fraction"]
    if damping is not None and damping.found:
        return f"the half-maps show that it was damped, their noise being {damping.ratio:.2g} times as strong in the molecule"
    if beyond > _UNLIKE:
        return (f"at {finest:.2f} Å, where the signal has ended, there is {beyond:.2g} times as much power in the molecule as in the "
                "solvent")
    if level > _FILTERED:
        return (f"{100 * level:.0f} % of the mask is above the noise of the solvent up to {finest:.2f} Å, where the bands end")
    return None


def _withheld(doubt: str, study: Study, used: UsedMask, spectrum: MapSpectrum, noise: Dict[str, Optional[float]]) -> MapResolutionResult:
    """The result without a local resolution."""
    inside = used.data >= INSIDE
    made = used.map if used.source == "made" else None
    return MapResolutionResult(
        summary=f"No local resolution can be given from this map alone: {doubt}.",
        warnings=(*used.notes(), "The solvent does not represent the noise of the molecule. Uneven noise, a filter, "
                  "a treatment of the solvent or large voxels do this; a map alone cannot show which. Give the half-maps, or the "
                  "resolution: then places can be compared with each other."), representative=False, noise_source="solvent",
        window=spectrum.window, mask_source=used.source, mask_fraction=float(np.count_nonzero(inside) / inside.size), mask_used=made,
        **noise, **spectrum.parts)


def _map_spectrum(study: Study, mask: np.ndarray, params: MapResolutionParams) -> MapSpectrum:
    """Transform, whitening, solvent, resolution and window."""
    map_, geo = study.full_map, study.geometry
    solvent = noises.find_solvent(map_, study.flat, mask, params.window or _NARROWEST)
    if params.noise == "solvent" and not solvent.enough:
        raise InputError(f"Only {100 * solvent.part:.2g} % of the box is solvent that was not masked off ({map_.place}), too little to "
                         "measure the noise in; give the map before masking, or its resolution with noise 'resolution'.")
    transform = study.transform("full_map")
    power, _, count = shells.power_sums(transform, geo)
    power /= np.maximum(count, 0.5)
    last, flat, overall = noises.last_frequency(power, geo), None, params.resolution
    blank = np.flatnonzero(power[1:int(last * geo.length)] <= _DUST * power.max())
    if blank.size:
        raise InputError(f"The map has no power at {geo.length / (blank[0] + 1):.3g} Å ({map_.place}), and what was "
                         "measured has noise there; give the map of a reconstruction.")
    if solvent.enough and params.noise != "resolution":
        flat = _flat_solvent(map_.data, transform, mask, solvent.weight, geo, last)
        overall = flat.overall
    elif overall is None:
        told = "".join(note + " " for note in (() if study.inputs.mask is None else of_mask(study.inputs.mask)))
        raise InputError(f"{told}The map has no solvent left to measure its noise in ({map_.place}); give the map before masking, or its "
                         "resolution.")
    overall = max(overall, float(1 / study.frequencies[-1]))
    parts = dict(solvent_part=solvent.part, cut_off_part=solvent.cut_off)
    return MapSpectrum(geo, transform, np.sqrt(power), last, flat, overall, params.window or max(_NARROWEST, overall), parts)


def _flat_solvent(data: np.ndarray, transform: np.ndarray, mask: np.ndarray, weight: np.ndarray, geo: Geometry,
                  last: float) -> FlatSolvent:
    """The solvent, its spectrum flat, and the resolution of the mask against it."""
    mean = np.float32((data * weight).sum(dtype=np.float64) / weight.sum(dtype=np.float64))
    level = noises.smooth_amplitude(forward((data - mean) * weight), geo, last)
    level /= level.max()
    flat = transform.copy()
    flat[0, 0, 0] -= mean * data.size
    apply_radial(flat, geo, 1 / level, beyond=1 / level[-1], out=flat)
    image = inverse(flat, data.shape)
    del flat
    inside = forward(image * mask)
    image *= weight
    trend = _trend(image, weight, geo)
    solvent = forward(image)
    sizes = float(np.vdot(mask, mask)), float(np.vdot(weight, weight))
    return FlatSolvent(solvent, weight, level[:geo.n_shells], noises.overall_resolution(inside, solvent, sizes, geo), trend)


def _trend(solvent: np.ndarray, weight: np.ndarray, geo: Geometry) -> noises.Trend:
    voxel = [geo.length / (n * s) for n, s in zip(geo.shape, geo.steps)]
    sigma = max(_NARROWEST, 2 * max(voxel))
    grid = local.points(geo.shape, voxel[::-1], sigma)
    cell = float(np.prod([geo.length / (s * m) for s, m in zip(geo.steps, grid.shape)]))
    return noises.radial_trend(local_square(solvent, grid), local_square(weight, grid), noises.radius2(grid, geo),
                               (4 * np.pi * sigma ** 2) ** 1.5 / cell)


def _measure_bands(spectrum: MapSpectrum, mask: np.ndarray, progress: Progress) -> Tuple[BandPowers, Dict[str, Optional[float]]]:
    """Local powers of all bands and the noise in them, from coarse to fine, up to Nyquist or where the map ends; metrics of the noise."""
    geo, overall, solvent = spectrum.geo, spectrum.overall, spectrum.solvent
    spacing = max(1 / (BANDS * overall), 1 / geo.length)
    end = min(spectrum.last - spacing, _FINEST / overall)    # a band that straddles the end is short of solvent
    first = max(2, int(np.ceil(1 / (_COARSEST * overall) / spacing)))
    at = np.arange(first, max(int(end / spacing + 1e-6), first + 2) + 1) * spacing
    grid = local.points(geo.shape, [geo.length / (n * s) for n, s in zip(geo.shape, geo.steps)][::-1], spectrum.window)
    cells, corners = local.needed(mask, INSIDE, grid)
    totals = np.empty((at.size, int(np.count_nonzero(corners))), dtype=np.float32)
    level = np.empty(at.size)
    for i, centre in enumerate(at):
        progress(0.15 + 0.65 * i / at.size, f"band at {1 / centre:.1f} Å")
        shape = local.cropped_shape(geo, (centre + spacing) * geo.length, grid.sigma, local.OF_POWERS)
        place = geo, centre * geo.length, spacing * geo.length
        totals[i] = local_square(local.band(spectrum.transform, *place, spectrum.amplitude, shape), grid)[corners]
        if solvent:
            level[i] = local.band_power(solvent.transform, *place, spectrum.amplitude / solvent.level, shape)
    inside, metrics = cells[corners], {}
    mean = totals[:, inside].mean(axis=1, dtype=np.float64)
    if solvent:
        level /= float(np.square(solvent.weight, dtype=np.float64).mean())
        factor, metrics = _noise_inside(solvent.trend, noises.radius2(grid, geo)[corners], mean / level, inside)
        noise = level[:, None] * factor[None, :]
    else:
        noise = np.repeat(noises.assumed_noise(mean, at, overall)[:, None], totals.shape[1], axis=1)
    noise = np.maximum(noise.astype(np.float32), _FLOOR * totals)
    return BandPowers(grid, corners, inside, at, totals, noise, spacing, np.ones(totals.shape[1], dtype=np.float32)), metrics


def _noise_inside(trend: noises.Trend, squares: np.ndarray, ratio: np.ndarray,
                  inside: np.ndarray) -> Tuple[np.ndarray, Dict[str, Optional[float]]]:
    """Noise at the points over that of the solvent, float64 [v]: its course along the radius and its level inside the mask; its metrics."""
    factor = trend.at(squares)
    mean = float(factor[inside].mean())
    level = noises.level_inside(ratio / mean)
    metrics = dict(noise_trend=float(trend.at(np.zeros(1))[0]), noise_spread=trend.spread, noise_level=level * mean, beyond_trend=level)
    return factor * min(level, noises.LEVEL_RANGE[1]), metrics


def _summary(v: Dict[str, Any]) -> str:
    how = ("against the noise of its solvent" if v["noise_source"] == "solvent"
           else f"if the molecule as a whole has the {v['overall']:.2f} Å given")
    return (f"Local resolution of the map alone: median {v['median']:.2f} Å, {v['p5']:.2f}–{v['p95']:.2f} Å over 5–95 % of the "
            f"mask, {how} (window of {v['window']:.1f} Å).")


def _warnings(v: Dict[str, Any], study: Study, used: UsedMask, doubt: Optional[str]) -> List[str]:
    out = used.notes()
    if doubt:
        out.append(f"The solvent does not represent the noise of the molecule: {doubt}. These local resolutions are not to be trusted.")
    if v["noise_source"] == "resolution":
        out.append("The noise was not measured but taken from the resolution given: the local resolutions are right relative to each "
                   "other at best.")
    smallest = 2 * max(study.full_map.voxel_size)
    if v["window"] < smallest:
        out.append(f"The window of {v['window']:.2f} Å is narrower than two voxels ({smallest:.2f} Å); the local power is mostly noise.")
    return out
