"""Do two half-maps belong to each other, and to the full map?"""
from __future__ import annotations

from typing import NamedTuple, Optional

import numpy as np

from ...core import shells
from ...core.fourier import Geometry, forward, frequencies
from ...io.maps import Map


class Halves(NamedTuple):
    """Findings about two half-maps; ``agreement`` is None without a full map."""

    identical: bool
    masked: bool
    scale: float
    correlation: float
    agreement: Optional[float]


def compare_halves(half1: Map, half2: Map, full_ft: Optional[np.ndarray], geo: Geometry) -> Halves:
    """Compare two half-maps with each other and with the transform of a full map.

    ``scale`` is the ratio of their standard deviations, ``correlation`` that of their voxels; ``agreement`` the mean FSC
    between the full map and the mean of the halves over the shells coarser than 10 Å (at least the first four).
    """
    a, b = half1.data, half2.data
    mean_a, mean_b = float(a.mean(dtype=np.float64)), float(b.mean(dtype=np.float64))
    sd_a, sd_b = float(a.std(dtype=np.float64)), float(b.std(dtype=np.float64))
    product = sum(float(np.dot(p.ravel().astype(np.float64), q.ravel())) for p, q in zip(a, b)) / a.size
    correlation = (product - mean_a * mean_b) / (sd_a * sd_b)
    agreement = None
    if full_ft is not None:
        curve = shells.fsc(shells.cross_sums(full_ft, forward(a + b), geo))
        coarse = max(int(np.count_nonzero(frequencies(geo) <= 0.1)), 5)
        agreement = float(curve[1:coarse].mean())
    return Halves(bool(np.array_equal(a, b)), is_masked(a) or is_masked(b), sd_a / sd_b, correlation, agreement)


def common_fraction(data: np.ndarray) -> float:
    """Part of the voxels, float32 [z, y, x], that have exactly the value of one of the corners."""
    corners = {float(data[i, j, k]) for i in (0, -1) for j in (0, -1) for k in (0, -1)}
    return max(int(np.count_nonzero(data == np.float32(v))) for v in corners) / data.size


def corner_ratio(data: np.ndarray) -> float:
    """Standard deviation beyond the largest ball of the box over that of the whole map."""
    nz, ny, nx = data.shape
    y = ((np.arange(ny) - ny // 2) / (ny / 2)) ** 2
    x = ((np.arange(nx) - nx // 2) / (nx / 2)) ** 2
    plane = y[:, None] + x[None, :]
    total = np.zeros(3)
    for i, section in enumerate(data):
        values = section[plane + ((i - nz // 2) / (nz / 2)) ** 2 > 1].astype(np.float64)
        total += (values.size, values.sum(), float(values @ values))
    variance = total[2] / total[0] - (total[1] / total[0]) ** 2
    return float(np.sqrt(max(variance, 0.0)) / data.std(dtype=np.float64))


def is_masked(data: np.ndarray) -> bool:
    """Whether a map was multiplied by a mask: a tenth of it is one value, or its corners are flat."""
    return common_fraction(data) > 0.1 or corner_ratio(data) < 0.01
