"""Windows of the map tools: axes of a symmetry, outlines of maps over maps, weights and seams, the entry for EMDB."""
from __future__ import annotations

import json
import os
import re

import numpy as np
import pytest

pytest.importorskip("pwem", reason="Scipion (scipion-em) is not installed")

from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: E402
from matplotlib.colors import to_rgba  # noqa: E402
from matplotlib.contour import QuadContourSet  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402
from matplotlib.patches import Rectangle  # noqa: E402

from cryoqa_plugin.core.symmetry_groups import axes_of as truth_of  # noqa: E402
from cryoqa_plugin.io.maps import Map, read_map, write_map  # noqa: E402
from cryoqa_plugin.report.scale import Scale  # noqa: E402
from cryoqa_plugin.viewers import CryoqaProtocolViewer, files  # noqa: E402
from cryoqa_plugin.viewers.axes_figure import Axis, axes_of, draw_axes, ends_of, frame_of, reach_of, turned, write_shapes  # noqa: E402
from cryoqa_plugin.viewers.colours import quantity_of, scale_of  # noqa: E402
from cryoqa_plugin.viewers.files import MapFile  # noqa: E402
from cryoqa_plugin.viewers.outline_figure import OUTLINE_COLOUR, draw_outline, other_box  # noqa: E402
from cryoqa_plugin.viewers.plot_figure import draw_plots, plots_of  # noqa: E402
from cryoqa_plugin.viewers.volume_figure import VIEWS, Look, Scene, draw_views  # noqa: E402

from helical import helical  # noqa: E402
from symmetric import axis_error, symmetric  # noqa: E402

pytestmark = pytest.mark.scipion

ORIGIN = (-30.0, 12.0, 5.0)


@pytest.fixture
def figure():
    made = Figure(figsize=(8, 7), dpi=60)
    FigureCanvasAgg(made)
    return made


def _finished(project, capability, name, pointers):
    """The viewer of a run in a project: ``pointers`` by parameter, each a pointer to copy."""
    from cryoqa_plugin import protocols, runner
    protocol = project.newProtocol(getattr(protocols, name))
    for parameter, pointer in pointers.items():
        getattr(protocol, parameter).copy(pointer)
    project.saveProtocol(protocol)
    protocol.setObjLabel(f"my {capability}")
    protocol.makePathsAndClean()
    given = protocol._files()
    runner.execute(capability, given.sources, protocol._values(), protocol._getExtraPath(), voxel_sizes=given.voxel_sizes,
                   origins=given.origins)
    protocol.createOutputStep()
    project.saveProtocol(protocol)
    viewer = CryoqaProtocolViewer(project=project)
    viewer.setProtocol(protocol)
    return viewer


def _labels(viewer):
    return {name: viewer.getParam(name).label.get() for name in viewer._getVisualizeDict() if viewer.getParam(name) is not None}


def _lines(path):
    with open(path, encoding="utf-8") as stream:
        return stream.read().splitlines()


# -------------------------- axes --------------------------

@pytest.fixture(scope="module")
def dihedral(finished, tmp_path_factory):
    """A D2 of four copies that lies anywhere, in a project with an origin, and the viewer of its symmetry: (truth, viewer)."""
    from pwem.objects import Transform, Volume, VolumeMask
    from pwem.protocols import ProtImportVolumes
    truth, folder = symmetric("D2", offset=(3.0, -2.0, 1.0)), tmp_path_factory.mktemp("dihedral")
    project = finished[0]
    source = project.newProtocol(ProtImportVolumes)
    project.saveProtocol(source)
    made = {}
    for kind, cls in (("half1", Volume), ("half2", Volume), ("mask", VolumeMask)):
        path, made[kind], origin = str(folder / f"{kind}.mrc"), cls(), Transform()
        write_map(path, getattr(truth, kind))
        made[kind].setFileName(path)
        made[kind].setSamplingRate(truth.half1.voxel_size[0])
        origin.setShifts(*ORIGIN)
        made[kind].setOrigin(origin)
    whole = Volume()
    whole.copyInfo(made["half1"])
    whole.setFileName(made["half1"].getFileName())
    whole.setOrigin(made["half1"].getOrigin())
    whole.setHalfMaps([made[kind].getFileName() for kind in ("half1", "half2")])
    source._defineOutputs(whole=whole, mask=made["mask"])
    project.saveProtocol(source)
    from pyworkflow.object import Pointer
    pointers = {"inputVolume": Pointer(source, extended="whole"), "inputMask": Pointer(source, extended="mask")}
    return truth, _finished(project, "map_symmetry", "CryoqaProtMapSymmetry", pointers)


def test_the_cylinders_lie_on_the_axes_of_the_map_as_scipion_places_it(dihedral):
    truth, viewer = dihedral
    lines = _lines(viewer.script())
    (shapes,) = [line for line in lines if line.startswith("open") and ".bild" in line]
    assert shapes == 'open "cryoqa_axes.bild"' and any(line.endswith("origin -30,12,5") for line in lines)
    written = _lines(viewer.protocol._getExtraPath("cryoqa_axes.bild"))
    cylinders = [np.array(line.split()[1:], dtype=float) for line in written if line.startswith(".cylinder")]
    assert len(cylinders) == 3
    for numbers in cylinders:
        first, last = numbers[:3], numbers[3:6]
        assert (first + last) / 2 == pytest.approx(truth.centre + ORIGIN, abs=0.3)
        assert axis_error((last - first) / np.linalg.norm(last - first), truth.rotations, 2) < 0.5
        assert np.linalg.norm(last - first) == pytest.approx(2 * 1.16 * reach_of(truth.half1), abs=0.01)
    assert len({tuple(np.round(n[3:6])) for n in cylinders}) == 3 == len(truth_of(truth.rotations))
    corners = [len(line.split()[1:]) // 3 for line in written if line.startswith(".polygon")]
    assert corners == [4] * 6                                # the rhombus of a twofold axis, at both ends


def test_a_symmetry_offers_its_axes_its_copies_and_its_bands(dihedral, figure):
    _, viewer = dihedral
    found = _labels(viewer)
    assert found["showAxes"] == "Map with its axes" and found["showPlots"] == "Other curves"
    assert viewer.getParam("values").choices == ["outputCopies: number of the copy", "outputDifference: difference of the copies"]
    assert viewer._mask_for(viewer.files().maps["outputCopies"]) == "mask (input)"       # and not that of one copy
    scene = viewer.scene("", "outputCopies")
    assert scene.scale == Scale(1.0, 4.0) and set(np.unique(scene.values())) == {1, 2, 3, 4}
    (plot,) = viewer.plots()
    band = viewer.protocol.result()["curves"]["by_band"]
    (ax,) = draw_plots(figure, [plot])
    np.testing.assert_allclose(ax.lines[0].get_ydata(), band["y"])
    np.testing.assert_allclose(ax.lines[0].get_xdata(), band["x"])
    assert ax.get_ylim()[0] == 0 and ax.get_xlabel() == "Frequency (1/Å)"


@pytest.mark.gui
def test_the_button_of_the_window_shows_the_axes_too(dihedral, screen):
    window = dihedral[1]._show_coloured()[0].open()
    try:
        window.root.update()
        assert window.scene.quantity == "copies" and window._labels["outline"].cget("text") == "No outline"
        window.open_chimerax()
        lines = _lines(re.search(r"\S+\.cxc", window.message.get()).group())
        assert 'open "cryoqa_axes.bild"' in lines and any(line.startswith("color sample #1 map #2") for line in lines)
        (key,) = [line for line in lines if line.startswith("key ")]
        assert [part.split(":")[1] for part in key.split()[1:5]] == ["1", "2", "3", "4"] and key.split()[5] == "pos"
        assert any('2dlabels text "number of the copy"' in line for line in lines)
    finally:
        window.root.destroy()


def test_the_axes_are_drawn_through_the_molecule(dihedral, figure):
    truth, viewer = dihedral
    axes = axes_of(viewer.protocol.result())
    assert [a.fold for a in axes] == [2, 2, 2] and {a.kind for a in axes} == {"exact"}
    along, across, _ = draw_axes(figure, viewer._with_axes().read(), axes)
    assert "along the 2-fold axis" in along.get_title()
    ends = [line for line in across.lines if line.get_linestyle() == "-"]
    assert len(ends) == 2                                    # the third is seen from its end
    for line in ends:
        assert np.mean(line.get_xdata()) == pytest.approx(0, abs=1e-6) and np.mean(line.get_ydata()) == pytest.approx(0, abs=1e-6)
    image = np.asarray(along.images[0].get_array())
    np.testing.assert_allclose(image, image[::-1, ::-1], atol=0.25 * image.max())        # the map is its own copy by half a turn


def test_rise_and_twist_stand_over_the_axes(dihedral, monkeypatch):
    _, viewer = dihedral
    document = viewer.protocol.result()
    (view,) = viewer._show_axes()
    assert view.figure._suptitle.get_text() == "my map_symmetry: axes of the symmetry"
    helical = dict(document, metrics=dict(document["metrics"], rise={"value": 4.754}, twist={"value": -1.2}))
    monkeypatch.setattr(type(viewer), "result", lambda self: helical)
    (view,) = viewer._show_axes()
    assert view.figure._suptitle.get_text().endswith("symmetry; rise 4.75 Å, twist -1.20°")


@pytest.mark.heavy
def test_the_cylinder_of_a_helix_lies_on_its_axis(tmp_path):
    from cryoqa_plugin import runner
    truth, sources = helical(12.0, 55.0, origin=ORIGIN), {}
    for kind in ("half1", "half2", "mask"):
        sources[kind] = str(tmp_path / f"{kind}.mrc")
        write_map(sources[kind], getattr(truth, kind))
    (axis,) = axes_of(runner.execute("map_symmetry", sources, {}, str(tmp_path / "out")))
    written = _lines(write_shapes(str(tmp_path / "a.bild"), [axis], 100.0, 50.0))
    (numbers,) = [np.array(line.split()[1:7], dtype=float) for line in written if line.startswith(".cylinder")]
    along = (numbers[3:] - numbers[:3]) / np.linalg.norm(numbers[3:] - numbers[:3])
    assert np.degrees(np.arcsin(np.linalg.norm(np.cross(along, truth.direction)))) < 0.5
    away = numbers[:3] - (truth.point + ORIGIN)
    assert np.linalg.norm(away - (away @ truth.direction) * truth.direction) < 0.5
    assert axis.words() == "axis of the helix, exact" and not any(line.startswith(".polygon") for line in written)


def test_a_map_is_turned_into_the_frame_of_its_axes():
    data = np.zeros((40, 40, 40), np.float32)
    data[20, 30, 20] = 1                                     # 20 Å along y
    map_ = Map(data, (2.0,) * 3, (-40.0,) * 3)
    main = Axis(5, np.array([0.0, 1.0, 0.0]), np.zeros(3), "C5", "exact")
    frame = frame_of([main])
    np.testing.assert_allclose(frame @ frame.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(frame) == pytest.approx(1)
    made = turned(map_, frame, np.zeros(3))
    place = np.array(np.unravel_index(made.argmax(), made.shape)) / (made.shape[0] - 1) * 2 * reach_of(map_) - reach_of(map_)
    assert place == pytest.approx([20, 0, 0], abs=1)         # along the main axis


@pytest.mark.parametrize("fold, corners", [(1, 0), (2, 4), (3, 3), (5, 5), (13, 13)])
def test_an_axis_has_the_polygon_of_its_fold_at_its_ends(tmp_path, fold, corners):
    axis = Axis(fold, np.array([0.0, 0.6, 0.8]), np.array([1.0, 2.0, 3.0]), f"C{fold}", "exact")
    lines = _lines(write_shapes(str(tmp_path / "a.bild"), [axis], 100.0, 50.0, np.array([10.0, 0.0, 0.0])))
    ends = ends_of(axis, 50.0, np.array([10.0, 0.0, 0.0]))
    np.testing.assert_allclose(np.array(lines[3].split()[1:7], dtype=float), ends.ravel(), atol=1e-3)
    np.testing.assert_allclose(ends.mean(axis=0), [11, 2, 3])
    found = [np.array(line.split()[1:], dtype=float).reshape(-1, 3) for line in lines if line.startswith(".polygon")]
    assert [len(f) for f in found] == [corners] * 2 * bool(corners)
    for polygon, end in zip(found, ends):
        np.testing.assert_allclose((polygon - end) @ axis.direction, 0, atol=2e-3)
        np.testing.assert_allclose(polygon.mean(axis=0), end, atol=2e-3)


def test_axes_of_other_results_are_no_axes_of_symmetry():
    rows = [[2, 0, 0, 1, 0, 0, 0, "C2", "exact", 1.0]]
    assert len(axes_of({"capability": "map_symmetry", "tables": {"axes": {"rows": rows}}})) == 1
    assert axes_of({"capability": "directional_fsc", "tables": {"axes": {"rows": [["worst", 0, 0, 1]]}}}) == [] == axes_of({})


# -------------------------- outlines --------------------------

def _ball(shape, voxel, origin, middle=(0.0, 0.0, 0.0), radius=12.0):
    z, y, x = (np.arange(n) * v + o for n, v, o in zip(shape, voxel[::-1], origin[::-1]))
    away = np.sqrt((x[None, None] - middle[0]) ** 2 + (y[None, :, None] - middle[1]) ** 2 + (z[:, None, None] - middle[2]) ** 2)
    return Map((radius - away).astype(np.float32), voxel, origin)


def _contours(ax, colour):
    found = [c for c in ax.collections if isinstance(c, QuadContourSet)]
    return [c for c in found if tuple(np.atleast_2d(c.get_edgecolor())[0]) == to_rgba(colour)]


def test_an_outline_lies_where_its_map_does_whatever_the_grid(figure):
    below = _ball((40, 40, 40), (2.0,) * 3, (-40.0,) * 3)
    above = _ball((30, 24, 26), (1.5, 1.8, 1.4), (-18.0, -20.0, -15.0), middle=(1.0, 2.0, 3.0))
    mean, sd = float(above.data.mean()), float(above.data.std())
    scene = Scene(below, "below", outline=above, outline_name="above")
    axes = draw_views(figure, scene, Look((20, 21, 22), outline=(0.0 - mean) / sd))      # through x, y, z = 0, 2, 4 Å
    at, middle = np.array([0.0, 2.0, 4.0])[::-1], np.array([1.0, 2.0, 3.0])[::-1]        # z, y, x
    for ax, (axis, right, up) in zip(axes, VIEWS):
        (line,) = _contours(ax, OUTLINE_COLOUR)
        inside = np.concatenate([p.vertices for p in line.get_paths()])
        size = above.voxel_size[2 - axis]
        index = round((at[axis] - above.origin[2 - axis]) / size)
        off = above.origin[2 - axis] + index * size - middle[axis]
        far = np.hypot(inside[:, 0] - middle[right], inside[:, 1] - middle[up])
        np.testing.assert_allclose(far, np.sqrt(12.0 ** 2 - off ** 2), atol=0.25)
        (box,) = [p for p in ax.patches if isinstance(p, Rectangle)]
        assert box.get_x() == pytest.approx(above.origin[2 - right] - above.voxel_size[2 - right] / 2)
        assert box.get_height() == pytest.approx(above.shape[up] * above.voxel_size[2 - up])
        assert ax.get_xlim() == pytest.approx((-41, 39))
    assert "above at" in " ".join(t.get_text() for t in figure.axes[3].texts)


def test_where_a_map_does_not_reach_there_is_no_outline(figure):
    ax, map_ = figure.add_subplot(), _ball((20, 20, 20), (1.0,) * 3, (-10.0,) * 3, radius=5.0)
    assert not draw_outline(ax, map_, 0.0, VIEWS[0], 30.0) and not draw_outline(ax, map_, 9.0, VIEWS[0], 0.0)
    assert draw_outline(ax, map_, 0.0, VIEWS[0], 0.0) and draw_outline(ax, map_, 0.0, VIEWS[0], None)
    assert not other_box(map_, map_) and other_box(map_, _ball((20, 20, 21), (1.0,) * 3, (-10.0,) * 3))


@pytest.fixture(scope="module")
def boxed(local):
    return _finished(local[0], "map_box", "CryoqaProtMapBox", {n: getattr(local[1], n) for n in ("inputVolume", "inputMask")})


def test_both_maps_are_in_the_scene_of_chimerax(boxed):
    names = boxed._surfaces()
    for surface, other in (("outputVolume", "full_map.mrc"), ("the map of the volume", "boxed_map.mrc")):
        if surface not in names:
            surface = "full map (input)"
        boxed.surface.set(names.index(surface))
        lines = _lines(boxed.script())
        number = next(line.split()[1] for line in lines if "#3ee08a" in line)
        opened = [line for line in lines if line.startswith("open")]
        assert other in opened[int(number[1:]) - 1] and sum(other in line for line in opened) == 1
        assert f"hide {number} models" not in lines


@pytest.mark.gui
def test_a_new_box_is_seen_on_the_map_it_is_cut_from(boxed, screen, tmp_path):
    assert _labels(boxed)["showOver"] == "Outline of the new box over the map"
    window = boxed._show_over()[0].open()
    try:
        window.root.update()
        new = read_map(boxed.protocol._getExtraPath("boxed_map.mrc"))
        assert window.scene.outline.shape == new.shape and window.message.get() == ""
        (box,) = [p for p in window.axes[0].patches if isinstance(p, Rectangle)]
        # Scipion puts the middle of the box of a volume without origin at 0; the new box keeps its place.
        assert box.get_width() == pytest.approx(new.shape[2] * 1.5) and box.get_x() == pytest.approx(new.origin[0] - 0.75)
        level = window.scene.outline_level(window.look)
        said = window.chimerax({kind: window.choices[kind].get(window._names[kind]) for kind in window.choices}, window.scene, window.look)
        lines = _lines(re.search(r"\S+\.cxc", said).group())
        (mesh,) = [line for line in lines if "#3ee08a" in line]
        assert mesh.startswith("volume #2 style mesh step 1 level") and float(mesh.split()[7]) == pytest.approx(level, rel=1e-4)
        window.choose("outline", "none")
        window.root.update()
        assert not window.axes[0].patches and not _contours(window.axes[0], OUTLINE_COLOUR)
    finally:
        window.root.destroy()


# -------------------------- the entry --------------------------

@pytest.fixture(scope="module")
def entry(local):
    pointers = {n: getattr(local[1], n) for n in ("inputVolume", "inputMask")}
    return _finished(local[0], "deposit", "CryoqaProtDeposit", dict(pointers, inputPrimaryMap=local[1].inputVolume))


@pytest.mark.gui
def test_an_entry_shows_its_picture_what_would_be_sent_back_and_its_folder(entry, screen):
    found, document = _labels(entry), entry.protocol.result()
    assert found["showEntry"] == "Picture, and what would be sent back" and "showFolder" in found
    view = entry._show_entry()[0]
    window = view.open()
    try:
        window.root.update()
        assert (window.picture.width(), window.picture.height()) == (500, 500)
        text = window.words.get("1.0", "end")
        for row in document["tables"]["sent_back"]["rows"] + document["tables"]["form"]["rows"]:
            assert row[0] in text and str(row[1]).split("\n")[0] in text
        assert f"{document['metrics']['contour']['value']:.4g}" in view.heading()
        assert ("not ready" in view.heading()) == (not document["metrics"]["ready"]["value"])
    finally:
        window.root.destroy()
    window = entry._show_folder()[0].open()
    try:
        window.root.update()
        assert {"emd_xxxxx.map", "emd_xxxxx.png", "deposition.txt"} <= set(os.listdir(entry._show_folder()[0].folder))
    finally:
        window.root.destroy()


@pytest.mark.gui
def test_the_contour_level_of_an_entry_is_that_of_its_line_and_its_surface(entry, screen):
    level = entry.protocol.result()["metrics"]["contour"]["value"]
    surface = next(line for line in _lines(entry.script()) if line.startswith("volume #1 style surface"))
    assert float(surface.split("level ")[1]) == pytest.approx(level, rel=1e-4)
    window = entry._show_over()[0].open()
    try:
        window.root.update()
        assert window.scene.outline_level(window.look) == pytest.approx(level, rel=1e-4) and window.scene.name == "outputVolume"
    finally:
        window.root.destroy()


# -------------------------- weights and seams --------------------------

def test_what_is_told_of_a_composite_colours_the_composite(tmp_path):
    grid = Map(np.zeros((8, 8, 8), np.float32), (1.0,) * 3)
    folder = tmp_path / "extra"
    folder.mkdir()
    document = {"capability": "combine_maps", "metrics": {"resolution": {"value": 4.0, "unit": "Å"}},
                "maps": {"composite_map": {"path": "composite_map.mrc", "unit": ""}, "motion": {"path": "motion.mrc", "unit": "Å"}},
                "lists": {"weight_maps": {"paths": ["weight_maps_1.mrc", "weight_maps_2.mrc"], "unit": ""}},
                "tables": {"map_table": {"rows": [["consensus", 1], ["focused map 1", 2]]}}}
    (folder / "result.json").write_text(json.dumps(document), encoding="utf-8")
    for name in ("composite_map.mrc", "motion.mrc", "weight_maps_2.mrc"):
        write_map(str(folder / name), grid)
    write_map(str(tmp_path / "other.mrc"), grid)
    motion, weight = (files.told(MapFile(str(folder / n))) for n in ("motion.mrc", "weight_maps_2.mrc"))
    assert (motion.quantity, weight.quantity, motion.resolution) == ("motion", "weight", 4.0)
    maps = {files.OWN: MapFile(str(tmp_path / "other.mrc")), "my run: outputVolume (7)": MapFile(str(folder / "composite_map.mrc"))}
    assert files.density_for(maps, motion) == files.density_for(maps, weight) == "my run: outputVolume (7)"
    assert files.density_for(maps, MapFile(str(folder / "motion.mrc"), quantity="resolution")) == files.OWN
    from pwem.objects import Volume
    volume = Volume()
    volume.setFileName(str(folder / "weight_maps_2.mrc"))
    assert files._label(volume) == "focused map 1"


def test_ranges_are_those_of_the_quantity():
    values = np.linspace(-0.02, 0.01, 1001)
    assert scale_of("weight", values) == Scale(0.0, 1.0) == scale_of("share of noise", values)
    assert scale_of("motion", values, 4.0) == Scale(0.0, pytest.approx(1.2)) and scale_of("local correlation", values) == Scale(1.0, 0.0)
    assert scale_of("difference of two maps", values) == Scale(pytest.approx(-0.0194), pytest.approx(0.0194))
    assert scale_of("copies", np.array([1.0, 3.0, 12.0])) == Scale(1.0, 12.0)
    assert quantity_of("", "difference_map", "map_symmetry") == "difference of copies"
    assert quantity_of("", "difference_map", "compare_maps") == "difference of two maps"
    assert quantity_of("", "noise_map", "denoise") == "share of noise" and quantity_of("", "noise_map", "confidence") == "other"


def test_plots_leave_to_others_what_others_show():
    def curve(label, name="Frequency", unit="1/Å"):
        return dict(x=[0.1, 0.2], y=[1.0, 0.5], x_label=name, x_unit=unit, y_label=label, y_unit="", meaning="of something")
    document = {"curves": {"fsc_true": curve("FSC"), "half_bit": curve("FSC"), "guinier_signal": curve("ln"), "histogram": curve("voxels"),
                           "by_band": curve("Relative"), "by_band_approximate": curve("Relative")}}
    assert [[s.name for s in p.series] for p in plots_of(document, True)] == [["by_band", "by_band_approximate"]]
    assert len(plots_of(document)) == 2 and plots_of({}) == []


def test_exact_axes_come_first_and_others_are_broken_lines(figure):
    def row(fold, direction, group, kind):
        return [fold, *direction, 0, 0, 0, group, kind, 1.0]
    rows = [row(7, (0, 0, 1), "D7", "approximate"), row(2, (1, 0, 0), "C2", "exact"), row("helix", (0, 1, 0), "helix", "pseudo")]
    axes = axes_of({"capability": "map_symmetry", "tables": {"axes": {"rows": rows}}})
    assert [(a.fold, a.kind) for a in axes] == [(2, "exact"), (7, "approximate"), (1, "pseudo")]
    drawn = draw_axes(figure, _ball((20, 20, 20), (2.0,) * 3, (-20.0,) * 3), axes)
    assert {line.get_linestyle() for ax in drawn for line in ax.lines} == {"-", "--", ":", "None"}
    words = [t.get_text() for t in figure.legends[0].get_texts()]
    assert words == ["1 2-fold axis, exact (C2)", "1 7-fold axis, approximate (D7)", "1 axis of the helix, pseudo"]
    rows = [row(4, (0, 0, 1), "C4", "exact"), row(2, (0, 1, 0), "helix", "exact")]
    first, second = axes_of({"capability": "map_symmetry", "tables": {"axes": {"rows": rows}}})
    assert (first.words(), second.words()) == ("2-fold axis of the helix, exact", "4-fold axis, exact (C4)")


# -------------------------- every eye --------------------------

_OPENED = {"map_align": {"showOver"}, "compare_maps": {"showOver", "showColoured", "showHistogram", "showCurves", "showPlots"},
           "denoise": {"showOver", "showColoured", "showHistogram"}, "contour": {"showOver", "showPlots"},
           "density_modify": {"showOver", "showColoured", "showHistogram", "showCurves", "showPlots"},
           "combine_maps": {"showColoured", "showHistogram"}, "audit": {"showColoured", "showHistogram", "showCurves", "showPlots"},
           "confidence": {"showColoured", "showHistogram", "showPlots"}}


@pytest.mark.gui
@pytest.mark.parametrize("capability", [pytest.param(name, marks=[] if name in ("denoise", "contour") else pytest.mark.heavy)
                                        for name in _OPENED])
def test_every_eye_opens_a_window(capability, local, finished, screen):
    from pyworkflow.object import Pointer
    project, given = local
    source = given.inputVolume.getObjValue()
    pointers = {"inputVolume": given.inputVolume, "inputMask": given.inputMask}
    if capability == "map_align":
        pointers = {"inputVolume": given.inputVolume, "inputTargetMap": given.inputVolume}
    several = {"combine_maps": "inputFocusedMaps", "compare_maps": "inputOthers"}.get(capability)
    if several:
        from pyworkflow.object import PointerList
        pointers[several] = PointerList()
        for _ in range(2 if capability == "combine_maps" else 0):
            pointers[several].append(Pointer(source, extended="volume"))
        if capability == "compare_maps":
            pointers[several].append(Pointer(finished[1], extended="outputVolume"))
    name = "CryoqaProt" + "".join(word.capitalize() for word in capability.split("_"))
    viewer = _finished(project, capability, name, pointers)
    offered = set(_labels(viewer)) - {"showReport", "showChimerax"}
    assert offered == _OPENED[capability] | {"showMaps"}
    assert os.path.isfile(viewer.script())
    for eye in offered:
        (view,) = viewer._getVisualizeDict()[eye](eye)
        window = view.open()
        try:
            window.root.update()
            assert window.root.winfo_width() >= 640
            message = getattr(window, "message", None)
            assert message is None or message.get() == ""
        finally:
            window.root.destroy()


def test_the_mean_of_half_maps_is_outlined_from_a_file_of_its_own(local, tmp_path):
    viewer = _finished(local[0], "denoise", "CryoqaProtDenoise", {n: getattr(local[1], n) for n in ("inputVolume", "inputMask")})
    viewer.surface.set(viewer._surfaces().index("outputVolume"))
    viewer.colouredBy.set(0)
    lines = _lines(viewer.script())
    number = next(line.split()[1] for line in lines if "#3ee08a" in line)
    assert [line for line in lines if line.startswith("open")][int(number[1:]) - 1] == 'open "cryoqa_outline.mrc"'
    mean = read_map(viewer.protocol._getExtraPath("cryoqa_outline.mrc")).data
    halves = [read_map(path).data for path in local[1].inputVolume.get().getHalfMaps(asList=True)]
    np.testing.assert_allclose(mean, (halves[0] + halves[1]) / 2, atol=1e-6)
