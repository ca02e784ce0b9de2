"""Random phases beyond a resolution, for the noise substitution of masked Fourier shell correlations."""
from __future__ import annotations

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
def _phase_kernel(ft, z0, z1, nx, steps, first2, seed, out):
    nz, ny, nk = ft.shape
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
                if base + (x * steps[2]) ** 2 >= first2:
                    size = np.sqrt(np.float64(value.real) ** 2 + np.float64(value.imag) ** 2)
                    paired = x == 0 or 2 * x == nx
                    if paired and row == mate_row:
                        sign = 1.0 if _random_turn(np.uint64(row * nk + x), seed) < 0.5 else -1.0
                        value = np.complex64(complex(sign * size, 0.0))
                    else:
                        own = row <= mate_row or not paired
                        angle = 2 * np.pi * _random_turn(np.uint64((row if own else mate_row) * nk + x), seed)
                        value = np.complex64(complex(size * np.cos(angle), size * np.sin(angle) * (1.0 if own else -1.0)))
                out[z, y, x] = value


def randomise_phases(ft: np.ndarray, geo: Geometry, first_shell: int, seed: int) -> np.ndarray:
    """The transform with random phases in the shells from ``first_shell`` on; amplitudes are kept.

    ``ft`` is complex64 [nz, ny, nx // 2 + 1], and so is the answer. The phase of a coefficient depends on its place and
    on ``seed`` only, so that the answer does not depend on the number of threads; Friedel mates get opposite phases,
    and a coefficient that is its own mate stays real, so that the answer is the transform of a real map.
    Method: Chen et al. (2013), https://doi.org/10.1016/j.ultramic.2013.06.004. Mixing function: Steele, Lea & Flood
    (2014), https://doi.org/10.1145/2660193.2660195.
    """
    out = np.empty_like(ft)
    steps, first2 = np.array(geo.steps), (first_shell - 0.5) ** 2 if first_shell > 0 else 0.0
    stream = np.uint64((int(seed) * 0xD1342543DE82EF95 + 0x2545F4914F6CDD1D) % 2 ** 64)

    def work(start: int, stop: int) -> None:
        _phase_kernel(ft, start, stop, geo.shape[2], steps, first2 * (1 - 1e-9), stream, out)

    over_slabs(work, geo.shape[0])
    return out
