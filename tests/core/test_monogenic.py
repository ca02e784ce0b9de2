"""The monogenic amplitude against its naive twin, and of waves whose amplitude is known."""
from __future__ import annotations

import naive_monogenic as naive
import numpy as np
import pytest

from cryoqa_plugin.core import monogenic
from cryoqa_plugin.core.monogenic import Monogenic, low_pass_at, reach_of
from cryoqa_plugin.core.pruned import limits_of

SHAPES = ((24, 24, 24), (15, 22, 19))
WAVE = np.cos(2 * np.pi * 6 * np.arange(48) / 48)


def _data(shape, seed=1):
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32) + 3


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("f", [0.0, 0.06, 0.2, 0.37, 0.49])
def test_amplitude_is_that_of_the_twin(shape, f):
    data = _data(shape)
    expected = naive.amplitude(np.fft.rfftn(data.astype(float)), shape, f, low=False)
    assert Monogenic(data).amplitude(f) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("f", [0.06, 0.2, 0.47])
def test_low_pass_is_that_of_the_twin(shape, f):
    data = _data(shape)
    expected = naive.amplitude(np.fft.rfftn(data.astype(float)), shape, f)
    source, where = Monogenic(data), np.random.default_rng(2).random(shape) > 0.6
    where[3:5] = False
    found = low_pass_at(source.amplitude(f), source.steps, (f, min(f + 0.02, 0.5)), where)
    assert found == pytest.approx(expected[where], abs=1e-5)


@pytest.mark.parametrize("shape", SHAPES)
def test_sums_and_transforms_agree(shape, monkeypatch):
    data = _data(shape)
    source, where = Monogenic(data), np.random.default_rng(3).random(shape) > 0.5
    out = []
    for most in (1000, 0):
        monkeypatch.setattr(monogenic, "_SUMS", most)
        monkeypatch.setattr(monogenic, "_SUMS_BOTH", most)
        out.append((source.amplitude(0.21), low_pass_at(source.amplitude(0.3), source.steps, (0.3, 0.32), where)))
    assert out[0][0] == pytest.approx(out[1][0], abs=2e-6) and out[0][1] == pytest.approx(out[1][1], abs=2e-6)


def test_limits_and_a_buffer():
    data = _data((20, 23, 18))
    where = np.zeros(data.shape, bool)
    where[4:9, 5:20, 6:13] = True
    source, out = Monogenic(data), np.empty(data.shape, np.float32)
    assert source.amplitude(0.2, limits=limits_of(where), out=out) is out
    assert out[where] == pytest.approx(source.amplitude(0.2)[where], abs=1e-6)


def test_a_region_is_a_part_of_the_whole():
    data, region = _data((20, 23, 18)), (slice(2, 9), slice(3, 20), slice(5, 17))
    assert Monogenic(data, region=region).amplitude(0.2) == pytest.approx(Monogenic(data).amplitude(0.2)[region], abs=1e-6)


def test_leaving_out_what_is_below_changes_nothing_beyond():
    data = _data((20, 23, 18))
    source, plain = Monogenic(data), Monogenic(data)
    source.forget_below(0.2)
    for f in (0.2, 0.35):
        assert source.amplitude(f) == pytest.approx(plain.amplitude(f), abs=1e-4)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_wave_has_a_constant_amplitude(axis):
    shape = [1, 1, 1]
    shape[axis] = 48
    data = np.broadcast_to(WAVE.reshape(shape), (48, 48, 48)).astype(np.float32)
    source = Monogenic(data)
    assert source.amplitude(0.1) == pytest.approx(np.ones(data.shape), abs=1e-4)      # the wave has 0.125 cycles a voxel
    assert source.amplitude(0.15) == pytest.approx(np.zeros(data.shape), abs=1e-4)


def test_frequencies_are_those_of_the_longest_voxel():
    data = np.broadcast_to(WAVE[:, None, None], (48, 48, 48)).astype(np.float32)
    thin = Monogenic(data, voxel_size=(2.0, 1.0, 1.0))                                       # the wave has 0.25 for a voxel of 2 along x
    assert float(thin.amplitude(0.2).mean()) == pytest.approx(1, abs=1e-3)
    assert float(thin.amplitude(0.29).mean()) == pytest.approx(0, abs=1e-3)


def test_reach():
    steps = np.array([1 / 10, 1 / 9, 1 / 8])
    z, y, x = reach_of(0.5, (10, 9, 8), steps)
    assert list(z) == [0, 1, 2, 3, 4, -4, -3, -2, -1] and list(y) == [0, 1, 2, 3, 4, -4, -3, -2, -1] and list(x) == [0, 1, 2, 3]
    z, y, x = reach_of(0.2, (10, 9, 8), steps)
    assert list(z) == [0, 1, 2, -2, -1] and list(y) == [0, 1, -1] and list(x) == [0, 1]
