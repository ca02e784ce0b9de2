"""Threads: how many, and work over fixed slabs."""
from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable, List, Tuple

N_SLABS = 32
_count = 0


def set_threads(count: int) -> None:
    """Use ``count`` threads from now on; 0 means all the cores that this process may use."""
    global _count
    _count = max(0, int(count))


def get_threads() -> int:
    """Number of threads in use."""
    return _count or available()


def available() -> int:
    """Number of cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


def slabs(n: int) -> List[Tuple[int, int]]:
    """Fixed ranges ``(start, stop)`` over an axis of length ``n``: at most 32, the same for any number of threads."""
    edges = [n * i // min(n, N_SLABS) for i in range(min(n, N_SLABS) + 1)] if n else [0]
    return list(zip(edges[:-1], edges[1:]))


def over_slabs(work: Callable[[int, int], Any], n: int) -> List[Any]:
    """``work(start, stop)`` for each slab of an axis of length ``n``; the answers in slab order.

    ``work`` must release the interpreter lock (our kernels, most of numpy and scipy do) to gain from threads.
    """
    ranges = slabs(n)
    if get_threads() == 1 or len(ranges) < 2:
        return [work(a, b) for a, b in ranges]
    with ThreadPoolExecutor(get_threads()) as pool:
        return list(pool.map(lambda r: work(*r), ranges))
