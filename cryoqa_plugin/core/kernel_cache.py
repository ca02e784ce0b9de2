"""Where the machine code of the kernels is kept, and what of it is believed.

Numba unpickles what it finds in its cache, and unpickling runs what the writer of the file wished. Its own places are the folder of
``NUMBA_CACHE_DIR``, ``__pycache__`` beside the source, and a folder of the user; it asks of none of them who else may write there, and
a damaged file ends the run. Here a folder counts only when nobody but the user and the administrator can write into it; a file only
when that holds for it too and the checksum at its end is right. Else the code is made anew. The checksum also covers the kernels and
constants that a kernel is compiled with, of which Numba, that looks at one source file only, would keep an old state.
"""
from __future__ import annotations

import atexit
import functools
import hashlib
import inspect
import io
import logging
import os
import pickle
import shutil
import stat
import sys
import tempfile
from contextlib import contextmanager
from typing import Any, Callable, Dict, Iterator, List, Optional, Set, Tuple

import numpy as np
from numba.core import caching
from numba.core.runtime import rtsys

log = logging.getLogger(__name__)
_SUM = hashlib.sha256().digest_size
_TO_TELL: List[str] = []


# ---------------------------------------------------------------- folders

def open_to_others(folder: str, parents: bool = True) -> str:
    """Why someone else could put a file into a folder.

    Parameters
    ----------
    folder
        Path of a folder that is there.
    parents
        Look at the folders above it too, up to the home folder or the root, as whoever may rename these may replace it.

    Returns
    -------
    str
        Part of a sentence; empty when only the user and the administrator can write there.
    """
    place = os.path.realpath(folder)
    home = os.path.realpath(os.path.expanduser("~"))
    found = _open(os.stat(place), False).format(folder)
    while parents and not found and place not in (home, os.path.dirname(place)):
        place = os.path.dirname(place)
        found = _open(os.stat(place), True).format(f"{place}, in which {folder} lies")
    return found


def _open(status: os.stat_result, above: bool) -> str:
    """Why others can change what has this status, with {} for its name; of a folder ``above`` that is sticky, such as /tmp, they cannot."""
    if status.st_uid not in _trusted():
        return "another user owns {}"
    if above and status.st_mode & stat.S_ISVTX:
        return ""
    by_group = status.st_mode & stat.S_IWGRP and not _alone_in(status.st_gid)
    return "other users can write to {}" if by_group or status.st_mode & stat.S_IWOTH else ""


@functools.lru_cache(maxsize=None)
def _trusted() -> Tuple[int, ...]:
    """The user, and the administrator: whoever owns the root folder, which is not 0 within some containers."""
    return (os.getuid(), 0, os.stat(os.path.abspath(os.sep)).st_uid)


@functools.lru_cache(maxsize=None)
def _alone_in(group: int) -> bool:
    """Whether a group is the user's own, of the same name and without other members, as many systems make one for every user."""
    import grp
    import pwd
    try:
        user, found = pwd.getpwuid(os.getuid()), grp.getgrgid(group)
    except KeyError:
        return False
    return found.gr_name == user.pw_name and set(found.gr_mem) <= {user.pw_name}


@functools.lru_cache(maxsize=None)
def folder_of(source: str) -> str:
    """Folder for the machine code of the kernels of a source folder.

    Parameters
    ----------
    source
        Folder of the source files.

    Returns
    -------
    str
        The first that can be written, and by nobody else: that of ``NUMBA_CACHE_DIR``, ``__pycache__`` beside the source, the user's own
        cache folder, one made for this run.
    """
    beside = os.path.join(source, "__pycache__")
    name = caching._CacheLocator.get_suitable_cache_subpath(os.path.join(source, "kernel.py"))
    own = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser(os.path.join("~", ".cache")), "cryoqa", name)
    # Of the environment only: Numba's own setting may come from a file of the working folder, which an archive of others can bring along.
    given = os.path.join(os.environ["NUMBA_CACHE_DIR"], name) if os.environ.get("NUMBA_CACHE_DIR") else ""
    reasons = []
    for folder, parents in ((given, True), (beside, False), (own, True)):
        reason = _unfit(folder, parents) if folder else "none"
        if not reason:
            break
        if reason != "none":
            reasons.append(reason + " (NUMBA_CACHE_DIR)" * (folder == given))
    else:
        folder = os.path.join(_scratch(), name)
        os.makedirs(folder, mode=0o700, exist_ok=True)
        reasons.append("no other folder can be written: it is made again in every run")
    if reasons:
        _TO_TELL.append(f"Machine code is kept in {folder}, as {'; '.join(reasons)}.")
    return os.path.realpath(folder)


def _unfit(folder: str, parents: bool) -> str:
    """Why a folder cannot be used: words to tell, "none" when it just cannot be written; empty when it can be used."""
    try:
        for part in (os.path.dirname(folder), folder) if parents else (folder,):
            os.makedirs(part, mode=0o700, exist_ok=True)
            reason = open_to_others(part, parents)
            if reason:
                return reason
        tempfile.TemporaryFile(dir=folder).close()
        return ""
    except OSError:
        return "none"


@functools.lru_cache(maxsize=None)
def _scratch() -> str:
    """A folder of this run, which goes with it; processes that it starts use it too."""
    folder, owner = tempfile.mkdtemp(prefix="cryoqa_numba_"), os.getpid()
    os.environ["NUMBA_CACHE_DIR"] = folder
    atexit.register(lambda: shutil.rmtree(folder, ignore_errors=True) if os.getpid() == owner else None)
    return folder


# ---------------------------------------------------------------- files

class _Files(caching.IndexDataCacheFile):
    """Index and machine code of one kernel, each with a checksum behind it."""

    def __init__(self, folder: str, name: str, stamp: Any, function: Callable) -> None:
        super().__init__(cache_path=folder, filename_base=name, source_stamp=stamp)
        self._function = function

    @property
    def index(self) -> str:
        return self._index_path

    def _load_index(self) -> Dict[Any, str]:
        text = self._read(self._index_path)
        if text is None:
            return {}
        stream = io.BytesIO(text)
        try:
            if pickle.load(stream) != self._version:         # of another Numba: the rest may not be readable
                return {}
            stamp, names = pickle.load(stream)
        except Exception:                                    # unpickling may fail in any way
            return {}
        return names if stamp == self._source_stamp and isinstance(names, dict) else {}

    def _load_data(self, name: str) -> Any:
        text = self._read(self._data_path(name))
        if text is None:
            raise FileNotFoundError(name)                    # which Numba takes for 'not there'
        return pickle.loads(text)

    def _read(self, path: str) -> Optional[bytes]:
        """Contents of a file that nobody else could have written and that is whole; None else."""
        try:
            stream = os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb")
        except OSError:
            return None
        with stream:
            status = os.fstat(stream.fileno())
            if not stat.S_ISREG(status.st_mode) or _open(status, False):
                return None
            text = stream.read()
        return text[:-_SUM] if text[-_SUM:] == self._sum(text[:-_SUM]) else None

    def _sum(self, text: bytes) -> bytes:
        digest = hashlib.sha256(text)
        for part in compiled_with(self._function):
            digest.update(part)
        return digest.digest()

    @contextmanager
    def _open_for_write(self, filepath: str) -> Iterator[Any]:
        stream = io.BytesIO()
        yield stream
        text = stream.getvalue()
        handle, part = tempfile.mkstemp(dir=self._cache_path, prefix=os.path.basename(filepath) + ".tmp.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(text + self._sum(text))
            os.replace(part, filepath)
        except BaseException:
            os.unlink(part)
            raise


def compiled_with(function: Callable, seen: Optional[Set[Any]] = None) -> Iterator[bytes]:
    """What the machine code of a kernel depends on besides its own source.

    Parameters
    ----------
    function
        The kernel in Python.
    seen
        Kernels that were looked at before.

    Yields
    ------
    bytes
        Names, values of constants, and the byte code of every kernel that is called, and of what those call.
    """
    seen = {function} if seen is None else seen
    for name in function.__code__.co_names:
        value = function.__globals__.get(name)
        callee = getattr(value, "py_func", None)
        if callee is not None and callee not in seen:
            seen.add(callee)
            yield from _code(callee.__code__)
            yield from compiled_with(callee, seen)
        elif isinstance(value, (bool, int, float, complex, str, tuple)):
            yield f"{name}={value!r};".encode("utf-8")
        elif isinstance(value, np.ndarray):
            yield name.encode("utf-8") + str(value.dtype).encode("utf-8") + value.tobytes()


def _code(code: Any) -> Iterator[bytes]:
    yield code.co_name.encode("utf-8") + code.co_code + repr(code.co_names).encode("utf-8")
    for constant in code.co_consts:
        if inspect.iscode(constant):
            yield from _code(constant)
        else:
            yield repr(constant).encode("utf-8")


# ---------------------------------------------------------------- Numba's door

class _Locator(caching._SourceFileBackedLocatorMixin, caching._CacheLocator):
    """Numba's stamp of the source and line; the folder is ours."""

    def __init__(self, py_func: Callable, py_file: str) -> None:
        self._py_file, self._lineno = py_file, py_func.__code__.co_firstlineno
        self._cache_path = folder_of(os.path.dirname(os.path.abspath(py_file)))

    def get_cache_path(self) -> str:
        return self._cache_path

    def ensure_cache_path(self) -> None:
        """It is there, see :func:`folder_of`."""


class _Results(caching.CompileResultCacheImpl):
    """Numba's way to pack and unpack machine code, with our place; names of locators in the environment or in a file of the working
    folder are not looked at."""

    def __init__(self, py_func: Callable) -> None:
        source = inspect.getfile(py_func)
        self._lineno = py_func.__code__.co_firstlineno
        self._locator = _Locator(py_func, source)
        stem = os.path.splitext(os.path.basename(source))[0]
        self._filename_base = self.get_filename_base(f"{stem}.{py_func.__qualname__}", getattr(sys, "abiflags", ""))


class KernelCache(caching.FunctionCache):
    """The cache of one kernel, in place of Numba's own."""

    _impl_class = _Results

    def __init__(self, py_func: Callable) -> None:
        super().__init__(py_func)
        self._cache_file = _Files(self.cache_path, self._impl.filename_base, self._impl.locator.get_source_stamp(), py_func)

    @property
    def index(self) -> str:
        """Path of the file that lists the machine code of this kernel."""
        return self._cache_file.index

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Machine code that was kept.

        Parameters
        ----------
        sig
            Types of the arguments, as Numba names them.
        target_context
            Numba's description of this processor.

        Returns
        -------
        Any
            None when there is none that can be believed and used.
        """
        found = None
        try:
            # Numba makes itself ready to compile first, for an eighth of a second. What is kept is called by nothing but its run time.
            rtsys.initialize(target_context)
            with self._guard_against_spurious_io_errors():
                found = self._load_overload(sig, target_context)
        except Exception:                                    # whatever is wrong with what was kept: it is made anew
            pass
        if found is None:
            while _TO_TELL:
                log.warning(_TO_TELL.pop())
        return found

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep machine code; a run goes on where that cannot be done.

        Parameters
        ----------
        sig
            Types of the arguments, as Numba names them.
        data
            What Numba compiled.
        """
        try:
            super().save_overload(sig, data)
        except OSError as error:
            self.disable()
            log.info("Machine code cannot be kept in %s (%s).", self.cache_path, error.strerror or error)
