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
    """Soft sphere around the middle voxel of a window just large enough for it.

    Parameters
    ----------
    radius, edge
        Å: 1 up to ``radius`` and ``0.5 + 0.5 cos`` down to 0 at ``radius + edge``.
    voxel_size
        Edges of a voxel (x, y, z) in Å.

    Returns
    -------
    ndarray
        float32 [z, y, x], odd in each axis.
    """
    squares = []
    for axis, v in zip(range(3), tuple(voxel_size)[::-1]):
        # 1e-6: a voxel exactly at the end has the weight 0 and is left out.
        reach = int(np.floor((radius + edge) / v - 1e-6))
        shape = [-1 if i == axis else 1 for i in range(3)]
        squares.append(((np.arange(-reach, reach + 1) * v) ** 2).reshape(shape))
    return raised_cosine(np.sqrt(sum(squares)), radius, radius + edge).astype(np.float32)


def grid_points(shape: Sequence[int], steps: Sequence[int], margin: Sequence[float]) -> np.ndarray:
    """Voxels on a coarse grid inside an ellipsoid in the box.

    Parameters
    ----------
    shape
        Voxels of the map (nz, ny, nx).
    steps
        Every so many voxels along (z, y, x), from the first one on.
    margin
        How far (z, y, x) the ellipsoid stays within the box, in voxels.

    Returns
    -------
    ndarray
        (z, y, x), int64 [n, 3]. In a cube of N voxels these are the points nearer than ``N / 2 - margin`` to the voxel ``N // 2``, as in
        RELION.
    """
    along, parts = [], []
    for axis, (n, step, m) in enumerate(zip(shape, steps, margin)):
        at = np.arange(0, n, step)
        half = n / 2 - m
        part = ((at - n // 2) / half) ** 2 if half > 0 else np.full(at.size, np.inf)
        along.append(at)
        parts.append(part.reshape([-1 if i == axis else 1 for i in range(3)]))
    # An axis too short for its margin holds no point: its part is infinite.
    chosen = np.nonzero(sum(parts) < 1)
    return np.stack([a[c] for a, c in zip(along, chosen)], axis=1).astype(np.int64)


def place(centre: Sequence[int], window: Sequence[int], shape: Sequence[int]) -> Place:
    """Part of a map that a window around a voxel covers; what is outside is cut off.

    Parameters
    ----------
    centre
        The voxel (z, y, x).
    window
        Odd edges (z, y, x) in voxels.
    shape
        Voxels of the map (nz, ny, nx).

    Returns
    -------
    Place
        In the map, and in the window.
    """
    here: List[slice] = []
    there: List[slice] = []
    for c, w, n in zip(centre, window, shape):
        low, high = max(0, c - w // 2), min(n, c + w // 2 + 1)
        here.append(slice(low, high))
        there.append(slice(low - c + w // 2, high - c + w // 2))
    return Place((here[0], here[1], here[2]), (there[0], there[1], there[2]))


def box_around(inner: Slices, box: Sequence[int], shape: Sequence[int]) -> Tuple[Slices, Slices]:
    """A box that lies in the map and holds a part of it in its middle, as far as it can.

    Parameters
    ----------
    inner
        The part of the map.
    box, shape
        Voxels of the box and of the map (z, y, x).

    Returns
    -------
    outer
        The box, as slices of the map.
    within
        ``inner`` as slices of the box.
    """
    outer, within = [], []
    for part, m, n in zip(inner, box, shape):
        # moved inwards where it would stick out of the map
        start = min(max((part.start + part.stop - m) // 2, 0), n - m)
        outer.append(slice(start, start + m))
        within.append(slice(part.start - start, part.stop - start))
    return (outer[0], outer[1], outer[2]), (within[0], within[1], within[2])


def own_box(window: Sequence[int], shape: Sequence[int]) -> Tuple[int, int, int]:
    """Smallest box that holds a window and is quickly transformed, never larger than the map.

    Parameters
    ----------
    window, shape
        Voxels of the window and of the map (z, y, x).

    Returns
    -------
    tuple of int
        (z, y, x).
    """
    z, y, x = (min(scipy.fft.next_fast_len(w, real=True), n) for w, n in zip(window, shape))
    return z, y, x


def transform(part: np.ndarray, padded: Sequence[int]) -> np.ndarray:
    """Transform of a part of a map with zeros appended; zeros are not transformed in vain.

    Parameters
    ----------
    part
        float32 [z, y, x].
    padded
        Voxels (z, y, x) with the zeros.

    Returns
    -------
    ndarray
        complex64 [z, y, x // 2 + 1] of ``padded``.
    """
    workers = get_threads()
    out = scipy.fft.rfft(part, padded[2], axis=2, workers=workers)
    out = scipy.fft.fft(out, padded[1], axis=1, workers=workers)
    return scipy.fft.fft(out, padded[0], axis=0, workers=workers, overwrite_x=True)


class Blend:
    """Weighted mean of what was found in overlapping spheres.

    Parameters
    ----------
    shape
        Voxels of the map (nz, ny, nx).
    count
        Number of values that are found in each sphere; the sums of each are float32 [z, y, x].
    """

    def __init__(self, shape: Sequence[int], count: int) -> None:
        self.weight = np.zeros(tuple(shape), dtype=np.float32)
        self.sums = [np.zeros(tuple(shape), dtype=np.float32) for _ in range(count)]

    def add(self, where: Slices, weight: np.ndarray, values: Sequence[object]) -> None:
        """Add the values found in one sphere.

        Parameters
        ----------
        where
            Part of the map.
        weight
            float32 [z, y, x] of that part.
        values
            Numbers, or float32 arrays as large as ``weight``.
        """
        self.weight[where] += weight
        for total, value in zip(self.sums, values):
            total[where] += weight * (np.float32(value) if np.ndim(value) == 0 else value)

    def means(self) -> List[np.ndarray]:
        """The weighted means; the sums are overwritten.

        Returns
        -------
        list of ndarray
            float32 [z, y, x]; 0 where there was no sphere.
        """
        known = self.weight > 0
        for total in self.sums:
            np.divide(total, self.weight, out=total, where=known)
            total[~known] = 0
        return self.sums
