"""How far what one map shows lies from what another one shows, around every point."""
from __future__ import annotations

from typing import List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from ...core import fourier, local, local_gains
from .combine_maps_bands import BANDS, Bands, MemberSignal, amplitude_of
from .combine_maps_inputs import Member

_FINEST = 1.5                         # times the resolution: finer waves are turned by too much of a turn to tell how far
_COARSEST = 20.0                      # Å
_WIDER = 1.5                          # window of the motion over that of the bands
_ERROR_WINDOW = 3.0                   # window of its error over that of the motion
_ROUND = 0.1                          # least stiffness along an axis over the mean: a flat or a thin part tells nothing of one
_DENSE = 0.2                          # stiffness over that of the best places
_FINEST_ERROR = 0.06                  # of the window: an error from which on nothing is said
_SIX = ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))


class Motion(NamedTuple):
    """``vector`` float32 [v, 3] (x, y, z, in Å): how far map 2 lies from map 1 around each point; ``error`` float32 [v] (Å), standard error
    of its length along one axis; ``stiffness`` float32 [v, 3, 3]: what of the map tells of it; NaN where ``known`` bool [v] is False."""

    vector: np.ndarray
    error: np.ndarray
    stiffness: np.ndarray
    known: np.ndarray


def motion(one: Member, other: Member, signals: Sequence[MemberSignal], where: np.ndarray, bands: Bands,
           finest: Optional[float] = None) -> Motion:
    """Motion of map 2 against map 1 around each point.

    Parameters
    ----------
    one, other
        Map 1 and map 2.
    signals
        What is known of both.
    where
        Points at which both have signal, bool [v].
    bands
        The bands.
    finest
        Finest waves (Å) that are asked, without an error; 1.5 times the resolution, and the error from the half-maps, when None.

    Returns
    -------
    Motion
        ``A d = b`` with ``b = <m1 grad m2 - m2 grad m1> / 2`` and ``A = <grad m1 grad m2>``, local averages of the maps, each shell
        with the same power times the part of it that is signal. A blur that differs is even under inversion and leaves ``b`` as it is.
        From half-map 1 of one and half-map 2 of the other and the other way round; the error is from the difference of both.
    """
    grid, weight = bands.grid, _weights(signals, where, bands, finest)
    pairs = [("half1", "half2"), ("half2", "half1")] if one.has_halves and other.has_halves and finest is None else [("data", "data")]
    found = [_normal(_waves(one, p, weight, bands), _waves(other, q, weight, bands), grid) for p, q in pairs]
    stiff = sum(a for a, _ in found) / len(found)
    size = np.trace(stiff, axis1=1, axis2=2) / 3
    # Beyond the molecule a window sees but its edge.
    known = where & (size > _DENSE * np.percentile(size[where], 95)) & (np.linalg.eigvalsh(stiff).min(axis=1) > _ROUND * size)
    scatter = ((found[0][1] - found[-1][1]) ** 2).mean(axis=1) / 4 / np.maximum(size, 1e-30) ** 2
    wide = [local.widen(v.astype(np.float32).reshape(grid.shape), grid, _ERROR_WINDOW).ravel()
            for v in (np.where(known, scatter, 0), known)]
    error = np.sqrt(np.maximum(wide[0], 0) / np.maximum(wide[1], 1e-3))
    known &= error < _FINEST_ERROR * bands.sigma
    safe = np.where(known[:, None, None], stiff, np.eye(3))
    vector = np.linalg.solve(safe, (sum(b for _, b in found) / len(found))[..., None])[..., 0]
    nothing = np.where(known, 0, np.nan).astype(np.float32)
    return Motion((vector + nothing[:, None]).astype(np.float32), error.astype(np.float32), stiff, known)


def _weights(signals: Sequence[MemberSignal], where: np.ndarray, bands: Bands, finest: Optional[float]) -> np.ndarray:
    """Weight of each shell: the part of both maps that is signal where both show some, float64 [n_shells]."""
    quality = np.ones(bands.at.size)
    for s in signals:
        ratio = np.maximum(s.raw[:, where].mean(axis=1, dtype=np.float64) / s.noise[:, where].mean(axis=1, dtype=np.float64), 0)
        quality *= np.sqrt(ratio / (1 + ratio))
    freq = fourier.frequencies(bands.geo)
    end = bands.at[min(len(bands.at), BANDS) - 1] / _FINEST if finest is None else 1 / finest
    out = np.interp(freq, bands.at, quality)
    return np.where((freq > min(1 / _COARSEST, 0.4 * end)) & (freq < end), out, 0.0)


def _waves(member: Member, which: str, weight: np.ndarray, bands: Bands) -> List[np.ndarray]:
    """A map with its shells of one power, and its slopes along z, y, x (1/Å), float32 each, on a grid just fine enough for them."""
    geo = bands.geo
    ft = fourier.forward(member.measured(which))
    white = amplitude_of(ft, geo)
    even = np.divide(weight, white, out=np.zeros_like(weight), where=white > 0)
    last = int(np.flatnonzero(weight).max(initial=1)) + 1
    profile = np.interp(np.arange(last * local_gains.FINE + 2) / local_gains.FINE, np.arange(weight.size), even)
    shape = local.cropped_shape(geo, last, bands.grid.sigma)
    out = [local_gains.band_image(ft, geo, profile, shape)]
    nz, ny, nx = geo.shape
    axes = (np.fft.fftfreq(nz, 1 / nz), np.fft.fftfreq(ny, 1 / ny), np.arange(nx // 2 + 1))
    for axis, (k, step) in enumerate(zip(axes, geo.steps)):
        k = np.where(np.abs(k) * 2 == geo.shape[axis], 0, k)  # the wave at Nyquist has no slope of one sign
        along = (2j * np.pi * step / geo.length * k).astype(np.complex64).reshape([-1 if a == axis else 1 for a in range(3)])
        out.append(local_gains.band_image(ft * along, geo, profile, shape))
    return out


def _normal(one: List[np.ndarray], other: List[np.ndarray], grid: local.Points) -> Tuple[np.ndarray, np.ndarray]:
    """``A`` float64 [v, 3, 3] and ``b`` float64 [v, 3] along x, y, z, averaged in a wider window."""
    def mean(p: np.ndarray, q: np.ndarray) -> np.ndarray:
        return local.widen(local_gains.local_product(p, q, grid), grid, _WIDER).ravel().astype(np.float64)

    (m1, *g1), (m2, *g2) = one, other
    g1, g2 = g1[::-1], g2[::-1]
    b = np.stack([(mean(m1, q) - mean(m2, p)) / 2 for p, q in zip(g1, g2)], axis=1)
    a = np.empty((b.shape[0], 3, 3))
    for i, j in _SIX:
        a[:, i, j] = a[:, j, i] = mean(g1[i], g2[i]) if i == j else (mean(g1[i], g2[j]) + mean(g1[j], g2[i])) / 2
    return a, b
