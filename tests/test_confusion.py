"""The table of confusion: sentences are given to the right cause, rows are judged by them, and a small real part of the table is right."""
from __future__ import annotations

import importlib
import json
import sys

import numpy as np
import pytest

from cryoqa_plugin.limits import CHECKS
from cryoqa_plugin.registry import BY_ID
from sources import ROOT

MODULES = ("confusion", "confusion_inputs", "confusion_judge", "confusion_page", "confusion_rows")


@pytest.fixture
def bench(monkeypatch):
    """The modules of bench/confusion*.py by the last part of their name."""
    monkeypatch.syspath_prepend(str(ROOT / "bench"))
    yield {name: importlib.import_module(name) for name in MODULES}
    for name in MODULES:
        sys.modules.pop(name, None)


def cell(summary="", warnings=(), checks=(), **metrics):
    """What a capability said; ``checks`` are (metric, sentence, advice)."""
    return dict(summary=summary, warnings=list(warnings), metrics=metrics,
                checks=[dict(metric=m, status="warn", title=s, sentence=f"{s} {a}", advice=a, value=0) for m, s, a in checks])


def test_rows_and_columns_are_of_what_there_is(bench):
    rows, judge = bench["confusion_rows"], bench["confusion_judge"]
    named = [r.name for r in rows.all_rows()]
    assert len(set(named)) == len(named) and {r.good for r in rows.all_rows()} == {True, False}
    assert set(rows.QUICK) <= set(named)
    for column in rows.COLUMNS.values():
        known = BY_ID.get(column.capability)
        assert column.capability == "validate" or set(known.needs) <= set(column.kinds), column
    seen = {c for r in rows.all_rows() for c in r.right + r.also}
    assert seen <= set(judge.WORDS) | set(judge.METRICS.values()) | {"views_z"}
    assert set(judge.SEEN_BY) <= seen and all(set(c) <= set(rows.COLUMNS) for c in judge.SEEN_BY.values())
    metrics = {c.metric for checks in CHECKS.values() for c in checks}
    assert len(set(judge.METRICS) & metrics) > 20


@pytest.mark.parametrize("sentence, cause", [
    ("Half-map 1 and half-map 2 are copies of each other (/a/b half1.mrc, /a/half2.mrc): there is no noise.", "copies"),
    ("The half-maps are not aligned (/x/corr10_half1.mrc): half-map 2 is shifted by 1.00, 0.00, 0.00 voxels.", "moved"),
    ("Half-map 2 differs from half-map 1 by a rotation, mirror or sign: contrast inverted.", "inverted"),
    ("Half-map 2 differs from half-map 1 by a rotation, mirror or sign: x reversed (mirror image).", "turned"),
    ("A half-map is masked (/low-passed/half1.mrc): where its mask cuts, the resolution means nothing.", "masked"),
    ("The half-maps are low-passed at 4.01 Å: no finer detail can be measured.", "low_pass"),
    ("The half-maps share 10 % of their noise.", "shared_noise"),
    ("The sky is blue.", "other")])
def test_a_sentence_is_given_to_its_cause_and_file_names_do_not_count(bench, sentence, cause):
    judge = bench["confusion_judge"]
    assert judge.cause_of(judge.plain(sentence)) == cause


def test_axes_are_read_from_sentences(bench):
    axes = bench["confusion_judge"].axes_of
    assert axes("The resolution depends on direction: 3.76 Å about z against 3.34 Å in the best direction.") == [1.0]
    assert axes("3.54 Å about (-0.04, 0.13, 0.99), 8 degrees from z")[0] == 1.0
    np.testing.assert_allclose(axes("3.12 Å about (-0.85, 0.35, 0.40) against 2.40 Å"), [0.399], atol=0.001)
    assert axes("z is best") == [] and axes("worst along y") == [0.0]


def test_good_rows_are_right_in_silence_and_false_with_any_word(bench):
    rows, judge = bench["confusion_rows"], bench["confusion_judge"]
    good = rows.Row("case", also=("scale",))
    assert judge.judge_cell(good, cell("all well")).outcome == "right"
    assert judge.judge_cell(good, cell(warnings=["The half-maps differ in scale: 1.3"])).outcome == "right"
    found = judge.judge_cell(good, cell(checks=[("tail_fsc", "Unmasked FSC at the end: 0.2.", "They share noise.")]))
    assert found.outcome == "false" and found.false[0].cause == "nyquist"
    assert judge.judge_cell(good, dict(cell(), error="ValueError: no")).outcome == "false"


def test_bad_rows_are_named_silent_or_wrong(bench):
    rows, judge = bench["confusion_rows"], bench["confusion_judge"]
    bad = rows.Row("case", "corr10", ("shared_noise",))
    assert judge.judge_cell(bad, cell("The half-maps agree to 3 Å.")).outcome == "silent"
    advice = cell(checks=[("tail_fsc", "Unmasked FSC at the end: 0.2.", "They may share noise.")])
    assert judge.judge_cell(bad, advice).outcome == "wrong"                                 # advice is no finding
    named = judge.judge_cell(bad, cell(warnings=["The half-maps share noise.", "The mask is too tight."]))
    assert named.outcome == "named" and [s.cause for s in named.false] == ["mask_tight"]
    assert judge.judge_cell(bad, cell("The half-maps share noise: 3.2 Å is a bound.")).outcome == "named"
    assert judge.judge_cell(bad, cell("No shared noise was found in them.")).outcome == "silent"
    cone = rows.Row("case", "cone0", ("views_z",))
    assert judge.judge_cell(cone, cell("The resolution is about the same in all directions.")).outcome == "wrong"
    assert judge.judge_cell(cone, cell("The resolution depends on direction: 3 Å about z.")).outcome == "named"
    other = judge.judge_cell(cone, cell("The resolution depends on direction: 3 Å about (-0.85, 0.35, 0.40)."))
    assert other.outcome == "wrong" and other.false[0].cause == "axis"
    low = rows.Row("case", "lowpass", ("low_pass",))
    found = judge.judge_cell(low, cell("4 Å", ["The half-maps are low-passed at 5 Å."], resolution=4.0), dict(edge=5.0))
    assert found.outcome == "named" and found.false[0].cause == "finer than the filter"
    assert judge.judge_cell(low, cell("5 Å", ["The half-maps are low-passed at 5 Å."], resolution=5.0), dict(edge=5.0)).false == []


def _findings():
    """Findings of four rows: a good one in peace, a good one accused, a bad one named, a bad one passed over."""
    def one(row, **columns):
        return dict(row=row, seed=0, columns=columns, truth=dict(masked=dict(d143=3.0), unmasked=dict(d143=3.4)))

    accused = cell("3.4 Å", checks=[("random_fsc_at_resolution", "Phase-randomised FSC: 0.3.", "Widen it.")], resolution=3.4)
    share = cell("3 Å", ["The half-maps share noise."], resolution=3.1)
    against = [dict(cause="The model does not fit", strength="weak"), dict(cause="The fall-off of the map", strength="remark")]
    score = dict(cell(), document=dict(score=dict(passed=8, evaluable=10), trust=dict(score=0.6, verdict="trusted", arguments=against)))
    rows = [one("haemoglobin84 as it is", fsc=cell("3 Å", resolution=3.0), validate=score, **{"fsc, no mask": cell(resolution=3.4)}),
            one("ferritin80 as it is", fsc=accused), one("haemoglobin84 corr10", fsc=share), one("haemoglobin84 corr25", fsc=cell("2 Å")),
            one("p96 as it is", fsc=accused)]
    return {f"{r['row']} #0": r for r in rows}


def test_totals_leave_out_what_limits_were_set_on(bench):
    judge = bench["confusion_judge"]
    verdicts = judge.judge(_findings())
    totals = judge.totals(verdicts)
    assert (totals["good"], totals["good_false"], totals["bad"], totals["named"], totals["bad_silent"]) == (2, 1, 2, 1, 1)
    assert totals["good_scores"] == [0.6, 0.6] and totals["bad_scores"] is None
    assert judge.by_column(verdicts)["fsc"] == dict(seen=2, named=1, good=2, false=1)


def test_the_page_holds_rows_totals_and_what_is_false(bench):
    page = bench["confusion_page"].page(bench["confusion_judge"].judge(_findings()), _findings())
    assert "* Bad rows whose cause is named: 1 of 2 (50 %)" in page and "Inputs that limits were set on (p96, low96, t160)" in page
    assert "     - 0.6\n     - trusted\n     - The model does not fit\n     - 8 of 10\n" in page
    assert "* ferritin80 as it is -- fsc: Phase-randomised FSC: 0.3." in page
    row = page[page.index("   * - haemoglobin84 as it is"):].split("\n")[:5]
    assert row[1:3] == ["     - ·", "     - ·"]
    assert all(len(line) <= 140 for line in page[:page.index("What is false")].split("\n"))


def test_resume_runs_what_is_missing_only(bench, tmp_path, monkeypatch):
    confusion = bench["confusion"]
    asked = []
    monkeypatch.setattr(confusion, "Cache", lambda folder, seed: type("Cache", (), {"truth": lambda *a: {}})())
    monkeypatch.setattr(confusion, "look", lambda row, columns, cache: asked.append((row.name, tuple(columns))) or
                        {c: cell("fine") for c in columns})
    path = tmp_path / "found.json"
    for columns in (["fsc"], ["fsc", "mtriage"]):
        options = confusion.parse(["--rows", "haemoglobin84 as it is", "--out", str(path), "--resume", "--columns", *columns])
        confusion.run(options, say=lambda *a, **k: None)
    assert asked == [("haemoglobin84 as it is", ("fsc",)), ("haemoglobin84 as it is", ("mtriage",))]
    assert set(json.loads(path.read_text())["haemoglobin84 as it is #0"]["columns"]) == {"fsc", "mtriage"}
    assert confusion.parse(["--quick"]).page is None and "validate" not in confusion.parse(["--quick"]).columns
    assert confusion.parse([]).page.endswith("confusion.rst")


@pytest.mark.heavy
@pytest.mark.realdata
def test_a_small_part_of_the_table(bench, shared, tmp_path):
    """Made from scratch with the simulator: faults of half-maps are named, harmless inputs are left in peace."""
    confusion, judge = bench["confusion"], bench["confusion_judge"]
    options = confusion.parse(["--quick", "--cache", str(tmp_path / "inputs"), "--out", str(tmp_path / "found.json"), "--columns", "fsc",
                               "fsc, no mask", "mtriage", "--page", str(tmp_path / "page.rst")])
    verdicts = judge.judge(confusion.run(options, say=lambda *a, **k: None))
    totals = judge.totals(verdicts)
    assert totals["bad"] == totals["named"] == 4 and totals["good"] == 2 and totals["good_false"] == 0, totals


@pytest.mark.heavy
@pytest.mark.realdata
def test_inputs_are_what_they_are_called(bench, shared, tmp_path):
    """Own inputs against what they are made from: molecule off the centre, another box, a belt, the other hand, a model moved by 1 Å."""
    inputs = bench["confusion_inputs"]
    cache = inputs.Cache(str(tmp_path))
    plain, voxel = cache.maps("haemoglobin84")
    atoms = {k: np.array([a.pos.tolist() for c in inputs.gemmi.read_structure(p)[0] for r in c for a in r]) for k, p in (
        ("plain", cache.sources("haemoglobin84")["model"]),
        *((k, cache.changed("haemoglobin84", k)["model"]) for k in ("off_centre", "non_cubic", "shifted_model", "register_error")))}
    np.testing.assert_allclose(np.linalg.norm((atoms["shifted_model"] - atoms["plain"]).mean(axis=0)), 1, atol=0.002)
    moved = np.linalg.norm(atoms["register_error"] - atoms["plain"], axis=1)
    assert 2.5 < np.median(moved) < 5.5
    for kind in ("off_centre", "non_cubic"):
        data, _ = inputs.read(cache.changed("haemoglobin84", kind)["full_map"])
        at = np.rint(atoms[kind] / voxel).astype(int)
        before = np.rint(atoms["plain"] / voxel).astype(int)
        there, here = data[at[:, 2], at[:, 1], at[:, 0]].mean(), plain["full"][before[:, 2], before[:, 1], before[:, 0]].mean()
        np.testing.assert_allclose(there, here, rtol=1e-3)
        assert (len(set(data.shape)) > 1) == (kind == "non_cubic")
    full = plain["full"]
    hand, _ = inputs.read(cache.changed("haemoglobin84", "wrong_hand")["full_map"])
    np.testing.assert_allclose(hand[:, :, 1:], full[:, :, :0:-1], rtol=1e-6)
    levels = [inputs.contour_level(cache, "haemoglobin84", part) for part in (0.15, 1.0, 5.0)]
    assert levels[0] > levels[1] > levels[2] > 0 and 4 < (full > levels[2]).sum() / (full > levels[1]).sum() < 6
