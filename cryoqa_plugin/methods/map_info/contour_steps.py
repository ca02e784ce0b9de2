"""Steps of :mod:`.contour`: the level, the box around the molecule, its components, mass by threshold, the background."""
from __future__ import annotations

from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np
from scipy import special

from ...core import masks
from ...study.mask import contour, drop_small

A3_PER_DA = 1.207                                            # volume of protein as the service takes it
DA_PER_RESIDUE = 110.0
N_THRESHOLDS = 24
MOST_LISTED = 100
SPECK = 0.01                                                 # components smaller than this part of the largest are specks
_OUTSIDE_SHARE = 0.02                                        # of the voxels above the suggested level, outside of the molecule
_FILLING = 0.5                                               # of the low-passed molecule that the level may enclose
_BINS = 4000
_SAMPLE = 2_000_000
N_SHELLS = 56                                                # of distance from the middle of the box, for the noise: 32 to the faces


def suggest(data: np.ndarray, voxel_size: Sequence[float], lowpass: float) -> float:
    """A contour level for a map as it is, float32 [z, y, x].

    The molecule is where the map low-passed at ``lowpass`` (Å) exceeds its own contour
    (:func:`cryoqa_plugin.study.mask.contour`), without parts
    smaller than 5 % of the largest. The level is the lowest at which at most 2 % of the voxels above it lie outside of this
    molecule, and at which they fill at most half of it: the first bounds the noise, the second a map without noise. Where it breaks the map
    into pieces, none of them half of it, a lower level that joins them is taken if there is one above three times the noise.
    """
    fine = 3 * float(np.prod(voxel_size)) ** (1 / 3)
    filtered = masks.lowpass(data, voxel_size, max(lowpass, fine))
    inside = drop_small(filtered >= np.float32(contour(filtered)), 0.05)
    del filtered
    low, high = float(np.median(data.ravel()[::max(1, data.size // _SAMPLE)])), float(data.max())
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
    return _joined(data, float(edges[first]), low + 3 * _median_sd(_sampled(data[~inside], low))[1])


def _sampled(values: np.ndarray, otherwise: float) -> np.ndarray:
    """Some of the ``values`` that are not 0, spread evenly."""
    some = values[::max(1, values.size // _SAMPLE)]
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
    """Mask, bool [z, y, x], grown ``steps`` times by the 18 neighbours that share a face or an edge with a voxel."""
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
    """Empty space on both sides of a mask, bool [z, y, x] and not empty, along x, y, z.

    With ``first`` and ``last`` the outermost voxels of the mask of ``n``: left ``first a``, right ``(n - last) a`` as the service counts
    it, so that in an even box a mask about voxel n / 2 has the same space on both sides; decentring
    ``100 |first + last - 2 (n // 2)| / n``. The percentages are of the empty voxels, ``first`` and ``n - 1 - last``.
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
    """Centre of mass of a map with its negative values, (x, y, z) in voxels, as the service computes it; None when the sum is 0
    but for rounding (a millionth of its parts by planes)."""
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
    """What the sizes of connected components (voxels, largest first) come to."""
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
    """Mass in kDa and number of residues of protein that fill ``voxels`` of ``voxel_volume`` (Å³): 1.207 Å³ a Da, 110 Da a residue."""
    volume = voxels * voxel_volume
    return volume / (1000 * A3_PER_DA), volume / (DA_PER_RESIDUE * A3_PER_DA)


def mass_rows(data: np.ndarray, voxel_volume: float) -> List[Tuple[float, int, float, float]]:
    """(threshold, voxels above it, kDa, residues) at k / 25 of the maximum, k from 1 to 24; nothing for a map without positive values."""
    top = float(data.max())
    if top <= 0:
        return []
    thresholds = top * np.arange(1, N_THRESHOLDS + 1) / (N_THRESHOLDS + 1)
    values = np.sort(data[data > np.float32(thresholds[0])])
    counts = values.size - np.searchsorted(values, thresholds.astype(np.float32), side="right")
    return [(float(t), int(n), *mass(int(n), voxel_volume)) for t, n in zip(thresholds, counts)]


class Background(NamedTuple):
    """Statistics of the voxels outside of a mask; None where they cannot be had."""

    voxels: int
    mean: Optional[float] = None
    sd: Optional[float] = None
    t: Optional[float] = None
    p: Optional[float] = None
    outliers: Optional[int] = None
    outlier_ratio: Optional[float] = None
    zero_percent: Optional[float] = None


def expected(sigmas: float) -> float:
    """Part of a Gaussian beyond ``sigmas`` standard deviations, both sides."""
    return float(2 * special.ndtr(-sigmas))


def background(values: np.ndarray, sigmas: float) -> Background:
    """Statistics of the background, float32 [n], as the service has them.

    Student's t of the mean against 0, two-sided; the part of ``abs(v) > sigmas sd``, not centred, over that of a Gaussian.
    """
    n = values.size
    if n < 2:
        return Background(n)
    mean = float(values.mean(dtype=np.float64))
    sd = float(values.std(dtype=np.float64))
    zeros = 100.0 * (n - np.count_nonzero(values)) / n
    if sd == 0:
        return Background(n, mean, sd, zero_percent=zeros)
    t = t_value(mean, sd, n)
    outliers = int(np.count_nonzero(np.abs(values) > np.float32(sigmas * sd)))
    return Background(n, mean, sd, t, probability(t, n), outliers, outlier_share(outliers, n, sigmas), zeros)


def t_value(mean: float, sd: float, n: int) -> float:
    """Student's t of a mean against 0; ``sd`` is that of the values themselves (divided by n)."""
    return mean / (sd * np.sqrt(n / (n - 1.0)) / np.sqrt(n))


def probability(t: float, n: int) -> float:
    """Two-sided probability of Student's ``t`` of ``n`` values."""
    return float(2 * special.stdtr(n - 1, -abs(t)))


def outlier_share(outliers: int, n: int, sigmas: float = 5.0) -> float:
    """Part of ``n`` values that are outliers over the part expected of a Gaussian beyond ``sigmas``."""
    return outliers / n / expected(sigmas)


class Robust(NamedTuple):
    """Noise about its median by distance from the middle of the box: numbers of voxels, outliers, their ratio, middle and sd."""

    voxels: int = 0
    outliers: Optional[int] = None
    ratio: Optional[float] = None
    middle: Optional[float] = None
    sd: Optional[float] = None


def robust(data: np.ndarray, inside: np.ndarray, sigmas: float) -> Robust:
    """Outliers of the background, held against the noise at the same distance from the middle of the box.

    ``data`` is float32 [z, y, x] and ``inside`` bool, true where there is no background. In each of 56 shells the noise is 1.4826 times
    the median absolute deviation about the median, of the voxels that are not exactly 0. An outlier is farther than ``sigmas`` times
    that from the median.
    """
    shells = _Shells(data.shape)
    middle, sd, all_middle, all_sd = _noise(data, inside, shells)
    if not all_sd:
        return Robust(middle=all_middle)
    voxels = beyond = 0
    reach = (sigmas * sd).astype(np.float32)
    for z, plane in enumerate(data):
        live = ~inside[z] & (plane != 0)
        at = shells.plane(z)[live]
        live_sd = reach[at] > 0
        voxels += int(np.count_nonzero(live_sd))
        beyond += int(np.count_nonzero(live_sd & (np.abs(plane[live] - middle[at]) > reach[at])))
    return Robust(voxels, beyond, outlier_share(beyond, voxels, sigmas) if voxels else None, all_middle, all_sd)


class _Shells:
    """Number of the shell about the middle of the box, plane by plane: 32 to the farthest face, and on into the corners."""

    def __init__(self, shape: Tuple[int, ...]) -> None:
        z, y, x = ((np.arange(n) - n // 2) ** 2 for n in shape)
        self._z, self._yx = z, (y[:, None] + x[None, :]).astype(np.float32)
        self._scale = np.float32(64 / max(shape))

    def plane(self, z: int) -> np.ndarray:
        """Shells of plane ``z``, int [y, x]."""
        return np.minimum(np.sqrt(self._yx + np.float32(self._z[z])) * self._scale, N_SHELLS - 1).astype(np.intp)


def _noise(data: np.ndarray, inside: np.ndarray, shells: _Shells) -> Tuple[np.ndarray, np.ndarray, Optional[float], Optional[float]]:
    """Median and robust sd in each shell, and of all; a shell of few voxels takes those of all."""
    every = max(1, data.size // _SAMPLE)
    picked, where = [], []
    for z, plane in enumerate(data):
        live = (~inside[z] & (plane != 0)).ravel()
        live[:] &= (np.arange(live.size) + z) % every == 0
        picked.append(plane.ravel()[live])
        where.append(shells.plane(z).ravel()[live])
    values, at = np.concatenate(picked), np.concatenate(where)
    if values.size < 2:
        return np.zeros(N_SHELLS, np.float32), np.zeros(N_SHELLS, np.float32), None, None
    all_middle, all_sd = _median_sd(values)
    middle, sd = np.full(N_SHELLS, all_middle, np.float32), np.full(N_SHELLS, all_sd, np.float32)
    order = np.argsort(at, kind="stable")
    edges = np.searchsorted(at[order], np.arange(N_SHELLS + 1))
    for i, (a, b) in enumerate(zip(edges[:-1], edges[1:])):
        if b - a >= 100:
            middle[i], sd[i] = _median_sd(values[order[a:b]])
    return middle, sd, all_middle, all_sd


def _median_sd(values: np.ndarray) -> Tuple[float, float]:
    middle = float(np.median(values))
    return middle, 1.4826 * float(np.median(np.abs(values - np.float32(middle))))


def histograms(values: np.ndarray, found: Robust, bins: int = 120) -> Dict[str, Tuple[np.ndarray, np.ndarray]]:
    """Histogram of the background and what a Gaussian of its robust sd would give: x the middles of the bins, y voxels.

    Reaches to eight robust sd on both sides at most; empty when the background has no spread. The Gaussian ends below one voxel.
    """
    if not found.sd:
        return {}
    reach = 8 * found.sd
    low, high = max(float(values.min()), found.middle - reach), min(float(values.max()), found.middle + reach)
    live = values[values != 0]
    counts, edges = np.histogram(live, bins=bins, range=(low, high))
    share = np.diff(special.ndtr((edges - found.middle) / found.sd)) * live.size
    x = 0.5 * (edges[1:] + edges[:-1])
    shown = share >= 1
    return dict(background=(x, counts.astype(np.float64)), gaussian=(x[shown], share[shown]))
