"""Results: what leaves a method, with unit, meaning and which way is good.

A method returns a frozen dataclass derived from :class:`Result`, its fields made by :func:`metric`, :func:`curve`,
:func:`table`, :func:`map_output` and their like. ``to_document`` turns it into the JSON document that is the only hand-over to
reports and viewers.
"""
from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass, field, fields
from importlib import import_module
from typing import Any, ClassVar, Dict, List, Mapping, NamedTuple, Optional, Tuple, Type, Union

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
class Column:
    """One column of a table: its name, the unit of its values, and what they mean where the name does not say it."""

    name: str
    unit: str = ""
    meaning: str = ""

    @classmethod
    def of(cls, text: Union[str, Column]) -> Column:
        """A column from words such as ``volume (Å³)`` or ``voxel size [Å]``: what stands in brackets at the end is the unit."""
        if isinstance(text, Column):
            return text
        found = re.fullmatch(r"(.*?)\s*[\[(]([^\[\]()]*)[\])]|(.*) (Å[²³]?)", text)
        if not found:
            return cls(text)
        return cls(found[1], found[2]) if found[2] is not None else cls(found[3], found[4])

    def __str__(self) -> str:
        return f"{self.name} ({self.unit})" if self.unit else self.name


@dataclass(frozen=True)
class Table:
    """Rows under columns (:class:`Column`, or words that :meth:`Column.of` reads); the values are numbers, texts or None."""

    columns: Tuple[Any, ...]
    rows: Tuple[Tuple[Any, ...], ...]

    @property
    def typed(self) -> Tuple[Column, ...]:
        """The columns with their units."""
        return tuple(Column.of(c) for c in self.columns)


class Output(NamedTuple):
    """What a map, a list of maps, a model or a curve becomes in Scipion.

    ``name`` is that of the output, ``role`` that of the field, ``mask`` makes a map a mask. ``halves`` says whose half-maps a map
    carries: ``own`` for the fields ``<name of its field>_half1`` and ``_half2``, ``input`` for those of the input, else none. ``of`` is
    the field of the map that a model lies in; empty for the map that was given. A map that is ``placed`` lies where its header says,
    others where the map that was given lies.
    """

    name: str
    role: str
    mask: bool = False
    halves: str = ""
    of: str = ""
    placed: bool = False


def _declare(role: str, scipion: Optional[Output] = None, **info: Any) -> Any:
    return field(default=None, metadata={"result": dict(role=role, **info), "scipion": scipion})


def metric(unit: str, meaning: str, better: str) -> Any:
    """Declare a single value. ``better``: ``lower``, ``higher``, ``target:<value>`` or ``none``."""
    if better not in BETTER and not better.startswith("target:"):
        raise ValueError(f"better='{better}'")
    return _declare("metric", unit=unit, meaning=meaning, better=better)


def curve(meaning: str, *, x_label: str, x_unit: str, y_label: str, y_unit: str = "", output: str = "") -> Any:
    """Declare a :class:`Curve`; all FSC curves with one ``output`` become the set of FSCs of this name in Scipion."""
    return _declare("curve", _output(output, "curve"), meaning=meaning, x_label=x_label, x_unit=x_unit, y_label=y_label, y_unit=y_unit)


def _output(name: str, role: str, **how: Any) -> Optional[Output]:
    return Output(name, role, **how) if name else None


def table(meaning: str) -> Any:
    """Declare a :class:`Table`; one of more than 50 rows is also written as ``<field name>.csv`` beside the result."""
    return _declare("table", meaning=meaning)


def map_output(unit: str, meaning: str, *, output: str = "", mask: bool = False, halves: str = "", placed: bool = False,
               file: str = "") -> Any:
    """Declare a map (an ``io.maps.Map``) that is written beside the result as ``<field name>.mrc``, or as ``file``.

    In Scipion it becomes the volume, or with ``mask`` the mask, called ``output``; ``halves`` and ``placed`` as in :class:`Output`. The
    header of a map with a ``file`` is that of an archive: the origin in NSTART too, where it is whole voxels.
    """
    named = {"file": file} if file else {}
    return _declare("map", _output(output, "map", mask=mask, halves=halves, placed=placed), unit=unit, meaning=meaning, **named)


def maps_output(unit: str, meaning: str, *, output: str = "") -> Any:
    """Declare a tuple of maps, written beside the result as ``<field name>_1.mrc``, ``<field name>_2.mrc``, ...

    In Scipion they become the set of volumes called ``output``.
    """
    return _declare("maps", _output(output, "maps"), unit=unit, meaning=meaning)


def model_output(meaning: str, *, output: str = "", of: str = "") -> Any:
    """Declare an atomic model (an ``io.models.Model``) that is written beside the result as ``<field name>.cif``.

    In Scipion it becomes the atomic structure called ``output``, in the map of the field ``of``, or in the one that was given.
    """
    return _declare("model", _output(output, "model", of=of), meaning=meaning)


def file_output(meaning: str, name: str) -> Any:
    """Declare the content of a file (text or bytes) that is written beside the result under ``name``."""
    return _declare("file", meaning=meaning, name=name)


@dataclass(frozen=True)
class Result:
    """Base of all results: one plain sentence, and the warnings that came up on the way.

    What a class declares is also there by role: ``metrics``, ``curves``, ``tables`` and ``maps`` by name.
    """

    schema: ClassVar[str] = ""
    summary: str = ""
    warnings: Tuple[str, ...] = ()

    def __init_subclass__(cls) -> None:
        cls.__repr__ = Result.__repr__                       # or each dataclass would write out all of its arrays

    def __repr__(self) -> str:
        """The sentence, the values with their units, and which curves, tables and maps there are."""
        info = declared(type(self), "metric")
        lines = [self.summary or type(self).__name__, *(f"NOTE: {w}" for w in self.warnings)]
        lines += [f"{c['status'].upper()}: {c['sentence']}" for c in self.document.get("checks", ()) if c["status"] in ("warn", "fail")]
        own = {n: v for n, v in self.metrics.items() if not n.startswith("half_maps_")}
        show = import_module("cryoqa_plugin.rounding").show_value
        lines += [f"  {name} = {show(_plain(value), info[name]['unit'])}" for name, value in own.items()]
        lines += [f"  metrics: {len(self.metrics)} values, {len(self.metrics) - len(own)} of them on the half-maps"] * (own != self.metrics)
        for title, names in (("curves", self.curves), ("tables", self.tables), ("maps", self.maps)):
            lines += [f"  {title}: {', '.join(names)}"] * bool(names)
        return "\n".join(lines)

    def label(self, name: str) -> str:
        """What the header of an output map says after the name of its field.

        Parameters
        ----------
        name
            The field.

        Returns
        -------
        str
            Nothing, as a rule.
        """
        return ""

    def _of_role(self, role: str) -> Dict[str, Any]:
        return {n: getattr(self, n) for n in declared(type(self), role) if getattr(self, n) is not None}

    @property
    def metrics(self) -> Dict[str, Any]:
        """The values that are known, by name."""
        return self._of_role("metric")

    @property
    def curves(self) -> Dict[str, Curve]:
        """The curves by name."""
        return self._of_role("curve")

    @property
    def tables(self) -> Dict[str, Table]:
        """The tables by name."""
        return self._of_role("table")

    @property
    def maps(self) -> Dict[str, Any]:
        """The maps by name."""
        return self._of_role("map")

    def table(self, name: str) -> Any:
        """A table by name.

        Parameters
        ----------
        name
            Its field.

        Returns
        -------
        DataFrame or Table
            A pandas ``DataFrame`` where pandas is installed, else the :class:`Table` itself.
        """
        found = self.tables[name]
        try:
            import pandas
        except ImportError:
            return found
        return pandas.DataFrame(list(found.rows), columns=[str(c) for c in found.typed])

    @property
    def document(self) -> Dict[str, Any]:
        """The result document: with inputs, parameters, checks and provenance when a Study that was opened made it."""
        return self.__dict__.get("_document") or to_document(self)

    def with_document(self, document: Mapping[str, Any]) -> Result:
        """This result as part of its document."""
        object.__setattr__(self, "_document", dict(document))
        return self

    def plot(self, **how: Any) -> Any:
        """A matplotlib figure of the result; see :func:`cryoqa_plugin.figures.plot`."""
        return import_module("cryoqa_plugin.figures").plot(self, **how)

    def save(self, folder: str) -> str:
        """Write ``result.json`` and what goes beside it.

        Parameters
        ----------
        folder
            Where to; made when it is not there.

        Returns
        -------
        str
            Path of ``result.json``.
        """
        return import_module("cryoqa_plugin.io.outputs").save(self, folder)

    def _repr_html_(self) -> str:
        return import_module("cryoqa_plugin.figures").html(self)


def declared(result_class: type, role: str) -> Dict[str, Dict[str, Any]]:
    """What a result class declares for one role (``metric``, ``curve``, ``table``, ``map``, ...), by field name."""
    return {f.name: {k: v for k, v in f.metadata["result"].items() if k != "role"} for f in fields(result_class)
            if f.metadata.get("result", {}).get("role") == role}


def outputs(result_class: type) -> Dict[str, Output]:
    """What fields of a result class become in Scipion, by field name."""
    return {f.name: f.metadata["scipion"] for f in fields(result_class) if f.metadata.get("scipion")}


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
    tables = {n: dict(columns=[str(c) for c in t.typed], units=[c.unit for c in t.typed], meanings=[c.meaning for c in t.typed],
                      rows=[[clean(v, n) for v in row] for row in t.rows], **d)
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


# Without an indent Python's encoder is its one in C; lines are made here for the two upper levels, as people look for names there.
_ENCODER = json.JSONEncoder(allow_nan=False, ensure_ascii=False)


def json_text(document: Mapping[str, Any], depth: int = 2, indent: str = " ") -> str:
    """A document as JSON text: a line for each entry of its ``depth`` upper levels, one line for what is below.

    Raises
    ------
    ValueError
        A number is not finite.
    """
    parts = (f"{indent}{_ENCODER.encode(str(name))}: "
             + (json_text(value, depth - 1, indent + " ") if depth > 1 and value and isinstance(value, Mapping) else _ENCODER.encode(value))
             for name, value in document.items())
    return "{\n" + ",\n".join(parts) + f"\n{indent[1:]}}}"


def write_json(document: Mapping[str, Any], path: str) -> None:
    """Write a document complete or not at all (temporary name, then rename)."""
    text = json_text(document)
    with replacing(path) as stream:
        stream.write(text.encode("utf-8", "backslashreplace"))         # of a file name that is no text: \\udcff, which JSON reads back


def read_json(path: str) -> Dict[str, Any]:
    """A saved result document."""
    with open(path, encoding="utf-8") as stream:
        return json.load(stream)


_TYPES = {"value": ["number", "string", "boolean", "null"]}


def json_schema(result_class: Type[Result]) -> Dict[str, Any]:
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
            "tables": block("table", {"type": "object", "required": ["columns", "units", "rows"]}),
            "maps": block("map", {"type": "object", "required": ["path", "unit", "meaning"]}),
            "lists": block("maps", {"type": "object", "required": ["paths", "unit", "meaning"]}),
            "models": block("model", {"type": "object", "required": ["path", "meaning"]}),
            "files": block("file", {"type": "object", "required": ["path", "meaning"]}),
        },
    }
