"""The geometry of plots."""
from __future__ import annotations

import json
import re
import shutil
import subprocess
from html import unescape

import pytest

from cryoqa_plugin.report.assemble import write_report
from cryoqa_plugin.report.blocks import Bar, Card, Plot, Series, Track, Tracks, show
from cryoqa_plugin.report.scale import round_values as ticks
from cryoqa_plugin.report.scene import NARROW, WIDE, layout, tick_text
from cryoqa_plugin.report.section import Section
from cryoqa_plugin.report.svg import bar_svg, legend, plot_svg, tracks_svg

from report_documents import unlocked


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
    curve = next(line for line in scene.lines if line.css.startswith("l "))
    assert curve.points[0] == pytest.approx((left, top)) and curve.points[-1] == pytest.approx((left + width, top + height))
    assert curve.points[1] == pytest.approx((left + width / 2, top + height / 2))
    assert all(0 <= x <= scene.width and 0 <= y <= scene.height for line in scene.lines for x, y in line.points)


def test_missing_values_break_the_curve():
    scene = layout(plot(series=(Series("a", "a", [0, 1, 2, 3, 4, 5], [1, 2, None, 4, 5, None]),)))
    assert sum(line.css.startswith("l ") for line in scene.lines) == 2


def test_resolution_axes_are_written_in_angstrom_and_counts_in_powers_of_ten():
    texts = [label.text for label in layout(plot(as_resolution=True)).labels]
    assert {"2", "4", "5", "10", "resolution (Å)"} <= set(texts)
    squared = layout(plot(as_resolution=True, squared=True, series=(Series("a", "a", [0.01, 0.25], [1, 2]),)))
    five = next(label for label in squared.labels if label.text == "5")
    assert five.at[0] == pytest.approx(squared.frame[0] + squared.frame[2] * (0.04 - 0.01) / 0.24)
    counts = Plot("t", (Series("h", "h", [0, 1, 2], [0, 1000, 100000]),), "Density", "Voxels", filled=True, log_y=True)
    texts = [label.text for label in layout(counts).labels]
    assert "1" in texts and "10⁴" in texts


@pytest.mark.parametrize("value, text", [(-0.5, "−0.5"), (2.5e-5, "2.5×10⁻⁵"), (3e7, "3×10⁷"), (0, "0"), (1000.0, "1000")])
def test_ticks_are_written_as_in_print(value, text):
    assert tick_text(value) == text


def test_curves_differ_without_colour():
    many = tuple(Series(str(i), str(i), [0, 1], [i, i + 1]) for i in range(9))
    lines = [line for line in layout(plot(series=many), legend=False).lines if line.css.startswith("l ")]
    assert len({(line.dash, line.width, line.colour) for line in lines}) == 9
    assert len({(line.dash, line.width) for line in lines[:5]}) == 5
    guides = tuple(Series(str(i), str(i), [0, 1], [i, i + 1], thin=True) for i in range(3))
    assert len({line.dash for line in layout(plot(series=guides), legend=False).lines if line.css.startswith("l ")}) == 3


def test_plots_have_the_width_of_their_column():
    assert layout(plot(), legend=False).width == NARROW and layout(plot(wide=True), legend=False).width == WIDE
    assert layout(plot(height=456), legend=False).height == 456


def test_a_ring_lies_on_its_curve_and_its_label_is_free():
    curves = (Series("a", "first", [0.0, 0.5], [1.0, 0.0]), Series("b", "second", [0.0, 0.5], [0.5, 0.0], style="t s3"))
    scene = layout(plot(series=curves, rings=((0.25, 0.25, "4.00"), (0.25, 0.5, "4.01")), marks=((0.25, "4 Å"),), y_range=(0.0, 1.0)))
    left, top, width, height = scene.frame
    assert [r.css for r in scene.rings] == ["ring s3", "ring s1"], "in the colour of the curve it lies on"
    assert scene.rings[0].at == pytest.approx((left + width / 2, top + 0.75 * height))
    for text in ("4.00", "4.01"):
        a, b = next(label for label in scene.labels if label.text == text).ends
        assert b < left + width / 2 or a > left + width / 2, "beside the mark"


def test_marks_that_are_close_do_not_overlap():
    marks = ((0.25, "reported 4.00"), (0.26, "unmasked 3.85"), (0.27, "3.70 Å"))
    scene = layout(plot(marks=marks))
    labels = [label for label in scene.labels if label.text in {text for _, text in marks}]
    assert len(labels) == 3 and all(label.at[1] < scene.frame[1] for label in labels), "above the frame"
    for i, one in enumerate(labels):
        for other in labels[i + 1:]:
            assert one.at[1] != other.at[1] or one.ends[1] <= other.ends[0] or other.ends[1] <= one.ends[0]
    assert next(label for label in labels if label.css == "b").text == "3.70 Å"


def test_svg_carries_the_values_for_the_pointer():
    evil = 'evil "><script>'
    curves = (Series("a", evil, [0.1, 0.2], [1.2349999, None]),)
    svg = plot_svg(plot(series=curves))
    assert "<script>" not in svg and "<script>" not in legend(plot(series=curves))
    data = json.loads(unescape(re.search(r'data-plot="([^"]*)"', svg).group(1)))
    assert data["ys"] == [[1.235, None]] and data["names"] == [evil] and data["x"] == [0.1, 0.2] and data["inverse"] == 0
    mixed = plot(series=curves + (Series("b", "b", [0.1, 0.3], [1, 2]),), as_resolution=True)
    data = json.loads(unescape(re.search(r'data-plot="([^"]*)"', plot_svg(mixed)).group(1)))
    assert data["xs"] == [[0.1, 0.2], [0.1, 0.3]] and data["inverse"] == 1


def test_colours_are_classes_so_that_a_dark_page_has_its_own():
    drawn = plot_svg(plot(rings=((0.25, 0.5, "4.00"),), levels=((0.143, "0.143"),), marks=((0.25, "4.00 Å"),)))
    drawn += bar_svg(Bar("resolution", "Å", 2.0, 4.0, True, (1, 5, 2), (2.5, 3.0)))
    assert "#" not in drawn.replace("url(#ramp)", "") and "stroke-width" not in drawn


def test_the_legend_names_each_curve_with_its_line():
    curves = (Series("a", "first", [0, 1], [0, 1]), Series("b", "second", [0, 1], [1, 0], style="t s1 dd"))
    text = legend(plot(series=curves))
    assert text.count("<path") == 2 and "l t s1 dd" in text and "first" in text and "second" in text
    assert legend(Plot("Same", (Series("a", "same", [0, 1], [0, 1]),), "x", "y")) == ""


def test_a_scale_shows_its_colours_the_counts_and_the_bracket():
    drawn = bar_svg(Bar("resolution", "Å", 2.0, 8.0, True, (0, 5, 10), (4.0, 8.0)))
    assert 'url(#ramp)' in drawn and ">2 Å<" in drawn and ">6<" in drawn and "resolution" in drawn
    assert drawn.count("h107.6V") == 2, "an empty step has no column"
    assert 'class="axis ink" d="M170.0 ' in drawn and "H332.0v3" in drawn, "4 lies in the middle of 2 to 8 in the logarithm"
    plain = bar_svg(Bar("occupancy", "", 0.0, 1.25))
    assert "hist" not in plain and "ink" not in plain and ">1.25<" in plain


def test_lines_along_chains_break_where_values_are_missing():
    drawn = tracks_svg(Tracks("Correlation", (Track("A<", (0.4, 1.0, None, 0.7, 0.7), "0.79"),), (0.4, 1.0), (0.7,)))
    assert "A&lt;" in drawn and "M0 44.0L250 0.0M750 22.0L1000 22.0" in drawn and "M0 22.0H1000" in drawn and "0.79" in drawn


POINT = """<script>window.addEventListener("load", function () {
  var svg = document.querySelector("svg.plot[data-plot]"), out = svg.parentNode.querySelector(".reading"), said = [];
  var box = svg.getBoundingClientRect(), unit = box.width / svg.viewBox.baseVal.width;
  function at(u) { svg.dispatchEvent(new PointerEvent("pointermove", { clientX: box.left + u * unit, clientY: box.top + 50 })); }
  said.push(out.textContent.trim());
  at(WHERE); said.push(out.textContent.trim());
  svg.dispatchEvent(new PointerEvent("pointerleave")); said.push(out.textContent.trim());
  document.title = JSON.stringify(said);
});</script>"""


@pytest.mark.heavy
def test_the_values_under_the_pointer_take_the_place_of_the_legend(run_folder, tmp_path):
    browser = next((b for b in map(shutil.which, ("chromium", "chromium-browser", "google-chrome")) if b), None)
    if browser is None:
        pytest.skip("no Chromium here")
    curves = (Series("a", "first", [0.1, 0.2, 0.4], [1.0, 0.5, 0.25]), Series("b", "second", [0.1, 0.2, 0.4], [0.9, None, 0.1]))
    block = Plot("T", curves, "", "FSC", as_resolution=True)
    paths = write_report(run_folder, formats=("html",), sections=(Section("s", "S", 1, "file", "", lambda r: (),
                                                                          cards=lambda r: (Card("T", (block,)),)),))
    with open(paths["html"], encoding="utf-8") as stream:
        text = stream.read()
    scene = layout(block, legend=False)
    where = scene.frame[0] + scene.frame[2] * (0.2 - scene.limits[0]) / (scene.limits[1] - scene.limits[0])
    head, rest = text.split('<section id="file"')               # the plot of the head is another one
    text = re.sub(r'<svg class="plot.*?</svg>', "", head, flags=re.S) + '<section id="file"' + rest
    text = unlocked(text).replace("</body>", POINT.replace("WHERE", f"{where:.2f}") + "</body>")
    (tmp_path / "point.html").write_text(text, encoding="utf-8")
    done = subprocess.run([browser, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}",
                           "--virtual-time-budget=5000", "--dump-dom", f"file://{tmp_path / 'point.html'}"],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True, timeout=120)
    before, under, after = json.loads(unescape(re.search(r"<title>(.*?)</title>", done.stdout).group(1)))
    assert before == after == "firstsecond"
    assert re.sub(r"\s+", " ", under) == "5.00 Å: first 0.500 · second –"


def test_empty_curves_do_not_fail():
    assert layout(plot(series=(Series("a", "a", [None], [None]),))).height > 100


@pytest.mark.parametrize("value, text", [(None, "–"), (True, "yes"), (2.3456, "2.346"), (176410.25, "176410"), (3.0, "3"),
                                         (1.2e-5, "1.2e-05"), (float("1e30"), "1e+30"), (5, "5"), ([1, 2.5], "1, 2.5"), ("x", "x")])
def test_values_are_rounded_for_reading(value, text):
    assert show(value) == text
