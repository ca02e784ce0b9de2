"""What the command line shows: how far it is, the numbers of a result, the tables of capabilities."""
from __future__ import annotations

import sys
import time
from typing import Any, Dict, Iterable, List, Mapping, Optional, Set

from ..plain_text import one_line
from ..registry import CAPABILITIES, Capability, resolve
from ..results import declared
from ..rounding import show_value
from .terminal import bar_stream, encodable

_BEYOND = {None: (), "warn": ("warn", "fail"), "fail": ("fail",)}


class ProgressBar:
    """How far a run is, on standard error; call it with a fraction from 0 to 1 and a message.

    On a screen it is a bar. In a log file or a pipe it is one line a capability, or with ``verbose`` one line a step, each with the
    percentage and the seconds since the start.

    Parameters
    ----------
    shown
        False for one that says nothing.
    title
        Of what is run, where its messages do not begin with it.
    verbose
        Every step is a line.
    """

    def __init__(self, shown: bool = True, title: str = "", verbose: bool = False) -> None:
        self._shown, self._title, self._verbose = shown, title, verbose
        self._bar: Any = None
        self._last, self._start = "", time.time()

    def __enter__(self) -> ProgressBar:
        if self._shown and not self._verbose and sys.stderr.isatty():
            from tqdm import tqdm
            self._bar = tqdm(total=100, file=bar_stream(), bar_format="{l_bar}{bar}| {elapsed}<{remaining}", leave=False)
        return self

    def __call__(self, fraction: float, message: str = "") -> None:
        if self._bar is not None:
            self._bar.set_description_str(self._words(message or self._title))
            self._bar.update(max(0.0, 100 * fraction - self._bar.n))
        elif self._shown:
            words = ": ".join(filter(None, (self._title, message))) if self._verbose else self._title or message.split(": ")[0]
            if words and words != self._last:
                self._last = words
                self._line(f"{100 * min(fraction, 1.0):3.0f} %  {time.time() - self._start:5.1f} s  {words}")

    def __exit__(self, *exc: Any) -> None:
        if self._bar is not None:
            self._bar.close()

    def say(self, sentence: str) -> None:
        """A line that stands above the bar."""
        if self._bar is not None:
            self._bar.write(self._words(sentence), file=bar_stream())
        elif self._shown:
            self._line(sentence)

    @staticmethod
    def _words(text: str) -> str:
        return encodable(one_line(text), bar_stream())

    @staticmethod
    def _line(text: str) -> None:
        print(one_line(text), file=sys.stderr, flush=True)


def exit_code_of_checks(level: Optional[str], outcomes: Iterable[Mapping[str, Any]]) -> int:
    """3 when a check is at the ``level`` of ``--fail-on`` or beyond, which is said on standard error; else 0."""
    bad = [outcome for outcome in outcomes if outcome["status"] in _BEYOND[level]]
    if not bad:
        return 0
    bad.sort(key=lambda outcome: outcome["status"] != "fail")
    more = f" (and {len(bad) - 1} more)" if len(bad) > 1 else ""
    print(f"cryoqa: exit code 3, as asked by --fail-on {level}: {one_line(bad[0]['sentence'])}{more}", file=sys.stderr)
    return 3


def print_document(document: Mapping[str, Any], verbose: bool = False) -> None:
    """Print the summary, the values, the checks that are not met (all of them when ``verbose``) and the warnings of a document."""
    print(one_line(document["summary"]))
    rows = [(n, one_line(show_value(m["value"], m["unit"])), m["meaning"])
            for n, m in document["metrics"].items() if m["value"] is not None]
    if rows:
        wide = [max(len(str(r[i])) for r in rows) for i in range(2)]
        print("\n".join(f"  {n:<{wide[0]}}  {v:>{wide[1]}}  {m}" for n, v, m in rows))
    print_checks(document["checks"], verbose)
    print_notes(document["warnings"], [document], [o["metric"] for o in document["checks"] if o["status"] in ("warn", "fail")])


def print_checks(outcomes: Iterable[Mapping[str, Any]], verbose: bool = False, indent: str = "", said: Optional[Set[str]] = None) -> None:
    """Print the checks that are not met, all of them when ``verbose``: each once, and none that is in ``said``, which grows by them."""
    said = set() if said is None else said
    for outcome in outcomes:
        line = f"{outcome['status'].upper()}: {outcome['sentence']}"
        if (verbose or outcome["status"] in ("warn", "fail")) and line not in said:
            print(indent + one_line(line))
            said.add(line)


def print_notes(sentences: Iterable[str], documents: Iterable[Mapping[str, Any]], failed: Iterable[str] = ()) -> None:
    """Print what to know before the numbers are believed, each once, without what the checks say that were printed (``failed``).

    The inputs of the ``documents`` are the files that notes begin with.
    """
    from ..study.notes import merged, unsaid
    paths = {str(e.get("path")) for d in documents for e in d.get("inputs", {}).values() if e.get("path")}
    for sentence in merged(unsaid(sentences, failed), paths):
        print(one_line(f"NOTE: {sentence}"))


def print_paths(paths: Mapping[str, str]) -> None:
    """Print where the files are."""
    for name, path in paths.items():
        print(one_line(f"{name:>8}: {path}"))


def capability_table(rst: bool = False) -> str:
    """The capabilities as a table, plain or as a reStructuredText grid for README.rst."""
    rows = [("``" + c.id.replace("_", "-") + "``" if rst else c.id.replace("_", "-"), c.title, c.level, _inputs(c)) for c in CAPABILITIES]
    head = ("Command", "What it gives", "Level", "Inputs")
    wide = [max(len(r[i]) for r in rows + [head]) for i in range(4)]

    def line(r: Any) -> str:
        return "  ".join(f"{v:<{w}}" for v, w in zip(r, wide)).rstrip()

    rule = "  ".join("=" * w for w in wide)
    body = [line(r) for r in rows]
    return "\n".join([rule, line(head), rule] + body + [rule] if rst else [line(head)] + body)


def _inputs(row: Capability) -> str:
    needed = list(row.needs) + [" or ".join("+".join(g) for g in row.any_of)] * bool(row.any_of)
    optional = [t for t in row.takes if not any(t in g for g in row.any_of)]
    return ", ".join(needed + [f"[{t}]" for t in optional]) or "-"


def capability_text(row: Capability) -> str:
    """Inputs, parameters and values of one capability, for ``cryoqa info``."""
    from ..params import specs
    result = resolve(row.result)
    lines: List[str] = [f"{row.id.replace('_', '-')}: {row.title} (level {row.level})", f"  inputs: {_inputs(row)}"]
    if row.extras or row.gpu:
        lines.append(f"  needs: {', '.join([*row.extras, *['a graphics card, or more time'] * row.gpu])}")
    lines.append("  parameters:")
    lines += [f"    {s.option}" + (f" = {s.usual}" if s.usual else "") + f"  {s.help}" + (f" [{s.unit}]" if s.unit else "")
              for s in specs(resolve(row.params))]
    names: Dict[str, str] = {"metric": "values", "curve": "curves", "table": "tables", "map": "maps"}
    for role, title in names.items():
        found = declared(result, role)
        if found:
            lines.append(f"  {title}:")
            lines += [f"    {n}" + (f" [{d['unit']}]" if d.get("unit") else "") + f"  {d['meaning']}" for n, d in found.items()]
    return "\n".join(lines + ["  references: " + ", ".join(row.references)])
