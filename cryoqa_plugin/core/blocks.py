"""The FSC of tapered boxes cut out of two maps around many points, and where each of those curves falls."""
from __future__ import annotations

from typing import NamedTuple, Sequence, Tuple

import numpy as np
import scipy.fft

from .jit import njit
from .threads import over_slabs

_BATCH_VOXELS = 400_000               # of padded boxes transformed at once, per thread


class Plan(NamedTuple):
    """How boxes of ``box`` voxels are tapered, padded to ``padded`` voxels and summed over shells.

    ``window`` float32 [box], along each axis. Of the coefficient [z, y, x] of a padded box, the part ``1 - share`` float32 belongs to
    the shell ``lower`` int16 and the rest to the next one, both times ``weight`` float32, 0 where it is not used. The shell ``i`` has
    the frequency ``i / length`` (1/Å); there are ``n_shells``.
    """

    box: int
    padded: int
    window: np.ndarray
    lower: np.ndarray
    share: np.ndarray
    weight: np.ndarray
    n_shells: int
    length: float


def taper(box: int, kind: str) -> np.ndarray:
    """Window along an edge of a box.

    Parameters
    ----------
    box
        Voxels of the edge.
    kind
        ``hann``: ``(1 - cos(2 pi i / (box - 1))) / 2``; ``edge``: that over a quarter at each end; ``none``: 1.

    Returns
    -------
    ndarray
        float32 [box].
    """
    if kind == "none":
        return np.ones(box, dtype=np.float32)
    reach = (box - 1) / (2 if kind == "hann" else 4)
    from_end = np.minimum(np.arange(box), np.arange(box)[::-1])
    return (0.5 - 0.5 * np.cos(np.pi * np.minimum(from_end / reach, 1))).astype(np.float32)


def plan(box: int, pad: int, kind: str, voxel_size: Sequence[float], highest: float, mates: bool = True) -> Plan:
    """How boxes are tapered, padded and summed over shells.

    Parameters
    ----------
    box
        Voxels of the edge of a box.
    pad
        Zeros are appended up to ``box * (pad + 1)`` voxels.
    kind
        Of the window; see :func:`taper`.
    voxel_size
        Edges of a voxel (x, y, z) in Å.
    highest
        Resolution (Å) of the last shell.
    mates
        Each of a Friedel pair counts by half where both are stored. Else each such coefficient counts whole in the plane kx = 0, and the
        plane of Nyquist along x is left out (Bsoft's rule).

    Returns
    -------
    Plan
        For :func:`box_curves`.
    """
    padded = box * (pad + 1)
    length = padded * max(voxel_size)
    steps = [length / (padded * v) for v in voxel_size]
    k = np.abs(np.fft.fftfreq(padded, 1 / padded))
    half = np.arange(padded // 2 + 1)
    radius = np.sqrt((k[:, None, None] * steps[2]) ** 2 + (k[None, :, None] * steps[1]) ** 2 + (half[None, None, :] * steps[0]) ** 2)
    n_shells = min(int(np.ceil(length / highest - 1e-6)), padded // 2) + 1 if mates else int(2 + length / highest + 1e-6)
    # A coefficient between two shells is shared by both, so that curves of small boxes do not jump.
    lower = radius.astype(np.int16)
    weight = np.ones_like(radius)
    if mates:
        weight[..., 0] = 0.5
    if padded % 2 == 0:
        weight[..., -1] = 0.5 if mates else 0
    weight[lower >= n_shells] = 0
    weight[0, 0, 0] = 0
    return Plan(box, padded, taper(box, kind), lower, (radius - lower).astype(np.float32), weight.astype(np.float32), n_shells, length)


@njit
def _cut_kernel(data, fill, centres, first, window, out):
    box = window.size
    for n in range(out.shape[0]):
        z0, y0, x0 = centres[first + n, 0] - box // 2, centres[first + n, 1] - box // 2, centres[first + n, 2] - box // 2
        for z in range(box):
            for y in range(box):
                wzy = window[z] * window[y]
                for x in range(box):
                    out[n, z, y, x] = (data[z0 + z, y0 + y, x0 + x] - fill) * (wzy * window[x])


@njit
def _shell_kernel(fa, fb, lower, share, weight, out, first):
    count, pz, py, px = fa.shape
    n_shells = out.shape[1]
    sums = np.zeros((3, n_shells + 1))
    for n in range(count):
        sums[:] = 0
        for z in range(pz):
            for y in range(py):
                for x in range(px):
                    w = weight[z, y, x]
                    if w == 0:
                        continue
                    a, b = fa[n, z, y, x], fb[n, z, y, x]
                    cross = w * (a.real * b.real + a.imag * b.imag)
                    power1 = w * (a.real * a.real + a.imag * a.imag)
                    power2 = w * (b.real * b.real + b.imag * b.imag)
                    i, t = lower[z, y, x], share[z, y, x]
                    sums[0, i] += (1 - t) * cross
                    sums[1, i] += (1 - t) * power1
                    sums[2, i] += (1 - t) * power2
                    sums[0, i + 1] += t * cross
                    sums[1, i + 1] += t * power1
                    sums[2, i + 1] += t * power2
        # Shell 0 holds the mean alone, which was taken off: 1 by convention.
        out[first + n, 0] = 1
        for i in range(1, n_shells):
            power = np.sqrt(sums[1, i] * sums[2, i])
            out[first + n, i] = sums[0, i] / power if power > 0 else 0.0


def _spectrum(boxes: np.ndarray, padded: int) -> np.ndarray:
    """Transform of boxes float32 [n, b, b, b] with zeros appended, complex64 [n, p, p, p // 2 + 1], no zeros transformed in vain."""
    out = scipy.fft.rfft(boxes, padded, axis=3, workers=1)
    out = scipy.fft.fft(out, padded, axis=2, workers=1)
    return scipy.fft.fft(out, padded, axis=1, workers=1, overwrite_x=True)


def box_curves(a: np.ndarray, b: np.ndarray, fills: Tuple[float, float], centres: np.ndarray, how: Plan) -> np.ndarray:
    """FSC of boxes cut out of two maps around many points.

    A box is tapered to the mean of its map and appended with it: ``(v - fill) w``, then zeros.

    Parameters
    ----------
    a, b
        Maps, float32 [z, y, x].
    fills
        Mean of each map.
    centres
        int64 [n, 3] (z, y, x). A box starts at ``centre - box // 2`` and must lie in the maps.
    how
        Of :func:`plan`.

    Returns
    -------
    ndarray
        float32 [n, n_shells]; shell 0 is 1.
    """
    out = np.empty((len(centres), how.n_shells), dtype=np.float32)
    # Small boxes are transformed many at once: a call of the transform costs more than one of them.
    batch = max(1, int(_BATCH_VOXELS / how.padded ** 3))

    def work(start: int, stop: int) -> None:
        for first in range(start, stop, batch):
            count = min(batch, stop - first)
            pair = []
            for data, fill in zip((a, b), fills):
                boxes = np.empty((count, how.box, how.box, how.box), dtype=np.float32)
                _cut_kernel(data, np.float32(fill), centres, first, how.window, boxes)
                pair.append(_spectrum(boxes, how.padded))
            _shell_kernel(pair[0], pair[1], how.lower, how.share, how.weight, out, first)

    over_slabs(work, len(centres))
    return out


def first_falls(curves: np.ndarray, length: float, cut: float) -> Tuple[np.ndarray, np.ndarray]:
    """Where each curve first falls below a threshold, linear between shells.

    Parameters
    ----------
    curves
        float32 [n, shells].
    length
        Shell ``i`` has the frequency ``i / length`` (1/Å).
    cut
        The threshold.

    Returns
    -------
    frequency
        1/Å, float64 [n]; that of the last shell where a curve does not fall.
    falls
        bool [n]: it does fall.
    """
    below = curves < cut
    falls = below.any(axis=1)
    at = np.where(falls, below.argmax(axis=1), curves.shape[1] - 1)
    rows = np.arange(len(curves))
    high, low = curves[rows, at - 1].astype(np.float64), curves[rows, at].astype(np.float64)
    part = np.where(falls, (high - cut) / np.where(falls, high - low, 1), 1)
    return (at - 1 + part) / length, falls


def last_falls(curves: np.ndarray, length: float, cut: float) -> np.ndarray:
    """Where each curve falls below a threshold by Bsoft's rule: the last fall from ``>= cut`` to ``< cut``.

    A fall counts although the curve may return.

    Parameters
    ----------
    curves
        float32 [n, shells].
    length
        Shell ``i`` has the frequency ``i / length`` (1/Å).
    cut
        The threshold.

    Returns
    -------
    ndarray
        1/Å, float64 [n]; the last shell without any fall.
    """
    falls = (curves[:, :-1] >= cut) & (curves[:, 1:] < cut)
    any_ = falls.any(axis=1)
    at = np.where(any_, falls.shape[1] - falls[:, ::-1].argmax(axis=1), curves.shape[1] - 1)
    rows = np.arange(len(curves))
    high, low = curves[rows, at - 1].astype(np.float64), curves[rows, at].astype(np.float64)
    part = np.where(any_, (high - cut) / np.where(any_, high - low, 1), 1)
    return (at - 1 + part) / length


def centres_along(n: int, box: int, step: int) -> np.ndarray:
    """Places along an axis around which a box lies in it.

    Parameters
    ----------
    n
        Voxels of the axis.
    box
        Voxels of the edge of a box.
    step
        The places are multiples of it.

    Returns
    -------
    ndarray
        int64 [m]; at least one when ``n >= box``.
    """
    low, high = box // 2, n - (box - box // 2)
    first = -(-low // step) * step
    return np.arange(first if first <= high else low, high + 1, step)


def hat_weights(n: int, centres: np.ndarray) -> np.ndarray:
    """Linear interpolation from evenly spaced places to the voxels of an axis.

    Parameters
    ----------
    n
        Voxels of the axis.
    centres
        The places, rising int64 [m].

    Returns
    -------
    ndarray
        float64 [n, m]; rows sum to 1. Voxels before the first place and past the last one take its value.
    """
    out = np.zeros((n, centres.size))
    at = np.clip((np.arange(n) - centres[0]) / max(centres[-1] - centres[0], 1) * (centres.size - 1), 0, centres.size - 1)
    low = np.minimum(at.astype(int), max(centres.size - 2, 0))
    rows = np.arange(n)
    # two points to a voxel; a single point has the weight 1 everywhere
    out[rows, low] = 1 - (at - low)
    if centres.size > 1:
        out[rows, low + 1] += at - low
    return out


def needed(mask: np.ndarray, level: float, hats: Sequence[np.ndarray]) -> np.ndarray:
    """Points from which a voxel of a mask is interpolated.

    Parameters
    ----------
    mask
        float32 [z, y, x].
    level
        Voxels of at least this count.
    hats
        :func:`hat_weights` along z, y, x.

    Returns
    -------
    ndarray
        bool [mz, my, mx].
    """
    touch = [(h > 1e-9).astype(np.float32) for h in hats]
    planes = np.stack([touch[1].T @ ((plane >= level).astype(np.float32) @ touch[2]) for plane in mask])
    return (touch[0].T @ planes.reshape(len(planes), -1)).reshape([t.shape[1] for t in touch]) > 0.5


def spread(values: np.ndarray, hats: Sequence[np.ndarray], mask: np.ndarray, level: float) -> np.ndarray:
    """Resolution at every voxel of a mask, from frequencies at the points.

    Parameters
    ----------
    values
        Frequencies at the points, above 0, float64 [mz, my, mx].
    hats
        :func:`hat_weights` along z, y, x.
    mask
        float32 [z, y, x].
    level
        Voxels of at least this get a value.

    Returns
    -------
    ndarray
        One over the trilinear interpolation of ``values``, float32 [z, y, x]; 0 elsewhere.
    """
    out = np.zeros(mask.shape, dtype=np.float32)
    for z, weights in enumerate(hats[0]):
        if (mask[z] >= level).any():
            plane = hats[1] @ np.tensordot(weights, values, 1) @ hats[2].T
            out[z] = np.where(mask[z] >= level, 1 / plane, 0)
    return out


def independent(how: Plan, at: float) -> float:
    """Independent complex coefficients behind a shell of the FSC of a box.

    Parameters
    ----------
    how
        Of :func:`plan`.
    at
        Frequency of the shell in 1/Å.

    Returns
    -------
    float
        Volume of the window, ``(sum w^2)^2 / sum w^4``, times that of half a shell as thick as the shells and the window's own width
        make it.
    """
    w2 = how.window.astype(np.float64) ** 2
    edge = w2.sum() ** 2 / (w2 ** 2).sum() * how.length / how.padded
    return float(2 * np.pi * at ** 2 * edge ** 3 * np.hypot(1.5 / how.length, 1 / edge))
