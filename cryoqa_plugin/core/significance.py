"""Which shells of an FSC are more than noise: p-values in closed form, false discovery rate over the shells, information."""
from __future__ import annotations

from typing import Tuple

import numpy as np
from scipy.special import betainc, betaincinv, fdtri

PROCEDURES = ("yekutieli", "hochberg")


def noise_probability(fsc: np.ndarray, count: np.ndarray) -> np.ndarray:
    """Probability that unrelated noise correlates at least as well, float64 [n]: one-sided p-values.

    ``count`` is the number of independent complex coefficients of each shell, float [n]. The correlation of two vectors of
    ``m = 2 count`` independent real numbers whose true correlation is 0 is the cosine of the angle between two random
    directions of m dimensions; its square follows the beta distribution with 1/2 and (m - 1) / 2. This is the limit of the
    permutation test of Beckers & Sachse (2020), https://doi.org/10.1016/j.jsb.2020.107579.
    Shells with less than two real numbers say nothing: p = 1.
    """
    half_freedom = np.maximum(2 * np.asarray(count, dtype=np.float64) - 1, 1e-9) / 2
    r = np.clip(fsc, -1.0, 1.0)
    tail = 0.5 * betainc(half_freedom, 0.5, 1 - r * r)
    return np.where(half_freedom < 0.5, 1.0, np.where(r >= 0, tail, 1 - tail))


def correlation_limit(p: float, count: np.ndarray) -> np.ndarray:
    """FSC that noise exceeds with probability ``p`` (below 0.5), float64 [n]; the inverse of :func:`noise_probability`."""
    half_freedom = np.maximum(2 * np.asarray(count, dtype=np.float64) - 1, 1e-9) / 2
    limit = np.sqrt(1 - betaincinv(half_freedom, 0.5, min(2 * p, 1.0)))
    return np.where(half_freedom < 0.5, 1.0, limit)


def _factor(n: int, procedure: str) -> float:
    if procedure not in PROCEDURES:
        raise ValueError(f"procedure '{procedure}'")
    return n * (float(np.sum(1 / np.arange(1, n + 1))) if procedure == "yekutieli" else 1.0)


def adjusted(p: np.ndarray, procedure: str = "yekutieli") -> np.ndarray:
    """P-values, float [n], adjusted for the false discovery rate over all n of them, float64 [n].

    ``yekutieli`` holds whatever the dependence between the tests, Benjamini & Yekutieli (2001),
    https://doi.org/10.1214/aos/1013699998; ``hochberg`` for independent ones, Benjamini & Hochberg (1995),
    https://doi.org/10.1111/j.2517-6161.1995.tb02031.x.
    """
    p = np.asarray(p, dtype=np.float64)
    order = np.argsort(p, kind="stable")
    scaled = p[order] * _factor(p.size, procedure) / np.arange(1, p.size + 1)
    out = np.empty_like(p)
    out[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return out


def largest_accepted(p: np.ndarray, rate: float, procedure: str = "yekutieli") -> float:
    """Largest p-value that counts as a discovery at a false discovery ``rate``: what one more shell would have to reach."""
    n = len(p)
    found = int(np.count_nonzero(adjusted(p, procedure) <= rate))
    return max(found, 1) * rate / _factor(n, procedure)


def ssnr(fsc: np.ndarray) -> np.ndarray:
    """Signal over noise power of the mean of the half-maps, float64 [n]: ``2 FSC / (1 - FSC)``; infinite for copies.

    For half-maps of one scale the same as ``|F1 + F2|^2 / |F1 - F2|^2 - 1``, sums over a shell.
    Penczek (2002), https://doi.org/10.1016/S1047-8477(02)00033-3.
    """
    rest = 1 - np.asarray(fsc, dtype=np.float64)
    return np.divide(2 * np.asarray(fsc, dtype=np.float64), rest, out=np.full(rest.shape, np.inf), where=rest > 0)


def ssnr_band(value: np.ndarray, count: np.ndarray, level: float) -> Tuple[np.ndarray, np.ndarray]:
    """Band that holds the true SSNR with probability ``level``, float64 [n] each.

    Signal + noise and noise are sums of ``2 count`` squares each, so that ``(1 + estimate) / (1 + truth)`` follows the F
    distribution with ``2 count`` and ``2 count`` degrees of freedom.
    """
    freedom = np.maximum(2 * np.asarray(count, dtype=np.float64), 1.0)
    spread = fdtri(freedom, freedom, 0.5 + level / 2)
    return (1 + value) / spread - 1, (1 + value) * spread - 1


def information(fsc: np.ndarray) -> np.ndarray:
    """Bits that one complex coefficient of the mean map carries, float64 [n]: ``log2(1 + SSNR)``, 0 for a negative FSC.

    Shannon (1948), https://doi.org/10.1002/j.1538-7305.1948.tb01338.x. Copies (FSC 1) are given the bits of a float32 FSC, 24.
    """
    c = np.clip(fsc, 0.0, 1 - 2.0 ** -23)
    return np.log2((1 + c) / (1 - c))
