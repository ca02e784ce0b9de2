"""Masks: where they begin, how far they reach, how softly they end."""
from __future__ import annotations

from typing import Optional, Sequence, Tuple

import numpy as np
import scipy.ndimage

from .distance import squared_distance
from .filters import apply_radial, raised_cosine, sphere_transform
from .fourier import forward, geometry, inverse
from .jit import njit
from .threads import over_slabs, slabs

_NEIGHBOURS = np.ones((3, 3, 3), dtype=bool)


def lowpass(data: np.ndarray, voxel_size: Sequence[float], resolution: float, edge: float = 2.0) -> np.ndarray:
    """Map without what is finer than a resolution.

    Parameters
    ----------
    data
        Map, float32 [z, y, x].
    voxel_size
        Edges of a voxel (x, y, z) in Å.
    resolution
        Å.
    edge
        Width of the raised cosine in shells, as in RELION.

    Returns
    -------
    ndarray
        float32 [z, y, x].
    """
    geo = geometry(data.shape, voxel_size)
    centre = np.floor(geo.length / resolution + 0.5)
    at = np.arange(0, centre + edge, 1 / 256)               # fine, because the profile is linear in between
    ft = forward(data)
    apply_radial(ft, geo, raised_cosine(at, centre - edge / 2, centre + edge / 2), at=at, out=ft)
    return inverse(ft, data.shape)


def extend(binary: np.ndarray, distance: float, spacing: Sequence[float] = (1.0, 1.0, 1.0)) -> np.ndarray:
    """Mask grown by all voxels nearer than a distance to a set one; a negative distance shrinks it.

    Parameters
    ----------
    binary
        Mask, bool [z, y, x].
    distance
        In the unit of ``spacing``; the comparison is strict, as in RELION.
    spacing
        Distance between voxels along (x, y, z).

    Returns
    -------
    ndarray
        bool [z, y, x], a new array.
    """
    if distance == 0:
        return binary.copy()
    if distance > 0:
        return squared_distance(binary, spacing, distance) < distance ** 2
    # Shrinking is growing the outside, by the same strict comparison.
    return squared_distance(~binary, spacing, -distance) >= distance ** 2


def soft_edge(binary: np.ndarray, width: float, spacing: Sequence[float] = (1.0, 1.0, 1.0)) -> np.ndarray:
    """Mask with a cosine edge outside a binary one.

    Parameters
    ----------
    binary
        Mask, bool [z, y, x].
    width
        Width of the edge in the unit of ``spacing``; 0 gives a hard mask.
    spacing
        Distance between voxels along (x, y, z).

    Returns
    -------
    ndarray
        float32 [z, y, x]: 1 inside, ``0.5 + 0.5 cos(pi d / width)`` at the distance ``d`` from it, 0 from ``width`` on.
    """
    out = binary.astype(np.float32)
    if width > 0 and binary.any():
        square = squared_distance(binary, spacing, width)
        rim = (square > 0) & (square < width ** 2)
        out[rim] = 0.5 + 0.5 * np.cos(np.pi * np.sqrt(square[rim].astype(np.float64)) / width)
    return out


def components(binary: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """Connected components of a mask; voxels that share a corner (26 neighbours) are connected.

    Parameters
    ----------
    binary
        Mask, bool [z, y, x].

    Returns
    -------
    labels
        int32 [z, y, x]: 0 outside, 1 in the largest component, 2 in the next.
    sizes
        Voxels of each component, int64 [n], largest first.
    """
    labels, n = scipy.ndimage.label(binary, structure=_NEIGHBOURS)
    sizes = np.zeros(n + 1, dtype=np.int64)
    for a, b in slabs(len(labels)):                         # numpy makes 64-bit copies of indices: slabs keep them small
        sizes += np.bincount(labels[a:b].ravel(), minlength=n + 1)
    order = np.argsort(-sizes[1:], kind="stable")
    rank = np.zeros(n + 1, dtype=np.int32)
    rank[order + 1] = np.arange(1, n + 1)
    for plane in labels:
        plane[...] = rank[plane]
    return labels, sizes[1:][order]


def fill_cavities(binary: np.ndarray) -> np.ndarray:
    """Mask with the holes filled that do not reach the edge of the box.

    Parameters
    ----------
    binary
        Mask, bool [z, y, x].

    Returns
    -------
    ndarray
        bool [z, y, x].
    """
    # The outside is joined through faces only: a wall that touches at corners still holds water.
    labels, _ = scipy.ndimage.label(~binary)
    faces = [labels[0], labels[-1], labels[:, 0], labels[:, -1], labels[:, :, 0], labels[:, :, -1]]
    outside = np.zeros(labels.max() + 1, dtype=bool)
    for face in faces:
        outside[np.unique(face)] = True
    outside[0] = False
    return np.stack([~outside[plane] for plane in labels])


@njit
def _balls_kernel(flags, z0, z1, centres, radii, spacing):
    _, ny, nx = flags.shape
    sx, sy, sz = spacing
    for i in range(radii.size):
        r = radii[i]
        cx, cy, cz = centres[i, 0] / sx, centres[i, 1] / sy, centres[i, 2] / sz
        for z in range(max(z0, int(np.ceil(cz - r / sz))), min(z1 - 1, int(np.floor(cz + r / sz))) + 1):
            left_z = r * r - ((z - cz) * sz) ** 2
            if left_z < 0:
                continue
            reach_y = np.sqrt(left_z) / sy
            for y in range(max(0, int(np.ceil(cy - reach_y))), min(ny - 1, int(np.floor(cy + reach_y))) + 1):
                left_y = left_z - ((y - cy) * sy) ** 2
                if left_y < 0:
                    continue
                reach_x = np.sqrt(left_y) / sx
                for x in range(max(0, int(np.ceil(cx - reach_x))), min(nx - 1, int(np.floor(cx + reach_x))) + 1):
                    flags[z, y, x] = 1


def atoms_mask(shape: Sequence[int], voxel_size: Sequence[float], origin: Sequence[float], xyz: np.ndarray, radius: np.ndarray,
               probe: float = 1.1, shrink: float = 0.9) -> np.ndarray:
    """Inside of the molecular surface: balls around atoms, made wider by a probe and then taken back.

    Parameters
    ----------
    shape
        Voxels of the box (nz, ny, nx).
    voxel_size, origin
        Edges of a voxel and place of voxel [0, 0, 0], (x, y, z) in Å.
    xyz
        Positions of the atoms, float [n, 3] (x, y, z) in Å.
    radius
        Radius of each atom in Å, float [n].
    probe
        Å added to each radius.
    shrink
        Å; a voxel nearer than this to the outside is outside.

    Returns
    -------
    ndarray
        bool [z, y, x].

    References
    ----------
    Jiang & Brünger (1994), https://doi.org/10.1006/jmbi.1994.1633.
    """
    flags = np.zeros(tuple(shape), np.uint8)
    centres = np.asarray(xyz, dtype=np.float64).reshape(-1, 3) - np.asarray(origin, dtype=np.float64)
    radii = np.broadcast_to(np.asarray(radius, dtype=np.float64) + probe, (len(centres),)).copy()
    spacing = np.asarray(voxel_size, dtype=np.float64)
    over_slabs(lambda a, b: _balls_kernel(flags, a, b, centres, radii, spacing), flags.shape[0])
    binary = flags.astype(bool)
    # Outside voxels are a whole voxel away: a smaller distance takes nothing off.
    if shrink > 0 and shrink > min(voxel_size) and not binary.all():
        binary = squared_distance(~binary, voxel_size, shrink) >= shrink ** 2
    return binary


def gaussian_soften(binary: np.ndarray, voxel_size: Sequence[float], sigma: float) -> np.ndarray:
    """Mask smoothed by a Gaussian.

    Parameters
    ----------
    binary
        Mask, bool [z, y, x].
    voxel_size
        Edges of a voxel (x, y, z) in Å.
    sigma
        Standard deviation in Å.

    Returns
    -------
    ndarray
        float32 [z, y, x]; negatives are set to 0.
    """
    geo = geometry(binary.shape, voxel_size)
    ft = forward(binary)
    # Up to the corners (at most sqrt(3) times the last shell of a cube), in steps that leave a Gaussian smooth.
    fine = np.arange(0, geo.n_shells * 2, 0.25)
    apply_radial(ft, geo, np.exp(-2 * (np.pi * sigma * fine / geo.length) ** 2), at=fine, out=ft)
    out = inverse(ft, binary.shape)
    return np.maximum(out, 0, out=out)


def local_variance(data: np.ndarray, voxel_size: Sequence[float], resolution: float) -> np.ndarray:
    """Variance of a map around each voxel, in a ball of radius twice a resolution.

    Parameters
    ----------
    data
        Map, float32 [z, y, x].
    voxel_size
        Edges of a voxel (x, y, z) in Å.
    resolution
        Å. Only the coefficients up to it are kept, as Phenix does.

    Returns
    -------
    ndarray
        Mean of ``(rho - mean)^2``, float32 [z, y, x]; ``mean`` is that of the whole map.
    """
    geo = geometry(data.shape, voxel_size)
    ft = forward((data - np.float32(data.mean(dtype=np.float64))) ** 2)
    # No radius past the resolution: apply_radial makes 0 of what lies beyond.
    at = np.arange(0, min(geo.length / resolution, 2 * geo.n_shells), 0.125)
    profile = sphere_transform(2 * np.pi * at / geo.length * 2 * resolution)
    return inverse(apply_radial(ft, geo, profile, at=at, out=ft), data.shape)


def local_variance_mask(data: np.ndarray, voxel_size: Sequence[float], resolution: float, fraction: float = 0.05) -> np.ndarray:
    """Where the local variance of a map is high.

    Parameters
    ----------
    data
        Map, float32 [z, y, x].
    voxel_size
        Edges of a voxel (x, y, z) in Å.
    resolution
        Å; see :func:`local_variance`.
    fraction
        Part of the largest variance that a voxel must reach.

    Returns
    -------
    ndarray
        bool [z, y, x].

    References
    ----------
    Terwilliger et al. (2018), https://doi.org/10.1107/S2059798318004655.
    """
    variance = local_variance(data, voxel_size, resolution)
    return variance >= fraction * float(variance.max())


def ball(shape: Sequence[int], voxel_size: Sequence[float], radius: float, centre: Optional[Sequence[float]] = None) -> np.ndarray:
    """Voxels within a radius of a point.

    Parameters
    ----------
    shape
        Voxels of the box (nz, ny, nx).
    voxel_size
        Edges of a voxel (x, y, z) in Å.
    radius
        Å.
    centre
        The point (x, y, z) in Å from the first voxel; None for the middle of the box, voxel ``n // 2`` of each axis.

    Returns
    -------
    ndarray
        bool [z, y, x].
    """
    middle = [n // 2 * v for n, v in zip(shape[::-1], voxel_size)] if centre is None else list(centre)
    z, y, x = ((np.arange(n) * v - c) ** 2 for n, v, c in zip(shape, list(voxel_size)[::-1], middle[::-1]))
    return z[:, None, None] + y[None, :, None] + x[None, None, :] <= radius ** 2
