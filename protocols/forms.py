"""Forms made from what a method declares."""
from __future__ import annotations

from typing import Any, Dict, Optional, Tuple

from pyworkflow.protocol import params
from pyworkflow.protocol.constants import LEVEL_ADVANCED, LEVEL_NORMAL

from cryoqa_plugin.params import ParamSpec, specs

FROM_DATA = "from the data"


def add_parameters(form: Any, params_class: type, skip: Tuple[str, ...] = ()) -> None:
    """Add one form parameter for each that the dataclass ``params_class`` declares, except those in ``skip``."""
    known = {s.name: s for s in specs(params_class)}
    for spec in known.values():
        if spec.name not in skip:
            form.addParam(spec.name, _class(spec), **_options(spec, known))


def _class(spec: ParamSpec) -> type:
    if spec.choices:
        return params.EnumParam
    return {bool: params.BooleanParam, int: params.IntParam, float: params.FloatParam}.get(spec.type, params.StringParam)


def _options(spec: ParamSpec, known: Dict[str, ParamSpec]) -> Dict[str, Any]:
    unit = f" ({spec.unit})" if spec.unit else ""
    out: Dict[str, Any] = dict(label=spec.label + unit, help=_help(spec), default=spec.default,
                               expertLevel=LEVEL_ADVANCED if spec.expert else LEVEL_NORMAL)
    if spec.choices:
        words = list(_choices(spec))
        out.update(choices=words, default=words.index(spec.default or FROM_DATA), display=params.EnumParam.DISPLAY_COMBO)
    elif spec.optional or spec.type is str:
        out["allowsNull"] = True
        out["default"] = "" if spec.type is str and spec.default is None else spec.default
    if spec.only_if:
        out["condition"] = _condition(known[spec.only_if[0]], spec.only_if[1])
    return out


def _help(spec: ParamSpec) -> str:
    text = spec.help
    if spec.optional and not spec.choices:
        text += " Leave it empty to have it decided from the data."
    low, high = (None if v is None else f"{v:g}" for v in (spec.min, spec.max))
    if low and high:
        text += f" From {low} to {high}."
    elif low:
        text += f" At least {low}."
    return text


def _choices(spec: ParamSpec) -> Tuple[str, ...]:
    return ((FROM_DATA,) if spec.optional else ()) + spec.choices


def _condition(other: ParamSpec, values: Tuple[str, ...]) -> str:
    if other.type is bool:
        return other.name if str(values[0]).lower() in ("true", "yes", "1") else f"not {other.name}"
    words = _choices(other)
    usual = other.choices[0] in values                       # what "from the data" comes to most often
    wanted = [i for i, w in enumerate(words) if w in values or w == FROM_DATA and usual]
    return f"{other.name} in {wanted}"


def values_of(protocol: Any, params_class: type, skip: Tuple[str, ...] = ()) -> Dict[str, Any]:
    """What the user filled in, by parameter name, as plain values; None where it is left to the data."""
    return {s.name: _value(protocol, s) for s in specs(params_class) if s.name not in skip}


def _value(protocol: Any, spec: ParamSpec) -> Optional[Any]:
    value = getattr(protocol, spec.name).get()
    if spec.choices:
        word = _choices(spec)[value]
        return None if word == FROM_DATA else word
    return None if value == "" and spec.optional else value
