"""Steps of the alignment of two maps: both prepared, both hands tried, positions in the frames of the files."""
from __future__ import annotations

from typing import Dict, NamedTuple, Optional, Tuple

import numpy as np

from ...core.pose_bands import Prepared, prepare
from ...core.pose_fit import Pose, angle_errors
from ...core.pose_place import Placed, Placement, place
from ...core.pose_resample import resampled
from ...io.maps import Map
from ...progress import Progress
from ...study import Study
from .box_carry import solvent

OUTPUTS = {"full_map": "aligned_map", "half1": "aligned_map_half1", "half2": "aligned_map_half2", "mask": "aligned_mask"}


class Tried(NamedTuple):
    """The search of both hands: the one that is believed, whether it is the mirror image, and what the other one reached."""

    best: Placement
    mirrored: bool
    other: Optional[Placement]


class Frame(NamedTuple):
    """A pose in the frames of the files, where the origins of the maps count: ``x' = A x + t`` in Å, float64 [3, 4]. ``centre`` is a place
    of the moving map and ``shift`` by how much it moves; ``turn`` and ``errors`` the rotation vector in degrees and standard errors of it
    and of the shift, float64 [3] each."""

    operator: np.ndarray
    centre: np.ndarray
    shift: np.ndarray
    turn: np.ndarray
    turn_errors: np.ndarray
    shift_errors: np.ndarray


def moving_map(study: Study, resolution: Optional[float], mirrored: bool = False) -> Prepared:
    """The map that is moved, ready for the search.

    Parameters
    ----------
    study
        Half-maps, whose mean is taken and whose FSC ends the bands, or ``full_map``; ``mask``, else one is made.
    resolution
        Finest detail in Å; None for that of the half-maps, or three voxels of a map alone.
    mirrored
        Mirror it along x first.

    Returns
    -------
    Prepared
        Of one map.
    """
    names = ("half1", "half2") if study.has_halves else ("full_map",)
    maps = [study.given()[n].data for n in names]
    mask, size = study.used_mask.data, study.grid.voxel_size
    if mirrored:
        maps, mask = [np.ascontiguousarray(m[:, :, ::-1]) for m in maps], np.ascontiguousarray(mask[:, :, ::-1])
    found = prepare(maps[0], maps[1] if len(maps) > 1 else None, mask, size, resolution)
    if len(maps) == 1:
        return found
    mean = found.transforms[0] + found.transforms[1]
    mean *= np.float32(0.5)
    return found._replace(transforms=(mean, mean))


def target_map(study: Study, resolution: Optional[float]) -> Prepared:
    """The map that stays, ready for the search.

    Parameters
    ----------
    study
        ``target_map``; its mask is made.
    resolution
        As of :func:`moving_map`.

    Returns
    -------
    Prepared
        Of one map.
    """
    alone = Study(full_map=study.target_map, shelf=study.shelf)
    return prepare(alone.density.data, None, alone.used_mask.data, alone.grid.voxel_size, resolution)


def search(study: Study, resolution: Optional[float], mirror: bool, progress: Progress) -> Tried:
    """The moving map on the target, and its mirror image too where that is asked for.

    Parameters
    ----------
    study
        The inputs.
    resolution
        As of :func:`moving_map`.
    mirror
        Try the mirror image too.
    progress
        ``progress(fraction, message)``.

    Returns
    -------
    Tried
        The hand that is believed with the higher correlation in the test band; as it was given where none is.
    """
    target, share = target_map(study, resolution), 0.5 if mirror else 1.0
    as_given = place(moving_map(study, resolution), target, progress=lambda f, m: progress(share * f, m))
    if not mirror:
        return Tried(as_given, False, None)
    other = place(moving_map(study, resolution, mirrored=True), target, progress=lambda f, m: progress(0.5 + 0.5 * f, f"mirrored: {m}"))
    if other.poses and (not as_given.poses or other.alike > as_given.alike):
        return Tried(other, True, as_given)
    return Tried(as_given, False, other)


def in_files(found: Placed, study: Study, mirrored: bool) -> Frame:
    """A pose in the frames of the files.

    Parameters
    ----------
    found
        Of :func:`search`, in the frames of the first voxels.
    study
        For the origins.
    mirrored
        It is a pose of the mirror image along x.

    Returns
    -------
    Frame
        In Å.
    """
    pose: Pose = found.pose
    grid, target = study.grid, study.target_map
    flip, back = np.eye(3), np.zeros(3)
    if mirrored:
        flip[0, 0] = -1
        back[0] = (grid.shape[2] - 1) * grid.voxel_size[0]
    ours, theirs = np.asarray(grid.origin, dtype=np.float64), np.asarray(target.origin, dtype=np.float64)
    centre = flip @ pose.pivot + back + ours                 # the mirror is its own inverse
    at = pose.at + theirs
    matrix = pose.rotation @ flip
    turn, turn_errors = angle_errors(pose.rotation, pose.covariance[:3, :3])
    return Frame(np.concatenate([matrix, (at - matrix @ centre)[:, None]], axis=1), centre, at - centre, turn, turn_errors,
                 np.sqrt(np.diag(pose.covariance)[3:]))


def carried(study: Study, operator: np.ndarray, target: Map) -> Tuple[Dict[str, Map], float]:
    """All maps that belong to the moving one on the grid of the target.

    Parameters
    ----------
    study
        The maps.
    operator
        ``x' = A x + t`` in the frames of the files, float64 [3, 4].
    target
        The map that gives the grid.

    Returns
    -------
    maps
        By field of the result; beyond the box of the moving map its level at its faces. The mask is within 0 and 1.
    cut_off
        Part of the mask that lies outside of the target's box.
    """
    grid = study.grid
    local = np.array(operator)
    local[:, 3] += operator[:, :3] @ np.asarray(grid.origin) - np.asarray(target.origin)
    out = {}
    given = dict({"full_map": study.density}, **{n: m for n, m in study.maps().items() if n in OUTPUTS})
    for kind, map_ in given.items():
        data = study.used_mask.data if kind == "mask" else map_.data
        level = 0.0 if kind == "mask" else solvent(data)
        moved = resampled(data, grid.voxel_size, local, target.shape, target.voxel_size, level)
        out[OUTPUTS[kind]] = Map(np.clip(moved, 0, 1) if kind == "mask" else moved, target.voxel_size, target.origin)
    return out, _cut_off(study, local, target)


def _cut_off(study: Study, local: np.ndarray, target: Map) -> float:
    at = np.stack(np.nonzero(study.used_mask.data >= 0.5)[::-1], axis=1) * np.asarray(study.grid.voxel_size)
    if not len(at):
        return 0.0
    moved = (at @ local[:, :3].T + local[:, 3]) / np.asarray(target.voxel_size)
    inside = np.all((moved > -0.5) & (moved < np.asarray(target.shape[::-1]) - 0.5), axis=1)
    return float(1 - inside.mean())

