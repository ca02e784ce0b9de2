"""Density modification: gain and verdict against a twin and the truth, noise, predicted correlations, soft faces."""
from __future__ import annotations

import numpy as np
import pytest

import naive_sector_sums as naive
from cryoqa_plugin.core import conditional, fourier, sector_sums, shells
from cryoqa_plugin.core import density_modification as modification

VOXEL = (1.0, 1.0, 1.0)


def made(seed=3, n=48, noise=1.5, part=0.1):
    """Half-maps of sharp peaks in a ball, whose spectrum falls off; the truth; where the ball is."""
    rng = np.random.default_rng(seed)
    k2 = sum(k ** 2 for k in np.meshgrid(*(np.fft.fftfreq(n),) * 3, indexing="ij", sparse=True))
    z, y, x = np.meshgrid(*(np.arange(n) - n // 2,) * 3, indexing="ij")
    ball = np.sqrt(x * x + y * y + z * z) < n * (3 * part / 4 / np.pi) ** (1 / 3)
    truth = np.fft.ifftn(np.fft.fftn((rng.random((n, n, n)) > 0.97) * ball) * np.exp(-40 * k2)).real
    truth /= truth[ball].std()
    return [(truth + noise * rng.standard_normal(truth.shape)).astype(np.float32) for _ in range(2)], truth.astype(np.float32), ball


@pytest.fixture(scope="module")
def found():
    halves, truth, _ = made()
    geo = fourier.geometry(truth.shape, VOXEL)
    return conditional.conditional_means(*(fourier.forward(h) for h in halves), geo, VOXEL, 3.5, 0.1), geo, truth


def true_correlation(data, truth, mask, geo):
    sums = shells.cross_sums(fourier.forward(data * mask), fourier.forward(truth * mask), geo)
    return shells.fsc(sums)


def test_the_gain_is_the_true_one_and_that_of_the_twin(found):
    means, geo, truth = found
    gain = modification.judged(means, geo)
    weights = modification.cross_fitted(means)
    for shell in (6, 12, 17):
        assert gain.by_shell[shell] == pytest.approx(naive.gain(weights, means.sums.signal, means.sums.products, shell), abs=1e-6)
    before = true_correlation((means.bases[0][0] + means.bases[0][1]) / 2, truth, means.mask, geo)
    flat = means._replace(amplitude=(fourier.frequencies(geo) <= 1 / means.finest).astype(float), levels=(0.0, 0.0))
    after = true_correlation(conditional.combined_mean(flat, geo), truth, means.mask, geo)
    true = float((before * (after - before))[gain.used].mean())
    assert gain.verdict == modification.IMPROVED and gain.mean == pytest.approx(true, abs=0.005) and true > 0.015
    predicted = modification.predicted(means.sums, weights, geo, means.finest)
    sure = gain.used & (after > 0.5)
    assert np.median(np.abs(predicted.after - after)[sure]) < 0.03 and np.median(np.abs(predicted.before - before)[sure]) < 0.03


def test_the_mean_of_the_halves_gains_nothing(found):
    means, geo, _ = found
    weights = np.broadcast_to(np.eye(4)[0], (geo.n_shells, sector_sums.SECTORS, 4))
    gain = modification.gain(means.sums, weights, geo, means.finest)
    assert gain.mean == pytest.approx(0, abs=1e-9) and gain.verdict == modification.NO_CHANGE


@pytest.mark.parametrize("way", [
    lambda d: np.clip(d, -0.3 * d.std(), 0.6 * d.std()),
    lambda d: np.sign(d) * np.maximum(np.abs(d) - 2 * d.std(), 0) ** 2])
def test_what_loses_information_is_found_harmed(found, way):
    means, geo, _ = found
    even = means.bases[0]
    sums = sector_sums.sums_of((even, tuple(way(h).astype(np.float32) for h in even)), means.mask, geo)
    weights = np.broadcast_to(np.array([0.0, 1.0]), (geo.n_shells, sector_sums.SECTORS, 2))
    assert modification.gain(sums, weights, geo, means.finest).verdict == modification.HARMED


@pytest.mark.parametrize("seed", [0, 1, *(pytest.param(i, marks=pytest.mark.heavy) for i in range(2, 10))])
def test_noise_alone_is_never_improved(seed):
    rng = np.random.default_rng(seed)
    ft = [fourier.forward(rng.standard_normal((64,) * 3).astype(np.float32)) for _ in range(2)]
    geo = fourier.geometry((64,) * 3, VOXEL)
    assert modification.judged(conditional.conditional_means(*ft, geo, VOXEL, 4.0, 0.1), geo).verdict != modification.IMPROVED


def test_a_basis_that_tells_nothing_gets_no_weight_and_one_that_tells_all_gets_it(found):
    means, geo, truth = found
    noise = np.random.default_rng(9).standard_normal(truth.shape).astype(np.float32)
    ft, even = fourier.forward(noise), means.bases[0]
    wrong = conditional.with_bases(means, [(fourier.inverse(ft, geo.shape),) * 2], geo)
    plain = modification.judged(means, geo)
    assert modification.judged(wrong, geo).mean == pytest.approx(plain.mean, abs=0.005)
    right = conditional.with_bases(means, [((even[0] + even[1]) * 0 + truth,) * 2], geo)
    assert modification.judged(right, geo).mean > plain.mean + 0.02
    again = conditional.rebased(means, means.bases, means.prior, geo)
    np.testing.assert_allclose(again.weights, means.weights, atol=1e-4)


def test_soft_faces():
    edge = modification.border((20, 24, 30), (1.0, 1.0, 2.0), 5.0)
    assert edge.shape == (20, 24, 30) and edge.dtype == np.float32
    assert edge[10, 12, 15] == 1 and edge[10, 12, 0] == pytest.approx(np.sin(np.pi / 2 * 0.5 / 5) ** 2, abs=1e-6)
    assert edge[0, 12, 15] == pytest.approx(np.sin(np.pi / 2 * 1 / 5) ** 2, abs=1e-6)
    np.testing.assert_array_equal(edge, edge[::-1, ::-1, ::-1])


def test_where_a_curve_falls():
    geo = fourier.geometry((40, 40, 40), VOXEL)
    at = fourier.frequencies(geo)
    assert modification.falls_to(1 - at * 1.5, geo, 2.0) == pytest.approx(3.0)
    assert modification.falls_to(np.ones_like(at), geo, 2.5) == 2.5
    assert modification.falls_to(np.zeros_like(at), geo, 2.5) is None
    assert modification.jackknife(np.arange(12.0)) == pytest.approx(np.sqrt(11 / 12 * 143))


def test_a_logistic_is_fitted_as_it_was_made():
    at = np.linspace(0, 1, 40)
    curve = 1 / (1 + np.exp(-(4 - 3 * at - 6 * at ** 3)))
    np.testing.assert_allclose(modification._logistic(at, curve, np.full(40, 100.0), at > 0), curve, atol=1e-3)
