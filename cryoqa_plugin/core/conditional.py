"""Denoising by conditional means: what one half-map shows around a place tells, on average, what the other one holds there.

The noise of two half-maps is independent, so that the mean of half-map 2 over all places where half-map 1 shows the same is the mean of
the signal there: the posterior mean is measured in tables. Several such estimates are put together in every shell by regression on the
other half-map.
"""
from __future__ import annotations

from typing import Callable, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np
from scipy.ndimage import gaussian_filter

from . import filters, shells, value_tables
from .fourier import Geometry, forward, frequencies, inverse
from .masks import lowpass

_FINER = 0.75                         # where the estimates end, over the resolution of the unmasked half-maps
_FILL = 15.0                          # signal-to-noise ratio inside the molecule over that of the whole box
_BANDS, _FIRST = 6, 8.0               # triangular bands, and where the first has its centre (Å)
_MOST_GAIN, _ROW = 1.2, 50.0          # of a band; voxels of mean power that a cell is drawn to its row by
_CELL = 30.0                          # voxels that a cell is drawn to its margin by
_RMS, _MEAN = 0.5, 0.4                # widths of the local standard deviation and mean, over the resolution
_VALUES, _AROUND, _IN_BANDS = 32, 12, 20       # nodes of the values, of what is around them, and of both for the gains of bands
_PRIOR, _SPREAD = (0.0, 0.0, 0.4, 0.6), 0.3    # weights of the estimates before any data, and their standard deviation
_OWN = (10.0, 3.0, 1.3, 2.5)          # own mask: low-pass (Å), window of the power (Å), volume over that of the molecule, its edge (Å)

Pair = Tuple[np.ndarray, np.ndarray]
Blur = Callable[[np.ndarray, float], np.ndarray]


class ConditionalMeans(NamedTuple):
    """Estimates of the signal by two half-maps, their weights, and what they are put together to.

    ``bases`` holds pairs of float32 [z, y, x], half-map 1 and 2: the filtered half-maps R, their bands by gains (D1), the means by value of
    R (D3) and of D1 (D6); all have an even spectrum. ``mask`` is float32 [z, y, x]; ``weights`` float64 [n_shells, 4]; ``amplitude``
    float64 [n_shells] gives them the spectrum of the signal again; ``finest`` (Å) is where they end. ``cross`` float64 [n_shells, 4]
    (products with the signal) and ``products`` float64 [n_shells, 4, 4] are the smoothed sums that the weights come from. ``levels`` are
    the means of the half-maps, which the estimates lack.
    """

    bases: Tuple[Pair, ...]
    mask: np.ndarray
    weights: np.ndarray
    amplitude: np.ndarray
    finest: float
    cross: np.ndarray
    products: np.ndarray
    levels: Tuple[float, float]


def conditional_means(f1: np.ndarray, f2: np.ndarray, geo: Geometry, voxel_size: Sequence[float], resolution: float, part: float,
                      mask: Optional[np.ndarray] = None, progress: Callable[[float, str], None] = lambda share, words: None
                      ) -> ConditionalMeans:
    """Estimates of the signal by conditional means across half-maps, and their weights in every shell.

    Parameters
    ----------
    f1, f2
        Transforms of the half-maps, complex64 [nz, ny, nx // 2 + 1]; not modified.
    geo
        Their shells.
    voxel_size
        Edges of a voxel (x, y, z) in Å.
    resolution
        Of the half-maps without a mask at an FSC of 0.143 (Å).
    part
        Share of the box that is molecule; it sizes the mask that is made.
    mask
        Where the weights are fitted, float32 [z, y, x]; made from the low-passed mean when None.
    progress
        ``progress(share, words)``.

    Returns
    -------
    ConditionalMeans
        For :func:`combined`.
    """
    finest = max(_FINER * resolution, 2 * max(voxel_size), geo.length / (geo.n_shells - 1))
    gain, amplitude = _whitening(shells.cross_sums(f1, f2, geo), geo, finest)
    ft = [filters.apply_radial(f, geo, gain) for f in (f1, f2)]
    if mask is None:
        mask = own_mask(inverse((f1 + f2) * np.float32(0.5), geo.shape), voxel_size, part)
    even = (inverse(ft[0], geo.shape), inverse(ft[1], geo.shape))

    def blur(data: np.ndarray, sigma: float) -> np.ndarray:
        return gaussian_filter(data, [sigma / v for v in list(voxel_size)[::-1]], mode="wrap", truncate=3)

    progress(0.15, "gains of bands")
    banded = _by_bands(ft, geo, finest, blur)
    del ft
    progress(0.5, "means by value")
    bases = (even, banded, _by_value(even, even, resolution, blur), _by_value(banded, even, resolution, blur))
    progress(0.75, "weights of the estimates")
    levels = (float(f1[0, 0, 0].real) / even[0].size, float(f2[0, 0, 0].real) / even[0].size)
    cross, products, power = _sums(bases, mask, geo)
    return ConditionalMeans(bases, mask, weights(cross, products, power), amplitude, finest, cross, products, levels)


def combined(found: ConditionalMeans, geo: Geometry) -> Pair:
    """The estimates put together: the denoised half-maps, whose mean is the denoised map.

    Parameters
    ----------
    found
        The estimates.
    geo
        Their shells.

    Returns
    -------
    tuple of ndarray
        float32 [z, y, x] each, with the spectrum of the signal. Both saw both half-maps.
    """
    out = []
    for half in (0, 1):
        ft = np.zeros((geo.shape[0], geo.shape[1], geo.shape[2] // 2 + 1), np.complex64)
        for basis, weight in zip(found.bases, found.weights.T):
            ft += filters.apply_radial(forward(basis[half]), geo, weight * found.amplitude)
        ft[0, 0, 0] = found.levels[half] * found.mask.size
        out.append(inverse(ft, geo.shape))
    return out[0], out[1]


def _whitening(sums: shells.CrossSums, geo: Geometry, finest: float) -> Pair:
    """Gain that makes the signal even and weighs it by its share inside the molecule, and the amplitude of the signal, by shell."""
    cross, one, two = (shells.running_mean(s, 1) for s in (sums.cross, sums.power1, sums.power2))
    share = np.clip(cross / np.sqrt(np.maximum(one * two, 1e-300)), 1e-3, 0.9999)
    ratio = _FILL * share / (1 - share)
    power = (one + two) / 2 / np.maximum(shells.running_mean(sums.count, 1), 0.5)
    amplitude = np.sqrt(share * power)
    gain = np.where(amplitude > 0, ratio / (1 + ratio) / np.maximum(amplitude, 1e-30), 0)
    gain[frequencies(geo) > 1 / finest * (1 + 1e-9)] = 0
    gain[0] = 0
    return gain, amplitude


def own_mask(average: np.ndarray, voxel_size: Sequence[float], part: float) -> np.ndarray:
    """Where the molecule is, by the power of the low-passed mean: nothing finer than 10 Å of the half-maps enters.

    Parameters
    ----------
    average
        Mean of the half-maps, float32 [z, y, x].
    voxel_size
        Edges of a voxel (x, y, z) in Å.
    part
        Share of the box that is molecule; 1.3 times that is inside.

    Returns
    -------
    ndarray
        float32 [z, y, x], 0 to 1, with a Gaussian edge of 2.5 Å.
    """
    coarse, window, wider, edge = _OWN
    sigmas = [np.array([s / v for v in list(voxel_size)[::-1]]) for s in (window, edge)]
    low = lowpass(average, voxel_size, max(coarse, 3 * max(voxel_size)))
    low -= np.float32(np.median(low))
    power = gaussian_filter(low ** 2, sigmas[0], mode="wrap", truncate=3)
    level = np.quantile(power, 1 - min(wider * part, 0.95))
    return gaussian_filter((power >= level).astype(np.float32), sigmas[1], mode="wrap", truncate=3)


def _by_bands(ft: Sequence[np.ndarray], geo: Geometry, finest: float, blur: Blur) -> Pair:
    """Sum of bands, each times the gain that it has on average at its own local strength and the sum of the coarser ones."""
    top = geo.length / finest
    at = np.linspace(min(geo.length / _FIRST, 0.5 * top), top, _BANDS)
    radius = np.arange(geo.n_shells)
    gathered: List[np.ndarray] = []
    for k in range(_BANDS):
        hat = np.zeros(_BANDS)
        hat[k] = 1
        profile = np.where(radius <= at[-1], np.interp(radius, at, hat), 0)
        bands = [inverse(filters.apply_radial(f, geo, profile), geo.shape) for f in ft]
        if k == 0:
            gathered = bands
            continue
        strength = [np.sqrt(np.maximum(blur(e ** 2, geo.length / at[k]), 0)) for e in bands]
        axes = (value_tables.axis(strength, _IN_BANDS, 1), value_tables.axis(gathered, _IN_BANDS, 2))
        table = value_tables.empty(axes)
        for half in (0, 1):
            value_tables.deposit(table, (strength[half], gathered[half]), bands[1 - half], bands[half])
        gains = _gains(table, float(np.mean([np.square(e, dtype=np.float64).mean() for e in bands])))
        for half in (0, 1):
            gathered[half] = gathered[half] + value_tables.read(axes, gains, (strength[half], gathered[half])) * bands[half]
    return gathered[0], gathered[1]


def _gains(table: value_tables.Table, power: float) -> np.ndarray:
    """Gain at the nodes, float64 of their shape, from 0 to 1.2: cells drawn to their row by 50 voxels of the mean ``power``."""
    rows, powers = table.total.sum(axis=2, keepdims=True), table.weight.sum(axis=2, keepdims=True)
    row = rows / np.maximum(powers, 1e-300)
    return np.clip((table.total + _ROW * power * row) / np.maximum(table.weight + _ROW * power, 1e-300), 0, _MOST_GAIN)


def _by_value(values: Pair, targets: Pair, resolution: float, blur: Blur) -> Pair:
    """Mean of the other half-map by value, local standard deviation and local mean."""
    around = [(np.sqrt(np.maximum(blur(v ** 2, _RMS * resolution), 0)), blur(v, _MEAN * resolution)) for v in values]
    axes = (value_tables.axis(values, _VALUES, 2), value_tables.axis([a[0] for a in around], _AROUND, 1),
            value_tables.axis([a[1] for a in around], _AROUND, 1))
    table = value_tables.empty(axes)
    slope = [0.0, 0.0]
    for half in (0, 1):
        value_tables.deposit(table, (values[half], *around[half]), targets[1 - half])
        slope[0] += float(np.vdot(values[half], targets[1 - half]))
        slope[1] += float(np.vdot(values[half], values[half]))
    means = _means(table, slope[0] / max(slope[1], 1e-300))
    one, two = (value_tables.read(axes, means, (values[half], *around[half])) for half in (0, 1))
    return one, two


def _means(table: value_tables.Table, slope: float) -> np.ndarray:
    """Means at the nodes, float64 of their shape: cells drawn to the margin of value and strength, that to a line."""
    line = slope * table.axes[0].at[None, :, None, None]
    margin = (table.total.sum(axis=3, keepdims=True) + _CELL * line) / (table.weight.sum(axis=3, keepdims=True) + _CELL)
    return (table.total + _CELL * margin) / (table.weight + _CELL)


def _sums(bases: Sequence[Pair], mask: np.ndarray, geo: Geometry) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Products of the estimates with the signal and with each other in the mask, and the power of the first, smoothed over five shells.

    float64 [n_shells, 4], [n_shells, 4, 4] and [n_shells] (per coefficient).
    """
    n = len(bases)
    cross, products = np.zeros((geo.n_shells, n)), np.zeros((geo.n_shells, n, n))
    first = [forward(b * mask) for b in bases[0]]
    power = np.zeros(geo.n_shells)
    means: List[np.ndarray] = []
    for i, basis in enumerate(bases):
        ft = first if i == 0 else [forward(b * mask) for b in basis]
        a, b = shells.cross_sums(ft[0], first[1], geo), shells.cross_sums(ft[1], first[0], geo)
        cross[:, i] = shells.running_mean((a.cross + b.cross) / 2, 2)
        if i == 0:
            power = shells.running_mean((a.power1 + a.power2) / 2, 2) / np.maximum(shells.running_mean(a.count, 2), 0.5)
        means.append((ft[0] + ft[1]) * np.float32(0.5))
        for j in range(i + 1):
            products[:, i, j] = products[:, j, i] = shells.running_mean(shells.cross_sums(means[i], means[j], geo).cross, 2)
    return cross, products, power


def weights(cross: np.ndarray, products: np.ndarray, power: np.ndarray) -> np.ndarray:
    """Weights of the estimates by shell: the regression of the signal on them, drawn to 0, 0, 0.4, 0.6.

    Parameters
    ----------
    cross
        Products with the signal, float64 [n_shells, 4].
    products
        Of the estimates with each other, float64 [n_shells, 4, 4].
    power
        Per coefficient of the first, float64 [n_shells].

    Returns
    -------
    ndarray
        ``w0 + (C + lambda I + 1e-6 diag C)^-1 (v - C w0)``, ``lambda = power / (5 0.3^2)``, float64 [n_shells, 4]; ``w0`` where nothing is.
    """
    prior = np.array(_PRIOR)
    out = np.tile(prior, (len(cross), 1))
    for k, (v, c) in enumerate(zip(cross, products)):
        damped = c + power[k] / (5 * _SPREAD ** 2) * np.eye(len(v)) + 1e-6 * np.diag(np.diag(c))
        if power[k] > 0:
            out[k] = prior + np.linalg.solve(damped, v - c @ prior)
    return out
