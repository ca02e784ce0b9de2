"""The geometry of a plot as lines, areas and texts; SVG and PDF are drawn from the same scene."""
from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Dict, List, Optional, Sequence, Tuple

from .blocks import Plot, Series
from .scale import round_values as ticks

WIDTH, LEFT, RIGHT, TOP, AXES_HEIGHT = 560.0, 72.0, 16.0, 12.0, 260.0
FONT = 12.0
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#8a6d00", "#56b4e9", "#5b4a9e", "#000000")
DASHES = ((), (7, 3), (2, 2), (9, 3, 2, 3), (), (7, 3), (2, 2), (9, 3, 2, 3))
GREY, INK = "#888888", "#222222"
Point = Tuple[float, float]


@dataclass(frozen=True)
class Line:
    """A broken line through ``points``, y downwards."""

    points: Tuple[Point, ...]
    colour: str
    width: float = 1.0
    dash: Tuple[float, ...] = ()


@dataclass(frozen=True)
class Area:
    """A filled polygon."""

    points: Tuple[Point, ...]
    colour: str
    opacity: float = 0.2


@dataclass(frozen=True)
class Label:
    """A text; ``anchor`` is ``start``, ``middle`` or ``end``; ``turned`` writes it upwards."""

    at: Point
    text: str
    anchor: str = "start"
    turned: bool = False
    colour: str = INK


@dataclass(frozen=True)
class Scene:
    """A drawing of ``width`` x ``height``; ``frame`` is (left, top, width, height) of the axes and ``limits`` their (x0, x1, y0, y1)."""

    width: float
    height: float
    lines: Tuple[Line, ...]
    areas: Tuple[Area, ...]
    labels: Tuple[Label, ...]
    frame: Tuple[float, float, float, float]
    limits: Tuple[float, float, float, float]


def layout(plot: Plot) -> Scene:
    """Place everything that a plot shows."""
    if plot.log_y:
        plot = replace(plot, series=tuple(replace(s, y=[None if v is None else math.log10(max(v, 0.8)) for v in s.y]) for s in plot.series))
    limits = _limits(plot)
    frame = (LEFT, TOP, WIDTH - LEFT - RIGHT, AXES_HEIGHT)
    lines: List[Line] = []
    areas: List[Area] = []
    labels: List[Label] = []
    _axes(plot, frame, limits, lines, labels)
    for value, text in plot.levels:
        y = _place(0.0, value, frame, limits)[1]
        lines.append(Line(((frame[0], y), (frame[0] + frame[2], y)), GREY, 0.8, (4, 3)))
        labels.append(Label((frame[0] + frame[2] - 3, y - 4), text, "end", colour=GREY))
    _marks(plot, frame, limits, lines, labels)
    for i, s in enumerate(plot.series):
        _curve(s, i, plot, frame, limits, lines, areas)
    height = _legend(plot, frame, lines, labels)
    return Scene(WIDTH, height, tuple(lines), tuple(areas), tuple(labels), frame, limits)


def style(series: Series, index: int) -> Tuple[str, float, Tuple[float, ...]]:
    """Colour, width and dashes of a curve: told apart without colour too."""
    colour, dash = COLOURS[index % len(COLOURS)], DASHES[index % len(DASHES)]
    return (colour, 1.0, (2, 3)) if series.thin else (colour, 1.8, dash)


def _limits(plot: Plot) -> Tuple[float, float, float, float]:
    xs = [v for s in plot.series for v in s.x if v is not None]
    ys = [v for s in plot.series for part in (s.y, s.lower or (), s.upper or ()) for v in part if v is not None]
    x0, x1 = (min(xs), max(xs)) if xs else (0.0, 1.0)
    if plot.y_range:
        y0, y1 = plot.y_range
    else:
        y0, y1 = (min(ys), max(ys)) if ys else (0.0, 1.0)
        y0 = min(y0, 0.0) if plot.filled else y0
        margin = 0.04 * (y1 - y0)
        y0, y1 = (y0 if plot.filled else y0 - margin), y1 + margin
    return x0, x1 if x1 > x0 else x0 + 1.0, y0, y1 if y1 > y0 else y0 + 1.0


def _place(x: float, y: float, frame: Sequence[float], limits: Sequence[float]) -> Point:
    x0, x1, y0, y1 = limits
    part = min(max((y - y0) / (y1 - y0), 0.0), 1.0)
    return frame[0] + frame[2] * (x - x0) / (x1 - x0), frame[1] + frame[3] * (1.0 - part)


def _axes(plot: Plot, frame: Sequence[float], limits: Sequence[float], lines: List[Line], labels: List[Label]) -> None:
    left, top, width, height = frame
    bottom = top + height
    for value in _decades(limits[2], limits[3]) if plot.log_y else ticks(limits[2], limits[3], 5):
        y = _place(0.0, value, frame, limits)[1]
        lines.append(Line(((left, y), (left + width, y)), "#e4e4e4", 0.7))
        labels.append(Label((left - 6, y + 4), f"{10 ** value:.0f}" if plot.log_y else f"{value:g}", "end"))
    for value, text in _x_ticks(plot, limits):
        x = _place(value, 0.0, frame, limits)[0]
        lines.append(Line(((x, bottom), (x, bottom + 4)), INK, 0.8))
        labels.append(Label((x, bottom + 17), text, "middle"))
    lines.append(Line(((left, top), (left, bottom), (left + width, bottom)), INK, 0.9))
    x_label = "Resolution (Å), on a scale of frequency" if plot.as_resolution else plot.x_label
    labels.append(Label((left + width / 2, bottom + 35), x_label, "middle"))
    labels.append(Label((13.0, top + height / 2), plot.y_label, "middle", turned=True))


def _decades(low: float, high: float) -> List[float]:
    """Whole powers of ten between two logarithms, at most nine."""
    first, last = math.ceil(low), math.floor(high)
    return [float(v) for v in range(first, last + 1, max(1, -(-(last - first) // 8)))]


def _x_ticks(plot: Plot, limits: Sequence[float]) -> List[Tuple[float, str]]:
    marks = ticks(limits[0], limits[1], 7)
    if not plot.as_resolution:
        return [(v, f"{v:g}") for v in marks]
    return [(v, f"{1 / v:.3g}" if v > 0 else "∞") for v in marks]


def _marks(plot: Plot, frame: Sequence[float], limits: Sequence[float], lines: List[Line], labels: List[Label]) -> None:
    done: List[float] = []
    for value, text in plot.marks:
        x = _place(value, 0.0, frame, limits)[0]
        if not frame[0] <= x <= frame[0] + frame[2]:
            continue
        lines.append(Line(((x, frame[1]), (x, frame[1] + frame[3])), GREY, 0.9, (3, 2)))
        row = sum(1 for other in done if abs(other - x) < 60)
        anchor = "start" if x < frame[0] + frame[2] - 60 else "end"
        labels.append(Label((x + (3 if anchor == "start" else -3), frame[1] + 11 + 14 * row), text, anchor))
        done.append(x)


def _curve(s: Series, index: int, plot: Plot, frame: Sequence[float], limits: Sequence[float], lines: List[Line],
           areas: List[Area]) -> None:
    colour, width, dash = style(s, index)
    if s.lower is not None and s.upper is not None:
        band = [(x, a, b) for x, a, b in zip(s.x, s.lower, s.upper)
                if x is not None and a is not None and b is not None and (x > 0 or not plot.as_resolution)]
        up = [_place(x, b, frame, limits) for x, a, b in band]
        down = [_place(x, a, frame, limits) for x, a, b in band]
        areas.append(Area(tuple(up + down[::-1]), colour, 0.16))
    for run in _runs(s):
        points = tuple(_place(x, y, frame, limits) for x, y in run)
        if plot.filled and len(plot.series) == 1 and len(points) > 1:
            base = frame[1] + frame[3]
            areas.append(Area(((points[0][0], base),) + points + ((points[-1][0], base),), colour, 0.25))
        lines.append(Line(points, colour, width, dash))


def _runs(s: Series) -> List[List[Point]]:
    """Stretches of a curve without missing values."""
    out: List[List[Point]] = [[]]
    for x, y in zip(s.x, s.y):
        if x is None or y is None:
            out.append([])
        else:
            out[-1].append((x, y))
    return [run for run in out if len(run) > 1]


def _legend(plot: Plot, frame: Sequence[float], lines: List[Line], labels: List[Label]) -> float:
    """One row a curve under the axes, when there are several; returns the height of the whole drawing."""
    y = frame[1] + frame[3] + 56
    if len(plot.series) < 2:
        return y - 14
    for i, s in enumerate(plot.series):
        colour, width, dash = style(s, i)
        lines.append(Line(((frame[0], y - 4), (frame[0] + 30, y - 4)), colour, width + 0.4, dash))
        text = s.label if len(s.label) <= 74 else s.label[:73] + "…"
        labels.append(Label((frame[0] + 38, y), text))
        y += 17
    return y - 8


def hover_data(plot: Plot, scene: Scene) -> Dict[str, object]:
    """What the script in the page needs to show values under the pointer, rounded."""
    def short(values: Sequence[Optional[float]]) -> List[Optional[float]]:
        return [None if v is None else float(f"{v:.4g}") for v in values]

    return {"frame": list(scene.frame), "limits": list(scene.limits), "resolution": plot.as_resolution, "x": plot.x_label,
            "series": [{"label": s.label, "x": short(s.x), "y": short(s.y), "colour": style(s, i)[0]} for i, s in enumerate(plot.series)]}
