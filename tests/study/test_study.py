"""The Study: each question answered once, shared between Studies of the same data, within a budget, with the same bits."""
from __future__ import annotations

import hashlib

import numpy as np
import pytest

from cryoqa_plugin.core import fourier
from cryoqa_plugin.errors import InputError, MissingInputError
from cryoqa_plugin.io.maps import Map, write_map
from cryoqa_plugin.study import Study
from cryoqa_plugin.study.fsc_curves import FscSettings
from cryoqa_plugin.study.shelf import Shelf


@pytest.fixture
def counted(monkeypatch):
    """Number of forward transforms of a whole box."""
    calls = []
    forward = fourier.forward
    monkeypatch.setattr(fourier, "forward", lambda data: calls.append(data.shape) or forward(data))
    return calls


@pytest.fixture
def study(tiny_halves):
    return Study(**{n: tiny_halves[n] for n in ("half1", "half2", "mask")})


def test_what_was_asked_once_is_not_computed_again(study, counted):
    first = study.transform("half1"), study.half_maps, study.fsc_curves(), study.resolution
    made = len(counted)
    assert study.transform("half1") is first[0] and study.half_maps is first[1] and study.fsc_curves() is first[2]
    assert study.resolution == first[3] and study.position is first[1].position
    assert len(counted) == made


def test_a_study_of_some_of_the_maps_shares_what_is_about_them(study, counted):
    one = study.transform("half1")
    halves = study.only(["half1", "half2"])
    assert halves.transform("half1") is one and halves.mask is None and len(counted) == 1
    assert halves.half_maps is study.half_maps
    assert study.fsc_curves() is not halves.fsc_curves() and halves.fsc_curves().masked is None


def test_answers_about_other_data_are_other_answers(study, tiny_halves):
    other = study.with_(half2=tiny_halves["half1"])
    assert study.half_maps.identical is False and other.half_maps.identical is True
    assert study.half_maps.identical is False


def test_settings_are_part_of_the_question(study):
    default, relion = study.fsc_curves(), study.fsc_curves(FscSettings(rules="relion", relion_counting=True))
    assert relion is not default and not np.array_equal(relion.unmasked.fsc, default.unmasked.fsc)
    assert study.fsc_curves(FscSettings()) is default


def test_the_budget_holds_and_what_does_not_fit_is_made_again_with_the_same_bits(tiny_halves):
    maps = {n: tiny_halves[n] for n in ("half1", "half2", "mask")}
    rich, poor = Study(budget=1e9, **maps), Study(budget=0, **maps)
    assert rich.transform("half1") is rich.transform("half1") and poor.transform("half1") is not poor.transform("half1")
    np.testing.assert_array_equal(poor.transform("half1"), rich.transform("half1"))
    np.testing.assert_array_equal(rich.fsc_curves().corrected.fsc, poor.fsc_curves().corrected.fsc)
    assert rich.half_maps == poor.half_maps
    shelf = Shelf(budget=5e6)
    about = [(object(),) for _ in range(4)]
    for i, key in enumerate(about):
        shelf.get("zeros", key, lambda i=i: np.full(500_000, i, np.float32))
    assert sum(a.nbytes for a in shelf.arrays()) <= 5e6 and [a[0] for a in shelf.arrays()] == [2, 3]
    assert shelf.get("zeros", about[0], lambda: np.full(500_000, 7, np.float32))[0] == 7
    large = Shelf(budget=0)
    made = [large.get("zeros", about[0], lambda: np.zeros(500_000, np.float32)) for _ in range(2)]
    assert made[0] is not made[1]


def test_sums_do_not_depend_on_sharing(tiny_halves):
    maps = {n: tiny_halves[n] for n in ("half1", "half2")}
    study = Study(**maps)
    assert study.half_maps.identical is False                           # transforms are there
    np.testing.assert_array_equal(study.fsc_curves().unmasked.fsc, Study(budget=0, **maps).fsc_curves().unmasked.fsc)


def test_shared_arrays_are_left_as_they_are(study):
    def digest(array):
        return hashlib.sha256(array.tobytes()).hexdigest()

    shared = [study.transform("half1"), study.transform("half2"), study.average.data, study.used_mask.data]
    before = [digest(a) for a in shared]
    assert study.half_maps and study.fsc_curves() and study.notes() == []
    assert [digest(a) for a in shared] == before


def test_checks_come_once_and_name_the_input(tiny_halves):
    broken = tiny_halves["half2"].with_data(np.full_like(tiny_halves["half2"].data, np.nan), "h2.mrc")
    with pytest.raises(InputError, match="Half-map 2 has 32768 voxels that are NaN.*h2.mrc"):
        Study(half1=tiny_halves["half1"], half2=broken).check()
    with pytest.raises(MissingInputError, match="Half-map 2 is needed"):
        Study(half1=tiny_halves["half1"]).check()
    with pytest.raises(MissingInputError, match="Two half-maps or a map"):
        Study().check("half1", "half2", "full_map")
    with pytest.raises(InputError, match="32 x 32 x 32 voxels .*; this needs at least 64"):
        Study(full_map=tiny_halves["full_map"]).check(least=64)


def test_a_mask_is_clipped_with_a_note_and_one_beyond_is_refused(tiny_halves):
    mask = tiny_halves["mask"]
    resampled = Study(half1=tiny_halves["half1"], half2=tiny_halves["half2"], mask=mask.with_data(mask.data * 1.006 - 0.003, "m.mrc"))
    resampled.check()
    assert resampled.mask.data.min() == 0 and resampled.mask.data.max() == 1
    assert [n for n in resampled.notes() if "m.mrc" in n] == ["The mask has values from -0.003 to 1.003 (m.mrc); they are clipped to 0 "
                                                             "and 1."]
    with pytest.raises(InputError, match="a mask must lie between 0 and 1"):
        Study(half1=mask, half2=mask, mask=mask.with_data(mask.data * 2)).check("mask")


def test_an_inverted_mask_is_said(tiny_halves):
    inverted = tiny_halves["mask"].with_data(1 - tiny_halves["mask"].data)
    study = Study(half1=tiny_halves["half1"], half2=tiny_halves["half2"], mask=inverted)
    assert any("inverted" in n for n in study.notes())
    assert not any("inverted" in n for n in Study(full_map=tiny_halves["full_map"], mask=tiny_halves["mask"]).notes())


def test_origins_that_differ_are_said_with_the_voxels(tiny_halves):
    two = tiny_halves["half2"]
    moved = Map(two.data, two.voxel_size, tuple(o - 48 for o in two.origin))
    notes = Study(half1=tiny_halves["half1"], half2=moved).notes()
    assert len([n for n in notes if "origin of half-map 2" in n and "-32, -32, -32 voxels (whole ones)" in n]) == 1
    assert Study(half1=tiny_halves["half1"], half2=two).notes() == []


def test_a_map_that_was_rolled_or_mirrored_is_said(tiny_halves):
    full = tiny_halves["full_map"]
    halves = {n: tiny_halves[n] for n in ("half1", "half2")}
    assert Study(full_map=full, **halves).notes() == []
    rolled = Study(full_map=full.with_data(np.roll(full.data, 5, 2)), **halves).notes()
    assert len(rolled) == 1 and "The map is not aligned with the half-maps: it is shifted by 5.00, 0.00, 0.00 voxels" in rolled[0]
    mirrored = Study(full_map=full.with_data(full.data[:, :, ::-1].copy()), **halves).notes()
    assert len(mirrored) == 1 and "x reversed (mirror image)" in mirrored[0]


def test_one_cause_is_said_once(tiny_halves):
    """Half 2 times a million, negated, or moved: the fault itself, and no second one."""
    one, two = tiny_halves["half1"], tiny_halves["half2"]
    for changed, word in ((two.data * 1e6 + 5e3, "scale"), (-two.data, "contrast inverted"), (np.roll(two.data, 1, 2), "shifted by 1.0"),
                          (-one.data, "copies"), (3 * one.data, "copies")):
        notes = Study(half1=one, half2=two.with_data(changed)).notes()
        assert len(notes) == 1 and word in notes[0], notes


def test_relions_sphere_is_no_mask(tiny_halves):
    z, y, x = np.mgrid[:32, :32, :32] - 16
    inside = np.clip((16 - np.sqrt(x * x + y * y + z * z)) / 3 + 1, 0, 1)
    halves = {}
    for name in ("half1", "half2"):
        data = tiny_halves[name].data
        halves[name] = tiny_halves[name].with_data(inside * data + (1 - inside) * data[inside == 0].mean())
    facts = Study(**halves).half_maps
    assert facts.sphere and not facts.masked
    assert ["largest sphere" in n for n in Study(**halves).notes()] == [True]
    masked = {n: m.with_data(m.data * tiny_halves["mask"].data) for n, m in halves.items()}
    facts = Study(**masked).half_maps
    assert facts.masked and not facts.sphere


def test_the_mask_that_is_made_is_one_for_all(tiny_halves):
    study = Study(**{n: tiny_halves[n] for n in ("half1", "half2")})
    made = study.used_mask
    assert made.source == "made" and study.used_mask is made
    alone = Study(full_map=study.average).used_mask
    np.testing.assert_array_equal(alone.data, made.data)
    given = Study(mask=tiny_halves["mask"], half1=study.half1, half2=study.half2).used_mask
    assert given.source == "given" and given.data is tiny_halves["mask"].data


def test_files_are_read_once_and_hashed(tiny_halves):
    study = Study.read({n: tiny_halves["paths"][n] for n in ("half1", "half2")}, voxel_sizes={"half1": 2.0, "half2": 2.0})
    assert study.half1.voxel_size == (2.0, 2.0, 2.0)
    with open(tiny_halves["paths"]["half1"], "rb") as stream:
        assert study.sha256("half1") == hashlib.sha256(stream.read()).hexdigest()
    average = Study(full_map=study.average)
    assert average.sha256("full_map") == hashlib.sha256(study.average.data.tobytes()).hexdigest()


@pytest.mark.heavy
@pytest.mark.realdata
@pytest.mark.parametrize("case, least", [("low96", 0.9), ("p96", 0.8), ("odd97", 0.75)])
def test_the_made_mask_against_the_true_one(sim_case, case, least):
    folder = sim_case(case)
    study = Study.read({n: str(folder / f"{case}_{n}.mrc") for n in ("half1", "half2", "mask")})
    made, true = study.with_(mask=None).used_mask.inside, study.used_mask.inside
    assert np.count_nonzero(made & true) / np.count_nonzero(made | true) >= least


def test_a_voxel_size_that_is_given_settles_the_note_and_the_origin(tmp_path):
    path = str(tmp_path / "one.mrc")
    write_map(path, Map(np.random.default_rng(0).standard_normal((16, 16, 16)).astype(np.float32), (1.0, 1.0, 1.0)))
    with open(path, "r+b") as stream:                                   # NSTART of 4, 5, 6 voxels
        stream.seek(16)
        stream.write(np.array([4, 5, 6], "<i4").tobytes())
    plain = Study.read({"full_map": path})
    assert plain.full_map.origin == (4, 5, 6) and ["exactly 1 Å" in n for n in plain.notes()] == [True]
    known = Study.read({"full_map": path}, voxel_sizes={"full_map": 2.0})
    assert known.full_map.origin == (8, 10, 12) and known.notes() == []
