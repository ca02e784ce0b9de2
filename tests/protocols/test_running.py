"""The protocols in a real project, each run in a process of its own; outputs with numbers."""
from __future__ import annotations

import json
import os
import time

import numpy as np
import pytest

from cryoqa_plugin.io.maps import read_map, write_map

pytestmark = pytest.mark.scipion


@pytest.fixture(scope="module")
def chain(workshop, tiny_halves, tmp_path_factory):
    """The workflow template on a job folder as RELION leaves it: protocols by class name, all run."""
    from pyworkflow.template import LocalTemplate
    import cryoqa_plugin
    folder = tmp_path_factory.mktemp("relion project") / "Refine3D" / "job001"
    folder.mkdir(parents=True)
    for kind, name in (("full_map", "run_class001"), ("half1", "run_half1_class001_unfil"), ("half2", "run_half2_class001_unfil")):
        write_map(str(folder / f"{name}.mrc"), tiny_halves[kind])
    template = LocalTemplate("cryoqa_plugin",
                             os.path.join(cryoqa_plugin.Plugin().getPath(), "templates", "half_maps_to_mtriage.json.template"))
    template.replaceEnvVariables()
    template.parseContent()
    template.setParamValue("folder", str(folder))
    loaded = workshop.project.loadProtocols(template.createTemplateFile())
    out = {}
    for number in ("2", "40", "80", "120", "160"):
        protocol = loaded[number]
        assert protocol.validate() == []
        out[protocol.getClassName()] = workshop.run(protocol)
    return out


def _same_grid(volume, tiny_halves):
    assert volume.getSamplingRate() == pytest.approx(1.5)
    assert volume.getOrigin(force=True).getShifts() == pytest.approx((3.0, 4.5, 6.0))
    map_ = read_map(volume.getFileName())
    assert map_.origin == pytest.approx((3.0, 4.5, 6.0)) and map_.voxel_size == pytest.approx((1.5,) * 3)
    assert volume.getDim() == (32, 32, 32)
    return map_


def test_import_takes_over_everything(chain, tiny_halves):
    protocol = chain["CryoqaProtImportJob"]
    map_ = _same_grid(protocol.outputVolume, tiny_halves)
    np.testing.assert_array_equal(map_.data, tiny_halves["full_map"].data)
    halves = protocol.outputVolume.getHalfMaps(asList=True)
    np.testing.assert_array_equal(read_map(halves[1]).data, tiny_halves["half2"].data)
    assert "Refine3D" in "\n".join(protocol.summary())


def test_map_info_says_its_numbers(chain, tiny_halves):
    text = "\n".join(chain["CryoqaProtMapInfo"].summary())
    assert "32 x 32 x 32" in text and "*halves identical*: no" in text
    assert any("Afonine2018" in line for line in chain["CryoqaProtMapInfo"].methods())


def test_mask(chain, tiny_halves):
    map_ = _same_grid(chain["CryoqaProtCreateMask"].outputMask, tiny_halves)
    assert map_.data.min() >= 0 and map_.data.max() == pytest.approx(1)


def test_fsc_gives_curves_and_a_map_with_half_maps(chain, tiny_halves):
    import cryoqa_plugin
    protocol = chain["CryoqaProtFsc"]
    _same_grid(protocol.outputVolume, tiny_halves)
    assert len(protocol.outputVolume.getHalfMaps(asList=True)) == 2
    curves = {item.getObjLabel(): item.clone() for item in protocol.outputFSCs}
    assert "unmasked" in curves
    expected = cryoqa_plugin.run("fsc", half1=tiny_halves["paths"]["half1"], half2=tiny_halves["paths"]["half2"])
    x, y = curves["unmasked"].getData()
    np.testing.assert_allclose(list(x), expected["curves"]["fsc_unmasked"]["x"], rtol=1e-5)
    np.testing.assert_allclose(list(y), expected["curves"]["fsc_unmasked"]["y"], atol=1e-5)
    number = expected["metrics"]["resolution_unmasked_0143"]["value"]
    if number is not None:
        assert f"*resolution unmasked 0143*: {number:.4g} Å" in "\n".join(protocol.summary())


def test_mtriage_and_the_report(chain):
    protocol = chain["CryoqaProtMtriage"]
    assert protocol.outputFSCs.getSize() >= 2 and not hasattr(protocol, "outputMask")      # the mask was given
    with open(protocol._getExtraPath("report.html"), encoding="utf-8") as stream:
        assert "mtriage" in stream.read()


def test_a_model_comes_in(workshop):
    from cryoqa_plugin.protocols import CryoqaProtMtriage
    protocol = workshop.run(workshop.make(CryoqaProtMtriage, halves=2, inputVolume=workshop.volume, inputModel=workshop.model))
    assert protocol.result()["metrics"]["atoms_used"]["value"] == 4
    assert read_map(protocol.outputMask.getFileName()).data.max() > 0.4
    assert set(protocol.result()["inputs"]) == {"full_map", "model"}


def test_through_a_queue(workshop):
    """The queue of conftest.py: the submit command runs the script in the background and prints a number."""
    from cryoqa_plugin.protocols import CryoqaProtMapInfo
    protocol = workshop.make(CryoqaProtMapInfo, inputVolume=workshop.volume)
    protocol._useQueue.set(True)
    protocol._queueParams.set(json.dumps(["main", {"JOB_TIME": "1", "QUEUE_FOR_JOBS": "N"}]))
    workshop.project.launchProtocol(protocol, wait=True)                # returns when it was submitted
    end = time.time() + 90
    while protocol.isActive() and time.time() < end:
        time.sleep(0.5)
        workshop.project._updateProtocol(protocol)
    assert protocol.isFinished(), protocol.getErrorMessage()
    assert protocol.getJobIds() == ["4711"]
    assert "32 x 32 x 32" in protocol.summary()[0]


def _bad_volume(workshop, path, sampling=1.5):
    from pwem.objects import Volume
    volume = Volume()
    volume.setFileName(path)
    volume.setSamplingRate(sampling)
    return volume


def test_bad_inputs_are_one_sentence_before_anything_runs(workshop, tiny_halves, tmp_path):
    from cryoqa_plugin.protocols import CryoqaProtFsc, CryoqaProtImportJob
    half = tiny_halves["half2"]
    cut = str(tmp_path / "cut, 30.mrc")
    write_map(cut, half.with_data(half.data[:30]))
    good = tiny_halves["paths"]["half1"]

    def problems(second, sampling=1.5):
        protocol = workshop.make(CryoqaProtFsc, halves=1)
        protocol.half1.set(_bad_volume(workshop, good))
        protocol.half2.set(_bad_volume(workshop, second, sampling))
        return protocol._validate()

    assert problems(tiny_halves["paths"]["half2"]) == []
    assert "32 x 32 x 32" in problems(cut)[0] and "32 x 32 x 30" in problems(cut)[0] and cut in problems(cut)[0]
    assert "1.5" in problems(tiny_halves["paths"]["half2"], 1.7)[0] and "1.7" in problems(tiny_halves["paths"]["half2"], 1.7)[0]
    broken = tmp_path / "broken.mrc"
    broken.write_bytes(b"\0" * 900)
    assert str(broken) in problems(str(broken))[0]
    protocol = workshop.make(CryoqaProtFsc, halves=0)
    protocol.inputVolume.set(_bad_volume(workshop, good))
    assert "carries no half-maps" in protocol._validate()[0]
    assert "needed" in workshop.make(CryoqaProtImportJob)._validate()[0]
    assert "does not exist" in workshop.make(CryoqaProtImportJob, folder=str(tmp_path / "nothing"))._validate()[0]


def test_headers_that_disagree_with_scipion_are_warned_of(workshop, tiny_halves):
    from cryoqa_plugin.protocols import CryoqaProtMapInfo
    protocol = workshop.make(CryoqaProtMapInfo)
    protocol.inputVolume.set(_bad_volume(workshop, tiny_halves["paths"]["full_map"], 1.6))
    assert "1.6" in protocol._warnings()[0] and "1.5" in protocol._warnings()[0]


def test_a_volume_in_another_format_is_converted(workshop, tiny_halves, tmp_path):
    from pwem.emlib.image import ImageHandler
    from pwem.protocols import ProtImportVolumes
    from cryoqa_plugin.protocols import CryoqaProtMapInfo
    spider = str(tmp_path / "map.vol")
    ImageHandler().convert(tiny_halves["paths"]["full_map"], spider)
    imported = workshop.run(workshop.make(ProtImportVolumes, importFrom=0, filesPath=spider, samplingRate=1.5))
    protocol = workshop.make(CryoqaProtMapInfo, inputVolume=(imported, "outputVolume"))
    assert list(protocol._files().convert) == ["full_map"] and protocol.validate() == []
    workshop.run(protocol)
    info = protocol.result()
    assert info["inputs"]["full_map"]["voxel_size"] == pytest.approx([1.5] * 3)
    assert info["metrics"]["maximum"]["value"] == pytest.approx(float(tiny_halves["full_map"].data.max()), rel=1e-5)
