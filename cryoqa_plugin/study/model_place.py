"""Does a model lie on its map: which voxel size, which shift and which hand make it fit best."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from ..core import alignment, atom_grid, density, fourier
from ..core.alignment import NONE, Placement
from ..core.fourier import Geometry
from ..io.maps import Map
from ..io.models import Model
from ..results import Result, metric
from .position import operation_words

OFF, MOVED = 0.5, 0.7                 # % of the voxel size and Å from which they are said
WITHIN = 3.0                          # Å, the largest shift that is looked for
_REACH = 24                           # Fourier indices that decide on scale and shift
_SCALES = np.arange(-6, 7) / 100      # of the voxel size, tried first
_FINE = np.array((-0.005, 0.0, 0.005))
_GAIN = 0.02                          # by which the log-likelihood must rise before another voxel size is believed
_ALIKE = 0.5                          # mean correlation of the coarser half of the shells, below which a model is not of this map
_ALIKE_WHOLE, _MARGIN = 0.7, 0.05     # what the whole map must reach, and be ahead of the mask around the model, to be asked
_ASKED = 0.85                         # mean correlation below which it is asked whether the map is mirrored or turned
_SURE = 5.0                           # standard errors that make a shift one
_BIAS = 6.0                           # % by which density that the model does not explain may mislead the scale, where it is all around
_PRECISE = 0.1                        # Å; without that a shift that is not sure is not known


class ModelPlace(NamedTuple):
    """How a model lies on its map; fields are None where the map does not tell.

    ``voxel_size``: the one (Å, of an isotropic map its edge along x) at which the model fits best, that of the map unless another is
    better beyond doubt; ``voxel_off`` is how much it differs, in %. ``shift``: (x, y, z) in Å by which the model should be moved to fit
    best, at most 3 Å long; ``shift_error`` the standard error of its length. ``operation``: what turns the map the way round of the model.
    """

    voxel_size: Optional[float]
    voxel_off: Optional[float]
    shift: Optional[Tuple[float, float, float]]
    shift_error: Optional[float]
    operation: Optional[str]


@dataclass(frozen=True)
class ModelPlaceFacts(Result):
    """What every result of a map and a model says of how they lie on each other."""

    fitting_origin: Optional[str] = metric("", "origin (x, y, z) of the map with which the model would lie in density, and what it "
                                           "is; none where that of the map fits, or no other does", "none")
    model_voxel_size: Optional[float] = metric("Å", "voxel size at which the model fits best, within 6 % of that of the map", "none")
    model_voxel_off: Optional[float] = metric("%", "difference of that voxel size from that of the map", "target:0")
    model_shift: Optional[float] = metric("Å", "length of the shift, 3 Å at most, that makes the model fit best", "target:0")
    model_shift_vector: Optional[str] = metric("Å", "that shift along x, y, z: the model fits best moved by it", "none")
    model_shift_error: Optional[float] = metric("Å", "standard error of the length of the shift", "lower")
    model_operation: Optional[str] = metric("", "rotation, mirror or sign that brings the map onto the model: none, or axes to reverse "
                                                "and swap", "none")
    model_place_words: Optional[str] = metric("", "what is wrong with the place of the model, in words", "none")


def values(place: ModelPlace, grid: Map) -> Dict[str, Any]:
    """The fields of :class:`ModelPlaceFacts` by name.

    Parameters
    ----------
    place
        How the model lies on the map.
    grid
        The map, for its voxel size.

    Returns
    -------
    dict
        As a result of map and model takes them.
    """
    vector = place.shift
    said = notes(place, grid)
    return dict(model_voxel_size=place.voxel_size, model_voxel_off=place.voxel_off,
                model_shift=None if vector is None else float(np.linalg.norm(vector)),
                model_shift_vector=None if vector is None else _triple(vector),
                model_shift_error=place.shift_error, model_operation=place.operation,
                model_place_words=said[0] if said else None)


def notes(place: ModelPlace, grid: Map) -> List[str]:
    """What is wrong with the place of a model, the most upstream cause alone.

    Parameters
    ----------
    place
        How the model lies on the map.
    grid
        The map, for its voxel size.

    Returns
    -------
    list of str
        One sentence, or none.
    """
    if place.voxel_size and place.voxel_off and place.voxel_off > OFF:
        return [f"A voxel size of {place.voxel_size:.4g} Å fits the model better than the {grid.voxel_size[0]:.4g} Å of the map: the voxel "
                "size seems to be wrong. Numbers of map and model are of the voxel size that the map has."]
    if place.shift is not None and float(np.linalg.norm(place.shift)) > MOVED:
        return [f"The model is shifted against the map: moved by {_triple(place.shift)} Å along x, y, z it fits better."]
    if place.operation not in ("none", None):
        wrong = "the hand of the map is wrong, or that of the model" if "mirror" in place.operation else "one of them was turned"
        return [f"The map fits the model only with {place.operation}: {wrong}."]
    return []


def _triple(vector: Sequence[float]) -> str:
    return ", ".join(f"{v + 0.0:.2f}" for v in np.round(vector, 2))


def used_atoms(model: Model, grid: Map, table: str) -> np.ndarray:
    """Which atoms of a model make its density.

    Parameters
    ----------
    model, grid
        The atoms; the map whose box and origin they are placed by.
    table
        Scattering factors: ``electron``, ``xray`` or ``neutron``.

    Returns
    -------
    ndarray
        bool [n_atoms]: inside the box, of an element that the table knows, and occupied.
    """
    return density.atoms_inside(model.elements, model.xyz, grid.shape, grid.voxel_size, grid.origin, table).keep & (model.occupancy > 0)


def model_transform(model: Model, grid: Map, table: str) -> np.ndarray:
    """Transform of a model on the grid of a map, with its B-factors.

    Parameters
    ----------
    model, grid, table
        As of :func:`used_atoms`.

    Returns
    -------
    ndarray
        complex64 [nz, ny, nx // 2 + 1].
    """
    keep = used_atoms(model, grid, table)
    return density.model_density_ft([e for e, k in zip(model.elements, keep) if k], model.xyz[keep], model.b_iso[keep],
                                    model.occupancy[keep], grid.shape, grid.voxel_size, grid.origin, table=table)


def find_place(model: Model, grid: Map, whole: np.ndarray, near: np.ndarray, free: float) -> ModelPlace:
    """How a model lies on its map.

    Parameters
    ----------
    model, grid
        The atoms, some of them in the box; the map, for its box and origin.
    whole, near
        Transforms of the map as it is and in a mask around the model, complex64 [nz, ny, nx // 2 + 1].
    free
        Part of that mask which is free of density that the model does not explain: where it is small, neighbours decide on the scale.

    Returns
    -------
    ModelPlace
        None in place of what the map does not tell.

    Notes
    -----
    Atoms are points of their nuclear charge. Map and points, whitened in shells, are laid on each other by the phases of the indices up
    to 24 for voxel sizes within 6 %, and compared by the log-likelihood ``-sum n ln(1 - r^2)`` over shells of ``n`` coefficients and
    correlation ``r``. Another voxel size is believed when it raises that by 2 %; at 2.6 to 4 Å 1 % of it raises it by 3 to 13 %.
    """
    keep = used_atoms(model, grid, "electron")
    geo, voxel = fourier.geometry(grid.shape, grid.voxel_size), np.asarray(grid.voxel_size)
    points = _Points(model.xyz[keep] - np.asarray(grid.origin), _charges(model, keep), tuple(voxel * grid.shape[::-1]))
    scale, here = _scale(points, alignment.centred(near, grid.shape, _REACH), alignment.centred(whole, grid.shape, _REACH), geo, free)
    size, off = (None, None) if scale is None else (float(voxel[0] * scale), 100 * abs(scale - 1))
    turned = _operation(points, whole, geo, here) if _likeness(here) < _ASKED and not off else "none"
    if _likeness(here) < _ALIKE or turned != "none":
        return ModelPlace(size, off, None, None, turned)
    shift, error = tuple(float(t * v) for t, v in zip(here.shift[::-1], voxel)), here.error * float(voxel.max())
    length = float(np.linalg.norm(shift))
    known = length <= WITHIN + _PRECISE and (error <= _PRECISE or length > _SURE * error)
    return ModelPlace(size, off, shift if known else None, error, "none")


class _Points(NamedTuple):
    """Atoms as points: ``position`` from the first voxel and ``cell`` in Å (x, y, z), ``weight``."""

    position: np.ndarray
    weight: np.ndarray
    cell: Tuple[float, ...]

    def laid_on(self, cube: np.ndarray, geo: Geometry, scale: float, within: Optional[Sequence[float]]) -> Placement:
        """How the points lie on coefficients of the map when its voxels are ``scale`` times larger."""
        points = atom_grid.point_coefficients(self.position / scale, self.weight, self.cell, cube.shape)
        return alignment.shift_between(points, cube, geo, within)


def _charges(model: Model, keep: np.ndarray) -> np.ndarray:
    import gemmi
    charge = {e: gemmi.Element(e).atomic_number for e in set(model.elements)}
    return np.array([charge[e] for e in model.elements])[keep] * model.occupancy[keep]


def _likelihood(found: Placement) -> float:
    r = np.clip(found.fsc, 0, 0.9999)
    return float(-(found.count * np.log(1 - r * r)).sum())


def _likeness(found: Placement) -> float:
    """Mean correlation of the coarser half of the shells, each with one vote."""
    return float(found.fsc[:max(4, found.fsc.size // 2)].mean())


def _scale(points: _Points, near: np.ndarray, whole: np.ndarray, geo: Geometry, free: float) -> Tuple[Optional[float], Placement]:
    """The scale of the voxel size at which the points fit best, 1 unless another is better beyond doubt, None where the map does not tell;
    and how the points lie as they are."""
    within = WITHIN * np.asarray(geo.steps) * geo.shape / geo.length          # voxels
    scale, found, here = _scan(points, near, geo, within)
    # Of a voxel size that is far off the mask holds only a part of the molecule; the whole map then tells more, not less.
    other, there, _ = _scan(points, whole, geo, within)
    if _likeness(there) > max(_likeness(found) + _MARGIN, _ALIKE_WHOLE):
        scale, found = other, there
    if _likeness(found) < _ALIKE:
        return None, here
    return (scale if 100 * abs(scale - 1) > _BIAS * (1 - free) else 1.0), here


def _scan(points: _Points, cube: np.ndarray, geo: Geometry, within: np.ndarray) -> Tuple[float, Placement, Placement]:
    """The best scale, how the points lie at that scale, and how they lie as they are."""
    tried = {0.0: points.laid_on(cube, geo, 1.0, within)}

    def score(off: float) -> float:
        off = round(float(off), 6) + 0.0
        if off not in tried:
            tried[off] = points.laid_on(cube, geo, 1 + off, None)
        return _likelihood(tried[off])

    best = max(_SCALES, key=score)
    best = max(best + _FINE, key=score)
    low, middle, high = (score(best + d) for d in _FINE)
    bend = low - 2 * middle + high
    if bend < 0:
        best += _FINE[2] * float(np.clip(0.5 * (low - high) / bend, -1, 1))
    best = round(float(best), 6) + 0.0 if score(best) > (1 + _GAIN) * score(0.0) else 0.0
    return 1 + best, tried[best], tried[0.0]


def _operation(points: _Points, whole: np.ndarray, geo: Geometry, here: Placement) -> Optional[str]:
    """What turns the map the way round of the points; None when nothing makes them alike."""
    cube = alignment.centred(whole, geo.shape, alignment.REACH)
    mine = atom_grid.point_coefficients(points.position, points.weight, points.cell, cube.shape)
    found = alignment.place_centred(mine, cube, geo)
    if found.operation != NONE and _likeness(found) >= max(_ALIKE, _likeness(here) + _MARGIN):
        return operation_words(found.operation)
    return "none" if _likeness(here) >= _ALIKE else None
