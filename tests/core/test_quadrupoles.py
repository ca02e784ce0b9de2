"""Functions of direction of second order."""
from __future__ import annotations

import numpy as np
import pytest

from cryoqa_plugin.core import quadrupoles


def test_products_and_matrix_are_one_function_of_direction():
    rng = np.random.default_rng(4)
    axes, components = rng.standard_normal((7, 3)), rng.standard_normal(6)
    matrix = quadrupoles.matrix(components)
    np.testing.assert_allclose(quadrupoles.products(axes) @ components, [d @ matrix @ d for d in axes])


def test_principal_axes():
    rotation = np.linalg.qr(np.random.default_rng(5).standard_normal((3, 3)))[0]
    m = rotation.T @ np.diag([-1.0, 0.5, 2.0]) @ rotation
    found = quadrupoles.principal(m[[0, 1, 2, 0, 0, 1], [0, 1, 2, 1, 2, 2]])
    assert found.values == pytest.approx([-1, 0.5, 2])
    np.testing.assert_allclose(np.abs(np.sum(found.vectors * rotation, axis=1)), 1)
    assert np.all(found.vectors[np.arange(3), np.abs(found.vectors).argmax(axis=1)] > 0)
