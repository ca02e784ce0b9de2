"""What a report says, before anything is drawn: parts, verdicts, what is missing, references."""
from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from typing import Any, Dict, List, Mapping, Sequence, Set, Tuple

from ..checks import worst
from ..registry import CAPABILITIES, Capability
from ..validation.arguments import STATUS
from .blocks import Block, Value, Values, show
from .draw import everything, file_name
from .references import Reference, chosen
from .section import QUESTIONS, Results, Section

log = logging.getLogger(__name__)
WORDS = {"ok": "OK", "warn": "look", "fail": "problem", "skipped": "no verdict", "error": "not done"}
INPUT = "input"                                 # id of the section about the files, where notes on them stand
Finding = Tuple[str, str]                       # status and sentence


@dataclass(frozen=True)
class Part:
    """One section with its content; ``status`` is a key of :data:`WORDS`, ``error`` says why there is none.

    ``news`` are the findings that need attention and stand in no section before.
    """

    id: str
    title: str
    question: str
    how_to_read: str
    status: str
    summary: str
    findings: Tuple[Finding, ...]
    warnings: Tuple[str, ...]
    blocks: Tuple[Block, ...]
    error: str = ""
    news: Tuple[Finding, ...] = ()


@dataclass(frozen=True)
class Report:
    """A whole report. ``facts`` are pairs for the head of the page, ``missing`` titles and what would unlock them.

    ``inputs`` has the SHA-256 of each input by kind.
    """

    title: str
    facts: Tuple[Tuple[str, str], ...]
    status: str
    verdict: str
    parts: Tuple[Part, ...]
    missing: Tuple[Tuple[str, str], ...]
    references: Tuple[Reference, ...]
    provenance: Tuple[Tuple[str, ...], ...]
    faults: Tuple[Exception, ...] = ()
    inputs: Mapping[str, str] = field(default_factory=dict)


def compose(results: Results, sections: Sequence[Section]) -> Report:
    """Draw every section that has its result, and say what the others need."""
    faults: List[Exception] = []
    numbers = _numbers(results)
    chosen_sections = _in_order([s for s in _with_unknown(sections, results) if _wanted(s, results)], numbers)
    shared = _shared_notes(results)
    parts = _with_news([_part(s, results, faults, shared) for s in chosen_sections])
    trust = (results.validation or {}).get("trust") or {}
    status = STATUS.get(trust.get("verdict")) or _worst([s for p in parts for s, _ in p.findings])
    return Report(title=_title(results), facts=_facts(results), status=status, parts=tuple(parts),
                  verdict=_verdict(parts, status, str(trust.get("sentence") or "")),
                  missing=tuple((row.title, _unlock(row, results)) for row in _absent(results)),
                  references=tuple(chosen(key for row in CAPABILITIES if row.id in results.documents for key in row.references)),
                  provenance=tuple(_provenance(d) for d in results.documents.values()), faults=tuple(faults),
                  inputs={k: str(e.get("sha256", "")) for k, e in results.inputs().items() if not results.made_here(e)})


def _with_news(parts: Sequence[Part]) -> List[Part]:
    """The parts with the findings that no part before has: a cause that many methods meet stands once in the contents."""
    told: Set[Finding] = set()
    out = []
    for part in parts:
        out.append(replace(part, news=tuple(f for f in part.findings if f[0] in ("fail", "warn") and f not in told)))
        told.update(part.findings)
    return out


def _numbers(results: Results) -> Dict[str, List[str]]:
    """The numbers of the items of a validation by capability, in their order; empty without one."""
    out: Dict[str, List[str]] = {}
    for item in (results.validation or {}).get("items", ()):
        for capability in item["capabilities"]:
            out.setdefault(capability, []).append(item["id"])
    return out


def _in_order(sections: Sequence[Section], numbers: Mapping[str, List[str]]) -> List[Section]:
    """The sections with the numbers of their items before their titles, those with numbers after the others and in their order."""
    order = list(numbers)
    named = [replace(s, title=f"{', '.join(numbers[s.capability])} {s.title}") if s.capability in numbers else s for s in sections]
    return sorted(named, key=lambda s: order.index(s.capability) + 1 if s.capability in numbers else 0)


def _wanted(section: Section, results: Results) -> bool:
    if section.id == "validation":
        return results.validation is not None
    if not section.capability:
        return bool(results.inputs())
    return section.capability in results.documents or section.capability in results.errors


def _with_unknown(sections: Sequence[Section], results: Results) -> List[Section]:
    """The sections, and a plain one for every result that none of them draws."""
    drawn = {s.capability for s in sections}
    ids = [i for i in (*results.documents, *results.errors) if i not in drawn]
    titles = {i: str({**results.errors, **results.documents}[i].get("title", i)) for i in ids}
    return list(sections) + [Section(i, titles[i], 1000, "file", "", lambda r, i=i: everything(r[i]), i) for i in ids]


def _shared_notes(results: Results) -> Tuple[str, ...]:
    """Warnings that several results share: they are about the inputs, and stand there once instead of in every section."""
    seen: Dict[str, int] = {}
    for document in results.documents.values():
        for sentence in dict.fromkeys(document.get("warnings", ())):
            seen[sentence] = seen.get(sentence, 0) + 1
    return tuple(sentence for sentence, count in seen.items() if count > 1)


def _part(section: Section, results: Results, faults: List[Exception], shared: Sequence[str]) -> Part:
    document = results.documents.get(section.capability, {})
    error = str(results.errors.get(section.capability, {}).get("error", "")) if not document else ""
    blocks: Sequence[Block] = ()
    if not error:
        try:
            blocks = tuple(section.render(results)) + _parameters(document)
        except Exception as fault:               # one bad section must not hide the others
            log.warning("The section '%s' of the report failed.", section.id, exc_info=fault)
            faults.append(fault)
            error = f"This section could not be drawn ({type(fault).__name__}: {fault}). Its numbers are in the result file; please " \
                    "report the fault."
    checks = document.get("checks", ())
    return Part(id=section.id, title=section.title, question=QUESTIONS[section.asks], how_to_read=section.how_to_read,
                status="error" if error else _worst([c["status"] for c in checks]), summary=str(document.get("summary", "")),
                findings=_findings(checks),
                warnings=tuple(shared) if section.id == INPUT else tuple(w for w in document.get("warnings", ()) if w not in shared),
                blocks=tuple(blocks), error=error)


def _findings(checks: Sequence[Mapping[str, Any]]) -> Tuple[Finding, ...]:
    """The outcomes of the checks, what needs attention first; those without a value share one sentence."""
    order = ("fail", "warn", "ok")
    out = [(c["status"], c["sentence"]) for c in sorted(checks, key=lambda c: order.index(c["status"]) if c["status"] in order else 9)
           if c["status"] != "skipped"]
    skipped = [c["title"] for c in checks if c["status"] == "skipped" and c["value"] is None]
    explained = [("skipped", c["sentence"]) for c in checks if c["status"] == "skipped" and c["value"] is not None]
    return tuple(out + explained + ([("skipped", f"Not evaluated, there is no value: {'; '.join(skipped)}.")] if skipped else []))


def _worst(statuses: Sequence[str]) -> str:
    """The worst status; a check without a value says nothing when there are others."""
    return worst([s for s in statuses if s != "skipped"])


def _parameters(document: Mapping[str, Any]) -> Tuple[Block, ...]:
    if not document.get("parameters"):
        return ()
    from ..params import specs
    from ..registry import find, resolve
    row = find(document["capability"])
    known = {s.name: s for s in specs(resolve(row.params))} if row else {}
    return (Values(tuple(Value(n, "from the data" if v is None else v, known[n].unit if n in known and v is not None else "",
                               known[n].label if n in known else "") for n, v in document["parameters"].items()),
                   "Parameters", folded=True),)


def _title(results: Results) -> str:
    inputs = results.inputs()
    if {"half1", "half2"} <= set(inputs) and ("full_map" not in inputs or results.made_here(inputs["full_map"])):
        return " + ".join(file_name(inputs[k]) for k in ("half1", "half2"))
    for kind in ("full_map", "half1", "mask", "model"):
        if kind in inputs:
            return file_name(inputs[kind])
    return str(next(iter({**results.errors, **results.documents}.values())).get("title", "cryoqa"))


def _facts(results: Results) -> Tuple[Tuple[str, str], ...]:
    """Few words for the head: box, voxel size, headline resolution, date."""
    out: List[Tuple[str, str]] = []
    maps = [e for e in results.inputs().values() if e.get("shape")]
    if maps:
        out.append(("Box", " × ".join(str(n) for n in maps[0]["shape"][::-1]) + " voxels"))
        sizes = maps[0]["voxel_size"]
        same = max(sizes) - min(sizes) < 1e-6
        out.append(("Voxel size", (show(float(sizes[0])) if same else " × ".join(show(float(s)) for s in sizes)) + " Å"))
    resolution = results.documents.get("fsc", {}).get("metrics", {}).get("resolution", {}).get("value")
    if resolution is not None and _worst([c["status"] for c in results.documents["fsc"]["checks"]]) != "fail":
        out.append(("Resolution", f"{resolution:.2f} Å"))
    validation = results.validation or {}
    if validation.get("reported") is not None:
        out.append(("Reported", f"{validation['reported']:.2f} Å"))
    if (validation.get("trust") or {}).get("score") is not None:
        out.append(("Score", f"{validation['trust']['score']:.1f} of 1"))
    dates = [d.get("provenance", {}).get("date_utc", "") for d in results.documents.values()]
    if any(dates):
        out.append(("Assessed", max(dates).replace("T", " ").replace("Z", " UTC")))
    return tuple(out)


def _verdict(parts: Sequence[Part], status: str, trust: str) -> str:
    """The verdict of a validation where there is one, else that of the checks, and how many are met."""
    found: Dict[str, int] = {}
    for part in parts:
        for one, _ in part.findings:
            found[one] = found.get(one, 0) + 1
    total = sum(n for s, n in found.items() if s != "skipped")
    failed = sum(1 for p in parts if p.status == "error")
    words = {"fail": "There is a problem that must be solved before this map is trusted.",
             "warn": "Nothing is plainly wrong, but something asks for a look.",
             "ok": "Everything that could be checked is as it should be."}.get(status, "Nothing could be checked with these inputs.")
    tail = f" {found.get('ok', 0)} of {total} checks are met." if total else ""
    return (trust or words) + tail + (f" {failed} part{'s' if failed > 1 else ''} could not be done." if failed else "")


def _absent(results: Results) -> List[Capability]:
    """The capabilities without a result; importers of job folders are left out."""
    return [row for row in CAPABILITIES if (row.needs or row.any_of) and row.id not in results.documents and row.id not in results.errors]


def _unlock(row: Capability, results: Results) -> str:
    """Which command does it with the files that are there, or which inputs it needs."""
    from ..io.inputs import KINDS
    given = {kind for document in results.documents.values() for kind in document.get("inputs", {})}
    if given.issuperset(row.needs) and (not row.any_of or any(given.issuperset(group) for group in row.any_of)):
        return f"Not asked for; 'cryoqa {row.id.replace('_', '-')}' tells it from the same files."

    def words(kinds: Sequence[str]) -> str:
        return " and ".join(KINDS[k].label.lower() if k in KINDS else k for k in kinds)

    needed = [words(row.needs)] if row.needs else []
    needed += [" or ".join(words(group) for group in row.any_of)] if row.any_of else []
    return f"Not evaluated here; it needs {', and '.join(needed)}."


def _provenance(document: Mapping[str, Any]) -> Tuple[str, ...]:
    p = document.get("provenance", {})
    versions = ", ".join(f"{n} {v}" for n, v in p.get("versions", {}).items())
    peak = p.get("peak_memory_bytes")
    return (str(document.get("title", document.get("capability", ""))), str(p.get("date_utc", "")), f"cryoqa {p.get('cryoqa', '')}",
            f"Python {p.get('python', '')}, {versions}", show(p.get("threads")), show(p.get("cpu_seconds")),
            show(round(peak / 1e6)) if peak else "–", " ".join(p.get("command", ())))


PROVENANCE_COLUMNS = ("Part", "Date (UTC)", "Version", "Libraries", "Threads", "CPU (s)", "Peak memory (MB)", "Command")
