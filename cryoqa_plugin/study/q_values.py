"""Q-scores of the atoms and residues of a model: how well each atom stands out of the map."""
from __future__ import annotations

from typing import NamedTuple, Sequence

import numpy as np

from ..core import q_score
from ..io.maps import Map
from .residues import BACKBONE, BASE, SIDE_CHAIN, Residues

SIGMAS = (0.4, 0.6)                   # Å: what EMDB, wwPDB and MapQ use, and what was published first
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
