"""Contours: surface, regions, threshold, kurtosis, against slow twins and solids whose answer is known."""
from __future__ import annotations

import naive_surface
import numpy as np
import pytest
import scipy.ndimage

from cryoqa_plugin.core import surface

BOXES = [(12, 12, 12), (13, 11, 17), (9, 16, 14)]


def _noise(shape, sigma=1.0):
    return scipy.ndimage.gaussian_filter(np.random.default_rng(3).standard_normal(shape), sigma).astype(np.float32)


@pytest.mark.parametrize("shape", BOXES)
@pytest.mark.parametrize("share, part, most", [(0.02, 0.3, 31), (0.1, 0.3, 31), (0.1, 0.9, 2), (0.5, 1.0, 31)])
def test_like_the_slow_twin(shape, share, part, most):
    data = _noise(shape)
    n = int(share * data.size)
    found, slow = surface.surface(data, n, part, most), naive_surface.surface(data, n, part, most)
    assert found[:2] == (pytest.approx(slow[0]), slow[1])
    assert found.regions_per_voxel == pytest.approx(slow[2])
    assert found.threshold == slow[3]


def test_a_cube_and_a_far_voxel():
    data = np.zeros((16, 16, 16), np.float32)
    data[4:8, 4:8, 4:8], data[12, 12, 12] = 2, 1
    found = surface.surface(data, 65, 1.0)
    assert found == (pytest.approx((6 ** 3 - 4 ** 3 + 26) / 65), 2, pytest.approx(2 / 65), 1)
    assert surface.surface(data, 65).area == pytest.approx((6 ** 3 - 4 ** 3) / 64)         # the cube alone holds 30 %
    assert surface.adjusted(found, 10) == pytest.approx(found.area - 20 / 65)


def test_regions_that_meet_late_are_one():
    data = np.zeros((3, 9, 9), np.float32)
    data[1, 1:8, 1] = data[1, 1:8, 7] = data[1, 1:8, 4] = data[1, 7, 1:8] = 1              # a comb: three teeth, one back
    assert surface.surface(data, int(data.sum())).regions == 1


def test_the_threshold_encloses_the_voxels():
    data = _noise((13, 11, 17))
    for n in (1, 100, data.size, data.size + 5):
        assert np.count_nonzero(data >= np.float32(surface.threshold_for(data, n))) == min(n, data.size)


@pytest.mark.parametrize("shape", BOXES)
def test_kurtosis(shape):
    data = _noise(shape) ** 3
    assert surface.kurtosis(data) == pytest.approx(naive_surface.kurtosis(data), rel=1e-9)
    assert surface.kurtosis(np.random.default_rng(1).standard_normal((40, 40, 40)).astype(np.float32)) == pytest.approx(3, abs=0.1)
    assert np.isnan(surface.kurtosis(np.ones(shape, np.float32)))
