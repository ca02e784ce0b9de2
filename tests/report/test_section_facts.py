"""The card of facts: a row a fact, its state that of its checks, numbers rounded once."""
from __future__ import annotations

import pytest

from cryoqa_plugin.report.section import Results
from cryoqa_plugin.report.sections.file_facts import SECTION


def _metrics(**values):
    return {n: dict(value=v, unit="", meaning=n, better="none") for n, v in values.items()}


def _contour(**more):
    usual = dict(margin=15.0, margin_axis="x, right", space_min_percent=9.375, through="", mass=146.8, contour=0.0784,
                 model_mass_percent=84.4, contour_suggested=0.0784, volume=177522.0, pieces_95=1, components_95=1, outliers_robust=2,
                 outlier_ratio_robust=1.0, background_mean=0.00209)
    counts = dict(background=dict(x=[-0.1, 0.1], y=[1e6, 2.5e6]))
    return dict(metrics=_metrics(**{**usual, **more}), curves=counts, parameters=dict(sigmas=5.0),
                checks=[dict(metric="margin", status="warn"), dict(metric="outliers_percent", status="ok")],
                inputs={"full_map": dict(path="m.mrc", voxel_size=[1.0, 1.0, 1.0])})


def _rows(**documents):
    cards = SECTION.cards(Results(documents, {}, {}))
    return {row.label: row for row in cards[0].blocks[0].rows} if cards else {}


def test_facts_of_a_contour():
    rows = _rows(contour=_contour())
    assert (rows["Margin"].status, rows["Margin"].value) == ("warn", "15 Å, 9 % of the box") and "along x; " in rows["Margin"].note
    assert rows["Mass"].value == "147 kDa, 84 % of the model"
    assert rows["Mass"].note == "178 nm³ in one piece, above the suggested contour 0.0784"
    assert rows["Background"].value == "2 voxels beyond 5 σ" and rows["Background"].note.startswith("2.0 expected")
    assert rows["Voxel size"].value == "exactly 1 Å" and "Hand" not in rows


def test_a_mass_that_the_model_has_set_is_not_held_against_the_model():
    rows = _rows(contour=_contour(contour_bound="expected volume", model_mass_percent=99.9))
    assert rows["Mass"].value == "147 kDa" and rows["Mass"].note.endswith("above 0.0784, set by the model")
    rows = _rows(contour=_contour(contour_bound="expected volume", model_mass_percent=130.0))         # density beside the model
    assert rows["Mass"].value == "147 kDa, 130 % of the model"
    rows = _rows(contour=_contour(contour_bound="expected volume", model_mass_percent=99.9, contour=0.06))
    assert rows["Mass"].value == "147 kDa, 100 % of the model"


def test_what_is_not_known_is_left_out():
    rows = _rows(contour=_contour(margin=None, through="z", model_mass_percent=None, contour=0.1, pieces_95=None, components_95=3,
                                  outliers_robust=None))
    assert rows["Margin"].value == "none" and "along z" in rows["Margin"].note and "Background" not in rows
    assert rows["Mass"].value == "147 kDa" and "95 % of it in 3 pieces, above the contour 0.1" in rows["Mass"].note
    assert SECTION.cards(Results({}, {}, {})) == []


@pytest.mark.parametrize("order, said", [("1, 2, 3", "axis order x y z"), ("3, 1, 2", "axis order z x y")])
def test_the_header_says_axes_origin_and_cell(order, said):
    document = dict(metrics=_metrics(minimum=-0.0084, maximum=0.2425, inverted=False, masked=False, filtered=False, filtered_at=None,
                                     header_agrees=True, origin="0, 0, 0", full_cell=True), checks=[],
                    tables=dict(header=dict(rows=[("axis order (MAPC, MAPR, MAPS)", order)])),
                    inputs={"full_map": dict(path="m.mrc", voxel_size=[1.06, 1.06, 1.06])})
    rows = _rows(map_info=document)
    assert rows["Header"].note == f"{said}, origin 0, whole cell" and rows["Voxel size"].value == "1.06 Å"
    assert rows["Density"].value == "positive, −0.0084 to 0.242" and rows["Density"].note == "not masked, not low-passed"


def test_a_hand_is_named_with_its_evidence():
    one = dict(metrics=_metrics(hand="right", wrong_probability=4e-18, z_score=7.8, top_fraction=1.0, n_helices=54), checks=[], inputs={
        "full_map": dict(path="m.mrc", voxel_size=[1.0, 1.0, 1.2])})
    row = _rows(hand=one)["Hand"]
    assert row.value == "right, z = 7.8" and row.note == "54 helices; all of the best pieces wind to the right"
    assert _rows(hand=one)["Voxel size"].value == "1 × 1 × 1.2 Å"
    one["metrics"].update(_metrics(hand="unknown", wrong_probability=None))
    assert _rows(hand=one)["Hand"].value == "not known"


def test_the_expected_outliers_are_those_of_a_gaussian():
    """3.5 million voxels have 2.0 beyond five standard deviations, and 9 449 beyond three."""
    assert _rows(contour=_contour(outliers_robust=0))["Background"].note.startswith("2.0 expected")
    document = dict(_contour(), parameters=dict(sigmas=3.0))
    row = _rows(contour=document)["Background"]
    assert row.value == "2 voxels beyond 3 σ" and float(row.note.partition(" ")[0]) == pytest.approx(3.5e6 * 0.0026998, rel=1e-4)
