"""Conformers laid on residues: how well the map around each residue correlates with what every conformer would look like."""
from __future__ import annotations

from typing import NamedTuple, Optional, Sequence, Tuple

import numpy as np

from . import filters, fourier, shells
from .fourier import Geometry
from .jit import njit
from .threads import over_slabs

_PLATEAU = 300.0                      # signal over noise of half-maps at low resolution
_THRESHOLD = 0.143                    # of their FSC at the resolution
_LOW = (1 / 14, 0.006)                # 1/Å, where the high-pass stands at one half, and its width
_STEP = 0.9                           # Å between the points
_REACH = 1.6                          # Å from an atom of a conformer
_BLOCKED = 1.9                        # Å from an atom that is known to be there, in which points do not count
_IMAGE_STEP = 0.02                    # Å, of the image of an atom
_IMAGE_WAVES = 201                    # of its integral over frequencies
_BLOCK = 64                           # residues whose densities are held at once


class Templates(NamedTuple):
    """What conformers look like: ``points`` float64 [n_points, 3] in Å in the frame of the residue, ``values`` float32 [n_points, n] of
    each conformer there, ``kind`` int64 [n] its type, counted from 0 to below ``n_kinds``."""

    points: np.ndarray
    values: np.ndarray
    kind: np.ndarray
    n_kinds: int


class BestFit(NamedTuple):
    """Of each type on each residue: ``cc`` float64 [n_residues, n_kinds], the best correlation, 0 for types that have no atoms;
    ``which`` int64 the same, the conformer that it is of, -1 for none; ``counted`` int64 [n_residues] points that counted."""

    cc: np.ndarray
    which: np.ndarray
    counted: np.ndarray


def weight(freq: np.ndarray, resolution: float) -> np.ndarray:
    """How much of a whitened map is signal.

    Parameters
    ----------
    freq
        Frequencies in 1/Å, float64 [n].
    resolution
        Where the FSC of half-maps falls below 0.143, in Å.

    Returns
    -------
    ndarray
        ``sqrt(2 F / (1 + F))`` float64 [n], ``F = SNR / (1 + SNR)``, ``SNR = 300 exp(-k s²)`` with ``F(1 / resolution) = 0.143``.

    References
    ----------
    Rosenthal & Henderson (2003), https://doi.org/10.1016/j.jmb.2003.07.013 (the curve of a full map from that of its half-maps).
    """
    fall = np.log(_PLATEAU * (1 - _THRESHOLD) / _THRESHOLD) * resolution ** 2
    snr = _PLATEAU * np.exp(-fall * np.asarray(freq, dtype=np.float64) ** 2)
    return np.sqrt(2 * snr / (1 + 2 * snr))


def prepare(ft: np.ndarray, geo: Geometry, resolution: float, inside: Optional[np.ndarray] = None) -> np.ndarray:
    """A map whitened, weighted and without its lowest frequencies, as the coefficients of cubic B-splines.

    Parameters
    ----------
    ft
        Its transform, complex64 [nz, ny, nx // 2 + 1].
    geo
        Shells of the box, with ``length`` in Å.
    resolution
        In Å.
    inside
        Transform of the map in a mask around the model, complex64 like ``ft``, whose shells tell the power; that of the whole box, with the
        noise of its solvent, when None.

    Returns
    -------
    ndarray
        float32 [nz, ny, nx]; the splines run round the faces of the box.

    References
    ----------
    Unser, Aldroubi & Eden (1993), https://doi.org/10.1109/78.193220 (splines).
    """
    power, _, count = shells.power_sums(ft if inside is None else inside, geo)
    mean = power / np.maximum(count, 1)
    freq = fourier.frequencies(geo)
    profile = weight(freq, resolution) / (1 + np.exp(-(freq - _LOW[0]) / _LOW[1]))
    profile = np.divide(profile, np.sqrt(mean), out=np.zeros_like(profile), where=mean > 1e-12 * mean[1:].max(initial=1e-300))
    profile[0] = 0.0
    out = filters.apply_radial(ft, geo, profile)
    for axis, n in enumerate(geo.shape):
        wave = np.fft.rfftfreq(n) if axis == 2 else np.fft.fftfreq(n)
        spline = (3 / (2 + np.cos(2 * np.pi * wave))).astype(np.float32)
        out *= spline.reshape([-1 if a == axis else 1 for a in range(3)])
    return fourier.inverse(out, geo.shape)


def grid_points(atoms: np.ndarray) -> np.ndarray:
    """Points at which conformers are compared.

    Parameters
    ----------
    atoms
        Positions of all atoms of all conformers, float64 [n, 3] in Å.

    Returns
    -------
    ndarray
        float64 [n_points, 3]: of a grid of 0.9 Å, within 1.6 Å of an atom.
    """
    from scipy.spatial import cKDTree
    low, high = atoms.min(axis=0) - _REACH, atoms.max(axis=0) + _REACH
    axes = [np.arange(np.floor(a / _STEP), np.ceil(b / _STEP) + 1) * _STEP for a, b in zip(low, high)]
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    return np.ascontiguousarray(grid[cKDTree(atoms).query(grid)[0] <= _REACH])


def image(radius: np.ndarray, resolution: float) -> np.ndarray:
    """Image of a point in a map of a resolution, whitened and weighted as :func:`prepare` does.

    Parameters
    ----------
    radius
        Distances in Å, float64 of any shape.
    resolution
        In Å.

    Returns
    -------
    ndarray
        ``4 pi int w(s)^2 s^2 sin(2 pi s r) / (2 pi s r) ds`` of the shape of ``radius``, 1 at distance 0.
    """
    freq = np.linspace(0, 2 / resolution, _IMAGE_WAVES)
    power = weight(freq, resolution) ** 2 * freq ** 2
    return np.sinc(2 * np.asarray(radius, dtype=np.float64)[..., None] * freq) @ (power / power.sum())


def templates(atoms: np.ndarray, charge: np.ndarray, starts: np.ndarray, kind: np.ndarray, n_kinds: int, points: np.ndarray,
              resolution: float) -> Templates:
    """What conformers look like in a map of a resolution.

    Parameters
    ----------
    atoms, charge
        Positions float64 [n_atoms, 3] in Å in the frame of the residue, and what each scatters, float64 [n_atoms].
    starts
        Where each conformer begins in them, int64 [n + 1].
    kind
        Type of each conformer, int64 [n], in order.
    n_kinds
        Number of types.
    points
        Where they are compared, float64 [n_points, 3].
    resolution
        In Å.

    Returns
    -------
    Templates
        Conformers without atoms are 0 everywhere.
    """
    values = np.zeros((len(points), len(kind)), dtype=np.float32)
    farthest = float(np.linalg.norm(points, axis=1).max() + np.linalg.norm(atoms, axis=1).max())
    radius = np.arange(0, farthest + _IMAGE_STEP, _IMAGE_STEP)
    table = image(radius, resolution)
    for i, (a, b) in enumerate(zip(starts[:-1], starts[1:])):
        if b > a:
            apart = np.linalg.norm(points[:, None] - atoms[None, a:b], axis=2)
            values[:, i] = np.interp(apart, radius, table) @ charge[a:b]
    return Templates(np.ascontiguousarray(points, dtype=np.float64), values, np.asarray(kind, dtype=np.int64), n_kinds)


@njit
def _spline_at(coefficients, x, y, z):
    """A spline at a place in voxels; NaN outside of the box."""
    nz, ny, nx = coefficients.shape
    if not (x >= 0 and y >= 0 and z >= 0 and x <= nx - 1 and y <= ny - 1 and z <= nz - 1):
        return np.nan
    ix, iy, iz = int(x), int(y), int(z)
    tx, ty, tz = x - ix, y - iy, z - iz
    ux, uy, uz = 1 - tx, 1 - ty, 1 - tz
    wx = (ux * ux * ux, 4 - 3 * tx * tx * (1 + ux), 4 - 3 * ux * ux * (1 + tx), tx * tx * tx)
    wy = (uy * uy * uy, 4 - 3 * ty * ty * (1 + uy), 4 - 3 * uy * uy * (1 + ty), ty * ty * ty)
    wz = (uz * uz * uz, 4 - 3 * tz * tz * (1 + uz), 4 - 3 * uz * uz * (1 + tz), tz * tz * tz)
    total = 0.0
    for k in range(4):
        for j in range(4):
            line = 0.0
            for i in range(4):
                line += wx[i] * coefficients[(iz + k - 1) % nz, (iy + j - 1) % ny, (ix + i - 1) % nx]
            total += wz[k] * wy[j] * line
    return total / 216


@njit
def _values_kernel(coefficients, spacing, position, out):
    for i in range(position.shape[0]):
        out[i] = _spline_at(coefficients, position[i, 0] / spacing[0], position[i, 1] / spacing[1], position[i, 2] / spacing[2])


def values_at(coefficients: np.ndarray, voxel_size: Sequence[float], position: np.ndarray) -> np.ndarray:
    """A prepared map at given places.

    Parameters
    ----------
    coefficients
        Of :func:`prepare`, float32 [z, y, x].
    voxel_size
        Edges of a voxel (x, y, z) in Å.
    position
        float64 [n, 3] (x, y, z) in Å from the centre of the first voxel.

    Returns
    -------
    ndarray
        float64 [n]; NaN outside of the box.
    """
    out = np.empty(len(position))
    _values_kernel(coefficients, np.asarray(voxel_size, dtype=np.float64), np.ascontiguousarray(position, dtype=np.float64), out)
    return out


@njit
def _gather_kernel(coefficients, spacing, ca, turn, points, blockers, block_starts, blocked, r0, r1, out):
    """Density of the residues ``r0`` to ``r1`` at the points; NaN where a point does not count."""
    for r in range(r0, r1):
        for p in range(points.shape[0]):
            x = ca[r, 0] + turn[r, 0, 0] * points[p, 0] + turn[r, 1, 0] * points[p, 1] + turn[r, 2, 0] * points[p, 2]
            y = ca[r, 1] + turn[r, 0, 1] * points[p, 0] + turn[r, 1, 1] * points[p, 1] + turn[r, 2, 1] * points[p, 2]
            z = ca[r, 2] + turn[r, 0, 2] * points[p, 0] + turn[r, 1, 2] * points[p, 1] + turn[r, 2, 2] * points[p, 2]
            free = True
            for b in range(block_starts[r], block_starts[r + 1]):
                if (x - blockers[b, 0]) ** 2 + (y - blockers[b, 1]) ** 2 + (z - blockers[b, 2]) ** 2 < blocked * blocked:
                    free = False
                    break
            out[r - r0, p] = _spline_at(coefficients, x / spacing[0], y / spacing[1], z / spacing[2]) if free else np.nan


@njit
def _fit_kernel(density, values, kind, r0, cc, which, counted):
    """The best correlation of each type with the densities of the residues from ``r0`` on."""
    n = kind.size
    sum1, sum2, both = np.empty(n, np.float32), np.empty(n, np.float32), np.empty(n, np.float32)
    for r in range(density.shape[0]):
        count, mean = 0, 0.0
        for p in range(density.shape[1]):
            if not np.isnan(density[r, p]):
                count += 1
                mean += density[r, p]
        counted[r0 + r] = count
        if count < 2:
            continue
        mean /= count
        power = 0.0
        sum1[:], sum2[:], both[:] = 0, 0, 0
        for p in range(density.shape[1]):
            if np.isnan(density[r, p]):
                continue
            d = np.float32(density[r, p] - mean)
            power += d * d
            # Sums of all conformers grow side by side: the compiler may do eight at once without changing their order.
            for t in range(n):
                v = values[p, t]
                sum1[t] += v
                sum2[t] += v * v
                both[t] += v * d
        for t in range(n):
            spread = sum2[t] - np.float64(sum1[t]) * sum1[t] / count
            if spread > 1e-5 * sum2[t] and power > 0:
                found = both[t] / np.sqrt(spread * power)
                if which[r0 + r, kind[t]] < 0 or found > cc[r0 + r, kind[t]]:
                    cc[r0 + r, kind[t]] = found
                    which[r0 + r, kind[t]] = t


def best_fit(coefficients: np.ndarray, voxel_size: Sequence[float], ca: np.ndarray, turn: np.ndarray, shapes: Templates,
             others: np.ndarray, owner: np.ndarray) -> BestFit:
    """The best correlation of each type with the map around each residue.

    Parameters
    ----------
    coefficients
        Of :func:`prepare`, float32 [z, y, x].
    voxel_size
        Edges of a voxel (x, y, z) in Å.
    ca, turn
        Origins of the frames, float64 [n, 3] (x, y, z) in Å from the centre of the first voxel, and the frames, float64 [n, 3, 3].
    shapes
        The conformers.
    others
        Atoms that are known to be there, float64 [n_others, 3] as ``ca``: points within 1.9 Å of one of another residue do not count.
    owner
        The residue, among the ``n``, that each of them belongs to, int64 [n_others]; -1 for none.

    Returns
    -------
    BestFit
        Of the points inside of the box. Their correlation with a conformer, ``sum (T - <T>) (D - <D>) / sqrt(sum (T - <T>)^2 sum (D -
        <D>)^2)``, does not depend on the scale and the level of the map.
    """
    ca, turn = np.ascontiguousarray(ca, dtype=np.float64), np.ascontiguousarray(turn, dtype=np.float64)
    near, starts = _blockers(ca, turn, shapes.points, np.asarray(others, dtype=np.float64).reshape(-1, 3), np.asarray(owner))
    spacing, n = np.asarray(voxel_size, dtype=np.float64), len(ca)
    cc, which = np.zeros((n, shapes.n_kinds)), np.full((n, shapes.n_kinds), -1, dtype=np.int64)
    counted = np.zeros(n, dtype=np.int64)

    def work(start: int, stop: int) -> None:
        for a in range(start, stop, _BLOCK):
            b = min(a + _BLOCK, stop)
            density = np.empty((b - a, len(shapes.points)), dtype=np.float32)
            _gather_kernel(coefficients, spacing, ca, turn, shapes.points, near, starts, _BLOCKED, a, b, density)
            _fit_kernel(density, shapes.values, shapes.kind, a, cc, which, counted)

    over_slabs(work, n)
    return BestFit(cc, which, counted)


def _blockers(ca: np.ndarray, turn: np.ndarray, points: np.ndarray, others: np.ndarray, owner: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """Atoms of other residues near the points of each, float64 [n, 3], and where those of each begin, int64 [n_residues + 1]."""
    from scipy.spatial import cKDTree
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    reach = float(np.linalg.norm(points - middle, axis=1).max()) + _BLOCKED
    if not len(others) or not len(ca):
        return np.zeros((0, 3)), np.zeros(len(ca) + 1, dtype=np.int64)
    found = cKDTree(others).query_ball_point(ca + np.einsum("i,nij->nj", middle, turn), reach, return_sorted=True)
    lists = [np.array(f, dtype=np.int64) for f in found]
    lists = [f[owner[f] != r] for r, f in enumerate(lists)]
    starts = np.concatenate(([0], np.cumsum([len(f) for f in lists]))).astype(np.int64)
    return np.ascontiguousarray(others[np.concatenate(lists)]), starts
