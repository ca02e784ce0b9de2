"""How steady the residues of a model are."""
from __future__ import annotations

from typing import Any, List, Mapping

from .. import residue_tracks
from ..blocks import Block, Card, Text
from ..draw import split_values, tables
from ..section import Results, Section

_FIRST = ("steady", "residues_without", "residues_unsteady", "residues_moved", "sides_off", "residues_judged", "spread_median",
          "halves_median", "moved_median", "models_rmsd")
_TRACKS = (("spread", "Spread of the models along the chains (Å)", "spreads", (0.0, 1.0), (0.3, 0.6)),
           ("moved", "Distance from where residues were given (Å)", "distances", (0.0, 1.5), (0.6, 1.2)))


def render(results: Results) -> List[Block]:
    """Stretches that are not steady, chains, values."""
    document = results["model_stability"]
    where = "Spread, distances, density and verdict of all residues are in the table 'residues' of the saved result."
    return tables(document, skip=("residues",)) + split_values(document, _FIRST) + [Text(where)]


def cards(results: Results) -> List[Card]:
    """Spread and distance along each chain."""
    document = results["model_stability"]
    drawn: List[Block] = []
    for column, title, noun, y_range, levels in _TRACKS:
        worst = residue_tracks.worst_named(document, column, worse="higher")
        said = _said(document) if column == "spread" else ""
        drawn += residue_tracks.lines(document, column, title=title, y_range=y_range, levels=levels, worse="higher", noun=noun,
                                      said=" ".join(w for w in (said, f"Highest: {worst}." if worst else "") if w))
    return [Card("Stability along the chains", tuple(drawn), 7, 14)] if drawn else []


def _said(document: Mapping[str, Any]) -> str:
    known = {n: m["value"] for n, m in document["metrics"].items()}
    if known.get("undetermined_words"):
        return str(known["undetermined_words"])
    return f"Not steady: {known['off_words']}." if known.get("off_words") else ""


SECTION = Section(
    id="model_stability", title="Stability of the residues", order=72, asks="model", capability="model_stability",
    how_to_read="The model is shaken and moved into each half-map four times. The spread is how far the four models of a half-map come "
                "apart: 0.1 to 0.2 Å where the model is right and the map good, 0.4 Å and more where nothing holds it. What comes back to "
                "one place, but beside where it was given, has moved: there the model was wrong. Density is asked of the half-map to which "
                "the residue was not moved, so that a loop in noise has none. A side chain in the wrong place may be held there by its "
                "neighbours and look steady; look at its density too.",
    render=render, cards=cards)
