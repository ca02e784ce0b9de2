"""How far a model agrees with each of two half-maps, and whether the difference is more than their noise explains.

A model that was refined against one half-map follows that half's noise, the other one knows nothing of it: Brown et al. (2015),
https://doi.org/10.1107/S1399004714021683.
"""
from __future__ import annotations

from typing import NamedTuple, Optional, Sequence, Tuple

import numpy as np

from ..core import filters, fourier, shells, spectra
from ..core.fourier import Geometry
from ..core.shells import CrossSums
from .resolution import overall

COARSEST = 10.0                       # Å, where the mean FSC begins: coarser shells are those of the solvent, which models lack
_FROM = 1.5                           # times the resolution, where it begins in maps of low resolution
_FURTHER = 1.5                        # times the frequency of the resolution, up to which it is looked beyond that
_LEAST_SHELLS = 3                     # of a mean
_RATIO_SHELLS = 6                     # that tell how the noise of one half-map is to that of the other
_SURE = 1 - 1e-3                      # FSC of a shell that would have all the weight
_STEP = 1e-4                          # relative, of a derivative


class Gap(NamedTuple):
    """Mean FSC of a model with two half-maps over a range of frequencies, ``low`` to ``high`` (1/Å).

    ``difference`` is that with half-map 1 less that with half-map 2, for half-maps of equal noise, and ``error`` its standard error for a
    model that knows neither noise.
    """

    low: float
    high: float
    mean1: float
    mean2: float
    difference: float
    error: float


class ModelHalves(NamedTuple):
    """A model and two half-maps, all in the mask around the model.

    ``freq`` (1/Å), ``with1``, ``with2`` and ``with_map`` (FSC of the model with each half-map and with the map) and ``halves`` (FSC of the
    half-maps) are float64 [n_shells]; ``fall1`` and ``fall2`` (Å): where ``with1`` and ``with2`` fall below 0.5, None where they do not.
    ``resolution`` (Å) is that of the half-maps in this mask. ``noise_ratio`` is the noise power of half-map 2 over that of half-map 1 on
    one scale of the signal. ``inside`` is the gap up to the resolution, ``beyond`` that from there on; None where there are too few shells.
    """

    freq: np.ndarray
    with1: np.ndarray
    with2: np.ndarray
    with_map: np.ndarray
    halves: np.ndarray
    fall1: Optional[float]
    fall2: Optional[float]
    resolution: float
    noise_ratio: float
    inside: Optional[Gap]
    beyond: Optional[Gap]


class NoiseRatio(NamedTuple):
    """Noise power of half-map 2 over that of half-map 1, on one scale of the signal, with its standard ``error``.

    ``scale`` is the amplitude of the signal in half-map 2 over that in half-map 1.
    """

    value: float
    error: float
    scale: float


class _Pair(NamedTuple):
    """Transforms in the mask, the transform of the difference of the half-maps without one, the sums of the three pairs, and the power of a
    half-map; all on the scale of half-map 1."""

    geo: Geometry
    freq: np.ndarray
    mask: np.ndarray
    model: np.ndarray
    mean: np.ndarray
    difference: np.ndarray
    with1: CrossSums
    with2: CrossSums
    halves: CrossSums
    power: np.ndarray


def compare_with_halves(near: Sequence[np.ndarray], whole: Tuple[np.ndarray, np.ndarray], sums: CrossSums, mask: np.ndarray, geo: Geometry,
                        nyquist: float, end: Optional[float] = None) -> ModelHalves:
    """A model against two half-maps.

    Parameters
    ----------
    near
        Transforms of the two half-maps, of the map and of the model in the mask, complex64 [nz, ny, nx // 2 + 1]; the first is changed.
    whole, sums
        Transforms of the two half-maps without a mask, and their cross sums.
    mask
        The mask around the model, float32 [z, y, x].
    geo, nyquist
        Shells of the box; Nyquist in Å.
    end
        Edge (1/Å) of a low-pass of the half-maps, None for none.

    Returns
    -------
    ModelHalves
        Curves, falls and gaps.

    Notes
    -----
    To first order in the noise the difference of the mean FSCs is ``sum Re(G* D)``, ``D`` being the difference of the half-maps and
    ``G = w (M / sqrt(P_M P) - F A / P)`` in each shell: the part of the model ``M`` that is not in the mean ``A`` of the half-maps, with
    the powers ``P_M`` and ``P`` of the shell, the mean FSC ``F``, and the part ``w`` of the coefficients of the mean that lie in it. ``D``
    has nothing to do with ``G`` unless the model was fitted to a half-map, so that the variance is ``sum abs(G m)^2 abs(D)^2 / 2``: ``m``,
    the mask, blurs the transform of ``G``, and so counts coefficients that a mask ties together. Noise that is stronger in the molecule
    than in the box raises it by the ratio of the two.

    Half-maps of unequal noise have unequal FSCs with any model. Their powers tell how much: with ``P_1 = S + N`` and
    ``P_2 = c^2 (S + r N)``, ``P_2 = c^2 r P_1 + c (1 - r) X`` is fitted over the shells of the whole box, ``X = c S`` being the cross
    sums of the half-maps.
    """
    one, two, full, model = near
    freq = fourier.frequencies(geo)
    halves = shells.cross_sums(one, two, geo)
    last = 1 / nyquist if end is None else min(end, 1 / nyquist)
    usable = (freq > 0) & (freq <= last * (1 + 1e-9)) & (halves.power1 > 0) & (halves.power2 > 0)
    ratio = noise_ratio(sums, usable & (sums.power1 > 0) & (sums.power2 > 0))
    curve = np.nan_to_num(shells.fsc(halves))
    resolution = overall(curve, freq, end)
    falls = [_fall(half, model, geo, nyquist) for half in (one, two)]
    with1, with2, with_map = (shells.cross_sums(ft, model, geo) for ft in (one, two, full))
    second = np.float32(1 / ratio.scale)
    one += second * two
    one *= np.float32(0.5)                                   # the mean, on the scale of half-map 1
    difference = whole[1] * -second
    difference += whole[0]
    difference[0, 0, 0] = 0                                  # levels of the maps are no noise
    pair = _Pair(geo, freq, mask, model, one, difference, with1, with2, halves, np.sqrt(halves.power1 * halves.power2) / ratio.scale)
    at = 1 / resolution
    inside = _gap(pair, usable, (1 / max(COARSEST, _FROM * resolution), at), ratio)
    beyond = _gap(pair, usable, (at, _FURTHER * at), ratio)
    curves = (np.nan_to_num(shells.fsc(s)) for s in (with1, with2, with_map))
    return ModelHalves(freq, *curves, curve, falls[0], falls[1], resolution, ratio.value, inside, beyond)


def _fall(half_ft: np.ndarray, model_ft: np.ndarray, geo: Geometry, nyquist: float) -> Optional[float]:
    found = spectra.last_fall(*spectra.smooth_curve(spectra.spectra(half_ft, model_ft, geo)), 0.5, nyquist)
    return found if found == found else None


def noise_ratio(halves: CrossSums, use: np.ndarray) -> NoiseRatio:
    """How the noise of half-map 2 is to that of half-map 1.

    Parameters
    ----------
    halves
        Cross sums of the half-maps in shells.
    use
        Which shells hold data, bool [n_shells].

    Returns
    -------
    NoiseRatio
        A ratio of 1 with an error of 0 where fewer than six shells hold data, or all of them are alike.
    """
    p1, p2, cross = halves.power1[use], halves.power2[use], halves.cross[use]
    alike = NoiseRatio(1.0, 0.0, float(np.sqrt(p2.sum() / p1.sum())) if p1.size else 1.0)
    if p1.size < _RATIO_SHELLS:
        return alike
    both = np.sqrt(p1 * p2)
    weight = np.sqrt(halves.count[use] / (1 - np.minimum((cross / both) ** 2, _SURE))) / both
    rows, wanted = np.stack((p1, cross), axis=1) * weight[:, None], p2 * weight
    size = np.linalg.norm(rows, axis=0)
    fit, _, rank, _ = np.linalg.lstsq(rows / size, wanted, rcond=1e-6)
    left = wanted - rows / size @ fit
    found, scale = _solved(fit / size)
    if rank < 2 or not np.isfinite(found):
        return alike
    covariance = np.linalg.inv((rows / size).T @ (rows / size)) * float(left @ left) / (wanted.size - 2)
    slope = np.array([(_solved((fit + step) / size)[0] - found) / step.sum() for step in np.diag(_STEP * np.abs(fit).max() * np.ones(2))])
    error = float(np.sqrt(slope @ covariance @ slope))
    return NoiseRatio(found, error, scale) if np.isfinite(error) else alike


def _solved(fit: np.ndarray) -> Tuple[float, float]:
    """Ratio and scale from the two factors ``c^2 r`` and ``c (1 - r)``; NaN where there are none."""
    a, b = fit
    scale = 0.5 * (b + np.sqrt(max(b * b + 4 * a, 0.0)))
    return (float(a / scale ** 2), float(scale)) if a > 0 and scale > 0 else (float("nan"), 1.0)


def _gap(pair: _Pair, usable: np.ndarray, limits: Tuple[float, float], ratio: NoiseRatio) -> Optional[Gap]:
    """The gap over the shells between two frequencies (1/Å); None where there are too few."""
    use = usable & (pair.freq >= limits[0] * (1 - 1e-9)) & (pair.freq <= limits[1] * (1 + 1e-9)) & (pair.with1.power2 > 0)
    if np.count_nonzero(use) < _LEAST_SHELLS:
        return None
    part = np.where(use, pair.halves.count, 0.0)
    part /= part.sum()
    curves = [np.where(use, shells.fsc(s), 0.0) for s in (pair.with1, pair.with2)]
    mean1, mean2 = (float(part @ c) for c in curves)
    middle = 0.5 * (curves[0] + curves[1])
    bias = [_of_unequal_noise(pair, use, part * middle, r) for r in (ratio.value, ratio.value + max(ratio.error, _STEP))]
    doubt = (bias[1] - bias[0]) / max(ratio.error, _STEP) * ratio.error
    error = float(np.hypot(_error(pair, use, part, middle), doubt))
    at = pair.freq[use]
    return Gap(float(at[0]), float(at[-1]), mean1, mean2, mean1 - mean2 - bias[0], error)


def _of_unequal_noise(pair: _Pair, use: np.ndarray, weight: np.ndarray, ratio: float) -> float:
    """The gap of a model that follows neither noise, where the noise of half-map 2 is ``ratio`` times that of half-map 1."""
    fsc = np.clip(shells.fsc(pair.halves)[use], 0.0, 1.0)
    noise = 1 - fsc
    one, two = (1 / np.sqrt(fsc + noise * 2 * r / (1 + ratio) + 1e-12) for r in (1.0, ratio))
    return float(weight[use] @ (one - two))


def _error(pair: _Pair, use: np.ndarray, part: np.ndarray, middle: np.ndarray) -> float:
    """Standard error of the gap of a model that follows neither noise."""
    power = pair.power
    unit = float(np.sqrt(power[use].sum() / pair.halves.count[use].sum()))       # keeps single precision away from its ends
    model, mean = np.zeros(part.size), np.zeros(part.size)
    model[use] = unit * part[use] / np.sqrt(pair.with1.power2[use] * power[use])
    mean[use] = unit * part[use] * middle[use] / power[use]
    across = filters.apply_radial(pair.model, pair.geo, model)
    across -= filters.apply_radial(pair.mean, pair.geo, mean)                    # G, and its image in the mask
    place = fourier.inverse(across, pair.geo.shape)
    place *= pair.mask
    noise = fourier.inverse(filters.apply_radial(pair.difference, pair.geo, use.astype(np.float64), out=across), pair.geo.shape)
    here, whole = _strength(noise, place), _strength(noise, np.ones_like(place[:1]))
    del noise, across
    across = fourier.forward(place)
    across *= pair.difference
    variance = 0.5 * float(shells.cross_sums(across, across, pair.geo).power1.sum()) / unit ** 2
    return float(np.sqrt(variance * (here / whole if whole > 0 else 1.0)))


def _strength(noise: np.ndarray, weight: np.ndarray) -> float:
    """Mean square of noise, weighted by the square of a map, or of one section for all, float32 [z, y, x]; section by section."""
    total = parts = 0.0
    for values, section in zip(noise, weight if len(weight) > 1 else np.broadcast_to(weight, noise.shape)):
        squares = np.square(section, dtype=np.float64)
        total, parts = total + float(np.vdot(np.square(values, dtype=np.float64), squares)), parts + float(squares.sum())
    return total / parts if parts > 0 else 0.0
