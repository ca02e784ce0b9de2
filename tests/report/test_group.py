"""The group report: every map, its key numbers as in its own report, harmless names, links that lead somewhere."""
from __future__ import annotations

import csv
import json
import os
import re
import shutil
import subprocess
from html import escape
from urllib.parse import unquote, urlsplit

import numpy as np
import pytest

from cryoqa_plugin.cli import main
from cryoqa_plugin.errors import InputError
from cryoqa_plugin.report import assemble, group, group_page, keys
from cryoqa_plugin.report.group_numbers import LABELS
from report_documents import curve, document, metric, unlocked
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
                trust=dict(verdict="trusted" if status == "ok" else "with reservations", arguments=[], headline=f"Verdict on {x}.",
                           score=0.9 if status == "ok" else 0.6),
                resolutions=[dict(item="1.a", title="FSC", value=3.0 + x / 7), dict(item="1.a", title="SSNR", value=3.1)])


def measured(x):
    """Result documents whose numbers go with ``x``: an FSC that falls at ``3 + x / 7`` Å, and a Guinier plot."""
    f = np.arange(1, 40) / 80
    d = 3.0 + x / 7
    y = 0.143 + (1 / d - f) * 2
    return [document("fsc", "FSC", {}, metrics={"resolution": metric(d), "resolution_better": metric(d - 0.05),
                                                "resolution_worse": metric(d + 0.1)},
                     curves={"fsc_unmasked": curve(f, y - 0.2), "fsc_true": curve(f, [None if i == 3 else v for i, v in enumerate(y)])}),
            document("guinier", "Guinier plot", {}, metrics={"bfactor": metric(-100.0 - x, "Å²"), "bfactor_error": metric(3.0, "Å²"),
                                                             "fit_from": metric(10.0), "fit_to": metric(d)}),
            document("contour", "Contour", {}, metrics={"mass": metric(43.0, "kDa"), "contour": metric(0.05, "")})]


def write(folder, name, document=None, outcome=None, results=()):
    place = os.path.join(str(folder), name)
    os.makedirs(place, exist_ok=True)
    saved = [("validation.json", document), ("batch.json", outcome)] + [(f"{r['capability']}/result.json", r) for r in results]
    for file, content in saved:
        if content is not None:
            os.makedirs(os.path.dirname(os.path.join(place, file)), exist_ok=True)
            with open(os.path.join(place, file), "w", encoding="utf-8") as stream:
                json.dump(content, stream)
    if document is not None:
        with open(os.path.join(place, "report.html"), "w", encoding="utf-8") as stream:
            stream.write("<p>here")


@pytest.fixture
def many(tmp_path):
    """Thirty maps: one with HTML in its name, one that failed, one that is not done yet, and three without measured numbers."""
    names = [f"map {i:02d} % #?" for i in range(27)] + [EVIL, "broken", "later"]
    for i, name in enumerate(names[:28]):
        x = i * (7 % (i + 1))
        write(tmp_path, name, validation(x, "warn" if i % 5 == 0 else "ok"), results=measured(x) if i < 25 else ())
    write(tmp_path, "broken", None, dict(error="The file <b> is broken.", name="broken"))
    with open(tmp_path / "batch.json", "w", encoding="utf-8") as stream:
        json.dump(dict(maps=names[::-1]), stream)
    return tmp_path


def page_of(folder):
    with open(group.write_group(str(folder))["html"], encoding="utf-8") as stream:
        return Page(stream.read())


def test_thirty_maps_on_one_page(many):
    page = page_of(many)
    links = {urlsplit(u).path for u in page.links if not u.startswith("#")}
    assert len(links) == 28 and all((many / unquote(u)).is_file() for u in links)
    figures = [a for t, a in page.tags if t == "figure"]
    curves = [a["data-map"] for t, a in page.tags if a.get("class") == "curve"]
    dots = [a for t, a in page.tags if a.get("class", "").startswith("dot ")]
    assert len(curves) == 25 == len(set(curves))
    assert len(figures) == 3 and len(dots) == 25 + 28 + 25            # resolution, reported, B; the mass is the same in all
    assert "The same in all maps: Mass above the contour 43 kDa." in page.text
    assert "The file <b> is broken." in page.text and "Not done yet" in page.text and "30 maps" in page.text
    assert sum(t == "tr" and "data-map" in a for t, a in page.tags) == 30 and len(set(page.ids)) == len(page.ids)
    assert "Verdict on 182." in page.text


def test_key_numbers_are_those_of_the_report_of_the_map(many):
    """Ten cells a map, in the order of the head of a report, with its values and states."""
    name = "map 05 % #?"
    saved = assemble.write_report(str(many / name), formats=("json",))["json"]
    with open(saved, encoding="utf-8") as stream:
        report = json.load(stream)
    row = next(r for r in group_page.rows(group.read_group(str(many)), group_page.colour_scale(())) if r["name"] == name)
    shown = {c["label"]: (c["key"].value, c["key"].status, c["key"].note) for c in row["cells"] if c["key"]}
    assert shown == {k["label"]: (k["value"], k["status"], k["note"]) for k in report["keys"]} and len(shown) >= 3
    assert [c["label"] for c in row["cells"]] == list(LABELS) == [k[0] for k in keys._KEYS] and len(LABELS) == 10
    assert (row["status"], row["verdict"]) == (report["status"], report["verdict"])


def test_the_worst_maps_come_first(tmp_path):
    for name, x, status in (("fine", 1, "ok"), ("coarse", 9, "ok"), ("doubtful", 2, "warn")):
        write(tmp_path, name, validation(x, status), results=measured(x))
    write(tmp_path, "broken", None, dict(error="No."))
    entries = group.read_group(str(tmp_path))
    assert [r["name"] for r in group_page.rows(entries, group_page.colour_scale(entries))] == ["broken", "doubtful", "coarse", "fine"]


def test_one_scale_of_colour_from_the_median_resolution(tmp_path):
    for i, x in enumerate((0, 1, 2, 3, 4)):
        write(tmp_path, f"m{i}", validation(x), results=measured(x))
    write(tmp_path, "none", validation(5))
    entries = {e.name: e for e in group.read_group(str(tmp_path))}
    scale = group_page.colour_scale(list(entries.values()))
    middle = 3 + 2 / 7
    assert (scale.low, scale.high, scale.log) == (pytest.approx(0.8 * middle), pytest.approx(1.6 * middle), True)
    assert group_page.colour(entries["none"], scale) == "var(--c0)"
    red = [int(re.match(r"rgb\((\d+)", group_page.colour(entries[f"m{i}"], scale)).group(1)) for i in range(5)]
    assert red == sorted(red) and len(set(red)) == 5                  # redder where it is coarser
    page = page_of(tmp_path)
    for i in range(5):                                                # the same colour in the plot and in every strip
        shades = {a.get("stroke" if a["class"] == "curve" else "fill") for t, a in page.tags if a.get("data-map") == f"m{i}"
                  and a.get("class", "").split(" ")[0] in ("curve", "dot")}
        assert shades == {group_page.colour(entries[f"m{i}"], scale)}


def test_curves_and_dots_lie_where_their_values_are(tmp_path):
    for x in (0, 7, 14):
        write(tmp_path, f"m{x}", validation(x), results=measured(x))
    entries = group.read_group(str(tmp_path))
    scale = group_page.colour_scale(entries)
    drawn = group_page._curves(entries, scale)
    (left, top, width, height), (x0, x1, y0, y1) = drawn["scene"].frame, drawn["scene"].limits
    for entry, one in zip(entries, drawn["curves"]):
        places = np.array([float(v) for v in re.findall(r"-?[\d.]+", one["path"])]).reshape(-1, 2)
        f = x0 + (places[:, 0] - left) / width * (x1 - x0)
        y = y1 - (places[:, 1] - top) / height * (y1 - y0)
        d = entry.places["Resolution"][0].value
        inside = (y > y0 + 0.01) & (y < y1 - 0.01)
        assert len(places) == 38 and np.allclose(y[inside], 0.143 + (1 / d - f[inside]) * 2, atol=0.01)
    made = {s.label: s for s in group_page.strips(entries, scale)[0]}
    assert list(made) == ["Resolution", "Reported", "Fall-off B"]
    place = {label: [d.x for d in s.dots] for label, s in made.items()}
    assert place["Fall-off B"][1] - place["Fall-off B"][0] == pytest.approx(place["Fall-off B"][2] - place["Fall-off B"][1])
    # Resolutions of 3, 4 and 5 Å and reported ones of 3, 3.7 and 4.4 Å on one axis, even in log d
    (a, b, c), (a2, b2, c2) = place["Resolution"], place["Reported"]
    assert a == pytest.approx(a2) and (b - a) / (c - a) == pytest.approx(np.log(4 / 3) / np.log(5 / 3))
    assert (b2 - a) / (c - a) == pytest.approx(np.log(3.7 / 3) / np.log(5 / 3)) and a < c2 < c
    first = made["Resolution"].dots[0]
    assert first.words == "m0: 3.00 Å (2.95 to 3.10 Å)" and first.span[0] < first.x < first.span[1]


def test_names_with_html_stay_text_and_nothing_comes_from_elsewhere(many):
    page = page_of(many)
    assert EVIL in page.text and not [t for t, _ in page.tags if t in ("img", "link", "iframe")] and not page.sources
    assert sum(t == "script" for t, _ in page.tags) == 1 and any(a.get("data-map") == EVIL for _, a in page.tags)
    text = (many / "group.html").read_text(encoding="utf-8")
    assert "http" not in text.replace("http-equiv", "") and not re.search(r"url\((?!#)", text) and "@import" not in text


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


def test_dots_of_equal_value_lie_above_each_other(tmp_path):
    for i in range(4):
        write(tmp_path, f"m{i}", validation(0 if i < 3 else 5))
    entries = group.read_group(str(tmp_path))
    strip = next(s for s in group_page.strips(entries, group_page.colour_scale(entries))[0] if s.label == "Reported")
    same = [d for d in strip.dots if d.name != "m3"]
    assert len({d.x for d in same}) == 1 and len({d.y for d in same}) == 3


def test_a_map_whose_results_cannot_be_read_stops_no_other(tmp_path):
    write(tmp_path, "a", validation(2), results=measured(2))
    write(tmp_path, "b", validation(3), results=measured(3))
    (tmp_path / "b" / "fsc" / "result.json").write_text("{ not json")
    a, b = group.read_group(str(tmp_path))
    assert a.status == "ok" and b.status == "error" and "cannot be read" in b.error and "cannot be read" in page_of(tmp_path).text


def test_a_folder_without_maps_is_one_sentence(tmp_path, capsys):
    (tmp_path / "something").mkdir()
    with pytest.raises(InputError, match="no map that was validated or assessed"):
        group.write_group(str(tmp_path))
    assert main(["group", str(tmp_path / "none")]) == 2 and "does not exist" in capsys.readouterr().err
    write(tmp_path, "a", validation(2))
    assert main(["group", str(tmp_path)]) == 0 and (tmp_path / "group.html").is_file()


def test_folders_of_assess_are_maps_too(tmp_path):
    """A row each, with the key numbers of its report and the numbers of its checks; one capability alone is no map."""
    halves = {k: dict(path=f"{k}.mrc", sha256=k, shape=[8, 8, 8], voxel_size=[1.0] * 3, origin=[0.0] * 3) for k in ("half1", "half2")}
    for x in (2, 5):
        documents = [dict(d, inputs=halves) for d in measured(x)]
        documents[0]["checks"] = [check("tail_fsc", 0.01 * x, 0.1, "ok", unit="")]
        write(tmp_path, f"a{x}", results=documents)
    write(tmp_path, "v", validation(3), results=measured(3))
    group.write_group(str(tmp_path))
    with open(tmp_path / "group.tsv", encoding="utf-8", newline="") as stream:
        rows = {r["name"]: r for r in csv.DictReader(stream, delimiter="\t")}
    assert list(rows) == ["a2", "a5", "v"] and float(rows["a5"]["resolution (Å)"]) == pytest.approx(3 + 5 / 7, rel=1e-5)
    assert float(rows["a5"]["fsc_tail_fsc"]) == 0.05 and (rows["a5"]["passed"], rows["a5"]["evaluable"]) == ("1", "1")
    assert rows["v"]["0.a_verdict"] == "ok" and rows["a2"]["0.a_verdict"] == "" and rows["v"]["fsc_tail_fsc"] == ""
    entries = {e.name: e for e in group.read_group(str(tmp_path))}
    assert entries["a2"].places["Resolution"][0].value == pytest.approx(3 + 2 / 7) and entries["a2"].verdict and entries["a2"].curve
    with pytest.raises(InputError, match="no map that was validated or assessed"):
        group.write_group(str(tmp_path / "a2"))


def browse(path, profile, *options):
    browser = next((b for b in map(shutil.which, ("chromium", "chromium-browser", "google-chrome")) if b), None)
    if browser is None:
        pytest.skip("no Chromium here")
    done = subprocess.run([browser, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={profile}",
                           "--enable-logging=stderr", *options, "--dump-dom", f"file://{path}"], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=120)
    assert b"CONSOLE" not in done.stderr
    return done.stdout.decode("utf-8")


@pytest.mark.heavy
def test_a_browser_sorts_it_and_finds_a_map_everywhere(many, tmp_path):
    group.write_group(str(many))
    text = (many / "group.html").read_text(encoding="utf-8")
    act = ("<script>document.querySelectorAll('.maps button')[1].click();"
           "document.querySelector('.curve').dispatchEvent(new PointerEvent('pointerenter'));</script>")
    (tmp_path / "acted.html").write_text(unlocked(text).replace("</body>", act + "</body>"), encoding="utf-8")
    shown = browse(tmp_path / "acted.html", tmp_path / "profile")
    assert len(re.findall(r'class="dot \w+ chosen"', shown)) == 3 and shown.count('class="curve chosen"') == 1
    assert len(re.findall(r'<tr data-map=[^>]* class="\w+ chosen"', shown)) == 1
    rows = re.findall(r"<tr data-map=.*?</tr>", shown, re.S)
    order = [float(v) for row in rows for v in re.findall(r'data-label="Resolution" data-v="([\d.]+)"', row)]
    assert len(order) == 25 and order == sorted(order)


@pytest.mark.heavy
@pytest.mark.parametrize("width", [360, 800, 1366])
def test_no_scrolling_sideways(many, tmp_path, width):
    group.write_group(str(many))
    text = (many / "group.html").read_text(encoding="utf-8")
    frame = f'<iframe srcdoc="{escape(text)}" style="width:{width}px;height:900px;border:0"></iframe>'
    ask = "<script>onload=function(){document.title=document.querySelector('iframe').contentDocument.documentElement.scrollWidth;}</script>"
    (tmp_path / "framed.html").write_text(f"<title></title>{frame}{ask}", encoding="utf-8")
    shown = browse(tmp_path / "framed.html", tmp_path / "profile", "--window-size=1600,1000")
    assert int(re.search(r"<title>(\d+)</title>", shown).group(1)) <= width
