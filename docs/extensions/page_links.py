"""What makes the pages read alike on GitHub and as a site.

On GitHub a page is named by its file, ```fsc <capabilities/fsc.rst>`_``, and a citation by a label that is its own. Sphinx knows neither:
here such links become links of the site, with a warning for one that leads nowhere, and the citations of a page footnotes of that page.
"""
import re

from docutils import nodes
from sphinx import addnodes
from sphinx.transforms import SphinxTransform

_DEFINITION = re.compile(r"^\.\. \[([A-Za-z]\w*)\] +(https?://\S+)$", re.M)


class PageLinks(SphinxTransform):
    """Links to ``.rst`` files become references to the page; links to the folder of a page's own kind become links to its index."""

    default_priority = 5

    def apply(self, **_):
        for link in list(self.document.findall(nodes.reference)):
            target = link.get("refuri", "")
            if re.match(r"[a-z]+:", target) or not (target.endswith(".rst") or target.endswith("capabilities")):
                continue
            target = re.sub("^docs/", "", target)              # of a page beside this folder that is shown in it
            page = target[:-len(".rst")] if target.endswith(".rst") else target + "/index"
            found = addnodes.pending_xref(link.rawsource, nodes.inline("", link.astext()), refdoc=self.env.docname, refdomain="std",
                                          reftype="doc", reftarget=page, refexplicit=True, refwarn=True)
            found.source, found.line = link.source, link.line
            link.replace_self(found)
        for name in list(self.document.findall(nodes.target)):                # `text <page.rst>`_ also makes a name, which is not used
            if name.get("refuri", "").endswith(".rst"):
                name.parent.remove(name)


def cite_by_link(app, docname, source):
    """``[Chen2013]_`` becomes a link to what the page's ``.. [Chen2013] https://doi.org/...`` names: labels stand on many pages."""
    where = dict(_DEFINITION.findall(source[0]))
    if where:
        text = _DEFINITION.sub(r"* `\1: \2 <\2>`__", source[0])
        source[0] = re.sub(r"\[([A-Za-z]\w*)\]_(?!\w)", lambda m: f"`[{m[1]}] <{where[m[1]]}>`__" if m[1] in where else m[0], text)


def setup(app):
    app.add_transform(PageLinks)
    app.connect("source-read", cite_by_link)
    return {"version": "1", "parallel_read_safe": True}
