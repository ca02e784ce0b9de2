"""Results: what leaves a method, with unit, meaning and which way is good.

A method returns a frozen dataclass derived from :class:`Result`, its fields made by :func:`metric`, :func:`curve`,
:func:`table` and :func:`map_output`. ``to_document`` turns it into the JSON document that is the only hand-over to
reports and viewers.
"""
from __future__ import annotations

import json
import math
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, Dict, List, Mapping, Optional, Tuple

import numpy as np

from .files import replacing

BETTER = ("lower", "higher", "none")            # or "target:<value>"


@dataclass(frozen=True)
class Curve:
    """One curve: ``x`` and ``y`` of shape (n,), with an optional band ``lower`` .. ``upper`` of the same shape."""

    x: np.ndarray
    y: np.ndarray
    lower: Optional[np.ndarray] = None
    upper: Optional[np.ndarray] = None


@dataclass(frozen=True)
class Table:
    """Rows under named columns; the values are numbers, texts or None."""

    columns: Tuple[str, ...]
    rows: Tuple[Tuple[Any, ...], ...]


def _declare(role: str, **info: Any) -> Any:
    return field(default=None, metadata={"result": dict(role=role, **info)})


def metric(unit: str, meaning: str, better: str) -> Any:
    """Declare a single value. ``better``: ``lower``, ``higher``, ``target:<value>`` or ``none``."""
    if better not in BETTER and not better.startswith("target:"):
        raise ValueError(f"better='{better}'")
    return _declare("metric", unit=unit, meaning=meaning, better=better)


def curve(meaning: str, *, x_label: str, x_unit: str, y_label: str, y_unit: str = "") -> Any:
    """Declare a :class:`Curve`."""
    return _declare("curve", meaning=meaning, x_label=x_label, x_unit=x_unit, y_label=y_label, y_unit=y_unit)


def table(meaning: str) -> Any:
    """Declare a :class:`Table`."""
    return _declare("table", meaning=meaning)


def map_output(unit: str, meaning: str) -> Any:
    """Declare a map (an ``io.maps.Map``) that is written beside the result as ``<field name>.mrc``."""
    return _declare("map", unit=unit, meaning=meaning)


@dataclass(frozen=True)
class Result:
    """Base of all results: one plain sentence, and the warnings that came up on the way."""

    schema: ClassVar[str] = ""
    summary: str = ""
    warnings: Tuple[str, ...] = ()


def declared(result_class: type, role: str) -> Dict[str, Dict[str, Any]]:
    """What a result class declares for one role (``metric``, ``curve``, ``table``, ``map``), by field name."""
    return {f.name: {k: v for k, v in f.metadata["result"].items() if k != "role"} for f in fields(result_class)
            if f.metadata.get("result", {}).get("role") == role}


def to_document(result: Result) -> Dict[str, Any]:
    """Schema, summary, metrics, curves, tables and warnings as plain Python values; maps are left to the caller.

    A value that is not finite becomes ``None`` and adds a warning.
    """
    warnings = list(result.warnings)

    def clean(value: Any, name: str) -> Any:
        plain = _plain(value)
        if isinstance(plain, float) and not math.isfinite(plain):
            warnings.append(f"{name} is not finite and is given as null.")
            return None
        return plain

    cls = type(result)
    metrics = {n: dict(value=clean(getattr(result, n), n), **d) for n, d in declared(cls, "metric").items()}
    curves = {n: dict(_curve_document(getattr(result, n)), **d) for n, d in declared(cls, "curve").items()
              if getattr(result, n) is not None}
    tables = {n: dict(columns=list(t.columns), rows=[[clean(v, n) for v in row] for row in t.rows], **d)
              for n, d in declared(cls, "table").items() for t in [getattr(result, n)] if t is not None}
    return dict(schema=cls.schema, summary=result.summary, metrics=metrics, curves=curves, tables=tables,
                warnings=warnings)


def _curve_document(c: Curve) -> Dict[str, Any]:
    out = {"x": _numbers(c.x), "y": _numbers(c.y)}
    for name in ("lower", "upper"):
        if getattr(c, name) is not None:
            out[name] = _numbers(getattr(c, name))
    return out


def _numbers(values: np.ndarray) -> List[Optional[float]]:
    return [float(f"{v:.7g}") if math.isfinite(v) else None for v in np.asarray(values, dtype=float)]


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def write_json(document: Mapping[str, Any], path: str) -> None:
    """Write a document complete or not at all (temporary name, then rename)."""
    with replacing(path) as stream:
        stream.write(json.dumps(document, indent=1, allow_nan=False, ensure_ascii=False).encode("utf-8"))


def read_json(path: str) -> Dict[str, Any]:
    """A saved result document."""
    with open(path, encoding="utf-8") as stream:
        return json.load(stream)


_TYPES = {"value": ["number", "string", "boolean", "null"]}


def json_schema(result_class: type) -> Dict[str, Any]:
    """JSON Schema (draft 7) of the document that a result class is saved as."""
    def block(role: str, item: Dict[str, Any]) -> Dict[str, Any]:
        names = declared(result_class, role)
        return {"type": "object", "additionalProperties": False,
                "properties": {n: dict(item, description=d["meaning"]) for n, d in names.items()}}

    numbers = {"type": "array", "items": {"type": ["number", "null"]}}
    metrics = block("metric", {"type": "object", "required": ["value", "unit", "meaning", "better"],
                               "properties": {"value": {"type": _TYPES["value"]}}})
    metrics["required"] = list(declared(result_class, "metric"))
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": result_class.schema,
        "type": "object",
        "required": ["schema", "capability", "inputs", "parameters", "metrics", "curves", "tables", "maps", "checks",
                     "summary", "warnings", "provenance"],
        "properties": {
            "schema": {"const": result_class.schema},
            "metrics": metrics,
            "curves": block("curve", {"type": "object", "required": ["x", "y"],
                                      "properties": {"x": numbers, "y": numbers}}),
            "tables": block("table", {"type": "object", "required": ["columns", "rows"]}),
            "maps": block("map", {"type": "object", "required": ["path", "unit", "meaning"]}),
        },
    }
