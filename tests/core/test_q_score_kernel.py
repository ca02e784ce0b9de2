"""The kernel of the Q-score against its published procedure, point by point."""
import numpy as np
import pytest

from cryoqa_plugin.core.q_score import LEAST, RADII, neighbours, q_scores, shell_sums, spiral
from naive_q_score import q_score, sphere


def _case(seed, shape=(24, 27, 22), voxel=(1.0, 0.9, 1.1), n=70):
    """Smooth density, and atoms as crowded as those of a protein: many points of their shells are nearer to another."""
    rng = np.random.default_rng(seed)
    from scipy.ndimage import gaussian_filter
    data = gaussian_filter(rng.standard_normal(shape), 1.2).astype(np.float32)
    length = np.array(voxel) * (np.array(shape[::-1]) - 1)
    xyz = [length / 2]
    while len(xyz) < n:
        new = xyz[rng.integers(len(xyz))] + rng.normal(size=3)
        if min(np.linalg.norm(new - p) for p in xyz) > 1.2 and (new > 2).all() and (new < length - 2).all():
            xyz.append(new)
    return data, voxel, np.array(xyz)


@pytest.mark.parametrize("sigma", [0.4, 0.6])
def test_it_is_the_published_procedure(sigma):
    data, voxel, xyz = _case(1)
    some = np.arange(0, len(xyz), 9)
    found = q_scores(shell_sums(data, voxel, xyz, some), sigma)
    wanted = [q_score(data, voxel, xyz, i, sigma) for i in some]
    assert np.abs(found - wanted).max() < 1e-6


def test_more_points_are_tried_until_eight_are_free():
    data, voxel, xyz = _case(2)
    sums = shell_sums(data, voxel, xyz, np.arange(len(xyz)))
    assert (sums.count[:, 1:6] == LEAST).all() and (sums.count[:, 0] == LEAST).all()      # the nearest atom is 1.2 Å away
    crowded = int(np.argmin((sums.count == LEAST).sum(axis=1)))
    once = q_score(data, voxel, xyz, crowded, 0.4, numbers=(8,))
    assert abs(q_scores(sums, 0.4)[crowded] - once) > 0.005


def test_atoms_at_the_faces_use_what_lies_inside_the_box():
    data, voxel, xyz = _case(3)
    xyz[0] = (0.3, 5.0, 5.0)
    xyz[1] = np.array(voxel) * (np.array(data.shape[::-1]) - 1)                           # the last voxel
    found = q_scores(shell_sums(data, voxel, xyz, np.arange(2)), 0.4)
    assert found == pytest.approx([q_score(data, voxel, xyz, i, 0.4) for i in range(2)], abs=1e-6)


def test_a_gaussian_has_a_score_of_one_and_what_does_not_vary_has_none():
    z, y, x = np.meshgrid(*[np.arange(41) * 0.1] * 3, indexing="ij")
    blob = np.exp(-((x - 2) ** 2 + (y - 2) ** 2 + (z - 2) ** 2) / (2 * 0.4 ** 2)).astype(np.float32)
    atom = np.array([[2.0, 2.0, 2.0]])
    sums = shell_sums(blob, (0.1,) * 3, atom, np.arange(1))
    assert q_scores(sums, 0.4)[0] > 0.999 and (sums.count == LEAST).all()
    assert q_scores(sums, 0.6)[0] < q_scores(sums, 0.4)[0] - 0.02
    assert np.isnan(q_scores(shell_sums(np.full((9, 9, 9), 7e3, np.float32), (0.5,) * 3, atom, np.arange(1)), 0.4)).all()


def test_scale_and_offset_do_not_matter():
    data, voxel, xyz = _case(4)
    one, other = (q_scores(shell_sums(d, voxel, xyz, np.arange(20)), 0.4) for d in (data, (data * 3e-4 + 0.01).astype(np.float32)))
    assert np.abs(one - other).max() < 1e-5


def test_the_spiral_is_the_published_one():
    for n in (8, 10, 57, 106):
        assert spiral(n) == pytest.approx(np.array(sphere(np.zeros(3), 1.0, n)), abs=1e-9)
    assert RADII[-1] == 2.0 and len(RADII) == 21


def test_neighbours_are_those_within_reach_nearest_first():
    xyz = np.random.default_rng(5).uniform(0, 10, (60, 3))
    asked = np.array([7, 3, 50])
    start, other = neighbours(xyz, asked, 3.0)
    far = np.linalg.norm(xyz[:, None] - xyz[None], axis=2)
    for i, a in enumerate(asked):
        mine = np.argsort(far[a])
        assert list(other[start[i]:start[i + 1]]) == [b for b in mine if b != a and far[a, b] <= 3.0]
