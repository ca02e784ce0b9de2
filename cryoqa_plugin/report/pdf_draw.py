"""Plots, scales of colour, strips and lines along chains as vectors on paper."""
from __future__ import annotations

from typing import Any, Callable, Sequence, Tuple

from reportlab.pdfbase import pdfmetrics
from reportlab.platypus import Flowable

from .blocks import Bands, Bar, Percentiles, Plot, Strip, Tracks
from .pdf_style import ACCENT, GRID, GREY, INK, SOFT, STATES, Paper, colour
from .scale import RAMP, Scale
from .scene import FONT, Line, layout
from .strip import Row, drawn
from .svg import BAND, HEIGHTS, runs

_LARGEST, _SMALLEST = 0.72, 5.6                  # points a unit of a plot, and the smallest text
_ENDS = ("#a82430", "#e27d3e", "#e8d28a", "#8fbfc0", "#243c8c")          # of an archive, worse to better
_PLACES = (0.0, 0.22, 0.5, 0.75, 1.0)


class Drawn(Flowable):
    """A drawing of a size: ``make`` draws it on the canvas with its origin at the lower left corner."""

    def __init__(self, width: float, height: float, make: Callable[[Any], None]) -> None:
        super().__init__()
        self.width, self.height, self.make = width, height, make

    def draw(self) -> None:
        """Called by reportlab."""
        self.make(self.canv)


def _say(canvas: Any, at: Tuple[float, float], text: str, font: str, size: float, shade: str = SOFT, anchor: str = "start") -> None:
    canvas.setFont(font, size)
    canvas.setFillColor(colour(shade))
    {"start": canvas.drawString, "middle": canvas.drawCentredString, "end": canvas.drawRightString}[anchor](at[0], at[1], text)


def _fitting(text: str, font: str, size: float, width: float) -> str:
    """The text, cut where it is wider than there is room."""
    while len(text) > 1 and pdfmetrics.stringWidth(text, font, size) > width:
        text = text[:-2].rstrip() + "…"
    return text


def plot(block: Plot, width: float, paper: Paper) -> Drawn:
    """The scene of a plot; y grows upwards on paper."""
    scene = layout(block)
    scale = min(_LARGEST, width / scene.width)
    size = max((FONT - 0.5) * scale, _SMALLEST) / scale

    def make(canvas: Any) -> None:
        canvas.translate(0, scene.height * scale)
        canvas.scale(scale, scale)
        for line in scene.lines:
            if not line.css.startswith("l "):
                _polyline(canvas, line)
        for area in scene.areas:
            if area.points:
                _polygon(canvas, area.points, area.colour, area.opacity)
        for line in scene.lines:
            if line.css.startswith("l "):
                _polyline(canvas, line)
        for ring in scene.rings:
            canvas.setStrokeColor(colour(ring.colour))
            canvas.setFillColor(colour("#ffffff"))
            canvas.setLineWidth(2)
            canvas.circle(ring.at[0], -ring.at[1], ring.radius, stroke=1, fill=1)
        for label in scene.labels:
            font = paper.bold if label.css == "b" else paper.regular
            _say(canvas, (label.at[0], -label.at[1]), label.text, font, size, label.colour, label.anchor)

    return Drawn(scene.width * scale, scene.height * scale, make)


def _polyline(canvas: Any, line: Line) -> None:
    canvas.setLineWidth(line.width)
    canvas.setLineJoin(1)
    canvas.setStrokeColor(colour(line.colour))
    canvas.setDash(list(line.dash))
    path = canvas.beginPath()
    path.moveTo(line.points[0][0], -line.points[0][1])
    for x, y in line.points[1:]:
        path.lineTo(x, -y)
    canvas.drawPath(path, stroke=1, fill=0)
    canvas.setDash()


def _polygon(canvas: Any, points: Sequence[Tuple[float, float]], shade: str, opacity: float) -> None:
    canvas.saveState()
    canvas.setFillColor(colour(shade))
    canvas.setFillAlpha(opacity)
    path = canvas.beginPath()
    path.moveTo(points[0][0], -points[0][1])
    for x, y in points[1:]:
        path.lineTo(x, -y)
    path.close()
    canvas.drawPath(path, stroke=0, fill=1)
    canvas.restoreState()


def _gradient(canvas: Any, box: Tuple[float, float, float, float], shades: Sequence[str], places: Sequence[float]) -> None:
    """Colours from the left to the right of a box (x, y, width, height) with round corners."""
    x, y, width, height = box
    canvas.saveState()
    path = canvas.beginPath()
    path.roundRect(x, y, width, height, height / 4)
    canvas.clipPath(path, stroke=0, fill=0)
    canvas.linearGradient(x, y, x + width, y, [colour(s) for s in shades], list(places), extend=False)
    canvas.restoreState()


def bar(block: Bar, width: float, paper: Paper) -> Drawn:
    """A scale of colours, the histogram of the values above it, the bracket of their 5-95 % and the ticks below."""
    scale, width = Scale(block.low, block.high, block.log), min(width, 260.0)
    left, span, tall = 6.0, width - 12.0, 22.0 if block.counts else 0.0
    base = 12.0

    def at(value: float) -> float:
        return left + span * float(scale.fraction(value))          # type: ignore[arg-type]  # a number is an array of none

    def make(canvas: Any) -> None:
        shades = ["#%02x%02x%02x" % shade for shade in RAMP]
        _gradient(canvas, (left, base, span, 7.0), shades, [i / (len(shades) - 1) for i in range(len(shades))])
        highest = max(block.counts, default=0.0) or 1.0
        canvas.setFillColor(colour(GREY))
        for i, n in enumerate(block.counts):
            if n > 0.003 * highest:
                step = span / len(block.counts)
                canvas.rect(left + i * step, base + 8, step * 0.93, (tall - 2) * n / highest, stroke=0, fill=1)
        if block.bracket:
            a, b = (at(v) for v in block.bracket)
            canvas.setStrokeColor(colour(INK))
            canvas.setLineWidth(0.9)
            canvas.lines([(a, base - 3.4, b, base - 3.4), (a, base - 3.4, a, base - 0.8), (b, base - 3.4, b, base - 0.8)])
        for i, (value, text) in enumerate(block.ticks or scale.ticks()):
            shown = f"{text} {block.unit}".strip() if i == 0 else text
            _say(canvas, (at(value), 1.5), shown, paper.regular, 6.0, anchor="middle")

    return Drawn(width, base + 8 + tall, make)


def strip(block: Strip, width: float, paper: Paper) -> Drawn:
    """All estimates on one axis, by group: name, place and range, value."""
    found, line, head = drawn(block), 11.6, 11.0
    left, right = 0.4 * width, 0.215 * width
    span = width - left - right
    height = 14.0 + sum(head + line * len(g.rows) for g in found.groups)

    def make(canvas: Any) -> None:
        y = height
        for group in found.groups:
            _say(canvas, (0, y - head + 3), group.title, paper.bold, 6.4)
            y -= head
            for row in group.rows:
                y -= line
                canvas.setStrokeColor(colour(ACCENT))
                canvas.setLineWidth(0.4)
                canvas.line(left + found.at / 100 * span, y, left + found.at / 100 * span, y + line)
                _estimate(canvas, row, (left, y + line / 2, span), width, paper)
        for place, text in found.ticks:
            _say(canvas, (left + place / 100 * span, 3), text, paper.regular, 6.0, anchor="middle")
        _say(canvas, (width, 3), "Å", paper.regular, 6.0, anchor="end")

    return Drawn(width, height, make)


def _estimate(canvas: Any, row: Row, axis: Tuple[float, float, float], width: float, paper: Paper) -> None:
    left, y, span = axis
    name = _fitting(row.name, paper.regular, 6.8, left - 6)
    used = pdfmetrics.stringWidth(name, paper.regular, 6.8)
    _say(canvas, (0, y - 2.3), name, paper.regular, 6.8, INK)
    if left - used > 24:
        _say(canvas, (used + 4, y - 2.3), _fitting(row.note, paper.regular, 5.6, left - used - 8), paper.regular, 5.6)
    canvas.setStrokeColor(colour(GRID))
    canvas.setLineWidth(0.7)
    canvas.line(left, y, left + span, y)
    shade = ACCENT if row.css == "hd" else GREY
    if row.left is not None and row.width is not None:
        canvas.saveState()
        canvas.setFillAlpha(0.4)
        canvas.setFillColor(colour(shade))
        canvas.roundRect(left + row.left / 100 * span, y - 1.4, row.width / 100 * span, 2.8, 1.2, stroke=0, fill=1)
        canvas.restoreState()
    if row.beyond:
        _say(canvas, (left + span + 1, y - 2.3), "›", paper.regular, 6.8)
    _dot(canvas, left + row.at / 100 * span, y, row.css, shade)
    value, bold = row.value, paper.bold if row.css else paper.regular
    if row.range:
        words = f" ({row.range})"
        _say(canvas, (width, y - 2.3), words, paper.regular, 5.6, anchor="end")
        width -= pdfmetrics.stringWidth(words, paper.regular, 5.6)
    _say(canvas, (width, y - 2.3), value, bold, 6.8, INK, "end")


def _dot(canvas: Any, x: float, y: float, css: str, shade: str) -> None:
    """A dot for an estimate, a larger one for the headline, a diamond for what was reported."""
    if css == "rp":
        canvas.setStrokeColor(colour(STATES["warn"]))
        canvas.setFillColor(colour("#ffffff"))
        canvas.setLineWidth(1.1)
        path = canvas.beginPath()
        path.moveTo(x, y + 3.4)
        for u, v in ((x + 3.4, y), (x, y - 3.4), (x - 3.4, y)):
            path.lineTo(u, v)
        path.close()
        canvas.drawPath(path, stroke=1, fill=1)
    else:
        canvas.setFillColor(colour(shade))
        canvas.circle(x, y, 3.3 if css == "hd" else 2.4, stroke=0, fill=1)


def percentiles(block: Percentiles, width: float, paper: Paper) -> Drawn:
    """Where values lie in an archive, worse at the left; in a narrow card the words stand above the bar."""
    narrow = width < 300
    left, right, line = (0.0, 0.0, 20.0) if narrow else (0.3 * width, 0.3 * width, 12.5)
    span, height = width - left - right, line * len(block.rows) + 9.0

    def make(canvas: Any) -> None:
        for i, (label, place, said) in enumerate(block.rows):
            y = height - line * (i + 1) + (5.0 if narrow else line / 2)
            level, room = (y + 7.5, 0.5 * width) if narrow else (y - 2.3, left - 6)
            _say(canvas, (0, level), _fitting(label, paper.regular, 6.6, room), paper.regular, 6.6, INK)
            if narrow:
                _say(canvas, (width, level), _fitting(said, paper.regular, 6.6, room - 4), paper.regular, 6.6, INK, "end")
            else:
                _say(canvas, (left + span + 6, level), _fitting(said, paper.regular, 6.6, right - 6), paper.regular, 6.6, INK)
            _gradient(canvas, (left, y - 3.0, span, 6.0), _ENDS, _PLACES)
            x = left + min(max(place, 0.0), 100.0) / 100 * span
            canvas.setFillColor(colour(INK))
            canvas.setStrokeColor(colour("#ffffff"))
            canvas.setLineWidth(0.8)
            canvas.roundRect(x - 1.8, y - 4.5, 3.6, 9, 1.4, stroke=1, fill=1)
        for x, text, anchor in zip((left, left + span / 2, left + span), block.ends, ("start", "middle", "end")):
            _say(canvas, (x, 1.0), text, paper.regular, 5.8, anchor=anchor)

    return Drawn(width, height, make)


def tracks(block: Tracks, width: float, paper: Paper) -> Drawn:
    """Lines of values one above the other, each with its name before and a number behind it."""
    low, high = block.y_range
    lane = min(32.0, max(8.0, 260.0 / max(len(block.tracks), 1)))
    left, right, gap = 16.0, 30.0, 2.0
    span, height = width - left - right, lane * len(block.tracks)

    def make(canvas: Any) -> None:
        for i, track in enumerate(block.tracks):
            base = height - lane * (i + 1) + gap / 2
            place = lambda v, base=base: base + (lane - gap) * min(max((v - low) / (high - low), 0.0), 1.0)       # noqa: E731
            canvas.setStrokeColor(colour(GRID))
            canvas.setLineWidth(0.6)
            for level in block.levels:
                canvas.line(left, place(level), left + span, place(level))
            canvas.setStrokeColor(colour(ACCENT))
            canvas.setLineWidth(0.6)
            path, pen = canvas.beginPath(), True
            step = span / max(len(track.values) - 1, 1)
            for k, value in enumerate(track.values):
                if value is not None:
                    (path.moveTo if pen else path.lineTo)(left + k * step, place(value))
                pen = value is None
            canvas.drawPath(path, stroke=1, fill=0)
            middle, size = base + (lane - gap) / 2 - 2.4, min(7.0, lane * 0.8)
            _say(canvas, (0, middle), _fitting(track.name, paper.bold, size, left - 2), paper.bold, size, INK)
            _say(canvas, (width, middle), _fitting(track.words, paper.regular, size, right - 4), paper.regular, size, SOFT, "end")

    return Drawn(width, height, make)


def bands(block: Bands, width: float, paper: Paper) -> Drawn:
    """Lines of states one above the other; what is worse stands higher, as on the page."""
    lane, left, right = 13.0, 16.0, 30.0
    span, height = width - left - right, lane * (len(block.bands) + 1)

    def make(canvas: Any) -> None:
        for i, band in enumerate(block.bands):
            base, step = height - lane * (i + 1) + 2, span / max(len(band.states), 1)
            for state, _ in block.words:
                canvas.setFillColor(colour(STATES[state]))
                for a, b in runs(band.states, state):
                    canvas.rect(left + a * step, base, (b - a) * step, (lane - 3) * HEIGHTS[state] / BAND, stroke=0, fill=1)
            _say(canvas, (0, base + 2), _fitting(band.name, paper.bold, 7.0, left - 2), paper.bold, 7.0, INK)
            _say(canvas, (width, base + 2), band.words, paper.regular, 6.6, anchor="end")
        for i, (state, word) in enumerate(block.words):
            at = left + 60.0 * i
            canvas.setFillColor(colour(STATES[state]))
            canvas.rect(at, 2, 8, (lane - 3) * HEIGHTS[state] / BAND, stroke=0, fill=1)
            _say(canvas, (at + 11, 3), word, paper.regular, 6.6)

    return Drawn(width, height, make)
