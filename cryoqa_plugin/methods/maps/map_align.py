"""One map brought onto another by a free search, with all that belongs to it."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Dict, List, Optional, Sequence, Tuple

import numpy as np

from ...core.pose_place import ALIKE, SURE, Placed
from ...errors import InputError, MissingInputError
from ...io.maps import Map
from ...io.models import Model
from ...params import param
from ...progress import Progress, silent
from ...results import Column, Table, file_output, map_output, metric, model_output, table
from ...study import Study
from ...study.halves import DEPENDENT, INDEPENDENT, MarkedHalves
from .align_axes import axes_of
from .align_steps import Frame, Tried, carried, in_files, search
from .box_carry import carry_model

_LEAST = 16                                      # voxels along an axis
_AXES = ("x", "y", "z")


@dataclass(frozen=True)
class MapAlignParams:
    """Parameters of :func:`compute_map_align`."""

    mirror: bool = param(False, "Try the mirror image of the map too, and take it where it fits better.", label="Mirror image too")
    placement: int = param(1, "Which of the placements in the table the maps and the model are moved to; 1 is the best.",
                           label="Placement", min=1, max=60)
    resolution: Optional[float] = param(None, "Finest detail to align by; left empty, the coarser resolution of the two maps: that of the "
                                        "half-maps, and three voxels of a map without them.", label="Resolution", unit="Å", min=1, max=100)


@dataclass(frozen=True)
class MapAlignResult(MarkedHalves):
    """Result of :func:`compute_map_align`."""

    schema: ClassVar[str] = "cryoqa/map_align/1"
    aligned: Optional[bool] = metric("", "whether the maps could be aligned", "none")
    rotation_x: Optional[float] = metric("°", "x of the rotation vector: along the axis, as long as the angle", "none")
    rotation_y: Optional[float] = metric("°", "y of the rotation vector", "none")
    rotation_z: Optional[float] = metric("°", "z of the rotation vector", "none")
    shift_x: Optional[float] = metric("Å", "shift of the centre along x", "none")
    shift_y: Optional[float] = metric("Å", "shift of the centre along y", "none")
    shift_z: Optional[float] = metric("Å", "shift of the centre along z", "none")
    rotation_x_error: Optional[float] = metric("°", "standard error of rotation_x", "lower")
    rotation_y_error: Optional[float] = metric("°", "standard error of rotation_y", "lower")
    rotation_z_error: Optional[float] = metric("°", "standard error of rotation_z", "lower")
    shift_x_error: Optional[float] = metric("Å", "standard error of shift_x", "lower")
    shift_y_error: Optional[float] = metric("Å", "standard error of shift_y", "lower")
    shift_z_error: Optional[float] = metric("Å", "standard error of shift_z", "lower")
    rotation_angle: Optional[float] = metric("°", "angle of the rotation", "none")
    shift: Optional[float] = metric("Å", "length of the shift", "none")
    centre: Optional[str] = metric("Å", "the centre, x, y, z in the map that is moved: the rotation is about it, and it moves by the shift",
                                   "none")
    mirror_fits: Optional[bool] = metric("", "whether the mirror image fits better; none where it was not tried, or neither fits", "none")
    hand_margin: Optional[float] = metric("", "correlation in the test band less that of the other hand", "higher")
    n_placements: Optional[int] = metric("", "placements that fit as well, within 20 %", "none")
    z_score: Optional[float] = metric("", "best pose in the test band before it is refined there, in standard deviations of random poses",
                                      "higher")
    test_correlation: Optional[float] = metric("", "correlation in the test band after", "higher")
    finer_correlation: Optional[float] = metric("", "correlation of the best candidate in the next finer band; none where the maps end "
                                                "before it", "higher")
    correlation: Optional[float] = metric("", "correlation of the aligned maps, whitened, to the finest detail that they share", "higher")
    test_from: Optional[float] = metric("Å", "coarse end of the test band, where the search ends", "none")
    test_to: Optional[float] = metric("Å", "fine end of the test band", "none")
    shared_to: Optional[float] = metric("Å", "finest detail that the aligned maps share", "lower")
    cut_off: Optional[float] = metric("", "part of the molecule that lies outside of the new box", "lower")
    point_group: Optional[str] = metric("", "point group whose axes were brought to the conventional frame", "none")
    symmetry_correlation: Optional[float] = metric("", "lowest correlation of the map with its copies under that symmetry", "higher")
    atoms_outside: Optional[float] = metric("", "part of the atoms of the model outside of the box of the map that moves", "lower")
    placements: Optional[Table] = table("placements that fit, the best first")
    operators: Optional[str] = file_output("operators of the placements, x' = R x + t in Å, three rows of R and t each", "placements.txt")
    aligned_map: Optional[Map] = map_output("", "the map on the target, on its grid", output="outputVolume", halves="own", placed=True)
    aligned_map_half1: Optional[Map] = map_output("", "half-map 1 on the target")
    aligned_map_half2: Optional[Map] = map_output("", "half-map 2 on the target")
    aligned_mask: Optional[Map] = map_output("", "the mask on the target", output="outputMask", mask=True, placed=True)
    aligned_model: Optional[Model] = model_output("the model on the target", output="outputAtomStruct", of="aligned_map")

    @property
    def halves_made(self) -> Optional[str]:
        """What the half-maps were that were given: elsewhere they are no more independent."""
        return self.half_maps_denoised if self.half_maps_denoised in (DEPENDENT, INDEPENDENT) else None


def compute_map_align(study: Study, params: MapAlignParams, *, progress: Progress = silent) -> MapAlignResult:
    """A map brought onto another one that may lie anywhere, in any box, or its symmetry axes onto those of the box.

    Parameters
    ----------
    study
        The map that is moved: ``full_map``, or ``half1`` and ``half2``, or all three, float32 [z, y, x]; ``mask``, else one is made, and
        ``model``, which move with it. ``target_map``, which stays, on a grid of its own; or ``symmetry``, operators whose axes are brought
        along those of the box.
    params
        See :class:`MapAlignParams`.
    progress
        ``progress(fraction, message)``.

    Returns
    -------
    MapAlignResult
        Without numbers and maps where no pose is believed; the summary says so.

    Raises
    ------
    MissingInputError
        No map, or neither a target nor a symmetry.
    InputError
        The inputs do not fit together, there is no such placement, or the operators are no point group.

    Notes
    -----
    A position x moves to ``x' = R (x - c) + c + s``: R of the rotation vector, c the centre, s the shift, in Å in the frames of the files,
    whose origins count. With the mirror image the map is mirrored along x first, about the centre. The search is
    :func:`cryoqa_plugin.core.pose_place.place`; orientations of a super-Fibonacci spiral after Alexa (2022),
    https://doi.org/10.1109/CVPR52688.2022.00811. With a symmetry the rotation is the smallest that brings the axes to those of
    :func:`cryoqa_plugin.io.symmetry.point_group`, and the shift brings their common point to the centre of the box, voxel ``n // 2``.
    """
    target = study.target_map
    if target is None and study.symmetry is None:
        raise MissingInputError("There is nothing to align to; give the map that stays (--target-map), or the operators of a symmetry "
                                "whose axes should lie along those of the box (--symmetry).")
    if target is not None and study.symmetry is not None:
        raise InputError("Both a target map and a symmetry were given; give the one to align to.")
    study.check("full_map", "half1", "half2", "mask", least=_LEAST, what="an alignment needs")
    values: Dict[str, Any] = dict(study.half_map_values())
    warnings = list(study.used_mask.notes())
    if study.model is not None:
        values["atoms_outside"] = study.atoms_outside
    if target is None:
        frame, words = _by_axes(study, values, progress)
        target = study.grid
    else:
        study.check("target_map", least=_LEAST, what="an alignment needs")
        tried = search(study, params.resolution, params.mirror, lambda f, m: progress(0.8 * f, m))
        frame, words = _by_search(study, params, tried, values)
    if frame is not None:
        progress(0.85, "maps on the new grid")
        warnings += _carry(study, frame, target, values)
    progress(1.0, "done")
    return MapAlignResult(summary=words, warnings=tuple(warnings), **values)


def _by_search(study: Study, params: MapAlignParams, tried: Tried, values: Dict[str, Any]) -> Tuple[Optional[Frame], str]:
    """The placement that was asked for, None without an alignment, and the summary; fields of the result go to ``values``."""
    best = tried.best
    values.update(aligned=bool(best.poses), z_score=best.z, test_correlation=best.alike, test_from=best.searched, test_to=best.tested,
                  finer_correlation=best.beyond)
    if not best.poses:
        return None, _refused(tried)
    frames, at = [in_files(p, study, tried.mirrored) for p in best.poses], params.placement - 1
    if at >= len(frames):
        raise InputError(f"Placement {params.placement} was asked for and there {'are' if len(frames) > 1 else 'is'} {len(frames)}; take "
                         "one of the table.")
    found = best.poses[at]
    values.update(**_numbers(frames[at]), **_hand(tried), n_placements=len(frames), shared_to=best.fine, z_score=found.z,
                  test_correlation=found.alike, correlation=found.correlation, placements=_table(frames, best.poses),
                  operators=_operators(frames))
    return frames[at], _summary(frames[at], values, params.placement)


def _by_axes(study: Study, values: Dict[str, Any], progress: Progress) -> Tuple[Frame, str]:
    """The move that brings the axes of the symmetry to the conventional frame, and the summary; fields of the result go to ``values``."""
    progress(0.2, "axes of the symmetry")
    axes = axes_of(study)
    values.update(aligned=True, point_group=axes.name, symmetry_correlation=axes.correlation, **_numbers(axes.frame),
                  operators=_operators([axes.frame]))
    where = ("z through the centre of the box" if axes.name[0] == "C" else "those of the conventional frame, through the centre of the box")
    return axes.frame, (f"The axes of {axes.name} lie along {where} after a rotation by {values['rotation_angle']:.2f}° and a shift by "
                        f"{values['shift']:.2f} Å; the map correlates with its copies by {axes.correlation:.2f} or more.")


def _carry(study: Study, frame: Frame, target: Map, values: Dict[str, Any]) -> List[str]:
    """Maps and model moved, as fields of the result in ``values``; what to know of them."""
    maps, cut_off = carried(study, frame.operator, target)
    values.update(maps, cut_off=cut_off)
    if study.model is None:
        return []
    edges = [n * v for n, v in zip(target.shape[::-1], target.voxel_size)]
    values["aligned_model"] = carry_model(study.model, frame.operator[:, :3], frame.operator[:, 3], edges)
    return ["The model was mirrored with the map, so that its residues have the wrong hand now."] * bool(values.get("mirror_fits"))


def _numbers(frame: Frame) -> Dict[str, Any]:
    """The six numbers with their errors, by field."""
    out: Dict[str, Any] = {}
    for name, numbers, errors in (("rotation", frame.turn, frame.turn_errors), ("shift", frame.shift, frame.shift_errors)):
        for axis, value, error in zip(_AXES, numbers, errors):
            out[f"{name}_{axis}"], out[f"{name}_{axis}_error"] = float(value), float(error) if np.isfinite(error) else None
    return dict(out, rotation_angle=float(np.linalg.norm(frame.turn)), shift=float(np.linalg.norm(frame.shift)),
                centre=", ".join(f"{v:.4f}" for v in frame.centre))


def _hand(tried: Tried) -> Dict[str, Any]:
    if tried.other is None:
        return {}
    return dict(mirror_fits=tried.mirrored, hand_margin=tried.best.alike - tried.other.alike)


def _table(frames: Sequence[Frame], found: Sequence[Placed]) -> Table:
    columns = (Column("placement"), Column("z", "", "in the test band before refining, in standard deviations of random poses"),
               Column("CC in the test band"), Column("CC", "", "to the finest shared detail"), Column("angle", "°"),
               *(Column(f"rotation {a}", "°") for a in _AXES), *(Column(f"shift {a}", "Å") for a in _AXES),
               Column("largest rotation error", "°"), Column("largest shift error", "Å"))
    rows: List[Any] = []
    for i, (frame, p) in enumerate(zip(frames, found), 1):
        numbers = (p.z, p.alike, p.correlation, np.linalg.norm(frame.turn), *frame.turn, *frame.shift, frame.turn_errors.max(),
                   frame.shift_errors.max())
        rows.append((i, *(round(float(v), 4) if np.isfinite(v) else None for v in numbers)))
    return Table(columns, tuple(rows))


def _operators(frames: Sequence[Frame]) -> str:
    """The operators as ChimeraX and :func:`cryoqa_plugin.io.symmetry.read_symmetry` take them."""
    lines = []
    for i, frame in enumerate(frames, 1):
        lines.append(f"# placement {i}")
        lines += [" ".join(f"{v:.8f}" for v in row[:3]) + f" {row[3]:.5f}" for row in frame.operator]
    return "\n".join(lines) + "\n"


def _refused(tried: Tried) -> str:
    best = tried.best
    other = "" if tried.other is None else " The mirror image has none either."
    if best.beyond is not None:
        return (f"No alignment: the best pose correlates by {best.alike:.2f} from {best.searched:.0f} to {best.tested:.0f} Å, but by only "
                f"{best.beyond:.2f} in the next finer band: the shapes are alike, the detail is not. If the maps end there, give their "
                f"resolution.{other}")
    return (f"No alignment: the best pose is {best.z:.1f} standard deviations above random ones and correlates by {best.alike:.2f} from "
            f"{best.searched:.0f} to {best.tested:.0f} Å, where {SURE:g} and {ALIKE:g} are needed.{other}")


def _summary(frame: Frame, values: Dict[str, Any], placement: int) -> str:
    which = f"Placement {placement}" if placement > 1 else "The map"
    hand = ", as its mirror image" if values.get("mirror_fits") else ""
    others = values["n_placements"] - 1
    more = "" if not others else f" {others} other placement{'s' * (others > 1)} fit as well, within 20 %."
    return (f"{which} lies on the target{hand} after a rotation by {values['rotation_angle']:.2f}° and a shift by {values['shift']:.2f} Å "
            f"(errors up to {_most(frame.turn_errors, 3)}° and {_most(frame.shift_errors, 3)} Å); they agree to "
            f"{values['shared_to']:.1f} Å (CC {values['correlation']:.2f}).{more}")


def _most(errors: np.ndarray, digits: int) -> str:
    largest = float(errors.max())
    return f"{largest:.{digits}f}" if np.isfinite(largest) else "unknown"
