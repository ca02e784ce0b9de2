"""Shell sharpening in a real project."""
from __future__ import annotations

import os

import pytest

from cryoqa_plugin.io.maps import read_map

pytestmark = pytest.mark.scipion


def test_a_sharpened_volume_with_its_half_maps_comes_out(workshop):
    from cryoqa_plugin.protocols import CryoqaProtShellSharpen
    protocol = workshop.make(CryoqaProtShellSharpen, inputVolume=workshop.volume, target=1)
    assert protocol.validate() == []
    workshop.run(protocol)
    made = protocol.outputVolume
    assert made.getSamplingRate() == pytest.approx(1.5) and made.hasHalfMaps()
    assert all(os.path.basename(p).startswith("sharpened_half") for p in made.getHalfMaps(asList=True))
    assert tuple(made.getOrigin().getShifts()) == pytest.approx(tuple(workshop.volume[0].outputVolume.getOrigin().getShifts()))
    assert read_map(made.getFileName()).origin == pytest.approx(tuple(made.getOrigin().getShifts()))
    assert "point atoms" in protocol.summary()[0]
    assert os.path.isfile(protocol._getExtraPath("report.html"))
