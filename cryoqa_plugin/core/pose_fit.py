"""A pose of one map on another, refined on rotation and shift together, with the errors of the six numbers.

With values ``a`` of the one map at places and ``b`` of the other where a pose takes them, ``T`` is their Pearson correlation. A small
turn ``w`` about the centre and a small shift ``d`` move a place at ``y`` from the centre by ``w x y + d``, so that
``db = J (w, d)`` with ``J = (y x grad b, grad b)``.
"""
from __future__ import annotations

from typing import NamedTuple, Optional, Tuple

import numpy as np
from scipy.spatial.transform import Rotation

from .jit import njit
from .pose_bands import Volume, _to_voxels, about
from .symmetry_copies import _moved
from .threads import over_slabs

_ROUNDS = 12
_HALVINGS = 3
_DONE = 2e-4                          # Å that no place moves by more
_LARGEST = 0.25                       # of the detail: the longest step
_SURE = 0.2                           # least ratio of the curvature found to that of a perfect match
_CELLS = (6.0, 4.5, 3.0)              # details: edges of the cells within which errors may go together, the widest that make
_ENOUGH, _FEWEST = 30, 12             # so many; fewer of the smallest tell no error


class Pose(NamedTuple):
    """A pose: ``x' = R (x - pivot) + pivot + shift``.

    ``rotation`` R, float64 [3, 3]; ``pivot`` and ``shift`` (x, y, z in Å), float64 [3]; ``correlation`` T; ``covariance`` of a small turn
    (radian, about x, y, z through the place of the pivot) and of the shift (Å), float64 [6, 6].
    """

    rotation: np.ndarray
    pivot: np.ndarray
    shift: np.ndarray
    correlation: float
    covariance: np.ndarray

    @property
    def operator(self) -> np.ndarray:
        """``x' = R x + t``, float64 [3, 4]."""
        return about(self.rotation, self.pivot, self.shift)

    @property
    def at(self) -> np.ndarray:
        """Where the pivot comes to lie (x, y, z in Å)."""
        return self.pivot + self.shift

    def inverse(self) -> Pose:
        """The pose that undoes this one, about the place where the pivot lies."""
        back = -self.rotation.T
        turn = np.zeros((6, 6))
        turn[:3, :3] = turn[3:, 3:] = back
        covariance = turn @ self.covariance @ turn.T if np.isfinite(self.covariance).all() else self.covariance
        return Pose(self.rotation.T, self.at, -self.shift, self.correlation, covariance)


class Places(NamedTuple):
    """Places of a map with its values there and their slopes: ``xyz`` float64 [n, 3] in Å, ``values`` float64 [n], ``slopes`` float64
    [n, 3] (x, y, z, per Å)."""

    xyz: np.ndarray
    values: np.ndarray
    slopes: np.ndarray


@njit
def _cubic_weights(t):
    """Weights of the four knots around a place and their slopes, times 6."""
    u = 1.0 - t
    return (u * u * u, 4.0 - 3.0 * t * t * (1.0 + u), 4.0 - 3.0 * u * u * (1.0 + t), t * t * t,
            -3.0 * u * u, 9.0 * t * t - 12.0 * t, 3.0 + 6.0 * t - 9.0 * t * t, 3.0 * t * t)


@njit
def _slopes_kernel(data, places, operator, p0, p1, out):
    """Value and slopes (x, y, z, per voxel) of a spline where an operator takes places; 0 outside of the box."""
    nz, ny, nx = data.shape
    for i in range(p0, p1):
        x, y, z = _moved(operator, places[i, 0], places[i, 1], places[i, 2])
        if not (x >= 0 and y >= 0 and z >= 0 and x <= nx - 1 and y <= ny - 1 and z <= nz - 1):
            out[i, 0] = out[i, 1] = out[i, 2] = out[i, 3] = 0.0
            continue
        ix, iy, iz = int(np.floor(x)), int(np.floor(y)), int(np.floor(z))
        wx, wy, wz = _cubic_weights(x - ix), _cubic_weights(y - iy), _cubic_weights(z - iz)
        x0, x1, x2, x3 = (ix - 1) % nx, ix % nx, (ix + 1) % nx, (ix + 2) % nx
        value, sx, sy, sz = 0.0, 0.0, 0.0, 0.0
        for k in range(4):
            kz = (iz + k - 1) % nz
            for j in range(4):
                ky = (iy + j - 1) % ny
                a, b, c, d = data[kz, ky, x0], data[kz, ky, x1], data[kz, ky, x2], data[kz, ky, x3]
                row = wx[0] * a + wx[1] * b + wx[2] * c + wx[3] * d
                value += wz[k] * wy[j] * row
                sx += wz[k] * wy[j] * (wx[4] * a + wx[5] * b + wx[6] * c + wx[7] * d)
                sy += wz[k] * wy[j + 4] * row
                sz += wz[k + 4] * wy[j] * row
        out[i, 0], out[i, 1], out[i, 2], out[i, 3] = value / 216.0, sx / 216.0, sy / 216.0, sz / 216.0


def values_and_slopes(volume: Volume, xyz: np.ndarray, operator: Optional[np.ndarray] = None) -> np.ndarray:
    """A map and its slopes at places, or where an operator takes them.

    Parameters
    ----------
    volume
        The map.
    xyz
        Places (x, y, z in Å), float64 [n, 3].
    operator
        ``x' = R x + t``, float64 [3, 4]; the identity by default.

    Returns
    -------
    ndarray
        Value and slopes along x, y, z (per Å), float64 [n, 4]; 0 outside of the box.
    """
    move = _to_voxels(np.eye(3, 4) if operator is None else operator, volume)
    out = np.empty((len(xyz), 4))
    over_slabs(lambda a, b: _slopes_kernel(volume.splines, xyz, move, a, b, out), len(xyz))
    out[:, 1:] /= volume.voxel
    return out


def places_of(volume: Volume, xyz: np.ndarray) -> Places:
    """Places of a map with what refining needs of them.

    Parameters
    ----------
    volume
        The map.
    xyz
        Places (x, y, z in Å), float64 [n, 3].

    Returns
    -------
    Places
        Of these places.
    """
    found = values_and_slopes(volume, xyz)
    return Places(xyz, found[:, 0], found[:, 1:])


class _Slope(NamedTuple):
    """T, its slope [6] and the negative curvature [6, 6] by the slopes of both maps, and each place's part of the slope [n, 6]."""

    value: float
    slope: np.ndarray
    curvature: np.ndarray
    parts: np.ndarray


def refine(places: Places, volume: Volume, start: Pose, detail: float, *, errors: bool = False) -> Pose:
    """The pose near another one that makes two maps correlate best.

    Parameters
    ----------
    places
        Of the first map.
    volume
        The second map.
    start
        Where to begin: a pose that takes places of the first map to the second.
    detail
        Finest detail of the maps in Å; no step is longer than a quarter of it.
    errors
        Work out the covariance; else it is that of ``start``.

    Returns
    -------
    Pose
        Newton's steps on ``T``. The curvature is that of the product of the slopes of both maps, ``sum J_a^T J_b``, in which their noise
        cancels; where that is no curvature of a peak, that of a perfect match. The covariance is that of the jackknife
        over cells of six details (fewer, where
        the map is small): by how much the pose moves when one of them is left out, so that noise may go together within a cell.
        What goes together beyond is told by cells half as wide, as what is lost at the faces of cells falls with their edge.
    """
    a = places.values - places.values.mean()
    a /= np.sqrt(max(float(a @ a), 1e-300))
    pose, here = start, _slope(places, a, volume, start)
    arm = np.sqrt(((places.xyz - start.pivot) ** 2).sum(axis=1).mean())
    for _ in range(_ROUNDS):
        step = _newton(places, here, pose)
        length = max(np.linalg.norm(step[:3]) * arm, np.linalg.norm(step[3:]))
        step *= min(1.0, _LARGEST * detail / max(length, 1e-9))
        for _ in range(_HALVINGS):
            tried = moved(pose, step)
            there = _slope(places, a, volume, tried)
            if there.value > here.value:
                break
            step = step / 4
        else:
            break
        pose, here = tried, there
        if length < _DONE:
            break
    covariance = _covariance(places, here, pose, detail) if errors else start.covariance
    return pose._replace(correlation=here.value, covariance=covariance)


def moved(pose: Pose, step: np.ndarray) -> Pose:
    """A pose after a small turn and a small shift.

    Parameters
    ----------
    pose
        The pose.
    step
        Turn about x, y, z (radian) and shift (Å), float64 [6].

    Returns
    -------
    Pose
        ``R' = exp(w) R``, ``shift' = shift + d``.
    """
    return pose._replace(rotation=turn_by(step[:3]) @ pose.rotation, shift=pose.shift + step[3:])


def turn_by(vector: np.ndarray) -> np.ndarray:
    """The rotation of a rotation vector.

    Parameters
    ----------
    vector
        Along the axis, as long as the angle in radian, float64 [3].

    Returns
    -------
    ndarray
        float64 [3, 3].
    """
    return Rotation.from_rotvec(vector).as_matrix()


def vector_of(rotation: np.ndarray) -> np.ndarray:
    """The rotation vector of a rotation; the inverse of :func:`turn_by`.

    Parameters
    ----------
    rotation
        float64 [3, 3].

    Returns
    -------
    ndarray
        float64 [3], at most pi long.
    """
    return Rotation.from_matrix(rotation).as_rotvec()


def _arms(places: Places, pose: Pose) -> np.ndarray:
    """Places after the turn, from the centre, [n, 3]."""
    return (places.xyz - pose.pivot) @ pose.rotation.T


def _jacobian(arms: np.ndarray, slopes: np.ndarray) -> np.ndarray:
    return np.concatenate([np.cross(arms, slopes), slopes], axis=1)


def _slope(places: Places, a: np.ndarray, volume: Volume, pose: Pose) -> _Slope:
    found = values_and_slopes(volume, places.xyz, pose.operator)
    b = found[:, 0] - found[:, 0].mean()
    norm = np.sqrt(max(float(b @ b), 1e-300))
    b = b / norm
    value = float(a @ b)
    jacobian = _jacobian(_arms(places, pose), found[:, 1:]) / norm
    parts = (a - value * b)[:, None] * jacobian
    return _Slope(value, parts.sum(axis=0), jacobian, parts)


def _own(places: Places, pose: Pose) -> np.ndarray:
    """Slopes of the first map by a turn and a shift of it, [n, 6], of values of norm 1."""
    a = places.values - places.values.mean()
    return _jacobian(_arms(places, pose), places.slopes @ pose.rotation.T) / np.sqrt(max(float(a @ a), 1e-300))


def _curvature(own: np.ndarray, here: _Slope) -> np.ndarray:
    both = own.T @ here.curvature
    return 0.5 * (both + both.T)


def _newton(places: Places, here: _Slope, pose: Pose) -> np.ndarray:
    own = _own(places, pose)
    perfect, found = own.T @ own, _curvature(own, here)
    if not np.trace(perfect) > 0:                            # a map without any detail
        return np.zeros(6)
    scale = np.linalg.cholesky(perfect + 1e-12 * np.trace(perfect) * np.eye(6))
    inner = np.linalg.solve(scale, np.linalg.solve(scale, found).T)
    used = found if np.linalg.eigvalsh(0.5 * (inner + inner.T))[0] > _SURE * here.value > 0 else perfect
    return np.linalg.lstsq(used, here.slope, rcond=None)[0]


def _covariance(places: Places, here: _Slope, pose: Pose, detail: float) -> np.ndarray:
    own = _own(places, pose)
    curvature = _curvature(own, here)
    if np.linalg.eigvalsh(curvature)[0] <= 0:
        return np.full((6, 6), np.inf)
    for edge in _CELLS:
        wide, count = _jackknife(places.xyz, here, own, curvature, edge * detail)
        if count >= _ENOUGH:
            break
    if count < _FEWEST:
        return np.full((6, 6), np.inf)
    narrow, _ = _jackknife(places.xyz, here, own, curvature, 0.5 * edge * detail)
    lost = 1 - float(np.trace(np.linalg.lstsq(wide, narrow, rcond=None)[0])) / 6
    return wide * (1 + max(lost, 0.0))


def _jackknife(xyz: np.ndarray, here: _Slope, own: np.ndarray, curvature: np.ndarray, edge: float) -> Tuple[np.ndarray, float]:
    """Covariance by leaving out one cell at a time, [6, 6], and how many cells there are: means over eight grids of cells.

    Without a cell the pose moves by ``(H - H_cell)^-1 g_cell``.
    """
    total, count = np.zeros((6, 6)), 0
    for corner in np.ndindex(2, 2, 2):
        cell = np.floor((xyz - xyz.min(axis=0)) / edge + 0.5 * np.array(corner)).astype(np.int64)
        sizes = cell.max(axis=0) + 1
        number = (cell[:, 2] * sizes[1] + cell[:, 1]) * sizes[0] + cell[:, 0]
        held = np.bincount(number)
        slopes = np.stack([np.bincount(number, weights=column) for column in here.parts.T], axis=1)[held > 0]
        parts = np.empty((len(slopes), 6, 6))
        for i, j in np.ndindex(6, 6):
            parts[:, i, j] = np.bincount(number, weights=own[:, i] * here.curvature[:, j])[held > 0]
        steps = np.linalg.lstsq(curvature, slopes.T, rcond=None)[0].T
        left = curvature - 0.5 * (parts + parts.transpose(0, 2, 1))
        safe = np.linalg.eigvalsh(left)[:, 0] > 0
        steps[safe] = np.linalg.solve(left[safe], slopes[safe][:, :, None])[:, :, 0]
        total += steps.T @ steps
        count += len(slopes)
    return total / 8, count / 8


def angle_errors(rotation: np.ndarray, covariance: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """The rotation vector of a pose and the standard errors of its three numbers.

    Parameters
    ----------
    rotation
        float64 [3, 3].
    covariance
        Of a small turn after it about x, y, z in radian, float64 [3, 3].

    Returns
    -------
    tuple of ndarray
        Degrees, float64 [3] each. With ``v`` the vector, ``a`` its length and ``[v]`` the matrix of the cross product with it, a turn ``w``
        after it changes ``v`` by ``(1 - [v] / 2 + (1 - a / 2 cot(a / 2)) [v]^2 / a^2) w``.
    """
    v = vector_of(rotation)
    angle = float(np.linalg.norm(v))
    x, y, z = v
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    factor = 1 / 12 if angle < 1e-4 else (1 - angle / 2 / np.tan(angle / 2)) / angle ** 2
    change = np.eye(3) - cross / 2 + factor * cross @ cross
    if not np.isfinite(covariance).all():
        return np.degrees(v), np.full(3, np.inf)
    return np.degrees(v), np.degrees(np.sqrt(np.maximum(np.diag(change @ covariance @ change.T), 0)))
