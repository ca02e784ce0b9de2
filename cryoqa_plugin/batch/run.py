"""Running a batch: every map of a list, as many at a time as cores and memory allow or on a cluster, and the group report."""
from __future__ import annotations

import logging
import os
import threading
import time
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import replace
from typing import Any, Dict, Mapping, Optional, Sequence

from .. import __version__, machine, results, run_folder
from ..core.threads import available
from ..errors import InputError
from ..progress import Progress, silent
from ..report.group import Group, require_place
from ..validation.run import LEVELS, require_levels
from .crew import Crew
from .lists import Job, read_list
from .schedule import Place, Queue, threads_of
from .work import How, memory_needed, outcome_from, refused

_OFTEN, _SHARE = 5.0, 50.0                       # seconds between two drawings of the group page, and how many times as long as one takes
log = logging.getLogger(__name__)


def batch(path: str, outdir: str, *, levels: Sequence[str] = LEVELS, threads: int = 0, workers: int = 1, scheduler: str = "",
          progress: Progress = silent, limits: Optional[Mapping[str, Mapping[str, Any]]] = None,
          resume: bool = True, command: Sequence[str] = (), memory: float = 0.0, pdf: bool = False) -> Dict[str, Any]:
    """Validate every map of a list into ``outdir/<name>`` and write the group report; a map that fails stops no other.

    Parameters
    ----------
    path
        The list; see :func:`cryoqa_plugin.batch.lists.read_list`.
    levels, limits, resume
        As for :func:`cryoqa_plugin.validation.run.validate`. With ``resume`` a map that is done is left as it is.
    threads
        Threads of each map; 0 shares the cores that this process may use among the maps that run side by side.
    workers
        Maps at a time on this machine; 0 for one a core. Fewer run where memory allows no more.
    scheduler
        Address of a Dask scheduler; its workers do the maps in place of this machine.
    progress
        ``progress(fraction, message)``.
    memory
        Bytes that the maps may take together; 0 for those of the machine, or of the container or queue that it runs in.
    pdf
        Draw each report as PDF too.

    Returns
    -------
    dict
        ``maps``: outcome of each map in the order of the list; ``paths``: files of the group report.
    """
    jobs = read_list(path, outdir)
    require_levels(levels)
    if workers < 0:
        raise InputError(f"There are {workers} workers; there must be at least 1, or 0 for one a core.")
    how = How(tuple(levels), threads, resume, limits, tuple(command), pdf)
    cluster = _cluster(scheduler) if scheduler else None
    with run_folder.held(outdir):
        require_place(outdir)
        head = dict(schema="cryoqa/batch/1", list=os.path.abspath(path), maps=[j.name for j in jobs], cryoqa=__version__)
        run_folder.put(outdir, "batch.json", lambda place: results.write_json(head, place))
        told = Teller(jobs, outdir, progress)
        if cluster is not None:
            from .cluster import on_cluster
            on_cluster(cluster, jobs, how, told.finished)
        else:
            there = memory or machine.memory() or float("inf")
            _here(jobs, how, Place(there, workers or available()), told)
        return dict(maps=[told.outcomes[j.name] for j in jobs], paths=told.group.write())


def _cluster(scheduler: str) -> Any:
    from .cluster import client_of
    return client_of(scheduler)


class Teller:
    """Keeps the outcomes, tells how far it is and how long it will take, and draws the group report anew."""

    def __init__(self, jobs: Sequence[Job], outdir: str, progress: Progress) -> None:
        self.outcomes: Dict[str, Dict[str, Any]] = {}
        self._jobs, self._progress, self.group = jobs, progress, Group(outdir)
        self._sizes = {j.name: float(max(os.path.getsize(p) for p in j.sources.values())) + 1e5 for j in jobs}
        self._part: Dict[str, float] = {}
        self._guard, self._start, self._due = threading.RLock(), time.time(), 0.0

    def moved(self, job: Job, fraction: float, message: str) -> None:
        """A map is at ``fraction``."""
        with self._guard:
            self._part[job.name] = min(fraction, 1.0)
            if self._progress is not None:
                total = sum(self._sizes.values())
                self._progress(sum(self._sizes[n] * p for n, p in self._part.items()) / total, f"{job.name}: {message}")

    def finished(self, job: Job, outcome: Dict[str, Any]) -> None:
        """A map is done, or has failed."""
        with self._guard:
            self.outcomes[job.name] = outcome
            words = outcome["error"] or outcome["summary"]
            before = "" if outcome["did"] else ", done before"
            log.info("%d of %d: %s (%s%s): %s%s", len(self.outcomes), len(self._jobs), job.name, outcome["status"], before, words,
                     self._left())
            self.moved(job, 1.0, outcome["status"])
            start = time.time()
            if start > self._due:
                self.group.write()
                self._due = time.time() + max(_OFTEN, _SHARE * (time.time() - start))

    def _left(self) -> str:
        """Time left, by the size of what was done in this run and of what is to be done."""
        done = sum(self._sizes[n] for n, o in self.outcomes.items() if o["did"] and not o["error"])
        rest = sum(size * (1 - self._part.get(n, 0.0)) for n, size in self._sizes.items() if n not in self.outcomes)
        if not done or not rest:
            return ""
        done += sum(self._sizes[n] * p for n, p in self._part.items() if n not in self.outcomes)
        seconds = (time.time() - self._start) * rest / done
        return f" About {seconds / 60:.0f} min left." if seconds >= 90 else f" About {seconds:.0f} s left."


def _here(jobs: Sequence[Job], how: How, place: Place, told: Teller) -> None:
    """The maps on this machine, side by side as far as there is memory for them."""
    waiting = {job.name: job for job in jobs}
    needs = {job.name: float(memory_needed(job, how)) for job in jobs}
    queue, running = Queue(needs), {}
    for name in queue.hopeless([place]):
        told.finished(waiting[name], refused(waiting[name], how, needs[name], place.memory))
    with Crew() as crew, ThreadPoolExecutor(place.slots) as pool:

        def work(job: Job) -> Dict[str, Any]:
            mine = replace(how, threads=how.threads or threads_of(needs[job.name], place, available(), len(jobs)))
            return crew.run(job, mine, lambda fraction, message: told.moved(job, fraction, message))

        try:
            while len(queue) or running:
                name = queue.take(place)
                if name is not None:
                    crew.make_room(place.free)
                    running[pool.submit(work, waiting[name])] = name
                    continue
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    name = running.pop(future)
                    del place.running[name]
                    told.finished(waiting[name], outcome_from(waiting[name], future))
        except BaseException:
            crew.stop()
            raise
