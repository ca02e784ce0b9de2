"""Spectra and correlations that sharpening aims at: ideal spectrum, fall-off of a signal, correlation with the true map.

Powers are means of abs(F)^2 per shell; frequencies are in 1/Å.
"""
from __future__ import annotations

from typing import NamedTuple, Optional

import numpy as np

from ...core import shells
from ...core.fourier import Geometry

# Power per atom of proteins at B = 0 (electron scattering, no hydrogens, no solvent) from 0.04 to 0.65 1/Å in steps of 0.01: geometric mean
# over the protein of 3c91, 3o21, 5ni1, 7a4m and 7pbl, computed by core/density; they scatter by 20 % to 0.12, 8 % to 0.4, 2 % beyond.
_STEP, _FIRST = 0.01, 0.04
_POWER = np.array([
    80.60, 35.19, 25.92, 20.28, 16.38, 13.57, 11.87, 9.52, 7.20, 5.64, 5.02, 4.56, 4.60, 4.84, 5.29, 6.69, 7.94, 8.22, 7.75, 6.97, 6.31,
    5.30, 4.56, 4.01, 3.73, 3.31, 2.91, 2.57, 2.32, 2.15, 2.01, 1.92, 1.85, 1.79, 1.72, 1.71, 1.70, 1.71, 1.68, 1.65, 1.63, 1.58, 1.54,
    1.50, 1.44, 1.36, 1.27, 1.16, 1.09, 1.03, 0.96, 0.91, 0.85, 0.79, 0.76, 0.73, 0.70, 0.67, 0.65, 0.63, 0.61, 0.59])
_SHAPE = 10.0                         # Å: coarser than this the spectrum is that of the molecule's shape
_FEWEST = 4                           # shells for a fall-off
_TRIED = 400                          # rates tried for the tail
_RATIO, _MOST = 5.9, 80.0             # B-factor of atoms over the squared resolution, and at the most (Å²)


class FallOff(NamedTuple):
    """A signal's power is ``scale * protein_power * exp(-bfactor s^2 / 2)``; ``n_shells`` were used, ``error`` is that of ``bfactor``."""

    bfactor: float
    scale: float
    error: float
    n_shells: int

    def power(self, freq: np.ndarray) -> np.ndarray:
        """The factor of :func:`protein_power`.

        Parameters
        ----------
        freq
            Frequencies (1/Å), float64 [n].

        Returns
        -------
        ndarray
            float64 [n].
        """
        return self.scale * np.exp(-self.bfactor * freq ** 2 / 2)


class Tidy(NamedTuple):
    """A correlation without baseline and with a smooth tail: ``cc`` float64 [n]; ``baseline``; ``tail`` the frequency (1/Å) at which
    the fitted tail begins, None when nothing was fitted; ``rate`` (Å²) of its fall."""

    cc: np.ndarray
    baseline: float
    tail: Optional[float]
    rate: Optional[float]


def usual_bfactor(resolution: float, ratio: float = _RATIO) -> float:
    """B-factor that the atoms of a density are given at a resolution: ``ratio d^2``, at most 80 Å².

    It holds where a map ends because its atoms move; a coarser map ends for other reasons, and its atoms move no more than those of
    others.

    Parameters
    ----------
    resolution
        Resolution ``d`` in Å.
    ratio
        That found by Terwilliger et al. (2018), 5.9.

    Returns
    -------
    float
        In Å².

    References
    ----------
    Terwilliger et al. (2018), https://doi.org/10.1107/S2059798318004655.
    """
    return min(ratio * resolution ** 2, _MOST)


def protein_power(freq: np.ndarray, k_sol: float = 0.0, b_sol: float = 200.0) -> np.ndarray:
    """Mean power per atom of proteins whose atoms have B = 0.

    Beyond 0.65 1/Å the table goes on as a Gaussian, below 0.04 1/Å it is constant.

    Parameters
    ----------
    freq
        Frequencies (1/Å), float64 [n].
    k_sol, b_sol
        Contrast and B-factor (Å²) of the solvent around it by Babinet's principle: amplitudes times ``1 - k_sol exp(-b_sol s^2 / 4)``.

    Returns
    -------
    ndarray
        float64 [n], in arbitrary but fixed units.
    """
    freq = np.asarray(freq, dtype=np.float64)
    at = _FIRST + _STEP * np.arange(_POWER.size)
    slope = np.log(_POWER[-1] / _POWER[-11]) / (at[-1] ** 2 - at[-11] ** 2)
    out = np.exp(np.interp(freq, at, np.log(_POWER)) + slope * np.maximum(freq ** 2 - at[-1] ** 2, 0))
    return out * (1 - k_sol * np.exp(-b_sol * freq ** 2 / 4)) ** 2


def mean_power(ft: np.ndarray, geo: Geometry, edges: Optional[np.ndarray] = None) -> np.ndarray:
    """Mean abs(F)^2 of each shell of a transform, or of other bins.

    Parameters
    ----------
    ft
        Transform, complex64 [nz, ny, nx // 2 + 1].
    geo
        Its shells.
    edges
        Outer radii of the bins in shell units, float64 [n]; the shells when None.

    Returns
    -------
    ndarray
        float64 [n].
    """
    total, _, count = shells.power_sums(ft, geo, edges)
    return total / np.maximum(count, 1)


def fit_fall_off(freq: np.ndarray, signal: np.ndarray, weight: np.ndarray, highest: float, k_sol: float = 0.0,
                 b_sol: float = 200.0) -> Optional[FallOff]:
    """Fall-off of the power of a signal relative to protein.

    A straight line through ``ln(signal / protein_power)`` over ``s^2``, from 10 Å (or twice ``highest`` when that is coarser) to
    ``highest``.

    Parameters
    ----------
    freq
        Frequency of the shells (1/Å), float64 [n].
    signal
        Power of the signal, float64 [n].
    weight
        Number of independent coefficients times what their agreement is worth, float64 [n].
    highest
        Highest resolution of the fit in Å.
    k_sol, b_sol
        As of :func:`protein_power`.

    Returns
    -------
    FallOff or None
        None where fewer than 4 shells can be used.

    References
    ----------
    Wilson (1942), https://doi.org/10.1038/150152a0.
    """
    lowest = max(_SHAPE, 2 * highest)
    use = (freq * lowest >= 1) & (freq * highest <= 1) & (signal > 0) & (weight > 0)
    if np.count_nonzero(use) < _FEWEST:
        return None
    x, w = freq[use] ** 2, weight[use]
    y = np.log(signal[use] / protein_power(freq[use], k_sol, b_sol))
    dx = x - np.average(x, weights=w)
    slope = float((w * dx * y).sum() / (w * dx * dx).sum())
    intercept = float(np.average(y, weights=w) - slope * np.average(x, weights=w))
    residual = y - intercept - slope * x
    variance = float((w * residual ** 2).sum() / (x.size - 2) / (w * dx * dx).sum())
    return FallOff(-2 * slope, float(np.exp(intercept)), 2 * float(np.sqrt(variance)), int(x.size))


def ideal_power(freq: np.ndarray, signal: np.ndarray, trust: np.ndarray, fall_off: Optional[FallOff], bfactor: float = 0.0,
                k_sol: float = 0.0, b_sol: float = 200.0) -> np.ndarray:
    """Spectrum that the molecule has with a given fall-off only.

    Where ``trust`` is high it is the measured ``signal`` with its fall-off taken out, so that it keeps the shape of the molecule and the
    pattern of its fold; where it is low, protein's.

    Parameters
    ----------
    freq
        Frequency of the shells (1/Å), float64 [n].
    signal
        Measured power of the signal, float64 [n].
    trust
        How far to believe it, 0 to 1, float64 [n].
    fall_off
        That of the signal; without it the spectrum is protein's everywhere.
    bfactor
        Fall-off to give it, in Å².
    k_sol, b_sol
        As of :func:`protein_power`.

    Returns
    -------
    ndarray
        float64 [n].
    """
    table = protein_power(freq, k_sol, b_sol)
    if fall_off is not None:
        own = np.where(signal > 0, signal, 1) / fall_off.power(freq)
        trust = np.where(signal > 0, np.clip(trust, 0, 1), 0)
        table = np.exp(trust * np.log(own) + (1 - trust) * np.log(table))
    return table * np.exp(-bfactor * freq ** 2 / 2)


def tidy(freq: np.ndarray, cc: np.ndarray, count: np.ndarray, *, cc_cut: float = 0.2, max_cc_for_rescale: float = 0.2,
         last_bins: int = 3) -> Tidy:
    """A correlation of two maps made fit for weights: never below 0, no baseline, a smooth tail.

    The mean of the last shells is taken for a correlation that does not belong there, and taken out. From the first shell below ``cc_cut``
    after one above twice that on, the correlation becomes ``a exp(-k (s^2 - s_cut^2))``, with ``k`` by least squares over all further
    shells, each counting by its coefficients.

    Parameters
    ----------
    freq
        Frequency of the shells (1/Å), float64 [n].
    cc
        The correlation, float64 [n].
    count
        Coefficients of the shells, float64 [n].
    cc_cut
        Where the smooth tail begins; 0 for none.
    max_cc_for_rescale
        A baseline above this is believed and left.
    last_bins
        Number of shells of the baseline; 0 for none.

    Returns
    -------
    Tidy
        The correlation, and what was done to it.

    References
    ----------
    After Terwilliger et al. (2018), https://doi.org/10.1107/S2059798318004655, with a Gaussian tail in place of their exponential.
    """
    cc = np.clip(np.where(np.isfinite(cc), cc, 0.0), -1, 1)
    baseline = float(np.clip(np.average(cc[-last_bins:], weights=np.maximum(count[-last_bins:], 1e-9)), 0, 0.99)) if last_bins else 0.0
    if baseline > max_cc_for_rescale:
        baseline = 0.0
    cc = (cc - baseline) / (1 - baseline)
    high = np.flatnonzero(cc > 2 * cc_cut)
    after = np.flatnonzero(cc[high[0]:] < cc_cut) if high.size and cc_cut > 0 else np.array([], dtype=int)
    if not after.size or high[0] + after[0] == 0:
        return Tidy(np.clip(cc, 0, 1), baseline, None, None)
    cut = int(high[0] + after[0]) - 1
    x, y, w = freq[cut:] ** 2 - freq[cut] ** 2, cc[cut:], np.maximum(count[cut:], 1e-9)
    reach = max(float(x[1]), 1e-12)
    rates = np.geomspace(0.01 / max(float(x[-1]), 1e-12), 5 / reach, _TRIED)
    shape = np.exp(-rates[:, None] * x)
    start = (w * shape * y).sum(axis=1) / (w * shape * shape).sum(axis=1)
    # The tail goes on from about where the correlation was left.
    start = np.clip(start, 0.5 * cc_cut, 2 * cc_cut)
    best = int(np.argmin((w * (start[:, None] * shape - y) ** 2).sum(axis=1)))
    cc[cut:] = start[best] * shape[best]
    return Tidy(np.clip(cc, 0, 1), baseline, float(freq[cut]), float(rates[best]))


def part_explained(cc: np.ndarray, gain: float = 1.0) -> np.ndarray:
    """Part of the power of the mean of two half-maps that is signal, ``CC*^2 = 2 cc / (1 + cc) = 1 / (1 + E^2)``.

    ``E^2`` is noise over signal, ``(1 - cc) / (2 cc)``.

    Parameters
    ----------
    cc
        Correlation of the half-maps, without negatives, float64 [n].
    gain
        Signal-to-noise ratio where the map is looked at over that of the whole box: ``1 / (1 + E^2 / gain)``.

    Returns
    -------
    ndarray
        float64 [n], 0 to 1.

    References
    ----------
    Rosenthal & Henderson (2003), https://doi.org/10.1016/j.jmb.2003.07.013.
    """
    cc = np.clip(cc, 0.0, 1.0)
    signal = 2 * gain * cc
    return np.divide(signal, signal + 1 - cc, out=np.zeros_like(cc), where=signal > 0)


def correlation_with_truth(cc: np.ndarray, freq: np.ndarray, rmsd: float, fraction: Optional[float] = None) -> np.ndarray:
    """Correlation of a map with the true map, CC*, from that with a model.

    A model whose atoms are ``rmsd`` off and that holds ``fraction`` of the scattering correlates with the truth by ``sqrt(fraction) exp(-B
    s^2 / 4)``, ``B = 8 pi^2 rmsd^2 / 3``; ``cc`` over that is the map's own.

    Parameters
    ----------
    cc
        Correlation of map and model, without negatives, float64 [n].
    freq
        Frequency of the shells (1/Å), float64 [n].
    rmsd
        Error of the atoms in Å.
    fraction
        Part of the scattering in the model; the square of the largest ``cc exp(B s^2 / 4)``, at most 1, when None.

    Returns
    -------
    ndarray
        float64 [n], 0 to 1.

    References
    ----------
    Read (1986), https://doi.org/10.1107/S0108767386099622.
    """
    undamped = cc * np.exp(8 * np.pi ** 2 * rmsd ** 2 / 3 * freq ** 2 / 4)
    whole = np.sqrt(estimate_fraction(cc, freq, rmsd) if fraction is None else fraction)
    return np.clip(undamped / max(whole, 1e-6), 0, 1)


def estimate_fraction(cc: np.ndarray, freq: np.ndarray, rmsd: float, highest: float = 0.0) -> float:
    """Part of the scattering that a model explains: see :func:`correlation_with_truth`.

    Shells coarser than 10 Å (or twice ``highest`` when that is coarser) do not count when there are others: the shape of the molecule
    shows in them, also that of a model with gaps. Nor do those whose correlation is below 0.3 of the best.

    Parameters
    ----------
    cc
        Correlation of map and model, float64 [n].
    freq
        Frequency of the shells (1/Å), float64 [n].
    rmsd
        Error of the atoms in Å.
    highest
        Resolution of the map in Å.

    Returns
    -------
    float
        0.0025 to 1.
    """
    fine = freq * max(_SHAPE, 2 * highest) >= 1
    use = fine if np.count_nonzero(fine) >= _FEWEST else freq > 0
    best = cc[use] >= 0.3 * max(float(cc[use].max()), 1e-9)
    undamped = cc[use][best] * np.exp(8 * np.pi ** 2 * rmsd ** 2 / 3 * freq[use][best] ** 2 / 4)
    # 5 % of the amplitude at the least: a model of nothing would divide by 0.
    return float(np.clip(np.max(undamped, initial=0.05), 0.05, 1.0)) ** 2
