"""The report on paper: head, questions with their cards, references; curves as vectors, and all values where they are asked for."""
from __future__ import annotations

import io
from contextlib import contextmanager
from typing import Any, Iterator, List, Sequence
from xml.sax.saxutils import escape

from reportlab import rl_config
from reportlab.lib.pagesizes import A4
from reportlab.platypus import BaseDocTemplate, Flowable, Frame, KeepTogether, PageTemplate, Spacer, Table

from .. import __version__
from . import pdf_draw
from .blocks import Rows, State
from .content import PROVENANCE_COLUMNS, Question, Report
from .pdf_blocks import card, keys, parts_of, rows_of, table
from .pdf_flow import GAP, Cards, Marked, Stack
from .pdf_style import ACCENT, FOOT, HEIGHT, INK, MARGIN, SOFT, STATES, WIDTH, Paper, colour, paper, plain

_ASKED, _REFERENCES, _APPENDIX = "asked", "references", "all"
_ENDLESS = 10 ** 6


def pages(report: Report, appendix: bool = False) -> bytes:
    """The PDF file.

    Parameters
    ----------
    report
        Made by :func:`cryoqa_plugin.report.content.compose`.
    appendix
        Add all values, all checks, the checksums of the inputs, and how each part was made.

    Returns
    -------
    bytes
        The same for the same report.
    """
    made = paper(frozenset([q.id for q in report.questions] + ([_ASKED] if report.missing else [])))
    stream = io.BytesIO()
    document = BaseDocTemplate(stream, pagesize=A4, title=f"{report.title} - cryoqa", author=f"cryoqa {__version__}", invariant=1)
    frame = Frame(MARGIN, FOOT, WIDTH, HEIGHT, id="page", leftPadding=0, rightPadding=0, topPadding=0, bottomPadding=0)

    def foot(canvas: Any, doc: Any) -> None:
        canvas.setFont(made.regular, 7)
        canvas.setFillColor(colour(SOFT))
        canvas.drawString(MARGIN, 0.9 * FOOT - 14, f"cryoqa {__version__}: {report.title}"[:90])
        canvas.drawRightString(A4[0] - MARGIN, 0.9 * FOOT - 14, f"page {canvas.getPageNumber()}")

    document.addPageTemplates(PageTemplate(id="all", frames=[frame], onPage=foot))
    story = _head(report, made)
    for question in report.questions:
        story += _question(question, made)
    story += _not_asked(report, made) + _references(report, made)
    with _binary_streams():
        document.build(story + (_appendix(report, made) if appendix else []))
    return stream.getvalue()


@contextmanager
def _binary_streams() -> Iterator[None]:
    """Streams as bytes: to write them in ASCII costs reportlab more time than all the rest, and a quarter of the size."""
    kept, rl_config.useA85 = rl_config.useA85, 0
    try:
        yield
    finally:
        rl_config.useA85 = kept


def _head(report: Report, made: Paper) -> List[Flowable]:
    """Title, verdict, arguments; surface and FSC beside the key numbers."""
    facts = "  ·  ".join(f'{escape(n)} <font color="{INK}">{plain(v)}</font>' for n, v in report.facts)
    verdict: List[Flowable] = [made.text(report.verdict, "verdict")] + ([made.text(report.sub, "facts")] if report.sub else [])
    for one in report.arguments:
        claim = f"<b>{made.link(one.claim + '.', one.anchor)}</b> {plain(one.text)}"
        verdict.append(Marked(one.status, made.rich(claim), anchor="", heading=""))
    verdict += [made.rich(f"<b>{plain(title)}: not done.</b> {plain(error)}") for title, error in report.errors]
    out: List[Flowable] = [made.text(report.title, "title"), made.rich(facts, "facts"), Spacer(0, 4),
                           Cards([Stack(verdict, accent=STATES[report.status])], [1.0])]
    return out + _three(report, made)


def _three(report: Report, made: Paper) -> List[Flowable]:
    """Surface, FSC and key numbers side by side; what is missing leaves its place to the others."""
    every = ((0.28, report.surface, _where), (0.38, report.fsc, _fsc), (0.34, report.keys, _keys))
    chosen = [(part, make) for part, there, make in every if there]
    total = sum(part for part, _ in chosen)
    room = WIDTH - GAP * (len(chosen) - 1)
    stacks = [Stack(make(report, room * part / total - 14, made)) for part, make in chosen]
    return [Cards(stacks, [part / total for part, _ in chosen])] if stacks else []


def _where(report: Report, width: float, made: Paper) -> List[Flowable]:
    assert report.surface is not None
    return [made.text("Where", "card"), Spacer(0, 3), *parts_of(report.surface, width, made, False)]


def _fsc(report: Report, width: float, made: Paper) -> List[Flowable]:
    assert report.fsc is not None
    return [made.text("How good: FSC of the half-maps", "card"), pdf_draw.plot(report.fsc, width, made)]


def _keys(report: Report, width: float, made: Paper) -> List[Flowable]:
    return [made.text("Key numbers", "card"), Spacer(0, 2), keys(report.keys, width, made, 45.0)]


def _heading(status: str, title: str, anchor: str, answer: str, made: Paper) -> Marked:
    words = f'<font name="{made.bold}" size="11">{plain(title)}</font>&nbsp;&nbsp; {plain(answer)}'
    return Marked(status, made.rich(words, "question"), 10.5, 1.6, anchor, title)


def _question(question: Question, made: Paper) -> List[Flowable]:
    """A question with its answer and its first cards on one sheet, where they fit on one."""
    head: List[Flowable] = [_heading(question.status, question.title, question.id, question.answer, made)]
    head += [Marked("warn", made.text(note)) for note in question.notes]
    head += [Spacer(0, 3)] if question.notes else []
    lines: List[Flowable] = []
    for row in rows_of(question.cards):
        total = max(12, sum(c.width for c in row))
        room = WIDTH - GAP * (len(row) - 1)
        lines.append(Cards([card(c, room * c.width / total, made) for c in row], [c.width / total for c in row]))
    return [KeepTogether(head + lines[:1]), *lines[1:]]


def _not_asked(report: Report, made: Paper) -> List[Flowable]:
    """What was not asked, in three columns, and what the marks mean."""
    out: List[Flowable] = []
    if report.missing:
        n = len(report.missing)
        said = f"{n} more thing{'s' if n > 1 else ''} to ask cryoqa."
        cells: List[Any] = [made.rich(f'{plain(title)}<br/><font size="6.2">{plain(command)}</font><br/>'
                                      f'<font size="6.2" color="{SOFT}">{plain(needs)}</font>', "key")
                            for title, command, needs in report.missing]
        lines = [cells[i:i + 3] + [""] * (3 - len(cells[i:i + 3])) for i in range(0, len(cells), 3)]
        style = [("VALIGN", (0, 0), (-1, -1), "TOP"), ("LEFTPADDING", (0, 0), (-1, -1), 0), ("TOPPADDING", (0, 0), (-1, -1), 2),
                 ("BOTTOMPADDING", (0, 0), (-1, -1), 2)]
        grid = Table(lines, colWidths=[(WIDTH - 14) / 3] * 3, style=style)
        out.append(KeepTogether([_heading("skipped", "What was not asked?", _ASKED, said, made), Cards([Stack([grid])], [1.0])]))
    words = (("ok", "the check is met"), ("warn", "look at it and decide"), ("fail", "a problem: what was given cannot be right as it is"),
             ("skipped", "not asked, or nothing to check"))
    return out + [Table([[Marked(s, made.text(t, "note"), 7.5, 0.6) for s, t in words]], colWidths=[96, 110, 196, WIDTH - 402],
                        style=[("LEFTPADDING", (0, 0), (-1, -1), 0), ("VALIGN", (0, 0), (-1, -1), "TOP")])]


def _references(report: Report, made: Paper) -> List[Flowable]:
    if not report.references:
        return []
    out: List[Flowable] = [_heading("", "References", _REFERENCES, "", made)]
    for i, one in enumerate(report.references, 1):
        link = f' <link href="{escape(one.url)}" color="{ACCENT}">{escape(one.url)}</link>' if one.url else ""
        out.append(made.rich(f"{i}. {plain(one.text)}{link}", "small"))
    return out


def _appendix(report: Report, made: Paper) -> List[Flowable]:
    """All values, all checks, the inputs, and how each part was made."""
    def long(columns: Sequence[str], rows: Sequence[Sequence[Any]], *parts: float) -> List[Flowable]:
        return table(columns, rows, WIDTH, made, _ENDLESS, parts)

    checks = [(State(f.status), f"{f.title}. {f.advice}" if f.status in ("warn", "fail") and f.advice else f.title, f.shown or "–", f.limit)
              for f in report.findings]
    out: List[Flowable] = [_heading("", "All values", _APPENDIX, f"{len(report.values)} values; the same stand in report.json.", made)]
    out += long(("Meaning", "Value", "Part", "Name"), report.values, 0.5, 0.17, 0.13, 0.2)
    out += [_heading("", "All checks", "checks", f"{len(checks)} checks; the limits help the eye, they prove nothing.", made)]
    out += long(("", "Check", "Value", "Limit"), checks, 0.03, 0.53, 0.22, 0.22)
    for block in report.files:
        out += [_heading("", "Inputs", "inputs", "", made)]
        out += long(block.columns, block.rows) if isinstance(block, Rows) else parts_of(block, WIDTH, made)
    out += [_heading("", "Cost and versions", "provenance", "", made)]
    same = [len({row[i] for row in report.provenance}) == 1 and len(report.provenance) > 1 for i in range(len(PROVENANCE_COLUMNS))]
    out += [made.rich(f"<b>{plain(name)}</b>: {plain(report.provenance[0][i])}", "cell")
            for i, name in enumerate(PROVENANCE_COLUMNS) if same[i]]
    kept = [i for i in range(len(same)) if not same[i]]
    return out + [Spacer(0, 4)] + long([PROVENANCE_COLUMNS[i] for i in kept], [[row[i] for i in kept] for row in report.provenance])
