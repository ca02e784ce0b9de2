"""Operators written for other programs are read back as they were; settings by their names."""
from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from cryoqa_plugin.core.pose_bands import about
from cryoqa_plugin.io import symmetry_write
from cryoqa_plugin.io.symmetry import point_group, read_symmetry
from symmetric import TURN


@pytest.mark.parametrize("name", ["C2", "D3", "O"])
@pytest.mark.parametrize("kind", ["ncs_spec", "biomt"])
def test_operators_are_read_back(name, kind, tmp_path):
    rotations = TURN @ point_group(name).operators[:, :, :3] @ TURN.T
    operators = about(rotations, np.array([101.3, 87.2, -30.5]))
    path = tmp_path / f"operators.{kind}"
    path.write_text(symmetry_write.ncs_spec(operators, np.zeros(3)) if kind == "ncs_spec" else symmetry_write.biomt(operators))
    found = read_symmetry(str(path))
    assert found.is_group and found.order == len(operators)
    np.testing.assert_allclose(found.operators, operators, atol=2e-4)


def test_a_biomt_record_has_the_columns_of_the_format():
    line = symmetry_write.biomt(about(TURN[None], np.array([200.0, 10.0, 5.0]))).splitlines()[1]
    assert line.startswith("REMARK 350   BIOMT1   1")
    assert [len(line[a:b].split()) for a, b in ((24, 34), (34, 44), (44, 54), (55, 69))] == [1] * 4


@pytest.mark.parametrize("name, scipion, relion", [
    ("C7", "C7", "C7"), ("D3", "Dx3", "D3"), ("T", "Tz3", "T"), ("O", "O", "O"), ("I1", "I222", "I1"), ("I2", "I222r", "I2"),
    ("I3", "In25", "I3"), ("I4", "In25r", "I4")])
def test_settings_have_their_names(name, scipion, relion):
    rotations = point_group(name).operators[:, :, :3]
    base = name[0] if name[0] == "I" else name
    assert symmetry_write.setting_of(base, rotations, 0.1) == (scipion, relion)
    assert symmetry_write.setting_of(base, rotations, 2.0) is None
    assert symmetry_write.setting_of(base, TURN @ rotations @ TURN.T, 0.1) is None


def test_two_folds_along_y_are_another_setting():
    quarter = Rotation.from_euler("z", 90, degrees=True).as_matrix()
    assert symmetry_write.setting_of("D3", quarter @ point_group("D3").operators[:, :, :3] @ quarter.T, 0.0) == ("Dy3", "")
    assert symmetry_write.setting_of("T", Rotation.from_euler("z", 180, degrees=True).as_matrix() @ point_group("T").operators[:, :, :3]
                                     @ Rotation.from_euler("z", -180, degrees=True).as_matrix(), 0.0) == ("Tz3r", "")


@pytest.mark.scipion
@pytest.mark.parametrize("name", ["D5", "T", "O", "I"])
def test_settings_are_those_of_scipion(name, scipion_env):
    from pwem import constants
    from pwem.convert.symmetry import getSymmetryMatrices
    for setting, rotations in symmetry_write._settings(name).items():
        label = setting.scipion if name == "I" else setting.scipion.replace("5", "n")
        code = next(k for k, v in constants.SCIPION_SYM_NAME.items() if v == label)
        theirs = np.array(getSymmetryMatrices(code, n=5))[:, :3, :3]
        assert len(theirs) == len(rotations)
        assert all(np.abs(rotations - one).max(axis=(1, 2)).min() < 1e-3 for one in theirs), setting
