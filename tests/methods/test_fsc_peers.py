"""The fsc capability against RELION's post-processing and against the truth of simulated half-maps."""
import json

import numpy as np
import pytest

from cryoqa_plugin.core import crossing, fourier, guinier
from cryoqa_plugin.io.maps import read_map
from cryoqa_plugin.io.star import read_star
from cryoqa_plugin.study import fsc_curves
from cryoqa_plugin.methods.resolution import fsc_sharpen
from cryoqa_plugin.methods.resolution.fsc import FscParams, compute_fsc
from cryoqa_plugin.study import Study

PEERS = ["p96", "a96", pytest.param("t160", marks=pytest.mark.heavy), pytest.param("l160", marks=pytest.mark.heavy)]
CASES = ["p96", "a96"] + [pytest.param(c, marks=pytest.mark.heavy) for c in (
    "odd97", "low96", "fine128", "t160", "l160", "rna128", "d2_160", "d2tilt_160", "c5_200", "mirror160", "h256")]
# In low96 the mask (edge 4 to 10 Å from the atoms, particle in 5 % of the box) is too sharp for 7.5 Å data: even the masked
# curve, whose expectation the truth is, misses it by 0.108 Å, and the check of the phase-randomised FSC says so.
TOO_SHARP = {("low96", "0143")}
PREFIX = "rlnFourierShellCorrelation"

pytestmark = pytest.mark.realdata


def load(sim_case, name):
    folder = sim_case(name)
    return Study(**{k: read_map(str(folder / f"{name}_{k}.mrc")) for k in ("half1", "half2", "mask")})


@pytest.fixture(scope="module")
def as_relion(shared, sim_case):
    done = {}

    def get(name):
        if name not in done:
            done[name] = (compute_fsc(load(sim_case, name), FscParams(rules="relion", relion_counting=True)),
                          read_star(str(shared / "reference" / name / "relion_postprocess.star")))
        return done[name]

    return get


@pytest.mark.parametrize("name", PEERS)
def test_curves_equal_those_of_relion(as_relion, name):
    ours, star = as_relion(name)
    theirs = star["fsc"].columns
    np.testing.assert_allclose(ours.fsc_unmasked.y, theirs[PREFIX + "UnmaskedMaps"], atol=1e-4)
    np.testing.assert_allclose(ours.fsc_masked.y, theirs[PREFIX + "MaskedMaps"], atol=1e-4)
    assert 1 / ours.randomised_from == pytest.approx(1 / star["general"].value("rlnRandomiseFrom"), abs=1e-4)
    # one random draw of theirs against the mean of two of ours: sqrt(1 + 1/2) of one draw's scatter
    half_width = (ours.fsc_true.upper - ours.fsc_true.lower) / 2
    apart = abs(ours.fsc_true.y - theirs[PREFIX + "Corrected"])
    assert np.mean(apart[1:] <= 1.5 * half_width[1:] + 1e-5) > 0.95 and apart.max() < 0.06


@pytest.mark.parametrize("name", PEERS)
def test_counting_each_pair_once_moves_the_curves_little(sim_case, as_relion, name):
    once = compute_fsc(load(sim_case, name), FscParams(rules="relion", sharpen=False))
    assert abs(once.fsc_unmasked.y - as_relion(name)[0].fsc_unmasked.y)[1:].max() < 3e-3


@pytest.mark.parametrize("name", PEERS)
def test_resolution_and_bfactor_are_those_of_relion(as_relion, name):
    ours, star = as_relion(name)
    general = star["general"]
    shell = ours.fsc_true.x[1]
    assert abs(1 / ours.resolution_relion - 1 / general.value("rlnFinalResolution")) < 1.01 * shell
    assert ours.bfactor == pytest.approx(general.value("rlnBfactorUsedForSharpening"), rel=0.05)
    assert ours.guinier_r_squared == pytest.approx(general.value("rlnCorrelationFitGuinierPlot"), abs=0.02)
    theirs = star["guinier"].columns
    end = min(len(ours.guinier_original.y), len(theirs["rlnLogAmplitudesOriginal"]))
    # RELION counts the plane kx = 0 twice, which shows in shells of few coefficients
    np.testing.assert_allclose(ours.guinier_original.y[10:end], theirs["rlnLogAmplitudesOriginal"][10:end], atol=0.02)


@pytest.mark.parametrize("name", PEERS)
def test_weights_and_fit_follow_from_relions_own_curve(shared, name):
    star = read_star(str(shared / "reference" / name / "relion_postprocess.star"))
    plot = star["guinier"].columns
    original, weighted = (np.array(plot[k], dtype=float) for k in ("rlnLogAmplitudesOriginal", "rlnLogAmplitudesWeighted"))
    used = weighted > -50
    weights = fsc_sharpen.fsc_weights(np.array(star["fsc"].columns[PREFIX + "Corrected"]))[:len(original)]
    assert np.array_equal(weights > 0, used)
    np.testing.assert_allclose(np.log(weights[used]), (weighted - original)[used], atol=2e-2)
    np.testing.assert_allclose(np.log(weights[used])[:-3], (weighted - original)[used][:-3], atol=2e-3)
    fit = guinier.fit(np.sqrt(plot["rlnResolutionSquared"]), np.where(used, weighted, np.nan), 10.0)
    assert fit.bfactor == pytest.approx(star["general"].value("rlnBfactorUsedForSharpening"), abs=0.05)


def test_the_sharpened_map_is_that_of_relion(shared, sim_case):
    star = read_star(str(shared / "reference" / "p96" / "relion_postprocess.star"))
    inputs = load(sim_case, "p96")
    geo = fourier.geometry(inputs.half1.shape, inputs.half1.voxel_size)
    weights = fsc_sharpen.fsc_weights(np.array(star["fsc"].columns[PREFIX + "Corrected"]))
    ft = fourier.forward((inputs.half1.data + inputs.half2.data) / 2)
    bfactor = star["general"].value("rlnBfactorUsedForSharpening")
    ours = fsc_sharpen.apply_filter(ft, geo, weights, bfactor, None, fsc_sharpen.DetectorMtf(None, 1.0))
    theirs = read_map(str(shared / "reference" / "p96" / "relion_postprocess_map.mrc.gz")).data
    inside = inputs.mask.data > 0.5
    assert np.corrcoef(ours[inside], theirs[inside])[0, 1] > 0.999
    assert ours[inside].std() == pytest.approx(theirs[inside].std(), rel=0.02)


def job021(shared):
    folder = shared / "data" / "relion" / "relion4_tutorial"
    out = {}
    for stem in ("postprocess", "postprocess1"):
        for trace in json.loads((folder / f"{stem}_PostProcess_job021_.json").read_text())["data"]:
            y = np.array([np.nan if v == "Nan" else v for v in trace["y"]], dtype=float)
            out[trace["name"].lstrip("_")] = (np.array(trace["x"], dtype=float), y)
    return out


def test_the_tutorials_job021(shared):
    data = job021(shared)
    resolution, theirs = data[PREFIX + "Corrected"]
    masked, random = (data[k][1] for k in (PREFIX + "MaskedMaps", "rlnCorrectedFourierShellCorrelationPhaseRandomizedMaskedMaps"))
    unmasked = data[PREFIX + "UnmaskedMaps"][1]
    one = np.full_like(masked, 1e6)
    curves = [fsc_curves.FscCurve(y, *crossing.confidence_band(y, one), one) for y in (masked, random)]
    geo = fourier.geometry((256,) * 3, (1.244,) * 3)
    first = fsc_curves.first_random_shell(np.concatenate((np.ones(8), unmasked)), geo, 0.8, None) - 8
    ours = fsc_curves.corrected(curves[0], curves[1], first + 2)
    np.testing.assert_allclose(ours.fsc, theirs, atol=2e-5)
    found = crossing.find_crossings(1 / resolution, ours.fsc, 0.143)
    assert resolution[found.last_above] == pytest.approx(3.033, abs=5e-4)
    s2, weighted = data["rlnLogAmplitudesWeighted"]
    fit = guinier.fit(np.sqrt(s2), weighted, 10.0)
    assert fit.bfactor == pytest.approx(-36.62, abs=0.02)
    weights = fsc_sharpen.fsc_weights(np.concatenate((np.ones(8), theirs)))
    corrected = data["rlnLogAmplitudesMTFCorrected"][1]
    used = np.isfinite(weighted)
    used[:8] = False
    np.testing.assert_allclose(np.log(weights[used]), (weighted - corrected)[used], atol=5e-3)


@pytest.mark.parametrize("name", CASES)
def test_resolutions_are_true(sim_case, name):
    inputs = load(sim_case, name)
    truth = json.loads((sim_case(name) / f"{name}_truth.json").read_text())
    result = compute_fsc(inputs, FscParams(sharpen=False))
    length = truth["box"] * truth["voxel"]
    missed = []
    for ours, theirs, limit, part in (("unmasked", "unmasked", 0.015, 0.2), ("corrected", "masked", 0.03, 0.5)):
        for key, short in (("0143", "d143"), ("05", "d05")):
            true = truth["truth"][theirs][short]
            error = getattr(result, f"resolution_{ours}_{key}") - true
            if abs(error) > max(limit, part * true ** 2 / length):
                missed.append((name, ours, key, error))
    expected = [m for m in missed if (m[0], m[2]) in TOO_SHARP and m[1] == "corrected"]
    assert missed == expected
    if expected:
        assert result.random_fsc_at_resolution > 0.1


@pytest.mark.heavy
@pytest.mark.parametrize("name", ["t160", "rna128", "h256"])
def test_the_interval_holds_the_truth(sim_case, name):
    truth = json.loads((sim_case(name) / f"{name}_truth.json").read_text())["truth"]["unmasked"]["d143"]
    row = compute_fsc(load(sim_case, name), FscParams(sharpen=False)).resolutions.rows[0]
    assert row[4] - 0.01 <= truth <= row[3] + 0.01
