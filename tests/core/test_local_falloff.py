"""Local gain and slope of the signal: against a twin, and on powers drawn from known fall-offs."""
from __future__ import annotations

import numpy as np
import pytest

import naive_local_falloff as naive
from cryoqa_plugin.core import local_falloff

AT = np.linspace(0.05, 0.5, 24)
OFFSET = (AT / 0.35) ** 2 - 0.5
SIGNAL = 100 * np.exp(-12 * AT ** 2)
COUNT = 20 + 400 * AT ** 2


def drawn(gain, slope, n, noise=3.0, seed=0):
    """Powers at n points, float32 [bands, n], and their noise."""
    expected = SIGNAL * np.exp(gain + slope * OFFSET) + noise
    rng = np.random.default_rng(seed)
    total = expected[:, None] * rng.chisquare(2 * COUNT[:, None], (AT.size, n)) / (2 * COUNT[:, None])
    return total.astype(np.float32), np.full((AT.size, n), noise, dtype=np.float32)


@pytest.mark.parametrize("gain, slope", [(0.0, 0.0), (1.5, -1.0), (-1.0, 0.8), (-3.0, 0.0)])
def test_equals_the_twin(gain, slope):
    total, noise = drawn(gain, slope, 4)
    found = local_falloff.fit(total, noise, SIGNAL, COUNT, OFFSET)
    gains, slopes = naive.fit(total.astype(float), noise.astype(float), SIGNAL, COUNT, OFFSET)
    np.testing.assert_allclose(found.gain, gains, atol=0.02)
    np.testing.assert_allclose(found.slope, slopes, atol=0.02)


@pytest.mark.parametrize("gain, slope", [(0.0, 0.0), (1.5, -1.5), (-0.5, 1.0)])
def test_known_fall_offs_come_back_with_their_error(gain, slope):
    total, noise = drawn(gain, slope, 2000)
    found = local_falloff.fit(total, noise, SIGNAL, COUNT, OFFSET)
    assert found.gain.mean() == pytest.approx(gain, abs=0.03)
    assert found.slope.mean() == pytest.approx(slope, abs=0.03)
    assert found.slope.std() == pytest.approx(found.error.mean(), rel=0.15)


def test_noise_alone_is_little_signal_and_keeps_the_slope():
    total, noise = drawn(-np.inf, 0.0, 500)
    found = local_falloff.fit(total, noise, SIGNAL, COUNT, OFFSET)
    left = SIGNAL[:, None] * np.exp(found.gain + found.slope * OFFSET[:, None])
    assert (left / (left + noise)).mean() < 0.06
    assert np.isfinite(found.slope).all() and np.isfinite(found.error).all()


def test_no_power_at_all_is_survived():
    nothing = np.zeros((AT.size, 3), dtype=np.float32)
    found = local_falloff.fit(nothing, nothing, SIGNAL, COUNT, OFFSET)
    assert np.isfinite(found.gain).all() and np.isfinite(found.slope).all()
