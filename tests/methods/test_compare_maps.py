"""The scoreboard puts maps in the order of their agreement with the truth."""
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cryoqa_plugin.core import filters, fourier, replay, shells
from cryoqa_plugin.demo import make_demo_data
from cryoqa_plugin.errors import InputError, MissingInputError
from cryoqa_plugin.io.maps import read_map
from cryoqa_plugin.methods.sharpening import compare_maps
from cryoqa_plugin.methods.sharpening.compare_maps import CompareMapsParams, compute_compare_maps
from cryoqa_plugin.study import Study


@pytest.fixture(scope="module")
def demo():
    return make_demo_data(box=64)


def _filtered(map_, profile):
    geo = fourier.geometry(map_.shape, map_.voxel_size)
    return map_.with_data(fourier.inverse(filters.apply_radial(fourier.forward(map_.data), geo, profile(geo)), geo.shape))


def _candidates(demo):
    rng = np.random.default_rng(3)
    full = demo.full_map
    noisy = full.with_data(full.data + 0.5 * full.data.std() * rng.standard_normal(full.shape).astype(np.float32))
    out = dict(masked=full.with_data(full.data * demo.mask.data), noisy=noisy,
               sharp=_filtered(full, lambda g: filters.bfactor_profile(g, -80.0)),
               blurred=full.with_data(fourier.inverse(fourier.forward(full.data) * _along_z(full), full.shape)))
    return {n: replace(m, path=f"/maps/{n}.mrc") for n, m in out.items()}


def _along_z(map_):
    k = np.fft.fftfreq(map_.shape[0], map_.voxel)[:, None, None]
    return np.exp(-80 * k ** 2).astype(np.float32)


def _study(demo, maps, **more):
    return Study(half1=demo.half1, half2=demo.half2, mask=demo.mask, full_map=replace(demo.full_map, path="/maps/mean.mrc"),
                 others=tuple(maps.values()), **more)


def _order(result):
    return [row[0] for row in result.scoreboard.rows]


@pytest.mark.heavy
def test_half_maps_order_the_maps_as_the_truth_does(demo):
    maps = _candidates(demo)
    study = _study(demo, maps)
    result = compute_compare_maps(study, CompareMapsParams())
    order = _order(result)
    assert result.judged_by == "half-maps" and result.best == {"masked.mrc": "others_1", "sharp.mrc": "others_3"}[order[0]]
    assert order.index("masked.mrc") < order.index("mean.mrc") < order.index("blurred.mrc") < order.index("noisy.mrc")
    score = dict(zip(order, (row[1] for row in result.scoreboard.rows)))
    assert score["sharp.mrc"] == pytest.approx(score["mean.mrc"], abs=0.01), "overall sharpening is taken out"
    assert result.margin == pytest.approx(result.scoreboard.rows[0][1] - result.scoreboard.rows[1][1], abs=2e-4)


def test_the_model_is_used_when_there_are_no_half_maps(demo):
    maps = _candidates(demo)
    result = compute_compare_maps(Study(others=tuple(maps.values()), mask=demo.mask, model=demo.model), CompareMapsParams(resolution=4.5))
    assert result.judged_by == "model" and _order(result)[-1] == "noisy.mrc"
    column = result.scoreboard.columns.index("CC to model")
    assert all(row[column] > 0.5 for row in result.scoreboard.rows[:2])


def test_without_either_the_surface_is_named_as_what_it_is(demo):
    maps = _candidates(demo)
    result = compute_compare_maps(Study(others=(maps["masked"], maps["sharp"]), mask=demo.mask), CompareMapsParams(resolution=4.5))
    assert result.judged_by == "surface" and "not whether it is right" in result.summary
    less = compute_compare_maps(Study(others=(maps["masked"], maps["sharp"]), mask=demo.mask),
                                CompareMapsParams(resolution=4.5, region_weight=0, volume=0.5))
    assert less.best_score != pytest.approx(result.best_score)


@pytest.mark.heavy
def test_matched_maps_have_the_common_spectrum_in_the_mask(demo):
    study = _study(demo, _candidates(demo))
    result = compute_compare_maps(study, CompareMapsParams())
    geo = fourier.geometry(demo.mask.shape, demo.mask.voxel_size)
    curves = []
    for i in range(1, 6):
        power, _, count = shells.power_sums(fourier.forward(getattr(result, f"matched_{i}").data * demo.mask.data), geo)
        curves.append(np.sqrt(power / np.maximum(count, 1))[1:])
    used = result.common_spectrum.y > 0.3
    for curve in curves[1:]:
        np.testing.assert_allclose(curve[used][3:], curves[0][used][3:], rtol=0.15)


def test_a_filter_that_varies_is_found_again_and_put_on_another_map(demo):
    geo = fourier.geometry(demo.mask.shape, demo.mask.voxel_size)
    x = np.arange(64) / 64
    weight = (0.5 - 0.5 * np.cos(2 * np.pi * x)).astype(np.float32)

    def local(map_):
        low = _filtered(map_, lambda g: filters.cosine_lowpass_profile(g, 16.0)).data
        return weight * map_.data + (1 - weight) * low

    transforms = [fourier.forward(a) for a in (local(demo.full_map), demo.full_map.data, demo.half1.data)]
    got, = replay.replay(transforms[0], transforms[1], transforms[2:], geo, 11.0, 2.0, geo.n_shells - 1)
    wanted, plain = local(demo.half1), demo.half1.data
    near, far = (np.corrcoef(wanted.ravel(), a.ravel())[0, 1] for a in (got, plain))
    assert near > 0.995 and 1 - near < 0.4 * (1 - far)


@pytest.mark.parametrize("shape", [(24, 26, 30), (23, 27, 25)], ids=str)
def test_a_filter_that_does_nothing_gives_the_map_back(shape):
    geo = fourier.geometry(shape, (1.3, 1.2, 1.1))
    ft = fourier.forward(np.random.default_rng(0).standard_normal(shape).astype(np.float32))
    ft = filters.apply_radial(ft, geo, np.ones(geo.n_shells - 4))
    back, = replay.replay(ft, ft, [ft], geo, 5.0, 2.0, geo.n_shells - 1)
    np.testing.assert_allclose(back, fourier.inverse(ft, shape), atol=1e-4 * float(np.abs(back).max()))


def test_what_is_wrong_is_said(demo):
    full = replace(demo.full_map, path="/maps/a.mrc")
    with pytest.raises(MissingInputError, match="no map to compare with"):
        compute_compare_maps(Study(full_map=full), CompareMapsParams())
    with pytest.raises(MissingInputError, match="one map only"):
        compute_compare_maps(Study(others=(full,)), CompareMapsParams())
    with pytest.raises(InputError, match="at most 8"):
        compute_compare_maps(Study(full_map=full, others=(full,) * 8), CompareMapsParams())


def test_files_of_one_name_are_told_apart(demo):
    paths = ("/a/one/map.mrc", "/a/two/map.mrc")
    assert compare_maps.map_labels([replace(demo.full_map, path=p) for p in paths]) == ["one/map.mrc", "two/map.mrc"]


@pytest.mark.heavy
def test_a_wider_window_finds_a_smoother_filter(demo):
    maps = {"masked": _candidates(demo)["masked"]}
    narrow, wide = (compute_compare_maps(_study(demo, maps), CompareMapsParams(window=w)) for w in (6.0, 60.0))
    column = narrow.scoreboard.columns.index("filter explained")
    explained = [dict(zip(_order(r), (row[column] for row in r.scoreboard.rows)))["masked.mrc"] for r in (narrow, wide)]
    assert explained[0] > explained[1]


@pytest.mark.heavy
@pytest.mark.realdata
@pytest.mark.parametrize("case", ["p96", "fine128"])
def test_the_order_is_that_of_the_truth(sim_case, case):
    folder = sim_case(case)
    maps = {k: read_map(str(folder / f"{case}_{k}.mrc")) for k in ("full", "half1", "half2", "mask", "truth", "locres")}
    from cryoqa_plugin.methods.sharpening.local_filter import LocalFilterParams, compute_local_filter
    local = compute_local_filter(Study(full_map=maps["full"], resolution_map=maps["locres"]), LocalFilterParams()).filtered
    blurred = maps["full"].with_data(fourier.inverse(fourier.forward(maps["full"].data) * _along_z(maps["full"]), local.shape))
    study = Study(half1=maps["half1"], half2=maps["half2"], mask=maps["mask"], full_map=replace(maps["full"], path="raw"),
                  others=(replace(local, path="local"), replace(blurred, path="blurred")))
    result = compute_compare_maps(study, CompareMapsParams())
    _, compared = compare_maps.compared_maps(study, CompareMapsParams())
    truth = compare_maps.matched(fourier.forward(maps["truth"].data), compared)
    true = [compare_maps.masked_correlation(getattr(result, f"matched_{i}").data, truth, study.mask.data) for i in (1, 2, 3)]
    assert _order(result) == ["local", "raw", "blurred"] and true == sorted(true, reverse=True)
    assert [row[1] for row in result.scoreboard.rows] == pytest.approx(true, abs=0.04)
