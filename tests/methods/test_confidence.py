"""Confidence maps of a ball in coloured noise: the rate that is kept, where the noise is from, what is refused."""
import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from cryoqa_plugin import limits
from cryoqa_plugin.checks import evaluate
from cryoqa_plugin.core.masks import ball, components, lowpass
from cryoqa_plugin.errors import InputError, MissingInputError
from cryoqa_plugin.io.maps import Map, read_map
from cryoqa_plugin.methods.map_info.confidence import ConfidenceParams, compute_confidence
from cryoqa_plugin.results import to_document
from cryoqa_plugin.study import Study

VOXEL, N = (2.0, 2.0, 2.0), 48
BALL = ball((N,) * 3, VOXEL, 18.0)
FAR = ~ball((N,) * 3, VOXEL, 30.0)


def halves(seed, signal=1.0, gain=None, n=N, heavy=False, level=0.0):
    """A ball with detail, ``signal`` times as strong, in smooth noise of 1 that is ``gain`` times as strong from place to place."""
    rng = np.random.default_rng(seed)
    texture = lowpass(np.random.default_rng(99).standard_normal((n,) * 3).astype(np.float32), VOXEL, 6.0)
    truth = ball((n,) * 3, VOXEL, 18.0) * (2 + texture / texture.std()) * signal + level
    out = []
    for _ in range(2):
        white = rng.standard_t(4, (n,) * 3) if heavy else rng.standard_normal((n,) * 3)
        noise = white if heavy else gaussian_filter(white, 0.8, mode="wrap")
        out.append(Map((truth + noise / noise.std() * (1 if gain is None else gain)).astype(np.float32), VOXEL))
    return out


def run(maps, mask=None, resolution_map=None, **values):
    given = dict(half1=maps[0], half2=maps[1]) if isinstance(maps, (list, tuple)) else dict(full_map=maps)
    return compute_confidence(Study(mask=mask, resolution_map=resolution_map, **given), ConfidenceParams(**values))


def false_share(result):
    kept = result.confidence_mask.data > 0
    return np.count_nonzero(kept & FAR) / max(np.count_nonzero(kept), 1), np.count_nonzero(kept & BALL) / np.count_nonzero(BALL)


UNEVEN = np.linspace(0.4, 1.6, N)[None, None, :]


@pytest.mark.parametrize("gain", [None, UNEVEN], ids=["even", "uneven"])
def test_the_rate_is_kept_and_the_ball_is_found(gain):
    rates = [false_share(run(halves(seed, 4, gain))) for seed in range(4)]
    assert np.mean([r[0] for r in rates]) <= 0.005 and min(r[1] for r in rates) > 0.75


def test_one_noise_for_uneven_noise_does_not_keep_it():
    rates = [[false_share(run(halves(seed, 4, UNEVEN), procedure="benjamini", distribution="normal", window=w))[0] for seed in range(2)]
             for w in (15.0, 1000.0)]
    assert np.mean(rates[1]) > 0.015 > np.mean(rates[0])


@pytest.mark.heavy
def test_nothing_is_found_in_noise_of_many_seeds():
    assert sum(run(halves(seed, 0)).pieces == 0 for seed in range(100, 120)) >= 19


def test_pieces_of_density_are_told_from_those_of_noise():
    maps = halves(30, 4)
    planted = ball((N,) * 3, VOXEL, 5.0) * 3.0
    planted = np.roll(planted, (14, 8, -12), (0, 1, 2)).astype(np.float32)
    origin = (10.0, -20.0, 30.0)
    result = run([Map(m.data + planted, VOXEL, origin) for m in maps])
    assert result.blobs.columns[-1] == "judged" and result.other_pieces == 1 and len(result.blobs.rows) == min(result.pieces, 20)
    whole, blob = result.blobs.rows[:2]
    assert whole[1] > 5 * blob[1] and (whole[-1], blob[-1]) == ("density", "density") and whole[7] is None
    place = [o + 2 * (N // 2 + s) for o, s in zip(origin, (-12, 8, 14))]
    np.testing.assert_allclose(blob[4:7], place, atol=2.0)
    assert blob[1] == pytest.approx(4 / 3 * np.pi * 125, rel=0.7) and blob[8] < 1e-3 and blob[3] > 4
    reach = 2 * np.sqrt(14 ** 2 + 8 ** 2 + 12 ** 2)
    assert reach - 18 - 5 - 6 < blob[7] < reach - 18 - 5 + 4                 # both are wider than drawn, by noise and by detail
    assert all(row[-1] == "as noise" for row in result.blobs.rows[2:])


def test_pieces_of_noise_are_as_noise():
    for seed in (31, 32):
        result = run(halves(seed, 4), procedure="benjamini")                 # finds more false voxels
        assert result.pieces > 1 and result.other_pieces == 0 and {row[-1] for row in result.blobs.rows[1:]} == {"as noise"}


def test_the_pieces_of_the_noise_itself():
    from cryoqa_plugin.methods.map_info.confidence_blobs import largest_of_noise
    region = np.zeros((6, 7, 8), bool)
    region[1:5] = True
    noise = np.zeros(region.shape, np.float32)
    noise[2, 2, 2:5], noise[4, 5, 5:7], noise[1, 0, 0] = 3.2, -4.0, 2.9
    assert largest_of_noise(noise[region], region) == 3 and largest_of_noise(0 * noise[region], region) == 0


def test_nothing_is_found_in_noise():
    nothing = run(halves(100, 0))
    assert nothing.threshold_1_percent is None and nothing.nothing_found and "No voxel is more" in nothing.summary
    assert nothing.confidence_mask.data.max() == 0 and nothing.largest_share is None


def test_values_are_those_of_the_maps():
    maps = halves(1, 4, level=7.0)
    mask = maps[0].with_data(ball((N,) * 3, VOXEL, 24.0).astype(np.float32))
    result = run(maps, mask)
    confidence, kept = result.confidence_map.data, result.confidence_mask.data > 0
    sphere = ball((N,) * 3, VOXEL, N)
    np.testing.assert_array_equal(kept, confidence >= np.float32(0.99))
    assert confidence[~sphere].max() == 0 and confidence.min() >= 0 and confidence.max() <= 1
    assert result.tested_share == pytest.approx(sphere.mean()) and result.confident_share == pytest.approx(kept.sum() / sphere.sum())
    assert result.confident_volume == pytest.approx(kept.sum() * 8)
    sizes = components(kept)[1]
    assert result.pieces == sizes.size and result.largest_share == pytest.approx(sizes[0] / kept.sum()) and result.largest_share > 0.9
    assert result.outside_mask == pytest.approx((mask.data[kept] < 0.5).mean()) and result.outside_mask < 0.1
    assert result.noise_sd == pytest.approx(np.sqrt(0.5), rel=0.05) and result.noise_unevenness < 1.5
    assert result.solvent_level == pytest.approx(7, abs=0.1) and result.distribution_used == "normal" and result.noise_fits
    assert 7 + 2.2 < result.threshold_1_percent < 7 + 4.5 and result.noise_source == "difference" and result.weighting_used == "none"
    assert result.noise_map.data[N // 2, N // 2, N // 2] == pytest.approx(np.sqrt(0.5), rel=0.1) and result.noise_map.data[0, 0, 0] == 0
    assert result.noise_share == pytest.approx((result.noise_map.data > 0).mean()) and result.tested_map is None
    assert np.all(np.diff(result.found.y) >= 0)
    at = np.interp(0.01, result.found.x, result.found.y)
    assert at == pytest.approx(result.confident_share, rel=0.05)


def test_scale_and_level_change_nothing():
    maps = halves(2, 4)
    one, other = run(maps), run([m.with_data(m.data * np.float32(1e-3) + np.float32(0.5)) for m in maps])
    np.testing.assert_allclose(one.confidence_map.data, other.confidence_map.data, atol=0.02)
    assert np.mean(one.confidence_mask.data != other.confidence_mask.data) < 1e-4
    assert other.threshold_1_percent == pytest.approx(one.threshold_1_percent * 1e-3 + 0.5, rel=1e-4)


def test_the_published_procedure_with_boxes():
    full = halves(3, 4)[0]
    n, w = N, 10
    c = int(0.5 * n - 0.5 * w)
    low, high = int(0.02 * n), int(0.98 * n) - w
    cubes = [full.data[c:c + w, low:low + w, c:c + w], full.data[c:c + w, high:high + w, c:c + w],
             full.data[c:c + w, c:c + w, low:low + w], full.data[c:c + w, c:c + w, high:high + w]]
    sample = np.concatenate([v.ravel() for v in cubes]).astype(np.float64)
    from scipy.stats import norm
    sphere = ball((n,) * 3, VOXEL, n)
    z = (full.data[sphere].astype(np.float64) - sample.mean()) / sample.std()
    p = np.where(z < 0, 1, norm.sf(z))
    order, m = np.argsort(p), p.size
    h = np.log(m) + 0.5772 + 0.5 / m - 1 / (12 * m ** 2) + 1 / (120 * m ** 4)
    q = np.empty(m)
    q[order] = np.minimum.accumulate((p[order] * m / np.arange(1, m + 1) * h)[::-1])[::-1]
    result = run(full, noise="boxes", distribution="normal")
    kept = result.confidence_mask.data[sphere] > 0
    assert np.mean(kept == (q <= 0.01)) >= 0.9999 and kept.sum() > 1000
    assert result.noise_sd == pytest.approx(sample.std(), rel=1e-5) and result.noise_share == pytest.approx(4000 / n ** 3)
    assert result.threshold_1_percent == pytest.approx(full.data[sphere][kept].min(), rel=1e-5)
    assert np.count_nonzero(result.noise_map.data) == 4000


def test_what_is_darker_than_the_solvent():
    maps = [m.with_data(-m.data) for m in halves(4, 4)]
    assert run(maps).confident_share < 0.001
    dark, either = run(maps, side="negative"), run(maps, side="both")
    assert false_share(dark)[1] > 0.75 and dark.threshold_1_percent < -2 and dark.nothing_found is None
    assert either.confident_share <= dark.confident_share and false_share(either)[1] > 0.7


def test_a_few_far_values_in_a_small_box_are_chance():
    from cryoqa_plugin.study.confident import choose_tail
    samples = [np.random.default_rng(seed).standard_normal(15_000).astype(np.float32) for seed in range(40)]
    assert np.mean([choose_tail(s, s.size, True)[2] for s in samples]) > 0.95
    heavy = [np.random.default_rng(seed).standard_t(5, 15_000).astype(np.float32) * np.float32(np.sqrt(0.6)) for seed in range(10)]
    assert not any(choose_tail(s, s.size, True, distribution="normal")[2] for s in heavy)


def test_noise_with_heavy_tails_is_its_own_distribution():
    maps = halves(5, 6, heavy=True)
    normal, own = run(maps, distribution="normal"), run(maps)
    assert own.distribution_used == "empirical" and own.noise_fits and not normal.noise_fits and own.normality_excess > 1.5
    assert false_share(normal)[0] > 0.01 > false_share(own)[0]


def test_a_map_alone_and_the_solvent():
    maps = halves(6, 4)
    mean = maps[0].with_data((maps[0].data + maps[1].data) / 2)
    mask = mean.with_data(ball((N,) * 3, VOXEL, 24.0).astype(np.float32))
    alone = run(mean, mask)
    assert alone.noise_source == "solvent" and alone.noise_unevenness == pytest.approx(1) and alone.noise_sd == pytest.approx(0.7, abs=0.06)
    both = run(maps, mask)
    differ = np.mean(alone.confidence_mask.data != both.confidence_mask.data)
    assert 0 < differ < 0.01 and false_share(alone)[0] < 0.01
    with_map = compute_confidence(Study(half1=maps[0], half2=maps[1], full_map=mean), ConfidenceParams())
    assert any("mean of the half-maps was tested" in w for w in with_map.warnings)


def test_weighted_by_the_fsc():
    maps = halves(7, 4)
    plain, weighted = run(maps), run(maps, weighting="fsc")
    assert weighted.weighting_used == "fsc" and weighted.tested_map.data.std() != pytest.approx(plain.confidence_map.data.std())
    assert 0.001 < weighted.confident_share < plain.confident_share and false_share(weighted)[0] <= 0.005
    with pytest.raises(MissingInputError):
        run(maps[0], weighting="fsc")
    with pytest.raises(InputError, match="share no signal"):
        run(halves(8, 0), weighting="fsc")


def test_low_passed_at_the_local_resolution():
    maps = halves(9, 4)
    x = np.broadcast_to(np.linspace(0, 1, N)[None, None, :], (N,) * 3)
    local = maps[0].with_data((5 + 7 * x).astype(np.float32))
    result = run(maps, resolution_map=local)
    assert result.weighting_used == "local" and false_share(result)[0] <= 0.005 and false_share(result)[1] > 0.7
    noise = result.noise_map.data[N // 2, N // 2]
    assert noise[N - 6] < 0.75 * noise[6]                      # coarser, and less noise
    with pytest.raises(MissingInputError):
        run(maps, weighting="local")


def test_masked_maps():
    maps = halves(10, 4)
    mask = ball((N,) * 3, VOXEL, 27.0)
    masked = [m.with_data(m.data * mask) for m in maps]
    result = run(masked)
    assert result.half_maps_masked and mask.mean() < result.tested_share < 1.4 * mask.mean() and false_share(result)[1] > 0.75
    assert result.noise_map.data[~mask].max() == 0 and result.confidence_map.data[~mask].max() == 0
    for how in (dict(noise="boxes"), dict()):
        with pytest.raises(InputError, match="mask"):
            run(masked[0], maps[0].with_data(mask.astype(np.float32)), **how)
    with pytest.raises(InputError, match="30 voxels are too large"):
        run(maps[0], noise="boxes", box=30)


@pytest.mark.parametrize("spoil, words", [(lambda a, b: (a, a), "copies"), (lambda a, b: (a, b[:, ::-1]), "mirror"),
                                          (lambda a, b: (a, np.roll(b, 2, 2)), "shifted")])
def test_half_maps_whose_difference_is_no_noise_are_refused(spoil, words):
    maps = halves(11, 6)
    pair = [maps[0].with_data(np.ascontiguousarray(d)) for d in spoil(maps[0].data, maps[1].data)]
    result = run(pair)
    assert words in result.summary and result.confidence_map is None and result.pieces is None


def test_noise_that_both_share_is_refused():
    maps, common = halves(12, 1), halves(13, 0)[0].data
    result = run([m.with_data((m.data + 0.6 * common).astype(np.float32)) for m in maps])
    assert "share noise" in result.summary and result.confidence_map is None


def test_checks():
    def failed(result):
        metrics = to_document(result)["metrics"]
        return {c["metric"] for c in evaluate(limits.CHECKS["confidence"], metrics) if c["status"] in ("warn", "fail")}

    assert failed(run(halves(14, 4))) == set()
    assert "half_maps_signal" in failed(run(halves(15, 0)))
    dust = np.zeros((N,) * 3, np.float32)
    dust[12:36:6, 12:36:6, 12:36:6] = 60
    scattered = [m.with_data(m.data + dust) for m in halves(16, 0)]
    assert "largest_share" in failed(run(scattered))


@pytest.mark.realdata
def test_simulated_molecules(sim_case):
    case = sim_case("p96")
    result = run([read_map(str(case / f"p96_{name}.mrc")) for name in ("half1", "half2")])
    assert result.largest_share > 0.999 and 0.1 < result.confident_share < 0.25 and result.noise_fits
