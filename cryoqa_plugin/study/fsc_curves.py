"""The curves of a half-map comparison: unmasked, masked, phase-randomised, corrected."""
from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Dict, Optional, Sequence, Tuple

import numpy as np

from ..core import crossing, fourier, masks, phases, shells
from ..core.fourier import Geometry
from .fsc_corrections import FscCurve, corrected, for_volume, without_shared
from .given import GivenInputs
from .independence import Independence
from .mask import INSIDE, cryosparc_mask
from .overfitting import SharedInMask, shared_in_mask
from .solvent import solvent_level

TOO_SHARP = 0.3                                 # FSC of random phases at the crossing from which the mask makes the number
_HARMLESS = 0.1                                  # and below which it does not
_EDGES = (6.0, 8.0, 10.0, 12.0, 15.0, 20.0, 30.0)    # Å


@dataclass(frozen=True)
class Rules:
    """How to count and to correct for the mask.

    Phases are randomised from the shell where the unmasked FSC falls below ``level``, growing to the full turn over at most the
    frequency range ``onset`` (1/Å), and the correction begins ``guard`` shells after that. ``keep_level``: a mask is laid on maps whose
    solvent may not be at 0, as RELION and cryoSPARC do. ``mate_weight`` as in
    :func:`cryoqa_plugin.core.shells.cross_sums`. ``order`` coefficients hold one measurement, under an imposed symmetry.
    """

    level: float
    guard: int
    onset: float = 0.0
    mate_weight: float = 0.5
    keep_level: bool = True
    order: int = 1


RULES: Dict[str, Rules] = {"cryoqa": Rules(level=0.8, guard=0, onset=1 / 20, keep_level=False), "relion": Rules(level=0.8, guard=2),
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

    def resolved(self, order: int = 1) -> Rules:
        """The rules that these settings name.

        Parameters
        ----------
        order
            Coefficients that hold one measurement, under an imposed symmetry.
        """
        rules = replace(RULES[self.rules], order=order)
        return replace(rules, mate_weight=1.0) if self.relion_counting else rules


DEFAULT: FscSettings = FscSettings()


@dataclass(frozen=True)
class FscCurves:
    """The FSC curves of two half-maps; those that need a mask are None without one.

    ``first_random`` is the shell from which phases were randomised, None where the unmasked FSC never falls that far; ``mask`` is the
    mask of the masked curves, float32 [z, y, x]. ``spherical`` and ``loose`` are cryoSPARC's. ``volume`` is the unmasked curve corrected
    for noise that was taken away around the molecule. ``widened`` is the corrected curve in the mask with a soft edge of ``edge`` Å, made
    when random phases agree in the mask itself by more than 0.3 where the corrected curve crosses. ``bounded`` is the curve that the
    resolution would be read from, without the noise that both half-maps share, in the solvent or ``in_mask`` alone.
    """

    unmasked: FscCurve
    masked: Optional[FscCurve] = None
    random: Optional[FscCurve] = None
    corrected: Optional[FscCurve] = None
    spherical: Optional[FscCurve] = None
    loose: Optional[FscCurve] = None
    first_random: Optional[int] = None
    mask: Optional[np.ndarray] = None
    volume: Optional[FscCurve] = None
    widened: Optional[FscCurve] = None
    edge: Optional[float] = None
    bounded: Optional[FscCurve] = None
    in_mask: Optional[SharedInMask] = None
    headline: str = "unmasked"

    @property
    def judged_by(self) -> FscCurve:
        """The curve that the resolution is read from: the headline, without the noise that both half-maps share where that is known."""
        return self.bounded if self.bounded is not None else getattr(self, self.headline)

    def judged(self) -> Dict[str, FscCurve]:
        """The curves that every criterion is read from, by name."""
        named = {n: getattr(self, n) for n in ("unmasked", "masked", "corrected", "volume", "widened", "bounded")}
        return {n: c for n, c in named.items() if c is not None}


def fsc_curves(inputs: GivenInputs, settings: FscSettings, independence: Independence) -> FscCurves:
    """All FSC curves of two half-maps, in a mask when one was given; cryoSPARC's rules make their own masks.

    Parameters
    ----------
    inputs
        ``half1`` and ``half2``, and ``mask`` when there is one.
    settings
        How the curves are made.
    independence
        What stands between the curves and a resolution.

    Returns
    -------
    FscCurves
        The unmasked curve alone without a mask. The corrected curve is missing too where the unmasked FSC never falls to the level
        from which phases are randomised.

    References
    ----------
    Chen et al. (2013), https://doi.org/10.1016/j.ultramic.2013.06.004.
    """
    rules, confidence = settings.resolved(independence.order), settings.confidence
    unmasked = _unmasked(inputs, confidence, rules)
    spherical = loose = None
    mask = None if inputs.mask is None else inputs.mask.data
    if settings.rules == "cryosparc":
        spherical, loose = (_in_mask(inputs, cryosparc_mask(inputs.average, kind), confidence, rules)[0] for kind in ("spherical", "loose"))
        mask = cryosparc_mask(inputs.average, "tight") if mask is None else mask
    curves = FscCurves(unmasked, spherical=spherical, loose=loose, mask=mask)
    if mask is not None:
        curves = _with_mask(inputs, mask, curves, settings, rules)
    if settings.rules != "cryoqa":                # the numbers of another program stay what they are
        curves = replace(curves, headline="unmasked" if curves.corrected is None else "corrected")
    else:
        curves = _with_headline(inputs, curves, settings, independence)
    return curves if independence.void is not None else _without_shared_noise(inputs, curves, confidence, independence)


def _without_shared_noise(inputs: GivenInputs, curves: FscCurves, confidence: float, independence: Independence) -> FscCurves:
    """The curves with the one without the noise that both half-maps share, where they do: everywhere, or in the molecule alone."""
    share, error = independence.share, independence.share_error
    if curves.corrected is not None and curves.headline == "corrected" and not independence.shared and independence.end is None:
        found = shared_in_mask(curves.corrected, inputs.frequencies)
        curves = replace(curves, in_mask=found)
        if found is not None and found.found:
            share, error = found.share, found.error
    if share is None or error is None:
        return curves
    return replace(curves, bounded=without_shared(getattr(curves, curves.headline), share, error, confidence))


def _with_mask(inputs: GivenInputs, mask: np.ndarray, curves: FscCurves, settings: FscSettings, rules: Rules) -> FscCurves:
    """The curves with those in a mask."""
    confidence = settings.confidence
    masked, fraction = _in_mask(inputs, mask, confidence, rules)
    first = first_random_shell(curves.unmasked.fsc, inputs.geometry, rules.level, settings.randomise_from)
    if first is None:
        return replace(curves, masked=masked)
    seeds = range(settings.seed * settings.repeats, (settings.seed + 1) * settings.repeats)
    width = onset_width(masked, inputs.geometry, first, rules)
    random = randomised(inputs, mask, (first, width), seeds, confidence, rules, fraction)
    begin = first + int(np.ceil(width)) + rules.guard
    return replace(curves, masked=masked, random=random, corrected=corrected(masked, random, begin), first_random=first)


def _with_headline(inputs: GivenInputs, curves: FscCurves, settings: FscSettings, independence: Independence) -> FscCurves:
    """The curves with the one that the resolution is read from."""
    if independence.volume_factor is not None:
        curves = replace(curves, volume=for_volume(curves.unmasked, independence.volume_factor, settings.confidence))
    without_mask = "unmasked" if curves.volume is None else "volume"
    # A mask that is laid on half-maps that were masked before shows what the first mask did no more than they themselves do.
    if curves.corrected is None or curves.random is None or independence.cut:
        return replace(curves, headline=without_mask)
    if independence.void is None and random_at_crossing(curves.corrected, curves.random, inputs.frequencies, independence.end) > TOO_SHARP:
        curves = _with_wider_edge(inputs, curves, settings, settings.resolved(independence.order))
        return replace(curves, headline=without_mask if curves.widened is None else "widened")
    return replace(curves, headline="corrected")


def random_at_crossing(corrected_: FscCurve, random: FscCurve, freq: np.ndarray, end: Optional[float] = None) -> float:
    """FSC of random phases in the mask where the corrected curve falls below 0.143, or at its end.

    Parameters
    ----------
    corrected_, random
        The corrected curve, and that of random phases.
    freq
        Frequency of the shells (1/Å), float64 [n_shells].
    end
        Edge of a low-pass (1/Å), None for none.

    Returns
    -------
    float
        0 where the corrected curve is nowhere above, and where it stays above up to the edge of a low-pass, which makes the number then.
    """
    found = crossing.find_crossings(freq, corrected_.fsc, 0.143)
    at = freq[-1] if found.state == "never" else found.first
    return 0.0 if found.state == "below" or end is not None and at >= end else float(np.interp(at, freq, random.fsc))


def _with_wider_edge(inputs: GivenInputs, curves: FscCurves, settings: FscSettings, rules: Rules) -> FscCurves:
    """The curves with the corrected one in the mask with the first soft edge that brings the random phases below 0.1."""
    inside = np.asarray(curves.mask) >= INSIDE
    for edge in _EDGES:
        wide = _with_mask(inputs, masks.soft_edge(inside, edge, inputs.grid.voxel_size), FscCurves(curves.unmasked), settings, rules)
        if wide.corrected and wide.random and random_at_crossing(wide.corrected, wide.random, inputs.frequencies) <= _HARMLESS:
            return replace(curves, widened=wide.corrected, edge=edge)
    return curves


def _unmasked(inputs: GivenInputs, confidence: float, rules: Rules) -> FscCurve:
    if rules.mate_weight != 0.5:                  # another count of the coefficients than that of the sums the Study keeps
        return correlate(inputs.transform("half1"), inputs.transform("half2"), inputs.geometry, confidence, rules)
    sums = inputs.half_sums()
    return _curve(sums, sums.count / rules.order, confidence)


def _in_mask(inputs: GivenInputs, mask: np.ndarray, confidence: float, rules: Rules) -> Tuple[FscCurve, np.ndarray]:
    """FSC of the half-maps times a mask, and the part of the coefficients of each shell that the mask leaves independent."""
    fraction = crossing.independent_fraction(mask, inputs.geometry)
    halves = inputs.half1.data, inputs.half2.data
    f1, f2 = (fourier.forward(_laid_on(half, mask, level)) for half, level in zip(halves, _levels(inputs, mask, rules)))
    return correlate(f1, f2, inputs.geometry, confidence, rules, fraction), fraction


def _levels(inputs: GivenInputs, mask: np.ndarray, rules: Rules) -> Tuple[Optional[float], Optional[float]]:
    """What is taken off each half-map before the mask is laid on: its level in the solvent, None where the rules keep it."""
    if rules.keep_level:
        return None, None
    return solvent_level(inputs.half1.data, mask), solvent_level(inputs.half2.data, mask)


def _laid_on(data: np.ndarray, mask: np.ndarray, level: Optional[float]) -> np.ndarray:
    """A map times a mask, its level taken off before where there is one."""
    if level is None:
        return data * mask
    out = data - np.float32(level)
    out *= mask
    return out


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
    count = (sums.count if rules.mate_weight == 0.5 else shells.power_sums(f1, geo)[2]) / rules.order
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
    # Random phases of coefficients that a symmetry relates are independent of each other.
    rules, levels, total = replace(rules, order=1), _levels(inputs, mask, rules), np.zeros(inputs.geometry.n_shells)
    for seed in seeds:
        f1 = _noise(inputs, "half1", mask, onset, 2 * seed, levels[0])
        f2 = _noise(inputs, "half2", mask, onset, 2 * seed + 1, levels[1])
        one = correlate(f1, f2, inputs.geometry, confidence, rules, fraction)
        del f1, f2
        total += one.fsc
    fsc = total / len(seeds)
    return FscCurve(fsc, *crossing.confidence_band(fsc, one.count * len(seeds), confidence), one.count)


def _noise(inputs: GivenInputs, half: str, mask: np.ndarray, onset: Tuple[int, float], seed: int, level: Optional[float]) -> np.ndarray:
    """Transform of a half-map with random phases, in the mask."""
    ft = phases.randomise_phases(inputs.transform(half), inputs.geometry, onset[0], seed, width=onset[1])
    noise = fourier.inverse(ft, inputs.geometry.shape)
    return fourier.forward(_laid_on(noise, mask, level))


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
