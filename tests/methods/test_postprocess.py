"""Post-processing: RELION's map and numbers, cryoSPARC's sequence, what each option does, and the truth of simulated maps."""
from __future__ import annotations

import numpy as np
import pytest

from cryoqa_plugin.core import fourier, shells
from cryoqa_plugin.demo import make_demo_data
from cryoqa_plugin.errors import MissingInputError
from cryoqa_plugin.io.curves import read_fsc_curve, read_mtf
from cryoqa_plugin.io.maps import read_map
from cryoqa_plugin.io.star import read_star
from cryoqa_plugin.methods.sharpening.postprocess import PostprocessParams, compute_postprocess
from cryoqa_plugin.study import Study
from sharpening_cases import correlation, score

# to truth, to truth_b0
SCORES = [("p96", 0.97, 0.78), pytest.param("t160", 0.95, 0.73, marks=pytest.mark.heavy),
          pytest.param("l160", 0.96, 0.65, marks=pytest.mark.heavy)]


@pytest.fixture(scope="module")
def demo():
    return make_demo_data(box=64)


def _case(sim_case, case):
    return {k: read_map(str(sim_case(case) / f"{case}_{k}.mrc")) for k in ("half1", "half2", "mask")}


def _halves(demo, **more):
    return Study(half1=demo.half1, half2=demo.half2, **more)


def _gain(made, demo):
    """Amplitudes of the sharpened map over those of the mean of the half-maps, by shell, and s^2."""
    geo = fourier.geometry(demo.half1.shape, demo.half1.voxel_size)
    before, after = (shells.power_sums(fourier.forward(d), geo)[1] for d in ((demo.half1.data + demo.half2.data) / 2, made.sharpened.data))
    return after / before, fourier.frequencies(geo) ** 2


@pytest.mark.realdata
@pytest.mark.parametrize("case, truth, b0", SCORES)
def test_the_map_is_near_the_truth_and_nearer_than_relions(sim_case, case, truth, b0):
    maps = _case(sim_case, case)
    ours, flat, theirs = (score(sim_case(case), compute_postprocess(Study(**maps), PostprocessParams(**kw)).sharpened.data)
                          for kw in ({}, dict(bfactor_left=0), dict(rules="relion")))
    assert ours.truth >= truth and ours.b0 >= b0
    assert ours.truth > theirs.truth + 0.02 and flat.truth > theirs.truth + 0.02 and flat.b0 > max(theirs.b0, ours.b0)


@pytest.mark.realdata
def test_the_map_and_the_numbers_are_those_of_relion(shared, sim_case):
    maps = _case(sim_case, "p96")
    star = read_star(str(shared / "reference" / "p96" / "relion_postprocess.star"))
    made = compute_postprocess(Study(**maps), PostprocessParams(rules="relion", write_masked=True))
    general, fsc = star["general"], star["fsc"].columns
    assert made.bfactor == pytest.approx(general.value("rlnBfactorUsedForSharpening"), rel=0.05)
    assert abs(1 / made.resolution - 1 / general.value("rlnFinalResolution")) < 1.01 / 96
    np.testing.assert_allclose(made.fsc_masked.y, fsc["rlnFourierShellCorrelationMaskedMaps"], atol=1e-4)
    assert made.box_over_particle == pytest.approx(general.value("rlnParticleBoxFractionSolventMask"), rel=2e-3)
    np.testing.assert_allclose(made.fsc_part.y[1:], fsc["rlnFourierShellCorrelationParticleMaskFraction"][1:], atol=2e-3)
    theirs = read_map(str(shared / "reference" / "p96" / "relion_postprocess_map.mrc.gz")).data
    assert correlation(made.sharpened.data, theirs, maps["mask"].data > 0.5) > 0.975      # they differ by random phases,
    star = str(shared / "reference" / "p96" / "relion_postprocess.star")                  # and with its own FSC by nothing
    given = compute_postprocess(Study(fsc_curve=read_fsc_curve(star), **maps), PostprocessParams(rules="relion"))
    assert given.bfactor == pytest.approx(general.value("rlnBfactorUsedForSharpening"), abs=0.01)
    assert given.resolution == pytest.approx(general.value("rlnFinalResolution"), abs=1e-5)
    assert correlation(given.sharpened.data, theirs, maps["mask"].data > 0.5) > 0.9995
    np.testing.assert_allclose(given.fsc_given.y, fsc["rlnFourierShellCorrelationCorrected"], atol=2e-3)
    np.testing.assert_array_equal(made.sharpened_masked.data, made.sharpened.data * maps["mask"].data)


@pytest.mark.heavy
@pytest.mark.realdata
def test_cryosparcs_sequence(sim_case):
    maps = _case(sim_case, "p96")
    made = compute_postprocess(Study(**maps), PostprocessParams(rules="cryosparc"))
    assert made.low_pass == made.resolution and made.resolution_map is not None and made.local_resolution_median > 1.5
    folder = sim_case("p96")
    filtered, sharpened, local = (score(folder, getattr(made, n).data) for n in ("filtered", "sharpened", "locally_filtered"))
    assert local.b0 > sharpened.b0 > filtered.b0 and local.truth > sharpened.truth
    given = read_map(str(folder / "p96_locres.mrc"))
    ours = compute_postprocess(Study(resolution_map=given, **maps), PostprocessParams(rules="cryosparc"))
    assert ours.resolution_map is None and ours.local_resolution_median == pytest.approx(made.local_resolution_median, rel=0.2)


def test_what_is_known_is_applied_to_all_maps(demo):
    made = compute_postprocess(_halves(demo, mask=demo.mask), PostprocessParams())
    np.testing.assert_allclose((made.sharpened_half1.data + made.sharpened_half2.data) / 2, made.sharpened.data,
                               atol=1e-4 * made.sharpened.data.std())
    assert made.sharpened.origin == demo.half1.origin and made.bfactor_fitted < made.bfactor == made.bfactor_fitted + made.bfactor_left < 0
    assert made.filtered is None and made.locally_filtered is None and made.sharpened_masked is None
    given = compute_postprocess(_halves(demo, full_map=demo.half1), PostprocessParams())
    assert not np.array_equal(given.sharpened.data, made.sharpened.data)


def test_the_bfactor_that_is_given(demo):
    made = [compute_postprocess(_halves(demo, mask=demo.mask), PostprocessParams(bfactor=b)) for b in (-50.0, -90.0)]
    (one, s2), (two, _) = (_gain(m, demo) for m in made)
    use = (made[0].fsc_weight.y > 0.3) & (s2 > 0)
    use[np.flatnonzero(~use)[1]:] = False
    assert np.log(two / one)[use] == pytest.approx((40 / 4 * s2)[use], abs=0.02)
    assert [m.bfactor for m in made] == [-50, -90] and made[0].bfactor_fitted == made[1].bfactor_fitted


def test_what_is_left_is_between_nothing_and_what_there_is(demo):
    flat, some, usual, most, peer = (compute_postprocess(_halves(demo, mask=demo.mask), PostprocessParams(**kw)) for kw in (
        dict(bfactor_left=0), dict(bfactor_left=20), {}, dict(bfactor_left=1000), dict(rules="relion")))
    assert flat.bfactor == flat.bfactor_fitted and most.bfactor == 0 and peer.bfactor == peer.bfactor_fitted
    assert some.bfactor == pytest.approx(some.bfactor_fitted + 20) and "leaves a fall-off of 20" in some.summary
    assert usual.bfactor_left == pytest.approx(min(4.5 * usual.resolution ** 2, -usual.bfactor_fitted))
    (one, s2), (two, _) = (_gain(m, demo) for m in (flat, some))
    use = (flat.fsc_weight.y > 0.3) & (s2 > 0)
    use[np.flatnonzero(~use)[1]:] = False
    assert np.log(one / two)[use] == pytest.approx((20 / 4 * s2)[use], abs=0.02)


def test_weights_low_pass_and_range(demo):
    params = [PostprocessParams(bfactor=0, weighting=w, mass=20) for w in ("fsc", "part", "none")]
    fsc, part, none = (compute_postprocess(_halves(demo, mask=demo.mask), p) for p in params)
    assert _gain(none, demo)[0][1:-1] == pytest.approx(np.ones(len(none.fsc_true.y) - 2), abs=0.02) and none.fsc_weight is None
    for made in (fsc, part):
        gain, weight = _gain(made, demo)[0], made.fsc_weight.y
        assert gain[3:-2] == pytest.approx(weight[3:-2], abs=0.03)
    assert not np.allclose(fsc.fsc_weight.y, part.fsc_weight.y, atol=1e-3)
    plain = part.fsc_unmasked.y
    f = part.box_over_particle
    assert f == pytest.approx(0.476 * 64 ** 3 * demo.half1.voxel ** 3 * 0.81 / 20000)
    np.testing.assert_allclose(part.fsc_part.y, f * plain / (1 + (f - 1) * plain), rtol=1e-6)
    for low_pass, wanted in ((8.0, 8.0), (-1.0, fsc.resolution), (0.0, None)):
        made = compute_postprocess(_halves(demo, mask=demo.mask), PostprocessParams(low_pass=low_pass))
        assert made.low_pass == wanted
        if wanted:
            gain, s2 = _gain(made, demo)
            assert gain[s2 > (1 / wanted + 2.5 / (64 * demo.half1.voxel)) ** 2].max(initial=0) < 1e-3
    ranges = [compute_postprocess(_halves(demo, mask=demo.mask), p) for p in (PostprocessParams(fit_from=7), PostprocessParams(fit_to=5))]
    assert len({m.bfactor_fitted for m in ranges} | {fsc.bfactor_fitted}) == 3


def test_the_mtf_is_divided_out(demo, tmp_path):
    star = tmp_path / "mtf.star"
    star.write_text("data_\n\nloop_\n_rlnResolutionInversePixel #1\n_rlnMtfValue #2\n0 1\n0.5 0.5\n")
    mtf = read_mtf(str(star))
    plain, divided = (compute_postprocess(_halves(demo, mask=demo.mask, mtf=m), PostprocessParams(bfactor=0)) for m in (None, mtf))
    (one, s2), (two, _) = (_gain(m, demo) for m in (plain, divided))
    use = plain.fsc_weight.y > 0.3
    assert (two / one)[use] == pytest.approx(1 / (1 - np.sqrt(s2[use]) * demo.half1.voxel), rel=0.02)
    other = compute_postprocess(_halves(demo, mask=demo.mask, mtf=mtf), PostprocessParams(bfactor=0, mtf_voxel_size=0.5))
    assert not np.array_equal(other.sharpened.data, divided.sharpened.data)
    assert divided.bfactor_fitted > plain.bfactor_fitted


def test_random_phases_and_the_mask_that_relion_skips(demo):
    default, moved, seeded = (compute_postprocess(_halves(demo, mask=demo.mask), PostprocessParams(**kw)) for kw in (
        {}, dict(randomise_from=9.0), dict(seed=5)))
    assert moved.randomised_from == pytest.approx(9, rel=0.1) and default.randomised_from != moved.randomised_from
    assert not np.array_equal(seeded.fsc_phase_randomised.y, default.fsc_phase_randomised.y)
    corner = np.zeros_like(demo.mask.data)
    corner[2:14, 2:14, 2:14] = 1
    skipped = compute_postprocess(_halves(demo, mask=demo.mask.with_data(corner)), PostprocessParams(rules="relion"))
    assert skipped.mask_skipped and "the mask was not used" in " ".join(skipped.warnings)
    forced = compute_postprocess(_halves(demo, mask=demo.mask.with_data(corner)), PostprocessParams(rules="relion", force_mask=True))
    assert not forced.mask_skipped and forced.resolution != skipped.resolution


def test_the_local_filter_on_request(demo):
    made = compute_postprocess(_halves(demo, mask=demo.mask), PostprocessParams(local="yes"))
    assert made.locally_filtered_half1 is not None and not np.array_equal(made.locally_filtered.data, made.sharpened.data)
    grid = demo.mask.with_data(np.full(demo.mask.shape, 6.0, dtype=np.float32))
    auto = compute_postprocess(_halves(demo, mask=demo.mask, resolution_map=grid), PostprocessParams())
    assert auto.local_resolution_median == pytest.approx(6) and auto.resolution_map is None
    off = compute_postprocess(_halves(demo, mask=demo.mask, resolution_map=grid), PostprocessParams(local="no"))
    assert off.locally_filtered is None


def test_what_is_missing_is_named(demo):
    with pytest.raises(MissingInputError, match="Half-map 1"):
        compute_postprocess(Study(full_map=demo.full_map), PostprocessParams())
    with pytest.raises(MissingInputError, match="its mass or a mask"):
        compute_postprocess(_halves(demo), PostprocessParams(weighting="part"))
