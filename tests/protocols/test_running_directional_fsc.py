"""The directional FSC in a real project."""
from __future__ import annotations

import os

import pytest

pytestmark = pytest.mark.scipion


def test_curves_come_out_and_the_volume_stays_in_the_folder(workshop):
    from cryoqa_plugin.protocols import CryoqaProtDirectionalFsc
    protocol = workshop.make(CryoqaProtDirectionalFsc, inputVolume=workshop.volume)
    assert protocol.validate() == []
    workshop.run(protocol)
    labels = {item.getObjLabel() for item in protocol.outputFSCs}
    assert {"x", "y", "z", "best", "worst", "global"} <= labels
    assert [name for name, _ in protocol.iterOutputAttributes()] == ["outputFSCs"]
    assert os.path.isfile(protocol._getExtraPath("fsc3d.mrc")) and os.path.isfile(protocol._getExtraPath("report.html"))
    assert "direction" in protocol.summary()[0]
