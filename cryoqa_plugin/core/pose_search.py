"""Where a map lies on another one: all rotations and shifts on a coarse grid, and the best of them refined.

Of the two maps the smaller one is turned and moved over the larger. Positions are x, y, z in Å from the centre of the first voxel of the
whole map that they are in.
"""
from __future__ import annotations

from typing import List, NamedTuple, Sequence, Tuple

import numpy as np
import scipy.fft
from scipy.spatial.transform import Rotation

from .jit import njit
from .pose_bands import Prepared, Volume, _linear_at, _to_voxels, about, values_at
from .symmetry_copies import _moved
from .threads import get_threads, over_slabs

_PSI = 1.533751168755204288118041     # positive root of x^4 = x + 4
_COARSEST, _OF_RADIUS, _OF_RESOLUTION = 15.0, 0.4, 1.6    # Å, of the radius, of the resolution: where the search band ends
_LOWEST = 2.5                         # radii: where all bands begin
_STEP = 0.76                          # rotations are so many times detail over radius apart
_FILLING = 0.74                       # of the space of rotations, by balls of that diameter
_SAMPLING = 2.6                       # voxels of the search grid in the finest detail
_SPREAD = 0.7                         # of the distance between rotations, nearer than which two candidates are one
_BATCH = 64                           # rotations that are searched at a time
_MOST = 60                            # candidates that are refined


class Candidate(NamedTuple):
    """A pose of the smaller map on the larger one: a place of the smaller, turned by ``rotation`` about the centre of its mass, which
    then lies at ``at`` (x, y, z in Å) in the larger; ``height`` of its correlation."""

    rotation: np.ndarray
    at: np.ndarray
    height: float


def rotations(count: int) -> np.ndarray:
    """Rotations that cover all orientations evenly: a super-Fibonacci spiral of quaternions.

    Parameters
    ----------
    count
        How many.

    Returns
    -------
    ndarray
        float64 [count, 3, 3].

    References
    ----------
    Alexa (2022), https://doi.org/10.1109/CVPR52688.2022.00811.
    """
    s = np.arange(count) + 0.5
    low, high, alpha, beta = np.sqrt(s / count), np.sqrt(1 - s / count), 2 * np.pi * s / np.sqrt(2), 2 * np.pi * s / _PSI
    return of_quaternions(np.stack([high * np.cos(beta), low * np.sin(alpha), low * np.cos(alpha), high * np.sin(beta)], axis=1))


def of_quaternions(quaternions: np.ndarray) -> np.ndarray:
    """Rotations of unit quaternions.

    Parameters
    ----------
    quaternions
        w, x, y, z, float64 [n, 4].

    Returns
    -------
    ndarray
        float64 [n, 3, 3].
    """
    return Rotation.from_quat(quaternions[:, [1, 2, 3, 0]]).as_matrix()


def angles_between(one: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Angles of the rotations that lead from one to others.

    Parameters
    ----------
    one
        float64 [3, 3].
    others
        float64 [n, 3, 3].

    Returns
    -------
    ndarray
        Degrees, float64 [n], exact for small ones too.
    """
    # |A - B| in the Frobenius norm is 2 sqrt(2) |sin(angle / 2)|
    gap = np.sqrt(((others - one) ** 2).sum(axis=(1, 2)))
    return np.degrees(2 * np.arcsin(np.clip(gap / np.sqrt(8), 0, 1)))


def search_band(small: Prepared, resolution: float) -> Tuple[float, float]:
    """Ends (Å) of the band in which all poses are looked at.

    Parameters
    ----------
    small
        The smaller map.
    resolution
        Of the coarser of the two maps, in Å.

    Returns
    -------
    tuple of float
        2.5 radii, and the largest of 15 Å, 0.4 radii and 1.6 times the resolution.
    """
    fine = max(_COARSEST, _OF_RADIUS * small.radius, _OF_RESOLUTION * resolution)
    return max(_LOWEST * small.radius, 1.5 * fine), fine


@njit
def _turned_kernel(data, places, flat, operators, o0, o1, out):
    """Two turned maps at a time, one as real and one as imaginary part."""
    for o in range(o0, o1):
        for i in range(places.shape[0]):
            x, y, z = _moved(operators[2 * o], places[i, 0], places[i, 1], places[i, 2])
            u, v, w = _moved(operators[2 * o + 1], places[i, 0], places[i, 1], places[i, 2])
            out[o, flat[i]] = complex(_linear_at(data, x, y, z), _linear_at(data, u, v, w))


def coarse_poses(small: Prepared, large: Prepared, one: Volume, other: Volume, fine: float) -> List[Candidate]:
    """Best shift for each of all rotations, the best candidates first.

    Parameters
    ----------
    small, large
        The maps.
    one, other
        Their bands.
    fine
        End of the bands in Å.

    Returns
    -------
    list of Candidate
        At most 60, no two of them near each other. For each rotation the turned smaller map is correlated with the larger one at all
        shifts at once.
    """
    step = fine / _SAMPLING
    farthest = max(large.reach - 0.3 * small.reach, 0.5 * small.reach)
    n = int(scipy.fft.next_fast_len(int(np.ceil((small.reach + large.reach + farthest) / step))))
    axis = np.fft.fftfreq(n, 1 / n) * step
    grid = np.stack([a.ravel() for a in np.meshgrid(axis, axis, axis, indexing="ij")][::-1], axis=1)
    away = np.linalg.norm(grid, axis=1)
    target = np.conj(_grid_of(other, grid, large.centre, n))
    inside, allowed = np.flatnonzero(away <= small.reach + step), np.flatnonzero(away <= farthest)
    places = np.ascontiguousarray(grid[inside])
    count = int(np.ceil(8 * np.pi ** 2 / (_STEP * fine / small.radius) ** 3 / _FILLING))
    turns = rotations(count + count % 2)
    found_at, heights = np.empty(len(turns), np.intp), np.empty(len(turns))
    for start in range(0, len(turns), _BATCH):
        stop = min(start + _BATCH, len(turns))
        packed = np.zeros(((stop - start) // 2, n ** 3), np.complex64)
        # places of the grid are those of the larger map: the turn back leads into the smaller one
        back = about(np.swapaxes(turns[start:stop], 1, 2), np.zeros(3), small.centre)
        moved = _to_voxels(back, one)
        over_slabs(lambda a, b, moved=moved, packed=packed: _turned_kernel(one.data, places, inside, moved, a, b, packed), len(packed))
        ft = scipy.fft.fftn(packed.reshape(-1, n, n, n), axes=(1, 2, 3), workers=get_threads(), overwrite_x=True)
        ft *= target
        # FFT(A conj(B)) is the conjugate, and of real maps the same, as the inverse transform of conj(A) B
        both = scipy.fft.fftn(ft, axes=(1, 2, 3), workers=get_threads(), overwrite_x=True).reshape(len(packed), -1)[:, allowed]
        for part, values in enumerate((both.real, both.imag)):
            best = values.argmax(axis=1)
            found_at[start + part:stop:2] = allowed[best]
            heights[start + part:stop:2] = values[np.arange(len(best)), best]
    shifts = grid[found_at]
    order = np.argsort(-heights)
    return _apart([Candidate(turns[i], large.centre + shifts[i], float(heights[i])) for i in order],
                  _SPREAD * np.degrees(_STEP * fine / small.radius), 0.5 * fine, _MOST)


def _grid_of(volume: Volume, grid: np.ndarray, centre: np.ndarray, n: int) -> np.ndarray:
    """Transform of a map around a point on the search grid, complex64 [n, n, n]."""
    return scipy.fft.fftn(values_at(volume, np.ascontiguousarray(grid + centre)).reshape(n, n, n))


def _apart(candidates: Sequence[Candidate], degrees: float, distance: float, most: int) -> List[Candidate]:
    """The best candidates, each further than ``degrees`` or ``distance`` from all better ones."""
    out: List[Candidate] = []
    for one in candidates:
        if len(out) == most:
            break
        if out:
            near = angles_between(one.rotation, np.array([c.rotation for c in out])) < degrees
            if np.any(near & (np.linalg.norm(np.array([c.at for c in out]) - one.at, axis=1) < distance)):
                continue
        out.append(one)
    return out
