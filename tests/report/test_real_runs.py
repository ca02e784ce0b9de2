"""The report of real runs on a simulated map with its half-maps and model: cards, numbers that stand twice, and the true answers."""
from __future__ import annotations

import json
import re
import shutil
import subprocess
from html import escape, unescape

import numpy as np
import pytest

from cryoqa_plugin import runner
from cryoqa_plugin.rounding import show_value
from cryoqa_plugin.report import assemble, blocks, local, sphere
from cryoqa_plugin.report.content import compose
from cryoqa_plugin.report.section import discover

from report_documents import unlocked

_RUN = ("map_info", "mask", "contour", "hand", "fsc", "half_map_statistics", "mtriage", "model_fit", "local_fsc", "directional_fsc")
_REPORTED = 3.0


@pytest.fixture(scope="module", params=[pytest.param("p96", marks=pytest.mark.heavy), pytest.param("t160", marks=pytest.mark.heavy)])
def run(request, sim_case, tmp_path_factory):
    """A folder with the results, and the report made of them."""
    name = request.param
    given, folder = sim_case(name), tmp_path_factory.mktemp(name)
    files = {"full_map": f"{name}_full.mrc", "half1": f"{name}_half1.mrc", "half2": f"{name}_half2.mrc", "model": f"{name}_model.pdb"}
    sources = {kind: str(given / file) for kind, file in files.items()}
    for capability in _RUN:
        row = runner.capability(capability)
        taken = {k: v for k, v in sources.items() if k in row.needs + row.takes}
        if "mask" in row.takes and capability != "mask":
            taken["mask"] = str(folder / "mask" / "mask.mrc")
        values = {"reported": _REPORTED} if capability == "fsc" else {"resolution": _REPORTED} if capability == "mtriage" else None
        (folder / capability).mkdir()
        runner.run_files(capability, taken, values, str(folder / capability))
    results = assemble.read_results(str(folder))
    return results, compose(results, discover())


def _cards(report, question):
    found = next(q for q in report.questions if q.id == question)
    return {card.title: card for card in found.cards}


def test_every_section_is_drawn(run):
    _, report = run
    assert not report.faults and not report.errors


def test_the_cards_of_the_model(run):
    results, report = run
    cards = _cards(report, "model")
    plot = cards["FSC of map and model, around the model"].blocks[0]
    near, expected = plot.series
    assert abs(near.y[5] - expected.y[5]) < 0.01                         # the model is the truth: both curves run together
    tracks = cards["Correlation along the chains"].blocks[0]
    rows = results["model_fit"]["tables"]["chains"]["rows"]
    assert [t.name for t in tracks.tracks] == [r[0] for r in rows] and tracks.tracks[0].words == f"{rows[0][3]:.2f}"
    number = results["mtriage"]["metrics"]["d_fsc_model_05_near"]["value"]
    assert plot.marks[-1][1] == f"{number:.2f} Å"
    strip = _cards(report, "fine")["Every estimate of this run on one axis"].blocks[0]
    assert [e.value for e in strip.estimates if e.group == "model"] == [number]
    assert any(k.label == "Model" and f"{number:.2f} Å" in k.value for k in report.keys)


def test_the_cards_of_the_file_and_the_halves(run):
    results, report = run
    facts = {row.label: row for row in _cards(report, "file")["Facts"].blocks[0].rows}
    contour = {n: m["value"] for n, m in results["contour"]["metrics"].items()}
    assert facts["Margin"].value.startswith(show_value(contour["margin"], "Å")) and facts["Margin"].status == "warn"
    assert facts["Mass"].value.startswith(f"{contour['mass']:.0f} kDa") and facts["Hand"].value.startswith("right")
    assert facts["Density"].value.startswith("positive") and facts["Header"].value == "matches the data"
    solvent = _cards(report, "halves")["FSC of the solvent, outside the mask"].blocks[0]
    inside = [abs(y) <= up for y, up in zip(solvent.series[0].y, solvent.series[0].upper)]
    assert sum(inside) / len(inside) > 0.95                             # the halves are independent


def test_the_reported_resolution_is_said_with_its_curve(run):
    results, report = run
    metrics = {n: m["value"] for n, m in results["fsc"]["metrics"].items()}
    row = next(k for k in report.keys if k.label == "Reported")
    assert row.status == "warn" and f"{_REPORTED - metrics['resolution']:.2f} Å coarser" in row.value
    assert metrics["reported_equals"] in row.note
    assert isinstance(report.fsc, blocks.Plot)


def test_one_rounding_for_every_length_and_no_odd_words(run, tmp_path):
    """Å to two decimals wherever they stand, and nothing of what was once said oddly, in the whole page."""
    from cryoqa_plugin.report.html import page
    from test_words import ODD_PATTERN
    _, report = run
    text = re.sub(r"<(script|style)\b.*?</\1>|<[^>]*>", " ", page(report), flags=re.S)
    text = " ".join(unescape(text).split())
    assert not re.findall(r"(?<![\d.])[1-9]\d*\.\d{3,} Å(?![²³])", text)
    assert not ODD_PATTERN.findall(text)


def test_head_numbers_are_the_same_wherever_they_stand(run):
    results, report = run
    keys = {k.label: k for k in report.keys}
    value = results["fsc"]["metrics"]["resolution"]["value"]
    assert keys["Resolution"].value.startswith(f"{value:.2f} Å") and f"{value:.2f} Å" in report.verdict
    assert f"{value:.2f} Å" in next(q for q in report.questions if q.id == "fine").answer
    assert dict((name, shown) for _, shown, part, name in report.values if part == "fsc")["resolution"] == f"{value:.2f} Å"
    assert keys["Reported"].value.startswith(f"{_REPORTED:.2f} Å") and dict(report.facts)["Reported"] == f"{_REPORTED:.2f} Å"
    mass = results["contour"]["metrics"]["mass"]["value"]
    facts = {r.label: r for c in _cards(report, "file").values() for b in c.blocks if isinstance(b, blocks.KeyRows) for r in b.rows}
    assert facts["Mass"].value.startswith(f"{mass:.0f} kDa") and keys["Mass"].value.startswith(f"{mass:.0f} kDa")


MEASURE = """<script>window.addEventListener("load", function () {
  document.title = JSON.stringify([document.getElementById("head").getBoundingClientRect().bottom + window.scrollY,
    document.documentElement.scrollWidth, document.documentElement.scrollHeight]); });</script>"""


@pytest.mark.parametrize("width, sideways", [(1366, 1366), (360, 360)])
def test_the_head_is_one_screen_and_nothing_scrolls_sideways(run, tmp_path, width, sideways):
    browser = next((b for b in map(shutil.which, ("chromium", "chromium-browser", "google-chrome")) if b), None)
    if browser is None:
        pytest.skip("no Chromium here")
    from cryoqa_plugin.report.html import page
    text = page(run[1])
    assert len(text.encode("utf-8")) < 1_500_000
    text = unlocked(text)
    path = tmp_path / "page.html"
    measured = escape(text.replace("</body>", MEASURE + "</body>"))
    path.write_text(f'<iframe style="width:{width}px;height:900px;border:0" srcdoc="{measured}"></iframe>', encoding="utf-8")
    show = ('<script>window.addEventListener("load", function () { setTimeout(function () { document.title = '
            'document.querySelector("iframe").contentDocument.title; }, 500); });</script>')
    path.write_text(path.read_text(encoding="utf-8") + show, encoding="utf-8")
    done = subprocess.run([browser, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}",
                           "--virtual-time-budget=8000", "--window-size=1400,900", "--dump-dom", f"file://{path}"],
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, universal_newlines=True, timeout=180)
    bottom, wide, high = json.loads(unescape(re.search(r"<title>(.*?)</title>", done.stdout).group(1)))
    assert wide <= sideways
    if width == 1366:
        assert bottom <= 900 and high <= 12 * 900


def test_an_even_map_spans_less_than_a_quarter_of_the_colours(run):
    """The local resolution on the surface (2 to 98 percentile) and the directions as the discs show them."""
    results, report = run
    codes = np.frombuffer(report.surface.colourings[0].codes, dtype=np.uint8)
    low, high = np.quantile(codes[codes < 255], (0.02, 0.98))
    assert (high - low) / 254 < 0.25
    axes, values = sphere.directions(results["directional_fsc"])
    places = local.page_scale(results).fraction(sphere.smooth(axes, axes, values))
    assert np.nanmax(places) - np.nanmin(places) < 0.25


def test_the_map_to_build_in_is_the_one_that_is_shown(run):
    _, report = run
    question = next(q for q in report.questions if q.id == "map")
    captions = " ".join(b.caption for card in question.cards for b in card.blocks if isinstance(b, blocks.Pictures))
    assert question.answer.startswith("To build: fsc/sharpened.mrc, sharpened by B ") and "File: fsc/sharpened.mrc." in captions
