"""Pictures of an isosurface by casting rays through the map: no graphics card, no other program."""
from __future__ import annotations

from typing import Optional, Sequence, Tuple

import numpy as np
from scipy import ndimage

from .jit import njit
from .threads import over_slabs

BACKGROUND = -1.0
_LIGHT = (-0.35, -0.55, 0.76)                   # from the surface towards the light, along (right, down, towards the viewer)


def shrink(data: np.ndarray, max_edge: int = 128) -> Tuple[np.ndarray, int]:
    """Map averaged over blocks of voxels so that no edge is too long.

    Parameters
    ----------
    data
        Map [z, y, x].
    max_edge
        Voxels of the longest edge afterwards.

    Returns
    -------
    data
        The smaller map, float32 [z, y, x]; voxels that fill no block are dropped.
    step
        Edge of a block in voxels.
    """
    step = -(-max(data.shape) // max_edge)
    if step == 1:
        return np.ascontiguousarray(data, dtype=np.float32), 1
    nz, ny, nx = (max(1, n // step) for n in data.shape)
    out = np.zeros((nz, ny, nx), dtype=np.float32)
    for i in range(step):
        for j in range(step):
            for k in range(step):
                part = data[i::step, j::step, k::step][:nz, :ny, :nx]
                out[:part.shape[0], :part.shape[1], :part.shape[2]] += part
    return out / np.float32(step ** 3), step


def smooth(data: np.ndarray, sigma: float = 1.0) -> np.ndarray:
    """Map smoothed by a Gaussian; beyond the box it is 0.

    Parameters
    ----------
    data
        Map, float32 [z, y, x].
    sigma
        Standard deviation in voxels.

    Returns
    -------
    ndarray
        float32 [z, y, x].
    """
    return ndimage.gaussian_filter(data, sigma, mode="constant", truncate=3.0)


def contour_level(data: np.ndarray) -> float:
    """A level for a picture of a map.

    The noise is 1.4826 times the median absolute deviation of the voxels that are not 0, about their median. The level is half the mean
    density of the strongest third of those voxels that exceed the median by four times the noise; where none does, it is a fifth of the way
    from the median to the maximum.

    Parameters
    ----------
    data
        Map, float32 [z, y, x].

    Returns
    -------
    float
        In the unit of the map; 0 for an empty one.
    """
    some = data.ravel()
    # Voxels that a mask set to 0 are not noise.
    some = some[some != 0]
    if some.size == 0:
        return 0.0
    middle = float(np.median(some))
    noise = 1.4826 * float(np.median(np.abs(some - middle)))
    inside = some[some > middle + 4 * noise]
    highest = float(some.max())
    if inside.size < 8 or highest <= middle:
        return middle + 0.2 * (highest - middle)
    strong = inside[inside >= np.quantile(inside, 2 / 3)]
    return max(middle + 4 * noise, middle + 0.5 * (float(strong.mean(dtype=np.float64)) - middle))


def render(data: np.ndarray, level: float, right: Sequence[float], down: Sequence[float], *,
           voxel_size: Sequence[float] = (1.0, 1.0, 1.0), size: int = 320) -> np.ndarray:
    """Shaded picture of the surface at a level, seen from infinity.

    Parameters
    ----------
    data
        Map, float32 [z, y, x].
    level
        Density of the surface; what is above it is inside.
    right, down
        Orthogonal unit vectors (x, y, z) that point right and down in the picture; the viewer looks along ``right x down``.
    voxel_size
        (x, y, z) in any one unit.
    size
        Edge of the picture in pixels. The picture is centred on what is above the level, and the longest edge of the box
        around that (along x, y or z) takes 94 % of it.

    Returns
    -------
    ndarray
        float32 [size, size]: 0 (dark) to 1 (bright) on the surface, -1 beside it.
    """
    right, down = np.asarray(right, dtype=np.float64), np.asarray(down, dtype=np.float64)
    ahead = np.cross(right, down)
    spacing = np.asarray(voxel_size, dtype=np.float64)
    out = np.full((size, size), BACKGROUND, dtype=np.float32)
    inside = _bounds(data, level)
    if inside is None:
        return out
    low, high = (inside[0] - 1) * spacing, (inside[1] + 1) * spacing
    pixel = float(np.max(high - low)) / (0.94 * size)
    light = _LIGHT[0] * right + _LIGHT[1] * down - _LIGHT[2] * ahead          # type: ignore[operator]  # arrays by now
    frame = np.stack([right, down, ahead, (low + high) / 2, spacing, low, high, light / np.linalg.norm(light)])
    data = np.ascontiguousarray(data, dtype=np.float32)
    over_slabs(lambda a, b: _cast_kernel(data, np.float64(level), frame, pixel, a, b, out), size)
    return out


def _bounds(data: np.ndarray, level: float) -> Optional[Tuple[np.ndarray, np.ndarray]]:
    """Smallest and largest index (x, y, z) of what is above the level, or None."""
    above = data > level
    if not above.any():
        return None
    ends = [np.flatnonzero(above.any(axis=axes))[[0, -1]] for axes in ((0, 1), (0, 2), (1, 2))]
    return np.array([e[0] for e in ends], dtype=np.float64), np.array([e[1] for e in ends], dtype=np.float64)


@njit
def _sample(data, x, y, z):
    """Trilinear value at an index (x, y, z); 0 outside the box."""
    nz, ny, nx = data.shape
    i, j, k = int(np.floor(x)), int(np.floor(y)), int(np.floor(z))
    a, b, c = x - i, y - j, z - k
    total = 0.0
    for dk in range(2):
        for dj in range(2):
            for di in range(2):
                if 0 <= i + di < nx and 0 <= j + dj < ny and 0 <= k + dk < nz:
                    weight = (a if di else 1.0 - a) * (b if dj else 1.0 - b) * (c if dk else 1.0 - c)
                    if weight > 0.0:
                        total += weight * data[k + dk, j + dj, i + di]
    return total


@njit
def _at(data, frame, p, t):
    """Density at distance ``t`` along the ray from ``p``."""
    return _sample(data, (p[0] + t * frame[2, 0]) / frame[4, 0], (p[1] + t * frame[2, 1]) / frame[4, 1],
                   (p[2] + t * frame[2, 2]) / frame[4, 2])


@njit
def _clip(frame, p):
    """Where the ray from ``p`` enters and leaves the part of the box that holds something."""
    near, far = -1e30, 1e30
    for d in range(3):
        a = frame[2, d]
        if abs(a) > 1e-9:
            t0, t1 = (frame[5, d] - p[d]) / a, (frame[6, d] - p[d]) / a
            near, far = max(near, min(t0, t1)), min(far, max(t0, t1))
        elif p[d] < frame[5, d] or p[d] > frame[6, d]:
            far = -1e30
    return near, far


@njit
def _hit(data, level, frame, p, step):
    """Distance at which the ray from ``p`` meets the surface; infinity where it does not."""
    near, far = _clip(frame, p)
    t = near
    while t <= far + step:
        if _at(data, frame, p, min(t, far)) > level:
            t1 = min(t, far)
            t0 = max(t1 - step, near)
            # Halved seven times: the surface is found to a hundredth of a step.
            for _ in range(7):
                middle = 0.5 * (t0 + t1)
                if _at(data, frame, p, middle) > level:
                    t1 = middle
                else:
                    t0 = middle
            return t1
        t += step
    return np.inf


@njit
def _brightness(data, frame, p, t):
    """Lambert shading by the gradient of the density, one voxel either way."""
    x, y, z = (p[0] + t * frame[2, 0]) / frame[4, 0], (p[1] + t * frame[2, 1]) / frame[4, 1], (p[2] + t * frame[2, 2]) / frame[4, 2]
    gx = (_sample(data, x - 1, y, z) - _sample(data, x + 1, y, z)) / frame[4, 0]
    gy = (_sample(data, x, y - 1, z) - _sample(data, x, y + 1, z)) / frame[4, 1]
    gz = (_sample(data, x, y, z - 1) - _sample(data, x, y, z + 1)) / frame[4, 2]
    length = np.sqrt(gx * gx + gy * gy + gz * gz) + 1e-30
    return max(0.0, (gx * frame[7, 0] + gy * frame[7, 1] + gz * frame[7, 2]) / length)


@njit
def _cast_kernel(data, level, frame, pixel, first, last, out):
    """Rows ``first`` .. ``last`` of the picture; ``frame`` has the rows right, down, ahead, centre, spacing, low, high, light."""
    size = out.shape[1]
    # Below a voxel, so that the ray does not jump over a thin wall.
    step = 0.6 * frame[4].min()
    p = np.empty(3)
    for row in range(first, last):
        for column in range(size):
            u, v = (column - 0.5 * (size - 1)) * pixel, (row - 0.5 * (size - 1)) * pixel
            for d in range(3):
                p[d] = frame[3, d] + u * frame[0, d] + v * frame[1, d]
            t = _hit(data, level, frame, p, step)
            if t < np.inf:
                # Farther parts are darker, up to a third, which tells front from back.
                depth = min(1.0, max(0.0, t / (pixel * size) + 0.5))
                out[row, column] = (0.22 + 0.78 * _brightness(data, frame, p, t)) * (1.0 - 0.35 * depth)
