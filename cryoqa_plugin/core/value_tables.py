"""Means of one quantity by the values of others: tables learned on one half of the blocks of a box, read on the other half."""
from __future__ import annotations

from typing import List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from .jit import njit
from .threads import over_slabs

_BLOCK = 16                           # voxels along the edge of a block of the checkerboard
_SAMPLE = 60_000                      # voxels that quantiles are taken of
_ENTRIES = 4096                       # of the look-up from values to places between nodes
_ENDS, _IN_TAIL = 2e-4, 4             # outermost quantiles, and nodes from there to the extreme


class Axis(NamedTuple):
    """Nodes of one coordinate of a table: ``at`` float64 [n], rising; ``lookup`` float32 [4096] gives the place among them of a value
    ``v`` at ``(v - low) * scale``."""

    at: np.ndarray
    low: float
    scale: float
    lookup: np.ndarray


class Table(NamedTuple):
    """Sums of a target and of its weight at the nodes, float64 [2 colours, n0, n1, n2] each; the axes are of its coordinates."""

    axes: Tuple[Axis, ...]
    total: np.ndarray
    weight: np.ndarray


def axis(arrays: Sequence[np.ndarray], count: int, tails: int) -> Axis:
    """Nodes at quantiles of values.

    Parameters
    ----------
    arrays
        What the values are taken of, float32 [z, y, x] each; 60 000 voxels, evenly spaced, of each.
    count
        Quantiles from 2e-4 to 1 - 2e-4.
    tails
        1 for nodes in the upper tail, 2 for both: four from the outermost quantile to the extreme of the arrays, each distance from the
        median a constant factor above the one before.

    Returns
    -------
    Axis
        Two nodes at least.
    """
    sample = np.concatenate([a.ravel()[::max(1, a.size // _SAMPLE)] for a in arrays]).astype(np.float64)
    at = np.quantile(sample, np.r_[_ENDS, (np.arange(count) + 0.5) / count, 1 - _ENDS])
    middle = float(np.median(sample))
    for near, far in [(at[-2], at[-1])] + [(at[1], at[0])] * (tails > 1):
        if abs(far - middle) > abs(near - middle) > 0:
            steps = np.arange(1, _IN_TAIL + 1) / (_IN_TAIL + 1)
            at = np.r_[at, middle + (near - middle) * np.abs((far - middle) / (near - middle)) ** steps]
    at = np.unique(at)
    # A map of one value has one node: a second beside it keeps the table whole.
    span = max(float(at[-1] - at[0]), 1e-6 * max(abs(float(at[0])), 1e-30))
    at = at[np.r_[True, np.diff(at) > 1e-6 * span]]
    if at.size < 2:
        at = at[0] + np.array([0.0, span])
    lookup = np.interp(np.linspace(at[0], at[-1], _ENTRIES), at, np.arange(at.size)).astype(np.float32)
    return Axis(at, float(at[0]), (_ENTRIES - 1) / float(at[-1] - at[0]), lookup)


ONE = Axis(np.zeros(1), 0.0, 0.0, np.zeros(_ENTRIES, np.float32))     # a coordinate that is not asked for


@njit
def _place(value, low, scale, lookup):
    u = (value - low) * scale
    last = lookup.size - 1
    if not u > 0:
        return lookup[0]
    if u >= last:
        return lookup[last]
    i = int(u)
    t = np.float32(u - i)
    return lookup[i] + t * (lookup[i + 1] - lookup[i])


@njit
def _deposit_kernel(c0, c1, c2, own, target, z0, z1, lows, scales, lookups, sizes, third, out):
    # one node more along each axis than there are, so that every place has one beyond it, of weight 0 on the last
    _, ny, nx = c0.shape
    row, sheet = sizes[2], sizes[1] * sizes[2]
    for z in range(z0, z1):
        for y in range(ny):
            for x in range(nx):
                colour = (z // _BLOCK + y // _BLOCK + x // _BLOCK) % 2
                p = _place(c0[z, y, x], lows[0], scales[0], lookups[0])
                q = _place(c1[z, y, x], lows[1], scales[1], lookups[1])
                r = _place(c2[z, y, x], lows[2], scales[2], lookups[2]) if third else np.float32(0)
                i, j, k = int(p), int(q), int(r)
                s, t, u = p - i, q - j, r - k
                value = own[z, y, x]
                first, second = value * target[z, y, x], value * value
                at = (colour * sizes[0] + i) * sheet + j * row + k
                for di in range(2):
                    wi = s if di else 1 - s
                    for dj in range(2):
                        wj = wi * (t if dj else 1 - t)
                        n = at + di * sheet + dj * row
                        w = wj * (1 - u)
                        out[n, 0] += w * first
                        out[n, 1] += w * second
                        if third:
                            w = wj * u
                            out[n + 1, 0] += w * first
                            out[n + 1, 1] += w * second


@njit
def _read_kernel(c0, c1, c2, z0, z1, lows, scales, lookups, sizes, third, values, out):
    _, ny, nx = c0.shape
    row, sheet = sizes[2], sizes[1] * sizes[2]
    for z in range(z0, z1):
        for y in range(ny):
            for x in range(nx):
                other = 1 - (z // _BLOCK + y // _BLOCK + x // _BLOCK) % 2
                p = _place(c0[z, y, x], lows[0], scales[0], lookups[0])
                q = _place(c1[z, y, x], lows[1], scales[1], lookups[1])
                r = _place(c2[z, y, x], lows[2], scales[2], lookups[2]) if third else np.float32(0)
                i, j, k = int(p), int(q), int(r)
                s, t, u = p - i, q - j, r - k
                at = (other * sizes[0] + i) * sheet + j * row + k
                found = 0.0
                for di in range(2):
                    wi = s if di else 1 - s
                    for dj in range(2):
                        wj = wi * (t if dj else 1 - t)
                        n = at + di * sheet + dj * row
                        found += wj * (1 - u) * values[n]
                        if third:
                            found += wj * u * values[n + 1]
                out[z, y, x] = found


def _packed(axes: Sequence[Axis]) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
    return np.array([a.low for a in axes]), np.array([a.scale for a in axes]), np.stack([a.lookup for a in axes])


def _whole(coordinates: Sequence[np.ndarray]) -> List[np.ndarray]:
    """Three coordinates: those not asked for are any array, whose axis has one node."""
    return [*coordinates, *[coordinates[0]] * (3 - len(coordinates))]


def _three(axes: Sequence[Axis]) -> Tuple[Axis, ...]:
    return (*axes, *(ONE,) * (3 - len(axes)))


def empty(axes: Sequence[Axis]) -> Table:
    """A table without voxels.

    Parameters
    ----------
    axes
        Of one to three coordinates.

    Returns
    -------
    Table
        Sums of 0.
    """
    whole = _three(axes)
    shape = (2, *(a.at.size for a in whole))
    return Table(whole, np.zeros(shape), np.zeros(shape))


def deposit(table: Table, coordinates: Sequence[np.ndarray], target: np.ndarray, own: Optional[np.ndarray] = None) -> None:
    """Add the voxels of a map to a table, each to the nodes around its coordinates by multilinear weights.

    Parameters
    ----------
    table
        Where to, changed in place.
    coordinates
        float32 [z, y, x] each, as many as the table has axes.
    target
        What the mean is wanted of, float32 [z, y, x].
    own
        Values that the target is a multiple of, float32 [z, y, x]: ``own target`` and ``own^2`` are summed. Without them ``target`` and 1.
    """
    lows, scales, lookups = _packed(table.axes)
    shape = (2, *(n + 1 for n in table.weight.shape[1:]))
    arrays, third = _whole(coordinates), table.weight.shape[3] > 1
    mine = np.ones(target.shape, np.float32) if own is None else own

    def work(start: int, stop: int) -> np.ndarray:
        out = np.zeros((int(np.prod(shape)), 2))
        _deposit_kernel(*arrays, mine, target, start, stop, lows, scales, lookups, np.array(shape[1:]), third, out)
        return out

    total = sum(over_slabs(work, target.shape[0])).reshape(*shape, 2)[:, :-1, :-1, :-1]
    table.total[...] += total[..., 0]
    table.weight[...] += total[..., 1]


def read(axes: Sequence[Axis], values: np.ndarray, coordinates: Sequence[np.ndarray]) -> np.ndarray:
    """Values of a table at every voxel, from the blocks of the other colour of a checkerboard of 16 voxels.

    Parameters
    ----------
    axes
        Of the coordinates.
    values
        At the nodes, float64 [2 colours, n0, n1, n2].
    coordinates
        float32 [z, y, x] each.

    Returns
    -------
    ndarray
        float32 [z, y, x], multilinear between nodes.
    """
    lows, scales, lookups = _packed(_three(axes))
    arrays, third = _whole(coordinates), values.shape[3] > 1
    padded = np.pad(values, [(0, 0)] + [(0, 1)] * 3, mode="edge")
    out = np.empty(coordinates[0].shape, np.float32)
    over_slabs(lambda a, b: _read_kernel(*arrays, a, b, lows, scales, lookups, np.array(padded.shape[1:]), third, padded.ravel(), out),
               out.shape[0])
    return out
