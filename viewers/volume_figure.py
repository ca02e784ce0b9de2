"""Three orthogonal views of a map, drawn into a matplotlib figure; needs no screen."""
from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

import numpy as np
from matplotlib.figure import Figure

from cryoqa_plugin.io.maps import Map

MASK_COLOUR, CROSS_COLOUR, OVERLAY_COLOURS = "#e69f00", "#56b4e9", "viridis"
# Axis to look along (of [z, y, x]: 0, 1, 2), axis to the right, axis upwards.
VIEWS = ((0, 2, 1), (2, 0, 1), (1, 2, 0))
Position = Tuple[int, int, int]


class Statistics(NamedTuple):
    """Values of a map; ``contrast`` is the number of standard deviations above the mean that 99.9 % of the voxels stay below."""

    minimum: float
    maximum: float
    mean: float
    sd: float
    contrast: float


@dataclass(frozen=True)
class Scene:
    """What is shown: a map, and on its grid perhaps a mask (contoured at 0.5) and a second map in colour."""

    map: Map
    name: str = "map"
    mask: Optional[Map] = None
    overlay: Optional[Map] = None
    overlay_name: str = ""
    _kept: Dict[Any, np.ndarray] = field(default_factory=dict, init=False, repr=False, compare=False)

    @cached_property
    def statistics(self) -> Statistics:
        """Values of the map, found once."""
        data, sample = self.map.data, _sample(self.map.data)
        mean, sd = float(data.mean(dtype=np.float64)), float(data.std(dtype=np.float64))
        contrast = float(np.clip((np.quantile(sample, 0.999) - mean) / sd, 2.0, 20.0)) if sd > 0 else 3.0
        return Statistics(float(data.min()), float(data.max()), mean, sd or 1.0, contrast)

    @cached_property
    def overlay_values(self) -> np.ndarray:
        """A sorted sample of the second map, in the mask if there is one, zeros left out."""
        data = self.overlay.data[self.mask.data >= 0.5] if self.mask is not None else self.overlay.data
        sample = _sample(data)
        sample = np.sort(sample[np.isfinite(sample) & (sample != 0)])
        return sample if sample.size else np.array([0.0, 1.0])

    def image(self, kind: str, axis: int, index: int, projection: bool) -> np.ndarray:
        """A section of ``map``, ``mask`` or ``overlay`` across ``axis``, or its mean along it (of the mask: its maximum)."""
        data = getattr(self, kind).data
        if not projection:
            return np.take(data, index, axis)
        if (kind, axis) not in self._kept:
            self._kept[kind, axis] = data.max(axis=axis) if kind == "mask" else data.mean(axis=axis, dtype=np.float64)
        return self._kept[kind, axis]


@dataclass(frozen=True)
class Look:
    """How it is shown.

    ``position`` is the voxel (x, y, z) that the sections go through, None for the middle; ``contrast`` the number of standard
    deviations above the mean that is white, None for one that fits; ``opacity`` that of the second map, 0 to 1; ``floor`` the
    percentile of its values below which it is not drawn.
    """

    position: Optional[Position] = None
    projections: bool = False
    contrast: Optional[float] = None
    opacity: float = 0.6
    floor: float = 60.0
    show_mask: bool = True


def grid_sentence(map_: Map, other: Map, what: str) -> Optional[str]:
    """One sentence when ``other`` cannot be laid over ``map_``, else None."""
    if map_.shape == other.shape:
        return None
    boxes = [" x ".join(str(n) for n in m.shape[::-1]) for m in (map_, other)]
    return f"The map is {boxes[0]} voxels but the {what} is {boxes[1]}; choose one on the same grid."


def middle(map_: Map) -> Position:
    """The voxel (x, y, z) in the middle of the box."""
    nz, ny, nx = map_.shape
    return nx // 2, ny // 2, nz // 2


def draw_views(figure: Figure, scene: Scene, look: Look = Look()) -> List[Any]:  # noqa: B008 (frozen)
    """Draw sections or projections along z, x and y and a legend; returns the three axes in the order of ``VIEWS``."""
    figure.clear()
    grid = figure.add_gridspec(2, 2, left=0.075, right=0.985, bottom=0.07, top=0.95, wspace=0.16, hspace=0.24,
                               width_ratios=_lengths(scene.map, (2, 0)), height_ratios=_lengths(scene.map, (1, 0)))
    position = look.position or middle(scene.map)
    axes = [figure.add_subplot(cell) for cell in (grid[0, 0], grid[0, 1], grid[1, 0])]
    for ax, view in zip(axes, VIEWS):
        _draw_view(ax, scene, look, view, position)
    _draw_legend(figure.add_subplot(grid[1, 1]), scene, look, position)
    return axes


def _draw_view(ax: Any, scene: Scene, look: Look, view: Tuple[int, int, int], position: Position) -> None:
    axis, right, up = view
    map_, index = scene.map, position[2 - axis]

    def upright(kind: str) -> np.ndarray:
        image = scene.image(kind, axis, index, look.projections)
        return image if up < right else image.T              # the axes of a section keep the order of [z, y, x]

    frame = dict(origin="lower", extent=_extent(map_, right) + _extent(map_, up))
    image, inside = upright("map"), None
    low, high = _limits(scene, image, look)
    ax.imshow(image, cmap="gray", vmin=low, vmax=high, interpolation="nearest", **frame)
    if scene.mask is not None and look.show_mask:
        inside = upright("mask")
    if scene.overlay is not None:
        values = upright("overlay")
        bottom, low, high = overlay_limits(scene, look)
        hidden = ~np.isfinite(values) | (values == 0) | (values < bottom)
        hidden = hidden | (inside < 0.5) if inside is not None else hidden
        ax.imshow(np.ma.masked_where(hidden, values), cmap=OVERLAY_COLOURS, vmin=low, vmax=high, alpha=look.opacity,
                  interpolation="nearest", **frame)
    if inside is not None and inside.min() < 0.5 <= inside.max():
        ax.contour(inside, levels=[0.5], colors=MASK_COLOUR, linewidths=1.2, **frame)
    if not look.projections:
        ax.axvline(_where(map_, right, position), color=CROSS_COLOUR, linewidth=0.6)
        ax.axhline(_where(map_, up, position), color=CROSS_COLOUR, linewidth=0.6)
    ax.set_title(f"mean along {'zyx'[axis]}" if look.projections else f"section {'zyx'[axis]} = {index}", fontsize=9)
    ax.set_xlabel(f"{'zyx'[right]} (Å)", fontsize=8, labelpad=1)
    ax.set_ylabel(f"{'zyx'[up]} (Å)", fontsize=8, labelpad=1)
    ax.tick_params(labelsize=7)


def overlay_limits(scene: Scene, look: Look) -> Tuple[float, float, float]:
    """Value below which the second map is not drawn, and those at the two ends of the colour bar."""
    values = scene.overlay_values
    if look.projections:
        means = [scene.image("overlay", axis, 0, True) for axis in (0, 1, 2)]
        values = np.concatenate([m[np.isfinite(m)].ravel() for m in means])
    bottom = float(np.quantile(values, look.floor / 100)) if look.floor > 0 else -np.inf
    low, high = float(max(np.quantile(values, 0.02), bottom)), float(np.quantile(values, 0.98))
    return bottom, low, high if high > low else low + 1.0


def _limits(scene: Scene, image: np.ndarray, look: Look) -> Tuple[float, float]:
    if look.projections:
        low, high = np.quantile(image, (0.005, 0.999))
        return float(low), float(high if high > low else low + 1)
    found = scene.statistics
    contrast = look.contrast or found.contrast
    return found.mean - contrast * found.sd / 2, found.mean + contrast * found.sd


def _sample(data: np.ndarray) -> np.ndarray:
    return data.ravel()[::max(1, data.size // 500_000)]


def _lengths(map_: Map, axes: Tuple[int, int]) -> List[float]:
    return [map_.shape[a] * map_.voxel_size[2 - a] for a in axes]


def _extent(map_: Map, axis: int) -> Tuple[float, float]:
    size, start = map_.voxel_size[2 - axis], map_.origin[2 - axis]
    return start - size / 2, start + (map_.shape[axis] - 0.5) * size


def _where(map_: Map, axis: int, position: Position) -> float:
    return map_.origin[2 - axis] + position[2 - axis] * map_.voxel_size[2 - axis]


def value_at(map_: Map, position: Position) -> float:
    """Value at the voxel (x, y, z)."""
    return float(map_.data[position[2], position[1], position[0]])


def _draw_legend(ax: Any, scene: Scene, look: Look, position: Position) -> None:
    ax.axis("off")
    m, found = scene.map, scene.statistics
    sizes = m.voxel_size[:1] if max(m.voxel_size) - min(m.voxel_size) < 1e-4 else m.voxel_size
    lines = [_short(scene.name), "", "box  " + " x ".join(str(n) for n in m.shape[::-1]),
             "voxel  " + " x ".join(f"{v:.4g}" for v in sizes) + " Å", "origin  " + ", ".join(f"{v:.4g}" for v in m.origin) + " Å",
             f"values  {found.minimum:.3g} to {found.maximum:.3g}", f"mean  {found.mean:.3g},  sd  {found.sd:.3g}"]
    if not look.projections:
        lines += ["", "at x, y, z = " + ", ".join(str(p) for p in position) + f":  {value_at(m, position):.4g}"]
    ax.text(0.0, 1.0, "\n".join(lines), va="top", fontsize=8.5, linespacing=1.4, transform=ax.transAxes)
    if scene.mask is not None and look.show_mask:
        ax.plot([0.0, 0.06], [0.3, 0.3], color=MASK_COLOUR, transform=ax.transAxes, clip_on=False)
        ax.text(0.08, 0.3, f"mask at 0.5, {100 * float((scene.mask.data >= 0.5).mean()):.1f} % of the box", va="center", fontsize=8.5,
                transform=ax.transAxes)
    if scene.overlay is not None:
        _draw_colour_bar(ax, scene, look, position)


def _draw_colour_bar(ax: Any, scene: Scene, look: Look, position: Position) -> None:
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize
    _, low, high = overlay_limits(scene, look)
    here = "" if look.projections else f":  {value_at(scene.overlay, position):.4g}"
    bar = ax.figure.colorbar(ScalarMappable(Normalize(low, high), OVERLAY_COLOURS), cax=ax.inset_axes([0.0, 0.12, 0.8, 0.05]),
                             orientation="horizontal")
    bar.ax.tick_params(labelsize=7)
    bar.ax.locator_params(nbins=5)
    ax.text(0.0, 0.2, _short(scene.overlay_name or "second map") + here, fontsize=8.5, transform=ax.transAxes)


def _short(name: str) -> str:
    return name if len(name) <= 44 else "... " + name[-40:]
