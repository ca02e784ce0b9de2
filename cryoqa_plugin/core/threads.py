"""Threads: how many, and work over fixed slabs."""
from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor, wait
from threading import Lock
from typing import Any, Callable, List, Optional, Tuple

N_SLABS = 32                          # fixed, so that sums are added in the same order whatever the number of threads
_count = 0
_pool: Optional[ThreadPoolExecutor] = None
_size = 0
_lock = Lock()


def set_threads(count: int) -> None:
    """Set the number of threads to use from now on.

    Parameters
    ----------
    count
        0 for all the cores that this process may use.
    """
    global _count
    _count = max(0, int(count))


def get_threads() -> int:
    """Number of threads in use.

    Returns
    -------
    int
        At least 1.
    """
    return _count or available()


def available() -> int:
    """Number of cores that this process may use.

    Returns
    -------
    int
        At least 1.
    """
    try:
        # What a batch system allows, which may be less than the machine has; not known on macOS.
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


def slabs(n: int) -> List[Tuple[int, int]]:
    """Fixed ranges over an axis, the same for any number of threads.

    Parameters
    ----------
    n
        Length of the axis.

    Returns
    -------
    list of tuple of int
        ``(start, stop)``, at most 32 of them.
    """
    edges = [n * i // min(n, N_SLABS) for i in range(min(n, N_SLABS) + 1)] if n else [0]
    return list(zip(edges[:-1], edges[1:]))


def over_slabs(work: Callable[[int, int], Any], n: int) -> List[Any]:
    """Run work over the slabs of an axis, side by side.

    Parameters
    ----------
    work
        ``work(start, stop)``. It must release the interpreter lock (our kernels, most of numpy and scipy do) to gain from threads.
    n
        Length of the axis.

    Returns
    -------
    list
        The answers in slab order.
    """
    ranges = slabs(n)
    helping = min(get_threads(), len(ranges)) - 1
    if helping < 1:
        return [work(a, b) for a, b in ranges]
    out: List[Any] = [None] * len(ranges)
    turns = iter(range(len(ranges)))                         # each number goes to one thread

    def run() -> None:
        for i in turns:
            out[i] = work(*ranges[i])

    helpers = [_helpers(helping).submit(run) for _ in range(helping)]
    try:
        run()
    finally:
        # One that has not begun is not needed any more: it may stand behind the work that called this.
        begun = [h for h in helpers if not h.cancel()]
        wait(begun)
    for helper in begun:
        helper.result()
    return out


def _helpers(count: int) -> ThreadPoolExecutor:
    """Threads that are kept for all calls, at least ``count``: to start them costs more than the work on a small map."""
    global _pool, _size
    with _lock:
        if _pool is None or _size < count:
            _pool, _size = ThreadPoolExecutor(count, thread_name_prefix="cryoqa"), count
        return _pool


def _forget() -> None:
    """Threads do not live on in a process that was forked."""
    global _pool, _size, _lock
    _pool, _size, _lock = None, 0, Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
