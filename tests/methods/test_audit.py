"""The audit of processed maps: planted and deleted parts are found, filters and masks pass, what cannot be measured is refused."""
from __future__ import annotations

import numpy as np
import processed
import pytest

from cryoqa_plugin.core import filters, fourier, shells
from cryoqa_plugin.demo import make_demo_data
from cryoqa_plugin.errors import MissingInputError
from cryoqa_plugin.methods.map_info import audit_shells
from cryoqa_plugin.methods.map_info.audit import AuditParams, compute_audit
from cryoqa_plugin.methods.sharpening.locscale import LocscaleParams, compute_locscale
from cryoqa_plugin.methods.sharpening.locspiral import LocspiralParams, compute_locspiral
from cryoqa_plugin.methods.sharpening.postprocess import PostprocessParams, compute_postprocess
from cryoqa_plugin.study import Study


@pytest.fixture(scope="module")
def demo():
    return make_demo_data(box=64)


@pytest.fixture(scope="module")
def sharpened(demo):
    return compute_postprocess(Study(half1=demo.half1, half2=demo.half2, mask=demo.mask), PostprocessParams()).sharpened.data


def _audit(case, data, **more):
    study = Study(full_map=case.half1.with_data(np.asarray(data, np.float32)), half1=case.half1, half2=case.half2, mask=case.mask, **more)
    return compute_audit(study, AuditParams())


def _at(case, xyz):
    return tuple(np.rint((xyz - np.asarray(case.half1.origin)) / np.asarray(case.half1.voxel_size)).astype(int).T[::-1])


@pytest.mark.heavy
def test_what_filters_and_masks_make_passes(demo, sharpened):
    mean = (demo.half1.data + demo.half2.data) / 2
    gain = np.linspace(1, 3, 64, dtype=np.float32)[:, None, None]
    for name, data in (("mean", mean), ("postprocess", sharpened), ("scale", 1e6 * sharpened + 3),
                       ("mask", sharpened * demo.mask.data), ("gain", sharpened * gain)):
        found = _audit(demo, data)
        assert found.supported_share > 0.99 and found.unsupported_power < 0.005, name
        assert found.unsupported_count == 0 and "behaves as a filtered" in found.summary, name


@pytest.mark.heavy
def test_what_is_no_filter_is_said(demo, sharpened):
    scale = sharpened.std()
    rng = np.random.default_rng(3)
    for name, data in (("square", sharpened * np.abs(sharpened)), ("clipped", np.clip(sharpened, -scale, scale)),
                       ("noise", rng.standard_normal(sharpened.shape))):
        found = _audit(demo, data)
        assert found.unsupported_power > 0.02 and "not a linear filter" in found.summary, name
    assert found.supported_share < 0.2 and found.map_operation is None


def test_planted_and_deleted_density_is_found_where_it_is(demo, sharpened):
    # density of the map itself, put elsewhere and taken away: it has the right spectrum, and the half-maps do not know it
    ball = np.array(np.meshgrid(*[np.arange(64)] * 3, indexing="ij")).astype(float)
    inside = np.argwhere(demo.mask.data > 0.99)
    centre, free = inside[len(inside) // 3], np.argwhere(demo.mask.data < 0.01)
    free = free[np.all((free > 9) & (free < 54), axis=1)][::23]
    away = free[np.argmax(((free[:, None] - inside[None, ::50]) ** 2).sum(axis=2).min(axis=1))]
    soft = np.clip(6 - np.sqrt(((ball - centre[:, None, None, None]) ** 2).sum(axis=0)), 0, 1).astype(np.float32)
    piece = sharpened * soft
    planted = sharpened + np.roll(piece, tuple(away - centre), (0, 1, 2))
    found = _audit(demo, planted)
    assert found.unsupported_count >= 1 and "do not have" in found.summary
    place = np.array(found.unsupported_peaks.rows[0][1:4]) - demo.half1.origin
    assert np.linalg.norm(place / demo.half1.voxel_size - away[::-1]) < 6
    assert found.support_map.data[tuple(away)] < 0.4 < 0.9 < found.support_map.data[demo.mask.data > 0.99].mean()
    gone = _audit(demo, sharpened * (1 - soft))
    assert gone.lost_count + gone.possibly_lost_count >= 1
    place = np.array(gone.lost_peaks.rows[0][1:4]) - demo.half1.origin
    assert np.linalg.norm(place / demo.half1.voxel_size - centre[::-1]) < 6
    assert gone.lost_peaks.rows[0][0] > 2 * _audit(demo, sharpened).lost_map.data.max()


def test_the_place_is_found_and_undone(demo, sharpened):
    geo = fourier.geometry(sharpened.shape, demo.half1.voxel_size)
    shift = (0.5, -0.25, 2.0)
    ft = audit_shells._moved(fourier.forward(sharpened), sharpened.shape, tuple(-t for t in shift))
    found = _audit(demo, fourier.inverse(ft, geo.shape))
    assert [float(t) for t in found.map_shift_vector.split(",")] == pytest.approx(shift, abs=0.05)
    assert found.supported_share > 0.99
    for data, words in ((sharpened[:, :, ::-1], "mirror"), (-sharpened, "contrast inverted")):
        found = _audit(demo, data)
        assert found.supported_share is None and words in found.summary and words in found.map_operation


def test_what_cannot_be_measured_is_refused(demo, sharpened):
    map_ = demo.half1.with_data(sharpened)
    with pytest.raises(MissingInputError, match="Half-map 1"):
        compute_audit(Study(full_map=map_), AuditParams())
    copies = compute_audit(Study(full_map=map_, half1=demo.half1, half2=demo.half1, mask=demo.mask), AuditParams())
    masked = compute_audit(Study(full_map=map_, mask=demo.mask, **{
        h: demo.half1.with_data(getattr(demo, h).data * (demo.mask.data > 0.5)) for h in ("half1", "half2")}), AuditParams())
    rng = np.random.default_rng(5)
    noise = compute_audit(Study(full_map=map_, mask=demo.mask, **{
        h: demo.half1.with_data(rng.standard_normal(sharpened.shape).astype(np.float32)) for h in ("half1", "half2")}), AuditParams())
    scaled = compute_audit(Study(full_map=map_, mask=demo.mask, half1=demo.half1, half2=demo.half2.with_data(5 * demo.half2.data)),
                           AuditParams())
    for found in (copies, masked, noise, scaled):
        assert found.supported_share is None and "cannot be measured" in found.summary, found.summary


def test_residues_of_a_model_and_traces_of_it(demo, sharpened):
    found = _audit(demo, sharpened, model=demo.model)
    assert found.residues_unsupported == 0 and len(found.residues.rows) > 5
    support = [row[3] for row in found.residues.rows if row[3] is not None]
    assert np.median(support) == pytest.approx(1.0, abs=0.2)
    assert found.scored_model is not None and "presence" in found.attributes


def test_processed_half_maps_measure_noise_and_invention(demo):
    """Each half-map with half of its noise kept and a texture that both get; the share of each is known from the truth."""
    rng = np.random.default_rng(8)
    voxel, mask = demo.half1.voxel_size, demo.mask.data
    geo = fourier.geometry(mask.shape, voxel)
    halves = [fourier.forward(h.data) for h in (demo.half1, demo.half2)]
    power, _, count = shells.power_sums(halves[0], geo)
    texture = filters.apply_radial(fourier.forward(rng.standard_normal(mask.shape)), geo, 1.5 * np.sqrt(power / count / mask.size))
    made = [demo.half1.with_data(fourier.inverse(h + texture, geo.shape)) for h in halves]
    mean = (made[0].data + made[1].data) / 2
    found = _audit(demo, mean, enhanced1=made[0], enhanced2=made[1])
    ft = fourier.forward(mean)
    profile = audit_shells.whitening(ft, geo)
    sums = shells.cross_sums(audit_shells.masked(texture, geo, profile, mask), audit_shells.masked(ft, geo, profile, mask), geo)
    use = np.rint(found.signal_fsc.x * geo.length).astype(int)
    wanted = (sums.power1[use] / profile[use] ** 2).sum() / (sums.power2[use] / profile[use] ** 2).sum()
    noise = shells.power_sums(audit_shells.masked((halves[0] - halves[1]) / 2, geo, profile, mask), geo)[0]
    kept = (noise[use] / profile[use] ** 2).sum() / (sums.power2[use] / profile[use] ** 2).sum()
    assert found.measured_noise == pytest.approx(kept, rel=0.15)
    assert wanted > 0.1 and found.invented_share == pytest.approx(wanted, rel=0.15) and "in both but not in the data" in found.summary
    curves = [audit_shells.masked(f, geo, audit_shells.whitening(f, geo), mask) for f in (ft, processed.density(demo.model, demo.half1))]
    truth = shells.fsc(shells.cross_sums(*curves, geo))[use]
    well = truth > 0.5
    assert found.signal_fsc.y[well] == pytest.approx(truth[well], abs=0.06)
    plain = _audit(demo, (demo.half1.data + demo.half2.data) / 2, enhanced1=demo.half2, enhanced2=demo.half1)
    assert plain.invented_share < 0.03 and "exchanged" in " ".join(plain.warnings)
    with pytest.raises(MissingInputError, match="Only one"):
        _audit(demo, mean, enhanced1=made[0])


def test_the_noise_that_a_map_carries_by_its_formula():
    nu, x = np.array([0.1, 0.5, 2.0, 9.0]), np.array([0.2, 0.5, 0.8, 1.0])
    cc = 1 / (1 + nu)
    cp2 = (1 + x * nu) ** 2 / ((1 + x ** 2 * nu) * (1 + nu))
    assert audit_shells.carried_noise(cc, np.sqrt(cp2)) == pytest.approx(x ** 2 * nu / (1 + x ** 2 * nu), rel=1e-6)
    assert audit_shells.carried_noise(cc, np.sqrt(cc)) == pytest.approx(0, abs=1e-9)


def test_bounds_of_a_steep_fall_are_those_of_each_shell():
    """A correlation that falls by half in three shells: a mean of five shells lies above it in the lower part of the fall."""
    at = np.arange(60.0)
    power = at[None] ** 2 * np.stack([1 / (1 + np.exp((at - 30) / 2.2)), np.ones(60)])
    steep = audit_shells._by_parabolas(power)
    mean = shells.running_mean(power.T, 2).T
    true = power[0] / np.maximum(power[1], 1)
    off, before = (np.abs(p[0] / np.maximum(p[1], 1e-9) - true)[10:50].max() for p in (steep, mean))
    assert off < 0.012 < 0.025 < before


@pytest.mark.heavy
@pytest.mark.realdata
def test_bounds_at_low_resolution(sim_case):
    case = processed.read_case(sim_case("u45_108"))
    plain = compute_postprocess(Study(half1=case.half1, half2=case.half2, mask=case.mask), PostprocessParams()).sharpened.data
    geo = fourier.geometry(plain.shape, case.half1.voxel_size)
    for data in (plain, plain * case.mask.data):
        found = _audit(case, data).true_fsc
        both = [fourier.forward(m) for m in (data, case.truth.data)]
        curves = [audit_shells.masked(ft, geo, audit_shells.whitening(ft, geo), case.mask.data) for ft in both]
        truth = shells.fsc(shells.cross_sums(*curves, geo))[np.rint(found.x * geo.length).astype(int)]
        assert np.all(truth > found.lower - 0.03) and np.all(truth < found.upper + 0.03)


# ---------------------------------------------------------------- cases whose truth is known, on seeds that set no constant
def _roc(bad, good):
    bad, good = (np.nan_to_num(np.asarray(v, float), nan=0.0) for v in (bad, good))
    return float((bad[:, None] < good[None]).mean() + 0.5 * (bad[:, None] == good[None]).mean())


@pytest.mark.heavy
@pytest.mark.realdata
@pytest.mark.parametrize("name", ["u26_108", "u34_108", "u45_108", "t160", "l160", "rna128"])
def test_planted_parts_of_known_cases(sim_case, name):
    case = processed.read_case(sim_case(name))
    faults = processed.faults(case.model, 5, case.half1.shape[0] * case.half1.voxel_size[0])
    kind = np.array(faults.kind)
    for make in (processed.network, processed.filtered):
        found = _audit(case, make(case, faults), model=faults.model)
        rows = [dict(zip([getattr(c, "name", c) for c in found.residues.columns], r)) for r in found.residues.rows]
        assert len(rows) == kind.size
        support, around = (np.array([np.nan if r[n] is None else r[n] for r in rows], float) for n in ("support", "around"))
        assert _roc(support[kind != "kept"], support[kind == "kept"]) >= 0.99
        if "side" in kind:
            assert _roc(support[kind == "side"], support[kind == "kept"]) >= 0.98
        for part, least in (("helix", 0.99), ("surface", 0.99), ("side", 0.88 if name == "u45_108" else 0.97)):
            if part in kind:
                assert _roc(around[kind == part], around[kind == "kept"]) >= least, (part, make.__name__)
        first = np.array(found.lost_peaks.rows[0][1:4])
        assert np.linalg.norm(faults.removed[0] - first, axis=1).min() < 4
        assert found.unsupported_count >= 3 and found.residues_unsupported >= 0.8 * np.count_nonzero(kind != "kept")


@pytest.mark.heavy
@pytest.mark.realdata
@pytest.mark.parametrize("name", ["u34_108", "t160", "l160"])
def test_honest_and_dishonest_maps_of_known_cases(sim_case, name):
    case = processed.read_case(sim_case(name))
    halves = Study(half1=case.half1, half2=case.half2, mask=case.mask)
    plain = compute_postprocess(halves, PostprocessParams()).sharpened.data
    honest = _audit(case, plain)
    assert honest.supported_share >= 0.99 and honest.unsupported_power < 0.005 and honest.unsupported_count == 0 == honest.lost_count
    lower, upper = honest.true_fsc.lower, honest.true_fsc.upper
    geo = fourier.geometry(plain.shape, case.half1.voxel_size)
    curves = [audit_shells.masked(fourier.forward(m), geo, audit_shells._white(fourier.forward(m), geo)[0], case.mask.data)
              for m in (plain, case.truth.data)]
    truth = shells.fsc(shells.cross_sums(*curves, geo))[np.rint(honest.true_fsc.x * geo.length).astype(int)]
    # beyond the cut-off of the processed map the coefficients that are left are rounding
    known = honest.true_fsc.x < 1 / honest.data_to - 3 / geo.length
    assert np.all(truth[known] > lower[known] - 0.03) and np.all(truth[known] < upper[known] + 0.03)
    scaled = _audit(case, compute_locscale(halves, LocscaleParams()).sharpened.data)
    assert scaled.supported_share >= 0.98 and scaled.unsupported_power < 0.01
    texture = np.roll(np.flip(case.truth.data, 0), (9, -7), (1, 2))
    texture = processed.low_pass(fourier.forward(texture), case.half1, 0.92 * case.d143) * case.mask.data
    inside = case.mask.data > 0.5
    mixed = _audit(case, plain + 0.3 * plain[inside].std() * texture / texture[inside].std())
    assert 0.03 < mixed.unsupported_power < 0.09 and "not a linear filter" in mixed.summary
    for data in (plain * np.abs(plain), compute_locspiral(halves, LocspiralParams()).sharpened.data):
        assert "not a linear filter" in _audit(case, data).summary
    steep = filters.apply_radial(fourier.forward(case.mean), geo, filters.bfactor_profile(geo, -200.0))
    assert _audit(case, fourier.inverse(steep, geo.shape)).noise_share >= 0.3
