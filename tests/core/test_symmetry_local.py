"""Noise that repeats where a symmetry was imposed, copies that are told apart, and a copy that differs."""
from __future__ import annotations

import numpy as np
import pytest

from cryoqa_plugin.core import pose_bands, symmetry_local
from cryoqa_plugin.core.symmetry_groups import Pose
from symmetric import symmetric


def ready(made):
    prepared = pose_bands.prepare(made.half1.data, made.half2.data, made.mask.data, made.half1.voxel_size)
    return prepared, Pose("D2", made.rotations, made.centre)


@pytest.mark.parametrize("imposed", [(), (1,), (1, 2, 3)])
def test_noise_repeats_by_the_operators_that_were_imposed(imposed):
    made = symmetric("D2", imposed=imposed)
    found = symmetry_local.noise_repeats(*ready(made), 11.0)
    right = np.isin(np.arange(1, 4), imposed)
    assert np.all(found[right] > 0.9) and np.all(np.abs(found[~right]) < 0.1)


@pytest.mark.heavy
def test_noise_around_a_map_alone_repeats_too():
    for imposed, above in (((), False), ((1, 2, 3), True)):
        made = symmetric("D2", imposed=imposed, shape=(56, 56, 56), noise=0.6)
        mean = (made.half1.data + made.half2.data) / 2
        found = symmetry_local.solvent_repeats(mean, made.mask.data, made.half1.voxel_size, ready(made)[1], 14.0)
        assert np.all(found > 0.8) if above else np.all(np.abs(found) < symmetry_local.NOT_IMPOSED)
        cut = mean * (made.mask.data > 0)
        assert symmetry_local.solvent_repeats(cut, made.mask.data, made.half1.voxel_size, ready(made)[1], 14.0) is None


def test_an_operator_that_moves_nothing_far_enough_is_not_judged():
    prepared, pose = ready(symmetric("D2"))
    assert np.isnan(symmetry_local.noise_repeats(prepared, pose, 1000.0)).all()


@pytest.mark.parametrize("how", [dict(occupancy={2: 0.5}), dict(bent={2: 25.0})])
def test_the_copy_that_differs_is_named(how):
    made = symmetric("D2", away=(20.0, 14.0, 16.0), shape=(52, 52, 52), **how)
    prepared, pose = ready(made)
    numbers, centres = symmetry_local.copies(prepared, pose, made.half1.data, made.half1.shape)
    assert len(centres) == 4 and sorted(np.unique(numbers)) == [0, 1, 2, 3, 4]
    sizes = np.bincount(numbers.ravel())[1:]
    assert sizes.min() > 0.95 * sizes.max() and np.all((numbers > 0) == (made.mask.data > 0.5))
    found = symmetry_local.differences(prepared, pose, made.half1.shape)
    index = np.rint(made.xyz / made.half1.voxel_size[0]).astype(int)[:, ::-1]
    at_atoms = found.relative[tuple(index.T)]
    medians = np.array([np.median(at_atoms[made.copy == i]) for i in range(4)])
    assert np.argmax(medians) == 2 and medians[2] > 4 * np.delete(medians, 2).max()
    assert np.mean(found.flagged[tuple(index[made.copy == 2].T)]) > 0.5
    of_copy = [numbers[tuple(index[made.copy == i].T)] for i in range(4)]
    assert all(np.bincount(n).max() > 0.9 * len(n) for n in of_copy)     # a copy is one piece


def test_copies_that_are_alike_do_not_differ():
    made = symmetric("D2", away=(20.0, 14.0, 16.0), shape=(52, 52, 52))
    found = symmetry_local.differences(*ready(made), made.half1.shape)
    inside = made.mask.data > 0.5
    assert found.flagged[inside].mean() < 0.01 and abs(np.median(found.relative[inside])) < symmetry_local.PART
