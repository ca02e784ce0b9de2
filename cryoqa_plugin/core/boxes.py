"""Boxes cut out of maps, put back, mirrored, and brought onto other grids that lie along the same axes."""
from __future__ import annotations

from typing import NamedTuple, Sequence, Tuple

import numpy as np

_PRIMES = (2, 3, 5, 7)                 # of edges that every library transforms fast
_WHOLE = 1e-4                          # voxels: a place nearer to one is that one
WAVES, LINEAR, NEAREST = "waves", "linear", "nearest"


class Places(NamedTuple):
    """Where the voxels of a new grid lie in an old one, along one axis: float64 [m], in voxels from the first."""

    at: np.ndarray
    step: float

    @property
    def whole(self) -> bool:
        """Every voxel of the new grid is one of the old."""
        return abs(self.step - 1) < _WHOLE / max(len(self.at), 1) and bool(np.abs(self.at - np.rint(self.at)).max(initial=0.0) < _WHOLE)


def friendly(n: int, larger: bool = True) -> int:
    """The nearest edge of a box that transforms fast.

    Parameters
    ----------
    n
        Voxels, 1 or more.
    larger
        The smallest such edge that is at least ``n``, else the largest that is at most ``n``.

    Returns
    -------
    int
        An even product of 2, 3, 5 and 7; 2 where there is no smaller one.
    """
    n = max(n, 2)
    n += (n % 2) * (1 if larger else -1)
    while not _smooth(n):
        n += 2 if larger else -2
    return n


def _smooth(n: int) -> bool:
    for prime in _PRIMES:
        while n % prime == 0:
            n //= prime
    return n == 1


def mirrored(data: np.ndarray) -> np.ndarray:
    """Mirror image along x about the middle voxel ``nx // 2`` of the box.

    Parameters
    ----------
    data
        Map, float32 [z, y, x].

    Returns
    -------
    ndarray
        float32 [z, y, x]. In an even box the first plane has no mirror image and stays where it is.
    """
    out = data[:, :, ::-1]
    # An even box has its middle at nx / 2, one voxel off the middle between its faces.
    return np.roll(out, 1, axis=2) if data.shape[2] % 2 == 0 else np.ascontiguousarray(out)


def mirror_places(places: Places, n: int) -> Places:
    """Places along x of a mirrored map of :func:`mirrored`, in the map that it is the image of.

    Parameters
    ----------
    places
        In the mirrored map.
    n
        Voxels of the map along x.

    Returns
    -------
    Places
        ``2 (n // 2) - x``; in an even box what belongs to its first plane, which is its own image, stays there.
    """
    at = 2 * (n // 2) - places.at
    return Places(np.where(np.abs(at - n) < _WHOLE, 0.0, at) if n % 2 == 0 else at, places.step)


def sampled(data: np.ndarray, places: Sequence[Places], fill: float, how: str = WAVES) -> Tuple[np.ndarray, int]:
    """A map on another grid along the same axes.

    Parameters
    ----------
    data
        Map, float32 [z, y, x].
    places
        Where the voxels of the new grid lie, along x, y and z.
    fill
        Value of voxels that lie beyond the map.
    how
        Between voxels: ``waves``, the sum of the waves that the map consists of, each axis by itself, without those that are finer than
        the new voxels can hold; ``linear``; or ``nearest``. Where all voxels are voxels of the old grid they are copied bit by bit.

    Returns
    -------
    map : ndarray
        float32 [len(z), len(y), len(x)], a new array.
    beyond : int
        Voxels that lie beyond the map.
    """
    shape = data.shape[::-1]
    there = [_within(p, n) for p, n in zip(places, shape)]
    parts = [(int(t.argmax()), int(len(t) - t[::-1].argmax())) if t.any() else (0, 0) for t in there]
    out = np.full(tuple(len(p.at) for p in places)[::-1], fill, dtype=np.float32)
    held = int(np.prod([b - a for a, b in parts], dtype=np.int64))
    if held:
        block = data
        for axis, (p, (a, b), n) in enumerate(zip(places, parts, shape)):
            block = _along(block, 2 - axis, Places(p.at[a:b], p.step), n, how)
        (x0, x1), (y0, y1), (z0, z1) = parts
        out[z0:z1, y0:y1, x0:x1] = block
    return out, int(out.size - held)


def _within(places: Places, n: int) -> np.ndarray:
    """Which places lie in the map: whole ones on its voxels, others also less than a voxel beyond them, bool [m]."""
    if places.whole:
        at = np.rint(places.at)
        return (at >= 0) & (at < n)
    return (places.at > -1) & (places.at < n)


def _along(data: np.ndarray, axis: int, places: Places, n: int, how: str) -> np.ndarray:
    """A map with one axis brought to new places."""
    if places.whole or how == NEAREST:
        index = np.clip(np.rint(places.at), 0, n - 1).astype(np.int64)
        steps = np.diff(index)
        if len(index) and (steps == 1).all():                # a view: nothing is copied yet
            return data[tuple(slice(index[0], index[-1] + 1) if a == axis else slice(None) for a in range(3))]
        return np.take(data, index, axis=axis)
    weights = wave_weights(places, n) if how == WAVES else linear_weights(places, n)
    if axis == 2:
        return data @ weights.T
    if axis == 1:
        return np.matmul(weights, data)
    flat = np.ascontiguousarray(data).reshape(n, -1)
    return (weights @ flat).reshape(len(weights), *data.shape[1:])


def wave_weights(places: Places, n: int) -> np.ndarray:
    """Weights of the voxels of a line in its values between them, as a sum of waves.

    Parameters
    ----------
    places
        Where the values are taken.
    n
        Voxels of the line.

    Returns
    -------
    ndarray
        float32 [m, n]: ``1 / n (1 + 2 sum_k w_k cos(2 pi k (x - i) / n))`` over the waves ``k`` from 1 to ``n / 2``, or to
        ``n / (2 step)`` where the new voxels are larger; ``w`` is 1, and 0.5 for a last wave on that limit itself. The result is that of a
        transform that is padded with zeros, or cropped.
    """
    limit = n / 2 / max(places.step, 1.0)
    last = int(np.floor(limit + 1e-6))
    phase = 2 * np.pi / n * (places.at[:, None] - np.arange(n)[None, :])
    half = np.sin(phase / 2)
    flat = np.abs(half) < 1e-12
    full = np.sin((last + 0.5) * phase) / np.where(flat, 1.0, half)          # 1 + 2 sum of cosines
    full[flat] = 2 * last + 1
    if abs(last - limit) < 1e-6:
        full -= np.cos(last * phase)
    return (full / n).astype(np.float32)


def linear_weights(places: Places, n: int) -> np.ndarray:
    """Weights of the voxels of a line in its values between them, linear, and of its last voxel beyond it.

    Parameters
    ----------
    places
        Where the values are taken.
    n
        Voxels of the line.

    Returns
    -------
    ndarray
        float32 [m, n].
    """
    at = np.clip(places.at, 0, n - 1)
    first = np.minimum(np.floor(at).astype(np.int64), max(n - 2, 0))
    out = np.zeros((len(at), n), dtype=np.float32)
    rows = np.arange(len(at))
    out[rows, first] = 1 - (at - first)
    out[rows, np.minimum(first + 1, n - 1)] += (at - first).astype(np.float32)
    return out


def face_fade(shape: Sequence[int], voxel_size: Sequence[float], width: float) -> np.ndarray:
    """Raised cosine that falls from 1 to 0 towards the faces of a box.

    Parameters
    ----------
    shape
        Voxels of the box (nz, ny, nx).
    voxel_size
        Edges of a voxel (x, y, z) in Å.
    width
        Å from a face over which it falls; a third of the shortest edge at most.

    Returns
    -------
    ndarray
        float32 [z, y, x], the product over the axes.
    """
    lines = []
    for n, size in zip(shape, list(voxel_size)[::-1]):
        reach = min(width, n * size / 3)
        from_face = (np.minimum(np.arange(n), np.arange(n)[::-1]) + 0.5) * size
        lines.append((0.5 - 0.5 * np.cos(np.pi * np.clip(from_face / max(reach, 1e-9), 0, 1))).astype(np.float32))
    return lines[0][:, None, None] * lines[1][None, :, None] * lines[2][None, None, :]
