"""False discovery rates against sorting everything, distributions against scipy."""
import numpy as np
import pytest
from scipy import stats

from cryoqa_plugin.core import discovery
from cryoqa_plugin.core.discovery import EmpiricalTail, NormalTail, empirical_tail, even_threshold, normality, q_values


def naive(p, procedure):
    """Adjusted p-values, one at a time."""
    n, order = p.size, np.argsort(p, kind="stable")
    h = sum(1 / k for k in range(1, n + 1))
    out, best = np.empty(n), np.inf
    if procedure == "holm":
        best = 0.0
        for rank, i in enumerate(order, 1):
            best = max(best, (n - rank + 1) * p[i])
            out[i] = min(best, 1)
        return out
    for rank in range(n, 0, -1):
        i = order[rank - 1]
        best = min(best, p[i] * {"yekutieli": n * h / rank, "benjamini": n / rank, "hochberg": n - rank + 1}[procedure])
        out[i] = min(best, 1)
    return out


def heights(seed, n=4000, strong=300):
    rng = np.random.default_rng(seed)
    z = rng.standard_normal(n)
    z[:strong] += rng.exponential(3, strong)
    z[50:80] = z[50]                                         # equal ones
    return rng.permutation(z).astype(np.float32)


@pytest.mark.parametrize("procedure", discovery.PROCEDURES)
@pytest.mark.parametrize("both", [False, True])
def test_every_voxel_as_by_sorting_all(procedure, both):
    for seed in range(3):
        z = np.abs(heights(seed)) if both else heights(seed)
        p = np.where(z > 0, stats.norm.sf(z.astype(np.float64)) * (2 if both else 1), 1.0)
        wanted, got = naive(p, procedure), q_values(z, NormalTail(both), procedure)
        np.testing.assert_allclose(got, wanted, rtol=1e-6, atol=1e-30)
        np.testing.assert_array_equal(got <= 0.01, wanted.astype(np.float32) <= 0.01)
        assert 20 < np.count_nonzero(got <= 0.01) < 400


def test_one_is_found_in_nothing_and_all_in_all():
    assert q_values(np.full(10, -1, np.float32), NormalTail()).tolist() == [1] * 10
    assert q_values(np.full(10, 9, np.float32), NormalTail()).max() < 1e-15
    with pytest.raises(ValueError, match="'no'"):
        discovery.factors(3, np.ones(1), "no")
    assert discovery.harmonic(99) == pytest.approx(discovery.harmonic(100) - 0.01, rel=1e-13)
    assert discovery.harmonic(5000) == pytest.approx(np.sum(1 / np.arange(1, 5001)), rel=1e-13)


def test_the_noise_is_its_own_distribution():
    rng = np.random.default_rng(1)
    noise = rng.standard_t(4, 20_000).astype(np.float32)
    at = np.array([0.5, 2.0, 4.0, 12.0])
    one = (1 + np.array([np.count_nonzero(noise >= np.floor(z * 256) / 256) for z in at])) / 20_001
    np.testing.assert_allclose(empirical_tail(noise, False, False)(at), one, rtol=1e-12)
    both = (1 + np.array([np.count_nonzero(np.abs(noise) >= np.floor(z * 256) / 256) for z in at])) / 20_001
    np.testing.assert_allclose(empirical_tail(noise, True, True)(at), both, rtol=1e-12)
    assert np.array_equal(empirical_tail(noise, True, False)(at), empirical_tail(-noise, True, False)(at))
    assert isinstance(empirical_tail(noise, True, False), EmpiricalTail)
    assert empirical_tail(noise, True, False)(np.array([1e4]))[0] == pytest.approx(1 / 40_001)


def test_heavy_tails_are_found_and_keep_the_rate():
    rng = np.random.default_rng(2)
    noise, other = ((rng.standard_t(4, 200_000) / np.sqrt(2)).astype(np.float32) for _ in range(2))
    assert np.count_nonzero(q_values(other, NormalTail()) <= 0.01) > 100
    assert np.count_nonzero(q_values(other, empirical_tail(noise, True, False)) <= 0.01) == 0
    found = normality(noise, True)
    assert found.excess > 5 and found.probability < 1e-3 and found.anderson > 10
    even = normality(rng.standard_normal(200_000).astype(np.float32))
    assert even.excess == pytest.approx(1, abs=0.3) and even.tail < 0.003 and even.probability > 0.01


def test_distances_and_anderson_darling_by_scipy():
    values = np.random.default_rng(3).normal(0.1, 1.1, 9000).astype(np.float32)
    found = normality(values)
    assert found.distance == pytest.approx(stats.kstest(values.astype(float), "norm").statistic, rel=1e-6)
    wanted = stats.anderson(values.astype(float)).statistic * (1 + 0.75 / 9000 + 2.25 / 9000 ** 2)
    assert found.anderson == pytest.approx(wanted, rel=1e-6)
    assert found.tail < found.distance


@pytest.mark.parametrize("procedure", discovery.PROCEDURES)
def test_one_threshold(procedure):
    z = heights(5)
    lowest = z[q_values(z, NormalTail(), procedure) <= 0.01].min()
    got = even_threshold(z * 3, np.full(z.size, 3, np.float32), NormalTail(), 0.01, procedure)
    below = z[z < lowest].max()
    assert 3 * below < got <= 3 * lowest * (1 + 1e-4)
    assert np.isnan(even_threshold(-z[z > 0], np.ones(np.count_nonzero(z > 0), np.float32), NormalTail(), 0.01, procedure))


def test_a_threshold_of_uneven_noise_keeps_the_rate():
    rng = np.random.default_rng(6)
    sd = rng.uniform(0.4, 1.6, 400_000).astype(np.float32)
    values = sd * rng.standard_normal(sd.size).astype(np.float32)
    values[:20_000] += 8
    level = even_threshold(values, sd, NormalTail(), 0.01, "benjamini")
    above = values >= level
    assert 0.003 < np.count_nonzero(above[20_000:]) / np.count_nonzero(above) < 0.013
