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
from .solvent import without_level

COARSEST = 10.0                       # Å, where the mean FSC begins: coarser shells are those of the solvent, which models lack
_FROM = 1.5                           # times the resolution, where it begins in maps of low resolution
_FURTHER = 1.5                        # times the frequency of the resolution, up to which it is looked beyond that
_LEAST_SHELLS = 3                     # of a mean
_RATIO_SHELLS = 6                     # that tell how the noise of one half-map is to that of the other
_SURE = 1 - 1e-3                      # FSC of a shell that would have all the weight
_VARIES = 0.01                        # of the scale, from which half-map 2 is filtered to that of half-map 1
_FALLS = 16.0                         # of chi squared, for which half-maps may fall off differently
_BEFORE = 0.95                        # of the edge of a low-pass: beyond, its edge is in the shells
_STEP = 1e-4                          # of a derivative


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

    ``scale`` float64 [n_shells] is the amplitude of the signal in half-map 2 over that in half-map 1.
    """

    value: float
    error: float
    scale: np.ndarray


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


def compare_with_halves(near: Sequence[np.ndarray], whole: Tuple[np.ndarray, np.ndarray], ratio: NoiseRatio, mask: np.ndarray,
                        geo: Geometry, nyquist: float, end: Optional[float] = None, order: int = 1) -> ModelHalves:
    """A model against two half-maps.

    Parameters
    ----------
    near
        Transforms of the two half-maps, on the scale of the first (:func:`even`), of the map and of the model in the mask, complex64
        [nz, ny, nx // 2 + 1]; the first is changed.
    whole
        Transforms of the two half-maps as they are.
    ratio
        How the noise of half-map 2 is to that of half-map 1.
    mask
        The mask around the model, float32 [z, y, x].
    geo, nyquist
        Shells of the box; Nyquist in Å.
    end
        Edge (1/Å) of a low-pass of the half-maps, None for none.
    order
        Coefficients that hold one measurement, under an imposed symmetry.

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
    sums of the half-maps: :func:`noise_ratio`.
    """
    one, two, full, model = near
    freq = fourier.frequencies(geo)
    halves = shells.cross_sums(one, two, geo)
    usable = with_data(halves, freq, nyquist, end)
    curve = np.nan_to_num(shells.fsc(halves))
    resolution = overall(curve, freq, end)
    falls = [_fall(half, model, geo, nyquist) for half in (one, two)]
    with1, with2, with_map = (shells.cross_sums(ft, model, geo) for ft in (one, two, full))
    one += two
    one *= np.float32(0.5)                                   # the mean
    difference = filters.apply_radial(whole[1], geo, -1 / ratio.scale)
    difference += whole[0]
    difference[0, 0, 0] = 0                                  # levels of the maps are no noise
    pair = _Pair(geo, freq, mask, model, one, difference, with1, with2, halves, np.sqrt(halves.power1 * halves.power2))
    at = 1 / resolution
    inside = _gap(pair, usable, (1 / max(COARSEST, _FROM * resolution), at), ratio, order)
    beyond = _gap(pair, usable, (at, _FURTHER * at), ratio, order)
    curves = (np.nan_to_num(shells.fsc(s)) for s in (with1, with2, with_map))
    return ModelHalves(freq, *curves, curve, falls[0], falls[1], resolution, ratio.value, inside, beyond)


def with_data(halves: CrossSums, freq: np.ndarray, nyquist: float, end: Optional[float]) -> np.ndarray:
    """Which shells of two half-maps hold data.

    Parameters
    ----------
    halves, freq
        Their cross sums; frequencies of the shells in 1/Å.
    nyquist, end
        Nyquist in Å; edge (1/Å) of a low-pass, None for none.

    Returns
    -------
    ndarray
        bool [n_shells].
    """
    last = 1 / nyquist if end is None else min(_BEFORE * end, 1 / nyquist)
    return (freq > 0) & (freq <= last * (1 + 1e-9)) & (halves.power1 > 0) & (halves.power2 > 0)


def even(near_ft: np.ndarray, whole_ft: np.ndarray, mask: np.ndarray, ratio: NoiseRatio, geo: Geometry) -> np.ndarray:
    """Half-map 2 in the mask on the scale of half-map 1.

    Parameters
    ----------
    near_ft, whole_ft
        Its transforms in the mask and without one, complex64 [nz, ny, nx // 2 + 1].
    mask, ratio, geo
        The mask; the scale; shells of the box.

    Returns
    -------
    ndarray
        complex64 like them. A map that falls off differently is filtered before the mask is laid on it: after it the mask would have
        mixed its shells.
    """
    if np.ptp(ratio.scale) <= _VARIES * ratio.scale.mean():
        return near_ft * np.float32(1 / ratio.scale[0])
    data = fourier.inverse(filters.apply_radial(whole_ft, geo, 1 / ratio.scale), geo.shape)
    data = without_level(data, mask)
    data *= mask
    return fourier.forward(data)


def _fall(half_ft: np.ndarray, model_ft: np.ndarray, geo: Geometry, nyquist: float) -> Optional[float]:
    found = spectra.last_fall(*spectra.smooth_curve(spectra.spectra(half_ft, model_ft, geo)), 0.5, nyquist)
    return found if found == found else None


def noise_ratio(halves: CrossSums, square: np.ndarray, use: np.ndarray) -> NoiseRatio:
    """How the noise of half-map 2 is to that of half-map 1.

    Parameters
    ----------
    halves
        Cross sums of the half-maps in shells.
    square
        Squared frequency of the shells in 1/Å², float64 [n_shells].
    use
        Which shells hold data, bool [n_shells].

    Returns
    -------
    NoiseRatio
        A ratio of 1 with an error of 0 where fewer than six shells hold data.

    Notes
    -----
    ``ln P_2`` is fitted by a ratio and a scale, which may fall off as ``exp(-k s^2)`` where that fits better by four standard errors.
    """
    if np.count_nonzero(use) < _RATIO_SHELLS:
        power = (float(p[use].sum()) for p in (halves.power2, halves.power1))
        return NoiseRatio(1.0, 0.0, np.full(use.size, np.sqrt(next(power) / max(next(power), 1e-300)) if use.any() else 1.0))
    p1, p2, cross, at = halves.power1[use], halves.power2[use], halves.cross[use], square[use] / square[use].max()
    fsc = cross / np.sqrt(p1 * p2)
    weight = np.sqrt(halves.count[use] / (2 * (1 - np.minimum(fsc ** 2, _SURE))))
    ratio = p2 / p1

    def scale(p: np.ndarray, where: np.ndarray) -> np.ndarray:
        return np.exp(np.clip(p[0] + (p[2] if p.size > 2 else 0.0) * where, -50, 50))

    def residual(p: np.ndarray) -> np.ndarray:
        r, c = np.exp(np.clip(p[1], -5, 5)), scale(p, at)
        expected = c * c * r + c * (1 - r) * cross / p1
        return weight * np.log(np.maximum(expected, 1e-12) / ratio)

    from scipy.optimize import least_squares                 # costs 30 ms to import: not before it is needed
    level = 0.5 * float(np.log(np.average(ratio, weights=p1)))
    plain = least_squares(residual, np.array([level, 0.0]))
    fallen = least_squares(residual, np.array([*plain.x, 0.0]))
    spread = 2 * fallen.cost / max(ratio.size - 3, 1)
    found = fallen if 2 * (plain.cost - fallen.cost) > _FALLS * spread else plain
    covariance = np.linalg.pinv(found.jac.T @ found.jac) * 2 * found.cost / max(ratio.size - found.x.size, 1)
    value = float(np.exp(np.clip(found.x[1], -5, 5)))
    return NoiseRatio(value, value * float(np.sqrt(max(covariance[1, 1], 0.0))), scale(found.x, square / square[use].max()))


def _gap(pair: _Pair, usable: np.ndarray, limits: Tuple[float, float], ratio: NoiseRatio, order: int) -> Optional[Gap]:
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
    error = float(np.hypot(_error(pair, use, part, middle) * order ** 0.5, doubt))
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
