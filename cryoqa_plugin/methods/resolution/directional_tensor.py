"""How fast the signal falls off in each direction: an anisotropic B-factor from the cross-power of two half-maps."""
from __future__ import annotations

from typing import NamedTuple, Optional, Tuple

import numpy as np

from ...core import shells
from ...core.directions import cell_centres
from ...core.fourier import Geometry
from ...core.quadrupoles import Axes, principal, products
from ...core.shells import CrossSums
from ...study.directional_noise import CELLS_PER_EDGE as CELLS_PER_EDGE

_FEWEST = 300                              # independent coefficients
_CLUSTER = 4                               # shells to a cluster of the standard error
_TRACELESS = np.array([1 / 3, 1 / 3, 1 / 3, 0, 0, 0])


class Tensor(NamedTuple):
    """Displacement tensor ``U`` less its mean: ``components`` xx, yy, zz, xy, xz, yz (Å²), their standard errors, and its
    principal axes."""

    components: np.ndarray
    errors: np.ndarray
    axes: Axes


def fit(cells: CrossSums, geo: Geometry, last: int) -> Optional[Tensor]:
    """Traceless tensor ``U`` with which the power of the signal falls as ``exp(-4 pi^2 s^T U s)``.

    Parameters
    ----------
    cells
        Cross sums in shells and cells of direction, float64 [n_shells, n_cells] each.
    geo
        The shells.
    last
        Shells 3 to ``last`` - 1 are fitted.

    Returns
    -------
    Tensor or None
        In Å²; None when there are too few coefficients.

    Notes
    -----
    The real part of ``F1* F2`` is, on average, the power of the signal, whatever the noise. With ``S`` the signal power of a shell,
    ``e = exp(-4 pi^2 s^T U s)`` and ``q = S e / N`` the signal-to-noise ratio of a half-map, one coefficient has the variance
    ``(S e)^2 (1 + 1/q + 1/(2 q^2))``, so that its weight is ``1 / (1 + 1/q + 1/(2 q^2))``. Weighted least squares in ``c / (S e) - 1`` is
    solved again with new weights until ``U`` stays; the mean of each shell is taken out, so that its power is free. The standard errors
    come from the scatter between cells.
    """
    # Shells 1 and 2 hold too few coefficients to tell one direction from another.
    shells_used = np.arange(3, min(last, geo.n_shells))
    count, cross = cells.count[shells_used], cells.cross[shells_used]
    if count.sum() < _FEWEST or shells_used.size < 3 or np.any(cross.sum(axis=1) <= 0):
        return None
    freq2 = (shells_used / geo.length) ** 2
    x = 4 * np.pi ** 2 * freq2[:, None, None] * (products(cell_centres(CELLS_PER_EDGE)) - _TRACELESS)
    power = (cells.power1 + cells.power2)[shells_used] / 2
    # Noise of copies is 0 or below by rounding; 1e-6 keeps the weights finite.
    noise = np.maximum((power - cross).sum(axis=1) / count.sum(axis=1), 1e-6 * power.sum(axis=1) / count.sum(axis=1))
    u, normal, score = _solve(x, cross, count, noise)
    if u is None:
        return None
    # Neighbouring shells depend on each other when the box is larger than the molecule: they go into one cluster.
    rows = np.add.reduceat(score, np.arange(0, shells_used.size, _CLUSTER), axis=0).reshape(-1, 6)
    bread = np.linalg.inv(normal)
    return Tensor(u, np.sqrt(np.diag(bread @ (rows.T @ rows) @ bread)), principal(u))


def _solve(x: np.ndarray, cross: np.ndarray, count: np.ndarray, noise: np.ndarray
           ) -> Tuple[Optional[np.ndarray], np.ndarray, np.ndarray]:
    """Components of U, the normal matrix, and each cell's share of the score, [n_shells, n_cells, 6]; None when it does not converge."""
    u, n = np.zeros(6), np.maximum(count, 1e-12)
    weight = count
    for _ in range(30):
        # 30: e^-30 is out of reach of any data, and keeps a wild step from overflowing.
        fall = np.exp(-np.clip(x @ u, -30, 30))
        signal = (weight * cross / n / fall).sum(axis=1) / weight.sum(axis=1)
        if np.any(signal <= 0):
            return None, x, x
        ratio = signal[:, None] * fall / noise[:, None]
        weight = count / (1 + 1 / ratio + 0.5 / ratio ** 2)
        signal = (weight * cross / n / fall).sum(axis=1) / weight.sum(axis=1)
        if np.any(signal <= 0):
            return None, x, x
        rest = np.where(count > 0, cross / n / (signal[:, None] * fall) - 1, 0)
        centred = x - ((weight[..., None] * x).sum(axis=1) / weight.sum(axis=1)[:, None])[:, None]
        weighted = weight[..., None] * centred
        normal = np.tensordot(weighted, centred, axes=((0, 1), (0, 1)))
        score = weighted * rest[..., None]
        normal[:3, :3] += np.trace(normal) / 3                # the trace is free: hold it at 0
        # Directions without coefficients leave a component open.
        if np.linalg.cond(normal) > 1e10:
            return None, x, x
        step = np.linalg.solve(normal, score.sum(axis=(0, 1)))
        u = u - step
        if np.abs(step).max() < 1e-6:
            return u, normal, score
    return None, x, x


def shell_curve(cells: CrossSums) -> np.ndarray:
    """FSC over all directions.

    Parameters
    ----------
    cells
        Cross sums in shells and cells of direction, float64 [n_shells, n_cells] each.

    Returns
    -------
    ndarray
        float64 [n_shells].
    """
    return shells.fsc(CrossSums(*(v.sum(axis=1) for v in cells)))
