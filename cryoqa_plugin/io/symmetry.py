"""Symmetry on disk: the name of a point group, or operators in the files of PDB, Phenix, RELION, or as plain rows of numbers."""
from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple, Union

import numpy as np

from ..errors import FormatError, InputError
from . import ranges
from .reading import reader

Axis = Tuple[int, Sequence[float]]               # order of a rotation axis, and its direction (x, y, z)

_GOLDEN = (1 + 5 ** 0.5) / 2
_A, _B = 1 / (1 + _GOLDEN ** 2) ** 0.5, _GOLDEN / (1 + _GOLDEN ** 2) ** 0.5    # a 5-fold axis of the icosahedron is (A, 0, B)
_AXES: Dict[str, Tuple[Axis, ...]] = {           # the settings of RELION and Xmipp, whose further generators follow from these
    "T": ((3, (0, 0, 1)), (2, (0, 2 ** 0.5, 1))), "O": ((3, (1, 1, 1)), (4, (0, 0, 1))),
    "I1": ((2, (1, 0, 0)), (5, (_B, 0, -_A))), "I2": ((2, (0, 0, 1)), (5, (_A, 0, _B))),
    "I3": ((2, (-_A, 0, _B)), (5, (0, 0, 1))), "I4": ((2, (_A, 0, _B)), (5, (2, 0, 1)))}
_NAME = re.compile(r"(?:C\d+|D\d+|T|O|I[1-4]?)$", re.I)
_MIRRORED = re.compile(r"(?:C[IS]|C\d+[VH]|D\d+[VH]|S\d+|T[DH]|OH|I[1-4]?H)$", re.I)
_LARGEST = 1000                                  # operators; a group beyond has axes that do not belong together
_OFF = 5e-3                                      # how far a rotation of a file, of 4 decimals or more, may be from one
_SAME = 1e-2                                     # rotations closer than this are one


_FORMS = ("the name of a point group, BIOMT or MTRIX records, an ncs_spec of Phenix, rot_axis lines, or three rows of four numbers an "
          "operator")


@dataclass(frozen=True)
class Symmetry:
    """Operators that lay the first copy of a molecule on each of its copies: ``x' = R x + t``.

    Parameters
    ----------
    operators
        R and t of each copy, float64 [n, 3, 4], x, y, z in Å; the first is the identity, and each R is orthogonal.
    name
        Name of the point group, empty where the operators come from a file.
    centred
        The axes go through the centre of the box (point groups and RELION's files); else positions count from the origin of the
        model's coordinates.
    path, warnings
        The file, and sentences about what to check in it.
    """

    operators: np.ndarray
    name: str = ""
    centred: bool = False
    path: Optional[str] = None
    warnings: Tuple[str, ...] = ()

    @property
    def data(self) -> np.ndarray:
        """The operators, float64 [n, 3, 4]."""
        return self.operators

    @property
    def order(self) -> int:
        """Number of copies."""
        return len(self.operators)

    @cached_property
    def is_group(self) -> bool:
        """Whether the rotations are a closed group: the product of any two is one of them. Copies of a helix, for one, are none."""
        rotations = self.operators[:, :, :3]
        return all(_at(a @ b, rotations) is not None for a, b in product(rotations, rotations))


def point_group(name: str) -> Symmetry:
    """Operators of a point group about the centre of the box.

    Parameters
    ----------
    name
        ``C1``, ``C7``, ``D2``, ``T``, ``O``, ``I`` (as ``I2``) or ``I1`` to ``I4``, in any case. The axes lie as in RELION and Xmipp: the
        main axis of C and D along z and the two-fold of D along x; T has a three-fold and O a four-fold axis along z; ``I2`` has
        two-fold axes along x, y and z with a five-fold in the plane of x and z, ``I1`` is ``I2`` turned by 90 degrees about y, ``I3`` and
        ``I4`` have a five-fold axis along z.

    Raises
    ------
    InputError
        It is no such name.

    References
    ----------
    Scheres (2012), https://doi.org/10.1016/j.jsb.2012.09.006 (RELION).
    """
    word = name.strip().upper()
    if _MIRRORED.match(word):
        raise InputError(f"The point group '{name}' has mirrors, which no molecule of one hand has; give its group of rotations.")
    if not _NAME.match(word) or re.match(r"[CD]0+$", word):
        raise InputError(f"'{name[:20]}' is no point group; give C1, C2, ..., D2, ..., T, O, I, I1, I2, I3 or I4.")
    fold = int(word[1:] or 2)
    if word[0] in "CD":
        axes: Tuple[Axis, ...] = ((fold, (0, 0, 1)),) + (((2, (1, 0, 0)),) if word[0] == "D" else ())
    else:
        axes = _AXES["I2" if word == "I" else word]
    if fold > _LARGEST // 2:
        raise InputError(f"The point group '{name[:20]}' has more than {_LARGEST} operators; check the name.")
    return Symmetry(_with_shifts(_group(axes)), word, True)


@reader("symmetry file", f"give {_FORMS}")
def read_symmetry(path: str) -> Symmetry:
    """The symmetry in a file: a point group by name, or operators.

    Parameters
    ----------
    path
        A text with the name of a point group alone, REMARK 350 BIOMT or MTRIX records of a PDB file, an ``.ncs_spec`` of Phenix, a
        symmetry file of RELION and Xmipp (``rot_axis 3 0 0 1``), or operators in rows of 4 numbers (R | t), three rows each.

    Notes
    -----
    Phenix's operators lay each copy on the first and are turned round. Of several assemblies of a PDB file the one with most operators
    is taken. Rotations of few decimals are replaced by the nearest orthogonal ones.

    Raises
    ------
    InputError
        The file cannot be read, or an operator is no rotation.
    FormatError
        It holds no symmetry.
    """
    with open(path, encoding="utf-8-sig", errors="strict") as stream:
        text = stream.read()
    try:
        found = _read(text)
    except InputError as error:                              # of a name or an axis, which know no file
        raise InputError(f"{path}: {error}") from None
    if not len(found.operators):
        raise FormatError(f"The file {path} holds no symmetry; give {_FORMS}.")
    if isinstance(found, Symmetry):
        return Symmetry(found.operators, found.name, found.centred, path)
    return _checked(found, path)


class _Operators(NamedTuple):
    """Operators as a file has them, [n, 3, 4], with notes."""

    operators: np.ndarray
    notes: Tuple[str, ...] = ()


def _read(text: str) -> Union[Symmetry, _Operators]:
    words = text.split()
    if len(words) == 1 and not re.match(r"[-+.\d]", words[0]):
        return point_group(words[0])
    if re.search(r"^(REMARK 350\s+BIOMT1|MTRIX1)", text, re.M):
        return _of_pdb(text)
    if "rota_matrix" in text:
        return _of_phenix(text)
    if re.search(r"^\s*(rot_axis|mirror_plane|inversion)\b", text, re.M):
        return _of_relion(text)
    return _of_rows(text)


def _of_pdb(text: str) -> _Operators:
    assemblies: List[Dict[int, np.ndarray]] = []             # of each BIOMOLECULE the operators by their number
    records: Dict[int, np.ndarray] = {}
    for line in text.splitlines():
        biomt, mtrix = re.match(r"REMARK 350\s+BIOMT([123])\s+(\d+)\s+(.*)", line), re.match(r"MTRIX([123])\s+(\d+)\s+(.*)", line)
        if line.startswith("REMARK 350 BIOMOLECULE") or biomt and not assemblies:
            assemblies.append({})
        found = biomt or mtrix
        if found:
            row, number, values = int(found.group(1)), int(found.group(2)), found.group(3).split()[:4]
            kept = assemblies[-1] if biomt else records
            kept.setdefault(number, np.full((3, 4), np.nan))[row - 1] = [float(v) for v in values]
    largest = max(assemblies, key=len, default={})
    if len(largest) < 2 and len(records) > 1:                # the assembly is what the file holds; its copies are the MTRIX records
        return _Operators(np.array(list(records.values())), ("The operators are the MTRIX records of the file.",))
    used = [a for a in assemblies if a]
    notes = (f"The file describes {len(used)} assemblies; the one with most operators, {len(largest)}, is taken.",) if len(used) > 1 else ()
    return _Operators(np.array(list((largest or records).values())), notes)


def _of_phenix(text: str) -> _Operators:
    groups = len(re.findall(r"^\s*new_ncs_group", text, re.M))
    first = re.split(r"^\s*new_ncs_group.*$", text, flags=re.M)[1 if groups else 0]
    rows = [[float(v) for v in m.split()[:3]] for m in re.findall(r"rota_matrix\s+(.*)", first)]
    shifts = [[float(v) for v in m.split()[:3]] for m in re.findall(r"tran_orth\s+(.*)", first)]
    rotations, moved = np.array(rows, dtype=np.float64).reshape(-1, 3, 3), np.array(shifts, dtype=np.float64).reshape(-1, 3)
    if len(rotations) != len(moved):
        raise ValueError("rotations without translations")
    back = rotations.transpose(0, 2, 1)                      # x1 = R x + t, so that x = R^T (x1 - t)
    notes = (f"The file describes {groups} groups of copies; the first, of {len(rotations)}, is taken.",) if groups > 1 else ()
    return _Operators(np.concatenate([back, -np.einsum("nij,nj->ni", back, moved)[:, :, None]], axis=2), notes)


def _of_relion(text: str) -> Symmetry:
    axes: List[Axis] = []
    for line in text.splitlines():
        words = line.replace(",", " ").split()
        if not words or words[0][0] in "#;":
            continue
        if words[0] in ("mirror_plane", "inversion"):
            raise InputError(f"The symmetry file has a line '{words[0]}', but no molecule of one hand has mirrors; leave it out.")
        if words[0] != "rot_axis":
            raise ValueError(line)
        axes.append((int(words[1]), [float(v) for v in words[2:5]]))
    if any(fold < 1 or len(axis) != 3 or not np.any(axis) for fold, axis in axes):
        raise ValueError("no axis")
    return Symmetry(_with_shifts(_group(axes)), "", True)


def _of_rows(text: str) -> _Operators:
    rows = []
    for line in text.splitlines():
        words = line.replace(",", " ").split()
        if words and words[0][0] not in "#;!" and words[0] != "Model":          # ChimeraX heads each operator with 'Model 0.1'
            if not rows and not re.match(r"[-+.\d]", words[0]):
                break
            rows.append([float(v) for v in words])
    return _Operators(np.array(rows, dtype=np.float64).reshape(-1, 3, 4))


def _checked(found: _Operators, path: str) -> Symmetry:
    """The operators of a file with orthogonal rotations, each once, the identity first."""
    operators, notes = found.operators, list(found.notes)
    if not np.all(np.isfinite(operators)):
        raise FormatError(f"The file {path} has an operator with a row missing; copy or write it again.")
    if np.abs(operators[:, :, 3]).max(initial=0.0) > ranges.POSITION:
        raise FormatError(f"The file {path} has an operator that moves by {np.abs(operators[:, :, 3]).max():g} Å, beyond "
                          f"{ranges.POSITION:g} Å; write it again.")
    u, _, v = np.linalg.svd(operators[:, :, :3])
    nearest = u @ v
    off = np.abs(operators[:, :, :3] - nearest).max(axis=(1, 2))
    for number, (error, turn) in enumerate(zip(off, nearest), 1):
        if error > _OFF or np.linalg.det(turn) < 0:
            what = "mirrors" if error <= _OFF else f"is no rotation (off by {error:.2g})"
            raise InputError(f"Operator {number} of {path} {what}; give rotations with their translations in Å.")
    operators = np.concatenate([nearest, operators[:, :, 3:]], axis=2)
    kept: List[np.ndarray] = [np.eye(3, 4)]
    if all(np.abs(operator - kept[0]).max() > _SAME for operator in operators):
        notes.append("The operators leave out the one that moves nothing; the first copy is added.")
        operators = np.concatenate([[kept[0]], operators])
    for operator in operators:
        if all(np.abs(operator - other).max() > _SAME for other in kept):
            kept.append(operator)
    if len(kept) < len(operators):
        notes.append(f"Of the {len(operators)} operators {len(operators) - len(kept)} are there twice; each is taken once.")
    return Symmetry(np.array(kept), "", False, path, tuple(notes))


def _group(axes: Sequence[Axis]) -> np.ndarray:
    """All products of rotations about axes, float64 [n, 3, 3], the identity first."""
    generators = [_turn(fold, axis) for fold, axis in axes if fold > 1]
    out = [np.eye(3)]
    for known in out:                                        # the list grows while it is gone through
        for turn in generators:
            made = turn @ known
            if _at(made, np.array(out)) is None:
                out.append(made)
            if len(out) > _LARGEST:
                raise InputError(f"The axes of the symmetry make more than {_LARGEST} operators, so that they do not belong to one point "
                                 "group; check their directions.")
    u, _, v = np.linalg.svd(np.array(out))                   # without the rounding of long products
    return u @ v


def _turn(fold: int, axis: Sequence[float]) -> np.ndarray:
    """Rotation by a ``fold``-th of a turn about an axis (Rodrigues' formula), [3, 3]."""
    x, y, z = np.asarray(axis, dtype=np.float64) / np.linalg.norm(axis)
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    angle = 2 * np.pi / fold
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross


def _at(rotation: np.ndarray, rotations: np.ndarray) -> Optional[int]:
    """Where a rotation stands among others, None where it does not."""
    there = np.flatnonzero(np.abs(rotations - rotation).max(axis=(1, 2)) < _SAME)
    return int(there[0]) if there.size else None


def _with_shifts(rotations: np.ndarray) -> np.ndarray:
    return np.concatenate([rotations, np.zeros((len(rotations), 3, 1))], axis=2)
