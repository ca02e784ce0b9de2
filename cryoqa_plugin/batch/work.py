"""One map of a batch: validated and reported, in a process that does map after map and whose death is the failure of one map only."""
from __future__ import annotations

import gc
import json
import logging
import os
import signal
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Dict, Mapping, Optional, Tuple

from .. import __version__, machine, results, run_folder
from ..errors import CryoqaError, InputError
from ..files import as_bytes
from ..plain_text import PlainFormatter
from ..progress import Progress
from ..provenance import sha256
from ..run_folder import REPORTS, RESULT
from .lists import Job

OUTCOME, ERROR, LOG = "batch.json", "error.txt", "log.txt"
_GRACE = 10.0                                    # seconds for a process that has died to be gone
_WAIT = 3600.0                                   # seconds for what a killed batch left running to end
_MOST_RESIDENT = 1e9                             # bytes: a process that holds more after a map makes room and ends
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class How:
    """What holds for every map of a batch; ``threads`` for each one, ``pdf`` for a report on paper too."""

    levels: Tuple[str, ...]
    threads: int = 0
    resume: bool = True
    limits: Optional[Mapping[str, Any]] = None
    command: Tuple[str, ...] = ()
    pdf: bool = False


def to_text(job: Job, how: How) -> str:
    """A map and how it is done as one line of JSON: all that goes to another process or machine."""
    return json.dumps([job.document(), asdict(how)])


def from_text(text: str) -> Tuple[Job, How]:
    """What :func:`to_text` wrote."""
    job, how = json.loads(text)
    return (Job(**dict(job, notes=tuple(job["notes"]))),
            How(**dict(how, levels=tuple(how["levels"]), command=tuple(how["command"]))))


def outcome_of(folder: str) -> Optional[Dict[str, Any]]:
    """What is known of a map whose folder this is; None when it was not finished."""
    return run_folder.document_in(folder, OUTCOME)


def memory_needed(job: Job, how: How) -> int:
    """The memory (bytes) that a map is expected to need; 0 where its files cannot be read, which its run will say."""
    from ..validation.memory import memory_estimate
    try:
        return memory_estimate(job.sources, how.levels)
    except (CryoqaError, OSError):
        return 0


def too_large(need: float, there: float) -> str:
    """The sentence about a map that needs more memory than there is."""
    return (f"It is expected to need {need / 1e9:.1f} GB of memory and there are {there / 1e9:.1f} GB; crop or bin the maps, or use a "
            "machine with more.")


def one(job: Job, how: How, progress: Progress) -> Dict[str, Any]:
    """Validate a map and write its report; what is done is not done again. The outcome, also in ``batch.json`` of its folder.

    ``status`` is ``done`` or ``failed``, ``did`` whether there was anything to do, ``again`` whether another try may go better: a file
    that cannot be used is looked at again when it, the parameters or the version of cryoqa have changed.
    """
    with run_folder.held(job.folder, _WAIT):
        start, key, again, summary = time.time(), "", False, ""
        try:
            key = _key(job, how)
            there = outcome_of(job.folder)
            if how.resume and there and there.get("key") == key and not there.get("again") and (there.get("error") or _whole(job.folder)):
                return dict(there, did=_pdf_too(job.folder, how) if not there.get("error") else False)
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
    try:
        with run_folder.held(job.folder, _GRACE):
            if error:
                run_folder.put(job.folder, ERROR, lambda path: Path(path).write_bytes(as_bytes(error + "\n")))
            else:
                run_folder.forget(job.folder, [ERROR])
            run_folder.put(job.folder, OUTCOME, lambda path: results.write_json(out, path))
    except (OSError, InputError) as fault:                   # the outcome is said all the same
        log.warning("%s: its outcome cannot be written (%s).", job.name, fault)
    return out


def refused(job: Job, how: How, need: float, there: float) -> Dict[str, Any]:
    """The outcome of a map that needs more memory than there is; that of an earlier run which did it stays."""
    known = outcome_of(job.folder)
    if how.resume and known and not known.get("error"):
        log.warning("%s: %s It was done before.", job.name, too_large(need, there))
        return dict(known, did=False)
    return dict(conclude(job, "", "", too_large(need, there), True, 0.0), did=True)


def outcome_from(job: Job, future: Any) -> Dict[str, Any]:
    """The outcome of a map; an exception of the machinery around it is its failure."""
    error = future.exception()
    if error is None:
        return future.result()
    if not isinstance(error, Exception):
        raise error
    why = f"its folder: {error.strerror}" if isinstance(error, OSError) and error.strerror else f"{type(error).__name__}: {error}"
    words = f"It could not be run ({why}); start the batch again for another try."
    return dict(conclude(job, "", "", words, True, 0.0), did=True)


def _work(job: Job, how: How, progress: Progress) -> str:
    from ..io.inputs import KINDS, SAME, grid_problems, read_headers
    from ..report.assemble import write_report
    from ..validation.run import validate
    run_folder.forget(job.folder, REPORTS)                   # of an earlier run, which may be of other files
    headers = read_headers(job.sources, () if job.voxel_size is None else job.sources)
    wrong = grid_problems(headers) if job.voxel_size is None else []
    if wrong:
        raise InputError(wrong[0])
    sizes = {k: job.voxel_size for k in job.sources if KINDS[k].grid == SAME} if job.voxel_size else None
    document = validate(job.sources, job.folder, contour=job.contour, resolution=job.resolution, levels=how.levels, progress=progress,
                        threads=how.threads, resume=how.resume, limits=how.limits, voxel_sizes=sizes, command=list(how.command),
                        notes=job.notes, overwrite=True)     # the list is the truth
    failures = document["not_done"]
    if failures and not any(os.path.isfile(os.path.join(place.path, RESULT)) for place in os.scandir(job.folder)):
        raise InputError(failures[0]["error"])
    progress(1.0, "report")
    write_report(job.folder, formats=("html", "pdf", "json") if how.pdf else ("html", "json"))
    return str(document["summary"])


def _whole(folder: str) -> bool:
    """Whether the report of a map that was done is there, and its results are as they were written."""
    known = [place for place in run_folder.sub_folders(folder) if run_folder.manifest(place)]
    return os.path.isfile(os.path.join(folder, REPORTS[0])) and all(run_folder.intact(place) for place in known)


def _pdf_too(folder: str, how: How) -> bool:
    """Draw the report on paper of a map that is done when it is asked for and not there; whether that was so."""
    if not how.pdf or os.path.isfile(os.path.join(folder, "report.pdf")):
        return False
    from ..report.assemble import write_report
    write_report(folder, formats=("pdf",))
    return True


def _sentence(error: Exception) -> str:
    if isinstance(error, MemoryError):
        return "There is not enough memory for it; give fewer workers, or use a machine with more."
    log.error("A fault of cryoqa, please report it:", exc_info=error)
    return f"A fault of cryoqa stopped it ({type(error).__name__}: {error}); please report it with {LOG} of its folder."


def _key(job: Job, how: How) -> str:
    """Changes with the files, the values of the list, the levels, the limits and the versions of cryoqa and the libraries."""
    told = dict(contour=job.contour, resolution=job.resolution, voxel_size=job.voxel_size, levels=sorted(how.levels),
                limits=how.limits, notes=list(job.notes), files={k: sha256(p) for k, p in sorted(job.sources.items())})
    return run_folder.key(told)


def child() -> None:
    """What a process of a :class:`cryoqa_plugin.batch.crew.Crew` does.

    The maps come by standard input, a line each (:func:`to_text`); progress and outcomes go by standard output as lines of JSON. What is
    said on the way goes to ``log.txt`` of the map. The process ends when there is no more, or when it holds much memory after a map.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)             # of the terminal, which who started this hears too
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(143))       # half-written files are removed on the way out
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)                                            # what a library prints is no answer
    words = logging.StreamHandler()
    words.setFormatter(PlainFormatter("%(asctime)s %(message)s"))
    logging.basicConfig(handlers=[words], level=logging.INFO)
    last = False
    for line in sys.stdin:
        job, how = from_text(line)
        _log_to(job.folder)
        try:
            outcome = one(job, how, _Progress(answers))
        except CryoqaError as fault:                         # somebody else works in the folder, or nobody can
            outcome = dict(conclude(job, "", "", str(fault), True, 0.0), did=True)
        gc.collect()
        last = machine.resident() > _MOST_RESIDENT
        _tell(answers, dict(outcome=outcome, resident=machine.resident(), last=last))
        if last:
            break


def _log_to(folder: str) -> None:
    """What is said from now on, also by libraries, goes to the log of a folder."""
    os.makedirs(folder, exist_ok=True)
    sys.stderr.flush()
    there = os.open(os.path.join(folder, LOG), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    os.dup2(there, 2)
    os.dup2(there, 1)
    os.close(there)


class _Progress:
    """Tells how far a map is, five times a second at most."""

    def __init__(self, answers: Any) -> None:
        self._answers, self._said = answers, 0.0

    def __call__(self, fraction: float, message: str = "") -> None:
        if time.time() - self._said > 0.2 or fraction >= 1:
            self._said = time.time()
            _tell(self._answers, dict(fraction=fraction, message=message))


def _tell(answers: Any, message: Mapping[str, Any]) -> None:
    try:
        answers.write(json.dumps(message) + "\n")
        answers.flush()
    except OSError:                                          # who started this is gone: leave the rest to who comes next
        os._exit(1)
