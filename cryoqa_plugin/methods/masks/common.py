"""What methods that make masks share: radii of atoms, and where a mask lies in its box."""
from __future__ import annotations

from typing import Dict, Iterator, Sequence, Tuple

import numpy as np
import scipy.ndimage

from ...io.maps import Map

KDA_PER_A3 = 0.81e-3                                         # density of protein, as RELION and cryoSPARC use it
_VDW: Dict[str, float] = {"H": 1.20, "C": 1.70, "N": 1.55, "O": 1.52, "F": 1.47, "P": 1.80, "S": 1.80, "Cl": 1.75, "Na": 2.27,
                          "Mg": 1.73, "K": 2.75, "Ca": 2.31, "Mn": 2.05, "Fe": 2.04, "Co": 2.00, "Ni": 1.63, "Cu": 1.40, "Zn": 1.39,
                          "Se": 1.90, "Br": 1.85, "I": 1.98}


def van_der_waals(elements: Sequence[str]) -> np.ndarray:
    """Van der Waals radii of atoms.

    Parameters
    ----------
    elements
        Symbols of the elements.

    Returns
    -------
    ndarray
        In Å, float64 [n]; 1.7 for what is not in the table.

    References
    ----------
    Bondi (1964), https://doi.org/10.1021/j100785a001.
    """
    return np.array([_VDW.get(e, 1.7) for e in elements])


def margin(binary: np.ndarray, voxel_size: Sequence[float]) -> float:
    """Smallest distance from a mask to the edge of the box.

    Parameters
    ----------
    binary
        The mask, bool [z, y, x], not empty.
    voxel_size
        Edges of a voxel (x, y, z) in Å.

    Returns
    -------
    float
        In Å.
    """
    out = []
    for axis, size in enumerate(list(voxel_size)[::-1]):
        there = np.flatnonzero(binary.any(axis=tuple(a for a in range(3) if a != axis)))
        out.append(min(there[0], binary.shape[axis] - 1 - there[-1]) * size)
    return float(min(out))


def centre(mask: np.ndarray, voxel_size: Sequence[float]) -> Tuple[float, float, float]:
    """Centre of mass of a mask relative to the box centre.

    Parameters
    ----------
    mask
        Mask [z, y, x], not empty.
    voxel_size
        Edges of a voxel (x, y, z) in Å.

    Returns
    -------
    tuple of float
        (x, y, z) in Å; the middle is voxel ``n // 2``.
    """
    x, y, z = (c - n // 2 * v for c, n, v in zip(centre_of_mass(mask, voxel_size), mask.shape[::-1], voxel_size))
    return x, y, z


def centre_of_mass(mask: np.ndarray, voxel_size: Sequence[float]) -> Tuple[float, float, float]:
    """Centre of mass of a mask relative to its first voxel.

    Parameters
    ----------
    mask
        Mask [z, y, x], not empty.
    voxel_size
        Edges of a voxel (x, y, z) in Å.

    Returns
    -------
    tuple of float
        (x, y, z) in Å.
    """
    profiles = [mask.sum(axis=tuple(a for a in range(3) if a != axis), dtype=np.float64) for axis in (2, 1, 0)]
    x, y, z = (float(p @ np.arange(p.size) / p.sum() * v) for p, v in zip(profiles, voxel_size))
    return x, y, z


def parts(labels: np.ndarray, sizes: np.ndarray, grid: Map,
          most: int = 20) -> Iterator[Tuple[Tuple[slice, ...], Tuple[float, float, float]]]:
    """Where the connected parts of a mask lie.

    Parameters
    ----------
    labels, sizes
        Of :func:`cryoqa_plugin.core.masks.components`, largest first.
    grid
        Any map of the grid.
    most
        How many parts.

    Yields
    ------
    tuple
        For each part the slices (z, y, x) that hold it, and its centre of mass (x, y, z) in Å, in the coordinates of the map.
    """
    for i, place in enumerate(scipy.ndimage.find_objects(labels, most)[:len(sizes)]):
        corner = [s.start * v for s, v in zip(place[::-1], grid.voxel_size)]
        middle = centre_of_mass(labels[place] == i + 1, grid.voxel_size)
        x, y, z = (o + c + m for o, c, m in zip(grid.origin, corner, middle))
        yield place, (x, y, z)
