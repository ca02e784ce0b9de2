"""The local FSC: known local resolutions, what is odd about half-maps, windows, masks and boxes."""
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cryoqa_plugin.core.threads import set_threads
from cryoqa_plugin.errors import InputError
from cryoqa_plugin.io.maps import Map, read_map
from cryoqa_plugin.methods.local_resolution.local_fsc import LocalFscParams, compute_local_fsc
from cryoqa_plugin.runner import perform
from cryoqa_plugin.study import Study

# median |error| in Å and correlation with the truth inside the mask that must be reached
CASES = {"p96": (0.03, 0.985), "odd97": (0.03, 0.975), "t160": (0.045, 0.975), "l160": (0.045, 0.98), "fine128": (0.035, 0.98),
         "rna128": (0.04, 0.98), "low96": (0.09, 0.9)}


def two_halves(shape=(56, 60, 64), voxel=(1.0, 1.0, 1.0), seed=3):
    """A ball that is twice as strong for x below the middle: exponential spectrum, white noise, known local resolutions.

    The power of the signal is ``exp(-k s^2)`` times 60 (left) or 12 (right), that of the noise 1; ``k`` puts the left at 3 Å.
    """
    rng = np.random.default_rng(seed)
    s2 = sum(k ** 2 for k in np.meshgrid(*(np.fft.fftfreq(n, v) for n, v in zip(shape, voxel[::-1])), indexing="ij", sparse=True))
    k = 9 * np.log(60 * 0.857 / 0.143)
    z, y, x = np.meshgrid(*((np.arange(n) - n / 2) * v for n, v in zip(shape, voxel[::-1])), indexing="ij")
    signal = np.fft.ifftn(np.fft.fftn(rng.standard_normal(shape)) * np.exp(-k * s2 / 2)).real
    signal *= np.sqrt(np.where(x < 0, 60, 12)) * (np.sqrt(z * z + y * y + x * x) < 26)
    halves = [Map((signal + rng.standard_normal(shape)).astype(np.float32), voxel, (3.0, 4.5, 6.0)) for _ in range(2)]
    mask = halves[0].with_data((np.sqrt(z * z + y * y + x * x) < 26).astype(np.float32))
    deep = np.sqrt(z * z + y * y + x * x) < 18
    return halves, mask, {"left": deep & (x < -11), "right": deep & (x > 11)}, k


def run(halves, mask=None, **values):
    return compute_local_fsc(Study(half1=halves[0], half2=halves[1], mask=mask), LocalFscParams(**values))


@pytest.mark.parametrize("shape", [(56, 60, 64), (57, 57, 57)])
def test_two_known_resolutions(shape):
    halves, mask, parts, k = two_halves(shape)
    out = run(halves, mask)
    for name, level in (("left", 60), ("right", 12)):
        want = np.sqrt(k / np.log(level * 0.857 / 0.143))
        assert np.median(out.resolution_map.data[parts[name]]) == pytest.approx(want, abs=0.15), name
    assert out.p5 < out.p25 < out.median < out.p75 < out.p95
    assert out.median < out.median_05
    assert out.unresolved_fraction == 0 and out.significant_fraction > 0.8
    assert 0.01 < out.standard_error < 0.3
    assert out.resolution_map.origin == halves[0].origin
    assert np.all((out.resolution_map.data > 0) == (mask.data >= 0.5))
    assert out.histogram.y.sum() == pytest.approx(100)


def test_thresholds_window_and_lowest_resolution_act():
    halves, mask, parts, _ = two_halves()
    plain = run(halves, mask)
    strict = run(halves, mask, threshold=0.5)
    assert strict.median == pytest.approx(plain.median_05, rel=2e-3)
    assert strict.percentiles.rows[0][0] == 0.5
    wide = run(halves, mask, window=15.0)
    assert wide.window == 15 and wide.standard_error < plain.standard_error
    spread = [np.ptp([np.median(o.resolution_map.data[p]) for p in parts.values()]) for o in (plain, wide)]
    assert spread[1] < 0.7 * spread[0]
    large = [replace(m, voxel_size=(1.5, 1.5, 1.5)) for m in (*halves, mask)]
    with pytest.raises(InputError, match=r"is 2 Å, but these half-maps end at 3 Å .*coarser"):
        run(large[:2], large[2], lowest_resolution=2.0)
    few = run(halves, mask, lowest_resolution=3.3)
    assert few.lowest_resolution <= 3.3 and few.unresolved_fraction > 0.1
    assert few.resolution_map.data.max() == pytest.approx(few.lowest_resolution, rel=1e-5)


def test_the_window_is_the_resolution_when_that_is_coarse():
    halves, mask, _, _ = two_halves()
    assert run(halves, mask).window == 5.0
    coarse = [Map(h.data, (3.0, 3.0, 3.0)) for h in halves]
    out = run(coarse, Map(mask.data, (3.0, 3.0, 3.0)))
    assert out.window == out.overall > 8


def test_scale_and_order_of_the_half_maps_do_not_matter():
    halves, mask, _, _ = two_halves()
    one = run(halves, mask).resolution_map.data
    two = run([halves[1], halves[0].with_data(halves[0].data * 7)], mask).resolution_map.data
    np.testing.assert_allclose(two, one, atol=2e-3)


def test_a_mask_is_made_and_said():
    halves, mask, _, _ = two_halves()
    out = run(halves)
    assert out.mask_source == "made" and "No mask was given" in out.warnings[0] and "made from the map" in out.summary
    assert out.mask_used is not None and out.resolution_map.data.max() > 0
    given = run(halves, mask)
    assert given.mask_source == "given" and given.mask_used is None and not given.warnings


def test_identical_and_masked_half_maps_are_said():
    halves, mask, _, _ = two_halves()
    same = run([halves[0], halves[0]], mask)
    assert same.half_maps_identical and same.nyquist_fraction == 1 and "copies" in same.summary
    cut = [h.with_data(h.data * mask.data) for h in halves]
    masked = perform("local_fsc", Study(half1=cut[0], half2=cut[1], mask=mask), LocalFscParams())
    assert masked.half_maps_masked and sum("masked" in w for w in masked.warnings) == 1
    assert masked.median == pytest.approx(run(halves, mask).median, abs=0.25)


def test_noise_is_unresolved():
    rng = np.random.default_rng(5)
    halves = [Map(rng.standard_normal((48, 48, 48)).astype(np.float32), (1.0, 1.0, 1.0)) for _ in range(2)]
    out = run(halves, halves[0].with_data(np.ones((48, 48, 48), np.float32)))
    assert out.unresolved_fraction > 0.6 and out.significant_fraction < 0.2 and out.p5 > 8


def test_solvent_does_not_pass_for_molecule():
    halves, _, _, _ = two_halves()
    out = run(halves, halves[0].with_data(np.ones(halves[0].shape, np.float32)))
    assert np.median(out.resolution_map.data[:4, :4, :4]) > 1.5 * out.p5


@pytest.mark.heavy
def test_mask_below_half_and_narrow_window():
    halves, mask, _, _ = two_halves()
    with pytest.raises(InputError, match="No voxel of the mask reaches 0.5, its largest value is 0.4"):
        run(halves, mask.with_data(mask.data * 0.4))
    assert any("narrower than two voxels" in w for w in run(halves, mask, window=1.0).warnings)


def test_anisotropic_voxels():
    halves, mask, parts, k = two_halves((40, 48, 64), (1.0, 1.2, 1.4))
    out = run(halves, mask)
    left, right = (np.median(out.resolution_map.data[parts[p]]) for p in ("left", "right"))
    assert left < right and left == pytest.approx(3.0, abs=0.3)


def test_the_answer_does_not_depend_on_threads():
    halves, mask, _, _ = two_halves()
    maps = []
    for threads in (1, 2):
        set_threads(threads)
        maps.append(run(halves, mask).resolution_map.data)
    set_threads(0)
    np.testing.assert_allclose(maps[0], maps[1], rtol=1e-6)


def _against_truth(folder, case):
    maps = {kind: read_map(str(folder / f"{case}_{kind}.mrc")) for kind in ("half1", "half2", "mask")}
    out = run([maps["half1"], maps["half2"]], maps["mask"])
    truth = read_map(str(folder / f"{case}_locres.mrc")).data
    inside = (maps["mask"].data >= 0.5) & (truth > 0)
    return out, out.resolution_map.data[inside], truth[inside], np.argwhere(inside)


@pytest.mark.realdata
@pytest.mark.parametrize("case", [pytest.param(c, marks=() if c in ("p96", "odd97") else pytest.mark.heavy) for c in CASES])
def test_simulated_truth(sim_case, case):
    error, correlation = CASES[case]
    out, ours, truth, place = _against_truth(sim_case(case), case)
    assert np.median(np.abs(ours - truth)) <= error
    assert np.corrcoef(ours, truth)[0, 1] >= correlation
    if case == "l160":                                       # the gradient of B along x
        slopes = [np.polyfit(place[:, 2], v, 1)[0] for v in (ours, truth)]
        assert slopes[0] == pytest.approx(slopes[1], rel=0.25)
