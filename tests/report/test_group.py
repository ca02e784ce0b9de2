"""The group report: every map, every number, harmless names, links that lead somewhere."""
from __future__ import annotations

import csv
import json
import os
import re
import shutil
import subprocess
from urllib.parse import unquote

import pytest

from cryoqa_plugin.cli import main
from cryoqa_plugin.errors import InputError
from cryoqa_plugin.report import group
from test_report import Page

EVIL = '<img src=x onerror=alert("1")>'


def check(metric, value, limit, status, op="<=", unit="Å"):
    return dict(metric=metric, op=op, limit=limit, unit=unit, title=f"Title of {metric}", advice="", reference="", value=value,
                status=status, sentence="")


def validation(x, status="ok"):
    """A validation document whose numbers go with ``x``."""
    common = dict(summary="", note="", error="")
    items = [dict(common, id="0.a", title="Mass", level="0", capabilities=["contour"], status=status, service_status="ok",
                  checks=[check("decentring", 10 + x, 20.0, status, unit="%"), check("decentring", 10 + x, 5.0, "ok", ">=", "%"),
                          check("same", 1.0, 2.0, "ok"), check("flag", True, True, "ok", "is"), check("kind", "none", "none", "ok", "is")],
                  service=[check("decentring", -10 - x, 0.0, "warn", unit="%")]),
             dict(common, id="1.a", title="FSC", level="1", capabilities=["fsc"], status="skipped", service_status="absent",
                  checks=[check("tail", None, 1.0, "skipped")], service=[])]
    return dict(schema="cryoqa/validation/1", summary="So.", reported=3.0 + x / 10, items=items, not_done=[],
                score=dict(passed=1 if status == "ok" else 0, evaluable=1, service_passed=0, service_evaluable=1),
                trust=dict(verdict="trusted" if status == "ok" else "with reservations", arguments=[],
                           score=0.9 if status == "ok" else 0.6),
                resolutions=[dict(item="1.a", title="FSC", value=3.0 + x / 7), dict(item="1.a", title="SSNR", value=3.1)])


def write(folder, name, document=None, outcome=None):
    place = os.path.join(str(folder), name)
    os.makedirs(place, exist_ok=True)
    for file, content in (("validation.json", document), ("batch.json", outcome)):
        if content is not None:
            with open(os.path.join(place, file), "w", encoding="utf-8") as stream:
                json.dump(content, stream)
    if document is not None:
        with open(os.path.join(place, "report.html"), "w", encoding="utf-8") as stream:
            stream.write("<p>here")


@pytest.fixture
def many(tmp_path):
    """Thirty maps: one with HTML in its name, one that failed, one that is not done yet."""
    names = [f"map {i:02d} % #?" for i in range(27)] + [EVIL, "broken", "later"]
    for i, name in enumerate(names[:28]):
        write(tmp_path, name, validation(i * (7 % (i + 1)), "warn" if i % 5 == 0 else "ok"))
    write(tmp_path, "broken", None, dict(error="The file <b> is broken.", name="broken"))
    with open(tmp_path / "batch.json", "w", encoding="utf-8") as stream:
        json.dump(dict(maps=names[::-1]), stream)
    return tmp_path


def page_of(folder):
    with open(group.write_group(str(folder))["html"], encoding="utf-8") as stream:
        return Page(stream.read())


def test_thirty_maps_on_one_page(many):
    page = page_of(many)
    links = [u for u in page.links if not u.startswith("#")]
    assert len(set(links)) == 28 and all((many / unquote(u)).is_file() for u in links)
    dots = [a for t, a in page.tags if t == "circle"]
    figures = [a for t, a in page.tags if t == "figure"]
    assert len(figures) == 7 and len(dots) == 7 * 28          # items, score, reported, mean, 1.a, decentring by us and by the service
    assert "Title of same" not in page.text and "1.a Resolution: SSNR" not in page.text           # the same in all maps
    assert "The file <b> is broken." in page.text and "Not done yet" in page.text and "30 maps" in page.text
    assert sum(t == "abbr" for t, _ in page.tags) == 6 and len(set(page.ids)) == len(page.ids)
    for a in dots:
        assert 0 < float(a["cx"]) < 560 and 0 < float(a["cy"]) < 44


def test_names_with_html_stay_text_and_nothing_comes_from_elsewhere(many):
    page = page_of(many)
    assert EVIL in page.text and not [t for t, _ in page.tags if t in ("img", "link", "iframe")] and not page.sources
    assert sum(t == "script" for t, _ in page.tags) == 1 and any(a.get("data-map") == EVIL for _, a in page.tags)
    text = (many / "group.html").read_text(encoding="utf-8")
    assert "http" not in text and "url(" not in text and "@import" not in text


def test_the_table_of_numbers(many):
    group.write_group(str(many))
    with open(many / "group.tsv", encoding="utf-8", newline="") as stream:
        rows = {r["name"]: r for r in csv.DictReader(stream, delimiter="\t")}
    assert len(rows) == 30 and list(rows)[0] == "later"       # in the order of the list
    row = rows["map 26 % #?"]
    assert float(row["reported_resolution (Å)"]) == pytest.approx(3 + 26 * 7 / 10) and row["passed"] == "1" and row["verdict"] == "OK"
    assert float(row["mean_resolution (Å)"]) == pytest.approx((3 + 26 + 3.1) / 2, rel=1e-5) and float(row["resolution_1.a_ssnr (Å)"]) == 3.1
    assert float(row["0.a_decentring (%)"]) == 10 + 26 * 7 and float(row["0.a_same (Å)"]) == 1
    assert row["0.a_verdict"] == "ok" and rows["broken"]["error"] == "The file <b> is broken." and rows["broken"]["passed"] == ""
    assert rows["map 25 % #?"]["0.a_verdict"] == "warn" and "0.a_flag" not in row


def test_limits_and_outcomes_of_all_checks_on_a_number(tmp_path):
    write(tmp_path, "a", validation(2))
    write(tmp_path, "b", validation(12, "warn"))
    strip = next(s for s in group.strips(group.read_group(str(tmp_path))) if s.key == "0.a_decentring")
    assert [t for _, t in strip.limits] == ["20"] and {d.name: d.status for d in strip.dots} == {"a": "ok", "b": "warn"}
    place = dict((d.name, d.x) for d in strip.dots)
    assert place["a"] < strip.limits[0][0] < place["b"]
    assert [d.words for d in strip.dots] == ["a: 12 %", "b: 22 %"]


def test_dots_of_equal_value_lie_above_each_other(tmp_path):
    for i in range(4):
        write(tmp_path, f"m{i}", validation(0 if i < 3 else 5))
    strip = next(s for s in group.strips(group.read_group(str(tmp_path))) if s.key == "reported_resolution")
    same = [d for d in strip.dots if d.name != "m3"]
    assert len({d.x for d in same}) == 1 and len({d.y for d in same}) == 3


def test_a_folder_without_maps_is_one_sentence(tmp_path, capsys):
    (tmp_path / "something").mkdir()
    with pytest.raises(InputError, match="no validated map"):
        group.write_group(str(tmp_path))
    assert main(["group", str(tmp_path / "none")]) == 2 and "does not exist" in capsys.readouterr().err
    write(tmp_path, "a", validation(2))
    assert main(["group", str(tmp_path)]) == 0 and (tmp_path / "group.html").is_file()


@pytest.mark.heavy
def test_a_browser_sorts_it_and_finds_a_map_in_all_strips(many, tmp_path):
    browser = next((b for b in map(shutil.which, ("chromium", "chromium-browser", "google-chrome")) if b), None)
    if browser is None:
        pytest.skip("no Chromium here")
    group.write_group(str(many))
    text = (many / "group.html").read_text(encoding="utf-8")
    act = ("<script>document.querySelectorAll('.maps button')[4].click();"
           "document.querySelector('circle').dispatchEvent(new PointerEvent('pointerenter'));</script>")
    (tmp_path / "acted.html").write_text(text.replace("</body>", act + "</body>"), encoding="utf-8")
    done = subprocess.run([browser, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}",
                           "--enable-logging=stderr", "--dump-dom", f"file://{tmp_path / 'acted.html'}"], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=120)
    shown = done.stdout.decode("utf-8")
    assert b"CONSOLE" not in done.stderr and shown.count('class="dot ok chosen"') + shown.count('class="dot warn chosen"') + shown.count(
        'class="dot skipped chosen"') == len(group.strips(group.read_group(str(many))))
    rows = re.findall(r"<tr data-map=.*?</tr>", shown, re.S)
    order = [float(cells[2]) for cells in (re.findall(r'<td class="number">([^<]*)</td>', row) for row in rows) if cells]
    assert len(order) == 28 and order == sorted(order)
