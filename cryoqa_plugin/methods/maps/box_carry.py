"""All that belongs to a map taken into its new box: half-maps, masks, local resolution, model and FSC."""
from __future__ import annotations

from dataclasses import replace
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from ... import machine
from ...core import boxes
from ...core.boxes import LINEAR, NEAREST, WAVES, Places
from ...errors import InputError
from ...io.curves import GivenFsc
from ...io.maps import Map
from ...io.models import Model
from ...results import Curve
from ...study import Study
from ..sharpening.local_filter import resolved
from .box_params import MapBoxParams
from .box_region import NewBox, by, triple

OUTPUTS = {"full_map": "boxed_map", "half1": "boxed_map_half1", "half2": "boxed_map_half2", "mask": "boxed_mask", "mask2": "boxed_mask2",
           "resolution_map": "boxed_resolution_map"}
_DENSITIES = ("full_map", "half1", "half2")


class Carried(NamedTuple):
    """Maps by the name of the result's field, what happened to each in words, voxels of the box beyond the map, and warnings."""

    maps: Dict[str, Map]
    words: Dict[str, List[str]]
    beyond: int
    warnings: Tuple[str, ...]


def solvent(data: np.ndarray) -> float:
    """The value that stands for solvent where there is no map: the median of the six faces of the box.

    Parameters
    ----------
    data
        Map, float32 [z, y, x].

    Returns
    -------
    float
        In the unit of the map.
    """
    faces = [np.take(data, end, axis=axis).ravel() for axis in range(3) for end in (0, -1)]
    return float(np.median(np.concatenate(faces)))


def require_memory(box: NewBox, n_maps: int) -> None:
    """Raise :class:`InputError` when the new box does not fit into the memory of this machine.

    Parameters
    ----------
    box
        The new box.
    n_maps
        Maps that are taken into it.

    Raises
    ------
    InputError
        They would take more memory than there is.
    """
    there, needed = machine.memory(), 4.0 * float(np.prod(box.shape, dtype=np.float64)) * (n_maps + 1)
    if there is not None and needed > there:
        raise InputError(f"The new box of {by(box.shape[::-1])} voxels would take {needed / 1e9:.3g} GB of memory, and this machine has "
                         f"{there / 1e9:.3g} GB; give a smaller box, or larger voxels.")


def carry_maps(study: Study, params: MapBoxParams, box: NewBox, scale: float) -> Carried:
    """Every map in the new box.

    Parameters
    ----------
    study
        The inputs.
    params
        See :class:`.box_params.MapBoxParams`.
    box
        The new box.
    scale
        Corrected over given voxel size.

    Returns
    -------
    Carried
        Densities by waves, masks linearly and within 0 and 1, the local resolution by the nearest voxel, in Å of the corrected voxel size
        and no finer than two of the new voxels.
    """
    maps: Dict[str, Map] = {}
    words: Dict[str, List[str]] = {}
    warnings: List[str] = []
    beyond = 0
    given = dict({"full_map": study.density}, **{n: m for n, m in study.maps().items() if n in OUTPUTS})
    require_memory(box, len(given))
    places = source_places(box, params.flip, study.density.shape[2])
    for kind, map_ in given.items():
        name, data = OUTPUTS[kind], _data(study, kind, map_)
        if kind in _DENSITIES:
            level = solvent(data)
            out, beyond = boxes.sampled(data, places, level, WAVES)
            if params.invert:
                np.negative(out, out=out)
        elif kind == "resolution_map":
            out, _ = boxes.sampled(_known(map_, warnings), places, 0.0, NEAREST)
            out *= np.float32(scale)
            if not box.whole:
                out[out > 0] = np.maximum(out[out > 0], np.float32(2 * max(box.voxel_size)))
        else:
            out = np.clip(boxes.sampled(data, places, 0.0, LINEAR)[0], 0, 1)
        maps[name] = Map(out, box.voxel_size, box.origin)
        words[name] = _words(kind, params, box, scale)
    return Carried(maps, words, beyond, tuple(warnings))


def _data(study: Study, kind: str, map_: Map) -> np.ndarray:
    """The values of an input; those of the mask within 0 and 1."""
    mask = study.mask
    return mask.data if kind == "mask" and mask is not None else map_.data


def source_places(box: NewBox, flip: bool, nx: int) -> Tuple[Places, Places, Places]:
    """Where the voxels of the new box lie in the maps as they were given.

    Parameters
    ----------
    box
        The new box.
    flip
        The hand is flipped.
    nx
        Voxels of the given maps along x.

    Returns
    -------
    tuple of Places
        Along x, y and z.
    """
    x, y, z = box.places
    return (boxes.mirror_places(x, nx) if flip else x), y, z


def _known(map_: Map, warnings: List[str]) -> np.ndarray:
    """A local resolution with 0 in place of what is no number; raises :class:`InputError` for a map that is none."""
    inside = resolved(map_)
    bad = int(map_.data.size - np.count_nonzero(np.isfinite(map_.data)))
    if not bad:
        return map_.data
    warnings.append(f"The local-resolution map has {bad} voxels that are NaN or infinite out of {map_.data.size}; they are 0 in the new "
                    "box.")
    return np.where(inside, map_.data, np.float32(0))


def _words(kind: str, params: MapBoxParams, box: NewBox, scale: float) -> List[str]:
    """What happened to a map of some kind, in the order in which it was done."""
    out = [f"voxel size corrected by a factor of {scale:.5g}"] * (scale != 1)
    out += ["mirrored along x"] * params.flip
    first, count = [p.at[0] for p in box.places], [len(p.at) for p in box.places]
    if box.whole:
        out.append(f"{by(count)} voxels from voxel {triple(first)} on, value for value")
    else:
        how = {"resolution_map": "nearest voxel", "mask": "linear", "mask2": "linear"}.get(kind, "waves")
        out.append(f"resampled to {by(count)} voxels of {by([round(v, 5) for v in box.voxel_size])} Å ({how})")
    if kind == "resolution_map" and scale != 1:
        out.append("values in Å of the corrected voxel size")
    return out + ["contrast inverted"] * (params.invert and kind in _DENSITIES)


def placement(params: MapBoxParams, study: Study, scale: float) -> Tuple[np.ndarray, np.ndarray]:
    """How positions move with the map: ``x' = M x + t``, before the origin is moved.

    Parameters
    ----------
    params
        ``flip``.
    study
        The inputs.
    scale
        Corrected over given voxel size.

    Returns
    -------
    matrix, shift : ndarray
        float64 [3, 3] and [3], x, y, z in Å.
    """
    matrix, shift = np.eye(3) * scale, np.zeros(3)
    if params.flip:
        given = study.density
        matrix[0, 0] *= -1
        shift[0] = 2 * scale * (given.origin[0] + given.shape[2] // 2 * given.voxel_size[0])
    return matrix, shift


def carry_model(model: Model, matrix: np.ndarray, shift: np.ndarray, edges: Sequence[float]) -> Model:
    """A model moved with its map.

    Parameters
    ----------
    model
        The atoms.
    matrix, shift
        ``x' = M x + t``, float64 [3, 3] and [3], x, y, z in Å.
    edges
        Edges (x, y, z) in Å of the new box, which become its unit cell.

    Returns
    -------
    Model
        All its atoms, also those outside of the new box; operators of assemblies are moved along. B-factors follow a change of scale.
    """
    import gemmi
    structure = model.structure.clone()
    for cra in structure[0].all():
        atom = cra.atom
        atom.pos = gemmi.Position(*(matrix @ np.array(atom.pos.tolist()) + shift))
    factor = abs(float(np.linalg.det(matrix))) ** (2 / 3)
    if not np.allclose(matrix, np.eye(3)):
        turn = gemmi.Mat33(matrix.tolist())
        for cra in structure[0].all():
            cra.atom.b_iso *= factor
            if cra.atom.aniso.nonzero():
                cra.atom.aniso = cra.atom.aniso.transformed_by(turn)
    back = np.linalg.inv(matrix)
    for assembly in structure.assemblies:
        for generator in assembly.generators:
            for operator in generator.operators:
                old = operator.transform
                turned, moved = np.array(old.mat.tolist()), np.array(old.vec.tolist())
                new = matrix @ turned @ back
                operator.transform = gemmi.Transform(gemmi.Mat33(new.tolist()), gemmi.Vec3(*(matrix @ moved + shift - new @ shift)))
    structure.cell = gemmi.UnitCell(*(float(e) for e in edges), 90, 90, 90)
    structure.spacegroup_hm = "P 1"
    return Model(structure, None, (), model.attributes)


def carry_fsc(fsc: GivenFsc, scale: float, nyquist: Optional[float]) -> Curve:
    """An FSC curve on the corrected axis.

    Parameters
    ----------
    fsc
        The curve.
    scale
        Corrected over given voxel size; frequencies are divided by it.
    nyquist
        Å, where the resampled maps end; None where they were not.

    Returns
    -------
    Curve
        Frequency in 1/Å and FSC.
    """
    x = fsc.frequency / scale
    kept = np.ones(x.size, dtype=bool) if nyquist is None else x <= 1 / nyquist * (1 + 1e-9)
    return Curve(x[kept], fsc.values[kept])


def moved(maps: Dict[str, Map], origin: Tuple[float, float, float]) -> Dict[str, Map]:
    """Maps with another origin.

    Parameters
    ----------
    maps
        By name.
    origin
        (x, y, z) in Å.

    Returns
    -------
    dict
        The same data.
    """
    return {name: replace(map_, origin=origin) for name, map_ in maps.items()}
