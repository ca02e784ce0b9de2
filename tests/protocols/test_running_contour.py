"""The contour level in a real project."""
from __future__ import annotations

import os

import pytest

from cryoqa_plugin.io.maps import read_map

pytestmark = pytest.mark.scipion


def test_a_map_at_its_contour_level_gives_a_mask(workshop):
    from cryoqa_plugin.protocols import CryoqaProtContour
    protocol = workshop.make(CryoqaProtContour, inputVolume=workshop.volume, dilate=3.0)
    assert protocol.validate() == []
    workshop.run(protocol)
    mask = read_map(protocol.outputMask.getFileName())
    assert 0 <= mask.data.min() and mask.data.max() == 1
    assert protocol.outputMask.getSamplingRate() == pytest.approx(1.5)
    assert tuple(mask.origin) == pytest.approx(tuple(read_map(protocol._getExtraPath("hard_mask.mrc")).origin))
    assert "contour level" in protocol.summary()[0] and os.path.isfile(protocol._getExtraPath("report.html"))
    high = workshop.make(CryoqaProtContour, inputVolume=workshop.volume, contour=1e6)
    with pytest.raises(pytest.fail.Exception, match="No voxel reaches the contour level"):
        workshop.run(high)
