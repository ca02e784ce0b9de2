"""Anisotropy in shell sharpening: tensors of the data, of the uncertainties and of the scale factors."""
from __future__ import annotations

from typing import List, NamedTuple, Optional, Tuple

import numpy as np

from ...core import anisotropic, cones
from ...core.fourier import Geometry
from ...core.shells import CrossSums
from ...results import Table
from ..resolution import directional_tensor

COMPONENTS = ("xx", "yy", "zz", "xy", "xz", "yz")
_ERRORS = 4.0                         # standard errors, and
_EFFECT = 0.5                         # logarithm of the best over the worst amplitude at the resolution: isotropic maps of real
_EFFECT_IDEAL = 0.2                   # folds come to 0.4, and to less than 0.2 when the fold is taken out by a model or a map
_NONE = np.zeros(6)


class Tensors(NamedTuple):
    """Displacement tensors less their means (Å², xx, yy, zz, xy, xz, yz), float64 [6]; None where there is nothing to tell.

    ``relative``: signal relative to ideal, which is what is corrected; ``error`` its standard error, mean of the six. ``signal``: the
    signal itself. ``data``: signal and noise of the map. ``noise``: the uncertainties. ``known``: the ideal is that of a model or map.
    """

    relative: np.ndarray
    error: float
    signal: np.ndarray
    data: Optional[np.ndarray]
    noise: Optional[np.ndarray]
    known: bool


def from_halves(ft1: np.ndarray, ft2: np.ndarray, geo: Geometry, last: int, ideal: Optional[np.ndarray],
                external: bool) -> Optional[Tensors]:
    """Tensors from two half-maps: signal from the cross-power, noise from the difference.

    Parameters
    ----------
    ft1, ft2
        Transforms of the half-maps, complex64 [nz, ny, nx // 2 + 1].
    geo
        Their shells.
    last
        Shells 3 to ``last`` - 1 are fitted.
    ideal
        Transform of a model (its own power tells its tensor) or of another map; without it the ideal is isotropic.
    external
        ``ideal`` is another map, whose tensor comes from its cross-power with the half-maps: twice that tensor is the sum of both.

    Returns
    -------
    Tensors or None
        None when there are too few coefficients.
    """
    cells = cones.cell_sums(ft1, ft2, geo, directional_tensor.CELLS_PER_EDGE)
    found = directional_tensor.fit(cells, geo, last)
    if found is None:
        return None
    u, error = found.components, found.errors
    mean_power = (cells.power1 + cells.power2) / 2
    data, noise = (_fit_power(p, cells.count, geo, last) for p in ((mean_power + cells.cross) / 2, mean_power - cells.cross))
    relative = u
    if ideal is not None:
        other = _fit(ft1 + ft2 if external else ideal, ideal, geo, last, _noise_over_signal(cells))
        if other is None:
            return None
        relative = 2 * (u - other.components) if external else u - other.components
        error = np.hypot(error, other.errors) * (2 if external else 1)
    return Tensors(relative, float(error.mean()), u, data, noise, ideal is not None)


def from_ideal(ft: np.ndarray, ideal: np.ndarray, geo: Geometry, last: int) -> Optional[Tensors]:
    """Tensors of a map from its cross-power with an ideal: twice that tensor is the sum of both.

    Parameters
    ----------
    ft
        Transform of the map, complex64 [nz, ny, nx // 2 + 1].
    ideal
        Transform of a model or another map.
    geo
        Their shells.
    last
        Shells 3 to ``last`` - 1 are fitted.

    Returns
    -------
    Tensors or None
        None when there are too few coefficients.
    """
    shared = _normalised(ft, ideal, geo)
    cross, own = directional_tensor.fit(shared, geo, last), _fit(ideal, ideal, geo, last, _noise_over_signal(shared))
    if cross is None or own is None:
        return None
    relative = 2 * (cross.components - own.components)
    error = float(2 * np.hypot(cross.errors, own.errors).mean())
    data = _fit(ft, ft, geo, last)
    return Tensors(relative, error, relative + own.components, data.components if data else None, None, True)


def _normalised(a: np.ndarray, b: np.ndarray, geo: Geometry) -> CrossSums:
    """Cross sums in cells of two transforms, each brought to a mean power of 1 in every shell: the fit weighs by their noise."""
    cells = cones.cell_sums(a, b, geo, directional_tensor.CELLS_PER_EDGE)
    count = np.maximum(cells.count.sum(axis=1), 1e-12)
    one, two = (np.sqrt(np.maximum(p.sum(axis=1) / count, 1e-300))[:, None] for p in (cells.power1, cells.power2))
    return CrossSums(cells.cross / (one * two), cells.power1 / one ** 2, cells.power2 / two ** 2, cells.count)


def _noise_over_signal(cells: CrossSums) -> np.ndarray:
    """Noise over signal in each shell, float64 [n_shells]."""
    cross = cells.cross.sum(axis=1)
    noise = ((cells.power1 + cells.power2) / 2).sum(axis=1) - cross
    return np.clip(noise / np.where(cross > 0, cross, 1), 0, 1e6)


def _fit(a: np.ndarray, b: np.ndarray, geo: Geometry, last: int, noise: Optional[np.ndarray] = None) -> Optional[directional_tensor.Tensor]:
    """Tensor of the cross-power of two transforms; with ``noise``, shells weigh as if they had that noise over signal.

    The tensor of a fold is not quite the same in all shells, so that two tensors can be subtracted only when their shells weigh alike.
    """
    cells = _normalised(a, b, geo)
    if noise is not None:
        level = noise * np.maximum(cells.cross.sum(axis=1), 0) / np.maximum(cells.count.sum(axis=1), 1e-12)
        power = cells.cross + level[:, None] * cells.count
        cells = cells._replace(power1=power, power2=power)
    return directional_tensor.fit(cells, geo, last)


def _fit_power(power: np.ndarray, count: np.ndarray, geo: Geometry, last: int) -> Optional[np.ndarray]:
    if not np.all(power[3:last].sum(axis=1) > 0):
        return None
    found = directional_tensor.fit(CrossSums(power, power, power, count), geo, last)
    return found.components if found else None


def spread(u: np.ndarray) -> float:
    """Largest less smallest principal value of a tensor.

    Parameters
    ----------
    u
        xx, yy, zz, xy, xz, yz (Å²), float64 [6].

    Returns
    -------
    float
        In Å².
    """
    values = directional_tensor.principal(u).values
    return float(values[-1] - values[0])


def matters(tensors: Tensors, resolution: float) -> bool:
    """Whether a tensor is beyond its error, and beyond what the fold of a molecule may come to.

    Parameters
    ----------
    tensors
        The tensors.
    resolution
        Resolution (Å) at which its effect is looked at.

    Returns
    -------
    bool
        Whether to correct it.
    """
    size = spread(tensors.relative)
    effect = _EFFECT_IDEAL if tensors.known else _EFFECT
    return size > _ERRORS * tensors.error and 2 * np.pi ** 2 * size / resolution ** 2 > effect


def decay(tensors: Tensors) -> np.ndarray:
    """Tensor with which the signal-to-noise ratio falls off.

    Parameters
    ----------
    tensors
        The tensors.

    Returns
    -------
    ndarray
        In Å², float64 [6].
    """
    return tensors.signal - (tensors.noise if tensors.noise is not None else _NONE)


def of_scale(tensors: Optional[Tensors], freq: np.ndarray, ratio: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Tensor of the scale factors: they grow as ``exp(2 pi^2 s^T U s)``; least squares with a free scale per shell.

    Parameters
    ----------
    tensors
        The tensors, None when nothing was corrected.
    freq
        Frequency of the shells (1/Å), float64 [n].
    ratio
        Signal-to-noise ratio per shell, float64 [n].
    weight
        Weight of a shell, float64 [n].

    Returns
    -------
    ndarray
        In Å², float64 [6]; zeros when nothing was corrected.
    """
    if tensors is None:
        return _NONE
    q = np.minimum(ratio, 1e12)[:, None] * np.exp(-anisotropic.exponents(decay(tensors), freq))
    y = anisotropic.exponents(tensors.relative, freq) / 2 + np.log(np.where(q > 0, q, 1) / (1 + q))
    use = (ratio > 1e-3) & (weight > 0) & (freq > 0)
    if not use.any():
        return _NONE
    y, w = y[use] - y[use].mean(axis=1, keepdims=True), weight[use]
    columns = np.stack([anisotropic.exponents(np.eye(6)[i], freq[use]) / 2 for i in range(6)], axis=-1)
    columns = columns - columns.mean(axis=1, keepdims=True)
    left = np.einsum("i,ijk,ijl->kl", w, columns, columns)
    left[:3, :3] += np.trace(left) / 3                           # the trace is free: hold it at 0
    return np.linalg.solve(left, np.einsum("i,ijk,ij->k", w, columns, y))


def table(tensors: Optional[Tensors], overall: Optional[float], scale: np.ndarray) -> Optional[Table]:
    """The tensors as rows.

    Parameters
    ----------
    tensors
        The tensors, None when there are none.
    overall
        Mean U (Å²) of the map's fall-off, which is taken out of all rows but the first; None when it is not known.
    scale
        Tensor of the scale factors, float64 [6].

    Returns
    -------
    Table or None
        In Å².
    """
    if tensors is None:
        return None
    rows: List[Tuple] = []
    if overall is not None:
        rows.append(("overall",) + tuple(tensors.relative + np.r_[np.full(3, overall), 0, 0, 0]))
    rows += [("signal relative to ideal",) + tuple(tensors.relative), ("signal",) + tuple(tensors.signal)]
    rows += [(name,) + tuple(u) for name, u in (("data", tensors.data), ("uncertainties", tensors.noise)) if u is not None]
    rows.append(("scale factors",) + tuple(scale))
    return Table(("of",) + COMPONENTS, tuple((r[0],) + tuple(float(v) for v in r[1:]) for r in rows))
