"""The fsc capability on small synthetic half-maps."""
import dataclasses
import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

import cryoqa_plugin
from cryoqa_plugin import checks, limits, results
from cryoqa_plugin.errors import InputError, MissingInputError
from cryoqa_plugin.io.curves import read_mtf
from cryoqa_plugin.io.maps import Map
from cryoqa_plugin.methods.resolution.fsc import FscParams, FscResult, compute_fsc
from cryoqa_plugin.study import Study


@pytest.fixture(scope="module")
def halves(tiny_halves):
    return Study(half1=tiny_halves["half1"], half2=tiny_halves["half2"], mask=tiny_halves["mask"])


@pytest.fixture(scope="module")
def plain(halves):
    return compute_fsc(halves, FscParams(fit_from=30))


def run(inputs, **values):
    return compute_fsc(inputs, FscParams(**dict(dict(fit_from=30), **values)))


def with_data(inputs, function, kinds=("half1", "half2")):
    return inputs.with_(**{k: getattr(inputs, k).with_data(function(getattr(inputs, k).data)) for k in kinds})


def noise_maps(fsc_of_shell, box=32, voxel=2.0, seed=0):
    """Half-maps of white noise whose correlation in shell ``i`` is ``fsc_of_shell(i)``."""
    rng = np.random.default_rng(seed)
    k = np.fft.fftfreq(box, 1 / box)
    r = np.sqrt(k[:, None, None] ** 2 + k[None, :, None] ** 2 + np.arange(box // 2 + 1)[None, None, :] ** 2)
    c = np.clip(fsc_of_shell(r), 0, 1)
    common, *own = (np.fft.rfftn(rng.standard_normal((box,) * 3)) for _ in range(3))
    data = [np.fft.irfftn(np.sqrt(c) * common + np.sqrt(1 - c) * n, (box,) * 3).astype(np.float32) for n in own]
    return Study(half1=Map(data[0], (voxel,) * 3), half2=Map(data[1], (voxel,) * 3))


def statuses(result):
    document = results.to_document(result)
    return {c["metric"]: c["status"] for c in checks.evaluate(limits.CHECKS["fsc"], document["metrics"])}


def test_curves_and_resolutions_are_sane(plain, halves):
    assert plain.fsc_unmasked.y[1:6].min() > 0.9
    assert plain.resolution_masked_0143 <= plain.resolution_unmasked_0143 + 0.05
    assert plain.resolution == plain.resolution_corrected_0143
    assert plain.resolution_better <= plain.resolution <= plain.resolution_worse
    assert plain.resolution_relion >= plain.resolution
    assert np.all(plain.fsc_true.lower <= plain.fsc_true.y) and np.all(plain.fsc_true.upper >= plain.fsc_true.y)
    assert plain.sharpened.origin == halves.half1.origin and plain.sharpened.voxel_size == halves.half1.voxel_size
    np.testing.assert_allclose(plain.sharpened_masked.data, plain.sharpened.data * halves.mask.data, atol=1e-6)


def test_document_and_sentence(plain):
    document = results.to_document(plain)
    assert document["schema"] == "cryoqa/fsc/1"
    assert plain.summary.startswith("The half-maps agree to ") and plain.summary.endswith(".")
    assert f"{plain.resolution:.2f}" in plain.summary
    assert len(document["tables"]["resolutions"]["rows"]) == 15
    assert set(statuses(plain)) <= set(document["metrics"])


def test_without_a_mask_there_is_only_the_unmasked_curve(halves):
    result = run(halves.with_(mask=None))
    assert result.fsc_masked is None and result.fsc_true is None and result.resolution_corrected_0143 is None
    assert result.resolution == result.resolution_unmasked_0143 and result.sharpened_masked is None
    assert "mask" not in result.summary


def test_known_crossing_is_found():
    result = run(noise_maps(lambda r: 1 - r / 14, box=48, voxel=2.0))
    for key, threshold in (("0143", 0.143), ("05", 0.5)):
        assert getattr(result, f"resolution_unmasked_{key}") == pytest.approx(96 / (14 * (1 - threshold)), rel=0.1)
    for row, truth in zip(result.resolutions.rows, (96 / (14 * 0.857), 96 / 7)):
        assert row[4] < truth < row[3]


@pytest.mark.heavy
def test_the_interval_holds_the_truth_as_often_as_it_says():
    inside = 0
    for seed in range(60):
        result = run(noise_maps(lambda r: 1 / (1 + np.exp((r - 9) / 1.2)), seed=100 + seed), sharpen=False, threshold=0.5, confidence=0.9)
        inside += result.resolution_better <= 64 / 9 <= result.resolution_worse
    assert 48 <= inside <= 60


def test_scale_swap_and_sign_change_nothing(halves, plain):
    scaled = halves.with_(half1=halves.half1.with_data(halves.half1.data * 7))
    swapped = halves.with_(half1=halves.half2, half2=halves.half1)
    negative = with_data(halves, np.negative)
    for other in (scaled, swapped, negative):
        result = run(other)
        np.testing.assert_allclose(result.fsc_unmasked.y, plain.fsc_unmasked.y, atol=1e-5)
        np.testing.assert_allclose(result.fsc_masked.y, plain.fsc_masked.y, atol=1e-5)
    assert run(scaled).resolution == pytest.approx(plain.resolution, abs=1e-3)


def test_rotation_by_90_degrees_changes_nothing_but_the_random_phases(halves, plain):
    for axes in ((0, 1), (0, 2), (1, 2)):
        turned = with_data(halves, lambda d, axes=axes: np.ascontiguousarray(np.rot90(d, axes=axes)), ("half1", "half2", "mask"))
        result = run(turned)
        np.testing.assert_allclose(result.fsc_unmasked.y, plain.fsc_unmasked.y, atol=1e-4)
        # the fixture's box is even and rot90 turns about its true centre: the mask turns with it
        np.testing.assert_allclose(result.fsc_masked.y, plain.fsc_masked.y, atol=1e-4)


def test_float64_maps_are_taken(halves, plain):
    double = with_data(halves, lambda d: d.astype(np.float64))
    np.testing.assert_allclose(run(double).fsc_true.y, plain.fsc_true.y, atol=1e-5)


@pytest.mark.parametrize("shape, voxel", [((15, 17, 16), (1.0, 1.0, 1.0)), ((20, 14, 11), (1.0, 1.2, 0.9))])
def test_odd_non_cubic_and_anisotropic_boxes(shape, voxel):
    rng = np.random.default_rng(3)
    common = rng.standard_normal(shape)
    a, b = (Map((common + 0.2 * rng.standard_normal(shape)).astype(np.float32), voxel) for _ in range(2))
    mask = np.zeros(shape, np.float32)
    mask[3:-3, 3:-3, 3:-3] = 1
    result = run(Study(half1=a, half2=b, mask=Map(mask, voxel)))
    assert result.fsc_unmasked.y[1:].mean() == pytest.approx(1 / 1.04, abs=0.01)
    assert result.sharpened.data.shape == shape
    assert result.nyquist == pytest.approx(2 * max(voxel), rel=0.25)


def test_identical_half_maps_are_found_out(halves):
    copies = halves.with_(half2=halves.half1.with_data(halves.half1.data * 2))
    result = run(copies)
    assert result.half_maps_identical and result.resolution is None and result.resolution_unmasked_0143 is None
    assert result.summary == "No resolution is given and no map is sharpened: the half-maps are copies of each other."
    assert result.sharpened is None and statuses(result)["half_maps_identical"] == "fail"


def test_masked_half_maps_are_found_out(halves):
    sphere = (halves.mask.data > 0.9).astype(np.float32)
    result = run(with_data(halves, lambda d: d * sphere))
    assert result.half_maps_zero_fraction > 0.5 and result.resolution_curve == "volume"
    assert statuses(result)["half_maps_masked"] == "warn" and statuses(result)["half_maps_damped"] != "warn"


def test_correlated_half_maps_are_found_out():
    result = run(noise_maps(lambda r: np.maximum(1 - r / 8, 0.3)))
    assert result.tail_fsc == pytest.approx(0.3, abs=0.05) and result.reaches_nyquist
    assert statuses(result)["tail_fsc"] == "warn" and "up to the last shell" in result.summary


def test_a_curve_that_rises_at_its_end_is_found_out():
    result = run(noise_maps(lambda r: np.where(r < 13, 1 - r / 8, 0.8)))
    assert result.rise_at_end > 0.5 and result.returns_above >= 1
    assert statuses(result)["rise_at_end"] == statuses(result)["returns_above"] == "warn"


def test_a_dip_is_said_and_the_first_crossing_given():
    result = run(noise_maps(lambda r: np.where(abs(r - 7) < 1, 0.0, np.clip(1.3 - r / 12, 0, 1)), box=48))
    assert result.returns_above == 1 and result.resolution == pytest.approx(96 / 6, rel=0.1)
    assert any("above again" in row[-1] for row in result.resolutions.rows)


def test_half_maps_that_agree_nowhere():
    result = run(noise_maps(lambda r: 0 * r, box=64))
    assert result.resolution is None or result.resolution > 20
    flipped = noise_maps(lambda r: 0 * r + 1)
    result = run(flipped.with_(half2=flipped.half1.with_data(-flipped.half1.data)))
    assert result.resolution is None and "contrast inverted" in result.summary


def test_good_half_maps_raise_no_alarm():
    got = statuses(run(noise_maps(lambda r: 1 / (1 + np.exp(r - 16)), box=64)))
    del got["bfactor"]                                       # white noise has none
    assert set(got.values()) <= {"ok", "skipped"}, got


def test_a_tight_hard_mask_is_found_out():
    inputs = noise_maps(lambda r: np.where(r < 6, 0.999, 0.02), box=48)
    from cryoqa_plugin.core import filters, fourier
    geo = fourier.geometry((48,) * 3)
    steep = np.exp(-np.arange(26) * 0.6)
    steep_maps = with_data(inputs, lambda d: fourier.inverse(
        filters.apply_radial(fourier.forward(d), geo, steep, beyond=steep[-1]), d.shape))
    mask = np.zeros((48,) * 3, np.float32)
    mask[18:30, 18:30, 18:30] = 1
    result = run(steep_maps.with_(mask=Map(mask, (2.0,) * 3)), rules="relion")
    assert statuses(result)["random_fsc_at_resolution"] == "warn"


@pytest.mark.parametrize("name, value, changed", [
    ("threshold", 0.5, "resolution"), ("confidence", 0.6, "resolution_worse"), ("randomise_from", 20.0, "randomised_from"),
    ("seed", 5, "fsc_phase_randomised"), ("repeats", 4, "fsc_phase_randomised"), ("bfactor", -50.0, "sharpened"),
    ("fit_from", 12.0, "bfactor"), ("fit_to", 6.0, "bfactor"), ("low_pass", 12.0, "sharpened"), ("low_pass", -1.0, "sharpened"),
    ("fsc_weighting", False, "sharpened"), ("relion_counting", True, "fsc_unmasked"), ("rules", "relion", "fsc_phase_randomised")])
def test_every_parameter_does_something(halves, plain, name, value, changed):
    old, new = getattr(plain, changed), getattr(run(halves, **{name: value}), changed)
    if isinstance(old, Map):
        assert not np.allclose(old.data, new.data, rtol=1e-3)
    elif isinstance(old, results.Curve):
        assert not np.array_equal(old.y, new.y)
    else:
        assert old != new


def test_sharpening_can_be_left_out(halves):
    result = run(halves, sharpen=False)
    assert result.sharpened is None and result.sharpened_masked is None and result.bfactor is not None


def test_no_bfactor_where_there_is_nothing_to_fit(halves):
    result = run(halves, fit_from=3.2)
    assert result.bfactor is None and result.sharpened is None and "B-factor" in result.warnings[0]
    assert run(halves, fit_from=3.2, bfactor=-30).sharpened is not None


def test_cryosparc_rules_make_their_masks():
    box, rng = 64, np.random.default_rng(4)
    z, y, x = np.mgrid[:box, :box, :box] - box / 2
    blob = np.exp(-(x * x + y * y + z * z) / 200.0)
    a, b = (Map((blob * (1 + rng.standard_normal(blob.shape) * 0.1) + 0.05 * rng.standard_normal(blob.shape)).astype(np.float32),
                (2.0,) * 3) for _ in range(2))
    result = run(Study(half1=a, half2=b), rules="cryosparc")
    assert result.fsc_spherical is not None and result.fsc_loose is not None and result.fsc_masked is not None
    assert result.resolution_spherical_0143 is not None and 0 < result.mask_fraction < 1
    given = run(Study(half1=a, half2=b, mask=a.with_data((blob > 0.5).astype(np.float32))), rules="cryosparc")
    assert given.mask_fraction == pytest.approx((blob > 0.5).mean())


MTF = "data_\n\nloop_\n_rlnResolutionInversePixel #1\n_rlnMtfValue #2\n0.0 1.0\n0.25 0.6\n0.5 0.2\n"


def test_the_mtf_is_divided_out(halves, tmp_path):
    path = tmp_path / "mtf.star"
    path.write_text(MTF)
    without = run(halves.with_(mask=None), bfactor=0, fsc_weighting=False)
    given = halves.with_(mask=None, mtf=read_mtf(str(path)))
    with_mtf = run(given, bfactor=0, fsc_weighting=False)
    half_pixel = run(given, bfactor=0, fsc_weighting=False, mtf_voxel_size=0.75)
    shell = np.arange(17)
    value = np.interp(shell / 32, [0, 0.25, 0.5], [1, 0.6, 0.2])
    np.testing.assert_allclose(with_mtf.guinier_weighted.y - without.guinier_weighted.y, -np.log(value), atol=1e-6)
    value = np.interp(shell / 64, [0, 0.25, 0.5], [1, 0.6, 0.2])
    np.testing.assert_allclose(half_pixel.guinier_weighted.y - without.guinier_weighted.y, -np.log(value), atol=1e-6)
    ratio = abs(np.fft.rfftn(with_mtf.sharpened.data))[0, 0, 1:17] / abs(np.fft.rfftn(without.sharpened.data))[0, 0, 1:17]
    np.testing.assert_allclose(ratio, 1 / np.interp(shell[1:] / 32, [0, 0.25, 0.5], [1, 0.6, 0.2]), rtol=2e-3)


def test_two_mtf_files_of_one_path_give_two_documents(tiny_halves, tmp_path):
    """The inputs of the documents differ where their B-factors do."""
    path, seen = tmp_path / "mtf.star", []
    for text in (MTF, MTF.replace("0.2\n", "0.5\n")):
        path.write_text(text)
        halves = {n: tiny_halves["paths"][n] for n in ("half1", "half2")}
        seen.append(cryoqa_plugin.run("fsc", **halves, mtf=str(path), fit_from=30))
    one, two = seen
    assert one["inputs"]["half1"] == two["inputs"]["half1"] and one["parameters"] == two["parameters"]
    assert one["inputs"]["mtf"]["path"] == two["inputs"]["mtf"]["path"] == str(path)
    assert [d["inputs"]["mtf"]["sha256"] for d in seen] == [hashlib.sha256(t.encode()).hexdigest()
                                                            for t in (MTF, MTF.replace("0.2\n", "0.5\n"))]
    assert one["metrics"]["bfactor"]["value"] > two["metrics"]["bfactor"]["value"] + 10
    with pytest.raises(MissingInputError, match=r"MTF of the detector \(mtf\) 'nowhere.star' does not exist"):
        cryoqa_plugin.run("fsc", half1=tiny_halves["paths"]["half1"], half2=tiny_halves["paths"]["half2"], mtf="nowhere.star")


def test_bad_inputs_get_one_sentence(halves):
    small = Map(np.random.default_rng(0).standard_normal((16, 16, 16)).astype(np.float32), halves.half1.voxel_size)
    nan = halves.half1.data.copy()
    nan[0, 0, 0] = np.nan
    cases = [(halves.with_(half2=None), "Half-map 2 is needed"), (halves.with_(half2=small), "32 x 32 x 32"),
             (halves.with_(half2=dataclasses.replace(halves.half2, voxel_size=(2.0,) * 3)), "voxels of"),
             (halves.with_(half1=halves.half1.with_data(nan)), "NaN"),
             (halves.with_(half1=halves.half1.with_data(np.zeros_like(nan))), "same value"),
             (halves.with_(mask=halves.mask.with_data(halves.mask.data * 2)), "between 0 and 1"),
             (halves.with_(mask=halves.mask.with_data(halves.mask.data * 0)), "empty"),
             (halves.with_(mask=small), "16 x 16 x 16"),
             (Study(half1=Map(small.data[:1], (1.0,) * 3), half2=Map(small.data[1:2], (1.0,) * 3)), "16 x 16 x 1 voxels")]
    for inputs, words in cases:
        with pytest.raises((InputError, MissingInputError), match=words):
            run(inputs)


def test_transforms_are_made_once(halves, monkeypatch):
    """Two of the half-maps, two in the mask, one of the mask, two a half-map and draw of random phases, and one back for the map."""
    from cryoqa_plugin.core import fourier
    made = []
    for name in ("forward", "inverse"):
        plain = getattr(fourier, name)
        monkeypatch.setattr(fourier, name, lambda *given, plain=plain: made.append(1) or plain(*given))
    monkeypatch.setattr("cryoqa_plugin.core.crossing.forward", fourier.forward)
    study = Study(half1=halves.half1, half2=halves.half2, mask=halves.mask)
    first = run(study)
    assert len(made) == 14
    again = run(study, bfactor=-20)
    assert len(made) == 15                                   # the curves are known: one back for the new map
    assert again.resolution == first.resolution and again.guinier_slope == first.guinier_slope


def test_progress_rises_to_one(halves):
    seen = []
    compute_fsc(halves, FscParams(), progress=lambda fraction, message: seen.append(fraction))
    assert seen == sorted(seen) and seen[-1] == 1.0


def test_every_result_field_is_declared():
    assert len(results.declared(FscResult, "metric")) > 30
    assert all(d["meaning"] for d in results.declared(FscResult, "metric").values())


def test_numbers_have_not_moved():
    """Against tests/golden/fsc.json, made by this very computation when its numbers had been checked against RELION."""
    z, y, x = np.mgrid[:48, :48, :48] - 23.5
    mask = np.clip((20 - np.sqrt(x * x + y * y + z * z)) / 6, 0, 1).astype(np.float32)
    inputs = noise_maps(lambda r: 1 / (1 + np.exp((r - 14) / 1.5)), box=48, seed=21)
    result = run(inputs.with_(mask=inputs.half1.with_data(mask)))
    golden = json.loads((Path(__file__).parent.parent / "golden" / "fsc.json").read_text())
    metrics = {n: m["value"] for n, m in results.to_document(result)["metrics"].items()}
    assert set(metrics) == set(golden)
    for name, value in golden.items():
        exact = value is None or isinstance(value, (bool, str))
        assert metrics[name] == (value if exact else pytest.approx(value, rel=2e-4, abs=2e-4)), name


@pytest.mark.parametrize("factor, status", [(1.0, "ok"), (1.04, "ok"), (0.97, "ok"), (1.2, "warn"), (0.9, "warn")])
def test_a_reported_resolution_is_held_against_the_measured_one(halves, plain, factor, status):
    result = run(halves, reported=factor * plain.resolution)
    assert result.reported_difference == pytest.approx(100 * (factor - 1))
    assert result.reported_deviation == pytest.approx(100 * abs(factor - 1)) and statuses(result)["reported_deviation"] == status
    assert ("agrees" in result.reported_words) == (status == "ok")
    assert ("coarser" in result.reported_words) == (factor == 1.2) and ("finer" in result.reported_words) == (factor == 0.9)


def test_the_curve_of_a_reported_resolution_is_named(halves, plain):
    reported = plain.resolution_unmasked_05
    assert reported > 1.05 * plain.resolution
    result = run(halves, reported=1.005 * reported)
    assert result.reported_equals == "FSC 0.5 without a mask" and result.reported_equals in result.reported_words
    assert statuses(plain)["reported_deviation"] == "skipped" and plain.reported_words is None
    # 1.5 % off every reading, no curve is named
    readings = [v for n, v in plain.metrics.items() if n.startswith("resolution_") and isinstance(v, float)]
    other = next(r for r in np.linspace(1.06, 2, 95) * plain.resolution if min(abs(v / r - 1) for v in readings) > 0.011)
    assert run(halves, reported=other).reported_equals is None
