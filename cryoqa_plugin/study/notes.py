"""What to know of the inputs before any number is believed; a cause silences what it explains.

Of copies nothing else is said, of half-maps that do not lie on each other not that they are masked, of a damped solvent not that noise is
shared in it.
"""
from __future__ import annotations

import os
from typing import Any, Collection, Dict, Iterable, List, Mapping, Optional, Sequence, Tuple

from ..io.inputs import KINDS, SAME
from ..io.maps import Map
from ..io.models import Model
from . import position
from .halves import DEPENDENT, HalfMaps
from .noise import HalfMapNoise
from .position import Position

ONE_HALF = "Only one half-map was given, so that half-maps are not compared; give both."
_SCALE = 1.2                                     # ratio of the standard deviations of the half-maps from which it is noted
_HALF_VOXEL = 0.5                                # how far origins may lie apart
_SHARPENED = -40.0                               # Å², B-factor of the noise below which half-maps were sharpened
_WHOLE = 0.8                                     # part of the molecule in a map, of which a model is all
_SAME = 0.999                                    # part of the faces of the box that a mask of the solvent holds
# The check that says the same, and the words that its note has and no other.
_CHECKED = (("half_maps_identical", " are copies of each other"), ("half_maps_signal", "The half-maps share no signal"),
            ("half_maps_likeness", " do not match: at the best fit of one to the other"),
            ("half_maps_operation", "Half-map 2 differs from half-map 1 by a rotation, mirror or sign"),
            ("half_maps_denoised", "The half-maps were denoised, density-modified or combined"),
            ("half_maps_shift", ": half-map 2 is shifted by "), ("half_maps_masked", "A half-map is masked"),
            ("half_maps_damped", "The solvent of the half-maps was damped"), ("half_maps_filtered", "The half-maps are low-passed at "),
            ("half_maps_scale", "The half-maps differ in scale: "), ("half_maps_share_noise", " of their noise in the solvent"),
            ("half_maps_share_noise", "The half-maps agree in the solvent as well as in the molecule"),
            ("half_maps_agreement", " does not match the half-maps: the FSC of the map"))


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


def of_files(note: str, paths: Collection[str]) -> Tuple[List[str], str]:
    """The files that a note begins with, and what it says of them.

    Parameters
    ----------
    note
        A sentence as of :func:`of_readers`.
    paths
        The paths of the inputs; a note may name them by another way that leads there.

    Returns
    -------
    tuple of list and str
        No files, and the whole note, where it begins otherwise.
    """
    named, _, rest = note.partition(": ")
    files, known = named.split(", "), {os.path.basename(p) for p in paths}
    return (files, rest) if rest and all(os.path.basename(f) in known for f in files) else ([], note)


def merged(notes: Iterable[str], paths: Collection[str]) -> List[str]:
    """Notes that say the same of several files as one, with all their names.

    Parameters
    ----------
    notes
        Sentences of one run.
    paths
        The paths of the inputs.

    Returns
    -------
    list of str
        Each thing once, in the order of the notes.
    """
    files: Dict[str, List[str]] = {}
    for note in notes:
        named, said = of_files(note, paths)
        files.setdefault(said, []).extend(named)
    return [f"{', '.join(dict.fromkeys(named))}: {said}" if named else said for said, named in files.items()]


def check_of(note: str) -> Optional[str]:
    """The check that says the same as a note on half-maps.

    Parameters
    ----------
    note
        The sentence.

    Returns
    -------
    str or None
        The metric of the check; None where no check says it.
    """
    return next((metric for metric, words in _CHECKED if words in note), None)


def unsaid(notes: Iterable[str], failed: Iterable[str]) -> List[str]:
    """The notes that say something new, each cause once.

    Parameters
    ----------
    notes
        Sentences of one run; methods measure the same fact with numbers that differ a little.
    failed
        Metrics of the checks that are not met, which are shown with their sentences.

    Returns
    -------
    list of str
        Without what a check says already, and without what an earlier note says.
    """
    known, out = set(failed), []
    for note in dict.fromkeys(notes):
        metric = check_of(note)
        if metric is None or metric not in known:
            out.append(note)
        known |= {metric} if metric else set()
    return out


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
                   f"({_triple(first.origin)}) Å, {moved} voxels{' (whole ones)' if whole else ''} away; the boxes are taken to "
                   "coincide. Correct the wrong header, or move the map.")
    return out


def _named(name: str, map_: Any) -> str:
    return KINDS[name].label.lower() + (f" ({map_.path})" if map_.path else "")


def _triple(values: Sequence[float]) -> str:
    return ", ".join(f"{v:.4g}" for v in values)


def of_halves(half1: Map, half2: Map, known: HalfMaps, noise: Optional[HalfMapNoise] = None) -> List[str]:
    """What is wrong with two half-maps, the most upstream cause first.

    Parameters
    ----------
    half1, half2
        The half-maps.
    known
        What is known about them.
    noise
        What their noise tells; None where it tells nothing.

    Returns
    -------
    list of str
        Names that do not fit; then copies, half-maps that do not lie on each other, or no signal, and nothing more; else the mask, or the
        damped solvent, or the sphere; a low-pass; scale; noise that both share.
    """
    files = ", ".join(m.path for m in (half1, half2) if m.path)
    files = f" ({files})" if files else ""
    out = position.name_notes(half1, half2)
    if known.copies:
        sort = "copies of each other" if known.identical else "copies of each other, one with its contrast inverted"
        return out + [f"Half-map 1 and half-map 2 are {sort}{files}: there is no noise to compare with; give the two independent ones."]
    if known.no_signal:
        return out + [f"The half-maps share no signal{files}: coarser than 12 Å they agree no better than noise does. No resolution can be "
                      "given. Check that they are two half-maps of one refinement, and that it converged."]
    if known.denoised != "none":
        return out + [_denoised(known.denoised, files)]
    placed = position.position_note(known.position, files)
    if placed:
        return out + [placed]
    return out + _taken_away(known, noise, files) + _sharpened(noise, files) + _scale(known, files) + _shared(noise, files)


def _denoised(state: str, files: str) -> str:
    how = "together, so that they are not independent" if state == DEPENDENT else "each by itself"
    return (f"The half-maps were denoised, density-modified or combined{files}, {how}: their FSC is not that of the map. Give the "
            "half-maps as the refinement wrote them.")


def _taken_away(known: HalfMaps, noise: Optional[HalfMapNoise], files: str) -> List[str]:
    """What was cut off the half-maps: in space, and in resolution."""
    out = []
    if known.masked:
        out.append(f"A half-map is masked{files}: where its mask cuts, the resolution means nothing, and an unmasked FSC is that of what "
                   "the mask left. Give the half-maps as the refinement wrote them.")
    elif noise is not None and noise.damping.found:
        out.append(f"The solvent of the half-maps was damped{files}: their noise is {noise.damping.ratio:.3g} times as strong in the "
                   "molecule as around it, at the same distance from the middle. The unmasked FSC is too good by that. Give the half-maps "
                   "as the refinement wrote them.")
    elif noise is not None and noise.radial.soft_sphere:
        out.append(f"The half-maps were cut by a sphere of {noise.radial.rim:.2f} of the box{files}: the unmasked FSC is too good by the "
                   "noise that is missing. Give the half-maps as the refinement wrote them.")
    elif known.sphere or noise is not None and noise.radial.largest_sphere:
        out.append(f"Outside the largest sphere of the box the half-maps hold no noise{files}, as RELION leaves them: the unmasked "
                   "resolution is corrected for that.")
    if known.filtered_at is not None:
        out.append(f"The half-maps are low-passed at {known.filtered_at:.3g} Å{files}: no finer detail can be measured. Give the "
                   "half-maps as the refinement wrote them.")
    return out


def is_sharpened(noise: Optional[HalfMapNoise]) -> bool:
    """Whether half-maps were sharpened, by their noise.

    Parameters
    ----------
    noise
        What it tells; None where it tells nothing.

    Returns
    -------
    bool
        True where the noise grows with resolution as after a B-factor of less than -40 Å².
    """
    return noise is not None and noise.bfactor is not None and noise.bfactor < _SHARPENED


def _sharpened(noise: Optional[HalfMapNoise], files: str) -> List[str]:
    if noise is None or not is_sharpened(noise):
        return []
    return [f"The half-maps seem to be sharpened{files}: their noise grows with resolution as after a B-factor of {noise.bfactor:.0f} Å². "
            "FSC curves do not depend on it; do not sharpen them once more."]


def _scale(known: HalfMaps, files: str) -> List[str]:
    if is_of_one_scale(known):
        return []
    return [f"The half-maps differ in scale: the standard deviation of one is {known.scale:.4g} times that of the other{files}. "
            "FSC curves do not depend on it. Check that they come from one refinement."]


def _shared(noise: Optional[HalfMapNoise], files: str) -> List[str]:
    shared = None if noise is None else noise.shared
    if shared is None or not shared.found:
        return []
    found = ("agree in the solvent as well as in the molecule, up to the last shell" if shared.share is None else
             f"share {100 * shared.share:.2g} % of their noise in the solvent, {shared.z:.0f} standard errors above none")
    return [f"The half-maps {found}{files}: they are not independent, and their FSC is too good. Look for particles that are in both "
            "halves, and for a step that saw both: a joint mask, a joint denoising, a reference with too much detail."]


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


def of_assembly(model: Model, part: float) -> List[str]:
    """Whether a model is one of the copies that its file names, in a map of all of them.

    Parameters
    ----------
    model
        The model.
    part
        Part of the molecule in the map that lies near it.

    Returns
    -------
    list of str
        One sentence, or none where the model fills 80 % of the molecule.
    """
    if model.copies < 2 or part >= _WHOLE:
        return []
    file = f" ({model.path})" if model.path else ""
    return [f"The model{file} fills {part:.0%} of the molecule in the map, and its file names an assembly of {model.copies} copies of it. "
            "They were not generated: give the whole assembly to judge all of the map."]


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
