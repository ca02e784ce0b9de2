"""The correlation in balls: a naive twin, known local resolutions, every option, what is odd about half-maps and bins."""
from __future__ import annotations

import naive_locres
import numpy as np
import pytest
from test_blocres import two_halves

from cryoqa_plugin.errors import InputError
from cryoqa_plugin.io.maps import Map, read_map
from cryoqa_plugin.methods.local_resolution.phenix_locres import PhenixLocresParams, compute_phenix_locres
from cryoqa_plugin.runner import perform
from cryoqa_plugin.study import Study

NOISE = (36, 36, 36)


def run(halves, mask=None, **values):
    return compute_phenix_locres(Study(half1=halves[0], half2=halves[1], mask=mask), PhenixLocresParams(**values))


@pytest.mark.parametrize("shape,voxel", [((40, 40, 40), (1.0, 1.0, 1.0)), ((37, 34, 40), (1.1, 1.0, 0.9))])
@pytest.mark.parametrize("first_fall", [False, True])
def test_the_map_is_that_of_the_naive_twin(shape, voxel, first_fall):
    """Coarse grids of products and of correlations against whole boxes: half of the voxels within 0.02 Å."""
    halves, mask, _, _ = two_halves(shape, voxel)
    _, want = naive_locres.phenix(*(h.data.astype(float) for h in halves), voxel, 3.0, 0.143, 12, first_fall)
    out = run(halves, mask, resolution=3.0, bins=12, rules="first_fall" if first_fall else "phenix").resolution_map.data
    inside = mask.data >= 0.5
    apart = np.abs(out - want)[inside]
    assert np.median(apart) < 0.02 and np.percentile(apart, 95) < 0.1
    assert np.corrcoef(out[inside], want[inside])[0, 1] > 0.99


def test_without_smoothing_every_voxel_is_that_of_the_naive_twin():
    halves, mask, _, _ = two_halves((32, 36, 34))
    want, _ = naive_locres.phenix(*(h.data.astype(float) for h in halves), (1, 1, 1), 3.0, 0.143, 10)
    out = run(halves, mask, resolution=3.0, bins=10, smooth=0.0).resolution_map.data
    inside = mask.data >= 0.5
    assert np.mean(np.abs(out - want)[inside] < 0.01) > 0.97


def test_two_known_resolutions():
    halves, mask, parts, k = two_halves((60, 60, 60))
    out = run(halves, mask, radius=8.0, highest_resolution=2.05)
    for name, level in (("left", 60), ("right", 15)):        # the local correlation passes 0.143 at a sixth of the noise of a half-map
        want = np.sqrt(k / np.log(6 * level))
        assert np.median(out.resolution_map.data[parts[name]]) == pytest.approx(want, rel=0.1), name
    assert out.p5 < out.p25 < out.median < out.p75 < out.p95 < out.solvent_median
    assert out.resolution_map.origin == halves[0].origin
    assert np.all((out.resolution_map.data > 0) == (mask.data >= 0.5))
    assert out.histogram.y.sum() == pytest.approx(100) and out.correlation.x.size == 20
    assert out.percentiles.rows[0][3] == pytest.approx(out.median)


@pytest.mark.heavy
def test_every_option_acts():
    halves, mask, parts, _ = two_halves((52, 52, 52))
    plain = run(halves, mask)
    assert plain.radius == plain.smooth == plain.overall and plain.highest_resolution == pytest.approx(0.833 * plain.overall)
    given = run(halves, mask, resolution=3.0)
    assert (given.overall, given.radius, given.smooth) == (3.0, 3.0, 3.0) and given.median != plain.median
    assert run(halves, mask, threshold=0.5).median > plain.median
    assert run(halves, mask, bins=40).correlation.x.size == 40
    assert run(halves, mask, highest_resolution=3.2).resolution_map.data[mask.data >= 0.5].min() > 3.1
    wide = run(halves, mask, radius=9.0)
    assert wide.coefficients > 5 * plain.coefficients and wide.inverted_fraction < plain.inverted_fraction
    rough, smooth = (run(halves, mask, smooth=s) for s in (0.0, 8.0))
    steps = [np.abs(np.diff(o.resolution_map.data[26, 26, 12:40], n=2)).mean() for o in (rough, plain)]
    assert steps[0] > 3 * steps[1] and smooth.smooth == 8 and smooth.p5 > plain.p5 + 0.05   # coarse surroundings flow in
    fall = run(halves, mask, rules="first_fall")
    assert fall.median > plain.median and fall.rules == "first_fall" and fall.inverted_fraction == plain.inverted_fraction


def test_scale_offset_and_order_of_the_half_maps_do_not_matter():
    halves, mask, _, _ = two_halves()
    one = run(halves, mask).resolution_map.data
    two = run([halves[1], halves[0].with_data(halves[0].data * 7 + 2)], mask).resolution_map.data
    assert np.mean(np.abs(two - one)[mask.data >= 0.5] < 0.01) > 0.99


def test_noise_has_a_resolution_all_the_same():
    """The quirk of the rules: the mean of a coarse and a fine bin, wherever the few coefficients of a ball make one pass."""
    rng = np.random.default_rng(5)
    halves = [Map(rng.standard_normal(NOISE).astype(np.float32), (1.0, 1.0, 1.0)) for _ in range(2)]
    whole = halves[0].with_data(np.ones(NOISE, np.float32))
    out, fall = (run(halves, whole, resolution=3.0, rules=rules) for rules in ("phenix", "first_fall"))
    assert out.median < 7 < fall.median + 1 and out.inverted_fraction > 0.7 and out.solvent_median is None


def test_identical_and_masked_half_maps_and_a_made_mask_are_said():
    halves, mask, _, _ = two_halves()
    same = run([halves[0], halves[0].with_data(halves[0].data * 2)], mask, resolution=3.0)
    assert same.half_maps_identical and same.nyquist_fraction == 1 and "copies" in same.summary
    assert same.median == pytest.approx(2.5, abs=0.05)
    cut = [h.with_data(h.data * mask.data) for h in halves]
    masked = perform("phenix_locres", Study(half1=cut[0], half2=cut[1], mask=mask), PhenixLocresParams())
    assert masked.half_maps_masked and sum("masked" in w for w in masked.warnings) == 1
    made = run(halves)
    assert made.mask_source == "made" and made.mask_used is not None and any("No mask was given" in w for w in made.warnings)
    with pytest.raises(InputError, match="No voxel of the mask reaches 0.5, its largest value is 0.3"):
        run(halves, mask.with_data(np.full(mask.shape, 0.3, np.float32)))


def test_bins_that_hold_nothing():
    halves, mask, _, _ = two_halves()
    with pytest.raises(InputError, match="holds less than a shell"):
        run(halves, mask, resolution=40.0, bins=60)


@pytest.mark.realdata
@pytest.mark.parametrize("case,resolution,error,correlation", [
    ("p96", 2.6, 0.04, 0.93), pytest.param("t160", 3.0, 0.035, 0.9, marks=pytest.mark.heavy),
    pytest.param("l160", 3.0, 0.11, 0.96, marks=pytest.mark.heavy)])
@pytest.mark.heavy
def test_simulated_truth(sim_case, case, resolution, error, correlation):
    """And Phenix's finest value, recorded: 2.26 (p96), 2.58 (t160), 2.52 Å (l160)."""
    folder = sim_case(case)
    halves = [read_map(str(folder / f"{case}_half{i}.mrc")) for i in (1, 2)]
    mask, truth = (read_map(str(folder / f"{case}_{kind}.mrc")) for kind in ("mask", "locres"))
    inside = (mask.data >= 0.5) & (truth.data > 0)
    out = run(halves, mask)
    assert out.overall == pytest.approx(resolution, abs=0.02)
    ours = run(halves, mask, resolution=resolution).resolution_map.data[inside]
    assert np.median(np.abs(ours - truth.data[inside])) <= error
    assert np.corrcoef(ours, truth.data[inside])[0, 1] >= correlation
    assert ours.min() == pytest.approx({"p96": 2.26, "t160": 2.58, "l160": 2.52}[case], abs=0.03)
