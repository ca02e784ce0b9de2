"""A batch: bad lists, maps that fail, being killed and started again, the group report."""
from __future__ import annotations

import csv
import json
import os
import random
import signal
import subprocess
import sys
import time
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

from cryoqa_plugin import machine, run_folder
from cryoqa_plugin.batch import cluster, crew, run, work
from cryoqa_plugin.batch.lists import COLUMNS, read_list
from cryoqa_plugin.batch.schedule import PATIENCE, Place, Queue, threads_of
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
    ("map,resolution\nm0.mrc,-3\n", "must be from 0.5 to 200 Å"), ("map,contour\nm0.mrc,nan\n", "contour 'nan'"),
    ("map,voxel_size\nm0.mrc,0\n", "voxel_size '0'"), ("map,resolution\nm0.mrc,1_0\n", "resolution '1_0' in line 2 of"),
    ("name,map\nb,m0.mrc\n\n# x\na," + "m" * 131_073 + "\n", "line 5 of .* more than 131072 characters"),
    ("name,map\n" + "n" * 5000 + ",m0.mrc\n", "line 2 of .* cannot be that of a folder"),
    ("map\n" + "m" * 5000 + "\n", r"m\.\.\.' in line 2 of .* does not exist"), ("col" * 90 + ",map\na,m0.mrc\n", r"\.\.\.', which is not"),
    ("name,map\nw\xe9,m0.mrc\n".encode("latin-1"), "line 2 of .* not UTF-8"), ("name,map\na,m0.mrc\n".encode("utf-16"), "UTF-16"),
    ("name,map\na,m0.mrc\nb\0,m1.mrc\n", "line 3 of .* zero byte"), ('name,map\n"a,m0.mrc\nb",m1.mrc\n', "quotes in line 2 of"),
    ("name,map\na\x1b[31m,m0.mrc\n", "line 2 of .* cannot be that of a folder"), ("name,map\n..,m0.mrc\n", "cannot be that of a folder"),
    ("name,map\na,m0.mrc\nb,m1.mrc\nA,m2.mrc\n", r"lines 2 and 4"), ("name,map\n" + "ö" * 119 + ",m0.mrc\n", None),
    ("name,map\n" + "\U0001f9ec" * 80 + ",m0.mrc\n", "cannot be that of a folder"),
    ("name,map\ncafe\u0301,m0.mrc\ncaf\xe9,m1.mrc\n", "two maps of the name"), ("name,map\nwatch.json,m0.mrc\n", "group report"),
    ("name,map,resolution\na,m0.mrc,three\n", "resolution 'three' in line 2 of"), ("\ufeffname,map\ra,m0.mrc\r", None)])
def test_a_bad_list_is_one_sentence(maps, tmp_path, text, words, capsys):
    path = maps / "bad.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
    if words is None:
        assert len(read_list(str(path), str(tmp_path))) == 1
        return
    with pytest.raises(InputError, match=words):
        read_list(str(path), str(tmp_path))
    assert main(["batch", str(path), "-o", str(tmp_path / "out")]) == 2
    said = capsys.readouterr().err.strip()
    assert said.startswith("cryoqa: ") and "\n" not in said and "Traceback" not in said and not (tmp_path / "out").exists()
    assert "\x1b" not in said and len(said) < 700


def test_a_pipe_is_no_list(maps, tmp_path):
    os.mkfifo(str(tmp_path / "pipe.csv"))
    for path, word in ((tmp_path / "pipe.csv", "is a pipe"), (tmp_path, "is a folder")):
        with pytest.raises(InputError, match=word):
            read_list(str(path), str(tmp_path))


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
    monkeypatch.setattr(assemble, "write_report", lambda folder, **how: Path(folder, "report.html").write_text("drawn"))
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


def test_a_process_does_map_after_map_and_may_be_sent_away(maps, tmp_path):
    """What is no map needs no numbers: two broken files, one process; it ends when it is told to, and another one begins."""
    broken = read_list(str(maps / "list.csv"), str(tmp_path))[3]
    two = work.Job(**dict(broken.document(), name="two", folder=str(tmp_path / "two"), notes=()))
    with crew.Crew() as at_work:
        first = at_work.run(broken, work.How(("0",)), lambda f, m: None)
        process = at_work._idle[0].process
        second = at_work.run(two, work.How(("0",)), lambda f, m: None)
        assert at_work._idle[0].process is process and process.poll() is None and at_work._idle[0].resident > 1e7
        assert all("truncated" in f["error"] and f["did"] for f in (first, second)) and (tmp_path / "two" / "log.txt").is_file()
        at_work.make_room(1e12)
        assert process.poll() is None
        at_work.make_room(0.0)
        assert process.poll() == 0 and not at_work._idle
        assert at_work.run(two, work.How(("0",)), lambda f, m: None)["did"] is False
        left = at_work._idle[0].process
    assert left.poll() is not None
    with pytest.raises(KeyboardInterrupt):
        at_work.run(two, work.How(("0",)), lambda f, m: None)


def test_a_folder_of_no_use_is_the_failure_of_its_map_only(maps, tmp_path, capsys):
    """A file stands where the folder of a map should be; a damaged outcome of another one counts for nothing."""
    path = maps / "in_the_way.csv"
    path.write_text("name,map\nbroken,broken.mrc\nblocked,m0.mrc\n", encoding="utf-8")
    out = tmp_path / "o"
    (out / "broken").mkdir(parents=True)
    (out / "blocked").write_text("mine")
    (out / "broken" / "batch.json").write_text('["cryoqa/batch-map/1"]')
    assert main(["batch", str(path), "-o", str(out), "--levels", "0", "-q"]) == 1
    said = capsys.readouterr().out
    assert "blocked: It could not be run (its folder: File exists)" in said and "0 of 2 maps are done" in said
    assert "truncated" not in (out / "blocked").read_text() and (out / "blocked").read_text() == "mine"


def test_only_text_travels():
    job = work.Job("a", "/out/a", {"full_map": "/a.mrc"}, resolution=3.0, notes=("said",))
    how = work.How(("0", "A"), threads=2, limits={"fsc": {"resolution": 3}}, command=("cryoqa",), pdf=True)
    text = work.to_text(job, how)
    assert isinstance(text, str) and "\n" not in text and work.from_text(text) == (job, how)


def test_a_worker_of_a_cluster_uses_its_own_threads_and_memory(maps, tmp_path, monkeypatch):
    """A worker that was given three threads and 1 GB of its machine: the map has three, and one of 2 GB is refused."""
    distributed = pytest.importorskip("distributed", reason="dask.distributed is not installed (extra 'batch')")
    given = SimpleNamespace(state=SimpleNamespace(nthreads=3), memory_manager=SimpleNamespace(memory_limit=1e9))
    monkeypatch.setattr(distributed, "get_worker", lambda: given)
    seen = []

    class Nobody:
        def run(self, job, how, progress):
            seen.append(how.threads)
            return dict(name=job.name, error="")

        def rest(self):
            pass

    monkeypatch.setattr(cluster, "_crew", Nobody())
    job = read_list(str(maps / "list.csv"), str(tmp_path))[0]
    for threads in (0, 2):
        assert json.loads(cluster.supervised(work.to_text(job, work.How(("0",), threads=threads))))["name"] == "map 0"
    monkeypatch.setattr(cluster, "memory_needed", lambda job, how: 2e9)
    refused = json.loads(cluster.supervised(work.to_text(job, work.How(("0",)))))
    assert seen == [3, 2] and "2.0 GB of memory and there are 1.0 GB" in refused["error"] and refused["again"]


class Answer(Future):
    """What a worker will say."""

    def __init__(self, text):
        super().__init__()
        self.set_result(text)


class Cluster:
    """A client whose workers answer when they are asked, six of them; keeps what was sent."""

    def __init__(self):
        self.sent, self.waiting, self.most = [], [], 0

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        pass

    def scheduler_info(self, n_workers=5):
        workers = {f"tls://host:{i}": dict(memory_limit=4e9, nthreads=2) for i in range(6)}
        return dict(workers=workers if n_workers == -1 else dict(list(workers.items())[:n_workers]))

    def submit(self, function, *args, **how):
        self.sent.append((function, args, how))
        return Answer(json.dumps(dict(name=json.loads(args[0])[0]["name"], error="")))

    def add(self, future):
        self.waiting.append(future)
        self.most = max(self.most, len(self.waiting))

    def __next__(self):
        return self.waiting.pop(0)


def test_what_is_sent_to_a_cluster_is_text_and_all_workers_have_work(maps, tmp_path, monkeypatch):
    distributed = pytest.importorskip("distributed", reason="dask.distributed is not installed (extra 'batch')")
    client, done = Cluster(), []
    monkeypatch.setattr(distributed, "as_completed", lambda: client)
    monkeypatch.setattr(cluster, "memory_needed", lambda job, how: 5e9 if job.name == "j7" else 1e9)
    first = read_list(str(maps / "list.csv"), str(tmp_path))[0]
    jobs = [work.Job(**dict(first.document(), name=f"j{i}", folder=str(tmp_path / f"j{i}"), notes=())) for i in range(9)]
    cluster.on_cluster(client, jobs, work.How(("0",)), lambda job, outcome: done.append((job.name, outcome["error"])))
    assert sorted(n for n, _ in done) == [j.name for j in jobs] and [n for n, e in done if e] == ["j7"] and client.most == 6
    for function, args, how in client.sent:
        assert function is cluster.supervised and [type(a) for a in args] == [str] and how["allow_other_workers"]
        assert set(json.loads(args[0])[0]) == {"name", "folder", "sources", "contour", "resolution", "voxel_size", "notes"}


def test_each_worker_gets_what_it_has_memory_for_and_may_come_and_go():
    places = {}
    cluster._see(places, {"a": {"memory_limit": 4e9}, "b": {"memory_limit": 0}, "c": {"memory_limit": 16e9}})
    assert [p.memory for p in places.values()] == [4e9, float("inf"), 16e9]
    queue = Queue({"l1": 10e9, "l2": 12e9, "s": 1e9, "t": 1e9})
    assert cluster._taken(queue, places) == [("a", "s"), ("c", "l1"), ("b", "l2")] and cluster._taken(queue, places) == []
    places["a"].running.clear()
    cluster._see(places, {"a": {"memory_limit": 4e9}})
    assert list(places) == ["a"] and cluster._taken(queue, places) == [("a", "t")]


# --- memory and threads --------------------------------------------------------------------------------------------------------------

def _played(needs, place, seed, lasts=None):
    """Run a queue to its end on a clock of its own; order of the starts, and the most memory that was promised at once."""
    rng, queue, order, most, clock, ends = random.Random(seed), Queue(needs), [], 0.0, 0.0, {}
    while len(queue) or ends:
        name = queue.take(place)
        if name is None:
            assert ends, "nothing runs and nothing may start"
            done = min(ends, key=ends.get)
            clock = ends.pop(done)
            del place.running[done]
            continue
        order.append(name)
        ends[name] = clock + (lasts or {}).get(name, rng.uniform(1, 3))
        most = max(most, sum(place.running.values()))
        assert len(place.running) <= place.slots
    return order, most


@pytest.mark.parametrize("seed", range(8))
def test_what_runs_side_by_side_fits(seed):
    rng = random.Random(seed)
    needs = {f"m{i}": rng.choice((1.0, 2.0, 5.0, 9.0, 15.5)) for i in range(60)}
    order, most = _played(needs, Place(16.0, rng.choice((1, 3, 8))), seed)
    assert sorted(order) == sorted(needs) and most <= 16.0
    assert _played(needs, Place(1e9, 1), seed)[0] == list(needs)


def test_a_large_map_does_not_wait_for_ever():
    """Small maps without end, of which two always run: the large one starts after those that may pass it."""
    needs = dict({"first": 2.0, "large": 10.0}, **{f"s{i}": 2.0 for i in range(200)})
    order, most = _played(needs, Place(10.0, 2), 5)
    assert order.index("large") == 1 + PATIENCE and most <= 10.0


def test_a_map_for_no_place_is_told_and_one_for_a_larger_place_waits():
    queue = Queue({"huge": 100.0, "large": 10.0, "small": 1.0})
    small, large = Place(4.0), Place(20.0)
    assert queue.hopeless([small, large]) == ["huge"] and len(queue) == 2
    assert queue.take(small) == "small" and queue.take(small) is None and queue.take(large) == "large" and len(queue) == 0


def test_cores_are_shared_by_what_may_run_side_by_side():
    place = Place(16e9, 4)
    assert [threads_of(need, place, 8, 30) for need in (1e9, 5e9, 9e9, 0.0)] == [2, 2, 8, 2]
    assert threads_of(1e9, place, 8, 2) == 4 and threads_of(1e9, Place(16e9, 16), 8, 30) == 1


def test_memory_of_the_machine_or_of_the_container(tmp_path):
    both = tmp_path / "both"
    both.write_text("4:memory:/job/step\n3:cpu:/\n0::/unit\n")
    for path, value in (("v1/job", "5000000000"), ("v1", "9223372036854771712"), ("v2/unit", "max"), ("v2", "7000000000")):
        (tmp_path / path).mkdir(parents=True, exist_ok=True)
        (tmp_path / path / ("memory.limit_in_bytes" if "v1" in path else "memory.max")).write_text(value + "\n")
    found = list(machine._limits(str(both), str(tmp_path / "v1"), str(tmp_path / "v2")))
    assert found == [5_000_000_000, 9223372036854771712, 7_000_000_000]
    assert list(machine._limits(str(tmp_path / "none"))) == []
    assert 1e8 < machine.memory() <= os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") and machine.resident() > 1e7


def test_a_map_beyond_the_memory_is_refused_and_stops_no_other(maps, tmp_path, monkeypatch, capsys):
    path = maps / "two.csv"
    path.write_text("name,map\nlarge,m0.mrc\nbroken,broken.mrc\n", encoding="utf-8")
    monkeypatch.setattr(run, "memory_needed", lambda job, how: 5e9 if job.name == "large" else 0.2e9)
    assert main(["batch", str(path), "-o", str(tmp_path / "o"), "--memory", "0.5", "--workers", "0", "-q"]) == 1
    said = capsys.readouterr().out
    assert "large: It is expected to need 5.0 GB of memory and there are 0.5 GB" in said and "truncated" in said
    rows = list(csv.DictReader((tmp_path / "o" / "group.tsv").read_text(encoding="utf-8").splitlines(), delimiter="\t"))
    assert [r["name"] for r in rows] == ["large", "broken"] and "5.0 GB" in rows[0]["error"]
    assert json.loads((tmp_path / "o" / "large" / "batch.json").read_text(encoding="utf-8"))["again"] is True
    for wrong in ("0", "much", "nan", "-4"):
        assert main(["batch", str(path), "--memory", wrong]) == 2
    assert capsys.readouterr().err.count("must be a number of GB") == 4


def test_the_estimate_of_a_validation_is_its_largest_part_and_what_is_kept(tiny_halves, maps):
    from cryoqa_plugin import runner
    from cryoqa_plugin.validation.memory import memory_estimate
    halves = {k: tiny_halves["paths"][k] for k in ("half1", "half2")}
    voxels = 32 ** 3
    alone = max(runner.memory_estimate(c, halves) for c in ("fsc", "blocres", "monores", "resmap", "directional_fsc"))
    assert memory_estimate(halves, ("1",)) >= alone + (9 + 4 * 4) * voxels
    assert memory_estimate({"full_map": halves["half1"]}, ("0",)) < memory_estimate(halves, ("0", "1"))
    assert work.memory_needed(work.Job("a", "", {"full_map": str(maps / "broken.mrc")}), work.How(("0",))) == 0


def test_a_second_batch_into_the_folder_is_refused(maps, tmp_path, capsys):
    with run_folder.held(str(tmp_path / "o")):
        other = subprocess.run([sys.executable, "-m", "cryoqa_plugin", "batch", str(maps / "list.csv"), "-o", str(tmp_path / "o"), "-q"],
                               cwd=str(ROOT), stderr=subprocess.PIPE, universal_newlines=True)
    assert other.returncode == 2 and "is writing into" in other.stderr and f"Process {os.getpid()}" in other.stderr


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
    return [p for p in out.glob("[!.]*/batch.json") if json.loads(p.read_text(encoding="utf-8"))["status"] == "done"]


def _wait_until_half_done(process, out):
    end = time.time() + 150
    while len(_done(out)) < 2:
        assert process.poll() is None and time.time() < end, process.communicate()
        time.sleep(0.05)


def _times_when_quiet(out):
    """Times of all results, once nobody works there any more."""
    for folder in out.glob("[!.]*/"):
        with run_folder.held(str(folder), 60.0):
            pass
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
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_killed_half_way_and_started_again(maps, tmp_path, how):
    out = tmp_path / "out"
    process = _start(maps, out, "--workers", "2")
    _wait_until_half_done(process, out)
    process.send_signal(how)
    said = process.communicate()[1]
    assert process.returncode == (-9 if how == signal.SIGKILL else 130) and "Traceback" not in said, said
    failed = [p.parent.name for p in out.glob("*/error.txt")]
    assert failed in ([], ["broken"])                        # what was interrupted did not fail
    _check_all_there(maps, out, _times_when_quiet(out), _start(maps, out, "--workers", "2"))


@contextmanager
def _cluster():
    distributed = pytest.importorskip("distributed", reason="dask.distributed is not installed (extra 'batch')")
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as local:
        yield local.scheduler_address


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


@pytest.mark.heavy
def test_one_process_for_all_gives_what_a_process_each_gives(maps, tmp_path):
    """The third map of one process is, to the byte of its maps and numbers, that of a process of its own."""
    found = []
    for folder, first in ((tmp_path / "all", 0), (tmp_path / "alone", 2)):
        with crew.Crew() as at_work:
            for job in read_list(str(maps / "list.csv"), str(folder))[first:3]:
                assert at_work.run(job, work.How(("0",), threads=1), lambda f, m: None)["status"] == "done"
        whole = {}
        for path in sorted((folder / "map 2").glob("*/*")):
            content = path.read_bytes()
            if path.name == "result.json":
                document = json.loads(content)
                document.pop("provenance")
                content = json.dumps(document).replace(str(folder), "").encode("utf-8")
            if not path.name.startswith(".") and path.suffix in (".json", ".mrc", ".csv"):
                whole[str(path.relative_to(folder))] = content
        found.append(whole)
    assert found[0] == found[1] and len(found[0]) >= 10


def test_columns_are_told_in_the_page():
    text = (ROOT / "docs" / "batch.rst").read_text(encoding="utf-8")
    assert all(f"``{c}``" in text for c in COLUMNS)
    assert os.path.basename(work.ERROR) in text and work.LOG in text
