"""Map against model in a real project."""
from __future__ import annotations

import os

import pytest

pytestmark = pytest.mark.scipion


def test_a_volume_and_a_structure_are_compared(workshop):
    from cryoqa_plugin.protocols import CryoqaProtModelFit
    protocol = workshop.make(CryoqaProtModelFit, inputVolume=workshop.volume, inputModel=workshop.model, resolution=4.0, contour=0.1)
    assert protocol.validate() == []
    workshop.run(protocol)
    assert "Map and model correlate by" in protocol.summary()[0] and "given contour of 0.1" in protocol.summary()[0]
    assert os.path.isfile(protocol._getExtraPath("report.html"))


def test_a_structure_is_needed(workshop):
    from cryoqa_plugin.protocols import CryoqaProtModelFit
    wrong = workshop.make(CryoqaProtModelFit, inputVolume=workshop.volume).validate()
    assert len(wrong) == 1 and "model" in wrong[0].lower()
