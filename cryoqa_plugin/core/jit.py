"""The one door to Numba: every kernel is compiled by the ``njit`` of this module.

Kernels are serial, cached on disk and release the interpreter lock; :func:`cryoqa_plugin.core.threads.over_slabs`
runs them side by side over fixed slabs, so that answers do not depend on the number of threads. ``fastmath`` is never
used: it would let the compiler assume that there is no NaN.
"""
from __future__ import annotations

import os
from contextlib import contextmanager
from typing import Any, Callable, Iterator, List

import numba
from numba.core import event

from .kernel_cache import KernelCache

KERNELS: List[Any] = []


def njit(function: Callable) -> Any:
    """Compile a function at its first call, keep the machine code on disk, and note it among ``KERNELS``.

    Parameters
    ----------
    function
        Written in the part of Python that Numba compiles; it runs without the interpreter lock.

    Returns
    -------
    Any
        The compiled function; ``py_func`` of it is the original.
    """
    # Nobody calls a kernel from C: one wrapper less to compile for each.
    kernel = numba.njit(nogil=True, no_cfunc_wrapper=True)(function)
    if hasattr(kernel, "stats"):                             # with NUMBA_DISABLE_JIT it is the plain function
        kernel._cache = KernelCache(function)                # as njit(cache=True) does, with Numba's own
    KERNELS.append(kernel)
    return kernel


class _Teller(event.Listener):
    """Calls ``tell`` when a function is compiled, once; loading machine code from disk is no compiling."""

    def __init__(self, tell: Callable[[], None]) -> None:
        self._tell, self._told = tell, False

    def on_start(self, event: Any) -> None:
        if not self._told:
            self._told = True
            self._tell()

    def on_end(self, event: Any) -> None:
        pass


@contextmanager
def told_of_compiling(tell: Callable[[], None]) -> Iterator[None]:
    """Within this, a function is called before the first kernel is compiled, and not at all when none is.

    Parameters
    ----------
    tell
        Called at most once, by the thread that compiles.
    """
    with event.install_listener("numba:compile", _Teller(tell)):
        yield


def cold_kernels() -> List[str]:
    """Kernels whose first call will compile.

    Returns
    -------
    list of str
        Names of the imported kernels that have no machine code on disk yet.
    """
    return [k.py_func.__qualname__ for k in KERNELS if hasattr(k, "stats") and not os.path.isfile(k._cache.index)]
