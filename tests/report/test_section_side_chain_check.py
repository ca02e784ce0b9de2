"""The section on the sequence and the side chains of the map."""
from __future__ import annotations

from cryoqa_plugin.report.blocks import Text
from cryoqa_plugin.report.sections.side_chain_check import SECTION


def _document(shifts=()):
    rows = [("A", str(n), "LEU", odds, "LEU", odds, 0.5, 0.01) for n, odds in ((1, 2.0), (2, -5.5), (4, 1.0), (5, None))]
    columns = ["chain", "number", "residue", "log-odds (nats)", "best", "best log-odds (nats)", "probability", "elsewhere"]
    tables = dict(residues=dict(columns=columns, meaning="scores", rows=rows), odds=dict(columns=columns, meaning="odds", rows=rows),
                  register_shifts=dict(columns=["chain", "from"], meaning="stretches", rows=list(shifts)))
    metrics = dict(temperature=dict(value=0.8, unit="", meaning="t", better="higher"))
    return dict(metrics=metrics, curves={}, tables=tables, summary="No residue is out of register.")


def test_log_odds_are_drawn_along_the_chain():
    card, = SECTION.cards({"side_chain_check": _document()})
    tracks, = card.blocks
    one, = tracks.tracks
    assert list(one.values) == [2.0, -5.5, None, 1.0, None] and one.name == "A"
    assert "No residue is out of register." in tracks.caption and "-5.5" in tracks.caption.replace("−", "-")


def test_without_protein_nothing_is_drawn():
    document = dict(_document(), tables={})
    assert SECTION.cards({"side_chain_check": document}) == []


def test_stretches_are_a_table_and_scores_of_residues_are_not():
    def titles(document):
        return [getattr(b, "title", "") for b in SECTION.render({"side_chain_check": document}) if not isinstance(b, Text)]

    assert len(titles(_document([("A", "3")]))) == len(titles(_document())) + 1
    assert "residues" in SECTION.render({"side_chain_check": _document()})[-1].text
