"""Groups of rotations that axes of a map can belong to: frames from pairs of axes, subgroups, names, poses."""
from __future__ import annotations

from itertools import combinations
from typing import Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from .pose_bands import about
from .symmetry_axes import ALIKE, Axis, AxisTest, simplex, turns

EXACT = 0.8                           # part of the correlation of the map with itself, by which a group may be exact
_ANGLE = 4.0                          # degrees by which the angle of two axes may be off
_MOST_AXES = 10
_GENERATORS, _STOP = 4, 0.7           # operators that are tried first, and their part of the correlation of the axes that ends the search
_OPERATORS, _EVALUATIONS = 6, 110     # of a refinement
_SAME = 1e-2                          # numbers of two rotations that are one differ by less
_POLYHEDRAL = (("I", (3, 5)), ("O", (3, 4)), ("T", (3,)))

Rotations = Callable[[str], np.ndarray]


class Pose(NamedTuple):
    """A group in a map: its ``name``, its ``rotations`` float64 [n, 3, 3] with the identity first, and the ``centre`` that they leave in
    place (x, y, z in Å)."""

    name: str
    rotations: np.ndarray
    centre: np.ndarray

    @property
    def operators(self) -> np.ndarray:
        """``x' = R x + t`` in Å, float64 [n, 3, 4]."""
        return about(self.rotations, self.centre)

    @property
    def order(self) -> int:
        """Number of copies."""
        return len(self.rotations)


class IdealAxis(NamedTuple):
    """Direction (x, y, z) and fold of an axis of a group."""

    direction: np.ndarray
    fold: int


def axis_of(rotation: np.ndarray) -> Tuple[np.ndarray, float]:
    """Direction and angle of a rotation.

    Parameters
    ----------
    rotation
        float64 [3, 3].

    Returns
    -------
    tuple
        The direction (x, y, z) whose last coordinate that is not zero is positive, and the angle about it in degrees, -180 to 180; 0, 0, 1
        for no rotation.
    """
    cosine = float(np.clip((np.trace(rotation) - 1) / 2, -1, 1))
    if cosine > 1 - 1e-12:
        return np.array([0.0, 0.0, 1.0]), 0.0
    values, vectors = np.linalg.eigh(rotation + rotation.T)
    axis = vectors[:, int(np.argmax(values))]
    axis = axis * np.sign(axis[np.flatnonzero(np.abs(axis) > 1e-3)[-1]])
    sense = np.array([rotation[2, 1] - rotation[1, 2], rotation[0, 2] - rotation[2, 0], rotation[1, 0] - rotation[0, 1]]) @ axis
    angle = float(np.degrees(np.arccos(cosine)))
    return axis, -angle if sense < -1e-6 else angle


def axes_of(rotations: np.ndarray) -> List[IdealAxis]:
    """Axes of a group.

    Parameters
    ----------
    rotations
        The group, float64 [n, 3, 3].

    Returns
    -------
    list of IdealAxis
        The highest fold first.
    """
    directions: List[np.ndarray] = []
    counts: List[int] = []
    for rotation in rotations:
        axis, angle = axis_of(rotation)
        if abs(angle) < 0.1:
            continue
        at = next((i for i, d in enumerate(directions) if abs(float(d @ axis)) > 1 - 1e-6), None)
        if at is None:
            directions.append(axis)
            counts.append(2)
        else:
            counts[at] += 1
    return sorted((IdealAxis(d, n) for d, n in zip(directions, counts)), key=lambda a: -a.fold)


def group_name(rotations: np.ndarray) -> str:
    """Schoenflies' name of a group of rotations.

    Parameters
    ----------
    rotations
        The group, closed, float64 [n, 3, 3].

    Returns
    -------
    str
        ``C1``, ``C7``, ``D2``, ``T``, ``O`` or ``I``.
    """
    n = len(rotations)
    folds = [a.fold for a in axes_of(rotations)]
    if not folds or folds[0] == n:
        return f"C{n}"
    if n == 2 * folds[0]:
        return f"D{folds[0]}"
    return {12: "T", 24: "O", 60: "I"}[n]


def subgroup(rotations: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """The largest group that some operators of a group hold.

    Parameters
    ----------
    rotations
        The group, the identity first, float64 [n, 3, 3].
    kept
        Which may be in it, bool [n].

    Returns
    -------
    ndarray
        Their indices, int [m], 0 first. Every group of rotations is made by two of them.
    """
    table = _table(rotations)
    allowed = [int(i) for i in np.flatnonzero(kept) if i]
    best = [0]
    for pair in [(i, i) for i in allowed] + list(combinations(allowed, 2)):
        made = _closed(table, pair, len(kept))
        if len(made) > len(best) and all(kept[i] or i == 0 for i in made):
            best = made
    return np.array(best)


def _table(rotations: np.ndarray) -> np.ndarray:
    """Which operator the product of two is, int [n, n]."""
    products = np.einsum("aij,bjk->abik", rotations, rotations)
    away = np.abs(products[:, :, None] - rotations[None, None]).max(axis=(3, 4))
    return np.argmin(away, axis=2)


def _closed(table: np.ndarray, generators: Sequence[int], most: int) -> List[int]:
    out = [0]
    for known in out:                                        # the list grows while it is gone through
        for g in generators:
            made = int(table[g, known])
            if made not in out:
                out.append(made)
    return sorted(out)


def candidates(axes: Sequence[Axis], test: AxisTest, group: Rotations) -> List[Tuple[Pose, float]]:
    """Groups that the axes of a map make, with the lowest correlation of any of their operators.

    Parameters
    ----------
    axes
        Axes that were found.
    test
        The band in which they were.
    group
        Gives the rotations of a group by its name.

    Returns
    -------
    list of tuple
        Pose and correlation of those above 0.3 of the correlation of the map with itself, the largest group first and of one name only
        the best.
    """
    found: Dict[str, Tuple[Pose, float]] = {}

    def keep(pose: Pose, likely: float) -> bool:
        value = _lowest(pose, test, ALIKE * test.whole)
        if value <= ALIKE * test.whole:
            return False
        if value > found.get(pose.name, (None, 0.0))[1]:
            found[pose.name] = (pose, value)
        return value > _STOP * likely

    for axis in axes:
        for fold in axis.folds:
            rotations = turns(axis.direction, 2 * np.pi * np.arange(fold) / fold)
            keep(Pose(f"C{fold}", rotations, axis.point), axis.correlation)
    best = list(axes[:_MOST_AXES])
    seen = {n for axis in best for n in axis.folds}
    for name, needed in _POLYHEDRAL:
        if set(needed) <= seen and _try(name, group(name), best, keep) and found[name][1] > EXACT * test.whole:
            break
    else:
        for fold in sorted(seen, reverse=True):
            _try(f"D{fold}", group(f"D{fold}"), best, keep)
    return sorted(found.values(), key=lambda f: (-f[0].order, -f[1]))


def _try(name: str, rotations: np.ndarray, axes: Sequence[Axis], keep: Callable[[Pose, float], bool]) -> bool:
    """Whether a group fits on a pair of axes."""
    kinds = _pairs_of(axes_of(rotations))
    for one, two in combinations(axes, 2):
        likely = min(one.correlation, two.correlation)
        for first, second in ((one, two), (two, one)):
            for a, b in kinds:
                if a.fold not in first.folds or b.fold not in second.folds:
                    continue
                for frame in _frames(a.direction, b.direction, first.direction, second.direction):
                    if keep(Pose(name, frame @ rotations @ frame.T, _meeting(first, second)), likely):
                        return True
    return False


def _pairs_of(axes: Sequence[IdealAxis]) -> List[Tuple[IdealAxis, IdealAxis]]:
    """Pairs of axes of a group, one for each two folds and angle between them."""
    kinds: Dict[Tuple[int, int, float], Tuple[IdealAxis, IdealAxis]] = {}
    for a, b in combinations(axes, 2):
        kinds.setdefault((a.fold, b.fold, round(_between(a.direction, b.direction), 1)), (a, b))
    return list(kinds.values())


def _between(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.degrees(np.arccos(np.clip(abs(float(a @ b)), 0, 1))))


def _frames(a: np.ndarray, b: np.ndarray, first: np.ndarray, second: np.ndarray) -> List[np.ndarray]:
    """Rotations that lay two directions of a group on two axes, in both senses."""
    if abs(_between(a, b) - _between(first, second)) > _ANGLE:
        return []
    if float(a @ b) * float(first @ second) < 0:
        second = -second
    ideal = _basis(a, b)
    return [_basis(sign * first, sign * second) @ ideal.T for sign in (1, -1)]


def _basis(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Bisector of two directions, their normal and the cross product of these, as columns."""
    x, y = a + b, np.cross(a, b)
    x, y = x / np.linalg.norm(x), y / np.linalg.norm(y)
    return np.stack([x, y, np.cross(x, y)], axis=1)


def _meeting(one: Axis, two: Axis) -> np.ndarray:
    """The point that is nearest to both axes."""
    projectors = [np.eye(3) - np.outer(a.direction, a.direction) for a in (one, two)]
    return np.linalg.solve(projectors[0] + projectors[1], projectors[0] @ one.point + projectors[1] @ two.point)


def _lowest(pose: Pose, test: AxisTest, least: float) -> float:
    """The lowest correlation of any operator; of a few when that is below ``least`` already."""
    operators = pose.operators[1:]
    order = np.argsort(np.random.default_rng(0).random(len(operators)))
    few = float(test.of(operators[order[:_GENERATORS]]).min())
    if few < least or len(operators) <= _GENERATORS:
        return few
    return min(few, float(test.of(operators[order[_GENERATORS:]]).min()))


def refined(pose: Pose, test: AxisTest, step: float) -> Tuple[Pose, float]:
    """A group turned and moved to where the mean correlation of its operators is highest.

    Parameters
    ----------
    pose
        Where to begin.
    test
        The band, and places.
    step
        Length of the first steps in Å.

    Returns
    -------
    tuple
        The pose, and the mean correlation of at most 6 operators.
    """
    chosen = _few(pose.rotations)
    axes = axes_of(pose.rotations)
    along = axes[0].direction if len(axes) == 1 else None

    def cost(x: np.ndarray) -> float:
        moved = _moved(pose, x, test.radius, along)
        return -float(np.mean(test.of(moved.operators[chosen])))

    best, value = simplex(cost, 6 if along is None else 4, step, _EVALUATIONS)
    return _moved(pose, best, test.radius, along), -value


def _few(rotations: np.ndarray) -> np.ndarray:
    """Up to 6 operators, none the inverse of another."""
    kept: List[int] = []
    for i in 1 + np.random.default_rng(1).permutation(len(rotations) - 1):
        if all(np.abs(rotations[i].T - rotations[k]).max() > _SAME for k in kept):
            kept.append(int(i))
    return np.array(sorted(kept[:_OPERATORS]))


def _moved(pose: Pose, x: np.ndarray, radius: float, along: Optional[np.ndarray]) -> Pose:
    """A pose tilted and moved; about and along a single axis nothing can be moved."""
    if along is None:
        turn, shift = x[:3] / radius, x[3:]
    else:
        across = np.linalg.svd(along[None])[2][1:]
        turn, shift = (x[:2] / radius) @ across, x[2:] @ across
    angle = float(np.linalg.norm(turn))
    if angle > 0:
        tilt = turns(turn / angle, [angle])[0]
        return Pose(pose.name, tilt @ pose.rotations @ tilt.T, pose.centre + shift)
    return pose._replace(centre=pose.centre + shift)
