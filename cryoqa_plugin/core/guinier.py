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
    """``ln(mean abs(F) / n_voxels)`` of each shell, float64 [n]; NaN where there is no amplitude.

    ``amplitude`` and ``count`` are the sums of :func:`cryoqa_plugin.core.shells.power_sums`.
    """
    there = (count > 0) & (amplitude > 0)
    return np.log(np.where(there, amplitude, np.nan) / np.where(there, count, 1.0) / n_voxels)


def fit(freq: np.ndarray, log_amplitude: np.ndarray, lowest: float, highest: float = 0.0,
        weights: Optional[np.ndarray] = None) -> Optional[GuinierFit]:
    """Least squares over the shells between two resolutions; None with fewer than three shells.

    Parameters
    ----------
    freq : float [n], frequency of the shells (1/Å)
    log_amplitude : float [n], logarithm of the mean amplitude; shells that are not finite are left out
    lowest, highest : largest and smallest resolution of the fit (Å); 0 for no limit at the high end
    weights : float [n], weight of each shell; all alike when not given

    Rosenthal & Henderson (2003), https://doi.org/10.1016/j.jmb.2003.07.013.
    """
    use = np.isfinite(log_amplitude) & (freq * lowest >= 1 - 1e-9) & (freq * highest <= 1 + 1e-9)
    x, y = freq[use] ** 2, log_amplitude[use]
    if x.size < 3:
        return None
    w = np.ones_like(x) if weights is None else weights[use] * (x.size / weights[use].sum())
    x0, y0 = float(w @ x) / x.size, float(w @ y) / x.size
    dx, dy = x - x0, y - y0
    sxx, sxy, syy = float(w @ (dx * dx)), float(w @ (dx * dy)), float(w @ (dy * dy))
    slope = sxy / sxx
    residual = max(syy - slope * sxy, 0.0) / (x.size - 2)
    return GuinierFit(4 * slope, slope, y0 - slope * x0, sxy ** 2 / (sxx * syy) if syy > 0 else 1.0, int(x.size),
                      4 * float(np.sqrt(residual / sxx)))
