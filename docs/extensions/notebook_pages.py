"""Notebooks as pages: ``.. notebook:: notebooks/half_maps.ipynb`` shows the cells of one, and the pictures that they draw.

The outputs of a notebook are text. A code cell with ``"picture": "name.png"`` in its metadata ends in a figure, which ``make_gallery.py``
stores as ``pictures/name.png``. A text cell holds paragraphs, headings (``#``, ``##``) and literals, and no other markup.
"""
import os
import re

from docutils import nodes
from docutils.parsers.rst import Directive
from docutils.statemachine import StringList

from notebook_cells import read_cells


def page_lines(cells):
    """The cells as lines of reST."""
    for cell in cells:
        if cell.is_code:
            yield from [".. code-block:: python", "", *("   " + line for line in cell.text.splitlines()), ""]
            if cell.output:
                yield from [".. code-block:: text", "   :class: output", "", *("   " + line for line in cell.output.splitlines()), ""]
            if cell.picture:
                yield from [f".. image:: pictures/{cell.picture}", f"   :alt: what {cell.text.splitlines()[-1].split('(')[0]}() draws", ""]
        for line in [] if cell.is_code else cell.text.splitlines():
            heading = re.match(r"(#+) (.*)", line)
            if heading:
                yield from [heading[2], {1: "=", 2: "-"}[len(heading[1])] * len(heading[2]), ""]
            else:
                yield re.sub(r"`([^`]+)`", r"``\1``", line)
        yield ""


class Notebook(Directive):
    """The cells of the notebook that is named."""

    required_arguments = 1

    def run(self):
        env = self.state.document.settings.env
        path = os.path.join(env.srcdir, self.arguments[0])
        env.note_dependency(path)
        where = nodes.section()
        where.document = self.state.document
        self.state.nested_parse(StringList(list(page_lines(read_cells(path))), source=path), self.content_offset, where, match_titles=1)
        return where.children


def setup(app):
    app.add_directive("notebook", Notebook)
    return {"version": "1", "parallel_read_safe": True}
