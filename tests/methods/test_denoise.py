"""Denoising: truth of synthetic and simulated maps, independence, marks in headers and what recognises them, inputs that are wrong."""
from __future__ import annotations

import numpy as np
import pytest

import cryoqa_plugin
from cryoqa_plugin import checks, limits, results
from cryoqa_plugin.core import filters, fourier, shells, spiral
from cryoqa_plugin.errors import InputError, MissingInputError
from cryoqa_plugin.io.maps import Map, read_header, read_map, write_map
from cryoqa_plugin.methods.resolution.fsc import FscParams, compute_fsc
from cryoqa_plugin.methods.sharpening import denoise_methods
from cryoqa_plugin.methods.sharpening.denoise import DenoiseParams, compute_denoise
from cryoqa_plugin.progress import silent
from cryoqa_plugin.study import Study

VOXEL, ORIGIN = (1.2, 1.2, 1.2), (3.0, -4.5, 6.0)
METHODS = ("wiener", "conditional", "lafter", "sidesplitter")
# case, last resolution, mean FSC of the mean, and the least of wiener, sidesplitter and conditional
CASES = {"p96": (2.05, 0.853, 0.885, 0.88, 0.93), "t160": (2.6, 0.930, 0.944, 0.943, 0.96), "l160": (2.6, 0.931, 0.966, 0.965, 0.97)}


def made(shape=(48, 48, 48), noise=2.0, seed=4):
    """A ball of atoms, blurred; half-maps with coloured noise; the truth, and where the ball is."""
    rng = np.random.default_rng(seed)
    k2 = sum(k ** 2 for k in np.meshgrid(*(np.fft.fftfreq(n) for n in shape), indexing="ij", sparse=True))
    z, y, x = np.meshgrid(*(np.arange(n) - n // 2 for n in shape), indexing="ij")
    ball = np.sqrt(x * x + y * y + z * z) < 0.3 * min(shape)
    truth = np.fft.ifftn(np.fft.fftn((rng.random(shape) > 0.96) * ball) * np.exp(-35 * k2)).real
    truth = (truth / truth[ball].std()).astype(np.float32)
    halves = [Map((truth + noise * np.fft.ifftn(np.fft.fftn(rng.standard_normal(shape)) * np.exp(-4 * k2)).real).astype(np.float32),
                  VOXEL, ORIGIN) for _ in range(2)]
    return halves, truth, ball


def run(pair, method="wiener", mask=None, **values):
    return compute_denoise(Study(half1=pair[0], half2=pair[1], mask=mask), DenoiseParams(method, **values))


def even(data, geo, finest):
    """A map with the same power in every shell, up to a resolution."""
    ft = fourier.forward(data)
    power, _, count = shells.power_sums(ft, geo)
    gain = np.sqrt(count / np.maximum(power, 1e-30))
    gain[0] = 0
    gain[int(geo.length / finest) + 1:] = 0
    return fourier.inverse(filters.apply_radial(ft, geo, gain), geo.shape)


def likeness(data, truth, mask, voxel, coarse, fine):
    """Mean FSC with the truth in a mask, from a coarse to a fine resolution."""
    geo = fourier.geometry(data.shape, voxel)
    sums = shells.cross_sums(*(fourier.forward(even(m, geo, 0.85 * fine) * mask) for m in (data, truth)), geo)
    at = fourier.frequencies(geo)
    return float(shells.fsc(sums)[(at >= 1 / coarse) & (at <= 1 / fine)].mean())


def statuses(result):
    document = results.to_document(result)
    return {c["metric"]: c["status"] for c in checks.evaluate(limits.CHECKS["denoise"], document["metrics"])}


@pytest.fixture(scope="module")
def maps():
    return made()


@pytest.mark.parametrize("method", METHODS)
def test_noise_goes_and_the_molecule_stays(maps, method):
    halves, truth, ball = maps
    out = run(halves, method, write_halves=True)
    mean = (halves[0].data + halves[1].data) / 2
    assert np.std(out.denoised_map.data - truth) < 0.8 * np.std(mean - truth)
    assert out.denoised_map.data[~ball].std() < 0.6 * mean[~ball].std()
    assert np.corrcoef(out.denoised_map.data[ball], truth[ball])[0, 1] > np.corrcoef(mean[ball], truth[ball])[0, 1] - (method == "lafter")
    np.testing.assert_allclose(out.denoised_map.data + out.removed.data, mean, atol=1e-5)
    assert out.removed_share < out.removed_outside <= 1 and 0 < out.noise_share < 0.6
    assert out.halves_state == ("dependent" if method in ("wiener", "conditional") else "independent")
    assert "resolution, FSC and refinement need the half-maps that went in" in out.summary
    for name, map_ in out.maps.items():
        assert map_.origin == ORIGIN and map_.voxel_size == VOXEL and np.isfinite(map_.data).all(), name


def test_the_share_of_noise_is_known_where_it_is_known(maps):
    halves, truth, ball = maps
    out = run(halves)
    far = np.ones_like(ball)
    far[8:-8, 8:-8, 8:-8] = False
    assert np.median(out.noise_map.data[far]) > 0.6                        # noise alone: both halves of the sum hold as much of it
    assert np.median(out.noise_map.data[ball]) < 0.5 * np.median(out.noise_map.data[far])
    assert out.noise_map.data.min() >= 0 and out.noise_map.data.max() <= 1


def test_wiener_weights_are_those_of_local_sharpening_without_sharpening(maps):
    halves, _, _ = maps
    from cryoqa_plugin.methods.sharpening.local_sharpen import LocalSharpenParams, compute_local_sharpen
    sharp = compute_local_sharpen(Study(half1=halves[0], half2=halves[1]), LocalSharpenParams(anisotropy=False))
    geo = fourier.geometry(halves[0].shape, VOXEL)
    plain = run(halves).denoised_map.data
    profile = filters.bfactor_profile(geo, sharp.bfactor_left - sharp.fall_off)
    again = fourier.inverse(filters.apply_radial(fourier.forward(plain), geo, profile), geo.shape)
    assert np.corrcoef(again.ravel(), sharp.sharpened.data.ravel())[0, 1] > 0.999
    shown = run(halves, amplitudes="density")
    assert shown.bfactor_left == pytest.approx(sharp.bfactor_left)
    assert np.corrcoef(shown.denoised_map.data.ravel(), sharp.sharpened.data.ravel())[0, 1] > 0.999
    np.testing.assert_allclose(shown.removed.data, run(halves).removed.data, atol=1e-5)


def test_every_option_acts(maps):
    halves, _, ball = maps
    plain = run(halves)
    assert plain.denoised_half1 is None and run(halves, write_halves=True).denoised_half1 is not None
    assert run(halves, window=20.0).window == 20 and run(halves, resolution=8.0).resolution == 8
    assert np.abs(run(halves, window=20.0).denoised_map.data - plain.denoised_map.data).max() > 0.01
    masked = run(halves, mask=halves[0].with_data(ball.astype(np.float32)))
    assert masked.mask_source == "given" and masked.noise_share != plain.noise_share


@pytest.mark.parametrize("method", METHODS)
def test_the_map_is_scaled_with_its_half_maps(maps, method):
    halves, _, _ = maps
    plain, scaled = run(halves, method).denoised_map.data, run([h.with_data(50 * h.data) for h in halves], method).denoised_map.data
    assert np.abs(scaled / 50 - plain).mean() < 2e-3 * plain.std()


def test_odd_boxes_of_three_edges():
    halves, truth, _ = made(shape=(45, 48, 50))
    for method in METHODS:
        out = run(halves, method).denoised_map.data
        mean = (halves[0].data + halves[1].data) / 2
        assert np.corrcoef(out.ravel(), truth.ravel())[0, 1] > np.corrcoef(mean.ravel(), truth.ravel())[0, 1]


# --- independence ------------------------------------------------------------------------------------------------------

def noise_pair(seed, geo):
    rng, fall = np.random.default_rng(seed), np.exp(-20 * fourier.frequencies(geo) ** 2)
    return [filters.apply_radial(fourier.forward(rng.standard_normal(geo.shape).astype(np.float32)), geo, fall, beyond=fall[-1])
            for _ in range(2)]


def curves_of_noise(denoise, seeds, n=48):
    """FSC of denoised noise without and in a soft ball of a tenth of the box, float64 [2, seeds, n_shells]; errors of their means."""
    geo = fourier.geometry((n,) * 3, (1.0,) * 3)
    z, y, x = np.meshgrid(*(np.arange(n) - n // 2,) * 3, indexing="ij")
    ball = (np.sqrt(x * x + y * y + z * z) < n * (0.3 / 4 / np.pi) ** (1 / 3)).astype(np.float32)
    soft = np.clip(fourier.inverse(filters.apply_radial(fourier.forward(ball), geo, filters.gaussian_profile(geo, 1.5)), geo.shape), 0, 1)
    out: "list[list[np.ndarray]]" = [[], []]
    for seed in seeds:
        halves = denoise(*noise_pair(seed, geo), geo, ball)
        for k, mask in enumerate((np.float32(1), soft)):
            out[k].append(shells.fsc(shells.cross_sums(*(fourier.forward(h * mask) for h in halves), geo)))
    count = shells.cross_sums(*(noise_pair(0, geo)), geo).count
    share = [1.0, float((soft ** 2).mean() ** 2 / (soft ** 4).mean())]
    errors = [1 / np.sqrt(np.maximum(count * s, 1) * len(seeds)) for s in share]
    return np.array(out), np.array(errors)


INDEPENDENT = {
    "sidesplitter": lambda a, b, geo, ball: denoise_methods.split_by_own_power(a, b, geo, (1.0,) * 3, 3.0, 4.5,
                                                                                spiral.inside_sphere(geo.shape).astype(np.float32), silent),
    "lafter": lambda a, b, geo, ball: denoise_methods.suppress_noise(a, b, geo, 3.0, ball > 0.5, silent)}


@pytest.mark.parametrize("method", sorted(INDEPENDENT))
def test_denoised_noise_stays_independent(method):
    found, errors = curves_of_noise(INDEPENDENT[method], range(10))
    upto = 16                                                              # the resolution; beyond it LAFTER leaves nothing
    assert np.all(np.abs(found[:, :, 1:upto].mean(axis=1)) < 3 * errors[:, 1:upto])
    for k in (0, 1):
        whole = found[k, :, 1:upto].mean(axis=1)
        assert abs(whole.mean()) < 3 * whole.std(ddof=1) / np.sqrt(len(whole))


# --- marks -------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("method, state", [("wiener", "dependent"), ("sidesplitter", "independent")])
def test_denoised_half_maps_are_recognised(maps, tmp_path, method, state):
    halves, _, _ = maps
    paths = [str(tmp_path / f"half{i}.mrc") for i in (1, 2)]
    for path, half in zip(paths, halves):
        write_map(path, half)
    cryoqa_plugin.run("denoise", half1=paths[0], half2=paths[1], method=method, write_halves=True, outdir=str(tmp_path / "out"))
    made_ = [str(tmp_path / "out" / f"denoised_half{i}.mrc") for i in (1, 2)]
    assert read_header(made_[0]).labels[0] == f"cryoqa denoise: denoised_half1, {state}"
    study = Study.read(dict(half1=made_[0], half2=made_[1]))
    assert study.half_maps.denoised == state
    result = compute_fsc(study, FscParams())
    assert any("were denoised" in note and made_[0] in note for note in study.notes())
    found = {c["metric"]: c for c in checks.evaluate(limits.CHECKS["fsc"], results.to_document(result)["metrics"])}
    assert found["half_maps_denoised"]["status"] == "fail"
    if state == "dependent":
        assert result.resolution is None and "not independent" in result.summary
    mixed = Study.read(dict(half1=made_[0], half2=paths[1]))
    assert mixed.half_maps.denoised == state
    sound = Study.read(dict(half1=paths[0], half2=paths[1]))
    assert sound.half_maps.denoised == "none" and compute_fsc(sound, FscParams()).resolution is not None
    # the denoised map itself carries no such mark
    assert read_header(str(tmp_path / "out" / "denoised_map.mrc")).labels[0] == "cryoqa denoise: denoised_map"


# --- wrong inputs ------------------------------------------------------------------------------------------------------

def test_what_is_wrong_is_said(maps):
    halves, _, ball = maps
    with pytest.raises(MissingInputError, match="[Hh]alf-map"):
        compute_denoise(Study(full_map=halves[0]), DenoiseParams())
    same = run([halves[0], halves[0]])
    assert "copies" in same.summary and "Do not use it" in same.summary and statuses(same)["half_maps_identical"] == "fail"
    cut = [h.with_data(h.data * ball) for h in halves]
    assert statuses(run(cut))["half_maps_masked"] == "warn" and run(cut, "sidesplitter").halves_state == "dependent"
    spoiled = halves[0].data.copy()
    spoiled[3, 4, 5] = np.nan
    with pytest.raises(InputError, match="NaN"):
        run([halves[0].with_data(spoiled), halves[1]])
    with pytest.raises(InputError, match="same value"):
        run([halves[0].with_data(np.full_like(spoiled, 2.0)), halves[1]])
    noises = [halves[0].with_data(np.random.default_rng(i).standard_normal(ball.shape)) for i in (0, 1)]
    with pytest.raises(InputError, match="share no signal.*give it"):
        run(noises)
    for method in METHODS:
        nothing = run(noises, method, resolution=6.0)
        assert np.isfinite(nothing.denoised_map.data).all() and "share no signal" in nothing.summary
    with pytest.raises(InputError, match="finer than"):
        run(halves, resolution=1.0)


# --- truth -------------------------------------------------------------------------------------------------------------

@pytest.mark.heavy
@pytest.mark.parametrize("case", sorted(CASES))
def test_against_the_truth(sim_case, case):
    folder = sim_case(case)
    one, two, truth, mask = (read_map(str(folder / f"{case}_{name}.mrc")) for name in ("half1", "half2", "truth", "mask"))
    fine, plain, wiener, own, means = CASES[case]

    def score(data):
        return likeness(data, truth.data, mask.data, one.voxel_size, 10.0, fine)

    assert score((one.data + two.data) / 2) == pytest.approx(plain, abs=0.005)
    for method, least in (("wiener", wiener), ("sidesplitter", own), ("conditional", means)):
        assert score(run([one, two], method).denoised_map.data) >= least, method


@pytest.mark.heavy
@pytest.mark.parametrize("case", ["p96", "t160"])
def test_conditional_means_keep_the_amplitude_at_low_resolution(sim_case, case):
    """The spectrum falls steeply in the first shells: between their radii too the signal comes back as strong as it was."""
    folder = sim_case(case)
    one, two, signal, mask = (read_map(str(folder / f"{case}_{name}.mrc")) for name in ("half1", "half2", "signal", "mask"))
    made_map = run([one, two], "conditional", amplitudes="map").denoised_map
    geo = fourier.geometry(signal.data.shape, signal.voxel_size)
    sums = shells.cross_sums(*(fourier.forward(m.data * mask.data) for m in (made_map, signal)), geo)
    np.testing.assert_allclose((sums.cross / sums.power2)[1:13], 1, atol=0.05)
