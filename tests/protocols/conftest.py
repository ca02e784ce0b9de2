"""A project with an imported volume that carries half-maps, and the protocols that were run in it."""
from __future__ import annotations

import os
from functools import cached_property
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

    def __init__(self, project, paths, folder):
        self.project, self.paths, self.folder = project, paths, folder

    @cached_property
    def volume(self):
        """Pointer to an imported volume with half-maps, as (protocol, name of its output)."""
        from pwem.protocols import ProtImportVolumes
        made = self.make(ProtImportVolumes, importFrom=0, filesPath=self.paths["full_map"], samplingRate=1.5, setHalfMaps=True,
                         half1map=self.paths["half1"], half2map=self.paths["half2"], setOrigCoord=True, x=3.0, y=4.5, z=6.0)
        return self.run(made), "outputVolume"

    @cached_property
    def model(self):
        """Pointer to an imported structure of four atoms."""
        from pwem.protocols import ProtImportPdb
        path = self.folder / "gly.pdb"
        path.write_text(PDB)
        return self.run(self.make(ProtImportPdb, inputPdbData=1, pdbFile=str(path))), "outputPdb"

    def make(self, cls, **values):
        """A protocol with its form filled in: pointers as (protocol, output) or a list of these, a choice by its word."""
        from pyworkflow.object import Pointer
        protocol = self.project.newProtocol(cls)
        for name, value in values.items():
            field, choices = getattr(protocol, name), getattr(protocol.getParam(name), "choices", None)
            if isinstance(value, tuple):
                field.set(value[0])
                field.setExtended(value[1])
            elif isinstance(value, list):
                field.set([Pointer(value=made, extended=output) for made, output in value])
            else:
                field.set(choices.index(value) if choices and isinstance(value, str) else value)
        return protocol

    def run(self, protocol):
        """Launch a protocol and wait for it; the test fails with its log when the protocol did."""
        self.project.launchProtocol(protocol, wait=True)
        if not protocol.isFinished():
            logs = [Path(p).read_text() for p in (protocol.getStdoutLog(), protocol.getStderrLog()) if os.path.exists(p)]
            pytest.fail(f"{protocol.getClassName()}: {protocol.getErrorMessage()}\n" + "\n".join(t[-3000:] for t in logs))
        return protocol


@pytest.fixture(scope="session")
def workshop(tiny_halves, tmp_path_factory):
    """A :class:`Workshop` on the tiny half-maps, in whose folder the tests run."""
    from pyworkflow.project import Manager
    before = os.getcwd()
    project = Manager().createProject("cryoqa_tests")
    _PROJECTS.append(os.path.abspath(project.getPath()))
    os.chdir(_PROJECTS[0])
    yield Workshop(project, tiny_halves["paths"], tmp_path_factory.mktemp("workshop"))
    os.chdir(before)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    """Paths of a project are relative to it, and the tests of the viewers may have gone to theirs in between."""
    if _PROJECTS:
        os.chdir(_PROJECTS[0])
