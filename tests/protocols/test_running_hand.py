"""The hand in a real project."""
from __future__ import annotations

import os

import numpy as np
import pytest

from cryoqa_plugin.io.maps import read_map

pytestmark = pytest.mark.scipion


def test_a_volume_with_half_maps_and_its_mirror_image(workshop):
    from cryoqa_plugin.protocols import CryoqaProtHand
    protocol = workshop.make(CryoqaProtHand, inputVolume=workshop.volume, write_mirrored=True)
    assert protocol.validate() == []
    workshop.run(protocol)
    assert "hand cannot be told" in protocol.summary()[0] and os.path.isfile(protocol._getExtraPath("report.html"))
    made, given = protocol.outputVolume, workshop.volume[0].outputVolume
    assert made.getSamplingRate() == pytest.approx(given.getSamplingRate())
    assert tuple(made.getOrigin().getShifts()) == pytest.approx(tuple(given.getOrigin().getShifts()))
    assert len(made.getHalfMaps().split(",")) == 2 and "mirrored_half1" in made.getHalfMaps()
    image, data = read_map(made.getFileName()).data, read_map(given.getFileName()).data
    assert np.array_equal(image[:, :, 1:], data[:, :, :0:-1])
