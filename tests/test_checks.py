"""Criteria: outcomes, sentences, and limits of one's own."""
from __future__ import annotations

import pytest

from cryoqa_plugin import checks, limits
from cryoqa_plugin.checks import Check
from cryoqa_plugin.errors import InputError

CORRELATION = Check("noise_correlation", "<=", 0.05, "Correlation of the noise", "Refine the halves apart.", severity="fail")
MARGIN = Check("margin", ">=", 30, "Room around the molecule", "Take a larger box.")
MASKED = Check("masked", "is", False, "Masked half-maps", "Give the unmasked ones.")


def _metrics(value, unit=""):
    return dict(value=value, unit=unit, meaning="x", better="lower")


def _one(check, value, unit=""):
    return checks.evaluate([check], {check.metric: _metrics(value, unit)})[0]


@pytest.mark.parametrize("check, value, status", [
    (CORRELATION, 0.01, "ok"), (CORRELATION, 0.05, "ok"), (CORRELATION, 0.0501, "fail"), (CORRELATION, None, "skipped"),
    (MARGIN, 30.0, "ok"), (MARGIN, 29.9, "warn"), (MASKED, False, "ok"), (MASKED, True, "warn"), (MASKED, None, "skipped"),
    (Check("n", "<", 3, "N", "A."), 3, "warn"), (Check("n", ">", 3, "N", "A."), 3.5, "ok"), (Check("s", "==", "ok", "S", "A."), "ok", "ok"),
])
def test_status(check, value, status):
    assert _one(check, value)["status"] == status


def test_sentences_hold_value_limit_unit_and_advice():
    good, bad = _one(MARGIN, 41.236, "Å")["sentence"], _one(MARGIN, 12.0, "Å")["sentence"]
    assert good == "Room around the molecule: 41.24 Å; it should be at least 30 Å."
    assert bad == "Room around the molecule: 12 Å; it should be at least 30 Å. Take a larger box."
    assert _one(MASKED, True)["sentence"] == "Masked half-maps. Give the unmasked ones."
    assert _one(Check("s", "is", True, "All is well", "Look."), False)["sentence"] == "All is well: no. Look."
    assert _one(Check("s", "is", "none", "Turned", "Look."), "x reversed")["sentence"] == "Turned: x reversed, expected none. Look."
    assert _one(MASKED, False)["sentence"] == "Masked half-maps: no."
    assert _one(CORRELATION, None)["sentence"] == "Correlation of the noise: not evaluated, there is no value."


def test_outcome_carries_all_that_a_report_needs():
    outcome = _one(CORRELATION, 0.2)
    assert set(outcome) == {"metric", "op", "limit", "unit", "title", "advice", "reference", "value", "status", "sentence"}
    assert outcome["value"] == 0.2 and outcome["limit"] == 0.05


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
    path.write_text("[fsc]\nnoise_correlation = 0.3\n", encoding="utf-8")
    assert checks.read_limits(str(path)) == {"fsc": {"noise_correlation": 0.3}}
    assert checks.read_limits(None) is None
    path.write_text("[fsc\n", encoding="utf-8")
    with pytest.raises(InputError, match="limits.toml"):
        checks.read_limits(str(path))
    with pytest.raises(InputError, match="nowhere.toml"):
        checks.read_limits(str(tmp_path / "nowhere.toml"))


def test_a_cause_silences_what_it_explains_and_comes_after_it():
    table = (Check("half_maps_identical", "is", False, "Copies", "Give two.", severity="fail"),
             Check("half_maps_scale", "<=", 1.2, "One scale", "Look."), Check("half_maps_masked", "is", False, "Masked", "Look."),
             Check("tail", "<=", 0.1, "Tail", "Look."))
    values = dict(half_maps_identical=True, half_maps_scale=2.0, half_maps_masked=False, tail=0.5)
    outcomes = checks.evaluate(table, {n: dict(value=v, unit="") for n, v in values.items()})
    found = checks.causes_first(outcomes, {"half_maps_identical": ("half_maps_scale",)})
    assert [o["status"] for o in found] == ["fail", "skipped", "ok", "warn"]
    assert [o["status"] for o in checks.causes_first(outcomes, {"half_maps_identical": "*"})] == ["fail", "skipped", "ok", "skipped"]
    later = checks.causes_first(outcomes, {"tail": "*", "half_maps_masked": ("tail",)})
    assert [o["status"] for o in later] == ["fail", "warn", "ok", "warn"]
    assert found[1]["sentence"] == "One scale: not judged, because of 'Copies'."
    assert [o["status"] for o in outcomes] == ["fail", "warn", "ok", "warn"]


def test_what_a_cause_explains_is_a_check_that_comes_after_it():
    known = {c.metric for table in limits.CHECKS.values() for c in table}
    for cause, explained in limits.EXPLAINED.items():
        assert {cause, *explained} - {"*"} <= known, cause
        for capability, table in limits.CHECKS.items():
            order = [c.metric for c in table]
            later = [m for m in explained if m in order and cause in order]
            assert all(order.index(m) > order.index(cause) for m in later), (capability, cause)
