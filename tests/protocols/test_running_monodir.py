"""The local-directional resolution in a real project."""
from __future__ import annotations

import os

import pytest

from cryoqa_plugin.io.maps import read_map

pytestmark = pytest.mark.scipion


def test_five_volumes_of_resolutions_come_out(workshop):
    from cryoqa_plugin.protocols import CryoqaProtMonodir
    protocol = workshop.make(CryoqaProtMonodir, inputVolume=workshop.volume, directions=0)
    assert protocol.validate() == []
    workshop.run(protocol)
    for name in ("highest", "lowest", "doa", "radial", "tangential"):
        made = getattr(protocol, "output" + name.capitalize())
        assert made.getSamplingRate() == pytest.approx(1.5) and not made.hasHalfMaps()
        assert made.getFileName().endswith(name + ".mrc")
        assert read_map(made.getFileName()).origin == pytest.approx(tuple(made.getOrigin().getShifts()))
    assert os.path.isfile(protocol._getExtraPath("report.html"))
