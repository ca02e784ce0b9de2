"""LocalDeblur, local B-factor and local occupancy in a real project."""
from __future__ import annotations

import os

import pytest

from cryoqa_plugin.io.maps import read_map

pytestmark = pytest.mark.scipion


def test_a_resolution_volume_sharpens_and_the_local_b_factor_is_a_volume(workshop):
    from cryoqa_plugin.protocols import CryoqaProtLocalFsc, CryoqaProtLocaldeblur, CryoqaProtLocbfactor
    resolution = workshop.run(workshop.make(CryoqaProtLocalFsc, inputVolume=workshop.volume, threshold=0.5))
    protocol = workshop.make(CryoqaProtLocaldeblur, inputVolume=workshop.volume, inputResolution=(resolution, "outputResolution"))
    assert protocol.validate() == []
    workshop.run(protocol)
    made = protocol.outputVolume
    assert made.hasHalfMaps() and "sharpened_half1" in made.getHalfMaps()
    assert tuple(made.getOrigin().getShifts()) == pytest.approx(tuple(workshop.volume[0].outputVolume.getOrigin().getShifts()))
    assert "sharpened by its local resolution" in protocol.summary()[0]
    again = workshop.run(workshop.make(CryoqaProtLocbfactor, inputVolume=workshop.volume, resolution=5.0, lowest=12.0))
    assert read_map(again.outputBfactor.getFileName()).origin == pytest.approx(tuple(made.getOrigin().getShifts()))
    assert again.outputBfactor.getSamplingRate() == pytest.approx(1.5) and os.path.isfile(again._getExtraPath("report.html"))
