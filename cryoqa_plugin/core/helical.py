"""Is a map a helix: its rise and twist with their errors, and what bands of resolution and the noise say of the copies along it.

Positions are x, y, z in Å from the centre of the first voxel of the whole map.
"""
from __future__ import annotations

from typing import Callable, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np
from scipy.spatial.transform import Rotation

from .helical_search import Line, cylinders, lattice, long_axes, multiples, refined_axis
from .pose_bands import Band, Prepared, Volume, about, band, correlations, noise, points, values_at
from .symmetry_axes import ALIKE, BEGINS, HIGHEST, across, search_end, simplex, turns
from .symmetry_verdict import ALIKE_COPIES, ALSO, EXACT, FINEST, SURE, ends_of, last_end

_REPEATS = 0.25                       # height of an axis, below which nothing is looked for on it
_COARSE, _WIDER = 80.0, 1.8           # Å, where detail begins; and of the search's end: detail that a first axis is found by
_LEVEL = 0.72                         # of the ends of neighbouring levels
_LAST = 1.15                          # of the resolution, where refinement ends
_PLACES, _FEW, _LEAST = 20000, 6000, 500
_WELL = 0.9                           # of the mask, where copies are compared
_EVALUATIONS = 240
_SHARE = 0.2                          # of the finest detail: first step of a refinement
_FALSE, _AWAY = 40, 20.0              # false rotations, and how many degrees they turn the axis at least
_SMEARED, _END = 0.5, 0.2             # of the inverse of the width of a band, and of the length, that is left out at each end
_FOLD = 0.6                           # of the correlation of the copies, that turns about the axis must have
_NOISE = 2.5                          # voxels: finest detail of the noise
_PARTS = 8                            # sectors about the axis, from which errors come
_FLAT = 0.02                          # of the largest curvature, below which a number does not change the correlation
_STENCIL = 0.12                       # of the finest detail: steps from which slopes come


class Helix(NamedTuple):
    """A helix: its axis, ``rise`` (Å) along and ``twist`` (radians) about its direction from a copy to the next, ``fold`` of the axis."""

    line: Line
    rise: float
    twist: float
    fold: int = 1

    def operators(self, steps: Sequence[int], turn: int = 0) -> np.ndarray:
        """Operators of copies.

        Parameters
        ----------
        steps
            How many steps along the helix.
        turn
            How many parts of a full turn (1 / fold) about the axis.

        Returns
        -------
        ndarray
            ``x' = R x + t`` in Å, float64 [n, 3, 4].
        """
        k = np.asarray(steps, dtype=np.float64)
        rotations = turns(self.line.direction, k * self.twist + turn * 2 * np.pi / self.fold)
        return about(rotations, self.line.point, k[:, None] * self.rise * self.line.direction)

    @property
    def steps(self) -> Sequence[int]:
        """Steps by which copies are compared."""
        return multiples(self.rise, self.line.length)


class Errors(NamedTuple):
    """Standard errors of ``rise`` (Å) and ``twist`` (radians)."""

    rise: float
    twist: float


class HelicalVerdict(NamedTuple):
    """What bands say of a helix.

    ``helix`` after refinement, ``errors`` of its numbers; ``steps`` that were compared, int [n]; ``relative`` float64 [n, bands],
    correlation of half-map 1 with half-map 2 moved by so many steps, less that of false rotations, over that of the half-maps less the
    same; ``ends`` of the bands (Å), ``whole`` correlation of the half-maps and ``null`` spread of false rotations in each; ``mean``
    float64 [n] over bands beyond the first; ``repeats`` correlation of the noise with its copy by each step, NaN where it is not known.
    """

    helix: Helix
    errors: Errors
    steps: Sequence[int]
    relative: np.ndarray
    ends: np.ndarray
    whole: np.ndarray
    null: np.ndarray
    mean: np.ndarray
    repeats: np.ndarray

    @property
    def by_band(self) -> np.ndarray:
        """Mean over the steps, float64 [bands]."""
        return self.relative.mean(axis=0)

    @property
    def kind(self) -> str:
        """``exact``; ``approximate``: the copies are alike in the first band; ``pseudo``: they share an outline."""
        if (self.mean >= EXACT).all():
            return "exact"
        return "approximate" if self.by_band[0] >= ALIKE_COPIES else "pseudo"

    @property
    def sure(self) -> bool:
        """Whether the copies stand out of false steps in the first two bands."""
        height = self.by_band * self.whole / self.null
        return bool(height[0] >= SURE and height[1:2].min(initial=SURE) >= ALSO)

    @property
    def holds_to(self) -> Optional[float]:
        """End (Å) of the last band, before the first that fails, in which :attr:`by_band` is a half."""
        return last_end(self.by_band, self.ends)


class _Test:
    """Correlation of half-map 1 at places with half-map 2 at the places that steps take them to, both within the mask."""

    def __init__(self, prepared: Prepared, found: Band, helix: Helix, count: int) -> None:
        self.found, self.places = found, points(prepared, count, 6)
        self.mask = Volume(prepared.mask, prepared.mask, np.array(prepared.voxel), prepared.origin)
        self.line = helix.line
        self.places = self.places[(values_at(self.mask, self.places, cubic=False) > _WELL) & self._along(self.places)]
        self.first = values_at(found.one, self.places)
        self.second = values_at(found.two, self.places)

    def _along(self, places: np.ndarray) -> np.ndarray:
        """Which places lie between the ends of the filament, bool [n]."""
        at = (places - self.line.point) @ self.line.direction
        return (at >= self.line.low) & (at <= self.line.high)

    def moved(self, operator: np.ndarray) -> np.ndarray:
        """Where an operator takes the places, float64 [n, 3]."""
        return self.places @ operator[:, :3].T + operator[:, 3]

    def inside(self, operator: np.ndarray) -> np.ndarray:
        """Which places an operator leaves in the mask and between the ends, bool [n]."""
        return (values_at(self.mask, self.places, operator, cubic=False) > _WELL) & self._along(self.moved(operator))

    def of(self, operator: np.ndarray, inside: np.ndarray) -> float:
        """The correlation over some of the places."""
        return _pearson(self.first[inside], values_at(self.found.two, self.places[inside], operator))

    def pair(self, operator: np.ndarray) -> Tuple[float, float]:
        """The correlation by an operator, and that of the half-maps at the same places before and after; NaN where few stay inside."""
        inside = self.inside(operator)
        if np.count_nonzero(inside) < _LEAST:
            return np.nan, np.nan
        moved = self.moved(operator)[inside]
        one, two = values_at(self.found.one, moved), values_at(self.found.two, moved)
        back = _pearson(self.second[inside], one)
        whole = [_pearson(self.first[inside], self.second[inside]), _pearson(one, two)]
        return (_pearson(self.first[inside], two) + back) / 2, float(np.sqrt(max(whole[0], 0.0) * max(whole[1], 0.0)))


def _pearson(a: np.ndarray, b: np.ndarray) -> float:
    x, y = a.astype(np.float64) - a.mean(dtype=np.float64), b.astype(np.float64) - b.mean(dtype=np.float64)
    below = float(x @ x) * float(y @ y)
    return float(x @ y) / below ** 0.5 if below > 0 else 0.0


def find_helix(prepared: Prepared, through: str, two: bool = True) -> Optional[HelicalVerdict]:
    """The helix of a map.

    Parameters
    ----------
    prepared
        The half-maps.
    through
        Axes of the box, of ``xyz``, that the molecule runs through from face to face.
    two
        Whether there are two half-maps, whose difference is noise.

    Returns
    -------
    HelicalVerdict or None
        None for a molecule that is not long, or that does not repeat along its axis.
    """
    first = search_end(prepared)
    lines = [line for line in long_axes(prepared, through) if line.length > 2 * first]
    if not lines:
        return None
    start, wider = (band(prepared, max(_COARSE, 2 * fine), fine) for fine in (first, _WIDER * first))
    lines += [refined_axis(wider, line)[0] for line in lines]             # of coarse detail, which tells an axis that is far off
    best, height = max((refined_axis(start, line) for line in lines), key=lambda found: found[1])
    if height < _REPEATS:
        return None
    helix = _refined(prepared, best, start)
    if helix is None:
        return None
    helix, errors = _polished(prepared, helix)
    verdict = _judged(prepared, helix, errors, first, two)
    return verdict if verdict.sure else None


def _refined(prepared: Prepared, line: Line, start: Band) -> Optional[Helix]:
    """The helix in ever finer detail; the lattice is looked for anew in each."""
    last = _finest(prepared)
    helix, found = None, start
    while True:
        seen = lattice(cylinders(found, line), line)
        if seen is not None:
            made = _fitted(prepared, found, Helix(line, seen.rise, seen.twist))
            if made is not None:
                helix, line = made, made.line
        elif helix is not None:
            return helix
        if found.fine <= last * 1.01:
            return helix if seen is None or helix is None else _fitted(prepared, found, helix)
        found = band(prepared, start.coarse, max(_LEVEL * found.fine, last))
        if helix is None:
            line, _ = refined_axis(found, line, 40)


def _finest(prepared: Prepared) -> float:
    """Where refinement ends (Å)."""
    return max(_LAST * prepared.resolution, FINEST * max(prepared.voxel))


def _moved_by(helix: Helix, steps: Sequence[int]) -> Callable[[np.ndarray], Helix]:
    """A helix by six lengths in Å: tilt and shift of its axis, rise and twist; each moves the copies by about as much."""
    sides, line, far = across(helix.line.direction), helix.line, float(np.mean(steps))
    # a turn by a small angle hardly feels where its axis is
    felt = float(np.clip(np.mean([abs(2 * np.sin(k * helix.twist / 2)) for k in steps]), 0.1, 1.0))

    def placed(x: np.ndarray) -> Helix:
        tilted = line.direction + (x[:2] / (line.length / 2)) @ sides
        moved = line._replace(direction=tilted / np.linalg.norm(tilted), point=line.point + (x[2:4] / felt) @ sides)
        return helix._replace(line=moved, rise=helix.rise + x[4] / far, twist=helix.twist + x[5] / (far * max(line.radius / 2, 1.0)))

    return placed


def _fitted(prepared: Prepared, found: Band, helix: Helix) -> Optional[Helix]:
    """A helix with axis, rise and twist where its copies correlate best; None where they do not reach 0.3."""
    test = _Test(prepared, found, helix, _FEW)
    inside = [(k, test.inside(o)) for k, o in zip(helix.steps, helix.operators(helix.steps))]
    kept = [(k, at) for k, at in inside if np.count_nonzero(at) >= _LEAST]
    if not kept:
        return None
    placed = _moved_by(helix, [k for k, _ in kept])

    def cost(x: np.ndarray) -> float:
        return -float(np.mean([test.of(o, at) for o, (_, at) in zip(placed(x).operators([k for k, _ in kept]), kept)]))

    best, value = simplex(cost, 6, _SHARE * found.fine, _EVALUATIONS)
    return placed(best) if -value >= ALIKE * _pearson(test.first, test.second) else None


def _polished(prepared: Prepared, helix: Helix) -> Tuple[Helix, Errors]:
    """A helix at the top of the correlation over all detail, and the errors of its numbers from sectors about the axis, each left out
    once; axis, rise and twist are free in each."""
    fine = _finest(prepared)
    found = band(prepared, max(_COARSE, 2 * fine), fine)
    test, placed = _Test(prepared, found, helix, _PLACES), _moved_by(helix, helix.steps)
    offsets = _around(6)
    sums = _sums(test, [placed(_STENCIL * fine * x) for x in offsets])
    at_best = _top(_correlation(sums[0].sum(axis=2)), offsets)
    spread = np.sqrt(sum(_left_out(parts, offsets) for parts in sums))
    one, other = placed(np.zeros(6)), placed(_STENCIL * fine * spread)
    return placed(_STENCIL * fine * at_best), Errors(abs(other.rise - one.rise), abs(other.twist - one.twist))


def _left_out(sums: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """Variance of the place of the top, from sectors of which each is left out once, float64 [6]."""
    whole = sums.sum(axis=2)
    tops = np.array([_top(_correlation(whole - sums[:, :, s]), offsets) for s in range(_PARTS)])
    return (_PARTS - 1) / _PARTS * ((tops - tops.mean(axis=0)) ** 2).sum(axis=0)


def _around(n: int) -> np.ndarray:
    """Points around zero from which a parabola in n numbers follows, float64 [m, n]."""
    one = np.eye(n)
    pairs = [sign * (one[i] + one[j]) for i in range(n) for j in range(i) for sign in (1, -1)]
    return np.concatenate([np.zeros((1, n)), one, -one, np.array(pairs)])


def _sums(test: _Test, helices: Sequence[Helix]) -> np.ndarray:
    """Sums of 1, x, y, x^2, y^2 and x y over places, x in half-map 1 and y in moved half-map 2, float64 [2, helices, steps, sectors, 6]: by
    the sector of the place, in which the noise of x is, and by that of its copy, with that of y."""
    middle = helices[0]
    out = np.zeros((2, len(helices), len(middle.steps), _PARTS, 6))
    for j, operator in enumerate(middle.operators(middle.steps)):
        at = test.inside(operator)
        x, parts = test.first[at].astype(np.float64), [_sectors(p[at], middle.line) for p in (test.places, test.moved(operator))]
        for i, helix in enumerate(helices):
            y = values_at(test.found.two, test.places[at], helix.operators([middle.steps[j]])[0]).astype(np.float64)
            terms = (np.ones_like(x), x, y, x * x, y * y, x * y)
            for k, part in enumerate(parts):
                out[k, i, j] = np.stack([np.bincount(part, weights=t, minlength=_PARTS) for t in terms], axis=1)
    return out


def _sectors(places: np.ndarray, line: Line) -> np.ndarray:
    """Number of the sector about an axis that each place lies in, int [n]."""
    x, y = across(line.direction) @ (places - line.point).T
    return ((np.arctan2(y, x) / (2 * np.pi) * _PARTS) % _PARTS).astype(int)


def _correlation(sums: np.ndarray) -> np.ndarray:
    """Mean over steps of Pearson's correlation from sums of 1, x, y, x^2, y^2 and x y, float64 [..., steps, 6] to [...]."""
    n, x, y, xx, yy, xy = np.moveaxis(sums, -1, 0)
    n = np.maximum(n, 1)
    below = np.sqrt(np.maximum((xx - x * x / n) * (yy - y * y / n), 1e-300))
    return ((xy - x * y / n) / below).mean(axis=-1)


def _top(values: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """Where a parabola through values is highest, in steps, within one step; zero where it has no top."""
    n = offsets.shape[1]
    rows, columns = np.triu_indices(n)
    terms = np.concatenate([np.ones((len(offsets), 1)), offsets, offsets[:, rows] * offsets[:, columns]], axis=1)
    c = np.linalg.lstsq(terms, values, rcond=None)[0]
    curved = np.zeros((n, n))
    curved[rows, columns] = c[n + 1:]
    curved = curved + curved.T
    sizes, directions = np.linalg.eigh(curved)
    if sizes[0] >= 0:
        return np.zeros(n)
    kept = sizes <= _FLAT * sizes[0]                         # along others, as across the axis of a small twist, it is flat
    slopes = (directions.T @ c[1:n + 1])[kept]
    return np.clip(directions[:, kept] @ (-slopes / sizes[kept]), -1, 1)


def _judged(prepared: Prepared, helix: Helix, errors: Errors, first: float, two: bool) -> HelicalVerdict:
    """What the bands say."""
    ends = ends_of(first, max(prepared.resolution, FINEST * max(prepared.voxel)))
    steps = helix.steps
    false = _false(helix)
    relative, whole, null = (np.zeros((len(steps), len(ends))), np.zeros(len(ends)), np.zeros(len(ends)))
    for i, fine in enumerate(ends):
        coarse = float(ends[i - 1]) if i else BEGINS * max(prepared.radius, fine)
        test = _Test(prepared, band(prepared, coarse, fine), _inner(helix, coarse, fine), _PLACES)
        if not i:
            helix = helix._replace(fold=_fold(test, helix))
        pairs = np.array([test.pair(o) for o in helix.operators(steps)])
        other = correlations(test.first, test.found.two, test.places, false)
        middle = float(other.mean())
        whole[i], null[i] = float(np.nanmean(pairs[:, 1])), max(float(other.std(ddof=1)), 1e-6)
        relative[:, i] = (pairs[:, 0] - middle) / np.maximum(pairs[:, 1] - middle, 1e-6)
    known = np.isfinite(relative).all(axis=1)
    relative, steps = relative[known], [k for k, ok in zip(steps, known) if ok]
    mean = (np.average(relative[:, 1:], axis=1, weights=np.maximum(whole[1:], 1e-3) ** 2) if len(ends) > 1 else relative[:, 0])
    noisy = _repeats(prepared, helix, steps, first, two)
    return HelicalVerdict(_least_twist(helix), errors, steps, relative, ends, whole, null, mean, noisy)


def _inner(helix: Helix, coarse: float, fine: float) -> Helix:
    """The same helix without its ends, as far as a band smears them: by half of the inverse of its width, and 0.2 of the length."""
    end = min(_SMEARED / (1 / fine - 1 / coarse), _END * helix.line.length)
    return helix._replace(line=helix.line._replace(low=helix.line.low + end, high=helix.line.high - end))


def _least_twist(helix: Helix) -> Helix:
    """The same helix with the smallest twist that turns about its axis leave."""
    full = 2 * np.pi / helix.fold
    return helix._replace(twist=float((helix.twist + full / 2) % full - full / 2))


def _fold(test: _Test, helix: Helix) -> int:
    """The largest fold of the axis all of whose turns correlate by 0.6 of what the copies along it do."""
    least = _FOLD * float(np.nanmean([test.pair(o)[0] for o in helix.operators(helix.steps)]))
    for n in range(HIGHEST, 1, -1):
        round_ = helix._replace(fold=n)
        values = [test.pair(round_.operators([0], k)[0])[0] for k in range(1, n // 2 + 1)]
        if all(np.isfinite(v) and v >= least for v in values):
            return n
    return 1


def _false(helix: Helix) -> np.ndarray:
    """Rotations about the middle of the filament that turn its axis away: no copy lies there, and what lies there is not smooth along a
    lattice, as the density between copies is."""
    rng = np.random.default_rng(9)
    out: List[np.ndarray] = []
    while len(out) < _FALSE:
        turn = Rotation.random(random_state=rng).as_matrix()
        if abs(float(helix.line.direction @ turn @ helix.line.direction)) < np.cos(np.radians(_AWAY)):
            out.append(turn)
    middle = helix.line.point + (helix.line.low + helix.line.high) / 2 * helix.line.direction
    return about(np.array(out), middle)


def _repeats(prepared: Prepared, helix: Helix, steps: Sequence[int], coarse: float, two: bool) -> np.ndarray:
    """Correlation of the noise with its copy by each step."""
    if not two:
        return np.full(len(steps), np.nan)
    volume = noise(prepared, coarse, _NOISE * max(prepared.voxel))
    test = _Test(prepared, Band(volume, volume, coarse, coarse), helix, _PLACES)
    return np.array([test.pair(o)[0] for o in helix.operators(steps)])
