"""Criteria as data: a metric, a comparison, a limit, and what to do when it is not met.

All limits stand in :data:`cryoqa_plugin.limits.CHECKS`; a TOML file can override them.
"""
from __future__ import annotations

import math
import operator
from dataclasses import dataclass, replace
from typing import Any, Callable, Collection, Dict, Iterable, List, Mapping, Optional, Tuple

from .errors import InputError
from .rounding import Shown, read_number, show_limit, show_value

_OPS = {"<=": (operator.le, "at most "), ">=": (operator.ge, "at least "), "<": (operator.lt, "less than "),
        ">": (operator.gt, "more than "), "==": (operator.eq, "exactly "), "is": (operator.eq, "")}
_SHOWN = 60                                      # letters of a value in a sentence
ORDER = ("ok", "skipped", "warn", "fail")


@dataclass(frozen=True)
class Check:
    """One criterion.

    Parameters
    ----------
    metric
        Name of the metric of the result.
    op, limit
        One of ``<= >= < > == is``, and what the metric is compared with.
    title
        A noun that the value completes: ``Shift between the half-maps``.
    claim
        What is true when it is not met, in a few words: ``The half-maps are {value} apart``; ``{value}`` and ``{limit}`` stand for the two,
        rounded and with unit, other names for other metrics. Empty: title and value.
    advice
        The cause, or what to do about it.
    strength
        Of the finding when it is not met: 4 numbers are void, 3 a premise of all numbers, 2 one headline, 1 handling.
    reference
        A link.
    severity
        ``warn`` or ``fail``; ``fail`` in any case beyond ``fails_at``.
    fails_at
        A second limit.
    grave
        A warning takes as much trust as void numbers do: the map, or the model, is not what it is given as.
    share
        The metric is a part of 1, shown in %.
    """

    metric: str
    op: str
    limit: Any
    title: str
    claim: str
    advice: str
    strength: int = 2
    reference: str = ""
    severity: str = "warn"
    fails_at: Any = None
    grave: bool = False
    share: bool = False

    def words(self, value: Any, unit: str = "", beside: Optional[Mapping[str, Mapping[str, Any]]] = None) -> Dict[str, str]:
        """Value, limit, claim and sentence as they are shown.

        Parameters
        ----------
        value, unit
            Of the metric.
        beside
            The metrics of the result, which a claim may name.

        Returns
        -------
        dict
            ``shown``, ``limit_words``, ``claim`` and ``sentence``. A value that misses the limit is shown to as many decimals as it takes
            to see that.
        """
        compare, words = _OPS[self.op]
        limit = self._shown(self.limit, unit, show_limit)
        never_below = self.op == "<=" and self.limit == 0 and (self.share or unit == "%")
        limit_words = ("exactly " if never_below else words) + limit
        if value is None:
            return dict(shown=show_value(None), limit_words=limit_words, claim="", sentence=f"{self.title}: not judged, there is no value.")
        good, scale = bool(compare(value, self.limit)), 100 if self.share else 1
        shown = self._shown(value, unit, show_value)
        for more in (1, 2, 3, 4):
            read = read_number(shown)
            if good or self.op == "is" or read is None or not compare(read, scale * self.limit):
                break
            shown = self._shown(value, unit, show_value, more)
        others = {n: Shown(e["value"], e["unit"]) for n, e in (beside or {}).items()}
        try:
            claim = self.claim.format_map({**others, "value": shown, "limit": limit})
        except (KeyError, TypeError):                            # a metric that the claim names and this run does not have
            claim = ""
        claim = claim or f"{self.title}: {shown}, not {limit_words}"
        met = f"{self.title}: {shown}." if self.op == "is" else f"{self.title}: {shown} ({limit_words})."
        return dict(shown=shown, limit_words=limit_words, claim=claim, sentence=met if good else f"{claim}. {self.advice}".rstrip())

    def _shown(self, value: Any, unit: str, show: Callable[..., str], *more: int) -> str:
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        return show(100 * value, "%", *more) if self.share and number else show(value, unit, *more)


def evaluate(checks: Iterable[Check], metrics: Mapping[str, Mapping[str, Any]]) -> List[Dict[str, Any]]:
    """Outcome of each check on the ``metrics`` block of a result document: status ok, warn, fail or skipped."""
    return [_outcome(c, metrics[c.metric], metrics) for c in checks]


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
            cause = next((claim for claim, named in causes if "*" in named or outcome["metric"] in named), None)
            if cause is not None:
                outcome = explained_by(outcome, cause)
            elif outcome["metric"] in explained:
                causes.append((str(outcome.get("claim") or outcome["title"]), explained[outcome["metric"]]))
        out.append(outcome)
    return out


def explained_by(outcome: Mapping[str, Any], claim: str) -> Dict[str, Any]:
    """An outcome that is not judged, because of what another one claims."""
    return dict(outcome, status="skipped", sentence=f"{outcome['title']}: not judged, because {lowered(claim)}.")


def lowered(sentence: str) -> str:
    """A sentence for the middle of another one: its first letter small, unless the first word is an abbreviation or a name."""
    word = sentence.split(" ", 1)[0]
    plain = word in ("A", "I") or len(word) > 1 and word[1:] == word[1:].lower() and not word.startswith(("Fourier", "Nyquist", "Å"))
    return sentence[:1].lower() + sentence[1:] if plain else sentence


def _outcome(check: Check, entry: Mapping[str, Any], beside: Mapping[str, Mapping[str, Any]]) -> Dict[str, Any]:
    value = entry["value"]
    out = dict(metric=check.metric, op=check.op, limit=check.limit, unit=entry["unit"], title=check.title, advice=check.advice,
               reference=check.reference, value=value, strength=check.strength, grave=check.grave,
               **check.words(value, entry["unit"], beside))
    if value is None:
        return dict(out, status="skipped")
    compare, _ = _OPS[check.op]
    fails = check.fails_at is not None and not compare(value, check.fails_at)
    return dict(out, status="ok" if compare(value, check.limit) else "fail" if fails else check.severity)


def worst(statuses: Iterable[str]) -> str:
    """The worst of some statuses; ``skipped`` when there are none."""
    known = [s for s in statuses if s in ORDER]
    return max(known, key=ORDER.index) if known else "skipped"


def override(checks: Mapping[str, Tuple[Check, ...]], limits: Optional[Mapping[str, Mapping[str, Any]]]) -> Dict[str, Tuple[Check, ...]]:
    """The table of checks with the limits of a ``[capability]`` ``metric = value`` mapping put in."""
    out = dict(checks)
    for capability, values in (limits or {}).items():
        if not isinstance(values, Mapping):
            raise InputError(f"The limits have '{_short(values)}' for {_short(capability)}; they need one table a capability: its name in "
                             "square brackets, and below it a line 'metric = value' each.")
        for name, value in values.items():
            found = [c for c in out.get(capability, ()) if c.metric == name]
            if not found:
                raise InputError(f"The limits name '{_short(capability)}.{_short(name)}', which no check uses.")
            _require_same_sort(f"{capability}.{name}", found[0].limit, value)
            out[capability] = tuple(replace(c, limit=value) if c.metric == name else c for c in out[capability])
    return out


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "..."


def _require_same_sort(name: str, usual: Any, value: Any) -> None:
    """Raise :class:`InputError` for a limit that is of another sort than the usual one: yes or no, a number, or a word."""
    sorts = ((bool, "true or false"), ((int, float), "a finite number"), (str, "a word in quotes"))
    wanted = next((words for kind, words in sorts if isinstance(usual, kind)), "")
    given = next((words for kind, words in sorts if isinstance(value, kind)), "")
    if wanted != given or isinstance(value, float) and not math.isfinite(value):
        raise InputError(f"The limit of {name} is '{_short(value)}'; it must be {wanted}, such as {str(usual).lower()}.")
