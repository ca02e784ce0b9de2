"""Where the operators of a symmetry lie in the box: about its centre, by the origin of the map, and elsewhere as programs differ."""
from __future__ import annotations

import numpy as np
import pytest

from cryoqa_plugin.io.maps import Map
from cryoqa_plugin.io.symmetry import Symmetry, point_group
from cryoqa_plugin.study.symmetry_place import placed

VOXEL = (1.5, 2.0, 1.25)


def grid(shape=(20, 22, 25), origin=(0.0, 0.0, 0.0)):
    return Map(np.zeros(shape, np.float32), VOXEL, origin)


def fixed_point(operators):
    """What stays where it is under all operators of a point group."""
    left = np.concatenate([o[:, :3] - np.eye(3) for o in operators[1:]])
    return np.linalg.lstsq(left, -np.concatenate([o[:, 3] for o in operators[1:]]), rcond=None)[0]


def test_point_groups_are_about_the_centre_of_the_box():
    group = point_group("D3")
    found = placed(group, grid(origin=(-7.5, -10.0, -5.0)))
    assert [p.name for p in found] == ["", "the middle between the outermost voxels", "the origin of coordinates"]
    np.testing.assert_allclose(fixed_point(found[0].operators), [12 * 1.5, 11 * 2.0, 10 * 1.25], atol=1e-9)
    np.testing.assert_allclose(fixed_point(found[1].operators), [12 * 1.5, 10.5 * 2.0, 9.5 * 1.25], atol=1e-9)
    np.testing.assert_allclose(fixed_point(found[2].operators), [7.5, 10.0, 5.0], atol=1e-9)
    for p in found:
        np.testing.assert_allclose(p.operators[:, :, :3], group.operators[:, :, :3], atol=1e-12)
        np.testing.assert_allclose(p.operators[0], np.eye(3, 4), atol=1e-12)
    # an odd box has its middle in a voxel, and an origin outside of the box is none
    assert [p.name for p in placed(group, grid((21, 21, 21), (30.0, 0.0, 0.0)))] == [""]


def test_operators_of_a_file_count_from_the_origin_of_the_map():
    rotations, centre = point_group("D2").operators[:, :, :3], np.array([40.0, -13.0, 9.0])
    operators = np.concatenate([rotations, (centre - rotations @ centre)[:, :, None]], axis=2)
    found = placed(Symmetry(operators), grid(origin=(31.0, -25.0, 2.0)))
    assert found[0].name == ""
    np.testing.assert_allclose(fixed_point(found[0].operators), centre - (31.0, -25.0, 2.0), atol=1e-9)
    place, there = np.array([3.0, 4.0, 5.0]), found[0].operators[2]
    wanted = operators[2, :, :3] @ (place + (31.0, -25.0, 2.0)) + operators[2, :, 3] - (31.0, -25.0, 2.0)
    np.testing.assert_allclose(there[:, :3] @ place + there[:, 3], wanted, atol=1e-9)
    others = {p.name: fixed_point(p.operators) for p in found[1:]}
    assert others["no origin"] == pytest.approx(centre)
    assert others["minus the centre of the box"] == pytest.approx(centre + (12 * 1.5, 11 * 2.0, 10 * 1.25))
