"""Symmetry: every group is closed, of its order and orthogonal; every way of writing one gives the same operators."""
from __future__ import annotations

import numpy as np
import pytest

from cryoqa_plugin.errors import FormatError, InputError
from cryoqa_plugin.io.symmetry import point_group, read_symmetry


def _sorted(operators):
    rows = np.asarray(operators).reshape(len(operators), -1).round(3) + 0.0
    return rows[np.lexsort(rows.T)]


def _is_sound(found):
    rotations = found.operators[:, :, :3]
    assert found.operators.dtype == np.float64 and found.operators.shape == (found.order, 3, 4)
    np.testing.assert_allclose(rotations @ rotations.transpose(0, 2, 1), np.broadcast_to(np.eye(3), rotations.shape), atol=1e-12)
    np.testing.assert_allclose(np.linalg.det(rotations), 1, atol=1e-12)
    np.testing.assert_array_equal(found.operators[0], np.eye(3, 4))


@pytest.mark.parametrize("name, order", [("C1", 1), ("c7", 7), ("C24", 24), ("D1", 2), ("D2", 4), ("D7", 14), ("T", 12), ("O", 24),
                                         ("I", 60), ("I1", 60), ("I2", 60), ("i3", 60), ("I4", 60)])
def test_point_groups(name, order, tmp_path):
    found = point_group(name)
    _is_sound(found)
    assert found.order == order and found.is_group and found.centred and found.name == name.upper()
    assert not found.operators[:, :, 3].any()
    path = tmp_path / "name.txt"
    path.write_text(f"{name}\n")
    again = read_symmetry(str(path))
    np.testing.assert_array_equal(again.operators, found.operators)
    assert again.path == str(path) and again.warnings == ()


def _folds(found, axis):
    """Number of rotations about an axis, the identity with them."""
    return int(np.sum(np.abs(found.operators[:, :, :3] @ axis - axis).max(axis=1) < 1e-9))


def test_axes_lie_where_relion_has_them():
    x, y, z = np.eye(3)
    for name, folds in (("C7", (1, 1, 7)), ("D7", (2, 1, 7)), ("D2", (2, 2, 2)), ("T", (1, 1, 3)), ("O", (4, 4, 4)), ("I1", (2, 2, 2)),
                        ("I2", (2, 2, 2)), ("I3", (1, 2, 5)), ("I4", (1, 2, 5))):
        assert tuple(_folds(point_group(name), a) for a in (x, y, z)) == folds, name
    assert _folds(point_group("I2"), np.array([0.5257311121191336, 0, 0.8506508083520399])) == 5
    assert _folds(point_group("I1"), np.array([0.8506508083520399, 0, -0.5257311121191336])) == 5
    assert _folds(point_group("I1"), np.array([0.9341723589627157, 0.35682208977308993, 0])) == 3
    assert _folds(point_group("T"), np.array([0, 2 ** 0.5, 1]) / 3 ** 0.5) == 2


@pytest.mark.parametrize("lines, name", [
    ("rot_axis 7 0 0 1\n", "C7"), ("# dihedral\nrot_axis 3 0 0 1\nrot_axis 2 1 0 0\n", "D3"),
    ("rot_axis 3 0 0 1\nrot_axis 2 0 0.816496 0.577350\n", "T"), ("rot_axis 3 .5773502 .5773502 .5773502\nrot_axis 4 0 0 1\n", "O"),
    ("rot_axis 2 0 0 1\nrot_axis 5 0.525731114 0 0.850650807\nrot_axis 3 0 0.356822076 0.934172364\n", "I"),
    ("rot_axis 2 1 0 0\nrot_axis 5 0.85065080702670 0 -0.5257311142635\nrot_axis 3 0.9341723640 0.3568220765 0\n", "I1"),
    ("rot_axis 2 -0.5257311143 0 0.8506508070\nrot_axis 5 0. 0. 1.\n"
     "rot_axis 3 -0.4911234778630044, 0.3568220764705179, 0.7946544753759428\n", "I3"),
    ("rot_axis 2 0.5257311143 0 0.8506508070\nrot_axis 5 0.8944271932547096 0 0.4472135909903704\n"
     "rot_axis 3 0.4911234778630044 0.3568220764705179 0.7946544753759428\n", "I4")])
def test_files_of_relion_make_its_point_groups(tmp_path, lines, name):
    path = tmp_path / "group.sym"
    path.write_text(lines)
    found = read_symmetry(str(path))
    _is_sound(found)
    assert found.centred and found.is_group
    np.testing.assert_allclose(_sorted(found.operators), _sorted(point_group(name).operators), atol=2e-3)


SHIFTS = np.random.default_rng(3).uniform(-80, 80, (14, 3))


def _operators():
    """D7 about a point that is not the origin, with a last column in Å."""
    rotations = point_group("D7").operators[:, :, :3]
    centre = np.array([50.0, 60.0, 70.0])
    return np.concatenate([rotations, (centre - rotations @ centre)[:, :, None]], axis=2)


def _pdb(kind):
    lines = ["HEADER    A TEST", "REMARK 350 BIOMOLECULE: 1"] if kind == "BIOMT" else []
    for n, operator in enumerate(_operators(), 1):
        for row in range(3):
            values = "".join(f"{v:10.6f}" for v in operator[row, :3]) + f"     {operator[row, 3]:10.5f}"
            lines.append(f"REMARK 350   BIOMT{row + 1}{n:4d}{values}" if kind == "BIOMT" else f"MTRIX{row + 1}{n:4d}{values}    1")
    return "\n".join(lines) + "\n"


def _ncs_spec():
    """Phenix's operators lay a copy on the first one."""
    text = "Summary of NCS information\n\nnew_ncs_group\n"
    for operator in _operators():
        back = operator[:, :3].T
        text += "new_operator\n\n" + "".join(f"rota_matrix {' '.join(f'{v:9.4f}' for v in row)}\n" for row in back)
        text += f"tran_orth {' '.join(f'{v:9.4f}' for v in -back @ operator[:, 3])}\n\ncenter_orth 1.0 2.0 3.0\nCHAIN A\n"
    return text


def _rows(head=""):
    return "".join(head.format(n) + "".join(" ".join(f"{v:.7f}" for v in row) + "\n" for row in o) for n, o in enumerate(_operators()))


@pytest.mark.parametrize("text, noted", [(_pdb("BIOMT"), ""), (_pdb("MTRIX"), "MTRIX"), (_ncs_spec(), ""), (_rows(), ""),
                                         ("# R | t\n" + _rows("Model 0.{}\n"), "")],
                         ids=["BIOMT", "MTRIX", "ncs_spec", "rows", "ChimeraX"])
def test_every_way_of_writing_them_gives_the_same_operators(tmp_path, text, noted):
    path = tmp_path / "operators"
    path.write_text(text)
    found = read_symmetry(str(path))
    _is_sound(found)
    assert found.order == 14 and found.is_group and not found.centred
    np.testing.assert_allclose(found.operators, _operators(), atol=2e-2)
    assert len(found.warnings) == bool(noted) and noted in "".join(found.warnings)


def test_the_largest_assembly_is_taken(tmp_path):
    path = tmp_path / "a.pdb"
    one = "".join(f"REMARK 350   BIOMT{i + 1}   1{'':2}" + " ".join(f"{float(i == j):.6f}" for j in range(3)) + " 0.0\n" for i in range(3))
    path.write_text("REMARK 350 BIOMOLECULE: 1\n" + one + _pdb("BIOMT").replace("BIOMOLECULE: 1", "BIOMOLECULE: 2"))
    found = read_symmetry(str(path))
    assert found.order == 14 and "2 assemblies; the one with most operators, 14" in found.warnings[0]


def test_a_first_copy_left_out_is_added_and_doubles_are_dropped(tmp_path):
    path = tmp_path / "rows.txt"
    body = _rows().splitlines(keepends=True)
    path.write_text("".join(body[3:] + body[3:6]))
    found = read_symmetry(str(path))
    assert found.order == 14 and len(found.warnings) == 2
    assert "leave out the one that moves nothing" in found.warnings[0] and "1 are there twice" in found.warnings[1]


def test_a_part_of_a_helix_is_no_group(tmp_path):
    path, angle = tmp_path / "helix.txt", np.deg2rad(27.0)
    c, s = np.cos(angle), np.sin(angle)
    path.write_text(f"1 0 0 0\n0 1 0 0\n0 0 1 0\n{c} {-s} 0 0\n{s} {c} 0 0\n0 0 1 4.7\n")
    found = read_symmetry(str(path))
    assert found.order == 2 and not found.is_group and found.operators[1, 2, 3] == 4.7


@pytest.mark.parametrize("text, error, words", [
    ("", FormatError, "holds no symmetry"), ("some words here\n", FormatError, "holds no symmetry; give the name"),
    ("1 0 0 0\n0 1 0 0\n0 0 1 x\n", FormatError, "cannot be read .'x' is no number.; give the name"),
    ("X7\n", InputError, "'X7' is no point"),
    ("C0\n", InputError, "no point group"), ("D2H\n", InputError, "has mirrors"), ("Oh\n", InputError, "has mirrors"),
    ("C900\n", InputError, "more than 1000"), ("1 0 0 0\n0 1 0 0\n", FormatError, "rows are not equally long"),
    ("1 0 0 0\n0 1 0 0\n0 0 2 0\n", InputError, "Operator 1 of .* is no rotation"),
    ("1 0 0 0\n0 1 0 0\n0 0 -1 0\n", InputError, "Operator 1 of .* mirrors"), ("rot_axis 2 0 0 1\ninversion\n", InputError, "mirrors"),
    ("rot_axis 7 0 0 1\nrot_axis 5 1 1 0\n", InputError, "more than 1000"), ("rot_axis 2 0 0 0\n", FormatError, "cannot be read"),
    ("REMARK 350   BIOMT1   1 1.0 0.0 0.0 0.0\n", FormatError, "row missing"), ("rota_matrix 1 0 0\n", FormatError, "not equally long")])
def test_what_is_no_symmetry(tmp_path, text, error, words):
    path = tmp_path / "bad.txt"
    path.write_text(text)
    with pytest.raises(error, match=words) as caught:
        read_symmetry(str(path))
    assert str(path) in str(caught.value)


@pytest.mark.realdata
def test_files_of_other_programs(shared):
    """Phenix's operators bring the centre of the first copy to that of each other; 5ni1 has two copies by MTRIX."""
    path = shared / "data" / "headers" / "cctbxreg_D7.ncs_spec"
    found = read_symmetry(str(path))
    assert found.order == 14 and found.is_group
    centres = np.array([[float(v) for v in line.split()[1:]] for line in path.read_text().splitlines() if line.startswith("center_orth")])
    moved = found.operators[:, :, :3] @ centres[0] + found.operators[:, :, 3]
    np.testing.assert_allclose(moved, centres, atol=0.02)
    pair = read_symmetry(str(shared / "data" / "models" / "5ni1.pdb"))
    assert pair.order == 2 and pair.operators[1, 0, 3] == 105.04034 and "MTRIX" in pair.warnings[0]
    assert read_symmetry(str(shared / "data" / "models" / "3c91_T20S.pdb")).order == 1
