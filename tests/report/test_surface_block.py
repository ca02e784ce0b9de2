"""The surface to turn: its arrays say what the maps say, stay small, and a browser draws and turns it."""
from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
from html import unescape

import numpy as np
import pytest

from cryoqa_plugin.io.maps import Map, write_map
from cryoqa_plugin.report import assemble, surface
from cryoqa_plugin.report.section import Results, Section
from report_documents import document, write_run
from test_report import Page

SIZE = (1.5, 1.2, 1.8)


def ball(shape, centre, radius, spacing):
    z, y, x = np.indices(shape)
    return (radius - np.sqrt(sum(((a - c) * s) ** 2 for a, c, s in zip((x, y, z), centre, spacing)))).astype(np.float32)


@pytest.fixture
def run(tmp_path):
    """A ball of 12 Å with local maps: x + 20 Å on the same voxels but none below z = 12 Å, on coarser ones, and one of another box."""
    shape = (20, 30, 24)
    blob = Map(np.maximum(ball(shape, (11.5, 14.5, 9.5), 12.0, SIZE), 0) + np.float32(0.001), SIZE, (0.0, 0.0, 0.0))
    z, _, x = np.indices(shape)
    values = np.where(z * SIZE[2] < 12, 0, x * SIZE[0] + 20).astype(np.float32)
    coarse = np.broadcast_to(np.arange(12) * 3.0 - 100, (20, 30, 12)).astype(np.float32)
    maps = dict(resolution_map=Map(values, SIZE, blob.origin), local_lack=Map(coarse, (3.0, 1.2, 1.8), blob.origin),
                other=Map(values[:10], SIZE, blob.origin), mask_used=Map(values, SIZE, blob.origin))
    units = dict(resolution_map="Å", local_lack="", other="Å²", mask_used="")
    (tmp_path / "fsc").mkdir()
    for name, map_ in maps.items():
        write_map(str(tmp_path / "fsc" / f"{name}.mrc"), map_)
    write_map(str(tmp_path / "map.mrc"), blob)
    entry = dict(path=str(tmp_path / "map.mrc"), sha256="0", shape=list(shape), voxel_size=list(SIZE), origin=[0, 0, 0])
    d = document("fsc", "A </figure> <b>", dict(full_map=entry),
                 maps={n: dict(path=n + ".mrc", unit=u, meaning="m") for n, u in units.items()})
    write_run(tmp_path, [d])
    return blob, Results({"fsc": d}, {}, {"fsc": str(tmp_path / "fsc")}), tmp_path


def places(block):
    """Vertices in Å, for the ball of :func:`run`, from the middle of their box."""
    return (np.frombuffer(block.vertices, "<u2").reshape(-1, 3) / 65535 - np.array(block.extent) / 2)


def test_arrays_say_what_the_maps_say(run):
    blob, results, _ = run
    block = surface.surface(blob, results)
    p = places(block)
    assert len(p) == block.n_vertices and max(block.extent) == pytest.approx(1, abs=1e-6)
    quads = np.frombuffer(block.quads, "<u2").reshape(-1, 4)
    assert len(quads) == block.n_quads and quads.max() == block.n_vertices - 1
    radius = np.linalg.norm(p, axis=1)
    assert radius.max() / radius.min() < 1.12                # a ball in Å, though not in voxels
    assert [c.label for c in block.colourings] == ["A </figure> <b>: resolution map", "A </figure> <b>: local lack"]
    first, second = block.colourings
    codes = np.frombuffer(first.codes, np.uint8)
    assert ((codes == 255) == (p[:, 2] < p[:, 2][codes != 255].min())).mean() > 0.97 and 0.02 < (codes == 255).mean() < 0.5
    known = codes != 255
    assert np.corrcoef(codes[known], p[known, 0])[0, 1] > 0.99
    assert first.low < 20 + 11.5 * 1.5 < first.high and first.high - first.low < 2 * 12
    other = np.frombuffer(second.codes, np.uint8)
    assert (other != 255).all() and np.corrcoef(other, p[:, 0])[0, 1] > 0.99
    middle = 20 + 11.5 * 1.5                                 # both are the x of the vertex, on voxels of 1.5 and of 3 Å
    assert (first.low + first.high) / 2 == pytest.approx(middle, abs=0.5)
    assert (second.low + second.high) / 2 + 120 == pytest.approx(middle, abs=0.5)


def test_no_surface_and_no_colours(run):
    blob, results, folder = run
    assert surface.surface(blob.with_data(np.zeros((20, 30, 24), np.float32)), results) is None
    (folder / "fsc" / "resolution_map.mrc").unlink()
    (folder / "fsc" / "local_lack.mrc").unlink()
    block = surface.surface(blob, results)
    assert block.colourings == () and "grey" not in block.caption


def test_the_surface_is_at_the_contour_level(run):
    blob, results, _ = run
    sizes = []
    for level in (2.0, 9.0):                                 # the ball is 12 Å less the distance from its middle
        at = dict(contour=dict(metrics=dict(contour=dict(value=level))))
        block = surface.surface(blob, Results(dict(results.documents, **at), {}, results.folders))
        assert f"level {level:g}" in block.caption and "smoothed" not in block.caption
        sizes.append(block.n_vertices)
    assert sizes[0] / sizes[1] == pytest.approx((10 / 3) ** 2, rel=0.2)
    high = dict(contour=dict(metrics=dict(contour=dict(value=99.0))))
    assert surface.surface(blob, Results(dict(results.documents, **high), {}, results.folders)).caption \
        == surface.surface(blob, results).caption


def test_a_rough_map_stays_small(monkeypatch):
    monkeypatch.setattr(surface, "MOST_BYTES", 100000)
    z, y, x = (np.sin(2 * np.pi / 16 * i) for i in np.indices((96, 96, 96), dtype=np.float32))
    rough = Map(x * y + y * z + z * x, (1.0, 1.0, 1.0), (0.0, 0.0, 0.0))
    block = surface.surface(rough, Results({}, {}, {}))
    assert 0.2 * surface.MOST_BYTES < len(block.vertices) + len(block.quads) <= surface.MOST_BYTES
    width = 4 if block.n_vertices > 65535 else 2
    assert len(block.quads) == block.n_quads * 4 * width


def test_writers(run):
    blob, results, folder = run
    block = surface.surface(blob, results)
    section = Section("s", "S", 1, "file", "", lambda r: [block])
    paths = assemble.write_report(str(folder), strict=True, sections=(section,))
    with open(paths["html"], encoding="utf-8") as stream:
        text = stream.read()
    page = Page(text)
    figure = next(a for t, a in page.tags if t == "figure" and a.get("class") == "surface")
    data = json.loads(figure["data-surface"])
    assert base64.b64decode(data["vertices"]) == block.vertices and base64.b64decode(data["quads"]) == block.quads
    assert [base64.b64decode(c["codes"]) for c in data["colourings"]] == [c.codes for c in block.colourings]
    assert data["n"] == block.n_vertices and data["colourings"][0]["low"].endswith(" Å") and data["extent"] == list(block.extent)
    assert "A </figure> <b>: local lack" in page.text and sum(t == "option" for t, _ in page.tags) == 6
    canvas = next(a for t, a in page.tags if t == "canvas")
    assert canvas["tabindex"] == "0" and "arrow keys" in canvas["aria-label"]


LOOK = """<script>window.addEventListener("load", function () {
  var f = document.querySelector("figure.surface"), c = f.querySelector("canvas"), s = f.querySelector("select"), seen = [];
  function look() {
    var t = document.createElement("canvas"), g = t.getContext("2d"), n = 0, x = 0, y = 0, red = 0; t.width = t.height = c.width;
    g.drawImage(c, 0, 0); var d = g.getImageData(0, 0, c.width, c.width).data;
    for (var i = 0; i < d.length; i += 4) {
      if (d[i] + d[i + 1] + d[i + 2] > 749) { continue; }
      n++;
      if (d[i] > d[i + 2] + 60) { red++; x += i / 4 % c.width; y += Math.floor(i / 4 / c.width); }
    }
    seen.push([n / c.width / c.width, red / n, x / red / c.width, y / red / c.width, f.querySelector(".scale").hidden ? 0 : 1]);
  }
  function key(k) { c.dispatchEvent(new KeyboardEvent("keydown", { key: k })); }
  function drag(kind, x) { c.dispatchEvent(new PointerEvent(kind, { pointerId: 5, clientX: x, clientY: 300, bubbles: true })); }
  var steps = [function () {}, function () { s.value = "-1"; s.dispatchEvent(new Event("change")); },
    function () { s.value = "1"; s.dispatchEvent(new Event("change")); for (var i = 0; i < 16; i++) { key("ArrowLeft"); } },
    function () { f.querySelector("button").click(); }, function () { key("-"); key("-"); },
    function () { f.querySelector("button").click(); drag("pointerdown", 100); drag("pointermove", 257); drag("pointerup", 257); }];
  (function next() {
    if (!steps.length) { document.title = JSON.stringify(seen); return; }
    steps.shift()(); window.setTimeout(function () { look(); next(); }, 300);
  }());
});</script>"""


@pytest.mark.heavy
@pytest.mark.parametrize("flags", [["--use-angle=swiftshader", "--enable-unsafe-swiftshader"], ["--disable-gpu", "--disable-3d-apis"]])
def test_a_browser_draws_colours_turns_and_sizes_it(run, tmp_path, flags):
    browser = next((b for b in map(shutil.which, ("chromium", "chromium-browser", "google-chrome")) if b), None)
    if browser is None:
        pytest.skip("no Chromium here")
    block = surface.surface(*run[:2])
    paths = assemble.write_report(str(tmp_path), formats=("html",), sections=(Section("s", "S", 1, "file", "", lambda r: [block]),))
    with open(paths["html"], encoding="utf-8") as stream:
        text = stream.read()
    at_once = "<body><script>window.requestAnimationFrame = function (f) { return setTimeout(f, 0); };</script>"
    text = text.replace("<body>", at_once)
    (tmp_path / "look.html").write_text(text.replace("</body>", LOOK + "</body>"), encoding="utf-8")
    done = subprocess.run([browser, "--headless", "--no-sandbox", *flags, f"--user-data-dir={tmp_path / 'profile'}",
                           "--enable-logging=stderr", "--virtual-time-budget=20000", "--dump-dom", f"file://{tmp_path / 'look.html'}"],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True, timeout=180)
    faults = [line for line in done.stderr.splitlines() if "CONSOLE" in line and "GL Driver Message" not in line]
    assert not faults, faults
    first, plain, side, back, small, dragged = json.loads(unescape(re.search(r"<title>(.*?)</title>", done.stdout).group(1)))
    assert 0.5 < first[0] < 0.95                             # the disc of the ball
    assert first[1] > 0.05 and first[2] > 0.6                 # red where x is large: on the right
    assert plain[1] == 0 and plain[4] == 0 and first[4] == 1
    assert side[1] > back[1] and abs(side[2] - 0.5) < 0.1   # a quarter to the left: red in front
    assert back[2] > 0.6 and small[0] == pytest.approx(back[0] / 1.15 ** 4, rel=0.06)
    assert dragged[1] < 0.02 and dragged[0] == pytest.approx(back[0], rel=0.05)             # to the right: red behind
