"""Write the report of a folder of saved results: one HTML file, one PDF, one JSON."""
from __future__ import annotations

import logging
import os
from contextlib import nullcontext
from dataclasses import fields, is_dataclass, replace
from typing import Any, Dict, Mapping, Optional, Sequence, Tuple

from ..errors import InputError
from ..files import as_bytes, legible, replacing
from ..io.documents import read_document
from ..registry import CAPABILITIES
from ..results import write_json
from ..run_folder import ERROR, RESULT, VALIDATION, held, put, strangers
from .belonging import date_of, of_other_inputs, sentence
from .content import WORDS, Report, compose
from .section import Results, Section, discover

FORMATS = ("html", "pdf", "json")
log = logging.getLogger(__name__)


def write_report(folder: str, strict: bool = False, formats: Sequence[str] = FORMATS, *,
                 appendix: bool = False, documents: Optional[Mapping[str, Mapping[str, Any]]] = None,
                 sections: Optional[Sequence[Section]] = None) -> Dict[str, str]:
    """Draw the report from saved results.

    Parameters
    ----------
    folder
        Folder with ``result.json``, or with one folder a capability that holds ``result.json`` or ``error.json``. The files
        ``report.html``, ``report.pdf`` and ``report.json`` are written there.
    strict
        Raise the first fault of a section after the files are written.
    formats
        Which of ``html``, ``pdf`` and ``json`` to write.
    appendix
        Add all values, all checks and how each part was made to the PDF.
    documents
        Results by capability id to draw in place of those found.
    sections
        Sections to draw in place of those in ``report/sections``.

    Returns
    -------
    dict
        Format -> path.
    """
    with held(folder) if os.path.isdir(folder) else nullcontext():
        return _write(folder, strict, formats, appendix, documents, sections)


def _write(folder: str, strict: bool, formats: Sequence[str], appendix: bool, documents: Optional[Mapping[str, Mapping[str, Any]]],
           sections: Optional[Sequence[Section]]) -> Dict[str, str]:
    results = read_results(folder)
    if documents is not None:
        results = replace(results, documents=documents, errors={}, left_out="")
    if not results.documents and not results.errors:
        raise InputError(f"The folder {folder} holds no result.json, neither itself nor in a folder of a capability; give the folder "
                         "that a run of cryoqa wrote.")
    if results.left_out:
        log.warning(results.left_out)
    wrong = strangers(folder, ["report." + name for name in formats])
    if wrong:
        raise InputError(wrong[0])
    report = compose(results, discover() if sections is None else sections)
    if _has_odd_names(results):
        report = _legible(report)
    paths = {name: put(folder, "report." + name, lambda path, name=name: _WRITERS[name](report, results, path, appendix))
             for name in formats}
    if strict and report.faults:
        raise report.faults[0]
    return paths


def _has_odd_names(results: Results) -> bool:
    """Whether a file or a folder has a name that is no text in UTF-8, which no page can hold."""
    documents = (*results.documents.values(), *results.errors.values())
    paths = [results.root, *(str(e.get("path")) for d in documents for e in d.get("inputs", {}).values())]
    words = [str(w) for d in documents for w in d.get("provenance", {}).get("command", ())]
    return any(legible(name) != name for name in paths + words)


def _legible(value: Any) -> Any:
    """A part of a report in which every text can be written."""
    if isinstance(value, str):
        return legible(value)
    if is_dataclass(value):
        return replace(value, **{f.name: _legible(getattr(value, f.name)) for f in fields(value) if f.init})
    if isinstance(value, dict):
        return {_legible(k): _legible(v) for k, v in value.items()}
    if isinstance(value, tuple):
        parts = [_legible(v) for v in value]
        return type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)
    return [_legible(v) for v in value] if isinstance(value, list) else value


def read_results(folder: str) -> Results:
    """The saved results of a folder that are of one set of inputs, in the order of the registry; unknown capabilities come last.

    Of two of one capability the newer one counts.
    """
    places = [folder] + sorted(e.path for e in os.scandir(folder) if e.is_dir()) if os.path.isdir(folder) else []
    found: Dict[str, Tuple[Mapping[str, Any], str]] = {}
    for place in places:
        for name in (RESULT, ERROR):
            path = os.path.join(place, name)
            if os.path.isfile(path):
                document = _read(path)
                identity = str(document.get("capability", os.path.basename(place)))
                if identity not in found or date_of(document) > date_of(found[identity][0]):
                    found[identity] = (document, place)
    validation = os.path.join(folder, VALIDATION)
    every = {i: d for i, (d, _) in found.items()}
    judged = {"validation": _read(validation)} if os.path.isfile(validation) else {}
    other = of_other_inputs(folder, {**judged, **every})
    mine = {i: d for i, d in every.items() if i not in other}
    titles = {i: str(d.get("title") or i) for i, d in every.items()}
    return Results(_sorted({i: d for i, d in mine.items() if "error" not in d}), _sorted({i: d for i, d in mine.items() if "error" in d}),
                   {i: place for i, (_, place) in found.items() if i in mine}, folder,
                   None if "validation" in other else judged.get("validation"), sentence(other, titles))


def _read(path: str) -> Dict[str, Any]:
    document = read_document(path)
    for entry in document.get("inputs", {}).values():        # what was given in memory is in no file that could be drawn
        entry["path"] = entry.get("path") or ""
    return document


def _sorted(found: Mapping[str, Any]) -> Dict[str, Any]:
    order = [row.id for row in CAPABILITIES]
    return {i: found[i] for i in sorted(found, key=lambda i: (order.index(i) if i in order else len(order), i))}


def _write_html(report: Report, results: Results, path: str, appendix: bool) -> None:
    from .html import page
    write_bytes(path, as_bytes(page(report)))


def _write_pdf(report: Report, results: Results, path: str, appendix: bool) -> None:
    from .pdf import pages
    write_bytes(path, pages(report, appendix))


def _write_json(report: Report, results: Results, path: str, appendix: bool) -> None:
    questions = [dict(id=q.id, title=q.title, status=q.status, verdict=WORDS[q.status], answer=q.answer, notes=list(q.notes),
                      checks=[dict(status=f.status, title=f.title, sentence=f.sentence, capabilities=list(f.capabilities))
                              for f in q.findings]) for q in report.questions]
    keys = [dict(status=k.status, label=k.label, value=k.value, note=k.note) for k in report.keys]
    write_json(dict(schema="cryoqa/report/2", title=report.title, status=report.status, verdict=report.verdict, sentence=report.sub,
                    arguments=[a._asdict() for a in report.arguments], keys=keys, questions=questions,
                    missing=[dict(title=t, command=c, needs=n) for t, c, n in report.missing], documents=dict(results.documents),
                    errors=dict(results.errors), validation=results.validation), path)


def write_bytes(path: str, content: bytes) -> None:
    """Write a file complete or not at all."""
    with replacing(path) as stream:
        stream.write(content)


_WRITERS = {"html": _write_html, "pdf": _write_pdf, "json": _write_json}
