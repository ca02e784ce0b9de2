"""The FSC of tapered boxes cut out of two maps around many points, and where each of those curves falls."""
from __future__ import annotations

from typing import List, NamedTuple, Sequence, Tuple

import numpy as np
import scipy.fft

from .jit import njit
from .threads import over_slabs

_DEEP = 64                            # voxels along z in which boxes share their transforms along x


class Plan(NamedTuple):
    """How boxes of ``box`` voxels are tapered, padded to ``padded`` voxels and summed over shells.

    ``window`` float32 [box], along each axis. ``columns`` int64 [n, 2] are the Fourier indices y and x, none negative, that hold a
    coefficient of a shell, the nearest to the axis first; at index z, the first ``reach[z]`` (int64) of them do. Of the power at z and a
    column, which is that of all the mirrors of both along z and y, the parts ``near`` and ``far`` float32 [z, n] belong to the shell
    ``lower`` int64 [z, n] and to the next one. The shell ``i`` has the frequency ``i / length`` (1/Å); there are ``n_shells``.
    """

    box: int
    padded: int
    window: np.ndarray
    columns: np.ndarray
    reach: np.ndarray
    lower: np.ndarray
    near: np.ndarray
    far: np.ndarray
    n_shells: int
    length: float


def taper(box: int, kind: str) -> np.ndarray:
    """Window along an edge of a box.

    Parameters
    ----------
    box
        Voxels of the edge.
    kind
        ``hann``: ``(1 - cos(2 pi i / (box - 1))) / 2``; ``edge``: that over a quarter at each end; ``none``: 1.

    Returns
    -------
    ndarray
        float32 [box].
    """
    if kind == "none":
        return np.ones(box, dtype=np.float32)
    reach = (box - 1) / (2 if kind == "hann" else 4)
    from_end = np.minimum(np.arange(box), np.arange(box)[::-1])
    return (0.5 - 0.5 * np.cos(np.pi * np.minimum(from_end / reach, 1))).astype(np.float32)


def plan(box: int, pad: int, kind: str, voxel_size: Sequence[float], highest: float, mates: bool = True) -> Plan:
    """How boxes are tapered, padded and summed over shells.

    Parameters
    ----------
    box
        Voxels of the edge of a box.
    pad
        Zeros are appended up to ``box * (pad + 1)`` voxels.
    kind
        Of the window; see :func:`taper`.
    voxel_size
        Edges of a voxel (x, y, z) in Å.
    highest
        Resolution (Å) of the last shell.
    mates
        Each of a Friedel pair counts by half where both are stored. Else each such coefficient counts whole in the plane kx = 0, and the
        plane of Nyquist along x is left out (Bsoft's rule).

    Returns
    -------
    Plan
        For :func:`box_curves`.
    """
    padded = box * (pad + 1)
    length = padded * max(voxel_size)
    steps = [length / (padded * v) for v in voxel_size]
    n_shells = min(int(np.ceil(length / highest - 1e-6)), padded // 2) + 1 if mates else int(2 + length / highest + 1e-6)
    k = np.arange(padded // 2 + 1)
    plane = np.sqrt((k[:, None] * steps[1]) ** 2 + (k[None, :] * steps[0]) ** 2)
    y, x = (c.ravel() for c in np.meshgrid(k, k, indexing="ij"))
    order = np.argsort(plane.ravel(), kind="stable")
    order = order[plane.ravel()[order] < n_shells]
    radius = np.sqrt((k[:, None] * steps[2]) ** 2 + plane.ravel()[order][None, :] ** 2)
    lower = radius.astype(np.int64)
    # Indices 0 and, of an even axis, Nyquist are their own mirrors, and count once.
    alone = (k == 0) | (2 * k == padded)
    weight = np.where(alone, 1.0, 2.0)[:, None] * np.where(alone, 0.5, 1.0)[y[order]][None, :]
    if mates:
        weight *= np.where(alone, 0.5, 1.0)[x[order]][None, :]
    else:
        weight *= np.where(2 * x[order] == padded, 0.0, 1.0)[None, :]
    weight[lower >= n_shells] = 0
    weight[0, (y[order] == 0) & (x[order] == 0)] = 0
    reach = (lower < n_shells).sum(axis=1)
    # A coefficient between two shells is shared by both, so that curves of small boxes do not jump.
    share = radius - lower
    return Plan(box, padded, taper(box, kind), np.stack([y[order], x[order]], axis=1), reach, np.where(weight > 0, lower, 0),
                ((1 - share) * weight).astype(np.float32), (share * weight).astype(np.float32), n_shells, length)


@njit
def _planes_kernel(lines, columns, out):
    """Real and imaginary parts of the coefficients in ``columns`` and of their mirrors along y: ``out`` float32 [nz, 4, n]."""
    size = lines.shape[1]
    for z in range(lines.shape[0]):
        for c in range(columns.shape[0]):
            y, x = columns[c, 0], columns[c, 1]
            one, other = lines[z, y, x], lines[z, (size - y) % size, x]
            out[z, 0, c], out[z, 1, c] = one.real, one.imag
            out[z, 2, c], out[z, 3, c] = other.real, other.imag


@njit
def _curves_kernel(planes, starts, window, waves, reach, lower, near, far, rows, out):
    """FSC of the boxes that begin at ``starts`` along z, into their ``rows`` of ``out``.

    ``planes`` float32 [2, nz, 4, n] are the coefficients along y and x of both maps. A box is folded along z, its sides added and
    subtracted, and transformed by the cosines and sines of ``waves`` [2, z, half]: the power of an index and its mirror is the sum of both.
    """
    half, n, n_shells = waves.shape[2], planes.shape[3], out.shape[1]
    folded, line = np.empty((2, 2, 4, half, n), np.float32), np.empty((2, n), np.float32)
    powers, sums = np.empty((3, n), np.float32), np.empty((3, n_shells + 1))
    for box in range(starts.size):
        up, down = starts[box] + window.size // 2, starts[box] + (window.size - 1) // 2
        for m in range(2):
            for p in range(4):
                for j in range(half):
                    # Half is even, whatever the box: what is too much has the weight 0.
                    i = min(j, window.size - 1 - window.size // 2)
                    weight = np.float32(0) if i < j else window[window.size // 2 + i] * np.float32(0.5 if up == down and j == 0 else 1)
                    for c in range(n):
                        one, other = planes[m, up + i, p, c], planes[m, down - i, p, c]
                        folded[m, 0, p, j, c], folded[m, 1, p, j, c] = weight * (one + other), weight * (one - other)
        for i in range(n_shells + 1):
            sums[0, i], sums[1, i], sums[2, i] = 0.0, 0.0, 0.0
        for k in range(reach.size):
            for c in range(reach[k]):
                powers[0, c], powers[1, c], powers[2, c] = np.float32(0), np.float32(0), np.float32(0)
            for q in range(2):
                for p in range(4):
                    for m in range(2):
                        for c in range(reach[k]):
                            line[m, c] = np.float32(0)
                        for j in range(0, half, 2):
                            f, g = waves[q, k, j], waves[q, k, j + 1]
                            for c in range(reach[k]):
                                line[m, c] += f * folded[m, q, p, j, c] + g * folded[m, q, p, j + 1, c]
                    for c in range(reach[k]):
                        powers[0, c] += line[0, c] * line[1, c]
                        powers[1, c] += line[0, c] * line[0, c]
                        powers[2, c] += line[1, c] * line[1, c]
            for c in range(reach[k]):
                i, s, t = lower[k, c], near[k, c], far[k, c]
                for row in range(3):
                    sums[row, i] += s * powers[row, c]
                    sums[row, i + 1] += t * powers[row, c]
        # Shell 0 holds the mean alone, which was taken off: 1 by convention.
        out[rows[box], 0] = 1
        for i in range(1, n_shells):
            power = np.sqrt(sums[1, i] * sums[2, i])
            out[rows[box], i] = sums[0, i] / power if power > 0 else 0.0


def _waves(how: Plan) -> np.ndarray:
    """Cosines and sines at the distances from the middle of a box, float32 [2, padded // 2 + 1, half]; half is made even."""
    half = (how.box + 1) // 2
    distance = np.arange(half + half % 2) + (0.0 if how.box % 2 else 0.5)
    angle = 2 * np.pi * np.arange(how.padded // 2 + 1)[:, None] * distance[None, :] / how.padded
    return np.stack([np.cos(angle), np.sin(angle)]).astype(np.float32)


def box_curves(a: np.ndarray, b: np.ndarray, fills: Tuple[float, float], centres: np.ndarray, how: Plan) -> np.ndarray:
    """FSC of boxes cut out of two maps around many points.

    A box is tapered to the mean of its map and appended with it: ``(v - fill) w``, then zeros.

    Parameters
    ----------
    a, b
        Maps, float32 [z, y, x].
    fills
        Mean of each map.
    centres
        int64 [n, 3] (z, y, x). A box starts at ``centre - box // 2`` and must lie in the maps.
    how
        Of :func:`plan`.

    Returns
    -------
    ndarray
        float32 [n, n_shells]; shell 0 is 1.
    """
    out = np.empty((len(centres), how.n_shells), dtype=np.float32)
    starts, waves = np.asarray(centres, dtype=np.int64) - how.box // 2, _waves(how)
    # Boxes of one place along x share the transforms of their rows, those of one place along y and x the transforms of their sections.
    order = np.lexsort((starts[:, 0], starts[:, 1], starts[:, 0] // _DEEP, starts[:, 2]))
    units = _groups(order, np.stack([starts[order, 2], starts[order, 0] // _DEEP], axis=1))

    def work(begin: int, end: int) -> None:
        for unit in units[begin:end]:
            _unit_curves((a, b), fills, starts, unit, how, waves, out)

    over_slabs(work, len(units))
    return out


def _groups(rows: np.ndarray, keys: np.ndarray) -> List[np.ndarray]:
    """``rows`` cut where one of their ``keys`` [n, keys] changes."""
    return np.split(rows, np.flatnonzero(np.any(np.diff(keys, axis=0) != 0, axis=1)) + 1)


def _unit_curves(maps: Sequence[np.ndarray], fills: Sequence[float], starts: np.ndarray, unit: np.ndarray, how: Plan, waves: np.ndarray,
                 out: np.ndarray) -> None:
    """The curves of boxes of one place along x, sorted by place along y and z, into their rows of ``out``."""
    low, high, x = starts[unit].min(axis=0), starts[unit].max(axis=0) + how.box, starts[unit[0], 2]
    part = slice(low[0], high[0]), slice(low[1], high[1]), slice(x, x + how.box)
    rows = [scipy.fft.rfft((m[part] - np.float32(fill)) * how.window, how.padded, axis=2, workers=1) for m, fill in zip(maps, fills)]
    taper_y = how.window[:, None]
    for group in _groups(unit, starts[unit, 1:2]):
        y, z = starts[group[0], 1] - low[1], starts[group, 0] - low[0]
        planes = np.empty((2, z[-1] + how.box - z[0], 4, len(how.columns)), np.float32)
        for lines, there in zip(rows, planes):
            lines = lines[z[0]:z[-1] + how.box, y:y + how.box] * taper_y
            _planes_kernel(scipy.fft.fft(lines, how.padded, axis=1, workers=1), how.columns, there)
        _curves_kernel(planes, z - z[0], how.window, waves, how.reach, how.lower, how.near, how.far, group, out)


def first_falls(curves: np.ndarray, length: float, cut: float) -> Tuple[np.ndarray, np.ndarray]:
    """Where each curve first falls below a threshold, linear between shells.

    Parameters
    ----------
    curves
        float32 [n, shells].
    length
        Shell ``i`` has the frequency ``i / length`` (1/Å).
    cut
        The threshold.

    Returns
    -------
    frequency
        1/Å, float64 [n]; that of the last shell where a curve does not fall.
    falls
        bool [n]: it does fall.
    """
    below = curves < cut
    falls = below.any(axis=1)
    at = np.where(falls, below.argmax(axis=1), curves.shape[1] - 1)
    rows = np.arange(len(curves))
    high, low = curves[rows, at - 1].astype(np.float64), curves[rows, at].astype(np.float64)
    part = np.where(falls, (high - cut) / np.where(falls, high - low, 1), 1)
    return (at - 1 + part) / length, falls


def last_falls(curves: np.ndarray, length: float, cut: float) -> np.ndarray:
    """Where each curve falls below a threshold by Bsoft's rule: the last fall from ``>= cut`` to ``< cut``.

    A fall counts although the curve may return.

    Parameters
    ----------
    curves
        float32 [n, shells].
    length
        Shell ``i`` has the frequency ``i / length`` (1/Å).
    cut
        The threshold.

    Returns
    -------
    ndarray
        1/Å, float64 [n]; the last shell without any fall.
    """
    falls = (curves[:, :-1] >= cut) & (curves[:, 1:] < cut)
    any_ = falls.any(axis=1)
    at = np.where(any_, falls.shape[1] - falls[:, ::-1].argmax(axis=1), curves.shape[1] - 1)
    rows = np.arange(len(curves))
    high, low = curves[rows, at - 1].astype(np.float64), curves[rows, at].astype(np.float64)
    part = np.where(any_, (high - cut) / np.where(any_, high - low, 1), 1)
    return (at - 1 + part) / length


def centres_along(n: int, box: int, step: int) -> np.ndarray:
    """Places along an axis around which a box lies in it.

    Parameters
    ----------
    n
        Voxels of the axis.
    box
        Voxels of the edge of a box.
    step
        The places are multiples of it.

    Returns
    -------
    ndarray
        int64 [m]; at least one when ``n >= box``.
    """
    low, high = box // 2, n - (box - box // 2)
    first = -(-low // step) * step
    return np.arange(first if first <= high else low, high + 1, step)


def hat_weights(n: int, centres: np.ndarray) -> np.ndarray:
    """Linear interpolation from evenly spaced places to the voxels of an axis.

    Parameters
    ----------
    n
        Voxels of the axis.
    centres
        The places, rising int64 [m].

    Returns
    -------
    ndarray
        float64 [n, m]; rows sum to 1. Voxels before the first place and past the last one take its value.
    """
    out = np.zeros((n, centres.size))
    at = np.clip((np.arange(n) - centres[0]) / max(centres[-1] - centres[0], 1) * (centres.size - 1), 0, centres.size - 1)
    low = np.minimum(at.astype(int), max(centres.size - 2, 0))
    rows = np.arange(n)
    # two points to a voxel; a single point has the weight 1 everywhere
    out[rows, low] = 1 - (at - low)
    if centres.size > 1:
        out[rows, low + 1] += at - low
    return out


def needed(mask: np.ndarray, level: float, hats: Sequence[np.ndarray]) -> np.ndarray:
    """Points from which a voxel of a mask is interpolated.

    Parameters
    ----------
    mask
        float32 [z, y, x].
    level
        Voxels of at least this count.
    hats
        :func:`hat_weights` along z, y, x.

    Returns
    -------
    ndarray
        bool [mz, my, mx].
    """
    touch = [(h > 1e-9).astype(np.float32) for h in hats]
    planes = np.stack([touch[1].T @ ((plane >= level).astype(np.float32) @ touch[2]) for plane in mask])
    return (touch[0].T @ planes.reshape(len(planes), -1)).reshape([t.shape[1] for t in touch]) > 0.5


def spread(values: np.ndarray, hats: Sequence[np.ndarray], mask: np.ndarray, level: float) -> np.ndarray:
    """Resolution at every voxel of a mask, from frequencies at the points.

    Parameters
    ----------
    values
        Frequencies at the points, above 0, float64 [mz, my, mx].
    hats
        :func:`hat_weights` along z, y, x.
    mask
        float32 [z, y, x].
    level
        Voxels of at least this get a value.

    Returns
    -------
    ndarray
        One over the trilinear interpolation of ``values``, float32 [z, y, x]; 0 elsewhere.
    """
    out = np.zeros(mask.shape, dtype=np.float32)
    for z, weights in enumerate(hats[0]):
        if (mask[z] >= level).any():
            plane = hats[1] @ np.tensordot(weights, values, 1) @ hats[2].T
            out[z] = np.where(mask[z] >= level, 1 / plane, 0)
    return out


def independent(how: Plan, at: float) -> float:
    """Independent complex coefficients behind a shell of the FSC of a box.

    Parameters
    ----------
    how
        Of :func:`plan`.
    at
        Frequency of the shell in 1/Å.

    Returns
    -------
    float
        Volume of the window, ``(sum w^2)^2 / sum w^4``, times that of half a shell as thick as the shells and the window's own width
        make it.
    """
    w2 = how.window.astype(np.float64) ** 2
    edge = w2.sum() ** 2 / (w2 ** 2).sum() * how.length / how.padded
    return float(2 * np.pi * at ** 2 * edge ** 3 * np.hypot(1.5 / how.length, 1 / edge))
