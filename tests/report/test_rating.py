"""The rating of the reader: kept in the browser under what the report is about, saved as JSON, and sent nowhere."""
from __future__ import annotations

import json
import re
import shutil
import subprocess
from html import unescape

import pytest

from cryoqa_plugin.report import assemble
from cryoqa_plugin.report.html import FAULTS
from report_documents import unlocked, write_run
from test_report import page_of


def about(page):
    return json.loads(next(a for t, a in page.tags if a.get("id") == "rating")["data-about"])


def test_it_is_about_the_contents_of_the_files(tmp_path, documents):
    page = page_of(write_run(tmp_path, documents))
    boxes = [a["value"] for t, a in page.tags if t == "input" and a.get("type") == "checkbox"]
    assert tuple(boxes) == FAULTS and "nothing is sent anywhere" in page.text and "rating" in page.ids
    first = about(page)
    assert set(first["inputs"]) == {"half1", "half2", "full_map"} and first["title"] in page.text
    for d in documents:
        d["inputs"] = {k: dict(e, path="/elsewhere/" + k) for k, e in d["inputs"].items()}
    moved = about(page_of(write_run(tmp_path, documents)))
    assert moved["key"] == first["key"]
    for d in documents:
        d["inputs"]["half1"]["sha256"] = "1" * 64
    assert about(page_of(write_run(tmp_path, documents)))["key"] != first["key"]


FILL = """<script>
  var saved = null, form = document.querySelector("#rating form");
  URL.createObjectURL = function (blob) { saved = blob; return "#"; };
  form.querySelector("input[value='usable with care']").checked = true;
  form.querySelector("input[value='too sharp']").checked = true;
  form.elements.remark.value = 'A "remark" <b>';
  form.elements.remark.dispatchEvent(new Event("input", { bubbles: true }));
  document.querySelector("#rating .save").click();
  saved.text().then(function (text) {
    var key = Object.keys(localStorage).filter(function (k) { return k.indexOf("cryoqa rating") === 0; })[0];
    document.title = JSON.stringify([JSON.parse(text), JSON.parse(localStorage.getItem(key))]);
  });
</script>"""
SHOW = """<script>
  var form = document.querySelector("#rating form");
  var there = [form.querySelector("input[name=verdict]:checked").value, form.elements.remark.value];
  there.push(form.querySelectorAll("input:checked").length);
  document.querySelector("#rating .forget").click();
  there.push(form.querySelectorAll("input:checked").length, form.elements.remark.value, localStorage.length);
  document.title = JSON.stringify(there);
</script>"""


@pytest.mark.heavy
def test_a_browser_keeps_saves_and_forgets_it(run_folder, tmp_path):
    browser = next((b for b in map(shutil.which, ("chromium", "chromium-browser", "google-chrome")) if b), None)
    if browser is None:
        pytest.skip("no Chromium here")
    with open(assemble.write_report(run_folder, formats=("html",))["html"], encoding="utf-8") as stream:
        text = stream.read()

    def title(script):
        (tmp_path / "page.html").write_text(unlocked(text).replace("</body>", script + "</body>"), encoding="utf-8")
        done = subprocess.run([browser, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}",
                               "--virtual-time-budget=3000", "--dump-dom", f"file://{tmp_path / 'page.html'}"], stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, timeout=120)
        return json.loads(unescape(re.search(r"<title>(.*?)</title>", done.stdout.decode("utf-8")).group(1)))

    saved, kept = title(FILL)
    assert saved["verdict"] == "usable with care" and saved["faults"] == ["too sharp"] and saved["remark"] == 'A "remark" <b>'
    assert saved["schema"] == "cryoqa/rating/1" and saved["inputs"]["half1"] == "0" * 64
    assert saved["title"] == "full_map.mrc"
    assert {k: v for k, v in kept.items() if k != "date"} == {k: v for k, v in saved.items() if k != "date"}
    assert title(SHOW) == ["usable with care", 'A "remark" <b>', 2, 0, "", 0]      # a new browser on the same profile
