"""Second and third derivatives of a Gaussian in all directions, and the null distribution of their energy.

A map is fitted in a Gaussian window around every voxel by a plane and by a polynomial of degree 3. What the second explains beyond the
first is the sum of 16 squared filter outputs: solid harmonics ``q^2 y_0, q^2 y_2m, q^3 y_1m, q^3 y_3m`` times ``exp(-q^2 / 2)`` in
Fourier space, ``q = 2 pi sigma s``. Steerable filters: Freeman & Adelson (1991), https://doi.org/10.1109/34.93808.

The same sum comes from the products ``qx^a qy^b qz^c`` of degree 2 and 3, each square over ``a! b! c!``: Hermite polynomials are
orthonormal under a Gaussian as well. Products share their transforms: 4 along z, 10 along y and 16 along x, in place of 16 along each.
"""
from __future__ import annotations

from typing import NamedTuple, Optional, Sequence, Tuple

import numpy as np
import scipy.fft
from scipy.special import gammaincc

from .fourier import Geometry
from .jit import njit
from .local import at_points
from .threads import get_threads, over_slabs

DEGREES = np.array([0] + 5 * [2] + 3 * [1] + 7 * [3])     # of the solid harmonics: six even filters, then ten odd ones
_NORM = {0: 1 / 6, 1: 1 / 30, 2: 1 / 15, 3: 1 / 105}     # squared weight of the orthonormal polynomials of each degree
_FACTORIAL = (1, 1, 2, 6)
_REACH = 4.6                                              # of the filters, in q: below 1 % of their peak from there on
_AT_ONCE = 100_000                                        # voxels
_TERMS = 2000                                             # of the mixture of chi-squares at most


class Window(NamedTuple):
    """A Gaussian window of standard deviation ``sigma`` (Å) and where its filters end: frequency ``cut`` (1/Å)."""

    sigma: float
    cut: float


def window_for(resolution: float, width: float, nyquist: float) -> Window:
    """Window whose filters are most sensitive at a resolution: ``q^2 = 5 / 2`` there, between the peaks of both degrees.

    Parameters
    ----------
    resolution
        Å.
    width
        Divides that sensitivity: sqrt(2) gives the window of the original program, whose exponent is twice as large.
    nyquist
        1/Å; the filters end there at the latest.

    Returns
    -------
    Window
        In Å and 1/Å.
    """
    sigma = np.sqrt(2.5) * resolution / (2 * np.pi * width)
    return Window(float(sigma), float(min(_REACH / (2 * np.pi * sigma), nyquist)))


def _mean_frequency(window: Window) -> float:
    s = np.linspace(0, window.cut, 1001)
    q2 = (2 * np.pi * window.sigma * s) ** 2
    weight = s ** 2 * np.exp(-q2) * q2 ** 2 * (1 / 6 + 5 / 15 + (3 / 30 + 7 / 105) * q2)
    return float((s * weight).sum() / weight.sum())


def window_centred(resolution: float, nyquist: float) -> Window:
    """Window from whose filters white noise comes out centred at a resolution, the cut at Nyquist considered.

    Parameters
    ----------
    resolution
        Å; one over the mean frequency of the noise that passes.
    nyquist
        1/Å; the filters end there at the latest.

    Returns
    -------
    Window
        The narrowest one when even that is centred below: no window can do better than 2.29 voxels.
    """
    low, high = 0.02 * resolution, resolution
    # Bisection: a narrower window passes higher frequencies.
    for _ in range(30):
        sigma = (low + high) / 2
        window = Window(sigma, min(_REACH / (2 * np.pi * sigma), nyquist))
        low, high = (sigma, high) if _mean_frequency(window) > 1 / resolution else (low, sigma)
    return window


@njit
def _window_kernel(ft, z0, z1, steps, sigma, cut, out):
    """Crop and multiply by ``exp(-q^2 / 2)``; 0 from ``cut`` on. ``steps`` are frequencies (1/Å) of index 1 along z, y, x."""
    nz, ny = ft.shape[0], ft.shape[1]
    mz, my, mk = out.shape
    for z in range(z0, z1):
        iz = z if z <= mz // 2 else z - mz
        for y in range(my):
            iy = y if y <= my // 2 else y - my
            base = (iz * steps[0]) ** 2 + (iy * steps[1]) ** 2
            for x in range(mk):
                s2 = base + (x * steps[2]) ** 2
                if s2 >= cut * cut:
                    out[z, y, x] = 0
                else:
                    out[z, y, x] = ft[iz % nz, iy % ny, x] * np.float32(np.exp(-2 * (np.pi * sigma) ** 2 * s2))


@njit
def _add_square(image, weight, y0, total):
    for z in range(image.shape[0]):
        for y in range(image.shape[1]):
            for x in range(image.shape[2]):
                total[z, y0 + y, x] += weight * image[z, y, x] * image[z, y, x]


def _cropped(geo: Geometry, cut: float) -> Tuple[int, int, int]:
    out = []
    for n, step in zip(geo.shape, geo.steps):
        out.append(min(n, scipy.fft.next_fast_len(2 * int(np.ceil(cut * geo.length / step)) + 2, real=True)))
    return tuple(out)


def explained(ft: np.ndarray, geo: Geometry, window: Window, where: Optional[np.ndarray] = None) -> np.ndarray:
    """What a polynomial of degree 3 explains of a map around each point beyond a plane.

    Parameters
    ----------
    ft
        Transform of the map, complex64 [nz, ny, nx // 2 + 1].
    geo
        Shells of its box, with the voxel size in Å.
    window
        The Gaussian window.
    where
        Voxels that are wanted, bool [nz, ny, nx]: sections and rows of the grid without any of them are left at 0. All when None.

    Returns
    -------
    ndarray
        Sum of the 16 squared filter outputs, float32 on a grid over the same cell that is just fine enough for the filters.
    """
    shape = _cropped(geo, window.cut)
    steps = np.array([s / geo.length for s in geo.steps])
    base = np.empty((shape[0], shape[1], shape[2] // 2 + 1), np.complex64)
    over_slabs(lambda a, b: _window_kernel(ft, a, b, steps, window.sigma, window.cut, base), shape[0])
    # The inverse transform divides by the voxels of the small grid; the map's transform is of the large one.
    base *= np.float32(np.prod(shape) / np.prod(geo.shape))
    wanted = None if where is None else at_points(where, shape)
    sections, rows = (slice(0, n) if wanted is None else _stretch(wanted, axis) for axis, n in enumerate(shape[:2]))
    total = np.zeros(shape, np.float32)
    q = [_powers(2 * np.pi * window.sigma * step, n) for step, n in zip(steps, shape)]
    # As many sections at a time as stay in the cache; fewer would cost more in calls than in sums.
    deep = max(1, _AT_ONCE // (shape[1] * shape[2]))
    for c in range(4):
        columns = scipy.fft.ifft(base * q[0][c][:, None, None], axis=0, overwrite_x=True, workers=get_threads())[sections]

        def work(first: int, last: int, c: int = c, columns: np.ndarray = columns) -> None:
            for start in range(first * deep, min(last * deep, len(columns)), deep):
                part = slice(start, start + deep)
                _add_squares(columns[part], c, q[1], q[2], rows, total[sections][part])

        over_slabs(work, -(-len(columns) // deep))
    return total


def _powers(step: float, n: int) -> np.ndarray:
    """Powers 0 to 3 of the frequency of each index of an axis, float32 [4, n]."""
    index = np.arange(n)
    return np.stack([(step * np.where(index <= n // 2, index, index - n)) ** power for power in range(4)]).astype(np.float32)


def _stretch(wanted: np.ndarray, axis: int) -> slice:
    """The places of an axis, from the first to the last that is wanted."""
    places = np.flatnonzero(wanted.any(axis=tuple(a for a in range(3) if a != axis)))
    return slice(int(places[0]), int(places[-1]) + 1) if places.size else slice(0, 0)


def _add_squares(columns: np.ndarray, c: int, qy: np.ndarray, qx: np.ndarray, rows: slice, total: np.ndarray) -> None:
    """Add the squares of the filters with ``qz^c`` in some sections, whose coefficients along y and x are ``columns``."""
    nx, nk = total.shape[2], columns.shape[2]
    for b in range(4 - c):
        # Real factors on the real and imaginary parts as they lie in memory: several times as fast as complex ones.
        lines = (columns.view(np.float32) * qy[b][:, None]).view(np.complex64)
        lines = scipy.fft.ifft(lines, axis=1, overwrite_x=True)[:, rows]
        for a in range(max(0, 2 - b - c), 4 - b - c):
            # Filters of degree 3 are odd: times i, so that their outputs are real.
            factor = qx[a][:nk]
            odd = a + b + c == 3
            image = lines * (factor * np.complex64(1j)) if odd else (lines.view(np.float32) * np.repeat(factor, 2)).view(np.complex64)
            image = scipy.fft.irfft(image, n=nx, axis=2, overwrite_x=True)
            _add_square(image, np.float32(1 / (_FACTORIAL[a] * _FACTORIAL[b] * _FACTORIAL[c])), rows.start, total)


def null_weights(window: Window, at: np.ndarray, noise: np.ndarray, voxel_volume: float) -> np.ndarray:
    """Variance of the 16 weighted filter outputs for noise of a given spectrum.

    Parameters
    ----------
    window
        The Gaussian window.
    at, noise
        Frequencies (1/Å) and spectral density of the noise there, float [n]; white noise of variance 1 in a voxel has the density 1.
    voxel_volume
        Å^3.

    Returns
    -------
    ndarray
        ``V int 4 pi s^2 f(s)^2 noise(s) ds`` of each filter ``f``, V the volume of a voxel; float64 [16].
    """
    s = np.linspace(0, window.cut, 2001)
    q = 2 * np.pi * window.sigma * s
    density = 4 * np.pi * s ** 2 * np.exp(-q * q) * np.interp(s, at, noise) * voxel_volume * (s[1] - s[0])
    power = {0: float((q ** 4 * density).sum()), 1: float((q ** 6 * density).sum())}
    return np.array([_NORM[int(d)] * power[int(d) % 2] for d in DEGREES])


def tail(weights: Sequence[float], x: np.ndarray) -> np.ndarray:
    """Probability that ``sum_k weights_k chi^2_1`` exceeds a value: a mixture of chi-squares, all terms positive.

    Parameters
    ----------
    weights
        Above 0.
    x
        The values, float [n].

    Returns
    -------
    ndarray
        float64 [n].

    References
    ----------
    Ruben (1962), https://doi.org/10.1214/aoms/1177704580.
    """
    w = np.asarray(weights, dtype=np.float64)
    # The smallest weight as the scale makes all terms of the mixture positive, so that the rest that is left bounds the error.
    beta = w.min()
    ratio = 1 - beta / w
    mix = [float(np.prod(np.sqrt(beta / w)))]
    moments = []
    out = mix[0] * gammaincc(w.size / 2, np.asarray(x) / (2 * beta))
    left = 1 - mix[0]
    for k in range(1, _TERMS):
        moments.append(float((ratio ** k).sum()))
        mix.append(float(np.dot(moments, mix[::-1])) / (2 * k))
        out = out + mix[k] * gammaincc(w.size / 2 + k, np.asarray(x) / (2 * beta))
        left -= mix[k]
        if left < 1e-10:
            break
    return out


@njit
def _sample_kernel(values, index, start, stop, scale, out):
    nz, ny, nx = values.shape
    for i in range(start, stop):
        fz, fy, fx = index[i, 0] * scale[0], index[i, 1] * scale[1], index[i, 2] * scale[2]
        z, y, x = int(fz), int(fy), int(fx)
        tz, ty, tx = fz - z, fy - y, fx - x
        z2, y2, x2 = (z + 1) % nz, (y + 1) % ny, (x + 1) % nx
        near = (values[z, y, x] * (1 - tx) + values[z, y, x2] * tx) * (1 - ty)
        near += (values[z, y2, x] * (1 - tx) + values[z, y2, x2] * tx) * ty
        far = (values[z2, y, x] * (1 - tx) + values[z2, y, x2] * tx) * (1 - ty)
        far += (values[z2, y2, x] * (1 - tx) + values[z2, y2, x2] * tx) * ty
        out[i] = near * (1 - tz) + far * tz


def sample(values: np.ndarray, index: np.ndarray, shape: Sequence[int]) -> np.ndarray:
    """Trilinear values of a periodic grid at voxels of a map over the same cell.

    Parameters
    ----------
    values
        On the grid, float32 [mz, my, mx].
    index
        Voxels (z, y, x) of the map, int [n, 3].
    shape
        Voxels of the map (nz, ny, nx).

    Returns
    -------
    ndarray
        float32 [n].
    """
    out = np.empty(len(index), np.float32)
    scale = np.array([m / n for m, n in zip(values.shape, shape)])
    over_slabs(lambda a, b: _sample_kernel(values, index, a, b, scale, out), len(index))
    return out
