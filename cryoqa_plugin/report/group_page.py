"""The page of many maps: FSC curves in one plot, a strip a key number, one row a map."""
from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import Any, Dict, List, Optional, Sequence, Tuple

import numpy as np

from .. import __version__
from ..rounding import show_value
from .blocks import Bar, Plot, Series
from .content import WORDS
from .group_numbers import LABELS, Entry, KeyNumber
from .html import POLICY, environment, locked, template_text
from .scale import RAMP, Scale, ramp, resolution_scale
from .scene import Line, layout
from .svg import bar_svg

_WIDTH, _HEIGHT, _EDGE, _BASE, _STEP = 320.0, 60.0, 12.0, 42.0, 9.0     # of a strip, in units of its drawing
_ROWS = (22.0, 13.0, 31.0, 4.0)                  # where dots of a strip lie when they would touch
_ORDER = ("fail", "error", "warn", "skipped", "ok", "waiting")
_ONE_AXIS = ("Resolution", "Reported", "Local", "Model")        # resolutions stand on one axis, so that they can be compared
_GREY = "var(--c0)"


@dataclass(frozen=True)
class Dot:
    """One map in a strip: its place, the range of its value (None without one), its state, its words."""

    name: str
    link: str
    x: float
    y: float
    span: Optional[Tuple[float, float]]
    status: str
    colour: str
    words: str


@dataclass(frozen=True)
class Strip:
    """One key number of all maps: dots and ticks (place and text) on an axis, in the units of the drawing."""

    label: str
    title: str
    dots: Tuple[Dot, ...]
    ticks: Tuple[Tuple[float, str], ...]


def page(entries: Sequence[Entry], title: str) -> str:
    """The page as text; names and sentences are escaped by the template."""
    from markupsafe import Markup
    scale = colour_scale(entries)
    made, same = strips(entries, scale)
    counts = {s: sum(e.status == s for e in entries) for s in _ORDER}
    bar = bar_svg(Bar("the colours of the maps", "Å", scale.low, scale.high, True, scale.counts(np.array(resolutions(entries))))) \
        if resolutions(entries) else ""
    return locked(environment().get_template("group.html").render(
        policy=POLICY, title=title, maps=rows(entries, scale), labels=LABELS, strips=made, same=same, width=_WIDTH, height=_HEIGHT,
        base=_BASE, plot=_curves(entries, scale), bar=Markup(bar), counts=[(s, n) for s, n in counts.items() if n], version=__version__,
        words=dict(WORDS, waiting="waiting"), ramp=RAMP, style=Markup(template_text("report.css") + template_text("group.css")),
        script=Markup(template_text("group.js"))))


def resolutions(entries: Sequence[Entry]) -> List[float]:
    """The resolutions (Å) of the maps that have one."""
    return [e.places["Resolution"][0].value for e in entries if "Resolution" in e.places]


def colour_scale(entries: Sequence[Entry]) -> Scale:
    """The scale of the colours of the page, about the median resolution of the maps."""
    found = resolutions(entries)
    return resolution_scale(statistics.median(found) if found else None, np.array(found))


def colour(entry: Entry, scale: Scale) -> str:
    """The colour of a map wherever it is drawn: that of its resolution; grey without one."""
    if "Resolution" not in entry.places:
        return _GREY
    shade = ramp(scale.fraction(np.array(entry.places["Resolution"][0].value)))
    return "rgb(%d,%d,%d)" % tuple(round(float(v)) for v in shade)


def rows(entries: Sequence[Entry], scale: Scale) -> List[Dict[str, Any]]:
    """One row a map, those to look at first: the worst state, then the most key numbers to look at, then the coarsest resolution."""
    def rank(entry: Entry) -> Tuple[int, int, int, float]:
        states = [k.status for k in entry.keys]
        known = entry.places.get("Resolution")
        return _ORDER.index(entry.status), -states.count("fail"), -states.count("warn"), -known[0].value if known else 0.0

    out = []
    for entry in sorted(entries, key=rank):
        by_label = {k.label: k for k in entry.keys}
        cells = [dict(label=label, key=by_label.get(label), value=entry.places[label][0].value if label in entry.places else None)
                 for label in LABELS]
        out.append(dict(name=entry.name, link=entry.link, status=entry.status, rank=_ORDER.index(entry.status), verdict=entry.verdict,
                        error=entry.error, cells=cells, colour=colour(entry, scale)))
    return out


def _curves(entries: Sequence[Entry], scale: Scale) -> Optional[Dict[str, Any]]:
    """Scene of the FSC curves of all maps, and each curve as a path with its map; None without one."""
    drawn = [e for e in entries if len(e.curve) > 1]
    if not drawn:
        return None
    series = tuple(Series(e.name, e.name, *zip(*e.curve)) for e in drawn)
    lowest = min(y for e in drawn for _, y in e.curve)
    plot = Plot("FSC of the half-maps", series, "Resolution (Å), even in 1/Å", "FSC", as_resolution=True,
                levels=((0.143, "0.143"), (0.5, "0.5")), y_range=(max(-1.0, min(-0.08, lowest)), 1.02))
    scene = layout(plot, legend=False)
    lines = [line for line in scene.lines if line.css.startswith("l ")]
    curves = [dict(name=e.name, link=e.link, path=_path(line), colour=colour(e, scale), words=_words(e)) for e, line in zip(drawn, lines)]
    return dict(scene=scene, curves=curves, axes=[(line.css, _path(line)) for line in scene.lines if line not in lines])


def _path(line: Line) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in line.points)


def _words(entry: Entry) -> str:
    known = entry.places.get("Resolution")
    return f"{entry.name}: {show_value(known[0].value, 'Å')}" if known else entry.name


def strips(entries: Sequence[Entry], scale: Scale) -> Tuple[List[Strip], List[str]]:
    """A strip for each key number that differs between maps, and in words those that are the same in all that have them."""
    chosen = {label: _chosen(entries, label) for label in LABELS}
    resolving = [n.value for label in _ONE_AXIS for _, n in chosen[label] if n.unit == "Å"]
    common = _axis(resolving, True) if resolving else None
    made, same = [], []
    for label, having in chosen.items():
        values = [n.value for _, n in having]
        if not having:
            continue
        if max(values) - min(values) <= 1e-9 * max(map(abs, values)):
            same.append(f"{having[0][1].title} {show_value(values[0], having[0][1].unit)}")
            continue
        shared = label in _ONE_AXIS and having[0][1].unit == "Å"
        axis = common if shared and common is not None else _axis([v for _, n in having for v in _reach(n)], False)
        made.append(_strip(label, having, axis, scale))
    return made, same


def _chosen(entries: Sequence[Entry], label: str) -> List[Tuple[Entry, KeyNumber]]:
    """The maps with a key number, in the unit that most of them have it in; the telling one where as many have both."""
    titles = [n.title for e in entries for n in e.places.get(label, ())]
    if not titles:
        return []
    title = max(dict.fromkeys(titles), key=titles.count)
    return [(e, n) for e in entries for n in e.places.get(label, ()) if n.title == title]


def _reach(number: KeyNumber) -> List[float]:
    return [v for v in (number.low, number.value, number.high) if v is not None]


def _axis(values: Sequence[float], log: bool) -> Scale:
    low, high = min(values), max(values)
    if log:
        margin = max((high / low) ** 0.05, 1.02)
        return Scale(low / margin, high * margin, True)
    margin = 0.05 * (high - low)
    return Scale(low - margin, high + margin)


def _strip(label: str, having: Sequence[Tuple[Entry, KeyNumber]], axis: Scale, scale: Scale) -> Strip:
    def at(value: float) -> float:
        return _EDGE + float(axis.fraction(np.array(value))) * (_WIDTH - 2 * _EDGE)

    last: List[float] = []                       # place of the last dot of each row, so that dots lie beside each other
    dots = []
    for entry, number in sorted(having, key=lambda pair: pair[1].value):
        x = at(number.value)
        free = next((r for r, before in enumerate(last) if x - before >= _STEP), len(last))
        row = free if free < len(_ROWS) else len(dots) % len(_ROWS)
        last[row:row + 1] = [x]
        span = (at(number.low), at(number.high)) if number.low is not None and number.high is not None else None
        status = next((k.status for k in entry.keys if k.label == label), "skipped")
        dots.append(Dot(entry.name, entry.link, x, _ROWS[row], span, status, colour(entry, scale),
                        f"{entry.name}: {show_value(number.value, number.unit)}{_range(number)}"))
    unit = having[0][1].unit
    return Strip(label, having[0][1].title + (f" ({unit})" if unit else ""), tuple(dots), tuple((at(v), text) for v, text in axis.ticks()))


def _range(number: KeyNumber) -> str:
    if number.low is None or number.high is None:
        return ""
    low, high = (show_value(v, number.unit) for v in (number.low, number.high))
    return f" ({low.replace(' ' + number.unit, '') if number.unit else low} to {high})"
