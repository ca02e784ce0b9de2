"""Before a run begins: what its folder holds already, whether that is of the same inputs, and whether the results will find room."""
from __future__ import annotations

import os
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Dict, Iterator, List, Mapping, Optional, Sequence

from . import __version__, checks, limits as limits_table, params as params_module, results, run_folder
from .errors import InputError
from .naming import typed
from .provenance import library_versions, sha256
from .registry import BY_ID, Capability, resolve
from .run_folder import DOCUMENTS, RESULT, VALIDATION

if TYPE_CHECKING:
    from .study import Study

MEAN, RESIZED = "mean", "resized"                # folders of the maps that a run makes for itself
DENSITIES = ("full_map", "half1", "half2")
_SAME_VOXEL = 1e-6                               # Å
_BYTES = 4                                       # of a voxel
Inputs = Mapping[str, Mapping[str, Any]]         # path and sha256, and of maps the grid, by kind


# ---------------------------------------------------------------- what the results are of

def described(study: Study) -> Dict[str, Any]:
    """The inputs of a document: path (None for what is in memory), SHA-256, and the grid of maps."""
    out: Dict[str, Any] = {}
    for name, value in study.given().items():
        path = getattr(value, "path", None)
        out[name] = dict(path=os.path.abspath(path) if path else None, sha256=study.sha256(name))
        if name in study.maps():
            out[name].update(shape=list(value.shape), voxel_size=[float(v) for v in value.voxel_size],
                             origin=[float(v) for v in value.origin])
    return out


def named(sources: Mapping[str, str]) -> Dict[str, Any]:
    """Path and SHA-256 of files by kind, without reading what is in them; the shape of maps."""
    from .io.inputs import read_headers
    shapes = {n: list(h.shape) for n, h in read_headers(sources).items()}
    return {n: dict(dict(shape=shapes[n]) if n in shapes else {}, path=os.path.abspath(p), sha256=sha256(p)) for n, p in sources.items()
            if p and (os.path.isfile(p) or os.path.isdir(p))}


def made_in(folder: str, path: Optional[str]) -> bool:
    """Whether an input is a file that cryoqa made in a folder or below it: the mean of the half-maps, a mask, a coarser map."""
    root = os.path.realpath(folder)
    place, name = os.path.split(os.path.realpath(path)) if path else ("", "")
    if not path or os.path.commonpath([root, place]) != root:
        return False
    if name in run_folder.owned(place) or os.path.basename(place) == RESIZED:
        return True
    return place == root and name == "full_map.mrc" and not run_folder.manifest(root) and bool(run_folder.sub_folders(root))


def told(document: Mapping[str, Any], folder: str) -> Dict[str, Any]:
    """The inputs of a document as the manifest of its folder tells them: ``made`` are those that the run made in a folder beside it."""
    root = os.path.dirname(os.path.abspath(folder))
    return {k: dict(e, made=True) if made_in(root, e.get("path")) else e for k, e in document["inputs"].items()}


def other_inputs(folder: str, new: Inputs, below: bool = False) -> Optional[str]:
    """A sentence when a folder holds results of other inputs than those of a run; None when it does not.

    Parameters
    ----------
    folder
        Output folder of the run; it need not be there.
    new
        Inputs of the run.
    below
        The run writes into a folder for each capability below it.
    """
    for place in [folder] + (_below(folder) if below else []):
        for known in _inputs_of(place):
            kinds = _differing({k: e for k, e in known.items() if not (e.get("made") or made_in(folder, e.get("path")))}, new)
            if kinds is not None:
                before, now = _in_words(*({k: e for k, e in each.items() if k in kinds} for each in (known, new)))
                return (f"The folder '{folder}' holds results of {before}, and this run is on {now}. Give another output folder, or "
                        f"{typed('overwrite')}, which removes what cryoqa wrote into this one.")
    return None


def _below(folder: str) -> List[str]:
    """The folders of capabilities, and of what a run made for itself, in a folder."""
    return [place for place in run_folder.sub_folders(folder) if os.path.basename(place) in (*BY_ID, MEAN, RESIZED)]


def _inputs_of(folder: str) -> List[Inputs]:
    """The inputs that the manifest of a folder tells, else those of its documents."""
    told = run_folder.manifest(folder).get("inputs")
    if told:
        return [told]
    found = [run_folder.document_in(folder, name) for name in DOCUMENTS]
    return [d["inputs"] for d in found if d and isinstance(d.get("inputs"), dict)]


def _differing(known: Inputs, new: Inputs) -> Optional[List[str]]:
    """The kinds in which inputs differ; all densities where none is in both; None when they go together."""
    kinds = [k for k in new if k in known and known[k].get("sha256") != new[k].get("sha256")]
    densities = [[k for k in DENSITIES if k in each] for each in (known, new)]
    if not kinds and all(densities) and not set(densities[0]) & set(densities[1]):
        kinds = list(DENSITIES)
    return kinds or None


def _in_words(before: Inputs, now: Inputs) -> List[str]:
    """How two sets of files are called, so that they can be told apart."""
    def words(inputs: Inputs, short: bool) -> str:
        paths = [str(e.get("path") or f"{kind} in memory") for kind, e in inputs.items()]
        return " and ".join(dict.fromkeys(os.path.basename(p) if short else p for p in paths))

    found = [words(each, True) for each in (before, now)]
    if found[0] == found[1]:
        found = [words(each, False) for each in (before, now)]
    return found if found[0] != found[1] else [f"{found[0]} as it was before it changed", f"{found[1]} as it is now"]


# ---------------------------------------------------------------- before a run

@contextmanager
def writing(folder: Optional[str], rows: Sequence[Capability], new: Inputs, *, below: bool = False, also: Sequence[str] = (),
            overwrite: bool = False) -> Iterator[None]:
    """Within this a run writes into a folder, and nobody else; whatever stands against that is said before anything is computed.

    Parameters
    ----------
    folder
        Where the results go; None for nowhere.
    rows
        What is to be run.
    new
        Inputs of the run, none of which is written over.
    below
        Each of ``rows`` gets a folder of its own in ``folder``.
    also
        What else is written of each map, see :func:`cryoqa_plugin.runner.execute`.
    overwrite
        Results of other inputs, which are refused, are removed.

    Raises
    ------
    InputError
        The folder cannot be written to or is in use, holds results of other inputs, or files that are not of cryoqa where results
        would go, or the disk is full.
    """
    if folder is None:
        yield
        return
    with run_folder.held(folder):
        for name in (*BY_ID, MEAN, RESIZED) if below else ():
            if os.path.isdir(os.path.join(folder, name)):
                run_folder.tidy(os.path.join(folder, name))
        paths = [str(e["path"]) for e in new.values() if e.get("path")]
        wrong = other_inputs(folder, new, below)
        if wrong and not overwrite:
            raise InputError(wrong)
        if wrong:
            run_folder.clear(folder, paths, _below(folder) if below else ())
        _refuse(_in_the_way(folder, rows, paths, below, also) or _no_room(folder, rows, new, also))
        yield


def _refuse(wrong: Sequence[str]) -> None:
    if wrong:
        raise InputError(wrong[0])


def _in_the_way(folder: str, rows: Sequence[Capability], inputs: Sequence[str], below: bool, also: Sequence[str]) -> List[str]:
    """Sentences about what lies where the results will go."""
    if not below:
        return run_folder.strangers(folder, [n for row in rows for n in files_of(row, folder, also)], inputs)
    places = {os.path.join(folder, row.id): row for row in rows}
    for place in [*places, os.path.join(folder, MEAN), os.path.join(folder, RESIZED)]:
        if os.path.lexists(place) and not os.path.isdir(place):
            return [f"{place} is a file, and a folder of this name is to be made; choose another output folder."]
    wrong = run_folder.strangers(folder, [VALIDATION], inputs)
    wrong += run_folder.strangers(os.path.join(folder, MEAN), ["full_map.mrc"], inputs)
    return wrong + [line for place, row in places.items() for line in run_folder.strangers(place, files_of(row, place, also), inputs)]


def files_of(row: Capability, folder: str, also: Sequence[str] = ()) -> List[str]:
    """Names of the files that a capability may write; of lists of maps those that are in the folder."""
    from .io.outputs import ALSO
    cls = resolve(row.result)
    maps = [file for name, info in results.declared(cls, "map").items()
            for file in (info.get("file", name + ".mrc"), *(name + ALSO[kind] for kind in also))]
    lists = [re.compile(re.escape(name) + r"_\d+\.mrc") for name in results.declared(cls, "maps")]
    there = os.listdir(folder) if lists and os.path.isdir(folder) else []
    return [RESULT, *maps, *(n for n in there if any(p.fullmatch(n) for p in lists)), *(n + ".cif" for n in results.declared(cls, "model")),
            *(info["name"] for info in results.declared(cls, "file").values()), *(n + ".csv" for n in results.declared(cls, "table"))]


def expected_bytes(rows: Sequence[Capability], new: Inputs, also: Sequence[str] = ()) -> int:
    """Bytes that the maps of some capabilities take on the disk at most: each that they declare, in the largest box."""
    sizes = [e["shape"][0] * e["shape"][1] * e["shape"][2] for e in new.values() if len(e.get("shape") or ()) == 3]
    others = sum(kind.startswith("others") for kind in new)
    count = 0
    for cls in (resolve(row.result) for row in rows):
        count += len(results.declared(cls, "map")) * (1 + len(also)) + others * len(results.declared(cls, "maps"))
    return _BYTES * max(sizes, default=0) * count


def _no_room(folder: str, rows: Sequence[Capability], new: Inputs, also: Sequence[str]) -> List[str]:
    """A sentence when the disk has less space than the maps need that are not there yet."""
    needed = expected_bytes(rows, new, also)
    for place in [folder, *_below(folder)]:
        needed -= sum(_size(os.path.join(place, name)) for name in run_folder.owned(place))
    disk = os.statvfs(folder)
    free = disk.f_bavail * disk.f_frsize
    if needed <= free:
        return []
    return [f"The results need up to {needed / 1e9:.3g} GB and '{folder}' has {free / 1e9:.3g} GB left; free some space, or give another "
            "output folder."]


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0


# ---------------------------------------------------------------- what is done already

def judge(row: Capability, has_halves: bool, metrics: Mapping[str, Any],
          limits: Optional[Mapping[str, Mapping[str, Any]]]) -> List[Dict[str, Any]]:
    """Outcomes of the checks of a capability on the values of its document; without half-maps there is nothing to hold against a limit
    on them."""
    table = [c for c in checks.override(limits_table.CHECKS, limits).get(row.id, ()) if has_halves or not c.metric.startswith("half_maps_")]
    return checks.causes_first(checks.evaluate(table, metrics), limits_table.EXPLAINED)


def kept(row: Capability, study: Study, values: Optional[Mapping[str, Any]], folder: str,
         limits: Optional[Mapping[str, Mapping[str, Any]]]) -> Optional[Dict[str, Any]]:
    """The document of an earlier run that a new one would make again, judged by the limits that hold now; None when there is none.

    It is of the same capability, inputs with their grids, parameters and versions of cryoqa and its libraries, and every file that belongs
    to it is there to the byte.

    Parameters
    ----------
    row, study, values
        What would be run.
    folder
        Folder of its results, held by the caller.
    limits
        Limits that override those of the table of checks.

    Returns
    -------
    dict or None
        The document; written anew when the limits have changed its checks.
    """
    document = run_folder.document_in(folder, RESULT)
    if document is None:
        return None
    wanted = params_module.as_dict(params_module.build(resolve(row.params), values))
    try:
        same = (document["capability"] == row.id and document["provenance"]["cryoqa"] == __version__
                and document["provenance"]["versions"] == library_versions() and document["parameters"] == wanted
                and document["inputs"] == described(study))
        judged = judge(row, study.has_halves, document["metrics"], limits)
        before = document["checks"]
    except (KeyError, TypeError, AttributeError):
        return None
    if not same or not run_folder.intact(folder):
        return None
    if judged != before:
        document["checks"] = judged
        run_folder.put(folder, RESULT, lambda path: results.write_json(document, path))
    return document
