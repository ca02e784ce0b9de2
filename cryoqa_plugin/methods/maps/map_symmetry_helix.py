"""What map_symmetry says of a map that repeats along a helix."""
from __future__ import annotations

from typing import Any, Dict, List, Optional, Tuple

import numpy as np

from ...core import blur
from ...core.helical import HelicalVerdict, Helix, find_helix
from ...core.helical_search import long_axes
from ...core.pose_bands import Prepared
from ...core.symmetry_local import IMPOSED, NOT_IMPOSED
from ...io.symmetry_write import biomt, ncs_spec
from ...results import Column, Curve, Table
from ...study import Study

HELIX = "helix"                       # in place of a fold and a group in the table of axes
_STEPS = (Column("step", "", "copies along the helix"), Column("shift", "Å", "along the axis"), Column("turn", "°", "about it"),
          Column("relative", "", "correlation of half-map 1 with its copy in half-map 2, over that of the half-maps: 1 is exact"),
          Column("noise", "", "correlation of the noise with its copy: near 1 where the symmetry was imposed"))
_NEAR, _TOP = 0.5, 12.0               # of the length, that copies of the files are apart at most; Å, detail by which a copy is placed
AVERAGED = 24                         # copies that a symmetrised map is the mean of, at most


def helix_of(study: Study, made: Prepared, two: bool) -> Optional[HelicalVerdict]:
    """The helix that the map repeats along.

    Parameters
    ----------
    study
        The inputs.
    made
        The half-maps, cut out.
    two
        Whether there are two half-maps.

    Returns
    -------
    HelicalVerdict or None
        None where none is found.
    """
    return find_helix(made, study.through, two)


def none_where_long(study: Study, made: Prepared) -> Optional[str]:
    """What is said of a map that is no helix.

    Parameters
    ----------
    study
        The inputs.
    made
        The half-maps, cut out.

    Returns
    -------
    str or None
        ``none``; None where the molecule is not long, so that nothing was looked for.
    """
    return "none" if long_axes(made, study.through) else None


def helix_fields(verdict: HelicalVerdict, study: Study) -> Dict[str, Any]:
    """Numbers of a helix.

    Parameters
    ----------
    verdict
        What was found.
    study
        The inputs.

    Returns
    -------
    dict
        Fields of the result.
    """
    helix, noise = verdict.helix, verdict.repeats
    off, tilt = _off_z(helix, study)
    return dict(
        helix=verdict.kind, rise=helix.rise, rise_error=verdict.errors.rise, twist=float(np.degrees(helix.twist)),
        twist_error=float(np.degrees(verdict.errors.twist)), helix_fold=helix.fold, helix_relative=float(verdict.mean.min()),
        helix_to=verdict.holds_to, helix_imposed=_imposed(noise), helix_tilt=tilt, helix_off=off,
        helix_copies=int(helix.line.length / helix.rise) * helix.fold,
        by_band_helix=Curve(1 / verdict.ends, verdict.by_band), helix_steps=Table(_STEPS, tuple(_rows(verdict))))


def _imposed(noise: np.ndarray) -> Optional[bool]:
    if not np.isfinite(noise).any():
        return None
    height = float(np.nanmean(noise))
    return True if height > IMPOSED else False if height < NOT_IMPOSED else None


def _rows(verdict: HelicalVerdict) -> List[Tuple[Any, ...]]:
    helix = verdict.helix
    return [(int(k), round(k * helix.rise, 3), round(float((np.degrees(k * helix.twist) + 180) % 360 - 180), 3), round(float(mean), 4),
             round(float(noise), 3) if np.isfinite(noise) else None)
            for k, mean, noise in zip(verdict.steps, verdict.mean, verdict.repeats)]


def _off_z(helix: Helix, study: Study) -> Tuple[float, float]:
    """Distance (Å) of the axis from the middle of the box, voxel n // 2, and its angle (degrees) to z."""
    away = helix.line.point - np.array([n // 2 for n in study.grid.shape[::-1]]) * np.array(study.grid.voxel_size)
    away = away - float(away @ helix.line.direction) * helix.line.direction
    return float(np.linalg.norm(away)), float(np.degrees(np.arccos(min(abs(float(helix.line.direction[2])), 1.0))))


def axis_row(verdict: HelicalVerdict, study: Study) -> Tuple[Any, ...]:
    """The axis of a helix as a row of the table of axes.

    Parameters
    ----------
    verdict
        What was found.
    study
        The inputs.

    Returns
    -------
    tuple
        ``helix`` stands for the fold where none but the full turn leaves the map alike.
    """
    helix = verdict.helix
    middle = helix.line.point + (helix.line.low + helix.line.high) / 2 * helix.line.direction + np.array(study.grid.origin)
    return (helix.fold if helix.fold > 1 else HELIX, *(round(float(v), 5) for v in helix.line.direction),
            *(round(float(v), 2) for v in middle), HELIX, verdict.kind, round(float(verdict.mean.min()), 4))


def copies(helix: Helix, most: Optional[int] = None) -> np.ndarray:
    """Operators of the copies that share half of the filament or more with the first.

    Parameters
    ----------
    helix
        The helix.
    most
        How many copies beside the first, at most: the nearest.

    Returns
    -------
    ndarray
        ``x' = R x + t`` in Å, float64 [n, 3, 4], the identity first.
    """
    last = int(_NEAR * helix.line.length / helix.rise)
    steps = sorted(range(-last, last + 1), key=lambda k: (abs(k), k))
    made = [helix.operators([k], turn)[0] for k in steps for turn in range(helix.fold)]
    return np.array(made if most is None else made[:most + 1])


def operator_files(verdict: HelicalVerdict, study: Study) -> Dict[str, Any]:
    """Copies of a helix in the words of other programs.

    Parameters
    ----------
    verdict
        What was found.
    study
        The inputs.

    Returns
    -------
    dict
        Fields of the result.
    """
    helix, origin = verdict.helix, np.array(study.grid.origin)
    moved = copies(helix._replace(line=helix.line._replace(point=helix.line.point + origin)))
    return dict(ncs_file=ncs_spec(moved, _first(helix, study) + origin), biomt_file=biomt(moved))


def _first(helix: Helix, study: Study) -> np.ndarray:
    """The densest place near the middle of the filament (x, y, z in Å), which stands for the centre of a copy."""
    coarse = blur.gaussian(study.density.data, study.grid.voxel_size, _TOP / 4)
    at = np.argwhere(study.used_mask.data > 0.5)
    xyz = at[:, ::-1] * np.array(study.grid.voxel_size)
    along = (xyz - helix.line.point) @ helix.line.direction - (helix.line.low + helix.line.high) / 2
    near = np.abs(along) <= max(helix.rise, 2 * max(study.grid.voxel_size))
    if not near.any():
        return helix.line.point
    return xyz[near][int(np.argmax(coarse[tuple(at[near].T)]))]
