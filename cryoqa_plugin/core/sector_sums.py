"""Products of the transforms of several maps made of half-maps, by shell and by sector of direction.

Twelve sectors: the signs of kz and ky, and thirds of the cosine of the angle with the z axis. What is learned on eleven of them can be
judged on the twelfth.
"""
from __future__ import annotations

from typing import NamedTuple, Optional, Sequence, Tuple

import numpy as np

from .fourier import Geometry, forward
from .jit import njit
from .threads import over_slabs

SECTORS = 12


class SectorSums(NamedTuple):
    """Sums over half of Fourier space by shell and sector.

    For pairs of maps ``a_i``, ``b_i`` with ``M_i = (a_i + b_i) / 2`` and ``D_i = (a_i - b_i) / 2``: ``products`` float64
    [n_shells, 12, n, n] holds Re(M_i* M_j), ``gaps`` float64 [n_shells, 12, n] Re(D_i* D_0), ``count`` float64 [n_shells, 12] the number
    of independent coefficients.
    """

    products: np.ndarray
    gaps: np.ndarray
    count: np.ndarray

    @property
    def signal(self) -> np.ndarray:
        """``(<a_i, b_0> + <b_i, a_0>) / 2``: product of each map with the signal, in which no noise is left; float64 [n_shells, 12, n]."""
        return self.products[..., 0] - self.gaps


@njit
def _row_kernel(means, last, gap, first_gap, z0, z1, nx, steps, n_shells, out):
    _, nz, ny, nk = means.shape
    for z in range(z0, z1):
        kz = z if z <= nz // 2 else z - nz
        own_z = (2 * z) % nz == 0
        for y in range(ny):
            ky = y if y <= ny // 2 else y - ny
            base = (kz * steps[0]) ** 2 + (ky * steps[1]) ** 2
            height = 9 * (kz * steps[0]) ** 2
            quarter = (3 if kz < 0 else 0) + (6 if ky < 0 else 0)
            plane = 1.0 if own_z and (2 * y) % ny == 0 else 0.5
            for x in range(nk):
                r2 = base + (x * steps[2]) ** 2
                shell = int(np.sqrt(r2) * (1 + 5e-10) + 0.5)      # on an edge: outside, as all shells
                if shell >= n_shells:
                    break
                sector = quarter + (0 if height < r2 else (1 if height < 4 * r2 else 2))
                w = plane if x == 0 or 2 * x == nx else 1.0
                c = means[last, z, y, x]
                cr, ci = w * c.real, w * c.imag
                for j in range(last + 1):
                    m = means[j, z, y, x]
                    out[shell, sector, j] += cr * m.real + ci * m.imag
                g, f = gap[z, y, x], first_gap[z, y, x]
                out[shell, sector, last + 1] += w * (np.float64(g.real) * f.real + np.float64(g.imag) * f.imag)
                out[shell, sector, last + 2] += w


def sums_of(pairs: Sequence[Tuple[np.ndarray, np.ndarray]], mask: np.ndarray, geo: Geometry) -> SectorSums:
    """Products of pairs of maps in a mask.

    Parameters
    ----------
    pairs
        What was made of half-map 1 and of half-map 2, float32 [z, y, x] each; the first are the half-maps themselves.
    mask
        float32 [z, y, x].
    geo
        Shells of the box.

    Returns
    -------
    SectorSums
        Of all pairs.
    """
    return extended(None, pairs, 0, mask, geo)


def extended(known: Optional[SectorSums], pairs: Sequence[Tuple[np.ndarray, np.ndarray]], start: int, mask: np.ndarray, geo: Geometry
             ) -> SectorSums:
    """Products of pairs of maps of which those before ``start`` are known.

    Parameters
    ----------
    known
        Sums of ``pairs[:start]``; None when there are none.
    pairs
        All pairs, float32 [z, y, x] each.
    start
        The first that is new.
    mask
        float32 [z, y, x].
    geo
        Shells of the box.

    Returns
    -------
    SectorSums
        Of all pairs.
    """
    n, half = len(pairs), np.float32(0.5)
    shape = (geo.shape[0], geo.shape[1], geo.shape[2] // 2 + 1)
    means = np.empty((n, *shape), np.complex64)
    products, gaps = np.zeros((geo.n_shells, SECTORS, n, n)), np.zeros((geo.n_shells, SECTORS, n))
    count = np.zeros((geo.n_shells, SECTORS))
    if known is not None:
        products[:, :, :start, :start], gaps[:, :, :start], count = known
    first_gap = forward((pairs[0][0] - pairs[0][1]) * half * mask)
    for i, (one, two) in enumerate(pairs):
        means[i] = forward((one + two) * half * mask)
        if i < start:
            continue
        row = _row(means, i, forward((one - two) * half * mask) if i else first_gap, first_gap, geo)
        products[:, :, i, :i + 1] = products[:, :, :i + 1, i] = row[:, :, :i + 1]
        gaps[:, :, i], count = row[:, :, i + 1], row[:, :, i + 2]
    return SectorSums(products, gaps, count)


def _row(means: np.ndarray, last: int, gap: np.ndarray, first_gap: np.ndarray, geo: Geometry) -> np.ndarray:
    """Products of one map with those before it and itself, its gap, and the count, float64 [n_shells, 12, last + 3]."""
    steps = np.array(geo.steps)

    def work(start: int, stop: int) -> np.ndarray:
        out = np.zeros((geo.n_shells, SECTORS, last + 3))
        _row_kernel(means, last, gap, first_gap, start, stop, geo.shape[2], steps, geo.n_shells, out)
        return out

    return sum(over_slabs(work, geo.shape[0]))
