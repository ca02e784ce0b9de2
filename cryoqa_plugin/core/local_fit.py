"""Local signal-to-noise ratio along frequency from band powers, by local likelihood, and where its FSC first falls below a threshold."""
from __future__ import annotations

from typing import NamedTuple, Optional

import numpy as np

from .jit import njit
from .threads import over_slabs

_NEGLIGIBLE = 0.05                    # weight below which a band does not take part
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
def _one_fit(total, noise, v, signal, count, weights, offsets, k, low, high, start, ridge, found):
    """Newton (Fisher scoring) steps for gain ``found[0]`` and slope ``found[1]`` at band k; ``found[2]``: variance of the gain."""
    gain, slope = start[0], start[1]
    for _ in range(12):
        # Information matrix and score begin with those of the prior, a Gaussian around no gain and no slope.
        a00, a01, a11 = ridge[0], 0.0, ridge[1]
        g0, g1 = -ridge[0] * gain, -ridge[1] * slope
        for j in range(low, high):
            u = offsets[k, j]
            s = np.exp(min(max(gain + slope * u, -20.0), 20.0)) * signal[j]
            expected = s + noise[j, v]
            part = s / expected
            n = weights[k, j] * count[j]
            info = n * part * part
            score = n * (total[j, v] - expected) / expected * part
            a00 += info
            a01 += info * u
            a11 += info * u * u
            g0 += score
            g1 += score * u
        det = a00 * a11 - a01 * a01
        d0, d1 = (a11 * g0 - a01 * g1) / det, (a00 * g1 - a01 * g0) / det
        # Steps are kept short: far from the maximum a Newton step can leave the range of the exponential.
        d0, d1 = min(max(d0, -1.5), 1.5), min(max(d1, -6.0), 6.0)
        gain += d0
        slope += d1
        found[2] = a11 / det
        if abs(d0) < 1e-3 and abs(d1) < 1e-2:
            break
    found[0], found[1] = gain, slope


@njit
def _fit_kernel(total, noise, factor, v0, v1, at, signal, count, weights, offsets, bounds, ridge, thresholds, first, state, errors):
    n_bands, n_cuts = at.size, thresholds.size
    begin, found = np.zeros(2), np.zeros(3)
    before = 0.0
    for v in range(v0, v1):
        # Bands are followed upwards, each from the answer of the one before: two or three steps are enough then.
        begin[0], begin[1] = 0.0, 0.0
        left = n_cuts
        for c in range(n_cuts):
            state[c, v], first[c, v] = 1, at[n_bands - 1]
        errors[0, v], errors[1, v] = np.nan, np.nan
        for k in range(n_bands):
            _one_fit(total, noise, v, signal, count, weights, offsets, k, bounds[k, 0], bounds[k, 1], begin, ridge, found)
            snr = np.exp(min(max(found[0], -20.0), 20.0)) * signal[k] / (2 * noise[k, v] * factor[v])
            fsc = snr / (1 + snr)
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
            before = fsc
            if k + 1 < n_bands:
                # The line of this band, written around the next one.
                ratio = at[k + 1] / at[k]
                begin[0] = found[0] + found[1] * (ratio - 1)
                begin[1] = found[1] * ratio


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
    held = np.ones(v, dtype=np.float32) if factor is None else factor.astype(np.float32)
    out = LocalCrossings(np.empty((t, v)), np.empty((t, v), dtype=np.int8), np.empty(v), np.empty(v))
    errors = np.empty((2, v))

    def work(start: int, stop: int) -> None:
        _fit_kernel(total, noise, held, start, stop, at, signal, count, weights, offsets, bounds, np.array(_RIDGE), thresholds,
                    out.first, out.state, errors)

    over_slabs(work, v)
    return out._replace(log_error=errors[0], error=errors[1])
