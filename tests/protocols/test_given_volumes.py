"""What volumes a protocol takes: through a queue, in another format, with a header that disagrees, and none that are wrong."""
from __future__ import annotations

import json
import time

import pytest

pytest.importorskip("pwem", reason="Scipion (scipion-em) is not installed")

from cryoqa_plugin.io.maps import write_map  # noqa: E402
from cryoqa_plugin.protocols import CryoqaProtFsc, CryoqaProtImportJob, CryoqaProtMapInfo  # noqa: E402
from cryoqa_plugin.protocols.inputs import OF_VOLUME, TWO_VOLUMES  # noqa: E402

pytestmark = pytest.mark.scipion


def _volume(path, sampling=1.5):
    from pwem.objects import Volume
    volume = Volume()
    volume.setFileName(path)
    volume.setSamplingRate(sampling)
    return volume


def test_bad_inputs_are_one_sentence_before_anything_runs(workshop, tiny_halves, tmp_path):
    half = tiny_halves["half2"]
    cut = str(tmp_path / "cut, 30.mrc")
    write_map(cut, half.with_data(half.data[:30]))
    good = tiny_halves["paths"]["half1"]

    def problems(second, sampling=1.5):
        protocol = workshop.make(CryoqaProtFsc, halves=TWO_VOLUMES)
        protocol.half1.set(_volume(good))
        protocol.half2.set(_volume(second, sampling))
        return protocol._validate()

    assert problems(tiny_halves["paths"]["half2"]) == []
    assert "32 x 32 x 32" in problems(cut)[0] and "32 x 32 x 30" in problems(cut)[0] and cut in problems(cut)[0]
    assert "1.5" in problems(tiny_halves["paths"]["half2"], 1.7)[0] and "1.7" in problems(tiny_halves["paths"]["half2"], 1.7)[0]
    broken = tmp_path / "broken.mrc"
    broken.write_bytes(b"\0" * 900)
    assert str(broken) in problems(str(broken))[0]
    protocol = workshop.make(CryoqaProtFsc, halves=OF_VOLUME)
    protocol.inputVolume.set(_volume(good))
    assert "carries no half-maps" in protocol._validate()[0]
    assert "needed" in workshop.make(CryoqaProtImportJob)._validate()[0]
    assert "does not exist" in workshop.make(CryoqaProtImportJob, inputJob=str(tmp_path / "nothing"))._validate()[0]


def test_headers_that_disagree_with_scipion_are_warned_of(workshop, tiny_halves):
    protocol = workshop.make(CryoqaProtMapInfo)
    protocol.inputVolume.set(_volume(tiny_halves["paths"]["full_map"], 1.6))
    assert "1.6" in protocol._warnings()[0] and "1.5" in protocol._warnings()[0]


@pytest.mark.heavy
def test_a_volume_in_another_format_is_converted_and_a_queue_runs_it(workshop, tiny_halves, tmp_path):
    """The queue of tests/conftest.py: the submit command runs the script in the background and prints a number."""
    from pwem.emlib.image import ImageHandler
    from pwem.protocols import ProtImportVolumes
    spider = str(tmp_path / "map.vol")
    ImageHandler().convert(tiny_halves["paths"]["full_map"], spider)
    imported = workshop.run(workshop.make(ProtImportVolumes, importFrom=0, filesPath=spider, samplingRate=1.5))
    protocol = workshop.make(CryoqaProtMapInfo, inputVolume=(imported, "outputVolume"))
    assert list(protocol._files().convert) == ["full_map"] and protocol.validate() == []
    protocol._useQueue.set(True)
    protocol._queueParams.set(json.dumps(["main", {"JOB_TIME": "1", "QUEUE_FOR_JOBS": "N"}]))
    workshop.project.launchProtocol(protocol, wait=True)                # returns when it was submitted
    end = time.time() + 90
    while protocol.isActive() and time.time() < end:
        time.sleep(0.2)
        workshop.project._updateProtocol(protocol)
    assert protocol.isFinished(), protocol.getErrorMessage()
    assert protocol.getJobIds() == ["4711"]
    info = protocol.result()
    assert "32 x 32 x 32" in protocol.summary()[0] and info["inputs"]["full_map"]["voxel_size"] == pytest.approx([1.5] * 3)
    assert info["metrics"]["maximum"]["value"] == pytest.approx(float(tiny_halves["full_map"].data.max()), rel=1e-5)
