"""Runs that are killed at every place where they change the disk: what comes after gives what a clean run gives, and leaves nothing.

A forked process counts its points (before and after each rename, before each file that is begun or removed) and kills itself at one of
them. Each kill is that of a run over the finished results of another voxel size, or with ``overwrite`` over those of other half-maps, so
that old and new could be mixed.
"""
from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path

import pytest

from cryoqa_plugin import run_folder, runner
from cryoqa_plugin.batch import work
from cryoqa_plugin.batch.lists import Job
from cryoqa_plugin.registry import CAPABILITIES
from cryoqa_plugin.report.assemble import write_report
from cryoqa_plugin.results import read_json
from cryoqa_plugin.validation import run as validation_run
from cryoqa_plugin.validation.items import ITEMS

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="kills need forked processes")
CHEAP = ("mask", "fsc", "contour", "map_info")
TIMES = ("wall_seconds", "cpu_seconds", "peak_memory_bytes", "date_utc", "seconds")
EACH = 20                                                    # kills of each command
OLD, NEW = 1.5, 1.6                                          # Å: of the results that are there, and of the run that is killed


def _assess(sources, folder, voxel):
    with run_folder.held(folder):
        runner.assess(sources, folder, threads=1, voxel_sizes={k: voxel for k in sources})
        write_report(folder, formats=("html", "json"))


def _validate(sources, folder, voxel):
    with run_folder.held(folder):
        validation_run.validate(sources, folder, levels=("0", "1"), threads=1, voxel_sizes={k: voxel for k in sources})
        write_report(folder, formats=("html", "json"))


def _batch(sources, folder, voxel):
    os.makedirs(folder, exist_ok=True)
    job = Job("map", os.path.join(folder, "map"), sources, voxel_size=voxel)
    outcome = work.one(job, work.How(("0", "1"), threads=1), lambda fraction, message: None)
    assert outcome["status"] == "done", outcome


def _overwrite(sources, folder, voxel):
    if voxel == OLD:
        sources = {"half1": sources["half2"], "half2": sources["half1"]}
    with run_folder.held(folder):
        runner.assess(sources, folder, threads=1, overwrite=True)
        write_report(folder, formats=("html", "json"))


COMMANDS = {"assess": _assess, "validate": _validate, "batch": _batch, "overwrite": _overwrite}


@pytest.fixture(scope="module")
def sources(tiny_halves):
    return {k: tiny_halves["paths"][k] for k in ("half1", "half2")}


@pytest.fixture(scope="module", autouse=True)
def few_capabilities():
    """What is cheap alone: kills are about files."""
    patch = pytest.MonkeyPatch()
    rows = tuple(row for row in CAPABILITIES if row.id in CHEAP)
    patch.setattr(runner, "CAPABILITIES", rows)
    patch.setattr(validation_run, "ITEMS", tuple(item for item in ITEMS if set(item.capabilities) & set(CHEAP)))
    yield
    patch.undo()


class _Points:
    """Counts the points of this process, and kills it at the one that is ``last``."""

    def __init__(self, last):
        self.count, self._last = 0, last
        for module, name, after in ((os, "replace", True), (os, "rename", True), (os, "remove", True), (os, "unlink", False),
                                    (os, "rmdir", False), (tempfile, "mkstemp", True), (tempfile, "mkdtemp", True)):
            setattr(module, name, self._counted(getattr(module, name), after))

    def _counted(self, function, after):
        def call(*args, **kwargs):
            self._reach()
            out = function(*args, **kwargs)
            if after:
                self._reach()
            return out
        return call

    def _reach(self):
        self.count += 1
        if self.count == self._last:
            os.kill(os.getpid(), signal.SIGKILL)


def _forked(command, sources, folder, voxel, last=None):
    """Run a command in a process of its own; its number of points, or None when it was killed."""
    read, write = os.pipe()
    pid = os.fork()
    if not pid:
        code = 1
        try:
            points = _Points(last)
            COMMANDS[command](sources, folder, voxel)
            os.write(write, str(points.count).encode())
            code = 0
        except BaseException:
            sys.excepthook(*sys.exc_info())
        finally:
            os._exit(code)
    os.close(write)
    with os.fdopen(read) as stream:
        said = stream.read()
    _, status = os.waitpid(pid, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL and last is not None
        return None
    assert os.WEXITSTATUS(status) == 0, "the run failed; its words stand above"
    return int(said)


def _plain(value, folder):
    """A document without what differs between two runs of the same: times, memory, the folder and what is hashed from these."""
    if isinstance(value, dict):
        return {k: _plain(v, folder) for k, v in value.items() if k not in TIMES}
    if isinstance(value, list):
        return [_plain(v, folder) for v in value]
    return value.replace(folder, "OUT") if isinstance(value, str) else value


def _contents(folder):
    """Every file below a folder: documents without times, maps and all else by their bytes; of what is dated that it is there."""
    out = {}
    for path in sorted(Path(folder).rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_dir():
            out[name] = "folder"
        elif path.name == run_folder.MANIFEST:
            found = _plain(read_json(str(path)), str(folder))
            dated = {n: len(h) for n, h in found["files"].items() if n.endswith((".json", ".html"))}
            out[name] = dict(found, files=dict(found["files"], **dated))
        elif path.suffix == ".json":
            out[name] = _plain(json.loads(path.read_text(encoding="utf-8")), str(folder))
        elif path.suffix == ".html":
            out[name] = path.stat().st_size > 1000
        else:
            out[name] = path.read_bytes()
    return out


@pytest.fixture(scope="module", params=[pytest.param(c, marks=() if c == "assess" else pytest.mark.heavy) for c in sorted(COMMANDS)])
def clean(request, sources, tmp_path_factory):
    """A command, its finished folder of the old voxel size, what a clean run of the new one leaves, and its number of points."""
    base = tmp_path_factory.mktemp(request.param)
    folder, old = str(base / "run"), str(base / "old")
    COMMANDS[request.param](sources, folder, NEW)            # in this process, so that those forked find all loaded
    expected = _contents(folder)
    shutil.rmtree(folder)
    _forked(request.param, sources, folder, OLD)
    shutil.copytree(folder, old)
    points = _forked(request.param, sources, folder, NEW)
    _compare(_contents(folder), expected, "a run over another one")
    assert points > 4 * EACH
    return request.param, folder, old, expected, points


def _compare(found, expected, what):
    assert sorted(found) == sorted(expected), f"left over or missing after {what}"
    for name, content in found.items():
        assert content == expected[name], f"{name} differs from that of a clean run after {what}"


def _kill_and_resume(clean, sources, point):
    command, folder, old, expected, _ = clean
    shutil.rmtree(folder)
    shutil.copytree(old, folder)
    assert _forked(command, sources, folder, NEW, last=point) is None, f"point {point} was not reached"
    for place in (Path(folder), *Path(folder).rglob("*")):
        if place.is_dir() and (place / "result.json").exists() and run_folder.manifest(str(place)).get("complete"):
            document = read_json(str(place / "result.json"))     # what passes for complete is of one run
            assert run_folder.intact(str(place)), f"{place} is mixed"
            assert len({tuple(e["voxel_size"]) for e in document["inputs"].values() if "voxel_size" in e}) == 1
    _forked(command, sources, folder, NEW)
    _compare(_contents(folder), expected, f"a kill at point {point}")


def _spread(count, points):
    """Some points of a run, from the first to the last."""
    return sorted({1 + round(i * (points - 1) / max(count - 1, 1)) for i in range(count)})


def test_a_killed_run_is_finished_by_the_next(clean, sources):
    for point in (clean[-1] // 3, 2 * clean[-1] // 3):
        _kill_and_resume(clean, sources, point)


@pytest.mark.heavy
def test_kills_at_twenty_places_of_each_command(clean, sources):
    places = _spread(EACH, clean[-1])
    assert len(places) == EACH
    for point in places:
        _kill_and_resume(clean, sources, point)
