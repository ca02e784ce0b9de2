"""Running a batch: every map of a list, several at a time or on a cluster, and the group report."""
from __future__ import annotations

import logging
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Any, Callable, Dict, Iterable, List, Mapping, Optional, Sequence

from .. import __version__, results
from ..errors import InputError
from ..progress import Progress, silent
from ..report.group import write_group
from ..validation.run import LEVELS
from .lists import Job, read_list
from .work import Crew, How, conclude, supervised

log = logging.getLogger(__name__)
Finished = Callable[[Job, Dict[str, Any]], None]


def batch(path: str, outdir: str, *, levels: Sequence[str] = LEVELS, threads: int = 0, workers: int = 1, scheduler: str = "",
          progress: Progress = silent, limits: Optional[Mapping[str, Mapping[str, Any]]] = None,
          resume: bool = True, command: Sequence[str] = ()) -> Dict[str, Any]:
    """Validate every map of a list into ``outdir/<name>`` and write the group report; a map that fails stops no other.

    Parameters
    ----------
    path
        The list; see :func:`cryoqa_plugin.batch.lists.read_list`.
    levels, limits, resume
        As for :func:`cryoqa_plugin.validation.run.validate`. With ``resume`` a map that is done is left as it is.
    threads
        Threads of each map; 0 shares the cores among the ``workers``.
    workers
        Maps at a time on this machine.
    scheduler
        Address of a Dask scheduler; its workers do the maps in place of this machine.
    progress
        ``progress(fraction, message)``.

    Returns
    -------
    dict
        ``maps``: outcome of each map in the order of the list; ``paths``: files of the group report.
    """
    jobs = read_list(path, outdir)
    unknown = [level for level in levels if level not in LEVELS]
    if unknown or not levels:
        raise InputError(f"There is no level '{', '.join(unknown)}'; the levels are {', '.join(LEVELS)}.")
    if workers < 1:
        raise InputError(f"There are {workers} workers; there must be at least 1.")
    share = threads or (0 if scheduler else max(1, (os.cpu_count() or 1) // workers) if workers > 1 else 0)
    how = How(tuple(levels), share, resume, limits, tuple(command))
    cluster = _cluster(scheduler) if scheduler else None
    os.makedirs(outdir, exist_ok=True)
    results.write_json(dict(schema="cryoqa/batch/1", list=os.path.abspath(path), maps=[j.name for j in jobs], cryoqa=__version__),
                       os.path.join(outdir, "batch.json"))
    told = _Teller(jobs, outdir, progress)
    if cluster is not None:
        _on_cluster(cluster, jobs, how, told)
    else:
        _here(jobs, how, workers, told)
    return dict(maps=[told.outcomes[j.name] for j in jobs], paths=write_group(outdir))


class _Teller:
    """Keeps the outcomes, tells how far it is and how long it will take, and draws the group report anew."""

    def __init__(self, jobs: Sequence[Job], outdir: str, progress: Progress) -> None:
        self.outcomes: Dict[str, Dict[str, Any]] = {}
        self._jobs, self._outdir, self._progress = jobs, outdir, progress
        self._sizes = {j.name: float(max(os.path.getsize(p) for p in j.sources.values())) + 1e5 for j in jobs}
        self._part: Dict[str, float] = {}
        self._guard, self._start, self._drawn = threading.RLock(), time.time(), 0.0

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
            if time.time() - self._drawn > 5.0:
                write_group(self._outdir)
                self._drawn = time.time()

    def _left(self) -> str:
        """Time left, by the size of what was done in this run and of what is to be done."""
        done = sum(self._sizes[n] for n, o in self.outcomes.items() if o["did"] and not o["error"])
        rest = sum(size * (1 - self._part.get(n, 0.0)) for n, size in self._sizes.items() if n not in self.outcomes)
        if not done or not rest:
            return ""
        done += sum(self._sizes[n] * p for n, p in self._part.items() if n not in self.outcomes)
        seconds = (time.time() - self._start) * rest / done
        return f" About {seconds / 60:.0f} min left." if seconds >= 90 else f" About {seconds:.0f} s left."


def _here(jobs: Sequence[Job], how: How, workers: int, told: _Teller) -> None:
    """``workers`` maps at a time, each in a process of its own."""
    crew = Crew()

    def work(job: Job) -> Dict[str, Any]:
        return crew.run(job, how, lambda fraction, message: told.moved(job, fraction, message))

    with ThreadPoolExecutor(workers) as pool:
        futures = {pool.submit(work, job): job for job in jobs}
        try:
            for future in as_completed(futures):
                told.finished(futures[future], _of(futures[future], future))
        except BaseException:
            crew.stop()
            for future in futures:
                future.cancel()
            raise


def _of(job: Job, future: Any) -> Dict[str, Any]:
    """The outcome of a map; an exception of the machinery around it is its failure."""
    error = future.exception()
    if error is None:
        return future.result()
    if not isinstance(error, Exception):
        raise error
    words = f"It could not be run ({type(error).__name__}: {error}); start the batch again for another try."
    return dict(conclude(job, "", "", words, True, 0.0), did=True)


def _cluster(scheduler: str) -> Any:
    """A client of the cluster; :class:`InputError` when there is none."""
    try:
        from distributed import Client
    except ImportError:
        raise InputError("A batch on a cluster needs dask.distributed, which is not installed: pip install 'scipion-em-cryoqa[batch]'; "
                         "without it, --workers N runs N maps at a time on this machine.") from None
    try:
        client = Client(scheduler, timeout=20)
    except (OSError, ValueError, TypeError) as error:
        raise InputError(f"There is no Dask scheduler at '{scheduler}' ({error or type(error).__name__}); give an address such as "
                         "tcp://host:8786.") from None
    try:
        client.wait_for_workers(1, timeout=60)
    except Exception:
        client.close()
        raise InputError(f"The Dask scheduler at '{scheduler}' has no workers; start some with 'dask worker {scheduler}'.") from None
    return client


def _on_cluster(client: Any, jobs: Sequence[Job], how: How, told: _Teller) -> None:
    """As many maps at a time as there are workers, so that none waits for a busy worker while another one is idle."""
    from distributed import as_completed as completed
    waiting: List[Job] = list(jobs)
    running: Dict[Any, Job] = {}
    with client:
        pool = completed()

        def fill() -> Iterable[Any]:
            while waiting and len(running) < max(1, len(client.scheduler_info()["workers"])):
                job = waiting.pop(0)
                future = client.submit(supervised, job, how, pure=False, key=f"cryoqa-{os.path.abspath(job.folder)}-{time.time()}")
                running[future] = job
                pool.add(future)
            return running

        fill()
        while running:
            future = next(pool)
            job = running.pop(future)
            told.finished(job, _of(job, future))
            fill()
