"""What a report says, before anything is drawn: head, questions with their cards and folds, all values, references."""
from __future__ import annotations

import logging
import os
import re
from dataclasses import dataclass, field, replace
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from ..io.map_header import UNSET_VOXEL
from ..registry import CAPABILITIES, Capability, find, resolve
from ..rounding import show_value
from ..study.notes import of_files, unsaid
from ..validation.headline import resolution
from .answers import answer
from .blocks import Block, Card, KeyRow, Link, Plot, Rows, State, Strip, Surface, Value, Values, show
from .draw import everything
from .findings import Finding, Found, findings
from .head import ArgumentLine, facts, headline, lines, title_of
from .keys import key_rows
from .references import Reference, chosen
from .section import QUESTIONS, Results, Section

log = logging.getLogger(__name__)
WORDS = {"ok": "OK", "warn": "look", "fail": "problem", "skipped": "not asked", "error": "not done"}
_COLUMNS = 12
_MANY = 2                                        # cards of a model beyond which they have a second row


@dataclass(frozen=True)
class Method:
    """What a section came to: its fold, or the ``error`` why there is none; ``cards`` stand open when there is room."""

    section: Section
    summary: str
    cards: Tuple[Card, ...]
    blocks: Tuple[Block, ...]
    warnings: Tuple[str, ...]
    error: str = ""


@dataclass(frozen=True)
class MethodFold:
    """The fold of one method below its question."""

    id: str
    title: str
    status: str
    summary: str
    how_to_read: str
    blocks: Tuple[Block, ...]
    warnings: Tuple[str, ...]
    error: str


@dataclass(frozen=True)
class Question:
    """One of the questions: its state and ``answer``, the cards that are shown, and the folds below them.

    ``how_to_read`` is of the methods whose cards are shown; ``findings`` are its checks; ``methods`` has a row a capability.
    """

    id: str
    title: str
    status: str
    answer: str
    notes: Tuple[str, ...]
    cards: Tuple[Card, ...]
    how_to_read: Tuple[str, ...]
    methods: Optional[Rows]
    folds: Tuple[MethodFold, ...]
    findings: Tuple[Finding, ...]

    @property
    def counts(self) -> str:
        """The checks in a few words: ``6 checks met, 1 to look at``."""
        met = sum(f.status == "ok" for f in self.findings)
        look = sum(f.status in ("warn", "fail") for f in self.findings)
        words = f"{met} check{'s' if met != 1 else ''} met"
        return f"{words}, {look} to look at" if look else words


@dataclass(frozen=True)
class Report:
    """A whole report.

    ``facts`` are pairs for the line above the verdict, ``sub`` the line below it, ``surface`` and ``fsc`` the pictures of the head,
    ``missing`` title, command and what it needs of what was not asked, ``values`` rows of all values, ``inputs`` the SHA-256 of each
    input by kind.
    """

    title: str
    facts: Tuple[Tuple[str, str], ...]
    status: str
    verdict: str
    sub: str
    arguments: Tuple[ArgumentLine, ...]
    surface: Optional[Surface]
    fsc: Optional[Plot]
    keys: Tuple[KeyRow, ...]
    questions: Tuple[Question, ...]
    missing: Tuple[Tuple[str, str, str], ...]
    values: Tuple[Tuple[str, str, str, str], ...]
    findings: Tuple[Finding, ...]
    errors: Tuple[Tuple[str, str], ...]
    references: Tuple[Reference, ...]
    provenance: Tuple[Tuple[str, ...], ...]
    files: Tuple[Block, ...]
    faults: Tuple[Exception, ...] = ()
    inputs: Mapping[str, str] = field(default_factory=dict)


def compose(results: Results, sections: Sequence[Section]) -> Report:
    """Draw every section that has its result, and put what it says under its question."""
    faults: List[Exception] = []
    every = _with_unknown(sections, results)
    found = findings(results, every)
    methods = [_method(s, results, faults) for s in every if _wanted(s, results)]
    notes = _notes(methods, results, found)
    methods = [m for m in methods if m.cards or m.blocks or m.error]
    questions = tuple(_question(q, [m for m in methods if m.section.asks == q], every, results, found, notes) for q in QUESTIONS)
    if len(results.documents) == 1 and not results.errors:   # what was not asked stands at the end
        questions = tuple(q for q in questions if q.status != "skipped" or q.folds or q.cards)
    status, verdict, sub = headline(results, found, [m.error for m in methods if m.error])
    sub = f"{results.left_out} {sub}".strip()
    surface, fsc = _head_pictures(results, faults)
    return Report(title=title_of(results), facts=facts(results), status=status, verdict=verdict, sub=sub,
                  arguments=lines(results, found, QUESTIONS), surface=surface, fsc=fsc, keys=key_rows(results, found), questions=questions,
                  missing=tuple((row.title, _command(row), _unlock(row, results)) for row in _absent(results)),
                  values=_values(results), findings=found.findings,
                  errors=tuple((m.section.title, m.error) for m in methods if m.error),
                  references=tuple(chosen(key for row in CAPABILITIES if row.id in results.documents for key in row.references)),
                  provenance=tuple(_provenance(d) for d in results.documents.values()), files=_files(results), faults=tuple(faults),
                  inputs={k: str(e.get("sha256", "")) for k, e in results.inputs().items() if not results.made_here(e)})


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


def _method(section: Section, results: Results, faults: List[Exception]) -> Method:
    document = results.documents.get(section.capability, {})
    error = str(results.errors.get(section.capability, {}).get("error", "")) if not document else ""
    blocks: Tuple[Block, ...] = ()
    cards: Tuple[Card, ...] = ()
    if not error:
        try:
            cards = tuple(c for c in section.cards(results) if c.blocks)
            blocks = tuple(b for b in section.render(results) if not (isinstance(b, Values) and b.folded))
            blocks += _parameters(document) if blocks or cards else ()
        except Exception as fault:               # one bad section must not hide the others
            log.warning("The section '%s' of the report failed.", section.id, exc_info=fault)
            faults.append(fault)
            error = f"This part could not be drawn ({type(fault).__name__}: {fault}). Its numbers are in the result file; please report " \
                    "the fault."
    return Method(section, str(document.get("summary", "")), cards, blocks, tuple(dict.fromkeys(document.get("warnings", ()))), error)


def _notes(methods: Sequence[Method], results: Results, found: Found) -> Dict[str, Tuple[str, ...]]:
    """Warnings by question, each once on the page and none that a check says already.

    Those that begin with files, and those that methods of several questions share, are about the files; the others are said with the
    methods that they are about. Files are named without their folders.
    """
    checked = [f.metric for f in found.findings if f.status in ("warn", "fail")]
    new = set(unsaid((w for m in methods for w in m.warnings), checked))
    paths = {str(e.get("path")) for d in results.documents.values() for e in d.get("inputs", {}).values() if e.get("path")}
    where: Dict[str, List[Section]] = {}
    files: Dict[str, List[str]] = {}
    for method in methods:
        for sentence in (w for w in method.warnings if w in new):
            named, sentence = of_files(sentence, paths)
            if named:
                files.setdefault(sentence, []).extend(os.path.basename(p) for p in named)
            where.setdefault(sentence, []).append(method.section)
    out: Dict[str, List[str]] = {}
    for sentence, sections in where.items():
        if sentence != UNSET_VOXEL:              # the key number says it
            names = list(files.get(sentence, ()))
            asked = {s.asks for s in sections} - ({"dirs"} if any(s.asks == "even" for s in sections) else set())    # one family
            question = "file" if names or len(asked) > 1 else asked.pop()
            if question != "file":
                names = [s.title for s in sections]
            for path in sorted(paths, key=len, reverse=True):
                name = os.path.basename(path)
                sentence = re.sub(rf"[^\s,;('\"]*/{re.escape(name)}", lambda _, name=name: name, sentence.replace(path, name))
            out.setdefault(question, []).append(f"{', '.join(dict.fromkeys(names))}: {sentence}" if names else sentence)
    return {question: tuple(sentences) for question, sentences in out.items()}


def _question(question: str, methods: Sequence[Method], sections: Sequence[Section], results: Results, found: Found,
              notes: Mapping[str, Tuple[str, ...]]) -> Question:
    mine = found.of(question)
    states = [f.status for f in mine if f.status != "skipped"] + (["error"] if any(m.error for m in methods) else [])
    done = any(not m.error for m in methods)
    cards = sorted((c for m in methods for c in m.cards), key=lambda c: c.rank)
    shown = _one_row(cards + _strip(sections, results) if question == "fine" else cards)
    if question == "model" and len(cards) > _MANY:           # every score of residues has a card
        taken = {id(c) for c, _ in shown}
        shown += _one_row([c for c in cards if id(c) not in taken])
    open_cards = {id(c) for c in cards} & {id(c) for c, _ in shown}
    telling = [m.section.how_to_read for m in methods if any(id(c) in open_cards for c in m.cards)]
    how = tuple(words for words in dict.fromkeys(telling) if words)
    every_fold = [_fold(m, _state(m, mine), open_cards, m.section.how_to_read in how) for m in methods]
    folds = tuple(f for f in every_fold if f.blocks or f.error or f.summary)
    states += _of_resolution(results) if question == "fine" else []
    said = answer(question, results, found) if done or mine else ""
    said = said or next((m.summary for m in methods if m.summary and m.section.capability), "")
    if question == "dirs" and not any(_directions_of(results)):
        states = [s for s in states if s != "ok"] or ["skipped"]
    status = next((s for s in ("fail", "error", "warn", "ok", "skipped") if s in states), "ok" if said else "skipped")
    needs = "" if said else _needs_of(question, sections, results)
    return Question(question, QUESTIONS[question], "warn" if status == "error" else status, said or needs, notes.get(question, ()),
                    tuple(card for _, card in shown), how, _rows(question, methods, sections, results, mine), folds, mine)


def _directions_of(results: Results) -> List[bool]:
    """For each method that looks at directions whether the half-maps can have a resolution in one."""
    return [d["metrics"].get(n, {}).get("value") is not None for c, n in (("directional_fsc", "regional_best"), ("monodir", "median"))
            for d in (results.documents.get(c),) if d is not None]


def _of_resolution(results: Results) -> List[str]:
    """The state of a resolution that half-maps cannot have, or have only as a bound: no check of this question says it."""
    if "metrics" not in results.documents.get("fsc", {}):
        return []
    known = resolution(results.documents)
    return ["fail"] if known is None else ["warn"] if known.kind == "bound" else []


def _one_row(cards: Sequence[Card]) -> List[Tuple[Card, Card]]:
    """The cards of best rank that fill a row, each as it was given and with its width fitted."""
    chosen_cards: List[Card] = []
    used = 0
    for card in sorted(cards, key=lambda c: c.rank):
        if not chosen_cards or used + card.width <= _COLUMNS:
            chosen_cards.append(card)
            used += card.width
        elif len(chosen_cards) == 1:
            chosen_cards.append(card)
            used = _COLUMNS
    if len(chosen_cards) == 2:                   # the second takes what the first leaves
        first = min(chosen_cards[0].width, 8)
        widths = [first, _COLUMNS - first]
    else:
        widths = [c.width for c in chosen_cards]
    return [(c, replace(c, width=w)) for c, w in zip(chosen_cards, widths)]


def _strip(sections: Sequence[Section], results: Results) -> List[Card]:
    """The card of all estimates of the run, where there are at least two."""
    found = [e for s in sections if s.capability in results.documents for e in s.estimates(results)]
    return [Card("Every estimate of this run on one axis", (Strip("", tuple(found)),), 7, 0)] if len(found) > 1 else []


def _fold(method: Method, status: str, open_cards: Any, told: bool) -> MethodFold:
    hidden = [b for c in method.cards if id(c) not in open_cards for b in c.blocks]
    section = method.section
    return MethodFold(section.id, section.title, status, method.summary, "" if told else section.how_to_read,
                      tuple(hidden) + method.blocks, method.warnings, method.error)


def _state(method: Method, mine: Sequence[Finding]) -> str:
    """The state of a method by its checks that belong to the question; empty for a section about the whole run."""
    if method.error or not method.section.capability:
        return "error" if method.error else ""
    states = [f.status for f in mine if method.section.capability in f.capabilities]
    return next((s for s in ("fail", "warn") if s in states), "ok")


def _rows(question: str, methods: Sequence[Method], sections: Sequence[Section], results: Results,
          mine: Sequence[Finding]) -> Optional[Rows]:
    """One row a capability of the question: its state and what it says, or what it needs."""
    by_id = {m.section.capability: m for m in methods if m.section.capability}
    rows: List[Tuple[Any, ...]] = []
    for section in sections:
        row = find(section.capability)
        if section.asks != question or row is None or not (row.needs or row.any_of):
            continue
        method = by_id.get(section.capability)
        if method is None and section.capability in results.documents:       # it has nothing to say here without a further input
            continue
        rows.append((State(_state(method, mine)), Link(section.title, section.id), method.error or method.summary) if method
                    else (State("skipped"), section.title, _unlock(row, results)))
    return Rows("Methods", ("", "Method", "What it says"), tuple(rows)) if len(results.documents) > 1 and rows else None


def _needs_of(question: str, sections: Sequence[Section], results: Results) -> str:
    row = next((r for s in sections if s.asks == question for r in CAPABILITIES if r.id == s.capability and r.id not in results.documents),
               None)
    return _unlock(row, results) if row else "Not evaluated."


def _parameters(document: Mapping[str, Any]) -> Tuple[Block, ...]:
    if not document.get("parameters"):
        return ()
    from ..params import specs
    row = find(document["capability"])
    known = {s.name: s for s in specs(resolve(row.params))} if row else {}
    return (Values(tuple(Value(n, "from the data" if v is None else v, known[n].unit if n in known and v is not None else "",
                               known[n].label if n in known else "") for n, v in document["parameters"].items()),
                   "Parameters", folded=True),)


def _head_pictures(results: Results, faults: List[Exception]) -> Tuple[Optional[Surface], Optional[Plot]]:
    """The surface and the FSC of the head; a fault in one leaves the place empty."""
    from .head import fsc_plot, head_surface
    out: List[Any] = []
    for make in (head_surface, fsc_plot):
        try:
            out.append(make(results))
        except Exception as fault:
            log.warning("The head of the report could not be drawn.", exc_info=fault)
            faults.append(fault)
            out.append(None)
    return out[0], out[1]


def _values(results: Results) -> Tuple[Tuple[str, str, str, str], ...]:
    """Meaning, value, part and name of every value; what several results say alike stands once."""
    seen: Dict[Tuple[str, str], None] = {}
    out = []
    for capability, document in results.documents.items():
        for name, m in document.get("metrics", {}).items():
            if m["value"] is None:
                continue
            shown = show_value(m["value"], m["unit"])
            if name.startswith("half_maps_") and (name, shown) in seen:
                continue
            seen[name, shown] = None
            out.append((m["meaning"], shown, capability, name))
    return tuple(out)


def _files(results: Results) -> Tuple[Block, ...]:
    """Where the inputs are, with their checksums."""
    rows = tuple((kind, e.get("path") or "in memory", e.get("sha256", "")) for kind, e in results.inputs().items())
    return (Rows("Paths and checksums", ("Input", "Path", "SHA-256"), rows),) if rows else ()


def _absent(results: Results) -> List[Capability]:
    """The capabilities without a result; importers of job folders are left out."""
    return [row for row in CAPABILITIES if (row.needs or row.any_of) and row.id not in results.documents and row.id not in results.errors]


def _command(row: Capability) -> str:
    return f"cryoqa {row.id.replace('_', '-')}"


def _unlock(row: Capability, results: Results) -> str:
    """Which command does it with the files that are there, or which inputs it needs."""
    from ..io.inputs import KINDS
    given = {kind for document in results.documents.values() for kind in document.get("inputs", {})}
    if given.issuperset(row.needs) and (not row.any_of or any(given.issuperset(group) for group in row.any_of)):
        return f"Not asked for; '{_command(row)}' does it with the same files."

    def words(kinds: Sequence[str]) -> str:
        return " and ".join(KINDS[k].label.lower() if k in KINDS else k for k in kinds)

    needed = [words(row.needs)] if row.needs else []
    needed += [" or ".join(words(group) for group in row.any_of)] if row.any_of else []
    return f"Needs {', and '.join(needed)}."


def _provenance(document: Mapping[str, Any]) -> Tuple[str, ...]:
    p = document.get("provenance", {})
    versions = ", ".join(f"{n} {v}" for n, v in p.get("versions", {}).items())
    peak = p.get("peak_memory_bytes")
    return (str(document.get("title", document.get("capability", ""))), str(p.get("date_utc", "")), f"cryoqa {p.get('cryoqa', '')}",
            f"Python {p.get('python', '')}, {versions}", show(p.get("threads")), show(p.get("cpu_seconds")),
            show(round(peak / 1e6)) if peak else "–", " ".join(p.get("command", ())))


PROVENANCE_COLUMNS = ("Part", "Date (UTC)", "Version", "Libraries", "Threads", "CPU (s)", "Peak memory (MB)", "Command")
