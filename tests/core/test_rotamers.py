"""Ideal side chains: bonds and angles are those of the table, and real side chains have a conformer nearby."""
from __future__ import annotations

import numpy as np
import pytest

from cryoqa_plugin.core import rotamers
from cryoqa_plugin.io.models import read_model
from cryoqa_plugin.study.residues import residues_of

ALIKE = {"PHE": ("CD1 CD2", "CE1 CE2"), "TYR": ("CD1 CD2", "CE1 CE2"), "ASP": ("OD1 OD2",), "GLU": ("OE1 OE2",), "ARG": ("NH1 NH2",)}
ATOMS = {"SER": 2, "CYS": 2, "VAL": 3, "THR": 3, "ILE": 4, "PRO": 3, "MET": 4, "ASP": 4, "ASN": 4, "LEU": 4, "LYS": 5, "GLU": 5, "GLN": 5,
         "ARG": 7, "HIS": 6, "PHE": 7, "TYR": 8, "TRP": 10, "ALA": 1, "GLY": 0}


def _angle(a, b, c):
    u, v = a - b, c - b
    return np.degrees(np.arccos(u @ v / np.linalg.norm(u) / np.linalg.norm(v)))


def _torsion(a, b, c, d):
    n1, n2 = np.cross(b - a, c - b), np.cross(c - b, d - c)
    return np.degrees(np.arctan2(np.cross(n1, n2) @ (c - b) / np.linalg.norm(c - b), n1 @ n2))


def test_there_are_218_conformers_of_20_types():
    assert sum(len(rotamers.torsions(kind)) for kind in rotamers.TYPES) == 218
    library = rotamers.conformers()
    assert len(library.kind) == 654 and np.all(np.diff(library.kind) >= 0) and np.all(np.bincount(library.kind) > 0)
    assert len(rotamers.TYPES) == len(set(rotamers.LETTERS)) == 20


def test_letters_are_those_of_the_types():
    gemmi = pytest.importorskip("gemmi")
    assert [gemmi.find_tabulated_residue(t).one_letter_code for t in rotamers.TYPES] == list(rotamers.LETTERS)


@pytest.mark.parametrize("kind", rotamers.TYPES)
def test_bonds_and_angles_are_those_of_the_table(kind):
    frame = {"N": np.array(rotamers.N), "CA": np.zeros(3), "C": np.array(rotamers.C)}
    for chi in rotamers.torsions(kind):
        at = {**frame, **rotamers.build(kind, chi)}
        assert len(at) == 3 + ATOMS[kind]
        for line in filter(None, rotamers._ATOMS.get(kind, "").split("; ")):
            name, a, b, c, length, angle, which, added = line.split()
            torsion = float(added) + (chi[int(which) - 1] if int(which) else 0)
            assert np.linalg.norm(at[name] - at[c]) == pytest.approx(float(length), abs=1e-9)
            assert _angle(at[b], at[c], at[name]) == pytest.approx(float(angle), abs=1e-6)
            assert (_torsion(at[a], at[b], at[c], at[name]) - torsion + 180) % 360 - 180 == pytest.approx(0, abs=1e-6)


def test_rings_close():
    for kind, pairs in {"PHE": ("CE2 CZ",), "TYR": ("CE2 CZ",), "HIS": ("CE1 NE2",), "TRP": ("NE1 CE2", "CZ3 CH2")}.items():
        at = rotamers.build(kind, rotamers.torsions(kind)[0])
        for pair in pairs:
            a, b = pair.split()
            assert 1.28 < np.linalg.norm(at[a] - at[b]) < 1.44, (kind, pair)


def test_side_chains_are_of_l_amino_acids():
    n, c, cb = (np.array(p) for p in (rotamers.N, rotamers.C, rotamers.CB))
    assert np.dot(np.cross(n, c), cb) > 0                    # CORN rule: from H, CO-R-N clockwise
    assert _angle(n, np.zeros(3), cb) == pytest.approx(110.2, abs=1) and _angle(c, np.zeros(3), cb) == pytest.approx(110.3, abs=1)


def test_frames_carry_the_backbone():
    rng = np.random.default_rng(3)
    turn, _ = np.linalg.qr(rng.standard_normal((5, 3, 3)))
    turn *= np.linalg.det(turn)[:, None, None]
    at = rng.standard_normal((5, 3))
    n, ca, c = (at + np.einsum("i,nij->nj", np.array(p), turn) for p in (rotamers.N, rotamers.CA, rotamers.C))
    np.testing.assert_allclose(rotamers.frames(n, ca, c), turn, atol=1e-12)
    assert np.isnan(rotamers.frames(np.array([[-1.0, 0, 0]]), np.zeros((1, 3)), np.array([[1.5, 0, 0]]))).any()


def _nearest(model, library):
    """Distance of each side chain from its nearest conformer as rms over its atoms, by type."""
    known, out = residues_of(model), {}
    at = [known.find(name) for name in ("N", "CA", "C")]
    of = [{} for _ in known.name]
    for i in np.flatnonzero(known.first):
        of[known.residue[i]][known.atom[i]] = model.xyz[i]
    for r, kind in enumerate(known.name):
        if kind not in rotamers.TYPES or kind == "GLY" or min(i[r] for i in at) < 0:
            continue
        turn = rotamers.frames(*(model.xyz[i[r]][None] for i in at))[0]
        names = list(rotamers.build(kind, rotamers.torsions(kind)[0]))
        if not set(names) <= set(of[r]):
            continue
        swap = {x: y for pair in ALIKE.get(kind, ()) for x, y in (pair.split(), pair.split()[::-1])}
        local = [np.array([(of[r][n] - model.xyz[at[1][r]]) @ turn.T for n in order])
                 for order in (names, [swap.get(n, n) for n in names])]
        which = np.flatnonzero(library.kind == rotamers.TYPES.index(kind))
        built = np.stack([library.atoms[library.starts[i]:library.starts[i + 1]] for i in which])
        out.setdefault(kind, []).append(min(np.sqrt(((built - p) ** 2).sum(axis=2).mean(axis=1)).min() for p in local))
    return out


@pytest.mark.realdata
def test_real_side_chains_have_a_conformer_nearby(shared, monkeypatch):
    monkeypatch.setattr(rotamers, "TURNS", (0.0,))
    plain = rotamers.conformers.__wrapped__()
    assert len(plain.kind) == 218
    found = {}
    for name in ("7pbl.pdb", "7a4m.cif"):
        for kind, values in _nearest(read_model(str(shared / "data" / "models" / name)), plain).items():
            found.setdefault(kind, []).extend(values)
    most = {"VAL": 0.15, "ILE": 0.19, "LEU": 0.22, "LYS": 0.50, "ARG": 0.90}
    assert {k: float(np.median(found[k])) for k in most if np.median(found[k]) > most[k]} == {}
    assert np.median(found["ALA"]) < 0.05
