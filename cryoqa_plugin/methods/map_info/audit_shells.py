"""What the half-maps say of a processed map shell by shell: whitened before the mask, bounds of its agreement with the truth."""
from __future__ import annotations

from typing import NamedTuple, Optional, Tuple

import numpy as np
from scipy.signal import savgol_filter

from ...core import filters, fourier, shells
from ...core.fourier import Geometry
from ...study import Study

COARSE = 10.0                                    # Å, from where on there are shells enough, and
_COARSE_ENDS = 2.5                               # times the end of the data where that is coarser
_END = 0.05                                      # FSC of the half-maps in the mask where the data end
_EMPTY = 1e-12                                   # of the strongest shell; below it is rounding, as where a map was cut off
_MOVED = 0.02                                    # voxels from which a map is moved back
_HALF = 0.5                                      # part of a shell that must be the data
_ERRORS = 2.0                                    # standard errors of the FSC that bounds are widened by
_PARABOLA, _PARABOLA_ERROR = 7, 1.29             # shells of a parabola, and its standard error over that of a mean of five


class Whitened(NamedTuple):
    """The three transforms, and what each shell is multiplied by to have a power of 1.

    ``mean`` of the half-maps, the first of them, ``half``, and ``processed``, complex64 [nz, ny, nx // 2 + 1]; ``of_data`` and
    ``of_processed`` float64 [n_shells]; ``power`` float64 [n_shells], mean power of the coefficients of the processed map.
    """

    mean: np.ndarray
    half: np.ndarray
    processed: np.ndarray
    of_data: np.ndarray
    of_processed: np.ndarray
    power: np.ndarray


class ShellFacts(NamedTuple):
    """Sums in the mask, float64 [n_shells] each.

    ``cc``: correlation of the mean of the half-maps with the truth, squared; ``cc_error`` its standard error; ``cc_steep``: the same by
    parabolas, for the bounds; ``cp``: correlation of the processed map with that mean; ``take``: what the whitened processed map is
    multiplied by, one over its gain as far as it counts; ``signal`` and ``noise``: power of a coefficient of the whitened mean; ``power``:
    that of the processed map. ``first`` and ``last``: shells that are used.
    """

    cc: np.ndarray
    cc_error: np.ndarray
    cc_steep: np.ndarray
    cp: np.ndarray
    take: np.ndarray
    signal: np.ndarray
    noise: np.ndarray
    power: np.ndarray
    first: int
    last: int

    @property
    def used(self) -> slice:
        """Shells from the first to the last that is used."""
        return slice(self.first, self.last + 1)


def whitened(study: Study, shift: Optional[Tuple[float, float, float]], made: Optional[np.ndarray] = None) -> Whitened:
    """Transforms of the data and of the processed map, which is moved back, and the factors that whiten them.

    Parameters
    ----------
    study
        ``half1``, ``half2`` and, unless ``made`` is given, ``full_map``.
    shift
        Of the processed map against the data, (x, y, z) in voxels; None where there is none.
    made
        Transform of the processed map, complex64; None for that of ``full_map``.

    Returns
    -------
    Whitened
        Before any mask: a mask smears the power of strong shells over the weak ones beside them.
    """
    geo = study.geometry
    mean, processed = study.transform("average"), study.transform("full_map") if made is None else made
    if shift is not None and max(abs(t) for t in shift) >= _MOVED:
        processed = _moved(processed, geo.shape, shift)
    of_data, _ = _white(mean, geo)
    of_processed, power = _white(processed, geo)
    return Whitened(mean, study.transform("half1"), processed, of_data, of_processed, power)


def whitening(ft: np.ndarray, geo: Geometry) -> np.ndarray:
    """Factor of each shell that gives it a power of 1, float64 [n_shells]; 0 in empty ones.

    Parameters
    ----------
    ft
        Transform of a map.
    geo
        Its shells.

    Returns
    -------
    ndarray
        By the running mean of the power over three shells.
    """
    return _white(ft, geo)[0]


def _white(ft: np.ndarray, geo: Geometry) -> Tuple[np.ndarray, np.ndarray]:
    total, _, count = shells.power_sums(ft, geo)
    power = total / np.maximum(count, 1)
    even = shells.running_mean(power, 1)
    alive = power > _EMPTY * power[1:].max()
    alive[0] = False
    return np.where(alive, 1 / np.sqrt(np.maximum(even, 1e-300)), 0.0), power


def _moved(ft: np.ndarray, shape: Tuple[int, ...], shift: Tuple[float, float, float]) -> np.ndarray:
    """Transform of a map moved back by a shift (x, y, z) in voxels."""
    z, y, x = (np.exp(2j * np.pi * f * t).astype(np.complex64)
               for f, t in zip((np.fft.fftfreq(shape[0]), np.fft.fftfreq(shape[1]), np.fft.rfftfreq(shape[2])), shift[::-1]))
    return ft * z[:, None, None] * y[None, :, None] * x[None, None, :]


def masked(ft: np.ndarray, geo: Geometry, profile: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Transform of a filtered map times a mask, complex64.

    Parameters
    ----------
    ft
        Transform of the map.
    geo
        Its shells.
    profile
        The filter, float64 [n_shells].
    mask
        float32 [z, y, x].

    Returns
    -------
    ndarray
        Like ``ft``.
    """
    image = fourier.inverse(filters.apply_radial(ft, geo, profile), geo.shape)
    image *= mask
    return fourier.forward(image)


def shell_facts(white: Whitened, geo: Geometry, mask: np.ndarray, end: Optional[float] = None) -> Optional[ShellFacts]:
    """What each shell tells in the mask.

    Parameters
    ----------
    white
        The transforms and their factors.
    geo
        The shells.
    mask
        Soft mask, float32 [z, y, x].
    end
        Frequency (1/Å) at which the half-maps were low-passed, None where they were not.

    Returns
    -------
    ShellFacts or None
        None where the half-maps share nothing at 10 Å.

    Notes
    -----
    With sums over shells in the mask, running means over five of them: ``S = <f,f> - <d,d>`` for the mean f and half the difference d of
    the half-maps, which is ``<h1,h2>``; ``CC = S / <f,f>``; ``CP`` the correlation of P and f; ``gain = <P,f> / S``. P over its gain
    counts at most ``2 CP / sqrt(CC)``: where P is not the data its gain is near 0, and one shell would rule all sums.
    """
    data = masked(white.mean, geo, white.of_data, mask)
    own = masked(white.processed, geo, white.of_processed, mask)
    with_data = shells.cross_sums(own, data, geo)
    del own
    noise = masked(white.half, geo, white.of_data, mask)
    noise -= data
    half = shells.cross_sums(data, noise, geo)
    del data, noise
    pf, pp, ff, dd = (shells.running_mean(v, 2) for v in (with_data.cross, with_data.power1, half.power1, half.power2))
    count, signal = shells.running_mean(half.count, 2), np.maximum(ff - dd, 0)
    square = float(np.mean(np.square(mask, dtype=np.float64)))
    cc = np.divide(signal, ff, out=np.zeros_like(ff), where=ff > 0)
    cp = np.divide(pf, np.sqrt(pp * ff), out=np.zeros_like(ff), where=pp * ff > 0)
    first, last = _ends(cc / np.maximum(2 - cc, 1e-9), geo, end)
    if last < first + 4:
        return None
    per_gain = np.divide(signal, pf, out=np.zeros_like(ff), where=pf > 0)
    most = np.divide(2 * signal, np.sqrt(cc * pp * ff), out=np.zeros_like(ff), where=cc * pp * ff > 0)
    independent = np.maximum(count * 5 * square, 1)
    error = 2 * (1 - cc) * np.sqrt(1 / independent)            # of CC = 2 FSC / (1 + FSC), by that of the FSC
    power = np.divide(with_data.power1, white.of_processed ** 2 * np.maximum(half.count, 1), out=np.zeros_like(ff),
                      where=white.of_processed > 0)
    steep = _by_parabolas(np.stack([half.power1 - half.power2, half.power1]) / np.maximum(half.count, 1))
    cc_steep = np.clip(np.divide(steep[0], steep[1], out=np.zeros_like(ff), where=steep[1] > 0), 0, 1)
    take = np.where(cp > 0, np.minimum(per_gain, most), 0.0)
    return ShellFacts(cc, error, cc_steep, cp, take, signal / (count * square), dd / (count * square), power * half.count, first, last)


def _by_parabolas(values: np.ndarray) -> np.ndarray:
    """Parabola through each shell and its six neighbours: in a steep fall a mean of shells lies above the shell in its middle."""
    return savgol_filter(values, _PARABOLA, 2, axis=-1)


def _ends(fsc: np.ndarray, geo: Geometry, end: Optional[float]) -> Tuple[int, int]:
    """First and last shell to use: from 10 Å to the last before the FSC of the half-maps falls to 0.05, or to a low-pass."""
    low = max(int(np.ceil(geo.length / COARSE)), 2)
    lost = np.flatnonzero(fsc[low:] <= _END)
    last = int(low + lost[0] - 1) if lost.size else fsc.size - 1
    last = last if end is None else min(last, int(end * geo.length))
    return max(2, min(low, int(last / _COARSE_ENDS))), last


class Bounds(NamedTuple):
    """What the shells say: the true FSC between ``lower`` and ``upper``, float64 [n_shells], and ``not_data``, the least part of the power
    that is not the data; over all shells ``unsupported``, ``beyond``, ``noise`` (parts of the power), ``data_to`` (shell, None without)."""

    lower: np.ndarray
    upper: np.ndarray
    not_data: np.ndarray
    unsupported: float
    beyond: float
    noise: float
    data_to: Optional[int]


def bounds(facts: ShellFacts, evened_cp: np.ndarray) -> Bounds:
    """Bounds of the agreement with the truth, and the parts of the power.

    Parameters
    ----------
    facts
        Of the shells.
    evened_cp
        Correlation with the data once local gains were evened out, float64 [n_shells].

    Returns
    -------
    Bounds
        Of a map ``a s + b n + u``, with the signal s and the noise n of the data and u of its own: ``CP sqrt(CC)`` is its FSC with the
        truth for ``b = a``, ``CP / sqrt(CC)`` for ``b = 0``.
    """
    cc, cp, use = facts.cc, np.clip(facts.cp, 0, 1), facts.used
    least = np.clip(cc - _ERRORS * facts.cc_error, 1e-6, 1)
    steep = np.sqrt(np.clip(facts.cc_steep - _ERRORS * _PARABOLA_ERROR * facts.cc_error, 1e-6, 1))
    lower, upper = cp * steep, np.minimum(cp / steep, 1)
    best = np.maximum(cp, np.clip(evened_cp, 0, 1))
    explained = np.minimum(1, best ** 2 / least)
    power, total = facts.power, max(float(facts.power[facts.first:].sum()), 1e-300)
    within = max(float(power[use].sum()), 1e-300)
    good = np.flatnonzero(explained[use] > _HALF)
    return Bounds(lower, upper, 1 - explained, float(((1 - explained) * power)[use].sum() / within),
                  float(power[facts.last + 1:].sum() / total), float((carried_noise(cc, cp) * power)[use].sum() / within),
                  int(facts.first + good[-1]) if good.size else None)


def carried_noise(cc: np.ndarray, cp: np.ndarray) -> np.ndarray:
    """Part of the power of a map ``a (s + x n)`` that is noise of the data, at least.

    Parameters
    ----------
    cc, cp
        Of the shells, from 0 to 1, float64 [n].

    Returns
    -------
    ndarray
        ``x^2 nu / (1 + x^2 nu)`` with ``nu = (1 - CC) / CC`` and the smaller x that gives
        ``max(CP^2, CC) = (1 + x nu)^2 / ((1 + x^2 nu) (1 + nu))``, float64 [n]; 0 where there is no signal.
    """
    nu = (1 - cc) / np.maximum(cc, 1e-9)
    k = np.clip(np.maximum(cp ** 2, cc), 0, 1) * (1 + nu)
    root = np.sqrt(np.maximum(nu ** 2 + nu * (nu - k) * (k - 1), 0))
    x = np.divide(k - 1, nu + root, out=np.zeros_like(nu), where=nu > 1e-12)
    # what is left of rounding is no noise
    return np.where((cc > 1e-6) & (x > 1e-6), x ** 2 * nu / (1 + x ** 2 * nu), 0.0)
