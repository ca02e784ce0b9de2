"""Symmetry for other programs: operators as files of Phenix and PDB, and the names of settings in Scipion, RELION and Xmipp."""
from __future__ import annotations

from typing import Dict, List, NamedTuple, Optional, Tuple

import numpy as np

from .symmetry import Axis, _group, point_group

_TURN, _FAR = 0.25, 0.5               # degrees and voxels by which axes of a setting may be off
_T222: Tuple[Axis, ...] = ((2, (0, 0, 1)), (3, (1, 1, 1)))
_TZ3R: Tuple[Axis, ...] = ((3, (0, 0, 1)), (2, (0, -(2 ** 0.5), 1)))


class Setting(NamedTuple):
    """A conventional way for axes to lie: its name in Scipion, and in RELION and Xmipp (empty where these do not have it)."""

    scipion: str
    relion: str


def _settings(name: str) -> Dict[Setting, np.ndarray]:
    """Settings of a point group, with their rotations float64 [n, 3, 3]."""
    own = point_group(name).operators[:, :, :3]
    if name[0] == "C":
        return {Setting(name, name): own}
    if name[0] == "D":
        n = int(name[1:])
        return {Setting(f"Dx{n}", name): own, Setting(f"Dy{n}", ""): _group([(n, (0, 0, 1)), (2, (0, 1, 0))])}
    if name == "T":
        return {Setting("Tz3", name): own, Setting("T222", ""): _group(_T222), Setting("Tz3r", ""): _group(_TZ3R)}
    if name == "O":
        return {Setting("O", name): own}
    return {Setting(scipion, relion): point_group(relion).operators[:, :, :3]
            for scipion, relion in (("I222", "I1"), ("I222r", "I2"), ("In25", "I3"), ("In25r", "I4"))}


def setting_of(name: str, rotations: np.ndarray, off_centre: float) -> Optional[Setting]:
    """The setting in which programs that take a name alone would find the axes.

    Parameters
    ----------
    name
        Of the point group: ``C5``, ``D2``, ``T``, ``O`` or ``I``.
    rotations
        Of the group as it lies in the map, float64 [n, 3, 3].
    off_centre
        Distance of its axes from the centre of the box in voxels.

    Returns
    -------
    Setting or None
        None where the axes are turned by more than a quarter of a degree from all settings, or miss the centre by half a voxel.

    Notes
    -----
    The names are those of pwem: ``Cn``, ``Dxn``, ``Dyn``, ``T222``, ``Tz3``, ``Tz3r``, ``O``, ``I222``, ``I222r``, ``In25``, ``In25r``.
    """
    if off_centre > _FAR:
        return None
    for setting, own in _settings(name).items():
        cosines = (np.einsum("aij,bij->ab", own, rotations).max(axis=1) - 1) / 2
        if np.degrees(np.arccos(np.clip(cosines, -1, 1))).max() < _TURN:
            return setting
    return None


def ncs_spec(operators: np.ndarray, centre: np.ndarray) -> str:
    """Operators as an ``.ncs_spec`` of Phenix, which lays each copy on the first.

    Parameters
    ----------
    operators
        They lay the first copy on each: ``x' = R x + t`` on coordinates of the model in Å, float64 [n, 3, 4].
    centre
        Centre of the first copy (x, y, z in Å).

    Returns
    -------
    str
        The file.
    """
    lines = ["Summary of NCS information", "", "new_ncs_group", ""]
    for operator in operators:
        back = operator[:, :3].T
        place = operator[:, :3] @ centre + operator[:, 3]
        lines += ["new_operator", "", *("rota_matrix " + " ".join(f"{v:12.7f}" for v in row) for row in back),
                  "tran_orth   " + " ".join(f"{v:12.5f}" for v in -back @ operator[:, 3]), "",
                  "center_orth " + " ".join(f"{v:12.4f}" for v in place), ""]
    return "\n".join(lines)


def biomt(operators: np.ndarray) -> str:
    """Operators as REMARK 350 BIOMT records of a PDB file.

    Parameters
    ----------
    operators
        ``x' = R x + t`` on coordinates of the model in Å, float64 [n, 3, 4].

    Returns
    -------
    str
        The records.
    """
    lines: List[str] = ["REMARK 350 BIOMOLECULE: 1"]
    for number, operator in enumerate(operators, 1):
        for row, values in enumerate(operator, 1):
            lines.append(f"REMARK 350   BIOMT{row} {number:3d}" + "".join(f"{v + 0.0:10.6f}" for v in values[:3])
                         + f"     {values[3] + 0.0:10.5f}")
    return "\n".join(lines) + "\n"
