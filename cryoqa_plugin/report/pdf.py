"""The report as PDF: the content of the page, with curves as vectors, a contents list with links and page numbers."""
from __future__ import annotations

import importlib.util
import io
import os
import sys
from typing import Any, Dict, List, Sequence
from xml.sax.saxutils import escape

from reportlab.graphics import shapes
from reportlab.lib import colors, utils
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import cm
from reportlab.pdfbase import pdfdoc, pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import BaseDocTemplate, Frame, Image, KeepTogether, PageTemplate, Paragraph, Table

from .. import __version__
from .blocks import Link, Pictures, Plot, Rows, Text, Values, better_words, show
from .content import WORDS, Question, Report
from .scene import FONT, layout

_MARGIN = 2 * cm
_WIDTH = A4[0] - 2 * _MARGIN
_COLOURS = {"ok": "#1a7f4b", "warn": "#a35f00", "fail": "#b3261e", "error": "#b3261e", "skipped": "#66707d"}
_GRID = [("LINEBELOW", (0, 0), (-1, -1), 0.4, colors.HexColor("#d9dee5")), ("VALIGN", (0, 0), (-1, -1), "TOP"),
         ("BACKGROUND", (0, 0), (-1, 0), colors.HexColor("#f4f6f9")), ("LEFTPADDING", (0, 0), (-1, -1), 3),
         ("RIGHTPADDING", (0, 0), (-1, -1), 3), ("TOPPADDING", (0, 0), (-1, -1), 1.5), ("BOTTOMPADDING", (0, 0), (-1, -1), 2.5)]


def _mend_for_old_python() -> None:
    """Recent versions of reportlab install under Python 3.8 but call md5 with an argument that it does not know."""
    for module in (pdfdoc, utils):
        plain = getattr(module, "md5", None)
        if plain is not None and sys.version_info < (3, 9):
            module.md5 = lambda data=b"", usedforsecurity=False, plain=plain: plain(data)


_mend_for_old_python()


def pages(report: Report) -> bytes:
    """The PDF file."""
    regular, bold = _fonts()
    styles = _styles(regular, bold)
    stream = io.BytesIO()
    document = _Document(stream, pagesize=A4, title=f"{report.title} - cryoqa", author=f"cryoqa {__version__}", invariant=1,
                         leftMargin=_MARGIN, rightMargin=_MARGIN, topMargin=_MARGIN, bottomMargin=_MARGIN)
    document.prepare(report.title, regular)
    document.multiBuild(_story(report, styles))
    return stream.getvalue()


class _Document(BaseDocTemplate):
    """Notes headings for the contents, writes the foot of the pages."""

    def prepare(self, title: str, font: str) -> None:
        frame = Frame(self.leftMargin, self.bottomMargin, self.width, self.height, id="page", leftPadding=0, rightPadding=0)

        def foot(canvas: Any, doc: Any) -> None:
            canvas.setFont(font, 8)
            canvas.setFillColor(colors.HexColor("#5a6472"))
            canvas.drawString(_MARGIN, 1.2 * cm, f"cryoqa {__version__}: {title}"[:90])
            canvas.drawRightString(A4[0] - _MARGIN, 1.2 * cm, f"page {canvas.getPageNumber()}")

        self.addPageTemplates(PageTemplate(id="all", frames=[frame], onPage=foot))

    def afterFlowable(self, flowable: Any) -> None:
        """Called by reportlab after each element is placed."""
        anchor = getattr(flowable, "anchor", None)
        if anchor:
            self.canv.bookmarkPage(anchor)
            self.canv.addOutlineEntry(flowable.heading, anchor, 0, False)
            self.notify("TOCEntry", (0, escape(flowable.heading), self.page, anchor))


def _fonts() -> Sequence[str]:
    """Names of a regular and a bold font with Greek and mathematical signs; they come with matplotlib, which is not loaded."""
    names = ("DejaVuSans", "DejaVuSans-Bold")
    if names[0] not in pdfmetrics.getRegisteredFontNames():
        package = importlib.util.find_spec("matplotlib")
        folder = os.path.join(os.path.dirname(package.origin), "mpl-data", "fonts", "ttf") if package else ""
        if not os.path.isfile(os.path.join(folder, names[1] + ".ttf")):
            return "Helvetica", "Helvetica-Bold"
        for name in names:
            pdfmetrics.registerFont(TTFont(name, os.path.join(folder, name + ".ttf")))
        pdfmetrics.registerFontFamily(names[0], normal=names[0], bold=names[1], italic=names[0], boldItalic=names[1])
    return names


def _styles(regular: str, bold: str) -> Dict[str, ParagraphStyle]:
    body = ParagraphStyle("body", fontName=regular, fontSize=9, leading=12.5, spaceAfter=3)
    faint = colors.HexColor("#5a6472")
    return {"body": body,
            "title": ParagraphStyle("title", body, fontName=bold, fontSize=17, leading=21, spaceAfter=5),
            "h2": ParagraphStyle("h2", body, fontName=bold, fontSize=13, leading=16, spaceBefore=14, spaceAfter=4, keepWithNext=1),
            "h3": ParagraphStyle("h3", body, fontName=bold, fontSize=9.5, spaceBefore=7, spaceAfter=3, keepWithNext=1),
            "bold": ParagraphStyle("bold", body, fontName=bold),
            "faint": ParagraphStyle("faint", body, fontSize=8, leading=11, textColor=faint),
            "cell": ParagraphStyle("cell", body, fontSize=7.5, leading=9.5, spaceAfter=0, splitLongWords=1),
            "small": ParagraphStyle("small", body, fontSize=6, leading=7.5, spaceAfter=0, splitLongWords=1),
            "number": ParagraphStyle("number", body, fontSize=7.5, leading=9.5, spaceAfter=0, alignment=2),
            "centre": ParagraphStyle("centre", body, fontSize=7.5, leading=9.5, alignment=1, textColor=faint),
            "toc": ParagraphStyle("toc", body, leading=14)}


def _story(report: Report, styles: Dict[str, ParagraphStyle]) -> List[Any]:
    story: List[Any] = [Paragraph(escape(report.title), styles["title"]),
                        Paragraph("  ·  ".join(f"{escape(n)}: <b>{escape(v)}</b>" for n, v in report.facts), styles["body"]),
                        Paragraph(f"{_badge(report.status)} <b>{escape(report.verdict)}</b>", styles["body"]),
                        Paragraph(escape(report.sub), styles["faint"])]
    story += [Paragraph(f"{_badge(a.status)} <b>{escape(a.claim)}.</b> {escape(a.text)}", styles["body"]) for a in report.arguments]
    story += [Paragraph(f"<b>{escape(t)}: not done.</b> {escape(e)}", styles["body"]) for t, e in report.errors]
    story.append(_rows(("", "Key number", "Value", "From"), [(WORDS[k.status], k.label, k.value, k.note) for k in report.keys], styles))
    if report.fsc:
        story += _block(report.fsc, styles)
    for question in report.questions:
        story += _question(question, styles)
    if report.missing:
        story.append(_heading("What was not asked?", "asked", styles))
        story.append(_rows(("", "Command", ""), report.missing, styles))
    if report.references:
        story.append(_heading("References", "references", styles))
        links = [f'<link href="{escape(r.url)}" color="#0b57a4">{escape(r.url)}</link>' if r.url else "" for r in report.references]
        story += [Paragraph(f"{i}. {escape(r.text)} {link}", styles["faint"])
                  for i, (r, link) in enumerate(zip(report.references, links), 1)]
    return story


def _heading(text: str, anchor: str, styles: Dict[str, ParagraphStyle], badge: str = "") -> Paragraph:
    out = Paragraph(escape(text) + badge, styles["h2"])
    out.anchor, out.heading = anchor, text
    return out


def _badge(status: str) -> str:
    return f'<font color="{_COLOURS[status]}"><b>[{WORDS[status]}]</b></font>'


def _question(question: Question, styles: Dict[str, ParagraphStyle]) -> List[Any]:
    out: List[Any] = [_heading(question.title, question.id, styles, "  " + _badge(question.status)),
                      Paragraph(escape(question.answer), styles["bold"])]
    out += [Paragraph(f"Note: {escape(t)}", styles["body"]) for t in question.notes]
    for card in question.cards:
        out.append(Paragraph(escape(card.title), styles["h3"]))
        for block in card.blocks:
            out += _block(block, styles)
    return out


def _block(block: Any, styles: Dict[str, ParagraphStyle]) -> List[Any]:
    if isinstance(block, Text):
        return [Paragraph(escape(block.text), styles["body"])]
    title = Paragraph(escape(block.title[:1].upper() + block.title[1:]), styles["h3"])
    if isinstance(block, Plot):
        return [KeepTogether([title, _plot(block)])]
    if isinstance(block, Pictures):
        return [KeepTogether([title, _pictures(block, styles), Paragraph(escape(block.caption), styles["faint"])])]
    if isinstance(block, Values):
        return [title, _values(block, styles)]
    return [title, _rows(block.columns, block.rows, styles)] if isinstance(block, Rows) else []


def _values(block: Values, styles: Dict[str, ParagraphStyle]) -> Table:
    rows = [[Paragraph(f"<b>{t}</b>", styles["cell"]) for t in ("Value", "Unit", "Meaning", "Name")]]
    for v in block.values:
        sense = better_words(v.better)
        meaning = escape(v.meaning) + (f' <font color="#5a6472">({sense})</font>' if sense else "")
        rows.append([Paragraph(_cell(show(v.value)), styles["number"]), Paragraph(escape(v.unit), styles["cell"]),
                     Paragraph(meaning, styles["cell"]), Paragraph(_cell(v.name), styles["small"])])
    return Table(rows, colWidths=[_WIDTH * f for f in (0.16, 0.09, 0.5, 0.25)], style=_GRID, repeatRows=1)


def _rows(columns: Sequence[str], rows: Sequence[Sequence[Any]], styles: Dict[str, ParagraphStyle], style: str = "cell") -> Table:
    texts = [[show(v) for v in row] for row in rows]
    anchors = [[v.anchor if isinstance(v, Link) else "" for v in row] for row in rows]
    longest = [max([len(c)] + [min(len(t[i]), 60) for t in texts]) + 4 for i, c in enumerate(columns)]
    total = sum(longest)
    wide = [_WIDTH * n / total for n in longest] if total > 90 else [n * 5.2 for n in longest]
    cells = [[Paragraph(f"<b>{escape(c)}</b>", styles[style]) for c in columns]]
    cells += [[Paragraph(_linked(_cell(t), a), styles[style]) for t, a in zip(*row)] for row in zip(texts, anchors)]
    return Table(cells, colWidths=wide, style=_GRID, repeatRows=1, hAlign="LEFT")


def _linked(text: str, anchor: str) -> str:
    return f'<link href="#{escape(anchor)}" color="#0b57a4">{text}</link>' if anchor else text


def _cell(text: str) -> str:
    """Text of a cell; a row must fit on a page."""
    return escape(text if len(text) <= 600 else text[:599] + "…")


def _pictures(block: Pictures, styles: Dict[str, ParagraphStyle]) -> Table:
    edge = _WIDTH / len(block.pictures) - 8
    images = []
    for p in block.pictures:
        image = Image(io.BytesIO(p.png))
        scale = edge / max(image.imageWidth, image.imageHeight)
        image.drawWidth, image.drawHeight = image.imageWidth * scale, image.imageHeight * scale
        images.append(image)
    labels = [Paragraph(escape(p.label), styles["centre"]) for p in block.pictures]
    return Table([images, labels], colWidths=[_WIDTH / len(images)] * len(images), style=[("ALIGN", (0, 0), (-1, -1), "CENTER"),
                                                                                        ("VALIGN", (0, 0), (-1, -1), "MIDDLE")])


def _plot(plot: Plot) -> shapes.Drawing:
    """The scene of a plot as vectors; y grows upwards in PDF."""
    scene, (font, _) = layout(plot), _fonts()
    scale = min(1.0, _WIDTH / scene.width) * 0.74
    out = shapes.Drawing(scene.width * scale, scene.height * scale)
    group = shapes.Group(transform=(scale, 0, 0, scale, 0, 0))
    for area in scene.areas:
        if area.points:
            group.add(shapes.Polygon([c for x, y in area.points for c in (x, scene.height - y)], strokeColor=None,
                                     fillColor=colors.HexColor(area.colour), fillOpacity=area.opacity))
    for line in scene.lines:
        group.add(shapes.PolyLine([c for x, y in line.points for c in (x, scene.height - y)], strokeWidth=line.width,
                                  strokeColor=colors.HexColor(line.colour), strokeDashArray=list(line.dash) or None))
    for label in scene.labels:
        x, y = label.at[0], scene.height - label.at[1]
        text = shapes.String(0, 0, label.text, fontName=font, fontSize=FONT - 1, textAnchor=label.anchor,
                             fillColor=colors.HexColor(label.colour))
        turn = (0, 1, -1, 0, x, y) if label.turned else (1, 0, 0, 1, x, y)
        group.add(shapes.Group(text, transform=turn))
    out.add(group)
    return out
