"""The filters of B-factor sharpening: the factor of an amplitude as a function of its frequency."""
from __future__ import annotations

from typing import Callable, NamedTuple, Optional, Sequence

import numpy as np

from ...core import filters
from ...core.fourier import Geometry, frequencies
from ...errors import InputError

Gain = Callable[[np.ndarray], np.ndarray]        # from frequencies (1/Å), float64 [n], to factors, float64 [n]
_FINE = 8                                        # points per shell of a gain that is applied
_MOST = 60.0                                     # largest exponent of a gain: e^60 is beyond any map, and still finite


class Cut(NamedTuple):
    """Where B-factor sharpening ends: ``d_cut`` (Å), steepness ``k`` (1/Å, 0 for no end), and ``b_blur`` (Å²) beyond; None leaves what
    lies beyond as it is."""

    d_cut: float
    k: float
    b_blur: Optional[float]


def one(freq: np.ndarray) -> np.ndarray:
    """No sharpening.

    Parameters
    ----------
    freq
        Frequencies (1/Å), float64 [n].

    Returns
    -------
    ndarray
        Ones, float64 [n].
    """
    return np.ones_like(freq)


def bfactor_gain(bfactor: float, cut: Optional[Cut] = None) -> Gain:
    """The filter ``exp(-b(s) s^2 / 4)``.

    With a ``cut``, ``b`` goes over to ``bfactor + b_blur`` beyond ``d_cut``: ``b(s) = bfactor + b_blur (1 - L)``, ``L = 1 / (1 + exp(k
    (d_cut - d)))``; without ``b_blur`` it goes over to 0. A blur (``bfactor > 0``) without ``b_blur`` has no end.

    Parameters
    ----------
    bfactor
        In Å², negative to sharpen.
    cut
        Where sharpening ends; nowhere when None.
    """
    def gain(freq: np.ndarray) -> np.ndarray:
        b = np.full(freq.shape, float(bfactor))
        if cut is not None and cut.k > 0 and not (bfactor >= 0 and cut.b_blur is None):
            d = 1 / np.maximum(freq, 1e-6)
            beyond = 1 / (1 + np.exp(np.clip(cut.k * (d - cut.d_cut), -_MOST, _MOST)))
            b += beyond * (-bfactor if cut.b_blur is None else cut.b_blur)
        return np.exp(np.clip(-b * freq ** 2 / 4, -_MOST, _MOST))
    return gain


def piecewise_gain(b: Sequence[float], resolution: float, d_min: float) -> Gain:
    """The filter ``exp(t)``, ``t`` linear in ``s^2`` between four points, constant beyond.

    Parameters
    ----------
    b
        Three numbers: ``t`` is 0 at 0, ``b[0]`` at half of ``1 / resolution^2``, ``b[1]`` at ``1 / resolution^2`` and ``b[1] + b[2]`` at
        ``1 / d_min^2``.
    resolution, d_min
        In Å.
    """
    at = np.array([0, 0.5 / resolution ** 2, 1 / resolution ** 2, 1 / d_min ** 2])
    values = np.array([0, b[0], b[1], b[1] + b[2]])
    return lambda freq: np.exp(np.clip(np.interp(freq ** 2, at, values), -_MOST, _MOST))


def shells_gain(values: np.ndarray, geo: Geometry) -> Gain:
    """Linear between the values of the shells; that of the last shell beyond.

    Parameters
    ----------
    values
        float64 [n_shells].
    geo
        The shells.
    """
    freq = frequencies(geo)
    return lambda at: np.interp(at, freq, values)


def lowpass_gain(d_min: float) -> Gain:
    """1 up to 5 % below a frequency, 0 from 5 % above on, raised cosine in between.

    Parameters
    ----------
    d_min
        Resolution (Å) of the low-pass.
    """
    return lambda freq: filters.raised_cosine(freq, 0.95 / d_min, 1.05 / d_min)


def product(*gains: Gain) -> Gain:
    """All filters, one after the other.

    Parameters
    ----------
    *gains
        The filters.
    """
    def gain(freq: np.ndarray) -> np.ndarray:
        out = np.ones_like(freq)
        for g in gains:
            out = out * g(freq)
        return out
    return gain


def apply(ft: np.ndarray, geo: Geometry, gain: Gain, out: Optional[np.ndarray] = None) -> np.ndarray:
    """A transform times a filter.

    Parameters
    ----------
    ft
        Transform, complex64 [nz, ny, nx // 2 + 1].
    geo
        Its shells.
    gain
        The filter.
    out
        Where to put the result, ``ft`` itself if wanted; a new array when None.

    Returns
    -------
    ndarray
        complex64 [nz, ny, nx // 2 + 1]; 0 in the corners beyond the last shell.
    """
    at = np.arange((geo.n_shells - 1) * _FINE + _FINE // 2 + 1) / _FINE
    return filters.apply_radial(ft, geo, gain(at / geo.length), at=at, out=out)


def three_numbers(text: str, what: str) -> Sequence[float]:
    """Three numbers of a text, separated by blanks or commas.

    Parameters
    ----------
    text
        The text.
    what
        What the numbers are, the beginning of the sentence.

    Returns
    -------
    list of float
        Three.

    Raises
    ------
    InputError
        They are not three, or not numbers.
    """
    try:
        numbers = [float(word) for word in text.replace(",", " ").split()]
    except ValueError:
        numbers = []
    if len(numbers) != 3 or not np.all(np.isfinite(numbers)):
        raise InputError(f"{what} is '{text}'; it must be three numbers, separated by blanks.")
    return numbers
