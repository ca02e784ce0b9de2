"""What methods that make masks share: the contour chosen from the data, radii of atoms, cryoSPARC's kinds of masks."""
from __future__ import annotations

from typing import Dict, Optional, Sequence, Tuple

import numpy as np

from ...core import masks
from ...errors import InputError
from ...io.maps import Map

KDA_PER_A3 = 0.81e-3                                         # density of protein, as RELION and cryoSPARC use it
_CRYOSPARC = {"loose": 15.0, "tight": 6.0}                   # width of the fall-off in Å
_NEAR, _FILTER, _EDGE = 3.0, 12.0, 6.0
_VDW: Dict[str, float] = {"H": 1.20, "C": 1.70, "N": 1.55, "O": 1.52, "F": 1.47, "P": 1.80, "S": 1.80, "Cl": 1.75, "Na": 2.27,
                          "Mg": 1.73, "K": 2.75, "Ca": 2.31, "Mn": 2.05, "Fe": 2.04, "Co": 2.00, "Ni": 1.63, "Cu": 1.40, "Zn": 1.39,
                          "Se": 1.90, "Br": 1.85, "I": 1.98}


def contour(filtered: np.ndarray) -> float:
    """A contour level for a low-passed map, float32 [z, y, x], chosen from its values alone.

    The median ``m`` is the solvent, for most of the box is; ``s = 1.4826 median abs(rho - m)`` is its noise, and ``q`` the
    value that one voxel in a thousand exceeds. The level is ``m + max(0.1 (q - m), 4 s)``, at most half-way from ``m`` to ``q``.
    """
    sample = filtered.ravel()[::max(1, filtered.size // 2_000_000)]
    middle = float(np.median(sample))
    noise = 1.4826 * float(np.median(np.abs(sample - middle)))
    reach = float(np.quantile(sample, 0.999)) - middle
    return middle + min(max(0.1 * reach, 4 * noise), 0.5 * reach)


def van_der_waals(elements: Sequence[str]) -> np.ndarray:
    """Van der Waals radii in Å, float64 [n]; 1.7 for what is not in the table.

    Bondi (1964), https://doi.org/10.1021/j100785a001.
    """
    return np.array([_VDW.get(e, 1.7) for e in elements])


def cryosparc_mask(half1: Map, half2: Map, kind: str) -> np.ndarray:
    """Mask as cryoSPARC describes it for its FSC curves, float32 [z, y, x]; ``kind`` is spherical, loose or tight.

    Spherical: 1 up to 85 % of half the shortest box edge, 0 at the edge. Loose and tight: the mean of the half-maps, low-passed at 12 Å,
    above a contour chosen from the data, 3 Å wider, with a fall-off of 15 Å (loose) or 6 Å (tight). The program itself
    starts from the mask of its refinement, which these files do not hold.
    """
    voxel = half1.voxel_size
    if kind == "spherical":
        reach = min(n * v for n, v in zip(half1.shape, voxel[::-1])) / 2
        return masks.soft_edge(masks.ball(half1.shape, voxel, 0.85 * reach), 0.15 * reach, voxel)
    filtered = masks.lowpass((half1.data + half2.data) / 2, voxel, max(_FILTER, 3 * half1.voxel))
    binary = drop_small(filtered >= contour(filtered), 0.05)
    return masks.soft_edge(masks.extend(binary, _NEAR, voxel), _CRYOSPARC[kind], voxel)


def molecule(map_: Map, around: float = _NEAR) -> np.ndarray:
    """Soft mask of the molecule, float32 [z, y, x], from the map alone: the contour of the map at 12 Å (or four voxels), wider by
    ``around`` (Å), with an edge of 6 Å."""
    low = masks.lowpass(map_.data, map_.voxel_size, max(_FILTER, 4 * map_.voxel))
    return masks.soft_edge(masks.extend(low >= contour(low), around, map_.voxel_size), _EDGE, map_.voxel_size)


def inside_of(mask: np.ndarray, path: Optional[str]) -> np.ndarray:
    """Where a mask is at least 0.5, bool [z, y, x]; raises :class:`InputError`, which names ``path``, when that is nowhere."""
    inside = mask >= 0.5
    if not inside.any():
        file = f" ({path})" if path else ""
        raise InputError(f"No voxel of the mask reaches 0.5, its largest value is {float(mask.max()):.3g}{file}; give another mask.")
    return inside


def drop_small(binary: np.ndarray, part: float) -> np.ndarray:
    """Mask, bool [z, y, x], without the components smaller than ``part`` of the largest."""
    if part <= 0 or not binary.any():
        return binary
    labels, sizes = masks.components(binary)
    keep = int(np.count_nonzero(sizes >= part * sizes[0]))
    return (labels > 0) & (labels <= keep)


def margin(binary: np.ndarray, voxel_size: Sequence[float]) -> float:
    """Smallest distance in Å from the mask, bool [z, y, x] and not empty, to the edge of the box."""
    out = []
    for axis, size in enumerate(list(voxel_size)[::-1]):
        there = np.flatnonzero(binary.any(axis=tuple(a for a in range(3) if a != axis)))
        out.append(min(there[0], binary.shape[axis] - 1 - there[-1]) * size)
    return float(min(out))


def centre(mask: np.ndarray, voxel_size: Sequence[float]) -> Tuple[float, float, float]:
    """Centre of mass of a mask relative to the middle of the box, (x, y, z) in Å."""
    x, y, z = (c - n // 2 * v for c, n, v in zip(centre_of_mass(mask, voxel_size), mask.shape[::-1], voxel_size))
    return x, y, z


def centre_of_mass(mask: np.ndarray, voxel_size: Sequence[float]) -> Tuple[float, float, float]:
    """Centre of mass of a mask relative to its first voxel, (x, y, z) in Å."""
    profiles = [mask.sum(axis=tuple(a for a in range(3) if a != axis), dtype=np.float64) for axis in (2, 1, 0)]
    x, y, z = (float(p @ np.arange(p.size) / p.sum() * v) for p, v in zip(profiles, voxel_size))
    return x, y, z
