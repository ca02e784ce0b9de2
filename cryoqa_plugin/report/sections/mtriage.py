"""Resolution in several senses, after phenix.mtriage."""
from __future__ import annotations

from typing import List

from ..blocks import Block
from ..draw import curves, names_with, resolution_marks, split_values, tables
from ..section import Results, Section


def render(results: Results) -> List[Block]:
    """Curves, resolutions, histograms and tables of ``mtriage``."""
    document = results["mtriage"]
    names = list(document["curves"])
    histograms = [n for n in names if "histogram" in n]
    model = [n for n in names if "model" in n and n not in histograms]
    halves = [n for n in names if n.startswith("fsc") and n not in model]
    rest = [n for n in names if n not in histograms + model + halves]
    out = curves(document, halves, title="FSC of the half-maps", marks=resolution_marks(document, *_first(document, "d_fsc")))
    out += curves(document, model, title="FSC of map and model", marks=resolution_marks(document, *_first(document, "d_fsc_model")))
    out += tables(document) + split_values(document, names_with(document, "d_", "d99", "b_iso"))
    return out + curves(document, rest) + curves(document, histograms, title="Histogram of the densities", filled=True)


def _first(document: object, prefix: str) -> List[str]:
    """The one or two metrics that the plot marks."""
    found = [n for n in names_with(document, prefix) if ("model" in n) == ("model" in prefix)]
    return [n for n in found if n.endswith(("0143", "05"))][:2] if prefix.endswith("model") else \
        [n for n in found if n.endswith("0143")][:1]


SECTION = Section(
    id="mtriage", title="Resolution in several senses", order=60, question="Do the map, its halves and the model agree on the resolution?",
    capability="mtriage",
    how_to_read="d99 tells how much detail the map carries, d_FSC what the half-maps reproduce, d_model how sharp the model's own map "
                "must be to match, d_FSC_model how far map and model agree. They should be close: a d99 far below d_FSC means a map "
                "sharpened into noise or coloured by a mask, a d_FSC_model far above d_FSC a model that does not explain the map.",
    render=render)
