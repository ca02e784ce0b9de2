"""The local B-factor: how fast the map falls off with resolution at each place."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Dict, Optional, Tuple

import numpy as np

from ...core import falloff, spiral
from ...errors import InputError
from ...io.maps import Map
from ...params import param
from ...progress import Progress, silent
from ...results import Curve, Table, curve, map_output, metric, table
from ...study import Study
from ...study.halves import HalfMapFacts
from ..sharpening.common import solvent_around
from . import local_power
from .local_power import AmplitudeInputs

_LOWEST, _LOWEST_ORIGINAL = 10.0, 15.0           # Å
_BANDS, _BANDS_ORIGINAL = 6, 10


@dataclass(frozen=True)
class LocbfactorParams:
    """Parameters of the ``locbfactor`` capability."""

    rules: str = param("cryoqa", "cryoqa: from the local power without its noise, relative to protein; positive for a fall-off, as the "
                       "B-factors of atoms. original: LocBFactor's numbers voxel by voxel, which are negative for a fall-off and neither "
                       "free of noise nor of form factors; good for comparing places of one map.", label="Rules",
                       choices=("cryoqa", "original"))
    resolution: Optional[float] = param(None, "Finest resolution used; when empty where the FSC of the half-maps falls below 0.143, or "
                                        "up to the noise of the solvent of a map alone.", label="Resolution", unit="Å", min=0.5, max=50)
    lowest: Optional[float] = param(None, "Coarsest resolution used; 10 Å when empty (original: 15 Å).", label="Begin at", unit="Å", min=3,
                                    max=200)
    bands: Optional[int] = param(None, "Number of frequencies looked at. More are narrower and blur further. 6 when empty (original: 10).",
                                 label="Bands", min=3, max=100, expert=True)
    window: Optional[float] = param(None, "Standard deviation of the Gaussian window of each local B-factor; twice the resolution when "
                                    "empty, at least 6 Å.", label="Window", unit="Å", min=2, max=100, only_if=("rules", ("cryoqa",)))
    noise_quantile: float = param(0.9, "Part of the solvent's amplitudes that count as noise.", label="Noise quantile", min=0.01, max=0.999,
                                  expert=True, only_if=("rules", ("original",)))
    width: float = param(4.8, "Standard deviation of the bands in Fourier voxels.", label="Width of the bands", min=0.5, max=50,
                         expert=True, only_if=("rules", ("original",)))
    only_above_noise: bool = param(False, "Fit only bands above the noise; voxels with less than three have no B-factor.",
                                   label="Only above the noise", expert=True, only_if=("rules", ("original",)))


def _b(meaning: str, better: str = "none") -> Any:
    return metric("Å²", meaning, better)


@dataclass(frozen=True)
class LocbfactorResult(HalfMapFacts):
    """Result of the ``locbfactor`` capability. Statistics are over the voxels of the mask."""

    schema: ClassVar[str] = "cryoqa/locbfactor/1"
    median: Optional[float] = _b("median local B-factor in the mask")
    p5: Optional[float] = _b("local B-factor that 5 % of the mask is below")
    p25: Optional[float] = _b("local B-factor that 25 % of the mask is below")
    p75: Optional[float] = _b("local B-factor that 75 % of the mask is below")
    p95: Optional[float] = _b("local B-factor that 95 % of the mask is below")
    spread: Optional[float] = _b("95th less 5th percentile: how much the fall-off varies over the map")
    unevenness: Optional[float] = metric("", "local amplitude at the resolution d, 95 over 5 percentile of the mask: exp(spread / 4 d^2)",
                                         "lower")
    bfactor_map: Optional[float] = _b("B-factor of the whole map, that local ones scatter around")
    median_error: Optional[float] = _b("median standard error of a local B-factor", "lower")
    log_error: Optional[float] = metric("", "standard error of ln(local amplitude) at the resolution d: error / 4 d^2",
                                        "lower")
    spread_over_error: Optional[float] = metric("", "standard deviation of the local B-factors over their standard error: above 1 where "
                                                "differences between places are real", "higher")
    fraction_without: Optional[float] = metric("", "part of the mask without a B-factor", "lower")
    resolution: Optional[float] = metric("Å", "finest resolution used", "none")
    window_used: Optional[float] = metric("Å", "standard deviation of the window", "none")
    noise_source: Optional[str] = metric("", "where the noise was taken from", "none")
    mask_source: Optional[str] = metric("", "where the mask comes from: given, made from the map, or none (the whole box)", "none")
    n_voxels: Optional[int] = metric("", "voxels of the mask (at least 0.5)", "none")
    histogram: Optional[Curve] = curve("local B-factor in the mask", x_label="B-factor", x_unit="Å²", y_label="Part of the mask")
    bands: Optional[Table] = table("Power of the signal and of the noise in each band")
    local_bfactor: Optional[Map] = map_output("Å²", "local B-factor, 0 outside the mask", output="outputBfactor")
    local_error: Optional[Map] = map_output("Å²", "standard error of the local B-factor, 0 outside the mask")


def compute_locbfactor(study: Study, params: LocbfactorParams, *, progress: Progress = silent) -> LocbfactorResult:
    """Fall-off of the map at each place, as a B-factor.

    Parameters
    ----------
    study
        ``half1`` and ``half2``, or ``full_map``, with ``mask`` or without.
    params
        See :class:`LocbfactorParams`.
    progress
        Told how far it is.

    Returns
    -------
    LocbfactorResult
        B-factors in Å^2 at the voxels of the mask.

    Raises
    ------
    InputError
        The inputs do not fit together, too little lies between the resolutions, or there is no voxel to tell a B-factor at.

    Notes
    -----
    By the rules ``cryoqa`` the power in a Gaussian window, without noise, is fitted by ``A R(s) exp(-B s^2 / 2)`` with ``R`` common to the
    map (Wilson 1942, https://doi.org/10.1038/150152a0).

    References
    ----------
    Kaur et al. (2021), https://doi.org/10.1038/s41467-021-21509-5: the idea, and the rules ``original``.
    """
    original = params.rules == "original"
    inputs = local_power.amplitude_inputs(study, params.resolution, params.lowest, _LOWEST_ORIGINAL if original else _LOWEST)
    values = inputs.values()
    maps = (_original if original else _by_local_power)(inputs, params, values, progress)
    progress(0.95, "statistics")
    known = maps[0][inputs.inside]
    known = known[np.isfinite(known)]
    if not known.size:
        raise InputError(f"No voxel of the mask has three bands above the noise ({inputs.maps.mean.place}); use all bands.")
    values.update(local_power.percentiles(known), fraction_without=float(1 - known.size / np.count_nonzero(inputs.inside)))
    values["spread"] = values["p95"] - values["p5"]
    at_end = 4 * inputs.maps.resolution ** 2
    # e^50 is beyond any map, and still a number.
    values["unevenness"] = float(np.exp(min(values["spread"] / at_end, 50.0)))
    if values.get("median_error"):
        values["log_error"] = values["median_error"] / at_end
        values["spread_over_error"] = float(known.std(dtype=np.float64)) / values["median_error"]
    grid = inputs.maps.mean
    values.update(histogram=local_power.histogram(known), local_bfactor=grid.with_data(np.nan_to_num(maps[0])))
    if len(maps) > 1:
        values["local_error"] = grid.with_data(maps[1])
    progress(1.0, "done")
    return LocbfactorResult(summary=_summary(values, params), warnings=tuple(inputs.maps.warnings), **values)


def _by_local_power(inputs: AmplitudeInputs, params: LocbfactorParams, values: Dict[str, Any], progress: Progress
                    ) -> Tuple[np.ndarray, ...]:
    """Maps of the B-factor and of its error; fields of the result are added to ``values``."""
    found = local_power.fit_local_power(inputs, params.bands or _BANDS, params.window, progress)
    made = [falloff.spread(v, found.powers, found.grid, inputs.mask.data) for v in (found.fit.bfactor + found.bfactor, found.fit.error)]
    values.update(bfactor_map=found.bfactor, median_error=float(np.median(found.fit.error)), window_used=found.window,
                  noise_source=local_power.noise_source(inputs, found), bands=local_power.band_table(found, inputs))
    return tuple(made)


def _original(inputs: AmplitudeInputs, params: LocbfactorParams, values: Dict[str, Any], progress: Progress) -> Tuple[np.ndarray, ...]:
    """LocBFactor's map: 4 times the slope of ``ln(C m)`` over ``s^2`` with ``C = m / (m + q)``."""
    frequencies = np.linspace(1 / inputs.lowest, 1 / inputs.maps.resolution, params.bands or _BANDS_ORIGINAL)
    shape = inputs.inside.shape
    solvent = solvent_around(inputs.mask, inputs.maps.study.grid)
    sums = spiral.LineSums(shape)
    for freq, m in zip(frequencies, local_power.original_amplitudes(inputs, frequencies, params.width, progress)):
        sums.add(float(freq) ** 2, m, float(np.quantile(m[solvent], params.noise_quantile)), params.only_above_noise)
    values.update(noise_source="solvent")
    return (4 * sums.slope(),)


def _summary(values: Dict[str, Any], params: LocbfactorParams) -> str:
    sign = "" if params.rules == "cryoqa" else " by the original's rules (negative for a fall-off)"
    return (f"Local B-factor{sign}: median {values['median']:.0f} Å², {values['p5']:.0f} to {values['p95']:.0f} Å² over 5–95 % "
            "of the mask.")
