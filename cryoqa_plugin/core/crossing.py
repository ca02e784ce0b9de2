"""Where a correlation curve falls below a threshold, the thresholds that depend on the shell, and confidence bands."""
from __future__ import annotations

from typing import NamedTuple, Tuple, Union

import numpy as np
from scipy.special import ndtri

from .fourier import Geometry, forward
from .shells import fine_edges, power_sums

SNR_HALF_BIT, SNR_ONE_BIT = 0.2071, 0.5  # of the full map: (sqrt(2) - 1) / 2 and (2 - 1) / 2


class Crossings(NamedTuple):
    """Where a curve meets a threshold.

    ``first`` is the abscissa of the first fall below it, NaN when there is none; ``falls`` and ``rises`` are the
    abscissae of all falls and of all returns; ``state`` is ``crosses``, ``never`` (above the threshold up to its end) or
    ``below`` (nowhere above it); ``late_start`` is True when the first shell looked at is already below.
    ``last_above`` is the index of the last shell above before the first fall, -1 when the state is ``below``.
    """

    first: float
    falls: Tuple[float, ...]
    rises: Tuple[float, ...]
    state: str
    late_start: bool
    last_above: int


def find_crossings(x: np.ndarray, y: np.ndarray, threshold: Union[float, np.ndarray], start: int = 1) -> Crossings:
    """All crossings of a curve with a threshold, linear between points.

    Shell 0 says nothing (one coefficient), so that the search begins at ``start``. When the curve is already below there, it begins where
    the curve first rises above the threshold.

    Parameters
    ----------
    x, y
        Abscissae and values of the curve, float [n]. NaN in ``y`` counts as below.
    threshold
        A number, or one for each point, float [n].
    start
        Index of the first point that counts.

    Returns
    -------
    Crossings
        Falls and rises in the unit of ``x``.
    """
    gap = np.where(np.isfinite(y), y - threshold, -np.inf)
    above = gap >= 0
    candidates = np.flatnonzero(above[start:])
    if candidates.size == 0:
        return Crossings(np.nan, (), (), "below", True, -1)
    begin = start + int(candidates[0])
    falls, rises = [], []
    for i in range(begin + 1, len(y)):
        if above[i] != above[i - 1]:
            (rises if above[i] else falls).append(_between(x, gap, i))
    late = begin > start
    if not falls:
        return Crossings(np.nan, (), (), "never", late, len(y) - 1)
    last = begin + int(np.argmin(above[begin:])) - 1
    return Crossings(falls[0], tuple(falls), tuple(rises), "crosses", late, last)


def first_falls(x: np.ndarray, curves: np.ndarray, threshold: float, start: int = 1) -> np.ndarray:
    """Where each of many curves first falls below a threshold: ``first`` of :func:`find_crossings`, all at a time.

    Parameters
    ----------
    x
        Abscissae, float [n].
    curves
        float [n, n_curves]; NaN counts as below.
    threshold
        The threshold.
    start
        Index of the first point that counts.

    Returns
    -------
    ndarray
        float64 [n_curves], in the unit of ``x``: the last abscissa for a curve that never falls, NaN for one that is nowhere above.
    """
    gap = np.where(np.isfinite(curves), curves - threshold, -np.inf)
    above = gap[start:] >= 0
    begin = start + above.argmax(axis=0)
    # Where it is below after it was first above.
    below = ~above & above.any(axis=0) & (np.arange(start, len(gap))[:, None] > begin)
    after = start + below.argmax(axis=0)
    falls, out = np.flatnonzero(below.any(axis=0)), np.where(above.any(axis=0), float(x[-1]), np.nan)
    high, low = gap[after[falls] - 1, falls], gap[after[falls], falls]
    left = x[after[falls] - 1]
    with np.errstate(invalid="ignore"):
        # A line cannot be drawn to a point without a value.
        out[falls] = np.where(np.isfinite(low), left + (x[after[falls]] - left) * high / (high - low), left)
    return out


def _between(x: np.ndarray, gap: np.ndarray, i: int) -> float:
    # A line cannot be drawn to a point without a value: the crossing is put on the one that has a value.
    if not (np.isfinite(gap[i]) and np.isfinite(gap[i - 1])):
        return float(x[i] if np.isfinite(gap[i]) else x[i - 1])
    return float(x[i - 1] + (x[i] - x[i - 1]) * gap[i - 1] / (gap[i - 1] - gap[i]))


def information_threshold(count: np.ndarray, snr: float) -> np.ndarray:
    """FSC expected where each half-map has the signal-to-noise ratio ``snr / 2``.

    Parameters
    ----------
    count
        Independent coefficients of each shell, float [n].
    snr
        Signal-to-noise ratio of the full map: 0.4142 / 2 = 0.2071 for half a bit of information, 0.5 for one bit.

    Returns
    -------
    ndarray
        ``T = (snr + (2 sqrt(snr) + 1) / sqrt(n)) / (snr + 1 + 2 sqrt(snr) / sqrt(n))``, float64 [n], at most 1.

    References
    ----------
    van Heel & Schatz (2005), https://doi.org/10.1016/j.jsb.2005.05.009.
    """
    root = np.sqrt(np.maximum(count, 1.0))
    return (snr + (2 * np.sqrt(snr) + 1) / root) / (snr + 1 + 2 * np.sqrt(snr) / root)


def half_bit(count: np.ndarray) -> np.ndarray:
    """The half-bit threshold.

    Parameters
    ----------
    count
        Independent coefficients of each shell, float [n].

    Returns
    -------
    ndarray
        float64 [n]; see :func:`information_threshold`.
    """
    return information_threshold(count, SNR_HALF_BIT)


def one_bit(count: np.ndarray) -> np.ndarray:
    """The one-bit threshold.

    Parameters
    ----------
    count
        Independent coefficients of each shell, float [n].

    Returns
    -------
    ndarray
        float64 [n]; see :func:`information_threshold`.
    """
    return information_threshold(count, SNR_ONE_BIT)


def three_sigma(count: np.ndarray) -> np.ndarray:
    """The three-sigma threshold.

    Parameters
    ----------
    count
        Independent coefficients of each shell, float [n].

    Returns
    -------
    ndarray
        ``3 / sqrt(n)``, float64 [n], at most 1.

    Notes
    -----
    The scatter of the FSC of pure noise is ``1 / sqrt(2 n)``, so that this curve lies 4.2 standard deviations above 0.
    van Heel & Schatz (2005), https://doi.org/10.1016/j.jsb.2005.05.009.
    """
    return np.minimum(3 / np.sqrt(np.maximum(count, 1.0)), 1.0)


def independent_fraction(mask: np.ndarray, geo: Geometry) -> np.ndarray:
    """Part of the independent coefficients of each shell that a mask leaves.

    Parameters
    ----------
    mask
        Mask, float32 [z, y, x].
    geo
        Shells of the box.

    Returns
    -------
    ndarray
        float64 [n_shells], above 0, 1 without a mask.

    Notes
    -----
    Multiplying by a mask ``m`` correlates noise at ``k`` and ``k + q`` by ``c(q) = FT(m^2)(q) / FT(m^2)(0)``. In a shell of radius ``r``
    and thickness 1 a neighbour at distance ``q < 2 r`` belongs to the shell with probability ``f(q) = 1 - q / 2`` below 1 and
    ``1 / (2 q)`` above, so that the variance of a shell average grows by ``sum_q f(q) abs(c(q))^2``. For a ball of diameter D in a box of
    edge L this is of the order of ``(L / D)^2``, as in van Heel & Schatz (2005), https://doi.org/10.1016/j.jsb.2005.05.009.
    """
    # Quarter shells are fine enough: f(q) changes slowly, and the transform of m^2 is smooth.
    edges = fine_edges(geo, 4, up_to_corner=False)
    power, _, _ = power_sums(forward(mask * mask), geo, edges)
    if power[0] <= 0:
        return np.ones(geo.n_shells)
    q = edges - 0.125  # middle of each quarter shell
    member = np.where(q < 1, 1 - q / 2, 0.5 / q)
    member[0] = 0.5                                     # q = 0: its own mate, counted once instead of twice below
    reach = np.searchsorted(q, 2 * np.maximum(np.arange(geo.n_shells), 0.5), side="right")
    return 1 / np.maximum(np.cumsum(2 * member * power / power[0])[reach - 1], 1.0)


def confidence_band(fsc: np.ndarray, count: np.ndarray, level: float = 0.95) -> Tuple[np.ndarray, np.ndarray]:
    """Band that holds the true correlation with a given probability, by Fisher's z transform.

    Parameters
    ----------
    fsc
        Correlation of each shell, float [n].
    count
        Independent complex coefficients of each shell, float [n].
    level
        The probability.

    Returns
    -------
    low, high
        float64 [n] each; -1 and 1 for shells with fewer than two coefficients.

    Notes
    -----
    A shell of ``count`` complex coefficients is ``2 count`` pairs of real numbers; ``z = atanh(FSC)`` has the standard deviation
    ``1 / sqrt(2 count - 3)``.
    """
    width = float(ndtri(0.5 + level / 2)) / np.sqrt(np.maximum(2 * count - 3, 1e-9))
    # atanh is infinite at 1, where copies are.
    z = np.arctanh(np.clip(fsc, -0.9999999, 0.9999999))
    return np.tanh(z - width), np.tanh(z + width)
