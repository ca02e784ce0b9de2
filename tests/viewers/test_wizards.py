"""The wands of the forms: found by Scipion, right numbers on the sections, and a window that gives back what was set."""
from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("pwem", reason="Scipion (scipion-em) is not installed")

from pwem import Domain  # noqa: E402
from pwem.objects import Volume  # noqa: E402

from cryoqa_plugin import protocols, wizards  # noqa: E402
from cryoqa_plugin.io.maps import Map  # noqa: E402

pytestmark = pytest.mark.scipion


class Form:
    """What a wand needs of a form: its protocol, its window, and the fields."""

    def __init__(self, protocol, root=None):
        self.protocol, self.root, self.set = protocol, root, {}

    def setVar(self, name, value):  # noqa: N802 (Scipion's name)
        self.set[name] = value


@pytest.mark.parametrize("cls, name, wizard", [
    ("CryoqaProtMask", "threshold", "CryoqaLevelWizard"), ("CryoqaProtMask", "radius", "CryoqaRadiusWizard"),
    ("CryoqaProtMask", "resolution", "CryoqaResolutionWizard"), ("CryoqaProtContour", "contour", "CryoqaLevelWizard"),
    ("CryoqaProtValidate", "contour", "CryoqaLevelWizard"), ("CryoqaProtValidate", "resolution", "CryoqaResolutionWizard"),
    ("CryoqaProtRelionLocres", "radius", "CryoqaRadiusWizard")])
def test_scipion_finds_the_wands(cls, name, wizard):
    found = Domain.findWizards(getattr(protocols, cls)(), "tkinter")
    assert found[name].__name__ == wizard


def test_every_wand_has_its_field_and_an_fsc_has_no_density():
    for wizard in (wizards.CryoqaLevelWizard, wizards.CryoqaRadiusWizard, wizards.CryoqaResolutionWizard):
        assert wizard._targets
        for cls, names in wizard._targets:
            assert cls().getParam(names[0]) is not None
    assert (protocols.CryoqaProtFsc, ["threshold"]) not in wizards.CryoqaLevelWizard._targets


def test_resolutions_of_the_project_are_listed(finished):
    project, protocol = finished
    known = wizards.resolutions(project)
    wanted = protocol.result()["metrics"]["resolution"]["value"]
    mine = next(r for r in known if "my fsc" in r.words)     # other tests run protocols in this project, too
    assert mine.value == pytest.approx(wanted) and "Å" in mine.words


def test_the_density_is_that_of_the_form(finished, tiny_halves):
    project, _ = finished
    protocol = project.newProtocol(protocols.CryoqaProtContour)
    assert wizards.density(protocol) == (None, "Choose the volume first.")
    volume = Volume()
    volume.setFileName(tiny_halves["paths"]["full_map"])
    volume.setSamplingRate(1.6)
    protocol.inputVolume.set(volume)
    map_, why = wizards.density(protocol)
    assert why == "" and map_.voxel_size == pytest.approx((1.6,) * 3) and map_.origin == pytest.approx((-25.6,) * 3)


def test_what_a_level_and_a_radius_mean():
    from cryoqa_plugin.wizards.sections import sentence, start_and_range
    data = np.zeros((10, 12, 14), np.float32)
    data[:5] = 2.0
    map_ = Map(data, (2.0, 2.0, 2.0))
    assert "50 % of the box" in sentence(map_, "level", 1.0) and "6.72 nm³" in sentence(map_, "level", 1.0)      # 840 voxels of 8 Å³
    start, low, high = start_and_range(map_, "level")
    assert low == pytest.approx(1.0) and high == 2.0 and low <= start <= high
    assert start_and_range(map_, "radius") == pytest.approx((20 / 3, 2.0, 10.0))


def test_sections_show_the_ball_in_angstrom_and_the_contour(tiny_halves):
    from matplotlib.figure import Figure
    from matplotlib.patches import Circle

    from cryoqa_plugin.wizards.sections import draw
    figure = Figure()
    draw(figure, tiny_halves["full_map"], "radius", 12.5)
    balls = [p for ax in figure.axes for p in ax.patches if isinstance(p, Circle)]
    assert [b.radius for b in balls] == [12.5] * 3
    assert [ax.get_xlabel()[0] + ax.get_ylabel()[0] for ax in figure.axes] == ["xy", "xz", "yz"]
    draw(figure, tiny_halves["full_map"], "level", float(tiny_halves["full_map"].data.mean()))
    assert all(len(ax.collections) == 1 for ax in figure.axes)


@pytest.mark.gui
@pytest.mark.parametrize("name, wizard, value", [("contour", "CryoqaLevelWizard", 0.25)])
def test_a_level_that_was_set_stands_in_the_form(finished, tiny_halves, screen, name, wizard, value, monkeypatch):
    import tkinter

    from pyworkflow.gui import gui
    from pyworkflow.gui.dialog import RESULT_YES

    from cryoqa_plugin.wizards import sections
    project, _ = finished
    protocol = project.newProtocol(protocols.CryoqaProtContour)
    volume = Volume()
    volume.setFileName(tiny_halves["paths"]["full_map"])
    volume.setSamplingRate(1.5)
    protocol.inputVolume.set(volume)
    monkeypatch.setattr(gui, "image_cache", {})              # its icons belong to the windows of other tests, which are gone
    monkeypatch.setattr(tkinter, "_default_root", None)      # and so may the first window be
    root = tkinter.Tk()
    body, shown = sections.SectionsDialog.body, []

    def then_set(dialog, master):
        body(dialog, master)

        def press():
            dialog._moved(str(value))
            dialog.update()
            shown.append((dialog.words.get(), dialog.entry.get()))
            dialog._handleResult(RESULT_YES)                 # what the button OK calls

        dialog.after(300, press)

    monkeypatch.setattr(sections.SectionsDialog, "body", then_set)
    form = Form(protocol, root)
    try:
        getattr(wizards, wizard)().show(form, name)
    finally:
        root.destroy()
    assert shown[0][1] == "0.25" and shown[0][0].startswith("Level 0.25: ")
    assert form.set == {name: "0.25"}
