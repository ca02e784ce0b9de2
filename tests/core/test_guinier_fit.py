import numpy as np
import pytest

from cryoqa_plugin.core import guinier
from cryoqa_plugin.core.filters import apply_radial
from cryoqa_plugin.core.fourier import forward, frequencies, geometry
from cryoqa_plugin.core.shells import power_sums


def test_an_exact_line_is_recovered():
    freq = np.arange(1, 40) / 80
    fit = guinier.fit(freq, 2.0 - 30 * freq ** 2, 10, 0)
    assert fit.bfactor == pytest.approx(-120) and fit.intercept == pytest.approx(2)
    assert fit.r_squared == pytest.approx(1) and fit.bfactor_error == pytest.approx(0, abs=1e-5)


def test_only_the_wanted_shells_count():
    freq = np.arange(1, 41) / 80
    y = -30 * freq ** 2
    y[freq < 0.1 - 1e-9] += 5
    y[freq > 0.25 + 1e-9] += 5
    y[15] = np.nan
    fit = guinier.fit(freq, y, 10, 4)
    assert fit.bfactor == pytest.approx(-120) and fit.n_shells == 12


def test_too_few_shells_give_none():
    assert guinier.fit(np.array([0.1, 0.2]), np.zeros(2), 10) is None


def test_the_same_line_as_polyfit():
    rng = np.random.default_rng(11)
    freq = np.arange(1, 30) / 60
    y = -20 * freq ** 2 + rng.standard_normal(29)
    slope, intercept = np.polyfit(freq ** 2, y, 1)
    fit = guinier.fit(freq, y, 60)
    assert fit.slope == pytest.approx(slope) and fit.intercept == pytest.approx(intercept)
    assert fit.r_squared == pytest.approx(np.corrcoef(freq ** 2, y)[0, 1] ** 2)


def test_weights_are_those_of_a_weighted_polyfit():
    rng = np.random.default_rng(13)
    freq, weights = np.arange(1, 30) / 60, rng.uniform(0.1, 3, 29)
    y = -20 * freq ** 2 + rng.standard_normal(29)
    slope, intercept = np.polyfit(freq ** 2, y, 1, w=np.sqrt(weights))
    fit = guinier.fit(freq, y, 60, weights=weights)
    assert fit.slope == pytest.approx(slope) and fit.intercept == pytest.approx(intercept)


def test_the_bfactor_of_blurred_noise():
    shape = (32, 32, 32)
    geo = geometry(shape, (1.5, 1.5, 1.5))
    fine = np.arange(0, 30, 0.05)
    ft = apply_radial(forward(np.random.default_rng(12).standard_normal(shape)), geo, np.exp(-150 * (fine / 48) ** 2 / 4), at=fine)
    _, amplitude, count = power_sums(ft, geo)
    fit = guinier.fit(frequencies(geo), guinier.log_amplitudes(amplitude, count, 32 ** 3), 10)
    assert fit.bfactor == pytest.approx(-150, abs=3)


def test_log_amplitudes_of_an_empty_shell_are_nan():
    out = guinier.log_amplitudes(np.array([2.0, 0.0]), np.array([1.0, 4.0]), 2)
    assert out[0] == 0 and np.isnan(out[1])
