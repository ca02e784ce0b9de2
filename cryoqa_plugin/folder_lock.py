"""One writer at a time in a folder of results, and the removal of what killed runs left there."""
from __future__ import annotations

import errno
import fcntl
import logging
import os
import shutil
import socket
import time
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Iterable, Iterator, List, Tuple

from .errors import InputError
from .files import PREFIX, is_unused

LOCK, MANIFEST = ".cryoqa.lock", ".cryoqa.json"
_HELD: ContextVar[Tuple[str, ...]] = ContextVar("cryoqa_held", default=())
_LONGEST_NAME = 100                              # characters that the path of a file in the folder may need
_PAUSE = 0.1                                     # s between two looks at a lock that somebody holds
log = logging.getLogger(__name__)


@contextmanager
def held(folder: str, wait: float = 0.0) -> Iterator[None]:
    """Within this nobody else writes into a folder, which is made when it is not there; what killed runs left in it is removed.

    A lock ends with the process that holds it, however that ends. Held again by who holds it already, nothing happens.

    Parameters
    ----------
    folder
        The folder.
    wait
        Seconds to wait for another process; 0 does not wait.

    Raises
    ------
    InputError
        The folder cannot be made or written to, or another process, which is named with its machine, writes there.
    """
    made: List[str] = []
    real = os.path.realpath(folder.replace("\0", "?"))
    if real in _HELD.get():
        yield
        return
    try:
        _make(folder, made)
        handle = _locked(folder, wait)
    except InputError:
        raise
    except (OSError, ValueError) as error:
        _remove_empty(made)
        raise InputError(not_writable(folder, error)) from None
    token = _HELD.set((*_HELD.get(), real))
    try:
        sweep(folder)
        yield
    finally:
        _HELD.reset(token)
        _unlock(folder, handle)
        _remove_empty(made)


def _remove_empty(folders: Iterable[str]) -> None:
    """Remove folders that were made for nothing, the innermost first."""
    for place in folders:
        try:
            os.rmdir(place)
        except OSError:                                      # not made at all, or not empty
            pass


def not_writable(folder: str, error: Exception) -> str:
    """A sentence on a folder that results cannot be written to."""
    there = os.path.abspath(folder)
    while os.path.dirname(there) != there and not os.path.lexists(there):
        there = os.path.dirname(there)
    reason = f"{there} is a file" if os.path.isfile(there) else getattr(error, "strerror", None) or str(error)
    return f"Results cannot be written to '{folder}': {reason}. Give another output folder."


def _make(folder: str, made: List[str]) -> None:
    """Make a folder; ``made`` gets those that were not there, the innermost first."""
    try:
        os.lstat(os.path.join(folder, "x" * _LONGEST_NAME))
    except OSError as error:
        if error.errno in (errno.ENAMETOOLONG, errno.ELOOP):
            raise
    there = os.path.abspath(folder)
    while not os.path.lexists(there) and os.path.dirname(there) != there:
        made.append(there)
        there = os.path.dirname(there)
    if not made:
        os.stat(folder)                                      # a link to nothing
    if os.path.isdir(os.path.join(folder, MANIFEST)):
        raise IsADirectoryError(errno.EISDIR, f"{MANIFEST} in it is a folder")
    os.makedirs(folder, exist_ok=True)


def _locked(folder: str, wait: float) -> int:
    """The open lock of a folder, taken."""
    path, until = os.path.join(folder, LOCK), time.monotonic() + wait
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):     # a file system without locks
                log.warning("%s: the file system has no locks; do not start two runs into it at once.", folder)
                return handle
            holder = os.read(handle, 400).decode("utf-8", "replace").strip()
            os.close(handle)
            if time.monotonic() >= until:
                raise InputError(f"{holder or 'Another process'} is writing into '{folder}'; wait until it has ended, or give another "
                                 "output folder.") from None
            time.sleep(_PAUSE)
            continue
        try:
            mine = os.path.samestat(os.fstat(handle), os.stat(path))
        except FileNotFoundError:
            mine = False
        if mine:
            os.ftruncate(handle, 0)
            words = f"Process {os.getpid()} on {socket.gethostname()} (since {time.strftime('%Y-%m-%d %H:%M:%S')})"
            os.pwrite(handle, words.encode("utf-8", "replace"), 0)
            return handle
        os.close(handle)                                     # who held it before has removed it meanwhile


def _unlock(folder: str, handle: int) -> None:
    try:
        if os.path.samestat(os.fstat(handle), os.stat(os.path.join(folder, LOCK))):
            os.unlink(os.path.join(folder, LOCK))
    except OSError:                                          # the folder is gone, or has become read-only
        pass
    os.close(handle)


def tidy(folder: str) -> None:
    """Remove what killed runs left in a folder where nobody writes, and the folder itself when it is empty then."""
    try:
        with held(folder):
            pass
        os.rmdir(folder)
    except (InputError, OSError):                            # in use, or not empty
        pass


def sweep(folder: str) -> None:
    """Remove what killed runs left: half-written files and folders that no living process holds. To be called by who holds the folder."""
    for entry in list(os.scandir(folder)):
        if not entry.name.startswith(PREFIX):
            continue
        try:
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path, ignore_errors=True)
            elif entry.is_symlink() or is_unused(entry.path):
                os.remove(entry.path)
        except OSError:
            log.debug("%s is left.", entry.path, exc_info=True)
