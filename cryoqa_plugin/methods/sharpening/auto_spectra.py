"""What a map says of its own signal and noise: power per shell, fall-off and weights."""
from __future__ import annotations

from typing import NamedTuple, Optional, Sequence, Tuple

import numpy as np

from ...core import fourier, shells
from ...core.fourier import Geometry
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


class MaskedTransforms(NamedTuple):
    """Transforms of maps times a soft mask: ``inside`` of both half-maps, or of the one map; of that also ``outside``, times what the mask
    leaves. ``weight_inside`` and ``weight_outside`` are the sums of the squared mask and of the squared rest."""

    inside: Tuple[np.ndarray, ...]
    outside: Optional[np.ndarray]
    weight_inside: float
    weight_outside: float
    n_voxels: int


def masked_transforms(maps: Sequence[Map], mask: np.ndarray) -> MaskedTransforms:
    """Transforms of two half-maps or one map inside a mask, and of the one map outside of it.

    Parameters
    ----------
    maps
        Two half-maps, or one map.
    mask
        Soft mask, float32 [z, y, x].

    Returns
    -------
    MaskedTransforms
        ``outside`` is None for half-maps.
    """
    rest = 1 - mask
    outside = fourier.forward(maps[0].data * rest) if len(maps) == 1 else None
    squares = [max(float((w.astype(np.float64) ** 2).sum()), 1.0) for w in (mask, rest)]
    return MaskedTransforms(tuple(fourier.forward(m.data * mask) for m in maps), outside, squares[0], squares[1], mask.size)


def measure(fts: MaskedTransforms, geo: Geometry) -> Spectra:
    """Spectra inside a mask.

    Parameters
    ----------
    fts
        Of the half-maps, or of the map.
    geo
        Shells of the box.

    Returns
    -------
    Spectra
        The noise is that of the half-maps, else that of the solvent, else unknown.
    """
    if len(fts.inside) == 2:
        sums = shells.cross_sums(*fts.inside, geo)
        n = np.maximum(sums.count, 1)
        fsc = np.clip(shells.fsc(sums), 0, 1 - 1e-6)
        power = (sums.power1 + sums.power2 + 2 * sums.cross) / 4 / n
        return Spectra(power, np.maximum(sums.cross, 0) / n, 2 * fsc / (1 - fsc), sums.count, "half-maps")
    (inside, count), (outside, _) = (_power(ft, weight, geo) for ft, weight in ((fts.inside[0], fts.weight_inside),
                                                                               (fts.outside, fts.weight_outside)))
    fine = slice(geo.n_shells // 2, None)
    if fts.weight_outside < _NO_SOLVENT * fts.n_voxels or np.median(outside[fine]) < _MASKED * np.median(inside[fine]):
        return Spectra(inside, inside, None, count, "unknown")
    signal = np.maximum(inside - outside, 0)
    return Spectra(inside, signal, signal / np.maximum(outside, 1e-12 * inside.max()), count, "solvent")


def _power(ft: np.ndarray, weight: float, geo: Geometry) -> Tuple[np.ndarray, np.ndarray]:
    """Mean power per shell and voxel of a masked map, and the coefficients per shell, float64 [n_shells] each."""
    total, _, count = shells.power_sums(ft, geo)
    return total / np.maximum(count, 1) / weight, count


def fall_off(spectrum: np.ndarray, count: np.ndarray, geo: Geometry, resolution: float) -> float:
    """``b_iso`` (Å²): the mean power falls as ``exp(-b_iso s^2 / 2)`` from 10 Å to a resolution, coefficients weighted alike.

    Parameters
    ----------
    spectrum, count
        Mean power and coefficients of each shell, float64 [n_shells].
    geo, resolution
        Shells of the box, and the resolution (Å); finer than 5 Å, the fit begins at twice that.

    Returns
    -------
    float
        Positive for a decay; 0 when fewer than three shells hold power.
    """
    s = fourier.frequencies(geo)
    # the last shell counts by the part of it that is inside, so that the fit does not jump when the resolution moves past its middle
    inside = np.clip(geo.length / resolution - np.arange(s.size) + 0.5, 0, 1)
    use = (s * max(10.0, 2 * resolution) >= 1 - 1e-9) & (inside > 0) & (spectrum > 0)
    if np.count_nonzero(use) < 3:
        return 0.0
    slope = np.polyfit(s[use] ** 2, np.log(spectrum[use]), 1, w=np.sqrt(count[use] * inside[use]))[0]
    return float(-2 * slope)


def weights(spectra: Spectra, geo: Geometry) -> np.ndarray:
    """``SNR / (1 + SNR)`` of each shell: the least-squares weight of a coefficient.

    From where the ratio first falls below 1/3 on, the line that ``ln SNR`` follows over ``s^2`` stands in for it: single shells there are
    mostly scatter, which sharpening would magnify.

    Parameters
    ----------
    spectra
        Spectra inside the mask.
    geo
        The shells.

    Returns
    -------
    ndarray
        float64 [n_shells]; ones where the noise is not known.
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
