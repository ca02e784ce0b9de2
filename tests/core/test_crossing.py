import numpy as np
import pytest

import naive_crossing as naive
from cryoqa_plugin.core import crossing
from cryoqa_plugin.core.fourier import forward, geometry
from cryoqa_plugin.core.shells import cross_sums, fsc

X = np.arange(8) / 10


def test_plain_crossing_is_interpolated():
    c = crossing.find_crossings(X, np.array([1, 1, 0.9, 0.5, 0.1, 0, 0, 0.0]), 0.3)
    assert c.first == pytest.approx(0.35) and c.state == "crosses" and c.last_above == 3
    assert c.rises == () and not c.late_start


def test_dip_is_seen_and_the_first_fall_counts():
    c = crossing.find_crossings(X, np.array([1, 1, 0.1, 0.9, 0.9, 0.1, 0, 0]), 0.5)
    assert c.first == pytest.approx(0.1 + 0.1 * 0.5 / 0.9)
    assert len(c.falls) == 2 and len(c.rises) == 1


def test_never_crossing():
    c = crossing.find_crossings(X, np.full(8, 0.6), 0.5)
    assert np.isnan(c.first) and c.state == "never" and c.last_above == 7


def test_below_at_the_start():
    late = crossing.find_crossings(X, np.array([0, 0.1, 0.2, 0.9, 0.9, 0.1, 0, 0]), 0.5)
    assert late.late_start and late.state == "crosses" and late.first == pytest.approx(0.45)
    never_above = crossing.find_crossings(X, np.zeros(8), 0.5)
    assert never_above.state == "below" and never_above.last_above == -1 and np.isnan(never_above.first)


def test_nan_counts_as_below():
    c = crossing.find_crossings(X, np.array([1, 1, 0.9, np.nan, 0.9, 0, 0, 0]), 0.5)
    assert c.first == pytest.approx(0.2)


def test_random_curves_equal_the_naive_loop():
    rng = np.random.default_rng(8)
    for _ in range(200):
        y = rng.random(12)
        wanted = naive.first_fall(np.arange(12.0), y, 0.5)
        got = crossing.find_crossings(np.arange(12.0), y, 0.5).first
        assert np.isnan(got) if wanted is None else got == pytest.approx(wanted)


def test_a_threshold_may_depend_on_the_shell():
    c = crossing.find_crossings(X, 1 - X, X)
    assert c.first == pytest.approx(0.5)


def test_published_thresholds():
    n = np.array([1.0, 100.0, 1e12])
    np.testing.assert_allclose(crossing.half_bit(n), (0.2071 + 1.9102 / np.sqrt(n)) / (1.2071 + 0.9102 / np.sqrt(n)), atol=2e-5)
    np.testing.assert_allclose(crossing.one_bit(n), (0.5 + 2.4142 / np.sqrt(n)) / (1.5 + 1.4142 / np.sqrt(n)), atol=2e-5)
    np.testing.assert_allclose(crossing.three_sigma(n), [1, 0.3, 3e-6])


def test_no_mask_leaves_all_coefficients():
    for mask in (np.ones((8, 8, 8), np.float32), np.zeros((8, 8, 8), np.float32)):
        np.testing.assert_allclose(crossing.independent_fraction(mask, geometry(mask.shape)), 1, atol=1e-6)


def test_the_band_holds_the_truth_as_often_as_it_says():
    shape, rng = (16, 16, 16), np.random.default_rng(9)
    geo, inside, total = geometry(shape), 0, 0
    for _ in range(150):
        signal = rng.standard_normal(shape)
        f1, f2 = (forward(signal + rng.standard_normal(shape)) for _ in range(2))
        sums = cross_sums(f1, f2, geo)
        low, high = crossing.confidence_band(fsc(sums), sums.count, 0.9)
        inside += np.count_nonzero((low < 0.5)[2:] & (high > 0.5)[2:])
        total += geo.n_shells - 2
    assert inside / total == pytest.approx(0.9, abs=0.03)


@pytest.mark.parametrize("radius, edge", [(9, 4), (6, 1), (8, 8)])
def test_masked_noise_scatters_as_the_independent_fraction_says(radius, edge):
    shape, rng = (24, 24, 24), np.random.default_rng(10)
    geo = geometry(shape)
    d = np.sqrt(sum((g - 11.5) ** 2 for g in np.mgrid[:24, :24, :24]))
    mask = np.clip((radius - d) / edge, 0, 1).astype(np.float32)
    fraction, scores = crossing.independent_fraction(mask, geo), []
    for _ in range(150):
        sums = cross_sums(*(forward(rng.standard_normal(shape) * mask) for _ in range(2)), geo)
        scores.append(fsc(sums)[4:] * np.sqrt(2 * sums.count * fraction)[4:])
    assert np.std(scores) == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize("threshold", [0.143, 0.5])
def test_first_falls_of_many_curves_are_those_of_each(threshold):
    rng = np.random.default_rng(4)
    curves = rng.uniform(-0.2, 1, (30, 300))
    curves[:, :20] = rng.uniform(0.6, 1, (30, 20))                 # never below
    curves[:, 20:40] = rng.uniform(-0.3, 0.1, (30, 20))            # nowhere above
    curves[:9, 40:60] = 0.0                                        # a late start
    curves[rng.random(curves.shape) < 0.05] = np.nan
    curves[:, 60] = np.nan
    x = np.arange(30) / 115.2
    found = [crossing.find_crossings(x, c, threshold, 1) for c in curves.T]
    assert {f.state for f in found} == {"crosses", "never", "below"}
    expected = [x[-1] if f.state == "never" else f.first for f in found]
    np.testing.assert_array_equal(crossing.first_falls(x, curves, threshold), expected)
