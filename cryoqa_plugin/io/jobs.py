"""One door to job folders: RELION's or cryoSPARC's, told apart by what lies in them."""
from __future__ import annotations

import logging
import os
from typing import Dict, List

from ..errors import InputError, MissingInputError
from . import cryosparc, relion
from .job import Body, Job
from .reading import reader

log = logging.getLogger(__name__)
__all__ = ["Body", "Job", "read_job", "sources"]


@reader("job folder", "give the folder of a RELION or cryoSPARC job", folder=True)
def read_job(folder: str, body: int = 0) -> Job:
    """What a job folder of RELION or cryoSPARC gives (see :class:`Job`).

    Parameters
    ----------
    folder
        The job folder (``Refine3D/job029``, ``J42``), or a file in it such as ``job.star`` or a ``.csg``.
    body
        Number of a body of a multi-body refinement, from 1; 0 takes the whole, or the first body.
    """
    path = str(folder)
    if os.path.isfile(path):
        path = os.path.dirname(os.path.abspath(path))
    path = os.path.abspath(path)
    if cryosparc.is_job(path):
        return cryosparc.read(path).select(body)
    if relion.is_job(path):
        return relion.read(path).select(body)
    inside = _jobs_inside(path)
    if inside:
        raise InputError(f"'{folder}' is a project or job type folder and no job; give one of its jobs, such as {', '.join(inside[:3])}.")
    raise InputError(f"'{folder}' is neither a RELION job (looked for {', '.join(relion.SIGNS[:4])}, half-maps, ...) nor a cryoSPARC job "
                     f"(looked for {', '.join(cryosparc.SIGNS[:4])}, ...); give the folder of one refinement."
                     + "".join(f" {note}" for note in cryosparc.description(path)[1]))


def sources(folder: str) -> Dict[str, str]:
    """Inputs that a job folder gives, by kind (those of :meth:`Job.sources`); one sentence when there are none.

    What is odd about the job is logged as warnings.
    """
    job = read_job(folder)
    for sentence in job.warnings:
        log.warning(sentence)
    found = job.sources()
    if not found:
        raise MissingInputError(job.missing()[0])
    return found


def _jobs_inside(path: str) -> List[str]:
    """Jobs one or two levels below a folder, RELION's ``Type/jobNNN`` and cryoSPARC's ``Jn``, the latest first."""
    out = []
    for kind in [os.path.basename(path)] + list(relion.KINDS):
        top = path if kind == os.path.basename(path) else os.path.join(path, kind)
        if os.path.isdir(top):
            names = [n for n in os.listdir(top) if n[:3] == "job" and n[3:].isdigit() or n[:1] == "J" and n[1:].isdigit()]
            out += [os.path.relpath(os.path.join(top, n), path) for n in sorted(names, reverse=True)]
    return out
