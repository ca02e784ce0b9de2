"""What a section of the report is made of. Blocks hold plain content; the HTML and PDF writers decide how it looks."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Optional, Sequence, Tuple, Union

Numbers = Sequence[Optional[float]]
PLACES = 8190                                    # steps along the longest edge of a surface


@dataclass(frozen=True)
class Text:
    """One paragraph."""

    text: str


@dataclass(frozen=True)
class Value:
    """One named value: ``better`` is ``lower``, ``higher``, ``none`` or ``target:<value>``."""

    name: str
    value: Any
    unit: str
    meaning: str
    better: str = "none"


@dataclass(frozen=True)
class Values:
    """A table of values; ``folded`` hides it under its title until it is asked for."""

    values: Tuple[Value, ...]
    title: str = "Values"
    folded: bool = False


@dataclass(frozen=True)
class Link:
    """A cell of a table that leads to a section of the report; ``anchor`` is the id of the section."""

    text: str
    anchor: str


@dataclass(frozen=True)
class State:
    """A cell of a table that shows a state: ``ok``, ``warn``, ``fail``, ``error`` or ``skipped``."""

    status: str


@dataclass(frozen=True)
class Rows:
    """A table of rows under named columns."""

    title: str
    columns: Tuple[str, ...]
    rows: Tuple[Tuple[Any, ...], ...]
    folded: bool = False


@dataclass(frozen=True)
class Series:
    """One curve of a plot, with an optional band ``lower`` .. ``upper``; ``thin`` for what is only a guide.

    ``style`` names the classes of its line: ``s0`` (grey) to ``s4`` a colour, ``w`` or ``t`` a wide or a thin one, ``d`` or ``dd``
    dashes or dots; empty for one by its place in the plot, which differs in more than the colour.
    """

    name: str
    label: str
    x: Numbers
    y: Numbers
    lower: Optional[Numbers] = None
    upper: Optional[Numbers] = None
    thin: bool = False
    style: str = ""


@dataclass(frozen=True)
class Plot:
    """Curves over common axes.

    ``as_resolution``: x is a frequency in 1/Å, or with ``squared`` its square, and its ticks are written in Å. ``levels`` are horizontal
    lines and ``marks`` vertical ones, each (value, label); the last mark is the one that counts. ``rings`` are points of curves, each
    (x, y, label). ``y_range`` None is taken from the data; ``filled`` draws the area under the first curve, ``log_y`` counts on a scale of
    powers of ten. It is drawn 430 units wide, or 540 when ``wide``, and ``height`` high, 0 for the usual height.
    """

    title: str
    series: Tuple[Series, ...]
    x_label: str
    y_label: str
    as_resolution: bool = False
    levels: Tuple[Tuple[float, str], ...] = ()
    marks: Tuple[Tuple[float, str], ...] = ()
    y_range: Optional[Tuple[float, float]] = None
    filled: bool = False
    log_y: bool = False
    squared: bool = False
    rings: Tuple[Tuple[float, float, str], ...] = ()
    wide: bool = False
    height: float = 0.0


@dataclass(frozen=True)
class Picture:
    """One PNG picture; ``alt`` says what it shows for those who cannot see it."""

    png: bytes
    alt: str
    label: str


@dataclass(frozen=True)
class Pictures:
    """Pictures side by side under one caption."""

    title: str
    pictures: Tuple[Picture, ...]
    caption: str = ""


@dataclass(frozen=True)
class Bar:
    """A scale of colours with the histogram of the values above it and their 5-95 % bracket below.

    ``counts`` are even steps of the scale from ``low`` to ``high``, which is even in the logarithm when ``log`` is set; a ``unit`` stands
    at the first tick. ``ticks`` are values with their words, round numbers when there are none.
    """

    title: str
    unit: str
    low: float
    high: float
    log: bool = False
    counts: Tuple[float, ...] = ()
    bracket: Optional[Tuple[float, float]] = None
    caption: str = ""
    ticks: Tuple[Tuple[float, str], ...] = ()


@dataclass(frozen=True)
class Colouring:
    """Values on a surface, on the scale of a bar: ``codes`` has one byte a vertex, 0 (its low end) to 254 (its high end), 255 where there
    is no value."""

    label: str
    bar: Bar
    codes: bytes


@dataclass(frozen=True)
class Surface:
    """A mesh to turn, with a picture of its first view for paper and for pages without scripts.

    ``vertices`` holds three uint16 a vertex, x, y and z over :data:`PLACES` of the longest of ``extent``, which is 1; ``quads`` four
    vertices each, uint16; both little-endian. ``reach`` is half the width and half the height of the first view.
    """

    title: str
    vertices: bytes
    quads: bytes
    n_vertices: int
    n_quads: int
    extent: Tuple[float, float, float]
    reach: Tuple[float, float]
    colourings: Tuple[Colouring, ...]
    picture: Picture
    caption: str = ""


@dataclass(frozen=True)
class Estimate:
    """One resolution (Å) on the axis of all: ``name`` and, smaller, what it is read from; ``low`` .. ``high`` where it has a range.

    ``group`` is one of :data:`GROUPS`; ``kind`` is ``headline``, ``reported`` or nothing.
    """

    group: str
    name: str
    note: str
    value: float
    low: Optional[float] = None
    high: Optional[float] = None
    kind: str = ""


GROUPS = {"answer": "The answer, and what was reported", "halves": "Half-maps, other criteria: other questions, so other values",
          "model": "Map and model", "local": "Local methods: median, bar 5–95 % of the mask"}


@dataclass(frozen=True)
class Strip:
    """All estimates of a run on one axis, even in 1/Å, by group."""

    title: str
    estimates: Tuple[Estimate, ...]


@dataclass(frozen=True)
class Percentiles:
    """Where values lie in an archive: (label, percentile 0 to 100, words) from worse at the left to better at the right."""

    title: str
    rows: Tuple[Tuple[str, float, str], ...]
    ends: Tuple[str, str, str] = ("worse", "median", "better")
    caption: str = ""


@dataclass(frozen=True)
class Track:
    """One line of values, one a residue, with its name before and a number behind it."""

    name: str
    values: Numbers
    words: str


@dataclass(frozen=True)
class Tracks:
    """Lines of values one above the other on one range, with grid lines at ``levels``."""

    title: str
    tracks: Tuple[Track, ...]
    y_range: Tuple[float, float]
    levels: Tuple[float, ...] = ()
    caption: str = ""


@dataclass(frozen=True)
class Band:
    """One line of states (``ok``, ``warn``, ``fail``, or None for none), one a residue, with its name before and words behind it."""

    name: str
    states: Sequence[Optional[str]]
    words: str


@dataclass(frozen=True)
class Bands:
    """Lines of states one above the other; ``words`` are what each state means, from best to worst."""

    title: str
    bands: Tuple[Band, ...]
    words: Tuple[Tuple[str, str], ...]
    caption: str = ""


@dataclass(frozen=True)
class KeyRow:
    """One fact with its state (``ok``, ``warn``, ``fail`` or ``skipped``), its value, a short note, and the anchor it leads to."""

    status: str
    label: str
    value: str
    note: str = ""
    anchor: str = ""


@dataclass(frozen=True)
class KeyRows:
    """Facts one below the other."""

    title: str
    rows: Tuple[KeyRow, ...]


Block = Union[Text, Values, Rows, Plot, Pictures, Surface, Bar, Strip, Percentiles, Tracks, Bands, KeyRows]


@dataclass(frozen=True)
class Card:
    """What stands open under a question: blocks below a title, ``width`` of 12 columns; of ``rank`` the smallest come first."""

    title: str
    blocks: Tuple[Block, ...]
    width: int = 6
    rank: int = 50


def show(value: Any) -> str:
    """A value as text, rounded for reading."""
    if value is None:
        return "–"
    if isinstance(value, Link):
        return value.text
    if isinstance(value, State):
        return {"ok": "ok", "warn": "look", "fail": "problem", "error": "not done"}.get(value.status, "not asked")
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        if value == int(value) and abs(value) < 1e7:
            return str(int(value))
        return f"{value:.0f}" if 1e4 <= abs(value) < 1e7 else f"{value:.4g}"
    if isinstance(value, (list, tuple)):
        return ", ".join(show(v) for v in value)
    return str(value)


def better_words(better: str) -> str:
    """The sense of a value in words, empty when there is none."""
    if better.startswith("target:"):
        return f"best near {better[7:]}"
    return {"lower": "lower is better", "higher": "higher is better"}.get(better, "")
