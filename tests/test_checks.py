"""Criteria: outcomes, sentences, and limits of one's own."""
from __future__ import annotations

import pytest

from cryoqa_plugin import checks, limits
from cryoqa_plugin.checks import Check
from cryoqa_plugin.errors import FormatError, InputError, MissingInputError
from cryoqa_plugin.io.limits_file import read_limits

CORRELATION = Check("noise_correlation", "<=", 0.05, "Correlation of the noise", "Their noise correlates by {value}",
                    "Refine the halves apart.", severity="fail")
MARGIN = Check("margin", ">=", 30, "Margin around the molecule", "The box leaves only {value} (limit {limit})", "Take a larger box.")
MASKED = Check("masked", "is", False, "Half-maps are masked", "The half-maps are masked", "Give the unmasked ones.")


def _metrics(value, unit=""):
    return dict(value=value, unit=unit, meaning="x", better="lower")


def _one(check, value, unit=""):
    return checks.evaluate([check], {check.metric: _metrics(value, unit)})[0]


@pytest.mark.parametrize("check, value, status", [
    (CORRELATION, 0.01, "ok"), (CORRELATION, 0.05, "ok"), (CORRELATION, 0.0501, "fail"), (CORRELATION, None, "skipped"),
    (MARGIN, 30.0, "ok"), (MARGIN, 29.9, "warn"), (MASKED, False, "ok"), (MASKED, True, "warn"), (MASKED, None, "skipped"),
    (Check("n", "<", 3, "N", "", "A."), 3, "warn"), (Check("n", ">", 3, "N", "", "A."), 3.5, "ok"), (Check("s", "==", "ok", "S", "", "A."),
                                                                                                     "ok", "ok"),
])
def test_status(check, value, status):
    assert _one(check, value)["status"] == status


def test_sentences_hold_value_and_limit_when_met_else_claim_and_advice():
    good, bad = _one(MARGIN, 41.236, "Å")["sentence"], _one(MARGIN, 12.0, "Å")["sentence"]
    assert good == "Margin around the molecule: 41.24 Å (at least 30 Å)."
    assert bad == "The box leaves only 12 Å (limit 30 Å). Take a larger box."
    assert _one(MASKED, True)["sentence"] == "The half-maps are masked. Give the unmasked ones."
    assert _one(MASKED, False)["sentence"] == "Half-maps are masked: no."
    assert _one(Check("s", "is", True, "Same cell", "", "Look."), False)["sentence"] == "Same cell: no, not yes. Look."
    turned = Check("s", "is", "none", "Turn", "They differ: {value}", "Look.")
    assert _one(turned, "x reversed")["sentence"] == "They differ: x reversed. Look." and _one(turned, "none")["sentence"] == "Turn: none."
    assert _one(CORRELATION, None)["sentence"] == "Correlation of the noise: not judged, there is no value."


def test_a_claim_may_name_other_metrics():
    check = Check("off", "<=", 5, "Reported", "{reported} is {difference:coarser} than {value}", "Look.")
    metrics = dict(off=_metrics(12.74, "%"), reported=_metrics(3.0, "Å"), difference=_metrics(-12.74, "%"))
    assert checks.evaluate([check], metrics)[0]["claim"] == "3.00 Å is 12.7 % finer than 12.7 %"
    metrics["difference"] = _metrics(12.74, "%")
    assert checks.evaluate([check], metrics)[0]["claim"] == "3.00 Å is 12.7 % coarser than 12.7 %"
    metrics["reported"] = _metrics(None, "Å")
    assert checks.evaluate([check], metrics)[0]["claim"] == "Reported: 12.7 %, not at most 5 %"


def test_what_cannot_be_below_zero_is_exactly_zero():
    assert _one(Check("empty", "<=", 0.0, "Empty", "Empty: {value}", "", share=True), 0.0)["sentence"] == "Empty: 0 % (exactly 0 %)."
    assert _one(Check("b", "<=", 0.0, "B", "B {value}", ""), -126.4, "Å²")["sentence"] == "B: −126 Å² (at most 0 Å²)."


def test_shares_are_shown_in_percent():
    share = Check("f", "<=", 0.07, "Atoms outside", "{value} lie outside, {limit} may", "Look.", share=True)
    assert _one(share, 0.5)["claim"] == "50 % lie outside, 7 % may" and _one(share, 0.5)["limit_words"] == "at most 7 %"
    assert _one(share, 0.0001)["sentence"] == "Atoms outside: < 0.1 % (at most 7 %)."
    assert _one(share, None)["shown"] == "–"


@pytest.mark.parametrize("value, shown", [(0.2, "0.20"), (0.1003, "0.1003"), (0.1004999, "0.1005"), (0.1, "0.10"), (0.0996, "0.10")])
def test_a_value_that_misses_its_limit_is_shown_to_miss_it(value, shown):
    assert _one(Check("t", "<=", 0.1, "Tail", "{value}", ""), value)["shown"] == shown


def test_outcome_carries_all_that_a_report_needs():
    outcome = _one(CORRELATION, 0.2)
    assert set(outcome) == {"metric", "op", "limit", "unit", "title", "advice", "reference", "value", "status", "sentence", "strength",
                            "grave", "shown", "limit_words", "claim"}
    assert outcome["value"] == 0.2 and outcome["limit"] == 0.05 and outcome["strength"] == 2 and outcome["grave"] is False
    assert (outcome["shown"], outcome["limit_words"], outcome["claim"]) == ("0.20", "at most 0.05", "Their noise correlates by 0.20")


def test_worst():
    assert checks.worst([]) == "skipped"
    assert checks.worst(["ok", "skipped"]) == "skipped"
    assert checks.worst(["ok", "ok"]) == "ok"
    assert checks.worst(["skipped", "warn", "ok"]) == "warn"
    assert checks.worst(["warn", "fail", "ok"]) == "fail"


def test_limits_of_ones_own():
    table = {"fsc": (CORRELATION, MASKED), "map_info": (MARGIN,)}
    changed = checks.override(table, {"fsc": {"noise_correlation": 0.5}})
    assert changed["fsc"][0].limit == 0.5 and changed["fsc"][0].title == CORRELATION.title
    assert changed["fsc"][1] is MASKED and changed["map_info"] == (MARGIN,)
    assert table["fsc"][0].limit == 0.05
    assert checks.override(table, None) == table
    with pytest.raises(InputError, match="fsc.nothing"):
        checks.override(table, {"fsc": {"nothing": 1}})


def test_limits_file(tmp_path):
    path = tmp_path / "limits.toml"
    path.write_text("[fsc]\nhalf_maps_scale = 0.3\n", encoding="utf-8")
    assert read_limits(str(path)) == {"fsc": {"half_maps_scale": 0.3}}
    assert read_limits(None) is None
    path.write_text("[fsc\n", encoding="utf-8")
    with pytest.raises(FormatError, match="limits.toml"):
        read_limits(str(path))
    with pytest.raises(MissingInputError, match="nowhere.toml"):
        read_limits(str(tmp_path / "nowhere.toml"))


@pytest.mark.parametrize("content, words", [
    (b"[fsc]\n\xff\xfe = 3\n", "it is no text in UTF-8"), (b"fsc = 3\n", "have '3' for fsc; they need one table a capability"),
    (b"fsc = 1979-05-27\n", "have '1979-05-27' for fsc; they need one table a capability"),
    (b"[fsc]\nhalf_maps_scale = 'low'\n", "The limit of fsc.half_maps_scale is 'low'; it must be a finite number, such as"),
    (b"[fsc]\nhalf_maps_scale = nan\n", "is 'nan'; it must be a finite number"), (b"[fsc]\nhalf_maps_scale = inf\n", "is 'inf'"),
    (b"[fsc]\nhalf_maps_scale = true\n", "is 'True'; it must be a finite number"),
    (b"[fsc]\nhalf_maps_masked = 0.5\n", "The limit of fsc.half_maps_masked is '0.5'; it must be true or false"),
    (b"[fsc]\nnothing = 1\n", "name 'fsc.nothing', which no check uses"), (b"[fsc.half_maps_scale]\na = 1\n", "a finite number"),
    (b"fsc = " + 3000 * b"[" + 3000 * b"]", "cannot be read \\(it is nested too deeply\\)")])
def test_limits_that_cannot_be_are_refused_with_their_file(content, words, tmp_path):
    path = tmp_path / "limits.toml"
    path.write_bytes(content)
    with pytest.raises((InputError, FormatError), match=words) as caught:
        read_limits(str(path))
    assert str(path) in str(caught.value)


def test_a_cause_silences_what_it_explains_and_comes_after_it():
    table = (Check("half_maps_identical", "is", False, "Copies", "The half-maps are copies", "Give two.", severity="fail"),
             Check("half_maps_scale", "<=", 1.2, "One scale", "", "Look."), Check("half_maps_masked", "is", False, "Masked", "", "Look."),
             Check("tail", "<=", 0.1, "Tail", "", "Look."))
    values = dict(half_maps_identical=True, half_maps_scale=2.0, half_maps_masked=False, tail=0.5)
    outcomes = checks.evaluate(table, {n: dict(value=v, unit="") for n, v in values.items()})
    found = checks.causes_first(outcomes, {"half_maps_identical": ("half_maps_scale",)})
    assert [o["status"] for o in found] == ["fail", "skipped", "ok", "warn"]
    assert [o["status"] for o in checks.causes_first(outcomes, {"half_maps_identical": "*"})] == ["fail", "skipped", "ok", "skipped"]
    later = checks.causes_first(outcomes, {"tail": "*", "half_maps_masked": ("tail",)})
    assert [o["status"] for o in later] == ["fail", "warn", "ok", "warn"]
    assert found[1]["sentence"] == "One scale: not judged, because the half-maps are copies."
    assert [o["status"] for o in outcomes] == ["fail", "warn", "ok", "warn"]


def test_what_a_cause_explains_is_a_check_that_comes_after_it():
    known = {c.metric for table in limits.CHECKS.values() for c in table}
    for cause, explained in limits.EXPLAINED.items():
        assert {cause, *explained} - {"*"} <= known, cause
        for capability, table in limits.CHECKS.items():
            order = [c.metric for c in table]
            later = [m for m in explained if m in order and cause in order]
            assert all(order.index(m) > order.index(cause) for m in later), (capability, cause)


def test_every_check_says_what_is_wrong_in_a_few_words():
    for capability, table in limits.CHECKS.items():
        for check in table:
            where = (capability, check.metric)
            assert check.claim and check.advice.endswith("."), where
            assert len(check.words(_bad(check), "%")["claim"]) <= 70 and not check.claim.endswith("."), where
            assert len(check.advice) <= 130 and check.strength in (1, 2, 3, 4), where
            assert check.title[0].isupper() and not check.title.endswith((":", ".")), where


def _bad(check):
    """A value that misses a limit."""
    if check.op == "is":
        return not check.limit if isinstance(check.limit, bool) else "x reversed"
    return check.limit + {"<": 12.3, ">": -12.3, "=": 1}[check.op[0]]
