"""Banks of low-pass filters against plain numpy."""
import numpy as np
import pytest

import naive_banks as naive
from cryoqa_plugin.core import banks, threads
from cryoqa_plugin.core.fourier import geometry

CASES = [((16, 16, 16), (1.5, 1.5, 1.5)), ((13, 18, 15), (1.0, 1.2, 0.8))]


def noise(shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def test_the_bank_reaches_both_ends_in_small_steps():
    out = banks.bank(0.05, 0.31, 0.1)
    assert out[0] == pytest.approx(0.05) and out[-1] == 0.31 and np.all(out[1:] / out[:-1] <= 1.1 + 1e-9) and len(out) == 21
    assert list(banks.bank(0.2, 0.2, 0.1)) == [0.2]


@pytest.mark.parametrize("shape, voxel", CASES)
def test_equal_to_the_naive_filter(shape, voxel):
    data, geo = noise(shape), geometry(shape, voxel)
    frequency = np.random.default_rng(1).uniform(0.08, 0.3, shape).astype(np.float32)
    cutoffs = banks.bank(float(frequency.min()), float(frequency.max()), 0.15)
    got = banks.filter_locally(data, geo, banks.positions(frequency, cutoffs), cutoffs, 0.3)
    np.testing.assert_allclose(got, naive.filter_locally(data, voxel, frequency, cutoffs, 0.3), atol=1e-5)


@pytest.mark.parametrize("shape, voxel", CASES)
def test_one_frequency_is_a_global_low_pass(shape, voxel):
    data, geo = noise(shape), geometry(shape, voxel)
    for f, edge, b in ((0.15, 0.2, 0.0), (0.22, 0.02, 0.0), (0.2, 0.5, -60.0), (0.01, 0.2, 0.0)):
        got = banks.filter_locally(data, geo, np.zeros(shape, np.float32), np.array([f]), edge, b)
        np.testing.assert_allclose(got, naive.lowpass(data, voxel, f, edge, b), atol=1e-5 * (1 if b == 0 else 5))


def test_filters_without_a_voxel_are_not_made():
    position = np.array([[[0.0, 3.5, 6.0]]], np.float32)
    np.testing.assert_array_equal(banks.used(position, 8), [1, 0, 0, 1, 1, 0, 1, 0])


def test_filling_carries_frequencies_into_holes():
    shape, geo = (24, 24, 24), geometry((24, 24, 24))
    inside = np.zeros(shape, bool)
    inside[6:18, 6:18, 6:18] = True
    inside[11:13, 11:13, 11:13] = False
    frequency = np.where(inside, 0.25, 0).astype(np.float32)
    out, near = banks.fill_outside(frequency, inside, geo, 3.0, 0.1)
    np.testing.assert_allclose(out[11:13, 11:13, 11:13], 0.25, atol=1e-3)
    assert np.all(out[inside] == np.float32(0.25)) and np.all(near[inside] == 1)
    assert out[0, 0, 0] == pytest.approx(0.1, abs=1e-3) and near[0, 0, 0] == 0
    assert np.all(np.diff(out[12, 12, 18:24]) <= 1e-4) and abs(np.diff(out[12, 12, 16:24])).max() < 0.05


def test_the_number_of_threads_changes_nothing():
    data, geo, before = noise((20, 20, 20)), geometry((20, 20, 20)), threads.get_threads()
    position = np.random.default_rng(2).uniform(0, 2, data.shape).astype(np.float32)
    try:
        out = []
        for n in (1, 2):
            threads.set_threads(n)
            out.append(banks.filter_locally(data, geo, position, np.array([0.1, 0.2, 0.3]), 0.2))
    finally:
        threads.set_threads(before)
    np.testing.assert_array_equal(*out)
