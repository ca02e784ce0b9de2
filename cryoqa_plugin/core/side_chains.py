"""Does the sequence stand where it is built: side chains of every type tried on every residue, and the sequence moved along."""
from __future__ import annotations

from typing import NamedTuple, Sequence

import numpy as np

from .jit import njit

_CAP = 1.5                            # of the density of the backbone; more of it is a heavy atom, or noise
_EMPTY = 0.5                          # of it, below which an atom stands in the empty


class Conformers(NamedTuple):
    """Side chains, each in the frame of its own backbone.

    ``atoms`` float64 [n_atoms, 3] in Å from CA, ``starts`` int64 [n + 1] where each begins in them, ``kind`` int64 [n] its type.
    """

    atoms: np.ndarray
    starts: np.ndarray
    kind: np.ndarray


class Stretch(NamedTuple):
    """Residues ``start`` to ``stop`` (without it) whose gains sum to ``score`` times the square root of their number."""

    start: int
    stop: int
    score: float


def frames(n: np.ndarray, ca: np.ndarray, c: np.ndarray) -> np.ndarray:
    """Frames of residues from their backbone.

    Parameters
    ----------
    n, ca, c
        Positions of these atoms, float [n_residues, 3].

    Returns
    -------
    ndarray
        float64 [n_residues, 3, 3], rows of unit length: away from N and C, across them, and the third at right angles.
    """
    to_n, to_c = n - ca, c - ca
    to_n, to_c = (v / np.linalg.norm(v, axis=1, keepdims=True) for v in (to_n, to_c))
    away, across = -(to_n + to_c), np.cross(to_c, to_n)
    away, across = (v / np.maximum(np.linalg.norm(v, axis=1, keepdims=True), 1e-9) for v in (away, across))
    return np.stack((away, across, np.cross(away, across)), axis=1)


@njit
def _score_kernel(data, ca, turn, atoms, starts, kind, spacing, cap, empty, out):
    nz, ny, nx = data.shape
    for p in range(ca.shape[0]):
        for h in range(kind.size):
            total = 0.0
            for i in range(starts[h], starts[h + 1]):
                x = (ca[p, 0] + turn[p, 0, 0] * atoms[i, 0] + turn[p, 1, 0] * atoms[i, 1] + turn[p, 2, 0] * atoms[i, 2]) / spacing[0]
                y = (ca[p, 1] + turn[p, 0, 1] * atoms[i, 0] + turn[p, 1, 1] * atoms[i, 1] + turn[p, 2, 1] * atoms[i, 2]) / spacing[1]
                z = (ca[p, 2] + turn[p, 0, 2] * atoms[i, 0] + turn[p, 1, 2] * atoms[i, 1] + turn[p, 2, 2] * atoms[i, 2]) / spacing[2]
                ix, iy, iz = int(np.floor(x)), int(np.floor(y)), int(np.floor(z))
                value = 0.0
                if ix >= 0 and iy >= 0 and iz >= 0 and ix < nx - 1 and iy < ny - 1 and iz < nz - 1:
                    tx, ty, tz = x - ix, y - iy, z - iz
                    low = ((data[iz, iy, ix] * (1 - tx) + data[iz, iy, ix + 1] * tx) * (1 - ty)
                           + (data[iz, iy + 1, ix] * (1 - tx) + data[iz, iy + 1, ix + 1] * tx) * ty)
                    high = ((data[iz + 1, iy, ix] * (1 - tx) + data[iz + 1, iy, ix + 1] * tx) * (1 - ty)
                            + (data[iz + 1, iy + 1, ix] * (1 - tx) + data[iz + 1, iy + 1, ix + 1] * tx) * ty)
                    value = low * (1 - tz) + high * tz
                total += min(value, cap) - empty
            if total > out[p, kind[h]]:
                out[p, kind[h]] = total


def fit_of_types(data: np.ndarray, ca: np.ndarray, turn: np.ndarray, conformers: Conformers, n_types: int,
                 voxel_size: Sequence[float]) -> np.ndarray:
    """How well a side chain of each type fits on each residue.

    Parameters
    ----------
    data
        Density without that of the backbone, 1 where an atom of the backbone would be, float32 [z, y, x].
    ca, turn
        Positions of CA, float64 [n, 3] (x, y, z) in Å from the centre of the first voxel, and frames, float64 [n, 3, 3].
    conformers
        Side chains that are tried; the best of each type counts.
    n_types
        Number of types.
    voxel_size
        Edges of a voxel (x, y, z) in Å.

    Returns
    -------
    ndarray
        ``max over conformers of sum over atoms (min(density, 1.5) - 0.5)``, less its mean over the residues and over its scatter among
        them, float64 [n, n_types]; 0 for types that are not tried, such as glycine.
    """
    out = np.full((len(ca), n_types), -np.inf)
    _score_kernel(data, np.ascontiguousarray(ca), np.ascontiguousarray(turn), conformers.atoms, conformers.starts, conformers.kind,
                  np.asarray(voxel_size, dtype=np.float64), _CAP, _EMPTY, out)
    out[~np.isfinite(out)] = 0
    scatter = out.std(axis=0)
    return (out - out.mean(axis=0)) / np.where(scatter > 1e-9, scatter, np.inf)


@njit
def _stretch_kernel(total, least):
    best, start, stop = 0.0, 0, 0
    for i in range(total.size):
        for j in range(i + least, total.size):
            score = (total[j] - total[i]) / np.sqrt(j - i)
            if score > best:
                best, start, stop = score, i, j
    return best, start, stop


def best_stretch(gain: np.ndarray, least: int) -> Stretch:
    """The stretch of residues with the highest sum of gains over the square root of their number.

    Parameters
    ----------
    gain
        Of each residue, float64 [n].
    least
        Fewest residues.

    Returns
    -------
    Stretch
        Empty with score 0 where no stretch gains.
    """
    best, start, stop = _stretch_kernel(np.concatenate(([0.0], np.cumsum(gain))), least)
    return Stretch(int(start), int(stop), float(best))
