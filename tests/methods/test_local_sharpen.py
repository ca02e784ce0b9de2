"""Local sharpening: known fall-offs on two sides, holes, constant maps, linearity, every option; then the truth of simulated maps."""
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cryoqa_plugin import checks, limits, results
from cryoqa_plugin.core import filters, fourier, local, local_falloff, local_gains
from cryoqa_plugin.errors import InputError, MissingInputError
from cryoqa_plugin.io.maps import Map, read_map
from cryoqa_plugin.methods.sharpening import local_sharpen_bands as bank
from cryoqa_plugin.methods.sharpening.local_sharpen import LocalSharpenParams, compute_local_sharpen
from cryoqa_plugin.methods.sharpening.spectrum import protein_power
from cryoqa_plugin.study import Study
from sharpening_cases import correlation, score

VOXEL, ORIGIN, B = (1.2, 1.2, 1.2), (3.0, -4.5, 6.0), (70.0, 130.0)
# correlation of the default with the density; the peer's or demanded ones of the target b0 with density and point atoms
CASES = {"p96": (0.978, 0.950, 0.852), "t160": (0.94, 0.93, 0.784), "l160": (0.955, 0.83, 0.744)}


def frequency2(shape, voxel):
    return sum(k ** 2 for k in np.meshgrid(*(np.fft.fftfreq(n, v) for n, v in zip(shape, voxel[::-1])), indexing="ij", sparse=True))


def made(shape=(60, 64, 72), b=B, hole=False, noise=0.3, tensor=None, seed=5):
    """A ball of point atoms (their spectrum, no phases in common), blurred by ``b[0]`` left and ``b[1]`` right of the middle.

    Half-maps with white noise, the ball without noise and blur, and where it is.
    """
    rng = np.random.default_rng(seed)
    s2 = frequency2(shape, VOXEL)
    z, y, x = np.meshgrid(*((np.arange(n) - n // 2) * v for n, v in zip(shape, VOXEL[::-1])), indexing="ij")
    soft = 0.5 - 0.5 * np.tanh((np.sqrt(z * z + y * y + x * x) - 30) / 3)
    if hole:
        soft = soft * (0.5 + 0.5 * np.tanh((np.sqrt(z * z + y * y + (x - 14) ** 2) - 8) / 2))
    inside, right = soft > 0.3, 0.5 + 0.5 * np.tanh(x / 3)
    ft = np.fft.fftn(rng.standard_normal(shape)) * np.sqrt(protein_power(np.sqrt(s2)))
    truth = np.fft.ifftn(ft).real * soft
    sides = [np.fft.ifftn(ft * np.exp(-value * s2 / 4)).real * soft for value in b]
    signal = sides[0] * (1 - right) + sides[1] * right
    if tensor:
        k = [np.fft.fftfreq(n, v) for n, v in zip(shape, VOXEL[::-1])]
        fall = sum(t * v ** 2 for t, v in zip(tensor, np.meshgrid(k[2], k[1], k[0], indexing="ij", sparse=True)))
        signal = np.fft.ifftn(np.fft.fftn(signal) * np.exp(-2 * np.pi ** 2 * fall.transpose(2, 1, 0))).real
    scale = noise * signal[inside].std() * 0.5
    halves = [Map((signal + scale * rng.standard_normal(shape)).astype(np.float32), VOXEL, ORIGIN) for _ in range(2)]
    return halves, truth.astype(np.float32), inside, x


def run(halves, full=None, mask=None, target="b0", **values):
    return compute_local_sharpen(Study(half1=halves[0], half2=halves[1], full_map=full, mask=mask), LocalSharpenParams(target, **values))


def by_default(halves):
    return compute_local_sharpen(Study(half1=halves[0], half2=halves[1]), LocalSharpenParams())


def statuses(result):
    document = results.to_document(result)
    return {c["metric"]: c["status"] for c in checks.evaluate(limits.CHECKS["local_sharpen"], document["metrics"])}


@pytest.fixture(scope="module")
def two_sides():
    halves, truth, inside, x = made()
    return halves, truth, inside, x, run(halves)


def test_each_side_gets_its_own_fall_off_and_the_border_is_smooth(two_sides):
    halves, _, inside, x, out = two_sides
    found = out.fall_off_map.data
    deep = inside & (np.abs(x) > 14) & (np.abs(x) < 26)
    left, right = (float(np.median(found[deep & side])) for side in (x < 0, x > 0))
    assert right - left == pytest.approx(B[1] - B[0], abs=35)
    assert out.fall_off_p5 < out.fall_off_median < out.fall_off_p95
    line = found[inside.shape[0] // 2 - 6:inside.shape[0] // 2 + 6, 26:38].mean(axis=(0, 1))[18:54]
    steepest = np.abs(np.diff(line)).max()
    assert steepest < (B[1] - B[0]) * VOXEL[0] / (np.sqrt(2 * np.pi) * out.window) * 1.5      # no step: as the window lets it
    assert out.p5 <= out.median < out.p95 and 0 <= out.unresolved_fraction < 0.2 and out.mask_source == "made"


def test_there_is_no_seam_at_the_border_of_two_fall_offs(two_sides):
    halves, truth, inside, x, out = two_sides
    near = inside & (np.abs(x) < 4)
    far = inside & (np.abs(x) > 12)
    errors = [correlation(out.sharpened.data, truth, where) for where in (near, far)]
    assert errors[0] > errors[1] - 0.05


def test_point_atoms_are_found_better_than_by_the_density_target_and_by_nothing(two_sides):
    halves, truth, inside, _, out = two_sides
    density = by_default(halves)
    unsharpened = (halves[0].data + halves[1].data) / 2
    values = [correlation(m, truth, inside) for m in (out.sharpened.data, density.sharpened.data, unsharpened)]
    assert values[0] > values[1] + 0.02 > values[2] + 0.04
    assert density.bfactor_left > out.bfactor_left


def test_the_solvent_goes_down_and_a_hole_stays_empty():
    halves, truth, inside, x = made(hole=True)
    out = run(halves).sharpened.data
    z, y = (np.meshgrid(*((np.arange(n) - n // 2) * 1.2 for n in inside.shape), indexing="ij")[i] for i in (0, 1))
    hole = np.sqrt(z * z + y * y + (x - 14) ** 2) < 5
    solvent = np.sqrt(z * z + y * y + x * x) > 38
    ball = np.sqrt(z * z + y * y + x * x) < 28
    inside_sd = out[ball & inside].std()
    assert out[hole].std() < 0.25 * inside_sd and abs(out[hole].mean()) < 0.15 * inside_sd        # neither filled nor a halo
    assert out[solvent].std() < 0.1 * inside_sd
    ring = inside & (np.sqrt(z * z + y * y + (x - 14) ** 2) < 11)
    assert out[ring].std() < 1.5 * inside_sd


def test_a_hole_of_zeros_and_masked_half_maps_are_survived():
    halves, truth, inside, _ = made(b=(100, 100))
    cut = [h.with_data(np.where(inside, h.data, 0).astype(np.float32)) for h in halves]
    out = run(cut)
    assert np.isfinite(out.sharpened.data).all()
    assert out.half_maps_masked and out.half_maps_zero_fraction > 0.1
    far = ~inside
    far[inside.shape[0] // 2 - 29:inside.shape[0] // 2 + 29] = False
    assert np.abs(out.sharpened.data[far]).max() < 0.5 * out.sharpened.data[inside].std()
    assert statuses(out)["half_maps_masked"] == "warn"


def flat_field(geo, gain=0.0, noise=0.0, n=7, width=1.5):
    """The same signal everywhere."""
    grid = local.points(geo.shape, (1.0, 1.0, 1.0), 4.0)
    v = int(np.prod(grid.shape))
    at = np.arange(1, n + 1) * width / geo.length
    fall = local_falloff.FallOffs(np.full(v, gain, np.float32), np.zeros(v, np.float32), np.ones(v, np.float32))
    return bank.LocalSignal(grid, at, width / geo.length, at * 0, np.ones(n), np.full((n, v), noise, np.float32), fall, np.ones(v, bool))


@pytest.mark.parametrize("shape", [(30, 30, 30), (27, 32, 35)])
def test_gains_that_are_the_same_everywhere_are_a_radial_filter(shape):
    geo = fourier.geometry(shape)
    field = flat_field(geo, noise=1.0)
    halves = bank.HalfMapSpectra(None, None, None, None, 90.0, None, False)
    gain = bank.gains(field, halves, geo, 3.0, "b0", 10.0)
    data = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    radius = np.arange(0, 18, 1 / 64)
    inner = 1 / (1 + 1.0)
    width = field.width * geo.length
    first = np.cos(0.5 * np.pi * np.minimum(radius / width, 1)) ** 2
    last = np.where(radius > 7 * width, np.cos(0.5 * np.pi * np.minimum((radius - 7 * width) / width, 1)) ** 2, 1)
    profile = (first + (1 - first) * inner) * last * np.exp(80 * (radius / geo.length) ** 2 / 4)
    wanted = fourier.inverse(filters.apply_radial(fourier.forward(data), geo, profile, at=radius), shape)
    found = bank.apply(fourier.forward(data), geo, gain)
    assert np.abs(found - wanted).max() < 0.01 * np.abs(wanted).max()


def test_a_constant_map_stays_as_it_is():
    geo = fourier.geometry((30, 30, 32))
    field = flat_field(geo, noise=3.0)
    halves = bank.HalfMapSpectra(None, None, None, None, 90.0, None, False)
    out = bank.apply(fourier.forward(np.full(geo.shape, 2.5, np.float32)), geo, bank.gains(field, halves, geo, 3.0, "b0", 0.0))
    np.testing.assert_allclose(out, 2.5, atol=1e-5)


@pytest.mark.heavy
def test_maps_are_scaled_with_their_input_and_what_was_sharpened_before_does_not_matter(two_sides):
    halves, _, inside, _, out = two_sides
    seven = run([h.with_data(7 * h.data) for h in halves])
    np.testing.assert_allclose(seven.sharpened.data / 7, out.sharpened.data, atol=2e-3 * out.sharpened.data.std())
    geo = fourier.geometry(inside.shape, VOXEL)
    profile = filters.bfactor_profile(geo, 60.0)
    before = [h.with_data(fourier.inverse(filters.apply_radial(fourier.forward(h.data), geo, profile, beyond=profile[-1]), inside.shape))
              for h in halves]
    again = run(before)
    assert correlation(again.sharpened.data, out.sharpened.data, inside) > 0.995
    assert again.fall_off - out.fall_off == pytest.approx(60, abs=5)


@pytest.mark.heavy
def test_half_maps_and_their_mean_are_filtered_alike(two_sides):
    halves, _, _, _, out = two_sides
    np.testing.assert_allclose(out.sharpened.data, (out.sharpened_half1.data + out.sharpened_half2.data) / 2, atol=1e-5)
    mean = halves[0].with_data((halves[0].data + halves[1].data) / 2)
    own = run(halves, full=mean)
    np.testing.assert_allclose(own.sharpened.data, out.sharpened.data, atol=1e-3 * out.sharpened.data.std())
    other = run(halves, full=mean.with_data(mean.data * 2 + 1))
    np.testing.assert_allclose(other.sharpened.data, out.sharpened.data * 2 + 1, atol=2e-3 * out.sharpened.data.std())
    for map_ in (out.sharpened, out.sharpened_half1, out.resolution_map, out.fall_off_map):
        assert map_.origin == ORIGIN and map_.voxel_size == VOXEL


@pytest.mark.heavy
def test_every_option_acts(two_sides):
    halves, _, inside, _, out = two_sides
    smooth = run(halves, bfactor_left=60.0)
    assert smooth.bfactor_after < out.bfactor_after - 25 and smooth.bfactor_left == 60
    wide = run(halves, window=14.0)
    assert wide.window == 14 and out.window == pytest.approx(1.5 * out.resolution)
    assert wide.fall_off_map.data[inside].std() < out.fall_off_map.data[inside].std()
    assert run(halves, bands=40).bands > out.bands
    coarse = run(halves, resolution=6.0)
    assert coarse.resolution == 6 and coarse.window == pytest.approx(9)
    mask = halves[0].with_data(inside.astype(np.float32))
    masked = run(halves, mask=mask)
    assert masked.resolution < out.resolution and masked.fall_off_p5 != out.fall_off_p5


@pytest.mark.heavy
def test_anisotropy_is_taken_out_when_it_is_asked_for():
    halves, truth, inside, _ = made(b=(100, 100), tensor=(-0.3, -0.3, 0.6))
    with_, without = run(halves), run(halves, anisotropy=False)
    assert with_.anisotropy_removed and with_.anisotropy == pytest.approx(0.9, abs=0.2)
    assert without.anisotropy is None and not without.anisotropy_removed
    assert correlation(with_.sharpened.data, truth, inside) > correlation(without.sharpened.data, truth, inside) + 0.005
    straight, _, _, _ = made(b=(100, 100))
    assert not run(straight).anisotropy_removed


def test_odd_boxes_and_boxes_of_three_edges():
    halves, truth, inside, _ = made(shape=(49, 54, 57), b=(100, 100))
    out = run(halves)
    mean = (halves[0].data + halves[1].data) / 2
    assert correlation(out.sharpened.data, truth, inside) > correlation(mean, truth, inside) + 0.05


def test_what_is_wrong_is_said():
    halves, _, _, _ = made(shape=(40, 40, 40))
    with pytest.raises(MissingInputError, match="needs both half-maps.*'cryoqa auto-sharpen'"):
        compute_local_sharpen(Study(full_map=halves[0]), LocalSharpenParams())
    same = run([halves[0], halves[0]])
    assert statuses(same)["half_maps_identical"] == "fail" and "copies" in same.summary
    noise = np.random.default_rng(1)
    noises = [halves[0].with_data(noise.standard_normal((40, 40, 40)).astype(np.float32)) for _ in range(2)]
    with pytest.raises(InputError, match="share no signal.*give it"):
        run(noises)
    nothing = run(noises, resolution=6.0)
    assert np.isfinite(nothing.sharpened.data).all()
    assert nothing.sharpened.data.std() < 0.5
    with pytest.raises(InputError, match="finer than"):
        run(halves, resolution=1.0)
    assert any("narrower than two voxels" in w for w in run(halves, window=1.5).warnings)
    broken = replace(halves[0], data=np.where(np.arange(40) == 3, np.nan, halves[0].data).astype(np.float32))
    with pytest.raises(InputError, match="NaN"):
        run([broken, halves[1]])


def test_noise_alone_is_not_extrapolated_beyond_what_was_seen():
    at = np.linspace(0.02, 0.4, 12)
    noise = np.ones((12, 5), dtype=np.float32)
    total = noise * (1 + np.where(at < 0.1, 20 * np.exp(60 * at), 1e-3))[:, None].astype(np.float32)
    found = bank._typical(at, total, noise, np.ones(5, dtype=bool))
    assert np.all(np.isfinite(found)) and found.max() <= (total - noise).max() * 1.01


@pytest.mark.heavy
@pytest.mark.parametrize("case", sorted(CASES))
def test_against_the_truth(sim_case, case):
    folder = sim_case(case)
    halves = [read_map(str(folder / f"{case}_half{i}.mrc")) for i in (1, 2)]
    alone, density, b0 = CASES[case]
    assert score(folder, by_default(halves).sharpened.data).truth >= alone
    found = score(folder, run(halves).sharpened.data)
    assert found.truth >= density and found.b0 >= b0
    assert np.allclose(local_gains.carry(np.ones((5, 5, 5), np.float32), (8, 8, 8)), 1, atol=1e-6)
