"""Where one map lies on another: search, test in a band that the search did not use, and the best poses to the finest detail."""
from __future__ import annotations

from typing import Callable, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from .pose_bands import Band, Prepared, band, correlations, points, values_at
from .pose_fit import Places, Pose, places_of, refine
from .pose_search import Candidate, angles_between, coarse_poses, of_quaternions, search_band
from .robust import robust_sd

SURE, ALIKE = 6.0, 0.25               # z and correlation in the test band from which a pose is believed
# Mirror images are alike in coarse detail: a correlation below the first must hold to so much of it in the next finer band. There the
# highest of them keep 0.4 of it, and parts that two molecules share 0.9.
_STRONG, HOLDS = 0.6, 0.6
_NARROW = 0.85                        # of the detail: a next band that ends before tells nothing
TEST = 0.62                          # of the search resolution: end of the test band
_LEVEL = 0.68                         # each level ends at so much of the one before
_KEPT = 0.8                           # of the best correlation, from which a pose is carried on
_SAME, _NEAR = 3.0, 0.25              # degrees, and details, within which two poses are one
# places: of a candidate, of a level, of every pose at last, of the best
_ROUGH, _POINTS, _MANY, _ALL = 3000, 6000, 40000, 200000
_NULL = 100                           # random poses
_WIDE = 0.1                           # standard deviation of their correlation from which the test band goes on to finer detail
_LOST, _SIGMA = 0.03, 4.0             # a band is lost below this correlation, or so many standard deviations of random poses
_TOP = 0.999                          # correlations beyond are taken as this
_CAP = 0.97                           # correlation past which a band weighs no more


class Placed(NamedTuple):
    """A pose that was found.

    ``pose`` takes the moving map to the reference; ``z`` is the height of atanh of its correlation in standard deviations of random poses,
    in the test band before it was refined there; ``alike`` the correlation in that band after; ``correlation`` that of the whole
    band up to the finest detail.
    """

    pose: Pose
    z: float
    alike: float
    correlation: float


class Placement(NamedTuple):
    """What a search found.

    ``poses``, the best first, none where there is no alignment; ``z`` and ``alike`` of the best candidate whether or not it was believed,
    and the correlation ``beyond`` in the next finer band, None where that was not looked at; ``coarse``, ``searched``, ``tested`` and
    ``fine`` ends (Å) of the bands; ``radius`` (Å) of the smaller map.
    """

    poses: Tuple[Placed, ...]
    z: float
    alike: float
    beyond: Optional[float]
    coarse: float
    searched: float
    tested: float
    fine: float
    radius: float


class _Level(NamedTuple):
    """Bands of both maps with places of the smaller one, and the detail they end at."""

    places: Places
    one: Band
    other: Band
    detail: float


def place(moving: Prepared, reference: Prepared, *, progress: Optional[Callable[[float, str], None]] = None) -> Placement:
    """All poses in which one map lies on another.

    Parameters
    ----------
    moving, reference
        Maps of :func:`cryoqa_plugin.core.pose_bands.prepare`.
    progress
        ``progress(fraction, message)``.

    Returns
    -------
    Placement
        A pose is believed with z of 6 or more in a band that the search did not use, and a correlation of 0.25 or more there after it was
        refined; below 0.6 it must keep 0.6 of that in the next finer band. Poses within 20 % of the best are carried to the finest detail
        at which the maps still agree; what lies in one place is listed once.

    Notes
    -----
    The last refinement gives each coefficient the weight ``T / (1 - T^2)`` with ``T`` the correlation of the maps in its band: what a
    shell tells of a phase.
    """
    say = progress or (lambda fraction, message: None)
    turned = reference.radius < moving.radius
    small, large = (reference, moving) if turned else (moving, reference)
    resolution = max(small.resolution, large.resolution)
    coarse, searched = search_band(small, resolution)
    tested = max(TEST * searched, resolution)
    level = _level(small, large, coarse, searched, _ROUGH)
    say(0.1, "all rotations")
    candidates = coarse_poses(small, large, level.one.one, level.other.one, searched)
    found = _distinct([refine(level.places, level.other.one, _pose(c, small), searched) for c in candidates], searched)
    say(0.4, "test of the best")
    tested, null = _test_band(small, large, found, searched, tested, resolution)
    kept, z, alike = _tested(small, large, found, (coarse, searched, tested), null)
    if not kept:
        return Placement((), z, alike, None, coarse, searched, tested, tested, small.radius)
    beyond = _beyond(kept[0], small, large, (coarse, tested, resolution))
    if beyond is not None and alike < _STRONG and beyond < HOLDS * alike:
        return Placement((), z, alike, beyond, coarse, searched, tested, tested, small.radius)
    kept, ends, strengths = _finer(kept, small, large, (coarse, searched, tested, resolution), say)
    poses = _last(kept, small, large, ends, strengths, say)
    if turned:
        poses = [p._replace(pose=p.pose.inverse()) for p in poses]
    return Placement(tuple(poses), z, alike, beyond, coarse, searched, tested, ends[-1], small.radius)


def _level(small: Prepared, large: Prepared, coarse: float, fine: float, count: int) -> _Level:
    one, other = band(small, coarse, fine), band(large, coarse, fine)
    return _Level(places_of(one.one, points(small, count)), one, other, fine)


def _pose(candidate: Candidate, small: Prepared) -> Pose:
    return Pose(candidate.rotation, small.centre, candidate.at - small.centre, 0.0, np.zeros((6, 6)))


def _distinct(poses: Sequence[Pose], detail: float) -> List[Pose]:
    """Poses, the best first, each in a place of its own."""
    out: List[Pose] = []
    for pose in sorted(poses, key=lambda p: -p.correlation):
        if not any(_one_place(pose, p, detail) for p in out):
            out.append(pose)
    return out


def _random(found: Sequence[Pose], count: int, seed: int) -> np.ndarray:
    """Operators of random turns where candidates lie, [count, 3, 4]."""
    rng = np.random.default_rng(seed)
    four = rng.standard_normal((count, 4))
    turns = of_quaternions(four / np.linalg.norm(four, axis=1)[:, None])
    return np.array([found[i % len(found)]._replace(rotation=r).operator for i, r in enumerate(turns)])


def _in_band(small: Prepared, large: Prepared, coarse: float, fine: float, operators: np.ndarray) -> np.ndarray:
    xyz = points(small, _POINTS, seed=1)
    return correlations(values_at(band(small, coarse, fine).one, xyz), band(large, coarse, fine).one, xyz, operators)


def _test_band(small: Prepared, large: Prepared, found: Sequence[Pose], searched: float, tested: float,
               resolution: float) -> Tuple[float, np.ndarray]:
    """End (Å) of the band that decides, and the correlations of random poses in it. In a small map few waves fit into a band: random
    poses scatter widely, and finer detail is needed to tell a pose from chance."""
    while True:
        null = _in_band(small, large, searched, tested, _random(found, _NULL, 0))
        if robust_sd(null) <= _WIDE or tested <= 1.02 * resolution:
            return tested, null
        tested = max(TEST * tested, resolution)


def _tested(small: Prepared, large: Prepared, found: Sequence[Pose], ends: Tuple[float, float, float],
            null: np.ndarray) -> Tuple[List[Placed], float, float]:
    """Poses that are believed, and z and correlation of the best candidate."""
    coarse, searched, tested = ends
    chance, heights = (np.arctanh(np.clip(t, -_TOP, _TOP))
                       for t in (null, _in_band(small, large, searched, tested, np.array([p.operator for p in found]))))
    before = (heights - np.median(chance)) / max(robust_sd(chance), 1e-9)
    order = np.argsort(-before)
    tried = [i for i in order if before[i] >= SURE] or [order[0]]
    level = _level(small, large, coarse, tested, _POINTS)
    after = [refine(level.places, level.other.one, found[i], tested) for i in tried]
    alike = _in_band(small, large, searched, tested, np.array([p.operator for p in after]))
    believed = [Placed(p, float(before[i]), float(t), p.correlation) for p, i, t in zip(after, tried, alike)
                if before[i] >= SURE and t >= ALIKE]
    return _near_best(believed, tested), float(before[order[0]]), float(alike.max())


def _beyond(best: Placed, small: Prepared, large: Prepared, ends: Tuple[float, float, float]) -> Optional[float]:
    """Correlation under a pose in the band beyond the test band, after it was refined there; None where the maps end before."""
    coarse, tested, resolution = ends
    fine = max(_LEVEL * tested, resolution)
    if fine > _NARROW * tested:
        return None
    level = _level(small, large, coarse, fine, _POINTS)
    pose = refine(level.places, level.other.one, best.pose, fine)
    return float(_in_band(small, large, tested, fine, pose.operator)[0])


def _near_best(placed: Sequence[Placed], detail: float) -> List[Placed]:
    """Those within 20 % of the best, each place once with the highest ``z`` that led there, the best first."""
    out: List[Placed] = []
    for pose in _distinct([p.pose for p in placed], detail):
        there = [p for p in placed if _one_place(pose, p.pose, detail)]
        out.append(Placed(pose, max(p.z for p in there), max(p.alike for p in there), pose.correlation))
    least = _KEPT * max((p.correlation for p in out), default=0.0)
    return [p for p in out if p.correlation >= least]


def _one_place(one: Pose, other: Pose, detail: float) -> bool:
    turn = float(angles_between(one.rotation, other.rotation[None])[0])
    return turn < _SAME and float(np.linalg.norm(one.at - other.at)) < _NEAR * detail


def _finer(kept: Sequence[Placed], small: Prepared, large: Prepared, ends: Tuple[float, float, float, float],
           say: Callable[[float, str], None]) -> Tuple[List[Placed], List[float], List[float]]:
    """The poses refined level by level while the maps agree; the ends of the bands (Å) and the correlation in each."""
    coarse, searched, tested, resolution = ends
    edges = [coarse, searched, tested]
    strengths = [float(_in_band(small, large, a, b, kept[0].pose.operator)[0]) for a, b in zip(edges[:-1], edges[1:])]
    out = list(kept)
    while edges[-1] > 1.02 * resolution:
        fine = max(_LEVEL * edges[-1], resolution)
        say(0.5 + 0.2 * (len(edges) - 2) / 6, f"poses at {fine:.1f} Å")
        level = _level(small, large, coarse, fine, _POINTS)
        finer = [p._replace(pose=refine(level.places, level.other.one, p.pose, fine)) for p in out]
        best = max(finer, key=lambda p: p.pose.correlation)
        null = _in_band(small, large, edges[-1], fine, _random([best.pose], 30, len(edges)))
        strength = float(_in_band(small, large, edges[-1], fine, best.pose.operator)[0])
        if strength < max(_LOST, _SIGMA * robust_sd(null)):
            break
        out = finer
        edges.append(fine)
        strengths.append(strength)
    return out, edges, strengths


def _weighted(prepared: Prepared, edges: Sequence[float], strengths: Sequence[float]) -> Prepared:
    """A map whose shells weigh what they tell: of two maps so weighted the product has ``T / (1 - T^2)``."""
    t = np.clip(strengths, _LOST, _CAP)
    middle = [0.5 * (1 / a + 1 / b) for a, b in zip(edges[:-1], edges[1:])]
    freq = np.arange(prepared.geo.n_shells) / prepared.geo.length
    weight = np.exp(np.interp(freq, middle, np.log(t / (1 - t * t))))
    return prepared._replace(fsc=weight / (_CAP / (1 - _CAP ** 2)))


def _last(kept: Sequence[Placed], small: Prepared, large: Prepared, edges: Sequence[float], strengths: Sequence[float],
          say: Callable[[float, str], None]) -> List[Placed]:
    """The poses at the finest detail with their errors, the best first."""
    one, other = (_weighted(p, edges, strengths) for p in (small, large))
    level = _level(one, other, edges[0], edges[-1], _MANY)
    plain = _level(small, large, edges[0], edges[-1], _POINTS)
    first = values_at(plain.one.one, plain.places.xyz)
    out = []
    for i, p in enumerate(kept):
        say(0.7 + 0.2 * i / len(kept), f"pose {i + 1} of {len(kept)}")
        pose = refine(level.places, level.other.one, p.pose, level.detail, errors=True)
        out.append(p._replace(pose=pose, correlation=float(correlations(first, plain.other.one, plain.places.xyz, pose.operator)[0])))
    out = _near_best([p._replace(pose=p.pose._replace(correlation=p.correlation)) for p in out], level.detail)
    every = places_of(level.one.one, points(one, _ALL))
    return [out[0]._replace(pose=refine(every, level.other.one, out[0].pose, level.detail, errors=True)), *out[1:]]
