"""Denoising by conditional means: what one half-map shows around a place tells, on average, what the other one holds there.

The noise of two half-maps is independent, so that the mean of half-map 2 over all places where half-map 1 shows the same is the mean of
the signal there: the posterior mean is measured in tables. Several such estimates are put together in every shell by regression on the
other half-map.
"""
from __future__ import annotations

from typing import Callable, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from ..progress import Progress, silent
from . import blur, filters, sector_sums, shells, value_tables
from .fourier import Geometry, forward, inverse, shells_to
from .masks import lowpass
from .sector_sums import SectorSums

_FINER = 0.75                         # where the estimates end, over the resolution of the unmasked half-maps
_FILL = 15.0                          # signal-to-noise ratio inside the molecule over that of the whole box
_BANDS, _FIRST = 6, 8.0               # triangular bands, and where the first has its centre (Å)
_MOST_GAIN, _ROW = 1.2, 50.0          # of a band; voxels of mean power that a cell is drawn to its row by
_CELL = 30.0                          # voxels that a cell is drawn to its margin by
_RMS, _MEAN = 0.5, 0.4                # widths of the local standard deviation and mean, over the resolution
_VALUES, _AROUND, _IN_BANDS = 32, 12, 20       # nodes of the values, of what is around them, and of both for the gains of bands
_SURE, _STEPS = 0.9, 8                # share of signal in R from which it has the amplitude of the signal; radii a shell
_PRIOR, _SPREAD = (0.0, 0.0, 0.4, 0.6), 0.3    # weights of the estimates before any data, and their standard deviation
_OWN = (10.0, 3.0, 1.3, 2.5)          # own mask: low-pass (Å), window of the power (Å), volume over that of the molecule, its edge (Å)

Pair = Tuple[np.ndarray, np.ndarray]
Blur = Callable[[np.ndarray, float], np.ndarray]


class ConditionalMeans(NamedTuple):
    """Estimates of the signal by two half-maps, their weights, and what they are put together to.

    ``bases`` holds pairs of float32 [z, y, x], half-map 1 and 2, all with an even spectrum: the filtered half-maps R, their bands by gains
    (D1), the means by value of R (D3) and of D1 (D6), and n - 4 that were added. ``mask`` is float32 [z, y, x]; ``weights`` float64
    [n_shells, n]; ``amplitude`` float64 [n_shells] gives them the spectrum of the signal again; ``finest`` (Å) is where they end. ``sums``
    holds the products of the bases in the mask, that the weights come from. ``levels`` are the means of the half-maps, which the
    estimates lack; ``prior`` the weights before any data, n or fewer, of which those that are missing are 0; the first ``held`` estimates
    keep them.
    """

    bases: Tuple[Pair, ...]
    mask: np.ndarray
    weights: np.ndarray
    amplitude: np.ndarray
    finest: float
    sums: SectorSums
    levels: Tuple[float, float]
    prior: Tuple[float, ...] = _PRIOR
    held: int = 0


def conditional_means(f1: np.ndarray, f2: np.ndarray, geo: Geometry, voxel_size: Sequence[float], resolution: float, part: float,
                      mask: Optional[np.ndarray] = None, progress: Progress = silent, finest: Optional[float] = None,
                      crowding: float = 1.0) -> ConditionalMeans:
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
    finest
        Where the estimates end (Å); 0.75 times the resolution when None.
    crowding
        Times that the signal-to-noise ratio is higher in a box with a usual share of solvent.

    Returns
    -------
    ConditionalMeans
        For :func:`combined`.
    """
    even, amplitude, finest = even_halves(f1, f2, geo, voxel_size, finest or _FINER * resolution, crowding)
    if mask is None:
        mask = own_mask(inverse((f1 + f2) * np.float32(0.5), geo.shape), voxel_size, part)
    bases = estimates(even, geo, voxel_size, finest, resolution, progress)
    progress(0.75, "weights of the estimates")
    levels = (float(f1[0, 0, 0].real) / even[0].size, float(f2[0, 0, 0].real) / even[0].size)
    sums = sector_sums.sums_of(bases, mask, geo)
    return ConditionalMeans(bases, mask, fitted(sums), amplitude, finest, sums, levels)


def even_halves(f1: np.ndarray, f2: np.ndarray, geo: Geometry, voxel_size: Sequence[float], finest: float,
                crowding: float = 1.0) -> Tuple[Pair, np.ndarray, float]:
    """Half-maps with the spectrum of their signal made even, each shell weighted by the share of signal inside the molecule.

    Parameters
    ----------
    f1, f2
        Transforms of the half-maps, complex64 [nz, ny, nx // 2 + 1]; not modified.
    geo
        Their shells.
    voxel_size
        Edges of a voxel (x, y, z) in Å.
    finest
        Resolution where they should end (Å).
    crowding
        As for :func:`conditional_means`.

    Returns
    -------
    pair
        float32 [z, y, x] each.
    amplitude
        Of the signal, float64 [n_shells].
    finest
        Resolution where they end (Å): two voxels at the least.
    """
    finest = max(finest, 2 * max(voxel_size), geo.length / (geo.n_shells - 1))
    gain, amplitude = _whitening(shells.cross_sums(f1, f2, geo), geo, finest, crowding)
    one, two = (inverse(filters.apply_radial(f, geo, gain), geo.shape) for f in (f1, f2))
    return (one, two), amplitude, finest


def estimates(even: Pair, geo: Geometry, voxel_size: Sequence[float], finest: float, resolution: float, progress: Progress = silent,
              targets: Optional[Pair] = None) -> Tuple[Pair, ...]:
    """Estimates of the signal by half-maps of an even spectrum.

    Parameters
    ----------
    even
        As :func:`even_halves` gives them, or copies of them averaged in each half; float32 [z, y, x] each.
    geo
        Their shells.
    voxel_size
        Edges of a voxel (x, y, z) in Å.
    finest
        Resolution where they end (Å).
    resolution
        Of the half-maps without a mask at an FSC of 0.143 (Å).
    progress
        ``progress(share, words)``.
    targets
        What the means by value are of, float32 [z, y, x] each; ``even`` itself when None.

    Returns
    -------
    tuple of pairs
        R, D1, D3 and D6, float32 [z, y, x] each.
    """
    def smooth(data: np.ndarray, sigma: float) -> np.ndarray:
        return blur.gaussian(data, voxel_size, sigma)

    progress(0.15, "gains of bands")
    banded = _by_bands([forward(e) for e in even], geo, finest, smooth)
    progress(0.5, "means by value")
    targets = even if targets is None else targets
    return even, banded, _by_value(even, targets, resolution, smooth), _by_value(banded, targets, resolution, smooth)


def with_bases(found: ConditionalMeans, pairs: Sequence[Pair], geo: Geometry) -> ConditionalMeans:
    """Estimates to which others are added, with weights fitted anew.

    Parameters
    ----------
    found
        Estimates.
    pairs
        What else each half-map tells, float32 [z, y, x] each, of an even spectrum. The noise of the other half-map must not be in it.
    geo
        Their shells.

    Returns
    -------
    ConditionalMeans
        Their weights are drawn to 0: what tells nothing new gets none.
    """
    bases = (*found.bases, *pairs)
    sums = sector_sums.extended(found.sums, bases, len(found.bases), found.mask, geo)
    return found._replace(bases=bases, sums=sums, weights=fitted(sums, prior=found.prior, held=found.held))


def rebased(found: ConditionalMeans, bases: Sequence[Pair], prior: Sequence[float], geo: Geometry, held: int = 0) -> ConditionalMeans:
    """Other estimates in place of those that there are, in the same mask.

    Parameters
    ----------
    found
        Estimates.
    bases
        What each half-map tells, float32 [z, y, x] each, of an even spectrum; the first are the half-maps R.
    prior
        Weights before any data.
    geo
        Their shells.
    held
        How many of the first keep these weights whatever the data say.

    Returns
    -------
    ConditionalMeans
        With weights of their own.
    """
    sums = sector_sums.sums_of(bases, found.mask, geo)
    return found._replace(bases=tuple(bases), sums=sums, weights=fitted(sums, prior=prior, held=held), prior=tuple(prior), held=held)


def fitted(sums: SectorSums, left_out: Optional[int] = None, prior: Sequence[float] = _PRIOR, held: int = 0) -> np.ndarray:
    """Weights of the estimates by shell, from the sums of all sectors or of all but one.

    Parameters
    ----------
    sums
        Products of the estimates.
    left_out
        A sector that the weights do not see.
    prior
        Weights before any data.
    held
        How many of the first keep them.

    Returns
    -------
    ndarray
        As :func:`weights` gives them, of sums over five shells; float64 [n_shells, n].
    """
    used = np.ones(sector_sums.SECTORS, bool)
    if left_out is not None:
        used[left_out] = False
    cross, products = (shells.running_mean(s[:, used].sum(axis=1), 2) for s in (sums.signal, sums.products))
    power = (sums.products[..., 0, 0] + sums.gaps[..., 0])[:, used].sum(axis=1)
    count = sums.count[:, used].sum(axis=1)
    return weights(cross, products, shells.running_mean(power, 2) / np.maximum(shells.running_mean(count, 2), 0.5), prior, held)


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
    return _combined(found, [b[0] for b in found.bases], geo, found.levels[0]), _combined(found, [b[1] for b in found.bases], geo,
                                                                                         found.levels[1])


def combined_mean(found: ConditionalMeans, geo: Geometry) -> np.ndarray:
    """The mean of what :func:`combined` gives, in half the time.

    Parameters
    ----------
    found
        The estimates.
    geo
        Their shells.

    Returns
    -------
    ndarray
        float32 [z, y, x].
    """
    return _combined(found, [(a + b) * np.float32(0.5) for a, b in found.bases], geo, (found.levels[0] + found.levels[1]) / 2)


def combined_even(found: ConditionalMeans, geo: Geometry) -> Pair:
    """The estimates put together, with the even spectrum that they have.

    Parameters
    ----------
    found
        The estimates.
    geo
        Their shells.

    Returns
    -------
    tuple of ndarray
        float32 [z, y, x] each.
    """
    one, two = (inverse(_even(found, [b[half] for b in found.bases], geo), geo.shape) for half in (0, 1))
    return one, two


def _even(found: ConditionalMeans, maps: Sequence[np.ndarray], geo: Geometry) -> np.ndarray:
    """Transform of maps put together by the weights, complex64 [nz, ny, nx // 2 + 1]."""
    ft = np.zeros((geo.shape[0], geo.shape[1], geo.shape[2] // 2 + 1), np.complex64)
    for data, weight in zip(maps, found.weights.T):
        ft += filters.apply_radial(forward(data), geo, weight)
    return ft


def _combined(found: ConditionalMeans, maps: Sequence[np.ndarray], geo: Geometry, level: float) -> np.ndarray:
    """Maps put together by the weights, with the spectrum of the signal and a mean value."""
    ft = _even(found, maps, geo)
    fine = np.arange(0, geo.n_shells - 1 + 1 / _STEPS, 1 / _STEPS)
    filters.apply_radial(ft, geo, _coloured(found.amplitude * _kept(found), fine), at=fine, out=ft)
    ft[0, 0, 0] = level * found.mask.size
    return inverse(ft, geo.shape)


def _kept(found: ConditionalMeans) -> np.ndarray:
    """Factor by shell with which the estimates have the amplitude of R where R is all but free of noise; float64 [n_shells]."""
    signal, power = found.sums.signal.sum(axis=1), found.sums.products[..., 0, 0].sum(axis=1)
    together = np.sum(found.weights * signal, axis=1)
    sure = (signal[:, 0] > _SURE * power) & (together > 0)
    return np.divide(signal[:, 0], together, out=np.ones_like(together), where=sure)


def _coloured(amplitude: np.ndarray, at: np.ndarray) -> np.ndarray:
    """The amplitude at radii between the shells: the gain that made the signal even is linear there, and this its inverse."""
    there = amplitude > 0
    gain = np.interp(at, np.flatnonzero(there), 1 / amplitude[there]) if there.any() else np.ones(at.size)
    return np.interp(at, np.arange(there.size), there.astype(float)) / gain


def _whitening(sums: shells.CrossSums, geo: Geometry, finest: float, crowding: float) -> Pair:
    """Gain that makes the signal even and weighs it by its share inside the molecule, and the amplitude of the signal, by shell."""
    cross, one, two = (shells.running_mean(s, 1) for s in (sums.cross, sums.power1, sums.power2))
    share = np.clip(cross / np.sqrt(np.maximum(one * two, 1e-300)), 1e-3, 0.9999)
    ratio = _FILL * crowding * share / (1 - share)
    power = (one + two) / 2 / np.maximum(shells.running_mean(sums.count, 1), 0.5)
    amplitude = np.sqrt(share * power)
    gain = np.where(amplitude > 0, ratio / (1 + ratio) / np.maximum(amplitude, 1e-30), 0)
    gain[~shells_to(geo, finest)] = 0
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
    low = lowpass(average, voxel_size, max(coarse, 3 * max(voxel_size)))
    low -= np.float32(np.median(low))
    power = blur.gaussian(low ** 2, voxel_size, window)
    level = np.quantile(power, 1 - min(wider * part, 0.95))
    return blur.gaussian((power >= level).astype(np.float32), voxel_size, edge)


def _by_bands(ft: Sequence[np.ndarray], geo: Geometry, finest: float, smooth: Blur) -> Pair:
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
        strength = [np.sqrt(np.maximum(smooth(e ** 2, geo.length / at[k]), 0)) for e in bands]
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


def _by_value(values: Pair, targets: Pair, resolution: float, smooth: Blur) -> Pair:
    """Mean of the other half-map by value, local standard deviation and local mean."""
    around = [(np.sqrt(np.maximum(smooth(v ** 2, _RMS * resolution), 0)), smooth(v, _MEAN * resolution)) for v in values]
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


def weights(cross: np.ndarray, products: np.ndarray, power: np.ndarray, prior: Sequence[float] = _PRIOR, held: int = 0) -> np.ndarray:
    """Weights of the estimates by shell: the regression of the signal on them, drawn to weights before any data.

    Parameters
    ----------
    cross
        Products with the signal, float64 [n_shells, n].
    products
        Of the estimates with each other, float64 [n_shells, n, n].
    power
        Per coefficient of the first, float64 [n_shells].
    prior
        ``w0``, n or fewer; the others are 0.
    held
        How many of the first keep them; the others are fitted to what these leave.

    Returns
    -------
    ndarray
        ``w0 + (C + lambda I + 1e-6 diag C)^-1 (v - C w0)``, ``lambda = power / (5 0.3^2)``, float64 [n_shells, n]; ``w0`` where nothing is.
    """
    before = np.zeros(cross.shape[1])
    before[:len(prior)] = prior
    out = np.tile(before, (len(cross), 1))
    for k, (v, c) in enumerate(zip(cross, products)):
        damped = c + power[k] / (5 * _SPREAD ** 2) * np.eye(len(v)) + 1e-6 * np.diag(np.diag(c))
        if power[k] > 0:
            out[k, held:] = before[held:] + np.linalg.solve(damped[held:, held:], (v - c @ before)[held:])
    return out
