"""The documents that runs leave: paths that hold when the project is moved, and the failures of single volumes."""
from __future__ import annotations

import os
from typing import Any, Callable, Dict, Iterator, Optional

from cryoqa_plugin.results import read_json, write_json
from cryoqa_plugin.run_folder import put

_NAMES = ("result.json", "validation.json")
_FAILURE = "failure.json"


def _documents(folder: str) -> Iterator[str]:
    """The documents of a folder, and of the capabilities below it."""
    if not os.path.isdir(folder):
        return
    for place in [folder] + sorted(entry.path for entry in os.scandir(folder) if entry.is_dir()):
        yield from (path for path in (os.path.join(place, name) for name in _NAMES) if os.path.isfile(path))


def _rewrite(folder: str, change: Callable[[str], str]) -> None:
    for path in _documents(folder):
        document = read_json(path)
        given = [entry for entry in document.get("inputs", {}).values() if entry.get("path")]
        new = [change(entry["path"]) for entry in given]
        if new != [entry["path"] for entry in given]:
            for entry, value in zip(given, new):
                entry["path"] = value
            put(*os.path.split(path), lambda new, document=document: write_json(document, new))


def make_relative(folder: str) -> None:
    """Name the inputs that lie in the project, which is the working directory, relative to it, as Scipion does all its files."""
    here = os.path.realpath(os.getcwd())

    def relative(path: str) -> str:
        for root in (os.getcwd(), here):
            if os.path.isabs(path) and path.startswith(root + os.sep):
                return os.path.relpath(path, root)
        return path

    _rewrite(folder, relative)


def make_absolute(folder: str) -> None:
    """Undo :func:`make_relative`, wherever the project lies now: a validation compares the paths when it is continued."""
    _rewrite(folder, os.path.abspath)


def note_failure(folder: str, capability: str, sentence: str) -> None:
    """Keep why a volume has no result, in place of the result of an earlier run."""
    os.makedirs(folder, exist_ok=True)
    for name in _NAMES:
        if os.path.exists(os.path.join(folder, name)):
            os.remove(os.path.join(folder, name))
    write_json(dict(capability=capability, error=sentence), os.path.join(folder, _FAILURE))


def forget_failure(folder: str) -> None:
    """Remove what an earlier run left."""
    if os.path.exists(os.path.join(folder, _FAILURE)):
        os.remove(os.path.join(folder, _FAILURE))


def failure(folder: str) -> Optional[str]:
    """Why a volume has no result; None when it has one, or was not looked at yet."""
    path = os.path.join(folder, _FAILURE)
    return str(read_json(path)["error"]) if os.path.isfile(path) else None


def document(folder: str) -> Optional[Dict[str, Any]]:
    """The validation of a folder, else its result; None when there is neither."""
    for name in reversed(_NAMES):
        if os.path.isfile(os.path.join(folder, name)):
            return read_json(os.path.join(folder, name))
    return None


def is_done(folder: str) -> bool:
    """Whether a folder holds a result."""
    return document(folder) is not None
