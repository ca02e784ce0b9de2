"""The processes of a batch: each does map after map, so that libraries and kernels are loaded once, and may die alone."""
from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
import time
from typing import Any, Dict, Iterator, List, Optional

from ..progress import Progress
from .lists import Job
from .work import LOG, How, conclude, to_text

_CODE = "from cryoqa_plugin.batch.work import child; child()"
_GRACE = 10.0                                    # seconds that a process has to remove what it was writing
log = logging.getLogger(__name__)


class _Worker:
    """One process, started with its first map."""

    def __init__(self) -> None:
        self.process: Any = None
        self.resident = 0

    def start(self, folder: str) -> None:
        """Start the process unless it runs; its first words go to the log of a folder."""
        if self.process is not None and self.process.poll() is None:
            return
        with open(os.path.join(folder, LOG), "a", encoding="utf-8") as words:
            self.process = subprocess.Popen([sys.executable, "-c", _CODE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=words,
                                            universal_newlines=True, encoding="utf-8", env=_environment())

    def answers(self, job: Job, how: How) -> Iterator[Dict[str, Any]]:
        """What the process says on a map, until it is done or dead."""
        try:
            self.process.stdin.write(to_text(job, how) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            return
        for line in self.process.stdout:
            try:
                message = json.loads(line)
            except ValueError:                               # what a library printed before the process was ready
                log.debug("%s", line)
                continue
            if isinstance(message, dict):
                yield message
                if "outcome" in message:
                    return

    def end(self) -> int:
        """Let the process end, which has nothing to do; its exit code."""
        for pipe in (self.process.stdin, self.process.stdout):
            try:
                pipe.close()
            except BrokenPipeError:
                pass
        try:
            code = self.process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        self.process, self.resident = None, 0
        return int(code)


class Crew:
    """The processes at work, started when they are needed; ``stop`` ends them all."""

    def __init__(self) -> None:
        self._idle: List[_Worker] = []
        self._busy: List[_Worker] = []
        self._guard, self._stopped = threading.Lock(), False

    def __enter__(self) -> Crew:
        return self

    def __exit__(self, *exc: Any) -> None:
        self.stop()

    def stop(self) -> None:
        """End the processes, and start no more."""
        with self._guard:
            self._stopped = True
            running = [w.process for w in (*self._busy, *self._idle) if w.process is not None]
        for process in running:
            process.terminate()
        end = time.time() + _GRACE
        for process in running:
            try:
                process.wait(max(0.1, end - time.time()))
            except subprocess.TimeoutExpired:                # deep in a computation: its temporary files are left to the next run
                process.kill()
                process.wait()

    def rest(self) -> None:
        """End the processes that have nothing to do; others are started when there is something."""
        with self._guard:
            idle, self._idle = self._idle, []
        for worker in idle:
            worker.end()

    def make_room(self, free: float) -> None:
        """End processes that have nothing to do until those that are left hold no more than ``free`` bytes."""
        with self._guard:
            left = list(self._idle)
            while left and sum(w.resident for w in left) > free:
                worker = max(left, key=lambda w: w.resident)
                left.remove(worker)
                self._idle.remove(worker)
                worker.end()

    def run(self, job: Job, how: How, progress: Progress) -> Dict[str, Any]:
        """:func:`cryoqa_plugin.batch.work.one` in a process; its words go to ``log.txt`` of the folder, its death is its failure only."""
        os.makedirs(job.folder, exist_ok=True)
        start, outcome = time.time(), None
        with self._guard:
            if self._stopped:
                raise KeyboardInterrupt
            worker = self._idle.pop() if self._idle else _Worker()
            worker.start(job.folder)
            self._busy.append(worker)
        last = True
        try:
            for message in worker.answers(job, how):
                if "outcome" in message:
                    outcome, worker.resident, last = message["outcome"], message["resident"], message["last"]
                else:
                    progress(message["fraction"], message["message"])
        except BaseException:
            worker.process.terminate()
            raise
        finally:
            code = self._back(worker, last)
        if outcome is not None:
            return outcome
        if self._stopped:
            raise KeyboardInterrupt
        return dict(_dead(job, code, time.time() - start), did=True)

    def _back(self, worker: _Worker, last: bool) -> Optional[int]:
        """Take a process back; the exit code of one that has ended, or ends now."""
        with self._guard:
            self._busy.remove(worker)
            if not last:
                self._idle.append(worker)
                return None
        return worker.end()


def _dead(job: Job, code: Optional[int], seconds: float) -> Dict[str, Any]:
    number = code or 0
    cause = f"was ended by signal {-number}" if number < 0 else f"ended with code {number}"
    hint = " The usual cause is that the machine ran out of memory: give fewer workers, or use a machine with more." if number == -9 else \
        f" See {LOG} of its folder."
    return conclude(job, "", "", f"Its process {cause}.{hint}", True, seconds)


def _environment() -> Dict[str, str]:
    """The environment of a process that finds this very cryoqa, and says its words in UTF-8."""
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    paths: List[str] = [root] + [p for p in os.environ.get("PYTHONPATH", "").split(os.pathsep) if p]
    return dict(os.environ, PYTHONPATH=os.pathsep.join(paths), PYTHONIOENCODING="utf-8")
