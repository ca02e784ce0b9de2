"""Torsions, angles and chirality, against constructions and rotations."""
from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from cryoqa_plugin.core import stereo
from cryoqa_plugin.demo_model import place


@pytest.mark.parametrize("torsion", [-179.0, -120.0, -60.0, 0.0, 1.0, 90.0, 178.0])
def test_torsion_and_angle_are_those_that_an_atom_was_placed_by(torsion):
    a, b, c = np.random.default_rng(1).standard_normal((3, 3))
    d = place(a, b, c, 1.5, 110.0, torsion)
    assert stereo.torsion(a[None], b[None], c[None], d[None])[0] == pytest.approx(torsion, abs=1e-9)
    assert stereo.angle(b[None], c[None], d[None])[0] == pytest.approx(110.0)
    assert stereo.torsion(-a[None], -b[None], -c[None], -d[None])[0] == pytest.approx(-torsion, abs=1e-9)


def test_the_volume_keeps_its_sign_when_turned_and_changes_it_when_mirrored():
    rng = np.random.default_rng(2)
    four = rng.standard_normal((4, 10, 3))
    volume = stereo.chiral_volume(*four)
    turned = [Rotation.random(random_state=3).apply(p) + 5 for p in four]
    np.testing.assert_allclose(stereo.chiral_volume(*turned), volume)
    np.testing.assert_allclose(stereo.chiral_volume(*(p * (1, -1, 1) for p in four)), -volume)
    np.testing.assert_allclose(stereo.chiral_volume(four[0], four[2], four[1], four[3]), -volume)
    # three of the four corners of a tetrahedron around its middle
    corners = 1.53 / np.sqrt(3) * np.array([(1, 1, 1), (1, -1, -1), (-1, 1, -1)])
    assert abs(stereo.chiral_volume(np.zeros((1, 3)), *corners[:, None])[0]) == pytest.approx(2.757, abs=1e-3)


def test_what_is_missing_is_no_number():
    a = np.array([[np.nan, 0, 0]])
    b = np.array([[1.0, 2, 3]])
    assert np.isnan(stereo.torsion(a, b, 2 * b, 3 * b + 1)[0]) and np.isnan(stereo.angle(a, b, 2 * b)[0])
