"""LocScale in a real project."""
from __future__ import annotations

import os

import pytest

from cryoqa_plugin.io.maps import read_map

pytestmark = pytest.mark.scipion


def test_a_volume_with_scaled_half_maps_comes_out(workshop):
    from cryoqa_plugin.protocols import CryoqaProtLocscale
    protocol = workshop.make(CryoqaProtLocscale, inputVolume=workshop.volume, window=20)
    assert protocol.validate() == []
    workshop.run(protocol)
    made = protocol.outputVolume
    assert made.getSamplingRate() == pytest.approx(1.5)
    assert [os.path.basename(p) for p in made.getHalfMaps(asList=True)] == ["sharpened_half1.mrc", "sharpened_half2.mrc"]
    assert tuple(made.getOrigin().getShifts()) == pytest.approx(tuple(workshop.volume[0].outputVolume.getOrigin().getShifts()))
    assert read_map(made.getFileName()).origin == pytest.approx(tuple(made.getOrigin().getShifts()))
    assert "Local amplitudes were scaled" in protocol.summary()[0]
    assert os.path.isfile(protocol._getExtraPath("report.html"))
