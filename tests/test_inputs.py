"""Kinds of input, and the sentences about those that are missing or do not fit together."""
from __future__ import annotations

import numpy as np
import pytest

from cryoqa_plugin.errors import InputError, MissingInputError
from cryoqa_plugin.io import inputs
from cryoqa_plugin.io.inputs import KINDS, Inputs
from cryoqa_plugin.io.maps import Map, write_map
from cryoqa_plugin.study.checks import check_data, check_mask


def _map(shape=(8, 8, 8), voxel=(1.5, 1.5, 1.5), path=None):
    return Map(np.random.default_rng(0).standard_normal(shape).astype(np.float32), voxel, path=path)


def test_given_and_maps():
    some = Inputs(half1=_map(), mask=_map())
    assert list(some.given()) == ["half1", "mask"] == list(some.maps())
    assert Inputs().given() == {}
    assert [k for k in KINDS if not KINDS[k].is_map] == ["model", "mtf", "fsc_curve", "sequence", "job", "symmetry", "particles"]
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
    for word in ("half-map 1", "half-map 2", "8 x 8 x 8", "10 x 8 x 8", "a.mrc", "b.mrc", "Resample or crop"):
        assert word in sentence
    with pytest.raises(InputError, match="10 x 8 x 8"):
        inputs.require_same_grid({"half1": a, "half2": b})


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
