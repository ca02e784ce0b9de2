"""Boxes: copied value for value, mirrored about the centre voxel, resampled as padded and cropped transforms are."""
from __future__ import annotations

import numpy as np
import pytest

from cryoqa_plugin.core import boxes
from cryoqa_plugin.core.boxes import LINEAR, NEAREST, WAVES, Places


def places(shape, first=(0, 0, 0), step=(1, 1, 1)):
    return [Places(f + np.arange(n) * float(s), float(s)) for n, f, s in zip(shape[::-1], first, step)]


def noise(shape, seed=1):
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def naive_resampled(data, shape):
    """A map whose transform is padded with zeros, or cropped, to another size; the wave on the limit counts half."""
    out = np.fft.fftn(data.astype(float))
    for axis, m in enumerate(shape):
        n = data.shape[axis]
        k = np.fft.fftfreq(n, 1 / n)
        last = min(n, m) / 2
        weight = np.where(np.abs(k) < last, 1.0, np.where(np.abs(k) == last, 0.5, 0.0))
        new = np.zeros(out.shape[:axis] + (m,) + out.shape[axis + 1:], complex)
        for i, (kk, w) in enumerate(zip(k.astype(int), weight)):
            for sign in ((1, -1) if abs(kk) == last and n <= m and n % 2 == 0 else (1,)):
                if w:
                    new[(slice(None),) * axis + (sign * kk % m,)] += w * np.take(out, i, axis=axis)
        out = new
    return np.fft.ifftn(out).real * np.prod(shape) / data.size


@pytest.mark.parametrize("n, larger, wanted", [(1, True, 2), (97, True, 98), (97, False, 96), (101, True, 108), (11, False, 10),
                                               (3, False, 2), (256, True, 256), (511, True, 512)])
def test_friendly_edges(n, larger, wanted):
    assert boxes.friendly(n, larger) == wanted


@pytest.mark.parametrize("shape", [(6, 7, 8), (5, 4, 9)])
def test_a_mirror_image_is_its_own_inverse_and_keeps_the_centre_voxel(shape):
    data = noise(shape)
    image = boxes.mirrored(data)
    assert np.array_equal(boxes.mirrored(image), data)
    middle = shape[2] // 2
    assert np.array_equal(image[:, :, middle], data[:, :, middle]) and np.array_equal(image[:, :, middle + 1], data[:, :, middle - 1])


@pytest.mark.parametrize("shape", [(6, 7, 8), (5, 4, 9)])
def test_places_in_a_mirror_image_are_those_of_the_map(shape):
    data = noise(shape)
    x, y, z = places(shape)
    found, beyond = boxes.sampled(data, (boxes.mirror_places(x, shape[2]), y, z), 0.0)
    assert beyond == 0 and np.array_equal(found, boxes.mirrored(data))


def test_a_part_is_copied_and_what_lies_beyond_is_filled():
    data = noise((7, 8, 9))
    found, beyond = boxes.sampled(data, places((5, 4, 12), (-2, 3, 5)), 9.0)
    wanted = np.full((5, 4, 12), 9.0, np.float32)
    wanted[:2, :, 2:11] = data[5:, 3:7, :9]
    assert np.array_equal(found, wanted) and beyond == int((wanted == 9.0).sum())
    nothing, beyond = boxes.sampled(data, places((3, 3, 3), (20, 0, 0)), 1.5)
    assert beyond == 27 and np.all(nothing == 1.5)


@pytest.mark.parametrize("shape, new", [((8, 9, 10), (12, 12, 15)), ((12, 15, 9), (8, 9, 6)), ((16, 16, 16), (10, 10, 10)),
                                        ((10, 8, 6), (5, 4, 3))])
def test_waves_are_those_of_a_padded_or_cropped_transform(shape, new):
    data = noise(shape)
    step = [n / m for n, m in zip(shape[::-1], new[::-1])]
    found, beyond = boxes.sampled(data, places(new, step=step), 0.0, WAVES)
    assert beyond == 0
    np.testing.assert_allclose(found, naive_resampled(data, new), atol=2e-5)


def test_waves_of_any_shift_are_exact_between_voxels():
    n, k = 24, 5
    x = np.arange(n)
    line = np.cos(2 * np.pi * k * x / n + 0.4) + 0.3
    data = np.broadcast_to(line, (4, 4, n)).astype(np.float32)
    found, _ = boxes.sampled(data, places((4, 4, 30), (1.37, 0, 0), (0.71, 1, 1)), 0.0)
    at = 1.37 + 0.71 * np.arange(30)
    np.testing.assert_allclose(found[0, 0], np.cos(2 * np.pi * k * at / n + 0.4) + 0.3, atol=1e-5)


def test_larger_voxels_lose_what_they_cannot_hold():
    n = 48
    x = np.arange(n)
    data = np.broadcast_to(np.cos(2 * np.pi * 20 * x / n) + np.cos(2 * np.pi * 4 * x / n), (4, 4, n)).astype(np.float32)
    found, _ = boxes.sampled(data, places((4, 4, 30), (0, 0, 0), (1.6, 1, 1)), 0.0)        # holds waves up to 15
    np.testing.assert_allclose(found[0, 0], np.cos(2 * np.pi * 4 * 1.6 * np.arange(30) / n), atol=1e-5)


def test_linear_and_nearest_values():
    data = np.arange(10, dtype=np.float32).reshape(1, 1, 10) * np.ones((3, 3, 1), np.float32)
    at = places((3, 3, 5), (0.25, 0, 0), (1.5, 1, 1))
    np.testing.assert_allclose(boxes.sampled(data, at, 0.0, LINEAR)[0][0, 0], [0.25, 1.75, 3.25, 4.75, 6.25], atol=1e-6)
    np.testing.assert_array_equal(boxes.sampled(data, at, 0.0, NEAREST)[0][0, 0], [0, 2, 3, 5, 6])


def test_faces_fade_to_nothing_and_the_middle_stays():
    weight = boxes.face_fade((20, 30, 40), (1.0, 1.0, 2.0), 5.0)
    assert weight.dtype == np.float32 and weight[10, 15, 20] == 1 and weight[0].max() < 0.1 and weight[:, :, 0].max() < 0.03
    assert np.all(np.diff(weight[10, 15, :20]) >= 0) and np.allclose(weight, weight[::-1, ::-1, ::-1])
