"""Ideal spectrum, fall-off, and correlations made fit for weights."""
from __future__ import annotations

import numpy as np
import pytest

from cryoqa_plugin.core import density, fourier, shells
from cryoqa_plugin.io.models import read_model
from cryoqa_plugin.methods.sharpening import spectrum

FREQ = np.arange(49) / 96
COUNT = 2 * np.pi * np.arange(49.0) ** 2 + 1


def _fsc(noise=0.0, seed=1):
    snr = 300 * np.exp(-50 * FREQ ** 2)
    cc = snr / (1 + snr)
    return cc + noise * np.random.default_rng(seed).standard_normal(49) * (1 - cc) / np.sqrt(COUNT), cc


def test_the_fall_off_is_found_again():
    power = spectrum.protein_power(FREQ) * 7 * np.exp(-130 * FREQ ** 2 / 2)
    found = spectrum.fit_fall_off(FREQ, power, COUNT, 2.6)
    assert found.bfactor == pytest.approx(130) and found.scale == pytest.approx(7) and found.error < 1e-6
    np.testing.assert_allclose(spectrum.protein_power(FREQ) * found.power(FREQ), power)
    assert spectrum.fit_fall_off(FREQ, power, COUNT, 40.0) is None


def test_solvent_takes_away_at_low_resolution_only():
    ratio = spectrum.protein_power(FREQ, 0.8, 200.0) / spectrum.protein_power(FREQ)
    assert ratio[0] == pytest.approx(0.04) and ratio[-1] > 0.99


def test_the_ideal_keeps_the_shape_of_the_data_where_it_is_trusted():
    bumps = 1 + 0.5 * np.sin(40 * FREQ)
    fall = spectrum.FallOff(100.0, 3.0, 1.0, 20)
    signal = spectrum.protein_power(FREQ) * bumps * fall.power(FREQ)
    full, none = (spectrum.ideal_power(FREQ, signal, np.full(49, t), fall, 40.0) for t in (1.0, 0.0))
    np.testing.assert_allclose(full / none, bumps)
    np.testing.assert_allclose(none, spectrum.protein_power(FREQ) * np.exp(-20 * FREQ ** 2))
    np.testing.assert_allclose(spectrum.ideal_power(FREQ, signal, np.ones(49), None), spectrum.protein_power(FREQ))


def test_the_tail_is_nearer_to_the_truth_than_what_was_measured():
    for seed in range(5):
        noisy, true = _fsc(0.7, seed)
        found = spectrum.tidy(FREQ, noisy, COUNT)
        tail = FREQ >= found.tail
        assert np.abs(found.cc - true)[tail].mean() < 0.02 and found.cc.min() >= 0
        assert 1 / found.tail == pytest.approx(2.7, abs=0.2)
        assert found.rate == pytest.approx(50, rel=0.3)
    assert spectrum.tidy(FREQ, noisy, COUNT, cc_cut=0.0).tail is None


def test_a_baseline_is_taken_out_unless_it_is_too_high():
    _, true = _fsc()
    small = spectrum.tidy(FREQ, true + 0.1 * (1 - true), COUNT)
    assert small.baseline == pytest.approx(0.1, abs=0.01) and np.abs(small.cc - true).max() < 0.02
    assert spectrum.tidy(FREQ, true + 0.1 * (1 - true), COUNT, last_bins=0).baseline == 0
    assert spectrum.tidy(FREQ, true + 0.3 * (1 - true), COUNT).baseline == 0
    assert spectrum.tidy(FREQ, true + 0.3 * (1 - true), COUNT, max_cc_for_rescale=0.5).baseline == pytest.approx(0.3, abs=0.01)


def test_wiener_weights():
    cc = np.array([0.0, 0.143, 0.5, 1.0])
    np.testing.assert_allclose(spectrum.part_explained(cc), 2 * cc / (1 + cc))
    noise_over_signal = (1 - cc[1:]) / (2 * cc[1:])
    np.testing.assert_allclose(spectrum.part_explained(cc, 4.0)[1:], 1 / (1 + noise_over_signal / 4))


def test_the_error_and_completeness_of_a_model_are_divided_out():
    true = _fsc()[1]
    cc = 0.8 * np.exp(-8 * np.pi ** 2 * 0.6 ** 2 / 3 * FREQ ** 2 / 4) * true
    assert spectrum.estimate_fraction(cc, FREQ, 0.6) == pytest.approx(0.64, abs=0.01)
    np.testing.assert_allclose(spectrum.correlation_with_truth(cc, FREQ, 0.6, 0.64), true, atol=1e-9)
    np.testing.assert_allclose(spectrum.correlation_with_truth(cc, FREQ, 0.6), true, atol=0.01)


@pytest.mark.realdata
@pytest.mark.parametrize("name", ["5ni1.pdb", "7pbl.pdb"])
def test_the_table_is_that_of_real_proteins(shared, name):
    model = read_model(str(shared / "data" / "models" / name))
    keep = np.array([r.name != "HOH" and a.element.name in "CNOS" for c in model.structure[0] for r in c for a in r])
    xyz = model.xyz[keep]
    box, voxel = 108, 1.5
    ft = density.model_density_ft([e for e, k in zip(model.elements, keep) if k], xyz, np.zeros(len(xyz)), np.ones(len(xyz)), (box,) * 3,
                                  (voxel,) * 3, (xyz.min(0) + xyz.max(0)) / 2 - box * voxel / 2, b_zero=True)
    geo = fourier.geometry((box,) * 3, (voxel,) * 3)
    freq = fourier.frequencies(geo)
    power, _, count = shells.power_sums(ft, geo)
    use = (freq > 1 / 8) & (freq < 0.32)
    ratio = (power / count / len(xyz) * voxel ** 6)[use] / spectrum.protein_power(freq[use])
    assert np.abs(np.log(ratio)).mean() < 0.12 and np.abs(np.log(ratio).mean()) < 0.08
