"""Q-scores of the atoms and residues of a model: how well each atom is resolved."""
from __future__ import annotations

from typing import NamedTuple, Optional, Sequence

import numpy as np

from ..core import q_score
from ..io.maps import Map
from .residues import BACKBONE, BASE, ION, NUCLEIC, PROTEIN, SIDE_CHAIN, WATER, Residues

AROUND = 5.0                          # Å, of the surroundings of a residue


class Shells(NamedTuple):
    """Densities around the atoms that have a score: ``scored`` int64 [n] counts in the atoms of the model, ``sums`` is of these."""

    scored: np.ndarray
    sums: q_score.ShellSums


class QValues(NamedTuple):
    """Q-scores with a Gaussian of ``sigma`` Å; NaN where there is none.

    ``atom`` float64 [n_atoms]: hydrogens, atoms outside of the box and those of other conformers than the first have none. ``residue``,
    ``backbone`` and ``side`` (side chain or base) float64 [n_residues] are means over the atoms of each residue.
    """

    sigma: float
    atom: np.ndarray
    residue: np.ndarray
    backbone: np.ndarray
    side: np.ndarray


def shells(residues: Residues, xyz: np.ndarray, grid: Map) -> Shells:
    """The density around every atom that has a Q-score.

    Parameters
    ----------
    residues
        The residues of the model.
    xyz
        Positions of its atoms, (x, y, z) in Å from the middle of the first voxel, float64 [n_atoms, 3].
    grid
        The map.

    Returns
    -------
    Shells
        Of atoms inside the box that are no hydrogens, of the first conformer. Only such atoms, and those outside of the box, take points
        away from each other: the model counts as if it had its first conformers alone.
    """
    place = xyz / np.asarray(grid.voxel_size)
    inside = ((place >= 0) & (place <= np.array(grid.shape[::-1]) - 1)).all(axis=1)
    real = np.flatnonzero(residues.heavy & residues.first)
    middle = np.flatnonzero(inside[real])
    return Shells(real[middle], q_score.shell_sums(grid.data, grid.voxel_size, xyz[real], middle))


def values(residues: Residues, found: Shells, sigma: float) -> QValues:
    """The Q-scores of atoms and residues.

    Parameters
    ----------
    residues
        The residues of the model.
    found
        The density around its atoms.
    sigma
        Standard deviation of the Gaussian in Å.

    Returns
    -------
    QValues
        Means of residues are over all their atoms with a score.

    References
    ----------
    Pintilie et al. (2020), https://doi.org/10.1038/s41592-020-0731-1.
    """
    atom = np.full(len(residues.residue), np.nan)
    atom[found.scored] = q_score.q_scores(found.sums, sigma)
    every = np.ones(len(atom), bool)
    side = (residues.role == SIDE_CHAIN) | (residues.role == BASE)
    return QValues(sigma, atom, residues.mean(atom, every), residues.mean(atom, residues.role == BACKBONE), residues.mean(atom, side))


def around(residues: Residues, xyz: np.ndarray, atom: np.ndarray, which: Sequence[int], reach: float = AROUND) -> np.ndarray:
    """Mean of a score of atoms over each residue and all that lies near it.

    Parameters
    ----------
    residues
        The residues of the model.
    xyz
        Positions of its atoms in Å, float64 [n_atoms, 3].
    atom
        Score of each, float [n_atoms]; NaN where there is none.
    which
        The residues that are asked for.
    reach
        Largest distance (Å) from any scored atom of the residue.

    Returns
    -------
    ndarray
        float64 [n_residues]; NaN for residues that were not asked for, and those without a score.
    """
    known = np.flatnonzero(np.isfinite(atom))
    out = np.full(len(residues), np.nan)
    wanted = np.zeros(len(residues), bool)
    wanted[np.asarray(which, dtype=np.int64)] = True
    of = residues.residue[known]
    middle = np.flatnonzero(wanted[of])
    start, other = q_score.neighbours(xyz[known], middle, reach)
    # Each atom counts once for a residue, however many atoms of the residue it is near to.
    own = np.repeat(of[middle], np.diff(start))
    pair = np.unique(np.concatenate((own * len(known) + other, of[middle] * len(known) + middle)))
    mine, near = pair // max(len(known), 1), pair % max(len(known), 1)
    n = np.bincount(mine, minlength=len(residues))
    total = np.bincount(mine, atom[known[near]], minlength=len(residues))
    return np.divide(total, n, out=out, where=n > 0)


class Expected(NamedTuple):
    """Mean Q of the models in maps of one resolution, and the range in which 95 % of them lie."""

    mean: float
    low: float
    high: float


# Mean Q as a polynomial of the resolution (Å), and how far the range reaches below and above it; fitted to archive entries by MapQ.
_CURVES = {0.4: ((-0.0016, 0.0434, -0.3956, 1.3606), 0.150, 0.085),
           0.6: ((-0.0019064058, 0.0499875375, -0.4513945578, 1.5361860733), 0.1, 0.1)}
# The same as lines, by kind of residue.
_LINES = {0.4: {PROTEIN: (-0.1866, 1.1242), NUCLEIC: (-0.1465, 0.9436)},
          0.6: {PROTEIN: (-0.1775, 1.1192), NUCLEIC: (-0.1377, 0.9973), ION: (-0.1103, 1.0795), WATER: (-0.0895, 1.0001)}}
_FINEST, _COARSEST, _END = 1.0, 10.0, 5.0        # Å, where the curves are used, and where the lines end


def expected(sigma: float, resolution: Optional[float]) -> Optional[Expected]:
    """The mean Q of a model as archive entries of a resolution have it.

    Parameters
    ----------
    sigma
        Standard deviation of the Gaussian in Å.
    resolution
        Of the map, in Å; None when it is not known.

    Returns
    -------
    Expected or None
        None for another sigma than 0.4 and 0.6 Å, and finer than 1 Å or coarser than 10 Å, where the curves were not fitted.

    Notes
    -----
    ``-0.0016 d^3 + 0.0434 d^2 - 0.3956 d + 1.3606`` for 0.4 Å, ``-0.0019064 d^3 + 0.0499875 d^2 - 0.4513946 d + 1.5361861`` for 0.6 Å, as
    MapQ (https://github.com/gregdp/mapq) has them.
    """
    if sigma not in _CURVES or resolution is None or not _FINEST <= resolution <= _COARSEST:
        return None
    curve, below, above = _CURVES[sigma]
    mean = float(np.polyval(curve, resolution))
    return Expected(mean, mean - below, mean + above)


def expected_of_kind(sigma: float, resolution: Optional[float], kind: int) -> float:
    """The mean Q of residues of one kind as archive entries of a resolution have it.

    Parameters
    ----------
    sigma, resolution
        As of :func:`expected`.
    kind
        Counts in ``KINDS`` of :mod:`cryoqa_plugin.study.residues`.

    Returns
    -------
    float
        NaN for kinds without a line, and beyond 5 Å, where lines fall too low.
    """
    line = _LINES.get(sigma, {}).get(kind)
    return np.nan if line is None or resolution is None or not _FINEST <= resolution <= _END else float(np.polyval(line, resolution))
