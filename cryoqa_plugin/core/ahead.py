"""Compiling ahead: every kernel, for the types that runs call it with.

``bench/record_kernels.py`` writes these types into :mod:`cryoqa_plugin.core.signatures` by running everything once.
"""
from __future__ import annotations

import gc
import importlib
from contextlib import contextmanager
from typing import Any, Dict, Iterator, List, Mapping, Sequence, Tuple

from numba.core import sigutils, types

from ..progress import Progress, silent
from . import jit


def compile_kernels(signatures: Mapping[str, Sequence[str]], progress: Progress = silent) -> List[str]:
    """Compile kernels that are not on disk yet, and keep them there.

    Parameters
    ----------
    signatures
        Types of the arguments for each kernel, as Numba writes them, by its full name.
    progress
        Told how far it is.

    Returns
    -------
    list of str
        Full names of the kernels; none where Numba is switched off.
    """
    names = [n for n in signatures if hasattr(_kernel(n), "stats")]
    for i, name in enumerate(names):
        progress(i / len(names), f"Compiling {name.rsplit('.', 1)[1].strip('_')}")
        with no_collecting():
            for signature in signatures[name]:
                _kernel(name).compile(sigutils.normalize_signature(f"({signature},)")[0])
    return names


def _kernel(name: str) -> Any:
    module, own = name.rsplit(".", 1)
    return getattr(importlib.import_module(module), own)


@contextmanager
def no_collecting() -> Iterator[None]:
    """Within this, Python does not look for garbage in circles: among the many small objects of a compiler that takes an eighth of its
    time."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def called_with() -> Dict[str, Tuple[str, ...]]:
    """Types that the kernels of this process were called with, from Python.

    Returns
    -------
    dict
        As :func:`compile_kernels` takes it, sorted by name.

    Raises
    ------
    TypeError
        For an array that is not aligned in memory.
    """
    found = {}
    for name, kernel in outer_kernels().items():
        if getattr(kernel, "overloads", None):
            found[name] = tuple(sorted(", ".join(_text(kind, name) for kind in given) for given in kernel.overloads))
    return {name: found[name] for name in sorted(found)}


def outer_kernels() -> Dict[str, Any]:
    """Kernels of the imported modules that are called from Python, by full name; those that kernels call are compiled with these."""
    inner = {id(k.py_func.__globals__.get(name)) for k in jit.KERNELS if hasattr(k, "py_func") for name in k.py_func.__code__.co_names}
    return {f"{k.py_func.__module__}.{k.py_func.__qualname__}": k for k in jit.KERNELS if hasattr(k, "py_func") and id(k) not in inner}


def _text(kind: Any, name: str) -> str:
    """A type as Numba reads it."""
    if kind == types.boolean:
        return "boolean"                                     # it calls itself bool, by which it does not know itself
    if not isinstance(kind, types.Array):
        return str(kind)
    if not kind.aligned:
        raise TypeError(f"{name} was called with an array that lies askew, and would be compiled once more for others")
    value = _text(kind.dtype, name)
    if not kind.mutable:
        return f"Array({value}, {kind.ndim}, '{kind.layout}', True)"
    axes = [":"] * kind.ndim
    if kind.layout != "A":
        axes[-1 if kind.layout == "C" else 0] = "::1"
    return f"{value}[{','.join(axes)}]"
