"""The curves of a half-map comparison: unmasked, masked, phase-randomised, corrected."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, Optional, Sequence, Tuple

import numpy as np

from ...core import crossing, fourier, phases, shells
from ...core.fourier import Geometry


@dataclass(frozen=True)
class FscCurve:
    """One curve over the shells, each float64 [n_shells]: the correlation, its band, and the number of independent coefficients."""

    fsc: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    count: np.ndarray


@dataclass(frozen=True)
class Rules:
    """How to count and to correct for the mask.

    Phases are randomised from the shell where the unmasked FSC falls below ``level``, growing to the full turn over at most the
    frequency range ``onset`` (1/Å), and the correction begins ``guard`` shells after that. ``mate_weight`` as in
    :func:`cryoqa_plugin.core.shells.cross_sums`.
    """

    level: float
    guard: int
    onset: float = 0.0
    mate_weight: float = 0.5


RULES: Dict[str, Rules] = {"cryoqa": Rules(level=0.8, guard=0, onset=1 / 20), "relion": Rules(level=0.8, guard=2),
                           "cryosparc": Rules(level=0.143, guard=0)}


def correlate(f1: np.ndarray, f2: np.ndarray, geo: Geometry, confidence: float, rules: Rules,
              fraction: Optional[np.ndarray] = None) -> FscCurve:
    """FSC of two transforms, complex64 [nz, ny, nx // 2 + 1], with its band.

    ``fraction`` is the part of the coefficients of each shell that a mask leaves independent, float64 [n_shells].
    Shell 0 is set to 1 when it is not positive, as RELION does: one coefficient, the mean of the map, says nothing.
    """
    sums = shells.cross_sums(f1, f2, geo, rules.mate_weight)
    count = sums.count if rules.mate_weight == 0.5 else shells.power_sums(f1, geo)[2]
    fsc = shells.fsc(sums)
    if fsc[0] <= 0:
        fsc[0] = 1.0
    count = count if fraction is None else count * fraction
    return FscCurve(fsc, *crossing.confidence_band(fsc, count, confidence), count)


def correlate_masked(half1: np.ndarray, half2: np.ndarray, mask: np.ndarray, geo: Geometry, confidence: float,
                     rules: Rules, fraction: np.ndarray) -> FscCurve:
    """FSC of two maps, float32 [z, y, x], after multiplication by a mask."""
    f1 = fourier.forward(half1 * mask)
    return correlate(f1, fourier.forward(half2 * mask), geo, confidence, rules, fraction)


def onset_width(masked: FscCurve, geo: Geometry, first_shell: int, rules: Rules) -> float:
    """Shells over which the added phases grow: those of ``rules.onset``, but at most two thirds of the way from ``first_shell``
    to the crossing of the masked curve with 0.143, so that phases are random and the correction begins before it."""
    crosses = crossing.find_crossings(np.arange(geo.n_shells), masked.fsc, 0.143).first
    way = np.inf if np.isnan(crosses) else max(crosses - first_shell, 0.0)
    return float(min(rules.onset * geo.length, way * 2 / 3))


def randomised(half1: np.ndarray, half2: np.ndarray, mask: np.ndarray, geo: Geometry, onset: Tuple[int, float],
               seeds: Sequence[int], confidence: float, rules: Rules, fraction: np.ndarray) -> FscCurve:
    """FSC in the mask of the half-maps with random phases, the mean over ``seeds``.

    ``onset`` holds the shell from which phases change and the number of shells until they are random. The two halves get
    different phases.
    """
    total = np.zeros(geo.n_shells)
    for seed in seeds:
        f1 = _noise(half1, mask, geo, onset, 2 * seed)
        one = correlate(f1, _noise(half2, mask, geo, onset, 2 * seed + 1), geo, confidence, rules, fraction)
        del f1
        total += one.fsc
    fsc = total / len(seeds)
    return FscCurve(fsc, *crossing.confidence_band(fsc, one.count * len(seeds), confidence), one.count)


def _noise(half: np.ndarray, mask: np.ndarray, geo: Geometry, onset: Tuple[int, float], seed: int) -> np.ndarray:
    ft = fourier.forward(half)
    phases.randomise_phases(ft, geo, onset[0], seed, width=onset[1], out=ft)
    noise = fourier.inverse(ft, geo.shape)
    noise *= mask
    return fourier.forward(noise)


def corrected(masked: FscCurve, random: FscCurve, begin: int) -> FscCurve:
    """``FSC_true = (FSC_masked - FSC_random) / (1 - FSC_random)`` from shell ``begin`` on, the masked curve before.

    Chen et al. (2013), https://doi.org/10.1016/j.ultramic.2013.06.004. The band adds the uncertainties of both curves
    in quadrature.
    """
    rest = 1 - random.fsc
    use = (np.arange(rest.size) >= begin) & (rest > 1e-9)
    safe = np.where(use, rest, 1.0)
    fsc = np.where(use, (masked.fsc - random.fsc) / safe, masked.fsc)
    by_random = np.where(use, (1 - masked.fsc) / safe ** 2, 0.0)

    def width(of_masked: np.ndarray, of_random: np.ndarray) -> np.ndarray:
        return np.hypot(of_masked / safe, by_random * of_random)

    lower = fsc - width(masked.fsc - masked.lower, random.upper - random.fsc)
    upper = fsc + width(masked.upper - masked.fsc, random.fsc - random.lower)
    return FscCurve(fsc, np.maximum(lower, -1.0), np.minimum(upper, 1.0), masked.count)


def first_random_shell(unmasked: np.ndarray, geo: Geometry, level: float, resolution: Optional[float]) -> Optional[int]:
    """Shell from which phases are randomised: of ``resolution`` (Å), or the first one where the unmasked FSC is below ``level``.

    None when the curve never falls below the level.
    """
    if resolution is not None:
        return min(max(int(geo.length / resolution + 1e-9), 1), geo.n_shells - 1)
    below = np.flatnonzero(unmasked[1:] < level)
    return int(below[0]) + 1 if below.size else None

