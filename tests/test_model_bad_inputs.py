"""Every capability for a model with inputs that it can do little with: one sentence, or a named omission; nothing crashes the report.

The capabilities are those of the registry: a new one joins by itself.
"""
from __future__ import annotations

import math

import gemmi
import numpy as np
import pytest

from cryoqa_plugin import runner
from cryoqa_plugin.demo import make_demo_data
from cryoqa_plugin.errors import CryoqaError
from cryoqa_plugin.io.maps import Map, write_map
from cryoqa_plugin.params import specs
from cryoqa_plugin.registry import CAPABILITIES, resolve
from cryoqa_plugin.report.assemble import write_report
from cryoqa_plugin.results import declared
from cryoqa_plugin.study.halves import HalfMapFacts
from cryoqa_plugin.study.model_place import ModelPlaceFacts

ROWS = [c for c in CAPABILITIES if c.family == "model"] + [c for c in CAPABILITIES if c.id == "mtriage"]
MAPS = ("full_map", "half1", "half2")


def trace(structure):
    """CA atoms alone."""
    for chain in structure[0]:
        for residue in chain:
            for k in reversed([k for k, a in enumerate(residue) if a.name != "CA"]):
                del residue[k]
    return structure


def rna(structure):
    """Nucleotides along the chain, with the atoms of the backbone and of a base."""
    atoms = ("P", "OP1", "OP2", "O5'", "C5'", "C4'", "O4'", "C3'", "O3'", "C2'", "O2'", "C1'", "N9", "C8", "N7", "C5", "C6", "N1", "C2",
             "N3", "C4")
    rng = np.random.default_rng(3)
    for chain in structure[0]:
        for residue in chain:
            residue.name = "A"
            at = [a.pos.tolist() for a in residue]
            for k in reversed(range(len(residue))):
                del residue[k]
            for i, name in enumerate(atoms):
                atom = gemmi.Atom()
                atom.name, atom.element, atom.occ, atom.b_iso = name, gemmi.Element(name[0]), 1.0, 40.0
                atom.pos = gemmi.Position(*(at[i % len(at)] + rng.normal(0, 0.7, 3)))
                residue.add_atom(atom)
    return structure


def outside(structure):
    for chain in structure[0]:
        for residue in chain:
            for atom in residue:
                atom.pos = atom.pos + gemmi.Position(700.0, 0.0, 0.0)
    return structure


def one_residue(structure):
    """A single residue."""
    for name in [c.name for c in structure[0]][1:]:
        structure[0].remove_chain(name)
    chain = structure[0][0]
    for k in reversed([k for k in range(len(chain)) if k != 8]):
        del chain[k]
    return structure


def waters(structure):
    """Waters alone."""
    for chain in trace(structure)[0]:
        for residue in chain:
            residue.name, residue.het_flag, residue[0].name, residue[0].element = "HOH", "H", "O", gemmi.Element("O")
    return structure


MODELS = {make.__name__: make for make in (trace, rna, outside, one_residue, waters)}


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """Files of half-maps, their mean and the model; and of the middle of all maps, which is full of density."""
    folder, demo = tmp_path_factory.mktemp("bad"), make_demo_data(box=48)
    paths = {n: str(folder / f"{n}.mrc") for n in MAPS}
    full = {n: str(folder / f"full_{n}.mrc") for n in MAPS}
    for name in MAPS:
        map_ = getattr(demo, name)
        write_map(paths[name], map_)
        part = slice(16, 32)
        inner = Map(np.ascontiguousarray(map_.data[part, part, part]), map_.voxel_size, tuple(16 * v for v in map_.voxel_size))
        write_map(full[name], inner)
    paths["model"] = full["model"] = str(folder / "model.pdb")
    (folder / "model.pdb").write_text(demo.model.structure.make_pdb_string(), encoding="utf-8")
    return paths, full


def own_metrics(row):
    shared = {n for facts in (HalfMapFacts, ModelPlaceFacts) for n in declared(facts, "metric")}
    return [n for n in declared(resolve(row.result), "metric") if n not in shared]


def outcome(row, paths, tmp_path, values=None):
    """The document and its report, or the sentence that refuses: whole, with a full stop, one line."""
    out = tmp_path / "out"
    try:
        document = runner.execute(row.id, {k: p for k, p in paths.items() if k in row.needs + row.takes}, values or {}, str(out))
    except CryoqaError as error:
        sentence = str(error)
        assert (sentence[0].isupper() or sentence[0] == "'") and sentence.rstrip()[-1] in ".)" and "\n" not in sentence, sentence
        assert "None)" not in sentence and "nan" not in sentence.split(), sentence
        return None, sentence
    for name, entry in document["metrics"].items():
        value = entry["value"]
        assert not isinstance(value, float) or math.isfinite(value), name
    assert document["summary"].rstrip().endswith(".") and "nan" not in document["summary"].lower().split(), document["summary"]
    write_report(str(out), strict=True, formats=("html",))
    return document, document["summary"] + " " + " ".join(document["warnings"])


@pytest.mark.parametrize("row", [pytest.param(c, id=c.id, marks=pytest.mark.heavy if i % 3 else ()) for i, c in enumerate(ROWS)])
@pytest.mark.parametrize("name", [n if n == "trace" else pytest.param(n, marks=pytest.mark.heavy) for n in sorted(MODELS)])
def test_models_that_say_little(row, name, sound, tmp_path):
    structure = MODELS[name](gemmi.read_structure(sound[0]["model"]))
    path = tmp_path / "model.pdb"
    path.write_text(structure.make_pdb_string(), encoding="utf-8")
    document, words = outcome(row, dict(sound[0], model=str(path)), tmp_path)
    if name == "outside" and "full_map" in row.needs + row.takes:
        assert document is None and "lies in the box" in words and str(path) in words
    elif document is not None and not any(document["metrics"][n]["value"] is not None for n in own_metrics(row)):
        assert document["warnings"] or "no " in words.lower() or "cannot" in words, "an omission without a reason"


@pytest.mark.parametrize("row", [r for r in ROWS if "resolution" in [s.name for s in specs(resolve(r.params))]], ids=lambda r: r.id)
def test_a_resolution_finer_than_nyquist(row, sound, tmp_path):
    """Voxels of 2.4 Å hold nothing finer than 4.8 Å."""
    document, words = outcome(row, sound[0], tmp_path, dict(resolution=2.0))
    assert document is None or any(w in words for w in ("finer than", "Nyquist", "taken")), words


@pytest.mark.heavy
@pytest.mark.parametrize("row", ROWS, ids=[c.id for c in ROWS])
def test_a_box_full_of_density(row, sound, tmp_path):
    document, words = outcome(row, sound[1], tmp_path)
    assert document is not None or words


@pytest.mark.parametrize("row", ROWS, ids=[c.id for c in ROWS])
@pytest.mark.parametrize("kinds", [pytest.param(k, id="-".join(k) or "none", marks=pytest.mark.heavy if k[:1] == ("half2",) else ())
                                   for k in (("full_map",), ("half1",), ("half2",), ())])
def test_half_maps_are_missing(row, kinds, sound, tmp_path):
    paths = {k: sound[0][k] for k in (*kinds, "model")}
    document, words = outcome(row, paths, tmp_path)
    if not set(row.needs) & set(MAPS) and (not row.any_of or kinds == ("full_map",)):
        assert document is not None
    else:
        assert document is None and ("half-map" in words.lower() or "map" in words), words


@pytest.mark.parametrize("row", ROWS, ids=[c.id for c in ROWS])
def test_a_model_without_atoms(row, sound, tmp_path):
    path = tmp_path / "model.pdb"
    path.write_text("HEADER    NOTHING\nEND\n", encoding="utf-8")
    document, words = outcome(row, dict(sound[0], model=str(path)), tmp_path)
    assert document is None and "holds no atoms" in words and str(path) in words
