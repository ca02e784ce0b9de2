"""Do two half-maps belong to each other, and to the full map?"""
from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ...core import shells
from ...core.fourier import Geometry, forward, frequencies
from ...io.maps import Map
from .halves_position import Position, compare_position

_COPY = 1 - 1e-6


class Halves(NamedTuple):
    """Findings about two half-maps; see :func:`compare_halves`."""

    identical: bool
    masked: bool
    scale: float
    correlation: float
    consistency: float
    agreement: float
    curve: np.ndarray
    position: Position


def compare_halves(half1: Map, half2: Map, full_ft: np.ndarray, geo: Geometry, finest: float = 20.0) -> Halves:
    """Compare two half-maps with each other and with the transform of a full map, complex64 [nz, ny, nx // 2 + 1].

    ``scale`` is the larger of their standard deviations over the smaller, ``correlation`` that of their voxels (1 also when one
    is a scaled copy of the other: ``identical``). ``consistency`` is the mean FSC of the half-maps, ``agreement`` that of
    the full map with the mean of the half-maps, both over the shells coarser than ``finest`` (Å), at least the first four;
    ``curve`` is the latter in all shells, float64 [n_shells]. ``position``: how half-map 2 lies on half-map 1.
    """
    a, b = half1.data, half2.data
    mean_a, mean_b = float(a.mean(dtype=np.float64)), float(b.mean(dtype=np.float64))
    sd_a, sd_b = float(a.std(dtype=np.float64)), float(b.std(dtype=np.float64))
    product = sum(float(np.dot(p.ravel().astype(np.float64), q.ravel())) for p, q in zip(a, b)) / a.size
    correlation = (product - mean_a * mean_b) / (sd_a * sd_b)
    f1, f2 = forward(a), forward(b)
    coarse = max(int(np.count_nonzero(frequencies(geo) <= 1 / finest)), 5)
    consistency = float(shells.fsc(shells.cross_sums(f1, f2, geo))[1:coarse].mean())
    position = compare_position(f1, f2, geo)
    f1 += f2
    del f2
    curve = shells.fsc(shells.cross_sums(full_ft, f1, geo))
    return Halves(correlation > _COPY, is_masked(a) or is_masked(b), max(sd_a, sd_b) / min(sd_a, sd_b), correlation, consistency,
                  float(curve[1:coarse].mean()), curve, position)


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
