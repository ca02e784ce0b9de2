"""Residues out of register: a whole chain and a stretch of it are found, a right model is left alone."""
import gemmi
import numpy as np
import pytest

from cryoqa_plugin.demo import make_demo_data
from cryoqa_plugin.io.models import Model
from cryoqa_plugin.methods.model import model_register
from cryoqa_plugin.methods.model.model_fit import ModelFitParams, compute_model_fit
from cryoqa_plugin.study import Study


def out_of_register(model, chains=None, first=None, last=None, steps=1):
    """A copy in which residues stand ``steps`` places further: their atoms laid on N, CA and C of that residue."""
    structure = model.structure.clone()
    for chain in structure[0]:
        if chains and chain.name not in chains:
            continue
        residues = [r for r in chain if all(r.find_atom(n, "*") for n in ("N", "CA", "C"))]
        old = [[gemmi.Position(r.find_atom(n, "*").pos) for n in ("N", "CA", "C")] for r in residues]
        for residue, here, there in zip(residues, old, old[steps:]):
            if first is not None and not first <= residue.seqid.num <= last:
                continue
            move = gemmi.superpose_positions(there, here).transform
            for atom in residue:
                atom.pos = gemmi.Position(move.apply(atom.pos))
    return Model(structure, "out_of_register.cif")


@pytest.fixture(scope="module")
def demo():
    return make_demo_data(box=96, resolution=3.2)


def fit(demo, model):
    return compute_model_fit(Study(full_map=demo.full_map, model=model), ModelFitParams(resolution=3.2))


def test_a_right_model_is_in_register(demo):
    found = fit(demo, demo.model)
    assert found.residues_shifted == 0 and found.register_errors.rows == () and found.register_words is None
    assert found.register_signal > 6 and not found.warnings


@pytest.mark.heavy
@pytest.mark.parametrize("steps", [1, 2])
def test_a_whole_model_out_of_register_is_found(demo, steps):
    found = fit(demo, out_of_register(demo.model, steps=steps))
    assert found.residues_shifted > 70 and {row[4] for row in found.register_errors.rows} == {steps}
    assert len(found.register_errors.rows) == 4 and found.register_words in found.warnings and "out of register" in found.register_words


def test_a_chain_out_of_register_is_named(demo):
    name = demo.model.structure[0][2].name
    found = fit(demo, out_of_register(demo.model, chains=(name,)))
    assert [row[0] for row in found.register_errors.rows] == [name] and 15 < found.residues_shifted < 30
    _, first, last, count, shift, score = found.register_errors.rows[0]
    assert count >= 35 and last - first + 1 == count and shift == 1 and score > 2.7


def test_a_model_out_of_place_is_not_judged(demo):
    structure = demo.model.structure.clone()
    for chain in structure[0]:
        for residue in chain:
            for atom in residue:
                atom.pos = atom.pos + gemmi.Position(1.0, 0.0, 0.0)
    found = fit(demo, Model(structure, "moved.cif"))
    assert found.model_shift == pytest.approx(1, abs=0.05) and found.residues_shifted is None and "shifted" in found.warnings[0]


def test_a_map_without_side_chains_tells_nothing():
    coarse = make_demo_data(box=48, resolution=9.0)
    found = compute_model_fit(Study(full_map=coarse.full_map, model=coarse.model), ModelFitParams(resolution=9.0))
    assert found.residues_shifted is None and found.register_errors is None


def test_atoms_that_are_no_protein_are_passed_over(demo):
    structure = demo.model.structure.clone()
    for chain in structure[0]:
        for residue in chain:
            residue.name = "UNK"
    assert fit(demo, Model(structure, "unknown.cif")).register_signal is None
    assert model_register.notes({}) == []
    words = model_register._words([("A", 3, 30, 28, -1, 5.0)] * 5)
    assert "residues 3 to 30 of chain A by 1" in words and "and 2 stretches more" in words and np.char.count(words, "residues") == 3
