"""Noise that two half-maps share in the molecule alone: overfitting, which the solvent does not show.

A signal falls off with resolution; noise that is shared does not. The odds of the FSC in the mask are fitted by a Gaussian that falls and
a constant that stays.
"""
from __future__ import annotations

from typing import NamedTuple, Optional

import numpy as np

from .fsc_corrections import FscCurve

_FROM = 0.9                                      # FSC from which on the odds are fitted
_SCATTER = 1.5                                   # coefficients a shell of a corrected curve has less than one in the mask
_LEAST_SHELLS = 10
_SHARE, _SURE = 0.04, 5.0


class SharedInMask(NamedTuple):
    """Part of the noise in the mask that two half-maps share.

    ``share`` with its standard ``error``, ``z`` standard errors above none; ``found`` above 0.04 with ``z`` above 5.
    """

    share: float
    error: float
    z: float
    found: bool


def shared_in_mask(curve: FscCurve, freq: np.ndarray) -> Optional[SharedInMask]:
    """Noise that two half-maps share in the mask.

    Parameters
    ----------
    curve
        Their FSC in the mask, corrected for it.
    freq
        Frequency of the shells (1/Å), float64 [n_shells].

    Returns
    -------
    SharedInMask or None
        None where fewer than ten shells lie beyond an FSC of 0.9, or the curve does not fall below 0.5: what is shared is then hidden by
        the signal.

    Notes
    -----
    ``FSC / (1 - FSC) = exp(a - k s^2) + q`` is fitted with a soft L1 loss; the share is ``q / (1 + q)``.
    """
    below = np.flatnonzero(curve.fsc[2:] < _FROM)
    use = np.arange(2 + int(below[0]), curve.fsc.size - 1) if below.size else np.arange(0)
    if use.size < _LEAST_SHELLS or curve.fsc[use].min() > 0.5:
        return None
    square, fsc = freq[use] ** 2, curve.fsc[use]
    weight = np.sqrt(2 * np.maximum(curve.count[use], 1.0) / _SCATTER)

    def expected(p: np.ndarray) -> np.ndarray:
        odds = np.exp(np.clip(p[0] - p[1] * (square - square[0]), -50, 20)) + p[2]
        return odds / (1 + odds)

    def residual(p: np.ndarray) -> np.ndarray:
        model = expected(p)
        return weight * (fsc - model) / np.maximum(1 - model ** 2, 1e-3)

    from scipy.optimize import least_squares                 # costs 30 ms to import: not before it is needed
    start = np.array([np.log(_FROM / (1 - _FROM)), np.log(60) / max(square[-1] - square[0], 1e-9), 0.0])
    fit = least_squares(residual, start, loss="soft_l1", bounds=([-5, 0, -0.5], [20, np.inf, 5]), x_scale=np.maximum(np.abs(start), 0.05))
    covariance = np.linalg.pinv(fit.jac.T @ fit.jac)
    odds, error = float(fit.x[2]), float(np.sqrt(max(covariance[2, 2], 1e-300)))
    share = odds / (1 + odds)
    z = odds / error
    return SharedInMask(share, error / (1 + odds) ** 2, z, share > _SHARE and z > _SURE)
