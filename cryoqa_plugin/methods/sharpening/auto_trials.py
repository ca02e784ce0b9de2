"""Trials of B-factor sharpening: how clear a box of the map is after a filter, and searches for the filter that makes it clearest."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np
import scipy.optimize

from ...core import fourier, surface
from ...core.fourier import Geometry
from . import auto_gains as gains
from .auto_gains import Cut, Gain

_DEFAULT_WEIGHT, _UNUSABLE_WEIGHT = 40.0, 30.0   # of regions, where the map cannot tell
_PENALTY = 100.0                                 # cost of numbers that rise with resolution
_CYCLES, _STEPS = 3, 5                           # of the one-dimensional refinements: half widths are halved each cycle


@dataclass(frozen=True)
class Scoring:
    """How a trial is scored: ``target`` adjusted_sa or kurtosis; ``part`` and ``most`` of the regions, see :func:`..surface.surface`."""

    target: str
    part: float
    most: int
    region_weight: float = 0.0


class Trial(NamedTuple):
    """One filter that was tried; ``b_iso`` and ``bfactor`` in Å², ``d_cut`` in Å, None where they mean nothing."""

    method: str
    b_iso: Optional[float]
    bfactor: Optional[float]
    d_cut: Optional[float]
    b_blur: Optional[float]
    area: float
    regions: float
    kurtosis: float
    gain: Gain

    def score(self, scoring: Scoring) -> float:
        """How clear the trial is; higher is clearer.

        Parameters
        ----------
        scoring
            What counts.

        Returns
        -------
        float
            Kurtosis, or the adjusted surface area.
        """
        if scoring.target == "kurtosis":
            return self.kurtosis
        return self.area - scoring.region_weight * self.regions


@dataclass
class Box:
    """The box in which trials are scored: its transform, geometry, the voxels that a contour encloses, the number of trials so far."""

    ft: np.ndarray
    geo: Geometry
    n_voxels: int
    scoring: Scoring
    n_trials: int = 0

    def density(self, gain: Gain) -> np.ndarray:
        """The box after a filter.

        Parameters
        ----------
        gain
            The filter.

        Returns
        -------
        ndarray
            float32 [z, y, x].
        """
        return fourier.inverse(gains.apply(self.ft, self.geo, gain), self.geo.shape)

    def try_gain(self, method: str, gain: Gain, b_iso: Optional[float] = None, bfactor: Optional[float] = None,
                 cut: Optional[Cut] = None) -> Trial:
        """Score one filter.

        Parameters
        ----------
        method
            Name of the method that tries it.
        gain
            The filter.
        b_iso, bfactor
            Fall-off afterwards, and B-factor applied, in Å²; None where they mean nothing.
        cut
            Where sharpening ends, None for nowhere.

        Returns
        -------
        Trial
            What came of it.
        """
        data = self.density(gain)
        found = surface.surface(data, self.n_voxels, self.scoring.part, self.scoring.most)
        self.n_trials += 1
        return Trial(method, b_iso, bfactor, cut.d_cut if cut and cut.k > 0 else None, cut.b_blur if cut and cut.k > 0 else None,
                     found.area, found.regions_per_voxel, surface.kurtosis(data), gain)


class Search(NamedTuple):
    """What a search over ``b_iso`` needs: the map's own (Å²), the range and number tried, the end of sharpening."""

    b_before: float
    low: float
    high: float
    n: int
    cut: Cut


def b_trial(box: Box, method: str, search: Search, b_iso: float, cut: Optional[Cut] = None) -> Trial:
    """The trial that brings the map to a fall-off.

    Parameters
    ----------
    box
        The box of the trials.
    method
        Name of the method; ``b_iso`` has no end.
    search
        The map's own fall-off, and the end.
    b_iso
        Fall-off to bring it to, in Å².
    cut
        Another end than that of the search.

    Returns
    -------
    Trial
        What came of it.
    """
    cut = search.cut if cut is None else cut
    if method == "b_iso":
        cut = cut._replace(k=0.0)
    bfactor = b_iso - search.b_before
    return box.try_gain(method, gains.bfactor_gain(bfactor, cut), b_iso, bfactor, cut)


def search_b(box: Box, method: str, search: Search) -> List[Trial]:
    """Trials over the range of ``b_iso``, rising.

    Parameters
    ----------
    box
        The box of the trials.
    method
        Name of the method.
    search
        The range.

    Returns
    -------
    list of Trial
        One for each value.
    """
    return [b_trial(box, method, search, float(b)) for b in np.linspace(search.low, search.high, search.n)]


def signal(scores: Sequence[float]) -> float:
    """Signal-to-noise ratio of a search: the best score less the better of both ends, over the scatter about four neighbours.

    Parameters
    ----------
    scores
        Scores over the range, float [n].

    Returns
    -------
    float
        0 when the best lies at an end, or for fewer than five scores.
    """
    y = np.asarray(scores, dtype=np.float64)
    if y.size < 5:
        return 0.0
    near = (y[:-4] + y[1:-3] + y[3:-1] + y[4:]) / 4
    noise = float(np.sqrt(np.mean((y[2:-2] - near) ** 2)))
    return float((y.max() - max(y[0], y[-1])) / max(noise, 1e-12 + 1e-9 * np.abs(y).max()))


def region_weight(box: Box, search: Search, method: str, factor: float, buffer: float) -> Tuple[float, bool]:
    """Weight of the regions per voxel in the adjusted surface area.

    Parameters
    ----------
    box
        The box of the trials.
    search
        The range of ``b_iso``.
    method
        ``delta_ratio``: over the range of the search the surface and the weighted regions change by as much. ``initial_ratio``: both are
        equal at the lowest ``b_iso``.
    factor
        Factor of the weight that was found.
    buffer
        How far the weight is kept inside the weights that would put the best at an end, as a part of their range.

    Returns
    -------
    weight
        A float.
    known
        Whether the map could tell it.

    References
    ----------
    Terwilliger et al. (2018), https://doi.org/10.1107/S2059798318004655.
    """
    low, middle, high = (b_trial(box, "b_iso_to_d_cut", search, b)
                         for b in (search.low, search.low + 0.375 * (search.high - search.low), search.high))
    if method == "initial_ratio":
        weight = low.area / low.regions if low.regions > 0 else 0.0
    else:
        d_area, d_regions = low.area - high.area, low.regions - high.regions
        weight = d_area / d_regions if d_area > 0 and d_regions > 0 else 0.0
    if not weight > 0:
        return _UNUSABLE_WEIGHT, False
    weight *= factor
    least = (low.area - middle.area) / max(1e-3, low.regions - middle.regions)
    most = (middle.area - high.area) / max(1e-3, middle.regions - high.regions)
    if least < most:
        margin = buffer * (most - least)
        weight = float(np.clip(weight, least + margin, most - margin))
    return (weight, True) if weight > 0 else (_DEFAULT_WEIGHT, False)


def refine(box: Box, best: Trial, search: Search, steps: Sequence[Tuple[str, float]]) -> List[Trial]:
    """Trials around the best that vary ``b_iso``, ``d_cut`` or ``b_blur`` in turn.

    Parameters
    ----------
    box
        The box of the trials.
    best
        The best trial of the search.
    search
        The search.
    steps
        Names of what varies, with half-widths, which are halved after each cycle.

    Returns
    -------
    list of Trial
        The last of them is the best.
    """
    out, widths = [best], dict(steps)
    for _ in range(_CYCLES):
        for name in widths:
            start = out[-1]
            cut = Cut(start.d_cut or search.cut.d_cut, search.cut.k, start.b_blur)
            tried = []
            for shift in np.linspace(-1, 1, _STEPS):
                if shift == 0:
                    continue
                b, now = start.b_iso, cut
                if name == "b_iso":
                    b = start.b_iso + shift * widths[name]
                elif name == "d_cut":
                    now = cut._replace(d_cut=max(cut.d_cut + shift * widths[name], 0.3 * search.cut.d_cut))
                else:
                    now = cut._replace(b_blur=max((cut.b_blur or 0.0) + shift * widths[name], 0.0))
                tried.append(b_trial(box, start.method, search, b, now))
            out = out[:-1] + sorted(tried + [start], key=lambda t: t.score(box.scoring))
            widths[name] /= 2
    return out


def optimise_piecewise(box: Box, make: Callable[[Sequence[float]], Gain], start: Sequence[float], evaluations: int) -> List[Trial]:
    """Trials of a Nelder-Mead search for the three numbers of a resolution-dependent filter.

    ``b[1] > b[0]`` and ``b[2] > 0`` cost ``100`` times the excess.

    Parameters
    ----------
    box
        The box of the trials.
    make
        From the three numbers to a filter.
    start
        The numbers to begin with.
    evaluations
        Trials at the most.

    Returns
    -------
    list of Trial
        The last of them is the best.
    """
    tried: List[Tuple[float, Trial]] = []

    def cost(b: np.ndarray) -> float:
        trial = box.try_gain("resolution_dependent", make(b))
        excess = max(0.0, b[1] - b[0]) + max(0.0, b[2])
        value = -trial.score(box.scoring) + _PENALTY * excess
        tried.append((value, trial))
        return value

    first = np.asarray(start, dtype=np.float64)
    simplex = np.vstack([first, first + 0.5 * np.eye(3)])
    scipy.optimize.minimize(cost, first, method="Nelder-Mead", options=dict(maxfev=evaluations, initial_simplex=simplex, xatol=0.01))
    return [trial for _, trial in sorted(tried, key=lambda pair: -pair[0])]
