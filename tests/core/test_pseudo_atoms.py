"""Pseudo-atoms: where they stand, how many, how far apart."""
from __future__ import annotations

import naive_locscale as naive
import numpy as np
import pytest
import scipy.ndimage
import scipy.spatial

from cryoqa_plugin.core import pseudo_atoms


def _blob(shape, seed=3):
    noise = np.random.default_rng(seed).standard_normal(shape)
    density = scipy.ndimage.gaussian_filter(noise, 1.2).astype(np.float32)
    inside = np.zeros(shape, bool)
    inside[3:-3, 4:-4, 2:-2] = True
    return density, inside


def test_the_places_are_those_found_by_hand():
    density, inside = _blob((12, 13, 14))
    order = np.flatnonzero(inside)[np.argsort(-density.ravel()[np.flatnonzero(inside)])]
    offsets = pseudo_atoms._ball(np.ones(3), 1.6)
    out = np.zeros((order.size, 3))
    blocked = np.zeros(density.size, np.uint8)
    n = pseudo_atoms._place_kernel(blocked, order, np.array(density.shape), len(offsets), offsets, 0, order.size, out)
    np.testing.assert_array_equal(out[:n].astype(int), naive.placed_by_hand(density, inside, 1.6))


@pytest.mark.parametrize("voxel", [(1.0, 1.0, 1.0), (2.4, 2.2, 2.0)])
def test_they_fill_the_inside_and_keep_apart(voxel):
    density, inside = _blob((16, 18, 20))
    wanted = int(inside.sum() * np.prod(voxel) / 16)
    xyz = pseudo_atoms.place(density, inside, voxel, wanted, seed=1)
    assert len(xyz) == wanted
    nearest = scipy.spatial.cKDTree(xyz).query(xyz, k=2)[0][:, 1]
    assert np.quantile(nearest, 0.05) > 1.2
    index = np.rint(xyz / np.array(voxel)).astype(int)
    assert np.mean(inside[tuple(index[:, ::-1].T)]) > 0.85
    there = scipy.ndimage.map_coordinates(density, (xyz / np.array(voxel))[:, ::-1].T, order=1)
    assert there.mean() > density[inside].mean() + 0.3 * density[inside].std()
    np.testing.assert_array_equal(xyz, pseudo_atoms.place(density, inside, voxel, wanted, seed=1))
    assert not np.array_equal(xyz, pseudo_atoms.place(density, inside, voxel, wanted, seed=2))


def test_more_atoms_than_room_come_closer():
    density, inside = _blob((10, 11, 12))
    assert len(pseudo_atoms.place(density, inside, (1.0, 1.0, 1.0), 10 ** 6, 1)) == inside.sum()
