"""References of the methods in a report, from ``bibtex.py``."""
from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Dict, Iterable, List

from .. import bibtex


@dataclass(frozen=True)
class Reference:
    """One publication; ``url`` is its DOI as a link, or empty."""

    key: str
    text: str
    url: str


def all_references() -> Dict[str, Reference]:
    """Every entry of ``bibtex.py`` by key."""
    entries = re.findall(r"@\w+\{([^,\s]+),(.*?)\n\}", bibtex.__doc__ or "", flags=re.S)
    return {key: _reference(key, body) for key, body in entries}


def chosen(keys: Iterable[str]) -> List[Reference]:
    """The references of some keys, each once, in the order given; unknown keys are left out."""
    known = all_references()
    return [known[k] for k in dict.fromkeys(keys) if k in known]


def _reference(key: str, body: str) -> Reference:
    fields = {name.lower(): " ".join(value.split()) for name, value in re.findall(r"(\w+)\s*=\s*\{(.*?)\}(?=\s*,|\s*$)", body, flags=re.S)}
    doi = re.sub(r"^https?://(dx\.)?doi\.org/", "", fields.get("doi", ""))
    authors = fields.get("author", "").split(" and ")
    names = ", ".join(authors[:3]) + (" et al." if len(authors) > 3 else "")
    names = names.rstrip(".") + "." if names else ""
    where = ", ".join(v for v in (fields.get("journal", ""), fields.get("volume", ""), fields.get("pages", "").replace("--", "–")) if v)
    text = f"{names} {fields.get('title', key)}. {where} ({fields.get('year', '')})."
    return Reference(key, " ".join(text.split()), f"https://doi.org/{doi}" if doi else "")
