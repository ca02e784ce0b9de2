"""Resolution along an axis, from the signal of the shell and its fall-off, and the noise of that direction."""
from __future__ import annotations

from typing import NamedTuple, Optional

import numpy as np

from ...core.directions import cell_centres
from ...study.directional_noise import CELLS_PER_EDGE, CONE, UNEVEN
from .directional_curves import DirectionalCurves, DirectionalFscParams
from .directional_tensor import Tensor, products

_NEAR = 5.0                                      # degrees from x, y or z within which a direction has its name


class Along(NamedTuple):
    """What is found along an axis: ``resolution`` (Å), and ``signal`` and ``noise`` over those of all directions, by power; None where
    nothing is left there."""

    resolution: Optional[float]
    signal: Optional[float]
    noise: Optional[float]


def along(params: DirectionalFscParams, found: DirectionalCurves, displacement: Optional[Tensor], axis: np.ndarray,
          across: bool = False) -> Along:
    """Resolution in the cone of 20 degrees around an axis, or in the belt within 20 degrees of the plane across it.

    Parameters
    ----------
    params, found
        The threshold; the FSC of all directions and the noise by direction.
    displacement
        Tensor of the fall-off of the signal; None where none could be fitted.
    axis
        The axis (x, y, z), float64 [3].
    across
        Whether to take the belt.

    Returns
    -------
    Along
        With ``q`` the signal-to-noise ratio of a shell, ``e = exp(-4 pi^2 s^T U s)`` and ``r`` the noise, both over their means in the
        shell, the FSC is ``q e / (q e + r)``; the resolution is that of the last shell where it never falls below the threshold.
        It uses all coefficients of the shells, so that it scatters less than the FSC of the cone.
    """
    centres, count = cell_centres(CELLS_PER_EDGE), found.cells.count
    cosine, limit = np.abs(centres @ axis), np.deg2rad(CONE)
    near = cosine <= np.sin(limit) if across else cosine >= np.cos(limit)
    relative = 1.0
    if found.noise is not None:
        weight = found.noise.weight * found.noise.kept
        if weight[near].sum() < 0.5 * found.noise.weight[near].sum():
            return Along(None, None, None)
        relative = float(np.average(found.noise.relative[near], weights=weight[near]) / np.average(found.noise.relative, weights=weight))
    fall = np.ones(count.shape)
    if displacement is not None:
        fall = np.exp(-np.clip(4 * np.pi ** 2 * found.freq[:, None] ** 2 * (products(centres) @ displacement.components), -30, 30))
    signal, seen = _mean(fall[:, near], count[:, near]) / _mean(fall, count), _seen(found, near)
    if is_damped(seen, relative):                # by a filter, which no tensor describes
        signal = np.full_like(signal, seen)
    ratio = np.clip(found.everywhere, -1, 1 - 1e-6)
    ratio = ratio / (1 - ratio) * signal / relative
    at = found.read((ratio / (1 + ratio))[:, None], params.threshold)[0]
    return Along(float(1 / at) if np.isfinite(at) and at > 0 else None, seen, relative)


def is_damped(signal: Optional[float], noise: Optional[float]) -> bool:
    """Whether coefficients were damped, and not only seen by more views, which lowers the noise alone.

    Parameters
    ----------
    signal, noise
        Power of both over that of other directions; None where it is not known.

    Returns
    -------
    bool
        The noise is lower by a factor of 1.3 at least, and the signal by half of it in its logarithm.
    """
    return signal is not None and noise is not None and noise < 1 / UNEVEN and 0 < signal < np.sqrt(noise)


def _mean(values: np.ndarray, count: np.ndarray) -> np.ndarray:
    """Mean over the cells of each shell; 1 in a shell without coefficients."""
    total = count.sum(axis=1)
    return np.where(total > 0, (values * count).sum(axis=1) / np.maximum(total, 1e-12), 1.0)


def _seen(found: DirectionalCurves, near: np.ndarray) -> Optional[float]:
    """Power of the signal in some cells over that of their shell, where the half-maps agree by more than 0.5."""
    used = np.flatnonzero(found.everywhere > 0.5)
    used = used[used >= 3]
    cross, count = found.cells.cross[used], found.cells.count[used]
    if used.size == 0 or count[:, near].sum() == 0:
        return None
    level = cross.sum(axis=1) / count.sum(axis=1)
    return float((cross[:, near].sum(axis=1) / level).sum() / count[:, near].sum())


def direction(axis: np.ndarray) -> str:
    """A direction in words.

    Parameters
    ----------
    axis
        Unit vector (x, y, z), float64 [3].

    Returns
    -------
    str
        ``x``, ``y`` or ``z`` within 5 degrees of it, else its angle to z, and that of its projection in the plane of x and y from x.
    """
    i = int(np.argmax(np.abs(axis)))
    if np.rad2deg(np.arccos(min(abs(axis[i]), 1.0))) < _NEAR:
        return "xyz"[i]
    x, y, z = axis if axis[2] >= 0 else -axis
    return f"the axis {np.rad2deg(np.arccos(min(z, 1.0))):.0f}° from z, turned by {np.rad2deg(np.arctan2(y, x)):.0f}° from x to y"
