"""Sums over spheres about the box centre, against loops."""
from __future__ import annotations

import numpy as np
import pytest

from cryoqa_plugin.core.radial_profile import radial_sums


@pytest.mark.parametrize("shape, voxel", [((8, 8, 8), (1.0, 1.0, 1.0)), ((9, 7, 11), (1.0, 1.0, 1.0)), ((10, 9, 8), (1.3, 0.9, 1.1))])
def test_sums_are_those_of_loops(shape, voxel):
    rng = np.random.default_rng(6)
    a, b = (rng.standard_normal(shape).astype(np.float32) for _ in range(2))
    found = radial_sums(a, b, voxel)
    width = min(voxel)
    wanted = np.zeros((6, len(found.radius)))
    for z, y, x in np.ndindex(*shape):
        r = np.sqrt(sum(((i - n // 2) * v) ** 2 for i, n, v in zip((z, y, x), shape, voxel[::-1])))
        shell = int(np.rint(r / width))
        if shell < len(found.radius):
            p, q = float(a[z, y, x]), float(b[z, y, x])
            wanted[:, shell] += (1, p, q, p * p, q * q, p * q)
    np.testing.assert_allclose(np.array(found[1:]), wanted, rtol=1e-12, atol=1e-12)
    nearest = min(min(n // 2, n - 1 - n // 2) * v for n, v in zip(shape, voxel[::-1]))
    assert found.radius[-1] <= nearest < found.radius[-1] + 1.5 * width
    shell = wanted[:, 2]
    mean_a, mean_b = shell[1] / shell[0], shell[2] / shell[0]
    expected = (shell[5] / shell[0] - mean_a * mean_b) / np.sqrt((shell[3] / shell[0] - mean_a ** 2) * (shell[4] / shell[0] - mean_b ** 2))
    assert found.correlation[2] == pytest.approx(expected)


def test_a_sphere_of_density_is_a_step_of_the_profile():
    z, y, x = np.mgrid[:40, :40, :40] - 20
    ball = (x * x + y * y + z * z <= 100).astype(np.float32)
    found = radial_sums(ball, 2 * ball, (1.5, 1.5, 1.5))
    profile = found.first / found.count
    assert np.all(profile[:10] == 1) and np.all(profile[12:] == 0) and np.allclose(found.second, 2 * found.first)
    assert found.correlation[5] == 0                         # one value: nothing to correlate
