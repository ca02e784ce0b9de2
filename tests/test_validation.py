"""A validation: the service's rules, verdicts, score, what is done again and what is not."""
from __future__ import annotations

import html as html_module
import json
import os
import string
from pathlib import Path

import numpy as np
import pytest

from cryoqa_plugin import limits, params, resume, runner
from cryoqa_plugin.cli import main
from cryoqa_plugin.errors import InputError
from cryoqa_plugin.io.maps import Map, read_map, write_map
from cryoqa_plugin.registry import BY_ID, resolve
from cryoqa_plugin.report.assemble import write_report
from cryoqa_plugin.results import declared, read_json
from cryoqa_plugin.study import Study
from cryoqa_plugin.validation import resize, run, summary
from cryoqa_plugin.validation.items import ITEMS, Item, Rule, judge, percentile
from cryoqa_plugin.validation.sentences import SENTENCES


def _document(checks=(), curves=None, **metrics):
    return dict(metrics={n: dict(value=v, unit="", meaning="", better="none") for n, v in metrics.items()}, curves=curves or {},
                checks=[dict(metric=m, status=s, title=m, sentence=f"{m} {s}") for m, s in checks], summary="It is so.", title="T")


# --- the table -----------------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("item", ITEMS, ids=[i.id for i in ITEMS])
def test_items_look_at_values_that_exist(item):
    for capability in item.capabilities:
        assert capability in BY_ID, f"item {item.id} asks for {capability}, which is in no row"
    for rule in item.rules:
        role = "curve" if rule.how == "percentile" else "metric"
        assert rule.metric in declared(resolve(BY_ID[rule.capability].result), role), f"{rule.capability} has no {role} {rule.metric}"
    known = {c.metric for capability in item.capabilities for c in limits.CHECKS.get(capability, ())}
    assert set(item.checks) <= known, f"item {item.id} names checks that {item.capabilities} do not have"
    assert item.rules or item.note or item.level == "A"


def test_the_numbers_of_level_a_are_the_services():
    by_id = {i.id: i for i in ITEMS}
    assert by_id["A.a"].capabilities == ("mtriage", "model_fit") and by_id["A.d"].capabilities == ("model_fit",)
    limits_of = {(r.capability, r.metric): (r.op, r.limit) for i in ITEMS if i.level == "A" for r in i.rules}
    assert limits_of["model_fit", "residues_low"] == ("<=", 10.0) and limits_of["mtriage", "d_fsc_model_05_near"] == (">=", 0.8)
    assert limits_of["model_fit", "guinier_correlation"] == (">=", 0.5)
    for item in ITEMS:
        assert item.capabilities, item.id
    assert limits_of["model_stability", "models_rmsd"] == ("<=", 2.0) and not by_id["A.g"].rules


def test_an_item_without_a_result_is_absent():
    judged = judge(next(i for i in ITEMS if i.id == "A.c"), {}, 3.0)
    assert (judged.status, judged.service_status) == ("absent", "absent")


def test_the_stability_of_residues_is_said():
    item = next(i for i in ITEMS if i.id == "A.c")
    known = dict(steady=92.0, residues_without=2.1, residues_unsteady=0.5, residues_moved=3.5, spread_median=0.12, models_rmsd=0.25)
    judged = judge(item, {"model_stability": _document([("residues_without", "warn")], **known)}, 3.0)
    assert judged.status == "warn" and judged.service_status == "ok"
    assert "2.10 are in no density, 0.50 unsteady and 3.50 move away." in judged.summary      # without units here
    coarse = judge(item, {"model_stability": _document(undetermined_words="At 7.5 Å nothing is judged.", models_rmsd=0.7)}, 3.0)
    assert coarse.summary == "At 7.5 Å nothing is judged."


def test_of_a_model_beside_its_map_one_item_says_so():
    words = "The model is shifted against the map: moved by 3.00, 0.00, 0.00 Å along x, y, z it fits better."
    off = {c: _document(model_place_words=words, d_fsc_model_05_near=9.0, guinier_correlation=0.2, b_excess=3.0, cc_mask=0.1)
           for c in ("mtriage", "model_fit")}
    by_id = {i.id: judge(i, off, None).summary for i in ITEMS if i.id in ("A.a", "A.d")}
    assert by_id["A.a"].startswith(words) and by_id["A.d"] == "Not judged, because the model does not lie on its map (A.a)."
    moved = {c: _document(fitting_origin="-48, -48, -48 Å (minus the centre of the box)", cc_mask=0.05, cc_residues=0.04) for c in off}
    assert judge(next(i for i in ITEMS if i.id == "A.a"), moved, None).summary == (
        "The model is off the density, and fits with the origin -48, -48, -48 Å (minus the centre of the box). "
        "Map and model correlate by 0.050 around the atoms, 0.040 in the median residue.")
    there = {c: _document(fitting_origin="none", guinier_correlation=0.9, b_excess=3.0) for c in off}
    assert "off the density" not in judge(next(i for i in ITEMS if i.id == "A.a"), there, None).summary
    on = {c: _document(guinier_correlation=0.2, b_excess=3.0) for c in off}
    assert judge(next(i for i in ITEMS if i.id == "A.d"), on, None).summary.startswith("The Guinier plots")


def test_what_two_capabilities_say_alike_stands_once():
    documents = {"fsc": _document([("a", "warn"), ("b", "ok")]), "half_map_statistics": _document([("a", "warn"), ("c", "ok")])}
    judged = judge(next(i for i in ITEMS if i.id == "1.a"), documents, None)
    assert [c["metric"] for c in judged.ours][:3] == ["a", "b", "c"]


def test_items_are_in_their_order_and_once():
    ids = [i.id for i in ITEMS]
    assert ids == sorted(ids, key=lambda i: ("01A".index(i[0]), i)) and len(ids) == len(set(ids))


# --- verdicts ------------------------------------------------------------------------------------------------------------------------

RATIO = Item("1.a", "Ratio", (Rule("fsc", "resolution", ">=", 0.8, "Reported over found", "Look.", "reported_over"),))


@pytest.mark.parametrize("reported, status", [(3.0, "ok"), (2.41, "ok"), (2.39, "warn"), (None, "skipped")])
def test_a_reported_resolution_finer_than_four_fifths_is_a_warning(reported, status):
    judged = judge(RATIO, {"fsc": _document(resolution=3.0)}, reported)
    assert judged.service_status == status


def test_verdicts_are_ours_and_the_services():
    documents = {"fsc": _document([("a", "ok"), ("b", "warn")], resolution=3.0)}
    judged = judge(RATIO, documents, 3.0)
    assert (judged.status, judged.service_status) == ("warn", "ok")
    chosen = judge(Item("1.a", "R", RATIO.rules, checks=("a",)), documents, 3.0)
    assert chosen.status == "ok" and [c["metric"] for c in chosen.ours] == ["a"]


def test_checks_without_a_value_do_not_hide_the_others():
    documents = {"fsc": _document([("a", "skipped"), ("b", "ok")], resolution=3.0)}
    assert judge(RATIO, documents, 3.0).status == "ok"
    assert judge(RATIO, {"fsc": _document([("a", "skipped")], resolution=3.0)}, 3.0).status == "skipped"
    assert judge(RATIO, {"fsc": _document(resolution=3.0)}, 3.0).status == "none"


def test_each_item_says_its_own_numbers():
    metrics = dict(mass=445.25, residues=4047.7, volume=537420.0, contour=0.02, decentring=1.5, space_min=38.08, mass_offset=1.11,
                   n_components=12, components_95=1, largest_percent=98.2, mask_volume=742716.6, mask_overlap=0.99, background_mean=None,
                   outliers_percent=0.0421, outliers_robust=2)
    units = dict(outliers_robust="voxels",
                 mass="kDa", volume="Å³", mask_volume="Å³", decentring="%", space_min="Å", mass_offset="%", largest_percent="%",
                 outliers_percent="%")
    document = _document(**metrics)
    for name, entry in document["metrics"].items():
        entry["unit"] = units.get(name, "")
    documents = {"contour": dict(document, parameters=dict(contour=None, sigmas=5.0), summary="Of the whole.")}
    said = {i: judge(next(x for x in ITEMS if x.id == i), documents, 3.0).summary for i in ("0.a", "0.b", "0.c")}
    assert said["0.a"].startswith("445 kDa (4048 residues of protein) fill the 537 nm³") and "at least 38.08 Å from the" in said["0.a"]
    assert said["0.b"].startswith("Connected components above the contour level: 12; 95 % lie in 1 of them") and said["0.c"] == (
        "2 voxels of the background lie beyond 5 σ (< 0.1 %).")
    assert judge(RATIO, {"fsc": dict(_document(resolution=3.0), summary="Of the whole.")}, 3.0).summary == "Of the whole."


@pytest.mark.heavy
def test_every_sentence_can_be_said(validated):
    _, document, _ = validated
    for item, pieces in SENTENCES.items():
        known = set()
        for capability, words in pieces:
            row = BY_ID[capability]
            fields = set(declared(resolve(row.result), "metric")) | {s.name for s in params.specs(resolve(row.params))}
            known |= {n for _, n, _, _ in string.Formatter().parse(words) if n} - fields
        assert not known, f"{item} names {known}"
        said = next(i["summary"] for i in document["items"] if i["id"] == item)
        begins = [words.partition("{")[0] or words.partition("}")[2].partition("{")[0] for _, words in pieces]
        assert any(b in said for b in begins), f"{item} says {said}"


def test_the_sign_of_the_services_b_factors():
    item = next(i for i in ITEMS if i.id == "0.f")
    assert judge(item, {"locbfactor": _document(median=120.0)}, 3.0).service_status == "ok"
    assert judge(item, {"locbfactor": _document(median=-5.0)}, 3.0).service_status == "warn"
    assert judge(item, {"locbfactor": _document(median=320.0)}, 3.0).service_status == "warn"


def test_an_item_that_failed_or_is_not_there_has_no_verdict():
    assert judge(RATIO, {}, 3.0).status == "absent"
    failed = judge(RATIO, {"fsc": {"error": "No."}}, 3.0)
    assert (failed.status, failed.error) == ("error", "No.")


def test_items_do_not_apply_outside_their_range():
    item = Item("1.a", "H", RATIO.rules, reported=(0.0, 5.0))
    assert judge(item, {"fsc": _document(resolution=9.0)}, 8.0).service_status == "not applicable"
    assert judge(item, {"fsc": _document(resolution=9.0)}, 4.0).service_status == "warn"


def test_percentiles_are_read_off_a_histogram():
    histogram = dict(x=[2.5, 3.5, 4.5], y=[10, 30, 60])
    assert percentile(histogram, 4.0) == pytest.approx(40) and percentile(histogram, 2.5) == pytest.approx(5)
    assert percentile(histogram, 1.0) == 0 and percentile(histogram, 9.0) == 100 and percentile(None, 3.0) is None


def test_the_score_counts_evaluable_items_only():
    documents = {"fsc": _document([("a", "ok")], resolution=3.0)}
    bad = {"fsc": _document([("a", "warn")], resolution=3.0)}
    judged = [judge(RATIO, documents, 3.0), judge(RATIO, bad, 2.0), judge(RATIO, {}, 3.0), judge(RATIO, {"fsc": {"error": "No."}}, 3.0)]
    assert summary.score(judged) == dict(passed=1, evaluable=2, service_passed=1, service_evaluable=2)
    text = summary.summary(judged, [("1.a", "FSC", 3.0), ("1.c", "boxes", 4.0)], 2.0)
    assert "1 of 2 items that could be judged are met" in text and "give 3.00 Å to 4.00 Å" in text and (
        "reported resolution is 2.00 Å" in text)


# --- running -------------------------------------------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    from cryoqa_plugin.demo import write_demo_data
    folder = tmp_path_factory.mktemp("demo")
    sources = write_demo_data(str(folder), box=48)
    return {k: sources[k] for k in ("full_map", "half1", "half2", "model")}


@pytest.fixture(scope="module")
def validated(demo, tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("validated"))
    steps = []
    document = run.validate(demo, folder, resolution=5.0, progress=lambda f, m: steps.append((f, m)))
    return folder, document, steps


def test_all_levels_run_and_are_judged(validated):
    folder, document, steps = validated
    assert document["not_done"] == []
    done = {i["id"]: i["status"] for i in document["items"]}
    assert set(done) == {i.id for i in ITEMS} and "error" not in done.values()
    assert [i for i, status in done.items() if status == "absent"] == []
    assert document["score"]["evaluable"] >= 12
    assert read_json(os.path.join(folder, "validation.json")) == json.loads(json.dumps(document))
    fractions = [f for f, _ in steps]
    assert np.all(np.diff(fractions) > -1e-9) and fractions[0] == 0 and fractions[-1] == pytest.approx(1)


def test_the_report_has_the_cover_and_numbers_its_sections(validated):
    folder, document, _ = validated
    paths = write_report(folder, strict=True)
    html = Path(paths["html"]).read_text(encoding="utf-8")
    points = document["score"]
    assert f"{points['passed']} of {points['evaluable']} items" in html
    head = html[:html.index('<section id="fine"')]
    assert f"{document['trust']['score']:.1f} of 1" in head and "5.00 Å" in head
    assert html_module.escape(document["trust"]["headline"], quote=False) in head
    assert '<a href="#blocres">' in html and '<details id="blocres">' in html
    assert read_json(paths["json"])["validation"]["score"] == points
    assert Path(paths["pdf"]).read_bytes()[:5] == b"%PDF-"


def test_what_is_done_is_not_done_again(validated, demo, monkeypatch):
    folder, document, _ = validated
    ran = []
    original = runner.answer
    monkeypatch.setattr(runner, "answer", lambda row, *a, **k: ran.append(row.id) or original(row, *a, **k))
    again = run.validate(demo, folder, resolution=5.0)
    assert ran == [] and again["score"] == document["score"]
    os.remove(os.path.join(folder, "fsc", "result.json"))
    run.validate(demo, folder, resolution=5.0, levels=("1",))
    assert ran == ["fsc"]


def test_another_map_is_done_again(validated, demo, tmp_path, monkeypatch):
    folder, _, _ = validated
    ran = []

    def stop(row, *a, **k):
        ran.append(row.id)
        raise InputError("stop")

    monkeypatch.setattr(runner, "answer", stop)
    half = read_map(demo["half2"])
    other = str(tmp_path / "other.mrc")
    write_map(other, half.with_data(half.data * 1.01))
    run.validate(dict(demo, half2=other), str(tmp_path / "new"), levels=("1",))
    assert "fsc" in ran
    ran.clear()
    monkeypatch.setattr(resume, "__version__", "99")
    study = Study.read({"full_map": demo["full_map"]})
    assert resume.kept(BY_ID["map_info"], study, {}, os.path.join(folder, "map_info"), None) is None


def test_one_failure_does_not_stop_the_others(demo, tmp_path, monkeypatch):
    original = runner.answer

    def failing(row, *a, **k):
        if row.id == "fsc":
            raise RuntimeError("broken")
        return original(row, *a, **k)

    monkeypatch.setattr(runner, "answer", failing)
    halves = {k: demo[k] for k in ("half1", "half2")}
    monkeypatch.setattr(run, "ITEMS", tuple(i for i in ITEMS if i.id in ("1.a", "1.b", "1.g")))
    document = run.validate(halves, str(tmp_path), levels=("1",))
    assert [d["capability"] for d in document["not_done"]] == ["fsc"]
    assert {i["id"]: i["status"] for i in document["items"]}["1.g"] in ("ok", "warn")
    assert "Not done" not in document["summary"] or "1.a" in document["summary"]


def test_wrong_levels_and_nothing_to_do_are_refused(demo, tmp_path):
    with pytest.raises(InputError, match="no level '2'"):
        run.validate(demo, str(tmp_path), levels=("2",))
    with pytest.raises(InputError, match="nothing to validate"):
        run.validate({"model": demo["model"]}, str(tmp_path), levels=("A",))


def test_fine_voxels_are_made_coarser_for_the_slow_methods(tmp_path):
    rng = np.random.default_rng(0)
    ft = np.fft.fftn(rng.standard_normal((40, 44, 48)))
    s2 = sum(np.square(k) for k in np.meshgrid(*(np.fft.fftfreq(n) for n in (40, 44, 48)), indexing="ij"))
    smooth = Map(np.fft.ifftn(ft * (s2 < 0.15 ** 2)).real.astype(np.float32), (0.5, 0.5, 0.5), (1.0, 2.0, 3.0))
    made = resize.coarser(smooth, 1.0)
    assert made.shape == (20, 22, 24) and made.voxel_size == pytest.approx((1.0, 1.0, 1.0)) and made.origin == smooth.origin
    np.testing.assert_allclose(made.data, smooth.data[::2, ::2, ::2], atol=1e-4 * np.abs(smooth.data).max())
    monores, study = BY_ID["monores"], Study(half1=smooth)
    resizer = resize.Resizer(str(tmp_path), 5.0)
    assert resizer.study(BY_ID["fsc"], study) is study
    small = resizer.study(monores, study).half1
    assert small.voxel_size[0] == pytest.approx(5 / 3, rel=0.15) and os.path.isfile(small.path)
    assert resizer.study(monores, study).half1 is small      # made once
    assert resize.Resizer(str(tmp_path), 1.0).study(monores, study) is study
    resizer = resize.Resizer(str(tmp_path / "finer"), 5.0)
    resizer.found(None)
    resizer.found(4.0)                                       # the FSC goes further than what was reported
    resizer.found(6.0)
    assert resizer.resolution == 4.0 and resizer.study(monores, study).half1.voxel_size[0] == pytest.approx(4 / 3, rel=0.15)


@pytest.mark.heavy
def test_a_map_alone_tells_its_resolution_to_the_others(tmp_path):
    from cryoqa_plugin.demo import write_demo_data
    sources = write_demo_data(str(tmp_path / "demo"), box=64)
    document = run.validate({"full_map": sources["full_map"]}, str(tmp_path / "out"), levels=("0",))
    median = read_json(str(tmp_path / "out" / "map_resolution" / "result.json"))["metrics"]["median"]["value"]
    for capability, name in (("guinier", "fit_to"), ("locbfactor", "resolution"), ("hand", "resolution")):
        assert read_json(str(tmp_path / "out" / capability / "result.json"))["parameters"][name] == median
    assert document["reported"] is None and "No resolution was reported" in document["summary"] and document["not_done"] == []
    given = run.validate({"full_map": sources["full_map"]}, str(tmp_path / "given"), resolution=6.0, levels=("0",))
    assert given["reported"] == 6.0
    assert read_json(str(tmp_path / "given" / "guinier" / "result.json"))["parameters"]["fit_to"] == 6.0


def test_the_command(demo, tmp_path, capsys):
    folder = str(tmp_path / "out")
    assert main(["validate", "--map", demo["full_map"], "--levels", "0", "--resolution", "5", "-o", folder, "-q"]) == 0
    out = capsys.readouterr().out
    assert "items that could be judged" in out and "0.a" in out and "1.a" not in out
    assert sorted(f for f in os.listdir(folder) if f.startswith(("report", "validation"))) == ["report.html", "report.json", "report.pdf",
                                                                                            "validation.json"]
    assert main(["validate", "--map", str(tmp_path / "nowhere.mrc"), "-o", folder]) == 2
    assert main(["validate", "--map", demo["full_map"], "--levels", "7", "-o", folder]) == 2


# --- good and bad data ---------------------------------------------------------------------------------------------------------------

def _with_noise(folder, target, signal, noises):
    """Files of half-maps of a signal and two noises, and of their mean, beside the model of p96; ``target`` is made."""
    os.makedirs(target)
    grid = read_map(str(folder / "p96_half1.mrc"))
    halves = [signal + n for n in noises]
    out = {"model": str(folder / "p96_model.pdb")}
    for kind, data in (("half1", halves[0]), ("half2", halves[1]), ("full_map", 0.5 * (halves[0] + halves[1]))):
        out[kind] = os.path.join(target, kind + ".mrc")
        write_map(out[kind], grid.with_data(data.astype(np.float32)))
    return out


@pytest.mark.heavy
def test_scores_of_good_and_bad_data_do_not_overlap(sim_case, tmp_path):
    folder = sim_case("p96")
    signal, one, two, mask = (read_map(str(folder / f"p96_{n}.mrc")).data.astype(np.float64) for n in ("signal", "half1", "half2", "mask"))
    noises = [one - signal, two - signal]
    # The spectrum of one noise, the phases of another: a third, independent one.
    other = np.fft.fftn(np.random.default_rng(7).standard_normal(signal.shape))
    common = np.fft.ifftn(np.abs(np.fft.fftn(noises[0])) * other / np.abs(other)).real
    shared = [np.sqrt(0.9) * n + np.sqrt(0.1) * common for n in noises]
    z, y, x = np.indices(signal.shape) - 48.0
    rim = 1 + np.clip(np.sqrt(x ** 2 + y ** 2 + z ** 2) / 48, 0, 1)
    damped = 0.05 + 0.95 * mask
    cases = {"good": (signal, noises, 2.32), "rim": (signal, [n * rim for n in noises], None), "too fine": (signal, noises, 2.05),
             "shared": (signal, shared, None), "damped": (signal * damped, [n * damped for n in noises], None),
             "noise": (0 * signal, noises, 2.32)}
    found = {name: run.validate(_with_noise(folder, str(tmp_path / name), s, n), str(tmp_path / name / "out"), resolution=r)
             for name, (s, n, r) in cases.items()}
    scores = {name: document["trust"]["score"] for name, document in found.items()}
    assert min(scores["good"], scores["rim"]) >= 0.9 and max(scores[n] for n in ("too fine", "shared", "damped", "noise")) <= 0.3
    against = {name: [a["cause"] for a in document["trust"]["arguments"]] for name, document in found.items()}
    assert against["too fine"][0] == "The reported resolution is finer than the data" and against["shared"][0] == "Half-maps share noise"
    assert against["damped"][0] == "The half-maps are masked" and len(against["noise"]) == 1
    status = {i["id"]: i["status"] for i in found["noise"]["items"]}
    assert status["1.a"] == status["1.b"] == "fail"


def test_the_voxel_size_is_the_cause_that_level_a_names(demo, tmp_path):
    """A.a of a voxel size that is 5 % wrong names it once, and nothing that follows from it."""
    given = {k: demo[k] for k in ("full_map", "model")}
    voxel = read_map(demo["full_map"]).voxel
    document = run.validate(given, str(tmp_path), levels=("A",), resolution=6.0,
                            voxel_sizes={"full_map": 1.05 * voxel})
    items = {item["id"]: item for item in document["items"]}
    bad = [c["metric"] for c in items["A.a"]["checks"] if c["status"] in ("warn", "fail")]
    said = items["A.a"]["summary"]
    assert bad == ["model_voxel_off"] and said.startswith("A voxel size of ") and said.count("A voxel size of ") == 1
    assert float(said.split()[4]) == pytest.approx(voxel, rel=0.008)
    assert "not built" not in json.dumps([i["summary"] for i in document["items"]])


def test_level_a_reads_near_the_model_whatever_mask_was_made(demo, tmp_path):
    document = run.validate({k: demo[k] for k in ("full_map", "model")}, str(tmp_path), levels=("A",), resolution=3.0)
    metrics = read_json(os.path.join(str(tmp_path), "mtriage", "result.json"))["metrics"]
    assert metrics["mask_source"]["value"] == "given"            # that of the map is handed on
    near = metrics["d_fsc_model_05_near"]["value"]
    item = next(i for i in document["items"] if i["id"] == "A.a")
    assert f"{near:.2f} Å" in item["summary"] and item["status"] == "warn"
    assert [c["metric"] for c in item["checks"] if c["status"] == "warn"] == ["reported_gap"]
    assert ("A.a", near) in [(r["item"], r["value"]) for r in document["resolutions"]]
