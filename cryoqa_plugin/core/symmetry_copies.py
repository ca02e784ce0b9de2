"""Copies of a molecule laid on each other: are two half-maps alike under an operator, and what is their mean over the copies.

Maps are read between voxels by cubic B-splines that run round the faces of the box, as their transforms do.
"""
from __future__ import annotations

from typing import NamedTuple, Optional, Sequence, Tuple

import numpy as np

from . import blur
from .fourier import forward, inverse
from .jit import njit
from .robust import robust_sd
from .threads import over_slabs

_PLACES, _ALL_PLACES = 60000, 400000  # places for an operator, and for all of them
_FEWEST, _LEAST_PART = 200, 0.25      # places that an operator moves within the box, and their part of all, by which it can be judged
_SUMS = 8
_AROUND, _EDGE = 4.0, 2.0             # Gaussians (Å): where copies are compared, and the edge of places where they differ
_SURE, _PART = 6.0, 0.1               # standard deviations, and share of the local power, from which copies differ
_SAME = 1e-2                          # operators whose numbers differ by less are one

Pair = Tuple[np.ndarray, np.ndarray]


class Likeness(NamedTuple):
    """How alike half-maps are under operators, float64 [n] each; NaN for one that moves too few places far enough and within the box.

    ``cross``: correlation of a copy of one half-map with the other, both ways; ``own``: that of the half-maps themselves in the same
    places; ``noise``: correlation of a copy of their difference with itself, near 1 where the symmetry was imposed.
    """

    cross: np.ndarray
    own: np.ndarray
    noise: np.ndarray

    @property
    def relative(self) -> np.ndarray:
        """``cross / own``, float64 [n]: 1 for a symmetry that is exact, near 0 for a wrong one; NaN where the half-maps are not alike."""
        return self.cross / np.where(self.own > 0, self.own, np.nan)


def in_voxels(operators: np.ndarray, voxel_size: Sequence[float]) -> np.ndarray:
    """Operators on positions in Å as operators on indices of voxels.

    Parameters
    ----------
    operators
        ``x' = R x + t`` with x, y, z in Å from the centre of the first voxel, float64 [n, 3, 4].
    voxel_size
        Edges of a voxel (x, y, z) in Å.

    Returns
    -------
    ndarray
        float64 [n, 3, 4], for (x, y, z) in voxels.
    """
    size = np.asarray(voxel_size, dtype=np.float64)
    out = np.array(operators, dtype=np.float64)
    out[:, :, :3] *= size
    return out / size[:, None]


def inverse_of(operator: np.ndarray) -> np.ndarray:
    """The operator that undoes another one.

    Parameters
    ----------
    operator
        ``x' = A x + t``, float64 [..., 3, 4].

    Returns
    -------
    ndarray
        ``x = A^-1 (x' - t)``, float64 [..., 3, 4].
    """
    back = np.linalg.inv(operator[..., :3])
    return np.concatenate([back, -back @ operator[..., 3:]], axis=-1)


def with_inverses(operators: np.ndarray) -> np.ndarray:
    """Operators and those that undo them, each once and without the identity.

    Parameters
    ----------
    operators
        ``x' = A x + t``, float64 [n, 3, 4].

    Returns
    -------
    ndarray
        float64 [m, 3, 4], in the order given, what was missing at the end. A map that is its own copy by one is so by its inverse.
    """
    out = [np.eye(3, 4)]
    for operator in np.concatenate([operators, inverse_of(operators)]):
        if all(np.abs(operator - other).max() > _SAME for other in out):
            out.append(operator)
    return np.array(out[1:]).reshape(-1, 3, 4)


def coefficients(data: np.ndarray) -> np.ndarray:
    """Coefficients of the cubic B-splines that go through the voxels of a map.

    Parameters
    ----------
    data
        float32 [z, y, x].

    Returns
    -------
    ndarray
        float32 [z, y, x].

    References
    ----------
    Unser, Aldroubi & Eden (1993), https://doi.org/10.1109/78.193220.
    """
    ft = forward(data)
    for axis, n in enumerate(data.shape):
        wave = np.fft.rfftfreq(n) if axis == 2 else np.fft.fftfreq(n)
        ft *= (3 / (2 + np.cos(2 * np.pi * wave))).astype(np.float32).reshape([-1 if a == axis else 1 for a in range(3)])
    return inverse(ft, data.shape)


@njit
def _moved(operator, x, y, z):
    return (operator[0, 0] * x + operator[0, 1] * y + operator[0, 2] * z + operator[0, 3],
            operator[1, 0] * x + operator[1, 1] * y + operator[1, 2] * z + operator[1, 3],
            operator[2, 0] * x + operator[2, 1] * y + operator[2, 2] * z + operator[2, 3])


@njit
def _weights(t):
    """Weights of the four knots around a place, times 6."""
    one, three, four = np.float32(1), np.float32(3), np.float32(4)
    u = one - t
    return u * u * u, four - three * t * t * (one + u), four - three * u * u * (one + t), t * t * t


@njit
def _two_at(one, two, x, y, z):
    """Two splines at one place in voxels."""
    nz, ny, nx = one.shape
    ix, iy, iz = int(np.floor(x)), int(np.floor(y)), int(np.floor(z))
    wx, wy, wz = _weights(np.float32(x - ix)), _weights(np.float32(y - iy)), _weights(np.float32(z - iz))
    x0, x1, x2, x3 = (ix - 1) % nx, ix % nx, (ix + 1) % nx, (ix + 2) % nx
    first, second = np.float32(0), np.float32(0)
    for k in range(4):
        kz = (iz + k - 1) % nz
        for j in range(4):
            ky = (iy + j - 1) % ny
            w = wz[k] * wy[j]
            first += w * (wx[0] * one[kz, ky, x0] + wx[1] * one[kz, ky, x1] + wx[2] * one[kz, ky, x2] + wx[3] * one[kz, ky, x3])
            second += w * (wx[0] * two[kz, ky, x0] + wx[1] * two[kz, ky, x1] + wx[2] * two[kz, ky, x2] + wx[3] * two[kz, ky, x3])
    scale = np.float32(1 / 216)
    return first * scale, second * scale


@njit
def _average_kernel(c1, c2, one, two, inside, apart, operators, z0, z1, out1, out2):
    nz, ny, nx = one.shape
    for z in range(z0, z1):
        for y in range(ny):
            for x in range(nx):
                sum1, sum2, weight = one[z, y, x], two[z, y, x], np.float32(1)
                for g in range(operators.shape[0]):
                    gx, gy, gz = _moved(operators[g], x, y, z)
                    ix, iy, iz = int(np.floor(gx + 0.5)), int(np.floor(gy + 0.5)), int(np.floor(gz + 0.5))
                    if ix < 0 or iy < 0 or iz < 0 or ix >= nx or iy >= ny or iz >= nz:
                        continue
                    w = (np.float32(1) - abs(inside[iz, iy, ix] - inside[z, y, x])) * (np.float32(1) - apart[z, y, x])
                    w *= np.float32(1) - apart[iz, iy, ix]
                    if w > 0:
                        first, second = _two_at(c1, c2, gx, gy, gz)
                        sum1 += w * first
                        sum2 += w * second
                        weight += w
                out1[z, y, x] = sum1 / weight
                out2[z, y, x] = sum2 / weight


def averaged(halves: Pair, operators: np.ndarray, inside: np.ndarray, apart: Optional[np.ndarray] = None) -> Pair:
    """Mean over all copies in each half-map.

    Parameters
    ----------
    halves
        Half-map 1 and 2, float32 [z, y, x].
    operators
        Without the identity, on indices of voxels as of :func:`in_voxels`, float64 [n, 3, 4].
    inside
        Where the molecule is, float32 [z, y, x], 0 to 1. A copy counts as far as it is inside where the place itself is inside, outside
        where that is outside, and not at all beyond the box.
    apart
        Where copies differ, float32 [z, y, x], 0 to 1, of :func:`differing`: there a place keeps its own values and gives none to others.
        None for nowhere.

    Returns
    -------
    tuple of ndarray
        ``(h(x) + sum_g w_g h(g x)) / (1 + sum_g w_g)``, ``w_g = (1 - |m(x) - m(g x)|) (1 - d(x)) (1 - d(g x))``, float32 [z, y, x] each.
        The values of the other half-map are not in it.
    """
    one, two = (np.ascontiguousarray(h, dtype=np.float32) for h in halves)
    c1, c2, out = coefficients(one), coefficients(two), (np.empty_like(one), np.empty_like(two))
    ops, near = np.ascontiguousarray(operators, dtype=np.float64), np.ascontiguousarray(inside, dtype=np.float32)
    other = np.zeros_like(near) if apart is None else np.ascontiguousarray(apart, dtype=np.float32)
    over_slabs(lambda a, b: _average_kernel(c1, c2, one, two, near, other, ops, a, b, *out), one.shape[0])
    return out


def differing(halves: Pair, means: Pair, n_copies: int, inside: np.ndarray, voxel_size: Sequence[float]) -> np.ndarray:
    """Where a copy differs from the mean of the others in both half-maps alike: a ligand in one of them, a domain that moved.

    Parameters
    ----------
    halves
        Half-map 1 and 2, float32 [z, y, x].
    means
        Their means over all copies, of :func:`averaged`.
    n_copies
        How many copies those are of, 2 or more.
    inside
        Where the molecule is, float32 [z, y, x].
    voxel_size
        Edges of a voxel (x, y, z) in Å.

    Returns
    -------
    ndarray
        float32 [z, y, x], 0 to 1 with a soft edge. With ``d`` the difference of a half-map from its other copies, it is 1 where the local
        mean of ``d1 d2`` is more than 6 robust standard deviations above its median in the molecule and 0.1 of the local power: chance
        makes ``d1 d2`` as often negative as positive.
    """
    share = np.float32(n_copies / (n_copies - 1))
    gaps = [share * (h - m) for h, m in zip(halves, means)]
    others = [h - g for h, g in zip(halves, gaps)]
    common = blur.gaussian(gaps[0] * gaps[1], voxel_size, _AROUND)
    power = blur.gaussian(halves[0] * halves[1] + others[0] * others[1], voxel_size, _AROUND)
    near = common[inside >= 0.5]
    if not near.size:
        return np.zeros_like(inside)
    middle = float(np.median(near))
    sd = robust_sd(near, middle)
    found = (common - middle > _SURE * sd) & (common > _PART * power) & (common > 0) & (inside > 0)
    return np.clip(2 * blur.gaussian(found.astype(np.float32), voxel_size, _EDGE), 0, 1)


@njit
def _likeness_kernel(c1, c2, one, two, places, p0, p1, operator, least, out):
    """Sums over places (x, y, z) that stay in the box and are moved by ``least`` voxels or more."""
    nz, ny, nx = one.shape
    for i in range(p0, p1):
        x, y, z = places[i, 0], places[i, 1], places[i, 2]
        gx, gy, gz = _moved(operator, x, y, z)
        if gx < 0 or gy < 0 or gz < 0 or gx > nx - 1 or gy > ny - 1 or gz > nz - 1:
            continue
        if (gx - x) ** 2 + (gy - y) ** 2 + (gz - z) ** 2 < least * least:
            continue
        t1, t2 = _two_at(c1, c2, gx, gy, gz)
        h1, h2 = one[z, y, x], two[z, y, x]
        n, t = h1 - h2, t1 - t2
        out[0] += t1 * h2 + t2 * h1
        out[1] += t1 * t1 + t2 * t2
        out[2] += h1 * h1 + h2 * h2
        out[3] += 2 * h1 * h2
        out[4] += n * t
        out[5] += n * n
        out[6] += t * t
        out[7] += 1


def likeness(halves: Pair, operators: np.ndarray, inside: np.ndarray, least: float) -> Likeness:
    """How alike two half-maps are under operators.

    Parameters
    ----------
    halves
        Half-map 1 and 2, float32 [z, y, x], with an even spectrum: coarse shells, in which molecules are alike, would outweigh the rest.
    operators
        Without the identity, on indices of voxels as of :func:`in_voxels`, float64 [n, 3, 4].
    inside
        Where the molecule is, float32 [z, y, x].
    least
        Voxels that a place must be moved by: beside an axis every map is its own copy.

    Returns
    -------
    Likeness
        Of at most 60 000 places, drawn from those where the mask is 0.5 or more; NaN for an operator that leaves less than a quarter of
        them in the box.
    """
    one, two = (np.ascontiguousarray(h, dtype=np.float32) for h in halves)
    c1, c2, places = coefficients(one), coefficients(two), _drawn(inside, len(operators))
    sums = np.zeros((len(operators), _SUMS))
    for total, operator in zip(sums, np.ascontiguousarray(operators, dtype=np.float64)):
        def work(start: int, stop: int, operator: np.ndarray = operator) -> np.ndarray:
            part = np.zeros(_SUMS)
            _likeness_kernel(c1, c2, one, two, places, start, stop, operator, float(least), part)
            return part

        total += np.sum(over_slabs(work, len(places)), axis=0)
    enough = sums[:, -1] >= max(_FEWEST, _LEAST_PART * len(places))
    cross, turned, still, own, both, noise, copy, _ = sums.T
    found = (cross, np.sqrt(turned * still)), (own, still), (both, np.sqrt(noise * copy))
    return Likeness(*(np.where(enough & (below > 0), above / np.where(below > 0, below, 1), np.nan) for above, below in found))


def _drawn(inside: np.ndarray, n_operators: int) -> np.ndarray:
    """Places (x, y, z) in the mask, int64 [n, 3]: all, or a draw of fewer the more operators there are."""
    index = np.flatnonzero(inside >= 0.5)
    most = min(_PLACES, max(_ALL_PLACES // max(n_operators, 1), _FEWEST * 20))
    if len(index) > most:
        index = np.sort(np.random.default_rng(0).choice(index, most, replace=False))
    return np.ascontiguousarray(np.stack(np.unravel_index(index, inside.shape)[::-1], axis=1).astype(np.int64))
