"""What a capability declares, read from its source without importing it: help must not wait for the numerical libraries.

The class of the parameters is taken out of the file that holds it, with the constants that it names, and executed alone. A class that
cannot be understood so is imported; the answer is the same.
"""
from __future__ import annotations

import ast
import builtins
import os
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Dict, Iterator, Optional, Tuple

from ..params import ParamSpec, param, specs
from ..registry import Capability, resolve

_ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def parameter_specs(row: Capability) -> Tuple[ParamSpec, ...]:
    """The parameters of a capability."""
    try:
        return specs(_value(*row.params.split(":")))
    except Exception:                            # whatever the source holds that is not understood here
        return specs(resolve(row.params))


def writes_maps(row: Capability) -> bool:
    """Whether a result of a capability declares maps."""
    try:
        return _calls(row.result, "map_output")
    except (OSError, SyntaxError, LookupError):
        from ..results import declared
        return bool(declared(resolve(row.result), "map"))


@lru_cache(maxsize=None)
def _tree(module: str) -> ast.Module:
    with open(_path(module), encoding="utf-8") as stream:
        return ast.parse(stream.read(), module)


def _path(module: str) -> str:
    stem = os.path.join(_ROOT, *module.split("."))
    return stem + ".py" if os.path.isfile(stem + ".py") else os.path.join(stem, "__init__.py")


class _Module:
    """A module of the package that is not imported: its constants are worked out when they are asked for."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        return _value(self._name, name)


def _defined(module: str, name: str) -> Tuple[str, Optional[ast.stmt]]:
    """The module and the statement in which a name gets its value, through ``from .other import name``; None for a module itself."""
    for node in _tree(module).body:
        if isinstance(node, ast.ClassDef) and node.name == name:
            return module, node
        if isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(isinstance(n, ast.Name) and n.id == name for t in targets for n in ast.walk(t)):
                return module, node
        if isinstance(node, ast.ImportFrom) and node.level:
            for alias in node.names:
                if (alias.asname or alias.name) == name:
                    package = module.split(".")[:-node.level] + (node.module.split(".") if node.module else [])
                    inner = ".".join([*package, alias.name])
                    return (inner, None) if os.path.isfile(_path(inner)) else _defined(".".join(package), alias.name)
    raise LookupError(name)


def _value(module: str, name: str) -> Any:
    """What a name of a module stands for: a class of parameters or a constant, with the constants that it names."""
    place, node = _defined(module, name)
    if node is None:
        return _Module(place)
    known: Dict[str, Any] = {"param": param, "dataclass": dataclass, "Optional": Optional}
    if isinstance(node, ast.AnnAssign) and node.value is not None:
        return eval(compile(ast.Expression(_supplied(place, node.value, known)), place, "eval", dont_inherit=True), known)
    exec(compile(ast.Module([_supplied(place, node, known)], []), place, "exec", dont_inherit=True), known)
    return known[name]


def _supplied(module: str, node: Any, known: Dict[str, Any]) -> Any:
    """A statement or expression as it is, when what it names has been put into ``known``."""
    own = {t.id for t in ast.walk(node) if isinstance(t, ast.Name) and isinstance(t.ctx, ast.Store)}
    for name in sorted({n.id for n in ast.walk(node) if isinstance(n, ast.Name)} - own - set(known) - set(dir(builtins))):
        known[name] = _value(module, name)
    return node


def _calls(target: str, function: str) -> bool:
    """Whether the body of a class, or of one that it is derived from, calls a function."""
    return any(isinstance(n, ast.Call) and getattr(n.func, "id", "") == function
               for node in _with_bases(*target.split(":")) for n in ast.walk(node))


def _with_bases(module: str, name: str) -> Iterator[ast.stmt]:
    place, node = _defined(module, name)
    if node is None:
        return
    yield node
    for base in getattr(node, "bases", ()):
        if isinstance(base, ast.Name) and base.id != "Result":
            yield from _with_bases(place, base.id)
