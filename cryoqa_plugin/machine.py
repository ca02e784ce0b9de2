"""What the machine lends to this process: its memory, and what a process holds of it."""
from __future__ import annotations

import os
from typing import Iterator, Optional

_V1, _V2 = "/sys/fs/cgroup/memory", "/sys/fs/cgroup"


def memory() -> Optional[int]:
    """Memory that this process and those that it starts may use together.

    Returns
    -------
    int or None
        Bytes: those of the machine, or of the control group (a container, a job of a queue) where that is less. None where the system does
        not tell.
    """
    try:
        there: Optional[int] = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        there = None
    found = [limit for limit in _limits() if limit > 0]
    return min(found + ([there] if there else []), default=None)


def resident() -> int:
    """Memory that this process holds now.

    Returns
    -------
    int
        Bytes; 0 where the system does not tell.
    """
    try:
        with open("/proc/self/statm", encoding="ascii") as stream:
            return int(stream.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0


def _limits(groups: str = "/proc/self/cgroup", v1: str = _V1, v2: str = _V2) -> Iterator[int]:
    """Limits (bytes) of the control groups that this process is in, up to the root; one that is not set is a huge number or a word."""
    for line in _text(groups).splitlines():
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if controllers and "memory" not in controllers.split(","):
            continue
        top, name = (v1, "memory.limit_in_bytes") if controllers else (v2, "memory.max")
        parts = [p for p in path.split("/") if p and p != ".."]
        for i in range(len(parts), -1, -1):
            value = _text(os.path.join(top, *parts[:i], name)).strip()
            if value.isdigit():
                yield int(value)


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            return stream.read()
    except OSError:
        return ""
