"""Scores of residues in a project: the run in a process of its own, its output, and what the viewers read of it."""
from __future__ import annotations

import pytest

pytest.importorskip("pwem", reason="Scipion (scipion-em) is not installed")

from cryoqa_plugin.io.models import read_attributes  # noqa: E402
from cryoqa_plugin.protocols import CryoqaProtQScore  # noqa: E402

pytestmark = pytest.mark.scipion


def test_a_run_gives_a_structure_that_carries_its_scores_and_its_map(workshop):
    from pwem.viewers.viewer_localres import ChimeraAttributeViewer

    from cryoqa_plugin.viewers import CryoqaScoresViewer
    run = workshop.run(workshop.make(CryoqaProtQScore, inputVolume=workshop.volume, inputModel=workshop.model))
    run = workshop.project.getProtocol(run.getObjId())
    structure = run.outputAtomStruct
    table = run.result()["tables"]["residues"]
    found = read_attributes(structure.getFileName())
    assert found[0].name == run._ATTRNAME and run._OUTNAME == "outputAtomStruct"
    row = dict(zip(table["columns"], table["rows"][0]))
    assert found[0].values[f"{row['chain']}:{row['number']}"] == pytest.approx(row["q"], abs=1e-4)
    volume = workshop.volume[0].outputVolume
    assert structure.getVolume().getFileName() == volume.getFileName()
    assert structure.getVolume().getOrigin().getShifts() == volume.getOrigin().getShifts()
    for viewer in (ChimeraAttributeViewer, CryoqaScoresViewer):
        shown = viewer(project=workshop.project)
        shown.setProtocol(run)
        assert shown.getEnumText("attrName") == run._ATTRNAME
