"""Reading the command line: the help by groups, and one sentence for what cannot be read, with what was probably meant."""
from __future__ import annotations

import argparse
import os
import re
import sys
from typing import Any, List, NoReturn, Sequence

from ..naming import did_you_mean
from ..plain_text import one_line
from .commands import Command, all_commands

_WORDS = ((r"expected one argument", "a value is missing after it"), (r"expected at least one argument", "a value is missing after it"),
          (r"the following arguments are required: (.*)", r"\1 is missing"), (r"invalid (\w+) value: ('.*')", r"\2 is not a number"),
          (r"invalid choice: ('.*') \(choose from (.*)\)", r"\1 is not one of \2"))


def refuse(sentence: str) -> NoReturn:
    """End with exit code 2 and one sentence."""
    print(one_line(f"cryoqa: {sentence}"), file=sys.stderr)
    raise SystemExit(2)


def refuse_command(word: str) -> NoReturn:
    """End because there is no such command; says which one was probably meant."""
    if os.path.isfile(word):
        refuse(f"'{word}' is a file, and the first word is a command, as in 'cryoqa map-info --map {word}'. 'cryoqa --help' lists them.")
    meant = did_you_mean(word, [c.name for c in all_commands()])
    if not meant:
        from .which import find
        found = find(word)
        meant = f" Did you look for '{found[0].name}'?" if found else ""
    refuse(f"there is no command '{word}'.{meant} 'cryoqa --help' lists the commands, 'cryoqa which \"...\"' finds one by a question.")


class CommandParser(argparse.ArgumentParser):
    """The parser of one command."""

    def __init__(self, command: Command) -> None:
        super().__init__(prog=f"cryoqa {command.name}", description=command.description, epilog=command.epilog, usage=command.usage,
                         formatter_class=_Help)
        command.options(self)

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:
        """As of argparse; words that nothing takes are refused with what was probably meant."""
        found, left = self.parse_known_args(args, namespace)
        if left:
            self.error(self._unknown(left))
        return found

    def option_names(self) -> List[str]:
        """The long options."""
        return [o for action in self._actions for o in action.option_strings if o.startswith("--")]

    def _unknown(self, left: Sequence[str]) -> str:
        word = next((w for w in left if w.startswith("-") and len(w) > 1), left[0]).split("=")[0]
        if word.startswith("-"):
            return f"there is no option {word}.{did_you_mean(word, self.option_names())}"
        known = [o for o in self.option_names() if o in ("--half1", "--half2", "--map", "--job")][:2]
        if not known:
            return f"'{word}' is one word too many"
        return f"'{word}' does not follow an option; say what it is, as in {known[0]} {word}{''.join(f' {o} FILE' for o in known[1:])}"

    def error(self, message: str) -> NoReturn:
        """Exit with code 2 and one sentence."""
        message = re.sub(r"^argument (?:-\w, ?|-\w/)?(--[\w-]+|[\w-]+): ", r"\1: ", message)
        message = re.sub(r"^(--[\w-]+): (.*\(?\1\b)", r"\2", message)               # the sentence names the option itself
        for pattern, words in _WORDS:
            message = re.sub(pattern, words, message)
        refuse(f"{message.rstrip('.')}{'' if message.endswith('?') else '.'} '{self.prog} --help' lists the options.")


class _Help(argparse.HelpFormatter):
    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=28, width=min(max(_columns() - 2, 60), 118))


def _columns() -> int:
    try:
        return int(os.environ.get("COLUMNS") or os.get_terminal_size().columns)
    except (OSError, ValueError):
        return 100


def print_help() -> None:
    """Print the commands by group, one line each."""
    from .. import __version__
    print(f"cryoqa {__version__}: can this cryo-EM map be trusted?\n\nusage: cryoqa COMMAND [OPTIONS]")
    commands = all_commands()
    wide = max(len(c.name) for c in commands)
    for group in dict.fromkeys(c.group for c in commands):
        print(f"\n{group}")
        for command in commands:
            if command.group == group:
                print(f"  {command.name:<{wide}}  {command.title}")
    print("\n'cryoqa COMMAND --help' lists the options of a command, 'cryoqa which \"is my map overfitted?\"' finds the command for a\n"
          "question, 'cryoqa demo' shows it all on made-up data. Exit codes: 0 done, 1 something could not be done, 2 bad input or\n"
          "usage, 3 a check at or beyond --fail-on (or a section that failed under --strict), 130 interrupted.")
