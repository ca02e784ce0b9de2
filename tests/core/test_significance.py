"""P-values, false discovery rate, SSNR and information against definitions, permutations and simulated noise."""
import numpy as np
import pytest
from scipy import stats

import naive_pairs as naive
from cryoqa_plugin.core import crossing, significance
from cryoqa_plugin.core.fourier import forward, geometry
from cryoqa_plugin.core.shells import cross_sums, fsc


def noise(n, rng):
    return rng.standard_normal(n) + 1j * rng.standard_normal(n)


@pytest.mark.parametrize("n, truth", [(12, 0.3), (30, 0.25), (100, 0.12), (400, 0.05), (400, -0.03)])
def test_closed_form_agrees_with_permutations(n, truth):
    rng = np.random.default_rng(n)
    common = noise(n, rng)
    f1, f2 = (np.sqrt(abs(truth)) * (1 if i == 0 else np.sign(truth)) * common + np.sqrt(1 - abs(truth)) * noise(n, rng) for i in (0, 1))
    r = np.sum((np.conj(f1) * f2).real) / np.sqrt(np.sum(abs(f1) ** 2) * np.sum(abs(f2) ** 2))
    wanted = naive.permutation_probability(f1, f2, 4000, rng, turn=n < 100)
    got = float(significance.noise_probability(np.array([r]), np.array([n]))[0])
    assert got == pytest.approx(wanted, abs=4 * np.sqrt(wanted * (1 - wanted) / 4000) + 0.012)


def test_it_is_the_t_test_of_an_uncentred_correlation():
    r, n = np.array([-0.4, 0.0, 0.3, 0.9]), 7
    t = r * np.sqrt((2 * n - 1) / (1 - r ** 2))
    np.testing.assert_allclose(significance.noise_probability(r, np.full(4, n)), stats.t.sf(t, 2 * n - 1), rtol=1e-9)
    np.testing.assert_allclose(significance.noise_probability(np.array([1.0, -1.0, 0.9]), np.array([5, 5, 0.4])), [0, 1, 1], atol=1e-12)


def test_limit_is_the_inverse():
    count = np.array([3.0, 40.0, 1000.5])
    for p in (0.3, 0.01, 1e-5):
        np.testing.assert_allclose(significance.noise_probability(significance.correlation_limit(p, count), count), p, rtol=1e-6)
    assert significance.correlation_limit(0.01, np.array([0.3]))[0] == 1


@pytest.mark.parametrize("masked", [False, True])
def test_p_values_of_noise_are_uniform(masked):
    shape, seen = (32, 32, 32), []
    geo, rng = geometry(shape), np.random.default_rng(3)
    z, y, x = np.meshgrid(*(np.arange(32) - 16,) * 3, indexing="ij", sparse=True)
    mask = np.clip((11 - np.sqrt(z ** 2 + y ** 2 + x ** 2)) / 4, 0, 1).astype(np.float32) if masked else np.ones(shape, np.float32)
    fraction = crossing.independent_fraction(mask, geo)
    for _ in range(60):
        sums = cross_sums(*(forward(mask * rng.standard_normal(shape)) for _ in range(2)), geo)
        seen.append(significance.noise_probability(fsc(sums), sums.count * fraction)[4:])
    seen = np.concatenate([s[::3] for s in seen])                             # neighbouring shells of masked maps are related
    assert stats.kstest(seen, "uniform").statistic < 0.09
    assert np.mean(seen < 0.05) < 0.085


def test_adjusted_values():
    p = np.random.default_rng(1).random(30) ** 3
    np.testing.assert_allclose(significance.adjusted(p), naive.yekutieli(p), rtol=1e-12)
    assert np.all(significance.adjusted(p, "hochberg") <= significance.adjusted(p))
    np.testing.assert_allclose(significance.adjusted(np.array([0.01, 0.04, 0.03]), "hochberg"), [0.03, 0.04, 0.04])
    with pytest.raises(ValueError):
        significance.adjusted(p, "guess")


def test_largest_accepted_divides_the_discoveries():
    p = np.array([1e-6, 1e-4, 2e-3, 0.2, 0.7])
    for rate in (0.01, 0.05):
        limit = significance.largest_accepted(p, rate)
        np.testing.assert_array_equal(p <= limit, significance.adjusted(p) <= rate)


def test_false_discoveries_stay_below_the_rate():
    rng, found = np.random.default_rng(8), 0
    for _ in range(400):
        found += bool(np.any(significance.adjusted(rng.random(60), "hochberg") <= 0.05))
    assert found / 400 < 0.085


def test_ssnr_is_the_ratio_of_sum_and_difference():
    rng, n = np.random.default_rng(4), 20000
    s = 1.5 * noise(n, rng)
    f1, f2 = s + noise(n, rng), s + noise(n, rng)
    f2 *= np.sqrt(np.sum(abs(f1) ** 2) / np.sum(abs(f2) ** 2))
    r = np.sum((np.conj(f1) * f2).real) / np.sum(abs(f1) ** 2)
    ratio = np.sum(abs(f1 + f2) ** 2) / np.sum(abs(f1 - f2) ** 2) - 1
    assert significance.ssnr(np.array([r]))[0] == pytest.approx(ratio, rel=1e-9)
    assert ratio == pytest.approx(4.5, rel=0.03)                                # 2.25 in a half, twice in the mean
    np.testing.assert_allclose(significance.ssnr(np.array([1 / 3, 0.0, 1.0])), [1, 0, np.inf])


def test_band_of_the_ssnr_holds_the_truth_as_often_as_it_says():
    rng, n, held = np.random.default_rng(6), 40, 0
    for _ in range(500):
        s = noise(n, rng)
        f1, f2 = s + noise(n, rng), s + noise(n, rng)
        ratio = np.sum(abs(f1 + f2) ** 2) / np.sum(abs(f1 - f2) ** 2) - 1
        low, high = significance.ssnr_band(np.array([ratio]), np.array([n]), 0.9)
        held += low[0] <= 2.0 <= high[0]
    assert held / 500 == pytest.approx(0.9, abs=0.05)


def test_information_in_bits():
    np.testing.assert_allclose(significance.information(np.array([-0.2, 0.0, 1 / 3, 0.6, 1.0])), [0, 0, 1, 2, 24], atol=1e-6)
