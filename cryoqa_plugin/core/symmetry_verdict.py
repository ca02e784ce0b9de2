"""Is a group of rotations exact: correlation of each operator in bands of resolution, against that of the half-maps themselves."""
from __future__ import annotations

from typing import Any, Dict, List, NamedTuple, Optional, Tuple

import numpy as np
from scipy.stats import norm

from .pose_bands import Prepared, band, points
from .symmetry_axes import ALIKE, BEGINS, AxisTest, Search, turns
from .symmetry_groups import Pose, axes_of, group_name, refined, subgroup

EXACT, HOLDS = 0.985, 0.5             # of the correlation of the half-maps, from which an operator is exact, and holds in a band
ALIKE_COPIES = 0.6                    # in the band of the search, from which copies are alike and not of one outline only
SURE, ALSO = 6.0, 4.0                 # deviations above false rotations, without which nothing is said of a group
_RATIO, _LAST = 0.72, 1.15            # of the ends of neighbouring bands, and of the last to the resolution
_PLACES, _REFINE = 20000, 6000
_FALSE, _AWAY, _PART = 40, 15.0, 0.3  # false rotations, and how far they are from the operators: 15 degrees or 0.3 of a turn of the group
FINEST = 2.7                         # voxels: splines lose detail that is finer, so that nothing is judged there
_LARGE = 1 << 22                      # voxels of a band that is not kept
_SHARE = 0.2                          # of the finest detail: first step of a refinement


class Verdict(NamedTuple):
    """What bands say of a group.

    ``pose`` after refinement; ``relative`` float64 [n - 1, bands], correlation of each operator but the identity less that of false
    rotations, over that of the half-maps themselves less the same; ``ends`` float64 [bands] where each band ends (Å), the first being
    the one of the search; ``whole`` correlations of the half-maps, ``null`` spread of false rotations; ``mean`` float64 [n - 1], the mean
    over bands beyond the first; ``untouched`` the significance of the mean over operators in the second band, with the pose as the first
    one left it.
    """

    pose: Pose
    relative: np.ndarray
    ends: np.ndarray
    whole: np.ndarray
    null: np.ndarray
    mean: np.ndarray
    untouched: float

    @property
    def exact(self) -> np.ndarray:
        """Which operators are exact, the identity included, bool [n]."""
        return np.concatenate([[True], self.mean >= EXACT])

    @property
    def rest(self) -> np.ndarray:
        """Operators that are not exact; all where every one is, bool [n - 1]."""
        return ~self.exact[1:] if not self.exact.all() else np.ones(len(self.mean), dtype=bool)

    @property
    def kind(self) -> str:
        """``exact``; ``approximate``: the copies are alike in the band of the search; ``pseudo``: they share an outline."""
        if self.exact.all():
            return "exact"
        return "approximate" if self.relative[self.rest, 0].mean() >= ALIKE_COPIES else "pseudo"

    @property
    def by_band(self) -> np.ndarray:
        """Mean over the operators of :attr:`rest`, float64 [bands]."""
        return self.relative[self.rest].mean(axis=0)

    @property
    def rest_sure(self) -> bool:
        """Whether the operators of :attr:`rest` stand out of false rotations in the first two bands."""
        height = self.by_band * self.whole / self.null
        return bool(height[0] >= SURE and height[1] >= ALSO)

    @property
    def holds_to(self) -> Optional[float]:
        """End (Å) of the last band, before the first that fails, in which :attr:`by_band` is a half."""
        return last_end(self.by_band, self.ends)

    @property
    def sure(self) -> bool:
        """Whether a band beyond that of the search stands out of false rotations: a small molecule has too few details in the first."""
        height = self.relative.mean(axis=0) * self.whole / self.null
        return bool(height[1:].max() >= SURE)

    def chance(self, tried: int) -> float:
        """Probability that one of some candidates without symmetry correlates so in a band that was not used to find it.

        Parameters
        ----------
        tried
            How many candidates there were.

        Returns
        -------
        float
            0 to 1.
        """
        return float(min(norm.sf(self.untouched) * tried, 1.0))


class Bands:
    """Bands of a pair of half-maps, each made once.

    Parameters
    ----------
    prepared
        The half-maps.
    search
        What the search for axes used.
    """

    def __init__(self, prepared: Prepared, search: Search) -> None:
        self.prepared, self.search = prepared, search
        self.ends = ends_of(search.band.fine, max(prepared.resolution, FINEST * max(prepared.voxel)))
        self._places, self._few = points(prepared, _PLACES, 2), points(prepared, _REFINE, 3)
        self._tests: Dict[int, AxisTest] = {}
        self._levels: Dict[float, AxisTest] = {}

    def test(self, number: int) -> AxisTest:
        """The places of a band that a verdict is from; the first is the band of the search.

        Parameters
        ----------
        number
            Of the band.

        Returns
        -------
        AxisTest
            Kept for the next who asks, where it is small.
        """
        if number not in self._tests:
            made = band(self.prepared, self.ends[number - 1], self.ends[number]) if number else self.search.band
            return self._kept(self._tests, number, AxisTest(made, self._places, self.prepared.radius))
        return self._tests[number]

    def level(self, fine: float) -> AxisTest:
        """All detail from the search band on down to a resolution, for refinement.

        Parameters
        ----------
        fine
            Its end in Å.

        Returns
        -------
        AxisTest
            Kept for the next who asks, where it is small.
        """
        if fine not in self._levels:
            made = band(self.prepared, BEGINS * self.prepared.radius, fine)
            return self._kept(self._levels, fine, AxisTest(made, self._few, self.prepared.radius))
        return self._levels[fine]

    @staticmethod
    def _kept(shelf: Dict[Any, AxisTest], name: Any, test: AxisTest) -> AxisTest:
        """A test, kept where its map is small: a large one is made again, which takes less than to hold it."""
        if test.two.splines.size <= _LARGE:
            shelf[name] = test
        return test

    @property
    def finest(self) -> float:
        """Where refinement ends (Å)."""
        return min(max(_LAST * self.prepared.resolution, FINEST * max(self.prepared.voxel)), self.ends[0])


def last_end(by_band: np.ndarray, ends: np.ndarray) -> Optional[float]:
    """End of the last band, before the first that fails, in which a relative correlation is a half.

    Parameters
    ----------
    by_band, ends
        The correlation in each band, and where it ends (Å), float64 [bands].

    Returns
    -------
    float or None
        In Å; None where the first band fails.
    """
    below = np.flatnonzero(by_band < HOLDS)
    last = int(below[0]) - 1 if below.size else len(by_band) - 1
    return float(ends[last]) if last >= 0 else None


def ends_of(first: float, last: float) -> np.ndarray:
    """Ends of bands: each 0.72 of the one before, down to the resolution; no thinner one at the end.

    Parameters
    ----------
    first, last
        End of the first and of the last band (Å).

    Returns
    -------
    ndarray
        float64 [bands], in Å.
    """
    count = max(int(np.floor(np.log(last / first) / np.log(_RATIO) + 0.5)), 1)
    return np.geomspace(first, last, count + 1)


def judged(pose: Pose, bands: Bands) -> Verdict:
    """A group refined in ever finer detail, and what the bands say of each operator.

    Parameters
    ----------
    pose
        As the search left it.
    bands
        Of the half-maps.

    Returns
    -------
    Verdict
        Refinement stops where an operator correlates by less than 0.3 of what the half-maps do; the pose before is kept.
    """
    first = bands.ends[0]
    pose, _ = refined(pose, bands.level(first), _SHARE * first)
    untouched = _relative(pose, bands.test(1))[3]
    for fine in (float(np.sqrt(first * bands.finest)), bands.finest):
        if fine >= 0.99 * first:
            break
        level = bands.level(fine)
        moved, _ = refined(pose, level, _SHARE * fine)
        if level.of(moved.operators[1:]).min() < ALIKE * level.whole:
            break
        pose = moved
    parts = [_relative(pose, bands.test(i)) for i in range(len(bands.ends))]
    relative = np.stack([p[0] for p in parts], axis=1)
    whole, null = (np.array([p[i] for p in parts]) for i in (1, 2))
    mean = np.average(relative[:, 1:], axis=1, weights=np.maximum(whole[1:], 1e-3) ** 2)
    return Verdict(pose, relative, bands.ends, whole, null, mean, untouched)


def _relative(pose: Pose, test: AxisTest) -> Tuple[np.ndarray, float, float, float]:
    """Of each operator the relative correlation; that of the half-maps, the spread of false rotations, and the significance of the mean."""
    values, false = test.of(pose.operators[1:]), test.of(_false(pose))
    middle, spread = float(false.mean()), max(float(false.std(ddof=1)), 1e-6)
    if pose.order % 2 == 0:
        spread *= 2 ** 0.5                                   # a turn by 180 degrees compares each pair of places twice
    return ((values - middle) / max(test.whole - middle, 1e-6), test.whole, spread, (float(values.mean()) - middle) / spread)


def _false(pose: Pose) -> np.ndarray:
    """Operators about the same centre that are not in the group: half about its axes, half any."""
    rng = np.random.default_rng(4)
    axes = axes_of(pose.rotations)
    least = np.cos(np.radians(min(_AWAY, _PART * 360 / axes[0].fold)))
    out: List[np.ndarray] = []
    while len(out) < _FALSE:
        if len(out) < _FALSE // 2:
            direction = axes[int(rng.integers(len(axes)))].direction
        else:
            direction = rng.standard_normal(3)
            direction /= np.linalg.norm(direction)
        turn = turns(direction, [_angle(rng, len(out) < _FALSE // 2)])[0]
        if ((np.einsum("nij,ij->n", pose.rotations, turn) - 1) / 2 < least).all():
            out.append(turn)
    return Pose("", np.array(out), pose.centre).operators


def _angle(rng: np.random.Generator, even: bool) -> float:
    """An angle, even or as of random rotations (density 1 - cos)."""
    while True:
        angle = float(rng.uniform(0, 2 * np.pi))
        if even or rng.random() < (1 - np.cos(angle)) / 2:
            return angle


def exact_part(verdict: Verdict) -> Optional[Pose]:
    """The largest group of exact operators.

    Parameters
    ----------
    verdict
        On a group.

    Returns
    -------
    Pose or None
        None where none is.
    """
    kept = subgroup(verdict.pose.rotations, verdict.exact)
    if len(kept) < 2:
        return None
    rotations = verdict.pose.rotations[kept]
    return Pose(group_name(rotations), rotations, verdict.pose.centre)
