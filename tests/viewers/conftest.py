"""A finished run with outputs in a project, and a screen of its own for the windows."""
from __future__ import annotations

import os
import shutil
import subprocess

import pytest

pytest.importorskip("pwem", reason="Scipion (scipion-em) is not installed")

_PROJECTS = []                                               # the folder of the project, once there is one


@pytest.fixture(scope="session")
def finished(tiny_halves):
    """A project and the fsc protocol with its results in it, made in this process: (project, protocol)."""
    from pwem.objects import Transform, Volume, VolumeMask
    from pwem.protocols import ProtImportVolumes
    from pyworkflow.project import Manager

    from cryoqa_plugin import runner
    from cryoqa_plugin.protocols import CryoqaProtFsc
    before = os.getcwd()
    project = Manager().createProject("cryoqa_viewers")
    _PROJECTS.append(os.path.abspath(project.getPath()))
    os.chdir(_PROJECTS[0])
    paths = tiny_halves["paths"]
    inputs = {"half1": Volume(), "half2": Volume(), "inputMask": VolumeMask()}
    for volume, path in zip(inputs.values(), (paths["half1"], paths["half2"], paths["mask"])):
        volume.setFileName(path)
        volume.setSamplingRate(1.5)
        origin = Transform()
        origin.setShifts(3.0, 4.5, 6.0)
        volume.setOrigin(origin)
    source = project.newProtocol(ProtImportVolumes)
    project.saveProtocol(source)
    source.setObjLabel("source")
    source._defineOutputs(**inputs)
    project.saveProtocol(source)
    protocol = project.newProtocol(CryoqaProtFsc, halves=1)
    for name in inputs:
        getattr(protocol, name).set(source)
        getattr(protocol, name).setExtended(name)
    project.saveProtocol(protocol)
    protocol.setObjLabel("my fsc")
    protocol.makePathsAndClean()
    files = protocol._files()
    runner.execute("fsc", files.sources, protocol._values(), protocol._getExtraPath(), voxel_sizes=files.voxel_sizes,
                   origins=files.origins)
    protocol.createOutputStep()
    project.saveProtocol(protocol)
    yield project, protocol
    os.chdir(before)


@pytest.fixture(scope="session")
def local(finished, tiny_halves):
    """A finished local-resolution run on a Volume that carries its half-maps and has no origin: (project, protocol)."""
    from pwem.objects import Volume, VolumeMask
    from pwem.protocols import ProtImportVolumes

    from cryoqa_plugin import runner
    from cryoqa_plugin.protocols import CryoqaProtLocalFsc
    project, paths = finished[0], tiny_halves["paths"]
    source = project.newProtocol(ProtImportVolumes)
    project.saveProtocol(source)
    source.setObjLabel("no origin")
    volume, mask = Volume(), VolumeMask()
    for made, kind in ((volume, "full_map"), (mask, "mask")):
        made.setFileName(paths[kind])
        made.setSamplingRate(1.5)
    volume.setHalfMaps([paths["half1"], paths["half2"]])
    source._defineOutputs(volume=volume, mask=mask)
    project.saveProtocol(source)
    protocol = project.newProtocol(CryoqaProtLocalFsc)
    for name, output in (("inputVolume", "volume"), ("inputMask", "mask")):
        getattr(protocol, name).set(source)
        getattr(protocol, name).setExtended(output)
    project.saveProtocol(protocol)
    protocol.setObjLabel("my local fsc")
    protocol.makePathsAndClean()
    given = protocol._files()
    runner.execute("local_fsc", given.sources, protocol._values(), protocol._getExtraPath(), voxel_sizes=given.voxel_sizes,
                   origins=given.origins)
    protocol.createOutputStep()
    project.saveProtocol(protocol)
    return project, protocol


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    """Paths of a project are relative to it, and the tests of the protocols may have gone to theirs in between."""
    if _PROJECTS:
        os.chdir(_PROJECTS[0])


@pytest.fixture(scope="session")
def screen():
    """DISPLAY names a fresh Xvfb for as long as the tests run."""
    if shutil.which("Xvfb") is None:
        pytest.skip("Xvfb is not installed, so that no window can be opened")
    pytest.importorskip("tkinter")
    read, write = os.pipe()
    server = subprocess.Popen(["Xvfb", "-displayfd", str(write), "-screen", "0", "1400x1000x24", "-nolisten", "tcp"],
                              pass_fds=[write], stderr=subprocess.DEVNULL)
    os.close(write)
    with os.fdopen(read) as stream:
        number = stream.readline().strip()
    if not number:
        pytest.skip("Xvfb did not start")
    before = os.environ.get("DISPLAY")
    os.environ["DISPLAY"] = f":{number}"
    yield os.environ["DISPLAY"]
    if before is None:
        del os.environ["DISPLAY"]
    else:
        os.environ["DISPLAY"] = before
    server.terminate()
    server.wait(10)
