"""The section of the report of a model: zones along the chains, the first places, and a model without any."""
from __future__ import annotations

from cryoqa_plugin.report.blocks import Bands, Rows, Text
from cryoqa_plugin.report.sections.model_report import SECTION


def _document(flagged=3):
    zones = ["omit"] * min(flagged, 1) + ["caution"] * max(flagged - 1, 0) + ["trust"] * (40 - flagged)
    numbers = dict(trust=100 - 2.5 * flagged, caution=2.5 * max(flagged - 1, 0), omit=2.5 * min(flagged, 1), residues_judged=40,
                   places=flagged, residues_outside=0, clusters=0, largest_cluster=0.0, unexplained_words=None)
    rows = [["A", str(i + 1), "ALA", zone, "a reason" if zone != "trust" else "", 0.5] for i, zone in enumerate(zones)]
    places = [[i + 1, zones[i], f"Ala A {i + 1}", 1, "a reason", 1.0, 2.0, 3.0] for i in range(flagged)]
    columns = ["chain", "number", "residue", "zone", "reasons", "Q"]
    table = dict(columns=columns, units=[""] * 6, meanings=[""] * 6, rows=rows)
    return dict(metrics={n: dict(value=v, unit="", meaning=n, better="none") for n, v in numbers.items()}, curves={},
                tables=dict(residues=dict(table, meaning="residues"), zones=dict(table, meaning="zones"),
                            list=dict(columns=["place", "zone", "where", "residues", "why", "x (Å)", "y (Å)", "z (Å)"], rows=places,
                                      meaning="places"),
                            missing=dict(columns=["rule", "what it compares", "what is missing"], rows=[], meaning="missing"),
                            scores=dict(columns=["score"], rows=[["q-score"]], meaning="scores")))


def test_the_card_has_the_bands_and_the_first_places():
    card, = SECTION.cards({"model_report": _document(20)})
    bands, places = card.blocks
    assert isinstance(bands, Bands) and [b.states[:2] for b in bands.bands] == [("fail", "warn")]
    assert "Of 40 residues 50.0 % can be trusted, 47.5 % should be checked and 2.5 % left out." in bands.caption
    assert isinstance(places, Rows) and len(places.rows) == 12 and places.rows[0] == ("omit", "Ala A 1", "a reason")


def test_what_is_folded_away_has_all_places_and_the_scores_and_no_empty_table():
    blocks = SECTION.render({"model_report": _document(20)})
    assert [b.title for b in blocks if isinstance(b, Rows)] == ["Places to look at, worst first", "scores"]
    assert len(blocks[0].rows) == 20
    assert "places_coot.py" in blocks[-1].text and isinstance(blocks[-1], Text)


def test_a_model_without_places_has_bands_alone():
    card, = SECTION.cards({"model_report": _document(0)})
    assert len(card.blocks) == 1 and isinstance(card.blocks[0], Bands)
