"""A project with an imported volume that carries half-maps, and helpers to run protocols in it."""
from __future__ import annotations

import os
from pathlib import Path

import pytest

pytest.importorskip("pwem", reason="Scipion (scipion-em) is not installed")

_PROJECTS = []                                               # the folder of the project, once there is one

PDB = """\
CRYST1   48.000   48.000   48.000  90.00  90.00  90.00 P 1           1
ATOM      1  N   GLY A   1      25.000  28.500  30.000  1.00 30.00           N
ATOM      2  CA  GLY A   1      26.458  28.500  30.000  1.00 30.00           C
ATOM      3  C   GLY A   1      27.009  29.920  30.000  1.00 30.00           C
ATOM      4  O   GLY A   1      26.251  30.893  30.000  1.00 30.00           O
END
"""


class Workshop:
    """A pyworkflow project; ``run`` launches a protocol in a process of its own, as Scipion does."""

    def __init__(self, project, volume, model):
        self.project, self.volume, self.model = project, volume, model

    def make(self, cls, **values):
        protocol = self.project.newProtocol(cls)
        for name, value in values.items():
            if isinstance(value, tuple):
                getattr(protocol, name).set(value[0])
                getattr(protocol, name).setExtended(value[1])
            else:
                getattr(protocol, name).set(value)
        return protocol

    def run(self, protocol):
        self.project.launchProtocol(protocol, wait=True)
        if not protocol.isFinished():
            logs = [Path(p).read_text() for p in (protocol.getStdoutLog(), protocol.getStderrLog()) if os.path.exists(p)]
            pytest.fail(f"{protocol.getClassName()}: {protocol.getErrorMessage()}\n" + "\n".join(t[-3000:] for t in logs))
        return protocol


@pytest.fixture(scope="session")
def workshop(tiny_halves, tmp_path_factory):
    """A :class:`Workshop` with ``volume`` (pointer to an imported volume with half-maps) and ``model``."""
    from pwem.protocols import ProtImportPdb, ProtImportVolumes
    from pyworkflow.project import Manager
    before = os.getcwd()
    project = Manager().createProject("cryoqa_tests")
    _PROJECTS.append(os.path.abspath(project.getPath()))
    os.chdir(_PROJECTS[0])
    shop = Workshop(project, None, None)
    paths = tiny_halves["paths"]
    volume = shop.run(shop.make(ProtImportVolumes, importFrom=0, filesPath=paths["full_map"], samplingRate=1.5, setHalfMaps=True,
                                half1map=paths["half1"], half2map=paths["half2"], setOrigCoord=True, x=3.0, y=4.5, z=6.0))
    pdb = tmp_path_factory.mktemp("model") / "gly.pdb"
    pdb.write_text(PDB)
    model = shop.run(shop.make(ProtImportPdb, inputPdbData=1, pdbFile=str(pdb)))
    shop.volume, shop.model = (volume, "outputVolume"), (model, "outputPdb")
    yield shop
    os.chdir(before)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    """Paths of a project are relative to it, and the tests of the viewers may have gone to theirs in between."""
    if _PROJECTS:
        os.chdir(_PROJECTS[0])
