"""Running a validation: which capabilities, in which order, what is there already, and the document at the end."""
from __future__ import annotations

import os
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from .. import __version__, params as params_module, results, run_folder, runner
from ..errors import InputError
from ..io import ranges
from ..progress import Progress, part, silent
from ..registry import Capability, find, resolve
from ..study import Study
from . import arguments, headline, resize, summary
from .items import ITEMS, Item, Judged, judge_all

LEVELS = ("0", "1", "A")
FILE = runner.VALIDATION
_FIRST = ("map_info", "mask")                    # for the context, and because the others use the mask
_ESTIMATE = "map_resolution"                     # tells the resolution of a map alone to the others when none was reported


def validate(sources: Mapping[str, str], outdir: str, *, contour: Optional[float] = None, resolution: Optional[float] = None,
             levels: Sequence[str] = LEVELS, progress: Progress = silent, threads: int = 0, resume: bool = True,
             limits: Optional[Mapping[str, Mapping[str, Any]]] = None, voxel_sizes: Optional[Mapping[str, float]] = None,
             origins: Optional[Mapping[str, Sequence[float]]] = None, command: Optional[Sequence[str]] = None,
             notes: Sequence[str] = (), overwrite: bool = False) -> Dict[str, Any]:
    """Run every item of the levels that the inputs allow, and judge them.

    Each capability is run once, into ``outdir/<id>``; a failure of one does not stop the others. What an earlier run left there is kept
    when ``resume`` is true and it would come out the same, see :func:`cryoqa_plugin.resume.kept`. Local methods of level 1 work on maps
    resized to voxels of a third of the resolution, the reported one or that of the FSC, whichever is finer, where that is coarser.

    Parameters
    ----------
    sources
        Path of each input by kind: ``full_map``, ``half1`` and ``half2``, ``mask``, ``model``, ``sequence``.
    contour
        Contour level of the map; suggested from the map when None.
    resolution
        Reported resolution (Å), which the estimates are compared with.
    levels
        Of ``0`` (map), ``1`` (half-maps), ``A`` (model).
    progress, threads, limits, voxel_sizes, origins, command, notes, overwrite
        As for :func:`cryoqa_plugin.runner.execute`.

    Returns
    -------
    dict
        The validation document, also in ``outdir/validation.json``.
    """
    require_levels(levels)
    ranges.require_finite(contour, "The contour level", "contour")
    ranges.require_finite(resolution, "The reported resolution", "resolution", ranges.RESOLUTION, "Å")
    ready = runner.clean(sources)
    items = [item for item in ITEMS if item.level in levels]
    planned = _plan(items, ready)
    if not planned or not {"full_map", "half1", "half2"} & set(ready):                 # a model alone is no map to validate
        raise InputError("There is nothing to validate: give a map, or two half-maps.")
    with runner.open_study(planned, ready, outdir, voxel_sizes, notes, origins, overwrite) as study:
        given = dict(contour=contour, resolution=resolution)
        documents = _run_all(items, study, outdir, given, resume, progress, threads=threads, limits=limits, command=command)
        document = _document(items, documents, study, given, levels, command)
        run_folder.put(outdir, FILE, lambda path: results.write_json(document, path))
    return document


def require_levels(levels: Sequence[str]) -> None:
    """:class:`InputError` where there is no level, or one that is none."""
    unknown = [level for level in levels if level not in LEVELS]
    if unknown or not levels:
        raise InputError(f"There is no level '{', '.join(unknown)}'; the levels are {', '.join(LEVELS)}.")


def _run_all(items: Sequence[Item], study: Study, outdir: str, given: Mapping[str, Any], resume: bool, progress: Progress,
             **how: Any) -> Dict[str, Any]:
    """The documents of the capabilities by id; what one finds out (mask, resolution) the next ones use."""
    rows = _plan(items, study.given())
    documents: Dict[str, Any] = {}
    known, small = dict(given), resize.Resizer(outdir, given["resolution"])
    done, total = 0.0, sum(row.cost for row in rows)
    for row in rows:
        say = part(progress, done / total, row.cost / total, row.title)
        say(0.0, "")
        document = documents[row.id] = runner.one_of_many(row, runner.study_for(row, small.study(row, study)), _values(row, known),
                                                          os.path.join(outdir, row.id), resume, progress=say, **how)
        if "error" not in document:
            if row.id == "mask":
                study = runner.with_made_mask(study, outdir)
            if row.id == _ESTIMATE and given["resolution"] is None and not study.has_halves:
                known["resolution"] = document["metrics"]["median"]["value"]
            if row.id == "fsc":
                small.found(document["metrics"]["resolution"]["value"])
        done += row.cost
    return documents


def _plan(items: Sequence[Item], given: Mapping[str, Any]) -> List[Capability]:
    """The rows to run, each once, in the order of the items; what others need comes first."""
    ready = dict(given)
    if ready.get("half1") and ready.get("half2"):
        ready.setdefault("full_map", "their mean")
    ids = list(_FIRST) + sorted((c for item in items for c in item.capabilities), key=lambda c: c != _ESTIMATE)
    known = [row for row in (find(i) for i in dict.fromkeys(ids)) if row is not None]
    possible = {row.id for row in runner.applicable(dict(ready, mask=ready.get("mask") or "to be made"), on_request=True)}
    return [row for row in known if row.id in possible and not (row.id == "mask" and (ready.get("mask") or "full_map" not in ready))]


def _values(row: Capability, given: Mapping[str, Any]) -> Dict[str, Any]:
    known = {s.name for s in params_module.specs(resolve(row.params))}
    # The scores that the report of a model joins have documents of their own here.
    named = {"scores": False, **{row.resolution_param if n == "resolution" else n: v for n, v in given.items()}}
    return {n: v for n, v in named.items() if v is not None and n in known}


def _document(items: Sequence[Item], documents: Mapping[str, Any], study: Study, given: Mapping[str, Any],
              levels: Sequence[str], command: Optional[Sequence[str]]) -> Dict[str, Any]:
    reported = given["resolution"]
    every = arguments.explain(judge_all(items, documents, reported))
    judged = every[:len(items)]
    found = summary.estimates(documents)
    inputs = {n: dict(path=e["path"], sha256=e["sha256"]) for n, e in runner.described(study).items()}
    return dict(schema="cryoqa/validation/1", summary=summary.summary(every, found, reported, headline.halves_given(documents)),
                warnings=study.notes(),
                levels=list(levels), reported=reported, contour=given["contour"], inputs=inputs, score=summary.score(judged),
                trust=headline.trust(every, documents),
                items=[_entry(j) for j in judged],
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
