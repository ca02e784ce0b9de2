"""Which symmetry a reconstruction imposed, by the noise of its half-maps: coefficients that it relates are one measurement."""
from __future__ import annotations

from functools import lru_cache
from typing import List, NamedTuple, Sequence, Tuple

import numpy as np

from ..core.fourier import Geometry
from ..core.noise_copies import box_noise, box_repeats
from ..core.symmetry_axes import turns
from ..io.symmetry import point_group

NONE = "none"
_HIGHEST = 60                         # fold of an axis along z
_SURE, _BELOW = 0.85, 0.04            # correlation of the noise with its copy; and how far the worst operator may be below the best
_TESTED = 24                          # operators of a group that are looked at, at most
_SOLIDS = {"T": ("T",), "O": ("O",), "I": ("I1", "I2", "I3", "I4")}


class Imposed(NamedTuple):
    """A symmetry that was imposed: its ``name``, ``none`` where there is none, and its ``order``, by which the coefficients of a shell are
    to be divided."""

    name: str
    order: int


NOTHING = Imposed(NONE, 1)


def imposed_symmetry(f1: np.ndarray, f2: np.ndarray, geo: Geometry, voxel_size: Sequence[float]) -> Imposed:
    """The symmetry by which the noise of two half-maps repeats, of those that programs impose.

    Parameters
    ----------
    f1, f2
        Transforms of half-maps that lie on each other, complex64 [nz, ny, nx // 2 + 1].
    geo
        Their shells.
    voxel_size
        Edges of a voxel (x, y, z) in Å.

    Returns
    -------
    Imposed
        The largest group all of whose operators have a correlation of the noise with its copy of 0.85, and within 0.04 of the highest:
        turns by a similar angle are alike near the axis. C up to 60 about z and D with a two-fold along x or y; T, O and I in the
        settings of RELION and Xmipp; all through voxel n // 2. A symmetry about other axes is not found here; ``map_symmetry`` looks for
        those.
    """
    noise = box_noise(f1, f2, geo, voxel_size)
    centre = np.array([n // 2 for n in geo.shape[::-1]]) * np.asarray(voxel_size)

    def least(rotations: np.ndarray) -> float:
        return float(np.nan_to_num(box_repeats(noise, centre, rotations)).min())

    folds = range(2, _HIGHEST + 1)
    along_z = np.nan_to_num(box_repeats(noise, centre, np.concatenate([_about_z(n) for n in folds])))
    if not along_z.max() > _SURE:                            # every setting of every group has an axis along z
        return NOTHING
    enough = max(_SURE, float(along_z.max()) - _BELOW)
    for name, order, generators in _groups([n for n, value in zip(folds, along_z) if value >= enough]):
        if least(generators) >= enough and least(_some(name)) >= enough:
            return Imposed("I" if name[0] == "I" else name.rstrip("y"), order)
    return NOTHING


def _about_z(fold: int) -> np.ndarray:
    """The turn about z by a full one over ``fold``, float64 [1, 3, 3]."""
    return turns(np.array([0.0, 0.0, 1.0]), [2 * np.pi / fold])


def _groups(folds: Sequence[int]) -> List[Tuple[str, int, np.ndarray]]:
    """Groups with some folds about z, the largest first: name, order and generators."""
    found = [(name, len(_rotations(name)), _rotations(name)[1:3]) for settings in _SOLIDS.values() for name in settings]
    for n in folds:
        found.append((f"C{n}", n, _about_z(n)))
        found += [(f"D{n}{axis}", 2 * n, np.concatenate([_about_z(n), np.diag(turn)[None]]))
                  for axis, turn in (("", (1.0, -1.0, -1.0)), ("y", (-1.0, 1.0, -1.0)))]
    return sorted(found, key=lambda group: -group[1])


@lru_cache(maxsize=None)
def _rotations(name: str) -> np.ndarray:
    rotations = point_group(name.rstrip("y")).operators[:, :, :3]
    quarter = _about_z(4)[0]
    return quarter @ rotations @ quarter.T if name.endswith("y") else rotations


def _some(name: str) -> np.ndarray:
    """Operators of a group without the identity, as many as are looked at."""
    rotations = _rotations(name)[1:]
    return rotations[::max(len(rotations) // _TESTED, 1)]


def copies_around(name: str, axes: np.ndarray) -> np.ndarray:
    """Copies of one measurement in a cone around an axis, where a symmetry was imposed.

    Parameters
    ----------
    name
        Of the symmetry: ``none``, or as of :class:`Imposed`.
    axes
        Directions (x, y, z) of length 1, float64 [n, 3].

    Returns
    -------
    ndarray
        How many of its operators leave the axis as it is, or turn it round: int [n].
    """
    if name == NONE:
        return np.ones(len(axes), dtype=int)
    turned = np.einsum("gij,nj->gni", _rotations(name), axes)
    return np.count_nonzero(np.abs(np.einsum("gni,ni->gn", turned, axes)) > 1 - 1e-6, axis=0)
