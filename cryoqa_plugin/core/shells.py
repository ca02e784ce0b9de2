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
    """Outer radius of each shell in shell units, float64 [n_shells]: nearest-integer shells."""
    return np.arange(geo.n_shells) + 0.5


def fine_edges(geo: Geometry, bins_per_shell: int, up_to_corner: bool = True) -> np.ndarray:
    """Outer radius of fine bins in shell units: bin ``j`` spans ``[j, j + 1) / bins_per_shell``."""
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
    n = edges2.size
    for z in range(z0, z1):
        kz = z if z <= nz // 2 else z - nz
        own_z = (2 * z) % nz == 0
        for y in range(ny):
            ky = y if y <= ny // 2 else y - ny
            base = (kz * steps[0]) ** 2 + (ky * steps[1]) ** 2
            shell = np.searchsorted(edges2, base, side="right")
            plane_weight = 1.0 if own_z and (2 * y) % ny == 0 else mate_weight
            cross, power1, power2, count = 0.0, 0.0, 0.0, 0.0
            for x in range(nk):
                r2 = base + (x * steps[2]) ** 2
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
                w = plane_weight if x == 0 or 2 * x == nx else 1.0
                a, b = f1[z, y, x], f2[z, y, x]
                ar, ai, br, bi = np.float64(a.real), np.float64(a.imag), np.float64(b.real), np.float64(b.imag)
                cross += w * (ar * br + ai * bi)
                power1 += w * (ar * ar + ai * ai)
                power2 += w * (br * br + bi * bi)
                count += w
            if shell < n:
                out[shell, 0] += cross
                out[shell, 1] += power1
                out[shell, 2] += power2
                out[shell, 3] += count


def binned_cross_sums(f1: np.ndarray, f2: np.ndarray, geo: Geometry, edges: np.ndarray, mate_weight: float = 0.5) -> CrossSums:
    """Cross sums in radial bins with the outer radii ``edges`` (shell units, rising); the first bin starts at 0.

    ``f1`` and ``f2`` are complex64 [nz, ny, nx // 2 + 1]; coefficients at or beyond the last edge are left out.
    ``mate_weight`` is the weight of a coefficient whose Friedel mate is stored too: 0.5 is right, 1 is what RELION does.
    """
    edges2, steps = _squared(edges), np.array(geo.steps)

    def work(start: int, stop: int) -> np.ndarray:
        out = np.zeros((edges2.size, 4))
        _cross_kernel(f1, f2, start, stop, geo.shape[2], steps, edges2, mate_weight, out)
        return out

    total = sum(over_slabs(work, geo.shape[0]))
    return CrossSums(*(np.ascontiguousarray(c) for c in total.T))


def cross_sums(f1: np.ndarray, f2: np.ndarray, geo: Geometry, mate_weight: float = 0.5) -> CrossSums:
    """Cross sums of two transforms, complex64 [nz, ny, nx // 2 + 1], in the shells of ``geo``."""
    return binned_cross_sums(f1, f2, geo, shell_edges(geo), mate_weight)


def cross_sums_fine(f1: np.ndarray, f2: np.ndarray, geo: Geometry, bins_per_shell: int,
                    up_to_corner: bool = True) -> CrossSums:
    """Cross sums in bins ``bins_per_shell`` times finer than a shell; bin ``j`` starts at ``j / bins_per_shell``."""
    return binned_cross_sums(f1, f2, geo, fine_edges(geo, bins_per_shell, up_to_corner))


def fsc(sums: CrossSums) -> np.ndarray:
    """Fourier shell correlation, float64 [n]: ``cross / sqrt(power1 power2)``, 0 where there is no power.

    Harauz & van Heel (1986), Optik 73, 146.
    """
    norm = np.sqrt(sums.power1 * sums.power2)
    return np.divide(sums.cross, norm, out=np.zeros_like(norm), where=norm > 0)


@njit
def _power_kernel(f, z0, z1, nx, steps, edges2, mate_weight, out):
    nz, ny, nk = f.shape
    n = edges2.size
    for z in range(z0, z1):
        kz = z if z <= nz // 2 else z - nz
        own_z = (2 * z) % nz == 0
        for y in range(ny):
            ky = y if y <= ny // 2 else y - ny
            base = (kz * steps[0]) ** 2 + (ky * steps[1]) ** 2
            shell = np.searchsorted(edges2, base, side="right")
            plane_weight = 1.0 if own_z and (2 * y) % ny == 0 else mate_weight
            for x in range(nk):
                r2 = base + (x * steps[2]) ** 2
                while shell < n and r2 >= edges2[shell]:
                    shell += 1
                if shell >= n:
                    break
                w = plane_weight if x == 0 or 2 * x == nx else 1.0
                a = f[z, y, x]
                power = np.float64(a.real) * np.float64(a.real) + np.float64(a.imag) * np.float64(a.imag)
                out[shell, 0] += w * power
                out[shell, 1] += w * np.sqrt(power)
                out[shell, 2] += w


def power_sums(f: np.ndarray, geo: Geometry, edges: Optional[np.ndarray] = None,
               mate_weight: float = 0.5) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sums per shell of abs(F)^2 and abs(F), and the number of independent coefficients; each float64 [n].

    ``f`` is complex64 [nz, ny, nx // 2 + 1]; ``edges`` are the outer radii of other bins, in shell units; ``mate_weight`` as in
    :func:`binned_cross_sums`.
    """
    edges2 = _squared(shell_edges(geo) if edges is None else edges)
    steps = np.array(geo.steps)

    def work(start: int, stop: int) -> np.ndarray:
        out = np.zeros((edges2.size, 3))
        _power_kernel(f, start, stop, geo.shape[2], steps, edges2, mate_weight, out)
        return out

    total = sum(over_slabs(work, geo.shape[0]))
    return total[:, 0].copy(), total[:, 1].copy(), total[:, 2].copy()
