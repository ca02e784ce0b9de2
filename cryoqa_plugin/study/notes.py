"""What to know of the inputs before any number is believed; a cause silences what it explains.

Of copies nothing else is said, of half-maps that do not lie on each other not that they are masked, of half-maps of different scale not
that they differ in noise.
"""
from __future__ import annotations

from typing import Any, Dict, List, Mapping, Optional, Sequence

from ..io.inputs import KINDS, SAME
from ..io.maps import Map
from ..io.models import Model
from . import position
from .halves import HalfMaps
from .position import Position

ONE_HALF = "Only one half-map was given, so that half-maps are not compared; give both."
_SCALE = 1.2                                     # ratio of the standard deviations of the half-maps from which it is noted
_HALF_VOXEL = 0.5                                # how far origins may lie apart
_SAME = 0.999                                    # part of the faces of the box that a mask of the solvent holds


def of_readers(given: Mapping[str, Any]) -> List[str]:
    """What the readers of the files noted.

    Parameters
    ----------
    given
        The inputs by kind.

    Returns
    -------
    list of str
        A note that several files share is said once, with all their names.
    """
    files: Dict[str, List[str]] = {}
    for name, value in given.items():
        for note in getattr(getattr(value, "header", None), "warnings", ()) or getattr(value, "warnings", ()):
            files.setdefault(note, []).append(getattr(value, "path", None) or name)
    return [note if all(f in note for f in named) else f"{', '.join(dict.fromkeys(named))}: {note}" for note, named in files.items()]


def of_origins(maps: Mapping[str, Map]) -> List[str]:
    """Maps that are laid on each other voxel by voxel though their origins say otherwise.

    Parameters
    ----------
    maps
        The maps by kind; those with a grid of their own are passed over.

    Returns
    -------
    list of str
        A sentence for each map that lies elsewhere than the first.
    """
    same = [(n, m) for n, m in maps.items() if KINDS[n].grid == SAME]
    out: List[str] = []
    for name, map_ in same[1:]:
        first_name, first = same[0]
        gap = [p - q for p, q in zip(map_.origin, first.origin)]
        if map_.shape != first.shape or all(abs(g) <= _HALF_VOXEL * v for g, v in zip(gap, first.voxel_size)):
            continue
        voxels = [g / v for g, v in zip(gap, first.voxel_size)]
        moved = ", ".join(f"{v:.4g}" for v in voxels)
        whole = all(abs(v - round(v)) < 0.01 for v in voxels)
        out.append(f"The origin of {_named(name, map_)} is ({_triple(map_.origin)}) Å but that of {_named(first_name, first)} is "
                   f"({_triple(first.origin)}) Å, {moved} voxels{' (whole ones)' if whole else ''} away; the boxes are taken to lie on "
                   "each other. Correct the wrong header, or move the map.")
    return out


def _named(name: str, map_: Any) -> str:
    return KINDS[name].label.lower() + (f" ({map_.path})" if map_.path else "")


def _triple(values: Sequence[float]) -> str:
    return ", ".join(f"{v:.4g}" for v in values)


def of_halves(half1: Map, half2: Map, known: HalfMaps) -> List[str]:
    """What is wrong with two half-maps, the most upstream cause first.

    Parameters
    ----------
    half1, half2
        The half-maps.
    known
        What is known about them.

    Returns
    -------
    list of str
        Names that do not fit; then copies, or half-maps that do not lie on each other, and nothing more; else scale, or the mask, or the
        sphere; and a low-pass.
    """
    files = ", ".join(m.path for m in (half1, half2) if m.path)
    files = f" ({files})" if files else ""
    out = position.name_notes(half1, half2)
    if known.copies:
        sort = "copies of each other" if known.identical else "copies of each other, one with its contrast inverted"
        return out + [f"Half-map 1 and half-map 2 are {sort}{files}: there is no noise to compare with; give the two independent ones."]
    placed = position.position_note(known.position, files)
    if placed:
        return out + [placed]
    if not is_of_one_scale(known):
        out.append(f"The half-maps differ in scale: the standard deviation of one is {known.scale:.4g} times that of the other{files}. "
                   "Check that they come from one refinement.")
    elif known.masked:
        out.append(f"A half-map is masked{files}: where its mask cuts, the resolution means nothing, and an unmasked FSC is that of what "
                   "the mask left. Give the half-maps as the refinement wrote them.")
    elif known.sphere:
        out.append(f"Outside the largest sphere of the box the half-maps hold one value{files}, as RELION leaves them: what is called "
                   "unmasked here means inside that sphere.")
    if known.filtered_at is not None:
        out.append(f"The half-maps are low-passed at {known.filtered_at:.3g} Å{files}: nothing finer can be told from them. Give the "
                   "half-maps as the refinement wrote them.")
    return out


def place_is_known(known: HalfMaps) -> bool:
    """Whether two half-maps are two, and lie on each other, so that it can be asked how a map lies on them.

    Parameters
    ----------
    known
        What is known about the half-maps.

    Returns
    -------
    bool
        False for copies and for half-maps out of place: that is said, and explains the rest.
    """
    return not known.copies and position.position_note(known.position, "") is None


def is_of_one_scale(known: HalfMaps) -> bool:
    """Whether two half-maps are of one scale.

    Parameters
    ----------
    known
        What is known about the half-maps.

    Returns
    -------
    bool
        False where the standard deviation of one is more than 1.2 times that of the other.
    """
    return known.scale <= _SCALE


def of_place(found: Position, path: Optional[str]) -> List[str]:
    """How a map lies on the mean of its half-maps.

    Parameters
    ----------
    found
        The position of the map.
    path
        File of the map.

    Returns
    -------
    list of str
        One sentence, or none where it lies on them.
    """
    moved = position.map_position_note(found, path)
    return [moved] if moved else []


def of_cell(model: Model, grid: Map) -> List[str]:
    """Whether the unit cell of a model is the box of a map.

    Parameters
    ----------
    model
        The model.
    grid
        The map.

    Returns
    -------
    list of str
        One sentence, or none where it is, or where the model has no cell.
    """
    cell = model.cell_note([n * v for n, v in zip(grid.shape[::-1], grid.voxel_size)])
    return [cell] if cell else []


def of_mask(given: Map) -> List[str]:
    """What is wrong with a mask.

    Parameters
    ----------
    given
        The mask as it was read.

    Returns
    -------
    list of str
        Values beyond 0 and 1 that are clipped; a mask of the solvent.
    """
    file = f" ({given.path})" if given.path else ""
    out = []
    low, high = float(given.data.min()), float(given.data.max())
    if low < 0 or high > 1:
        out.append(f"The mask has values from {low:.4g} to {high:.4g}{file}; they are clipped to 0 and 1.")
    faces = (given.data[0], given.data[-1], given.data[:, 0], given.data[:, -1], given.data[:, :, 0], given.data[:, :, -1])
    there = sum(float((f >= 0.5).sum()) for f in faces) / sum(f.size for f in faces)
    if there >= _SAME and float(given.data.mean()) < _SAME:
        out.append(f"The mask is 1 at the faces of the box and 0 elsewhere{file}: it seems to be inverted, a mask of the solvent. Give the "
                   "mask of the molecule.")
    return out
