"""The report says what the saved results say, whole and harmless, whatever is in them."""
from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

import cryoqa_plugin
from cryoqa_plugin import runner
from cryoqa_plugin.errors import FormatError, InputError
from cryoqa_plugin.registry import CAPABILITIES
from cryoqa_plugin.report import assemble, content, section
from cryoqa_plugin.report.blocks import Text
from cryoqa_plugin.report.references import all_references
from report_documents import check, document, metric, unlocked, write_run

VOID = ("meta", "img", "br", "link", "input", "hr", "col")


class Page(HTMLParser):
    """Tags, anchors, links and text of a page; complains about tags that do not close."""

    def __init__(self, text):
        super().__init__()
        self.ids, self.links, self.tags, self.sources, self.words, self.open = [], [], [], [], [], []
        self.feed(text)
        assert not self.open, self.open
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.tags.append((tag, found))
        self.ids += [found["id"]] if "id" in found else []
        self.links += [found["href"]] if "href" in found else []
        self.sources += [v for k, v in attrs if k in ("src", "srcset", "data", "poster", "action")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open[-1:] not in (["script"], ["style"]):
            self.words.append(data)


def page_of(folder, **options):
    with open(assemble.write_report(folder, formats=("html",), **options)["html"], encoding="utf-8") as stream:
        return Page(stream.read())


def test_the_page_is_well_formed_and_holds_every_number(run_folder, documents):
    page = page_of(run_folder)
    assert len(set(page.ids)) == len(page.ids)
    assert {link[1:] for link in page.links if link.startswith("#")} <= set(page.ids)
    for d in documents:
        assert d["capability"] in page.ids and d["summary"] in page.text
        assert all(c["title"] in page.text for c in d["checks"])
        for name, m in d["metrics"].items():
            if m["value"] is not None:
                assert m["meaning"] in page.text and (name in page.text or name.rsplit("_", 1)[0] in page.text)
    assert "4.26" in page.text and "A sentence of warning." in page.text and "Å" in page.text
    assert "There is nothing" not in page.text
    assert sum(tag == "svg" and a.get("class") == "plot" for tag, a in page.tags) >= 4
    assert all(a.get("aria-label") for t, a in page.tags if t == "svg" and a.get("aria-hidden") != "true")
    assert all(a.get("alt") for t, a in page.tags if t == "img")


def test_the_page_needs_nothing_from_elsewhere(run_folder):
    page = page_of(run_folder)
    assert page.sources and all(s.startswith("data:image/png;base64,") for s in page.sources)
    assert not [t for t, _ in page.tags if t in ("link", "iframe", "object", "embed")]
    assert all(u.startswith(("#", "https://doi.org/")) for u in page.links)
    with open(os.path.join(run_folder, "report.html"), encoding="utf-8") as stream:
        text = stream.read()
    assert "@import" not in text and "url(" not in text


def test_the_verdict_is_the_worst_check_and_failures_are_said(run_folder):
    page = page_of(run_folder)
    assert "1 of 2 checks are met. 1 part could not be done." in page.text
    assert "Trust this map to 4.26 Å, with care: the tail is high." in page.text
    assert "The map has no contrast; give another one." in page.text


def test_no_resolution_in_the_head_where_the_half_maps_can_have_none(tmp_path, documents):
    assert "Resolution 4.26 Å" in page_of(write_run(tmp_path, documents)).text
    documents[0]["metrics"]["resolution"]["value"] = None
    documents[0]["checks"][0].update(status="fail", metric="half_maps_identical", title="Copies", claim="The half-maps are copies")
    page = page_of(write_run(tmp_path, documents))
    assert "4.26 Å" not in page.text and "Do not trust the resolution of this map yet: the half-maps are copies." in page.text
    assert "No resolution can be given: the half-maps are copies." in page.text


def test_what_is_missing_names_what_would_unlock_it(tmp_path, documents):
    page = page_of(write_run(tmp_path, documents[1:]))
    assert "asked" in page.ids and "Not asked for; 'cryoqa fsc' does it with the same files." in page.text
    for one in documents[1:]:
        one["inputs"] = {k: v for k, v in one["inputs"].items() if k not in ("half1", "half2")}
    assert "Needs half-map 1 and half-map 2" in page_of(write_run(tmp_path, documents[1:])).text


def test_hostile_texts_stay_text(tmp_path, documents):
    evil = '<script>alert("x")</script> & "quotes" \'single\' {{ 7*7 }} <b'
    fsc = documents[0]
    fsc["summary"], fsc["warnings"] = evil, [evil]
    fsc["curves"]["fsc_unmasked"]["meaning"] = evil
    fsc["metrics"]["resolution"]["meaning"] = evil
    fsc["tables"]["resolutions"]["rows"][0][0] = evil
    fsc["inputs"]["half1"] = dict(fsc["inputs"]["half1"], path="/no/<script>alert(1)</script>.mrc")
    fsc["checks"][0]["sentence"] = evil
    paths = assemble.write_report(write_run(tmp_path, [fsc]), strict=True)
    with open(paths["html"], encoding="utf-8") as stream:
        page = Page(stream.read())
    assert sum(tag == "script" for tag, _ in page.tags) == 1 and evil in page.text
    assert os.path.getsize(paths["pdf"]) > 1000


def test_a_section_that_fails_is_said_and_does_not_hide_the_others(run_folder, tmp_path):
    def broken(results):
        raise ZeroDivisionError("by <nought>")

    good = section.Section("good", "Good", 1, "file", "", lambda r: [Text("I am here.")])
    bad = section.Section("bad", "Bad", 0, "file", "", broken)
    page = page_of(run_folder, sections=(bad, good))
    assert "I am here." in page.text and "ZeroDivisionError: by <nought>" in page.text
    with pytest.raises(ZeroDivisionError):
        assemble.write_report(run_folder, strict=True, sections=(bad, good))
    assert all(os.path.isfile(os.path.join(run_folder, "report." + f)) for f in assemble.FORMATS)


def test_a_result_without_a_section_is_drawn_all_the_same(tmp_path, documents):
    stranger = dict(documents[1], capability="stranger", title="Stranger")
    page = page_of(write_run(tmp_path, [stranger]))
    assert "stranger" in page.ids and "Summary of mtriage." in page.text


def test_long_texts_fit_on_the_pages(tmp_path, documents):
    documents[0]["provenance"]["command"] = ["cryoqa", "x" * 9000]
    documents[0]["metrics"]["bfactor"]["value"] = "word " * 2000
    documents[0]["warnings"] = ["many words " * 900]
    assert os.path.getsize(assemble.write_report(write_run(tmp_path, documents), formats=("pdf",))["pdf"]) > 1000


def test_maps_that_are_gone_leave_the_report_standing(tmp_path, documents, inputs):
    for d in documents:
        d["inputs"] = {k: dict(e, path=str(tmp_path / "gone.mrc")) for k, e in d["inputs"].items()}
    assert "no longer there" in page_of(write_run(tmp_path, documents), strict=True).text


def test_a_folder_of_one_capability_is_a_report_too(tmp_path, documents):
    with open(tmp_path / "result.json", "w", encoding="utf-8") as stream:
        json.dump(documents[0], stream)
    assert "fsc" in page_of(str(tmp_path)).ids


def test_folders_without_results_are_refused_in_one_sentence(tmp_path):
    with pytest.raises(InputError, match="holds no result.json"):
        assemble.write_report(str(tmp_path))
    (tmp_path / "result.json").write_text("{ not json")
    with pytest.raises(FormatError, match="cannot be read"):
        assemble.write_report(str(tmp_path))


def test_the_json_holds_documents_and_verdicts(run_folder, documents):
    with open(assemble.write_report(run_folder, formats=("json",))["json"], encoding="utf-8") as stream:
        saved = json.load(stream, parse_constant=lambda word: pytest.fail(word))
    assert saved["status"] == "warn" and saved["documents"]["fsc"] == json.loads(json.dumps(documents[0]))
    assert {q["id"]: q["verdict"] for q in saved["questions"]}["fine"] == "look"
    assert {k["label"]: k["value"] for k in saved["keys"]}["Resolution"] == "4.26 Å"
    assert saved["errors"]["map_info"]["error"].startswith("The map has no contrast")


def test_the_same_results_give_the_same_files(run_folder):
    def contents():
        paths = assemble.write_report(run_folder)
        return {name: open(path, "rb").read() for name, path in paths.items()}

    assert contents() == contents()
    assert not [n for n in os.listdir(run_folder) if n.startswith(".cryoqa_")]


def test_the_pdf_has_numbered_pages_links_and_the_same_sentences(run_folder, documents):
    pypdf = pytest.importorskip("pypdf")
    reader = pypdf.PdfReader(assemble.write_report(run_folder, formats=("pdf",))["pdf"])
    assert 2 <= len(reader.pages) <= 8 and len(reader.outline) == 9
    texts = [" ".join(p.extract_text().split()) for p in reader.pages]
    assert all(f"page {i}" in t for i, t in enumerate(texts, 1))
    whole = " ".join(texts)
    for words in ("Trust this map to 4.26 Å, with care: the tail is high.", "The map has no contrast", "4.26 Å"):
        assert words in whole
    assert any("/Annots" in p for p in reader.pages)


def test_every_section_belongs_to_a_row_and_says_how_to_read_it():
    found = section.discover()
    assert len({s.id for s in found}) == len(found)
    assert [s.order for s in found] == sorted(s.order for s in found)
    assert {row.id for row in CAPABILITIES} <= {s.capability for s in found}
    for s in found:
        assert s.asks in section.QUESTIONS and s.how_to_read.endswith(".")


def test_references_have_links():
    known = all_references()
    assert len(known) >= 5
    for row in CAPABILITIES:
        for key in row.references:
            assert known[key].url.startswith("https://doi.org/10.") and re.search(r"\(\d{4}\)\.$", known[key].text)


@pytest.mark.heavy
def test_matplotlib_is_not_loaded(run_folder):
    code = ("import sys; from cryoqa_plugin.report.assemble import write_report; write_report(sys.argv[1], strict=True); "
            "assert not {'matplotlib', 'pwem', 'pyworkflow', 'tkinter'} & set(sys.modules)")
    subprocess.run([sys.executable, "-c", code, run_folder], check=True, env=dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path)))


@pytest.mark.heavy
@pytest.mark.parametrize("width", [1200, 500])
def test_a_browser_shows_it_without_errors(run_folder, tmp_path, width):
    browser = next((b for b in map(shutil.which, ("chromium", "chromium-browser", "google-chrome")) if b), None)
    if browser is None:
        pytest.skip("no Chromium here")
    path = assemble.write_report(run_folder, formats=("html",))["html"]
    picture = tmp_path / "page.png"
    done = subprocess.run([browser, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}",
                           "--enable-logging=stderr", f"--window-size={width},3000", f"--screenshot={picture}", "file://" + path],
                          stderr=subprocess.PIPE, universal_newlines=True, timeout=120)
    faults = [line for line in done.stderr.splitlines() if "CONSOLE" in line and "WebGL" not in line]      # which warns of lacking a card
    assert picture.stat().st_size > 20000 and not faults


@pytest.mark.heavy
def test_the_pointer_reads_the_curve(run_folder, tmp_path):
    browser = next((b for b in map(shutil.which, ("chromium", "chromium-browser", "google-chrome")) if b), None)
    if browser is None:
        pytest.skip("no Chromium here")
    with open(assemble.write_report(run_folder, formats=("html",))["html"], encoding="utf-8") as stream:
        text = stream.read()
    move = ("<script>var s = document.querySelector('svg.plot'), b = s.getBoundingClientRect();"
            "s.dispatchEvent(new PointerEvent('pointermove', {clientX: b.left + b.width * 0.5, clientY: b.top + 50}));</script>")
    text = unlocked(text)
    (tmp_path / "moved.html").write_text(text.replace("</body>", move + "</body>"), encoding="utf-8")
    done = subprocess.run([browser, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}",
                           "--dump-dom", f"file://{tmp_path / 'moved.html'}"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          timeout=120)
    reading = re.search(r'class="reading"[^>]*>(?:<[^>]*>)*([^<]*)<', done.stdout.decode("utf-8")).group(1)
    assert re.match(r"[\d.]+ Å:\s+in the mask, corrected [\d.]+\s+·\s+no mask [\d.]+", reading), reading


def test_notes_on_the_inputs_stand_once(tiny_halves, tmp_path):
    """What several results say of their inputs is said in the section about the files, and not in each section again."""
    sources = {n: tiny_halves["paths"][n] for n in ("half1", "half2")}
    for capability in ("fsc", "half_map_statistics"):
        runner.execute(capability, sources, outdir=str(tmp_path / capability), notes=["The job did not finish."])
    report = content.compose(assemble.read_results(str(tmp_path)), section.discover())
    assert [q.id for q in report.questions if "The job did not finish." in q.notes] == ["file"]


def test_notes_that_a_check_says_do_not_stand_again(tiny_halves, tmp_path):
    """Copies are an argument at the head of the page; the notes of both capabilities are left out, others keep the names of files."""
    path = tiny_halves["paths"]["half1"]
    for capability in ("fsc", "half_map_statistics"):
        runner.execute(capability, dict(half1=path, half2=path), outdir=str(tmp_path / capability), notes=[f"In {path} is a note."])
    results = assemble.read_results(str(tmp_path))
    assert any("copies of each other" in w for w in results["fsc"]["warnings"])
    report = content.compose(results, section.discover())
    assert [f.status for f in report.findings if f.metric == "half_maps_identical"] == ["fail"]
    noted = [(q.id, n) for q in report.questions for n in q.notes]
    assert not [n for n in noted if "copies" in n[1]] and ("file", f"In {os.path.basename(path)} is a note.") in noted
    assert not [n for n in noted if os.path.dirname(path) in n[1]]


def test_directions_that_half_maps_cannot_have_are_not_met(inputs, tmp_path):
    """Of copies no direction has a resolution: the question is not judged and shows no colours; with values it is."""
    halves = {k: inputs[k] for k in ("half1", "half2")}
    rows = [[x, y, z, 4.0] for x in (0, 1) for y in (-1, 0, 1) for z in (1, 2)]
    table = dict(columns=["x", "y", "z", "resolution"], rows=rows, meaning="directions")

    said = "There is no resolution in any direction."

    def asked(name, median, best):
        documents = [document("monodir", "MonoDir", halves, summary=said, tables={"directions": table},
                              metrics={"median": metric(median), "regional_ratio": metric(1.0, "")}),
                     document("directional_fsc", "Directions", halves, summary=said,
                              metrics={"regional_best": metric(best), "regional_worst": metric(best)}, checks=[check("ok", "Met.")])]
        report = content.compose(assemble.read_results(write_run(tmp_path / name, documents)), section.discover())
        return next(q for q in report.questions if q.id == "dirs"), next(k for k in report.keys if k.label == "Directions")

    question, key = asked("void", None, None)
    assert (question.status, key.status, key.value) == ("skipped", "skipped", "none") and not question.cards
    assert question.answer == said
    question, key = asked("sound", 4.0, 4.0)
    assert question.status == "ok" and question.cards and key.value == "4.00–4.00 Å"


def test_a_voxel_size_of_exactly_1_is_looked_at_without_the_check_too(inputs, tmp_path):
    for size, status in ((1.0, "warn"), (1.2, "ok")):
        given = dict(full_map=dict(inputs["full_map"], voxel_size=[size] * 3))
        run = write_run(tmp_path / str(size), [document("contour", "Contour", given)])
        report = content.compose(assemble.read_results(run), section.discover())
        assert [k.status for k in report.keys if k.label == "Voxel size"] == [status]


def test_notes_name_files_alone_however_they_were_given(inputs, tmp_path):
    """The document has whole paths, notes what was typed."""
    name = os.path.basename(inputs["full_map"]["path"])
    said = [f"data/{name}: The header is odd.", f"The map (../x/{name}) is odd."]
    documents = [document("map_info", "Map", dict(full_map=inputs["full_map"]), warnings=said),
                 document("contour", "Contour", dict(full_map=inputs["full_map"]), warnings=[f"./data/{name}: The header is odd."])]
    report = content.compose(assemble.read_results(write_run(tmp_path, documents)), section.discover())
    noted = [n for q in report.questions for n in q.notes]
    assert f"{name}: The header is odd." in noted and len([n for n in noted if "header" in n]) == 1
    assert [n for n in noted if n.endswith(f"The map ({name}) is odd.")], noted


def test_notes_of_the_methods_of_one_question_stand_there_with_their_names(inputs, tmp_path):
    halves = {k: inputs[k] for k in ("half1", "half2")}
    documents = [document(c, c, halves, warnings=["Local resolutions come out too fine."]) for c in ("blocres", "monores", "monodir")]
    report = content.compose(assemble.read_results(write_run(tmp_path, documents)), section.discover())
    noted = [(q.id, n) for q in report.questions for n in q.notes]
    assert len(noted) == 1 and noted[0][0] == "even", noted
    names, _, said = noted[0][1].partition(": ")
    assert said == "Local resolutions come out too fine." and names.count(", ") == 2 and "blocres" in names and "MonoRes" in names


def test_what_was_given_in_memory_has_a_report_too(tiny_halves, tmp_path):
    study = cryoqa_plugin.open(full_map=tiny_halves["full_map"].data, voxel_size=1.5)
    study.contour().save(str(tmp_path / "contour"))
    study.map_info().save(str(tmp_path / "map_info"))
    paths = assemble.write_report(str(tmp_path), strict=True)
    text = Path(paths["html"]).read_text(encoding="utf-8")
    assert "in memory" in text and "which was given in memory" in text


def test_a_cause_stands_once_and_the_verdict_is_that_of_the_validation(tmp_path):
    shared = dict(check("fail", "Half-maps share noise.", "half_maps_share_noise"), claim="The half-maps share noise")
    explained = check("skipped", "Tail: not judged, because of 'Half-maps share noise'.", "tail_fsc")
    runs = [document(name, name, {}, checks=[shared, explained] if name == "fsc" else [shared]) for name in ("fsc", "blocres", "monores")]
    folder = write_run(tmp_path, runs)
    trust = dict(verdict="not to be trusted", score=0.0, headline="Do not trust it.", arguments=[])
    plain = content.compose(assemble.read_results(folder), section.discover())
    assert plain.status == "fail" and plain.verdict == "Do not trust the resolution of this map yet: the half-maps share noise."
    assert [a.claim for a in plain.arguments] == ["The half-maps share noise"]
    halves = next(q for q in plain.questions if q.id == "halves")
    assert [(f.status, f.metric, f.capabilities) for f in halves.findings] == [
        ("fail", "half_maps_share_noise", ("fsc", "blocres", "monores")), ("skipped", "tail_fsc", ("fsc",))]
    assert not any(f.status != "ok" for q in plain.questions if q.id != "halves" for f in q.findings)
    results = replace(assemble.read_results(folder), validation=dict(items=[], trust=trust))
    judged = content.compose(results, [s for s in section.discover() if s.id != "validation"])
    assert judged.status == "fail" and judged.verdict == trust["headline"] and judged.sub.startswith("A problem was found; 0 of 1 checks")
    kind = replace(results, validation=dict(items=[], trust=dict(trust, verdict="with reservations", headline="So so.")))
    judged = content.compose(kind, [s for s in section.discover() if s.id != "validation"])
    assert judged.status == "warn" and judged.verdict == "So so."
