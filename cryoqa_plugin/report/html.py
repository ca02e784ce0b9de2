"""The report as one HTML page that needs nothing else."""
from __future__ import annotations

import base64
import os
from typing import Any

from .. import __version__
from .blocks import Pictures, Plot, Rows, Text, Value, Values, better_words, show
from .content import PROVENANCE_COLUMNS, WORDS, Report
from .svg import plot_svg

_TEMPLATES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "templates")
_KINDS = {Text: "text", Values: "values", Rows: "rows", Plot: "plot", Pictures: "pictures"}


def page(report: Report) -> str:
    """The page as text; everything that comes from files or users is escaped by the template."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup
    environment = Environment(loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
                              lstrip_blocks=True)
    environment.filters.update(show=show, sense=_sense, kind=lambda block: _KINDS[type(block)], svg=lambda p: Markup(plot_svg(p)),
                               data_url=lambda png: "data:image/png;base64," + base64.b64encode(png).decode("ascii"),
                               is_number=lambda v: isinstance(v, (int, float)) and not isinstance(v, bool))
    return environment.get_template("report.html").render(
        report=report, words=WORDS, style=Markup(_text("report.css")), script=Markup(_text("report.js")), version=__version__,
        provenance_columns=PROVENANCE_COLUMNS)


def _sense(value: Value) -> str:
    return better_words(value.better)


def _text(name: str) -> Any:
    with open(os.path.join(_TEMPLATES, name), encoding="utf-8") as stream:
        return stream.read()
