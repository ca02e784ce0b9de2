"""Sums over spherical shells of Fourier space.

Each independent coefficient counts once. In the half-complex layout the planes kx = 0 and kx = nx/2 hold both mates of
a Friedel pair, so that each mate counts one half there, and a coefficient that is its own mate counts one.
"""
from __future__ import annotations

from typing import NamedTuple, Optional, Tuple

import numpy as np

from .fourier import Geometry
from .jit import njit
from .threads import over_slabs


class CrossSums(NamedTuple):
    """Sums per shell, float64 [n]: Re(F1* F2), abs(F1)^2, abs(F2)^2, and the number of independent coefficients."""

    cross: np.ndarray
    power1: np.ndarray
    power2: np.ndarray
    count: np.ndarray


def shell_edges(geo: Geometry) -> np.ndarray:
    """Outer radii of nearest-integer shells.

    Parameters
    ----------
    geo
        Shells of the box.

    Returns
    -------
    ndarray
        float64 [n_shells], in shell units: 0.5, 1.5, ...
    """
    return np.arange(geo.n_shells) + 0.5


def fine_edges(geo: Geometry, bins_per_shell: int, up_to_corner: bool = True) -> np.ndarray:
    """Outer radii of bins finer than a shell.

    Parameters
    ----------
    geo
        Shells of the box.
    bins_per_shell
        Bin ``j`` spans ``[j, j + 1) / bins_per_shell``.
    up_to_corner
        Go on to the corner of the transform; else only to the end of the last shell.

    Returns
    -------
    ndarray
        float64 [n], in shell units, rising.
    """
    reach = geo.n_shells - 0.5
    if up_to_corner:
        reach = float(np.sqrt(sum(((n // 2) * s) ** 2 for n, s in zip(geo.shape, geo.steps)))) + 1e-6
    return np.arange(1, int(np.ceil(reach * bins_per_shell)) + 1) / bins_per_shell


def _squared(edges: np.ndarray) -> np.ndarray:
    """Squared edges, a hair smaller, so that a coefficient that lies on an edge is outside it whatever the rounding."""
    return np.asarray(edges, dtype=np.float64) ** 2 * (1 - 1e-9)


@njit
def _cross_kernel(f1, f2, z0, z1, nx, steps, edges2, mate_weight, out):
    nz, ny, nk = f1.shape
    n, first = edges2.size, 0
    for z in range(z0, z1):
        kz = z if z <= nz // 2 else z - nz
        own_z = (2 * z) % nz == 0
        for y in range(ny):
            ky = y if y <= ny // 2 else y - ny
            base = (kz * steps[0]) ** 2 + (ky * steps[1]) ** 2
            # Neighbouring lines begin near each other in the bins.
            while first > 0 and base < edges2[first - 1]:
                first -= 1
            while first < n and base >= edges2[first]:
                first += 1
            shell = first
            plane_weight = 1.0 if own_z and (2 * y) % ny == 0 else mate_weight
            cross, power1, power2, count = 0.0, 0.0, 0.0, 0.0
            for x in range(nk + 1):
                r2 = base + (x * steps[2]) ** 2 if x < nk else np.inf
                # The radius only grows along x: sums stay in scalars (float64) and are written when the bin, or the line, is left.
                if shell < n and r2 >= edges2[shell]:
                    out[shell, 0] += cross
                    out[shell, 1] += power1
                    out[shell, 2] += power2
                    out[shell, 3] += count
                    cross, power1, power2, count = 0.0, 0.0, 0.0, 0.0
                    while shell < n and r2 >= edges2[shell]:
                        shell += 1
                if shell >= n:
                    break
                # only in these two planes is the Friedel mate stored too
                w = plane_weight if x == 0 or 2 * x == nx else 1.0
                a, b = f1[z, y, x], f2[z, y, x]
                ar, ai, br, bi = np.float64(a.real), np.float64(a.imag), np.float64(b.real), np.float64(b.imag)
                cross += w * (ar * br + ai * bi)
                power1 += w * (ar * ar + ai * ai)
                power2 += w * (br * br + bi * bi)
                count += w


def binned_cross_sums(f1: np.ndarray, f2: np.ndarray, geo: Geometry, edges: np.ndarray, mate_weight: float = 0.5) -> CrossSums:
    """Cross sums of two transforms in radial bins of any width.

    Parameters
    ----------
    f1, f2
        Transforms, complex64 [nz, ny, nx // 2 + 1].
    geo
        Shells of the box.
    edges
        Outer radii of the bins in shell units, rising float [n]. The first bin starts at 0; coefficients at or beyond the last edge are
        left out.
    mate_weight
        Weight of a coefficient whose Friedel mate is stored too: 0.5 is right, 1 is what RELION does.

    Returns
    -------
    CrossSums
        float64 [n] each.
    """
    edges2, steps = _squared(edges), np.array(geo.steps)

    def work(start: int, stop: int) -> np.ndarray:
        out = np.zeros((edges2.size, 4))
        _cross_kernel(f1, f2, start, stop, geo.shape[2], steps, edges2, mate_weight, out)
        return out

    total = sum(over_slabs(work, geo.shape[0]))
    return CrossSums(*(np.ascontiguousarray(c) for c in total.T))


def cross_sums(f1: np.ndarray, f2: np.ndarray, geo: Geometry, mate_weight: float = 0.5) -> CrossSums:
    """Cross sums of two transforms in the shells of a box.

    Parameters
    ----------
    f1, f2
        Transforms, complex64 [nz, ny, nx // 2 + 1].
    geo
        Shells of the box.
    mate_weight
        As in :func:`binned_cross_sums`.

    Returns
    -------
    CrossSums
        float64 [n_shells] each.
    """
    return binned_cross_sums(f1, f2, geo, shell_edges(geo), mate_weight)


def cross_sums_fine(f1: np.ndarray, f2: np.ndarray, geo: Geometry, bins_per_shell: int,
                    up_to_corner: bool = True) -> CrossSums:
    """Cross sums of two transforms in bins finer than a shell.

    Parameters
    ----------
    f1, f2
        Transforms, complex64 [nz, ny, nx // 2 + 1].
    geo
        Shells of the box.
    bins_per_shell, up_to_corner
        As in :func:`fine_edges`.

    Returns
    -------
    CrossSums
        float64 [n] each.
    """
    return binned_cross_sums(f1, f2, geo, fine_edges(geo, bins_per_shell, up_to_corner))


def fsc(sums: CrossSums) -> np.ndarray:
    """Fourier shell correlation.

    Parameters
    ----------
    sums
        Cross sums of two maps, float64 [n] each.

    Returns
    -------
    ndarray
        ``cross / sqrt(power1 power2)``, float64 [n], from -1 to 1; 0 where there is no power. Higher is better.

    References
    ----------
    Harauz & van Heel (1986), Optik 73, 146.
    """
    # The cross term is real: a shell holds both mates of a pair, whose imaginary parts cancel.
    norm = np.sqrt(sums.power1 * sums.power2)
    return np.divide(sums.cross, norm, out=np.zeros_like(norm), where=norm > 0)


@njit
def _power_kernel(f, z0, z1, nx, steps, edges2, mate_weight, out):
    nz, ny, nk = f.shape
    n, first = edges2.size, 0
    for z in range(z0, z1):
        kz = z if z <= nz // 2 else z - nz
        own_z = (2 * z) % nz == 0
        for y in range(ny):
            ky = y if y <= ny // 2 else y - ny
            base = (kz * steps[0]) ** 2 + (ky * steps[1]) ** 2
            # Neighbouring lines begin near each other in the bins.
            while first > 0 and base < edges2[first - 1]:
                first -= 1
            while first < n and base >= edges2[first]:
                first += 1
            shell = first
            plane_weight = 1.0 if own_z and (2 * y) % ny == 0 else mate_weight
            for x in range(nk):
                r2 = base + (x * steps[2]) ** 2
                while shell < n and r2 >= edges2[shell]:
                    shell += 1
                if shell >= n:
                    break
                w = plane_weight if x == 0 or 2 * x == nx else 1.0
                a = f[z, y, x]
                # float32 squares of strong coefficients would lose the weak ones of the same shell.
                power = np.float64(a.real) * np.float64(a.real) + np.float64(a.imag) * np.float64(a.imag)
                out[shell, 0] += w * power
                out[shell, 1] += w * np.sqrt(power)
                out[shell, 2] += w


def power_sums(f: np.ndarray, geo: Geometry, edges: Optional[np.ndarray] = None,
               mate_weight: float = 0.5) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sums of the power and of the amplitude of a transform.

    Parameters
    ----------
    f
        Transform, complex64 [nz, ny, nx // 2 + 1].
    geo
        Shells of the box.
    edges
        Outer radii of other bins in shell units, rising float [n]; the shells of ``geo`` when not given.
    mate_weight
        As in :func:`binned_cross_sums`.

    Returns
    -------
    power, amplitude, count
        Sums of abs(F)^2 and of abs(F), and the number of independent coefficients; float64 [n] each.
    """
    edges2 = _squared(shell_edges(geo) if edges is None else edges)
    steps = np.array(geo.steps)

    def work(start: int, stop: int) -> np.ndarray:
        out = np.zeros((edges2.size, 3))
        _power_kernel(f, start, stop, geo.shape[2], steps, edges2, mate_weight, out)
        return out

    total = sum(over_slabs(work, geo.shape[0]))
    return total[:, 0].copy(), total[:, 1].copy(), total[:, 2].copy()


def running_mean(values: np.ndarray, reach: int) -> np.ndarray:
    """Running mean over shells.

    Parameters
    ----------
    values
        float64 [n_shells, ...].
    reach
        Shells to each side; fewer at the ends.

    Returns
    -------
    ndarray
        float64, of the shape of ``values``.
    """
    # Not by differences of cumulative sums, in which weak shells are lost behind strong ones.
    padded, n = np.pad(values, [(reach, reach)] + [(0, 0)] * (values.ndim - 1)), np.arange(len(values))
    total = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1, axis=0).sum(axis=-1)
    count = np.minimum(n + reach + 1, n.size) - np.maximum(n - reach, 0)
    return total / count.reshape(-1, *(1,) * (values.ndim - 1))
