"""Watching a project: what is a finished refinement, what is done once, what fails, being stopped and started again."""
from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cryoqa_plugin import run_folder
from cryoqa_plugin.batch import projects, work
from cryoqa_plugin.batch import watch as watching
from cryoqa_plugin.batch.watch import watch
from cryoqa_plugin.cli import main
from cryoqa_plugin.errors import InputError

ROOT = Path(__file__).resolve().parent.parent
MODEL = "data_model_general\n_rlnOriginalImageSize 32\n_rlnPixelSize 1.5\n_rlnCurrentResolution 6.2\n"
POST = """data_general
_rlnFinalResolution 3.4
_rlnUnfilteredMapHalf1 Refine3D/job002/run_half1_class001_unfil.mrc
_rlnUnfilteredMapHalf2 Refine3D/job002/run_half2_class001_unfil.mrc
_rlnPostprocessedMap PostProcess/job009/postprocess.mrc
"""


class Relion:
    """A made-up project of RELION, to which jobs are added."""

    def __init__(self, folder, halves):
        self.folder, self._halves = folder, halves
        folder.mkdir()
        (folder / "default_pipeline.star").write_text("data_pipeline_general\n_rlnPipeLineJobCounter 9\n")

    def refine(self, number, mark="RELION_JOB_EXIT_SUCCESS", kind="Refine3D"):
        """A job with its files; ``mark`` tells how it ended, "" that it runs."""
        job = self.folder / kind / f"job{number:03d}"
        job.mkdir(parents=True)
        for half in ("half1", "half2"):
            shutil.copy(self._halves[half], str(job / f"run_{half}_class001_unfil.mrc"))
        shutil.copy(self._halves["full_map"], str(job / "run_class001.mrc"))
        (job / "run_model.star").write_text(MODEL)
        (job / "job.star").write_text(f"data_job\n_rlnJobTypeLabel relion.{kind.lower()}\n_rlnJobIsContinue 0\n")
        if mark:
            self.end(job, mark)
        return job

    @staticmethod
    def end(job, mark="RELION_JOB_EXIT_SUCCESS"):
        (job / mark).write_text("")


@pytest.fixture
def relion(tmp_path, tiny_halves):
    return Relion(tmp_path / "project", tiny_halves["paths"])


@pytest.fixture
def cryosparc(tmp_path, tiny_halves):
    """A made-up project of cryoSPARC; a function adds a job with its description."""
    folder = tmp_path / "CS-made-up"
    folder.mkdir()
    (folder / "project.json").write_text("{}")

    def add(number, kind="nonuniform_refine_new", status="completed", **more):
        job = folder / f"J{number}"
        job.mkdir()
        for half, name in (("half1", "map_half_A"), ("half2", "map_half_B"), ("full_map", "map"), ("mask", "mask_fsc")):
            shutil.copy(tiny_halves["paths"][half], str(job / f"J{number}_007_volume_{name}.mrc"))
        about = dict(uid=f"J{number}", project_uid="P3", job_type=kind, type=kind, status=status, version="v4.4.1", **more)
        (job / "job.json").write_text(json.dumps(about))
        return job

    add.folder = folder
    return add


class Counted:
    """Validates nothing: writes the outcome that a map would have, and keeps which were asked for."""

    def __init__(self, bad=()):
        self.names, self.jobs, self.bad = [], [], bad

    def __call__(self, job, how, progress):
        self.names.append(job.name)
        self.jobs.append(job)
        os.makedirs(job.folder, exist_ok=True)
        error = "It is no good." if job.name in self.bad else ""
        return dict(work.conclude(job, "", "" if error else "Well.", error, False, 0.0), did=True)


def _once(project, out, run, **how):
    return watch(str(project), str(out), once=True, run=run, **how)["jobs"]


# --- which jobs ----------------------------------------------------------------------------------------------------------------------

def test_what_has_finished_and_what_has_not(relion):
    for number, mark in ((2, "RELION_JOB_EXIT_SUCCESS"), (11, "RELION_JOB_EXIT_FAILURE"), (3, "RELION_JOB_EXIT_ABORTED"), (4, "")):
        relion.refine(number, mark)
    relion.refine(10, kind="PostProcess")
    relion.refine(5, kind="Class3D")
    os.symlink(str(relion.folder / "Refine3D" / "job002"), str(relion.folder / "Refine3D" / "first"))
    os.symlink(str(relion.folder / "Refine3D" / "job002"), str(relion.folder / "Refine3D" / "job099"))
    found = [(r.label, r.state) for r in projects.refinements(str(relion.folder))]
    assert found == [("Refine3D/job002", "finished"), ("Refine3D/job003", "failed"), ("Refine3D/job004", "running"),
                     ("PostProcess/job010", "finished"), ("Refine3D/job011", "failed")]


@pytest.mark.parametrize("column, ended, broken", [("rlnPipeLineProcessStatus", "2", "3"),
                                                   ("rlnPipeLineProcessStatusLabel", "Succeeded", "Failed")])
def test_without_marks_the_list_of_the_project_tells(relion, column, ended, broken):
    """RELION 3.0 leaves no marks; a list that is being written tells nothing yet."""
    for number in (1, 2, 3):
        relion.refine(number, "")
    rows = "".join(f"Refine3D/job{n:03d}/ None 10 {state}\n" for n, state in ((1, ended), (2, broken), (3, "0")))
    path = relion.folder / "default_pipeline.star"
    path.write_text("data_pipeline_processes\n\nloop_\n_rlnPipeLineProcessName #1\n_rlnPipeLineProcessAlias #2\n"
                    f"_rlnPipeLineProcessType #3\n_{column} #4\n{rows}")
    assert [r.state for r in projects.refinements(str(relion.folder))] == ["finished", "failed", "running"]
    path.write_text("data_pipeline_processes\n\nloop_\n_rlnPipeLin")
    assert [r.state for r in projects.refinements(str(relion.folder))] == ["running"] * 3


@pytest.mark.realdata
def test_the_jobs_of_a_real_pipeline(shared, tmp_path):
    """The RELION 3.1 tutorial: two refinements and two postprocessings with status 2."""
    shutil.copy(str(shared / "data" / "relion" / "starfile" / "default_pipeline.star"), str(tmp_path))
    for kind, number in (("Refine3D", 19), ("Refine3D", 25), ("Refine3D", 29), ("PostProcess", 30), ("Class3D", 16)):
        (tmp_path / kind / f"job{number:03d}").mkdir(parents=True)
    (tmp_path / "Refine3D" / "job040").mkdir()
    assert [(r.label, r.state) for r in projects.refinements(str(tmp_path))] == [
        ("Refine3D/job019", "finished"), ("Refine3D/job025", "finished"), ("Refine3D/job029", "finished"),
        ("PostProcess/job030", "finished"), ("Refine3D/job040", "running")]


@pytest.mark.realdata
def test_a_real_job_of_cryosparc(shared, tmp_path):
    (tmp_path / "J209").mkdir()
    shutil.copy(str(shared / "data" / "cryosparc" / "t20s_J209" / "job.json"), str(tmp_path / "J209"))
    found, = projects.refinements(str(tmp_path))
    assert (found.label, found.state, projects.name_of(found)) == ("P9 J209", "finished", "P9_J209")


def test_jobs_of_cryosparc_by_type_and_status(cryosparc):
    cryosparc(2), cryosparc(10, "new_local_refine", "running"), cryosparc(3, "homo_abinit"), cryosparc(4, "hetero_refine")
    cryosparc(5, "ctf_refine_global"), cryosparc(6, "helix_refine", "killed"), cryosparc(7, "homo_reconst", deleted=True)
    (cryosparc(8) / "job.json").write_text('{"job_type": "homo_refine_new", "sta')             # being written
    found = [(r.label, r.state) for r in projects.refinements(str(cryosparc.folder))]
    assert found == [("P3 J2", "finished"), ("P3 J6", "failed"), ("P3 J10", "running")]


def test_the_maps_of_a_job(relion, cryosparc, tmp_path):
    relion.refine(2), cryosparc(2)
    found = [projects.maps_of(projects.refinements(str(f))[0], str(tmp_path / "out"))[0] for f in (relion.folder, cryosparc.folder)]
    assert [(j.name, sorted(j.sources), j.resolution, j.voxel_size) for j in found] == [
        ("Refine3D_job002", ["full_map", "half1", "half2"], None, None), ("P3_J2", ["full_map", "half1", "half2", "mask"], None, None)]
    model = relion.folder / "Refine3D" / "job002" / "run_model.star"
    model.write_text(MODEL.replace("1.5", "1.6"))
    job = projects.maps_of(projects.refinements(str(relion.folder))[0], str(tmp_path))[0]
    assert job.voxel_size == 1.6 and any("1.6" in note for note in job.notes)
    post = relion.refine(9, kind="PostProcess")
    for path in post.glob("run*"):
        path.unlink()
    shutil.copy(str(relion.folder / "Refine3D" / "job002" / "run_class001.mrc"), str(post / "postprocess.mrc"))
    (post / "postprocess.star").write_text(POST)
    job = projects.maps_of(projects.refinements(str(relion.folder))[1], str(tmp_path))[0]
    assert (job.name, job.resolution, sorted(job.sources)) == ("PostProcess_job009", 3.4, ["full_map", "half1", "half2"])
    assert job.sources["half2"].endswith("Refine3D/job002/run_half2_class001_unfil.mrc")


def test_each_body_is_a_row(relion, tmp_path, tiny_halves):
    job = relion.refine(7, kind="MultiBody")
    for path in job.glob("*.mrc"):
        path.unlink()
    for body in (1, 2):
        for half in ("half1", "half2"):
            shutil.copy(tiny_halves["paths"][half], str(job / f"run_{half}_body{body:03d}_unfil.mrc"))
    run = Counted()
    jobs = _once(relion.folder, tmp_path / "o", run)
    assert run.names == ["MultiBody_job007_body1", "MultiBody_job007_body2"] == jobs["MultiBody_job007"]["maps"]
    assert run.jobs[1].sources["half1"].endswith("run_half1_body002_unfil.mrc")


# --- once, and again -----------------------------------------------------------------------------------------------------------------

def test_each_job_is_done_once_until_it_changes(relion, tmp_path):
    """Restarts do nothing; a job that is continued is left alone while it runs and is done again when it has ended."""
    one, run, out = relion.refine(1), Counted(), tmp_path / "o"
    relion.refine(2, ""), relion.refine(3, "RELION_JOB_EXIT_FAILURE")
    for _ in range(3):
        assert list(_once(relion.folder, out, run)) == ["Refine3D_job001"]
    assert run.names == ["Refine3D_job001"]
    relion.end(relion.folder / "Refine3D" / "job002")
    _once(relion.folder, out, run)
    assert run.names == ["Refine3D_job001", "Refine3D_job002"]
    (one / "RELION_JOB_EXIT_SUCCESS").unlink()               # continued
    with open(str(one / "run_half1_class001_unfil.mrc"), "ab") as stream:
        stream.write(b"\0")
    _once(relion.folder, out, run)
    assert len(run.names) == 2
    relion.end(one)
    _once(relion.folder, out, run), _once(relion.folder, out, run)
    assert run.names[2:] == ["Refine3D_job001"]
    _once(relion.folder, out, run, levels=("0",)), _once(relion.folder, out, run, levels=("0",))
    assert sorted(run.names[3:]) == ["Refine3D_job001", "Refine3D_job002"]
    shutil.rmtree(str(out / "Refine3D_job002"))
    for path in one.glob("run*.mrc"):                        # cleaned up: its report stays
        path.unlink()
    _once(relion.folder, out, run, levels=("0",))
    assert run.names[5:] == ["Refine3D_job002"]


def test_a_job_that_fails_is_kept_and_tried_again_when_it_changes_or_on_request(relion, tmp_path, caplog):
    job, run, out = relion.refine(1), Counted(bad=("Refine3D_job001",)), tmp_path / "o"
    relion.refine(2)
    for _ in range(2):
        jobs = _once(relion.folder, out, run)
    assert run.names == ["Refine3D_job001", "Refine3D_job002"] and "Refine3D_job001: It is no good." in caplog.text
    assert jobs["Refine3D_job001"]["status"] == "failed" and jobs["Refine3D_job002"]["status"] == "done"
    kept = json.loads((out / "watch.json").read_text(encoding="utf-8"))["jobs"]
    assert kept == jobs and watching.failures(kept) == ["Refine3D_job001"]
    _once(relion.folder, out, run, retry=True)
    assert run.names[2:] == ["Refine3D_job001"]
    run.bad = ()
    os.utime(str(job / "run_half2_class001_unfil.mrc"), (1, 1))
    assert not watching.failures(_once(relion.folder, out, run)) and run.names[3:] == ["Refine3D_job001"]


def test_what_failed_is_really_looked_at_again(relion, tmp_path):
    """With the real work: a truncated half-map fails; --retry looks at it again though no file has changed."""
    job, out = relion.refine(1), tmp_path / "o"
    half = job / "run_half1_class001_unfil.mrc"
    half.write_bytes(half.read_bytes()[:3000])
    seen = []

    def run(job, how, progress):
        seen.append(work.one(job, how, progress))
        return seen[-1]

    for retry in (False, False, True):
        assert watching.failures(_once(relion.folder, out, run, retry=retry)) == ["Refine3D_job001"]
    assert [s["did"] for s in seen] == [True, True] and all("truncated" in s["error"] for s in seen)


def test_a_job_that_cannot_be_read_stops_no_other(relion, tmp_path):
    job, run, out = relion.refine(1), Counted(), tmp_path / "o"
    for path in job.glob("*.mrc"):
        path.unlink()
    relion.refine(2)
    jobs = _once(relion.folder, out, run)
    assert run.names == ["Refine3D_job002"] and "No pair of half-maps" in jobs["Refine3D_job001"]["error"]
    assert "half-maps" in json.loads((out / "Refine3D_job001" / "batch.json").read_text(encoding="utf-8"))["error"]
    _once(relion.folder, out, run)
    assert len(run.names) == 1
    relion.refine(3)
    shutil.copy(str(relion.folder / "Refine3D" / "job003" / "run_class001.mrc"), str(job))
    _once(relion.folder, out, run)
    assert sorted(run.names[1:]) == ["Refine3D_job001", "Refine3D_job003"]             # its map has come
    _once(relion.folder, out, run)
    assert len(run.names) == 3


def test_a_map_beyond_the_memory_is_a_failure_with_its_sentence(relion, tmp_path):
    relion.refine(1)
    run = Counted()
    jobs = _once(relion.folder, tmp_path / "o", run, memory=1e8)
    assert not run.names and "GB of memory and there are 0.1 GB" in jobs["Refine3D_job001"]["error"]


def test_jobs_that_come_while_it_watches(relion, cryosparc, tmp_path, caplog):
    """Three looks: a job that comes, one that finishes, then a stop; the process that did the work is sent away between."""
    relion.refine(1)
    run, looks = Counted(), []

    def pause(seconds):
        looks.append((seconds, list(run.names)))
        if len(looks) == 1:
            relion.refine(2, "")
        elif len(looks) == 2:
            relion.end(relion.folder / "Refine3D" / "job002")
        else:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), caplog.at_level("INFO", "cryoqa_plugin"):
        watch(str(relion.folder), str(tmp_path / "o"), every=7.0, run=run, pause=pause)
    one, both = ["Refine3D_job001"], ["Refine3D_job001", "Refine3D_job002"]
    assert looks == [(7.0, one), (7.0, one), (7.0, both)]
    assert [r.getMessage() for r in caplog.records if "of the project" in r.getMessage()] == [
        f"Refinements of the project: {n} finished, {m} running or waiting, 0 failed." for n, m in ((1, 0), (1, 1), (2, 0))]
    with run_folder.held(str(tmp_path / "o")):               # the lock is free again
        pass


def test_two_watchers_of_one_folder(relion, tmp_path, capsys):
    relion.refine(1)
    with run_folder.held(str(tmp_path / "o")):
        other = subprocess.run([sys.executable, "-m", "cryoqa_plugin", "watch", str(relion.folder), "-o", str(tmp_path / "o"), "--once"],
                               cwd=str(ROOT), stderr=subprocess.PIPE, universal_newlines=True)
    assert other.returncode == 2 and f"Process {os.getpid()}" in other.stderr and "is writing into" in other.stderr


def test_a_damaged_state_is_made_anew_and_the_folder_of_another_project_refused(relion, tmp_path):
    relion.refine(1)
    run, out = Counted(), tmp_path / "o"
    _once(relion.folder, out, run)
    state = json.loads((out / "watch.json").read_text(encoding="utf-8"))
    (out / "watch.json").write_text(json.dumps(dict(state, jobs={"Refine3D_job001": "?", "x": []})))
    _once(relion.folder, out, run)
    assert len(run.names) == 2
    (out / "watch.json").write_text(json.dumps(dict(state, project="/elsewhere")))
    with pytest.raises(InputError, match="another project"):
        _once(relion.folder, out, run)


def test_bad_calls_are_sentences(relion, tmp_path, capsys):
    job = relion.refine(1)
    (tmp_path / "empty").mkdir()
    calls = [[str(tmp_path / "none")], [str(tmp_path / "empty")], [str(job)], [str(relion.folder), "--every", "0"],
             [str(relion.folder), "--every", "soon"], [str(relion.folder), "--levels", "7"], []]
    for words, said in zip(calls, ("does not exist", "is no project", f"its project is {relion.folder}", "seconds from 1", "seconds from 1",
                                   "no level '7'", "PROJECT is missing")):
        assert main(["watch", *words, "-o", str(tmp_path / "o"), "--once", "-q"]) == 2
        line, = capsys.readouterr().err.strip().splitlines()
        assert said in line and line.startswith("cryoqa: ")
    assert not (tmp_path / "o").exists()


def test_nothing_has_finished(relion, tmp_path, capsys):
    relion.refine(1, "")
    assert main(["watch", str(relion.folder), "-o", str(tmp_path / "o"), "--once"]) == 0
    assert not (tmp_path / "o" / "group.html").exists() and "Watching" in capsys.readouterr().err


# --- as a program --------------------------------------------------------------------------------------------------------------------

def _start(project, out, *more):
    return subprocess.Popen([sys.executable, "-m", "cryoqa_plugin", "watch", str(project), "-o", str(out), "--levels", "0", "--every", "1",
                             *more], cwd=str(ROOT), stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True)


def _wait_for(process, path):
    end = time.time() + 120
    while not path.exists():
        assert process.poll() is None and time.time() < end, process.communicate()
        time.sleep(0.1)


@pytest.mark.heavy
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_stopped_and_started_again(relion, tmp_path, how):
    """Stopped in the midst of its second job: the first is not done again, the second is, and one that came meanwhile."""
    out = tmp_path / "o"
    relion.refine(1), relion.refine(2)
    process = _start(relion.folder, out)
    _wait_for(process, out / "Refine3D_job002")
    process.send_signal(how)
    said = process.communicate(timeout=60)[1]
    assert process.returncode == (-9 if how == signal.SIGKILL else 130), said
    assert how == signal.SIGKILL or "interrupted" in said
    with run_folder.held(str(out / "Refine3D_job002"), 60.0):
        first = (out / "Refine3D_job001" / "report.html").stat().st_mtime_ns
    relion.refine(3), relion.refine(4, "")
    again = _start(relion.folder, out, "--once")
    said = again.communicate(timeout=120)[1]
    assert again.returncode == 0, said
    assert (out / "Refine3D_job001" / "report.html").stat().st_mtime_ns == first and "Refine3D_job001" not in said
    with open(str(out / "group.tsv"), encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t"))
    assert [r["name"] for r in rows] == [f"Refine3D_job00{i}" for i in (1, 2, 3)] and not any(r["error"] for r in rows)
    page = (out / "group.html").read_text(encoding="utf-8")
    assert all(f'href="Refine3D_job00{i}/report.html"' in page for i in (1, 2, 3))
    assert not [p for p in out.rglob(".cryoqa_*")] and sorted(json.loads((out / "watch.json").read_text())["jobs"]) == [
        f"Refine3D_job00{i}" for i in (1, 2, 3)]
    document = json.loads((out / "Refine3D_job003" / "validation.json").read_text(encoding="utf-8"))
    assert document["reported"] is None and sorted(document["inputs"]) == ["full_map", "half1", "half2"]
