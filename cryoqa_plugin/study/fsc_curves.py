"""The curves of a half-map comparison: unmasked, masked, phase-randomised, corrected."""
from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Dict, Optional, Sequence, Tuple

import numpy as np

from ..core import crossing, fourier, phases, shells
from ..core.fourier import Geometry
from .given import GivenInputs
from .mask import cryosparc_mask


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


@dataclass(frozen=True)
class FscSettings:
    """How the FSC curves of half-maps are made.

    ``rules`` is a key of :data:`RULES`; ``relion_counting`` counts both mates of a Friedel pair in the plane kx = 0, as RELION does;
    ``confidence`` is that of the bands; phases are randomised from ``randomise_from`` (Å, None: from the level of the rules), ``repeats``
    times with seeds that follow from ``seed``.
    """

    rules: str = "cryoqa"
    relion_counting: bool = False
    confidence: float = 0.95
    randomise_from: Optional[float] = None
    seed: int = 0
    repeats: int = 2

    def resolved(self) -> Rules:
        """The rules that these settings name."""
        rules = RULES[self.rules]
        return replace(rules, mate_weight=1.0) if self.relion_counting else rules


DEFAULT: FscSettings = FscSettings()


@dataclass(frozen=True)
class FscCurves:
    """The FSC curves of two half-maps; those that need a mask are None without one.

    ``first_random`` is the shell from which phases were randomised, None where the unmasked FSC never falls that far; ``mask`` is the
    mask of the masked curves, float32 [z, y, x]. ``spherical`` and ``loose`` are cryoSPARC's.
    """

    unmasked: FscCurve
    masked: Optional[FscCurve] = None
    random: Optional[FscCurve] = None
    corrected: Optional[FscCurve] = None
    spherical: Optional[FscCurve] = None
    loose: Optional[FscCurve] = None
    first_random: Optional[int] = None
    mask: Optional[np.ndarray] = None

    @property
    def headline(self) -> str:
        """The curve that the resolution is read from: ``corrected`` when there is one, else ``unmasked``."""
        return "corrected" if self.corrected is not None else "unmasked"

    def judged(self) -> Dict[str, FscCurve]:
        """The curves that every criterion is read from, by name."""
        named = {"unmasked": self.unmasked, "masked": self.masked, "corrected": self.corrected}
        return {n: c for n, c in named.items() if c is not None}


def fsc_curves(inputs: GivenInputs, settings: FscSettings) -> FscCurves:
    """All FSC curves of two half-maps, in a mask when one was given; cryoSPARC's rules make their own masks.

    Parameters
    ----------
    inputs
        ``half1`` and ``half2``, and ``mask`` when there is one.
    settings
        How the curves are made.

    Returns
    -------
    FscCurves
        The unmasked curve alone without a mask. The corrected curve is missing too where the unmasked FSC never falls to the level
        from which phases are randomised.

    References
    ----------
    Chen et al. (2013), https://doi.org/10.1016/j.ultramic.2013.06.004.
    """
    rules, confidence = settings.resolved(), settings.confidence
    unmasked = _unmasked(inputs, confidence, rules)
    spherical = loose = None
    mask = None if inputs.mask is None else inputs.mask.data
    if settings.rules == "cryosparc":
        spherical, loose = (_in_mask(inputs, cryosparc_mask(inputs.average, kind), confidence, rules)[0] for kind in ("spherical", "loose"))
        mask = cryosparc_mask(inputs.average, "tight") if mask is None else mask
    if mask is None:
        return FscCurves(unmasked)
    masked, fraction = _in_mask(inputs, mask, confidence, rules)
    first = first_random_shell(unmasked.fsc, inputs.geometry, rules.level, settings.randomise_from)
    if first is None:
        return FscCurves(unmasked, masked, spherical=spherical, loose=loose, mask=mask)
    seeds = range(settings.seed * settings.repeats, (settings.seed + 1) * settings.repeats)
    width = onset_width(masked, inputs.geometry, first, rules)
    random = randomised(inputs, mask, (first, width), seeds, confidence, rules, fraction)
    begin = first + int(np.ceil(width)) + rules.guard
    return FscCurves(unmasked, masked, random, corrected(masked, random, begin), spherical, loose, first, mask)


def _unmasked(inputs: GivenInputs, confidence: float, rules: Rules) -> FscCurve:
    if rules.mate_weight != 0.5:                  # another count of the coefficients than that of the sums the Study keeps
        return correlate(inputs.transform("half1"), inputs.transform("half2"), inputs.geometry, confidence, rules)
    sums = inputs.half_sums()
    return _curve(sums, sums.count, confidence)


def _in_mask(inputs: GivenInputs, mask: np.ndarray, confidence: float, rules: Rules) -> Tuple[FscCurve, np.ndarray]:
    """FSC of the half-maps times a mask, and the part of the coefficients of each shell that the mask leaves independent."""
    fraction = crossing.independent_fraction(mask, inputs.geometry)
    f1 = fourier.forward(inputs.half1.data * mask)
    return correlate(f1, fourier.forward(inputs.half2.data * mask), inputs.geometry, confidence, rules, fraction), fraction


def correlate(f1: np.ndarray, f2: np.ndarray, geo: Geometry, confidence: float, rules: Rules,
              fraction: Optional[np.ndarray] = None) -> FscCurve:
    """FSC of two transforms with its band.

    Parameters
    ----------
    f1, f2
        Transforms, complex64 [nz, ny, nx // 2 + 1].
    geo
        Their shells.
    confidence
        Probability that the true value lies inside the band.
    rules
        How coefficients are counted.
    fraction
        Part of the coefficients of each shell that a mask leaves independent, float64 [n_shells]; all of them when None.

    Returns
    -------
    FscCurve
        The FSC over all shells; that of shell 0, one coefficient, is 1 where it is not positive.
    """
    sums = shells.cross_sums(f1, f2, geo, rules.mate_weight)
    count = sums.count if rules.mate_weight == 0.5 else shells.power_sums(f1, geo)[2]
    return _curve(sums, count if fraction is None else count * fraction, confidence)


def _curve(sums: shells.CrossSums, count: np.ndarray, confidence: float) -> FscCurve:
    """Shell 0 is set to 1 when it is not positive, as RELION does: one coefficient, the mean of the map, says nothing."""
    fsc = shells.fsc(sums)
    if fsc[0] <= 0:
        fsc[0] = 1.0
    return FscCurve(fsc, *crossing.confidence_band(fsc, count, confidence), count)


def onset_width(masked: FscCurve, geo: Geometry, first_shell: int, rules: Rules) -> float:
    """Number of shells over which the added phases grow.

    Those of ``rules.onset``, but at most two thirds of the way from ``first_shell`` to the crossing of the masked curve with 0.143, so
    that phases are random and the correction begins before it.

    Parameters
    ----------
    masked
        FSC in the mask.
    geo
        The shells.
    first_shell
        Shell from which phases change.
    rules
        How the phases grow.

    Returns
    -------
    float
        In shells, not a whole number.
    """
    crosses = crossing.find_crossings(np.arange(geo.n_shells), masked.fsc, 0.143).first
    way = np.inf if np.isnan(crosses) else max(crosses - first_shell, 0.0)
    return float(min(rules.onset * geo.length, way * 2 / 3))


def randomised(inputs: GivenInputs, mask: np.ndarray, onset: Tuple[int, float], seeds: Sequence[int], confidence: float, rules: Rules,
               fraction: np.ndarray) -> FscCurve:
    """FSC in a mask of the half-maps with random phases, the mean over draws.

    Parameters
    ----------
    inputs
        The half-maps.
    mask
        float32 [z, y, x].
    onset
        Shell from which phases change, and the number of shells until they are random.
    seeds
        One for each draw; the two halves get different phases.
    confidence, rules, fraction
        As of :func:`correlate`.

    Returns
    -------
    FscCurve
        Mean of the draws. The band is that of ``len(seeds)`` times the coefficients of one draw.
    """
    total = np.zeros(inputs.geometry.n_shells)
    for seed in seeds:
        f1 = _noise(inputs, "half1", mask, onset, 2 * seed)
        one = correlate(f1, _noise(inputs, "half2", mask, onset, 2 * seed + 1), inputs.geometry, confidence, rules, fraction)
        del f1
        total += one.fsc
    fsc = total / len(seeds)
    return FscCurve(fsc, *crossing.confidence_band(fsc, one.count * len(seeds), confidence), one.count)


def _noise(inputs: GivenInputs, half: str, mask: np.ndarray, onset: Tuple[int, float], seed: int) -> np.ndarray:
    """Transform of a half-map with random phases, in the mask."""
    ft = phases.randomise_phases(inputs.transform(half), inputs.geometry, onset[0], seed, width=onset[1])
    noise = fourier.inverse(ft, inputs.geometry.shape)
    noise *= mask
    return fourier.forward(noise)


def corrected(masked: FscCurve, random: FscCurve, begin: int) -> FscCurve:
    """The masked curve without what the mask added.

    Parameters
    ----------
    masked, random
        FSC in the mask of the half-maps, and of the half-maps with random phases.
    begin
        Shell from which the correction is made; before it the masked curve stands.

    Returns
    -------
    FscCurve
        The corrected curve; the count is that of the masked one.

    Notes
    -----
    ``FSC_true = (FSC_masked - FSC_random) / (1 - FSC_random)``; the band adds the uncertainties of both curves in quadrature.
    Chen et al. (2013), https://doi.org/10.1016/j.ultramic.2013.06.004.
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
    """Shell from which phases are randomised, None when the unmasked curve never falls below the level.

    Parameters
    ----------
    unmasked
        FSC without a mask, float64 [n_shells].
    geo
        The shells.
    level
        FSC below which the first shell is taken.
    resolution
        Resolution (Å) of the shell to take instead, None for none.

    Returns
    -------
    int or None
        The shell, 1 at least; None when there is none.
    """
    if resolution is not None:
        return min(max(int(geo.length / resolution + 1e-9), 1), geo.n_shells - 1)
    below = np.flatnonzero(unmasked[1:] < level)
    return int(below[0]) + 1 if below.size else None
