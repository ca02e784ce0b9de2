"""Maps brought onto one scale, and their bands put together with the weights."""
from __future__ import annotations

from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from ...core import fourier, local_gains
from ...errors import InputError
from .combine_maps_bands import Bands, MemberSignal, amplitude_of
from .combine_maps_inputs import Member

_SEEN = 0.3                           # signal-to-noise ratio from which a place tells of the scale
_FEWEST = 12                          # points that two maps must share
_RANGE = 1e3                          # largest ratio of amplitudes that is undone


class Scales(NamedTuple):
    """``factor`` float64 [maps, n] brings each band of each map, its shells made even, onto the scale of map ``reference``."""

    factor: np.ndarray
    reference: int


def reference_of(members: Sequence[Member]) -> int:
    """The map whose amplitudes the composite takes over.

    Parameters
    ----------
    members
        The maps.

    Returns
    -------
    int
        The one of the finest resolution, the first of equals.
    """
    return int(np.argmin([m.resolution for m in members]))


def scales(members: Sequence[Member], signals: Sequence[MemberSignal], supports: Sequence[np.ndarray], bands: Bands,
           by_noise: bool) -> Scales:
    """What brings the maps onto one scale.

    Parameters
    ----------
    members, signals, supports
        The maps, what is known of them, and where they may be used (float32 [v]).
    bands
        The bands.
    by_noise
        The shape of the spectra is matched by the noise of the half-maps, which filters change and blur does not: else by the signal.

    Returns
    -------
    Scales
        Each map is matched to one that is matched already, with which it shares most.

    Raises
    ------
    InputError
        A map has no signal in common with any other.
    """
    n_maps, n = len(members), bands.at.size
    first = reference_of(members)
    out = np.ones((n_maps, n))
    common = _in_common(signals, supports)
    done, left = [first], [m for m in range(n_maps) if m != first]
    while left:
        new, known = max(((i, j) for i in left for j in done), key=lambda pair: common[pair].sum())
        if common[new, known].sum() < _FEWEST:
            raise InputError(f"The {members[new].label} ({members[new].file}) has no signal in a place where one of the others has any, so "
                             "that they cannot be brought onto one scale; give the consensus with its half-maps, or maps that overlap.")
        out[new] = out[known] * _match(signals[new], signals[known], common[new, known], bands, by_noise)
        left.remove(new)
        done.append(new)
    return Scales(out, first)


def _in_common(signals: Sequence[MemberSignal], supports: Sequence[np.ndarray]) -> Dict[Tuple[int, int], np.ndarray]:
    """Points where both maps of a pair have signal in their coarse bands, bool [v]."""
    seen = [(s.ratio[1:4].mean(axis=0) > _SEEN) & (support > 0.5) for s, support in zip(signals, supports)]
    return {(i, j): a & b for i, a in enumerate(seen) for j, b in enumerate(seen) if i != j}


def _match(new: MemberSignal, known: MemberSignal, where: np.ndarray, bands: Bands, by_noise: bool) -> np.ndarray:
    """Factor of each band of a map, by the place that both show; float64 [n]."""
    one, other = (s.raw[:, where].mean(axis=1, dtype=np.float64) for s in (new, known))
    quality = np.minimum(*(np.maximum(r, 0) / np.maximum(s.noise[:, where].mean(axis=1, dtype=np.float64), 1e-30)
                           for r, s in ((one, new), (other, known))))
    good = quality > _SEEN
    good[np.argmin(good):] &= np.argmin(good) == 0            # up to the first band that one of both has lost
    if np.count_nonzero(good) < 3:
        good = np.arange(good.size) < 3
    noise = np.sqrt(known.level / np.maximum(new.level, 1e-30)) if by_noise else np.ones(good.size)
    ratio = np.log(np.maximum(other, 1e-30) / np.maximum(one, 1e-30)) / 2 - np.log(noise)
    square = bands.at ** 2
    slope, start = np.polyfit(square[good], ratio[good], 1, w=np.sqrt(bands.count[good]))
    factor = noise * np.exp(start) if by_noise else np.exp(start + slope * np.minimum(square, square[good].max()))
    return np.clip(factor, 1 / _RANGE, _RANGE)


def compose(members: Sequence[Member], which: str, bands: Bands, shares: np.ndarray, gains: np.ndarray, reference: int) -> np.ndarray:
    """The bands of the maps times their weights and gains, added up.

    Parameters
    ----------
    members
        The maps.
    which
        ``data``, ``half1`` or ``half2``.
    bands
        The bands.
    shares, gains
        float32 [maps, n, mz, my, mx].
    reference
        The map whose amplitudes are taken over.

    Returns
    -------
    ndarray
        float32 [z, y, x].
    """
    geo = bands.geo
    width = bands.width * geo.length
    centres = np.arange(bands.at.size + 1) * width
    shapes: List[Tuple[int, int, int]] = list(local_gains.band_shapes(geo, centres[:-1] + width, bands.grid.sigma)) + [geo.shape]
    corner = int(np.ceil(np.sqrt(sum(((m // 2) * s) ** 2 for m, s in zip(geo.shape, geo.steps))) + 2)) * local_gains.FINE
    parts: Dict[Tuple[int, int, int], np.ndarray] = {}
    own = _amplitude(members[reference], which, geo, corner)
    for m, member in enumerate(members):
        ft = fourier.forward(getattr(member, which))
        mine = _amplitude(member, which, geo, corner)
        if which == "data":
            member.coarse = float(mine[int(width * local_gains.FINE)])
        white = np.divide(own, mine, out=np.zeros_like(own), where=mine > 0)
        for i, (centre, shape) in enumerate(zip(centres, shapes)):
            profile = local_gains.hann_band(centre, width, corner) * white
            if i == centres.size - 1:                         # all that is finer belongs to the last band
                profile[int(centre * local_gains.FINE):] = white[int(centre * local_gains.FINE):]
            image = local_gains.band_image(ft, geo, profile, shape)
            if shape not in parts:
                parts[shape] = np.zeros(shape, dtype=np.float32)
            at = max(i - 1, 0)
            local_gains.add_scaled(parts[shape], image, shares[m, at] * gains[m, at])
        del ft
    return local_gains.join(parts, geo)


def _amplitude(member: Member, which: str, geo: fourier.Geometry, n: int) -> np.ndarray:
    """Amplitude of the shells of a map, of half-maps that of their mean, at the radii ``i / 8`` (shell units), float64 [n].

    In the part that may be used, so that what is elsewhere does not matter."""
    data = member.measured("data") if which == "data" else (member.measured("half1") + member.measured("half2")) * np.float32(0.5)
    found = amplitude_of(fourier.forward(data), geo)
    if found.size > 1:
        found[0] = found[1]
    return np.interp(np.arange(n) / local_gains.FINE, np.arange(found.size), found)


def available(members: Sequence[Member], shares: np.ndarray, bands: Bands) -> Optional[np.ndarray]:
    """What part of the composite was there, where maps were cut off by masks or boxes before: the sum of weights times what is left.

    Parameters
    ----------
    members
        The maps.
    shares
        Mean weight of each map, float32 [maps, mz, my, mx].
    bands
        The bands.

    Returns
    -------
    ndarray or None
        float32 [z, y, x], at least 0.05; None where no map was cut.
    """
    if all(m.cut is None for m in members):
        return None
    out = np.zeros(bands.geo.shape, np.float32)
    for member, share in zip(members, shares):
        carried = local_gains.carry(share, bands.geo.shape)
        out += carried if member.cut is None else carried * member.cut
    return np.maximum(out, np.float32(0.05), out=out)
