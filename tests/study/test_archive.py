"""Percentiles among archive entries: bounds, classes, and words."""
import numpy as np
import pytest

from cryoqa_plugin.study import archive


def test_the_median_of_the_archive_is_in_its_middle():
    """0.751 and 0.763 are the medians of the mean FSC of all entries and of those of 2.5 to 3.5 Å."""
    every, _ = archive.ranks("fsc_mean", 0.751, 3.0)
    _, near = archive.ranks("fsc_mean", 0.763, 3.0)
    assert every.entries == 13669 and every.percent == pytest.approx(50, abs=3)
    assert near.group == "2.5 to 3.5 Å" and near.entries == 7805 and near.percent == pytest.approx(50, abs=4)


def test_better_values_never_rank_lower():
    for name, values in (("fsc_05", np.linspace(600, 0.5, 300)), ("fsc_mean", np.linspace(0.4, 1, 300))):
        for resolution in (2.0, 3.0, 4.0, 5.0, 9.0):
            found = np.array([[(r.low, r.high) for r in archive.ranks(name, v, resolution)] for v in values])
            assert (np.diff(found, axis=0) >= 0).all() and (found[..., 0] <= found[..., 1]).all()
            assert (found[0] == 0).all() and (found[-1] == 100).all()


def test_a_coarse_histogram_gives_bounds_and_no_percentile():
    """Nine tenths of the entries lie in one bin, 2.2 to 7.2 Å."""
    every, near = archive.ranks("fsc_05", 2.67, 2.66)
    assert every.entries == 13664 and near.entries == 7801
    assert every.percent is None and every.low == pytest.approx(40.3, abs=0.1) and every.high == 100
    assert archive.words(every, "finer") == "finer than at least 40 %"
    assert archive.words(archive.ranks("fsc_05", 1.0, None)[0], "finer") == "finer than 99 %"
    assert archive.words(archive.ranks("fsc_mean", 0.751, None)[0], "higher").startswith("higher than ")


def test_the_class_is_that_of_the_resolution():
    groups = [archive.ranks("fsc_mean", 0.7, r)[1].group for r in (2.4, 2.6, 3.6, 5.0, 12.0)]
    assert groups == ["finer than 2.5 Å", "2.5 to 3.5 Å", "3.5 to 4.5 Å", "4.5 to 6.5 Å", "coarser than 6.5 Å"]
    rows = archive.rows((("fsc_05", 3.0), ("fsc_mean", None)), 3.0)
    assert [r[2] for r in rows] == ["all entries", "2.5 to 3.5 Å"] and rows[0][1] == 3.0


def test_a_rank_is_never_all_of_the_archive():
    assert archive.words(archive.Rank("all entries", 100, 99.0, 100.0), "higher") == "higher than 99 %"
    assert archive.words(archive.Rank("all entries", 100, 99.9, 100.0), "higher") == "higher than 99 %"
    assert archive.words(archive.Rank("all entries", 100, 0.0, 1.0), "higher") == "higher than < 1 %"
    assert archive.words(archive.Rank("all entries", 100, 20.0, 60.0), "finer") == "finer than 20 to 60 %"
