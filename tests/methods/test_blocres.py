"""The FSC in boxes: known local resolutions, Bsoft's own maps, every option, what is odd about half-maps and boxes."""
from __future__ import annotations

import numpy as np
import pytest

from cryoqa_plugin.errors import InputError
from cryoqa_plugin.io.maps import Map, read_map
from cryoqa_plugin.methods.local_resolution.blocres import BlocresParams, compute_blocres
from cryoqa_plugin.runner import perform
from cryoqa_plugin.study import Study

SHAPE = (48, 52, 56)


def two_halves(shape=SHAPE, voxel=(1.0, 1.0, 1.0), seed=3):
    """A ball that is twice as strong for x below the middle: a signal of ``exp(-k s^2)`` in white noise.

    The power of the signal is ``exp(-k s^2)`` times 60 (left) or 15 (right), that of the noise 1; ``k`` puts the left at 3 Å.
    """
    rng = np.random.default_rng(seed)
    s2 = sum(k ** 2 for k in np.meshgrid(*(np.fft.fftfreq(n, v) for n, v in zip(shape, voxel[::-1])), indexing="ij", sparse=True))
    k = 9 * np.log(60)
    z, y, x = np.meshgrid(*((np.arange(n) - n / 2) * v for n, v in zip(shape, voxel[::-1])), indexing="ij")
    ball = np.sqrt(z * z + y * y + x * x) < 22
    signal = np.fft.ifftn(np.fft.fftn(rng.standard_normal(shape)) * np.exp(-k * s2 / 2)).real
    signal *= np.sqrt(np.where(x < 0, 60, 15)) * ball
    halves = [Map((signal + rng.standard_normal(shape)).astype(np.float32), voxel, (3.0, 4.5, 6.0)) for _ in range(2)]
    deep = np.sqrt(z * z + y * y + x * x) < 18
    return halves, halves[0].with_data(ball.astype(np.float32)), {"left": deep & (x < -10), "right": deep & (x > 10)}, k


def run(halves, mask=None, **values):
    return compute_blocres(Study(half1=halves[0], half2=halves[1], mask=mask), BlocresParams(**values))


@pytest.mark.parametrize("shape", [SHAPE, (53, 53, 53)])
@pytest.mark.parametrize("whiten", [False, True])
def test_two_known_resolutions(shape, whiten):
    halves, mask, parts, k = two_halves(shape)
    out = run(halves, mask, whiten=whiten)
    for name, level in (("left", 60), ("right", 15)):
        want = np.sqrt(k / np.log(level))
        assert np.median(out.resolution_map.data[parts[name]]) == pytest.approx(want, rel=0.1), name
    assert out.p5 < out.p25 < out.median < out.p75 < out.p95
    assert out.resolution_map.origin == halves[0].origin
    assert np.all((out.resolution_map.data > 0) == (mask.data >= 0.5))
    assert out.histogram.y.sum() == pytest.approx(100)
    assert out.boxes > 100 and out.box_edge == 20 and out.spacing == 4 and out.coefficients > 10


@pytest.mark.heavy
def test_every_option_acts():
    halves, mask, parts, _ = two_halves()
    plain = run(halves, mask)
    assert run(halves, mask, threshold=0.143).median < plain.median
    assert [row[0] for row in run(halves, mask, threshold=0.3).percentiles.rows] == [0.3, 0.5, 0.143]
    assert plain.percentiles.rows[0][3] == pytest.approx(plain.median)
    small, large = (run(halves, mask, box=box, step=4) for box in (12, 24))
    assert small.coefficients < plain.coefficients < large.coefficients
    assert small.box_over_resolution < plain.box_over_resolution < large.box_over_resolution
    contrast = [np.ptp([np.median(o.resolution_map.data[p]) for p in parts.values()]) for o in (plain, large)]
    assert contrast[1] < contrast[0]
    fine, coarse = (run(halves, mask, box=12, step=step) for step in (2, 8))
    assert fine.boxes > 4 * small.boxes and coarse.boxes < small.boxes and coarse.spacing == 8
    both = (mask.data > 0) & (fine.resolution_map.data < 10)
    assert np.median(np.abs(fine.resolution_map.data - small.resolution_map.data)[both]) < 0.2
    assert run(halves, mask, pad=0).fsc_boxes.x.size == pytest.approx(plain.fsc_boxes.x.size / 2, abs=1)
    assert run(halves, mask, taper="none").coefficients > run(halves, mask, taper="edge").coefficients > plain.coefficients
    assert run(halves, mask, highest_resolution=3.3).resolution_map.data[mask.data > 0].min() == pytest.approx(3.3, rel=1e-5)
    assert run(halves, mask, whiten=True).median != plain.median
    assert run(halves, mask, rules="bsoft").median != plain.median


def test_scale_offset_and_order_of_the_half_maps_do_not_matter():
    halves, mask, _, _ = two_halves()
    one = run(halves, mask).resolution_map.data
    two = run([halves[1], halves[0].with_data(halves[0].data * 7 + 2)], mask).resolution_map.data
    np.testing.assert_allclose(two, one, rtol=1e-3)


def test_a_mask_is_made_and_said():
    halves, _, _, _ = two_halves()
    out = run(halves)
    assert out.mask_source == "made" and "No mask was given" in out.warnings[0] and out.mask_used is not None
    with pytest.raises(InputError, match="No voxel of the mask reaches 0.5, its largest value is 0.3"):
        run(halves, halves[0].with_data(np.full(SHAPE, 0.3, np.float32)))


def test_identical_and_masked_half_maps_are_said():
    halves, mask, _, _ = two_halves()
    same = run([halves[0], halves[0].with_data(halves[0].data * 2)], mask)
    assert same.half_maps_identical and same.nyquist_fraction == 1 and "copies" in same.summary
    assert same.median == pytest.approx(2.0)
    cut = [h.with_data(h.data * mask.data) for h in halves]
    masked = perform("blocres", Study(half1=cut[0], half2=cut[1], mask=mask), BlocresParams())
    assert masked.half_maps_masked and sum("masked" in w for w in masked.warnings) == 1


def test_noise_is_unresolved():
    rng = np.random.default_rng(5)
    halves = [Map(rng.standard_normal((40, 40, 40)).astype(np.float32), (1.0, 1.0, 1.0)) for _ in range(2)]
    out = run(halves, halves[0].with_data(np.ones((40, 40, 40), np.float32)), taper="none")
    assert out.unresolved_fraction > 0.6 and out.median > 15 and out.resolution_map.data.max() <= 20.001
    assert any("times the median resolution" in w for w in out.warnings)


def test_a_curve_that_falls_twice():
    """A gap in the signal between 8 and 3 Å: our rules stop at it, Bsoft's go on to the second fall."""
    halves, mask, _, _ = two_halves()
    rng = np.random.default_rng(6)
    s = np.sqrt(sum(np.fft.fftfreq(n).reshape([-1 if i == a else 1 for i in range(3)]) ** 2 for a, n in enumerate(SHAPE)))
    signal = np.fft.ifftn(np.fft.fftn(rng.standard_normal(SHAPE)) * ((s < 0.12) | (s > 0.32)) * (s < 0.43)).real
    gap = [h.with_data((3 * signal + 2 * rng.standard_normal(SHAPE)).astype(np.float32)) for h in halves]
    ours, theirs = (run(gap, mask, box=28, rules=rules) for rules in ("cryoqa", "bsoft"))
    assert ours.several_fraction > 0.9
    assert ours.median > 7 and theirs.median == pytest.approx(1 / 0.43, rel=0.1)


def test_boxes_that_do_not_fit_and_curves_that_end_too_soon():
    halves, mask, _, _ = two_halves()
    with pytest.raises(InputError, match="boxes of 60 voxels do not fit"):
        run(halves, mask, box=60)
    with pytest.raises(InputError, match="leaves no curve"):
        run(halves, mask, highest_resolution=15.0)


def test_anisotropic_voxels():
    halves, mask, parts, k = two_halves((40, 44, 56), (1.0, 1.2, 1.4))
    out = run(halves, mask)
    left, right = (np.median(out.resolution_map.data[parts[p]]) for p in ("left", "right"))
    assert left < right and left == pytest.approx(3, rel=0.15) and out.box_edge == pytest.approx(28)


def _case(folder, case):
    maps = {kind: read_map(str(folder / f"{case}_{kind}.mrc")) for kind in ("half1", "half2", "mask")}
    return [maps["half1"], maps["half2"]], maps["mask"]


@pytest.mark.realdata
@pytest.mark.heavy
@pytest.mark.parametrize("case", ["p96", "t160"])
def test_bsofts_own_maps(shared, sim_case, case):
    """By Bsoft's rules its map to the last digit of float32; by ours within 0.05 Å at 99 % of its points (95 % is asked)."""
    halves, mask = _case(sim_case(case), case)
    peer = read_map(str(shared / "reference" / case / "blocres.mrc.gz")).data
    at = peer > 0
    for rules, close in (("bsoft", 1e-4), ("cryoqa", 0.05)):
        ours = run(halves, mask, rules=rules).resolution_map.data
        apart = np.abs(ours - peer)[at]
        assert np.mean(apart <= close) >= (1 if rules == "bsoft" else 0.99), (rules, apart.max())


@pytest.mark.realdata
@pytest.mark.parametrize("case,error,correlation", [("p96", 0.14, 0.8), pytest.param("t160", 0.14, 0.7, marks=pytest.mark.heavy)])
def test_simulated_truth(sim_case, case, error, correlation):
    folder = sim_case(case)
    halves, mask = _case(folder, case)
    truth = read_map(str(folder / f"{case}_locres.mrc")).data
    inside = (mask.data >= 0.5) & (truth > 0)
    ours = run(halves, mask).resolution_map.data[inside]
    assert np.median(np.abs(ours - truth[inside])) <= error
    assert np.corrcoef(ours, truth[inside])[0, 1] >= correlation
