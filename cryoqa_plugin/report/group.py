"""Many maps on one page: a table with the verdicts, a strip plot of each number, and the numbers as TSV."""
from __future__ import annotations

import csv
import io
import os
from dataclasses import dataclass, field
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple
from urllib.parse import quote

from .. import __version__
from ..checks import worst
from ..errors import InputError
from ..results import read_json
from ..validation.arguments import STATUS
from .assemble import write_bytes
from .blocks import show
from .content import WORDS
from .html import environment, template_text
from .scene import ticks

FILES = ("group.html", "group.tsv")
_WIDTH, _HEIGHT, _LEFT, _RIGHT = 560.0, 64.0, 14.0, 14.0


@dataclass(frozen=True)
class Number:
    """One value of one map: ``limits`` of its checks, ``status`` their worst outcome."""

    title: str
    value: float
    unit: str = ""
    status: str = "skipped"
    limits: Tuple[float, ...] = ()


@dataclass(frozen=True)
class Entry:
    """One map: ``status`` is a key of ``WORDS`` or ``waiting``; ``link`` leads to its report, ``error`` says why there is none.

    ``look_at`` has number and title of the items with a warning, ``items`` the verdict of each item by its number.
    """

    name: str
    status: str
    link: str = ""
    error: str = ""
    score: str = ""
    service: str = ""
    look_at: Tuple[Tuple[str, str], ...] = ()
    items: Mapping[str, str] = field(default_factory=dict)
    numbers: Mapping[str, Number] = field(default_factory=dict)


@dataclass(frozen=True)
class Dot:
    """One map in a strip."""

    name: str
    link: str
    x: float
    y: float
    status: str
    words: str


@dataclass(frozen=True)
class Strip:
    """One number of all maps: dots, ticks (place and text) and limits on a common axis, in the units of the drawing."""

    key: str
    title: str
    dots: Tuple[Dot, ...]
    ticks: Tuple[Tuple[float, str], ...]
    limits: Tuple[Tuple[float, str], ...]


def write_group(folder: str) -> Dict[str, str]:
    """Draw ``group.html`` and ``group.tsv`` of a folder that holds one folder a map; returns format -> path."""
    entries = read_group(folder)
    if not entries:
        raise InputError(f"The folder {folder} holds no validated map; give the folder that 'cryoqa batch' wrote, or one with a folder of "
                         "'cryoqa validate' for each map.")
    paths = {name.split(".")[1]: os.path.join(folder, name) for name in FILES}
    write_bytes(paths["html"], page(entries, os.path.basename(os.path.abspath(folder))).encode("utf-8"))
    write_bytes(paths["tsv"], tsv(entries).encode("utf-8"))
    return paths


def read_group(folder: str) -> List[Entry]:
    """The maps of a folder: in the order of the list of its batch, those that are in no list after them by name."""
    if not os.path.isdir(folder):
        raise InputError(f"The folder {folder} does not exist; give the folder that 'cryoqa batch' wrote.")
    there = sorted(e.name for e in os.scandir(folder) if e.is_dir())
    listed = (_document(os.path.join(folder, "batch.json")) or {}).get("maps", [])
    names = list(dict.fromkeys([*listed, *there]))
    found = [_entry(os.path.join(folder, name), name, name in listed) for name in names]
    return [entry for entry in found if entry is not None]


def _document(path: str) -> Optional[Dict[str, Any]]:
    try:
        return read_json(path) if os.path.isfile(path) else None
    except (OSError, ValueError):
        return None


def _entry(folder: str, name: str, listed: bool) -> Optional[Entry]:
    """One map; None for a folder that is none."""
    outcome, document = _document(os.path.join(folder, "batch.json")), _document(os.path.join(folder, "validation.json"))
    link = quote(name) + "/report.html" if os.path.isfile(os.path.join(folder, "report.html")) else ""
    if outcome is not None and outcome.get("error"):
        return Entry(name, "error", link, str(outcome["error"]))
    if document is None and listed:
        return Entry(name, "waiting", error="Not done yet; start the batch again to go on.")
    if document is None:
        return None
    points, items = document["score"], document["items"]
    trust = (document.get("trust") or {}).get("verdict")
    status = STATUS.get(trust) or worst(i["status"] for i in items if i["status"] in ("ok", "warn", "fail"))
    return Entry(name, status, link, score=f"{points['passed']} / {points['evaluable']}",
                 service=f"{points['service_passed']} / {points['service_evaluable']}",
                 look_at=tuple((i["id"], i["title"]) for i in items if i["status"] in ("warn", "fail", "error")),
                 items={i["id"]: i["status"] for i in items}, numbers=_numbers(document))


def _numbers(document: Mapping[str, Any]) -> Dict[str, Number]:
    """The headline numbers by a name that is that of a column: the score, the resolutions, what the criteria look at."""
    points, found = document["score"], document["resolutions"]
    out: Dict[str, Number] = {}
    if points["evaluable"]:
        out["score"] = Number("Items as they should be", 100.0 * points["passed"] / points["evaluable"], "%")
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
    writer.writerow(["name", "verdict", "passed", "evaluable", "service_passed", "service_evaluable"]
                    + [f"{k} ({units[k]})" if units[k] else k for k in keys] + [f"{i}_verdict" for i in items] + ["error"])
    for e in entries:
        points = [p.strip() for text in (e.score, e.service) for p in (text.split("/") if text else ("", ""))]
        values = [f"{e.numbers[k].value:.6g}" if k in e.numbers else "" for k in keys]
        writer.writerow([e.name, word(e.status), *points, *values, *(e.items.get(i, "") for i in items), " ".join(e.error.split())])
    return stream.getvalue()


def _keys(entries: Sequence[Entry]) -> List[str]:
    """The names of all numbers, in their order."""
    return list(dict.fromkeys(k for e in entries for k in e.numbers))


def word(status: str) -> str:
    """A verdict in a word."""
    return "waiting" if status == "waiting" else WORDS[status]


def strips(entries: Sequence[Entry]) -> List[Strip]:
    """A strip for each number that at least two maps have and that is not the same in all."""
    out = []
    for key in _keys(entries):
        having = [(e, e.numbers[key]) for e in entries if key in e.numbers]
        values = [n.value for _, n in having]
        if len(values) > 1 and max(values) - min(values) > 1e-9 * max(map(abs, values)):
            out.append(_strip(key, having))
    return out


def _strip(key: str, having: Sequence[Tuple[Entry, Number]]) -> Strip:
    values, unit = [n.value for _, n in having], having[0][1].unit
    low, high = min(values), max(values)
    near = [v for n in having for v in n[1].limits if low - 0.5 * (high - low) <= v <= high + 0.5 * (high - low)]
    low, high = min([low, *near]), max([high, *near])
    margin = 0.04 * (high - low)
    low, high = low - margin, high + margin

    def at(value: float) -> float:
        return _LEFT + (value - low) / (high - low) * (_WIDTH - _LEFT - _RIGHT)

    order = sorted(range(len(values)), key=lambda i: values[i])
    rows: List[float] = []                                   # place of the last dot of each row, so that dots lie beside each other
    dots = []
    for i in order:
        entry, number = having[i]
        x = at(number.value)
        row = next((r for r, last in enumerate(rows) if x - last >= 9.0), len(rows) if len(rows) < 4 else len(dots) % 4)
        rows[row:row + 1] = [x]
        dots.append(Dot(entry.name, entry.link, x, (24.0, 15.0, 33.0, 6.0)[row], number.status,
                        f"{entry.name}: {show(number.value)} {unit}".rstrip()))
    title = having[0][1].title + (f" ({unit})" if unit else "")
    return Strip(key, title, tuple(dots), tuple((at(v), show(float(v))) for v in ticks(low, high)),
                 tuple((at(v), show(v)) for v in dict.fromkeys(near)))


def page(entries: Sequence[Entry], title: str) -> str:
    """The page as text; names and sentences are escaped by the template."""
    from markupsafe import Markup
    wanted = ("trust", "reported_resolution", "resolution_1.a", "mean_resolution", "0.d_bfactor")
    shown = [k for k in wanted if any(k in e.numbers for e in entries)]
    heads = {"trust": "Score", "reported_resolution": "Reported (Å)", "resolution_1.a": "FSC (Å)", "mean_resolution": "Mean of methods (Å)",
             "0.d_bfactor": "B (Å²)"}
    counts = {s: sum(e.status == s for e in entries) for s in ("ok", "warn", "fail", "skipped", "error", "waiting")}
    return environment().get_template("group.html").render(
        title=title, entries=entries, word=word, columns=[(k, heads[k]) for k in shown], strips=strips(entries),
        width=_WIDTH, height=_HEIGHT, counts=[(word(s), n, s) for s, n in counts.items() if n], version=__version__,
        style=Markup(template_text("report.css") + template_text("group.css")), script=Markup(template_text("group.js")))
