"""Two maps against each other: what was changed is found where it was changed, and a filter is no difference."""
from __future__ import annotations

import numpy as np
import pytest

from cryoqa_plugin import runner
from cryoqa_plugin.checks import causes_first, evaluate
from cryoqa_plugin.core import filters, fourier, masks
from cryoqa_plugin.io.maps import Map
from cryoqa_plugin.limits import CHECKS, EXPLAINED
from cryoqa_plugin.methods.sharpening.compare_maps import CompareMapsParams, compute_compare_maps
from cryoqa_plugin.methods.sharpening.compare_pair import local_correlation
from cryoqa_plugin.registry import find
from cryoqa_plugin.results import to_document
from cryoqa_plugin.study import Study

ORIGIN = (5.0, -3.0, 8.0)


def texture(seed=1, n=48):
    """A map with detail to about 4 Å in a ball, 1.5 Å voxels, and its mask."""
    rng = np.random.default_rng(seed)
    z, y, x = np.mgrid[:n, :n, :n] - n // 2
    ball = np.clip((18 - np.sqrt(x * x + y * y + z * z)) / 4, 0, 1).astype(np.float32)
    data = masks.lowpass(rng.standard_normal((n,) * 3).astype(np.float32), (1.5,) * 3, 4.0) * ball
    return Map(data / data.std(), (1.5,) * 3, ORIGIN), Map(ball, (1.5,) * 3, ORIGIN)


def compared(first, second, mask, **values):
    params = CompareMapsParams(**dict(dict(resolution=4.5), **values))
    return compute_compare_maps(Study(full_map=first, others=(second,), mask=mask), params)


def verdict_on(result):
    """Outcomes of the checks, causes first, without what a cause explains."""
    return causes_first(evaluate(CHECKS["compare_maps"], to_document(result)["metrics"]), EXPLAINED)


def sharpened(map_, bfactor):
    geo = fourier.geometry(map_.shape, map_.voxel_size)
    return map_.with_data(fourier.inverse(filters.apply_radial(fourier.forward(map_.data), geo, filters.bfactor_profile(geo, bfactor)),
                                          map_.shape))


def test_a_filter_and_a_scale_are_no_difference():
    map_, mask = texture()
    found = compared(map_, sharpened(map_, -60.0).with_data(3 * sharpened(map_, -60.0).data), mask)
    assert found.difference_share < 0.01 and found.pair_correlation > 0.99 and found.local_correlation_p5 > 0.97
    assert found.pair_agree_to is None and found.pair == "full_map and others_1"


def test_what_one_map_has_more_stands_in_the_difference_at_its_place():
    map_, mask = texture()
    z, y, x = np.mgrid[:48, :48, :48]
    blob = 6 * np.exp(-((x - 30) ** 2 + (y - 22) ** 2 + (z - 20) ** 2) / 5).astype(np.float32)
    richer = map_.with_data(map_.data + blob)
    for first, second, sign in ((richer, map_, 1), (map_, richer, -1)):
        found = compared(first, second, mask)
        height, *place, local = found.differences.rows[0]
        assert sign * height > 6 and local < found.local_correlation_median
        np.testing.assert_allclose(place, np.array(ORIGIN) + 1.5 * np.array([30, 22, 20]), atol=1.0)
        inner = found.difference_map.data[20, 22, 30]
        assert sign * inner > 0 and found.difference_map.origin == ORIGIN
    assert compared(richer, sharpened(map_, -40.0), mask).differences.rows[0][0] > 5


def test_the_local_correlation_says_where_two_maps_agree():
    map_, mask = texture()
    other, _ = texture(seed=9)
    half = (np.mgrid[:48, :48, :48][2] < 24)
    found = compared(map_, map_.with_data(np.where(half, map_.data, other.data)), mask, window=4.5)
    inside, local = mask.data >= 0.5, found.local_correlation_map.data
    columns = np.broadcast_to(np.arange(48), (48,) * 3)
    assert np.median(local[inside & (columns < 17)]) > 0.95 and abs(np.median(local[inside & (columns > 31)])) < 0.2
    assert np.all(local[~inside] == 0) and np.abs(local).max() <= 1
    wide = compared(map_, map_.with_data(np.where(half, map_.data, other.data)), mask, window=15.0)
    assert wide.local_correlation_map.data[inside].std() < local[inside].std()


def test_the_local_correlation_is_that_of_sums_in_a_window():
    rng = np.random.default_rng(3)
    a, b = (rng.standard_normal((21, 21, 21)).astype(np.float32) for _ in range(2))
    grid, sigma = Map(a, (1.0, 1.0, 1.0)), 2.0
    at = np.arange(21) - 10
    line = np.exp(-at ** 2 / (2 * sigma ** 2))
    weight = line[:, None, None] * line[None, :, None] * line[None, None, :]
    weight /= weight.sum()
    mean_a, mean_b = (weight * a).sum(), (weight * b).sum()
    wanted = (weight * (a - mean_a) * (b - mean_b)).sum() / np.sqrt((weight * (a - mean_a) ** 2).sum() * (weight * (b - mean_b) ** 2).sum())
    assert local_correlation(a, b, grid, sigma)[10, 10, 10] == pytest.approx(wanted, abs=0.01)


def test_radial_profiles_are_those_of_the_maps():
    map_, mask = texture()
    found = compared(map_, map_.with_data(2 * map_.data), mask)
    assert np.allclose(found.radial_first.y, found.radial_second.y, atol=1e-3 * np.abs(found.radial_first.y).max())
    assert np.all(found.radial_correlation.y[:10] > 0.99) and found.radial_first.x[1] == 1.5


@pytest.mark.parametrize("change, cause", [(lambda d: d, None), (lambda d: -d, "pair_operation"),
                                           (lambda d: d[:, :, ::-1], "pair_operation"),
                                           (lambda d: np.random.default_rng(2).standard_normal(d.shape), "pair_correlation")])
def test_maps_that_do_not_match_are_warned_about(change, cause):
    map_, mask = texture()
    study = Study(full_map=map_, others=(map_.with_data(np.ascontiguousarray(change(map_.data))),), mask=mask)
    checks = runner.answer(find("compare_maps"), study, dict(resolution=4.5))[1]["checks"]
    assert [c["metric"] for c in checks if c["metric"].startswith("pair") and c["status"] == "warn"] == [cause] * (cause is not None)


def test_it_can_be_left_out():
    map_, mask = texture()
    found = compared(map_, sharpened(map_, 30.0), mask, pair=False)
    assert found.difference_map is None and found.pair_correlation is None and found.scoreboard is not None


def test_a_map_that_was_moved_or_turned_is_named():
    map_, mask = texture()
    moved = map_.with_data(np.roll(map_.data, (0, -1, 2), axis=(0, 1, 2)))
    found = compared(map_, moved, mask)
    assert found.pair_shift == pytest.approx(np.sqrt(5), abs=0.02) and found.pair_shift_vector == "2.00, -1.00, 0.00"
    verdicts = {c["metric"]: c for c in verdict_on(found)}
    assert verdicts["pair_shift"]["status"] == "warn" and "2.24 voxels" in verdicts["pair_shift"]["sentence"]
    assert verdicts["pair_correlation"].get("status") != "warn"
    turned = compared(map_, map_.with_data(map_.data[:, :, ::-1]), mask)
    assert turned.pair_operation == "x reversed (mirror image)"
    assert [c["metric"] for c in verdict_on(turned) if c["status"] == "warn"] == ["pair_operation"]
    same = compared(map_, sharpened(map_, -60.0), mask)
    assert same.pair_operation == "none" and same.pair_shift < 0.01 and not same.warnings


def test_a_third_map_that_was_moved_is_named_too():
    map_, mask = texture()
    moved = Map(np.roll(map_.data, 1, axis=2), map_.voxel_size, map_.origin, "moved.mrc")
    study = Study(full_map=map_, others=(sharpened(map_, -40.0), moved), mask=mask)
    found = compute_compare_maps(study, CompareMapsParams(resolution=4.5))
    assert [w for w in found.warnings if w.startswith("moved.mrc is shifted by 1.00, 0.00, 0.00 voxels")] and found.pair_shift < 0.01
    column = [str(c) for c in found.scoreboard.columns].index("shift (voxels)")
    assert sorted(row[column] for row in found.scoreboard.rows if row[column] is not None)[1] == pytest.approx(1, abs=0.01)
