"""Steps of :mod:`.contour`: the level, the box around the molecule, its components, mass by threshold."""
from __future__ import annotations

from typing import Any, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from ...core import masks
from ...study.mask import contour, drop_small
from .contour_background import SAMPLE, median_and_sd

A3_PER_DA = 1.207                                            # volume of protein as the service takes it
DA_PER_RESIDUE = 110.0
N_THRESHOLDS = 24
MOST_LISTED = 100
SPECK = 0.01                                                 # components smaller than this part of the largest are specks
_OUTSIDE_SHARE = 0.02                                        # of the voxels above the suggested level, outside of the molecule
_FILLING = 0.5                                               # of the low-passed molecule that the level may enclose
_BINS = 4000                                                 # between the median of the map and its maximum: steps of 1/4000 of them


def suggest(data: np.ndarray, voxel_size: Sequence[float], lowpass: float) -> float:
    """A contour level for a map as it is.

    The molecule is where the map low-passed at ``lowpass`` exceeds its own contour (:func:`cryoqa_plugin.study.mask.contour`), without
    parts smaller than 5 % of the largest. The level is the lowest at which at most 2 % of the voxels above it lie outside of this
    molecule, and at which they fill at most half of it: the first bounds the noise, the second a map without noise. Where it breaks the
    map into pieces, none of them half of it, a lower level that joins them is taken if there is one above three times the noise.

    Parameters
    ----------
    data
        Map, float32 [z, y, x].
    voxel_size
        Edges of a voxel (x, y, z) in Å.
    lowpass
        Resolution (Å) of the low-pass, three voxels at least.

    Returns
    -------
    float
        The level, in the unit of the map.
    """
    # Nearer to Nyquist a low-pass takes nothing away.
    fine = 3 * float(np.prod(voxel_size)) ** (1 / 3)
    filtered = masks.lowpass(data, voxel_size, max(lowpass, fine))
    inside = drop_small(filtered >= np.float32(contour(filtered)), 0.05)
    del filtered
    # The median is the level of the solvent: most of a box is empty.
    low, high = float(np.median(data.ravel()[::max(1, data.size // SAMPLE)])), float(data.max())
    if not inside.any() or high <= low:
        return 0.5 * (low + high)
    edges = np.linspace(low, high, _BINS + 1)
    there, elsewhere = (_above(data[flags], edges) for flags in (inside, ~inside))
    good = (elsewhere <= _OUTSIDE_SHARE * (there + elsewhere)) & (there <= _FILLING * np.count_nonzero(inside)) & (there > 0)
    bad = np.flatnonzero(~good & (there > 0))
    first = int(bad[-1]) + 1 if bad.size else 0
    if first >= _BINS or there[first] == 0 or there[first] < 0.02 * np.count_nonzero(inside):
        enough = np.flatnonzero(there >= 0.1 * np.count_nonzero(inside))     # noise at the top too: a tenth of the molecule
        first = int(enough[-1]) if enough.size else 0
    return _joined(data, float(edges[first]), low + 3 * median_and_sd(_sampled(data[~inside], low))[1])


def _sampled(values: np.ndarray, otherwise: float) -> np.ndarray:
    """Some of the ``values`` that are not 0, spread evenly."""
    some = values[::max(1, values.size // SAMPLE)]
    some = some[some != 0]
    return some if some.size else np.array([otherwise], np.float32)


def _joined(data: np.ndarray, level: float, floor: float) -> float:
    """The level, or a lower one down to ``floor`` where the largest component holds two thirds when it holds less than half at it."""
    def share(at: float) -> float:
        _, sizes = masks.components(data >= np.float32(at))
        return float(sizes[0] / sizes.sum()) if sizes.size else 0.0

    if floor >= level or share(level) >= 0.5:
        return level
    lower = np.linspace(level, floor, 5)[1:]
    return next((float(at) for at in lower if share(at) >= 2 / 3), level)


def _above(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Number of ``values`` at or above each of the ``edges`` but the last."""
    counts, _ = np.histogram(values, bins=edges.size - 1, range=(edges[0], edges[-1]))
    return np.cumsum(counts[::-1])[::-1]


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


def mass(voxels: float, voxel_volume: float) -> Tuple[float, float]:
    """Protein that fills a volume, at 1.207 Å³ a Da and 110 Da a residue.

    Parameters
    ----------
    voxels
        Number of voxels.
    voxel_volume
        Volume of a voxel in Å³.

    Returns
    -------
    tuple of float
        Mass in kDa, and number of residues.
    """
    volume = voxels * voxel_volume
    return volume / (1000 * A3_PER_DA), volume / (DA_PER_RESIDUE * A3_PER_DA)


def mass_rows(data: np.ndarray, voxel_volume: float) -> List[Tuple[float, int, float, float]]:
    """Mass above 24 thresholds, at k / 25 of the maximum.

    Parameters
    ----------
    data
        Map, float32 [z, y, x].
    voxel_volume
        Volume of a voxel in Å³.

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
    return [(float(t), int(n), *mass(int(n), voxel_volume)) for t, n in zip(thresholds, counts)]
