"""The noise of two half-maps around every point: averaged no wider than it varies, and what the bands smear of it.

Noise that is the same everywhere is best averaged over much of the map, noise that has a step in a window as narrow as that of the
signal. The data tell which: local noise powers scatter by a known amount when nothing varies, and whatever is beyond it is variation.
"""
from __future__ import annotations

from typing import NamedTuple, Optional

import numpy as np

from ...core import local, shells
from ...core.fourier import inverse
from ...core.local_gains import local_square
from ...core.noise import COARSEST
from ...study import Study
from ...study.mask import INSIDE
from .local_resolution import filter_edge

WIDE = 3.0                            # window of noise that is the same everywhere, over that of the signal
_CHANCE = 1.5                         # variance of the logarithm of even noise over what its coefficients give, at the most
_CHANCE_OF_ALL = 2.0                  # the same where coarse shells are there too, of which little is noise
_POOLED = 0.15                        # standard deviation in frequency of what is pooled, as a part of the frequency, at least two bands


class BandNoise(NamedTuple):
    """Noise of bands at the points that voxels of a mask are interpolated from, v in number.

    ``grid``, ``corners`` and ``inside`` as in :class:`.local_fsc.BandPowers`. ``at`` float64 [bands] is the middle of each band and
    ``spacing`` their distance, both in 1/Å; a window holds ``count`` coefficients of all of them. ``narrow`` and ``wide`` float32
    [bands, v] are averages in the window of the signal and in one three times as wide, ``mean`` float64 [bands] that of the whole box.
    """

    grid: local.Points
    corners: np.ndarray
    inside: np.ndarray
    at: np.ndarray
    spacing: float
    count: float
    narrow: np.ndarray
    wide: np.ndarray
    mean: np.ndarray


class LocalNoise(NamedTuple):
    """Noise at the points: ``noise`` float32 [bands, v] is what the local powers of the half sum hold of it, ``factor`` float32 [v] what
    the noise that the signal is held against is over that, where bands smear a step, the solvent was damped, or noise is shared."""

    noise: np.ndarray
    factor: np.ndarray


def pooling_width(at: np.ndarray, spacing: float) -> np.ndarray:
    """Standard deviation of the weights of neighbour bands.

    Parameters
    ----------
    at, spacing
        Middles of the bands, float64 [bands], and their distance, 1/Å.

    Returns
    -------
    ndarray
        float64 [bands], 1/Å.
    """
    return np.maximum(_POOLED * at, 2 * spacing)


def coefficients_between(low: float, high: float, sigma: float) -> float:
    """Independent complex coefficients of a part of Fourier space in a Gaussian window.

    Parameters
    ----------
    low, high
        Frequencies between which they lie, 1/Å.
    sigma
        Standard deviation of the window in Å.

    Returns
    -------
    float
        The volume of the window, ``(4 pi sigma^2)^(3/2)`` (Å^3), times that of half the part.
    """
    return (4 * np.pi * sigma ** 2) ** 1.5 * 2 / 3 * np.pi * (high ** 3 - low ** 3)


def local_noise(study: Study, bands: BandNoise, mask: np.ndarray, together: Optional[np.ndarray] = None) -> LocalNoise:
    """Noise at the points, and what the signal is held against.

    Parameters
    ----------
    study
        The half-maps.
    bands
        Noise of their bands.
    mask
        Mask of the molecule, float32 [z, y, x].
    together
        What :func:`noise_of_all` gives for these bands, float32 [mz, my, mx]; made when it is needed if None.

    Returns
    -------
    LocalNoise
        Its course over the points averaged over neighbour bands.

    Notes
    -----
    With ``x`` the logarithm of narrow over wide noise, averaged over the bands, and ``n`` coefficients in a window, the part
    ``w = 1 - 1.5 / (n mean x^2)`` of the variation is real, all of it where a mask or a sphere ends the noise, which is then
    ``wide (narrow / wide)^w``. A band rings over tens of Å and smears a step of the noise; the differences of the half-maps in all
    bands at once show it as it is.
    """
    weights = bands.at ** 2 / float((bands.at ** 2).sum())               # coefficients of a band
    noise, factor, known = bands.wide, np.ones(bands.wide.shape[1], dtype=np.float32), study.noise
    ends = known is not None and (study.half_maps.masked or known.damping.found or known.radial.rim is not None)
    part = 1.0 if ends else _real_part(np.log(weights @ (bands.narrow / bands.wide))[bands.inside], bands.count)
    if part > 0:
        noise = bands.wide * (bands.narrow / bands.wide) ** np.float32(part)
    if part > 0 and known is not None:
        if together is None:
            together = noise_of_all(study, bands.grid, bands.at[0] - bands.spacing, bands.at[-1] + bands.spacing)
        shown = weights @ (noise / bands.mean[:, None])
        if known.damping.found and known.damping.ratio is not None:
            factor = (_undamped(together, known.damping.ratio, mask, bands.grid)[bands.corners] / shown).astype(np.float32)
        elif known.radial.rim is None:                       # a sphere cuts signal and noise alike, and bands smear both
            sharp = np.log(together[bands.corners] / shown)
            factor = np.exp(_real_part(sharp[bands.inside], bands.count) * sharp).astype(np.float32)
    noise = _pooled(noise, bands)
    share = _shared(study)
    if share:
        # Of noise N with the part r in both half-maps, half the difference holds (1 - r) N / 2 and half the sum (1 + r) N / 2.
        noise *= np.float32((1 + share) / (1 - share))
        factor /= np.float32(1 + share)
    return LocalNoise(noise, factor)


def unevenness(study: Study, mask: np.ndarray, sigma: float) -> Optional[np.ndarray]:
    """Noise power of half-maps at the voxels of a mask over its mean there.

    Parameters
    ----------
    study
        The half-maps.
    mask
        float32 [z, y, x]; voxels of at least 0.5 are looked at.
    sigma
        Standard deviation (Å) of the Gaussian window it is averaged in.

    Returns
    -------
    ndarray or None
        float32 [n], in the order of ``array[mask >= 0.5]``; None where the noise is even but for chance, where nothing tells it, and
        where a mask cut it together with the signal.
    """
    known = study.noise
    if known is None or known.damping.found or known.radial.rim is not None:
        return None
    geo = study.geometry
    low, high = 1 / COARSEST, (geo.n_shells - 1) / geo.length
    edge = filter_edge(study)
    if edge is not None:
        high = min(high, 1 / edge)
    grid = local.points(geo.shape, study.grid.voxel_size, sigma)
    cells, _ = local.needed(mask, INSIDE, grid)
    log = np.log(noise_of_all(study, grid, low, high))
    log -= log[cells].mean()
    part = _real_part(log[cells], coefficients_between(low, high, sigma), _CHANCE_OF_ALL)
    if part == 0:
        return None
    # What is spread is one over the values that are interpolated.
    power = local.spread(np.exp(-part * log.astype(np.float64)), grid, mask, INSIDE)[mask >= INSIDE]
    return power / np.float32(power.mean(dtype=np.float64))


def _shared(study: Study) -> Optional[float]:
    """The part of the noise that both half-maps share, None where none was found or it is not known how much."""
    shared = study.noise.shared if study.noise is not None else None
    return shared.share if shared is not None and shared.found else None


def _real_part(values: np.ndarray, count: float, chance: float = _CHANCE) -> float:
    """The part, 0 to 1, of the variation of logarithms of noise powers of ``count`` coefficients that is not chance."""
    square = float(np.mean(np.square(values, dtype=np.float64)))
    return max(0.0, 1 - chance / (count * square)) if square > 0 else 0.0


def noise_of_all(study: Study, grid: local.Points, low: float, high: float) -> np.ndarray:
    """Local power of the differences of half-maps, of all frequencies at once.

    Parameters
    ----------
    study
        The half-maps.
    grid
        Points, and the window.
    low, high
        Frequencies between which they are looked at, 1/Å; each shell is divided by its noise.

    Returns
    -------
    ndarray
        Over its mean in the box, float32 [mz, my, mx].
    """
    geo, sums = study.geometry, study.half_sums()
    centre, width = (high + low) / 2 * geo.length, (high - low) / 2 * geo.length
    shape = local.cropped_shape(geo, high * geo.length, grid.sigma, local.OF_POWERS)
    unlike = np.sqrt(np.maximum(1 - shells.fsc(sums), 1e-12))            # noise of the whitened half-maps
    count = np.maximum(sums.count, 0.5)
    one, two = (local.band_transform(study.transform(name), geo, centre, width, np.sqrt(power / count) * unlike, shape)
                for name, power in (("half1", sums.power1), ("half2", sums.power2)))
    one -= two
    del two
    out = local_square(inverse(one, shape), grid)
    mean = float(out.mean(dtype=np.float64))
    if not mean > 0:                                         # no shell lies between, so that the noise is taken for even
        return np.ones_like(out)
    return np.maximum(out / mean, 1e-12).astype(np.float32)


def _undamped(there: np.ndarray, ratio: float, mask: np.ndarray, grid: local.Points) -> np.ndarray:
    """Noise of the molecule, float32 [mz, my, mx], as it would be in the solvent around it if that had not been damped.

    In a window of which the mask covers the part ``c``, the noise is ``c + (1 - c) / ratio`` of it; it is fitted in a wide window.
    """
    covered = local_square(np.ascontiguousarray(mask), grid)
    left = covered + (1 - covered) / np.float32(ratio)
    return local.widen(there * left, grid, WIDE) / local.widen(left * left, grid, WIDE)


def _pooled(noise: np.ndarray, bands: BandNoise) -> np.ndarray:
    """Noise, float32 [bands, v], whose course over the points is averaged over neighbour bands, its level in each band kept."""
    level = noise[:, bands.inside].mean(axis=1, dtype=np.float64)
    weights = np.exp(-0.5 * ((bands.at[None, :] - bands.at[:, None]) / pooling_width(bands.at, bands.spacing)[:, None]) ** 2)
    weights /= weights.sum(axis=1, keepdims=True)
    out = (weights / level[None, :]).astype(np.float32) @ noise
    out *= level[:, None].astype(np.float32)
    return out
