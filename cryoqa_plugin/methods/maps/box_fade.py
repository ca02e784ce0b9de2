"""What is taken away in a new box: dust, and what fades to solvent; and what the box cuts off."""
from __future__ import annotations

from typing import NamedTuple, Optional, Tuple

import numpy as np

from ...core import boxes, masks
from ...core.boxes import LINEAR, NEAREST
from ...io.maps import Map
from ...study import Study
from ...study.mask import INSIDE, NEAR, contour
from ..masks.common import van_der_waals
from .box_carry import Carried, source_places
from .box_params import MapBoxParams
from .box_region import NewBox

_AROUND_ATOMS = 3.0                              # Å beyond the radius of an atom that belong to it


class Dust(NamedTuple):
    """Small parts that were taken out of a map: how many, and their volume in Å³."""

    parts: int
    volume: float


def clean_dust(map_: Map, least: float, threshold: Optional[float], level: float) -> Dust:
    """Take small separate parts out of a map, in place.

    Parameters
    ----------
    map_
        The map.
    least
        Volume in Å³ below which a part is dust.
    threshold
        Density above which parts are looked for; None for the contour that the values of the map choose.
    level
        Value that dust is replaced with, in its voxels and the layer of voxels around them that belongs to no other part.

    Returns
    -------
    Dust
        What was taken out.
    """
    binary = map_.data >= np.float32(contour(map_.data) if threshold is None else threshold)
    volume = float(np.prod(map_.voxel_size))
    labels, sizes = masks.components(binary)
    kept = int(np.count_nonzero(sizes * volume >= least))
    dust = labels > kept
    del labels
    if not dust.any():
        return Dust(0, 0.0)
    found = Dust(len(sizes) - kept, float(np.count_nonzero(dust)) * volume)
    around = masks.extend(dust, 1.5) & ~(binary & ~dust)
    map_.data[around] = np.float32(level)
    return found


def fade(study: Study, params: MapBoxParams, around: str, carried: Carried, box: NewBox, atoms: Optional[np.ndarray], level: float,
         unique: Optional[np.ndarray] = None) -> str:
    """Fade a boxed map to its solvent, in place: towards the faces, or outside of the molecule.

    Parameters
    ----------
    study
        The inputs.
    params
        ``fade`` and ``soft_edge``.
    around
        What the box goes around.
    carried
        The maps in the new box.
    box
        The new box.
    atoms
        Positions of the atoms in Å from the first voxel of the new box, float64 [n, 3] (x, y, z); None without a model.
    level
        Value of the solvent.
    unique
        Where the unique part is in the map as it was given, bool [z, y, x], for a box around it.

    Returns
    -------
    str
        What was done, in words.
    """
    map_ = carried.maps["boxed_map"]
    if params.fade == "faces":
        weight = boxes.face_fade(box.shape, box.voxel_size, params.soft_edge)
        words = f"faded to the solvent over {params.soft_edge:g} Å at the faces"
    elif unique is not None:
        weight = soft_part(study, params, box, unique, params.soft_edge)
        words = f"faded to the solvent outside of the unique part, over {params.soft_edge:g} Å"
    else:
        what = around if around in ("model", "mask", "density") else (
            "mask" if study.inputs.mask is not None else "model" if atoms is not None else "density")
        if what == "mask":
            weight, words = carried.maps["boxed_mask"].data, "faded to the solvent outside of the mask"
        else:
            weight = masks.soft_edge(_molecule(study, params, box, atoms if what == "model" else None), params.soft_edge, box.voxel_size)
            words = f"faded to the solvent outside of the {what if what == 'model' else 'molecule'}, over {params.soft_edge:g} Å"
    map_.data[...] = level + (map_.data - np.float32(level)) * weight
    return words


def _molecule(study: Study, params: MapBoxParams, box: NewBox, atoms: Optional[np.ndarray]) -> np.ndarray:
    """Where the molecule is in the new box, a little wider than it, bool [z, y, x]: around the atoms, else of the map."""
    if atoms is not None:
        radius = van_der_waals(study.model.elements) + _AROUND_ATOMS
        return masks.atoms_mask(box.shape, box.voxel_size, (0.0, 0.0, 0.0), atoms, radius)
    return _in_box(study, params, box, study.molecule)


def _in_box(study: Study, params: MapBoxParams, box: NewBox, part: np.ndarray) -> np.ndarray:
    """A part of the map as it was given in the new box, 3 Å wider, bool [z, y, x]."""
    places = source_places(box, params.flip, study.density.shape[2])
    found, _ = boxes.sampled(part.astype(np.float32), places, 0.0, LINEAR)
    return masks.extend(found >= INSIDE, NEAR, box.voxel_size)


def soft_part(study: Study, params: MapBoxParams, box: NewBox, part: np.ndarray, width: float) -> np.ndarray:
    """A soft mask of a part of the map in the new box.

    Parameters
    ----------
    study
        The inputs.
    params
        ``flip``.
    box
        The new box.
    part
        The part in the map as it was given, bool [z, y, x].
    width
        Width of the edge in Å, which begins 3 Å outside.

    Returns
    -------
    ndarray
        float32 [z, y, x], 0 to 1.
    """
    return masks.soft_edge(_in_box(study, params, box, part), width, box.voxel_size)


def cut_off(study: Study, params: MapBoxParams, around: str, carried: Carried, box: NewBox, atoms: Optional[np.ndarray],
            scale: float, unique: Optional[np.ndarray] = None) -> Tuple[Optional[float], Optional[str]]:
    """How much of what matters lies outside of the new box.

    Parameters
    ----------
    study
        The inputs.
    params
        ``flip``.
    around
        What the box goes around.
    carried
        The maps in the new box.
    box
        The new box.
    atoms
        Positions of the atoms in Å from the first voxel of the new box, float64 [n, 3] (x, y, z); None without a model.
    scale
        Corrected over given voxel size.
    unique
        Where the unique part is in the map as it was given, bool [z, y, x], for a box around it.

    Returns
    -------
    part : float or None
        0 to 1; None where nothing tells where the molecule is.
    what : str or None
        ``model``, ``mask``, ``molecule`` or ``unique part``.
    """
    if atoms is not None and around not in ("mask", "density", "unique"):
        at = atoms / np.asarray(box.voxel_size)
        return float(np.any((at < -0.5) | (at > np.array(box.shape[::-1]) - 0.5), axis=1).mean()), "model"
    mask = study.mask
    if mask is not None and around not in ("density", "unique"):
        whole, kept, what = mask.data, carried.maps["boxed_mask"].data, "mask"
    elif around in ("density", "unique"):
        whole, what = (study.molecule, "molecule") if unique is None else (unique, "unique part")
        whole = whole.astype(np.float32)
        kept = boxes.sampled(whole, source_places(box, params.flip, whole.shape[2]), 0.0, NEAREST)[0]
    else:
        return None, None
    ratio = float(np.prod(box.voxel_size)) / (float(np.prod(study.density.voxel_size)) * scale ** 3)
    lost = 1 - ratio * float(kept.sum(dtype=np.float64)) / max(float(whole.sum(dtype=np.float64)), 1e-9)
    return (float(np.clip(lost, 0, 1)) if box.whole or lost > 0.01 else 0.0), what      # volumes of other voxels differ by rounding
