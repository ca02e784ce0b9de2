"""How one map lies on another: the shift between them, and whether axes were turned round or swapped.

Works on the coarse coefficients alone, so that its time does not grow with the box.
"""
from __future__ import annotations

from functools import lru_cache
from itertools import permutations, product
from typing import List, NamedTuple, Optional, Sequence, Tuple

import numpy as np
import scipy.fft

from .fourier import Geometry

REACH = 31                            # Fourier indices from -31 to 31 along each axis decide on the shift
_COARSE = 15                          # and those from -15 to 15 on the axes
_FOUND = 10.0                         # standard deviations of noise that a peak must have; the highest of noise alone has 6
_NEAR, _AS_HIGH = 4.0, 0.97           # voxels: a peak that is so near to no shift is taken when it is as high as another
_BAND = 0.3                           # shells that correlate at least so much after the best operation decide between operations
_BETTER = 0.15                        # by which atanh of the correlation must rise before another operation than none is believed
_FINER = 1.5                          # points of the grid on which peaks are looked for, per coefficient
_CAP = 0.95                           # correlation past which a shell weighs no more


class Operation(NamedTuple):
    """Axis ``i`` (z, y, x) of the result is axis ``order[i]`` of the map, read backwards where ``flip[i]``."""

    order: Tuple[int, int, int]
    flip: Tuple[bool, bool, bool]


NONE = Operation((0, 1, 2), (False, False, False))


class Placement(NamedTuple):
    """How map 2 lies on map 1.

    ``significance``: height of the correlation peak in standard deviations of noise. ``found``: the maps share more than noise
    (10 of them); without that shift and operation are those of no change. ``shift``: voxels (z, y, x) by which map 2, after
    ``operation``, is displaced: ``map2(x) = map1(x - shift)``.
    ``error``: standard error of the length of the shift. ``operation``: what turns map 2 into map 1. ``fsc``: correlation
    of the shells 1, 2, ... with shift and operation undone, float64 [n]; ``count``: their independent coefficients.
    """

    significance: float
    found: bool
    shift: Tuple[float, float, float]
    error: float
    operation: Operation
    fsc: np.ndarray
    count: np.ndarray


_NOWHERE = Placement(0.0, False, (0.0, 0.0, 0.0), float("inf"), NONE, np.zeros(0), np.zeros(0))  # of boxes without a shell


class _Cube(NamedTuple):
    """Geometry of centred coefficients.

    ``indices`` (z, y, x) int, ``shell`` int [z, y, x] (0: not used), ``count`` of independent coefficients in each shell, ``shape`` of
    the box. ``half``: where one of each Friedel pair that is used lies in the part with x >= 0, int [n]; ``at`` (z, y, x) the place of each
    along the axes, ``shells`` its shell, ``angular`` float64 [3, n] its angular frequencies (z, y, x), ``products`` float64 [6, n] those
    times each other: zz, yy, xx, zy, zx, yx. ``prior``: weights before anything is known, float32 of the part with x >= 0.
    """

    indices: Tuple[np.ndarray, np.ndarray, np.ndarray]
    shell: np.ndarray
    count: np.ndarray
    shape: Tuple[int, int, int]
    half: np.ndarray
    at: Tuple[np.ndarray, np.ndarray, np.ndarray]
    shells: np.ndarray
    angular: np.ndarray
    products: np.ndarray
    prior: np.ndarray


def operations(geo: Geometry) -> List[Operation]:
    """The operations that keep box and voxels.

    Parameters
    ----------
    geo
        Shells of the box.

    Returns
    -------
    list of Operation
        48 for a cube, the simplest first.
    """
    orders = [o for o in permutations(range(3)) if all(geo.shape[i] == geo.shape[j] and abs(geo.steps[i] - geo.steps[j]) < 1e-6
                                                       for i, j in enumerate(o))]
    flips = sorted(product((False, True), repeat=3), key=sum)
    moved = {o: sum(i != j for i, j in enumerate(o)) for o in orders}
    return sorted((Operation(o, f) for o in orders for f in flips), key=lambda g: moved[g.order] + sum(g.flip))


def centred(ft: np.ndarray, shape: Sequence[int], reach: int) -> np.ndarray:
    """Coefficients near the origin, with index 0 in the middle.

    Parameters
    ----------
    ft
        Transform of the map, complex64 [nz, ny, nx // 2 + 1].
    shape
        Voxels of the map (nz, ny, nx).
    reach
        Indices from ``-reach`` to ``reach``; less where the box is smaller.

    Returns
    -------
    ndarray
        complex64, 2 r + 1 along each axis.
    """
    kz, ky, kx = (min(reach, (n - 1) // 2) for n in shape)
    half = ft[np.ix_(np.arange(-kz, kz + 1), np.arange(-ky, ky + 1), np.arange(kx + 1))]
    # Friedel's law gives the half with kx < 0, which is not stored.
    return np.concatenate((np.conj(half[::-1, ::-1, :0:-1]), half), axis=2)


def centred_radius(sizes: Sequence[int], geo: Geometry) -> np.ndarray:
    """How far centred coefficients are from the origin.

    Parameters
    ----------
    sizes
        Coefficients along z, y, x, as of :func:`centred`.
    geo
        Shells of the box.

    Returns
    -------
    ndarray
        In shells, float64 [z, y, x].
    """
    z, y, x = ((np.arange(m) - m // 2) * s for m, s in zip(sizes, geo.steps))
    return np.sqrt(z[:, None, None] ** 2 + y[None, :, None] ** 2 + x[None, None, :] ** 2)


@lru_cache(maxsize=4)
def _cube(geo: Geometry, sizes: Tuple[int, int, int]) -> _Cube:
    indices = tuple(np.arange(m) - m // 2 for m in sizes)
    shell = np.floor(centred_radius(sizes, geo) + 0.5).astype(np.int32)
    reach = min(int(m // 2 * s) for m, s in zip(sizes, geo.steps))
    shell[shell > min(reach, geo.n_shells - 1)] = 0
    # Both mates of each pair are there: half of them are independent.
    count = np.bincount(shell.ravel()) / 2.0
    count[0] = 0
    kx = indices[2][sizes[2] // 2:]
    one = (kx[None, None, :] > 0) | (indices[1][None, :, None] > 0) | ((indices[1][None, :, None] == 0) & (indices[0][:, None, None] > 0))
    positive = shell[:, :, sizes[2] // 2:]
    half = np.flatnonzero(one & (positive > 0))
    at = np.unravel_index(half, positive.shape)
    a, b, c = angular = np.array([2 * np.pi * k[i] / n for k, i, n in zip((*indices[:2], kx), at, geo.shape)])
    return _Cube(indices, shell, count, geo.shape, half, at, positive.ravel()[half].astype(np.intp), angular,
                 np.array([a * a, b * b, c * c, a * b, a * c, b * c]), _prior(count).astype(np.float32)[positive])


def _whitened(c: np.ndarray, cube: _Cube) -> np.ndarray:
    """Coefficients over the root mean square of their shell; 0 where none are used."""
    top = max(float(np.abs(c.real).max(initial=0.0)), float(np.abs(c.imag).max(initial=0.0)))
    if not 0 < top < np.inf:
        return np.zeros_like(c)
    c = c * np.float32(2.0 ** np.clip(-np.frexp(top)[1], -120, 120))                # maps of any scale can be squared; no digit changes
    power = np.bincount(cube.shell.ravel(), weights=(c.real ** 2 + c.imag ** 2).ravel(), minlength=cube.count.size)
    scale = np.zeros(cube.count.size)
    good = (power > 0) & (cube.count > 0)
    scale[good] = np.sqrt(2 * cube.count[good] / power[good])
    return c * scale[cube.shell].astype(np.float32)


def _apply(c: np.ndarray, operation: Operation) -> np.ndarray:
    turned = c.transpose(operation.order)
    return turned[tuple(slice(None, None, -1 if f else 1) for f in operation.flip)]


def _cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Cross-power ``a conj(b)`` of centred coefficients, of its half with x >= 0."""
    first = a.shape[2] // 2
    return a[:, :, first:] * np.conj(b[:, :, first:])


def _turn_back(cross: np.ndarray, cube: _Cube, shift: np.ndarray) -> np.ndarray:
    """Cross-power ``F1 conj(F2)`` of one of each Friedel pair, complex64 [n], with the shift of map 2 (voxels) undone."""
    ramps = [np.exp(-2j * np.pi * k * t / n).astype(np.complex64) for k, t, n in zip(cube.indices, shift, cube.shape)]
    z, y, x = cube.at
    return cross * (ramps[0][z] * ramps[1][y] * ramps[2][cube.indices[2].size // 2:][x])


def _prior(count: np.ndarray) -> np.ndarray:
    """Weights of the shells before anything is known, float64 [n]: signal fades outwards."""
    n = np.arange(count.size)
    return np.where(count > 0, 1 / np.maximum(n, 1), 0)


def _peak(cross: np.ndarray, cube: _Cube, within: Optional[Sequence[float]] = None) -> Tuple[float, np.ndarray]:
    """Height in standard deviations of noise and shift in voxels (z, y, x) of the highest peak of the correlation.

    ``cross`` is the half of the cross-power with x >= 0, complex64 [z, y, x // 2 + 1].
    ``within`` are the half-axes (z, y, x) in voxels of the ellipsoid of shifts that are looked at; all when not given.
    """
    sizes = [scipy.fft.next_fast_len(int(_FINER * m), real=True) for m in cube.shell.shape]
    grid = np.zeros((sizes[0], sizes[1], sizes[2] // 2 + 1), dtype=np.complex64)
    kz, ky, kx = cube.indices
    half = kx.size // 2
    grid[np.ix_(kz, ky, kx[half:])] = np.conj(cross) * cube.prior
    values = scipy.fft.irfftn(grid, s=sizes)
    if within is not None:
        z, y, x = (np.fft.fftfreq(m, 1 / n) / r for m, n, r in zip(sizes, cube.shape, within))
        values[z[:, None, None] ** 2 + y[None, :, None] ** 2 + x[None, None, :] ** 2 > 1] = -np.inf
    at = np.unravel_index(int(np.argmax(values)), values.shape)
    # A map that repeats itself, as a filament does, has several peaks of one height: that nearest to no shift is meant.
    steps = [np.arange(-int(_NEAR * m / n), int(_NEAR * m / n) + 1) % m for m, n in zip(sizes, cube.shape)]
    close = values[np.ix_(*steps)]
    if close.max() > _AS_HIGH * values[at]:
        i = np.unravel_index(int(np.argmax(close)), close.shape)
        at = tuple(int(s[j]) for s, j in zip(steps, i))
    noise = np.sqrt(2 * (_prior(cube.count) ** 2 * cube.count).sum())
    shift = [(i if i <= m // 2 else i - m) * n / m for i, m, n in zip(at, sizes, cube.shape)]
    return float(values[at]) * values.size / noise, np.array(shift)


def _curve(aligned: np.ndarray, cube: _Cube) -> np.ndarray:
    """Correlation of the shells of whitened maps, float64 [n], from the cross-power of one of each Friedel pair."""
    return np.bincount(cube.shells, weights=aligned.real, minlength=cube.count.size) / np.maximum(cube.count, 0.5)


def _refine(cross: np.ndarray, cube: _Cube, shift: np.ndarray, rounds: int = 8) -> Tuple[np.ndarray, float, np.ndarray]:
    """Shift that makes the cross-power (its half with x >= 0) real, its standard error, and the correlation of the shells.

    Scoring steps on the sum of ``w Re(F1 conj(F2) exp(-2 pi i k t / n))`` with ``w = r / (1 - r^2)``, the weight of a phase
    in a shell of correlation ``r``; the error follows from the scatter of the imaginary parts.
    """
    cross = cross.ravel()[cube.half]
    spread = np.array([n / m for n, m in zip(cube.shape, cube.shell.shape)])
    hessian = scatter = np.eye(3)
    for _ in range(rounds):
        aligned = _turn_back(cross, cube, shift)
        fsc = _curve(aligned, cube)
        # Two standard deviations are taken off, so that shells of noise have no weight.
        r = np.clip(np.maximum(fsc - 2 / np.sqrt(2 * np.maximum(cube.count, 1)), 0), 0, _CAP)
        imag = (r / (1 - r * r))[cube.shells] * aligned.imag
        hessian, scatter = _moments((r * r / (1 - r * r))[cube.shells], cube), _moments(imag * imag, cube)
        gradient = cube.angular @ imag
        if np.linalg.det(hessian) <= 0:
            return shift, np.inf, fsc
        step = np.clip(np.linalg.solve(hessian, gradient), -spread, spread)
        shift = shift + step
        if np.abs(step).max() < 1e-4:
            break
    inverse = np.linalg.inv(hessian)
    variance = inverse @ scatter @ inverse
    return shift, float(np.sqrt(max(np.trace(variance), 0))), _curve(_turn_back(cross, cube, shift), cube)


def _moments(weights: np.ndarray, cube: _Cube) -> np.ndarray:
    """Sums of ``weights k_i k_j`` over one of each Friedel pair, float64 [3, 3]."""
    zz, yy, xx, zy, zx, yx = cube.products @ weights
    return np.array([[zz, zy, zx], [zy, yy, yx], [zx, yx, xx]])


def _mean(fsc: np.ndarray, cube: _Cube, band: np.ndarray) -> float:
    weights = (_prior(cube.count) * cube.count)[band]
    return float(np.clip((weights * fsc[band]).sum() / weights.sum(), -0.9999, 0.9999))


def _best_operation(c1: np.ndarray, c2: np.ndarray, geo: Geometry) -> Operation:
    """The operation on map 2 that makes it like map 1; none unless another is better beyond doubt.

    A symmetric map is as like itself turned round as not: then it is none.
    """
    cube = _cube(geo, c1.shape)
    if not cube.count.any():                                 # an axis of one or two voxels has no shell
        return NONE
    a, b = _whitened(c1, cube), _whitened(c2, cube)
    peaks = {g: _peak(_cross(a, _apply(b, g)), cube) for g in operations(geo)}
    # Refining costs more than a peak: only the four highest are worth it.
    first = sorted(peaks, key=lambda g: -peaks[g][0])[:4]
    if peaks[first[0]][0] < _FOUND:
        return NONE
    fits = {g: _refine(_cross(a, _apply(b, g)), cube, peaks[g][1]) for g in dict.fromkeys([NONE] + first)}
    top = max(fits, key=lambda g: _mean(fits[g][2], cube, cube.count > 0))
    band = (fits[top][2] >= _BAND) & (cube.count > 0)
    if np.count_nonzero(band) < 3:
        band = (np.arange(cube.count.size) <= 3) & (cube.count > 0)
    score = {g: np.arctanh(_mean(fits[g][2], cube, band)) for g in peaks if g in fits}
    weights = (_prior(cube.count) * cube.count)[band]
    margin = max(_BETTER, 8 * np.sqrt((weights ** 2 / (2 * cube.count[band])).sum()) / weights.sum())
    best = max(score.values())
    if score[NONE] > best - margin:
        return NONE
    return next(g for g in score if score[g] > best - min(0.5 * margin, 0.05))


def place(f1: np.ndarray, f2: np.ndarray, geo: Geometry, *, turned: bool = True) -> Placement:
    """How map 2 lies on map 1.

    The shift comes from the peak of the whitened cross-correlation, refined on the phases of the shells that correlate.

    Parameters
    ----------
    f1, f2
        Transforms, complex64 [nz, ny, nx // 2 + 1].
    geo
        Shells of the box.
    turned
        Try the 48 ways to reverse and swap axes too.

    Returns
    -------
    Placement
        Shift in voxels.
    """
    return place_centred(*(centred(f, geo.shape, REACH) for f in (f1, f2)), geo, turned=turned)


def place_centred(c1: np.ndarray, c2: np.ndarray, geo: Geometry, *, turned: bool = True) -> Placement:
    """:func:`place` from coefficients near the origin, which may be those of a model.

    Parameters
    ----------
    c1, c2
        Coefficients with index 0 in the middle, up to ``REACH`` (:func:`centred`), complex64.
    geo, turned
        As of :func:`place`.

    Returns
    -------
    Placement
        Shift in voxels.
    """
    operation = _best_operation(_inner(c1, geo, _COARSE), _inner(c2, geo, _COARSE), geo) if turned else NONE
    shift = None
    for reach in (_COARSE, REACH):
        first, second = _inner(c1, geo, reach), _inner(_apply(c2, operation), geo, reach)
        cube = _cube(geo, first.shape)
        if not cube.count.any():
            return _NOWHERE
        cross = _cross(_whitened(first, cube), _whitened(second, cube))
        if shift is None:
            height, shift = _peak(cross, cube)
        shift, error, fsc = _refine(cross, cube, shift)
    if height < _FOUND or not np.isfinite(error):
        return Placement(height, False, (0.0, 0.0, 0.0), float("inf"), NONE, _curve(cross.ravel()[cube.half], cube)[1:], cube.count[1:])
    shift = shift - np.array(operation.flip)              # flipped coefficients turn round voxel 0, a reversed array round its middle
    return Placement(height, True, tuple(float(t) for t in shift), error, operation, fsc[1:], cube.count[1:])


def _inner(c: np.ndarray, geo: Geometry, reach: int) -> np.ndarray:
    sizes = [min(2 * reach, n - 1) // 2 * 2 + 1 for n in geo.shape]
    return c[tuple(slice(m // 2 - k // 2, m // 2 + k // 2 + 1) for m, k in zip(c.shape, sizes))]


def shift_between(c1: np.ndarray, c2: np.ndarray, geo: Geometry, within: Optional[Sequence[float]] = None) -> Placement:
    """The shift between two maps from coefficients near the origin, which may be those of a model.

    Parameters
    ----------
    c1, c2
        Coefficients with index 0 in the middle (:func:`centred`), complex64 of one odd-sized shape.
    geo
        Shells of the box.
    within
        Largest shift along z, y, x in voxels that is looked for; any when not given.

    Returns
    -------
    Placement
        ``map2(x) = map1(x - shift)``, without an operation; ``fsc`` is the correlation with the shift undone.
    """
    cube = _cube(geo, c1.shape)
    if not cube.count.any():
        return _NOWHERE
    cross = _cross(_whitened(c1, cube), _whitened(c2, cube))
    height, shift = _peak(cross, cube, within)
    shift, error, fsc = _refine(cross, cube, shift)
    return Placement(height, height >= _FOUND and bool(np.isfinite(error)), tuple(float(t) for t in shift), error, NONE, fsc[1:],
                     cube.count[1:])
