"""The sequence against the map: right models are left alone; whole chains, stretches and foreign chains are found; RNA; bad models."""
from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import gemmi
import numpy as np
import pytest
from out_of_register import out_of_register

from cryoqa_plugin.checks import causes_first, evaluate
from cryoqa_plugin.core.rotamers import LETTERS
from cryoqa_plugin.demo import make_demo_data
from cryoqa_plugin.io.maps import read_map
from cryoqa_plugin.io.models import Model, read_model
from cryoqa_plugin.io.sequences import Sequences
from cryoqa_plugin.limits import CHECKS, EXPLAINED
from cryoqa_plugin.methods.model.side_chain_check import SideChainCheckParams, compute_side_chain_check
from cryoqa_plugin.results import to_document
from cryoqa_plugin.study import Study

BENCH = Path(__file__).resolve().parents[2] / "bench"


@pytest.fixture(scope="module")
def demo():
    return make_demo_data(box=96, resolution=3.2)


def check(demo, model, resolution=3.2, **given):
    return compute_side_chain_check(Study(full_map=demo.full_map, model=model, **given), SideChainCheckParams(resolution=resolution))


def not_met(found):
    document = to_document(found)
    return {c["metric"] for c in causes_first(evaluate(CHECKS["side_chain_check"], document["metrics"]), EXPLAINED)
            if c["status"] in ("warn", "fail")}


def renamed(model, letters, chains=None):
    """A copy whose residues have these types, by chain; no atom is moved."""
    structure = model.structure.clone()
    for chain in structure[0]:
        if chains and chain.name not in chains:
            continue
        for residue, letter in zip(chain, letters):
            residue.name = gemmi.expand_one_letter(letter, gemmi.ResidueKind.AA)
    return Model(structure, "renamed.cif")


@pytest.mark.heavy
def test_a_right_model_is_left_alone(demo):
    found = check(demo, demo.model)
    assert found.residues_shifted == 0 and found.chains_foreign == 0 and not found.undetermined and found.register_shifts.rows == ()
    assert found.temperature > 0.5 and found.top3 > 50 and found.log_odds > 0.8 and not found.warnings and not not_met(found)
    assert found.residues_scored == len(found.residues.rows) == len(found.odds.rows) == 232
    assert [c[5] for c in found.chains.rows] == ["fits"] * 4 and all(c[2] > 5 and c[3] > 8 for c in found.chains.rows)
    columns = [str(c) for c in found.residues.columns]
    assert columns[:4] == ["chain", "number", "residue", "log-odds (nats)"]
    own = np.array([row[3] for row in found.residues.rows])
    assert np.mean(own) == pytest.approx(found.log_odds)
    place = {str(c): i for i, c in enumerate(found.odds.columns)}
    for row, odds in zip(found.residues.rows, found.odds.rows):
        assert row[3] == pytest.approx(odds[place[f"{row[2].capitalize()} (nats)"]])
        assert row[5] == pytest.approx(max(odds[3:])) and 0 < row[6] <= 1 and 0 <= row[7] < 0.5
    assert "/A:1\t" in found.attributes and {a.name for a in found.scored_model.attributes} == {"side_chain_log_odds",
                                                                                              "side_chain_elsewhere"}


def test_a_chain_out_of_register_is_named(demo):
    name = demo.model.structure[0][2].name
    found = check(demo, out_of_register(demo.model, chains=(name,)))
    assert [row[0] for row in found.register_shifts.rows] == [name] and 20 < found.residues_shifted < 30
    _, first, last, begins, ends, count, shift, gain, z, verdict = found.register_shifts.rows[0]
    assert count >= 50 and int(last) - int(first) + 1 == count and shift == 1 and gain > 40 and z > 5 and verdict == "alarm"
    assert begins.split(" to ")[0] == "1" and "58" in ends
    assert found.register_words in found.warnings and f"chain {name} by +1" in found.register_words
    assert not_met(found) == {"residues_shifted"}


@pytest.mark.heavy
@pytest.mark.parametrize("steps", [1, 2])
def test_a_whole_model_out_of_register_is_found(demo, steps):
    found = check(demo, out_of_register(demo.model, steps=steps))
    assert found.residues_shifted > 90 and {row[6] for row in found.register_shifts.rows} == {steps} and not found.undetermined
    assert len(found.register_shifts.rows) == 4 and [c[5] for c in found.chains.rows] == ["out of register"] * 4


def test_a_stretch_of_changed_letters_is_found(demo):
    """Scores do not depend on the side chains of the model: a shift is a change of letters."""
    letters = "".join(gemmi.find_tabulated_residue(r.name).one_letter_code for r in demo.model.structure[0][1])
    wrong = letters[:20] + letters[22:44] + letters[42:]
    found = check(demo, renamed(demo.model, wrong, (demo.model.structure[0][1].name,)))
    shifts = [row for row in found.register_shifts.rows if row[9] == "alarm"]
    assert [row[0] for row in shifts] == ["B"] and shifts[0][6] == -2
    assert abs(int(shifts[0][1]) - 23) <= 3 and abs(int(shifts[0][2]) - 42) <= 3


@pytest.mark.heavy
def test_a_foreign_sequence_is_named_and_the_right_one_found(demo):
    letters = "".join(gemmi.find_tabulated_residue(r.name).one_letter_code for r in demo.model.structure[0][0])
    rng = np.random.default_rng(5)
    wrong = "".join(rng.permutation(list(letters)))
    fasta = Sequences((wrong, "GG" + letters + "AA"), ("wrong", "right"))
    one = check(demo, renamed(demo.model, wrong, ("C",)))
    assert one.chains_foreign == 1 and [row[0] for row in one.chains.rows if row[5] == "another sequence"] == ["C"]
    assert not_met(one) == {"chains_foreign"} and "chain C fits" in one.foreign_words and not one.register_shifts.rows
    every = check(demo, renamed(demo.model, wrong))
    assert every.undetermined and every.temperature < 0.15 and every.residues_shifted is None and every.chains_foreign is None
    assert not not_met(every) and "less than 0.15" in every.undetermined_words and "too little to judge the sequence" in every.summary
    told = check(demo, renamed(demo.model, wrong), sequence=fasta)
    assert told.chains_foreign == 4 and "the sequence 'right'" in told.foreign_words and not told.undetermined


def test_a_model_out_of_place_is_not_judged(demo):
    structure = demo.model.structure.clone()
    for chain in structure[0]:
        for residue in chain:
            for atom in residue:
                atom.pos = atom.pos + gemmi.Position(1.0, 0.0, 0.0)
    found = check(demo, Model(structure, "moved.cif"))
    assert found.model_shift == pytest.approx(1, abs=0.05) and found.residues_shifted is None and "shifted" in found.warnings[0]
    assert not_met(found) == {"model_shift"} and "register is not judged" in found.summary


def test_a_chain_in_solvent_is_not_judged(demo):
    structure = demo.model.structure.clone()
    for residue in structure[0][1]:
        for atom in residue:
            atom.pos = gemmi.Position(*(np.array(atom.pos.tolist()) * 0.5 + 2.0))      # packed into the corner of the box
    found = check(demo, Model(structure, "solvent.cif"))
    assert found.chains_foreign == 0 and found.outside_words in found.warnings and "Chain B has much less density" in found.outside_words
    assert [row[5] for row in found.chains.rows] == ["fits", "not in density", "fits", "fits"] and "chains_foreign" not in not_met(found)


def test_a_map_without_side_chains_tells_nothing():
    coarse = make_demo_data(box=48, resolution=9.0)
    found = compute_side_chain_check(Study(full_map=coarse.full_map, model=coarse.model), SideChainCheckParams(resolution=9.0))
    assert found.undetermined and found.residues_shifted is None and not not_met(found)


def test_residues_of_unknown_type_have_no_own_log_odds(demo):
    structure = demo.model.structure.clone()
    for chain in structure[0]:
        for residue in chain:
            residue.name = "UNK"
    found = check(demo, Model(structure, "unknown.cif"))
    assert found.residues_scored == 232 and found.top3 is None and found.log_odds is None and found.undetermined
    assert found.residues.rows[0][3] is None and found.residues.rows[0][4] is not None


def test_traces_of_ca_have_no_side_chains(demo):
    structure = demo.model.structure.clone()
    for chain in structure[0]:
        for residue in chain:
            for name in [a.name for a in residue if a.name != "CA"]:
                residue.remove_atom(name, "*")
    found = check(demo, Model(structure, "trace.cif"))
    assert found.scored_model is None and found.attributes is None
    assert found.residues_scored == 0 and found.residues is None and "no residue of protein with a backbone" in found.summary
    assert not not_met(found)


@pytest.mark.heavy
def test_scale_offset_and_origin_change_nothing(demo):
    wanted = check(demo, demo.model)
    map_ = replace(demo.full_map, origin=tuple(v + 7.0 for v in demo.full_map.origin)).with_data(
        np.float32(-3) + np.float32(5) * demo.full_map.data)
    structure = demo.model.structure.clone()
    for chain in structure[0]:
        for residue in chain:
            for atom in residue:
                atom.pos = atom.pos + gemmi.Position(7.0, 7.0, 7.0)
    found = compute_side_chain_check(Study(full_map=map_, model=Model(structure, "there.cif")), SideChainCheckParams(resolution=3.2))
    for a, b in zip(wanted.residues.rows, found.residues.rows):
        assert a[:3] == b[:3] and b[3] == pytest.approx(a[3], abs=0.02)


@pytest.mark.heavy
@pytest.mark.realdata
def test_rna_alone_is_judged_by_its_bases(sim_case):
    folder = sim_case("rna128")
    study = Study(full_map=read_map(str(folder / "rna128_full.mrc")), model=read_model(str(folder / "rna128_model.pdb")))
    found = compute_side_chain_check(study, SideChainCheckParams(resolution=2.79))
    assert found.residues_scored == 0 and found.bases_scored == 387 and found.bases_right > 92 and found.bases_temperature > 0.5
    assert [str(c) for c in found.bases.columns[3:]] == ["built", "log-odds (nats)", "probability"]
    right = [row[4] > 0 for row in found.bases.rows]
    assert 100 * np.mean(right) == pytest.approx(found.bases_right) and "nucleotides look like what they are" in found.summary


@pytest.fixture(scope="module")
def figures():
    sys.path.insert(0, str(BENCH))
    import register_figures
    return register_figures


@pytest.mark.heavy
@pytest.mark.realdata
@pytest.mark.parametrize("name, temperature, alarms, unsure", [("EMD-3488", 0.65, 0.93, ()), ("EMD-6272", 0.85, 0.97, ()),
                                                               ("EMD-2566", 0.5, 0.9, (228, 241))])
def test_published_maps(shared, figures, name, temperature, alarms, unsure):
    """Planted shifts are found; the deposited models raise no alarm; 227 to 241 of EMD-2566 is unsure; shuffled sequences tell nothing."""
    one = figures.real_models()[name]
    as_built = figures.judged(one, one.sequences, one.types)
    assert as_built.temperature > temperature and not [s for s in as_built.shifts if s.alarm]
    assert {c.verdict for c in as_built.chains} == {"own"}
    if unsure:
        assert unsure in [tuple(int(one.study.residues.number[i]) for i in (s.residues[0], s.residues[-1])) for s in as_built.shifts]
    found = figures.figures([one], 100, 3)
    assert found["found"] >= 0.97 and found["alarm"] >= alarms and found["ends"] >= 0.9
    rng = np.random.default_rng(8)
    assert max(figures.judged(one, *figures.shuffled(one, rng)).temperature for _ in range(10)) < 0.15


@pytest.mark.heavy
@pytest.mark.realdata
def test_the_homologue_of_haemoglobin_does_not_fit(shared, figures):
    one = figures.real_models()["EMD-3488"]
    names = one.study.residues.chains
    letters = {names[q.chain]: q.letters for q in one.sequences}
    sequences, types = [], one.types.copy()
    for q in one.sequences:
        new = letters["B"] if names[q.chain] == "A" else q.letters
        sequences.append(q._replace(letters=new))
        types[q.residues] = figures.letters_at(new, q.index)
    alpha, beta = ("".join(LETTERS[t] for t in letters[c]) for c in "AB")
    found = figures.judged(one, sequences, types, Sequences((alpha, beta), ("alpha", "beta"))).chains
    assert [c.verdict for c in found] == ["foreign", "own", "own", "own"] and found[0].own < -6 and found[1].own > 9
    assert found[0].fits in ("the sequence 'alpha'", "chain C") and found[0].fits_z > 12
