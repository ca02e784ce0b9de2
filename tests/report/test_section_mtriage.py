"""The section on the FSC of map and model: the curve beside what is expected, bars of the archive, and the estimate."""
from __future__ import annotations

from cryoqa_plugin.report.blocks import Percentiles, Plot, Values
from cryoqa_plugin.report.sections.mtriage import SECTION, SECTIONS
from cryoqa_plugin.study import archive


def _document(near=True):
    x = [0.05 * i for i in range(1, 13)]                     # to 0.6 1/Å; the voxels end at 0.5
    curve = dict(x=x, y=[1 - v for v in x], x_label="Frequency", x_unit="1/Å", y_label="FSC", y_unit="", meaning="FSC")
    names = ("fsc_model_near", "fsc_model_expected", "fsc_model_unmasked") if near else ("fsc_model_unmasked",)
    numbers = dict(d_fsc_model_05_near=2.67 if near else None, d_fsc_model_05_unmasked=3.0, nyquist=2.0)
    rows = [list(r) for r in archive.rows((("fsc_05", 2.67), ("fsc_mean", 0.78)), 2.66)]
    return dict(metrics={n: dict(value=v, unit="Å", meaning=n, better="lower") for n, v in numbers.items()},
                curves={n: curve for n in names},
                tables=dict(archive=dict(columns=["a"] * 6, meaning="archive", rows=rows)) if near else {})


def test_the_card_shows_the_curve_to_nyquist_beside_what_is_expected():
    card, = SECTION.cards({"mtriage": _document()})
    plot = card.blocks[0]
    assert isinstance(plot, Plot) and [s.name for s in plot.series] == ["fsc_model_near", "fsc_model_expected"]
    assert max(plot.series[0].x) <= 0.5 and plot.marks == ((1 / 2.67, "2.67 Å"),)


def test_bars_are_of_what_the_archive_resolves_and_bounds_are_said():
    card, = SECTION.cards({"mtriage": _document()})
    bars = card.blocks[1]
    every, near = archive.ranks("fsc_mean", 0.78, 2.66)
    assert isinstance(bars, Percentiles) and [r[1] for r in bars.rows] == [every.percent, near.percent]
    assert bars.rows[0][0] == "All entries, 13 669" and bars.rows[1][0] == "2.5 to 3.5 Å, 7 805"
    assert "0.78" in bars.caption and "finer than at least 40 % of all entries" in bars.caption


def test_without_a_model_the_section_is_empty_and_the_maps_have_their_own():
    document = _document()
    without = dict(document, curves={}, metrics={n: m for n, m in document["metrics"].items() if "model" not in n}, tables={})
    without["metrics"]["d99_map_unmasked"] = dict(value=5.1, unit="Å", meaning="d99", better="lower")
    assert SECTION.render({"mtriage": without}) == [] == SECTION.cards({"mtriage": without})
    maps = next(s for s in SECTIONS if s.id == "mtriage")
    shown = [v.name for b in maps.render({"mtriage": without}) for v in b.values]
    assert "d99_map_unmasked" in shown and maps.asks == "fine"
    both = [v.name for s in SECTIONS for b in s.render({"mtriage": document}) if isinstance(b, Values) for v in b.values]
    assert sorted(both) == sorted(set(both)) and set(both) >= {"d_fsc_model_05_near", "nyquist"}


def test_the_estimate_is_that_around_the_model_or_else_without_a_mask():
    one, = SECTION.estimates({"mtriage": _document()})
    assert (one.group, one.value, one.note) == ("model", 2.67, "around the model")
    one, = SECTION.estimates({"mtriage": _document(near=False)})
    assert (one.value, one.note) == (3.0, "no mask")
    card, = SECTION.cards({"mtriage": _document(near=False)})
    assert len(card.blocks) == 1 and [s.name for s in card.blocks[0].series] == ["fsc_model_unmasked"]
