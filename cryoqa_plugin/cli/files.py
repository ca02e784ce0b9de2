"""The commands that fetch and redraw: ``fetch`` and ``report``."""
from __future__ import annotations

import argparse
import os
from typing import Any, Dict, List

from ..errors import InputError
from .options import appendix_option
from .output import ProgressBar, print_paths
from .run import draw_report


def options_report(sub: argparse.ArgumentParser) -> None:
    """The folder."""
    sub.add_argument("out", metavar="FOLDER", help="folder with result.json, or with one folder a capability")
    sub.add_argument("--strict", action="store_true", help="a section that fails ends with exit code 3")
    appendix_option(sub)
    sub.set_defaults(no_report=False)


def run_report(args: argparse.Namespace, command: List[str]) -> int:
    """The report of a folder is drawn again."""
    if not os.path.isdir(args.out):
        raise InputError(f"The folder {args.out} does not exist; give the folder that a run of cryoqa wrote.")
    paths: Dict[str, str] = {}
    code = draw_report(args, paths)
    print_paths(paths)
    return code


def options_fetch(sub: argparse.ArgumentParser) -> None:
    """The entry and which of its files."""
    sub.add_argument("entry", metavar="ENTRY", help="EMDB entry, such as EMD-3186 or 3186")
    sub.add_argument("-o", "--out", metavar="FOLDER", default=".", help="folder that gets a folder of the entry's name (default: here)")
    sub.add_argument("--parts", metavar="LIST", help="comma-separated parts: map, half_maps, mask, fsc, header, model (default: all)")
    sub.add_argument("--base-url", metavar="URL", help="server with the EMDB layout (or environment CRYOQA_EMDB_URL)")
    sub.add_argument("-q", "--quiet", action="store_true", help="no progress")


def run_fetch(args: argparse.Namespace, command: List[str]) -> int:
    """The files of an entry are downloaded."""
    from ..io.emdb import fetch
    options: Dict[str, Any] = {}
    if args.parts:
        options["parts"] = tuple(p.strip() for p in args.parts.split(",") if p.strip())
    if args.base_url:
        options["base_url"] = args.base_url
    with ProgressBar(not args.quiet) as bar:
        report = fetch(args.entry, args.out, progress=bar, **options)
    print(report.text())
    return 0
