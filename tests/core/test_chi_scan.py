"""Density around the first torsion of side chains, against a twin of plain loops."""
from __future__ import annotations

import naive_chi_scan as naive
import numpy as np
import pytest

from cryoqa_plugin.core import chi_scan

VOXEL = (1.1, 1.3, 0.9)


def _atoms(n, seed, middle=(9.0, 10.0, 8.0), spread=2.0):
    """N, CA, CB and the atom that is turned of some residues, at bond lengths and odd angles."""
    rng = np.random.default_rng(seed)
    ca = np.asarray(middle) + spread * rng.uniform(-1, 1, (n, 3))
    out = [ca]
    for start in (ca, ca, None):
        step = rng.standard_normal((n, 3))
        out.append((out[2] if start is None else start) + 1.5 * step / np.linalg.norm(step, axis=1, keepdims=True))
    return out[1], ca, out[2], out[3]


@pytest.fixture(scope="module")
def data():
    return np.random.default_rng(5).standard_normal((18, 16, 17)).astype(np.float32)


def test_values_are_those_of_an_atom_that_is_turned(data):
    atoms = _atoms(12, 1)
    found = chi_scan.scan(data, *atoms, VOXEL)
    for i, four in enumerate(zip(*atoms)):
        built, values = naive.scan(data, *four, VOXEL)
        assert found.built[i] == pytest.approx(built, abs=1e-8)
        np.testing.assert_allclose(found.values[i], values, atol=1e-9)


def test_what_leaves_the_map_and_what_has_no_torsion_is_no_number(data):
    n, ca, cb, gamma = _atoms(3, 2)
    gamma[1] = cb[1] + 2 * (cb[1] - ca[1])                     # in a line
    far = [p + np.array([[0.0], [0.0], [30.0]]) for p in (n, ca, cb, gamma)]
    found = chi_scan.scan(data, *far, VOXEL)
    assert np.isfinite(found.values[0]).all() and np.isnan(found.values[1]).all() and np.isnan(found.values[2]).any()
    cb[0] = ca[0]                                              # on each other
    assert np.isnan(chi_scan.scan(data, n, ca, cb, gamma, VOXEL).values[0]).all()


def test_many_residues_are_done_in_parts(data, monkeypatch):
    atoms = _atoms(50, 3)
    whole = chi_scan.scan(data, *atoms, VOXEL).values
    monkeypatch.setattr(chi_scan, "_AT_ONCE", 7)
    np.testing.assert_array_equal(chi_scan.scan(data, *atoms, VOXEL).values, whole)


@pytest.mark.parametrize("seed, n", [(1, 1), (2, 7), (3, 60), (4, 300)])
def test_the_score_is_that_of_counting_peak_by_peak(seed, n):
    rng = np.random.default_rng(seed)
    waves = rng.gamma(2.0, 1.0, (n, 72)) * rng.uniform(0.3, 2, (n, 1))
    found = chi_scan.emringer(waves)
    score, z = naive.score(waves.tolist())
    assert found.score == pytest.approx(score, nan_ok=True)
    np.testing.assert_allclose(found.z[np.isfinite(found.z)], z)


def test_peaks_at_rotamers_alone_have_the_highest_score_that_there_is():
    waves = np.zeros((100, 72))
    waves[np.arange(100), np.tile((11, 35, 59, 10), 25)] = np.linspace(1, 2, 100)         # 60, 180, 300 and 55 degrees
    found = chi_scan.emringer(waves)
    assert found.score == pytest.approx(10 * (1 - 39 / 72) / np.sqrt(39 / 72 * 33 / 72))
    assert found.counted[0] == found.rotameric[0] == 100 and found.best == 0


def test_without_a_peak_at_a_rotamer_there_is_no_score():
    waves = np.zeros((5, 72))
    waves[:, 1] = 1.0                                          # 10 degrees
    found = chi_scan.emringer(waves)
    assert found.best == -1 and np.isnan(found.score) and np.isnan(found.z).all()
    assert np.isnan(chi_scan.emringer(np.zeros((0, 72))).score)


def test_rotamers_are_half_of_the_circle():
    inside = chi_scan.is_rotameric(chi_scan.ANGLES)
    assert inside.sum() == 36
    assert [a for a in chi_scan.ANGLES if inside[a // 5 - 1]][:12] == list(range(35, 95, 5))
    np.testing.assert_array_equal(inside, np.roll(inside, 24))


def test_noise_scores_nothing():
    rng = np.random.default_rng(11)
    found = [chi_scan.emringer(rng.standard_normal((400, 72))).score for _ in range(30)]
    assert abs(np.mean(found)) < 0.5 and max(found) < 2
