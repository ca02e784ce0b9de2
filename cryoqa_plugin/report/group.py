"""Many maps: what is read of each of them, and the numbers as TSV; ``group_page`` draws the page."""
from __future__ import annotations

import csv
import io
import os
from dataclasses import replace
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple
from urllib.parse import quote

from ..checks import worst
from ..errors import CryoqaError, InputError
from ..files import as_bytes
from ..plain_text import cell
from ..results import read_json
from ..validation.arguments import STATUS
from ..validation.headline import resolution
from .assemble import read_results, write_bytes
from .content import WORDS
from .findings import findings
from .group_numbers import Entry, Number, fsc_curve, key_numbers
from .group_page import page
from .head import headline
from .keys import key_rows
from .section import Results, Section, discover

FILES = ("group.html", "group.tsv")
_SIGNS = {"html": b"cryoqa", "tsv": b"name\tverdict\t"}          # by which a page and a table of an earlier time are known
_RESULTS = ("result.json", "error.json")


def write_group(folder: str) -> Dict[str, str]:
    """Draw ``group.html`` and ``group.tsv`` of a folder that holds one folder a map; returns format -> path."""
    return Group(folder).write()


def read_group(folder: str) -> List[Entry]:
    """The maps of a folder: in the order of the list of its batch, those that are in no list after them by name."""
    return Group(folder).entries()


class Group:
    """The group report of a folder that may be drawn again and again: of a map only what has changed is read anew.

    Parameters
    ----------
    folder
        It holds one folder a map.
    """

    def __init__(self, folder: str) -> None:
        self._folder, self._sections = folder, discover()
        self._known: Dict[str, Tuple[Any, Optional[Entry]]] = {}

    def entries(self) -> List[Entry]:
        """The maps, as of :func:`read_group`."""
        if not os.path.isdir(self._folder):
            raise InputError(f"The folder {self._folder} does not exist; give the folder that 'cryoqa batch' wrote.")
        there = sorted(e.name for e in os.scandir(self._folder) if e.is_dir() and not e.name.startswith("."))
        names = (_document(os.path.join(self._folder, "batch.json")) or {}).get("maps")
        listed = [name for name in names if isinstance(name, str)] if isinstance(names, list) else []
        found = [self._entry(name, name in listed) for name in dict.fromkeys([*listed, *there])]
        return [entry for entry in found if entry is not None]

    def _entry(self, name: str, listed: bool) -> Optional[Entry]:
        folder = os.path.join(self._folder, name)
        stamp = (listed, _stamp(folder))
        if self._known.get(name, ("",))[0] != stamp:
            self._known[name] = (stamp, _entry(folder, name, listed, self._sections))
        return self._known[name][1]

    def write(self) -> Dict[str, str]:
        """Draw ``group.html`` and ``group.tsv``; returns format -> path."""
        entries = self.entries()
        if not entries:
            raise InputError(f"The folder {self._folder} holds no map that was validated or assessed; give the folder that 'cryoqa batch' "
                             "wrote, or one with a folder of 'cryoqa validate' or 'cryoqa assess' for each map.")
        paths = {name.split(".")[1]: os.path.join(self._folder, name) for name in FILES}
        require_place(self._folder)
        write_bytes(paths["html"], as_bytes(page(entries, os.path.basename(os.path.abspath(self._folder)))))
        write_bytes(paths["tsv"], as_bytes(tsv(entries)))
        return paths


def require_place(folder: str) -> None:
    """Refuse a folder in which a file that is not of cryoqa has a name of the group report."""
    for name in FILES:
        path = os.path.join(folder, name)
        if os.path.lexists(path) and not _begins(path, _SIGNS[name.split(".")[1]]):
            raise InputError(f"{path} is not of cryoqa, and the group report would be written over it; move it away.")


def _begins(path: str, sign: bytes) -> bool:
    """Whether a file holds a sign near its begin."""
    if not os.path.isfile(path):
        return False
    with open(path, "rb") as stream:
        return sign in stream.read(4096)


def _stamp(folder: str) -> Tuple[Any, ...]:
    """Changes whenever a document of a map does: name, time and size of each."""
    def of(place: str, names: Sequence[str]) -> List[Tuple[str, int, int]]:
        found = []
        for path in (os.path.join(place, name) for name in names):
            if os.path.isfile(path):
                state = os.stat(path)
                found.append((path, state.st_mtime_ns, state.st_size))
        return found

    if not os.path.isdir(folder):
        return ()
    inside = sorted(e.path for e in os.scandir(folder) if e.is_dir())
    return (*of(folder, ("batch.json", "validation.json", "report.html", *_RESULTS)), *(s for place in inside for s in of(place, _RESULTS)))


def _document(path: str) -> Optional[Dict[str, Any]]:
    try:
        found = read_json(path) if os.path.isfile(path) else None
    except (OSError, ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _entry(folder: str, name: str, listed: bool, sections: Sequence[Section]) -> Optional[Entry]:
    """One map; None for a folder that is none."""
    outcome, document = _document(os.path.join(folder, "batch.json")), _document(os.path.join(folder, "validation.json"))
    link = quote(name) + "/report.html" if os.path.isfile(os.path.join(folder, "report.html")) else ""
    if outcome is not None and outcome.get("error"):
        return Entry(name, "error", link, str(outcome["error"]))
    if document is None and listed:
        return Entry(name, "waiting", error="Not done yet; start the batch again to go on.")
    if document is None and (not os.path.isdir(folder) or os.path.isfile(os.path.join(folder, "result.json"))):
        return None                              # nothing, or one capability: a folder of these is one map
    try:
        results = read_results(folder)
    except CryoqaError as error:
        return Entry(name, "error", link, str(error))
    if document is None and not results.documents:
        return None
    seen = findings(results, sections)
    status, verdict, _ = headline(results, seen, [str(e.get("error", "")) for e in results.errors.values()])
    entry = Entry(name, status, link, score="{} / {}".format(*seen.count()), numbers=_measured(results), verdict=verdict,
                  keys=key_rows(results, seen), places=key_numbers(results), curve=fsc_curve(results.documents))
    return entry if document is None else _validated(entry, document)


def _validated(entry: Entry, document: Mapping[str, Any]) -> Entry:
    """The entry with the score, the items and the numbers of its validation."""
    points, items, status = document["score"], document["items"], entry.status
    if status == "skipped":
        status = STATUS.get((document.get("trust") or {}).get("verdict")) or worst(
            i["status"] for i in items if i["status"] in ("ok", "warn", "fail"))
    return replace(entry, status=status, score=f"{points['passed']} / {points['evaluable']}",
                   service=f"{points['service_passed']} / {points['service_evaluable']}", items={i["id"]: i["status"] for i in items},
                   numbers=_numbers(document))


def _measured(results: Results) -> Dict[str, Number]:
    """The resolution, and what the checks of a run of ``cryoqa assess`` look at, by capability."""
    found = resolution(results.documents)
    out = {} if found is None else {"resolution": Number("Resolution", found.value, "Å")}
    for capability, document in results.documents.items():
        for check in document.get("checks", ()):
            _add(out, capability, check)
    return out


def _numbers(document: Mapping[str, Any]) -> Dict[str, Number]:
    """The headline numbers by a name that is that of a column: the score, the resolutions, what the criteria look at."""
    points, found = document["score"], document["resolutions"]
    out: Dict[str, Number] = {}
    if points["evaluable"]:
        out["score"] = Number("Items that are met", 100.0 * points["passed"] / points["evaluable"], "%")
    if (document.get("trust") or {}).get("score") is not None:
        out["trust"] = Number("Score: 1 less the strongest argument against the map", float(document["trust"]["score"]), "")
    if document["reported"] is not None:
        out["reported_resolution"] = Number("Reported resolution", float(document["reported"]), "Å")
    if found:
        out["mean_resolution"] = Number("Resolution, mean of the methods", sum(r["value"] for r in found) / len(found), "Å")
    for r in found:
        out[f"resolution_{r['item']}" + ("_ssnr" if f"resolution_{r['item']}" in out else "")] = Number(
            f"{r['item']} Resolution: {r['title']}", float(r["value"]), "Å")
    for item in document["items"]:
        for check in (*item["checks"], *item["service"]):
            _add(out, item["id"], check)
    return out


def _add(out: Dict[str, Number], item: str, check: Mapping[str, Any]) -> None:
    """A value that a criterion looks at; one that several look at stands there once, with the limits of all."""
    value, limit = check["value"], check["limit"]
    if isinstance(value, (bool, str)) or value is None:
        return
    key = f"{item}_{check['metric']}"
    limits = () if isinstance(limit, (bool, str)) else (float(limit),)
    before = out.get(key)
    if before is None or abs(before.value - value) > 1e-9 * max(abs(value), 1e-30):
        key = key if before is None else f"{item}_{check['title'].lower().replace(' ', '_')}"
        out[key] = Number(f"{item} {check['title']}", float(value), check["unit"], check["status"], limits)
    else:
        out[key] = Number(before.title, before.value, before.unit, worst([before.status, check["status"]]),
                          tuple(dict.fromkeys(before.limits + limits)))


def tsv(entries: Sequence[Entry]) -> str:
    """One row a map; what a map does not have is empty."""
    items = list(dict.fromkeys(i for e in entries for i in e.items))
    keys = _keys(entries)
    units = {k: n.unit for e in entries for k, n in e.numbers.items()}
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter="\t", lineterminator="\n")
    head = ["name", "verdict", "passed", "evaluable", "service_passed", "service_evaluable"]
    head += [f"{k} ({units[k]})" if units[k] else k for k in keys] + [f"{i}_verdict" for i in items] + ["error"]
    writer.writerow(map(cell, head))
    for e in entries:
        points = [p.strip() for text in (e.score, e.service) for p in (text.split("/") if text else ("", ""))]
        values = [f"{e.numbers[k].value:.6g}" if k in e.numbers else "" for k in keys]
        row = [e.name, word(e.status), *points, *values, *(e.items.get(i, "") for i in items), " ".join(e.error.split())]
        writer.writerow(map(cell, row))
    return stream.getvalue()


def _keys(entries: Sequence[Entry]) -> List[str]:
    """The names of all numbers, in their order."""
    return list(dict.fromkeys(k for e in entries for k in e.numbers))


def word(status: str) -> str:
    """A verdict in a word."""
    return "waiting" if status == "waiting" else WORDS[status]
