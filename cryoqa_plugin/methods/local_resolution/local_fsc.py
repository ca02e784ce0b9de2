"""Local resolution from two half-maps: the FSC in a window around every voxel, by a filter bank."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Dict, List, NamedTuple, Optional, Sequence, Tuple, Union

import numpy as np

from ...core import local, local_fit
from ...core.fourier import Geometry
from ...errors import InputError
from ...naming import called
from ...params import param
from ...progress import Progress, part, silent
from ...results import Curve, curve, metric
from ...study import Study
from ...study.halves import HalfMapFacts
from ...study.mask import INSIDE
from .local_noise import WIDE, BandNoise, coefficients_between, local_noise, pooling_width
from .local_resolution import (
    LocalResolution, filter_edge, limits_of_halves, local_resolution_values, overall_resolution, summary_of_halves, usable_mask,
    within_filter)
from .local_resolution import resolution as _res

BANDS = 24                            # bands from 0 to the overall resolution, at least one shell apart
_STRICT = 0.5                         # threshold that is always in the table
_COARSEST = 5.0                       # the first band, times the overall resolution, unless another is asked for
_NARROWEST = 5.0                      # window in Å, unless the overall resolution is coarser
_SURE = 0.05                          # standard error of a resolution that is known, as part of it
_FLOOR = 1e-7                         # noise over power, at the least: copies have none


@dataclass(frozen=True)
class LocalFscParams:
    """Parameters of :func:`compute_local_fsc`."""

    threshold: float = param(0.143, "Local half-map FSC at which the resolution of a voxel is read. The table gives 0.5 as well.",
                             label="Threshold", min=0.05, max=0.9)
    window: Optional[float] = param(None, "Standard deviation of the Gaussian window. A wide one is more certain and blurs the "
                                          "resolutions. "
                                    "From the data: 5 Å, or the overall resolution where that is more.",
                                    label="Window", unit="Å", min=1, max=200)
    lowest_resolution: Optional[float] = param(None, "Coarsest resolution looked for; voxels worse than it are unresolved. From the data: "
                                               "5 times the overall resolution.", label="Lowest resolution", unit="Å", min=2, max=1000,
                                               expert=True)


@dataclass(frozen=True)
class LocalFscResult(LocalResolution, HalfMapFacts):
    """Result of :func:`compute_local_fsc`; percentiles are over the voxels of the mask, unresolved ones at the lowest resolution."""

    schema: ClassVar[str] = "cryoqa/local_fsc/1"
    median_05: Optional[float] = _res("median in the mask at a local FSC of 0.5")
    overall: Optional[float] = _res("resolution of the unmasked half-maps at FSC 0.143, from which window and bands are chosen")
    standard_error: Optional[float] = metric("Å", "median standard error of the local resolution, from the noise of the half-maps", "lower")
    coefficients: Optional[float] = metric("", "independent coefficients behind the local FSC at the median resolution", "higher")
    significant_fraction: Optional[float] = metric("", "part of the mask whose resolution has a standard error below 5 %",
                                                   "higher")
    threshold: Optional[float] = metric("", "local FSC at which the resolution is read", "none")
    window: Optional[float] = metric("Å", "standard deviation of the Gaussian window", "none")
    lowest_resolution: Optional[float] = metric("Å", "resolution of the first band", "none")
    bands: Optional[int] = metric("", "bands that were looked at", "none")
    fsc_local: Optional[Curve] = curve("FSC of the half-maps inside the mask, from the local averages", x_label="Frequency", x_unit="1/Å",
                                       y_label="FSC")


def compute_local_fsc(study: Study, params: LocalFscParams, *, progress: Progress = silent) -> LocalFscResult:
    """Local resolution of two half-maps at every voxel of a mask.

    Parameters
    ----------
    study
        ``half1`` and ``half2``, float32 [z, y, x]; ``mask`` if there is one, else one is made.
    params
        Threshold, window and the coarsest resolution.
    progress
        Called with the part that is done and what is being done.

    Returns
    -------
    LocalFscResult
        Resolutions in Å where the mask is at least 0.5.

    Raises
    ------
    InputError
        Inputs that do not fit together, a box below 16 voxels, a mask that nowhere reaches 0.5, or a ``lowest_resolution`` beyond Nyquist.

    Notes
    -----
    Both half-maps are whitened and split into bands. In each band the averages of ``((a + b) / 2)^2`` and ``((a - b) / 2)^2`` in a
    Gaussian window give ``FSC = (P - D) / (P + D)``, that is ``SNR / (1 + SNR)``; the first fall below ``threshold``, linear between
    bands, is the resolution.

    References
    ----------
    Cardone, Heymann & Steven (2013), https://doi.org/10.1016/j.jsb.2013.08.002.
    """
    study.check("half1", "half2", "mask", least=16, what="local resolution needs")
    progress(0.02, "mask")
    used = usable_mask(study)
    progress(0.05, "Fourier transforms")
    overall = overall_resolution(study)
    window = max(_NARROWEST, overall) if params.window is None else params.window
    powers = measure_bands(study, used.data, window, params.lowest_resolution or _COARSEST * overall, min(params.threshold, _STRICT),
                           part(progress, 0.1, 0.7))
    progress(0.85, "local FSC")
    found, mean_fsc, behind = local_falls(powers, window, (params.threshold, _STRICT))
    maps = [within_filter(study, resolution_at_voxels(powers, frequency, used.data)) for frequency in found.first]
    sure = certainty(powers, found)
    values: Dict[str, Any] = dict(study.half_map_values(), **sure)
    values.update(local_resolution_values(study, used, maps[0], unresolved=sure["unresolved_fraction"], nyquist=sure["nyquist_fraction"],
                                          label=params.threshold, column="FSC", others={_STRICT: maps[1]}))
    values.update(overall=overall, window=window, threshold=params.threshold, median_05=float(np.median(maps[1][maps[1] > 0])),
                  bands=powers.at.size, lowest_resolution=float(1 / powers.at[0]), fsc_local=Curve(powers.at, mean_fsc),
                  coefficients=float(np.interp(1 / values["median"], powers.at, behind)))
    progress(1.0, "done")
    words = summary_of_halves(values, used, curves="their local FSC", at=f"FSC {params.threshold:g}", how=f"window of {window:.1f} Å")
    return LocalFscResult(summary=words, warnings=(*used.notes(), *limits_of_halves(study, values, mended=True), *_narrow(window, study)),
                          **values)


def _narrow(window: float, study: Study) -> List[str]:
    smallest = 2 * max(study.grid.voxel_size)
    if window >= smallest:
        return []
    return [f"The window of {window:.2f} Å is narrower than two voxels ({smallest:.2f} Å); the local FSC is mostly noise."]


class BandPowers(NamedTuple):
    """Local power of a half sum and of its noise in bands of frequency.

    ``grid`` holds the points; of them ``corners`` bool [mz, my, mx] are those that voxels of the mask are interpolated from, v in number,
    and ``inside`` bool [v] those that lie in the mask. ``at`` float64 [bands] is the middle of each band and ``spacing`` their distance,
    both in 1/Å. ``total`` and ``noise`` float32 [bands, v] are the local powers; the signal is held against ``factor`` float32 [v] times
    the noise.
    """

    grid: local.Points
    corners: np.ndarray
    inside: np.ndarray
    at: np.ndarray
    total: np.ndarray
    noise: np.ndarray
    spacing: float
    factor: np.ndarray


def measure_bands(study: Study, mask: np.ndarray, window: float, coarsest: float, least: float, progress: Progress) -> BandPowers:
    """Local powers of all bands of two half-maps, from coarse to fine, up to Nyquist or to where nothing is left.

    Parameters
    ----------
    study
        The half-maps.
    mask
        Where to look (at least 0.5), float32 [z, y, x].
    window
        Standard deviation of the Gaussian window in Å.
    coarsest
        Resolution of the first band in Å.
    least
        Smallest FSC that matters: bands are over when the correlation in the wide window is below a third of it everywhere in the mask,
        twice running.
    progress
        Called with the part that is done and the band.

    Returns
    -------
    BandPowers
        Noise as :func:`.local_noise.local_noise` settles it. Of half-maps that were low-passed the last band is that at the edge.
    """
    geo = study.geometry
    spacing = max(1 / (BANDS * overall_resolution(study)), 1 / geo.length)
    at = _middles(study, spacing, coarsest)
    grid = local.points(geo.shape, study.grid.voxel_size, window)
    cells, corners = local.needed(mask, INSIDE, grid)
    halves = list(zip((study.transform("half1"), study.transform("half2")), _amplitudes(study)))
    totals: List[np.ndarray] = []
    noises: List[Tuple[np.ndarray, np.ndarray, float]] = []
    quiet = 0
    for i, centre in enumerate(at):
        progress(i / at.size, f"band at {1 / centre:.1f} Å")
        half_sum, noise = _one_band(halves, geo, grid, centre * geo.length, spacing * geo.length)
        wide = local.widen(noise, grid, WIDE)
        signal = np.maximum(local.widen(half_sum, grid, WIDE) - wide, 0)[cells]
        highest = float((signal / np.maximum(signal + 2 * wide[cells], 1e-30)).max())
        totals.append(half_sum[corners])
        least_noise = _FLOOR * totals[-1]
        noises.append((np.maximum(noise[corners], least_noise), np.maximum(wide[corners], least_noise),
                       float(noise.mean(dtype=np.float64))))
        # Twice running: one band may lie in a gap of the spectrum with signal again beyond it.
        quiet = quiet + 1 if highest < least / 3 else 0
        if quiet == 2:
            break
    at, inside = at[:len(totals)], cells[corners]
    narrow, wides, means = (np.array(part) for part in zip(*noises))
    count = coefficients_between(at[0], at[-1], window)
    settled = local_noise(study, BandNoise(grid, corners, inside, at, spacing, count, narrow, wides, np.maximum(means, 1e-30)), mask)
    return BandPowers(grid, corners, inside, at, np.array(totals), settled.noise, spacing, settled.factor)


def _middles(study: Study, spacing: float, coarsest: float) -> np.ndarray:
    """Middles of the bands (1/Å), float64 [bands], from the coarsest resolution (Å) to Nyquist, or to the edge of a low-pass."""
    geo, edge = study.geometry, filter_edge(study)
    first, last = max(2, int(np.ceil(1 / coarsest / spacing))), int((geo.n_shells - 1) / geo.length / spacing + 1e-6)
    if edge is not None:
        last = min(last, int(np.ceil(1 / edge / spacing)))
    if 1 / coarsest > last * spacing:
        raise InputError(f"{called('Lowest resolution', 'lowest_resolution')} is {coarsest:.4g} Å, but these half-maps end at "
                         f"{1 / (last * spacing):.4g} Å ({study.half1.place}, {study.half2.place}); give a coarser one.")
    return np.arange(first, max(last, first + 1) + 1) * spacing


def _amplitudes(study: Study) -> List[np.ndarray]:
    """Root mean square of the coefficients of each shell of both half-maps, by which they are whitened, float64 [n_shells] each."""
    sums = study.half_sums()
    return [np.sqrt(p / np.maximum(sums.count, 0.5)) for p in (sums.power1, sums.power2)]


def _one_band(halves: Sequence[Tuple[np.ndarray, np.ndarray]], geo: Geometry, grid: local.Points, centre: float,
              width: float) -> np.ndarray:
    shape = local.cropped_shape(geo, centre + width, grid.sigma, local.OF_POWERS)
    one, two = (local.band(transform, geo, centre, width, amplitude, shape) for transform, amplitude in halves)
    return local.local_powers(one, two, grid)


def typical_signal(powers: BandPowers) -> Tuple[np.ndarray, np.ndarray]:
    """Mean course of signal and FSC over the bands.

    Parameters
    ----------
    powers
        Local powers.

    Returns
    -------
    signal : float64 [bands]
        Mean signal power in the mask; beyond the band where it is lost (FSC of 0.02) its course in ``ln S`` over frequency squared is
        followed.
    fsc : float64 [bands]
        Mean FSC in the mask.
    """
    noise = powers.noise[:, powers.inside].mean(axis=1, dtype=np.float64)
    signal = powers.total[:, powers.inside].mean(axis=1, dtype=np.float64) - noise
    noise = (powers.noise * powers.factor)[:, powers.inside].mean(axis=1, dtype=np.float64)
    snr = signal / (2 * noise)
    # Beyond it the signal is the small difference of two large numbers; a line over s^2 is what Gaussian disorder gives.
    lost = np.flatnonzero(snr < 0.02)
    last = max(int(lost[0]) if lost.size else snr.size, min(3, snr.size))
    smooth = np.log(np.maximum(snr, 1e-4))
    if last < snr.size:
        low = max(0, last - 5)
        fit = np.polyfit(powers.at[low:last] ** 2, smooth[low:last], 1)
        smooth[last:] = np.maximum(np.polyval(fit, powers.at[last:] ** 2), -20)
    return np.exp(smooth) * 2 * noise, np.maximum(snr, 0) / (1 + np.maximum(snr, 0))


def coefficients(at: np.ndarray, width: Union[float, np.ndarray], sigma: float) -> np.ndarray:
    """Independent complex coefficients of shells of Fourier space in a Gaussian window.

    Parameters
    ----------
    at, width
        Frequency and thickness of the shells in 1/Å, float64 [n]; the thickness may be one number.
    sigma
        Standard deviation of the window in Å.

    Returns
    -------
    ndarray
        float64 [n]: the volume of the window, ``(4 pi sigma^2)^(3/2)`` (Å^3), times that of half the shell, ``2 pi at^2 width``.
    """
    return (4 * np.pi * sigma ** 2) ** 1.5 * 2 * np.pi * at ** 2 * width


def local_falls(powers: BandPowers, sigma: float, thresholds: Sequence[float]) -> Tuple[local_fit.LocalCrossings, np.ndarray, np.ndarray]:
    """Where the local FSC first falls below each threshold.

    Parameters
    ----------
    powers
        Local powers.
    sigma
        Standard deviation of the Gaussian window in Å.
    thresholds
        The thresholds; errors are those of the first.

    Returns
    -------
    found : LocalCrossings
        Frequency, state and errors at each point.
    fsc, behind : float64 [bands]
        Mean FSC in the mask, and the independent coefficients behind one local value of it.
    """
    signal, mean_fsc = typical_signal(powers)
    width = pooling_width(powers.at, powers.spacing)
    found = local_fit.local_crossings(powers.total, powers.noise, powers.at, signal, coefficients(powers.at, powers.spacing, sigma),
                                      np.asarray(thresholds, dtype=np.float64), width, powers.factor)
    # sqrt(4 pi) times its standard deviation is the width of a Gaussian with as many independent values.
    behind = coefficients(powers.at, np.minimum(np.sqrt(4 * np.pi) * width, powers.at), sigma)
    return found, mean_fsc, behind


def certainty(powers: BandPowers, found: local_fit.LocalCrossings) -> Dict[str, Any]:
    """How sure the local resolutions at the first threshold are.

    Parameters
    ----------
    powers
        Local powers.
    found
        What :func:`local_falls` found in them.

    Returns
    -------
    dict
        ``standard_error`` (Å; None without a crossing) in the median, and the parts of the mask whose resolution is sure
        (``significant_fraction``), not there (``unresolved_fraction``) and beyond the last band (``nyquist_fraction``).
    """
    state = found.state[0][powers.inside]
    crossed = state == 0
    relative = (found.error / found.first[0])[powers.inside][crossed]
    error = relative / found.first[0][powers.inside][crossed]
    sure = int(np.count_nonzero(relative < _SURE)) + int(np.count_nonzero(state == 1))
    return dict(standard_error=float(np.median(error)) if error.size else None, significant_fraction=sure / state.size,
                unresolved_fraction=float(np.mean(state == -1)), nyquist_fraction=float(np.mean(state == 1)))


def resolution_at_voxels(powers: BandPowers, frequency: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Resolution at the voxels of a mask: frequencies are interpolated between points.

    Parameters
    ----------
    powers
        The points.
    frequency
        Frequency (1/Å) at those that voxels of the mask are interpolated from, float64 [v].
    mask
        float32 [z, y, x]; voxels of at least 0.5 are inside.

    Returns
    -------
    ndarray
        In Å, float32 [z, y, x]; 0 outside.
    """
    at_points = np.ones(powers.grid.shape)
    at_points[powers.corners] = frequency
    return local.spread(at_points, powers.grid, mask, INSIDE)
