"""Overfitting of a model: clean ones have no gap, those that follow the noise of a half-map have one, and its error is right."""
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cryoqa_plugin import limits
from cryoqa_plugin.checks import causes_first, evaluate
from cryoqa_plugin.core import filters, fourier, shells
from cryoqa_plugin.demo import make_demo_data
from cryoqa_plugin.errors import InputError, MissingInputError
from cryoqa_plugin.io.maps import read_map
from cryoqa_plugin.io.models import read_model
from cryoqa_plugin.methods.model.model_overfitting import ModelOverfittingParams, compute_model_overfitting
from cryoqa_plugin.results import to_document
from cryoqa_plugin.study import Study
from cryoqa_plugin.study.model_halves import noise_ratio
from overfitted import halves_of, moved, noise_amplitudes, overfitted

UNKNOWN = ModelOverfittingParams()


@pytest.fixture(scope="module")
def demo():
    """Signal, amplitudes of the noise, and the model of the demonstration at 5 Å."""
    one, two = (make_demo_data(box=60, resolution=5.0, seed=s) for s in (1, 2))
    maps = [one.half1, one.half2, two.half1, two.half2]
    noise = maps[0].with_data((maps[0].data - maps[1].data) / np.float32(np.sqrt(2)))
    # of four half-maps the noise is halved: what is left of it is a part of the signal here, and of no half-map made of it
    signal = maps[0].with_data(sum(m.data for m in maps) / 4)
    return signal, noise_amplitudes(noise), one.model


def judged(made):
    document = to_document(made)
    outcomes = causes_first(evaluate(limits.CHECKS["model_overfitting"], document["metrics"]), limits.EXPLAINED)
    return {o["metric"]: o for o in outcomes}


def test_a_model_that_follows_half_map_1_is_named_and_the_true_one_is_not(demo):
    signal, amplitudes, model = demo
    one, two = halves_of(signal, amplitudes, 3)
    clean = compute_model_overfitting(Study(half1=one, half2=two, model=model), UNKNOWN)
    assert 0 <= clean.gap_sigma < 2 and judged(clean)["gap_sigma"]["status"] == "ok" and "equally well" in clean.summary
    fitted = overfitted(model, one, 0.5)
    found = compute_model_overfitting(Study(half1=one, half2=two, model=fitted), UNKNOWN)
    assert found.work == "1" and found.gap_sigma > 4 and found.gap > 4 * abs(clean.gap)
    outcome = judged(found)["gap_sigma"]
    assert outcome["status"] == "warn" and outcome["claim"] == "The model is fitted to the noise of half-map 1"
    assert found.d_fsc_work_05 < found.d_fsc_free_05
    assert found.fsc_average_work - found.fsc_average_free == pytest.approx(found.gap, abs=0.005)


@pytest.mark.heavy
def test_the_same_for_half_map_2_and_with_the_work_half_map_given(demo):
    signal, amplitudes, model = demo
    one, two = halves_of(signal, amplitudes, 4)
    study = Study(half1=one, half2=two, model=overfitted(model, two, 0.5))
    found = compute_model_overfitting(study, UNKNOWN)
    assert found.work == "2" and found.gap_sigma > 4
    right = compute_model_overfitting(study, ModelOverfittingParams(work_half="2"))
    wrong = compute_model_overfitting(study, ModelOverfittingParams(work_half="1"))
    assert right.gap == found.gap and wrong.gap == -found.gap and wrong.fsc_average_work == found.fsc_average_free
    assert judged(wrong)["gap_sigma"]["status"] == "ok" and any("check against which one" in w for w in wrong.warnings)
    assert right.fsc_work.y == pytest.approx(wrong.fsc_free.y)


@pytest.mark.heavy
def test_the_gap_and_its_error_are_those_of_plain_sums(demo):
    signal, amplitudes, model = demo
    study = Study(**dict(zip(("half1", "half2"), halves_of(signal, amplitudes, 5))), model=model)
    found, geo, mask = study.model_halves, study.geometry, study.model_mask.data
    k = [np.fft.fftfreq(n) * n for n in geo.shape]
    shell = np.rint(np.sqrt(k[0][:, None, None] ** 2 + k[1][None, :, None] ** 2 + k[2][None, None, :] ** 2)).astype(int)
    data = [np.fft.fftn(a) for a in ((study.half1.data - _level(study.half1.data, mask)) * mask,
                                     (study.half2.data - _level(study.half2.data, mask)) * mask,
                                     fourier.inverse(study.model_transform(), geo.shape) * mask)]

    def fsc(a, b):
        sums = [np.bincount(shell.ravel(), v.ravel())[:geo.n_shells] for v in ((a.conj() * b).real, abs(a) ** 2, abs(b) ** 2)]
        return sums[0] / np.sqrt(sums[1] * sums[2])

    one, two = fsc(data[0], data[2]), fsc(data[1], data[2])
    assert found.with1[1:] == pytest.approx(one[1:], abs=2e-4) and found.with2[1:] == pytest.approx(two[1:], abs=2e-4)
    use = (found.freq >= 0.1) & (found.freq <= 1 / found.resolution)
    count = np.bincount(shell.ravel())[:geo.n_shells]
    assert found.inside.mean1 == pytest.approx(np.average(one[use], weights=count[use]), abs=1e-4)
    wanted = np.std(_scatter(study, 24))
    assert found.inside.error == pytest.approx(wanted, rel=0.45)


def _level(data, mask):
    return np.average(data, weights=1 - mask)


def _scatter(study, n):
    """Gaps of the true model with ``n`` pairs of half-maps of other noise."""
    noise = noise_amplitudes(study.half1.with_data((study.half1.data - study.half2.data) / np.float32(np.sqrt(2))))
    mean = study.average
    pairs = (halves_of(mean, noise, 100 + i) for i in range(n))
    return [Study(half1=a, half2=b, model=study.model).model_halves.inside.difference for a, b in pairs]


@pytest.mark.heavy
def test_half_maps_of_unequal_noise_and_scale_make_no_gap(demo):
    signal, amplitudes, model = demo
    one, two = halves_of(signal, amplitudes, 6, ratio=1.5, scale=3.0)
    found = compute_model_overfitting(Study(half1=one, half2=two, model=model), UNKNOWN)
    assert found.noise_ratio == pytest.approx(1.5, abs=0.06)
    assert found.gap_sigma < 3 and abs(found.fsc_average_work - found.fsc_average_free) > 3 * found.gap_error
    same = compute_model_overfitting(Study(half1=one.with_data(one.data * np.float32(40) + np.float32(3)), half2=two, model=model), UNKNOWN)
    assert same.gap == pytest.approx(found.gap, abs=1e-4) and same.gap_error == pytest.approx(found.gap_error, rel=1e-3)


@pytest.mark.parametrize("fall", [0.0, 1.3])
def test_the_ratio_of_noise_is_found_where_it_is_known(fall):
    signal, count = np.exp(-np.arange(40) / 6.0), np.arange(40) ** 2.0 + 1
    noise, square = np.full(40, 0.2), np.linspace(0, 1, 40) ** 2
    scale = 3 * np.exp(-fall * square)
    sums = shells.CrossSums(scale * signal * count, (signal + noise) * count, scale ** 2 * (signal + 0.7 * noise) * count, count)
    found = noise_ratio(sums, square, np.ones(40, bool))
    assert found.value == pytest.approx(0.7, abs=1e-4) and found.scale == pytest.approx(scale, rel=1e-4) and found.error < 1e-3
    none = noise_ratio(sums, square, np.arange(40) < 4)
    assert none.value == 1 and none.error == 0


@pytest.mark.heavy
def test_half_maps_that_fall_off_differently_make_no_gap(demo):
    signal, amplitudes, model = demo
    one, two = halves_of(signal, amplitudes, 11)
    geo = fourier.geometry(one.shape, one.voxel_size)
    blur = np.exp(-60 * fourier.frequencies(geo) ** 2 / 4)
    blurred = two.with_data(fourier.inverse(filters.apply_radial(fourier.forward(two.data), geo, blur), two.shape))
    bare, found = (compute_model_overfitting(Study(half1=one, half2=h, model=model), UNKNOWN) for h in (two, blurred))
    assert found.noise_ratio == pytest.approx(1, abs=0.05)
    assert found.gap_sigma < 3 and found.gap == pytest.approx(bare.gap, abs=0.3 * bare.gap_error)
    assert bare.gap_error <= found.gap_error < 1.3 * bare.gap_error


@pytest.mark.heavy
def test_copies_and_half_maps_of_noise_tell_nothing(demo):
    signal, amplitudes, model = demo
    one, two = halves_of(signal, amplitudes, 7)
    copies = compute_model_overfitting(Study(half1=one, half2=one.with_data(one.data.copy()), model=model), UNKNOWN)
    assert copies.gap is None and "copies of each other" in copies.summary
    assert judged(copies)["half_maps_identical"]["status"] == "fail" and judged(copies)["gap_sigma"]["status"] == "skipped"
    turned = compute_model_overfitting(Study(half1=one, half2=two.with_data(np.ascontiguousarray(two.data[:, ::-1])), model=model), UNKNOWN)
    assert turned.gap is None and "mirror" in turned.summary


def test_what_cannot_be_compared_is_refused_in_a_sentence(demo):
    signal, amplitudes, model = demo
    one, two = halves_of(signal, amplitudes, 8)
    with pytest.raises(MissingInputError):
        compute_model_overfitting(Study(half1=one, model=model), UNKNOWN)
    with pytest.raises(InputError, match="lies in the box"):
        compute_model_overfitting(Study(half1=one, half2=two, model=moved(model, model.xyz + 1000.0)), UNKNOWN)
    off = compute_model_overfitting(Study(half1=one, half2=two, model=moved(model, model.xyz + 1.2)), UNKNOWN)
    assert off.model_place_words and judged(off)["model_shift"]["status"] == "warn" and judged(off)["gap_sigma"]["status"] != "warn"
    far = compute_model_overfitting(Study(half1=one, half2=two, model=moved(model, model.xyz + 8.0)), UNKNOWN)
    assert "agrees with neither" in far.summary


@pytest.mark.heavy
def test_the_map_changes_the_full_curve_only(demo):
    signal, amplitudes, model = demo
    one, two = halves_of(signal, amplitudes, 9)
    bare = compute_model_overfitting(Study(half1=one, half2=two, model=model), UNKNOWN)
    full = compute_model_overfitting(Study(half1=one, half2=two, full_map=replace(signal), model=model), UNKNOWN)
    assert full.gap == pytest.approx(bare.gap, abs=5e-4)
    within = bare.fsc_full.x < 1 / bare.resolution
    assert (full.fsc_full.y > bare.fsc_full.y)[within].mean() > 0.9
    assert (bare.fsc_full.y > np.maximum(bare.fsc_work.y, bare.fsc_free.y) - 0.02)[within].mean() > 0.9


@pytest.mark.realdata
@pytest.mark.heavy
def test_twenty_seeds(sim_case):
    folder = sim_case("p96")
    half, signal = read_map(str(folder / "p96_half1.mrc")), read_map(str(folder / "p96_signal.mrc"))
    model = read_model(str(folder / "p96_model.pdb"))
    amplitudes = noise_amplitudes(half.with_data(half.data - signal.data))
    clean, fitted = [], []
    for seed in range(20):
        one, two = halves_of(signal, amplitudes, 1000 + seed)
        first = ModelOverfittingParams(work_half="1")
        clean.append(compute_model_overfitting(Study(half1=one, half2=two, model=model), first).gap_sigma)
        work = overfitted(model, one, 0.25)
        fitted.append(compute_model_overfitting(Study(half1=one, half2=two, model=work), first).gap_sigma)
    clean, fitted = np.array(clean), np.array(fitted)
    assert 0.6 < np.sqrt((clean ** 2).mean()) < 1.4 and np.count_nonzero(abs(clean) > 2) <= 2 and abs(clean).max() < 3, clean
    assert fitted.min() > 3, fitted
