"""The tree of exit codes in the docs: every line of it is tried."""
from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from cryoqa_plugin import run_folder, runner
from cryoqa_plugin.cli import main
from cryoqa_plugin.io.maps import read_map, write_map
from cryoqa_plugin.registry import CAPABILITIES

ROOT = Path(__file__).resolve().parents[2]
TREE = [(m.group(1).strip(), m.group(2).strip()) for m in re.finditer(r"^   [| ]+\+-- (.+?)  +(\d+(?: \+ its number)?)$", (
    ROOT / "docs" / "command_line.rst").read_text(encoding="utf-8"), re.MULTILINE)]


class _Case:
    """What a line of the tree needs."""

    def __init__(self, files, folder, monkeypatch):
        self.halves = ["--half1", files["half1"], "--half2", files["half2"]]
        self.copies = ["--half1", files["half1"], "--half2", files["half1"]]
        self.files, self.folder, self.patch = files, folder, monkeypatch
        self.out = ["-o", str(folder / "out"), "-q"]

    def broken(self, *names):
        monkey = self.patch
        monkey.setattr(runner, "CAPABILITIES", tuple(row for row in CAPABILITIES if row.id in ("mask", "fsc", *names)))
        original = runner.answer

        def answer(row, *a, **k):
            if row.id in names:
                raise ZeroDivisionError("made up")
            return original(row, *a, **k)
        monkey.setattr(runner, "answer", answer)


def _mistyped(case):
    return [main(words) for words in (["fcs", *case.halves], ["fsc", "--haf1", "x"], ["fsc", *case.halves, "--threads", "-1"], [])]


def _no_good(case):
    half = read_map(case.files["half2"])
    write_map(str(case.folder / "nan.mrc"), half.with_data(half.data * np.float32(np.nan)))
    given = (["--half1", "nowhere.mrc", "--half2", case.files["half2"]], ["--half1", case.files["half1"]],
             [*case.halves, "--shells-per-fit", "x"], ["--half1", case.files["half1"], "--half2", str(case.folder / "nan.mrc")])
    return [main(["fsc", *words, *case.out]) for words in given]


def _folder(case):
    (case.folder / "file").write_text("x")
    (case.folder / "out").mkdir()
    (case.folder / "out" / "result.json").write_text("mine")
    found = [main(["fsc", *case.halves, "-o", str(case.folder / name), "-q"]) for name in ("file", "out")]
    found.append(main(["fsc", *case.halves, "-o", str(case.folder / "of"), "-q", "--no-report"]) + 2)
    found.append(main(["fsc", *case.copies, "-o", str(case.folder / "of"), "-q", "--no-report"]))

    class Disk:
        f_bavail, f_frsize = 1, 1

    case.patch.setattr(os, "statvfs", lambda path: Disk)
    return [*found, main(["fsc", *case.halves, "-o", str(case.folder / "full"), "-q"])]


def _memory(case):
    def none(*a, **k):
        raise MemoryError
    case.patch.setattr(runner, "answer", none)
    return [main(["fsc", *case.halves, *case.out])]


def _asked(case):
    return [main(words) for words in (["--help"], ["fsc", "--help"], ["--version"], ["list"], ["info", "fsc"], ["which", "overfitted"])]


def _ctrl_c(case):
    def stop(*a, **k):
        raise KeyboardInterrupt
    case.patch.setattr(runner, "answer", stop)
    found = [main(["fsc", *case.halves, *case.out])]
    assert not (case.folder / "out").exists()
    return found


_LONG = ("import os, sys, time; from cryoqa_plugin import runner; from cryoqa_plugin.cli import main\n"
         "runner.answer = lambda *a, **k: (print('computing', flush=True), time.sleep(60))\n"
         "main(sys.argv[1:])")


def _signalled(case):
    found = []
    for number in (signal.SIGTERM, signal.SIGKILL):
        process = subprocess.Popen([sys.executable, "-c", _LONG, "fsc", *case.halves, *case.out], stdout=subprocess.PIPE, cwd=str(ROOT),
                                   universal_newlines=True)
        assert process.stdout.readline() == "computing\n"
        process.send_signal(number)
        found.append(128 - process.wait(20))
        assert found[-1] == 128 + number
    run_folder.tidy(str(case.folder / "out"))                # the lock of the dead is no obstacle
    assert not (case.folder / "out").exists()
    return ["128 + its number" for _ in found]


def _not_done(case):
    case.broken("map_info")
    return [main([command, *case.halves, *case.out, "--no-report", "--overwrite"]) for command in ("assess", "validate")]


def _strict(case):
    from cryoqa_plugin.report import content
    original = content._method

    def failing(section, results, faults):
        if section.capability == "fsc":
            faults.append(ValueError("made up"))
        return original(section, results, faults)
    case.patch.setattr(content, "_method", failing)
    return [main(["fsc", *case.halves, *case.out, "--strict"])]


def _fail_on(level, which):
    return lambda case: [main(["fsc", *getattr(case, which), *case.out, "--no-report", "--fail-on", level])]


CASES = {"no, an option or a command is mistyped or missing": _mistyped, "no, an input or a parameter is no good": _no_good,
         "no, the output folder is in use, in the way, full, or holds results of other inputs": _folder,
         "no, the machine has too little memory": _memory, "no, you asked for help, a list or the version": _asked,
         "it began, and you stopped it (Ctrl-C)": _ctrl_c, "it began, and a signal ended it": _signalled,
         "a capability of assess, validate or demo, or a map of batch, could not be done; the rest is": _not_done,
         "with --strict, and a section of the report could not be drawn": _strict,
         "with --fail-on warn, and a check warns or fails": _fail_on("warn", "copies"),
         "with --fail-on fail, and a check fails": _fail_on("fail", "copies"),
         "no: what the checks found stands in the results, and does not change the code": lambda case: [
             main(["fsc", *case.copies, *case.out, "--no-report"])]}


def test_the_tree_has_a_case_for_every_line():
    assert [words for words, _ in TREE] == list(CASES)


@pytest.mark.parametrize("words, code", TREE, ids=[words for words, _ in TREE])
def test_every_line_of_the_tree_holds(words, code, cli_files, tmp_path, monkeypatch, capsys):
    start = time.monotonic()
    found = CASES[words](_Case(cli_files, tmp_path, monkeypatch))
    assert found and all(str(one) == code for one in found), f"{found} in place of {code}: {capsys.readouterr().err}"
    assert time.monotonic() - start < 120
