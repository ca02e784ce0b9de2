"""The table of commands: the capabilities of the registry, in the groups of their families, and the commands around them."""
from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any, Callable, Optional, Tuple

from ..registry import CAPABILITIES, FAMILIES, Capability

START, MANY, ABOUT = "Start here", "Many maps", "About cryoqa"
FILES = FAMILIES["importing"]


@dataclass(frozen=True)
class Command:
    """One command: its ``group`` and one line in the help, and where its options and its function are.

    ``module`` holds ``options_<function>`` and ``run_<function>``; it is imported when the command is used.
    """

    name: str
    title: str
    group: str
    module: str
    function: str
    arguments: str = "[OPTIONS]"
    row: Optional[Capability] = None

    @property
    def description(self) -> str:
        """The first line of its help."""
        return f"{self.title}."

    @property
    def usage(self) -> str:
        """Its usage: the inputs without which it does not run, the rest as options."""
        if self.row is None:
            return f"cryoqa {self.name} {self.arguments}"
        from .options import usage_of
        return f"cryoqa {self.name} {usage_of(self.row)} [OPTIONS]"

    @property
    def epilog(self) -> Optional[str]:
        """The last line of its help."""
        return f"'cryoqa info {self.name}' lists the values, curves, tables and maps that it gives." if self.row else None

    def options(self, parser: Any) -> None:
        """Add its options to a parser."""
        if self.row is not None:
            from .options import capability_options
            capability_options(parser, self.row)
        else:
            self._find("options_")(parser)

    @property
    def handler(self) -> Callable[..., int]:
        """``handler(args, command)`` runs it and returns the exit code."""
        return self._find("run_")

    def _find(self, prefix: str) -> Callable[..., Any]:
        return getattr(import_module(f"cryoqa_plugin.cli.{self.module}"), prefix + self.function)


def _of(row: Capability) -> Command:
    return Command(row.id.replace("_", "-"), row.title, FAMILIES[row.family], "run", "capability", row=row)


_BEFORE = (
    Command("assess", "The report on a map: what the inputs allow, in one go", START, "run", "assess"),
    Command("validate", "The validation report: levels 0, 1 and A with a score", START, "run", "validate"),
    Command("demo", "That report on made-up half-maps, to see what it looks like", START, "run", "demo"),
    Command("which", "The command for a question, as in: cryoqa which \"is my map overfitted?\"", START, "which", "which", "QUESTION"))
_AFTER = (
    Command("fetch", "Download an EMDB entry: map, half-maps, mask, FSC, header, model", FILES, "files", "fetch", "ENTRY [OPTIONS]"),
    Command("report", "Draw the report again from saved results", FILES, "files", "report", "FOLDER [OPTIONS]"),
    Command("batch", "The validation of every map of a list, and the group report", MANY, "many", "batch", "LIST [OPTIONS]"),
    Command("group", "The group report of a folder of validated or assessed maps", MANY, "many", "group", "FOLDER"),
    Command("watch", "The report of every refinement that finishes in a project, and the group report", MANY, "many", "watch",
            "PROJECT [OPTIONS]"),
    Command("list", "The capabilities with their inputs", ABOUT, "about", "list"),
    Command("info", "What a capability takes and gives", ABOUT, "about", "info", "[CAPABILITY] [OPTIONS]"),
    Command("warmup", "Compile the numerical core, once a machine", ABOUT, "about", "warmup"),
    Command("completion", "The script that completes commands and options in bash, zsh or fish", ABOUT, "completion", "completion",
            "bash|zsh|fish"))


def all_commands() -> Tuple[Command, ...]:
    """All commands, group by group."""
    order = list(FAMILIES)
    rows = sorted(CAPABILITIES, key=lambda row: order.index(row.family))
    return _BEFORE + tuple(_of(row) for row in rows) + _AFTER


def find_command(word: str) -> Optional[Command]:
    """The command of a name (``_`` may stand for ``-``, and capitals for small letters), or None."""
    name = word.lower().replace("_", "-")
    return next((c for c in all_commands() if c.name == name), None)
