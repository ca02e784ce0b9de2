"""Where a Study keeps its answers: by question and by the data that the question is about, within a budget of memory."""
from __future__ import annotations

import os
from collections import OrderedDict
from dataclasses import fields, is_dataclass
from typing import Any, Callable, Hashable, NamedTuple, Tuple

import numpy as np

from ..io.maps import Map

_SHARE = 0.4                                     # of the machine's memory
_SMALL = 1 << 16                                 # bytes; smaller answers (curves, numbers) are kept whatever the budget


def default_budget() -> float:
    """Bytes that a Study keeps when nothing else is said.

    Returns
    -------
    float
        40 % of the memory of the machine, 4 GB where the system does not tell.
    """
    try:
        return _SHARE * os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return 4e9


class _Kept(NamedTuple):
    value: Any
    about: Tuple[Any, ...]                       # held, so that the identities in the key stay theirs
    size: int


class Shelf:
    """Answers that were computed once.

    Parameters
    ----------
    budget
        Bytes that large answers may take together; the one that was not asked for longest is dropped first and made again when it
        is asked for. None takes :func:`default_budget`; 0 keeps nothing large.
    """

    def __init__(self, budget: Any = None) -> None:
        self.budget = default_budget() if budget is None else float(budget)
        self._kept: "OrderedDict[Hashable, _Kept]" = OrderedDict()
        self._size = 0

    def get(self, question: str, about: Tuple[Any, ...], make: Callable[[], Any], *how: Hashable) -> Any:
        """The answer to a question, made when it is not kept.

        Objects are told apart by identity, maps by that of their data and by their grid: two maps that share their data have one
        transform.

        Parameters
        ----------
        question
            What is asked, in a few words.
        about
            The objects that it is asked about.
        make
            Makes the answer.
        *how
            Settings that the answer depends on.

        Returns
        -------
        object
            The answer, shared by all who ask: it must not be changed in place.
        """
        key = (question, tuple(_identity(a) for a in about), how)
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
            return found.value
        value = make()
        size = _bytes_of(value, about)
        if size <= _SMALL or size <= self.budget:
            self._kept[key] = _Kept(value, about, size)
            self._size += size if size > _SMALL else 0
            self._shrink()
        return value

    def _shrink(self) -> None:
        for key in [k for k, v in self._kept.items() if v.size > _SMALL]:
            if self._size <= self.budget:
                return
            self._size -= self._kept.pop(key).size

    def arrays(self) -> "list[np.ndarray]":
        """Every large array that is kept.

        Returns
        -------
        list of ndarray
            The arrays themselves, not copies.
        """
        return [a for kept in self._kept.values() for a in _arrays(kept.value)]


def _identity(value: Any) -> Hashable:
    return (id(value.data), value.voxel_size, value.origin) if isinstance(value, Map) else id(value)


def _arrays(value: Any) -> "list[np.ndarray]":
    if isinstance(value, np.ndarray):
        return [value]
    if is_dataclass(value) and not isinstance(value, type):
        return [a for f in fields(value) for a in _arrays(getattr(value, f.name))]
    if isinstance(value, dict):
        return [a for v in value.values() for a in _arrays(v)]
    return [a for v in value for a in _arrays(v)] if isinstance(value, (tuple, list)) else []


def _bytes_of(value: Any, about: Tuple[Any, ...]) -> int:
    """Bytes of the arrays of an answer; those of what it is about are there anyway."""
    arrays = list({id(a): a for a in _arrays(value)}.values())                   # one that stands in two places is there once
    if sum(a.nbytes for a in arrays) <= _SMALL:              # most answers are: to walk through all inputs would cost more than they did
        return sum(a.nbytes for a in arrays)
    there = {id(a) for thing in about for a in _arrays(thing)}
    return sum(a.nbytes for a in arrays if id(a) not in there)
