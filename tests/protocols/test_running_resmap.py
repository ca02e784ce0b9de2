"""ResMap in a Scipion project."""
from __future__ import annotations

import pytest

from cryoqa_plugin.io.maps import read_map

pytestmark = pytest.mark.scipion


def test_resmap_gives_a_volume_of_resolutions(workshop):
    from cryoqa_plugin.protocols import CryoqaProtResmap
    protocol = workshop.run(workshop.make(CryoqaProtResmap, inputVolume=workshop.volume))
    out, source = protocol.outputResolution, getattr(*workshop.volume)
    assert out.getSamplingRate() == 1.5 and out.getOrigin(force=True).getShifts() == pytest.approx(source.getOrigin(force=True).getShifts())
    assert read_map(out.getFileName()).data.max() > 3
    assert "*median*" in "\n".join(protocol.summary()) and "Kucukelbir2014" in "\n".join(protocol.methods())
