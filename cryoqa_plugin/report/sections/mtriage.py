"""Resolution in several senses, after phenix.mtriage."""
from __future__ import annotations

from typing import List

from ..blocks import Block
from ..draw import curves, paired, resolution_marks, tables, values
from ..section import Results, Section


def render(results: Results) -> List[Block]:
    """Curves, resolutions, histograms and tables of ``mtriage``."""
    document = results["mtriage"]
    names = list(document["curves"])
    histograms = [n for n in names if "histogram" in n]
    model = [n for n in names if "model" in n and n not in histograms]
    halves = [n for n in names if n.startswith("fsc") and n not in model]
    rest = [n for n in names if n not in histograms + model + halves]
    out = curves(document, halves, title="FSC of the half-maps", marks=resolution_marks(document, "d_fsc_unmasked", "d_fsc_masked"))
    out += curves(document, model, title="FSC of map and model",
                  marks=resolution_marks(document, *(f"d_fsc_model_05_{n}" for n in ("unmasked", "masked", "near"))))
    table, used = paired(document, "Values with and without the mask")
    out += table + values(document, [n for n in document["metrics"] if n not in used], title="Other values", folded=bool(used))
    out += tables(document)
    return out + curves(document, rest) + curves(document, histograms, title="Histogram of the densities", filled=True)


SECTION = Section(
    id="mtriage", title="Resolution in several senses", order=60, asks="model",
    capability="mtriage",
    how_to_read="d99 tells how much detail the map carries, d_FSC what the half-maps reproduce, d_model how sharp the model's own map "
                "must be to match, d_FSC_model how far map and model agree. They should be close: a d99 far below d_FSC means a map "
                "sharpened into noise or coloured by a mask, a d_FSC_model far above d_FSC a model that does not explain the map. The "
                "number near the model is the one to quote: density beside the model, of neighbours in a crop, is left out there.",
    render=render)
