"""The commands for many maps: ``cryoqa batch`` and ``cryoqa group``."""
from __future__ import annotations

import argparse
from typing import Any, Callable, Dict, List, Tuple

from .checks import read_limits
from .cli_output import ProgressBar, print_paths


def _options_batch(sub: argparse.ArgumentParser) -> None:
    from .batch.lists import COLUMNS
    sub.add_argument("list", metavar="LIST", help=f"CSV or TSV, one line a map, with some of the columns {', '.join(COLUMNS)}")
    sub.add_argument("-o", "--out", metavar="FOLDER", default="cryoqa_batch",
                     help="gets a folder a map and group.html (default: cryoqa_batch)")
    sub.add_argument("--levels", default="0,1,A", metavar="LIST", help="levels to evaluate: 0 map, 1 half-maps, A model (default: 0,1,A)")
    sub.add_argument("--workers", type=int, default=1, metavar="N", help="maps at a time on this machine (default: 1)")
    sub.add_argument("--scheduler", default="", metavar="ADDRESS", help="Dask scheduler whose workers do the maps, such as tcp://host:8786")
    sub.add_argument("--threads", type=int, default=0, metavar="N", help="threads of each map (default: all cores, shared)")
    sub.add_argument("--limits", metavar="FILE", help="TOML file with limits of your own for the checks")
    sub.add_argument("--no-resume", action="store_true", help="do everything again, also what an earlier run left in the folder")
    sub.add_argument("-q", "--quiet", action="store_true", help="no progress, warnings only")


def _batch(args: argparse.Namespace, command: List[str]) -> int:
    from .batch.run import batch
    with ProgressBar(not args.quiet) as bar:
        document = batch(args.list, args.out, levels=[level.strip() for level in args.levels.split(",") if level.strip()],
                         threads=args.threads, workers=args.workers, scheduler=args.scheduler, progress=bar,
                         limits=read_limits(args.limits), resume=not args.no_resume, command=command)
    failed = [m for m in document["maps"] if m["error"]]
    for outcome in document["maps"]:
        print(f"{outcome['name']}: {outcome['error'] or outcome['summary']}")
    print(f"{len(document['maps']) - len(failed)} of {len(document['maps'])} maps are done.")
    print_paths(document["paths"])
    return 1 if failed else 0


def _options_group(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("out", metavar="FOLDER", help="folder with a folder a map, as 'cryoqa batch' writes it")


def _group(args: argparse.Namespace, command: List[str]) -> int:
    from .report.group import write_group
    print_paths(write_group(args.out))
    return 0


COMMANDS: Dict[str, Tuple[str, Callable[..., None], Callable[..., Any]]] = {
    "batch": ("the validation of every map of a list, and the group report", _options_batch, _batch),
    "group": ("draw the group report of a folder of validated maps again", _options_group, _group),
}
