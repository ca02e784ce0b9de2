"""Copies: of residues that kept their name, and of a model that is one of an assembly."""
from __future__ import annotations

import gemmi
import numpy as np
import pytest

from cryoqa_plugin.core import rotamers
from cryoqa_plugin.demo import make_demo_data
from cryoqa_plugin.io.models import Model, read_model
from cryoqa_plugin.study import Study
from cryoqa_plugin.study.chain_sequence import chain_sequences
from cryoqa_plugin.study.masses import mass_of_model
from cryoqa_plugin.study.notes import of_assembly
from cryoqa_plugin.study.residues import residues_of
from model_realities import MAKERS


@pytest.fixture(scope="module")
def demo():
    return make_demo_data(box=48)


@pytest.fixture
def written(demo, tmp_path):
    """Function from the name of a reality to the model that is read from its file."""
    def get(name):
        reality = MAKERS[name](gemmi.read_pdb_string(demo.model.structure.make_pdb_string()))
        path = tmp_path / f"model{reality.suffix}"
        path.write_text(reality.text, encoding="utf-8")
        return read_model(str(path))

    return get


def test_copies_of_one_name_are_residues_of_their_own(demo, written):
    sound, copies = residues_of(demo.model), residues_of(written("copies_of_one_name"))
    assert len(copies) == len(sound) and copies.chains == ("A",) and sound.chains == ("A", "B", "C", "D")
    assert copies.number == sound.number and copies.name == sound.name
    np.testing.assert_array_equal(copies.residue, sound.residue)
    np.testing.assert_array_equal(copies.next, sound.next)
    assert [len(s) for s in copies.stretches] == [len(s) for s in sound.stretches]


def test_the_file_with_copies_is_told_from_one_with_conformers(demo, written):
    n = len(demo.model.structure[0][0])
    assert written("copies_of_one_name").warnings[0].startswith(f"{3 * n} residues of chain A are in the file more than once")
    assert written("conformers_alike").warnings == () and written("two_residues_at_one_number").warnings == ()
    assert len(residues_of(written("conformers_alike"))) == len(residues_of(demo.model))


def test_serials_and_numbers_in_hybrid_36(demo, written):
    model = written("many_serials")
    assert model.n_atoms == demo.model.n_atoms and residues_of(model).number[57] == str(int(residues_of(demo.model).number[57]) + 9990)


def test_one_of_four_copies_is_said_and_the_whole_is_not(demo, written):
    one = written("an_assembly")
    assert one.copies == 4 and demo.model.copies == 1
    study = Study(full_map=demo.full_map, model=one)
    assert 0.15 < study.part_built < 0.5
    said = [n for n in study.notes() if "assembly" in n]
    assert len(said) == 1 and "names an assembly of 4 copies" in said[0] and f"fills {study.part_built:.0%} of the molecule" in said[0]
    whole = Model(demo.model.structure.clone())
    whole.structure.assemblies = one.structure.assemblies
    filled = Study(full_map=demo.full_map, model=whole)
    assert whole.copies == 4 and filled.part_built > 0.9 and not any("assembly" in n for n in filled.notes())
    assert of_assembly(one, 0.81) == [] and of_assembly(demo.model, 0.1) == []


def test_hydrogens_that_weigh_nothing_leave_the_mass_as_it_is(demo, written):
    assert mass_of_model(written("hydrogens_of_no_occupancy")).protein == pytest.approx(mass_of_model(demo.model).protein, rel=1e-9)


def test_no_residue_is_missing_between_two_that_are_bonded(demo, written):
    model = written("insertion_codes")
    of = [chain_sequences(m, residues_of(m), rotamers.LETTERS)[0] for m in (demo.model, model)]
    np.testing.assert_array_equal(of[0].index, of[1].index)
    np.testing.assert_array_equal(of[0].letters, of[1].letters)
