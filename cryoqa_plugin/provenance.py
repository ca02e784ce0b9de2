"""Where a result comes from: versions, threads, seconds, memory, date, command."""
from __future__ import annotations

import hashlib
import os
import platform
import resource
import sys
import time
from datetime import datetime, timezone
from functools import lru_cache
from typing import Any, Dict, Optional, Sequence, Tuple

import numpy as np

from . import __version__

_LIBRARIES = ("numpy", "scipy", "numba", "mrcfile", "gemmi")    # what they compute goes into results


def sha256(path: str) -> str:
    """SHA-256 of a file; one that did not change is read once in a process, however many results name it.

    Of a folder it is that of the sorted names of its files with their sizes, a line each.
    """
    if os.path.isdir(path):
        files = sorted(os.path.join(top, name) for top, _, names in os.walk(path) for name in names)
        lines = [f"{os.path.relpath(f, path)} {os.lstat(f).st_size}" for f in files]
        return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogateescape")).hexdigest()
    facts = os.stat(path)
    return _sha256(os.path.abspath(path), facts.st_mtime_ns, facts.st_ctime_ns, facts.st_ino, facts.st_size)


@lru_cache(maxsize=1024)
def _sha256(path: str, *facts: int) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as stream:
        for block in iter(lambda: stream.read(1 << 22), b""):
            digest.update(block)
    return digest.hexdigest()


def sha256_of_array(data: np.ndarray) -> str:
    """SHA-256 of the bytes of an array in C order, for data that is in no file."""
    return hashlib.sha256(memoryview(np.ascontiguousarray(data)).cast("B")).hexdigest()


class Stopwatch:
    """Seconds of wall clock and CPU since it was made."""

    def __init__(self) -> None:
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def read(self) -> Dict[str, float]:
        """``wall_seconds`` and ``cpu_seconds`` so far."""
        return dict(wall_seconds=round(time.perf_counter() - self._wall, 3),
                    cpu_seconds=round(time.process_time() - self._cpu, 3))


def peak_memory() -> int:
    """Largest resident memory of this process so far, in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def library_versions() -> Dict[str, str]:
    """Versions of the libraries that results depend on, whether or not they were imported."""
    return dict(_library_versions())


@lru_cache(maxsize=1)
def _library_versions() -> Tuple[Tuple[str, str], ...]:
    return tuple((name, _version(name)) for name in _LIBRARIES)


def _version(name: str) -> str:
    from importlib.metadata import PackageNotFoundError, version
    try:
        return version(name)
    except PackageNotFoundError:
        return str(getattr(sys.modules.get(name), "__version__", ""))


def collect(watch: Stopwatch, threads: int, command: Optional[Sequence[str]] = None) -> Dict[str, Any]:
    """The provenance block of a result document."""
    return dict(cryoqa=__version__, python=platform.python_version(), machine=platform.machine(), versions=library_versions(),
                threads=threads, **watch.read(), peak_memory_bytes=peak_memory(),
                date_utc=datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"), command=list(command or ()))
