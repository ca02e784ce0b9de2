"""The list of a batch: one row a map, as CSV or TSV."""
from __future__ import annotations

import csv
import math
import os
from dataclasses import asdict, dataclass
from typing import Any, Dict, List, Mapping, Optional

from ..errors import InputError

FILES = {"map": "full_map", "half1": "half1", "half2": "half2", "mask": "mask", "model": "model"}
NUMBERS = {"contour": "", "resolution": " Å", "voxel_size": " Å"}
COLUMNS = ("name", *FILES, *NUMBERS)
_LONGEST = 120


@dataclass(frozen=True)
class Job:
    """One map: its name, the folder of its results, its files by kind, and what the list says of it."""

    name: str
    folder: str
    sources: Mapping[str, str]
    contour: Optional[float] = None
    resolution: Optional[float] = None
    voxel_size: Optional[float] = None

    def document(self) -> Dict[str, Any]:
        """The job as plain values."""
        return asdict(self)


def read_list(path: str, outdir: str) -> List[Job]:
    """The maps of a list, CSV or TSV with the columns of :data:`COLUMNS` that are of use.

    Paths are relative to the list; a row without a name is called as its map. :class:`InputError` says what is wrong with a list.
    """
    lines = _lines(path)
    if not lines:
        raise InputError(f"The list {path} is empty; give a table with the columns {', '.join(COLUMNS)}, of which 'map', or 'half1' and "
                         "'half2', are needed.")
    rows = list(csv.reader([text for _, text in lines], delimiter="\t" if "\t" in lines[0][1] else ","))
    columns = [c.strip().lower() for c in rows[0]]
    _check_columns(columns, path)
    jobs = [_job(row, columns, f"line {number} of {path}", os.path.dirname(os.path.abspath(path)), outdir)
            for (number, _), row in zip(lines[1:], rows[1:]) if any(v.strip() for v in row)]
    if not jobs:
        raise InputError(f"The list {path} names no map; below its head it needs one line a map.")
    _check_names(jobs, path)
    return jobs


def _lines(path: str) -> List[Any]:
    """Number and text of the lines that are neither empty nor a comment."""
    try:
        with open(path, encoding="utf-8-sig", newline=None) as stream:
            lines = [(i, text.rstrip("\n")) for i, text in enumerate(stream, 1)]
    except FileNotFoundError:
        raise InputError(f"The list {path} does not exist; check the path.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"The list {path} cannot be read ({error}); give a table as CSV or TSV.") from None
    return [(i, text) for i, text in lines if text.strip() and not text.startswith("#")]


def _check_columns(columns: List[str], path: str) -> None:
    for column in columns:
        if column not in COLUMNS:
            raise InputError(f"The list {path} has the column '{column}', which is not known; the columns are {', '.join(COLUMNS)}.")
        if columns.count(column) > 1:
            raise InputError(f"The list {path} has the column '{column}' {columns.count(column)} times; leave one.")
    if "map" not in columns and not {"half1", "half2"} <= set(columns):
        raise InputError(f"The list {path} has neither a column 'map' nor 'half1' and 'half2'; its columns are {', '.join(columns)}.")


def _check_names(jobs: List[Job], path: str) -> None:
    seen: Dict[str, str] = {}
    for job in jobs:
        if job.name.casefold() in seen:                      # some file systems tell no difference between A and a
            raise InputError(f"The list {path} has two maps of the name '{job.name}'; give each one its own in the column 'name'.")
        seen[job.name.casefold()] = job.name


def _job(row: List[str], columns: List[str], where: str, base: str, outdir: str) -> Job:
    if len(row) > len(columns) or any(v.strip() for v in row[len(columns):]):
        raise InputError(f"In {where} there are {len(row)} values for {len(columns)} columns; put quotes around a value with a comma.")
    values = {c: v.strip() for c, v in zip(columns, row) if v.strip()}
    sources = {FILES[c]: os.path.normpath(os.path.join(base, os.path.expanduser(v))) for c, v in values.items() if c in FILES}
    if "full_map" not in sources and not {"half1", "half2"} <= set(sources):
        raise InputError(f"In {where} there is neither a map nor two half-maps; give 'map', or 'half1' and 'half2'.")
    for column, kind in FILES.items():
        if kind in sources and not os.path.isfile(sources[kind]):
            raise InputError(f"The {column} '{sources[kind]}' in {where} does not exist; paths are relative to the list.")
    name = _name(values.get("name") or _stem(sources.get("full_map") or sources["half1"]), where)
    numbers = {c: _number(values[c], c, where) for c in NUMBERS if c in values}
    return Job(name, os.path.join(os.path.abspath(outdir), name), sources, **numbers)


def _stem(path: str) -> str:
    name = os.path.basename(path)
    for ending in (".gz", ".bz2", ".mrc", ".map", ".ccp4"):
        if name.lower().endswith(ending):
            name = name[:-len(ending)]
    return name


def _name(name: str, where: str) -> str:
    """The name, which is that of a folder too."""
    if name.startswith(".") or any(c in name for c in "/\\\0") or len(name) > _LONGEST:
        raise InputError(f"The name '{name[:_LONGEST]}' in {where} cannot be that of a folder; leave out slashes and a dot at the start, "
                         f"and stay below {_LONGEST} characters.")
    if name.casefold() in ("group.html", "group.tsv", "batch.json"):
        raise InputError(f"The name '{name}' in {where} is that of a file of the group report; take another one.")
    return name


def _number(text: str, column: str, where: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or (column != "contour" and not 0 < value < 1000):
        bounds = "a number" if column == "contour" else f"a number above 0 and below 1000{NUMBERS[column]}"
        raise InputError(f"The {column} '{text}' in {where} is no good; it must be {bounds}.")
    return value
