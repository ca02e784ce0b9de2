"""Sections of the report, and the results they are drawn from.

A section is one file in ``report/sections`` with an object ``SECTION``, or a file of several with ``SECTIONS``; it is found by being there.
"""
from __future__ import annotations

import os
import pkgutil
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Callable, Dict, Mapping, Optional, Sequence, Tuple

from ..resume import made_in
from .blocks import Block, Card, Estimate


QUESTIONS = {"fine": "How fine is it?", "even": "Is it even?", "dirs": "Is it even in all directions?",
             "halves": "Are the halves independent?", "model": "Does the model fit?", "map": "Which map should I look at?",
             "file": "What is in the file?"}


@dataclass(frozen=True)
class Results:
    """Saved results: ``documents`` and ``errors`` by capability id, and the folder that each was saved in, all below ``root``.

    ``validation`` is the document of a validation, which gives the sections their numbers and their order; ``left_out`` a sentence on
    results of other inputs in the folder.
    """

    documents: Mapping[str, Mapping[str, Any]]
    errors: Mapping[str, Mapping[str, Any]]
    folders: Mapping[str, str]
    root: str = ""
    validation: Optional[Mapping[str, Any]] = None
    left_out: str = ""

    def __getitem__(self, capability: str) -> Mapping[str, Any]:
        return self.documents[capability]

    def map_file(self, capability: str, name: str) -> Optional[str]:
        """Path of a map that a capability wrote, or None when there is none (any more)."""
        entry = self.documents.get(capability, {}).get("maps", {}).get(name)
        path = os.path.join(self.folders.get(capability, ""), entry["path"]) if entry else ""
        return path if os.path.isfile(path) else None

    def made_here(self, entry: Mapping[str, Any]) -> bool:
        """Whether an input was made by the run itself (the mean of the half-maps, a mask)."""
        return bool(self.root) and made_in(self.root, entry.get("path"))

    def state(self, *metrics: str) -> str:
        """The worst state of the checks on some metrics; ``ok`` where none was judged."""
        states = [c["status"] for d in self.documents.values() for c in d.get("checks", ()) if c["metric"] in metrics]
        return next((s for s in ("fail", "warn") if s in states), "ok")

    def contour(self) -> Optional[float]:
        """Contour level that was given or suggested for the map; None where no capability says one."""
        entry = self.documents.get("contour", {}).get("metrics", {}).get("contour")
        return None if entry is None else entry["value"]

    def inputs(self) -> Dict[str, Mapping[str, Any]]:
        """The inputs by kind; of one kind in several documents the first one counts."""
        out: Dict[str, Mapping[str, Any]] = {}
        for document in self.documents.values():
            for kind, entry in document.get("inputs", {}).items():
                out.setdefault(kind, entry)
        return out


def _nothing(results: Results) -> Sequence[Any]:
    return ()


@dataclass(frozen=True)
class Section:
    """What one capability adds to the report: rows, cards and a fold of its question.

    Parameters
    ----------
    id, title
        Anchor (it never changes) and heading of its fold.
    order
        Place among the folds of its question, smallest first.
    asks
        Id of the question it answers, of :data:`QUESTIONS`.
    how_to_read
        A few sentences: what good looks like, and what a defect looks like. They stand once in the question, of the sections whose
        cards are shown; of the others in their folds.
    render
        Function from :class:`Results` to the blocks of the fold: tables, values, plots that no card shows. Warnings and parameters are
        added to them.
    capability
        Id of the capability whose result it draws; empty for a section about the whole run.
    cards
        Function from :class:`Results` to cards, the telling ones with the smallest ranks: a question shows those that fill a row, the
        others stand in the fold.
    estimates
        Function from :class:`Results` to the resolutions that it adds to the axis of all estimates.
    """

    id: str
    title: str
    order: int
    asks: str
    how_to_read: str
    render: Callable[[Results], Sequence[Block]]
    capability: str = ""
    cards: Callable[[Results], Sequence[Card]] = _nothing
    estimates: Callable[[Results], Sequence[Estimate]] = _nothing


def discover() -> Tuple[Section, ...]:
    """The sections of ``report/sections``, in their order."""
    from . import sections
    names = sorted(m.name for m in pkgutil.iter_modules(sections.__path__))
    found = [import_module(f"{sections.__name__}.{name}") for name in names]
    every = [s for module in found for s in (getattr(module, "SECTIONS", None) or (module.SECTION,))]
    return tuple(sorted(every, key=lambda s: (s.order, s.id)))
