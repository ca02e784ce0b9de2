"""Figures for windows: right curves, right axes, no shared state."""
from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from cryoqa_plugin import figures
from report_documents import curve, document

pytest.importorskip("matplotlib")


@pytest.fixture
def fsc():
    f = np.linspace(0.01, 0.5, 50)
    y = 1 / (1 + np.exp((f - 0.3) * 40))
    return document("fsc", "FSC", {}, curves={
        "fsc_unmasked": curve(f, y, lower=list(y - 0.02), upper=list(y + 0.02), meaning="unmasked"),
        "half_bit": curve(f, 0.2 + 0 * f, meaning="half-bit"), "guinier_original": curve(f ** 2, -f, "ln mean amplitude", "1/Å²"),
        "histogram_map": curve(range(5), [0, 10, 1000, 10, None], "Voxels", "")})


def drawn(figure):
    figure.canvas.draw()
    return figure.axes


def test_fsc_figure_marks_the_crossings_and_writes_angstrom(fsc):
    axes, = drawn(figures.fsc_figure(fsc))
    assert {t.get_text() for t in axes.get_legend().get_texts()} == {"unmasked", "half-bit"}
    marks = [line.get_xdata()[0] for line in axes.lines if line.get_marker() == "o"]
    assert marks == pytest.approx([0.3 + np.log(1 / 0.143 - 1) / 40, 0.3], abs=2e-3)
    assert axes.xaxis.get_major_formatter()(0.25) == "4" and axes.get_ylim()[1] == pytest.approx(1.02)


def test_first_crossing_is_that_of_a_line():
    line = dict(x=[0.1, 0.2, 0.3, 0.4], y=[1.0, None, 0.5, 0.0])
    assert figures.first_crossing(line, 0.75) == pytest.approx(0.2)
    assert figures.first_crossing(line, -1) is None


def test_guinier_and_histogram(fsc):
    axes, = drawn(figures.guinier_figure(fsc))
    assert "1/Å²" in axes.get_xlabel() and len(axes.lines) == 1
    axes, = drawn(figures.histogram_figure(fsc))
    assert axes.get_yscale() == "symlog" and np.isnan(axes.lines[0].get_ydata()[-1])


def test_slices_show_the_planes_they_name():
    data = np.random.default_rng(2).standard_normal((8, 10, 12)).astype(np.float32)
    mask = np.zeros_like(data)
    mask[2:6, 2:8, 3:9] = 1
    axes = drawn(figures.slices_figure(data, at=(3, 4, 5), mask=mask, overlay=data ** 2))
    assert [a.get_title() for a in axes] == ["z = 5", "y = 4", "x = 3"]
    assert [(a.get_xlabel(), a.get_ylabel()) for a in axes] == [("x", "y"), ("x", "z"), ("y", "z")]
    for a, plane in zip(axes, (data[5], data[:, 4], data[:, :, 3])):
        np.testing.assert_array_equal(a.images[0].get_array(), plane)
        assert len(a.images) == 2 and len(a.collections) >= 1


def test_projections_are_sums():
    data = np.random.default_rng(2).standard_normal((6, 7, 8)).astype(np.float32)
    for i, a in enumerate(drawn(figures.projections_figure(data))):
        np.testing.assert_allclose(a.images[0].get_array(), data.sum(axis=i), rtol=1e-4, atol=1e-4)


def test_a_figure_can_be_drawn_into_a_given_one(fsc):
    mine = figures.new_figure(3, 2)
    assert figures.fsc_figure(fsc, mine) is mine


def test_no_pyplot_and_nothing_loaded_before_the_first_figure():
    code = ("import sys, cryoqa_plugin.figures as f; assert 'matplotlib' not in sys.modules; f.new_figure(); "
            "assert 'matplotlib.pyplot' not in sys.modules")
    subprocess.run([sys.executable, "-c", code], check=True, env=dict(os.environ, PYTHONPATH=":".join(sys.path)))
