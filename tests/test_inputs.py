"""Kinds of input, and the sentences about those that are missing or do not fit together."""
from __future__ import annotations

import dataclasses
import hashlib
import os
import re

import numpy as np
import pytest

from cryoqa_plugin import runner
from cryoqa_plugin.errors import InputError, MissingInputError
from cryoqa_plugin.io import inputs
from cryoqa_plugin.io.inputs import KINDS, Inputs
from cryoqa_plugin.io.maps import Map, write_map
from cryoqa_plugin.study import Study
from cryoqa_plugin.study.checks import check_data, check_mask


def _map(shape=(8, 8, 8), voxel=(1.5, 1.5, 1.5), path=None):
    return Map(np.random.default_rng(0).standard_normal(shape).astype(np.float32), voxel, path=path)


def test_given_and_maps():
    some = Inputs(half1=_map(), mask=_map())
    assert list(some.given()) == ["half1", "mask"] == list(some.maps())
    assert Inputs().given() == {}
    assert [k for k in KINDS if not KINDS[k].is_map] == ["model", "mtf", "fsc_curve", "sequence", "job", "symmetry", "particles",
                                                      "entries", "focused_models"]
    assert all(k.help.endswith(".") and k.label for k in KINDS.values())


def test_load_inputs_and_headers(tmp_path, tiny_halves):
    paths = {k: tiny_halves["paths"][k] for k in ("half1", "mask")}
    loaded = inputs.load_inputs(paths)
    assert loaded.half1.data == pytest.approx(tiny_halves["half1"].data) and loaded.full_map is None
    headers = inputs.read_headers(dict(paths, model="model.pdb"))
    assert set(headers) == {"half1", "mask"} and headers["half1"].shape == (32, 32, 32)
    assert headers["half1"].origin == pytest.approx((3.0, 4.5, 6.0))


def test_missing_inputs_are_named(tmp_path):
    wrong = inputs.missing(("half1", "half2"), {"half1": str(tmp_path / "no.mrc")})
    assert len(wrong) == 2
    assert wrong[0].startswith("Half-map 2 is needed") and "no.mrc" in wrong[1]
    assert inputs.missing((), {"mask": ""}) == []
    with pytest.raises(MissingInputError, match="Mask is needed"):
        inputs.require(Inputs(half1=_map()), "half1", "mask")


def test_boxes_that_differ_are_named_with_sizes_and_files():
    a, b = _map(path="a.mrc"), _map((8, 8, 10), path="b.mrc")
    sentence, = inputs.grid_problems({"half1": a, "half2": b})
    for word in ("Half-map 1 is", "but half-map 2 is", "8 x 8 x 8", "10 x 8 x 8", "a.mrc", "b.mrc", "take both from the same job"):
        assert word in sentence
    with pytest.raises(InputError, match="10 x 8 x 8"):
        inputs.require_same_grid({"half1": a, "half2": b})


def test_what_has_no_number_has_its_article():
    sentence, = inputs.grid_problems({"half1": _map(path="a.mrc"), "mask": _map((8, 8, 10), path="b.mrc")})
    assert sentence.startswith("Half-map 1 is 8 x 8 x 8 voxels but the mask is 10 x 8 x 8 (a.mrc, b.mrc). Resample the mask: ")


def test_voxel_sizes_that_differ_are_named_with_sizes_and_files():
    a, b = _map(path="a.mrc"), _map(voxel=(1.5, 1.5, 1.6), path="b.mrc")
    sentence, = inputs.grid_problems({"full_map": a, "mask": b})
    for word in ("1.5 Å", "1.5 x 1.5 x 1.6 Å", "a.mrc", "b.mrc", "header"):
        assert word in sentence


def test_voxel_sizes_may_differ_by_rounding():
    assert inputs.grid_problems({"half1": _map(), "half2": _map(voxel=(1.502, 1.5, 1.5))}) == []
    assert len(inputs.grid_problems({"half1": _map(), "half2": _map(voxel=(1.51, 1.5, 1.5))})) == 1
    assert inputs.grid_problems({}) == inputs.grid_problems({"half1": _map()}) == []


def test_data_that_cannot_be_used():
    check_data(_map(), "half1")
    bad = _map(path="bad.mrc")
    bad.data[1, 2, 3] = np.nan
    bad.data[0, 0, 0] = np.inf
    with pytest.raises(InputError, match=r"Half-map 2 has 2 voxels that are NaN or infinite out of 512 \(bad.mrc\)"):
        check_data(bad, "half2")
    with pytest.raises(InputError, match="Map has the same value, 3, in all its 512 voxels"):
        check_data(_map().with_data(np.full((8, 8, 8), 3.0)), "full_map")


@pytest.mark.parametrize("change, words", [
    (lambda d: d * 0, "empty"), (lambda d: d * 0 - 1, "empty"), (lambda d: d + np.nan, "NaN"), (lambda d: d * 5, "0 to 5"),
    (lambda d: d - 0.5, "-0.5 to 0.5")])
def test_masks_that_cannot_be_used(change, words):
    mask = np.zeros((8, 8, 8), np.float32)
    mask[2:6, 2:6, 2:6] = 1
    check_mask(Map(mask, (1.0, 1.0, 1.0)))
    check_mask(Map(mask * 1.0005, (1.0, 1.0, 1.0)))
    with pytest.raises(InputError, match=words):
        check_mask(Map(change(mask), (1.0, 1.0, 1.0), path="m.mrc"))


def test_files_that_are_written_and_read_again_fit(tmp_path):
    paths = {}
    for kind in ("half1", "half2"):
        paths[kind] = str(tmp_path / f"{kind}.mrc")
        write_map(paths[kind], _map((6, 7, 9), (1.06, 1.06, 1.06)))
    assert inputs.grid_problems(inputs.read_headers(paths)) == []


def test_a_kind_of_several_files_gets_a_name_for_each(tiny_halves):
    paths = tiny_halves["paths"]
    named = inputs.expand({"full_map": paths["full_map"], "others": [paths["half2"], paths["half1"]], "mask": None})
    assert named == {"full_map": paths["full_map"], "others_1": paths["half2"], "others_2": paths["half1"]}
    loaded = inputs.load_inputs(named)
    assert [m.path for m in loaded.others] == [paths["half2"], paths["half1"]]
    assert list(loaded.maps()) == ["full_map", "others_1", "others_2"]
    assert loaded.changed("others_2", origin=(1.0, 2.0, 3.0)).others[1].origin == (1.0, 2.0, 3.0)
    assert KINDS["others_2"].label == "Other map 2" and inputs.base_kind("others_12") == "others" and inputs.base_kind("mask2") == "mask2"
    with pytest.raises(KeyError):
        KINDS["mask_2"]


FOCUSED = ("focused_maps", "focused_half1", "focused_half2", "focused_masks")


def _focused(tmp_path, sizes=(8, 12), **changed):
    """Files of focused maps with halves and masks, one grid each."""
    out = {}
    for kind in FOCUSED:
        out[kind] = []
        for i, n in enumerate(changed.get(kind, sizes), 1):
            out[kind].append(str(tmp_path / f"{kind}{i}.mrc"))
            write_map(out[kind][-1], _map((n, n, n), voxel=(1.0 + i / 10,) * 3))
    return out


def test_focused_maps_have_grids_of_their_own_each_shared_by_its_halves_and_mask(tmp_path, tiny_halves):
    named = inputs.expand(dict(_focused(tmp_path), full_map=tiny_halves["paths"]["full_map"]))
    assert inputs.missing(("focused_maps", "focused_masks"), named) == [] == inputs.grid_problems(inputs.read_headers(named))
    loaded = inputs.load_inputs(named)
    assert [m.shape for m in loaded.focused_masks] == [(8, 8, 8), (12, 12, 12)] and len(loaded.maps()) == 9
    sentence, = inputs.grid_problems(inputs.read_headers(inputs.expand(_focused(tmp_path, focused_half2=(8, 14)))))
    for words in ("focused map 2", "half-map 2 of a focused map 2", "12 x 12 x 12", "14 x 14 x 14", "focused_maps2.mrc",
                  "focused_half22.mrc"):
        assert words in sentence, words


def test_lists_of_unequal_length_are_one_sentence(tmp_path):
    given = _focused(tmp_path, focused_masks=(8,))
    sentence, = inputs.missing((), inputs.expand(given))
    for words in ("2 files of 'focused map'", "1 file of 'mask of a focused map'", given["focused_maps"][1], given["focused_masks"][0],
                  "one for each"):
        assert words in sentence, words
    with pytest.raises(InputError, match="give one for each, in the same order"):
        inputs.load_inputs(given)
    assert inputs.set_problems(inputs.expand({k: given[k] for k in ("focused_maps", "focused_half1")})) == []


def test_a_folder_is_there_for_a_kind_that_is_a_folder_only(tmp_path):
    assert inputs.missing((), {"job": str(tmp_path)}) == []
    assert inputs.missing((), {"mtf": str(tmp_path)}) == [f"MTF of the detector '{tmp_path}' is a folder; give the file in it."]
    assert inputs.missing(("job",), {"job": str(tmp_path / "no")}) == [f"Job folder '{tmp_path / 'no'}' does not exist; check the path."]


def _files(folder):
    """A small file of every kind that is no map and no model."""
    from cryoqa_plugin.io.mtz import write_mtz
    texts = {"mtf": "data_\n\nloop_\n_rlnResolutionInversePixel\n_rlnMtfValue\n0 1\n0.5 0.3\n", "fsc_curve": "0.1 0.9\n0.2 0.4\n",
             "sequence": ">a\nMKTA\n", "symmetry": "C4\n",
             "particles": "data_optics\n\nloop_\n_rlnOpticsGroup\n_rlnImagePixelSize\n_rlnImageSize\n1 1.5 64\n\n"
                          "data_particles\n\nloop_\n_rlnImageName\n_rlnOpticsGroup\n1@a.mrcs 1\n2@a.mrcs 1\n"}
    out = {kind: str(folder / kind) for kind in texts}
    for kind, text in texts.items():
        with open(out[kind], "w", encoding="utf-8") as stream:
            stream.write(text)
    out["map_coefficients"] = str(folder / "map.mtz")
    write_mtz(out["map_coefficients"], _map((10, 10, 10)))
    out["job"] = str(folder / "Refine3D" / "job001")
    os.makedirs(out["job"])
    write_map(os.path.join(out["job"], "run_half1_class001_unfil.mrc"), _map())
    return out


def test_every_kind_is_read_described_and_told_from_another(tmp_path):
    """Path and SHA-256 of each stand in a document; what is odd about each is in the notes of the Study."""
    files = _files(tmp_path)
    assert set(files) == {k for k in KINDS if k not in FOCUSED and not KINDS[k].many and not KINDS[k].scipion}
    loaded = inputs.load_inputs(files)
    study = Study(loaded)
    described = runner.described(study)
    for kind, path in files.items():
        value = getattr(study, kind)
        assert dataclasses.is_dataclass(value) and type(value).__dataclass_params__.frozen and value.path == path, kind
        assert described[kind]["path"] == path and re.fullmatch("[0-9a-f]{64}", described[kind]["sha256"]), kind
        if kind != "job":
            assert described[kind]["sha256"] == hashlib.sha256(open(path, "rb").read()).hexdigest(), kind
            assert "shape" in described[kind] if kind == "map_coefficients" else "shape" not in described[kind], kind
    assert study.sequence.mass == pytest.approx(449.56) and study.symmetry.order == 4 and len(study.particles) == 2
    assert study.map_coefficients.shape == (10, 10, 10)
    notes = " ".join(study.notes())
    assert f"{files['particles']}: The particles have no angles" in notes and "No pair" not in notes


def test_what_is_in_memory_is_told_by_its_numbers(tmp_path):
    loaded = inputs.load_inputs({k: p for k, p in _files(tmp_path).items() if k != "job"})
    memory = Study(Inputs(**{k: dataclasses.replace(v, path=None) for k, v in loaded.given().items()}))
    described = runner.described(memory)
    assert all(e["path"] is None and re.fullmatch("[0-9a-f]{64}", e["sha256"]) for e in described.values())
    assert len({e["sha256"] for e in described.values()}) == len(described)
    other = Study(mtf=dataclasses.replace(loaded.mtf, path=None, values=loaded.mtf.values * 0.9))
    assert runner.described(other)["mtf"]["sha256"] != described["mtf"]["sha256"]


def test_another_grid_comes_with_the_command_that_resamples():
    """The half-maps stay as they are, whichever was given first; RELION's command is told for cubes only."""
    half, mask = _map((8, 8, 8), path="a b.mrc"), dataclasses.replace(_map((10, 10, 10), path="m/mask.mrc"), voxel_size=(2.0,) * 3)
    for order in (("half1", "mask"), ("mask", "half1")):
        sentence, = inputs.grid_problems({n: {"half1": half, "mask": mask}[n] for n in order})
        assert "open \"a b.mrc\" m/mask.mrc; volume resample #2 onGrid #1; save mask_on_grid.mrc models #3'" in sentence
        size = half.voxel_size[0]
        assert f"relion_image_handler --i m/mask.mrc --o mask_on_grid.mrc --angpix 2 --rescale_angpix {size:g} --new_box 8'" in sentence
    sentence, = inputs.grid_problems({"half1": half, "mask": _map((8, 8, 9), path="mask.mrc")})
    assert "volume resample" in sentence and "relion" not in sentence and "--new_box" not in sentence
    same, = inputs.grid_problems({"full_map": half, "mask": dataclasses.replace(mask, data=half.data)})
    assert "Correct the header of the wrong one" in same and "Or resample the mask" in same and "--rescale_angpix" in same


def test_inputs_are_called_as_they_are_typed():
    from cryoqa_plugin.naming import FORM, KEYWORD, OPTION, naming
    for style, words in ((FORM, "Map is needed"), (OPTION, "Map (--map) is needed"), (KEYWORD, "Map (full_map) is needed")):
        with naming(style):
            assert inputs.not_given(("full_map",), ())[0].startswith(words)
    assert inputs.lone_half({"half2": "b.mrc"}) == ["Half-map 1 is needed beside half-map 2 and was not given; give the files of both "
                                                    "half-maps."]
    assert inputs.lone_half({"half1": "a", "half2": "b"}) == inputs.lone_half({"mask": "m"}) == inputs.lone_half({"half1": ""}) == []
