"""The list of a batch: one row a map, as CSV or TSV."""
from __future__ import annotations

import codecs
import csv
import math
import os
import unicodedata
from dataclasses import asdict, dataclass
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from ..errors import InputError
from ..io import ranges
from ..io.reading import reader

FILES = {"map": "full_map", "half1": "half1", "half2": "half2", "mask": "mask", "model": "model"}
NUMBERS = {"contour": "", "resolution": " Å", "voxel_size": " Å"}
COLUMNS = ("name", *FILES, *NUMBERS)
_LIMITS = {"resolution": ranges.RESOLUTION, "voxel_size": ranges.VOXEL_SIZE}
_LONGEST = 120                                   # characters of a name
_MOST_BYTES = 240                                # of a name: file systems end at 255, and files are made beside the folder
_SHOWN = 60                                      # characters of a value in a sentence
_RESERVED = ("group.html", "group.tsv", "batch.json", "watch.json")


@dataclass(frozen=True)
class Job:
    """One map: its name, the folder of its results, its files by kind, what the list says of it, and what is to be known of the files."""

    name: str
    folder: str
    sources: Mapping[str, str]
    contour: Optional[float] = None
    resolution: Optional[float] = None
    voxel_size: Optional[float] = None
    notes: Tuple[str, ...] = ()

    def document(self) -> Dict[str, Any]:
        """The job as plain values."""
        return asdict(self)


@reader("list", "give a table as CSV or TSV")
def read_list(path: str, outdir: str) -> List[Job]:
    """The maps of a list, CSV or TSV with the columns of :data:`COLUMNS` that are of use.

    Paths are relative to the list; a row without a name is called as its map. :class:`InputError` says what is wrong with a list.
    """
    rows = _rows(_lines(path), path)
    if not rows:
        raise InputError(f"The list {path} is empty; give a table with the columns {', '.join(COLUMNS)}, of which 'map', or 'half1' and "
                         "'half2', are needed.")
    columns = [c.strip().lower() for c in rows[0][1]]
    _check_columns(columns, path)
    jobs = [(number, _job(row, columns, f"line {number} of {path}", os.path.dirname(os.path.abspath(path)), outdir))
            for number, row in rows[1:] if any(v.strip() for v in row)]
    if not jobs:
        raise InputError(f"The list {path} names no map; below its head it needs one line a map.")
    _check_names(jobs, path)
    return [job for _, job in jobs]


def _lines(path: str) -> List[Tuple[int, str]]:
    """Number and text of the lines that are neither empty nor a comment."""
    with open(path, "rb") as stream:
        content = stream.read()
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise InputError(f"The list {path} is text in UTF-16; save it as CSV in UTF-8.")
    plain = content[len(codecs.BOM_UTF8):] if content.startswith(codecs.BOM_UTF8) else content
    out = []
    for i, line in enumerate(plain.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n"), 1):
        text = _decoded(line, f"line {i} of {path}")
        if text.strip() and not text.startswith("#"):
            out.append((i, text))
    return out


def _decoded(line: bytes, where: str) -> str:
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        raise InputError(f"In {where} there are characters that are not UTF-8; save the list as CSV in UTF-8.") from None
    if "\0" in text:
        raise InputError(f"In {where} there is a zero byte, which no text has; give a table as CSV or TSV in UTF-8.")
    return text


def _rows(lines: Sequence[Tuple[int, str]], path: str) -> List[Tuple[int, List[str]]]:
    """Number and values of each line."""
    mark = "\t" if lines and "\t" in lines[0][1] else ","
    return [(number, _values(text, mark, f"line {number} of {path}")) for number, text in lines]


def _values(text: str, mark: str, where: str) -> List[str]:
    try:
        return next(csv.reader([text], delimiter=mark, strict=True))
    except csv.Error as error:
        if "field larger" in str(error):
            raise InputError(f"In {where} there is a value of more than {csv.field_size_limit()} characters; check its quotes.") from None
        raise InputError(f"The quotes in {where} do not match; a value in quotes ends in the line in which it begins, and a quote within "
                         "it is written twice.") from None


def _check_columns(columns: List[str], path: str) -> None:
    for column in columns:
        if column not in COLUMNS:
            raise InputError(f"The list {path} has the column '{_short(column)}', which is not known; the columns are "
                             f"{', '.join(COLUMNS)}.")
        if columns.count(column) > 1:
            raise InputError(f"The list {path} has the column '{column}' {columns.count(column)} times; leave one.")
    if "map" not in columns and not {"half1", "half2"} <= set(columns):
        raise InputError(f"The list {path} has neither a column 'map' nor 'half1' and 'half2'; its columns are {', '.join(columns)}.")


def _check_names(jobs: Sequence[Tuple[int, Job]], path: str) -> None:
    seen: Dict[str, int] = {}
    for number, job in jobs:
        name = unicodedata.normalize("NFC", job.name).casefold()           # some file systems tell no difference between A and a
        if name in seen:
            raise InputError(f"The list {path} has two maps of the name '{job.name}' (lines {seen[name]} and {number}); give each one its "
                             "own in the column 'name'.")
        seen[name] = number


def _job(row: List[str], columns: List[str], where: str, base: str, outdir: str) -> Job:
    if len(row) > len(columns) or any(v.strip() for v in row[len(columns):]):
        raise InputError(f"In {where} there are {len(row)} values for {len(columns)} columns; put quotes around a value with a comma.")
    values = {c: v.strip() for c, v in zip(columns, row) if v.strip()}
    sources = {FILES[c]: os.path.normpath(os.path.join(base, os.path.expanduser(v))) for c, v in values.items() if c in FILES}
    if "full_map" not in sources and not {"half1", "half2"} <= set(sources):
        raise InputError(f"In {where} there is neither a map nor two half-maps; give 'map', or 'half1' and 'half2'.")
    for column, kind in FILES.items():
        if kind in sources and not os.path.isfile(sources[kind]):
            raise InputError(f"The {column} '{_short(sources[kind], 4 * _SHOWN)}' in {where} does not exist; paths are relative to the "
                             "list.")
    name = _name(values.get("name") or _stem(sources.get("full_map") or sources["half1"]), where)
    numbers = {c: _number(values[c], c, where) for c in NUMBERS if c in values}
    return Job(name, os.path.join(os.path.abspath(outdir), name), sources, **numbers)


def _stem(path: str) -> str:
    name = os.path.basename(path)
    for ending in (".gz", ".bz2", ".mrc", ".map", ".ccp4"):
        if name.lower().endswith(ending):
            name = name[:-len(ending)]
    return name


def _short(text: str, most: int = _SHOWN) -> str:
    """A value for a sentence: its end cut off where it is long, a mark for what cannot be printed."""
    text = "".join(c if c.isprintable() else "\ufffd" for c in text[:most + 1])
    return text if len(text) <= most else text[:most - 3] + "..."


def _name(name: str, where: str) -> str:
    """The name, which is that of a folder too."""
    odd = name.startswith(".") or any(c in "/\\" or unicodedata.category(c) in ("Cc", "Cs") for c in name)
    if odd or len(name) > _LONGEST or len(name.encode("utf-8")) > _MOST_BYTES:
        raise InputError(f"The name {_short(repr(name))} in {where} cannot be that of a folder; leave out slashes, control characters and "
                         f"a dot at the start, and stay below {_LONGEST} characters.")
    if name.casefold() in _RESERVED:
        raise InputError(f"The name '{name}' in {where} is that of a file of the group report; take another one.")
    return name


def _number(text: str, column: str, where: str) -> float:
    try:
        value = math.nan if "_" in text else float(text)     # 1_000 is a number for Python alone
    except ValueError:
        value = math.nan
    limits = _LIMITS.get(column)
    if not math.isfinite(value) or limits is not None and not ranges.within(value, limits):
        bounds = "a number" if limits is None else ranges.shown(limits)
        raise InputError(f"The {column} '{_short(text)}' in {where} is no good; it must be {bounds}.")
    return value
