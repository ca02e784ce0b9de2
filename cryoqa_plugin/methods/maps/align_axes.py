"""Axes of a symmetry brought to where programs expect them: along the axes of the box, through its centre."""
from __future__ import annotations

from typing import List, NamedTuple, Sequence, Tuple

import numpy as np

from ...core.pose_bands import correlations, points, values_at
from ...core.pose_bands import band as band_of
from ...core.pose_fit import vector_of
from ...core.pose_place import TEST
from ...core.pose_search import search_band
from ...errors import InputError
from ...io.symmetry import point_group
from ...study import Study
from ...study.symmetry_place import placed
from .align_steps import Frame, moving_map

_SAME = 2e-2                                     # rotations whose numbers differ by less are one
_PARALLEL = 0.999                                # cosine between two directions that are one
_PLACES = 6000                                   # in which the map is compared with its copies


class Axes(NamedTuple):
    """What a symmetry says of the place of a map: ``name`` of its point group, the ``frame`` that brings its axes to those of the name, and
    the lowest ``correlation`` of the map with its copies."""

    name: str
    frame: Frame
    correlation: float


def axes_of(study: Study) -> Axes:
    """The move that brings the axes of a symmetry to the conventional frame.

    Parameters
    ----------
    study
        The map, and ``symmetry``, the operators in its frame.

    Returns
    -------
    Axes
        Of all moves that do it the one with the smallest rotation. About a single axis the map is not turned, and along it not moved.

    Raises
    ------
    InputError
        The operators are no point group of rotations.
    """
    symmetry, grid = study.symmetry, study.grid
    place = placed(symmetry, grid)[0].operators
    rotations = place[:, :, :3]
    name, turn = conventional(rotations)
    middle = np.array([n // 2 for n in grid.shape[::-1]]) * np.asarray(grid.voxel_size)
    centre = fixed_point(place, middle)
    origin = np.asarray(grid.origin, dtype=np.float64)
    shift = middle - centre
    operator = np.concatenate([turn, (middle - turn @ centre + origin - turn @ origin)[:, None]], axis=1)
    nowhere = np.full(3, np.inf)
    frame = Frame(operator, centre + origin, shift, np.degrees(vector_of(turn)), nowhere, nowhere)
    return Axes(name, frame, likeness(study, place))


def likeness(study: Study, operators: np.ndarray) -> float:
    """How far a map correlates with its copies under operators, the lowest of all.

    Parameters
    ----------
    study
        The map.
    operators
        In Å from the centre of the first voxel, float64 [n, 3, 4], the identity first.

    Returns
    -------
    float
        In the band by which alignments are tested: coarser detail is much the same under any turn.
    """
    prepared = moving_map(study, None)
    coarse = search_band(prepared, prepared.resolution)[1]
    volume = band_of(prepared, coarse, max(TEST * coarse, prepared.resolution)).one
    xyz = points(prepared, _PLACES)
    return float(correlations(values_at(volume, xyz), volume, xyz, operators[1:]).min())


def fixed_point(operators: np.ndarray, near: np.ndarray) -> np.ndarray:
    """The point that operators leave where it is, the one nearest to another point where there are many.

    Parameters
    ----------
    operators
        ``x' = R x + t``, float64 [n, 3, 4].
    near
        float64 [3].

    Returns
    -------
    ndarray
        Least squares of ``(1 - R) c = t``, float64 [3].
    """
    matrix = np.concatenate(np.eye(3) - operators[:, :, :3])
    rest = np.concatenate(operators[:, :, 3]) - matrix @ near
    return near + np.linalg.lstsq(matrix, rest, rcond=1e-6)[0]


def conventional(rotations: np.ndarray) -> Tuple[str, np.ndarray]:
    """The point group of rotations, and the turn that brings its axes to those of :func:`cryoqa_plugin.io.symmetry.point_group`.

    Parameters
    ----------
    rotations
        float64 [n, 3, 3], the identity among them.

    Returns
    -------
    name : str
        ``C4``, ``D2``, ``T``, ``O``, ``I2``, ...
    turn : ndarray
        The smallest of all that do it, float64 [3, 3].

    Raises
    ------
    InputError
        They are no group, or the identity alone.
    """
    n = len(rotations)
    if n < 2:
        raise InputError("The symmetry is C1, which has no axes to bring anywhere; give operators of another one.")
    names = [f"C{n}"] + [f"D{n // 2}"] * (n % 2 == 0 and n > 2) + {12: ["T"], 24: ["O"], 60: ["I2"]}.get(n, [])
    found: List[Tuple[float, str, np.ndarray]] = []
    for name in names:
        ideal = point_group(name).operators[:, :, :3]
        for turn in _candidates(rotations, ideal):
            if _onto(turn @ rotations @ turn.T, ideal):
                found.append((float(np.linalg.norm(vector_of(turn))), name, turn))
    if not found:
        raise InputError(f"The {n} operators of the symmetry are no point group of rotations, so that their axes have no conventional "
                         "place; give those of C, D, T, O or I.")
    return min(found, key=lambda one: one[0])[1:]


def _directions(rotations: np.ndarray) -> List[Tuple[float, np.ndarray]]:
    """Angle and direction of each rotation but the identity; half turns in both directions."""
    out = []
    for vector in (vector_of(r) for r in rotations):
        angle = float(np.linalg.norm(vector))
        if angle > _SAME:
            out += [(angle, vector / angle)] + [(angle, -vector / angle)] * (angle > np.pi - _SAME)
    return out


def _candidates(rotations: np.ndarray, ideal: np.ndarray) -> List[np.ndarray]:
    """Turns that bring two axes of a group, or the only one, onto axes of an ideal group."""
    ours, theirs = _directions(rotations), _directions(ideal)
    if not ours:
        return []
    first = min(ours, key=lambda one: one[0])                # the axis of the highest fold turns least
    second = next((one for one in ours if abs(one[1] @ first[1]) < _PARALLEL), None)
    out = []
    for angle, axis in theirs:
        if abs(angle - first[0]) > _SAME:
            continue
        if second is None:
            out.append(_smallest(first[1], axis))
            continue
        for other, beside in theirs:
            if abs(other - second[0]) < _SAME and abs(beside @ axis - second[1] @ first[1]) < _SAME:
                out.append(_of_pairs((first[1], second[1]), (axis, beside)))
    return out


def _smallest(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """The smallest turn of one direction onto another."""
    across = np.cross(one, other)
    if np.linalg.norm(across) < 1e-9:
        beside = np.cross(one, np.eye(3)[int(np.argmin(np.abs(one)))])
        beside /= np.linalg.norm(beside)
        return np.eye(3) if one @ other > 0 else 2 * np.outer(beside, beside) - np.eye(3)
    across /= np.linalg.norm(across)
    return _of_pairs((one, across), (other, across))


def _of_pairs(ours: Sequence[np.ndarray], theirs: Sequence[np.ndarray]) -> np.ndarray:
    """The turn that brings two directions onto two others best."""
    one, other = (np.stack([a, b, np.cross(a, b)]) for a, b in (ours, theirs))
    u, _, v = np.linalg.svd(other.T @ one)
    return u @ np.diag([1, 1, np.linalg.det(u @ v)]) @ v


def _onto(rotations: np.ndarray, ideal: np.ndarray) -> bool:
    """Each rotation is one of a group, and each of the group is there."""
    gaps = np.abs(rotations[:, None] - ideal[None]).max(axis=(2, 3)) < _SAME
    return len(rotations) == len(ideal) and bool(gaps.any(axis=1).all() and gaps.any(axis=0).all())
