"""The mask around a model, without the places where there is density that the model does not explain."""
from __future__ import annotations

from typing import NamedTuple, Sequence

import numpy as np

from ..core import filters, fourier, masks, model_map, shells
from ..core.distance import squared_distance
from ..io.maps import Map
from ..io.models import Model
from .coarse_rest import CoarseRest, coarse_rest
from .mask import EDGE, NEAR
from .solvent import median_level

_LOW, _LOW_VOXELS = 8.0, 3.0          # low-pass under which density is looked for that the model does not explain: Å, or voxels
_PART = 0.5                           # of the density at the atoms, from which such density counts
_LEAST = 500.0                        # Å³, of one piece of it: four residues
_CLEAR, _FADE = 2.0, 6.0              # Å around it where the mask is 0, and over which it comes back
_FREE = 0.3                           # part of the mask that must be left; with less the whole of it is taken


class ModelMask(NamedTuple):
    """A mask around a model.

    ``around``: 1 up to 3 Å from the surface of the atoms, with a cosine edge of 6 Å, float32 [z, y, x]; ``data``: the same with 0 where
    there is density that the model does not explain; ``free``: the part of the mask that is left of it. ``level``: value of the solvent of
    the map, the median of the box.
    """

    around: np.ndarray
    data: np.ndarray
    free: float
    level: float


def around_model(model: Model, keep: np.ndarray, grid: Map, map_ft: np.ndarray, model_ft: np.ndarray) -> ModelMask:
    """The mask around a model.

    Parameters
    ----------
    model, keep
        The atoms; which of them count, bool [n_atoms].
    grid
        The map, for its box and origin.
    map_ft, model_ft
        Transforms of map and model, complex64 [nz, ny, nx // 2 + 1].

    Returns
    -------
    ModelMask
        Of the whole surroundings where less than 0.3 is free.

    Notes
    -----
    What the model does not explain is the map less the model, each shell of the model on the scale ``sum Re(F Fc*) / sum abs(Fc)^2``, which
    other density does not bias; low-passed at 8 Å, above half of the density at the atoms, in pieces of 500 Å³ and more.
    """
    import gemmi
    radius = {e: gemmi.Element(e).vdw_r for e in set(model.elements)}
    radii = np.array([radius[e] for e in model.elements])[keep] + NEAR
    around = masks.soft_edge(masks.atoms_mask(grid.shape, grid.voxel_size, grid.origin, model.xyz[keep], radii), EDGE, grid.voxel_size)
    level = median_level(grid.data)
    clear = _clear_of_others(model.xyz[keep] - np.asarray(grid.origin), grid, map_ft, model_ft)
    if clear is None:
        return ModelMask(around, around, 1.0, level)
    total = float(around.sum(dtype=np.float64))
    left = around * clear
    free = float(left.sum(dtype=np.float64)) / total
    return ModelMask(around, left if free >= _FREE else around, free, level)


def _clear_of_others(position: np.ndarray, grid: Map, map_ft: np.ndarray, model_ft: np.ndarray) -> "np.ndarray | None":
    """1 away from density that the model does not explain, 0 where there is some, float32 [z, y, x]; None where there is none."""
    geo = fourier.geometry(grid.shape, grid.voxel_size)
    rest, own, voxel = _coarse(geo, grid, map_ft, model_ft)
    level = float(np.median(model_map.values_at(own, position, voxel, 0.0))) - float(np.median(own))
    other = rest - np.median(rest) > _PART * level if level > 0 else np.zeros(rest.shape, bool)
    if other.any():
        labels, sizes = masks.components(other)
        other = (labels > 0) & (labels <= int(np.count_nonzero(sizes * float(np.prod(voxel)) >= _LEAST)))
    if not other.any():
        return None
    square = squared_distance(other, voxel, _CLEAR + _FADE)
    clear = 1 - filters.raised_cosine(np.sqrt(square), _CLEAR, _CLEAR + _FADE)
    return _finer(clear.astype(np.float32), grid.shape)


def _coarse(geo: fourier.Geometry, grid: Map, map_ft: np.ndarray, model_ft: np.ndarray) -> CoarseRest:
    """The map less the model on its scale."""
    sums = shells.cross_sums(map_ft, model_ft, geo)
    scale = np.divide(sums.cross, sums.power2, out=np.zeros(geo.n_shells), where=sums.power2 > 0)
    edges = np.asarray(grid.voxel_size) * grid.shape[::-1]
    reach = [int(np.ceil(e / max(_LOW, _LOW_VOXELS * grid.voxel))) + 1 for e in edges[::-1]]
    at = geo.length / max(_LOW, _LOW_VOXELS * grid.voxel)
    return coarse_rest((map_ft, model_ft), (np.ones_like(scale), scale), geo, edges, max(reach),
                       lambda radius: filters.raised_cosine(radius, at - 1, at + 1))


def _finer(coarse: np.ndarray, shape: Sequence[int]) -> np.ndarray:
    """A coarse map over the same box on a finer grid, linear between points and periodic, float32."""
    out = coarse
    for axis, n in enumerate(shape):
        m = coarse.shape[axis]
        at = np.arange(n) * m / n
        low = np.floor(at).astype(int)
        part = (at - low).astype(np.float32).reshape([-1 if i == axis else 1 for i in range(3)])
        out = np.take(out, low % m, axis=axis) * (1 - part) + np.take(out, (low + 1) % m, axis=axis) * part
    return out
