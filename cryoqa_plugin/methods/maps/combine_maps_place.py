"""How each map lies on the consensus, refined as one rigid body."""
from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple, Optional, Sequence, Tuple

import numpy as np
import scipy.ndimage

from ...core import alignment, fourier, local, masks, pose_resample
from ...core.pose_bands import about
from ...core.pose_fit import turn_by
from ...errors import InputError
from ...io.maps import Map
from .combine_maps_bands import Bands, MemberSignal
from .combine_maps_inputs import Member
from .combine_maps_motion import Motion, motion

_COARSE = (12.0, 8.0)                 # Å: finest waves of the first rounds, which see a motion of several Å
_ROUNDS = 8                           # with fine waves, at most
_STILL_COARSE, _STILL = 0.3, 0.02     # Å: mean motion below which nothing is gained by drawing the map anew, with coarse and fine waves
_FARTHEST = 25.0                      # Å: how far off a map may lie by its origin
_ROBUST = 0.04                        # of the finest waves: motion past which a place counts less, as where a part moved by itself
_LEFT = 1.35                          # what a rigid motion leaves of that of places, over its error along one axis
_MOVED = 0.03                         # of the resolution: mean motion from which a map is moved
_BAND, _ALIKE = (20.0, 8.0), 0.3      # Å, and the correlation between them below which two maps do not show one molecule
_WINDOW = 150.0                       # volume of the window of the motion over the cube of the bands' standard deviation


class Placed(NamedTuple):
    """Where a map lies: its point ``x`` (x, y, z in Å from the first voxel) belongs to ``rotation (x - centre) + centre + shift`` of the
    reference. ``turn`` (degrees) and ``distance`` (Å, of the centre), each with its standard error; ``mean`` (Å): how far its places were
    off; ``moved``: whether it was moved."""

    rotation: np.ndarray
    centre: np.ndarray
    shift: np.ndarray
    turn: float
    turn_error: float
    distance: float
    distance_error: float
    mean: float
    moved: bool


def place(reference: Member, member: Member, signals: Sequence[MemberSignal], grid: Map, bands: Bands,
          resolution: float) -> Tuple[Member, Optional[Placed]]:
    """A map moved to where it lies on the reference as a rigid body.

    Parameters
    ----------
    reference, member
        The consensus, or the first map; and the map to move.
    signals
        What is known of both.
    grid
        The common grid.
    bands
        The bands.
    resolution
        Of the best map, in Å.

    Returns
    -------
    member : Member
        Moved from what was given in one step; the same object where it lies as it should.
    placed : Placed or None
        How it lay; None where the two share no place that shows it, which two focused maps may also do whose common place holds noise.

    Raises
    ------
    InputError
        The map and the consensus do not show one molecule in one place, also after moving.
    """
    supports = [local.at_points(m.support, bands.grid.shape).ravel() > 0.5 for m in (reference, member)]
    where = supports[0] & supports[1] & (signals[1].ratio[1:4].mean(axis=0) > 0.3)
    if np.count_nonzero(where) < 8:
        return member, None
    places = _xyz(np.flatnonzero(where), bands, grid)
    centre = places.mean(axis=0)
    total = _Rigid(np.eye(3), centre, _first_shift(reference, member, grid, bands))
    current, drawn = (_moved(member, total, grid), total) if total.shift.any() else (member, total)
    covariance = np.zeros((6, 6))
    for finest in (*[f for f in _COARSE if f > 2 * resolution], *([1.5 * resolution] * _ROUNDS)):
        coarse = finest > 1.5 * resolution
        found = motion(reference, current, signals, where, bands, finest if coarse else None)
        step, covariance = _fit(found, bands, grid, centre, _ROBUST * finest)
        total = total.after(step)
        if _mean_motion(total.after(drawn.inverse()), places) > (_STILL_COARSE if coarse else _STILL):
            current, drawn = _moved(member, total, grid), total
        elif not coarse:
            break
    alike = _likeness(reference, current, grid, resolution)
    if alike < _ALIKE and reference.number:
        return member, None
    if alike < _ALIKE:
        raise InputError(f"The {member.label} ({member.file}) does not lie on the {reference.label}: between 20 and 8 Å they correlate "
                         f"by {alike:.2f}, also after moving it. Place it there first, and check its hand and its voxel size.")
    mean = _mean_motion(total, places)
    errors = np.sqrt(np.maximum(np.diag(covariance), 0))
    turned, shifted = (float(np.linalg.norm(e) / np.sqrt(3)) for e in (errors[:3], errors[3:]))
    reach = float(np.sqrt(((places - centre) ** 2).sum(axis=1).mean()))
    moved = mean > max(_MOVED * resolution, 3 * np.hypot(turned * reach, shifted))
    back = total.inverse()
    angle = float(np.degrees(np.arccos(np.clip((np.trace(back.rotation) - 1) / 2, -1, 1))))
    placed = Placed(back.rotation, centre, back.shift, angle, float(np.degrees(turned)), float(np.linalg.norm(back.shift)), shifted, mean,
                    moved)
    return (current if moved else member), placed


class _Rigid(NamedTuple):
    """``x -> rotation (x - centre) + centre + shift``, float64, x, y, z in Å."""

    rotation: np.ndarray
    centre: np.ndarray
    shift: np.ndarray

    def after(self, first: "_Rigid") -> "_Rigid":
        """This one done after another one about the same centre."""
        return _Rigid(self.rotation @ first.rotation, self.centre, self.rotation @ first.shift + self.shift)

    def inverse(self) -> "_Rigid":
        """What undoes it."""
        return _Rigid(self.rotation.T, self.centre, -self.rotation.T @ self.shift)


def _xyz(points: np.ndarray, bands: Bands, grid: Map) -> np.ndarray:
    """Places of points of the grid of local averages in Å from the first voxel, float64 [v, 3], x, y, z."""
    parts = np.stack(np.unravel_index(points, bands.grid.shape), axis=1)[:, ::-1] / np.array(bands.grid.shape[::-1])
    return parts * np.array(grid.shape[::-1]) * np.array(grid.voxel_size)


def _first_shift(reference: Member, member: Member, grid: Map, bands: Bands) -> np.ndarray:
    """Shift (x, y, z in Å) from a place in the reference to that in the map, from the peak of their correlation; 0 unless it is clear."""
    both = reference.support * member.support
    one, two = (alignment.centred(fourier.forward(m.data * both), grid.shape, alignment.REACH) for m in (reference, member))
    within = [_FARTHEST / v for v in grid.voxel_size[::-1]]
    found = alignment.shift_between(one, two, bands.geo, within)
    shift = np.array(found.shift[::-1]) * np.array(grid.voxel_size)
    return shift if found.found and 1.0 < np.linalg.norm(shift) <= _FARTHEST else np.zeros(3)


def _fit(found: Motion, bands: Bands, grid: Map, centre: np.ndarray, far: float) -> Tuple[_Rigid, np.ndarray]:
    """The rigid motion that explains most of the motions of single places, and the covariance of turn (rad) and shift (Å).

    Places that disagree with it by ``r`` count less, by ``1 / (1 + (r / far)^2)``: parts that moved by themselves."""
    at = np.flatnonzero(found.known)
    if at.size < 8:
        return _Rigid(np.eye(3), centre, np.zeros(3)), np.zeros((6, 6))
    arm = _xyz(at, bands, grid) - centre
    x, y, z = arm.T
    zero = np.zeros_like(x)
    jacobian = np.stack([np.stack(row, axis=1) for row in ((zero, z, -y), (-z, zero, x), (y, -x, zero))], axis=1)
    jacobian = np.concatenate([jacobian, np.broadcast_to(np.eye(3), (at.size, 3, 3))], axis=2)
    stiff = found.stiffness[at]
    stiff = stiff / (np.trace(stiff, axis1=1, axis2=2) / 3)[:, None, None]
    error = np.maximum(found.error[at].astype(np.float64), 1e-3)
    vector, robust, six = found.vector[at].astype(np.float64), np.ones(at.size), np.zeros(6)
    for _ in range(10):
        weight = stiff * (robust / (error ** 2 + far ** 2 / 9))[:, None, None]
        normal = np.einsum("vki,vkl,vlj->ij", jacobian, weight, jacobian)
        six = np.linalg.solve(normal, np.einsum("vki,vkl,vl->i", jacobian, weight, vector))
        rest = np.linalg.norm(vector - jacobian @ six, axis=1)
        robust = 1 / (1 + (rest / np.maximum(far, 3 * error)) ** 2)
    spacing = np.prod(np.multiply(grid.shape[::-1], grid.voxel_size) / np.array(bands.grid.shape[::-1])) / bands.sigma ** 3
    if not found.error[at].any():                            # without half-maps: what the rigid motion leaves
        error[:] = np.sqrt(np.average(rest ** 2, weights=robust)) / _LEFT
    # Windows overlap: so many points have one motion.
    weight = stiff * (robust / error ** 2)[:, None, None]
    covariance = np.linalg.inv(np.einsum("vki,vkl,vlj->ij", jacobian, weight, jacobian)) * (_WINDOW / spacing)
    return _Rigid(turn_by(six[:3]), centre, six[3:]), covariance


def _mean_motion(rigid: _Rigid, places: np.ndarray) -> float:
    """Root mean square motion of places, in Å."""
    arm = places - rigid.centre
    return float(np.sqrt(((arm @ rigid.rotation.T + rigid.shift - arm) ** 2).sum(axis=1).mean()))


def _moved(member: Member, rigid: _Rigid, grid: Map) -> Member:
    """A member whose place ``x`` shows what it showed at ``rigid(x)``; masks, which are no waves, by linear interpolation."""
    back = rigid.inverse()
    operator = about(back.rotation, back.centre, back.shift)
    maps = {n: pose_resample.resampled(getattr(member, n), grid.voxel_size, operator, grid.shape, grid.voxel_size)
            for n in ("data", "half1", "half2") if getattr(member, n) is not None}
    soft = {n: _linear(getattr(member, n), rigid, grid) for n in ("support", "cut", "fade") if getattr(member, n) is not None}
    return replace(member, **maps, **soft)


def _linear(mask: np.ndarray, rigid: _Rigid, grid: Map) -> np.ndarray:
    """A mask taken at other places, float32 [z, y, x]; beyond the box it is as at the face."""
    voxel = np.array(grid.voxel_size[::-1])
    turn = rigid.rotation[::-1, ::-1]
    centre, shift = rigid.centre[::-1], rigid.shift[::-1]
    out = np.empty(mask.shape, np.float32)
    offset = (centre + shift - turn @ centre) / voxel
    scipy.ndimage.affine_transform(mask, turn * voxel[None, :] / voxel[:, None], offset, output=out, order=1, mode="nearest")
    return out


def _likeness(reference: Member, member: Member, grid: Map, resolution: float) -> float:
    """Correlation of two maps between 20 and 8 Å where both may be used: the shape of the molecule alone does not count."""
    both = reference.support * member.support
    end = max(_BAND[1], 1.3 * resolution, 3 * grid.voxel)
    start = max(_BAND[0], 2.5 * end)
    images = [masks.lowpass(m.data * both, grid.voxel_size, end) - masks.lowpass(m.data * both, grid.voxel_size, start)
              for m in (reference, member)]
    inside = both > 0.5
    return float(np.corrcoef(images[0][inside], images[1][inside])[0, 1])
