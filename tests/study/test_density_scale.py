"""The scale of densities means nothing: no number and no verdict changes with it, as far as single precision reaches."""
from __future__ import annotations

import warnings

import numpy as np
import pytest

from cryoqa_plugin import runner
from cryoqa_plugin.errors import InputError
from cryoqa_plugin.io.inputs import Inputs
from cryoqa_plugin.io.maps import Map, read_map, write_map
from cryoqa_plugin.study import Study
from cryoqa_plugin.study.scale import in_safe_scale

FAR = (1e30, 1e-30, 1e37, 3e-31)


def _pair(tiny_halves, first, second):
    one, two = tiny_halves["half1"], tiny_halves["half2"]
    return one.with_data(one.data * np.float32(first)), two.with_data(two.data * np.float32(second))


@pytest.mark.parametrize("factor", FAR)
def test_half_maps_of_any_scale_are_the_same_half_maps(factor, tiny_halves):
    plain, far = Study(**dict(zip(("half1", "half2"), _pair(tiny_halves, 1, 1)))), Study(
        **dict(zip(("half1", "half2"), _pair(tiny_halves, factor, factor))))
    with warnings.catch_warnings():
        warnings.simplefilter("error")                       # no overflow on the way
        a, b = plain.half_map_values(), far.half_map_values()
    assert a.keys() == b.keys()
    for name, value in a.items():
        assert b[name] == (pytest.approx(value, rel=1e-4, abs=1e-6) if type(value) is float else value), name
    assert far.unmasked_resolution == pytest.approx(plain.unmasked_resolution, rel=1e-5)
    assert far.resolution == pytest.approx(plain.resolution, rel=1e-5) and far.independence.void == plain.independence.void
    note, = [n for n in far.notes() if n not in plain.notes()]
    assert "single precision" in note and any(f"reach {factor * np.abs(tiny_halves[n].data).max():.2g}" in note for n in ("half1", "half2"))
    assert "nan" not in note and "inf" not in note


@pytest.mark.parametrize("factor", FAR)
def test_a_run_on_files_of_any_scale_gives_the_same_numbers(factor, tiny_halves, tmp_path):
    documents = []
    for scale in (1.0, factor):
        paths = {}
        for name, map_ in zip(("half1", "half2"), _pair(tiny_halves, scale, scale)):
            paths[name] = str(tmp_path / f"{scale}_{name}.mrc")
            write_map(paths[name], map_)
        documents.append(runner.execute("fsc", paths))
    plain, far = documents
    for name, entry in plain["metrics"].items():
        value, other = entry["value"], far["metrics"][name]["value"]
        if name == "guinier_intercept":                      # the logarithm of an amplitude: a scale adds to it
            continue
        assert other == (pytest.approx(value, rel=1e-3, abs=1e-5) if type(value) is float else value), name
    assert [c["status"] for c in plain["checks"]] == [c["status"] for c in far["checks"]]


def test_half_maps_that_differ_in_scale_alone_are_not_of_two_molecules(tiny_halves):
    for first, second in ((1e30, 1), (1, 1e30), (1e-30, 1), (1e20, 1e-10)):
        one, two = _pair(tiny_halves, first, second)
        study = Study(half1=one, half2=two)
        assert study.position.operation == "none" and study.position.likeness > 0.9
        assert study.half_maps.scale > 1e9 and any("differ in scale" in n for n in study.notes())


def test_what_every_program_writes_is_left_as_it_is(tiny_halves):
    for factor in (1e-9, 1.0, 1e9):
        inputs = Inputs(half1=_pair(tiny_halves, factor, 1)[0], mask=tiny_halves["mask"])
        same, note = in_safe_scale(inputs)
        assert same is inputs and note is None
    zero = tiny_halves["half1"].with_data(tiny_halves["half1"].data * 0)
    assert in_safe_scale(Inputs(full_map=zero))[1] is None
    assert in_safe_scale(Inputs(full_map=zero.with_data(zero.data + np.nan)))[1] is None


def test_all_maps_change_by_one_power_of_two_and_masks_do_not(tiny_halves, tmp_path):
    one, _ = _pair(tiny_halves, 1e20, 1)
    path = str(tmp_path / "far.mrc")
    write_map(path, one)
    given = Inputs(half1=read_map(path), full_map=one, others=(one, one), mask=tiny_halves["mask"])
    made, note = in_safe_scale(given)
    ratio = made.half1.data / given.half1.data
    power = np.log2(ratio[0, 0, 0])
    assert (ratio == ratio[0, 0, 0]).all() and power == round(power) and 0.5 <= np.abs(made.half1.data).max() < 1
    for other in (made.full_map, *made.others):
        np.testing.assert_array_equal(other.data, made.half1.data)
    assert made.mask is given.mask and f"{2.0 ** power:.4g} times" in note and path in note
    low, high, _, _ = made.half1.header.header_stats
    assert (low, high) == pytest.approx((made.half1.data.min(), made.half1.data.max()))
    again, note = in_safe_scale(made)
    assert again is made and note is None


@pytest.mark.parametrize("factor", FAR)
def test_maps_that_no_power_of_two_brings_together_have_each_their_own(factor, tiny_halves):
    one, two = _pair(tiny_halves, 1, 2)
    other = one.with_data(one.data * np.float32(factor))
    made, note = in_safe_scale(Inputs(half1=one, half2=two, full_map=one, others=(other, one), reference_map=other))
    for map_ in (made.half1, made.half2, made.full_map, *made.others, made.reference_map):
        assert 0.2 < np.abs(map_.data).max() <= 1
        assert np.corrcoef(map_.data.ravel(), one.data.ravel())[0, 1] > 0.2 and np.isfinite(map_.data).all()
    np.testing.assert_allclose(made.half2.data / made.half1.data, two.data / one.data, rtol=1e-6)
    assert "a scale of its own" in note and f"{np.abs(other.data).max():.2g}" in note
    again, note = in_safe_scale(made)
    assert again is made and note is None


@pytest.mark.parametrize("factor", (1e30, 1e-30, 1e37))
def test_the_scale_of_another_map_does_not_decide_which_is_better(factor, tiny_halves, tmp_path):
    one, two = _pair(tiny_halves, 1, 1)
    mean = one.with_data((one.data + two.data) / 2)
    rough = mean.data + np.float32(mean.data.std()) * np.random.default_rng(5).standard_normal(mean.shape).astype(np.float32)
    boards = []
    for scale in (1.0, factor):
        paths = {}
        for name, data in (("half1", one.data), ("half2", two.data), ("full_map", mean.data), ("others_1", rough * np.float32(scale))):
            paths[name] = str(tmp_path / f"{name}.mrc")
            write_map(paths[name], one.with_data(data))
        boards.append(runner.execute("compare_maps", paths)["metrics"])
    for name in ("best", "best_score", "margin", "resolution"):
        value = boards[0][name]["value"]
        assert boards[1][name]["value"] == (pytest.approx(value, rel=1e-4) if type(value) is float else value), name


@pytest.mark.parametrize("shape", [(2, 2, 2), (1, 16, 16), (16, 1, 1), (1, 1, 1), (3, 3, 3), (4, 4, 4), (16, 16, 1), (2, 32, 32),
                                   (7, 9, 9)])
def test_half_maps_of_few_voxels_are_refused_in_one_sentence(shape):
    rng = np.random.default_rng(3)
    one, two = (Map(rng.standard_normal(shape).astype(np.float32), (1.5, 1.5, 1.5)) for _ in range(2))
    study = Study(half1=one, half2=two)
    box = " x ".join(str(n) for n in shape[::-1])
    for ask in (lambda: study.position, lambda: study.half_maps, study.notes, lambda: study.independence, lambda: study.noise):
        with pytest.raises(InputError, match=f"Half-map 1 is {box} voxels .*from 8 voxels along each axis on"):
            ask()


def test_half_maps_of_eight_voxels_are_compared():
    rng = np.random.default_rng(4)
    same = rng.standard_normal((8, 8, 8))
    one, two = (Map((same + 0.1 * rng.standard_normal((8, 8, 8))).astype(np.float32), (1.5, 1.5, 1.5)) for _ in range(2))
    assert Study(half1=one, half2=two).position.likeness > 0.9
