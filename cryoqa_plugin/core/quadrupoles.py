"""Functions of direction of second order, ``d^T Q d``: their six components, their matrix, their axes."""
from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Axes(NamedTuple):
    """Principal axes of a symmetric 3 x 3 matrix: ``values`` float64 [3], rising, and ``vectors`` float64 [3, 3], one a row (x, y, z)."""

    values: np.ndarray
    vectors: np.ndarray


def products(axes: np.ndarray) -> np.ndarray:
    """Products of the components of directions: with the six components of ``U`` they give ``d^T U d``.

    Parameters
    ----------
    axes
        Directions (x, y, z), float64 [n, 3].

    Returns
    -------
    ndarray
        xx, yy, zz, 2 xy, 2 xz, 2 yz, float64 [n, 6].
    """
    x, y, z = axes.T
    return np.c_[x * x, y * y, z * z, 2 * x * y, 2 * x * z, 2 * y * z]


def matrix(components: np.ndarray) -> np.ndarray:
    """Symmetric matrix of six components.

    Parameters
    ----------
    components
        xx, yy, zz, xy, xz, yz, float64 [6].

    Returns
    -------
    ndarray
        float64 [3, 3].
    """
    a, b, c, d, e, f = components
    return np.array([[a, d, e], [d, b, f], [e, f, c]])


def principal(components: np.ndarray) -> Axes:
    """Principal axes of the matrix with six components.

    Parameters
    ----------
    components
        xx, yy, zz, xy, xz, yz, float64 [6].

    Returns
    -------
    Axes
        In rising order; each vector has its largest component positive.
    """
    values, vectors = np.linalg.eigh(matrix(components))
    rows = vectors.T
    sign = np.sign(rows[np.arange(3), np.abs(rows).argmax(axis=1)])
    return Axes(values, rows * sign[:, None])
