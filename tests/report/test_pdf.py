"""The report on paper: what stands on which sheet, the numbers of report.json, marks and pictures as they were made."""
from __future__ import annotations

import json
import re
import struct
import time
import zlib
from io import BytesIO

import numpy as np
import pytest

from cryoqa_plugin import runner
from cryoqa_plugin.cli import main
from cryoqa_plugin.demo import write_demo_data
from cryoqa_plugin.io.png import rgb_png
from cryoqa_plugin.report import assemble, pdf, pictures, scene, section
from cryoqa_plugin.report import pdf_flow as flow
from cryoqa_plugin.report.blocks import (Band, Bands, Bar, Card, Estimate, KeyRow, KeyRows, Link, Percentiles, Picture, Pictures, Plot,
                                         Rows, Series, State, Strip, Text, Track, Tracks, Value, Values)
from cryoqa_plugin.report.content import compose
from cryoqa_plugin.report.pdf_blocks import rows_of

pypdf = pytest.importorskip("pypdf")
RNG = np.random.default_rng(5)
PALETTE = RNG.integers(0, 256, (256, 3)).astype(np.uint8)
INDICES = RNG.integers(0, 256, (30, 50)).astype(np.uint8)


def texts_of(path):
    return [" ".join(p.extract_text().split()) for p in pypdf.PdfReader(path).pages]


def document_of(cards, run_folder, tmp_path, **options):
    """The PDF of a run whose only section has these cards."""
    one = section.Section("cards", "Cards", 1, "fine", "", lambda results: [], "fsc", cards=lambda results: cards)
    path = assemble.write_report(run_folder, strict=True, formats=("pdf",), sections=(one,), **options)["pdf"]
    return pypdf.PdfReader(path)


def every_block():
    x = list(np.linspace(0.02, 0.4, 30))
    return (Text("One <paragraph> & more."), Values((Value("b", 186.04, "Å²", "fall-off of the amplitudes", "lower"),)),
            Rows("A table", ("", "Method", "Number"), ((State("warn"), Link("no such place", "nowhere"), 3.25), (State("ok"), "b", 4.5))),
            Plot("Curves", (Series("a", "first curve", x, list(np.exp(-np.array(x)))), Series("b", "second curve", x, [None] * 3 + x[3:])),
                 "Resolution (Å)", "FSC", as_resolution=True, levels=((0.143, "0.143"),), marks=((0.25, "4.00 Å"),),
                 rings=((0.2, 0.82, "0.82"),)),
            Pictures("Slices", tuple(Picture(pictures.png(INDICES, PALETTE), "noise", f"slice {i}") for i in range(5)), "Five of them."),
            Bar("Scale", "Å", 2.0, 4.0, True, tuple(float(v) for v in range(60)), (2.4, 3.3), "Bracket: 5–95 %."),
            Strip("Estimates", (Estimate("answer", "FSC 0.143", "in the mask", 2.66, 2.64, 2.68, "headline"),
                                Estimate("local", "ResMap", "half-maps", 2.77, 2.30, 9.9))),
            Percentiles("Archive", (("All, 100 entries", 91.0, "finer than 91 %"),), caption="By FSC 0.143."),
            Tracks("Chains", (Track("A", (0.8, None, 0.7, 0.9), "0.80"), Track("B", (0.1, 0.2, 0.3, 0.4), "0.25")), (0.0, 1.0), (0.5,)),
            Bands("Zones", (Band("A", ("ok", "warn", None, "fail"), "67 %"),), (("ok", "trust"), ("warn", "caution"), ("fail", "omit")),
                  "Three of them."),
            KeyRows("Facts", (KeyRow("fail", "Copies", "yes", "the halves are the same", "nowhere"), KeyRow("skipped", "Solvent", "–"))))


def test_every_block_is_drawn(run_folder, tmp_path):
    reader = document_of([Card("All blocks", every_block(), 7), Card("Beside", (Text("On the right."),), 5)], run_folder, tmp_path)
    whole = " ".join(texts_of(reader.stream))
    for words in ("One <paragraph> & more.", "fall-off of the amplitudes (lower is better)", "186 Å²", "no such place", "3.25",
                  "first curve", "second curve",
                  "4.00 Å", "0.82", "slice 4", "Five of them.", "Bracket: 5–95 %.", "2.66 Å", "(2.64–2.68)", "(2.30–9.90)",
                  "finer than 91 %", "By FSC 0.143.", "0.25",
                  "67 %", "caution", "Three of them.", "the halves are the same", "On the right.", "All blocks"):
        assert words in whole, words


def test_key_numbers_and_verdict_are_those_of_the_json(run_folder):
    paths = assemble.write_report(run_folder, formats=("pdf", "json"))
    with open(paths["json"], encoding="utf-8") as stream:
        saved = json.load(stream)
    first = texts_of(paths["pdf"])[0]
    assert saved["verdict"] in first and len(saved["keys"]) >= 2 and saved["arguments"]
    for key in saved["keys"]:
        assert f"{key['label']} {key['value']}" in first.replace("\n", " ") and key["note"] in first
    for argument in saved["arguments"]:
        assert argument["claim"] + "." in first
    for question in saved["questions"]:
        assert sum(question["title"] in text for text in texts_of(paths["pdf"])) == 1


def test_head_and_first_question_share_the_first_sheet(run_folder):
    path = assemble.write_report(run_folder, formats=("pdf",))["pdf"]
    first = texts_of(path)[0]
    assert "Key numbers" in first and "How good: FSC of the half-maps" in first and "How fine is it?" in first
    report = compose(assemble.read_results(run_folder), section.discover())
    pictures_of = [o.get_object() for o in pypdf.PdfReader(path).pages[0]["/Resources"]["/XObject"].values()]
    picture = report.surface.picture.png
    assert "Where" in first and (pictures_of[0]["/Width"], pictures_of[0]["/Height"]) == struct.unpack(">2I", picture[16:24])
    assert pictures_of[0]._data in picture                                # as it is, with its clear background
    assert all(f"page {i}" in text for i, text in enumerate(texts_of(path), 1))


def test_the_appendix_has_every_value_and_check_and_comes_only_when_asked_for(run_folder, documents):
    plain = texts_of(assemble.write_report(run_folder, formats=("pdf",))["pdf"])
    long = texts_of(assemble.write_report(run_folder, formats=("pdf",), appendix=True)["pdf"])
    added = " ".join(long).split("All values")[1]
    assert "All values" not in " ".join(plain)
    squeezed = added.replace(" ", "")
    for d in documents:
        for name, m in d["metrics"].items():
            assert (name in squeezed) == (m["value"] is not None), name
        assert all(c["title"] in added for c in d["checks"]) and d["provenance"]["date_utc"] in added
        assert all(e["sha256"] in squeezed for e in d["inputs"].values())


def test_the_command_line_asks_for_the_appendix(run_folder, capsys):
    def count(*options):
        assert main(["report", run_folder, *options]) == 0
        return sum(map(len, texts_of(run_folder + "/report.pdf")))

    short = count()
    assert count("--appendix") > short == count() and "report.pdf" in capsys.readouterr().out


def test_marks_are_drawn_and_not_written():
    said = []

    class Canvas:
        def __getattr__(self, name):
            return lambda *args, **kwargs: said.append((name, args)) or self

    shapes = {}
    for status in ("ok", "warn", "fail", "skipped"):
        said.clear()
        flow.draw_mark(Canvas(), status, 0, 0, 8)
        shapes[status] = [name for name, _ in said if name in ("circle", "roundRect", "lineTo", "setDash", "close")]
    assert shapes == {"ok": ["circle", "lineTo", "lineTo"], "warn": ["lineTo", "lineTo", "close", "lineTo", "lineTo"],
                      "fail": ["roundRect", "lineTo", "lineTo"], "skipped": ["setDash", "circle", "setDash", "lineTo"]}


def _images(reader):
    """The pictures of the size that these tests draw; the head has the surface too."""
    every = [o.get_object() for page in reader.pages for o in page["/Resources"].get("/XObject", {}).values()]
    return [i for i in every if (i["/Width"], i["/Height"]) == (50, 30)]


@pytest.mark.parametrize("kind", ["palette", "colours", "grey"])
def test_a_png_goes_in_without_being_decoded(run_folder, tmp_path, kind):
    """The stream in the document is that of the PNG, and reads as the same colours."""
    truth = PALETTE[INDICES] if kind != "grey" else np.repeat(INDICES[..., None], 3, axis=2)
    png = dict(palette=pictures.png(INDICES, PALETTE), colours=rgb_png(PALETTE[INDICES]), grey=grey_png(INDICES))[kind]
    reader = document_of([Card("P", (Pictures("P", (Picture(png, "a", "b"), Picture(png, "a", "b"))),))], run_folder, tmp_path)
    images = _images(reader)
    assert len(images) == 1                      # the same picture twice is in the file once
    assert (images[0]["/Width"], images[0]["/Height"], images[0]["/Filter"]) == (50, 30, "/FlateDecode")
    assert images[0]._data == png[png.index(b"IDAT") + 4:-16]
    lines = np.frombuffer(zlib.decompress(images[0]._data), np.uint8).reshape(30, -1)
    assert not lines[:, 0].any()                 # the filter of each line is none, so that its bytes are the pixels
    if kind == "palette":
        space = images[0]["/ColorSpace"]
        table = space[3] if isinstance(space[3], bytes) else space[3].original_bytes
        assert space[0] == "/Indexed" and space[2] == 255 and table == PALETTE.tobytes() and (lines[:, 1:] == INDICES).all()
    else:
        assert (lines[:, 1:].reshape(30, 50, -1) == truth[..., :1 if kind == "grey" else 3]).all()


def grey_png(image):
    chunks = [(b"IHDR", struct.pack(">2I5B", image.shape[1], image.shape[0], 8, 0, 0, 0, 0)),
              (b"IDAT", zlib.compress(b"".join(b"\0" + row.tobytes() for row in image))), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(struct.pack(">I", len(b)) + n + b + struct.pack(">I", zlib.crc32(n + b)) for n, b in chunks)


def test_one_clear_colour_of_a_palette_stays_clear(run_folder, tmp_path):
    whole = pictures.png(INDICES, PALETTE)
    alpha = bytes([255] * 7 + [0])
    chunk = struct.pack(">I", len(alpha)) + b"tRNS" + alpha + struct.pack(">I", zlib.crc32(b"tRNS" + alpha))
    at = whole.index(b"IDAT") - 4
    reader = document_of([Card("P", (Pictures("P", (Picture(whole[:at] + chunk + whole[at:], "a", "b"),)),))], run_folder, tmp_path)
    images = _images(reader)
    assert [list(i["/Mask"]) for i in images] == [[7, 7]] and images[0]._data == whole[at + 8:-16]


def test_transparent_pictures_keep_their_transparency(run_folder, tmp_path):
    from PIL import Image
    stream = BytesIO()
    Image.fromarray(np.dstack([PALETTE[INDICES], INDICES]), "RGBA").save(stream, "PNG")
    reader = document_of([Card("P", (Pictures("P", (Picture(stream.getvalue(), "a", "b"),)),))], run_folder, tmp_path)
    images = [o.get_object() for page in reader.pages for o in page["/Resources"].get("/XObject", {}).values()]
    masks = [i["/SMask"].get_object() for i in images if "/SMask" in i]
    assert len(masks) == 1 and masks[0].get_data() == INDICES.tobytes()


def test_blocks_without_content_leave_nothing(run_folder, tmp_path):
    blocks = (KeyRows("No facts", ()), Rows("No table", (), ()), Pictures("No pictures", ()), Text("Something."))
    whole = " ".join(texts_of(document_of([Card("Empty", blocks)], run_folder, tmp_path).stream))
    assert "Something." in whole and not any(words in whole for words in ("No facts", "No table", "No pictures"))


def test_cards_fill_rows_of_twelve_columns():
    cards = [Card(str(w), (), w) for w in (7, 5, 6, 3, 4, 12, 2)]
    assert [[c.width for c in row] for row in rows_of(cards)] == [[7, 5], [6, 3], [4], [12], [2]]


def test_cards_taller_than_a_page_and_long_tables_fit(run_folder, tmp_path):
    rows = Rows("Long", ("Name", "Number"), tuple((f"name {i}", float(i)) for i in range(60)))
    reader = document_of([Card("Much", (rows,) * 5, 6), Card("Words", (Text("word " * 4000),), 6)], run_folder, tmp_path)
    whole = " ".join(texts_of(reader.stream))
    assert whole.count("36 more rows in report.html") == 5 and "name 23" in whole and "name 24" not in whole and "…" in whole
    own = next(i for i, text in enumerate(texts_of(reader.stream)) if "What was not asked?" in text)
    assert own <= 3


def test_hostile_words_do_not_break_the_markup(tmp_path, run_folder):
    evil = '<b>bold</i> & <link href="#x"> <font size="900">'
    cards = [Card(evil, (Text(evil), KeyRows(evil, (KeyRow("ok", evil, evil, evil, evil),)), Rows(evil, (evil,), ((Link(evil, evil),),))))]
    assert texts_of(document_of(cards, run_folder, tmp_path).stream)[0].count("bold") >= 5


@pytest.mark.heavy
def test_the_demonstration_fits_on_few_sheets(tmp_path):
    """The whole report of a small demonstration: at most eight sheets, the head and the first question on one, within 3 CPU s."""
    sources = {k: v for k, v in write_demo_data(str(tmp_path / "data"), box=64).items() if k in ("half1", "half2", "full_map", "model")}
    runner.assess(sources, str(tmp_path / "out"))
    report = compose(assemble.read_results(str(tmp_path / "out")), section.discover())
    begin = time.process_time()
    whole = pdf.pages(report)
    assert time.process_time() - begin < 3
    texts = texts_of(BytesIO(whole))
    assert 2 <= len(texts) <= 8 and len(report.keys) == 10 and all(q.title in " ".join(texts) for q in report.questions)
    assert "How fine is it?" in texts[0] and all(f"{k.label} {k.value}" in texts[0] for k in report.keys)
    assert len(pypdf.PdfReader(BytesIO(pdf.pages(report, appendix=True))).pages) > len(texts)


def test_curves_lie_where_their_values_are(run_folder, tmp_path):
    """The corners of a step stand in the content of the page at the places that the scene gives them."""
    plot = Plot("Step", (Series("a", "a", [0.0, 1.0, 1.0, 2.0], [0.0, 0.0, 1.0, 1.0]),), "x", "y", y_range=(0.0, 1.0))
    pages = document_of([Card("Step", (plot,))], run_folder, tmp_path).pages
    content = " ".join(p.get_contents().get_data().decode("latin-1") for p in pages)
    line = next(s for s in scene.layout(plot).lines if s.css.startswith("l "))
    numbers = [float(v) for x, y in line.points for v in (x, -y)]
    found = [[float(v) for v in re.findall(r"-?[\d.]+", path)] for path in re.findall(r"\bn ([-\d.\s mnl]+?)\sS", content)]
    assert any(len(f) == 8 and np.allclose(f, numbers, atol=0.01) for f in found)
