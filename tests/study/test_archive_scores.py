"""Percentiles of scores among archive entries: quantiles, what lies between them and beyond, and classes."""
from __future__ import annotations

import numpy as np
import pytest

from cryoqa_plugin.study import archive, archive_scores
from cryoqa_plugin.study.archive_scores import SCALES, Row, Scale, ranks


@pytest.mark.parametrize("name", SCALES)
def test_quantiles_rise_and_have_a_percent_each(name):
    scale = SCALES[name]
    for row in (scale.every, *scale.near):
        assert len(row.values) == len(scale.percents) and (np.diff(row.values) >= 0).all() and row.entries > 0
    assert (np.diff([row.resolution for row in scale.near]) > 0).all()
    assert not scale.classes or len(scale.classes) == len(scale.near)


def test_the_median_is_in_the_middle_and_a_finer_map_is_compared_with_better_ones():
    every, near = ranks("q", 0.443, 3.25)
    assert every.percent == pytest.approx(50) and near.percent == pytest.approx(37.9, abs=0.1) and every.entries == 25322
    assert ranks("q", 0.443, 2.0)[1].percent < 5 < 95 < ranks("q", 0.443, 5.5)[1].percent
    assert near.group == "2.8 to 3.8 Å"


def test_between_rows_it_is_in_between_and_rises_with_the_score():
    for resolution in (2.1, 3.33, 4.9, 11.0):
        found = [ranks("q", v, resolution)[1].low for v in np.linspace(-0.1, 1, 45)]
        assert (np.diff(found) >= 0).all() and found[0] == 0 and found[-1] == 99
    low, middle, high = (ranks("q", 0.5, d)[1].percent for d in (3.0, 3.1, 3.25))
    assert low < middle < high


def test_beyond_the_quantiles_and_the_rows_only_what_is_known_is_said():
    every, near = ranks("q", 0.95, 3.0)
    assert (every.low, every.high) == (99, 100) and archive.words(near, "higher") == "higher than 99 %"
    assert archive.words(ranks("q", -0.2, 3.0)[0], "higher") == "higher than < 1 %"
    assert len(ranks("q", 0.5, None)) == len(ranks("q", 0.5, 0.9)) == len(ranks("q", 0.1, 40.0)) == 1
    assert [row[2] for row in archive_scores.rows((("q", 0.5), ("q", None)), 3.0)] == ["all entries", "2.5 to 3.5 Å"]


def test_a_class_ends_before_its_resolution(monkeypatch):
    rows = (Row(2.5, 10, (0.5, 0.7)), Row(4.0, 20, (0.2, 0.4)))
    monkeypatch.setitem(SCALES, "made", Scale("made", "made", (25, 75), rows[0], rows, classes=("fine", "coarse")))
    assert [ranks("made", 0.3, d)[1].group for d in (2.0, 2.5, 2.6, 9.0)] == ["fine", "coarse", "coarse", "coarse"]
    assert ranks("made", 0.3, 3.0)[1].percent == pytest.approx(50)


def test_a_mean_smoc_is_ranked_in_its_class():
    every, near = ranks("smoc", 0.734, 3.0)
    assert near.percent == pytest.approx(50) and near.group == "2.5 to 3.5 Å" and near.entries == 7904 and every.percent < 45
    assert [ranks("smoc", 0.8, d)[1].group for d in (2.0, 2.5, 4.0, 6.0, 20.0)] == [
        "finer than 2.5 Å", "2.5 to 3.5 Å", "3.5 to 4.5 Å", "4.5 to 6.5 Å", "coarser than 6.5 Å"]


def test_the_fsc_average_is_ranked_among_those_that_have_one():
    every, near = ranks("fsc_average", 0.3297, 3.2)
    assert near.percent == pytest.approx(75, abs=0.2) and near.entries == 6528 and every.percent == pytest.approx(75, abs=0.2)
    assert (ranks("fsc_average", 0.05, 3.2)[1].low, ranks("fsc_average", 0.05, 3.2)[1].high) == (0, 1)
