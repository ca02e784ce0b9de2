"""STAR files as RELION writes them: every table, with quoted values, comments and rows of uneven care.

emtable takes types and quotes from the first row of a table and finds tables by the beginning of their name: it cannot read
the options of ``job.star`` and takes ``model_class_10`` for ``model_class_1``. gemmi refuses a whole file for one option that has
lost its value. The decisions page has the figures.
"""
from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import Any, Dict, Iterable, Iterator, List, Optional, Tuple

import numpy as np

from ..errors import FormatError
from .file_kinds import told
from .reading import reader

_star = reader("STAR file", "give one that RELION wrote", "STAR")
_RELEASE = re.compile(r"^#\s*RELION\b.*?version\s+([0-9][\w.\-]*)", re.IGNORECASE)
_FORMAT = re.compile(r"^#\s*version\s+(\d)(\d{4})\s*$")


@dataclass(frozen=True)
class StarTable:
    """One table: ``columns`` by label (without the underscore), each of shape (n_rows,), int64, float64 or str objects.

    ``loop`` is False for a list of labels with one value each; ``path`` is the file.
    """

    name: str
    columns: Dict[str, np.ndarray]
    loop: bool
    path: str = ""

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()))) if self.columns else 0

    def value(self, label: str, default: Any = None) -> Any:
        """Value of the first row under ``label`` as a plain Python value, or ``default``."""
        column = self.columns.get(label)
        if column is None or not len(column):
            return default
        return column[0].item() if isinstance(column[0], np.generic) else column[0]

    def number(self, label: str) -> Optional[float]:
        """Value of the first row under ``label`` when there is a finite one, else None; :class:`FormatError` for text."""
        if not len(self.columns.get(label, ())) or self.value(label) == "":
            return None
        value = float(self.numbers(label)[0])
        return value if np.isfinite(value) else None

    def numbers(self, label: str, finite: bool = False) -> np.ndarray:
        """A column of numbers.

        Parameters
        ----------
        label
            Its label, without the underscore.
        finite
            NaN and infinity, which RELION writes where it knows no better, are refused too.

        Returns
        -------
        ndarray
            float64 [n_rows].

        Raises
        ------
        FormatError
            There is no such column, or it holds text: table, column, row and value are named.
        """
        column = self.columns.get(label)
        if column is None:
            raise FormatError(f"Table '{self.name}' of '{self.path}' has no column _{label}; give the file as RELION wrote it.")
        if column.dtype == object:                           # a text among numbers makes all of them texts
            known = [_as_number(v) for v in column]
            wrong = next((i for i, v in enumerate(known) if v is None), None)
            values = np.array(known, dtype=np.float64)
        else:
            wrong, values = None, column.astype(np.float64)
        if wrong is None and finite and not np.isfinite(values).all():
            wrong = int(np.argmin(np.isfinite(values)))
        if wrong is not None:
            raise FormatError(f"Table '{self.name}' of '{self.path}' has '{str(column[wrong])[:40]}' in row {wrong + 1} of column "
                              f"_{label}, which is no {'finite ' if finite else ''}number; write or copy the file again.")
        return values


@_star
def read_star(path: str, tables: Optional[Iterable[str]] = None) -> Dict[str, StarTable]:
    """Tables of a STAR file by name (without ``data_``), or only those named in ``tables``.

    A name that comes twice keeps its first table. Raises :class:`FormatError` with one sentence when the file is none.
    """
    wanted = None if tables is None else set(tables)
    out: Dict[str, StarTable] = {}
    found = False
    for name, lines in _blocks(_lines(path)):
        found = True
        if name not in out and (wanted is None or name in wanted):
            out[name] = _table(name, lines, path)
    if not found:
        raise FormatError(f"'{path}' has no line that begins with 'data_', so it is no STAR file; give one that RELION wrote."
                          + told(path))
    return out


@_star
def read_version(path: str) -> str:
    """Version of RELION that the comments of a STAR file name (``4.0-beta``), or an empty text.

    A file that only gives the version of the layout yields ``3.1 or later`` (``30001``), or ``5`` (``50001``).
    """
    coarse = ""
    for line in _lines(path)[:40]:
        release, layout = _RELEASE.match(line), _FORMAT.match(line)
        if release:
            return release.group(1)
        if layout and not coarse:
            coarse = {"3": "3.1 or later"}.get(layout.group(1), layout.group(1))
    return coarse


def _lines(path: str) -> List[str]:
    with open(path, encoding="utf-8", errors="replace") as stream:
        text = stream.read()
    if "\0" in text[:4096]:
        raise FormatError(f"'{path}' is a binary file and no STAR file; give one that RELION wrote." + told(path))
    return [line.strip() for line in text.splitlines()]


def _blocks(lines: List[str]) -> Iterator[Tuple[str, List[str]]]:
    """Name and lines (no comments, none empty) of each ``data_`` block."""
    name: Optional[str] = None
    body: List[str] = []
    for line in lines:
        if line.startswith("data_"):
            if name is not None:
                yield name, body
            name, body = line[5:].split()[0] if line[5:].strip() else "", []
        elif line and not line.startswith("#") and name is not None:
            body.append(line)
    if name is not None:
        yield name, body


def _table(name: str, lines: List[str], path: str) -> StarTable:
    loop = bool(lines) and lines[0].lower().startswith("loop_")
    if not loop:
        pairs = [_split(line) for line in lines if line.startswith("_")]
        return StarTable(name, {p[0][1:]: _column([" ".join(p[1:])]) for p in pairs}, False, path)
    labels: List[str] = []
    rows: List[List[str]] = []
    for line in lines[1:]:
        if line.startswith("_") and not rows:
            labels.append(line.split()[0][1:])
        else:
            rows.append(_row(line, len(labels), name, path))
    return StarTable(name, {label: _column([r[i] for r in rows]) for i, label in enumerate(labels)}, True, path)


def _row(line: str, width: int, name: str, path: str) -> List[str]:
    values = _split(line)
    if len(values) > width and width == 2:                   # a job option whose value has spaces and no quotes
        values = [values[0], " ".join(values[1:])]
    if len(values) == 1 and width == 2:                      # a job option without a value
        values.append("")
    if len(values) != width:
        raise FormatError(f"Table '{name}' of '{path}' has {width} labels but a row of {len(values)} values ('{line[:60]}'); "
                          "the file is damaged or was cut off, copy it again.")
    return values


def _split(line: str) -> List[str]:
    if '"' not in line and "'" not in line:
        return line.split()
    try:
        return shlex.split(line, posix=True)
    except ValueError:                                       # a lone apostrophe
        return line.split()


def _as_number(value: Any) -> Optional[float]:
    if isinstance(value, str) and "_" in value:              # 1_000 is one thousand for Python alone
        return None
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def _column(values: List[str]) -> np.ndarray:
    for kind in () if any("_" in v for v in values) else (np.int64, np.float64):
        try:
            return np.array(values, dtype=object).astype(kind) if values else np.array([], dtype=object)
        except (ValueError, OverflowError):
            continue
    return np.array(values, dtype=object)
