"""A set of volumes in: one result each, sets of them out, one page with a row each; and a project that was moved."""
from __future__ import annotations

import csv
import os

import numpy as np
import pytest

pytest.importorskip("pwem", reason="Scipion (scipion-em) is not installed")

from pwem.objects import SetOfFSCs, SetOfVolumes, VolumeMask  # noqa: E402
from pwem.protocols import ProtImportVolumes  # noqa: E402

from cryoqa_plugin import protocols  # noqa: E402
from cryoqa_plugin.io.maps import read_map, write_map  # noqa: E402
from cryoqa_plugin.protocols.inputs import NONE, OF_VOLUME, TWO_VOLUMES  # noqa: E402
from cryoqa_plugin.results import read_json  # noqa: E402
from test_scipion_meaning import volume_of  # noqa: E402

pytestmark = pytest.mark.scipion
NAMES = ("body 1", "body_2", "flat")


@pytest.fixture(scope="module")
def bodies(workshop, tiny_halves, tmp_path_factory):
    """A set of three volumes with half-maps in the project, as (protocol, output); the last one holds a single value."""
    folder = tmp_path_factory.mktemp("bodies")
    flat = str(folder / "flat.mrc")
    write_map(flat, tiny_halves["full_map"].with_data(np.ones((32,) * 3, np.float32)))
    source = workshop.project.newProtocol(ProtImportVolumes)
    workshop.project.saveProtocol(source)
    source.makePathsAndClean()
    made = SetOfVolumes.create(source._getPath())
    paths = tiny_halves["paths"]
    for name in NAMES:
        halves = [flat, flat] if name == "flat" else [paths["half1"], paths["half2"]]
        volume = volume_of(flat if name == "flat" else paths["full_map"], 1.5, halves, (3.0, 4.5, 6.0))
        volume.setObjLabel(name)
        made.append(volume)
    made.setSamplingRate(1.5)
    made.write()
    source._defineOutputs(outputVolumes=made)
    workshop.project.saveProtocol(source)
    return source, "outputVolumes"


def test_each_volume_of_a_set_has_its_files(workshop, bodies, tiny_halves):
    protocol = workshop.make(protocols.CryoqaProtFsc, inputVolume=bodies, halves=OF_VOLUME)
    from cryoqa_plugin.protocols.inputs import members_of
    members = members_of(protocol)
    assert [m.name for m in members] == ["body_1", "body_2", "flat"]
    assert [os.path.basename(m.folder) for m in members] == [m.name for m in members]
    files = protocol._files(members[1])
    assert files.sources == {kind: tiny_halves["paths"][kind] for kind in ("half1", "half2")}
    assert files.origins["half1"] == (3.0, 4.5, 6.0) and files.voxel_sizes["half2"] == 1.5
    assert protocol._possibleOutputs["outputVolumes"] is SetOfVolumes and protocol._possibleOutputs["outputFSCs"] is SetOfFSCs
    assert protocol._validate() == []


def test_what_a_set_cannot_be_is_said(workshop, bodies, tiny_halves):
    protocol = workshop.make(protocols.CryoqaProtFsc, inputVolume=bodies, halves=TWO_VOLUMES)
    assert any("for a set of volumes choose" in line for line in protocol._validate())
    protocol = workshop.make(protocols.CryoqaProtFsc, halves=TWO_VOLUMES, half1=bodies, half2=bodies)
    assert any("is a set of volumes; choose one of its volumes" in line for line in protocol._validate())
    empty = SetOfVolumes.create(bodies[0]._getPath(), suffix="empty")
    protocol = workshop.make(protocols.CryoqaProtMapInfo, halves=NONE)
    protocol.inputVolume.set(empty)
    assert any("set without volumes" in line for line in protocol._validate())
    protocol.inputVolume.set(bodies[0].outputVolumes)                    # given by Python, as an object
    assert protocol._validate() == [] and len(protocol.summary()) == 3
    protocol = workshop.make(protocols.CryoqaProtCompareMaps, halves=NONE, inputOthers=[bodies])
    assert set(protocol._files().sources) == {"others_1", "others_2", "others_3"}


@pytest.mark.heavy
def test_a_set_gives_sets_and_a_row_each(workshop, bodies, tiny_halves):
    protocol = workshop.run(workshop.make(protocols.CryoqaProtAutoSharpen, inputVolume=bodies, halves=OF_VOLUME, drawReport=True))
    made = dict(protocol.iterOutputAttributes())
    assert set(made) == {"outputVolumes", "outputSharpenedHalf1Set", "outputSharpenedHalf2Set"}
    assert all(type(item) is SetOfVolumes and item.getSize() == 2 for item in made.values())
    for volume, name in zip(made["outputVolumes"].iterItems(), ("body_1", "body_2")):
        assert volume.getObjLabel() == name and os.path.dirname(volume.getFileName()) == protocol._getExtraPath(name)
        assert tuple(volume.getOrigin().getShifts()) == (3.0, 4.5, 6.0) and volume.getSamplingRate() == pytest.approx(1.5)
        assert list(volume.getHalfMaps(asList=True)) == [tiny_halves["paths"][k] for k in ("half1", "half2")]
        assert np.ptp(read_map(volume.getFileName()).data) > 0
        assert os.path.isfile(protocol._getExtraPath(name, "report.html"))
    with open(protocol._getExtraPath("group.tsv"), encoding="utf-8") as stream:
        rows = {row["name"]: row for row in csv.DictReader(stream, delimiter="\t")}
    assert list(rows) == ["body_1", "body_2", "flat"] and rows["flat"]["error"] and not rows["body_1"]["error"]
    with open(protocol._getExtraPath("report.html"), encoding="utf-8") as stream:
        page = stream.read()
    assert 'href="body_1/report.html"' in page and page.count("<tr data-map=") == 3
    assert [line.split(":")[0] for line in protocol.summary()] == ["*body_1*", "*body_2*", "*flat*"]
    fsc = workshop.run(workshop.make(protocols.CryoqaProtFsc, inputVolume=(protocol, "outputVolumes"), halves=OF_VOLUME))
    labels = [item.getObjLabel() for item in fsc.outputFSCs]
    assert {"body_1: unmasked", "body_2: unmasked"} <= set(labels) and fsc.outputVolumes.getSize() == 2
    assert not os.path.exists(fsc._getExtraPath("body_1", "report.html")) and os.path.isfile(fsc._getExtraPath("report.html"))


@pytest.mark.heavy
def test_a_validation_of_a_set_registers_every_map(workshop, bodies):
    protocol = workshop.run(workshop.make(protocols.CryoqaProtValidate, inputVolume=bodies, halves=OF_VOLUME, level1=False, levelA=False,
                                          drawReport=False))
    made = dict(protocol.iterOutputAttributes())
    assert {"outputMasks", "outputContourMasks", "outputLocbfactorBfactors"} <= set(made)
    assert all(isinstance(item, VolumeMask) for item in made["outputMasks"].iterItems())
    written = {os.path.join("body_1", d, n) for d in os.listdir(protocol._getExtraPath("body_1"))
               if os.path.isdir(protocol._getExtraPath("body_1", d)) for n in os.listdir(protocol._getExtraPath("body_1", d))
               if n.endswith(".mrc")}
    registered = {os.path.relpath(v.getFileName(), protocol._getExtraPath()) for s in made.values() if isinstance(s, SetOfVolumes)
                  for v in s.iterItems()}
    assert {n for n in written if "mirrored_half" not in n} <= registered and written


@pytest.mark.heavy
def test_a_moved_project_opens(workshop, tiny_halves):
    """Inputs in the project are named relative to it; the report can be drawn where it lies now."""
    from pwem import Domain
    from pyworkflow.project import Project

    from cryoqa_plugin.report.assemble import write_report
    protocol = workshop.run(workshop.make(protocols.CryoqaProtMapInfo, inputVolume=workshop.volume, halves=OF_VOLUME))
    paths = {kind: entry["path"] for kind, entry in read_json(protocol._getExtraPath("result.json"))["inputs"].items()}
    assert len(paths) == 3 and not any(os.path.isabs(path) for path in paths.values()), paths
    here = os.getcwd()
    moved = here + "_moved"
    os.rename(here, moved)
    try:
        os.chdir(moved)
        project = Project(Domain, moved)
        project.load()
        again = project.getProtocol(protocol.getObjId())
        assert again.summary()[0] == protocol.result()["summary"] and all(os.path.isfile(p) for p in paths.values())
        write_report(again._getExtraPath(), strict=True, formats=("html",))
        project.closeMapper()
    finally:
        os.rename(moved, here)
        os.chdir(here)


def test_the_report_comes_after_the_outputs_and_when_it_is_asked_for(workshop):
    protocol = workshop.make(protocols.CryoqaProtContour, inputVolume=workshop.volume)
    assert protocol.drawReport.get() is False and workshop.make(protocols.CryoqaProtValidate).drawReport.get() is True
    workshop.project.saveProtocol(protocol)
    protocol._steps = []
    protocol._insertAllSteps()
    names = [step.funcName.get() for step in protocol._steps]
    assert names == ["computeStep", "createOutputStep", "reportStep"]
    protocol.makePathsAndClean()
    protocol.reportStep(False)
    assert not os.path.exists(protocol._getExtraPath("report.html"))


def test_labels_have_no_prefix_and_missing_files_are_said(workshop, tiny_halves, tmp_path):
    from pwem.emlib.image import ImageHandler
    for name in protocols.__all__:
        cls = getattr(protocols, name)
        assert cls.getClassLabel() == cls._label
    spider = str(tmp_path / "half.vol")
    ImageHandler().convert(tiny_halves["paths"]["half1"], spider)
    for path in (tiny_halves["paths"]["half1"], spider):                 # also where another input is yet to be converted
        protocol = workshop.make(protocols.CryoqaProtPostprocess, halves=TWO_VOLUMES, inputMtf="/nope.star")
        protocol.half1.set(volume_of(path, 1.5))
        protocol.half2.set(volume_of(tiny_halves["paths"]["half2"], 1.5))
        said = protocol._validate()
        assert len(said) == 1 and "/nope.star" in said[0] and "--" not in said[0]
    for name in protocols.__all__:                           # what a form says of itself has no words of the command line
        for line in workshop.project.newProtocol(getattr(protocols, name))._validate():
            assert "--" not in line and "cryoqa " not in line, line
