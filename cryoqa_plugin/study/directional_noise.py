"""The noise of two half-maps by direction: which views are missing.

A direction of Fourier space that few particles contributed to has more noise, one that none contributed to has nothing at all, and the
power of the noise tells so within a percent. The FSC tells it ten times worse: it depends on the signal too, and two half-maps without
anything in a direction have no FSC there. The noise is that of the half-maps without a mask: a mask spills neighbours into empty
directions.
"""
from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple, Optional, Tuple

import numpy as np

from ..core import crossing, shells
from ..core.directions import cell_centres, half_directions
from ..core.fourier import Geometry
from ..core.quadrupoles import principal, products
from ..core.shells import CrossSums

CELLS_PER_EDGE = 13                        # odd, so that the axes lie in the middle of cells
CONE = 20.0                                # degrees, half-angle of the hard double cones that noise is read in
COARSEST = 20.0                            # Å; coarser shells hold too few coefficients to tell directions apart
UNEVEN, STRONG = 1.3, 2.0                  # noise ratio from which it is noted, and warned about; isotropic half-maps reach 1.16
_EMPTY, _LEAST = 0.1, 10                   # noise of an empty cell over the median; coefficients in it, for fewer are so by chance
_HALF = 0.5                                # part of a cone that must hold something for it to have a number
_BEYOND = 1.3                              # times the frequency where the FSC falls below 0.143
_FILTER = 0.02                             # 1/Å before the edge of a low-pass over which noise falls too fast within a shell
_CLIP = (0.05, 20.0)                       # of the noise, before its logarithm
_SHELLS, _GROUPS = 4, 8                    # least number of shells; every 8th is left out in turn for errors
_SURE = 10.0                               # standard errors of ln of the noise ratio; isotropic half-maps have 4 to 6, masked ones 10
_GRID = 0.4                                # degrees, error of an axis from the width of the cells (random caps in simulated half-maps)
_TRACELESS = np.array([1 / 3, 1 / 3, 1 / 3, 0, 0, 0])


class DirectionalNoise(NamedTuple):
    """Noise power of half-maps by direction.

    ``relative`` float64 [507]: of each cell of direction over that of all cells at the same frequency, over the median of the cells;
    ``weight`` float64 [507]: coefficients in it; ``kept`` bool [507]: false in empty cells, when these leave less than half of some cone of
    20 degrees, so that there is no number along it. ``axis`` float64 [3] (x, y, z): along it
    the noise differs most from the rest, by ``strength`` in ln of a quadrupole, below 0 where it is lower; ``axis_error`` is its standard
    error in degrees. ``ratio``: noise of the noisiest over that of the quietest cone of 20 degrees among those that have a number, with
    ``z``, ln of it over the standard error of ln of the noise of a cone.
    """

    relative: np.ndarray
    weight: np.ndarray
    kept: np.ndarray
    axis: np.ndarray
    axis_error: float
    strength: float
    ratio: float
    z: float

    @property
    def empty_fraction(self) -> float:
        """Part of Fourier space, between 20 Å and a little beyond the resolution, that holds nothing or was damped; 0 to 1."""
        return float(self.weight[~self.kept].sum() / self.weight.sum())

    @property
    def empty(self) -> bool:
        """Whether there are directions without anything."""
        return not bool(self.kept.all())

    @property
    def uneven(self) -> bool:
        """Whether the noise depends on direction, surely and by more than a factor of 1.3, or is missing in some."""
        return self.empty or (self.ratio > UNEVEN and self.z > _SURE)

    @property
    def known(self) -> bool:
        """Whether there are enough coefficients to tell even noise from uneven noise."""
        return self.uneven or self.ratio <= UNEVEN

    def around(self, axes: np.ndarray) -> np.ndarray:
        """Noise in the cones of 20 degrees around some directions.

        Parameters
        ----------
        axes
            Directions (x, y, z), float64 [n, 3].

        Returns
        -------
        ndarray
            Over the median of all cells, float64 [n]; NaN where a cone keeps less than half of its coefficients.
        """
        return in_cones(axes, self.relative, self.weight, self.kept)


def in_cones(axes: np.ndarray, values: np.ndarray, weight: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """Means of values of cells in hard double cones of 20 degrees.

    Parameters
    ----------
    axes
        Directions (x, y, z), float64 [n, 3].
    values, weight
        Of the cells, float64 [n_cells].
    kept
        Cells that take part, bool [n_cells].

    Returns
    -------
    ndarray
        float64 [n]; NaN where the cells that take part hold less than half of the weight of the cone.
    """
    return _in_cones(_cones(axes), values, weight, kept)


def _cones(axes: np.ndarray) -> np.ndarray:
    """Cells in the cone around each direction, 0 or 1, float64 [n, n_cells]."""
    return _cones_of(np.ascontiguousarray(axes, dtype=np.float64).tobytes())


@lru_cache(maxsize=4)
def _cones_of(raw: bytes) -> np.ndarray:
    """:func:`_cones` of directions by their bytes: they are the same few in every run."""
    axes = np.frombuffer(raw).reshape(-1, 3)
    return (np.abs(axes @ cell_centres(CELLS_PER_EDGE).T) >= np.cos(np.deg2rad(CONE))).astype(np.float64)


def _in_cones(near: np.ndarray, values: np.ndarray, weight: np.ndarray, kept: np.ndarray) -> np.ndarray:
    inside = near @ (weight * kept)
    known = (inside > 0) & (inside >= _HALF * (near @ weight))
    return np.where(known, near @ (values * weight * kept) / np.maximum(inside, 1e-12), np.nan)


def first_shell(geo: Geometry, last: int) -> int:
    """Shell from which directions can be told apart.

    Parameters
    ----------
    geo
        The shells.
    last
        The last shell of interest.

    Returns
    -------
    int
        That of 20 Å, but 3 at least, and at most half of ``last``, for half-maps that hold nothing finer than 20 Å.
    """
    return max(3, min(int(np.ceil(geo.length / COARSEST)), last // 2))


def directional_noise(cells: CrossSums, geo: Geometry, filtered_at: Optional[float] = None) -> Optional[DirectionalNoise]:
    """Noise of two half-maps by direction.

    Parameters
    ----------
    cells
        Cross sums of the half-maps, without a mask, in shells and cells of direction, float64 [n_shells, 507] each.
    geo
        The shells.
    filtered_at
        Resolution (Å) at which the half-maps were low-passed; None when they were not.

    Returns
    -------
    DirectionalNoise or None
        None where fewer than four shells hold noise.

    Notes
    -----
    ``D = (P1 + k^2 P2 - 2 k X) / 2`` is the noise power of a cell, ``k^2 = P1 / P2`` of its shell bringing half-map 2 to the scale of
    half-map 1. The means of ``D`` over that of the shell, weighted by the number of coefficients, are taken over the shells from 20 Å
    to 1.3 times the frequency where the FSC falls below 0.143. Cells below a tenth of the median are empty. The axis is that of the largest
    eigenvalue in absolute value of the quadrupole fitted to ln of the noise by least squares, its error that of leaving every 8th
    shell out in turn, and 0.4 degrees for the width of the cells.
    """
    used, share = _noise_by_shell(cells, geo, filtered_at)
    if used.size < _SHELLS:
        return None
    group = np.arange(used.size) % _GROUPS
    parts = [(share[group == g].sum(axis=0), cells.count[used][group == g].sum(axis=0)) for g in range(min(_GROUPS, used.size))]
    noise, weight = (np.sum([p[i] for p in parts], axis=0) for i in (0, 1))
    relative = _over_median(noise, weight)
    kept = ~((relative < _EMPTY) & (weight >= _LEAST))
    near = _cones(half_directions(3))
    if not np.isnan(_in_cones(near, relative, weight, kept)).any():
        kept[:] = True                           # single cells are no cap of missing views
    strength, axis = _axis(relative, weight, not kept.all())
    cones, turned, scatter = _in_cones(near, relative, weight, kept), [], []
    for n, w in parts:
        left = _over_median(noise - n, weight - w)
        turned.append(np.arccos(min(abs(float(_axis(left, weight - w, not kept.all())[1] @ axis)), 1.0)))
        scatter.append(np.log(_in_cones(near, left, weight - w, kept) / cones))
    jack = (len(parts) - 1) / len(parts)
    error = float(np.sqrt(jack * np.nanmean(np.sum((scatter - np.mean(scatter, axis=0)) ** 2, axis=0))))
    turn = np.rad2deg(np.sqrt(jack * np.sum(np.square(turned))))
    ratio = float(np.nanmax(cones) / np.nanmin(cones))
    return DirectionalNoise(relative, weight, kept, axis, float(np.hypot(turn, _GRID)), strength, ratio, float(np.log(ratio) / error))


def _noise_by_shell(cells: CrossSums, geo: Geometry, filtered_at: Optional[float]) -> Tuple[np.ndarray, np.ndarray]:
    """The shells that count, and in each the noise of the cells over the mean of the shell, times their coefficients."""
    total = CrossSums(*(v.sum(axis=1) for v in cells))
    falls = crossing.find_crossings(np.arange(geo.n_shells), shells.fsc(total), 0.143).first
    last = geo.n_shells - 1 if np.isnan(falls) else min(int(_BEYOND * falls), geo.n_shells - 1)
    if filtered_at is not None:
        last = min(last, int((1 / filtered_at - _FILTER) * geo.length))
    k = np.sqrt(total.power1 / np.maximum(total.power2, 1e-300))[:, None]
    noise = np.maximum((cells.power1 + k * k * cells.power2 - 2 * k * cells.cross) / 2, 0)
    used = np.arange(first_shell(geo, last), max(last + 1, 0))
    used = used[noise[used].sum(axis=1) > 0]
    return used, noise[used] * (total.count[used] / noise[used].sum(axis=1))[:, None]


def _over_median(noise: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Means over the median of the cells; 1 in cells without coefficients."""
    mean = np.divide(noise, weight, out=np.zeros_like(noise), where=weight > 0)
    return np.where(weight > 0, mean / np.median(mean[weight > 0]), 1.0)


def _axis(relative: np.ndarray, weight: np.ndarray, empty: bool) -> Tuple[float, np.ndarray]:
    """Largest eigenvalue in absolute value, or the lowest where cells are empty, of the quadrupole of ln of the noise; and its vector."""
    # Of the six products less their mean five are independent: the shortest solution has no trace.
    x = np.c_[np.ones(relative.size), products(cell_centres(CELLS_PER_EDGE)) - _TRACELESS]
    root = np.sqrt(weight)
    found = np.linalg.lstsq(x * root[:, None], np.log(np.clip(relative, *_CLIP)) * root, rcond=None)[0]
    axes = principal(found[1:])
    i = 0 if empty else int(np.argmax(np.abs(axes.values)))
    return float(axes.values[i]), axes.vectors[i]
