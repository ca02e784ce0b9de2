"""Density modification: truth of synthetic and simulated maps, marks in headers, options, and inputs that are wrong or odd."""
from __future__ import annotations

import numpy as np
import pytest

import cryoqa_plugin
from cryoqa_plugin import checks, limits, results
from cryoqa_plugin.core import filters, fourier, shells
from cryoqa_plugin.errors import InputError, MissingInputError
from cryoqa_plugin.io.maps import Map, read_header, read_map, write_map
from cryoqa_plugin.io.sequences import read_sequences
from cryoqa_plugin.methods.resolution.fsc import FscParams, compute_fsc
from cryoqa_plugin.methods.sharpening.density_modify import DensityModifyParams, compute_density_modify
from cryoqa_plugin.study import Study

VOXEL, ORIGIN = (1.2, 1.2, 1.2), (3.0, -4.5, 6.0)
# case: last resolution, means and resolutions at 0.5 that are asked for, and how near the gain is to the true one
CASES = {"p96": (2.05, 0.93, 2.07, 0.006), "odd97": (2.6, 0.94, 2.45, 0.006), "t160": (2.6, 0.96, 2.35, 0.006),
         "low96": (6.5, 0.92, 6.3, 0.02), "rna128": (2.8, 0.97, 2.6, 0.006)}


def made(n=48, noise=0.8, seed=4, part=0.1):
    """Sharp peaks in a ball, blurred; half-maps with white noise; the truth, and where the ball is."""
    rng = np.random.default_rng(seed)
    k2 = sum(k ** 2 for k in np.meshgrid(*(np.fft.fftfreq(n),) * 3, indexing="ij", sparse=True))
    z, y, x = np.meshgrid(*(np.arange(n) - n // 2,) * 3, indexing="ij")
    ball = np.sqrt(x * x + y * y + z * z) < n * (3 * part / 4 / np.pi) ** (1 / 3)
    truth = np.fft.ifftn(np.fft.fftn((rng.random((n, n, n)) > 0.97) * ball) * np.exp(-25 * k2)).real
    truth = (truth / truth[ball].std()).astype(np.float32)
    return [Map((truth + noise * rng.standard_normal(truth.shape)).astype(np.float32), VOXEL, ORIGIN) for _ in range(2)], truth, ball


def run(pair, mask=None, **values):
    return compute_density_modify(Study(half1=pair[0], half2=pair[1], mask=mask), DensityModifyParams(**values))


def even(data, geo, finest):
    """A map with the same power in every shell, up to a resolution."""
    ft = fourier.forward(data)
    power, _, count = shells.power_sums(ft, geo)
    gain = np.sqrt(count / np.maximum(power, 1e-30))
    gain[0] = 0
    gain[int(geo.length / finest) + 1:] = 0
    return fourier.inverse(filters.apply_radial(ft, geo, gain), geo.shape)


def correlation(data, truth, mask, geo, finest):
    """Correlation with the truth in a mask by shell."""
    return shells.fsc(shells.cross_sums(*(fourier.forward(even(m, geo, finest) * mask) for m in (data, truth)), geo))


def power(map_, geo):
    return shells.power_sums(fourier.forward(map_.data), geo)[0]


@pytest.fixture(scope="module")
def maps():
    return made()


@pytest.fixture(scope="module")
def plain(maps):
    return run(maps[0], write_halves=True)


def test_the_map_is_nearer_to_the_truth_and_the_verdict_knows(maps, plain):
    halves, truth, ball = maps
    geo = fourier.geometry(truth.shape, VOXEL)
    curves = [correlation(m.data, truth, ball.astype(np.float32), geo, plain.dm_resolution)
              for m in (plain.initial_map, plain.density_modified_map)]
    used = (fourier.frequencies(geo) >= 0.1) & (fourier.frequencies(geo) <= 1 / plain.dm_resolution)
    assert plain.verdict == "improved" and (curves[1] - curves[0])[used].mean() > 0.03
    assert plain.correlation_after > plain.correlation_wiener > plain.correlation_before - 0.02
    assert plain.gain > 3 * plain.gain_error and plain.gain_wiener < plain.gain
    assert plain.resolution_after <= plain.resolution_before
    assert "improved the map" in plain.summary and "need the half-maps that went in" in plain.summary
    for name, map_ in plain.maps.items():
        assert map_.origin == ORIGIN and map_.voxel_size == VOXEL and np.isfinite(map_.data).all(), name


def test_before_and_after_have_one_spectrum_and_the_halves_make_the_map(plain):
    geo = fourier.geometry(plain.initial_map.data.shape, VOXEL)
    before, after = (power(m, geo) for m in (plain.initial_map, plain.density_modified_map))
    last = int(geo.length / plain.dm_resolution)
    np.testing.assert_allclose(before[1:last], after[1:last], rtol=0.02)
    assert after[last + 2:].max() < 1e-3 * after[1:last].min()
    mean = (plain.density_modified_half1.data + plain.density_modified_half2.data) / 2
    np.testing.assert_allclose(mean, plain.density_modified_map.data, atol=1e-5)


def test_scale_and_the_order_of_the_halves_do_not_matter(maps, plain):
    other = run([h.with_data(1000 * h.data + 5) for h in maps[0][::-1]])
    assert other.gain == pytest.approx(plain.gain, abs=2e-3) and other.verdict == plain.verdict
    a, b = other.density_modified_map.data / 1000, plain.density_modified_map.data
    np.testing.assert_allclose(a - a.mean(), b - b.mean(), atol=0.02 * b.std())


@pytest.mark.heavy
def test_every_option_acts(tmp_path):
    halves, _, ball = made(n=32, noise=0.4)
    plain = run(halves)
    left = run(halves, amplitudes="map", compare=False, audit=False)
    assert left.gain_wiener is None and left.support_map is None and plain.supported_share > 0.95 and plain.unsupported_power < 0.02
    assert left.bfactor_left is None and plain.bfactor_left is not None and left.density_modified_half1 is None
    coarse = run(halves, resolution=6.0, dm_resolution=4.0)
    assert coarse.resolution == 6 and coarse.dm_resolution == pytest.approx(4)
    small, large = (run(halves, solvent_fraction=s).mask_fraction for s in (0.97, 0.8))
    assert small < plain.mask_fraction < large
    masked = run(halves, mask=halves[0].with_data(ball.astype(np.float32)))
    assert masked.mask_source == "given" and masked.mask_used is None and masked.gain != plain.gain
    assert run(halves, molecular_mass=5.0, copies=2).mass_ratio == pytest.approx(run(halves, molecular_mass=10.0).mass_ratio)
    fasta = tmp_path / "chain.fasta"
    fasta.write_text(">a\n" + "MKTAYIAKQR" * 5 + "\n")
    study = Study(half1=halves[0], half2=halves[1], sequence=read_sequences(str(fasta)))
    assert compute_density_modify(study, DensityModifyParams(copies=2)).mass_ratio is not None
    with pytest.raises(InputError, match="The sequence .*chain.fasta.* comes to .*but the box holds"):
        compute_density_modify(study, DensityModifyParams(copies=9999))


def test_what_cannot_be_improved_is_given_back():
    """Of half-maps next to without noise nothing is left to gain, but a little to lose."""
    halves, _, _ = made(noise=0.003)
    out = run(halves, write_halves=True)
    assert out.verdict in ("no change", "harmed") and abs(out.gain) < 0.01
    assert "is given as the result" in out.summary and out.density_modified_half1 is None
    np.testing.assert_array_equal(out.density_modified_map.data, out.initial_map.data)
    assert any("No modified half-maps were written" in w for w in out.warnings)
    found = {c["metric"]: c["status"] for c in checks.evaluate(limits.CHECKS["density_modify"], results.to_document(out)["metrics"])}
    assert found["verdict"] == "warn"


def test_modified_half_maps_are_recognised(maps, tmp_path):
    halves, _, _ = maps
    paths = [str(tmp_path / f"half{i}.mrc") for i in (1, 2)]
    for path, half in zip(paths, halves):
        write_map(path, half)
    cryoqa_plugin.run("density_modify", half1=paths[0], half2=paths[1], write_halves=True, outdir=str(tmp_path / "out"))
    with pytest.raises(InputError, match="[Cc]opies"):
        cryoqa_plugin.run("density_modify", half1=paths[0], half2=paths[1], copies=0)
    written = [str(tmp_path / "out" / f"density_modified_half{i}.mrc") for i in (1, 2)]
    assert read_header(written[0]).labels[0] == "cryoqa density_modify: density_modified_half1, dependent"
    study = Study.read(dict(half1=written[0], half2=written[1]))
    assert study.half_maps.denoised == "dependent" and compute_fsc(study, FscParams()).resolution is None
    again = compute_density_modify(study, DensityModifyParams())
    assert again.density_modified_map is None and "Nothing was modified" in again.summary and "together" in again.summary
    assert read_header(str(tmp_path / "out" / "density_modified_map.mrc")).labels[0] == "cryoqa density_modify: density_modified_map"


def test_what_is_wrong_is_said(maps):
    halves, _, ball = maps
    with pytest.raises(MissingInputError, match="[Hh]alf-map"):
        compute_density_modify(Study(full_map=halves[0]), DensityModifyParams())
    same = run([halves[0], halves[0]])
    assert same.verdict is None and not same.maps and "copies" in same.summary
    moved = run([halves[0], halves[1].with_data(np.roll(halves[1].data, 2, 2))])
    assert moved.verdict is None and "shifted" in moved.summary
    with pytest.raises(InputError, match="same value"):
        run([halves[0].with_data(np.full_like(halves[0].data, 2.0)), halves[1]])
    with pytest.raises(InputError, match="voxels"):
        run([halves[0], Map(np.zeros((40, 40, 40), np.float32) + np.arange(40, dtype=np.float32), VOXEL, ORIGIN)])
    noises = [halves[0].with_data(np.random.default_rng(i).standard_normal(ball.shape).astype(np.float32)) for i in (0, 1)]
    with pytest.raises(InputError, match="share no signal"):
        run(noises)
    corner = np.zeros_like(halves[0].data)
    corner[:5, :5, :5] = 1
    with pytest.raises(InputError, match="does not overlap the molecule"):
        run(halves, mask=halves[0].with_data(corner))
    cut = run([h.with_data(h.data * ball) for h in halves])
    assert any("taken away" in w for w in cut.warnings)


def test_a_large_box_and_a_noisier_half_are_said():
    halves, truth, _ = made(n=48, part=0.01, noise=0.5)
    worse = halves[1].with_data((truth + 1.5 * (halves[1].data - truth)).astype(np.float32))
    out = run([halves[0], worse], compare=False, audit=False)
    assert out.noise_unlike == pytest.approx(1.5, rel=0.05) and any("times that of the other" in w for w in out.warnings)
    assert out.box_excess > 2 and any("larger than the molecule needs" in w for w in out.warnings)
    scaled = run([halves[0], halves[1].with_data(3 * halves[1].data)], compare=False, audit=False)
    assert scaled.noise_unlike == pytest.approx(1, rel=0.03)


def test_a_molecule_that_is_cut_by_the_box_gets_soft_faces(plain):
    halves, _, _ = made(n=48, part=0.3)
    out = run([h.with_data(np.ascontiguousarray(h.data[9:39, 9:39, 9:39])) for h in halves], compare=False, audit=False)
    assert out.soft_faces and any("reaches the faces" in w for w in out.warnings)
    assert not plain.soft_faces


# --- truth -------------------------------------------------------------------------------------------------------------

def with_truth(sim_case, case):
    folder = sim_case(case)
    return [read_map(str(folder / f"{case}_{name}.mrc")) for name in ("half1", "half2", "truth", "mask", "signal")]


def judge(one, two, truth, mask, fine):
    """Result, means and ends of correlation with the truth before and after, and the true gain."""
    out = run([one, two])
    geo = fourier.geometry(truth.data.shape, one.voxel_size)
    at, last = fourier.frequencies(geo), max(0.85 * fine, out.dm_resolution)
    curves = [correlation(m.data, truth.data, mask.data, geo, last) for m in (out.initial_map, out.density_modified_map)]
    band, all_ = (at >= 0.1) & (at <= 1 / fine), (at >= 0.1) & (at <= 1 / last)
    below = [np.flatnonzero((at >= 0.1) & (c < 0.5)) for c in curves]
    ends = [1 / at[b[0]] if b.size else last for b in below]
    return out, [float(c[band].mean()) for c in curves], ends, float((curves[0] * (curves[1] - curves[0]))[all_].mean())


@pytest.mark.heavy
@pytest.mark.parametrize("case", sorted(CASES))
def test_against_the_truth(sim_case, case):
    one, two, truth, mask, _ = with_truth(sim_case, case)
    fine, least, end, near = CASES[case]
    out, means, ends, gain = judge(one, two, truth, mask, fine)
    assert out.verdict == "improved" and means[1] >= least and ends[1] <= end
    assert out.gain == pytest.approx(gain, abs=near) and out.gain_wiener < out.gain


@pytest.mark.heavy
@pytest.mark.parametrize("case", ["p96", "odd97"])
@pytest.mark.parametrize("way", ["grows", "falls", "weak"])
def test_noise_that_is_not_even(sim_case, case, way):
    one, two, truth, mask, signal = with_truth(sim_case, case)
    n = signal.data.shape[0]
    r = np.max(np.meshgrid(*(np.abs(np.arange(n) - (n - 1) / 2) / (n / 2),) * 3, indexing="ij"), axis=0)
    factors = {"grows": (1 + r,) * 2, "falls": (1 - r / 2,) * 2, "weak": (1.0, 1.5)}[way]
    pair = [h.with_data((signal.data + (h.data - signal.data) * f).astype(np.float32)) for h, f in zip((one, two), factors)]
    out, means, _, gain = judge(*pair, truth, mask, CASES[case][0])
    assert means[1] - means[0] >= 0.035 and out.gain == pytest.approx(gain, abs=0.006) and out.verdict == "improved"
