"""Blocks of the report as parts of a sheet of paper."""
from __future__ import annotations

from typing import Any, Callable, Dict, List, Sequence, Tuple

from reportlab.platypus import Flowable, Spacer, Table

from ..rounding import show_value
from .blocks import (Bands, Bar, Card, KeyRow, KeyRows, Link, Percentiles, Pictures, Plot, Rows, State, Strip, Surface, Text, Tracks,
                     Values, better_words, show)
from . import pdf_draw
from .pdf_flow import Mark, Png, Stack
from .pdf_style import LINE, SOFT, WASH, Paper, colour, plain

_MOST_ROWS = 24                                  # of a table in a card; the page has them all
_TALLEST = 190.0                                 # a picture, in points
_PLAIN = [("VALIGN", (0, 0), (-1, -1), "TOP"), ("LEFTPADDING", (0, 0), (-1, -1), 0), ("RIGHTPADDING", (0, 0), (-1, -1), 4),
          ("TOPPADDING", (0, 0), (-1, -1), 1.5), ("BOTTOMPADDING", (0, 0), (-1, -1), 1.8)]
_RULED = _PLAIN + [("LINEBELOW", (0, 0), (-1, -2), 0.4, colour(LINE))]
_HEADED = _RULED + [("BACKGROUND", (0, 0), (-1, 0), colour(WASH))]


def card(one: Card, width: float, paper: Paper) -> Stack:
    """A card with its title; the title of its first block is not said twice."""
    inner = width - 14
    parts: List[Flowable] = [paper.text(one.title, "card"), Spacer(0, 3)] if one.title else []
    for i, block in enumerate(one.blocks):
        parts += parts_of(block, inner, paper, bool(i or block_title(block) != one.title))
    return Stack(parts)


def block_title(block: Any) -> str:
    """The title of a block, empty for what has none."""
    return str(getattr(block, "title", ""))


def parts_of(block: Any, width: float, paper: Paper, titled: bool = True) -> List[Flowable]:
    """What a block is on paper, for a column of a width in points."""
    made = _MAKERS[type(block)](block, width, paper)
    if not made:
        return []
    title, caption = block_title(block), getattr(block, "caption", "")
    head = [Spacer(0, 3), paper.text(title[:1].upper() + title[1:], "card"), Spacer(0, 2)] if titled and title else []
    return head + made + ([Spacer(0, 2), paper.text(caption, "note")] if caption else [])


def keys(rows: Sequence[KeyRow], width: float, paper: Paper, label: float = 52.0) -> Table:
    """Facts one below the other: mark, name, value in bold with its note below."""
    notes = [f'<br/><font size="6.2" color="{SOFT}">{plain(r.note)}</font>' if r.note else "" for r in rows]
    cells = [[Mark(r.status), paper.rich(paper.link(r.label, r.anchor), "key"), paper.rich(f"<b>{plain(r.value)}</b>{note}", "key")]
             for r, note in zip(rows, notes)]
    return Table(cells, colWidths=[14, label, width - 14 - label], style=_RULED)


def table(columns: Sequence[str], rows: Sequence[Sequence[Any]], width: float, paper: Paper, most: int = _MOST_ROWS,
          parts: Sequence[float] = ()) -> List[Flowable]:
    """A table as wide as it needs to be, or with columns that are ``parts`` of the width; of a long one the first rows, and how many more
    there are."""
    shown = list(rows)[:most]
    if not columns:
        return []
    numbers = [bool(shown) and all(isinstance(r[i], (int, float)) and not isinstance(r[i], bool) or r[i] is None for r in shown)
               for i in range(len(columns))]
    longest = [max([len(c)] + [2 if isinstance(r[i], State) else min(len(show(r[i])), 60) for r in shown]) + 2
               for i, c in enumerate(columns)]
    total = sum(longest)
    wide = [width * part for part in parts] or [width * n / total for n in longest] if total * 3.9 > width \
        else [n * 3.9 for n in longest]
    cells: List[List[Any]] = [[paper.rich(f"<b>{plain(c)}</b>", "number" if n else "cell") for c, n in zip(columns, numbers)]]
    cells += [[_cell(v, n, paper) for v, n in zip(row, numbers)] for row in shown]
    out: List[Flowable] = [Table(cells, colWidths=wide, style=_HEADED, repeatRows=1, hAlign="LEFT")]
    hidden = len(rows) - len(shown)
    return out + ([paper.text(f"{hidden} more rows in report.html", "note")] if hidden else [])


def _cell(value: Any, number: bool, paper: Paper) -> Flowable:
    if isinstance(value, State):
        return Mark(value.status, 7.0)
    if isinstance(value, Link):
        return paper.rich(paper.link(value.text, value.anchor), "cell")
    return paper.text(show(value), "number" if number else "cell")


def _values(block: Values, width: float, paper: Paper) -> List[Flowable]:
    rows = [(v.meaning + (f" ({better_words(v.better)})" if better_words(v.better) else ""), show_value(v.value, v.unit))
            for v in block.values]
    return table(("Meaning", "Value"), rows, width, paper)


def _pictures(block: Pictures, width: float, paper: Paper) -> List[Flowable]:
    """Pictures side by side with their names below; many in rows."""
    n = len(block.pictures)
    if not n:
        return []
    across = 2 if n == 4 and width < 330 else n if n <= 4 else 3 if n % 3 == 0 else 4
    edge = width / across
    lines: List[List[Any]] = []
    for start in range(0, n, across):
        some = block.pictures[start:start + across]
        blank = [""] * (across - len(some))
        lines.append([Png(p.png, edge - 5, _TALLEST) for p in some] + blank)
        lines.append([paper.text(p.label, "centre") for p in some] + blank)
    style = [("ALIGN", (0, 0), (-1, -1), "CENTER"), ("VALIGN", (0, 0), (-1, -1), "MIDDLE"), ("LEFTPADDING", (0, 0), (-1, -1), 0),
             ("RIGHTPADDING", (0, 0), (-1, -1), 0), ("TOPPADDING", (0, 0), (-1, -1), 1), ("BOTTOMPADDING", (0, 0), (-1, -1), 1)]
    return [Table(lines, colWidths=[edge] * across, style=style)]


def _still(block: Surface, width: float, paper: Paper) -> List[Flowable]:
    """The picture that stands in for a surface, with the scale of its colours."""
    out: List[Flowable] = [Png(block.picture.png, width, _TALLEST)]
    for colouring in block.colourings[:1]:
        out += parts_of(colouring.bar, width, paper, False)
    return out


Maker = Callable[[Any, float, Paper], List[Flowable]]
_MAKERS: Dict[type, Maker] = {
    Text: lambda b, width, paper: [paper.text(b.text)],
    Values: _values,
    Rows: lambda b, width, paper: table(b.columns, b.rows, width, paper),
    Plot: lambda b, width, paper: [pdf_draw.plot(b, width, paper)],
    Pictures: _pictures,
    Surface: _still,
    Bar: lambda b, width, paper: [pdf_draw.bar(b, width, paper)],
    Strip: lambda b, width, paper: [pdf_draw.strip(b, width, paper)],
    Percentiles: lambda b, width, paper: [pdf_draw.percentiles(b, width, paper)],
    Tracks: lambda b, width, paper: [pdf_draw.tracks(b, width, paper)],
    Bands: lambda b, width, paper: [pdf_draw.bands(b, width, paper)],
    KeyRows: lambda b, width, paper: [keys(b.rows, width, paper)] if b.rows else []}


def rows_of(cards: Sequence[Card]) -> List[Tuple[Card, ...]]:
    """Cards in rows of twelve columns."""
    out: List[List[Card]] = []
    used = 0
    for one in cards:
        if not out or used + one.width > 12:
            out.append([])
            used = 0
        out[-1].append(one)
        used += one.width
    return [tuple(row) for row in out]
