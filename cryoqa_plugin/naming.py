"""How sentences call an input or a parameter: by its label in a form, with its option at the command line, with its keyword in Python.

A sentence is written once, deep inside; who asked decides what a reader can type. Names that are not known get a suggestion.
"""
from __future__ import annotations

import re
from contextlib import contextmanager
from contextvars import ContextVar
from difflib import SequenceMatcher
from typing import Iterable, Iterator

FORM, OPTION, KEYWORD = "form", "option", "keyword"
_STYLE: ContextVar[str] = ContextVar("cryoqa_naming", default=FORM)
_NEAR = 0.6                                      # share of letters in common from which a name is taken for a slip of the keys
_OPTIONS = {"full_map": "--map"}                 # the others have their own name


@contextmanager
def naming(style: str) -> Iterator[None]:
    """Within this, sentences call things in one ``style``: ``form``, ``option`` or ``keyword``."""
    token = _STYLE.set(style)
    try:
        yield
    finally:
        _STYLE.reset(token)


def option(name: str) -> str:
    """Option of an input or parameter at the command line: ``--voxel-size`` of ``voxel_size``."""
    return _OPTIONS.get(name, "--" + name.replace("_", "-"))


def called(label: str, name: str) -> str:
    """A label with what is typed for it: ``Half-map 1``, ``Half-map 1 (--half1)`` or ``Half-map 1 (half1)``."""
    typed = {OPTION: f" ({option(name)})", KEYWORD: f" ({name})"}
    return label + typed.get(_STYLE.get(), "")


def typed(name: str) -> str:
    """What is typed for an input or parameter: its option at the command line, else its keyword."""
    return option(name) if _STYLE.get() == OPTION else name


def inside(label: str) -> str:
    """A label as it stands inside a sentence: ``half-map 1``, but ``MTF of the detector``."""
    return label[:1].lower() + label[1:] if not label[1:2].isupper() else label


def the(label: str) -> str:
    """A label inside a sentence with its article, which one with a number has none of: ``the mask``, ``half-map 1``."""
    return inside(label) if label[-1:].isdigit() else "the " + inside(label)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """``" Did you mean 'fsc'?"`` with the one or two known words that are nearest to a mistyped one; empty when none is near."""
    wanted = _plain(word)
    ratios = {k: SequenceMatcher(None, wanted, _plain(k)).ratio() for k in known}
    near = [k for k in sorted(ratios, key=lambda k: -ratios[k]) if ratios[k] >= _NEAR][:2]
    if not near and len(wanted) > 2:
        near = [k for k in ratios if _plain(k).startswith(wanted) or wanted.startswith(_plain(k))][:2]
    return f" Did you mean {' or '.join(repr(n) for n in near)}?" if near else ""


def _plain(word: str) -> str:
    return re.sub("[-_ ]+", "-", word.strip().lower())
