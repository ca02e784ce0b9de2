"""Local sharpening of half-maps: a filter bank with gains that vary smoothly from place to place."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Dict, List, Optional

import numpy as np

from ...core import local_gains
from ...errors import MissingInputError
from ...io.maps import Map
from ...params import param
from ...progress import Progress, silent
from ...results import Curve, curve, map_output, metric
from ...study import Study
from ...study.mask import INSIDE, UsedMask
from ..local_resolution.local_resolution import LocalResolution, local_resolution_values
from . import local_sharpen_bands as bank
from .common import SharpenedResult, SharpeningInputs, finish, sharpening_inputs
from .local_sharpen_halves import HalfMapSpectra, half_map_spectra


@dataclass(frozen=True)
class LocalSharpenParams:
    """Parameters of :func:`compute_local_sharpen`."""

    target: str = param("density", "What the map is to look like. density: the density as it is, without noise and blur; the overall "
                        "fall-off is undone, and mobile parts stay weaker than others. b0: as if no atom moved; each place's own fall-off "
                        "is undone, as Phenix's local sharpening does, to build into.", label="Target", choices=("density", "b0"))
    resolution: Optional[float] = param(None, "Resolution of the map; window and bands go by it. From the data: where the FSC of the "
                                        "half-maps, in the mask when there is one, falls below 0.143.", label="Resolution", unit="Å",
                                        min=0.5, max=100)
    window: Optional[float] = param(None, "Standard deviation of the Gaussian window in which signal and noise are separated. A narrow "
                                    "one follows the molecule more closely, a wide one is more certain. From the data: 1.5 times the "
                                    "resolution.",
                                    label="Window", unit="Å", min=1, max=200)
    bfactor_left: Optional[float] = param(None, "Fall-off that the sharpened map is left with; more is smoother, a negative one is sharper "
                                          "than point atoms. (As for the B-factors of atoms, positive blurs.) From the data: 1.3 times "
                                          "the squared resolution for b0, 5.9 times for density, 80 at the most.", label="B-factor left",
                                          unit="Å²", min=-500, max=1000)
    anisotropy: bool = param(True, "Take the anisotropy of the fall-off out of the whole map first, where it is beyond its error.",
                             label="Take out anisotropy")
    bands: int = param(14, "Bands from 0 to the resolution, at least one shell apart. Few of them resolve places better, many of them "
                       "resolutions.", label="Bands", min=6, max=60, expert=True)


def _b(meaning: str) -> Any:
    return metric("Å²", meaning, "none")


@dataclass(frozen=True)
class LocalSharpenResult(SharpenedResult, LocalResolution):
    """Result of :func:`compute_local_sharpen`; percentiles are over the mask, given or made."""

    schema: ClassVar[str] = "cryoqa/local_sharpen/1"
    fall_off: Optional[float] = _b("B-factor with which the signal of the whole map falls off compared with point atoms; positive")
    fall_off_p5: Optional[float] = _b("local fall-off, as a B-factor, that 5 % of the mask is below")
    fall_off_median: Optional[float] = _b("median local fall-off")
    fall_off_p95: Optional[float] = _b("local fall-off that 95 % of the mask is below")
    fall_off_error: Optional[float] = metric("Å²", "median standard error of the local fall-off", "lower")
    bfactor_left: Optional[float] = _b("fall-off that the sharpened map was left with")
    anisotropy: Optional[float] = metric("Å²", "largest less smallest principal value of the displacement tensor of the signal", "lower")
    anisotropy_removed: Optional[bool] = metric("", "the anisotropy was beyond its error and taken out", "none")
    window: Optional[float] = metric("Å", "standard deviation of the Gaussian window", "none")
    bands: Optional[int] = metric("", "bands that were looked at", "none")
    weight: Optional[Curve] = curve("mean weight 1 / (1 + E²) of the bands in the mask", x_label="Frequency", x_unit="1/Å",
                                    y_label="Weight")
    fall_off_map: Optional[Map] = map_output("Å²", "local fall-off as a B-factor, positive; the overall one where there is no signal")


def compute_local_sharpen(study: Study, params: LocalSharpenParams, *, progress: Progress = silent) -> LocalSharpenResult:
    """Maps sharpened locally, all by the same gains, by the signal and noise that two half-maps tell around every place.

    Parameters
    ----------
    study
        ``half1``, ``half2``, and ``full_map`` when their mean will not do (float32 [z, y, x]); ``mask`` when it is there.
    params
        Choices of the user.
    progress
        Called as ``progress(fraction, message)``.

    Returns
    -------
    LocalSharpenResult
        The sharpened maps, the local fall-off and the local resolution that comes of it.

    Raises
    ------
    MissingInputError
        A half-map is missing.
    InputError
        The inputs do not fit together.

    Notes
    -----
    The map is split into bands that add up to it. Around every place ``x``, in a Gaussian window, the half-maps tell the noise
    ``N_k(x)`` of band ``k`` and the fall-off of the signal relative to the mean one, ``S_k(x) = S_k exp(g(x) - b(x) s^2 / 2)``, by
    maximum likelihood over all bands. A band is multiplied by ``exp((B + b(x) - B_left) s^2 / 4) / (1 + E^2)``, with the overall
    fall-off ``B`` and ``E^2 = N_k(x) / S_k(x)`` for the mean map; ``b(x)`` is left out for the target ``density``.

    References
    ----------
    Weights in boxes: Terwilliger et al. (2018), https://doi.org/10.1107/S2059798318004655.
    """
    if not study.has_halves:
        raise MissingInputError("Local sharpening needs both half-maps, which separate signal from noise at every place; give them, or "
                                "sharpen a map that has none with 'cryoqa auto-sharpen'.")
    inputs = sharpening_inputs(study, params.resolution, need_halves=True)
    progress(0.05, "fall-off of the whole map")
    used = study.used_mask
    halves = half_map_spectra(study, inputs, float(np.mean(used.inside)) if params.anisotropy else None)
    sigma = bank.choose_window(params.window, inputs.resolution)
    signal = bank.local_signal(halves, inputs, used, sigma, params.bands, progress)
    left = bank.bfactor_left(params.bfactor_left, params.target, inputs.resolution, halves.bfactor or 0.0)
    gain = bank.gains(signal, halves, inputs.geo, inputs.resolution, params.target, left)
    values = dict(_local_values(study, signal, halves, inputs, used), bfactor_left=left, window=sigma, bands=signal.at.size + 1)
    maps = bank.sharpen(study, inputs, gain, progress)
    progress(0.96, "Guinier plots")
    values.update(finish(inputs, maps))
    warnings = inputs.warnings + _warnings(values, halves, inputs) + used.notes()
    return LocalSharpenResult(summary=_summary(values, params.target), warnings=tuple(warnings), **values)


def _local_values(study: Study, signal: bank.LocalSignal, halves: HalfMapSpectra, inputs: SharpeningInputs,
                  used: UsedMask) -> Dict[str, Any]:
    """Fields of the result that tell of the local fall-off and resolution, in the mask."""
    shape = inputs.geo.shape
    found = bank.resolutions(signal)
    fall_off = np.float32(halves.bfactor or 0.0) + bank.extra_bfactor(signal, inputs.resolution)
    there = signal.inside & (found > 0) & (found < 3 * inputs.resolution)
    finest = signal.inside & (found > 0) & (found <= np.float32(1 / signal.at[-1]))
    frequency = np.divide(1, found, out=np.zeros_like(found), where=found > 0).reshape(signal.grid.shape)
    carried = local_gains.carry(frequency, shape)
    carried = np.divide(1, carried, out=np.zeros_like(carried), where=(carried > 1 / (5 * inputs.resolution)) & (used.data >= INSIDE))
    n_inside = np.count_nonzero(signal.inside)
    out = local_resolution_values(study, used, carried, unresolved=1 - np.count_nonzero(there) / n_inside,
                                  nyquist=np.count_nonzero(finest) / n_inside, label="FSC 0.143")
    out.update(fall_off=halves.bfactor, anisotropy=halves.anisotropy, anisotropy_removed=halves.filter is not None,
               fall_off_map=inputs.mean.with_data(local_gains.carry(fall_off.reshape(signal.grid.shape), shape)))
    if there.any():
        low, middle, high = (float(v) for v in np.percentile(fall_off[there], (5, 50, 95)))
        weights = [float(signal.weight(i)[there].mean(dtype=np.float64)) for i in range(signal.at.size)]
        out.update(fall_off_p5=low, fall_off_median=middle, fall_off_p95=high, weight=Curve(signal.at, np.array(weights)),
                   fall_off_error=float(2 * inputs.resolution ** 2 * np.median(signal.fall.error[there])))
    return out


def _warnings(values: Dict[str, Any], halves: HalfMapSpectra, inputs: SharpeningInputs) -> List[str]:
    out = []
    if halves.bfactor is None:
        out.append("The half-maps agree over too few shells for a fall-off of the whole map: it was taken for 0.")
    smallest = 2 * max(inputs.mean.voxel_size)
    if values["window"] < smallest:
        out.append(f"The window of {values['window']:.2f} Å is narrower than two voxels ({smallest:.2f} Å); weights are mostly noise.")
    return out


def _summary(v: Dict[str, Any], target: str) -> str:
    if v["half_maps_identical"]:
        return "The half-maps are copies of each other: their noise is not known, and every band was sharpened in full."
    if v.get("fall_off_median") is None:
        return "The half-maps agree nowhere; the map was damped to nothing."
    aim = {"b0": "point atoms", "density": "the density without noise and blur"}[target]
    return (f"The map was sharpened locally to {aim}: its signal falls off by a B-factor of {v['fall_off_p5']:.0f} to "
            f"{v['fall_off_p95']:.0f} Å² from place to place, and a B-factor of {v['bfactor_left']:.0f} Å² was left.")
