"""What of a model to trust: its zones along the chains, the places to look at, and the main numbers of all scores."""
from __future__ import annotations

from typing import Any, List, Mapping

from .. import residue_tracks
from ..blocks import Block, Card, Rows, Text
from ..draw import split_values, tables
from ..section import Results, Section

_FIRST = ("trust", "caution", "omit", "places", "residues_judged", "residues_outside", "clusters", "largest_cluster", "unexplained_words")
_SHOWN = 12                                      # places that stand open
_FILES = "The list of all places is beside the result as places.csv, as a script for Coot (places_coot.py) and for ChimeraX (places.cxc)."


def render(results: Results) -> List[Block]:
    """The places, the scores, density that is not explained, chains, values."""
    document = results["model_report"]
    out: List[Block] = []
    if document["tables"]["list"]["rows"]:
        out.append(_list(document, len(document["tables"]["list"]["rows"]), "Places to look at, worst first"))
    out += tables(document, skip=("residues", "zones", "list"))
    said = Text(f"{_FILES} The zones of all residues are in the table 'zones' of the saved result.")
    return out + split_values(document, _FIRST) + [said]


def cards(results: Results) -> List[Card]:
    """The zones along each chain, and the first places to look at."""
    document = results["model_report"]
    blocks = residue_tracks.bands(document, "zone", title="Zones along the chains", said=_said(document))
    if document["tables"].get("list", {"rows": ()})["rows"]:
        blocks.append(_list(document, _SHOWN, "First places to look at"))
    return [Card("What of the model to trust", tuple(blocks), 7, 5)] if blocks else []


def _list(document: Mapping[str, Any], number: int, title: str) -> Rows:
    """The first places of the list, without their coordinates."""
    rows = document["tables"]["list"]["rows"][:number]
    return Rows(title, ("zone", "where", "why"), tuple((r[1], r[2], r[4]) for r in rows), number > 30)


def _said(document: Mapping[str, Any]) -> str:
    known = {n: m["value"] for n, m in document["metrics"].items()}
    if known.get("trust") is None:
        return ""
    return (f"Of {known['residues_judged']} residues {known['trust']:.1f} % can be trusted, {known['caution']:.1f} % should be checked and "
            f"{known['omit']:.1f} % left out.")


SECTION = Section(
    id="model_report", title="What of the model to trust", order=64, asks="model", capability="model_report",
    how_to_read="A residue is in caution when one rule speaks against it, and in omit when there is no density at its backbone, its "
                "backbone does not follow it, or the sequence stands elsewhere. Of a right model some 3 to 6 % of the residues are in "
                "caution without being wrong: look at them, do not count them. Work through the list from the top; each place has its "
                "reason. "
                "Where the map itself shows too little, no model can be checked, whatever it is. Density that the model does not explain "
                "may be a ligand, a missing chain, or a neighbour that was left out on purpose.",
    render=render, cards=cards)
