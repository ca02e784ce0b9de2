"""Atoms that come too near to each other although no bonds hold them there."""
from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import sparse
from scipy.spatial import cKDTree

_BOND_SLACK = 0.5                                # Å beyond the sum of covalent radii within which atoms of one residue are bonded
_LINK_SLACK = 0.25                               # the same between residues, to either side


class Atoms(NamedTuple):
    """What decides on contacts, for each of n atoms.

    ``xyz`` float64 [n, 3] in Å; ``residue`` int64 [n]; ``conformer`` int64 [n], 0 for atoms in all conformers; ``radius`` (van der Waals)
    and ``covalent`` float64 [n] in Å; ``polar`` bool [n] for what gives or takes hydrogen bonds, ``hydrogen`` and ``metal`` bool [n].
    """

    xyz: np.ndarray
    residue: np.ndarray
    conformer: np.ndarray
    radius: np.ndarray
    covalent: np.ndarray
    polar: np.ndarray
    hydrogen: np.ndarray
    metal: np.ndarray


class Contacts(NamedTuple):
    """Pairs of atoms, int64 [n, 2], with their ``distance`` and ``overlap`` in Å, float64 [n]."""

    pairs: np.ndarray
    distance: np.ndarray
    overlap: np.ndarray


def near(atoms: Atoms, reach: float) -> Contacts:
    """Pairs of atoms within a distance that can be there together: not of two conformers.

    Parameters
    ----------
    atoms
        The atoms.
    reach
        Å.

    Returns
    -------
    Contacts
        The first atom of a pair comes before the second, the pairs in order.
    """
    pairs = cKDTree(atoms.xyz).query_pairs(reach, output_type="ndarray").astype(np.int64).reshape(-1, 2)
    pairs = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]
    one, two = atoms.conformer[pairs].T
    pairs = pairs[(one == two) | (one == 0) | (two == 0)]
    i, j = pairs.T
    distance = np.linalg.norm(atoms.xyz[i] - atoms.xyz[j], axis=1)
    return Contacts(pairs, distance, atoms.radius[i] + atoms.radius[j] - distance)


def bonded(atoms: Atoms, found: Contacts, may_link: np.ndarray) -> np.ndarray:
    """Which pairs are bonds, by their distance.

    Parameters
    ----------
    atoms, found
        Atoms, and pairs of them that are near.
    may_link
        Atoms that may be bonded to those of any other residue, as of sugars and ligands, bool [n_atoms]; metals never are.

    Returns
    -------
    ndarray
        bool [n_pairs]: in a residue within 0.5 Å beyond the sum of the covalent radii, between residues within 0.25 Å of it.
    """
    i, j = found.pairs.T
    off = found.distance - atoms.covalent[i] - atoms.covalent[j]
    link = (may_link[i] | may_link[j]) & ~(atoms.metal[i] | atoms.metal[j] | atoms.hydrogen[i] | atoms.hydrogen[j])
    return np.where(atoms.residue[i] == atoms.residue[j], off <= _BOND_SLACK, link & (np.abs(off) <= _LINK_SLACK))


def bonds_between(n_atoms: int, bonds: np.ndarray, pairs: np.ndarray, most: int) -> np.ndarray:
    """Number of bonds on the shortest way between atoms.

    Parameters
    ----------
    n_atoms
        Number of atoms.
    bonds
        Atoms that are bonded, int64 [n_bonds, 2].
    pairs
        Pairs that are asked for, int64 [n_pairs, 2].
    most
        Ways of more bonds are not looked for.

    Returns
    -------
    ndarray
        int64 [n_pairs]; ``most + 1`` for those farther apart.
    """
    step = sparse.coo_matrix((np.ones(len(bonds)), bonds.T), shape=(n_atoms, n_atoms)).tocsr()
    step = step + step.T
    out, way = np.full(len(pairs), most + 1, dtype=np.int64), step
    for count in range(1, most + 1):
        there = np.asarray(way[pairs[:, 0], pairs[:, 1]]).ravel() != 0 if len(pairs) else np.zeros(0, dtype=bool)
        out[there & (out > count)] = count
        way = way @ step
    return out


def clashes(atoms: Atoms, found: Contacts, bonds: np.ndarray, least: float, shortest_bridge: float, shortest_metal: float) -> np.ndarray:
    """Which pairs clash: atoms of two residues that overlap and are not held together.

    Parameters
    ----------
    atoms, found
        Atoms, and pairs of them that are near.
    bonds
        Atoms that are bonded, int64 [n_bonds, 2].
    least
        Overlap of the van der Waals radii, Å, from which atoms clash.
    shortest_bridge
        Distance, Å, down to which two polar atoms are a hydrogen bond; with a hydrogen 0.9 Å less.
    shortest_metal
        Distance, Å, down to which a polar atom is held by a metal.

    Returns
    -------
    ndarray
        bool [n_pairs]. Atoms three bonds apart, or four where one is a hydrogen, never clash.
    """
    i, j = found.pairs.T
    polar, metal = atoms.polar[i] & atoms.polar[j], atoms.metal[i] | atoms.metal[j]
    hydrogens = atoms.hydrogen[i].astype(np.int64) + atoms.hydrogen[j]
    bridge = polar & ~metal & (hydrogens < 2) & (found.distance >= shortest_bridge - 0.9 * hydrogens)
    held = metal & (atoms.polar[i] | atoms.polar[j]) & (found.distance >= shortest_metal)
    out = (atoms.residue[i] != atoms.residue[j]) & (found.overlap >= least) & ~bridge & ~held
    asked = np.flatnonzero(out)
    apart = bonds_between(len(atoms.xyz), bonds, found.pairs[asked], 4)
    out[asked] = apart > np.where(hydrogens[asked] > 0, 4, 3)
    return out
