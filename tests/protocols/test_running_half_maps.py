"""Half-map statistics and the local filter in a Scipion project."""
from __future__ import annotations

import numpy as np
import pytest

from cryoqa_plugin.io.maps import read_map, write_map

pytestmark = pytest.mark.scipion


def _origin(workshop):
    protocol, name = workshop.volume
    return pytest.approx(getattr(protocol, name).getOrigin(force=True).getShifts())


def test_half_map_statistics_gives_curves_and_a_map(workshop):
    from cryoqa_plugin.protocols import CryoqaProtHalfMapStatistics
    protocol = workshop.run(workshop.make(CryoqaProtHalfMapStatistics, inputVolume=workshop.volume, local_map=True))
    assert {item.getObjLabel() for item in protocol.outputFSCs} == {"unmasked"}
    assert protocol.outputVolume.getOrigin(force=True).getShifts() == _origin(workshop)
    assert 0 <= read_map(protocol.outputVolume.getFileName()).data.min() and protocol.outputVolume.getSamplingRate() == 1.5
    assert "*resolution fdr*" in "\n".join(protocol.summary()) and "Beckers2020" in "\n".join(protocol.methods())


def test_local_filter_gives_the_map_and_its_halves(workshop, tiny_halves, tmp_path):
    from pwem.protocols import ProtImportVolumes
    from cryoqa_plugin.protocols import CryoqaProtLocalFilter
    path, mask = str(tmp_path / "locres.mrc"), tiny_halves["mask"]
    write_map(path, mask.with_data(np.where(mask.data > 0, 6, 0).astype(np.float32)))
    imported = workshop.run(workshop.make(ProtImportVolumes, importFrom=0, filesPath=path, samplingRate=1.5, setOrigCoord=True, x=3.0,
                                          y=4.5, z=6.0))
    resolution = (imported, "outputVolume")
    protocol = workshop.make(CryoqaProtLocalFilter, inputVolume=workshop.volume)
    assert any("Local-resolution map is needed" in s for s in protocol.validate())
    protocol = workshop.run(workshop.make(CryoqaProtLocalFilter, inputVolume=workshop.volume, inputResolution=resolution))
    for name in ("outputVolume", "outputHalf1", "outputHalf2"):
        out = getattr(protocol, name)
        assert out.getOrigin(force=True).getShifts() == _origin(workshop) and out.getSamplingRate() == 1.5
    filtered, halves = (read_map(getattr(protocol, n).getFileName()).data for n in ("outputVolume", "outputHalf1")), protocol.outputHalf1
    assert next(filtered).std() < tiny_halves["full_map"].data.std() and not halves.getHalfMaps()
    assert protocol.result()["metrics"]["resolution_median"]["value"] == 6
