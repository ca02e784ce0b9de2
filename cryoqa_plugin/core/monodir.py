"""Local power of a map in a cone of directions and a band of frequencies, and what the resolutions of many directions say at a point.

The coefficients of half a double cone make a complex image whose modulus is the amplitude of the waves along that direction: for waves
along one line it is the monogenic amplitude, ``sqrt(f^2 + (R f)^2)``. They lie together in Fourier space; moved to the origin they
need a small grid, whatever their frequency, and the modulus does not change.
"""
from __future__ import annotations

from typing import NamedTuple, Sequence, Tuple

import numpy as np
import scipy.fft

from .jit import njit
from .local import Points, along_axes, window_matrix
from .threads import over_slabs

_PARTS = (0.05, 0.17, 0.83, 0.95)     # percentiles over the directions
_ALIAS = 0.3                          # margin of a grid in frequency, times the standard deviation: see :func:`block`


class Block(NamedTuple):
    """Where the coefficients of half a cone lie: first index ``low`` int64 [3] and last ``high`` of z, y, x, and the ``shape`` of a grid
    on which the local mean of their squared image is not aliased."""

    low: np.ndarray
    high: np.ndarray
    shape: Tuple[int, int, int]


def block(edges: Sequence[float], axis: np.ndarray, cone: float, centre: float, width: float, grid: Points) -> Block:
    """The block of indices that holds half a cone of a band.

    Parameters
    ----------
    edges
        Of the box along (z, y, x) in Å.
    axis
        Unit vector (x, y, z), float64 [3].
    cone
        Half-angle in radians.
    centre, width
        The band ``centre +- width`` in 1/Å.
    grid
        Points and window of the local means.

    Returns
    -------
    Block
        Indices along z, y, x.
    """
    low, high, shape = np.empty(3, np.int64), np.empty(3, np.int64), []
    inner, outer = max(centre - width, 0.0), centre + width
    for a in range(3):
        theta = np.arccos(np.clip(axis[2 - a], -1, 1))
        most, least = np.cos(max(0.0, theta - cone)), np.cos(min(np.pi, theta + cone))
        # The lowest index is on the inner shell where the whole cone has positive ones, else on the outer shell; the highest likewise.
        low[a] = np.floor(edges[a] * least * (inner if least > 0 else outer))
        high[a] = np.ceil(edges[a] * most * (outer if most > 0 else inner))
        # The square of an image is as wide as twice its block, but the end of that is made by the few coefficients at opposite ends, of
        # little weight: with half the reach of the window as a margin, what folds back changes a local mean by less than 0.1 %.
        need = int(high[a] - low[a]) + 1 + int(np.ceil(_ALIAS / grid.sigma[a]))
        shape.append(int(scipy.fft.next_fast_len(need)))
    return Block(low, high, (shape[0], shape[1], shape[2]))


@njit
def _cone_kernel(ft, other, nx, steps, axis, edge, centre, width, low, high, out):
    """Coefficients within the cone, weighted, with index ``low`` at the corner of ``out``; those of kx < 0 by Friedel's law.

    ``out`` complex64 [1 or 2, z, y, x], zeros, takes those of ``ft`` and, where it has place for two, of ``other``. The index n / 2, which
    has no sign, is left out.
    """
    nz, ny, both = ft.shape[0], ft.shape[1], out.shape[0] > 1
    outer2, inner2, edge2 = (centre + width) ** 2, max(centre - width, 0.0) ** 2, edge * edge
    for kz in range(max(low[0], -((nz - 1) // 2)), min(high[0], (nz - 1) // 2) + 1):
        sz = kz * steps[0]
        for ky in range(max(low[1], -((ny - 1) // 2)), min(high[1], (ny - 1) // 2) + 1):
            sy = ky * steps[1]
            left = outer2 - sz * sz - sy * sy
            if left <= 0:
                continue
            reach = min(int(np.sqrt(left) / steps[2]) + 1, (nx - 1) // 2)
            for kx in range(max(low[2], -reach), min(high[2], reach) + 1):
                sx = kx * steps[2]
                along = sx * axis[0] + sy * axis[1] + sz * axis[2]
                r2 = sx * sx + sy * sy + sz * sz
                if along <= 0 or r2 <= inner2 or r2 >= outer2 or along * along <= edge2 * r2:
                    continue
                r = np.sqrt(r2)
                # part of the area of the cap between this direction and the axis
                away = (1 - along / r) / (1 - edge)
                weight = np.float32(np.cos(np.pi / 2 * (r - centre) / width) * np.cos(np.pi / 2 * away))
                z, y, x = kz - low[0], ky - low[1], kx - low[2]
                sign = 1 if kx >= 0 else -1
                iz, iy, ix, turned = sign * kz % nz, sign * ky % ny, sign * kx, np.float32(sign) * weight
                value = ft[iz, iy, ix]
                out[0, z, y, x] = np.complex64(complex(value.real * weight, value.imag * turned))
                if both:
                    value = other[iz, iy, ix]
                    out[1, z, y, x] = np.complex64(complex(value.real * weight, value.imag * turned))


def local_power(transforms: Sequence[np.ndarray], nx: int, edges: Sequence[float], axis: np.ndarray, cone: float, centre: float,
                width: float, grid: Points) -> np.ndarray:
    """Local mean of the squared amplitude of one map or two along one direction in a band.

    Parameters
    ----------
    transforms
        Transform of each map, complex64 [nz, ny, nx // 2 + 1].
    nx
        Voxels of the map along x.
    edges
        Of the box along (z, y, x) in Å.
    axis
        Unit vector (x, y, z), float64 [3].
    cone
        Half-angle in radians; the weight is ``cos(pi t / 2)``, t the part of the cap's area that lies nearer to the axis.
    centre, width
        Of the band in 1/Å, weighted by ``cos(pi (s - centre) / (2 width))``.
    grid
        Points where the mean is kept, and the Gaussian window it is taken over.

    Returns
    -------
    ndarray
        float32 [maps, mz, my, mx]. The scale depends on axis and band: only ratios within them have a meaning.
    """
    place = block(edges, axis, cone, centre, width, grid)
    held = place.high - place.low + 1
    images = np.zeros((len(transforms), *place.shape), np.complex64)
    _cone_kernel(transforms[0], transforms[-1], nx, 1 / np.asarray(edges, dtype=np.float64), axis, float(np.cos(cone)), float(centre),
                 float(width), place.low, place.high, images)
    # Axis by axis, so that what is empty is not transformed; last the one that is emptiest.
    part = [slice(None)] + [slice(0, int(h)) for h in held]
    for a in np.argsort(-held / np.array(place.shape), kind="stable"):
        part[a + 1] = slice(None)
        some = images[tuple(part)]
        done = scipy.fft.ifft(some, axis=a + 1, overwrite_x=True, workers=1)
        # overwrite_x is a wish: scipy may have made a new array.
        if not np.may_share_memory(done, some):
            some[...] = done
    power = images.real ** 2
    power += images.imag ** 2
    return window_mean(power, grid)


def window_mean(values: np.ndarray, grid: Points) -> np.ndarray:
    """Mean of periodic images in the Gaussian window of each point.

    Parameters
    ----------
    values
        Images, float32 [..., z, y, x].
    grid
        Points and window.

    Returns
    -------
    ndarray
        float32 [..., mz, my, mx].
    """
    return along_axes(values, [window_matrix(m, n, part) for m, n, part in zip(grid.shape, values.shape[-3:], grid.sigma)])


class Summary(NamedTuple):
    """Per point, float64 [v], Å: 5th, 17th, 83rd and 95th percentile over directions, mean over those along the radius and across it;
    ``best`` float64 [n]: the share of each direction among the best twentieth; ``kept`` part of the directions that were no outliers."""

    p5: np.ndarray
    p17: np.ndarray
    p83: np.ndarray
    p95: np.ndarray
    radial: np.ndarray
    tangential: np.ndarray
    best: np.ndarray
    kept: float


@njit
def _keep(values, near, limit, kept):
    """Mark in ``kept`` the directions whose value is near the mean of their neighbours: at most mean + limit sd of such differences."""
    n = values.size
    apart = np.empty(n)
    mean = 0.0
    for i in range(n):
        total, count = 0.0, 0
        for j in range(n):
            if near[i, j]:
                total += values[j]
                count += 1
        apart[i] = abs(values[i] - total / count) if count else 0.0
        mean += apart[i] / n
    square = 0.0
    for i in range(n):
        square += (apart[i] - mean) ** 2
    cut = mean + limit * np.sqrt(square / n)
    for i in range(n):
        kept[i] = apart[i] <= cut


@njit
def _sorted_into(values, kept, chosen):
    """The values that are kept, in rising order, at the beginning of ``chosen``; how many there are, and their sum."""
    # Insertion: of some hundred values at most it is as fast as any, and np.sort takes longer to compile than all else here.
    m, total = 0, 0.0
    for i in range(values.size):
        if kept[i]:
            value, at = values[i], m
            while at > 0 and chosen[at - 1] > value:
                chosen[at] = chosen[at - 1]
                at -= 1
            chosen[at] = value
            total += value
            m += 1
    return m, total


@njit
def _summary_kernel(resolution, axes, near, v0, v1, radius, limit, cos_near, cos_far, parts, out, best, left):
    n = axes.shape[0]
    kept, values, chosen = np.empty(n, np.bool_), np.empty(n, np.float32), np.empty(n, np.float32)
    for v in range(v0, v1):
        for i in range(n):
            values[i], kept[i] = resolution[i, v], True
        if limit > 0:
            _keep(values, near, limit, kept)
        m, total = _sorted_into(values, kept, chosen)
        left[v] = m
        for k in range(parts.size):
            at = parts[k] * (m - 1)
            i = min(int(at), m - 2)
            out[k, v] = chosen[i] + (at - i) * (chosen[i + 1] - chosen[i])
        rx, ry, rz = radius[v, 0], radius[v, 1], radius[v, 2]
        length = np.sqrt(rx * rx + ry * ry + rz * rz)
        radial, tangential, winners = 0.0, 0.0, 0
        n_radial, n_tangential = 0, 0
        for i in range(n):
            if not kept[i]:
                continue
            winners += values[i] <= out[0, v]
            c = abs(axes[i, 0] * rx + axes[i, 1] * ry + axes[i, 2] * rz) / length if length > 0 else 0.5
            if c >= cos_near:
                radial += values[i]
                n_radial += 1
            elif c <= cos_far:
                tangential += values[i]
                n_tangential += 1
        # Where no direction is radial (or tangential), the mean of all stands in.
        out[4, v] = radial / n_radial if n_radial else total / m
        out[5, v] = tangential / n_tangential if n_tangential else total / m
        for i in range(n):
            if kept[i] and values[i] <= out[0, v]:
                best[i] += 1.0 / winners


def summarise(resolution: np.ndarray, axes: np.ndarray, radius: np.ndarray, outliers: float, near: float = 45.0, far: float = 70.0,
              neighbours: float = 25.0) -> Summary:
    """What the resolutions of many directions say at each point.

    Parameters
    ----------
    resolution
        float32 [n, v] in Å, of n directions at v points.
    axes
        The directions, unit vectors (x, y, z), float64 [n, 3].
    radius
        Vectors (x, y, z) from the middle to the points, float64 [v, 3].
    outliers
        A direction is left out when it differs from the mean of its neighbours by more than this many standard deviations above the mean
        of such differences at its point; 0 keeps all.
    near, far
        Radial directions are at most ``near`` degrees from the radius, tangential ones at least ``far``.
    neighbours
        Directions within so many degrees are neighbours.

    Returns
    -------
    Summary
        Å, float64 [v].
    """
    cosine = np.abs(axes @ axes.T)
    # A direction and its opposite are one, and none is its own neighbour.
    close = (cosine >= np.cos(np.deg2rad(neighbours))) & ~np.eye(len(axes), dtype=bool)
    v = resolution.shape[1]
    out, left, parts = np.empty((6, v)), np.empty(v), np.array(_PARTS)

    def work(start: int, stop: int) -> np.ndarray:
        best = np.zeros(len(axes))
        _summary_kernel(resolution, axes, close, start, stop, radius, float(outliers), np.cos(np.deg2rad(near)), np.cos(np.deg2rad(far)),
                        parts, out, best, left)
        return best

    best = np.sum(over_slabs(work, v), axis=0)
    return Summary(*out, best / v, float(left.mean()) / len(axes))


def cap_distance(share: np.ndarray, axes: np.ndarray) -> float:
    """How unevenly a share is spread over the directions: a Kolmogorov-Smirnov distance on the sphere.

    Parameters
    ----------
    share
        Share of each direction, float64 [n] of sum 1.
    axes
        The directions, unit vectors (x, y, z), float64 [n, 3].

    Returns
    -------
    float
        Largest difference, over all double caps around the directions, between the share of the directions in it and their part of all
        directions: from 0, where all have the same share, to 1.
    """
    worst = 0.0
    for axis in axes:
        # Caps around each axis that grow by one direction at a time.
        order = np.argsort(-np.abs(axes @ axis), kind="stable")
        worst = max(worst, float(np.abs(np.cumsum(share[order]) - np.arange(1, len(axes) + 1) / len(axes)).max()))
    return worst
