"""The Guinier plot of a map, and the B-factor of its slope."""
from __future__ import annotations

from typing import NamedTuple, Optional

import numpy as np


class GuinierFit(NamedTuple):
    """Straight line ``ln F = intercept + slope s^2`` through some shells; ``bfactor = 4 slope``, negative for a decay."""

    bfactor: float
    slope: float
    intercept: float
    r_squared: float
    n_shells: int
    bfactor_error: float


def log_amplitudes(amplitude: np.ndarray, count: np.ndarray, n_voxels: int) -> np.ndarray:
    """Logarithm of the mean amplitude of each shell.

    Parameters
    ----------
    amplitude, count
        Sums of abs(F) and numbers of coefficients of each shell, float64 [n], of :func:`.shells.power_sums`.
    n_voxels
        Voxels of the box; makes the scale independent of its size.

    Returns
    -------
    ndarray
        ``ln(mean abs(F) / n_voxels)``, float64 [n]; NaN where there is no amplitude.
    """
    there = (count > 0) & (amplitude > 0)
    return np.log(np.where(there, amplitude, np.nan) / np.where(there, count, 1.0) / n_voxels)


def fit(freq: np.ndarray, log_amplitude: np.ndarray, lowest: float, highest: float = 0.0,
        weights: Optional[np.ndarray] = None) -> Optional[GuinierFit]:
    """Straight line through the Guinier plot between two resolutions, by least squares.

    Parameters
    ----------
    freq
        Frequency of the shells in 1/Å, float [n].
    log_amplitude
        Logarithm of the mean amplitude, float [n]; shells that are not finite are left out.
    lowest, highest
        Largest and smallest resolution of the fit in Å; 0 for no limit at the high end.
    weights
        Weight of each shell, float [n]; all alike when not given.

    Returns
    -------
    GuinierFit or None
        B-factors in Å^2; None with fewer than three shells.

    References
    ----------
    Rosenthal & Henderson (2003), https://doi.org/10.1016/j.jmb.2003.07.013.
    """
    # 1e-9, so that a shell exactly at a limit takes part whatever the rounding.
    use = np.isfinite(log_amplitude) & (freq * lowest >= 1 - 1e-9) & (freq * highest <= 1 + 1e-9)
    x, y = freq[use] ** 2, log_amplitude[use]
    if x.size < 3:
        return None
    w = np.ones_like(x) if weights is None else weights[use] * (x.size / weights[use].sum())
    # Sums about the means: s^2 is small, and its squares would lose digits.
    x0, y0 = float(w @ x) / x.size, float(w @ y) / x.size
    dx, dy = x - x0, y - y0
    sxx, sxy, syy = float(w @ (dx * dx)), float(w @ (dx * dy)), float(w @ (dy * dy))
    slope = sxy / sxx
    residual = max(syy - slope * sxy, 0.0) / (x.size - 2)
    return GuinierFit(4 * slope, slope, y0 - slope * x0, sxy ** 2 / (sxx * syy) if syy > 0 else 1.0, int(x.size),
                      4 * float(np.sqrt(residual / sxx)))
