"""The cover of a validation: score, what it says as a whole, the items with their verdicts."""
from __future__ import annotations

from typing import Any, List, Mapping, Tuple

from ..blocks import Block, Link, Rows, Text
from ..content import WORDS
from ..section import Results, Section

_SERVICE = {"absent": "–", "none": "no criterion", "not applicable": "does not apply", "error": "not done", "skipped": "no verdict"}
_CONTEXT = ("A validation looks at a map by what there is: level 0 needs the map alone, level 1 two independent half-maps, level A an "
            "atomic model. Each item is a published method, computed by cryoqa and judged by a limit that stands in the table below. A "
            "limit that is not met asks for a look: a focused or a local refinement is off centre, and that is no mistake.")


def render(results: Results) -> List[Block]:
    """Score, summary, items, resolutions, warnings, and where the criteria of the service say something else."""
    document = results.validation
    if document is None:
        return []
    out: List[Block] = [
        Text(document["summary"]), *_verdict(document), Text(_CONTEXT),
        Rows("Items", ("", "Item", "Verdict", "By the service's criteria", "In a sentence"), _items(document, results))]
    return out + _resolutions(document) + _warnings(document, results) + _criteria(document)


def _verdict(document: Mapping[str, Any]) -> List[Block]:
    """The score with what argues against the map, and the count of items by both sets of criteria."""
    points, trust = document["score"], document.get("trust") or {}
    counted = (f"{points['passed']} out of {points['evaluable']} evaluable items are as they should be; by the criteria of the "
               f"Validation Report Service {points['service_passed']} out of {points['service_evaluable']}.")
    if trust.get("score") is None:
        return [Text(counted)]
    rows = tuple((a["cause"], a["strength"], ", ".join(a["items"]), a["sentence"]) for a in trust["arguments"])
    out: List[Block] = [Text(f"Score: {trust['score']:.1f} of 1, {trust['verdict']}. {counted}")]
    return out + ([Rows("What argues against the map", ("Cause", "Strength", "Items", "In a sentence"), rows)] if rows else [])


def _items(document: Mapping[str, Any], results: Results) -> Tuple[Tuple[Any, ...], ...]:
    return tuple((item["id"], _linked(item, results), _word(item), _service_word(item["service_status"]), _sentence(item))
                 for item in document["items"])


def _linked(item: Mapping[str, Any], results: Results, words: str = "title") -> Any:
    """The title, or the ``id``, of an item, as a link to the section of its first capability that was run."""
    for capability in item["capabilities"]:
        if capability in results.documents or capability in results.errors:
            return Link(item[words], capability)
    return item[words]


def _word(item: Mapping[str, Any]) -> str:
    return {"absent": "not evaluated", "none": "no criterion"}.get(item["status"]) or WORDS[item["status"]]


def _service_word(status: str) -> str:
    return _SERVICE.get(status) or {"ok": "OK", "warn": "warning", "fail": "warning"}[status]


def _sentence(item: Mapping[str, Any]) -> str:
    return str(item["error"] or item["summary"] or "Not evaluated with these inputs.")


def _resolutions(document: Mapping[str, Any]) -> List[Block]:
    rows = tuple((r["item"], r["title"], r["value"]) for r in document["resolutions"])
    if not rows:
        return []
    return [Rows("Resolution by each method", ("Item", "Method", "Resolution (Å)"), rows), Text(document["resolution_sentence"])]


def _warnings(document: Mapping[str, Any], results: Results) -> List[Block]:
    rows = tuple((_linked(item, results, "id"), check["sentence"])
                 for item in document["items"] for check in item["checks"] if check["status"] in ("warn", "fail"))
    return [Rows("Warnings", ("Item", "What and what to do"), rows)] if rows else []


def _criteria(document: Mapping[str, Any]) -> List[Block]:
    """Where the two sets of criteria come to different verdicts, and why cryoqa judges by another rule."""
    rows: List[Tuple[Any, ...]] = []
    for item in document["items"]:
        rows += [(item["id"], "cryoqa", c["sentence"], WORDS[c["status"]]) for c in item["checks"]]
        rows += [(item["id"], "service", c["sentence"], WORDS[c["status"]]) for c in item["service"]]
    notes = tuple((item["id"], item["note"]) for item in document["items"] if item["note"])
    tables = ((("Item", "Whose", "Criterion", "Outcome"), "All criteria, ours and the service's", tuple(rows)),
              (("Item", "Note"), "Where the criteria differ, and why", notes))
    return [Rows(title, columns, content, folded=True) for columns, title, content in tables if content]


SECTION = Section(
    id="validation", title="Validation", order=1, asks="file",
    how_to_read="The score is 1 less the strength of the strongest argument against the map: fail 1, strong 0.7, weak 0.4, remark 0.1. A "
                "cause counts once, however many items show it. 'By the service's criteria' applies the rules that the Validation "
                "Report Service states or codes, also where they cannot fail; 'Verdict' applies ours.",
    render=render)
