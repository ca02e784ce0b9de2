"""Map against model."""
from __future__ import annotations

from typing import Any, Dict, List, Mapping, Optional, Tuple

from ..blocks import Block, Plot, Series, Text
from ..draw import curves, split_values, tables
from ..section import Results, Section

_FIRST = ("model_voxel_size", "model_shift", "model_operation", "residues_shifted", "cc_mask", "cc_volume", "cc_peaks", "cc_box",
          "cc_residues", "residues_low", "worst_chain", "cc_worst_chain", "inclusion_all", "inclusion_backbone", "guinier_correlation",
          "b_excess", "model_b_mean")
_CHAINS = 8                                      # plots of residues; the chains with the lowest correlation
_FEW, _FAR = 5, 50                               # residues at the end of a chain, that far behind the others, are not drawn


def render(results: Results) -> List[Block]:
    """Atom inclusion, correlations along the chains, Guinier plots, tables of chains and residues, values."""
    document = results["model_fit"]
    out = curves(document, ("curve_inclusion_all", "curve_inclusion_backbone"), title="Atom inclusion against contour level",
                 marks=_contour(document))
    out += tables(document, skip=("residue_scores",))
    out += _residues(document)
    out += curves(document, ("guinier_map", "guinier_model", "guinier_model_blurred"), title="Guinier plots of map and model")
    out += split_values(document, _FIRST)
    return out + [Text("The scores of all residues are in the table 'residue_scores' of the saved result.")]


def _contour(document: Mapping[str, Any]) -> List[Any]:
    metric = document["metrics"]["contour"]["value"]
    suggested = document["metrics"]["contour_suggested"]["value"]
    return [] if metric is None else [(metric, "suggested" if suggested else "contour")]


def _residues(document: Mapping[str, Any]) -> List[Block]:
    """A plot of the correlation of residues for each chain with more than one residue."""
    table = document["tables"]["residue_scores"]
    chain, number, cc = (list(table["columns"]).index(n) for n in ("chain", "number", "CC"))
    along: Dict[str, List[Any]] = {}
    for row in table["rows"]:
        along.setdefault(row[chain], []).append((row[number], row[cc]))
    mean = {row[0]: row[3] for row in document["tables"]["chains"]["rows"]}
    long = [name for name, rows in along.items() if len(rows) > 1]
    chosen = sorted(long, key=lambda n: 1.0 if mean.get(n) is None else mean[n])[:_CHAINS]
    out: List[Block] = []
    for name in (n for n in long if n in chosen):
        x, y, label = _line(along[name])
        lowest = min((v for v in y if v is not None), default=0.0)
        out.append(Plot(f"Correlation along chain {name}", (Series(f"cc_{name}", f"residues of chain {name}", x, y),), label, "CC",
                        levels=((0.5, "0.5"),), y_range=(min(0.0, lowest), 1.02)))
    if len(long) > len(chosen):
        out.append(Text(f"The model has {len(long)} chains; the {len(chosen)} with the lowest correlation are drawn."))
    return out


def _line(rows: List[Tuple[str, Optional[float]]]) -> Tuple[List[float], List[Optional[float]], str]:
    """Points of the plot of a chain: over the numbers of residues, broken where some are missing, or over their place in the chain."""
    try:
        numbers = [int(n) for n, _ in rows]
    except ValueError:                                       # an insertion code
        numbers = []
    if not numbers or any(b <= a for a, b in zip(numbers, numbers[1:])):
        return [float(i) for i in range(1, len(rows) + 1)], [v for _, v in rows], "Place of the residue in the chain"
    numbers = numbers[:_end(numbers)]
    x, y = [], []
    for last, n, (_, value) in zip(numbers[:1] + numbers, numbers, rows):
        if n > last + 1:
            x.append(last + 1.0)
            y.append(None)
        x.append(float(n))
        y.append(value)
    return x, y, "Number of the residue"


def _end(numbers: List[int]) -> int:
    """How many residues to draw: a few with numbers far behind the others, ligands mostly, would take all the room."""
    for i in range(max(1, len(numbers) - _FEW), len(numbers)):
        if numbers[i] - numbers[i - 1] > _FAR:
            return i
    return len(numbers)


SECTION = Section(
    id="model_fit", title="Map against model", order=66, asks="model",
    capability="model_fit",
    how_to_read="CC_mask compares map and model where the model is, CC_peaks also where the map has density and the model nothing: well "
                "below CC_mask it speaks of parts that are not built. A model that fits is above 0.7, a wrong one below 0.5; noise, blur "
                "and wrong B-factors lower all. Dips along a chain are places to look at. At a good contour level nearly all atoms of the "
                "backbone lie inside, and the curve falls steeply behind it. The Guinier plots should run alike, apart from a slope: that "
                "is the B-factor between them.",
    render=render)
