"""What is read from the FSC curves of half-maps, and what is said about it."""
from __future__ import annotations

from typing import Dict, List, NamedTuple, Optional, Tuple

import numpy as np

from ...rounding import show_error, show_value
from ...study import Study
from ...study import fsc_criteria as criteria
from ...study.fsc_criteria import Estimate
from ...study.fsc_curves import TOO_SHARP, FscCurve, FscCurves
from ...study.independence import Independence
from ...study.noise import HalfMapNoise

_PLACES = {"corrected": " in the mask (corrected for it)", "widened": " in the mask with its edge widened to {edge:g} Å (corrected for it)",
           "volume": " (corrected for the noise that is missing around the molecule)"}


class FscReadings(NamedTuple):
    """The curves over the frequency of the shells (1/Å, float64 [n_shells]) and what is read from them.

    ``head`` is the estimate of the headline curve at the threshold of the parameters, ``plain`` that of the unmasked one (corrected for
    noise that is missing), and ``bound`` that of the headline without the noise that both half-maps share; ``estimates`` holds every
    curve by every criterion.
    """

    freq: np.ndarray
    curves: FscCurves
    head: Estimate
    plain: Estimate
    bound: Optional[Estimate]
    estimates: Dict[Tuple[str, str], Estimate]

    @property
    def headline(self) -> FscCurve:
        """The curve that the resolution is read from."""
        return self.curves.judged()[self.curves.headline]


def read_curves(freq: np.ndarray, curves: FscCurves, threshold: float, end: Optional[float] = None) -> FscReadings:
    """Resolutions of FSC curves at a threshold and by every criterion.

    Parameters
    ----------
    freq
        Frequency of the shells (1/Å), float64 [n_shells].
    curves
        The curves over them.
    threshold
        FSC at which the headline resolution is read.
    end
        Edge of a low-pass (1/Å), beyond which nothing is read.

    Returns
    -------
    FscReadings
        The curves and what was read from them.
    """
    judged = curves.judged()
    head = criteria.estimate(freq, judged[curves.headline], threshold, end)
    plain = criteria.estimate(freq, judged.get("volume", curves.unmasked), threshold, end)
    bound = criteria.estimate(freq, judged["bounded"], threshold, end) if "bounded" in judged else None
    return FscReadings(freq, curves, head, plain, bound, criteria.all_estimates(freq, judged, end))


def mask_warnings(readings: FscReadings, independence: Independence) -> List[str]:
    """A sentence on a mask that is too sharp for the data.

    Parameters
    ----------
    readings
        The curves and what was read from them.
    independence
        What stands between them and a resolution.

    Returns
    -------
    list of str
        Empty where the mask leaves the number alone.
    """
    curves, own = readings.curves, readings.estimates.get(("corrected", "0143"))
    if curves.random is None or own is None or own.resolution is None or curves.headline == "corrected" or independence.cut:
        return []
    random = float(np.interp(1 / own.resolution, readings.freq, curves.random.fsc))
    if random <= TOO_SHARP:
        return []
    remedy = (f"Give it a soft edge of {curves.edge:g} Å: the number here is from that." if curves.edge is not None else
              "The number here is without the mask; give a wider one with a soft edge.")
    return [f"The mask is too sharp or too tight for these data: in it the half-maps agree by {random:.2f} at {own.resolution:.2f} Å even "
            f"with random phases, so that no resolution in it is given. {remedy}"]


def summary(study: Study, readings: FscReadings, threshold: float, confidence: float) -> str:
    """What the curves say, in one or two sentences.

    Parameters
    ----------
    study
        The Study of the half-maps.
    readings
        The curves and what was read from them.
    threshold, confidence
        FSC at which the resolution was read; probability of its interval.

    Returns
    -------
    str
        Why no resolution is given, where none is, and what remains true; else the resolution, and whether shared noise was found.
    """
    independence, level, head = study.independence, f"{threshold:g}", readings.head
    if independence.void is not None:
        return f"No resolution is given and no map is sharpened: {independence.void}."
    where = _PLACES.get(readings.curves.headline, "").format(edge=readings.curves.edge)
    if readings.bound is not None:
        in_mask = readings.curves.in_mask
        share, place = (independence.share, "") if independence.shared or in_mask is None else (in_mask.share, " in the mask")
        return (f"The half-maps are not independent: they share {show_value(100 * (share or 0), '%')} of their noise{place}. Their "
                f"FSC{where} reads "
                f"{_angstrom(head.resolution)}; without what they share it is {_angstrom(readings.bound.resolution)} at FSC = {level} "
                f"{_interval(readings.bound, confidence)}.")
    if not independence.holds:
        return "The half-maps are not independent: they agree in the solvent as well as in the molecule. No resolution is given."
    if head.state == "below":
        return f"The FSC of the half-maps{where} is nowhere above {level}: they do not agree at any resolution."
    return _agreement(readings, independence, where, threshold, confidence) + _shared_words(study.noise)


def _agreement(readings: FscReadings, independence: Independence, where: str, threshold: float, confidence: float) -> str:
    """The resolution with its interval, and that without the mask."""
    head, plain, level = readings.head, readings.plain, f"{threshold:g}"
    in_mask = readings.curves.headline in ("corrected", "widened")
    beside = f", and to {plain.resolution:.2f} Å without it" if in_mask and plain.state == "crosses" else ""
    if head.state != "never":
        return f"The half-maps agree to {head.resolution:.2f} Å{where} at FSC = {level} {_interval(head, confidence)}{beside}."
    if independence.end is not None:
        return (f"The FSC of the half-maps{where} stays above {level} up to the edge of their low-pass at {head.resolution:.2f} Å{beside}: "
                "no finer detail can be measured.")
    return (f"The FSC of the half-maps{where} stays above {level} up to the last shell, {head.resolution:.2f} Å{beside}: "
            "the sampling or the half-maps, not the data, set this limit.")


def _interval(found: Estimate, confidence: float) -> str:
    better, worse = (f"{v:.2f}" if v is not None else "?" for v in (found.better, found.worse))
    return f"({100 * confidence:g} % interval {better} to {worse} Å)"


def _angstrom(value: Optional[float]) -> str:
    return "no resolution" if value is None else f"{value:.2f} Å"


def _shared_words(noise: Optional[HalfMapNoise]) -> str:
    """Whether shared noise was looked for and found; "none found" is not "independent"."""
    shared = None if noise is None else noise.shared
    if shared is None or shared.share is None or shared.error is None:
        return ""
    return f" Shared noise in the solvent: none found ({show_error(100 * shared.share, 100 * shared.error, '%')})."
