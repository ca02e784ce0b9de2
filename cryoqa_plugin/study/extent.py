"""How far the density reaches: whether it runs through the faces of the box, as a filament does, or a box cut out of a larger map."""
from __future__ import annotations

import numpy as np

from ..io.maps import Map

_SECTION = 0.25                                  # of the median section, that is cut by both faces
_CUT_FACES = 4                                   # faces of a cut-out box that show density
_STRONG, _SKEWED = 0.5, 0.3                      # spread of such a face over that of the map, and its skewness: noise has none


def through_faces(map_: Map, binary: np.ndarray) -> str:
    """Axes along which density runs through the box from face to face.

    Parameters
    ----------
    map_
        The map.
    binary
        Where the molecule is, bool [z, y, x].

    Returns
    -------
    str
        Of ``xyz``, those along which both faces cut at least a quarter of the median section of the molecule and a face shows density;
        all three for a box that was cut out of a larger map: at least four faces, of all three axes, show density. A face does that has
        half the spread of the map and a skewness above 0.3, which noise has not.
    """
    if _is_cut_out(map_.data):
        return "xyz"
    out, spread = "", float(map_.data.std(dtype=np.float64))
    for name, axis in zip("xyz", (2, 1, 0)):
        sections = np.count_nonzero(binary, axis=tuple(a for a in range(3) if a != axis))
        usual = float(np.median(sections))
        faces = (np.take(map_.data, end, axis=axis) for end in (0, -1))
        if usual > 0 and min(sections[0], sections[-1]) >= _SECTION * usual and any(_shows_density(face, spread) for face in faces):
            out += name
    return out


def _is_cut_out(data: np.ndarray) -> bool:
    spread = float(data.std(dtype=np.float64))
    axes = [axis for axis in range(3) for end in (0, -1) if _shows_density(np.take(data, end, axis=axis), spread)]
    return len(axes) >= _CUT_FACES and len(set(axes)) == 3


def _shows_density(face: np.ndarray, spread: float) -> bool:
    values = face.astype(np.float64)
    values -= values.mean()
    own = float(np.sqrt((values ** 2).mean()))
    return own >= _STRONG * spread > 0 and float((values ** 3).mean()) >= _SKEWED * own ** 3


def part_outside(xyz: np.ndarray, map_: Map, through: str) -> float:
    """Part of the atoms that are outside of the box where they should not be.

    Parameters
    ----------
    xyz
        Positions (x, y, z) in Å, float64 [n, 3].
    map_
        The map.
    through
        Axes that the molecule runs through (:func:`through_faces`): beyond their faces atoms are expected.

    Returns
    -------
    float
        0 to 1.
    """
    at = (xyz - np.asarray(map_.origin)) / np.asarray(map_.voxel_size)
    free = [i for i, name in enumerate("xyz") if name not in through]
    beyond = (at[:, free] < -0.5) | (at[:, free] > np.asarray(map_.shape[::-1])[free] - 0.5)
    return float(beyond.any(axis=1).mean()) if len(at) else 0.0


def words(axes: str) -> str:
    """What runs through the faces along ``axes``, in words.

    Parameters
    ----------
    axes
        Made by :func:`through_faces`.

    Returns
    -------
    str
        A filament (one axis), a layer (two), a box cut out of a larger map (three); empty for none.
    """
    if not axes:
        return ""
    named = " and ".join(axes)
    return {1: f"a filament through the box along {named}", 2: f"a layer through the box along {named}",
            3: "a box cut out of a larger map"}[len(axes)]
