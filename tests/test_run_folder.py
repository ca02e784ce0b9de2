"""Folders that runs write into: one writer at a time, what is cryoqa's, files that appear together, and what a killed run leaves."""
from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time

import pytest

from cryoqa_plugin import run_folder
from cryoqa_plugin.errors import InputError
from cryoqa_plugin.files import as_bytes, replacing
from cryoqa_plugin.results import read_json, write_json

SHA = {"path": "half1.mrc", "sha256": "0" * 64}


def _fill(folder, names=("a.mrc", "b.mrc"), text="", last="result.json"):
    with run_folder.held(folder), run_folder.together(folder, last, {"half1": SHA}) as stage:
        for name in names:
            with open(os.path.join(stage, name), "w", encoding="ascii") as stream:
                stream.write(name + text)
        write_json(dict(schema="cryoqa/fsc/1", capability="fsc", words=text), os.path.join(stage, last))


def _names(folder):
    return sorted(os.listdir(folder))


# --- one writer at a time ------------------------------------------------------------------------------------------------------------

_HOLD = ("import sys, time; from cryoqa_plugin import run_folder\n"
         "with run_folder.held(sys.argv[1]):\n"
         "    open(sys.argv[1] + '/.cryoqa_half', 'w').close(); print('held', flush=True); time.sleep(60)")


@pytest.fixture
def holder(tmp_path):
    """A process that holds a folder."""
    process = subprocess.Popen([sys.executable, "-c", _HOLD, str(tmp_path)], stdout=subprocess.PIPE, universal_newlines=True)
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()


def test_who_holds_a_folder_is_named_and_a_dead_process_is_no_obstacle(holder, tmp_path):
    folder = str(tmp_path)
    with pytest.raises(InputError) as error, run_folder.held(folder):
        pass
    assert f"Process {holder.pid} on {socket.gethostname()}" in str(error.value) and "another output folder" in str(error.value)
    assert ".cryoqa_half" in _names(folder)                  # of a living process
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    with run_folder.held(folder):
        assert _names(folder) == [".cryoqa.lock"]
    assert _names(folder) == []


def test_waiting_for_a_folder(holder, tmp_path):
    start = time.monotonic()
    with pytest.raises(InputError), run_folder.held(str(tmp_path), wait=0.3):
        pass
    assert 0.3 <= time.monotonic() - start < 5
    holder.terminate()
    with run_folder.held(str(tmp_path), wait=20):
        assert os.path.exists(tmp_path / ".cryoqa.lock")


def test_held_twice_is_held_once_and_what_was_made_for_nothing_goes(tmp_path):
    folder = str(tmp_path / "a" / "b")
    with run_folder.held(folder):
        with run_folder.held(os.path.join(folder, "..", "b")):
            pass
        assert _names(folder) == [".cryoqa.lock"]
    assert _names(tmp_path) == []
    with pytest.raises(ValueError, match="of the body"), run_folder.held(folder), run_folder.held(folder):
        raise ValueError("of the body")
    with run_folder.held(folder):
        with open(os.path.join(folder, "x"), "w", encoding="ascii"):
            pass
    assert _names(folder) == ["x"]


@pytest.mark.parametrize("where, words", [("file", "is a file"), ("file/below", "is a file"), ("loop", "symbolic links"),
                                          ("n" * 300, "too long"), ("d/" * 3000, "too long"), ("a\0b", "null")])
def test_folders_that_cannot_be(where, words, tmp_path):
    (tmp_path / "file").write_text("x")
    os.symlink("loop", tmp_path / "loop")
    with pytest.raises(InputError, match=words) as error, run_folder.held(str(tmp_path / where) if "\0" not in where else where):
        pass
    assert "Give another output folder." in str(error.value) and sorted(os.listdir(tmp_path)) == ["file", "loop"]


@pytest.mark.parametrize("name", [run_folder.LOCK, run_folder.MANIFEST])
def test_folders_in_the_way_of_what_is_hidden(name, tmp_path):
    (tmp_path / name).mkdir()
    with pytest.raises(InputError, match="Results cannot be written to .* folder|directory"), run_folder.held(str(tmp_path)):
        pass
    assert _names(tmp_path) == [name]


# --- files of a run ------------------------------------------------------------------------------------------------------------------

def test_files_of_a_run_appear_together_and_those_before_go(tmp_path):
    folder = str(tmp_path)
    (tmp_path / "mine.txt").write_text("mine")
    _fill(folder)
    assert _names(folder) == [".cryoqa.json", "a.mrc", "b.mrc", "mine.txt", "result.json"] and run_folder.intact(folder)
    assert run_folder.manifest(folder)["inputs"] == {"half1": SHA}
    _fill(folder, ("b.mrc", "c.mrc"), "2")
    assert _names(folder) == [".cryoqa.json", "b.mrc", "c.mrc", "mine.txt", "result.json"] and run_folder.intact(folder)
    assert read_json(os.path.join(folder, "result.json"))["words"] == "2" and (tmp_path / "b.mrc").read_text() == "b.mrc2"


def test_a_run_that_fails_leaves_all_as_it_was(tmp_path):
    folder = str(tmp_path)
    _fill(folder)
    before = {n: (tmp_path / n).read_bytes() for n in _names(folder)}
    with pytest.raises(ZeroDivisionError), run_folder.held(folder), run_folder.together(folder, "result.json") as stage:
        open(os.path.join(stage, "a.mrc"), "w", encoding="ascii").close()
        raise ZeroDivisionError
    assert {n: (tmp_path / n).read_bytes() for n in _names(folder)} == before


def test_what_is_not_of_cryoqa_is_not_written_over(tmp_path):
    folder = str(tmp_path)
    (tmp_path / "a.mrc").write_text("mine")
    with pytest.raises(InputError, match="not of cryoqa"):
        _fill(folder)
    assert _names(folder) == ["a.mrc"] and (tmp_path / "a.mrc").read_text() == "mine"
    _fill(str(tmp_path / "out"))
    (tmp_path / "out" / "a.mrc").write_text("mine")
    with pytest.raises(InputError, match="was changed since"):
        _fill(str(tmp_path / "out"))
    assert not run_folder.intact(str(tmp_path / "out"))
    os.remove(tmp_path / "out" / "a.mrc")
    _fill(str(tmp_path / "out"))
    assert run_folder.intact(str(tmp_path / "out"))
    (tmp_path / "out" / "d.mrc").mkdir()
    with pytest.raises(InputError, match="is a folder"):
        _fill(str(tmp_path / "out"), ("d.mrc",))


@pytest.mark.parametrize("link", [os.link, os.symlink, lambda a, b: None])
def test_an_input_is_not_written_over_wherever_it_lies(link, tmp_path):
    folder = str(tmp_path / "out")
    _fill(folder)
    other = str(tmp_path / "out" / "a.mrc") if link(str(tmp_path / "out" / "a.mrc"), str(tmp_path / "in.mrc")) or not os.path.exists(
        tmp_path / "in.mrc") else str(tmp_path / "in.mrc")
    assert "over an input" in run_folder.strangers(folder, ["a.mrc"], [other])[0]
    assert run_folder.strangers(folder, ["a.mrc", "new.mrc"], [str(tmp_path / "nowhere.mrc")]) == []


def test_clearing_removes_what_cryoqa_wrote_and_nothing_else(tmp_path):
    root, sub = str(tmp_path), str(tmp_path / "fsc")
    _fill(sub)
    _fill(str(tmp_path / "mask"))
    with run_folder.held(root):
        run_folder.put(root, "report.html", lambda path: write_json({}, path))
    (tmp_path / "mine.mrc").write_text("mine")
    (tmp_path / "fsc" / "a.mrc").write_text("changed")
    assert run_folder.sub_folders(root) == [sub, str(tmp_path / "mask")]
    assert run_folder.clear(root, below=run_folder.sub_folders(root)) == [os.path.join(sub, "a.mrc")]
    assert _names(root) == ["fsc", "mine.mrc"] and _names(sub) == ["a.mrc"]


def test_an_input_stays_when_a_folder_is_cleared(tmp_path):
    _fill(str(tmp_path))
    assert run_folder.clear(str(tmp_path), [str(tmp_path / "b.mrc")]) == [str(tmp_path / "b.mrc")]
    assert _names(tmp_path) == ["b.mrc"]


def test_results_of_earlier_versions_are_known_by_their_documents(tmp_path):
    document = dict(schema="cryoqa/fsc/1", capability="fsc", maps={"masked": {"path": "masked.mrc", "mtz": "masked.mtz"}},
                    tables={"t": {"csv": "t.csv"}}, lists={"m": {"paths": ["m_1.mrc", "../m_2.mrc"]}})
    write_json(document, str(tmp_path / "result.json"))
    write_json(dict(schema="cryoqa/report/2"), str(tmp_path / "report.json"))
    assert set(run_folder.owned(str(tmp_path))) == {"result.json", "masked.mrc", "masked.mtz", "t.csv", "m_1.mrc", "report.json",
                                                    "report.html", "report.pdf"}
    (tmp_path / "masked.mrc").write_text("of whom?")
    assert not run_folder.intact(str(tmp_path)) and run_folder.strangers(str(tmp_path), ["masked.mrc"]) == []
    (tmp_path / "m_1.mrc").write_bytes(b"cryoqa fsc: masked")
    assert run_folder.clear(str(tmp_path)) == [str(tmp_path / "masked.mrc")] and _names(tmp_path) == [".cryoqa.json", "masked.mrc"]
    assert run_folder.strangers(str(tmp_path), ["masked.mrc"]) == []
    os.remove(tmp_path / ".cryoqa.json")
    (tmp_path / "result.json").write_text(json.dumps({"some": "body's"}))
    assert run_folder.owned(str(tmp_path)) == {} and len(run_folder.strangers(str(tmp_path), ["result.json"])) == 1


def test_a_pipe_in_the_place_of_a_file_stops_nothing(tmp_path):
    folder = tmp_path / "out"
    _fill(str(folder))
    for name in ("a.mrc", "result.json"):
        os.remove(folder / name)
        os.mkfifo(folder / name)
        assert not run_folder.intact(str(folder)) and "was changed" in run_folder.strangers(str(folder), [name])[0]
    os.remove(folder / run_folder.MANIFEST)
    os.mkfifo(folder / run_folder.MANIFEST)
    assert run_folder.manifest(str(folder)) == run_folder.owned(str(folder)) == {}


@pytest.mark.parametrize("change", [
    dict(files={"../mine": []}), dict(files={"..": []}), dict(files={"a.mrc": 5}), dict(files=[]), dict(schema=""), dict(inputs=[]),
    dict(inputs={"half1": 3}), dict(files={"": []}), dict(files={"a\0": []})])
def test_a_manifest_of_somebody_else_is_none(change, tmp_path):
    """Names in it lead nowhere else, so that clearing removes nothing else."""
    folder = tmp_path / "out"
    _fill(str(folder))
    (tmp_path / "mine").write_text("mine")
    write_json(dict(run_folder.manifest(str(folder)), **change), str(folder / run_folder.MANIFEST))
    assert run_folder.manifest(str(folder)) == {} and set(run_folder.owned(str(folder))) == {"result.json"}
    run_folder.clear(str(folder))
    assert (tmp_path / "mine").read_text() == "mine" and (folder / "a.mrc").exists() and not run_folder.intact(str(folder))


def test_one_file_is_put_and_forgotten(tmp_path):
    folder = str(tmp_path)
    for text in ("1", "2"):
        assert run_folder.put(folder, "note.json", lambda path, text=text: write_json(dict(schema="cryoqa/note/1", text=text), path))
        assert run_folder.intact(folder) and read_json(os.path.join(folder, "note.json"))["text"] == text
    assert len(run_folder.owned(folder)["note.json"]) == 1
    run_folder.forget(folder, ["note.json", "other.json"])
    assert _names(folder) == [".cryoqa.json"] and run_folder.owned(folder) == {}


def test_keys_follow_what_is_told_and_the_versions(monkeypatch):
    first = run_folder.key(dict(b=[1, 2.5], a="x"))
    assert first == run_folder.key(dict(a="x", b=[1, 2.5])) != run_folder.key(dict(a="x", b=[1, 2.6]))
    assert set(run_folder.library_versions()) == {"numpy", "scipy", "numba", "mrcfile", "gemmi"}
    monkeypatch.setattr(run_folder, "library_versions", lambda: {"numpy": "0"})
    assert first != run_folder.key(dict(a="x", b=[1, 2.5]))
    monkeypatch.undo()
    monkeypatch.setattr(run_folder, "__version__", "0")
    assert first != run_folder.key(dict(a="x", b=[1, 2.5]))


# --- names and texts -----------------------------------------------------------------------------------------------------------------

def test_names_that_are_no_text_go_through_json_and_pages(tmp_path):
    name = os.fsdecode(b"h\xe9lf.mrc") + "é"
    write_json({"path": name}, str(tmp_path / "a.json"))
    (tmp_path / "a.json").read_bytes().decode("utf-8")
    assert read_json(str(tmp_path / "a.json"))["path"] == name
    assert as_bytes(name) == "h\\xe9lf.mrcé".encode()


def test_a_file_that_is_being_written_is_nobodys_leftover(tmp_path):
    with replacing(str(tmp_path / "a")) as stream:
        run_folder.sweep(str(tmp_path))
        stream.write(b"1")
    assert (tmp_path / "a").read_bytes() == b"1" and _names(tmp_path) == ["a"]
    (tmp_path / ".cryoqa_dead").write_text("")
    (tmp_path / ".cryoqa_folder").mkdir()
    os.symlink(str(tmp_path / "a"), str(tmp_path / ".cryoqa_link"))
    run_folder.sweep(str(tmp_path))
    assert _names(tmp_path) == ["a"]
