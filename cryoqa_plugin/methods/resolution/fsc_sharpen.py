"""Sharpening of the sum of two half-maps: detector MTF, FSC weights, B-factor, low-pass (RELION's post-processing)."""
from __future__ import annotations

from typing import NamedTuple, Optional

import numpy as np

from ...core import filters, fourier, guinier, shells
from ...core.fourier import Geometry
from ...io.curves import Mtf

_FINE = 16                                       # points per shell of the filter applied


class DetectorMtf(NamedTuple):
    """The MTF of a detector, None for none, and the pixel size (Å) that its frequencies refer to."""

    mtf: Optional[Mtf]
    pixel_size: float


class Guinier(NamedTuple):
    """Guinier plot, each float64 [n_shells]: ``s^2`` (1/Å^2) and ln of the mean amplitude as it is and after the weights."""

    s2: np.ndarray
    original: np.ndarray
    weighted: np.ndarray


def mtf_profile(detector: DetectorMtf, freq: np.ndarray) -> np.ndarray:
    """MTF at frequencies, linear between its points; ones without one.

    Parameters
    ----------
    detector
        MTF and pixel size.
    freq
        Frequencies (1/Å), float [n].

    Returns
    -------
    ndarray
        float64 [n].
    """
    return np.ones_like(freq) if detector.mtf is None else detector.mtf.at(freq, detector.pixel_size)


def fsc_weights(fsc: np.ndarray) -> np.ndarray:
    """Weights of the shells of a mean map, by its FSC.

    Parameters
    ----------
    fsc
        FSC of the half-maps, float [n].

    Returns
    -------
    ndarray
        ``sqrt(2 FSC / (1 + FSC))``, float64 [n], 0 from the first shell after 0 whose FSC is below 0.0001 on.

    References
    ----------
    Rosenthal & Henderson (2003), https://doi.org/10.1016/j.jmb.2003.07.013.
    """
    # RELION's rule; what comes after the first shell without signal is noise that happens to correlate.
    low = np.flatnonzero(fsc[1:] < 1e-4)
    end = int(low[0]) + 1 if low.size else fsc.size
    safe = np.where(np.arange(fsc.size) < end, np.clip(fsc, 0.0, 1.0), 0.0)
    return np.sqrt(2 * safe / (1 + safe))


def guinier_plot(ft: np.ndarray, geo: Geometry, weights: np.ndarray, mtf: np.ndarray, mate_weight: float = 0.5) -> Guinier:
    """Guinier plot of a transform.

    Parameters
    ----------
    ft
        Transform, complex64 [nz, ny, nx // 2 + 1].
    geo
        Its shells.
    weights, mtf
        Weight and MTF of each shell, float64 [n_shells].
    mate_weight
        As in :func:`cryoqa_plugin.core.shells.binned_cross_sums`.

    Returns
    -------
    Guinier
        Over all shells; NaN where the weight is 0.
    """
    _, amplitude, count = shells.power_sums(ft, geo, mate_weight=mate_weight)
    original = guinier.log_amplitudes(amplitude, count, int(np.prod(geo.shape)))
    weighted = original + np.log(np.where(weights > 0, weights, np.nan)) - np.log(mtf)
    return Guinier(fourier.frequencies(geo) ** 2, original, weighted)


def apply_filter(ft: np.ndarray, geo: Geometry, weights: np.ndarray, bfactor: float, low_pass: Optional[float],
                 detector: DetectorMtf) -> np.ndarray:
    """Sharpened map of a transform, which is overwritten.

    Coefficients are multiplied by the weight of their shell, by ``exp(-bfactor s^2 / 4)`` and by the low-pass, divided
    by the MTF, and set to 0 beyond the last shell.

    Parameters
    ----------
    ft
        Transform, complex64 [nz, ny, nx // 2 + 1]; overwritten.
    geo
        Its shells.
    weights
        Weight of each shell, float64 [n_shells].
    bfactor
        B-factor in Å²; negative sharpens.
    low_pass
        Resolution (Å) of the low-pass, None for none.
    detector
        MTF of the detector.

    Returns
    -------
    ndarray
        float32 [z, y, x].
    """
    # 16 points per shell follow B-factor and MTF smoothly, while weights step at the borders of the shells as in RELION.
    at = np.arange((geo.n_shells - 1) * _FINE + _FINE // 2) / _FINE
    freq = at / geo.length
    profile = weights[np.floor(at + 0.5).astype(int)] * np.exp(-bfactor * freq ** 2 / 4)
    profile /= mtf_profile(detector, freq)
    if low_pass is not None:
        profile *= np.interp(at, np.arange(geo.n_shells), filters.cosine_lowpass_profile(geo, low_pass))
    filters.apply_radial(ft, geo, profile, at=at, out=ft)
    return fourier.inverse(ft, geo.shape)
