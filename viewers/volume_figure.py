"""Three orthogonal views of a map, in grey or coloured by another map, drawn into a matplotlib figure; needs no screen."""
from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

import numpy as np
from matplotlib.figure import Figure

from cryoqa_plugin.io.maps import Map
from cryoqa_plugin.report.scale import CONFIDENCE, Scale

from .colours import CONFIDENT, FIRST, OTHER, RESOLUTION, SURE, UNITS, colour_map, draw_scale, scale_of, scale_words
from .outline_figure import OUTLINE_COLOUR, draw_outline, extent, other_box

MASK_COLOUR, CROSS_COLOUR, SURE_COLOUR = "#e69f00", "#56b4e9", "#ffffff"
# Axis to look along (of [z, y, x]: 0, 1, 2), axis to the right, axis upwards.
VIEWS = ((0, 2, 1), (2, 0, 1), (1, 2, 0))
_SHADE, _GLOSS = 0.55, 0.16                                  # of a colour left where the density is black, white added where it is white
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
    """What is shown: a map, and on its grid perhaps a mask (contoured at 0.5) and a second map whose values colour the first.

    ``quantity`` is what the second map holds, ``resolution`` that of the whole map in Å where it is known. ``outline`` is a map on any grid
    whose contour is drawn over the first.
    """

    map: Map
    name: str = "map"
    mask: Optional[Map] = None
    overlay: Optional[Map] = None
    overlay_name: str = ""
    quantity: str = OTHER
    resolution: Optional[float] = None
    outline: Optional[Map] = None
    outline_name: str = ""
    _kept: Dict[Any, np.ndarray] = field(default_factory=dict, init=False, repr=False, compare=False)

    @cached_property
    def statistics(self) -> Statistics:
        """Values of the map, found once."""
        data, sample = self.map.data, _sample(self.map.data)
        mean, sd = float(data.mean(dtype=np.float64)), float(data.std(dtype=np.float64))
        contrast = float(np.clip((np.quantile(sample, 0.999) - mean) / sd, 2.0, 20.0)) if sd > 0 else 3.0
        return Statistics(float(data.min()), float(data.max()), mean, sd or 1.0, contrast)

    @cached_property
    def outline_moments(self) -> Tuple[float, float]:
        """Mean and standard deviation of the map that gives the outline."""
        data = self.outline.data
        return float(data.mean(dtype=np.float64)), float(data.std(dtype=np.float64)) or 1.0

    def outline_level(self, look: "Look") -> float:
        """Density of the outline."""
        mean, sd = self.outline_moments
        return mean + look.outline * sd

    @property
    def unit(self) -> str:
        """Unit of the second map, empty where there is none."""
        return UNITS.get(self.quantity, "")

    @cached_property
    def known(self) -> np.ndarray:
        """Where the second map has a value, bool [z, y, x]: not 0, and within the mask if there is one; a resolution is above 0.

        Confidence is of the whole box, and has a value from the end of its scale on."""
        values = self.overlay.data
        if self.quantity == CONFIDENT:
            return values >= np.float32(CONFIDENCE.high)
        found = np.isfinite(values) & ((values > 0) if self.quantity == RESOLUTION else (values != 0))
        return found & (self.mask.data >= 0.5) if self.mask is not None else found

    @cached_property
    def sure(self) -> Optional[float]:
        """Part of the box where a second map of confidence is at least 0.99; None for another one."""
        if self.overlay is None or self.quantity != CONFIDENT:
            return None
        return float(np.count_nonzero(self.overlay.data >= np.float32(SURE)) / self.overlay.data.size)

    @cached_property
    def _pairs(self) -> Tuple[np.ndarray, np.ndarray]:
        """A sample of the values of the second map, and of the map at the same voxels."""
        return _sample(self.overlay.data[self.known]), _sample(self.map.data[self.known])

    def values(self, threshold: Optional[float] = None) -> np.ndarray:
        """A sample of the values of the second map, where the map is at least ``threshold`` when it is given."""
        values, density = self._pairs
        return values if threshold is None else values[density >= threshold]

    @cached_property
    def scale(self) -> Scale:
        """The scale of the second map by the rule of its quantity; the threshold does not change it."""
        return scale_of(self.quantity, self.values(), self.resolution)

    def image(self, kind: str, axis: int, index: int, projection: bool) -> np.ndarray:
        """A section of ``map``, ``mask`` or ``overlay`` across ``axis``, or its mean along it (of the others: the maximum)."""
        data = getattr(self, kind).data
        if not projection:
            return np.take(data, index, axis)
        if (kind, axis) not in self._kept:
            self._kept[kind, axis] = data.mean(axis=axis, dtype=np.float64) if kind == "map" else data.max(axis=axis)
        return self._kept[kind, axis]

    def overlay_image(self, axis: int, index: int, look: "Look") -> np.ndarray:
        """A section of the second map across ``axis``, or its mean along it over what is coloured; NaN where nothing is."""
        limit = self.level(look)
        if not look.projections:
            shown = np.take(self.known, index, axis)
            if limit is not None:
                shown = shown & (np.take(self.map.data, index, axis) >= limit)
            return np.where(shown, np.take(self.overlay.data, index, axis), np.nan)
        key = ("overlay", axis, limit)
        if key not in self._kept:
            shown = self.known if limit is None else self.known & (self.map.data >= limit)
            count = shown.sum(axis=axis)
            total = np.where(shown, self.overlay.data, 0).sum(axis=axis, dtype=np.float64)
            self._kept[key] = np.where(count > 0, total / np.maximum(count, 1), np.nan)
        return self._kept[key]

    def level(self, look: "Look") -> Optional[float]:
        """Density below which nothing is coloured, None when all is."""
        return self.statistics.mean + look.threshold * self.statistics.sd if look.threshold > 0 else None


@dataclass(frozen=True)
class Look:
    """How it is shown.

    ``position`` is the voxel (x, y, z) that the sections go through, None for the middle; ``contrast`` the number of standard
    deviations above the mean that is white, None for one that fits; ``opacity`` that of the colours, 0 to 1; ``threshold`` the number of
    standard deviations above the mean below which the map is not coloured, 0 to colour all; ``colours`` a name of
    :data:`.colours.COLOURS`; ``scale`` the range of the colours, None for that of the rule; ``outline`` the density of the outline in
    standard deviations above the mean of its map.
    """

    position: Optional[Position] = None
    projections: bool = False
    contrast: Optional[float] = None
    opacity: float = 1.0
    threshold: float = 0.0
    show_mask: bool = True
    colours: str = FIRST
    scale: Optional[Scale] = None
    outline: float = 3.0


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
        draw_view(ax, scene, look, view, position[2 - view[0]])
        _draw_place(ax, scene, look, view, position)
    _draw_legend(figure.add_subplot(grid[1, 1]), scene, look, position)
    return axes


def draw_view(ax: Any, scene: Scene, look: Look, view: Tuple[int, int, int], index: int) -> None:
    """Draw the section ``index`` of a view, or its projection: the density, its colours, and the contours of mask and confidence."""
    axis, right, up = view
    map_ = scene.map

    def upright(image: np.ndarray) -> np.ndarray:
        return image if up < right else image.T              # the axes of a section keep the order of [z, y, x]

    frame = dict(origin="lower", extent=extent(map_, right) + extent(map_, up))
    image, inside = upright(scene.image("map", axis, index, look.projections)), None
    low, high = _limits(scene, image, look)
    ax.imshow(image, cmap="gray", vmin=low, vmax=high, interpolation="nearest", **frame)
    if scene.overlay is not None:
        light = np.clip((image - low) / (high - low), 0, 1)
        ax.imshow(colours_of(scene, look, upright(scene.overlay_image(axis, index, look)), light), interpolation="nearest", **frame)
    if scene.mask is not None and look.show_mask:
        inside = upright(scene.image("mask", axis, index, look.projections))
        if inside.min() < 0.5 <= inside.max():
            ax.contour(inside, levels=[0.5], colors=MASK_COLOUR, linewidths=1.2, **frame)
    if scene.outline is not None:
        place = None if look.projections else map_.origin[2 - axis] + index * map_.voxel_size[2 - axis]
        draw_outline(ax, scene.outline, scene.outline_level(look), view, place, other_box(map_, scene.outline))
        ax.set(xlim=extent(map_, right), ylim=extent(map_, up))
    if scene.sure is not None:
        confidence = upright(scene.image("overlay", axis, index, look.projections))
        if confidence.min() < SURE <= confidence.max():
            ax.contour(confidence, levels=[SURE], colors=SURE_COLOUR, linewidths=1.2, **frame)


def _draw_place(ax: Any, scene: Scene, look: Look, view: Tuple[int, int, int], position: Position) -> None:
    axis, right, up = view
    if not look.projections:
        ax.axvline(_where(scene.map, right, position), color=CROSS_COLOUR, linewidth=0.6)
        ax.axhline(_where(scene.map, up, position), color=CROSS_COLOUR, linewidth=0.6)
    ax.set_title(f"mean along {'zyx'[axis]}" if look.projections else f"section {'zyx'[axis]} = {position[2 - axis]}", fontsize=9)
    ax.set_xlabel(f"{'zyx'[right]} (Å)", fontsize=8, labelpad=1)
    ax.set_ylabel(f"{'zyx'[up]} (Å)", fontsize=8, labelpad=1)
    ax.tick_params(labelsize=7)


def colours_of(scene: Scene, look: Look, values: np.ndarray, light: np.ndarray) -> np.ndarray:
    """Colours, float64 [rows, columns, 4], of values of the second map, darker where the density is (``light`` 0 is black, 1 white).

    Where a value is NaN nothing is drawn.
    """
    known = np.isfinite(values)
    out = np.asarray(colour_map(look.colours)((look.scale or scene.scale).fraction(np.where(known, values, 1.0))), dtype=np.float64)
    light = light[..., None]
    out[..., :3] = np.minimum(out[..., :3] * (_SHADE + (1 - _SHADE) * light) + _GLOSS * light, 1.0)
    out[..., 3] = np.where(known, look.opacity, 0.0)
    return out


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
        lines += ["at x, y, z = " + ", ".join(str(p) for p in position) + f":  {value_at(m, position):.4g}"]
    ax.text(0.0, 1.0, "\n".join(lines), va="top", fontsize=8.5, linespacing=1.35, transform=ax.transAxes)
    if scene.mask is not None and look.show_mask:
        ax.plot([0.0, 0.06], [0.43, 0.43], color=MASK_COLOUR, transform=ax.transAxes, clip_on=False)
        ax.text(0.08, 0.43, f"mask at 0.5, {100 * float((scene.mask.data >= 0.5).mean()):.1f} % of the box", va="center", fontsize=8.5,
                transform=ax.transAxes)
    if scene.outline is not None:
        ax.plot([0.0, 0.06], [0.49, 0.49], color=OUTLINE_COLOUR, transform=ax.transAxes, clip_on=False)
        ax.text(0.08, 0.49, f"{_short(scene.outline_name)} at {scene.outline_level(look):.3g}", va="center", fontsize=8.5,
                transform=ax.transAxes)
    elif scene.sure is not None:
        ax.plot([0.0, 0.06], [0.49, 0.49], color="0.35", linewidth=3, transform=ax.transAxes, clip_on=False)
        ax.plot([0.0, 0.06], [0.49, 0.49], color=SURE_COLOUR, linewidth=1.5, transform=ax.transAxes, clip_on=False)
        ax.text(0.08, 0.49, f"confidence {SURE:g}, {100 * scene.sure:.1f} % of the box", va="center", fontsize=8.5, transform=ax.transAxes)
    if scene.overlay is not None:
        _draw_colours(ax, scene, look, position)


def _draw_colours(ax: Any, scene: Scene, look: Look, position: Position) -> None:
    """The scale of the colours, with the histogram of what is coloured, its median and its 5–95 %."""
    values, here = scene.values(scene.level(look)), ""
    if not look.projections:
        here = ": no value here"
        if scene.known[position[::-1]]:
            here = f": here {value_at(scene.overlay, position):{'.2f' if scene.unit == 'Å' else '.4g'}} {scene.unit}".rstrip()
    ax.text(0.0, 0.345, _short(scene.overlay_name or "second map") + here, fontsize=8.5, transform=ax.transAxes, weight="bold")
    draw_scale(ax.inset_axes([0.0, 0.06, 0.95, 0.25]), look.scale or scene.scale, look.colours, values, scene.unit)
    ax.text(0.0, -0.07, scale_words(values, scene.unit), fontsize=8.5, transform=ax.transAxes)


def _short(name: str) -> str:
    return name if len(name) <= 44 else "... " + name[-40:]
