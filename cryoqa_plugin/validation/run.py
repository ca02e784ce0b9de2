"""Running a validation: which capabilities, in which order, what is there already, and the document at the end."""
from __future__ import annotations

import os
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple

from .. import __version__, params as params_module, results, runner
from ..errors import InputError
from ..provenance import sha256
from ..registry import Capability, find, resolve
from . import resize, summary
from .items import ITEMS, Item, Judged, judge

Progress = Optional[Callable[[float, str], None]]
LEVELS = ("0", "1", "A")
FILE = "validation.json"
_FIRST = ("map_info", "mask")                    # for the context, and because the others use the mask
_ESTIMATE = "map_resolution"                     # tells the resolution of a map alone to the others when none was reported
_NAMES = {"guinier": {"resolution": "fit_to"}}   # parameters that go by another name
_COST = {"map_info": 1.0, "mask": 1.0, "fsc": 2.0, "half_map_statistics": 2.0, "directional_fsc": 2.5, "local_fsc": 4.5, "mtriage": 3.0,
         "blocres": 20.0, "resmap": 12.0, "monores": 9.0, "monodir": 60.0, "hand": 4.0, "map_resolution": 4.0}


def validate(sources: Mapping[str, str], outdir: str, *, contour: Optional[float] = None, resolution: Optional[float] = None,
             levels: Sequence[str] = LEVELS, progress: Progress = None, threads: int = 0, resume: bool = True,
             limits: Optional[Mapping[str, Mapping[str, Any]]] = None, voxel_sizes: Optional[Mapping[str, float]] = None,
             command: Optional[Sequence[str]] = None) -> Dict[str, Any]:
    """Run every item of the levels that the inputs allow, and judge them.

    Each capability is run once, into ``outdir/<id>``; a failure of one does not stop the others. What an earlier run left there with the
    same inputs, parameters and version is kept when ``resume`` is true. Local methods of level 1 work on maps resized to voxels of
    a third of the resolution, the reported one or that of the FSC, whichever is finer, where that is coarser.

    Parameters
    ----------
    sources
        Path of each input by kind: ``full_map``, ``half1`` and ``half2``, ``mask``, ``model``.
    contour
        Contour level of the map; suggested from the map when None.
    resolution
        Reported resolution (Å), which the estimates are compared with.
    levels
        Of ``0`` (map), ``1`` (half-maps), ``A`` (model).
    progress, threads, limits, voxel_sizes, command
        As for :func:`cryoqa_plugin.runner.assess`.

    Returns
    -------
    dict
        The validation document, also in ``outdir/validation.json``.
    """
    unknown = [level for level in levels if level not in LEVELS]
    if unknown or not levels:
        raise InputError(f"There is no level '{', '.join(unknown)}'; the levels are {', '.join(LEVELS)}.")
    os.makedirs(outdir, exist_ok=True)
    ready = runner.with_mean(sources, outdir)
    items = [item for item in ITEMS if item.level in levels]
    rows = _plan(items, ready)
    if not rows:
        raise InputError("There is nothing to validate: give a map, or two half-maps.")
    documents: Dict[str, Any] = {}
    given = dict(contour=contour, resolution=resolution)
    known = dict(given)
    small = resize.Resizer(outdir, resolution)
    done, total = 0.0, sum(_COST.get(row.id, 3.0) for row in rows)
    for row in rows:
        share = _COST.get(row.id, 3.0)
        say = runner.part(progress, done / total, share / total, row.title)
        say(0.0, "")
        documents[row.id] = _one(row, small.sources(row.id, ready, voxel_sizes), outdir, known, resume, threads=threads, limits=limits,
                                 voxel_sizes=voxel_sizes, command=command, progress=say)
        if row.id == "mask" and "error" not in documents["mask"]:
            ready = dict(ready, mask=os.path.join(outdir, "mask", "mask.mrc"))
        if row.id == _ESTIMATE and resolution is None and "half1" not in ready and "error" not in documents[row.id]:
            known["resolution"] = documents[row.id]["metrics"]["median"]["value"]
        if row.id == "fsc" and "error" not in documents["fsc"]:
            small.found(documents["fsc"]["metrics"]["resolution"]["value"])
        done += share
    document = _document(items, documents, ready, given, levels, command)
    results.write_json(document, os.path.join(outdir, FILE))
    return document


def _plan(items: Sequence[Item], ready: Mapping[str, str]) -> List[Capability]:
    """The rows to run, each once, in the order of the items; what others need comes first."""
    ids = list(_FIRST) + sorted((c for item in items for c in item.capabilities), key=lambda c: c != _ESTIMATE)
    known = [row for row in (find(i) for i in dict.fromkeys(ids)) if row is not None]
    possible = {row.id for row in runner.applicable(dict(ready, mask=ready.get("mask") or "to be made"), on_request=True)}
    return [row for row in known if row.id in possible and not (row.id == "mask" and (ready.get("mask") or "full_map" not in ready))]


def _one(row: Capability, sources: Mapping[str, str], outdir: str, given: Mapping[str, Any], resume: bool, *,
         voxel_sizes: Optional[Mapping[str, float]], limits: Any, **how: Any) -> Dict[str, Any]:
    """The document of one capability: the one that is there when nothing has changed, else that of a new run."""
    mine = runner.inputs_of(row, sources)
    folder = os.path.join(outdir, row.id)
    values = _values(row, given)
    if resume and limits is None:
        there = _there(row, folder, mine, values)
        if there is not None:
            how["progress"](1.0, "done before")
            return there
    sizes = {n: s for n, s in (voxel_sizes or {}).items() if n in mine}
    return runner.guarded(row, mine, values, folder, limits=limits, voxel_sizes=sizes, **how)


def _values(row: Capability, given: Mapping[str, Any]) -> Dict[str, Any]:
    known = {s.name for s in params_module.specs(resolve(row.params))}
    named = {_NAMES.get(row.id, {}).get(n, n): v for n, v in given.items()}
    return {n: v for n, v in named.items() if v is not None and n in known}


def _there(row: Capability, folder: str, sources: Mapping[str, str], values: Mapping[str, Any]) -> Optional[Dict[str, Any]]:
    """The result of an earlier run with the same inputs, parameters and version whose maps are all there; else None."""
    path = os.path.join(folder, "result.json")
    if not os.path.isfile(path):
        return None
    try:
        document = results.read_json(path)
        wanted = params_module.as_dict(params_module.build(resolve(row.params), values))
        same = (document["capability"] == row.id and document["provenance"]["cryoqa"] == __version__
                and document["parameters"] == wanted and set(document["inputs"]) == set(sources)
                and all(document["inputs"][n]["sha256"] == sha256(p) for n, p in sources.items())
                and all(os.path.isfile(os.path.join(folder, m["path"])) for m in document["maps"].values()))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return document if same else None


def _document(items: Sequence[Item], documents: Mapping[str, Any], ready: Mapping[str, str], given: Mapping[str, Any],
              levels: Sequence[str], command: Optional[Sequence[str]]) -> Dict[str, Any]:
    reported = given["resolution"]
    judged = [judge(item, documents, reported) for item in items]
    found = summary.estimates(documents)
    maps = {n: dict(path=os.path.abspath(p), sha256=sha256(p)) for n, p in ready.items()}
    return dict(schema="cryoqa/validation/1", summary=summary.summary(judged, found, reported), levels=list(levels), reported=reported,
                contour=given["contour"], inputs=maps, score=summary.score(judged), items=[_entry(j) for j in judged],
                resolutions=[dict(item=i, title=t, value=v) for i, t, v in found],
                resolution_sentence=summary.resolution_sentence(found, reported),
                not_done=[dict(capability=c, error=d["error"]) for c, d in documents.items() if "error" in d],
                command=list(command or ()), cryoqa=__version__)


def _entry(judged: Judged) -> Dict[str, Any]:
    item = judged.item
    return dict(id=item.id, title=item.title, level=item.level, capabilities=list(item.capabilities), status=judged.status,
                service_status=judged.service_status, summary=judged.summary, checks=list(judged.ours), service=list(judged.service),
                note=item.note, error=judged.error)


def found_in(folder: str) -> Optional[Tuple[Dict[str, Any], str]]:
    """The validation document of a folder and its path; None when there is none."""
    path = os.path.join(folder, FILE)
    return (results.read_json(path), path) if os.path.isfile(path) else None
