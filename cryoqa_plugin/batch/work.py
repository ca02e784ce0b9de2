"""One map of a batch: validated and reported in a process of its own, so that nothing it does can stop the others."""
from __future__ import annotations

import hashlib
import json
import logging
import os
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any, Dict, Iterator, List, Mapping, Optional, Set, Tuple

from .. import __version__, results
from ..errors import CryoqaError, InputError
from ..progress import Progress
from ..provenance import sha256
from .lists import Job

OUTCOME, ERROR, LOG = "batch.json", "error.txt", "log.txt"
_CODE = "from cryoqa_plugin.batch.work import child; child()"
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class How:
    """What holds for every map of a batch; ``threads`` for each one."""

    levels: Tuple[str, ...]
    threads: int = 0
    resume: bool = True
    limits: Optional[Mapping[str, Any]] = None
    command: Tuple[str, ...] = ()


def outcome_of(folder: str) -> Optional[Dict[str, Any]]:
    """What is known of a map whose folder this is; None when it was not finished."""
    try:
        return results.read_json(os.path.join(folder, OUTCOME))
    except (OSError, ValueError):
        return None


def one(job: Job, how: How, progress: Progress) -> Dict[str, Any]:
    """Validate a map and write its report; what is done is not done again. The outcome, also in ``batch.json`` of its folder.

    ``status`` is ``done`` or ``failed``, ``did`` whether there was anything to do, ``again`` whether another try may go better: a file
    that cannot be used is looked at again when it, the parameters or the version of cryoqa have changed.
    """
    os.makedirs(job.folder, exist_ok=True)
    with _alone(job.folder):
        start, key, again, summary = time.time(), "", False, ""
        try:
            key = _key(job, how)
            there = outcome_of(job.folder)
            if how.resume and there and there.get("key") == key and not there.get("again"):
                return dict(there, did=False)
            summary, error = _work(job, how, progress), ""
        except CryoqaError as fault:
            error = str(fault)
        except Exception as fault:                           # one failed map must not stop the others
            error, again = _sentence(fault), True
        return dict(conclude(job, key, summary, error, again, time.time() - start), did=True)


def conclude(job: Job, key: str, summary: str, error: str, again: bool, seconds: float) -> Dict[str, Any]:
    """Write the outcome of a map, its error also as text."""
    out = dict(schema="cryoqa/batch-map/1", name=job.name, status="failed" if error else "done", summary=summary, error=error, again=again,
               seconds=round(seconds, 1), key=key, cryoqa=__version__)
    path = os.path.join(job.folder, ERROR)
    if error:
        with open(path, "w", encoding="utf-8") as stream:
            stream.write(error + "\n")
    elif os.path.exists(path):
        os.remove(path)
    results.write_json(out, os.path.join(job.folder, OUTCOME))
    return out


def _work(job: Job, how: How, progress: Progress) -> str:
    from ..io.inputs import KINDS, SAME, grid_problems, read_headers
    from ..report.assemble import write_report
    from ..validation.run import validate
    headers = read_headers(job.sources)
    wrong = grid_problems(headers) if job.voxel_size is None else []
    if wrong:
        raise InputError(wrong[0])
    sizes = {k: job.voxel_size for k in job.sources if KINDS[k].grid == SAME} if job.voxel_size else None
    document = validate(job.sources, job.folder, contour=job.contour, resolution=job.resolution, levels=how.levels, progress=progress,
                        threads=how.threads, resume=how.resume, limits=how.limits, voxel_sizes=sizes, command=list(how.command))
    failures = document["not_done"]
    if failures and not any(os.path.isfile(os.path.join(place.path, "result.json")) for place in os.scandir(job.folder)):
        raise InputError(failures[0]["error"])
    progress(1.0, "report")
    write_report(job.folder)
    return str(document["summary"])


def _sentence(error: Exception) -> str:
    if isinstance(error, MemoryError):
        return "There is not enough memory for it; give fewer workers, or use a machine with more."
    log.error("A fault of cryoqa, please report it:", exc_info=error)
    return f"A fault of cryoqa stopped it ({type(error).__name__}: {error}); please report it with {LOG} of its folder."


def _key(job: Job, how: How) -> str:
    """Changes with the files, the values of the list, the levels, the limits and the version of cryoqa."""
    told = dict(cryoqa=__version__, contour=job.contour, resolution=job.resolution, voxel_size=job.voxel_size, levels=sorted(how.levels),
                limits=how.limits, files={k: sha256(p) for k, p in sorted(job.sources.items())})
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode("utf-8")).hexdigest()


@contextmanager
def _alone(folder: str) -> Iterator[None]:
    """Wait until nobody else works in the folder, as what a killed batch left running may for a moment."""
    import fcntl
    with open(os.path.join(folder, ".lock"), "w", encoding="ascii") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX)
        except OSError:                                      # a file system without locks
            log.warning("%s: the file system has no locks; do not run two batches into it at once.", folder)
        yield


class Crew:
    """The processes at work; ``stop`` ends them all."""

    def __init__(self) -> None:
        self._running: Set[Any] = set()
        self._guard, self._stopped = threading.Lock(), False

    def stop(self) -> None:
        """End the processes, and start no more."""
        with self._guard:
            self._stopped = True
            for process in self._running:
                process.terminate()

    def run(self, job: Job, how: How, progress: Progress) -> Dict[str, Any]:
        """:func:`one` in a process of its own; its words go to ``log.txt`` of the folder, and its death is its failure only."""
        os.makedirs(job.folder, exist_ok=True)
        start, last = time.time(), None
        with open(os.path.join(job.folder, LOG), "a", encoding="utf-8") as words:
            with self._guard:
                if self._stopped:
                    raise KeyboardInterrupt
                process: Any = subprocess.Popen([sys.executable, "-c", _CODE], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                                stderr=words, universal_newlines=True, env=_environment())
                self._running.add(process)
            try:
                process.stdin.write(json.dumps([job.document(), asdict(how)]))
                process.stdin.close()
                for last in _messages(process.stdout):
                    if "name" not in last:
                        progress(last["fraction"], last["message"])
                code = process.wait()
            except BrokenPipeError:
                code = process.wait()
            finally:
                with self._guard:
                    self._running.discard(process)
                if process.poll() is None:
                    process.terminate()
        if last is not None and "name" in last:
            return last
        return dict(_dead(job, code, time.time() - start), did=True)


def _messages(stream: Any) -> Iterator[Dict[str, Any]]:
    for line in stream:
        try:
            yield json.loads(line)
        except ValueError:                                   # what a library printed
            log.debug("%s", line)


def _dead(job: Job, code: int, seconds: float) -> Dict[str, Any]:
    cause = f"was ended by signal {-code}" if code < 0 else f"ended with code {code}"
    hint = " The usual cause is that the machine ran out of memory: give fewer workers, or use a machine with more." if code == -9 else \
        f" See {LOG} of its folder."
    return conclude(job, "", "", f"Its process {cause}.{hint}", True, seconds)


def _environment() -> Dict[str, str]:
    """The environment of a process that finds this very cryoqa, and says its words in UTF-8."""
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    paths: List[str] = [root] + [p for p in os.environ.get("PYTHONPATH", "").split(os.pathsep) if p]
    return dict(os.environ, PYTHONPATH=os.pathsep.join(paths), PYTHONIOENCODING="utf-8")


def supervised(job: Job, how: How) -> Dict[str, Any]:
    """One map on a worker of a cluster."""
    return Crew().run(job, how, lambda fraction, message: None)


def child() -> None:
    """What the process of a map does: the job comes by standard input, progress and outcome go by standard output, a line each."""
    logging.basicConfig(format="%(asctime)s %(message)s", level=logging.INFO)
    job, how = json.loads(sys.stdin.read())
    said = [0.0]

    def tell(message: Mapping[str, Any]) -> None:
        try:
            sys.stdout.write(json.dumps(message) + "\n")
            sys.stdout.flush()
        except OSError:                                      # who started this is gone: leave the rest to who comes next
            os._exit(1)

    def progress(fraction: float, message: str) -> None:
        if time.time() - said[0] > 0.2 or fraction >= 1:
            said[0] = time.time()
            tell(dict(fraction=fraction, message=message))

    tell(one(Job(**job), How(**dict(how, levels=tuple(how["levels"]), command=tuple(how["command"]))), progress))
