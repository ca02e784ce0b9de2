"""Atoms on springs in a density: a model that is shaken and moved into a map, held by its own distances alone."""
from __future__ import annotations

from typing import NamedTuple, Sequence, Tuple

import numpy as np
import scipy.ndimage
import scipy.optimize
import scipy.spatial

from . import blur
from .jit import njit

_REACH, _NEAR = 4.5, 2.65             # Å up to which two atoms hold each other, and up to which they are bonded or share a bonded atom
_STIFF, _SOFT = 60.0, 0.5             # of those springs and of the longer ones, per Å²; the density has a standard deviation of 1
_COARSE = 1.0                         # Å by which the density is blurred at first, so that atoms find it from further away
_STEPS, _KEPT = 60, 10                # iterations on each of the two maps, and steps that are kept of them
_SMOOTH = 4.0                         # Å over which shaken atoms go the same way


class Springs(NamedTuple):
    """Pairs of atoms: ``first`` and ``second`` int64 [m], their ``length`` (Å) and ``stiffness`` (1/Å²) float64 [m]."""

    first: np.ndarray
    second: np.ndarray
    length: np.ndarray
    stiffness: np.ndarray


@njit
def _map_kernel(coefficients, position, weight, spacing, slope):
    nz, ny, nx = coefficients.shape
    energy = 0.0
    w, d, low = np.empty((3, 4)), np.empty((3, 4)), np.empty(3, np.int64)
    for i in range(position.shape[0]):
        for a in range(3):
            at = position[i, a] / spacing[a]
            low[a] = int(np.floor(at))
            t = at - np.floor(at)
            u = 1 - t
            w[a, 0], w[a, 1], w[a, 2], w[a, 3] = u * u * u / 6, (4 - 3 * t * t * (1 + u)) / 6, (4 - 3 * u * u * (1 + t)) / 6, t * t * t / 6
            d[a, 0], d[a, 1], d[a, 2], d[a, 3] = -u * u / 2, (3 * t * t - 4 * t) / 2, (4 * u - 3 * u * u) / 2, t * t / 2
        value, gx, gy, gz = 0.0, 0.0, 0.0, 0.0
        for k in range(4):
            z = (low[2] - 1 + k) % nz
            for j in range(4):
                y = (low[1] - 1 + j) % ny
                line, along = 0.0, 0.0
                for m in range(4):
                    c = coefficients[z, y, (low[0] - 1 + m) % nx]
                    line += w[0, m] * c
                    along += d[0, m] * c
                value += w[2, k] * w[1, j] * line
                gx += w[2, k] * w[1, j] * along
                gy += w[2, k] * d[1, j] * line
                gz += d[2, k] * w[1, j] * line
        energy -= weight[i] * value
        slope[i, 0] -= weight[i] * gx / spacing[0]
        slope[i, 1] -= weight[i] * gy / spacing[1]
        slope[i, 2] -= weight[i] * gz / spacing[2]
    return energy


@njit
def _spring_kernel(position, first, second, length, stiffness, slope):
    energy = 0.0
    for n in range(first.size):
        i, j = first[n], second[n]
        x, y, z = position[i, 0] - position[j, 0], position[i, 1] - position[j, 1], position[i, 2] - position[j, 2]
        apart = max(np.sqrt(x * x + y * y + z * z), 1e-9)
        off = apart - length[n]
        energy += 0.5 * stiffness[n] * off * off
        pull = stiffness[n] * off / apart
        slope[i, 0] += pull * x
        slope[i, 1] += pull * y
        slope[i, 2] += pull * z
        slope[j, 0] -= pull * x
        slope[j, 1] -= pull * y
        slope[j, 2] -= pull * z
    return energy


def springs(position: np.ndarray, shaken_position: np.ndarray) -> Springs:
    """Springs between atoms up to 4.5 Å apart.

    Parameters
    ----------
    position
        Of the atoms of a model, (x, y, z) in Å, float64 [n, 3].
    shaken_position
        The same, shaken: the rest length of pairs beyond 2.65 Å, which no bond or angle decides, is taken from here.

    Returns
    -------
    Springs
        Stiff ones (60 / Å²) up to 2.65 Å, soft ones (0.5 / Å²) beyond.
    """
    pairs = scipy.spatial.cKDTree(position).query_pairs(_REACH, output_type="ndarray").astype(np.int64).reshape(-1, 2)
    first, second = np.ascontiguousarray(pairs[:, 0]), np.ascontiguousarray(pairs[:, 1])
    own, other = (np.linalg.norm(x[first] - x[second], axis=1) for x in (position, shaken_position))
    near = own <= _NEAR
    return Springs(first, second, np.where(near, own, other), np.where(near, _STIFF, _SOFT))


def shaken(position: np.ndarray, rms: float, rng: np.random.Generator) -> np.ndarray:
    """Atoms moved at random, neighbours the same way.

    Parameters
    ----------
    position
        (x, y, z) in Å, float64 [n, 3].
    rms
        Root mean square of the moves, in Å.
    rng
        Where chance comes from.

    Returns
    -------
    ndarray
        float64 [n, 3]: moves by a Gaussian random field that is smooth over 4 Å.
    """
    step = _SMOOTH / 2
    low = position.min(axis=0) - 4 * _SMOOTH
    sizes = np.ceil((position.max(axis=0) + 4 * _SMOOTH - low) / step).astype(int)
    moves = np.empty_like(position, dtype=np.float64)
    for axis in range(3):
        field = scipy.ndimage.gaussian_filter(rng.standard_normal(sizes), _SMOOTH / step)
        moves[:, axis] = scipy.ndimage.map_coordinates(field, ((position - low) / step).T, order=3)
    return position + moves * rms / np.sqrt(np.sum(moves ** 2, axis=1).mean())


def prepared(data: np.ndarray, voxel_size: Sequence[float], unit: float) -> Tuple[np.ndarray, np.ndarray]:
    """A map as atoms are moved in it: blurred by 1 Å first, then as it is.

    Parameters
    ----------
    data
        float32 [z, y, x].
    voxel_size
        Edges of a voxel (x, y, z) in Å.
    unit
        What the map is divided by: its standard deviation in the molecule.

    Returns
    -------
    tuple of ndarray
        Coefficients of cubic B-splines, float32 [z, y, x] each; the box repeats.
    """
    coarse, fine = (spline(m, unit) for m in (blur.gaussian(data, voxel_size, _COARSE), data))
    return coarse, fine


def spline(data: np.ndarray, unit: float = 1.0) -> np.ndarray:
    """Coefficients of the cubic B-splines that go through a map, over a unit.

    Parameters
    ----------
    data
        float32 [z, y, x]; the box repeats.
    unit
        What the map is divided by.

    Returns
    -------
    ndarray
        float32 [z, y, x].
    """
    return scipy.ndimage.spline_filter(data / np.float32(unit), 3, output=np.float32, mode="grid-wrap")


def values(coefficients: np.ndarray, voxel_size: Sequence[float], position: np.ndarray) -> np.ndarray:
    """A map at places.

    Parameters
    ----------
    coefficients
        Of :func:`spline`.
    voxel_size
        Edges of a voxel (x, y, z) in Å.
    position
        (x, y, z) in Å from the centre of the first voxel, float64 [n, 3].

    Returns
    -------
    ndarray
        float64 [n].
    """
    at = np.asarray(position) / np.asarray(voxel_size)
    return scipy.ndimage.map_coordinates(coefficients, at.T[::-1], order=3, mode="grid-wrap", prefilter=False, output=np.float64)


def energy(coefficients: np.ndarray, voxel_size: Sequence[float], position: np.ndarray, weight: np.ndarray, held: Springs
           ) -> Tuple[float, np.ndarray]:
    """Energy of atoms in a density and its slope.

    Parameters
    ----------
    coefficients
        Of :func:`prepared`.
    voxel_size
        Edges of a voxel (x, y, z) in Å.
    position
        (x, y, z) in Å from the centre of the first voxel, float64 [n, 3].
    weight
        Of each atom, float64 [n].
    held
        Springs between them.

    Returns
    -------
    tuple
        ``-sum w rho(x) + sum k (d - d0)^2 / 2`` and its derivatives, float64 [n, 3].
    """
    slope = np.zeros((len(position), 3))
    total = _map_kernel(coefficients, position, weight, np.asarray(voxel_size, dtype=np.float64), slope)
    return total + _spring_kernel(position, held.first, held.second, held.length, held.stiffness, slope), slope


def moved(maps: Sequence[np.ndarray], voxel_size: Sequence[float], position: np.ndarray, weight: np.ndarray, held: Springs) -> np.ndarray:
    """Atoms moved downhill in the density, on one map after the other.

    Parameters
    ----------
    maps
        Of :func:`prepared`.
    voxel_size
        Edges of a voxel (x, y, z) in Å.
    position
        Where they start, (x, y, z) in Å from the centre of the first voxel, float64 [n, 3].
    weight
        Of each atom, float64 [n].
    held
        Springs between them.

    Returns
    -------
    ndarray
        float64 [n, 3], after at most 60 iterations of L-BFGS on each map.

    References
    ----------
    Liu & Nocedal (1989), https://doi.org/10.1007/BF01589116.
    """
    x = np.ascontiguousarray(position, dtype=np.float64)
    for coefficients in maps:
        def downhill(flat: np.ndarray, on: np.ndarray = coefficients) -> Tuple[float, np.ndarray]:
            total, slope = energy(on, voxel_size, flat.reshape(-1, 3), weight, held)
            return total, slope.ravel()

        found = scipy.optimize.minimize(downhill, x.ravel(), jac=True, method="L-BFGS-B", options=dict(maxiter=_STEPS, maxcor=_KEPT))
        x = found.x.reshape(-1, 3)
    return x
