"""Files that appear complete or not at all, and texts whose characters every file can hold."""
from __future__ import annotations

import fcntl
import os
import tempfile
import time
from contextlib import contextmanager
from typing import IO, Iterator, Tuple

from .errors import InputError

PREFIX = ".cryoqa_"                              # of what is being written
_OLD = 86400.0                                   # s after which a half-written file is nobody's, where locks do not tell


@contextmanager
def replacing(path: str) -> Iterator[IO[bytes]]:
    """A binary stream to write ``path`` with: a temporary file beside it, which takes its name when all is written.

    When something goes wrong the old file stays as it was; :class:`InputError` when the disk or the folder is at fault.
    """
    temporary = ""
    try:
        handle, temporary = _temporary(os.path.dirname(os.path.abspath(path)))
        with os.fdopen(handle, "wb") as stream:
            yield stream
            stream.flush()
            umask = os.umask(0)
            os.umask(umask)
            os.chmod(temporary, 0o666 & ~umask)
            os.replace(temporary, path)
    except BaseException as error:
        if temporary and os.path.exists(temporary):
            os.remove(temporary)
        if isinstance(error, (OSError, ValueError)) and _is_of_files(error):
            raise InputError(f"'{path}' cannot be written ({getattr(error, 'strerror', None) or error}); check the folder, its permissions "
                             "and the space on the disk.") from None
        raise


def _is_of_files(error: Exception) -> bool:
    return isinstance(error, OSError) or "null byte" in str(error)


def _temporary(folder: str) -> Tuple[int, str]:
    """A new file and its name; its lock, which ends with the process, says that somebody writes it."""
    while True:
        handle, name = tempfile.mkstemp(prefix=PREFIX, dir=folder)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:                                      # a file system without locks
            return handle, name
        if os.path.exists(name):                             # else it was taken for what a killed run left
            return handle, name
        os.close(handle)


def is_unused(path: str) -> bool:
    """Whether no living process writes a half-written file; where locks do not tell, whether it is a day old."""
    try:
        handle = os.open(path, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    except BlockingIOError:
        return False
    except OSError:
        return time.time() - os.fstat(handle).st_mtime > _OLD
    finally:
        os.close(handle)


def legible(text: str) -> str:
    """A text with the names of files in it as they can be shown: a byte that is no text in UTF-8 as ``\\xff``."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def as_bytes(text: str) -> bytes:
    """A text, made :func:`legible`, in UTF-8."""
    return legible(text).encode("utf-8")
