import numpy as np
import pytest

import naive_shells as naive
from cryoqa_plugin.core import shells, threads
from cryoqa_plugin.core.fourier import forward, geometry

CASES = [((8, 8, 8), (1, 1, 1)), ((9, 9, 9), (1.3, 1.3, 1.3)), ((6, 9, 12), (1, 1, 1)), ((12, 7, 10), (1.0, 1.2, 0.8)),
         ((36, 5, 4), (1, 1, 1))]


def halves(shape, seed=0):
    rng = np.random.default_rng(seed)
    a = rng.standard_normal(shape).astype(np.float32)
    return a, (a + rng.standard_normal(shape)).astype(np.float32)


@pytest.mark.parametrize("shape, voxel", CASES)
def test_cross_sums_equal_the_naive_ones(shape, voxel):
    geo = geometry(shape, voxel)
    f1, f2 = (forward(h) for h in halves(shape))
    got = shells.cross_sums(f1, f2, geo)
    wanted = naive.cross_sums(f1, f2, shape, voxel, geo.n_shells, lambda r: np.floor(r + 0.5 + 1e-9).astype(int))
    for a, b in zip(got, wanted):
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-6 * abs(b).max())


@pytest.mark.parametrize("shape, voxel", CASES)
@pytest.mark.parametrize("corner", [True, False])
def test_fine_sums_equal_the_naive_ones(shape, voxel, corner):
    geo = geometry(shape, voxel)
    f1, f2 = (forward(h) for h in halves(shape))
    got = shells.cross_sums_fine(f1, f2, geo, 3, up_to_corner=corner)
    wanted = naive.cross_sums(f1, f2, shape, voxel, got.count.size, lambda r: np.floor(r * 3 + 1e-9).astype(int))
    for a, b in zip(got, wanted):
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-6 * abs(b).max())


@pytest.mark.parametrize("shape, voxel", CASES)
def test_power_sums_equal_the_naive_ones(shape, voxel):
    geo = geometry(shape, voxel)
    f = forward(halves(shape)[0])
    r, weight = naive.radius(shape, voxel)
    bins = np.floor(r + 0.5 + 1e-9).astype(int)
    wanted = [naive.sums(v, bins, weight, geo.n_shells) for v in (abs(f.astype(complex)) ** 2, abs(f), np.ones(r.shape))]
    for a, b in zip(shells.power_sums(f, geo), wanted):
        np.testing.assert_allclose(a, b, rtol=2e-6)


def test_mates_that_are_stored_can_count_whole():
    geo = geometry((8, 9, 10))
    f = forward(halves((8, 9, 10))[0])
    edges = np.array([20.0])
    power, amplitude, count = shells.power_sums(f, geo, edges, mate_weight=1.0)
    assert count[0] == f.size and amplitude[0] == pytest.approx(abs(f.astype(complex)).sum(), rel=1e-6)
    assert shells.power_sums(f, geo, edges)[2][0] < count[0] and power[0] == pytest.approx((abs(f.astype(complex)) ** 2).sum(), rel=1e-6)


@pytest.mark.parametrize("shape", [(8, 8, 8), (9, 9, 9), (6, 9, 12)])
def test_every_independent_coefficient_counts_once(shape):
    geo = geometry(shape)
    f = forward(halves(shape)[0])
    count = shells.cross_sums_fine(f, f, geo, 1).count.sum()
    own = np.prod([1 if n % 2 else 2 for n in shape])
    assert count == (np.prod(shape) - own) / 2 + own


def test_fsc_of_a_map_with_itself_is_one_and_with_its_negative_minus_one():
    geo = geometry((10, 10, 10))
    f = forward(halves((10, 10, 10))[0])
    np.testing.assert_allclose(shells.fsc(shells.cross_sums(f, 3 * f, geo)), 1, atol=1e-6)
    np.testing.assert_allclose(shells.fsc(shells.cross_sums(f, -f, geo)), -1, atol=1e-6)


def test_fsc_is_zero_without_power():
    geo = geometry((8, 8, 8))
    f = forward(halves((8, 8, 8))[0])
    assert np.all(shells.fsc(shells.cross_sums(f, np.zeros_like(f), geo)) == 0)


def test_rotation_by_90_degrees_changes_nothing():
    a, b = halves((10, 10, 10))
    geo = geometry(a.shape)
    plain = shells.fsc(shells.cross_sums(forward(a), forward(b), geo))
    turned = shells.fsc(shells.cross_sums(forward(np.rot90(a, axes=(0, 2)).copy()), forward(np.rot90(b, axes=(0, 2)).copy()), geo))
    np.testing.assert_allclose(plain, turned, atol=1e-5)


def test_the_answer_does_not_depend_on_the_number_of_threads():
    a, b = halves((40, 6, 6))
    geo = geometry(a.shape)
    f1, f2 = forward(a), forward(b)
    answers = []
    for n in (1, 3):
        threads.set_threads(n)
        answers.append(np.array(shells.cross_sums(f1, f2, geo)))
    threads.set_threads(0)
    assert np.array_equal(*answers)


def test_mates_may_count_twice_as_in_relion():
    shape = (8, 9, 10)
    geo = geometry(shape)
    f1, f2 = (forward(h) for h in halves(shape))
    r, _ = naive.radius(shape)
    wanted = naive.sums((np.conj(f1) * f2).real, np.floor(r + 0.5).astype(int), np.ones(r.shape), geo.n_shells)
    np.testing.assert_allclose(shells.cross_sums(f1, f2, geo, mate_weight=1.0).cross, wanted, rtol=1e-4, atol=1e-3)


def test_running_means_by_a_loop():
    curve = np.random.default_rng(0).standard_normal((11, 2, 3))
    for reach in (0, 1, 2):
        found = shells.running_mean(curve, reach)
        for k in range(11):
            np.testing.assert_allclose(found[k], curve[max(0, k - reach):k + reach + 1].mean(axis=0), atol=1e-12)
