"""Map against model."""
from __future__ import annotations

from dataclasses import replace
from typing import Any, List, Mapping

from .. import residue_tracks
from ..blocks import Block, Card, Plot, Text, Tracks
from ..draw import curves, split_values, tables
from ..section import Results, Section

_FIRST = ("model_voxel_size", "model_shift", "model_operation", "cc_mask", "cc_volume", "cc_peaks", "cc_box",
          "cc_residues", "residues_low", "worst_chain", "cc_worst_chain", "inclusion_all", "inclusion_backbone", "guinier_correlation",
          "b_excess", "model_b_mean")
_LEVELS, _BOTTOM = (0.5, 0.8), 0.4
_ROOM = 2                                        # chains up to which the atoms above a contour stand below them


def render(results: Results) -> List[Block]:
    """Tables of chains and residues, values, atom inclusion, Guinier plots."""
    document = results["model_fit"]
    out = tables(document, skip=("residue_scores",))
    if not any(len(card.blocks) > 1 for card in cards(results)):
        out += _inclusion(document)
    out += curves(document, ("guinier_map", "guinier_model", "guinier_model_blurred"), title="Guinier plots of map and model")
    out += split_values(document, _FIRST)
    return out + [Text("The scores of all residues are in the table 'residue_scores' of the saved result.")]


def _contour(document: Mapping[str, Any]) -> List[Any]:
    metric = document["metrics"]["contour"]["value"]
    suggested = document["metrics"]["contour_suggested"]["value"]
    return [] if metric is None else [(metric, "suggested" if suggested else "contour")]


def cards(results: Results) -> List[Card]:
    """The correlation of the residues along each chain, and what it comes to."""
    document = results["model_fit"]
    means = {row[0]: row[3] for row in document["tables"]["chains"]["rows"]}
    drawn = residue_tracks.lines(document, "CC", title="Correlation along the chains", y_range=(_BOTTOM, 1.0), levels=_LEVELS,
                                 said=_said(document), table="residue_scores", of_chains=means, noun="correlation")
    return [Card(t.title, (t, *(_inclusion(document) if _short(t) else [])), 7, 11) for t in drawn if isinstance(t, Tracks)]


def _short(drawn: Tracks) -> bool:
    """Whether the atoms above a contour have room below the chains."""
    return len(drawn.tracks) <= _ROOM


def _inclusion(document: Mapping[str, Any]) -> List[Block]:
    plots = curves(document, ("curve_inclusion_all", "curve_inclusion_backbone"), title="Atoms above a contour level",
                   marks=_contour(document))
    labels = {"curve_inclusion_all": "all atoms", "curve_inclusion_backbone": "backbone"}
    return [replace(p, wide=True, series=tuple(replace(s, label=labels.get(s.name, s.label)) for s in p.series))
            if isinstance(p, Plot) else p for p in plots]


def _said(document: Mapping[str, Any]) -> str:
    """What the correlations come to, the lowest residues by name."""
    known = {n: m["value"] for n, m in document["metrics"].items()}
    table = document["tables"].get("worst_residues", {"columns": (), "rows": ()})
    place = {n: i for i, n in enumerate(table["columns"])}
    worst = ", ".join(f"{residue_tracks.named(*(row[place[n]] for n in ('residue', 'chain', 'number')))} ({row[place['CC']]:.2f})"
                      for row in table["rows"][:residue_tracks.NAMED] if row[place["CC"]] is not None)
    out = [f"{known['residues']} residues from left to right" + (f"; lowest: {worst}." if worst else ".")] if known.get("residues") else []
    low = known.get("residues_low")
    counts = [f"CC_mask {known['cc_mask']:.2f}"] if known.get("cc_mask") is not None else []
    counts += [f"median of the residues {known['cc_residues']:.2f}"] if known.get("cc_residues") is not None else []
    counts += ["no residue below 0.5" if low == 0 else f"{low:.1f} % of the residues below 0.5"] if low is not None else []
    out += [", ".join(counts) + "."] if counts else []
    if known.get("inclusion_all") is not None and known.get("inclusion_backbone") is not None:
        every, backbone = (_percent(known[n]) for n in ("inclusion_all", "inclusion_backbone"))
        out.append(f"Atoms above the contour: {every} (backbone {backbone}).")
    excess = known.get("b_excess")
    if excess is not None:
        out.append(f"The map is {'blurred' if excess >= 0 else 'sharper'} by {abs(excess):.0f} Å² {'more ' if excess >= 0 else ''}"
                   "than the model.")
    return " ".join(out)


def _percent(part: float) -> str:
    """A part as percent, never 100 for less."""
    return "100 %" if part >= 1 else f"{min(100 * part, 99.99):.2f} %" if part > 0.999 else f"{100 * part:.1f} %"


SECTION = Section(
    id="model_fit", title="Map against model", order=66, asks="model",
    capability="model_fit",
    how_to_read="CC_mask compares map and model where the model is, CC_peaks also where the map has density and the model nothing: well "
                "below CC_mask it speaks of parts that are not built. A model that fits is above 0.7, a wrong one below 0.5; noise, blur "
                "and wrong B-factors lower all. Dips along a chain are places to look at. At a good contour level nearly all atoms of the "
                "backbone lie inside, and the curve falls steeply behind it. The Guinier plots should run alike, apart from a slope: that "
                "is the B-factor between them.",
    render=render, cards=cards)
