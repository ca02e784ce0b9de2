"""Means of maps over spheres about the box centre."""
from __future__ import annotations

from typing import NamedTuple, Sequence

import numpy as np

from .threads import over_slabs


class RadialSums(NamedTuple):
    """Sums over shells of radius ``r`` (Å, the middle of each), one voxel thick, about voxel ``n // 2``; float64 [n_shells] each."""

    radius: np.ndarray
    count: np.ndarray
    first: np.ndarray
    second: np.ndarray
    squares: np.ndarray
    other_squares: np.ndarray
    products: np.ndarray

    @property
    def correlation(self) -> np.ndarray:
        """Correlation of the two maps in each shell, float64 [n_shells]; 0 where one does not vary."""
        n = np.maximum(self.count, 1)
        both = self.products / n - self.first * self.second / n ** 2
        one, two = self.squares / n - (self.first / n) ** 2, self.other_squares / n - (self.second / n) ** 2
        return np.where((one > 0) & (two > 0), both / np.sqrt(np.where((one > 0) & (two > 0), one * two, 1)), 0.0)


def radial_sums(a: np.ndarray, b: np.ndarray, voxel_size: Sequence[float]) -> RadialSums:
    """Sums of two maps, their squares and their product over shells about the box centre.

    Parameters
    ----------
    a, b
        Maps, float32 [z, y, x].
    voxel_size
        Edges of a voxel (x, y, z) in Å; the smallest is the thickness of a shell.

    Returns
    -------
    RadialSums
        Up to the nearest face of the box: shells beyond are not whole.
    """
    width = float(min(voxel_size))
    at = [(np.arange(n) - n // 2) * v for n, v in zip(a.shape, list(voxel_size)[::-1])]
    reach = min(float(min(-x[0], x[-1])) for x in at)
    n = max(int(reach / width + 0.5), 1)
    flat = at[1][:, None] ** 2 + at[2][None, :] ** 2

    def work(start: int, stop: int) -> np.ndarray:
        out = np.zeros((6, n))
        for z in range(start, stop):
            shell = np.rint(np.sqrt(flat + at[0][z] ** 2) / width).astype(np.int64)
            inside = shell < n
            which = shell[inside]
            one, two = a[z][inside].astype(np.float64), b[z][inside].astype(np.float64)
            for row, weight in zip(out, (None, one, two, one * one, two * two, one * two)):
                row += np.bincount(which, weight, minlength=n)
        return out

    count, *sums = np.sum(over_slabs(work, a.shape[0]), axis=0)
    return RadialSums(np.arange(n) * width, count, *sums)
