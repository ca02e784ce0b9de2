"""The half_map_statistics capability: known correlations, significance, bad half-maps; then the peers and the truth."""

import numpy as np
import pytest

import naive_pairs as naive
from cryoqa_plugin import checks, limits, results
from cryoqa_plugin.core import pairs, shells, significance
from cryoqa_plugin.core.fourier import forward, geometry
from cryoqa_plugin.errors import InputError, MissingInputError
from cryoqa_plugin.io.maps import Map, read_map
from cryoqa_plugin.methods.resolution.half_map_statistics import HalfMapStatisticsParams, HalfMapStatisticsResult, \
    compute_half_map_statistics
from cryoqa_plugin.study import Study

PEERS = ["p96", "a96", pytest.param("t160", marks=pytest.mark.heavy), pytest.param("l160", marks=pytest.mark.heavy)]
CASES = ["p96", "a96"] + [pytest.param(c, marks=pytest.mark.heavy) for c in ("odd97", "fine128", "t160", "rna128", "d2_160", "mirror160")]


@pytest.fixture(scope="module")
def halves(tiny_halves):
    return Study(half1=tiny_halves["half1"], half2=tiny_halves["half2"], mask=tiny_halves["mask"])


def run(inputs, **values):
    return compute_half_map_statistics(inputs, HalfMapStatisticsParams(**dict(dict(fit_from=30), **values)))


def noise_maps(fsc_of_shell, shape=(40, 40, 40), voxel=2.0, seed=0):
    """Half-maps of white noise whose correlation at the radius r (shells) is ``fsc_of_shell(r)``."""
    rng = np.random.default_rng(seed)
    k = [np.fft.fftfreq(n, 1 / max(shape)) for n in shape[:2]] + [np.arange(shape[2] // 2 + 1) * max(shape) / shape[2]]
    r = np.sqrt(k[0][:, None, None] ** 2 + k[1][None, :, None] ** 2 + k[2][None, None, :] ** 2)
    c = np.clip(fsc_of_shell(r), 0, 1)
    common, *own = (np.fft.rfftn(rng.standard_normal(shape)) for _ in range(3))
    data = [np.fft.irfftn(np.sqrt(c) * common + np.sqrt(1 - c) * n, shape).astype(np.float32) for n in own]
    return Study(half1=Map(data[0], (voxel,) * 3, (1.0, 2.0, 3.0)), half2=Map(data[1], (voxel,) * 3, (1.0, 2.0, 3.0)))


def with_data(inputs, function, kinds=("half1", "half2")):
    return inputs.with_(**{k: getattr(inputs, k).with_data(function(getattr(inputs, k).data)) for k in kinds})


def statuses(result):
    document = results.to_document(result)
    return {c["metric"]: c["status"] for c in checks.evaluate(limits.CHECKS["half_map_statistics"], document["metrics"])}


@pytest.fixture(scope="module")
def step():
    """FSC 0.6 up to shell 12 of 20, noise beyond; 80 Å box."""
    return noise_maps(lambda r: np.where(r < 12.5, 0.6, 0.0))


def test_a_step_is_found_by_every_measure(step):
    result = run(step)
    assert result.resolution_fdr == pytest.approx(80 / 12) == result.resolution_fdr_unmasked and result.shells_beyond == 0
    assert not result.reaches_nyquist and result.nyquist == pytest.approx(4.0)
    assert 80 / 13 < result.resolution_ssnr_1 < 80 / 12
    assert 80 / 14 < result.resolution_dpr_random < 80 / 12 and result.resolution_dpr_45 is None
    np.testing.assert_allclose(result.log_ssnr.y[5:11], np.log10(3), atol=0.1)            # 2 * 0.6 / 0.4
    assert np.all(result.log_ssnr.lower[5:11] < np.log10(3)) and np.all(result.log_ssnr.upper[5:11] > np.log10(3))
    np.testing.assert_allclose(result.information_curve.y[6:11], 2.0, atol=0.2)           # log2(1 + 3)
    assert np.mean(result.dpr.y[14:]) == pytest.approx(103.9, abs=3)
    volume = 4 / 3 * np.pi * 12.5 ** 3 / 2                                                # independent coefficients
    assert result.information == pytest.approx(2 * volume / 1000, rel=0.05)
    assert result.information_density == pytest.approx(1000 * result.information / 512, rel=1e-6)   # the box is 8 nm wide
    assert statuses(result)["half_maps_identical"] == "ok" and set(statuses(result).values()) <= {"ok", "skipped"}


def test_the_limit_divides_the_shells(step):
    result = run(step)
    np.testing.assert_array_equal(result.fsc_unmasked.y >= result.fdr_limit.y, result.p_adjusted.y <= -2)
    assert np.all(result.p_adjusted.y >= result.p_value.y)
    assert result.fsc_masked is None


def test_every_parameter_does_something(step, halves):
    weak = noise_maps(lambda r: 0.9 * np.exp(-(r / 7) ** 2))
    usual = run(weak)
    assert run(weak, rate=0.2).resolution_fdr <= usual.resolution_fdr <= run(weak, rate=1e-6).resolution_fdr
    assert run(weak, rate=0.2).resolution_fdr < run(weak, rate=1e-6).resolution_fdr
    assert np.all(run(weak, procedure="hochberg").fdr_limit.y <= usual.fdr_limit.y)
    assert run(weak, procedure="hochberg").fdr_limit.y[5] < usual.fdr_limit.y[5]
    many = run(weak, asymmetric_units=4)
    assert many.resolution_fdr > usual.resolution_fdr and many.information < usual.information / 4 * 1.01
    assert np.nanmean(run(weak, confidence=0.5).log_ssnr.upper[:6]) < np.nanmean(usual.log_ssnr.upper[:6])
    assert run(weak, fit_from=20).bfactor != usual.bfactor
    near, far = (run(weak, local_map=True, local_radius=r) for r in (6, 14))
    assert near.local_correlation.data.std() > far.local_correlation.data.std()


def test_bfactor_of_the_shared_signal():
    inputs = noise_maps(lambda r: np.full(r.shape, 0.9), shape=(48, 48, 48), voxel=1.5)
    k = [np.fft.fftfreq(48, 1.5) ** 2] * 2 + [np.fft.rfftfreq(48, 1.5) ** 2]
    fall = np.exp(-80 * (k[0][:, None, None] + k[1][None, :, None] + k[2][None, None, :]) / 4)
    result = run(with_data(inputs, lambda d: np.fft.irfftn(np.fft.rfftn(d) * fall, d.shape).astype(np.float32)))
    assert result.bfactor == pytest.approx(-80, abs=4) and result.bfactor_error < 4
    assert result.reaches_nyquist and "the last shell" in result.summary


def test_d99_by_direction():
    """White signal up to shell 16 along z and 10 along x and y: 0.98 of the power lies in 0.98^(1/3) of the radius."""
    inputs = noise_maps(lambda r: np.full(r.shape, 0.999))
    k = np.fft.fftfreq(40, 1 / 40)
    cut = (k[:, None, None] / 16) ** 2 + (k[None, :, None] / 10) ** 2 + (np.arange(21)[None, None, :] / 10) ** 2 <= 1
    noise = np.random.default_rng(4).standard_normal((2, 40, 40, 40)) * 0.02
    data = [np.fft.irfftn(np.fft.rfftn(getattr(inputs, h).data) * cut, (40,) * 3) + noise[i] for i, h in enumerate(("half1", "half2"))]
    result = run(Study(half1=inputs.half1.with_data(data[0].astype(np.float32)), half2=inputs.half2.with_data(data[1].astype(np.float32))))
    assert result.d99_z == pytest.approx(80 / 15.4, rel=0.06) and result.d99_x == pytest.approx(result.d99_y, rel=0.06)
    assert result.d99_x > 1.25 * result.d99_z and result.d99_best <= result.d99_z and result.d99_worst >= result.d99_x
    assert len(result.d99_directions.rows) == 13 and result.d99_directions.rows[2][:3] == (0, 0, 1)


@pytest.mark.heavy
def test_a_mask_finds_more_and_leaves_noise_alone(halves):
    plain, masked = run(halves.with_(mask=None)), run(halves)
    assert masked.resolution_fdr <= plain.resolution_fdr == masked.resolution_fdr_unmasked
    assert "in the mask" in masked.summary and 0 < masked.mask_fraction < 1 and masked.fsc_masked is not None
    assert masked.information < plain.information                             # noise of the solvent is not counted
    rng = np.random.default_rng(3)
    found = 0
    for _ in range(20):
        noise = with_data(halves, lambda d: rng.standard_normal(d.shape).astype(np.float32))
        result = run(noise, rate=0.05)
        found += result.resolution_fdr is not None
    assert found <= 3
    nothing = run(with_data(halves, lambda d: rng.standard_normal(d.shape).astype(np.float32)), rate=1e-6, local_map=True)
    assert "no signal" in nothing.summary and nothing.resolution_fdr is None and nothing.information == 0
    assert any("no local correlation map" in w for w in nothing.warnings)


def test_steep_spectra_do_not_leak_through_the_mask():
    """Strong signal in the first shells only: after whitening, the mask does not carry it into the shells of noise."""
    inputs = noise_maps(lambda r: np.where(r < 5.5, 0.99999, 0.0), shape=(48, 48, 48))
    strong = [f for f in (forward(getattr(inputs, h).data) for h in ("half1", "half2"))]
    k = [np.fft.fftfreq(48, 1 / 48) ** 2] * 2 + [np.arange(25.0) ** 2]
    gain = np.where(k[0][:, None, None] + k[1][None, :, None] + k[2][None, None, :] < 5.5 ** 2, 300, 1)
    data = [np.fft.irfftn(f * gain, (48,) * 3).astype(np.float32) for f in strong]
    axis = (np.arange(48) - 24.0) ** 2
    mask = np.clip((14 - np.sqrt(axis[:, None, None] + axis[None, :, None] + axis[None, None, :])) / 2, 0, 1).astype(np.float32)
    result = run(Study(half1=inputs.half1.with_data(data[0]), half2=inputs.half2.with_data(data[1]), mask=inputs.half1.with_data(mask)))
    assert np.flatnonzero(result.p_adjusted.y <= -2).max() + 1 <= 9              # 5.5 shells and the reach of the mask
    raw = pairs.pair_sums(forward(data[0] * mask), forward(data[1] * mask), geometry((48, 48, 48), (2.0, 2.0, 2.0))).sums
    assert (raw.cross / np.sqrt(raw.power1 * raw.power2))[12] > 5 * abs(result.fsc_masked.y[11])


def test_local_correlation_map(halves):
    result = run(halves, local_map=True)
    out, mask = result.local_correlation, halves.mask.data
    assert out.origin == halves.half1.origin and out.voxel_size == halves.half1.voxel_size and out.data.dtype == np.float32
    assert np.all(out.data[mask <= 0] == 0) and out.data.min() >= 0 and out.data.max() <= 1 + 1e-5
    assert result.local_correlation_median == pytest.approx(float(np.median(out.data[mask >= 0.5])))
    assert run(halves).local_correlation is None and run(halves).local_correlation_median is None
    free = run(halves.with_(mask=None), local_map=True)
    assert np.median(free.local_correlation.data[mask >= 0.5]) > np.median(free.local_correlation.data[mask <= 0]) + 0.2
    for radius in (0.6, 150):
        with pytest.raises(InputError, match="radius of"):
            run(halves, local_map=True, local_radius=radius)


def test_copies_masked_halves_and_unequal_scales_are_said(step):
    copies = run(step.with_(half2=step.half1.with_data(3 * step.half1.data)))
    assert "copies" in copies.summary and statuses(copies)["half_maps_identical"] == "fail"
    assert copies.half_maps_scale == pytest.approx(3) and statuses(copies)["half_maps_scale"] == "warn"
    results.to_document(copies)
    axis = (np.arange(40) - 20.0) ** 2
    ball = axis[:, None, None] + axis[None, :, None] + axis[None, None, :] < 14 ** 2
    masked = run(with_data(step, lambda d: d * ball))
    assert statuses(masked)["half_maps_masked"] == "warn"
    scaled = run(with_data(step, lambda d: 3 * d, kinds=("half1",)))
    assert scaled.half_maps_scale == pytest.approx(3, rel=0.02) and scaled.resolution_ssnr_1 == pytest.approx(run(step).resolution_ssnr_1)


@pytest.mark.parametrize("shape", [(24, 30, 36), (25, 27, 29)])
def test_boxes_that_are_odd_or_no_cubes(shape):
    inputs = noise_maps(lambda r: np.where(r < 0.3 * max(shape), 0.8, 0.0), shape=shape)
    result = run(inputs, local_map=True)
    assert result.resolution_fdr == pytest.approx(2 * max(shape) / np.ceil(0.3 * max(shape) - 0.5), rel=0.13)
    assert result.local_correlation.shape == shape


def test_what_is_missing_or_too_small(step):
    with pytest.raises(MissingInputError):
        run(step.with_(half2=None))
    tiny = with_data(step, lambda d: d[:6, :6, :6].copy())
    with pytest.raises(InputError, match="6 x 6 x 6 voxels"):
        run(tiny)
    warned = run(step, fit_from=2)
    assert warned.bfactor is None and any("no B-factor" in w for w in warned.warnings)


def test_schema_and_document(halves):
    document = results.to_document(run(halves, local_map=True))
    assert document["schema"] == HalfMapStatisticsResult.schema and document["warnings"] == []


def load(sim_case, name, kinds=("half1", "half2", "mask")):
    folder = sim_case(name)
    return Study(**{k: read_map(str(folder / f"{name}_{k}.mrc")) for k in kinds})


def xmd(path):
    lines = path.read_text().splitlines()
    names = [line.strip()[1:] for line in lines if line.strip().startswith("_")]
    rows = [line.split() for line in lines if line.strip() and line.strip()[0] in "-0123456789"]
    return dict(zip(names, np.array(rows, dtype=float).T))


@pytest.mark.realdata
@pytest.mark.parametrize("name", PEERS)
def test_xmipp_is_reproduced_by_its_own_rule_and_ours_uses_all_coefficients(shared, sim_case, name):
    theirs, inputs = xmd(shared / "reference" / name / "xmipp_fsc.xmd"), load(sim_case, name, ("half1", "half2"))
    frc, dpr, noise = naive.xmipp_fsc(forward(inputs.half1.data), forward(inputs.half2.data), inputs.half1.shape)
    n = len(theirs["resolutionFRC"])
    np.testing.assert_allclose(frc[:n], theirs["resolutionFRC"], atol=1e-4)
    np.testing.assert_allclose(dpr[:n], theirs["resolutionDPR"], atol=0.02)
    np.testing.assert_allclose(noise[:n], theirs["resolutionFRCRandomNoise"], atol=1e-4)
    ours = run(inputs)
    apart = abs(ours.fsc_unmasked.y[:n] - frc[:n])                             # half of the coefficients against all
    assert 0 < apart[5:].max() < 0.06 and abs(ours.dpr.y[:n] - dpr[:n])[5:].max() < 6


@pytest.mark.realdata
@pytest.mark.parametrize("name, theirs", [("p96", 2.18), pytest.param("t160", 2.54, marks=pytest.mark.heavy),
                                          pytest.param("h256", 2.84, marks=pytest.mark.heavy)])
def test_closed_form_gives_the_resolution_of_spoc_by_its_rules(sim_case, name, theirs):
    """SPOC 46 CPU s at 256: a ball of radius n / 2 - 4 with a Gaussian edge of 2 voxels, and 0.7 of the coefficients of a shell."""
    inputs = load(sim_case, name, ("half1", "half2"))
    n = inputs.half1.shape[0]
    axis = (np.arange(n) - n / 2) ** 2
    r = np.sqrt(axis[:, None, None] + axis[None, :, None] + axis[None, None, :])
    ball = np.where(r < n / 2 - 4, 1, np.exp(-(r - n / 2 + 4) ** 2 / 8)).astype(np.float32)
    sums = shells.cross_sums(forward(inputs.half1.data * ball), forward(inputs.half2.data * ball), geometry(ball.shape))
    p = significance.noise_probability(shells.fsc(sums)[1:], 0.7 * sums.count[1:])
    last = int(np.argmax(significance.adjusted(p) > 0.01))
    assert n * inputs.half1.voxel_size[0] / last == pytest.approx(theirs, abs=0.006)


@pytest.mark.realdata
@pytest.mark.parametrize("name", CASES)
def test_ssnr_and_information_against_the_truth(shared, sim_case, name):
    import json
    truth = json.loads((sim_case(name) / f"{name}_truth.json").read_text())
    plain, masked = run(load(sim_case, name, ("half1", "half2"))), run(load(sim_case, name))
    assert truth["truth"]["unmasked"]["d143"] < plain.resolution_ssnr_1 < truth["truth"]["unmasked"]["d05"] + 0.05
    assert truth["truth"]["masked"]["d143"] - 0.03 < masked.resolution_ssnr_1 < truth["truth"]["masked"]["d05"] + 0.05
    assert masked.resolution_fdr < masked.resolution_ssnr_1 and plain.resolution_fdr < truth["truth"]["unmasked"]["d143"]
    assert not plain.reaches_nyquist and plain.shells_beyond <= 2


@pytest.mark.realdata
def test_a_signal_that_falls_off_along_z_is_seen(sim_case):
    along, even = run(load(sim_case, "a96")), run(load(sim_case, "p96"))
    assert along.d99_z > 1.25 * along.d99_x and along.d99_z == along.d99_worst
    assert even.d99_z < 1.1 * even.d99_x


@pytest.mark.parametrize("share", [0.0, 0.3])
def test_fsc_of_the_solvent_tells_shared_noise_with_its_band(halves, share):
    """Noise of independent halves stays in the band of three standard errors; what is shared lifts the curve to its share."""
    rng = np.random.default_rng(8)
    common, *own = (rng.standard_normal(halves.half1.shape) for _ in range(3))
    spread = 3 * float(halves.half1.data.std())
    noisy = [Map((h.data + spread * (np.sqrt(share) * common + np.sqrt(1 - share) * n)).astype(np.float32), h.voxel_size, h.origin)
             for h, n in zip((halves.half1, halves.half2), own)]
    result = run(halves.with_(half1=noisy[0], half2=noisy[1]))
    curve = result.fsc_solvent
    np.testing.assert_allclose(curve.lower, -curve.upper)
    inside = np.mean(np.abs(curve.y) <= curve.upper)
    assert inside > 0.95 if share == 0 else inside < 0.5
    weight = 1 / curve.upper ** 2
    assert result.half_maps_shared_noise == pytest.approx(np.average(curve.y, weights=weight), abs=1e-6)
    assert result.half_maps_shared_noise == pytest.approx(share, abs=0.03)
