"""The report as one HTML page that needs nothing else."""
from __future__ import annotations

import base64
import hashlib
import json
import os
import re
from functools import lru_cache
from typing import Any, Dict

from .. import __version__
from ..rounding import show_value
from . import svg
from .blocks import (PLACES, Bands, Bar, KeyRows, Link, Percentiles, Pictures, Plot, Rows, State, Strip, Surface, Text, Tracks, Value,
                     Values, better_words, show)
from .content import PROVENANCE_COLUMNS, WORDS, Report
from .scale import RAMP
from .strip import drawn
from .surface import packed

FAULTS = ("overfitting", "streaks from missing directions", "a wrong or a hard mask", "wrong hand", "wrong voxel size", "too sharp",
          "too blurred", "dust or noise inside", "model and map disagree", "something else")
_TEMPLATES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "templates")
_SCRIPTS = ("report.js", "page.js", "surface.js", "rating.js")
POLICY = "POLICY-OF-THE-PAGE"                               # until the hashes are known
_KINDS = {Text: "text", Values: "values", Rows: "rows", Plot: "plot", Pictures: "pictures", Surface: "surface", Bar: "bar", Strip: "strip",
          Percentiles: "percentiles", Tracks: "tracks", Bands: "bands", KeyRows: "keys"}


@lru_cache(maxsize=None)                                      # to compile the templates takes longer than to fill in a page
def environment() -> Any:
    """The templates of the report; what is put into them is escaped."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup
    out = Environment(loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
                      lstrip_blocks=True)
    out.filters.update(show=show, shown=lambda v: show_value(v.value, v.unit), sense=_sense, kind=lambda block: _KINDS[type(block)],
                       svg=lambda p: Markup(_svg(p)), strip=drawn,
                       legend=lambda p: Markup(svg.legend(p)), data_url=lambda png: "data:image/png;base64," + _base64(png), mesh=_mesh,
                       is_link=lambda v: isinstance(v, Link), is_state=lambda v: isinstance(v, State),
                       is_number=lambda v: isinstance(v, (int, float)) and not isinstance(v, bool))
    return out


def page(report: Report) -> str:
    """The page as text; everything that comes from files or users is escaped by the template."""
    from markupsafe import Markup
    return locked(environment().get_template("report.html").render(
        policy=POLICY, report=report, words=WORDS, ramp=RAMP, style=Markup(template_text("report.css")),
        script=Markup("".join(map(template_text, _SCRIPTS))), version=__version__, provenance_columns=PROVENANCE_COLUMNS,
        faults=FAULTS, about=_about(report)))


def locked(text: str) -> str:
    """A page that runs its own script, has its own style and loads nothing, and says so to the browser by their hashes.

    Attributes ``style``, which have no hash, become rules of the style sheet: were they allowed, those of an injected element were too.

    Parameters
    ----------
    text
        A page with :data:`POLICY` in the place of its Content-Security-Policy.
    """
    rules: Dict[str, int] = {}

    def named(found: Any) -> str:
        if text.rfind("<", 0, found.start()) < text.rfind(">", 0, found.start()):
            return str(found.group())                        # text, not of a tag
        return f' data-css="{rules.setdefault(found.group(1), len(rules))}"'

    text = re.sub(r' style="([^"<>]*)"', named, text)
    sheet = "".join('[data-css="%d"]{%s}' % (i, re.sub(";|$", "!important;", css.rstrip(";"))) for css, i in rules.items())
    text = text.replace("</style>", sheet + "</style>", 1)
    return text.replace(POLICY, f"default-src 'none'; img-src data:; style-src {_hashes(text, 'style')}; "
                        f"script-src {_hashes(text, 'script')}; base-uri 'none'; form-action 'none'", 1)


def _hashes(text: str, tag: str) -> str:
    """The SHA-256 of what stands in each element of a name, as a Content-Security-Policy has it."""
    found = re.findall(f"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
    return " ".join("'sha256-" + _base64(hashlib.sha256(one.encode("utf-8")).digest()) + "'" for one in found)


def _svg(block: Any) -> str:
    """SVG text of a plot, a colour bar, lines or bands along chains."""
    if isinstance(block, Plot):
        return svg.plot_svg(block)
    if isinstance(block, Bands):
        return svg.bands_svg(block)
    return svg.bar_svg(block) if isinstance(block, Bar) else svg.tracks_svg(block)


def _about(report: Report) -> str:
    """What a rating is about: it is kept under the contents of the files, so that a report of other files has its own."""
    content = json.dumps(sorted(report.inputs.items()))
    return json.dumps(dict(title=report.title, inputs=report.inputs, cryoqa=__version__,
                           key=hashlib.sha256(content.encode("utf-8")).hexdigest()[:16]), ensure_ascii=False)


def _mesh(block: Surface) -> str:
    """What the script of the page needs of a surface: its arrays, packed, and the colours."""
    return json.dumps(dict(n=block.n_vertices, q=block.n_quads, c=len(block.colourings), extent=block.extent, reach=block.reach,
                           places=PLACES, stops=RAMP, packed=_base64(packed(block))), separators=(",", ":"))


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _sense(value: Value) -> str:
    return better_words(value.better)


def template_text(name: str) -> str:
    """The text of a file beside the templates."""
    with open(os.path.join(_TEMPLATES, name), encoding="utf-8") as stream:
        return stream.read()
