"""A batch on the workers of a Dask cluster: what goes to them and comes back is text, and each uses what it was given of its machine."""
from __future__ import annotations

import json
import os
import threading
import time
from dataclasses import replace
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple

from .. import machine
from ..errors import InputError
from .crew import Crew
from .lists import Job
from .schedule import Place, Queue
from .work import How, from_text, memory_needed, outcome_from, refused, to_text

Finished = Callable[[Job, Dict[str, Any]], None]
_IDLE = 60.0                                                 # seconds without a map after which a worker lets its process go
_turn = threading.Lock()                                     # one map at a time on a worker, which has all its threads
_crew: Optional[Crew] = None


def client_of(scheduler: str) -> Any:
    """A client of the cluster.

    Parameters
    ----------
    scheduler
        Address of the scheduler, such as ``tcp://host:8786``, or ``tls://host:8786`` where certificates are set up for Dask.

    Raises
    ------
    InputError
        The package is missing, there is no scheduler, or it has no workers.
    """
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


def on_cluster(client: Any, jobs: Sequence[Job], how: How, finished: Finished) -> None:
    """One map at a time on each worker, one that has the memory for it; workers may come and go.

    Parameters
    ----------
    client
        Of :func:`client_of`; it is closed at the end.
    jobs, how
        The maps, and what holds for all.
    finished
        Called with each map and its outcome.
    """
    from distributed import as_completed
    waiting = {job.name: job for job in jobs}
    needs = {job.name: float(memory_needed(job, how)) for job in jobs}
    queue = Queue(needs)
    places: Dict[str, Place] = {}
    running: Dict[Any, Tuple[str, str]] = {}
    with client:
        pool = as_completed()
        while len(queue) or running:
            _see(places, _workers(client))
            if places:
                for name in queue.hopeless(list(places.values())):
                    finished(waiting[name], refused(waiting[name], how, needs[name], max(p.memory for p in places.values())))
            for address, name in _taken(queue, places):
                key = f"cryoqa-{os.path.abspath(waiting[name].folder)}-{time.time()}"
                future = client.submit(supervised, to_text(waiting[name], how), pure=False, key=key, workers=[address],
                                       allow_other_workers=True)
                running[future] = (name, address)
                pool.add(future)
            if not running:                                  # no worker is left: another one may come
                time.sleep(1.0)
                continue
            future = next(pool)
            name, address = running.pop(future)
            if address in places:
                places[address].running.pop(name, None)
            finished(waiting[name], outcome_from(waiting[name], _Read(future)))


def _workers(client: Any) -> Mapping[str, Mapping[str, Any]]:
    """All workers by address; newer versions tell of five unless asked for more."""
    try:
        return client.scheduler_info(n_workers=-1)["workers"]
    except TypeError:
        return client.scheduler_info()["workers"]


class _Read:
    """A future of the cluster whose result is read from its text."""

    def __init__(self, future: Any) -> None:
        self.exception, self._future = future.exception, future

    def result(self) -> Dict[str, Any]:
        """The outcome."""
        return json.loads(self._future.result())


def _see(places: Dict[str, Place], workers: Mapping[str, Mapping[str, Any]]) -> None:
    """The workers that there are now, with the memory of each."""
    for address in [a for a in places if a not in workers]:
        del places[address]
    for address, about in workers.items():
        places.setdefault(address, Place(float(about.get("memory_limit") or "inf")))


def _taken(queue: Queue, places: Mapping[str, Place]) -> List[Tuple[str, str]]:
    """Which map starts at which worker; the smallest worker takes first, so that a large one is left for a large map."""
    out = []
    for address, place in sorted(places.items(), key=lambda item: item[1].memory):
        name = queue.take(place)
        if name is not None:
            out.append((address, name))
    return out


def supervised(text: str) -> str:
    """One map on a worker of a cluster; takes and gives text.

    Parameters
    ----------
    text
        Of :func:`cryoqa_plugin.batch.work.to_text`.

    Returns
    -------
    str
        The outcome as JSON.
    """
    global _crew
    job, how = from_text(text)
    threads, memory = _mine()
    need = memory_needed(job, how)
    if need > memory:
        return json.dumps(refused(job, how, need, memory))
    with _turn:
        _crew = crew = _crew or Crew()
        outcome = crew.run(job, replace(how, threads=how.threads or threads), lambda fraction, message: None)
        leave = threading.Timer(_IDLE, crew.rest)            # the worker outlives the batch, what it started need not
        leave.daemon = True
        leave.start()
        return json.dumps(outcome)


def _mine() -> Tuple[int, float]:
    """Threads and memory (bytes) of the worker of a cluster that this runs on."""
    from distributed import get_worker
    worker: Any = get_worker()
    threads = int(getattr(worker, "state", worker).nthreads)
    limit = getattr(getattr(worker, "memory_manager", None), "memory_limit", None)
    return threads, float(min((m for m in (limit, machine.memory()) if m), default="inf"))
