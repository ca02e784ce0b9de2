"""The steps of the local FSC: check, mask, bands, fit."""
from __future__ import annotations

from typing import Any, Callable, Dict, List, NamedTuple, Optional, Tuple

import numpy as np

from ...core import crossing, local, local_fit, shells
from ...core.fourier import Geometry, forward, frequencies, geometry
from ...errors import InputError
from ...io.inputs import Inputs, require, require_same_grid
from ..common import check_data, check_mask
from ..map_info.halves import is_masked
from ..masks.common import cryosparc_mask

LEVEL = 0.5                           # a voxel is inside where the mask is at least this
BANDS = 24                            # bands from 0 to the overall resolution, at least one shell apart
_COARSEST = 5.0                       # the first band, times the overall resolution, unless another is asked for
_NOISE_WINDOW = 3.0                   # window of the noise over that of the signal
_FREQUENCY_WINDOW = 0.15              # standard deviation in frequency of the local fit, as a part of the frequency, at least two bands
_SMALLEST = 5.0                       # window in Å, unless the overall resolution is coarser
_FLOOR = 1e-7                         # noise over power, at the least: copies have none
Say = Callable[[float, str], None]


class Start(NamedTuple):
    """What the bands need: shells, whitened amplitudes of both half-maps, overall resolution (Å), and what is odd about the half-maps."""

    geo: Geometry
    f1: np.ndarray
    f2: np.ndarray
    amplitude1: np.ndarray
    amplitude2: np.ndarray
    overall: float
    identical: bool
    masked: bool


class Bank(NamedTuple):
    """Band powers at the points ``corners`` bool [mz, my, mx], v of them: float32 [bands, v] of the half sum and of its noise.

    ``at`` float64 [bands] in 1/Å; ``inside`` bool [v], points in the mask; ``spacing`` of the bands in 1/Å.
    """

    grid: local.Points
    corners: np.ndarray
    inside: np.ndarray
    at: np.ndarray
    total: np.ndarray
    noise: np.ndarray
    spacing: float


def check(inputs: Inputs) -> None:
    """One sentence when something is wrong with the inputs."""
    require(inputs, "half1", "half2")
    maps = {k: m for k, m in inputs.maps().items() if k in ("half1", "half2", "mask")}
    require_same_grid(maps)
    for kind, map_ in maps.items():
        (check_mask if kind == "mask" else check_data)(map_, kind)


def make_mask(inputs: Inputs) -> Tuple[np.ndarray, str]:
    """The mask, float32 [z, y, x], and where it comes from: ``given``, ``made`` from the half-maps, or ``none``."""
    if inputs.mask is not None:
        if inputs.mask.data.max() < LEVEL:
            raise InputError(f"The mask nowhere reaches {LEVEL:g}, where a voxel counts as inside: its largest value is "
                             f"{inputs.mask.data.max():g} ({inputs.mask.path}); give another one.")
        return inputs.mask.data, "given"
    made = cryosparc_mask(inputs.half1, inputs.half2, "tight")
    if made.max() >= LEVEL:
        return made, "made"
    return np.ones(inputs.half1.shape, dtype=np.float32), "none"


def start(inputs: Inputs) -> Start:
    """Transforms, amplitudes and overall resolution: unmasked FSC at 0.143, Nyquist where it does not cross, and a quarter of the
    frequency of Nyquist where the half-maps do not even agree in the first eighth of the shells."""
    geo = geometry(inputs.half1.shape, inputs.half1.voxel_size)
    masked = is_masked(inputs.half1.data) or is_masked(inputs.half2.data)
    f1, f2 = forward(inputs.half1.data), forward(inputs.half2.data)
    sums = shells.cross_sums(f1, f2, geo)
    fsc, freq = shells.fsc(sums), frequencies(geo)
    found = crossing.find_crossings(freq, fsc, 0.143)
    nyquist = freq[-1]
    agree = fsc[1:max(4, fsc.size // 8)].mean() >= 0.143      # else what crosses is noise
    at = {"crosses": found.first, "never": nyquist, "below": 0.0}[found.state] if agree else nyquist / 4
    amplitudes = [np.sqrt(p / np.maximum(sums.count, 0.5)) for p in (sums.power1, sums.power2)]
    return Start(geo, f1, f2, amplitudes[0], amplitudes[1], float(1 / min(max(at, nyquist / 8), nyquist)), bool(fsc[1:].min() > 0.9999),
                 masked)


def choose_window(asked: Optional[float], overall: float) -> float:
    """Standard deviation of the Gaussian window in Å: as asked, else 5 Å or the overall resolution, whichever is more."""
    return asked if asked is not None else max(_SMALLEST, overall)


def measure_bands(begun: Start, mask: np.ndarray, sigma: float, coarsest: Optional[float], cut: float, say: Say) -> Bank:
    """Local powers of all bands, from coarse to fine, up to Nyquist or to where nothing is left.

    Bands are over when the correlation in the wide window is below a third of ``cut`` everywhere in the mask, twice running.
    """
    geo = begun.geo
    spacing = max(1 / (BANDS * begun.overall), 1 / geo.length)
    nyquist = (geo.n_shells - 1) / geo.length
    first = max(2, int(np.ceil(1 / (coarsest or _COARSEST * begun.overall) / spacing)))
    at = np.arange(first, max(int(nyquist / spacing + 1e-6), first + 1) + 1) * spacing
    voxel = [n * s for n, s in zip(geo.shape, geo.steps)]
    grid = local.points(geo.shape, [geo.length / v for v in voxel][::-1], sigma)
    cells, corners = local.needed(mask, LEVEL, grid)
    totals: List[np.ndarray] = []
    noises: List[np.ndarray] = []
    quiet = 0
    for i, centre in enumerate(at):
        say(0.1 + 0.7 * i / at.size, f"band at {1 / centre:.1f} Å")
        half_sum, noise = _one_band(begun, grid, centre, spacing)
        wide = local.widen(noise, grid, _NOISE_WINDOW)
        signal = np.maximum(local.widen(half_sum, grid, _NOISE_WINDOW) - wide, 0)[cells]
        level = float((signal / np.maximum(signal + 2 * wide[cells], 1e-30)).max())
        totals.append(half_sum[corners])
        noises.append(np.maximum((noise if begun.masked else wide)[corners], _FLOOR * half_sum[corners]))
        quiet = quiet + 1 if level < cut / 3 else 0
        if quiet == 2:
            break
    return Bank(grid, corners, cells[corners], at[:len(totals)], np.array(totals), _pooled(np.array(noises), cells[corners], at, spacing),
                spacing)


def _one_band(begun: Start, grid: local.Points, centre: float, spacing: float) -> np.ndarray:
    geo = begun.geo
    outer = (centre + spacing) * geo.length
    shape = local.cropped_shape(geo, outer, grid.sigma)
    a = local.band(begun.f1, geo, centre * geo.length, spacing * geo.length, begun.amplitude1, shape)
    b = local.band(begun.f2, geo, centre * geo.length, spacing * geo.length, begun.amplitude2, shape)
    return local.local_powers(a, b, grid)


def _fit_width(at: np.ndarray, spacing: float) -> np.ndarray:
    return np.maximum(_FREQUENCY_WINDOW * at, 2 * spacing)


def _pooled(noise: np.ndarray, inside: np.ndarray, at: np.ndarray, spacing: float) -> np.ndarray:
    """Noise, float32 [bands, v], whose course over the points is averaged over neighbour bands, its level in each band kept."""
    at = at[:len(noise)]
    level = noise[:, inside].mean(axis=1, dtype=np.float64)
    weights = np.exp(-0.5 * ((at[None, :] - at[:, None]) / _fit_width(at, spacing)[:, None]) ** 2)
    weights /= weights.sum(axis=1, keepdims=True)
    out = (weights / level[None, :]).astype(np.float32) @ noise
    out *= level[:, None].astype(np.float32)
    return out


def typical_signal(bank: Bank) -> Tuple[np.ndarray, np.ndarray]:
    """Mean signal power in the mask, float64 [bands], followed beyond the point where it is lost (FSC of 0.02) by its course in
    ``ln S`` over frequency squared; and the mean FSC in the mask, float64 [bands]."""
    noise = bank.noise[:, bank.inside].mean(axis=1, dtype=np.float64)
    signal = bank.total[:, bank.inside].mean(axis=1, dtype=np.float64) - noise
    snr = signal / (2 * noise)
    lost = np.flatnonzero(snr < 0.02)
    last = max(int(lost[0]) if lost.size else snr.size, min(3, snr.size))
    smooth = np.log(np.maximum(snr, 1e-4))
    if last < snr.size:
        low = max(0, last - 5)
        fit = np.polyfit(bank.at[low:last] ** 2, smooth[low:last], 1)
        smooth[last:] = np.maximum(np.polyval(fit, bank.at[last:] ** 2), -20)
    return np.exp(smooth) * 2 * noise, np.maximum(snr, 0) / (1 + np.maximum(snr, 0))


def coefficients(at: np.ndarray, width: np.ndarray, sigma: float) -> np.ndarray:
    """Independent complex coefficients of a shell of thickness ``width`` (1/Å) at the frequency ``at`` (1/Å) in a Gaussian window.

    Volume of the window ``(4 pi sigma^2)^(3/2)`` (Å^3) times that of half the shell, ``2 pi at^2 width``.
    """
    return (4 * np.pi * sigma ** 2) ** 1.5 * 2 * np.pi * at ** 2 * width


def fit(bank: Bank, sigma: float, cuts: Any) -> Tuple[local_fit.LocalCrossings, np.ndarray, np.ndarray]:
    """Local crossings at the thresholds ``cuts``, the mean FSC in the mask, and the coefficients behind the local fit, per band."""
    signal, mean_fsc = typical_signal(bank)
    width = _fit_width(bank.at, bank.spacing)
    found = local_fit.local_crossings(bank.total, bank.noise, bank.at, signal, coefficients(bank.at, bank.spacing, sigma),
                                      np.asarray(cuts, dtype=np.float64), width)
    behind = coefficients(bank.at, np.minimum(np.sqrt(4 * np.pi) * width, bank.at), sigma)
    return found, mean_fsc, behind


def certainty(bank: Bank, found: Any) -> Dict[str, Any]:
    """Standard error, and the parts of the voxels whose resolution is sure, not there, and beyond the last band."""
    state, log_error = found.state[0][bank.inside], found.log_error[bank.inside]
    crossed = state == 0
    error = (found.error / found.first[0] ** 2)[bank.inside][crossed]
    sure = int(np.count_nonzero(log_error[crossed] < 1 / 3)) + int(np.count_nonzero(state == 1))
    return dict(standard_error=float(np.median(error)) if error.size else None, significant_fraction=sure / state.size,
                unresolved_fraction=float(np.mean(state == -1)), nyquist_fraction=float(np.mean(state == 1)))
