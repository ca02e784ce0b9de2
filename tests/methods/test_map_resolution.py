"""The local resolution of a single map: known resolutions, where noise comes from, what was done to the map before."""
from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from cryoqa_plugin.core.fourier import geometry
from cryoqa_plugin.errors import InputError, MissingInputError
from cryoqa_plugin.io.maps import Map, read_map
from cryoqa_plugin.methods.local_resolution import map_resolution_noise as noises
from cryoqa_plugin.methods.local_resolution.map_resolution import MapResolutionParams, compute_map_resolution
from cryoqa_plugin.study import Study

# median |error| in Å and correlation with the truth inside the mask that must be reached
CASES = {"p96": (0.06, 0.97), "odd97": (0.06, 0.96), "t160": (0.06, 0.96), "l160": (0.08, 0.97), "fine128": (0.12, 0.95),
         "rna128": (0.08, 0.96), "low96": (0.15, 0.85), "g1_120": (0.06, 0.96), "g2_144": (0.06, 0.97)}


def one_map(shape=(64, 68, 72), voxel=(1.0, 1.0, 1.0), seed=3, slope=0.0, reach=22.0):
    """A ball that is five times as strong for x below the middle, in white noise: known local resolutions.

    The power of the signal is ``exp(-k s^2)`` times 120 (left) or 24 (right), that of the noise 1; ``k`` puts the left at 3 Å. The noise
    falls as ``exp(-slope r^2)``, r in half boxes.
    """
    rng = np.random.default_rng(seed)
    s2 = sum(k ** 2 for k in np.meshgrid(*(np.fft.fftfreq(n, v) for n, v in zip(shape, voxel[::-1])), indexing="ij", sparse=True))
    k = 9 * np.log(120 * 3)
    z, y, x = np.meshgrid(*((np.arange(n) - n / 2) * v for n, v in zip(shape, voxel[::-1])), indexing="ij")
    r = np.sqrt(z * z + y * y + x * x)
    signal = np.fft.ifftn(np.fft.fftn(rng.standard_normal(shape)) * np.exp(-k * s2 / 2)).real
    signal *= np.sqrt(np.where(x < 0, 120, 24)) * (r < reach)
    half = min(n * v for n, v in zip(shape, voxel[::-1])) / 2
    data = signal + rng.standard_normal(shape) * np.exp(-0.5 * slope * (r / half) ** 2)
    made = Map(data.astype(np.float32), voxel, (3.0, 4.5, 6.0))
    deep = r < reach - 7
    return made, made.with_data((r < reach).astype(np.float32)), {"left": deep & (x < -9), "right": deep & (x > 9)}, k


def run(map_, mask=None, **values):
    return compute_map_resolution(Study(full_map=map_, mask=mask), MapResolutionParams(**values))


@pytest.mark.parametrize("shape", [(64, 68, 72), (65, 65, 65)])
def test_two_known_resolutions(shape):
    map_, mask, parts, k = one_map(shape)
    out = run(map_, mask)
    for name, level in (("left", 120), ("right", 24)):
        want = np.sqrt(k / np.log(level * 3))
        assert np.median(out.resolution_map.data[parts[name]]) == pytest.approx(want, abs=0.2), name
    assert out.noise_source == "solvent" and out.p5 < out.p25 < out.median < out.p75 < out.p95
    assert out.significant_fraction > 0.8 and 0.005 < out.standard_error < 0.3
    assert out.resolution_map.origin == map_.origin and out.finer_percent is None
    assert np.all((out.resolution_map.data > 0) == (mask.data >= 0.5))
    assert out.histogram.y.sum() == pytest.approx(100)


def test_scale_offset_and_sharpening_do_not_matter():
    map_, mask, _, _ = one_map()
    plain = run(map_, mask).resolution_map.data
    moved = run(map_.with_data(map_.data * 7 + 30), mask).resolution_map.data
    np.testing.assert_allclose(moved, plain, atol=5e-3)
    s2 = sum(k ** 2 for k in np.meshgrid(*(np.fft.fftfreq(n) for n in map_.shape), indexing="ij", sparse=True))
    sharp = map_.with_data(np.fft.ifftn(np.fft.fftn(map_.data) * np.exp(15 * s2)).real.astype(np.float32))
    assert np.median(np.abs(run(sharp, mask).resolution_map.data - plain)[mask.data > 0]) < 0.1


def test_resolution_given_is_compared_and_takes_the_place_of_the_noise():
    map_, mask, parts, _ = one_map()
    plain = run(map_, mask, resolution=3.2)
    assert plain.finer_percent == pytest.approx(100 * np.mean(plain.resolution_map.data[mask.data > 0] < 3.2))
    coarse, fine = (run(map_, mask, resolution=r, noise="resolution") for r in (4.5, 3.2))
    assert fine.noise_source == "resolution" and fine.noise_level is None and coarse.median > fine.median + 0.5
    assert any("not measured" in w for w in fine.warnings) and "3.20 Å given" in fine.summary
    left, right = (np.median(fine.resolution_map.data[parts[p]]) for p in ("left", "right"))
    assert left < 3.2 < right


def test_a_masked_map_needs_its_resolution():
    map_, mask, _, _ = one_map()
    masked = map_.with_data(map_.data * mask.data)
    with pytest.raises(InputError, match="no solvent left"):
        run(masked, mask)
    with pytest.raises(InputError, match="too little to measure"):
        run(masked, mask, noise="solvent")
    out = run(masked, mask, resolution=3.2)
    assert out.noise_source == "resolution" and out.cut_off_part > 0.5
    assert out.median == pytest.approx(run(map_, mask).median, abs=0.3)


@pytest.mark.heavy
def test_a_wide_mask_on_the_map_leaves_solvent():
    map_, mask, _, _ = one_map((96, 96, 96))
    z, y, x = np.meshgrid(*(np.arange(n) - n / 2 for n in map_.shape), indexing="ij")
    round_ = map_.with_data((map_.data * (np.sqrt(z * z + y * y + x * x) < 47)).astype(np.float32))
    out = run(round_, mask)
    assert out.noise_source == "solvent" and out.cut_off_part > 0.3
    assert out.median == pytest.approx(run(map_, mask).median, abs=0.05)


def test_noise_that_changes_along_the_radius():
    map_, mask, parts, k = one_map((96, 96, 96), slope=1.2)
    out = run(map_, mask)
    assert out.noise_trend > 1.3
    assert np.median(out.resolution_map.data[parts["left"]]) == pytest.approx(3.0, abs=0.2)
    assert run(one_map((96, 96, 96))[0], mask).noise_trend == pytest.approx(1.0, abs=0.25)


def test_a_solvent_unlike_the_molecule_gives_no_number():
    map_, mask, _, _ = one_map()
    weak = map_.with_data((map_.data * (0.03 + 0.97 * mask.data)).astype(np.float32))
    alone = run(weak, mask)
    assert alone.representative is False and alone.median is None and alone.resolution_map is None
    assert "No local resolution can be given" in alone.summary and "in the molecule as in the solvent" in alone.summary
    assert "does not represent the noise of the molecule" in alone.warnings[0]
    assert alone.mask_fraction == np.mean(mask.data >= 0.5) and len(alone.warnings) == 1
    given = run(weak, mask, resolution=3.2)
    assert given.noise_source == "resolution" and given.representative is None and given.median > 2.5
    asked = run(weak, mask, resolution=3.2, noise="solvent")
    assert asked.noise_source == "solvent" and asked.representative is False and asked.median < 2.5
    assert any("not to be trusted" in w for w in asked.warnings)
    assert run(map_, mask).representative is True


def test_noise_that_is_stronger_in_the_molecule():
    map_, mask, parts, _ = one_map((96, 96, 96))
    noise = np.random.default_rng(8).standard_normal(map_.shape) * mask.data
    little, much = (run(map_.with_data((map_.data + level * noise).astype(np.float32)), mask) for level in (0.4, 1.2))
    assert little.representative and 1.05 < little.noise_level < 1.35                                # 1.16
    windows = gaussian_filter(1 + 1.44 * mask.data ** 2, 5.0)[mask.data >= 0.5].mean()
    assert much.representative is False and 0.8 * windows < much.noise_level < windows       # bands smear the edge
    assert f"{much.noise_level:.2g} times as much power in the molecule as in the solvent" in much.summary


def test_half_maps_tell_that_the_solvent_was_damped():
    """The map that was low-passed enough to look as if its solvent were noise; its half-maps know better."""
    map_, mask, _, _ = one_map()
    z, y, x = np.meshgrid(*(np.arange(n) - n / 2 for n in map_.shape), indexing="ij")
    rod = map_.with_data((np.sqrt(z * z + y * y + x * x / 4) < 14).astype(np.float32))
    rng = np.random.default_rng(5)
    halves = [map_.with_data(((map_.data + 1.4 * rng.standard_normal(map_.shape)) * (0.3 + 0.7 * rod.data)).astype(np.float32))
              for _ in range(2)]
    out = compute_map_resolution(Study(full_map=map_, half1=halves[0], half2=halves[1], mask=rod), MapResolutionParams())
    assert out.representative is False and out.median is None and "half-maps show that it was damped" in out.summary


def test_level_inside():
    signal = 1 + 100 * np.exp(-np.linspace(0, 1.4, 40) ** 2 * 8)
    assert noises.level_inside(signal) == 1.0
    assert noises.level_inside(1.3 * signal) == pytest.approx(1.3, abs=0.01)
    assert noises.level_inside(0.8 * signal) == pytest.approx(0.8, abs=0.01)
    assert noises.level_inside(signal[:15]) == 1.0              # still falling
    assert noises.level_inside(5 * signal) == pytest.approx(5, abs=0.01)
    assert noises.level_inside(signal[:4]) == 1.0


def test_where_a_map_ends():
    geo = geometry((64, 64, 64), (1.0, 1.0, 1.0))
    power = np.exp(-np.arange(33) / 4.0)
    assert noises.last_frequency(power, geo) == 0.5
    assert noises.last_frequency(np.exp(-np.arange(33) ** 2 / 60.0), geo) == 0.5    # a strong B-factor
    power[21:] = 1e-12
    assert noises.last_frequency(power, geo) == pytest.approx(20 / 64)


def test_noise_that_is_assumed():
    at = np.array([0.1, 0.25])
    noise = noises.assumed_noise(np.array([2.0, 2.0]), at, 4.0)
    assert noise[1] == pytest.approx(2 / (1 + 1 / 3)) and noise[0] < 0.02


def test_a_map_that_is_cut_in_frequency():
    map_, mask, parts, _ = one_map()
    s2 = sum(k ** 2 for k in np.meshgrid(*(np.fft.fftfreq(n) for n in map_.shape), indexing="ij", sparse=True))
    cut = map_.with_data(np.fft.ifftn(np.fft.fftn(map_.data) * (s2 < 0.3 ** 2)).real.astype(np.float32))
    assert run(cut, mask).median is None
    out = run(cut, mask, noise="solvent")
    assert 3.3 < out.finest_resolution < 3.8 and out.resolution_map.data[parts["left"]].max() < 3.9
    assert out.nyquist_fraction > 0.2


@pytest.mark.heavy
def test_a_map_without_power_between_its_shells_is_no_reconstruction():
    planes = np.broadcast_to((np.arange(48) % 3)[:, None, None], (48, 48, 48)).astype(np.float32)
    with pytest.raises(InputError, match="no power at 48 Å"):
        run(Map(planes, (1.0, 1.0, 1.0)), resolution=4.0)


def test_window_and_mask_act():
    map_, mask, parts, _ = one_map()
    plain, wide = run(map_, mask), run(map_, mask, window=9.0)
    assert wide.window == 9 and plain.window == 5
    spread = [np.ptp([np.median(o.resolution_map.data[p]) for p in parts.values()]) for o in (plain, wide)]
    assert spread[1] < 0.8 * spread[0]
    assert any("narrower than two voxels" in w for w in run(map_, mask, window=1.0).warnings)
    made = run(map_)
    assert made.mask_source == "made" and made.mask_used is not None and "No mask was given" in made.warnings[0]
    assert plain.mask_source == "given" and plain.mask_used is None


def test_bad_inputs():
    map_, mask, _, _ = one_map()
    with pytest.raises(MissingInputError):
        compute_map_resolution(Study(mask=mask), MapResolutionParams())
    with pytest.raises(InputError, match="reaches 0.5"):
        run(map_, mask.with_data(mask.data * 0.4))
    with pytest.raises(InputError, match="at least 16"):
        run(Map(map_.data[:12, :12, :12].copy(), (1.0, 1.0, 1.0)))


def test_anisotropic_voxels():
    map_, mask, parts, _ = one_map((48, 56, 72), (1.0, 1.2, 1.4))
    out = run(map_, mask)
    left, right = (np.median(out.resolution_map.data[parts[p]]) for p in ("left", "right"))
    assert left < right and left == pytest.approx(3.0, abs=0.4)


@pytest.mark.realdata
@pytest.mark.parametrize("case", [pytest.param(c, marks=() if c in ("p96", "odd97") else pytest.mark.heavy) for c in CASES])
def test_simulated_truth(sim_case, case):
    error, correlation = CASES[case]
    folder = sim_case(case)
    maps = {kind: read_map(str(folder / f"{case}_{kind}.mrc")) for kind in ("full", "mask", "locres")}
    inside = (maps["mask"].data >= 0.5) & (maps["locres"].data > 0)
    truth = maps["locres"].data[inside]
    ours = run(maps["full"], maps["mask"]).resolution_map.data[inside]
    assert np.median(np.abs(ours - truth)) <= error
    assert np.corrcoef(ours, truth)[0, 1] >= correlation
