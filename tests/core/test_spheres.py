"""Soft spheres: where they lie, their transforms, their blend."""
from __future__ import annotations

import naive_locres
import numpy as np
import pytest

from cryoqa_plugin.core import spheres


@pytest.mark.parametrize("shape,voxel,point", [((20, 21, 24), (1.0, 1.0, 1.0), (2, 10, 22)), ((18, 23, 15), (1.2, 0.9, 1.5), (9, 0, 14))])
def test_the_window_is_that_of_the_whole_box(shape, voxel, point):
    window = spheres.soft_sphere(3.1, 4.2, voxel)
    assert all(n % 2 for n in window.shape)
    where = spheres.place(point, window.shape, shape)
    whole = np.zeros(shape)
    whole[where.map] = window[where.window]
    np.testing.assert_allclose(whole, naive_locres.window(shape, voxel, point, 3.1, 4.2), atol=1e-6)


@pytest.mark.parametrize("padded", [(12, 15, 16), (13, 9, 11)])
def test_a_transform_with_zeros_appended(padded):
    part = np.random.default_rng(1).standard_normal((7, 9, 10)).astype(np.float32)
    np.testing.assert_allclose(spheres.transform(part, padded), np.fft.rfftn(part, s=padded, axes=(0, 1, 2)), atol=1e-4)


def test_points_of_a_cube_are_those_of_a_ball():
    points = spheres.grid_points((96, 96, 96), (25, 25, 25), (12, 12, 12))
    radius = np.sqrt(((points - 48) ** 2).sum(axis=1))
    assert len(points) == 16 and radius.max() < 36 and set(np.unique(points)) <= {0, 25, 50, 75}
    assert len(spheres.grid_points((20, 20, 20), (5, 5, 5), (12, 12, 12))) == 0


def test_boxes_stay_in_the_map_and_hold_the_sphere():
    for start, stop in ((0, 9), (11, 26), (20, 30)):
        outer, within = spheres.box_around((slice(start, stop),) * 3, (15, 15, 15), (30, 30, 30))
        assert 0 <= outer[0].start and outer[0].stop <= 30 and outer[0].stop - outer[0].start == 15
        assert outer[0].start + within[0].start == start and outer[0].start + within[0].stop == stop
    assert spheres.own_box((77, 77, 77), (160, 160, 70)) == (80, 80, 70)


def test_blend_is_the_weighted_mean():
    blend = spheres.Blend((6, 6, 6), 2)
    first, second = (slice(0, 4),) * 3, (slice(2, 6),) * 3
    rng = np.random.default_rng(2)
    w1, w2, v = (rng.random((4, 4, 4)).astype(np.float32) + 0.1 for _ in range(3))
    blend.add(first, w1, [2.0, v])
    blend.add(second, w2, [5.0, v])
    number, array = blend.means()
    a, b = w1[2, 3, 3], w2[0, 1, 1]
    assert number[2, 3, 3] == pytest.approx((2 * a + 5 * b) / (a + b), rel=1e-5)
    assert array[2, 3, 3] == pytest.approx((v[2, 3, 3] * a + v[0, 1, 1] * b) / (a + b), rel=1e-5)
    assert number[0, 0, 5] == 0 and number[0, 0, 0] == pytest.approx(2)
