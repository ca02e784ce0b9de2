"""The viewers on a finished run, and their windows on a screen of their own."""
from __future__ import annotations

import os
import webbrowser
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("pwem", reason="Scipion (scipion-em) is not installed")

from cryoqa_plugin.io.maps import read_header, read_map, write_map  # noqa: E402
from cryoqa_plugin.viewers import CryoqaFscViewer, CryoqaProtocolViewer, CryoqaVolumeViewer, files  # noqa: E402
from cryoqa_plugin.viewers.chimerax import write_script  # noqa: E402

pytestmark = pytest.mark.scipion


@pytest.fixture
def results(finished):
    viewer = CryoqaProtocolViewer(project=finished[0])
    viewer.setProtocol(finished[1])
    return viewer


@pytest.fixture
def coloured(local):
    viewer = CryoqaProtocolViewer(project=local[0])
    viewer.setProtocol(local[1])
    return viewer


def test_scipion_offers_them(finished):
    from pwem import Domain
    _, protocol = finished
    for target, viewer in ((protocol, CryoqaProtocolViewer), (protocol.outputVolume, CryoqaVolumeViewer),
                           (protocol.outputFSCs, CryoqaFscViewer), (protocol.inputMask.get(), CryoqaVolumeViewer)):
        assert viewer in Domain.findViewers(target, "tkinter")


def test_files_of_a_run(finished, tiny_halves):
    maps, masks = files.of_run(finished[1])
    assert list(maps)[0] == "outputVolume" and {"half1 (input)", "half2 (input)"} <= set(maps) and list(masks) == ["mask (input)"]
    half = maps["half1 (input)"].read()
    assert half.voxel_size == pytest.approx((1.5,) * 3) and half.origin == pytest.approx((3.0, 4.5, 6.0))
    np.testing.assert_array_equal(half.data, tiny_halves["half1"].data)
    masks, volumes = files.of_project(finished[0])
    assert [name.split(" (")[0] for name in masks][:1] == ["source: inputMask"]
    assert [name.split(" (")[0] for name in volumes][:3] == ["source: half1", "source: half2", "my fsc: outputVolume"]


def test_a_volume_brings_its_half_maps(finished):
    assert list(files.of_object(finished[1].outputVolume)) == ["sharpened.mrc", "half1.mrc", "half2.mrc"]


def test_every_button_of_the_results_gives_a_view(results, coloured):
    maps_only = {"showSphere", "showScores", "showAxes", "showOver", "showEntry", "showFolder"}
    for viewer, missing in ((results, maps_only | {"showColoured", "showHistogram"}), (coloured, maps_only | {"showGuinier", "showPlots"})):
        buttons = {n for n in viewer._getVisualizeDict() if viewer.getParam(n) is not None}
        assert set(viewer._getVisualizeDict()) - buttons == missing
        for name in buttons:
            assert len(viewer._getVisualizeDict()[name](name)) == 1


def test_buttons_without_anything_to_show_are_left_out(finished):
    from cryoqa_plugin.protocols import CryoqaProtMapInfo
    viewer = CryoqaProtocolViewer(project=finished[0])
    viewer.setProtocol(finished[0].newProtocol(CryoqaProtMapInfo))
    assert viewer.getParam("showReport") is not None
    assert viewer.getParam("showMaps") is None and viewer.getParam("showCurves") is None


def test_the_report_opens_in_the_browser_and_is_drawn_when_missing(results, monkeypatch):
    opened = []
    monkeypatch.setattr(webbrowser, "open", lambda uri: opened.append(uri) or True)
    path = results.protocol._getExtraPath("report.html")
    if os.path.exists(path):
        os.remove(path)
    results._show_report()[0].show()
    assert os.path.isfile(path) and opened == ["file://" + os.path.abspath(path)]
    drawn = os.path.getmtime(path)
    os.utime(path, (drawn - 3600, drawn - 3600))                     # that of a run before
    results._show_report()[0].show()
    assert os.path.getmtime(path) >= drawn
    os.utime(path, (drawn + 10, drawn + 10))
    results._show_report()[0].show()
    assert os.path.getmtime(path) - drawn > 9 and len(opened) == 3           # not drawn again


def test_without_a_browser_the_place_of_the_report_is_said(results, monkeypatch):
    from cryoqa_plugin.viewers.viewer_protocols import ReportView
    said = []

    class Note:
        def show(self):
            said.append(self.text)

    def say(text):
        note = Note()
        note.text = text
        return note

    monkeypatch.setattr(webbrowser, "open", lambda uri: False)
    ReportView(results.protocol._getExtraPath(), say).show()
    ReportView(results.protocol._getTmpPath(), say).show()
    assert "report.html" in said[0] and "holds no result.json" in said[1]


def test_the_script_for_chimerax_places_the_maps_as_scipion_does(results, tmp_path):
    with open(results.script(), encoding="utf-8") as stream:
        text = stream.read()
    assert text.count('open "') == 5 == text.count("voxelSize 1.5,1.5,1.5 origin 3,4.5,6")
    assert "#5 style mesh level 0.5" in text and "hide #2 models" in text
    headers = [f.header() for f in files.of_run(results.protocol)[0].values()]
    with open(write_script(str(tmp_path / "m.cxc"), headers[:1], model="a b.cif"), encoding="utf-8") as stream:
        assert f'open "{os.path.abspath("a b.cif")}"' in stream.read()


def test_the_density_is_coloured_in_chimerax_with_a_key(coloured, tiny_halves):
    assert coloured.getParam("surface").choices[coloured.surface.get()] == "the map of the volume"
    with open(coloured.script(), encoding="utf-8") as stream:
        lines = stream.read().split("\n")
    opened = [line for line in lines if line.startswith("open")]
    # A file of the project is named from the folder of the script, where ChimeraX goes, and one from elsewhere in full.
    assert opened[0] == f'open "{tiny_halves["paths"]["full_map"]}"' and opened[1] == 'open "resolution_map.mrc"' and len(opened) == 3
    assert "hide #1 models" not in lines and {"hide #2 models", "hide #3 models"} <= set(lines)
    sample, key = (next(line for line in lines if line.startswith(word)) for word in ("color sample", "key"))
    values = [float(part.split(",")[0]) for part in sample.split(" palette ")[1].split(":")]
    r = coloured.protocol.result()["metrics"]["median"]["value"]
    shown = read_map(coloured.protocol._getExtraPath("resolution_map.mrc")).data
    low, high = np.quantile(shown[(shown > 0) & (tiny_halves["mask"].data >= 0.5)], (0.02, 0.98))
    assert sample.startswith("color sample #1 map #2 palette 0,#b4b4b4:") and values[-1] == pytest.approx(max(1.6 * r, high), rel=1e-4)
    assert float(key.split()[1].split(":")[1]) == pytest.approx(min(0.8 * r, low), abs=0.006) and len(key.split()[1:8]) == 7
    # A volume without origin lies with its middle at 0 in Scipion, whatever the header says; the mask must not lie beside it.
    assert "volume #1 voxelSize 1.5,1.5,1.5 origin -24,-24,-24" in lines


def test_masks_and_values_of_its_box_lie_on_the_surface(local):
    from cryoqa_plugin.viewers.chimerax_view import on_the_map
    map_, mask = (replace(read_header(local[1]._getExtraPath("resolution_map.mrc")), origin=o) for o in ((3.0, 4.5, 6.0), (-24.0,) * 3))
    assert on_the_map(mask, map_).origin == map_.origin
    other = replace(mask, shape=(30, 32, 32))
    assert on_the_map(other, map_) is other


def test_colours_range_and_surface_are_chosen_for_chimerax(coloured):
    coloured.surface.set(next(i for i, n in enumerate(coloured._surfaces()) if n.startswith("my fsc: outputVolume")))
    coloured.colours.set(2)                                          # viridis
    coloured.lowest.set(2.0)
    coloured.highest.set(8.0)
    with open(coloured.script(), encoding="utf-8") as stream:
        text = stream.read()
    assert "sharpened.mrc" in text.split("\n")[1] and "key #440154:2.00" in text and "#fde725:8.00 pos" in text
    coloured.lowest.set(9.0)
    assert "does not go from a lower to a higher" in _said(coloured._show_chimerax()[0])
    coloured.colouredBy.set(0)
    with open(coloured.script(), encoding="utf-8") as stream:
        assert "color sample" not in stream.read()


def _said(view):
    """The sentence of a view that shows one."""
    return " ".join(str(v) for v in view.__dict__.values())


def test_a_volume_without_origin_lies_with_its_middle_at_zero(local):
    volume = local[1].inputVolume.get()
    assert not volume.hasOrigin() and files.of_volume(volume).origin == tuple(volume.getOrigin(force=True).getShifts()) == (-24.0,) * 3
    assert files.of_volume(local[1].inputMask.get()).header().origin == (-24.0,) * 3
    told = files.of_run(local[1])[0]["outputResolution"]
    assert told.quantity == "resolution" and told.resolution == pytest.approx(local[1].result()["metrics"]["median"]["value"])


def test_the_mean_of_the_half_maps_is_offered(local, tiny_halves, tmp_path):
    found = files.densities(local[1])
    assert list(found) == ["the map of the volume", "mean of the half-maps"]
    mean = found["mean of the half-maps"]
    np.testing.assert_allclose(mean.read().data, tiny_halves["full_map"].data, atol=1e-6)
    written = mean.one_file(str(tmp_path / "mean.mrc"))
    np.testing.assert_array_equal(read_map(written.path).data, mean.read().data)
    assert written.other is None and found["the map of the volume"].one_file("never") is found["the map of the volume"]


def test_chimerax_is_used_where_it_is(results, tmp_path, monkeypatch):
    from pwem.viewers import Chimera, ChimeraView
    program = tmp_path / "ChimeraX"
    program.write_text("")
    monkeypatch.setattr(Chimera, "getProgram", staticmethod(lambda *a: str(program)))
    assert isinstance(results._show_chimerax()[0], ChimeraView)


# -------------------------- windows --------------------------

@pytest.mark.gui
def test_local_resolution_opens_as_coloured_density(coloured, screen, tmp_path):
    window = coloured._show_coloured()[0].open()
    try:
        window.root.update()
        scene = window.scene
        assert (scene.name, scene.overlay_name, scene.quantity) == ("the map of the volume", "outputResolution", "resolution")
        assert scene.mask is not None and window.message.get() == "" and window.look.scale is None
        assert [float(e.get()) for e in window.ends] == pytest.approx([scene.scale.low, scene.scale.high], rel=0.01)
        drawn = np.asarray(window.axes[0].images[1].get_array())[..., 3] > 0
        z = window.look.position[2]
        np.testing.assert_array_equal(drawn, (scene.overlay.data[z] > 0) & (scene.mask.data[z] >= 0.5))
        _type(window.ends, "3", "6")
        window.set_range()
        window.colours.set("viridis")
        window.sliders["threshold"].set(1.5)
        window.root.update()
        assert (window.look.scale.low, window.look.scale.high, window.look.colours, window.look.threshold) == (3, 6, "viridis", 1.5)
        _type(window.ends, "6", "3")
        window.set_range()
        assert "from a lower to a higher" in window.message.get() and window.range.low == 3
        _type(window.ends, "six", "3")
        window.set_range()
        assert "needs two numbers" in window.message.get()
        window.reset_range()
        window.mode.set("Gallery")
        window.along.set("along x")
        window.sliders["count"].set(6)
        window.root.update()
        window._changed()
        window.root.update()
        assert window.look.scale is None and len(window.axes) == 6 and window.axes[0].get_title().startswith("x = ")
        window.open_chimerax()
        with open(window.message.get().split(" is ")[-1], encoding="utf-8") as stream:
            text = stream.read()
        assert "color sample #1 map #2" in text and f"level {scene.level(window.look):.6g}" in text
    finally:
        window.root.destroy()


def _type(entries, *texts):
    for entry, text in zip(entries, texts):
        entry.delete(0, "end")
        entry.insert(0, text)


@pytest.mark.gui
def test_thresholds_of_the_fsc_are_typed(results, screen):
    window = results._show_curves()[0].open()
    try:
        _type([window.field], "0.3")
        window.draw()
        legend = [t.get_text() for t in window.view.figure.axes[0].get_legend().get_texts()]
        assert all("at 0.3" in text and "0.143" not in text for text in legend if "random" not in text)
        _type([window.field], "much")
        window.draw()
        assert "'much' is no threshold" in window.message.get()
    finally:
        window.root.destroy()


@pytest.mark.gui
def test_the_volume_window(results, screen, tmp_path, monkeypatch):
    window = results._show_maps()[0].open()
    try:
        window.root.update()
        assert window.scene.name == "outputVolume" and window.scene.mask is not None
        window.choose("overlay", "half1 (input)")
        window.sliders["z"].set(20)
        window.root.update()
        assert window.look.position == (16, 16, 20) and window.scene.overlay_name == "half1 (input)"
        assert window.look.threshold == 0
        support = window.choices["map"]["half1 (input)"].read()
        write_map(str(tmp_path / "support_map.mrc"), support.with_data(np.clip(support.data, 0.001, 1)))
        window.choices["overlay"]["support_map"] = files.MapFile.named(str(tmp_path / "support_map.mrc"))
        window.choose("overlay", "support_map")                      # noise of the solvent is not coloured
        window.root.update()
        assert window.look.threshold == 2 and (window.scene.scale.low, window.scene.scale.high) == (1, 0)
        window.mode.set("Projections (mean)")
        window._changed()
        window.root.update()
        assert window.axes[0].get_title() == "mean along z"
        window.mode.set("Three sections")
        window._changed()
        window.root.update()
        event = type("Event", (), {})()
        event.inaxes, event.xdata, event.ydata = window.axes[0], 3.0 + 5 * 1.5, 4.5 + 9 * 1.5
        window._clicked(event)
        window.root.update()
        assert window.look.position == (5, 9, 20)
        small = read_map(window.choices["map"]["half1 (input)"].path)
        write_map(str(tmp_path / "small.mrc"), small.with_data(np.ascontiguousarray(small.data[:20])))
        monkeypatch.setattr("cryoqa_plugin.viewers.volume_window.filedialog.askopenfilename", lambda **kw: str(tmp_path / "small.mrc"))
        window._browse("mask")
        assert "32 x 32 x 20" in window.message.get() and window.boxes["mask"].get() == "mask (input)"
        window._browse("map")                                        # another box: mask and second map go
        assert window.scene.map.shape == (20, 32, 32) and window.scene.mask is None and window.boxes["overlay"].get() == "none"
        (tmp_path / "broken.mrc").write_bytes(b"nothing")
        monkeypatch.setattr("cryoqa_plugin.viewers.volume_window.filedialog.askopenfilename", lambda **kw: str(tmp_path / "broken.mrc"))
        window._browse("map")
        assert "broken.mrc" in window.message.get() and window.boxes["map"].get() == "small.mrc"
        window.root.update()
    finally:
        window.root.destroy()


@pytest.mark.gui
def test_the_curve_windows(results, screen, finished):
    for view in (results._show_curves()[0], CryoqaFscViewer(project=finished[0])._visualize(finished[1].outputFSCs)[0]):
        window = view.open()
        window.root.update()
        assert window.root.winfo_width() >= 640 and window.view.figure.axes[0].get_legend() is not None
        window.root.destroy()


@pytest.fixture(params=["directional_fsc", pytest.param("monodir", marks=pytest.mark.heavy)])
def directional(request, finished, tiny_halves):
    """The viewer of a run of a capability with directions, executed in this process."""
    from cryoqa_plugin import protocols, runner
    project, _ = finished
    classes = {"directional_fsc": protocols.CryoqaProtDirectionalFsc, "monodir": protocols.CryoqaProtMonodir}
    protocol = project.newProtocol(classes[request.param])
    project.saveProtocol(protocol)
    protocol.makePathsAndClean()
    runner.execute(request.param, {n: tiny_halves["paths"][n] for n in ("half1", "half2", "mask")}, {}, protocol._getExtraPath())
    viewer = CryoqaProtocolViewer(project=project)
    viewer.setProtocol(protocol)
    return viewer


@pytest.mark.gui
def test_the_direction_sphere(directional, screen):
    assert directional.getParam("showSphere") is not None
    view = directional._getVisualizeDict()["showSphere"]("showSphere")[0]
    window = view.open()
    try:
        window.root.update()
        ball = view.figure.axes[0]
        assert len(view.figure.axes) == 5 and window.root.winfo_width() >= 640
        before, (x, y) = ball.azim, ball.transAxes.transform((0.5, 0.5))
        canvas = view.figure.canvas
        for name, shift in (("button_press_event", 0), ("motion_notify_event", 80), ("button_release_event", 80)):
            _mouse(canvas, name, x + shift, y)
        assert ball.azim != before                           # it turns with the mouse
    finally:
        window.root.destroy()


def _mouse(canvas, name, x, y):
    from matplotlib.backend_bases import MouseButton, MouseEvent
    canvas.callbacks.process(name, MouseEvent(name, canvas, x, y, MouseButton.LEFT))


@pytest.mark.gui
def test_closing_a_window_does_not_end_the_program(finished, screen, monkeypatch):
    """Scipion opens viewers without a parent by a right click, and its own class of windows then exits when one is closed."""
    import tkinter
    view = CryoqaFscViewer(project=finished[0])._visualize(finished[1].outputFSCs)[0]
    build, gone = view.open, []

    def open_and_close_soon():
        window = build()
        window.root.bind("<Destroy>", lambda event: gone.append(True))
        window.root.after(200, lambda: window.root.tk.eval(window.root.protocol("WM_DELETE_WINDOW")))
        return window

    monkeypatch.setattr(view, "open", open_and_close_soon)
    monkeypatch.setattr(tkinter, "_default_root", None)
    view.show()                                              # alone: stays until it is closed, then comes back
    assert gone


@pytest.mark.gui
def test_the_viewer_of_a_volume(finished, screen):
    view = CryoqaVolumeViewer(project=finished[0])._visualize(finished[1].outputVolume)[0]
    window = view.open()
    window.root.update()
    assert window.scene.map.origin == pytest.approx((3.0, 4.5, 6.0)) and window._offered("overlay")[0] == "none"
    window.root.destroy()


def test_the_resolution_of_the_map_is_that_of_the_report():
    def metrics(**values):
        return {"metrics": {n: dict(value=v, unit=u) for n, (v, u) in values.items()}}
    fsc, local = metrics(resolution=(3.0, "Å")), metrics(median=(3.2, "Å"), resolution=(9.0, "Å"))
    assert files.resolution_of({"local_fsc": local}) == 3.2 and files.resolution_of({"local_fsc": local, "fsc": fsc}) == 3.0
    assert files.resolution_of({"locbfactor": metrics(median=(236.0, "Å²"), resolution=(3.1, "Å"))}) == 3.1
    assert files.resolution_of({"mask": metrics()}) is None


def test_one_volume_of_a_set_is_coloured_by_its_own_values(local):
    whole = files.densities(local[1])["the map of the volume"]
    maps = {"inputVolume 1: a": whole, "inputVolume 2: b": whole, "mean of the half-maps": whole}
    assert files.density_for(maps, whole, "outputResolutions 2: b") == "inputVolume 2: b"
    assert files.density_for(maps, whole, "outputResolution") == "mean of the half-maps"
    assert files.density_for({}, whole, "outputResolutions 2: b") == ""


@pytest.fixture
def foreign(finished, local):
    """A run of another program with a map of local resolution, as MonoRes names it, and a set of two volumes."""
    from pwem.objects import SetOfVolumes, Volume
    from pwem.protocols import ProtImportVolumes
    project = finished[0]
    run = project.newProtocol(ProtImportVolumes)
    project.saveProtocol(run)
    run.makePathsAndClean()
    made, several = Volume(), SetOfVolumes.create(run._getPath())
    resolution = local[1]._getExtraPath("resolution_map.mrc")
    path = run._getExtraPath("map_of_another_name.mrc")
    write_map(path, read_map(resolution))
    for volume in (made, Volume(), Volume()):
        volume.setFileName(path)
        volume.setSamplingRate(1.5)
        if volume is not made:
            several.append(volume)
    several.setSamplingRate(1.5)
    several.write()
    run._defineOutputs(resolution_Volume=made, outputVolumes=several)
    project.saveProtocol(run)
    yield run
    project.deleteProtocol(run)


@pytest.mark.gui
def test_the_resolution_of_another_program_is_one(foreign, finished, screen):
    _, volumes = files.of_project(finished[0])
    found = [(n, f.quantity) for n, f in volumes.items() if f.path.endswith("map_of_another_name.mrc")]
    assert [q for _, q in found] == ["resolution", "density", "density"] and "outputVolumes 2" in found[2][0]
    window = CryoqaVolumeViewer(project=finished[0])._visualize(foreign.resolution_Volume)[0].open()
    try:
        window.root.update()
        assert window.scene.quantity == "resolution" and window.scene.name != "map_of_another_name.mrc"
        values = window.scene.values()
        assert window.scene.scale.high == pytest.approx(max(1.6 * np.median(values), np.quantile(values, 0.98)))
    finally:
        window.root.destroy()


@pytest.mark.gui
def test_a_resolution_map_opens_as_the_density_of_its_run(local, screen):
    view = CryoqaVolumeViewer(project=local[0])._visualize(local[1].outputResolution)[0]
    window = view.open()
    try:
        window.root.update()
        assert window.scene.name == "the map of the volume" and window.scene.quantity == "resolution"
        assert window.scene.resolution == pytest.approx(local[1].result()["metrics"]["median"]["value"])
        window.choose("overlay", "none")
        window.root.update()
        assert len(window.axes[0].images) == 1
    finally:
        window.root.destroy()
