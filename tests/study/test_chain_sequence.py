"""Sequences of chains: gaps in the numbers, insertion codes, SEQRES, mmCIF, FASTA."""
from __future__ import annotations

import gemmi
import numpy as np
import pytest

from cryoqa_plugin.core.rotamers import LETTERS, TYPES
from cryoqa_plugin.io.models import Model
from cryoqa_plugin.io.sequences import Sequences
from cryoqa_plugin.study import Study
from cryoqa_plugin.study.chain_sequence import letter_of, letter_types


def built(numbered, listed=None):
    """A model of residues, as a list of numbers (with insertion codes) and letters; ``listed`` is the whole sequence of its entity."""
    chain, place, last = gemmi.Chain("A"), 0.0, None
    for number, letter in numbered:
        count = int(number.rstrip("AB"))
        place += 3.8 * max(1, 1 if last is None else count - last)       # a gap has the room of what is missing
        last = count
        residue = gemmi.Residue()
        residue.name = gemmi.expand_one_letter(letter, gemmi.ResidueKind.AA) if len(letter) == 1 else letter
        residue.seqid = gemmi.SeqId(number)
        residue.entity_type = gemmi.EntityType.Polymer
        for j, name in enumerate(("N", "CA", "C")):
            atom = gemmi.Atom()
            atom.name, atom.element, atom.pos = name, gemmi.Element(name[0]), gemmi.Position(place + 1.3 * j, 0, 0)
            residue.add_atom(atom)
        chain.add_residue(residue)
    model = gemmi.Model(1) if gemmi.__version__ >= "0.7" else gemmi.Model("1")
    model.add_chain(chain)
    structure = gemmi.Structure()
    structure.add_model(model)
    if listed:
        structure.setup_entities()
        structure.entities[0].full_sequence = gemmi.expand_one_letter_sequence(listed, gemmi.ResidueKind.AA)
    return Model(structure, "built.cif")


def sequence_of(model, given=None):
    found, = Study(model=model, sequence=given).chain_sequences
    return found, "".join("-" if t < 0 else LETTERS[t] for t in found.letters)


def test_gaps_in_the_numbers_are_residues_that_are_not_built():
    found, letters = sequence_of(built([("-2", "M"), ("-1", "K"), ("3", "W"), ("4", "MSE"), ("5", "UNK"), ("6", "G")]))
    assert letters == "MK---WM-G" and found.index.tolist() == [0, 1, 5, 6, 7, 8]
    assert found.frequency[TYPES.index("MET")] == pytest.approx(2 / 5) and found.frequency.sum() == pytest.approx(1)


def test_insertion_codes_and_numbers_that_begin_again_count_on():
    found, letters = sequence_of(built([("52", "M"), ("52A", "K"), ("52B", "W"), ("53", "G"), ("1", "A"), ("2", "C")]))
    assert letters == "MKWGAC" and found.index.tolist() == list(range(6))


def test_what_is_not_built_comes_from_the_file():
    found, letters = sequence_of(built([("5", "M"), ("6", "K"), ("9", "W"), ("10", "G")], listed="AAMKCDWGFF"))
    assert letters == "AAMKCDWGFF" and found.index.tolist() == [2, 3, 6, 7] and found.named == ""


def test_what_is_not_built_comes_from_a_given_sequence_that_is_alike():
    rng = np.random.default_rng(3)
    whole = "".join(rng.choice(list(LETTERS), 60))
    numbers = [str(n) for n in (*range(101, 121), *range(131, 141))]
    letters = whole[10:30] + whole[40:50]
    given = Sequences(("".join(rng.choice(list(LETTERS), 90)), whole), ("other", "own"))
    found, text = sequence_of(built(list(zip(numbers, letters))), given)
    assert text == whole and found.index.tolist() == [*range(10, 30), *range(40, 50)] and found.named == "own"
    changed = "W" * 3 + letters[3:]                          # what is built counts before what is given
    assert sequence_of(built(list(zip(numbers, changed))), given)[1] == whole[:10] + "WWW" + whole[13:]
    foreign, text = sequence_of(built(list(zip(numbers, letters))), Sequences((given.chains[0],), ("other",)))
    assert foreign.named == "" and text == letters[:20] + "-" * 10 + letters[20:]


def test_letters_of_modified_and_unknown_residues():
    assert [letter_of(n) for n in ("MSE", "LEU", "UNK", "SEP")] == ["M", "L", "X", "S"]
    assert letter_types("GWXUO", LETTERS).tolist() == [0, 19, -1, TYPES.index("CYS"), TYPES.index("LYS")]
