"""What to know of the inputs before any number is believed; the most upstream cause first, each said once."""
from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, List, Sequence

from ..io.inputs import KINDS, SAME
from . import position

if TYPE_CHECKING:
    from .study import Study

_SCALE = 1.2                                     # ratio of the standard deviations of the half-maps from which it is noted
_HALF_VOXEL = 0.5                                # how far origins may lie apart
_SAME = 0.999                                    # part of the faces of the box that a mask of the solvent holds


def of_inputs(study: Study) -> List[str]:
    """Notes on the inputs of a Study.

    First what the readers of the files noted, then origins that differ, then what is wrong with the half-maps. A cause silences what it
    explains: of copies nothing else is said, of half-maps of different scale not that they differ in noise, of half-maps that do not lie
    on each other not that they are masked.

    Parameters
    ----------
    study
        The Study of the inputs.

    Returns
    -------
    list of str
        A sentence each, the most upstream cause first.
    """
    out = [*study.source_notes, *_of_readers(study)]
    out += _origins(study)
    if study.has_halves:
        out += _of_halves(study)
    elif study.half1 is not None or study.half2 is not None:
        out.append("Only one half-map was given, so that half-maps are not compared; give both.")
    if study.inputs.mask is not None:
        out += _of_mask(study)
    if study.model is not None and study.maps():
        grid = study.grid
        cell = study.model.cell_note([n * v for n, v in zip(grid.shape[::-1], grid.voxel_size)])
        out += [cell] if cell else []
    return out


def _of_readers(study: Study) -> List[str]:
    """What the readers of the files noted; a note that several files share is said once, with all their names."""
    files: Dict[str, List[str]] = {}
    for name, value in study.given().items():
        for note in getattr(getattr(value, "header", None), "warnings", ()) or getattr(value, "warnings", ()):
            files.setdefault(note, []).append(getattr(value, "path", None) or name)
    return [note if all(f in note for f in named) else f"{', '.join(dict.fromkeys(named))}: {note}" for note, named in files.items()]


def _origins(study: Study) -> List[str]:
    """Maps that are laid on each other voxel by voxel though their origins say otherwise."""
    maps = [(n, m) for n, m in study.maps().items() if KINDS[n].grid == SAME]
    out: List[str] = []
    for name, map_ in maps[1:]:
        first_name, first = maps[0]
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


def _of_halves(study: Study) -> List[str]:
    one, two = study.half1, study.half2
    files = ", ".join(m.path for m in (one, two) if m.path)
    files = f" ({files})" if files else ""
    out = position.name_notes(one, two)
    known = study.half_maps
    if known.identical or known.inverted and abs(known.correlation) > 0.9999:
        sort = "copies of each other" if known.identical else "copies of each other, one with its contrast inverted"
        return out + [f"Half-map 1 and half-map 2 are {sort}{files}: there is no noise to compare with; give the two independent ones."]
    placed = position.position_note(known.position, files)
    if placed:
        return out + [placed]
    if known.scale > _SCALE:
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
    if study.inputs.full_map is not None and study.inputs.full_map.shape == one.shape:
        moved = position.map_position_note(study.map_position, study.inputs.full_map.path)
        out += [moved] if moved else []
    return out


def _of_mask(study: Study) -> List[str]:
    given = study.inputs.mask
    file = f" ({given.path})" if given.path else ""
    out = []
    low, high = float(given.data.min()), float(given.data.max())
    if low < 0 or high > 1:
        out.append(f"The mask has values from {low:.4g} to {high:.4g}{file}; they are clipped to 0 and 1.")
    faces = (given.data[0], given.data[-1], given.data[:, 0], given.data[:, -1], given.data[:, :, 0], given.data[:, :, -1])
    there = sum(float((f >= 0.5).sum()) for f in faces) / sum(f.size for f in faces)
    if there >= _SAME and float(given.data.mean()) < _SAME and study.maps() and (study.has_halves or study.inputs.full_map is not None):
        out.append(f"The mask is 1 at the faces of the box and 0 elsewhere{file}: it seems to be inverted, a mask of the solvent. Give the "
                   "mask of the molecule.")
    return out
