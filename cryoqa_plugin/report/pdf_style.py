"""Fonts, colours and styles of text of the report on paper."""
from __future__ import annotations

import importlib.util
import os
import sys
from dataclasses import dataclass
from typing import Any, Dict, FrozenSet, Tuple
from xml.sax.saxutils import escape

from reportlab.lib import colors, utils
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import cm
from reportlab.pdfbase import pdfdoc, pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import Paragraph

MARGIN, FOOT = 1.4 * cm, 1.5 * cm
WIDTH, HEIGHT = A4[0] - 2 * MARGIN, A4[1] - MARGIN - FOOT
STATES = {"ok": "#2b7a4b", "warn": "#9c5f00", "fail": "#b3261e", "error": "#b3261e", "skipped": "#727d8a"}
INK, SOFT, LINE, GRID, WASH, ACCENT, GREY = "#18202a", "#5a6572", "#dde3ea", "#e8ecf1", "#f4f6f8", "#1d5f9e", "#8b95a1"
_LONGEST = 900                                   # letters of a paragraph that cannot be split between pages


def _mend_for_old_python() -> None:
    """Recent versions of reportlab install under Python 3.8 but call md5 with an argument that it does not know."""
    for module in (pdfdoc, utils):
        plain = getattr(module, "md5", None)
        if plain is not None and sys.version_info < (3, 9):
            module.md5 = lambda data=b"", usedforsecurity=False, plain=plain: plain(data)


_mend_for_old_python()


@dataclass(frozen=True)
class Paper:
    """What every part of a document is written with: fonts, styles of text by name, and the ``anchors`` that links can lead to."""

    regular: str
    bold: str
    styles: Dict[str, ParagraphStyle]
    anchors: FrozenSet[str] = frozenset()

    def text(self, words: str, style: str = "body") -> Paragraph:
        """A paragraph of plain words; very long ones are cut."""
        return Paragraph(plain(words), self.styles[style])

    def rich(self, markup: str, style: str = "body") -> Paragraph:
        """A paragraph with marks of emphasis and links."""
        return Paragraph(markup, self.styles[style])

    def link(self, words: str, anchor: str) -> str:
        """Words, escaped, that lead to a heading of this document where there is one."""
        return f'<link href="#{escape(anchor)}">{plain(words)}</link>' if anchor in self.anchors else plain(words)


def plain(words: str) -> str:
    """Escaped text that fits on a page."""
    return escape(words if len(words) <= _LONGEST else words[:_LONGEST - 1] + "…")


def colour(text: str) -> Any:
    """A colour of the writer from ``#rrggbb``."""
    return colors.HexColor(text)


def paper(anchors: FrozenSet[str] = frozenset()) -> Paper:
    """Fonts and styles of a document."""
    regular, bold = _fonts()
    body = ParagraphStyle("body", splitLongWords=1)
    sizes: Dict[str, Tuple[str, float, float, str]] = {
        "body": (regular, 7.6, 10.2, INK), "title": (bold, 13, 16, INK), "facts": (regular, 7.2, 10, SOFT),
        "verdict": (bold, 11.5, 14.5, INK), "question": (regular, 8.4, 13, INK), "card": (bold, 7.8, 10, INK),
        "cell": (regular, 6.8, 8.6, INK), "key": (regular, 7.2, 8.8, INK), "note": (regular, 6.4, 8.2, SOFT),
        "small": (regular, 6.0, 7.6, SOFT)}
    styles = {name: ParagraphStyle(name, body, fontName=font, fontSize=size, leading=leading, textColor=colour(shade))
              for name, (font, size, leading, shade) in sizes.items()}
    styles["centre"] = ParagraphStyle("centre", styles["note"], alignment=1)
    styles["number"] = ParagraphStyle("number", styles["cell"], alignment=2)
    return Paper(regular, bold, styles, anchors)


def _fonts() -> Tuple[str, str]:
    """Names of a regular and a bold font with Greek and mathematical signs; they come with matplotlib, which is not loaded."""
    names = ("DejaVuSans", "DejaVuSans-Bold")
    if names[0] not in pdfmetrics.getRegisteredFontNames():
        package = importlib.util.find_spec("matplotlib")
        folder = os.path.join(os.path.dirname(package.origin), "mpl-data", "fonts", "ttf") if package and package.origin else ""
        if not os.path.isfile(os.path.join(folder, names[1] + ".ttf")):
            return "Helvetica", "Helvetica-Bold"
        for name in names:
            pdfmetrics.registerFont(TTFont(name, os.path.join(folder, name + ".ttf")))
        pdfmetrics.registerFontFamily(names[0], normal=names[0], bold=names[1], italic=names[0], boldItalic=names[1])
    return names
