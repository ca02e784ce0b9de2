"""Tables of means by value: against naive twins, folds, nodes, and a mean that is known."""
from __future__ import annotations

import numpy as np
import pytest

import naive_value_tables as naive
from cryoqa_plugin.core import value_tables


def made(shape=(19, 6, 20), seed=2):
    rng = np.random.default_rng(seed)
    return [rng.standard_normal(shape).astype(np.float32) for _ in range(5)]


@pytest.mark.parametrize("count", [1, 2, 3])
def test_sums_and_values_are_those_of_the_naive_twin(count):
    *coordinates, target, own = made()
    coordinates = coordinates[:count]
    axes = [value_tables.axis([c], 6, 1 + i % 2) for i, c in enumerate(coordinates)]
    table = value_tables.empty(axes)
    value_tables.deposit(table, coordinates, target, own)
    total, weight = naive.deposited(axes, coordinates, target, own)
    # places among the nodes are float32
    np.testing.assert_allclose(table.total.reshape(total.shape), total, atol=2e-4)
    np.testing.assert_allclose(table.weight.reshape(weight.shape), weight, atol=2e-4)
    values = np.random.default_rng(3).standard_normal(table.total.shape)
    found = value_tables.read(axes, values, coordinates)
    np.testing.assert_allclose(found, naive.read(axes, values.reshape(total.shape), coordinates), atol=2e-5)


def test_a_voxel_does_not_see_its_own_block():
    target = np.zeros((32, 32, 32), np.float32)
    where = np.indices(target.shape).sum(axis=0) * 0
    for z, y, x in ((0, 0, 0), (16, 16, 0), (16, 0, 16), (0, 16, 16)):
        where[z:z + 16, y:y + 16, x:x + 16] = 1
    target[where == 1] = 5                                  # what one colour holds is what the other reads
    value = np.random.default_rng(1).standard_normal(target.shape).astype(np.float32)
    axes = [value_tables.axis([value], 8, 2)]
    table = value_tables.empty(axes)
    value_tables.deposit(table, [value], target)
    means = table.total / np.maximum(table.weight, 1e-9)
    found = value_tables.read(axes, means, [value])
    np.testing.assert_allclose(found, np.where(where == 1, 0, 5), atol=1e-4)


def test_a_mean_that_is_known_is_found():
    rng = np.random.default_rng(7)
    signal = rng.standard_normal((64, 64, 64)).astype(np.float32)
    one, two = (signal + rng.standard_normal(signal.shape).astype(np.float32) for _ in range(2))
    axes = [value_tables.axis([one], 32, 2)]
    table = value_tables.empty(axes)
    value_tables.deposit(table, [one], two)
    found = value_tables.read(axes, table.total / np.maximum(table.weight, 1e-9), [one])
    near = np.abs(one) < 3
    assert np.abs(found - 0.5 * one)[near].max() < 0.15 and np.corrcoef(found.ravel(), one.ravel())[0, 1] > 0.999


def test_nodes_are_quantiles_with_more_of_them_in_the_tails():
    data = (np.random.default_rng(0).standard_normal((40, 40, 40)) ** 3).astype(np.float32)
    axis = value_tables.axis([data], 10, 2)
    assert axis.at.size == 20 and np.all(np.diff(axis.at) > 0)
    assert axis.at[-1] == pytest.approx(np.quantile(data.ravel()[::1], 1 - 2e-4), rel=1e-6)
    upper = value_tables.axis([data], 10, 1)
    assert upper.at.size == 16 and upper.lookup[0] == 0 and upper.lookup[-1] == 15
    flat = value_tables.axis([np.full((8, 8, 8), 2.0, np.float32)], 10, 2)
    assert flat.at.size == 2 and np.isfinite(flat.scale)
