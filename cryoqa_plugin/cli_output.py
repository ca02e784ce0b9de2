"""What the command line shows: a progress bar, the numbers of a result, the tables of capabilities."""
from __future__ import annotations

import sys
from typing import Any, Dict, Iterable, List, Mapping

from .registry import CAPABILITIES, Capability, resolve
from .results import declared


class ProgressBar:
    """A progress bar on standard error; call it with a fraction from 0 to 1 and a message."""

    def __init__(self, shown: bool = True) -> None:
        self._shown, self._bar = shown and sys.stderr.isatty(), None

    def __enter__(self) -> "ProgressBar":
        if self._shown:
            from tqdm import tqdm
            self._bar = tqdm(total=100, bar_format="{l_bar}{bar}| {elapsed}<{remaining}", leave=False)
        return self

    def __call__(self, fraction: float, message: str = "") -> None:
        if self._bar is not None:
            self._bar.set_description_str(message)
            self._bar.update(max(0.0, 100 * fraction - self._bar.n))

    def __exit__(self, *exc: Any) -> None:
        if self._bar is not None:
            self._bar.close()


def print_document(document: Mapping[str, Any]) -> None:
    """Print the summary, the values, the checks that are not met and the warnings of a result document."""
    print(document["summary"])
    rows = [(n, _value(m["value"]), m["unit"], m["meaning"]) for n, m in document["metrics"].items() if m["value"] is not None]
    if rows:
        wide = [max(len(str(r[i])) for r in rows) for i in range(3)]
        print("\n".join(f"  {n:<{wide[0]}}  {v:>{wide[1]}} {u:<{wide[2]}}  {m}" for n, v, u, m in rows))
    for outcome in document["checks"]:
        if outcome["status"] in ("warn", "fail"):
            print(f"{outcome['status'].upper()}: {outcome['sentence']}")
    print_notes(document["warnings"])


def print_notes(sentences: Iterable[str]) -> None:
    """Print what to know before the numbers are believed, each sentence once."""
    for sentence in dict.fromkeys(sentences):
        print(f"NOTE: {sentence}")


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.5g}" if isinstance(value, float) else str(value)


def print_paths(paths: Mapping[str, str]) -> None:
    """Print where the files are."""
    for name, path in paths.items():
        print(f"{name:>8}: {path}")


def capability_table(rst: bool = False) -> str:
    """The capabilities as a table, plain or as a reStructuredText grid for README.rst."""
    rows = [("``" + c.id.replace("_", "-") + "``" if rst else c.id.replace("_", "-"), c.title, c.level, _inputs(c)) for c in CAPABILITIES]
    head = ("Command", "What it tells", "Level", "Inputs")
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
    from .params import specs
    result = resolve(row.result)
    lines: List[str] = [f"{row.id}: {row.title} (level {row.level})", f"  inputs: {_inputs(row)}"]
    if row.extras or row.gpu:
        lines.append(f"  needs: {', '.join([*row.extras, *['a graphics card, or more time'] * row.gpu])}")
    lines.append("  parameters:")
    lines += [f"    {s.option} = {s.default}  {s.help}" + (f" [{s.unit}]" if s.unit else "") for s in specs(resolve(row.params))]
    names: Dict[str, str] = {"metric": "values", "curve": "curves", "table": "tables", "map": "maps"}
    for role, title in names.items():
        found = declared(result, role)
        if found:
            lines.append(f"  {title}:")
            lines += [f"    {n}" + (f" [{d['unit']}]" if d.get("unit") else "") + f"  {d['meaning']}" for n, d in found.items()]
    return "\n".join(lines + ["  references: " + ", ".join(row.references)])
