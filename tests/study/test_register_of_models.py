"""Registers of models whose log-odds are drawn: shifts, whole chains, foreign sequences, several stretches of one chain."""
from __future__ import annotations

import numpy as np
import pytest
from naive_register import drawn_odds

from cryoqa_plugin.core.rotamers import LETTERS
from cryoqa_plugin.io.sequences import Sequences
from cryoqa_plugin.study.chain_sequence import ChainSequence
from cryoqa_plugin.study.register import UNDETERMINED, register_of
from cryoqa_plugin.study.residues import PROTEIN, Residues

COMPOSITION = np.full(20, 0.05)


def made(lengths, nats=1.0, seed=0, gap=()):
    """Residues of chains of these lengths, their sequences, and log-odds that know the right types; after the residues in ``gap`` of
    every chain the bond is missing."""
    rng = np.random.default_rng(seed)
    letters = [rng.choice(20, p=COMPOSITION, size=n) for n in lengths]
    chain = np.repeat(np.arange(len(lengths)), lengths)
    total = len(chain)
    after = np.where(np.append(np.diff(chain) == 0, False), np.arange(total) + 1, -1)
    starts = np.concatenate(([0], np.cumsum(lengths)))
    for g in gap:
        after[starts[:-1] + g] = -1
    before = np.full(total, -1)
    before[after[after >= 0]] = np.flatnonzero(after >= 0)
    none = np.zeros(0, np.int64)
    numbers = tuple(str(i - starts[c] + 1) for i, c in enumerate(chain))
    residues = Residues(tuple("ABCDEFGH"[:len(lengths)]), chain, numbers, ("ALA",) * total, np.full(total, PROTEIN), none, none, (), (),
                        none.astype(bool), none.astype(bool), after, before)
    sequences = tuple(ChainSequence(c, t, np.arange(starts[c], starts[c + 1]), np.arange(n))
                      for c, (t, n) in enumerate(zip(letters, lengths)))
    types = np.concatenate(letters)
    return residues, sequences, drawn_odds(types, nats, rng), types


def moved(sequences, types, chain, start, stop, by):
    """Sequences and types in which residues of a chain are built as those ``by`` further."""
    index = sequences[chain].index.copy()
    index[start:stop] += by
    new = list(sequences)
    new[chain] = new[chain]._replace(index=index)
    out = types.copy()
    inside = (index >= 0) & (index < len(new[chain].letters))
    out[new[chain].residues] = np.where(inside, new[chain].letters[np.clip(index, 0, len(new[chain].letters) - 1)], -1)
    return new, out


def test_right_models_are_left_alone():
    residues, sequences, raw, types = made((200, 150), gap=(70,))
    found = register_of(residues, sequences, raw, types, COMPOSITION)
    assert not found.shifts and not found.undetermined and found.temperature > 0.8
    assert [c.verdict for c in found.chains] == ["own", "own"] and all(c.own > 8 and c.z > 8 for c in found.chains)
    assert np.nanmedian(found.elsewhere) < 1e-4 and np.all(found.shifted <= found.elsewhere + 1e-12)


def test_a_shift_in_one_of_several_stretches_is_found_with_its_ends():
    residues, sequences, raw, types = made((200, 150), gap=(70,))
    new, wrong = moved(sequences, types, 1, 90, 115, 2)
    found = register_of(residues, new, raw, wrong, COMPOSITION)
    one, = found.shifts
    assert one.chain == 1 and one.shift == -2 and one.alarm and one.gain > 20 and one.z > 3.5
    assert abs(one.residues[0] - 290) <= 3 and abs(one.residues[-1] - 314) <= 3
    assert one.first[0] <= 290 <= one.first[1] and one.last[0] <= 314 <= one.last[1]
    assert found.shifted[295:310].min() > 0.9 and np.nanmax(found.shifted[:200]) < 0.5


def test_a_model_that_is_out_of_register_as_a_whole_is_found():
    """As built its sequence tells nothing; moved along it tells all."""
    residues, sequences, raw, types = made((200, 150))
    for chain, n in ((0, 200), (1, 150)):
        sequences, types = moved(sequences, types, chain, 0, n, -1)
    found = register_of(residues, sequences, raw, types, COMPOSITION)
    assert [c.verdict for c in found.chains] == ["shifted", "shifted"] and [c.place for c in found.chains] == [1, 1]
    assert found.temperature > 0.8 and {s.shift for s in found.shifts} == {1} and sum(len(s.residues) for s in found.shifts) > 340


def test_a_shuffled_sequence_is_undetermined():
    residues, sequences, raw, types = made((200,))
    shuffled = np.random.default_rng(1).permutation(types)
    found = register_of(residues, [sequences[0]._replace(letters=shuffled)], raw, shuffled, COMPOSITION)
    assert found.undetermined and found.temperature < UNDETERMINED and not found.shifts and np.isnan(found.elsewhere).all()
    assert found.chains[0].verdict == "undetermined" and abs(found.chains[0].z) < 3.5


def test_a_chain_with_the_sequence_of_another_is_named():
    residues, sequences, raw, types = made((200, 150, 150))
    rng = np.random.default_rng(2)
    other = rng.choice(20, size=150)
    new, wrong = list(sequences), types.copy()
    new[1] = new[1]._replace(letters=other)
    wrong[200:350] = other
    alone = register_of(residues, new, raw, wrong, COMPOSITION).chains
    assert [c.verdict for c in alone] == ["own", "foreign", "own"] and alone[1].fits == "" and alone[1].own < 0
    given = Sequences(("ACDEF" * 20, "GG" + "".join(LETTERS[t] for t in types[200:350])), ("one", "the right one"))
    named = register_of(residues, new, raw, wrong, COMPOSITION, given)
    assert named.chains[1].fits == "the sequence 'the right one'" and named.chains[1].fits_z > 8 and named.chains[1].place == 2
    assert not [s for s in named.shifts if s.chain == 1] and named.temperature > 0.8


def test_a_chain_in_no_density_is_not_foreign():
    residues, sequences, raw, types = made((200, 150))
    other = np.random.default_rng(2).choice(20, size=150)
    new, wrong = [sequences[0], sequences[1]._replace(letters=other)], types.copy()
    wrong[200:] = other
    level = np.repeat([1.0, 0.1], (200, 150))
    found = register_of(residues, new, raw, wrong, COMPOSITION, backbone=level)
    assert [c.verdict for c in found.chains] == ["own", "outside"] and not found.undetermined
    level[200:] = 0.6
    assert register_of(residues, new, raw, wrong, COMPOSITION, backbone=level).chains[1].verdict == "foreign"


def test_a_chain_of_which_the_map_says_little_is_not_foreign():
    residues, sequences, raw, types = made((200, 150))
    raw[200:] = drawn_odds(types[200:], 0.02, np.random.default_rng(4))
    found = register_of(residues, sequences, raw, types, COMPOSITION)
    assert found.chains[1].verdict != "foreign" and not found.undetermined


def test_without_log_odds_nothing_is_said():
    residues, sequences, raw, types = made((40,))
    found = register_of(residues, sequences, np.full_like(raw, np.nan), types, COMPOSITION)
    assert found.undetermined and found.temperature == 0 and found.chains[0].scored == 0
    assert register_of(residues, (), raw, np.full_like(types, -1), COMPOSITION).undetermined


@pytest.mark.parametrize("nats", [1.28, 0.64])
def test_a_single_residue_is_no_alarm(nats):
    """One in twenty residues of another type, far from each other: nothing is shifted."""
    residues, sequences, raw, types = made((400,), nats)
    wrong = types.copy()
    wrong[::20] = (wrong[::20] + 7) % 20
    found = register_of(residues, [sequences[0]._replace(letters=wrong)], raw, wrong, COMPOSITION)
    assert not [s for s in found.shifts if s.alarm] and not found.undetermined
