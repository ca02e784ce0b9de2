"""What a map says of its own signal and noise: power per shell, fall-off, weights, and a mask of the molecule."""
from __future__ import annotations

from typing import NamedTuple, Optional, Tuple

import numpy as np

from ...core import fourier, shells
from ...core.fourier import Geometry
from ...io.inputs import Inputs
from ...io.maps import Map

SNR_AT_RESOLUTION = 1 / 3                        # of a full map whose half-maps correlate by 0.143
_TAIL_FROM = 0.5                                 # of the frequency of the resolution; from there the tail is fitted
_MASKED = 0.02                                   # of the power inside, at high frequency, below which the solvent was masked off
_NO_SOLVENT = 0.02                               # of the box outside the mask, below which the solvent says nothing


class Spectra(NamedTuple):
    """Per shell, float64 [n_shells]: power of the map, of its signal, signal-to-noise ratio of the full map (None where the noise is
    not known); ``source`` of the noise: half-maps, solvent or unknown."""

    power: np.ndarray
    signal: np.ndarray
    snr: Optional[np.ndarray]
    count: np.ndarray
    source: str


def measure(inputs: Inputs, full: Map, mask: np.ndarray, geo: Geometry) -> Spectra:
    """:class:`Spectra` inside a soft ``mask``, float32 [z, y, x]: noise from the half-maps, else from the solvent, else unknown."""
    if inputs.half1 is not None and inputs.half2 is not None:
        sums = shells.cross_sums(fourier.forward(inputs.half1.data * mask), fourier.forward(inputs.half2.data * mask), geo)
        n = np.maximum(sums.count, 1)
        fsc = np.clip(shells.fsc(sums), 0, 1 - 1e-6)
        power = (sums.power1 + sums.power2 + 2 * sums.cross) / 4 / n
        return Spectra(power, np.maximum(sums.cross, 0) / n, 2 * fsc / (1 - fsc), sums.count, "half-maps")
    inside, count = _power(full.data, mask, geo)
    outside, _ = _power(full.data, 1 - mask, geo)
    room = float(((1 - mask).astype(np.float64) ** 2).sum())
    fine = slice(geo.n_shells // 2, None)
    if room < _NO_SOLVENT * full.data.size or np.median(outside[fine]) < _MASKED * np.median(inside[fine]):
        return Spectra(inside, inside, None, count, "unknown")
    signal = np.maximum(inside - outside, 0)
    return Spectra(inside, signal, signal / np.maximum(outside, 1e-12 * inside.max()), count, "solvent")


def _power(data: np.ndarray, weight: np.ndarray, geo: Geometry) -> Tuple[np.ndarray, np.ndarray]:
    total, _, count = shells.power_sums(fourier.forward(data * weight), geo)
    return total / np.maximum(count, 1) / max(float((weight.astype(np.float64) ** 2).sum()), 1.0), count


def fall_off(spectrum: np.ndarray, count: np.ndarray, geo: Geometry, resolution: float) -> float:
    """``b_iso`` (Å²): the mean power falls as ``exp(-b_iso s^2 / 2)`` from 10 Å to ``resolution``, coefficients weighted alike.

    Below 5 Å the fit begins at twice the resolution. 0 when fewer than three shells hold power.
    """
    s = fourier.frequencies(geo)
    use = (s * max(10.0, 2 * resolution) >= 1 - 1e-9) & (s * resolution <= 1 + 1e-9) & (spectrum > 0)
    if np.count_nonzero(use) < 3:
        return 0.0
    slope = np.polyfit(s[use] ** 2, np.log(spectrum[use]), 1, w=np.sqrt(count[use]))[0]
    return float(-2 * slope)


def weights(spectra: Spectra, geo: Geometry) -> np.ndarray:
    """``SNR / (1 + SNR)`` of each shell, float64 [n_shells]: the least-squares weight of a coefficient.

    From where the ratio first falls below 1/3 on, the line that ``ln SNR`` follows over ``s^2`` stands in for it: single shells there
    are mostly scatter, which sharpening would magnify. Ones where the noise is not known.
    """
    if spectra.snr is None:
        return np.ones(geo.n_shells)
    snr, s2 = np.maximum(spectra.snr, 1e-6), fourier.frequencies(geo) ** 2
    below = np.flatnonzero(snr[2:] < SNR_AT_RESOLUTION)
    if below.size:
        end = int(below[0]) + 2
        fit = np.arange(geo.n_shells)
        fit = (fit >= max(1, int(_TAIL_FROM * end))) & (fit < end)
        slope, at_0 = 0.0, float(np.log(snr[end - 1]))
        if np.count_nonzero(fit) >= 3:
            trust = np.sqrt(spectra.count[fit]) * snr[fit] / (2 + snr[fit])
            slope, at_0 = np.polyfit(s2[fit], np.log(snr[fit]), 1, w=trust)
        if slope >= 0:                               # no fall-off to follow: nothing is kept
            snr[end:] = 0
        else:
            snr[end:] = np.exp(at_0 + slope * s2[end:])
    return snr / (1 + snr)
