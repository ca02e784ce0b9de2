"""The tests of ResMap, from the finest resolution to the coarsest; voxels that pass leave."""
from __future__ import annotations

from typing import Callable, List, NamedTuple, Optional, Tuple

import numpy as np
from scipy.special import gammaincc, gammainccinv

from ...core import banks, filters, fourier, steerable
from .resmap_steps import Work

Say = Callable[[float, str], None]
_GRID = 2000                          # values at which the null distribution is worked out
_PROGRAM = np.sqrt(2.0)               # the exponent of the original program is twice that of the published window


class Found(NamedTuple):
    """Resolution of the voxels of the mask, float32 [n]; how many passed none and the first test; a row for each test."""

    resolution: np.ndarray
    unresolved: int
    at_once: int
    rows: List[Tuple[float, ...]]


class Box(NamedTuple):
    """The part of the box around the mask: transforms of the whitened map and noise there; ``index`` int [n, 3] of the mask's voxels."""

    geo: fourier.Geometry
    signal: np.ndarray
    noise: Optional[np.ndarray]
    inside: np.ndarray
    solvent: np.ndarray
    index: np.ndarray


class Null(NamedTuple):
    """Null distribution of the statistic: its mean, the tail probability of values, and the value of a tail probability."""

    mean: float
    tail: Callable[[np.ndarray], np.ndarray]
    value: Callable[[float], float]


def sweep(work: Work, say: Say) -> Found:
    """Test all resolutions; a voxel has the one at which it passes first, by cryoqa's rules interpolated from the one before.

    ``work.levels`` are the resolutions, float64 [n] in Å.
    """
    box = _box(work)
    n = len(box.index)
    resolution = np.full(n, work.levels[-1], np.float32)
    left, before = np.arange(n), np.zeros(n, np.float32)
    rows: List[Tuple[float, ...]] = []
    at_once, smooth = 0, work.params.rules == "cryoqa"
    for i, d in enumerate(work.levels):
        say(0.1 + 0.85 * i / work.levels.size, f"test at {d:.2f} Å")
        values, null = (_averaged if smooth else _single)(work, box, d, left)
        level, p = _passes(values, null, work.params.significance)
        if smooth:
            level = max(level, null.mean * (1 + work.params.least_signal))
        ratio = values / np.float32(max(level, 1e-30))
        hit = ratio >= 1
        resolution[left[hit]] = _between(work.levels[i - 1], d, before[left[hit]], ratio[hit]) if i and smooth else d
        rows.append((float(d), float(values.mean(dtype=np.float64)) / max(null.mean, 1e-30), level / max(null.mean, 1e-30), p,
                     float(hit.mean()), float(np.count_nonzero(~hit)) / n))
        at_once = at_once or (int(np.count_nonzero(hit)) if i == 0 else 0)
        before[left] = ratio
        left = left[~hit]
        if not left.size:
            break
    return Found(resolution, int(left.size), at_once, rows)


def _between(fine: float, coarse: float, before: np.ndarray, now: np.ndarray) -> np.ndarray:
    """Resolution at which the ratio to the threshold is 1, linear in frequency between two tests."""
    part = np.clip((1 - before) / np.maximum(now - before, 1e-6), 0, 1)
    return 1 / (1 / fine + part * (1 / coarse - 1 / fine))


def _whitened(work: Work, data: np.ndarray) -> np.ndarray:
    geo = fourier.geometry(work.grid.shape, work.grid.voxel_size)
    profile = 1 / np.sqrt(work.power if work.params.rules == "cryoqa" else work.noise)
    ft = fourier.forward(data - np.float32(data.mean(dtype=np.float64)))
    return fourier.inverse(filters.apply_radial(ft, geo, profile, beyond=profile[-1], out=ft), work.grid.shape)


def _box(work: Work) -> Box:
    """Cut to the mask and a margin; the whole box for a single map, whose solvent is needed."""
    places = [np.flatnonzero(work.inside.any(axis=tuple(a for a in range(3) if a != axis))) for axis in range(3)]
    edges = []
    for n, place, voxel in zip(work.grid.shape, places, work.grid.voxel_size[::-1]):
        margin = int(np.ceil(work.levels[-1] / voxel)) + 2
        edges.append((max(0, place[0] - margin), min(n, place[-1] + margin + 1)) if work.halves else (0, n))
    cut = tuple(slice(a, b) for a, b in edges)
    inside = np.ascontiguousarray(work.inside[cut])
    geo = fourier.geometry(inside.shape, work.grid.voxel_size)
    signal = fourier.forward(_whitened(work, work.signal())[cut])
    noise = None
    if work.halves and work.params.rules == "cryoqa":
        noise = fourier.forward(_whitened(work, work.difference())[cut])
    return Box(geo, signal, noise, inside, work.solvent[cut], np.argwhere(inside))


def _window(work: Work, d: float) -> steerable.Window:
    nyquist = 0.5 / max(work.grid.voxel_size)
    return steerable.window_centred(d, nyquist) if work.params.rules == "cryoqa" else steerable.window_for(d, _PROGRAM, nyquist)


def _single(work: Work, box: Box, d: float, left: np.ndarray) -> Tuple[np.ndarray, Null]:
    """Statistic of the voxels ``left`` and its null distribution, that of the noise's spectrum."""
    window = _window(work, d)
    values = steerable.sample(steerable.explained(box.signal, box.geo, window), box.index[left], box.geo.shape)
    volume = float(np.prod(work.grid.voxel_size))
    weights = steerable.null_weights(window, work.at, np.ones_like(work.noise), volume)
    grid = np.linspace(0, float(weights.sum() + 60 * weights.max()), _GRID)
    tail = steerable.tail(weights, grid)
    null = Null(float(weights.sum()), lambda x: np.interp(x, grid, tail), lambda p: float(np.interp(-p, -tail, grid)))
    return values, null


def _averaged(work: Work, box: Box, d: float, left: np.ndarray) -> Tuple[np.ndarray, Null]:
    """Averaged statistic of the voxels ``left``, and the gamma distribution with mean and variance of that of the noise."""
    window, sigma = _window(work, d), work.params.window * d
    total = steerable.explained(box.signal, box.geo, window)
    values = steerable.sample(_mean_within(total, box.inside, box.geo, sigma), box.index[left], box.geo.shape)
    if box.noise is not None:
        noise = _mean_within(steerable.explained(box.noise, box.geo, window), box.inside, box.geo, sigma)
        null = steerable.sample(noise, box.index, box.geo.shape)
    else:
        noise = _mean_within(total, box.solvent, box.geo, sigma)
        null = noise[_on_grid(box.solvent, noise.shape)]
    mean = max(float(null.mean(dtype=np.float64)), 1e-6 * float(values.mean(dtype=np.float64)), 1e-30)
    shape = mean ** 2 / max(float(null.var(dtype=np.float64)), 1e-6 * mean ** 2)
    return values, Null(mean, lambda x: gammaincc(shape, x * (shape / mean)), lambda p: float(gammainccinv(shape, p) * mean / shape))


def _on_grid(inside: np.ndarray, shape: Tuple[int, ...]) -> np.ndarray:
    """The mask at the points of a coarser grid over the same cell, bool of ``shape``."""
    picks = [np.minimum(np.round(np.arange(m) * (n / m)).astype(int), n - 1) for n, m in zip(inside.shape, shape)]
    return inside[np.ix_(*picks)]


def _mean_within(values: np.ndarray, inside: np.ndarray, geo: fourier.Geometry, sigma: float) -> np.ndarray:
    """Mean of ``values`` over the part of a Gaussian of ``sigma`` (Å) that lies inside, float32 on the grid of ``values``."""
    chosen = _on_grid(inside, values.shape).astype(np.float32)
    voxel = [n * s for n, s in zip(values.shape, geo.steps)]
    own = fourier.geometry(values.shape, [geo.length / v for v in voxel][::-1])
    share = banks.gaussian(chosen, own, sigma)
    return banks.gaussian(values * chosen, own, sigma) / np.maximum(share, 1e-3)


def _passes(values: np.ndarray, null: Null, rate: float) -> Tuple[float, float]:
    """Least value that passes and its p-value: Benjamini & Yekutieli (2001), https://doi.org/10.1214/aos/1013699998."""
    ordered = np.sort(null.tail(values))
    n = ordered.size
    harmonic = np.log(n) + np.euler_gamma + 0.5 / n
    passing = np.flatnonzero(ordered <= rate * np.arange(1, n + 1) / (n * harmonic))
    p = rate * (int(passing[-1]) + 1 if passing.size else 1) / (n * harmonic)
    return null.value(p), float(p)
