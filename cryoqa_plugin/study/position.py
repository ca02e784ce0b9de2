"""Do half-maps lie on each other, the same way round, and are they what their names say?"""
from __future__ import annotations

import os
import re
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

import numpy as np

from ..core import alignment
from ..core.alignment import NONE, Operation
from ..core.fourier import Geometry
from ..io.maps import Map

_SURE = 5.0                           # standard errors from which a shift is one
_PRECISE = 0.02                       # voxels; without that a shift that is not sure is not known
_LARGE = 0.1                          # voxels from which a shift is said
_COARSE = 20.0                        # Å, where half-maps of one molecule agree at any useful resolution
ALIKE = 0.4                           # mean FSC there below which they are not of one molecule
_HALF = re.compile(r"half[\W_]*(?:map|volume|vol)?[\W_]*([12ab])(?![a-z0-9])|(?<![a-z0-9])h([12])(?![a-z0-9])", re.I)
_CLASS = re.compile(r"class[\W_]*0*(\d+)", re.I)


class Position(NamedTuple):
    """How half-map 2 lies on half-map 1; see :func:`compare_position`."""

    shift: Optional[float]
    vector: Optional[Tuple[float, float, float]]
    shift_error: Optional[float]
    operation: Optional[str]
    likeness: float

    @property
    def shift_vector(self) -> Optional[str]:
        """The vector in words, to a hundredth of a voxel; None where it is not known."""
        return None if self.vector is None else ", ".join(f"{t + 0.0:.2f}" for t in np.round(self.vector, 2))

    def values(self) -> Dict[str, Any]:
        """What results hold of it, by the name of the field less its prefix."""
        return dict(shift=self.shift, shift_vector=self.shift_vector, shift_error=self.shift_error, operation=self.operation,
                    likeness=self.likeness)


def compare_position(f1: np.ndarray, f2: np.ndarray, geo: Geometry) -> Position:
    """How half-map 2 lies on half-map 1.

    Parameters
    ----------
    f1, f2
        Transforms of the half-maps, complex64 [nz, ny, nx // 2 + 1].
    geo
        Their shells.

    Returns
    -------
    Position
        ``shift`` in voxels, its vector (x, y, z) and standard error: half-map 2 is half-map 1 moved by it. ``operation``: what turns
        half-map 2 into half-map 1 first, ``none`` as a rule. ``likeness``: mean FSC over the coefficients coarser than 20 Å, of four
        shells at least, with both undone. Where it is below 0.4 the half-maps are not of one molecule, and the rest is None; so is a shift
        that cannot be told from 0 within 0.02 voxels.
    """
    found = alignment.place(f1, f2, geo)
    likeness, words = _likeness(found, geo), operation_words(found.operation)
    if likeness < ALIKE:
        dark = alignment.place(f1, -f2, geo)
        if _likeness(dark, geo) < ALIKE:
            return Position(None, None, None, None, likeness)
        turned = operation_words(dark.operation)
        found, likeness, words = dark, _likeness(dark, geo), "contrast inverted" + ("" if turned == "none" else f", {turned}")
    (z, y, x), error = found.shift, found.error
    length = float(np.linalg.norm(found.shift))
    known = error <= _PRECISE or length > _SURE * error
    return Position(length if known else None, (float(x), float(y), float(z)) if known else None, error, words, likeness)


def _likeness(found: alignment.Placement, geo: Geometry) -> float:
    shell = np.arange(1, found.fsc.size + 1)
    weights = found.count * ((shell <= 4) | (shell * _COARSE <= geo.length))
    return float((weights * found.fsc).sum() / weights.sum()) if weights.any() else 0.0


def operation_words(operation: Operation) -> str:
    """An operation in words, for example ``z reversed (mirror image)``; ``none`` for none.

    Parameters
    ----------
    operation
        Axes to reverse and to swap.
    """
    if operation == NONE:
        return "none"
    order, flip = operation.order[::-1], operation.flip[::-1]                # x, y, z
    names = [("-" if f else "") + "zyx"[i] for i, f in zip(order, flip)]
    parity = (-1) ** (sum(flip) + sum(order[i] < order[j] for i in range(3) for j in range(i + 1, 3)))
    reversed_ = [a for a, f in zip("xyz", flip) if f]
    moved = [a for a, n in zip("xyz", names) if n[-1] != a]
    if not moved and len(reversed_) == 2:
        return f"turned by 180 degrees about {next(a for a in 'xyz' if a not in reversed_)}"
    hand = "mirror image" if parity < 0 else "turned, the same hand"
    if not moved:
        words = f"{_listed(reversed_)} reversed"
    elif len(moved) == 2 and not reversed_:
        words = f"{_listed(moved)} swapped"
    else:
        words = f"x, y, z read from {', '.join(names)}"
    return f"{words} ({hand})"


def _listed(names: List[str]) -> str:
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1]


def half_in_name(path: Optional[str]) -> Tuple[str, str]:
    """Which half and which class the name of a file tells of.

    Parameters
    ----------
    path
        Path of the file, None when there is none.

    Returns
    -------
    tuple of str
        The half, ``1`` or ``2``, and the class; empty where the name does not tell.
    """
    name = os.path.basename(path or "")
    half = _HALF.search(name)
    which = (half.group(1) or half.group(2)).lower() if half else ""
    kind = _CLASS.search(name)
    return {"a": "1", "b": "2"}.get(which, which), kind.group(1) if kind else ""


def name_notes(half1: Map, half2: Map) -> List[str]:
    """Sentences on file names that do not fit the inputs they are given as.

    Parameters
    ----------
    half1, half2
        The half-maps.

    Returns
    -------
    list of str
        Empty when the names fit or tell nothing.
    """
    (first, class1), (second, class2) = half_in_name(half1.path), half_in_name(half2.path)
    files = f"half-map 1 is {half1.place}, half-map 2 is {half2.place}"
    notes = []
    if (first, second) == ("2", "1"):
        notes.append(f"By their names the half-maps are swapped: {files}. Numbers that compare them do not change.")
    elif first and first == second:
        notes.append(f"By their names both are half {first}: {files}. Check that they are the two halves of one refinement.")
    if class1 and class2 and class1 != class2:
        notes.append(f"By their names the half-maps are of two classes: {files}. Give the two halves of one class.")
    return notes


def position_note(found: Position, files: str) -> Optional[str]:
    """A sentence on half-maps that do not lie on each other, None where they do.

    Parameters
    ----------
    found
        How half-map 2 lies on half-map 1.
    files
        The names of both files in brackets after a blank, or nothing.

    Returns
    -------
    str or None
        What is wrong and what to do.
    """
    if found.operation is None:
        return (f"The half-maps{files} do not match: at the best fit of one to the other their mean FSC coarser than {_COARSE:g} Å is "
                f"{found.likeness:.2f}. Check that they come from one refinement.")
    if found.operation != "none":
        return (f"Half-map 2 differs from half-map 1 by a rotation, mirror or sign{files}: {found.operation}. Read and write both with "
                "one program, and take the two halves of one refinement.")
    if found.shift is None or found.shift <= _LARGE:
        return None
    return (f"The half-maps are not aligned{files}: half-map 2 is shifted by {found.shift_vector} voxels (x, y, z), which makes "
            "every resolution too low. Shift it back, or take the two halves of one refinement.")


def map_position_note(found: Position, map_path: Optional[str]) -> Optional[str]:
    """A sentence on a map that does not lie on the mean of its half-maps, None where it does.

    Parameters
    ----------
    found
        How the map lies on that mean.
    map_path
        File of the map, None when it has none.

    Returns
    -------
    str or None
        What is wrong and what to do.
    """
    file = f" ({map_path})" if map_path else ""
    if found.operation is None:
        return (f"The map{file} does not match the half-maps: the FSC of the map with the mean of the half-maps, coarser "
                f"than {_COARSE:g} Å, is {found.likeness:.2f}. Give the map and the half-maps of one refinement.")
    if found.operation != "none":
        return (f"The map{file} differs from the half-maps by a rotation, mirror or sign: {found.operation}. Give the map and the "
                "half-maps of one refinement, or turn the map back.")
    if found.shift is None or found.shift <= _LARGE:
        return None
    return (f"The map{file} is not aligned with the half-maps: it is shifted by {found.shift_vector} voxels (x, y, z). Shift it back, "
            "or give the map and the half-maps of one refinement.")


def other_map_note(found: Position, name: str, reference: str) -> Optional[str]:
    """A sentence on a map that does not lie on the map that it is compared with, None where it does.

    Parameters
    ----------
    found
        How it lies there.
    name, reference
        What the map and that other map are called.

    Returns
    -------
    str or None
        What is wrong and what to do.
    """
    if found.operation is None:
        return (f"{name} does not match {reference}: coarser than {_COARSE:g} Å their FSC is {found.likeness:.2f}. Compare maps of the "
                "same data.")
    if found.operation != "none":
        return (f"{name} differs from {reference} by a rotation, mirror or sign: {found.operation}. Bring it onto that map with "
                "'cryoqa map-align' or 'cryoqa map-box'.")
    if found.shift is None or found.shift <= _LARGE:
        return None
    return (f"{name} is shifted by {found.shift_vector} voxels (x, y, z) against {reference}, which lowers its score. Bring it "
            "onto that map with 'cryoqa map-align'.")
