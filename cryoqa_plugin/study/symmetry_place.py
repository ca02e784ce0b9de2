"""Where the axes of a symmetry lie in the box of a map."""
from __future__ import annotations

from typing import List, NamedTuple, Tuple

import numpy as np

from ..io.maps import Map
from ..io.symmetry import Symmetry
from .fitting_origin import other_origins

Triple = Tuple[float, ...]


class PlacedSymmetry(NamedTuple):
    """Operators in a box: ``x' = R x + t`` with x, y, z in Å from the centre of the first voxel, float64 [n, 3, 4], the identity first.

    ``name`` says which point of the box the operators are taken about, or which origin it is given; empty for the one that is meant.
    """

    operators: np.ndarray
    name: str


def placed(symmetry: Symmetry, grid: Map) -> List[PlacedSymmetry]:
    """Operators of a symmetry in the box of a map, in the places that may be meant.

    Parameters
    ----------
    symmetry
        The operators.
    grid
        The map.

    Returns
    -------
    list of PlacedSymmetry
        First where it should be: a point group about the centre of the box, which is voxel ``n // 2`` of each axis; operators of a file
        with the origin that the map has. Then, as programs differ, a point group about the middle between the outermost voxels and about
        the origin of coordinates, and operators of a file with the other origins of
        :func:`cryoqa_plugin.study.fitting_origin.other_origins`.
    """
    shape, voxel = np.array(grid.shape[::-1]), np.asarray(grid.voxel_size, dtype=np.float64)
    if symmetry.centred:
        places = [(shape // 2 * voxel, ""), ((shape - 1) / 2 * voxel, "the middle between the outermost voxels"),
                  (0.0 - np.asarray(grid.origin, dtype=np.float64), "the origin of coordinates")]
        kept = [(c, name) for i, (c, name) in enumerate(places)
                if np.all((c >= 0) & (c <= (shape - 1) * voxel)) and all(np.abs(c - d).max() > 0.1 * voxel.min() for d, _ in places[:i])]
        return [PlacedSymmetry(_with_origin(symmetry.operators, 0.0 - c), name) for c, name in kept]
    origins = [(tuple(grid.origin), ""), *other_origins(grid).items()]
    return [PlacedSymmetry(_with_origin(symmetry.operators, np.asarray(o, dtype=np.float64)), name) for o, name in origins]


def _with_origin(operators: np.ndarray, origin: np.ndarray) -> np.ndarray:
    """Operators on positions counted from the first voxel, which lies at ``origin``."""
    rotations = operators[:, :, :3]
    shift = rotations @ origin + operators[:, :, 3] - origin
    return np.concatenate([rotations, shift[:, :, None]], axis=2)
