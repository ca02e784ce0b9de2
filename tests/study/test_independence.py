"""Half-maps that are no two independent measurements: what is found, said, and left of their resolution. Truth of the simulator."""
from __future__ import annotations

import json

import numpy as np
import pytest

from cryoqa_plugin.core import fourier, masks, shells
from cryoqa_plugin.errors import InputError
from cryoqa_plugin.io import maps
from cryoqa_plugin.methods.resolution.fsc import FscParams, compute_fsc
from cryoqa_plugin.study import Study
from cryoqa_plugin.study import fsc_criteria as criteria
from cryoqa_plugin.study.independence import judge_independence

pytestmark = pytest.mark.realdata
CASES = ("p96", pytest.param("odd97", marks=pytest.mark.heavy))   # neither sets a constant of the corrections for volume and share


@pytest.fixture(scope="module", params=CASES)
def case(request, sim_case):
    """Half-maps, signal, noise, mask and truth of a case."""
    name = request.param
    read = {n: maps.read_map(str(sim_case(name) / f"{name}_{n}.mrc")) for n in ("half1", "half2", "signal", "mask")}
    read["noise"] = [read[h].data - read["signal"].data for h in ("half1", "half2")]
    read["truth"] = json.loads((sim_case(name) / f"{name}_truth.json").read_text())
    return read


def study(case, change=None, **given):
    """A Study of the half-maps ``change(half)`` of a case."""
    halves = [case[h].data if change is None else change(case[h].data) for h in ("half1", "half2")]
    return Study(**{h: case[h].with_data(np.ascontiguousarray(d, dtype=np.float32)) for h, d in zip(("half1", "half2"), halves)}, **given)


def coloured(case, seed):
    """Noise with the spectrum of that of the case."""
    geo = fourier.geometry(case["half1"].shape, case["half1"].voxel_size)
    white = fourier.forward(np.random.default_rng(seed).standard_normal(case["half1"].shape).astype(np.float32))
    power, own = (shells.power_sums(f, geo)[0] for f in (fourier.forward(case["noise"][0]), white))
    nz, ny, nx = case["half1"].shape
    z, y, x = np.fft.fftfreq(nz) * nz, np.fft.fftfreq(ny) * ny, np.fft.rfftfreq(nx) * nx
    r = np.rint(np.sqrt(z[:, None, None] ** 2 + y[:, None] ** 2 + x ** 2)).astype(int)
    gain = np.append(np.sqrt(power / np.maximum(own, 1e-30)), np.zeros(max(r.max() + 1 - power.size, 0)))
    return fourier.inverse((white * gain[r]).astype(np.complex64), case["half1"].shape)


def sharing(case, part, where=1.0, seed=1007):
    """A Study of half-maps that share the part ``part`` of their noise, times ``where``."""
    common, share = coloured(case, seed), part * where
    made = [case["signal"].data + np.sqrt(1 - share) * n + np.sqrt(share) * common for n in case["noise"]]
    return Study(**{h: case[h].with_data(m.astype(np.float32)) for h, m in zip(("half1", "half2"), made)}, mask=case["mask"])


def unmasked(case):
    """What the half-maps read without a fault."""
    return compute_fsc(study(case), FscParams(sharpen=False)).resolution


def leak_free(case, mask):
    """Where the signal over the noise in a mask falls below that of FSC 0.143, without what the mask carries between shells."""
    geo = fourier.geometry(case["half1"].shape, case["half1"].voxel_size)
    signal = shells.power_sums(fourier.forward(case["signal"].data), geo)[0]
    noise = np.mean([shells.power_sums(fourier.forward(n), geo)[0] for n in case["noise"]], axis=0)
    curve = signal / (signal + noise * float((mask.astype(float) ** 2).mean()))
    below = int(np.argmax(curve[1:] < 0.143)) + 1
    part = (curve[below - 1] - 0.143) / (curve[below - 1] - curve[below])
    freq = fourier.frequencies(geo)
    return 1 / (freq[below - 1] + part * (freq[below] - freq[below - 1]))


# ---------------------------------------------------------------- nothing found

def test_good_half_maps_are_left_alone(case):
    found = study(case, mask=case["mask"])
    assert found.independence == judge_independence(found.half_maps, found.noise)
    assert found.independence.holds and not found.independence.cut and found.independence.volume_factor is None
    said = compute_fsc(found, FscParams(sharpen=False))
    assert said.resolution_curve == "corrected" and "none found" in said.summary and not said.half_maps_share_noise
    assert said.shares_in_mask is False and said.shared_in_mask < 0.04


# ---------------------------------------------------------------- no resolution at all

@pytest.mark.parametrize("fault, words", [
    ("copies", "copies of each other"), ("inverted", "contrast inverted"), ("mirrored", "mirror image"),
    ("moved", "half-map 2 is shifted by 3.0"), ("noise", "share no signal")])
def test_what_voids_a_resolution(case, fault, words):
    one, two = case["half1"].data, case["half2"].data
    halves = {"copies": (one, 2 * one), "inverted": (one, -two), "mirrored": (one, two[:, :, ::-1]), "moved": (one, np.roll(two, 3, 2)),
              "noise": case["noise"]}[fault]
    found = Study(**{h: case[h].with_data(np.ascontiguousarray(d, dtype=np.float32)) for h, d in zip(("half1", "half2"), halves)},
                  mask=case["mask"])
    said = compute_fsc(found, FscParams())
    assert said.resolution is None and said.resolution_unmasked_0143 is None and said.sharpened is None
    assert said.summary.startswith("No resolution is given") and words in said.summary
    assert sum("half-map" in n.lower() for n in found.notes()) == 1


def test_half_maps_without_signal_are_not_asked_for_a_resolution(case):
    found = Study(half1=case["half1"].with_data(case["noise"][0]), half2=case["half1"].with_data(case["noise"][1]))
    assert found.half_maps.no_signal and abs(found.half_maps.signal) < 4
    with pytest.raises(InputError, match="share no signal"):
        _ = found.resolution


def test_coarse_signal_is_signal():
    rng = np.random.default_rng(5)
    z, y, x = np.mgrid[:64, :64, :64] - 32.0
    blob = np.exp(-(x * x + y * y + z * z) / 200.0)
    halves = [maps.Map((blob + 0.2 * rng.standard_normal(blob.shape)).astype(np.float32), (2.0,) * 3) for _ in range(2)]
    assert Study(half1=halves[0], half2=halves[1]).half_maps.signal > 5


# ---------------------------------------------------------------- noise taken away around the molecule

@pytest.mark.parametrize("fault", ["weakened", "softmask", pytest.param("tightmask", marks=pytest.mark.heavy), "corners"])
@pytest.mark.parametrize("with_mask", [False, pytest.param(True, marks=pytest.mark.heavy)])
def test_the_unmasked_curve_is_corrected_for_missing_noise(case, fault, with_mask):
    mask, half = case["mask"].data, case["half1"]
    n = min(half.shape)
    ball = {r: masks.soft_edge(masks.ball(half.shape, half.voxel_size, r * n * half.voxel), e, half.voxel_size)
            for r, e in ((0.38, 12 * half.voxel), (0.5, 3 * half.voxel))}
    weight = {"weakened": mask + 0.05 * (1 - mask), "softmask": ball[0.38], "tightmask": mask, "corners": ball[0.5]}[fault]
    found = study(case, lambda d: d * weight, **({"mask": case["mask"]} if with_mask else {}))
    said = compute_fsc(found, FscParams(sharpen=False))
    plain = said.resolution_unmasked_0143
    assert said.resolution_volume_0143 == pytest.approx(unmasked(case), abs=0.1) and plain < unmasked(case) - 0.05
    in_mask = with_mask and fault == "corners"
    assert said.resolution_curve == ("corrected" if in_mask else "volume")
    assert not (said.half_maps_masked and said.half_maps_damped)
    assert (said.half_maps_masked or said.half_maps_damped or found.noise.radial.soft_sphere) == (fault != "corners")


# ---------------------------------------------------------------- low-pass

@pytest.mark.parametrize("width", [0.0, 60.0])
def test_nothing_finer_than_a_low_pass(case, width):
    edge = 1.5 * unmasked(case)
    geo = fourier.geometry(case["half1"].shape, case["half1"].voxel_size)
    nz, ny, nx = case["half1"].shape
    z, y, x = np.fft.fftfreq(nz), np.fft.fftfreq(ny), np.fft.rfftfreq(nx)
    s = np.sqrt(z[:, None, None] ** 2 + y[:, None] ** 2 + x ** 2) / case["half1"].voxel
    gain = s < 1 / edge if width == 0 else 1 / (1 + np.exp(np.clip((s - 1 / edge) * width * 4, -50, 50)))
    found = study(case, lambda d: fourier.inverse(fourier.forward(d.astype(np.float32)) * gain.astype(np.float32), geo.shape),
                  mask=case["mask"])
    said = compute_fsc(found, FscParams(sharpen=False))
    assert said.resolution == pytest.approx(edge, rel=0.04) and found.resolution >= 0.96 * edge
    assert found.unmasked_resolution >= 0.96 * edge and "low-pass" in said.summary
    assert not any("mask" in w.lower() and "too sharp" in w for w in said.warnings)


# ---------------------------------------------------------------- shared noise

@pytest.mark.heavy
@pytest.mark.parametrize("part", [0.05, 0.1, 0.25])
def test_shared_noise_is_found_and_taken_off(case, part):
    found = sharing(case, part)
    said = compute_fsc(found, FscParams(sharpen=False))
    assert said.half_maps_share_noise and said.half_maps_shared_noise == pytest.approx(part, abs=0.012)
    assert said.resolution is None and "not independent" in said.summary
    assert said.resolution_corrected_0143 < said.resolution_bound
    good = compute_fsc(study(case, mask=case["mask"]), FscParams(sharpen=False)).resolution
    assert said.resolution_bound == pytest.approx(good, abs=0.08) and found.resolution == pytest.approx(said.resolution_bound, abs=1e-9)
    plain = compute_fsc(found.with_(mask=None), FscParams(sharpen=False))
    assert plain.resolution_bound == pytest.approx(unmasked(case), abs=0.05)


def test_noise_that_is_shared_in_the_molecule_alone(case):
    found = sharing(case, 0.2, case["mask"].data, seed=1011)
    said = compute_fsc(found, FscParams(sharpen=False))
    assert not said.half_maps_share_noise and said.shares_in_mask
    assert said.shared_in_mask == pytest.approx(0.2, abs=0.04) and said.resolution is None and "in the mask" in said.summary


# ---------------------------------------------------------------- what changes nothing

def test_a_constant_changes_nothing(case):
    offset = 3 * float(case["half1"].data.std())
    good, moved = (compute_fsc(study(case, c, mask=case["mask"]), FscParams(sharpen=False)) for c in (None, lambda d: d + offset))
    assert moved.resolution == pytest.approx(good.resolution, abs=1e-3)
    assert moved.random_fsc_at_resolution == pytest.approx(good.random_fsc_at_resolution, abs=1e-3)


def test_sharpening_is_noted_and_changes_nothing(case):
    geo = fourier.geometry(case["half1"].shape, case["half1"].voxel_size)
    nz, ny, nx = geo.shape
    s2 = (np.fft.fftfreq(nz)[:, None, None] ** 2 + np.fft.fftfreq(ny)[:, None] ** 2 + np.fft.rfftfreq(nx) ** 2) / case["half1"].voxel ** 2
    found = study(case, lambda d: fourier.inverse((fourier.forward(d.astype(np.float32)) * np.exp(150 * s2 / 4)).astype(np.complex64),
                                                  geo.shape))
    assert found.noise.bfactor < study(case).noise.bfactor - 100 and any("seem to be sharpened" in n for n in found.notes())
    assert compute_fsc(found, FscParams(sharpen=False)).resolution == pytest.approx(unmasked(case), abs=0.01)


# ---------------------------------------------------------------- masks that are too sharp

def test_a_mask_that_is_too_sharp_gives_no_number_of_its_own(case):
    core = case["mask"].data >= 0.999
    hard = case["half1"].with_data((~masks.extend(~core, 1.5, case["half1"].voxel_size)).astype(np.float32))
    said = compute_fsc(study(case, mask=hard), FscParams(sharpen=False))
    assert said.random_fsc_at_resolution > 0.3 and said.resolution_curve == "widened" and said.widened_edge >= 6
    assert any("too sharp" in w for w in said.warnings)
    wide = masks.soft_edge(hard.data >= 0.5, said.widened_edge, hard.voxel_size)
    assert said.resolution == pytest.approx(leak_free(case, wide), abs=0.03)


@pytest.mark.parametrize("edge", [1.5, 3.0, 6.0, 10.0])
def test_the_interval_holds_the_truth_of_the_mask(case, edge):
    mask = case["half1"].with_data(masks.soft_edge(case["mask"].data >= 0.999, edge, case["half1"].voxel_size))
    said = compute_fsc(study(case, mask=mask), FscParams(sharpen=False))
    assert said.resolution_better <= leak_free(case, mask.data) <= said.resolution_worse


def test_an_estimate_ends_at_the_edge_of_a_filter():
    from cryoqa_plugin.study.fsc_corrections import FscCurve
    freq = np.arange(20) / 40.0
    high = FscCurve(*(np.full(20, v) for v in (0.9, 0.88, 0.92)), np.full(20, 100.0))
    assert criteria.estimate(freq, high, 0.143, end=0.3).resolution == pytest.approx(1 / 0.3)
    falls = FscCurve(*(np.where(freq < 0.2, 0.9, 0.0) + d for d in (0, -0.02, 0.02)), np.full(20, 100.0))
    assert criteria.estimate(freq, falls, 0.143, end=0.3) == criteria.estimate(freq, falls, 0.143)._replace(
        worse=criteria.estimate(freq, falls, 0.143, end=0.3).worse, better=criteria.estimate(freq, falls, 0.143, end=0.3).better)


# ---------------------------------------------------------------- every capability

@pytest.mark.heavy
@pytest.mark.parametrize("fault", ["noise", "mirrored", "copies"])
def test_no_capability_gives_a_resolution_of_such_half_maps(case, fault):
    from cryoqa_plugin import runner
    from cryoqa_plugin.registry import CAPABILITIES
    one, two = case["half1"].data, case["half2"].data
    halves = {"copies": (one, 2 * one), "mirrored": (one, two[:, :, ::-1]), "noise": case["noise"]}[fault]
    found = Study(**{h: case[h].with_data(np.ascontiguousarray(d, dtype=np.float32)) for h, d in zip(("half1", "half2"), halves)},
                  mask=case["mask"])
    rows = [r for r in CAPABILITIES if not r.slow and (any(i.startswith("1.") for i, _ in r.estimates) or r.family == "local_resolution")
            and "half1" in r.needs]
    assert len(rows) >= 6
    for row in rows:
        result, document = runner.answer(row, found)
        assert all(getattr(result, metric) is None for item, metric in row.estimates if item.startswith("1.")), row.id
        assert getattr(result, "median", None) is None and getattr(result, "resolution", None) is None, row.id
        assert found.independence.void in result.summary, row.id
        told = [w for w in document["warnings"] if "voxel size is exactly 1" not in w]      # which is true, and no fault of the half-maps
        assert len(told) == 1, (row.id, told)
        assert sum(c["status"] in ("warn", "fail") for c in document["checks"]) == 1, (row.id, document["checks"])
