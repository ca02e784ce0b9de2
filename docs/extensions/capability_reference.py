"""The reference of the capabilities, written from what they declare: one text for form, command, Python and these pages.

``.. capability-pages::`` lists the pages of the capabilities by family, ``.. capability-reference::`` all methods of an open Study with
their parameters and the fields of their results.
"""
import re

from docutils import nodes
from docutils.parsers.rst import Directive
from docutils.statemachine import StringList

from cryoqa_plugin import api, params, results
from cryoqa_plugin.registry import CAPABILITIES, FAMILIES, resolve

ROLES = {"metric": "Values", "curve": "Curves", "table": "Tables", "map": "Maps", "maps": "Lists of maps", "model": "Models",
         "file": "Files"}


def _plain(text):
    """Text in which nothing is markup but literals."""
    parts = re.split(r"(``[^`]+``)", text)
    return "".join(p if p.startswith("``") else re.sub(r"([\\*|`_])", r"\\\1", p) for p in parts)


def _families():
    for title in dict.fromkeys(FAMILIES.values()):
        yield title, [row for row in CAPABILITIES if FAMILIES[row.family] == title]


def _title(text, line):
    return [text, line * len(text), ""]


def pages_lines():
    """A table of contents for each family."""
    for title, rows in _families():
        yield from _title(title, "-")
        yield from [".. toctree::", "   :maxdepth: 1", ""]
        yield from (f"   {row.id.replace('_', '-')}: {row.title} <{row.id}>" for row in rows)
        yield ""


def reference_lines():
    """The methods, with parameters and results."""
    for title, rows in _families():
        yield from _title(title, "-")
        for row in rows:
            yield from _method_lines(row)


def _method_lines(row):
    name, made = api.method_name(row), resolve(row.result)
    specs = params.specs(resolve(row.params))
    given = "".join(f"{s.name}={s.default!r}, " for s in specs)
    yield from _title(name, "^")
    yield f".. py:method:: OpenStudy.{name}(*, {given}threads=0, progress=silent)"
    yield from ["", f"   {_plain(row.title)}; explained in :doc:`capabilities/{row.id}`.", ""]
    for s in specs:
        kind = "one of " + ", ".join(s.choices) if s.choices else s.type.__name__ + (" or None" if s.optional else "")
        yield f"   :param {s.name}: {_plain(s.help)} *{_plain(kind + (', ' + s.unit if s.unit else ''))}*"
    yield from [f"   :rtype: {row.camel}Result", "", f".. py:class:: {row.camel}Result", ""]
    for role, heading in ROLES.items():
        fields = results.declared(made, role)
        if fields:
            yield from [f"   .. rubric:: {heading}", ""]
        for field, info in fields.items():
            yield f"   ``{field}``" + (f" ({_plain(info['unit'])})" if info.get("unit") else "")
            yield from [f"      {_plain(info['meaning'])}", ""]


class _FromLines(Directive):
    """What ``lines`` gives, as if it stood on the page."""

    def run(self):
        source = self.state.document.settings.env.doc2path(self.state.document.settings.env.docname)
        where = nodes.section()
        where.document = self.state.document
        self.state.nested_parse(StringList(list(type(self).lines()), source=source), self.content_offset, where, match_titles=1)
        return where.children


class CapabilityPages(_FromLines):
    """Pages by family."""

    lines = staticmethod(pages_lines)


class CapabilityReference(_FromLines):
    """Methods and results by family."""

    lines = staticmethod(reference_lines)


def setup(app):
    app.add_directive("capability-pages", CapabilityPages)
    app.add_directive("capability-reference", CapabilityReference)
    return {"version": "1", "parallel_read_safe": True}
