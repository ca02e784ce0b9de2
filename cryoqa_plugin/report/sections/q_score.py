"""Q-scores: along the chains, among archive entries, and by part of the model."""
from __future__ import annotations

from typing import Any, List, Mapping

from .. import archive_bars, residue_tracks
from ..blocks import Block, Card, Text
from ..draw import curves, split_values, tables
from ..section import Results, Section

_FIRST = ("q_mean", "q_median", "q_expected", "q_low", "q_high", "q_percentile", "q_percentile_near", "q_backbone", "q_side", "sigma",
          "resolution", "atoms_scored")


def render(results: Results) -> List[Block]:
    """Parts of the model, chains and ligands, values, histogram, density around the atoms."""
    document = results["q_score"]
    out = tables(document, skip=("archive", "residues"))
    out += curves(document, ("histogram",), title="Residues by their Q", filled=True)
    out += curves(document, ("profile", "profile_expected"), title="Mean density around the atoms")
    return out + split_values(document, _FIRST) + [Text("The Q of all residues is in the table 'residues' of the saved result.")]


def cards(results: Results) -> List[Card]:
    """Q of the residues along each chain, and where its mean stands in the archive."""
    document = results["q_score"]
    worst = residue_tracks.worst_named(document, "q")
    blocks = residue_tracks.lines(document, "q", title="Q along the chains", y_range=(0.0, 1.0), levels=(0.4, 0.7),
                                  said=_said(document) + (f" Lowest: {worst}." if worst else ""))
    ranks = archive_bars.ranked(document)
    bars = archive_bars.bars("Q among archive entries", ranks, f"Mean Q {ranks[0][1]:.2f}. Entries of June 2025, as EMDB's program va "
                             "lists them; those of similar resolution are within 0.5 Å.") if ranks else None
    shown = (*blocks, *([bars] if bars else []))
    return [Card("Q along the chains" if blocks else "Q among archive entries", shown, 7, 11)] if shown else []


def _said(document: Mapping[str, Any]) -> str:
    known = {n: m["value"] for n, m in document["metrics"].items()}
    if known.get("q_mean") is None:
        return ""
    mean = f"Mean {known['q_mean']:.2f}"
    if known.get("q_expected") is None:
        return mean + "."
    return f"{mean}; {known['q_expected']:.2f} is expected at {known['resolution']:.2f} Å ({known['q_low']:.2f} to {known['q_high']:.2f})."


SECTION = Section(
    id="q_score", title="Q-score", order=68, asks="model", capability="q_score",
    how_to_read="Q is the correlation of the density around an atom with a narrow Gaussian: near 1 the atom stands alone, near 0 its "
                "density is not its own; models at 3.5 Å have about 0.4. Compare it with what is expected at the resolution, and residues "
                "with each other: a dip is a place that is blurred, or built wrong. Judge a ligand beside all that lies around it. The "
                "curve of the mean density shows how far the map is from resolving atoms.",
    render=render, cards=cards)
