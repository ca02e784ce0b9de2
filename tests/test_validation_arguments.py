"""What argues against a map: causes once and in order, what explains what, the verdict, and the reported resolution."""
from __future__ import annotations

import pytest

from cryoqa_plugin.limits import CHECKS
from cryoqa_plugin.validation import arguments, reported, summary
from cryoqa_plugin.validation.items import ITEMS, REPORTED, judge

BY_ID = {item.id: item for item in ITEMS}
STRENGTHS = {c.metric: dict(strength=c.strength, grave=c.grave) for table in CHECKS.values() for c in table}


def _document(checks=(), histogram=None, **metrics):
    return dict(metrics={n: dict(value=v, unit="Å", meaning="", better="none") for n, v in metrics.items()},
                curves={} if histogram is None else {"histogram": histogram}, summary="So it is.", title="T",
                checks=[dict(metric=m, status=s, title=f"Title of {m}", sentence=f"{m} is {s}.", **STRENGTHS[m]) for m, s in checks])


def _judged(found, resolution=None):
    return [judge(BY_ID[item], found, resolution) for item in ("0.a", "0.b", "0.c", "1.a", "1.b", "1.i", "A.a")]


def _trust(found, resolution=None):
    judged = arguments.explain(_judged(found, resolution))
    against = arguments.arguments(judged)
    return judged, against, arguments.verdict(against, sum(j.status in ("ok", "warn", "fail") for j in judged))


GOOD = {"contour": _document([("decentring", "ok"), ("pieces_95", "ok"), ("background_mean", "ok")]),
        "fsc": _document([("half_maps_share_noise", "ok"), ("tail_fsc", "ok")]),
        "half_map_statistics": _document([("half_maps_share_noise", "ok"), ("shells_beyond", "ok")]),
        "local_fsc": _document([("half_maps_share_noise", "ok")]), "model_fit": _document([("cc_mask", "ok")])}


def _with(**changed):
    return dict(GOOD, **{k: _document(v) for k, v in changed.items()})


def test_a_good_map_is_trusted():
    _, against, found = _trust(GOOD)
    assert against == [] and found == ("trusted", 1.0)
    assert arguments.sentence([], 5) == "The map can be trusted (score 1.0): nothing argues against it."


def test_a_remark_is_said_and_is_no_argument_against_the_map():
    remarked = dict(GOOD["contour"], checks=[dict(c, status="warn", strength=1, sentence="Look here.") if c["metric"] == "decentring" else c
                                             for c in GOOD["contour"]["checks"]])
    _, against, found = _trust(dict(GOOD, contour=remarked))
    assert found == ("trusted", 0.9) and arguments.sentence(against, 5) == "The map can be trusted (score 0.9). Look at: (1) Look here."


def test_one_cause_counts_once_and_names_its_items():
    noisy = [("half_maps_share_noise", "warn"), ("tail_fsc", "warn")]
    judged, against, found = _trust(_with(fsc=noisy, half_map_statistics=noisy + [("shells_beyond", "warn")], local_fsc=noisy))
    assert [a.title for a in against] == ["Title of half_maps_share_noise"] and against[0].items == ("1.a", "1.b", "1.i")
    assert found == ("not to be trusted", 0.3)
    skipped = [c for j in judged for c in j.ours if c["metric"] == "shells_beyond"]
    assert skipped[0]["sentence"] == "Title of shells_beyond: not judged, because title of half_maps_share_noise."


def test_what_voids_the_half_maps_leaves_nothing_else_to_judge():
    void = [("half_maps_signal", "fail"), ("half_maps_shift", "warn")]
    judged, against, found = _trust(_with(fsc=void, half_map_statistics=void, local_fsc=void + [("nyquist_fraction", "warn")],
                                          contour=[("decentring", "warn"), ("pieces_95", "warn")], model_fit=[("cc_mask", "warn")]))
    assert [(a.title, a.strength, a.items) for a in against] == [("Title of half_maps_signal", 1.0, ("1.a", "1.b", "1.i"))]
    assert found == ("not to be trusted", 0.0)
    assert {j.item.id: j.status for j in judged} == {"0.a": "skipped", "0.b": "skipped", "0.c": "none", "1.a": "fail", "1.b": "fail",
                                                     "1.i": "fail", "A.a": "skipped"}


def test_a_wrong_level_explains_pieces_and_inclusion():
    found = _trust(_with(contour=[("level_verdict", "warn"), ("pieces_95", "warn"), ("mass_offset", "warn")],
                         model_fit=[("inclusion_backbone", "warn")]))
    assert [a.title for a in found[1]] == ["Title of level_verdict"] and found[2] == ("with reservations", 0.6)


def test_a_wrong_hand_explains_what_the_model_shows_of_it():
    found = dict(_with(model_fit=[("model_operation", "warn"), ("cc_mask", "warn")]), hand=_document([("wrong_probability", "fail")]))
    judged = arguments.explain([judge(BY_ID[i], found, None) for i in ("0.h", "A.a")])
    assert [a.title for a in arguments.arguments(judged)] == ["Title of wrong_probability"] and judged[1].status == "skipped"


def test_a_part_that_is_there_in_some_particles_explains_its_residues():
    found = dict(_with(model_fit=[("residues_low", "warn")], contour=[("mass_offset", "warn")]),
                 lococcupancy=_document([("fraction_partial", "warn")]))
    judged = arguments.explain([judge(BY_ID[i], found, None) for i in ("0.a", "0.g", "A.a")])
    assert [a.title for a in arguments.arguments(judged)] == ["Title of fraction_partial"]


def test_remarks_leave_the_map_trusted_and_come_last():
    _, against, found = _trust(_with(contour=[("decentring", "warn"), ("mass_offset", "warn")], model_fit=[("residues_low", "warn")]))
    assert [a.strength for a in against] == [0.4, 0.1] and found == ("with reservations", 0.6)
    assert arguments.sentence(against, 5) == (
        "The map can be trusted with reservations (score 0.6). Against it: (1) residues_low is warn.")
    _, against, found = _trust(_with(contour=[("decentring", "warn"), ("mass_offset", "warn")]))
    assert len(against) == 1 and against[0].title == "The molecule is not at the box centre" and found == ("trusted", 0.9)


def test_without_half_maps_trust_is_qualified():
    assert arguments.sentence([], 3, halves=False).startswith("As far as a map shows without half-maps, it can be trusted (score 1.0)")
    assert arguments.sentence([], 3, halves=False, given=True).startswith("As far as it was asked, the map can be trusted (score 1.0)")
    alone = {"contour": GOOD["contour"], "model_fit": GOOD["model_fit"]}
    assert summary.summary(_judged(alone), [], None).startswith("As far as a map shows without half-maps")
    assert summary.summary(_judged(GOOD), [], None).startswith("The map can be trusted")


def test_at_most_three_arguments_are_named():
    many = [arguments.Argument(str(i), arguments.STRONG, ("1.a",), f"S{i}.") for i in range(5)]
    assert arguments.sentence(many, 9).endswith("(1) S0. (2) S1. (3) S2.")
    assert arguments.verdict([], 0) == (None, None) and arguments.sentence(many, 0) == ""


def test_every_metric_of_a_cause_is_one_that_is_checked():
    checked = {c.metric for row in CHECKS.values() for c in row} | {REPORTED}
    named = set(arguments._CAUSES) | set(arguments._ELSEWHERE)
    named |= {m for metrics in arguments._ELSEWHERE.values() for m in metrics}
    assert named <= checked, f"no check looks at {sorted(named - checked)}"


def test_the_strength_of_a_check_is_what_its_warning_weighs():
    weights = {metric: arguments._strength(dict(status="warn", **how)) for metric, how in STRENGTHS.items()}
    assert {weights[m] for m in ("half_maps_masked", "shares_in_mask", "model_zscore", "empty_fraction", "half_maps_shift")} == {0.7}
    assert {weights[m] for m in ("residues_low", "level_verdict", "noise_ratio", "fall_off_ratio", "preferred")} == {0.4}
    assert {weights[m] for m in ("decentring", "random_fsc_at_resolution", "bfactor", "model_gap", "reaches_nyquist")} == {0.1}
    assert {arguments._strength(dict(status="fail", **how)) for how in STRENGTHS.values()} == {1.0}
    assert arguments._strength(dict(status="warn")) == 0.4                                     # results of an older version
    for name, table in CHECKS.items():
        for c in table:
            if name == "audit" or c.metric not in ("supported_share", "unsupported_power"):     # a map made here weighs less than one given
                assert weights[c.metric] == arguments._strength(dict(status="warn", strength=c.strength, grave=c.grave)), c


# --- the reported resolution ---------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("resolution, status", [(3.3, "ok"), (3.28, "ok"), (2.9, "ok"), (4.5, "ok"), (2.7, "warn"), (2.0, "fail"),
                                                (None, None)])
def test_a_reported_resolution_is_held_against_the_curves(resolution, status):
    found = {"fsc": _document(resolution=3.28, resolution_better=3.2, resolution_unmasked_0143=3.28, resolution_corrected_0143=3.0)}
    judged = judge(BY_ID["1.a"], found, resolution)
    assert judged.status == (status or "none")
    if status:
        assert judged.ours[0]["sentence"] == (
            f"Reported resolution: {resolution:.2f} Å (at least 2.85 Å)." if status == "ok" else
            f"The reported {resolution:.2f} Å is finer than the FSC of the half-maps (3.00 Å). {reported.ADVICE}")


def test_half_maps_that_share_noise_give_their_bound():
    found = {"fsc": _document(resolution=None, resolution_unmasked_0143=2.4, resolution_corrected_0143=2.2, resolution_bound=3.0,
                              resolution_bound_better=2.95)}
    assert judge(BY_ID["1.a"], found, 2.5).status == "warn" and judge(BY_ID["1.a"], found, 2.9).status == "ok"
    assert judge(BY_ID["1.a"], {"fsc": _document(resolution=None)}, 2.5).status == "none"


def test_significance_and_local_resolutions_are_held_against_it_too():
    assert judge(BY_ID["1.b"], {"half_map_statistics": _document(resolution_fdr=2.9)}, 2.8).status == "ok"
    assert judge(BY_ID["1.b"], {"half_map_statistics": _document(resolution_fdr=2.9)}, 2.7).status == "warn"
    histogram = dict(x=[2.5, 3.5, 4.5], y=[10, 390, 600])
    local = {"local_fsc": _document(histogram=histogram)}
    assert reported.quantile(histogram, 0.5) == pytest.approx(2.5) and reported.quantile(histogram, 40.0) == pytest.approx(4.0)
    assert [judge(BY_ID["1.i"], local, r).status for r in (3.0, 2.4, 2.3, 1.0)] == ["ok", "ok", "warn", "warn"]
    assert reported.quantile(None, 1.0) is None and judge(BY_ID["1.i"], {"local_fsc": _document()}, 2.0).status == "none"


def test_the_reported_resolution_is_one_argument_however_many_items_show_it():
    found = dict(GOOD, fsc=_document(resolution=3.0, resolution_better=3.0), half_map_statistics=_document(resolution_fdr=2.9),
                 local_fsc=_document(histogram=dict(x=[2.5, 3.5], y=[1, 99])))
    _, against, verdict = _trust(found, 2.2)
    assert [(a.title, a.items) for a in against] == [("The reported resolution is finer than the data", ("1.a", "1.b", "1.i"))]
    assert verdict == ("not to be trusted", 0.0) and "The reported 2.20 Å is finer than" in against[0].sentence
    found["mtriage"] = _document([("reported_gap", "warn")])
    assert [a.title for a in arguments.arguments(arguments.explain([judge(BY_ID[i], found, 2.2) for i in ("1.a", "A.a")]))] == [
        "The reported resolution is finer than the data"]
    only_local = dict(found, fsc=_document(), half_map_statistics=_document())
    assert _trust(only_local, 2.2)[2] == ("with reservations", 0.6)


def test_the_fsc_of_the_half_maps_settles_what_local_methods_find_coarser():
    found = dict(GOOD, fsc=_document(resolution=2.2, resolution_better=2.2), local_fsc=_document(histogram=dict(x=[2.5, 3.5], y=[1, 99])))
    judged, against, verdict = _trust(found, 2.2)
    assert against == [] and verdict == ("trusted", 1.0)
    last = next(j for j in judged if j.item.id == "1.i").ours[-1]
    assert last["sentence"].endswith("because the FSC of the half-maps confirms the reported resolution.")


def test_a_mirrored_model_is_the_cause_of_a_map_that_fits_only_mirrored():
    found = dict(_with(model_fit=[("model_operation", "warn"), ("cc_mask", "warn")]),
                 q_score=_document([("q_difference", "warn")]),
                 model_geometry=_document([("mirrored", "warn"), ("chirality_wrong", "warn")]))
    judged = arguments.explain([judge(BY_ID[i], found, None) for i in ("A.a", "A.e", "A.j")])
    assert [a.title for a in arguments.arguments(judged)] == ["Title of mirrored"]
    assert [j.status for j in judged] == ["skipped", "skipped", "warn"]


def test_the_geometry_of_a_model_says_nothing_against_the_map():
    bad = _document([("clashes_per_1000", "warn"), ("twisted_percent", "warn")])
    with_map = [judge(BY_ID[i], dict(GOOD, model_geometry=bad), None) for i in ("0.a", "1.a", "A.a", "A.j")]
    one, = arguments.arguments(with_map)
    assert (one.title, one.strength) == ("The geometry of the model", 0.1) and arguments.verdict([one], 4) == ("trusted", 0.9)
    alone, = arguments.arguments([judge(BY_ID["A.j"], {"model_geometry": bad}, None)])
    assert alone.strength == 0.4


def test_what_scores_of_residues_show_of_one_cause_counts_once():
    found = dict(_with(model_fit=[("residues_low", "warn")]), q_score=_document([("q_difference", "warn")]),
                 emringer=_document([("below_expectation", "warn")]))
    one, = arguments.arguments([judge(BY_ID[i], found, None) for i in ("A.a", "A.e", "A.f")])
    assert one.title == "The model does not fit" and one.items == ("A.a", "A.e", "A.f")


@pytest.mark.parametrize("metric, what", [("model_shift", "model"), ("residues_shifted", "model"), ("model_voxel_off", "map"),
                                          ("half_maps_share_noise", "map")])
def test_the_verdict_is_on_what_is_wrong(metric, what):
    bad = arguments.Argument("T", arguments.STRONG, ("A.a",), "So.", dict(metric=metric))
    weak = arguments.Argument("U", arguments.WEAK, ("0.a",), "So.", dict(metric="decentring"))
    assert arguments.sentence([bad, weak], 5).startswith(f"The {what} is not to be trusted as it is (score 0.3).")


def test_a_trace_of_one_atom_a_residue_explains_low_scores():
    found = dict(_with(model_fit=[("residues_low", "warn")]), q_score=_document([("q_difference", "warn")]),
                 model_geometry=_document([("ca_only", "warn")]), model_report=_document([("omit", "warn"), ("trust", "warn")]))
    judged = arguments.explain([judge(BY_ID[i], found, None) for i in ("A.a", "A.e", "A.j", "A.k")])
    assert [(a.title, a.strength) for a in arguments.arguments(judged)] == [("Title of ca_only", 0.1)]
    assert [j.status for j in judged] == ["skipped", "skipped", "warn", "skipped"]


def test_of_a_model_that_does_not_fit_the_list_of_places_is_named():
    found = dict(_with(model_fit=[("residues_low", "warn")]), fsc_q=_document([("residues_unexplained", "warn")]),
                 model_report=_document([("omit", "warn")]))
    one, = arguments.arguments([judge(BY_ID[i], found, None) for i in ("A.a", "A.b", "A.k")])
    assert one.metric == "omit" and one.items == ("A.a", "A.b", "A.k")
