"""Atomic models: what is read, what is written, what is refused."""
from __future__ import annotations

import bz2
import gzip
import struct

import numpy as np
import pytest

from cryoqa_plugin.errors import FormatError, InputError
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
    with pytest.raises(InputError, match="nowhere.pdb"):
        read_model(str(tmp_path / "nowhere.pdb"))


@pytest.mark.realdata
@pytest.mark.parametrize("name, atoms", [("5ni1.pdb", 4579), ("7a4m.cif", 3177), ("7pbl.pdb", 31396)])
def test_real_models(name, atoms, shared):
    model = read_model(str(shared / "data" / "models" / name))
    assert model.n_atoms == atoms and np.isfinite(model.xyz).all() and len(model.elements) == atoms
