"""Residues of models: kinds, bonds, conformers and names that need care."""
from __future__ import annotations

import numpy as np
import pytest

from cryoqa_plugin.io.models import read_model
from cryoqa_plugin.study.residues import BACKBONE, BASE, GLYCAN, ION, LIGAND, NUCLEIC, PROTEIN, SIDE_CHAIN, WATER, residues_of

_LINE = "{:<6}{:>5} {:<4}{:1}{:<3} {:1}{:>4}{:1}   {:8.3f}{:8.3f}{:8.3f}{:6.2f}{:6.2f}          {:>2}\n"


def _model(tmp_path, atoms):
    """A PDB file of (record, atom, altloc, residue, chain, number, insertion, (x, y, z), occupancy, element)."""
    path = tmp_path / "model.pdb"
    path.write_text("".join(_LINE.format(rec, i + 1, n if len(n) > 3 else " " + n, alt, res, chain, number, ins, *xyz, occ, 20.0, el)
                            for i, (rec, n, alt, res, chain, number, ins, xyz, occ, el) in enumerate(atoms)) + "END\n")
    return read_model(str(path))


def _residue(name, chain, number, at, alt="", ins="", occ=1.0):
    return [("ATOM", n, alt, name, chain, number, ins, (at + d, 0.5 * k, 0), occ, n[0])
            for k, (n, d) in enumerate((("N", 0.0), ("CA", 1.5), ("C", 2.5), ("O", 2.6), ("CB", 1.6)))]


def test_insertion_codes_and_breaks(tmp_path):
    atoms = (_residue("ALA", "A", 10, 0) + _residue("LEU", "A", 10, 3.8, ins="A") + _residue("SER", "A", 11, 7.6)
             + _residue("VAL", "A", 20, 40))
    found = residues_of(_model(tmp_path, atoms))
    assert found.number == ("10", "10A", "11", "20") and [found.label(i) for i in (1, 3)] == ["Leu A 10A", "Val A 20"]
    assert [list(s) for s in found.stretches] == [[0, 1, 2], [3]]
    assert list(found.next) == [1, 2, -1, -1] and list(found.before) == [-1, 0, 1, -1]


def test_the_conformer_with_the_larger_occupancy_counts(tmp_path):
    atoms = _residue("SER", "A", 1, 0, alt="A", occ=0.3) + _residue("SER", "A", 1, 0.4, alt="B", occ=0.7) + _residue("GLY", "A", 2, 3.9)
    model = _model(tmp_path, atoms)
    found = residues_of(model)
    assert len(found) == 2 and list(found.find("CA")) == [6, 11]
    assert model.occupancy[found.first & (found.residue == 0)] == pytest.approx(0.7)
    assert list(found.next) == [1, -1]


def test_kinds_and_roles(tmp_path):
    def alone(name, residue, number, element):
        return ("HETATM", name, "", residue, "B", number, "", (50.0 + number, 0, 0), 1.0, element)

    sugar = [("ATOM", n, "", "G", "A", 1, "", (i, 0, 0), 1.0, n[0]) for i, n in enumerate(("P", "O5'", "C1'", "O3'", "N9", "C8"))]
    others = [alone("CA", "CA", 1, "CA"), alone("O", "HOH", 2, "O"), alone("C1", "NAG", 3, "C"), alone("C2", "NAG", 3, "C"),
              alone("C1", "LIG", 4, "C"), alone("C2", "LIG", 4, "C")]
    found = residues_of(_model(tmp_path, sugar + _residue("UNK", "C", 1, 0) + others))
    assert not found.trace
    assert list(found.kind) == [NUCLEIC, PROTEIN, ION, WATER, GLYCAN, LIGAND]
    assert list(found.role[:6]) == [BACKBONE] * 4 + [BASE] * 2 and list(found.role[6:11]) == [BACKBONE] * 4 + [SIDE_CHAIN]
    assert np.array_equal(found.mean(np.arange(len(found.atom), dtype=float), found.role == SIDE_CHAIN)[:2], [np.nan, 10.0], equal_nan=True)


def test_a_trace_of_one_atom_a_residue_is_one_stretch(tmp_path):
    atoms = [("ATOM", "CA", "", "ALA", "A", i + 1, "", (3.8 * i, 0, 0), 1.0, "C") for i in range(5)]
    found = residues_of(_model(tmp_path, atoms))
    assert found.trace
    assert [len(s) for s in found.stretches] == [5] and set(found.kind) == {PROTEIN}
