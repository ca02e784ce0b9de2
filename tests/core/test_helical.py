"""Helices: the correlation on cylinders beside a naive twin, lattices that are put in, and the numbers of made-up filaments."""
from __future__ import annotations

import numpy as np
import pytest

from cryoqa_plugin.core import helical as core
from cryoqa_plugin.core.helical_search import (Lattice, Line, Cylinders, _sampled, cylinders, lattice, line_of, long_axes, multiples,
                                               refined_axis)
from cryoqa_plugin.core.pose_bands import band, prepare
from cryoqa_plugin.core.symmetry_axes import search_end
from helical import helical


def prepared(made):
    return prepare(made.half1.data, made.half2.data, made.mask.data, made.half1.voxel_size)


@pytest.fixture(scope="module")
def actin():
    made = helical(27.6, -166.6, radius=18.0, copies=7, shape=(64, 64, 64))
    return made, prepared(made)


@pytest.mark.compiled
def test_the_axis_is_refined_to_the_true_one(actin):
    made, maps = actin
    (line,) = long_axes(maps, "")
    assert np.degrees(np.arccos(abs(line.direction @ made.direction))) > 2        # the mask alone does not tell it
    wider = refined_axis(band(maps, 80.0, 20.0), line)[0]
    found, height = refined_axis(band(maps, 80.0, search_end(maps)), wider)
    off = found.point - made.point
    assert np.degrees(np.arccos(abs(found.direction @ made.direction))) < 0.5 and height > 0.6
    assert np.linalg.norm(off - (off @ made.direction) * made.direction) < 0.5


@pytest.mark.compiled
def test_the_correlation_on_cylinders_is_that_of_its_naive_twin(actin):
    made, maps = actin
    found, line = band(maps, 60.0, 14.0), line_of(maps, made.direction, made.point)
    fast = cylinders(found, line)
    one, radii = _sampled(found.one, line, fast.along)
    two, _ = _sampled(found.two, line, fast.along)
    n, nz = one.shape[2], one.shape[1]

    def naive(a, b, k, f):
        above = below_a = below_b = 0.0
        for z in range(nz):
            if 0 <= z + k < nz:
                there = np.roll(b[:, z + k], -f, axis=1).astype(float)
                here = a[:, z].astype(float)
                above += (radii[:, None] * here * there).sum()
                below_a += (radii[:, None] * here ** 2).sum()
                below_b += (radii[:, None] * there ** 2).sum()
        return above / np.sqrt(below_a * below_b)

    whole = naive(one, two, 0, 0)
    for k, f in ((0, 0), (0, 5), (3, 2), (6, n - 3), (-4, 7), (fast.most, 1)):
        right = (naive(one, two, k, f) + naive(one, two, -k, -f)) / 2 / whole
        assert fast.values[k + fast.most, f % n] == pytest.approx(right, abs=2e-5)


def made_up(rise, twist, along=2.0, n=90, most=40, width=4.0):
    """A correlation with peaks on a lattice, of a cylinder with a radius of 30 Å."""
    z = (np.arange(2 * most + 1) - most)[:, None] * along
    angle = np.arange(n)[None] * 2 * np.pi / n
    values = np.zeros((2 * most + 1, n))
    for k in range(-int(200 / rise), int(200 / rise) + 1):
        gap = (angle - k * np.radians(twist) + np.pi) % (2 * np.pi) - np.pi
        values = np.maximum(values, np.exp(-((z - k * rise) ** 2 + (30 * gap) ** 2) / (2 * width ** 2)))
    return Cylinders(values, along, 2 * np.pi / n)


@pytest.mark.parametrize("rise, twist", [(27.6, -166.6), (9.3, 51.2), (1.41, 22.03), (14.0, 180.0)])
def test_a_lattice_is_found_by_its_smallest_rise(rise, twist):
    line = Line(np.array([0.0, 0.0, 1.0]), np.zeros(3), -66.0, 66.0, 60.0)
    found = lattice(made_up(rise, twist), line)
    assert isinstance(found, Lattice) and found.rise == pytest.approx(rise, rel=0.02) and found.height > 0.8
    assert abs((np.degrees(found.twist) - twist + 180) % 360 - 180) < 0.5


def test_a_single_peak_is_no_lattice():
    cut = made_up(27.6, -166.6)
    alone = np.where(np.abs(np.arange(81) - 40)[:, None] * 2.0 > 40, 0, cut.values)
    line = Line(np.array([0.0, 0.0, 1.0]), np.zeros(3), -66.0, 66.0, 60.0)
    assert lattice(Cylinders(alone, cut.along, cut.around), line) is None
    assert lattice(Cylinders(np.zeros_like(alone), cut.along, cut.around), line) is None


def test_steps_are_near_and_far():
    assert multiples(27.6, 166.0) == [1, 2, 3] and multiples(1.4, 100.0)[0] == 1 and multiples(1.4, 100.0)[-1] == 35


@pytest.mark.compiled
def test_a_helix_is_found_with_its_numbers_and_errors(actin):
    made, maps = actin
    found = core.find_helix(maps, "")
    assert found.kind == "exact" and found.helix.fold == 1 and found.sure
    assert abs(found.helix.rise - made.rise) < 3.5 * found.errors.rise < 0.002 * made.rise
    assert abs(np.degrees(found.helix.twist) - made.twist) < 3.5 * np.degrees(found.errors.twist) < 0.002 * 166
    assert np.abs(found.repeats).max() < 0.15
    copies = found.helix.operators([0, 1, -1])
    np.testing.assert_allclose(copies[0], np.eye(3, 4), atol=1e-9)
    np.testing.assert_allclose(copies[1, :, :3] @ copies[2, :, :3], np.eye(3), atol=1e-12)


def test_a_molecule_that_is_not_long_costs_nothing(actin):
    made, maps = actin
    assert long_axes(maps._replace(mask=np.ones_like(maps.mask)), "") == []
    assert [abs(line.direction[2]) for line in long_axes(maps._replace(mask=np.ones_like(maps.mask)), "z")] == [1.0]


@pytest.mark.heavy
@pytest.mark.parametrize("case, through", [
    (dict(rise=15.0, twist=40.0, fold=3, shape=(64, 64, 64), copies=11, radius=24.0, atoms=80), ""),
    (dict(rise=12.0, twist=-40.0, copies=11, shape=(64, 64, 64), turn=np.eye(3), offset=(4.0, -3.0, 0.0)), ""),
    (dict(rise=1.41, twist=22.03, shape=(72, 72, 72), copies=70, radius=50.0, atoms=50, voxel=(2.4,) * 3, turn=np.eye(3)), "z"),
    (dict(rise=4.8, twist=-2.4, shape=(160, 110, 110), voxel=(1.3,) * 3, copies=37, radius=14.0, atoms=90, flat=3.5, turn=np.eye(3)), "")])
def test_other_helices(case, through):
    """Three-start, left-handed and off the centre, of one and a half Å a step, and a stack of layers."""
    made = helical(**case)
    found = core.find_helix(prepared(made), through)
    assert found.kind == "exact" and found.helix.fold == case.get("fold", 1)
    assert found.helix.rise == pytest.approx(made.rise, rel=0.002)
    assert np.degrees(found.helix.twist) == pytest.approx(made.twist, abs=max(0.002 * abs(made.twist), 0.02))
    assert np.degrees(np.arccos(min(abs(found.helix.line.direction @ made.direction), 1.0))) < 0.05


@pytest.mark.heavy
def test_copies_that_are_turned_at_random_are_approximate_and_two_copies_are_none():
    loose = core.find_helix(prepared(helical(20.0, 70.0, copies=7, shape=(64, 64, 64), wobble=8.0)), "")
    assert loose.kind != "exact" and loose.helix.rise == pytest.approx(20, abs=1.0) and loose.mean.max() < 0.9
    assert core.find_helix(prepared(helical(50.0, 70.0, copies=2, shape=(64, 64, 64))), "") is None


@pytest.mark.heavy
def test_errors_are_those_of_repeated_noise():
    made, off = helical(12.0, -40.0, copies=11, shape=(64, 64, 64), noise=0.0), []
    for seed in range(8):
        rng = np.random.default_rng(seed)
        halves = [made.half1.data + np.float32(1.2 * made.half1.data.std()) * rng.standard_normal(made.half1.shape).astype(np.float32)
                  for _ in range(2)]
        found = core.find_helix(prepare(*halves, made.mask.data, made.half1.voxel_size), "")
        off.append([(found.helix.rise - 12.0) / found.errors.rise, (np.degrees(found.helix.twist) + 40.0) / np.degrees(found.errors.twist)])
    assert np.all(np.sqrt(np.mean(np.square(off), axis=0)) < 1.8) and np.all(np.sqrt(np.mean(np.square(off), axis=0)) > 0.4)
