from dataclasses import fields, replace

import numpy as np
import pytest

from cryoqa_plugin.checks import evaluate
from cryoqa_plugin.errors import InputError, MissingInputError
from cryoqa_plugin.limits import CHECKS
from cryoqa_plugin.methods.resolution.mtriage import MtriageParams, MtriageResult, compute_mtriage
from cryoqa_plugin.results import declared, to_document
from cryoqa_plugin.runner import perform
from cryoqa_plugin.study import Study
from cryoqa_plugin.study.solvent import without_level
from mtriage_cases import make_inputs

PAIRS = [n[:-len("_unmasked")] for n in declared(MtriageResult, "metric") if n.endswith("_unmasked")]
# of noisy maps in so small a box the shift cannot be told from 0, and they were not filtered
NOT_KNOWN = ("model_place_words", "reported_gap", "reported_lead", "half_maps_shift", "half_maps_shift_vector",
             "half_maps_filtered_at", "half_maps_noise_ratio", "half_maps_noise_rim")
MODEL = [n for n in PAIRS if "model" in n or n == "b_iso_overall"]


def run(inputs, **values):
    return compute_mtriage(inputs, MtriageParams(**values))


@pytest.fixture(scope="module")
def inputs():
    return make_inputs()


@pytest.fixture(scope="module")
def result(inputs):
    return run(inputs)


@pytest.fixture(scope="module")
def halves(inputs):
    return inputs.with_(model=None)


def soft_ball(grid, radius=14.0):
    z, y, x = (((np.arange(n) - n / 2) * v) ** 2 for n, v in zip(grid.shape, grid.voxel_size[::-1]))
    r = np.sqrt(z[:, None, None] + y[None, :, None] + x[None, None, :])
    return grid.with_data(np.clip((radius + 4 - r) / 4, 0, 1), "ball.mrc")


# what comes out

def test_everything_has_a_value(result):
    assert all(getattr(result, f.name) is not None for f in fields(result) if f.name not in NOT_KNOWN)
    assert result.warnings == ()


def test_a_half_map_and_its_negative_have_a_mean_of_one_value(halves):
    found = run(Study(half1=halves.half1, half2=halves.half1.with_data(-halves.half1.data)))
    assert found.histogram_map.y.sum() == halves.half1.data.size == found.histogram_map.y.max()
    assert found.histogram_map.x[0] < 0 < found.histogram_map.x[-1] and found.half_maps_inverted


def test_numbers_hang_together(result):
    assert result.d_fsc_unmasked < result.d_fsc_05_unmasked
    assert result.d_fsc_masked < result.d_fsc_unmasked
    assert result.d_fsc_model_0_unmasked < result.d_fsc_model_0143_unmasked < result.d_fsc_model_05_unmasked
    assert result.model_gap == pytest.approx(result.d_fsc_model_05_near / result.d_fsc_unmasked)
    assert result.d_fsc_model_05_near == pytest.approx(result.d_fsc_model_05_masked, abs=0.2) and result.model_free == 1
    assert result.model_lead == pytest.approx(result.d_fsc_masked / result.d_fsc_model_05_near)
    assert result.model_lead == pytest.approx(1, abs=0.1) and 0.7 < result.model_gap < 1.1
    assert result.nyquist == 2.8 and not result.reaches_nyquist and not result.half_maps_identical
    assert result.atoms_used == 250 and result.atoms_outside == 0


@pytest.mark.parametrize("kind", ["unmasked", "masked"])
def test_overall_b_is_that_of_envelope_and_atoms(result, kind):
    assert getattr(result, f"b_iso_overall_{kind}") == pytest.approx(140, abs=4)
    assert result.model_b_mean == pytest.approx(20)
    assert result.b_excess == pytest.approx(result.b_iso_overall_masked - 20)


def test_summary_is_one_plain_sentence(result, halves):
    assert result.summary.count(". ") == 0 and result.summary.endswith(".")
    assert f"{result.d_fsc_unmasked:.2f} Å" in result.summary and "in the mask" in result.summary
    plain = run(halves).summary
    assert plain.startswith("The half-maps agree to") and "mask" not in plain and "model" not in plain


def test_document_is_complete(result):
    document = to_document(result)
    assert document["schema"] == "cryoqa/mtriage/1" and document["warnings"] == []
    assert all(m["value"] is not None for n, m in document["metrics"].items() if n not in NOT_KNOWN)
    outcomes = evaluate(CHECKS["mtriage"], document["metrics"])
    assert {c["status"] for c in outcomes} <= {"ok", "skipped"} and {c["metric"] for c in outcomes if c["status"] == "skipped"} <= {
        "half_maps_shift", "reported_gap", "reported_lead"}


def test_checks_are_skipped_without_inputs(halves):
    outcomes = evaluate(CHECKS["mtriage"], to_document(run(halves))["metrics"])
    assert {c["status"] for c in outcomes} == {"ok", "skipped"}


def test_progress_rises_to_one(inputs):
    told = []
    compute_mtriage(inputs, MtriageParams(), progress=lambda fraction, message: told.append((fraction, message)))
    fractions = [f for f, _ in told]
    assert fractions == sorted(fractions) and fractions[-1] == 1 and all(m for _, m in told)


def test_counts_and_histograms(result, inputs):
    table = {row[0]: dict(zip(result.map_counts.columns, row)) for row in result.map_counts.rows}
    assert list(table) == ["map", "half1", "half2"]
    data = inputs.half1.data
    row = table["half1"]
    assert (row["nx"], row["ny"], row["nz"]) == (36, 36, 36)
    assert row["min"] == data.min() and row["max"] == data.max()
    assert row["mean"] == pytest.approx(data.mean(dtype=float), abs=1e-9) and row["sd"] == pytest.approx(data.std(dtype=float))
    assert row["d_min_corner"] == pytest.approx(2 * 1.4 / np.sqrt(3))
    low = min(inputs.half1.data.min(), inputs.half2.data.min())
    high = max(inputs.half1.data.max(), inputs.half2.data.max())
    wanted, edges = np.histogram(data.astype(np.float64), 20, (float(low), float(high)))
    assert abs(result.histogram_half1.y - wanted).sum() <= 4 and result.histogram_half1.y.sum() == data.size
    assert np.allclose(result.histogram_half1.x, (edges[1:] + edges[:-1]) / 2)
    assert result.histogram_map.y.sum() == data.size
    assert result.histogram_correlation > 0.99


def test_curves_reach_the_corner(result):
    for name in ("fsc_half_unmasked", "fsc_half_masked", "fsc_model_unmasked", "fsc_model_masked"):
        curve = getattr(result, name)
        assert curve.x[0] == pytest.approx(1 / (36 * 1.4)) and 0.9 * np.sqrt(3) / 2.8 < curve.x[-1] < 1.02 * np.sqrt(3) / 2.8
        assert curve.y[1] > 0.9 and np.abs(curve.y).max() <= 1.0001


# which inputs

def test_half_maps_alone_give_no_model_and_no_mask(halves):
    found = run(halves)
    assert found.mask_used is None and found.mask_source is None
    assert all(getattr(found, f"{n}_masked") is None for n in PAIRS)
    assert all(getattr(found, f"{n}_unmasked") is None for n in MODEL) and found.model_zscore is None
    assert found.d_fsc_unmasked and found.d99_half2_unmasked


def test_a_full_map_alone_gives_d99(inputs):
    found = run(Study(full_map=inputs.half1))
    assert found.d99_map_unmasked and found.d_fsc_unmasked is None and found.histogram_half1 is None
    assert found.half_maps_identical is None


def test_without_a_full_map_the_mean_is_taken(inputs, result):
    full = inputs.half1.with_data((inputs.half1.data + inputs.half2.data) / 2)
    found = run(inputs.with_(full_map=full))
    for name in PAIRS:
        for kind in ("unmasked", "masked"):
            assert getattr(found, f"{name}_{kind}") == pytest.approx(getattr(result, f"{name}_{kind}"), rel=1e-3), name


def test_a_full_map_is_used_when_given(inputs, result):
    rough = inputs.with_(full_map=inputs.half1.with_data(inputs.half1.data))
    found = run(rough)
    assert found.d99_map_unmasked == pytest.approx(found.d99_half1_unmasked, rel=1e-6)
    assert found.d_fsc_model_05_unmasked > result.d_fsc_model_05_unmasked


@pytest.mark.parametrize("shape, voxel_size, origin", [((33, 37, 35), (1.4, 1.4, 1.4), (-20.3, 11.1, 5.0)),
                                                       ((40, 32, 36), (1.5, 1.3, 1.2), (100.0, 0.0, -50.0))])
def test_odd_flat_and_shifted_boxes(shape, voxel_size, origin):
    found = run(make_inputs(shape, voxel_size, origin))
    assert found.b_iso_overall_unmasked == pytest.approx(140, abs=7)
    assert found.model_lead == pytest.approx(1, abs=0.12) and 0.75 < found.model_gap < 1.05 and found.model_correlation > 0.9
    assert found.mask_used.origin == origin and found.mask_used.voxel_size == voxel_size


def test_identical_half_maps_are_told(inputs):
    twice = inputs.with_(half2=inputs.half1.with_data(inputs.half1.data * 2, "half2.mrc"), model=None)
    found = run(twice)
    assert found.half_maps_identical and found.reaches_nyquist is None and found.d_fsc_unmasked is None
    assert "copies of each other" in found.summary
    status = {c["metric"]: c["status"] for c in evaluate(CHECKS["mtriage"], to_document(found)["metrics"])}
    assert status["half_maps_identical"] == "fail"


def test_a_curve_that_never_falls_is_told():
    found = run(make_inputs(noise=0.02, envelope=0.0).with_(model=None))
    assert found.reaches_nyquist and not found.half_maps_identical


def test_noise_alone_gives_no_resolution():
    rng = np.random.default_rng(9)
    maps = make_inputs()
    noise = [maps.half1.with_data(rng.standard_normal(maps.half1.shape)) for _ in range(2)]
    found = run(maps.with_(half1=noise[0], half2=noise[1]))
    assert found.model_zscore < 0.5 and not found.reaches_nyquist
    assert any("SD above its mean" in w for w in found.warnings)


def test_half_maps_with_another_origin_are_told(inputs):
    moved = inputs.with_(half2=replace(inputs.half2, origin=(5.0, 0.0, 0.0)), model=None)
    told = [w for w in perform("mtriage", moved, MtriageParams()).warnings if "The origin of half-map 2" in w]
    assert len(told) == 1 and "(5, 0, 0) Å" in told[0]


# the options

def test_masking_unmasked(inputs):
    found = run(inputs, masking="unmasked")
    assert found.mask_used is None and all(getattr(found, f"{n}_masked") is None for n in PAIRS)
    assert all(getattr(found, f"{n}_unmasked") is not None for n in PAIRS)


def test_masking_masked(inputs, result):
    found = run(inputs, masking="masked")
    assert all(getattr(found, f"{n}_unmasked") is None for n in PAIRS)
    assert all(getattr(found, f"{n}_masked") == getattr(result, f"{n}_masked") for n in PAIRS)
    assert found.fsc_half_unmasked is None and "in the mask" in found.summary


def test_given_mask_comes_first(inputs):
    mask = soft_ball(inputs.half1)
    found = run(inputs.with_(mask=mask))
    assert found.mask_source == "given" and found.radius_smooth is None
    assert np.array_equal(found.mask_used.data, mask.data)
    assert found.mask_fraction == pytest.approx(mask.data.mean(dtype=float))
    assert run(inputs.with_(mask=mask), mask_from="model").mask_source == "model"


def test_masked_numbers_are_those_of_masked_maps(inputs):
    mask = soft_ball(inputs.half1)
    inside = run(inputs.with_(mask=mask))
    multiplied = inputs.with_(**{h: inputs.half1.with_data(without_level(getattr(inputs, h).data, mask.data) * mask.data)
                                 for h in ("half1", "half2")})
    wanted = run(multiplied, masking="unmasked")
    assert wanted.d_fsc_unmasked > inside.d_fsc_masked                     # of maps that were cut it is corrected for the missing noise
    for name in set(PAIRS) - {"d_fsc"}:
        assert getattr(inside, f"{name}_masked") == pytest.approx(getattr(wanted, f"{name}_unmasked"), rel=1e-4), name


def test_model_mask_covers_the_atoms(result, inputs):
    data = result.mask_used.data
    index = np.rint(inputs.model.xyz / 1.4).astype(int)
    assert data[index[:, 2], index[:, 1], index[:, 0]].min() > 0.6
    assert data.min() >= 0 and data.max() <= 1 and data[0, 0, 0] < 0.2


def test_variance_mask(halves):
    found = run(halves, mask_from="variance", resolution=5.0)
    assert found.mask_source == "variance" and found.mask_used.data.max() == pytest.approx(1)
    assert found.d_fsc_masked < found.d_fsc_unmasked


def test_radius_of_the_mask(inputs, result):
    assert result.radius_smooth == pytest.approx(2 * result.d_fsc_unmasked)
    assert run(inputs, resolution=3.0).radius_smooth == 6.0
    assert run(inputs, resolution=3.0, radius_smooth_ratio=1.5).radius_smooth == 4.5
    tight = run(inputs, radius_smooth=1.0)
    assert tight.radius_smooth == 1.0 and tight.mask_fraction < result.mask_fraction
    alone = run(Study(full_map=inputs.half1, model=inputs.model))
    assert alone.radius_smooth == pytest.approx(2 * alone.d99_map_unmasked)


def test_radius_zero_is_a_hard_mask(inputs):
    data = run(inputs, radius_smooth=0.0).mask_used.data
    assert np.all((data < 1e-4) | (data > 1 - 1e-4))


def test_high_resolution_limit(inputs, result):
    found = run(inputs, high_resolution=5.0)
    assert found.d99_map_unmasked >= 5 and found.fsc_half_unmasked.x.max() <= 1 / 5 + 1 / 50.4
    assert found.d_model_unmasked >= 4.9
    assert result.d_model_unmasked < 4.9


def test_low_resolution_limit(inputs, result):
    found = run(inputs, low_resolution=12.0)
    assert found.fsc_half_unmasked.x.min() >= 1 / 12 - 1 / 50.4 and found.fsc_model_unmasked.x.min() >= 1 / 12 - 1 / 50.4
    assert found.d99_map_unmasked < result.d99_map_unmasked


def test_scattering_table(inputs, result):
    xray = run(inputs, scattering_table="xray")
    assert xray.b_iso_overall_unmasked != pytest.approx(result.b_iso_overall_unmasked, abs=0.5)
    assert xray.d_fsc_unmasked == result.d_fsc_unmasked


def test_d99_as_phenix_is_smaller(halves):
    phenix, exact = run(halves), run(halves, phenix_d99=False)
    for name in ("d99_map_unmasked", "d99_half1_unmasked", "d99_half2_unmasked"):
        assert 0.9 * getattr(exact, name) < getattr(phenix, name) < getattr(exact, name)


# what is refused

@pytest.mark.parametrize("drop", [("half1",), ("half2",)])
def test_one_half_map_is_not_enough(inputs, drop):
    with pytest.raises(MissingInputError, match="Half-map"):
        run(inputs.with_(**dict.fromkeys(drop)))
    with pytest.raises(MissingInputError, match="Half-map"):
        run(inputs.with_(full_map=inputs.half1, **dict.fromkeys(drop)))


def test_no_map_at_all(inputs):
    with pytest.raises(MissingInputError, match="[Tt]wo half-maps or a map"):
        run(Study(model=inputs.model))


@pytest.mark.parametrize("values, match", [(dict(mask_from="given"), "Mask"), (dict(masking="masked"), "mask nor a model"),
                                           (dict(mask_from="model"), "model")])
def test_mask_without_what_it_is_made_of(halves, values, match):
    with pytest.raises(MissingInputError, match=match):
        run(halves, **values)


def test_limits_the_wrong_way_round(halves):
    with pytest.raises(InputError, match="3 Å.*10 Å"):
        run(halves, low_resolution=3.0, high_resolution=10.0)


def test_other_grids_are_refused(inputs, halves):
    with pytest.raises(InputError, match="36 x 36 x 36.*36 x 36 x 30"):
        run(halves.with_(half2=inputs.half2.with_data(inputs.half2.data[:30])))
    with pytest.raises(InputError, match="1.4.*1.5"):
        run(halves.with_(half2=replace(inputs.half2, voxel_size=(1.5,) * 3)))


@pytest.mark.parametrize("value, match", [(np.nan, "NaN"), (None, "same value")])
def test_bad_values_are_refused(halves, value, match):
    data = np.ones_like(halves.half2.data) if value is None else halves.half2.data.copy()
    if value is not None:
        data[3, 4, 5] = value
    with pytest.raises(InputError, match=match):
        run(halves.with_(half2=halves.half2.with_data(data, "half2.mrc")))


def test_a_map_is_no_mask(inputs, halves):
    with pytest.raises(InputError, match="between 0 and 1"):
        run(halves.with_(mask=inputs.half1.with_data(inputs.half1.data * 100)))


def test_inputs_stay_as_they_were(inputs):
    before = [inputs.half1.data.copy(), inputs.half2.data.copy()]
    run(inputs.with_(mask=soft_ball(inputs.half1)))
    assert np.array_equal(before[0], inputs.half1.data) and np.array_equal(before[1], inputs.half2.data)
