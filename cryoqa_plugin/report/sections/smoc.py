"""Agreement of map and model along the chains."""
from __future__ import annotations

from typing import Any, List, Mapping

from .. import residue_tracks
from ..blocks import Block, Card, Tracks
from ..draw import split_values, tables
from ..section import Results, Section

_FIRST = ("centred_mean", "centred_low", "smoc_mean", "smocd_mean", "smoc_z_low", "smoc_better")
_LEVELS, _RANGE = (0.3, 0.6), (0.2, 0.9)


def render(results: Results) -> List[Block]:
    """Chains, ranks and values."""
    document = results["smoc"]
    empty = [n for n, t in document["tables"].items() if not t["rows"]]
    return tables(document, skip=("residues", *empty)) + split_values(document, _FIRST)


def cards(results: Results) -> List[Card]:
    """The correlation in windows along the chains."""
    document = results["smoc"]
    drawn = residue_tracks.lines(document, "centred", title="Correlation in windows along the chains", y_range=_RANGE, levels=_LEVELS,
                                 said=_said(document))
    return [Card(t.title, (t,), 7, 12) for t in drawn if isinstance(t, Tracks)]


def _said(document: Mapping[str, Any]) -> str:
    worst = residue_tracks.worst_named(document, "centred")
    mean, better = (document["metrics"][n]["value"] for n in ("smoc_mean", "smoc_better"))
    words = [f"Lowest: {worst}."] if worst else []
    if mean is not None:
        rank = f", higher than that of {better:.0f} % of the archive entries of similar resolution" if better is not None else ""
        words.append(f"Mean SMOC {mean:.2f}{rank}.")
    return " ".join(words)


SECTION = Section(
    id="smoc", title="Agreement along the chains", order=73, asks="model", capability="smoc",
    how_to_read="Each residue stands for a window of eleven. The correlation is that of the map and a model of simple Gaussian atoms, so "
                "that it is 0.6 to 0.7 where all is well. Dips below 0.3 are stretches that are out of density; a single wrong side "
                "chain does not show. SMOC is the same without the means taken off: it depends on the zero of the map, and serves to "
                "compare with other programs and with the archive.",
    render=render, cards=cards)
