"""The level of a surface, and the smaller map that it is chosen from."""
from __future__ import annotations

import numpy as np
import pytest

from cryoqa_plugin.core import isosurface


def ball(shape, centre, radius, spacing=(1.0, 1.0, 1.0)):
    z, y, x = np.indices(shape)
    d = np.sqrt(sum(((a - c) * s) ** 2 for a, c, s in zip((x, y, z), centre, spacing)))
    return (radius - d).astype(np.float32)


def test_empty_and_full_maps_do_not_fail():
    flat = np.zeros((8, 8, 8), dtype=np.float32)
    assert isosurface.contour_level(flat) == 0.0
    assert np.isfinite(isosurface.contour_level(flat + 1))


def test_shrinking_keeps_the_mean():
    rng = np.random.default_rng(5)
    data = rng.standard_normal((12, 10, 9)).astype(np.float32)
    small, step = isosurface.shrink(data, max_edge=4)
    assert step == 3 and small.shape == (4, 3, 3)
    assert small[1, 2, 0] == pytest.approx(data[3:6, 6:9, 0:3].mean(), abs=1e-5)
    assert isosurface.shrink(data, max_edge=12)[1] == 1


def test_the_level_lies_between_noise_and_molecule():
    rng = np.random.default_rng(6)
    data = np.where(ball((40, 40, 40), (20, 20, 20), 10) > 0, 1.0, 0.0) + 0.05 * rng.standard_normal((40, 40, 40))
    assert 0.25 < isosurface.contour_level(data.astype(np.float32)) < 0.75
