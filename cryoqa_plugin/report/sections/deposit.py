"""An entry for EMDB: what would be sent back, its picture, and the numbers of the form."""
from __future__ import annotations

import os
from typing import List, Optional

from ..blocks import Block, Card, Picture, Pictures, Rows
from ..draw import curves, resolution_marks, split_values, tables
from ..section import Results, Section

_FIRST = ("ready", "sent_back_count", "resolution", "contour", "contour_halves", "bfactor", "primary_box", "origin_off", "voxel_off")
_BACK = "What would be sent back"
_NOTHING = (("nothing of what was checked", ""),)


def render(results: Results) -> List[Block]:
    """Every rule, the numbers of the form, curves and values."""
    document = results["deposit"]
    out = tables(document, skip=("sent_back",)) + split_values(document, _FIRST)
    return out + curves(document, marks=resolution_marks(document, "resolution"), title="FSC of the entry")


def cards(results: Results) -> List[Card]:
    """What would be sent back, and the picture of the entry."""
    document = results["deposit"]
    back = document["tables"].get("sent_back", {}).get("rows", [])
    rows = tuple(tuple(row) for row in back) or _NOTHING
    form = document["tables"]["form"]
    asked = tuple(tuple(row) for row in form["rows"] if not row[0].startswith("Label"))
    numbers = Rows("Numbers of the form", tuple(form["columns"]), asked)
    out = [Card(_BACK, (Rows(_BACK, ("what would be sent back", "what to do"), rows), numbers), 7, 2)]
    picture = _picture(results)
    return out + ([Card("Picture of the entry", (picture,), 5, 3)] if picture else [])


def _picture(results: Results) -> Optional[Pictures]:
    entry = results["deposit"].get("files", {}).get("image", {})
    path = os.path.join(results.folders["deposit"], entry.get("path", ""))
    if not os.path.isfile(path):
        return None
    with open(path, "rb") as stream:
        drawn = Picture(stream.read(), "Surface of the primary map at its contour level", "")
    return Pictures("Picture of the entry", (drawn,), "500 x 500 pixels, at the contour level.")


SECTION = Section(
    id="deposit", title="Entry for EMDB", order=20, asks="file", capability="deposit",
    how_to_read="The files that begin with emd_ are those to upload; deposition.txt has the numbers of the form. What would be sent back "
                "stands in the order of causes: put the first one right and run it again, before you look at the next.",
    render=render, cards=cards)
