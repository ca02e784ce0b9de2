"""The spread that outliers do not widen."""
import numpy as np
import pytest

from cryoqa_plugin.core.robust import GAUSSIAN, robust_sd


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_it_is_the_standard_deviation_of_a_gaussian_whatever_outliers_are(dtype):
    values = (3 + 2 * np.random.default_rng(1).standard_normal(100_001)).astype(dtype)
    assert robust_sd(values) == pytest.approx(2, rel=0.01)
    spoiled = values.copy()
    spoiled[:1000] = 1e6
    assert robust_sd(spoiled) == pytest.approx(2, rel=0.04) and spoiled.std() > 1e4
    assert robust_sd(values, 3.0) == pytest.approx(robust_sd(values), rel=0.01)
    # As it was written in each place before, to the last bit.
    assert robust_sd(values) == GAUSSIAN * float(np.median(np.abs(values - np.median(values))))


def test_by_hand():
    assert robust_sd(np.array([1.0, 2.0, 4.0, 8.0, 100.0])) == pytest.approx(1.4826 * 3)
    assert robust_sd(np.array([1.0, -2.0, 3.0]), 0.0) == pytest.approx(1.4826 * 2) and robust_sd(np.array([5.0])) == 0
