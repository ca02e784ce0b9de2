"""Atomic models: what is read, what is written, what is refused."""
from __future__ import annotations

import bz2
import gzip
import struct

import numpy as np
import pytest

from cryoqa_plugin.errors import FormatError, InputError, MissingInputError
from cryoqa_plugin.io.models import read_model, write_model

PDB = """\
CRYST1   20.000   21.000   22.000  90.00  90.00  90.00 P 1           1
MODEL        1
ATOM      1  CA  GLY A   1       1.000   2.000   3.000  1.00 10.00           C
ATOM      2  O   GLY A   1       2.500   3.500   4.500  0.50 20.00           O
HETATM    3 ZN    ZN A 101       5.000   6.000   7.000  1.00 30.00          ZN
ENDMDL
MODEL        2
ATOM      1  CA  GLY A   1       9.000   2.000   3.000  1.00 10.00           C
ENDMDL
END
"""


def _check(model):
    assert model.n_atoms == 3 and model.elements == ("C", "O", "Zn")
    np.testing.assert_allclose(model.xyz, [[1, 2, 3], [2.5, 3.5, 4.5], [5, 6, 7]], atol=1e-6)
    np.testing.assert_allclose(model.b_iso, [10, 20, 30])
    np.testing.assert_allclose(model.occupancy, [1, 0.5, 1])


@pytest.mark.parametrize("name", ["a model, of mine.pdb", "a.ent", "a.pdb.gz", "noname"])
def test_first_model_of_a_pdb_file(name, tmp_path):
    path = tmp_path / name
    path.write_bytes(gzip.compress(PDB.encode()) if name.endswith("gz") else PDB.encode())
    _check(read_model(str(path)))


def _pdb(tmp_path, text):
    path = tmp_path / "a.pdb"
    path.write_text(text)
    return read_model(str(path))


ATOMS = "\n".join(PDB.splitlines()[2:5]) + "\n"


def test_the_second_model_is_counted(tmp_path):
    assert _pdb(tmp_path, PDB).warnings == (
        "The file holds 2 models; the first is used, 3 of 4 atoms. Where they are parts of one assembly, join them into one model.",)
    assert _pdb(tmp_path, ATOMS).warnings == ()


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_blank_occupancy_is_1(end, tmp_path):
    lines = [line[:54] + " " * 6 + line[60:] for line in ATOMS.splitlines()]
    lines[0] = lines[0][:54] + " " * 26
    model = _pdb(tmp_path, end.join(lines) + end)
    np.testing.assert_array_equal(model.occupancy, 1)
    np.testing.assert_allclose(model.b_iso[1:], [20, 30])
    assert model.elements[1:] == ("O", "Zn") and model.warnings == ("The occupancy of 3 of 3 atoms is blank; it is taken as 1.",)


def test_occupancies_that_are_all_0_are_said(tmp_path):
    text = "\n".join(line[:54] + "  0.00" + line[60:] for line in ATOMS.splitlines()) + "\n"
    model = _pdb(tmp_path, text)
    assert not model.occupancy.any() and model.warnings == (
        "The occupancy of all 3 atoms is 0, so that they weigh nothing; set it to 1 where atoms are present.",)


def test_atoms_with_stars_for_a_position_are_left_out(tmp_path):
    lines = ATOMS.splitlines()
    lines[1] = lines[1][:38] + "*" * 8 + lines[1][46:]
    lines.insert(2, "ANISOU    2  O   GLY A   1     1000   1000   1000      0      0      0       O")
    model = _pdb(tmp_path, "\n".join(lines) + "\n")
    assert model.elements == ("C", "Zn") and "The positions of 1 of 3 atoms cannot be read" in model.warnings[0]
    with pytest.raises(FormatError, match="give an atomic model. The positions of 1 of 1 atoms"):
        _pdb(tmp_path, lines[1] + "\n")


def test_a_b_factor_that_is_no_number_is_refused(tmp_path):
    with pytest.raises(FormatError, match="has 1 atom whose B-factor cannot be; that of atom 2 is no number"):
        _pdb(tmp_path, ATOMS.replace(" 20.00", "   nan"))


def test_mmcif_without_label_asym_id_takes_the_chain_of_the_author(tmp_path):
    columns = ("group_PDB", "type_symbol", "label_atom_id", "label_comp_id", "label_seq_id", "Cartn_x", "Cartn_y", "Cartn_z", "occupancy",
               "B_iso_or_equiv", "auth_seq_id", "auth_asym_id", "pdbx_PDB_model_num")
    rows = ["ATOM C CA GLY 1 1.0 2.0 3.0 1.0 10.0 1 Q 1", "ATOM O O GLY 1 2.5 3.5 4.5 0.5 20.0 1 Q 1",
            "HETATM ZN ZN ZN . 5.0 6.0 7.0 ? 30.0 1 R 1"]
    model = _pdb(tmp_path, "data_m\nloop_\n" + "".join(f"_atom_site.{c}\n" for c in columns) + "\n".join(rows) + "\n#\n")
    _check(model)
    assert [chain.name for chain in model.structure[0]] == ["Q", "R"] and model.warnings == ()


def test_a_unit_cell_that_is_not_the_box_is_said(tmp_path):
    model = _pdb(tmp_path, PDB)
    assert model.cell == (20, 21, 22) and model.cell_note((20.1, 21, 22)) is None
    assert "a unit cell of 20 x 21 x 22 Å, but the box of the map is 96 x 96 x 96 Å" in model.cell_note((96, 96, 96))
    placeholder = _pdb(tmp_path, PDB.replace("20.000   21.000   22.000", " 1.000    1.000    1.000"))
    assert placeholder.cell is None and placeholder.cell_note((96, 96, 96)) is None
    assert _pdb(tmp_path, ATOMS).cell_note((96, 96, 96)) is None


@pytest.mark.parametrize("name", ["out.cif", "out.pdb"])
def test_round_trip(name, tmp_path):
    source = tmp_path / "a.pdb"
    source.write_text(PDB)
    write_model(str(tmp_path / name), read_model(str(source)))
    _check(read_model(str(tmp_path / name)))


@pytest.mark.parametrize("text, words", [
    ("HEADER nothing\nEND\n", "no atoms|cannot be read"), ("data_x\nloop_\n_a\n", "no atoms|cannot be read"), ("", "no atoms|cannot")])
def test_not_a_model(text, words, tmp_path):
    for name in ("a.pdb", "a.cif"):
        path = tmp_path / name
        path.write_text(text)
        with pytest.raises(FormatError, match=words) as error:
            read_model(str(path))
        assert str(path) in str(error.value) and "\n" not in str(error.value)


def test_content_goes_before_the_name(tmp_path):
    import gemmi
    path = tmp_path / "compressed_without_saying_so.pdb"
    path.write_bytes(gzip.compress(PDB.encode()))
    _check(read_model(str(path)))
    path.write_bytes(bz2.compress(PDB.encode()))
    _check(read_model(str(path)))
    path.write_text(gemmi.read_pdb_string(PDB).make_mmcif_document().as_string())
    _check(read_model(str(path)))


def test_a_map_is_no_model(tmp_path):
    path = tmp_path / "map.pdb"
    path.write_bytes(struct.pack("<4i", 10, 10, 10, 2) * 100)
    with pytest.raises(FormatError, match="binary file"):
        read_model(str(path))


def test_damaged_compression(tmp_path):
    path = tmp_path / "a.pdb.gz"
    path.write_bytes(gzip.compress(PDB.encode())[:-30])
    with pytest.raises(FormatError, match="damaged"):
        read_model(str(path))


def test_atoms_without_position_are_refused(tmp_path):
    path = tmp_path / "nan.pdb"
    path.write_text(PDB.replace("   1.000   2.000   3.000", "     nan   2.000   3.000"))
    with pytest.raises(FormatError, match="no number|cannot be read"):
        read_model(str(path))


def test_folder_that_is_not_there(tmp_path):
    source = tmp_path / "a.pdb"
    source.write_text(PDB)
    with pytest.raises(InputError, match="cannot be written"):
        write_model(str(tmp_path / "nowhere" / "a.pdb"), read_model(str(source)))


def test_missing_file(tmp_path):
    with pytest.raises(MissingInputError, match="nowhere.pdb"):
        read_model(str(tmp_path / "nowhere.pdb"))


@pytest.mark.realdata
@pytest.mark.parametrize("name, atoms", [("5ni1.pdb", 4579), ("7a4m.cif", 3177), ("7pbl.pdb", 31396)])
def test_real_models(name, atoms, shared):
    model = read_model(str(shared / "data" / "models" / name))
    assert model.n_atoms == atoms and np.isfinite(model.xyz).all() and len(model.elements) == atoms


def _with(columns, text):
    """The first atom with a text in some columns, counted from 0."""
    line = next(i for i in PDB.splitlines() if i.startswith(("ATOM", "HETATM")))
    return PDB.replace(line, line[:columns[0]] + text.rjust(columns[1] - columns[0]) + line[columns[1]:])


@pytest.mark.parametrize("columns, text, words", [
    ((30, 38), "1e30", r"position cannot be; that of atom 1 is 1e\+30 Å, beyond 100000 Å"),
    ((60, 66), "1e30", "B-factor cannot be.* beyond 100000 Å²"), ((60, 66), "inf", "B-factor cannot be; that of atom 1 is inf"),
    ((54, 60), "1e9", "occupancy cannot be"), ((54, 60), "nan", "occupancy cannot be; that of atom 1 is no number"),
    ((60, 66), "abc", r"has 'abc' for the B-factor in line \d, which is no number"),
    ((54, 60), "x.y", "has 'x.y' for the occupancy in line")])
def test_numbers_that_cannot_be_are_refused_with_their_atom(columns, text, words, tmp_path):
    path = tmp_path / "a.pdb"
    path.write_text(_with(columns, text))
    with pytest.raises(FormatError, match=words) as caught:
        read_model(str(path))
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("text, value", [("-99.99", -99.99), ("999.99", 999.99), ("0.00", 0.0), ("", 0.0), ("9e4", 9e4)])
def test_b_factors_that_programs_write_are_taken(text, value, tmp_path):
    path = tmp_path / "a.pdb"
    path.write_text(_with((60, 66), text))
    model = read_model(str(path))
    assert model.b_iso[0] == pytest.approx(value, rel=1e-6) and not any("B-factor" in w for w in model.warnings)


def test_a_b_factor_too_long_for_its_columns_is_noted(tmp_path):
    path = tmp_path / "a.pdb"
    path.write_text(_with((60, 66), "******"))
    model = read_model(str(path))
    assert model.b_iso[0] == pytest.approx(999.99) and "'******' (too long for their columns); 999.99" in model.warnings[0]


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress])
def test_a_damaged_compressed_model_is_right_or_one_sentence(compress, tmp_path):
    packed, rng, path, said = compress(PDB.encode() * 20), np.random.default_rng(8), tmp_path / "a.pdb.gz", 0
    path.write_bytes(packed)
    whole = read_model(str(path)).xyz
    for _ in range(100):
        block = bytearray(packed)
        for _ in range(int(rng.integers(1, 4))):
            block[int(rng.integers(len(block)))] ^= 1 << int(rng.integers(8))
        path.write_bytes(bytes(block[:len(block) - int(rng.integers(0, 3))]))
        try:
            np.testing.assert_array_equal(read_model(str(path)).xyz, whole)
        except FormatError as error:
            said += 1
            assert str(path) in str(error)
    assert said > 80


@pytest.mark.parametrize("name", ["G\xc9Y", "\xebLY"])
def test_names_that_are_no_text_are_read_letter_by_letter(tmp_path, name):
    path = tmp_path / "x.pdb"
    line = "ATOM      1  CA  {:3s} A   1      11.104   6.134  -6.504  1.00 20.00           C\n"
    path.write_bytes(line.format(name).encode("latin-1"))
    model = read_model(str(path))
    assert model.n_atoms == 1 and model.structure[0][0][0].name == name.encode("ascii", "replace").decode()
