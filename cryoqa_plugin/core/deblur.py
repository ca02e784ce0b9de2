"""A map weighted, in every voxel, by bands of frequencies around its local resolution, with few transforms.

The operator is ``W[X](x) = sum_b g_b(R(x)) (h_b * X)(x) / sum_b g_b(R(x))``: bands ``h_b`` around the frequencies ``1 / d_b`` and
weights ``g_b(R) = exp(-K (d_b - R)^2)``. The weights change slowly with ``R``, so that the matrix of the weights (bands, values of
``R``) has a small rank: ``w_b(R) = sum_j a_bj c_j(R)``, and ``W[X] = sum_j c_j(R) irfft(sum_b a_bj h_b F)`` needs one transform for each
``j`` (four or so) and not one for each band (twenty to fifty).
"""
from __future__ import annotations

from typing import List, NamedTuple, Tuple

import numpy as np

from .fourier import Geometry, forward, inverse
from .jit import njit
from .threads import over_slabs

STEP = 0.2                            # Å, from one band to the next
_RADII = 1 << 15                      # entries of the table of gains, over the square of the frequency
_PLACES = 1024                        # entries of the table of weights, over the local resolution
_EXACT = 1e-6                         # singular values left out, as part of the first


class Bank(NamedTuple):
    """Rank-reduced bands of a local-resolution map.

    ``gains`` float32 [rank, radii], over the square of the radius (shell units) in steps of ``1 / scale``; ``weights`` float32
    [rank, places] over the local resolution; ``place`` float32 [z, y, x], the place of each voxel, -1 where there is no resolution.
    """

    geo: Geometry
    gains: np.ndarray
    scale: float
    weights: np.ndarray
    place: np.ndarray
    n_bands: int


@njit
def _gain_kernel(ft, z0, z1, steps, table, scale, out):
    """``ft`` times a table over the square of the radius; 0 past its end."""
    nz, ny, nk = ft.shape
    last = table.size - 1
    for z in range(z0, z1):
        kz = (z if z <= nz // 2 else z - nz) * steps[0]
        for y in range(ny):
            ky = (y if y <= ny // 2 else y - ny) * steps[1]
            base = kz * kz + ky * ky
            for x in range(nk):
                kx = x * steps[2]
                # The table is over the square of the radius: no root is taken in the inner loop.
                t = (base + kx * kx) * scale
                if t >= last:
                    out[z, y, x] = 0
                else:
                    i = int(t)
                    part = np.float32(t - i)
                    out[z, y, x] = ft[z, y, x] * (table[i] + part * (table[i + 1] - table[i]))


@njit
def _add_kernel(out, data, place, table, z0, z1):
    """Add ``data`` times the weight of its place to ``out``, where there is a place."""
    ny, nx = data.shape[1], data.shape[2]
    last = table.size - 2
    for z in range(z0, z1):
        for y in range(ny):
            for x in range(nx):
                t = place[z, y, x]
                if t >= 0:
                    i = min(int(t), last)
                    out[z, y, x] += data[z, y, x] * (table[i] + (t - np.float32(i)) * (table[i + 1] - table[i]))


def band_resolutions(finest: float, coarsest: float, edge: float) -> List[float]:
    """Resolutions of the bands: every 0.2 Å, one for each Fourier index.

    Parameters
    ----------
    finest, coarsest
        Range of the local resolution in Å; the bands go on to 2 Å past ``coarsest``.
    edge
        Edge of the box in Å: bands whose centres have the same Fourier index are one.

    Returns
    -------
    list of float
        Å, rising.
    """
    out, last, n = [], -1, 0
    while finest + n * STEP < coarsest + 2:
        resolution = finest + n * STEP
        index = int(np.round(edge / resolution))
        if index != last:
            out.append(resolution)
        last, n = index, n + 1
    return out


def make_bank(geo: Geometry, resolution: np.ndarray, inside: np.ndarray, finest: float, strength: float) -> Bank:
    """Bands and weights for a map of local resolutions.

    Parameters
    ----------
    geo
        Shells of the box, with the voxel size in Å.
    resolution
        Å, float32 [z, y, x].
    inside
        Where it is known, bool [z, y, x].
    finest
        Resolution of the first band in Å.
    strength
        K in 1/Å^2: how fast the weight of a band falls with its distance from the local resolution.

    Returns
    -------
    Bank
        With as few transforms as keep the weights to 1e-6.
    """
    low, high = float(resolution[inside].min()), float(resolution[inside].max())
    bands = band_resolutions(finest, high, geo.length / geo.steps[0])
    # A map of one resolution still needs two different places.
    places = np.linspace(low, max(high, low + 1e-3), _PLACES)
    left, right = _reduced(np.asarray(bands), places, strength)
    top = (geo.length / (finest - STEP)) ** 2
    radius = np.sqrt(np.linspace(0, top, _RADII)) / geo.length                  # 1/Å
    gains = sum(np.outer(left[:, b], _band(radius, d)) for b, d in enumerate(bands))
    place = np.full(resolution.shape, -1, dtype=np.float32)
    place[inside] = (resolution[inside] - low) * (_PLACES - 1) / (places[-1] - low)
    return Bank(geo, gains.astype(np.float32), (_RADII - 1) / top, right.astype(np.float32), place, len(bands))


def _band(freq: np.ndarray, resolution: float) -> np.ndarray:
    """Raised cosine around ``1 / resolution`` that reaches 0 at the frequency of the next finer band."""
    centre = 1 / resolution
    t = np.minimum(np.abs(freq - centre) / (1 / (resolution - STEP) - centre), 1)
    return 0.5 + 0.5 * np.cos(np.pi * t)


def _reduced(bands: np.ndarray, places: np.ndarray, strength: float) -> Tuple[np.ndarray, np.ndarray]:
    """Factors [rank, bands] and [rank, places] of the weights of the bands, whose sum over the bands is 1."""
    weights = np.exp(-strength * (bands[:, None] - places) ** 2)
    weights /= weights.sum(axis=0)
    u, s, vt = np.linalg.svd(weights, full_matrices=False)
    rank = max(1, int(np.count_nonzero(s > _EXACT * s[0])))
    # Both factors take the root of the singular values, so that both stay of a size that float32 holds well.
    return u.T[:rank] * np.sqrt(s[:rank, None]), vt[:rank] * np.sqrt(s[:rank, None])


def apply(bank: Bank, data: np.ndarray) -> np.ndarray:
    """A map weighted in every voxel by bands around its local resolution: ``W[data]``.

    Parameters
    ----------
    bank
        Of :func:`make_bank`.
    data
        Map, float32 [z, y, x].

    Returns
    -------
    ndarray
        float32 [z, y, x]; 0 where there is no local resolution.
    """
    ft = forward(data)
    band, out = np.empty_like(ft), np.zeros(data.shape, np.float32)
    steps = np.array(bank.geo.steps)
    for gain, weight in zip(bank.gains, bank.weights):
        over_slabs(lambda a, b, gain=gain: _gain_kernel(ft, a, b, steps, gain, bank.scale, band), len(ft))
        part = inverse(band, data.shape)
        over_slabs(lambda a, b, part=part, weight=weight: _add_kernel(out, part, bank.place, weight, a, b), len(data))
        del part
    return out


class Deblurred(NamedTuple):
    """What :func:`deblur` gives: the map, float32 [z, y, x], the step, the number of steps, and the change of each in per cent."""

    data: np.ndarray
    step: float
    steps: int
    changes: List[float]


def deblur(bank: Bank, data: np.ndarray, most: int, step: float = 0.0, fixed: int = 0) -> Deblurred:
    """Steps ``X <- X + step W[V - W[X]]`` from ``X = V = data``.

    Values below -4 standard deviations of the surroundings are raised to that after each step. It ends after ``fixed`` steps, or, when that
    is 0, where ``100 |W[X_before]| / |W[X]|`` rises by less than 1 in a step.

    Parameters
    ----------
    bank
        Of :func:`make_bank`.
    data
        Map V, float32 [z, y, x].
    most
        Steps at the most.
    step
        0 takes the norm of ``V`` over that of ``W[V]``, over 12.
    fixed
        Number of steps; 0 to go by the change.

    Returns
    -------
    Deblurred
        The map and how it was reached.
    """
    outside = data[bank.place < 0]
    floor = np.float32(-4 * outside.std(dtype=np.float64, ddof=1)) if outside.size > 1 else np.float32(-np.inf)
    x, norms, ratios = data.copy(), [], []
    for n in range(1, (fixed or most) + 1):
        y = apply(bank, x)
        norms.append(_norm(y))
        if n == 1 and not step:
            step = _norm(data) / max(norms[0], 1e-30) / 12
        # y is not needed any more and holds the residual: maps are large, and no third one is made.
        np.subtract(data, y, out=y)
        y = apply(bank, y)
        y *= np.float32(step)
        x += y
        del y
        np.maximum(x, floor, out=x)
        if n > 1:
            ratios.append(100 * norms[-2] / max(norms[-1], 1e-30))
        if not fixed and n > 2 and ratios[-1] - ratios[-2] < 1:
            break
    return Deblurred(x, step, n, ratios)


def _norm(data: np.ndarray) -> float:
    return float(np.sqrt(sum(over_slabs(lambda a, b: float(np.einsum("zyx,zyx", data[a:b], data[a:b], dtype=np.float64)), len(data)))))
