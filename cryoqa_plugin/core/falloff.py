"""How fast the power of a map falls off with frequency in each part of it: a local B-factor, from powers without their noise.

Of a window of Gaussian shape at ``x`` the power in a band ``b`` of frequencies is ``P_b(x) = A(x) R_b M_b(B(x)) + noise``. ``R_b`` is the
mean power of the band, common to the whole map: form factors, fold and detector are in it. ``M_b`` is the mean of ``exp(-B s^2 / 2)`` over
the band, so that wide bands do no harm. ``A`` and ``B`` are fitted to the powers themselves, not to logarithms, which noise would bias.
"""
from __future__ import annotations

from typing import NamedTuple, Optional, Tuple

import numpy as np
from scipy.special import logsumexp

from . import local
from .fourier import Geometry
from .local import Points

_GRID = np.arange(-1200.0, 2404.0, 4.0)          # Å^2, relative B-factors of the table
_PRIOR = 150.0                                   # Å^2, how far B-factors are expected from their mean, for windows without signal
_ITERATIONS = 12
_FINE = 16                                       # radii per shell
_EMPTY = 0.02                                    # mean of the mask in a window that counts as solvent


class Bands(NamedTuple):
    """Centres and width (shell units) of the bands, and the ``amplitude`` of each shell that they are divided by, float64 [n_shells]."""

    centres: np.ndarray
    width: float
    amplitude: np.ndarray


class Powers(NamedTuple):
    """Power without noise at the points, float64 [bands, points], and the power of the noise, float64 [bands].

    ``where`` marks the points, bool [mz, my, mx]; ``noise_known`` is false when there was nothing to tell the noise from.
    """

    signal: np.ndarray
    noise: np.ndarray
    where: np.ndarray
    noise_known: bool


class Falloff(NamedTuple):
    """Relative B-factors (Å^2), their standard errors and ln of the scale, float64 [points]; mean power of the bands, float64 [bands]."""

    bfactor: np.ndarray
    error: np.ndarray
    log_scale: np.ndarray
    reference: np.ndarray


def make_bands(geo: Geometry, lowest: float, highest: float, count: int, amplitude: np.ndarray) -> Bands:
    """Bands evenly spaced between two resolutions.

    Parameters
    ----------
    geo
        Shells of the box, with the voxel size in Å.
    lowest, highest
        Resolutions (Å) at the centres of the outer bands.
    count
        Number of bands, at least 2.
    amplitude
        What each shell is divided by, float64 [n_shells].

    Returns
    -------
    Bands
        In shell units.
    """
    centres = np.linspace(geo.length / lowest, geo.length / highest, count)
    return Bands(centres, float(centres[1] - centres[0]), amplitude)


def share(mask: np.ndarray, grid: Points) -> np.ndarray:
    """Local mean of a mask.

    Parameters
    ----------
    mask
        float32 [z, y, x], 0 to 1.
    grid
        Points and window.

    Returns
    -------
    ndarray
        float32 [mz, my, mx], 0 to 1.
    """
    # The average is that of a square, so that the root of the mask goes in.
    root = np.sqrt(np.clip(mask, 0, 1)).astype(np.float32)
    return local.local_powers(root, root, grid)[0]


def powers(ft1: np.ndarray, ft2: Optional[np.ndarray], geo: Geometry, bands: Bands, grid: Points, mask: np.ndarray) -> Powers:
    """Local powers of a map without their noise, at the points around a mask.

    Half-maps: the product of both is free of noise on average. One map: the mean power of windows outside the mask is taken off.

    Parameters
    ----------
    ft1, ft2
        Transforms of the half-maps, complex64 [nz, ny, nx // 2 + 1]; ``ft2`` is None for one map.
    geo
        Shells of the box.
    bands
        The bands.
    grid
        Points and window.
    mask
        float32 [z, y, x]; inside where it is at least 0.5.

    Returns
    -------
    Powers
        In the squared unit of the map over that of :attr:`Bands.amplitude`.
    """
    _, where = local.needed(mask, 0.5, grid)
    solvent = share(mask, grid) < _EMPTY if ft2 is None else where
    signal, noise = [], []
    for centre in bands.centres:
        shape = local.cropped_shape(geo, centre + bands.width, grid.sigma)
        # Bands on different grids are put on one scale: an inverse transform divides by the number of voxels of its own grid.
        scale = (np.prod(shape) / np.prod(geo.shape)) ** 2
        a = local.band(ft1, geo, centre, bands.width, bands.amplitude, shape)
        b = a.copy() if ft2 is None else local.band(ft2, geo, centre, bands.width, bands.amplitude, shape)
        both, apart = local.local_powers(a, b, grid).astype(np.float64) * scale
        if ft2 is not None:
            noise.append(float(apart[where].mean()))
            # ((a + b) / 2)^2 - ((a - b) / 2)^2 = a b
            signal.append(both[where] - apart[where])
        else:
            noise.append(float(both[solvent].mean()) if solvent.any() else 0.0)
            signal.append(both[where] - noise[-1])
    return Powers(np.array(signal), np.array(noise), where, bool(solvent.any()))


def table(geo: Geometry, bands: Bands) -> Tuple[np.ndarray, np.ndarray]:
    """What each band holds of a fall-off, at the relative B-factors of the grid.

    Parameters
    ----------
    geo
        Shells of the box, with the voxel size in Å.
    bands
        The bands.

    Returns
    -------
    logs
        ln of the mean of ``exp(-B s^2 / 2)`` over each band, float64 [bands, n].
    counts
        Independent coefficients of each band in one Å^3, float64 [bands].
    """
    r = np.arange(_FINE * geo.n_shells * 2) / _FINE
    logs, counts = [], []
    for centre in bands.centres:
        weight = np.where(np.abs(r - centre) < bands.width, np.cos((r - centre) / bands.width * (np.pi / 2)), 0) ** 2 * r ** 2
        there = weight > 0
        falls = -np.outer(_GRID, (r[there] / geo.length) ** 2 / 2)
        logs.append(logsumexp(falls, axis=1, b=weight[there] / weight.sum()))
        counts.append(2 * np.pi * weight.sum() / _FINE / geo.length ** 3)
    return np.array(logs), np.array(counts)


def fit(geo: Geometry, bands: Bands, found: Powers, window: float) -> Falloff:
    """Scale and relative B-factor at each point, by weighted least squares.

    The weight of a band is one over its variance, ``((P + 2 N)^2 + P^2) / n`` with the fitted power ``P`` and ``n`` independent
    coefficients in the window. The mean power of the bands is refined once, with the B-factors found.

    Parameters
    ----------
    geo
        Shells of the box, with the voxel size in Å.
    bands
        The bands.
    found
        Local powers of :func:`powers`.
    window
        Standard deviation of the window in Å.

    Returns
    -------
    Falloff
        B-factors in Å^2.
    """
    logs, counts = table(geo, bands)
    counts = counts * (2 * np.sqrt(np.pi) * window) ** 3
    reference = _positive(found.signal.mean(axis=1))
    for last in (False, True):
        answer, model = _fit(found, reference, logs, counts)
        if last:
            return Falloff(*answer, reference)
        part = model / reference[:, None]
        weight = 1 / ((model + 2 * found.noise[:, None]) ** 2 + model ** 2)
        reference = _positive((weight * part * found.signal).sum(axis=1) / (weight * part * part).sum(axis=1))
    raise AssertionError


def _positive(values: np.ndarray) -> np.ndarray:
    # Noise can make a mean power negative; its logarithm is needed later.
    return np.maximum(values, 1e-6 * max(float(values.max()), 1e-30))


def _fit(found: Powers, reference: np.ndarray, logs: np.ndarray, counts: np.ndarray) -> Tuple[Tuple[np.ndarray, ...], np.ndarray]:
    """Relative B-factor, error and ln scale at each point, and the fitted powers; Gauss-Newton steps with weights of the model before."""
    signal, noise = found.signal, 2 * found.noise[:, None]
    b = np.zeros(signal.shape[1])
    # The coarse quarter of the bands says how strong a window is, almost whatever its B-factor.
    scale = np.log(np.maximum((signal / reference[:, None])[:max(2, len(signal) // 4)].mean(axis=0), 1e-3))
    for _ in range(_ITERATIONS):
        # The table is linear between its entries, 4 Å^2 apart: its slope is the derivative.
        at = np.clip((b - _GRID[0]) / (_GRID[1] - _GRID[0]), 0, _GRID.size - 1.001)
        i = at.astype(np.int64)
        slope = logs[:, i + 1] - logs[:, i]
        model = reference[:, None] * np.exp(np.clip(scale + logs[:, i] + (at - i) * slope, -60, 60))
        slope = model * slope / (_GRID[1] - _GRID[0])
        weight = counts[:, None] / ((model + noise) ** 2 + model ** 2 + 1e-300)
        rest = signal - model
        a11, a12 = (weight * model * model).sum(axis=0) + 1e-12, (weight * model * slope).sum(axis=0)
        a22 = (weight * slope * slope).sum(axis=0) + _PRIOR ** -2
        g1, g2 = (weight * model * rest).sum(axis=0), (weight * slope * rest).sum(axis=0) - b / _PRIOR ** 2
        det = a11 * a22 - a12 ** 2
        scale = scale + np.clip((a22 * g1 - a12 * g2) / det, -1, 1)
        b = np.clip(b + np.clip((a11 * g2 - a12 * g1) / det, -60, 60), _GRID[0] + 8, _GRID[-1] - 8)
    return (b, np.sqrt(a11 / det), scale), model


def common_bfactor(geo: Geometry, bands: Bands, reference: np.ndarray, noise: np.ndarray) -> float:
    """B-factor of the mean power of the bands, relative to what they were divided by.

    Bands count by their coefficients times the square of the part of their power that is signal.

    Parameters
    ----------
    geo
        Shells of the box, with the voxel size in Å.
    bands
        The bands.
    reference, noise
        Mean power of signal and noise, float64 [bands].

    Returns
    -------
    float
        Å^2: -2 times the slope of the logarithm of the power over ``s^2``; positive for a decay.
    """
    _, counts = table(geo, bands)
    x, y = (bands.centres / geo.length) ** 2, np.log(reference / counts)
    w = counts * (reference / (reference + 2 * noise)) ** 2
    dx = x - np.average(x, weights=w)
    return -2 * float((w * dx * y).sum() / (w * dx * dx).sum())


def spread(values: np.ndarray, found: Powers, grid: Points, mask: np.ndarray) -> np.ndarray:
    """Values of the points at every voxel of a mask.

    Parameters
    ----------
    values
        float64 [points].
    found
        Whose points they are.
    grid
        The points.
    mask
        float32 [z, y, x]; inside where it is at least 0.5.

    Returns
    -------
    ndarray
        By trilinear interpolation, float32 [z, y, x]; 0 elsewhere.
    """
    lift = 1.0 + float(values.max()) - 2 * float(values.min())           # one over positive numbers is what local.spread gives
    lattice = np.ones(found.where.shape)
    lattice[found.where] = values + lift
    out = local.spread(lattice, grid, mask, 0.5)
    inside = mask >= 0.5
    out[inside] = 1 / out[inside] - np.float32(lift)
    return out
