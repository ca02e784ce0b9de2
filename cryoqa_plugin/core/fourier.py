"""Fourier transforms of maps, and the geometry of their shells."""
from __future__ import annotations

from typing import NamedTuple, Sequence, Tuple

import numpy as np
import scipy.fft

from .threads import get_threads

_LEAST_PER_THREAD = 1 << 17            # voxels of a transform that are worth a thread: 48^3 takes 1.5 times the CPU time on two


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
    """How the coefficients of a map fall into spherical shells.

    The shell of a coefficient is the integer nearest to ``r = sqrt((kz sz)^2 + (ky sy)^2 + (kx sx)^2)``; the step of an axis is the
    longest edge over the edge of that axis, so that all steps are 1 in a cubic box.

    Parameters
    ----------
    shape
        Voxels of the map (nz, ny, nx).
    voxel_size
        Edges of a voxel (x, y, z). Their unit is that of ``length``, so that frequencies are in its reciprocal.

    Returns
    -------
    Geometry
        The shells that lie wholly inside the transform.
    """
    edges = [n * v for n, v in zip(shape, reversed(list(voxel_size)))]
    length = max(edges)
    steps = tuple(length / e for e in edges)
    # A sphere may not leave the transform of the axis that ends first; 1e-6 keeps a whole number whole.
    reach = min((n // 2) * s for n, s in zip(shape, steps))
    return Geometry(tuple(int(n) for n in shape), steps, int(np.floor(reach + 1e-6)) + 1, float(length))


def frequencies(geo: Geometry) -> np.ndarray:
    """Frequency of each shell.

    Parameters
    ----------
    geo
        Shells of the box.

    Returns
    -------
    ndarray
        float64 [n_shells], in reciprocal units of the voxel size.
    """
    return np.arange(geo.n_shells) / geo.length


def shells_to(geo: Geometry, finest: float) -> np.ndarray:
    """Shells up to a resolution, the one that lies on it included.

    Parameters
    ----------
    geo
        Shells of the box.
    finest
        The resolution, in units of the voxel size.

    Returns
    -------
    ndarray
        bool [n_shells].
    """
    return frequencies(geo) <= 1 / finest * (1 + 1e-9)


def forward(data: np.ndarray) -> np.ndarray:
    """Fourier transform of a map, not normalised.

    Parameters
    ----------
    data
        Map [z, y, x]; made float32 when it is not.

    Returns
    -------
    ndarray
        complex64 [nz, ny, nx // 2 + 1]. Of each Friedel pair the coefficient with kx >= 0 is stored.
    """
    # scipy.fft keeps float32; numpy.fft does so from numpy 2 on only.
    return scipy.fft.rfftn(np.asarray(data, dtype=np.float32), workers=workers(np.size(data)))


def inverse(ft: np.ndarray, shape: Sequence[int]) -> np.ndarray:
    """Map of a transform; the inverse of :func:`forward`.

    Parameters
    ----------
    ft
        Transform, complex64 [nz, ny, nx // 2 + 1].
    shape
        Voxels of the map (nz, ny, nx); the transform alone does not tell whether nx is even or odd.

    Returns
    -------
    ndarray
        float32 [nz, ny, nx].
    """
    return scipy.fft.irfftn(ft, s=tuple(shape), workers=workers(int(np.prod(shape, dtype=np.int64))))


def workers(size: int) -> int:
    """Threads for a transform: a small one takes less time than to hand it out.

    Parameters
    ----------
    size
        Voxels of the map.

    Returns
    -------
    int
        At least 1; the answer of the transform does not depend on it.
    """
    return max(1, min(get_threads(), size // _LEAST_PER_THREAD))
