"""Watching a project: every refinement that finishes gets its report and its row in the group page, once."""
from __future__ import annotations

import hashlib
import json
import logging
import os
import time
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence

from .. import __version__, machine, results, run_folder
from ..errors import CryoqaError, InputError
from ..progress import Progress, silent
from ..report.group import Group, require_place
from ..validation.run import LEVELS, require_levels
from .crew import Crew
from .lists import Job
from .projects import FAILED, FINISHED, Refinement, files_of, maps_of, name_of, refinements, require_project, stamp
from .work import OUTCOME, How, conclude, memory_needed, refused

STATE, SCHEMA = "watch.json", "cryoqa/watch/1"
Run = Callable[[Job, How, Progress], Dict[str, Any]]
log = logging.getLogger(__name__)


def watch(project: str, outdir: str, *, levels: Sequence[str] = LEVELS, threads: int = 0, every: float = 60.0, once: bool = False,
          retry: bool = False, limits: Optional[Mapping[str, Mapping[str, Any]]] = None, progress: Progress = silent,
          command: Sequence[str] = (), memory: float = 0.0, pdf: bool = False, run: Optional[Run] = None,
          pause: Callable[[float], Any] = time.sleep) -> Dict[str, Any]:
    """Validate every refinement of a project that has finished, and go on with those that finish later.

    What was done is kept in ``outdir/watch.json``: it is done again only when the job has ended again or its files have changed, or the
    levels, the limits or the version of cryoqa have. A job that failed here is not tried again until then, or until ``retry``.

    Parameters
    ----------
    project
        Folder of a RELION or cryoSPARC project; see :func:`cryoqa_plugin.batch.projects.refinements`.
    outdir
        Gets a folder a refinement, ``group.html`` and ``group.tsv``; one watcher at a time.
    levels, threads, limits, pdf, memory, progress
        As for :func:`cryoqa_plugin.batch.run.batch`.
    every
        Seconds between two looks at the project.
    once
        Return when all that has finished by now is done; else only an exception ends it.
    retry
        Try again what failed in an earlier run.
    command
        The command that led here, for the provenance.
    run, pause
        What validates a map, and what waits; for tests.

    Returns
    -------
    dict
        ``jobs``: what is known of each refinement, by its name; ``paths``: files of the group report, if there is one.
    """
    require_project(project)
    require_levels(levels)
    how = How(tuple(levels), threads, True, limits, tuple(command), pdf)
    with run_folder.held(outdir), Crew() as crew:
        require_place(outdir)
        watcher = Watcher(project, outdir, how, memory or machine.memory() or float("inf"), run or crew.run, progress)
        if retry:
            watcher.forget_failures()
        while True:
            watcher.look()
            crew.rest()
            if once:
                return dict(jobs=watcher.jobs, paths=watcher.draw())
            pause(every)


class Watcher:
    """What is known of the refinements of a project, kept in a file.

    Parameters
    ----------
    project, outdir
        As for :func:`watch`.
    how
        What holds for all.
    memory
        Bytes that a map may take.
    run
        Validates a map.
    progress
        Told how far a map is.
    """

    def __init__(self, project: str, outdir: str, how: How, memory: float, run: Run, progress: Progress) -> None:
        self._project, self._outdir, self._how, self._memory, self._run, self._progress = project, outdir, how, memory, run, progress
        self._group, self._said = Group(outdir), ""
        told = dict(levels=sorted(how.levels), limits=how.limits, pdf=how.pdf, cryoqa=__version__)
        self._terms = hashlib.sha256(json.dumps(told, sort_keys=True).encode("utf-8")).hexdigest()
        self.jobs: Dict[str, Dict[str, Any]] = self._known()

    def _known(self) -> Dict[str, Dict[str, Any]]:
        """What an earlier watcher kept; nothing where its file is damaged: the folders of results tell what is done, too."""
        found = run_folder.document_in(self._outdir, STATE) or {}
        jobs = found.get("jobs")
        here = found.get("project") == os.path.abspath(self._project)
        if found and not here:
            raise InputError(f"'{self._outdir}' is the folder of another project ({found.get('project')}); give another one, or remove its "
                             f"{STATE} where the project was moved.")
        return {n: e for n, e in jobs.items() if isinstance(e, dict)} if isinstance(jobs, dict) else {}

    def _keep(self) -> None:
        document = dict(schema=SCHEMA, project=os.path.abspath(self._project), cryoqa=__version__, jobs=self.jobs)
        run_folder.put(self._outdir, STATE, lambda path: results.write_json(document, path))

    def forget_failures(self) -> None:
        """Have the jobs that failed tried again."""
        for entry in self.jobs.values():
            if entry.get("error"):
                entry["files"] = {}

    def look(self) -> None:
        """Do all that has finished by now."""
        try:
            found = refinements(self._project)
        except OSError as error:                             # a file system that is away for a while
            log.warning("The project cannot be read at the moment (%s).", error.strerror or error)
            return
        todo = [r for r in found if r.state == FINISHED and not self._is_done(r)]
        for i, refinement in enumerate(todo):
            self._do(refinement, f"{i + 1} of {len(todo)}: {refinement.label}")
        counts = {s: sum(r.state == s for r in found) for s in (FINISHED, FAILED)}
        said = (f"Refinements of the project: {counts[FINISHED]} finished, {len(found) - sum(counts.values())} running or waiting, "
                f"{counts[FAILED]} failed.")
        if said != self._said:
            log.info("%s", said)
            self._said = said

    def _is_done(self, refinement: Refinement) -> bool:
        """Whether all is there that this watcher would make, of these very files."""
        entry = self.jobs.get(name_of(refinement), {})
        files, rows = entry.get("files"), entry.get("maps")
        if not isinstance(files, dict) or not isinstance(rows, list) or refinement.mark not in files:
            return False
        now = stamp(tuple(files))
        same = all(now[p] == files[p] or not now[p] for p in files)      # a report outlives the files that are cleaned away after it
        there = all(os.path.isfile(os.path.join(self._outdir, str(row), OUTCOME)) for row in rows)
        return same and there and entry.get("terms") == self._terms

    def _do(self, refinement: Refinement, words: str) -> None:
        """One refinement; its failure is kept, and stops nothing."""
        before = self.jobs.get(name_of(refinement), {})
        again = bool(before.get("error"))
        files = stamp((refinement.mark, refinement.folder, *files_of(refinement)))         # of a job that cannot be read
        try:
            maps = maps_of(refinement, self._outdir)
            files = stamp((refinement.mark, *sorted({p for job in maps for p in job.sources.values()})))
        except CryoqaError as fault:
            maps, outcomes = [], [self._unread(refinement, str(fault))]
        except Exception as fault:
            log.error("A fault of cryoqa, please report it:", exc_info=fault)
            maps, outcomes = [], [self._unread(refinement, f"A fault of cryoqa stopped it ({type(fault).__name__}: {fault}).")]
        else:
            log.info("%s", words)
            outcomes = [self._validated(job, again) for job in maps]
        errors = [o["error"] for o in outcomes if o["error"]]
        self.jobs[name_of(refinement)] = dict(
            label=refinement.label, folder=refinement.folder, status=FAILED if errors else "done", error=" ".join(errors),
            maps=[o["name"] for o in outcomes], files=files, terms=self._terms, time=time.strftime("%Y-%m-%d %H:%M:%S"))
        self._keep()
        for outcome in outcomes:
            if outcome["error"]:
                log.warning("%s: %s", outcome["name"], outcome["error"])
            else:
                log.info("%s: %s", outcome["name"], outcome["summary"] if outcome["did"] else "done before.")
        self.draw()

    def _unread(self, refinement: Refinement, error: str) -> Dict[str, Any]:
        name = name_of(refinement)
        job = Job(name, os.path.join(os.path.abspath(self._outdir), name), {})
        return dict(conclude(job, "", "", error, False, 0.0), did=True)

    def _validated(self, job: Job, again: bool) -> Dict[str, Any]:
        need = float(memory_needed(job, self._how))
        if need > self._memory:
            return refused(job, self._how, need, self._memory)
        if again and os.path.isdir(job.folder):
            with run_folder.held(job.folder, 10.0):
                run_folder.forget(job.folder, [OUTCOME])     # or what failed would pass for looked at
        try:
            return self._run(job, self._how, lambda fraction, message: self._tell(job, fraction, message))
        except OSError as fault:
            return dict(conclude(job, "", "", f"It could not be run ({fault.strerror or fault}).", True, 0.0), did=True)

    def _tell(self, job: Job, fraction: float, message: str) -> None:
        if self._progress is not None:
            self._progress(fraction, f"{job.name}: {message}")

    def draw(self) -> Dict[str, str]:
        """Draw the group page, when there is a map for it; returns format -> path."""
        return self._group.write() if self._group.entries() else {}


def failures(jobs: Mapping[str, Mapping[str, Any]]) -> List[str]:
    """The names of the refinements that failed here."""
    return [name for name, entry in jobs.items() if entry.get("error")]
