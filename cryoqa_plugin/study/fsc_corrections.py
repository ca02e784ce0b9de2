"""What an FSC curve would be without what was done to it: a mask laid on, noise taken away around the molecule, noise that both share."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from ..core import crossing
from .noise import bounded_fsc, volume_corrected

_TOO_MUCH = 0.25                                 # of the root of the random FSC


@dataclass(frozen=True)
class FscCurve:
    """One curve over the shells, each float64 [n_shells]: the correlation, its band, and the number of independent coefficients."""

    fsc: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    count: np.ndarray


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

    Part of what a sharp mask carries from strong shells into weak ones is signal that the half-maps do share, and random phases count it
    as noise: the correction may take too much. Its upper band is wider by that, by ``min(R, 0.25 sqrt(R))`` for ``R = FSC_random``: that
    holds for simulated half-maps in masks with ``R`` up to 0.3.
    """
    rest, taken = 1 - random.fsc, np.maximum(random.fsc, 0)
    use = (np.arange(rest.size) >= begin) & (rest > 1e-9)
    safe = np.where(use, rest, 1.0)
    fsc = np.where(use, (masked.fsc - random.fsc) / safe, masked.fsc)
    by_random = np.where(use, (1 - masked.fsc) / safe ** 2, 0.0)

    def width(of_masked: np.ndarray, of_random: np.ndarray) -> np.ndarray:
        return np.hypot(of_masked / safe, by_random * of_random)

    lower = fsc - width(masked.fsc - masked.lower, random.upper - random.fsc)
    too_much = np.where(use, np.minimum(taken, _TOO_MUCH * np.sqrt(taken)), 0.0)
    upper = fsc + np.hypot(width(masked.upper - masked.fsc, random.fsc - random.lower), too_much)
    return FscCurve(fsc, np.maximum(lower, -1.0), np.minimum(upper, 1.0), masked.count)


def for_volume(unmasked: FscCurve, volume_factor: float, confidence: float) -> FscCurve:
    """The unmasked curve as it would be with the noise of the molecule in the whole box.

    Parameters
    ----------
    unmasked
        FSC without a mask.
    volume_factor
        Noise power of the whole box over that where the signal is.
    confidence
        Probability that the true value lies inside the band.

    Returns
    -------
    FscCurve
        See :func:`cryoqa_plugin.study.noise.volume_corrected`. The noise is that of a part of the box, so that as many coefficients fewer
        are independent.
    """
    count = unmasked.count * min(volume_factor, 1.0)

    def changed(curve: np.ndarray) -> np.ndarray:
        within = np.clip(curve, 0, 1 - 1e-9)
        return np.where(curve > 0, volume_corrected(within, volume_factor), volume_factor * curve)

    return FscCurve(changed(unmasked.fsc), *(changed(c) for c in crossing.confidence_band(unmasked.fsc, count, confidence)), count)


def without_shared(curve: FscCurve, share: float, error: float, confidence: float) -> FscCurve:
    """A curve without the noise that both half-maps share.

    Parameters
    ----------
    curve
        FSC without a mask, or corrected for it by random phases, which do not see what is shared.
    share, error
        Part of the noise power that is shared, and its standard error.
    confidence
        Probability that the true value lies inside the band.

    Returns
    -------
    FscCurve
        See :func:`cryoqa_plugin.study.noise.bounded_fsc`; the band adds the uncertainty of the share in quadrature.
    """
    fsc = bounded_fsc(curve.fsc, share)
    of_share = float(ndtri(0.5 + confidence / 2)) * error * (1 - curve.fsc) / (1 - share) ** 2
    lower = fsc - np.hypot((curve.fsc - curve.lower) / (1 - share), of_share)
    upper = fsc + np.hypot((curve.upper - curve.fsc) / (1 - share), of_share)
    return FscCurve(fsc, np.maximum(lower, -1.0), np.minimum(upper, 1.0), curve.count)
