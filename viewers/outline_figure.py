"""The outline of a second map over the sections of a first one, each on its own grid; needs no screen."""
from __future__ import annotations

from typing import Any, Optional, Tuple

import numpy as np
from matplotlib.patches import Rectangle

from cryoqa_plugin.io.maps import Map

OUTLINE_COLOUR = "#3ee08a"
_SAME = 1e-3                                                 # Å


def extent(map_: Map, axis: int) -> Tuple[float, float]:
    """Where a map begins and ends along an axis (of [z, y, x]) in Å, at the faces of its outer voxels."""
    size, start = map_.voxel_size[2 - axis], map_.origin[2 - axis]
    return start - size / 2, start + (map_.shape[axis] - 0.5) * size


def section_at(map_: Map, axis: int, place: float) -> Optional[np.ndarray]:
    """The section of a map nearest to ``place`` in Å across an axis; None where the map does not reach."""
    index = int(round((place - map_.origin[2 - axis]) / map_.voxel_size[2 - axis]))
    return np.take(map_.data, index, axis) if 0 <= index < map_.shape[axis] else None


def draw_outline(ax: Any, map_: Map, level: float, view: Tuple[int, int, int], place: Optional[float], box: bool = False) -> bool:
    """Draw the contour of a map at ``level`` into the section of another one.

    Parameters
    ----------
    ax
        Axes in Å.
    map_
        The map whose contour it is.
    level
        Its density.
    view
        Axis to look along, axis to the right, axis upwards (of [z, y, x]).
    place
        Where the section lies in Å, None for a projection, which has the contour of the maximum along the axis.
    box
        Also draw the edges of its box.

    Returns
    -------
    bool
        Whether there is a contour.
    """
    axis, right, up = view
    image = map_.data.max(axis=axis) if place is None else section_at(map_, axis, place)
    ends = extent(map_, right) + extent(map_, up)
    if box:
        size = ends[1] - ends[0], ends[3] - ends[2]
        ax.add_patch(Rectangle((ends[0], ends[2]), *size, fill=False, edgecolor=OUTLINE_COLOUR, linewidth=0.9, linestyle="--"))
    if image is None:
        return False
    image = image if up < right else image.T
    if not image.min() < level <= image.max():
        return False
    ax.contour(image, levels=[level], colors=OUTLINE_COLOUR, linewidths=0.9, origin="lower", extent=ends)
    return True


def other_box(map_: Map, other: Map) -> bool:
    """Whether two maps have boxes that do not coincide."""
    return any(abs(a - b) > _SAME for axis in range(3) for a, b in zip(extent(map_, axis), extent(other, axis)))
