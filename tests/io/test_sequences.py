"""FASTA files: chains, names, mass, and what is refused."""
from __future__ import annotations

import numpy as np
import pytest

from cryoqa_plugin.errors import FormatError, MissingInputError
from cryoqa_plugin.io.sequences import Sequences, read_sequences


def test_chains_names_and_mass(tmp_path):
    path = tmp_path / "chains.fasta"
    path.write_text(";an old comment\n>one protein\nMK TA*\n>rna\ngcau\n\nGG\n")
    found = read_sequences(str(path))
    assert found.chains == ("MKTA", "GCAU", "GG") and found.names == ("one protein", "rna", "") and found.path == str(path)
    protein = 131.19 + 128.17 + 101.10 + 71.08 + 18.02
    assert found.mass == pytest.approx(protein + 345.2 + 305.2 + 329.2 + 306.2 + 18.02 + 2 * 345.2 + 18.02)
    assert found.warnings == () and bytes(found.data) == b"MKTA\nGCAU\nGG"


def test_many_unknown_residues_are_noted(tmp_path):
    path = tmp_path / "x.fasta"
    path.write_text(">a\n" + "MKLV" * 10 + "XXXX\n")
    assert "Of the 44 residues of the sequence 4 are not known" in read_sequences(str(path)).warnings[0]
    path.write_text(">a\n" + "MKLV" * 30 + "XXXX\n")
    assert read_sequences(str(path)).warnings == ()


@pytest.mark.parametrize("text, words", [("", "no sequence"), (">only a name\n", "no sequence"),
                                         (">x\nMK1\n", "holds '1', which is no residue")])
def test_files_that_hold_no_sequence(tmp_path, text, words):
    path = tmp_path / "bad.fasta"
    path.write_text(text)
    with pytest.raises(FormatError, match=words):
        read_sequences(str(path))


def test_no_file_and_no_text(tmp_path):
    with pytest.raises(MissingInputError, match="does not exist"):
        read_sequences(str(tmp_path / "no.fasta"))
    (tmp_path / "b.fasta").write_bytes(b"\xff\xfe\x00M")
    with pytest.raises(FormatError, match="it is no text in UTF-8"):
        read_sequences(str(tmp_path / "b.fasta"))


def test_the_mass_of_haemoglobin():
    """Human alpha chain, 15257 Da by its average masses with the first methionine left out."""
    alpha = ("VLSPADKTNVKAAWGKVGAHAGEYGAEALERMFLSFPTTKTYFPHFDLSHGSAQVKGHGKKVADALTNAVAHVDDMPNALSALSDLHAHKLRVDPVNFKLLSHCLLVTLAAHLPAEF"
             "TPAVHASLDKFLASVSTVLTSKYR")
    assert Sequences((alpha,)).mass == pytest.approx(15126, abs=5)
    assert np.asarray(Sequences((alpha,)).data).size == len(alpha)
