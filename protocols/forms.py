"""Forms made from what a method declares."""
from __future__ import annotations

from types import MappingProxyType
from typing import Any, Dict, Mapping, Optional, Sequence, Tuple

from pyworkflow.protocol import params
from pyworkflow.protocol.constants import LEVEL_ADVANCED, LEVEL_NORMAL

from cryoqa_plugin.io.inputs import KINDS
from cryoqa_plugin.params import ParamSpec, specs

from .inputs import NONE, OF_VOLUME, TWO_VOLUMES, add_kind

FROM_DATA = "from the data"
_DENSITIES = ("full_map", "half1", "half2")


def add_inputs(form: Any, needs: Sequence[str], takes: Sequence[str], any_of: Sequence[Sequence[str]] = (),
               words: Mapping[str, str] = MappingProxyType({})) -> None:
    """The inputs of a row of the registry: what is needed, then the map and its half-maps, then what may be given besides.

    ``words`` stand in place of the help of a kind of input.
    """
    def add(kinds: Sequence[str], optional: bool) -> None:
        for kind in kinds:
            if kind not in _DENSITIES:
                add_kind(form, kind, optional, help_text=words.get(kind, ""))

    add(needs, optional=False)
    if "half1" in (*needs, *takes):
        _add_halves(form, needs, takes, any_of)
    elif "full_map" in (*needs, *takes):
        add_kind(form, "full_map", optional="full_map" not in needs)
    add(takes, optional=True)


def _add_halves(form: Any, needs: Sequence[str], takes: Sequence[str], any_of: Sequence[Sequence[str]]) -> None:
    """Where the half-maps come from, the volume that may carry them, and two pointers for those that are volumes of their own."""
    always = "half1" in needs or bool(any_of) and all("half1" in group for group in any_of)
    choices = [OF_VOLUME, TWO_VOLUMES] + [NONE] * (not always)
    extra = "full_map" in needs or any(
        not {"full_map", "half1"} & set(group) and not any(KINDS[kind].set for kind in group) for group in any_of)   # to what is asked for
    usual = NONE if NONE in choices and extra else OF_VOLUME
    form.addParam("halves", params.EnumParam, choices=choices, default=choices.index(usual),
                  label="Half-maps", display=params.EnumParam.DISPLAY_COMBO,
                  help="Two independent half-maps, neither masked nor filtered: those that the volume carries, or two volumes.")
    if "full_map" in (*needs, *takes):
        add_kind(form, "full_map", optional="full_map" not in needs)
    else:                                                    # it is asked for its half-maps only
        add_kind(form, "full_map", optional=False, condition=f"halves == {choices.index(OF_VOLUME)}")
    for kind in ("half1", "half2"):
        add_kind(form, kind, condition=f"halves == {choices.index(TWO_VOLUMES)}", help_text="A half-map that is a volume of its own.")


def add_parameters(form: Any, params_class: type) -> None:
    """Add one form parameter for each that the dataclass ``params_class`` declares."""
    known = {s.name: s for s in specs(params_class)}
    for spec in known.values():
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
    if spec.optional and not spec.choices and spec.usual:
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


def values_of(protocol: Any, params_class: type) -> Dict[str, Any]:
    """What the user filled in, by parameter name, as plain values; None where it is left to the data."""
    return {s.name: _value(protocol, s) for s in specs(params_class)}


def _value(protocol: Any, spec: ParamSpec) -> Optional[Any]:
    value = getattr(protocol, spec.name).get()
    if spec.choices:
        word = _choices(spec)[value]
        return None if word == FROM_DATA else word
    return None if value == "" and spec.optional else value
