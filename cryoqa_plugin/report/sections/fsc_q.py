"""Support of each atom by the half-maps."""
from __future__ import annotations

from typing import Any, List, Mapping

from .. import residue_tracks
from ..blocks import Block, Card, Tracks
from ..draw import split_values, tables
from ..section import Results, Section

_FIRST = ("delta_median", "residues_unexplained", "unexplained", "overfitted", "cc_model", "cc_map", "fsc_q_median", "fsc_q_mean",
          "fsc_q_above", "fsc_q_below", "fsc_qr_high")
_LEVELS, _RANGE = (-0.15, 0.0, 0.15), (-0.4, 0.2)


def render(results: Results) -> List[Block]:
    """Chains and values."""
    document = results["fsc_q"]
    return tables(document, skip=("residues",)) + split_values(document, _FIRST)


def cards(results: Results) -> List[Card]:
    """What the residues lack, along the chains."""
    document = results["fsc_q"]
    if document["metrics"]["delta_median"]["value"] is None:
        return []
    drawn = residue_tracks.lines(document, "delta", title="Agreement with the map, less what the half-maps allow", y_range=_RANGE,
                                 levels=_LEVELS, said=_said(document))
    return [Card(t.title, (t,), 7, 13) for t in drawn if isinstance(t, Tracks)]


def _said(document: Mapping[str, Any]) -> str:
    worst = residue_tracks.worst_named(document, "delta")
    return f"0: as well as the half-maps allow. Lowest: {worst}." if worst else ""


SECTION = Section(
    id="fsc_q", title="Support of the atoms", order=69, asks="model", capability="fsc_q",
    how_to_read="From the half-maps follows how well the right model would correlate with the map at each place; what the model "
                "lacks is drawn. About 0: nothing better can be built there. Well below 0: the map shows something else than the model. "
                "Above 0.15: the atoms follow noise. It says little where there is no density: the right correlation is about 0 there as "
                "well. FSC-Q asks the same as a difference of local resolutions; above 0 the model agrees to a coarser resolution than the "
                "half-maps.",
    render=render, cards=cards)
