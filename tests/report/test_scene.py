"""The geometry of plots."""
from __future__ import annotations

import json
import re
from html import unescape

import pytest

from cryoqa_plugin.report.blocks import Plot, Series, show
from cryoqa_plugin.report.scene import layout, ticks
from cryoqa_plugin.report.svg import plot_svg


def plot(**more):
    series = more.pop("series", (Series("a", "first", [0.0, 0.25, 0.5], [1.0, 0.5, 0.0], [0.9, 0.4, -0.1], [1.1, 0.6, 0.1]),))
    return Plot("Title", series, "Frequency (1/Å)", "FSC", **more)


@pytest.mark.parametrize("low, high", [(0, 1), (-0.1, 1.02), (0, 431), (1e-7, 3e-6), (-12.3, -4.5), (0.01, 0.5)])
def test_ticks_are_few_round_and_inside(low, high):
    found = ticks(low, high)
    assert 3 <= len(found) <= 8 and low - 1e-12 <= found[0] and found[-1] <= high * (1 + 1e-9) + 1e-12
    assert all(float(f"{v:.3g}") == pytest.approx(v) for v in found)
    assert ticks(2.0, 2.0) == [2.0]


def test_curves_lie_where_their_values_are():
    scene = layout(plot(y_range=(0.0, 1.0)))
    left, top, width, height = scene.frame
    curve = next(line for line in scene.lines if line.width == 1.8)
    assert curve.points[0] == pytest.approx((left, top)) and curve.points[-1] == pytest.approx((left + width, top + height))
    assert curve.points[1] == pytest.approx((left + width / 2, top + height / 2))
    assert all(0 <= x <= scene.width and 0 <= y <= scene.height for line in scene.lines for x, y in line.points)


def test_missing_values_break_the_curve():
    scene = layout(plot(series=(Series("a", "a", [0, 1, 2, 3, 4, 5], [1, 2, None, 4, 5, None]),)))
    assert sum(line.width == 1.8 for line in scene.lines) == 2


def test_resolution_axes_are_written_in_angstrom_and_counts_in_powers_of_ten():
    texts = [label.text for label in layout(plot(as_resolution=True)).labels]
    assert "∞" in texts and "2" in texts and "5" in texts and any("Å" in t for t in texts)
    counts = Plot("t", (Series("h", "h", [0, 1, 2], [0, 1000, 100000]),), "Density", "Voxels", filled=True, log_y=True)
    texts = [label.text for label in layout(counts).labels]
    assert "1" in texts and "100000" in texts


def test_curves_differ_without_colour():
    many = tuple(Series(str(i), str(i), [0, 1], [i, i + 1]) for i in range(4))
    lines = [line for line in layout(plot(series=many)).lines if line.width == 1.8]
    assert len({line.dash for line in lines}) == 4


def test_svg_carries_the_values_for_the_pointer():
    svg = plot_svg(plot(series=(Series("a", 'evil "><script>', [0.1, 0.2], [1.23456789, None]),)))
    assert "<script>" not in svg
    data = json.loads(unescape(re.search(r'data-plot="([^"]*)"', svg).group(1)))
    assert data["series"][0]["y"] == [1.235, None] and data["series"][0]["label"] == 'evil "><script>'


def test_empty_curves_do_not_fail():
    assert layout(plot(series=(Series("a", "a", [None], [None]),))).height > 100


@pytest.mark.parametrize("value, text", [(None, "–"), (True, "yes"), (2.3456, "2.346"), (176410.25, "176410"), (3.0, "3"),
                                         (1.2e-5, "1.2e-05"), (float("1e30"), "1e+30"), (5, "5"), ([1, 2.5], "1, 2.5"), ("x", "x")])
def test_values_are_rounded_for_reading(value, text):
    assert show(value) == text
