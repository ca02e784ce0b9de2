"""What a section of the report is made of. Blocks hold plain content; the HTML and PDF writers decide how it looks."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Optional, Sequence, Tuple, Union

Numbers = Sequence[Optional[float]]
RAMP = ((49, 54, 149), (69, 160, 210), (150, 215, 150), (250, 215, 70), (200, 30, 40))      # colours of values from low to high


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
class Rows:
    """A table of rows under named columns."""

    title: str
    columns: Tuple[str, ...]
    rows: Tuple[Tuple[Any, ...], ...]
    folded: bool = False


@dataclass(frozen=True)
class Series:
    """One curve of a plot, with an optional band ``lower`` .. ``upper``; ``thin`` for what is only a guide."""

    name: str
    label: str
    x: Numbers
    y: Numbers
    lower: Optional[Numbers] = None
    upper: Optional[Numbers] = None
    thin: bool = False


@dataclass(frozen=True)
class Plot:
    """Curves over common axes.

    ``as_resolution``: x is a frequency in 1/Å and its ticks are written in Å. ``levels`` are horizontal lines and ``marks``
    vertical ones, each (value, label). ``y_range`` None is taken from the data; ``filled`` draws the area under a single curve, ``log_y``
    counts on a scale of powers of ten.
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
class Colouring:
    """Values on a surface: ``codes`` has one byte a vertex, 0 (``low``) to 254 (``high``), 255 where there is no value."""

    label: str
    unit: str
    low: float
    high: float
    codes: bytes


@dataclass(frozen=True)
class Surface:
    """A mesh to turn, for the page only: paper has the pictures beside it.

    ``vertices`` holds three uint16 a vertex, x, y and z over 65535 of the longest of ``extent``, which is 1; ``quads`` four vertices each,
    uint16, or uint32 when there are more than 65535 vertices; both little-endian.
    """

    title: str
    vertices: bytes
    quads: bytes
    n_vertices: int
    n_quads: int
    extent: Tuple[float, float, float]
    colourings: Tuple[Colouring, ...]
    caption: str = ""


Block = Union[Text, Values, Rows, Plot, Pictures, Surface]


def show(value: Any) -> str:
    """A value as text, rounded for reading."""
    if value is None:
        return "–"
    if isinstance(value, Link):
        return value.text
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
