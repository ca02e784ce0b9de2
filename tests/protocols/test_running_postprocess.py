"""Post-processing, B-factor and optimal map in a real project: volumes with their sharpened half-maps come out."""
from __future__ import annotations

import os

import pytest

from cryoqa_plugin.io.maps import read_map

pytestmark = pytest.mark.scipion


def _sharpened(workshop, made, protocol):
    assert made.getSamplingRate() == pytest.approx(1.5)
    assert tuple(made.getOrigin().getShifts()) == pytest.approx(tuple(workshop.volume[0].outputVolume.getOrigin().getShifts()))
    assert read_map(made.getFileName()).origin == pytest.approx(tuple(made.getOrigin().getShifts()))
    halves = made.getHalfMaps(asList=True)
    assert len(halves) == 2 and all("half" in os.path.basename(p) and os.path.isfile(p) for p in halves)
    assert os.path.isfile(protocol._getExtraPath("report.html"))


def test_post_processing_with_the_local_filter(workshop):
    from cryoqa_plugin.protocols import CryoqaProtPostprocess
    protocol = workshop.make(CryoqaProtPostprocess, inputVolume=workshop.volume, rules=2, writeMtz=True)
    assert protocol.validate() == []
    workshop.run(protocol)
    _sharpened(workshop, protocol.outputVolume, protocol)
    _sharpened(workshop, protocol.outputLocal, protocol)
    assert all("locally_filtered" in p for p in protocol.outputLocal.getHalfMaps(asList=True))
    assert protocol.outputResolution.getFileName().endswith("local_resolution.mrc") and protocol.outputFSCs.getSize() >= 2
    assert "sharpened by a fitted B-factor" in protocol.summary()[0]
    assert os.path.isfile(protocol._getExtraPath("sharpened.mtz"))


def test_the_bfactor_and_the_map_without_it(workshop):
    from cryoqa_plugin.protocols import CryoqaProtGuinier
    protocol = workshop.make(CryoqaProtGuinier, inputVolume=workshop.volume, write=1, bfactor=-20.0)
    assert protocol.validate() == []
    workshop.run(protocol)
    _sharpened(workshop, protocol.outputVolume, protocol)
    assert "B-factor" in protocol.summary()[0]


def test_the_optimal_map(workshop):
    from cryoqa_plugin.protocols import CryoqaProtOptimalMap
    protocol = workshop.make(CryoqaProtOptimalMap, inputVolume=workshop.volume)
    assert protocol.validate() == []
    workshop.run(protocol)
    _sharpened(workshop, protocol.outputVolume, protocol)
    assert not hasattr(protocol, "outputDifference")
