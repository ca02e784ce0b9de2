"""Which part of a map the new box holds, and where the voxels of the new box lie."""
from __future__ import annotations

from typing import Any, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from ...core.boxes import Places, friendly
from ...errors import InputError, MissingInputError
from ...io import ranges
from ...io.maps import Map
from ...study import Study
from ...study.mask import drop_small
from .box_params import WIDENED, MapBoxParams

WITHIN = 0.01                                    # of a mask, whose soft edge belongs into the box
_SMALL = 0.05                                    # of the largest part: density above a level that is dropped as noise
_WHOLE = 0.01                                    # voxels by which the grid of another map may be off
Triple = Tuple[float, float, float]


class Region(NamedTuple):
    """A part of a map in voxels: the first along x, y and z, their number, whether its centre is that of the map, and warnings."""

    first: np.ndarray
    size: np.ndarray
    centred: bool = False
    warnings: Tuple[str, ...] = ()


class NewBox(NamedTuple):
    """The new box: places of its voxels along x, y and z in the map (mirrored where its hand is flipped), voxel size and origin in Å."""

    places: Tuple[Places, Places, Places]
    voxel_size: Triple
    origin: Triple
    warnings: Tuple[str, ...] = ()

    @property
    def shape(self) -> Tuple[int, int, int]:
        """Voxels (nz, ny, nx)."""
        x, y, z = (len(p.at) for p in self.places)
        return z, y, x

    @property
    def whole(self) -> bool:
        """All voxels that it shares with the map are voxels of the map."""
        return all(p.whole for p in self.places)


def chosen(study: Study, params: MapBoxParams) -> str:
    """What the box goes around: what was asked for, else what was given.

    Parameters
    ----------
    study
        The inputs.
    params
        ``around``.

    Returns
    -------
    str
        One of :data:`.box_params.AROUND`.

    Raises
    ------
    MissingInputError
        What it should go around was not given.
    """
    usual = [name for name, there in (("other_grid", study.target_map), ("unique", study.symmetry), ("model", study.model),
                                      ("mask", study.inputs.mask)) if there is not None]
    around = params.around or (usual or ["density"])[0]
    needed = {"model": ("model", "an atomic model"), "mask": ("mask", "a mask"), "unique": ("symmetry", "a symmetry"),
              "other_box": ("target_map", "the other map"), "other_grid": ("target_map", "the other map")}.get(around)
    if needed and getattr(study.inputs, needed[0]) is None:
        raise MissingInputError(f"A box around '{around}' needs {needed[1]} and none was given; give it, or choose what else the box goes "
                                "around.")
    return around


def region(study: Study, params: MapBoxParams, around: str, frame: Map, unique: Optional[np.ndarray] = None) -> Region:
    """The part of a map that was asked for, in its voxels, before it is shaped.

    Parameters
    ----------
    study
        The inputs.
    params
        See :class:`.box_params.MapBoxParams`.
    around
        Of :func:`chosen`.
    frame
        The grid of the map, with its voxel size corrected.
    unique
        Where the unique part is, bool [z, y, x], for a box around it.

    Returns
    -------
    Region
        Of voxels, which may lie beyond the map.

    Raises
    ------
    InputError
        Bounds that cannot be, or a model, density or other map that is not there.
    """
    n = np.array(frame.shape[::-1])
    if around == "whole":
        return Region(np.zeros(3), n.astype(float), True)
    if around == "bounds":
        return _bounds(params, n)
    if around == "point":
        return _point(params, study.density)
    if around in ("other_box", "other_grid"):
        return _of_other(study, frame)
    size = np.asarray(frame.voxel_size)
    if around == "model":
        at = study.atom_position / np.asarray(study.density.voxel_size)
        low, high = np.floor(at.min(axis=0) - params.margin / size), np.ceil(at.max(axis=0) + params.margin / size)
        if np.any(high < 0) or np.any(low > n - 1):
            raise InputError(f"The model lies outside the box: its atoms go from voxel {triple(at.min(axis=0))} to {triple(at.max(axis=0))}"
                             f" of {by(n)} ({study.model.path}, {frame.place}). Check the origin of the map, or place the model in it.")
    else:
        low, high = _reach(_inside(study, params, around) if unique is None else unique)
        low, high = np.floor(low - params.margin / size), np.ceil(high + params.margin / size)
    if params.inside:
        low, high = np.clip(low, 0, n - 1), np.clip(high, 0, n - 1)
    return Region(low, high - low + 1)


def _inside(study: Study, params: MapBoxParams, around: str) -> np.ndarray:
    """Where the mask or the density is that a box goes around, bool [z, y, x]."""
    if around == "mask":
        return study.used_mask.data >= WITHIN
    if params.threshold is None:
        found = study.molecule
        if not found.any():
            raise InputError(f"No molecule is seen in the map ({study.density.place}), so that there is nothing to put a box around. Give "
                             "a contour level, or a mask.")
        return found
    found = drop_small(study.density.data >= np.float32(params.threshold), _SMALL)
    if not found.any():
        raise InputError(f"No voxel of the map reaches {params.threshold:g}; its largest value is {float(study.density.data.max()):.4g} "
                         f"({study.density.place}). Lower the contour level.")
    return found


def _reach(binary: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """First and last voxel along x, y and z, float64 [3] each."""
    ends = []
    for axis in (2, 1, 0):
        there = np.flatnonzero(binary.any(axis=tuple(a for a in range(3) if a != axis)))
        ends.append((there[0], there[-1]))
    low, high = np.array(ends, dtype=np.float64).T
    return low, high


def _bounds(params: MapBoxParams, n: np.ndarray) -> Region:
    low = ranges.three_numbers(params.lower, "First voxel", "lower", True)
    high = ranges.three_numbers(params.upper, "Last voxel", "upper", True)
    if low is None or high is None:
        raise InputError("Bounds need the first and the last voxel, counted from 0 along x, y and z; give both.")
    if np.any(high < low):
        raise InputError(f"The last voxel ({triple(high)}) comes before the first ({triple(low)}); give the first voxel first.")
    if np.any(high < 0) or np.any(low > n - 1):
        raise InputError(f"The bounds, {triple(low)} to {triple(high)}, lie beyond the map of {by(n)} voxels; voxels count from 0.")
    return Region(low, high - low + 1)


def _point(params: MapBoxParams, given: Map) -> Region:
    centre = ranges.three_numbers(params.centre, "Centre", "centre")
    size = ranges.three_numbers(params.size, "Size of the box", "size", True)
    if centre is None or size is None:
        raise InputError("A box about a point needs its centre (x, y, z in Å) and its size in voxels; give both.")
    middle = np.rint((centre - np.asarray(given.origin)) / np.asarray(given.voxel_size))
    n = np.array(given.shape[::-1])
    if np.any(middle < 0) or np.any(middle > n - 1):
        end = [o + k * v for o, k, v in zip(given.origin, n, given.voxel_size)]
        raise InputError(f"The centre ({triple(centre)}) Å lies outside the box, which goes from ({triple(given.origin)}) to "
                         f"({triple(end)}) Å ({given.place}). Positions count in the frame of the model, with the origin of the map.")
    return Region(middle - size // 2, size)


def _of_other(study: Study, frame: Map) -> Region:
    """The box of another map in voxels of this one, rounded to whole ones."""
    other = study.target_map
    size = np.asarray(frame.voxel_size)
    first = (np.asarray(other.origin) - np.asarray(frame.origin)) / size
    count = np.array(other.shape[::-1]) * np.asarray(other.voxel_size) / size
    n = np.array(frame.shape[::-1])
    if np.any(first + count <= 0) or np.any(first >= n):
        ends = [np.asarray(m.origin) + np.array(m.shape[::-1]) * np.asarray(m.voxel_size) for m in (frame, other)]
        raise InputError(f"The two maps do not overlap: the map goes from ({triple(frame.origin)}) to ({triple(ends[0])}) Å and the target "
                         f"from ({triple(other.origin)}) to ({triple(ends[1])}) Å ({frame.place}, {other.place}). Check their "
                         "origins.")
    off = np.abs(first - np.rint(first)).max()
    words = (f"The box of {other.place} begins {off:.2f} voxels off a voxel of this map; the nearest voxel is taken. Its own grid is "
             "'other_grid'.",) if off > _WHOLE else ()
    return Region(np.rint(first), np.maximum(np.rint(count), 1), False, words)


def new_box(found: Region, params: MapBoxParams, around: str, frame: Map, other: Any) -> NewBox:
    """The box in its final shape, voxel size and place.

    Parameters
    ----------
    found
        Of :func:`region`.
    params
        See :class:`.box_params.MapBoxParams`.
    around
        Of :func:`chosen`.
    frame
        The grid of the map, with its voxel size corrected.
    other
        The map whose grid is taken for ``other_grid``; not looked at else.

    Returns
    -------
    NewBox
        Its centre voxel is that of the region; of the whole map that of the map, ``n // 2``.

    Raises
    ------
    InputError
        A size that cannot be, or a box of one voxel.
    """
    size, origin = np.asarray(frame.voxel_size), np.asarray(frame.origin)
    if around == "other_grid":
        step = np.asarray(other.voxel_size) / size
        first = (np.asarray(other.origin) - origin) / size
        return _placed(first, step, np.array(other.shape[::-1]), size, origin, found.warnings)
    step = np.ones(3) if params.resample_to is None else params.resample_to / size
    edges = np.maximum(np.rint(found.size / step - 1e-6), 1)
    asked = ranges.three_numbers(params.size, "Size of the box", "size", True)
    if asked is not None:
        edges = asked
    if params.cubic:
        edges = np.full(3, edges.max())
    if params.fft_sizes != "any":
        edges = np.array([friendly(int(e), params.fft_sizes == "larger") for e in edges])
    if np.any(edges < 2) or np.any(edges > ranges.BOX):
        raise InputError(f"The new box would have {by(edges)} voxels; a box has from 2 to {ranges.BOX} voxels along each axis.")
    n = np.array(frame.shape[::-1])
    first = found.first + found.size // 2 - (edges // 2) * step
    if params.flip and not found.centred and around != "other_box":          # the same part of the mirrored map
        first[0] = 2 * (n[0] // 2) - (first[0] + (edges[0] - 1) * step[0])
    if params.inside and not found.centred and around in WIDENED:
        first = np.maximum(np.minimum(first, n - 1 - (edges - 1) * step), 0)
    return _placed(first, step, edges, size, origin, found.warnings)


def _placed(first: np.ndarray, step: np.ndarray, edges: np.ndarray, size: np.ndarray, origin: np.ndarray,
            warnings: Sequence[str]) -> NewBox:
    x, y, z = (Places(f + np.arange(int(e)) * s, float(s)) for f, e, s in zip(first, edges, step))
    place, voxel = origin + first * size, step * size
    return NewBox((x, y, z), (float(voxel[0]), float(voxel[1]), float(voxel[2])),
                  (float(place[0]), float(place[1]), float(place[2])), tuple(warnings))


def triple(values: Sequence[float]) -> str:
    """Three numbers in a sentence: ``1, 2, 3``.

    Parameters
    ----------
    values
        The numbers, along x, y and z.
    """
    return ", ".join(f"{v + 0.0:.4g}" for v in values)


def by(values: Sequence[float]) -> str:
    """Edges in a sentence: ``64 x 64 x 80``.

    Parameters
    ----------
    values
        The numbers, along x, y and z.
    """
    return " x ".join(f"{v:g}" for v in values)
