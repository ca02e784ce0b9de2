"""The geometry of a model."""
from __future__ import annotations

from typing import List

from .. import residue_tracks
from ..blocks import Block, Card, Rows
from ..draw import split_values, tables
from ..section import Results, Section

_FIRST = ("mirrored", "duplicate_atoms", "atoms_together", "chirality_wrong", "chain_breaks", "bonds_far_percent", "twisted_peptides",
          "cis_peptides", "cis_prolines", "clashes", "clashes_per_1000", "worst_overlap", "ca_percent")
_SHOWN = 30                                      # findings; all are in the saved result
_STATES = (("well", "ok"), ("look", "warn"), ("wrong", "fail"))


def render(results: Results) -> List[Block]:
    """The gravest findings, values, chains."""
    document = results["model_geometry"]
    found = document["tables"].get("findings", {"columns": (), "rows": ()})
    worst: List[Block] = []
    if found["rows"]:
        title = f"The gravest of {len(found['rows'])} findings" if len(found["rows"]) > _SHOWN else "Findings"
        worst = [Rows(title, tuple(found["columns"]), tuple(tuple(row) for row in found["rows"][:_SHOWN]))]
    return worst + split_values(document, _FIRST) + tables(document, skip=("residues", "findings"))


def cards(results: Results) -> List[Card]:
    """Where along the chains something is unusual."""
    document = results["model_geometry"]
    title = "Geometry along the chains"
    bands = residue_tracks.bands(document, "state", title=title, said=document["summary"], kinds=_STATES)
    return [Card(title, tuple(bands), 7, 17)] if bands else []


SECTION = Section(
    id="model_geometry", title="Geometry of the model", order=72, asks="model", capability="model_geometry",
    how_to_read="A model that was refined well has no atoms on top of each other, no chiral centre that is wrong, hardly a twisted or cis "
                "peptide away from proline, and fewer than five clashes per 1,000 atoms. Single ones are places to look at in the map; "
                "whole stretches were built without density, or never refined.",
    render=render, cards=cards)
