"""Half-maps that do not lie on each other, are not the same way round, or are not what their names say."""
from __future__ import annotations

import numpy as np
import pytest

from cryoqa_plugin.core.alignment import NONE, Operation
from cryoqa_plugin.core.fourier import forward, geometry
from cryoqa_plugin.io.maps import Map, read_map
from cryoqa_plugin.study import Study
from cryoqa_plugin.study.position import compare_position, half_in_name, name_notes, operation_words

CASES = ("p96", "a96", "odd97", "low96", "fine128", "rna128", "t160", "l160", "d2_160", "d2tilt_160", "c5_200", "mirror160", "h256",
         "f2_128", "f3_144", "f4_160")
SHIFTS = ((0, 0, 0), (0.1, 0, 0), (0.06, -0.06, 0.06), (0.5, 0, -0.5), (0, 1, 0), (0, 0, 3))                    # z, y, x


def _moved(data, shift):
    ft = np.fft.fftn(data)
    for axis, (n, t) in enumerate(zip(data.shape, shift)):
        ft *= np.exp(-2j * np.pi * np.fft.fftfreq(n) * t).reshape([-1 if i == axis else 1 for i in range(3)])
    return np.fft.ifftn(ft).real.astype(np.float32)


def _compare(half1, half2):
    return compare_position(forward(half1.data), forward(half2.data), geometry(half1.shape, half1.voxel_size))


def position_notes(half1, half2):
    """What a Study notes on how half-maps lie on each other."""
    return [n for n in Study(half1=half1, half2=half2).notes() if "aligned" in n or "mirror or sign" in n or "not match" in n
            or "share no signal" in n]


@pytest.fixture(scope="module")
def sharp_halves(tiny_halves):
    """The tiny half-maps with a third of their noise."""
    truth = tiny_halves["truth"].data
    return [tiny_halves[n].with_data(truth + (tiny_halves[n].data - truth) / 3) for n in ("half1", "half2")]


def _vector(position):
    return np.array([float(t) for t in position.shift_vector.split(", ")])


def test_sound_half_maps(tiny_halves, sharp_halves):
    found = _compare(*sharp_halves)
    assert found.shift < 0.02 and found.operation == "none" and found.likeness > 0.9
    noisier = _compare(tiny_halves["half1"], tiny_halves["half2"])
    assert noisier.shift is None and noisier.shift_error > found.shift_error and noisier.operation == "none"
    for halves in (sharp_halves, (tiny_halves["half1"], tiny_halves["half2"])):
        assert position_notes(*halves) == []


@pytest.mark.parametrize("shift", SHIFTS)
def test_the_vector_is_where_half_map_2_went(sharp_halves, shift):
    half2 = sharp_halves[1].with_data(_moved(sharp_halves[1].data, shift))
    found = _compare(sharp_halves[0], half2)
    assert found.shift == pytest.approx(np.linalg.norm(shift), abs=0.02)
    np.testing.assert_allclose(_vector(found), shift[::-1], atol=0.02)
    notes = position_notes(sharp_halves[0], half2)
    assert len(notes) == (found.shift > 0.1)
    assert all(found.shift_vector in n and "half-map 2 is shifted by" in n for n in notes)


def test_operations_and_contrast_are_named(tiny_halves):
    one, two = tiny_halves["half1"], tiny_halves["half2"]
    for change, words in ((lambda d: d[:, :, ::-1], "x reversed (mirror image)"), (lambda d: d.transpose(2, 1, 0), "x and z swapped"),
                          (lambda d: d[::-1, ::-1], "turned by 180 degrees about x"), (lambda d: -d, "contrast inverted"),
                          (lambda d: -d[::-1], "contrast inverted, z reversed")):
        changed = two.with_data(np.ascontiguousarray(change(two.data)))
        assert words in _compare(one, changed).operation
        notes = position_notes(one, changed)
        assert len(notes) == 1 and words in notes[0] and "mirror or sign" in notes[0]


def test_words_say_which_axis_is_read_from_which():
    assert operation_words(NONE) == "none"
    assert operation_words(Operation((0, 1, 2), (False, False, True))) == "x reversed (mirror image)"
    assert operation_words(Operation((0, 1, 2), (True, True, True))) == "x, y and z reversed (mirror image)"
    assert operation_words(Operation((1, 0, 2), (False, False, False))) == "y and z swapped (mirror image)"
    turn = Operation((0, 2, 1), (False, True, False))        # new y is the old x read backwards, new x the old y
    assert operation_words(turn) == "x, y, z read from y, -x, z (turned, the same hand)"


def test_nothing_in_common_is_said():
    rng = np.random.default_rng(4)
    noise = [Map(rng.standard_normal((32, 36, 40)).astype(np.float32), (1.5,) * 3) for _ in range(2)]
    found = _compare(*noise)
    assert (found.shift, found.shift_vector, found.operation) == (None, None, None) and abs(found.likeness) < 0.5
    notes = position_notes(*noise)
    assert len(notes) == 1 and "share no signal" in notes[0]


def test_names():
    known = {"run_half2_class001_unfil.mrc": ("2", "1"), "P1_J5_map_half_A.mrc": ("1", ""), "emd_1_half_map_1.map.gz": ("1", ""),
             "halfmap_b.mrc": ("2", ""), "x_h2.mrc": ("2", ""), "half.mrc": ("", ""), "half1/map.mrc": ("", ""), "half10.mrc": ("", ""),
             "halfbaked.mrc": ("", ""), None: ("", "")}
    for name, which in known.items():
        assert half_in_name(name) == which, name
    data = np.zeros((4, 4, 4), dtype=np.float32)

    def notes(first, second):
        return name_notes(*(Map(data, (1.0,) * 3, path=p) for p in (first, second)))

    assert notes("a_half1.mrc", "a_half2.mrc") == [] and notes("a.mrc", "b_half1.mrc") == []
    assert "swapped" in notes("a_half_B.mrc", "a_half_A.mrc")[0]
    assert "both are half 1" in notes("1/half1.mrc", "2/half1.mrc")[0]
    assert "two classes" in notes("run_half1_class001.mrc", "run_half2_class002.mrc")[0]


@pytest.mark.realdata
@pytest.mark.heavy
@pytest.mark.parametrize("case", CASES)
def test_sound_simulated_half_maps_raise_no_alarm(sim_case, case):
    """Symmetric ones among them; and a mirror image is one."""
    one, two = (read_map(str(sim_case(case) / f"{case}_{n}.mrc")) for n in ("half1", "half2"))
    assert position_notes(one, two) == []
    notes = position_notes(one, two.with_data(np.ascontiguousarray(two.data[::-1])))
    assert len(notes) == 1 and "mirror image" in notes[0]


@pytest.mark.realdata
@pytest.mark.heavy
@pytest.mark.parametrize("case", ["p96", "odd97", "low96", "f3_144"])
def test_shifts_of_simulated_half_maps(sim_case, case):
    """A tenth of a voxel is found, in a mask too."""
    one, two, mask = (read_map(str(sim_case(case) / f"{case}_{n}.mrc")) for n in ("half1", "half2", "mask"))
    geo = geometry(one.shape, one.voxel_size)
    for cut in (1, mask.data):
        fixed = forward(one.data * cut)
        for shift in SHIFTS[:4]:
            found = compare_position(fixed, forward(_moved(two.data, shift) * cut), geo)
            assert found.operation == "none" and found.likeness > 0.9
            np.testing.assert_allclose(_vector(found), shift[::-1], atol=0.025)


@pytest.mark.realdata
@pytest.mark.heavy
def test_other_molecules_and_noise(sim_case):
    for first, second in (("p96", "low96"), ("p96", "f3_144"), ("t160", "d2_160"), ("fine128", "rna128"), ("fine128", "f2_128")):
        one, two = (read_map(str(sim_case(c) / f"{c}_half{i}.mrc")) for i, c in ((1, first), (2, second)))
        found = _compare(one, two)
        assert found.likeness < 0.4 and found.operation is None
    rng = np.random.default_rng(0)
    one = read_map(str(sim_case("p96") / "p96_half1.mrc"))
    for half2 in (one.with_data(rng.standard_normal(one.shape).astype(np.float32)) for _ in range(10)):
        assert _compare(one, half2).shift is None
