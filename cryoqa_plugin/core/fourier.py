"""Fourier transforms of maps, and the geometry of their shells."""
from __future__ import annotations

from typing import NamedTuple, Sequence, Tuple

import numpy as np
import scipy.fft

from .threads import get_threads


class Geometry(NamedTuple):
    """How the coefficients of a box fall into spherical shells.

    ``shape`` (nz, ny, nx) of the map; ``steps`` (sz, sy, sx), shell units per Fourier index of each axis; ``n_shells``
    the number of shells that lie wholly inside the transform; ``length`` the longest box edge, in the unit of the
    voxel size, so that shell ``i`` has the frequency ``i / length``.
    """

    shape: Tuple[int, int, int]
    steps: Tuple[float, float, float]
    n_shells: int
    length: float


def geometry(shape: Sequence[int], voxel_size: Sequence[float] = (1.0, 1.0, 1.0)) -> Geometry:
    """Shell geometry of a map of ``shape`` (nz, ny, nx) with voxels of ``voxel_size`` (x, y, z).

    The shell of a coefficient is the integer nearest to ``r = sqrt((kz sz)^2 + (ky sy)^2 + (kx sx)^2)``; the step of
    an axis is the longest edge over the edge of that axis, so that all steps are 1 in a cubic box.
    """
    edges = [n * v for n, v in zip(shape, reversed(list(voxel_size)))]
    length = max(edges)
    steps = tuple(length / e for e in edges)
    reach = min((n // 2) * s for n, s in zip(shape, steps))
    return Geometry(tuple(int(n) for n in shape), steps, int(np.floor(reach + 1e-6)) + 1, float(length))


def frequencies(geo: Geometry) -> np.ndarray:
    """Frequency of each shell, float64 [n_shells], in reciprocal units of the voxel size."""
    return np.arange(geo.n_shells) / geo.length


def forward(data: np.ndarray) -> np.ndarray:
    """Transform of a map, float32 [z, y, x] -> complex64 [nz, ny, nx // 2 + 1], not normalised."""
    return scipy.fft.rfftn(np.asarray(data, dtype=np.float32), workers=get_threads())


def inverse(ft: np.ndarray, shape: Sequence[int]) -> np.ndarray:
    """Map of ``shape`` (nz, ny, nx), float32, from its transform; the inverse of :func:`forward`."""
    return scipy.fft.irfftn(ft, s=tuple(shape), workers=get_threads())
