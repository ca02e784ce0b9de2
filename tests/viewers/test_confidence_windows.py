"""Windows of a confidence map and of the support of a processed map: the line at 0.99, the colours, ChimeraX."""
from __future__ import annotations

import os
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("pwem", reason="Scipion (scipion-em) is not installed")

from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: E402
from matplotlib.colors import to_rgba  # noqa: E402
from matplotlib.contour import QuadContourSet  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402

from cryoqa_plugin.io.maps import Map, read_map  # noqa: E402
from cryoqa_plugin.report.scale import CONFIDENCE, SUPPORT, Scale  # noqa: E402
from cryoqa_plugin.viewers import CryoqaProtocolViewer  # noqa: E402
from cryoqa_plugin.viewers.chimerax import Colouring  # noqa: E402
from cryoqa_plugin.viewers.colours import CONFIDENT, SUPPORTED, is_range, quantity_of, scale_of  # noqa: E402
from cryoqa_plugin.viewers.volume_figure import SURE_COLOUR, VIEWS, Look, Scene, draw_views  # noqa: E402

SHAPE = (10, 12, 14)


def _scene(mask=None):
    """A block of confidence 1 with a rim of 0.95 and a voxel of 0.5, over a map that rises along x."""
    values = np.zeros(SHAPE, np.float32)
    values[2:8, 3:9, 4:12] = 0.95
    values[3:7, 4:8, 5:11] = 1.0
    values[0, 0, 0] = 0.5
    data = np.broadcast_to(np.arange(14, dtype=np.float32), SHAPE).copy()
    return Scene(Map(data, (1.0,) * 3), "map", mask, Map(values, (1.0,) * 3), "confidence", CONFIDENT)


def _lines(axes, colour):
    found = [c for c in axes.collections if isinstance(c, QuadContourSet)]
    return [c for c in found if tuple(np.atleast_2d(c.get_edgecolor())[0]) == to_rgba(colour)]


def test_what_is_confidence_and_what_is_support():
    assert [quantity_of("", n) for n in ("confidence_map", "outputConfidence", "confidence_mask")] == [CONFIDENT, CONFIDENT, "density"]
    assert [quantity_of("", n) for n in ("support_map", "unsupported_map", "noise_map")] == [SUPPORTED, "density", "other"]
    assert scale_of(CONFIDENT, np.zeros(0)) == CONFIDENCE and scale_of(SUPPORTED, np.zeros(0)) == SUPPORT


def test_confidence_is_coloured_to_a_rate_of_ten_percent_and_has_a_line_at_one():
    nowhere = Map(np.zeros(SHAPE, np.float32), (1.0,) * 3)
    scene = _scene(nowhere)
    np.testing.assert_array_equal(scene.known, scene.overlay.data >= 0.9)    # of the whole box, whatever the mask
    assert scene.sure == pytest.approx(4 * 4 * 6 / scene.map.data.size)
    figure = Figure(figsize=(8, 7), dpi=60)
    FigureCanvasAgg(figure)
    axes = draw_views(figure, scene, Look((7, 5, 5)))
    for ax, (_, right, up) in zip(axes, VIEWS):
        (line,) = _lines(ax, SURE_COLOUR)
        inside = np.concatenate([p.vertices for p in line.get_paths()])
        block = {0: (3, 6), 1: (4, 7), 2: (5, 10)}                           # first and last voxel of what is sure
        for column, a in enumerate((right, up)):
            low, high = block[a]
            assert low - 1 < inside[:, column].min() <= low and high <= inside[:, column].max() < high + 1
    assert "confidence 0.99, 5.7 % of the box" in " ".join(t.get_text() for t in figure.axes[-2].texts + figure.axes[-1].texts)
    axes = draw_views(figure, scene, Look((0, 0, 0)))                        # nothing is sure in these sections
    assert not any(_lines(ax, SURE_COLOUR) for ax in axes)
    other = replace(scene, quantity=SUPPORTED)
    assert other.sure is None and not any(_lines(ax, SURE_COLOUR) for ax in draw_views(figure, other, Look((7, 5, 5))))


@pytest.mark.parametrize("scale", [CONFIDENCE, SUPPORT, Scale(2.0, 6.0)])
def test_the_values_of_a_palette_rise(scale):
    made = Colouring(None, "values", "", scale, 0.5 * min(scale.low, scale.high)).palette()
    values = [float(part.split(",")[0]) for part in made.split(":")]
    assert values == sorted(values) and {scale.low, scale.high} <= {round(v, 6) for v in values}


def test_a_range_runs_the_way_of_its_rule():
    assert is_range(Scale(1.0, 0.5), CONFIDENCE) and not is_range(Scale(0.5, 1.0), CONFIDENCE) and not is_range(Scale(1.0, 1.0), SUPPORT)
    assert is_range(Scale(1.0, 3.0), Scale(2.0, 6.0, True)) and not is_range(Scale(-1.0, 3.0), Scale(2.0, 6.0, True))


@pytest.fixture(scope="module")
def runs(local):
    """A confidence map and an audit of the volume of the local resolution, finished in its project, by capability: their viewers."""
    from cryoqa_plugin import protocols, runner
    project, made = local[0], {}
    for capability, name in (("confidence", "CryoqaProtConfidence"), ("audit", "CryoqaProtAudit")):
        protocol = project.newProtocol(getattr(protocols, name))
        for pointer in ("inputVolume", "inputMask"):
            getattr(protocol, pointer).copy(getattr(local[1], pointer))
        project.saveProtocol(protocol)
        protocol.setObjLabel(f"my {capability}")
        protocol.makePathsAndClean()
        given = protocol._files()
        runner.execute(capability, given.sources, protocol._values(), protocol._getExtraPath(), voxel_sizes=given.voxel_sizes,
                       origins=given.origins)
        protocol.createOutputStep()
        project.saveProtocol(protocol)
        made[capability] = CryoqaProtocolViewer(project=project)
        made[capability].setProtocol(protocol)
    return made


@pytest.mark.scipion
@pytest.mark.parametrize("capability, values, label", [("confidence", "confidence_map.mrc", "confidence"),
                                                       ("audit", "support_map.mrc", "support by the half-maps")])
def test_the_surface_is_coloured_in_chimerax(runs, capability, values, label):
    viewer = runs[capability]
    assert viewer.getParam("showColoured").label.get() == f"Density coloured by {label}"
    with open(viewer.script(), encoding="utf-8") as stream:
        lines = stream.read().split("\n")
    sample = next(line for line in lines if line.startswith("color sample"))
    assert f'open "{values}"' in lines and sample.startswith("color sample #1 map #2 palette ")
    found = [part.split(",") for part in sample.split(" palette ")[1].split(":")]
    assert [float(v) for v, _ in found] == sorted(float(v) for v, _ in found) and found[-1] == ["1", "#243c8c"]      # sure is blue


@pytest.mark.scipion
@pytest.mark.gui
def test_a_confidence_map_opens_as_a_line_over_the_density(runs, screen):
    window = runs["confidence"]._show_coloured()[0].open()
    try:
        window.root.update()
        scene = window.scene
        assert (scene.quantity, scene.mask, window.message.get()) == (CONFIDENT, None, "") and scene.map.data.std() > 0
        mask = read_map(os.path.join(runs["confidence"].protocol._getExtraPath(), "confidence_mask.mrc")).data
        assert scene.sure == pytest.approx(mask.mean()) and 0 < scene.sure < 0.5
        assert window.look.opacity == pytest.approx(0.35) and [float(e.get()) for e in window.ends] == [1.0, 0.9]
        assert all(_lines(ax, SURE_COLOUR) for ax in window.axes)
        for entry, text in zip(window.ends, ("1", "0.95")):
            entry.delete(0, "end")
            entry.insert(0, text)
        window.set_range()
        assert window.message.get() == "" and window.range == Scale(1.0, 0.95)
        for entry, text in zip(window.ends, ("0.9", "1")):
            entry.delete(0, "end")
            entry.insert(0, text)
        window.set_range()
        assert "from a higher to a lower value" in window.message.get() and window.range.low == 1
    finally:
        window.root.destroy()


@pytest.mark.scipion
@pytest.mark.gui
def test_support_opens_as_coloured_density(runs, screen):
    window = runs["audit"]._show_coloured()[0].open()
    try:
        window.root.update()
        assert (window.scene.quantity, window.message.get(), window.look.opacity) == (SUPPORTED, "", 1.0)
        assert [float(e.get()) for e in window.ends] == [1.0, 0.0] and window.scene.sure is None
    finally:
        window.root.destroy()
