"""Maps under rotations and shifts: whitened bands of resolution, and how far one map correlates with a turned copy of another.

Positions are x, y, z in Å from the centre of the first voxel of the whole map. Outside its mask a map is zero.
"""
from __future__ import annotations

from typing import NamedTuple, Optional, Sequence, Tuple

import numpy as np
import scipy.fft

from . import shells
from .fourier import Geometry, forward, geometry, inverse
from .jit import njit
from .symmetry_copies import _moved, _weights, coefficients
from .threads import over_slabs

_MARGIN = 8.0                         # Å of box kept around the mask
_OUTSIDE = 0.05                       # of a mask, below which the solvent lies
_THRESHOLD, _FIRST = 0.143, 2         # the resolution is where the FSC falls below this, after this shell
_FINEST, _SINGLE = 2.2, 3.0           # voxels: never finer, and taken as the resolution of a map without half-maps
_EDGE = 0.5                           # shells: width of the edge of a band
_SAMPLING = 3.0                       # voxels in the finest detail of a band
_SAMPLE = 200000                      # voxels of the solvent from which its level is taken
_FLAT = 1e-9                          # of the mean square, below which a variance is rounding
_SUMS = 3


class Prepared(NamedTuple):
    """A pair of half-maps, cut out and masked, from which bands are made.

    ``transforms`` of the two, complex64 (one array twice for a single map); ``geo`` their shells, ``voxel`` edges and ``origin``
    position of the first voxel of the cut-out box (x, y, z in Å); ``mask`` float32 [z, y, x] of that box; ``fsc`` float64 [n_shells];
    ``resolution`` in Å; ``centre`` of the mass in the mask (x, y, z in Å), ``radius`` the root mean square and ``reach`` the 99th
    percentile of the distances of the mask from it; ``middle`` the centre of the mask itself.
    """

    transforms: Tuple[np.ndarray, np.ndarray]
    geo: Geometry
    voxel: Tuple[float, float, float]
    origin: np.ndarray
    mask: np.ndarray
    fsc: np.ndarray
    resolution: float
    centre: np.ndarray
    radius: float
    reach: float
    middle: np.ndarray


class Volume(NamedTuple):
    """A map that is read between its voxels: ``data`` and its spline coefficients ``splines``, float32 [z, y, x], edges of a voxel
    ``voxel`` and place of the first voxel ``origin``, (x, y, z) in Å."""

    data: np.ndarray
    splines: np.ndarray
    voxel: np.ndarray
    origin: np.ndarray


class Band(NamedTuple):
    """Both half-maps between two resolutions (Å), each coefficient weighted by the root of the FSC over the root mean square of its
    shell."""

    one: Volume
    two: Volume
    coarse: float
    fine: float


def prepare(one: np.ndarray, two: Optional[np.ndarray], mask: np.ndarray, voxel_size: Sequence[float],
            resolution: Optional[float] = None) -> Prepared:
    """Half-maps, or one map, cut out around a mask and transformed.

    Parameters
    ----------
    one, two
        Half-map 1 and 2, float32 [z, y, x]; None as ``two`` for a single map, whose FSC is taken as 1.
    mask
        Where the molecule is, float32 [z, y, x], 0 to 1, somewhere above 0.5.
    voxel_size
        Edges of a voxel (x, y, z) in Å.
    resolution
        In Å; by default where the FSC in the mask falls below 0.143, and 3 voxels for a single map. Never finer than 2.2 voxels.

    Returns
    -------
    Prepared
        The level of the solvent is subtracted before the mask is applied: a mean times the mask would outweigh the noise at high
        frequencies.
    """
    size = np.asarray(voxel_size, dtype=np.float64)
    maps = [one] if two is None else [one, two]
    centre, radius, reach, middle = _extent(maps, mask, size)
    cut, origin = _cut(mask, size)
    inside = np.ascontiguousarray(mask[cut], dtype=np.float32)
    fts = [forward((m[cut] - np.float32(_solvent(m, mask))) * inside) for m in maps]
    geo = geometry(inside.shape, voxel_size)
    fsc = np.ones(geo.n_shells) if two is None else np.nan_to_num(shells.fsc(shells.cross_sums(fts[0], fts[1], geo)))
    found = resolution or (_SINGLE * size.max() if two is None else _where_lost(fsc, geo))
    return Prepared((fts[0], fts[-1]), geo, (float(size[0]), float(size[1]), float(size[2])), origin, inside, fsc,
                    float(max(found, _FINEST * size.max())), centre, radius, reach, middle)


def _extent(maps: Sequence[np.ndarray], mask: np.ndarray, size: np.ndarray) -> Tuple[np.ndarray, float, float, np.ndarray]:
    """Centre of the positive density in the mask (x, y, z in Å), root mean square and 99th percentile of the distances from it, and the
    centre of the mask."""
    at = np.nonzero(mask > 0.5)
    weight = np.zeros(len(at[0]))
    for m in maps:
        values = m[at].astype(np.float64) - _solvent(m, mask)
        weight += values / max(float(values.std()), 1e-30)
    weight = np.maximum(weight, 0)
    xyz = np.stack(at[::-1], axis=1) * size
    centre = np.average(xyz, axis=0, weights=weight if weight.sum() > 0 else None)
    away = ((xyz - centre) ** 2).sum(axis=1)
    return centre, float(np.sqrt(away.mean())), float(np.sqrt(np.percentile(away, 99))), xyz.mean(axis=0)


def _cut(mask: np.ndarray, size: np.ndarray) -> Tuple[Tuple[slice, ...], np.ndarray]:
    """The box of the mask with a margin, of edges that transform fast, and where its first voxel lies (x, y, z in Å)."""
    ranges = []
    for axis, n in enumerate(mask.shape):
        there = np.flatnonzero(np.any(mask > _OUTSIDE, axis=tuple(a for a in range(3) if a != axis)))
        margin = int(np.ceil(_MARGIN / size[2 - axis]))
        start, stop = max(int(there[0]) - margin, 0), min(int(there[-1]) + 1 + margin, n)
        wanted = min(scipy.fft.next_fast_len(stop - start, real=True), n)
        start = max(min(start, n - wanted), 0)
        ranges.append(slice(start, start + wanted))
    return tuple(ranges), np.array([r.start for r in ranges[::-1]]) * size


def _solvent(data: np.ndarray, mask: np.ndarray) -> float:
    """Level of a map outside of its mask; 0 where the mask fills the box."""
    outside = data[mask < _OUTSIDE]
    return float(np.median(outside[::max(len(outside) // _SAMPLE, 1)])) if outside.size else 0.0


def _where_lost(fsc: np.ndarray, geo: Geometry) -> float:
    below = np.flatnonzero(fsc[_FIRST + 1:] < _THRESHOLD)
    return geo.length / (below[0] + _FIRST + 1 if below.size else geo.n_shells - 1)


def band(prepared: Prepared, coarse: float, fine: float) -> Band:
    """Both half-maps between two resolutions, whitened and on the coarsest grid that holds them.

    Parameters
    ----------
    prepared
        Of :func:`prepare`.
    coarse, fine
        Ends of the band in Å. The finer one sets the grid: a third of it, or the voxels that the map has.

    Returns
    -------
    Band
        Coefficients times ``sqrt(FSC) / rms`` of their shell, with edges of half a shell.
    """
    window = _window(prepared.geo, coarse, fine) * np.sqrt(np.clip(prepared.fsc, 0, 1))
    one, two = prepared.transforms
    made = [_volume(prepared, ft, window, fine) for ft in ([one] if one is two else [one, two])]
    return Band(made[0], made[-1], float(coarse), float(fine))


def noise(prepared: Prepared, coarse: float, fine: float) -> Volume:
    """The difference of the half-maps between two resolutions, whitened.

    Parameters
    ----------
    prepared
        Of :func:`prepare`, of two half-maps.
    coarse, fine
        Ends of the band in Å.

    Returns
    -------
    Volume
        Noise alone, where the half-maps are two measurements of one molecule.
    """
    return _volume(prepared, prepared.transforms[0] - prepared.transforms[1], _window(prepared.geo, coarse, fine), fine)


def _window(geo: Geometry, coarse: float, fine: float) -> np.ndarray:
    rows = np.arange(geo.n_shells)
    return 0.5 * (np.tanh((rows - geo.length / coarse) / _EDGE) - np.tanh((rows - geo.length / fine) / _EDGE))


def _band_size(n: int, voxel: float, fine: float) -> int:
    return min(int(scipy.fft.next_fast_len(int(np.ceil(n * voxel * _SAMPLING / fine)), real=True)), n)


def _volume(prepared: Prepared, ft: np.ndarray, window: np.ndarray, fine: float) -> Volume:
    """One map in a window of shells, with an even spectrum, on a grid for detail of ``fine`` Å."""
    geo = prepared.geo
    sizes = [_band_size(n, v, fine) for n, v in zip(geo.shape, prepared.voxel[::-1])]
    kept = [np.arange(-((m - 1) // 2), (m - 1) // 2 + 1) for m in sizes[:2]] + [np.arange((sizes[2] - 1) // 2 + 1)]
    out = np.zeros((sizes[0], sizes[1], sizes[2] // 2 + 1), dtype=np.complex64)
    out[np.ix_(*kept)] = ft[np.ix_(*kept)]
    indices = [np.fft.fftfreq(m, 1 / m) * s for m, s in zip(sizes[:2], geo.steps)] + [np.arange(out.shape[2]) * geo.steps[2]]
    across = indices[1][:, None] ** 2 + indices[2][None, :] ** 2
    twice = np.where(np.arange(out.shape[2]) > 0, 2.0, 1.0)
    shell, sums = np.empty(out.shape, dtype=np.int16), np.zeros((2, geo.n_shells))
    for z, plane in enumerate(out):                          # plane by plane: index arrays of a whole box take more than the maps
        rows = (np.sqrt(indices[0][z] ** 2 + across) + 0.5).astype(np.int16)
        rows[rows >= geo.n_shells] = 0                       # index 0 has no weight
        shell[z] = rows
        weights = np.broadcast_to(twice, rows.shape)
        sums[0] += np.bincount(rows.ravel(), weights=weights.ravel(), minlength=geo.n_shells)
        sums[1] += np.bincount(rows.ravel(), weights=(weights * (plane.real ** 2 + plane.imag ** 2)).ravel(), minlength=geo.n_shells)
    gain = np.where(sums[1] > 0, window * np.sqrt(sums[0] / np.where(sums[1] > 0, sums[1], 1)), 0).astype(np.float32)
    gain[0] = 0
    for z, plane in enumerate(out):
        plane *= gain[shell[z]]
    del shell
    data = inverse(out, sizes)
    data *= np.float32(np.prod(sizes))
    del out
    voxel = np.array([n * v / m for n, v, m in zip(geo.shape, prepared.voxel[::-1], sizes)])[::-1]
    return Volume(data, coefficients(data), np.ascontiguousarray(voxel), prepared.origin)


def points(prepared: Prepared, count: int, seed: int = 0) -> np.ndarray:
    """Random places in the mask.

    Parameters
    ----------
    prepared
        Of :func:`prepare`.
    count
        How many, at most.
    seed
        Of the draw.

    Returns
    -------
    ndarray
        Centres of voxels where the mask is above 0.5 (x, y, z in Å), float64 [n, 3].
    """
    index = np.flatnonzero(prepared.mask > 0.5)
    if len(index) > count:
        index = np.sort(np.random.default_rng(seed).choice(index, count, replace=False))
    xyz = np.stack(np.unravel_index(index, prepared.mask.shape)[::-1], axis=1) * np.array(prepared.voxel)
    return np.ascontiguousarray(xyz + prepared.origin)


def about(rotations: np.ndarray, centre: np.ndarray, shift: Sequence[float] = (0.0, 0.0, 0.0)) -> np.ndarray:
    """Rotations about a point, and a shift after them, as operators.

    Parameters
    ----------
    rotations
        float64 [..., 3, 3].
    centre, shift
        The point and the shift (x, y, z) in Å, float64 [3] or [..., 3].

    Returns
    -------
    ndarray
        ``x' = R (x - centre) + centre + shift``, float64 [..., 3, 4].
    """
    middle = np.asarray(centre, dtype=np.float64)
    moved = middle + np.asarray(shift, dtype=np.float64) - np.einsum("...ij,...j->...i", rotations, middle)
    return np.concatenate([rotations, np.broadcast_to(moved, np.shape(rotations)[:-1])[..., None]], axis=-1)


@njit
def _linear_at(data, x, y, z):
    """A map at one place in voxels, by its eight neighbours; 0 outside of the box."""
    nz, ny, nx = data.shape
    ix, iy, iz = int(np.floor(x)), int(np.floor(y)), int(np.floor(z))
    if ix < 0 or iy < 0 or iz < 0 or ix > nx - 2 or iy > ny - 2 or iz > nz - 2:
        return np.float32(0)
    fx, fy, fz = np.float32(x - ix), np.float32(y - iy), np.float32(z - iz)
    a = data[iz, iy, ix] + fx * (data[iz, iy, ix + 1] - data[iz, iy, ix])
    b = data[iz, iy + 1, ix] + fx * (data[iz, iy + 1, ix + 1] - data[iz, iy + 1, ix])
    c = data[iz + 1, iy, ix] + fx * (data[iz + 1, iy, ix + 1] - data[iz + 1, iy, ix])
    d = data[iz + 1, iy + 1, ix] + fx * (data[iz + 1, iy + 1, ix + 1] - data[iz + 1, iy + 1, ix])
    low = a + fy * (b - a)
    return low + fz * (c + fy * (d - c) - low)


@njit
def _cubic_at(data, x, y, z):
    """A spline at one place in voxels; 0 outside of the box."""
    nz, ny, nx = data.shape
    if not (x >= 0 and y >= 0 and z >= 0 and x <= nx - 1 and y <= ny - 1 and z <= nz - 1):
        return np.float32(0)
    ix, iy, iz = int(np.floor(x)), int(np.floor(y)), int(np.floor(z))
    wx, wy, wz = _weights(np.float32(x - ix)), _weights(np.float32(y - iy)), _weights(np.float32(z - iz))
    x0, x1, x2, x3 = (ix - 1) % nx, ix % nx, (ix + 1) % nx, (ix + 2) % nx
    value = np.float32(0)
    for k in range(4):
        kz = (iz + k - 1) % nz
        for j in range(4):
            ky = (iy + j - 1) % ny
            value += wz[k] * wy[j] * (wx[0] * data[kz, ky, x0] + wx[1] * data[kz, ky, x1] + wx[2] * data[kz, ky, x2]
                                      + wx[3] * data[kz, ky, x3])
    return value * np.float32(1 / 216)


@njit
def _values_kernel(data, cubic, places, operator, p0, p1, out):
    for i in range(p0, p1):
        x, y, z = _moved(operator, places[i, 0], places[i, 1], places[i, 2])
        out[i] = _cubic_at(data, x, y, z) if cubic else _linear_at(data, x, y, z)


@njit
def _sums_kernel(data, cubic, places, first, operators, o0, o1, out):
    """For each operator the sum of the turned map, of its squares and of its products with the values of the first."""
    for o in range(o0, o1):
        a, b, c = 0.0, 0.0, 0.0
        for i in range(places.shape[0]):
            x, y, z = _moved(operators[o], places[i, 0], places[i, 1], places[i, 2])
            value = np.float64(_cubic_at(data, x, y, z) if cubic else _linear_at(data, x, y, z))
            a += value
            b += value * value
            c += value * first[i]
        out[o, 0], out[o, 1], out[o, 2] = a, b, c


def values_at(volume: Volume, places: np.ndarray, operator: Optional[np.ndarray] = None, *, cubic: bool = True) -> np.ndarray:
    """A map at places, or where an operator takes them.

    Parameters
    ----------
    volume
        The map.
    places
        x, y, z in Å, float64 [n, 3].
    operator
        ``x' = R x + t``, float64 [3, 4]; the identity by default.
    cubic
        Cubic splines; else the eight neighbours.

    Returns
    -------
    ndarray
        float32 [n], 0 outside of the box.
    """
    out = np.empty(len(places), dtype=np.float32)
    moved = _to_voxels(np.eye(3, 4) if operator is None else operator, volume)
    data, spots = volume.splines if cubic else volume.data, np.ascontiguousarray(places, dtype=np.float64)
    over_slabs(lambda a, b: _values_kernel(data, cubic, spots, moved, a, b, out), len(out))
    return out


def correlations(first: np.ndarray, volume: Volume, places: np.ndarray, operators: np.ndarray, *, cubic: bool = True) -> np.ndarray:
    """How far a map at places correlates with another one at the places that operators take them to.

    Parameters
    ----------
    first
        Values of the first map at ``places``, as of :func:`values_at`, float32 [n].
    volume
        The other map.
    places
        x, y, z in Å, float64 [n, 3].
    operators
        ``x' = R x + t``, float64 [m, 3, 4] or [3, 4].
    cubic
        Cubic splines; else the eight neighbours.

    Returns
    -------
    ndarray
        Pearson correlations over all places, float64 [m]; 0 where a map has one value.
    """
    moved = _to_voxels(np.reshape(operators, (-1, 3, 4)), volume)
    centred = np.ascontiguousarray(first, dtype=np.float64)
    centred = centred - centred.mean()
    data, spots = volume.splines if cubic else volume.data, np.ascontiguousarray(places, dtype=np.float64)
    sums = np.zeros((len(moved), _SUMS))
    over_slabs(lambda a, b: _sums_kernel(data, cubic, spots, centred, moved, a, b, sums), len(moved))
    own = sums[:, 1] - sums[:, 0] ** 2 / len(spots)
    varies = own > _FLAT * sums[:, 1]
    return np.where(varies, sums[:, 2] / np.sqrt(np.where(varies, own * float(centred @ centred), 1)), 0)


def _to_voxels(operators: np.ndarray, volume: Volume) -> np.ndarray:
    """Operators from places in Å to indices of a volume."""
    out = np.array(operators, dtype=np.float64)
    out[..., 3] -= volume.origin
    return np.ascontiguousarray(out / volume.voxel[:, None])
