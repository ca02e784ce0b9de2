"""The sequence against the side chains of the map."""
from __future__ import annotations

from typing import List

from .. import residue_tracks
from ..blocks import Block, Card, Text
from ..draw import split_values, tables
from ..section import Results, Section

_FIRST = ("temperature", "undetermined", "residues_shifted", "residues_unsure", "chains_foreign", "top3", "log_odds", "residues_scored",
          "bases_right", "bases_scored")
_LEVELS = (0.0, 2.0)


def render(results: Results) -> List[Block]:
    """Stretches out of register, chains, values."""
    document = results["side_chain_check"]
    out = tables(document, skip=("residues", "odds", "bases"))
    where = "The log-odds of all residues are in the tables 'residues' and 'odds' of the saved result."
    return out + split_values(document, _FIRST) + [Text(where)]


def cards(results: Results) -> List[Card]:
    """The log-odds of the types as built, along each chain."""
    document = results["side_chain_check"]
    title = "Side chains along the chains"
    said = f"Log-odds (nats) of the type as built: above 0 the map shows it rather than others. {document['summary']}"
    drawn = residue_tracks.lines(document, "log-odds", title=title, y_range=(-4.0, 4.0), levels=_LEVELS, said=said)
    return [Card(title, tuple(drawn), 7, 12)] if drawn else []


SECTION = Section(
    id="side_chain_check", title="Side chains against the sequence", order=68, asks="model", capability="side_chain_check",
    how_to_read="Every residue is compared with side chains of all 20 types on its backbone. One residue that fits badly is no error: in "
                "right models one in twenty prefers another type. A stretch that fits better some residues along the sequence is one, when "
                "its gain is 20 nats or more; what gains less is only unsure. Where the temperature is below 0.15 nothing is judged.",
    render=render, cards=cards)
