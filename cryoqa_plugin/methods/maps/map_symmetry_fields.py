"""What map_symmetry gives: tables of axes, operators and copies, maps, and files of operators."""
from __future__ import annotations

from typing import Any, Dict, List, Optional, Tuple

import numpy as np
from scipy.ndimage import label

from ...core import blur, symmetry_copies, symmetry_local
from ...core.helical import HelicalVerdict
from ...core.pose_bands import Prepared
from ...core.symmetry_groups import Pose, axes_of, axis_of
from ...core.symmetry_local import Differences
from ...core.symmetry_verdict import Verdict
from ...io.symmetry_write import Setting, biomt, ncs_spec, setting_of
from ...results import Column, Curve, Table
from ...study import Study
from .map_symmetry_helix import axis_row
from .map_symmetry_steps import Found

_PLACES, _SMALLEST = 40, 50.0         # places that are listed, and the smallest of them (Å³)
_SOFT = 2.0                           # Å: Gaussian edge of the unique part
_TOP = 12                             # Å: detail by which copies are told apart
_AXES = (Column("fold", "", "of a helix without a fold the word"), Column("x", "", "direction"), Column("y"), Column("z"),
         Column("through x", "Å", "a point on the axis, in the frame of the map"), Column("through y", "Å"), Column("through z", "Å"),
         Column("group"), Column("kind", "", "exact, approximate or pseudo"),
         Column("relative", "", "correlation of its turns over that of the half-maps, mean over bands finer than that of the search"))
_OPERATORS = (Column("operator", "", "its number; 1 is the identity"), Column("angle", "°"), Column("axis", "", "x, y, z"),
              Column("relative", "", "correlation of half-map 1 with its copy in half-map 2, over that of the half-maps: 1 is exact"),
              Column("kind"), Column("noise", "", "correlation of the noise with its copy: near 1 where the symmetry was imposed"))


def place_fields(pose: Pose, study: Study, first: np.ndarray) -> Dict[str, Any]:
    """Where the axes lie, and operators in the words of other programs.

    Parameters
    ----------
    pose
        The exact group.
    study
        The inputs, whose grid the operators are of.
    first
        Centre of the first copy (x, y, z in Å, in the frame of the map).

    Returns
    -------
    dict
        Fields of the result.
    """
    grid = study.grid
    voxel, origin = np.array(grid.voxel_size), np.array(grid.origin)
    middle = np.array([n // 2 for n in grid.shape[::-1]]) * voxel
    off = _off(pose, middle)
    found: Optional[Setting] = setting_of(pose.name, pose.rotations, off / float(voxel.min()))
    moved = pose._replace(centre=pose.centre + origin).operators
    return dict(centre_x=float(pose.centre[0] + origin[0]), centre_y=float(pose.centre[1] + origin[1]),
                centre_z=float(pose.centre[2] + origin[2]), off_centre=off, scipion_name=found.scipion if found else None,
                relion_name=found.relion or None if found else None, ncs_file=ncs_spec(moved, first),
                biomt_file=biomt(moved))


def _off(pose: Pose, middle: np.ndarray) -> float:
    """Distance (Å) of the axes from a point: of a single axis that of the axis, else of the point where they meet."""
    away, axes = pose.centre - middle, axes_of(pose.rotations)
    if len(axes) == 1:
        away = away - float(away @ axes[0].direction) * axes[0].direction
    return float(np.linalg.norm(away))


def tables(found: Found, noise: Optional[np.ndarray], study: Study, spiral: Optional[HelicalVerdict] = None) -> Dict[str, Table]:
    """Axes and operators.

    Parameters
    ----------
    found
        The groups.
    noise
        Correlation of the noise by the operators of the widest group, None where not known.
    study
        The inputs.
    spiral
        The helix, None without one.

    Returns
    -------
    dict
        Tables by field, empty without a group and a helix.
    """
    origin = np.array(study.grid.origin)
    rows: List[Tuple[Any, ...]] = [] if spiral is None else [axis_row(spiral, study)]
    for verdict in [v for v in (found.exact, found.larger) if v is not None]:
        rows += [row for row in _axes(verdict, origin) if not (verdict is found.larger and row[8] == "exact" and found.exact is not None)]
    if not rows:
        return {}
    out = dict(axes=Table(_AXES, tuple(rows)))
    if found.widest is not None:
        out["operators"] = Table(_OPERATORS, tuple(_operator_rows(found.widest, noise)))
    return out


def _kind(verdict: Verdict, members: np.ndarray) -> str:
    return "exact" if verdict.exact[members].all() else verdict.kind


def _axes(verdict: Verdict, origin: np.ndarray) -> List[Tuple[Any, ...]]:
    rows = []
    pose = verdict.pose
    for axis in axes_of(pose.rotations):
        members = np.array([i for i, r in enumerate(pose.rotations) if i and np.abs(r @ axis.direction - axis.direction).max() < 1e-6])
        through = pose.centre + origin
        rows.append((axis.fold, *(round(float(v), 5) for v in axis.direction), *(round(float(v), 2) for v in through), pose.name,
                     _kind(verdict, members), round(float(verdict.mean[members - 1].min()), 4)))
    return rows


def _operator_rows(verdict: Verdict, noise: Optional[np.ndarray]) -> List[Tuple[Any, ...]]:
    rows = []
    for number, rotation in enumerate(verdict.pose.rotations[1:]):
        axis, angle = axis_of(rotation)
        repeated = None if noise is None or not np.isfinite(noise[number]) else round(float(noise[number]), 3)
        rows.append((number + 2, round(angle, 2), ", ".join(f"{v + 0.0:.4f}" for v in axis), round(float(verdict.mean[number]), 4),
                     _kind(verdict, np.array([number + 1])), repeated))
    return rows


def by_band(verdict: Verdict) -> Curve:
    """Relative correlation by band.

    Parameters
    ----------
    verdict
        On a group.

    Returns
    -------
    Curve
        At the finest frequency of each band, the mean over the operators that are not exact, or over all where all are.
    """
    return Curve(1 / verdict.ends, verdict.by_band)


def copy_fields(study: Study, made: Prepared, pose: Pose, two: bool) -> Dict[str, Any]:
    """Which copy each voxel is of, the unique part, and where a copy differs from the others.

    Parameters
    ----------
    study
        The inputs.
    made
        The half-maps, cut out.
    pose
        The widest group.
    two
        Whether there are two half-maps: of a map alone differences cannot be told from its noise.

    Returns
    -------
    dict
        Fields of the result.
    """
    grid, shape = study.grid, tuple(study.grid.shape)
    coarse = blur.gaussian(study.density.data, grid.voxel_size, _TOP / 4)
    numbers, centres = symmetry_local.copies(made, pose, coarse, shape)
    first = np.clip(blur.gaussian((numbers == 1).astype(np.float32), grid.voxel_size, _SOFT), 0, 1)
    out: Dict[str, Any] = dict(copy_numbers=grid.with_data(numbers.astype(np.float32)), unique_mask=grid.with_data(first))
    differ = symmetry_local.differences(made, pose, shape) if two else None
    origin = np.array(grid.origin)
    rows: List[Tuple[Any, ...]] = []
    for number, centre in enumerate(centres, 1):
        here = numbers == number
        told = differ is not None and bool(here.any())
        rows.append((number, *(round(float(v), 1) for v in centre + origin),
                     round(float(np.median(differ.relative[here])), 4) if differ is not None and told else None,
                     round(float(differ.flagged[here].mean()), 4) if differ is not None and told else None))
    out["copies"] = Table((Column("copy"), Column("x", "Å", "its centre"), Column("y", "Å"), Column("z", "Å"),
                           Column("difference", "", "from the mean of the others, part of the local power: the median over the copy"),
                           Column("part that differs", "", "of its voxels")), tuple(rows))
    if differ is not None:
        out.update(_differences(differ, rows, study, numbers), places=places(differ, numbers, study))
    return out


def _differences(differ: Differences, rows: List[Tuple[Any, ...]], study: Study, numbers: np.ndarray) -> Dict[str, Any]:
    known = [row for row in rows if row[4] is not None]
    inside = numbers > 0
    out: Dict[str, Any] = dict(difference_map=study.grid.with_data(differ.relative), differs=float(differ.flagged[inside].mean()),
                               difference_resolution=differ.resolution)
    if known:
        most = max(known, key=lambda row: row[4])
        others = sorted(row[4] for row in known if row is not most)
        out.update(most_different_copy=int(most[0]), most_difference=float(most[4]),
                   usual_difference=float(np.median(others)) if others else None)
    return out


def places(differ: Differences, numbers: np.ndarray, study: Study) -> Table:
    """Places where a copy differs, the largest first.

    Parameters
    ----------
    differ
        The differences.
    numbers
        Copy of each voxel, [z, y, x].
    study
        The inputs.

    Returns
    -------
    Table
        At most 40, each of 50 Å³ or more.
    """
    voxel, origin = np.array(study.grid.voxel_size), np.array(study.grid.origin)
    pieces, count = label(differ.flagged)
    volumes = np.bincount(pieces.ravel(), minlength=count + 1)[1:] * float(np.prod(voxel))
    rows = []
    for piece in np.argsort(-volumes)[:_PLACES]:
        if volumes[piece] < _SMALLEST:
            break
        at = np.flatnonzero(pieces.ravel() == piece + 1)
        top = int(at[int(np.argmax(differ.relative.ravel()[at]))])
        xyz = np.array(np.unravel_index(top, pieces.shape)[::-1]) * voxel + origin
        rows.append((*(round(float(v), 1) for v in xyz), int(numbers.ravel()[top]), round(float(volumes[piece])),
                     round(float(differ.relative.ravel()[top]), 3), round(float(differ.significance.ravel()[top]), 1)))
    return Table((Column("x", "Å", "where the difference is largest"), Column("y", "Å"), Column("z", "Å"), Column("copy"),
                  Column("volume", "Å³"), Column("difference", "", "part of the local power"), Column("significance", "", "in standard "
                  "deviations of noise")), tuple(rows))


def symmetrised(study: Study, operators: np.ndarray, halves: bool) -> Dict[str, Any]:
    """Means over all copies.

    Parameters
    ----------
    study
        The inputs.
    operators
        Those of an exact symmetry without the identity, in Å, float64 [n, 3, 4].
    halves
        Also those of the half-maps, each of its own copies.

    Returns
    -------
    dict
        Maps by field.
    """
    grid = study.grid
    moves = symmetry_copies.in_voxels(operators, grid.voxel_size)
    inside = study.used_mask.data.astype(np.float32)
    if not halves:
        mean, _ = symmetry_copies.averaged((study.density.data, study.density.data), moves, inside)
        return dict(symmetrised_map=grid.with_data(mean))
    one, two = symmetry_copies.averaged((study.half1.data, study.half2.data), moves, inside)
    return dict(symmetrised_map=grid.with_data((one + two) / 2), symmetrised_map_half1=grid.with_data(one),
                symmetrised_map_half2=grid.with_data(two))
