"""The geometry of a model: one that is well, faults that are put in one by one, and deposited models."""
from __future__ import annotations

import gemmi
import numpy as np
import pytest

from cryoqa_plugin import runner
from cryoqa_plugin.demo_model import build_model
from cryoqa_plugin.errors import MissingInputError
from cryoqa_plugin.io.models import Model, read_model
from cryoqa_plugin.methods.model.model_geometry import ModelGeometryParams, compute_model_geometry
from cryoqa_plugin.registry import find
from cryoqa_plugin.results import to_document
from cryoqa_plugin.resume import judge
from cryoqa_plugin.study import Study

ROW = find("model_geometry")


@pytest.fixture
def structure():
    return build_model(40.0, 80.0)


def _run(structure, **values):
    return compute_model_geometry(Study(model=Model(structure)), ModelGeometryParams(**values))


def _said(made):
    """The claims of the checks that are not met."""
    return [c["claim"] for c in judge(ROW, False, to_document(made)["metrics"], None) if c["status"] in ("warn", "fail")]


def _atoms(structure):
    return [(c, r, a) for c in structure[0] for r in c for a in r]


def _residue(structure, chain, number):
    return structure[0][chain][str(number)][0]


def _at(atom):
    return np.array(atom.pos.tolist())


def _put(atom, xyz):
    atom.pos = gemmi.Position(*(float(v) for v in xyz))


def test_a_model_that_is_well(structure):
    made = _run(structure)
    assert _said(made) == [] and made.findings.rows == ()
    assert (made.clashes, made.atoms_together, made.chirality_wrong, made.twisted_peptides, made.cis_peptides) == (0, 0, 0, 0, 0)
    assert made.peptides == 4 * 57 and made.mirrored is False and made.chain_breaks == 0 and made.chain_gaps == 0
    assert made.chiral_centres == sum(r.name != "GLY" for c in structure[0] for r in c) + sum(
        r.name in ("ILE", "THR") for c in structure[0] for r in c)
    assert made.bond_rms < 0.002 and made.bonds_far == 0                # it is built with these lengths
    assert made.ca_only is False and made.ca_outliers == 0 and made.b_alike is False
    assert made.summary == f"There are no clashes among {len(_atoms(structure))} atoms." and made.warnings == ()
    table = {str(c): i for i, c in enumerate(made.residues.columns)}
    helix = [r for r in made.residues.rows if r[0] == "A" and 25 <= int(r[1]) <= 36]
    assert {r[table["state"]] for r in made.residues.rows} == {"well"}
    np.testing.assert_allclose([r[table["phi (°)"]] for r in helix], -62, atol=0.1)        # the torsions that it was built from
    np.testing.assert_allclose([r[table["psi (°)"]] for r in helix], -43, atol=0.1)
    np.testing.assert_allclose(np.abs([r[table["omega (°)"]] for r in helix]), 180, atol=0.1)
    assert max(r[table["chi1 off (°)"]] for r in made.residues.rows if r[table["chi1 off (°)"]] is not None) <= 25.0


def test_a_mirrored_model_is_one_sentence_and_not_hundreds(structure):
    for _, _, atom in _atoms(structure):
        _put(atom, _at(atom) * (-1, 1, 1))
    made = _run(structure)
    assert made.mirrored is True and made.chirality_wrong == made.chiral_centres and made.findings.rows == ()
    assert _said(made) == ["The model is mirrored"] and made.summary.startswith("The model is mirrored: ")


def test_single_residues_of_the_other_chirality_are_named(structure):
    residue = _residue(structure, "B", 12)                     # a tyrosine
    n, ca, c = (_at(residue.find_atom(name, "*")) for name in ("N", "CA", "C"))
    normal = np.cross(n - ca, c - ca)
    normal /= np.linalg.norm(normal)
    for atom in residue:
        if atom.name not in ("N", "CA", "C", "O"):
            _put(atom, _at(atom) - 2 * ((_at(atom) - ca) @ normal) * normal)
    made = _run(structure)
    assert made.chirality_wrong == 1 and made.mirrored is False
    row = next(r for r in made.findings.rows if r[0] == "wrong hand")
    assert row[1:5] == ("B", "12", residue.name, "CA has the wrong hand")
    np.testing.assert_allclose(row[5:], ca, atol=0.01)
    assert "Chiral centres have the wrong hand (1)" in _said(made)
    residue.name = "DTY"                                       # a D-amino acid is not wrong under its own name
    assert _run(structure).chirality_wrong == 0


def test_the_two_chiral_side_chains(structure):
    residue = _residue(structure, "A", 1)
    assert residue.name == "THR"
    one, two = (residue.find_atom(name, "*") for name in ("OG1", "CG2"))
    first, second = _at(one), _at(two)
    _put(one, second)
    _put(two, first)
    made = _run(structure)
    assert made.chirality_wrong == 1 and "CB has the wrong hand" in made.findings.rows[0][4]


@pytest.mark.parametrize("angle, kind, metric", [(0.0, "cis peptide", "cis_peptides"), (90.0, "twisted peptide", "twisted_peptides"),
                                                 (160.0, None, None)])
def test_peptide_planes(structure, angle, kind, metric):
    """What follows a peptide bond is turned about it."""
    chain = structure[0]["C"]
    c, n = (_at(chain[i].find_atom(name, "*")) for i, name in ((40, "C"), (41, "N")))
    turn = np.radians(angle - 180)
    axis = (n - c) / np.linalg.norm(n - c)
    for residue in list(chain)[41:]:
        for atom in residue:
            v = _at(atom) - n
            _put(atom, n + v * np.cos(turn) + np.cross(axis, v) * np.sin(turn) + axis * (axis @ v) * (1 - np.cos(turn)))
    made = _run(structure)
    table = {str(col): i for i, col in enumerate(made.residues.columns)}
    omega = next(r[table["omega (°)"]] for r in made.residues.rows if r[0] == "C" and r[1] == "42")
    assert abs((omega - angle + 180) % 360 - 180) < 0.1
    assert (made.twisted_peptides, made.cis_peptides) == (int(metric == "twisted_peptides"), int(metric == "cis_peptides"))
    assert [r[:3] for r in made.findings.rows if "peptide" in r[0]] == ([(kind, "C", "42")] if kind else [])
    if kind == "cis peptide":
        chain[41].name = "PRO"
        proline = _run(structure)
        assert (proline.cis_peptides, proline.cis_prolines) == (0, 1)


def test_a_bond_that_is_drawn_out_and_one_that_is_cut(structure):
    chain = structure[0]["A"]
    for by, far, breaks in ((0.3, 1, 0), (4.0, 0, 1)):
        c, n = (_at(chain[i].find_atom(name, "*")) for i, name in ((9, "C"), (10, "N")))
        for residue in list(chain)[10:]:
            for atom in residue:
                _put(atom, _at(atom) + by * (n - c) / np.linalg.norm(n - c))
        made = _run(structure)
        assert (made.bonds_far, made.chain_breaks) == (far, breaks)
    row = next(r for r in made.findings.rows if r[0] == "chain break")
    assert row[1:3] == ("A", "10") and row[4].startswith("not bonded to ") and row[4].endswith("5.6 Å apart")
    for residue in list(chain)[10:]:
        residue.seqid.num += 5                                 # residues that are left out are a gap
    made = _run(structure)
    assert (made.chain_breaks, made.chain_gaps) == (0, 1)


def test_a_chain_that_is_written_twice_and_one_laid_on_another(structure):
    atoms = len(_atoms(structure)) // 4
    twice = structure.clone()
    for residue in twice[0]["A"]:
        for atom in [a.clone() for a in residue]:
            residue.add_atom(atom)
    made = _run(twice)
    assert made.duplicate_atoms == atoms and made.clashes == 0
    assert _said(made) == [f"Atoms are there more than once ({atoms})"]
    copy = structure[0]["A"].clone()
    copy.name = "Z"
    structure[0].add_chain(copy)
    made = _run(structure)
    assert (made.duplicate_atoms, made.atoms_together, made.clashes, made.clashing_chains) == (0, atoms, 0, "A and Z")
    assert _said(made) == [f"Atoms lie on top of each other ({atoms} pairs)"]
    for residue in structure[0]["Z"]:
        for atom in residue:
            _put(atom, _at(atom) + (2.0, 1.0, 1.0))
    made = _run(structure)
    assert made.clashes_per_1000 > 500 and made.clashing_chains == "A and Z"


def test_clashes_are_those_of_all_pairs_of_atoms(structure):
    """A chain moved into its neighbour, against a sum over all pairs in plain numpy."""
    move = _at(structure[0]["B"][20]["CA"][0]) - _at(structure[0]["A"][20]["CA"][0])
    for residue in structure[0]["A"]:
        for atom in residue:
            _put(atom, _at(atom) + 0.5 * move)
    made = _run(structure)
    radius = dict(C=1.7, N=1.55, O=1.4, S=1.8)
    chain = np.array([c.name for c, _, _ in _atoms(structure)])
    element = np.array([a.element.name for _, _, a in _atoms(structure)])
    xyz, r = np.array([_at(a) for _, _, a in _atoms(structure)]), np.array([radius[e] for e in element])
    polar = np.isin(element, ("N", "O"))
    unit = [(c.name, r.seqid.num) for c, r, _ in _atoms(structure)]
    want, top = 0, set()
    pairs = []
    for i in range(len(xyz)):
        d = np.linalg.norm(xyz[i + 1:] - xyz[i], axis=1)
        for j in np.flatnonzero(d < 3.2) + i + 1:
            distance = d[j - i - 1]
            if chain[i] != chain[j] and distance < 0.5:
                top |= {unit[i], unit[j]}
            if chain[i] != chain[j] and r[i] + r[j] - distance >= 0.4 and not (polar[i] and polar[j] and distance >= 2.3):
                pairs.append((i, j))
    want = sum(not {unit[i], unit[j]} <= top for i, j in pairs)
    assert made.clashes == want > 30
    assert made.clashes_per_1000 == pytest.approx(1000 * want / len(xyz))
    rows = [row for row in made.residues.rows if row[10]]
    assert sum(row[10] for row in rows) == 2 * want


def _two(elements, distance, names=("CB", "CB"), occupancies=(1.0, 1.0), altlocs=("\0", "\0"), kinds=("ALA", "ALA")):
    """A structure of two residues far apart along the chain, with an atom each."""
    structure, model = gemmi.Structure(), gemmi.Model("1")
    chain = gemmi.Chain("A")
    for i in range(2):
        residue, atom = gemmi.Residue(), gemmi.Atom()
        residue.name, residue.seqid = kinds[i], gemmi.SeqId(str(10 * i + 1))
        atom.name, atom.element, atom.altloc, atom.occ = names[i], gemmi.Element(elements[i]), altlocs[i], occupancies[i]
        atom.b_iso = 20.0 + i
        atom.pos = gemmi.Position(i * distance, 0, 0)
        residue.add_atom(atom)
        chain.add_residue(residue)
    model.add_chain(chain)
    structure.add_model(model)
    return structure


@pytest.mark.parametrize("how, clashes", [
    (dict(elements="CC", distance=2.9), 1), (dict(elements="CC", distance=3.05), 0), (dict(elements="CO", distance=2.6), 1),
    (dict(elements="NO", distance=2.5), 0), (dict(elements="NO", distance=2.2), 1), (dict(elements="CH", distance=2.4), 1),
    (dict(elements="CC", distance=2.0, altlocs="AB", occupancies=(0.5, 0.5)), 0),
    (dict(elements="CC", distance=2.0, altlocs="AA", occupancies=(0.5, 0.5)), 1),
    (dict(elements="CC", distance=2.0, altlocs=("A", "\0"), occupancies=(0.5, 0.5)), 0),
    (dict(elements="CC", distance=2.0, altlocs=("A", "\0"), occupancies=(0.5, 1.0)), 1),
    (dict(elements="CC", distance=2.0, occupancies=(1.0, 0.0)), 0),
    (dict(elements="SS", distance=2.05, names=("SG", "SG"), kinds=("CYS", "CYS")), 0),
    (dict(elements="SS", distance=2.05, names=("SD", "SD"), kinds=("MET", "MET")), 1),
    (dict(elements=("N", "ZN"), distance=2.1, names=("NE2", "ZN"), kinds=("HIS", "ZN")), 0),
    (dict(elements="NC", distance=1.45, names=("ND2", "C1"), kinds=("ASN", "NAG")), 0),
    (dict(elements="NC", distance=2.2, names=("ND2", "C1"), kinds=("ASN", "NAG")), 1)])
def test_what_clashes_and_what_does_not(how, clashes):
    assert _run(_two(**how)).clashes == clashes


def test_a_bond_that_the_file_names_is_no_clash():
    structure = _two("NC", 1.4, names=("NZ", "CD"), kinds=("LYS", "GLN"))
    assert _run(structure).clashes == 1
    link = gemmi.Connection()
    link.name, link.type = "covale1", gemmi.ConnectionType.Covale
    for partner, (residue, atom) in ((link.partner1, (0, "NZ")), (link.partner2, (1, "CD"))):
        unit = structure[0]["A"][residue]
        partner.chain_name, partner.atom_name = "A", atom
        partner.res_id.name, partner.res_id.seqid = unit.name, unit.seqid
    structure.connections.append(link)
    assert _run(structure).clashes == 0


def test_the_overlap_of_a_clash_is_a_parameter():
    assert [_run(_two("CC", 3.05), overlap=o).clashes for o in (0.3, 0.4)] == [1, 0]
    assert _run(_two("CC", 2.5)).worst_overlap == pytest.approx(0.9)


def test_traces_of_ca_atoms(structure):
    for chain in structure[0]:
        for residue in chain:
            for i in range(len(residue) - 1, -1, -1):
                if residue[i].name != "CA":
                    del residue[i]
    made = _run(structure)
    assert made.ca_only is True and made.chiral_centres == 0 and made.mirrored is None and made.peptides == 0 and made.clashes == 0
    assert made.ca_steps == 4 * 57 and made.ca_outliers == 0 and "traces of CA atoms" in made.warnings[0]
    assert _said(made) == ["The model is a trace of CA atoms"]
    atom = structure[0]["A"][30][0]
    _put(atom, _at(atom) + 0.6 * (_at(atom) - _at(structure[0]["A"][29][0])) / 3.8)
    made = _run(structure)
    assert made.ca_outliers >= 1 and {r[0] for r in made.findings.rows} <= {"CA distance", "CA angle"}


def test_insertion_codes_long_names_and_two_residues_at_one_place(structure, tmp_path):
    structure[0][0].name = "AA"
    chain = structure[0]["AA"]
    for k, residue in enumerate(chain):
        residue.seqid = gemmi.SeqId(12, chr(ord("A") + k - 11)) if 11 < k < 20 else gemmi.SeqId(str(k + 1 - 7 * (k >= 20)))
    both = chain[30].clone()                                   # serine or alanine, each half of the time
    for residue, alt in ((chain[30], "A"), (both, "B")):
        for atom in residue:
            atom.altloc, atom.occ = alt, 0.5
    both.name = "SER" if both.name != "SER" else "ALA"
    chain.add_residue(both, 31)
    path = str(tmp_path / "odd.cif")
    structure.make_mmcif_document().write_file(path)
    made = _run(read_model(path).structure)
    assert (made.chain_breaks, made.chain_gaps, made.duplicate_atoms, made.atoms_together, made.clashes) == (0, 0, 0, 0, 0)
    numbers = [r[1] for r in made.residues.rows if r[0] == "AA"]
    assert len(numbers) == 59 and numbers[11:20] == ["12", *(f"12{c}" for c in "BCDEFGHI")]


def test_occupancies_and_b_factors(structure):
    for k, (_, _, atom) in enumerate(_atoms(structure)):
        atom.occ = 0.0 if k % 10 == 0 else 1.0
        atom.b_iso = 0.0 if k < 7 else 400.0 if k < 10 else 30.0
    made = _run(structure)
    assert made.zero_occupancy_percent == pytest.approx(10, abs=0.1) and (made.b_zero, made.b_high, made.b_alike) == (7, 3, False)
    assert made.atoms_counted == sum(a.occ > 0 for _, _, a in _atoms(structure))
    assert _said(made) == ["10 % of the atoms have an occupancy of 0"] and made.clashes == 0          # they still hold others together
    for _, _, atom in _atoms(structure):
        atom.b_iso, atom.occ = 25.0, 0.0
    made = _run(structure)
    assert made.b_alike is True and (made.b_zero, made.b_high) == (0, 0) and "All B-factors are the same" in _said(made)
    assert made.atoms_counted == len(_atoms(structure)) and "All occupancies are 0" in made.warnings[0]


def test_side_chains_at_other_rotamers_clash(structure):
    rng = np.random.default_rng(4)
    for chain in structure[0]:
        for residue in chain:
            names = {a.name: a for a in residue}
            if "CB" in names and rng.random() < 0.3:
                ca, cb = _at(names["CA"]), _at(names["CB"])
                axis, t = (cb - ca) / np.linalg.norm(cb - ca), np.radians(rng.choice((120, 240)))
                for a in residue:
                    if a.name not in ("N", "CA", "C", "O", "CB", "OXT"):
                        v = _at(a) - cb
                        _put(a, cb + v * np.cos(t) + np.cross(axis, v) * np.sin(t) + axis * (axis @ v) * (1 - np.cos(t)))
    made = _run(structure)
    assert made.clashes_per_1000 > 10 and any("clash per 1,000 atoms" in w for w in _said(made))
    assert made.bonds_far == 0 and made.twisted_peptides == 0


def test_only_ions_and_waters():
    made = _run(_two(("ZN", "O"), 2.1, names=("ZN", "O"), kinds=("ZN", "HOH")))
    assert made.clashes == 0 and made.residues.rows == () and made.mirrored is None and _said(made) == []


def test_a_model_alone_is_enough(structure, tmp_path):
    path = str(tmp_path / "model.cif")
    structure.make_mmcif_document().write_file(path)
    document = runner.execute("model_geometry", {"model": path}, outdir=str(tmp_path / "out"))
    assert document["metrics"]["clashes"]["value"] == 0 and list(document["inputs"]) == ["model"]
    assert (tmp_path / "out" / "scored_model.cif").is_file() and (tmp_path / "out" / "attributes.defattr").is_file()
    with pytest.raises(MissingInputError, match="model"):
        runner.execute("model_geometry", {})


@pytest.mark.realdata
@pytest.mark.parametrize("name, most, said", [
    ("5ni1.pdb", 1, []), ("7a4m.cif", 1, []), ("7ez0_TRibozyme_RNA.pdb", 1, []), ("7pbl.pdb", 2, []), ("3o21.pdb", 5, []),
    pytest.param("3c91_T20S.pdb", 30, ["Atoms lie on top of each other (14 pairs)", "25.6 pairs of atoms clash per 1,000 atoms"],
                 marks=pytest.mark.heavy)])
def test_deposited_models(shared, name, most, said):
    made = _run(read_model(str(shared / "data" / "models" / name)).structure)
    assert made.clashes_per_1000 < most and made.mirrored is False and made.chirality_wrong == 0 and made.chain_breaks == 0
    assert made.bonds_far == 0 and not made.twisted_peptides and _said(made) == said


@pytest.mark.realdata
@pytest.mark.parametrize("path, cis, prolines, twisted", [
    ("models/3o21.pdb", 3, 2, 0), ("models/7pbl.pdb", 0, 6, 0), ("maps/emd3186_5fj6/5fj6.pdb", 0, 2, 1),
    ("maps/emd6824_diffmodeler/Q99J21_alphafold.pdb", 6, 0, 7)])
def test_peptides_are_those_of_omegalyze(shared, path, cis, prolines, twisted):
    """Counts of mmtbx.validation.omegalyze of cctbx-base 2025.11."""
    made = _run(read_model(str(shared / "data" / path)).structure)
    assert (made.cis_peptides, made.cis_prolines, made.twisted_peptides) == (cis, prolines, twisted)


@pytest.mark.realdata
@pytest.mark.parametrize("name", ["7ez0_TRibozyme_RNA.pdb", "7a4m.cif"])
def test_deposited_models_mirrored(shared, name):
    structure = read_model(str(shared / "data" / "models" / name)).structure
    for _, _, atom in _atoms(structure):
        _put(atom, _at(atom) * (1, 1, -1))
    made = _run(structure)
    assert made.mirrored is True and _said(made) == ["The model is mirrored"]
