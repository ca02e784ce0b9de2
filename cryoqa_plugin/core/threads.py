"""Threads: how many, and work over fixed slabs."""
from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable, List, Tuple

N_SLABS = 32                          # fixed, so that sums are added in the same order whatever the number of threads
_count = 0


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
    if get_threads() == 1 or len(ranges) < 2:
        return [work(a, b) for a, b in ranges]
    with ThreadPoolExecutor(get_threads()) as pool:
        return list(pool.map(lambda r: work(*r), ranges))
