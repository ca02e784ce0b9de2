"""Files that appear complete or not at all."""
from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from typing import IO, Iterator

from .errors import InputError


@contextmanager
def replacing(path: str) -> Iterator[IO[bytes]]:
    """A binary stream to write ``path`` with: a temporary file beside it, which takes its name when all is written.

    When something goes wrong the old file stays as it was; :class:`InputError` when the disk or the folder is at fault.
    """
    temporary = ""
    try:
        handle, temporary = tempfile.mkstemp(prefix=".cryoqa_", dir=os.path.dirname(os.path.abspath(path)))
        with os.fdopen(handle, "wb") as stream:
            yield stream
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(temporary, 0o666 & ~umask)
        os.replace(temporary, path)
    except BaseException as error:
        if temporary and os.path.exists(temporary):
            os.remove(temporary)
        if isinstance(error, OSError):
            raise InputError(f"'{path}' cannot be written ({error.strerror or error}); check the folder, its permissions and "
                             "the space on the disk.") from None
        raise
