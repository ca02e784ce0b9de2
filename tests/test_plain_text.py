"""Text of others is shown as text: on a terminal, in JSON, in the cell of a table."""
from __future__ import annotations

import csv
import io
import json
import logging
import unicodedata

import pytest

from cryoqa_plugin.plain_text import PlainFormatter, cell, in_json, one_line, plain

ACTIVE = [c for c in map(chr, range(0x110000)) if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") or unicodedata.bidirectional(c) in
          ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")]


def test_nothing_active_is_left():
    for character in ACTIVE:
        if character not in "\n\t":
            assert plain(character).isascii() and plain(character).startswith("\\"), hex(ord(character))
    assert len(ACTIVE) > 2100 and plain("".join(ACTIVE)).replace("\n", "").replace("\t", "").isprintable()


@pytest.mark.parametrize("text", ("map_1.mrc", "Å 3.21 ± 0.05 – ≤ µ ²", "/données/картa/地图.mrc", "", "a\tb\nc"))
def test_text_stays(text):
    assert plain(text) == text


@pytest.mark.parametrize("text, shown", [("\x1b[2J", r"\x1b[2J"), ("\x9b31m", r"\x9b31m"), ("a\rb", r"a\x0db"),
                                         ("\u202egpj.exe", r"\u202egpj.exe"),
                                         ("\udc9bX", r"\x9bX"), ("\ud800", r"\ud800"), ("\U000e0041", r"\U000e0041"),
                                         ("\x00\x07\x7f", r"\x00\x07\x7f")])
def test_what_acts_is_written_out(text, shown):
    assert plain(text) == shown


def test_a_line_stays_one():
    assert one_line("x.mrc\ncryoqa: all is well\x1b[0m") == r"x.mrc\ncryoqa: all is well\x1b[0m"
    assert len(one_line("".join(map(chr, range(0x3000)))).splitlines()) == 1


def test_json_stays_the_same_document():
    document = {"name \x9b": ["\x1b[2J\u202e\u2028", "\U000e0041é", "plain\n"], "n": 1.5}
    text = in_json(json.dumps(document, indent=1, ensure_ascii=False))
    assert json.loads(text) == document and "é" in text
    assert text.replace("\n", "").isprintable()


def test_a_log_is_plain():
    record = logging.LogRecord("x", 20, "f", 1, "read %s", ("a\x1b]0;title\x07",), None)
    assert PlainFormatter("%(message)s").format(record) == r"read a\x1b]0;title\x07"


@pytest.mark.parametrize("text", ("=1+1", "+cmd|' /C calc'!A0", "@SUM(A1)", "-2+3", "-x", "\t=1", "\r=1", "  =1", "\n=1", "＝1", "+", "-",
                                  "=", "- 5",
                                  "-1.5.2", "-1e5=", "+49 89 1"))
def test_a_cell_is_no_formula(text):
    assert cell(text) == "'" + text


@pytest.mark.parametrize("value", (-1.5, 2, True, "-1.5", "+3", "-1e-05", "-.5", "3.", "x=1", "a-b", "EMD-1234", "'quoted", "", " text",
                                   "µ"))
def test_numbers_and_other_text_stay(value):
    assert cell(value) == value and cell(None) == ""


def test_cells_come_back():
    rows = [["=cmd()", "a\tb", -1.5, "x\ny"], ["-3.25", "@x", None, '"q"']]
    stream = io.StringIO()
    csv.writer(stream, delimiter="\t").writerows([[cell(v) for v in row] for row in rows])
    back = list(csv.reader(io.StringIO(stream.getvalue()), delimiter="\t"))
    assert back == [["'=cmd()", "a\tb", "-1.5", "x\ny"], ["-3.25", "'@x", "", '"q"']]
