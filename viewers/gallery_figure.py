"""Many sections of a map at once, drawn into a matplotlib figure; needs no screen."""
from __future__ import annotations

from dataclasses import replace
from typing import Any, List, Optional, Tuple

import numpy as np
from matplotlib.figure import Figure

from .colours import draw_scale, scale_words
from .volume_figure import VIEWS, Look, Scene, draw_view

_BAR = 0.13                                                  # of the height of the figure, for the scale of the colours
_MARGIN = 4                                                  # voxels around the mask


def gallery_sections(scene: Scene, axis: int, count: int) -> List[int]:
    """At most ``count`` section numbers across ``axis`` (of [z, y, x]), evenly spread over the mask, or over the middle of the box."""
    size = scene.map.shape[axis]
    low, high = size // 8, size - 1 - size // 8
    if scene.mask is not None:
        found = np.flatnonzero((scene.mask.data >= 0.5).any(axis=tuple(a for a in range(3) if a != axis)))
        low, high = (int(found[0]), int(found[-1])) if found.size else (low, high)
    return sorted({int(round(v)) for v in np.linspace(low, high, max(1, count) + 2)[1:-1]})


def _window(scene: Scene, axis: int) -> Optional[Tuple[float, float]]:
    """Ends in Å, along an axis, of the part of the box to show: around the mask; None for all of it."""
    if scene.mask is None:
        return None
    found = np.flatnonzero((scene.mask.data >= 0.5).any(axis=tuple(a for a in range(3) if a != axis)))
    if not found.size:
        return None
    size, start = scene.map.voxel_size[2 - axis], scene.map.origin[2 - axis]
    low, high = max(int(found[0]) - _MARGIN, 0), min(int(found[-1]) + _MARGIN, scene.map.shape[axis] - 1)
    return start + (low - 0.5) * size, start + (high + 0.5) * size


def draw_gallery(figure: Figure, scene: Scene, look: Look, axis: int = 0, count: int = 16) -> List[Any]:
    """Draw sections across ``axis`` with their numbers, and the scale of the colours below; returns their axes in order."""
    figure.clear()
    look = replace(look, projections=False)
    numbers = gallery_sections(scene, axis, count)
    view = next(v for v in VIEWS if v[0] == axis)
    ends = [_window(scene, a) for a in view[1:]]
    width, height = ((e[1] - e[0] if e else scene.map.shape[a] * scene.map.voxel_size[2 - a]) for e, a in zip(ends, view[1:]))
    columns = int(np.ceil(np.sqrt(len(numbers) * figure.get_figwidth() / figure.get_figheight() * height / width)))
    rows = -(-len(numbers) // columns)
    grid = figure.add_gridspec(rows, columns, left=0.01, right=0.99, top=0.97, bottom=0.01 + (_BAR if scene.overlay is not None else 0),
                               wspace=0.03, hspace=0.12)
    axes: List[Any] = []
    for i, number in enumerate(numbers):
        ax = figure.add_subplot(grid[i // columns, i % columns])
        draw_view(ax, scene, look, view, number)
        ax.set_axis_off()
        if None not in ends:
            ax.set(xlim=ends[0], ylim=ends[1])
        ax.set_title(f"{'zyx'[axis]} = {number}", fontsize=7.5, pad=2)
        axes.append(ax)
    if scene.overlay is not None:
        values = scene.values(scene.level(look))
        draw_scale(figure.add_axes([0.05, 0.035, 0.5, _BAR - 0.035]), look.scale or scene.scale, look.colours, values, scene.unit)
        figure.text(0.58, 0.07, f"{scene.overlay_name or 'second map'}\n{scale_words(values, scene.unit)}", fontsize=9, va="center")
    return axes
