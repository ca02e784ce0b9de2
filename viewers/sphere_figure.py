"""A sphere coloured by a value of each direction, drawn into a matplotlib figure; needs no screen."""
from __future__ import annotations

from typing import Any, List, Optional

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from cryoqa_plugin.report.scale import resolution_scale
from cryoqa_plugin.report.sphere import VIEWS, disc_vectors, smooth

from .colours import FIRST, colour_map

_UNKNOWN = (0.75, 0.75, 0.75, 1.0)
_EDGE = 180                                      # pixels along the edge of a disc
_RINGS = 45                                      # of facets, from pole to pole


def draw_sphere(figure: Figure, axes: np.ndarray, values: np.ndarray, title: str = "", resolution: Optional[float] = None) -> List[Any]:
    """Draw a sphere that the mouse can turn, three hemispheres that show all of it, and the colour bar; returns the four axes.

    ``axes`` float64 [n, 3] are directions (x, y, z), opposite ones being the same; ``values`` float64 [n] in Å, NaN where not known,
    which is grey. The scale is that of all resolutions, about the ``resolution`` of the map in Å (else the median of the values). The
    discs are those of the report: the axis of the view in the middle, areas kept.
    """
    figure.clear()
    scale, painted = resolution_scale(resolution, values), colour_map(FIRST)
    painted.set_bad(_UNKNOWN)
    colours = ScalarMappable(LogNorm(scale.low, scale.high), painted)
    ball = figure.add_axes([0.0, 0.1, 0.66, 0.84], projection="3d")
    _draw_ball(ball, axes, values, colours)
    out = [ball]
    for i, (label, *frame) in enumerate(VIEWS):
        disc = figure.add_axes([0.68, 0.68 - 0.285 * i, 0.29, 0.245])
        _draw_disc(disc, axes, values, colours, label, frame)
        out.append(disc)
    bar = figure.colorbar(colours, cax=figure.add_axes([0.08, 0.07, 0.5, 0.025]), orientation="horizontal", extend="both")
    bar.ax.xaxis.set_major_locator(FixedLocator([value for value, _ in scale.ticks()]))
    bar.ax.xaxis.set_minor_locator(NullLocator())
    bar.ax.set_xticklabels([text for _, text in scale.ticks()])
    bar.set_label("resolution along the direction (Å); grey is not known", fontsize=9)
    figure.suptitle(title or "Resolution by direction", fontsize=11, y=0.985)
    return out


def _draw_ball(ax: Any, axes: np.ndarray, values: np.ndarray, colours: ScalarMappable) -> None:
    polar, around = np.linspace(0, np.pi, _RINGS + 1)[:, None], np.linspace(0, 2 * np.pi, 2 * _RINGS + 1)[None, :]
    corners = _unit(polar, around)
    middles = _unit((polar[1:] + polar[:-1]) / 2, (around[:, 1:] + around[:, :-1]) / 2)
    found = smooth(np.stack(middles, axis=-1).reshape(-1, 3), axes, values).reshape(middles[0].shape)
    ax.plot_surface(*corners, facecolors=colours.to_rgba(np.ma.masked_invalid(found)), rstride=1, cstride=1, shade=False, linewidth=0,
                    antialiased=False)
    for axis, name in enumerate("xyz"):
        tip = 1.35 * np.eye(3)[axis]
        ax.plot(*zip(tip / 1.35, tip), color="black", linewidth=1.2, zorder=10)
        ax.text(*(1.08 * tip), name, fontsize=11, ha="center", va="center", zorder=10)
    ax.set_box_aspect((1, 1, 1))
    ax.set_axis_off()
    for limit in (ax.set_xlim, ax.set_ylim, ax.set_zlim):
        limit(-0.95, 0.95)
    ax.view_init(25, 35)


def _unit(polar: np.ndarray, around: np.ndarray) -> List[np.ndarray]:
    return [np.sin(polar) * np.cos(around), np.sin(polar) * np.sin(around), np.cos(polar) + 0 * around]


def _draw_disc(ax: Any, axes: np.ndarray, values: np.ndarray, colours: ScalarMappable, label: str, frame: List[Any]) -> None:
    vectors, r2 = disc_vectors(_EDGE, *frame)
    found = smooth(vectors.reshape(-1, 3), axes, values).reshape(r2.shape)
    rgba = colours.to_rgba(np.ma.masked_invalid(found))
    rgba[r2 > 1] = 1
    ax.imshow(rgba, extent=(-1, 1, 1, -1), interpolation="nearest")
    turn = np.linspace(0, 2 * np.pi, 181)
    ax.plot(np.cos(turn), np.sin(turn), color="black", linewidth=0.9)
    ax.plot(0, 0, "+", color="black", markersize=7, markeredgewidth=0.9)
    ax.set_title("seen " + label, fontsize=8, pad=4)
    ax.set_xlim(-1.03, 1.03)
    ax.set_ylim(1.03, -1.03)
    ax.set_axis_off()
    ax.format_coord = lambda u, v: _words(u, v, frame, axes, values)


def _words(u: float, v: float, frame: List[Any], axes: np.ndarray, values: np.ndarray) -> str:
    """The direction under the mouse and its value, for the tool bar."""
    r2 = u * u + v * v
    if r2 > 1:
        return ""
    stretch = np.sqrt(2 - r2)
    direction = np.array([1 - r2, u * stretch, v * stretch]) @ np.array(frame, dtype=float)
    found = float(smooth(direction[None, :], axes, values)[0])
    place = ", ".join(f"{c + 0.0:.2f}" for c in np.round(direction, 2))
    return f"x, y, z = {place}: " + (f"{found:.2f}" if np.isfinite(found) else "not known")
