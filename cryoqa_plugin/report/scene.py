"""The geometry of a plot as lines, areas and texts; SVG and PDF are drawn from the same scene."""
from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Dict, List, Optional, Sequence, Tuple

from .blocks import Plot, Series
from .scale import round_values as ticks

NARROW, WIDE, HEIGHT = 430.0, 540.0, 270.0      # units of a plot, as many as pixels of its column
FONT = 11.5
COLOURS = {"s0": "#8b95a1", "s1": "#1d5f9e", "s2": "#c2561a", "s3": "#2b8a66", "s4": "#8a4fa3"}      # on paper; a page has its own
GREY, INK, PALE = "#8b95a1", "#222222", "#e8ecf1"
_STYLES = ("w s1", "s2 d", "t s3", "s4 dd", "s0", "t s1 d", "t s2 dd", "w s3 d", "w s4 dd")
_GUIDES = ("t s0 d", "t s0 dd", "t s0")
_SPAN = 6.3                                      # mean width of a letter, generous so that texts do not touch
_ROUND = (10, 5, 4, 3, 2, 1, 20, 6, 2.5, 3.5, 1.5, 2.2, 50, 100, 8, 7, 15, 30, 1.8, 1.2, 2.8, 1.3, 1.65, 1.1, 0.9, 0.8, 200)    # Å
Point = Tuple[float, float]
Frame = Tuple[float, float, float, float]


@dataclass(frozen=True)
class Line:
    """A broken line through ``points``, y downwards; ``css`` names its classes in a page, the others are for paper."""

    points: Tuple[Point, ...]
    colour: str
    width: float = 1.0
    dash: Tuple[float, ...] = ()
    css: str = "axis"


@dataclass(frozen=True)
class Area:
    """A filled polygon."""

    points: Tuple[Point, ...]
    colour: str
    opacity: float = 0.17
    css: str = "band f0"


@dataclass(frozen=True)
class Label:
    """A text; ``anchor`` is ``start``, ``middle`` or ``end``; ``css`` is ``b`` for bold."""

    at: Point
    text: str
    anchor: str = "start"
    colour: str = INK
    css: str = ""

    @property
    def ends(self) -> Tuple[float, float]:
        """Left and right end of the text, about."""
        width = _SPAN * len(self.text)
        left = self.at[0] - {"start": 0.0, "middle": width / 2, "end": width}[self.anchor]
        return left, left + width


@dataclass(frozen=True)
class Ring:
    """A point of a curve, at its middle ``at``."""

    at: Point
    radius: float
    colour: str
    css: str


@dataclass(frozen=True)
class Scene:
    """A drawing of ``width`` x ``height``; ``frame`` is (left, top, width, height) of the axes and ``limits`` their (x0, x1, y0, y1)."""

    width: float
    height: float
    lines: Tuple[Line, ...]
    areas: Tuple[Area, ...]
    labels: Tuple[Label, ...]
    frame: Frame
    limits: Tuple[float, float, float, float]
    rings: Tuple[Ring, ...] = ()


class _Canvas:
    """What is drawn so far, in a frame with limits."""

    def __init__(self, frame: Frame, limits: Tuple[float, float, float, float]) -> None:
        self.frame, self.limits = frame, limits
        self.lines: List[Line] = []
        self.areas: List[Area] = []
        self.labels: List[Label] = []
        self.rings: List[Ring] = []

    def at(self, x: float, y: float) -> Point:
        """Where a value lies; what is beyond the limits of y lies on the edge."""
        x0, x1, y0, y1 = self.limits
        left, top, width, height = self.frame
        part = min(max((y - y0) / (y1 - y0), 0.0), 1.0)
        return left + width * (x - x0) / (x1 - x0), top + height * (1.0 - part)

    def free(self, label: Label, gap: float = 4.0) -> bool:
        """Whether a text touches no other and stays in the drawing."""
        a, b = label.ends
        if a < 0 or b > self.frame[0] + self.frame[2] + 10:
            return False
        return not any(abs(o.at[1] - label.at[1]) < FONT and a < o.ends[1] + gap and o.ends[0] < b + gap for o in self.labels)

    def crossed(self, label: Label) -> int:
        """How much a text hides: other texts most of all, then rings, then lines."""
        (a, b), y = label.ends, label.at[1]
        low, high = y - FONT, y + 3

        def inside(point: Point) -> bool:
            return a - 3 < point[0] < b + 3 and low < point[1] < high

        lines = 0
        for (u0, v0), (u1, v1) in ((p, q) for line in self.lines if line.css != "grid" for p, q in zip(line.points, line.points[1:])):
            if max(u0, u1) > a and min(u0, u1) < b and max(v0, v1) > low and min(v0, v1) < high:
                lines += any(inside((u0 + k * (u1 - u0) / 60, v0 + k * (v1 - v0) / 60)) for k in range(61))
        return 1000 * (not self.free(label)) + 50 * sum(inside(r.at) for r in self.rings[:-1]) + lines


def layout(plot: Plot, legend: bool = True) -> Scene:
    """Place everything that a plot shows; with the ``legend`` below when it has several curves."""
    if plot.log_y:
        plot = replace(plot, series=tuple(replace(s, y=[None if v is None else math.log10(max(v, 0.8)) for v in s.y]) for s in plot.series))
    limits = _limits(plot)
    y_ticks = _y_ticks(plot, limits)
    width, height = WIDE if plot.wide else NARROW, plot.height or HEIGHT
    left = max(36.0, 12 + _SPAN * max((len(text) for _, text in y_ticks), default=0))
    marks, above, rows = _above(plot, limits, left, width - left - 10)
    top = 6.0 + 14 * rows if rows else 10.0
    canvas = _Canvas((left, top, width - left - 10, height - top - 34), limits)
    _axes(plot, canvas, y_ticks)
    for value, text in plot.levels:
        y = canvas.at(0.0, value)[1]
        canvas.lines.append(Line(((left, y), (left + canvas.frame[2], y)), GREY, 0.8, (4, 3), "lev"))
        canvas.labels.append(Label((left + 4, y - 4), text, colour=GREY))
    for x, css in marks:
        bottom = top + canvas.frame[3]
        canvas.lines.append(Line(((x, top), (x, bottom)), COLOURS.get(css[4:], GREY), 0.9, (4, 3), css))
    canvas.labels += above
    for i, s in enumerate(plot.series):
        _curve(s, i, plot, canvas)
    for ring in plot.rings:
        _ring(ring, plot, canvas)
    if legend:
        height = _legend(plot, canvas, height)
    return Scene(width, height, tuple(canvas.lines), tuple(canvas.areas), tuple(canvas.labels), canvas.frame, limits, tuple(canvas.rings))


def style(plot: Plot, index: int) -> str:
    """Classes of the line of a curve: told apart without colour too."""
    series = plot.series[index]
    if series.style:
        return series.style
    if series.thin:
        return _GUIDES[sum(s.thin for s in plot.series[:index]) % len(_GUIDES)]
    if plot.filled and len(plot.series) > 1:
        return ("s0", "t s2 d", "s1", "s3 dd")[index % 4]
    return _STYLES[index % len(_STYLES)]


def on_paper(css: str) -> Tuple[str, float, Tuple[float, ...]]:
    """Colour, width and dashes of a line of these classes."""
    names = css.split()
    colour = next((COLOURS[n] for n in names if n in COLOURS), INK)
    dash = (5.0, 3.0) if "d" in names else (1.5, 2.5) if "dd" in names else ()
    return colour, 2.4 if "w" in names else 1.1 if "t" in names else 1.6, dash


def tick_text(value: float) -> str:
    """A number on an axis, with a true minus; powers of ten beyond six digits."""
    if value and (abs(value) >= 1e6 or abs(value) < 1e-3):
        mantissa, power = f"{value:.3e}".split("e")
        head = f"{float(mantissa):g}".replace("-", "−")
        return f"{head}×10{_raised(int(power))}"
    return f"{value:g}".replace("-", "−")


def _raised(power: int) -> str:
    return str(power).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def _limits(plot: Plot) -> Tuple[float, float, float, float]:
    xs = [v for s in plot.series for v in s.x if v is not None]
    ys = [v for s in plot.series for part in (s.y, s.lower or (), s.upper or ()) for v in part if v is not None]
    x0, x1 = (min(xs), max(xs)) if xs else (0.0, 1.0)
    if plot.as_resolution and not plot.squared and 0 < x0 < 0.25 * x1:
        x0 = 0.0                                             # even in 1/Å from its beginning, as in every other curve of the page
    if plot.y_range:
        y0, y1 = plot.y_range
    else:
        y0, y1 = (min(ys), max(ys)) if ys else (0.0, 1.0)
        y0 = min(y0, 0.0) if plot.filled else y0
        margin = 0.04 * (y1 - y0)
        y0, y1 = (y0 if plot.filled else y0 - margin), y1 + margin
    return x0, x1 if x1 > x0 else x0 + 1.0, y0, y1 if y1 > y0 else y0 + 1.0


def _y_ticks(plot: Plot, limits: Sequence[float]) -> List[Tuple[float, str]]:
    if not plot.log_y:
        return [(v, tick_text(v)) for v in ticks(limits[2], limits[3], 5)]
    first, last = math.ceil(limits[2]), math.floor(limits[3])
    powers = range(first, last + 1, max(1, -(-(last - first) // 4)))
    return [(float(p), f"{10.0 ** p:g}" if -3 < p < 4 else f"10{_raised(p)}") for p in powers]


def _x_ticks(plot: Plot, canvas: _Canvas) -> List[Tuple[float, str]]:
    x0, x1 = canvas.limits[:2]
    if not plot.as_resolution:
        return [(v, tick_text(v)) for v in ticks(x0, x1, 6)]
    power = 2 if plot.squared else 1
    end = x1 ** (-1 / power)                                 # the right end first: the last frequency of the data
    chosen = [(x1, f"{end:.2f}".rstrip("0").rstrip("."))]
    for d in _ROUND:
        x = d ** -power
        if x0 < x < x1 and all(abs(canvas.at(x, 0)[0] - canvas.at(o, 0)[0]) >= 26 for o, _ in chosen):
            chosen.append((x, f"{d:g}"))
    return sorted(chosen)


def _axes(plot: Plot, canvas: _Canvas, y_ticks: Sequence[Tuple[float, str]]) -> None:
    left, top, width, height = canvas.frame
    bottom = top + height
    for value, text in y_ticks:
        y = canvas.at(0.0, value)[1]
        canvas.lines.append(Line(((left, y), (left + width, y)), PALE, 0.8, (), "grid"))
        canvas.labels.append(Label((left - 6, y + 4), text, "end", css="x"))
    for value, text in _x_ticks(plot, canvas):
        x = canvas.at(value, 0.0)[0]
        canvas.lines.append(Line(((x, bottom), (x, bottom + 4)), GREY, 0.8))
        canvas.labels.append(Label((x, bottom + 16), text, "middle", css="x"))
    canvas.lines.append(Line(((left, top), (left, bottom), (left + width, bottom)), GREY, 0.9))
    named = plot.x_label.lower().startswith("resolution")
    x_label = plot.x_label if named or not plot.as_resolution else "resolution (Å)" + (", even in 1/Å²" if plot.squared else "")
    canvas.labels.append(Label((left + width / 2, bottom + 31), x_label, "middle", css="x"))


def _above(plot: Plot, limits: Sequence[float], left: float, width: float) -> Tuple[List[Tuple[float, str]], List[Label], int]:
    """Lines (x, classes) of the marks, the labels above the frame, and the rows that these take."""
    lines: List[Tuple[float, str]] = []
    scratch = _Canvas((left, 0.0, width, 0.0), (limits[0], limits[1], 0.0, 1.0))
    if plot.y_label and plot.y_label != "FSC":
        scratch.labels.append(Label((2.0, 14.0), plot.y_label, css="x"))
    for i, (value, text) in reversed(list(enumerate(plot.marks))):       # the one that counts has the first choice
        x = scratch.at(value, 0.0)[0]
        if not left <= x <= left + width:
            continue
        main = i == len(plot.marks) - 1
        lines.append((x, "lev s1" if main else "lev"))
        tries = [Label((x + dx, 14.0 + 14 * row), text, anchor, colour=INK if main else GREY, css="b" if main else "")
                 for row in range(len(plot.marks) + 1) for dx, anchor in ((4, "start"), (-4, "end"))]
        scratch.labels.append(next((t for t in tries if scratch.free(t)), tries[0]))
    rows = max((round((t.at[1] - 14) / 14) + 1 for t in scratch.labels), default=0)
    return lines, scratch.labels, rows


def _curve(s: Series, index: int, plot: Plot, canvas: _Canvas) -> None:
    css = style(plot, index)
    colour, width, dash = on_paper(css)
    fill = next(("f" + n[1] for n in css.split() if n in COLOURS), "f0")
    if s.lower is not None and s.upper is not None:
        band = [(x, a, b) for x, a, b in zip(s.x, s.lower, s.upper)
                if x is not None and a is not None and b is not None and (x > 0 or not plot.as_resolution)]
        up = [canvas.at(x, b) for x, a, b in band]
        down = [canvas.at(x, a) for x, a, b in band]
        canvas.areas.append(Area(tuple(up + down[::-1]), colour, 0.17, "band " + fill))
    for run in _runs(s):
        points = tuple(canvas.at(x, y) for x, y in run)
        if plot.filled and index == 0 and len(points) > 1:
            base = canvas.frame[1] + canvas.frame[3]
            canvas.areas.append(Area(((points[0][0], base),) + points + ((points[-1][0], base),), colour, 0.32, "fill " + fill))
        canvas.lines.append(Line(points, colour, width, dash, "l " + css))


def _runs(s: Series) -> List[List[Point]]:
    """Stretches of a curve without missing values."""
    out: List[List[Point]] = [[]]
    for x, y in zip(s.x, s.y):
        if x is None or y is None:
            out.append([])
        else:
            out[-1].append((x, y))
    return [run for run in out if len(run) > 1]


def _ring(ring: Tuple[float, float, str], plot: Plot, canvas: _Canvas) -> None:
    """A ring in the colour of the curve that is nearest, its label where there is room."""
    x, y, text = ring
    if not canvas.limits[0] <= x <= canvas.limits[1]:
        return
    nearest = min(range(len(plot.series)), key=lambda i: abs(_value_at(plot.series[i], x) - y), default=0)
    css = next((n for n in style(plot, nearest).split() if n in COLOURS), "s0") if plot.series else "s0"
    u, v = canvas.at(x, y)
    canvas.rings.append(Ring((u, v), 3.5, COLOURS[css], "ring " + css))
    tries = [Label((u + du, v + dv), text, anchor) for du, dv, anchor in
             ((8, 4, "start"), (-8, 14, "end"), (8, -6, "start"), (8, 16, "start"), (-8, -6, "end"))]
    if text:
        canvas.labels.append(min(tries, key=canvas.crossed))


def _value_at(s: Series, x: float) -> float:
    """Value of a curve at ``x``, linear; infinity where it has none."""
    for (x0, y0), (x1, y1) in ((a, b) for run in _runs(s) for a, b in zip(run, run[1:])):
        if min(x0, x1) <= x <= max(x0, x1):
            return y0 + (y1 - y0) * (x - x0) / (x1 - x0) if x1 != x0 else y0
    return math.inf


def _legend(plot: Plot, canvas: _Canvas, height: float) -> float:
    """One row a curve under the axes, when there are several; returns the height of the whole drawing."""
    if len(plot.series) < 2:
        return height
    left, y = canvas.frame[0], height + 14
    for i, s in enumerate(plot.series):
        colour, width, dash = on_paper(style(plot, i))
        canvas.lines.append(Line(((left, y - 4), (left + 26, y - 4)), colour, width, dash, "l " + style(plot, i)))
        text = s.label if len(s.label) <= 66 else s.label[:65] + "…"
        canvas.labels.append(Label((left + 32, y), text))
        y += 16
    return y - 8


def hover_data(plot: Plot, scene: Scene) -> Dict[str, object]:
    """What the script in the page needs to show values under the pointer, rounded.

    ``x`` is common to all curves, or else ``xs`` has one each; ``inverse`` is the power of 1/Å that x is, 0 when it is none; ``dx`` and
    ``dy`` are the decimals, None for three digits.
    """
    decimals = None if plot.log_y else _decimals(scene.limits[2:])

    def short(values: Sequence[Optional[float]], places: Optional[int] = None) -> List[Optional[float]]:
        rounded = [None if v is None else float(f"{v:.4g}") if places is None else round(float(v), places) for v in values]
        return [None if v is None else int(v) if v == int(v) else v for v in rounded]

    first = list(plot.series[0].x) if plot.series else []
    common = all(list(s.x) == first for s in plot.series)
    unit = plot.x_label[plot.x_label.rfind("(") + 1:-1] if plot.x_label.endswith(")") else ""
    out: Dict[str, object] = {"frame": [round(v, 1) for v in scene.frame], "limits": [scene.limits[0], scene.limits[1]],
                              "inverse": (2 if plot.squared else 1) if plot.as_resolution else 0,
                              "names": [s.label for s in plot.series], "ys": [short(s.y, decimals) for s in plot.series], "dy": decimals,
                              "dx": _decimals(scene.limits[:2]), "ux": unit}
    out.update({"x": short(first)} if common else {"xs": [short(s.x) for s in plot.series]})
    return out


def _decimals(limits: Sequence[float]) -> int:
    """Decimals that tell some thousand steps of a range apart."""
    return min(max(0, 3 - math.ceil(math.log10(max(limits[1] - limits[0], 1e-9)) - 0.1)), 9)
