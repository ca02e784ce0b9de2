"""Copies of a molecule under a group: was the symmetry imposed, where do copies differ, which voxels are of which copy."""
from __future__ import annotations

from typing import NamedTuple, Optional, Tuple

import numpy as np
import scipy.fft

from . import blur
from .masks import extend
from .pose_bands import Prepared, Volume, band, correlations, noise, points, prepare, values_at
from .symmetry_groups import Pose

IMPOSED, NOT_IMPOSED = 0.5, 0.1       # correlation of the noise with its copy, above and below which it is known
SURE, PART = 8.0, 0.005               # deviations, and part of the local power, from which copies differ
_PLACES, _FEWEST = 20000, 500
_FINE = 2.5                           # voxels: finest detail of the noise
_COARSE, _SHARE, _VOXELS, _SIGMA = 30.0, 1.3, 4.0, 4.0     # Å; of the resolution; voxels; Å
_AROUND = 15.0                        # Å from the mask, from which the solvent is without the molecule
_WELL = 0.9                           # of the mask, where copies are compared: at its edge a map is what the mask left
_DEEP = 0.5                           # part of the fullest windows that is inside of the mask, where differences are flagged
_FACE = 8.0                           # Å from a face of the box, where copies may be cut off
_FLAT = 0.5                           # part of the solvent of one value, above which it was masked
_ROUNDS, _SEEDS = 12, 24
_OTHERS = 12                          # copies whose mean one is compared with, at most


class Differences(NamedTuple):
    """Where a copy differs from the mean of the others.

    ``relative`` float32 [z, y, x] on the grid of the map, part of the local power, 0 outside of the mask; ``significance`` its height in
    standard deviations of noise, of the same grid; ``resolution`` of the detail that is compared (Å).
    """

    relative: np.ndarray
    significance: np.ndarray
    resolution: float

    @property
    def flagged(self) -> np.ndarray:
        """Where copies differ, bool [z, y, x]."""
        return (self.significance > SURE) & (self.relative > PART)


def noise_repeats(prepared: Prepared, pose: Pose, coarse: float) -> np.ndarray:
    """Correlation of the noise of the half-maps with its copy by each operator.

    Parameters
    ----------
    prepared
        Two half-maps.
    pose
        The group.
    coarse
        Detail (Å) from which on noise is compared; places that an operator moves by less are left out.

    Returns
    -------
    ndarray
        float64 [n - 1]: near 1 where the symmetry was imposed, near 0 where not; NaN where too few places move.
    """
    return repeats(noise(prepared, coarse, _FINE * max(prepared.voxel)), points(prepared, _PLACES, 5), pose.operators[1:], coarse)


def solvent_repeats(data: np.ndarray, mask: np.ndarray, voxel_size: Tuple[float, float, float], pose: Pose, coarse: float
                    ) -> Optional[np.ndarray]:
    """As :func:`noise_repeats`, from the noise around the molecule in a single map.

    Parameters
    ----------
    data, mask
        The map and where its molecule is, float32 [z, y, x].
    voxel_size
        Edges of a voxel (x, y, z) in Å.
    pose, coarse
        As there.

    Returns
    -------
    ndarray or None
        float64 [n - 1]; None where there is no solvent in the ball of the box, or it was masked.
    """
    spacing = tuple(voxel_size[::-1])
    away = ~extend(mask > 0.5, _AROUND, spacing)
    axes = [(np.arange(n) * v - c) for n, v, c in zip(data.shape, spacing, pose.centre[::-1])]
    within = min(min(-a[0], a[-1]) for a in axes)
    region = away & (axes[0][:, None, None] ** 2 + axes[1][None, :, None] ** 2 + axes[2][None, None, :] ** 2 < within ** 2)
    values = data[region]
    if values.size < _FEWEST or np.mean(values == np.median(values)) > _FLAT:
        return None
    soft = np.clip(2 * blur.gaussian(region.astype(np.float32), voxel_size, 2 * max(voxel_size)) - 1, 0, 1)
    zero = np.zeros_like(soft)
    made = prepare(data - np.float32(np.median(values)), zero, soft, voxel_size)
    return repeats(noise(made, coarse, _FINE * max(voxel_size)), points(made, _PLACES, 5), pose.operators[1:], coarse)


def repeats(volume: Volume, places: np.ndarray, operators: np.ndarray, least: float) -> np.ndarray:
    """Correlation of noise with its copy by operators.

    Parameters
    ----------
    volume
        The noise.
    places
        Where it is compared (x, y, z in Å), float64 [n, 3].
    operators
        ``x' = R x + t`` in Å, float64 [m, 3, 4].
    least
        Å: places that an operator moves by less are left out.

    Returns
    -------
    ndarray
        float64 [m]; NaN where fewer than 500 places move.
    """
    first = values_at(volume, places)
    out = np.full(len(operators), np.nan)
    for i, operator in enumerate(operators):
        moved = places @ operator[:, :3].T + operator[:, 3]
        used = ((moved - places) ** 2).sum(axis=1) > least ** 2
        if np.count_nonzero(used) >= _FEWEST:
            out[i] = correlations(first[used], volume, places[used], operator)[0]
    return out


def differences(prepared: Prepared, pose: Pose, shape: Tuple[int, ...]) -> Differences:
    """Where a copy differs from the mean of the others in both half-maps alike.

    Parameters
    ----------
    prepared
        Two half-maps.
    pose
        The group.
    shape
        Voxels of the map (z, y, x).

    Returns
    -------
    Differences
        With ``D_i(x) = h_i(x) - mean_g h_i(g x)`` of both half-maps: ``G * (D_1 D_2)`` over ``G * (h_1 h_2)``, ``G`` a Gaussian window.
        Half-maps are compared from 30 Å to 1.3 of the resolution, 4 voxels at the finest, each shell as strong as it is sure.
    """
    fine = max(_SHARE * prepared.resolution, _VOXELS * max(prepared.voxel))
    pair = band(prepared, max(_COARSE, 2 * fine), fine)
    mask = _inside(prepared, pair.one)
    flat = np.flatnonzero(mask > _WELL)
    places = np.stack(np.unravel_index(flat, mask.shape)[::-1], axis=1) * pair.one.voxel + pair.one.origin
    gaps = [_gap(v, places, flat, mask, pose) for v in (pair.one, pair.two)]
    grid = pair.one.data.shape
    voxel = tuple(float(v) for v in pair.one.voxel)
    sigma = max(fine, _SIGMA)

    def around(values: np.ndarray) -> np.ndarray:
        full = np.zeros(grid, dtype=np.float32)
        full.ravel()[flat] = values
        return blur.gaussian(full, voxel, sigma)

    common, half = around(gaps[0] * gaps[1]), (gaps[0] - gaps[1]) / 2
    variance = 2 * around(half * half)
    power = around(pair.one.data.ravel()[flat] * pair.two.data.ravel()[flat])
    spread = variance * np.float32(_factor(half, flat, grid, voxel, sigma))
    least = np.float32(0.05) * np.percentile(power.ravel()[flat], 90)
    filled = around(np.ones(len(flat), np.float32))
    deep = filled >= _DEEP * np.percentile(filled.ravel()[flat], 95)         # a small molecule fills no window
    relative, sure = common / np.maximum(power, least), deep * common / np.maximum(spread, np.float32(1e-20))
    return Differences(*_on_grid((relative, sure), pair.one, prepared, shape), fine)


def _inside(prepared: Prepared, volume: Volume) -> np.ndarray:
    """The mask on the grid of a band, float32 [z, y, x]; 0 beside the faces of the box. Plane by plane: places of all voxels take much."""
    nz, ny, nx = volume.data.shape
    whole = Volume(prepared.mask, prepared.mask, np.array(prepared.voxel), prepared.origin)
    y, x = np.meshgrid(np.arange(ny), np.arange(nx), indexing="ij")
    edge = np.array([nx, ny, nz]) * volume.voxel
    out = np.zeros(volume.data.shape, dtype=np.float32)
    for z in range(nz):
        at = np.stack([x.ravel(), y.ravel(), np.full(x.size, z)], axis=1) * volume.voxel
        within = np.minimum(at, edge - at).min(axis=1) > _FACE
        out[z] = (values_at(whole, at + volume.origin, cubic=False) * within).reshape(ny, nx)
    return out


def _gap(volume: Volume, places: np.ndarray, flat: np.ndarray, mask: np.ndarray, pose: Pose) -> np.ndarray:
    """A map less the mean of its other copies, where those are in the mask; 0 where none is. float32, of the voxels in ``flat``."""
    total, weight = np.zeros(len(flat), np.float32), np.zeros(len(flat), np.float32)
    whole = volume._replace(data=mask)
    others = pose.operators[1:]
    if len(others) > _OTHERS:                                # the mean of so many is as good as that of all
        others = others[np.sort(np.random.default_rng(7).choice(len(others), _OTHERS, replace=False))]
    for operator in others:
        near = values_at(whole, places, operator, cubic=False) > _WELL
        total += near * values_at(volume, places, operator)
        weight += near
    return np.where(weight > 0, volume.data.ravel()[flat] - total / np.maximum(weight, 1), 0).astype(np.float32)


def _factor(values: np.ndarray, flat: np.ndarray, grid: Tuple[int, ...], voxel: Tuple[float, ...], sigma: float) -> float:
    """Standard deviation of a windowed product of two noises over their variance: ``sqrt(sum (w*w)(d) a(d)^2)``."""
    full = np.zeros(grid, dtype=np.float32)
    full.ravel()[flat] = values
    ft = scipy.fft.rfftn(full)
    own = scipy.fft.irfftn(ft.real ** 2 + ft.imag ** 2, s=grid)
    own = own / max(float(own[0, 0, 0]), 1e-30)
    steps = [np.fft.fftfreq(n, 1 / n) * v for n, v in zip(grid, voxel[::-1])]
    away = steps[0][:, None, None] ** 2 + steps[1][None, :, None] ** 2 + steps[2][None, None, :] ** 2
    window = np.exp(-away / (4 * sigma ** 2))
    return float(np.sqrt((window / window.sum() * own ** 2).sum()))


def _on_grid(values: Tuple[np.ndarray, ...], volume: Volume, prepared: Prepared, shape: Tuple[int, ...]) -> Tuple[np.ndarray, ...]:
    """Values on the grid of a band as maps of the whole box; 0 outside of the mask."""
    flat = np.flatnonzero(prepared.mask > 0.5)
    at = np.stack(np.unravel_index(flat, prepared.mask.shape)[::-1], axis=1) * np.array(prepared.voxel) + prepared.origin
    start = [int(round(o / v)) for o, v in zip(prepared.origin[::-1], prepared.voxel[::-1])]
    out = []
    for data in values:
        cut = np.zeros(prepared.mask.shape, dtype=np.float32)
        cut.ravel()[flat] = values_at(Volume(data.astype(np.float32), data, volume.voxel, volume.origin), at, cubic=False)
        full = np.zeros(shape, dtype=np.float32)
        full[tuple(slice(s, s + n) for s, n in zip(start, cut.shape))] = cut
        out.append(full)
    return tuple(out)


def copies(prepared: Prepared, pose: Pose, data: np.ndarray, shape: Tuple[int, ...]) -> Tuple[np.ndarray, np.ndarray]:
    """Which copy each voxel of a mask belongs to: that whose centre is nearest.

    Parameters
    ----------
    prepared
        Holds the mask.
    pose
        The group.
    data
        The map, low-passed, float32 [z, y, x] of the whole box.
    shape
        Voxels of the map (z, y, x).

    Returns
    -------
    tuple of ndarray
        Copy 1 to n, int16 [z, y, x], 0 outside of the mask; and the centres of the copies (x, y, z in Å), float64 [n, 3]. The nearest of
        points that the group makes of one divides space into equal parts; the point is where the mass nearest to it has its centre, and
        of several such points the one with the least spread around it.
    """
    start = [int(round(o / v)) for o, v in zip(prepared.origin[::-1], prepared.voxel[::-1])]
    part = tuple(slice(s, s + n) for s, n in zip(start, prepared.mask.shape))
    flat = np.flatnonzero(prepared.mask > 0.5)
    at = np.stack(np.unravel_index(flat, prepared.mask.shape)[::-1], axis=1) * np.array(prepared.voxel) + prepared.origin
    weight = np.maximum(data[part].ravel()[flat], 0).astype(np.float64)
    few = np.random.default_rng(6).choice(len(at), min(len(at), 8000), replace=False)
    weight = weight if weight[few].sum() > 0 else np.ones(len(at))
    found = [_settled(at[few], weight[few], pose, at[i]) for i in few[:_SEEDS]]
    seed = min(found, key=lambda f: f[1])[0]
    centres = _images(pose, seed)
    out = np.zeros(shape, dtype=np.int16)
    cut = out[part]
    cut[np.unravel_index(flat, prepared.mask.shape)] = 1 + _nearest(at, centres)
    return out, centres


def _images(pose: Pose, point: np.ndarray) -> np.ndarray:
    return pose.operators[:, :, :3] @ point + pose.operators[:, :, 3]


def _nearest(at: np.ndarray, centres: np.ndarray) -> np.ndarray:
    best, out = np.full(len(at), np.inf), np.zeros(len(at), dtype=np.int16)
    for i, centre in enumerate(centres):
        away = ((at - centre) ** 2).sum(axis=1)
        out[away < best] = i
        best = np.minimum(best, away)
    return out


def _settled(at: np.ndarray, weight: np.ndarray, pose: Pose, point: np.ndarray) -> Tuple[np.ndarray, float]:
    """A point moved to the centre of the mass that is nearest to it among its images, and the spread around it. All mass is folded on
    the part of one copy, so that the copies share one centre."""
    rotations = pose.rotations
    for _ in range(_ROUNDS):
        copy = _nearest(at, _images(pose, point))
        back = np.einsum("nji,nj->ni", rotations[copy], at - pose.centre) + pose.centre
        moved = np.average(back, axis=0, weights=weight)
        if np.abs(moved - point).max() < 0.01:
            break
        point = moved
    return point, float(np.average(((back - point) ** 2).sum(axis=1), weights=weight))
