"""Cases made from a seed, each run in a forked process with limits of memory and time, and judged.

A case may end in four ways: the right answer, one sentence with exit code 2, a sentence that refuses it for its size, and nothing else.
What a kind of input is made of and what is right for it stands in the modules ``fuzz_<topic>.py``.
"""
from __future__ import annotations

import faulthandler
import gc
import hashlib
import io
import json
import math
import os
import re
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, NamedTuple, Optional, Sequence, Tuple

import numpy as np

MEMORY, CPU_SECONDS, WALL_SECONDS = 1 << 30, 20, 30          # of one case, beyond what the parent holds
NARROW = 0.1                                                 # part of the cases that print to a terminal of ASCII alone
RIGHT, SENTENCE, REFUSED = "right", "sentence", "refused for size"
GOOD = (RIGHT, SENTENCE, REFUSED)
_SIZE_WORDS = ("memory", "GB", "too large", "too big", "truncated", "at most")
_NOISE = re.compile(r"\b\w*Warning: ")                       # of Python or numpy, which no user can read
_CONTROL = re.compile("[\0-\x08\x0b-\x1f\x7f-\x9f]")


class Wrong(Exception):
    """What a case must not do, as a sentence."""


class Run(NamedTuple):
    """How a case ended: exit code, what was printed, the result document or None, and the folder of the case."""

    code: int
    out: str
    err: str
    document: Optional[Dict[str, Any]]
    folder: Path

    def metric(self, name: str) -> Any:
        """Value of a metric of the document."""
        return self.document["metrics"][name]["value"]

    @property
    def notes(self) -> str:
        """All warnings of the document in one text."""
        return " ".join(self.document.get("warnings", ()))


@dataclass
class Case:
    """One case: ``said`` is what was done to the seed file.

    ``call`` returns the exit code and, when that is 2, prints the sentence, as the command line does. ``file`` is the name that the
    sentence must hold, empty for none; ``must`` is ``accept``, ``refuse`` or empty; ``check`` complains of an answer by raising
    :class:`Wrong` or failing an assertion.
    """

    said: str
    call: Callable[[], int]
    file: str = ""
    must: str = ""
    check: Optional[Callable[[Run], None]] = None
    out: str = "out"
    codes: Tuple[int, ...] = (0, 2)
    again: bool = False                                      # the case itself filled the folder of the results before
    typed: str = ""                                          # words of the user that the sentence may repeat, however odd


@dataclass(frozen=True)
class Kind:
    """A kind of input: ``make(rng, folder, seeds)`` gives a case; ``warm`` are the capabilities that it runs, ``weight`` its share."""

    name: str
    make: Callable[[np.random.Generator, Path, "Seeds"], Case]
    warm: Tuple[str, ...] = ()
    weight: int = 1


class Outcome(NamedTuple):
    """How one case ended; ``how`` is one of ``GOOD``, else it is a fault that ``why`` tells."""

    kind: str
    seed: int
    how: str
    why: str
    said: str
    cpu: float
    code: Optional[int] = None

    @property
    def good(self) -> bool:
        """Whether it ended as it may."""
        return self.how in GOOD

    def __str__(self) -> str:
        return f"CRYOQA_FUZZ_CASE={self.kind}:{self.seed}  {self.how}: {self.why}\n    {self.said}"


@dataclass
class Seeds:
    """Valid files that cases are made from, by name, and facts about them."""

    folder: Path
    files: Dict[str, Path] = field(default_factory=dict)
    facts: Dict[str, Any] = field(default_factory=dict)

    def bytes(self, name: str) -> bytes:
        """Content of a file."""
        return self.files[name].read_bytes()

    def copy(self, name: str, folder: Path, as_: str = "") -> Path:
        """A copy of a file in the folder of a case."""
        target = folder / (as_ or self.files[name].name)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(self.files[name], target)
        return target


# ---------------------------------------------------------------- what a case calls

def command(*words: Any) -> Callable[[], int]:
    """The command line as a user types it."""
    def call() -> int:
        from cryoqa_plugin.cli import main
        return main([os.fspath(w) if isinstance(w, Path) else str(w) for w in words])
    return call


def compute(folder: Path, name: str, *words: Any, out: str = "out") -> Callable[[], int]:
    """A capability on one thread, without a report, into the folder ``out`` of the case."""
    return command(name, *words, "-o", folder / out, "--threads", "1", "--no-report", "-q")


def reading(read: Callable[[], Any], keep: Optional[Callable[[Any], None]] = None) -> Callable[[], int]:
    """A reader alone, whose errors are shown as by the command line; what it read goes to ``keep``."""
    def handler(args: Any, words: Any) -> int:
        found = read()
        if keep is not None:
            keep(found)
        return 0

    def call() -> int:
        from argparse import Namespace

        from cryoqa_plugin import cli
        cli.parse = lambda words: Namespace(handler=handler, quiet=True, verbose=False)          # this process ends with the case
        return cli.main([])
    return call


# ---------------------------------------------------------------- one case in a process of its own

def run_case(kind: Kind, seed: int, seeds: Seeds, keep: str = "") -> Outcome:
    """Run one case and wait for it; with ``keep`` its folder stays there."""
    return next(run_cases([(kind, seed)], seeds, jobs=1, keep=keep))


def run_cases(cases: Sequence[Tuple[Kind, int]], seeds: Seeds, jobs: int = 1, keep: str = "") -> Iterator[Outcome]:
    """Run cases, some side by side; outcomes come as they end."""
    top = Path(keep or tempfile.mkdtemp(prefix="cryoqa_fuzz_"))
    waiting, running = list(reversed(cases)), {}
    gc.collect()
    gc.freeze()                                              # pages of the parent stay shared with its children
    try:
        while waiting or running:
            while waiting and len(running) < jobs:
                kind, seed = waiting.pop()
                folder = Path(tempfile.mkdtemp(prefix=f"{kind.name}_{seed}_", dir=top))
                running[_start(kind, seed, folder, seeds)] = (kind, seed, folder, time.monotonic())
            for pid in list(running):
                kind, seed, folder, since = running[pid]
                ended, status, usage = os.wait4(pid, os.WNOHANG)
                late = time.monotonic() - since > WALL_SECONDS
                if not ended and late:
                    os.kill(pid, signal.SIGKILL)
                    ended, status, usage = os.wait4(pid, 0)
                if ended:
                    del running[pid]
                    yield _judged(kind, seed, folder, status, usage.ru_utime + usage.ru_stime, late)
                    if not keep:
                        _remove(folder)
            time.sleep(0.002)
    finally:
        for pid in running:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        gc.unfreeze()
        if not keep:
            _remove(top)


def _remove(folder: Path) -> None:
    for path, names, _ in os.walk(folder):
        for name in names:
            if not os.path.islink(os.path.join(path, name)):
                os.chmod(os.path.join(path, name), 0o700)
    shutil.rmtree(folder, ignore_errors=True)


def _judged(kind: Kind, seed: int, folder: Path, status: int, cpu: float, late: bool) -> Outcome:
    try:
        entry = json.loads((folder / "outcome.json").read_text())
    except (OSError, ValueError):
        try:
            said = (folder / "said.txt").read_text()
        except OSError:
            said = "(while the case was made)"
        code = os.WTERMSIG(status) if os.WIFSIGNALED(status) else None
        hang = late or code == signal.SIGXCPU or cpu > CPU_SECONDS
        return Outcome(kind.name, seed, "hang" if hang else "died", f"signal {code}, {cpu:.1f} CPU s", said, cpu)
    return Outcome(kind.name, seed, entry["how"], entry["why"], entry["said"], cpu, entry["code"])


def _start(kind: Kind, seed: int, folder: Path, seeds: Seeds) -> int:
    pid = os.fork()
    if pid:
        return pid
    try:
        _limit()
        try:
            entry = _inside(kind, seed, folder, seeds)
        except BaseException as error:                       # a fault of the case itself
            entry = dict(how="died", why=f"{error!r}\n{_where(error)}", said="(while the case was made or judged)", code=None)
        (folder / "outcome.json").write_text(json.dumps(entry))
    finally:
        os._exit(0)


def _limit() -> None:
    os.setpgid(0, 0)
    faulthandler.disable()                                   # pytest set it up: it would write to the terminal
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 2))
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except OSError:                                          # not Linux: the limit of time alone
        return
    top = pages * resource.getpagesize() + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (top, top))


def _inside(kind: Kind, seed: int, folder: Path, seeds: Seeds) -> Dict[str, Any]:
    """Make the case, run it, judge it; in the child."""
    place, scratch = folder / "case", folder / "tmp"
    place.mkdir()
    scratch.mkdir()
    os.environ["TMPDIR"] = tempfile.tempdir = str(scratch)
    os.environ["COLUMNS"] = "100"
    os.chdir(place)
    case = kind.make(np.random.default_rng(seed), place, seeds)
    case.said = case.said.encode("utf-8", "backslashreplace").decode()
    before = fingerprints(place)
    narrow = np.random.default_rng([seed, 1]).random() < NARROW
    case.said += ", printed in ASCII" * narrow
    (folder / "said.txt").write_text(case.said)
    how, why, code = _run(case, place, folder, "ascii" if narrow else "utf-8")
    if how in GOOD:
        wrong = _leftovers(case, code, place, scratch, before)
        if wrong:
            how, why = "leftovers", wrong
    return dict(how=how, why=why.encode("utf-8", "backslashreplace").decode()[-4000:], said=case.said, code=code)


def _run(case: Case, place: Path, folder: Path, encoding: str) -> Tuple[str, str, Optional[int]]:
    out, err = open(folder / "stdout", "w+b"), open(folder / "stderr", "w+b")
    os.dup2(out.fileno(), 1)
    os.dup2(err.fileno(), 2)
    sys.stdout = io.TextIOWrapper(os.fdopen(1, "wb", closefd=False), encoding=encoding, errors="strict")
    sys.stderr = io.TextIOWrapper(os.fdopen(2, "wb", closefd=False), encoding=encoding, errors="backslashreplace", line_buffering=True)
    _handlers_anew()
    try:
        code = case.call()
    except BaseException as error:
        return "traceback", f"{type(error).__name__}: {error}\n{_where(error)}", None
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    said, told = ((folder / name).read_bytes().decode("utf-8", "replace") for name in ("stdout", "stderr"))
    try:
        return (*_outcome(case, code, said, told, place), code)
    except Wrong as wrong:
        return "wrong", str(wrong), code
    except MemoryError:
        return "wrong", "the check itself ran out of memory", code
    except Exception as error:
        return "wrong", f"{type(error).__name__}: {error}\n{_where(error)}", code


def _handlers_anew() -> None:
    """Logging goes to the streams of the child, once, by what the command line sets up."""
    import logging
    root = logging.getLogger()
    for handler in list(root.handlers):
        root.removeHandler(handler)


def _where(error: BaseException) -> str:
    return "\n".join(traceback.format_exception(type(error), error, error.__traceback__)[-4:])


def _outcome(case: Case, code: Any, out: str, err: str, place: Path) -> Tuple[str, str]:
    if code not in case.codes:
        raise Wrong(f"exit code {code}; {err[-800:]}")
    for text in (out, err):
        if "Traceback" in text or "A fault of cryoqa" in text:
            return "traceback", text[-1500:]
        if _NOISE.search(text):
            raise Wrong(f"a warning for programmers: {text[-500:]}")
        if _CONTROL.search(text.replace("\r", "").replace("\t", "").replace("\x1b[K", "")):
            raise Wrong(f"control characters are printed: {text[-500:]!r}")
    if code == 2:
        require_sentence(err, case.file, case.typed)
        if case.must == "accept":
            raise Wrong(f"refused, and it is right: {err[-600:]}")
        return (REFUSED if any(w in err for w in _SIZE_WORDS) else SENTENCE), err.strip()
    if case.must == "refuse":
        raise Wrong(f"taken, and it cannot be read: {out[-300:]} {err[-300:]}")
    document = _document(place / case.out / "result.json")
    if case.check is not None:
        case.check(Run(int(code), out, err, document, place))
    return RIGHT, out[-300:]


def require_sentence(err: str, file: str, typed: str = "") -> None:
    """Exit code 2 leaves one sentence, which names the file; what was typed may stand in it."""
    lines = [line for line in err.strip().splitlines() if line.strip()]
    if len(lines) != 1 or not lines[0].startswith("cryoqa: "):
        raise Wrong(f"not one sentence but {len(lines)} lines: {err[-800:]!r}")
    whole, text = lines[0][8:], lines[0][8:].replace(typed or "\0", "")
    if not text.rstrip(")'\"").endswith((".", "?")) or len(text) > 2500:
        raise Wrong(f"no sentence: {text[:300]} ... {text[-300:]}")
    if re.search(r"\b[A-Z]\w+Error\b|(?<!')\bNone\b(?!')|<class|object at 0x", text):
        raise Wrong(f"words of a program: {text[:600]}")
    if file and file not in whole:
        raise Wrong(f"the sentence does not name {file}: {whole[:600]}")


def _document(path: Path) -> Optional[Dict[str, Any]]:
    """The result document, as strict JSON with finite numbers only."""
    if not path.is_file():
        return None

    def refuse(word: str) -> None:
        raise Wrong(f"{path.name} holds {word}")

    document = json.loads(path.read_text(encoding="utf-8"), parse_constant=refuse)
    for name, entry in document.get("metrics", {}).items():
        value = entry["value"]
        if isinstance(value, float) and not math.isfinite(value):
            raise Wrong(f"{name} is {value}")
    return document


# ---------------------------------------------------------------- what must not be left

def fingerprints(folder: Path) -> Dict[str, Any]:
    """What lies in a folder, by path: a digest of a file, the target of a link, the kind of anything else."""
    found: Dict[str, Any] = {}
    for path, folders, files in os.walk(folder):
        for name in folders + files:
            whole = os.path.join(path, name)
            key = os.fsencode(os.path.relpath(whole, folder)).decode("latin-1")
            if os.path.islink(whole):
                found[key] = ("link", os.fsencode(os.readlink(whole)).decode("latin-1"))
            elif os.path.isfile(whole):
                with open(whole, "rb") as stream:
                    found[key] = hashlib.md5(stream.read()).hexdigest()
            else:
                found[key] = "folder" if os.path.isdir(whole) else "special"
    return found


def _leftovers(case: Case, code: Optional[int], place: Path, scratch: Path, before: Dict[str, Any]) -> str:
    after = fingerprints(place)
    changed = [n for n in before if after.get(n) != before[n]]
    if changed:
        return f"an input was changed: {changed}"
    new = sorted(set(after) - set(before))
    half = [n for n in new if os.path.basename(n).startswith((".cryoqa_", "tmp")) or os.path.basename(n) == ".cryoqa.lock"]
    half = [] if case.again and code == 2 else half          # what it put there itself
    if half or os.listdir(scratch):
        return f"half-written files: {half}, {os.listdir(scratch)}"
    written = [n for n in new if n.split(os.sep)[0] == case.out and after[n] != "folder"]
    if case.again and code == 2:
        return ""
    if code == 2 and written:
        return f"the run was refused and left {written}"
    folders = [os.path.dirname(os.fsencode(place / os.fsdecode(n.encode("latin-1")))) for n in new if os.path.basename(n) == ".cryoqa.json"]
    return next(filter(None, map(_not_as_said, folders)), "")


def _not_as_said(folder: bytes) -> str:
    """A sentence where the files of a folder are not those of its ``.cryoqa.json``."""
    with open(os.path.join(folder, b".cryoqa.json"), encoding="utf-8") as stream:
        said = json.load(stream)
    if not said["complete"]:
        return f"the folder {folder!r} is not complete"
    for name, sums in said["files"].items():
        with open(os.path.join(folder, os.fsencode(name)), "rb") as stream:
            if hashlib.sha256(stream.read()).hexdigest() not in sums:
                return f"{name} is not what .cryoqa.json says"
    return ""
