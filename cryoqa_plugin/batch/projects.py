"""The refinements of a RELION or cryoSPARC project: which there are, which have finished, and the maps that each one left."""
from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from typing import Any, Dict, List, Optional, Tuple

from ..errors import CryoqaError, InputError, MissingInputError
from ..io import ranges
from ..io.jobs import read_job
from ..io.star import read_star
from .lists import Job

FINISHED, FAILED, RUNNING = "finished", "failed", "running"
RELION_KINDS = ("Refine3D", "PostProcess", "MultiBody")
_RELION_SIGNS = ("default_pipeline.star", ".gui_projectdir")
_CRYOSPARC_SIGNS = ("project.json", "cs.lock", "workspaces.json", "job_manifest.json")
_RELION_JOB, _CRYOSPARC_JOB = re.compile(r"job\d+$"), re.compile(r"J\d+$")
_ENDS = {"RELION_JOB_EXIT_SUCCESS": FINISHED, "RELION_JOB_EXIT_FAILURE": FAILED, "RELION_JOB_EXIT_ABORTED": FAILED}
_PIPELINE = {"2": FINISHED, "3": FAILED, "4": FAILED, "succeeded": FINISHED, "failed": FAILED, "aborted": FAILED}
_CRYOSPARC_ENDS = {"completed": FINISHED, "failed": FAILED, "killed": FAILED}
_REFINEMENT = re.compile(r"(homo|nonuniform|non_uniform|new_local|naive_local|local|helix|helical)_(refine|reconst)|flex_highres")
_KINDS = ("full_map", "half1", "half2", "mask")              # what a validation takes of a job


@dataclass(frozen=True)
class Refinement:
    """One job of a project: its ``label`` as the program calls it, its folder, ``state`` (finished, failed or running), and ``mark``, the
    file that tells so and changes when the job ends again."""

    label: str
    folder: str
    state: str
    mark: str


def require_project(folder: str) -> None:
    """Make sure that a folder is a project.

    Parameters
    ----------
    folder
        Of a RELION project, or of a project of cryoSPARC (``CS-name`` or ``Pn``, which holds the folders ``J1``, ``J2``, ...).

    Raises
    ------
    InputError
        It does not exist, or there is no sign of a project in it.
    """
    if not os.path.isdir(folder):
        raise InputError(f"The project folder '{folder}' does not exist; give the folder of a RELION or cryoSPARC project.")
    names = set(os.listdir(folder))
    if names & {*_RELION_SIGNS, *_CRYOSPARC_SIGNS, *RELION_KINDS} or any(_CRYOSPARC_JOB.match(n) for n in names):
        return
    above = os.path.dirname(os.path.abspath(folder))
    inside = _RELION_JOB.match(os.path.basename(os.path.abspath(folder))) or "job.json" in names
    project = os.path.dirname(above) if inside and "job.json" not in names else above
    hint = f" It looks like a job; its project is {project}." if inside else ""
    raise InputError(f"'{folder}' is no project: there is neither {_RELION_SIGNS[0]} nor a folder {', '.join(RELION_KINDS)} of RELION, and "
                     f"no {_CRYOSPARC_SIGNS[0]} or J1, J2, ... of cryoSPARC.{hint}")


def refinements(folder: str) -> List[Refinement]:
    """The refinements of a project in the order of their numbers.

    Parameters
    ----------
    folder
        The project.

    Returns
    -------
    list of Refinement
        RELION's Refine3D, PostProcess and MultiBody; cryoSPARC's homogeneous, non-uniform, local and helical refinements and
        reconstructions.
    """
    return sorted(_relion(folder) + _cryosparc(folder), key=lambda r: (int(re.findall(r"\d+", os.path.basename(r.folder))[-1]), r.label))


def _folders(top: str, pattern: Any) -> List[str]:
    """Folders by name; a link is the alias of one of them."""
    if not os.path.isdir(top):
        return []
    return sorted(e.path for e in os.scandir(top) if pattern.match(e.name) and e.is_dir(follow_symlinks=False))


def _relion(project: str) -> List[Refinement]:
    found = [(kind, place) for kind in RELION_KINDS for place in _folders(os.path.join(project, kind), _RELION_JOB)]
    told: Optional[Dict[str, str]] = None
    out = []
    for kind, place in found:
        mark = next((m for m in _ENDS if os.path.exists(os.path.join(place, m))), "")
        if mark:
            state, path = _ENDS[mark], os.path.join(place, mark)
        else:                                                # RELION 3.0 leaves no marks; the list of the project tells
            told = _pipeline(project) if told is None else told
            state = _PIPELINE.get(told.get(f"{kind}/{os.path.basename(place)}/", "").lower(), RUNNING)
            path = os.path.join(place, "run.job")
        out.append(Refinement(f"{kind}/{os.path.basename(place)}", place, state, path))
    return out


def _pipeline(project: str) -> Dict[str, str]:
    """State of each job by its name, as the list of a RELION project has it."""
    path = os.path.join(project, "default_pipeline.star")
    try:
        table = read_star(path, ["pipeline_processes"])["pipeline_processes"] if os.path.isfile(path) else None
    except (CryoqaError, KeyError):                          # RELION is writing it
        table = None
    if table is None or "rlnPipeLineProcessName" not in table.columns:
        return {}
    states = table.columns.get("rlnPipeLineProcessStatusLabel", table.columns.get("rlnPipeLineProcessStatus", ()))
    return {str(name): str(state).split(".")[0] for name, state in zip(table.columns["rlnPipeLineProcessName"], states)}


def _cryosparc(project: str) -> List[Refinement]:
    out = []
    for place in _folders(project, _CRYOSPARC_JOB):
        path = os.path.join(place, "job.json")
        about = _description(path)
        if _REFINEMENT.match(str(about.get("job_type") or about.get("type") or "")) and not about.get("deleted"):
            label = " ".join(str(w) for w in (about.get("project_uid"), os.path.basename(place)) if w)
            out.append(Refinement(label, place, _CRYOSPARC_ENDS.get(str(about.get("status")), RUNNING), path))
    return out


def _description(path: str) -> Dict[str, Any]:
    """What ``job.json`` says; nothing while cryoSPARC is writing it."""
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            about = json.load(stream)
    except (OSError, ValueError, RecursionError):
        return {}
    return about if isinstance(about, dict) else {}


def name_of(refinement: Refinement) -> str:
    """The name of a refinement in the group page, which is that of its folder of results too."""
    return re.sub(r"[^\w.-]+", "_", refinement.label)


def maps_of(refinement: Refinement, outdir: str) -> List[Job]:
    """What is validated of a finished refinement: its maps, or those of each of its bodies.

    Parameters
    ----------
    refinement
        It has finished.
    outdir
        Where the folders of results go.

    Returns
    -------
    list of Job
        With the resolution that the program reports, and what is to be known of the job.

    Raises
    ------
    CryoqaError
        The job cannot be read, or its maps are gone.
    """
    whole = read_job(refinement.folder)
    out = []
    for number in [b.number for b in whole.bodies] or [0]:
        job = whole.select(number)
        sources = {k: p for k, p in job.sources().items() if k in _KINDS}
        if not (sources.get("full_map") or {"half1", "half2"} <= set(sources)):
            raise MissingInputError(job.missing()[0])
        name = name_of(refinement) + (f"_body{number}" if number else "")
        other = bool(job.voxel_size and job.voxel_size != job.header_voxel_size)
        out.append(Job(name, os.path.join(os.path.abspath(outdir), name), sources, resolution=_reported(job),
                       voxel_size=job.voxel_size if other else None, notes=tuple(job.warnings)))
    return out


def _reported(job: Any) -> Optional[float]:
    """The resolution (Å) that a program reports; RELION's Refine3D and MultiBody measure theirs without a mask, and nobody reports it."""
    known = None if job.kind in ("Refine3D", "MultiBody") else job.resolution
    return known if known and ranges.within(known, ranges.RESOLUTION) else None


def stamp(paths: Tuple[str, ...]) -> Dict[str, List[int]]:
    """Size and time of files; it changes when one of them does, and when one comes or goes."""
    out = {}
    for path in paths:
        try:
            state = os.stat(path)
            out[path] = [state.st_size, state.st_mtime_ns]
        except OSError:
            out[path] = []
    return out


def files_of(refinement: Refinement) -> Tuple[str, ...]:
    """The files of a job folder that a reader looks at: what is watched of a job that could not be read."""
    names = sorted(os.listdir(refinement.folder)) if os.path.isdir(refinement.folder) else []
    return tuple(os.path.join(refinement.folder, n) for n in names if n.endswith((".star", ".json", ".mrc", ".cs", ".csg", ".job")))
