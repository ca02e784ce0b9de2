"""Sharpening of the sum of two half-maps: detector MTF, FSC weights, B-factor, low-pass (RELION's post-processing)."""
from __future__ import annotations

import os
from typing import NamedTuple, Optional, Tuple

import numpy as np

from ...core import filters, fourier, guinier, shells
from ...core.fourier import Geometry
from ...errors import FormatError, InputError, MissingInputError

_FINE = 8                                        # points per shell of the filter applied


class Mtf(NamedTuple):
    """MTF file, None for none, and the pixel size (Å) that its frequencies refer to."""

    path: Optional[str]
    voxel: float


class Guinier(NamedTuple):
    """Guinier plot, each float64 [n_shells]: ``s^2`` (1/Å^2) and ln of the mean amplitude as it is and after the weights."""

    s2: np.ndarray
    original: np.ndarray
    weighted: np.ndarray


def read_mtf(path: str) -> Tuple[np.ndarray, np.ndarray]:
    """Frequencies (1/pixel of the detector) and values of the MTF in a RELION STAR file, float64 [n] each, rising frequencies."""
    from emtable import Table
    if not os.path.isfile(path):
        raise MissingInputError(f"The MTF file '{path}' does not exist; check the path.")
    names = ("rlnResolutionInversePixel", "rlnMtfValue")
    try:
        for block in Table.getTableNames(path):
            table = Table(fileName=path, tableName=block)
            if all(table.hasColumn(n) for n in names):
                points = sorted((float(getattr(r, names[0])), float(getattr(r, names[1]))) for r in table)
                freq, values = (np.array(v) for v in zip(*points))
                break
        else:
            raise ValueError("no table has the columns _" + " and _".join(names))
    except (ValueError, TypeError, AttributeError, IndexError, UnicodeDecodeError) as error:
        raise FormatError(f"The MTF file {path} cannot be read: {error}. Give a STAR file as RELION uses for --mtf.") from None
    if not np.all(np.isfinite(values)) or values.min() <= 0:
        raise InputError(f"The MTF file {path} has values that are not positive (lowest {values.min():g}); give the MTF of the detector.")
    return freq, values


def mtf_profile(mtf: Mtf, freq: np.ndarray) -> np.ndarray:
    """MTF at the frequencies ``freq`` (1/Å, float [n]), linear between the points of the file; ones without a file."""
    if not mtf.path:
        return np.ones_like(freq)
    points, values = read_mtf(mtf.path)
    return np.interp(freq * mtf.voxel, points, values)


def fsc_weights(fsc: np.ndarray) -> np.ndarray:
    """``sqrt(2 FSC / (1 + FSC))`` per shell, float64 [n], 0 from the first shell after 0 whose FSC is below 0.0001 on.

    Rosenthal & Henderson (2003), https://doi.org/10.1016/j.jmb.2003.07.013.
    """
    low = np.flatnonzero(fsc[1:] < 1e-4)
    end = int(low[0]) + 1 if low.size else fsc.size
    safe = np.where(np.arange(fsc.size) < end, np.clip(fsc, 0.0, 1.0), 0.0)
    return np.sqrt(2 * safe / (1 + safe))


def guinier_plot(ft: np.ndarray, geo: Geometry, weights: np.ndarray, mtf: np.ndarray) -> Guinier:
    """Guinier plot of a transform, complex64 [nz, ny, nx // 2 + 1]; ``weights`` and ``mtf`` are float64 [n_shells]."""
    _, amplitude, count = shells.power_sums(ft, geo)
    original = guinier.log_amplitudes(amplitude, count, int(np.prod(geo.shape)))
    with np.errstate(divide="ignore"):
        weighted = original + np.where(weights > 0, np.log(np.where(weights > 0, weights, 1.0)), np.nan) - np.log(mtf)
    return Guinier(fourier.frequencies(geo) ** 2, original, weighted)


def apply_filter(ft: np.ndarray, geo: Geometry, weights: np.ndarray, bfactor: float, low_pass: Optional[float],
                 mtf: Mtf) -> np.ndarray:
    """Sharpened map, float32 [z, y, x]; ``ft`` is overwritten.

    Coefficients are multiplied by the weight (linear between shells), by ``exp(-bfactor s^2 / 4)`` and by the low-pass, divided
    by the MTF, and set to 0 beyond the last shell.
    """
    at = np.arange((geo.n_shells - 1) * _FINE + 1) / _FINE
    freq = at / geo.length
    profile = np.interp(at, np.arange(geo.n_shells), weights) * np.exp(-bfactor * freq ** 2 / 4)
    profile /= mtf_profile(mtf, freq)
    if low_pass is not None:
        profile *= np.interp(at, np.arange(geo.n_shells), filters.cosine_lowpass_profile(geo, low_pass))
    filters.apply_radial(ft, geo, profile, at=at, out=ft)
    return fourier.inverse(ft, geo.shape)
