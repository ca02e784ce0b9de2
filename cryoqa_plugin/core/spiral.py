"""A map in one band of frequencies: its wave, and the amplitude of that wave by the spiral phase transform.

Of a band ``c`` of a map and its three Riesz transforms ``r_j`` (multiplication by ``-i k_j / |k|``) the amplitude is
``m = sqrt(c^2 + r_x^2 + r_y^2 + r_z^2)`` and the cosine of the phase ``c / m``. Kaur et al. (2021),
https://doi.org/10.1038/s41467-021-21509-5. All are real, so that four transforms of half the coefficients give them. The ``eco`` variant
of that work puts one transform in the place of the three: multiplication by ``(k_x + i k_y + k_z) / |k_x + i k_y + k_z|``.
"""
from __future__ import annotations

from typing import List, Optional, Tuple

import numpy as np
import scipy.fft

from .fourier import Geometry, inverse
from .jit import njit
from .threads import over_slabs

_RIESZ, _ECO_RE, _ECO_IM = (0, 1, 2), 4, 5


@njit
def _part_kernel(ft, nx, z0, z1, steps, centre, width, kind, out):
    """A Gaussian band of ``ft``: itself (kind 3), a Riesz transform (0, 1, 2 for z, y, x) or a part of the eco spiral (4, 5).

    ``centre`` and ``width`` are in shell units. The eco factor is ``(a + i b) / sqrt(a^2 + b^2)`` with ``a = kx + kz``, ``b = ky``: it is
    odd, so that both its parts, times ``-i``, give a real map. A Riesz transform leaves out the plane n / 2 of its axis, see
    :func:`_last_planes`. """
    nz, ny, nk = ft.shape
    for z in range(z0, z1):
        kz = (z if z <= nz // 2 else z - nz) * steps[0]
        for y in range(ny):
            ky = (y if y <= ny // 2 else y - ny) * steps[1]
            for x in range(nk):
                kx = x * steps[2]
                r = np.sqrt(kx * kx + ky * ky + kz * kz)
                t = (r - centre) / width
                # The Gaussian is below 2e-8 there, less than float32 resolves.
                if t > 6.0 or t < -6.0:
                    out[z, y, x] = 0
                    continue
                gain = np.exp(-0.5 * t * t)
                value = ft[z, y, x]
                if kind == 3:
                    out[z, y, x] = value * np.float32(gain)
                    continue
                if kind < 3:
                    k = kz if kind == 0 else (ky if kind == 1 else kx)
                    own = z * 2 == nz if kind == 0 else (y * 2 == ny if kind == 1 else x * 2 == nx)
                    gain *= 0.0 if own or r == 0 else k / r
                else:
                    flat = np.sqrt((kx + kz) * (kx + kz) + ky * ky)
                    gain *= ((kx + kz if kind == 4 else ky) / flat) if flat > 0 else 0.0
                out[z, y, x] = np.complex64(complex(value.imag * gain, -value.real * gain))


@njit
def _square_kernel(part, z0, z1, first, total):
    """``total`` plus, or at first just, the square of ``part``."""
    for z in range(z0, z1):
        for y in range(part.shape[1]):
            for x in range(part.shape[2]):
                square = part[z, y, x] * part[z, y, x]
                total[z, y, x] = square if first else total[z, y, x] + square


def band_norm(geo: Geometry, centre: float, width: float) -> float:
    """Sum of the Gaussian of a band over all coefficients, both halves of Fourier space.

    Parameters
    ----------
    geo
        Shells of the box.
    centre, width
        Of the Gaussian (mean and standard deviation), in shell units.

    Returns
    -------
    float
        Number of coefficients that the band is worth.
    """
    nz, ny, nx = geo.shape
    kz, ky = (scipy.fft.fftfreq(n, 1 / n) * s for n, s in zip((nz, ny), geo.steps))
    kx = np.arange(nx // 2 + 1) * geo.steps[2]
    # The half-complex layout holds one of each Friedel pair, but both in the planes kx = 0 and kx = nx / 2.
    twice = np.where((np.arange(nx // 2 + 1) == 0) | (2 * np.arange(nx // 2 + 1) == nx), 1.0, 2.0)
    plane = ky[:, None] ** 2 + kx ** 2

    def work(a: int, b: int) -> float:
        return sum(float((np.exp(-(np.sqrt(plane + k * k) - centre) ** 2 / (2 * width ** 2)) * twice).sum()) for k in kz[a:b])

    return float(sum(over_slabs(work, nz)))


def wave(ft: np.ndarray, geo: Geometry, centre: float, width: float, scratch: np.ndarray, kind: int = 3) -> np.ndarray:
    """A Gaussian band of a map or one of its quadrature parts, not normalised.

    Parameters
    ----------
    ft
        Transform of the map, complex64 [nz, ny, nx // 2 + 1].
    geo
        Shells of the box.
    centre, width
        Of the Gaussian (mean and standard deviation), in shell units.
    scratch
        Array like ``ft``; overwritten.
    kind
        3 for the band itself; 0, 1, 2 for its Riesz transform along z, y, x; 4, 5 for the parts of the eco spiral.

    Returns
    -------
    ndarray
        float32 [z, y, x].
    """
    steps = np.array(geo.steps)
    over_slabs(lambda a, b: _part_kernel(ft, geo.shape[2], a, b, steps, centre, width, kind, scratch), len(ft))
    return inverse(scratch, geo.shape)


def amplitude(ft: np.ndarray, geo: Geometry, centre: float, width: float, scratch: Optional[np.ndarray] = None, *,
              eco: bool = False) -> Tuple[np.ndarray, np.ndarray]:
    """Wave ``c`` and amplitude ``m`` of a band.

    Parameters
    ----------
    ft
        Transform of the map, complex64 [nz, ny, nx // 2 + 1].
    geo
        Shells of the box.
    centre, width
        Of the Gaussian (mean and standard deviation), in shell units.
    scratch
        Array like ``ft`` to overwrite; a new one when not given.
    eco
        One spiral transform in the place of three Riesz transforms.

    Returns
    -------
    wave, amplitude
        float32 [z, y, x] each.
    """
    scratch = np.empty_like(ft) if scratch is None else scratch
    even = wave(ft, geo, centre, width, scratch)
    total = np.empty_like(even)
    over_slabs(lambda a, b: _square_kernel(even, a, b, True, total), len(even))
    # Parts are added as squares one after the other, so that one is in memory at a time.
    for kind in ((_ECO_RE, _ECO_IM) if eco else _RIESZ):
        part = wave(ft, geo, centre, width, scratch, kind)
        over_slabs(lambda a, b, part=part: _square_kernel(part, a, b, False, total), len(part))
        del part
    if not eco:
        for axis, square in enumerate(_last_planes(ft, geo, centre, width)):
            if square is not None:
                total += np.expand_dims(square, axis)
    return even, np.sqrt(total, out=total)


def _last_planes(ft: np.ndarray, geo: Geometry, centre: float, width: float) -> List[Optional[np.ndarray]]:
    """Squared amplitude, float32, of what the planes n / 2 of the axes z, y, x add to the Riesz transforms; None for odd axes.

    Index n / 2 is its own negative, so that ``-i k / |k|`` times it gives an imaginary map, of which the square is the same in all
    sections. """
    out: List[Optional[np.ndarray]] = []
    for axis, n in enumerate(geo.shape):
        if n % 2:
            out.append(None)
            continue
        plane = np.take(ft, n // 2, axis=axis)
        k = [np.fft.fftfreq(m, 1 / m) * s for m, s in zip(geo.shape, geo.steps)]
        # x is half-complex: its indices do not turn negative
        k[2] = np.arange(ft.shape[2]) * geo.steps[2]
        first, second = (k[i] for i in range(3) if i != axis)
        top = n // 2 * geo.steps[axis]
        r = np.sqrt(top ** 2 + first[:, None] ** 2 + second ** 2)
        plane = plane * (np.exp(-(r - centre) ** 2 / (2 * width ** 2)) * top / r)
        wave_ = np.fft.ifft2(plane).real if axis == 2 else np.fft.irfft2(plane, s=[m for i, m in enumerate(geo.shape) if i != axis])
        out.append((wave_ / n).astype(np.float32) ** 2)
    return out


def inside_sphere(shape: Tuple[int, ...]) -> np.ndarray:
    """Voxels nearer to the middle of the box than half its shortest edge.

    Parameters
    ----------
    shape
        Voxels of the box (nz, ny, nx); the middle is voxel ``n // 2``.

    Returns
    -------
    ndarray
        bool [z, y, x].
    """
    z, y, x = (np.arange(n) - n // 2 for n in shape)
    return z[:, None, None] ** 2 + y[:, None] ** 2 + x ** 2 < (min(shape) / 2) ** 2



class LineSums:
    """Running sums of a straight line through ``ln(m^2 / (m + q))`` over some x at every voxel.

    Parameters
    ----------
    shape
        Voxels (nz, ny, nx); the five sums are float64 [z, y, x] each.
    """

    def __init__(self, shape: Tuple[int, ...]) -> None:
        self._sums = np.zeros((5,) + tuple(shape), dtype=np.float64)          # 1, x, x^2, y, x y

    def add(self, x: float, amplitude: np.ndarray, noise: float, above: bool = False) -> None:
        """Add a point to the line of every voxel.

        Parameters
        ----------
        x
            Abscissa of the point.
        amplitude
            The amplitudes ``m``, float32 [z, y, x].
        noise
            ``q``, in the unit of the amplitude.
        above
            Only where ``ln(m^2 / (m + q))`` is above ``ln q``.
        """

        def work(a: int, b: int) -> None:
            m = amplitude[a:b].astype(np.float64)
            with np.errstate(divide="ignore", invalid="ignore"):
                y = np.log(m * m / (m + noise))
            used = y > np.log(max(noise, 1e-300)) if above else np.isfinite(y)
            y = np.where(used, y, 0)
            for total, value in zip(self._sums, (1.0, x, x * x, y, x * y)):
                total[a:b] += value * used

        over_slabs(work, len(amplitude))

    def slope(self) -> np.ndarray:
        """Slope of the line at every voxel.

        Returns
        -------
        ndarray
            float32 [z, y, x]; NaN where there are less than three points.
        """
        n, sx, sxx, sy, sxy = self._sums
        with np.errstate(divide="ignore", invalid="ignore"):
            slope = (n * sxy - sx * sy) / (n * sxx - sx * sx)
        return np.where(n > 2, slope, np.nan).astype(np.float32)
