"""What the checks of a run found: each fact once, with its worst value, under the question that it belongs to."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, List, Mapping, Sequence, Tuple

from ..checks import ORDER
from ..validation.arguments import explain
from ..validation.headline import trust
from ..validation.items import REPORTED, Item, Judged, judge_all
from .section import QUESTIONS, Results, Section

# Checks that belong to another question than the capability that makes them.
_QUESTION_OF = {"tail_fsc": "halves", "rise_at_end": "halves", "random_fsc_at_resolution": "halves", "shares_in_mask": "halves",
                "half_maps_consistency": "halves", "half_maps_agreement": "halves", "atoms_outside": "model", REPORTED: "fine",
                "b_excess": "model", "reported_gap": "fine", "reported_lead": "fine", "reported_deviation": "fine"}
_BEGINS = (("half_maps_", "halves"), ("model_", "model"))
_UNCOUNTED = ("skipped",)


@dataclass(frozen=True)
class Finding:
    """One check: ``shown`` is its value and ``limit`` what it should be, as text; ``capabilities`` those that made it."""

    metric: str
    title: str
    status: str
    shown: str
    limit: str
    claim: str
    advice: str
    sentence: str
    question: str
    capabilities: Tuple[str, ...]


@dataclass(frozen=True)
class Found:
    """The findings of a run, and the verdict on it: ``trust`` as in the document of a validation."""

    findings: Tuple[Finding, ...]
    trust: Mapping[str, Any]

    def of(self, question: str) -> Tuple[Finding, ...]:
        """The findings of a question, those that need a look first."""
        return tuple(f for f in self.findings if f.question == question)

    def count(self) -> Tuple[int, int]:
        """Checks met, and checks judged."""
        judged = [f for f in self.findings if f.status not in _UNCOUNTED]
        return sum(f.status == "ok" for f in judged), len(judged)


def findings(results: Results, sections: Sequence[Section]) -> Found:
    """The checks of all documents, merged where they are about one fact."""
    judged = _judged(results)
    asks: Dict[str, str] = {}
    for section in sections:
        if section.capability:
            asks.setdefault(section.capability, section.asks)
    order = list(dict.fromkeys(asks))
    merged: Dict[Tuple[str, str], Finding] = {}
    for one in judged:
        makers = _makers(one, results)
        for outcome in one.ours:
            found = _finding(outcome, makers, asks)
            known = merged.get((found.metric, found.title))
            if known is not None:
                worse = max(known, found, key=lambda f: ORDER.index(f.status) if f.status != "skipped" else -1)
                capabilities = tuple(sorted({*known.capabilities, *makers}, key=lambda c: order.index(c) if c in order else 99))
                found = Finding(**{**vars(worse), "capabilities": capabilities, "question": known.question})
            merged[found.metric, found.title] = found
    ranked = sorted(merged.values(), key=lambda f: ("fail", "warn", "ok", "skipped").index(f.status))
    saved = (results.validation or {}).get("trust")
    return Found(tuple(ranked), saved if saved and "headline" in saved else trust(judged, results.documents))


def _judged(results: Results) -> List[Judged]:
    """The items of a validation as they were judged, and the other capabilities as items of their own."""
    if not results.validation:
        return explain(judge_all((), results.documents, None))
    items = [Judged(Item(i["id"], i["title"]), i["status"], i.get("service_status", "none"), i.get("summary", ""),
                    tuple(i.get("checks", ())), extra=dict(capabilities=tuple(i["capabilities"]))) for i in results.validation["items"]]
    asked = {c for i in results.validation["items"] for c in i["capabilities"]}
    return items + judge_all((), {c: d for c, d in results.documents.items() if c not in asked}, None)


def _makers(judged: Judged, results: Results) -> Tuple[str, ...]:
    named = judged.extra.get("capabilities", (judged.item.id,))
    return tuple(c for c in named if c in results.documents) or tuple(named)


def _finding(outcome: Mapping[str, Any], makers: Tuple[str, ...], asks: Mapping[str, str]) -> Finding:
    metric = str(outcome["metric"])
    own = next((asks[c] for c in makers if c in asks), "file")
    question = _QUESTION_OF.get(metric) or next((q for begin, q in _BEGINS if metric.startswith(begin)), own)
    return Finding(metric=metric, title=str(outcome["title"]), status=str(outcome["status"]), shown=str(outcome.get("shown", "")),
                   limit=str(outcome.get("limit_words", "")), claim=str(outcome.get("claim") or outcome["title"]),
                   advice=str(outcome.get("advice", "")), sentence=str(outcome["sentence"]),
                   question=question if question in QUESTIONS else own, capabilities=makers)
