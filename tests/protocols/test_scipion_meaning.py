"""What Scipion means by its objects: half-maps of a volume, voxel size, and the place of a volume without an origin."""
from __future__ import annotations

import os
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("pwem", reason="Scipion (scipion-em) is not installed")

from pwem.objects import AtomStruct, Transform, Volume, VolumeMask  # noqa: E402

import cryoqa_plugin  # noqa: E402
from cryoqa_plugin import protocols, runner  # noqa: E402
from cryoqa_plugin.demo import write_demo_data  # noqa: E402
from cryoqa_plugin.io.maps import read_map, write_map  # noqa: E402
from cryoqa_plugin.io.models import read_model, write_model  # noqa: E402
from cryoqa_plugin.protocols.inputs import NONE, OF_VOLUME, TWO_VOLUMES  # noqa: E402
from cryoqa_plugin.protocols.outputs import Made, declared_outputs  # noqa: E402
from cryoqa_plugin.registry import find, resolve  # noqa: E402

pytestmark = pytest.mark.scipion


def volume_of(path, sampling, halves=(), origin=None, cls=Volume):
    """A volume as other plugins make them: without an origin unless one is given."""
    made = cls()
    made.setFileName(path)
    made.setSamplingRate(sampling)
    if halves:
        made.setHalfMaps(list(halves))
    if origin is not None:
        place = Transform()
        place.setShiftsTuple(origin)
        made.setOrigin(place)
    return made


def _halves_of(tiny, folder, box):
    paths = []
    for kind in ("half1", "half2"):
        half = tiny[kind]
        data = np.zeros((box,) * 3, np.float32)
        n = min(box, half.shape[0])
        data[:n, :n, :n] = half.data[:n, :n, :n]
        paths.append(os.path.join(folder, f"{kind}_{box}.mrc"))
        write_map(paths[-1], half.with_data(data))
    return paths


# -------------------------- half-maps of another box --------------------------

@pytest.mark.parametrize("box, sampling", [(16, 3.0), (33, 1.5)])
def test_half_maps_of_another_box_are_refused_in_one_sentence(workshop, tiny_halves, tmp_path, box, sampling):
    """A volume that was binned still carries the half-maps of before; its voxel size is not theirs."""
    binned = str(tmp_path / "binned.mrc")
    write_map(binned, replace(tiny_halves["full_map"], data=np.ones((box,) * 3, np.float32), voxel_size=(sampling,) * 3))
    halves = [tiny_halves["paths"][kind] for kind in ("half1", "half2")]
    protocol = workshop.make(protocols.CryoqaProtFsc, halves=OF_VOLUME)
    protocol.inputVolume.set(volume_of(binned, sampling, halves))
    said = protocol._validate()
    assert len(said) == 1 and f"{box} x {box} x {box}" in said[0] and "32 x 32 x 32" in said[0] and TWO_VOLUMES in said[0]
    assert not {"half1", "half2"} & set(protocol._files().voxel_sizes)


def test_half_maps_of_the_box_take_the_voxel_size_of_the_volume(workshop, tiny_halves):
    halves = [tiny_halves["paths"][kind] for kind in ("half1", "half2")]
    protocol = workshop.make(protocols.CryoqaProtFsc, halves=OF_VOLUME)
    protocol.inputVolume.set(volume_of(tiny_halves["paths"]["full_map"], 1.6, halves))
    assert protocol._validate() == [] and protocol._files().voxel_sizes == {"half1": 1.6, "half2": 1.6}


def test_two_half_maps_of_different_boxes_are_refused(workshop, tiny_halves, tmp_path):
    protocol = workshop.make(protocols.CryoqaProtFsc, halves=TWO_VOLUMES)
    protocol.half1.set(volume_of(_halves_of(tiny_halves, str(tmp_path), 33)[0], 1.5))
    protocol.half2.set(volume_of(tiny_halves["paths"]["half2"], 1.5))
    said = protocol._validate()
    assert len(said) == 1 and "33 x 33 x 33" in said[0] and "32 x 32 x 32" in said[0]


def test_processed_half_maps_are_outputs_of_their_own(workshop, tiny_halves, tmp_path):
    """Those that a Volume carries are the raw ones, so that an FSC of the sharpened volume is that of the data."""
    protocol = workshop.make(protocols.CryoqaProtAutoSharpen, inputVolume=workshop.volume, halves=OF_VOLUME)
    files = protocol._files()
    document = runner.execute("auto_sharpen", files.sources, protocol._values(), str(tmp_path), voxel_sizes=files.voxel_sizes,
                              origins=files.origins)
    made = Made(str(tmp_path), document, declared_outputs(resolve(find("auto_sharpen").result)), protocol.inputVolume.get(),
                [files.sources["half1"], files.sources["half2"]]).objects()
    assert set(made) == {"outputVolume", "outputSharpenedHalf1", "outputSharpenedHalf2"}
    raw = workshop.volume[0].outputVolume.getHalfMaps(asList=True)
    assert list(made["outputVolume"].getHalfMaps(asList=True)) == list(raw)
    found = cryoqa_plugin.run("fsc", half1=raw[0], half2=raw[1])["metrics"]["resolution_unmasked_0143"]["value"]
    wanted = cryoqa_plugin.run("fsc", half1=tiny_halves["paths"]["half1"], half2=tiny_halves["paths"]["half2"])
    assert found == pytest.approx(wanted["metrics"]["resolution_unmasked_0143"]["value"])
    assert not any(made[name].getHalfMaps(asList=True) for name in made if name != "outputVolume")


# -------------------------- where a volume lies --------------------------

@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """A map and its model as they lie for Scipion: the middle of the box is at 0, and the header of one of two files does not say so."""
    folder = tmp_path_factory.mktemp("demo")
    paths = write_demo_data(str(folder), box=48)
    map_, model = read_map(paths["full_map"]), read_model(paths["model"])
    middle = tuple(-n / 2 * v for n, v in zip(map_.shape[::-1], map_.voxel_size))
    shift = np.array(middle) - np.array(map_.origin)
    out = dict(silent=str(folder / "silent.mrc"), placed=str(folder / "placed.mrc"), model=str(folder / "centred.cif"),
               sampling=map_.voxel_size[0], middle=middle)
    write_map(out["silent"], replace(map_, origin=(0.0, 0.0, 0.0)))
    write_map(out["placed"], replace(map_, origin=middle))
    write_model(out["model"], replace(model, structure=_moved(model.structure, shift)))
    return out


def _moved(structure, shift):
    import gemmi
    moved = structure.clone()
    for chain in moved[0]:
        for residue in chain:
            for atom in residue:
                atom.pos += gemmi.Position(*map(float, shift))
    return moved


def test_a_model_fits_a_volume_without_an_origin_as_on_the_command_line(workshop, demo):
    """The volume lies at -N/2 for Scipion, and so must the map that the model is held against."""
    wanted = cryoqa_plugin.run("model_fit", full_map=demo["placed"], model=demo["model"], resolution=6.0)["metrics"]
    protocol = workshop.make(protocols.CryoqaProtModelFit, halves=NONE, resolution=6.0)
    protocol.inputVolume.set(volume_of(demo["silent"], demo["sampling"]))
    protocol.inputModel.set(AtomStruct(filename=demo["model"]))
    assert protocol._validate() == []
    files = protocol._files()
    assert files.origins["full_map"] == pytest.approx(demo["middle"])
    found = runner.execute("model_fit", files.sources, protocol._values(), voxel_sizes=files.voxel_sizes, origins=files.origins)["metrics"]
    name = next(n for n in found if n.startswith("cc_mask"))
    assert found[name]["value"] == pytest.approx(wanted[name]["value"], abs=1e-6) and found[name]["value"] > 0.5
    wrong = runner.execute("model_fit", files.sources, protocol._values(), voxel_sizes=files.voxel_sizes)["metrics"]
    assert wrong[name]["value"] is None or wrong[name]["value"] < 0.3


def test_the_validation_places_the_map_as_scipion_does(workshop, demo, monkeypatch):
    protocol = workshop.make(protocols.CryoqaProtValidate, halves=NONE, level0=False, level1=False)
    protocol.inputVolume.set(volume_of(demo["silent"], demo["sampling"]))
    protocol.inputModel.set(AtomStruct(filename=demo["model"]))
    assert protocol._validate() == [] and protocol._files().origins["full_map"] == pytest.approx(demo["middle"])
    given = {}
    monkeypatch.setattr("cryoqa_plugin.protocols.protocol_validate.validate", lambda *args, **how: given.update(how))
    files = protocol._files()
    protocol._compute("folder", files.sources, files.voxel_sizes, files.origins, protocol._values(), [])
    assert given["origins"]["full_map"] == pytest.approx(demo["middle"])


def test_outputs_of_a_volume_without_an_origin_lie_where_it_lies(workshop, tiny_halves, tmp_path):
    protocol = workshop.make(protocols.CryoqaProtContour)
    protocol.inputVolume.set(volume_of(tiny_halves["paths"]["full_map"], 1.5))
    files = protocol._files()
    document = runner.execute("contour", files.sources, {}, str(tmp_path), voxel_sizes=files.voxel_sizes, origins=files.origins)
    made = Made(str(tmp_path), document, protocol._declared(), protocol.inputVolume.get()).objects()
    assert set(made) == {"outputMask", "outputRawMask", "outputHardMask"}
    for mask in made.values():
        assert type(mask) is VolumeMask
        assert tuple(mask.getOrigin().getShifts()) == pytest.approx((-24.0,) * 3) == read_map(mask.getFileName()).origin


def test_a_mask_without_an_origin_lies_on_the_map(workshop, tiny_halves):
    """An imported mask has no origin: it has the voxels of the map that it is laid on; alone, its middle is at 0."""
    mask = volume_of(tiny_halves["paths"]["mask"], 1.5, cls=VolumeMask)
    protocol = workshop.make(protocols.CryoqaProtFsc, inputVolume=workshop.volume, halves=OF_VOLUME)
    protocol.inputMask.set(mask)
    origins = protocol._files().origins
    place = tuple(workshop.volume[0].outputVolume.getOrigin().getShifts())
    assert origins["mask"] == pytest.approx(place) == origins["half1"] and place != (0, 0, 0)
    alone = workshop.make(protocols.CryoqaProtMask)
    alone.inputMask.set(mask)
    assert alone._files().origins["mask"] == pytest.approx((-24.0,) * 3)
    placed = volume_of(tiny_halves["paths"]["mask"], 1.5, origin=(9.0, 9.0, 9.0), cls=VolumeMask)
    protocol.inputMask.set(placed)
    assert protocol._files().origins["mask"] == (9.0, 9.0, 9.0)


def test_volumes_do_not_share_a_transform(workshop, tiny_halves, tmp_path):
    """Scipion cannot store one object under two others."""
    protocol = workshop.make(protocols.CryoqaProtContour, inputVolume=workshop.volume)
    document = runner.execute("contour", protocol._files().sources, {}, str(tmp_path))
    made = Made(str(tmp_path), document, protocol._declared(), protocol.inputVolume.get()).objects()
    transforms = [item.getOrigin() for item in made.values()] + [protocol.inputVolume.get().getOrigin()]
    assert len({id(t) for t in transforms}) == len(transforms) == 4
