"""mtriage against known truth, cctbx's mtriage and real maps."""
import json

import pytest

from cryoqa_plugin.errors import InputError
from cryoqa_plugin.methods.resolution.mtriage import MtriageParams, compute_mtriage
from cryoqa_plugin.study import Study

pytestmark = [pytest.mark.realdata, pytest.mark.heavy]
CASES = ["p96", "a96", "odd97", "low96", "fine128", "t160", "l160", "rna128", "d2_160", "d2tilt_160", "c5_200", "mirror160", "h256"]
PEER = {"p96": 2.6, "t160": 3.0}                             # case: the resolution that the peer was told
# name in the peer's file, ours, tolerance
NUMBERS = [("d99", "d99_map", 0.02), ("d99_1", "d99_half1", 0.02), ("d99_2", "d99_half2", 0.02), ("d_fsc", "d_fsc", 0.03),
           ("d_fsc_05", "d_fsc_05", 0.03), ("d_fsc_model_0", "d_fsc_model_0", 0.03), ("d_fsc_model_0143", "d_fsc_model_0143", 0.03),
           ("d_fsc_model_05", "d_fsc_model_05", 0.03), ("d_model", "d_model", 0.1), ("d_model_b0", "d_model_b0", 0.1),
           ("b_iso_overall", "b_iso_overall", 6.0)]


def load(folder, case, *kinds):
    model = "pdb" if (folder / f"{case}_model.pdb").is_file() else "cif"
    files = {"half1": "half1.mrc", "half2": "half2.mrc", "full_map": "full.mrc", "mask": "mask.mrc", "model": f"model.{model}"}
    return Study.read({k: str(folder / f"{case}_{files[k]}") for k in kinds})


@pytest.fixture(scope="module")
def with_model(sim_case):
    done = {}

    def get(case):
        if case not in done:
            inputs = load(sim_case(case), case, "half1", "half2", "model")
            done[case] = compute_mtriage(inputs, MtriageParams(resolution=PEER[case]))
        return done[case]

    return get


@pytest.mark.parametrize("case", sorted(PEER))
@pytest.mark.parametrize("kind, file", [("unmasked", "unmasked"), ("masked", "model_mask")])
@pytest.mark.parametrize("theirs, ours, tolerance", NUMBERS)
def test_numbers_are_the_peers(shared, with_model, case, kind, file, theirs, ours, tolerance):
    path = shared / "reference" / case / f"cctbx_mtriage_{file}.json"
    if not path.is_file():
        pytest.skip("no output of the peer for this case")
    wanted = json.loads(path.read_text())[kind][theirs]
    assert getattr(with_model(case), f"{ours}_{kind}") == pytest.approx(wanted, abs=tolerance)


@pytest.mark.parametrize("case", sorted(PEER))
def test_mask_is_the_peers(shared, with_model, case):
    wanted = json.loads((shared / "reference" / case / "cctbx_mtriage_model_mask.json").read_text())["masked"]
    assert with_model(case).radius_smooth == wanted["radius_smooth"]
    assert with_model(case).mask_fraction == pytest.approx(wanted["mask_mean"], rel=0.01)


@pytest.mark.parametrize("case", sorted(PEER))
def test_overall_b_is_the_truth(sim_case, with_model, case):
    truth = json.loads((sim_case(case) / f"{case}_truth.json").read_text())
    found = with_model(case)
    assert found.b_iso_overall_unmasked == pytest.approx(truth["b_env"] + found.model_b_mean, abs=6)
    assert found.b_iso_overall_masked == pytest.approx(truth["b_env"] + found.model_b_mean, abs=6)


@pytest.mark.parametrize("case", CASES)
def test_resolution_is_the_truth(sim_case, case):
    folder = sim_case(case)
    report = json.loads((folder / f"{case}_truth.json").read_text())
    truth, edge = report["truth"]["unmasked"], report["box"] * report["voxel"]
    found = compute_mtriage(load(folder, case, "half1", "half2"), MtriageParams())
    for value, wanted in ((found.d_fsc_unmasked, truth["d143"]), (found.d_fsc_05_unmasked, truth["d05"])):
        assert abs(value - wanted) <= max(0.015, 0.2 * wanted ** 2 / edge)
    assert found.d_fsc_falls == 1 and not found.reaches_nyquist and found.warnings == ()


@pytest.mark.parametrize("case", ["p96", "rna128", "d2_160"])
def test_perfect_model_agrees_as_the_half_maps_say(sim_case, case):
    found = compute_mtriage(load(sim_case(case), case, "half1", "half2", "model"), MtriageParams())
    assert found.model_lead == pytest.approx(1, abs=0.05)
    assert found.d_fsc_model_05_unmasked == pytest.approx(found.d_fsc_unmasked, abs=0.03)


@pytest.mark.parametrize("map_file, model_file, at_05, at_0143", [
    ("emd3186_5fj6/emd_3186.map", "emd3186_5fj6/5fj6.pdb", 7.6, 6.5),
    ("emd5168_actin_tempy/emd_5168.map", "emd5168_actin_tempy/3MFP.pdb", 8.1, 6.8)])
def test_real_maps_and_their_models(shared, map_file, model_file, at_05, at_0143):
    folder = shared / "data" / "maps"
    inputs = Study.read({"full_map": str(folder / map_file), "model": str(folder / model_file)})
    found = compute_mtriage(inputs, MtriageParams(radius_smooth=3.0))
    assert found.d_fsc_model_05_masked == pytest.approx(at_05, abs=0.15)
    assert found.d_fsc_model_0143_masked == pytest.approx(at_0143, abs=0.15)
    assert found.model_zscore > 2 and not any("SD above its mean" in w for w in found.warnings)


def test_wrong_origin_of_a_real_map_is_noticed(shared):
    from dataclasses import replace
    folder = shared / "data" / "maps" / "emd5168_actin_tempy"
    inputs = Study.read({"full_map": str(folder / "emd_5168.map"), "model": str(folder / "3MFP.pdb")})
    shifted = inputs.with_(full_map=replace(inputs.full_map, origin=(0.0, 0.0, 0.0)))
    try:
        warnings = compute_mtriage(shifted, MtriageParams(masking="unmasked")).warnings
    except InputError as error:
        warnings = (str(error),)
    assert any("-87.1, -87.1, -87.1" in w for w in warnings)
