"""Shifts and operations between two maps are found as they were made."""
from __future__ import annotations

import numpy as np
import pytest

from cryoqa_plugin.core import alignment
from cryoqa_plugin.core.alignment import NONE, Operation
from cryoqa_plugin.core.fourier import forward, geometry

BOXES = [((48, 48, 48), (1.0, 1.0, 1.0)), ((47, 47, 47), (1.2, 1.2, 1.2)), ((40, 53, 44), (1.0, 1.1, 1.3))]


def _blob(shape, seed=3):
    """A lump of density without symmetry, float64 [z, y, x]."""
    rng = np.random.default_rng(seed)
    grid = np.meshgrid(*(np.arange(n) - n / 2 for n in shape), indexing="ij")
    out = np.zeros(shape)
    for centre in rng.uniform(-0.2, 0.2, (25, 3)) * shape:
        out += rng.uniform(0.5, 2) * np.exp(-sum((g - c) ** 2 for g, c in zip(grid, centre)) / 6)
    return out


def moved(data, shift):
    """The map moved by ``shift`` (z, y, x) voxels: ``out(x) = data(x - shift)``, periodic, exact."""
    ft = np.fft.fftn(data)
    for axis, (n, t) in enumerate(zip(data.shape, shift)):
        ramp = np.exp(-2j * np.pi * np.fft.fftfreq(n) * t)
        if n % 2 == 0:
            ramp[n // 2] = ramp[n // 2].real
        ft *= ramp.reshape([-1 if i == axis else 1 for i in range(3)])
    return np.fft.ifftn(ft).real


def apply(data, operation):
    """What the fields of an operation mean, on a map."""
    turned = data.transpose(operation.order)
    return np.ascontiguousarray(turned[tuple(slice(None, None, -1 if f else 1) for f in operation.flip)])


def _pair(shape, shift, noise=0.3):
    rng, truth = np.random.default_rng(1), _blob(shape)
    sd = noise * truth.std()
    return [(m + sd * rng.standard_normal(shape)).astype(np.float32) for m in (truth, moved(truth, shift))]


def _place(a, b, voxel=(1.0, 1.0, 1.0), **options):
    return alignment.place(forward(a), forward(b), geometry(a.shape, voxel), **options)


@pytest.mark.parametrize("shape, voxel", BOXES)
@pytest.mark.parametrize("shift", [(0, 0, 0), (0.1, 0, 0), (0, -0.1, 0.05), (0.5, 0.5, 0.5), (0, 0, 1), (3, -2, 1.5), (-19, 0, 7.3)])
def test_shifts(shape, voxel, shift):
    found = _place(*_pair(shape, shift), voxel)
    assert found.found and found.operation == NONE
    np.testing.assert_allclose(found.shift, shift, atol=max(4 * found.error, 1e-3))
    assert found.error < 0.02 and found.fsc[:4].min() > 0.95


def test_the_error_is_the_scatter():
    errors, shifts = [], []
    truth = _blob((40, 40, 40))
    for seed in range(24):
        rng = np.random.default_rng(seed)
        a, b = ((truth + truth.std() * rng.standard_normal(truth.shape)).astype(np.float32) for _ in range(2))
        found = _place(a, b, turned=False)
        shifts.append(found.shift)
        errors.append(found.error)
    scatter = np.sqrt((np.array(shifts) ** 2).sum(axis=1).mean())
    assert 0.7 < scatter / np.mean(errors) < 1.4


def test_the_operations_of_a_cube_and_of_other_boxes():
    cube = alignment.operations(geometry((8, 8, 8)))
    assert len(set(cube)) == 48 and cube[0] == NONE
    assert len(alignment.operations(geometry((8, 8, 9)))) == 16
    assert len(alignment.operations(geometry((8, 9, 10)))) == 8
    assert len(alignment.operations(geometry((8, 8, 8), (1.0, 1.0, 1.2)))) == 16


@pytest.mark.parametrize("shape, every", [((34, 34, 34), 5), ((33, 33, 33), 7)])
def test_operations_are_undone(shape, every):
    a, b = _pair(shape, (0, 0, 0))
    for operation in alignment.operations(geometry(shape))[1::every]:
        found = _place(a, apply(b, operation))
        np.testing.assert_array_equal(apply(apply(b, operation), found.operation), b)
        np.testing.assert_allclose(found.shift, 0, atol=max(4 * found.error, 1e-3))


def test_an_operation_and_a_shift():
    a, b = _pair((45, 40, 50), (0, 0, 0))
    found = _place(a, moved(b[::-1], (2, 0.5, 0)).astype(np.float32))
    assert found.operation == Operation((0, 1, 2), (True, False, False))
    np.testing.assert_allclose(found.shift, (-2, 0.5, 0), atol=0.03)


def _fold(data, axes):
    """Made symmetric under a turn by 180 degrees, about voxel n // 2 of an odd box."""
    return data + np.flip(data, axes)


def test_symmetric_maps_raise_no_alarm():
    truth = _fold(_fold(_blob((45, 45, 45)), (0, 1)), (1, 2))
    mirror = _fold(_blob((45, 45, 45)), (2,))
    for data in (truth, mirror):
        for seed in range(5):
            rng = np.random.default_rng(seed)
            a, b = ((data + 0.5 * data.std() * rng.standard_normal(data.shape)).astype(np.float32) for _ in range(2))
            assert _place(a, b).operation == NONE


@pytest.mark.parametrize("smooth", [0, 60])
def test_noise_is_not_placed(smooth):
    for seed in range(10):
        rng, shape = np.random.default_rng(seed), [(32, 32, 32), (40, 37, 48)][seed % 2]
        s2 = sum(k ** 2 for k in np.meshgrid(*(np.fft.fftfreq(n) for n in shape), indexing="ij"))
        a, b = (np.fft.ifftn(np.fft.fftn(rng.standard_normal(shape)) * np.exp(-smooth * s2)).real.astype(np.float32) for _ in range(2))
        found = _place(a, b)
        assert not found.found and found.significance < 8 and found.operation == NONE and found.shift == (0, 0, 0)


def test_copies():
    a = _pair((32, 32, 32), (0, 0, 0))[0]
    found = _place(a, 3 * a)
    assert found.operation == NONE and np.abs(found.shift).max() < 1e-6 and found.fsc.min() > 0.999


def test_of_equal_peaks_the_nearest_is_taken():
    """A map that repeats itself three times along z, as a filament does, is not moved by a repeat."""
    rng = np.random.default_rng(8)
    unit = rng.standard_normal((16, 48, 48)).astype(np.float32)
    signal = np.tile(unit, (3, 1, 1))
    geo = geometry(signal.shape, (2.0, 2.0, 2.0))
    for seed in range(6):
        noise = np.random.default_rng(seed).standard_normal((2, *signal.shape)).astype(np.float32)
        found = alignment.place(forward(signal + noise[0]), forward(signal + noise[1]), geo)
        assert found.found and np.abs(found.shift).max() < 0.1
    moved = alignment.place(forward(signal + noise[0]), forward(np.roll(signal, 3, 2) + noise[1]), geo)
    assert np.round(moved.shift).tolist() == [0, 0, 3]


def test_a_shift_of_coefficients_is_found_within_limits():
    rng = np.random.default_rng(11)
    shape = (40, 44, 48)
    geo = geometry(shape)
    k = np.fft.fftfreq(40)[:, None, None] ** 2 + np.fft.fftfreq(44)[None, :, None] ** 2 + np.fft.rfftfreq(48)[None, None, :] ** 2
    ft = forward(rng.standard_normal(shape).astype(np.float32)) * np.exp(-20 * k).astype(np.float32)
    shift = (1.3, -0.7, 2.1)
    ramp = sum(f * t for f, t in zip(np.meshgrid(np.fft.fftfreq(40), np.fft.fftfreq(44), np.fft.rfftfreq(48), indexing="ij"), shift))
    moved = (ft * np.exp(-2j * np.pi * ramp)).astype(np.complex64)
    one, two = (alignment.centred(f, shape, 12) for f in (ft, moved))
    found = alignment.shift_between(one, two, geo)
    assert found.found and found.shift == pytest.approx(shift, abs=0.01) and found.fsc.min() > 0.99
    near = alignment.shift_between(one, two, geo, within=(3.0, 3.0, 3.0))
    assert near.shift == pytest.approx(shift, abs=0.01)
    far = alignment.shift_between(one, two, geo, within=(0.5, 0.5, 0.5))
    assert far.significance < 0.8 * found.significance
    whole = alignment.place_centred(*(alignment.centred(f, shape, alignment.REACH) for f in (ft, moved)), geo)
    assert whole.shift == pytest.approx(alignment.place(ft, moved, geo).shift, abs=1e-9)
