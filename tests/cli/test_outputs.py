"""Output folders: what is kept, what is refused or cleared, what is in the way, and what the report takes."""
from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import cryoqa_plugin
from cryoqa_plugin import resume, run_folder, runner
from cryoqa_plugin.cli import main
from cryoqa_plugin.errors import InputError
from cryoqa_plugin.io.maps import read_map, write_map
from cryoqa_plugin.registry import BY_ID, CAPABILITIES
from cryoqa_plugin.report.assemble import read_results, write_report
from cryoqa_plugin.results import read_json, write_json
from cryoqa_plugin.validation import run as validation_run
from cryoqa_plugin.validation.items import ITEMS

CHEAP = ("mask", "fsc", "contour", "map_info")


@pytest.fixture
def few(monkeypatch):
    """What is cheap alone is run; a list of what was computed."""
    ran = []
    original = runner.answer
    monkeypatch.setattr(runner, "CAPABILITIES", tuple(row for row in CAPABILITIES if row.id in CHEAP))
    monkeypatch.setattr(validation_run, "ITEMS", tuple(item for item in ITEMS if set(item.capabilities) & set(CHEAP)))
    monkeypatch.setattr(runner, "answer", lambda row, *a, **k: ran.append(row.id) or original(row, *a, **k))
    return ran


@pytest.fixture
def halves(cli_files):
    return {k: cli_files[k] for k in ("half1", "half2")}


@pytest.fixture
def others(halves, tmp_path_factory):
    """Half-maps of another molecule."""
    folder, out = tmp_path_factory.mktemp("others"), {}
    for kind, path in halves.items():
        out[kind] = str(folder / f"other_{kind}.mrc")
        map_ = read_map(path)
        write_map(out[kind], map_.with_data(np.ascontiguousarray(np.swapaxes(map_.data, 0, 2)) * np.float32(2)))
    return out


def _words(sources):
    return [w for kind, path in sources.items() for w in ("--" + kind.replace("full_map", "map"), path)]


def _files(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(Path(folder).rglob("*")) if p.is_file()}


def _run(capsys, *words):
    code = main(list(words))
    out, err = capsys.readouterr()
    return code, out, err


# --- what is kept --------------------------------------------------------------------------------------------------------------------

def test_assess_does_not_do_again_what_is_done(few, halves, tmp_path):
    out = str(tmp_path / "out")
    first = runner.assess(halves, out)
    assert sorted(few) == sorted(CHEAP) == sorted(first)
    before = _files(out)
    few.clear()
    assert runner.assess(halves, out) == json.loads(json.dumps(first)) and few == [] and _files(out) == before
    runner.assess(halves, out, resume=False)
    assert sorted(few) == sorted(first)


@pytest.mark.parametrize("change", ["parameter", "voxel size", "output", "document", "version", "library", "inputs"])
def test_what_a_result_depends_on_is_in_its_key(change, few, halves, tmp_path, monkeypatch):
    out, how = str(tmp_path / "out"), {}
    runner.assess(halves, out)
    few.clear()
    folder = os.path.join(out, "fsc")
    if change == "parameter":
        how["values"] = {"fsc": {"reported": 9.0}}
    elif change == "voxel size":
        how["voxel_sizes"] = dict.fromkeys(halves, 2.0)
    elif change == "output":
        os.remove(next(Path(folder).glob("*.mrc")))
    elif change == "document":                               # of another run, beside the maps of this one
        document = read_json(os.path.join(folder, "result.json"))
        write_json(dict(document, summary="Of another run."), os.path.join(folder, "result.json"))
    elif change == "version":
        monkeypatch.setattr(resume, "__version__", "99")
    elif change == "library":
        monkeypatch.setattr(resume, "library_versions", lambda: {"numpy": "0"})
    else:
        half = read_map(halves["half2"])
        write_map(str(tmp_path / "half2.mrc"), half.with_data(half.data * np.float32(1.5)))
        how["overwrite"] = True
        halves = dict(halves, half2=str(tmp_path / "half2.mrc"))
    runner.assess(halves, out, **how)
    assert few == (["fsc"] if change in ("parameter", "output", "document") else few) and "fsc" in few
    assert run_folder.intact(folder)
    assert "Of another" not in read_json(os.path.join(folder, "result.json"))["summary"]


def test_a_map_of_another_run_is_not_taken_for_ones_own(few, halves, tmp_path):
    """The map is the user's now: it is neither used nor written over."""
    out = str(tmp_path / "out")
    runner.assess(halves, out)
    map_ = next(Path(out, "fsc").glob("*.mrc"))
    changed = read_map(str(map_))
    write_map(str(map_), changed.with_data(changed.data * 2))
    content = map_.read_bytes()
    with pytest.raises(InputError, match="was changed since cryoqa wrote it"):
        runner.assess(halves, out)
    assert map_.read_bytes() == content
    map_.unlink()
    few.clear()
    runner.assess(halves, out)
    assert few == ["fsc"] and map_.read_bytes() != content


@pytest.mark.parametrize("go", [lambda s, o, limits: runner.assess(s, o, limits=limits)["fsc"],
                                lambda s, o, limits: validation_run.validate(s, o, levels=("1",), limits=limits)])
def test_other_limits_judge_anew_without_computing(go, few, halves, tmp_path):
    out, path = str(tmp_path / "out"), str(tmp_path / "out" / "fsc" / "result.json")
    go(halves, out, None)
    before, few[:] = read_json(path), []
    name = next(c for c in before["checks"] if c["status"] == "ok" and isinstance(c["limit"], float) and c["op"] in ("<", "<="))["metric"]
    go(halves, out, {"fsc": {name: -1e9}})
    after = read_json(path)
    assert few == [] and run_folder.intact(os.path.dirname(path))
    changed = {c["metric"]: c["status"] for c in after["checks"] if c["metric"] == name}
    assert changed[name] in ("warn", "fail", "skipped") and dict(after, checks=0) == dict(before, checks=0)
    go(halves, out, None)
    assert few == [] and read_json(path) == before


def test_validate_takes_over_what_assess_did_and_its_page_tells_no_old_verdict(few, halves, tmp_path):
    out = str(tmp_path / "out")
    runner.assess(halves, out)
    write_report(out, formats=("html",))
    few.clear()
    validation_run.validate(halves, out, levels=("1",))
    assert few == [] and os.path.exists(os.path.join(out, "report.html"))        # nothing has changed
    runner.assess(halves, out, values={"fsc": {"reported": 9.0}})
    assert few == ["fsc"] and not {"report.html", "validation.json"} & set(os.listdir(out))


# --- what is refused, and cleared ----------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("command", ["assess", "validate", "fsc"])
def test_results_of_other_inputs_are_refused_or_cleared(command, few, halves, others, tmp_path, capsys, monkeypatch):
    out = tmp_path / "out"
    how = ["-o", str(out), "-q", "--no-report"]
    assert _run(capsys, command, *_words(halves), *how)[0] in (0, 1)
    (out / "mine.mrc").write_text("mine")
    (out / "fsc").mkdir(exist_ok=True)
    (out / "fsc" / "mine.txt").write_text("mine")
    before = _files(out)
    few.clear()
    code, text, err = _run(capsys, command, *_words(others), *how)
    assert code == 2 and few == [] and _files(out) == before and text == "" and err.count("\n") == 1
    assert "half1.mrc and half2.mrc" in err and "other_half1.mrc and other_half2.mrc" in err and "--overwrite" in err
    assert _run(capsys, command, *_words(others), *how, "--overwrite")[0] in (0, 1) and "fsc" in few
    assert (out / "mine.mrc").read_text() == "mine" and (out / "fsc" / "mine.txt").read_text() == "mine"
    found = read_results(str(out))
    assert found.documents and not found.left_out
    for document in found.documents.values():
        assert document["inputs"].get("half1", {}).get("path") in (None, others["half1"])


def test_a_file_that_changed_is_another_input(few, halves, tmp_path):
    mine = {k: shutil.copy(p, str(tmp_path)) for k, p in halves.items()}
    out = str(tmp_path / "out")
    cryoqa_plugin.run("fsc", out, **mine)
    half = read_map(mine["half1"])
    write_map(mine["half1"], half.with_data(half.data + np.float32(0.1)))
    with pytest.raises(InputError, match="half1.mrc as it was before it changed") as error:
        cryoqa_plugin.run("fsc", out, **mine)
    assert "overwrite" in str(error.value) and "--" not in str(error.value)
    cryoqa_plugin.run("fsc", out, overwrite=True, **mine)
    with pytest.raises(InputError, match="half1 in memory"):
        cryoqa_plugin.run("fsc", out, half1=half.data, half2=half.data * 0.5, voxel_size=1.5)


def test_a_further_input_goes_on_in_the_same_folder(few, halves, cli_files, tmp_path):
    out = str(tmp_path / "out")
    runner.assess(halves, out)
    few.clear()
    runner.assess(dict(halves, mask=cli_files["mask"]), out)
    assert "fsc" in few and "mask" not in few
    with pytest.raises(InputError, match="holds results of half1.mrc and half2.mrc, and this run is on model_map.mrc"):
        shutil.copy(halves["half1"], str(tmp_path / "model_map.mrc"))
        runner.assess({"full_map": str(tmp_path / "model_map.mrc")}, out)


def test_a_moved_folder_goes_on(few, halves, tmp_path):
    runner.assess(halves, str(tmp_path / "out"))
    shutil.move(str(tmp_path / "out"), str(tmp_path / "moved"))
    runner.assess(halves, str(tmp_path / "moved"))
    assert not read_results(str(tmp_path / "moved")).left_out


def test_clearing_and_writing_spare_inputs_that_cryoqa_wrote(halves, tmp_path, capsys):
    out = str(tmp_path / "out")
    full = read_map(halves["half1"])
    write_map(str(tmp_path / "full.mrc"), full)
    assert _run(capsys, "mask", "--map", str(tmp_path / "full.mrc"), "-o", out, "-q", "--no-report")[0] == 0
    made = os.path.join(out, "mask.mrc")
    content = Path(made).read_bytes()
    for extra in ((), ("--overwrite",)):
        code, _, err = _run(capsys, "mask", "--mask", made, "-o", out, "-q", "--no-report", *extra)
        assert code == 2 and "written over an input" in err or "holds results" in err
        assert Path(made).read_bytes() == content


# --- what is in the way --------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("command", ["assess", "validate"])
def test_the_mean_of_the_halves_spares_a_map_of_the_user(command, few, halves, tmp_path, capsys):
    """B2: in the folder of the inputs, and with an input that has the name of the mean."""
    for name in ("full_map.mrc", "half2.mrc"):
        shutil.copy(halves["half1" if name == "full_map.mrc" else "half2"], str(tmp_path / name))
    given = {"half1": str(tmp_path / "full_map.mrc"), "half2": str(tmp_path / "half2.mrc")}
    before = {k: Path(p).read_bytes() for k, p in given.items()}
    code, _, err = _run(capsys, command, *_words(given), "-o", str(tmp_path), "-q", "--no-report")
    assert code in (0, 1), err
    assert {k: Path(p).read_bytes() for k, p in given.items()} == before
    mean = read_map(str(tmp_path / "mean" / "full_map.mrc")).data
    np.testing.assert_allclose(mean, (read_map(given["half1"]).data + read_map(given["half2"]).data) / 2, rtol=1e-6)
    results = read_results(str(tmp_path))
    entries = results.documents["map_info"]["inputs"] if "full_map" in results.documents["map_info"]["inputs"] else None
    assert entries is None or results.made_here(entries["full_map"])
    assert not results.made_here({"path": given["half1"]})


@pytest.mark.parametrize("where", ["mean/full_map.mrc", "fsc/result.json", "fsc", "mean", "validation.json", "report.html",
                                   "fsc/result.json/"])
def test_files_of_a_user_are_in_the_way_before_anything_is_computed(where, few, halves, tmp_path, capsys):
    place = tmp_path / "out" / where
    place.parent.mkdir(parents=True)
    if where.endswith("/"):
        place.mkdir()
    else:
        place.write_text("mine")
    code, text, err = _run(capsys, "assess", *_words(halves), "-o", str(tmp_path / "out"), "-q")
    assert code == 2 and few == [] and text == "" and err.count("\n") == 1 and "choose another output folder" in err
    assert _files(tmp_path / "out") == ({} if where.endswith("/") else {where: b"mine"})


@pytest.mark.parametrize("link", [os.link, os.symlink])
def test_links_to_inputs_are_inputs(link, cli_files, tmp_path, capsys):
    (tmp_path / "out").mkdir()
    shutil.copy(cli_files["mask"], str(tmp_path / "given.mrc"))
    link(str(tmp_path / "given.mrc"), str(tmp_path / "out" / "mask.mrc"))
    before = (tmp_path / "given.mrc").read_bytes()
    code, _, err = _run(capsys, "mask", "--mask", str(tmp_path / "given.mrc"), "-o", str(tmp_path / "out"), "-q")
    assert code == 2 and "over an input of this run" in err and (tmp_path / "given.mrc").read_bytes() == before


def test_a_disk_without_room_is_told_before_anything_is_computed(few, halves, tmp_path, monkeypatch):
    rows = [row for row in CAPABILITIES if row.id in CHEAP]
    new = resume.named(halves)
    needed = resume.expected_bytes(rows, new)
    assert needed == 4 * 32 ** 3 * sum(len(resume.results.declared(resume.resolve(r.result), "map")) for r in rows) > 0
    assert resume.expected_bytes(rows, new, ("mtz",)) == 2 * needed

    class Disk:
        f_bavail, f_frsize = 10, 1024

    monkeypatch.setattr(os, "statvfs", lambda path: Disk)
    with pytest.raises(InputError, match=r"need up to .* GB and .* has 1.02e-05 GB left"):
        runner.assess(halves, str(tmp_path / "out"))
    assert few == [] and not (tmp_path / "out").exists()


def test_what_is_written_is_not_more_than_was_expected(few, halves, tmp_path):
    out = str(tmp_path / "out")
    runner.assess(halves, out)
    maps = sum(len(content) for name, content in _files(out).items() if name.endswith(".mrc"))
    rows = [row for row in CAPABILITIES if row.id in CHEAP]
    assert 0 < maps - 2048 * 20 <= resume.expected_bytes(rows, resume.named(halves)) + 4 * 32 ** 3


def test_two_runs_into_one_folder(halves, tmp_path, capsys):
    code = ("import sys, time; from cryoqa_plugin import run_folder\n"
            "with run_folder.held(sys.argv[1]): print('held', flush=True); time.sleep(60)")
    process = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, universal_newlines=True)
    try:
        assert process.stdout.readline() == "held\n"
        for command in (["fsc", *_words(halves)], ["assess", *_words(halves)], ["validate", *_words(halves)], ["demo"]):
            exit_code, _, err = _run(capsys, *command, "-o", str(tmp_path), "-q")
            assert exit_code == 2 and f"Process {process.pid} on " in err and "is writing into" in err
        with pytest.raises(InputError, match="is writing into"):
            write_report(str(tmp_path))
    finally:
        process.kill()
        process.wait()


def test_a_run_that_is_ended_leaves_nothing_half_written(halves, tmp_path, capsys, monkeypatch):
    def stopped(*a, **k):
        raise KeyboardInterrupt

    monkeypatch.setattr(resume.results, "write_json", stopped)
    monkeypatch.setattr(runner.results, "write_json", stopped)
    code, _, err = _run(capsys, "fsc", *_words(halves), "-o", str(tmp_path / "out"), "-q")
    assert code == 130 and "interrupted" in err and not (tmp_path / "out").exists()


# --- what the report takes -----------------------------------------------------------------------------------------------------------

def test_a_report_takes_what_belongs_to_its_head(few, halves, others, tmp_path, caplog):
    """B1, and a folder that is mixed already: one warning, and the others are named."""
    out = tmp_path / "out"
    runner.assess(halves, str(out))
    mine = set(read_results(str(out)).documents)
    for name in ("contour", "fsc"):
        shutil.rmtree(out / name, ignore_errors=True)
    runner.execute("fsc", others, outdir=str(out / "fsc"))
    full = read_map(others["half1"])
    write_map(str(tmp_path / "other_map.mrc"), full)
    runner.execute("contour", {"full_map": str(tmp_path / "other_map.mrc")}, outdir=str(out / "contour"),
                   voxel_sizes={"full_map": 2.2})
    paths = write_report(str(out), formats=("html", "json"))
    document = read_json(paths["json"])
    assert set(document["documents"]) == mine - {"fsc", "contour"} and "half1.mrc" in document["title"]
    warnings = [r.getMessage() for r in caplog.records if "left out" in r.getMessage()]
    assert len(warnings) == 1 and warnings[0].startswith("2 results in this folder are of other inputs and left out: ")
    assert "other_half1.mrc" in warnings[0] and "other_map.mrc" in warnings[0] and BY_ID["fsc"].title in warnings[0]
    assert document["sentence"].startswith(warnings[0])
    runner.assess(halves, str(out), overwrite=True)
    assert not read_results(str(out)).left_out and "fsc" in read_results(str(out)).documents


def test_of_a_folder_of_an_earlier_version_the_newest_result_is_the_head(few, halves, others, tmp_path):
    out = tmp_path / "out"
    for i, (name, given) in enumerate((("fsc", others), ("map_info", halves), ("mask", halves))):
        given = given if name == "fsc" else {"full_map": given["half1"]}
        runner.execute(name, given, outdir=str(out / name))
        document = read_json(str(out / name / "result.json"))
        document["provenance"]["date_utc"] = f"2026-01-0{i + 1}T00:00:00Z"
        document["inputs"] = {"half1" if k == "full_map" else k: e for k, e in document["inputs"].items()}
        write_json(document, str(out / name / "result.json"))
        os.remove(out / name / run_folder.MANIFEST)
    found = read_results(str(out))
    assert set(found.documents) == {"map_info", "mask"} and "other_half1.mrc" in found.left_out
    with pytest.raises(InputError, match="holds results of"):
        runner.assess(halves, str(out))
    runner.assess(halves, str(out), overwrite=True)
    assert not read_results(str(out)).left_out


def test_of_two_results_of_one_capability_the_newer_one_counts(few, halves, tmp_path):
    for place, day in ((tmp_path, 1), (tmp_path / "fsc", 2), (tmp_path / "again", 1)):
        runner.execute("fsc", halves, outdir=str(place))
        document = read_json(str(place / "result.json"))
        document["provenance"]["date_utc"] = f"2026-01-0{day}T00:00:00Z"
        write_json(document, str(place / "result.json"))
    assert read_results(str(tmp_path)).folders["fsc"] == str(tmp_path / "fsc")


@pytest.mark.parametrize("name", ["group.html", "group.tsv"])
@pytest.mark.parametrize("command", ["group", "batch"])
def test_a_group_report_is_not_written_over_a_file_of_the_user(command, name, few, halves, tmp_path, capsys):
    out = tmp_path / "out"
    runner.assess(halves, str(out / "map"))
    assert _run(capsys, "group", str(out))[0] == 0
    assert _run(capsys, "group", str(out))[0] == 0           # its own it writes over
    (out / name).write_text("mine")
    (tmp_path / "list.csv").write_text("name,half1,half2\nmap,{half1},{half2}\n".format(**{k: f'"{p}"' for k, p in halves.items()}))
    words = ["group", str(out)] if command == "group" else ["batch", str(tmp_path / "list.csv"), "-o", str(out), "-q"]
    code, _, err = _run(capsys, *words)
    assert code == 2 and "is not of cryoqa" in err and (out / name).read_text() == "mine" and not (out / "batch.json").exists()


# --- names that are no text ----------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("name", [b"h\xe9lf", "häłf ß".encode(), b"\xff\xfe;$(x)"])
def test_names_beyond_ascii_and_of_no_alphabet(name, halves, tmp_path, capsys):
    given = {k: shutil.copy(p, os.path.join(str(tmp_path), os.fsdecode(name) + k + ".mrc")) for k, p in halves.items()}
    out = os.path.join(str(tmp_path), os.fsdecode(name) + "out")
    code, text, err = _run(capsys, "fsc", *_words(given), "-o", out, "-q")
    assert code == 0 and err == ""
    assert read_json(os.path.join(out, "result.json"))["inputs"]["half1"]["path"] == given["half1"]
    for page in ("report.html", "report.json", "result.json"):
        Path(out, page).read_bytes().decode("utf-8")
    assert Path(out, "report.pdf").read_bytes()[:5] == b"%PDF-"
    shown = "\\xe9" if name.startswith(b"h\xe9") else "häłf" if name.startswith(b"h") else "\\xff\\xfe;$(x)"
    assert shown in Path(out, "report.html").read_text(encoding="utf-8").replace("&#39;", "'")
    assert _run(capsys, "fsc", *_words(given), "-o", out, "-q", "--json", "--no-report")[0] == 0
