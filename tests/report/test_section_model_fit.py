"""The section on map and model."""
from __future__ import annotations

import pytest

from cryoqa_plugin.report.blocks import Rows, Text
from cryoqa_plugin.report.sections.model_fit import SECTION


def _document(chains):
    columns = ("chain", "number", "residue", "CC", "atom inclusion", "mean B (Å²)")
    rows = [(name, number, "ALA", cc, 1.0, 30.0) for name, residues in chains.items() for number, cc in residues]
    table = dict(columns=list(columns), meaning="all residues but waters", rows=rows)
    chain_rows = [(name, len(r), 10, r[0][1], 1.0, 1.0, 30.0, 1.0) for name, r in chains.items()]
    metrics = {n: dict(value=v, unit="", meaning=n, better="none") for n, v in (("contour", 0.3), ("contour_suggested", True))}
    return dict(metrics=metrics, curves={}, tables=dict(chains=dict(columns=["chain"] * 8, meaning="chains", rows=chain_rows),
                                                        worst_residues=dict(table, meaning="worst"), residue_scores=table))


def _tracks(chains):
    card, = SECTION.cards({"model_fit": _document(chains)})
    tracks, = card.blocks
    return tracks


def test_each_chain_is_drawn_over_its_numbers_with_gaps():
    tracks = _tracks({"A": [("3", 0.5), ("4", 0.6), ("9", 0.7)], "Z": [("1", 0.9)]})
    one, = tracks.tracks
    assert list(one.values) == [0.5, 0.6, None, None, None, None, 0.7] and one.name == "A" and one.words == "0.50"


def test_ligands_with_numbers_far_behind_take_no_room():
    residues = [(str(i), 0.8) for i in range(1, 30)]
    assert len(_tracks({"A": residues + [("1601", 0.3)]}).tracks[0].values) == 29
    assert len(_tracks({"A": residues + [(str(i), 0.3) for i in range(101, 120)]}).tracks[0].values) == 119


@pytest.mark.parametrize("numbers", [("5", "5A", "6"), ("7", "6", "8")])
def test_numbers_that_are_no_axis_give_way_to_places(numbers):
    tracks = _tracks({"A": [(n, -0.2) for n in numbers]})
    assert list(tracks.tracks[0].values) == [-0.2] * 3 and tracks.y_range[0] == -0.2


@pytest.mark.parametrize("lowest, bottom", [(0.68, 0.4), (0.31, 0.3), (0.2, 0.1)])
def test_the_range_holds_every_residue(lowest, bottom):
    tracks = _tracks({"A": [("1", 0.9), ("2", lowest)]})
    assert tracks.y_range[0] <= lowest and tracks.y_range[0] == pytest.approx(bottom, abs=0.1001) and tracks.levels == (0.5, 0.8)


def test_of_many_chains_the_worst_are_drawn():
    chains = {f"C{i}": [("1", i / 20), ("2", i / 20)] for i in range(12, 0, -1)}
    tracks = _tracks(chains)
    drawn = [t.name for t in tracks.tracks]
    assert len(drawn) == 8 and "C1" in drawn and "C12" not in drawn and "Of 12 chains" in tracks.caption
    blocks = SECTION.render({"model_fit": _document(chains)})
    assert any(isinstance(b, Text) for b in blocks)
    assert not any(isinstance(b, Rows) and b.title == "all residues but waters" for b in blocks)


def test_the_caption_names_the_lowest_residues_and_the_numbers_of_the_whole():
    document = _document({"A": [("8", 0.6), ("9", 0.9)]})
    document["metrics"].update({n: dict(value=v, unit="", meaning=n, better="none") for n, v in dict(
        residues=2, cc_mask=0.777, cc_residues=0.75, residues_low=0.0, inclusion_all=0.9981, inclusion_backbone=1.0,
        b_excess=135.2).items()})
    card, = SECTION.cards({"model_fit": document})
    said = card.blocks[0].caption
    assert "lowest: Ala A 8 (0.60), Ala A 9 (0.90)." in said and "CC_mask 0.78, median of the residues 0.75, no residue below 0.5." in said
    assert "Atoms above the contour: 99.8 % (backbone 100 %)." in said and "blurred by 135 Å² more than the model" in said
