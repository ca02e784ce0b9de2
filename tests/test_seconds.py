"""bench/seconds.py: what a run takes is measured, of trees in turn, and put into a table with its ratio."""
from __future__ import annotations

import importlib
import json
import sys

import pytest

from sources import ROOT

_BURN = """
import os, sys, time
def main(arguments):
    cold = not os.listdir(os.environ["NUMBA_CACHE_DIR"])
    until = time.process_time() + {seconds} * (1 + 2 * cold)
    while time.process_time() < until:
        pass
    return {code}
"""


@pytest.fixture
def seconds(monkeypatch):
    """The module bench/seconds.py."""
    monkeypatch.syspath_prepend(str(ROOT / "bench"))
    yield importlib.import_module("seconds")
    sys.modules.pop("seconds", None)


@pytest.fixture
def trees(seconds, tmp_path):
    """Two trees whose commands take 0.2 and 0.1 s, and three times as long without compiled kernels; one whose commands fail."""
    made = {}
    for name, burn, code in (("old", 0.2, 0), ("new", 0.1, 0), ("broken", 0.0, 3)):
        package = tmp_path / name / "cryoqa_plugin"
        package.mkdir(parents=True)
        (package / "__init__.py").write_text("")
        (package / "cli.py").write_text(_BURN.format(seconds=burn, code=code))
        cache = tmp_path / f"{name}_kernels"
        cache.mkdir()
        (cache / "kernel").write_text("")
        made[name] = seconds.Tree(str(tmp_path / name), str(cache))
    return made


@pytest.mark.heavy
def test_what_a_tree_takes_is_measured_warm_and_cold(seconds, trees, tmp_path):
    rows = [r for r in seconds.ROWS if r.name in ("warm-demo", "cold-demo")]
    log = tmp_path / "log"
    found = seconds.measure_all(rows, [trees["old"], trees["new"]], tmp_path, 1, 1, str(log))
    least = {(f["row"], f["tree"]): f["cpu_s"] for f in found}
    for row, factor in (("warm-demo", 1), ("cold-demo", 3)):
        assert least[row, 0] > 0.2 * factor and least[row, 1] > 0.1 * factor           # and what an interpreter takes to start
    assert all(f["peak_gb"] > 0.003 for f in found)          # a process counts what it was forked from: no bound above
    assert seconds.read_log(str(log)) == found


def test_a_run_that_fails_has_no_figures(seconds, trees, tmp_path, capfd):
    rows = [r for r in seconds.ROWS if r.name == "help"]
    found = seconds.measure_all(rows, [trees["old"], trees["broken"]], tmp_path, 1, 1, None)
    assert [f["cpu_s"] is None for f in found] == [False, True]
    figures = [f"{found[0]['cpu_s']:.2f}", "-", "-", "0.4", f"{found[0]['peak_gb']:.2f}", "-", "-"]
    assert seconds.table(rows, 2, found).splitlines()[3].split()[2:] == figures


def test_the_table_takes_the_least_of_the_seconds_and_the_largest_peak(seconds):
    rows = [r for r in seconds.ROWS if r.name in ("fsc", "help")]
    figures = (("fsc", 0, 2.0, 0.2), ("fsc", 1, 1.4, 0.1), ("fsc", 1, 1.0, 0.15), ("fsc", 0, 2.5, 0.3), ("help", 0, 1.0, 0.1))
    found = [dict(zip(("row", "tree", "cpu_s", "peak_gb"), f)) for f in figures]
    lines = seconds.table(rows, 2, found).splitlines()
    assert lines[3].endswith("2.00           1.00          0.50   0.6    0.30        0.15       0.50")
    assert lines[4].split()[-7:] == ["1.00", "-", "-", "0.4", "0.10", "-", "-"]
    assert lines[0] == lines[2] == lines[-1] and set(lines[0]) == {"=", " "}


def test_a_method_is_timed_within_its_process(seconds, tiny_halves):
    text = seconds.time_method("half_map_statistics", 1, {k: str(v) for k, v in tiny_halves["paths"].items()})
    assert 0.001 < text < 3


@pytest.mark.parametrize("arguments, said", [(["--rows", "nonsense"], "the rows are cold-demo"), (["--rows", "t160"], "there is no")])
def test_what_cannot_be_measured_is_refused_before_anything_runs(seconds, trees, tmp_path, capsys, arguments, said):
    with pytest.raises(SystemExit) as stopped:
        seconds.main([str(tmp_path), "--tree", *trees["old"], *arguments])
    assert stopped.value.code == 2 and said in capsys.readouterr().err


def test_every_row_has_a_name_of_its_own_and_is_of_files_that_a_case_has(seconds, tmp_path):
    assert len({r.name for r in seconds.ROWS}) == len(seconds.ROWS) == 10
    for row in seconds.ROWS:
        files = {**seconds.files_of(row, tmp_path), "list": "list.csv"}
        assert all("{" not in word for word in seconds.filled(row.what, files))
        assert 0 < row.asked < 1 and json.dumps(row._asdict())
