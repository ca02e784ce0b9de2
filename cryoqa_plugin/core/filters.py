"""Radial filters of Fourier space: a profile over the shells, applied to every coefficient."""
from __future__ import annotations

from typing import Optional, Tuple, Union

import numpy as np

from .fourier import Geometry, frequencies
from .jit import njit
from .threads import over_slabs


@njit
def _radial_kernel(ft, z0, z1, steps, at, profile, beyond, out):
    nz, ny, nk = ft.shape
    n, first = at.size, 0
    for z in range(z0, z1):
        kz = z if z <= nz // 2 else z - nz
        for y in range(ny):
            ky = y if y <= ny // 2 else y - ny
            base = (kz * steps[0]) ** 2 + (ky * steps[1]) ** 2
            # Neighbouring lines begin near each other in the table.
            r = np.sqrt(base)
            while first > 0 and at[first] >= r:
                first -= 1
            while first < n - 1 and at[first + 1] < r:
                first += 1
            i = first
            for x in range(nk):
                r = np.sqrt(base + (x * steps[2]) ** 2)
                if r > at[n - 1]:
                    factor = beyond
                elif r <= at[0]:
                    factor = profile[0]
                else:
                    # The radius only grows along x, so that the place in the table is searched for once a line.
                    while at[i + 1] < r:
                        i += 1
                    t = (r - at[i]) / (at[i + 1] - at[i])
                    factor = profile[i] + t * (profile[i + 1] - profile[i])
                out[z, y, x] = ft[z, y, x] * np.float32(factor)


def apply_radial(ft: np.ndarray, geo: Geometry, profile: np.ndarray, *, at: Optional[np.ndarray] = None,
                 beyond: float = 0.0, out: Optional[np.ndarray] = None) -> np.ndarray:
    """Multiply a transform by a radial profile.

    Parameters
    ----------
    ft
        Transform, complex64 [nz, ny, nx // 2 + 1].
    geo
        Shells of the box.
    profile
        The factor at the radii ``at``, float [n], linear in between.
    at
        Radii in shell units, rising float [n]; 0, 1, 2, ... when not given.
    beyond
        Factor of the coefficients past the last radius.
    out
        Where to write, ``ft`` itself allowed; a new array when not given.

    Returns
    -------
    ndarray
        The product, complex64 like ``ft``.
    """
    profile = np.asarray(profile, dtype=np.float64)
    at = np.arange(profile.size, dtype=np.float64) if at is None else np.asarray(at, dtype=np.float64)
    result = np.empty_like(ft) if out is None else out
    steps = np.array(geo.steps)

    def work(start: int, stop: int) -> None:
        _radial_kernel(ft, start, stop, steps, at, profile, float(beyond), result)

    over_slabs(work, geo.shape[0])
    return result


def cosine_lowpass_profile(geo: Geometry, resolution: float, edge: float = 2.0) -> np.ndarray:
    """Raised-cosine low-pass around the shell of a resolution.

    Parameters
    ----------
    geo
        Shells of the box.
    resolution
        In the unit of the voxel size; its shell is rounded to the nearest integer as in RELION.
    edge
        Width of the fall in shells, half of it on each side.

    Returns
    -------
    ndarray
        float64 [n_shells], from 1 to 0.
    """
    centre = np.floor(geo.length / resolution + 0.5)
    return raised_cosine(np.arange(geo.n_shells), centre - edge / 2, centre + edge / 2)


def raised_cosine(radius: Union[float, np.ndarray], inner: float, outer: float) -> np.ndarray:
    """Raised cosine: 1 up to ``inner``, 0 from ``outer`` on, ``0.5 + 0.5 cos`` in between.

    Parameters
    ----------
    radius
        Where to take it, a number or float of any shape.
    inner, outer
        Beginning and end of the fall, in the unit of ``radius``.

    Returns
    -------
    ndarray
        float64 of the shape of ``radius``.
    """
    # An edge of no width is a step, not a division by 0.
    t = np.clip((np.asarray(radius, dtype=np.float64) - inner) / max(outer - inner, 1e-12), 0, 1)
    return 0.5 + 0.5 * np.cos(np.pi * t)


def bfactor_profile(geo: Geometry, bfactor: float) -> np.ndarray:
    """Gain of a B-factor at each shell.

    Parameters
    ----------
    geo
        Shells of the box.
    bfactor
        B in Å^2 when ``geo`` is in Å; negative sharpens.

    Returns
    -------
    ndarray
        ``exp(-B s^2 / 4)``, float64 [n_shells].
    """
    return np.exp(-bfactor * frequencies(geo) ** 2 / 4)


def gaussian_profile(geo: Geometry, sigma: float) -> np.ndarray:
    """Transfer function of a Gaussian at each shell.

    Parameters
    ----------
    geo
        Shells of the box.
    sigma
        Standard deviation in real space, in the unit of the voxel size.

    Returns
    -------
    ndarray
        ``exp(-2 pi^2 sigma^2 s^2)``, float64 [n_shells].
    """
    return np.exp(-2 * (np.pi * sigma * frequencies(geo)) ** 2)


def evening_profile(full: np.ndarray, power: np.ndarray, freq: np.ndarray, end: Optional[float] = None) -> Tuple[np.ndarray, np.ndarray]:
    """What evens out the shells of a map and weights them by what of them is signal.

    Parameters
    ----------
    full
        FSC of the map with what it measures, squared, float64 [n_shells].
    power
        Mean power of its coefficients, float64 [n_shells].
    freq
        Frequencies of the shells in 1/Å, float64 [n_shells].
    end
        Edge of a low-pass (1/Å), None for none.

    Returns
    -------
    full, profile
        ``full`` with 0 from its first fall to 0 on and beyond the edge, and ``sqrt(full / power)``, 0 in shell 0; float64 [n_shells] each.
    """
    full = full.copy()
    lost = np.flatnonzero(full[1:] <= 0)
    if lost.size:
        full[lost[0] + 1:] = 0
    if end is not None:                              # what a filter leaves beyond its edge has the signal to noise of before, and no power
        full[freq > end] = 0
    profile = np.sqrt(np.divide(full, power, out=np.zeros_like(power), where=power > 0))
    profile[0] = 0
    return full, profile


def sphere_transform(w: Union[float, np.ndarray]) -> np.ndarray:
    """Transform of a uniform ball over its value at 0.

    Parameters
    ----------
    w
        ``2 pi radius s``, a number or float of any shape.

    Returns
    -------
    ndarray
        ``3 (sin w - w cos w) / w^3``, float64 of the shape of ``w``.
    """
    w = np.asarray(w, dtype=np.float64)
    # Near 0 the difference sin w - w cos w loses its digits: two terms of the series are exact to 1e-10.
    small = np.abs(w) < 1e-2
    safe = np.where(small, 1.0, w)
    return np.where(small, 1 - w ** 2 / 10, 3 * (np.sin(safe) - safe * np.cos(safe)) / safe ** 3)
