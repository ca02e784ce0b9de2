"""A plot as SVG."""
from __future__ import annotations

import json
from html import escape
from typing import List, Sequence

from .blocks import Plot
from .scene import FONT, Area, Label, Line, Point, hover_data, layout


def plot_svg(plot: Plot) -> str:
    """SVG text of a plot, escaped, with its values for the hover script in ``data-plot``."""
    scene = layout(plot)
    data = escape(json.dumps(hover_data(plot, scene), ensure_ascii=False, separators=(",", ":")), quote=True)
    words = escape(f"{plot.title}: " + "; ".join(s.label for s in plot.series), quote=True)
    parts: List[str] = [f'<svg class="plot" role="img" aria-label="{words}" viewBox="0 0 {scene.width:g} {scene.height:g}" '
                        f'font-size="{FONT:g}" data-plot="{data}">']
    parts += [_area(a) for a in scene.areas] + [_line(s) for s in scene.lines] + [_label(t) for t in scene.labels]
    return "".join(parts) + "</svg>"


def _points(points: Sequence[Point]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def _line(line: Line) -> str:
    dash = f' stroke-dasharray="{" ".join(f"{d:g}" for d in line.dash)}"' if line.dash else ""
    return f'<polyline points="{_points(line.points)}" fill="none" stroke="{line.colour}" stroke-width="{line.width:g}"{dash}/>'


def _area(area: Area) -> str:
    return f'<polygon points="{_points(area.points)}" fill="{area.colour}" fill-opacity="{area.opacity:g}"/>'


def _label(label: Label) -> str:
    x, y = label.at
    turn = f' transform="rotate(-90 {x:.1f} {y:.1f})"' if label.turned else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{label.anchor}" fill="{label.colour}"{turn}>{escape(label.text)}</text>'
