"""The noise of two half-maps in the whole box, and whether it is its own copy by a rotation: what an imposed symmetry leaves."""
from __future__ import annotations

from typing import Sequence

import numpy as np
import scipy.fft

from . import shells
from .filters import apply_radial
from .fourier import Geometry, geometry, inverse
from .pose_bands import Volume, about
from .symmetry_copies import coefficients
from .symmetry_local import repeats

_FINE, _COARSE = 6.0, 24.0            # voxels: detail of the noise that is compared
_SAMPLING = 3.0                       # voxels in the finest detail
_PLACES, _BALL = 4000, 0.45           # places, and the radius of the ball they lie in, over the shortest edge


def box_noise(f1: np.ndarray, f2: np.ndarray, geo: Geometry, voxel_size: Sequence[float]) -> Volume:
    """The difference of two half-maps, each shell as strong as the next, on a coarse grid.

    Parameters
    ----------
    f1, f2
        Transforms of the half-maps, complex64 [nz, ny, nx // 2 + 1]; not modified.
    geo
        Their shells.
    voxel_size
        Edges of a voxel (x, y, z) in Å.

    Returns
    -------
    Volume
        Detail of 24 to 6 voxels. Each half-map is divided by the root of the power of its shells first, so that a difference in scale
        leaves no signal.
    """
    fine, coarse = _FINE * max(voxel_size), _COARSE * max(voxel_size)
    sizes = [min(int(scipy.fft.next_fast_len(int(np.ceil(n * v * _SAMPLING / fine)), real=True)), n)
             for n, v in zip(geo.shape, voxel_size[::-1])]
    voxel = [n * v / m for n, v, m in zip(geo.shape, voxel_size[::-1], sizes)][::-1]
    small = geometry(sizes, voxel)
    kept = np.ix_(*[np.arange(-((m - 1) // 2), (m - 1) // 2 + 1) for m in sizes[:2]], np.arange((sizes[2] - 1) // 2 + 1))
    out = np.zeros((sizes[0], sizes[1], sizes[2] // 2 + 1), dtype=np.complex64)
    for f, sign in ((f1, 1.0), (f2, -1.0)):
        part = np.zeros_like(out)
        part[kept] = f[kept]
        out += apply_radial(part, small, sign * _even(part, small), out=part)
    rows = np.arange(small.n_shells)
    band = (rows * coarse >= small.length) & (rows * fine <= small.length)
    data = inverse(apply_radial(out, small, _even(out, small) * band, out=out), sizes)
    return Volume(data, coefficients(data), np.array(voxel), np.zeros(3))


def _even(ft: np.ndarray, geo: Geometry) -> np.ndarray:
    """One over the root of the mean power of each shell; 0 where there is none."""
    power, _, count = shells.power_sums(ft, geo)
    mean = power / np.maximum(count, 1)
    return np.where(mean > 0, 1 / np.sqrt(np.where(mean > 0, mean, 1)), 0)


def box_repeats(noise: Volume, centre: Sequence[float], rotations: np.ndarray) -> np.ndarray:
    """Correlation of noise with its copy by rotations about a point.

    Parameters
    ----------
    noise
        Of :func:`box_noise`.
    centre
        The point (x, y, z) in Å from the first voxel.
    rotations
        float64 [n, 3, 3].

    Returns
    -------
    ndarray
        float64 [n], of places in the ball about the point that fits into the box; NaN where too few of them move.
    """
    edge = min(n * v for n, v in zip(noise.data.shape[::-1], noise.voxel))
    rng = np.random.default_rng(8)
    out = rng.standard_normal((_PLACES, 3))
    out *= (_BALL * edge * rng.random(_PLACES) ** (1 / 3) / np.linalg.norm(out, axis=1))[:, None]
    middle = np.asarray(centre, dtype=np.float64)
    return repeats(noise, out + middle, about(rotations, middle), _COARSE / _FINE * _SAMPLING * float(max(noise.voxel)) / 2)
