"""Density modification in the open: is a map made of two half-maps nearer to the signal than their mean, and how near is it?

No truth is needed: what was made of half-map 1 times half-map 2 is a product with the signal, because their noise is independent.
"""
from __future__ import annotations

from typing import NamedTuple, Optional, Sequence

import numpy as np

from . import conditional, shells
from .conditional import ConditionalMeans
from .fourier import Geometry, frequencies, shells_to
from .sector_sums import SECTORS, SectorSums

_COARSE = 10.0                        # Å, where the mean over shells begins
_LEAST_POWER = 1e-300
_SURE, _FLOOR, _HARM = 3.0, 0.01, 2.0        # standard errors of an improvement, its least size, and standard errors of a harm
_CUBIC = 4                            # parameters of the logistic
_STEPS = 60                           # of the fit of the logistic, at most
IMPROVED, NO_CHANGE, HARMED = "improved", "no change", "harmed"


class Gain(NamedTuple):
    """By how much a map is nearer to the signal than the mean of the half-maps: ``mean`` estimates rho_O (rho_X - rho_O), the mean of
    ``by_shell`` float64 [n_shells] over ``used`` bool [n_shells]; ``error`` is its standard error."""

    mean: float
    error: float
    by_shell: np.ndarray
    used: np.ndarray

    @property
    def verdict(self) -> str:
        """improved: more than 3 standard errors and 0.01; harmed: below -2 standard errors; else no change."""
        if self.mean > max(_SURE * self.error, _FLOOR):
            return IMPROVED
        return HARMED if self.mean < -_HARM * self.error else NO_CHANGE


def border(shape: Sequence[int], voxel_size: Sequence[float], width: float = 5.0) -> np.ndarray:
    """Soft edge along the faces of a box, for half-maps whose molecule runs into them.

    Parameters
    ----------
    shape
        Voxels (nz, ny, nx).
    voxel_size
        Edges of a voxel (x, y, z) in Å.
    width
        Of the edge in Å.

    Returns
    -------
    ndarray
        float32 [z, y, x]: ``sin^2(pi d / (2 width))`` of the distance from the next face along each axis, 1 from ``width`` on.
    """
    out = np.ones((1, 1, 1), np.float32)
    for axis, (n, v) in enumerate(zip(shape, list(voxel_size)[::-1])):
        distance = (np.minimum(np.arange(n), n - 1 - np.arange(n)) + 0.5) * v
        edge = np.sin(np.pi / 2 * np.minimum(distance / width, 1)) ** 2
        out = out * edge.astype(np.float32).reshape([n if k == axis else 1 for k in range(3)])
    return out


def cross_fitted(found: ConditionalMeans) -> np.ndarray:
    """Weights of estimates that may be judged: for each sector fitted on the other eleven.

    Parameters
    ----------
    found
        The estimates.

    Returns
    -------
    ndarray
        float64 [n_shells, 12, n].
    """
    return np.stack([conditional.fitted(found.sums, k, found.prior, found.held) for k in range(SECTORS)], axis=1)


def judged(found: ConditionalMeans, geo: Geometry) -> Gain:
    """By how much the estimates put together are nearer to the signal than the mean of the half-maps.

    Parameters
    ----------
    found
        The estimates.
    geo
        Their shells.

    Returns
    -------
    Gain
        See :func:`gain`, with weights by :func:`cross_fitted`.
    """
    return gain(found.sums, cross_fitted(found), geo, found.finest)


def gain(sums: SectorSums, weights: np.ndarray, geo: Geometry, finest: float) -> Gain:
    """By how much a sum of maps made of half-maps is nearer to the signal than the mean of the half-maps.

    Parameters
    ----------
    sums
        Products of the maps in a mask; the first are the half-maps, whose mean is O.
    weights
        Of the maps by shell and sector, float64 [n_shells, 12, n].
    geo
        Their shells.
    finest
        Where the mean over shells ends (Å).

    Returns
    -------
    Gain
        ``T = mean of <s,X> / sqrt(<X,X><O,O>) - <a,b> / <O,O>`` over shells from 10 Å on, each sum a running mean over three shells;
        the standard error by leaving out a sector at a time.
    """
    parts, used = _parts(sums, weights), mean_over(geo, finest)
    whole = _gains(parts.sum(axis=2))
    return Gain(float(whole[used].mean()), jackknife([_gains(np.delete(parts, k, axis=2).sum(axis=2))[used].mean()
                                                      for k in range(SECTORS)]), whole, used)


def jackknife(values: Sequence[float]) -> float:
    """Standard error of what was found with each sector left out in turn.

    Parameters
    ----------
    values
        float [12].

    Returns
    -------
    float
        ``sqrt((n - 1) / n sum (x - mean x)^2)``.
    """
    found = np.asarray(values, dtype=np.float64)
    return float(np.sqrt((found.size - 1) / found.size * np.sum((found - found.mean()) ** 2)))


def _parts(sums: SectorSums, weights: np.ndarray) -> np.ndarray:
    """<s,X>, <X,X>, <O,O> and <a,b> by shell and sector, float64 [4, n_shells, 12]."""
    signal = np.einsum("ksi,ksi->ks", weights, sums.signal)
    power = np.einsum("ksi,ksij,ksj->ks", weights, sums.products, weights)
    return np.stack([signal, power, sums.products[..., 0, 0], sums.signal[..., 0]])


def mean_over(geo: Geometry, finest: float) -> np.ndarray:
    """Shells from 10 Å to the end of the estimates, bool [n_shells].

    Parameters
    ----------
    geo
        Shells of the box.
    finest
        End (Å).

    Returns
    -------
    ndarray
        True for one shell at least.
    """
    used = (frequencies(geo) >= 1 / _COARSE) & shells_to(geo, finest)
    used[min(int(geo.length / finest), geo.n_shells - 1)] |= not used.any()
    return used


def _gains(parts: np.ndarray) -> np.ndarray:
    """Gain by shell of the sums of <s,X>, <X,X>, <O,O> and <a,b>, float64 [n_shells]."""
    signal, power, own, cross = (shells.running_mean(p, 1) for p in parts)
    own = np.maximum(own, _LEAST_POWER)
    return np.where(power > 0, signal / np.sqrt(np.maximum(power, _LEAST_POWER) * own), 0) - cross / own


class Predicted(NamedTuple):
    """Predicted correlation with the signal of the mean of the half-maps, ``before``, and of the modified map, ``after``: float64
    [n_shells] each; ``fsc`` that of the half-maps in the mask, ``fitted`` the smooth curve through it."""

    fsc: np.ndarray
    fitted: np.ndarray
    before: np.ndarray
    after: np.ndarray


def predicted(sums: SectorSums, weights: np.ndarray, geo: Geometry, finest: float, left_out: Optional[int] = None) -> Predicted:
    """Predicted correlation of a map with the signal, by shell.

    Parameters
    ----------
    sums
        Products of the maps in a mask; the first are the half-maps.
    weights
        Of the maps by shell and sector, float64 [n_shells, 12, n]; see :func:`cross_fitted`.
    geo
        Their shells.
    finest
        Where the maps end (Å).
    left_out
        A sector that is not used.

    Returns
    -------
    Predicted
        ``<s,X> / sqrt(<X,X> P)``; the power P of the signal is that of a half-map times a logistic of a cubic of the frequency, fitted to
        the FSC: the FSC itself is uncertain where it is low.
    """
    parts, count = _parts(sums, weights), sums.count
    if left_out is not None:
        parts, count = np.delete(parts, left_out, axis=2), np.delete(count, left_out, axis=1)
    signal, power, own, cross = (shells.running_mean(p, 1) for p in parts.sum(axis=2))
    # the halves' mean power: that of their mean, and that of their difference
    half = np.maximum(2 * own - cross, _LEAST_POWER)
    fsc, used = cross / half, _up_to(geo, finest)
    smooth = _logistic(frequencies(geo) * finest, fsc, count.sum(axis=1), used)
    out = [np.where(used & (p > 0), np.clip(s / np.sqrt(np.maximum(p * half * smooth, _LEAST_POWER)), -1, 1), 0)
           for s, p in ((cross, own), (signal, power))]
    return Predicted(np.where(used, fsc, 0), np.where(used, smooth, 0), out[0], out[1])


def _up_to(geo: Geometry, finest: float) -> np.ndarray:
    """Shells but the first, to the end of the estimates, bool [n_shells]."""
    return (frequencies(geo) > 0) & shells_to(geo, finest)


def _logistic(at: np.ndarray, fsc: np.ndarray, count: np.ndarray, used: np.ndarray) -> np.ndarray:
    """Logistic of a cubic fitted to an FSC with weights ``count / (1 - fsc^2)^2``, by damped Gauss-Newton; float64 [n]."""
    terms = np.stack([at ** k for k in range(_CUBIC)], axis=1)
    x, y = terms[used], np.clip(fsc[used], -0.99, 0.9999)
    weight = np.maximum(count[used], 0) / np.maximum(1 - np.clip(y, 0, 0.999) ** 2, 1e-3) ** 2
    start = np.log(np.clip(y, 0.02, 0.98) / (1 - np.clip(y, 0.02, 0.98)))
    root = np.sqrt(weight)[:, None]
    best = np.linalg.lstsq(x * root, start * root[:, 0], rcond=None)[0] if used.any() else np.zeros(_CUBIC)
    loss, damping = _loss(best, x, y, weight), 1e-3
    for _ in range(_STEPS):
        value = _curve(x @ best)
        jacobian = x * (value * (1 - value))[:, None]
        normal, slope = (jacobian * weight[:, None]).T @ jacobian, (jacobian * weight[:, None]).T @ (y - value)
        step = np.linalg.lstsq(normal + damping * np.diag(np.diag(normal) + 1e-12), slope, rcond=None)[0]
        tried = _loss(best + step, x, y, weight)
        if tried < loss:
            done = loss - tried < 1e-10 * loss
            best, loss, damping = best + step, tried, damping / 5
            if done:
                break
        else:
            damping *= 5
    return _curve(terms @ best)


def _curve(value: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-np.clip(value, -30, 30)))


def _loss(parameters: np.ndarray, x: np.ndarray, y: np.ndarray, weight: np.ndarray) -> float:
    return float(np.sum(weight * (y - _curve(x @ parameters)) ** 2))


def falls_to(curve: np.ndarray, geo: Geometry, finest: float, level: float = 0.5) -> Optional[float]:
    """Where a curve falls below a level for good, linear between shells (Å).

    Parameters
    ----------
    curve
        float64 [n_shells].
    geo
        Shells.
    finest
        Where the curve ends (Å).
    level
        What it falls to.

    Returns
    -------
    float or None
        ``finest`` where it never falls; None where it is below from 10 Å on.
    """
    at = frequencies(geo)
    inside = np.flatnonzero(mean_over(geo, finest))
    below = inside[curve[inside] < level]
    if below.size == 0:
        return finest
    k = int(below[0])
    if k == inside[0] or curve[k - 1] < level:
        return None
    t = (curve[k - 1] - level) / (curve[k - 1] - curve[k])
    return float(1 / (at[k - 1] + t * (at[k] - at[k - 1])))
