"""The commands about cryoqa itself: ``list``, ``info`` and ``warmup``."""
from __future__ import annotations

import argparse
from typing import List

from .. import runner
from ..registry import CAPABILITIES, resolve
from ..results import json_schema
from .output import ProgressBar, capability_table, capability_text
from .terminal import print_json


def options_list(sub: argparse.ArgumentParser) -> None:
    """The form of the table."""
    sub.add_argument("--rst", action="store_true", help="print the table as it stands in README.rst")


def run_list(args: argparse.Namespace, command: List[str]) -> int:
    """The table of capabilities."""
    print(capability_table(rst=args.rst))
    return 0


def options_info(sub: argparse.ArgumentParser) -> None:
    """Of what."""
    sub.add_argument("capability", metavar="CAPABILITY", nargs="?", help="id of a capability; all when left out")
    sub.add_argument("--schema", action="store_true", help="print the JSON Schema of the result")


def run_info(args: argparse.Namespace, command: List[str]) -> int:
    """What a capability takes and gives."""
    rows = [runner.capability(args.capability)] if args.capability else list(CAPABILITIES)
    if args.schema:
        schemas = {row.id: json_schema(resolve(row.result)) for row in rows}
        print_json(schemas[rows[0].id] if args.capability else schemas)
        return 0
    print("\n\n".join(capability_text(row) for row in rows))
    return 0


def options_warmup(sub: argparse.ArgumentParser) -> None:
    """How loud."""
    sub.add_argument("-q", "--quiet", action="store_true", help="no progress")


def run_warmup(args: argparse.Namespace, command: List[str]) -> int:
    """Everything is compiled."""
    with ProgressBar(not args.quiet) as bar:
        kernels = runner.warmup(bar)
    print(f"{len(kernels)} kernels are compiled and kept on disk.")
    return 0
