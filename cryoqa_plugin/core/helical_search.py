"""The helix that a map may be: its axis, and the lattice of its copies on cylinders about that axis.

Positions are x, y, z in Å from the centre of the first voxel of the whole map, as in :mod:`cryoqa_plugin.core.pose_bands`.
"""
from __future__ import annotations

from typing import List, NamedTuple, Optional, Sequence, Tuple

import numpy as np
import scipy.fft

from .pose_bands import Band, Prepared, Volume, values_at
from .symmetry_axes import across, simplex
from .threads import get_threads

LONG = 1.3                            # length over width (standard deviations of the mask), from which a map may be a helix
_SECTION, _FULL = 4.0, 0.8            # Å, and of the median section: where a filament ends
_MARGIN, _END = 8.0, 0.15             # Å, and of the length, that a mask may be longer than what it holds, at each end
_RADII = 14                           # cylinders, at most
_STEP = 0.4                           # of the finest detail: steps around and along the axis
_REACH = 0.6                          # of the length: copies farther apart share too little
_BEYOND = 0.7                         # of the finest detail: nearer along the axis a map is like itself
_LEAST_BEYOND = 6.0                   # Å
_BEST = 30                            # places of the autocorrelation by which an axis is judged
_TURNS = 60                           # evaluations of a refinement
_ALIKE, _PEAKS = 0.4, 24              # height of a peak over that of the half-maps, and how many are looked at
_WHOLE = 0.85                         # of the best lattice, that the one of the smallest rise must reach
_AT_LEAST = 2                         # copies along the axis that a lattice must reach
_NONE = 0.4                           # Å: no rise


class Line(NamedTuple):
    """An axis: ``direction`` (x, y, z) of length 1 and a ``point`` on it (Å); the mask reaches from ``low`` to ``high`` along it, counted
    from the point, and ``radius`` across (Å)."""

    direction: np.ndarray
    point: np.ndarray
    low: float
    high: float
    radius: float

    @property
    def length(self) -> float:
        """Of the mask along it (Å)."""
        return self.high - self.low


class Lattice(NamedTuple):
    """Steps from a copy to the next: ``rise`` (Å) and ``twist`` (radians); ``height`` mean over its peaks of the correlation, over that of
    the half-maps; ``reach`` how many steps that were seen."""

    rise: float
    twist: float
    height: float
    reach: int


def line_of(prepared: Prepared, direction: np.ndarray, point: np.ndarray) -> Line:
    """An axis, with the part of it that the mask covers.

    Parameters
    ----------
    prepared
        Holds the mask.
    direction, point
        Of the axis: x, y, z of length 1, and in Å.

    Returns
    -------
    Line
        It ends where the section of the mask falls below 0.8 of the median: at the ends of a filament copies lack their neighbours. The
        radius is that of 99 % of the mask.
    """
    xyz = _inside(prepared) - point
    along = xyz @ direction
    away = np.linalg.norm(xyz - along[:, None] * direction, axis=1)
    low, high = np.percentile(along, (1, 99))
    bins = max(int((high - low) / _SECTION), 1)
    counts, edges = np.histogram(along, bins, (low, high))
    whole = np.flatnonzero(counts >= _FULL * np.median(counts))
    low, high = edges[whole[0]], edges[whole[-1] + 1]
    end = min(_MARGIN, _END * (high - low))
    return Line(direction, point, float(low + end), float(high - end), float(np.percentile(away, 99)))


def _inside(prepared: Prepared) -> np.ndarray:
    at = np.argwhere(prepared.mask > 0.5)
    return at[::max(len(at) // 40000, 1), ::-1] * np.array(prepared.voxel) + prepared.origin


def long_axes(prepared: Prepared, through: str) -> List[Line]:
    """Axes that a helix may have: the long axis of the mask, and the axis of the box that it runs through from face to face.

    Parameters
    ----------
    prepared
        Holds the mask.
    through
        Axes of the box, of ``xyz``, that the molecule runs through.

    Returns
    -------
    list of Line
        None for a molecule that is not long.
    """
    xyz = _inside(prepared)
    middle = xyz.mean(axis=0)
    sizes, directions = np.linalg.eigh(np.cov((xyz - middle).T))
    out = []
    if sizes[2] > LONG ** 2 * sizes[1]:
        out.append(directions[:, 2])
    if len(through) == 1:
        axis = np.eye(3)["xyz".index(through)]
        if not out or abs(float(axis @ out[0])) < np.cos(np.radians(1.0)):
            out.insert(0, axis)
    return [line_of(prepared, d * np.sign(d[np.argmax(np.abs(d))]), middle) for d in out]


class Cylinders(NamedTuple):
    """Correlation of half-map 1 with half-map 2 turned about an axis and moved along it, over that of the half-maps: ``values`` float64
    [2 m + 1, n] for shifts of -m to m times ``along`` (Å), turns of 0 to n - 1 times ``around`` (radians)."""

    values: np.ndarray
    along: float
    around: float

    @property
    def most(self) -> int:
        """Largest shift, in steps."""
        return len(self.values) // 2

    def at(self, rise: float, twist: float) -> float:
        """The correlation by a shift and a turn, linear between steps.

        Parameters
        ----------
        rise, twist
            The shift along the axis (Å), and the turn about it (radians).

        Returns
        -------
        float
            0 beyond the largest shift.
        """
        z, n = rise / self.along + self.most, self.values.shape[1]
        f = (twist / self.around) % n
        i, j = int(np.floor(z)), int(np.floor(f))
        if i < 0 or i + 1 >= len(self.values):
            return 0.0
        u, w = z - i, f - j
        rows = self.values[i:i + 2, [j % n, (j + 1) % n]]
        return float((1 - u) * ((1 - w) * rows[0, 0] + w * rows[0, 1]) + u * ((1 - w) * rows[1, 0] + w * rows[1, 1]))


def _sampled(volume: Volume, line: Line, step: float) -> Tuple[np.ndarray, np.ndarray]:
    """A map on cylinders, float32 [radii, z, around], less its mean on each, and the radii (Å)."""
    count = int(np.clip(line.radius / step, 2, _RADII))
    radii = (np.arange(count) + 0.5) * line.radius / count
    n = scipy.fft.next_fast_len(max(int(np.ceil(2 * np.pi * line.radius / step)), 16), real=True)
    z, angle = np.arange(line.low, line.high, step), np.arange(n) * 2 * np.pi / n
    one, two = across(line.direction)
    ring = np.cos(angle)[:, None] * one + np.sin(angle)[:, None] * two
    places = (line.point + radii[:, None, None, None] * ring[None, None] + z[None, :, None, None] * line.direction)
    out = values_at(volume, places.reshape(-1, 3)).reshape(count, len(z), n)
    return out - out.mean(axis=(1, 2), keepdims=True), radii


def cylinders(found: Band, line: Line) -> Cylinders:
    """Correlation of the half-maps on cylinders about an axis, by shift and turn.

    Parameters
    ----------
    found
        The band.
    line
        The axis.

    Returns
    -------
    Cylinders
        Each shift is divided by the energies of the two parts that overlap.
    """
    step = _STEP * found.fine
    one, radii = _sampled(found.one, line, step)
    two, _ = (one, radii) if found.one is found.two else _sampled(found.two, line, step)
    weights = radii[:, None, None].astype(np.float32)
    nz, n = one.shape[1:]
    size, most = scipy.fft.next_fast_len(2 * nz, real=True), max(int(_REACH * nz), 1)
    with scipy.fft.set_workers(get_threads()):
        first, second = (scipy.fft.rfft2(m, s=(size, n)) for m in (one * weights, two))
        both = scipy.fft.irfft2((np.conj(first) * second).sum(axis=0), s=(size, n))
    shifts = np.arange(-most, most + 1)
    energies = [np.concatenate([[0], np.cumsum((weights * m * m).sum(axis=(0, 2), dtype=np.float64))]) for m in (one, two)]
    values = both[shifts % size].astype(np.float64)
    for row, k in zip(values, shifts):
        a = energies[0][nz - max(k, 0)] - energies[0][max(-k, 0)]
        b = energies[1][nz - max(-k, 0)] - energies[1][max(k, 0)]
        row /= max(np.sqrt(a * b), 1e-30)
    turned = np.roll(values[::-1, ::-1], 1, axis=1)          # half-map 2 with half-map 1: its noise is another one
    values = (values + turned) / 2
    return Cylinders(values / max(values[most, 0], 1e-6), step, 2 * np.pi / n)


def axis_height(found: Cylinders, fine: float) -> float:
    """How much a map repeats along an axis.

    Parameters
    ----------
    found
        Of :func:`cylinders`.
    fine
        The finest detail (Å).

    Returns
    -------
    float
        Mean of the 30 highest correlations by shifts of more than 0.7 of that and 6 Å.
    """
    rows = found.values[found.most + int(np.ceil(max(_BEYOND * fine, _LEAST_BEYOND) / found.along)):]
    return float(np.sort(rows.ravel())[-_BEST:].mean()) if rows.size >= _BEST else 0.0


def refined_axis(found: Band, line: Line, evaluations: int = _TURNS) -> Tuple[Line, float]:
    """An axis tilted and moved to where the map repeats most along it.

    Parameters
    ----------
    found
        The band.
    line
        Where to begin.
    evaluations
        At most.

    Returns
    -------
    tuple
        The axis and its height.
    """
    sides = across(line.direction)

    def placed(x: np.ndarray) -> Line:
        tilted = line.direction + (x[:2] / (line.length / 2)) @ sides
        return line._replace(direction=tilted / np.linalg.norm(tilted), point=line.point + x[2:] @ sides)

    best, value = simplex(lambda x: -axis_height(cylinders(found, placed(x)), found.fine), 4, 0.5 * found.fine, evaluations)
    return placed(best), -value


def lattice(found: Cylinders, line: Line) -> Optional[Lattice]:
    """The steps of the helix: those of the smallest rise that lead from peak to peak.

    Parameters
    ----------
    found
        Of :func:`cylinders`, about the axis.
    line
        The axis.

    Returns
    -------
    Lattice or None
        None where no peak of 0.4 is met by its own multiples, twice at least along the axis.
    """
    followed = [f for f in (_followed(found, rise, twist, line.length) for rise, twist in _peaks(found)) if f is not None]
    if not followed:
        return None
    best = max(f.height for f in followed)
    good = [f for f in followed if f.height >= max(_WHOLE * best, _ALIKE)]
    return min(good, key=lambda f: (round(f.rise, 1), abs(f.twist))) if good else None


def _peaks(found: Cylinders) -> List[Tuple[float, float]]:
    """Shift (Å) and turn (radians) of the highest peaks along the axis."""
    v = found.values
    rows = v[1:-1]
    top = np.ones(rows.shape, dtype=bool)
    for dz in (-1, 0, 1):
        for df in (-1, 0, 1):
            if dz or df:
                top &= rows >= np.roll(v[1 + dz:len(v) - 1 + dz], -df, axis=1)
    out = []
    for i, j in np.argwhere(top & (rows > _ALIKE)):
        z, f = _vertex(v, i + 1, j)
        rise, twist = (z - found.most) * found.along, _signed(f * found.around)
        if rise > _NONE:
            out.append((rows[i, j], rise, twist))
    out.sort(reverse=True)
    low = sorted(out, key=lambda p: p[1])[:_PEAKS // 2]      # the generator may be one of small rise and not of the highest
    return [(rise, twist) for _, rise, twist in {*out[:_PEAKS], *low}]


def _vertex(v: np.ndarray, i: int, j: int) -> Tuple[float, float]:
    """Place of a peak between steps, by parabolas."""
    n = v.shape[1]

    def top(a: float, b: float, c: float) -> float:
        return 0.0 if a - 2 * b + c >= 0 else float(np.clip(0.5 * (a - c) / (a - 2 * b + c), -0.5, 0.5))

    return (i + top(v[i - 1, j], v[i, j], v[i + 1, j]), j + top(v[i, (j - 1) % n], v[i, j], v[i, (j + 1) % n]))


def _signed(angle: float) -> float:
    return float((angle + np.pi) % (2 * np.pi) - np.pi)


def _followed(found: Cylinders, rise: float, twist: float, length: float) -> Optional[Lattice]:
    """The lattice of a first step: each multiple moves the estimate to the peak that lies there."""
    heights: List[float] = []
    for k in range(1, int(_REACH * length / rise) + 1):
        z, f = rise * k / found.along + found.most, twist * k / found.around
        i, j = int(round(z)), int(round(f))
        if i < 1 or i > len(found.values) - 2:
            break
        i, j = _climbed(found.values, i, j)
        if i < 1 or i > len(found.values) - 2:
            break
        z, f = _vertex(found.values, i, j % found.values.shape[1])
        f += j - j % found.values.shape[1]
        heights.append(found.at((z - found.most) * found.along, f * found.around))
        near = (abs(z - found.most - rise * k / found.along) < 1.5 and abs(f - twist * k / found.around) < 1.5)
        if near and heights[-1] > _ALIKE:
            # as a regression through the origin, in which far copies count more
            rise += ((z - found.most) * found.along - rise * k) / (k + 1)
            twist += (f * found.around - twist * k) / (k + 1)
        else:
            heights[-1] = found.at(rise * k, twist * k)
    if len(heights) < _AT_LEAST or min(heights[:_AT_LEAST]) < _ALIKE:
        return None
    return Lattice(rise, twist, float(np.mean(heights)), len(heights))


def _climbed(v: np.ndarray, i: int, j: int) -> Tuple[int, int]:
    """The highest of a value and its eight neighbours."""
    n, best = v.shape[1], (i, j)
    for a in (i - 1, i, i + 1):
        for b in (j - 1, j, j + 1):
            if v[a, b % n] > v[best[0], best[1] % n]:
                best = (a, b)
    return best


def multiples(rise: float, length: float, most: int = 6) -> Sequence[int]:
    """Steps along a helix by which copies are compared: near ones and far ones.

    Parameters
    ----------
    rise
        Of a step (Å).
    length
        Of the mask along the axis (Å).
    most
        How many, at most.

    Returns
    -------
    sequence of int
        From 1 to half of the length.
    """
    last = max(int(0.5 * length / rise), 1)
    return sorted({int(round(k)) for k in np.geomspace(1, last, most)})
