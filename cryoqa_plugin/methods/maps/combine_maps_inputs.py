"""The maps to combine, brought onto one grid."""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Dict, List, Optional, Sequence, Tuple

import numpy as np

from ...core import boxes
from ...errors import InputError, MissingInputError
from ...io.maps import Map
from ...study import Study
from ...study.mask import within_limits
from ...study.solvent import flat_region

MOST = 20
_WHOLE = 0.02                         # voxels: a map that lies nearer than this to the voxels of the grid lies on them
_EDGE = 8.0                           # Å before the faces of a box over which its map is let in
_SMALLEST = 16
_ENOUGH = 0.005                       # part of the box that a map must cover, to be one of a part of the molecule


@dataclass
class Member:
    """A map to combine, float32 [z, y, x] on the common grid.

    ``number`` of the focused map from 1, 0 for the consensus; ``half1`` and ``half2`` as ``data``, or None. ``cut``: what its values were
    multiplied by before it came here, as by a mask, or None; ``fade``: what they are multiplied by to be measured, or None; ``support``:
    where it may be used, both together, 0 to 1. ``file`` is for sentences, ``placed`` says how it was moved, and
    ``coarse`` is its amplitude in the coarsest band.
    """

    number: int
    data: np.ndarray
    half1: Optional[np.ndarray]
    half2: Optional[np.ndarray]
    support: np.ndarray
    cut: Optional[np.ndarray]
    fade: Optional[np.ndarray]
    file: str
    resolution: float = 0.0
    coarse: float = 1.0
    placed: Dict[str, Any] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """How tables call it."""
        return f"focused map {self.number}" if self.number else "consensus"

    def measured(self, which: str) -> np.ndarray:
        """A map to be measured: within what it may be used for.

        Parameters
        ----------
        which
            ``data``, ``half1`` or ``half2``.

        Returns
        -------
        ndarray
            float32 [z, y, x].
        """
        data = getattr(self, which)
        return data if self.fade is None else data * self.fade

    @property
    def has_halves(self) -> bool:
        """It has half-maps."""
        return self.half1 is not None


def common_grid(study: Study) -> Map:
    """The map whose grid the composite has: the consensus, else focused map 1.

    Parameters
    ----------
    study
        The inputs.

    Returns
    -------
    Map
        Checked; at least 16 voxels along each axis.

    Raises
    ------
    MissingInputError, InputError
        There is no map, or one that no method can use.
    """
    if not study.focused_maps and not study.focused_half1:
        raise MissingInputError("There are no maps to combine; give the focused maps, or their half-maps.")
    study.check(*_kinds(study), least=_SMALLEST, what="combining maps needs")
    if study.full_map is not None or study.has_halves:
        return study.density
    return (study.focused_maps or study.focused_half1)[0]


def _kinds(study: Study) -> List[str]:
    kinds = ("full_map", "half1", "half2", "mask", "focused_maps", "focused_half1", "focused_half2", "focused_masks")
    return [k for k in kinds if getattr(study, k)]


def members_of(study: Study, grid: Map, consensus: bool) -> List[Member]:
    """The maps that take part, on one grid.

    Parameters
    ----------
    study
        The inputs.
    grid
        The common grid.
    consensus
        Whether the consensus takes part.

    Returns
    -------
    list of Member
        The consensus first.

    Raises
    ------
    InputError
        A map has other voxels, or lies outside; there is but one map, or there are more than 20.
    """
    out = []
    whole = consensus_of(study) if consensus else None
    if whole is not None:
        out.append(whole)
    count = max(len(study.focused_maps), len(study.focused_half1))
    for i in range(count):
        out.append(_focused(study, grid, i))
    if len(out) < 2:
        raise InputError(f"There is one map only ({out[0].file}); give a second focused map, or the half-maps of the consensus.")
    if len(out) > MOST:
        raise InputError(f"{len(out)} maps were given and at most {MOST} are combined; leave some out.")
    return out


def consensus_of(study: Study) -> Optional[Member]:
    """The consensus, whether it takes part or not.

    Parameters
    ----------
    study
        The inputs.

    Returns
    -------
    Member or None
        None where neither a map nor half-maps of the whole molecule were given.
    """
    if study.full_map is None and not study.has_halves:
        return None
    halves = (study.half1.data, study.half2.data) if study.has_halves else (None, None)
    given = study.mask
    return _member(0, study.density.data, halves, None if given is None else given.data, None, study.density.place)


def _focused(study: Study, grid: Map, i: int) -> Member:
    """Focused map ``i``, counted from 0, on the common grid."""
    name = f"Focused map {i + 1}"
    halves: Tuple[Optional[np.ndarray], Optional[np.ndarray]] = (None, None)
    box, data = None, np.empty(0, np.float32)
    if study.focused_half1 and study.focused_half2:
        (one, box), (two, _) = (on_grid(pair[i], grid, name) for pair in (study.focused_half1, study.focused_half2))
        halves, data = (one, two), (one + two) * np.float32(0.5)
    if study.focused_maps:
        file = study.focused_maps[i]
        data, box = on_grid(file, grid, name)
    else:
        file = study.focused_half1[i]
    mask = None
    if study.focused_masks:
        given = within_limits(study.focused_masks[i])
        if float(given.data.max()) < 0.5:
            raise InputError(f"No voxel of the mask of focused map {i + 1} reaches 0.5, its largest value is {float(given.data.max()):.3g} "
                             f"({given.place}); give another mask.")
        mask, _ = on_grid(given, grid, f"The mask of focused map {i + 1}")
    return _member(i + 1, data, halves, mask, box, file.place)


def _member(number: int, data: np.ndarray, halves: Tuple[Optional[np.ndarray], Optional[np.ndarray]], mask: Optional[np.ndarray],
            box: Optional[np.ndarray], file: str) -> Member:
    """A member, with where it may be used: in its mask and in its box, and where it was not cut off."""
    cut = _cut(halves[0] if halves[0] is not None else data)
    fade = box
    if cut is not None and mask is not None and _is_of(cut, mask):
        cut = mask
    elif mask is not None:
        fade = mask if box is None else mask * box
    support = np.ones(data.shape, np.float32)
    for part in (cut, fade):
        support = support if part is None else support * part
    if box is not None:
        cut = (box > 0).astype(np.float32) if cut is None else cut * (box > 0)
    if np.count_nonzero(support >= 0.5) < _ENOUGH * support.size and np.count_nonzero(support >= 0.5) < 1000:
        what = f"Focused map {number}" if number else "The consensus"
        raise InputError(f"{what} has next to no density on the grid of the consensus ({file}): its mask, or what it was cut by, leaves "
                         "nothing. Give the mask of this map.")
    return Member(number, data, halves[0], halves[1], support, cut, fade, file)


def _cut(data: np.ndarray) -> Optional[np.ndarray]:
    """What is left of a map that was cut off by a mask, float32 [z, y, x], 0 or 1; None where it was not."""
    flat = flat_region(data)
    return (~flat).astype(np.float32) if flat.any() else None


def _is_of(cut: np.ndarray, mask: np.ndarray) -> bool:
    """Whether a map was cut off by this mask: it ends where the mask does, as far as 95 % of both."""
    there, wanted = cut > 0.5, mask > 0
    return np.count_nonzero(there & wanted) >= 0.95 * max(np.count_nonzero(there), np.count_nonzero(wanted))


def on_grid(map_: Map, grid: Map, name: str) -> Tuple[np.ndarray, Optional[np.ndarray]]:
    """A map on the grid of another one, by the origins of both.

    Parameters
    ----------
    map_
        The map.
    grid
        Its voxels and place are taken.
    name
        Of the map, as a sentence begins with it.

    Returns
    -------
    data : ndarray
        float32 [z, y, x]; the voxels themselves where they lie on those of ``grid``, else by Fourier interpolation.
    box : ndarray or None
        1 within its box, falling to 0 over 8 Å before its faces, float32 [z, y, x]; None where it fills the grid.

    Raises
    ------
    InputError
        No voxel of the map lies in the grid.
    """
    if map_.shape == grid.shape and _steps(map_, grid).max() < _WHOLE and _offset(map_, grid).max() < _WHOLE:
        return map_.data, None
    places = [boxes.Places(_rounded((g + np.arange(n) * v - o) / w), v / w) for g, n, v, o, w in
              zip(grid.origin, grid.shape[::-1], grid.voxel_size, map_.origin, map_.voxel_size)]
    data, beyond = boxes.sampled(map_.data, places, 0.0)
    if beyond >= data.size:
        raise InputError(f"{name} does not overlap the grid that the maps are combined on: it begins at {_xyz(map_.origin)} Å "
                         f"({map_.place}), the grid at {_xyz(grid.origin)} Å ({grid.place}). Correct the origin in its header, or give the "
                         "map as it came from its refinement.")
    if beyond == 0:
        return data, None
    sides = [_side(p.at, n, w) for p, n, w in zip(places, map_.shape[::-1], map_.voxel_size)]
    return data, sides[2][:, None, None] * sides[1][None, :, None] * sides[0][None, None, :]


def _steps(one: Map, other: Map) -> np.ndarray:
    """Drift along each axis, in voxels over the whole box, of two voxel sizes."""
    return np.abs(np.divide(one.voxel_size, other.voxel_size) - 1) * max(one.shape)


def _offset(one: Map, other: Map) -> np.ndarray:
    """Distance of two origins along each axis in voxels."""
    return np.abs(np.subtract(one.origin, other.origin)) / np.asarray(other.voxel_size)


def _rounded(at: np.ndarray) -> np.ndarray:
    """Places within 0.02 voxels of whole ones taken for these: headers hold origins in float32, and round them."""
    whole = np.rint(at)
    return whole if np.abs(at - whole).max() < _WHOLE else at


def _side(at: np.ndarray, n: int, voxel: float) -> np.ndarray:
    """1 within a box along one axis, with a cosine edge inside of its faces; no edge at a face that no voxel lies beyond."""
    width = min(_EDGE, n * voxel / 4) / voxel
    low = (at + 0.5) / width if at.min() < -0.5 else np.ones_like(at)
    high = (n - 0.5 - at) / width if at.max() > n - 0.5 else np.ones_like(at)
    near = np.clip(np.minimum(low, high), 0, 1)
    return (0.5 - 0.5 * np.cos(np.pi * near)).astype(np.float32)


def _xyz(place: Sequence[float]) -> str:
    return ", ".join(f"{v:.1f}" for v in place)
