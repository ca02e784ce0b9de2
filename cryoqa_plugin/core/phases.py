"""Random phases beyond a resolution, for the noise substitution of masked Fourier shell correlations."""
from __future__ import annotations

from typing import Optional

import numpy as np

from .fourier import Geometry
from .jit import njit
from .threads import over_slabs


@njit
def _random_turn(counter, seed):
    """A number in [0, 1) that depends on ``counter`` and ``seed`` (uint64) alone: the SplitMix64 mixing function."""
    h = seed + (counter + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    h = (h ^ (h >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    h = (h ^ (h >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    h = h ^ (h >> np.uint64(31))
    return np.float64(h >> np.uint64(11)) * (1.0 / 9007199254740992.0)


@njit
def _phase_kernel(ft, z0, z1, nx, steps, first, width, seed, out):
    nz, ny, nk = ft.shape
    first2, full2 = first ** 2, (first + width) ** 2
    for z in range(z0, z1):
        kz = z if z <= nz // 2 else z - nz
        mate_z = (nz - z) % nz
        for y in range(ny):
            ky = y if y <= ny // 2 else y - ny
            mate_y = (ny - y) % ny
            row, mate_row = z * ny + y, mate_z * ny + mate_y
            base = (kz * steps[0]) ** 2 + (ky * steps[1]) ** 2
            for x in range(nk):
                value = ft[z, y, x]
                r2 = base + (x * steps[2]) ** 2
                if r2 >= first2:
                    turn = 2 * np.pi
                    if r2 < full2:
                        turn *= (np.sqrt(r2) - first) / width
                    # Only in these planes are both mates stored: the one that comes first draws the number for both.
                    paired = x == 0 or 2 * x == nx
                    own = row <= mate_row or not paired
                    u = _random_turn(np.uint64((row if own else mate_row) * nk + x), seed) - 0.5
                    if paired and row == mate_row:
                        # Its own mate: the phase may only be 0 or pi.
                        value = value if u * turn < 0.5 * np.pi else -value
                    else:
                        angle = turn * (u if own else -u)
                        value = value * np.complex64(complex(np.cos(angle), np.sin(angle)))
                out[z, y, x] = value


def randomise_phases(ft: np.ndarray, geo: Geometry, first_shell: int, seed: int, *, width: float = 0.0,
                     out: Optional[np.ndarray] = None) -> np.ndarray:
    """The transform with random phases from a shell on; amplitudes are kept.

    Friedel mates get opposite phases, and a coefficient that is its own mate stays real, so that the answer is the transform of a real map.

    Parameters
    ----------
    ft
        Transform, complex64 [nz, ny, nx // 2 + 1].
    geo
        Shells of the box.
    first_shell
        Phases change from this shell on.
    seed
        The phase added to a coefficient depends on its place and on ``seed`` only, not on the number of threads.
    width
        Shells over which the added phases grow from nothing to the full turn; 0 for all at once.
    out
        Where to write, ``ft`` itself allowed; a new array when not given.

    Returns
    -------
    ndarray
        complex64 [nz, ny, nx // 2 + 1].

    References
    ----------
    Method: Chen et al. (2013), https://doi.org/10.1016/j.ultramic.2013.06.004. Mixing function: Steele, Lea & Flood (2014),
    https://doi.org/10.1145/2660193.2660195.
    """
    result = np.empty_like(ft) if out is None else out
    steps, first = np.array(geo.steps), max(first_shell - 0.5, 0.0) * (1 - 1e-9)
    # Seeds are spread over all 64 bits: without it, some would give the numbers of others at shifted places.
    stream = np.uint64((int(seed) * 0xD1342543DE82EF95 + 0x2545F4914F6CDD1D) % 2 ** 64)

    def work(start: int, stop: int) -> None:
        _phase_kernel(ft, start, stop, geo.shape[2], steps, first, float(width), stream, result)

    over_slabs(work, geo.shape[0])
    return result
