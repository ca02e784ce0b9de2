"""From correlations with conformers of every type to log-odds of the types: a linear discriminant, its fit, and its temperature."""
from __future__ import annotations

from typing import NamedTuple, Tuple

import numpy as np
from scipy.optimize import minimize_scalar

FLOOR = -4.0                          # nats; no residue is ever worse evidence
_SHRINK = 0.05                        # of the covariance towards equal, independent variances
_SCALES = (0.05, 3.0)
_LEAST_GAIN = 4.0                     # nats; twice that is beyond chi square of one degree of freedom at 0.005


class TypeTable(NamedTuple):
    """How correlations with conformers are distributed for each type.

    ``means`` float64 [n_kinds, n_features], ``precision`` float64 [n_features, n_features] the inverse of the covariance that all types
    share, ``scale`` of the log-likelihoods, ``composition`` float64 [n_kinds], the part of each type, which sums to 1.
    """

    means: np.ndarray
    precision: np.ndarray
    scale: float
    composition: np.ndarray

    def odds(self, x: np.ndarray) -> np.ndarray:
        """Log-odds of the types.

        Parameters
        ----------
        x
            Correlations, float64 [n, n_features].

        Returns
        -------
        ndarray
            float64 [n, n_kinds] in nats, ``log(p(x | kind) / sum_j composition_j p(x | j))``, no less than -4.
        """
        return np.maximum(_log_odds(self.scale * _likelihoods(x, self.means, self.precision), self.composition), FLOOR)


def between(low: TypeTable, high: TypeTable, part: float) -> TypeTable:
    """A table between two.

    Parameters
    ----------
    low, high
        The tables.
    part
        Where between them, from 0 to 1.

    Returns
    -------
    TypeTable
        Means, covariance, scale and composition are linear in between.
    """
    def mixed(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return a + part * (b - a)

    covariance = mixed(np.linalg.inv(low.precision), np.linalg.inv(high.precision))
    return TypeTable(mixed(low.means, high.means), np.linalg.inv(covariance), float(mixed(low.scale, high.scale)),
                     mixed(low.composition, high.composition))


def fit(x: np.ndarray, kind: np.ndarray, fold: np.ndarray, n_kinds: int) -> TypeTable:
    """The table of known types.

    Parameters
    ----------
    x
        Correlations, float64 [n, n_features].
    kind
        The type of each, int64 [n].
    fold
        Which half each belongs to, bool [n]: the scale is the one at which the means and the covariance of one half make the types of the
        other most likely.
    n_kinds
        Number of types.

    Returns
    -------
    TypeTable
        Of all of them.
    """
    composition = np.bincount(kind, minlength=n_kinds) / len(kind)
    parts = []
    for one in (fold, ~fold):
        means, precision = _moments(x[one], kind[one], n_kinds)
        parts.append((_likelihoods(x[~one], means, precision), kind[~one]))

    def loss(scale: float) -> float:
        return -sum(_log_odds(scale * g, composition)[np.arange(len(k)), k].sum() for g, k in parts)

    scale = float(minimize_scalar(loss, bounds=_SCALES, method="bounded").x)
    means, precision = _moments(x, kind, n_kinds)
    return TypeTable(means, precision, scale, composition)


def temperature_of(raw: np.ndarray, types: np.ndarray) -> float:
    """How much of its log-odds a map deserves.

    Parameters
    ----------
    raw
        Log-odds, float64 [n, n_kinds]; rows of NaN do not count.
    types
        The types of the model, int64 [n], -1 for unknown.

    Returns
    -------
    float
        From 0 to 1: the factor at which the mean of ``T raw - log sum_j c_j exp(T raw_j)`` over the types of the model is largest, ``c``
        their composition. 0 when nothing counts, and when the sum gains less than 4 nats, which one of 200 sequences gains by chance.
    """
    use = (types >= 0) & np.isfinite(raw).all(axis=1)
    if not use.any():
        return 0.0
    raw, types = raw[use], types[use]
    composition = (np.bincount(types, minlength=raw.shape[1]) + 1.0) / (len(types) + raw.shape[1])

    def loss(t: float) -> float:
        return -float(_log_odds(t * raw, composition)[np.arange(len(types)), types].mean())

    found = minimize_scalar(loss, bounds=(0.0, 1.0), method="bounded", options={"xatol": 1e-4})
    best = max((0.0, float(found.x), 1.0), key=lambda t: -loss(t))
    return best if -loss(best) * len(types) >= _LEAST_GAIN else 0.0


def tempered(raw: np.ndarray, temperature: float, composition: np.ndarray) -> np.ndarray:
    """Log-odds of a map that deserves a part of them only.

    Parameters
    ----------
    raw
        Log-odds, float64 [n, n_kinds].
    temperature
        Of :func:`temperature_of`.
    composition
        What they are against, float64 [n_kinds].

    Returns
    -------
    ndarray
        ``T raw - log sum_j composition_j exp(T raw_j)``, float64 [n, n_kinds]; NaN where ``raw`` is.
    """
    return _log_odds(temperature * raw, composition)


def _moments(x: np.ndarray, kind: np.ndarray, n_kinds: int) -> Tuple[np.ndarray, np.ndarray]:
    """Means of the types, that of all where a type is missing, and the inverse of their shared covariance."""
    means = np.array([x[kind == k].mean(axis=0) if np.any(kind == k) else x.mean(axis=0) for k in range(n_kinds)])
    rest = x - means[kind]
    covariance = rest.T @ rest / max(len(x) - n_kinds, 1)
    n = covariance.shape[0]
    covariance = (1 - _SHRINK) * covariance + _SHRINK * np.trace(covariance) / n * np.eye(n)
    return means, np.linalg.inv(covariance)


def _likelihoods(x: np.ndarray, means: np.ndarray, precision: np.ndarray) -> np.ndarray:
    """Log-likelihoods of the types but for a constant, float64 [n, n_kinds]."""
    turned = means @ precision
    return x @ turned.T - 0.5 * (turned * means).sum(axis=1)


def _log_odds(likelihoods: np.ndarray, composition: np.ndarray) -> np.ndarray:
    top = likelihoods.max(axis=1, keepdims=True)
    return likelihoods - top - np.log(np.exp(likelihoods - top) @ composition)[:, None]
