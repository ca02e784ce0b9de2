"""The items of a validation, by our criteria and by those of the Validation Report Service."""
from __future__ import annotations

from typing import Any, List, Mapping, Tuple

from ..blocks import Block, Link, Rows, Text
from ..content import WORDS
from ..section import Results, Section

_SERVICE = {"absent": "–", "none": "no criterion", "not applicable": "does not apply", "error": "not done", "skipped": "no verdict"}


def render(results: Results) -> List[Block]:
    """The items, and the criteria of the service beside ours."""
    document = results.validation
    if document is None:
        return []
    points = document["score"]
    counted = (f"{points['passed']} of {points['evaluable']} items are met by our criteria, {points['service_passed']} of "
               f"{points['service_evaluable']} by those that the Validation Report Service states or codes, also where they cannot fail.")
    return [Text(counted), Rows("Items", ("", "Item", "Verdict", "By the Service", "In a sentence"), _items(document, results)),
            *_criteria(document)]


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
    id="validation", title="Validation Report Service, item by item", order=1, asks="file",
    how_to_read="Each item is a published method, computed by cryoqa. The verdict on the map is made of our checks; a cause counts once, "
                "however many items show it. The criteria of the Validation Report Service stand beside them, and are no second score.",
    render=render)
