"""Sums of waves against whole transforms."""
from __future__ import annotations

import naive_pruned as naive
import numpy as np
import pytest

from cryoqa_plugin.core import pruned, threads
from cryoqa_plugin.core.monogenic import reach_of

SHAPES = ((12, 14, 16), (13, 15, 11), (12, 13, 18))
REGIONS = (None, (slice(2, 9), slice(3, 11), slice(1, 10)))


def _case(shape, f, region=None):
    """A map, the part of it up to ``f`` and its folded coefficients, and the waves of the region."""
    data = np.random.default_rng(3).standard_normal(shape).astype(np.float32)
    region = region or tuple(slice(0, n) for n in shape)
    ft, reach = np.fft.rfftn(data.astype(float)), reach_of(f, shape, np.array([1 / n for n in shape]))
    axes = [pruned.waves(*a) for a in zip(shape, region, _tops(reach))]
    z, y, x = pruned.shift(reach, axes)
    cube = ft[np.ix_(*reach)] * z[:, None, None] * y[:, None] * x / data.size
    return data, naive.low_pass(ft, shape, reach)[region], pruned.fold_cube(cube.astype(np.complex64)), axes


def _tops(reach):
    return [len(reach[0]) // 2, len(reach[1]) // 2, len(reach[2]) - 1]


@pytest.mark.parametrize("m, k, n", [(1, 1, 1), (4, 4, 5), (7, 9, 6), (8, 3, 17)])
def test_product(m, k, n):
    rng = np.random.default_rng(1)
    a, b = (rng.standard_normal(s).astype(np.float32) for s in ((m, k), (k, n)))
    out = np.full((m + 1, n + 2), np.float32(7))
    pruned._product(a, b, out, m, n)
    assert out[:m, :n] == pytest.approx(naive.product(a, b), abs=1e-5) and (out[m] == 7).all() and (out[:, n:] == 7).all()


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("f", [0.05, 0.2, 0.44])
@pytest.mark.parametrize("region", REGIONS)
def test_unfold(shape, f, region):
    _, expected, folded, axes = _case(shape, f, region)
    out = np.empty(expected.shape, np.float32)
    pruned.unfold(folded, axes, pruned.full_limits(out.shape), out)
    assert out == pytest.approx(expected, abs=2e-6)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("region", REGIONS)
def test_amplitude(shape, region):
    _, low, folded, axes = _case(shape, 0.3, region)
    whole, out = np.random.default_rng(5).standard_normal((2,) + low.shape).astype(np.float32), np.empty(low.shape, np.float32)
    pruned.amplitude((folded * s for s in (np.float32(1), np.float32(2))), axes, pruned.full_limits(out.shape), whole, out)
    assert out == pytest.approx(np.sqrt((whole[0] - low) ** 2 + (whole[1] - 2 * low) ** 2), abs=5e-6)


@pytest.mark.parametrize("shape", SHAPES)
def test_fold_map(shape):
    data = np.random.default_rng(6).standard_normal(shape).astype(np.float32)
    tops = [3, 4, 5]
    axes = [pruned.waves(n, slice(0, n), t) for n, t in zip(shape, tops)]
    assert pruned.fold_map(data, axes) == pytest.approx(naive.folded_sums(data.astype(float), tops), abs=2e-4)


@pytest.mark.parametrize("shape", SHAPES)
def test_limits_hold_what_is_wanted_and_the_rest_is_left(shape):
    _, expected, folded, axes = _case(shape, 0.3)
    where = np.random.default_rng(7).random(shape) > 0.97
    where[:3], where[:, :3], where[:, -3:], where[..., -4:] = False, False, False, False
    limits = pruned.limits_of(where)
    out = np.full(shape, np.nan, np.float32)
    pruned.unfold(folded, axes, limits, out)
    assert out[where] == pytest.approx(expected[where], abs=2e-6) and np.isnan(out[:3]).all() and np.isnan(out[:, 0]).all()
    assert (limits[:3] == 0).all() and (limits <= pruned.full_limits(shape)).all()


def test_threads_change_nothing():
    _, expected, folded, axes = _case((12, 14, 16), 0.4)
    found = []
    try:
        for count in (1, 3):
            threads.set_threads(count)
            out = np.empty(expected.shape, np.float32)
            pruned.unfold(folded, axes, pruned.full_limits(out.shape), out)
            found += [out, pruned.fold_map(out, axes)]
    finally:
        threads.set_threads(0)
    assert np.array_equal(found[0], found[2]) and np.array_equal(found[1], found[3])
