"""How strong the signal is around each point, and how fast it falls off, from band powers, by maximum likelihood."""
from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .jit import njit
from .threads import over_slabs

_RIDGE = (0.05, 0.02)                 # prior information on gain and slope: holds them where there is no signal at all
_STEPS = 15
_MOST = 20.0                          # largest exponent


class FallOffs(NamedTuple):
    """Per point, float32 [v]: ``gain`` and ``slope`` of ln signal, and the standard error of the slope."""

    gain: np.ndarray
    slope: np.ndarray
    error: np.ndarray


def extrapolated(at: np.ndarray, ratio: np.ndarray, least: float) -> np.ndarray:
    """Signal-to-noise ratios of bands, the last ones by a straight line.

    Parameters
    ----------
    at
        Frequency of each band, rising, float64 [n].
    ratio
        Signal over noise of each band, float64 [n].
    least
        From the first band with less on, though not among the first three, the ratio is extrapolated.

    Returns
    -------
    ndarray
        float64 [n], above 0: ``ln`` of the ratio over frequency squared continued from the last five bands, and nowhere above what was
        seen, as in noise alone the line may rise.
    """
    lost = np.flatnonzero(ratio < least)
    last = max(int(lost[0]) if lost.size else ratio.size, min(3, ratio.size))
    smooth = np.log(np.maximum(ratio, 1e-4))
    if last < ratio.size:
        low = max(0, last - 5)
        line = np.polyfit(at[low:last] ** 2, smooth[low:last], 1)
        smooth[last:] = np.clip(np.polyval(line, at[last:] ** 2), -20, smooth[:last].max())
    return np.exp(smooth)


@njit
def _fall_off_kernel(total, noise, v0, v1, signal, count, offset, ridge, gains, slopes, errors):
    n_bands = signal.size
    for v in range(v0, v1):
        gain, slope = 0.0, 0.0
        a00, a01, a11 = ridge[0], 0.0, ridge[1]
        for _ in range(_STEPS):
            a00, a01, a11 = ridge[0], 0.0, ridge[1]
            g0, g1 = -ridge[0] * gain, -ridge[1] * slope
            for j in range(n_bands):
                u = offset[j]
                s = np.exp(min(max(gain + slope * u, -_MOST), _MOST)) * signal[j]
                expected = s + noise[j, v]
                if expected <= 0:
                    continue
                part = s / expected
                info = count[j] * part * part
                score = count[j] * (total[j, v] - expected) / expected * part
                a00 += info
                a01 += info * u
                a11 += info * u * u
                g0 += score
                g1 += score * u
            det = a00 * a11 - a01 * a01
            d0, d1 = (a11 * g0 - a01 * g1) / det, (a00 * g1 - a01 * g0) / det
            # Steps are kept short: far from the maximum a scoring step can leave the range of the exponential.
            d0, d1 = min(max(d0, -1.5), 1.5), min(max(d1, -2.0), 2.0)
            gain += d0
            slope += d1
            if abs(d0) < 1e-3 and abs(d1) < 1e-3:
                break
        gains[v], slopes[v] = gain, slope
        # The inverse of the information matrix holds the variances.
        errors[v] = np.sqrt(a00 / (a00 * a11 - a01 * a01))


def fit(total: np.ndarray, noise: np.ndarray, signal: np.ndarray, count: np.ndarray, offset: np.ndarray) -> FallOffs:
    """Local signal ``signal exp(gain + slope offset)``, by maximum likelihood.

    Powers follow chi-squared distributions of mean ``signal + noise``; their likelihood is maximised by Fisher scoring, with a weak prior
    for no difference from the typical signal.

    Parameters
    ----------
    total, noise
        Local power of the half sum, and the part of it that is noise, float32 [bands, v] at v points.
    signal
        Typical power of the signal, float64 [bands].
    count
        Independent complex coefficients behind one local average, float64 [bands].
    offset
        What the slope multiplies, float64 [bands].

    Returns
    -------
    FallOffs
        float32 [v] each.
    """
    v = total.shape[1]
    out = FallOffs(*(np.empty(v, dtype=np.float32) for _ in range(3)))
    arrays = [np.asarray(a, dtype=np.float64) for a in (signal, count, offset)]

    def work(start: int, stop: int) -> None:
        _fall_off_kernel(total, noise, start, stop, arrays[0], arrays[1], arrays[2], np.array(_RIDGE), out.gain, out.slope, out.error)

    over_slabs(work, v)
    return out
