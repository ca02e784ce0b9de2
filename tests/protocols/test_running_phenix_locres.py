"""The local resolution as Phenix in a real project."""
from __future__ import annotations

import os

import pytest

from cryoqa_plugin.io.maps import read_map

pytestmark = pytest.mark.scipion


def test_a_resolution_volume_with_the_origin_of_the_input_comes_out(workshop):
    from cryoqa_plugin.protocols import CryoqaProtPhenixLocres
    protocol = workshop.make(CryoqaProtPhenixLocres, inputVolume=workshop.volume, resolution=5.0)
    assert protocol.validate() == []
    workshop.run(protocol)
    made = protocol.outputResolution
    assert made.getSamplingRate() == pytest.approx(1.5) and not made.hasHalfMaps()
    assert tuple(made.getOrigin().getShifts()) == pytest.approx(tuple(workshop.volume[0].outputVolume.getOrigin().getShifts()))
    assert read_map(made.getFileName()).origin == pytest.approx(tuple(made.getOrigin().getShifts()))
    assert "local resolution at a correlation of 0.143" in protocol.summary()[0]
    assert os.path.isfile(protocol._getExtraPath("report.html"))
