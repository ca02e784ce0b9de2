"""B-factor sharpening in a real project."""
from __future__ import annotations

import os

import pytest

from cryoqa_plugin.io.maps import read_map

pytestmark = pytest.mark.scipion


def test_a_sharpened_volume_with_sharpened_half_maps_and_the_origin_of_the_input_comes_out(workshop):
    from cryoqa_plugin.protocols import CryoqaProtAutoSharpen
    protocol = workshop.make(CryoqaProtAutoSharpen, inputVolume=workshop.volume)
    assert protocol.validate() == []
    workshop.run(protocol)
    made = protocol.outputVolume
    assert made.getFileName().endswith("sharpened.mrc") and made.getSamplingRate() == pytest.approx(1.5)
    assert [os.path.basename(p) for p in made.getHalfMaps(asList=True)] == ["sharpened_half1.mrc", "sharpened_half2.mrc"]
    assert tuple(made.getOrigin().getShifts()) == pytest.approx(tuple(workshop.volume[0].outputVolume.getOrigin().getShifts()))
    assert read_map(made.getFileName()).origin == pytest.approx(tuple(made.getOrigin().getShifts()))
    assert "weighted by what the half-maps say" in protocol.summary()[0]
    assert os.path.isfile(protocol._getExtraPath("report.html"))
