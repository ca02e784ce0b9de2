"""Plots, scales of colour and lines along chains as SVG. Colours and widths are classes, so that a dark page and paper have their own."""
from __future__ import annotations

import json
from html import escape
from typing import List, Optional, Sequence, Tuple

from .blocks import Bands, Bar, Plot, Track, Tracks
from .scale import Scale
from .scene import WIDE, Area, Label, Line, Point, Ring, Scene, hover_data, layout, style

_ABOVE, _STRIP, _BELOW = 30.0, 10.0, 22.0        # of a scale: histogram, colours, ticks
_MARGIN = 8.0
_EDGE, _LANE = 1000, 44                          # units of a line along a chain
BAND, HEIGHTS = 22, {"ok": 5, "warn": 13, "fail": 22}        # of a band of states: what is worse stands higher, whatever its colour


def plot_svg(plot: Plot) -> str:
    """SVG text of a plot, escaped, with its values for the hover script in ``data-plot``."""
    scene = layout(plot, legend=False)
    data = escape(json.dumps(hover_data(plot, scene), ensure_ascii=False, separators=(",", ":")), quote=True)
    words = escape(f"{plot.title}: " + "; ".join(s.label for s in plot.series), quote=True)
    wide = " wide6" if scene.width == WIDE else ""
    parts: List[str] = [f'<svg class="plot{wide}" role="img" aria-label="{words}" viewBox="0 0 {scene.width:g} {scene.height:g}" '
                        f'data-plot="{data}">', _grid(scene)]
    curves = [s for s in scene.lines if s.css.startswith("l ")]
    parts += [_line(s) for s in scene.lines if s.css != "grid" and s not in curves]
    parts += [_area(a) for a in scene.areas if a.points] + [_line(s) for s in reversed(curves)]      # the first curve lies on top
    parts += [_ring(r) for r in scene.rings]
    return "".join(parts + [_label(t) for t in scene.labels]) + "</svg>"


def legend(plot: Plot) -> str:
    """HTML of the names of the curves with a piece of their lines; the values under the pointer take its place.

    A single curve that has the name of the plot needs none.
    """
    if len(plot.series) == 1 and plot.series[0].label.lower() == plot.title.lower():
        return ""
    keys = [f'<span class="key"><svg viewBox="0 0 22 8" aria-hidden="true"><path class="l {style(plot, i)}" d="M0 4H22"/></svg>'
            f"{escape(s.label)}</span>" for i, s in enumerate(plot.series)]
    return "".join(keys)


def bar_svg(block: Bar) -> str:
    """SVG text of a scale of colour, with the histogram of the values above it and the bracket of their 5-95 % below."""
    width, scale = 340.0, Scale(block.low, block.high, block.log)
    top = _ABOVE + 2 if block.counts else 2.0
    span, base = width - 2 * _MARGIN, top + _STRIP

    def at(value: float) -> float:
        return _MARGIN + span * float(scale.fraction(value))       # type: ignore[arg-type]  # a number is an array of none

    words = f"Scale of {block.title or 'the colours'} from {block.low:.3g} to {block.high:.3g} {block.unit}".strip()
    parts = [f'<svg class="bar" role="img" aria-label="{escape(words, quote=True)}" viewBox="0 0 {width:g} {base + _BELOW:g}">']
    if block.counts:
        parts.append(_columns(block.counts, span, top - 1))
    parts.append(f'<rect x="{_MARGIN:g}" y="{top:g}" width="{span:g}" height="{_STRIP:g}" rx="2" fill="url(#ramp)"/>')
    if block.bracket:
        parts.append(f'<path class="axis ink" d="M{at(block.bracket[0]):.1f} {base + 5:g}v-3H{at(block.bracket[1]):.1f}v3"/>')
    ticks = block.ticks or scale.ticks()
    for i, (value, text) in enumerate(ticks):
        shown = f"{text} {block.unit}".strip() if i == 0 else text
        half = 3.2 * len(shown)                  # of the text, about: it stays in the drawing
        x = min(max(at(value), half), width - half)
        parts.append(f'<path class="axis" d="M{at(value):.1f} {base:g}v4"/><text class="x" x="{x:.1f}" y="{base + 18:g}" '
                     f'text-anchor="middle">{escape(shown)}</text>')
    return "".join(parts) + "</svg>"


def _columns(counts: Sequence[float], span: float, base: float) -> str:
    """The columns of a histogram, as one path."""
    step, highest = span / len(counts), max(counts) or 1.0
    bars = "".join(f"M{_MARGIN + i * step:.1f} {base:g}v-{(_ABOVE - 2) * n / highest:.1f}h{step - 0.4:.1f}V{base:g}z"
                   for i, n in enumerate(counts) if n > 0.003 * highest)
    return f'<path class="f0 hist" d="{bars}"/>'


def tracks_svg(block: Tracks) -> str:
    """HTML of lines of values one above the other, each with its name before and a number behind it."""
    return "".join(f'<div class="chain"><b>{escape(t.name)}</b>{_track(t, block)}<span>{escape(t.words)}</span></div>'
                   for t in block.tracks)


def _track(track: Track, block: Tracks) -> str:
    low, high = block.y_range

    def y(value: float) -> float:
        return _LANE * (1 - min(max((value - low) / (high - low), 0.0), 1.0))

    n = max(len(track.values) - 1, 1)
    path, pen = [], "M"
    for i, value in enumerate(track.values):
        if value is None:
            pen = "M"
        else:
            path.append(f"{pen}{i * _EDGE / n:.0f} {y(value):.1f}")
            pen = "L"
    grid = "".join(f"M0 {y(v):.1f}H{_EDGE}" for v in block.levels)
    words = escape(f"{block.title}: {track.name}", quote=True)
    return (f'<svg viewBox="0 0 {_EDGE} {_LANE}" preserveAspectRatio="none" role="img" aria-label="{words}">'
            f'<path class="grid" d="{grid}" vector-effect="non-scaling-stroke"/>'
            f'<path class="l t s1" vector-effect="non-scaling-stroke" d="{"".join(path)}"/></svg>')


def bands_svg(block: Bands) -> str:
    """HTML of lines of states one above the other, and what their colours mean."""
    lines = []
    for band in block.bands:
        words = escape(f"{block.title}: {band.name}", quote=True)
        paths = "".join(f'<path class="z {state}" d="{_runs(band.states, state)}"/>' for state, _ in block.words)
        lines.append(f'<div class="chain band"><b>{escape(band.name)}</b><svg viewBox="0 0 {_EDGE} {BAND}" preserveAspectRatio="none" '
                     f'role="img" aria-label="{words}">{paths}</svg><span>{escape(band.words)}</span></div>')
    keys = "".join(f'<span class="key tall"><svg viewBox="0 0 22 {BAND}" aria-hidden="true"><path class="z {state}" '
                   f'd="M4 {BAND}v-{HEIGHTS[state]}h14V{BAND}z"/></svg>{escape(word)}</span>' for state, word in block.words)
    return "".join(lines) + f'<p class="reading">{keys}</p>'


def runs(states: Sequence[Optional[str]], state: str) -> List[Tuple[int, int]]:
    """First and last but one place of the stretches of a state."""
    out: List[Tuple[int, int]] = []
    for i, one in enumerate(states):
        if one == state:
            out[-1:] = [(out[-1][0], i + 1)] if out and out[-1][1] == i else out[-1:] + [(i, i + 1)]
    return out


def _runs(states: Sequence[Optional[str]], state: str) -> str:
    step = _EDGE / max(len(states), 1)
    return "".join(f"M{a * step:.1f} {BAND}v-{HEIGHTS[state]}H{b * step:.1f}V{BAND}z" for a, b in runs(states, state))


def _points(points: Sequence[Point]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)


def _grid(scene: Scene) -> str:
    path = "".join(f"M{s.points[0][0]:.1f} {s.points[0][1]:.1f}H{s.points[1][0]:.1f}" for s in scene.lines if s.css == "grid")
    return f'<path class="grid" d="{path}"/>'


def _line(line: Line) -> str:
    return f'<path class="{line.css}" d="{_points(line.points)}"/>'


def _area(area: Area) -> str:
    return f'<path class="{area.css}" d="{_points(area.points)}z"/>'


def _ring(ring: Ring) -> str:
    return f'<circle class="{ring.css}" cx="{ring.at[0]:.1f}" cy="{ring.at[1]:.1f}" r="{ring.radius:g}"/>'


def _label(label: Label) -> str:
    x, y = label.at
    css = f' class="{label.css}"' if label.css else ""
    return f'<text{css} x="{x:.1f}" y="{y:.1f}" text-anchor="{label.anchor}">{escape(label.text)}</text>'
