"""Parts of a sheet of paper: marks of states, cards side by side, pictures that keep their palette."""
from __future__ import annotations

import hashlib
import io
import struct
from typing import Any, Iterator, List, Optional, Sequence, Tuple

from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfdoc
from reportlab.platypus import Flowable

from .pdf_style import HEIGHT, LINE, STATES, colour

GAP = 7.0                                        # between cards, in points
_PAD = 7.0
_TALL = 1e5


def draw_mark(canvas: Any, status: str, x: float, y: float, size: float) -> None:
    """The mark of a state with its lower left corner at a place: ring with tick, triangle, square with cross, dashed ring."""
    canvas.saveState()
    canvas.translate(x, y)
    canvas.scale(size / 16, -size / 16)
    canvas.translate(0, -16)
    shade = colour(STATES.get(status, STATES["skipped"]))
    canvas.setStrokeColor(shade)
    canvas.setFillColor(shade)
    canvas.setLineCap(1)
    canvas.setLineJoin(1)
    _GLYPHS.get(status, _not_asked)(canvas)
    canvas.restoreState()


def _lines(canvas: Any, width: float, *runs: Sequence[Tuple[float, float]]) -> None:
    canvas.setLineWidth(width)
    path = canvas.beginPath()
    for run in runs:
        path.moveTo(*run[0])
        for point in run[1:]:
            path.lineTo(*point)
    canvas.drawPath(path, stroke=1, fill=0)


def _ok(canvas: Any) -> None:
    canvas.setLineWidth(1.5)
    canvas.circle(8, 8, 7, stroke=1, fill=0)
    _lines(canvas, 1.7, ((4.8, 8.3), (7.1, 10.6), (11.3, 5.8)))


def _look(canvas: Any) -> None:
    path = canvas.beginPath()
    path.moveTo(8, 1.2)
    path.lineTo(15, 14.4)
    path.lineTo(1, 14.4)
    path.close()
    canvas.setLineWidth(1)
    canvas.drawPath(path, stroke=1, fill=1)
    canvas.setStrokeColor(colour("#ffffff"))
    _lines(canvas, 1.8, ((8, 5.8), (8, 10.2)), ((8, 12.1), (8, 12.6)))


def _problem(canvas: Any) -> None:
    canvas.roundRect(1, 1, 14, 14, 2.5, stroke=0, fill=1)
    canvas.setStrokeColor(colour("#ffffff"))
    _lines(canvas, 1.9, ((5, 5), (11, 11)), ((11, 5), (5, 11)))


def _not_asked(canvas: Any) -> None:
    canvas.setLineWidth(1.3)
    canvas.setLineCap(0)
    canvas.setDash(2.2, 2.2)
    canvas.circle(8, 8, 7, stroke=1, fill=0)
    canvas.setDash()
    _lines(canvas, 1.5, ((5.2, 8), (10.8, 8)))


_GLYPHS = {"ok": _ok, "warn": _look, "fail": _problem, "error": _problem, "skipped": _not_asked}


class Mark(Flowable):
    """The mark of a state in a cell of a table."""

    def __init__(self, status: str, size: float = 8.0) -> None:
        super().__init__()
        self.status, self.width, self.height = status, size, size

    def draw(self) -> None:
        """Called by reportlab."""
        draw_mark(self.canv, self.status, 0, 0, self.height)


class Marked(Flowable):
    """A paragraph after the mark of its state, if it has one.

    With an ``anchor`` it is a place that links lead to, with a ``heading`` it stands in the outline of the document.
    """

    def __init__(self, status: str, body: Flowable, size: float = 8.0, drop: float = 1.2, anchor: str = "", heading: str = "") -> None:
        super().__init__()
        self.status, self.body, self.size, self.drop, self.anchor, self.heading = status, body, size, drop, anchor, heading
        self.spaceBefore = 9 if heading else 2
        self.spaceAfter = 4 if heading else 0
        self.keepWithNext = 1 if heading else 0

    def wrap(self, width: float, height: float) -> Tuple[float, float]:
        """Called by reportlab."""
        self.indent = self.size + 5 if self.status else 0.0
        _, self.height = self.body.wrapOn(self.canv, width - self.indent, height)
        self.width = width
        return width, self.height

    def draw(self) -> None:
        """Called by reportlab."""
        if self.anchor:
            self.canv.bookmarkHorizontal(self.anchor, 0, self.height + 6)
        if self.heading:
            self.canv.addOutlineEntry(self.heading, self.anchor, 0, False)
        if self.status:
            draw_mark(self.canv, self.status, 0, self.height - self.size - self.drop, self.size)
        self.body.drawOn(self.canv, self.indent, 0)


class Stack(Flowable):
    """Parts one below the other; ``boxed`` draws a card around them, ``accent`` a stripe of that colour along its left side."""

    def __init__(self, parts: Sequence[Flowable], boxed: bool = True, accent: str = "") -> None:
        super().__init__()
        self.parts, self.boxed, self.accent = list(parts), boxed, accent
        self.pad = _PAD if boxed else 0.0

    def wrap(self, width: float, height: float) -> Tuple[float, float]:
        """Called by reportlab."""
        inner = width - 2 * self.pad - (4 if self.accent else 0)
        self.places: List[Tuple[Flowable, float]] = []
        used = after = 0.0
        for part in self.parts:
            used += max(after, part.getSpaceBefore()) if self.places else 0.0
            _, tall = part.wrapOn(self.canv, inner, _TALL)
            self.places.append((part, used + tall))
            used, after = used + tall, part.getSpaceAfter()
        self.width, self.height = width, used + 2 * self.pad
        return self.width, self.height

    def draw(self) -> None:
        """Called by reportlab."""
        if self.boxed:
            self.canv.setStrokeColor(colour(LINE))
            self.canv.setLineWidth(0.6)
            self.canv.roundRect(0, 0, self.width, self.height, 4, stroke=1, fill=0)
        left = self.pad
        if self.accent:
            self.canv.setFillColor(colour(self.accent))
            self.canv.roundRect(0, 0, 3.5, self.height, 1.5, stroke=0, fill=1)
            left += 4
        for part, down in self.places:
            middle = max(0.0, (self.width - left - self.pad - part.width) / 2) if isinstance(part, Png) else 0.0
            part.drawOn(self.canv, left + middle, self.height - self.pad - down)


class Cards(Flowable):
    """Cards side by side, of the same height; ``widths`` are parts of the width. What is taller than a page is drawn smaller."""

    spaceAfter = GAP

    def __init__(self, cards: Sequence[Stack], widths: Sequence[float]) -> None:
        super().__init__()
        self.cards, self.parts = list(cards), list(widths)

    def wrap(self, width: float, height: float) -> Tuple[float, float]:
        """Called by reportlab."""
        room = width - GAP * (len(self.cards) - 1)
        self.widths = [room * part for part in self.parts]
        tallest = max(card.wrapOn(self.canv, w, _TALL)[1] for card, w in zip(self.cards, self.widths))
        for card in self.cards:                  # the bottom of all is the same
            card.height = tallest
        self.shrink = min(1.0, (HEIGHT - 40) / tallest)
        self.width, self.height = width, tallest * self.shrink
        return self.width, self.height

    def draw(self) -> None:
        """Called by reportlab."""
        self.canv.scale(self.shrink, self.shrink)
        x = 0.0
        for card, width in zip(self.cards, self.widths):
            card.drawOn(self.canv, x, 0)
            x += width + GAP


class Png(Flowable):
    """A PNG, at most ``width`` wide and ``height`` high; where its kind allows it goes into the document as it is, without decoding."""

    def __init__(self, data: bytes, width: float, height: float) -> None:
        super().__init__()
        self.data = data
        columns, rows = struct.unpack(">2I", data[16:24])
        scale = min(width / columns, height / rows)
        self.width, self.height = columns * scale, rows * scale
        self.hAlign = "CENTER"

    def draw(self) -> None:
        """Called by reportlab."""
        image = _embedded(self.data)
        if image is None:
            self.canv.drawImage(ImageReader(io.BytesIO(self.data)), 0, 0, self.width, self.height, mask="auto")
            return
        if not self.canv.hasForm(image.name):
            self.canv._doc.addForm(image.name, image)
        self.canv.saveState()
        self.canv.scale(self.width, self.height)
        self.canv.doForm(image.name)
        self.canv.restoreState()


class _Embedded(pdfdoc.PDFImageXObject):         # type: ignore[misc]
    """An image of the document whose data are those of a PNG: its filter of lines is one of the format too."""

    def __init__(self, name: str, size: Tuple[int, int], space: Any, colors: int, data: bytes, clear: Optional[int]) -> None:
        self.name, self.width, self.height = name, size[0], size[1]
        self.space, self.colors, self.data, self.clear = space, colors, data, clear

    def format(self, document: Any) -> Any:
        """Called by reportlab when it writes the file."""
        stream = pdfdoc.PDFStream(content=self.data)
        line = pdfdoc.PDFDictionary(dict(Predictor=15, Colors=self.colors, BitsPerComponent=8, Columns=self.width))
        stream.dictionary.dict.update(Type=pdfdoc.PDFName("XObject"), Subtype=pdfdoc.PDFName("Image"), Width=self.width,
                                      Height=self.height, BitsPerComponent=8, ColorSpace=self.space, Filter=pdfdoc.PDFName("FlateDecode"),
                                      DecodeParms=line, Length=len(self.data), Interpolate=pdfdoc.PDFtrue)
        if self.clear is not None:
            stream.dictionary["Mask"] = pdfdoc.PDFArray([self.clear, self.clear])
        return stream.format(document)


def _embedded(png: bytes) -> Optional[_Embedded]:
    """The image of a PNG of 8 bits in grey, colours or with a palette, one colour of which may be clear; None for those of another kind."""
    width, height, bits, kind, _, _, interlaced = struct.unpack(">2I5B", png[16:29])
    chunks = list(_chunks(png))
    alpha = next((body for name, body in chunks if name == b"tRNS"), b"")
    clear = [i for i, a in enumerate(alpha) if a < 255]
    if bits != 8 or interlaced or kind not in (0, 2, 3) or alpha and (kind != 3 or len(clear) != 1 or alpha[clear[0]]):
        return None
    space: Any = pdfdoc.PDFName("DeviceGray" if kind == 0 else "DeviceRGB")
    if kind == 3:
        palette = next(body for name, body in chunks if name == b"PLTE")
        space = pdfdoc.PDFArray([pdfdoc.PDFName("Indexed"), space, len(palette) // 3 - 1, _Hex(palette)])
    data = b"".join(body for name, body in chunks if name == b"IDAT")
    return _Embedded("png-" + hashlib.sha256(png).hexdigest()[:32], (width, height), space, 3 if kind == 2 else 1, data,
                     clear[0] if clear else None)


class _Hex(pdfdoc.PDFObject):                    # type: ignore[misc]
    """Bytes as a string of hexadecimal digits."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def format(self, document: Any) -> bytes:
        """Called by reportlab when it writes the file."""
        return b"<" + self.data.hex().encode("ascii") + b">"


def _chunks(png: bytes) -> Iterator[Tuple[bytes, bytes]]:
    at = 8
    while at + 8 <= len(png):
        size = struct.unpack(">I", png[at:at + 4])[0]
        yield png[at + 4:at + 8], png[at + 8:at + 8 + size]
        at += 12 + size
