from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from cryoqa_plugin.checks import evaluate
from cryoqa_plugin.core import density, filters, fourier
from cryoqa_plugin.demo import make_demo_data
from cryoqa_plugin.errors import InputError
from cryoqa_plugin.io.models import Model
from cryoqa_plugin.limits import CHECKS
from cryoqa_plugin.methods.resolution import mtriage_model as placing, mtriage_near
from cryoqa_plugin.methods.resolution.mtriage import MtriageParams, compute_mtriage
from cryoqa_plugin.results import Curve, to_document
from cryoqa_plugin.study import Study
from mtriage_cases import make_inputs, make_model


@pytest.fixture(scope="module")
def inputs():
    return make_inputs(origin=(30.0, -40.0, 10.0))


def place(inputs, model=None, grid=None):
    warnings = []
    grid = grid or inputs.half1
    placed = placing.place(model or inputs.model, grid, "electron", warnings)
    return placed, warnings


def moved(model, shift):
    return make_model(model.xyz + shift, model.b_iso, list(model.elements))


def test_a_placed_model_lies_on_density(inputs):
    placed, warnings = place(inputs)
    assert warnings == [] and placed.values["model_zscore"] > 3
    assert placed.values["atoms_used"] == 250 and placed.values["atoms_outside"] == 0


def test_all_atoms_outside_is_refused_with_both_files(inputs):
    with pytest.raises(InputError, match=r"None of the 250 atoms.*model\.pdb.*half1\.mrc") as told:
        place(inputs, moved(inputs.model, 500))
    assert "With the origin" not in str(told.value)


def test_the_origin_that_would_fit_is_named(inputs):
    with pytest.raises(InputError, match="With the origin at 0, 0, 0 Å, 250 of them would"):
        place(inputs, moved(inputs.model, (-30, 40, -10)), replace(inputs.half1, origin=(200.0, 0.0, 0.0)))


def test_some_atoms_outside_are_left_out_and_told(inputs):
    far = make_model(np.concatenate([inputs.model.xyz, inputs.model.xyz[:10] + 300]))
    placed, warnings = place(inputs, far)
    assert placed.values["atoms_used"] == 250 and placed.values["atoms_outside"] == pytest.approx(10 / 260)
    assert len(warnings) == 1 and "10 of the 260 atoms" in warnings[0] and "model.pdb" in warnings[0] and "half1.mrc" in warnings[0]
    assert np.allclose(placed.ft, place(inputs, make_model(inputs.model.xyz))[0].ft)


def test_unknown_elements_are_left_out_and_told(inputs):
    elements = ["X"] * 5 + list(inputs.model.elements[5:])
    placed, warnings = place(inputs, make_model(inputs.model.xyz, 20.0, elements))
    assert placed.values["atoms_used"] == 245 and "5 of the 250 atoms" in warnings[0]
    with pytest.raises(InputError, match="elements"):
        place(inputs, make_model(inputs.model.xyz, 20.0, ["X"] * 250))


@pytest.mark.parametrize("header, named", [(SimpleNamespace(header_origin=(30.0, -40.0, 10.0), nstart=(0, 0, 0)), "30, -40, 10"),
                                           (SimpleNamespace(header_origin=(0.0, 0.0, 0.0), nstart=(20, 0, 0)), None)])
def test_a_wrong_origin_is_noticed(inputs, header, named):
    grid = replace(inputs.half1, origin=(45.0, -40.0, 10.0), header=header)
    placed, warnings = place(inputs, grid=grid)
    told = [w for w in warnings if "SD above its mean" in w]
    if named:
        assert f"with the map's origin at {named} Å instead of 45, -40, 10 Å" in told[0]
    assert placed.values["model_zscore"] < 3


def test_atoms_on_empty_map_are_told(inputs):
    rng = np.random.default_rng(0)
    noise = inputs.half1.with_data(rng.standard_normal(inputs.half1.shape))
    _, warnings = place(inputs, grid=noise)
    assert "check that model and map belong together" in warnings[0]


def test_zero_occupancy_takes_no_part(inputs):
    model = make_model(inputs.model.xyz)
    for residue in model.structure[0]["A"]:
        residue[0].occ = 0.0 if residue.seqid.num <= 50 else 1.0
    assert place(inputs, model)[0].values["atoms_used"] == 200


def test_overall_b_does_not_depend_on_the_models_b_factors(inputs):
    hot = inputs.with_(model=make_model(inputs.model.xyz, 90.0))
    a, b = (compute_mtriage(i, MtriageParams(masking="unmasked")) for i in (inputs, hot))
    assert a.b_iso_overall_unmasked == pytest.approx(b.b_iso_overall_unmasked, abs=0.5)
    assert b.b_excess == pytest.approx(a.b_excess - 70, abs=0.5) and b.model_b_mean == pytest.approx(90)


def test_a_mirrored_model_agrees_less(inputs):
    centre = inputs.model.xyz.mean(axis=0)
    mirrored = make_model((inputs.model.xyz - centre) * (-1, 1, 1) + centre)
    good, bad = (compute_mtriage(Study(full_map=inputs.half1, model=m), MtriageParams()) for m in (inputs.model, mirrored))
    assert bad.model_correlation < good.model_correlation
    assert (bad.d_fsc_model_05_masked or 99) > 1.5 * good.d_fsc_model_05_masked


def test_surface_grows_with_the_radius(inputs):
    placed, _ = place(inputs)
    small, large = (placing.around(placed, inputs.half1, r) for r in (0.0, 4.0))
    assert small.sum() < large.sum() and not (small & ~large).any()


def test_sentences_do_without_files(inputs):
    grid = replace(inputs.half1, path=None)
    with pytest.raises(InputError) as told:
        place(inputs, replace(moved(inputs.model, 500), path=None), grid)
    assert "None)" not in str(told.value) and "the model lies in the box of the map, whose corner" in str(told.value)


def test_atoms_beyond_faces_that_a_filament_runs_through_are_no_fault(inputs):
    longer = make_model(np.concatenate([inputs.model.xyz, inputs.model.xyz[:10] + (0, 0, 300)]))
    for through, outside, sentences in (("", 10 / 260, 1), ("z", 0, 0), ("x", 10 / 260, 1)):
        warnings = []
        atoms = placing.atoms_of(longer, inputs.half1, "electron", warnings, lambda axes=through: axes)
        assert atoms.values["atoms_outside"] == pytest.approx(outside) and len(warnings) == sentences and atoms.values["atoms_used"] == 250


def test_over_sharpening_does_not_hide_a_model(inputs):
    grid = inputs.half1
    geo = fourier.geometry(grid.shape, grid.voxel_size)
    sharp = filters.apply_radial(fourier.forward(grid.data), geo, filters.bfactor_profile(geo, -120.0))
    sharp = grid.with_data(fourier.inverse(sharp, grid.shape))
    plain, sharpened = (place(inputs, grid=g)[0].values["model_zscore"] for g in (grid, sharp))
    index = np.rint((inputs.model.xyz - grid.origin) / grid.voxel_size).astype(int)
    at_atoms = sharp.data[index[:, 2], index[:, 1], index[:, 0]].mean() / sharp.data.std()
    assert sharpened > 0.8 * plain and at_atoms < 0.5 * sharpened


@pytest.mark.heavy
def test_one_chain_of_four_is_read_near_it():
    """Where the whole box dips below 0.5 for long, the number near the model is that of a map in which it alone exists."""
    data = make_demo_data(box=64)
    structure = data.model.structure.clone()
    for name in [c.name for c in structure[0]][1:]:
        structure[0].remove_chain(name)
    one = Model(structure, "one.cif")
    full, envelope = data.full_map, data.truth["bfactor_envelope"]

    def drawn(model):
        ft = density.model_density_ft(model.elements, model.xyz, model.b_iso + envelope, model.occupancy, full.shape, full.voxel_size,
                                      full.origin)
        return fourier.inverse(ft, full.shape)

    found = compute_mtriage(Study(full_map=full, model=one), MtriageParams(resolution=4.0))
    only = full.with_data(full.data - drawn(data.model) + drawn(one))
    alone = compute_mtriage(Study(full_map=only, model=one), MtriageParams(resolution=4.0))
    assert alone.model_free == 1 and found.model_free < 0.95
    assert found.d_fsc_model_05_near == pytest.approx(alone.d_fsc_model_05_near, abs=0.1)
    assert found.d_fsc_model_05_unmasked > found.d_fsc_model_05_near + 1
    assert found.reported_gap == pytest.approx(found.d_fsc_model_05_near / 4)
    assert found.reported_lead == pytest.approx(1 / found.reported_gap)
    assert any("rises again" in w and "without a mask" in w for w in found.warnings) and not alone.warnings
    assert f"{found.d_fsc_model_05_near:.2f} Å around the atoms" in found.summary


@pytest.mark.heavy
def test_a_number_far_from_the_one_given_is_not_ok():
    data = make_demo_data(box=64)
    for given, wrong in ((4.0, None), (2.0, "reported_gap"), (9.0, "reported_lead")):
        found = compute_mtriage(Study(full_map=data.full_map, model=data.model), MtriageParams(resolution=given))
        bad = {c["metric"] for c in evaluate(CHECKS["mtriage"], to_document(found)["metrics"]) if c["status"] == "warn"}
        assert bad == ({wrong} if wrong else set())


def test_a_model_that_fits_nowhere_is_far_from_any_number(inputs):
    rng = np.random.default_rng(0)
    noise = inputs.half1.with_data(rng.standard_normal(inputs.half1.shape).astype(np.float32))
    found = compute_mtriage(Study(full_map=noise, model=inputs.model), MtriageParams(resolution=4.0))
    assert found.reported_gap > 3 and found.model_place_words is None


def test_the_curve_of_a_perfect_model_is_that_of_the_model_the_map_was_made_of():
    """Half-maps of a model and noise: the map-model FSC follows the root of 2 FSC / (1 + FSC), and both fall to 0.5 together."""
    inputs = make_inputs(shape=(48, 48, 48), noise=1.5)
    found = compute_mtriage(inputs, MtriageParams())
    expected, measured = found.fsc_model_expected, found.fsc_model_near
    inside = expected.x * found.d_fsc_expected_05 < 1
    assert np.abs(expected.y - np.interp(expected.x, measured.x, measured.y))[inside].mean() < 0.03
    assert found.d_fsc_expected_05 == pytest.approx(found.d_fsc_model_05_near, rel=0.05)
    assert 0.5 < found.fsc_model_mean <= 1 and {row[0] for row in found.archive.rows} >= {"mean FSC up to FSC 0.5", "mean FSC to Nyquist"}
    use = measured.x <= 1 / found.nyquist
    assert found.fsc_model_average == pytest.approx(np.average(measured.y[use], weights=measured.x[use] ** 2))
    assert found.fsc_model_average < found.fsc_model_mean


def test_a_wrong_model_stays_below_the_curve_of_a_perfect_one():
    inputs = make_inputs(shape=(48, 48, 48), noise=1.0)
    wrong = make_model(inputs.model.xyz + np.random.default_rng(5).normal(0, 0.9, inputs.model.xyz.shape))
    found = compute_mtriage(inputs.with_(model=wrong), MtriageParams())
    at = 1 / found.d_fsc_expected_05
    low = np.interp(at, found.fsc_model_near.x, found.fsc_model_near.y)
    assert low < 0.4 and found.d_fsc_model_05_near > 1.1 * found.d_fsc_expected_05


def test_perfect_and_mean_to_half_against_their_formulas():
    np.testing.assert_allclose(mtriage_near.perfect(np.array([-0.2, 0.0, 0.143, 1.0])), [0, 0, np.sqrt(0.286 / 1.143), 1])
    shells = Curve(np.array([0.1, 0.2, 0.3, 0.4]), np.array([1.0, 0.4, 0.7, 0.2]))
    assert mtriage_near.mean_to_half(shells, 2.0) == pytest.approx((0.01 + 0.4 * 0.04 + 0.7 * 0.09) / 0.14)
    assert mtriage_near.mean_to_half(shells, 4.0) == pytest.approx(1.0) and mtriage_near.mean_to_half(shells, 20.0) is None
