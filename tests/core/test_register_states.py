"""States of a chain against all their paths; planted shifts found, with their ends; right chains left alone."""
from __future__ import annotations

import numpy as np
import pytest
from naive_register import all_paths, drawn_odds

from cryoqa_plugin.core import register as states

COMPOSITION = np.full(20, 0.05)


def chain(n, nats, seed):
    """Types of a sequence and log-odds drawn with a known mean for the right type."""
    rng = np.random.default_rng(seed)
    types = rng.choice(20, p=COMPOSITION, size=n)
    return types, drawn_odds(types, nats, rng)


def found_in(odds, letters, index):
    emission = states.emissions(odds, letters, index)
    trace = states.trace(emission)
    frequency = np.bincount(letters[letters >= 0], minlength=20) / max((letters >= 0).sum(), 1)
    return states.segments(trace, emission, odds, frequency), trace, emission


def test_states_agree_with_all_paths():
    rng = np.random.default_rng(4)
    emission = 2 * rng.standard_normal((4, states.UNKNOWN + 1))
    emission[:, 3] += 4.0                                    # so that paths switch
    found = states.trace(emission)
    path, posterior, total = all_paths(emission, *states.transitions())
    assert np.array_equal(found.path, path)
    assert np.allclose(found.posterior, posterior, atol=1e-12) and found.ahead.sum() == pytest.approx(total, abs=1e-10)


def test_transitions_are_probabilities():
    start, move = states.transitions()
    assert np.allclose(move.sum(axis=1), 1) and start.sum() == pytest.approx(1)
    assert move[0, 0] == pytest.approx(1 - 1 / 50 - 1 / 2000) and move[-1, -1] == 0.85 and start[states.FARTHEST] == start.max()


def test_emissions_are_those_of_the_letters_along():
    odds = np.arange(60.0).reshape(3, 20)
    odds[2] = np.nan
    found = states.emissions(odds, np.array([5, -1, 7, 3]), np.array([0, 1, 2]))
    middle = states.FARTHEST
    assert found[0, middle] == 5 and found[0, middle + 1] == -0.5 and found[0, middle + 2] == 7 and found[0, middle - 1] == -0.5
    assert found[1, middle] == 0 and found[1, middle - 1] == 25 and found[1, middle + 2] == 23 and found[1, middle + 3] == -0.5
    assert not found[2].any() and not found[:, states.UNKNOWN].any()


def test_ends_are_the_posterior_of_all_paths():
    """On a short chain, the probability that the run of a state around its surest residue begins and ends at each place."""
    rng = np.random.default_rng(7)
    emission = rng.standard_normal((4, states.UNKNOWN + 1))
    emission[1:3, 12] += 6.0
    found = states.trace(emission)
    assert found.path[1] == found.path[2] == 12
    first, last = states._ends(found, emission, 12, slice(1, 3))
    middle = 1 + int(np.argmax(found.posterior[1:3, 12]))
    _, _, _, begins, ends = all_paths(emission, *states.transitions(), run=(12, middle))
    for interval, weight in ((first, begins), (last, ends)):
        total = np.cumsum(weight) / weight.sum()
        assert interval == (int(np.searchsorted(total, 0.05)), int(np.searchsorted(total, 0.95)))


@pytest.mark.parametrize("shift", [-3, 1, 2])
def test_a_planted_shift_is_found_with_its_ends(shift):
    types, odds = chain(250, 1.2, 11)
    index = np.arange(250)
    index[100:125] += shift
    found, trace, emission = found_in(odds, types, index)
    assert [s.shift for s in found] == [-shift]
    one = found[0]
    assert abs(one.start - 100) <= 3 and abs(one.stop - 125) <= 3 and one.gain > 20 and one.z > 3.5
    assert one.first[0] <= 100 <= one.first[1] and one.last[0] <= 124 <= one.last[1]
    assert one.gain == pytest.approx(emission[one.start:one.stop, states.FARTHEST - shift].sum()
                                     - emission[one.start:one.stop, states.FARTHEST].sum())
    assert trace.posterior[110:120, states.FARTHEST].max() < 0.01


def test_right_chains_raise_no_alarm():
    """At the discriminability of 3.4, 4.0 and 5.0 Å, 12,000 residues: at most one stretch in two thousand gains 20."""
    alarms = 0
    for nats, seed in ((1.28, 1), (0.89, 2), (0.45, 3)):
        types, odds = chain(4000, nats, seed)
        alarms += sum(s.gain >= 20 and s.z >= 3.5 for s in found_in(odds, types, np.arange(4000))[0])
    assert alarms <= 6


def test_most_shifts_are_found_at_the_discriminability_of_four_angstrom():
    rng, told = np.random.default_rng(5), 0
    for n in range(60):
        types, odds = chain(150, 0.89, 100 + n)
        index, length, shift = np.arange(150), int(rng.integers(15, 31)), int(rng.choice([-3, -2, -1, 1, 2, 3]))
        index[60:60 + length] += shift
        told += any(s.shift == -shift and s.gain >= 20 and s.z >= 3.5 for s in found_in(odds, types, index)[0])
    assert told >= 56


def test_the_place_against_permuted_sequences_is_that_of_permuted_ones():
    types, odds = chain(40, 0.8, 21)
    frequency = np.bincount(types, minlength=20) / 40
    mean, variance = states.against_permuted(odds, frequency)
    rng = np.random.default_rng(0)
    sums = odds[np.arange(40), rng.choice(20, p=frequency, size=(20000, 40))].sum(axis=1)
    assert mean.sum() == pytest.approx(sums.mean(), abs=0.3) and np.sqrt(variance.sum()) == pytest.approx(sums.std(), rel=0.03)


def test_a_chain_is_placed_along_another_sequence():
    types, odds = chain(80, 0.9, 31)
    longer = np.concatenate((np.random.default_rng(1).integers(0, 20, 200), types, [-1, 4, 5]))
    place, z = states.along(odds, longer, np.arange(80) + 7)
    mean, variance = states.against_permuted(odds, np.bincount(longer[longer >= 0], minlength=20) / (longer >= 0).sum())
    assert place == 193 and z > 8 and z == pytest.approx((odds[np.arange(80), types].sum() - mean.sum()) / np.sqrt(variance.sum()))
    assert states.along(odds, np.random.default_rng(2).integers(0, 20, 300), np.arange(80))[1] < 6
    assert states.along(odds, longer[:90], np.arange(80), least=200) == (0, 0.0)
