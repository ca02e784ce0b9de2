"""Agreement of map and model along the chains."""
from __future__ import annotations

from typing import Any, List, Mapping

from .. import archive_bars, residue_tracks
from ..blocks import Block, Card
from ..draw import split_values, tables
from ..section import Results, Section

_FIRST = ("centred_mean", "centred_low", "centred_dips", "smoc_mean", "smocd_mean", "smoc_z_low", "smoc_better")
_LEVELS, _RANGE = (0.3, 0.6), (0.2, 0.9)


def render(results: Results) -> List[Block]:
    """Chains, ranks and values."""
    document = results["smoc"]
    return tables(document, skip=("archive", "residues")) + split_values(document, _FIRST)


def cards(results: Results) -> List[Card]:
    """The correlation in windows along the chains, and where the mean SMOC stands in the archive."""
    document = results["smoc"]
    drawn = residue_tracks.lines(document, "centred", title="Correlation in windows along the chains", y_range=_RANGE, levels=_LEVELS,
                                 said=_said(document))
    ranks = archive_bars.ranked(document)
    bars = archive_bars.bars("SMOC among archive entries", ranks, f"Mean SMOC {ranks[0][1]:.2f}. Entries by CCP-EM's Pipeliner 1.6.1, in "
                             "classes of resolutions rounded to whole Å.") if ranks else None
    shown = (*drawn, *([bars] if bars else []))
    return [Card("Agreement along the chains" if drawn else "SMOC among archive entries", shown, 7, 14)] if shown else []


def _said(document: Mapping[str, Any]) -> str:
    worst, mean = residue_tracks.worst_named(document, "centred"), document["metrics"]["centred_mean"]["value"]
    return " ".join(([f"Mean {mean:.2f}."] if mean is not None else []) + ([f"Lowest: {worst}."] if worst else []))


SECTION = Section(
    id="smoc", title="Agreement along the chains", order=73, asks="model", capability="smoc",
    how_to_read="Each residue stands for a window of eleven. The correlation is that of the map and a model of simple Gaussian atoms, so "
                "that it is 0.6 to 0.7 where all is well. Values below 0.3 are of stretches that are out of density, dips of places "
                "built wrong or blurred; a single wrong side chain does not show. SMOC is the same without the means taken off: it "
                "depends on the zero of the map, and serves to "
                "compare with other programs and with the archive.",
    render=render, cards=cards)
