"""Maps that are made here are audited against their half-maps: filters pass, what is no filter is named, bad half-maps are left alone."""
from __future__ import annotations

import numpy as np
import pytest

from cryoqa_plugin import checks, limits, results
from cryoqa_plugin.demo import make_demo_data
from cryoqa_plugin.methods.map_info.audit import AuditParams, compute_audit
from cryoqa_plugin.methods.map_info.audit_own import audited
from cryoqa_plugin.methods.sharpening.denoise import DenoiseParams, compute_denoise
from cryoqa_plugin.methods.sharpening.locscale import LocscaleParams, compute_locscale
from cryoqa_plugin.study import Study

FIELDS = ("supported_share", "unsupported_power", "kept_noise", "data_to")


@pytest.fixture(scope="module")
def demo():
    return make_demo_data(box=48)


def study(demo, **more):
    return Study(half1=demo.half1, half2=demo.half2, mask=demo.mask, **more)


def statuses(capability, result):
    found = checks.evaluate(limits.CHECKS[capability], results.to_document(result)["metrics"])
    return {c["metric"]: c["status"] for c in found}


def test_the_numbers_are_those_of_the_audit(demo):
    out = compute_denoise(study(demo), DenoiseParams())
    full = compute_audit(study(demo, full_map=out.denoised_map), AuditParams())
    for name, other in zip(FIELDS, ("supported_share", "unsupported_power", "noise_share", "data_to")):
        assert getattr(out, name) == pytest.approx(getattr(full, other), abs=2e-4), name
    assert np.abs(out.support_map.data - full.support_map.data).max() < 0.01
    scaled = compute_locscale(study(demo), LocscaleParams())
    full = compute_audit(study(demo, full_map=scaled.sharpened), AuditParams())
    assert scaled.supported_share == pytest.approx(full.supported_share, abs=2e-4)
    assert scaled.kept_noise == pytest.approx(full.noise_share, abs=2e-4)


@pytest.mark.parametrize("seed", [5, 6])
def test_filters_of_sound_half_maps_pass(demo, seed):
    """Half-maps of more noise, which set no limit: what is a local filter of them is supported, and says so once."""
    rng = np.random.default_rng(seed)
    halves = [h.with_data(h.data + h.data.std() * rng.standard_normal(h.shape).astype(np.float32)) for h in (demo.half1, demo.half2)]
    noisy = Study(half1=halves[0], half2=halves[1], mask=demo.mask)
    for capability, out in (("denoise", compute_denoise(noisy, DenoiseParams())),
                            ("denoise", compute_denoise(noisy, DenoiseParams("conditional"))),
                            ("locscale", compute_locscale(noisy, LocscaleParams()))):
        assert out.supported_share > 0.98 and out.unsupported_power < 0.01 and out.kept_noise < 0.2
        assert out.summary.count("The half-maps support") == 1 and "no filter" not in out.summary
        assert {statuses(capability, out)[n] for n in FIELDS[:3]} == {"ok"}
        assert out.support_map.data.min() > 0 and out.support_map.data.max() <= 1


def test_what_is_no_filter_or_over_sharpened_is_named(demo):
    given = study(demo)
    plain = given.average.data
    bent = audited(given, plain * np.abs(plain))
    assert bent["unsupported_power"] > 0.02
    rng = np.random.default_rng(2)
    foreign = audited(given, rng.standard_normal(plain.shape).astype(np.float32))
    assert foreign["supported_share"] < 0.2
    out = compute_denoise(given, DenoiseParams())
    from dataclasses import replace
    said = statuses("denoise", replace(out, supported_share=foreign["supported_share"], unsupported_power=bent["unsupported_power"]))
    assert said["supported_share"] == "warn" and said["unsupported_power"] != "ok"
    raw = compute_locscale(given, LocscaleParams(weighting="none"))
    assert raw.kept_noise > compute_locscale(given, LocscaleParams()).kept_noise


def test_half_maps_that_cannot_be_audited_are_said_once(demo):
    one, two = demo.half1, demo.half2
    inside = (demo.mask.data > 0.5).astype(np.float32)
    for halves in ((one, one), (one, two.with_data(np.roll(two.data, 1, 2))),
                   (one.with_data(one.data * inside), two.with_data(two.data * inside))):
        out = compute_denoise(Study(half1=halves[0], half2=halves[1], mask=demo.mask), DenoiseParams(resolution=6.0))
        assert [getattr(out, n) for n in FIELDS] == [None] * 4 and out.support_map is None
        assert "support" not in out.summary
    other = one.with_data(np.random.default_rng(1).standard_normal(one.shape).astype(np.float32))
    assert audited(study(demo, full_map=other), other.data) == {} == audited(Study(full_map=one), one.data)
    assert audited(study(demo, full_map=one.with_data(one.data[::-1])), one.data) == {}


def test_it_is_left_out_where_it_is_not_wanted(demo):
    for out in (compute_denoise(study(demo), DenoiseParams(audit=False)), compute_locscale(study(demo), LocscaleParams(audit=False)),
                compute_locscale(Study(full_map=demo.half1), LocscaleParams(resolution=5.0))):
        assert out.supported_share is None and out.support_map is None and "support" not in out.summary


def test_a_shifted_map_is_moved_back(demo):
    """A full map that is off its half-maps by two voxels is scaled where it lies, and audited where they lie."""
    shifted = demo.half1.with_data(np.roll((demo.half1.data + demo.half2.data) / 2, 2, 2))
    out = compute_locscale(study(demo, full_map=shifted), LocscaleParams())
    assert out.supported_share > 0.97 and out.unsupported_power < 0.01
