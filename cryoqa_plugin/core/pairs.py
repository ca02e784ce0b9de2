"""Sums over shells for all that two transforms say about each other: correlation, phase differences, shared power by direction.

Coefficients count as in :mod:`cryoqa_plugin.core.shells`: of a Friedel pair one, or both by half where both are stored.
"""
from __future__ import annotations

from typing import NamedTuple, Optional, Tuple

import numpy as np

from .filters import apply_radial
from .fourier import Geometry, forward, inverse
from .jit import njit
from .shells import CrossSums, _squared, shell_edges
from .threads import over_slabs

_H2, _H3 = 0.5 ** 0.5, 3 ** -0.5
# x, y, z: the edges, the face diagonals and the body diagonals of a cube, one of each opposite pair
DIRECTIONS = np.array([(1, 0, 0), (0, 1, 0), (0, 0, 1), (_H2, _H2, 0), (_H2, -_H2, 0), (_H2, 0, _H2), (_H2, 0, -_H2), (0, _H2, _H2),
                       (0, _H2, -_H2), (_H3, _H3, _H3), (_H3, _H3, -_H3), (_H3, -_H3, _H3), (-_H3, _H3, _H3)])


class PairSums(NamedTuple):
    """Sums of two transforms over the shells.

    ``sums`` as of :func:`cryoqa_plugin.core.shells.cross_sums`; ``dpr``, float64 [n_shells], the differential phase residual in
    degrees, NaN where there is no amplitude; ``shared``, float64 [n_shells, 13], the part of ``sums.cross`` whose frequency is
    nearest to each of ``DIRECTIONS`` (opposite directions are one).
    """

    sums: CrossSums
    dpr: np.ndarray
    shared: np.ndarray


@njit
def _nearest_direction(x, y, z):
    """Index into DIRECTIONS of the one that is nearest to the line through (x, y, z)."""
    ax, ay, az = abs(x), abs(y), abs(z)
    best, at = ax, 0
    if ay > best:
        best, at = ay, 1
    if az > best:
        best, at = az, 2
    # Projections on the best of the face diagonals and of the body diagonals; signs say afterwards which one it is.
    xy, xz, yz = (ax + ay) * 0.7071067811865476, (ax + az) * 0.7071067811865476, (ay + az) * 0.7071067811865476
    if xy > best:
        best, at = xy, 3 if x * y >= 0 else 4
    if xz > best:
        best, at = xz, 5 if x * z >= 0 else 6
    if yz > best:
        best, at = yz, 7 if y * z >= 0 else 8
    if (ax + ay + az) * 0.5773502691896258 > best:
        if x * y >= 0:
            at = 9 if x * z >= 0 else 10
        else:
            at = 11 if x * z >= 0 else 12
    return at


@njit
def _pairs_kernel(f1, f2, z0, z1, nx, steps, edges2, out):
    nz, ny, nk = f1.shape
    n, first = edges2.size, 0
    for z in range(z0, z1):
        kz = (z if z <= nz // 2 else z - nz) * steps[0]
        own_z = (2 * z) % nz == 0
        for y in range(ny):
            ky = (y if y <= ny // 2 else y - ny) * steps[1]
            base = kz * kz + ky * ky
            # Neighbouring lines begin near each other in the bins.
            while first > 0 and base < edges2[first - 1]:
                first -= 1
            while first < n and base >= edges2[first]:
                first += 1
            shell = first
            plane_weight = 1.0 if own_z and (2 * y) % ny == 0 else 0.5
            for x in range(nk):
                kx = x * steps[2]
                r2 = base + kx * kx
                while shell < n and r2 >= edges2[shell]:
                    shell += 1
                if shell >= n:
                    break
                w = plane_weight if x == 0 or 2 * x == nx else 1.0
                a, b = f1[z, y, x], f2[z, y, x]
                ar, ai, br, bi = np.float64(a.real), np.float64(a.imag), np.float64(b.real), np.float64(b.imag)
                cross, power1, power2 = w * (ar * br + ai * bi), ar * ar + ai * ai, br * br + bi * bi
                amplitude = w * (np.sqrt(power1) + np.sqrt(power2))
                # phase of F1* F2, from -pi to pi
                angle = np.arctan2(ar * bi - ai * br, ar * br + ai * bi)
                out[shell, 0] += cross
                out[shell, 1] += w * power1
                out[shell, 2] += w * power2
                out[shell, 3] += w
                out[shell, 4] += amplitude * angle * angle
                out[shell, 5] += amplitude
                out[shell, 6 + _nearest_direction(kx, ky, kz)] += cross


def pair_sums(f1: np.ndarray, f2: np.ndarray, geo: Geometry) -> PairSums:
    """All sums over the shells that two transforms have in common.

    Parameters
    ----------
    f1, f2
        Transforms, complex64 [nz, ny, nx // 2 + 1].
    geo
        Shells of the box.

    Returns
    -------
    PairSums
        With the differential phase residual ``sqrt(sum (|F1| + |F2|) dphi^2 / sum (|F1| + |F2|))``: 0 for equal phases and
        ``180 / sqrt(3) = 103.9`` degrees for unrelated ones. Lower is better.

    References
    ----------
    Frank et al. (1981), https://doi.org/10.1126/science.7313694.
    """
    edges2, steps = _squared(shell_edges(geo)), np.array(geo.steps)

    def work(start: int, stop: int) -> np.ndarray:
        out = np.zeros((edges2.size, 6 + len(DIRECTIONS)))
        _pairs_kernel(f1, f2, start, stop, geo.shape[2], steps, edges2, out)
        return out

    total = sum(over_slabs(work, geo.shape[0]))
    columns = [np.ascontiguousarray(c) for c in total[:, :6].T]
    ratio = np.divide(columns[4], columns[5], out=np.full(edges2.size, np.nan), where=columns[5] > 0)
    return PairSums(CrossSums(*columns[:4]), np.degrees(np.sqrt(ratio)), total[:, 6:].copy())


def whitening(sums: CrossSums, last: Optional[int] = None) -> np.ndarray:
    """Profile that gives every shell the same mean power.

    Parameters
    ----------
    sums
        Cross sums of two half-maps; both get the same profile.
    last
        Index of the last shell that is kept; all when not given.

    Returns
    -------
    ndarray
        ``sqrt(2 count / (power1 + power2))``, float64 [n_shells]; 0 beyond ``last``, and for the mean of the map.
    """
    power = sums.power1 + sums.power2
    profile = np.sqrt(np.divide(2 * sums.count, power, out=np.zeros_like(power), where=power > 0))
    profile[0] = 0
    if last is not None:
        profile[last + 1:] = 0
    return profile


def filtered(ft: np.ndarray, geo: Geometry, profile: np.ndarray, beyond: float = 0.0) -> np.ndarray:
    """Map of a transform whose shells are multiplied by a factor each.

    Parameters
    ----------
    ft
        Transform, complex64 [nz, ny, nx // 2 + 1]; overwritten.
    geo
        Shells of the box.
    profile
        The factors, float [n_shells], the same all over a shell.
    beyond
        Factor past the last shell.

    Returns
    -------
    ndarray
        float32 [z, y, x].
    """
    shell = np.arange(geo.n_shells)
    # apply_radial is linear between radii: two radii a hair inside each edge make it a step.
    at = np.stack([shell - 0.5 + 1e-7, shell + 0.5 - 1e-7], axis=1).ravel()
    return inverse(apply_radial(ft, geo, np.repeat(profile, 2), at=at, beyond=beyond, out=ft), geo.shape)


def soft_ball(shape: Tuple[int, int, int], voxel_size: Tuple[float, float, float], radius: float, edge: float) -> np.ndarray:
    """Transform of a soft ball around voxel 0 that sums to 1: a kernel for local averages.

    1 up to ``radius - edge``, a raised cosine down to 0 at ``radius``. Across the faces of the box it goes on at the other side.

    Parameters
    ----------
    shape
        Voxels of the map (nz, ny, nx).
    voxel_size
        Edges of a voxel (x, y, z) in Å.
    radius, edge
        Å.

    Returns
    -------
    ndarray
        complex64 [nz, ny, nx // 2 + 1].
    """
    axes = [np.minimum(np.arange(n), n - np.arange(n)).astype(np.float32) * v for n, v in zip(shape, voxel_size[::-1])]
    r = np.sqrt(axes[0][:, None, None] ** 2 + axes[1][None, :, None] ** 2 + axes[2][None, None, :] ** 2)
    t = np.clip((r - (radius - edge)) / max(edge, 1e-6), 0, 1)
    del r
    kernel = 0.5 + 0.5 * np.cos(np.pi * t)
    kernel[t >= 1] = 0
    kernel[0, 0, 0] = 1
    return forward(kernel / kernel.sum(dtype=np.float64))


def local_correlation(a: np.ndarray, b: np.ndarray, kernel: np.ndarray, floor: float = 1e-3) -> np.ndarray:
    """Correlation of two maps around every voxel, under a kernel.

    Parameters
    ----------
    a, b
        Maps, float32 [z, y, x].
    kernel
        Transform of the kernel, complex64 [nz, ny, nx // 2 + 1], of sum 1 (:func:`soft_ball`).
    floor
        Variances below this part of the largest are raised to it, so that empty space gets a value near 0.

    Returns
    -------
    ndarray
        float32 [z, y, x], -1 to 1.

    Notes
    -----
    ``c = (K*ab - K*a K*b) / sqrt((K*aa - (K*a)^2) (K*bb - (K*b)^2))`` with the convolution ``*``.
    Warshamanage et al. (2022), https://doi.org/10.1016/j.jsb.2021.107826.
    """
    def mean(data: np.ndarray) -> np.ndarray:
        ft = forward(data)
        ft *= kernel
        return inverse(ft, data.shape)

    mean_a, mean_b = mean(a), mean(b)
    out = mean(a * b)
    out -= mean_a * mean_b
    for data, average in ((a, mean_a), (b, mean_b)):
        variance = mean(data * data)
        variance -= average * average
        # Rounding can leave a variance of empty space below 0.
        np.maximum(variance, floor * max(float(variance.max()), 1e-30), out=variance)
        out /= np.sqrt(variance, out=variance)
    return np.clip(out, -1, 1, out=out)
