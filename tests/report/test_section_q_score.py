"""The section of the Q-score: chains, archive, parts of the model; and without an expected value."""
from __future__ import annotations

import pytest

from cryoqa_plugin.report.blocks import Percentiles, Plot, Rows, Tracks
from cryoqa_plugin.report.findings import Found
from cryoqa_plugin.report.keys import key_rows
from cryoqa_plugin.report.section import Results
from cryoqa_plugin.report.sections.q_score import SECTION
from cryoqa_plugin.study import archive, archive_scores


def _document(resolution):
    numbers = dict(q_mean=0.5, q_median=0.52, q_expected=0.521 if resolution else None, q_low=0.371, q_high=0.606, resolution=resolution)
    rows = [["A", str(i + 1), "ALA", "protein", 0.4 + 0.01 * i, None, None, 0.5, None] for i in range(12)]
    columns = ["chain", "number", "residue", "kind", "q", "backbone", "side", "q around", "expected"]
    axes = dict(x_label="Distance from the atom", x_unit="Å", y_label="Density", y_unit="")
    return dict(metrics={n: dict(value=v, unit="", meaning=n, better="none") for n, v in numbers.items()},
                curves=dict(histogram=dict(x=[0.1, 0.2], y=[40, 60], meaning="h", x_label="Q", x_unit="", y_label="Residues", y_unit="%"),
                            profile=dict(x=[0, 1, 2], y=[1, 0.5, 0], meaning="p", **axes),
                            profile_expected=dict(x=[0, 1, 2], y=[1, 0.1, 0], meaning="g", **axes)),
                tables=dict(residues=dict(columns=columns, meaning="residues", rows=rows),
                            classes=dict(columns=["class", "atoms", "mean Q", "median Q", "expected"], meaning="parts",
                                         rows=[["protein backbone", 48, 0.5, 0.5, None]]),
                            archive=dict(columns=list(archive.COLUMNS), meaning="archive",
                                         rows=[list(r) for r in archive_scores.rows((("q", 0.5),), resolution)])))


@pytest.mark.parametrize("resolution, bars", [(3.0, 2), (None, 1)])
def test_the_card_has_the_chains_and_the_archive(resolution, bars):
    card, = SECTION.cards({"q_score": _document(resolution)})
    track, ranks = card.blocks
    assert isinstance(track, Tracks) and len(track.tracks) == 1 and track.tracks[0].values[0] == 0.4
    assert "Lowest: Ala A 1 (0.40)" in track.caption and ("0.52 is expected at 3.00 Å" in track.caption) == bool(resolution)
    assert isinstance(ranks, Percentiles) and len(ranks.rows) == bars and ranks.rows[0][0].startswith("All entries, 25")
    assert "Mean Q 0.50" in ranks.caption


def test_what_is_folded_away_has_the_parts_and_both_curves_of_density_in_one_plot():
    blocks = SECTION.render({"q_score": _document(3.0)})
    assert [b.title for b in blocks if isinstance(b, Rows)] == ["parts"]
    plots = [b for b in blocks if isinstance(b, Plot)]
    assert [len(p.series) for p in plots] == [1, 2] and plots[0].filled


def test_without_an_atom_there_is_no_card():
    document = _document(None)
    document.update(tables={}, curves={})
    document["metrics"]["q_mean"]["value"] = None
    assert SECTION.cards({"q_score": document}) == []


def test_the_key_number_of_the_model_is_q_and_a_map_alone_says_nothing_of_half_maps():
    document = dict(_document(3.0), checks=[], inputs={}, warnings=[], summary="")
    document["metrics"]["half_maps_identical"] = dict(value=None, unit="", meaning="", better="none")
    results = Results({"q_score": document}, {}, {})
    rows = {row.label: row for row in key_rows(results, Found((), {}))}
    assert (rows["Model"].value, rows["Model"].note) == ("Q 0.50", "a Q of 0.52 is expected")
    assert rows.get("Half-maps") is None or "independent" not in rows["Half-maps"].value
