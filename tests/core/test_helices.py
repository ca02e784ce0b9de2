"""Rods and windings against plain twins, and on helices made here."""
from __future__ import annotations

import naive_helices as naive
import numpy as np
import pytest
import scipy.ndimage

from cryoqa_plugin.core import helices

RINGS = np.arange(-9, 10) * 0.9
WINDOW = 0.5 + 0.5 * np.cos(np.pi * RINGS / 8.1)
PHI = 2 * np.pi * np.arange(12) / 12


def _frame(seed):
    q, _ = np.linalg.qr(np.random.default_rng(seed).standard_normal((3, 3)))
    return np.stack([q[0], np.cross(q[2], q[0]), q[2]])


@pytest.mark.parametrize("shape, voxel", [((24, 24, 24), (1.0, 1.0, 1.0)), ((21, 30, 26), (1.1, 0.9, 1.0))])
def test_winding_against_the_twin(shape, voxel):
    data = np.random.default_rng(1).standard_normal(shape).astype(np.float32)
    for seed in range(3):
        frame = np.ascontiguousarray(_frame(seed))
        centre = np.array(shape[::-1]) * voxel / 2 + 0.3
        got = helices._winding(data, np.array(voxel), centre, frame, helices.RADII, helices.PITCHES, RINGS, np.cos(PHI), np.sin(PHI),
                               WINDOW, np.empty((RINGS.size, 2)))
        assert got == pytest.approx(naive.winding(data, voxel, centre, frame, helices.RADII, helices.PITCHES, RINGS, 12, WINDOW), rel=1e-6)


def test_separate_against_the_twin():
    rng = np.random.default_rng(2)
    place, along, score = rng.random((60, 3)) * 30, rng.standard_normal((60, 3)), rng.random(60)
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    assert np.array_equal(helices.separate(place, along, score, 9, 4, 6), naive.separate(place, along, score, 9, 4, 6))


def test_second_derivatives_of_a_quadratic_in_uneven_voxels():
    voxel, matrix = (1.1, 0.9, 1.3), np.array([[-3.0, 0.5, 0.2], [0.5, -2.0, -0.4], [0.2, -0.4, 0.7]])
    z, y, x = np.mgrid[:5, :5, :5]
    r = np.stack([x * voxel[0], y * voxel[1], z * voxel[2]], axis=-1)
    data = 0.5 * np.einsum("...i,ij,...j", r, matrix, r)
    got = helices._second_derivatives(data, np.array([[2, 2, 2], [1, 3, 2]]), voxel)
    assert np.allclose(got, matrix, atol=1e-9)


def test_a_rod_is_found_where_it_is_and_along_its_axis():
    z, y, x = np.mgrid[:30, :32, :34]
    along = np.array([1, 2, 2]) / 3
    step = np.stack([x - 17, y - 16, z - 15], axis=-1)
    off = np.sum(step ** 2, axis=-1) - (step @ along) ** 2
    data = np.exp(-off / 18).astype(np.float32)
    places, frames = helices.find_rods(data, data > 0.6, (1, 1, 1), 3.0, 5)
    assert len(places) and np.all(np.abs(frames[:, 2] @ along) > 0.95)
    assert np.allclose(np.linalg.det(frames), 1)
    away = places - [17, 16, 15]
    assert np.all(np.sum(away ** 2, axis=1) - (away @ along) ** 2 < 4)
    far = np.linalg.norm(places[:, None] - places[None], axis=2)[np.triu_indices(len(places), 1)]
    assert far.min() >= 3
    assert len(helices.find_rods(data, data > 0.6, (1, 1, 1), 3.0, 2)[0]) == 2


def test_nothing_is_found_where_there_is_nothing():
    data = np.zeros((8, 8, 8), np.float32)
    places, frames = helices.find_rods(data, data > 1, (1, 1, 1), 3.0, 5)
    assert places.shape == (0, 3) and helices.wind(data, (1, 1, 1), places, frames)[2].shape == (0, 2)


@pytest.mark.parametrize("turn", [1, -1])
def test_a_helix_winds_as_it_was_made(turn):
    data = np.zeros((26, 25, 27))
    t = np.arange(-10, 10, 0.1)
    x, y, z = 13 + 2.3 * np.cos(t / 5.4 * 2 * np.pi), 12 + turn * 2.3 * np.sin(t / 5.4 * 2 * np.pi), 13 + t
    np.add.at(data, tuple(np.round(v).astype(int) for v in (z, y, x)), 1)
    data = scipy.ndimage.gaussian_filter(data, 1.3).astype(np.float32)
    start = np.array([[13.6, 11.6, 13.0]])
    _, frames, scores = helices.wind(data, (1, 1, 1), start, np.eye(3)[None])
    assert scores[0, 0 if turn > 0 else 1] > 0.5 > 5 * scores[0, 1 if turn > 0 else 0]
    assert abs(frames[0, 2, 2]) > 0.97
