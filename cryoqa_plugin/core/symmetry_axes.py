"""Axes by which a map is its own copy: a search over all directions, refined, with the folds of each axis."""
from __future__ import annotations

from typing import Callable, List, NamedTuple, Sequence, Tuple

import numpy as np
import scipy.optimize
from scipy.spatial.transform import Rotation

from .pose_bands import Band, Prepared, about, band, correlations, points, values_at
from .robust import robust_sd

PRIMES = (2, 3, 5, 7, 11, 13)         # folds that are looked for; others are products of these
HIGHEST = 24                          # largest fold of an axis
ALIKE, APART = 0.3, 6.5               # an axis correlates by this part of the map with itself, and so many deviations above others
_COARSEST, _SHARE, _FINER = 25.0, 0.2, 1.6       # the search ends at 10 Å, 0.2 of the radius or 1.6 of the resolution, not above 25 Å
_FINEST = 10.0
BEGINS = 2.5                          # radii: where the search begins
_STEP, _STEPS = 0.22, (1.5, 5.0)      # step of the directions: 0.22 of the finest detail over the radius, within limits in degrees
_SCAN, _REFINE, _EVALUATIONS = 6000, 4000, 55    # places, and evaluations of a refinement
_KEPT = {2: 10, 3: 8, 5: 6}           # directions refined for each prime
_FEWEST = 4
_SEPARATE, _WORTH = 2.5, 2.5          # steps between directions, and deviations from which a direction is refined
_OFF = 0.1                            # of the finest detail, between the centres of mass and of the mask: both are tried
_FOLD = 0.6                           # of the correlation of an axis, that each of its turns must have
_SAME_LINE = 4.0                      # degrees between directions that are one


class Axis(NamedTuple):
    """An axis: ``direction`` (x, y, z) of length 1, a ``point`` on it in Å, the prime ``turn`` that found it, its correlation and
    deviations above other axes, and the folds that hold."""

    direction: np.ndarray
    point: np.ndarray
    turn: int
    correlation: float
    significance: float
    folds: Tuple[int, ...]


class Search(NamedTuple):
    """Axes found, the best first; ``whole`` is the correlation of the half-maps themselves, ``band`` where was looked, ``tried`` how many
    directions were refined, ``best`` the highest correlation over ``whole`` and ``highest`` the highest significance of any of them;
    ``false`` all that were refined and are no axes."""

    axes: Tuple[Axis, ...]
    whole: float
    band: Band
    tried: int
    best: float
    highest: float
    false: Tuple[Axis, ...]


def search_end(prepared: Prepared) -> float:
    """The finest detail (Å) of the search for axes.

    Parameters
    ----------
    prepared
        The half-maps.

    Returns
    -------
    float
        ``max(10, 0.2 R, min(1.6 d, 25))``, and never finer than the resolution ``d``; ``R`` is the radius.
    """
    return max(_FINEST, _SHARE * prepared.radius, min(_FINER * prepared.resolution, _COARSEST), 1.05 * prepared.resolution)


def turns(direction: np.ndarray, angles: Sequence[float]) -> np.ndarray:
    """Rotations about a direction, or about each of many by one angle each.

    Parameters
    ----------
    direction
        x, y, z of length 1, float64 [3] or [n, 3].
    angles
        In radians, [n].

    Returns
    -------
    ndarray
        float64 [n, 3, 3].
    """
    return Rotation.from_rotvec(np.asarray(angles, dtype=np.float64)[:, None] * direction).as_matrix()


def half_sphere(step: float) -> np.ndarray:
    """Directions that cover half of the sphere evenly, on a Fibonacci spiral.

    Parameters
    ----------
    step
        Mean distance of neighbours in degrees.

    Returns
    -------
    ndarray
        x, y, z with z > 0, float64 [n, 3].
    """
    n = max(int(np.ceil(2 * np.pi / np.radians(step) ** 2)), 1)
    z = (np.arange(n) + 0.5) / n
    phi = np.arange(n) * np.pi * (3 - 5 ** 0.5)
    r = np.sqrt(1 - z * z)
    return np.stack([r * np.cos(phi), r * np.sin(phi), z], axis=1)


def search(prepared: Prepared, progress: Callable[[float, str], None] = lambda share, text: None) -> Search:
    """Axes of rotation of a map, in any direction and through any point near its centre.

    Parameters
    ----------
    prepared
        The half-maps.
    progress
        ``progress(fraction, message)``.

    Returns
    -------
    Search
        Of half-map 1 against turned half-map 2, by turns of 360 degrees over a prime. An axis is one whose correlation after refinement
        is above 0.3 of that of the half-maps themselves and 6.5 robust standard deviations above the median over all directions.
    """
    fine = search_end(prepared)
    found = band(prepared, BEGINS * prepared.radius, fine)
    step = float(np.clip(np.degrees(_STEP * fine / prepared.radius), *_STEPS))
    grid, places = half_sphere(step), points(prepared, _SCAN)
    first, few = values_at(found.one, places, cubic=False), points(prepared, _REFINE, 1)
    test = AxisTest(found, few, prepared.radius)
    whole, out, centres = test.whole, [], [prepared.centre]
    if np.linalg.norm(prepared.middle - prepared.centre) > _OFF * fine:      # a copy is weaker than the others
        centres.append(prepared.middle)
    for i, p in enumerate(PRIMES):
        progress(i / len(PRIMES), f"axes of fold {p}")
        tried = [correlations(first, found.two, places, about(turns(grid, np.full(len(grid), 2 * np.pi / p)), c), cubic=False)
                 for c in centres]
        scores, which = np.max(tried, axis=0), np.argmax(tried, axis=0)
        middle = float(np.median(scores))
        spread = max(robust_sd(scores, middle), 1e-6)
        for at in _apart(grid, scores, step, middle + _WORTH * spread, _KEPT.get(p, _FEWEST)):
            axis, point, value = test.refined(grid[at], centres[which[at]], p, _SHARE * fine)
            out.append(Axis(axis, point, p, value, (value - middle) / spread, ()))
    good = [a for a in out if a.correlation > ALIKE * whole and a.significance > APART]
    merged = _merged(sorted(good, key=lambda a: -a.correlation))
    axes = tuple(a._replace(folds=test.folds(a)) for a in merged)
    return Search(axes, whole, found, len(out), max([a.correlation / whole for a in out], default=0.0),
                  max([a.significance for a in out], default=0.0), tuple(a for a in out if not any(a is g for g in good)))


def _apart(grid: np.ndarray, scores: np.ndarray, step: float, least: float, most: int) -> List[int]:
    """The highest scores, none within 2.5 steps of a higher one."""
    kept: List[int] = []
    near = np.cos(np.radians(_SEPARATE * step))
    for at in np.argsort(-scores):
        if scores[at] <= least or len(kept) == most:
            break
        if all(abs(float(grid[at] @ grid[k])) < near for k in kept):
            kept.append(int(at))
    return kept


def _merged(axes: Sequence[Axis]) -> List[Axis]:
    """One axis for each direction: the one that correlates best. Sorted by correlation, as given."""
    kept: List[Axis] = []
    for axis in axes:
        if all(abs(float(axis.direction @ k.direction)) < np.cos(np.radians(_SAME_LINE)) for k in kept):
            kept.append(axis)
    return kept


class AxisTest:
    """Correlation of one half-map with the other turned about an axis.

    Parameters
    ----------
    found
        The band.
    places
        Where it is compared, x, y, z in Å, float64 [n, 3].
    radius
        Of the map (Å): by it an angle is made a length.
    """

    def __init__(self, found: Band, places: np.ndarray, radius: float) -> None:
        self.places, self.radius = places, radius
        self.first = values_at(found.one, places)
        self.two = found.two._replace(data=found.two.splines)            # lets go of what only the coarse search reads
        self.whole = float(self.of(np.eye(3, 4))[0])

    def of(self, operators: np.ndarray) -> np.ndarray:
        """Correlation for each operator.

        Parameters
        ----------
        operators
            ``x' = R x + t`` in Å, float64 [n, 3, 4] or [3, 4].

        Returns
        -------
        ndarray
            float64 [n].
        """
        return correlations(self.first, self.two, self.places, operators)

    def refined(self, direction: np.ndarray, point: np.ndarray, fold: int, step: float) -> Tuple[np.ndarray, np.ndarray, float]:
        """An axis turned and moved to where the correlation is highest.

        Parameters
        ----------
        direction, point
            Where to begin: x, y, z of length 1, and in Å.
        fold
            Of a turn.
        step
            Length of the first steps in Å.

        Returns
        -------
        tuple
            Direction, point and correlation.
        """
        sides = across(direction)

        def placed(x: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
            tilted = direction + (x[:2] / self.radius) @ sides
            return tilted / np.linalg.norm(tilted), point + x[2:] @ sides

        def cost(x: np.ndarray) -> float:
            axis, centre = placed(x)
            return -float(self.of(about(turns(axis, [2 * np.pi / fold]), centre))[0])

        best, value = simplex(cost, 4, step, _EVALUATIONS)
        return (*placed(best), -value)

    def folds(self, axis: Axis) -> Tuple[int, ...]:
        """Folds of an axis: each turn of it correlates by 0.6 of what the axis does.

        Parameters
        ----------
        axis
            With direction, point and correlation.

        Returns
        -------
        tuple of int
            The largest first, up to 24.
        """
        angles = [(k, n) for n in range(2, HIGHEST + 1) for k in range(1, n // 2 + 1) if np.gcd(k, n) == 1]
        values = self.of(about(turns(axis.direction, [2 * np.pi * k / n for k, n in angles]), axis.point))
        holds = {n: all(v >= _FOLD * axis.correlation for v, (_, m) in zip(values, angles) if m == n) for n in range(2, HIGHEST + 1)}
        return tuple(n for n in range(HIGHEST, 1, -1) if all(holds[m] for m in range(2, n + 1) if n % m == 0))


def simplex(cost: Callable[[np.ndarray], float], size: int, step: float, evaluations: int) -> Tuple[np.ndarray, float]:
    """The lowest value near zero, by the simplex of Nelder and Mead.

    Parameters
    ----------
    cost
        Of ``size`` numbers.
    size, step
        How many numbers, and the first step of each.
    evaluations
        At most.

    Returns
    -------
    tuple
        The numbers, float64 [size], and the cost there.

    References
    ----------
    Nelder & Mead (1965), https://doi.org/10.1093/comjnl/7.4.308.
    """
    corners = np.concatenate([np.zeros((1, size)), step * np.eye(size)])
    found = scipy.optimize.minimize(cost, np.zeros(size), method="Nelder-Mead",
                                    options=dict(maxfev=evaluations, initial_simplex=corners, xatol=1e-5, fatol=1e-7))
    return found.x, float(found.fun)


def across(direction: np.ndarray) -> np.ndarray:
    """Two directions at right angles to one and to each other.

    Parameters
    ----------
    direction
        x, y, z of length 1, float64 [3].

    Returns
    -------
    ndarray
        float64 [2, 3].
    """
    other = np.eye(3)[int(np.argmin(np.abs(direction)))]
    first = np.cross(direction, other)
    first /= np.linalg.norm(first)
    return np.array([first, np.cross(direction, first)])
