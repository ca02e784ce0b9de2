"""Places of estimates on the axis of all resolutions."""
from __future__ import annotations

import pytest

from cryoqa_plugin.report.blocks import GROUPS, Estimate, Strip
from cryoqa_plugin.report.strip import drawn

ESTIMATES = (Estimate("local", "Local", "half-maps", 2.72, 2.57, 2.96),
             Estimate("answer", "FSC 0.143", "in the mask", 2.66, 2.64, 2.68, "headline"),
             Estimate("answer", "Reported", "given", 3.0, kind="reported"), Estimate("local", "Boxes", "blocres", 2.84, 2.5, 5.05))


def test_places_are_even_in_the_frequency_and_groups_keep_their_order():
    found = drawn(Strip("", ESTIMATES))
    assert [g.title for g in found.groups] == [GROUPS["answer"], GROUPS["local"]]
    rows = {r.name: r for g in found.groups for r in g.rows}
    assert rows["FSC 0.143"].at == found.at and rows["FSC 0.143"].css == "hd" and rows["Reported"].css == "rp"
    step = (rows["Reported"].at - rows["FSC 0.143"].at) / (1 / 2.66 - 1 / 3.0)
    assert rows["Local"].at - rows["FSC 0.143"].at == pytest.approx(step * (1 / 2.66 - 1 / 2.72), abs=0.1)
    assert rows["Local"].left + rows["Local"].width == pytest.approx(found.at + step * (1 / 2.66 - 1 / 2.96), abs=0.2)
    assert rows["Local"].value == "2.72 Å" and rows["Local"].range == "2.57–2.96" and rows["Reported"].left is None


def test_a_range_beyond_the_axis_is_cut_and_said():
    rows = {r.name: r for g in drawn(Strip("", ESTIMATES)).groups for r in g.rows}
    assert rows["Boxes"].beyond and rows["Boxes"].left + rows["Boxes"].width == pytest.approx(100) and not rows["Local"].beyond


def test_ticks_are_inside_and_apart():
    ticks = drawn(Strip("", ESTIMATES)).ticks
    places = [at for at, _ in ticks]
    assert len(ticks) >= 3 and all(0 <= at <= 100 for at in places) and min(b - a for a, b in zip(places, places[1:])) >= 8
    assert [text for _, text in ticks] == sorted((text for _, text in ticks), key=float)


def test_without_a_headline_the_middle_one_stands_for_it():
    found = drawn(Strip("", tuple(Estimate("local", str(d), "", float(d)) for d in (3, 4, 5))))
    assert found.at == next(r.at for g in found.groups for r in g.rows if r.name == "4")
