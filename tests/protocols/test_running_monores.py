"""MonoRes in a Scipion project."""
from __future__ import annotations

import pytest

from cryoqa_plugin.io.maps import read_map

pytestmark = pytest.mark.scipion


def test_monores_gives_a_volume_of_resolutions(workshop):
    from cryoqa_plugin.protocols import CryoqaProtMonores
    protocol = workshop.run(workshop.make(CryoqaProtMonores, inputVolume=workshop.volume, levels=8))
    out, source = protocol.outputResolution, getattr(*workshop.volume)
    assert out.getSamplingRate() == 1.5 and out.getOrigin(force=True).getShifts() == pytest.approx(source.getOrigin(force=True).getShifts())
    assert read_map(out.getFileName()).data.max() > 3
    assert "*median resolution*" in "\n".join(protocol.summary()) and "Vilas2018" in "\n".join(protocol.methods())


def test_monores_of_a_single_map(workshop):
    from cryoqa_plugin.protocols import CryoqaProtMonores, inputs
    protocol = workshop.make(CryoqaProtMonores, inputVolume=workshop.volume, levels=8)
    words = protocol.getParam("halves").choices
    protocol.halves.set(words.index(inputs.NONE))
    assert workshop.run(protocol).result()["metrics"]["noise_source"]["value"] == "solvent of the map"
