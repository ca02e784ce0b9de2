"""Rods of a map, and whether the density around them winds as the backbone of a right- or a left-handed alpha helix.

Everything here is symmetric under mirroring: the mirror image of a map has the mirrored rods, and right and left change places.
"""
from __future__ import annotations

from typing import Sequence, Tuple

import numpy as np

from .jit import njit
from .threads import over_slabs

RADII = np.array([1.7, 2.7])                     # Å, of the cylinders on which density is sampled; the backbone is at 2.3
PITCHES = np.array([5.1, 5.4, 5.7])              # Å, of alpha helices
HALF_LENGTH, STEP = 8.1, 0.9                     # Å, half the length of a piece of helix, and between its rings
N_ANGLES = 12                                    # of a ring: 30 degrees, or 1.4 Å at the outer radius
SHIFTS = np.array([-1.0, -0.5, 0.0, 0.5, 1.0])   # Å, of the axis, tried in each pass
TILTS = np.tan(np.radians([-16.0, -8.0, 0.0, 8.0, 16.0]))     # of the axis, likewise


def find_rods(smooth: np.ndarray, inside: np.ndarray, voxel_size: Sequence[float], apart: float,
              most: int) -> Tuple[np.ndarray, np.ndarray]:
    """The most rod-like places of a smoothed map.

    Parameters
    ----------
    smooth
        Map, float32 [z, y, x].
    inside
        Where to look, bool [z, y, x].
    voxel_size
        Edges of a voxel (x, y, z) in Å.
    apart
        Å; places nearer than this to a better one are left out.
    most
        How many are kept.

    Returns
    -------
    places
        (x, y, z) in Å from voxel [0, 0, 0], float64 [n, 3], best first.
    frames
        float64 [n, 3, 3]: the rows are two directions across the rod and the one along it, a right-handed system.

    Notes
    -----
    With ``l1 <= l2 <= l3`` the eigenvalues of the matrix of second derivatives (1/Å²), a place where ``l1`` and ``l2`` are negative scores
    ``sqrt(l1 l2) - abs(l3)``.
    """
    at = np.argwhere(inside)
    # Voxels at the faces of the box have no second derivative.
    at = at[np.all((at > 0) & (at < np.array(smooth.shape) - 1), axis=1)]
    values, vectors = np.linalg.eigh(_second_derivatives(smooth, at, voxel_size))
    score = np.sqrt(np.clip(values[:, 0] * values[:, 1], 0, None)) - np.abs(values[:, 2])
    good = np.flatnonzero((values[:, 1] < 0) & (score > 0))
    order = good[np.argsort(-score[good], kind="stable")]
    place = at[order][:, ::-1] * np.asarray(voxel_size, dtype=np.float64)
    keep = spread(place, apart, most)
    along, across = vectors[order[keep], :, 2], vectors[order[keep], :, 0]
    return place[keep], np.stack([across, np.cross(along, across), along], axis=1)


def _second_derivatives(data: np.ndarray, at: np.ndarray, voxel_size: Sequence[float]) -> np.ndarray:
    """Matrices of second derivatives in the order x, y, z, float64 [n, 3, 3], by central differences at voxels ``at`` [n, 3] (z, y, x)."""
    step = np.eye(3, dtype=int)[::-1]                            # of x, y, z in the order z, y, x

    def value(offset: np.ndarray) -> np.ndarray:
        return data[tuple((at + offset).T)].astype(np.float64)

    out = np.empty((len(at), 3, 3))
    middle = value(np.zeros(3, dtype=int))
    for i in range(3):
        out[:, i, i] = (value(step[i]) - 2 * middle + value(-step[i])) / voxel_size[i] ** 2
        for j in range(i):
            both, across = step[i] + step[j], step[i] - step[j]
            mixed = (value(both) + value(-both)) - (value(across) + value(-across))
            out[:, i, j] = out[:, j, i] = mixed / (4 * voxel_size[i] * voxel_size[j])
    return out


def spread(place: np.ndarray, apart: float, most: int) -> np.ndarray:
    """Places that keep a distance from each other, in the order given.

    Parameters
    ----------
    place
        float64 [n, 3], best first.
    apart
        Least distance from all those taken before, in the unit of ``place``.
    most
        How many are taken at the most.

    Returns
    -------
    ndarray
        Indices into ``place``, int64 [m].
    """
    # Columns, and only what is left: sums over three neighbours in memory are slow.
    left, columns, taken = np.arange(len(place)), np.ascontiguousarray(place.T), []
    while left.size and len(taken) < most:
        taken.append(int(left[0]))
        x, y, z = columns - columns[:, :1]
        far = x * x + y * y + z * z >= apart ** 2
        far[0] = False
        left, columns = left[far], columns[:, far]
    return np.array(taken, dtype=np.int64)


def separate(place: np.ndarray, along: np.ndarray, score: np.ndarray, reach: float, off: float, near: float) -> np.ndarray:
    """Pieces of rods that do not share density, the highest score first.

    A piece goes when it lies within ``reach`` along and ``off`` across the axis of a better one that stays, or nearer to it than ``near``.

    Parameters
    ----------
    place, along
        Middle (Å) and unit vector of each piece, (x, y, z), float64 [n, 3].
    score
        float64 [n].
    reach, off, near
        Å.

    Returns
    -------
    ndarray
        Indices into ``place``, int64 [m].
    """
    order = np.argsort(-score, kind="stable")
    free = np.ones(len(order), dtype=bool)
    taken = []
    for i in order:
        if free[i]:
            taken.append(i)
            step = place - place[i]
            square = np.sum(step ** 2, axis=1)
            t = step @ along[i]
            free &= ((np.abs(t) >= reach) | (square - t ** 2 >= off ** 2)) & (square >= near ** 2)
    return np.array(taken, dtype=np.int64)


@njit
def _sample(data, voxel, x, y, z):
    nz, ny, nx = data.shape
    u, v, w = x / voxel[0], y / voxel[1], z / voxel[2]
    i, j, k = int(np.floor(u)), int(np.floor(v)), int(np.floor(w))
    if i < 0 or j < 0 or k < 0 or i + 1 >= nx or j + 1 >= ny or k + 1 >= nz:
        return 0.0
    u, v, w = u - i, v - j, w - k
    low = (1 - v) * ((1 - u) * data[k, j, i] + u * data[k, j, i + 1]) + v * ((1 - u) * data[k, j + 1, i] + u * data[k, j + 1, i + 1])
    high = ((1 - v) * ((1 - u) * data[k + 1, j, i] + u * data[k + 1, j, i + 1])
            + v * ((1 - u) * data[k + 1, j + 1, i] + u * data[k + 1, j + 1, i + 1]))
    return (1 - w) * low + w * high


@njit
def _winding(data, voxel, centre, frame, radii, pitches, rings, cosine, sine, window, held):
    """Parts of the variance on cylinders round an axis that wind to the right and to the left; ``held`` is scratch, [rings, 2]."""
    n_angles, n_rings = cosine.size, rings.size
    total, weights = 0.0, 0.0
    for k in range(n_rings):
        held[k, 0] = 0.0
        held[k, 1] = 0.0
        for r in range(radii.size):
            mean, square, c, s = 0.0, 0.0, 0.0, 0.0
            for a in range(n_angles):
                p, q = radii[r] * cosine[a], radii[r] * sine[a]
                value = _sample(data, voxel, centre[0] + rings[k] * frame[2, 0] + p * frame[0, 0] + q * frame[1, 0],
                                centre[1] + rings[k] * frame[2, 1] + p * frame[0, 1] + q * frame[1, 1],
                                centre[2] + rings[k] * frame[2, 2] + p * frame[0, 2] + q * frame[1, 2])
                mean += value
                square += value * value
                c += value * cosine[a]
                s += value * sine[a]
            # What is the same all around a ring says nothing of its hand.
            total += window[k] * (square - mean * mean / n_angles)
            held[k, 0] += c
            held[k, 1] += s
        weights += window[k]
    if total <= 0:
        return 0.0, 0.0
    right, left = 0.0, 0.0
    for i in range(pitches.size):
        rc, rs, lc, ls = 0.0, 0.0, 0.0, 0.0
        for k in range(n_rings):
            turn = 2 * np.pi * rings[k] / pitches[i]
            c, s = window[k] * np.cos(turn), window[k] * np.sin(turn)
            rc += held[k, 0] * c + held[k, 1] * s
            rs += held[k, 1] * c - held[k, 0] * s
            lc += held[k, 0] * c - held[k, 1] * s
            ls += held[k, 1] * c + held[k, 0] * s
        right = max(right, rc * rc + rs * rs)
        left = max(left, lc * lc + ls * ls)
    norm = 2.0 / (total * radii.size * n_angles * weights)
    return right * norm, left * norm


@njit
def _tilt(frame, p, q, out):
    """Write the frame whose axis leans by the tangents ``p`` and ``q`` towards the two directions across."""
    length, part = 0.0, 0.0
    for i in range(3):
        out[2, i] = frame[2, i] + p * frame[0, i] + q * frame[1, i]
        length += out[2, i] * out[2, i]
    length = np.sqrt(length)
    for i in range(3):
        out[2, i] /= length
        part += frame[0, i] * out[2, i]
    # across stays as near as it can to where it was, at a right angle to the new axis
    length = 0.0
    for i in range(3):
        out[0, i] = frame[0, i] - part * out[2, i]
        length += out[0, i] * out[0, i]
    length = np.sqrt(length)
    for i in range(3):
        out[0, i] /= length
    out[1, 0] = out[2, 1] * out[0, 2] - out[2, 2] * out[0, 1]
    out[1, 1] = out[2, 2] * out[0, 0] - out[2, 0] * out[0, 2]
    out[1, 2] = out[2, 0] * out[0, 1] - out[2, 1] * out[0, 0]


@njit
def _refine_kernel(data, voxel, start, stop, centres, frames, radii, pitches, rings, cosine, sine, window, shifts, tilts, passes, trial,
                   held, out):
    """Move, then tilt each axis to where it winds most; ``trial`` is scratch, [8, 3]: centre and frame, as begun and as tried."""
    centre, frame, moved, turned = trial[0], trial[1:4], trial[4], trial[5:8]
    best = -1.0
    for n in range(start, stop):
        for step in range(2 * passes):
            tilting = step % 2 == 1
            if not tilting:
                best = -1.0
            for i in range(3):
                centre[i] = moved[i] = centres[n, i]
                for j in range(3):
                    frame[j, i] = turned[j, i] = frames[n, j, i]
            # One loop for shifts and tilts, as many of these as of those: the windings are compiled into it once.
            for a in range(shifts.size):
                for b in range(shifts.size):
                    if tilting:
                        _tilt(frame, tilts[a], tilts[b], turned)
                    else:
                        for i in range(3):
                            moved[i] = centre[i] + shifts[a] * frame[0, i] + shifts[b] * frame[1, i]
                    right, left = _winding(data, voxel, moved, turned, radii, pitches, rings, cosine, sine, window, held)
                    if max(right, left) > best:
                        best = max(right, left)
                        out[n, 0], out[n, 1] = right, left
                        for i in range(3):
                            centres[n, i] = moved[i]
                            for j in range(3):
                                frames[n, j, i] = turned[j, i]


def wind(data: np.ndarray, voxel_size: Sequence[float], places: np.ndarray, frames: np.ndarray,
         passes: int = 2) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
    """How the density winds round each axis: to the right, to the left, and how clearly.

    The axis is moved and tilted to where the larger of the two scores is largest.

    Parameters
    ----------
    data
        Map, float32 [z, y, x].
    voxel_size
        Edges of a voxel (x, y, z) in Å.
    places, frames
        As :func:`find_rods` gives them: float64 [n, 3] (x, y, z) in Å from voxel [0, 0, 0], and float64 [n, 3, 3].
    passes
        How often each axis is moved and tilted.

    Returns
    -------
    places, frames
        The refined ones.
    scores
        float64 [n, 2] (right, left), each 0 to 1.

    Notes
    -----
    Density ``f`` is sampled on cylinders of two radii round the axis, ``t`` along it and ``phi`` about it, and the mean of each ring taken
    off; a score is the part of its variance in ``exp(i (phi -+ 2 pi t / P))``, under a Hann window in ``t``, for the best pitch ``P`` of
    alpha helices.
    """
    # The kernel refines them in place; the caller keeps its own.
    places, frames = places.copy(), frames.copy()
    scores = np.zeros((len(places), 2))
    n = int(np.floor(HALF_LENGTH / STEP))
    rings = np.arange(-n, n + 1) * STEP
    window = 0.5 + 0.5 * np.cos(np.pi * rings / HALF_LENGTH)
    phi = 2 * np.pi * np.arange(N_ANGLES) / N_ANGLES
    voxel = np.asarray(voxel_size, dtype=np.float64)

    def work(start: int, stop: int) -> None:
        _refine_kernel(data, voxel, start, stop, places, frames, RADII, PITCHES, rings, np.cos(phi), np.sin(phi), window, SHIFTS, TILTS,
                       passes, np.empty((8, 3)), np.empty((rings.size, 2)), scores)

    over_slabs(work, len(places))
    return places, frames, scores
