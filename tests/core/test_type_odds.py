"""Log-odds of types: right on numbers whose distribution is known."""
from __future__ import annotations

import numpy as np
import pytest

from cryoqa_plugin.core import type_odds


def _drawn(seed, n=6000, kinds=4, features=3, noise=1.0):
    rng = np.random.default_rng(seed)
    means = np.random.default_rng(1).standard_normal((kinds, features)) * 1.5
    kind = rng.choice(kinds, n, p=np.array([0.4, 0.3, 0.2, 0.1]))
    return means[kind] + noise * rng.standard_normal((n, features)), kind, means


def test_known_distributions_give_their_log_odds():
    x, kind, means = _drawn(2)
    table = type_odds.fit(x, kind, np.arange(len(kind)) % 2 == 0, 4)
    assert table.scale == pytest.approx(1, abs=0.1)
    np.testing.assert_allclose(table.means, means, atol=0.15)
    test, _, _ = _drawn(3, 200)
    like = np.exp(-0.5 * ((test[:, None] - means) ** 2).sum(axis=2))
    want = np.maximum(np.log(like / (like @ np.array([0.4, 0.3, 0.2, 0.1]))[:, None]), -4)
    assert np.abs(table.odds(test) - want).mean() < 0.1
    assert table.odds(test).min() == -4


def test_log_odds_are_against_the_composition():
    x, kind, _ = _drawn(4)
    table = type_odds.fit(x, kind, np.arange(len(kind)) % 2 == 0, 4)
    raw = table.odds(x)
    full = (raw > -4).all(axis=1)
    np.testing.assert_allclose(np.exp(raw[full]) @ table.composition, 1, atol=1e-9)
    np.testing.assert_allclose(np.exp(type_odds.tempered(raw, 0.4, table.composition)) @ table.composition, 1, atol=1e-9)
    assert np.abs(type_odds.tempered(raw, 0.0, table.composition)).max() < 1e-12


def test_temperature_is_high_for_the_right_types_and_none_for_others():
    x, kind, _ = _drawn(5)
    table = type_odds.fit(x, kind, np.arange(len(kind)) % 2 == 0, 4)
    test, types, _ = _drawn(6, 400)
    raw = table.odds(test)
    assert type_odds.temperature_of(raw, types) > 0.9
    shuffled = [type_odds.temperature_of(raw, np.random.default_rng(s).permutation(types)) for s in range(10)]
    assert max(shuffled) < 0.1
    worse, types, _ = _drawn(6, 400, noise=2.5)
    assert 0.1 < type_odds.temperature_of(table.odds(worse), types) < 0.7


def test_a_gain_that_chance_could_give_has_no_temperature():
    """A handful of residues of the right type tells nothing, many do; of shuffled ones one in a hundred passes at most."""
    x, kind, _ = _drawn(5)
    table = type_odds.fit(x, kind, np.arange(len(kind)) % 2 == 0, 4)
    test, types, _ = _drawn(9, 400, noise=2.5)
    raw = table.odds(test)
    assert type_odds.temperature_of(raw[:4], types[:4]) == 0 < type_odds.temperature_of(raw, types)
    rng = np.random.default_rng(0)
    assert sum(type_odds.temperature_of(raw, rng.permutation(types)) > 0 for _ in range(200)) <= 3


def test_temperature_passes_over_what_is_not_known():
    x, kind, _ = _drawn(7, 300)
    raw = type_odds.fit(x, kind, np.arange(len(kind)) % 2 == 0, 4).odds(x)
    more = np.concatenate([raw, np.full((5, 4), np.nan), raw[:5]])
    types = np.concatenate([kind, np.zeros(5, int), np.full(5, -1)])
    assert type_odds.temperature_of(more, types) == pytest.approx(type_odds.temperature_of(raw, kind), abs=1e-3)
    assert type_odds.temperature_of(raw, np.full(len(raw), -1)) == 0


def test_between_two_tables_is_one_of_them_at_the_ends():
    x, kind, _ = _drawn(8)
    fold = np.arange(len(kind)) % 2 == 0
    a, b = type_odds.fit(x, kind, fold, 4), type_odds.fit(x * 2, kind, fold, 4)
    for part, want in ((0.0, a), (1.0, b)):
        got = type_odds.between(a, b, part)
        np.testing.assert_allclose(got.odds(x[:50]), want.odds(x[:50]), atol=1e-9)
    np.testing.assert_allclose(type_odds.between(a, b, 0.5).means, 1.5 * a.means)
