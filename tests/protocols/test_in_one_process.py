"""All protocols one after the other in this process and in one project, as scripts run them."""
from __future__ import annotations

import pytest

pytest.importorskip("pwem", reason="Scipion (scipion-em) is not installed")

from cryoqa_plugin import protocols  # noqa: E402
from cryoqa_plugin.io.maps import write_map  # noqa: E402
from cryoqa_plugin.protocols.inputs import OF_VOLUME  # noqa: E402
from cryoqa_plugin.registry import CAPABILITIES  # noqa: E402
from sources import runnable  # noqa: E402
from test_running import BY_CAPABILITY, CASES, Case, _inputs  # noqa: E402

pytestmark = [pytest.mark.scipion, pytest.mark.heavy]


def _inside(project, protocol):
    """Run a protocol without a process of its own and store it."""
    from pyworkflow.protocol import StepExecutor
    project.saveProtocol(protocol)
    project._setupProtocol(protocol)
    protocol.makePathsAndClean()
    protocol.setStepsExecutor(StepExecutor(protocol.getHostConfig()))
    protocol.run()
    project.mapper.store(protocol)
    project.mapper.commit()
    assert protocol.isFinished(), protocol.getErrorMessage()
    return protocol


def test_all_protocols_run_in_one_process(workshop, tiny_halves, tmp_path):
    """No object may belong to two others: several volumes of a run must not share an origin."""
    done, rows = {}, {row.id: row for row in CAPABILITIES}
    for kind, name in (("full_map", "run_class001"), ("half1", "run_half1_class001_unfil"), ("half2", "run_half2_class001_unfil")):
        write_map(str(tmp_path / f"{name}.mrc"), tiny_halves[kind])

    def finished(capability):
        if capability not in done:
            case = CASES.get(capability, Case())
            if capability == "import_job":
                given = dict(inputJob=str(tmp_path))
            else:
                given = _inputs(rows[capability], workshop, finished, case.halves)
            protocol = workshop.make(BY_CAPABILITY[capability], **given, **case.values)
            assert protocol.validate() == [], capability
            done[capability] = _inside(workshop.project, protocol)
        return done[capability]

    for row in runnable(CAPABILITIES):
        protocol = finished(row.id)
        stored = workshop.project.mapper.selectById(protocol.getObjId())
        assert {n for n, _ in stored.iterOutputAttributes()} == {n for n, _ in protocol.iterOutputAttributes()}, row.id
    validation = workshop.make(protocols.CryoqaProtValidate, inputVolume=workshop.volume, halves=OF_VOLUME, level1=False, levelA=False)
    made = dict(_inside(workshop.project, validation).iterOutputAttributes())
    assert {"outputMask", "outputContourMask", "outputMapResolutionResolution"} <= set(made)
