"""What the noise of half-maps tells, against half-maps of known faults."""
from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

from cryoqa_plugin.core import fourier, masks, shells
from cryoqa_plugin.core.filters import apply_radial, bfactor_profile, cosine_lowpass_profile
from cryoqa_plugin.core.noise import noise_power
from cryoqa_plugin.core.threads import set_threads
from cryoqa_plugin.io.maps import read_map
from cryoqa_plugin.study import noise

pytestmark = pytest.mark.compiled
BOX, VOXEL = 64, (1.5, 1.5, 1.5)
SHAPE, GEO = (BOX,) * 3, fourier.geometry((BOX,) * 3, VOXEL)
AT = np.indices(SHAPE) - BOX // 2
RADIUS = np.sqrt((AT ** 2).sum(axis=0))                       # voxels


def _white(rng):
    return rng.standard_normal(SHAPE).astype(np.float32)


def _filtered(data, profile):
    return fourier.inverse(apply_radial(fourier.forward(data), GEO, profile), SHAPE)


MASK = masks.gaussian_soften((AT[0] / 10) ** 2 + (AT[1] / 10) ** 2 + (AT[2] / 22) ** 2 < 1, VOXEL, 1.5)
SIGNAL = _filtered(_white(np.random.default_rng(99)), bfactor_profile(GEO, 180)) * MASK
SIGNAL *= 3 / SIGNAL[MASK > 0.5].std()
masked_or_not = pytest.mark.parametrize("mask", [None, MASK], ids=["no mask", "mask"])


def _noise(rng):
    return _filtered(_white(rng), bfactor_profile(GEO, 20))


def _halves(seed, share=0.0, change=None, signal=SIGNAL):
    """Two half-maps of one molecule with B = 20 noise, ``share`` of it common; ``change`` is applied to each noise before."""
    rng = np.random.default_rng(seed)
    common = _noise(rng)
    out = []
    for _ in range(2):
        own = np.sqrt(1 - share) * _noise(rng) + np.sqrt(share) * common
        out.append((signal + (own if change is None else change(own))).astype(np.float32))
    return out


def _sums(a, b, geo=GEO):
    f1, f2 = fourier.forward(a), fourier.forward(b)
    return f1, f2, shells.cross_sums(f1, f2, geo)


def _study(a, b, mask=None, geo=GEO, voxel=VOXEL):
    return noise.half_map_noise(*_sums(a, b, geo), geo, voxel, mask)


@masked_or_not
@pytest.mark.parametrize("seed", range(4))
def test_nothing_is_found_in_clean_half_maps(seed, mask):
    found = _study(*_halves(seed), mask)
    assert found.low_pass is None and found.radial.rim is None and not found.radial.largest_sphere
    assert found.damping.testable and not found.damping.found and found.damping.ratio == pytest.approx(1, abs=0.1)
    assert found.volume_factor == pytest.approx(1, abs=0.03)
    assert abs(found.shared.share) < 0.01 and not found.shared.found and found.shared.mixture is None
    assert abs(found.scale.scale - 1) < 4 * found.scale.scale_error and abs(found.scale.bfactor) < 4 * found.scale.bfactor_error
    np.testing.assert_allclose(found.radial.variance[3:-1], 1, atol=0.12)    # the last holds a corner


def test_nothing_is_modified_and_threads_change_nothing():
    f1, f2, sums = _sums(*_halves(1))
    before, found = [f1.copy(), f2.copy(), MASK.copy()], []
    try:
        for threads in (1, 3):
            set_threads(threads)
            found.append(noise.half_map_noise(f1, f2, sums, GEO, VOXEL, MASK))
    finally:
        set_threads(0)
    for kept, now in zip(before, (f1, f2, MASK)):
        np.testing.assert_array_equal(kept, now)
    assert found[0].shared == found[1].shared and found[0].damping == found[1].damping
    np.testing.assert_array_equal(found[0].radial.variance, found[1].radial.variance)


def test_errors_are_those_of_many_sets():
    """Deviations over their standard errors have a standard deviation of 1; of 24 sets, between 0.6 and 1.45."""
    pulls = []
    for seed in range(24):
        found = _study(*_halves(100 + seed, share=0.05), MASK)
        pulls.append([(found.shared.share - 0.05) / found.shared.error, np.log(found.damping.ratio) / found.damping.error,
                      (found.scale.scale - 1) / found.scale.scale_error, found.scale.bfactor / found.scale.bfactor_error])
    spread, mean = np.std(pulls, axis=0), np.mean(pulls, axis=0)
    assert ((spread > 0.6) & (spread < 1.45)).all(), spread
    assert (np.abs(mean) < 0.7).all(), mean


@masked_or_not
@pytest.mark.parametrize("share", [0.05, 0.1, 0.25])
def test_shared_noise_is_found_with_its_share(share, mask):
    found = _study(*_halves(7, share), mask).shared
    assert found.found and found.share == pytest.approx(share, abs=0.01) and found.z > 8


def test_fsc_without_the_shared_noise_is_that_of_the_signal():
    a, b = _halves(7, 0.1)
    clean = np.mean([shells.fsc(_sums(*_halves(s))[2]) for s in (20, 21, 22)], axis=0)
    read = shells.fsc(_sums(a, b)[2])
    bounded = noise.bounded_fsc(read, _study(a, b).shared.share)
    last = slice(18, 32)
    assert (read - clean)[last].mean() > 0.06
    assert abs((bounded - clean)[last].mean()) < 0.01
    assert noise.bounded_fsc(0.5, 0.2) == pytest.approx(0.375)


def test_symmetry_that_was_imposed_is_not_shared_noise():
    """Averages over the three half turns of D2; the first plane of an even box has no mate and stays."""
    def symmetric(data):
        turned = [data]
        for axes in ((0, 1), (0, 2), (1, 2)):
            turned.append(np.roll(np.flip(data, axes), 1, axes))
        return np.mean(turned, axis=0) * 2
    scatters = []
    for seed in range(6):
        found = _study(*_halves(seed, change=symmetric), MASK).shared
        assert not found.found and abs(found.z) < 4
        scatters.append(found.scatter)
    assert 1.2 < np.mean(scatters) < 2.6
    assert _study(*_halves(3, 0.1, change=symmetric), MASK).shared.found


@pytest.mark.parametrize("mixed", [False, True])
def test_mixtures_are_told_where_the_fsc_stays_high(mixed):
    sharp = _filtered(SIGNAL, bfactor_profile(GEO, -160)) * MASK
    a, b = _halves(5, signal=sharp * (0.5 if mixed else 60) / sharp[MASK > 0.5].std())
    if mixed:
        a, b = 0.7 * a + 0.3 * b, 0.3 * a + 0.7 * b
    found = _study(a, b, MASK).shared
    assert found.share is None and found.z is None
    assert found.mixture == pytest.approx(1, abs=0.15) if mixed else found.mixture < 0.05
    assert found.found is mixed


def _ball(data, part, value=None, soft=3.0):
    """The map within a sphere of ``part`` of the box, filled with its mean outside."""
    weight = np.clip((part * BOX + soft / 2 - RADIUS) / soft, 0, 1)
    return (weight * data + (1 - weight) * data[RADIUS > part * BOX].mean()).astype(np.float32)


@masked_or_not
@pytest.mark.parametrize("part", [0.5, 0.4, 0.3])
def test_spheres_are_found_with_their_radius(part, mask):
    found = _study(*(_ball(h, part) for h in _halves(2)), mask)
    assert found.radial.rim == pytest.approx(part, abs=0.025)
    assert found.radial.largest_sphere is (part == 0.5)
    assert not found.damping.found and found.damping.ratio == pytest.approx(1, abs=0.15)
    assert found.shared is None or not found.shared.found


def test_volume_correction_undoes_the_sphere():
    halves = _halves(2)
    clean = shells.fsc(_sums(*halves)[2])
    cut = [_ball(h, 0.5) for h in halves]
    read, factor = shells.fsc(_sums(*cut)[2]), _study(*cut, MASK).volume_factor
    inside = slice(12, 24)
    assert factor == pytest.approx(np.pi / 6, abs=0.04)
    assert (read - clean)[inside].mean() > 0.08
    assert abs((noise.volume_corrected(read, factor) - clean)[inside].mean()) < 0.015


@pytest.mark.parametrize("left", [0.05, 0.3])
def test_damped_solvent_is_found(left):
    gain = left + (1 - left) * MASK
    found = _study(*(h * gain for h in _halves(1)), MASK)
    assert found.damping.found and found.shared is None
    assert 2.5 < found.damping.ratio < 1 / left ** 2                     # the soft edge of the mask is damped, too
    assert found.volume_factor < 0.3


def test_noise_that_varies_with_the_radius_is_no_fault():
    course = 1 + 1 / (1 + np.exp((RADIUS - 0.25 * BOX) / 2))
    found = _study(*_halves(4, change=lambda n: n * course), MASK)
    count = np.bincount(RADIUS.astype(int).ravel() // 3)
    expected = np.bincount(RADIUS.astype(int).ravel() // 3, course.ravel() ** 2) / count
    expected /= (course ** 2).mean()
    np.testing.assert_allclose(found.radial.variance[2:15], expected[2:15], rtol=0.12)
    np.testing.assert_allclose(found.radial.radius[:3], [2.25, 6.75, 11.25])
    assert found.radial.rim is None and not found.damping.found and not found.shared.found
    assert found.damping.ratio == pytest.approx(1, abs=0.1)


def test_a_round_molecule_has_no_equal_radius_and_is_not_testable():
    mask = masks.gaussian_soften(masks.ball(SHAPE, VOXEL, 20.0), VOXEL, 1.5)
    found = _study(*_halves(1), mask).damping
    assert not found.testable and not found.found


@pytest.mark.parametrize("shape, voxel", [((64, 64, 64), 1.5), ((72, 72, 72), 1.2), ((96, 96, 96), 1.0), ((60, 64, 72), 1.4)])
@pytest.mark.parametrize("edge", [2.0, 4.0])
def test_low_pass_is_found_at_its_edge(shape, voxel, edge):
    geo, rng = fourier.geometry(shape, (voxel,) * 3), np.random.default_rng(6)
    profile = cosine_lowpass_profile(geo, 5.0, edge) * bfactor_profile(geo, 20)
    halves = [apply_radial(fourier.forward(rng.standard_normal(shape).astype(np.float32)), geo, profile) for _ in range(2)]
    found = noise.find_low_pass(shells.cross_sums(*halves, geo), geo)
    assert found.resolution == pytest.approx(5.0, rel=0.03)
    assert found.frequency == pytest.approx(1 / found.resolution) and found.fall > 4


@pytest.mark.parametrize("bfactor", [0, 60, 120])
def test_noise_that_falls_off_by_itself_is_no_filter(bfactor):
    """The transform of a Gaussian has no edge; it is left alone."""
    rng = np.random.default_rng(6)
    profile = bfactor_profile(GEO, bfactor)
    sums = shells.cross_sums(*(apply_radial(fourier.forward(_white(rng)), GEO, profile) for _ in range(2)), GEO)
    assert noise.find_low_pass(sums, GEO) is None
    slope = np.polyfit(fourier.frequencies(GEO)[10:] ** 2, np.log(noise_power(sums)[10:]), 1)[0]
    assert slope == pytest.approx(-bfactor / 2, abs=2.0)


def test_shells_beyond_a_filter_are_not_asked_for_shared_noise():
    sharp = cosine_lowpass_profile(GEO, 5.5)
    found = _study(*(_filtered(h, sharp) for h in _halves(3)), MASK)
    assert found.low_pass.resolution == pytest.approx(5.5, rel=0.04)
    assert found.shared.share is None and found.shared.mixture is None and not found.shared.found


@pytest.mark.parametrize("factor, blur", [(1.35, 30.0), (1e6, 0.0), (0.5, -15.0)])
def test_scale_and_blur_of_half_map_2(factor, blur):
    a, b = _halves(3)
    found, plain = _study(a, factor * _filtered(b, bfactor_profile(GEO, blur)), MASK), _study(a, b, MASK)
    assert found.scale.scale == pytest.approx(factor, rel=0.015)
    assert found.scale.bfactor == pytest.approx(blur, abs=1.0)
    assert found.shared.share == pytest.approx(plain.shared.share, abs=3e-4)
    assert found.damping.ratio == pytest.approx(plain.damping.ratio, rel=0.01)


def test_boxes_need_not_be_cubes():
    shape, voxel = (56, 64, 72), (1.4, 1.5, 1.6)
    geo, rng = fourier.geometry(shape, voxel), np.random.default_rng(2)
    z, y, x = np.indices(shape) - np.array(shape).reshape(3, 1, 1, 1) // 2
    mask = masks.gaussian_soften((z / 10) ** 2 + (y / 10) ** 2 + (x / 22) ** 2 < 1, voxel, 1.5)
    common = rng.standard_normal(shape) * np.sqrt(0.1)
    signal = fourier.inverse(apply_radial(fourier.forward(rng.standard_normal(shape)), geo, bfactor_profile(geo, 150)), shape) * mask * 12
    a, b = ((signal + common + np.sqrt(0.9) * rng.standard_normal(shape)).astype(np.float32) for _ in range(2))
    found = _study(a, b, mask, geo, voxel)
    assert found.shared.share == pytest.approx(0.1, abs=0.01) and found.shared.found
    assert found.damping.ratio == pytest.approx(1, abs=0.1) and found.radial.rim is None and found.low_pass is None


def test_copies_have_no_noise():
    a, _ = _halves(1)
    found = _study(a, a, MASK)
    assert found.low_pass is None and found.damping.ratio is None and found.volume_factor is None
    assert found.scale.scale == pytest.approx(1) and found.shared.share is None and not found.shared.found


KINDS = ["corners", "softmask", "weakened", "tightmask", "lowpass", "lowpasshard", "corr05", "corr10", "corr25", "scaleb", "scaled",
         "offset", "noiserim", "noisecore", "occupancy", "conenoise", "conen3", "noise"]


@pytest.fixture(scope="module")
def bad_halves(shared, sim_case, tmp_path_factory):
    """Function from a simulated case and seed to the half-maps of each kind of fault, their truths, mask and voxel size."""
    made = {}

    def get(case, seed):
        folder = made.get((case, seed))
        if folder is None:
            folder = made[case, seed] = tmp_path_factory.mktemp(f"{case}_{seed}")
            subprocess.run([sys.executable, str(shared / "tools" / "simulate_bad.py"), str(sim_case(case) / case), str(folder), *KINDS,
                            f"--seed={seed}"], check=True, stdout=subprocess.DEVNULL)
        return folder
    return get


@pytest.mark.heavy
@pytest.mark.realdata
@pytest.mark.parametrize("with_mask", [False, True])
@pytest.mark.parametrize("case", ["p96", "odd97"])
@pytest.mark.parametrize("kind", KINDS)
def test_faults_of_simulated_half_maps(bad_halves, sim_case, case, kind, with_mask):
    folder = bad_halves(case, 71)
    halves = [read_map(str(folder / f"{kind}_half{i}.mrc")) for i in (1, 2)]
    truth = json.loads((folder / f"{kind}_truth.json").read_text())
    voxel = halves[0].voxel_size
    mask = read_map(str(sim_case(case) / f"{case}_mask.mrc")).data if with_mask else None
    found = _study(halves[0].data, halves[1].data, mask, fourier.geometry(halves[0].shape, voxel), voxel)
    damped = kind in ("weakened", "tightmask")
    assert found.damping.found is damped
    assert found.damping.ratio > 40 if damped else found.damping.ratio == pytest.approx(1, abs=0.15)
    if kind.startswith("lowpass"):
        assert found.low_pass.resolution == pytest.approx(truth["edge"], rel=0.03)
        assert found.shared.share is None
        return
    assert found.low_pass is None
    if not damped:
        share = int(kind[4:]) / 100 if kind.startswith("corr") else 0.0
        assert found.shared.found is (share > 0)
        assert found.shared.share == pytest.approx(share, abs=max(0.01, 3 * found.shared.error))
        assert found.radial.rim == {"corners": pytest.approx(0.525, abs=0.015), "softmask": pytest.approx(0.395, abs=0.02)}.get(kind)
    scale, bfactor = {"scaleb": (1.35, 30.0), "scaled": (1e6, 0.0)}.get(kind, (1.0, 0.0))
    assert found.scale.scale == pytest.approx(scale, rel=0.01) and found.scale.bfactor == pytest.approx(bfactor, abs=0.5)
