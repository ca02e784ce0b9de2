"""Every capability for a model with models as files hold them: never a traceback, residues by their names, and no number that moves without
a reason.

The capabilities are those of the registry: a new one joins by itself.
"""
from __future__ import annotations

import math

import gemmi
import pytest

from cryoqa_plugin import runner
from cryoqa_plugin.demo import make_demo_data
from cryoqa_plugin.io.maps import write_map
from cryoqa_plugin.io.models import read_model
from cryoqa_plugin.registry import CAPABILITIES
from model_realities import MAKERS, as_it_is

ROWS = [c for c in CAPABILITIES if c.family == "model"] + [c for c in CAPABILITIES if c.id == "mtriage"]
TABLES = ("residues", "residue_scores")
SAME = 1e-6                                                  # what single precision leaves of a number that does not change
QUICK = ("unknown_residues", ("q_score", "side_chain_check"))  # what every run of the tests tries; the rest is heavy
OF_MAP = ("outside", "assembly of 4 copies")                 # what only a map can show
# Numbers that count atoms, or name a residue or chain.
_ATOMS = ("atoms_used", "atoms_counted", "inclusion_all", "inclusion_backbone", "atoms", "hydrogens", "model_b_mean")
OVER_ATOMS = ("conformers_alike",)                           # means over atoms count both conformers
COUNTS = {"hydrogens_of_no_occupancy": _ATOMS, "conformers_alike": _ATOMS, "two_letter_chains": ("worst_chain", "worst_words")}


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """Files of half-maps, their mean and a model without anything odd."""
    folder = tmp_path_factory.mktemp("realities")
    demo = make_demo_data(box=54)
    paths = {n: str(folder / f"{n}.mrc") for n in ("half1", "half2", "full_map")}
    for name, path in paths.items():
        write_map(path, getattr(demo, name))
    paths["model"] = str(folder / "model.pdb")
    with open(paths["model"], "w", encoding="utf-8") as stream:
        stream.write(as_it_is(demo.model.structure.clone()).text)
    return folder, paths


@pytest.fixture(scope="module")
def base(sound):
    """Function from a row to its document on the sound model, made once."""
    made = {}

    def get(row):
        if row.id not in made:
            made[row.id] = _execute(row, sound[1])
        return made[row.id]

    return get


def _execute(row, paths):
    return runner.execute(row.id, {k: p for k, p in paths.items() if k in row.needs + row.takes})


def scores(document):
    """Numbers by (chain, number, residue), and by name of their column."""
    table = next((document["tables"][n] for n in TABLES if n in document["tables"]), None)
    if table is None:
        return {}
    columns = [str(c) for c in table["columns"]]
    at = [columns.index(n) for n in ("chain", "number", "residue")]
    return {tuple(str(row[i]) for i in at): {c: v for i, (c, v) in enumerate(zip(columns, row)) if i not in at} for row in table["rows"]}


def _alike(one, other):
    if isinstance(one, float) and isinstance(other, (int, float)):
        return math.isclose(one, other, rel_tol=10 * SAME, abs_tol=2 * SAME)
    return one == other


@pytest.mark.parametrize("name, row", [
    pytest.param(name, row, id=f"{name}-{row.id}", marks=() if name == QUICK[0] and row.id in QUICK[1] else pytest.mark.heavy)
    for row in ROWS for name in sorted(MAKERS)])
def test_a_model_as_files_hold_them(row, name, sound, base, tmp_path):
    folder, paths = sound
    reality = MAKERS[name](gemmi.read_structure(paths["model"]))
    path = tmp_path / f"model{reality.suffix}"
    path.write_text(reality.text, encoding="utf-8")
    document = _execute(row, dict(paths, model=str(path)))
    said = " ".join(document["warnings"] + [c["sentence"] for c in document["checks"] if c["status"] in ("warn", "fail")])
    assert reality.words in said or "full_map" not in row.needs + row.takes and reality.words in OF_MAP, said
    found, before = scores(document), scores(base(row))
    known = {(c.name, str(r.seqid), r.name) for c in read_model(str(path)).structure[0] for r in c}
    assert set(found) <= known
    if reality.touched is None:
        return
    assert {reality.renamed(key) for key in before} == {key for key in found if key[:2] not in reality.touched}
    for key, values in before.items():
        mine = found[reality.renamed(key)]
        wrong = {c: (v, mine[c]) for c, v in values.items() if not _alike(v, mine[c])}
        assert not wrong, (key, wrong)
    if not reality.touched:
        for metric, entry in base(row)["metrics"].items():
            value = document["metrics"][metric]["value"]
            if metric not in COUNTS.get(name, ()):
                near = name in OVER_ATOMS and isinstance(value, float) and math.isclose(value, entry["value"], rel_tol=0.02, abs_tol=1e-3)
                assert near or _alike(entry["value"], value), (metric, entry["value"], value)
