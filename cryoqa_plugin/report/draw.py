"""From a result document to blocks: what most sections need."""
from __future__ import annotations

import os
from typing import Any, List, Mapping, Optional, Sequence, Tuple

from ..rounding import show_value
from .blocks import Block, Plot, Rows, Series, Value, Values, better_words

Document = Mapping[str, Any]
_READ_IN = {"_unmasked": " unmasked", "_masked": " in the mask", "_near": " near the model"}
_FSC_LEVELS = ((0.143, "0.143"), (0.5, "0.5"))
_GUIDES = ("half_bit", "one_bit", "three_sigma")


def values(document: Document, names: Optional[Sequence[str]] = None, *, title: str = "Values", folded: bool = False) -> List[Block]:
    """The metrics that have a value as a table: those named, or all; nothing when there are none."""
    metrics = document["metrics"]
    chosen = [n for n in (metrics if names is None else names) if n in metrics and metrics[n]["value"] is not None]
    rows = tuple(Value(n, metrics[n]["value"], metrics[n]["unit"], metrics[n]["meaning"], metrics[n]["better"]) for n in chosen)
    return [Values(rows, title, folded)] if rows else []


def split_values(document: Document, first: Sequence[str]) -> List[Block]:
    """A table of the values named, and the others folded away below."""
    rest = [n for n in document["metrics"] if n not in first]
    top = values(document, first)
    return top + values(document, rest, title="More values" if top else "Values", folded=bool(top))


def tables(document: Document, *, skip: Sequence[str] = (), folded: bool = False) -> List[Block]:
    """The tables of a document that have rows."""
    return [Rows(t["meaning"], tuple(t["columns"]), tuple(tuple(r) for r in t["rows"]), folded or len(t["rows"]) > 30)
            for n, t in document["tables"].items() if n not in skip and t["rows"]]


def curves(document: Document, names: Optional[Sequence[str]] = None, *, title: str = "", marks: Sequence[Tuple[float, str]] = (),
           filled: bool = False) -> List[Block]:
    """Plots of the curves named, or of all: curves with the same axes share a plot."""
    groups: dict = {}
    for name, c in document["curves"].items():
        if (names is None or name in names) and len(c["x"]) > 1:
            axes = (c["x_label"], c["x_unit"], c["y_label"], c["y_unit"])
            groups.setdefault(axes, []).append((name, c))
    return [_plot(axes, members, title, marks, filled) for axes, members in groups.items()]


def _plot(axes: Tuple[str, str, str, str], members: Sequence[Tuple[str, Any]], title: str, marks: Sequence[Tuple[float, str]],
          filled: bool) -> Plot:
    x_label, x_unit, y_label, y_unit = axes
    series = tuple(Series(n, c["meaning"] or n, c["x"], c["y"], c.get("lower"), c.get("upper"), n in _GUIDES) for n, c in members)
    fsc = y_label == "FSC"
    counts = y_label.lower() == "voxels"
    lowest = min((v for s in series for v in s.y if v is not None), default=0.0)
    return Plot(title or (members[0][1]["meaning"] if len(members) == 1 else y_label), series, _with_unit(x_label, x_unit),
                _with_unit(y_label, y_unit), as_resolution=x_unit in ("1/Å", "1/Å²"), squared=x_unit == "1/Å²",
                levels=_FSC_LEVELS if fsc else (), marks=tuple(marks),
                y_range=(max(-1.0, min(-0.08, lowest)), 1.02) if fsc else None, filled=filled or counts, log_y=counts)


def _with_unit(label: str, unit: str) -> str:
    label = label[:1].upper() + label[1:]
    return f"{label} ({unit})" if unit else label


def resolution_marks(document: Document, *names: str) -> List[Tuple[float, str]]:
    """Vertical marks at the frequencies of resolutions in Å, for the metrics named that have a value."""
    out = []
    for name in names:
        value = document["metrics"].get(name, {}).get("value")
        if isinstance(value, (int, float)) and value > 0:
            kind = next((words for end, words in _READ_IN.items() if name.endswith(end)), "")
            out.append((1.0 / value, f"{value:.2f} Å{kind}"))
    return out


def paired(document: Document, title: str) -> Tuple[List[Block], List[str]]:
    """A table of the metrics that come as ``<name>_unmasked``, ``<name>_masked`` and ``<name>_near``, and the names of those in it."""
    metrics = document["metrics"]
    rows, used, found = [], [], False
    for name in metrics:
        stem = name[:-len("_unmasked")]
        if name.endswith("_unmasked") and stem + "_masked" in metrics:
            one, two = metrics[name], metrics[stem + "_masked"]
            near = metrics.get(stem + "_near", {}).get("value")
            used += [n for n in (name, stem + "_masked", stem + "_near") if n in metrics]
            if any(v is not None for v in (one["value"], two["value"], near)):
                sense = better_words(one["better"])
                shown = (show_value(v, one["unit"]) for v in (one["value"], two["value"], near))
                rows.append((one["meaning"] + (f" ({sense})" if sense else ""), *shown, stem))
                found = found or near is not None
    columns = ["meaning", "unmasked", "in the mask", "near the model", "name"]
    if not found:                                # no model
        rows, columns = [row[:3] + row[4:] for row in rows], columns[:3] + columns[4:]
    return ([Rows(title, tuple(columns), tuple(rows))] if rows else []), used


def everything(document: Document) -> List[Block]:
    """All curves, values and tables of a document."""
    return curves(document) + values(document) + tables(document)


def file_name(entry: Mapping[str, Any]) -> str:
    """File name of an input entry, without its folder; that it was given in memory, for what was in no file."""
    return os.path.basename(entry["path"]) or "in memory"
