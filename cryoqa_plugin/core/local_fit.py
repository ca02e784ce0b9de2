"""Local signal-to-noise ratio along frequency from band powers, by local likelihood, and where its FSC first falls below a threshold."""
from __future__ import annotations

from typing import NamedTuple, Optional

import numpy as np

from .jit import njit
from .threads import over_slabs

_NEGLIGIBLE = 0.05                    # weight below which a band does not take part
_AHEAD = 4                            # bands looked ahead: neighbours are pooled over as many
_SAFE = 5.0                           # SNR of bands that need no fit, over that of the highest threshold
_LEAST_NOISE = 1e-6                   # part of the signal: no map has less, and an SNR without end is no number
_RIDGE = (0.02, 0.1)                  # prior information on gain and slope: holds them where there is no signal at all


class LocalCrossings(NamedTuple):
    """Per point: ``first`` float64 [t, v] frequency of the first fall below each threshold, the first band where it starts below and
    the last where it never falls; ``state`` int8 [t, v] -1, 0, 1 for starts below, crosses, never falls; ``log_error`` and
    ``error`` float64 [v], the standard errors of ln SNR and of ``first`` at the first threshold, NaN where it does not cross."""

    first: np.ndarray
    state: np.ndarray
    log_error: np.ndarray
    error: np.ndarray


@njit
def _one_fit(total, noise, v, signal, counts, offsets, k, low, high, even, gain, slope, ridge, found):
    """Newton (Fisher scoring) steps for gain ``found[0]`` and slope ``found[1]`` at band k; ``found[2]``: variance of the gain."""
    first, last = offsets[k, low], offsets[k, high - 1]
    step = offsets[k, low + 1] - first if high - low > 1 else 0.0
    for _ in range(12):
        # Information matrix and score begin with those of the prior, a Gaussian around no gain and no slope.
        a00, a01, a11 = ridge[0], 0.0, ridge[1]
        g0, g1 = -ridge[0] * gain, -ridge[1] * slope
        at_low, at_high = gain + slope * first, gain + slope * last
        # Over evenly spaced bands the exponential is a geometric series, as long as it stays in its range.
        series = even and min(at_low, at_high) > -20.0 and max(at_low, at_high) < 20.0
        power, ratio = (np.exp(at_low), np.exp(slope * step)) if series else (1.0, 1.0)
        for j in range(low, high):
            u = offsets[k, j]
            if not series:
                power = np.exp(min(max(gain + slope * u, -20.0), 20.0))
            s = power * signal[j]
            power *= ratio
            over = 1.0 / (s + noise[j, v])
            part = s * over
            info = counts[k, j] * part
            score = info * (total[j, v] * over - 1.0)
            info *= part
            a00 += info
            a01 += info * u
            a11 += info * u * u
            g0 += score
            g1 += score * u
        over = 1.0 / (a00 * a11 - a01 * a01)
        d0, d1 = (a11 * g0 - a01 * g1) * over, (a00 * g1 - a01 * g0) * over
        # Steps are kept short: far from the maximum a Newton step can leave the range of the exponential.
        d0, d1 = min(max(d0, -1.5), 1.5), min(max(d1, -6.0), 6.0)
        gain += d0
        slope += d1
        found[2] = a11 * over
        if abs(d0) < 1e-3 and abs(d1) < 1e-2:
            break
    found[0], found[1] = gain, slope


@njit
def _next_band(found, k, v, at, signal, noise, factor, least):
    """The next band to fit: past those where the line of band k leaves the SNR so high above ``least`` that none can be below it."""
    ahead = 1
    while ahead <= _AHEAD and k + ahead < at.size:
        there = found[0] + found[1] * (at[k + ahead] / at[k] - 1)
        if np.exp(min(max(there, -20.0), 20.0)) * signal[k + ahead] < _SAFE * least * 2 * noise[k + ahead, v] * factor[v]:
            break
        ahead += 1
    return k + max(ahead - 1, 1)


@njit
def _fit_kernel(total, noise, factor, v0, v1, at, signal, counts, offsets, bounds, even, ridge, thresholds, first, state, errors):
    n_bands, n_cuts = at.size, thresholds.size
    found, highest = np.zeros(3), 0.0
    for c in range(n_cuts):
        highest = max(highest, thresholds[c])
    for v in range(v0, v1):
        # Bands are followed upwards, each from the answer of the one before: two or three steps are enough then.
        gain, slope, left = 0.0, 0.0, n_cuts
        for c in range(n_cuts):
            state[c, v], first[c, v] = 1, at[n_bands - 1]
        errors[0, v], errors[1, v] = np.nan, np.nan
        # np.int64: a plain 0 would have the functions that take k compiled twice, for the constant and for the variable
        k, last, before, reached, leaps = np.int64(0), -1, 1.0, 1.0, True
        while k < n_bands:
            _one_fit(total, noise, v, signal, counts, offsets, k, bounds[k, 0], bounds[k, 1], even, gain, slope, ridge, found)
            snr = np.exp(min(max(found[0], -20.0), 20.0)) * signal[k] / (2 * noise[k, v] * factor[v])
            fsc = snr / (1 + snr)
            if k > last + 1 and fsc < highest:
                # It fell among bands that were passed over: back to the first of them, one by one from there.
                k, leaps = last + 1, False
                gain, slope = gain + slope * (at[k] / reached - 1), slope * (at[k] / reached)
                continue
            for c in range(n_cuts):
                if state[c, v] == 1 and fsc < thresholds[c]:
                    left -= 1
                    if k == 0:
                        state[c, v], first[c, v] = -1, at[0]
                        continue
                    t = (before - thresholds[c]) / (before - fsc)
                    state[c, v], first[c, v] = 0, at[k - 1] + t * (at[k] - at[k - 1])
                    if c == 0:
                        fall = max(np.log(before / (1 - before)) - np.log(max(snr, 1e-12)), 1e-3) / (at[k] - at[k - 1])
                        errors[0, v] = np.sqrt(found[2])
                        errors[1, v] = np.sqrt(found[2]) / fall
            # All thresholds are passed: finer bands cannot change the first fall.
            if left == 0:
                break
            before, last = fsc, k
            k = _next_band(found, k, v, at, signal, noise, factor, highest / (1 - highest)) if leaps else k + 1
            if k < n_bands:
                # The line of this band, written around the next one.
                reached = at[k]
                ratio = reached / at[last]
                gain, slope = found[0] + found[1] * (ratio - 1), found[1] * ratio


def local_crossings(total: np.ndarray, noise: np.ndarray, at: np.ndarray, signal: np.ndarray, count: np.ndarray, thresholds: np.ndarray,
                    width: np.ndarray, factor: Optional[np.ndarray] = None) -> LocalCrossings:
    """First fall of the local half-map FSC below each threshold.

    Parameters
    ----------
    total, noise
        Local power of the half sum, and the part of it that is noise, float32 [bands, v] at v points.
    at
        Frequencies of the bands, rising float64 [bands].
    signal
        A typical power of the signal, float64 [bands]; its course is followed between bands.
    count
        Independent complex coefficients behind one local average, float64 [bands]; half as many as real numbers.
    thresholds
        float64 [t], the first one the highest in rank: standard errors belong to it.
    width
        Standard deviation of the weights of the neighbour bands, float64 [bands] in the unit of ``at``.
    factor
        What the noise that a signal is held against is over ``noise``, float32 [v]; 1 when None.

    Returns
    -------
    LocalCrossings
        Frequencies in the unit of ``at``.

    Notes
    -----
    Around band k the signal is ``signal exp(c0 + c1 u)`` with ``u = at / at[k] - 1``; ``c0`` and ``c1`` maximise the likelihood of the
    powers, which follow chi-squared distributions of mean ``signal + noise``, weighted by a Gaussian in frequency. Then
    ``SNR = signal exp(c0) / (2 noise factor)`` and ``FSC = SNR / (1 + SNR)``, linear between bands. Local likelihood: Tibshirani & Hastie
    (1987), https://doi.org/10.1080/01621459.1987.10478466.
    """
    weights = np.exp(-0.5 * ((at[None, :] - at[:, None]) / width[:, None]) ** 2)
    offsets = at[None, :] / at[:, None] - 1
    bounds = np.array([(np.flatnonzero(w > _NEGLIGIBLE)[0], np.flatnonzero(w > _NEGLIGIBLE)[-1] + 1) for w in weights])
    v, t = total.shape[1], thresholds.size
    even = bool(np.ptp(np.diff(at)) <= 1e-9 * at[-1]) if at.size > 1 else False
    counts = weights * count[None, :]
    held = np.ones(v, dtype=np.float32) if factor is None else factor.astype(np.float32)
    out = LocalCrossings(np.empty((t, v)), np.empty((t, v), dtype=np.int8), np.empty(v), np.empty(v))
    errors = np.empty((2, v))
    least = np.clip(_LEAST_NOISE * signal, np.finfo(np.float32).tiny, np.finfo(np.float32).max).astype(np.float32)
    if (noise.min(axis=1) < least).any():                    # bands that a periodic or smooth map leaves empty
        noise = np.maximum(noise, least[:, None])

    def work(start: int, stop: int) -> None:
        _fit_kernel(total, noise, held, start, stop, at, signal, counts, offsets, bounds, even, np.array(_RIDGE), thresholds, out.first,
                    out.state, errors)

    over_slabs(work, v)
    return out._replace(log_error=errors[0], error=errors[1])
