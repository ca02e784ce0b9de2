"""Scores along chains: which chains, which range, gaps, zones, and the worst residues by name."""
from __future__ import annotations

import pytest

from cryoqa_plugin.report import residue_tracks
from cryoqa_plugin.report.blocks import Band
from cryoqa_plugin.report.html import environment
from cryoqa_plugin.report.svg import bands_svg, runs


def _document(chains, columns=("chain", "number", "residue", "q")):
    rows = [[name, str(n), kind, *values] for name, residues in chains.items() for n, kind, *values in residues]
    return dict(tables=dict(residues=dict(columns=list(columns), rows=rows, meaning="all")))


def test_a_line_of_each_chain_with_its_mean():
    found = _document({"A": [(1, "ALA", 0.5), (2, "GLY", None), (4, "DG", 0.7)], "B": [(1, "HOH", 0.2)]})
    block, = residue_tracks.lines(found, "q", title="Q", y_range=(0.0, 1.0), levels=(0.5,), said="Seen.")
    one, = block.tracks
    assert list(one.values) == [0.5, None, None, 0.7] and one.words == "0.60" and one.name == "A"
    assert block.caption == "Seen. Grid: 0.5; range 0 to 1." and block.y_range == (0.0, 1.0)


def test_the_unit_of_a_column_is_not_asked_for_and_the_range_widens_to_a_tenth():
    found = _document({"A": [(1, "ALA", -0.23), (2, "ALA", 1.31)]}, ("chain", "number", "residue", "shift (Å)"))
    block, = residue_tracks.lines(found, "shift", title="Shift", y_range=(0.0, 1.0))
    assert block.y_range == (pytest.approx(-0.3), pytest.approx(1.4)) and block.caption == "Range: -0.3 to 1.4."


@pytest.mark.parametrize("worse, first, gone", [("lower", "C1", "C12"), ("higher", "C12", "C1")])
def test_of_many_chains_the_worst_are_drawn(worse, first, gone):
    chains = {f"C{i}": [(1, "ALA", i / 20), (2, "ALA", i / 20)] for i in range(1, 13)}
    block, = residue_tracks.lines(_document(chains), "q", title="Q", y_range=(0.0, 1.0), worse=worse)
    names = [t.name for t in block.tracks]
    assert len(names) == 8 and first in names and gone not in names and f"with the {worse[:-2]}est values" \
        in block.caption


def test_no_table_and_chains_of_one_residue_give_nothing():
    assert residue_tracks.lines(dict(tables={}), "q", title="Q", y_range=(0, 1)) == []
    assert residue_tracks.lines(_document({"A": [(1, "ALA", 0.5)]}), "q", title="Q", y_range=(0, 1)) == []
    assert residue_tracks.worst_named(dict(tables={}), "q") == ""


def test_the_worst_are_named_and_only_amino_acids_lose_their_capitals():
    found = _document({"A": [(1, "ALA", 0.5), (2, "DG", 0.1), (3, "ATP", None), (4, "MSE", 0.2), (5, "TRP", 0.9)]})
    assert residue_tracks.worst_named(found, "q") == "DG A 2 (0.10), Mse A 4 (0.20), Ala A 1 (0.50)"
    assert residue_tracks.worst_named(found, "q", worse="higher", number=1) == "Trp A 5 (0.90)"


def test_zones_are_bands_and_a_worse_one_stands_higher():
    zones = ["trust", "trust", "caution", "omit", "omit"]
    found = _document({"A": [(i, "ALA", z) for i, z in enumerate(zones)]}, ("chain", "number", "residue", "zone"))
    block, = residue_tracks.bands(found, title="Zones", said="By rules.")
    assert block.bands == (Band("A", ("ok", "ok", "warn", "fail", "fail"), "60 %"),)
    drawn = bands_svg(block)
    assert 'class="z ok" d="M0.0 22v-5H400.0V22z"' in drawn and 'class="z fail" d="M600.0 22v-22H1000.0V22z"' in drawn
    assert block.caption == "By rules. At the right, the part of the residues that is not in trust."
    page = environment().get_template("blocks.html").module.draw(block)
    assert "By rules." in page and "caution" in page


def test_runs_of_states():
    assert runs(("ok", "ok", None, "ok", "fail"), "ok") == [(0, 2), (3, 4)] and runs((), "ok") == []
