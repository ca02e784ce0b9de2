"""Soft spheres around the points of a grid: cutting them out of maps, their transforms, and blending what was found in each."""
from __future__ import annotations

from typing import List, NamedTuple, Sequence, Tuple

import numpy as np
import scipy.fft

from .filters import raised_cosine
from .threads import get_threads

Slices = Tuple[slice, slice, slice]


class Place(NamedTuple):
    """Where a sphere lies: its part of the map, and the part of the window that falls there; slices (z, y, x)."""

    map: Slices
    window: Slices


def soft_sphere(radius: float, edge: float, voxel_size: Sequence[float]) -> np.ndarray:
    """1 up to ``radius`` and ``0.5 + 0.5 cos`` down to 0 at ``radius + edge`` (Å) from the middle voxel, float32, odd in each axis."""
    squares = []
    for axis, v in zip(range(3), tuple(voxel_size)[::-1]):
        reach = int(np.floor((radius + edge) / v - 1e-6))
        shape = [-1 if i == axis else 1 for i in range(3)]
        squares.append(((np.arange(-reach, reach + 1) * v) ** 2).reshape(shape))
    return raised_cosine(np.sqrt(sum(squares)), radius, radius + edge).astype(np.float32)


def grid_points(shape: Sequence[int], steps: Sequence[int], margin: Sequence[float]) -> np.ndarray:
    """Voxels (z, y, x), int64 [n, 3], every ``steps`` from the first, inside the ellipsoid ``margin`` voxels within the box.

    In a cube of N voxels these are the points nearer than ``N / 2 - margin`` to the voxel ``N // 2``, as in RELION.
    """
    along, parts = [], []
    for axis, (n, step, m) in enumerate(zip(shape, steps, margin)):
        at = np.arange(0, n, step)
        half = n / 2 - m
        part = ((at - n // 2) / half) ** 2 if half > 0 else np.full(at.size, np.inf)
        along.append(at)
        parts.append(part.reshape([-1 if i == axis else 1 for i in range(3)]))
    chosen = np.nonzero(sum(parts) < 1)
    return np.stack([a[c] for a, c in zip(along, chosen)], axis=1).astype(np.int64)


def place(centre: Sequence[int], window: Sequence[int], shape: Sequence[int]) -> Place:
    """Part of a map of ``shape`` that a window of odd edges ``window`` around the voxel ``centre`` covers; what is outside is cut off."""
    here: List[slice] = []
    there: List[slice] = []
    for c, w, n in zip(centre, window, shape):
        low, high = max(0, c - w // 2), min(n, c + w // 2 + 1)
        here.append(slice(low, high))
        there.append(slice(low - c + w // 2, high - c + w // 2))
    return Place((here[0], here[1], here[2]), (there[0], there[1], there[2]))


def box_around(inner: Slices, box: Sequence[int], shape: Sequence[int]) -> Tuple[Slices, Slices]:
    """A box of ``box`` voxels that lies in the map and holds the part ``inner`` in its middle as far as it can; and ``inner`` within it."""
    outer, within = [], []
    for part, m, n in zip(inner, box, shape):
        start = min(max((part.start + part.stop - m) // 2, 0), n - m)
        outer.append(slice(start, start + m))
        within.append(slice(part.start - start, part.stop - start))
    return (outer[0], outer[1], outer[2]), (within[0], within[1], within[2])


def own_box(window: Sequence[int], shape: Sequence[int]) -> Tuple[int, int, int]:
    """Smallest box (z, y, x) that holds a window and is quickly transformed, never larger than the map."""
    z, y, x = (min(scipy.fft.next_fast_len(w, real=True), n) for w, n in zip(window, shape))
    return z, y, x


def transform(part: np.ndarray, padded: Sequence[int]) -> np.ndarray:
    """Transform of ``part``, float32 [z, y, x], with zeros appended to ``padded``, complex64; zeros are not transformed in vain."""
    workers = get_threads()
    out = scipy.fft.rfft(part, padded[2], axis=2, workers=workers)
    out = scipy.fft.fft(out, padded[1], axis=1, workers=workers)
    return scipy.fft.fft(out, padded[0], axis=0, workers=workers, overwrite_x=True)


class Blend:
    """Weighted mean of what was found in overlapping spheres; sums float32 [z, y, x] for each of ``count`` values."""

    def __init__(self, shape: Sequence[int], count: int) -> None:
        self.weight = np.zeros(tuple(shape), dtype=np.float32)
        self.sums = [np.zeros(tuple(shape), dtype=np.float32) for _ in range(count)]

    def add(self, where: Slices, weight: np.ndarray, values: Sequence[object]) -> None:
        """Add values, numbers or float32 arrays as large as ``weight``, in the part ``where`` of the map."""
        self.weight[where] += weight
        for total, value in zip(self.sums, values):
            total[where] += weight * (np.float32(value) if np.ndim(value) == 0 else value)

    def means(self) -> List[np.ndarray]:
        """The weighted means, float32 [z, y, x], 0 where there was no sphere; the sums are overwritten."""
        known = self.weight > 0
        for total in self.sums:
            np.divide(total, self.weight, out=total, where=known)
            total[~known] = 0
        return self.sums
