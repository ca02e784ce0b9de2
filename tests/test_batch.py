"""A batch: bad lists, maps that fail, being killed and started again, the group report."""
from __future__ import annotations

import csv
import fcntl
import json
import os
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from cryoqa_plugin.batch import cluster, crew, run, work
from cryoqa_plugin.batch.lists import COLUMNS, read_list
from cryoqa_plugin.cli import main
from cryoqa_plugin.errors import InputError
from cryoqa_plugin.io.maps import read_map, write_map

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def maps(tmp_path_factory, tiny_halves):
    """Five small maps and a broken one, and a list of them."""
    folder = tmp_path_factory.mktemp("maps")
    full = read_map(tiny_halves["paths"]["full_map"])
    for i in range(5):
        write_map(str(folder / f"m{i}.mrc"), full.with_data(full.data * (1 + i)))
    (folder / "broken.mrc").write_bytes((folder / "m0.mrc").read_bytes()[:3000])
    lines = ["name,map,resolution"] + [f"map {i},m{i}.mrc,5" for i in range(5)]
    lines.insert(4, "broken,broken.mrc,")
    (folder / "list.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


# --- the list ------------------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("text, words", [
    ("", "is empty"), ("name,map\n", "names no map"), ("# nothing\n\n", "is empty"),
    ("name,map,colour\na,m0.mrc,red\n", "column 'colour'"), ("map,map\nm0.mrc,m0.mrc\n", "2 times"),
    ("name,mask\na,m0.mrc\n", "neither a column"),
    ("name,map\na,none.mrc\n", "does not exist"), ("name,map\na,m0.mrc\nA,m1.mrc\n", "two maps of the name 'A'"),
    ("name,map\na/b,m0.mrc\n", "cannot be that of a folder"), ("name,map\n.a,m0.mrc\n", "cannot be that of a folder"),
    ("name,map\ngroup.html,m0.mrc\n", "group report"), ("name,map\na,m0.mrc,5\n", "3 values for 2 columns"),
    ("name,map,half1\na,,m0.mrc\n", "neither a map nor two half-maps"), ("map,resolution\nm0.mrc,high\n", "resolution 'high'"),
    ("map,resolution\nm0.mrc,-3\n", "above 0"), ("map,contour\nm0.mrc,nan\n", "contour 'nan'"),
    ("map,voxel_size\nm0.mrc,0\n", "voxel_size '0'")])
def test_a_bad_list_is_one_sentence(maps, tmp_path, text, words, capsys):
    path = maps / "bad.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=words):
        read_list(str(path), str(tmp_path))
    assert main(["batch", str(path), "-o", str(tmp_path / "out")]) == 2
    said = capsys.readouterr().err.strip()
    assert said.startswith("cryoqa: ") and "\n" not in said and "Traceback" not in said and not (tmp_path / "out").exists()


def test_other_bad_calls(maps, tmp_path, capsys):
    assert main(["batch", str(maps / "none.csv")]) == 2 and main(["batch", str(maps)]) == 2
    assert main(["batch", str(maps / "list.csv"), "-o", str(tmp_path / "o"), "--levels", "7"]) == 2
    assert main(["batch", str(maps / "list.csv"), "-o", str(tmp_path / "o"), "--workers", "-1"]) == 2
    said = capsys.readouterr().err.strip().splitlines()
    assert len(said) == 4 and "no level '7'" in said[2] and "-1 workers" in said[3]


@pytest.mark.parametrize("separator", [",", "\t"])
def test_what_a_list_says(maps, tmp_path, separator):
    rows = [["\ufeffName", "map", "half1", "half2", "mask", "contour", "resolution", "voxel_size"],
            ["<b>", "m0.mrc", "", "", "m1.mrc", "-0.5", "3.2", "1.1"], ["", "", str(maps / "m2.mrc"), "m3.mrc", "", "", "", ""]]
    path = maps / "said.txt"
    path.write_text("# remark\n" + "\n\n".join(separator.join(r) for r in rows).replace("\ufeff", "") + "\n", encoding="utf-8")
    one, two = read_list(str(path), str(tmp_path))
    assert (one.name, one.contour, one.resolution, one.voxel_size) == ("<b>", -0.5, 3.2, 1.1)
    assert one.sources == {"full_map": str(maps / "m0.mrc"), "mask": str(maps / "m1.mrc")} and one.folder == str(tmp_path / "<b>")
    assert (two.name, two.contour, two.resolution, two.voxel_size) == ("m2", None, None, None)
    assert two.sources == {"half1": str(maps / "m2.mrc"), "half2": str(maps / "m3.mrc")}


def test_no_dask_is_one_sentence(maps, tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert main(["batch", str(maps / "list.csv"), "-o", str(tmp_path / "out"), "--scheduler", "tcp://127.0.0.1:1"]) == 2
    assert "scipion-em-cryoqa[batch]" in capsys.readouterr().err and not (tmp_path / "out").exists()


# --- one map -------------------------------------------------------------------------------------------------------------------------

@pytest.fixture
def light(monkeypatch):
    """A validation that costs nothing; counts its calls."""
    from cryoqa_plugin.report import assemble
    from cryoqa_plugin.validation import run as validation
    calls = []

    def validate(sources, outdir, **how):
        calls.append(how)
        if how["resolution"] == 13:
            raise MemoryError
        return dict(not_done=[], summary="Well.")

    monkeypatch.setattr(validation, "validate", validate)
    monkeypatch.setattr(assemble, "write_report", lambda folder, **how: None)
    return calls


def test_done_is_done_until_something_changes(maps, tmp_path, light):
    job = read_list(str(maps / "list.csv"), str(tmp_path))[0]
    how = work.How(("0",), threads=3)
    at_level = work.Job(**dict(job.document(), contour=1.0))
    again = [work.one(j, h, lambda f, m: None)["did"] for j, h in (
        (job, how), (job, how), (job, work.How(("0",), threads=2)), (job, work.How(("0", "1"))), (at_level, how),
        (job, work.How(("0",), resume=False)), (job, work.How(("0",), limits={"fsc": {"resolution": 3}})))]
    assert again == [True, False, False, True, True, True, True] and len(light) == 5
    assert light[0]["threads"] == 3 and light[0]["levels"] == ("0",) and light[0]["resolution"] == 5 and light[2]["contour"] == 1.0
    assert light[4]["limits"] == {"fsc": {"resolution": 3}} and light[3]["resume"] is False
    sized = work.Job(**dict(job.document(), voxel_size=1.25))
    work.one(sized, how, lambda f, m: None)
    assert light[-1]["voxel_sizes"] == {"full_map": 1.25}


def test_a_file_of_no_use_is_not_tried_again_but_lack_of_memory_is(maps, tmp_path, light):
    jobs = read_list(str(maps / "list.csv"), str(tmp_path))
    short = work.Job(**dict(jobs[0].document(), resolution=13.0))
    found = [work.one(j, work.How(("0",)), lambda f, m: None) for j in (jobs[3], jobs[3], short, short)]
    assert [f["did"] for f in found] == [True, False, True, True] and all(f["status"] == "failed" for f in found)
    assert "truncated" in found[0]["error"] and "not enough memory" in found[2]["error"]
    assert "truncated" in Path(jobs[3].folder, "error.txt").read_text(encoding="utf-8")
    mended = work.Job(**dict(jobs[3].document(), sources={"full_map": str(maps / "m0.mrc")}))
    assert work.one(mended, work.How(("0",)), lambda f, m: None)["status"] == "done" and not Path(jobs[3].folder, "error.txt").exists()


def test_a_process_that_dies_is_the_failure_of_its_map_only(maps, tmp_path, monkeypatch):
    job = read_list(str(maps / "list.csv"), str(tmp_path))[0]
    monkeypatch.setattr(crew, "_CODE", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    out = crew.Crew().run(job, work.How(("0",)), lambda f, m: None)
    assert out["status"] == "failed" and out["again"] and "signal 9" in out["error"] and "memory" in out["error"]
    monkeypatch.setattr(crew, "_CODE", "print('noise'); raise SystemExit(3)")
    assert "code 3" in crew.Crew().run(job, work.How(("0",)), lambda f, m: None)["error"]


def test_time_left_and_progress(maps, tmp_path, monkeypatch):
    jobs = read_list(str(maps / "list.csv"), str(tmp_path))[:3]
    seen = []
    told = run.Teller(jobs, str(tmp_path), lambda fraction, message: seen.append((round(fraction, 3), message)))
    monkeypatch.setattr(told.group, "write", lambda: {})
    told._start -= 600
    told.moved(jobs[0], 0.5, "half")
    told.finished(jobs[1], dict(did=False, error="", summary="", status="done"))
    assert told._left() == ""                                # what was done before says nothing about the time
    told.finished(jobs[0], dict(did=True, error="", summary="", status="done"))
    assert told._left() == " About 10 min left." and [f for f, _ in seen] == pytest.approx([1 / 6, 0.5, 2 / 3], abs=1e-3)


# --- whole batches -------------------------------------------------------------------------------------------------------------------

def _start(maps, out, *more):
    command = [sys.executable, "-m", "cryoqa_plugin.cli", "batch", str(maps / "list.csv"), "-o", str(out), "--levels", "A", *more]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True, cwd=str(ROOT))


def _done(out):
    return [p for p in out.glob("*/batch.json") if json.loads(p.read_text(encoding="utf-8"))["status"] == "done"]


def _wait_until_half_done(process, out):
    end = time.time() + 150
    while len(_done(out)) < 2:
        assert process.poll() is None and time.time() < end, process.communicate()
        time.sleep(0.05)


def _times_when_quiet(out):
    """Times of all results, once nobody works there any more."""
    for lock in out.glob("*/.lock"):
        with open(lock, "w") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
    return {p: p.stat().st_mtime_ns for p in [*out.glob("*/*/result.json"), *[d.parent / "report.html" for d in _done(out)]]}


def _check_all_there(maps, out, before, process):
    said, errors = process.communicate(timeout=300)
    assert process.returncode == 1, errors                   # the broken map
    assert {p: p.stat().st_mtime_ns for p in before} == before and len(before) >= 3
    assert len(_done(out)) == 5 and "5 of 6 maps are done" in said and "done before" in errors
    assert "truncated" in (out / "broken" / "error.txt").read_text(encoding="utf-8") and not (out / "broken" / "report.html").exists()
    with open(out / "group.tsv", encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t"))
    assert [r["name"] for r in rows] == ["map 0", "map 1", "map 2", "broken", "map 3", "map 4"]
    assert [bool(r["error"]) for r in rows] == [False, False, False, True, False, False]
    page = (out / "group.html").read_text(encoding="utf-8")
    assert all(f'href="map%20{i}/report.html"' in page and (out / f"map {i}" / "report.html").is_file() for i in range(5))
    assert len([p for p in out.glob("*/*/result.json")]) == 5 * len([p for p in (out / "map 0").glob("*/result.json")])


@pytest.mark.heavy
def test_killed_half_way_and_started_again(maps, tmp_path):
    out = tmp_path / "out"
    process = _start(maps, out, "--workers", "2")
    _wait_until_half_done(process, out)
    process.kill()
    process.communicate()
    _check_all_there(maps, out, _times_when_quiet(out), _start(maps, out, "--workers", "2"))


@contextmanager
def _cluster():
    distributed = pytest.importorskip("distributed", reason="dask.distributed is not installed (extra 'batch')")
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster:
        yield cluster.scheduler_address


@pytest.mark.heavy
def test_a_cluster_of_two_workers_killed_half_way_and_started_again(maps, tmp_path):
    out = tmp_path / "out"
    with _cluster() as address:
        process = _start(maps, out, "--scheduler", address)
        _wait_until_half_done(process, out)
        process.kill()
        process.communicate()
    before = _times_when_quiet(out)
    with _cluster() as address:
        _check_all_there(maps, out, before, _start(maps, out, "--scheduler", address))


def test_columns_are_told_in_the_page():
    text = (ROOT / "docs" / "batch.rst").read_text(encoding="utf-8")
    assert all(f"``{c}``" in text for c in COLUMNS)
    assert os.path.basename(work.ERROR) in text and work.LOG in text
