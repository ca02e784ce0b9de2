"""What all scores of residues share: their tables, the CSV beside the result, and the model that carries them."""
from __future__ import annotations

import csv
from dataclasses import dataclass

import numpy as np
import pytest

from cryoqa_plugin.io.models import read_attributes, read_model
from cryoqa_plugin.methods.model.residue_scores import ResidueScores, carried, chain_rows, rows
from cryoqa_plugin.results import Column, read_json
from cryoqa_plugin.study.residues import residues_of

_ROWS = "".join(f"ATOM {i} {e} {n} . ALA {chain} 1 {number} ? {x}.0 2.0 3.0 1.0 30.0 {number} '{chain}' 1\n"
                for i, (e, n, chain, number, x) in enumerate(
                    [("N", "N", "A,1", 1, 1), ("C", "CA", "A,1", 1, 2), ("C", "CA", "A,1", 2, 5), ("N", "N", "AB", 1, 8)]
                    + [("C", "CA", "AB", 1, 9)] + [("C", "CA", "AB", k, 10 + 4 * k) for k in range(2, 61)], 1))
CIF = """data_test
loop_
_atom_site.group_PDB
_atom_site.id
_atom_site.type_symbol
_atom_site.label_atom_id
_atom_site.label_alt_id
_atom_site.label_comp_id
_atom_site.label_asym_id
_atom_site.label_entity_id
_atom_site.label_seq_id
_atom_site.pdbx_PDB_ins_code
_atom_site.Cartn_x
_atom_site.Cartn_y
_atom_site.Cartn_z
_atom_site.occupancy
_atom_site.B_iso_or_equiv
_atom_site.auth_seq_id
_atom_site.auth_asym_id
_atom_site.pdbx_PDB_model_num
""" + _ROWS


@dataclass(frozen=True)
class OneScore(ResidueScores):
    """A result with one score."""


@pytest.fixture
def scored(tmp_path):
    (tmp_path / "model.cif").write_text(CIF)
    model = read_model(str(tmp_path / "model.cif"))
    residues = residues_of(model)
    score = np.where(np.arange(len(residues)) == 1, np.nan, np.arange(len(residues)) / 100)
    columns = {Column("q", meaning="how far, so to speak"): score, "shift (Å)": score * 10}
    use = np.arange(len(residues)) != 3
    return OneScore(summary="So.", residues=rows(residues, columns, use), chains=chain_rows(residues, columns, use),
                    **carried(model, residues, {"q": score}, {"q_atoms": np.arange(model.n_atoms) / 10.0}))


def test_the_csv_holds_names_with_commas_and_leaves_unknown_values_empty(scored, tmp_path):
    scored.save(str(tmp_path / "out"))
    with open(tmp_path / "out" / "residues.csv", newline="", encoding="utf-8") as stream:
        lines = list(csv.reader(stream))
    assert lines[0] == ["chain", "number", "residue", "q", "shift (Å)"] and len(lines) == 1 + 61
    assert lines[1] == ["A,1", "1", "ALA", "0.0", "0.0"] and lines[2] == ["A,1", "2", "ALA", "", ""]
    assert [line[:2] for line in lines[3:5]] == [["AB", "1"], ["AB", "3"]]
    entry = read_json(str(tmp_path / "out" / "result.json"))["tables"]["residues"]
    assert entry["csv"] == "residues.csv" and entry["rows"][1] == ["A,1", "2", "ALA", None, None] and entry["units"][4] == "Å"


def test_a_table_of_residues_is_a_frame(scored):
    pytest.importorskip("pandas")
    frame = scored.table("residues")
    assert list(frame.columns) == ["chain", "number", "residue", "q", "shift (Å)"] and len(frame) == 61
    assert frame[frame.chain == "AB"].q.mean() == pytest.approx(np.mean([2] + list(range(4, 62))) / 100)


def test_chains_have_the_means_of_the_residues_with_a_value(scored):
    first, second = scored.chains.rows
    assert first == ("A,1", 2, 0.0, 0.0) and second[:2] == ("AB", 59)


def test_the_model_carries_its_scores_through_a_file(scored, tmp_path):
    scored.save(str(tmp_path / "out"))
    of_residues, of_atoms = read_attributes(str(tmp_path / "out" / "scored_model.cif"))
    assert of_residues.values["A,1:1"] == 0.0 and "A,1:2" not in of_residues.values and of_residues.values["AB:60"] == 0.61
    assert of_atoms.recipient == "atoms" and of_atoms.values["A,1:1@CA"] == 0.1
    text = (tmp_path / "out" / "attributes.defattr").read_text(encoding="utf-8")
    assert text.startswith("attribute: q\nrecipient: residues\n\t/A,1:1\t0.0000\n") and "\t/AB:60\t0.6100" in text
    assert read_model(str(tmp_path / "out" / "scored_model.cif")).n_atoms == 64
