"""The scores of residues on the chains of the model, to turn."""
from __future__ import annotations

from typing import List

from ..blocks import Block, Card
from ..section import Results, Section
from ..trace import trace


def render(results: Results) -> List[Block]:
    """Nothing but the card."""
    return []


def cards(results: Results) -> List[Card]:
    """The chains, coloured by each score that the run has."""
    if not any("scored_model" in document.get("models", {}) for document in results.documents.values()):
        return []
    made = trace(results)
    return [Card("", (made,), 5, 6)] if made else []


SECTION = Section(
    id="model_view", title="Scores on the model", order=60, asks="model",
    how_to_read="A red stretch is a place to look at in the map; a single red residue at the surface is often a side chain that moves. The "
                "score is chosen above the picture.",
    render=render, cards=cards)
