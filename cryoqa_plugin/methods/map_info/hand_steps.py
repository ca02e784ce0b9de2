"""Steps of the hand: the map made ready, its helices, and what their windings come to."""
from __future__ import annotations

from typing import List, NamedTuple, Sequence, Tuple

import numpy as np
import scipy.fft
from scipy.special import betainc

from ...core import filters, fourier, helices, masks, shells, tophat

FINEST = 4.0                                     # Å; how a backbone winds is seen at 4 to 5.4 Å, finer detail only adds noise
COARSEST = 7.0                                   # Å; coarser than this nothing is left of the turns of a helix
_WHITE_FROM = 10.0                               # Å, finer than this all shells weigh alike
_RIDGE = 2.2                                     # Å, standard deviation of the Gaussian that turns helices into rods
_DENSEST = 0.10                                  # part of the mask, the densest, in which rods are looked for
_APART = 3.0                                     # Å, between places that are tried
_MOST, _VOLUME = (600, 2400), 1000.0             # places that are tried: one for so many Å³ of the mask, within these numbers
_VOXEL = (0.85, 1.15)                            # Å, voxels in this range are left as they are
_EDGE, _MARGIN = 5.0, 9.0                        # Å, soft edge round the mask, and what is cut out round it
_ALONG, _OFF, _NEAR = 9.0, 4.0, 6.0              # Å, what two pieces of helix must not share
_SAME = (0.85, 20.0, 3.5)                        # cosine of the angle, Å along and Å off the axis: pieces of one helix

SCORE = 0.5                                      # least score of a piece of helix; in noise up to 12 rods in a hundred have it
LEAST, SHARE = 6, 0.15                           # pieces of helix, and their part of the rods, below which nothing is said


class Ready(NamedTuple):
    """A map made ready: ``data`` float32 [z, y, x] whitened and low-passed, its ``voxel_size`` (x, y, z), ``inside`` bool [z, y, x].

    ``offset`` (x, y, z) in Å is the place of voxel [0, 0, 0] in the box turned round along the axes (x, y, z) of ``flips``.
    """

    data: np.ndarray
    voxel_size: Tuple[float, ...]
    inside: np.ndarray
    offset: np.ndarray
    flips: Tuple[bool, ...]


class Pieces(NamedTuple):
    """Pieces of rods that do not overlap, best first: ``places`` and directions ``along``, float64 [n, 3] (x, y, z), in Å from voxel
    [0, 0, 0] of the map; ``scores`` float64 [n, 2], right and left."""

    places: np.ndarray
    along: np.ndarray
    scores: np.ndarray


NO_PIECES = Pieces(np.zeros((0, 3)), np.zeros((0, 3)), np.zeros((0, 2)))


class Evidence(NamedTuple):
    """What pieces of helix say: ``z`` and part ``top`` that winds to the right among the best 50 (None when there are none),
    ``wrong`` the probability that the hand is wrong, ``pieces`` and ``share`` how many there are, also of the rods."""

    z: float
    top: float
    wrong: float
    pieces: int
    share: float


def canonical_flips(data: np.ndarray) -> Tuple[bool, ...]:
    """Along which axes a map is turned round, so that more density lies in the lower half of each.

    Turned round along these axes all mirror images of a map are the same array, so that the answer for one is exactly the opposite of that
    for another.

    Parameters
    ----------
    data
        Map, float32 [z, y, x].

    Returns
    -------
    tuple of bool
        For x, y, z: whether more density lies in the upper half of the axis.
    """
    out = []
    for axis in (2, 1, 0):
        profile = data.sum(axis=tuple(a for a in range(3) if a != axis), dtype=np.float64)
        half = profile.size // 2
        out.append(bool(profile[:half].sum() < profile[::-1][:half].sum()))
    return tuple(out)


def turned(data: np.ndarray, flips: Sequence[bool]) -> np.ndarray:
    """A map turned round along some axes.

    Parameters
    ----------
    data
        Map or mask [z, y, x].
    flips
        Which of the axes (x, y, z) to turn round.

    Returns
    -------
    ndarray
        Of the same type [z, y, x], contiguous.
    """
    return np.ascontiguousarray(data[tuple(slice(None, None, -1 if f else 1) for f in tuple(flips)[::-1])])


def make_ready(data: np.ndarray, inside: np.ndarray, voxel_size: Sequence[float], resolution: float, flips: Tuple[bool, ...]) -> Ready:
    """The box round a mask, whitened and low-passed, in voxels of about 1 Å.

    What lies outside fades over 5 Å; beyond 10 Å all shells get the same mean power.

    Parameters
    ----------
    data
        Map that was turned round by ``flips``, float32 [z, y, x].
    inside
        Where the mask is, bool [z, y, x], turned round too.
    voxel_size
        Edges of a voxel (x, y, z) in Å.
    resolution
        Resolution (Å) of the low-pass.
    flips
        Along which axes (x, y, z) the map was turned round.

    Returns
    -------
    Ready
        The map made ready, and where it lies.
    """
    box = _box(inside, voxel_size)
    inside = np.ascontiguousarray(inside[box])
    data = data[box] * masks.soft_edge(inside, _EDGE, voxel_size)
    geo = fourier.geometry(data.shape, voxel_size)
    shape = tuple(n if _VOXEL[0] <= v <= _VOXEL[1] else int(scipy.fft.next_fast_len(int(np.ceil(n * v)), real=True))
                  for n, v in zip(data.shape, list(voxel_size)[::-1]))
    ft = fourier.forward(data)
    white = tophat.resample(ft, geo, shape, _profile(ft, geo, resolution))
    if shape != data.shape:
        near = [np.minimum(np.round(np.arange(m) * n / m).astype(int), n - 1) for n, m in zip(data.shape, shape)]
        inside = inside[np.ix_(*near)]
    voxel = tuple(v * n / m for v, n, m in zip(voxel_size, data.shape[::-1], shape[::-1]))
    offset = np.array([b.start for b in box[::-1]]) * np.asarray(voxel_size, dtype=np.float64)
    return Ready(white, voxel, inside, offset, flips)


def _box(inside: np.ndarray, voxel_size: Sequence[float]) -> Tuple[slice, ...]:
    out = []
    for axis, v in enumerate(list(voxel_size)[::-1]):
        there = np.flatnonzero(inside.any(axis=tuple(a for a in range(3) if a != axis)))
        margin = int(np.ceil(_MARGIN / v))
        out.append(slice(max(0, int(there[0]) - margin), min(inside.shape[axis], int(there[-1]) + 1 + margin)))
    return tuple(out)


def _profile(ft: np.ndarray, geo: fourier.Geometry, resolution: float) -> np.ndarray:
    """Factors at the radii ``i / 16`` (shell units) up to the last shell: amplitudes made flat, and a Butterworth low-pass."""
    power, _, count = shells.power_sums(ft, geo)
    freq = fourier.frequencies(geo)
    amplitude = np.sqrt(power / np.maximum(count, 1))
    # Shells that a filter emptied would be blown up to rounding noise.
    amplitude = np.maximum(amplitude, 1e-6 * amplitude.max())
    gain = np.where(freq > 1 / _WHITE_FROM, np.interp(1 / _WHITE_FROM, freq, amplitude) / amplitude, 1.0)
    at = np.arange(16 * (geo.n_shells - 1) + 1) / 16
    # The 16th power is a Butterworth of order 8: steep, without the ringing of an edge.
    return np.interp(at, np.arange(geo.n_shells), gain) / np.sqrt(1 + (at / geo.length * resolution) ** 16)


def find_pieces(ready: Ready, shape: Sequence[int], voxel_size: Sequence[float]) -> Pieces:
    """Rods of a map, and how the density winds round each.

    Parameters
    ----------
    ready
        The map made ready.
    shape
        Voxels of the map (nz, ny, nx).
    voxel_size
        Edges of its voxels (x, y, z) in Å.

    Returns
    -------
    Pieces
        In the map as it was before it was turned round.
    """
    geo = fourier.geometry(ready.data.shape, ready.voxel_size)
    at = np.arange(0, geo.n_shells * 2, 0.25)
    ft = fourier.forward(ready.data)
    filters.apply_radial(ft, geo, np.exp(-2 * (np.pi * _RIDGE * at / geo.length) ** 2), at=at, out=ft)
    smooth = fourier.inverse(ft, ready.data.shape)
    dense = ready.inside & (smooth >= np.quantile(smooth[ready.inside], 1 - _DENSEST))
    volume = float(np.count_nonzero(ready.inside)) * float(np.prod(ready.voxel_size))
    most = int(np.clip(volume / _VOLUME, *_MOST))
    places, frames = helices.find_rods(smooth, dense, ready.voxel_size, _APART, most)
    places, frames, scores = helices.wind(ready.data, ready.voxel_size, places, frames)
    keep = helices.separate(places, frames[:, 2], scores.max(axis=1), _ALONG, _OFF, _NEAR)
    places, along, scores = places[keep] + ready.offset, frames[keep, 2], scores[keep]
    for axis, flip in enumerate(ready.flips):
        if flip:
            places[:, axis] = (shape[2 - axis] - 1) * voxel_size[axis] - places[:, axis]
            along[:, axis] = -along[:, axis]
    # An odd number of turned axes is a mirror image, in which right and left have changed places.
    return Pieces(places, along, scores[:, ::-1] if sum(ready.flips) % 2 else scores)


def weigh(scores: np.ndarray) -> Evidence:
    """What the scores of pieces say on the hand.

    Each piece of helix, one with a score of at least 0.5, votes with its difference ``D`` of right and left: ``z = sum D / sqrt(sum
    D^2)``. The votes count as ``n = (sum abs(D))^2 / sum D^2`` equal ones, the part ``f`` of them to the right. When any share of
    right-handed windings is held equally likely at first, the probability that it is below one half is the incomplete beta function
    ``I_0.5(n f + 1, n (1 - f) + 1)``. It becomes one less itself when right and left change places.

    Parameters
    ----------
    scores
        Scores (right, left) of the pieces, best first, float64 [n, 2].

    Returns
    -------
    Evidence
        Even odds when there are no pieces.
    """
    good = scores.max(axis=1) >= SCORE if len(scores) else np.zeros(0, dtype=bool)
    # Pieces that wind both ways alike abstain.
    d = scores[good, 0] - scores[good, 1]
    d = d[d != 0]
    right, left, square = float(d[d > 0].sum()), float(-d[d < 0].sum()), float((d ** 2).sum())
    share = float(good.mean()) if len(good) else 0.0
    if square == 0:
        return Evidence(0.0, 0.5, 0.5, int(good.sum()), share)
    votes = (right + left) ** 2 / square
    most = max(right, left) / (right + left)
    less = float(betainc(votes * most + 1, votes * (1 - most) + 1, 0.5))
    wrong = less if right >= left else 1 - less
    return Evidence((right - left) / np.sqrt(square), float((d[:50] > 0).mean()), wrong, int(good.sum()), share)


def whole_helices(pieces: Pieces) -> List[Tuple[float, ...]]:
    """Helices put together from their pieces.

    Parameters
    ----------
    pieces
        The pieces.

    Returns
    -------
    list of tuple of float
        Middle x, y, z (Å), direction x, y, z, length (Å), scores right and left; longest first.
    """
    good = pieces.scores.max(axis=1) >= SCORE if len(pieces.scores) else np.zeros(0, dtype=bool)
    places, along, scores = pieces.places[good], pieces.along[good], pieces.scores[good]
    free, out = np.ones(len(places), dtype=bool), []
    for first in range(len(places)):
        if not free[first]:
            continue
        members, edge = [], [first]
        free[first] = False
        while edge:
            i = edge.pop()
            members.append(i)
            step = places - places[i]
            t = step @ along[i]
            off = np.sqrt(np.maximum(np.sum(step ** 2, axis=1) - t ** 2, 0))
            near = free & (np.abs(along @ along[i]) >= _SAME[0]) & (np.abs(t) <= _SAME[1]) & (off <= _SAME[2])
            free &= ~near
            edge += list(np.flatnonzero(near))
        out.append(_helix(places[members], along[first], scores[members]))
    return sorted(out, key=lambda h: (-h[6], -max(h[7:])))


def _helix(places: np.ndarray, along: np.ndarray, scores: np.ndarray) -> Tuple[float, ...]:
    if len(places) > 1:
        ends = places[[np.argmin(places @ along), np.argmax(places @ along)]]
        along = (ends[1] - ends[0]) / np.linalg.norm(ends[1] - ends[0])
    along = along if along[np.argmax(np.abs(along))] > 0 else -along
    t = places @ along
    middle = places.mean(axis=0) + ((t.min() + t.max()) / 2 - t.mean()) * along
    return tuple(float(v) for v in (*middle, *along, t.max() - t.min() + helices.HALF_LENGTH, *scores.mean(axis=0)))
