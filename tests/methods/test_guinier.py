"""B-factors by the Guinier plot: those of Xmipp and RELION to the last digit, and the true ones of simulated maps."""
from __future__ import annotations

import numpy as np
import pytest

from cryoqa_plugin.core import fourier, guinier, shells
from cryoqa_plugin.demo import make_demo_data
from cryoqa_plugin.errors import InputError, MissingInputError
from cryoqa_plugin.io.curves import GivenFsc, read_fsc_curve
from cryoqa_plugin.io.maps import Map, read_map
from cryoqa_plugin.io.models import read_model
from cryoqa_plugin.io.star import read_star
from cryoqa_plugin.methods.sharpening.guinier import GuinierParams, compute_guinier, edges
from cryoqa_plugin.study import Study

CASES = ["p96", "a96", pytest.param("t160", marks=pytest.mark.heavy), pytest.param("l160", marks=pytest.mark.heavy)]
TRUE = ["p96"] + [pytest.param(c, marks=pytest.mark.heavy) for c in ("odd97", "l160")]


@pytest.fixture(scope="module")
def demo():
    return make_demo_data(box=64)


def _map(sim_case, case, kind):
    return read_map(str(sim_case(case) / f"{case}_{kind}.mrc"))


@pytest.mark.realdata
@pytest.mark.parametrize("case", CASES)
def test_xmipp_to_the_last_digit(shared, sim_case, case):
    theirs = np.loadtxt(str(shared / "reference" / case / "xmipp_guinier.txt"))
    finest = 1 / np.sqrt(theirs[-1, 0])
    ours = compute_guinier(Study(full_map=_map(sim_case, case, "full")), GuinierParams(rules="xmipp", fit_to=finest, write="bfactor"))
    end = len(theirs) - 1
    np.testing.assert_allclose(ours.guinier_map.y[:end], theirs[1:, 1], atol=6e-5)
    assert ours.intercept == pytest.approx(theirs[0, 4], abs=6e-6) and ours.fit_from == 15 and ours.bfactor == pytest.approx(4 * ours.slope)
    after = fourier.forward(ours.sharpened.data)
    geo = fourier.geometry(ours.sharpened.shape, ours.sharpened.voxel_size)
    _, amplitude, count = shells.power_sums(after, geo, mate_weight=1.0)
    sharpened = guinier.log_amplitudes(amplitude, count, ours.sharpened.data.size)
    np.testing.assert_allclose(sharpened[1:end], theirs[1:end, 3], atol=2e-4)      # 0.005 Å² of B at the end
    assert sharpened[end + 2:-1] == pytest.approx(ours.guinier_map.y[end + 1:-1], abs=1e-4)


@pytest.mark.realdata
@pytest.mark.parametrize("case", CASES)
def test_relion_to_the_last_digit_by_its_own_fsc(shared, sim_case, case):
    star = str(shared / "reference" / case / "relion_postprocess.star")
    general = read_star(star)["general"]
    halves = {k: _map(sim_case, case, k) for k in ("half1", "half2", "mask")}
    ours = compute_guinier(Study(fsc_curve=read_fsc_curve(star), **halves), GuinierParams(rules="relion"))
    assert ours.bfactor == pytest.approx(general.value("rlnBfactorUsedForSharpening"), abs=0.1)
    assert ours.intercept == pytest.approx(general.value("rlnFittedInterceptGuinierPlot"), abs=2e-3)
    assert ours.r_squared == pytest.approx(general.value("rlnCorrelationFitGuinierPlot"), abs=5e-4)
    own = compute_guinier(Study(**halves), GuinierParams(rules="relion"))
    assert own.bfactor == pytest.approx(general.value("rlnBfactorUsedForSharpening"), rel=0.05)


@pytest.mark.realdata
@pytest.mark.parametrize("case", TRUE)
def test_the_bfactor_is_that_of_the_signal(sim_case, case):
    model = read_model(str(sim_case(case) / f"{case}_model.pdb"))
    signal = _map(sim_case, case, "signal")
    halves = {k: _map(sim_case, case, k) for k in ("half1", "half2", "mask")}
    ours = compute_guinier(Study(model=model, reference_map=signal, **halves), GuinierParams())
    exact = compute_guinier(Study(full_map=signal, model=model), GuinierParams(weighting="none", fit_to=ours.fit_to))
    assert abs(ours.bfactor - exact.bfactor) < 6 and abs(ours.bfactor_reference) < 4
    assert abs(ours.bfactor_model - exact.bfactor_model) < 4
    assert ours.correlation_reference > 0.999 and ours.correlation_model > 0.97 and not ours.oversharpened
    relion = compute_guinier(Study(**halves), GuinierParams(rules="relion"))
    assert relion.bfactor - exact.bfactor > 12              # noise outside of the mask makes the plot of the whole box too flat


def _blurred(bfactor, seed=4, shape=(40, 41, 42)):
    geo = fourier.geometry(shape, (1.5, 1.5, 1.5))
    ft = fourier.forward(np.random.default_rng(seed).standard_normal(shape).astype(np.float32))
    from cryoqa_plugin.core.filters import apply_radial
    at = np.arange(0, 40, 1 / 16)
    return Map(fourier.inverse(apply_radial(ft, geo, np.exp(bfactor * (at / geo.length) ** 2 / 4), at=at), shape), (1.5, 1.5, 1.5),
               (3.0, 4.0, 5.0))


@pytest.mark.parametrize("rules", ["cryoqa", "relion", "xmipp"])
@pytest.mark.parametrize("bfactor", [-120.0, 60.0])
def test_known_bfactors_of_an_uneven_box(rules, bfactor):
    made = compute_guinier(Study(full_map=_blurred(bfactor)), GuinierParams(rules=rules, fit_to=3.4))
    assert made.bfactor == pytest.approx(bfactor, abs=4) and made.oversharpened is (bfactor > 0) and made.bfactor_error < 4
    assert ("over-sharpened" in made.summary) is (bfactor > 0)
    assert made.fall == pytest.approx(np.exp(-made.bfactor / 4 / 3.4 ** 2))


def test_a_coarse_map_is_fitted_from_farther_and_judged_by_its_fall():
    coarse = Study(full_map=_blurred(-800.0, shape=(80, 81, 82)))
    made = [compute_guinier(coarse, GuinierParams(fit_to=d)) for d in (6.0, 8.0)]
    assert [m.fit_from for m in made] == [10.0, 12.0]
    assert compute_guinier(coarse, GuinierParams(rules="relion", fit_to=6.0)).fit_from == 10
    assert made[1].bfactor == pytest.approx(-800, abs=80) and 1 < made[1].fall < made[0].fall < 4000
    steep = compute_guinier(Study(full_map=_blurred(-500.0)), GuinierParams(fit_to=3.6))
    assert steep.bfactor == pytest.approx(-500, abs=20) and steep.fall > 4000


def test_ranges_weights_and_reference_change_what_they_say(demo):
    halves = dict(half1=demo.half1, half2=demo.half2)
    default = compute_guinier(Study(mask=demo.mask, **halves), GuinierParams())
    assert default.weighted and default.fsc_weight is not None and default.fit_from == 10
    plain = compute_guinier(Study(mask=demo.mask, **halves), GuinierParams(weighting="none"))
    assert plain.bfactor > default.bfactor + 5 and not plain.weighted
    narrow = compute_guinier(Study(mask=demo.mask, **halves), GuinierParams(fit_from=8, fit_to=default.fit_to * 1.2))
    assert narrow.shells < default.shells and narrow.fit_from == 8
    xmipp = compute_guinier(Study(**halves), GuinierParams(rules="xmipp", weighting="fsc"))
    assert xmipp.weighted and compute_guinier(Study(**halves), GuinierParams(rules="xmipp")).bfactor > xmipp.bfactor
    other = compute_guinier(Study(full_map=_blurred(-100), reference_map=_blurred(-40)), GuinierParams(fit_to=3.4))
    assert other.bfactor_reference == pytest.approx(-60, abs=1) and other.correlation_reference > 0.9


@pytest.mark.parametrize("write", ["bfactor", "reference", "model"])
def test_the_map_that_is_written_has_the_amplitudes_asked_for(demo, write):
    study = Study(half1=demo.half1, half2=demo.half2, mask=demo.mask, model=demo.model, reference_map=demo.full_map)
    made = compute_guinier(study, GuinierParams(write=write))
    assert made.sharpened.origin == demo.half1.origin
    np.testing.assert_allclose((made.sharpened_half1.data + made.sharpened_half2.data) / 2, made.sharpened.data,
                               atol=1e-3 * made.sharpened.data.std())
    if write == "bfactor":
        again = compute_guinier(Study(full_map=made.sharpened, mask=demo.mask), GuinierParams(weighting="none", fit_to=made.fit_to))
        assert abs(again.bfactor) < 25 < abs(made.bfactor) and made.bfactor_applied == made.bfactor
        given = compute_guinier(study, GuinierParams(write=write, bfactor=-10))
        assert given.bfactor_applied == -10 and given.sharpened.data.std() < made.sharpened.data.std()
    else:
        base = made.guinier_model if write == "model" else made.guinier_reference
        after = compute_guinier(Study(full_map=made.sharpened, mask=demo.mask), GuinierParams(weighting="none", fit_to=made.fit_to))
        use = (made.guinier_map.x > 1 / 100) & (made.guinier_map.x < 0.8 / made.fit_to ** 2)
        assert np.std((after.guinier_map.y - base.y)[use]) < 0.25


def test_what_is_asked_for_and_not_there_is_named(demo):
    alone = Study(full_map=demo.full_map)
    for kind in ("reference", "model"):
        with pytest.raises(MissingInputError, match="none was given"):
            compute_guinier(alone, GuinierParams(write=kind))
    with pytest.raises(MissingInputError, match="no half-maps"):
        compute_guinier(alone, GuinierParams(weighting="fsc"))
    with pytest.raises(InputError, match="hold nothing finer"):
        compute_guinier(alone, GuinierParams(fit_to=0.3))
    few = compute_guinier(alone, GuinierParams(fit_from=5, fit_to=4.9))
    assert few.bfactor is None and "Fewer than three shells" in few.warnings[0]


def test_a_given_fsc_takes_the_place_of_half_maps(demo):
    """Weights and end of the fit are those of the curve that was given, where there are half-maps too."""
    frequency = np.linspace(0, 0.5, 200)
    given = GivenFsc(frequency, 1 / (1 + (frequency / 0.15) ** 8))                       # 0.143 at 0.15 * 6 ** (1 / 8)
    alone, halves = (compute_guinier(Study(fsc_curve=given, **maps), GuinierParams(fit_from=30)) for maps in (
        dict(full_map=demo.full_map), dict(half1=demo.half1, half2=demo.half2)))
    geo = fourier.geometry(demo.full_map.shape, demo.full_map.voxel_size)
    end = 0.15 * (1 / 0.143 - 1) ** (1 / 8)
    for found in (alone, halves):
        assert found.weighted and abs(1 / found.fit_to - end) < 1 / geo.length
        fsc = given.at(found.fsc_weight.x)
        np.testing.assert_allclose(found.fsc_weight.y ** 2, 2 * fsc / (1 + fsc), atol=1e-6)


def test_xmipps_shells_are_steps_of_the_x_edge():
    geo = fourier.geometry((40, 50, 30), (1.0, 1.0, 1.0))
    at = edges(geo, 30, "xmipp")
    assert at.size == 16 and at[0] == pytest.approx(0.5 * 50 / 30) and at[-1] == pytest.approx(25, abs=1e-3)
    np.testing.assert_array_equal(edges(geo, 30, "relion"), shells.shell_edges(geo))
