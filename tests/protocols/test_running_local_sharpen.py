"""Local sharpening in a real project."""
from __future__ import annotations

import os

import pytest

from cryoqa_plugin.io.maps import read_map

pytestmark = pytest.mark.scipion


def test_a_volume_with_sharpened_half_maps_and_a_resolution_come_out(workshop):
    from cryoqa_plugin.protocols import CryoqaProtLocalSharpen
    protocol = workshop.make(CryoqaProtLocalSharpen, inputVolume=workshop.volume, target=1, writeMtz=True)
    assert protocol.validate() == []
    workshop.run(protocol)
    made = protocol.outputVolume
    assert [os.path.basename(p) for p in made.getHalfMaps().split(",")] == ["sharpened_half1.mrc", "sharpened_half2.mrc"]
    assert tuple(made.getOrigin().getShifts()) == pytest.approx(tuple(workshop.volume[0].outputVolume.getOrigin().getShifts()))
    assert read_map(made.getFileName()).origin == pytest.approx(tuple(made.getOrigin().getShifts()))
    assert not protocol.outputResolution.hasHalfMaps()
    assert "to point atoms" in protocol.summary()[0]
    assert os.path.isfile(protocol._getExtraPath("sharpened.mtz")) and os.path.isfile(protocol._getExtraPath("report.html"))
