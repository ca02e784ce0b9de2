"""Scales of colour: their ends, their ticks, their histograms."""
from __future__ import annotations

import numpy as np
import pytest

from cryoqa_plugin.report import local
from cryoqa_plugin.report.scale import OCCUPANCY, RAMP, Scale, amplitude_scale, ramp, resolution_scale
from cryoqa_plugin.report.section import Results


def test_a_scale_of_resolutions_is_widened_and_never_narrowed():
    values = 3 + 0.05 * np.random.default_rng(1).standard_normal(2000)
    even = resolution_scale(3.0, values)
    assert (even.low, even.high, even.log) == (pytest.approx(2.4), pytest.approx(4.8), True)
    part = even.fraction(np.quantile(values, (0.02, 0.98)))
    assert part[1] - part[0] < 0.25, "an even map stays within a quarter of the colours"
    values[:200], values[200:210], values[-1] = 9.0, 1.0, np.nan
    wide = resolution_scale(3.0, values)
    assert wide.low == pytest.approx(2.4) and wide.high == pytest.approx(9.0), "ten of two thousand do not widen it"
    assert resolution_scale(None, np.full(9, 5.0)).low == pytest.approx(4.0)


@pytest.mark.parametrize("capability", ["local_fsc", "blocres", "resmap", "map_resolution", "relion_locres", "phenix_locres", "monores"])
def test_the_scale_of_a_run_of_one_local_method_lies_about_its_median(capability):
    values = {n: dict(value=v) for n, v in (("p5", 6.5), ("median", 7.0), ("p95", 8.0))}
    scale = local.page_scale(Results({capability: dict(metrics=values)}, {}, {}))
    assert (scale.low, scale.high) == (pytest.approx(5.6), pytest.approx(11.2))


def test_the_scale_of_a_run_takes_the_best_resolution_there_is():
    documents = {"blocres": dict(metrics={n: dict(value=7.0) for n in ("p5", "median", "p95")}),
                 "locbfactor": dict(metrics=dict(resolution=dict(value=5.0)))}
    assert local.overall(Results(documents, {}, {})) == 7.0
    assert local.overall(Results({"locbfactor": documents["locbfactor"]}, {}, {})) == 5.0 and local.overall(Results({}, {}, {})) == 3.0
    documents["directional_fsc"] = dict(metrics=dict(resolution_global=dict(value=6.0)))
    assert local.overall(Results(documents, {}, {})) == 6.0
    documents["fsc"] = dict(metrics=dict(resolution=dict(value=4.0)))
    assert local.overall(Results(documents, {}, {})) == 4.0


def test_places_are_even_in_the_logarithm():
    scale = Scale(2.0, 8.0, True)
    np.testing.assert_allclose(scale.fraction([1.0, 2.0, 4.0, 8.0, 90.0]), [0, 0, 0.5, 1, 1])
    assert np.isnan(scale.fraction([np.nan])).all() and scale.fraction([0.0])[0] == 0
    np.testing.assert_allclose(OCCUPANCY.fraction([0, 1.0, 2.0]), [0, 0.8, 1])


def test_a_scale_of_b_spans_a_factor_of_four_in_amplitude():
    scale = amplitude_scale(np.array([100.0, 150.0, 180.0, np.nan]), 3.0)
    assert scale.low + scale.high == pytest.approx(300)
    assert np.exp((scale.high - 150) / (4 * 9)) == pytest.approx(4)


@pytest.mark.parametrize("scale, texts", [
    (Scale(2.13, 4.26, True), ["2.5", "3", "3.5", "4"]), (Scale(2.0, 40.0, True), ["2", "5", "10", "20"]),
    (OCCUPANCY, ["0", "0.25", "0.5", "0.75", "1", "1.25"]), (Scale(-30.0, 50.0), ["−20", "0", "20", "40"])])
def test_ticks_are_round(scale, texts):
    assert [text for _, text in scale.ticks()] == texts
    assert all(scale.low <= value <= scale.high for value, _ in scale.ticks())


def test_the_ramp_goes_through_its_colours():
    np.testing.assert_allclose(ramp(np.linspace(0, 1, len(RAMP))), RAMP)
    np.testing.assert_allclose(ramp(np.array([-1.0, 2.0])), [RAMP[0], RAMP[-1]])


def test_counts_are_even_on_the_scale_and_lose_nothing():
    scale = Scale(2.0, 8.0, True)
    values = 2 * 4 ** np.random.default_rng(2).uniform(-0.1, 1.1, 60000)
    counts = np.array(scale.counts(values, 12))
    assert counts.sum() == 60000
    np.testing.assert_allclose(counts[1:-1], 60000 / 1.2 / 12, rtol=0.06)
    assert counts[0] == pytest.approx(60000 / 1.2 * (0.1 + 1 / 12), rel=0.05)


def test_a_histogram_is_counted_again_on_another_scale():
    scale = Scale(2.0, 8.0, True)
    values = np.random.default_rng(3).normal(4.0, 0.8, 200000)
    numbers, edges = np.histogram(values, bins=400, range=(0, 8))
    again = np.array(scale.recount((edges[1:] + edges[:-1]) / 2, numbers, 30))
    direct = np.array(scale.counts(values, 30))
    assert again.sum() == pytest.approx(numbers.sum())
    np.testing.assert_allclose(again, direct, atol=0.004 * values.size)
    assert scale.recount([1.0], [5.0]) == ()
