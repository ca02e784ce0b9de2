"""Copies of a molecule: the mean over them against a naive twin, what stays as it is, and what right, wrong and imposed operators show."""
from __future__ import annotations

import numpy as np
import pytest
import scipy.ndimage

from cryoqa_plugin.core import fourier, symmetry_copies, threads
from cryoqa_plugin.io.symmetry import point_group

SHAPE, VOXEL = (30, 32, 34), (1.3, 1.1, 1.2)
TURN = np.array([[0.36, 0.48, -0.8], [-0.8, 0.6, 0.0], [0.48, 0.64, 0.6]])         # a rotation of round numbers


def smooth(seed, shape=SHAPE, fall=60.0):
    """Noise without fine detail, float32, of standard deviation 1."""
    rng = np.random.default_rng(seed)
    k2 = sum(k ** 2 for k in np.meshgrid(*(np.fft.fftfreq(n) for n in shape), indexing="ij", sparse=True))
    out = np.fft.ifftn(np.fft.fftn(rng.standard_normal(shape)) * np.exp(-fall * k2)).real
    return (out / out.std()).astype(np.float32)


def about(rotations, shape=SHAPE, voxel=VOXEL):
    """Rotations about the centre of the box, in voxels, float64 [n, 3, 4]."""
    centre = np.array([n // 2 * v for n, v in zip(shape[::-1], voxel)])
    return symmetry_copies.in_voxels(np.concatenate([rotations, (centre - rotations @ centre)[:, :, None]], axis=2), voxel)


def ball(shape=SHAPE, part=0.42):
    """A soft ball in the middle, 0 to 1."""
    z, y, x = np.meshgrid(*(np.arange(n) - n // 2 for n in shape), indexing="ij")
    return np.clip((part * min(shape) - np.sqrt(x * x + y * y + z * z)) / 3 + 0.5, 0, 1).astype(np.float32)


def naive(data, operators, inside, apart=None):
    """The mean over copies with scipy's splines."""
    apart = np.zeros(data.shape) if apart is None else apart
    z, y, x = np.meshgrid(*(np.arange(n) for n in data.shape), indexing="ij")
    xyz = np.stack([x, y, z], axis=-1).astype(float)
    total, weight = data.astype(float), np.ones(data.shape)
    for operator in operators:
        at = xyz @ operator[:, :3].T + operator[:, 3]
        nearest = np.floor(at + 0.5).astype(int)
        there = np.all((nearest >= 0) & (nearest < data.shape[::-1]), axis=-1)
        index = np.where(there[..., None], nearest, 0)
        at_copy = index[..., 2], index[..., 1], index[..., 0]
        w = there * (1 - np.abs(inside[at_copy] - inside.astype(float))) * (1 - apart) * (1 - apart[at_copy])
        total += w * scipy.ndimage.map_coordinates(data.astype(float), at[..., ::-1].transpose(3, 0, 1, 2), order=3, mode="grid-wrap")
        weight += w
    return total / weight


def test_mean_over_copies_is_that_of_its_naive_twin():
    halves, inside = (smooth(1, fall=8.0), smooth(2, fall=8.0)), np.clip(smooth(3) + 0.5, 0, 1)
    operators = about(np.array([TURN, TURN @ TURN]))
    operators[:, :, 3] += 0.137                                                     # no place half-way between voxels
    for data, found in zip(halves, symmetry_copies.averaged(halves, operators, inside)):
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, naive(data, operators, inside), atol=2e-5)
    apart = np.clip(smooth(4), 0, 1)
    for data, found in zip(halves, symmetry_copies.averaged(halves, operators, inside, apart)):
        np.testing.assert_allclose(found, naive(data, operators, inside, apart), atol=2e-5)


def test_spline_coefficients_are_those_of_scipy():
    data = smooth(1, fall=2.0)
    wanted = scipy.ndimage.spline_filter(data.astype(float), order=3, mode="grid-wrap")
    np.testing.assert_allclose(symmetry_copies.coefficients(data), wanted, atol=2e-5)


def test_what_must_stay_stays():
    halves, inside = (smooth(1, fall=3.0), smooth(2, fall=3.0)), ball()
    for found, data in zip(symmetry_copies.averaged(halves, np.zeros((0, 3, 4)), inside), halves):
        np.testing.assert_array_equal(found, data)
    still = symmetry_copies.averaged(halves, about(np.eye(3)[None]), inside)
    shape = (32, 32, 32)
    cube = (smooth(4, shape, 3.0), smooth(5, shape, 3.0))
    group = about(point_group("D2").operators[1:, :, :3], shape, (1.0,) * 3)         # on the grid: no error of interpolation
    once = symmetry_copies.averaged(cube, group, ball(shape))
    twice = symmetry_copies.averaged(once, group, ball(shape))
    for found, data, one, two in zip(still, halves, once, twice):
        np.testing.assert_allclose(found, data, atol=2e-5)
        np.testing.assert_allclose(two[2:, 2:, 2:], one[2:, 2:, 2:], atol=2e-5)
        np.testing.assert_allclose(one[1:, 1:, 1:], one[1:, 1:, 1:][::-1, ::-1], atol=2e-5)
    constant = symmetry_copies.averaged((np.full(SHAPE, 3.5, np.float32),) * 2, about(np.array([TURN])), inside)
    np.testing.assert_allclose(constant[0], 3.5, rtol=1e-5)


def test_noise_falls_with_the_number_of_copies_and_stays_in_its_half():
    shape = (48, 48, 48)
    halves, inside = (smooth(1, shape, 15.0), smooth(2, shape, 15.0)), np.ones(shape, np.float32)
    far = ball(shape, 0.4) - ball(shape, 0.2) > 0.5                                     # away from the axes, where copies are one place
    group = about(point_group("T").operators[1:, :, :3], shape, (1.0,) * 3)
    one, two = symmetry_copies.averaged(halves, group, inside)
    assert one[far].var() == pytest.approx(halves[0][far].var() / 12, rel=0.3)
    again, _ = symmetry_copies.averaged((halves[0], halves[1] * 9), group, inside)
    np.testing.assert_array_equal(again, one)


def test_answers_do_not_depend_on_threads():
    halves, inside, operators = (smooth(1), smooth(2)), ball(), about(np.array([TURN]))
    found = []
    for count in (1, 2):
        threads.set_threads(count)
        found.append((symmetry_copies.averaged(halves, operators, inside), symmetry_copies.likeness(halves, operators, inside, 2.0)))
    threads.set_threads(0)
    np.testing.assert_array_equal(found[0][0], found[1][0])
    np.testing.assert_array_equal(found[0][1], found[1][1])


def test_inverses_are_added_once():
    group = point_group("C5").operators[1:]
    np.testing.assert_allclose(symmetry_copies.with_inverses(group), group)
    one = about(np.array([TURN]))
    both = symmetry_copies.with_inverses(one)
    assert both.shape == (2, 3, 4)
    place = np.array([3.0, 4.0, 5.0])
    there = one[0, :, :3] @ place + one[0, :, 3]
    np.testing.assert_allclose(both[1, :, :3] @ there + both[1, :, 3], place)
    assert symmetry_copies.with_inverses(np.concatenate([one, one, np.eye(3, 4)[None]])).shape == (2, 3, 4)


def test_operators_are_told_right_from_wrong_from_imposed():
    shape, voxel = (64, 64, 64), (1.0,) * 3
    inside = ball(shape)
    group = about(point_group("D3").operators[1:, :, :3], shape, voxel)
    signal = symmetry_copies.averaged((smooth(1, shape, 30.0),) * 2, group, inside)[0]
    signal /= signal[inside > 0.5].std()
    halves = tuple(signal + smooth(s, shape, 30.0) for s in (2, 3))
    found = symmetry_copies.likeness(halves, group, inside, 6.0)
    np.testing.assert_allclose(found.own, 0.5, atol=0.06)
    assert np.all(found.relative > 0.85) and np.all(np.abs(found.noise) < 0.1)
    turned = about(np.array([TURN @ r @ TURN.T for r in point_group("D3").operators[1:, :, :3]]), shape, voxel)
    wrong = symmetry_copies.likeness(halves, turned, inside, 6.0)
    assert np.all(np.abs(wrong.relative) < 0.25)
    imposed = symmetry_copies.likeness(symmetry_copies.averaged(halves, group, inside), group, inside, 6.0)
    assert np.all(imposed.noise > 0.95) and np.all(imposed.relative > 0.95)


def test_places_where_one_copy_differs_are_found_and_left_alone():
    shape, voxel = (64, 64, 64), (1.5,) * 3
    inside, group = ball(shape), about(point_group("D2").operators[1:, :, :3], shape, voxel)
    signal = symmetry_copies.averaged((smooth(1, shape, 30.0),) * 2, group, inside)[0]
    signal /= signal[inside > 0.5].std()
    noise = [0.4 * smooth(s, shape, 30.0) for s in (2, 3)]
    exact = [signal + n for n in noise]
    means = symmetry_copies.averaged(exact, group, inside)
    assert not symmetry_copies.differing(exact, means, 4, inside, voxel).any()
    z, y, x = np.meshgrid(*(np.arange(n) for n in shape), indexing="ij")
    centre = np.array([24, 40, 38])                                                    # x, y, z
    ligand = 4 * np.exp(-((x - 24) ** 2 + (y - 40) ** 2 + (z - 38) ** 2) / 8).astype(np.float32)
    bound = [e + ligand for e in exact]
    apart = symmetry_copies.differing(bound, symmetry_copies.averaged(bound, group, inside), 4, inside, voxel)
    assert apart[38, 40, 24] == 1 and 0 < apart[inside > 0.5].mean() < 0.1
    plain, kept = (symmetry_copies.averaged(bound, group, inside, a)[0] for a in (None, apart))
    there = ligand > 1
    assert (kept - signal)[there].mean() > 0.9 * ligand[there].mean() > 2 * (plain - signal)[there].mean()
    copy = np.rint(group[0, :, :3] @ centre + group[0, :, 3]).astype(int)[::-1]
    before, after = ((m - means[0])[tuple(copy)] for m in (plain, kept))
    assert before == pytest.approx(1.0, abs=0.1) and abs(after) < 0.35                 # the trace of the ligand in another copy


def test_an_operator_that_moves_nothing_tells_nothing():
    halves = smooth(1), smooth(2)
    shift = np.eye(3, 4)[None].copy()
    shift[0, 0, 3] = 1.0
    assert np.all(np.isnan(symmetry_copies.likeness(halves, shift, ball(), 6.0)))
    beyond = np.eye(3, 4)[None].copy()
    beyond[0, 0, 3] = 500.0
    assert np.all(np.isnan(symmetry_copies.likeness(halves, beyond, ball(), 6.0)))
    np.testing.assert_array_equal(symmetry_copies.averaged(halves, beyond, ball())[0], halves[0])
    corner = about(np.array([TURN]))
    corner[0, :, 3] -= 14.0                                                             # less than a quarter stays in the box
    assert np.all(np.isnan(symmetry_copies.likeness(halves, corner, ball(), 2.0).cross))
    unlike = symmetry_copies.likeness((halves[0], -halves[0]), about(np.array([TURN])), ball(), 2.0)
    assert np.all(unlike.own < 0) and np.all(np.isnan(unlike.relative))


def test_transform_of_a_map_is_kept_by_the_splines_at_its_voxels():
    data = smooth(6, fall=1.0)
    found = symmetry_copies.averaged((data, data), about(np.eye(3)[None]), np.ones(SHAPE, np.float32))[0]
    np.testing.assert_allclose(fourier.forward(found), fourier.forward(data), atol=2e-3 * np.abs(fourier.forward(data)).max())
