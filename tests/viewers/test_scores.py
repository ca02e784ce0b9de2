"""Scores of residues on a structure: what Scipion reads of it, the pictures, the form, and the script for ChimeraX."""
from __future__ import annotations

import os

import numpy as np
import pytest

pytest.importorskip("pwem", reason="Scipion (scipion-em) is not installed")

from matplotlib.figure import Figure  # noqa: E402

from cryoqa_plugin.io.models import Attribute, read_attributes, read_model, write_model  # noqa: E402
from cryoqa_plugin.methods.model.residue_scores import carried  # noqa: E402
from cryoqa_plugin.protocols import CryoqaProtFsc, CryoqaProtValidate  # noqa: E402
from cryoqa_plugin.protocols.base import CryoqaProtocol  # noqa: E402
from cryoqa_plugin.protocols.outputs import in_its_map  # noqa: E402
from cryoqa_plugin.report.scale import Scale  # noqa: E402
from cryoqa_plugin.results import Output  # noqa: E402
from cryoqa_plugin.study.residues import residues_of  # noqa: E402
from cryoqa_plugin.viewers import CryoqaProtocolViewer, CryoqaScoresViewer, viewer_scores  # noqa: E402
from cryoqa_plugin.viewers.score_figures import Along, chains_of, draw_along, places  # noqa: E402

pytestmark = pytest.mark.scipion

PDB = """\
ATOM      1  N   GLY A  11      25.000  28.500  30.000  1.00 30.00           N
ATOM      2  CA  GLY A  11      26.458  28.500  30.000  1.00 30.00           C
ATOM      3  C   GLY A  11A     27.009  29.920  30.000  1.00 30.00           C
ATOM      4  O   GLY A  14      26.251  30.893  30.000  1.00 30.00           O
ATOM      5  O5'  DG B   2      36.251  30.893  30.000  1.00 30.00           O
TER
END
"""
QUALITY = np.array([0.9, 0.4, np.nan, 0.2])
OF_ATOMS = np.array([1.0, 0.0, 0.25, 0.5, 0.75])


class Scored(CryoqaProtocol):
    """A run whose only output is a structure with scores."""

    _label = "scored"
    _capability = "model_fit"

    @classmethod
    def _declared(cls):
        return {"scored_model": Output("outputAtomStruct", "model")}


@pytest.fixture(scope="module")
def structure(tmp_path_factory):
    """Path of an mmCIF with a score of residues and one of atoms."""
    folder = tmp_path_factory.mktemp("scores")
    (folder / "model.pdb").write_text(PDB)
    model = read_model(str(folder / "model.pdb"))
    made = carried(model, residues_of(model), {"quality": QUALITY}, {"density": OF_ATOMS})
    path = str(folder / "scored_model.cif")
    write_model(path, made["scored_model"])
    return path


@pytest.fixture(scope="module")
def run(finished, structure):
    """The finished run with its output in its map."""
    from pwem.objects import AtomStruct
    project, source = finished
    protocol = project.newProtocol(Scored)
    project.saveProtocol(protocol)
    protocol.setObjLabel("my scores")
    protocol.makePathsAndClean()
    protocol._defineOutputs(outputAtomStruct=in_its_map(AtomStruct(filename=structure), source.outputVolume))
    project.saveProtocol(protocol)
    return project, protocol


@pytest.fixture
def viewer(run):
    found = CryoqaScoresViewer(project=run[0])
    found.setProtocol(run[1])
    return found


def test_scipions_own_reader_reads_the_scores(structure):
    from pwem.convert.atom_struct import NAME, RECIP, SPEC, VALUE, AtomicStructHandler, toCIF
    handler = AtomicStructHandler()
    found = handler.readLowLevel(toCIF(structure, ""))
    rows = list(zip(found[NAME], found[RECIP], found[SPEC], found[VALUE]))
    assert ("quality", "residues", "A:11A", "0.4000") in rows and ("density", "atoms", "B:2@O5'", "0.7500") in rows
    assert len(rows) == 3 + 5 and "A:14" not in [spec for name, _, spec, _ in rows if name == "quality"]
    handler.read(structure)
    assert [chain.id for chain in handler.getStructure()[0]] == ["A", "B"]


def test_what_is_written_is_read_again(structure):
    quality, density = read_attributes(structure)
    assert quality == Attribute("quality", "residues", {"A:11": 0.9, "A:11A": 0.4, "B:2": 0.2})
    assert density.recipient == "atoms" and density.values["A:11@CA"] == 0.0
    assert read_attributes("model.pdb") == ()


def test_the_viewer_of_scipion_finds_the_output_and_its_main_score(run):
    from pwem.viewers.viewer_localres import ChimeraAttributeViewer
    protocol = run[1]
    assert (protocol._OUTNAME, protocol._ATTRNAME) == ("outputAtomStruct", "quality")
    assert not hasattr(CryoqaProtFsc, "_OUTNAME") and not hasattr(run[0].newProtocol(CryoqaProtFsc), "_ATTRNAME")
    theirs = ChimeraAttributeViewer(project=run[0])
    theirs.setProtocol(protocol)
    assert theirs.getEnumText("attrName") == "quality"
    theirs.lowest.set(0.0), theirs.highest.set(1.0)
    plotter, = theirs._showHistogram()
    assert sum(bar.get_height() for bar in plotter.getFigure().axes[0].patches) == 3


def test_a_validation_shows_the_structure_of_the_report_of_the_model(run, structure, finished):
    from pwem.objects import AtomStruct
    protocol = run[0].newProtocol(CryoqaProtValidate)
    run[0].saveProtocol(protocol)
    assert not hasattr(protocol, "_OUTNAME") and not CryoqaScoresViewer.can_handle_this_instance(protocol)
    for name in ("outputQScoreAtomStruct", "outputModelReportAtomStruct"):
        protocol._defineOutputs(**{name: in_its_map(AtomStruct(filename=structure), finished[1].outputVolume)})
    assert protocol._OUTNAME == "outputModelReportAtomStruct" and protocol._ATTRNAME == "quality"


def test_the_structure_comes_with_its_map_and_keeps_it(run, finished):
    project, protocol = run
    again = project.getProtocol(protocol.getObjId())
    volume = again.outputAtomStruct.getVolume()
    assert volume.getFileName() == finished[1].outputVolume.getFileName()
    assert volume.getSamplingRate() == 1.5 and volume.getOrigin().getShifts() == finished[1].outputVolume.getOrigin().getShifts()


def test_analyze_results_opens_the_results_and_offers_the_scores(run):
    from pwem import Domain
    project, protocol = run
    offered = [v for v in Domain.findViewers(protocol, "tkinter")]
    assert CryoqaScoresViewer in offered and not CryoqaScoresViewer.can_handle_this_instance(project.newProtocol(CryoqaProtFsc))
    results = CryoqaProtocolViewer(project=project)
    results.setProtocol(protocol)
    assert results.getParam("showScores") is not None
    view, = results._show_scores()
    assert isinstance(view.viewer, CryoqaScoresViewer)


def test_the_form_offers_scores_and_chains(viewer):
    assert viewer.getParam("attrName").choices == ["quality", "density"] and viewer.getParam("chain").choices == ["all chains", "A", "B"]
    for name, views in viewer._getVisualizeDict().items():
        assert len(views(name)) == 1, name
    viewer.lowest.set(1.0)
    with pytest.raises(Exception, match="The range of the colours, 1 to "):
        viewer.scale()


def test_red_is_bad_whatever_the_score(viewer, monkeypatch):
    assert viewer._colours() == "red to blue"
    monkeypatch.setattr(viewer_scores, "_COUNTS", ("quality",))
    assert viewer._colours() == "blue to red"
    viewer.colours.set(3)
    assert viewer._colours() == "viridis"


@pytest.mark.parametrize("name, colours", [("stable_moved", "blue to red"), ("dm_spread", "blue to red"),
                                           ("stable_density", "red to blue")])
def test_how_far_models_spread_and_move_is_red_where_it_is_far(viewer, monkeypatch, name, colours):
    monkeypatch.setattr(CryoqaScoresViewer, "chosen", lambda self: Attribute(name, "residues", {"A:1": 1.0}))
    assert viewer._colours() == colours


def test_the_sequence_is_drawn_at_its_numbers(viewer):
    viewer.chain.set(1)
    view, = viewer._show_sequence()
    ax, = view.figure.axes
    assert [b.get_x() + 0.5 for b in ax.patches] == pytest.approx([11, 11.03])
    assert [b.get_height() for b in ax.patches] == pytest.approx([0.9, 0.4])


def test_scores_of_atoms_are_averaged_over_residues(structure):
    _, density = read_attributes(structure)
    a, b = chains_of(density)
    assert (a.chain, a.numbers, b.numbers) == ("A", ("11", "11A", "14"), ("2",))
    np.testing.assert_allclose(a.values, [0.5, 0.25, 0.5])


@pytest.mark.parametrize("numbers, at", [(("5", "5A", "7"), [5, 5.03, 7]), (("7", "6", "8"), [1, 2, 3]), (("1", "1", "2"), [1, 2, 3]),
                                         (("-3", "4"), [-3, 4])])
def test_places_of_residues(numbers, at):
    assert list(places(numbers)) == pytest.approx(at)


def test_of_many_chains_the_first_are_drawn_and_the_others_named():
    figure = Figure()
    chains = [Along(str(i), ("1", "2"), np.array([-0.5, 1.0])) for i in range(10)]
    axes = draw_along(figure, chains, Scale(0.0, 1.0), "quality")
    assert len(axes) == 8 and "2 more chains" in figure.texts[0].get_text() + figure._suptitle.get_text()
    assert axes[0].get_ylim()[0] == -0.5 and [p.get_y() for p in axes[0].patches] == [0.0, 0.0]


def test_the_script_colours_the_structure_in_its_map(viewer, structure, finished):
    viewer.lowest.set(0.0), viewer.highest.set(1.0)
    lines = open(viewer.script(), encoding="utf-8").read().splitlines()
    opened = [line.split('"')[1] for line in lines if line.startswith("open")]
    assert [os.path.basename(p) for p in opened] == [os.path.basename(finished[1].outputVolume.getFileName()), "scored_model.cif",
                                                     "cryoqa_scores.defattr"]
    colour, = [line for line in lines if line.startswith("color byattribute")]
    assert colour.startswith("color byattribute r:quality #2 palette 0,#a8242e:") and "1,#243c8c" in colour and "average" not in colour
    beside = os.path.join(os.path.dirname(viewer.script()), "cryoqa_scores.defattr")
    assert "\t/A:11A\t0.4000" in open(beside, encoding="utf-8").read()
    viewer.attrName.set(1)
    assert "color byattribute a:density #2 palette" in open(viewer.script(), encoding="utf-8").read()
    assert "average residues" in open(viewer.script(), encoding="utf-8").read()


def test_the_form_and_its_pictures_open(viewer, screen):
    view, = viewer._show_sequence()
    window = view.open()
    window.root.update()
    assert window.root.winfo_width() > 400
    window.root.destroy()
