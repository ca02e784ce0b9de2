"""Criteria as data: a metric, a comparison, a limit, and what to do when it is not met.

All limits stand in :data:`cryoqa_plugin.limits.CHECKS`; a TOML file can override them.
"""
from __future__ import annotations

import operator
from dataclasses import dataclass, replace
from typing import Any, Collection, Dict, Iterable, List, Mapping, Optional, Tuple

from .errors import InputError

_OPS = {"<=": (operator.le, "at most"), ">=": (operator.ge, "at least"), "<": (operator.lt, "below"),
        ">": (operator.gt, "above"), "==": (operator.eq, "exactly"), "is": (operator.eq, "")}
ORDER = ("ok", "skipped", "warn", "fail")


@dataclass(frozen=True)
class Check:
    """One criterion.

    ``metric`` is the name of a metric of the result; ``op`` one of ``<= >= < > == is``; ``limit`` what it is compared
    with; ``title`` a few words; ``advice`` what to do when it is not met; ``severity`` ``warn`` or ``fail``, and ``fail`` in any case
    beyond ``fails_at``.
    """

    metric: str
    op: str
    limit: Any
    title: str
    advice: str
    reference: str = ""
    severity: str = "warn"
    fails_at: Any = None


def evaluate(checks: Iterable[Check], metrics: Mapping[str, Mapping[str, Any]]) -> List[Dict[str, Any]]:
    """Outcome of each check on the ``metrics`` block of a result document: status ok, warn, fail or skipped."""
    return [_outcome(c, metrics[c.metric]) for c in checks]


def causes_first(outcomes: List[Dict[str, Any]], explained: Mapping[str, Collection[str]]) -> List[Dict[str, Any]]:
    """Outcomes in which a check that is not met silences those that it explains.

    Parameters
    ----------
    outcomes
        Outcomes of :func:`evaluate`, the most upstream cause first.
    explained
        By metric of a cause, the metrics that it explains; those of a cause that voids everything are named by ``*``.

    Returns
    -------
    list of dict
        The same, where a later one that is not met and is explained is ``skipped`` and names the cause: what copies, or half-maps that do
        not lie on each other, bring with them is no fault of its own.
    """
    out: List[Dict[str, Any]] = []
    causes: List[Tuple[str, Collection[str]]] = []
    for outcome in outcomes:
        if outcome["status"] in ("warn", "fail"):
            cause = next((title for title, named in causes if "*" in named or outcome["metric"] in named), None)
            if cause is not None:
                outcome = dict(outcome, status="skipped", sentence=f"{outcome['title']}: not judged, because of '{cause}'.")
            elif outcome["metric"] in explained:
                causes.append((outcome["title"], explained[outcome["metric"]]))
        out.append(outcome)
    return out


def _outcome(check: Check, entry: Mapping[str, Any]) -> Dict[str, Any]:
    value, unit = entry["value"], f" {entry['unit']}" if entry["unit"] else ""
    out = dict(metric=check.metric, op=check.op, limit=check.limit, unit=entry["unit"], title=check.title,
               advice=check.advice, reference=check.reference, value=value)
    if value is None:
        return dict(out, status="skipped", sentence=f"{check.title}: not evaluated, there is no value.")
    compare, words = _OPS[check.op]
    good = bool(compare(value, check.limit))
    shown, limit = _show(value), _show(check.limit)
    if check.op == "is":
        # A title that is not to be so stands for itself; others need what was found, and what should be.
        so = value is True and check.limit is False
        sentence = f"{check.title}." if so else f"{check.title}: {shown}" + ("." if good or value is False else f", expected {limit}.")
    else:
        sentence = f"{check.title}: {shown}{unit}; it should be {words} {limit}{unit}."
    if not good and check.advice:
        sentence += " " + check.advice
    fails = check.fails_at is not None and not compare(value, check.fails_at)
    return dict(out, status="ok" if good else "fail" if fails else check.severity, sentence=sentence)


def _show(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def worst(statuses: Iterable[str]) -> str:
    """The worst of some statuses; ``skipped`` when there are none."""
    known = [s for s in statuses if s in ORDER]
    return max(known, key=ORDER.index) if known else "skipped"


def override(checks: Mapping[str, Tuple[Check, ...]], limits: Optional[Mapping[str, Mapping[str, Any]]]) -> Dict[str, Tuple[Check, ...]]:
    """The table of checks with the limits of a ``[capability]`` ``metric = value`` mapping put in."""
    out = dict(checks)
    for capability, values in (limits or {}).items():
        for name, value in values.items():
            found = [c for c in out.get(capability, ()) if c.metric == name]
            if not found:
                raise InputError(f"The limits name '{capability}.{name}', which no check uses.")
            out[capability] = tuple(replace(c, limit=value) if c.metric == name else c for c in out[capability])
    return out


def read_limits(path: Optional[str]) -> Optional[Dict[str, Dict[str, Any]]]:
    """Limits of a TOML file, or None when no file is given."""
    if not path:
        return None
    try:
        import tomllib
    except ImportError:
        import tomli as tomllib
    try:
        with open(path, "rb") as stream:
            return tomllib.load(stream)
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"The limits file {path} cannot be read: {error}. Give a TOML file with one table a capability.") from None
