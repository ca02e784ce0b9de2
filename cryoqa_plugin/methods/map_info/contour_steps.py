"""Steps of :mod:`.contour`: the box around the molecule, its components, mass by threshold."""
from __future__ import annotations

from typing import Any, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from ...study.masses import PROTEIN, Mass

N_THRESHOLDS = 24
MOST_LISTED = 100
PIECE = 0.2                                                  # components of this part of the largest are copies or parts of the molecule
SPECK = 0.01                                                 # components smaller than this part of the largest are specks


def dilate(binary: np.ndarray, steps: int) -> np.ndarray:
    """Mask grown by the 18 neighbours that share a face or an edge with a voxel.

    Parameters
    ----------
    binary
        bool [z, y, x].
    steps
        How many times it is grown.

    Returns
    -------
    ndarray
        bool [z, y, x].
    """
    for _ in range(steps):
        along_x, along_y = _grow(binary, 2), _grow(binary, 1)
        binary = _grow(along_x, 1)
        binary |= _grow(along_x, 0)
        binary |= _grow(along_y, 0)
    return binary


def _grow(binary: np.ndarray, axis: int) -> np.ndarray:
    out = binary.copy()
    ahead, behind = [slice(None)] * 3, [slice(None)] * 3
    ahead[axis], behind[axis] = slice(1, None), slice(None, -1)
    out[tuple(ahead)] |= binary[tuple(behind)]
    out[tuple(behind)] |= binary[tuple(ahead)]
    return out


class Spaces(NamedTuple):
    """The box around a mask: rows (axis, left Å, right Å, left %, right %, decentring %), and what the worst axis has."""

    rows: Tuple[Tuple[Any, ...], ...]
    decentring: float
    space_min: float
    space_min_percent: float


def spaces(binary: np.ndarray, voxel_size: Sequence[float]) -> Spaces:
    """Empty space on both sides of a mask along x, y, z.

    With ``first`` and ``last`` the outermost voxels of the mask of ``n``: left ``first a``, right ``(n - last) a`` as the service counts
    it, so that in an even box a mask about voxel n / 2 has the same space on both sides; decentring ``100 |first + last - 2 (n // 2)| /
    n``. The percentages are of the empty voxels, ``first`` and ``n - 1 - last``.

    Parameters
    ----------
    binary
        The mask, bool [z, y, x], not empty.
    voxel_size
        Edges of a voxel ``a`` (x, y, z) in Å.

    Returns
    -------
    Spaces
        Of each axis, and of the worst.
    """
    rows, percents = [], []
    for axis, name, size in zip((2, 1, 0), "xyz", voxel_size):
        there = np.flatnonzero(binary.any(axis=tuple(a for a in range(3) if a != axis)))
        n, first, last = binary.shape[axis], int(there[0]), int(there[-1])
        left, right = 100 * first / n, 100 * (n - 1 - last) / n
        percents += [left, right]
        rows.append((name, first * size, (n - last) * size, left, right, 100 * abs(first + last - 2 * (n // 2)) / n))
    return Spaces(tuple(rows), max(r[5] for r in rows), min(min(r[1:3]) for r in rows), min(percents))


def margin(rows: Sequence[Tuple[Any, ...]], shape: Sequence[int], voxel_size: Sequence[float],
           through: str) -> Optional[Tuple[float, str]]:
    """Smallest empty space between a mask and a face of the box.

    Parameters
    ----------
    rows
        Those of :func:`spaces`.
    shape
        Of the map (z, y, x).
    voxel_size
        Edges of a voxel (x, y, z) in Å.
    through
        Axes that do not count, because the molecule runs through their faces.

    Returns
    -------
    tuple or None
        The empty voxels times their edge in Å, and where: ``x, left`` for the face where x is smallest. None where no axis counts.
    """
    found = [(row[3 + side] / 100 * n * size, f"{row[0]}, {('left', 'right')[side]}")
             for row, n, size in zip(rows, shape[::-1], voxel_size) if row[0] not in through for side in (0, 1)]
    return min(found, key=lambda f: round(f[0], 6)) if found else None


def centre_raw(data: np.ndarray) -> Optional[Tuple[float, float, float]]:
    """Centre of mass of a map with its negative values, as the service computes it.

    Parameters
    ----------
    data
        Map, float32 [z, y, x].

    Returns
    -------
    tuple of float or None
        (x, y, z) in voxels; None when the sum is 0 but for rounding (a millionth of its parts by planes).
    """
    profiles = [np.stack([plane.sum(axis=1 - i, dtype=np.float64) for plane in data]).sum(axis=0) for i in (1, 0)]
    profiles.append(data.sum(axis=(1, 2), dtype=np.float64))
    total = float(profiles[2].sum())
    if abs(total) <= 1e-6 * float(np.abs(profiles[2]).sum()):
        return None
    x, y, z = (float(p @ np.arange(p.size)) / total for p in profiles)
    return x, y, z


class Components(NamedTuple):
    """Connected components: rows (voxels, Å³, %, cumulated %), the number to 95 %, and what remains beyond them."""

    rows: Tuple[Tuple[Any, ...], ...]
    to_95: int
    remaining: int
    mean_voxels: Optional[float]
    speck_percent: float


def describe(sizes: np.ndarray, voxel_volume: float) -> Components:
    """What the sizes of connected components come to.

    Parameters
    ----------
    sizes
        Voxels of each, largest first, int [n].
    voxel_volume
        Volume of a voxel in Å³.

    Returns
    -------
    Components
        At most 100 rows.
    """
    sizes = np.asarray(sizes, dtype=np.int64)
    total = int(sizes.sum())
    cumulated = np.cumsum(sizes)
    to_95 = int(np.searchsorted(cumulated, 0.95 * total)) + 1
    rows = tuple((int(s), float(s * voxel_volume), 100.0 * s / total, 100.0 * c / total)
                 for s, c in zip(sizes[:min(to_95, MOST_LISTED)].tolist(), cumulated.tolist()))
    left = len(sizes) - to_95
    mean = float(sizes[to_95:].mean()) if left else None
    return Components(rows, to_95, left, mean, 100.0 * float(sizes[sizes < SPECK * sizes[0]].sum()) / total)


def mass(voxels: float, voxel_volume: float, of: Mass = PROTEIN) -> Tuple[float, float]:
    """What fills a volume: protein at 1.207 Å³ a Da and 110 Da a residue, nucleic acid at 0.91 Å³ and 325 Da.

    Parameters
    ----------
    voxels
        Number of voxels.
    voxel_volume
        Volume of a voxel in Å³.
    of
        What the molecule is made of; protein when left out.

    Returns
    -------
    tuple of float
        Mass in kDa, and number of residues.
    """
    volume = voxels * voxel_volume
    return volume / (1000 * of.per_da), volume / (of.per_residue * of.per_da)


def mass_rows(data: np.ndarray, voxel_volume: float, of: Mass = PROTEIN) -> List[Tuple[float, int, float, float]]:
    """Mass above 24 thresholds, at k / 25 of the maximum.

    Parameters
    ----------
    data
        Map, float32 [z, y, x].
    voxel_volume
        Volume of a voxel in Å³.
    of
        What the molecule is made of; protein when left out.

    Returns
    -------
    list of tuples
        (threshold, voxels above it, kDa, residues); empty for a map without positive values.
    """
    top = float(data.max())
    if top <= 0:
        return []
    thresholds = top * np.arange(1, N_THRESHOLDS + 1) / (N_THRESHOLDS + 1)
    values = np.sort(data[data > np.float32(thresholds[0])])
    counts = values.size - np.searchsorted(values, thresholds.astype(np.float32), side="right")
    return [(float(t), int(n), *mass(int(n), voxel_volume, of)) for t, n in zip(thresholds, counts)]
