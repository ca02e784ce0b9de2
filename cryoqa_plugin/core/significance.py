"""Which shells of an FSC are more than noise: p-values in closed form, false discovery rate over the shells, information."""
from __future__ import annotations

from typing import Tuple

import numpy as np
from scipy.special import betainc, betaincinv, fdtri

PROCEDURES = ("yekutieli", "hochberg")


def noise_probability(fsc: np.ndarray, count: np.ndarray) -> np.ndarray:
    """Probability that unrelated noise correlates at least as well: one-sided p-values.

    Parameters
    ----------
    fsc
        Correlation of each shell, float [n].
    count
        Independent complex coefficients of each shell, float [n].

    Returns
    -------
    ndarray
        float64 [n]; 1 for shells with less than two real numbers, which say nothing.

    Notes
    -----
    The correlation of two vectors of ``m = 2 count`` independent real numbers whose true correlation is 0 is the cosine of the angle
    between two random directions of m dimensions; its square follows the beta distribution with 1/2 and (m - 1) / 2. This is the limit of
    the permutation test of Beckers & Sachse (2020), https://doi.org/10.1016/j.jsb.2020.107579.
    """
    half_freedom = np.maximum(2 * np.asarray(count, dtype=np.float64) - 1, 1e-9) / 2
    r = np.clip(fsc, -1.0, 1.0)
    # The beta distribution is of the square: half of it lies on each side of 0.
    tail = 0.5 * betainc(half_freedom, 0.5, 1 - r * r)
    return np.where(half_freedom < 0.5, 1.0, np.where(r >= 0, tail, 1 - tail))


def correlation_limit(p: float, count: np.ndarray) -> np.ndarray:
    """FSC that noise exceeds with a given probability; the inverse of :func:`noise_probability`.

    Parameters
    ----------
    p
        The probability, below 0.5.
    count
        Independent complex coefficients of each shell, float [n].

    Returns
    -------
    ndarray
        float64 [n].
    """
    half_freedom = np.maximum(2 * np.asarray(count, dtype=np.float64) - 1, 1e-9) / 2
    limit = np.sqrt(1 - betaincinv(half_freedom, 0.5, min(2 * p, 1.0)))
    return np.where(half_freedom < 0.5, 1.0, limit)


def _factor(n: int, procedure: str) -> float:
    if procedure not in PROCEDURES:
        raise ValueError(f"procedure '{procedure}'")
    # The harmonic sum is the price for tests that depend on each other in a way not known.
    return n * (float(np.sum(1 / np.arange(1, n + 1))) if procedure == "yekutieli" else 1.0)


def adjusted(p: np.ndarray, procedure: str = "yekutieli") -> np.ndarray:
    """P-values adjusted for the false discovery rate over all of them.

    Parameters
    ----------
    p
        float [n].
    procedure
        ``yekutieli`` holds whatever the dependence between the tests; ``hochberg`` for independent ones.

    Returns
    -------
    ndarray
        float64 [n], in the order of ``p``.

    Raises
    ------
    ValueError
        For another procedure.

    References
    ----------
    Benjamini & Yekutieli (2001), https://doi.org/10.1214/aos/1013699998; Benjamini & Hochberg (1995),
    https://doi.org/10.1111/j.2517-6161.1995.tb02031.x.
    """
    p = np.asarray(p, dtype=np.float64)
    order = np.argsort(p, kind="stable")
    scaled = p[order] * _factor(p.size, procedure) / np.arange(1, p.size + 1)
    out = np.empty_like(p)
    # No p-value may be adjusted to more than a larger one is.
    out[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return out


def largest_accepted(p: np.ndarray, rate: float, procedure: str = "yekutieli") -> float:
    """Largest p-value that counts as a discovery: what one more shell would have to reach.

    Parameters
    ----------
    p
        float [n].
    rate
        False discovery rate.
    procedure
        As in :func:`adjusted`.

    Returns
    -------
    float
        A p-value.
    """
    n = len(p)
    found = int(np.count_nonzero(adjusted(p, procedure) <= rate))
    return max(found, 1) * rate / _factor(n, procedure)


def ssnr(fsc: np.ndarray) -> np.ndarray:
    """Signal over noise power of the mean of the half-maps.

    For half-maps of one scale the same as ``|F1 + F2|^2 / |F1 - F2|^2 - 1``, sums over a shell.

    Parameters
    ----------
    fsc
        Correlation of each shell, float [n].

    Returns
    -------
    ndarray
        ``2 FSC / (1 - FSC)``, float64 [n]; infinite for copies. Higher is better.

    References
    ----------
    Penczek (2002), https://doi.org/10.1016/S1047-8477(02)00033-3.
    """
    rest = 1 - np.asarray(fsc, dtype=np.float64)
    return np.divide(2 * np.asarray(fsc, dtype=np.float64), rest, out=np.full(rest.shape, np.inf), where=rest > 0)


def ssnr_band(value: np.ndarray, count: np.ndarray, level: float) -> Tuple[np.ndarray, np.ndarray]:
    """Band that holds the true SSNR with a given probability.

    Signal + noise and noise are sums of ``2 count`` squares each, so that ``(1 + estimate) / (1 + truth)`` follows the F distribution with
    ``2 count`` and ``2 count`` degrees of freedom.

    Parameters
    ----------
    value
        The estimates, float [n].
    count
        Independent complex coefficients of each shell, float [n].
    level
        The probability.

    Returns
    -------
    low, high
        float64 [n] each.
    """
    freedom = np.maximum(2 * np.asarray(count, dtype=np.float64), 1.0)
    spread = fdtri(freedom, freedom, 0.5 + level / 2)
    return (1 + value) / spread - 1, (1 + value) * spread - 1


def information(fsc: np.ndarray) -> np.ndarray:
    """Bits that one complex coefficient of the mean map carries.

    Parameters
    ----------
    fsc
        Correlation of each shell, float [n].

    Returns
    -------
    ndarray
        ``log2(1 + SSNR)``, float64 [n]; 0 for a negative FSC. Copies (FSC 1) are given the bits of a float32 FSC, 24.

    References
    ----------
    Shannon (1948), https://doi.org/10.1002/j.1538-7305.1948.tb01338.x.
    """
    c = np.clip(fsc, 0.0, 1 - 2.0 ** -23)
    return np.log2((1 + c) / (1 - c))
