"""The surface to turn: its arrays say what the maps say, stay small, a browser draws and turns it, and a picture stands in."""
from __future__ import annotations

import base64
import gzip
import json
import re
import shutil
import subprocess
from html import unescape

import numpy as np
import pytest

from cryoqa_plugin.io.maps import Map, write_map
from cryoqa_plugin.report import assemble, surface
from cryoqa_plugin.report.blocks import PLACES
from cryoqa_plugin.report.scale import RAMP
from cryoqa_plugin.report.section import Results, Section
from report_documents import document, metric, unlocked, write_run
from test_overlay import colours, hue
from test_pictures import decode
from test_report import Page

SIZE = (1.5, 1.2, 1.8)
CENTRE = 11.5 * 1.5                              # x of the middle of the ball in Å
MIDDLE = 62 + 1.5 * CENTRE                       # and its local resolution


def ball(shape, centre, radius, spacing):
    z, y, x = np.indices(shape)
    return (radius - np.sqrt(sum(((a - c) * s) ** 2 for a, c, s in zip((x, y, z), centre, spacing)))).astype(np.float32)


@pytest.fixture
def run(tmp_path):
    """A ball of 12 Å with local resolutions of 1.5 x + 62 Å, none below z = 12 Å, an occupancy on coarser voxels, B of another box."""
    shape = (20, 30, 24)
    blob = Map(np.maximum(ball(shape, (11.5, 14.5, 9.5), 12.0, SIZE), 0) + np.float32(0.001), SIZE, (0.0, 0.0, 0.0))
    z, _, x = np.indices(shape)
    values = np.where(z * SIZE[2] < 12, 0, 1.5 * x * SIZE[0] + 62).astype(np.float32)
    coarse = np.broadcast_to(np.arange(12) * 3.0 / 40, (20, 30, 12)).astype(np.float32)
    maps = dict(local_fsc=("resolution_map", Map(values, SIZE, blob.origin)),
                lococcupancy=("local_occupancy", Map(coarse, (3.0, 1.2, 1.8), blob.origin)),
                locbfactor=("local_bfactor", Map(values[:10], SIZE, blob.origin)))
    write_map(str(tmp_path / "map.mrc"), blob)
    entry = dict(path=str(tmp_path / "map.mrc"), sha256="0", shape=list(shape), voxel_size=list(SIZE), origin=[0, 0, 0])
    documents = {}
    for capability, (name, map_) in maps.items():
        (tmp_path / capability).mkdir()
        write_map(str(tmp_path / capability / f"{name}.mrc"), map_)
        numbers = {n: metric(MIDDLE + d, meaning=n) for n, d in (("p5", -9.0), ("median", 0.0), ("p95", 9.0))}
        documents[capability] = document(capability, "A </div> <b>", dict(full_map=entry), metrics=numbers,
                                         maps={name: dict(path=name + ".mrc", unit="", meaning="m")})
    write_run(tmp_path, list(documents.values()))
    return blob, Results(documents, {}, {c: str(tmp_path / c) for c in documents}), tmp_path


def places(block):
    """Vertices over the longest edge, from the middle of their box."""
    return np.frombuffer(block.vertices, "<u2").reshape(-1, 3) / PLACES - np.array(block.extent) / 2


def test_arrays_say_what_the_maps_say(run):
    blob, results, _ = run
    block = surface.surface(blob, results)
    p = places(block)
    assert len(p) == block.n_vertices and max(block.extent) == pytest.approx(1, abs=1e-6)
    quads = np.frombuffer(block.quads, "<u2").reshape(-1, 4)
    assert len(quads) == block.n_quads and quads.max() == block.n_vertices - 1
    radius = np.linalg.norm(p, axis=1)
    assert radius.max() / radius.min() < 1.12                # a ball in Å, though not in voxels
    assert [c.label for c in block.colourings] == ["local resolution", "local occupancy"], "B lies on another box"
    first, second = block.colourings
    codes = np.frombuffer(first.codes, np.uint8)
    assert ((codes == 255) == (p[:, 2] < p[:, 2][codes != 255].min())).mean() > 0.97 and 0.02 < (codes == 255).mean() < 0.5
    known, longest = codes != 255, float(re.search(r"(\d+) Å long", block.caption).group(1))
    scale = first.bar
    assert scale.log and scale.low <= 0.8 * MIDDLE + 1e-6 and scale.high >= 1.6 * MIDDLE - 1e-6, "that of the page"
    found = scale.low * (scale.high / scale.low) ** (codes[known] / 254.0)
    np.testing.assert_allclose(found, MIDDLE + 1.5 * p[known, 0] * longest, atol=0.9)
    other = np.frombuffer(second.codes, np.uint8) / 254.0 * 1.25
    np.testing.assert_allclose(other, (CENTRE + p[:, 0] * longest) / 40, atol=0.03)
    assert scale.bracket == (MIDDLE - 9, MIDDLE + 9)


def test_quadrilaterals_look_outwards_from_their_lowest_vertex(run):
    block = surface.surface(*run[:2])
    p, quads = places(block), np.frombuffer(block.quads, "<u2").reshape(-1, 4).astype(int)
    a, b, c, d = (p[quads[:, k]] for k in range(4))
    assert (np.einsum("ij,ij->i", np.cross(c - a, d - b), a + b + c + d) > 0).all()
    assert (quads[:, 0] == quads.min(axis=1)).all()


def unpack(data):
    """Vertices, quadrilaterals and codes as the script of the page reads them, one number after the other."""
    raw, n, m = gzip.decompress(base64.b64decode(data["packed"])), data["n"], data["q"]

    def column(at, rows, columns, k):
        low, high = raw[at + k * rows:at + (k + 1) * rows], raw[at + (columns + k) * rows:at + (columns + k + 1) * rows]
        return [v - 65536 if v > 32767 else v for v in (a + 256 * b for a, b in zip(low, high))]

    vertices = np.array([np.cumsum(column(0, n, 3, k)) for k in range(3)]).T
    steps, out, first = [column(6 * n, m, 4, k) for k in range(4)], [], 0
    for step, b, d, c in zip(*steps):
        first += step
        out.append([v % 65536 for v in (first, first + b, first + b + d + c, first + d)])
    codes = raw[6 * n + 8 * m:]
    return vertices, out, [np.cumsum(list(codes[k * n:(k + 1) * n])) % 256 for k in range(data["c"])]


def test_the_page_unpacks_what_was_packed(run):
    blob, results, folder = run
    block = surface.surface(blob, results)
    section = Section("s", "S", 1, "file", "", lambda r: [block])
    paths = assemble.write_report(str(folder), strict=True, sections=(section,))
    with open(paths["html"], encoding="utf-8") as stream:
        text = stream.read()
    page = Page(text)
    data = json.loads(next(a for t, a in page.tags if t == "div" and a.get("class") == "surface")["data-surface"])
    vertices, quads, codes = unpack(data)
    np.testing.assert_array_equal(vertices, np.frombuffer(block.vertices, "<u2").reshape(-1, 3))
    np.testing.assert_array_equal(quads, np.frombuffer(block.quads, "<u2").reshape(-1, 4))
    assert [bytes(c.astype(np.uint8)) for c in codes] == [c.codes for c in block.colourings]
    assert data["extent"] == list(block.extent) and data["stops"] == [list(c) for c in RAMP] and data["places"] == PLACES
    canvas = next(a for t, a in page.tags if t == "canvas")
    assert canvas["tabindex"] == "0" and "arrow keys" in canvas["aria-label"]
    picture = base64.b64encode(block.picture.png).decode()
    assert any(t == "img" and a["src"].endswith(picture) for t, a in page.tags), "for paper and pages without scripts"


def test_vertices_that_are_far_apart_in_number_are_packed_too():
    quads = np.array([[0, 40000, 65000, 7], [60000, 3, 5, 65535]], "<u2")
    block = surface.Surface("", np.zeros((2, 3), "<u2").tobytes(), quads.tobytes(), 2, 2, (1, 1, 1), (1, 1), (), None)
    data = dict(packed=base64.b64encode(surface.packed(block)), n=2, q=2, c=0)
    np.testing.assert_array_equal(unpack(data)[1], quads)


def test_no_surface_and_no_colours(run):
    blob, results, folder = run
    assert surface.surface(blob.with_data(np.zeros((20, 30, 24), np.float32)), results) is None
    (folder / "local_fsc" / "resolution_map.mrc").unlink()
    (folder / "lococcupancy" / "local_occupancy.mrc").unlink()
    block = surface.surface(blob, results)
    assert block.colourings == () and "Grey" not in block.caption
    shown = colours(block.picture.png)
    assert hue(shown[shown.shape[0] // 2, shown.shape[1] // 2]) < 0.45, "the plain colour is a pale blue"


def test_the_surface_is_at_the_contour_level(run):
    blob, results, _ = run
    lengths = []
    for level in (2.0, 9.0):                                 # the ball is 12 Å less the distance from its middle
        at = dict(contour=dict(metrics=dict(contour=dict(value=level))))
        block = surface.surface(blob, Results(dict(results.documents, **at), {}, results.folders))
        assert block.caption.startswith(f"Surface at {level:g},")
        lengths.append(float(re.search(r"(\d+) Å long", block.caption).group(1)))
    assert lengths == pytest.approx([20, 6], abs=1.0)
    high = dict(contour=dict(metrics=dict(contour=dict(value=99.0))))
    assert surface.surface(blob, Results(dict(results.documents, **high), {}, results.folders)).caption \
        == surface.surface(blob, results).caption


def test_coarser_voxels_enclose_the_same_volume():
    fine = Map(np.maximum(ball((60, 60, 60), (29.5, 29.5, 29.5), 14.0, (0.6, 0.6, 0.6)), -5), (0.6, 0.6, 0.6), (0.0, 0.0, 0.0))
    at = dict(contour=dict(metrics=dict(contour=dict(value=2.0))))
    block = surface.surface(fine, Results(at, {}, {}))
    p, quads = places(block) * float(re.search(r"(\d+) Å", block.caption).group(1)), np.frombuffer(block.quads, "<u2").reshape(-1, 4)
    a, b, c, d = (p[quads[:, k].astype(int)] for k in range(4))
    volume = (np.einsum("ij,ij->i", np.cross(a, b), c) + np.einsum("ij,ij->i", np.cross(a, c), d)).sum() / 6
    assert volume == pytest.approx(4 / 3 * np.pi * 12 ** 3, rel=0.08) and block.n_vertices < 1800, "1.5 Å in place of 0.6"


def test_a_rough_map_stays_small(monkeypatch):
    monkeypatch.setattr(surface, "MOST_POINTS", 5000)
    z, y, x = (np.sin(2 * np.pi / 16 * i) for i in np.indices((96, 96, 96), dtype=np.float32))
    rough = Map(x * y + y * z + z * x, (1.0, 1.0, 1.0), (0.0, 0.0, 0.0))
    block = surface.surface(rough, Results({}, {}, {}))
    assert 2000 < block.n_vertices <= 5000 and "drawn on" in block.caption


def test_the_picture_shows_the_colours_of_the_scale(run):
    block = surface.surface(*run[:2])
    indices, palette = decode(block.picture.png)
    seen = indices != len(palette) // 3 - 1
    assert 0.5 < seen.mean() < 0.9, "the disc of the ball"
    shown = colours(block.picture.png)
    row, width = shown.shape[0] // 2, shown.shape[1]
    left, right = shown[row, width // 5], shown[row, -width // 5]
    assert hue(right) > hue(left) + 0.1, "x grows to the right, and the resolution with it"
    bar = block.colourings[0].bar
    for colour, side in ((left, -1), (right, 1)):            # seen from the side a little, so that x is not all
        assert bar.low * (bar.high / bar.low) ** hue(colour) == pytest.approx(MIDDLE + side * 1.5 * 0.6 * 12, rel=0.08)


LOOK = """<script>window.addEventListener("load", function () {
  var f = document.querySelector(".where"), c = f.querySelector("canvas"), s = f.querySelector("select"), seen = [];
  function look() {
    var t = document.createElement("canvas"), g = t.getContext("2d"), n = 0, x = 0, red = 0, w = c.width, h = c.height;
    t.width = w; t.height = h;
    g.drawImage(c, 0, 0); var d = g.getImageData(0, 0, w, h).data;
    for (var i = 0; i < d.length; i += 4) {
      if (d[i + 3] < 128) { continue; }
      n++;
      if (d[i] > d[i + 2] + 8) { red++; x += i / 4 % w; }
    }
    seen.push([n / h / h, red / n, x / red / w, f.querySelectorAll(".bar3d:not([hidden])").length]);
  }
  function key(k) { c.dispatchEvent(new KeyboardEvent("keydown", { key: k })); }
  function drag(kind, x) { c.dispatchEvent(new PointerEvent(kind, { pointerId: 5, clientX: x, clientY: 300, bubbles: true })); }
  var steps = [function () {}, function () {}, function () { s.value = "-1"; s.dispatchEvent(new Event("change")); },
    function () { s.value = "1"; s.dispatchEvent(new Event("change")); for (var i = 0; i < 16; i++) { key("ArrowLeft"); } },
    function () { f.querySelector("button").click(); }, function () { key("-"); key("-"); },
    function () { f.querySelector("button").click(); drag("pointerdown", 100); drag("pointermove", 257); drag("pointerup", 257); }];
  (function next() {
    if (!steps.length) { document.title = JSON.stringify([f.querySelector(".surface").getAttribute("data-by"), seen]); return; }
    steps.shift()(); window.setTimeout(function () { look(); next(); }, 300);
  }());
});</script>"""


@pytest.fixture
def browser():
    found = next((b for b in map(shutil.which, ("chromium", "chromium-browser", "google-chrome")) if b), None)
    if found is None:
        pytest.skip("no Chromium here")
    return found


def _page(run, folder):
    block = surface.surface(*run[:2])
    paths = assemble.write_report(str(folder), formats=("html",), sections=(Section("s", "S", 1, "file", "", lambda r: [block]),))
    with open(paths["html"], encoding="utf-8") as stream:
        return stream.read()


@pytest.mark.heavy
@pytest.mark.parametrize("flags, by", [(["--use-angle=swiftshader", "--enable-unsafe-swiftshader"], "graphics card"),
                                       (["--disable-gpu", "--disable-3d-apis"], "processor")])
def test_a_browser_draws_colours_turns_and_sizes_it(run, browser, tmp_path, flags, by):
    text = _page(run, tmp_path)
    assert re.search(r'<details id="s"', text)
    text = re.sub(r'<details id="s"', '<details open id="s"', text)
    at_once = "<body><script>window.requestAnimationFrame = function (f) { return setTimeout(f, 0); };</script>"
    (tmp_path / "look.html").write_text(unlocked(text).replace("<body>", at_once).replace("</body>", LOOK + "</body>"), encoding="utf-8")
    done = subprocess.run([browser, "--headless", "--no-sandbox", *flags, f"--user-data-dir={tmp_path / 'profile'}",
                           "--enable-logging=stderr", "--virtual-time-budget=20000", "--dump-dom", f"file://{tmp_path / 'look.html'}"],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True, timeout=180)
    faults = [line for line in done.stderr.splitlines() if "CONSOLE" in line and "GL Driver Message" not in line]
    assert not faults, faults
    drawn_by, seen = json.loads(unescape(re.search(r"<title>(.*?)</title>", done.stdout).group(1)))
    _, first, plain, side, back, small, dragged = seen
    assert drawn_by == by
    assert 0.4 < first[0] < 1.2                              # the disc of the ball
    assert first[1] > 0.015 and first[2] > 0.7               # red where x is large: on the right
    assert plain[1] == 0 and plain[3] == 0 and first[3] == 1
    assert side[1] > back[1] and abs(side[2] - 0.5) < 0.15   # a quarter to the left: red in front
    assert back[2] > 0.7 and small[0] == pytest.approx(back[0] / 1.15 ** 4, rel=0.06)
    assert dragged[1] < 0.02 and dragged[0] == pytest.approx(back[0], rel=0.05)             # to the right: red behind


@pytest.mark.heavy
def test_without_scripts_the_picture_stays(run, browser, tmp_path):
    text = re.sub(r'<details id="s"', '<details open id="s"', _page(run, tmp_path))
    text = text.replace("<head>", "<head><meta http-equiv='Content-Security-Policy' content=\"script-src 'none'\">")
    (tmp_path / "still.html").write_text(text, encoding="utf-8")
    subprocess.run([browser, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}",
                    f"--screenshot={tmp_path / 'still.png'}", "--window-size=1000,4000", f"file://{tmp_path / 'still.html'}"],
                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=180, check=True)
    image = np.asarray(pytest.importorskip("PIL.Image").open(tmp_path / "still.png").convert("RGB")).astype(int)
    block = surface.surface(*run[:2])
    palette = np.frombuffer(decode(block.picture.png)[1], np.uint8).reshape(-1, 3)[:-1].astype(int)
    bright = palette[np.argmax(palette.max(axis=1) - palette.min(axis=1))]
    assert (np.abs(image - bright).max(axis=2) < 12).sum() > 200
