"""Nothing that a file, a name or an error holds acts on the terminal."""
from __future__ import annotations

import io
import json
import os
import pty
import re
import subprocess
import sys

import numpy as np
import pytest

from cryoqa_plugin.cli import main
from cryoqa_plugin.cli.output import ProgressBar
from cryoqa_plugin.cli.terminal import PlainStream, plain_streams
from cryoqa_plugin.io.maps import Map, write_map

EVIL = "\x1b[2J\x1b]0;owned\x07\x9b31m\u202e\rcryoqa: fine\n"
ACTIVE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e]")


def shown(capsys, *words):
    code = main([str(w) for w in words])
    out = capsys.readouterr()
    text = out.out + out.err
    assert not ACTIVE.search(text) and "Traceback" not in text, repr(text)
    return code, out.out, out.err


@pytest.fixture
def evil_map(tmp_path):
    """A map whose name and label would clear the screen."""
    path = tmp_path / ("m" + EVIL.replace("\x00", "") + ".mrc")
    rng = np.random.default_rng(1)
    write_map(str(path), Map(rng.standard_normal((24, 24, 24)).astype(np.float32), (1.5, 1.5, 1.5)))
    data = bytearray(path.read_bytes())
    data[224:224 + 30] = b"\x1b[2J\x1b]0;owned\x07 label \x9b31m     "
    data[220:224] = (1).to_bytes(4, "little")
    path.write_bytes(bytes(data))
    return path


@pytest.mark.parametrize("words", [(EVIL,), ("--" + EVIL,), ("fsc", "--" + EVIL), ("fsc", "--half1", "x" + EVIL, "--half2", "y"),
                                   ("map-info", "--map", EVIL), ("map-info", "--voxel-size", EVIL), ("batch", EVIL), ("report", EVIL),
                                   ("which", EVIL), ("fetch", EVIL), ("fetch", "1234", "--base-url", "http://a" + EVIL), ("group", EVIL),
                                   ("info", EVIL), ("fsc", "--half1", "\udc9b[2J", "--half2", "y")])
def test_words_of_the_command_line(capsys, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, out, err = shown(capsys, *words)
    if code == 2 and "usage" not in out + err and words[0] != "which":
        assert len(err.splitlines()) == 1, "the name made lines of its own"


def test_names_and_labels_of_a_map(capsys, evil_map, tmp_path):
    folder = tmp_path / ("out" + EVIL)
    code, out, err = shown(capsys, "map-info", "--map", evil_map, "-o", folder, "--no-report", "-v")
    assert code == 0 and r"\x1b[2J" in out and (folder / "result.json").is_file()
    code, out, _ = shown(capsys, "map-info", "--map", evil_map, "-o", tmp_path / "out", "--no-report", "--json")
    document = json.loads(out)
    assert any(EVIL in str(entry["path"]) for entry in document["inputs"].values())


def test_a_file_that_is_no_map_and_one_with_text_of_its_own(capsys, tmp_path):
    path = tmp_path / f"x{EVIL}.mrc"
    path.write_bytes(EVIL.encode() * 50)
    assert shown(capsys, "map-info", "--map", path, "-o", tmp_path / "o")[0] == 2
    table = tmp_path / "list.csv"
    table.write_text(f"map,{EVIL.strip()}\nx,y\n", encoding="utf-8")
    assert shown(capsys, "batch", table, "-o", tmp_path / "o")[0] == 2


def test_the_bar_moves_the_cursor_and_its_words_do_not(tmp_path):
    """In a terminal: the bar's own return is there, the escape sequence of the message is written out."""
    master, slave = pty.openpty()
    program = ("from cryoqa_plugin.cli.terminal import plain_streams\nfrom cryoqa_plugin.cli.output import ProgressBar\nimport time\n"
               "with plain_streams():\n  with ProgressBar(title='t') as bar:\n"
               "    bar(0.5, 'map \\x1b]0;owned\\x07\\n2')\n    time.sleep(0.2)\n"
               "    bar(0.9, 'map \\x9b31m')\n    bar.say('said \\x1b[2J')\n")
    done = subprocess.Popen([sys.executable, "-c", program], stderr=slave, stdout=slave, env=dict(os.environ, TERM="xterm", COLUMNS="100"))
    os.close(slave)
    text = b""
    while True:
        try:
            block = os.read(master, 65536)
        except OSError:
            break
        if not block:
            break
        text += block
    os.close(master)
    assert done.wait() == 0
    words = text.decode()
    assert "\r" in words and r"map \x1b]0;owned\x07\n2" in words and r"said \x1b[2J" in words
    assert "\x1b]" not in words and "\x1b[2J" not in words and "\x9b" not in words and "\x07" not in words


def test_lines_of_progress_are_plain(capsys):
    with ProgressBar(verbose=True) as bar:
        bar(0.5, "map " + EVIL)
        bar.say("said " + EVIL)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2 and not ACTIVE.search("".join(lines))


def test_streams_come_back_unless_they_are_kept():
    before = sys.stdout, sys.stderr
    with plain_streams():
        assert isinstance(sys.stdout, PlainStream)
        with plain_streams():
            assert not isinstance(sys.stdout.beneath, PlainStream)
    assert (sys.stdout, sys.stderr) == before
    stream = io.StringIO()
    assert PlainStream(stream).write("a\x1bb\n") == 4 and stream.getvalue() == "a\\x1bb\n"
    PlainStream(stream).writelines(["\x9b", "x\n"])
    assert stream.getvalue().endswith("\\x9bx\n")


def run(program, **environment):
    return subprocess.run([sys.executable, "-c", program], capture_output=True, env=dict(os.environ, **environment))


def test_a_traceback_is_plain():
    """Of an error that nobody expected, in the program itself."""
    done = run("import sys\nfrom cryoqa_plugin import cli\nsys.argv = ['cryoqa', 'list']\n"
               "def wrong(*a):\n    raise RuntimeError('x\\x1b[2J')\ncli._main = wrong\ncli.main()")
    assert done.returncode == 1 and b"\x1b" not in done.stderr and rb"RuntimeError: x\x1b[2J" in done.stderr


@pytest.mark.parametrize("words", (["list"], ["map-info", "--help"], ["fsc", "--half1", "é\x1b.mrc", "--half2", "地"],
                                   ["info", "fsc", "--schema"]))
def test_an_encoding_without_these_signs_ends_nothing(words):
    done = run(f"import sys\nfrom cryoqa_plugin.cli import main\nsys.argv = ['cryoqa', *{ascii(words)}]\nsys.exit(main())", LC_ALL="C",
               PYTHONIOENCODING="ascii:strict", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    assert b"Traceback" not in done.stderr and done.returncode in (0, 2)
    assert (done.stdout + done.stderr).isascii()
    if "--schema" in words:
        assert json.loads(done.stdout)["$schema"]
