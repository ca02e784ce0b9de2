"""EMRinger."""
from __future__ import annotations

from typing import List

from .. import residue_tracks
from ..blocks import Block, Card
from ..draw import curves, split_values, tables
from ..section import Results, Section

_FIRST = ("emringer_score", "emringer_error", "max_z", "best_threshold", "rotameric_fraction", "residues_counted", "residues_scanned",
          "at_built")
_CURVES = ("rotameric_by_threshold", "counted_by_threshold")


def render(results: Results) -> List[Block]:
    """The score against the threshold, values, chains."""
    document = results["emringer"]
    plots = curves(document, ("z_by_threshold",)) + curves(document, _CURVES, title="Peaks above a threshold")
    return plots + split_values(document, _FIRST) + tables(document, skip=("residues",))


def cards(results: Results) -> List[Card]:
    """The part of rotameric peaks along the chains."""
    title = "Side chains at rotamers along the chains (EMRinger)"
    lines = residue_tracks.lines(results["emringer"], "rotameric nearby", title=title, y_range=(0.0, 105.0), levels=(54.0,),
                                 said=f"{results['emringer']['summary']} Drawn is the part of the peaks within 10 residues, in %.")
    return [Card(title, tuple(lines), 7, 15)] if lines else []


SECTION = Section(
    id="emringer", title="Side chains (EMRinger)", order=68, asks="model", capability="emringer",
    how_to_read="The first atom of each side chain is turned about its bond, and the density there is highest at a rotamer when the "
                "backbone is right and the map shows side chains. By chance 54 % would be; a model that was built well has a score above 1 "
                "to some 4 Å. Stretches that fall to 54 % are places where the backbone may be out of place.",
    render=render, cards=cards)
