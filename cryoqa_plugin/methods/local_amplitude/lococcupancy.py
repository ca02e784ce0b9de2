"""The local occupancy: how much of the molecule is there at each place."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Dict, Optional

import numpy as np

from ...core import falloff
from ...io.maps import Map
from ...params import param
from ...progress import Progress, silent
from ...results import Curve, Table, curve, map_output, metric, table
from ...rounding import show_value
from ...study import Study
from ...study.halves import HalfMapFacts
from . import local_power
from .local_power import AmplitudeInputs

_LOWEST, _LOWEST_ORIGINAL = 10.0, 15.0           # Å
_LOW = 0.5                                       # an occupancy below this is low
_NO_DETAIL, _SMALL = 0.25, 0.02                  # an occupancy below this is none of a domain; part of the mask that may have it
_FULL = 75                                       # percentile of the amplitudes that counts as fully occupied


@dataclass(frozen=True)
class LococcupancyParams:
    """Parameters of the ``lococcupancy`` capability."""

    rules: str = param("cryoqa", "cryoqa: amplitude of the density at each place, without noise and without its own fall-off, over that of "
                       "the better part of the map; 0.5 where half of the particles have the domain. original: LocOccupancy's part of the "
                       "bands in which the amplitude is not among the weakest; its mean in the mask is 0.75 by construction.",
                       label="Rules", choices=("cryoqa", "original"))
    resolution: Optional[float] = param(None, "Finest resolution used; when empty where the FSC of the half-maps falls below 0.143, or "
                                        "up to the noise of the solvent of a map alone.", label="Resolution", unit="Å", min=0.5, max=50)
    lowest: Optional[float] = param(None, "Coarsest resolution used; 10 Å when empty (original: 15 Å).", label="Begin at", unit="Å", min=3,
                                    max=200)
    bands: int = param(6, "Number of frequencies looked at.", label="Bands", min=3, max=100, expert=True, only_if=("rules", ("cryoqa",)))
    window: Optional[float] = param(None, "Standard deviation of the Gaussian window; twice the resolution when empty, at least 6 Å.",
                                    label="Window", unit="Å", min=2, max=100, only_if=("rules", ("cryoqa",)))
    threshold: float = param(0.25, "Part of the amplitudes in the mask that count as weak.", label="Weak part", min=0.01, max=0.99,
                             expert=True, only_if=("rules", ("original",)))
    width: float = param(4.8, "Standard deviation of the bands in Fourier voxels.", label="Width of the bands", min=0.5, max=50,
                         expert=True, only_if=("rules", ("original",)))


def _part(meaning: str, better: str = "none") -> Any:
    return metric("", meaning, better)


@dataclass(frozen=True)
class LococcupancyResult(HalfMapFacts):
    """Result of the ``lococcupancy`` capability. Statistics are over the voxels of the mask."""

    schema: ClassVar[str] = "cryoqa/lococcupancy/1"
    median: Optional[float] = _part("median local occupancy in the mask", "higher")
    p5: Optional[float] = _part("local occupancy that 5 % of the mask is below", "higher")
    p25: Optional[float] = _part("local occupancy that 25 % of the mask is below", "higher")
    p75: Optional[float] = _part("local occupancy that 75 % of the mask is below")
    p95: Optional[float] = _part("local occupancy that 95 % of the mask is below")
    fraction_low: Optional[float] = _part("part of the mask with an occupancy below 0.5", "lower")
    fraction_without_detail: Optional[float] = _part("part of the mask with an occupancy below 0.25: a belt of detergent or lipid, "
                                                     "disorder, or solvent", "lower")
    fraction_partial: Optional[float] = _part("part of the mask with an occupancy below 0.5, of half-maps where the mask holds no more "
                                              "than 2 % without detail; none where heterogeneity cannot be judged", "lower")
    resolution: Optional[float] = metric("Å", "finest resolution used", "none")
    window_used: Optional[float] = metric("Å", "standard deviation of the window", "none")
    noise_source: Optional[str] = metric("", "where the noise was taken from", "none")
    n_bands: Optional[int] = metric("", "frequencies looked at", "none")
    mask_source: Optional[str] = metric("", "where the mask comes from: given, made from the map, or none (the whole box)", "none")
    n_voxels: Optional[int] = metric("", "voxels of the mask (at least 0.5)", "none")
    histogram: Optional[Curve] = curve("local occupancy in the mask", x_label="Occupancy", x_unit="", y_label="Part of the mask")
    bands: Optional[Table] = table("Power of the signal and of the noise in each band")
    local_occupancy: Optional[Map] = map_output("", "local occupancy, 0 outside the mask", output="outputOccupancy")


def compute_lococcupancy(study: Study, params: LococcupancyParams, *, progress: Progress = silent) -> LococcupancyResult:
    """How much of the molecule is there at each place.

    Parameters
    ----------
    study
        ``half1`` and ``half2``, or ``full_map``, with ``mask`` or without.
    params
        See :class:`LococcupancyParams`.
    progress
        Told how far it is.

    Returns
    -------
    LococcupancyResult
        Occupancies at the voxels of the mask; 1 is that of the better part of the map.

    Raises
    ------
    InputError
        The inputs do not fit together, too little lies between the resolutions, or no voxel of the mask reaches 0.5.

    Notes
    -----
    By the rules ``cryoqa`` the square root of the scale ``A`` of the local power ``A R(s) exp(-B s^2 / 2)``, over the part of the window
    that the mask fills.

    References
    ----------
    Kaur et al. (2021), https://doi.org/10.1038/s41467-021-21509-5: the idea, and the rules ``original``.
    """
    original = params.rules == "original"
    inputs = local_power.amplitude_inputs(study, params.resolution, params.lowest, _LOWEST_ORIGINAL if original else _LOWEST)
    values = inputs.values()
    made = (_original if original else _by_local_power)(inputs, params, values, progress)
    progress(0.95, "statistics")
    known = made[inputs.inside]
    low, bare = float((known < _LOW).mean()), float((known < _NO_DETAIL).mean())
    judged = bare <= _SMALL and not original and inputs.maps.halves
    if not inputs.maps.halves and low > _SMALL:
        inputs.maps.warnings.append("Of one map alone, weights and filters differ from place to place as much as occupancies do: whether "
                                    "parts of the molecule are missing in some particles needs half-maps.")
    elif not judged and not original and low > _SMALL:
        inputs.maps.warnings.append(f"{100 * bare:.2g} % of the mask hold hardly any detail, as a belt of detergent or lipid, a disordered "
                                    "part or solvent do; whether parts of the molecule are missing in some particles cannot be judged.")
    values.update(local_power.percentiles(known), fraction_low=low, fraction_without_detail=bare,
                  fraction_partial=low if judged else None,
                  histogram=local_power.histogram(known), local_occupancy=inputs.maps.mean.with_data(made))
    progress(1.0, "done")
    summary = (f"Local occupancy: median {values['median']:.2f}, {values['p5']:.2f}–{values['p95']:.2f} over 5–95 % of the mask; "
               f"{show_value(100 * values['fraction_low'], '%')} lie below {_LOW:g}.")
    return LococcupancyResult(summary=summary, warnings=tuple(inputs.maps.warnings), **values)


def _by_local_power(inputs: AmplitudeInputs, params: LococcupancyParams, values: Dict[str, Any], progress: Progress) -> np.ndarray:
    """Map of the occupancy; fields of the result are added to ``values``."""
    found = local_power.fit_local_power(inputs, params.bands, params.window, progress)
    # A window at the edge of the molecule is partly empty; below 5 % of it there is no telling, and the division would blow up noise.
    filled = np.maximum(falloff.share(inputs.mask.data, found.grid)[found.powers.where], 0.05)
    amplitude = np.exp(0.5 * found.fit.log_scale) / np.sqrt(filled)
    out = falloff.spread(amplitude, found.powers, found.grid, inputs.mask.data)
    out /= np.float32(np.percentile(out[inputs.inside], _FULL))
    values.update(window_used=found.window, n_bands=params.bands, bands=local_power.band_table(found, inputs),
                  noise_source=local_power.noise_source(inputs, found))
    return out


def _original(inputs: AmplitudeInputs, params: LococcupancyParams, values: Dict[str, Any], progress: Progress) -> np.ndarray:
    """LocOccupancy's map: part of the bands in which the amplitude is at least the quantile of those in the mask."""
    finest = inputs.maps.resolution
    # As many bands as fit side by side at one width each.
    count = max(1, int((1 / finest - 1 / inputs.lowest) / (params.width / inputs.maps.geo.length)))
    out = np.zeros(inputs.inside.shape, dtype=np.float32)
    for m in local_power.original_amplitudes(inputs, np.linspace(1 / inputs.lowest, 1 / finest, count), params.width, progress):
        out += m >= np.float32(np.quantile(m[inputs.inside], params.threshold))
    values.update(n_bands=count, noise_source="none")
    out /= np.float32(count)
    return out
