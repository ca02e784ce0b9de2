"""Parameters, declared once.

A method declares a frozen dataclass whose fields are made by :func:`param`. From that declaration come the Scipion
form, the command-line options, the checks, the defaults of the Python call, the ``parameters`` block of the result
and the table in the documentation.
"""
from __future__ import annotations

import math
import re
from dataclasses import MISSING, dataclass, field, fields
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple, Union, get_type_hints

from .errors import InputError
from .naming import called, did_you_mean, option, typed

_NONE_WORDS = ("", "none", "auto")


@dataclass(frozen=True)
class ParamSpec:
    """What one parameter is; see :func:`param` for the fields."""

    name: str
    type: type
    optional: bool
    default: Any
    help: str
    label: str
    unit: str
    min: Optional[float]
    max: Optional[float]
    choices: Tuple[str, ...]
    expert: bool
    only_if: Optional[Tuple[str, Tuple[str, ...]]]

    @property
    def usual(self) -> str:
        """Its default in words; empty where nothing is given and the help says what that means."""
        if self.default is None:
            return "" if re.search(r"\bempty\b|\bleft out\b|\bFrom the ", self.help) else "from the data"
        if isinstance(self.default, bool):
            return "yes" if self.default else "no"
        return f"{self.default:g}" if isinstance(self.default, float) else str(self.default)

    @property
    def option(self) -> str:
        """Name of the command-line option."""
        return option(self.name)

    @property
    def called(self) -> str:
        """Its label, with the option or keyword where one is typed."""
        return called(self.label, self.name)


def param(default: Any, help: str, *, label: str, unit: str = "", min: Optional[float] = None,
          max: Optional[float] = None, choices: Sequence[str] = (), expert: bool = False,
          only_if: Optional[Tuple[str, Sequence[str]]] = None) -> Any:
    """Declare one parameter of a method.

    Parameters
    ----------
    default
        Value used when the user says nothing; ``None`` means "decided from the data" and needs an ``Optional`` type.
    help
        One or two sentences, shown in the form, at the command line and in the documentation.
    label
        A few words for the form.
    unit
        Unit of the value, empty for none.
    min, max
        Allowed range, both ends included.
    choices
        Allowed values of a ``str`` parameter.
    expert
        Shown only at the expert level of the form.
    only_if
        ``(other, values)``: the parameter matters only when parameter ``other`` has one of ``values``.
    """
    info = dict(help=help, label=label, unit=unit, min=min, max=max, choices=tuple(choices), expert=expert,
                only_if=(only_if[0], tuple(only_if[1])) if only_if else None)
    return field(default=default, metadata={"param": info})


def specs(params_class: type) -> Tuple[ParamSpec, ...]:
    """Specifications of the parameters that a dataclass declares, in order."""
    hints = get_type_hints(params_class)
    out = []
    for f in fields(params_class):
        kind, optional = _plain_type(hints[f.name])
        default = None if f.default is MISSING else f.default
        out.append(ParamSpec(name=f.name, type=kind, optional=optional, default=default, **f.metadata["param"]))
    return tuple(out)


def _plain_type(hint: Any) -> Tuple[type, bool]:
    if getattr(hint, "__origin__", None) is Union:
        inner = [t for t in hint.__args__ if t is not type(None)]
        return inner[0], True
    return hint, False


def problems(params: Any) -> List[str]:
    """Sentences that say what is wrong with the values of a parameter object; empty when all is well."""
    out = []
    for spec in specs(type(params)):
        value = getattr(params, spec.name)
        if value is None:
            if not spec.optional:
                out.append(f"{spec.called} needs a value.")
            continue
        unit = f" {spec.unit}" if spec.unit else ""
        if spec.choices and value not in spec.choices:
            out.append(f"{spec.called} is '{value}'; it must be one of {', '.join(spec.choices)}."
                       + did_you_mean(str(value), spec.choices))
        elif spec.type in (int, float):
            if not math.isfinite(value):
                out.append(f"{spec.called} is {value:g}; it must be a finite number.")
            elif spec.min is not None and value < spec.min:
                out.append(f"{spec.called} is {value:g}{unit}; it must be at least {spec.min:g}{unit}.")
            elif spec.max is not None and value > spec.max:
                out.append(f"{spec.called} is {value:g}{unit}; it must be at most {spec.max:g}{unit}.")
    return out


def build(params_class: type, values: Optional[Mapping[str, Any]] = None) -> Any:
    """Parameter object from a mapping of names to values or texts; raises :class:`InputError` with one sentence."""
    values = dict(values or {})
    known = {s.name: s for s in specs(params_class)}
    for name in values:
        if name not in known:
            raise InputError(f"There is no parameter '{typed(name)}'.{did_you_mean(name, known)} The parameters are "
                             f"{', '.join(typed(n) for n in known) or 'none'}.")
    converted = {name: convert(known[name], value) for name, value in values.items()}
    params = params_class(**converted)
    wrong = problems(params)
    if wrong:
        raise InputError(" ".join(wrong))
    return params


def convert(spec: ParamSpec, value: Any) -> Any:
    """``value`` (text or number) as the type that ``spec`` declares."""
    if value is None or (spec.optional and isinstance(value, str) and value.strip().lower() in _NONE_WORDS):
        return None
    try:
        if spec.type is bool:
            return _to_bool(value)
        if spec.type is int and isinstance(value, float) and not value.is_integer():
            raise ValueError
        return spec.type(value)
    except (TypeError, ValueError, OverflowError):
        words = {int: "a whole number", float: "a number", bool: "yes or no"}.get(spec.type, "a text")
        raise InputError(f"{spec.called} is '{value}'; it must be {words}.") from None


def _to_bool(value: Any) -> bool:
    if isinstance(value, str):
        word = value.strip().lower()
        if word in ("1", "true", "yes", "on"):
            return True
        if word in ("0", "false", "no", "off"):
            return False
        raise ValueError
    return bool(value)


def as_dict(params: Any) -> Dict[str, Any]:
    """The values by name, ready for JSON."""
    return {s.name: getattr(params, s.name) for s in specs(type(params))}
