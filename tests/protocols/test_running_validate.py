"""The validation report in a real project."""
from __future__ import annotations

import os

import pytest

from cryoqa_plugin.results import read_json

pytestmark = pytest.mark.scipion


def test_the_report_and_its_score_come_out(workshop):
    from cryoqa_plugin.protocols import CryoqaProtValidate
    protocol = workshop.make(CryoqaProtValidate, inputVolume=workshop.volume, resolution=6.0, level1=False, levelA=False)
    assert protocol.validate() == []
    workshop.run(protocol)
    document = read_json(protocol._getExtraPath("validation.json"))
    assert document["levels"] == ["0"] and document["reported"] == 6.0
    assert protocol.outputMask.getSamplingRate() == pytest.approx(1.5)
    assert os.path.isfile(protocol._getExtraPath("report.html")) and os.path.isfile(protocol._getExtraPath("guinier", "result.json"))
    said = protocol.summary()
    assert document["summary"] in said[0] and any(line.startswith("Score: ") for line in said)
    assert protocol.citations() and "validated by cryoqa" in protocol.methods()[0]


def test_what_is_missing_is_said_before_the_run(workshop):
    from cryoqa_plugin.protocols import CryoqaProtValidate
    protocol = workshop.make(CryoqaProtValidate, halves=2)
    assert any("nothing to validate" in line for line in protocol.validate())
    none = workshop.make(CryoqaProtValidate, inputVolume=workshop.volume, level0=False, level1=False, levelA=False)
    assert any("No level is chosen" in line for line in none.validate())
