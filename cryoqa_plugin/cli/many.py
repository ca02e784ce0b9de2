"""The commands for many maps: ``batch``, ``watch`` and ``group``."""
from __future__ import annotations

import argparse
import math
import os
import signal
import sys
import threading
from contextlib import contextmanager
from typing import Any, Callable, Iterator, List

from ..plain_text import one_line
from ..registry import CAPABILITIES, resolve
from .options import fail_on_option, levels_option, limits_of, limits_option, loudness, threads_option
from .output import ProgressBar, exit_code_of_checks, print_paths
from .run import COMPILED, outcomes_of_validation, shown_progress


def options_batch(sub: argparse.ArgumentParser) -> None:
    """The list, and how it is worked through."""
    from ..batch.lists import COLUMNS
    sub.add_argument("list", metavar="LIST", help=f"CSV or TSV, one line a map, with some of the columns {', '.join(COLUMNS)}")
    sub.add_argument("-o", "--out", metavar="FOLDER", default="cryoqa_batch",
                     help="gets a folder a map and group.html (default: cryoqa_batch)")
    levels_option(sub)
    sub.add_argument("--workers", type=int, default=1, metavar="N",
                     help="maps at a time on this machine, as far as its memory allows; 0 for one a core (default: 1)")
    sub.add_argument("--scheduler", default="", metavar="ADDRESS", help="Dask scheduler whose workers do the maps, such as tcp://host:8786")
    threads_option(sub, "threads of each map (default: 0, all cores, shared)")
    memory_option(sub)
    limits_option(sub)
    sub.add_argument("--pdf", action="store_true", help="each report as PDF too")
    sub.add_argument("--no-resume", action="store_true", help="do everything again, also what an earlier run left in the folder")
    fail_on_option(sub)
    loudness(sub)


def memory_option(group: Any) -> None:
    """``--memory``, checked when it is read."""
    size = _number("the memory is '{}'; it must be a number of GB, at least 0.1", 0.1, 1e6)
    group.add_argument("--memory", type=size, default=0.0, metavar="GB",
                       help="memory that the maps may take together (default: that of the machine, the container or the queue)")


def _number(words: str, least: float, most: float) -> Callable[[str], float]:
    """The type of an option that takes a number between two others; ``words`` refuse what is none, shown at their {}."""
    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(words.format(text))
        return value

    return read


def run_batch(args: argparse.Namespace, command: List[str]) -> int:
    """Every map of the list is validated."""
    from ..batch.run import batch
    from ..validation.run import found_in
    with _ended_like_ctrl_c(), shown_progress(args) as bar:
        if not args.scheduler and _is_cold():                # the maps run in processes of their own, which nobody hears
            bar.say(COMPILED)
        document = batch(args.list, args.out, levels=args.levels.split(","), threads=args.threads, workers=args.workers,
                         scheduler=args.scheduler, progress=bar, limits=limits_of(args), resume=not args.no_resume,
                         command=command, memory=1e9 * args.memory, pdf=args.pdf)
    failed = [m for m in document["maps"] if m["error"]]
    for outcome in document["maps"]:
        print(one_line(f"{outcome['name']}: {outcome['error'] or outcome['summary']}"))
    print(f"{len(document['maps']) - len(failed)} of {len(document['maps'])} maps are done.")
    print_paths(document["paths"])
    found = [found_in(os.path.join(args.out, m["name"])) for m in document["maps"] if not m["error"]]
    checks = [outcome for validation in found if validation for outcome in outcomes_of_validation(validation[0])]
    return 1 if failed else exit_code_of_checks(args.fail_on, checks)


def _is_cold() -> bool:
    """Whether most of the numerical core has not been compiled yet."""
    from ..core.jit import KERNELS, cold_kernels
    for row in CAPABILITIES:
        resolve(row.run)
    return 2 * len(cold_kernels()) > len(KERNELS)


def options_watch(sub: argparse.ArgumentParser) -> None:
    """The project, and how it is watched."""
    sub.add_argument("project", metavar="PROJECT", help="folder of a RELION project, or of a cryoSPARC project with its J1, J2, ...")
    sub.add_argument("-o", "--out", metavar="FOLDER", default="cryoqa_watch",
                     help="gets a folder a refinement and group.html (default: cryoqa_watch)")
    sub.add_argument("--once", action="store_true", help="do what has finished by now, and end")
    seconds = _number("the time is '{}'; it must be a number of seconds from 1 to 86400", 1, 86400)
    sub.add_argument("--every", type=seconds, default=60.0, metavar="SECONDS", help="time between two looks at the project (default: 60)")
    sub.add_argument("--retry", action="store_true", help="try again what failed in an earlier run")
    levels_option(sub)
    threads_option(sub, "threads of each map (default: 0, all cores)")
    memory_option(sub)
    limits_option(sub)
    sub.add_argument("--pdf", action="store_true", help="each report as PDF too")
    loudness(sub)


def run_watch(args: argparse.Namespace, command: List[str]) -> int:
    """What finishes in a project is validated, until it is stopped."""
    from ..batch.watch import failures, watch
    limits = limits_of(args)
    if not args.quiet:
        words = f"Watching {args.project}; the reports go to {args.out}" + ("." if args.once else "; Ctrl-C ends it.")
        print(one_line(words), file=sys.stderr)
    with _ended_like_ctrl_c(), ProgressBar(args.verbose, verbose=True) as bar:
        document = watch(args.project, args.out, levels=args.levels.split(","), threads=args.threads, every=args.every, once=args.once,
                         retry=args.retry, limits=limits, progress=bar, command=command, memory=1e9 * args.memory, pdf=args.pdf)
    for name in failures(document["jobs"]):
        print(one_line(f"{name}: {document['jobs'][name]['error']}"))
    print_paths(document["paths"])
    return 1 if failures(document["jobs"]) else 0


@contextmanager
def _ended_like_ctrl_c() -> Iterator[None]:
    """Within this the signal by which queues and systems end a program does what Ctrl-C does."""
    def stop(number: int, frame: Any) -> None:
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():        # only the main thread hears signals
        yield
        return
    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def options_group(sub: argparse.ArgumentParser) -> None:
    """The folder."""
    sub.add_argument("out", metavar="FOLDER", help="folder with a folder a map, of 'cryoqa batch', 'validate' or 'assess'")


def run_group(args: argparse.Namespace, command: List[str]) -> int:
    """The group report is drawn."""
    from ..report.group import write_group
    print_paths(write_group(args.out))
    return 0
