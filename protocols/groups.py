"""The results of a set of volumes: one row each, on one page."""
from __future__ import annotations

import os
from typing import Any, Dict, List, Mapping, Sequence
from urllib.parse import quote

from cryoqa_plugin.checks import worst
from cryoqa_plugin.registry import find
from cryoqa_plugin.report import group
from cryoqa_plugin.report.assemble import read_results, write_bytes
from cryoqa_plugin.report.findings import findings
from cryoqa_plugin.report.group import Entry, Number
from cryoqa_plugin.report.group_numbers import fsc_curve, key_numbers
from cryoqa_plugin.report.head import headline
from cryoqa_plugin.report.keys import key_rows
from cryoqa_plugin.report.section import Section, discover

from . import documents
from .inputs import Member

PAGE, TABLE = "report.html", "group.tsv"


def write(folder: str, title: str, members: Sequence[Member]) -> None:
    """Draw the page of a set, which is its report, and write its numbers as a table."""
    from cryoqa_plugin.report.group_page import page
    found = entries(folder, members)
    write_bytes(os.path.join(folder, PAGE), page(found, title).encode("utf-8"))
    write_bytes(os.path.join(folder, TABLE), group.tsv(found).encode("utf-8"))


def entries(folder: str, members: Sequence[Member]) -> List[Entry]:
    """A row for each volume, in the order of the set; one that failed says why."""
    validated = {entry.name: entry for entry in group.read_group(folder)}
    sections, out = discover(), []
    for member in members:
        why, document = documents.failure(member.folder), documents.document(member.folder)
        link = quote(member.name) + "/report.html" if os.path.isfile(os.path.join(member.folder, "report.html")) else ""
        if why is not None or document is None:
            out.append(Entry(member.name, "waiting" if why is None else "error", link, why or "Not done yet."))
        else:
            out.append(validated.get(member.name) or _entry(member, link, document, sections))
    return out


def _entry(member: Member, link: str, document: Mapping[str, Any], sections: Sequence[Section]) -> Entry:
    """The row of a result: its verdict, its key numbers, its checks counted, and its numbers with the limits of their checks."""
    results = read_results(member.folder)
    seen = findings(results, sections)
    status, verdict, _ = headline(results, seen, [])
    judged = [c for c in document["checks"] if c["status"] in ("ok", "warn", "fail")]
    passed = sum(c["status"] == "ok" for c in judged)
    return Entry(member.name, status, link, score=f"{passed} / {len(judged)}" if judged else "", numbers=_numbers(document, judged),
                 verdict=verdict, keys=key_rows(results, seen), places=key_numbers(results), curve=fsc_curve(results.documents))


def _numbers(document: Mapping[str, Any], judged: Sequence[Mapping[str, Any]]) -> Dict[str, Number]:
    row = find(document["capability"])
    columns = {metric: f"resolution_{item}" for item, metric in (row.estimates if row else ())}
    numbers: Dict[str, Number] = {}
    for metric, entry in document["metrics"].items():
        value = entry["value"]
        if isinstance(value, (bool, str)) or value is None:
            continue
        own = [c for c in judged if c["metric"] == metric]
        limits = tuple(dict.fromkeys(float(c["limit"]) for c in own if not isinstance(c["limit"], (bool, str))))
        meaning = entry["meaning"][:1].upper() + entry["meaning"][1:]
        numbers[columns.get(metric, metric)] = Number(meaning, float(value), entry["unit"], worst(c["status"] for c in own), limits)
    return numbers


def lines(members: Sequence[Member]) -> List[str]:
    """The summary of a set: a line for each volume."""
    out = []
    for member in members:
        why, document = documents.failure(member.folder), documents.document(member.folder)
        out.append(f"*{member.name}*: {why or (document or {}).get('summary') or 'No results yet.'}")
    return out


def failures(members: Sequence[Member]) -> List[str]:
    """Why volumes have no result, a sentence each."""
    found = [(member.name, documents.failure(member.folder)) for member in members]
    return [f"{name}: {why}" for name, why in found if why]
