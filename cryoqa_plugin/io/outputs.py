"""What a result leaves in its folder, by role: maps, lists of maps, models, files, long tables, and the document itself."""
from __future__ import annotations

import csv
import io
import os
from dataclasses import replace
from typing import Any, Dict, List, Mapping, Sequence

from ..files import as_bytes, replacing
from ..plain_text import cell
from ..results import Result, Table, declared, write_json
from ..run_folder import RESULT, held, together
from .maps import Map, write_map
from .models import write_model
from .mtz import write_mtz

ALSO = {"mtz": ".mtz", "shifted": "_shifted.mrc"}            # what may be written of each map too
_PATHS = ("path", "csv", *ALSO)                              # what holds a path in the entry of an output
_LONG = 50                                                   # rows from which a table is also written as CSV


def save(result: Result, folder: str) -> str:
    """Write a result and its document into ``folder``; returns the path of ``result.json``.

    Parameters
    ----------
    result
        The result, with its document when a Study that was opened made it.
    folder
        Where to; a result that is there is replaced, with the files that belong to it.

    Raises
    ------
    InputError
        The folder cannot be written to, or a file in it that is not of cryoqa is in the way.
    """
    document = dict(result.document)
    with held(folder), together(folder, RESULT, document.get("inputs")) as stage:
        write_beside(result, document, stage)
        write_json(document, os.path.join(stage, RESULT))
    return os.path.join(folder, RESULT)


def placed(document: Mapping[str, Any], folder: str) -> Dict[str, Any]:
    """A copy of a document whose paths are whole: those of its outputs count from the folder that it was written to."""
    def whole(entry: Mapping[str, Any]) -> Dict[str, Any]:
        at = {k: os.path.abspath(os.path.join(folder, v)) for k, v in entry.items() if k in _PATHS and isinstance(v, str)}
        lists = {k: [os.path.abspath(os.path.join(folder, v)) for v in entry[k]] for k in ("paths",) if k in entry}
        return dict(entry, **at, **lists)

    out = dict(document)
    for block in ("maps", "lists", "models", "files", "tables"):
        if block in out:
            out[block] = {name: whole(entry) for name, entry in out[block].items()}
    return out


def write_beside(result: Result, document: Dict[str, Any], folder: str, also: Sequence[str] = ()) -> None:
    """Write what goes beside ``result.json`` and name it in ``document``.

    Parameters
    ----------
    result
        The result.
    document
        Its document; ``maps``, ``lists``, ``models``, ``files`` and the ``csv`` of long tables are filled in.
    folder
        Where to write: one of :func:`cryoqa_plugin.run_folder.together`, so that all appear at once and nothing is written over.
    also
        What else is written of each map: ``mtz``, ``shifted``.

    Raises
    ------
    InputError
        An output cannot be written.
    """
    label = f"cryoqa {document.get('capability') or type(result).__name__}: "
    document["maps"] = {}
    for name, info in declared(type(result), "map").items():
        if getattr(result, name) is not None:
            files = dict({"path": info.get("file", name + ".mrc")}, **{kind: name + ALSO[kind] for kind in also})
            _write_one_map(getattr(result, name), files, folder, label + name + result.label(name), "file" in info)
            document["maps"][name] = dict(files, **info)
    for role, key in (("maps", "lists"), ("model", "models"), ("file", "files")):
        entries = {n: i for n, i in declared(type(result), role).items() if getattr(result, n) is not None}
        if entries:
            document[key] = {n: _WRITERS[role](getattr(result, n), n, i, folder, label) for n, i in entries.items()}
    for name, found in result.tables.items():
        if len(found.rows) > _LONG:
            _write_csv(found, os.path.join(folder, name + ".csv"))
            document["tables"][name] = dict(document["tables"][name], csv=name + ".csv")


def _write_one_map(map_: Map, files: Mapping[str, str], folder: str, label: str, start: bool) -> None:
    paths = {kind: os.path.join(folder, name) for kind, name in files.items()}
    write_map(paths["path"], map_, labels=(label,), start=start)
    if "mtz" in paths:
        write_mtz(paths["mtz"], map_)
    if "shifted" in paths:
        write_map(paths["shifted"], replace(map_, origin=(0.0, 0.0, 0.0)), labels=(label,))


def _write_maps(maps: Sequence[Map], name: str, info: Mapping[str, Any], folder: str, label: str) -> Dict[str, Any]:
    names: List[str] = [f"{name}_{i}.mrc" for i in range(1, len(maps) + 1)]
    for file, map_ in zip(names, maps):
        write_map(os.path.join(folder, file), map_, labels=(label + name,))
    return dict(paths=names, **info)


def _write_model(model: Any, name: str, info: Mapping[str, Any], folder: str, label: str) -> Dict[str, Any]:
    write_model(os.path.join(folder, name + ".cif"), model)
    return dict(path=name + ".cif", **info)


def _write_file(content: Any, name: str, info: Mapping[str, Any], folder: str, label: str) -> Dict[str, Any]:
    with replacing(os.path.join(folder, info["name"])) as stream:
        stream.write(as_bytes(content) if isinstance(content, str) else content)
    return dict(path=info["name"], meaning=info["meaning"])


_WRITERS = {"maps": _write_maps, "model": _write_model, "file": _write_file}


def _write_csv(found: Table, path: str) -> None:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([cell(str(c)) for c in found.typed])
    writer.writerows([[cell(v) for v in row] for row in found.rows])
    with replacing(path) as stream:
        stream.write(as_bytes(text.getvalue()))
