"""Do maps that meet in a composite show the same there?"""
from __future__ import annotations

from typing import List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from ...core import fourier, local, local_gains
from .combine_maps_bands import Bands, MemberSignal, amplitude_of
from .combine_maps_inputs import Member
from .combine_maps_motion import motion

_SEEN = 0.3                           # signal-to-noise ratio down to which a band is asked
_WIDER = 1.5                          # window of the agreement over that of the bands
_INFORMATION = 40.0                   # coefficients of signal that a place must have: standard error of the agreement below 0.16
_DENSE = 0.2                          # information over that of the best places: beyond the molecule a window sees but its edge
_BOTH = 0.1                           # weight of each of two maps from which their seam is where both count
_EVEN = 30.0                          # largest local gain that makes a band even
LOST, SURE = 0.35, 5.0                # loss of correlation from which maps show different things, and standard errors beyond chance
MOVED, FARTHEST = 0.08, 0.75          # of the resolution: motion from which a part has moved, and the largest that can be measured


class Seam(NamedTuple):
    """Two maps ``first`` and ``second`` (places in the list of maps), and what they show in common.

    ``known`` bool [v]: where both show something; ``loss`` float32 [v]: 1 less the correlation of their signals; ``distance`` float32 [v]:
    how far the second lies from the first (Å), at most 0.75 of the resolution, 0 where that is not known; ``moved`` bool [v]: where they
    differ by more than noise;
    ``at_seam`` bool [v]: where both count; ``correlation`` and ``expected``: the mean local correlation, and what their noise allows."""

    first: int
    second: int
    known: np.ndarray
    loss: np.ndarray
    distance: np.ndarray
    moved: np.ndarray
    at_seam: np.ndarray
    correlation: float
    expected: float


def seam(members: Sequence[Member], signals: Sequence[MemberSignal], supports: Sequence[np.ndarray], shares: np.ndarray,
         pair: Tuple[int, int], bands: Bands, resolution: float) -> Optional[Seam]:
    """Agreement of two maps around each point, band by band, over what their noise allows.

    Parameters
    ----------
    members, signals, supports
        The maps, what is known of them, and where they may be used (float32 [v]).
    shares
        Mean weight of each map, float32 [maps, v].
    pair
        Which two.
    bands
        The bands.
    resolution
        Of the best map, in Å.

    Returns
    -------
    Seam or None
        None where they have no place in common in which both have signal. The agreement is ``sum n rho c / sum n rho^2`` over bands of
        ``n`` coefficients with the local correlation ``c``, where ``rho = sqrt(S1 S2 / P1 P2)`` is expected of their local powers of
        signal and of all: the correlation of what both show without noise. How far one lies from the other is that of :func:`.motion`.
    """
    i, j = pair
    a, b = signals[i], signals[j]
    both = (supports[i] > 0.5) & (supports[j] > 0.5)
    if not both.any():
        return None
    quality = np.minimum(*(np.maximum(s.raw[:, both], 0).mean(axis=1) / s.noise[:, both].mean(axis=1) for s in (a, b)))
    used = [k for k in range(bands.at.size) if quality[k] > _SEEN]
    if not used:
        return None
    agree, expect, info = (np.zeros(both.size, np.float32) for _ in range(3))
    transforms = [_transforms(members[m], bands) for m in pair]
    for k in used:
        power, cross, signal = _powers(transforms, (a, b), k, bands)
        correlation, rho = (np.clip(v / np.maximum(power, 1e-30), -1, 1) for v in (cross, signal))
        weight = np.where(both, bands.count[k] * rho, 0).astype(np.float32)
        agree += weight * correlation
        expect += weight * rho
        info += weight
    agree, expect, info = (local.widen(t.reshape(bands.grid.shape), bands.grid, _WIDER).ravel() for t in (agree, expect, info))
    if expect[both].max() < _INFORMATION:
        return None
    enough = both & (expect > max(_INFORMATION, _DENSE * float(np.percentile(expect[both], 95))))
    loss = np.where(enough, 1 - agree / np.maximum(expect, 1e-6), 0).astype(np.float32)
    error = 1 / np.sqrt(np.maximum(expect * _WIDER ** 3, 1e-6))
    found = motion(members[i], members[j], (a, b), enough, bands)
    distance = np.where(found.known, np.linalg.norm(np.nan_to_num(found.vector), axis=1), 0).astype(np.float32)
    # Past half of the finest wave that was asked the next one fits as well.
    np.minimum(distance, np.float32(FARTHEST * resolution), out=distance)
    moved = found.known & (distance > np.maximum(MOVED * resolution, SURE * found.error))
    moved |= enough & (loss > np.maximum(LOST, SURE * error))
    at_seam = enough & (np.minimum(shares[i], shares[j]) > _BOTH)
    return Seam(i, j, enough, loss, distance, moved, at_seam, *(float(t[enough].sum() / info[enough].sum()) for t in (agree, expect)))


def _transforms(member: Member, bands: Bands) -> List[Tuple[np.ndarray, np.ndarray]]:
    """Transforms of the half-maps, or of the map, each with what whitens it."""
    if not member.has_halves:
        ft = fourier.forward(member.measured("data"))
        return [(ft, amplitude_of(ft, bands.geo))]
    one, two = (fourier.forward(member.measured(n)) for n in ("half1", "half2"))
    white = amplitude_of(one + two, bands.geo) / 2
    return [(one, white), (two, white)]


def _powers(transforms: Sequence[List[Tuple[np.ndarray, np.ndarray]]], signals: Sequence[MemberSignal], k: int,
            bands: Bands) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Local power of two maps in one band, their product, and what it would be if both had one signal: float32 [v] each.

    Each map is made even first by its local amplitude: what is blurred here in one and there in the other is not what has moved. With
    half-maps the product is that of half-map 1 of one with half-map 2 of the other, whose noise is not of the same particles."""
    centre, width = bands.in_shells(k)
    shape = local.cropped_shape(bands.geo, centre + width, bands.grid.sigma)
    images = []
    for ffts, s in zip(transforms, signals):
        gain = 1 / np.sqrt(np.maximum(s.signal[k] + s.noise[k], 1e-30)).reshape(bands.grid.shape)
        gain = np.clip(gain / np.median(gain), 1 / _EVEN, _EVEN)
        even = local_gains.carry(gain, shape)
        images.append([local.band(ft, bands.geo, centre, width, white, shape) * even for ft, white in ffts])

    def product(p: np.ndarray, q: np.ndarray) -> np.ndarray:
        return local_gains.local_product(p, q, bands.grid).ravel()

    mean = [sum(i) / len(i) for i in images]
    powers = [product(m, m) for m in mean]
    own = [product(*i) if len(i) == 2 else p * (s.ratio[k] / (1 + s.ratio[k])) for i, p, s in zip(images, powers, signals)]
    both = all(len(i) == 2 for i in images)
    (one, *_), (other, *_) = images
    cross = (product(one, images[1][1]) + product(images[0][1], other)) / 2 if both else product(*mean)
    return np.sqrt(powers[0] * powers[1]), cross, np.sqrt(np.maximum(own[0], 0) * np.maximum(own[1], 0))
