"""The command ``cryoqa``: one command a capability, generated from the registry, and a few around them.

Exit codes: 0 done; 1 a capability of ``assess``, ``validate`` or ``demo``, or a map of ``batch``, could not be done; 2 bad input or
usage (one sentence, no traceback); 3 what was asked to be told so: a check at or beyond the level of ``--fail-on``, or with ``--strict``
a section of the report that could not be drawn; 130 interrupted. ``docs/command_line.rst`` has them as a tree.
"""
from __future__ import annotations

import argparse
import gc
import logging
import os
import sys
from typing import List, Optional, Sequence

from ..errors import CryoqaError
from ..naming import OPTION, naming
from ..plain_text import one_line
from .commands import find_command
from .parser import CommandParser, print_help, refuse, refuse_command
from .terminal import plain_streams

_COLLECT_AFTER = 20_000                          # objects: with Python's 700, a tenth of a short run goes to looking for cycles
_NO_MEMORY = "there is not enough memory for this run. Crop the maps, or use a machine with more."


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """The options of a command line that begins with the name of a command; ``SystemExit`` where it is help that is asked for, or wrong.

    ``handler`` of it runs the command.
    """
    words = list(argv)
    if not words or words[0] in ("-h", "--help") or words == ["help"]:
        print_help()
        raise SystemExit(0 if words else 2)
    if words[0] == "--version":
        from .. import __version__
        print(f"cryoqa {__version__}")
        raise SystemExit(0)
    if words[0] == "help":
        words = [words[1], "--help"]
    if words[0].startswith("-"):
        refuse(f"a command stands before its options, as in 'cryoqa fsc {words[0]} ...'. 'cryoqa --help' lists the commands.")
    command = find_command(words[0])
    if command is None:
        refuse_command(words[0])
    parser = CommandParser(command)
    args = parser.parse_args(words[1:])
    args.handler = command.handler
    return args


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Run the command line and return the exit code."""
    with plain_streams(kept=argv is None):
        return _main(argv)


def _main(argv: Optional[Sequence[str]]) -> int:
    words: List[str] = list(sys.argv[1:] if argv is None else argv)
    if argv is None:                                         # the program itself; its memory is in arrays, not in cycles
        gc.set_threshold(_COLLECT_AFTER, 10, 10)
    verbose = False
    try:
        with naming(OPTION):
            args = parse(words)
            verbose = getattr(args, "verbose", False)
            _log(getattr(args, "quiet", False), verbose)
            return args.handler(args, ["cryoqa"] + words)
    except SystemExit as stop:                               # of the parser, which has said why
        return stop.code if isinstance(stop.code, int) else 2
    except CryoqaError as error:
        if verbose:
            logging.getLogger("cryoqa_plugin").info("Where it arose:", exc_info=error)
        print(one_line(f"cryoqa: {error}"), file=sys.stderr)
        return 2
    except MemoryError:
        print(f"cryoqa: {_NO_MEMORY}", file=sys.stderr)
        return 2
    except BrokenPipeError:                                  # "cryoqa ... | head": the reader has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        print("cryoqa: interrupted; nothing half-written was left.", file=sys.stderr)
        return 130


def _log(quiet: bool, verbose: bool) -> None:
    """What cryoqa tells on the way; the libraries below it stay as they are."""
    logging.basicConfig(format="%(message)s", level=logging.WARNING)
    logging.getLogger("cryoqa_plugin").setLevel(logging.WARNING if quiet else logging.DEBUG if verbose else logging.INFO)
