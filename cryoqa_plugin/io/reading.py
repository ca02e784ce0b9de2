"""The door that every reader of files stands behind: what is no plain file is never opened, and no library's error passes.

A file can be damaged in more ways than its reader can think of, and a library tells each by another error. All of them become one sentence
here, with the file and what to do; what was really raised goes to the log.
"""
from __future__ import annotations

import logging
import os
import re
import stat
import warnings
from contextlib import contextmanager
from functools import wraps
from typing import Any, Callable, Iterator, Optional, TypeVar, cast

from ..errors import CryoqaError, FormatError, InputError, MissingInputError
from .file_kinds import told

log = logging.getLogger(__name__)
_Reader = TypeVar("_Reader", bound=Callable[..., Any])
_LONGEST = 120                                   # letters of a library's own words
_LOOKED_AT = 1000                                # of these, since an error may quote a whole file
_OF_CODE = (AttributeError, TypeError, LookupError, AssertionError, StopIteration)       # their words speak of code and not of files
_CODE = re.compile(r"<[^>]* at 0x|<class |\bNoneType\b|\b[A-Z][a-z]\w*(Error|Exception)\b")        # and these words
_PLAINER = ((re.compile(r"could not convert string to float: (.*)"), r"\1 is no number"),    # what Python and numpy say of numbers
            (re.compile(r"invalid literal for int\(\) with base 10: (.*)"), r"\1 is no whole number"),
            (re.compile(r"Not a single character: (.*)"), r"'\1' stands where one letter belongs"),          # gemmi
            (re.compile(r".*(reshape|inhomogeneous|array element|unpack|broadcast).*"), "its rows are not equally long"))
_SPECIAL = ((stat.S_ISDIR, "is a folder; give the file in it"),
            (stat.S_ISFIFO, "is a pipe, which can be read once only; write what it holds to a file and give that"),
            (stat.S_ISSOCK, "is a socket and no file; give a file"),
            (stat.S_ISCHR, "is a device and no file; give a file"), (stat.S_ISBLK, "is a device and no file; give a file"))


def reader(what: str, remedy: str, *own: str, folder: bool = False) -> Callable[[_Reader], _Reader]:
    """A decorator of functions that read a file, whose first argument is its path.

    Parameters
    ----------
    what
        What is read, in a sentence: ``the {what} '...'``.
    remedy
        What to do when it cannot be read, the end of a sentence.
    *own
        Words of kinds of files that are meant, so that no sentence says that a file is that; see :func:`.file_kinds.told`.
    folder
        A folder is meant, or a file in it.

    Returns
    -------
    callable
        The function raises MissingInputError when there is no file, InputError for what is no plain file and for what the system does not
        let read, FormatError for all that goes wrong in it. Errors of cryoqa pass as they are.
    """
    def decorate(function: _Reader) -> _Reader:
        @wraps(function)
        def guarded(path: Any, *args: Any, **how: Any) -> Any:
            path = os.fspath(path)
            require_plain(path, what, folder)
            try:
                with _quiet(path):
                    return function(path, *args, **how)
            except CryoqaError:
                raise
            except MemoryError:
                raise FormatError(f"There is not enough memory to read the {what} '{path}'; its header may be damaged, else use a machine "
                                  "with more.") from None
            except OSError as error:
                if error.errno is not None:                  # without a number it is a library that speaks, not the system
                    raise InputError(f"The {what} '{path}' cannot be read ({error.strerror or error}); check the path and its "
                                     "permissions.") from None
                raise _unreadable(what, path, remedy, own, error) from None
            except Exception as error:
                raise _unreadable(what, path, remedy, own, error) from None
        return cast(_Reader, guarded)
    return decorate


@contextmanager
def _quiet(path: str) -> Iterator[None]:
    """Within this the warnings of libraries, which speak to programmers, go to the log: what a user should know is a note of the reader."""
    with warnings.catch_warnings(record=True) as told_by_libraries:
        warnings.simplefilter("always")
        yield
    for warning in told_by_libraries:
        log.debug("Reading %s: %s (%s:%d)", path, warning.message, warning.filename, warning.lineno)


def _unreadable(what: str, path: str, remedy: str, own: Any, error: Exception) -> FormatError:
    log.debug("Reading %s:", path, exc_info=error)
    return FormatError(f"The {what} '{path}' cannot be read ({reason(error)}); {remedy}." + told(path, *own))


def reason(error: BaseException) -> str:
    """What an error says of a file, in a few words on one line.

    Parameters
    ----------
    error
        Of a library, or of the code that read.

    Returns
    -------
    str
        Its first line; a few words of ours where it speaks of code.
    """
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    if isinstance(error, UnicodeError):
        return "it is no text in UTF-8"
    if isinstance(error, OverflowError):
        return "it holds a number that is too large"
    text = " ".join((str(error)[:_LOOKED_AT].splitlines() or [""])[0].split())
    text = "".join(c if c.isprintable() else "?" for c in text).rstrip(".")
    for pattern, words in _PLAINER:
        text = pattern.sub(words, text)
    if not text or isinstance(error, _OF_CODE) or _CODE.search(text):
        return "it is damaged, or of another kind"
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "..."


def why_not_plain(path: str, folder: bool = False) -> Optional[str]:
    """The end of a sentence on a path that is no plain file; it is not opened, since a pipe never ends and a device may act.

    Parameters
    ----------
    path
        The path; links are followed.
    folder
        A folder will do too.

    Returns
    -------
    str or None
        ``does not exist; check the path`` and the like; None for a plain file.
    """
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError:
        return "is a link to a file that does not exist; check the path" if os.path.islink(path) else "does not exist; check the path"
    except (OSError, ValueError) as error:                   # a loop of links, a name too long, a folder that may not be entered
        return f"cannot be read ({getattr(error, 'strerror', None) or error}); check the path and its permissions"
    for is_that, words in _SPECIAL:
        if is_that(mode) and not (folder and is_that is stat.S_ISDIR):
            return words
    return None


def require_plain(path: str, what: str, folder: bool = False) -> None:
    """Raise an error with one sentence unless a path leads to a plain file.

    Parameters
    ----------
    path, folder
        As of :func:`why_not_plain`.
    what
        What it was given as, in a sentence.

    Raises
    ------
    MissingInputError
        There is nothing.
    InputError
        It is a folder, a pipe, a device, a socket, or leads back to itself.
    """
    wrong = why_not_plain(path, folder)
    if wrong is not None:
        kind = MissingInputError if "not exist" in wrong else InputError
        raise kind(f"The {what} '{path}' {wrong}.")
