"""A folder that runs write into: who writes there now, which of its files are cryoqa's, and how those of one run appear together.

Each such folder has a hidden ``.cryoqa.json``, which names every file that cryoqa wrote there with its SHA-256. It is written before files
are put into place (with what was there and what comes, ``complete`` false) and after; so a run that was killed leaves no file that nobody
knows, and no mixture that passes for a result. While a process writes it holds ``.cryoqa.lock``.
"""
from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from contextlib import contextmanager
from typing import Any, Callable, Dict, Iterable, Iterator, List, Mapping, Optional, Sequence

from . import __version__
from .errors import InputError
from .files import PREFIX
from .folder_lock import LOCK as LOCK, MANIFEST as MANIFEST, held as held, sweep as sweep, tidy as tidy
from .provenance import library_versions, sha256
from .results import read_json, write_json

SCHEMA = "cryoqa/folder/1"
RESULT, ERROR, VALIDATION = DOCUMENTS = ("result.json", "error.json", "validation.json")
REPORTS = ("report.html", "report.pdf", "report.json")
_BLOCKS = ("maps", "lists", "models", "files", "tables")     # of a result document, which name the files beside it
_HEADER = 1024                                   # bytes of a map before its voxels


# ---------------------------------------------------------------- what is cryoqa's

def manifest(folder: str) -> Dict[str, Any]:
    """What ``.cryoqa.json`` of a folder says: ``files`` (name -> SHA-256 values), ``complete``, ``inputs``; empty where there is none."""
    found = _json(os.path.join(folder, MANIFEST))
    return found if isinstance(found, dict) and found.get("schema") == SCHEMA and _is_sound(found) else {}


def _is_sound(found: Mapping[str, Any]) -> bool:
    """Whether a manifest holds what cryoqa writes into one: names of files in the folder itself, whose removal harms nobody."""
    files, inputs = found.get("files"), found.get("inputs")
    return (isinstance(files, dict) and all(_is_name(n) and isinstance(h, list) for n, h in files.items())
            and isinstance(inputs, dict) and all(isinstance(e, dict) for e in inputs.values()))


def _is_name(name: Any) -> bool:
    return isinstance(name, str) and os.path.basename(name) == name and name not in ("", ".", "..") and "\0" not in name


def _json(path: str) -> Any:
    """What a file holds; None where there is no plain file, or no JSON in it."""
    try:
        return read_json(path) if os.path.isfile(path) else None
    except (OSError, ValueError, RecursionError):
        return None


def owned(folder: str) -> Dict[str, List[str]]:
    """Names of the files of a folder that cryoqa wrote, with their SHA-256 values; of folders of earlier versions without them."""
    found = manifest(folder)
    if found:
        return {str(n): [str(h) for h in hashes] for n, hashes in found["files"].items()}
    return {name: [] for name in _named_by_documents(folder)}


def _named_by_documents(folder: str) -> List[str]:
    """What the documents of an earlier version name: themselves, what they say lies beside them, and the reports."""
    names: List[str] = []
    for name in (*DOCUMENTS, "report.json", "batch.json"):
        document = document_in(folder, name)
        if document:
            names.append(name)
            for block in _BLOCKS:
                for entry in (document.get(block) or {}).values() if isinstance(document.get(block), dict) else ():
                    found = [entry.get(k) for k in ("path", "csv", "mtz", "shifted")] + list(entry.get("paths", ()))
                    names += [n for n in found if _is_name(n)]
    return names + ["report.html", "report.pdf"] * ("report.json" in names) + ["error.txt"] * ("batch.json" in names)


def document_in(folder: str, name: str) -> Optional[Dict[str, Any]]:
    """A document of cryoqa in a folder; None where there is none, or a file that is something else."""
    found = _json(os.path.join(folder, name))
    ours = isinstance(found, dict) and (str(found.get("schema", "")).startswith("cryoqa/") or {"capability", "error"} <= set(found))
    return found if ours else None


def strangers(folder: str, names: Iterable[str], inputs: Iterable[str] = ()) -> List[str]:
    """Sentences about files that stand where a run will write, and that it must not write over.

    Parameters
    ----------
    folder
        Where the run writes; it need not be there.
    names
        Names of the files that it may write.
    inputs
        Paths of its inputs, none of which is written over wherever it lies and whoever wrote it.
    """
    mine, out = owned(folder), []
    for name in names:
        path = os.path.join(folder, name)
        if not os.path.lexists(path):
            continue
        if any(_same(path, other) for other in inputs):
            out.append(f"The output {path} would be written over an input of this run; choose another output folder.")
        elif os.path.isdir(path) and not os.path.islink(path):
            out.append(f"{path} is a folder, and a file of this name is to be written; choose another output folder.")
        elif mine.get(name) and not _is_as_written(folder, name, mine[name]):
            out.append(f"{path} was changed since cryoqa wrote it; move it away to keep it, remove it to have it made again, or choose "
                       "another output folder.")
        elif name not in mine:
            out.append(f"The output {path} would be written over a file that is not of cryoqa; choose another output folder, or move the "
                       "file away.")
    return out


def _same(path: str, other: str) -> bool:
    """Whether two paths are one file; a hard link is one too."""
    try:
        return os.path.samefile(path, other)
    except OSError:
        return False


def intact(folder: str) -> bool:
    """Whether every file that the last run wrote into a folder is there, to the byte, and its last step was done."""
    found = manifest(folder)
    if not found.get("complete") or not found["files"]:
        return False
    try:
        return all(os.path.isfile(path) and sha256(path) in hashes for path, hashes in (
            (os.path.join(folder, name), hashes) for name, hashes in found["files"].items()))
    except OSError:
        return False


def key(told: Mapping[str, Any]) -> str:
    """SHA-256 that changes with what a run depends on, and with the versions of cryoqa and of the libraries that compute.

    Parameters
    ----------
    told
        Plain values: the hashes of the inputs, parameters, voxel sizes, limits, ...
    """
    whole = dict(told=told, cryoqa=__version__, versions=library_versions())
    return hashlib.sha256(json.dumps(whole, sort_keys=True).encode("utf-8")).hexdigest()


# ---------------------------------------------------------------- writing

def _state(folder: str, files: Mapping[str, Sequence[str]], complete: Optional[bool] = None,
           inputs: Optional[Mapping[str, Any]] = None) -> None:
    """Write the manifest; what is not given stays as it is."""
    before = manifest(folder)
    write_json(dict(schema=SCHEMA, cryoqa=__version__, complete=before.get("complete", True) if complete is None else complete,
                    inputs=before.get("inputs", {}) if inputs is None else dict(inputs), files={n: list(files[n]) for n in sorted(files)}),
               os.path.join(folder, MANIFEST))


def note_inputs(folder: str, inputs: Mapping[str, Mapping[str, Any]]) -> None:
    """Keep of which inputs the results of a folder and of the folders in it are: ``path`` and ``sha256`` by kind, ``made`` for what the run
    makes itself."""
    if manifest(folder).get("inputs") != dict(inputs):
        _state(folder, owned(folder), inputs=inputs)


@contextmanager
def together(folder: str, last: str, inputs: Optional[Mapping[str, Mapping[str, Any]]] = None) -> Iterator[str]:
    """A hidden folder to write the files of a run into; at the end they take the place of those of the run before, all or none.

    Parameters
    ----------
    folder
        Where they go; held by the caller.
    last
        The document that names the others: the old one goes first, the new one comes last.
    inputs
        Of what these are results, as for :func:`note_inputs`; none of these files is written over.

    Raises
    ------
    InputError
        Something that is not cryoqa's is in the way, or the disk is at fault.
    """
    stage = tempfile.mkdtemp(prefix=PREFIX, dir=folder)
    try:
        yield stage
        names = sorted(os.listdir(stage), key=lambda name: name == last)
        wrong = strangers(folder, names, [e["path"] for e in (inputs or {}).values() if e.get("path")])
        if wrong:
            raise InputError(wrong[0])
        new = {name: [sha256(os.path.join(stage, name))] for name in names}
        old = owned(folder)
        _state(folder, {n: [*old.get(n, ()), *new.get(n, ())] for n in {*old, *new}}, False)
        for name in DOCUMENTS:
            if name in old:
                _forget(os.path.join(folder, name))
        for name in names:
            os.replace(os.path.join(stage, name), os.path.join(folder, name))
        for name in sorted(set(old) - set(new)):
            if _is_as_written(folder, name, old[name]):
                _forget(os.path.join(folder, name))
        _state(folder, new, True, inputs)
    except OSError as error:
        raise InputError(f"The results cannot be put into '{folder}' ({error.strerror or error}); check the folder, its permissions and "
                         "the space on the disk.") from None
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def put(folder: str, name: str, write: Callable[[str], Any]) -> str:
    """Write one file of a folder, which is told as cryoqa's; returns its path.

    Parameters
    ----------
    folder
        The folder, held by the caller; made when it is not there.
    name
        Name of the file.
    write
        Writes it to the path that it is given.

    Raises
    ------
    InputError
        A file of this name is there that cryoqa did not write, or it cannot be written.
    """
    os.makedirs(folder, exist_ok=True)
    wrong = strangers(folder, [name])
    if wrong:
        raise InputError(wrong[0])
    path, stage = os.path.join(folder, name), tempfile.mkdtemp(prefix=PREFIX, dir=folder)
    try:
        write(os.path.join(stage, name))
        new, old = sha256(os.path.join(stage, name)), owned(folder)
        if old.get(name) != [new]:
            _state(folder, {**old, name: [*old.get(name, ()), new]})
        os.replace(os.path.join(stage, name), path)
        if old.get(name, [new]) != [new]:
            _state(folder, {**old, name: [new]})
    except OSError as error:
        raise InputError(f"'{path}' cannot be written ({error.strerror or error}); check the folder, its permissions and the space on the "
                         "disk.") from None
    finally:
        shutil.rmtree(stage, ignore_errors=True)
    return path


def forget(folder: str, names: Iterable[str]) -> None:
    """Remove files of a folder that cryoqa wrote, where they are there."""
    mine = owned(folder)
    gone = [name for name in names if name in mine]
    for name in gone:
        _forget(os.path.join(folder, name))
    if gone and manifest(folder):
        _state(folder, {n: h for n, h in mine.items() if n not in gone})


def clear(folder: str, inputs: Iterable[str] = (), below: Iterable[str] = ()) -> List[str]:
    """Remove what cryoqa wrote into a folder and those ``below`` it, and nothing else; returns the paths of its files that were left.

    A file that was changed since cryoqa wrote it, or that is one of the ``inputs``, stays; of what an earlier version wrote, documents and
    maps with its label go. Folders that are empty then go too.
    """
    left: List[str] = []
    for place in [*below, folder]:
        kept, mine = {}, owned(place)
        if manifest(place):
            _state(place, mine, False)
        for name, hashes in sorted(mine.items(), key=lambda item: not item[0].endswith(".json")):     # documents first
            path = os.path.join(place, name)
            if os.path.lexists(path) and (any(_same(path, other) for other in inputs) or not _is_as_written(place, name, hashes)):
                kept[name] = hashes
            else:
                _forget(path)
        left += [os.path.join(place, name) for name in kept]
        _forget(os.path.join(place, MANIFEST))
        unknown: Dict[str, List[str]] = {name: [] for name, hashes in kept.items() if not hashes}
        if unknown:                                          # of an earlier version: its to write over, not to remove
            _state(place, unknown, False)
        if place != folder:
            try:
                os.rmdir(place)
            except OSError:
                pass
    return left


def sub_folders(folder: str) -> List[str]:
    """The folders in a folder that hold results of cryoqa, by name."""
    there = sorted(e.path for e in os.scandir(folder) if e.is_dir()) if os.path.isdir(folder) else []
    return [place for place in there if owned(place) and not os.path.basename(place).startswith(PREFIX)]


def _is_as_written(folder: str, name: str, hashes: Sequence[str]) -> bool:
    path = os.path.join(folder, name)
    try:
        if not os.path.isfile(path):
            return False
        if not hashes and name.endswith(".mrc"):
            with open(path, "rb") as stream:
                return b"cryoqa" in stream.read(_HEADER)     # in a label
        return sha256(path) in hashes or name.endswith(".json") and document_in(folder, name) is not None
    except OSError:
        return False


def _forget(path: str) -> None:
    """Remove a file where it is there, so that a folder never tells two stories."""
    try:
        os.remove(path)
    except FileNotFoundError:
        pass
