"""Resolutions of an FSC curve by every criterion, with their confidence intervals."""
from __future__ import annotations

from typing import Callable, Dict, List, NamedTuple, Optional, Tuple, Union

import numpy as np

from ..core import crossing
from .fsc_curves import FscCurve

Threshold = Union[float, np.ndarray]


class Estimate(NamedTuple):
    """Resolution (Å) of one curve by one criterion.

    ``resolution`` is None when the curve is nowhere above the threshold, and the end of the curve (Nyquist) when it never
    falls below (``state`` ``never``). ``worse`` and ``better`` bound it, None where there is no bound. ``last_shell`` is the
    resolution of the last shell above before the first fall (RELION's rule). ``returns`` counts the times the curve comes
    back above the threshold with its whole band; ``late_start`` says that it begins below.
    """

    resolution: Optional[float]
    worse: Optional[float]
    better: Optional[float]
    last_shell: Optional[float]
    state: str
    returns: int
    late_start: bool


CRITERIA: Dict[str, Tuple[str, Callable[[np.ndarray], Threshold]]] = {
    "0143": ("0.143", lambda count: 0.143),
    "05": ("0.5", lambda count: 0.5),
    "half_bit": ("half-bit", crossing.half_bit),
    "one_bit": ("one-bit", crossing.one_bit),
    "three_sigma": ("three-sigma", crossing.three_sigma),
}


def estimate(freq: np.ndarray, curve: FscCurve, threshold: Threshold, end: Optional[float] = None) -> Estimate:
    """Resolution where a curve first falls below a threshold.

    Parameters
    ----------
    freq
        Frequency of the shells (1/Å), float64 [n_shells].
    curve
        The curve over them.
    threshold
        One number, or float64 [n_shells].
    end
        Edge of a low-pass (1/Å): beyond it the curve says nothing.

    Returns
    -------
    Estimate
        Of a curve that does not fall before ``end`` the resolution is that of the edge. Shells whose threshold is 0.9 or more have too
        few coefficients to say anything and are passed over at the start.
    """
    if end is not None and end < freq[-1]:
        return _before(freq, curve, threshold, end)
    says_something = np.flatnonzero(np.broadcast_to(threshold, curve.fsc.shape)[1:] < 0.9)
    found = crossing.find_crossings(freq, curve.fsc, threshold, 1 + int(says_something[0]) if says_something.size else 1)
    if found.state == "below":
        return Estimate(None, None, None, None, "below", 0, True)
    at = freq[-1] if found.state == "never" else found.first
    worse, better = _bounds(freq, curve, threshold, at)
    return Estimate(float(1 / at), worse, better, float(1 / freq[found.last_above]), found.state,
                    _returns(curve, threshold, found.last_above), found.late_start)


def _before(freq: np.ndarray, curve: FscCurve, threshold: Threshold, end: float) -> Estimate:
    """The estimate of a curve that says nothing beyond ``end`` (1/Å)."""
    n = max(int(np.searchsorted(freq, end, side="right")), 2)
    part = FscCurve(*(getattr(curve, name)[:n] for name in ("fsc", "lower", "upper", "count")))
    found = estimate(freq[:n], part, threshold if np.ndim(threshold) == 0 else np.asarray(threshold)[:n])
    return found._replace(resolution=1 / end, better=None) if found.state == "never" else found


def _bounds(freq: np.ndarray, curve: FscCurve, threshold: Threshold, at: float) -> Tuple[Optional[float], Optional[float]]:
    """Where the lower band falls below the threshold last before ``at``, and the upper band first after it."""
    low, high = curve.lower - threshold, curve.upper - threshold
    i = int(np.searchsorted(freq, at, side="right")) - 1
    worse = better = None
    before = np.flatnonzero(low[1:i + 1] >= 0)
    if before.size:
        j = int(before[-1]) + 1
        worse = 1 / at if j + 1 >= freq.size else float(1 / min(_meet(freq, low, j), at))
    after = np.flatnonzero(high[i + 1:] < 0)
    if after.size:
        j = i + int(after[0])
        better = float(1 / max(_meet(freq, high, j), at))
    return worse, better


def _meet(freq: np.ndarray, gap: np.ndarray, j: int) -> float:
    """Where ``gap`` is 0 between the points ``j`` and ``j + 1``."""
    fall = gap[j] - gap[j + 1]
    return float(freq[j] + (freq[j + 1] - freq[j]) * np.clip(gap[j] / fall if fall > 0 else 1.0, 0, 1))


def _returns(curve: FscCurve, threshold: Threshold, last_above: int) -> int:
    """Number of separate runs of shells after the first fall whose lower band is above the threshold."""
    clear = (curve.lower >= threshold)[last_above + 1:]
    return int(np.count_nonzero(clear & ~np.concatenate(([False], clear[:-1]))))


def all_estimates(freq: np.ndarray, curves: Dict[str, FscCurve], end: Optional[float] = None) -> Dict[Tuple[str, str], Estimate]:
    """Estimates of every curve by every criterion of :data:`CRITERIA`.

    Parameters
    ----------
    freq
        Frequency of the shells (1/Å), float64 [n_shells].
    curves
        The curves over them, by name.
    end
        As of :func:`estimate`.

    Returns
    -------
    dict of Estimate
        By (name of the curve, key of the criterion).
    """
    return {(name, key): estimate(freq, curve, rule(curve.count), end)
            for name, curve in curves.items() for key, (_, rule) in CRITERIA.items()}


def rows(estimates: Dict[Tuple[str, str], Estimate]) -> Tuple[Tuple[object, ...], ...]:
    """Rows of the table of resolutions.

    Parameters
    ----------
    estimates
        As :func:`all_estimates` gives them.

    Returns
    -------
    tuple of tuples
        Curve, criterion, resolution, worse, better, last shell (all in Å), remark.
    """
    out: List[Tuple[object, ...]] = []
    for (name, key), e in estimates.items():
        out.append((name, CRITERIA[key][0], e.resolution, e.worse, e.better, e.last_shell, remark(e)))
    return tuple(out)


def remark(e: Estimate) -> str:
    """What is unusual about an estimate, in a few words; empty when nothing is.

    Parameters
    ----------
    e
        The estimate.
    """
    words = []
    if e.state == "below":
        return "nowhere above the threshold"
    if e.state == "never":
        words.append("above the threshold to Nyquist")
    if e.late_start:
        words.append("begins below")
    if e.returns:
        words.append(f"above again {e.returns} time{'s' if e.returns > 1 else ''}")
    return ", ".join(words)
