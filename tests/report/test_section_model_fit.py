"""The section on map and model."""
from __future__ import annotations

import pytest

from cryoqa_plugin.report.blocks import Plot, Rows, Text
from cryoqa_plugin.report.sections.model_fit import SECTION


def _document(chains):
    columns = ("chain", "number", "residue", "CC", "atom inclusion", "mean B (Å²)")
    rows = [(name, number, "ALA", cc, 1.0, 30.0) for name, residues in chains.items() for number, cc in residues]
    table = dict(columns=list(columns), meaning="all residues but waters", rows=rows)
    chain_rows = [(name, len(r), 10, r[0][1], 1.0, 1.0, 30.0, 1.0) for name, r in chains.items()]
    metrics = {n: dict(value=v, unit="", meaning=n, better="none") for n, v in (("contour", 0.3), ("contour_suggested", True))}
    return dict(metrics=metrics, curves={}, tables=dict(chains=dict(columns=["chain"] * 8, meaning="chains", rows=chain_rows),
                                                        worst_residues=dict(table, meaning="worst"), residue_scores=table))


def _plots(chains):
    return [b for b in SECTION.render({"model_fit": _document(chains)}) if isinstance(b, Plot)]


def test_each_chain_is_drawn_over_its_numbers_with_gaps():
    one, = _plots({"A": [("3", 0.5), ("4", 0.6), ("9", 0.7)], "Z": [("1", 0.9)]})
    series, = one.series
    assert list(series.x) == [3, 4, 5, 9] and list(series.y) == [0.5, 0.6, None, 0.7] and one.x_label == "Number of the residue"


def test_ligands_with_numbers_far_behind_take_no_room():
    residues = [(str(i), 0.8) for i in range(1, 30)]
    assert list(_plots({"A": residues + [("1601", 0.3)]})[0].series[0].x) == list(range(1, 30))
    assert _plots({"A": residues + [(str(i), 0.3) for i in range(101, 120)]})[0].series[0].x[-1] == 119


@pytest.mark.parametrize("numbers", [("5", "5A", "6"), ("7", "6", "8")])
def test_numbers_that_are_no_axis_give_way_to_places(numbers):
    one, = _plots({"A": [(n, -0.2) for n in numbers]})
    assert list(one.series[0].x) == [1, 2, 3] and one.x_label.startswith("Place") and one.y_range[0] == -0.2


def test_of_many_chains_the_worst_are_drawn():
    chains = {f"C{i}": [("1", i / 20), ("2", i / 20)] for i in range(12, 0, -1)}
    blocks = SECTION.render({"model_fit": _document(chains)})
    drawn = [b.title for b in blocks if isinstance(b, Plot)]
    assert len(drawn) == 8 and "Correlation along chain C1" in drawn and "Correlation along chain C12" not in drawn
    assert any(isinstance(b, Text) and "12 chains" in b.text for b in blocks)
    assert not any(isinstance(b, Rows) and b.title == "all residues but waters" for b in blocks)
