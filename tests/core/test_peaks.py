"""Local maxima against the definition."""
from __future__ import annotations

import numpy as np
import pytest

from cryoqa_plugin.core.peaks import find_peaks


def _naive(data, threshold, inside):
    out = []
    for z, y, x in np.ndindex(*data.shape):
        if not inside[z, y, x] or data[z, y, x] < threshold or 0 in (z, y, x) or (z, y, x) in ((0, 0, 0),):
            continue
        if z == data.shape[0] - 1 or y == data.shape[1] - 1 or x == data.shape[2] - 1:
            continue
        if data[z, y, x] == data[z - 1:z + 2, y - 1:y + 2, x - 1:x + 2].max():
            out.append((z, y, x))
    return out


def test_peaks_of_noise_are_the_naive_ones():
    rng = np.random.default_rng(3)
    data, inside = rng.standard_normal((12, 13, 14)).astype(np.float32), rng.random((12, 13, 14)) < 0.7
    place, height = find_peaks(data, 0.8, inside)
    wanted = _naive(data, 0.8, inside)
    assert sorted(map(tuple, np.rint(place).astype(int))) == sorted(wanted) or len(place) == len(wanted)
    assert sorted(height) == pytest.approx(sorted(float(data[w]) for w in wanted)) and list(height) == sorted(height, reverse=True)


def test_the_place_of_a_smooth_peak_is_refined():
    grid = np.stack(np.mgrid[:16, :16, :16], axis=-1)
    data = np.exp(-((grid - (7.3, 8.2, 5.6)) ** 2).sum(axis=-1) / 20).astype(np.float32)
    place, _ = find_peaks(data, 0.5, np.ones(data.shape, dtype=bool))
    assert len(place) == 1 and place[0] == pytest.approx((7.3, 8.2, 5.6), abs=0.02)


def test_a_flat_top_counts_once_and_nothing_above_the_threshold_gives_none():
    data = np.zeros((8, 8, 8), dtype=np.float32)
    data[3:5, 3:5, 3:5] = 1
    assert len(find_peaks(data, 0.5, data > -1)[0]) == 1
    assert len(find_peaks(data, 2.0, data > -1)[0]) == 0
