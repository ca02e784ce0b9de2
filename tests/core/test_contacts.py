"""Contacts, bonds and the ways between atoms, against plain loops."""
from __future__ import annotations

import numpy as np
import pytest

from cryoqa_plugin.core import contacts
from cryoqa_plugin.core.contacts import Atoms


def _atoms(xyz, residue, conformer=None, hydrogen=None, polar=None, metal=None):
    n = len(xyz)
    no = np.zeros(n, dtype=bool)
    return Atoms(np.asarray(xyz, dtype=float), np.asarray(residue), np.zeros(n, dtype=np.int64) if conformer is None else conformer,
                 np.full(n, 1.7), np.full(n, 0.75), no if polar is None else polar, no if hydrogen is None else hydrogen,
                 no if metal is None else metal)


@pytest.fixture(scope="module")
def crowd():
    rng = np.random.default_rng(2)
    return _atoms(rng.uniform(0, 12, (150, 3)), np.arange(150) // 5, rng.integers(0, 3, 150))


def test_pairs_that_are_near(crowd):
    found = contacts.near(crowd, 2.5)
    want = [(i, j) for i in range(150) for j in range(i + 1, 150)
            if np.linalg.norm(crowd.xyz[i] - crowd.xyz[j]) <= 2.5
            and (crowd.conformer[i] == crowd.conformer[j] or 0 in (crowd.conformer[i], crowd.conformer[j]))]
    assert [tuple(p) for p in found.pairs] == want
    np.testing.assert_allclose(found.overlap, 3.4 - found.distance)


def test_ways_between_atoms_are_the_shortest():
    rng = np.random.default_rng(3)
    n = 40
    bonds = np.unique(np.sort(rng.integers(0, n, (50, 2)), axis=1), axis=0)
    bonds = bonds[bonds[:, 0] != bonds[:, 1]]
    far = np.full((n, n), 99)
    np.fill_diagonal(far, 0)
    far[bonds[:, 0], bonds[:, 1]] = far[bonds[:, 1], bonds[:, 0]] = 1
    for k in range(n):                                         # Floyd and Warshall
        far = np.minimum(far, far[:, k:k + 1] + far[k:k + 1])
    pairs = np.array([(i, j) for i in range(n) for j in range(i + 1, n)])
    found = contacts.bonds_between(n, bonds, pairs, 4)
    np.testing.assert_array_equal(found, np.minimum(far[pairs[:, 0], pairs[:, 1]], 5))
    assert contacts.bonds_between(n, bonds[:0], pairs[:3], 4).tolist() == [5, 5, 5]
    assert contacts.bonds_between(n, bonds, pairs[:0], 4).size == 0


def test_bonds_by_distance():
    xyz = [(0, 0, 0), (1.9, 0, 0), (0, 1.55, 0), (0, 0, 1.9), (30, 0, 0), (30, 2.1, 0)]
    atoms = _atoms(xyz, [0, 0, 1, 2, 3, 3])
    found = contacts.near(atoms, 2.2)
    pairs = [tuple(p) for p in found.pairs]

    def which(may_link):
        return [p for p, b in zip(pairs, contacts.bonded(atoms, found, np.array(may_link))) if b]

    assert which([False] * 6) == [(0, 1)]                      # of a residue up to 2.0 Å
    assert which([False, False, True, True, False, False]) == [(0, 1), (0, 2)]             # between residues up to 1.75 Å


def test_a_chain_of_atoms_clashes_only_beyond_three_bonds():
    """A ring of seven atoms: each is at most three bonds from any other; opened, its ends clash."""
    t = 2 * np.pi * np.arange(7) / 7
    atoms = _atoms(np.stack([1.6 * np.cos(t), 1.6 * np.sin(t), 0 * t], axis=1), np.arange(7))
    found = contacts.near(atoms, 3.4)
    ring = np.array([(i, (i + 1) % 7) for i in range(7)])
    assert contacts.clashes(atoms, found, ring, 0.4, 2.3, 1.7).sum() == 0
    opened = contacts.clashes(atoms, found, ring[:-1], 0.4, 2.3, 1.7)
    far = np.abs(found.pairs[:, 0] - found.pairs[:, 1])
    np.testing.assert_array_equal(opened, (far > 3) & (found.overlap >= 0.4))
    hydrogens = atoms._replace(hydrogen=np.ones(7, dtype=bool))
    np.testing.assert_array_equal(contacts.clashes(hydrogens, found, ring[:-1], 0.4, 2.3, 1.7), (far > 4) & (found.overlap >= 0.4))
